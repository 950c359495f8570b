"""AC check of results: the series, the numbers, when it runs, and that it says where it hurts."""

from __future__ import annotations

import numpy as np
import pandapower as pp
import pandapower.networks
import pytest

import gridopt
from gridopt.case import Case
from gridopt.model.system import System
from gridopt.report.ac import ac_lines
from gridopt.results.ac import element_powers, hours_of
from gridopt.results.result import Result
from tests.model.systems import case_of, generator, grid, line, load, profiles
from tests.results import solved

KEYS = (
    *("ac_hours_converged", "ac_hours_in_voltage_band", "ac_voltage_min_pu", "ac_voltage_max_pu"),
    *("ac_loading_max_pct", "ac_losses_mwh"),
)


def test_the_numbers_of_the_summary_are_those_of_the_series() -> None:
    data, s = solved.tiny().dataset, solved.tiny().summary
    assert (s["ac_hours_converged"], s["ac_hours_in_voltage_band"]) == (48.0, 48.0)
    assert s["ac_voltage_min_pu"] == pytest.approx(float(data["ac_vm_pu"].min()))
    assert s["ac_voltage_max_pu"] == pytest.approx(float(data["ac_vm_pu"].max()))
    assert s["ac_loading_max_pct"] == pytest.approx(float(data["ac_loading_percent"].max()))
    assert s["ac_losses_mwh"] == pytest.approx(float(data["ac_losses_mw"].sum()), rel=1e-6)
    assert 0.002 < s["ac_losses_mwh"] / s["demand_mwh"] < 0.05
    assert float(np.abs(data["ac_slack_mw"]).max()) < 0.011
    for name in (str(name) for name in data.data_vars if str(name).startswith("ac_")):
        assert data[name].attrs["units"], name
        assert data[name].attrs["long_name"].startswith("AC check: "), name


def test_flows_follow_the_dispatch() -> None:
    """The loading of a line is that of its DC flow, but for losses, reactive power and charging."""
    data = solved.tiny().dataset
    lines = data["branch_element"].to_numpy() == "line"
    flow = np.abs(data["branch_flow_mw"].to_numpy()[lines])
    net = solved.tiny().case.net
    rated = np.sqrt(3) * 220.0 * net.line["max_i_ka"].to_numpy() * net.line["parallel"].to_numpy()
    loading = 100 * flow / rated[:, None]
    error = data["ac_loading_percent"].to_numpy()[lines] - loading
    assert np.median(np.abs(error)) < 4.0
    assert np.abs(error[loading > 5.0]).max() < 15.0
    assert np.abs(error).max() < 20.0  # a line without power still carries reactive power


def test_every_element_is_read_with_the_sign_of_its_table() -> None:
    """Injections of all elements and the demand add up to the injection of the dispatch, but for response and heat."""
    result = solved.tiny()
    system, data = System.read(result.case), result.dataset
    powers, hours = element_powers(system, data), hours_of(system, data)
    assert set(powers) >= {"gen", "sgen", "storage", "tie", "flexible_load", "prosumer"}
    given = sum(
        (1.0 if table in ("gen", "sgen") else -1.0) * power.p_mw.sum(axis=0)
        for table, power in powers.items()
        if table != "ext_grid"
    )
    response = data["response_mw"].sum("program").to_numpy() if "response_mw" in data else 0.0
    heat = data["heat_source_electric_mw"].sum("heat_source").to_numpy() if "heat_source_electric_mw" in data else 0.0
    rest = data["fixed_injection_mw"].sum("bus").to_numpy() - data["excess_mw"].sum("bus").to_numpy() + response - heat
    np.testing.assert_allclose(given - hours.load_mw.sum(axis=0) + rest, hours.p_mw.sum(axis=0), atol=1e-5)
    np.testing.assert_allclose(hours.p_mw.sum(axis=0), 0.0, atol=1e-5)


def test_a_plain_net_equals_runpp() -> None:
    """The dispatch of case9, its demand lowered by the losses, in pandapower's own net."""
    plain = pandapower.networks.case9()
    result = gridopt.solve(Case.from_pandapower(plain, network_level="dc", ac_check="on"))
    data, s = result.dataset, result.summary
    output = data["generator_p_mw"].to_numpy()[:, 0]
    rows = [row for _, part in System.read(result.case).parts for row in part.rows if row[0] in ("gen", "ext_grid")]
    for (table, row), power in zip(rows, output, strict=True):
        if table == "gen":
            plain.gen.loc[row, "p_mw"] = power
    left = 1.0 - s["ac_losses_mwh"] / s["demand_mwh"]
    plain.load["p_mw"] *= left
    pp.runpp(plain, lightsim2grid=False, numba=False)
    np.testing.assert_allclose(data["ac_vm_pu"].to_numpy()[:, 0], plain.res_bus["vm_pu"], atol=1e-5)
    assert s["ac_losses_mwh"] == pytest.approx(plain.res_line["pl_mw"].sum(), abs=0.01)
    scheduled = output[[table for table, _ in rows].index("ext_grid")]
    assert plain.res_ext_grid["p_mw"].sum() == pytest.approx(scheduled, abs=0.02)


