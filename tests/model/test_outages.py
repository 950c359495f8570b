"""Units out of service: given, levelised and sudden; the comment is the solution."""

import numpy as np
import pandas as pd
import pytest

from gridopt.model.outages import levelise, must_run_limit
from gridopt.model.system import System
from tests.horizon.audited import audited
from tests.model.systems import add_row, case_of, generator, grid, load, output, profiles, solve, thermal, wind


def plant(units=2, **columns):
    """Units of 50 to 100 MW at 200, all full before the horizon; the rest at 400."""
    net = grid()
    load(net, 0, 200.0)
    values = {"initial_on_units": units, "initial_p_mw": 100.0 * units}
    row = thermal(net, 0, units, 50.0, 100.0, 200.0, **(values | columns))
    generator(net, 0, 300.0, 400.0)
    return net, row


def outage(net, row, start, hours, **columns):
    add_row(net, "outage", {"element": "gen", "index": row, "start": start, "hours": hours} | columns)


def available(case):
    return System.read(case).part("thermal").available_units[0]


@pytest.mark.parametrize("commitment", ["relaxed", "integer"])
def test_a_given_overhaul_takes_units_out_and_they_come_down_in_time(commitment):
    # Out in the third and fourth hour; a unit stops from 60 MW: in the second hour one gives 60, the other 100.
    net, row = plant(shutdown_ramp_mw=120.0)
    outage(net, row, "2030-01-01 02:00", 2.0)
    _, record = solve(case_of(net, 5, unit_commitment=commitment))
    np.testing.assert_allclose(output(record, "thermal", "generator_available_units"), [[2, 2, 1, 1, 2]])
    np.testing.assert_allclose(output(record, "thermal", "generator_on_units"), [[2, 2, 1, 1, 2]], atol=1e-6)
    np.testing.assert_allclose(output(record, "thermal", "generator_p_mw"), [[200, 160, 100, 100, 200]], atol=1e-5)
    np.testing.assert_allclose(output(record, "thermal", "generator_forced_stop_units"), 0.0, atol=1e-6)


@pytest.mark.parametrize("commitment", ["relaxed", "integer"])
def test_a_unit_that_fails_trips_from_full_load_and_within_its_minimum_time(commitment):
    # Both started one hour before the horizon, minimum ten hours, 10 MW/h, stops from 60 MW: none of it holds.
    net, row = plant(
        shutdown_ramp_mw=120.0, min_up_h=10.0, ramp_down_mw_per_h=20.0, ramp_up_mw_per_h=400.0, initial_hours_in_state=1
    )
    outage(net, row, "2030-01-01 02:00", 2.0, kind="forced")
    _, record = solve(case_of(net, 5, unit_commitment=commitment))
    np.testing.assert_allclose(output(record, "thermal", "generator_p_mw"), [[200, 200, 100, 100, 200]], atol=1e-4)
    np.testing.assert_allclose(output(record, "thermal", "generator_forced_stop_units"), [[0, 0, 1, 0, 0]], atol=1e-6)


def test_minimum_time_holds_for_a_unit_that_did_not_fail():
    # Two units started one hour before the horizon, minimum four hours; one fails in the second hour.  Wind covers all
    # demand from then on: the other stays on until its time is over.
    net, row = plant(min_up_h=4.0, initial_hours_in_state=1)
    wind(net, 0, 200.0, "wind")
    outage(net, row, "2030-01-01 01:00", 9.0, kind="forced")
    series = profiles(5, wind=("availability", [0.0, 1.0, 1.0, 1.0, 1.0]))
    _, record = solve(case_of(net, series, unit_commitment="integer"))
    np.testing.assert_allclose(output(record, "thermal", "generator_on_units"), [[2, 1, 1, 0, 0]], atol=1e-6)


def test_a_trip_is_remembered_across_a_seam():
    # The same in windows of one hour: the trip of the second hour frees its unit in all that follow.
    net, row = plant(min_up_h=4.0, initial_hours_in_state=1)
    wind(net, 0, 200.0, "wind")
    outage(net, row, "2030-01-01 01:00", 9.0, kind="forced")
    series = profiles(5, wind=("availability", [0.0, 1.0, 1.0, 1.0, 1.0]))
    horizon = {"mode": "rolling", "window_h": 1, "look_ahead_h": 0}
    _, record = solve(case_of(net, series, unit_commitment="integer", horizon=horizon))
    np.testing.assert_allclose(output(record, "thermal", "generator_on_units"), [[2, 1, 1, 0, 0]], atol=1e-6)


