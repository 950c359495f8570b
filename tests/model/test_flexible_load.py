"""Flexible loads against numbers computed by hand, over windows, and with more or less flexibility."""

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridopt.errors import InfeasibleError, InputError
from gridopt.model.system import System
from gridopt.solver.session import LiveProblem
from tests.model.golden_flexible import CASES
from tests.model.systems import (
    add_row,
    bound_model,
    case_of,
    output,
    profiles,
    solve,
)
from tests.model.valley import CYCLIC, FREE, VALLEY, at_most, before, bench, part_of, run


def flexible(net, max_mw, **columns):
    add_row(net, "flexible_load", {"name": "flexible", "bus": 0, "kind": "other", "max_p_mw": max_mw} | columns)


def of(record, name):
    return output(record, "flexible_load", f"flexible_load_{name}")


def recompute(d, out, h, initial_p, initial_on):
    """Every equation of the model in numpy, over the stitched hours."""
    get = {name: out[f"flexible_load_{name}"] for name in ("p_mw", "discharge_mw", "energy_mwh", "use_mw")}
    p, back, level, use = get.values()
    short, spill, on = (out[f"flexible_load_{name}"] for name in ("shortfall_mw", "spill_mw", "on"))
    at = d.buffered
    stored = d.eta[:, None] * p - back / d.eta_discharge[:, None] - use - spill
    kept = (1 - d.self_discharge_per_h * h)[:, None] * before(d.start_e_mwh, level)
    np.testing.assert_allclose(level[at], (kept + h * stored)[at], atol=1e-4)
    np.testing.assert_allclose(use[~at], (d.eta[:, None] * p)[~at], atol=1e-6)
    need = d.need_mw + d.chain.toarray() @ p
    np.testing.assert_allclose((use + short)[at], need[at], atol=1e-6)
    for series in (p, back, level, use, short, spill):
        at_most(-series, 0.0)
    at_most(d.min_mw, p)
    at_most(p, d.max_mw)
    at_most(level, d.max_e_mwh[:, None] * at[:, None])
    at_most(spill, (d.eta * d.rated_mw * d.may_spill)[:, None])
    gives = d.discharge_mw > 0
    share = p[gives] / d.rated_mw[gives, None] + back[gives] / d.discharge_mw[gives, None]
    at_most(share, d.plugged[gives], 1e-6)
    assert not back[~gives].any()
    runs = d.least_on_mw > 0
    assert np.isnan(on[~runs]).all()
    at_most((d.least_on_mw[:, None] * on)[runs], p[runs])
    at_most(p[runs], (d.rated_mw[:, None] * on)[runs])
    if d.integer:
        np.testing.assert_allclose(on[runs], np.round(on[runs]), atol=1e-6)
    ramp = np.where(np.isfinite(d.ramp_mw_per_h), d.ramp_mw_per_h, 1e9)[:, None] * h
    jump, z = np.maximum(d.least_on_mw[:, None] - ramp, 0.0), np.nan_to_num(on)
    p0, z0 = before(initial_p, p), before(np.where(runs, initial_on, 0.0), z)
    rise = np.maximum(d.min_mw - before(d.min_mw[:, 0], d.min_mw), 0.0)
    fall = np.maximum(before(d.max_mw[:, 0], d.max_mw) - d.max_mw, 0.0)
    at_most(p - p0, ramp + jump * (1 - z0) + rise)
    at_most(p0 - p, ramp + jump * (1 - z) + fall)


def check(system, record):
    d = system.part("flexible_load")
    first = system.initial_state()["flexible_load"]
    recompute(d, record.outputs["flexible_load"], system.step_h, first["p_mw"], first["on"])
    get = {name: of(record, name) for name in ("p_mw", "discharge_mw", "energy_mwh", "shortfall_mw", "spill_mw")}
    cost = d.wear_cny_per_mwh @ get["discharge_mw"] - d.value_cny_per_mwh @ get["p_mw"]
    np.testing.assert_allclose(record.operating_cny["flexible_load"], system.step_h * cost, atol=1e-3)
    price = d.shortfall_cny_per_mwh @ get["shortfall_mw"] + d.spill_cny_per_mwh * get["spill_mw"].sum(axis=0)
    lacking = np.maximum(d.start_e_mwh - get["energy_mwh"][:, -1], 0.0)[d.buffered] @ d.end_cny_per_mwh[d.buffered]
    due = system.step_h * price.sum() + (lacking if d.returns else 0.0)
    np.testing.assert_allclose(record.penalty_cny["flexible_load"].sum(), due, rtol=1e-6, atol=1e-2)


