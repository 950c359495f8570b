"""CHP plants that heat a zone, by hand; and random zones with plants, sources and a store."""

import numpy as np
import pandapower as pp
import pytest

from tests.model.golden_heat import HEATED, heat_source, heat_zone, random_heat
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

CYCLIC_END = HEATED | {"horizon": MONOLITHIC | {"end_storage": "cyclic"}}


def heat_of(*values):
    return profiles(len(values), heat=("heat", values))


EXTRACTION = {"heat_zone": "town", "chp_kind": "extraction", "c_m": 0.75, "c_v": 0.15, "technology": "coal_chp"}


def heat_led(boiler_mw):
    """70 MW of load and 60 MW of heat; a unit of 40 … 100 MW at 300, 30 MW of wind, and a heat boiler at 200."""
    net = grid()
    load(net, 0, 70.0)
    wind(net, 0, 30.0)
    thermal(net, 0, 1, 40.0, 100.0, 300.0, **EXTRACTION)
    heat_zone(net, 60.0)
    heat_source(net, "boiler", boiler_mw, 200.0)
    return case_of(net, heat_of(1.0), **HEATED)


def test_an_extraction_plant_gives_power_with_its_heat():
    # 60 MW of heat come with 0.75 · 60 = 45 MW of power: 5 MW of wind are curtailed.  The boiler load is
    # 45 + 0.15 · 60 = 54 MW.
    _, record = solve(heat_led(boiler_mw=0.0))
    assert output(record, "thermal", "generator_p_mw")[0, 0] == pytest.approx(45.0)
    assert output(record, "thermal", "generator_heat_mw")[0, 0] == pytest.approx(60.0)
    assert output(record, "renewable", "renewable_curtailment_mw")[0, 0] == pytest.approx(5.0)
    assert record.objective_cny == pytest.approx(54 * 300 + 5)


def test_a_boiler_frees_the_plant_for_the_wind():
    # A MWh of heat less saves 0.9 MWh of boiler load (270 CNY) as long as wind replaces its power: 40 MW of power,
    # 40 / 0.75 = 53.33 MW of heat, boiler load 48 MW.  Beyond that it would save 0.15 MWh only (45 < 200).
    _, record = solve(heat_led(boiler_mw=50.0))
    assert output(record, "thermal", "generator_p_mw")[0, 0] == pytest.approx(40.0)
    assert output(record, "heat_source", "heat_source_mw")[0, 0] == pytest.approx(60 - 40 / 0.75)
    assert output(record, "renewable", "renewable_curtailment_mw")[0, 0] == pytest.approx(0.0, abs=1e-6)
    assert record.objective_cny == pytest.approx(48 * 300 + (60 - 40 / 0.75) * 200)


@pytest.mark.parametrize(("energy_price", "heat", "surplus"), [(300.0, 40.0, 0.0), (400.0, 60.0, 20.0)])
def test_a_back_pressure_plant_may_throw_heat_away_where_its_power_pays(energy_price, heat, surplus):
    # p = 0.5 h, fuel at 100 on p + h / 0.8: a MW more of power comes with 2 MW of heat and costs
    # 100 (1 + 2 / 0.8) = 350.  At 300 the plant follows the 40 MW of heat, at 400 it runs at its 30 MW.
    net = grid()
    load(net, 0, 80.0)
    generator(net, 0, 100.0, energy_price)
    columns = {"heat_zone": "town", "chp_kind": "back_pressure", "c_m": 0.5, "eta_heat": 0.8, "technology": "biomass"}
    thermal(net, 0, 1, 5.0, 30.0, 100.0, **columns)
    heat_zone(net, 40.0)
    heat_source(net, "boiler", 100.0, 150.0)
    _, record = solve(case_of(net, heat_of(1.0), **HEATED))
    assert output(record, "thermal", "generator_heat_mw")[0, 0] == pytest.approx(heat)
    assert output(record, "thermal", "generator_p_mw")[0, 0] == pytest.approx(heat / 2)
    assert output(record, "heat_zone", "heat_excess_mw")[0, 0] == pytest.approx(surplus, abs=1e-6)
    assert record.objective_cny == pytest.approx(100 * (heat / 2 + heat / 0.8) + energy_price * (80 - heat / 2))


