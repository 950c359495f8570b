"""Thermal clusters in examples small enough to be solved by hand; the comment is the solution."""

import cvxpy as cp
import numpy as np
import pytest

from gridopt.errors import InputError
from gridopt.model.component import Window
from gridopt.model.system import System
from gridopt.model.thermal import Thermal
from gridopt.model.thermal_fuel import CHORD_ERROR, chords
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


def heat_then_stop(stop_mw, outage_hour=2, seasons=(1.0,) * 4, **settings):
    """A heating unit of 40 to 100 MW, at most 80 while it heats, that is in overhaul for an hour."""
    net = grid()
    load(net, 0, 100.0)
    columns = {"must_run_units": 1, "heat_zone": "town", "heat_season_max_pu": 0.8, "shutdown_ramp_mw": stop_mw}
    row = thermal(net, 0, 1, 40.0, 100.0, 300.0, initial_on_units=1, initial_p_mw=40.0, **columns)
    add_row(net, "heat_zone", {"name": "town", "profile": "heat"})
    generator(net, 0, 500.0, 500.0)
    start = f"2030-01-01 {outage_hour:02d}:00"
    add_row(net, "outage", {"element": "gen", "index": row, "start": start, "hours": 1.0})
    return solve(case_of(net, profiles(4, heat=("heat", list(seasons))), **settings))[1]


ROLLING = {"mode": "rolling", "window_h": 2, "look_ahead_h": 1}


@pytest.mark.parametrize("commitment", ["relaxed", "integer"])
@pytest.mark.parametrize("horizon", [{"mode": "monolithic"}, ROLLING], ids=["one window", "seam before the stop"])
@pytest.mark.parametrize("stop_mw", [40.0, 60.0, 90.0])
def test_a_heating_unit_stops_from_the_lower_of_both_limits(stop_mw, horizon, commitment):
    # In its last hour before the overhaul it gives min(80, shutdown ramp), not 100 less both cuts: with a ramp of 40 MW
    # that were 20 MW, less than its minimum.
    record = heat_then_stop(stop_mw, horizon=horizon, unit_commitment=commitment)
    power = output(record, "thermal", "generator_p_mw")[0]
    np.testing.assert_allclose(power, [80.0, min(80.0, stop_mw), 0.0, 80.0], atol=1e-3)
    np.testing.assert_allclose(output(record, "thermal", "generator_forced_stop_units"), 0.0, atol=1e-6)


@pytest.mark.parametrize("lazy", [True, False])
def test_a_heating_unit_that_goes_on_keeps_its_heat_maximum(lazy, monkeypatch):
    # The season ends after two hours and the unit runs on until its overhaul: 80 MW in the second hour, for none stops.
    monkeypatch.setattr(Thermal, "lazy_rows", lazy)
    record = heat_then_stop(60.0, outage_hour=3, seasons=(1.0, 1.0, 0.0, 0.0))
    np.testing.assert_allclose(output(record, "thermal", "generator_p_mw"), [[80.0, 80.0, 60.0, 0.0]], atol=1e-3)


def test_a_unit_comes_back_from_overhaul_before_it_gives_heat():
    # With a startup ramp of 40 MW it gives 40 MW in its first hour; heat takes nothing of its range in that hour.
    net = grid()
    load(net, 0, 100.0)
    columns = {"must_run_units": 1, "heat_zone": "town", "heat_season_max_pu": 0.8, "startup_ramp_mw": 40.0}
    row = thermal(net, 0, 1, 40.0, 100.0, 300.0, initial_on_units=1, initial_p_mw=80.0, **columns)
    add_row(net, "heat_zone", {"name": "town", "profile": "heat"})
    generator(net, 0, 500.0, 500.0)
    add_row(net, "outage", {"element": "gen", "index": row, "start": "2030-01-01 01:00", "hours": 1.0})
    _, record = solve(case_of(net, profiles(4, heat=("heat", [1.0] * 4)), unit_commitment="integer"))
    np.testing.assert_allclose(output(record, "thermal", "generator_p_mw"), [[80.0, 0.0, 40.0, 80.0]], atol=1e-5)