def test_vehicles_are_charged_in_the_valley():
    """10 MW driven all day, 20 MWh of batteries, empty at first: 40 MWh in the first two hours, then nothing."""
    net = bench()
    flexible(net, 30.0, kind="ev", p_mw=10.0, max_e_mwh=20.0, start_e_mwh=0.0)
    system, record = run(net)
    p, level = of(record, "p_mw")[0], of(record, "energy_mwh")[0]
    np.testing.assert_allclose(p[:2].sum(), 40.0, atol=1e-6)
    np.testing.assert_allclose(p[2:], 0.0, atol=1e-6)
    np.testing.assert_allclose(level[1:], [20.0, 10.0, 0.0], atol=1e-6)
    # 280 MWh of load and 40 MWh of charging: 300 MWh cheap, 10 MW dear in the last two hours
    np.testing.assert_allclose(record.objective_cny, 300 * 100 + 20 * 400)
    check(system, record)


def test_losses_of_charging_and_of_standing():
    """9 MWh used in the second hour: 10 MWh stored in the first lose a tenth; 12.5 MWh drawn at 80 %."""
    net = bench()
    flexible(
        net,
        30.0,
        p_mw=4.5,
        profile="use",
        eta=0.8,
        self_discharge_per_h=0.1,
        max_e_mwh=20.0,
        start_e_mwh=0.0,
    )
    series = {"load": ("demand", [5 / 7, 9 / 7]), "use": ("demand", [0.0, 2.0])}
    system, record = run(net, 2, series)
    np.testing.assert_allclose(of(record, "p_mw"), [[12.5, 0.0]], atol=1e-6)
    np.testing.assert_allclose(of(record, "energy_mwh"), [[10.0, 0.0]], atol=1e-6)
    check(system, record)


def test_only_what_is_plugged_in_charges():
    """Of 30 MW 40 %, then 90 % are plugged in: 12 and 27 of the 40 MWh in the valley, 1 MWh later."""
    net = bench()
    flexible(net, 30.0, p_mw=10.0, max_e_mwh=20.0, start_e_mwh=0.0, plugged_profile="plugged")
    series = {"load": VALLEY, "plugged": ("availability", [0.4, 0.9, 0.5, 0.5])}
    system, record = run(net, series=series)
    p = of(record, "p_mw")[0]
    np.testing.assert_allclose([*p[:2], p[2:].sum()], [12.0, 27.0, 1.0], atol=1e-6)
    check(system, record)


def test_vehicle_to_grid_shares_the_plugs():
    """10 MWh given back at 80 % take 12.5 MWh out; wear of 50 CNY/MWh is paid.  Half the fleet is plugged in."""
    net = bench()
    flexible(
        net,
        20.0,
        kind="ev",
        max_discharge_mw=20.0,
        eta_discharge=0.8,
        max_e_mwh=25.0,
        start_e_mwh=0.0,
        plugged_profile="plugged",
        wear_cny_per_mwh=50.0,
    )
    system, record = run(net, series={"load": VALLEY, "plugged": ("availability", [0.5] * 4)})
    p, back = of(record, "p_mw")[0], of(record, "discharge_mw")[0]
    # 25 MWh would fit in, 2 x 10 MW are plugged in: 20 MWh give back 16 MWh instead of 400 CNY each
    np.testing.assert_allclose([p.sum(), back.sum()], [20.0, 16.0], atol=1e-6)
    np.testing.assert_allclose(p[:2], [10.0, 10.0], atol=1e-6)
    np.testing.assert_allclose(record.objective_cny, 100 * (260 + 20) + 400 * (20 - 16) + 16 * 50)
    check(system, record)


