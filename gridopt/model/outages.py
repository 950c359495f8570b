r"""Units that are out of service: planned overhauls and sudden failures (formulation, section 2).

:math:`N_t`, the units available in step t, is an upper bound of the units that run.  Two sources:

* **Given** rows of the table ``outage``.  Kind ``maintenance`` (``policy.maintenance: given``) is known: units stop
  in time, with all their ramps and minimum times.  Kind ``forced`` (``policy.forced_outages``) is sudden: in its
  first step up to so many units trip, exempt from stop ramps, ramps and the minimum time on.
* **Levelised** (``policy.maintenance: levelised``): ``maintenance_days`` of every unit, laid into the days of largest
  reserve before anything is solved.  Reserve is the capacity that is not out, less the day's largest load net of wind
  and solar.  The largest units choose first; heating plants avoid the heating season.  The plan is made for the whole
  year of the profiles, whatever part of it is solved.

Must-run units are limited to what is available, from the time they need to come down before an outage to the end
of their minimum time off (and of their way up) after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from gridopt.model.component import Array, profile_values

if TYPE_CHECKING:
    import xarray as xr

    from gridopt.case import Case

Index = NDArray[np.int64]
_DAYS_PER_YEAR = 365
_NANOSECOND = 1


@dataclass(frozen=True)
class Availability:
    """Units available, and units that trip in each step, both (element, time)."""

    available_units: Array
    forced_units: Array


def read_outages(case: Case, gen: pd.DataFrame, n_units: Array) -> Availability:
    """What the case's policy makes of the outages of the clusters ``gen``."""
    policy = case.settings.policy
    out, forced = np.zeros((len(gen), len(case.time))), np.zeros((len(gen), len(case.time)))
    table = case.net.outage
    table = table.loc[table["index"].isin(gen.index)]
    if policy.maintenance == "given":
        out += units_out(case, gen, table.loc[table["kind"] == "maintenance"])[0]
    elif policy.maintenance == "levelised":
        out += _levelised(case, gen, n_units)
    if policy.forced_outages:
        sudden, forced = units_out(case, gen, table.loc[table["kind"] == "forced"])
        out += sudden
    most = n_units[:, None]
    return Availability(np.maximum(most - out, 0.0), np.minimum(forced, most))


def units_out(case: Case, gen: pd.DataFrame, table: pd.DataFrame) -> tuple[Array, Array]:
    """Units out in each step that an outage touches, and units whose outage begins there, both (element, time)."""
    end = case.time.to_numpy().astype("datetime64[ns]").astype(np.int64)
    begin = end - round(case.settings.step_h * 3.6e12)
    first = pd.to_datetime(table["start"]).to_numpy().astype("datetime64[ns]").astype(np.int64)
    last = first + np.round(table["hours"].to_numpy(float) * 3.6e12).astype(np.int64)
    touched = (end[None, :] > first[:, None] + _NANOSECOND) & (begin[None, :] < last[:, None] - _NANOSECOND)
    starts = touched & (begin[None, :] <= first[:, None])
    cluster, units = gen.index.get_indexer(pd.Index(table["index"])), table["units"].to_numpy(float)[:, None]
    out, begun = np.zeros((len(gen), end.size)), np.zeros((len(gen), end.size))
    np.add.at(out, cluster, units * touched)
    np.add.at(begun, cluster, units * starts)
    return out, begun


def must_run_limit(available: Array, before: Index, after: Index) -> Array:
    """Units that can be made to run: the least available from ``after`` steps ago to ``before`` steps ahead.

    Parameters
    ----------
    available
        (element, time).
    before, after
        (element,) [steps] that units need to come down before an outage and to come back after it.

    Examples
    --------
    One of two units is out in step 2 (from 0), comes down one step before and is back two steps after:

    >>> must_run_limit(np.array([[2.0, 2.0, 1.0, 2.0, 2.0, 2.0]]), np.array([1]), np.array([2])).tolist()
    [[2.0, 1.0, 1.0, 1.0, 1.0, 2.0]]
    """
    limit = available.copy()
    for i in np.flatnonzero((available < available.max(axis=1, keepdims=True)).any(axis=1)):
        padded = np.pad(available[i], (after[i], before[i]), mode="edge")
        limit[i] = sliding_window_view(padded, before[i] + after[i] + 1).min(axis=1)
    return limit


