"""Seams between windows: no equation of any component may break there."""

import numpy as np
import pytest

from gridopt.model.system import System
from tests.horizon.equations import check
from tests.horizon.random_cases import random_case
from tests.model.systems import case_of, grid, load, output, profiles, solve, thermal, wind

STEPS = 24


@pytest.mark.parametrize("seed", range(30))
def test_four_windows_keep_every_equation(seed):
    net, series = random_case(seed, STEPS)
    horizon = {"window_h": 6, "look_ahead_h": [3, 6, 12][seed % 3]}
    system, record = solve(case_of(net, series, horizon=horizon))
    assert len(record.windows) == 4
    check(system, record)


def test_monolithic_run_keeps_every_equation():
    net, series = random_case(99, STEPS)
    check(*solve(case_of(net, series)))


@pytest.mark.parametrize("setting", [{"network_level": "copperplate"}, {"unit_commitment": "off"}])
def test_other_levels_keep_every_equation(setting):
    net, series = random_case(7, STEPS)
    check(*solve(case_of(net, series, horizon={"window_h": 6, "look_ahead_h": 6}, **setting)))


def test_windows_shorter_than_the_minimum_times_keep_them():
    # A unit that started in hour 1 stays on ten hours, through five windows of two hours, although wind covers
    # all demand from hour 2 on.
    net = grid()
    load(net, 0, 100.0)
    wind(net, 0, 100.0, "wind")
    columns = {"min_up_h": 10.0, "min_down_h": 10.0, "initial_on_units": 0}
    thermal(net, 0, 1, 40.0, 100.0, 300.0, **columns)
    series = profiles(14, wind=("availability", [0.0] + [1.0] * 13))
    system, record = solve(case_of(net, series, horizon={"window_h": 2, "look_ahead_h": 0}))
    on = output(record, "thermal", "generator_on_units")[0]
    np.testing.assert_allclose(on, [1.0] * 10 + [0.0] * 4, atol=1e-4)
    check(system, record)


def test_a_stop_in_the_first_hour_of_a_window_keeps_the_shutdown_ramp():
    # Without look-ahead the first window leaves the unit at 100 MW; a stop needs 50 MW or less, so it can't stop
    # at once although there is no demand left: it runs one more hour.
    net = grid()
    load(net, 0, 100.0, "load")
    thermal(net, 0, 1, 40.0, 100.0, 300.0, shutdown_ramp_mw=50.0, initial_on_units=1)
    series = profiles(4, load=("demand", [1.0, 1.0, 0.0, 0.0]))
    system, record = solve(case_of(net, series, horizon={"window_h": 2, "look_ahead_h": 0}))
    np.testing.assert_allclose(output(record, "thermal", "generator_on_units")[0], [1, 1, 1, 0], atol=1e-4)
    check(system, record)


def test_a_system_can_be_solved_twice_with_the_same_result():
    net, series = random_case(3, STEPS)
    case = case_of(net, series, horizon={"window_h": 6, "look_ahead_h": 6})
    first, second = (solve(case)[1].objective_cny for _ in range(2))
    assert first == second
    assert System.read(case).initial_state().keys() == System.read(case).initial_state().keys()
