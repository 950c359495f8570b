"""Reservoirs and cascades in examples small enough to be solved by hand, and water that is never lost."""

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridopt.model.component import Window
from gridopt.model.hydro import Hydro
from gridopt.model.reserve_product import ReserveProduct
from gridopt.model.system import System
from tests.model.systems import MONOLITHIC, add_row, case_of, generator, grid, load, output, profiles, solve

FREE_END = MONOLITHIC | {"end_storage": "free"}
MM3 = 3.6e-3  # 1e6 m3 that one m3/s carries in an hour


def lake(net, max_mw, *, bus=0, min_mw=0.0, cp0=None, inertia_s=0.0, max_reserve_mw=np.nan, **columns):
    """A plant below a reservoir, in volume terms where ``mw_per_m3_per_s`` is given."""
    name = f"lake {len(net.gen)}"
    plant = {"technology": "hydro_reservoir", "reservoir": name, "name": f"dam {len(net.gen)}"}
    cost = {} if cp0 is None else {"cp0_eur": cp0}
    rules = {"inertia_s": inertia_s, "max_reserve_mw": max_reserve_mw}
    generator(net, bus, max_mw, 0.0, min_mw=min_mw, **plant, **rules, **cost)
    add_row(net, "reservoir", {"name": name, "gen": plant["name"], **columns})
    return name


def volume(k, full, start, inflow, **columns):
    return {
        "mw_per_m3_per_s": k,
        "max_v_mm3": full,
        "start_v_mm3": start,
        "inflow_m3_per_s": inflow,
        **columns,
    }


def energy(full, start, inflow, **columns):
    return {"max_e_mwh": full, "start_e_mwh": start, "inflow_mw": inflow, **columns}


def town(mw, shape=(1.0, 1.0, 1.0), price=500.0, **series):
    """A town with a dear generator; ``shape`` has the mean 1."""
    net = grid()
    load(net, 0, mw, "load")
    generator(net, 0, 1000.0, price)
    return net, profiles(len(shape), load=("demand", shape), **series)


def water(record, name):
    return output(record, "hydro", f"hydro_{name}")


# ---- volume and flow ----------------------------------------------------------------------------------------


def test_volume_follows_from_flows():
    # 50 MW are 100 m3/s at 0.5 MW per m3/s, 36 m3/s flow in: in three hours
    # 1 + 3 · 0.0036 · (36 − 100) = 0.3088 million m3; 1e6 m3 are 0.5 / 0.0036 = 138.9 MWh.
    net, series = town(50.0)
    lake(net, 100.0, **volume(0.5, 2.0, 1.0, 36.0))
    _, record = solve(case_of(net, series, horizon=FREE_END))
    np.testing.assert_allclose(water(record, "turbined_m3_per_s"), 100.0, atol=1e-6)
    np.testing.assert_allclose(water(record, "inflow_mw"), 18.0)
    assert water(record, "volume_mm3")[0, -1] == pytest.approx(0.3088)
    assert water(record, "energy_mwh")[0, -1] == pytest.approx(0.3088 * 0.5 / 0.0036)
    assert record.objective_cny == pytest.approx(0.0, abs=1e-6)


def test_energy_terms_have_no_volume():
    net, series = town(50.0)
    lake(net, 100.0, **energy(300.0, 200.0, 10.0))
    _, record = solve(case_of(net, series, horizon=FREE_END))
    for name in ("volume_mm3", "turbined_m3_per_s", "spill_m3_per_s"):
        assert np.isnan(water(record, name)).all()
    np.testing.assert_allclose(water(record, "p_mw"), 50.0, atol=1e-6)


def test_water_serves_the_lower_plant_after_its_travel():
    # 100 m3/s for one hour give 20 MW above; two hours later they give 40 MW below, exactly when they are needed.
    net, series = town(20.0, (1.0, 0.0, 2.0))
    upper = lake(net, 30.0, **volume(0.2, 1.0, 0.36, 0.0))
    lake(net, 50.0, **volume(0.4, 1.0, 0.0, 0.0, upstream=upper, delay_h=2.0))
    _, record = solve(case_of(net, series, horizon=FREE_END))
    np.testing.assert_allclose(water(record, "p_mw"), [[20.0, 0.0, 0.0], [0.0, 0.0, 40.0]], atol=1e-6)
    np.testing.assert_allclose(water(record, "volume_mm3"), 0.0, atol=1e-9)
    assert record.objective_cny == pytest.approx(0.0, abs=1e-6)


