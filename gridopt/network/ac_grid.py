r"""The AC network of a net: pandapower's own admittance matrices, and what each branch may carry.

Parallel circuits, three-winding transformers, phase shifters, fused and open switches, wards and fixed shunts are
turned into nodes and branches by pandapower, with the options of ``pandapower.runpp``; nothing of that physics is
written again here.  What gives or takes power is left out of the matrices: ``gridopt.network.ac_rule`` gives it by
hour.  Switched shunts are left out as well, they are a part of that rule.

All reference nodes have a fixed complex voltage, so they are one node for the solver: with :math:`V = A v`, where
column 0 of :math:`A` holds the voltages of the reference nodes and :math:`v_0 = 1`, the network that the solver sees
is :math:`A^\mathsf{H} Y A`, and power is preserved.  An ``ext_grid`` that may give no power (``max_p_mw`` = 0) is a
reference for the angles and no more: the voltage of its bus is held by what stands there, within its reach.

Written for pandapower 3.5; the functions used are private there, so the version is pinned in ``pyproject.toml``.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.errors import Fault, InputError
from gridopt.network.matrices import BranchLabels, branch_labels
from gridopt.network.ratings import TRAFO3W_SIDES

if TYPE_CHECKING:
    from pandapower import pandapowerNet

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
StrArray = NDArray[np.str_]

#: Tables whose power an hour gives.
POWER_TABLES = ("load", "sgen", "storage", "gen", "dcline")


@dataclass(frozen=True, eq=False)
class AcGrid:
    """An AC network in per unit; buses in the order of ``net.bus``, nodes and branches in pandapower's order.

    Attributes
    ----------
    base_mva : float
        Base of the per-unit values [MVA].
    bus_index : ndarray of int, shape (bus,)
        Bus ids of the net.
    bus_node : ndarray of int, shape (bus,)
        Node of each bus; fused buses share one, −1 where no slack reaches it or it is out of service.
    reference : ndarray of int, shape (reference,)
        Nodes of fixed voltage.
    merge : csc_matrix, shape (node, solver node)
        A: the complex voltage of each reference node in column 0, one for every other node in its own column.
    ybus : csc_matrix, shape (node, node)
        Admittances [pu].
    from_node, to_node : ndarray of int, shape (branch,)
        Ends.
    yf, yt : csr_matrix, shape (branch, node)
        Current into each branch at its from and its to end per voltage [pu].
    element, side : ndarray of str, shape (branch,)
        As in ``gridopt.network.matrices.DCNetwork``.
    element_index : ndarray of int, shape (branch,)
        Row label in that table.
    rated_from_pu, rated_to_pu : ndarray of float, shape (branch,)
        Rated current at the two ends [pu], infinite where there is none.
    steady_mva : ndarray of complex, shape (node,)
        What wards and motors draw at constant power [MVA].
    held_node : ndarray of int
        Nodes whose voltage is held without limit: inside extended wards, and at slacks that may give power.
    held_pu : ndarray of float
        Their voltages [pu].
    """

    base_mva: float
    bus_index: IntArray
    bus_node: IntArray
    reference: IntArray
    merge: sp.csc_matrix
    ybus: sp.csc_matrix
    from_node: IntArray
    to_node: IntArray
    yf: sp.csr_matrix
    yt: sp.csr_matrix
    element: StrArray
    element_index: IntArray
    side: StrArray
    rated_from_pu: FloatArray
    rated_to_pu: FloatArray
    steady_mva: ComplexArray
    held_node: IntArray
    held_pu: FloatArray

    @property
    def n_node(self) -> int:
        """Number of nodes."""
        return len(self.steady_mva)

    def at_node(self, by_bus: NDArray[Any]) -> NDArray[Any]:
        """Sum of what stands at the buses, (bus, ...) to (node, ...)."""
        live = np.flatnonzero(self.bus_node >= 0)
        shape = (self.n_node, len(self.bus_node))
        return np.asarray(sp.csr_array((np.ones(len(live)), (self.bus_node[live], live)), shape=shape) @ by_bus)

    @cached_property
    def first_bus(self) -> IntArray:
        """Position of the first bus of each node that has one, (occupied node,)."""
        nodes, first = np.unique(self.bus_node, return_index=True)
        return np.asarray(first[nodes >= 0])

    def at_first_bus(self, by_bus: NDArray[Any]) -> NDArray[Any]:
        """What stands at fused buses, moved to the first of them, (bus, ...) to (bus, ...)."""
        moved = np.zeros_like(by_bus)
        moved[self.first_bus] = self.at_node(by_bus)[self.bus_node[self.first_bus]]
        return moved


def switched_shunts(net: pandapowerNet) -> BoolArray:
    """Rows of ``shunt`` that are switched by step: those with steps left to put in."""
    return np.asarray(net.shunt["step"].to_numpy(float) < net.shunt["max_step"].to_numpy(float))


def bare_net(net: pandapowerNet) -> pandapowerNet:
    """Copy of a net with its branches, fixed shunts, wards, motors and slacks alone; the given one is untouched.

    A net without any slack gets one at its largest generator.
    """
    import pandapower as pp

    bare, blank = copy.copy(net), pp.create_empty_network()
    for table in POWER_TABLES:
        bare[table] = blank[table]
    bare["shunt"] = net.shunt[~switched_shunts(net)].copy()  # pandapower fills in missing rated voltages
    bare["ext_grid"] = net.ext_grid.copy()
    slack = net.gen[net.gen["slack"].to_numpy(bool) & net.gen["in_service"].to_numpy(bool)]
    if not net.ext_grid["in_service"].any() and slack.empty:
        slack = net.gen[net.gen["in_service"].to_numpy(bool)].nlargest(1, "max_p_mw")
    for bus, level in zip(slack["bus"], slack["vm_pu"], strict=True):
        pp.create_ext_grid(bare, bus, vm_pu=level)
    return bare


def _giving_slacks(bare: pandapowerNet) -> IntArray:
    """Buses of the slacks that may give power; several slacks all count, as their voltages are tied together."""
    slacks = bare.ext_grid[bare.ext_grid["in_service"].to_numpy(bool)]
    idle = slacks["max_p_mw"].eq(0.0) if "max_p_mw" in slacks and len(slacks) == 1 else False
    return np.asarray(slacks.loc[~pd.Series(idle, index=slacks.index), "bus"], dtype=np.int64)


def ac_grid(net: pandapowerNet) -> AcGrid:
    """Let pandapower build the AC model of a net, which is left untouched.

    Parameters
    ----------
    net : pandapowerNet
        Any net that ``gridopt.network.supported`` lets pass.
    """
    from pandapower.pypower.idx_brch import F_BUS, T_BUS
    from pandapower.pypower.idx_bus import BASE_KV, BUS_TYPE, PD, PV, QD, REF, VA
    from pandapower.pypower.idx_gen import GEN_BUS, VG
    from pandapower.pypower.makeYbus import makeYbus

    bare = bare_net(net)
    ppci = _pandapower_case(bare)
    bus, branch, gen = ppci["bus"], ppci["branch"], ppci["gen"]
    base = float(ppci["baseMVA"])
    ybus, yf, yt = makeYbus(base, bus, branch)
    level = np.ones(len(bus))
    level[gen[:, GEN_BUS].real.astype(np.int64)] = gen[:, VG].real
    reference = np.flatnonzero(bus[:, BUS_TYPE] == REF)
    rows = bare["_pd2ppc_lookups"]["bus"]
    giving = rows[_giving_slacks(bare)]
    held = np.flatnonzero((bus[:, BUS_TYPE] == PV) | np.isin(np.arange(len(bus)), giving))
    from_node, to_node = (branch[:, end].real.astype(np.int64) for end in (F_BUS, T_BUS))
    live = ppci["internal"]["branch_is"]
    labels, rated_ka = _branch_labels(bare), _rated_ka(bare)
    unit_ka = base / np.sqrt(3.0) / bus[:, BASE_KV]
    rows = rows[net.bus.index.to_numpy(np.int64)]
    return AcGrid(
        base_mva=base,
        bus_index=net.bus.index.to_numpy(np.int64),
        bus_node=np.where(rows < len(bus), rows, -1).astype(np.int64),
        reference=reference,
        merge=_merge(reference, np.asarray(level * np.exp(1j * np.deg2rad(bus[:, VA].real)))[reference], len(bus)),
        ybus=_canonical(ybus),
        from_node=from_node,
        to_node=to_node,
        yf=sp.csr_matrix(yf),
        yt=sp.csr_matrix(yt),
        element=labels.element[live],
        element_index=labels.element_index[live],
        side=labels.side[live],
        rated_from_pu=rated_ka[live, 0] / unit_ka[from_node],
        rated_to_pu=rated_ka[live, 1] / unit_ka[to_node],
        steady_mva=bus[:, PD] + 1j * bus[:, QD],
        held_node=held,
        held_pu=level[held],
    )


def _pandapower_case(bare: pandapowerNet) -> dict[str, Any]:
    """Let pandapower make its case of a bare net, without what is out of service."""
    from pandapower.auxiliary import _init_runpp_options
    from pandapower.pd2ppc import _pd2ppc
    from pandapower.pypower.idx_brch import BR_B, BR_R, BR_X, SHIFT, TAP

    _init_runpp_options(
        bare,
        algorithm="nr",
        calculate_voltage_angles=True,
        init="dc",
        max_iteration="auto",
        tolerance_mva=1e-8,
        trafo_model="t",
        trafo_loading="current",
        enforce_p_lims=False,
        enforce_q_lims=True,
        check_connectivity=True,
        voltage_depend_loads=False,
        numba=False,  # nothing is gained by compiling for seconds what runs once
        lightsim2grid=False,
    )
    bare["_pd2ppc_lookups"] = {"bus": None, "bus_dc": None, "ext_grid": None, "gen": None, "branch": None}
    try:
        ppci: dict[str, Any] = _pd2ppc(bare)[1]
    except (UserWarning, AttributeError, KeyError) as error:  # all that pandapower raises about missing data
        raise InputError(
            f"pandapower can't build the AC model of the net: {error}; ac_check: off goes without"
        ) from error
    used = ppci["branch"][:, [BR_R, BR_X, BR_B, TAP, SHIFT]]  # its limits may be missing
    broken = np.flatnonzero(~np.isfinite(used).all(axis=1))
    if broken.size:
        labels = _branch_labels(bare)
        row = np.flatnonzero(ppci["internal"]["branch_is"])[broken[0]]
        message = "resistance, reactance or charging is no finite number (ac_check: off goes without)"
        raise InputError(Fault(table=str(labels.element[row]), row=str(labels.element_index[row]), message=message))
    return ppci


def _canonical(matrix: Any) -> sp.csc_matrix:
    canonical = sp.csc_matrix(matrix)
    canonical.sum_duplicates()
    return canonical


def _merge(reference: IntArray, voltage_pu: ComplexArray, n_node: int) -> sp.csc_matrix:
    """A of the module's docstring."""
    others = np.setdiff1d(np.arange(n_node), reference)
    row = np.concatenate([reference, others])
    column = np.concatenate([np.zeros(len(reference), np.int64), 1 + np.arange(len(others))])
    value = np.concatenate([voltage_pu, np.ones(len(others))])
    return sp.csc_matrix((value, (row, column)), shape=(n_node, 1 + len(others)))


