"""Every check finds the violation that was planted for it, and names element and hour."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gridopt.results.audit import CHECKS, Audit, Finding, View, audit_view, bound
from tests.results.audit.cases import CASES, spoiled, written

Change = Callable[[View], None]
HOUR = 6
AT = "2030-01-01 07:00"
CAP = "curtailed wind and solar"


def plus(variable: str, element: str, by: float, hour: int = HOUR, *, product: str = "") -> Change:
    """Add something to one value of the result."""

    def change(view: View) -> None:
        array = view.data[variable]
        dimension = next(name for name in array.dims if name != "time" and not (product and name == "reserve"))
        place = {dimension: list(array[dimension].values).index(element), "time": hour}
        if product:
            place["reserve"] = list(array["reserve"].values).index(product)
        if "time" not in array.dims:
            del place["time"]
        array[place] = array[place] + by

    return change


def both(*changes: Change) -> Change:
    """Several changes at once."""

    def change(view: View) -> None:
        for each in changes:
            each(view)

    return change


def across(zone: str, mw: float) -> Change:
    """Import and export more at once: the net exchange stays."""
    return both(plus("pilot_import_mw", zone, mw), plus("pilot_export_mw", zone, mw))


def net(table: str, row: int, column: str, value: object) -> Change:
    """Another value in the net: what was allowed is so no more."""

    def change(view: View) -> None:
        frame = view.case.net[table].copy()
        frame[column] = frame[column].astype(object)
        frame.at[row, column] = value
        view.case.net[table] = frame.infer_objects()

    return change


def summary(key: str, by: float) -> Change:
    def change(view: View) -> None:
        view.summary[key] += by

    return change


PLANTED: list[tuple[str, str, Change, str, str]] = [
    # check, case, what is changed, element, hour
    ("demand", "network", plus("demand_mw", "bus 1", 1.0), "bus 1", AT),
    ("fixed injection", "network", plus("fixed_injection_mw", "bus 1", 0.1), "bus 1", AT),
    ("unserved demand", "network", plus("unserved_mw", "bus 1", -0.1), "bus 1", AT),
    ("excess power", "network", plus("excess_mw", "bus 0", -0.1), "bus 0", AT),
    ("bus injection", "network", plus("bus_injection_mw", "bus 2", 0.01), "bus 2", AT),
    ("island balance", "network", plus("generator_p_mw", "north", 0.01), "island of bus 0", AT),
    ("nodal balance", "network", plus("branch_flow_mw", "line 0-1 #0", 0.0005), "bus 0", AT),
    ("branch flow", "network", plus("branch_flow_mw", "line 0-1 #0", 0.1), "line 0-1 #0", AT),
    ("branch limit", "network", net("line", 0, "max_loading_percent", 20.0), "line 0-1 #0", ""),
    ("interface flow", "network", plus("interface_flow_mw", "out of 0", 0.1), "out of 0", AT),
    ("interface limit", "network", net("interface", 0, "max_mw", 40.0), "out of 0", ""),
    ("reverse flow", "network", net("bus", 0, "reverse_flow_max_mw", 40.0), "bus 0", ""),
    ("loss share", "losses", plus("bus_loss_share", "bus 1", 0.001), "bus 1", ""),
    ("loss factors", "losses", plus("bus_loss_factor", "bus 1", 0.001), "island of bus 0", ""),
    ("losses", "losses", plus("losses_at_rest_mw", "bus 0", 0.01), "island of bus 0", AT),
    ("generator limits", "network", net("gen", 0, "max_p_mw", 20.0), "north", ""),
    ("available wind and solar", "network", plus("renewable_available_mw", "hill", 1.0), "hill", AT),
    ("wind and solar output", "network", plus("renewable_p_mw", "hill", 500.0), "hill", AT),
    ("shared curtailment", "network", plus("renewable_p_mw", "ridge", -1.0), "crest", AT),
    ("uncommitted clusters", "network", plus("generator_p_mw", "block", 200.0), "block", AT),
    ("units available", "network", plus("generator_available_units", "block", -1.0), "block", AT),
    ("hydro reserve", "thermal", plus("hydro_reserve_mw", "dam 2", 500.0, product="up"), "dam 2", AT),
    ("curtailment", "network", plus("renewable_curtailment_mw", "hill", 1.0), "hill", AT),
    ("storage power", "network", net("storage", 0, "max_p_mw", 2.0), "battery", ""),
    ("storage level equation", "network", plus("storage_energy_mwh", "battery", 0.5), "battery", AT),
    ("storage level", "network", plus("storage_energy_mwh", "battery", 500.0), "battery", AT),
    ("storage end", "network", plus("storage_energy_mwh", "battery", -1.0, 11), "battery", "2030-01-01 12:00"),
    ("storage cycles", "network", net("storage", 0, "max_cycles_per_day", 0.01), "battery", "2030-01-01"),
    ("storage modes", "network", both(plus("storage_charge_mw", "battery", 1.0),
                                      plus("storage_discharge_mw", "battery", 1.0)), "battery", AT),
    ("shared connection", "network", net("storage", 1, "connection_mw", 30.0), "hill", ""),
    ("charging from own plant", "network", plus("storage_charge_mw", "at hill", 200.0), "hill", AT),
    ("tie contract", "network", plus("tie_contract_mw", "export", 1.0), "export", AT),
    ("tie limits", "network", plus("tie_export_mw", "export", 30.0), "export", AT),
    ("tie ramp", "network", net("tie", 0, "ramp_mw_per_h", 0.1), "export", ""),
    ("tie loss", "network", plus("tie_loss_mw", "export", 0.1), "export", AT),
    ("tie energy", "network", plus("tie_deviation_mwh", "channel", 1.0), "channel", AT),
    ("tie deviation", "network", plus("tie_deviation_mwh", "export", 1.0, 11), "export", "2030-01-01 12:00"),
    ("channel attribution", "network", plus("tie_renewable_mw", "channel", 30.0), "channel", AT),
    ("channel base", "network", plus("tie_renewable_mw", "channel", 500.0), "base province", AT),
    ("CO2", "thermal", plus("emission_co2_t", "province", 1.0), "province", AT),
    ("budget use", "network", plus("budget_used", CAP, 1.0), f"renewable: {CAP}", ""),
    ("budget limit", "network", plus("budget_limit", CAP, 1.0), f"renewable: {CAP}", ""),
    ("budget breach", "network", plus("budget_breach", CAP, 1.0), f"renewable: {CAP}", ""),
    ("hourly costs", "network", plus("operating_cost_cny", "generator", 10.0), "generator, operating", AT),
    ("component costs", "network", plus("penalty_cny", "renewable", 10.0), "renewable, penalty", ""),
    ("objective", "network", summary("objective_cny", 10.0), "objective_cny", ""),
    ("units balance", "thermal", plus("generator_start_units", "gas", 0.5), "gas", AT),
    ("units running", "thermal", net("gen", 0, "must_run_units", 3.0), "coal", ""),
    ("units available", "thermal", plus("generator_available_units", "gas", -1.0), "gas", AT),
    ("forced stops", "thermal", plus("generator_forced_stop_units", "gas", 0.5), "gas", AT),
    ("minimum time on", "thermal", plus("generator_start_units", "coal", 3.0), "coal", ""),
    ("minimum time off", "thermal", plus("generator_stop_units", "coal", 3.0), "coal", ""),
    ("cluster capacity", "thermal", plus("generator_p_mw", "coal", 300.0), "coal", AT),
    ("cluster minimum", "thermal", plus("generator_p_mw", "coal", -300.0), "coal", AT),
    ("cluster ramp", "thermal", net("gen", 0, "ramp_up_mw_per_h", 30.0), "coal", ""),
    ("regulation bands", "thermal", plus("generator_regulation_mw", "gas", 1.0), "gas", AT),
    ("boiler load", "thermal", plus("generator_boiler_mw", "coal", 1.0), "coal", AT),
    ("warm starts", "thermal", plus("generator_start_discount_cny", "coal", 100.0), "coal", ""),
    ("cluster reserve", "thermal", plus("generator_reserve_mw", "coal", 500.0, product="up"), "coal", AT),
    ("reserve requirement", "thermal", plus("reserve_requirement_mw", "up", 1.0), "up", AT),
    ("reserve shortfall", "thermal", plus("reserve_shortfall_mw", "up", -1.0), "up", AT),
    ("reserve held", "thermal", plus("reserve_held_mw", "emergency", 100.0), "emergency", AT),
    ("storage reserve", "thermal", plus("storage_reserve_mw", "pumps", 500.0, product="emergency"), "pumps", AT),
    ("response capability", "thermal", plus("response_capability_mw", "stop", 1.0), "stop", AT),
    ("response power", "thermal", plus("response_mw", "stop", 1.0), "stop", AT),
    ("response of demand", "thermal", plus("response_down_mw", "stop", 900.0), "bus 0", AT),
    ("response budget", "thermal", plus("response_down_mw", "stop", 90.0), "full hours of stop", ""),
    ("response event", "thermal", plus("response_down_mw", "stop", 60.0), "stop", AT),
    ("response day", "thermal", plus("response_down_mw", "stop", 90.0), "stop", "2030-01-01"),
    ("response payback", "thermal", plus("response_up_mw", "shift", 2.0), "shift", AT),
    ("whole units", "integer", plus("generator_on_units", "coal", 0.3), "coal", AT),
    ("storage units", "integer", plus("storage_pump_units", "pumps", 0.5), "pumps", AT),
    ("response called", "integer", plus("response_called", "stop", 0.4), "stop", AT),
    ("heat demand", "heat", plus("heat_demand_mw", "centre", 1.0), "centre", AT),
    ("heat balance", "heat", plus("heat_excess_mw", "centre", 1.0), "centre", AT),
    ("heat shortfall", "heat", plus("heat_shortfall_mw", "centre", -1.0), "centre", AT),
    ("heat source", "heat", plus("heat_source_electric_mw", "pump", 1.0), "pump", AT),
    ("heat store", "heat", plus("heat_store_mwh", "centre", 1.0), "centre", AT),
    ("electric heat", "heat", plus("heat_source_mw", "pump", 500.0), "centre", AT),
    ("power and heat", "heat", plus("generator_heat_mw", "back", 1.0), "back", AT),
    ("flexible load power", "consumer", plus("flexible_load_p_mw", "fleet", 100.0), "fleet", AT),
    ("flexible load store", "consumer", plus("flexible_load_energy_mwh", "fleet", 1.0), "fleet", AT),
    ("flexible load use", "consumer", plus("flexible_load_shortfall_mw", "fleet", 1.0), "fleet", AT),
    ("flexible load part load", "consumer", plus("flexible_load_on", "electrolyser", -1.0), "electrolyser", ""),
    ("flexible load ramp", "consumer", net("flexible_load", 1, "ramp_mw_per_h", 0.01), "electrolyser", ""),
    ("prosumer meter", "consumer", plus("prosumer_p_mw", "park", 0.5), "park", AT),
    ("prosumer exchange", "consumer", net("prosumer", 0, "import_max_mw", 1.0), "park", ""),
    ("prosumer plants", "consumer", plus("prosumer_generation_mw", "park", 20.0), "park", AT),
    ("prosumer moved load", "consumer", plus("prosumer_shift_mw", "park", 0.5), "park", AT),
    ("prosumer store", "consumer", plus("prosumer_energy_mwh", "park", 0.5), "park", AT),
    ("pilot meter", "consumer", plus("pilot_import_mw", "zone", 0.5), "zone", AT),
    ("pilot caps", "consumer", net("pilot_zone", 0, "export_max_mw", 0.5), "zone", ""),
    ("pilot one way", "consumer", across("zone", 1.0), "zone", ""),
    ("pilot members", "consumer", plus("pilot_generation_mw", "zone", 0.5), "zone", AT),
    ("pilot resale", "consumer", across("zone", 90.0), "zone", ""),
    ("natural inflow", "consumer", plus("hydro_inflow_mw", "upper", 0.5), "upper", AT),
    ("hydro output", "consumer", plus("hydro_p_mw", "upper", 50.0), "upper", AT),
    ("water balance", "consumer", plus("hydro_energy_mwh", "lower", 0.5), "lower", AT),
    ("reservoir volume", "consumer", plus("hydro_volume_mm3", "lower", 0.01), "lower", AT),
    ("reservoir level", "consumer", plus("hydro_energy_mwh", "lower", 500.0), "lower", AT),
    ("least release", "consumer", net("reservoir", 0, "min_release_m3_per_s", 50.0), "upper", ""),
    ("hydro ramp", "consumer", net("reservoir", 1, "ramp_mw_per_h", 0.01), "lower", ""),
    ("seasonal band", "consumer", plus("hydro_energy_mwh", "upper", 150.0), "upper", AT),
]  # fmt: skip
# Where the spoilt value stands in one equation only, that check alone fails; all others have consequences
# (power that changes also changes the balance and the cost).
ALONE = {
    "bus injection",
    "nodal balance",
    "branch limit",
    "interface flow",
    "interface limit",
    "reverse flow",
    "generator limits",
    "available wind and solar",
    "hydro reserve",
    "curtailment",
    "storage power",
    "storage level equation",
    "storage cycles",
    "shared connection",
    "tie contract",
    "tie ramp",
    "tie loss",
    "tie energy",
    "CO2",
    "budget use",
    "budget limit",
    "budget breach",
    "objective",
    "units running",
    "units available",
    "cluster ramp",
    "reserve requirement",
    "reserve held",
    "storage reserve",
    "response capability",
    "storage units",
    "heat demand",
    "heat balance",
    "heat store",
    "flexible load store",
    "flexible load part load",
    "flexible load ramp",
    "prosumer exchange",
    "prosumer store",
    "pilot meter",
    "pilot caps",
    "pilot members",
    "natural inflow",
    "reservoir volume",
    "least release",
    "hydro ramp",
}
# Checks that a test of their own plants, below or in other files.
ELSEWHERE = {
    *(check.name for check in bound.CHECKS),  # in test_bound
    *("inputs", "time", "complete", "valves", "reservoir end", "heat store end", "response rest"),
    *("limit after outage", "loading after outage", "power of a pole"),
    *("section after pole", "flow after pole"),  # in test_security
}


def test_the_cases_are_good_before_anything_is_planted() -> None:
    for name in CASES:
        found = spoiled(name, lambda view: None)
        assert found.passed, [finding.line for finding in found.violations]


@pytest.mark.parametrize(("check", "case", "change", "element", "hour"), PLANTED, ids=[row[0] for row in PLANTED])
def test_a_planted_violation_is_found(check: str, case: str, change: Change, element: str, hour: str) -> None:
    found = spoiled(case, change)
    seen = {finding.check.name: finding for finding in found.violations}
    assert check in seen, f"only found: {sorted(seen)}"
    assert set(seen) == {check} or check not in ALONE, f"also found: {sorted(seen)}"
    finding = seen[check]
    assert finding.element == element
    assert finding.hour == hour or not hour
    assert finding.worst > finding.tolerance
    assert finding.values > 0
    # where the place depends on the schedule there is one all the same
    assert finding.hour or not any(f.check.name == check and f.hour for f in found.findings)


def failed(found: Audit) -> dict[str, Finding]:
    return {finding.check.name: finding for finding in found.violations}


def test_valves_that_are_shut() -> None:
    found = failed(
        spoiled("network", plus("unserved_mw", "bus 1", 1.0), prices={"value_of_lost_load_cny_per_mwh": None})
    )
    assert (found["valves"].element, found["valves"].hour) == ("bus 1", AT)


@pytest.mark.parametrize(
    ("check", "case", "variable", "element"),
    [
        ("reservoir end", "consumer", "hydro_energy_mwh", "lower"),
        ("heat store end", "heat", "heat_store_mwh", "centre"),
    ],
)
def test_levels_that_do_not_come_back(check: str, case: str, variable: str, element: str) -> None:
    level = (
        written(case).data[variable].sel({variable.rsplit("_", 2)[0] if "hydro" in variable else "heat_zone": element})
    )
    empty = plus(variable, element, -float(level[-1]), 11)
    found = failed(spoiled(case, empty, horizon={"end_storage": "cyclic"}))
    assert (found[check].element, found[check].hour) == (element, "2030-01-01 12:00")


def test_events_that_are_too_close() -> None:
    def call(view: View) -> None:
        row = list(view.data["program"].values).index("stop")
        values = np.zeros(12)
        values[[2, 4]] = 1.0
        view.data["response_called"][row] = values
        view.data["response_down_mw"][row] = 0.0

    found = failed(spoiled("integer", call))
    assert (found["response rest"].element, found["response rest"].hour) == ("stop", "2030-01-01 05:00")
    assert found["response rest"].worst == 1.0  # an hour between them where two are due


def test_a_result_of_another_case() -> None:
    view = written("network")
    other = View(view.case, view.data.assign_attrs(input_sha256="0"), view.summary)
    assert list(failed(audit_view(other))) == ["inputs"]


def test_hours_that_are_not_there() -> None:
    view = written("network")
    found = failed(audit_view(View(view.case, view.data.isel(time=slice(0, 11)), view.summary)))
    assert list(found) == ["time"]
    moved = view.data.assign_coords(time=view.data["time"].copy(data=np.roll(view.data["time"].values, 1)))
    assert failed(audit_view(View(view.case, moved, view.summary)))["time"].hour == "2030-01-01 01:00"


REQUIRED = {
    "network": ("demand_mw", "renewable_p_mw", "storage_energy_mwh", "tie_export_mw", "branch_flow_mw", "budget_used"),
    "thermal": ("generator_on_units", "generator_reserve_mw", "hydro_p_mw", "response_down_mw", "reserve_held_mw"),
    "heat": ("heat_demand_mw", "heat_source_mw", "generator_heat_mw"),
    "consumer": ("flexible_load_p_mw", "prosumer_p_mw", "pilot_import_mw", "hydro_volume_mm3"),
    "losses": ("losses_mw", "losses_at_rest_mw", "bus_loss_factor", "bus_loss_share"),
}


@pytest.mark.parametrize(("case", "variable"), [(case, name) for case, names in REQUIRED.items() for name in names])
def test_what_is_missing_is_a_violation(case: str, variable: str) -> None:
    view = written(case)
    found = audit_view(View(view.case, view.data.drop_vars(variable), view.summary))
    missing = [f for f in found.violations if f.check.name.startswith("complete")]
    assert missing
    assert all(variable in finding.element for finding in missing)
    spoilt = view.data.copy(deep=True)
    spoilt[variable][..., -1] = np.nan
    assert not audit_view(View(view.case, spoilt, view.summary)).passed


def test_an_element_that_is_missing_is_a_violation() -> None:
    view = written("network")
    lonely = View(view.case, view.data.isel(storage=[0]), view.summary)
    assert any("at hill" in finding.element for finding in audit_view(lonely).violations)


def test_every_check_has_a_planted_violation() -> None:
    assert {check.name for check in CHECKS} == {row[0] for row in PLANTED} | ELSEWHERE


def test_written_keeps_the_result_as_it_is() -> None:
    before = written("network").data.copy(deep=True)
    spoiled("network", plus("demand_mw", "bus 1", 1.0))
    assert before.identical(written("network").data)
