"""The hours a study solves: a week of each season that looks most like it, and the week of the annual peak.

**Weeks.** A week runs from Monday to Sunday.  Of a season the week is taken whose duration curve of net load (load
and contract export less available wind, sun and run-of-river) is nearest to that of all hours of the season, by the
mean distance of their quantiles.  It stands for all hours of its season.  The week that holds the annual peak load
stands for itself alone: demand response and firm capacity are about that week.  All weights together are a year.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from gridopt.case import Case

#: Months of each season.
SEASONS = {"winter": (12, 1, 2), "spring": (3, 4, 5), "summer": (6, 7, 8), "autumn": (9, 10, 11)}
PEAK_WEEK = "peak week"
_WEEK_H = 168.0
_YEAR_H = 8736.0
_QUANTILES = np.linspace(0.005, 0.995, 100)
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Period:
    """A run of hours and how many like it there are.

    Attributes
    ----------
    name : str
        Its label in the cube.
    start : str
        Begin, as in a case file; '': the horizon of the case.
    hours : float
        Length [h].
    weight : float
        How many runs like it it stands for.
    """

    name: str
    start: str
    hours: float
    weight: float = 1.0

    @property
    def changes(self) -> dict[str, Any]:
        """What it changes in a case."""
        return {"start": self.start, "hours": self.hours} if self.start else {}


def is_year(case: Case) -> bool:
    """Whether a case covers a year."""
    return len(case.time) * case.settings.step_h >= _YEAR_H


def periods(case: Case, *, full_year: bool) -> tuple[Period, ...]:
    """Weeks that stand for the year of a case; all of its hours where it has no year, or the whole is asked for."""
    hours = len(case.time) * case.settings.step_h
    if full_year or not is_year(case):
        return (Period("all hours", "", hours),)
    from gridopt.hours import total_load_mw
    from gridopt.model.response_data import net_load_mw

    load = np.asarray(total_load_mw(case.net, case.profiles))
    return weeks(case.time, case.settings.step_h, load, net_load_mw(case))


def weeks(time: pd.DatetimeIndex, step_h: float, load_mw: Array, net_load_mw: Array) -> tuple[Period, ...]:
    """The weeks of a year.

    Parameters
    ----------
    time
        Ends of the steps of the year.
    step_h
        Length of a step [h].
    load_mw
        (time,) load [MW].
    net_load_mw
        (time,) what is left of it for plants that can be dispatched [MW].

    Examples
    --------
    >>> time = pd.date_range("2030-01-01 01:00", periods=8760, freq="h")
    >>> load = np.arange(8760.0)
    >>> [(week.name, week.start, round(week.weight, 2)) for week in weeks(time, 1.0, load, load)][-2:]
    [('autumn', '2030-10-14T00:00:00', 13.0), ('peak week', '2030-12-25T00:00:00', 1.0)]
    """
    begin = time - pd.Timedelta(hours=step_h)
    steps = round(_WEEK_H / step_h)
    first = np.flatnonzero((begin.dayofweek == 0) & (begin.hour == 0) & (begin.minute == 0))
    first = first[first + steps <= len(begin)]
    peak = _peak_start(first, int(np.argmax(load_mw)), steps, len(begin))
    first = first[np.abs(first - peak) >= steps]
    month = np.asarray(begin.month)
    middle = month[first + steps // 2]
    chosen: dict[str, tuple[int, float]] = {PEAK_WEEK: (peak, 1.0)}
    taken = np.zeros(len(begin), dtype=bool)
    taken[peak : peak + steps] = True
    for season, months in SEASONS.items():
        inside = np.isin(month, months) & ~taken
        candidates = first[np.isin(middle, months)]
        chosen[season] = (_nearest(net_load_mw, inside, candidates, steps), inside.sum() / steps)
    rows = sorted(chosen.items(), key=lambda item: item[1][0])
    return tuple(Period(name, begin[at].isoformat(), _WEEK_H, float(weight)) for name, (at, weight) in rows)


def _peak_start(first: NDArray[np.int64], peak: int, steps: int, count: int) -> int:
    """First step of the week, Monday to Sunday, that holds a step; the last week of the year is cut by its end."""
    before = first[first <= peak]
    start = int(before[-1]) if before.size else 0
    return start if peak < start + steps else count - steps


def _nearest(values: Array, inside: NDArray[np.bool_], first: NDArray[np.int64], steps: int) -> int:
    """First step of the week whose duration curve is nearest to that of the hours inside."""
    season = np.quantile(values[inside], _QUANTILES)
    each = np.quantile(values[first[:, None] + np.arange(steps)], _QUANTILES, axis=1)
    return int(first[np.abs(each - season[:, None]).mean(axis=0).argmin()])