def test_use_beyond_the_power_is_short_at_its_price():
    """5 and 15 MW without a store behind 12 MW: 3 MW are short, at 700 CNY/MWh."""
    net = bench()
    flexible(net, 12.0, p_mw=10.0, profile="use", shortfall_cny_per_mwh=700.0)
    series = {"load": ("demand", [5 / 7, 5 / 7]), "use": ("demand", [0.5, 1.5])}
    system, record = run(net, 2, series)
    np.testing.assert_allclose(of(record, "shortfall_mw"), [[0.0, 3.0]], atol=1e-9)
    np.testing.assert_allclose(of(record, "use_mw"), [[5.0, 12.0]], atol=1e-9)
    np.testing.assert_allclose(record.penalty_cny["flexible_load"], [0.0, 2100.0])
    check(system, record)


def test_a_load_that_has_to_run_spills_what_no_store_takes():
    """6 MW at least, 5 MW used: 1 MW is spilled at the price of excess energy."""
    net = bench()
    flexible(net, 20.0, min_p_mw=6.0, p_mw=10.0, profile="use")
    series = {"load": ("demand", [5 / 7, 5 / 7]), "use": ("demand", [0.5, 1.5])}
    system, record = run(net, 2, series)
    np.testing.assert_allclose(of(record, "spill_mw"), [[1.0, 0.0]], atol=1e-9)
    np.testing.assert_allclose(record.penalty_cny["flexible_load"], [5000.0, 0.0])
    check(system, record)


def test_closed_valves_make_it_infeasible():
    """A price of null forbids what stays unserved, as everywhere."""
    net = bench()
    flexible(net, 12.0, p_mw=10.0, profile="use")
    series = {"load": ("demand", [5 / 7, 5 / 7]), "use": ("demand", [0.5, 1.5])}
    prices = {"value_of_lost_load_cny_per_mwh": None, "excess_cny_per_mwh": None}
    with pytest.raises(InfeasibleError):
        run(net, 2, series, prices=prices)


def electrolyser(commitment):
    """Due are 12 MWh in three hours with 5 MW to be had at 100 CNY/MWh; 10 MW at least while it runs."""
    net = bench(75.0)
    flexible(
        net,
        20.0,
        kind="electrolyser",
        kg_h2_per_mwh=20.0,
        min_part_load_pu=0.5,
        annual_mwh=12 * 8760 / 3,
    )
    return run(net, 3, {"load": ("demand", [1.0] * 3)}, unit_commitment=commitment)


def test_part_load_with_fractions_is_free():
    """Two times 5 MW and once 2 MW."""
    system, record = electrolyser("relaxed")
    np.testing.assert_allclose(record.objective_cny, 75 * 3 * 100 + 12 * 100)
    check(system, record)


def test_part_load_with_whole_units_runs_once():
    """One hour of 12 MW (7 MW dear, 3300 CNY) is cheaper than two of 10 MW (5000 CNY)."""
    system, record = electrolyser("integer")
    p, on = of(record, "p_mw")[0], of(record, "on")[0]
    np.testing.assert_allclose(np.sort(p), [0.0, 0.0, 12.0], atol=1e-6)
    np.testing.assert_array_equal(on, (p > 1).astype(float))
    np.testing.assert_allclose(record.objective_cny, 75 * 3 * 100 + 5 * 100 + 7 * 400)
    check(system, record)


def test_a_start_jumps_to_part_load_and_then_ramps():
    """From standstill 10 MW at once, then 4 MW an hour; a MWh is worth more than it costs."""
    net = bench()
    columns = {"min_part_load_pu": 0.5, "ramp_mw_per_h": 4.0, "value_cny_per_mwh": 1000.0}
    flexible(net, 20.0, **columns)
    system, record = run(net, unit_commitment="integer")
    np.testing.assert_allclose(of(record, "p_mw"), [[10.0, 14.0, 18.0, 20.0]], atol=1e-6)
    assert record.operating_cny["flexible_load"].sum() == pytest.approx(-62_000.0)
    check(system, record)


def test_vehicles_that_drive_off_are_no_ramp():
    """The ramp of 2 MW an hour doesn't hold for the 15 MW that are unplugged."""
    net = bench()
    flexible(net, 20.0, ramp_mw_per_h=2.0, value_cny_per_mwh=1000.0, plugged_profile="plugged", min_p_mw=12.0)
    system, record = run(net, series={"load": VALLEY, "plugged": ("availability", [1.0, 1.0, 0.25, 0.25])})
    # 12 MW before the first hour
    np.testing.assert_allclose(of(record, "p_mw"), [[14.0, 16.0, 5.0, 5.0]], atol=1e-6)
    check(system, record)


