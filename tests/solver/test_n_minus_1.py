"""Limits after outages: the lazy optimum against a model with all of them written out, and the prices that follow."""

import copy
from dataclasses import replace

import cvxpy as cp
import numpy as np
import pandapower as pp
import pandapower.networks as pn
import pandas as pd
import pytest

from gridopt.case import load_case
from gridopt.errors import InfeasibleError
from gridopt.network.contingencies import worst_after_outages
from gridopt.network.matrices import branch_flow_mw, dc_network
from gridopt.results.prices import nodal_prices
from gridopt.solver.worst_limits import FLOW_TOLERANCE_MW
from tests.model.systems import case_of, generator, grid, line, load, profiles, put, solve, storage

LOST_LOAD, EXCESS = 3000.0, 1000.0
PRICES = {"value_of_lost_load_cny_per_mwh": LOST_LOAD, "excess_cny_per_mwh": EXCESS}


def tight(net, hours, seed, stores=3, every=1):
    """A planner's case of a standard net: linear prices, a daily shape, limits a little above the usual flows.

    Of the branches every second, third ... one is limited.
    """
    rng = np.random.default_rng(seed)
    for table in ("bus", "line", "trafo", "load", "gen", "sgen", "ext_grid"):
        net[table]["name"] = [f"{table} {row}" for row in net[table].index]
    for table in ("poly_cost", "pwl_cost", "sgen"):
        net[table] = net[table].iloc[:0]
    for table in ("gen", "ext_grid"):
        net[table]["min_p_mw"] = 0.0
        for row in net[table].index:
            pp.create_poly_cost(net, row, table, cp1_eur_per_mw=float(rng.uniform(100, 400)))
    net.load["profile"] = [f"shape {row}" for row in net.load.index]
    clock = np.arange(hours)
    series = {
        name: ("demand", 0.8 + 0.15 * np.sin(clock / 4 + rng.uniform(0, 3)) + rng.normal(0, 0.02, hours))
        for name in net.load["profile"]
    }
    for bus in net.load["bus"].iloc[:stores]:
        storage(net, int(bus), charge_mw=40.0, energy_mwh=120.0, efficiency=0.95, end="cyclic")
    shapes = profiles(hours, **series)
    net.line["max_loading_percent"] = net.trafo["max_loading_percent"] = np.nan
    system, record = solve(case_of(net, shapes, unit_commitment="off", prices=PRICES))
    flow = np.abs(branch_flow_mw(system.network, record.injection_mw)).mean(axis=1)
    limit = pd.Series(1.2 * flow + 0.08 * flow.max(), index=[system.network.element, system.network.element_index])
    kv = net.bus.loc[net.line["from_bus"], "vn_kv"].to_numpy()
    net.line["max_i_ka"], net.line["df"] = limit["line"] / (np.sqrt(3) * kv), 1.0
    net.trafo["df"] = limit["trafo"] / net.trafo["sn_mva"]
    for element in ("line", "trafo"):
        limited = np.arange(len(net[element])) % every == 0
        for column, percent in (("max_loading_percent", 100.0), ("emergency_loading_percent", 150.0)):
            net[element][column] = np.where(limited, percent, np.nan)
    return case_of(net, shapes, unit_commitment="off", network_level="dc+n-1", prices=PRICES)


def all_limits(case):
    """Factors, flow without injection and limit of each branch, in the whole net and without each branch of it.

    Each outage is a net of its own, without the branch; those whose loss cuts something off are left out.
    """
    whole = dc_network(case.net)
    found = [(whole.ptdf, branch_flow_mw(whole, np.zeros(whole.n_node)), whole.limit_mw)]
    for element in ("line", "trafo"):
        for row in case.net[element].index:
            net = copy.copy(case.net)
            for each in ("line", "trafo"):
                net[each] = net[each].assign(max_loading_percent=net[each]["emergency_loading_percent"])
            net[element] = net[element].drop(index=row)
            after = dc_network(net)
            assert after.n_node == whole.n_node
            if after.n_island == 1:
                found.append((after.ptdf, branch_flow_mw(after, np.zeros(after.n_node)), after.limit_mw))
    factors, circulating, limit = (np.concatenate(parts) for parts in zip(*found, strict=True))
    limited = np.isfinite(limit)
    return factors[limited], circulating[limited], limit[limited]


