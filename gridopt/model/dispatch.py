r"""Puts the components together: one problem for a window of the horizon.

.. math::
   \min \sum_t \big(\text{resource cost}_t + \text{penalty}_t\big) - \text{worth of what is left at the end}
   \qquad \text{subject to} \qquad \sum_{b \in \text{island}} q_{b,t} = L_t

with the nodal net injection :math:`q`, the sum of all components' injections, and the losses :math:`L`: none, or
linear in the injections (``gridopt.model.losses``).  It knows nothing of any single component.  Network limits are not
stated here: they enter lazily (see ``gridopt.solver.lazy``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cvxpy as cp
import numpy as np

from gridopt.model.algebra import add_up
from gridopt.model.budget import BudgetRows
from gridopt.model.component import Array, Component, State, Window
from gridopt.model.system import System
from gridopt.model.worth import ReducedCosts


class DispatchModel:
    """A window of a system, stated once and bound to any window of the same length.

    Parameters
    ----------
    system
        The whole system.
    steps
        Length of the window.
    core
        Steps that are kept; by default all.

    Attributes
    ----------
    problem : cvxpy.Problem
        Without network limits and lazy constraints.
    injection : cvxpy.Expression
        Nodal net injection, (node, step) [MW].
    lazy : list of cvxpy.Constraint
        Inequalities that enter where they are found broken.
    chosen_last : list of cvxpy.Variable
        Variables that cost nothing and only serve such inequalities.
    owner_of_row : dict
        Name of the component that states a constraint, by the constraint's id.
    owner_of_variable : dict
        Number of the component in whose own rows a variable stands, by the variable's id.
    """

    def __init__(self, system: System, steps: int, core: int | None = None) -> None:
        self.system = system
        self.steps = steps
        self.components: list[Component[Any]] = [kind(data, steps, system.step_h) for kind, data in system.parts]
        # there always is demand, and with it an injection and a price
        self.injection: cp.Expression = add_up(part.injection() for part in self.components)
        weights = system.balance_weights()
        # losses of each area without any injection [MW]
        self.losses_at_rest = None if system.losses is None else cp.Parameter((weights.shape[0], steps))
        self.balance = weights @ self.injection == (0 if self.losses_at_rest is None else self.losses_at_rest)
        by_name = {part.name: part for part in self.components}
        self.owner_of_variable: dict[int, int] = {}
        rows: dict[str, list[cp.Constraint]] = {}
        for number, part in enumerate(self.components):
            own = part.constraints()
            self.owner_of_variable |= {each.id: number for row in own for each in row.variables()}
            rows[part.name] = own + part.join(by_name, self.injection)
        lazy = {part.name: part.lazy_constraints() for part in self.components}
        self.lazy = [row for group in lazy.values() for row in group]
        self.chosen_last = [variable for part in self.components for variable in part.chosen_last()]
        stated = [*rows.items(), *lazy.items()]
        self.owner_of_row = {row.id: name for name, group in stated for row in group}
        self.budget = self._budgets(core or steps)
        if self.budget is not None:
            rows["budget"] = self.budget.constraints()
        self.problem = cp.Problem(
            cp.Minimize(self._objective()), [self.balance, *(row for group in rows.values() for row in group)]
        )

    def _budgets(self, core: int) -> BudgetRows | None:
        use = [each for part in self.components for each in part.budget_use()]
        limits = tuple(limit for _, limit in self.system.budgets)
        return BudgetRows(limits, use, self.steps, core, self.system.step_h) if limits else None

    def _objective(self) -> cp.Expression:
        costs = [part.cost() for part in self.components] + [part.penalty() for part in self.components]
        objective = add_up(cp.sum(cost) for cost in costs if cost is not None)
        worth = add_up(part.end_value() for part in self.components)
        if worth is not None:
            objective = objective - worth
        for variable in self.chosen_last:  # no stated row may name them: so they have columns all the same
            objective = objective + 0.0 * cp.sum(variable)
        return objective if self.budget is None else objective + self.budget.steering()

    def bind(self, window: Window) -> None:
        """Put a window's values into all parameters."""
        if self.losses_at_rest is not None and self.system.losses is not None:
            self.losses_at_rest.value = self.system.losses.offset_mw[:, window.span]
        for part in self.components:
            part.bind(window)
        if self.budget is not None:
            self.budget.bind(window.start, window.state["budget"]["used"])

    def state(self, step: int) -> dict[str, State]:
        """State of all components after a step of the window (counted from 1)."""
        handed = {part.name: part.state(step) for part in self.components}
        return handed if self.budget is None else handed | {"budget": {"used": self.budget.used(step)}}

    def results(self) -> dict[str, dict[str, Array]]:
        """Outputs of all components in the whole window, of the rows of the net."""
        return {part.name: _by_row(part) for part in self.components}

    def power_of(self, rows: Sequence[tuple[str, int]]) -> cp.Expression:
        """Power into the grid of some rows (table, index) of the net, (row, step) [MW]."""
        place = {row: (part, i) for part in self.components for i, row in enumerate(part.data.rows)}
        found = (place[row] for row in rows)
        return cp.vstack([part.data.by_row(part.power())[[row]] for part, row in found])

    def costs(self) -> dict[str, tuple[Array, Array]]:
        """Resource cost and penalty of each component in each step [CNY]."""
        return {
            part.name: (_value(part.cost(), self.steps), _value(part.penalty(), self.steps)) for part in self.components
        }

    def worth(self, reduced_costs: ReducedCosts) -> dict[str, dict[str, Array]]:
        """What one unit more of the capacities of each row of the net saves, (row, step) [CNY per unit]."""
        prices = np.zeros((0, self.steps)) if self.budget is None else self.budget.price_of_use()
        last = np.cumsum([len(part.data.budgets) for part in self.components])
        return {
            part.name: {
                name: part.data.by_row(saved, of_each=True)
                for name, saved in part.worth(reduced_costs, prices[stop - len(part.data.budgets) : stop]).items()
            }
            for part, stop in zip(self.components, last, strict=True)
        }

    def worth_at_end_cny(self) -> float:
        """Worth of what is left at the end of the window solved last [CNY]."""
        worth = (part.end_value() for part in self.components)
        return float(sum(np.sum(each.value) for each in worth if each is not None))

    def balance_price_cny_per_mwh(self) -> Array:
        """Price of one more MWh of demand at the reference or sink of each balance area, (area, step)."""
        dual = np.asarray(self.balance.dual_value, dtype=float)
        price: Array = -dual.reshape((-1, self.steps), order="F") / self.system.step_h
        return price


def _by_row(part: Component[Any]) -> dict[str, Array]:
    of_each = {output.name: output.of_each for output in part.outputs}
    return {name: part.data.by_row(found, of_each=of_each[name]) for name, found in part.results().items()}


def _value(expression: cp.Expression | None, steps: int) -> Array:
    if expression is None:
        return np.zeros(steps)
    return np.asarray(expression.value, dtype=float).reshape(steps)