def test_whole_units_do_not_run_in_parts():
    # As in the first test, but whole: staying on in the second hour wastes 10 MW at 5,000, 50,000.  Stopping costs
    # 40 MWh of the other plant (16,000 instead of 8,000) and a start of 3,000.
    net = grid()
    load(net, 0, 100.0, "load")
    thermal(net, 0, 1, 50.0, 100.0, 200.0, start_cost_cny=3000.0, initial_on_units=1, initial_p_mw=50.0)
    generator(net, 0, 100.0, 400.0)
    case = case_of(net, profiles(3, load=("demand", [1.0, 0.4, 1.0])), unit_commitment="integer")
    _, record = solve(case)
    np.testing.assert_allclose(output(record, "thermal", "generator_on_units"), [[1.0, 0.0, 1.0]], atol=1e-9)
    assert record.objective_cny == pytest.approx(200 * 200 + 40 * 400 + 3000, rel=1e-6)


def test_a_fraction_of_a_unit_before_the_horizon_is_refused_with_whole_units():
    net = grid()
    load(net, 0, 100.0)
    thermal(net, 0, 2, 50.0, 100.0, 200.0, initial_on_units=0.5)
    with pytest.raises(InputError, match="initial_on_units"):
        solve(case_of(net, 2, unit_commitment="integer"))


def deep(**columns):
    net = grid()
    load(net, 0, 35.0)
    values = {"must_run_units": 1, "retrofitted": True, "initial_on_units": 1, "initial_p_mw": 50.0}
    row = thermal(net, 0, 1, 50.0, 100.0, 200.0, **(values | columns))
    for width, wear, price in ((10.0, 40.0, 400.0), (10.0, 150.0, 600.0)):
        band = {"width_mw": width, "wear_cny_per_mwh": wear, "price_cny_per_mwh": price}
        add_row(net, "deep_regulation", {"element": "gen", "index": row, **band})
    return net


@pytest.mark.parametrize("commitment", ["relaxed", "integer"])
def test_bands_lead_below_the_minimum_at_the_price_of_their_wear(commitment):
    # A must-run unit of 50 MW and a demand of 35: 10 MW of the first band, 5 of the second, for two hours.  The fuel
    # is that of 35 MW, the market's 400 and 600 are no cost.
    _, record = solve(case_of(deep(), 2, unit_commitment=commitment))
    np.testing.assert_allclose(output(record, "thermal", "generator_p_mw"), 35.0, atol=1e-6)
    np.testing.assert_allclose(output(record, "thermal", "generator_regulation_mw"), 15.0, atol=1e-6)
    assert record.objective_cny == pytest.approx(2 * (35 * 200 + 10 * 40 + 5 * 150))


def test_a_unit_does_not_stop_out_of_a_band():
    # Demand 35, 0: in the first hour the unit would have to give 50 MW to stop in the second.  15 MW of excess cost
    # 75,000; staying on at 30 MW in the second hour costs 150,000: so it stops from its minimum.
    net = deep(must_run_units=0)
    net.load["profile"] = "load"
    series = profiles(2, load=("demand", [1.0, 0.0]))
    prices = {"value_of_lost_load_cny_per_mwh": 1e5}
    _, record = solve(case_of(net, series, unit_commitment="integer", prices=prices))
    np.testing.assert_allclose(output(record, "thermal", "generator_p_mw"), [[50.0, 0.0]], atol=1e-6)


def test_units_that_give_heat_keep_their_heat_minimum_and_others_use_the_bands():
    # Two units, one must heat at 60 MW; the other goes 20 below its 50: 90 MW is the least of both.
    net = grid()
    load(net, 0, 70.0)
    columns = {"must_run_units": 1, "heat_zone": "town", "heat_season_min_pu": 0.6, "retrofitted": True}
    row = thermal(net, 0, 2, 50.0, 100.0, 200.0, initial_on_units=2, initial_p_mw=110.0, min_up_h=9.0, **columns)
    net.gen["initial_hours_in_state"] = 1.0
    add_row(net, "heat_zone", {"name": "town", "profile": "heat"})
    add_row(net, "deep_regulation", {"element": "gen", "index": row, "width_mw": 40.0, "wear_cny_per_mwh": 1.0})
    _, record = solve(case_of(net, profiles(2, heat=("heat", [1.0, 1.0]))))
    np.testing.assert_allclose(output(record, "thermal", "generator_p_mw"), 90.0, atol=1e-3)
    np.testing.assert_allclose(output(record, "thermal", "generator_regulation_mw"), 20.0, atol=1e-3)