@pytest.mark.parametrize("changes", [{"ac_check": False}, {"ac_check": "on", "network_level": "copperplate"}])
def test_it_is_left_out_on_request_and_without_a_network(changes: dict[str, object]) -> None:
    net = grid(2)
    line(net, 0, 1)
    generator(net, 0, 600.0, 300.0)
    load(net, 1, 200.0)
    result = gridopt.solve(case_of(net, profiles(1), **changes))
    assert all(result.summary[key] is None for key in KEYS)
    assert not any(str(name).startswith("ac_") for name in result.dataset)
    assert ac_lines(result) == []


def test_a_plain_net_is_left_out_unless_asked_for() -> None:
    assert all(solved.case9().summary[key] is None for key in KEYS)


def weak(length_ohm: float, profile: list[float], **settings: object) -> Result:
    """A plant, and a town of 200 MW and 60 Mvar at the end of a line."""
    net = grid(2)
    line(net, 0, 1, length_ohm)
    net.line["r_ohm_per_km"] = 0.1 * length_ohm
    generator(net, 0, 600.0, 300.0, name="plant")
    load(net, 1, 200.0, "town", name="town", q_mvar=60.0)
    series = profiles(len(profile), town=("demand", profile))
    return gridopt.solve(case_of(net, series, **({"ac_check": "auto"} | settings)))


def test_a_voltage_out_of_band_is_named_with_its_hour() -> None:
    result = weak(30.0, [0.5, 0.5, 1.0, 0.5])
    data = result.dataset
    assert data["ac_converged"].to_numpy().tolist() == [1, 1, 1, 1]
    assert data["ac_in_voltage_band"].to_numpy().tolist() == [1, 1, 0, 1]
    assert result.summary["ac_hours_in_voltage_band"] == 3.0
    low = float(data["ac_vm_pu"].sel(bus="bus 1")[2])
    assert float(data["ac_voltage_breach_pu"].max()) == pytest.approx(0.95 - low, abs=1e-6)
    lines = ac_lines(result)
    assert "all 4 h converge, 3 of 4 h keep every voltage in its band" in lines[0]
    assert f"1 h have a voltage out of its band: bus 1 {low:.3f} pu 2030-01-01 03:00" in lines[1]


def test_an_hour_that_does_not_converge_is_named() -> None:
    """At the nose of the curve, (R + jX) of 80 ohm takes no more than about 250 MW at this power factor."""
    result = weak(80.0, [0.1, 2.0, 0.1])
    assert result.dataset["ac_converged"].to_numpy().tolist() == [1, 0, 1]
    assert result.summary["ac_hours_converged"] == 2.0
    assert result.summary["ac_voltage_min_pu"] is not None
    text = "\n".join(ac_lines(result))
    assert "2 of 3 h converge" in text
    assert "1 h have no solution within the reactive limits: 2030-01-01 02:00" in text


def test_an_overloaded_branch_is_named() -> None:
    heavy = weak(5.0, [0.5, 2.2])
    loading = heavy.dataset["ac_loading_percent"].to_numpy()[0]
    assert loading[0] == pytest.approx(100 * 100.0 * np.hypot(1.0, 0.3) / (np.sqrt(3) * 220.0), rel=0.02)
    assert heavy.summary["ac_loading_max_pct"] == pytest.approx(loading[1])
    assert loading[1] > 100.0
    assert f"1 h have a branch above its rated current: line 0-1 #0 {loading[1]:.0f} %" in "\n".join(ac_lines(heavy))


@pytest.mark.slow
@pytest.mark.parametrize("start", ["2022-01-15", "2022-07-15", "2022-10-10"])
def test_jilin_converges_and_keeps_its_voltages(start: str) -> None:
    """A week: at least 99 % of the hours converge, 95 % keep every voltage; a few hours against pandapower."""
    from gridopt.network.ac_year import ac_year
    from gridopt.network.acflow import ReferenceNet

    case = gridopt.load_case("jilin-2022", {"start": start, "hours": 168})
    result = gridopt.solve(case)
    assert result.summary["ac_hours_converged"] >= 0.99 * 168
    assert result.summary["ac_hours_in_voltage_band"] >= 0.95 * 168
    assert 0.005 < result.summary["ac_losses_mwh"] / result.summary["demand_mwh"] < 0.03
    year = ac_year(case.net, hours_of(System.read(case), result.dataset), np.arange(168) // 6)
    np.testing.assert_allclose(year.vm_pu, result.dataset["ac_vm_pu"], atol=1e-6)
    reference = ReferenceNet(case.net, year.grid)
    for hour in np.random.default_rng(0).choice(168, 10, replace=False):
        flow = reference.solve(year.hours, int(hour), year.at_limit[:, hour])
        np.testing.assert_allclose(year.vm_pu[:, hour], flow.vm_pu, atol=1e-6, rtol=0)