def test_an_overhaul_that_a_window_did_not_see_lets_units_go():
    # Windows of two hours without look-ahead: at full load in the second hour, the unit has to be out in the third.
    net, row = plant(shutdown_ramp_mw=120.0)
    outage(net, row, "2030-01-01 02:00", 2.0)
    horizon = {"mode": "rolling", "window_h": 2, "look_ahead_h": 0}
    _, record = solve(case_of(net, 4, horizon=horizon))
    np.testing.assert_allclose(output(record, "thermal", "generator_p_mw"), [[200, 200, 100, 100]], atol=1e-4)
    np.testing.assert_allclose(output(record, "thermal", "generator_forced_stop_units")[0, 2], 1.0, atol=1e-6)


def test_policy_decides_which_outages_happen():
    net, row = plant()
    outage(net, row, "2030-01-01 00:00", 1.0)
    outage(net, row, "2030-01-01 02:30", 1.0, kind="forced", units=2)
    # half hours count as whole ones: out from 02:30 to 03:30 touches the third and the fourth hour
    np.testing.assert_allclose(available(case_of(net, 4)), [1, 2, 0, 0])
    np.testing.assert_allclose(available(case_of(net, 4, policy={"maintenance": "none"})), [2, 2, 0, 0])
    np.testing.assert_allclose(available(case_of(net, 4, policy={"forced_outages": False})), [1, 2, 2, 2])


def test_must_run_units_are_those_that_are_available():
    # Both units must run; one is out in the third hour and rests two hours: the other alone until the sixth.
    net, row = plant(must_run_units=2, min_down_h=3.0)
    outage(net, row, "2030-01-01 02:00", 1.0)
    data = System.read(case_of(net, 6)).part("thermal")
    np.testing.assert_allclose(data.must_run_units, [[2, 2, 1, 1, 1, 2]])
    _, record = solve(case_of(net, 6, unit_commitment="integer"))
    assert np.isfinite(record.objective_cny)


def test_units_out_before_the_first_hour_do_not_run_then():
    net, row = plant()
    outage(net, row, "2029-12-31 12:00", 14.0)
    data = System.read(case_of(net, 4)).part("thermal")
    assert data.initial_on_units == 1.0
    assert data.initial_above_min_mw == 50.0
    np.testing.assert_allclose(data.available_units, [[1, 1, 2, 2]])


def test_heating_units_come_down_to_their_stop_ramp_before_an_overhaul():
    # The heat-season minimum of 90 MW, a stop from 50 MW, 20 MW/h down, 40 up: two hours before, and after it the
    # minimum time off of two hours and one hour up, the unit need not run at it.
    net, row = plant(
        units=1,
        must_run_units=1,
        heat_zone="town",
        heat_season_min_pu=0.9,
        shutdown_ramp_mw=50.0,
        startup_ramp_mw=50.0,
        ramp_down_mw_per_h=20.0,
        ramp_up_mw_per_h=40.0,
        min_down_h=2.0,
    )
    add_row(net, "heat_zone", {"name": "town", "profile": "heat"})
    outage(net, row, "2030-01-01 04:00", 1.0)
    case = case_of(net, profiles(9, heat=("heat", np.ones(9))), unit_commitment="integer")
    np.testing.assert_allclose(System.read(case).part("thermal").must_run_units, [[1, 1, 0, 0, 0, 0, 0, 1, 1]])
    _, record = solve(case)
    assert np.isfinite(record.objective_cny)


def test_must_run_limit_looks_both_ways():
    units = np.array([[3.0, 3.0, 3.0, 1.0, 3.0, 3.0], [2.0] * 6])
    limit = must_run_limit(units, np.array([0, 9]), np.array([1, 9]))
    np.testing.assert_allclose(limit, [[3, 3, 3, 1, 1, 3], [2] * 6])


