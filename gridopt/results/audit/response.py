"""Demand response: capability, budgets of energy, hours and calls, events, rest, and what is paid back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gridopt.hours import total_load_mw
from gridopt.results.audit.budget import HOURS_OF_YEAR, Budget, share_of_year
from gridopt.results.audit.finding import Array, Check, Finding, Mask, at_most, equal, worse
from gridopt.results.audit.injection import BusSum, demand_by_bus, target_loads
from gridopt.results.audit.storage import day_numbers
from gridopt.results.audit.view import View

CAPABILITY = Check("response capability", "what a program may save is its size, and never more than its load", "MW")
POWER = Check("response power", "response is the difference of its two directions, each within its size", "MW")
DEMAND = Check("response of demand", "at no bus more than its demand is reduced or unserved", "MW")
BUDGET = Check("response budget", "energy, hours and calls of the year are kept", "of the budget")
EVENT = Check("response event", "no event lasts longer than allowed", "h")
DAY = Check("response day", "no day has more hours of response than allowed", "h")
REST = Check("response rest", "events are as far apart as they have to be", "h")
PAYBACK = Check("response payback", "load that is moved is made up for in its window", "MWh")
ONLY_CALLED = Check(
    "response called", "programs with an on-state respond only while they are on, and it is whole", "MW"
)

CHECKS = (CAPABILITY, POWER, DEMAND, BUDGET, EVENT, DAY, REST, PAYBACK, ONLY_CALLED)
# Longest call of a program that only limits their number [h].
_DAY_H = 24.0
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Limits:
    """Limits of all programs of a year, (element,): infinite, or no rest, where there is none."""

    energy_mwh: Array
    hours: Array
    calls: Array
    event_h: Array
    day_h: Array
    rest_h: Array

    @property
    def counted(self) -> Mask:
        """Programs that are on or off in an integer run."""
        finite = [np.isfinite(limit) for limit in (self.hours, self.calls, self.event_h, self.day_h)]
        return np.asarray(np.any(finite, axis=0) | (self.rest_h > 0))

    @property
    def full_hours(self) -> Array:
        """Hours of the year that hours and calls allow."""
        longest = np.minimum(np.minimum(self.event_h, self.day_h), _DAY_H)
        return np.minimum(self.hours, self.calls * longest)


def limits_of(view: View) -> Limits:
    """Limits of all programs."""
    rows = view.programs
    return Limits(
        rows.column("energy_mwh_per_year", np.inf),
        rows.column("hours_per_year", np.inf),
        rows.column("calls_per_year", np.inf),
        rows.column("hours_per_event", np.inf),
        rows.column("hours_per_day", np.inf),
        rows.column("rest_h", 0.0),
    )


def _kinds(view: View) -> NDArray[np.str_]:
    return np.array(view.programs.words("kind"))


def sizes_mw(view: View) -> Array:
    """Size of every program: its own, its share of the annual peak, or its part of the policy's, (element,) [MW]."""
    rows = view.programs
    own, share = rows.column("p_mw"), rows.column("share_of_peak")
    whole = view.case.source.profiles
    peak = float(total_load_mw(view.case.net, view.case.profiles if whole is None else whole).max())
    pooled = np.isnan(own) & np.isnan(share) & (_kinds(view) != "valley_filling")
    weight = np.where(pooled, rows.column("weight", 1.0), 0.0)
    part = weight / weight.sum() if weight.sum() else weight
    share = np.where(np.isnan(share), part * view.settings.policy.dr_share_of_peak, share)
    return np.where(np.isnan(own), share * peak, own)


def _spread(view: View, target: str) -> BusSum:
    """Part of a program at each bus, (bus, 1)."""
    loads, size = target_loads(view, target)
    at_bus = BusSum(view.live_buses, 1)
    at_bus.add([int(bus) for bus in loads["bus"]], size[:, None])
    at_bus.mw = np.maximum(at_bus.mw, 0.0)
    at_bus.mw = at_bus.mw / at_bus.mw.sum()
    return at_bus


