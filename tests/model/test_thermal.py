"""Thermal clusters in examples small enough to be solved by hand; the comment is the solution."""

import numpy as np
import pytest

from tests.model.systems import add_row, case_of, generator, grid, load, output, profiles, solve, thermal, wind


def test_relaxed_commitment_stops_a_part_of_a_unit():
    # Demand 100, 40, 100 MW, one unit of 50 … 100 MW at 200 CNY/MWh, 3,000 a start.  In the second hour 0.8 units
    # give 40 MW; starting the 0.2 again costs 600, less than 20 MWh of the other plant at 400.
    net = grid()
    load(net, 0, 100.0, "load")
    thermal(net, 0, 1, 50.0, 100.0, 200.0, start_cost_cny=3000.0, initial_on_units=1, initial_p_mw=50.0)
    generator(net, 0, 100.0, 400.0)
    _, record = solve(case_of(net, profiles(3, load=("demand", [1.0, 0.4, 1.0]))))
    np.testing.assert_allclose(output(record, "thermal", "generator_on_units"), [[1.0, 0.8, 1.0]], atol=1e-6)
    assert record.objective_cny == pytest.approx(240 * 200 + 0.2 * 3000, rel=1e-6)


def test_ramps_hold_back_a_unit():
    # From 20 MW with 30 MW/h: 50 and 80 MW; the rest of 100 MW at 500.  A start helps no more than the ramp.
    net = grid()
    load(net, 0, 100.0)
    ramps = {"ramp_up_mw_per_h": 30.0, "startup_ramp_mw": 30.0}
    thermal(net, 0, 1, 0.0, 100.0, 100.0, **ramps, initial_on_units=1, initial_p_mw=20.0)
    generator(net, 0, 100.0, 500.0)
    _, record = solve(case_of(net, 2))
    np.testing.assert_allclose(output(record, "thermal", "generator_p_mw"), [[50.0, 80.0]], atol=1e-6)
    assert record.objective_cny == pytest.approx(130 * 100 + 70 * 500)


def test_minimum_up_time_keeps_units_on_that_started_before_the_horizon():
    # On since one hour with a minimum of three: at 50 MW for two more hours although wind covers all demand.
    net = grid()
    load(net, 0, 60.0)
    wind(net, 0, 60.0)
    thermal(
        net, 0, 1, 50.0, 100.0, 300.0, min_up_h=3.0, initial_on_units=1, initial_hours_in_state=1.0, initial_p_mw=50
    )
    _, record = solve(case_of(net, 4))
    on = output(record, "thermal", "generator_on_units")[0]
    np.testing.assert_allclose(on, [1.0, 1.0, 0.0, 0.0], atol=1e-5)


def test_minimum_down_time_keeps_units_off_that_stopped_before_the_horizon():
    # Off since one hour with a minimum of three: two hours unserved, then served.
    net = grid()
    load(net, 0, 60.0)
    thermal(net, 0, 1, 50.0, 100.0, 300.0, min_down_h=3.0, initial_on_units=0, initial_hours_in_state=1.0)
    _, record = solve(case_of(net, 4))
    np.testing.assert_allclose(output(record, "demand", "unserved_mw")[0], [60.0, 60.0, 0.0, 0.0], atol=1e-3)


def test_a_unit_above_its_shutdown_ramp_cannot_stop_in_the_first_hour():
    # At 90 MW before the horizon, a stop is allowed from 50 MW and below.  Wind covers the demand, so the unit goes
    # to its minimum of 40 MW in the first hour (excess) and may stop in the second.
    net = grid()
    load(net, 0, 60.0)
    wind(net, 0, 60.0)
    columns = {"shutdown_ramp_mw": 50.0, "initial_on_units": 1, "initial_p_mw": 90.0}
    thermal(net, 0, 1, 40.0, 100.0, 300.0, **columns)
    _, record = solve(case_of(net, 2))
    on = output(record, "thermal", "generator_on_units")[0]
    # 10 of 60 MW of room are left: a fifth of a unit may stop in the relaxation
    np.testing.assert_allclose(on, [0.8, 0.0], atol=1e-5)


def test_unit_with_one_output_runs_in_parts():
    # A unit of exactly 100 MW: demand of 70 MW needs 0.7 of it.
    net = grid()
    load(net, 0, 70.0)
    thermal(net, 0, 1, 100.0, 100.0, 300.0, initial_on_units=1, initial_p_mw=100.0)
    _, record = solve(case_of(net, 2))
    np.testing.assert_allclose(output(record, "thermal", "generator_on_units"), 0.7, atol=1e-6)


def heat_plant(**columns):
    net = grid()
    load(net, 0, 100.0)
    values = {"must_run_units": 2, "heat_zone": "town", "heat_season_min_pu": 0.6, "heat_season_max_pu": 0.8}
    thermal(net, 0, 3, 40.0, 100.0, 300.0, initial_on_units=2, **(values | columns))
    add_row(net, "heat_zone", {"name": "town", "profile": "heat"})
    generator(net, 0, 500.0, 200.0)
    return net, profiles(3, heat=("heat", [0.9, 0.1, 0.0]))


@pytest.mark.parametrize("commitment", ["relaxed", "off"])
def test_heat_keeps_the_must_run_units_at_their_heat_minimum(commitment):
    # Two units of at least 60 MW in the two heated hours: 120 MW, 20 too much; then none.
    net, series = heat_plant()
    _, record = solve(case_of(net, series, unit_commitment=commitment))
    component = "thermal" if commitment == "relaxed" else "generator"
    output_mw = output(record, component, "generator_p_mw")[0 if commitment == "relaxed" else 1]
    np.testing.assert_allclose(output_mw, [120.0, 120.0, 0.0], atol=1e-5)


def test_heat_mode_off_frees_the_plant():
    net, series = heat_plant()
    _, record = solve(case_of(net, series, policy={"chp_mode": "off"}))
    np.testing.assert_allclose(output(record, "thermal", "generator_p_mw"), 0.0, atol=1e-5)


def test_heat_lowers_the_largest_output():
    # 300 MW wanted, the two heating units give 80 MW each, the third 100: 260 MW.
    net, series = heat_plant()
    net.load["p_mw"] = 300.0
    net.gen.loc[net.gen["name"] == "gen 1", "max_p_mw"] = 0.0
    _, record = solve(case_of(net, series))
    np.testing.assert_allclose(output(record, "thermal", "generator_p_mw"), [[260.0, 260.0, 300.0]], atol=1e-5)


def test_heat_maximum_below_the_minimum_output_is_raised_to_it():
    # 0.3 of 100 MW is below the 40 MW that a unit needs: it stands at 40 MW instead of having no solution.
    net, series = heat_plant(heat_season_min_pu=0.0, heat_season_max_pu=0.3)
    _, record = solve(case_of(net, series))
    np.testing.assert_allclose(output(record, "thermal", "generator_p_mw")[0, :2], 80.0, atol=1e-5)
