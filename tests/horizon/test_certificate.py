"""The lower bound of the horizon: valid whatever the multipliers are, and close where the windows are good."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from gridopt.errors import SolverError
from gridopt.horizon import proof
from gridopt.horizon.certificate import Certificate
from gridopt.horizon.proof import Prover
from gridopt.horizon.rolling import solve_horizon
from gridopt.model.system import System
from gridopt.solver import dual_bound
from gridopt.solver.dual_bound import Rows
from tests.horizon.random_cases import random_case, whole_system
from tests.model.systems import case_of, grid, load, profiles, thermal, wind

ROUNDING = 1e-7


def solved(net, series, *, mode="rolling", **settings):
    """Record of a case whose stores are worth nothing at the end, so that all ways have one objective."""
    usual = {"window_h": 24, "look_ahead_h": 24, "mode": mode, "end_storage": "free", "certificate": mode == "rolling"}
    horizon = usual | settings.pop("horizon", {})
    policy = {"dr_share_of_peak": 0.05, "chp_mode": "min_output"}
    return solve_horizon(System.read(case_of(net, series, horizon=horizon, policy=policy, **settings)))


def encloses(net, series, **settings):
    """Bound, best cost of the horizon as one problem, cost of the windows."""
    windows = solved(net, series, **settings)
    best = solved(net, series, mode="monolithic", **settings).objective_cny
    slack = ROUNDING * max(abs(best), 1.0)
    assert windows.proof.lower_bound_cny <= best + slack
    assert best <= windows.objective_cny + slack + settings.get("solver", {}).get("mip_gap", 0.0) * abs(best)
    return windows.proof.lower_bound_cny, best, windows.objective_cny


@pytest.mark.parametrize("seed", range(4))
def test_bound_best_and_windows_stand_in_order(seed):
    encloses(*whole_system(seed, 72), horizon={"proof_rounds": 2})


def test_bound_holds_for_whole_units():
    encloses(*random_case(3, 72), unit_commitment="integer", solver={"mip_gap": 1e-4}, horizon={"proof_rounds": 1})


@pytest.mark.slow
@pytest.mark.parametrize("unit_commitment", ["relaxed", "integer"])
@pytest.mark.parametrize("seed", range(20, 40))
def test_bound_best_and_windows_of_two_weeks_stand_in_order(seed, unit_commitment):
    encloses(*random_case(seed, 336), unit_commitment=unit_commitment, solver={"mip_gap": 1e-3})


def test_one_window_is_proven_to_rounding():
    lower, best, found = encloses(*whole_system(5, 24), horizon={"window_h": 24, "look_ahead_h": 0})
    np.testing.assert_allclose([lower, found], best, rtol=1e-7)


def test_a_broken_budget_of_one_window_is_counted_once():
    # More wind than load: 140 MWh are curtailed beyond the cap, at 2,000 CNY each, whatever the schedule.  The whole
    # unit leaves a gap, so the proof would go on to the prices of the budgets.
    net = grid()
    load(net, 0, 50.0)
    thermal(net, 0, 2, 20.0, 45.0, 300.0, start_cost_cny=9000.0, initial_on_units=0)
    wind(net, 0, 100.0, "wind")
    series = profiles(8, wind=("availability", [0.9, 0.1] * 4))
    horizon = {"window_h": 8, "look_ahead_h": 0, "certificate": True, "proof_rounds": 6, "gap": 1e-9}
    policy = {"max_curtailment_rate": 0.05}
    for unit_commitment in ("relaxed", "integer"):
        case = case_of(net, series, horizon=horizon, policy=policy, unit_commitment=unit_commitment)
        record = solve_horizon(System.read(case))
        assert record.proof.lower_bound_cny <= record.objective_cny * (1 + ROUNDING)


def test_any_multipliers_give_a_bound(monkeypatch):
    net, series = whole_system(11, 72)
    kept = []
    monkeypatch.setattr(Prover, "prove", lambda self, *_: kept.append((self.certificate.pieces, self.system)))
    solved(net, series)
    monkeypatch.undo()
    best = solved(net, series, mode="monolithic").objective_cny
    pieces, system = kept[0]
    budgets = tuple(limit for _, limit in system.budgets)
    random = np.random.default_rng(0)
    bounds = []
    for size in (0.0, 1.0, 30.0):
        shaken = [
            replace(piece, inside=_shaken(piece.inside, size, random), seam=_shaken(piece.seam, size, random))
            for piece in pieces
        ]
        prices = random.uniform(0.0, 100.0, len(budgets)) * (size > 0)
        certificate = Certificate(budgets, prices)
        for piece in shaken:
            certificate.add(piece)
        bounds.append(certificate.bound_cny)
        certificate.settle()
        bounds.append(certificate.bound_cny)
        certificate.mend()
        bounds.append(certificate.bound_cny)
        certificate.follow()
        bounds.append(certificate.bound_cny)
        assert bounds[-4] <= bounds[-3] <= bounds[-2] <= bounds[-1]  # it never falls
        _kept_in_step(certificate)
    assert max(bounds) <= best + ROUNDING * abs(best)


def _kept_in_step(certificate):
    """Reduced costs that are carried along are those of the multipliers."""
    again = Certificate(certificate.budgets, certificate.price_cny)
    for piece in certificate.pieces:
        again.add(piece)
    for carried, own in zip(certificate.reduced, again.reduced, strict=True):
        np.testing.assert_allclose(carried, own, atol=1e-6, rtol=1e-9)


def _shaken(rows, size, random):
    return replace(rows, dual=rows.dual + random.normal(0.0, size, rows.dual.shape)).sound()


def test_start_states_held_fast_give_no_bound(monkeypatch):
    # What the windows handed over is not what the best schedule hands over: with it held fast, the "bound" exceeds
    # the best cost of some system.  This is the mistake that leaving out the rows on the state handed over avoids.
    def remember(self, window, program, lazy_upper):
        self._own = np.zeros(program.row_lower.size, np.bool_)
        self._lazy = np.zeros(lazy_upper.size, np.bool_)

    monkeypatch.setattr(proof._Reader, "_find_forgotten", remember)
    exceeded = 0
    for seed in range(2):
        net, series = whole_system(seed, 72)
        bound = solved(net, series, horizon={"look_ahead_h": 6}).proof.lower_bound_cny
        best = solved(net, series, mode="monolithic").objective_cny
        exceeded += bound > best + 1e-6 * abs(best)
    assert exceeded


@pytest.mark.parametrize("end_storage", ["cyclic", "value"])
def test_every_end_of_the_horizon_is_proven(end_storage):
    windows = solved(*whole_system(6, 72), horizon={"end_storage": end_storage, "proof_rounds": 1})
    assert windows.unproven == ""
    assert windows.proof.lower_bound_cny <= windows.objective_cny


def test_guide_leaves_the_bound_valid():
    lower, _best, found = encloses(*whole_system(2, 96), horizon={"guide": "on", "guide_step_h": 4})
    assert lower < found


@pytest.mark.parametrize(
    ("windows", "gap", "rounds"),
    [(1, 1e-3, (0, 0)), (10, None, (6, 6)), (10, 1e-3, (8, 6)), (91, None, (0, 0)), (91, 1e-3, (8, 0))],
)
def test_the_proof_of_a_long_horizon_goes_on_where_a_gap_is_asked_for(windows, gap, rounds):
    prover = Prover(System.read(case_of(*whole_system(1, 24), horizon={"gap": gap})))
    prover.certificate.pieces = [None] * windows
    assert prover._rounds() == rounds


@pytest.mark.parametrize("seed", [5, 17, 29])
def test_windows_that_highs_called_impossible_are_solved(seed):
    """The modes of a store in one or two hours: at its usual tolerance HiGHS found no solution, and there are some."""
    horizon = {"window_h": 24, "look_ahead_h": 24, "certificate": False}
    assert len(solved(*whole_system(seed, 96), horizon=horizon).windows) == 4


def test_rounds_at_the_same_prices_raise_the_bound(monkeypatch):
    few = {"proof_rounds": 3, "window_h": 24, "look_ahead_h": 24}
    with_rounds = solved(*whole_system(2, 96), horizon=few).proof.lower_bound_cny
    monkeypatch.setattr(Certificate, "follow", lambda *_: None)
    without = solved(*whole_system(2, 96), horizon=few | {"proof_rounds": 0}).proof.lower_bound_cny
    assert with_rounds > without


def test_proof_is_the_same_with_any_number_of_threads():
    case = case_of(*whole_system(1, 72), horizon={"window_h": 24, "look_ahead_h": 12, "certificate": True})
    one, three = (solve_horizon(System.read(case), threads=number).proof for number in (1, 3))
    assert one.lower_bound_cny == three.lower_bound_cny


def test_multipliers_that_are_not_found_leave_those_there_are(monkeypatch):
    def stuck(*_):
        raise SolverError("the multipliers of a seam were not found: Iteration limit reached")

    case = whole_system(2, 72)
    usual = solved(*case).proof.lower_bound_cny
    monkeypatch.setattr(dual_bound, "best_multipliers", stuck)
    bound = solved(*case).proof.lower_bound_cny
    assert np.isfinite(bound)
    assert bound < usual


def test_a_search_for_multipliers_ends(monkeypatch):
    # one iteration is too few for a hundred units
    monkeypatch.setattr(dual_bound, "most_iterations", lambda *_: 1)
    random = np.random.default_rng(0)
    rows = Rows(sp.csr_array(random.uniform(0.5, 1.0, (40, 100))), np.ones(40), np.full(40, np.inf), np.zeros(40))
    with pytest.raises(SolverError, match="Iteration limit"):
        dual_bound.best_multipliers(random.uniform(1.0, 2.0, 100), np.zeros(100), np.ones(100), rows)