def capability_mw(view: View) -> Array:
    """Load that every program may reduce in each step: at no bus more than is drawn there, (element, time) [MW]."""
    rows, size = view.programs, sizes_mw(view)
    most = np.zeros((len(rows), view.steps))
    for i, target in enumerate(rows.words("target")):
        loads, mean = target_loads(view, target)
        share = _spread(view, target).mw[:, 0]
        drawn = BusSum(view.live_buses, view.steps)
        drawn.add([int(bus) for bus in loads["bus"]], mean[:, None] * view.series(loads["profile"]))
        mine = share > 0
        eligible = np.maximum((drawn.mw[mine] / share[mine, None]).min(axis=0), 0.0)
        most[i] = np.minimum(size[i], eligible)
    most[_kinds(view) == "valley_filling"] = 0.0
    return most if view.settings.policy.dr_mode == "economic" else _together(view, most)


def _together(view: View, alone: Array) -> Array:
    """Load that programs may reduce where a schedule calls all of them at once, (element, time) [MW]."""
    shares = [_spread(view, target).mw for target in view.programs.words("target")]
    wanted = sum((share * series for share, series in zip(shares, alone, strict=True)), start=np.zeros(()))
    demand = np.maximum(demand_by_bus(view).mw, 0.0)
    ratio = np.divide(demand, wanted, out=np.ones_like(demand), where=wanted > demand)
    parts = [ratio[share[:, 0] > 0].min(axis=0) for share in shares]
    return np.asarray(alone * np.array(parts))


def rated_mw(view: View) -> Array:
    """Largest response of every program; of valley filling its size, (element,) [MW]."""
    rows, size = view.programs, sizes_mw(view)
    profiles = view.case.source.profiles
    if profiles is None:
        profiles = view.case.profiles
    largest = size.copy()
    for i, (target, kind) in enumerate(zip(rows.words("target"), rows.words("kind"), strict=True)):
        if kind == "valley_filling":
            continue
        loads, mean = target_loads(view, target)
        share = _spread(view, target).mw[:, 0]
        drawn = BusSum(view.live_buses, profiles.sizes["time"])
        series = [profiles[n].to_numpy() if n else np.ones(profiles.sizes["time"]) for n in loads["profile"]]
        drawn.add([int(bus) for bus in loads["bus"]], mean[:, None] * np.array(series))
        mine = share > 0
        reach = np.maximum((drawn.mw[mine] / share[mine, None]).min(axis=0), 0.0)
        largest[i] = np.minimum(size[i], reach).max()
    return largest


class Called:
    """What the result says of the programs."""

    def __init__(self, view: View) -> None:
        rows = view.programs
        self.net, self.down, self.up = (view.values(f"response{word}_mw", rows) for word in ("", "_down", "_up"))
        self.on = view.values("response_called", rows, may_lack=True)
        self.used = np.where((_kinds(view) == "valley_filling")[:, None], self.up, self.down)


def audit(view: View) -> Iterator[Finding]:
    """All checks of demand response."""
    rows = view.programs
    if not len(rows):
        return
    names, time, run = rows.names, view.time, Called(view)
    most, rated = capability_mw(view), rated_mw(view)
    yield equal(CAPABILITY, view.values("response_capability_mw", rows), most, names, time)
    kinds, size = _kinds(view)[:, None], rated[:, None]
    raises = np.where(np.isin(kinds, ("shiftable", "valley_filling")), size, 0.0)
    both = np.where(kinds == "shiftable", run.down + run.up, 0.0)
    yield worse(
        equal(POWER, run.net, run.down - run.up, names, time, size=size),
        at_most(POWER, run.down, most, names, time, size=size),
        at_most(POWER, run.up, raises, names, time, size=size),
        at_most(POWER, both, size, names, time),
        at_most(POWER, -run.down, 0.0, names, time, size=size),
        at_most(POWER, -run.up, 0.0, names, time, size=size),
    )
    yield _of_demand(view, run)
    yield _payback(view, run, rated)
    yield _annual(view)
    if view.settings.unit_commitment == "integer":
        yield from _events(view, run, rated)
    else:
        yield from _full_hours(view, run, rated)


