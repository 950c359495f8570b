"""Unit commitment by enumeration: own code, no cvxpy, nothing of the model.

**Single units.**  Every on/off schedule of a few units is checked for its minimum times and then dispatched by a
linear program of its own, in which each limit is written for the single unit as the textbook says it in words.

**Clusters.**  Every sequence of (started, stopped) counts of equal units is checked with the cluster's own counting
rules and dispatched with its rows.  The two differ: a cluster may be cheaper (see ``test_commitment.py``).

Schedules are tried in the order of a floor cost: every hour by itself, without ramps.  None is left out that could
be the best one.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from scipy.optimize import linear_sum_assignment, linprog


@dataclass(frozen=True)
class Unit:
    """One unit [MW], [MW/h], [h], [CNY]; ``hours`` before the horizon in its state ``on``, at ``output``.

    ``tiers`` are (hours off from, cost of a start), ascending, and replace ``start_cost``; ``bands`` are (width, wear
    per MWh) below ``low``, downwards; ``up_rate`` and ``down_rate`` the most reserve a running unit may hold.
    """

    low: float
    high: float
    ramp_up: float
    ramp_down: float
    start_ramp: float
    stop_ramp: float
    min_up: int
    min_down: int
    price: float
    no_load: float
    start_cost: float
    on: int
    hours: int
    output: float
    tiers: tuple[tuple[int, float], ...] = ()
    bands: tuple[tuple[float, float], ...] = ()
    up_rate: float = 0.0
    down_rate: float = 0.0
    must_run: bool = False

    @property
    def depth(self) -> float:
        return sum(width for width, _ in self.bands)

    def start_after(self, hours_off: int) -> float:
        """Cost of a start after so many hours off."""
        cost = self.tiers[0][1] if self.tiers else self.start_cost
        for first, tier in self.tiers:
            if hours_off >= first:
                cost = tier
        return cost


@dataclass(frozen=True)
class Wanted:
    """Demand and reserve (hour,) [MW]; prices of what is missing and of what is too much [CNY/MWh]."""

    demand: np.ndarray
    up: np.ndarray
    down: np.ndarray
    lack: float
    excess: float
    short: float

    @classmethod
    def of(cls, demand: np.ndarray, lack: float, excess: float) -> Wanted:
        return cls(demand, np.zeros(demand.size), np.zeros(demand.size), lack, excess, lack)

    @property
    def hours(self) -> int:
        return self.demand.size

    def hour(self, t: int) -> Wanted:
        return Wanted(self.demand[[t]], self.up[[t]], self.down[[t]], self.lack, self.excess, self.short)


@dataclass(frozen=True)
class Outcome:
    """A schedule (unit, hour) of numbers of running units, and its cost."""

    on: np.ndarray
    cost: float


@dataclass
class Program:
    """A linear program that is written row by row."""

    cost: list[float] = field(default_factory=list)
    bounds: list[tuple[float, float | None]] = field(default_factory=list)
    rows: list[tuple[dict[int, float], float]] = field(default_factory=list)
    balance: list[tuple[dict[int, float], float]] = field(default_factory=list)

    def column(self, cost: float, high: float | None) -> int:
        self.cost.append(cost)
        self.bounds.append((0.0, high))
        return len(self.cost) - 1

    def at_most(self, terms: dict[int, float], right: float) -> None:
        if terms:
            self.rows.append((terms, right))
        elif right < -1e-9:
            self.bounds.append((1.0, 0.0))  # nothing can repair it

    def solve(self) -> float:
        if len(self.bounds) > len(self.cost):
            return np.inf
        matrices = [self._dense(rows) for rows in (self.rows, self.balance)]
        solved = linprog(
            self.cost,
            A_ub=matrices[0],
            b_ub=[right for _, right in self.rows] if self.rows else None,
            A_eq=matrices[1],
            b_eq=[right for _, right in self.balance],
            bounds=self.bounds,
            method="highs",
        )
        return float(solved.fun) if solved.status == 0 else np.inf

    def _dense(self, rows: list[tuple[dict[int, float], float]]) -> np.ndarray | None:
        if not rows:
            return None
        matrix = np.zeros((len(rows), len(self.cost)))
        for i, (terms, _) in enumerate(rows):
            matrix[i, list(terms)] = list(terms.values())
        return matrix


@dataclass(frozen=True)
class Hour:
    """Columns of one unit or cluster in one hour."""

    rise: int  # above the minimum
    bands: tuple[int, ...]
    up: int
    down: int

    def above(self, sign: float = 1.0) -> dict[int, float]:
        """Load above the minimum, less what is used of the bands."""
        return {self.rise: sign} | dict.fromkeys(self.bands, -sign)


def _hour(program: Program, unit: Unit, units: int) -> Hour:
    rise = program.column(unit.price, units * (unit.high - unit.low))
    bands = tuple(program.column(wear - unit.price, units * width) for width, wear in unit.bands)
    up, down = (program.column(0.0, units * rate) for rate in (unit.up_rate, unit.down_rate))
    column = Hour(rise, bands, up, down)
    # reserve for less generation ends where the bands end
    program.at_most(column.above(-1.0) | {down: 1.0}, units * unit.depth)
    return column


def _meet(program: Program, wanted: Wanted, t: int, running: list[Hour], minimum: float) -> None:
    """Balance and reserve of an hour."""
    lack, excess = program.column(wanted.lack, None), program.column(wanted.excess, None)
    terms = {lack: 1.0, excess: -1.0}
    for column in running:
        terms |= column.above()
    program.balance.append((terms, wanted.demand[t] - minimum))
    for need, side in ((wanted.up[t], "up"), (wanted.down[t], "down")):
        if need > 0:
            short = program.column(wanted.short, need)
            program.at_most({getattr(column, side): -1.0 for column in running} | {short: -1.0}, -need)


def keeps_minimum_times(unit: Unit, on: tuple[int, ...]) -> bool:
    """Whether a unit stays in each state as long as it must; the last stretch may be cut by the horizon."""
    state, since = unit.on, unit.hours
    for now in on:
        if now == state:
            since += 1
            continue
        if since < (unit.min_up if state else unit.min_down):
            return False
        state, since = now, 1
    return not unit.must_run or all(on)


def fixed_cost(unit: Unit, on: tuple[int, ...]) -> float:
    """No-load cost, cost of the minimum output, and starts after the time off of each."""
    cost, state, since = 0.0, unit.on, unit.hours
    for now in on:
        if now and not state:
            cost += unit.start_after(since)
        since = since + 1 if now == state else 1
        state = now
        cost += now * (unit.no_load + unit.price * unit.low)
    return cost


def dispatch(units: list[Unit], on: np.ndarray, wanted: Wanted) -> float:
    """Least cost of a schedule; infinite where ramps leave no dispatch."""
    hours, program = wanted.hours, Program()
    columns: list[list[Hour | None]] = []
    for unit, states in zip(units, on, strict=True):
        columns.append([_hour(program, unit, 1) if now else None for now in states])
        _unit_rows(program, unit, states, columns[-1])
    for t in range(hours):
        running = [row[t] for row in columns if row[t] is not None]
        _meet(program, wanted, t, running, sum(unit.low for unit, row in zip(units, columns, strict=True) if row[t]))
    fixed = sum(fixed_cost(unit, tuple(states)) for unit, states in zip(units, on, strict=True))
    return program.solve() + fixed


def _unit_rows(program: Program, unit: Unit, states: np.ndarray, columns: list[Hour | None]) -> None:
    if unit.on and not states[0] and unit.output > unit.stop_ramp + 1e-9:
        program.at_most({}, -1.0)
    for t, now in enumerate(columns):
        if now is None:
            continue
        starts = not (states[t - 1] if t else unit.on)
        ends = t + 1 < len(columns) and not states[t + 1]
        high = min([unit.high] + [unit.start_ramp] * starts + [unit.stop_ramp] * ends)
        program.at_most({now.rise: 1.0, now.up: 1.0}, high - unit.low)
        if starts:  # into the minimum or above, and reserve doesn't lead below it
            program.at_most(now.above(-1.0) | {now.down: 1.0}, 0.0)
            continue
        before = columns[t - 1] if t else None
        start = {} if before is None else before.above(-1.0)
        level = 0.0 if before is not None else unit.output - unit.low
        program.at_most(now.above() | start | {now.up: 1.0}, unit.ramp_up + level)
        fall = {} if before is None else before.above()
        program.at_most(now.above(-1.0) | fall | {now.down: 1.0}, unit.ramp_down - level)
    for t in range(1, len(columns)):  # out of the minimum or above
        if columns[t] is None and columns[t - 1] is not None:
            program.at_most(columns[t - 1].above(-1.0), 0.0)


def schedules(units: list[Unit], hours: int) -> list[np.ndarray]:
    """All joint schedules that keep the minimum times."""
    return [np.array(joint) for joint in product(*_own_schedules(units, hours))]


def _own_schedules(units: list[Unit], hours: int) -> list[list[tuple[int, ...]]]:
    return [[on for on in product((0, 1), repeat=hours) if keeps_minimum_times(unit, on)] for unit in units]


def _free_hours(running: list[tuple[Unit, int, float]], wanted: Wanted, t: int) -> float:
    """Variable cost of an hour by itself, without ramps: never above the real one.

    ``running`` are units or clusters: the unit, how many of them, and the most that they may give together.
    """
    program, hour = Program(), wanted.hour(t)
    columns = []
    for unit, count, most in running:
        columns.append(_hour(program, unit, count))
        program.at_most({columns[-1].rise: 1.0, columns[-1].up: 1.0}, most - count * unit.low)
    _meet(program, hour, 0, columns, sum(count * unit.low for unit, count, _ in running))
    return program.solve()


@dataclass
class Floors:
    """Floor cost of the hours of a schedule with its starts and stops; each kind of hour is solved once."""

    units: list[Unit]
    wanted: Wanted
    known: dict[tuple[int, tuple[float, ...]], float] = field(default_factory=dict)

    def of(self, on: np.ndarray) -> float:
        before = np.column_stack([[unit.on for unit in self.units], on[:, :-1]])
        after = np.column_stack([on[:, 1:], on[:, -1]])
        high, start, stop = (
            np.array([getattr(unit, name) for unit in self.units])[:, None]
            for name in ("high", "start_ramp", "stop_ramp")
        )
        most = np.minimum(np.where(before, high, start), np.where(after, high, stop)) * on
        cost = 0.0
        for t in range(on.shape[1]):
            key = (t, tuple(most[:, t]))
            if key not in self.known:
                running = [(unit, 1, most[i, t]) for i, unit in enumerate(self.units) if on[i, t]]
                self.known[key] = _free_hours(running, self.wanted, t)
            cost += self.known[key]
        return cost


def cheapest(units: list[Unit], wanted: Wanted) -> Outcome:
    """The best of all schedules of single units; infinite cost where there is none."""
    each, hours = _own_schedules(units, wanted.hours), wanted.hours
    best = Outcome(np.zeros((len(units), hours), int), np.inf)
    if not all(each):
        return best
    patterns = list(product((0, 1), repeat=len(units)))
    table = np.zeros((len(patterns), hours))
    for number, pattern in enumerate(patterns):
        running = [(unit, 1, unit.high) for unit, now in zip(units, pattern, strict=True) if now]
        table[number] = [_free_hours(running, wanted, t) for t in range(hours)]
    code, fixed = np.zeros((1, hours), int), np.zeros(1)
    for unit, own in zip(units, each, strict=True):
        code = (2 * code[:, None, :] + np.array(own)[None, :, :]).reshape(-1, hours)
        fixed = (fixed[:, None] + np.array([fixed_cost(unit, on) for on in own])[None, :]).ravel()
    floor, closer = fixed + table[code, np.arange(hours)].sum(axis=1), Floors(units, wanted)
    waiting: list[tuple[float, int]] = []
    for k in [*np.argsort(floor), -1]:
        limit = min(floor[k], best.cost) if k >= 0 else best.cost
        while waiting and waiting[0][0] <= limit:
            value, number = heapq.heappop(waiting)
            if value < best.cost - 1e-6:
                on = np.array([patterns[pattern] for pattern in code[number]]).T
                best = min(best, Outcome(on, dispatch(units, on, wanted)), key=lambda outcome: outcome.cost)
        if k < 0 or floor[k] >= best.cost - 1e-6:
            break
        on = np.array([patterns[pattern] for pattern in code[k]]).T
        heapq.heappush(waiting, (fixed[k] + closer.of(on), int(k)))
    return best


# Clusters: the counting rules and rows of the formulation, each with numbers in place of n, u, d.


def counts(unit: Unit, installed: int, on: int, hours: int) -> Iterator[tuple[tuple[int, int, int], ...]]:
    """All sequences of (running, started, stopped) of a cluster of which ``on`` units run before the horizon."""
    memory = unit.hours
    starts = [0] * memory + [0] * hours
    stops = [0] * memory + [0] * hours
    starts[0], stops[0] = on, installed - on  # all units entered their state `hours` ago

    def go(t: int, before: int) -> Iterator[tuple[tuple[int, int, int], ...]]:
        if t == hours:
            yield ()
            return
        now = memory + t
        for up, down in product(range(installed + 1), range(installed + 1)):
            running = before + up - down
            starts[now], stops[now] = up, down
            least = max(installed * unit.must_run, sum(starts[max(now - unit.min_up + 1, 0) : now + 1]))
            resting = sum(stops[max(now - unit.min_down + 1, 0) : now + 1])
            if least <= running <= installed - resting:
                for rest in go(t + 1, running):
                    yield ((running, up, down), *rest)
            starts[now] = stops[now] = 0

    return go(0, on)


def _saved_by_warm_starts(unit: Unit, off_before: int, path: tuple[tuple[int, int, int], ...]) -> float:
    """Best matching of stops with later starts."""
    stop_hours = [-unit.hours] * off_before + [t for t, (_, _, down) in enumerate(path) for _ in range(down)]
    start_hours = [t for t, (_, up, _) in enumerate(path) for _ in range(up)]
    if not stop_hours or not start_hours or not unit.tiers:
        return 0.0
    cold = unit.tiers[-1][1]
    saving = np.array(
        [[cold - unit.start_after(t - s) if t - s >= unit.min_down else 0.0 for t in start_hours] for s in stop_hours]
    )
    return float(saving[linear_sum_assignment(saving, maximize=True)].sum())


def dispatch_cluster(
    unit: Unit, installed: int, on: int, path: tuple[tuple[int, int, int], ...], wanted: Wanted
) -> float:
    """Least cost of a sequence of counts; ``unit.output`` is that of the whole cluster before the horizon."""
    program, hours = Program(), wanted.hours
    columns = [_hour(program, unit, running) for running, _, _ in path]
    span, depth = unit.high - unit.low, unit.depth
    start_cut, stop_cut = unit.high - unit.start_ramp, unit.high - unit.stop_ramp
    rise, fall = min(unit.ramp_up, span + depth), min(unit.ramp_down, span + depth)
    level = unit.output - on * unit.low
    cold = unit.tiers[-1][1] if unit.tiers else unit.start_cost
    fixed = -_saved_by_warm_starts(unit, installed - on, path)
    for t, ((running, up, down), now) in enumerate(zip(path, columns, strict=True)):
        fixed += running * (unit.no_load + unit.price * unit.low) + up * cold
        next_down = path[t + 1][2] if t + 1 < hours else 0
        for row in _cluster_cuts(unit, start_cut, stop_cut):
            program.at_most({now.rise: 1.0, now.up: 1.0}, span * running - row[0] * up - row[1] * next_down)
        before = columns[t - 1] if t else None
        lift = now.above() | ({} if before is None else before.above(-1.0)) | {now.up: 1.0}
        drop = now.above(-1.0) | ({} if before is None else before.above()) | {now.down: 1.0}
        known = 0.0 if before is not None else level
        stay = running - up
        program.at_most(lift, rise * stay + (unit.start_ramp - unit.low) * up + known)
        program.at_most(drop, fall * stay + (unit.stop_ramp - unit.low) * down - known)
        _meet(program, wanted, t, [now], running * unit.low)
    started = on if unit.hours == 1 else 0
    for row in _cluster_cuts(unit, start_cut, stop_cut):  # the hour before the horizon
        program.at_most({}, span * on - row[0] * started - row[1] * path[0][2] - level)
    return program.solve() + fixed


def _cluster_cuts(unit: Unit, start_cut: float, stop_cut: float) -> list[tuple[float, float]]:
    if unit.min_up >= 2:
        return [(start_cut, stop_cut)]
    return [(start_cut, max(stop_cut - start_cut, 0.0)), (max(start_cut - stop_cut, 0.0), stop_cut)]


def cheapest_cluster(unit: Unit, installed: int, on: int, wanted: Wanted) -> Outcome:
    """The best of all sequences of counts of a cluster; infinite cost where there is none."""
    hours = wanted.hours
    table = np.array(
        [
            [_free_hours([(unit, count, count * unit.high)], wanted, t) for t in range(hours)]
            for count in range(installed + 1)
        ]
    )
    cheapest_start = min([cost for _, cost in unit.tiers] or [unit.start_cost])
    paths = list(counts(unit, installed, on, hours))
    if not paths:
        return Outcome(np.zeros((1, hours), int), np.inf)
    numbers = np.array(paths)  # (path, hour, running/started/stopped)
    running = numbers[:, :, 0]
    floors = table[running, np.arange(hours)].sum(axis=1)
    floors += running.sum(axis=1) * (unit.no_load + unit.price * unit.low)
    floors += numbers[:, :, 1].sum(axis=1) * cheapest_start
    best = Outcome(running[[0]], np.inf)
    for k in np.argsort(floors):
        if floors[k] >= best.cost - 1e-6:
            break
        cost = dispatch_cluster(unit, installed, on, paths[k], wanted)
        if cost < best.cost:
            best = Outcome(running[[k]], cost)
    return best
