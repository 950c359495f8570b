"""A pandapower net and profiles as plain arrays, read with pandapower alone: the peers share no code with gridopt.

Reactances are those of pandapower's own DC model (``rundcpp``), taps included.  The nets of the benchmarks have no
phase shifters, shunt conductances, nor any load or plant that pandapower's DC model would treat otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandapower as pp
import pandas as pd
import scipy.sparse as sp
import xarray as xr
from numpy.typing import NDArray
from pandapower.pypower.idx_brch import BR_X, F_BUS, SHIFT, T_BUS, TAP
from scipy.sparse.csgraph import breadth_first_tree

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Plants:
    """Plants (plant,): place, limits [MW], price [CNY/MWh], and what commitment needs."""

    bus: Ints
    min_mw: Array
    max_mw: Array
    price: Array
    min_up_h: Ints
    min_down_h: Ints
    start_cny: Array


@dataclass(frozen=True)
class Stores:
    """Stores (store,): place, power [MW], energy [MWh], efficiencies, wear [CNY/MWh discharged]."""

    bus: Ints
    charge_mw: Array
    discharge_mw: Array
    energy_mwh: Array
    start_mwh: Array
    eta_charge: Array
    eta_discharge: Array
    wear: Array


@dataclass(frozen=True)
class Arrays:
    """The case; series are (element, hour), branches have a reactance per unit of 1 MVA and a limit [MW]."""

    buses: int
    ends: Ints
    x_pu: Array
    limit_mw: Array
    demand_mw: Array
    plants: Plants
    park_bus: Ints
    park_mw: Array
    stores: Stores
    lost_load: float
    excess: float

    @property
    def hours(self) -> int:
        """Number of hours."""
        return int(self.demand_mw.shape[1])

    @property
    def load_bus(self) -> Ints:
        """Buses with demand: there it may be unserved."""
        return np.flatnonzero(self.demand_mw.any(axis=1))

    @property
    def source_bus(self) -> Ints:
        """Buses with a plant, park or store: there power may be too much."""
        return np.unique(np.concatenate([self.plants.bus, self.park_bus, self.stores.bus]))

    def incidence(self) -> sp.csr_array:
        """(bus, branch) 1 where a branch begins, −1 where it ends."""
        count = len(self.ends)
        values = np.concatenate([np.ones(count), -np.ones(count)])
        where = (self.ends.T.ravel(), np.tile(np.arange(count), 2))
        return sp.csr_array((values, where), shape=(self.buses, count))

    def cycles(self) -> sp.csr_array:
        """(cycle, branch) a basis of the cycles of the grid, with the direction of each branch."""
        pairs = np.sort(self.ends, axis=1)
        graph = sp.csr_array((np.ones(len(pairs)), tuple(pairs.T)), shape=(self.buses, self.buses))
        tree = breadth_first_tree(graph, 0, directed=False).tocoo()
        # of parallel branches the first is in the tree
        first = {tuple(pair): k for k, pair in reversed(list(enumerate(pairs.tolist())))}
        trunk = np.array([first[tuple(sorted(pair))] for pair in zip(tree.row, tree.col, strict=True)], dtype=int)
        if len(trunk) != self.buses - 1:
            raise ValueError("the grid of a benchmark must be connected")
        rest = np.setdiff1d(np.arange(len(self.ends)), trunk)
        incidence = self.incidence().tocsc()[1:]
        way = sp.linalg.splu(incidence[:, trunk].tocsc()).solve(incidence[:, rest].toarray())
        basis = np.zeros((len(rest), len(self.ends)))
        basis[np.arange(len(rest)), rest] = 1.0
        basis[:, trunk] = -np.round(way).T
        return sp.csr_array(basis)

    def bridges(self) -> NDArray[np.bool_]:
        """(branch,) whether its loss splits the grid."""
        return np.asarray(abs(self.cycles()).sum(axis=0) == 0)


def read_arrays(net: pp.pandapowerNet, profiles: xr.Dataset, lost_load: float, excess: float) -> Arrays:
    """Arrays of a net whose loads, sgens and storages are all in service."""
    pp.rundcpp(net)
    model = net["_ppc"]
    bus = net["_pd2ppc_lookups"]["bus"]
    branch = model["branch"].real
    if (branch[:, SHIFT] != 0).any() or len(net.shunt) or not (net.ext_grid["max_p_mw"] == 0).all():
        raise ValueError("phase shifters, shunts and external power have no place in the nets of the benchmarks")
    load = _series(profiles, net.load["profile"], net.load["p_mw"].to_numpy(float))
    demand = np.zeros((len(model["bus"]), load.shape[1]))
    np.add.at(demand, bus[net.load["bus"].to_numpy(int)], load)
    tap = np.where(branch[:, TAP] == 0, 1.0, branch[:, TAP])
    return Arrays(
        buses=len(demand),
        ends=branch[:, [F_BUS, T_BUS]].astype(np.int64),
        x_pu=branch[:, BR_X] * tap / model["baseMVA"],
        limit_mw=_limits_mw(net, len(branch)),
        demand_mw=demand,
        plants=_plants(net, bus),
        park_bus=bus[net.sgen["bus"].to_numpy(int)],
        park_mw=_series(profiles, net.sgen["profile"], net.sgen["max_p_mw"].to_numpy(float)),
        stores=_stores(net, bus),
        lost_load=lost_load,
        excess=excess,
    )


def _series(profiles: xr.Dataset, names: Iterable[object], size: Array) -> Array:
    rows = [profiles[str(name)].to_numpy() for name in names]
    return size[:, None] * (np.array(rows) if rows else np.zeros((0, profiles.sizes["time"])))


def _limits_mw(net: pp.pandapowerNet, count: int) -> Array:
    """Limits in the order of pandapower's branches; infinite where there is none."""
    limit = np.full(count, np.inf)
    place = net["_pd2ppc_lookups"]["branch"]
    line, trafo = net.line, net.trafo
    kv = net.bus.loc[line["from_bus"], "vn_kv"].to_numpy(float)
    rated = {
        "line": np.sqrt(3) * kv * line["max_i_ka"] * line["df"] * line["parallel"],
        "trafo": trafo["sn_mva"] * trafo["df"] * trafo["parallel"],
    }
    for table, mva in rated.items():
        if len(mva):
            limit[slice(*place[table])] = mva * net[table]["max_loading_percent"] / 100.0
    return limit


