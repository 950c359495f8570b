"""Losses of the dispatch are those of its power flows, and stand in prices, numbers and tables."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pandapower as pp
import pandapower.networks
import pytest

import gridopt
from gridopt.case import Case
from gridopt.errors import SolverError
from gridopt.horizon.rolling import solve_horizon
from gridopt.model.demand import DemandData
from gridopt.model.system import System
from gridopt.network.ac_grid import ac_grid
from gridopt.results.ac import power_flows
from gridopt.results.audit import audit
from gridopt.results.dataset import build_dataset
from gridopt.results.losses import disagreement, linearised_anew
from gridopt.results.prices import nodal_prices
from gridopt.results.tables import build_tables
from tests.model.systems import generator, load
from tests.results.lossy import linearised, ring_case, with_resistance
from tests.results.solved import congested


def total(data) -> np.ndarray:
    return data["losses_mw"].sum("island").to_numpy()


def test_losses_are_those_of_the_power_flow() -> None:
    result = gridopt.solve(ring_case(ac_check="on"))
    data, s = result.dataset, result.summary
    np.testing.assert_allclose(total(data), data["ac_losses_mw"], rtol=0.04)
    assert s["losses_mwh"] == pytest.approx(s["ac_losses_mwh"], rel=0.02)
    assert 0.002 < s["losses_mwh"] / s["demand_mwh"] < 0.05
    given = sum(s[key] for key in ("thermal_mwh", "wind_mwh", "other_mwh", "storage_discharge_mwh"))
    assert given == pytest.approx(s["demand_mwh"] + s["losses_mwh"] + s["storage_charge_mwh"], abs=1e-4)


def test_a_plain_net_equals_runpp() -> None:
    """The dispatch of case9 in pandapower's own net: the slack has nothing to add to its schedule."""
    plain = pandapower.networks.case9()
    settings = {"network_level": "dc", "losses": "linear", "ac_check": "on", "loss_passes": 4, "loss_tolerance": 1e-6}
    data = gridopt.solve(Case.from_pandapower(plain, **settings)).dataset
    assert float(data["demand_mw"].sum()) == pytest.approx(float(plain.load["p_mw"].sum())), "its loads are net"
    output = dict(zip(data["generator"].to_numpy(), data["generator_p_mw"].to_numpy()[:, 0], strict=True))
    reference = next(value for name, value in output.items() if str(name).startswith("ext_grid"))
    plain.gen["p_mw"] = [value for name, value in output.items() if str(name).startswith("gen")]
    pp.runpp(plain, numba=False, lightsim2grid=False)
    assert total(data)[0] == pytest.approx(plain.res_line["pl_mw"].sum(), abs=1e-3)
    assert reference == pytest.approx(plain.res_ext_grid["p_mw"].iloc[0], abs=1e-3)


def test_the_first_dispatch_loses_what_was_taken_off_the_demand() -> None:
    guess = gridopt.solve(ring_case(loss_passes=0))
    gross = gridopt.solve(ring_case(losses="none"))
    assert guess.summary["demand_mwh"] == pytest.approx(0.98 * gross.summary["demand_mwh"])
    assert guess.summary["losses_mwh"] == pytest.approx(0.02 * gross.summary["demand_mwh"])
    assert guess.summary["objective_cny"] == pytest.approx(gross.summary["objective_cny"])
    assert gross.summary["losses_mwh"] is None
    assert not any("loss" in str(name) for name in gross.dataset.variables)
    assert not guess.dataset["bus_loss_factor"].any()


def test_demand_stays_gross_on_a_copper_plate() -> None:
    lossless, plate = (
        gridopt.solve(ring_case(losses=word, network_level="copperplate")).dataset for word in ("none", "linear")
    )
    assert set(plate.variables) == set(lossless.variables)
    np.testing.assert_array_equal(plate["demand_mw"], lossless["demand_mw"])


def test_losses_without_the_ac_check() -> None:
    data = gridopt.solve(ring_case(loss_passes=1)).dataset
    assert "ac_losses_mw" not in data
    assert float(np.ptp(data["bus_loss_factor"].to_numpy())) > 0.005


def test_the_next_pass_agrees_better() -> None:
    case = ring_case(24)
    system, differences = System.read(case), []
    for _ in range(3):
        record = solve_horizon(system)
        year = power_flows(system, build_dataset(system, record), ac_grid(case.net))
        differences.append(disagreement(system, record, year))
        system = linearised_anew(system, record, year)
    assert differences[0] > 0.1
    assert differences[1] < 0.1 * differences[0]
    assert differences[2] < 0.01


