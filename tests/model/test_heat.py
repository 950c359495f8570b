"""Heat zones and heat sources in examples small enough to be solved by hand."""

import numpy as np
import pytest

from gridopt.check.heat import heat_remarks, peak_heat_mw
from gridopt.errors import InputError
from gridopt.network.columns import with_defaults
from tests.model.golden_heat import HEATED, heat_source, heat_zone
from tests.model.systems import (
    MONOLITHIC,
    bound_model,
    case_of,
    generator,
    grid,
    load,
    output,
    profiles,
    solve,
    thermal,
    wind,
)

FREE_END = HEATED | {"horizon": MONOLITHIC | {"end_storage": "free"}}
CYCLIC_END = HEATED | {"horizon": MONOLITHIC | {"end_storage": "cyclic"}}


def cost_of(record, component):
    return record.operating_cny[component].sum(), record.penalty_cny[component].sum()


def heat_of(*values):
    return profiles(len(values), heat=("heat", values))


# ---- sources ------------------------------------------------------------------------------------------------


def test_cheaper_sources_come_first_and_the_rest_is_short():
    # 100, 50 and 0 MW of heat: the well gives 30 at 10, the boiler up to 60 at 200; 10 MW are short at 5,000.
    net = grid()
    heat_zone(net, 100.0)
    heat_source(net, "boiler", 60.0, 200.0)
    heat_source(net, "geothermal", 30.0, 10.0)
    _, record = solve(case_of(net, heat_of(1.0, 0.5, 0.0), **HEATED))
    np.testing.assert_allclose(output(record, "heat_source", "heat_source_mw"), [[60, 20, 0], [30, 30, 0]], atol=1e-6)
    np.testing.assert_allclose(output(record, "heat_zone", "heat_shortfall_mw"), [[10, 0, 0]], atol=1e-6)
    assert cost_of(record, "heat_source") == pytest.approx((60 * 10 + 80 * 200, 0.0))
    assert cost_of(record, "heat_zone") == pytest.approx((0.0, 10 * 5000))


def test_a_zone_has_its_own_price_of_shortfall_and_only_its_own_sources():
    # The well of the village has 20 MW to spare, which the town can't use.
    net = grid()
    heat_zone(net, 10.0, shortfall_cny_per_mwh=800.0)
    heat_zone(net, 30.0, name="village")
    heat_source(net, "geothermal", 50.0, 10.0, heat_zone="village")
    _, record = solve(case_of(net, heat_of(1.0), **HEATED))
    np.testing.assert_allclose(output(record, "heat_zone", "heat_shortfall_mw"), [[10], [0]], atol=1e-6)
    assert record.objective_cny == pytest.approx(10 * 800 + 30 * 10)


def test_electric_heat_draws_power_at_its_bus():
    # The pump gives all 60 MW from 20 MW of power, which come over a line of 25 MW together with 5 MW of load.
    # In the second hour the line carries no more than 25 MW: 10 MW of load leave 15 MW for 45 MW of heat; the
    # electric boiler at the generator gives 15 MW from 15 / 0.75 = 20 MW.
    net = grid(2, [(0, 1, 10.0, 25.0)])
    load(net, 1, 7.5, "load")
    generator(net, 0, 100.0, 300.0)
    heat_zone(net, 60.0)
    heat_source(net, "heat_pump", 90.0, 5.0, bus=1, cop=3.0)
    heat_source(net, "electric_boiler", 90.0, 0.0, bus=0, cop=0.75)
    series = profiles(2, heat=("heat", [1.0, 1.0]), load=("demand", [5 / 7.5, 10 / 7.5]))
    _, record = solve(case_of(net, series, **HEATED))
    np.testing.assert_allclose(output(record, "heat_source", "heat_source_mw"), [[60, 45], [0, 15]], atol=1e-6)
    np.testing.assert_allclose(output(record, "heat_source", "heat_source_electric_mw"), [[20, 15], [0, 20]], atol=1e-6)
    np.testing.assert_allclose(output(record, "generator", "generator_p_mw")[-1], [25, 45], atol=1e-6)
    assert record.objective_cny == pytest.approx(300 * (25 + 45) + 5 * (60 + 45))


