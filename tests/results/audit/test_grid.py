"""The audit's own DC power flow against pandapower's."""

from __future__ import annotations

import contextlib
import copy
import warnings

import numpy as np
import pandapower as pp
import pytest

from gridopt.network.columns import with_defaults
from gridopt.results.audit.grid import grid_of
from gridopt.results.audit.injection import shunts_mw
from tests.network.purpose_nets import PURPOSE_NETS, random_net

RESULTS = {
    "line": ("p_from_mw",),
    "trafo": ("p_hv_mw",),
    "impedance": ("p_from_mw",),
    "trafo3w": ("p_hv_mw", "p_mv_mw", "p_lv_mw"),
}


def solved(net):
    net = copy.deepcopy(net)
    with warnings.catch_warnings(), contextlib.redirect_stdout(None):
        warnings.simplefilter("ignore")
        pp.rundcpp(net)
    return net


def reference_flow(net, branch):
    if branch.element == "switch":
        return float(net.res_switch.at[branch.index, "p_from_mw"])
    columns = RESULTS[branch.element]
    side = ("hv", "mv", "lv").index(branch.side) if branch.side else 0
    # the results of a three-winding transformer flow into it on every side, ours leave it at the last two
    sign = -1.0 if branch.side in ("mv", "lv") else 1.0
    return sign * float(net[f"res_{branch.element}"].at[branch.index, columns[side]])


def compare(net):
    net = solved(with_defaults(net))
    grid = grid_of(net, plain=False)
    injection = np.zeros((grid.nodes, 1))
    for bus, node in grid.node_of_bus.items():
        power = net.res_bus.at[bus, "p_mw"]
        # every bus of a fused group reports its own elements
        injection[node] -= 0.0 if np.isnan(power) else power
    for index, row in net.res_dcline.iterrows():
        injection[grid.node_of_bus[net.dcline.at[index, "from_bus"]]] -= row["p_from_mw"]
        injection[grid.node_of_bus[net.dcline.at[index, "to_bus"]]] -= row["p_to_mw"]
    # pandapower gives no angle to what no slack reaches
    dark = {node for bus, node in grid.node_of_bus.items() if np.isnan(net.res_bus.at[bus, "va_degree"])}
    flow = grid.flows_mw(injection)
    for branch, mine in zip(grid.branches, flow[:, 0], strict=True):
        theirs = reference_flow(net, branch)
        if not np.isnan(theirs) and not dark & set(branch.ends):
            assert mine == pytest.approx(theirs, abs=1e-6), branch.label
    listed = {(branch.element, branch.index) for branch in grid.branches}
    for element, columns in RESULTS.items():
        for index, row in net[f"res_{element}"].iterrows():
            if (element, index) not in listed:
                assert np.nan_to_num(row[columns[0]]) == pytest.approx(0.0, abs=1e-9), (element, index)


@pytest.mark.parametrize("name", [name for name in PURPOSE_NETS if name != "two_slacks"])
def test_flows_are_those_of_pandapower(name):
    compare(PURPOSE_NETS[name]())


@pytest.mark.parametrize("seed", range(12))
def test_flows_of_random_nets_are_those_of_pandapower(seed):
    compare(random_net(seed))


def test_shunts_take_the_square_of_the_voltage():
    net = with_defaults(PURPOSE_NETS["shunts_and_wards"]())
    # 1.5 MW twice; 0.7 MW rated at 230 kV at a bus of 220 kV; wards give their pz
    at_bus = {11: 3.0, 20: 0.7 * (220 / 230) ** 2 + 2.0, 7: 3.0}
    assert shunts_mw(net) == pytest.approx(at_bus)
