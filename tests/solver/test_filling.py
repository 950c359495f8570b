"""Columns that are chosen last, against the same problem with all rows stated at once."""

import cvxpy as cp
import numpy as np
import pytest

from gridopt.errors import SolverError
from gridopt.solver import filling
from gridopt.solver.lazy import LazyLimits, MonitoredLimits
from gridopt.solver.lazy_rows import LazyRows
from gridopt.solver.session import LiveProblem
from gridopt.solver.window import BoundWindow

PLANTS, HOURS = 4, 6


class Reserve:
    """Plants with capacities and prices that cover a demand and hold a reserve, each no more than its head room."""

    def __init__(self, seed, needed_mw):
        rng = np.random.default_rng(seed)
        capacity, price = rng.uniform(40, 80, PLANTS), rng.uniform(10, 60, PLANTS)
        self.output = cp.Variable((PLANTS, HOURS), bounds=[0.0, np.tile(capacity[:, None], HOURS)])
        self.held = cp.Variable((PLANTS, HOURS), bounds=[0.0, 30.0])
        self.short = cp.Variable(HOURS, bounds=[0.0, needed_mw])
        self.unserved = cp.Variable(HOURS, bounds=[0.0, 1e3])
        demand = rng.uniform(60, 200, HOURS)
        self.rows = [
            cp.sum(self.held, axis=0) + self.short >= np.full(HOURS, needed_mw),
            self.output + self.held <= np.tile(capacity[:, None], HOURS),
        ]
        cost = cp.sum(price @ self.output) + 900 * cp.sum(self.short) + 2000 * cp.sum(self.unserved)
        balance = cp.sum(self.output, axis=0) + self.unserved == demand
        self.problem = cp.Problem(cp.Minimize(cost + 0.0 * cp.sum(self.held)), [balance])

    def stated(self):
        """Optimum of the problem with all rows, and the price of the requirement."""
        whole = cp.Problem(self.problem.objective, [*self.problem.constraints, *self.rows])
        whole.solve(solver=cp.HIGHS)
        return whole.value

    def lazy(self):
        """Rows that entered, with the solution in the variables."""
        live = LiveProblem(self.problem)
        rows = LazyRows(live, self.rows, [self.held])
        live.refresh()
        rows.rebind()
        limits = LazyLimits(live, self.output, MonitoredLimits(np.zeros((0, PLANTS)), np.zeros(0)))
        limits.rebind(np.zeros((0, HOURS)), np.zeros((0, HOURS)))
        BoundWindow(live, limits, rows).solve(lambda: np.zeros(0, np.int32))
        rows.unpack()
        return rows.n_rows


def broken(system):
    return max(float(np.max(row.violation())) for row in system.rows)


@pytest.mark.parametrize("needed_mw", [5.0, 40.0, 90.0, 400.0])
@pytest.mark.parametrize("seed", range(4))
def test_optimum_is_that_of_all_rows_stated(seed, needed_mw):
    system = Reserve(seed, needed_mw)
    best = system.stated()
    system.lazy()
    assert system.problem.objective.value == pytest.approx(best, rel=1e-8)
    assert broken(system) < 1e-5


@pytest.mark.parametrize("seed", range(4))
def test_a_filling_that_does_not_end_leaves_its_rows_to_the_model(seed, monkeypatch):
    monkeypatch.setattr(filling, "most_iterations", lambda *_: 0)
    system = Reserve(seed, 90.0)
    best = system.stated()
    assert system.lazy() > 0
    assert system.problem.objective.value == pytest.approx(best, rel=1e-8)
    assert broken(system) < 1e-5


def test_reserve_that_is_there_anyway_states_no_row():
    system = Reserve(0, 5.0)
    assert system.lazy() == 0
    assert np.all(system.held.value.sum(axis=0) >= 5.0 - 1e-6)


def test_scarce_reserve_has_its_price():
    system = Reserve(1, 400.0)
    assert system.lazy() > 0
    assert system.rows[0].dual_value.max() == pytest.approx(900.0)


def test_columns_with_a_cost_are_refused():
    system = Reserve(0, 5.0)
    system.problem = cp.Problem(
        cp.Minimize(system.problem.objective.expr + cp.sum(system.held)), system.problem.constraints
    )
    with pytest.raises(SolverError, match="has a cost"):
        system.lazy()
