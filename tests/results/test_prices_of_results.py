"""Prices in the dataset against the cost of one MW more."""

from __future__ import annotations

import numpy as np
import pytest

import gridopt
from tests.results import solved


@pytest.mark.parametrize("name", ["tiny", "mixed", "case9"])
def test_energy_and_congestion_make_the_price(name: str) -> None:
    data = getattr(solved, name)().dataset
    parts = data["bus_price_energy_cny_per_mwh"] + data["bus_price_congestion_cny_per_mwh"]
    np.testing.assert_allclose(parts, data["bus_price_cny_per_mwh"], atol=1e-6)
    weighted = (data["bus_price_congestion_cny_per_mwh"] * data["demand_mw"]).sum("bus") / data["demand_mw"].sum("bus")
    np.testing.assert_allclose(weighted, 0.0, atol=1e-6)


def test_prices_differ_where_a_limit_binds_and_only_there() -> None:
    data = solved.tiny().dataset
    binds = (abs(data["interface_price_cny_per_mwh"]) > 1e-6).any("interface")
    binds |= (abs(data["branch_price_cny_per_mwh"]) > 1e-6).any("branch")
    differs = abs(data["bus_price_congestion_cny_per_mwh"]).max("bus") > 1e-6
    assert 0 < int(binds.sum()) < data.sizes["time"]
    np.testing.assert_array_equal(binds, differs)
    at_limit = abs(data["interface_flow_mw"] - 400.0).max("interface") < 1e-4
    assert bool(at_limit[(abs(data["interface_price_cny_per_mwh"]) > 1e-6).any("interface")].all())


def test_a_copper_plate_has_one_price() -> None:
    case = gridopt.load_case("tiny", {"network_level": "copperplate", "hours": 12, "unit_commitment": False})
    data = gridopt.solve(case).dataset
    np.testing.assert_allclose(data["bus_price_congestion_cny_per_mwh"], 0.0, atol=1e-9)
    np.testing.assert_allclose(data["bus_price_cny_per_mwh"].std("bus"), 0.0, atol=1e-9)
    assert data.sizes["interface"] == 0
    assert not data["branch_price_cny_per_mwh"].any()


@pytest.mark.parametrize("hour", [0, 1])
def test_price_is_the_cost_of_one_more_mw(hour: int) -> None:
    base = solved.congested()
    price = base.dataset["bus_price_cny_per_mwh"].isel(time=hour).values
    assert np.ptp(price) > 10.0, "the network binds"
    for bus in range(3):
        more = solved.congested((bus, hour, 1.0))
        change = more.summary["objective_cny"] - base.summary["objective_cny"]
        assert price[bus] == pytest.approx(change, rel=1e-6), bus


@pytest.mark.parametrize("side", ["max_mw", "min_mw"])
def test_interface_price_is_what_one_more_mw_saves(side: str) -> None:
    limit = 10.0 if side == "max_mw" else -10.0
    base, shifted = solved.congested(**{side: limit}), solved.congested(**{side: limit + 1.0})
    price = base.dataset["interface_price_cny_per_mwh"].sel(interface="out").sum()
    saved = base.summary["objective_cny"] - shifted.summary["objective_cny"]
    assert abs(saved) > 100.0, "the limit binds"
    # a lower limit that comes up by 1 MW costs: its price is negative
    assert float(price) == pytest.approx(saved, rel=1e-6)


def test_prices_are_per_mwh_in_quarter_hours() -> None:
    result = solved.mixed()
    # the last hour lacks energy: one more MWh is worth the lost load
    np.testing.assert_allclose(result.dataset["bus_price_cny_per_mwh"].isel(time=slice(4, 8)), 9000.0, rtol=1e-6)


def test_branch_price_has_the_sign_of_the_flow_that_it_limits() -> None:
    data = solved.congested().dataset
    price, flow = data["branch_price_cny_per_mwh"].values, data["branch_flow_mw"].values
    assert (price > 1.0).any()
    np.testing.assert_allclose(abs(flow[price != 0.0]), 40.0)
    assert (price * flow >= 0.0).all()
