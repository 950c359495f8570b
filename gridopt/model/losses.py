r"""Losses in the balance (formulation, section 2): a tangent of the AC power flow for every hour.

.. math::
   \sum_{b \in a} q_{b,t} = L_{a,t}, \qquad
   L_{a,t} = L^0_{a,t} + \sum_{b \in a} \mathrm{LF}_b\,(q_{b,t} - q^0_{b,t})
   \quad\Longleftrightarrow\quad
   \sum_{b \in a} (1 - \mathrm{LF}_b)\, q_{b,t} = L^0_{a,t} - \sum_{b \in a} \mathrm{LF}_b\, q^0_{b,t}

The loss factors are coefficients, so they are the same in all hours; base point and losses of each hour stand on the
right (``docs/decisions/0021-constant-loss-factors.md``).  Losses are drawn at the nodes by their share of the demand of
the island: there the network limits see them, and power that is taken away there has no loss factor.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import scipy.sparse as sp

from gridopt.model.component import Array
from gridopt.network.loss_factors import referred_to
from gridopt.network.matrices import DCNetwork


@dataclass(frozen=True)
class Losses:
    """Losses as a linear function of the net injections.

    Parameters
    ----------
    factor
        (node,) losses per MW of net injection [MW/MW].
    offset_mw
        (island, time) what the losses would be without any injection [MW].
    share
        (node,) share of the losses of its island that is drawn at the node.
    """

    factor: Array
    offset_mw: Array
    share: Array

    @classmethod
    def assumed(cls, network: DCNetwork, demand_mw: Array, rate: float) -> Self:
        """Losses before any power flow is known: what was taken off the demand.

        Parameters
        ----------
        network
            The network.
        demand_mw
            (node, time) demand of which the losses are taken off [MW].
        rate
            Losses as a share of the demand with them.
        """
        offset = rate / (1.0 - rate) * _by_island(network) @ demand_mw
        return cls(np.zeros(network.n_node), offset, demand_share(network, demand_mw))

    def tangent(self, network: DCNetwork, base: BasePoints) -> Self:
        """Losses around base points; the factors are means over the hours weighted with the losses."""
        known = base.known
        by_hour = referred_to(base.factor[:, known], self.share, network.island)
        weight = base.losses_mw[:, known][network.island]
        weight = np.where(weight.sum(axis=1, keepdims=True) > 0, weight, 1.0)
        factor = (weight * by_hour).sum(axis=1) / weight.sum(axis=1)
        offset = base.losses_mw - _by_island(network) @ (factor[:, None] * base.injection_mw)
        return replace(self, factor=factor, offset_mw=np.asarray(offset))

    def coarse(self, steps: int) -> Self:
        """Losses with ``steps`` steps in one."""
        return replace(self, offset_mw=self.offset_mw.reshape(len(self.offset_mw), -1, steps).mean(axis=2))


@dataclass(frozen=True)
class BasePoints:
    """Hours whose AC power flow is known.

    Parameters
    ----------
    injection_mw
        (node, time) net injection in the dispatch [MW].
    losses_mw
        (island, time) [MW].
    factor
        (node, time) loss factors against any slack; NaN in hours that are not known.
    known
        (time,) whether losses and factors come from a power flow.
    """

    injection_mw: Array
    losses_mw: Array
    factor: Array
    known: np.ndarray[tuple[int], np.dtype[np.bool_]]


def demand_share(network: DCNetwork, demand_mw: Array) -> Array:
    """Share of each node in the demand of its island, (node,); all of it at the reference where there is none."""
    energy = np.maximum(demand_mw, 0.0).sum(axis=1)
    without = (_by_island(network) @ energy) == 0
    energy[network.reference[without]] = 1.0
    share: Array = energy / (_by_island(network) @ energy)[network.island]
    return share


def _by_island(network: DCNetwork) -> sp.csr_array:
    """Sum over the nodes of each island, (island, node)."""
    return sp.csr_array((np.ones(network.n_node), (network.island, np.arange(network.n_node))))
