"""Losses of a dispatch: base points of the next linearisation, and what stands in the result."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from gridopt.errors import SolverError
from gridopt.model.losses import BasePoints, Losses
from gridopt.network.ac_year import AcYear
from gridopt.network.loss_factors import branch_losses_mw, linearised, loss_factors
from gridopt.results.variable import variable

if TYPE_CHECKING:
    from gridopt.horizon.record import Record
    from gridopt.model.component import Array
    from gridopt.model.system import System


def losses_mw(system: System, record: Record) -> Array:
    """What the net injections of each island add up to: losses of the dispatch, (island, time) [MW]."""
    return np.asarray(system.balance_areas() @ record.injection_mw)


def linearised_anew(system: System, record: Record, year: AcYear) -> System:
    """The same system, its losses linearised around the power flows of a dispatch.

    Parameters
    ----------
    system
        What was solved.
    record
        Its dispatch.
    year
        Power flows of all hours.  Hours without one are assumed to lose the same share of what flows as the others.

    Raises
    ------
    SolverError
        Where no hour has a power flow.
    """
    assert system.losses is not None, "demand is gross of losses"
    known = linearised(year)
    if not known.any():
        message = "no hour of the dispatch has an AC power flow, so that losses can't be linearised; losses: none goes"
        raise SolverError(f"{message} without, and its AC check tells more")
    of_power_flow, connected = _island_losses_mw(system, year)
    given = np.maximum(record.injection_mw, 0.0)
    through = np.asarray(system.balance_areas() @ given)
    usual = of_power_flow[:, known].sum(axis=1) / np.maximum(through[:, known].sum(axis=1), 1.0)
    lost = np.where(known, of_power_flow, usual[:, None] * through)
    lost[~connected] = losses_mw(system, record)[~connected]
    base = BasePoints(record.injection_mw, lost, _node_factors(system, year), known)
    return replace(system, losses=system.losses.tangent(system.network, base))


def disagreement(system: System, record: Record, year: AcYear) -> float:
    """Mean difference of the losses of dispatch and power flow in an hour, as a share of the latter [pu]."""
    known = linearised(year)
    of_power_flow, connected = _island_losses_mw(system, year)
    lost = of_power_flow[connected][:, known].sum(axis=0)
    missed = losses_mw(system, record)[connected][:, known].sum(axis=0) - lost
    return float(np.abs(missed).sum() / lost.sum()) if lost.sum() > 0 else 0.0


def _island_losses_mw(system: System, year: AcYear) -> tuple[Array, NDArray[np.bool_]]:
    """Losses of each island in its power flows, (island, time) [MW], and which islands a slack reaches."""
    network, grid = system.network, year.grid
    of_network = pd.MultiIndex.from_arrays([network.element, network.element_index, network.side])
    branch = of_network.get_indexer(pd.MultiIndex.from_arrays([grid.element, grid.element_index, grid.side]))
    there = branch >= 0
    island = network.island[network.from_node[branch[there]]]
    total = np.zeros((network.n_island, year.v_pu.shape[1]))
    np.add.at(total, island, branch_losses_mw(year)[there])
    connected = np.zeros(network.n_island, dtype=np.bool_)
    connected[network.island[network.bus_node[(network.bus_node >= 0) & (grid.bus_node >= 0)]]] = True
    return total, connected


def _node_factors(system: System, year: AcYear) -> Array:
    """Loss factors of the nodes of the dispatch, (node, time); 0 at star points, where nothing is injected."""
    network = system.network
    live = np.flatnonzero(network.bus_node >= 0)
    nodes, first = np.unique(network.bus_node[live], return_index=True)
    factors = np.zeros((network.n_node, year.v_pu.shape[1]))
    factors[nodes] = loss_factors(year)[live[first]]
    return factors


def loss_results(system: System, losses: Losses, record: Record) -> xr.Dataset:
    """Losses of the dispatch and the linearisation that they come from, under the dimensions of a result."""
    network = system.network
    live = np.flatnonzero(network.bus_node >= 0)
    node = network.bus_node[live]
    _, first = np.unique(node, return_index=True)
    share = np.zeros(live.size)
    share[first] = losses.share[node[first]]  # fused buses are one node: its share stands at the first of them
    labels = next(data.labels for kind, data in system.parts if kind.name == "demand")
    _, first_of_island = np.unique(network.island[node], return_index=True)
    islands = [labels[bus] for bus in first_of_island]  # an island is called by its first bus
    out = xr.Dataset(
        coords={"island": islands, "bus_island": ("bus", np.array(islands, dtype=str)[network.island[node]])}
    )
    for name, dims, values, units, meaning in (
        ("losses_mw", ("island", "time"), losses_mw(system, record), "MW", "losses of the grid in the dispatch"),
        ("losses_at_rest_mw", ("island", "time"), losses.offset_mw, "MW", "what they would be without any injection"),
        ("bus_loss_factor", ("bus",), losses.factor[node], "1", "losses per MW more injected at the bus"),
        ("bus_loss_share", ("bus",), share, "1", "share of the island's losses that the flows see at the bus"),
    ):
        out[name] = variable(dims, values, units, meaning)
    return out