def test_ammonia_empties_the_hydrogen_store():
    """1 MW of the loop takes 200 kg an hour, 10 MWh of an electrolyser that makes 20 kg from each.

    40 MWh are needed in four hours; the store takes 40 MWh and was empty: all of it is made in the first two hours.
    """
    net = bench()
    flexible(net, 25.0, name="h2", kind="electrolyser", kg_h2_per_mwh=20.0, max_e_mwh=40.0, start_e_mwh=0.0)
    flexible(net, 2.0, name="nh3", kind="ammonia", kg_h2_per_mwh=200.0, feeds="h2", p_mw=1.0)
    system, record = run(net)
    p, level = of(record, "p_mw"), of(record, "energy_mwh")
    np.testing.assert_allclose(p[1], 1.0, atol=1e-6)
    np.testing.assert_allclose(p[0, :2].sum(), 40.0, atol=1e-6)
    np.testing.assert_allclose(level[0, 1:], [20.0, 10.0, 0.0], atol=1e-6)
    np.testing.assert_allclose(of(record, "use_mw")[0], 10.0, atol=1e-6)
    hydrogen_t = (p * np.nan_to_num(system.part("flexible_load").kg_h2_per_mwh)[:, None])[0].sum() / 1000
    np.testing.assert_allclose(hydrogen_t, 0.8)
    check(system, record)


def test_a_loop_that_has_to_run_lacks_hydrogen_at_the_price_of_the_store():
    """The electrolyser gives 6 MW of the 10 MW that the loop takes at its minimum; 4 MW are bought at 500 CNY/MWh."""
    net = bench()
    store = {"kg_h2_per_mwh": 20.0, "start_e_mwh": 0.0, "max_e_mwh": 1.0, "shortfall_cny_per_mwh": 500.0}
    flexible(net, 6.0, name="h2", kind="electrolyser", **store)
    flexible(net, 2.0, name="nh3", kind="ammonia", kg_h2_per_mwh=200.0, feeds="h2", min_p_mw=1.0)
    system, record = run(net, 2, {"load": ("demand", [5 / 7, 5 / 7])})
    np.testing.assert_allclose(of(record, "shortfall_mw")[0], 4.0, atol=1e-6)
    np.testing.assert_allclose(record.penalty_cny["flexible_load"], 2000.0)
    check(system, record)


def test_hydrogen_of_a_loop_may_be_forbidden_to_lack():
    """Without a price of lost load the loop stops where the hydrogen ends: 6 MW feed 0.6 MW of the loop."""
    net = bench()
    flexible(net, 6.0, name="h2", kind="electrolyser", kg_h2_per_mwh=20.0, start_e_mwh=0.0, max_e_mwh=1.0)
    flexible(net, 2.0, name="nh3", kind="ammonia", kg_h2_per_mwh=200.0, feeds="h2", value_cny_per_mwh=9000.0)
    prices = {"value_of_lost_load_cny_per_mwh": None}
    system, record = run(net, 2, {"load": ("demand", [5 / 7, 5 / 7])}, prices=prices)
    np.testing.assert_allclose(of(record, "p_mw"), [[6.0, 6.0], [0.6, 0.6]], atol=1e-6)
    check(system, record)


def test_industry_runs_for_what_its_product_is_worth():
    """350 CNY/MWh: in the valley, where power costs 100, and not at 400."""
    net = bench()
    flexible(net, 20.0, kind="industry", value_cny_per_mwh=350.0, min_p_mw=5.0)
    system, record = run(net)
    np.testing.assert_allclose(of(record, "p_mw"), [[20.0, 20.0, 5.0, 5.0]], atol=1e-6)
    np.testing.assert_allclose(record.operating_cny["flexible_load"].sum(), -350 * 50)
    check(system, record)


def test_energy_of_the_year_is_made_up_in_the_valley():
    """60 MWh due in four hours at up to 25 MW: 50 MWh cheaply, 10 MWh in the dear hours."""
    net = bench()
    flexible(net, 25.0, kind="industry", annual_mwh=60 * 8760 / 4)
    system, record = run(net)
    p = of(record, "p_mw")[0]
    np.testing.assert_allclose(p[:2], 25.0, atol=1e-6)
    np.testing.assert_allclose(p.sum(), 60.0, atol=1e-6)
    assert record.penalty_cny["budget"].sum() == pytest.approx(0.0)
    check(system, record)


