"""The key figures: all of the contract, of the right type, and consistent with each other."""

from __future__ import annotations

import numpy as np
import pytest

import gridopt
from gridopt.results.result import Result
from gridopt.results.summary import build_summary
from tests.model.systems import case_of, generator, grid, load, profiles, wind
from tests.results import solved

# Every key of the contract, in its words.
CONTRACT = """
status, hours, windows, wall_s, peak_rss_mb, input_sha256, objective_cny, operating_cost_cny, penalty_cny,
lower_bound_cny, gap, gap_cny, demand_mwh, peak_load_mw, peak_load_after_dr_mw, unserved_mwh, eens_mwh, lole_h,
losses_mwh, curtailment_rate, curtailment_mwh, curtailment_wind_mwh, curtailment_solar_mwh, utilisation_wind,
utilisation_solar, curtailment_network_mwh, curtailment_min_output_mwh, curtailment_export_limit_mwh,
curtailment_storage_mwh, curtailment_other_mwh, thermal_mwh, biomass_mwh, hydro_mwh, wind_mwh, solar_mwh,
phs_charge_mwh, phs_discharge_mwh, battery_charge_mwh, battery_discharge_mwh, storage_charge_mwh,
storage_discharge_mwh, spill_mwh, hydrogen_t, export_mwh, import_mwh, net_export_mwh, dr_mwh, dr_hours, dr_calls,
dr_peak_mw, dr_capability_mw, reserve_shortfall_mwh, co2_t, coal_tce, nonfossil_share_generation,
nonfossil_share_capacity, nonhydro_renewable_share_consumption, ac_hours_converged, ac_hours_in_voltage_band,
ac_voltage_min_pu, ac_voltage_max_pu, ac_loading_max_pct, ac_losses_mwh
"""
KEYS = {key.strip() for key in CONTRACT.split(",")}
ADDED = {"excess_mwh", "other_mwh"}
WORDS = {"status", "input_sha256"}
COUNTS = {"windows", "dr_calls"}
# What this version does not compute; everything else is a number where the case has all parts.
LATER = {"eens_mwh", "lole_h", "losses_mwh"}
SWITCHED_OFF = {
    *("storage_charge_mwh", "storage_discharge_mwh", "phs_charge_mwh", "phs_discharge_mwh"),
    *("battery_charge_mwh", "battery_discharge_mwh", "export_mwh", "import_mwh", "net_export_mwh"),
    *("dr_mwh", "dr_hours", "dr_calls", "dr_peak_mw", "dr_capability_mw", "spill_mwh"),
    *("curtailment_rate", "utilisation_wind", "utilisation_solar", "hydrogen_t", "reserve_shortfall_mwh"),
    *(f"curtailment_{cause}_mwh" for cause in ("network", "min_output", "export_limit", "storage", "other")),
    *(key for key in KEYS if key.startswith("ac_")),
}


@pytest.fixture(scope="module", params=["tiny", "mixed", "case9"])
def result(request: pytest.FixtureRequest) -> Result:
    return getattr(solved, request.param)()


def test_all_keys_of_the_contract_are_there(result: Result) -> None:
    assert set(result.summary) == KEYS | ADDED


def test_types(result: Result) -> None:
    for key, value in result.summary.items():
        wanted = str if key in WORDS else int if key in COUNTS else float
        assert value is None or type(value) is wanted, key
        assert value is None or wanted is not float or np.isfinite(value), key


def test_only_what_is_not_there_is_null() -> None:
    nothing = {key for key, value in solved.tiny().summary.items() if value is None}
    assert nothing == LATER


def test_parts_that_a_case_lacks_are_null() -> None:
    summary = solved.case9().summary
    assert {key for key, value in summary.items() if value is None} - LATER >= SWITCHED_OFF
    assert summary["wind_mwh"] == summary["solar_mwh"] == summary["curtailment_wind_mwh"] == 0.0
    assert summary["demand_mwh"] == pytest.approx(315.0)
    assert summary["other_mwh"] == pytest.approx(315.0)