def test_power_at_the_demand_has_no_loss_factor() -> None:
    system = linearised(ring_case())
    losses = system.losses
    assert float(losses.share @ losses.factor) == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_allclose(losses.share.sum(), 1.0)
    np.testing.assert_allclose(losses.share, [0.0, 0.75, 0.25])
    assert losses.factor[0] > 0.005, "a MW from the cheap plant loses more than it did"


def test_parts_of_the_price_add_up() -> None:
    data = gridopt.solve(ring_case()).dataset
    parts = (data[f"bus_price_{part}_cny_per_mwh"] for part in ("energy", "losses", "congestion"))
    np.testing.assert_allclose(sum(parts), data["bus_price_cny_per_mwh"], atol=1e-9)
    assert float(np.abs(data["bus_price_losses_cny_per_mwh"]).max()) > 1.0
    assert float(np.abs(data["bus_price_congestion_cny_per_mwh"]).max()) > 1.0, "a limit binds"
    for part in ("losses", "congestion"):
        weighted = (data[f"bus_price_{part}_cny_per_mwh"] * data["demand_mw"]).sum("bus")
        np.testing.assert_allclose(weighted, 0.0, atol=1e-6)


@pytest.mark.parametrize("bus", range(3))
@pytest.mark.parametrize("hour", [0, 9])
def test_price_is_the_cost_of_one_more_mw(bus: int, hour: int) -> None:
    system = linearised(ring_case())
    record = solve_horizon(system)
    price = nodal_prices(system, record).total[bus, hour]

    def more(data: object) -> object:
        if not isinstance(data, DemandData):
            return data
        demand = data.demand_mw.copy()
        demand[bus, hour] += 0.1
        return replace(data, demand_mw=demand)

    dearer = replace(system, parts=tuple((kind, more(data)) for kind, data in system.parts))
    change = (solve_horizon(dearer).objective_cny - record.objective_cny) / 0.1
    assert price == pytest.approx(change, rel=1e-5)


def test_flows_see_losses_at_the_demand() -> None:
    data = gridopt.solve(ring_case()).dataset
    net = data["bus_injection_mw"] - data["bus_loss_share"] * data["losses_mw"].sum("island")
    for place, bus in enumerate(data["bus"].to_numpy()):
        leaving = data["branch_flow_mw"].where(data["branch_from_bus"] == bus, 0.0).sum("branch")
        coming = data["branch_flow_mw"].where(data["branch_to_bus"] == bus, 0.0).sum("branch")
        np.testing.assert_allclose(net.isel(bus=place), leaving - coming, atol=1e-6)
    assert float(data["branch_flow_mw"].max()) == pytest.approx(110.0, abs=1e-3), "the limit binds"


@pytest.mark.parametrize("settings", [{}, {"network_level": "dc+n-1"}, {"horizon": {"window_h": 6, "look_ahead_h": 3}}])
def test_the_audit_follows_losses(settings, tmp_path) -> None:
    written = gridopt.solve(ring_case(**settings)).save(tmp_path / "out")
    found = audit(written)
    assert found.passed, [finding.line for finding in found.violations]
    assert {"losses", "loss share", "loss factors"} <= {finding.check.name for finding in found.findings}


def test_every_island_has_its_own_losses(tmp_path) -> None:
    case = ring_case(6, islands=2)
    pp.create_ext_grid(case.net, 3, name="other reference", min_p_mw=0.0, max_p_mw=0.0)
    case.net.line.loc[3:, "r_ohm_per_km"] *= 2.0
    result = gridopt.solve(Case.from_pandapower(case.net, case.profiles, **_settings(case)))
    data = result.dataset
    assert data["island"].to_numpy().tolist() == ["bus 0", "bus 3"]
    assert data["bus_island"].to_numpy().tolist() == ["bus 0"] * 3 + ["bus 3"] * 3
    lost = data["losses_mw"].sum("time").to_numpy()
    assert 1.6 * lost[0] < lost[1] < 2.4 * lost[0]
    np.testing.assert_allclose(data["bus_loss_share"].groupby("bus_island").sum(), 1.0)
    assert audit(result.save(tmp_path / "out")).passed