def test_power_drawn_for_heat_competes_with_demand():
    # 100 MW of generation for 80 MW of load and a heat pump (cop 2) for 60 MW: 20 MW give 40 MW of heat, the
    # other 20 MW of heat are short, as a MWh of heat at 5,000 is worth 10,000 per MWh of power, less than 15,000.
    net = grid()
    load(net, 0, 80.0)
    generator(net, 0, 100.0, 300.0)
    heat_zone(net, 60.0)
    heat_source(net, "heat_pump", 90.0, 0.0, bus=0, cop=2.0)
    _, record = solve(case_of(net, heat_of(1.0), **HEATED))
    np.testing.assert_allclose(output(record, "demand", "unserved_mw"), 0.0, atol=1e-6)
    np.testing.assert_allclose(output(record, "heat_zone", "heat_shortfall_mw"), [[20]], atol=1e-6)


def test_least_output_beyond_demand_is_surplus():
    net = grid()
    heat_zone(net, 30.0)
    heat_source(net, "nuclear", 60.0, 8.0, min_heat_mw=40.0)
    _, record = solve(case_of(net, heat_of(1.0, 0.0), **HEATED))
    np.testing.assert_allclose(output(record, "heat_source", "heat_source_mw"), [[40, 40]], atol=1e-6)
    np.testing.assert_allclose(output(record, "heat_zone", "heat_excess_mw"), [[10, 40]], atol=1e-6)
    assert record.objective_cny == pytest.approx(8 * 80)


@pytest.mark.parametrize(("least", "drawn"), [(0.0, 20.0), (30.0, 30.0)])
def test_electricity_is_not_thrown_away_as_heat(least, drawn):
    # Curtailment at 300 CNY/MWh would pay for heating the street; only what the town takes may be drawn.
    net = grid()
    wind(net, 0, 50.0)
    heat_zone(net, 20.0)
    heat_source(net, "electric_boiler", 45.0, 0.0, bus=0, cop=1.0, min_heat_mw=least)
    policy = HEATED["policy"] | {"renewable_priority_cny_per_mwh": 300.0}
    _, record = solve(case_of(net, heat_of(1.0), policy=policy))
    np.testing.assert_allclose(output(record, "heat_source", "heat_source_electric_mw"), [[drawn]], atol=1e-6)
    np.testing.assert_allclose(output(record, "renewable", "renewable_curtailment_mw"), [[50 - drawn]], atol=1e-6)


def test_a_source_out_of_service_or_at_a_dead_bus_gives_nothing():
    net = grid(2, [(0, 1, 10.0, 25.0)])
    net.bus.loc[1, "in_service"] = False
    net.line["in_service"] = False
    heat_zone(net, 20.0)
    heat_source(net, "geothermal", 20.0, 1.0, in_service=False)
    heat_source(net, "electric_boiler", 20.0, 1.0, bus=1)
    heat_source(net, "boiler", 15.0, 100.0, bus=1)
    _, record = solve(case_of(net, heat_of(1.0), **HEATED))
    np.testing.assert_allclose(output(record, "heat_source", "heat_source_mw"), [[15]], atol=1e-6)
    np.testing.assert_allclose(output(record, "heat_zone", "heat_shortfall_mw"), [[5]], atol=1e-6)


def test_the_carbon_price_is_paid_on_heat():
    # 0.4 t/MWh at 100 CNY/t make the boiler at 150 dearer than the gas boiler at 180 with 0.05 t/MWh.
    net = grid()
    heat_zone(net, 50.0)
    heat_source(net, "boiler", 50.0, 150.0, co2_t_per_mwh=0.4, name="coal")
    heat_source(net, "boiler", 30.0, 180.0, co2_t_per_mwh=0.05, name="gas")
    _, record = solve(case_of(net, heat_of(1.0), **HEATED, prices={"co2_cny_per_t": 100.0}))
    np.testing.assert_allclose(output(record, "heat_source", "heat_source_mw"), [[20], [30]], atol=1e-6)
    assert record.objective_cny == pytest.approx(20 * 190 + 30 * 185)