def tiered(hours_off, **settings):
    net = grid()
    load(net, 0, 100.0, "load")
    row = thermal(net, 0, 1, 50.0, 100.0, 200.0, initial_on_units=1, initial_p_mw=100.0, start_cost_cny=9.0)
    for since, price in ((0.0, 1000.0), (3.0, 2500.0), (5.0, 7000.0)):
        add_row(net, "start_cost", {"element": "gen", "index": row, "off_hours_from": since, "cost_cny": price})
    series = profiles(hours_off + 2, load=("demand", [1.0, *[0.0] * hours_off, 1.0]))
    return solve(case_of(net, series, **settings))


@pytest.mark.parametrize("commitment", ["relaxed", "integer"])
@pytest.mark.parametrize(("hours_off", "start"), [(1, 1000), (2, 1000), (3, 2500), (4, 2500), (5, 7000), (6, 7000)])
def test_a_start_costs_the_tier_of_the_time_off(commitment, hours_off, start):
    _, record = tiered(hours_off, unit_commitment=commitment)
    assert record.objective_cny == pytest.approx(2 * 100 * 200 + start)
    discount = output(record, "thermal", "generator_start_discount_cny")[0]
    np.testing.assert_allclose(discount, [0.0] * (hours_off + 1) + [7000 - start], atol=1e-6)


@pytest.mark.parametrize("commitment", ["relaxed", "integer"])
def test_a_unit_stays_warm_across_a_seam(commitment):
    # Windows of two hours: the stop of the first window is matched with the start of the third.
    horizon = {"mode": "rolling", "window_h": 2, "look_ahead_h": 2}
    _, record = tiered(4, unit_commitment=commitment, horizon=horizon)
    assert record.objective_cny == pytest.approx(2 * 100 * 200 + 2500)


def test_classes_price_a_part_of_a_unit_by_its_time_off():
    # As in the first test, but two hours of 40 MW and tiers of 1,000 below two hours off, 1,500 below four, then 7,000.
    # The 0.2 units that stopped start again after two hours: 0.2 * 1,500.  To restart them in between and stop others
    # costs 0.2 * 1,000 twice.  The saving against a cold start is 0.2 * 5,500.
    net = grid()
    load(net, 0, 100.0, "load")
    row = thermal(net, 0, 1, 50.0, 100.0, 200.0, initial_on_units=1, initial_p_mw=50.0)
    for since, price in ((0.0, 1000.0), (2.0, 1500.0), (4.0, 7000.0)):
        add_row(net, "start_cost", {"element": "gen", "index": row, "off_hours_from": since, "cost_cny": price})
    generator(net, 0, 100.0, 400.0)
    _, record = solve(case_of(net, profiles(4, load=("demand", [1.0, 0.4, 0.4, 1.0]))))
    assert record.objective_cny == pytest.approx(280 * 200 + 0.2 * 1500, rel=1e-6)
    discount = output(record, "thermal", "generator_start_discount_cny")
    np.testing.assert_allclose(discount, [[0.0, 0.0, 0.0, 0.2 * 5500]], atol=1e-4)


def two_cold_units(integer, steps=3):
    """Two units that are off, one of them since an hour; starts cost 1,000 below four hours off, then 7,000."""
    net = grid()
    load(net, 0, 100.0)
    row = thermal(net, 0, 2, 40.0, 100.0, 200.0, initial_on_units=0, initial_hours_in_state=99)
    for since, price in ((0.0, 1000.0), (4.0, 7000.0)):
        add_row(net, "start_cost", {"element": "gen", "index": row, "off_hours_from": since, "cost_cny": price})
    commitment = "integer" if integer else "relaxed"
    part = Thermal(System.read(case_of(net, steps, unit_commitment=commitment)).part("thermal"), steps, 1.0)
    state = part.initial_state()
    assert not state["cooling_units"].any()
    state = state | {"cooling_units": np.array([[0.0, 0.0, 1.0]])}
    part.bind(Window(0, steps, steps, last=True, state={"thermal": state}))
    return part