def test_energy_of_the_year_that_cannot_be_drawn_is_a_breach():
    """80 MWh due, half of 25 MW plugged in: 50 MWh, 30 MWh short at 600 CNY/MWh."""
    net = bench()
    flexible(
        net,
        25.0,
        annual_mwh=80 * 8760 / 4,
        plugged_profile="plugged",
        shortfall_cny_per_mwh=600.0,
    )
    _, record = run(net, series={"load": VALLEY, "plugged": ("availability", [0.5] * 4)})
    np.testing.assert_allclose(record.penalty_cny["budget"].sum(), 30 * 600)


@pytest.mark.parametrize("guide", ["on", "off"])
def test_weeks_in_windows_leave_time_for_the_energy_of_the_year(guide):
    """Twenty days, cheap only in the last five: what is put off until then must still fit into them."""
    net = bench(50.0, cheap=60.0)
    flexible(net, 10.0, kind="industry", annual_mwh=0.7 * 10 * 8760)
    dear_first = ("demand", [90 / 50] * 360 + [50 / 50] * 120)
    horizon = {"window_h": 96, "look_ahead_h": 48, "end_storage": "free", "guide": guide}
    system, record = run(net, 480, {"load": dear_first}, horizon=horizon)
    assert record.penalty_cny["budget"].sum() == pytest.approx(0.0)
    np.testing.assert_allclose(of(record, "p_mw").sum(), 0.7 * 10 * 480, rtol=1e-6)
    check(system, record)


def test_breach_of_a_loop_carries_its_hydrogen():
    """A MWh of the loop stands for itself and for the 10 MWh of its hydrogen: eleven times the price of a rule."""
    net = bench()
    flexible(net, 25.0, name="h2", kind="electrolyser", kg_h2_per_mwh=20.0)
    flexible(net, 2.0, name="nh3", kind="ammonia", kg_h2_per_mwh=200.0, feeds="h2", annual_mwh=8760.0)
    data = System.read(case_of(net, profiles(4, load=VALLEY))).part("flexible_load")
    assert [limit.price_cny for limit in data.budgets] == pytest.approx([11 * 2000.0])


def test_a_level_is_worth_what_it_saves():
    """At 150 CNY/MWh after the window the store is filled at 100, not at 400; at 80 % a MWh in it saves 1.25."""
    net = bench()
    columns = {"p_mw": 1.0, "profile": "use", "max_e_mwh": 16.0, "start_e_mwh": 0.0, "eta": 0.8}
    flexible(net, 30.0, **columns)
    series = profiles(2, load=("demand", [5 / 7, 9 / 7]), use=("demand", [0.0, 0.0]))
    _, model = bound_model(case_of(net, series), energy_price_cny_per_mwh=150.0)
    assert part_of(model, "flexible_load").end_price.value == pytest.approx([150 / 0.8])
    model.problem.solve("HIGHS")
    np.testing.assert_allclose(part_of(model, "flexible_load").drawn.value, [[20.0, 0.0]], atol=1e-6)


def test_a_store_comes_back_to_its_start_level():
    """10 MWh at first, nothing used: what leaks away, a tenth an hour, is refilled in the valley."""
    net = bench()
    columns = {"p_mw": 1.0, "profile": "use", "max_e_mwh": 20.0, "start_e_mwh": 10.0, "self_discharge_per_h": 0.1}
    flexible(net, 30.0, **columns)
    series = {"load": ("demand", [5 / 7, 9 / 7]), "use": ("demand", [0.0, 0.0])}
    system, record = run(net, 2, series, horizon=CYCLIC)
    # e1 = 9 + p, e2 = 0.9 e1 = 10: p = 2.111
    np.testing.assert_allclose(of(record, "p_mw"), [[10 / 0.9 - 9.0, 0.0]], atol=1e-6)
    check(system, record)


