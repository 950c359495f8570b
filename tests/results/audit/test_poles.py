"""The loss of a pole as the audit sees it: what the dispatch would not bear, and responses that are not there."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pandapower as pp
import pytest

import gridopt
from gridopt.case import Case
from gridopt.check.remarks import remarks
from gridopt.results.audit import Audit, Finding, View, audit_view
from tests.model.systems import add_row, case_of, generator, grid, load, profiles, put, storage, tie

HOURS = 3
LINE = "line 0-1 #0 without channel, one pole of 2"


def linked() -> Case:
    """A cheap west with an HVDC export and a DC line to the east, and one line between them; an island of its own."""
    net = grid(4, [(0, 1, 10.0, 100.0), (2, 3, 10.0, 60.0)])
    for row in (0, 1):
        put(net, "line", row, {"emergency_loading_percent": 110.0})
    for bus, most, price in ((0, 400.0, 200.0), (1, 400.0, 500.0), (2, 120.0, 150.0), (3, 80.0, 450.0)):
        generator(net, bus, most, price)
    load(net, 1, 320.0, "load")
    load(net, 3, 90.0)
    store = storage(net, 0, charge_mw=100.0, energy_mwh=200.0, technology="phs", start_pu=0.0, end="cyclic")
    put(net, "storage", store, {"response_mw": 200.0})
    tie(net, 0, 100.0, name="channel", kind="hvdc", poles=2)
    tie(net, 1, 0.0, name="neighbour", response_mw=600.0)
    add_row(net, "interface", {"name": "cut", "max_mw": 100.0, "max_profile": "season", "pole_limit_percent": 110.0})
    add_row(net, "interface_branch", {"interface": "cut", "element": "line", "index": 0, "sign": 1})
    for start, end, name in ((0, 1, "link"), (2, 0, "from the island")):
        row = pp.create_dcline(net, start, end, p_mw=1.0, loss_percent=5.0, loss_mw=0.5, vm_from_pu=1.0, vm_to_pu=1.0)
        put(net, "dcline", row, {"max_p_mw": 30.0, "name": name, "poles": 2 if name == "link" else 1})
    series = profiles(HOURS, load=("demand", [0.9, 1.0, 1.1]), season=("limit", [1.2, 0.9, 1.2]))
    return case_of(net, series, unit_commitment="off", network_level="dc+n-1", name="linked")


@pytest.fixture(scope="module")
def written() -> View:
    case = linked()
    result = gridopt.solve(case)
    return View(case, result.dataset, result.summary)


def changed(view: View, table: str, column: str, values: list[object]) -> Audit:
    """Audit of the result with another column in the net."""
    case = replace(view.case, net=copy.deepcopy(view.case.net))
    case.net[table][column] = values
    return audit_view(View(case, view.data.assign_attrs(input_sha256=case.input_sha256), view.summary))


def failed(found: Audit) -> dict[str, Finding]:
    return {finding.check.name: finding for finding in found.violations}


def test_a_dispatch_that_bears_the_loss_of_poles_passes(written: View) -> None:
    found = audit_view(written)
    assert found.passed, [finding.line for finding in found.violations]
    assert {"limit after outage", "power of a pole"} <= {finding.check.name for finding in found.findings}
    data = written.data
    names = ["link, one pole of 2", "from the island, one pole of 1", "channel, one pole of 2"]
    assert data["pole"].values.tolist() == names
    assert data["outage"].values[-3:].tolist() == names
    np.testing.assert_allclose(data["pole_lost_mw"][2], -50.0)
    # in the island 80 of 200 MW respond at the far end of a line of 60 MW, 66 in an emergency: 15 MW may be lost
    np.testing.assert_allclose(data["pole_lost_mw"][1], 15.0 / 1.05, rtol=1e-4)
    np.testing.assert_allclose(data["pole_lost_mw"][0], 0.5 * data["generator_p_mw"].sel(generator="link"))
    # 600 of the surplus of 50 MW are taken back in the west, 1,000 of 1,600 in the east
    after_mw = data["branch_flow_mw"][0] + 50.0 * 1000.0 / 1600.0
    # the emergency limit of the line, and in the second hour 110 % of 90 MW, the limit of the section
    np.testing.assert_allclose(after_mw, [110.0, 99.0, 110.0], atol=1e-4)
    np.testing.assert_allclose(data["interface_flow_after_pole_mw"][2, 0], after_mw, atol=1e-4)
    assert data["outage"].values[data["branch_worst_outage"][0].values].tolist() == [names[2]] * HOURS
    # of each MW less export 0.3125 MW more pass to the east
    crossing, line = data["interface_pole_price_cny_per_mwh"][2, 0], data["branch_outage_price_cny_per_mwh"][0]
    assert (crossing > 0).values.tolist() == [False, True, False] and (line > 0).values.tolist() == [True, False, True]
    np.testing.assert_allclose(data["pole_price_cny_per_mwh"][2], 0.3125 * (crossing + line))
    assert (data["pole_price_cny_per_mwh"][2] > 50.0).all()
    assert not any("pole" in remark for remark in remarks(written.case))


def test_a_pole_that_it_would_not_bear(written: View) -> None:
    finding = failed(changed(written, "tie", "poles", [1, 0]))["limit after outage"]
    assert finding.element == LINE.replace("one pole of 2", "one pole of 1")
    # all of 100 MW instead of a half
    assert finding.worst == pytest.approx(50.0 * 1000.0 / 1600.0, abs=1e-3)
    assert "limit after outage" not in failed(changed(written, "tie", "pole_overload_pu", [1.2, 1.0]))


def test_a_section_that_would_be_too_full(written: View) -> None:
    found = failed(changed(written, "interface", "pole_limit_percent", [100.0]))
    finding = found["section after pole"]
    assert (finding.element, finding.hour) == ("cut without channel, one pole of 2", "2030-01-01 02:00")
    assert finding.worst == pytest.approx(9.0, abs=1e-3)
    assert "interface limit" not in found
    data = written.data.copy(deep=True)
    data["interface_flow_after_pole_mw"][0, 0, 2] += 1.0
    finding = failed(audit_view(View(written.case, data, written.summary)))["flow after pole"]
    assert (finding.element, finding.hour) == ("cut without link, one pole of 2", "2030-01-01 03:00")


def test_a_response_that_is_not_there(written: View) -> None:
    # without the pumped storage in the west more goes over the line
    finding = failed(changed(written, "storage", "response_mw", [0.0]))["limit after outage"]
    assert finding.element == LINE
    assert finding.worst == pytest.approx(50.0 * (1000.0 / 1400.0 - 1000.0 / 1600.0), abs=1e-3)


def test_a_pole_that_was_not_looked_at() -> None:
    case = linked()
    case = replace(case, net=copy.deepcopy(case.net))
    for table in ("tie", "dcline"):
        case.net[table]["poles"] = 0
    result = gridopt.solve(case)
    assert not {"pole", "pole_lost_mw", "pole_price_cny_per_mwh"} & set(result.dataset.variables)
    names = "link, from the island, channel"
    assert f"N-1: the loss of a pole is not looked at, as its column poles is 0: {names}" in remarks(case)
    found = failed(changed(View(case, result.dataset, result.summary), "tie", "poles", [2, 0]))
    # the line is full before the loss, and nothing says what is lost
    assert found["limit after outage"].element == LINE
    assert found["limit after outage"].worst == pytest.approx(100.0 + 50.0 * 1000.0 / 1600.0 - 110.0, abs=1e-3)
    assert any("pole_lost_mw" in finding.element for finding in found.values())


def test_a_power_that_is_not_so(written: View) -> None:
    data = written.data.copy(deep=True)
    data["pole_lost_mw"][2, 1] += 1.0
    finding = failed(audit_view(View(written.case, data, written.summary)))["power of a pole"]
    assert (finding.element, finding.hour) == ("channel, one pole of 2", "2030-01-01 02:00")
    assert finding.worst == pytest.approx(1.0)
