r"""Full cycles per calendar day, also across windows (formulation, section 2).

.. math:: \sum_{t \in day} d_t\,\Delta \le k\,E^{max}

Where all windows begin at the same hour of the day, each calendar day is one row, and the first day's limit is less
what was discharged of it before.  Otherwise midnight lies elsewhere in every window; as coefficients stay constant,
a column :math:`u` counts what the running day has used and a right-hand side sets it free at midnight:

.. math:: u_t \ge d_t\Delta, \qquad u_t \ge u_{t-1} + d_t\Delta - [\text{midnight}]\,k E^{max}, \qquad u_t \le k E^{max}
"""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.model.algebra import every_step
from gridopt.model.component import Array, previous
from gridopt.model.worth import ReducedCosts, of_upper, price

_DAY_H = 24.0
# An hour so near to midnight is midnight.
_HOUR = 1e-6


class DayLimits:
    """Limits of what stores discharge in a calendar day.

    Parameters
    ----------
    most_mwh
        (store,) limit of a day.
    steps, step_h
        Window length in steps and the length of a step [h].
    start_h
        Hour of the day at which the horizon begins.
    whole_days
        Whether all windows begin at that hour.
    """

    def __init__(self, most_mwh: Array, steps: int, step_h: float, start_h: float, *, whole_days: bool) -> None:
        self.most_mwh, self.steps, self.step_h = most_mwh, steps, step_h
        self.start_h, self.whole_days = _hour_of_day(start_h), whole_days
        shape = (most_mwh.size, steps)
        self.used_before = cp.Parameter(most_mwh.size, nonneg=True)
        if whole_days:
            self.room = cp.Parameter((most_mwh.size, int(self._days(self.start_h)[-1]) + 1), nonneg=True)
        else:
            limit = every_step(most_mwh, steps)
            self.used = cp.Variable(shape, bounds=[np.zeros(shape), limit])
            self.freed = cp.Parameter(shape, nonneg=True)

    def bind(self, start: int, used_mwh: Array) -> None:
        """Put in what the running day has used [MWh] before the window that begins at step ``start``."""
        self._start_h = _hour_of_day(self.start_h + start * self.step_h)
        begun = self._start_h > _HOUR
        self._used = np.minimum(used_mwh, self.most_mwh) * begun  # at midnight nothing is used yet
        self.used_before.value = self._used
        days = self._days(self._start_h)
        if self.whole_days:
            if abs(self._start_h - self.start_h) > _HOUR:
                raise ValueError(f"windows begin at {self.start_h:g} h, not at {self._start_h:g} h of the day")
            room = np.repeat(self.most_mwh[:, None], days[-1] + 1, axis=1)
            room[:, 0] -= self._used
            self.room.value = room
        else:
            begins = np.diff(days, prepend=0 if self._start_h > _HOUR else -1) > 0
            self.freed.value = self.most_mwh[:, None] * begins

    def constraints(self, discharge: cp.Expression) -> list[cp.Constraint]:
        """Rows for the discharge (store, step) [MW]."""
        if self.whole_days:
            day = self._days(self.start_h)
            days = sp.csr_array((np.full(self.steps, self.step_h), (np.arange(self.steps), day)))
            self._limited = discharge @ days <= self.room
            return [self._limited]
        used_now = self.step_h * discharge
        self._limited = self.used >= previous(self.used_before, self.used) + used_now - self.freed
        return [self.used >= used_now, self._limited]

    def worth(self, reduced_costs: ReducedCosts) -> Array:
        """What one MWh more of the limit saves, (store, step) [CNY/MWh]; of whole days in their last step."""
        if not self.whole_days:
            begins = self.freed.value > 0
            return of_upper(reduced_costs(self.used)) + begins * price(self._limited)
        day = self._days(self.start_h)
        saved = np.zeros((self.most_mwh.size, self.steps))
        saved[:, np.flatnonzero(np.diff(day, append=day[-1] + 1))] = price(self._limited)
        return saved

    def used_mwh(self, discharge_mw: Array, step: int) -> Array:
        """What the day that runs after ``step`` steps of the window has used [MWh]."""
        now = self._days(self._start_h, self.steps + 1)
        today = (now[:step] == now[step]).astype(float)
        used: Array = np.maximum(discharge_mw[:, :step], 0.0) @ today * self.step_h
        return used + self._used if now[step] == 0 else used

    def _days(self, start_h: float, steps: int | None = None) -> NDArray[np.int64]:
        """Day of each step, counted from the day in which the window begins."""
        hours = start_h + np.arange(self.steps if steps is None else steps) * self.step_h
        return np.floor((hours + _HOUR) / _DAY_H).astype(np.int64)


def _hour_of_day(hours: float) -> float:
    """Hour of the day, 0 at midnight also after rounding."""
    hour = hours % _DAY_H
    return 0.0 if _DAY_H - hour < _HOUR else hour