def test_the_gap_is_the_way_from_the_bound_to_the_objective() -> None:
    s = solved.tiny().summary
    assert 0.0 < s["lower_bound_cny"] <= s["objective_cny"] * (1 + 1e-9)
    assert s["gap_cny"] == pytest.approx(s["objective_cny"] - s["lower_bound_cny"], abs=1e-6 * s["objective_cny"])
    assert s["gap"] == pytest.approx(s["gap_cny"] / s["objective_cny"])
    without = solved.mixed().summary
    assert [without[key] for key in ("lower_bound_cny", "gap", "gap_cny")] == [None] * 3


def test_energy_balances(result: Result) -> None:
    s = {key: 0.0 if value is None else value for key, value in result.summary.items()}
    sources = sum(s[f"{kind}_mwh"] for kind in ("thermal", "biomass", "hydro", "wind", "solar", "other"))
    supply = sources + s["import_mwh"] + s["storage_discharge_mwh"] + energy(result, "unserved_mw")
    taken = s["demand_mwh"] + s["storage_charge_mwh"] + s["export_mwh"] + s["excess_mwh"]
    # what the key figures don't tell: load that comes back or is raised, and stores behind a meter
    supply += energy(result, "response_mw") + energy(result, "prosumer_discharge_mw")
    taken += energy(result, "prosumer_charge_mw") + energy(result, "prosumer_excess_mw")
    assert supply == pytest.approx(taken, abs=1e-3)


def energy(result: Result, name: str) -> float:
    """Energy of all elements over the horizon [MWh]; zero where the case has none."""
    data = result.dataset
    return float(data[name].sum()) * result.case.settings.step_h if name in data else 0.0


def test_fixed_injections_and_weather_without_a_technology_are_other_energy() -> None:
    net = grid(1)
    generator(net, 0, 100.0, 300.0, technology="coal")
    wind(net, 0, 10.0, "sun", technology="", name="unknown")
    wind(net, 0, 8.0, "sun", technology="biomass", name="chips")
    load(net, 0, 60.0)
    load(net, 0, -5.0, name="given")
    summary = gridopt.solve(case_of(net, profiles(2, sun=("availability", [0.5, 1.0])))).summary
    assert (summary["other_mwh"], summary["biomass_mwh"]) == pytest.approx((15.0, 12.0))
    assert summary["thermal_mwh"] == pytest.approx(110.0 - 27.0)


def test_curtailment_adds_up() -> None:
    s, data = solved.tiny().summary, solved.tiny().dataset
    assert s["curtailment_mwh"] > 100.0
    assert s["curtailment_wind_mwh"] + s["curtailment_solar_mwh"] == pytest.approx(s["curtailment_mwh"], abs=1e-3)
    offered = float(data["renewable_available_mw"].sum())
    assert s["curtailment_rate"] == pytest.approx(s["curtailment_mwh"] / offered)
    wind_offered = s["wind_mwh"] + s["curtailment_wind_mwh"]
    assert s["utilisation_wind"] == pytest.approx(s["wind_mwh"] / wind_offered)
    behind_the_meter = energy(solved.tiny(), "prosumer_pv_mw")
    assert behind_the_meter > 100.0
    used = s["wind_mwh"] + s["solar_mwh"] - behind_the_meter
    assert used + s["curtailment_mwh"] == pytest.approx(offered, abs=1e-3)


def test_shares_are_shares(result: Result) -> None:
    shares = [key for key in KEYS if "share" in key or key.startswith("utilisation") or key == "curtailment_rate"]
    assert len(shares) == 6
    values = [result.summary[key] for key in shares if result.summary[key] is not None]
    assert all(0.0 <= value <= 1.0 for value in values)


def test_shares_of_tiny_recomputed() -> None:
    s = solved.tiny().summary
    clean = s["biomass_mwh"] + s["hydro_mwh"] + s["wind_mwh"] + s["solar_mwh"]
    assert s["nonfossil_share_generation"] == pytest.approx(clean / (clean + s["thermal_mwh"]))
    renewable = s["biomass_mwh"] + s["wind_mwh"] + s["solar_mwh"]
    assert s["nonhydro_renewable_share_consumption"] == pytest.approx(renewable / s["demand_mwh"])
    net = solved.tiny().case.net
    fossil = net.gen.loc[net.gen["technology"].isin(["coal", "coal_chp", "gas"]), "max_p_mw"].sum()
    assert s["nonfossil_share_capacity"] == pytest.approx(1 - fossil / (net.gen["max_p_mw"].sum() + 1100.0))


