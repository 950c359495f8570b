r"""Generators without commitment: everything a plain optimal power flow dispatches.

.. math:: P^{min}_{i,t} \le p_{i,t} \le P^{max}_{i,t}, \qquad
   \text{cost } c_0 + c_1 p + c_2 p^2 \;\text{or convex and piecewise linear in } p

Generators, external grids, DC lines and whatever pandapower calls controllable, with pandapower's costs read
as CNY; and thermal clusters when unit commitment is off (then only their must-run part has a minimum).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

from gridopt.model.algebra import every_step
from gridopt.model.component import Array, Component, ComponentData, Output, Window
from gridopt.model.worth import ReducedCosts, of_lower

if TYPE_CHECKING:
    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork


@dataclass(frozen=True)
class GeneratorData(ComponentData):
    """Limits (element, time) [MW], cost coefficients (element,), and lines under which no cost may lie.

    ``piece_of`` names the element of each piece of the piecewise-linear costs: cost ≥ slope·p + intercept.
    ``available_units`` (element, time) are those of clusters without commitment; NaN for what has no units.
    """

    min_mw: Array
    max_mw: Array
    cp0_cny_per_h: Array
    cp1_cny_per_mwh: Array
    cp2_cny_per_mw2h: Array
    piece_of: NDArray[np.int64]
    piece_slope: Array
    piece_intercept: Array
    co2_t_per_mwh: Array
    available_units: Array


class Generator(Component[GeneratorData]):
    """Output of every generator without commitment."""

    name = "generator"
    outputs = (
        Output("generator_p_mw", "generator", "MW", "output of thermal and other generators"),
        Output("generator_available_units", "generator", "1", "units not out of service"),
    )

    worths = (
        Output("generator_minimum_worth_cny_per_mw", "generator", "CNY/MW", "saving of one MW less minimum output"),
    )

    def __init__(self, data: GeneratorData, steps: int, step_h: float) -> None:
        super().__init__(data, steps, step_h)
        self.lowest, self.highest = self.parameter(), self.parameter()
        self.output = self.variable(self.lowest, self.highest).set_label("output [MW]")
        self.priced = np.unique(data.piece_of)
        if self.priced.size:
            self.piecewise = cp.Variable((self.priced.size, steps))

    @classmethod
    def read(cls, case: Case, network: DCNetwork) -> GeneratorData | None:
        """Arrays of all dispatched rows that no other component claims."""
        from gridopt.model.generator_data import read_generators

        return read_generators(case, network)

    def bind(self, window: Window) -> None:
        """Limits of the window."""
        self._span = window.span
        self.lowest.value = self.data.min_mw[:, window.span]
        self.highest.value = self.data.max_mw[:, window.span]

    def constraints(self) -> list[cp.Constraint]:
        """Piecewise costs lie above each of their lines."""
        if not self.priced.size:
            return []
        d = self.data
        row = np.searchsorted(self.priced, d.piece_of)
        intercept = every_step(d.piece_intercept, self.steps)
        line = cp.multiply(d.piece_slope[:, None], self.output[d.piece_of]) + intercept
        return [self.piecewise[row] >= line]

    def power(self) -> cp.Expression:
        """Output."""
        return self.output

    def co2_t(self) -> cp.Expression | None:
        """CO2 of the output."""
        rate = self.data.co2_t_per_mwh * self.step_h
        return rate @ self.output if rate.any() else None

    def cost(self) -> cp.Expression:
        """Fuel cost."""
        d, h = self.data, self.step_h
        cost = (d.cp1_cny_per_mwh * h) @ self.output + np.full(self.steps, d.cp0_cny_per_h.sum() * h)
        curved = np.flatnonzero(d.cp2_cny_per_mw2h)
        if curved.size:
            square = cp.square(self.output[curved])
            cost = cost + cp.sum(cp.multiply((d.cp2_cny_per_mw2h[curved] * h)[:, None], square), axis=0)
        if self.priced.size:
            cost = cost + h * cp.sum(self.piecewise, axis=0)
        return cost

    def worth(self, reduced_costs: ReducedCosts, budget_price: Array) -> dict[str, Array]:
        """Lower limit of the output, where it is above zero."""
        saved = of_lower(reduced_costs(self.output)) * (self.lowest.value > 0)
        return {"generator_minimum_worth_cny_per_mw": saved}

    def linear_outputs(self) -> dict[str, cp.Expression]:
        """Output."""
        return {"generator_p_mw": self.output}

    def results(self) -> dict[str, Array]:
        """Output, and the units that are available."""
        available = self.data.available_units[:, self._span]
        return {"generator_p_mw": self.output.value, "generator_available_units": available}