def written_out(case, limits, hours):
    """Cost of some hours with a row for every branch after every outage."""
    net, network = case.net, dc_network(case.net)
    nodes, node = network.n_node, dict(zip(network.bus_index, network.bus_node, strict=True))
    demand = np.zeros((nodes, len(hours)))
    np.add.at(
        demand,
        [node[bus] for bus in net.load["bus"]],
        [
            mw * case.profiles[name].to_numpy()[hours]
            for mw, name in zip(net.load["p_mw"], net.load["profile"], strict=True)
        ],
    )
    served = np.maximum(demand, 0.0)
    demand += network.shunt_mw[:, None]
    plants = pd.concat([net.gen[["bus", "max_p_mw"]], net.ext_grid[["bus", "max_p_mw"]]])
    price = net.poly_cost["cp1_eur_per_mw"].to_numpy()
    at, store = np.zeros((nodes, len(plants))), np.zeros((nodes, len(net.storage)))
    at[[node[bus] for bus in plants["bus"]], np.arange(len(plants))] = 1.0
    store[[node[bus] for bus in net.storage["bus"]], np.arange(len(net.storage))] = 1.0
    most = np.repeat(plants["max_p_mw"].to_numpy()[:, None], len(hours), axis=1)
    output, unserved = cp.Variable(most.shape, bounds=[0, most]), cp.Variable(served.shape, bounds=[0, served])
    excess, injection = cp.Variable(served.shape, nonneg=True), cp.Variable(served.shape)
    supply = at @ output + unserved - excess - demand
    rows = [cp.sum(injection, axis=0) == 0]
    if len(net.storage):
        shape = (len(net.storage), len(hours))
        charge, discharge = (cp.Variable(shape, bounds=[0, 40]) for _ in range(2))
        level = cp.Variable(shape, bounds=[0, 120])
        before = cp.hstack([np.full((shape[0], 1), 60.0), level[:, :-1]])
        rows += [level == before + 0.95 * charge - discharge / 0.95, level[:, -1] == 60]
        supply = supply + store @ (discharge - charge)
    factors, circulating, limit = limits
    flow = factors @ injection
    most, least = (limit - circulating)[:, None], (-limit - circulating)[:, None]
    cost = cp.sum(price @ output) + LOST_LOAD * cp.sum(unserved) + EXCESS * cp.sum(excess)
    problem = cp.Problem(cp.Minimize(cost), [*rows, injection == supply, flow <= most, flow >= least])
    problem.solve(solver=cp.HIGHS)
    return problem.value


def test_the_lazy_optimum_is_that_of_all_rows():
    case = tight(pn.case39(), 8, 1)
    system, record = solve(case)
    assert record.objective_cny == pytest.approx(written_out(case, all_limits(case), range(8)), rel=1e-6)
    keeps_all_limits(system, record)


@pytest.mark.slow
@pytest.mark.parametrize(("net", "stores", "every"), [(pn.case39, 3, 1), (pn.case118, 0, 6)])
def test_the_lazy_optimum_of_a_day_is_that_of_all_rows(net, stores, every):
    case = tight(net(), 24, 1, stores, every)
    system, record = solve(case)
    limits = all_limits(case)
    # without stores the hours stand alone, and are small enough to be written out for 118 buses
    spans = [range(24)] if stores else [[hour] for hour in range(24)]
    assert record.objective_cny == pytest.approx(sum(written_out(case, limits, hours) for hours in spans), rel=1e-6)
    keeps_all_limits(system, record)


def keeps_all_limits(system, record):
    """No flow after an outage is above its limit; some are at it, and few have a row."""
    at_stake = system.outages.at_stake_mw(np.concatenate([record.injection_mw, record.power_at_risk_mw]))
    worst, outage = worst_after_outages(system.outages, at_stake)
    excess = np.abs(worst) - np.take_along_axis(system.outages.limit_mw, outage, axis=1)
    assert np.nanmax(excess) < FLOW_TOLERANCE_MW
    assert (record.outage_price > 1e-6).sum() > 20
    # a row that costs something is at its limit
    assert excess[record.outage_price > 1e-6].min() > -1e-4
    assert sum(window.limit_rows for window in record.windows) < 0.05 * system.outages.limit_mw.size * len(system.time)