def levelise(size_mw: Array, days: Index, reserve_mw: Array, avoid: NDArray[np.bool_]) -> Index:
    """Lay overhauls into the days of largest reserve, the largest units first.

    Parameters
    ----------
    size_mw
        (unit,) capacity [MW].
    days
        (unit,) length of the overhaul; 0 for none.
    reserve_mw
        (day,) capacity less load, without any overhaul [MW]; a constant makes no difference.
    avoid
        (unit, day) whether a unit should run on that day: the stretch with the fewest such days is taken.

    Returns
    -------
    ndarray
        (unit,) first day of each overhaul, −1 for none.

    Examples
    --------
    Reserve 5, 9, 9, 7, 6 MW.  The unit of 4 MW for two days goes to days 1 and 2, which leaves 5, 5, 5, 7, 6; that
    of 1 MW goes to day 3.

    >>> no = np.zeros((2, 5), bool)
    >>> levelise(np.array([1.0, 4.0]), np.array([1, 2]), np.array([5.0, 9.0, 9.0, 7.0, 6.0]), no).tolist()
    [3, 1]
    """
    left = reserve_mw.astype(float).copy()
    first = np.full(size_mw.size, -1, dtype=np.int64)
    for unit in np.argsort(-size_mw, kind="stable"):
        length = min(int(days[unit]), left.size)
        if length < 1:
            continue
        least = sliding_window_view(left, length).min(axis=1)
        unwanted = sliding_window_view(avoid[unit], length).sum(axis=1)
        start = int(np.lexsort((np.arange(least.size), -least, unwanted))[0])
        first[unit] = start
        left[start : start + length] -= size_mw[unit]
    return first


def _levelised(case: Case, gen: pd.DataFrame, n_units: Array) -> Array:
    """Units in overhaul in each step of the horizon, (element, time)."""
    full = case.source.profiles if case.source.profiles is not None else case.profiles
    step = pd.Timedelta(hours=case.settings.step_h)
    day_of_step = (pd.DatetimeIndex(full.indexes["time"]) - step).normalize()
    day, number = np.unique(day_of_step.to_numpy(), return_inverse=True)
    share = min(day.size / _DAYS_PER_YEAR, 1.0)
    length = np.rint(gen["maintenance_days"].to_numpy(float) * share).astype(np.int64)
    count = n_units.astype(np.int64)
    unit = np.repeat(np.arange(len(gen)), count)
    peak = np.full(day.size, -np.inf)
    np.maximum.at(peak, number, _net_load_mw(case, full))
    size = gen["max_p_mw"].to_numpy(float) / n_units
    avoid = _heating_days(case, gen, full, number, day.size)
    first = levelise(size[unit], length[unit], -peak, avoid[unit])
    horizon = np.searchsorted(day, (case.time - step).normalize().to_numpy())
    busy = (first[:, None] >= 0) & (horizon >= first[:, None]) & (horizon < (first + length[unit])[:, None])
    out = np.zeros((len(gen), len(case.time)))
    np.add.at(out, unit, busy.astype(float))
    return out


def _net_load_mw(case: Case, profiles: xr.Dataset) -> Array:
    """Load and contracted export less available wind and solar power, (time,) [MW]."""
    from gridopt.hours import total_load_mw
    from gridopt.model.claims import renewables

    load: Array = total_load_mw(case.net, profiles)
    sgen = case.net.sgen.loc[renewables(case)]
    weather = sgen["max_p_mw"].to_numpy(float) if len(sgen) else np.zeros(0)
    tie = case.net.tie.loc[case.net.tie["in_service"].to_numpy(bool)]
    return np.asarray(
        load
        + tie["p_mw"].to_numpy(float) @ profile_values(profiles, tie["profile"])
        - weather @ profile_values(profiles, sgen["profile"])
    )


def _heating_days(case: Case, gen: pd.DataFrame, profiles: xr.Dataset, number: Index, days: int) -> NDArray[np.bool_]:
    """Days on which the heat zone of a cluster is heated, (element, day)."""
    zones = case.net.heat_zone.set_index("name")["profile"]
    out = np.zeros((len(gen), days), dtype=bool)
    for i, zone in enumerate(gen["heat_zone"]):
        if zone:
            np.logical_or.at(out[i], number, profiles[zones[zone]].to_numpy() > 0)
    return out
