r"""Amounts that may be used, or have to be reached, over the whole horizon, kept window by window.

A budget has a cumulative limit :math:`G_t`: what may have been used (``most``) or has to be reached (``least``)
up to the end of step :math:`t`.  With what was used before the window, :math:`g`, every window states, at the
end :math:`T` of its core and of its look-ahead,

.. math:: g + \sum_{t \le T} u_t \le G_T + s \qquad\text{or}\qquad g + \sum_{t \le T} u_t \ge G_T - s

with a breach :math:`s \ge 0` at a price, so that a window always has a solution.  Only the breach at the end of
the horizon is a cost; before it, the limit merely steers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from gridopt.case import Case

Array = NDArray[np.float64]

HOURS_OF_YEAR = 8760.0
# A budget that has to be reached may lag so far behind its even pace [h] ...
LAG_H = 720.0
# ... and catches up over this last part of the horizon.
_CLOSING = 0.25
# A lag must be caught up with this part of what could be used beyond the pace in the rest of the horizon; where that is
# not known, with this part of what is still due by the pace.
_OF_SPARE, _OF_DUE = 0.5, 0.25
_LARGEST_BREACH = 1e9
# A use that is ahead of its pace by this part of a year's is worth nothing elsewhere, or twice as much; in a shorter
# horizon the same days are a larger part.
_STEERED = 0.02
# A breach below this part of the limit is rounding.
_ROUNDING = 1e-7


@dataclass(frozen=True)
class BudgetLimit:
    """One budget.

    Parameters
    ----------
    name
        What is limited, as a planner would say it.
    unit
        Unit of the amount.
    sense
        ``most``: it may not be exceeded; ``least``: it has to be reached.
    limit
        (time,) cumulative limit up to the end of each step; its last value is that of the whole horizon.
    price_cny
        Price of a unit of breach [CNY].
    multiplier_cny
        What a unit of use (of what has to be reached: a unit less) is worth elsewhere in the horizon [CNY]; steers a
        window, and is no cost.
    planned
        (time,) cumulative use that a plan of the whole horizon foresees; empty where there is none.
    largest
        (time,) largest use of each step that can last; empty where it is not known.
    """

    name: str
    unit: str
    sense: Literal["most", "least"]
    limit: Array
    price_cny: float
    multiplier_cny: float = 0.0
    planned: Array = field(default_factory=lambda: np.zeros(0))
    largest: Array = field(default_factory=lambda: np.zeros(0))

    @property
    def pace(self) -> Array:
        """Cumulative use that is neither ahead nor behind, (time,)."""
        return self.planned if self.planned.size else self.limit

    def closed_at(self, begins: Sequence[int], step_h: float) -> BudgetLimit:
        """The same budget for parts of the horizon that know nothing of each other's use.

        Each part has its own share: what the pace foresees in it and, of what the pace leaves over, a share by its
        length.

        Parameters
        ----------
        begins
            First steps of the parts but the first.
        step_h
            Length of a step [h].

        Examples
        --------
        >>> plan = np.array([1.0, 1.0, 4.0, 4.0])
        >>> BudgetLimit("energy", "MWh", "most", np.full(4, 8.0), 1.0, planned=plan).closed_at([2], 1.0).limit
        array([3., 3., 8., 8.])
        """
        total, pace = float(self.limit[-1]), self.pace
        if self.sense == "least" or pace[-1] > total:  # what the pace does beyond what is due is its own affair
            pace = pace * (total / pace[-1] if pace[-1] else 0.0)
        limit, steps = np.empty(pace.size), pace.size
        for begin, end in pairwise([0, *begins, steps]):
            before, due = (pace[begin - 1] if begin else 0.0), (total if end == steps else pace[end - 1])
            if self.sense == "least":
                use = np.diff(pace[begin:end], prepend=before)
                limit[begin:end] = before + corridor_least(due - before, use, step_h)
            else:
                limit[begin:end] = pace[begin:end] + (total - pace[-1]) * end / steps
        return replace(self, limit=limit)

    @property
    def sign(self) -> float:
        """+1 where less is better, −1 where more is."""
        return 1.0 if self.sense == "most" else -1.0

    def breach(self, used: float) -> float:
        """By how much an amount used over the whole horizon breaks the budget.

        Examples
        --------
        >>> BudgetLimit("energy", "MWh", "most", np.array([5.0, 10.0]), 1.0).breach(12.0)
        2.0
        """
        over = self.sign * (used - float(self.limit[-1]))
        return over if over > _ROUNDING * max(1.0, abs(float(self.limit[-1]))) else 0.0


def share_of_year(case: Case) -> float:
    """Part of a year that the horizon covers, at most 1: annual amounts scale with it."""
    return min(len(case.time) * case.settings.step_h / HOURS_OF_YEAR, 1.0)


def evenly(total: float, steps: int) -> Array:
    """Cumulative limit that grows evenly.

    Examples
    --------
    >>> evenly(6.0, 3)
    array([2., 4., 6.])
    """
    return by_weight(total, np.ones(steps))


def by_weight(total: float, weights: Array) -> Array:
    """Cumulative limit that grows with weights (time,); evenly where they are all zero.

    Examples
    --------
    >>> by_weight(6.0, np.array([0.0, 1.0, 2.0]))
    array([0., 2., 6.])
    """
    weights = np.maximum(weights, 0.0)
    if not weights.sum():
        weights = np.ones_like(weights)
    paced: Array = total * np.cumsum(weights) / weights.sum()
    return paced


def corridor_least(
    total: float, weights: Array, step_h: float, lag_h: float = LAG_H, largest: Array | None = None
) -> Array:
    """Cumulative lower limit that may lag behind its pace by some days, and closes over the last quarter.

    It never lags by more than can be caught up: in a horizon of weeks some days are too many.

    Parameters
    ----------
    total
        What has to be reached over the horizon.
    weights
        (time,) pace.
    step_h, lag_h
        Length of a step, and the usual lag [h].
    largest
        (time,) largest use of each step that can last, where it is known.

    Examples
    --------
    >>> corridor_least(8.0, np.ones(4), 1000.0).round(2)
    array([0.56, 3.  , 5.5 , 8.  ])

    Where no step can use more than the pace, nothing may lag.

    >>> corridor_least(8.0, np.ones(4), 1000.0, largest=np.full(4, 2.0))
    array([2., 4., 6., 8.])
    """
    pace = by_weight(total, weights)
    steps = len(pace)
    lag_share = min(lag_h / (steps * step_h), 1.0)
    left = (steps - 1 - np.arange(steps)) / steps
    lag = total * lag_share * np.minimum(left / _CLOSING, 1.0)
    due = total - pace
    if largest is None or not largest.size:
        within = _OF_DUE * np.abs(due)
    else:
        within = _OF_SPARE * np.maximum(largest.sum() - np.cumsum(largest) - due, 0.0)
    corridor: Array = np.maximum.accumulate(np.maximum(pace - np.minimum(lag, within), min(total, 0.0)))
    return corridor


def corridor_most(total: float, use: Array) -> Array:
    """Cumulative upper limit around a planned use (time,): what the plan leaves over is free to take at any time.

    Examples
    --------
    >>> corridor_most(10.0, np.array([4.0, 0.0, 2.0]))
    array([ 8.,  8., 10.])
    """
    planned = np.cumsum(np.maximum(use, 0.0))
    if planned[-1] > total:
        planned *= max(total, 0.0) / planned[-1]
    room: Array = planned + (total - planned[-1])
    return room


class BudgetRows:
    """Rows of all budgets in a window of ``steps`` steps of ``step_h`` hours, of which ``core`` are kept."""

    def __init__(
        self, limits: tuple[BudgetLimit, ...], use: list[cp.Expression], steps: int, core: int, step_h: float
    ) -> None:
        self.limits = limits
        self.use = cp.vstack([cp.reshape(each, (1, steps), order="F") for each in use])
        self._sign = np.array([limit.sign for limit in limits])
        self._price = np.array([limit.price_cny for limit in limits])
        self._limit = np.stack([limit.limit for limit in limits])
        share = _STEERED * HOURS_OF_YEAR / (self._limit.shape[1] * step_h)
        self._steered = np.maximum(share * np.abs(self._limit[:, -1]), 1e-9)
        self._ends = sorted({core, steps})
        shape = (len(limits), len(self._ends))
        self.breach = cp.Variable(shape, bounds=[0.0, _LARGEST_BREACH])
        self.allowed = cp.Parameter(shape)
        self._multiplier = np.array([limit.multiplier_cny for limit in limits])
        # what a window uses, where that is worth something elsewhere in the horizon
        self.priced = np.flatnonzero(self._multiplier)
        most = _LARGEST_BREACH * np.ones(self.priced.size)
        self.used_here = cp.Variable(self.priced.size, bounds=[-most, most])
        self.worth_elsewhere = cp.Parameter(self.priced.size)

    def bind(self, start: int, used: Array) -> None:
        """Put in what is still allowed, or still due, after ``used`` (budget,) before step ``start``.

        What a use is worth elsewhere rises when a budget that may be used up is ahead of its pace, and falls when
        one that has to be reached is: a multiplier that is a little off corrects itself.  The last steps of the
        horizon have no elsewhere.
        """
        self._used = used
        pace = np.array([limit.pace[start - 1] if start else 0.0 for limit in self.limits])
        ahead = (used - pace) / self._steered
        ends = start + self.use.shape[1] == self._limit.shape[1]
        factor = 0.0 if ends else np.clip(1.0 + self._sign * ahead, 0.0, 2.0)
        self.worth_elsewhere.value = (self._sign * self._multiplier * factor)[self.priced]
        at = start + np.array(self._ends) - 1
        self.allowed.value = self._sign[:, None] * (self._limit[:, at] - used[:, None])

    def constraints(self) -> list[cp.Constraint]:
        """One row for each budget and end."""
        self._kept = cp.multiply(self._sign[:, None], self.use @ self._until()) - self.breach <= self.allowed
        if not self.priced.size:
            return [self._kept]
        return [self._kept, self.used_here == cp.sum(self.use[self.priced], axis=1)]

    def _until(self) -> Array:
        """Whether a step counts at an end, (step, end) of 0 and 1."""
        return (np.arange(self.use.shape[1])[:, None] < np.array(self._ends)[None, :]).astype(float)

    def price_of_use(self) -> Array:
        """Cost of one unit more use of each budget in each step of the window solved last, (budget, step) [CNY]."""
        return self._sign[:, None] * (np.asarray(self._kept.dual_value, dtype=float) @ self._until().T)

    def multipliers(self) -> Array:
        """What a unit less allowed (more due) of each budget would cost in the window solved last, (budget,) [CNY]."""
        dual = np.asarray(self._kept.dual_value, dtype=float).reshape(len(self.limits), -1)
        more: Array = dual.sum(axis=1)
        return more + np.array([limit.multiplier_cny for limit in self.limits])

    def steering(self) -> cp.Expression:
        """Price of falling out of pace, and what the use is worth elsewhere in the horizon [CNY]."""
        if not self.priced.size:
            return self.breach_cny()
        return self.breach_cny() + self.worth_elsewhere @ self.used_here

    def breach_cny(self) -> cp.Expression:
        """Price of falling out of pace [CNY]."""
        return cp.sum(self._price @ self.breach)

    def used(self, step: int) -> Array:
        """Used up to a step of the window (counted from 1), with what was used before, (budget,)."""
        used: Array = self._used + self.use_by_step()[:, :step].sum(axis=1)
        return used

    def use_by_step(self) -> Array:
        """Use of each step, (budget, step)."""
        return np.asarray(self.use.value, dtype=float)