def test_before_the_first_hour_inflow_passed_through():
    # 10 m3/s flow into the upper reservoir, 5 into the lower: 10 and 15 m3/s were released, so that the lower
    # plant has 15 m3/s from the first hour on although the travel takes four hours.
    net, series = town(100.0)
    upper = lake(net, 10.0, **volume(1.0, 0.0, 0.0, 10.0))
    lake(net, 30.0, **volume(1.0, 0.0, 0.0, 5.0, upstream=upper, delay_h=4.0))
    _, record = solve(case_of(net, series, horizon=FREE_END))
    np.testing.assert_allclose(water(record, "p_mw"), [[10.0] * 3, [15.0] * 3], atol=1e-6)


def test_water_is_worth_what_it_makes_in_all_plants_below():
    # 1 MWh above is 1 / 0.2 = 5 units of water: 2 MWh in the middle and 1 MWh at the bottom.
    net, series = town(10.0)
    upper = lake(net, 10.0, **volume(0.2, 1.0, 0.5, 1.0))
    middle = lake(net, 10.0, **volume(0.4, 1.0, 0.5, 1.0, upstream=upper))
    lake(net, 10.0, **volume(0.2, 1.0, 0.5, 1.0, upstream=middle))
    data = System.read(case_of(net, series)).part("hydro")
    np.testing.assert_allclose(data.chain, [4.0, 1.5, 1.0])


def test_a_reservoir_without_its_plant_passes_its_inflow_on():
    # The upper plant is not in service: its 10, 20, 30 m3/s reach the lower plant an hour later.
    net, series = town(100.0, inflow=("inflow", [0.5, 1.0, 1.5]))
    upper = lake(net, 10.0, **volume(1.0, 5.0, 1.0, 20.0, profile="inflow"))
    lake(net, 60.0, **volume(2.0, 0.0, 0.0, 5.0, upstream=upper, delay_h=1.0))
    net.gen.loc[net.gen["name"] == "dam 1", "in_service"] = False
    _, record = solve(case_of(net, series, horizon=FREE_END))
    np.testing.assert_allclose(water(record, "turbined_m3_per_s"), [[15.0, 15.0, 25.0]], atol=1e-6)


# ---- rules --------------------------------------------------------------------------------------------------


def test_a_dry_reservoir_breaks_its_least_release_at_a_price():
    # 1 m3/s flows in, 3 have to be released, none is there at the start: 6 of 9 MWh are missing at 2,000 CNY/MWh.
    net, series = town(10.0, price=300.0)
    lake(net, 5.0, **volume(1.0, 1.0, 0.0, 1.0, min_release_m3_per_s=3.0))
    _, record = solve(case_of(net, series, horizon=FREE_END))
    assert water(record, "release_breach_mw").sum() == pytest.approx(6.0)
    assert record.objective_cny == pytest.approx(3 * (9 * 300 + 2 * 2000))


def test_the_least_release_may_be_spilled():
    net, series = town(0.0)
    lake(net, 5.0, **energy(100.0, 50.0, 10.0, min_release_mw=8.0))
    _, record = solve(case_of(net, series, horizon=FREE_END))
    np.testing.assert_allclose(water(record, "spill_mw"), 8.0, atol=1e-7)
    assert not System.read(case_of(net, series)).part("hydro").scarce.any()


def test_a_reservoir_below_its_band_fills_before_it_is_used():
    # 300 of 1,000 MWh, at least 500 are wanted, 100 MW flow in: 400, 500, and only then 50 MW are used.
    net, series = town(50.0, (1.0,) * 4, low=("level", [0.5] * 4))
    lake(net, 80.0, **energy(1000.0, 300.0, 100.0, band_low_profile="low"))
    _, record = solve(case_of(net, series, horizon=FREE_END))
    np.testing.assert_allclose(water(record, "p_mw"), [[0.0, 0.0, 50.0, 50.0]], atol=1e-4)
    assert record.objective_cny == pytest.approx(2 * 50 * 500, rel=1e-4)


