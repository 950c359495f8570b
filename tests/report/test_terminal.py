"""The printed summary: the numbers of the result, readable at any width."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import numpy as np
import pandapower as pp
import pandas as pd
import pytest
from rich.console import Console

import gridopt
from gridopt.check.remarks import remarks
from gridopt.report.terminal import installed_mw, print_summary, simultaneous_mwh
from gridopt.results.result import Result
from tests.model.systems import add_row, case_of, generator, grid, line, load, storage
from tests.results import solved


def printed(result: Result, width: int = 200) -> str:
    text = io.StringIO()
    print_summary(result, Console(file=text, width=width))
    return text.getvalue()


def row(text: str, label: str) -> list[str]:
    """Cells of the only line that begins with a label."""
    lines = [line for line in text.splitlines() if line.startswith(label + "  ")]
    assert len(lines) == 1, label
    return re.split(r"\s{2,}", lines[0].strip())[1:]


@pytest.mark.parametrize("width", [80, 200])
def test_energies_and_shares_are_those_of_the_summary(width: int) -> None:
    result = solved.tiny()
    text, s = printed(result, width), solved.tiny().summary
    assert all(len(line) <= width for line in text.splitlines())
    for label, key, sign in (
        ("demand", "demand_mwh", 1),
        ("coal and gas", "thermal_mwh", 1),
        ("biomass", "biomass_mwh", 1),
        ("hydro", "hydro_mwh", 1),
        ("wind", "wind_mwh", 1),
        ("solar", "solar_mwh", 1),
        ("pumped storage, out", "phs_discharge_mwh", 1),
        ("pumped storage, in", "phs_charge_mwh", -1),
        ("battery, out", "battery_discharge_mwh", 1),
        ("battery, in", "battery_charge_mwh", -1),
        ("net export", "net_export_mwh", -1),
        ("demand response", "dr_mwh", 1),
        ("unserved", "unserved_mwh", 1),
    ):
        energy = text.split("Wind and solar")[0]
        cells = row(energy, label)
        assert cells[0] == f"{sign * s[key] / 1e3:,.1f}", label
        assert cells[1] == f"{100 * sign * s[key] / s['demand_mwh']:.1f} %", label


def test_capacities_and_full_load_hours() -> None:
    text, sizes = printed(solved.tiny()), installed_mw(solved.tiny())
    assert sizes["thermal_mwh"] == pytest.approx(1360.0)
    assert sizes["wind_mwh"] == 740.0
    assert sizes["solar_mwh"] == 360.0
    assert sizes["phs_charge_mwh"] == 210.0
    assert sizes["phs_discharge_mwh"] == 200.0
    hours = solved.tiny().summary["wind_mwh"] / 740.0
    assert row(text.split("Wind and solar")[0], "wind")[2:] == ["0.74", f"{hours:.0f}"]


def test_curtailment_and_network() -> None:
    result = solved.tiny()
    s, text = result.summary, printed(result)
    part = text.split("Wind and solar")[1]
    assert row(part, "wind") == [f"{100 * s['utilisation_wind']:.1f} %", f"{s['curtailment_wind_mwh'] / 1e3:.1f}"]
    assert row(part, "together") == [f"{100 - 100 * s['curtailment_rate']:.1f} %", f"{s['curtailment_mwh'] / 1e3:.1f}"]
    price = result.dataset["interface_price_cny_per_mwh"].values[0]
    # two days are not scaled up to a year
    assert "worth, CNY/MW\n" in re.sub(r" +\n", "\n", text)
    assert row(part, "west_export") == ["400", f"{(abs(price) > 1e-6).sum()}", f"{np.abs(price).sum():,.0f}"]


def test_lines_below_the_tables() -> None:
    s, text = solved.tiny().summary, printed(solved.tiny(), 300)
    assert "tiny  2030-01-15 00:00 to 2030-01-17 00:00, 48 h, network dc, commitment relaxed" in text
    assert (
        f"peak load {s['peak_load_mw'] / 1e3:.2f} GW, after response {s['peak_load_after_dr_mw'] / 1e3:.2f} GW" in text
    )
    assert f"cost {s['operating_cost_cny'] / 1e6:.3f} mn CNY (the value of export is taken off)" in text
    assert f"{s['penalty_cny'] / 1e6:.3f} mn CNY of penalties" in text
    assert f"{s['co2_t'] / 1e3:.2f} kt CO2, {s['coal_tce'] / 1e3:.2f} kt coal equivalent" in text
    assert f"non-fossil generation {100 * s['nonfossil_share_generation']:.1f} %" in text
    assert "attention" not in text


def test_policy_targets_are_counted_and_the_missed_ones_named() -> None:
    assert "policy targets" not in printed(solved.tiny())
    result = replace(solved.tiny())
    rows = [
        ("utilisation", "missed", 0.881, ">=", 0.9, "pu"),
        ("pumped storage", "missed", 4000.0, "~", 12100.0, "MW"),
        ("piles", "not computable from dispatch", np.nan, ">=", 12000.0, "count"),
    ]
    card = pd.DataFrame(rows, columns=["target", "status", "value", "sense", "threshold", "unit"])
    vars(result)["scorecard"] = card
    text = printed(result)
    assert "policy targets: 0 met, 2 missed, 1 not computable from dispatch" in text
    assert "missed: utilisation: 88.1 %, asked >= 90.0 %" in text
    assert "missed: pumped storage: 4,000 MW, asked ~ 12,100 MW" in text


def test_every_remark_is_printed() -> None:
    text = printed(solved.tiny(), 300)
    assert len(remarks(solved.tiny().case)) == 3
    for remark in remarks(solved.tiny().case):
        assert f"note: {remark}\n" in text


def test_simultaneous_charge_and_discharge_draws_attention() -> None:
    tiny = solved.tiny()
    assert simultaneous_mwh(tiny.dataset) < 1.0
    data = tiny.dataset.copy(deep=True)
    data["storage_charge_mw"][0, 3:5] = 100.0
    data["storage_discharge_mw"][0, 3:5] = np.array([60.0, 80.0])
    made_up = replace(tiny, dataset=data)
    assert simultaneous_mwh(data) == pytest.approx(simultaneous_mwh(tiny.dataset) + 140.0, abs=1.0)
    assert "attention: 140 MWh were charged and discharged by the same store in the same hour" in printed(made_up)


def test_unserved_and_excess_energy_draw_attention() -> None:
    tiny = solved.tiny()
    data = tiny.dataset.copy(deep=True)
    data["unserved_mw"].loc[{"bus": ["south", "east"]}] = np.array([[20.0], [5.0]])
    data["excess_mw"].loc[{"bus": "west", "time": data["time"][5]}] = 7.0
    result = replace(tiny, dataset=data, summary=tiny.summary | {"excess_mwh": 7.0})
    text = printed(result, 300)
    worst = "up to 25 MW at 2030-01-15 01:00, in 48 h"
    assert f"attention: 1,200 MWh of unserved energy: south, east, {worst}" in text
    assert "attention: 7 MWh of power that no one could take: west, up to 7 MW at 2030-01-15 06:00, in 1 h" in text
    assert row(text, "excess")[0] == "-0.0"


def test_water_outside_its_rules_draws_attention() -> None:
    tiny = solved.tiny()
    data = tiny.dataset.copy(deep=True)
    data["hydro_release_breach_mw"].loc[{"hydro": "east dam", "time": data["time"][2]}] = 3.0
    data["hydro_band_breach_mwh"].loc[{"hydro": "east dam", "time": data["time"][:2]}] = np.array([40.0, 55.0])
    text = printed(replace(tiny, dataset=data), 300)
    assert "attention: 3 MWh of water below the least release" in text
    band = "reservoirs outside their band: east dam, up to 55 MWh at 2030-01-15 02:00, in 2 h"
    assert f"attention: {band}" in text


def test_broken_rules_draw_attention_by_name() -> None:
    tiny = solved.tiny()
    data = tiny.dataset.copy(deep=True)
    data["heat_shortfall_mw"] = ("heat_zone", "time"), np.full((1, data.sizes["time"]), 2.0)
    data["reserve_shortfall_mw"][0, 3:5] = 20.0
    data["budget_used"][0] = data["budget_limit"][0] + 7.0
    data["budget_breach"][0], data["budget_sense"] = 7.0, ("budget", ["most"] * data.sizes["budget"])
    text = printed(replace(tiny, dataset=data), 300)
    assert f"attention: {2 * data.sizes['time']:,} MWh of heat that was not served: " in text
    reserve = data["reserve"].to_numpy()[0]
    assert f"attention: reserve {reserve} falls short in 2 h, at most by" in text
    assert f"attention: {data['budget'].to_numpy()[0]}: " in text
    assert "7 above the limit" in text


def test_a_net_without_weather_storage_or_ties() -> None:
    text = printed(solved.case9())
    assert row(text, "demand")[0] == "0.3"
    assert row(text.split("Wind and solar")[1], "wind")[0] == "–"
    assert "value of export" not in text
    assert "after response" not in text


def test_names_with_brackets_are_printed_as_they_are() -> None:
    net = grid(1)
    generator(net, 0, 100.0, 300.0)
    load(net, 0, 50.0)
    add_row(net, "interface", {"name": "south [500 kV]", "max_mw": 100.0})
    load(net, pp.create_bus(net, 220.0, name="end"), 1.0)
    add_row(net, "interface_branch", {"interface": "south [500 kV]", "element": "line", "index": line(net, 0, 1)})
    text = printed(gridopt.solve(case_of(net, 1, name="winter [bold]")))
    assert "winter [bold]" in text
    assert "south [500 kV]" in text


def test_storage_of_no_technology_has_its_own_rows() -> None:
    net = grid(1)
    generator(net, 0, 1000.0, 300.0)
    load(net, 0, 5000.0)
    storage(net, 0, charge_mw=3000.0, energy_mwh=8000.0, start_pu=1.0, technology="")
    text = printed(gridopt.solve(case_of(net, 2, horizon={"mode": "monolithic", "end_storage": "free"})))
    assert row(text, "other storage, out")[0] == "6.0"
    assert "other storage, in" not in text
