r"""Nodal prices from the duals of the balance and of the network limits.

.. math:: \lambda_{b,t} = \lambda^0_{a(b),t} - \sum_i M_{ib}\,(\mu^+_{i,t} - \mu^-_{i,t})

with the price :math:`\lambda^0` at the reference of the island and the matrix :math:`M` of branch flows and
interfaces (formulation, section 1).  The part of energy is the mean over the island weighted with demand (a
load-weighted distributed slack), the part of congestion is the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gridopt.model.component import Array

if TYPE_CHECKING:
    from gridopt.horizon.record import Record
    from gridopt.model.system import System


@dataclass(frozen=True)
class NodalPrices:
    """Price of each bus and its two parts, (bus, time) [CNY/MWh]."""

    total: Array
    energy: Array
    congestion: Array


def nodal_prices(system: System, record: Record) -> NodalPrices:
    """Prices of all buses in service."""
    area_of_node = system.balance_areas().argmax(axis=0)
    node_price = record.area_price[area_of_node] + system.limits.matrix.T @ record.limit_price
    network = system.network
    node = network.bus_node[network.bus_node >= 0]
    price = node_price[node]
    demand = np.maximum(record.outputs["demand"]["demand_mw"], 0.0)
    area = area_of_node[node]
    energy = np.empty_like(price)
    for number in np.unique(area):
        buses = area == number
        weight = demand[buses]
        total = weight.sum(axis=0)
        # an island without demand in some hour: every bus counts the same
        weight = np.where(total > 0, weight, 1.0)
        energy[buses] = (weight * price[buses]).sum(axis=0) / weight.sum(axis=0)
    return NodalPrices(price, energy, price - energy)
