r"""What the grid carries after the loss of a circuit, a transformer, a whole tower or a pole: pure functions.

An outage takes the share :math:`\delta_k` out of each of its branches :math:`k \in K`: all of a branch (1), or one of
:math:`m` parallel circuits (:math:`1/m`).  A lost circuit is replaced by a transfer :math:`T_k` from its one end to
the other that makes it carry just that transfer, so that nothing else notices whether it is there.  With
:math:`H_{lk} = \mathrm{PTDF}_l\,(e_{\mathrm{from}(k)} - e_{\mathrm{to}(k)})` and :math:`D = \mathrm{diag}(\delta)`,

.. math::
   T = (I - D H_{KK})^{-1} D f_K, \qquad
   f'_l = f_l + H_{lK} T, \qquad f'_k = (1 - \delta_k)\,(f_k + H_{kK} T)

which for one branch that is lost as a whole is the line outage distribution factor
:math:`\mathrm{LODF}_{lk} = H_{lk} / (1 - H_{kk})` (Wood, Wollenberg & Sheblé; section 1 of the formulation).  It is
exact for any number of branches and, as phase shifts are part of :math:`f`, with phase shifters too.

The matrix :math:`I - D H_{KK}` is singular where the outage cuts a part of the grid off.  Nobody can keep a limit
there: such outages are named and left out.

The loss of a pole of direct current takes a part of a power :math:`x` away and leaves the branches as they are
(``gridopt.network.poles``).  With the change :math:`c` of the injections per MW of it

.. math:: f' = f + \mathrm{PTDF}\,c\,x

which again is a combination of what is at stake: the flows of all branches, and behind them the powers at risk.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from gridopt.errors import Fault, InputError
from gridopt.network.matrices import branch_flow_mw
from gridopt.network.poles import PowerAtRisk, powers_at_risk
from gridopt.network.ratings import TRAFO3W_SIDES, branch_limits_mw

if TYPE_CHECKING:
    from pandapower import pandapowerNet

    from gridopt.network.matrices import DCNetwork

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Tables whose rows may be credible outages.
OUTAGE_TABLES = ("line", "trafo", "trafo3w")
# Determinants below this are looked at: is a part of the grid cut off?
_NEARLY_SINGULAR = 1e-6
_SINGULAR = 1e-12
# Entries of one block of flows after outages.
_BLOCK = 4_000_000


@dataclass(frozen=True, eq=False)
class Outage:
    """One credible outage.

    Parameters
    ----------
    name
        What is lost.
    branch
        (member,) branches of the network that are lost.
    share
        (member,) share of each that is lost: 1, or 1/m for one of m parallel circuits.
    """

    name: str
    branch: IntArray
    share: FloatArray


@dataclass(frozen=True, eq=False)
class CutOff:
    """An outage that is left out, as it cuts buses off."""

    name: str
    bus: IntArray


@dataclass(frozen=True, eq=False)
class OutageFactors:
    """Flows after outages as combinations of what is at stake: the flows before, and behind them the powers at risk.

    Parameters
    ----------
    network
        The DC network.
    powers
        Powers at risk; the loss of each is an outage, behind those of branches.
    name
        Name of each outage.
    first
        (outage + 1,) members of outage o are ``first[o]`` to ``first[o + 1]``.
    member
        (member,) what is lost: a branch, or ``n_branch + number`` of a power at risk.
    factor
        (branch, member) ``flow after = flow + Σ factor · what is at stake in the member`` [MW/MW].
    limit_mw
        (branch, outage) largest flow after the outage; infinite where there is none [MW].
    emergency_mw
        (branch,) the same of all circuits of the branch [MW].
    cut_off
        Outages that are left out.
    """

    network: DCNetwork
    powers: tuple[PowerAtRisk, ...]
    name: tuple[str, ...]
    first: IntArray
    member: IntArray
    factor: FloatArray
    limit_mw: FloatArray
    emergency_mw: FloatArray
    cut_off: tuple[CutOff, ...]

    @property
    def count(self) -> int:
        """Number of outages."""
        return len(self.name)

    @property
    def n_at_stake(self) -> int:
        """Number of branches and powers at risk."""
        return self.network.n_branch + len(self.powers)

    def combination(self, branch: IntArray, outage: IntArray) -> sp.csr_array:
        """Flow of ``branch[i]`` after ``outage[i]`` as a combination of what is at stake, (pair, branch + power)."""
        size = self.first[outage + 1] - self.first[outage]
        pair = np.repeat(np.arange(len(branch)), size)
        within = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
        number = np.repeat(self.first[outage], size) + within
        rows = np.concatenate([np.arange(len(branch)), pair])
        columns = np.concatenate([branch, self.member[number]])
        values = np.concatenate([np.ones(len(branch)), self.factor[branch[pair], number]])
        return sp.csr_array((values, (rows, columns)), shape=(len(branch), self.n_at_stake))

    def at_stake_mw(self, injected_mw: FloatArray) -> FloatArray:
        """Flows before any outage, and behind them the powers at risk, (branch + power, time) [MW].

        Parameters
        ----------
        injected_mw
            (node + power, time) net injections of the nodes, and behind them the powers at risk [MW].
        """
        nodes = self.network.n_node
        return np.concatenate([branch_flow_mw(self.network, injected_mw[:nodes]), injected_mw[nodes:]])

    def over_injections(self, combination: sp.csr_array) -> tuple[FloatArray, FloatArray]:
        """Write combinations of what is at stake over injections and powers at risk.

        Parameters
        ----------
        combination
            (pair, branch + power) [MW/MW].

        Returns
        -------
        tuple of ndarray
            Factors (pair, node + power) [MW/MW], and flows without any injection (pair,) [MW].
        """
        network = self.network
        of_flows, of_powers = combination[:, : network.n_branch], combination[:, network.n_branch :]
        factors = np.hstack([of_flows @ network.ptdf, of_powers.toarray()])
        return factors, np.asarray(of_flows @ branch_flow_mw(network, np.zeros(network.n_node)))

    def largest_mw(self, at_stake_mw: FloatArray) -> FloatArray:
        """No flow after an outage exceeds this in any of the hours, (branch, outage) [MW].

        Parameters
        ----------
        at_stake_mw
            (branch + power, time) flows before any outage, and powers at risk [MW].
        """
        most = np.abs(at_stake_mw).max(axis=1, initial=0.0)
        moved = np.abs(self.factor) * most[self.member]
        if not self.count:
            return np.zeros((self.network.n_branch, 0))
        return np.asarray(most[: self.network.n_branch, None] + np.add.reduceat(moved, self.first[:-1], axis=1))


def credible_factors(net: pandapowerNet, network: DCNetwork) -> OutageFactors:
    """Flows after all credible outages: circuits, transformers, groups of them, and poles.

    Parameters
    ----------
    net, network
        A net with all extension columns, and its DC network.

    Raises
    ------
    InputError
        Where the grid has no solution after an outage, or nothing responds to it.
    """
    return outage_factors(net, network, credible_outages(net, network), powers_at_risk(net, network))


def credible_outages(net: pandapowerNet, network: DCNetwork) -> list[Outage]:
    """Outages that the grid must bear: every circuit and transformer of the list, and every group as a whole.

    Parameters
    ----------
    net
        With all extension columns: ``contingency`` and ``outage_group``.
    network
        Of the same net; what is out of service has no branch there and is no outage.
    """
    single: list[Outage] = []
    group: dict[str, list[tuple[IntArray, FloatArray]]] = {}
    for element, index, branch in _elements(network):
        row = net[element].loc[index]
        circuits = int(network.parallel[branch[0]])
        label = str(network.name[branch[0]]) or f"{element} {index}"
        lost = _but_one(network, branch) if element == "trafo3w" else branch
        share = np.full(len(lost), 1.0 / circuits)
        if not len(lost):
            continue
        if bool(row["contingency"]):
            single.append(Outage(f"{label}, one of {circuits}" if circuits > 1 else label, lost, share))
        if row["outage_group"]:
            group.setdefault(str(row["outage_group"]), []).append((lost, share))
    together = [
        Outage(name, *(np.concatenate(parts) for parts in zip(*members, strict=True)))
        for name, members in group.items()
        if len(members) > 1
    ]
    return single + together


def _elements(network: DCNetwork) -> Iterator[tuple[str, int, IntArray]]:
    """Table, row and branches of every circuit and transformer in the network."""
    for element in OUTAGE_TABLES:
        mine = np.flatnonzero(network.element == element)
        for index in dict.fromkeys(network.element_index[mine].tolist()):
            yield element, index, mine[network.element_index[mine] == index]


def _but_one(network: DCNetwork, branch: IntArray) -> IntArray:
    """Branches of a transformer with three windings that lead to buses but the last: that one ends in the star then."""
    ends = np.stack([network.from_node[branch], network.to_node[branch]])
    return branch[(network.node_bus[ends] >= 0).any(axis=0)][:-1]


def outage_factors(
    net: pandapowerNet, network: DCNetwork, outages: list[Outage], powers: tuple[PowerAtRisk, ...] = ()
) -> OutageFactors:
    """Factors and limits of some outages; those that cut buses off are named instead.

    Parameters
    ----------
    net, network
        A net with all extension columns, and its DC network.
    outages
        Branches that may be lost.
    powers
        Powers that may be lost.

    Raises
    ------
    InputError
        Where susceptances of opposite sign leave the grid without a solution after an outage.
    """
    emergency = emergency_limit_mw(net, network)
    kept: list[Outage] = []
    factors, limits, cut_off = [], [], []
    for outage in outages:
        factor, bus = _factor(network, outage)
        if factor is not None:
            kept.append(outage)
            factors.append(factor)
            limits.append(_limit_after(emergency, outage))
        elif bus.size:  # else an open end, which carries nothing
            cut_off.append(CutOff(outage.name, bus))
    members = [outage.branch for outage in kept] + [np.array([network.n_branch + k]) for k in range(len(powers))]
    factors += [(network.ptdf @ power.change)[:, None] for power in powers]
    limits += [emergency] * len(powers)
    names = tuple(outage.name for outage in kept) + tuple(power.name for power in powers)
    return OutageFactors(
        network=network,
        powers=powers,
        name=names,
        first=np.cumsum([0, *map(len, members)], dtype=np.int64),
        member=np.concatenate([np.zeros(0, np.int64), *members]),
        factor=np.hstack([np.zeros((network.n_branch, 0)), *factors]),
        limit_mw=np.array(limits).reshape(len(names), network.n_branch).T,
        emergency_mw=emergency,
        cut_off=tuple(cut_off),
    )


def _factor(network: DCNetwork, outage: Outage) -> tuple[FloatArray | None, IntArray]:
    """Factors (branch, member) of an outage; None where it cuts nodes off, with the buses among them."""
    branch, share = outage.branch, outage.share
    transfer = network.ptdf[:, network.from_node[branch]] - network.ptdf[:, network.to_node[branch]]
    matrix = np.eye(len(branch)) - share[:, None] * transfer[branch]
    determinant = abs(float(np.linalg.det(matrix)))
    if determinant < _NEARLY_SINGULAR:
        separated = _separated(network, branch[share == 1.0])
        if separated.any():
            bus = network.node_bus[separated]
            return None, bus[bus >= 0]
    if determinant < _SINGULAR:
        message = "susceptances of opposite sign cancel out when it is lost"
        raise InputError(Fault(table=str(network.element[branch[0]]), row=outage.name, message=message))
    factor = transfer @ np.linalg.solve(matrix, np.diag(share))
    own = np.eye(len(branch))
    factor[branch] = (1.0 - share)[:, None] * (own + factor[branch]) - own
    return factor, np.zeros(0, np.int64)


def _limit_after(emergency_mw: FloatArray, outage: Outage) -> FloatArray:
    """Limits after an outage, (branch,) [MW]: what is left of a branch has its share, what is gone needs none."""
    limit, part = emergency_mw.copy(), outage.share < 1.0
    limit[outage.branch[part]] *= 1.0 - outage.share[part]
    limit[outage.branch[~part]] = np.inf
    return limit


def _separated(network: DCNetwork, lost: IntArray) -> NDArray[np.bool_]:
    """Nodes that lose the way to the reference of their island when branches are lost, (node,)."""
    stays = np.ones(network.n_branch, dtype=bool)
    stays[lost] = False
    ends = (network.from_node[stays], network.to_node[stays])
    graph = sp.coo_array((np.ones(int(stays.sum())), ends), shape=(network.n_node, network.n_node))
    _, part = connected_components(graph, directed=False)
    return np.asarray(part != part[network.reference[network.island]])


def emergency_limit_mw(net: pandapowerNet, network: DCNetwork) -> FloatArray:
    """Largest flow of each branch for a short time after an outage, (branch,) [MW]; infinite where there is none."""
    limit = np.full(network.n_branch, np.inf)
    for element, values in branch_limits_mw(net, emergency=True).items():
        mine = np.flatnonzero(network.element == element)
        row = net[element].index.get_indexer(network.element_index[mine])
        sides = {side: number for number, side in enumerate(TRAFO3W_SIDES)}
        block = np.array([sides.get(side, 0) for side in network.side[mine].tolist()], dtype=np.int64)
        limit[mine] = values[row + len(net[element]) * block]
    return limit


def worst_after_outages(factors: OutageFactors, at_stake_mw: FloatArray) -> tuple[FloatArray, IntArray]:
    """Of each branch in each hour the flow after the outage that loads it most, and that outage.

    Parameters
    ----------
    factors
        Factors and limits.
    at_stake_mw
        (branch + power, time) flows before any outage, and powers at risk [MW].

    Returns
    -------
    tuple of ndarray, both (branch, time)
        Flow after the outage [MW], NaN where no outage has a limit for the branch; number of the outage, else −1.
    """
    shape = factors.network.n_branch, at_stake_mw.shape[1]
    flow, outage = np.full(shape, np.nan), np.full(shape, -1, dtype=np.int64)
    for branch in range(factors.network.n_branch):
        limited = np.flatnonzero(np.isfinite(factors.limit_mw[branch]))
        if not limited.size:
            continue
        combination = factors.combination(np.full(limited.size, branch), limited)
        per_block = max(_BLOCK // limited.size, 1)
        for start in range(0, shape[1], per_block):
            hours = slice(start, start + per_block)
            after = combination @ at_stake_mw[:, hours]
            worst = np.argmax(np.abs(after) / factors.limit_mw[branch, limited, None], axis=0)
            flow[branch, hours] = np.take_along_axis(after, worst[None], axis=0)[0]
            outage[branch, hours] = limited[worst]
    return flow, outage
