"""Pumped hydro and batteries: days, reserves, units, modes and shared connections, in examples solved by hand."""

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridopt.model.component import Window
from gridopt.model.dispatch import DispatchModel
from gridopt.model.storage import Storage
from gridopt.model.system import System
from tests.model.systems import (
    MONOLITHIC,
    add_row,
    bound_model,
    case_of,
    generator,
    grid,
    load,
    output,
    profiles,
    put,
    solve,
    storage,
    wind,
)

FREE_END = MONOLITHIC | {"end_storage": "free"}
few = settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def stored(record, name):
    return output(record, "storage", f"storage_{name}")


def market(prices_mw, *, mw=100.0, hour=1.0, **series):
    """A town of 100 MW; what the cheap source at 100 CNY/MWh does not give (``prices_mw``) comes at 500."""
    net = grid()
    load(net, 0, mw)
    cheap = np.asarray(prices_mw, dtype=float)
    size = max(cheap.max(), 1.0)
    wind(net, 0, size, "cheap", technology="", curtailment_cost_cny_per_mwh=0.0)
    generator(net, 0, 1000.0, 500.0)
    return net, profiles(cheap.size, hour, cheap=("availability", cheap / size), **series)


# ---- cycles per calendar day --------------------------------------------------------------------------------


def days_of(steps, start_h, step_h=1.0):
    return np.floor((start_h + np.arange(steps) * step_h) / 24 + 1e-9).astype(int)


def per_day(discharge, start_h, step_h=1.0):
    return np.bincount(days_of(discharge.size, start_h, step_h), discharge * step_h)