def two_paths(extra=None):
    """Cheap power behind two lines of 60 MW of which one may fail, with stores and two hours; the third bus is dear."""
    net = grid(3, [(0, 1, 10.0, 100.0), (0, 1, 10.0, 100.0), (1, 2, 10.0, 300.0), (0, 2, 30.0, 200.0)])
    put(net, "line", 0, {"emergency_loading_percent": 120.0})
    generator(net, 0, 400.0, 100.0)
    generator(net, 1, 300.0, 300.0)
    generator(net, 2, 300.0, 500.0)
    for bus, mw in ((1, 150.0), (2, 120.0)):
        load(net, bus, mw, "load")
    series = {"load": ("demand", [0.8, 1.1])}
    if extra is not None:
        bus, hour = extra
        load(net, bus, 0.01, "extra")
        series["extra"] = ("demand", np.eye(2)[hour])
    return case_of(net, profiles(2, **series), unit_commitment="off", network_level="dc+n-1")


def test_prices_carry_the_limits_after_outages():
    system, record = solve(two_paths())
    prices = nodal_prices(system, record)
    assert (record.outage_price > 1.0).any(axis=0).all() and np.ptp(prices.total, axis=0).min() > 10.0
    np.testing.assert_allclose(record.limit_price, 0.0, atol=1e-9)
    np.testing.assert_allclose(prices.security, prices.congestion, atol=1e-9)
    for bus in range(3):
        for hour in range(2):
            _, more = solve(two_paths((bus, hour)))
            difference = (more.objective_cny - record.objective_cny) / 0.01
            assert prices.total[bus, hour] == pytest.approx(difference, rel=1e-4, abs=1e-2), (bus, hour)


def test_two_equal_lines_carry_what_one_of_them_can():
    # By hand: of two lines of 100 MW, one may be lost, and the other one may then carry 120 or 100 MW.
    net = grid(2)
    for _ in range(2):
        line(net, 0, 1, 10.0, 100.0)
    generator(net, 0, 400.0, 100.0)
    generator(net, 1, 400.0, 300.0)
    load(net, 1, 250.0)
    north = {}
    for percent in (np.nan, 120.0):
        put(net, "line", 0, {"emergency_loading_percent": percent})
        put(net, "line", 1, {"emergency_loading_percent": percent})
        _, record = solve(case_of(net, 1, unit_commitment="off", network_level="dc+n-1"))
        north[percent] = record.outputs["generator"]["generator_p_mw"][1, 0]
    assert list(north.values()) == pytest.approx([100.0, 120.0])


def test_rows_stay_and_follow_the_windows():
    case = tight(pn.case39(), 12, 2)
    _, whole = solve(case)
    rolling = case.override({"horizon.mode": "rolling", "horizon.window_h": 4, "horizon.look_ahead_h": 2})
    system, record = solve(rolling)
    keeps_all_limits(system, record)
    rows = [window.limit_rows for window in record.windows]
    assert len(rows) == 3 and rows[1] >= rows[0] > 0
    assert record.objective_cny >= whole.objective_cny * (1 - 1e-9)


def test_limits_after_outages_that_nobody_can_keep_are_named():
    net = grid(2)
    for _ in range(2):
        line(net, 0, 1, 10.0, 100.0)
    generator(net, 0, 400.0, 100.0)
    load(net, 1, 150.0)
    none = {"value_of_lost_load_cny_per_mwh": None, "excess_cny_per_mwh": None}
    case = case_of(net, 1, unit_commitment="off", network_level="dc+n-1", prices=none)
    with pytest.raises(InfeasibleError, match=r"line 0-1 #[01] without line 0-1 #[01]"):
        solve(case)


@pytest.mark.slow
def test_a_day_in_jilin():
    # a windy day; the planned grid is strong, so that emergency limits are set low enough to bind
    case = load_case("jilin-2030", {"hours": 24, "start": "2030-01-20", "network_level": "dc+n-1"})
    net = copy.copy(case.net)
    net.line, net.trafo = (table.assign(emergency_loading_percent=50.0) for table in (net.line, net.trafo))
    system, record = solve(replace(case, net=net))
    assert system.outages.count > 250
    keeps_all_limits(system, record)
    prices = nodal_prices(system, record)
    assert np.abs(prices.security).max() > 1.0