def _of_demand(view: View, run: Called) -> Finding:
    """Interrupted and unserved demand of every bus against what is drawn there."""
    gone = BusSum(view.live_buses, view.steps)
    for target, series in zip(view.programs.words("target"), run.down, strict=True):
        gone.mw += _spread(view, target).mw * series[None, :]
    rows = view.buses
    at = [row for _, row in rows.places]
    gone.add(at, view.values("unserved_mw", rows))
    demand = demand_by_bus(view)
    names = [str(view.case.net["bus"].at[bus, "name"]) for bus in gone.place]
    return at_most(DEMAND, gone.mw, np.maximum(demand.mw, 0.0), names, view.time, size=demand.mw)


def _payback(view: View, run: Called, rated: Array) -> Finding:
    """In each block of a shiftable program's window, counted from the start, all is taken back that was saved."""
    rows, h = view.programs, view.step_h
    window, ratio = rows.column("window_h"), rows.column("payback_pu", 1.0)
    findings = [Finding(PAYBACK, 0)]
    for i in np.flatnonzero(_kinds(view) == "shiftable"):
        block = np.arange(view.steps) // max(round(window[i] / h), 1)
        taken, saved = (np.bincount(block, series[i]) * h for series in (run.up, run.down))
        firsts = [view.time[int(np.argmax(block == k))] for k in range(taken.size)]
        expected = (ratio[i] * saved)[None, :]
        findings.append(equal(PAYBACK, taken[None, :], expected, [rows.names[i]], firsts, size=rated[i] * h))
    return worse(*findings)


def budgets(view: View) -> Iterator[Budget]:
    """Energy, and full hours, or hours and calls, of the year."""
    rows = view.programs
    if not len(rows):
        return
    run, rated, limits, h = Called(view), rated_mw(view), limits_of(view), view.step_h
    profiles = view.case.source.profiles
    hours = (view.steps if profiles is None else profiles.sizes["time"]) * h
    whole, share = min(hours / HOURS_OF_YEAR, 1.0), share_of_year(view)
    # a schedule of the whole year may lie in the hours that are solved
    scheduled = view.settings.policy.dr_mode != "economic"
    part = whole if scheduled else share
    value = view.settings.prices.value_of_lost_load_cny_per_mwh
    price = 0.5 * (15_000.0 if value is None else value)
    longest = np.minimum(np.minimum(limits.event_h, limits.day_h), _DAY_H)
    integer = view.settings.unit_commitment == "integer"
    energy = run.used.sum(axis=1) * h
    listed = [("energy", "MWh", limits.energy_mwh * part, energy, np.ones(len(rows)))]
    if integer:
        on = np.nan_to_num(run.on)
        starts = np.maximum(np.diff(on, axis=1, prepend=0.0), 0.0).sum(axis=1)
        listed.append(("hours", "h", limits.hours * part, on.sum(axis=1) * h, rated))
        listed.append(("calls", "", _calls(limits.calls, part), starts, rated * longest))
    else:
        full = np.divide(energy, rated, out=energy.copy(), where=rated > 0)
        most = limits.full_hours * part
        if view.settings.policy.dr_mode == "drill":  # a drill is made of whole calls
            most = np.minimum(limits.hours * part, _calls(limits.calls, part) * longest)
        listed.append(("full hours", "h", most, full, rated))
    for word, unit, amount, used, mwh in listed:
        for k in np.flatnonzero(np.isfinite(amount)):
            name = f"{word} of {rows.names[k]}"
            yield Budget("response", unit, "most", amount[k], used[k], price * mwh[k], name, at_most=scheduled)


def _calls(calls: Array, part: float) -> Array:
    """Calls in a part of the year: whole ones, and at least one where the year has one."""
    finite = np.where(np.isfinite(calls), calls, 0.0)
    mine = np.minimum(np.ceil(finite * part - _ROUNDING), np.floor(finite))
    return np.where(np.isfinite(calls), mine, np.inf)


