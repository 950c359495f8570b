"""AC power flow of sketched hours: convergence, voltages, loadings, and the merit order that fills them."""

from dataclasses import replace

import numpy as np
import pytest

from gridopt.network.ac_grid import ac_grid
from gridopt.network.acflow import ReferenceNet, ac_power_flow, snapshot_hours
from gridopt.network.build import build
from gridopt.network.matrices import branch_flow_mw, bus_injection_matrix, dc_network
from gridopt.network.snapshots import BASE, PEAK, base_snapshots, merit_order, region_export_mw

YEARS = (2022, 2030)
HOURS = ("base", "peak", "valley")


@pytest.fixture(scope="module")
def nets():
    return {year: build("jilin", year) for year in YEARS}


@pytest.fixture(scope="module")
def hours(nets):
    return {year: base_snapshots(net) for year, net in nets.items()}


@pytest.fixture(scope="module")
def flows(nets, hours):
    return {(year, hour): ac_power_flow(nets[year], hours[year][hour]) for year in YEARS for hour in HOURS}


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("hour", HOURS)
def test_voltages_stay_in_their_band(nets, flows, year, hour):
    flow = flows[year, hour]
    assert flow.converged
    high = nets[year].bus["vn_kv"] == 500
    assert flow.vm_pu[high].between(0.95, 1.05).all()
    assert flow.vm_pu[~high].between(0.93, 1.07).all()


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("hour", HOURS)
def test_no_branch_is_overloaded(flows, year, hour):
    assert flows[year, hour].line_loading_percent.max() < 100
    assert flows[year, hour].trafo_loading_percent.max() < 100


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("hour", HOURS)
def test_the_demand_takes_the_losses(flows, hours, year, hour):
    flow = flows[year, hour]
    assert abs(hours[year][hour].balance_mw()) < 1.0
    assert flow.slack_mw == pytest.approx(0.0, abs=2e-3)
    assert 0.002 < flow.loss_mw / hours[year][hour].load_mw.sum() < 0.04


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("hour", HOURS)
def test_merit_order_keeps_limits(nets, hours, year, hour):
    net, snapshot = nets[year], hours[year][hour]
    assert (snapshot.gen_mw <= net.gen["max_p_mw"] + 1e-6).all()
    assert (snapshot.sgen_mw <= net.sgen["max_p_mw"] + 1e-6).all()
    assert (snapshot.sgen_mw >= 0).all()
    assert (snapshot.storage_mw.abs() <= net.storage["max_p_mw"] + 1e-6).all()
    limit = net["interface"].set_index("name")
    export = region_export_mw(net, snapshot)
    assert export["west"] <= limit.at["west_export", "max_mw"] + 1.5
    assert abs(export["east"]) <= limit.at["east", "max_mw"] + 1.5


def test_region_export_is_the_flow_over_the_section(nets):
    """What the buses of a region give is what the DC power flow carries over the branches of its section."""
    net = nets[2030]
    snapshot = merit_order(net, replace(BASE, wind=0.8, solar=0.6))
    injection = snapshot_hours(net, snapshot).p_mw[:, 0]
    dc = dc_network(net)
    flow = branch_flow_mw(dc, bus_injection_matrix(dc, net.bus.index) @ injection)
    lines = {int(i): k for k, (e, i) in enumerate(zip(dc.element, dc.element_index, strict=True)) if e == "line"}
    rows = net["interface_branch"].query("interface == 'west_export'")
    section = sum(sign * flow[lines[index]] for index, sign in zip(rows["index"], rows["sign"], strict=True))
    assert section == pytest.approx(region_export_mw(net, snapshot)["west"], abs=1e-3)


def test_the_western_section_binds_before_its_circuits(nets):
    """A windy noon fills the section of 8 GW while no branch of the province is overloaded."""
    net = nets[2030]
    hour = replace(BASE, wind=0.75, solar=0.75)
    snapshot = merit_order(net, hour)
    assert region_export_mw(net, snapshot)["west"] == pytest.approx(8000, abs=100)
    available = net.sgen["max_p_mw"] * 0.75
    assert snapshot.sgen_mw.sum() < 0.9 * available.sum(), "wind beyond the section is curtailed"
    flow = ac_power_flow(net, snapshot)
    assert flow.converged
    assert flow.line_loading_percent.max() < 85
    assert flow.trafo_loading_percent.max() < 85


def test_heating_units_force_power_in_winter(nets):
    net = nets[2022]
    heating = net.gen["technology"] == "coal_chp"
    windy = merit_order(net, replace(PEAK, load={"": 0.55}, wind=0.9))
    least = net.gen["heat_season_min_pu"] * net.gen["max_p_mw"]
    assert windy.gen_mw[heating].to_numpy() == pytest.approx(least[heating].to_numpy())
    summer = merit_order(net, replace(PEAK, load={"": 0.55}, wind=0.9, heating=False))
    assert summer.sgen_mw.sum() > windy.sgen_mw.sum() + 1000


def test_a_prepared_net_serves_many_hours(nets, hours, flows):
    net = nets[2022]
    work = ReferenceNet(net, ac_grid(net))
    for hour in ("valley", "peak", "base"):
        again = work.solve(snapshot_hours(net, hours[2022][hour]))
        np.testing.assert_allclose(again.vm_pu, flows[2022, hour].vm_pu, atol=1e-6)


def test_the_given_net_is_untouched(nets, hours):
    net = nets[2022]
    before = {table: net[table].copy() for table in ("load", "gen", "sgen", "storage", "shunt")}
    ac_power_flow(net, hours[2022]["peak"])
    for table, copy in before.items():
        assert net[table].equals(copy)


def test_an_impossible_hour_is_reported(nets, hours):
    heavy = replace(hours[2022]["peak"], load_mw=12 * hours[2022]["peak"].load_mw)
    flow = ac_power_flow(nets[2022], heavy)
    assert not flow.converged
    assert flow.vm_pu.empty


def test_contracts_leave_at_their_bus(nets, hours):
    net, snapshot = nets[2030], hours[2030]["base"]
    hour = snapshot_hours(net, snapshot)
    border = net.bus["region"] == "external"
    exported = snapshot.tie_mw.groupby(net["tie"]["bus"]).sum().reindex(net.bus.index[border]).fillna(0.0)
    assert hour.p_mw[border, 0] == pytest.approx(-exported.to_numpy())
    assert (hour.load_mw[border] == 0).all(), "the losses of the province are not taken off its contracts"