def _column(table: pd.DataFrame, name: str, default: float) -> Array:
    values = table.get(name)
    return np.full(len(table), default) if values is None else values.fillna(default).to_numpy(float)


def _plants(net: pp.pandapowerNet, bus: Ints) -> Plants:
    gen = net.gen
    price = net.poly_cost[net.poly_cost["et"] == "gen"].set_index("element").loc[gen.index, "cp1_eur_per_mw"]
    return Plants(
        bus=bus[gen["bus"].to_numpy(int)],
        min_mw=gen["min_p_mw"].to_numpy(float),
        max_mw=gen["max_p_mw"].to_numpy(float),
        price=price.to_numpy(float),
        min_up_h=_column(gen, "min_up_h", 0.0).astype(int),
        min_down_h=_column(gen, "min_down_h", 0.0).astype(int),
        start_cny=_column(gen, "start_cost_cny", 0.0),
    )


def _stores(net: pp.pandapowerNet, bus: Ints) -> Stores:
    store = net.storage
    return Stores(
        bus=bus[store["bus"].to_numpy(int)],
        charge_mw=store["max_p_mw"].to_numpy(float),
        discharge_mw=-store["min_p_mw"].to_numpy(float),
        energy_mwh=store["max_e_mwh"].to_numpy(float),
        start_mwh=(store["soc_percent"] / 100.0 * store["max_e_mwh"]).to_numpy(float),
        eta_charge=_column(store, "eta_charge", 1.0),
        eta_discharge=_column(store, "eta_discharge", 1.0),
        wear=_column(store, "throughput_cost_cny_per_mwh", 0.0),
    )