def saving_cny(part, starts):
    """Most that may be saved with these starts, the starts being all that happens."""
    rows = [*part.constraints(), *part.lazy_constraints(), part.start == np.array([starts]), part.stop == 0]
    problem = cp.Problem(cp.Maximize(cp.sum(part.warm.saving_cny())), rows)
    problem.solve(solver=cp.HIGHS)
    return problem.value


@pytest.mark.parametrize(("integer", "savings"), [(True, (6000, 6000, 6000, 0)), (False, (6000, 6000, 12000, 0))])
def test_a_stop_before_the_window_makes_a_start_warm(integer, savings):
    # One unit stopped an hour before the window: after one, two or three hours off it is warm.  Two starts in one hour
    # are one warm and one cold.  Two starts in different hours are so by arcs, while classes take both for warm: that
    # is what they give away.  In the fourth hour it is cold.
    assert saving_cny(two_cold_units(integer), [1, 0, 0]) == pytest.approx(savings[0])
    assert saving_cny(two_cold_units(integer), [0, 0, 2]) == pytest.approx(savings[1])
    assert saving_cny(two_cold_units(integer), [1, 0, 1]) == pytest.approx(savings[2])
    assert saving_cny(two_cold_units(integer, 4), [0, 0, 0, 1]) == pytest.approx(savings[3])


@pytest.mark.parametrize(("integer", "handed"), [(True, [0, 0]), (False, [1, 0])])
def test_classes_hand_over_all_stops_and_arcs_the_unmatched_ones(integer, handed):
    # The stop before the window is used by the start in its first hour; after the second hour it is three hours old.
    part = two_cold_units(integer)
    saving_cny(part, [1, 0, 0])
    np.testing.assert_allclose(part.state(2)["cooling_units"], [[handed[0], handed[1], 0]], atol=1e-9)
    np.testing.assert_allclose(part.results()["generator_start_discount_cny"], [[6000, 0, 0]], atol=1e-6)


@pytest.mark.parametrize("integer", [True, False])
def test_columns_of_warm_starts(integer):
    # Off-times of one, two and three hours in three steps: nine arcs, or one class in three steps.
    part = two_cold_units(integer)
    assert (part.warm_arcs if integer else part.warm_starts).size == (9 if integer else 3)


def test_a_stop_warms_one_start_of_an_hour_only():
    # Of three units one runs and two stopped two hours before; one starts.
    net = grid()
    load(net, 0, 200.0)
    row = thermal(net, 0, 3, 100.0, 100.0, 200.0, initial_on_units=1, initial_p_mw=100.0, initial_hours_in_state=2)
    for since, price in ((0.0, 1000.0), (4.0, 7000.0)):
        add_row(net, "start_cost", {"element": "gen", "index": row, "off_hours_from": since, "cost_cny": price})
    _, record = solve(case_of(net, 2))
    assert record.objective_cny == pytest.approx(2 * 200 * 200 + 1000)  # two stopped, one starts


def product(net, **columns):
    add_row(net, "reserve_product", {"name": "up", "kind": "spinning", "price_cny_per_mwh": 900.0} | columns)


@pytest.mark.parametrize(
    ("columns", "held"),
    [({}, 20.0), ({"ramp_up_mw_per_h": 90.0}, 15.0), ({"max_reserve_mw": 6.0}, 6.0)],
)
def test_upward_reserve_takes_room_and_is_limited_by_the_ramp(columns, held):
    # 95 MW wanted from a unit of 100 at 200, another at 400; 20 MW to be held within ten minutes: 90 MW/h make 15.
    # Room for it costs 200 a MW, a shortfall 900.
    net = grid()
    load(net, 0, 95.0)
    thermal(net, 0, 1, 40.0, 100.0, 200.0, initial_on_units=1, initial_p_mw=90.0, **columns)
    generator(net, 0, 100.0, 400.0)
    product(net, mw=20.0)
    _, record = solve(case_of(net, 2))
    np.testing.assert_allclose(output(record, "thermal", "generator_reserve_mw"), [[[held, held]]], atol=1e-6)
    np.testing.assert_allclose(output(record, "thermal", "generator_p_mw"), min(95.0, 100.0 - held), atol=1e-6)


