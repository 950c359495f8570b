"""Stretches of the horizon solved at once: they meet, keep every equation, and give one result for any threads."""

import numpy as np
import pytest

from gridopt.horizon.held import differing
from gridopt.horizon.rolling import solve_horizon
from gridopt.horizon.stretches import Stretches
from gridopt.model.budget import BudgetLimit
from gridopt.model.system import System
from tests.horizon.audited import audited
from tests.horizon.random_cases import whole_system
from tests.model.systems import case_of, hydro

STEPS = 12 * 24


def year(seed, *, mode="parallel", unit_commitment="relaxed", **horizon):
    """Twelve days in windows of one day, three stretches; a reservoir for weeks."""
    usual = {"window_h": 24, "look_ahead_h": 24, "mode": mode, "stretches": 3, "guide": "on", "end_storage": "free"}
    usual["certificate"] = True
    policy = {"dr_share_of_peak": 0.05, "chp_mode": ["heat_zone", "min_output"][seed % 2]}
    settings = {"policy": policy, "unit_commitment": unit_commitment, "solver": {"mip_gap": 1e-3}}
    net, profiles = whole_system(seed, STEPS)
    hydro(net, 2, 20.0, max_e_mwh=4000.0, start_e_mwh=2000.0, inflow_mw=8.0)
    return case_of(net, profiles, horizon=usual | horizon, **settings)


@pytest.fixture
def met(monkeypatch):
    """Whether the stretches met, each time they tried."""
    tried = []
    usual = Stretches._met

    def meet(*args):
        found = usual(*args)
        tried.append(found is not None)
        return found

    monkeypatch.setattr(Stretches, "_met", meet)
    return tried


@pytest.fixture
def carried(monkeypatch):
    """Whether flows could be held, for each window that was found from other levels."""
    tried = []
    usual = Stretches._carried

    def carry(self, found, before):
        following = found.get(before.span.start + before.span.core)
        others = following is not None and before.meets(following)
        result = usual(self, found, before)
        if others:
            tried.append(result is not None)
        return result

    monkeypatch.setattr(Stretches, "_carried", carry)
    return tried


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_stretches_meet_and_keep_every_equation(seed, met):
    result = audited(year(seed))
    assert met[:2] == [True, True]  # both seams at the first try
    in_turn = audited(year(seed, mode="rolling")).summary["objective_cny"]
    assert result.summary["objective_cny"] == pytest.approx(in_turn, rel=0.02)


@pytest.mark.parametrize("by_mwh", [-300.0, pytest.param(300.0, marks=pytest.mark.slow)])
def test_levels_that_were_guessed_wrong_are_mended(monkeypatch, met, carried, by_mwh):
    usual = Stretches._guess

    def wrong(self, number, start):
        state = usual(self, number, start)
        level = state["hydro"]["level_mwh"].copy()
        level[np.argmax(level)] += by_mwh  # the water of fifteen hours
        return {**state, "hydro": {**state["hydro"], "level_mwh": level}}

    monkeypatch.setattr(Stretches, "_guess", wrong)
    audited(year(3))
    assert met[:2] == [True, True]
    assert sum(carried) >= 4  # of the eight windows behind the first stretch


def test_stretches_of_whole_units_keep_every_equation(met):
    audited(year(2, unit_commitment="integer"))
    assert met[:2] == [True, True]


def test_any_number_of_threads_gives_the_same(met):
    one, two = (solve_horizon(System.read(year(2)), threads=threads) for threads in (1, 3))
    for name, outputs in one.outputs.items():
        for output, values in outputs.items():
            np.testing.assert_array_equal(values, two.outputs[name][output])
    assert one.proof.lower_bound_cny == two.proof.lower_bound_cny


def test_stretches_that_do_not_meet_are_solved_in_turn(monkeypatch):
    monkeypatch.setattr(Stretches, "_met", lambda *_: None)
    result = audited(year(1))
    assert result.dataset.sizes["window"] == 12


def test_stretches_that_meet_later_keep_what_was_found_behind(monkeypatch):
    usual, tried = Stretches._met, []

    def second_time(self, solvers, spans, *rest):
        tried.append(spans[0].start)
        return None if len(tried) <= 2 else usual(self, solvers, spans, *rest)

    monkeypatch.setattr(Stretches, "_met", second_time)
    result = audited(year(2))
    assert result.dataset.sizes["window"] < 12
    assert len(tried) >= 4  # each seam once more


@pytest.mark.slow
def test_a_guess_that_leads_nowhere_costs_only_time(monkeypatch):
    usual = Stretches._head
    monkeypatch.setattr(Stretches, "_head", lambda self, number: None if number == 1 else usual(self, number))
    assert audited(year(0)).dataset.sizes["window"] < 12  # the third stretch is met


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_the_bound_of_stretches_holds(seed):
    system = System.read(year(seed))
    best = solve_horizon(System.read(year(seed, mode="monolithic", certificate=False))).objective_cny
    record = solve_horizon(system)
    slack = 1e-7 * abs(best)
    assert record.proof.lower_bound_cny <= best + slack
    assert best <= record.objective_cny + slack


def test_states_differ_in_what_limits_later_hours():
    one = {"storage": {"energy_mwh": np.array([5.0])}, "budget": {"used": np.zeros(1)}}
    same = {"storage": {"energy_mwh": np.array([5.0])}, "budget": {"used": np.ones(1)}}
    other = {"storage": {"energy_mwh": np.array([5.1])}, "budget": {"used": np.zeros(1)}}
    assert differing(one, same) == set()
    assert differing(one, other) == {"energy_mwh"}


def test_shares_of_an_amount_add_up():
    use = np.array([3.0, 1.0, 0.0, 4.0, 1.0, 1.0])
    least = BudgetLimit("energy", "MWh", "least", np.full(6, 8.0), 1.0, planned=np.cumsum(use)).closed_at([2, 4], 1.0)
    np.testing.assert_allclose(least.limit[[1, 3, 5]], [3.2, 6.4, 8.0])  # 8 of the 10 that are planned
    most = BudgetLimit("energy", "MWh", "most", np.full(6, 16.0), 1.0, planned=np.cumsum(use)).closed_at([2, 4], 1.0)
    np.testing.assert_allclose(most.limit[[1, 3, 5]], [6.0, 12.0, 16.0])  # 6 are left over, 2 for each part
