r"""The audit's own DC power flow: nodes, branches and flows from the tables of the net.

Per branch, with the series reactance :math:`x` in ohm seen from one side, its tap ratio :math:`a` and its phase
shift :math:`\varphi`,

.. math:: f = b\,(\theta_i - \theta_j - \varphi), \qquad b = \frac{V^2}{x\,a}, \qquad
   \sum_{l \in i} f_l = q_i

solved per island with the sparse Laplacian :math:`B`; no distribution factor is formed.  A branch with an open
end carries nothing, and so do the inner nodes of extended wards.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from gridopt.results.audit.entry import number
from gridopt.results.audit.finding import Array
from gridopt.results.audit.windings import Winding, three_windings, two_windings

if TYPE_CHECKING:
    import pandas as pd
    from pandapower import pandapowerNet

#: What a limit or an interface may name, in the order of the results.
SIDES = ("hv", "mv", "lv")
# Ratio r/x of switches with an impedance, as pandapower's power flow and its optimal power flow have it.
_SWITCH_RX, _SWITCH_RX_OPF = 2.0, 0.5
# Loadability of long lines in multiples of their surge impedance load at 50, 200 and 300 miles (St. Clair).
_LOADABILITY = ((80.47, 3.0), (321.87, 1.3), (482.80, 1.0))
_NO_LIMIT_MW = 1e10


@dataclass(frozen=True)
class Branch:
    """One branch of the grid; ``ends`` are nodes, ``limit_mw`` is infinite where there is none."""

    element: str
    index: int
    side: str
    ends: tuple[int, int]
    susceptance_mw: float
    shift_rad: float
    limit_mw: float

    @property
    def label(self) -> str:
        """Table, row and side in words."""
        return f"{self.element} {self.index} {self.side}".strip()


@dataclass(frozen=True, eq=False)
class Grid:
    """Nodes and branches in service.

    Parameters
    ----------
    node_of_bus
        Node of each bus in service; buses that closed switches fuse share one.
    nodes
        Number of nodes, star points of three-winding transformers included.
    branches
        Branches that may carry power.
    idle
        Element, row and side of branches in the tables that carry nothing.
    """

    node_of_bus: dict[int, int]
    nodes: int
    branches: tuple[Branch, ...]

    @property
    def incidence(self) -> sp.csr_array:
        """Branch × node, +1 at the from end and −1 at the to end."""
        n = len(self.branches)
        ends = np.array([branch.ends for branch in self.branches], dtype=np.int64).reshape(n, 2)
        row = np.concatenate([np.arange(n), np.arange(n)])
        return sp.csr_array(
            (np.repeat([1.0, -1.0], n), (row, np.concatenate([ends[:, 0], ends[:, 1]]))), shape=(n, self.nodes)
        )

    def islands(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Number of the island of each node."""
        incidence = self.incidence
        _, island = connected_components(abs(incidence).T @ abs(incidence), directed=False)
        return np.asarray(island, dtype=np.int64)

    def flows_mw(self, injection_mw: Array) -> Array:
        """Branch flows (branch, time) for net injections (node, time); an island's first node takes what lacks."""
        incidence, island = self.incidence, self.islands()
        susceptance = np.array([branch.susceptance_mw for branch in self.branches])
        driven = susceptance * np.array([branch.shift_rad for branch in self.branches])
        laplacian = sp.csc_array(incidence.T @ sp.diags_array(susceptance) @ incidence)
        right = injection_mw + (incidence.T @ driven)[:, None]
        angle = np.zeros_like(right)
        for one in range(int(island.max(initial=-1)) + 1):
            members = np.flatnonzero(island == one)[1:]
            if members.size:
                angle[members] = splu(laplacian[members][:, members].tocsc()).solve(right[members])
        return np.asarray(susceptance[:, None] * (incidence @ angle) - driven[:, None])