@pytest.mark.parametrize(("fast", "slow", "held"), [(15.0, 15.0, [10, 10]), (0.0, 30.0, [0, 20]), (30.0, 0.0, [10, 0])])
def test_a_unit_holds_no_more_for_two_products_than_for_one(fast, slow, held):
    # 60 MW/h make 10 MW in ten minutes and more than the 20 MW that a unit may hold in an hour: the limit of the slow
    # product is that of the sum, and has no row of its own
    net = grid()
    load(net, 0, 50.0)
    limits = {"ramp_up_mw_per_h": 60.0, "max_reserve_mw": 20.0}
    thermal(net, 0, 1, 40.0, 100.0, 200.0, initial_on_units=1, initial_p_mw=50.0, **limits)
    product(net, name="fast", mw=fast, response_min=10.0)
    product(net, name="slow", mw=slow, response_min=60.0)
    system, record = solve(case_of(net, 2))
    reserve = output(record, "thermal", "generator_reserve_mw")
    np.testing.assert_allclose(np.minimum(reserve[:, 0], [[fast], [slow]]), np.transpose([held, held]), atol=1e-6)
    assert (reserve.sum(axis=0) <= 20.0 + 1e-6).all()
    part = Thermal(system.part("thermal"), 2, 1.0)
    assert [row.size for row in part.up.rows(part.on)] == [2, 2]


def test_downward_reserve_keeps_a_unit_above_its_minimum_and_uses_the_bands():
    # 45 MW wanted with 30 to be held downwards: without bands the unit stays at 50 and holds nothing ...
    net = deep()
    net.load["p_mw"] = 60.0
    generator(net, 0, 100.0, 100.0)
    product(net, name="down", direction="down", mw=25.0)
    # ... with 20 MW of bands it needs 55 MW to hold 25, though the other plant is cheaper.
    _, record = solve(case_of(net, 2))
    np.testing.assert_allclose(output(record, "thermal", "generator_p_mw"), 55.0, atol=1e-6)
    np.testing.assert_allclose(output(record, "thermal", "generator_reserve_mw"), 25.0, atol=1e-6)


@pytest.mark.parametrize(("mva", "units"), [(np.nan, 2.0), (400.0, 1.0)])
def test_inertia_is_that_of_the_running_units(mva, units):
    # H = 4 s.  Two units of 100 MW: 222.2 MVA and 444 MW s each where the net does not say, or 200 MVA and 800.
    net = grid()
    load(net, 0, 90.0)
    thermal(net, 0, 2, 0.0, 100.0, 200.0, cp0_eur=1000.0, inertia_s=4.0, sn_mva=mva, initial_on_units=2)
    product(net, name="inertia", kind="inertia", mw=800.0)
    _, record = solve(case_of(net, 2, unit_commitment="integer"))
    np.testing.assert_allclose(output(record, "thermal", "generator_on_units"), units, atol=1e-9)


def test_piecewise_fuel_of_a_cluster_is_shared_by_its_units():
    # Two units share 200 [40, 120] and 300 [120, 200] of the cluster: at 150 MW 40*200 before, 80*200 and 30*300.
    import pandapower as pp

    net = grid()
    load(net, 0, 150.0)
    row = thermal(net, 0, 2, 20.0, 100.0, 0.0, must_run_units=2)
    pp.create_pwl_cost(net, row, "gen", [[40.0, 120.0, 200.0], [120.0, 200.0, 300.0]])
    _, record = solve(case_of(net, 2))
    assert record.objective_cny == pytest.approx(2 * (120 * 200 + 30 * 300))


