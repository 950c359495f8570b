r"""The DC network of a net: nodes, branches, susceptances, limits and power transfer distribution factors.

With the node-branch incidence :math:`A` (branch × node, +1 at the from node, −1 at the to node), the branch
susceptances :math:`b` [MW/rad] and the phase shifts :math:`\theta_\mathrm{shift}`, the DC power flow is
(Wood, Wollenberg & Sheblé; section 1 of the formulation)

.. math:: f = \mathrm{PTDF}\,(q - A^\top s) + s, \qquad s_l = -b_l\,\theta_{\mathrm{shift},l}

where :math:`q` is the net injection of each node after the constant demand of its shunt conductance.
Susceptances, shifts and shunts are pandapower's own (see ``gridopt.network.ppc``); flows equal
``pandapower.rundcpp`` to 1e-6 MW.

Each electrical island has one reference node: the first ``ext_grid``, else the first slack ``gen`` of the
island, else its first node. pandapower drops islands without a slack, their load included; here they stay.
Only what is connected to no slack and holds no element at all is left out (bus sections without anything,
branches that are open at both ends).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import SuperLU, splu

from gridopt.errors import Fault, InputError
from gridopt.network.islands import occupied_buses
from gridopt.network.ppc import SWITCH_RX_RATIO, PandapowerModel, pandapower_model
from gridopt.network.ratings import TRAFO3W_SIDES, branch_limits_mw
from gridopt.network.supported import unmodelled_elements

if TYPE_CHECKING:
    from pandapower import pandapowerNet

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
StrArray = NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class DCNetwork:
    """A DC network; all arrays are in the order of its nodes or branches.

    Attributes
    ----------
    bus_index : ndarray of int, shape (bus,)
        Bus ids of the net, in the order of ``net.bus``.
    bus_node : ndarray of int, shape (bus,)
        Node of each bus; several buses share a node where closed bus-bus switches fuse them, −1 where the bus
        is out of service or isolated.
    node_bus : ndarray of int, shape (node,)
        One bus id of each node; −1 at auxiliary nodes (star points of three-winding transformers, internal
        nodes of extended wards, open ends of branches).
    island : ndarray of int, shape (node,)
        Number of the island, from 0.
    reference : ndarray of int, shape (island,)
        Reference node of each island.
    has_slack : ndarray of bool, shape (island,)
        Whether an ``ext_grid`` or a slack ``gen`` is in service there.
    element : ndarray of str, shape (branch,)
        ``line``, ``trafo``, ``trafo3w``, ``impedance``, ``xward`` or ``switch`` (with ``z_ohm`` > 0).
    element_index : ndarray of int, shape (branch,)
        Row label in that table.
    side : ndarray of str, shape (branch,)
        ``hv``, ``mv`` or ``lv`` for three-winding transformers, else empty.
    name : ndarray of str, shape (branch,)
        Name of the element, may be empty.
    parallel : ndarray of int, shape (branch,)
        Number of circuits or transformers that this branch stands for.
    from_node, to_node : ndarray of int, shape (branch,)
        Ends; lines from → to, transformers hv → lv, three-winding transformers hv → star, star → mv, star →
        lv.
    susceptance_mw : ndarray of float, shape (branch,)
        Susceptance [MW/rad].
    shift_mw : ndarray of float, shape (branch,)
        Phase-shift injection s [MW].
    limit_mw : ndarray of float, shape (branch,)
        Largest flow in either direction [MW], infinite where there is none.
    incidence : csr_matrix, shape (branch, node)
        A: +1 at the from node, −1 at the to node.
    shunt_mw : ndarray of float, shape (node,)
        Constant demand of shunt conductances at rated voltage: shunts and the ``pz_mw`` of wards and extended
        wards [MW]. Their ``ps_mw`` is part of ``dispatchable(net)``. Iron losses of transformers are zero, as
        in ``rundcpp``.
    sink : ndarray of float, shape (node,), optional
        Share of each node in what injections of its island add up to; by default all of it at the reference.
    """

    bus_index: IntArray
    bus_node: IntArray
    node_bus: IntArray
    island: IntArray
    reference: IntArray
    has_slack: BoolArray
    element: StrArray
    element_index: IntArray
    side: StrArray
    name: StrArray
    parallel: IntArray
    from_node: IntArray
    to_node: IntArray
    susceptance_mw: FloatArray
    shift_mw: FloatArray
    limit_mw: FloatArray
    incidence: sp.csr_matrix
    shunt_mw: FloatArray
    sink: FloatArray | None = None

    @property
    def n_node(self) -> int:
        """Number of nodes."""
        return len(self.node_bus)

    @property
    def n_branch(self) -> int:
        """Number of branches."""
        return len(self.element_index)

    @property
    def n_island(self) -> int:
        """Number of islands."""
        return len(self.reference)

    @cached_property
    def flow_matrix(self) -> sp.csr_matrix:
        """``diag(b) A``: flow per angle [MW/rad], shape (branch, node)."""
        return sp.csr_matrix(sp.diags(self.susceptance_mw) @ self.incidence)

    @cached_property
    def ptdf(self) -> FloatArray:
        """Power transfer distribution factors, shape (branch, node).

        Row l, column n: change of the flow of branch l per MW injected at node n and withdrawn at the
        reference of its island, whose column is zero, or at the nodes of the sink by their shares. Computed with
        one sparse LU factorization per island when first asked for, then kept.
        """
        factors = np.zeros((self.n_branch, self.n_node))
        branch_island = self.island[self.from_node]
        for nodes, factorization in _factorized_islands(self):
            rows = np.flatnonzero(branch_island == self.island[nodes[0]])
            right = self.flow_matrix[rows][:, nodes].T.toarray()
            factors[np.ix_(rows, nodes)] = factorization.solve(right).T
        if self.sink is not None:
            share = sp.csr_array((self.sink, (np.arange(self.n_node), self.island)))
            factors -= np.asarray(factors @ share)[:, self.island]
        return factors


def _factorized_islands(network: DCNetwork) -> Iterator[tuple[IntArray, SuperLU]]:
    """Of every island with several nodes: the nodes without the reference, and the LU of ``Aᵀ diag(b) A``."""
    node_matrix = sp.csc_matrix(network.incidence.T @ network.flow_matrix)
    for number, reference in enumerate(network.reference):
        nodes = np.flatnonzero(network.island == number)
        nodes = nodes[nodes != reference]
        if len(nodes) == 0:
            continue
        try:
            factorization = splu(sp.csc_matrix(node_matrix[nodes][:, nodes]))
        except RuntimeError as error:
            bus = network.node_bus[nodes].max()
            message = f"susceptances of opposite sign cancel out in the island of this bus ({error})"
            raise InputError(Fault(table="bus", row=str(bus), message=message)) from error
        yield nodes, factorization


def node_angle_rad(network: DCNetwork, injection_mw: ArrayLike) -> FloatArray:
    """Voltage angles for the given net injections, from ``Aᵀ diag(b) A θ = q − Aᵀ s``, without the PTDF.

    Parameters
    ----------
    network : DCNetwork
    injection_mw : array_like, shape (node,) or (node, time)
        Net injection q after shunts [MW]; what an island lacks is met at its reference node.

    Returns
    -------
    ndarray, same shape
        Angles relative to the reference of each island [rad].
    """
    injection = np.asarray(injection_mw, dtype=np.float64)
    shift = network.incidence.T @ network.shift_mw
    right = injection - shift.reshape((-1,) + (1,) * (injection.ndim - 1))
    angle = np.zeros_like(right)
    for nodes, factorization in _factorized_islands(network):
        angle[nodes] = factorization.solve(right[nodes])
    return np.asarray(angle)


def branch_flow_mw(network: DCNetwork, injection_mw: ArrayLike) -> FloatArray:
    """Branch flows of the given net injections, ``f = PTDF (q − Aᵀ s) + s``.

    Parameters
    ----------
    network : DCNetwork
    injection_mw : array_like, shape (node,) or (node, time)
        Net injection q after shunts [MW]; what an island lacks is met at its reference node, or by the sink.

    Returns
    -------
    ndarray, shape (branch,) or (branch, time)
        Flow from the from node to the to node [MW].
    """
    injection = np.asarray(injection_mw, dtype=np.float64)
    # Flows at zero injection: what the phase shifters drive around by themselves.
    circulating = network.shift_mw - network.ptdf @ (network.incidence.T @ network.shift_mw)
    return np.asarray(network.ptdf @ injection + circulating.reshape((-1,) + (1,) * (injection.ndim - 1)))


def bus_injection_matrix(network: DCNetwork, buses: ArrayLike) -> sp.csr_array:
    """Map elements at buses of the net onto the nodes of the network.

    Parameters
    ----------
    network : DCNetwork
    buses : array_like of int, shape (element,)
        Bus id of each element.

    Returns
    -------
    csr_array, shape (node, element)
        One where the element sits at the node. The column of an element at a bus without a node is empty.

    Raises
    ------
    InputError
        If a bus does not exist in the net.
    """
    bus = np.asarray(buses, dtype=np.int64)
    order = np.argsort(network.bus_index)
    position = np.searchsorted(network.bus_index, bus, sorter=order).clip(max=max(len(order) - 1, 0))
    known = network.bus_index[order[position]] == bus if len(order) else np.zeros(len(bus), dtype=np.bool_)
    if not known.all():
        message = f"there is no bus {', '.join(map(str, np.unique(bus[~known])))}"
        raise InputError(Fault(table="bus", message=message))
    node = network.bus_node[order[position]]
    column = np.flatnonzero(node >= 0)
    shape = (network.n_node, len(bus))
    return sp.csr_array((np.ones(len(column)), (node[column], column)), shape=shape)


def _slack_buses(net: pandapowerNet, model: PandapowerModel) -> IntArray:
    """Buses of the slacks in service, in the order in which they are taken as references."""
    slack_gens = model.in_service["gen"] & net["gen"]["slack"].to_numpy(dtype=np.bool_)
    ext_grid = net["ext_grid"]["bus"].to_numpy(dtype=np.int64)[model.in_service["ext_grid"]]
    return np.concatenate([ext_grid, net["gen"]["bus"].to_numpy(dtype=np.int64)[slack_gens]])


@dataclass(frozen=True, eq=False)
class BranchLabels:
    """What the branch rows of pandapower's model stand for; attributes as in ``DCNetwork``."""

    element: StrArray
    element_index: IntArray
    side: StrArray
    name: StrArray
    parallel: IntArray
    limit_mw: FloatArray