def _annual(view: View) -> Finding:
    """Budgets of a program are limits, not prices: what is called never exceeds them."""
    found = list(budgets(view))
    used, limit = (
        np.array([[value] for value in column]).reshape(-1, 1)
        for column in ([budget.used for budget in found], [budget.limit for budget in found])
    )
    return at_most(BUDGET, used, limit, [budget.name for budget in found], [""])


def _runs(on: Mask) -> list[tuple[int, int]]:
    """First and last step of every event."""
    edges = np.diff(np.concatenate([[0], on.astype(int), [0]]))
    return list(zip(np.flatnonzero(edges == 1).tolist(), (np.flatnonzero(edges == -1) - 1).tolist(), strict=True))


def _events(view: View, run: Called, rated: Array) -> Iterator[Finding]:
    """Length of events, hours of a day and rest, from the on-states."""
    rows, h, limits = view.programs, view.step_h, limits_of(view)
    names, time, counted = rows.names, view.time, limits.counted[:, None]
    on = np.where(counted, run.on, 0.0)
    yield worse(
        equal(ONLY_CALLED, on, np.round(on), names, time),
        at_most(ONLY_CALLED, np.where(counted, run.used, 0.0), rated[:, None] * on, names, time, size=rated[:, None]),
    )
    called = np.nan_to_num(on) > 0.5
    runs = [_runs(row) for row in called]
    length, gap = np.zeros(called.shape), np.full(called.shape, np.inf)
    for i, events in enumerate(runs):
        for first, last in events:
            length[i, first] = (last - first + 1) * h
        for (_, ended), (begins, _) in pairwise(events):
            gap[i, begins] = (begins - ended - 1) * h
    yield at_most(EVENT, length, limits.event_h[:, None], names, time)
    yield _per_day(view, called.astype(np.float64) * h, limits.day_h)
    yield at_most(
        REST, np.where(np.isinf(gap), 0.0, limits.rest_h[:, None]), np.where(np.isinf(gap), 0.0, gap), names, time
    )


def _per_day(view: View, hours: Array, most: Array) -> Finding:
    day = day_numbers(view)
    total = np.zeros((len(hours), int(day.max()) + 1))
    np.add.at(total.T, day, hours.T)
    dates = [f"{view.time[int(np.argmax(day == k))]:%Y-%m-%d}" for k in range(total.shape[1])]
    return at_most(DAY, total, most[:, None], view.programs.names, dates)


def _full_hours(view: View, run: Called, rated: Array) -> Iterator[Finding]:
    """Without on-states limits of events and days hold for equivalent full hours."""
    rows, h, limits = view.programs, view.step_h, limits_of(view)
    full = np.divide(run.used, rated[:, None], out=np.zeros_like(run.used), where=rated[:, None] > 0) * h
    total = np.cumsum(np.column_stack([np.zeros(len(rows)), full]), axis=1)
    recent = np.zeros_like(full)
    for i in np.flatnonzero(np.isfinite(limits.event_h)):
        reach = int(np.floor(limits.event_h[i] / h + _ROUNDING)) + 1
        at = np.arange(1, view.steps + 1)
        recent[i] = total[i, at] - total[i, np.maximum(at - reach, 0)]
    yield at_most(EVENT, recent, limits.event_h[:, None], rows.names, view.time)
    yield _per_day(view, full, limits.day_h)


def cost(view: View) -> dict[str, tuple[Array, Array]]:
    """Compensation, less what filled valleys are worth to the consumers, (time,) [CNY]."""
    rows, h = view.programs, view.step_h
    if not len(rows):
        return {}
    sign = np.where(_kinds(view) == "valley_filling", -1.0, 1.0)
    price = sign * rows.column("price_cny_per_mwh", 0.0)
    return {"response": (h * (price @ Called(view).used), np.zeros(view.steps))}