def test_half_the_units_bear_half_of_the_lines():
    # One unit of the same two runs at 60 MW or below at 200, above at 300; 75 MW of one unit cost 60*200 + 15*300.
    import pandapower as pp

    net = grid()
    load(net, 0, 75.0)
    row = thermal(net, 0, 2, 40.0, 100.0, 0.0, initial_on_units=1, initial_hours_in_state=1, min_down_h=9, min_up_h=9)
    pp.create_pwl_cost(net, row, "gen", [[40.0, 120.0, 200.0], [120.0, 200.0, 300.0]])
    _, record = solve(case_of(net, 2, unit_commitment="integer"))
    assert record.objective_cny == pytest.approx(2 * (60 * 200 + 15 * 300))


@pytest.mark.parametrize("load_mw", [41.0, 77.7, 99.0])
def test_quadratic_fuel_is_overstated_by_less_than_the_stated_share(load_mw):
    net = grid()
    load(net, 0, load_mw)
    costs = {"cp0_eur": 500.0, "cp2_eur_per_mw2": 0.8}
    thermal(net, 0, 1, 40.0, 100.0, 150.0, must_run_units=1, **costs)
    _, record = solve(case_of(net, 1))
    true, full = (500 + 150 * p + 0.8 * p**2 for p in (load_mw, 100.0))
    assert 0.0 <= record.objective_cny - true <= CHORD_ERROR * full


@pytest.mark.parametrize(("c0", "c1", "c2"), [(0.0, 0.0, 1.0), (500.0, 300.0, 0.05), (0.0, 300.0, 5.0)])
def test_chords_lie_above_the_parabola_by_less_than_the_stated_share(c0, c1, c2):
    lines = chords(c0, c1, c2, 20.0, 300.0)
    at = np.linspace(20.0, 300.0, 1001)
    error = (lines[:, :1] * at + lines[:, 1:]).max(axis=0) - (c0 + c1 * at + c2 * at**2)
    assert error.min() > -1e-6
    assert error.max() <= CHORD_ERROR * (c0 + c1 * 300 + c2 * 300**2) * (1 + 1e-9)


def heating(needed_mw, **columns):
    """The least and the most output of a heating unit of 40 to 100 MW that has to give some heat, and the model."""
    net = grid()
    load(net, 0, 10.0)
    values = {"chp_kind": "extraction", "c_m": 0.5, "c_v": 0.2, "heat_zone": "town", "heat_season_min_pu": 0.7}
    thermal(net, 0, 1, 40.0, 100.0, 200.0, initial_on_units=1, must_run_units=1, **(values | columns))
    add_row(net, "heat_zone", {"name": "town", "profile": "heat"})
    case = case_of(
        net, profiles(1, heat=("heat", [1.0])), policy={"chp_mode": "heat_zone"}, prices={"co2_cny_per_t": 50}
    )
    system = System.read(case)
    part = Thermal(system.part("thermal"), 1, 1.0)
    part.bind(Window(0, 1, 1, last=True, state={"thermal": part.initial_state()}))
    rows = [*part.constraints(), *part.lazy_constraints(), part.on == 1, part.heat_mw() == needed_mw]
    ends = []
    for sign in (1.0, -1.0):
        problem = cp.Problem(cp.Minimize(sign * cp.sum(part.power())), rows)
        problem.solve(solver=cp.HIGHS)
        ends.append(np.inf * sign if problem.value is None else sign * problem.value)
    return ends, part


def test_extraction_narrows_the_range_of_output():
    # 80 MW of heat: on the back-pressure line 0.5*80 = 40 MW and above, below it 100 - 0.2*80 = 84 MW; the least boiler
    # load of 40 MW would allow 24.  The heat-season minimum of 70 MW does not hold in this mode.
    (low, high), part = heating(80.0)
    assert (low, high) == (pytest.approx(40.0), pytest.approx(84.0))
    assert part.data.heat_zone == ("town",)
    assert not part.data.must_run_units.any()
    assert heating(0.0)[0] == [pytest.approx(40.0), pytest.approx(100.0)]
    # with an offset of 10 the line begins higher, and at 100 MW of heat there is one point left: 10 + 50 = 80 - ...
    assert heating(80.0, heat_offset_mw=10.0)[0][0] == pytest.approx(50.0)
    # both lines meet at 100 / (0.5 + 0.2) = 142.9 MW of heat
    assert part.data.heat.max_heat_mw == pytest.approx(100 / 0.7)
    assert heating(80.0, max_heat_mw=60.0)[0] == [np.inf, -np.inf]


