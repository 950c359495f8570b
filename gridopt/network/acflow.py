"""AC power flow of single hours with pandapower: the reference for ``ac_year``, and its help in hard hours.

Element for element it is pandapower's own net: one load and one source per bus (``gridopt.network.ac_rule`` says how
much), reactive limits by ``enforce_q_lims``, losses taken off the demand until the reference gives nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridopt.network.ac_grid import AcGrid, ac_grid, bare_net
from gridopt.network.ac_rule import AcHours, ElementPower, ac_hours, at_bus
from gridopt.network.snapshots import Snapshot, demand_rows

if TYPE_CHECKING:
    from pandapower import pandapowerNet

FloatArray = NDArray[np.float64]

SLACK_MW = 1e-3
LIMIT_MVAR = 1e-3
MAX_ROUNDS = 10


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
        Losses of all branches.
    slack_mw : float
        What the reference bus gives beyond its schedule, once the losses are taken off the demand.
    source_mvar : pandas.Series
        What holds the voltage, by bus.
    """

    converged: bool
    vm_pu: pd.Series
    line_loading_percent: pd.Series
    trafo_loading_percent: pd.Series
    loss_mw: float
    slack_mw: float
    source_mvar: pd.Series


def snapshot_hours(net: pandapowerNet, snapshot: Snapshot) -> AcHours:
    """One sketched hour as injections at buses.

    Parameters
    ----------
    net : pandapowerNet
        A net of ``gridopt.network.build``.
    snapshot : Snapshot
        Active power of every element [MW].
    """
    rows = demand_rows(net)
    drawn = snapshot.load_mw.to_numpy(float)
    powers = {
        "gen": _power(net.gen.index, snapshot.gen_mw),
        "sgen": _power(net.sgen.index, snapshot.sgen_mw),
        "storage": _power(net.storage.index, snapshot.storage_mw),
        "tie": _power(net["tie"].index, snapshot.tie_mw),
    }
    mine = {table: (rows["table"] == table).to_numpy() for table in ("load", "flexible_load", "prosumer")}
    for table in ("flexible_load", "prosumer"):
        powers[table] = _power(pd.Index(rows["row"][mine[table]]), snapshot.load_mw[mine[table]])
    signs = {"gen": 1.0, "sgen": 1.0}
    injection = sum(
        signs.get(table, -1.0) * at_bus(net, net[table].loc[power.index, "bus"], power.p_mw)
        for table, power in powers.items()
    )
    demand = at_bus(net, rows["bus"][mine["load"]], drawn[mine["load"], None])
    return ac_hours(net, powers, np.asarray(injection) - demand, demand)


def _power(index: pd.Index, power: pd.Series) -> ElementPower:
    return ElementPower(index.to_numpy(np.int64), power.to_numpy(float)[:, None])