@pytest.mark.parametrize("commitment", ["relaxed", "integer"])
def test_a_heat_store_lets_the_plant_stop_while_the_wind_blows(commitment):
    # Wind serves the 50 MW of load in the first hour and nothing in the second.  With a full store the plant stops
    # in the first and gives 50 MW and 30 + 30 MW of heat in the second: boiler load 50 + 0.15 · 60 = 59 MW.
    # Without it 30 MW of heat hold it at 22.5 MW: boiler load 27, then 54.5 MW, 22.5 MW of wind curtailed.
    # (A whole unit's least load is 20 MW, so that it could run at 27 MW as well.)
    costs = []
    for size in (30.0, 0.0):
        net = grid()
        load(net, 0, 50.0)
        wind(net, 0, 50.0, "wind")
        thermal(net, 0, 1, 20.0, 100.0, 300.0, **EXTRACTION)
        heat_zone(net, 30.0, store_mwh=size, store_mw=size, store_start_pu=1.0)
        series = profiles(2, heat=("heat", [1.0, 1.0]), wind=("availability", [1.0, 0.0]))
        _, record = solve(case_of(net, series, **CYCLIC_END, unit_commitment=commitment))
        costs.append(record.objective_cny)
    assert costs == pytest.approx([59 * 300, (27 + 54.5) * 300 + 22.5])


def test_plants_serve_the_zone_that_they_name():
    # Three plants, two zones: the village's heat can't come from the town's larger plants.
    net = grid()
    load(net, 0, 200.0)
    thermal(net, 0, 2, 40.0, 100.0, 300.0, **EXTRACTION)
    thermal(net, 0, 1, 10.0, 50.0, 350.0, **(EXTRACTION | {"heat_zone": "village", "max_heat_mw": 30.0}))
    thermal(net, 0, 1, 40.0, 100.0, 320.0)
    heat_zone(net, 90.0)
    heat_zone(net, 45.0, name="village")
    _, record = solve(case_of(net, heat_of(1.0), **HEATED))
    np.testing.assert_allclose(output(record, "thermal", "generator_heat_mw")[:, 0], [90.0, 30.0, 0.0], atol=1e-5)
    np.testing.assert_allclose(output(record, "heat_zone", "heat_shortfall_mw")[:, 0], [0.0, 15.0], atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "pieces", "worth"),
    [
        # what the extraction plant loses: 0.15 · 400
        ("extraction", None, 60.0),
        # fuel 300 (0.75 + 1 / 0.9) less 0.75 · 400
        ("back_pressure", None, 300 * (0.75 + 1 / 0.9) - 300),
        ("back_pressure", [[0, 50, 280.0], [50, 100, 330.0]], 280 * (0.75 + 1 / 0.9) - 300),
    ],
)
def test_heat_left_is_worth_what_a_plant_takes(kind, pieces, worth):
    net = grid()
    load(net, 0, 50.0)
    price = 0.0 if pieces else 300.0
    plant = thermal(net, 0, 1, 20.0, 100.0, price, **(EXTRACTION | {"chp_kind": kind, "eta_heat": 0.9}))
    if pieces:
        pp.create_pwl_cost(net, plant, "gen", pieces)
    heat_zone(net, 30.0, store_mwh=40.0, store_mw=30.0)
    heat_source(net, "boiler", 100.0, 900.0)
    _, model = bound_model(case_of(net, heat_of(1.0), **HEATED), last=False, energy_price_cny_per_mwh=400.0)
    zone = next(part for part in model.components if part.name == "heat_zone")
    assert zone.end_price.value == pytest.approx(worth)


# ---- all together ---------------------------------------------------------------------------------------------