def branch_labels(
    net: pandapowerNet, blocks: Mapping[str, tuple[int, int]], impedance_switches: IntArray
) -> BranchLabels:
    """Label every branch row of a model of pandapower, in its order; parameters as in ``PandapowerModel``."""
    limits = branch_limits_mw(net)
    parts: list[BranchLabels] = []
    for element, (start, stop) in blocks.items():
        table = net[element].loc[impedance_switches] if element == "switch" else net[element]
        sides = TRAFO3W_SIDES if element == "trafo3w" else ("",)
        names = table["name"].fillna("").astype(str).to_numpy() if "name" in table else np.full(len(table), "")
        parallel = table["parallel"].to_numpy() if "parallel" in table else np.ones(len(table))
        parts.append(
            BranchLabels(
                element=np.full(stop - start, element),
                element_index=np.tile(table.index.to_numpy(dtype=np.int64), len(sides)),
                side=np.repeat(sides, len(table)),
                name=np.tile(names.astype(np.str_), len(sides)),
                parallel=np.tile(parallel.astype(np.int64), len(sides)),
                limit_mw=limits.get(element, np.full(stop - start, np.inf)),
            )
        )
    return BranchLabels(
        element=np.concatenate([np.empty(0, dtype="<U1"), *(part.element for part in parts)]),
        element_index=np.concatenate([np.empty(0, np.int64), *(part.element_index for part in parts)]),
        side=np.concatenate([np.empty(0, dtype="<U1"), *(part.side for part in parts)]),
        name=np.concatenate([np.empty(0, dtype="<U1"), *(part.name for part in parts)]),
        parallel=np.concatenate([np.empty(0, np.int64), *(part.parallel for part in parts)]),
        limit_mw=np.concatenate([np.empty(0), *(part.limit_mw for part in parts)]),
    )


