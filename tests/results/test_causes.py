"""Why curtailed: causes planted one by one and together, shares that add up, and re-solves without the cause."""

from __future__ import annotations

import doctest
import io
from pathlib import Path

import numpy as np
import pandapower as pp
import pytest
from rich.console import Console

import gridopt
from gridopt.case import Case
from gridopt.report.terminal import print_summary
from gridopt.results.causes import split_curtailment
from gridopt.results.result import Result
from gridopt.results.summary import CAUSES, SUMMARY_CAUSES
from tests.model.systems import (
    add_row,
    case_of,
    generator,
    grid,
    load,
    profiles,
    put,
    storage,
    thermal,
    tie,
    wind,
)
from tests.results import solved


def causes(case: Case | pp.pandapowerNet, hours: int = 1, **settings: object) -> dict[str, float]:
    """Curtailment of a case by cause, without zeros [MWh]."""
    result = gridopt.solve(case if isinstance(case, Case) else case_of(case, hours, **settings))
    return parts_of(result)


def parts_of(result: Result) -> dict[str, float]:
    by_cause = result.dataset["curtailment_cause_mw"].sum(["renewable", "time"])
    return {
        str(cause): round(float(by_cause.sel(cause=cause)), 4) for cause in CAUSES if by_cause.sel(cause=cause) > 1e-4
    }


def bench(load_mw: float, wind_mw: float, *, buses: int = 1, lines=()) -> pp.pandapowerNet:
    """Wind at the first bus, load at the last."""
    net = grid(buses, lines)
    load(net, buses - 1, load_mw)
    wind(net, 0, wind_mw)
    return net


def test_a_full_line_is_the_network() -> None:
    net = bench(100.0, 90.0, buses=2, lines=[(0, 1, 10.0, 40.0)])
    generator(net, 1, 200.0, 300.0)
    assert causes(net) == {"network": 50.0}
    assert causes(net, network_level="copperplate") == {}


def test_a_feed_in_limit_of_a_bus_is_the_network() -> None:
    net = bench(100.0, 90.0, buses=2, lines=[(0, 1, 10.0, np.nan)])
    generator(net, 1, 200.0, 300.0)
    put(net, "bus", 0, {"reverse_flow_max_mw": 30.0})
    assert causes(net) == {"network": 60.0}


@pytest.mark.parametrize(
    ("commitment", "demand", "expected"),
    [
        ("relaxed", 100.0, {"min_output": 40.0}),
        ("integer", 100.0, {"min_output": 40.0}),
        ("off", 100.0, {"min_output": 40.0}),
        ("relaxed", 160.0, {}),
    ],
)
def test_units_that_must_run_at_their_minimum(commitment: str, demand: float, expected: dict[str, float]) -> None:
    net = bench(demand, 60.0)
    thermal(net, 0, 2, 40.0, 100.0, 300.0, must_run_units=2, initial_on_units=2)
    assert causes(net, unit_commitment=commitment) == expected


def test_minimum_output_explains_no_more_than_its_mw() -> None:
    net = bench(100.0, 150.0)
    thermal(net, 0, 2, 10.0, 100.0, 300.0, must_run_units=2, initial_on_units=2)
    assert causes(net) == {"min_output": 20.0, "other": 50.0}


def test_heat_raises_the_minimum_and_bands_lower_it() -> None:
    # the must-run unit gives heat and runs at 60 instead of 40 MW; the other one can go from 40 down to 30
    net = bench(120.0, 200.0)
    add_row(net, "heat_zone", {"name": "town", "profile": "heat"})
    heated = {"heat_zone": "town", "heat_season_min_pu": 0.6, "must_run_units": 1, "retrofitted": True}
    started = {"initial_on_units": 2, "min_up_h": 48, "initial_hours_in_state": 1}
    row = thermal(net, 0, 2, 40.0, 100.0, 300.0, **heated, **started)
    add_row(net, "deep_regulation", {"element": "gen", "index": row, "width_mw": 20.0, "wear_cny_per_mwh": 0.0})
    found = causes(case_of(net, profiles(1, heat=("heat", [1.0]))))
    assert found == pytest.approx({"min_output": 90.0, "other": 80.0}, abs=1e-3)


def test_power_that_comes_with_the_heat_is_minimum_output() -> None:
    net = bench(60.0, 100.0)
    add_row(net, "heat_zone", {"name": "town", "profile": "heat", "p_mw": 100.0})
    turbine = {"chp_kind": "extraction", "c_m": 0.5, "c_v": 0.15, "max_heat_mw": 150.0, "heat_zone": "town"}
    thermal(net, 0, 1, 20.0, 200.0, 300.0, initial_on_units=1, **turbine)
    found = causes(case_of(net, profiles(1, heat=("heat", [1.0])), policy={"chp_mode": "heat_zone"}))
    assert found == pytest.approx({"min_output": 50.0, "other": 40.0})