def test_back_pressure_ties_power_to_heat_and_burns_for_both():
    # 60 MW of heat: 0.8*60 = 48 MW, boiler 48 + 60/0.9 = 114.7; fuel 200 and 50 CNY/t * 1 t/MWh on all of it.
    (low, _), part = heating(60.0, chp_kind="back_pressure", c_m=0.8, eta_heat=0.9, co2_t_per_mwh=1.0)
    assert low == pytest.approx(48.0)
    rows = [*part.constraints(), *part.lazy_constraints(), part.on == 1, part.heat_mw() == 60.0]
    cp.Problem(cp.Minimize(cp.sum(part.cost())), rows).solve(solver=cp.HIGHS)
    boiler = 48 + 60 / 0.9
    assert part.cost().value == pytest.approx(boiler * 250)
    assert part.co2_t().value == pytest.approx(boiler)
    results = part.results()
    assert results["generator_boiler_mw"] == pytest.approx(boiler)
    assert results["generator_heat_mw"] == pytest.approx(60.0)
    assert results["generator_p_mw"] == pytest.approx(48.0)


@pytest.mark.parametrize(
    ("columns", "word"), [({"chp_kind": ""}, "chp_kind"), ({"c_m": np.nan}, "c_m")], ids=["kind", "ratio"]
)
def test_a_plant_without_a_region_cannot_serve_a_zone(columns, word):
    with pytest.raises(InputError, match=word):
        heating(10.0, **columns)


def test_heat_zones_need_commitment():
    net, series = heat_plant(chp_kind="extraction", c_m=0.5)
    with pytest.raises(InputError, match="unit_commitment"):
        solve(case_of(net, series, unit_commitment="off", policy={"chp_mode": "heat_zone"}))


def test_an_extraction_unit_holds_reserve_above_its_back_pressure_line_only():
    # 80 MW of heat need 40 MW; of an output of 50 MW, 10 MW may be given up.  A back-pressure unit holds none.
    for columns, most in (({}, 10.0), ({"chp_kind": "back_pressure"}, 0.0)):
        net = grid()
        load(net, 0, 50.0)
        values = {"chp_kind": "extraction", "c_m": 0.5, "c_v": 0.0, "heat_zone": "town"} | columns
        thermal(net, 0, 1, 10.0, 100.0, 200.0, initial_on_units=1, **values)
        add_row(net, "heat_zone", {"name": "town", "profile": "heat"})
        product(net, name="down", direction="down", mw=30.0)
        case = case_of(net, profiles(1, heat=("heat", [1.0])), policy={"chp_mode": "heat_zone"})
        part = Thermal(System.read(case).part("thermal"), 1, 1.0)
        part.bind(Window(0, 1, 1, last=True, state={"thermal": part.initial_state()}))
        rows = [*part.constraints(), part.on == 1, part.heat_mw() == 80.0, part.power() <= 50.0]
        problem = cp.Problem(cp.Maximize(cp.sum(part.reserve(part.data.products[0]))), rows)
        problem.solve(solver=cp.HIGHS)
        assert problem.value == pytest.approx(most, abs=1e-6)


def test_a_case_without_features_has_no_columns_for_them():
    net = grid()
    load(net, 0, 100.0)
    thermal(net, 0, 2, 40.0, 100.0, 200.0)
    part = Thermal(System.read(case_of(net, 4)).part("thermal"), 4, 1.0)
    variables = {v.id for row in [*part.constraints(), *part.lazy_constraints()] for v in row.variables()}
    assert variables == {part.on.id, part.start.id, part.stop.id, part.above.id}


@pytest.mark.parametrize("lazy", [True, False])
def test_minimum_times_and_ramps_hold_whether_stated_at_once_or_when_broken(lazy, monkeypatch):
    monkeypatch.setattr(Thermal, "lazy_rows", lazy)
    test_minimum_up_time_keeps_units_on_that_started_before_the_horizon()
    test_minimum_down_time_keeps_units_off_that_stopped_before_the_horizon()
    test_ramps_hold_back_a_unit()