def grid_of(net: pandapowerNet, *, plain: bool) -> Grid:
    """Nodes and branches of a net.

    Parameters
    ----------
    net
        The net, with the extension columns.
    plain
        Whether switches with an impedance count as in pandapower's optimal power flow.
    """
    node_of_bus = _fused(net)
    branches = [*_lines(net, node_of_bus), *_impedances(net, node_of_bus), *_switches(net, node_of_bus, plain=plain)]
    branches += _transformers(net, node_of_bus)
    nodes = max(node_of_bus.values(), default=-1) + 1
    star, nodes = _three_winding_branches(net, node_of_bus, nodes)
    return Grid(node_of_bus, nodes, tuple(branches + star))


def _fused(net: pandapowerNet) -> dict[int, int]:
    """Node of each bus in service: a group of buses joined by closed switches without impedance."""
    bus = net["bus"]
    live = [int(row) for row in bus.index[bus["in_service"].to_numpy(dtype=bool)]]
    place = {row: i for i, row in enumerate(live)}
    switch = net["switch"]
    joins = [
        (place[int(one)], place[int(other)])
        for one, other, kind, closed, ohm in zip(
            switch["bus"], switch["element"], switch["et"], switch["closed"], _ohm(switch), strict=True
        )
        if kind == "b" and closed and ohm <= 0 and int(one) in place and int(other) in place
    ]
    one, other = (np.array([join[k] for join in joins], dtype=np.int64) for k in (0, 1))
    graph = sp.coo_array((np.ones(len(joins)), (one, other)), shape=(len(live), len(live)))
    _, group = connected_components(graph, directed=False)
    return {row: int(group[i]) for row, i in place.items()}


def _ohm(switch: pd.DataFrame) -> Array:
    return switch["z_ohm"].fillna(0.0).to_numpy(float) if "z_ohm" in switch else np.zeros(len(switch))


def _open_ends(net: pandapowerNet, kind: str) -> set[tuple[int, int]]:
    """Element and bus of the open switches of lines ("l") or transformers ("t", "t3")."""
    switch = net["switch"]
    return {
        (int(element), int(bus))
        for element, bus, et, closed in zip(
            switch["element"], switch["bus"], switch["et"], switch["closed"], strict=True
        )
        if et == kind and not closed
    }


def _ends(row: pd.Series, columns: tuple[str, str], node_of_bus: dict[int, int]) -> tuple[int, int] | None:
    """Nodes at both ends, None where the branch or an end is out of service."""
    buses = [int(row[column]) for column in columns]
    if not row["in_service"] or any(bus not in node_of_bus for bus in buses):
        return None
    return node_of_bus[buses[0]], node_of_bus[buses[1]]


def _limit(mw: float) -> float:
    """A limit, infinite where pandapower reads none: missing, zero, or beyond any sense."""
    return math.inf if math.isnan(mw) or mw == 0.0 or mw >= _NO_LIMIT_MW else mw


def _lines(net: pandapowerNet, node_of_bus: dict[int, int]) -> list[Branch]:
    opened, branches = _open_ends(net, "l"), []
    for index, row in net["line"].iterrows():
        ends = _ends(row, ("from_bus", "to_bus"), node_of_bus)
        if ends is None or any((int(index), int(row[end])) in opened for end in ("from_bus", "to_bus")):
            continue
        kv, circuits = float(net["bus"].at[row["from_bus"], "vn_kv"]), float(row["parallel"])
        ohm = float(row["x_ohm_per_km"]) * float(row["length_km"]) / circuits
        thermal = math.sqrt(3) * kv * number(row.get("max_i_ka"), math.nan) * number(row.get("df"), 1.0) * circuits
        thermal *= number(row.get("max_loading_percent"), math.nan) / 100
        surge = number(row.get("surge_impedance_load_mw"), math.nan) * circuits * _loadability(float(row["length_km"]))
        known = [mw for mw in (thermal, surge) if not math.isnan(mw)]
        limit = _limit(min(known, default=math.nan))
        branches.append(Branch("line", int(index), "", ends, kv**2 / ohm, 0.0, limit))
    return branches