def test_export_up_to_the_size_of_the_tie() -> None:
    net = bench(50.0, 100.0)
    tie(net, 0, 10.0, price_cny_per_mwh=200.0, min_p_mw=0.0, max_p_mw=30.0)
    assert causes(net) == {"export_limit": 30.0, "other": 10.0}


def test_contracted_import_is_a_limit_of_export() -> None:
    net = bench(50.0, 100.0)
    tie(net, 0, -20.0, price_cny_per_mwh=200.0, min_p_mw=-50.0, max_p_mw=0.0)
    assert causes(net) == {"export_limit": 20.0, "other": 50.0}


@pytest.mark.parametrize(("start_pu", "curtailed"), [(0.0, 35.0), (1.0, 50.0)])
def test_stores_that_are_full_or_at_full_power(start_pu: float, curtailed: float) -> None:
    net = bench(50.0, 100.0)
    storage(net, 0, charge_mw=15.0, energy_mwh=1000.0, start_pu=start_pu)
    assert causes(net) == {"storage": 15.0, "other": curtailed - 15.0}


def test_a_connection_shared_with_a_battery_is_a_rule() -> None:
    net = bench(100.0, 60.0)
    generator(net, 0, 200.0, 300.0)
    storage(net, 0, charge_mw=5.0, energy_mwh=100.0, start_pu=0.0, co_located_sgen=0, connection_mw=40.0)
    assert causes(net) == {"rule": 15.0}


def test_the_feed_in_cap_of_a_pilot_zone_is_a_rule() -> None:
    net = grid(2, [(0, 1, 10.0, np.nan)])
    load(net, 0, 20.0)
    load(net, 1, 100.0)
    wind(net, 0, 90.0)
    generator(net, 1, 200.0, 300.0)
    add_row(net, "pilot_zone", {"name": "zone", "bus": 0, "export_max_mw": 30.0})
    add_row(net, "pilot_member", {"pilot": "zone", "element": "load", "index": 0})
    add_row(net, "pilot_member", {"pilot": "zone", "element": "sgen", "index": 0})
    result = gridopt.solve(case_of(net, 1))
    assert parts_of(result) == {"rule": 40.0}
    assert result.summary["curtailment_other_mwh"] == pytest.approx(40.0)


def test_causes_in_their_order_and_by_site() -> None:
    # of 100 MW too much 30 are minimum output, 40 export, 20 storage; the sites share as they curtail
    net = bench(50.0, 120.0)
    wind(net, 0, 40.0)
    thermal(net, 0, 1, 30.0, 100.0, 300.0, must_run_units=1, initial_on_units=1)
    tie(net, 0, 0.0, price_cny_per_mwh=200.0, min_p_mw=0.0, max_p_mw=40.0)
    storage(net, 0, charge_mw=20.0, energy_mwh=1000.0, start_pu=0.0)
    result = gridopt.solve(case_of(net, 1, policy={"curtailment_sharing": "pro_rata"}))
    assert parts_of(result) == {"min_output": 30.0, "export_limit": 40.0, "storage": 20.0, "other": 30.0}
    by_site = result.dataset["curtailment_cause_mw"].isel(time=0).sel(cause="export_limit")
    assert by_site.values == pytest.approx([30.0, 10.0])


def test_islands_have_causes_of_their_own() -> None:
    net = grid(2)
    pp.create_ext_grid(net, 1, name="other reference", min_p_mw=0.0, max_p_mw=0.0)
    for bus in (0, 1):
        load(net, bus, 50.0)
        wind(net, bus, 80.0)
    thermal(net, 0, 1, 20.0, 100.0, 300.0, must_run_units=1, initial_on_units=1)
    result = gridopt.solve(case_of(net, 1))
    table = result.dataset["curtailment_cause_mw"].isel(time=0).to_series().unstack("renewable")
    assert table.loc["min_output"].tolist() == pytest.approx([20.0, 0.0])
    assert table.loc["other"].tolist() == pytest.approx([30.0, 30.0])


def test_sites_have_thresholds_of_their_own() -> None:
    # at -300 CNY/MWh the cheap site is curtailed in full, the dear one in part: both by minimum output, not the network
    net = bench(50.0, 40.0)
    wind(net, 0, 70.0, curtailment_cost_cny_per_mwh=300.0)
    thermal(net, 0, 1, 90.0, 100.0, 300.0, must_run_units=1, initial_on_units=1)
    tie(net, 0, 60.0, price_cny_per_mwh=200.0, min_p_mw=0.0, max_p_mw=60.0)
    assert causes(net) == {"min_output": 90.0}


# --- against re-solves --------------------------------------------------------------------------------------