def test_a_reservoir_above_its_band_comes_down_by_its_turbines():
    # 900 of 1,000 MWh, at most 500 are allowed, 100 MW can be turbined (here spilled, as nobody needs it).
    net, series = town(0.0, (1.0,) * 5, high=("level", [0.5] * 5))
    lake(net, 100.0, **energy(1000.0, 900.0, 0.0, band_high_profile="high"))
    _, record = solve(case_of(net, series, horizon=FREE_END))
    level = water(record, "energy_mwh")[0]
    assert (level <= np.array([800.0, 700.0, 600.0, 500.0, 500.0]) + 1e-4).all()
    assert level[-1] == pytest.approx(500.0)
    np.testing.assert_allclose(water(record, "band_breach_mwh"), 0.0, atol=1e-7)


def test_a_band_is_broken_before_the_lights_go_out():
    # Without any other source 50 MW are taken from 500 MWh that should stay: 50 and 100 MWh short.
    net = grid()
    load(net, 0, 50.0)
    lake(net, 80.0, **energy(1000.0, 500.0, 0.0, band_low_profile="low"))
    _, record = solve(case_of(net, profiles(2, low=("level", [0.5, 0.5])), horizon=FREE_END))
    np.testing.assert_allclose(water(record, "band_breach_mwh"), [[50.0, 100.0]], atol=1e-4)
    assert record.objective_cny == pytest.approx(150 * 2000, rel=1e-6)


def test_output_follows_its_ramp():
    # The plant ran with its inflow of 20 MW before; 10 MW more in each hour.
    net, series = town(100.0)
    lake(net, 80.0, **energy(1000.0, 900.0, 20.0, ramp_mw_per_h=10.0))
    _, record = solve(case_of(net, series, horizon=FREE_END))
    np.testing.assert_allclose(water(record, "p_mw"), [[30.0, 40.0, 50.0]], atol=1e-6)


def test_a_plant_that_runs_dry_stops_faster_than_its_ramp_at_a_price():
    # 60 MW ran before the first hour and flow in during it, then nothing does.  The output may fall by 5 MW per hour:
    # to 55 MW (5 are spilled), then to 0 for want of water, 50 MW faster than allowed.
    net, series = town(100.0, inflow=("inflow", [3.0, 0.0, 0.0]))
    lake(net, 60.0, **energy(0.0, 0.0, 20.0, ramp_mw_per_h=5.0, profile="inflow"))
    _, record = solve(case_of(net, series, horizon=FREE_END))
    np.testing.assert_allclose(water(record, "p_mw"), [[55.0, 0.0, 0.0]], atol=1e-6)
    np.testing.assert_allclose(water(record, "release_breach_mw"), [[0.0, 50.0, 0.0]], atol=1e-6)
    assert record.objective_cny == pytest.approx(245 * 500 + 50 * 2000 + 5)


def test_constant_cost_is_paid_while_in_service():
    net, series = town(50.0)
    lake(net, 100.0, cp0=70.0, **energy(1000.0, 900.0, 0.0))
    _, record = solve(case_of(net, series, horizon=FREE_END))
    assert record.objective_cny == pytest.approx(3 * 70.0)


# ---- reserves -----------------------------------------------------------------------------------------------


def spinning(direction="up", duration_h=2.0, name=None, **columns):
    values = {"kind": "spinning", "response_min": 10.0, "price_cny_per_mwh": 1.0} | columns
    return {"name": name or direction, "direction": direction, "duration_h": duration_h, **values}


def most_held(net, series, name, fixed_mw):
    """Most that the hydro plants can hold of a product in the first step while they give ``fixed_mw``."""
    system = System.read(case_of(net, series))
    part = Hydro(system.part("hydro"), len(system.time), 1.0)
    part.bind(Window(0, len(system.time), len(system.time), last=True, state=system.initial_state()))
    product = next(each for each in part.data.products if each.name == name)
    held = part.reserve(product)
    problem = cp.Problem(
        cp.Maximize(held[0]), [*part.constraints(), *part.lazy_constraints(), part.output[:, 0] == fixed_mw]
    )
    problem.solve(solver=cp.HIGHS)
    return held.value[0]