def test_a_bus_alone_loses_nothing_and_no_slack_means_the_assumed_rate() -> None:
    case = ring_case(6, islands=2)
    for alone in (True, False):
        net = copy.deepcopy(case.net)
        if alone:
            pp.create_bus(net, 220.0, name="alone")
            pp.create_ext_grid(net, 6, name="own reference", min_p_mw=0.0, max_p_mw=0.0)
            generator(net, 6, 10.0, 300.0)
            load(net, 6, 5.0, name="farm")
        data = gridopt.solve(Case.from_pandapower(net, case.profiles, **_settings(case))).dataset
        lost = data["losses_mw"].sum("time").to_series()
        assumed = 0.02 / 0.98 * float(data["demand_mw"].where(data["bus_island"] == "bus 3").sum())
        assert lost["bus 3"] == pytest.approx(assumed), "no slack reaches it"
        if alone:
            assert lost["alone"] == pytest.approx(0.0, abs=1e-9)


def _settings(case: Case) -> dict[str, object]:
    values = case.settings.as_dict()
    keys = ("plain", "unit_commitment", "network_level", "ac_check", "losses", "line_loss_rate", "horizon", "policy")
    return {key: values[key] for key in keys}


def test_hours_without_a_power_flow_lose_what_the_others_do() -> None:
    case = ring_case(6)
    system = System.read(case)
    record = solve_horizon(system)
    year = power_flows(system, build_dataset(system, record), ac_grid(case.net))
    year.v_pu[:, 2] = np.nan
    losses = linearised_anew(system, record, year).losses
    at_base = losses.offset_mw + losses.factor @ record.injection_mw
    known = np.arange(6) != 2
    np.testing.assert_allclose(at_base[0, known], year.losses_mw[known], atol=1e-6)
    through = np.maximum(record.injection_mw, 0.0).sum(axis=0)
    share = year.losses_mw[known].sum() / through[known].sum()
    assert at_base[0, 2] == pytest.approx(share * through[2])
    year.v_pu[:] = np.nan
    with pytest.raises(SolverError, match="no hour of the dispatch has an AC power flow"):
        linearised_anew(system, record, year)


def test_losses_stand_in_the_tables() -> None:
    result = gridopt.solve(ring_case(24, loss_passes=1))
    tables = build_tables(result.case, result.dataset)
    whole = tables["energy_balance"].set_index("month").loc["total"]
    assert whole["losses_mwh"] == pytest.approx(result.summary["losses_mwh"])
    supply = sum(whole[f"{key}_mwh"] for key in ("generation", "battery_discharge", "store_discharge", "unserved"))
    taken = sum(whole[f"{key}_mwh"] for key in ("demand", "battery_charge", "store_charge", "excess", "losses"))
    assert supply == pytest.approx(taken, abs=1e-3)
    assert (tables["power_balance"]["losses_mw"] > 0).all()


def test_progress_counts_all_passes() -> None:
    told: list[tuple[int, int]] = []
    horizon = {"mode": "rolling", "window_h": 6, "look_ahead_h": 3}
    case = ring_case(horizon=horizon, loss_passes=1)
    gridopt.solve(case, progress=lambda done, of: told.append((done, of)))
    assert told == [(6, 24), (12, 24), (18, 24), (24, 24)]


def test_losses_do_not_make_the_network_a_cause() -> None:
    """Limits that bind nowhere are no reason of curtailment, whatever the loss factors do to the prices."""
    case = ring_case()
    net = with_resistance(case.net, 0.3)
    net.line["max_loading_percent"] = np.nan
    net.sgen["max_p_mw"] = 500.0
    data = gridopt.solve(Case.from_pandapower(net, case.profiles, **_settings(case))).dataset
    assert float(data["renewable_curtailment_mw"].sum()) > 100.0
    assert not data["curtailment_cause_mw"].sel(cause="network").any()


@pytest.mark.slow
def test_a_week_of_the_province(tmp_path) -> None:
    changes = {"start": "2030-01-07", "hours": 168, "losses": "linear", "line_loss_rate": 0.012, "horizon.guide": "off"}
    result = gridopt.solve(gridopt.load_case("jilin-2030", changes))
    data, s = result.dataset, result.summary
    assert s["losses_mwh"] == pytest.approx(s["ac_losses_mwh"], rel=0.01)
    missed = np.abs(total(data) - data["ac_losses_mw"].to_numpy()).sum()
    assert missed < 0.04 * s["ac_losses_mwh"]
    assert 0.008 < s["losses_mwh"] / s["demand_mwh"] < 0.012
    assert audit(result.save(tmp_path / "out")).passed


def test_without_losses_nothing_is_new() -> None:
    assert not any("loss" in str(name) for name in congested().dataset.variables)
    assert congested().summary["losses_mwh"] is None