def _loadability(length_km: float) -> float:
    """What a line may carry in multiples of its surge impedance load: straight between the points in logarithms."""
    (x0, y0), (x1, y1), (x2, y2) = _LOADABILITY
    if length_km <= x0:
        return y0
    start, end = ((x0, y0), (x1, y1)) if length_km <= x1 else ((x1, y1), (x2, y2))
    power = math.log(end[1] / start[1]) / math.log(end[0] / start[0])
    return float(start[1] * (length_km / start[0]) ** power)


def _impedances(net: pandapowerNet, node_of_bus: dict[int, int]) -> list[Branch]:
    branches = []
    for index, row in net["impedance"].iterrows():
        ends = _ends(row, ("from_bus", "to_bus"), node_of_bus)
        if ends is not None:
            rated = float(row["sn_mva"])
            susceptance = rated / float(row["xft_pu"])
            branches.append(Branch("impedance", int(index), "", ends, susceptance, 0.0, _limit(rated)))
    return branches


def _switches(net: pandapowerNet, node_of_bus: dict[int, int], *, plain: bool) -> list[Branch]:
    ratio, switch = (_SWITCH_RX_OPF if plain else _SWITCH_RX), net["switch"]
    branches = []
    for (index, row), ohm in zip(switch.iterrows(), _ohm(switch), strict=True):
        if row["et"] == "b" and row["closed"] and ohm > 0:
            buses = int(row["bus"]), int(row["element"])
            if all(bus in node_of_bus for bus in buses):
                kv = float(net["bus"].at[buses[0], "vn_kv"])
                susceptance = kv**2 / (ohm / math.sqrt(1 + ratio**2))
                ends = node_of_bus[buses[0]], node_of_bus[buses[1]]
                branches.append(Branch("switch", int(index), "", ends, susceptance, 0.0, math.inf))
    return branches


def _susceptance(winding: Winding) -> float:
    return 1.0 / (winding.reactance_per_mva * winding.ratio)


def _transformers(net: pandapowerNet, node_of_bus: dict[int, int]) -> list[Branch]:
    opened, branches = _open_ends(net, "t"), []
    for index, row in net["trafo"].iterrows():
        ends = _ends(row, ("hv_bus", "lv_bus"), node_of_bus)
        if ends is None or any((int(index), int(row[end])) in opened for end in ("hv_bus", "lv_bus")):
            continue
        winding = two_windings(net, row)
        rated = float(row["sn_mva"]) * float(row["parallel"]) * number(row.get("df"), 1.0)
        limit = _limit(rated * number(row.get("max_loading_percent"), math.nan) / 100)
        branches.append(Branch("trafo", int(index), "", ends, _susceptance(winding), winding.shift_rad, limit))
    return branches


def _three_winding_branches(net: pandapowerNet, node_of_bus: dict[int, int], nodes: int) -> tuple[list[Branch], int]:
    """Three branches each, from the high side to the star and from the star to the others; and the nodes then."""
    opened, branches = _open_ends(net, "t3"), []
    for index, row in net["trafo3w"].iterrows():
        if not row["in_service"]:
            continue
        star = nodes
        nodes += 1
        for side, winding in zip(SIDES, three_windings(net, row), strict=True):
            bus = int(row[f"{side}_bus"])
            if bus not in node_of_bus or (int(index), bus) in opened:
                continue
            ends = (node_of_bus[bus], star) if side == "hv" else (star, node_of_bus[bus])
            limit = _limit(float(row[f"sn_{side}_mva"]) * number(row.get("max_loading_percent"), math.nan) / 100)
            branches.append(Branch("trafo3w", int(index), side, ends, _susceptance(winding), winding.shift_rad, limit))
    return branches, nodes
