"""Flows of a solved case equal ``pandapower.rundcpp`` on its dispatch; balances and limits hold."""

import contextlib
import copy
import warnings

import numpy as np
import pandapower as pp
import pytest

from gridopt.case import load_case
from gridopt.horizon.rolling import solve_horizon
from gridopt.model.system import System
from gridopt.network.matrices import branch_flow_mw

FLOW_COLUMN = {"line": "p_from_mw", "trafo": "p_hv_mw"}


def solve(case):
    system = System.read(case)
    return system, solve_horizon(system)


def by_row(system, record, component, name):
    """Output of an element by the row of the net that it comes from."""
    data = system.part(component)
    return dict(zip(data.rows, record.outputs[component][name], strict=True)) if data else {}


def injections(system, record):
    """Injection of every bus of the net from the dispatch of single elements, (bus, time) [MW]."""
    net = system.case.net
    at = {int(bus): i for i, bus in enumerate(net.bus.index)}
    power = np.zeros((len(at), len(system.time)))
    demand = system.part("demand")
    for k, (_, bus) in enumerate(demand.rows):
        out = record.outputs["demand"]
        power[at[bus]] += out["unserved_mw"][k] - out["excess_mw"][k] - out["demand_mw"][k]
        power[at[bus]] += out["fixed_injection_mw"][k]
    parts = [
        by_row(system, record, "generator", "generator_p_mw"),
        by_row(system, record, "thermal", "generator_p_mw"),
        by_row(system, record, "renewable", "renewable_p_mw"),
        by_row(system, record, "hydro", "hydro_p_mw"),
        by_row(system, record, "storage", "storage_discharge_mw"),
        {row: -x for row, x in by_row(system, record, "storage", "storage_charge_mw").items()},
        {row: -x for row, x in by_row(system, record, "tie", "tie_export_mw").items()},
        {row: -x for row, x in by_row(system, record, "flexible_load", "flexible_load_p_mw").items()},
        by_row(system, record, "flexible_load", "flexible_load_discharge_mw"),
        by_row(system, record, "prosumer", "prosumer_p_mw"),
    ]
    for part in parts:
        for (table, row), values in part.items():
            power[at[int(net[table].at[row, "bus"])]] += values
    response = system.part("response")
    if response is not None:  # spread over the buses of its loads
        node_bus = system.network.node_bus
        for node, element in zip(*response.nodes.nonzero(), strict=True):
            share = response.nodes[node, element]
            power[at[int(node_bus[node])]] += share * record.outputs["response"]["response_mw"][element]
    return power


def only_branches(net):
    """The net with one load per bus and nothing else but its branches, shunts and the reference."""
    net = copy.deepcopy(net)
    for table in ("load", "gen", "sgen", "storage", "poly_cost", "pwl_cost", "motor"):
        net[table] = net[table].iloc[:0]
    for bus in net.bus.index[net.bus["in_service"].astype(bool)]:
        pp.create_load(net, bus, 0.0, name=f"net {bus}")
    return net


def compare(system, record, steps):
    net = system.case.net
    power, flow = injections(system, record), branch_flow_mw(system.network, record.injection_mw)
    bare = only_branches(net)
    at = {int(bus): i for i, bus in enumerate(net.bus.index)}
    rows = [at[int(bus)] for bus in bare.load["bus"]]
    worst = 0.0
    for t in steps:
        bare.load["p_mw"] = -power[rows, t]
        with warnings.catch_warnings(), contextlib.redirect_stdout(None):
            warnings.simplefilter("ignore")
            pp.rundcpp(bare)
        # nothing is left for the reference: every island is in balance by itself
        assert np.abs(bare.res_ext_grid["p_mw"]).max() < 1e-4
        for table, column in FLOW_COLUMN.items():
            mine = system.network.element == table
            expected = bare[f"res_{table}"][column].reindex(system.network.element_index[mine]).to_numpy()
            worst = max(worst, np.abs(flow[mine, t] - expected).max(initial=0.0))
    assert worst < 1e-4
    assert np.abs(flow).max() > 10.0


def keeps_limits(system, record):
    flow = branch_flow_mw(system.network, record.injection_mw)
    assert (np.abs(flow) <= system.network.limit_mw[:, None] + 1e-3).all()
    net = system.case.net
    members = net.interface_branch
    for _, interface in net.interface.iterrows():
        total = np.zeros(flow.shape[1])
        for _, member in members[members["interface"] == interface["name"]].iterrows():
            branch = (system.network.element == member["element"]) & (system.network.element_index == member["index"])
            total += member["sign"] * flow[branch][0]
        assert (total <= np.nan_to_num(interface["max_mw"], nan=np.inf) + 1e-3).all()
        assert (total >= np.nan_to_num(interface["min_mw"], nan=-np.inf) - 1e-3).all()


def test_flows_of_the_tiny_case(tiny):
    system, record = solve(tiny)
    assert len(system.time) == 48
    compare(system, record, range(48))
    keeps_limits(system, record)
    # the case is made so that limits bind
    assert np.abs(record.limit_price).max() > 1.0


@pytest.mark.slow
def test_flows_of_a_week_in_jilin():
    case = load_case("jilin-2030", {"hours": 168})
    system, record = solve(case)
    keeps_limits(system, record)
    hours = np.random.default_rng(0).choice(len(system.time), 50, replace=False)
    compare(system, record, hours)