def test_hours_count_time_not_steps() -> None:
    s, data = solved.mixed().summary, solved.mixed().dataset
    assert s["hours"] == 2.0
    assert s["demand_mwh"] == pytest.approx(100.0 * (1.0 + 1.9))
    assert s["dr_hours"] == pytest.approx(0.25 * float((data["response_mw"].sum("program") > 1e-3).sum()))
    assert s["dr_mwh"] == pytest.approx(0.25 * float(data["response_mw"].sum()))
    assert s["windows"] == 1
    assert solved.tiny().summary["hours"] == 48.0
    assert solved.tiny().summary["windows"] == 2


def test_peaks() -> None:
    s, data = solved.tiny().summary, solved.tiny().dataset
    own = data["prosumer_load_mw"] + data["prosumer_shift_mw"] - data["prosumer_shortfall_mw"]
    flexible = data["flexible_load_p_mw"] - data["flexible_load_discharge_mw"]
    demand = data["demand_mw"].sum("bus") + flexible.sum("flexible_load") + own.sum("prosumer")
    assert s["demand_mwh"] == pytest.approx(float(demand.sum()))
    assert s["peak_load_mw"] == pytest.approx(float(demand.max()))
    assert s["peak_load_after_dr_mw"] == pytest.approx(float((demand - data["response_mw"].sum("program")).max()))
    assert 0 < s["dr_peak_mw"] <= s["dr_capability_mw"] + 1e-6


def test_calls_of_demand_response_on_a_made_up_series() -> None:
    tiny = solved.tiny()
    data = tiny.dataset.copy(deep=True)
    series = np.zeros(48)
    series[0] = 10.0  # a call from the first hour on
    series[5:8] = 20.0, 5.0, 15.0  # one call of three hours
    series[20] = 5e-4  # rounding of the solver
    series[47] = 7.0
    data["response_down_mw"][:] = 0.0
    data["response_down_mw"][0, :] = series
    s = build_summary(tiny.case, data, 1.0)
    assert (s["dr_calls"], s["dr_hours"]) == (3, 5.0)
    assert s["dr_peak_mw"] == 20.0
    assert s["dr_mwh"] == pytest.approx(57.0005)


def test_emissions_recomputed_from_the_net(result: Result) -> None:
    net, data, s = result.case.net, result.dataset, result.summary
    for key in ("co2_t", "coal_tce"):
        expected = 0.0
        for name, table, column in (
            ("generator_p_mw", "gen", f"{key}_per_mwh"),
            ("prosumer_generation_mw", "prosumer", f"generation_{key.removeprefix('coal_')}_per_mwh"),
        ):
            if name in data and column in net[table]:
                output = data[name].sum("time").to_series() * result.case.settings.step_h
                rates = net[table].set_index("name")[column].astype(float)
                expected += float((output * rates.reindex(output.index).fillna(0.0)).sum())
        assert s[key] == pytest.approx(expected, rel=1e-9)
    assert s["co2_t"] == pytest.approx(float(data["emission_co2_t"].sum()), rel=1e-9)


def test_tiny_and_mixed_emit() -> None:
    assert solved.tiny().summary["coal_tce"] > 1000.0
    assert solved.mixed().summary["co2_t"] > 10.0


def test_tie_energy_by_direction() -> None:
    s, flow = solved.tiny().summary, solved.tiny().dataset["tie_export_mw"].values
    assert s["export_mwh"] == pytest.approx(flow[flow > 0].sum())
    assert s["import_mwh"] == pytest.approx(-flow[flow < 0].sum())
    assert s["import_mwh"] > 0
    assert s["net_export_mwh"] == pytest.approx(flow.sum())