def _without_reactance(model: PandapowerModel, labels: BranchLabels) -> list[Fault]:
    """Branches in service whose susceptance or phase shift would not be a finite number."""
    message = "has no reactance: a DC power flow can't share power over it (use a closed switch instead)"
    finite = np.isfinite(model.susceptance_pu) & np.isfinite(model.shift_degree)
    rows = np.flatnonzero(model.branch_live & ~(finite & (model.reactance_pu != 0.0)))
    return [Fault(table=str(labels.element[row]), row=str(labels.element_index[row]), message=message) for row in rows]


def dc_network(net: pandapowerNet, switch_rx_ratio: float = SWITCH_RX_RATIO) -> DCNetwork:
    """Build the DC network of a net, with exactly pandapower's susceptances; the net is left untouched.

    Parameters
    ----------
    net : pandapowerNet
    switch_rx_ratio : float
        r/x of bus-bus switches with ``z_ohm`` > 0 [pu]: 2 as in ``rundcpp``; ``rundcopp`` has 0.5.

    Returns
    -------
    DCNetwork

    Raises
    ------
    InputError
        If the net holds elements that can't be modelled in DC, or a branch without reactance.
    """
    model = pandapower_model(net, switch_rx_ratio)
    labels = branch_labels(net, model.blocks, model.impedance_switches)
    faults = unmodelled_elements(net) + _without_reactance(model, labels)
    if faults:
        raise InputError(faults)

    slack_rows = model.bus_row[_slack_buses(net, model)]
    kept, component = _kept_rows(net, model, slack_rows)
    node_of_row = np.full(len(kept), -1, dtype=np.int64)
    node_of_row[kept] = np.arange(np.count_nonzero(kept))
    _, island = np.unique(component[kept], return_inverse=True)

    reference, has_slack = _references(island, node_of_row[slack_rows])
    live = model.branch_live & kept[model.from_row]
    from_node, to_node = node_of_row[model.from_row[live]], node_of_row[model.to_row[live]]
    susceptance = model.susceptance_pu[live] * model.base_mva
    bus_index = net["bus"].index.to_numpy(dtype=np.int64)
    bus_node = node_of_row[model.bus_row[bus_index]]
    node_bus = np.full(len(island), -1, dtype=np.int64)
    present = bus_node >= 0
    node_bus[bus_node[present][::-1]] = bus_index[present][::-1]
    return DCNetwork(
        bus_index=bus_index,
        bus_node=bus_node,
        node_bus=node_bus,
        island=island.astype(np.int64),
        reference=reference,
        has_slack=has_slack,
        from_node=from_node,
        to_node=to_node,
        susceptance_mw=susceptance,
        shift_mw=-susceptance * np.deg2rad(model.shift_degree[live]),
        incidence=_incidence(from_node, to_node, len(island)),
        shunt_mw=model.shunt_mw[kept],
        element=labels.element[live],
        element_index=labels.element_index[live],
        side=labels.side[live],
        name=labels.name[live],
        parallel=labels.parallel[live],
        limit_mw=labels.limit_mw[live],
    )