def keeps_its_equations(system, record, step_h):
    """Every equation of the heat side holds in the outputs of a case with the one zone ``town``."""
    zone, source, plants = (system.part(name) for name in ("heat_zone", "heat_source", "thermal"))
    demand, fill, draw, level, short, surplus = (
        output(record, "heat_zone", f"heat_{name}")[0]
        for name in ("demand_mw", "store_in_mw", "store_out_mw", "store_mwh", "shortfall_mw", "excess_mw")
    )
    given, electric = (output(record, "heat_source", f"heat_source_{name}") for name in ("mw", "electric_mw"))
    heat, power, on, boiler = (
        output(record, "thermal", f"generator_{name}") for name in ("heat_mw", "p_mw", "on_units", "boiler_mw")
    )
    close = {"rtol": 0.0, "atol": 1e-5}
    np.testing.assert_allclose(heat.sum(axis=0) + given.sum(axis=0) + draw - fill + short - surplus, demand, **close)
    before = np.concatenate([zone.store_start_mwh, level[:-1]])
    kept = (1 - zone.store_loss_per_h * step_h) * before
    np.testing.assert_allclose(level, kept + (fill - draw) * step_h, **close)
    for value, most in ((fill, zone.store_mw), (draw, zone.store_mw), (level, zone.store_mwh), (short, demand)):
        assert value.min() >= -1e-6
        assert (value <= most + 1e-6).all()
    np.testing.assert_allclose(electric, source.power_per_heat[:, None] * given, **close)
    used = given[source.is_electric].sum(axis=0) + draw - fill
    assert (used <= np.maximum(demand, source.min_heat_mw[source.is_electric].sum()) + 1e-5).all()
    chp = plants.heat
    extraction, straw = chp.cluster[~chp.is_back_pressure], chp.cluster[chp.is_back_pressure]
    c_m, c_v, offset = chp.c_m[:, None], chp.c_v[:, None], chp.offset_mw[:, None]
    assert (heat[chp.cluster] <= chp.max_heat_mw[:, None] * on[chp.cluster] + 1e-5).all()
    line = c_m[~chp.is_back_pressure] * heat[extraction] + offset[~chp.is_back_pressure] * on[extraction]
    assert (power[extraction] >= line - 1e-5).all()
    np.testing.assert_allclose(
        boiler[extraction], power[extraction] + c_v[~chp.is_back_pressure] * heat[extraction], **close
    )
    np.testing.assert_allclose(power[straw], c_m[chp.is_back_pressure] * heat[straw], **close)


@pytest.mark.parametrize("seed", range(8))
def test_random_systems_keep_their_equations_in_one_piece_and_in_windows(seed):
    rng = np.random.default_rng(seed)
    step_h = float(rng.choice([0.5, 1.0]))
    net = grid(2, [(0, 1, 10.0, 60.0)])
    load(net, 0, 90.0, "load")
    load(net, 1, 40.0)
    wind(net, 1, 120.0, "wind")
    generator(net, 0, 150.0, 500.0)
    random_heat(net, rng, buses=2)
    steps = 18
    series = profiles(
        steps,
        step_h,
        load=("demand", rng.uniform(0.7, 1.3, steps)),
        wind=("availability", rng.uniform(0.0, 1.0, steps)),
        heat=("heat", np.where(np.arange(steps) < 14, rng.uniform(0.3, 1.0, steps), 0.0)),
    )
    policy = HEATED["policy"] | {"renewable_priority_cny_per_mwh": float(rng.choice([1.0, 300.0]))}
    end = {"end_storage": str(rng.choice(["value", "cyclic", "free"]))}
    rolling = {"mode": "rolling", "window_h": 6 * step_h, "look_ahead_h": 2 * step_h, **end}
    costs = []
    for horizon in (MONOLITHIC | end, rolling):
        system, record = solve(case_of(net, series, policy=policy, horizon=horizon, step_h=step_h))
        keeps_its_equations(system, record, step_h)
        if end["end_storage"] == "cyclic":
            zone = system.part("heat_zone")
            assert output(record, "heat_zone", "heat_store_mwh")[0, -1] >= zone.store_start_mwh[0] - 1e-5
        costs.append(record.objective_cny)
    if end["end_storage"] != "value":  # what is left is then worth the same in both: nothing
        assert costs[1] >= costs[0] - 1e-3
