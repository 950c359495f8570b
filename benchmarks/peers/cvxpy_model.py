"""Plain cvxpy on the problem of a benchmark: each window stated anew, as one would write it down.

Best configuration found: branch flows with the equations of the cycles (sparser than angles), limits as bounds of the
variables, the COO backend for compiling, HiGHS with one thread; HiPO without crossover for a year as one problem.
"""

from __future__ import annotations

from typing import Any

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

from benchmarks.benchmark import Outcome
from benchmarks.cases.arrays import Array, Arrays
from benchmarks.cases.problem import Problem
from benchmarks.watch import Watch

_ENOUGH_MW = 1e5
_SIMPLEX: dict[str, Any] = {"threads": 1, "parallel": "off"}
_INTERIOR = _SIMPLEX | {"solver": "hipo", "run_crossover": "off"}


class Window:
    """One window as a cvxpy problem."""

    def __init__(self, arrays: Arrays, hours: slice, start_mwh: Array, end_mwh: Array | None) -> None:
        steps = hours.stop - hours.start
        plants, stores = arrays.plants, arrays.stores
        at, sources = arrays.load_bus, arrays.source_bus
        self.plant = _bounded(plants.min_mw, plants.max_mw, steps)
        self.park = cp.Variable((len(arrays.park_bus), steps), bounds=[0, arrays.park_mw[:, hours]])
        self.lack = cp.Variable((len(at), steps), bounds=[0, arrays.demand_mw[at, hours]])
        self.excess = cp.Variable((len(sources), steps), bounds=[0, _ENOUGH_MW])
        flow = _bounded(-arrays.limit_mw, arrays.limit_mw, steps)
        balance = (
            _at(arrays, plants.bus) @ self.plant
            + _at(arrays, arrays.park_bus) @ self.park
            + _at(arrays, at) @ self.lack
            - _at(arrays, sources) @ self.excess
            - arrays.incidence() @ flow
        )
        cost = cp.sum(plants.price @ self.plant) + arrays.lost_load * cp.sum(self.lack)
        cost += arrays.excess * cp.sum(self.excess)
        rules = [sp.csr_array(arrays.cycles() * (arrays.x_pu / arrays.x_pu.mean())) @ flow == 0]
        if len(stores.bus):
            charge = _bounded(np.zeros(len(stores.bus)), stores.charge_mw, steps)
            self.discharge = _bounded(np.zeros(len(stores.bus)), stores.discharge_mw, steps)
            self.energy = _bounded(np.zeros(len(stores.bus)), stores.energy_mwh, steps)
            before = cp.hstack([start_mwh[:, None], self.energy[:, :-1]])
            gain = cp.multiply(stores.eta_charge[:, None], charge)
            loss = cp.multiply(1 / stores.eta_discharge[:, None], self.discharge)
            rules.append(self.energy == before + gain - loss)
            if end_mwh is not None:
                rules.append(self.energy[:, -1] == end_mwh)
            balance += _at(arrays, stores.bus) @ (self.discharge - charge)
            cost += cp.sum(stores.wear @ self.discharge)
        self.arrays = arrays
        self.problem = cp.Problem(cp.Minimize(cost), [*rules, balance == arrays.demand_mw[:, hours]])

    def solve(self, options: dict[str, Any]) -> None:
        """Solve to optimality."""
        self.problem.solve(solver=cp.HIGHS, canon_backend="COO", highs_options=options)
        if self.problem.status not in ("optimal", "optimal_inaccurate"):
            raise RuntimeError(f"cvxpy ended with {self.problem.status}")

    def cost_cny(self, hours: int) -> float:
        """Cost of the first hours [CNY]."""
        arrays = self.arrays
        cost = (arrays.plants.price @ self.plant.value)[:hours].sum()
        cost += arrays.lost_load * self.lack.value[:, :hours].sum() + arrays.excess * self.excess.value[:, :hours].sum()
        if len(arrays.stores.bus):
            cost += (arrays.stores.wear @ self.discharge.value)[:hours].sum()
        return float(cost)


def rolling(problem: Problem, _watch: Watch) -> Outcome:
    """Window after window, each a new problem."""
    return _windows(problem, _SIMPLEX)


def one_problem(problem: Problem, _watch: Watch) -> Outcome:
    """All hours at once, by the interior point method without crossover."""
    return _windows(problem, _INTERIOR)


def _windows(problem: Problem, options: dict[str, Any]) -> Outcome:
    arrays, cost = problem.arrays, 0.0
    level = arrays.stores.start_mwh
    for start, steps, kept in problem.spans():
        ends = start + steps == problem.hours
        back = arrays.stores.start_mwh if ends and problem.end == "cyclic" else None
        window = Window(arrays, slice(start, start + steps), level, back)
        window.solve(options)
        cost += window.cost_cny(kept)
        if len(level):
            level = np.clip(window.energy.value[:, kept - 1], 0.0, arrays.stores.energy_mwh)
    return Outcome(cost, {"windows": len(problem.spans())})


def _bounded(low: Array, high: Array, steps: int) -> cp.Variable:
    shape = (len(low), steps)
    return cp.Variable(shape, bounds=[np.broadcast_to(side[:, None], shape) for side in (low, high)])


def _at(arrays: Arrays, bus: Any) -> sp.csr_array:
    count = len(bus)
    return sp.csr_array((np.ones(count), (bus, np.arange(count))), shape=(arrays.buses, count))