def swinging(start_h, steps=60, step_h=1.0, **columns):
    """Every second hour is worth charging in: without a limit the store would cycle many times a day."""
    steps = round(steps / step_h)
    plenty = np.where((np.arange(steps) * step_h) // 1 % 2 == 0, 200.0, 50.0)
    net, series = market(plenty, hour=step_h)
    storage(net, 0, charge_mw=20.0, energy_mwh=40.0, start_pu=0.5, **({"max_cycles_per_day": 1.5} | columns))
    series = series.assign_coords(time=series["time"] + np.timedelta64(int(start_h * 60), "m"))
    return net, series


@pytest.mark.parametrize("start_h", [0, 23])
@pytest.mark.parametrize(("window_h", "ahead_h"), [(24, 12), (7, 3), (36, 6)])
def test_every_calendar_day_keeps_its_cycles(start_h, window_h, ahead_h):
    net, series = swinging(start_h)
    horizon = {"window_h": window_h, "look_ahead_h": ahead_h, "end_storage": "free"}
    _, record = solve(case_of(net, series, horizon=horizon))
    used = per_day(stored(record, "discharge_mw")[0], start_h)
    assert (used <= 60.0 + 1e-5).all()
    whole = np.bincount(days_of(60, start_h)) == 24
    np.testing.assert_allclose(used[whole], 60.0, atol=1e-5)  # and it is used up


def test_days_hold_for_quarter_hours_too():
    net, series = swinging(5.5, 30.0, 0.25)
    horizon = {"window_h": 7, "look_ahead_h": 3, "end_storage": "free"}
    _, record = solve(case_of(net, series, horizon=horizon))
    assert (per_day(stored(record, "discharge_mw")[0], 5.5, 0.25) <= 60.0 + 1e-5).all()


@pytest.mark.parametrize("start_h", [0, 6, 23])
def test_both_ways_of_counting_days_agree(start_h):
    # one row per day, or a counter that midnight sets free: the same cost in one window
    net, series = swinging(start_h)
    system = System.read(case_of(net, series, horizon=FREE_END))
    costs = []
    for whole_days in (True, False):
        data = system.part("storage")
        object.__setattr__(data, "whole_days", whole_days)
        model = DispatchModel(system, 60)
        model.bind(Window(0, 60, 60, last=True, state=system.initial_state()))
        costs.append(model.problem.solve(solver=cp.HIGHS))
    assert costs[0] == pytest.approx(costs[1], rel=1e-7)


def test_a_day_that_began_in_the_window_before_counts_on():
    # 1.5 cycles of 40 MWh a day; 35 MWh were used before the window begins at 06:00: 25 MWh are left.
    net, series = swinging(6, 12)
    system = System.read(case_of(net, series, horizon=FREE_END))
    model = DispatchModel(system, 12)
    state = system.initial_state()
    state["storage"] = {**state["storage"], "used_today_mwh": np.array([35.0])}
    model.bind(Window(0, 12, 12, last=True, state=state))
    model.problem.solve(solver=cp.HIGHS)
    discharge = next(part for part in model.components if part.name == "storage").discharge.value
    assert discharge.sum() == pytest.approx(25.0)


def test_windows_at_another_hour_of_the_day_are_refused_where_days_are_rows():
    net, series = swinging(0)
    system = System.read(case_of(net, series, horizon=FREE_END))
    part = Storage(system.part("storage"), 12, 1.0)
    with pytest.raises(ValueError, match="windows begin at 0 h, not at 7 h of the day"):
        part.bind(Window(7, 12, 12, last=False, state=system.initial_state()))


# ---- reserves -----------------------------------------------------------------------------------------------


def product(direction="up", duration_h=1.0, **columns):
    values = {"kind": "spinning", "response_min": 10.0, "price_cny_per_mwh": 1.0, "name": "held"} | columns
    return {"direction": direction, "duration_h": duration_h, **values}


def part_of(columns, reserve, **settings):
    net, series = market([100.0])
    storage(net, 0, **columns)
    add_row(net, "reserve_product", reserve)
    system = System.read(case_of(net, series, **settings))
    part = Storage(system.part("storage"), 1, 1.0)
    part.bind(Window(0, 1, 1, last=False, state=system.initial_state()))
    return part


def most_held(part, *fixed):
    held = part.reserve(part.data.products[0])
    problem = cp.Problem(cp.Maximize(held[0]), [*part.constraints(), *part.lazy_constraints(), *fixed])
    problem.solve(solver=cp.HIGHS)
    return held.value[0]


# 50 of 100 MWh at the start; efficiency 0.8 each way
STORE = {"charge_mw": 30.0, "discharge_mw": 40.0, "energy_mwh": 100.0, "efficiency": 0.8, "min_e_mwh": 10.0}


@pytest.mark.parametrize(
    ("reserve", "charge", "discharge", "most"),
    [
        # 40 − 16 MW; 50 − 16/0.8 − 10 = 20 MWh would give 16 MW for an hour
        (product(duration_h=0.5), 0.0, 16.0, 24.0),
        (product(duration_h=1.0), 0.0, 16.0, 16.0),
        # stopping to charge counts: 40 + 30 MW, and 50 + 24 − 10 = 64 MWh
        (product(duration_h=0.5), 30.0, 0.0, 70.0),
        (product(duration_h=2.0), 30.0, 0.0, 64 * 0.8 / 2),
        # 30 + 16 MW downwards; 100 − 30 = 70 MWh of room take 87.5 MW for an hour
        (product("down", 1.0), 0.0, 16.0, 46.0),
        (product("down", 2.0), 0.0, 16.0, 70 / 0.8 / 2),
    ],
)
def test_reserve_needs_power_and_energy(reserve, charge, discharge, most):
    part = part_of(STORE, reserve)
    held = most_held(part, part.charge == charge, part.discharge == discharge)
    assert held == pytest.approx(most)
    assert part.results()["storage_reserve_mw"].shape == (1, 1, 1)


def test_emergency_base_is_held_whatever_the_store_does():
    # It discharges 40 MW to the last: (100 − 40/0.8 − 10) · 0.8 / 2 h = 16 MW are held nevertheless.
    reserve = product(kind="emergency", duration_h=2.0)
    part = part_of(STORE | {"start_pu": 1.0, "emergency": True}, reserve)
    assert most_held(part, part.discharge == 40.0, part.charge == 0.0) == pytest.approx(16.0)
    # one that stands by: 90 · 0.8 / 2 = 36 MW, never above 40
    assert most_held(part, part.discharge == 0.0, part.charge == 0.0) == pytest.approx(36.0)
    assert part_of(STORE, reserve).reserve(part.data.products[0]) is None


def test_inertia_of_pumped_hydro_is_that_of_running_machines():
    # H = 5 s on 40 MW; at 20 of 40 MW half of the machines run, at most the other half pumps.
    reserve = product(kind="inertia")
    part = part_of(STORE | {"technology": "phs", "inertia_s": 5.0}, reserve)
    assert most_held(part, part.discharge == 20.0, part.charge == 0.0) == pytest.approx(100.0)
    assert most_held(part, part.discharge == 20.0) == pytest.approx(200.0)
    assert part.charge.value[0, 0] == pytest.approx(15.0)


def test_inertia_of_a_grid_forming_battery_is_always_there():
    part = part_of(STORE | {"inertia_s": 2.0}, product(kind="inertia"))
    held = part.reserve(part.data.products[0])
    assert held.value[0] == pytest.approx(80.0)


# ---- modes --------------------------------------------------------------------------------------------------


def losing(**columns):
    """A windy hour with 40 MW too much, and a store that is full: only losing energy makes room."""
    net = grid()
    load(net, 0, 60.0)
    wind(net, 0, 100.0)
    storage(net, 0, **({"charge_mw": 50.0, "energy_mwh": 100.0, "start_pu": 1.0, "efficiency": 0.8} | columns))
    return net


def test_no_store_is_paid_for_losing_energy():
    # Charging 50 MW and discharging 32 would lose 18 MW and save 300 CNY each; a full store can do nothing else.
    _, record = solve(case_of(losing(), 1, horizon=FREE_END, policy={"renewable_priority_cny_per_mwh": 300.0}))
    charge, discharge = stored(record, "charge_mw"), stored(record, "discharge_mw")
    np.testing.assert_allclose(np.minimum(charge, discharge), 0.0, atol=1e-3)
    np.testing.assert_allclose(output(record, "renewable", "renewable_curtailment_mw"), 40.0, atol=1e-3)


def test_modes_exist_only_where_losing_pays():
    dear_wear = losing(throughput_cost_cny_per_mwh=200.0)  # 300 · 0.36 = 108 < 200 · 0.64 = 128
    policy = {"renewable_priority_cny_per_mwh": 300.0}
    for net, expected in ((dear_wear, False), (losing(throughput_cost_cny_per_mwh=100.0), True)):
        data = System.read(case_of(net, 2, policy=policy)).part("storage")
        assert data.exclusive.tolist() == [expected]
        assert hasattr(Storage(data, 2, 1.0), "mode") == expected
    put(dear_wear, "storage", 0, {"exclusive": True})
    assert System.read(case_of(dear_wear, 2, policy=policy)).part("storage").exclusive.tolist() == [True]


# ---- units of pumped hydro ----------------------------------------------------------------------------------


def pumped(surplus, **columns):
    """Four units of 25 MW, a surplus of wind in the first hours, a dear generator, efficiency 1."""
    net = grid()
    load(net, 0, 100.0)
    wind(net, 0, 1000.0, "wind")
    generator(net, 0, 1000.0, 500.0)
    values = {"charge_mw": 100.0, "energy_mwh": 1000.0, "start_pu": 0.0, "technology": "phs", "n_units": 4}
    storage(net, 0, **(values | columns))
    available = (100.0 + np.asarray(surplus, dtype=float)) / 1000
    return net, profiles(len(surplus), wind=("availability", available))


def test_fixed_speed_pumps_run_at_rated_power():
    # 55 and 80 MW too much: two and three units of 25 MW fill 40 and 60 MWh, which give 80 MWh for 500 CNY each.  One
    # unit more would buy 20 MWh at 500 to return 16.
    net, series = pumped([55.0, 80.0, -100.0, -100.0], fixed_speed=True, efficiency=0.8)
    _, record = solve(case_of(net, series, horizon=FREE_END, unit_commitment="integer"))
    np.testing.assert_allclose(stored(record, "pump_units"), [[2, 3, 0, 0]], atol=1e-6)
    np.testing.assert_allclose(stored(record, "charge_mw"), [[50, 75, 0, 0]], atol=1e-6)
    assert record.objective_cny == pytest.approx(120 * 500 + 10)  # and 5 + 5 MWh curtailed at 1


def test_turbines_have_a_least_output():
    # Each unit gives 15 … 25 MW: one for 10 MW that are lacking, two for 40 MW.
    net, series = pumped([-10.0, -40.0], start_pu=0.5, min_discharge_pu=0.6)
    _, record = solve(case_of(net, series, horizon=FREE_END, unit_commitment="integer"))
    np.testing.assert_allclose(stored(record, "turbine_units")[0, 1], 2, atol=1e-6)
    # 15 MW in the first hour displace 5 MW of wind, which is cheaper than 10 MW from the generator
    np.testing.assert_allclose(stored(record, "discharge_mw"), [[15.0, 40.0]], atol=1e-4)


def test_a_plant_never_pumps_and_generates():
    # At 300 CNY per curtailed MWh circles would pay.
    net, series = pumped([80.0, 80.0], efficiency=0.8, start_pu=1.0)
    policy = {"renewable_priority_cny_per_mwh": 300.0}
    _, record = solve(case_of(net, series, horizon=FREE_END, unit_commitment="integer", policy=policy))
    both = np.minimum(stored(record, "pump_units"), stored(record, "turbine_units"))
    np.testing.assert_allclose(both, 0.0, atol=1e-6)


def test_fixed_speed_pumps_come_back_as_near_as_they_can():
    # 30 MWh are lacking to the start level, which is the full store; units fill 25 MWh each.
    net, series = pumped([-30.0, 60.0, 60.0], fixed_speed=True, start_pu=1.0, energy_mwh=200.0)
    case = case_of(net, series, horizon=MONOLITHIC | {"end_storage": "cyclic"}, unit_commitment="integer")
    _, record = solve(case)
    assert stored(record, "energy_mwh")[0, -1] >= 175.0 - 1e-5


def test_relaxed_runs_have_no_counts():
    net, series = pumped([60.0, -60.0], fixed_speed=True, min_discharge_pu=0.5, throughput_cost_cny_per_mwh=1.0)
    _, model = bound_model(case_of(net, series))
    part = next(part for part in model.components if part.name == "storage")
    assert len(model.problem.variables()) == 3 + sum(len(each.variables()) for each in _others(model))
    assert not any(hasattr(part, name) for name in ("pumps", "turbines", "pumping", "mode", "held", "used_today"))
    _, record = solve(case_of(net, series))
    assert np.isnan(stored(record, "pump_units")).all()


def _others(model):
    return [cp.sum(part.injection()) for part in model.components if part.name != "storage"]


# ---- shared connections -------------------------------------------------------------------------------------


def park(**columns):
    """60 and 0 MW of wind behind a connection, dear power in the second hour."""
    net = grid()
    load(net, 0, 100.0, "load")
    wind(net, 0, 60.0, "wind")
    generator(net, 0, 45.0, 100.0)
    generator(net, 0, 1000.0, 500.0)
    storage(
        net,
        0,
        **(
            {"charge_mw": 40.0, "energy_mwh": 100.0, "co_located_sgen": 0.0, "throughput_cost_cny_per_mwh": 1.0}
            | columns
        ),
    )
    return net, profiles(2, wind=("availability", [1.0, 0.0]), load=("demand", [0.8, 1.2]))


def test_the_connection_limits_what_leaves_the_park():
    # 50 of 80 MW in the second hour; in the first one 60 MW of wind less what the store takes.
    net, series = park(connection_mw=50.0, start_pu=1.0, discharge_mw=80.0)
    _, record = solve(case_of(net, series, horizon=FREE_END))
    assert stored(record, "discharge_mw")[0, 1] == pytest.approx(50.0)
    net_mw = (
        output(record, "renewable", "renewable_p_mw") + stored(record, "discharge_mw") - stored(record, "charge_mw")
    )
    assert (net_mw <= 50.0 + 1e-6).all()


def test_without_a_figure_the_park_itself_is_the_limit():
    net, series = park(start_pu=1.0, discharge_mw=80.0)
    _, record = solve(case_of(net, series, horizon=FREE_END))
    assert stored(record, "discharge_mw")[0, 1] == pytest.approx(60.0)


@pytest.mark.parametrize(("connection_mw", "charge"), [(10.0, 5.0), (3.0, 3.0)])
def test_a_connection_limits_what_is_drawn_through_it(connection_mw, charge):
    # No wind; 45 − 40 = 5 MW of cheap power are left in the first hour.
    net, series = park(start_pu=0.0, connection_mw=connection_mw)
    series["wind"] = ("time", [0.0, 0.0], {"kind": "availability", "units": "pu"})
    series["load"] = ("time", [0.4, 1.6], {"kind": "demand", "units": "pu"})
    _, record = solve(case_of(net, series, horizon=FREE_END))
    assert stored(record, "charge_mw")[0, 0] == pytest.approx(charge)


@pytest.mark.parametrize(("grid_charging", "charge"), [(True, 25.0), (False, 12.0)])
def test_a_store_may_be_kept_to_its_own_park(grid_charging, charge):
    # 12 MW of wind and 45 MW of cheap power for 32 MW of demand in the first hour: 25 MW are worth storing, but only
    # 12 MW of it come from the park.
    net, series = park(start_pu=0.0, grid_charging=grid_charging)
    series["wind"] = ("time", [0.2, 0.0], {"kind": "availability", "units": "pu"})
    series["load"] = ("time", [0.32, 1.68], {"kind": "demand", "units": "pu"})
    _, record = solve(case_of(net, series, horizon=FREE_END))
    assert stored(record, "charge_mw")[0, 0] == pytest.approx(charge)


def test_a_park_out_of_service_charges_nothing():
    net, series = park(start_pu=0.0, grid_charging=False)
    net.sgen["in_service"] = False
    _, record = solve(case_of(net, series, horizon=FREE_END))
    np.testing.assert_allclose(stored(record, "charge_mw"), 0.0, atol=1e-9)


def test_two_stores_share_one_connection():
    net, series = park(start_pu=1.0, discharge_mw=40.0, connection_mw=50.0)
    storage(net, 0, charge_mw=40.0, energy_mwh=100.0, start_pu=1.0, co_located_sgen=0.0)
    _, record = solve(case_of(net, series, horizon=FREE_END))
    assert stored(record, "discharge_mw")[:, 1].sum() == pytest.approx(50.0)


# ---- properties ---------------------------------------------------------------------------------------------


def test_constant_cost_is_paid_while_in_service():
    import pandapower as pp

    net, series = market([200.0, 50.0])
    row = storage(net, 0, charge_mw=0.0, energy_mwh=0.0)
    pp.create_poly_cost(net, row, "storage", cp1_eur_per_mw=0.0, cp0_eur=40.0)
    _, record = solve(case_of(net, series, horizon=FREE_END))
    assert record.objective_cny == pytest.approx(50 * 500 + 2 * 40)


stores = st.fixed_dictionaries(
    {
        "charge_mw": st.floats(0, 60),
        "discharge_mw": st.floats(0, 60),
        "energy_mwh": st.floats(0, 300),
        "efficiency": st.floats(0.6, 1.0),
        "start_pu": st.floats(0, 1),
        "self_discharge_per_h": st.sampled_from([0.0, 0.01]),
        "throughput_cost_cny_per_mwh": st.floats(0, 50),
        "max_cycles_per_day": st.sampled_from([np.nan, 0.5, 1.0]),
        "exclusive": st.booleans(),
        "co_located_sgen": st.sampled_from([np.nan, 0.0]),
    }
)


@few
@given(store=stores, seed=st.integers(0, 1000))
def test_a_store_never_raises_the_cost(store, seed):
    costs = []
    for with_it in (False, True):
        net, series = market(np.random.default_rng(seed).uniform(0, 250, 24))
        storage(net, 0, charge_mw=20.0, energy_mwh=60.0, efficiency=0.9, throughput_cost_cny_per_mwh=30.0)
        if with_it:
            storage(net, 0, **store)
        costs.append(solve(case_of(net, series, horizon=FREE_END))[1].objective_cny)
    assert costs[1] <= costs[0] + 1e-4


@few
@given(store=stores, seed=st.integers(0, 1000), window_h=st.sampled_from([5, 6, 24]))
def test_windows_keep_energy_and_days(store, seed, window_h):
    net, series = market(np.random.default_rng(seed).uniform(0, 250, 30))
    storage(net, 0, **store)
    horizon = {"window_h": window_h, "look_ahead_h": 4}
    system, record = solve(case_of(net, series, horizon=horizon))
    d = system.part("storage")
    charge, discharge, level = (stored(record, name)[0] for name in ("charge_mw", "discharge_mw", "energy_mwh"))
    before = np.concatenate([d.start_e_mwh, level[:-1]])
    expected = (1 - d.self_discharge_per_h[0]) * before + d.eta_charge[0] * charge - discharge / d.eta_discharge[0]
    np.testing.assert_allclose(level, expected, atol=1e-5)
    if np.isfinite(store["max_cycles_per_day"]):
        most = store["max_cycles_per_day"] * store["energy_mwh"]
        assert (per_day(discharge, 0) <= most + 1e-5).all()


def test_whole_units_hold_no_more_inertia_than_a_relaxed_run_counts():
    # A unit that turns at no load would count if units did; power is what counts in both.
    net, series = pumped([-10.0, -40.0], start_pu=0.5, inertia_s=5.0)
    add_row(net, "reserve_product", product(kind="inertia", mw=1000.0))
    costs = [
        solve(case_of(net, series, horizon=FREE_END, unit_commitment=commitment))[1].objective_cny
        for commitment in ("relaxed", "integer")
    ]
    assert costs[0] <= costs[1] + 1e-6