# ---- stores -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step_h", [1.0, 0.25])
def test_a_store_carries_cheap_heat_and_loses_some(step_h):
    # Demand 20 then 80 MW; a well of 50 MW at 10 and a boiler at 200.  The first step fills the store with
    # 30 MW; a tenth of that is lost in an hour (a fortieth in a quarter), the rest replaces the boiler.
    net = grid()
    heat_zone(net, 80.0, store_mwh=40.0, store_mw=30.0, store_start_pu=0.0, store_loss_per_h=0.1)
    heat_source(net, "geothermal", 50.0, 10.0)
    heat_source(net, "boiler", 100.0, 200.0)
    series = profiles(2, step_h, heat=("heat", [0.25, 1.0]))
    _, record = solve(case_of(net, series, **FREE_END, step_h=step_h))
    back = 30 * (1 - 0.1 * step_h)
    np.testing.assert_allclose(output(record, "heat_zone", "heat_store_in_mw"), [[30, 0]], atol=1e-6)
    np.testing.assert_allclose(output(record, "heat_zone", "heat_store_out_mw"), [[0, back]], atol=1e-6)
    np.testing.assert_allclose(output(record, "heat_zone", "heat_store_mwh"), [[30 * step_h, 0]], atol=1e-6)
    assert record.objective_cny == pytest.approx(step_h * (100 * 10 + (30 - back) * 200))


@pytest.mark.parametrize(("size", "power", "boiler"), [(40.0, 10.0, 20.0), (12.0, 30.0, 18.0)])
def test_a_store_has_a_size_and_a_power(size, power, boiler):
    net = grid()
    heat_zone(net, 80.0, store_mwh=size, store_mw=power, store_start_pu=0.0)
    heat_source(net, "geothermal", 50.0, 10.0)
    heat_source(net, "boiler", 100.0, 200.0)
    _, record = solve(case_of(net, heat_of(0.25, 1.0), **FREE_END))
    np.testing.assert_allclose(output(record, "heat_source", "heat_source_mw")[1], [0, boiler], atol=1e-6)


def test_a_cyclic_store_comes_back_to_its_start():
    # 20 of 40 MWh at the start, 5 and then 30 MW of heat.  The well (10, 25 MW) gives all 35 MWh if the store lends
    # 5 MWh to the second hour, which it takes in the first.  A store that needn't come back gives 20 MWh itself.
    net = grid()
    heat_zone(net, 30.0, store_mwh=40.0, store_mw=30.0)
    heat_source(net, "geothermal", 25.0, 10.0)
    heat_source(net, "boiler", 100.0, 200.0)
    _, record = solve(case_of(net, heat_of(5 / 30, 1.0), **CYCLIC_END))
    assert output(record, "heat_zone", "heat_store_mwh")[0, -1] == pytest.approx(20.0)
    assert record.objective_cny == pytest.approx(35 * 10)
    _, emptied = solve(case_of(net, heat_of(5 / 30, 1.0), **FREE_END))
    assert emptied.objective_cny == pytest.approx(15 * 10)


def test_a_cyclic_store_that_nothing_can_refill_is_short_of_heat():
    # Half of 20 MWh is lost: 10 MWh are missing in the end, and no one gives them.
    net = grid()
    heat_zone(net, 30.0, store_mwh=40.0, store_mw=30.0, store_loss_per_h=0.5)
    _, record = solve(case_of(net, heat_of(0.0), **CYCLIC_END))
    np.testing.assert_allclose(output(record, "heat_zone", "heat_shortfall_mw"), [[10]], atol=1e-5)
    assert output(record, "heat_zone", "heat_store_mwh")[0, -1] == pytest.approx(20.0, abs=1e-5)


