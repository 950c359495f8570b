"""Prosumers against numbers computed by hand, over windows, and with more or less flexibility."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridopt.errors import InfeasibleError
from gridopt.model.prosumer_data import block_ends, left_in_block
from gridopt.model.system import System
from tests.model.golden_flexible import CASES
from tests.model.systems import add_row, bound_model, case_of, output, profiles, solve
from tests.model.valley import CYCLIC, FREE, VALLEY, at_most, before, bench, part_of, run

NOON = ("availability", [0.0, 0.5, 1.0, 0.25])


def prosumer(net, **columns):
    add_row(net, "prosumer", {"name": "site", "bus": 0, "kind": "park"} | columns)


def of(record, name):
    return output(record, "prosumer", f"prosumer_{name}")


def recompute(d, out, h, time, table):
    """Every equation of the model in numpy, over the stitched hours; blocks counted from the time stamps."""
    names = ("p_mw", "load_mw", "shift_mw", "generation_mw", "pv_mw", "pv_available_mw", "charge_mw", "discharge_mw")
    x, own, moved, made, pv, sun, charge, discharge = (out[f"prosumer_{name}"] for name in names)
    level, short, excess = (out[f"prosumer_{name}"] for name in ("energy_mwh", "shortfall_mw", "excess_mw"))
    np.testing.assert_allclose(x, made + pv + discharge - charge - own - moved + short - excess, atol=1e-5)
    np.testing.assert_allclose(own, d.load_mw)
    np.testing.assert_allclose(sun, d.pv_mw)
    for series in (made, pv, charge, discharge, level, short, excess):
        at_most(-series, 0.0)
    at_most(-d.import_mw[:, None], x)
    at_most(x, d.export_mw[:, None])
    at_most(pv, sun)
    share = table["shift_share"].to_numpy()[:, None]
    taken = (1 - share) * own + d.export_mw[:, None]
    at_most(np.minimum(table["generation_min_mw"].to_numpy()[:, None], taken), made)
    at_most(made, d.generation_max_mw[:, None])
    ramped = np.isfinite(d.ramp_mw_per_h)
    at_most(np.abs(x - before(d.start_p_mw, x))[ramped], (d.ramp_mw_per_h * h)[ramped, None])
    promised = np.where(ramped, d.export_mw, 0.0)[:, None]
    at_most(short, own + moved + promised)
    at_most(np.abs(moved), share * own)
    begins = (time - pd.Timedelta(hours=h) - pd.Timestamp(time[0].year, 1, 1)) / pd.Timedelta(hours=1)
    for i, length in enumerate(table["shift_window_h"]):
        sums = pd.Series(moved[i]).groupby(np.floor(np.asarray(begins) / length + 1e-9)).sum() * h
        np.testing.assert_allclose(sums, 0.0, atol=1e-4)
    eta = d.store_eta[:, None]
    np.testing.assert_allclose(level, before(d.start_mwh, level) + h * (eta * charge - discharge / eta), atol=1e-4)
    at_most(level, d.store_mwh[:, None])
    at_most(charge + discharge, d.store_mw[:, None])


def check(system, record):
    d, h = system.part("prosumer"), system.step_h
    out = record.outputs["prosumer"]
    recompute(d, out, h, system.time, system.case.net.prosumer)
    cost = d.generation_cny_per_mwh @ of(record, "generation_mw") + d.wear_cny_per_mwh @ of(record, "discharge_mw")
    np.testing.assert_allclose(record.operating_cny["prosumer"], h * cost, atol=1e-3)
    dark = (of(record, "pv_available_mw") - of(record, "pv_mw")).sum(axis=0)
    price = d.shortfall_cny_per_mwh @ of(record, "shortfall_mw") + d.excess_cny_per_mwh * of(record, "excess_mw").sum(0)
    due = h * (price + d.curtailment_cny_per_mwh * dark).sum()
    if d.returns:
        due += np.maximum(d.start_mwh - of(record, "energy_mwh")[:, -1], 0.0) @ d.end_cny_per_mwh
    np.testing.assert_allclose(record.penalty_cny["prosumer"].sum(), due, rtol=1e-6, atol=1e-2)


def test_a_captive_plant_runs_where_it_is_cheaper():
    """Own power at 250 CNY/MWh: at its minimum in the valley (100), at full power against 400; 5 MW are fed in."""
    net = bench()
    plant = {"generation_mw": 30.0, "generation_min_mw": 10.0, "generation_cny_per_mwh": 250.0}
    prosumer(net, kind="captive", p_mw=20.0, export_max_mw=5.0, **plant)
    system, record = run(net)
    np.testing.assert_allclose(of(record, "generation_mw"), [[10.0, 10.0, 25.0, 25.0]], atol=1e-6)
    np.testing.assert_allclose(of(record, "p_mw"), [[-10.0, -10.0, 5.0, 5.0]], atol=1e-6)
    # the grid: 2 x 60 and 2 x 80 cheap, 2 x 5 dear
    np.testing.assert_allclose(record.objective_cny, 100 * 280 + 400 * 10 + 250 * 70)
    check(system, record)


def test_a_captive_plant_never_runs_above_what_is_taken():
    """A minimum of 30 MW against 20 MW of load, of which a tenth may move, and 5 MW of export: 23 MW."""
    net = bench()
    plant = {"generation_mw": 40.0, "generation_min_mw": 30.0, "generation_cny_per_mwh": 900.0}
    prosumer(net, kind="captive", p_mw=20.0, export_max_mw=5.0, shift_share=0.1, **plant)
    system, record = run(net)
    np.testing.assert_allclose(of(record, "generation_mw"), 23.0, atol=1e-6)
    check(system, record)


def test_carbon_has_its_price_and_is_counted():
    """0.9 t/MWh at 200 CNY/t make 250 CNY/MWh 430: the plant stays at its minimum."""
    net = bench()
    plant = {"generation_mw": 30.0, "generation_min_mw": 10.0, "generation_cny_per_mwh": 250.0}
    prosumer(net, kind="captive", p_mw=20.0, generation_co2_t_per_mwh=0.9, **plant)
    case = case_of(net, profiles(4, load=VALLEY), horizon=FREE, prices={"co2_cny_per_t": 200.0})
    system, record = solve(case)
    np.testing.assert_allclose(of(record, "generation_mw"), 10.0, atol=1e-6)
    np.testing.assert_allclose(record.operating_cny["prosumer"].sum(), 40 * 430.0)
    _, model = bound_model(case)
    model.problem.solve("HIGHS")
    np.testing.assert_allclose(part_of(model, "prosumer").co2_t().value, 9.0, atol=1e-6)
    check(system, record)


def test_load_moves_into_the_valley_and_back():
    """A quarter of 20 MW: 5 MW an hour from the dear hours to the cheap ones, nothing in sum."""
    net = bench()
    prosumer(net, kind="building", p_mw=20.0, shift_share=0.25, shift_window_h=4.0)
    system, record = run(net)
    np.testing.assert_allclose(of(record, "shift_mw"), [[5.0, 5.0, -5.0, -5.0]], atol=1e-6)
    np.testing.assert_allclose(of(record, "p_mw"), [[-25.0, -25.0, -15.0, -15.0]], atol=1e-6)
    check(system, record)


def test_load_moves_only_within_its_block():
    """Blocks of two hours: both hours of each cost the same, so nothing is saved; of three: the third gives to two.

    The second block of three hours is the last hour alone, in which nothing can move.
    """
    base = run(_moving(2.0))[1].objective_cny
    assert base == pytest.approx(run(_moving(4.0, share=0.0))[1].objective_cny)
    system, record = run(_moving(3.0))
    moved = of(record, "shift_mw")[0]
    np.testing.assert_allclose([moved[:2].sum(), moved[2], moved[3]], [5.0, -5.0, 0.0], atol=1e-6)
    np.testing.assert_allclose(base - record.objective_cny, 5 * 300.0)
    check(system, record)


def _moving(window_h, share=0.25):
    net = bench()
    prosumer(net, kind="data_centre", p_mw=20.0, shift_share=share, shift_window_h=window_h)
    return net


def test_photovoltaic_power_is_stored_behind_the_meter():
    """No export: at noon 10 MW of sun meet 4 MW of load and 3 MW of charging, 3 MW are lost at 1 CNY/MWh."""
    net = bench(95.0, 100.0)
    roof = {"pv_mw": 10.0, "pv_profile": "sun", "store_mw": 3.0, "store_mwh": 8.0, "store_eta": 1.0}
    prosumer(net, kind="building", p_mw=4.0, **roof)
    series = {"load": ("demand", [1.0] * 4), "sun": ("availability", [0.0, 0.0, 1.0, 0.0])}
    system, record = run(net, series=series)
    np.testing.assert_allclose(of(record, "pv_mw"), [[0.0, 0.0, 7.0, 0.0]], atol=1e-6)
    assert of(record, "charge_mw")[0, 2] == pytest.approx(3.0)
    # 4 MWh of the half full store at first, and 3 MWh later: 7 of 12 MWh of load by night
    np.testing.assert_allclose(of(record, "p_mw").sum(), -5.0, atol=1e-6)
    np.testing.assert_allclose(record.penalty_cny["prosumer"].sum(), 3.0)
    check(system, record)


def test_wear_and_losses_of_the_store():
    """90 % each way: 10 MWh drawn at 100 CNY give 8.1 MWh, at 20 CNY/MWh of wear, against 400 CNY."""
    net = bench()
    store = {"store_mw": 10.0, "store_mwh": 18.0, "store_eta": 0.9, "store_wear_cny_per_mwh": 20.0}
    prosumer(net, p_mw=10.0, **store)
    system, record = run(net)
    charge, discharge = of(record, "charge_mw")[0], of(record, "discharge_mw")[0]
    # 9 of 18 MWh at first: 10 MWh fill it, 16.2 MWh come out of it in the dear hours
    np.testing.assert_allclose([charge[:2].sum(), discharge[2:].sum()], [10.0, 16.2], atol=1e-6)
    # the grid: 2 x 60, 10 for the store and 2 x 80 MWh cheap; 2 x 20 MWh dear less what the store gives
    np.testing.assert_allclose(record.objective_cny, 100 * 290 + 400 * (40 - 16.2) + 16.2 * 20)
    check(system, record)


def test_a_virtual_power_plant_has_one_ramp_and_one_envelope():
    """Own power for nothing, at most 12 MW fed in, 5 MW an hour: from −10 MW in steps of 5 MW."""
    net = bench()
    envelope = {"import_max_mw": 10.0, "export_max_mw": 12.0, "ramp_mw_per_h": 5.0}
    prosumer(net, kind="virtual_power_plant", p_mw=10.0, generation_mw=40.0, **envelope)
    system, record = run(net)
    np.testing.assert_allclose(of(record, "p_mw"), [[-5.0, 0.0, 5.0, 10.0]], atol=1e-6)
    check(system, record)


def test_a_delivery_that_fails_is_short():
    """Sun of 10 MW is gone after the first hour; the exchange may fall by 4 MW only and 8 MW had been fed in."""
    net = bench()
    roof = {"pv_mw": 10.0, "pv_profile": "sun", "export_max_mw": 10.0, "ramp_mw_per_h": 4.0}
    prosumer(net, p_mw=0.0, shortfall_cny_per_mwh=0.5, **roof)
    series = {"load": ("demand", [5 / 7, 5 / 7]), "sun": ("availability", [1.0, 0.0])}
    system, record = run(net, 2, series)
    # before the first hour all 10 MW of the sun were fed in
    np.testing.assert_allclose(of(record, "p_mw"), [[10.0, 10.0]], atol=1e-6)
    np.testing.assert_allclose(of(record, "shortfall_mw"), [[0.0, 10.0]], atol=1e-6)
    check(system, record)


def test_load_beyond_the_connection_is_short():
    """20 MW of load behind 15 MW: 5 MW at 800 CNY/MWh."""
    net = bench()
    prosumer(net, p_mw=20.0, import_max_mw=15.0, shortfall_cny_per_mwh=800.0)
    system, record = run(net)
    np.testing.assert_allclose(of(record, "shortfall_mw"), 5.0, atol=1e-6)
    np.testing.assert_allclose(record.penalty_cny["prosumer"], 4000.0)
    check(system, record)


def test_a_load_that_stops_faster_than_the_ramp_is_thrown_away():
    """From 20 to 5 MW with a ramp of 10 MW: 5 MW drawn that nobody needs, at the price of excess energy."""
    net = bench()
    prosumer(net, p_mw=12.5, profile="own", ramp_mw_per_h=10.0)
    series = {"load": ("demand", [5 / 7, 5 / 7]), "own": ("demand", [1.6, 0.4])}
    system, record = run(net, 2, series)
    np.testing.assert_allclose(of(record, "p_mw"), [[-20.0, -10.0]], atol=1e-6)
    np.testing.assert_allclose(record.penalty_cny["prosumer"], [0.0, 5 * 5000.0])
    check(system, record)


def test_closed_valves_make_it_infeasible():
    net = bench()
    prosumer(net, p_mw=20.0, import_max_mw=15.0)
    with pytest.raises(InfeasibleError):
        run(net, prices={"value_of_lost_load_cny_per_mwh": None, "excess_cny_per_mwh": None})


def test_a_store_comes_back_to_half():
    """Used in the dear hours without cyclic end; with it, what was taken has to be back at the end."""
    net = bench()
    prosumer(net, p_mw=10.0, store_mw=5.0, store_mwh=10.0, store_eta=1.0)
    system, record = run(net, horizon=CYCLIC)
    np.testing.assert_allclose(of(record, "energy_mwh")[0, -1], 5.0, atol=1e-6)
    check(system, record)
    system, record = run(net)
    np.testing.assert_allclose(of(record, "energy_mwh")[0, -1], 0.0, atol=1e-6)


def test_a_store_that_cannot_come_back_pays_for_what_is_missing():
    """Nothing can be drawn, 4 MWh are used at 900 CNY/MWh: unserved now or missing at the end, 3600 CNY are due."""
    net = bench()
    prosumer(net, p_mw=2.0, import_max_mw=0.0, store_mw=5.0, store_mwh=10.0, store_eta=1.0, shortfall_cny_per_mwh=900.0)
    system, record = run(net, 2, {"load": ("demand", [5 / 7, 5 / 7])}, horizon=CYCLIC)
    np.testing.assert_allclose(record.penalty_cny["prosumer"].sum(), 3600.0)
    check(system, record)


def test_what_is_left_is_worth_the_energy_price():
    """Stored energy times its efficiency; load served early in full."""
    net = bench()
    prosumer(net, p_mw=20.0, shift_share=0.5, store_mw=5.0, store_mwh=10.0, store_eta=0.9)
    _, model = bound_model(case_of(net, profiles(4, load=VALLEY)), energy_price_cny_per_mwh=200.0)
    model.problem.solve("HIGHS")
    part = part_of(model, "prosumer")
    np.testing.assert_allclose(part.end_price.value, [180.0])
    np.testing.assert_allclose(part.end_value().value, 180.0 * part.level.value[0, -1], atol=1e-6)
    assert part.carried.value == pytest.approx(0.0, abs=1e-6)  # the horizon ends the block


def test_what_is_outstanding_at_a_seam_is_settled_in_the_next_window():
    """Windows of two hours cut a block of four: what the valley serves early is not drawn later."""
    net = bench()
    prosumer(net, p_mw=20.0, shift_share=0.25, shift_window_h=4.0)
    system, record = run(net, horizon={"window_h": 2, "look_ahead_h": 0})
    assert len(record.windows) == 2
    moved = of(record, "shift_mw")[0]
    assert moved[:2].sum() == pytest.approx(10.0)
    assert moved[2:].sum() == pytest.approx(-10.0)
    check(system, record)


def test_blocks_are_those_of_the_calendar():
    """From 22:00 on 3 January, blocks of a day: two hours, then the whole 4 January."""
    time = pd.date_range("2030-01-03 23:00", periods=30, freq="h")
    ends = block_ends(time, np.array([24.0]), 1.0)
    np.testing.assert_array_equal(ends[0], [1] * 2 + [25] * 24 + [29] * 4)


@given(st.integers(1, 40), st.floats(0.5, 50), st.sampled_from([0.25, 1.0]))
def test_what_is_left_in_a_block_ends_with_it(steps, window_h, step_h):
    time = pd.Timestamp("2030-03-01 07:00") + pd.to_timedelta(np.arange(1, steps + 1) * step_h, unit="h")
    ends = block_ends(time, np.array([window_h]), step_h)[0]
    amount = np.arange(1.0, steps + 1)
    left = left_in_block(amount[None, :], ends[None, :])[0]
    for t in range(steps):
        assert ends[t] >= t
        assert left[t] == pytest.approx(amount[t + 1 : ends[t] + 1].sum())
    assert (left[np.unique(ends)] == 0).all()


def random_net(rng):
    """One prosumer of each kind with random limits, some of them tight."""
    net = bench(150.0, 140.0, 60.0)
    ramp = float(rng.choice([4.0, 500.0]))
    prosumer(
        net,
        name="mill",
        kind="captive",
        p_mw=30.0,
        profile="busy",
        generation_mw=float(rng.uniform(10, 50)),
        generation_min_mw=8.0,
        generation_cny_per_mwh=float(rng.uniform(50, 450)),
        generation_co2_t_per_mwh=0.9,
        import_max_mw=float(rng.uniform(15, 60)),
        export_max_mw=float(rng.choice([0.0, 10.0])),
    )
    prosumer(
        net,
        name="offices",
        kind="building",
        p_mw=10.0,
        profile="busy",
        shift_share=float(rng.uniform(0.05, 0.5)),
        shift_window_h=float(rng.choice([5.0, 8.0, 24.0])),
        pv_mw=float(rng.uniform(0, 20)),
        pv_profile="sun",
        store_mw=3.0,
        store_mwh=float(rng.uniform(2, 12)),
        store_wear_cny_per_mwh=10.0,
    )
    prosumer(
        net, name="servers", kind="data_centre", p_mw=15.0, shift_share=0.3, shift_window_h=3.0, import_max_mw=16.0
    )
    prosumer(
        net,
        name="plant",
        kind="virtual_power_plant",
        p_mw=12.0,
        profile="busy",
        shift_share=0.2,
        pv_mw=25.0,
        pv_profile="sun",
        store_mw=6.0,
        store_mwh=12.0,
        generation_mw=5.0,
        generation_min_mw=2.0,
        generation_cny_per_mwh=300.0,
        import_max_mw=14.0,
        export_max_mw=12.0,
        ramp_mw_per_h=ramp,
    )
    return net


def random_profiles(rng, steps, step_h=1.0):
    hour = np.arange(steps) * step_h
    wave = np.sin(2 * np.pi * (hour - 8) / 24)
    return profiles(
        steps,
        step_h,
        load=("demand", 1 + 0.3 * wave + rng.normal(0, 0.05, steps)),
        busy=("demand", np.clip(1 + 0.6 * wave + rng.normal(0, 0.1, steps), 0, None)),
        sun=("availability", np.clip(wave * rng.uniform(0.5, 1.0, steps), 0, 1)),
    )


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("look_ahead", [0, 5])
def test_four_windows_keep_every_equation(seed, look_ahead):
    rng = np.random.default_rng(seed)
    net, step_h = random_net(rng), (0.5 if seed % 3 == 2 else 1.0)
    end = ("value", "cyclic", "free")[seed % 3]
    horizon = {"window_h": 11 * step_h, "look_ahead_h": look_ahead * step_h, "end_storage": end}
    system, record = solve(case_of(net, random_profiles(rng, 44, step_h), horizon=horizon))
    assert len(record.windows) == 4
    check(system, record)


WIDER = {
    "shift_share": lambda v: np.minimum(v * 1.8, 1.0),
    "shift_window_h": lambda v: v * 3,  # every block is a union of the shorter ones
    "generation_min_mw": lambda v: v * 0.0,
    "generation_mw": lambda v: v * 1.5,
    "store_mw": lambda v: v * 2,
    "import_max_mw": lambda v: v * 1.3,
    "export_max_mw": lambda v: v + 5.0,
    "ramp_mw_per_h": lambda v: v * 3,
}


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), more=st.sampled_from(sorted(WIDER)))
def test_more_flexibility_never_costs_more(seed, more):
    """The end free, one problem: every wider limit can only help."""
    rng = np.random.default_rng(seed)
    net, series = random_net(rng), random_profiles(rng, 20)
    if more != "ramp_mw_per_h":  # the others move the exchange before the first step, where the ramp begins
        net.prosumer["ramp_mw_per_h"] = np.nan
    if more == "export_max_mw":  # more export lets a plant's minimum count again
        net.prosumer["generation_min_mw"] = 0.0
    tight = solve(case_of(net, series, horizon=FREE))[1].objective_cny
    net.prosumer[more] = WIDER[more](net.prosumer[more].astype(float))
    loose = solve(case_of(net, series, horizon=FREE))[1].objective_cny
    assert loose <= tight * (1 + 1e-7) + 1e-3


def test_what_is_out_of_service_is_left_out():
    net = bench()
    prosumer(net, p_mw=10.0, in_service=False)
    assert System.read(case_of(net, profiles(4, load=VALLEY))).part("prosumer") is None


def test_rows_that_cannot_bind_are_left_out():
    """Two sites over four hours: one moves load and has a store, one has a ramp."""
    _, model = bound_model(CASES["prosumers"]())
    part = part_of(model, "prosumer")
    # moved energy, its end, load that may lack; level, power and end of the store; the balance; the ramp both ways
    assert [row.size for row in part.constraints()] == [4, 1, 4, 4, 4, 1, 8, 4, 4]