def _branch_labels(bare: pandapowerNet) -> BranchLabels:
    """Labels of all branch rows of pandapower's case."""
    switches = bare.switch.index.to_numpy(np.int64)[np.asarray(bare["_impedance_bb_switches"], dtype=np.bool_)]
    return branch_labels(bare, bare["_pd2ppc_lookups"]["branch"], switches)


def _rated_ka(bare: pandapowerNet) -> FloatArray:
    """Rated current at both ends of all branch rows of pandapower's case, (row, 2) [kA]."""
    blocks = bare["_pd2ppc_lookups"]["branch"].items()
    return np.concatenate([np.empty((0, 2)), *(_block_ka(bare, name, stop - first) for name, (first, stop) in blocks)])


def _block_ka(net: pandapowerNet, element: str, count: int) -> FloatArray:
    """Rated current at the from and the to end, (row, 2) [kA]; infinite at the star of three-winding transformers."""
    rated = np.full((count, 2), np.inf)
    if element == "line":
        rated[:] = (net.line["max_i_ka"] * net.line["df"] * net.line["parallel"]).to_numpy(float)[:, None]
    elif element == "trafo":
        power = (net.trafo["sn_mva"] * net.trafo["df"] * net.trafo["parallel"]).to_numpy(float) / np.sqrt(3.0)
        rated[:] = power[:, None] / net.trafo[["vn_hv_kv", "vn_lv_kv"]].to_numpy(float)
    elif element == "trafo3w":
        table = net.trafo3w
        current = [table[f"sn_{s}_mva"].to_numpy(float) / table[f"vn_{s}_kv"].to_numpy(float) for s in TRAFO3W_SIDES]
        at_from = np.repeat([True, False, False], len(table))
        rated[at_from, 0] = current[0] / np.sqrt(3.0)
        rated[~at_from, 1] = np.concatenate(current[1:]) / np.sqrt(3.0)
    return np.where(np.isfinite(rated) & (rated > 0), rated, np.inf)
