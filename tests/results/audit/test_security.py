"""Outages that are taken out of the grid one by one: the audit finds what the dispatch would not bear."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pandapower as pp
import pandas as pd
import pytest

import gridopt
from gridopt.case import Case
from gridopt.check.remarks import remarks
from gridopt.results.audit import Audit, Finding, View, audit_view
from tests.model.systems import case_of, generator, grid, load, profiles, put, storage
from tests.network.purpose_nets import TRAFO3W

HOURS = 4


def ring() -> Case:
    """A ring with a double circuit in one row, a common tower, a three-winding transformer, and a radial line."""
    net = grid(4, [(0, 1, 10.0, 90.0), (1, 2, 12.0, 120.0), (0, 2, 14.0, 120.0), (0, 1, 11.0, 90.0), (1, 3, 9.0, 50.0)])
    net.line.loc[2, "parallel"] = 2
    for row in (0, 3):
        put(net, "line", row, {"emergency_loading_percent": 130.0})
    for row in (1, 2):
        put(net, "line", row, {"outage_group": "tower"})
    low = pp.create_bus(net, 35.0, name="low")
    rated = {"sn_hv_mva": 100.0, "sn_mv_mva": 80.0, "sn_lv_mva": 60.0}
    voltages = {"vn_hv_kv": 220.0, "vn_mv_kv": 220.0, "vn_lv_kv": 35.0}
    for name in ("first", "second"):
        pp.create_transformer3w_from_parameters(
            net, 0, 2, low, **{**TRAFO3W, **rated, **voltages}, max_loading_percent=100.0, name=name
        )
    generator(net, 0, 500.0, 100.0, name="cheap")
    generator(net, 2, 300.0, 300.0, name="dear")
    for bus, mw in ((1, 150.0), (2, 120.0), (3, 20.0), (int(low), 30.0)):
        load(net, int(bus), mw, "load")
    storage(net, 1, charge_mw=15.0, energy_mwh=30.0, efficiency=0.9, throughput_cost_cny_per_mwh=3.0)
    series = profiles(HOURS, load=("demand", [0.8, 1.0, 1.2, 0.9]))
    return case_of(net, series, unit_commitment="off", network_level="dc+n-1", ac_check="off", name="ring")


def solved(case: Case) -> View:
    result = gridopt.solve(case)
    return View(case, result.dataset, result.summary)


@pytest.fixture(scope="module")
def written() -> View:
    return solved(ring())


def changed(view: View, table: str, rows: list[int], column: str, value: object) -> Audit:
    """Audit of the result with other values in the net."""
    case = replace(view.case, net=copy.deepcopy(view.case.net))
    frame = case.net[table].copy()
    frame[column] = frame[column].astype(object)
    frame.loc[rows, column] = value
    case.net[table] = frame.infer_objects()
    return audit_view(View(case, view.data.assign_attrs(input_sha256=case.input_sha256), view.summary))


def failed(found: Audit) -> dict[str, Finding]:
    return {finding.check.name: finding for finding in found.violations}


def test_a_secure_dispatch_passes_and_names_its_outages(written: View) -> None:
    found = audit_view(written)
    assert found.passed, [finding.line for finding in found.violations]
    assert {"limit after outage", "loading after outage"} <= {finding.check.name for finding in found.findings}
    data = written.data
    assert "line 0-2 #2, one of 2" in data["outage"].values
    assert {"tower", "first", "second"} <= set(data["outage"].values)
    # the radial line is left out, and said to be
    assert data["branch_worst_outage"].attrs["left_out"] == "line 1-3 #4"
    assert any("left out, as they cut buses off: line 1-3 #4 (bus 3)" in remark for remark in remarks(written.case))
    # where a limit costs something, the branch is at it after some outage
    price, loading = data["branch_outage_price_cny_per_mwh"].values, data["branch_outage_loading_pu"].values
    assert (price > 1.0).any()
    np.testing.assert_allclose(loading[price > 1e-6], 1.0, atol=1e-6)
    assert np.nanmax(loading) < 1 + 1e-5
    np.testing.assert_allclose(
        data["bus_price_security_cny_per_mwh"], data["bus_price_congestion_cny_per_mwh"], atol=1e-6
    )


def test_an_outage_that_it_would_not_bear(written: View) -> None:
    found = failed(changed(written, "line", [0, 3], "emergency_loading_percent", 100.0))
    finding = found["limit after outage"]
    assert finding.element in ("line 0-1 #0 without line 0-1 #3", "line 0-1 #3 without line 0-1 #0")
    assert finding.worst == pytest.approx(0.3 * 90.0, abs=1e-3)
    assert finding.hour


def test_an_outage_that_was_not_looked_at(written: View) -> None:
    found = failed(changed(written, "line", [0, 3], "outage_group", "double circuit"))
    assert found["limit after outage"].element.endswith(" without double circuit")
    # nothing else asks for outages that are not credible
    assert "limit after outage" not in failed(changed(written, "line", [0, 3], "contingency", False))


def test_a_loading_that_is_not_so(written: View) -> None:
    data = written.data.copy(deep=True)
    data["branch_outage_loading_pu"][1, 2] += 0.01
    finding = failed(audit_view(View(written.case, data, written.summary)))["loading after outage"]
    assert (finding.element, finding.hour) == ("line 1-2 #1", "2030-01-01 03:00")
    missing = audit_view(View(written.case, written.data.drop_vars("branch_outage_loading_pu"), written.summary))
    assert any("branch_outage_loading_pu" in finding.element for finding in missing.violations)


def test_a_dispatch_that_looked_at_no_outage() -> None:
    usual = solved(ring().override({"network_level": "dc"}))
    assert not {"outage", "branch_outage_loading_pu", "bus_price_security_cny_per_mwh"} & set(usual.data.variables)
    settings = usual.settings.model_copy(update={"network_level": "dc+n-1"})
    claimed = replace(usual.case, settings=settings)
    data = usual.data.assign_attrs(input_sha256=claimed.input_sha256)
    assert "limit after outage" in failed(audit_view(View(claimed, data, usual.summary)))


def test_interface_limits_of_the_hour_are_checked() -> None:
    # an interface whose limit is lowered in one hour alone
    net = grid(2, [(0, 1, 10.0, 500.0)])
    generator(net, 0, 300.0, 100.0)
    generator(net, 1, 300.0, 400.0)
    load(net, 1, 150.0, name="town")
    net["interface"] = pd.DataFrame([{"name": "cut", "max_mw": 100.0, "max_profile": "season"}])
    net["interface_branch"] = pd.DataFrame([{"interface": "cut", "element": "line", "index": 0, "sign": 1}])
    case = case_of(net, profiles(3, season=("limit", [1.0, 0.5, 1.2])), unit_commitment="off", ac_check="off")
    result = gridopt.solve(case)
    np.testing.assert_allclose(result.dataset["interface_flow_mw"].values, [[100.0, 50.0, 120.0]], atol=1e-6)
    tighter = replace(case, profiles=case.profiles.assign(season=case.profiles["season"].copy(data=[1.0, 0.4, 1.2])))
    data = result.dataset.assign_attrs(input_sha256=tighter.input_sha256)
    finding = failed(audit_view(View(tighter, data, result.summary)))["interface limit"]
    assert (finding.element, finding.hour) == ("cut", "2030-01-01 02:00")
    assert finding.worst == pytest.approx(10.0)


def test_a_grid_without_any_credible_outage_says_so() -> None:
    net = grid(2, [(0, 1, 10.0, 100.0)])
    generator(net, 0, 300.0, 100.0)
    generator(net, 1, 300.0, 400.0)
    load(net, 1, 150.0, name="town")
    case = case_of(net, 1, unit_commitment="off", network_level="dc+n-1", ac_check="off")
    result = gridopt.solve(case)
    assert result.dataset["generator_p_mw"].values[1:, 0].tolist() == pytest.approx([100.0, 50.0])
    assert result.dataset.sizes["outage"] == 0
    assert remarks(case) == [
        "N-1: no outage is credible, so that this is a run of network_level dc",
        "N-1: 0 outages are looked at; left out, as they cut buses off: line 0-1 #0 (bus 1)",
    ]
    assert audit_view(View(case, result.dataset, result.summary)).passed