def _references(island: IntArray, slack_nodes: IntArray) -> tuple[IntArray, BoolArray]:
    """Reference node of each island, and whether it is a slack: the first one, else the island's first node."""
    _, reference = np.unique(island, return_index=True)
    has_slack = np.zeros(len(reference), dtype=np.bool_)
    for node in slack_nodes[::-1]:  # backwards, so that the first slack of an island is the one that stays
        reference[island[node]], has_slack[island[node]] = node, True
    return reference.astype(np.int64), has_slack


def _kept_rows(net: pandapowerNet, model: PandapowerModel, slack_rows: IntArray) -> tuple[BoolArray, IntArray]:
    """Which bus rows become nodes, and the connected component of every row."""
    n_row, live = len(model.bus_live), model.branch_live
    ends = (model.from_row[live], model.to_row[live])
    graph = sp.coo_matrix((np.ones(np.count_nonzero(live)), ends), shape=(n_row, n_row))
    n_component, component = connected_components(graph, directed=False)
    occupied = model.bus_row[np.intersect1d(occupied_buses(net), net["bus"].index)]
    anchored = np.zeros(n_component, dtype=np.bool_)
    anchored[component[occupied[model.bus_live[occupied]]]] = True
    anchored[component[slack_rows]] = True
    return model.bus_live & anchored[component], component.astype(np.int64)


def _incidence(from_node: IntArray, to_node: IntArray, n_node: int) -> sp.csr_matrix:
    """Branch × node matrix with +1 at the from node and −1 at the to node."""
    branch = np.arange(len(from_node))
    values = np.concatenate([np.ones(len(branch)), -np.ones(len(branch))])
    index = (np.concatenate([branch, branch]), np.concatenate([from_node, to_node]))
    return sp.csr_matrix((values, index), shape=(len(branch), n_node))