def test_a_cyclic_store_that_power_can_not_refill_is_filled_as_far_as_it_goes():
    # 20 MWh, half of it lost, and 4 MW of power: 14 MWh.
    net = grid()
    heat_zone(net, 30.0, store_mwh=40.0, store_mw=4.0, store_loss_per_h=0.5)
    heat_source(net, "boiler", 100.0, 200.0)
    _, record = solve(case_of(net, heat_of(0.0), **CYCLIC_END))
    assert output(record, "heat_zone", "heat_store_mwh")[0, -1] == pytest.approx(14.0, abs=1e-5)


@pytest.mark.parametrize(
    ("source", "price", "worth"),
    [
        # energy at 390: a heat pump of cop 3 takes 130 + 5, an electric boiler of 0.975 takes 400
        ({"kind": "heat_pump", "price": 5.0, "bus": 0, "cop": 3.0}, 390.0, 135.0),
        ({"kind": "electric_boiler", "price": 0.0, "bus": 0, "cop": 0.975}, 390.0, 200.0),
        ({"kind": "geothermal", "price": 12.0, "co2_t_per_mwh": 0.01}, 390.0, 12.5),
        # energy that costs less than nothing is taken as free
        ({"kind": "heat_pump", "price": 5.0, "bus": 0, "cop": 3.0}, -60.0, 5.0),
    ],
)
def test_heat_left_is_worth_what_the_cheapest_source_takes(source, price, worth):
    # the boiler takes 190 and 0.2 t at 50 CNY/t: 200
    net = grid()
    generator(net, 0, 100.0, 300.0)
    heat_zone(net, 30.0, store_mwh=40.0, store_mw=30.0)
    heat_source(net, "boiler", 100.0, 190.0, co2_t_per_mwh=0.2)
    heat_source(net, source["kind"], 10.0, **{key: value for key, value in source.items() if key != "kind"})
    case = case_of(net, heat_of(1.0), **HEATED, prices={"co2_cny_per_t": 50.0})
    _, model = bound_model(case, last=False, energy_price_cny_per_mwh=price)
    zone = next(part for part in model.components if part.name == "heat_zone")
    assert zone.end_price.value == pytest.approx(worth)


def test_windows_hand_the_store_on():
    # Window by window the level follows its equation over the seams, and no window overdraws the store.
    rng = np.random.default_rng(5)
    heat = rng.uniform(0.0, 1.0, 24)
    net = grid()
    heat_zone(net, 80.0, store_mwh=60.0, store_mw=25.0, store_loss_per_h=0.01)
    heat_zone(net, 10.0, name="village")
    heat_source(net, "geothermal", 40.0, 10.0)
    heat_source(net, "boiler", 100.0, 200.0)
    heat_source(net, "boiler", 20.0, 220.0, heat_zone="village", name="small boiler")
    rolling = HEATED | {"horizon": {"mode": "rolling", "window_h": 6, "look_ahead_h": 3}}
    _, record = solve(case_of(net, heat_of(*heat), **rolling))
    fill, draw, level = (output(record, "heat_zone", f"heat_store_{name}") for name in ("in_mw", "out_mw", "mwh"))
    before = np.column_stack([[30.0, 0.0], level[:, :-1]])
    np.testing.assert_allclose(level[0], 0.99 * before[0] + fill[0] - draw[0], atol=1e-6)
    assert level.min() >= -1e-6
    assert level[0].max() <= 60.0 + 1e-6
    given = output(record, "heat_source", "heat_source_mw")
    supplied = np.stack([given[0] + given[1], given[2]]) + draw - fill
    supplied += output(record, "heat_zone", "heat_shortfall_mw") - output(record, "heat_zone", "heat_excess_mw")
    np.testing.assert_allclose(supplied, np.outer([80.0, 10.0], heat), atol=1e-5)
    _, whole = solve(case_of(net, heat_of(*heat), **FREE_END))
    assert record.objective_cny >= whole.objective_cny - 1e-3