def planted(*, network_level: str = "dc", minimum_mw: float = 20.0, band_mw: float = 0.0) -> Result:
    """Three hours of a windy west and a centre with must-run coal and an export contract below the tie's size."""
    net = grid(2, [(0, 1, 10.0, 120.0)])
    load(net, 1, 220.0, "load")
    wind(net, 0, 150.0, "wind")
    thermal(net, 1, 4, minimum_mw, 50.0, 300.0, must_run_units=4, initial_on_units=4)
    tie(net, 1, 20.0, band_mw=band_mw, price_cny_per_mwh=100.0, min_p_mw=0.0, max_p_mw=60.0)
    series = profiles(
        3, load=("demand", [1.0, 100 / 220, 60 / 220]), wind=("availability", [1.0, 100 / 150, 110 / 150])
    )
    return gridopt.solve(case_of(net, series, network_level=network_level))


def test_a_chain_of_re_solves_finds_the_same_causes() -> None:
    steps = ({}, {"network_level": "copperplate"}, {"minimum_mw": 0.0}, {"band_mw": 100.0})
    lifted: dict[str, object] = {}
    curtailed = []
    for step in steps:
        lifted |= step
        curtailed.append(planted(**lifted).summary["curtailment_mwh"])
    fallen = dict(zip(("network", "min_output", "export_limit"), -np.diff(curtailed), strict=True))
    assert fallen == pytest.approx({"network": 30.0, "min_output": 140.0, "export_limit": 30.0})
    assert parts_of(planted()) == pytest.approx(fallen)
    assert curtailed[-1] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("start_pu", [0.0, 1.0])
def test_a_second_store_takes_what_storage_explains(start_pu: float) -> None:
    def curtailed(stores: int) -> Result:
        net = bench(50.0, 100.0)
        for number in range(stores):
            full = start_pu if number == 0 else 0.0
            storage(net, 0, charge_mw=15.0, energy_mwh=100.0, start_pu=full)
        return gridopt.solve(case_of(net, 2))

    one, two = curtailed(1), curtailed(2)
    saved = one.summary["curtailment_mwh"] - two.summary["curtailment_mwh"]
    assert one.summary["curtailment_storage_mwh"] == pytest.approx(saved) == pytest.approx(30.0)


# --- sums ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tiny", "mixed"])
def test_causes_add_up_by_site_and_hour_and_in_the_summary(name: str) -> None:
    result = getattr(solved, name)()
    by_cause = result.dataset["curtailment_cause_mw"]
    assert list(by_cause["cause"].values) == list(CAUSES)
    assert float(by_cause.min()) >= 0.0
    np.testing.assert_allclose(by_cause.sum("cause"), result.dataset["renewable_curtailment_mw"], rtol=0, atol=1e-9)
    told = sum(result.summary[key] for key in SUMMARY_CAUSES)
    assert told == pytest.approx(result.summary["curtailment_mwh"], abs=1e-6)
    assert result.summary["curtailment_mwh"] > 0 or name == "mixed"


def test_any_numbers_add_up() -> None:
    rng = np.random.default_rng(1)
    shape = (7, 40)
    curtailed = rng.uniform(0, 100, shape) * (rng.uniform(size=shape) > 0.3)
    price, energy = rng.choice([-301.0, -300.0, -1.0, 250.0], (2, *shape))
    room = rng.choice([0.0, 30.0, 1e4], (3, 2, 40))
    parts = split_curtailment(curtailed, price, energy, rng.choice([-300.0, -1.0], 7), np.arange(7) % 2, room)
    assert parts.min() >= 0
    np.testing.assert_allclose(parts.sum(axis=0), curtailed, rtol=0, atol=1e-9)
    assert (parts.sum(axis=(1, 2)) > 0).all()
    for area in (0, 1):
        assert (parts[1:4, np.arange(7) % 2 == area].sum(axis=1) <= room[:, area] + 1e-9).all()


def test_what_follows_no_weather_has_no_causes() -> None:
    result = solved.case9()
    assert "curtailment_cause_mw" not in result.dataset
    assert all(result.summary[key] is None for key in SUMMARY_CAUSES)


# --- told ---------------------------------------------------------------------------------------------------


def test_the_printed_table_names_the_causes_that_there_are() -> None:
    text = io.StringIO()
    print_summary(solved.tiny(), Console(file=text, width=120))
    (line,) = [line for line in text.getvalue().splitlines() if line.startswith("  the network is full")]
    assert line.split()[-1] == f"{solved.tiny().summary['curtailment_network_mwh'] / 1e3:.1f}"
    assert "storage full" not in text.getvalue()


def test_the_page_prints_what_it_says() -> None:
    page = Path(__file__).parents[2] / "docs" / "curtailment.md"
    told = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert told.attempted > 3
    assert told.failed == 0
