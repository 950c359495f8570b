"""Unit commitment by enumeration: own code, no cvxpy, nothing of the model.

Every on/off schedule of a few single units is checked for its minimum times and then dispatched by a linear
program of its own, in which each limit is written for the single unit as the textbook says it in words.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.optimize import linprog


@dataclass(frozen=True)
class Unit:
    """One unit [MW], [MW/h], [h], [CNY]; ``hours`` before the horizon in its state ``on``, at ``output``."""

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


@dataclass(frozen=True)
class Outcome:
    """A schedule (unit, hour) of 0 and 1 and its cost."""

    on: np.ndarray
    cost: float


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
    return True


def dispatch(units: list[Unit], on: np.ndarray, demand: np.ndarray, lack: float, excess: float) -> float:
    """Least cost of a schedule; infinite where ramps leave no dispatch."""
    hours = demand.size
    n = len(units)
    columns = n * hours
    bounds: list[tuple[float, float]] = []
    rows, right, fixed = [], [], 0.0
    for i, unit in enumerate(units):
        states = [unit.on, *on[i]]
        for t in range(hours):
            before, now = states[t], states[t + 1]
            high = unit.high if now else 0.0
            if now and not before:
                high = min(high, unit.start_ramp)
                fixed += unit.start_cost
            if now and t + 1 < hours and not states[t + 2]:
                high = min(high, unit.stop_ramp)
            if before and not now and t == 0 and unit.output > unit.stop_ramp + 1e-9:
                return np.inf
            bounds.append((unit.low if now else 0.0, high))
            fixed += unit.no_load * now
            if before and now:
                rise = np.zeros(columns + 2 * hours)
                rise[i * hours + t] = 1.0
                earlier = unit.output if t == 0 else 0.0
                if t:
                    rise[i * hours + t - 1] = -1.0
                rows += [rise, -rise]
                right += [unit.ramp_up + earlier, unit.ramp_down - earlier]
        if any(low > high for low, high in bounds[-hours:]):
            return np.inf
    bounds += [(0.0, d) for d in demand] + [(0.0, None)] * hours
    balance = np.zeros((hours, columns + 2 * hours))
    for t in range(hours):
        balance[t, [i * hours + t for i in range(n)]] = 1.0
        balance[t, columns + t], balance[t, columns + hours + t] = 1.0, -1.0
    price = np.concatenate(
        [np.repeat([unit.price for unit in units], hours), np.full(hours, lack), np.full(hours, excess)]
    )
    solved = linprog(
        price,
        A_ub=np.array(rows) if rows else None,
        b_ub=right if rows else None,
        A_eq=balance,
        b_eq=demand,
        bounds=bounds,
        method="highs",
    )
    return float(solved.fun + fixed) if solved.status == 0 else np.inf


def schedules(units: list[Unit], hours: int) -> list[np.ndarray]:
    """All joint schedules that keep the minimum times."""
    each = [[on for on in product((0, 1), repeat=hours) if keeps_minimum_times(unit, on)] for unit in units]
    return [np.array(joint) for joint in product(*each)]


def floor_cost(units: list[Unit], on: np.ndarray, demand: np.ndarray, lack: float, excess: float) -> float:
    """Cost of a schedule without ramps, in merit order: never above its real cost."""
    low = np.array([unit.low for unit in units])[:, None] * on
    room = np.array([unit.high - unit.low for unit in units])[:, None] * on
    price = np.array([unit.price for unit in units])
    cost = (price[:, None] * low).sum() + (np.array([unit.no_load for unit in units])[:, None] * on).sum()
    rest = demand - low.sum(axis=0)
    cost += excess * np.maximum(-rest, 0.0).sum()
    rest = np.maximum(rest, 0.0)
    for i in np.argsort(price):
        used = np.minimum(room[i], rest)
        cost += price[i] * used.sum()
        rest = rest - used
    starts = np.maximum(np.diff(np.column_stack([[unit.on for unit in units], on]), axis=1), 0).sum(axis=1)
    return float(cost + lack * rest.sum() + starts @ [unit.start_cost for unit in units])


def cheapest(units: list[Unit], demand: np.ndarray, lack: float, excess: float) -> Outcome:
    """The best of all schedules."""
    every = schedules(units, demand.size)
    floors = np.array([floor_cost(units, on, demand, lack, excess) for on in every])
    best = Outcome(np.zeros((len(units), demand.size)), np.inf)
    for k in np.argsort(floors):
        if floors[k] >= best.cost:
            break
        cost = dispatch(units, every[k], demand, lack, excess)
        if cost < best.cost:
            best = Outcome(every[k], cost)
    return best