def test_overhauls_level_the_reserve_of_hand_computed_days():
    # 10 days with reserve 0 on the first five and 30, 30, 30, 20, 20 on the others.  The unit of 20 MW for three days
    # takes days 5 to 7, which leaves 10, 10, 10, 20, 20; that of 10 MW for two days takes 8 and 9; that of 5 MW for
    # one day finds 10, 10, 10, 10, 10 and takes the first of them.
    reserve = np.array([0, 0, 0, 0, 0, 30, 30, 30, 20, 20.0])
    free = np.zeros((3, 10), bool)
    first = levelise(np.array([5.0, 20.0, 10.0]), np.array([1, 3, 2]), reserve, free)
    np.testing.assert_array_equal(first, [5, 5, 8])
    # a plant that heats on days 5 to 9 waits for none of them
    avoid = free.copy()
    avoid[1, 5:] = True
    first = levelise(np.array([5.0, 20.0, 10.0]), np.array([1, 3, 2]), reserve, avoid)
    np.testing.assert_array_equal(first, [7, 0, 5])
    np.testing.assert_array_equal(levelise(np.ones(1), np.zeros(1, int), reserve, free[:1]), [-1])


def test_levelised_overhauls_follow_the_load_and_avoid_the_heating_season():
    # A year: load and heat high in winter (first and last 100 days), load low in the middle 75 days.
    steps = 8760
    net = grid()
    load(net, 0, 100.0, "load")
    thermal(net, 0, 3, 20.0, 60.0, 200.0, maintenance_days=30.0)
    heat = {"heat_zone": "town", "must_run_units": 1}
    thermal(net, 0, 1, 20.0, 90.0, 200.0, maintenance_days=40.0, **heat)
    add_row(net, "heat_zone", {"name": "town", "profile": "heat"})
    day = np.arange(steps) // 24
    shape = np.where((day >= 150) & (day < 225), 0.5, np.where((day < 100) | (day >= 265), 1.2, 1.0))
    shape = shape / shape.mean()
    series = profiles(steps, load=("demand", shape), heat=("heat", np.where((day < 100) | (day >= 265), 1.0, 0.0)))
    case = case_of(net, series, policy={"maintenance": "levelised"})
    data = System.read(case).part("thermal")
    out = data.n_units[:, None] - data.available_units
    out = out[:, ::24]  # whole days
    day = day[::24]
    np.testing.assert_allclose(out.sum(axis=1), [90, 40])
    # The largest, 90 MW, into the first 40 days of low load, which then have less reserve than days of middle load; one
    # of 60 MW into the next 30.  Five days of low load are left: for 30 days the least reserve is that of middle load
    # wherever they lie, so the third unit takes the first such days, and the last one the first that are then left.
    first, last = ([np.flatnonzero(np.diff(row, prepend=0, append=0) == sign) for row in out] for sign in (1, -1))
    np.testing.assert_array_equal(np.concatenate([first[1], last[1]]), [150, 190])
    assert (out[0, 100:130] == 1).all()
    assert (out[0, 190:250] == 1).all()
    # a part of the year has the same plan
    part = case.override({"start": pd.Timestamp("2030-06-01").isoformat(), "hours": 24 * 30})
    cut = System.read(part).part("thermal")
    np.testing.assert_allclose(cut.available_units, data.available_units[:, 151 * 24 : 181 * 24])


def test_a_short_horizon_has_its_share_of_the_days():
    # 73 of 365 days: a fifth of 20 days.
    net, _ = plant(maintenance_days=20.0)
    case = case_of(net, profiles(73 * 24), policy={"maintenance": "levelised"})
    np.testing.assert_allclose((2 - available(case)).sum(), 8.0 * 24)


def test_levelised_overhauls_without_commitment_are_known_to_the_audit():
    # Two days of overhaul and one without heat: a dear plant that has to run gives the minimum of the units left.
    net = grid()
    load(net, 0, 150.0)
    thermal(net, 0, 2, 20.0, 60.0, 900.0, maintenance_days=365.0 / 2, heat_zone="town", must_run_units=2)
    generator(net, 0, 500.0, 200.0)
    add_row(net, "heat_zone", {"name": "town", "profile": "heat"})
    heated = np.repeat([1.0, 0.0, 1.0, 1.0], 24)
    case = case_of(net, profiles(96, heat=("heat", heated)), policy={"maintenance": "levelised"}, unit_commitment="off")
    dataset = audited(case).dataset
    free = dataset["generator_available_units"].sel(generator="gen 0").to_numpy()
    assert ((free < 2) & (heated > 0)).any()
    assert np.isnan(dataset["generator_available_units"].sel(generator="gen 1")).all()
    np.testing.assert_allclose(dataset["generator_p_mw"].sel(generator="gen 0"), 20.0 * free * heated, atol=1e-6)
