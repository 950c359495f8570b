"""AC power flow of single hours, with a stated rule for the reactive plant.

The rule
--------
1. Machines hold the voltage of their bus (``vm_pu``) within their reactive limits: thermal and hydro plants while
   they run, pumped storage always (pump-turbines can turn as condensers).
2. Wind and solar parks, batteries and the station's switched reactors and capacitors hold the voltage too;
   the steps of the switched plant are taken as continuous.
3. HVDC converters balance their own reactive power; neighbours hold the voltage of their boundary bus.
4. Loads keep their power factor. The reference bus takes the losses.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gridopt.network.snapshots import Snapshot, base_snapshots, demand_rows

if TYPE_CHECKING:
    from pandapower import pandapowerNet

__all__ = ["AcFlow", "ac_net", "ac_power_flow", "base_snapshots", "run_ac", "set_snapshot"]

VOLTAGE_PU = {500.0: 1.02, 220.0: 1.02}
NEIGHBOUR_MVAR = 900.0  # reactive power a neighbour may give or take at its boundary bus
Q_STORAGE_PU = 0.48  # machines of pumped storage; converters of batteries reach the same at their rating
OUT_MW = 0.5  # a machine below this output is off


@dataclass(frozen=True)
class AcFlow:
    """Result of one hour.

    Attributes
    ----------
    converged : bool
    vm_pu : pandas.Series
        Voltage by bus.
    line_loading_percent, trafo_loading_percent : pandas.Series
        Of the current rating, by branch.
    loss_mw : float
        Losses of lines and transformers.
    slack_mw : float
        Power of the reference bus.
    """

    converged: bool
    vm_pu: pd.Series
    line_loading_percent: pd.Series
    trafo_loading_percent: pd.Series
    loss_mw: float
    slack_mw: float


def ac_net(net: pandapowerNet) -> pandapowerNet:
    """Copy a net and add one reactive source per bus that has switched plant, parks, storage or a neighbour.

    The sources are rows of ``gen`` named ``reactive <bus>`` with no active power; flexible loads and prosumers become
    rows of ``load`` behind those of the given net (``snapshots.demand_rows``), then contracts, named ``tie <name>``.

    Parameters
    ----------
    net : pandapowerNet
        A net of ``gridopt.network.build``.

    Returns
    -------
    pandapowerNet
        A new net for ``set_snapshot`` and ``run_ac``, as often as wanted; the given one is untouched.
    """
    import pandapower as pp

    net = copy.deepcopy(net)
    # The switched steps are represented by the sources below.
    net.shunt = net.shunt[net.shunt["step"] > 0]
    rows = demand_rows(net)
    more = rows[rows["table"] != "load"]
    if len(more):
        index = pp.create_loads(
            net, more["bus"].to_numpy(), p_mw=more["p_mw"].to_numpy(), q_mvar=more["q_mvar"].to_numpy()
        )
        net.load.loc[index, "name"] = (more["table"] + " " + more["name"]).to_numpy()
    net.load["q_per_p"] = (net.load["q_mvar"] / net.load["p_mw"]).where(net.load["p_mw"] != 0, 0.0)
    for name, bus in zip(net["tie"]["name"], net["tie"]["bus"], strict=True):
        pp.create_load(net, bus, p_mw=0.0, q_mvar=0.0, name=f"tie {name}", q_per_p=0.0)
    for bus, reach in _reactive_range(net).items():
        level = VOLTAGE_PU[float(net.bus.at[bus, "vn_kv"])]
        name = f"reactive {net.bus.at[bus, 'name']}"
        pp.create_gen(net, bus, p_mw=0.0, vm_pu=level, name=name, min_q_mvar=-reach, max_q_mvar=reach)
    return net


def _reactive_range(net: pandapowerNet) -> pd.Series:
    """Reactive power that sources other than machines can give or take, by bus [Mvar]."""
    parts = [
        net.sgen["max_q_mvar"].groupby(net.sgen["bus"]).sum(),
        (Q_STORAGE_PU * net.storage["max_p_mw"]).groupby(net.storage["bus"]).sum(),
        _station_mvar(net),
        pd.Series(NEIGHBOUR_MVAR, index=net.bus.index[net.bus["region"] == "external"]),
    ]
    reach: pd.Series = pd.concat(parts).groupby(level=0).sum()
    return reach


def _station_mvar(net: pandapowerNet) -> pd.Series:
    from gridopt.network.build_grid import STATION_STEP_MVAR, STATION_STEPS

    reach: pd.Series = net.trafo.groupby("hv_bus").size() * STATION_STEPS * STATION_STEP_MVAR
    return reach


def set_snapshot(net: pandapowerNet, snapshot: Snapshot) -> None:
    """Write one hour into a net made by ``ac_net`` (in place)."""
    net.load["p_mw"] = np.concatenate([snapshot.load_mw, snapshot.tie_mw])
    net.load["q_mvar"] = net.load["q_per_p"] * net.load["p_mw"]
    machines = snapshot.gen_mw.index
    net.gen.loc[machines, "p_mw"] = snapshot.gen_mw
    net.gen.loc[machines, "in_service"] = snapshot.gen_mw > OUT_MW
    net.sgen["p_mw"] = snapshot.sgen_mw
    net.storage["p_mw"] = snapshot.storage_mw


def run_ac(net: pandapowerNet) -> AcFlow:
    """Solve the hour that stands in a net made by ``ac_net``.

    Returns
    -------
    AcFlow
        Voltages, loadings, losses; ``converged=False`` with empty series if Newton's method fails.
    """
    import pandapower as pp

    try:
        pp.runpp(net, enforce_q_lims=True, init="dc", max_iteration=40)
    except pp.LoadflowNotConverged:
        empty = pd.Series(dtype=float)
        return AcFlow(False, empty, empty, empty, float("nan"), float("nan"))
    return AcFlow(
        converged=True,
        vm_pu=net.res_bus["vm_pu"].copy(),
        line_loading_percent=net.res_line["loading_percent"].copy(),
        trafo_loading_percent=net.res_trafo["loading_percent"].copy(),
        loss_mw=float(net.res_line["pl_mw"].sum() + net.res_trafo["pl_mw"].sum()),
        slack_mw=float(net.res_ext_grid["p_mw"].sum()),
    )


def ac_power_flow(net: pandapowerNet, snapshot: Snapshot) -> AcFlow:
    """AC power flow of one hour.

    Parameters
    ----------
    net : pandapowerNet
        A net of ``gridopt.network.build``; it is not changed.
    snapshot : Snapshot
        Active power of every element [MW].

    Returns
    -------
    AcFlow
        See ``run_ac``; for many hours call ``ac_net`` once, then ``set_snapshot`` and ``run_ac`` per hour.
    """
    work = ac_net(net)
    set_snapshot(work, snapshot)
    return run_ac(work)