def test_a_store_that_cannot_come_back_pays_for_what_is_missing():
    """2 MW against 5 MW of use for two hours: 6 of 10 MWh are missing, as dear as use not served."""
    net = bench()
    columns = {"p_mw": 2.0, "profile": "use", "max_e_mwh": 20.0, "start_e_mwh": 10.0, "shortfall_cny_per_mwh": 900.0}
    flexible(net, 2.0, **columns)
    series = {"load": ("demand", [5 / 7, 5 / 7]), "use": ("demand", [2.5, 2.5])}
    system, record = run(net, 2, series, horizon=CYCLIC)
    np.testing.assert_allclose(record.penalty_cny["flexible_load"].sum(), 6 * 900.0)
    check(system, record)


def test_quarter_hours():
    """The valley in quarter hours: the same 40 MWh."""
    net = bench()
    flexible(net, 30.0, kind="ev", p_mw=10.0, max_e_mwh=20.0, start_e_mwh=0.0)
    series = profiles(16, 0.25, load=("demand", np.repeat(VALLEY[1], 4)))
    system, record = solve(case_of(net, series, horizon=FREE))
    np.testing.assert_allclose(record.objective_cny, 300 * 100 + 20 * 400)
    check(system, record)


def test_what_is_out_of_service_is_left_out():
    net = bench()
    flexible(net, 30.0, p_mw=10.0, in_service=False)
    assert System.read(case_of(net, profiles(4, load=VALLEY))).part("flexible_load") is None


def test_a_loop_whose_electrolyser_is_gone_is_an_error():
    net = bench()
    flexible(net, 25.0, name="h2", kind="electrolyser", kg_h2_per_mwh=20.0)
    flexible(net, 2.0, name="nh3", kind="ammonia", kg_h2_per_mwh=200.0, feeds="h2")
    case = case_of(net, profiles(4, load=VALLEY))
    case.net.flexible_load.loc[0, "in_service"] = False
    with pytest.raises(InputError, match="feeds"):
        System.read(case)


def random_net(rng):
    """A fleet, an electrolyser with a loop, heating and industry with random limits, some of them tight."""
    net = bench(150.0, 140.0, 60.0)
    gives_back = {"max_discharge_mw": 10.0, "wear_cny_per_mwh": 30.0} if rng.random() < 0.5 else {}
    flexible(
        net,
        float(rng.uniform(12, 40)),
        name="fleet",
        kind="ev",
        p_mw=float(rng.uniform(2, 10)),
        profile="use",
        plugged_profile="plugged",
        max_e_mwh=float(rng.uniform(1, 80)),
        eta=0.92,
        **gives_back,
        ramp_mw_per_h=float(rng.choice([3.0, 500.0])),
    )
    flexible(
        net,
        float(rng.uniform(15, 60)),
        name="h2",
        kind="electrolyser",
        kg_h2_per_mwh=19.0,
        min_part_load_pu=float(rng.choice([0, 0.3])),
        max_e_mwh=float(rng.uniform(5, 150)),
        self_discharge_per_h=0.001,
        shortfall_cny_per_mwh=900.0,
        ramp_mw_per_h=float(rng.choice([2.0, 10.0, 500.0])),
    )
    flexible(
        net,
        2.5,
        name="nh3",
        kind="ammonia",
        kg_h2_per_mwh=190.0,
        feeds="h2",
        min_p_mw=0.5,
        ramp_mw_per_h=0.4,
        annual_mwh=8760.0 * float(rng.uniform(0.6, 2.4)),
    )
    flexible(
        net,
        20.0,
        name="heat",
        kind="electric_heating",
        p_mw=8.0,
        profile="use",
        max_e_mwh=30.0,
        self_discharge_per_h=0.02,
        min_p_mw=float(rng.choice([0.0, 3.0])),
    )
    flexible(net, 15.0, name="smelter", kind="industry", value_cny_per_mwh=200.0, annual_mwh=8760.0 * 8)
    return net


