"""Budgets of the year, recomputed from the dispatch: what was used, what was allowed, and what the breach costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from gridopt.results.audit.finding import Array, Check, Finding, equal
from gridopt.results.audit.view import MissingValuesError, View

LIMIT = Check("budget limit", "limits of the horizon are those that the case gives", "of the budget")
USED = Check("budget use", "what a budget counts is what the dispatch used", "of the budget")
BREACH = Check("budget breach", "what is used beyond a limit is reported as a breach", "of the budget")

CHECKS = (LIMIT, USED, BREACH)

# A year, and what the model itself holds for rounding in a breach.
HOURS_OF_YEAR = 8760.0
_ROUNDING = 1e-7


@dataclass(frozen=True)
class Budget:
    """A budget of the horizon: component, unit, sense, limit, what the dispatch used, price, what it is about.

    Where a schedule that was decided beforehand takes part of the limit, ``at_most`` is true: the limit that the
    result states may then be anything up to ours.
    """

    component: str
    unit: str
    sense: str
    limit: float
    used: float
    price_cny: float
    name: str
    at_most: bool = False

    @property
    def breach(self) -> float:
        """By how much it is broken."""
        over = self.used - self.limit if self.sense == "most" else self.limit - self.used
        return over if over > _ROUNDING * max(1.0, abs(self.limit)) else 0.0


def share_of_year(view: View) -> float:
    """Part of a year that the horizon covers; amounts of a year scale with it."""
    return min(view.steps * view.step_h / HOURS_OF_YEAR, 1.0)


def audit(view: View, budgets: Iterable[Budget]) -> Iterator[Finding]:
    """Compare every budget of the case with the one of the same name in the result."""
    ours = list(budgets)
    written = _names(view)
    if not ours and not written:
        return
    names = [f"{budget.component}: {budget.name}" for budget in ours]
    if sorted(names) != sorted(written):
        missing = sorted(set(names) - set(written)) or sorted(set(written) - set(names))
        raise MissingValuesError("budget", missing[0])
    place = [written.index(name) for name in names]
    size = np.array([max(abs(b.limit), abs(b.used)) for b in ours])[:, None]
    for check, variable, values in (
        (LIMIT, "budget_limit", [b.limit for b in ours]),
        (USED, "budget_used", [b.used for b in ours]),
        (BREACH, "budget_breach", [b.breach for b in ours]),
    ):
        found = view.array(variable, ("budget",))[place][:, None]
        free = np.array([b.at_most and check is LIMIT and found[i, 0] <= b.limit for i, b in enumerate(ours)])[:, None]
        expected = np.where(free, found, np.array(values)[:, None])
        yield equal(check, found, expected, names, [""], size=size)


def _names(view: View) -> list[str]:
    if "budget" not in view.data.coords:
        return []
    components = view.data["budget_component"].to_numpy().astype(str)
    # equal names of one component are numbered in the results
    return [
        f"{component}: {name}"
        for component, name in zip(components, view.data["budget"].to_numpy().astype(str), strict=True)
    ]


def penalty(view: View, budgets: Iterable[Budget]) -> dict[str, tuple[Array, Array]]:
    """Price of all breaches, at the end of the horizon, (time,) [CNY]."""
    ours = list(budgets)
    if not ours:
        return {}
    due = np.zeros(view.steps)
    due[-1] = sum(budget.price_cny * budget.breach for budget in ours)
    return {"budget": (np.zeros(view.steps), due)}
