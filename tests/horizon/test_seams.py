"""Seams between windows: no equation of any component may break there."""

import numpy as np
import pytest

from gridopt.model.system import System
from tests.horizon.audited import audited
from tests.horizon.random_cases import whole_system
from tests.model.systems import case_of, grid, load, profiles, solve, thermal, wind

STEPS = 24


def four_windows(seed, **settings):
    """A random system with every component in windows of six hours, with little or much look-ahead."""
    net, series = whole_system(seed, STEPS)
    policy = {
        "dr_share_of_peak": 0.05,
        "chp_mode": ["min_output", "heat_zone"][seed % 2],
        "dr_mode": ["economic", "economic", "drill", "peak_shaving"][seed % 4],
    }
    horizon = {"window_h": 6, "look_ahead_h": [3, 6, 12][seed % 3]}
    # the equations hold for any schedule: a rough one is enough
    return case_of(net, series, horizon=horizon, policy=policy, solver={"mip_gap": 0.02}, **settings)


@pytest.mark.parametrize("seed", range(10))
def test_four_windows_keep_every_equation(seed):
    assert audited(four_windows(seed)).dataset.sizes["window"] == 4


@pytest.mark.parametrize("seed", range(100, 104))
def test_four_windows_of_whole_units_keep_every_equation(seed):
    assert audited(four_windows(seed, unit_commitment="integer")).dataset.sizes["window"] == 4


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200, 500))
def test_300_systems_of_whole_units_keep_every_equation(seed):
    assert audited(four_windows(seed, unit_commitment="integer")).dataset.sizes["window"] == 4


def test_monolithic_run_keeps_every_equation():
    net, series = whole_system(99, STEPS)
    audited(case_of(net, series))


@pytest.mark.parametrize("setting", [{"network_level": "copperplate"}, {"unit_commitment": "off"}])
def test_other_levels_keep_every_equation(setting):
    net, series = whole_system(7, STEPS)
    audited(case_of(net, series, horizon={"window_h": 6, "look_ahead_h": 6}, **setting))


def units_on(case):
    return audited(case).dataset["generator_on_units"].sel(generator="gen 0").to_numpy()


def test_windows_shorter_than_the_minimum_times_keep_them():
    # A unit that started in hour 1 stays on ten hours, through five windows of two hours, although wind covers
    # all demand from hour 2 on.
    net = grid()
    load(net, 0, 100.0)
    wind(net, 0, 100.0, "wind")
    columns = {"min_up_h": 10.0, "min_down_h": 10.0, "initial_on_units": 0}
    thermal(net, 0, 1, 40.0, 100.0, 300.0, **columns)
    series = profiles(14, wind=("availability", [0.0] + [1.0] * 13))
    on = units_on(case_of(net, series, horizon={"window_h": 2, "look_ahead_h": 0}))
    np.testing.assert_allclose(on, [1.0] * 10 + [0.0] * 4, atol=1e-4)


def test_a_stop_in_the_first_hour_of_a_window_keeps_the_shutdown_ramp():
    # Without look-ahead the first window leaves the unit at 100 MW; a stop needs 50 MW or less, so it can't stop
    # at once although there is no demand left: it runs one more hour.
    net = grid()
    load(net, 0, 100.0, "load")
    thermal(net, 0, 1, 40.0, 100.0, 300.0, shutdown_ramp_mw=50.0, initial_on_units=1)
    series = profiles(4, load=("demand", [1.0, 1.0, 0.0, 0.0]))
    on = units_on(case_of(net, series, horizon={"window_h": 2, "look_ahead_h": 0}))
    np.testing.assert_allclose(on, [1, 1, 1, 0], atol=1e-4)


def test_a_system_can_be_solved_twice_with_the_same_result():
    net, series = whole_system(3, STEPS)
    case = case_of(net, series, horizon={"window_h": 6, "look_ahead_h": 6})
    first, second = (solve(case)[1].objective_cny for _ in range(2))
    assert first == second
    assert System.read(case).initial_state().keys() == System.read(case).initial_state().keys()