@pytest.mark.parametrize(
    ("product", "columns", "most"),
    [
        # 60 MW run, 20 MW are left of 80, and 100 + 10 − 60 = 50 MWh would last for two hours of 25 MW
        (spinning(), {}, 20.0),
        # four hours: 50 / 4
        (spinning(duration_h=4.0), {}, 12.5),
        # down to 8 MW, which the inflow of 10 MW always allows
        (spinning("down"), {"min_mw": 8.0}, 52.0),
        (spinning(), {"max_reserve_mw": 7.0}, 7.0),
        # 60 MW run
        (spinning(kind="inertia"), {"inertia_s": 4.0}, 240.0),
    ],
)
def test_reserve_of_a_reservoir(product, columns, most):
    net, series = town(100.0, (1.0,))
    lake(net, 80.0, **columns, **energy(1000.0, 100.0, 10.0))
    add_row(net, "reserve_product", product)
    assert most_held(net, series, product["name"], 60.0) == pytest.approx(most)


def test_a_plant_whose_least_output_may_lack_water_holds_nothing_downwards():
    net, series = town(100.0, (1.0,))
    lake(net, 80.0, min_mw=15.0, **energy(1000.0, 100.0, 10.0))
    add_row(net, "reserve_product", spinning("down"))
    part = Hydro(System.read(case_of(net, series)).part("hydro"), 1, 1.0)
    assert part.reserve(part.data.products[0]) is None


def test_ramp_limits_what_comes_in_ten_minutes():
    net, series = town(100.0, (1.0,))
    lake(net, 80.0, **energy(1000.0, 100.0, 10.0, ramp_mw_per_h=30.0))
    add_row(net, "reserve_product", spinning())
    assert most_held(net, series, "up", 30.0) == pytest.approx(5.0)


def test_products_share_the_head_room_and_the_water():
    # 20 MW of head room for both together.
    net, series = town(100.0, (1.0,))
    lake(net, 80.0, **energy(1000.0, 500.0, 10.0))
    for name in ("fast", "slow"):
        add_row(net, "reserve_product", spinning(name=name))
    system = System.read(case_of(net, series))
    part = Hydro(system.part("hydro"), 1, 1.0)
    part.bind(Window(0, 1, 1, last=True, state=system.initial_state()))
    both = sum(part.reserve(product)[0] for product in part.data.products)
    cp.Problem(cp.Maximize(both), [*part.constraints(), *part.lazy_constraints(), part.output == 60.0]).solve(
        solver=cp.HIGHS
    )
    assert both.value == pytest.approx(20.0)
    reserve = part.results()["hydro_reserve_mw"]
    assert reserve.shape == (2, 1, 1)
    assert reserve.sum() == pytest.approx(20.0)


def test_a_plant_on_a_river_holds_reserve_downwards_only():
    net, series = town(100.0, (1.0,))
    generator(net, 0, 30.0, 0.0, technology="hydro_ror")
    for direction in ("up", "down"):
        add_row(net, "reserve_product", spinning(direction))
    part = Hydro(System.read(case_of(net, series)).part("hydro"), 1, 1.0)
    up, down = (part.reserve(ReserveProduct(name, "spinning", name, 10, 1, np.ones(1), 1)) for name in ("up", "down"))
    assert up is None
    assert down is not None


# ---- conservation -------------------------------------------------------------------------------------------

few = settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def cascade(seed, bands=("", "band")):
    """Three reservoirs one below the other, with random delays, sizes, rules and a variable inflow."""
    rng = np.random.default_rng(seed)
    steps = 24
    hour = np.arange(steps)
    inflow = rng.uniform(0.0, 2.0, steps)
    net, series = town(
        60.0,
        1 + 0.5 * np.sin(hour / 4) + rng.normal(0, 0.05, steps),
        inflow=("inflow", inflow / inflow.mean()),
        low=("level", 0.3 + 0.2 * np.sin(hour / 9)),
        high=("level", 0.8 + 0.1 * np.cos(hour / 9)),
    )
    above = ""
    for _ in range(3):
        full = float(rng.uniform(0.05, 0.6))
        above = lake(
            net,
            float(rng.uniform(10, 40)),
            min_mw=float(rng.choice([0.0, 3.0])),
            **volume(
                float(rng.uniform(0.1, 0.8)),
                full,
                full * float(rng.uniform(0, 1)),
                float(rng.uniform(2, 20)),
                profile="inflow",
                min_v_mm3=0.0,
                min_release_m3_per_s=float(rng.choice([0.0, 8.0])),
                upstream=above,
                delay_h=float(rng.integers(0, 10)),
                ramp_mw_per_h=float(rng.choice([np.nan, 4.0, 15.0])),
                band_low_profile={"": "", "band": "low"}[str(rng.choice(bands))],
                band_high_profile={"": "", "band": "high"}[str(rng.choice(bands))],
            ),
        )
    return net, series


