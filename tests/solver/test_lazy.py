"""Lazily added limits against the same model with every limit written out."""

import cvxpy as cp
import numpy as np
import pytest

from gridopt.errors import InfeasibleError, SolverError
from gridopt.solver import lazy, window
from gridopt.solver.lazy import LazyLimits, MonitoredLimits
from gridopt.solver.lazy_rows import LazyRows
from gridopt.solver.session import LiveProblem, SolverOptions
from gridopt.solver.window import BoundWindow
from gridopt.solver.worst_limits import FLOW_TOLERANCE_MW

NODES, HOURS, LIMITS = 7, 5, 30


class Market:
    """Generators at nodes, demand as a parameter, random flow factors; unserved demand keeps it feasible."""

    def __init__(self, seed, valve=True):
        rng = np.random.default_rng(seed)
        self.rng = rng
        self.demand = cp.Parameter((NODES, HOURS))
        self.output = cp.Variable((NODES, HOURS), bounds=[0.0, 200.0])
        price = rng.uniform(10, 60, NODES)
        self.injection = self.output - self.demand
        cost = cp.sum(price @ self.output)
        if valve:
            self.unserved = cp.Variable((NODES, HOURS), bounds=[0.0, 1e4])
            self.injection = self.injection + self.unserved
            cost = cost + 1000 * cp.sum(self.unserved)
        self.balance = cp.sum(self.injection, axis=0) == 0
        self.problem = cp.Problem(cp.Minimize(cost), [self.balance])
        self.limits = MonitoredLimits(rng.uniform(-1, 1, (LIMITS, NODES)), rng.uniform(-5, 5, LIMITS))
        self.draw()

    def draw(self):
        self.demand.value = self.rng.uniform(20, 100, (NODES, HOURS))
        self.upper = self.rng.uniform(30, 80, (LIMITS, HOURS))
        self.lower = -self.rng.uniform(30, 80, (LIMITS, HOURS))
        self.lower[0] = -np.inf

    def written_out(self):
        """Cost and duals with all rows: (cost, μ⁻ − μ⁺)."""
        flow = self.limits.matrix @ self.injection + self.limits.offset_mw[:, None]
        below, above = flow[1:] >= self.lower[1:], flow <= self.upper
        problem = cp.Problem(self.problem.objective, [self.balance, below, above])
        problem.solve(solver=cp.HIGHS)
        shadow = -above.dual_value
        shadow[1:] += below.dual_value
        return problem.value, shadow


def lazy_model(market, **options):
    live = LiveProblem(market.problem, SolverOptions(**options))
    return live, LazyLimits(live, market.injection, market.limits)


def solve(live, limits):
    """Flows of the solution that breaks no limit."""
    BoundWindow(live, limits, LazyRows(live, [])).solve(lambda: np.zeros(0, np.int32))
    return limits.limits.flow_mw(limits.injected_mw(live.values()))


@pytest.mark.parametrize("start", ["basis", "presolve"])
@pytest.mark.parametrize("seed", range(4))
def test_lazy_rows_give_the_cost_of_all_rows(seed, start):
    market = Market(seed)
    live, limits = lazy_model(market, start=start)
    for _ in range(4):
        live.refresh()
        limits.rebind(market.lower, market.upper)
        flow = solve(live, limits)
        live.unpack()
        cost, shadow = market.written_out()
        assert market.problem.value >= cost - 1e-6 * abs(cost) - 1000 * FLOW_TOLERANCE_MW
        live_cost = live.objective()
        assert live_cost == pytest.approx(cost, rel=1e-5)
        assert (flow <= market.upper + FLOW_TOLERANCE_MW).all()
        assert (flow >= market.lower - FLOW_TOLERANCE_MW).all()
        assert 0 < limits.n_rows < LIMITS * HOURS
        prices = limits.shadow_prices()
        binding = np.abs(shadow) > 1e-6
        assert binding.any()
        np.testing.assert_allclose(prices, shadow, atol=1e-5)
        market.draw()


def test_other_hours_of_broken_limits_spare_runs(monkeypatch):
    """A limit enters in all its hours; without that the costs are the same, and more runs are needed in all."""
    runs, costs = {}, {}
    for few in (0, LIMITS):
        monkeypatch.setattr(lazy, "_FEW_LIMITS", few)
        runs[few], costs[few] = 0, []
        for seed in range(6):
            market = Market(seed)
            live, limits = lazy_model(market)
            live.refresh()
            limits.rebind(market.lower, market.upper)
            bound = BoundWindow(live, limits, LazyRows(live, []))
            bound.solve(lambda: np.zeros(0, np.int32))
            runs[few] += bound.rounds
            costs[few].append(live.objective())
            limit, _, _ = limits.stated()
            _, hours = np.unique(limit, return_counts=True)
            assert (hours == HOURS).all() == (few > 0)
    np.testing.assert_allclose(costs[0], costs[LIMITS], rtol=1e-5)
    assert runs[LIMITS] < runs[0]


def test_injections_and_flows_are_those_of_the_solution():
    market = Market(11)
    live, limits = lazy_model(market)
    live.refresh()
    limits.rebind(market.lower, market.upper)
    flow = solve(live, limits)
    live.unpack()
    injection = limits.injected_mw(live.values())
    np.testing.assert_allclose(injection, market.injection.value, atol=1e-6)
    np.testing.assert_allclose(flow, market.limits.flow_mw(injection))


def test_rows_of_the_window_before_follow_new_limits():
    # Rows stay in the model; with limits that never bind the cost is that of no limits at all.
    market = Market(13)
    live, limits = lazy_model(market, start="basis")
    live.refresh()
    limits.rebind(market.lower, market.upper)
    solve(live, limits)
    assert limits.n_rows
    wide = np.full((LIMITS, HOURS), 1e6)
    live.refresh()
    limits.rebind(-wide, wide)
    solve(live, limits)
    market.problem.solve(solver=cp.HIGHS)
    assert live.objective() == pytest.approx(market.problem.value, rel=1e-9)
    np.testing.assert_allclose(limits.shadow_prices(), 0.0, atol=1e-9)


def test_limits_without_a_way_out_are_infeasible():
    market = Market(14, valve=False)
    live, limits = lazy_model(market)
    live.refresh()
    limits.rebind(np.full((LIMITS, HOURS), 1.0), np.full((LIMITS, HOURS), 1.5))
    with pytest.raises(InfeasibleError):
        solve(live, limits)


def test_no_limits_at_all():
    market = Market(15)
    live = LiveProblem(market.problem)
    limits = LazyLimits(live, market.injection, MonitoredLimits(np.zeros((0, NODES)), np.zeros(0)))
    live.refresh()
    limits.rebind(np.zeros((0, HOURS)), np.zeros((0, HOURS)))
    assert solve(live, limits).shape == (0, HOURS)
    assert limits.n_rows == 0


def test_rounds_are_bounded_and_unbound_limits_are_an_error(monkeypatch):
    market = Market(16)
    live, limits = lazy_model(market)
    live.refresh()
    with pytest.raises(SolverError, match="not bound"):
        solve(live, limits)
    limits.rebind(market.lower, market.upper)
    monkeypatch.setattr(window, "_MAX_ROUNDS", 1)
    with pytest.raises(SolverError, match="still broken"):
        solve(live, limits)