def random_profiles(rng, steps, step_h=1.0):
    hour = np.arange(steps) * step_h
    wave = np.sin(2 * np.pi * hour / 24)
    return profiles(
        *(steps, step_h),
        load=("demand", 1 + 0.3 * wave + rng.normal(0, 0.05, steps)),
        use=("demand", np.clip(1 - 0.6 * wave + rng.normal(0, 0.2, steps), 0, None)),
        plugged=("availability", np.clip(0.6 + 0.4 * np.cos(2 * np.pi * hour / 24), 0, 1)),
    )


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("look_ahead", [0, 5])
def test_four_windows_keep_every_equation(seed, look_ahead):
    rng = np.random.default_rng(seed)
    net, step_h = random_net(rng), (0.5 if seed % 3 == 2 else 1.0)
    end = ("value", "cyclic", "free")[seed % 3]
    horizon = {"window_h": 12 * step_h, "look_ahead_h": look_ahead * step_h, "end_storage": end}
    commitment = "integer" if seed % 2 else "relaxed"
    series = random_profiles(rng, 48, step_h)
    system, record = solve(case_of(net, series, horizon=horizon, unit_commitment=commitment))
    assert len(record.windows) == 4
    check(system, record)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    more=st.sampled_from(["max_e_mwh", "max_p_mw", "ramp_mw_per_h", "min_p_mw", "eta", "min_part_load_pu"]),
)
def test_more_flexibility_never_costs_more(seed, more):
    """Start levels fixed, the end free, one problem: every wider limit can only help."""
    rng = np.random.default_rng(seed)
    net = random_net(rng)
    net.flexible_load["start_e_mwh"] = [0.0] * len(net.flexible_load)
    net.flexible_load["min_p_mw"] = [0.0, 0.0, 0.3, 2.0, 0.0] if more == "min_p_mw" else [0.0] * 5
    if more not in ("max_e_mwh", "ramp_mw_per_h"):  # the others move the power before the first step, where ramps begin
        net.flexible_load["ramp_mw_per_h"] = np.nan
    series = random_profiles(rng, 18)
    commitment = "integer" if more == "min_part_load_pu" else "relaxed"
    tight = solve(case_of(net, series, horizon=FREE, unit_commitment=commitment))[1].objective_cny
    factor = {"min_p_mw": 0.0, "min_part_load_pu": 0.0, "eta": 1 / 0.92, "max_p_mw": 1.3}.get(more, 3.0)
    rows = [0] if more == "eta" else slice(None)
    net.flexible_load.loc[rows, more] = net.flexible_load.loc[rows, more] * factor
    loose = solve(case_of(net, series, horizon=FREE, unit_commitment=commitment))[1].objective_cny
    # whole numbers are searched to a relative gap of 1e-3
    assert loose <= tight * (1 + (2e-3 if commitment == "integer" else 1e-7)) + 1e-3


@pytest.mark.parametrize("seed", range(8))
def test_the_share_of_power_is_the_best_on_state_that_is_no_whole_number(seed):
    """Whole on-states as columns, but let take fractions: the same cost as no columns at all."""
    rng = np.random.default_rng(seed)
    net = random_net(rng)
    net.flexible_load.loc[0, ["min_part_load_pu", "ramp_mw_per_h"]] = [0.6, 2.0]  # it jumps when it starts
    series, cost = random_profiles(rng, 18), {}
    for commitment in ("integer", "relaxed"):
        _, model = bound_model(case_of(net, series, horizon=FREE, unit_commitment=commitment))
        live = LiveProblem(model.problem)
        live.refresh()
        live.run()
        cost[commitment], columns = live.objective(), live.integers.size
        assert (columns > 0) == (commitment == "integer")
    assert abs(cost["relaxed"]) > 1.0
    np.testing.assert_allclose(cost["relaxed"], cost["integer"], rtol=1e-9)


@pytest.mark.parametrize("commitment", ["relaxed", "integer"])
def test_rows_that_cannot_bind_are_left_out(commitment):
    """Four loads over four hours, of which two have a store, one part load, one gives back, two ramps."""
    case = CASES["flexible_loads"]()
    _, model = bound_model(case.override({"unit_commitment": commitment}))
    part, whole = part_of(model, "flexible_load"), commitment == "integer"
    rows = [row.size for row in part.constraints()]
    # levels of two; hydrogen asked of the electrolyser; plugs; part load from below and above; ramps up and down
    assert rows == [8, 4, 4, *([4, 4] if whole else []), 8, 8]
    columns = {name: getattr(part, name).size for name in ("drawn", "level", "served", "given", "spilled", "on")}
    assert columns == {"drawn": 16, "level": 8, "served": 8, "given": 4, "spilled": 4, "on": 4}
    assert isinstance(part.on, cp.Variable) == whole