class ReferenceNet:
    """A net in which pandapower solves one hour after another.

    Parameters
    ----------
    net : pandapowerNet
        It is not changed.
    grid : AcGrid
        Of the same net; says which buses are fused and what wards and motors draw.
    """

    def __init__(self, net: pandapowerNet, grid: AcGrid) -> None:
        import pandapower as pp

        self.net, self.grid = bare_net(net), grid
        self.first, self.nodes = grid.first_bus, grid.bus_node[grid.first_bus]
        self.buses = grid.bus_index[self.first]
        self.slacks = self.net.ext_grid[["bus", "vm_pu"]].copy()
        pp.create_loads(self.net, self.buses, p_mw=0.0, q_mvar=0.0)
        pp.create_gens(self.net, self.buses, p_mw=0.0, vm_pu=1.0, min_q_mvar=0.0, max_q_mvar=0.0, in_service=False)

    def solve(self, hours: AcHours, hour: int = 0, at_limit: NDArray[np.int8] | None = None) -> AcFlow:
        """Solve an hour.

        Parameters
        ----------
        hours : AcHours
            In the order of ``net.bus``.
        hour : int
            Which of them.
        at_limit : ndarray of int, shape (bus,), optional
            Sources at the upper (1) and lower (−1) end of their reach, as in ``AcYear``; the others hold their
            voltage whatever it takes. Without it pandapower finds out by itself (``enforce_q_lims``): it never sets
            a source free again, and may end with more of them at their limit than need be.

        Returns
        -------
        AcFlow
            ``converged=False`` with empty series if Newton's method fails.
        """
        import pandapower as pp

        p, q, load, low, high = (
            self.grid.at_node(values[:, hour])[self.nodes]
            for values in (hours.p_mw, hours.q_mvar, hours.load_mw, hours.min_q_mvar, hours.max_q_mvar)
        )
        self._set_sources(hours.vm_pu, low, high)
        if at_limit is not None:
            end = at_limit[self.first]
            q = q + np.where(end > 0, high, np.where(end < 0, low, 0.0))
            self.net.gen["in_service"] &= end == 0
            self._move_slack(high - low, end)
        share = load / load.sum() if load.sum() > 0 else load
        taken_mw = slack_mw = 0.0
        for _ in range(MAX_ROUNDS):
            taken_mw += slack_mw
            # wards and motors stand in the net and draw their power themselves
            self.net.load["p_mw"] = -p - taken_mw * share - self.grid.steady_mva.real[self.nodes]
            self.net.load["q_mvar"] = -q
            try:
                pp.runpp(
                    self.net,
                    enforce_q_lims=at_limit is None,
                    init="dc",
                    max_iteration=40,
                    tolerance_mva=1e-6,
                    lightsim2grid=False,
                    numba=False,
                )
            except pp.LoadflowNotConverged:
                empty = pd.Series(dtype=float)
                return AcFlow(False, empty, empty, empty, float("nan"), float("nan"), empty)
            slack_mw = float(self.net.res_ext_grid["p_mw"].sum())
            if abs(slack_mw) < SLACK_MW or not share.any():
                break
        return self._flow(slack_mw)

    def _set_sources(self, vm_pu: FloatArray, low: FloatArray, high: FloatArray) -> None:
        """One generator without power at every node that has a reach and is no reference."""
        own = pd.Series(vm_pu, index=self.grid.bus_node).dropna().groupby(level=0).first().reindex(self.nodes)
        gen = self.net.gen
        gen["vm_pu"] = own.fillna(float(self.slacks["vm_pu"].iloc[0])).to_numpy()
        gen["min_q_mvar"], gen["max_q_mvar"] = low, high
        gen["in_service"] = (high - low > LIMIT_MVAR) & ~np.isin(self.nodes, self.grid.reference)
        self.net.ext_grid[["bus", "vm_pu"]] = self.slacks

    def _move_slack(self, reach: FloatArray, end: NDArray[np.int8]) -> None:
        """Take another bus for the angles where the reference doesn't hold its voltage; the slack gives no power."""
        at_reference = np.isin(self.nodes, self.grid.reference)
        holds = (reach > LIMIT_MVAR) & (end == 0) | np.isin(self.nodes, self.grid.held_node)
        if not holds[at_reference].any():
            widest = np.where(self.net.gen["in_service"], reach, -1.0).argmax()
            self.net.ext_grid[["bus", "vm_pu"]] = self.buses[widest], self.net.gen["vm_pu"].iloc[widest]
            self.net.gen.loc[self.net.gen.index[widest], "in_service"] = False

    def _flow(self, slack_mw: float) -> AcFlow:
        net = self.net
        losses = [net[f"res_{table}"]["pl_mw"].sum() for table in ("line", "trafo", "trafo3w", "impedance")]
        return AcFlow(
            converged=True,
            vm_pu=net.res_bus["vm_pu"].copy(),
            line_loading_percent=net.res_line["loading_percent"].copy(),
            trafo_loading_percent=net.res_trafo["loading_percent"].copy(),
            loss_mw=float(sum(losses)),
            slack_mw=slack_mw,
            source_mvar=pd.Series(net.res_gen["q_mvar"].to_numpy(), index=self.buses),
        )


def ac_power_flow(net: pandapowerNet, snapshot: Snapshot) -> AcFlow:
    """AC power flow of one sketched hour.

    Parameters
    ----------
    net : pandapowerNet
        A net of ``gridopt.network.build``; it is not changed.
    snapshot : Snapshot
        Active power of every element [MW].
    """
    return ReferenceNet(net, ac_grid(net)).solve(snapshot_hours(net, snapshot))
