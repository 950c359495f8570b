r"""Nodal prices from the duals of the balance and of the network limits.

.. math::
   \lambda_{b,t} = \lambda^0_{a(b),t} - \sum_i M_{ib}\,(\mu^+_{i,t} - \mu^-_{i,t})
   - \sum_{l,k} (\mathrm{PTDF}_{lb} + \mathrm{LODF}_{lk} \mathrm{PTDF}_{kb})\,(\mu^+_{lk,t} - \mu^-_{lk,t})

with the price :math:`\lambda^0` at the reference of the island, the matrix :math:`M` of branch flows and interfaces,
and the flows of branches :math:`l` after outages :math:`k` (formulation, section 1).  The part of energy is the mean
over the island weighted with demand (a load-weighted distributed slack), the part of congestion is the rest; what of
it comes from outages is told apart in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gridopt.model.component import Array

if TYPE_CHECKING:
    from gridopt.horizon.record import Record
    from gridopt.model.system import System


@dataclass(frozen=True)
class NodalPrices:
    """Price of each bus and its two parts, (bus, time) [CNY/MWh]; ``security`` is the part of outages in congestion."""

    total: Array
    energy: Array
    congestion: Array
    security: Array


def nodal_prices(system: System, record: Record) -> NodalPrices:
    """Prices of all buses in service."""
    network = system.network
    node = network.bus_node[network.bus_node >= 0]
    area_of_node = system.balance_areas().argmax(axis=0)
    factors, first = system.limits.matrix[:, : network.n_node], system.limits.first_after_poles
    usual = record.area_price[area_of_node] + factors[:first].T @ record.limit_price[:first]
    outages = record.outage_nodal_price + factors[first:].T @ record.limit_price[first:]
    price, security = (usual + outages)[node], outages[node]
    demand = np.maximum(record.outputs["demand"]["demand_mw"], 0.0)
    energy, secured = (_weighted_mean(values, demand, area_of_node[node]) for values in (price, security))
    return NodalPrices(price, energy, price - energy, security - secured)


def _weighted_mean(values: Array, demand_mw: Array, area: NDArray[np.int64]) -> Array:
    """Mean over each area weighted with demand, (bus, time); every bus counts the same where there is no demand."""
    mean = np.empty_like(values)
    for number in np.unique(area):
        buses = area == number
        weight = np.where(demand_mw[buses].sum(axis=0) > 0, demand_mw[buses], 1.0)
        mean[buses] = (weight * values[buses]).sum(axis=0) / weight.sum(axis=0)
    return mean
