"""What gives and takes reactive power in an hour: the one rule behind every AC power flow of gridopt.

The rule
--------
1. *Machines* (``gen``) hold the voltage of their bus at ``vm_pu`` within ``min_q_mvar`` and ``max_q_mvar`` while they
   run; of a cluster of units the share that runs.
2. *Wind and solar* (``sgen`` with reactive limits) hold the voltage within their limits times output over size: a
   park at half power reaches half as far (±0.33 of the output in the shipped networks).
3. *Storage* reaches ±0.48 of its rating at all times: pump-turbines turn as condensers, converters work at no power.
4. *Converters of HVDC ties and DC lines* reach ±0.33 of the power that they carry.
5. *Neighbours* behind a boundary bus (``region`` "external") hold its voltage within ±900 Mvar.
6. *Switched shunts* (rows with steps left to put in) do first what the voltage asks for, so that machines and
   converters keep their reach.  They stay for a group of hours: the whole steps nearest to the median of what the
   hours of the group would take (``in_steps``).  Fixed shunts and all tap changers stay as the net gives them.
7. *Demand* keeps its power factor; what can shift draws 0.20 Mvar per MW, hydrogen 0.10.  Everything else (static
   generators without limits, wards, motors) keeps the reactive power of the net.

What holds a voltage holds the set point of the machines at its bus, else that of the reference bus.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from gridopt.network.ac_grid import AcGrid, FloatArray, IntArray, switched_shunts

if TYPE_CHECKING:
    from pandapower import pandapowerNet

Q_CONVERTER_PU = 0.33  # converters of HVDC, per MW carried
Q_STORAGE_PU = 0.48  # machines of pumped storage; converters of batteries reach the same at their rating
NEIGHBOUR_MVAR = 900.0  # reactive power a neighbour may give or take at its boundary bus
OUT_MW = 0.5  # a machine below this output is off
NO_LIMIT_MVAR = 1e6  # reach of machines whose limits the net doesn't give


@dataclass(frozen=True, eq=False)
class ElementPower:
    """Power of rows of a table over time.

    Attributes
    ----------
    index : ndarray of int, shape (row,)
        Row labels.
    p_mw : ndarray of float, shape (row, time)
        With the sign of the table: given by ``gen``, ``sgen`` and ``dcline`` (at its to bus), drawn by ``load``,
        ``storage``, ``flexible_load`` and ``prosumer``, exported by ``tie`` [MW].
    running : ndarray of float, shape (row, time), optional
        Share of the units of a machine that run [pu]; NaN, or None for all, means "all while it gives power".
    """

    index: IntArray
    p_mw: FloatArray
    running: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class AcHours:
    """What stands at the buses in each hour; buses in the order of ``net.bus``.

    Attributes
    ----------
    p_mw : ndarray of float, shape (bus, time)
        Net injection, losses not yet taken off [MW].
    load_mw : ndarray of float, shape (bus, time)
        Demand that is gross of losses: the losses of an hour are taken off it in proportion [MW].
    q_mvar : ndarray of float, shape (bus, time)
        Injection of what doesn't hold a voltage [Mvar].
    min_q_mvar, max_q_mvar : ndarray of float, shape (bus, time)
        Reach of what holds the voltage [Mvar].
    vm_pu : ndarray of float, shape (bus,)
        Set point of the machines; NaN where the reference bus says it [pu].
    switched_mvar : ndarray of float, shape (bus, 3)
        Least and largest injection of the switched shunts, a part of the reach, and the size of their steps [Mvar];
        all zero where there are none, or where `q_mvar` holds the steps that are in.
    """

    p_mw: FloatArray
    load_mw: FloatArray
    q_mvar: FloatArray
    min_q_mvar: FloatArray
    max_q_mvar: FloatArray
    vm_pu: FloatArray
    switched_mvar: FloatArray

    @property
    def count(self) -> int:
        """Number of hours."""
        return int(self.p_mw.shape[1])

    def of(self, hours: IntArray | slice) -> AcHours:
        """Some of the hours."""
        names = ("p_mw", "load_mw", "q_mvar", "min_q_mvar", "max_q_mvar")
        return replace(self, **{name: getattr(self, name)[:, hours] for name in names})


def ac_hours(
    net: pandapowerNet, powers: Mapping[str, ElementPower], injection_mw: FloatArray, demand_mw: FloatArray
) -> AcHours:
    """Apply the rule to hours.

    Parameters
    ----------
    net : pandapowerNet
        With gridopt's extension columns.
    powers : mapping of str to ElementPower
        By table; a table that is missing gives nothing.
    injection_mw : ndarray of float, shape (bus, time)
        Net injection of all elements at each bus, in the order of ``net.bus`` [MW].
    demand_mw : ndarray of float, shape (bus, time)
        What the rows of ``load`` that are not in `powers` draw [MW].
    """
    low, high = _reach(net, powers, demand_mw.shape)
    switched = _switched(net)
    return AcHours(
        p_mw=injection_mw,
        load_mw=np.maximum(demand_mw, 0.0),
        q_mvar=_steady_mvar(net, powers, demand_mw),
        min_q_mvar=low + switched[:, :1],
        max_q_mvar=high + switched[:, 1:2],
        vm_pu=_set_points(net),
        switched_mvar=switched,
    )


def in_steps(hours: AcHours, grid: AcGrid, source_mvar: FloatArray, group: IntArray) -> AcHours:
    """Put the switched shunts in by whole steps, the same in all hours of a group.

    Parameters
    ----------
    hours : AcHours
        With switched shunts as a part of the reach.
    grid : AcGrid
        Says which buses are fused: their shunts and sources are one.
    source_mvar : ndarray of float, shape (bus, time)
        What the sources give while the shunts are continuous, as in ``AcYear`` [Mvar].
    group : ndarray of int, shape (time,)
        Group of each hour.
    """
    low, high, step = grid.at_first_bus(hours.switched_mvar).T[:, :, None]
    wanted = pd.DataFrame(np.clip(source_mvar, low, high).T).groupby(group).transform("median").to_numpy().T
    steps = np.round(np.divide(np.nan_to_num(wanted), step, out=np.zeros_like(wanted), where=step > 0))
    given = np.clip(steps * step, low, high)
    return replace(
        hours,
        q_mvar=hours.q_mvar + given,
        min_q_mvar=hours.min_q_mvar - low,
        max_q_mvar=hours.max_q_mvar - high,
        switched_mvar=np.zeros_like(hours.switched_mvar),
    )


def at_bus(net: pandapowerNet, buses: pd.Series, values: FloatArray) -> FloatArray:
    """Sum of what the rows of a table give by bus, (row, ...) to (bus, ...)."""
    position = net.bus.index.get_indexer(buses)
    row = np.flatnonzero(position >= 0)
    matrix = sp.csr_array((np.ones(len(row)), (position[row], row)), shape=(len(net.bus), len(buses)))
    return np.asarray(matrix @ values)


def _set_points(net: pandapowerNet) -> FloatArray:
    machines = net.gen[net.gen["in_service"].to_numpy(bool)].drop_duplicates("bus").set_index("bus")["vm_pu"]
    return np.asarray(machines.reindex(net.bus.index), dtype=np.float64)


def _reach(
    net: pandapowerNet, powers: Mapping[str, ElementPower], shape: tuple[int, ...]
) -> tuple[FloatArray, FloatArray]:
    """Least and largest reactive power of what holds the voltage of each bus, (bus, time) [Mvar]."""
    low, high = np.zeros(shape), np.zeros(shape)
    for table, share in _shares(net, powers).items():
        rows = net[table].loc[powers[table].index]
        limits = rows.reindex(columns=["min_q_mvar", "max_q_mvar"]).to_numpy(float)
        if table == "gen":
            limits = np.nan_to_num(limits, nan=NO_LIMIT_MVAR) * np.where(np.isnan(limits), [-1.0, 1.0], 1.0)
        limits = np.nan_to_num(limits)
        low += at_bus(net, rows["bus"], limits[:, :1] * share)
        high += at_bus(net, rows["bus"], limits[:, 1:] * share)
    both = _symmetric_reach(net, powers, shape)
    return low - both, high + both


def _switched(net: pandapowerNet) -> FloatArray:
    """Least and largest injection of switched shunts and the size of their smallest step, (bus, 3) [Mvar]."""
    shunt = net.shunt[switched_shunts(net) & net.shunt["in_service"].to_numpy(bool)]
    given = -(shunt["q_mvar"] * shunt["max_step"]).to_numpy(float)  # a shunt draws its q_mvar
    smallest = shunt["q_mvar"].abs().groupby(shunt["bus"]).min().reindex(net.bus.index, fill_value=0.0)
    ends = (at_bus(net, shunt["bus"], part) for part in (np.minimum(given, 0.0), np.maximum(given, 0.0)))
    return np.column_stack([*ends, smallest.to_numpy(float)])


def _shares(net: pandapowerNet, powers: Mapping[str, ElementPower]) -> dict[str, FloatArray]:
    """Share of their reactive limits that machines and parks reach, by table (row, time)."""
    shares = {}
    if "gen" in powers:
        machine = powers["gen"]
        whole = (machine.p_mw > OUT_MW).astype(float)
        shares["gen"] = (
            whole if machine.running is None else np.where(np.isnan(machine.running), whole, machine.running)
        )
    if "sgen" in powers and {"min_q_mvar", "max_q_mvar", "max_p_mw"} <= set(net.sgen):
        park = powers["sgen"]
        size = net.sgen.loc[park.index, "max_p_mw"].to_numpy(float)[:, None]
        shares["sgen"] = np.divide(np.abs(park.p_mw), size, out=np.zeros_like(park.p_mw), where=size > 0)
    return shares


def _symmetric_reach(net: pandapowerNet, powers: Mapping[str, ElementPower], shape: tuple[int, ...]) -> FloatArray:
    """Reactive power that storage, converters and neighbours can give as well as take, (bus, time) [Mvar]."""
    reach = np.zeros(shape)
    if "storage" in powers:
        stores = net.storage.loc[powers["storage"].index]
        size = stores["max_p_mw"].to_numpy(float) if "max_p_mw" in stores else np.zeros(len(stores))
        reach += at_bus(net, stores["bus"], Q_STORAGE_PU * np.nan_to_num(size))[:, None]
    if "tie" in powers:
        ties = net["tie"].loc[powers["tie"].index]
        direct = (ties["kind"] == "hvdc").to_numpy()[:, None]
        reach += at_bus(net, ties["bus"], Q_CONVERTER_PU * np.abs(powers["tie"].p_mw) * direct)
    if "dcline" in powers:
        lines, carried = net.dcline.loc[powers["dcline"].index], Q_CONVERTER_PU * np.abs(powers["dcline"].p_mw)
        reach += at_bus(net, lines["from_bus"], carried) + at_bus(net, lines["to_bus"], carried)
    if "region" in net.bus:
        reach += NEIGHBOUR_MVAR * (net.bus["region"] == "external").to_numpy()[:, None]
    return reach


def _steady_mvar(net: pandapowerNet, powers: Mapping[str, ElementPower], demand_mw: FloatArray) -> FloatArray:
    """Reactive injection of what holds no voltage, (bus, time) [Mvar]."""
    from gridopt.network.snapshots import Q_PER_P, flexible_q_per_p

    rest = _not_given(net, powers, "load")
    size, drawn = (at_bus(net, rest["bus"], (rest[c] * rest["scaling"]).to_numpy(float)) for c in ("p_mw", "q_mvar"))
    factor = np.divide(demand_mw, size[:, None], out=np.ones_like(demand_mw), where=size[:, None] != 0)
    q = -drawn[:, None] * factor
    for table, sign in (("sgen", 1.0), ("storage", -1.0)):
        rows = _not_given(net, powers, table)
        q += sign * at_bus(net, rows["bus"], (rows["q_mvar"] * rows["scaling"]).to_numpy(float))[:, None]
    for table, sign in (("load", -1.0), ("sgen", 1.0)):
        if table in powers:
            rows = net[table].loc[powers[table].index]
            q += sign * at_bus(net, rows["bus"], _own_factor(rows, table)[:, None] * powers[table].p_mw)
    for table in ("flexible_load", "prosumer"):
        if table in powers:
            rows = net[table].loc[powers[table].index]
            ratio = flexible_q_per_p(rows) if table == "flexible_load" else np.full(len(rows), Q_PER_P)
            q -= at_bus(net, rows["bus"], ratio[:, None] * np.maximum(powers[table].p_mw, 0.0))
    return q


def _not_given(net: pandapowerNet, powers: Mapping[str, ElementPower], table: str) -> pd.DataFrame:
    """Rows in service whose power is not given by hour."""
    rows: pd.DataFrame = net[table]
    given = rows.index.isin(powers[table].index if table in powers else [])
    return rows[rows["in_service"].to_numpy(bool) & ~given]


def _own_factor(rows: pd.DataFrame, table: str) -> FloatArray:
    """Reactive power per active power of rows that keep their power factor; zero for parks that hold a voltage."""
    p, q = (rows[column].to_numpy(float) for column in ("p_mw", "q_mvar"))
    if table == "sgen" and {"min_q_mvar", "max_q_mvar"} <= set(rows):
        q = np.where(rows[["min_q_mvar", "max_q_mvar"]].notna().all(axis=1), 0.0, q)
    return np.asarray(np.divide(q, p, out=np.zeros_like(q), where=p != 0))