def recomputed_mm3(case, record):
    """Volumes from the reported flows and the net's own tables, window seams unseen."""
    lakes = case.net.reservoir
    flow = water(record, "turbined_m3_per_s") + water(record, "spill_m3_per_s")
    inflow = lakes["inflow_m3_per_s"].to_numpy(float)[:, None] * case.profiles["inflow"].to_numpy()
    before = np.cumsum(inflow[:, 0])  # what was released before the first hour
    change = inflow - flow
    for i in range(1, len(lakes)):
        delay = int(lakes["delay_h"].iloc[i])
        change[i] += np.concatenate([np.full(delay, before[i - 1]), flow[i - 1]])[: change.shape[1]]
    return lakes["start_v_mm3"].to_numpy(float)[:, None] + MM3 * np.cumsum(change, axis=1)


@few
@given(seed=st.integers(0, 10_000), ahead=st.sampled_from([0, 3, 6]), end=st.sampled_from(["value", "free", "cyclic"]))
def test_four_windows_lose_no_water(seed, ahead, end):
    case = case_of(*cascade(seed), horizon={"window_h": 6, "look_ahead_h": ahead, "end_storage": end})
    system, record = solve(case)
    assert len(record.windows) == 4
    np.testing.assert_allclose(water(record, "volume_mm3"), recomputed_mm3(case, record), atol=1e-6)
    data = system.part("hydro")
    level, power, spill = (water(record, name) for name in ("energy_mwh", "p_mw", "spill_mw"))
    breach = water(record, "release_breach_mw")
    assert (level > -1e-5).all()
    assert (level < data.max_e_mwh + 1e-5).all()
    assert (power + spill + breach > data.least_mw[:, None] - 1e-5).all()
    assert (power + breach > data.min_p_mw[:, None] - 1e-5).all()
    ramped = np.diff(power, axis=1)[data.ramped]
    most = data.ramp_mw_per_h[data.ramped][:, None] + 1e-4
    assert (ramped < most).all()
    assert (-ramped < most + breach[data.ramped, 1:]).all()


@few
@given(seed=st.integers(0, 10_000))
def test_one_window_is_never_worse_than_four(seed):
    # without bands, as what a band forgives depends on the level at the beginning of a window
    net, series = cascade(seed, bands=[""])
    free = {"end_storage": "free"}
    whole = solve(case_of(net, series, horizon=MONOLITHIC | free))[1]
    windows = solve(case_of(net, series, horizon={"window_h": 6, "look_ahead_h": 3} | free))[1]
    assert whole.objective_cny <= windows.objective_cny + 1e-3


def test_quarter_hours_give_the_same_water():
    # 100 m3/s through a quarter of an hour are 0.09 million m3.
    net, _ = town(50.0)
    lake(net, 100.0, **volume(0.5, 2.0, 1.0, 0.0))
    series = profiles(4, 0.25, load=("demand", [1.0] * 4))
    _, record = solve(case_of(net, series, horizon=FREE_END))
    np.testing.assert_allclose(np.diff(water(record, "volume_mm3")[0], prepend=1.0), -0.09, atol=1e-7)


def test_reference_counts_the_water_on_its_way():
    # 10 m3/s for three hours on the way: 0.108 million m3, at 2 MW per m3/s 60 MWh, besides the level.
    net, series = town(100.0, (1.0,) * 6)
    upper = lake(net, 30.0, **volume(1.0, 2.0, 1.0, 10.0))
    lake(net, 60.0, **volume(2.0, 2.0, 1.0, 0.0, upstream=upper, delay_h=3.0))
    data = System.read(case_of(net, series)).part("hydro")
    np.testing.assert_allclose(data.reference_e_mwh[1], 1.0 * 2 / 0.0036 + 60.0)
    assert isinstance(data.labels, tuple)
    assert pd.Index(data.labels).is_unique