@pytest.mark.parametrize("seed", range(6))
def test_a_larger_store_never_costs_more(seed):
    rng = np.random.default_rng(seed)
    heat, costs = rng.uniform(0.0, 1.0, 8), []
    for size in (0.0, 20.0, 80.0):
        net = grid()
        load(net, 0, 30.0)
        generator(net, 0, 100.0, 300.0)
        heat_zone(net, 80.0, store_mwh=size, store_mw=size / 4, store_loss_per_h=0.02, store_start_pu=0.0)
        heat_source(net, "heat_pump", 30.0, 5.0, bus=0, cop=3.0)
        heat_source(net, "boiler", 40.0, 200.0)
        _, record = solve(case_of(net, heat_of(*heat), **FREE_END))
        costs.append(record.objective_cny)
    assert costs[0] >= costs[1] - 1e-4 >= costs[2] - 2e-4


# ---- what is read ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["min_output", "off"])
def test_zones_are_heated_in_their_mode_only_and_the_case_says_so(mode):
    net = grid()
    heat_zone(net, 80.0, store_mwh=10.0, store_mw=10.0)
    heat_source(net, "boiler", 40.0, 200.0)
    case = case_of(net, heat_of(1.0), policy={"chp_mode": mode, "dr_share_of_peak": 0.0})
    system, _ = solve(case)
    assert system.part("heat_zone") is None
    assert system.part("heat_source") is None
    assert heat_remarks(case) == [
        f"heat sources boiler: not used with policy.chp_mode = {mode}",
        f"heat stores of town: not used with policy.chp_mode = {mode}",
    ]


def test_a_peak_that_is_not_given_is_assumed_from_the_plants():
    # Extraction without a figure: 0.6 · 300 / 0.75 = 240; with one: 100; back-pressure 30 / 0.5 = 60: 0.9 · 400.
    net = grid()
    heat_zone(net)
    heat_zone(net, 50.0, name="village")
    heat_zone(net, name="hamlet")
    chp = {"heat_zone": "town", "chp_kind": "extraction", "c_m": 0.75, "c_v": 0.15}
    thermal(net, 0, 2, 60.0, 150.0, 300.0, **chp)
    thermal(net, 0, 1, 60.0, 150.0, 300.0, **chp, max_heat_mw=100.0)
    thermal(net, 0, 1, 10.0, 30.0, 300.0, heat_zone="town", chp_kind="back_pressure", c_m=0.5)
    retired = thermal(net, 0, 1, 10.0, 30.0, 300.0, heat_zone="town", chp_kind="back_pressure", c_m=0.5)
    net.gen.loc[retired, "in_service"] = False
    np.testing.assert_allclose(peak_heat_mw(with_defaults(net)), [360.0, 50.0, np.nan])
    case = case_of(net, heat_of(1.0), **HEATED)
    assert heat_remarks(case) == [
        "heat zone town: peak heat of 360.0 MW assumed, 0.9 of its CHP plants' largest heat (where that is not "
        "given, 0.6 max_p_mw / c_m)",
        "heat zone village: nothing serves it, all its heat is short",
        "heat zone hamlet: nothing serves it, all its heat is short",
    ]
    with pytest.raises(InputError, match=r"'hamlet', column p_mw: .* needs the peak heat"):
        solve(case)


def test_a_plant_that_is_not_committed_gives_no_heat():
    net = grid()
    heat_zone(net, 50.0)
    generator(net, 0, 100.0, 300.0, heat_zone="town", chp_kind="extraction", c_m=0.75, c_v=0.15, name="old chp")
    with pytest.raises(InputError, match="gen 'old chp', column committable: only a committable plant gives heat"):
        solve(case_of(net, heat_of(1.0), **HEATED))


def test_commitment_that_is_off_is_refused_where_plants_heat():
    net = grid()
    heat_zone(net, 50.0)
    thermal(net, 0, 1, 40.0, 100.0, 300.0, heat_zone="town", chp_kind="extraction", c_m=0.75, c_v=0.15)
    with pytest.raises(InputError, match="unit_commitment"):
        solve(case_of(net, heat_of(1.0), **HEATED, unit_commitment="off"))
