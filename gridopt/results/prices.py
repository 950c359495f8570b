r"""Nodal prices from the duals of the balance and of the network limits.

.. math::
   \lambda_{b,t} = \lambda^0_{a(b),t}\,(1 - \mathrm{LF}_b) - \sum_i M_{ib}\,(\mu^+_{i,t} - \mu^-_{i,t})
   - \sum_{l,k} (\mathrm{PTDF}_{lb} + \mathrm{LODF}_{lk} \mathrm{PTDF}_{kb})\,(\mu^+_{lk,t} - \mu^-_{lk,t})

with the price :math:`\lambda^0` at the reference of the island, loss factors LF (none without losses), the matrix
:math:`M` of branch flows and interfaces, and the flows of branches :math:`l` after outages :math:`k` (formulation,
section 2).  The part of energy is the mean over the island weighted with demand (a load-weighted distributed slack),
the part of losses is :math:`-\lambda^0 \mathrm{LF}_b` less its own mean, and the part of congestion is the rest; what
of it comes from outages is told apart in the same way.
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
    """Price of each bus and its parts, (bus, time) [CNY/MWh]; ``security`` is the part of outages in congestion."""

    total: Array
    energy: Array
    losses: Array
    congestion: Array
    security: Array


def nodal_prices(system: System, record: Record) -> NodalPrices:
    """Prices of all buses in service."""
    network = system.network
    node = network.bus_node[network.bus_node >= 0]
    area_of_node = system.balance_areas().argmax(axis=0)
    reference = record.area_price[area_of_node]
    lost = np.zeros_like(reference) if system.losses is None else -system.losses.factor[:, None] * reference
    factors, first = system.limits.matrix[:, : network.n_node], system.limits.first_after_poles
    usual = reference + lost + factors[:first].T @ record.limit_price[:first]
    outages = record.outage_nodal_price + factors[first:].T @ record.limit_price[first:]
    price, lost, security = (values[node] for values in (usual + outages, lost, outages))
    demand = np.maximum(record.outputs["demand"]["demand_mw"], 0.0)
    energy, mean_lost, secured = (
        _weighted_mean(values, demand, area_of_node[node]) for values in (price, lost, security)
    )
    losses = lost - mean_lost
    return NodalPrices(price, energy, losses, price - energy - losses, security - secured)


def _weighted_mean(values: Array, demand_mw: Array, area: NDArray[np.int64]) -> Array:
    """Mean over each area weighted with demand, (bus, time); every bus counts the same where there is no demand."""
    mean = np.empty_like(values)
    for number in np.unique(area):
        buses = area == number
        weight = np.where(demand_mw[buses].sum(axis=0) > 0, demand_mw[buses], 1.0)
        mean[buses] = (weight * values[buses]).sum(axis=0) / weight.sum(axis=0)
    return mean
