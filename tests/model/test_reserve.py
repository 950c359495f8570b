"""Reserve products: what the hours ask for, what is held, what is lacking."""

import numpy as np
import pandas as pd
import pytest

from gridopt.model.generator import Generator
from gridopt.model.reserve_product import read_products
from tests.model.systems import add_row, case_of, generator, grid, load, output, profiles, put, solve, thermal, wind


def product(net, **columns):
    add_row(net, "reserve_product", {"name": "up", "price_cny_per_mwh": 500.0} | columns)


def system():
    """Load 100, 200, 150 MW; wind offers 40, 20, 10 MW, the sun 0, 30, 60 MW; a plant of 300 MW."""
    net = grid()
    load(net, 0, 100.0, "load")
    wind(net, 0, 40.0, "wind")
    wind(net, 0, 60.0, "sun", technology="solar")
    generator(net, 0, 300.0, 300.0)
    series = profiles(
        3,
        load=("demand", [1.0, 2.0, 1.5]),
        wind=("availability", [1.0, 0.5, 0.25]),
        sun=("availability", [0.0, 0.5, 1.0]),
    )
    return net, series


# ---- what the hours ask for ---------------------------------------------------------------------------------

# net load: 60, 150, 80 MW; it rises by 90 and falls by 70 MW
REQUIREMENTS = [
    ({"mw": 25.0}, [25.0, 25.0, 25.0]),
    ({"share_of_load": 0.05}, [5.0, 10.0, 7.5]),
    ({"share_of_wind": 0.1}, [4.0, 2.0, 1.0]),
    ({"share_of_solar": 0.2}, [0.0, 6.0, 12.0]),
    ({"share_of_ramp": 0.5}, [45.0, 0.0, 0.0]),
    ({"share_of_ramp": 0.5, "direction": "down"}, [0.0, 35.0, 0.0]),
    ({"mw": 1.0, "share_of_load": 0.05, "share_of_wind": 0.1, "share_of_solar": 0.1}, [10.0, 16.0, 15.5]),
    ({"largest_unit": True, "share_of_load": 1.0}, [120.0, 200.0, 150.0]),
    ({"kind": "inertia", "mw": 6000.0}, [6000.0] * 3),
    ({"kind": "emergency", "mw": 80.0, "duration_h": 2.0}, [80.0] * 3),
]


@pytest.mark.parametrize(("columns", "required"), REQUIREMENTS)
def test_the_requirement_of_a_product(columns, required):
    net, series = system()
    put(net, "gen", 0, {"n_units": 3})
    generator(net, 0, 120.0, 300.0)
    product(net, **columns)
    (read,) = read_products(case_of(net, series))
    np.testing.assert_allclose(read.requirement_mw, required)
    assert read.price_cny_per_mwh == 500.0


def test_the_largest_unit_is_the_largest_that_is_available():
    net, series = system()
    generator(net, 0, 500.0, 300.0, profile="sun")
    product(net, largest_unit=True)
    (read,) = read_products(case_of(net, series))
    np.testing.assert_allclose(read.requirement_mw, [300.0, 300.0, 500.0])


def test_a_unit_out_of_service_can_not_fail():
    net, series = system()
    row = generator(net, 0, 900.0, 300.0)
    net.gen.loc[row, "in_service"] = False
    product(net, largest_unit=True)
    (read,) = read_products(case_of(net, series))
    np.testing.assert_allclose(read.requirement_mw, 300.0)


def test_wind_among_the_generators_counts_as_wind():
    net, series = system()
    generator(net, 0, 50.0, 0.0, profile="wind", technology="")
    put(net, "gen", 1, {"technology": ""})
    product(net, share_of_wind=1.0)
    (read,) = read_products(case_of(net, series))
    # a row of gen has no technology of wind: it follows the weather, but asks for no reserve
    np.testing.assert_allclose(read.requirement_mw, [40.0, 20.0, 10.0])


def test_quarter_hours_look_one_hour_ahead():
    net = grid()
    load(net, 0, 100.0, "load")
    generator(net, 0, 300.0, 300.0)
    product(net, share_of_ramp=1.0)
    series = profiles(6, 0.25, load=("demand", [1.0, 1.1, 1.2, 1.3, 1.4, 1.5]))
    (read,) = read_products(case_of(net, series, step_h=0.25))
    np.testing.assert_allclose(read.requirement_mw, [40.0, 40.0, 30.0, 20.0, 10.0, 0.0], atol=1e-9)


def test_reserves_can_be_switched_off():
    net, series = system()
    product(net, mw=50.0)
    assert read_products(case_of(net, series, policy={"reserves": False})) == ()
    net.reserve_product["in_service"] = False
    assert read_products(case_of(net, series)) == ()
    product(net, name="other", mw=50.0, in_service=True)
    assert [p.name for p in read_products(case_of(net, series))] == ["other"]


# ---- what is held and what is lacking -----------------------------------------------------------------------


@pytest.fixture
def headroom(monkeypatch):
    """Plain generators hold reserve: what they could give more, or less."""

    def reserve(self, product):
        if product.kind != "spinning":
            return None
        most, least = self.data.max_mw[:, 0].sum(), self.data.min_mw[:, 0].sum()  # the same in all hours
        given = np.ones(self.data.count) @ self.output
        return most - given if product.direction == "up" else given - least

    monkeypatch.setattr(Generator, "reserve", reserve)


