"""Windows, guide, proof and diagnosis of a horizon whose balance holds losses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gridopt.errors import InfeasibleError
from gridopt.horizon.rolling import solve_horizon
from gridopt.model.losses import Losses
from gridopt.model.system import System
from gridopt.solver.program import compile_problem
from tests.horizon.random_cases import random_case, whole_system
from tests.model.systems import bound_model, case_of
from tests.results.lossy import LINEAR, linearised, ring_case, with_resistance

ROUNDING = 1e-7


def case(net, series, **horizon):
    usual = {"mode": "rolling", "window_h": 24, "look_ahead_h": 24, "end_storage": "free", "certificate": True}
    policy = {"dr_share_of_peak": 0.05, "chp_mode": "min_output"}
    settings = {"losses": "linear", "line_loss_rate": 0.02, "policy": policy}
    return case_of(with_resistance(net), series, horizon=usual | horizon, **settings)


@pytest.mark.parametrize("guide", ["off", "on"])
@pytest.mark.parametrize(("build", "seed"), [(random_case, 1), (random_case, 2), (whole_system, 2)])
def test_bound_best_and_windows_stand_in_order(build, seed, guide):
    net, series = build(seed, 72)
    system = linearised(case(net, series, certificate=False))
    assert np.ptp(system.losses.factor) > 1e-3

    def solved(**horizon):
        return solve_horizon(replace(system, case=case(net, series, guide_step_h=4, guide=guide, **horizon)))

    windows = solved(proof_rounds=2)
    best = solved(mode="monolithic", certificate=False).objective_cny
    slack = ROUNDING * max(abs(best), 1.0)
    assert windows.proof.lower_bound_cny <= best + slack
    assert best <= windows.objective_cny + slack
    assert windows.proof.lower_bound_cny > best - 0.2 * abs(best)


def test_one_window_is_proven_to_rounding():
    net, series = random_case(5, 24)
    system = linearised(case(net, series))
    record = solve_horizon(system)
    assert record.proof.lower_bound_cny == pytest.approx(record.objective_cny, rel=1e-7)


def test_factors_are_coefficients_and_the_rest_stands_on_the_right():
    """A MW of the cheap plant adds 1 less its factor to the balance; the windows differ on the right alone."""
    system = linearised(ring_case(6))
    _, model = bound_model(ring_case(6))
    assert model.balance.args[1].value == pytest.approx(model.system.losses.offset_mw)
    weights = system.balance_weights().toarray()
    np.testing.assert_allclose(weights, 1.0 - system.losses.factor[None, :])
    program = compile_problem(model.problem)[0]
    offset = model.system.losses.offset_mw[0]
    constant = (model.system.part("demand").demand_mw).sum(axis=0)
    found = [np.isclose(program.row_lower, right).any() for right in offset + constant]
    assert all(found)


def test_losses_of_coarse_steps_are_means():
    system = linearised(ring_case(12))
    losses = system.losses
    coarse = losses.coarse(4)
    assert isinstance(coarse, Losses)
    np.testing.assert_allclose(coarse.offset_mw, losses.offset_mw.reshape(1, 3, 4).mean(axis=2))
    np.testing.assert_array_equal(coarse.factor, losses.factor)


def test_what_lacks_is_told_with_losses():
    """The town may not go without, and half of the plants are gone: the balance lacks what they can't give."""
    prices = {"value_of_lost_load_cny_per_mwh": None}
    net = ring_case(3).net
    net.gen["max_p_mw"] = [150.0, 20.0]
    series = ring_case(3).profiles
    small = case_of(net, series, prices=prices, **LINEAR)
    with pytest.raises(InfeasibleError, match=r"bus 1\): power is short"):
        solve_horizon(System.read(small))


def test_the_same_result_twice():
    first, second = (solve_horizon(linearised(ring_case(6))) for _ in range(2))
    np.testing.assert_array_equal(first.injection_mw, second.injection_mw)