def test_shortfall_is_what_nobody_holds_at_its_price(headroom):
    # Plant of 300 MW; load less wind and sun 60, 150, 80 MW leave 240, 150, 220 MW; 230 are required.
    net, series = system()
    product(net, mw=230.0)
    _, record = solve(case_of(net, series))
    np.testing.assert_allclose(output(record, "reserve", "reserve_requirement_mw"), [[230.0] * 3])
    np.testing.assert_allclose(output(record, "reserve", "reserve_held_mw"), [[240.0, 150.0, 220.0]], atol=1e-6)
    np.testing.assert_allclose(output(record, "reserve", "reserve_shortfall_mw"), [[0.0, 80.0, 10.0]], atol=1e-6)
    np.testing.assert_allclose(record.penalty_cny["reserve"], [0.0, 80 * 500.0, 10 * 500.0], atol=1e-4)


def test_reserve_down_is_held_by_wind_and_sun_too(headroom):
    # Hour 2: the plant gives 150 MW, wind and sun 50 MW: 200 MW down.
    net, series = system()
    product(net, name="down", direction="down", mw=190.0)
    _, record = solve(case_of(net, series))
    # hour 1: 60 + 40 = 100, hour 3: 80 + 70 = 150 MW
    np.testing.assert_allclose(output(record, "reserve", "reserve_shortfall_mw"), [[90.0, 0.0, 40.0]], atol=1e-6)


def test_what_is_turned_down_serves_one_product_only():
    # 40 MW of wind in hour 1 for 30 + 30 MW of two products: the cheaper one lacks 20 MW.
    net, series = system()
    product(net, name="slow", direction="down", mw=30.0, price_cny_per_mwh=100.0)
    product(net, name="fast", direction="down", mw=30.0, price_cny_per_mwh=900.0)
    product(net, name="up", direction="up", mw=5.0, price_cny_per_mwh=50.0)
    _, record = solve(case_of(net, series))
    short = output(record, "reserve", "reserve_shortfall_mw")
    np.testing.assert_allclose(short[:, 0], [20.0, 0.0, 5.0], atol=1e-6)


def test_wind_and_sun_hold_neither_reserve_up_nor_inertia():
    net, series = system()
    product(net, mw=10.0)
    product(net, name="inertia", kind="inertia", mw=100.0, price_cny_per_mwh=1.0)
    _, record = solve(case_of(net, series))
    np.testing.assert_allclose(output(record, "reserve", "reserve_held_mw"), 0.0)
    np.testing.assert_allclose(record.penalty_cny["reserve"], [10 * 500.0 + 100.0] * 3)


def test_a_case_without_products_has_no_such_component():
    net, series = system()
    net["reserve_product"] = pd.DataFrame()
    assert "reserve" not in solve(case_of(net, series))[1].outputs


@pytest.mark.parametrize("mw", [0.0, 40.0, 120.0])
def test_a_requirement_never_saves_and_a_loose_one_costs_nothing(headroom, mw):
    # 140 MW up are there in every hour with all loads served.
    net, series = system()
    free = solve(case_of(net, series))[1].objective_cny
    product(net, mw=mw)
    assert solve(case_of(net, series))[1].objective_cny == pytest.approx(free)
    net.reserve_product["mw"] = 200.0
    assert solve(case_of(net, series))[1].objective_cny > free + 1.0


def test_four_windows_hold_what_every_hour_asks_for(headroom):
    rng = np.random.default_rng(5)
    net, _ = system()
    thermal(net, 0, 2, 20.0, 60.0, 200.0)
    product(net, share_of_load=1.4, share_of_wind=0.5, share_of_ramp=0.5)
    product(net, name="down", direction="down", share_of_load=0.3, share_of_solar=0.4, price_cny_per_mwh=90.0)
    series = profiles(
        24,
        load=("demand", rng.uniform(0.8, 2.4, 24)),
        wind=("availability", rng.uniform(0, 1, 24)),
        sun=("availability", rng.uniform(0, 1, 24)),
    )
    _, record = solve(case_of(net, series, horizon={"window_h": 6, "look_ahead_h": 3}))
    out = record.outputs["reserve"]
    demand, weather = 100 * series["load"].to_numpy(), record.outputs["renewable"]["renewable_available_mw"]
    rise = np.diff(demand - weather.sum(axis=0), append=np.nan)
    rise[-1] = 0.0
    required = np.stack(
        [
            1.4 * demand + 0.5 * weather[0] + 0.5 * np.maximum(rise, 0.0),
            0.3 * demand + 0.4 * weather[1],
        ]
    )
    np.testing.assert_allclose(out["reserve_requirement_mw"], required, atol=1e-9)
    assert (out["reserve_held_mw"] + out["reserve_shortfall_mw"] >= required - 1e-6).all()
    assert (out["reserve_shortfall_mw"] >= -1e-9).all()
    price = np.array([500.0, 90.0])
    np.testing.assert_allclose(record.penalty_cny["reserve"], price @ out["reserve_shortfall_mw"], atol=1e-4)
    assert out["reserve_shortfall_mw"].max() > 1.0  # the case is tight
