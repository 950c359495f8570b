"""Losses of the grid: the balance holds them, they follow the injections, and the flows see them at the demand.

The loss factors and what is lost without any injection are those of the result: they come from power flows of an
earlier dispatch, which is not kept.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridopt.results.audit.finding import BALANCE_MW, Array, Check, Finding, Whole, equal
from gridopt.results.audit.grid import Grid
from gridopt.results.audit.injection import demand_by_bus, has_losses
from gridopt.results.audit.view import MissingValuesError, View

SHARE = Check("loss share", "losses are drawn at the buses by their share of the island's demand", "1")
FACTORS = Check("loss factors", "power drawn where the demand is loses nothing", "1")
LINEAR = Check("losses", "losses of every island follow its injections by the loss factors of the buses", "MW")

#: Every check of this file, for the list of what an audit proves.
CHECKS = (SHARE, FACTORS, LINEAR)


def drawn_mw(view: View, grid: Grid, injection: Array) -> Array:
    """Losses that the flows see at each node, (node, time) [MW]: what its island has too much, by our own shares."""
    if not has_losses(view):
        return np.zeros_like(injection)
    island = grid.islands()
    lost = _sums(island, injection)
    return np.asarray(_own_share(view, grid, island)[:, None] * lost[island])


def island_losses(view: View, grid: Grid, names: list[str], injection: Array) -> Iterator[Finding]:
    """Checks of the linearisation, given the names of the islands and the power of every node (node, time)."""
    island = grid.islands()
    rows = _written_islands(view, grid, island)
    own = [number for number, row in enumerate(rows) if row >= 0]
    factor, share = (_at_node(view, grid, variable) for variable in ("bus_loss_factor", "bus_loss_share"))
    buses = sorted(grid.node_of_bus.values())
    labels = [f"node {node}" for node in range(grid.nodes)]
    for bus, node in reversed(list(grid.node_of_bus.items())):
        labels[node] = str(view.case.net["bus"].at[bus, "name"] or f"bus {bus}")
    yield equal(
        SHARE, share[buses, None], _own_share(view, grid, island)[buses, None], [labels[n] for n in buses], [""]
    )
    referred = _sums(island, (share * factor)[:, None])[own]
    shown = [names[number] for number in own]
    yield equal(FACTORS, referred, 0.0, shown, [""])
    at_rest = view.array("losses_at_rest_mw", ("island", "time"))[rows[own]]
    right = at_rest + _sums(island, factor[:, None] * injection)[own]
    yield equal(LINEAR, written_losses(view, grid)[own], right, shown, view.time, tolerance=BALANCE_MW)


def written_losses(view: View, grid: Grid) -> Array:
    """Losses of the result by our islands, (island, time) [MW]; none of star points that stand alone."""
    island = grid.islands()
    losses, rows = view.array("losses_mw", ("island", "time")), _written_islands(view, grid, island)
    return np.where((rows >= 0)[:, None], losses[rows], 0.0)


def _written_islands(view: View, grid: Grid, island: Whole) -> Whole:
    """Row in the result of each of our islands, (island,); −1 for star points that stand alone."""
    if not {"island", "bus_island"} <= set(view.data.coords):
        raise MissingValuesError("bus_island")
    labels = view.data["island"].to_numpy().astype(str).tolist()
    named = view.data["bus_island"].to_numpy().astype(str)[view.positions(view.buses)]
    rows = np.full(int(island.max(initial=-1)) + 1, -1, dtype=np.int64)
    for (_, bus), label in zip(view.buses.places, named.tolist(), strict=True):
        rows[island[grid.node_of_bus[bus]]] = labels.index(label)
    return rows


def _at_node(view: View, grid: Grid, variable: str) -> Array:
    """A variable of the buses by node, (node,): the shares of fused buses add up, their factors are the same."""
    values, nodes = np.zeros(grid.nodes), [grid.node_of_bus[bus] for _, bus in view.buses.places]
    written = view.array(variable, ("bus",))[view.positions(view.buses)]
    if variable == "bus_loss_share":
        np.add.at(values, nodes, written)
    else:
        values[nodes] = written
    return values


def _own_share(view: View, grid: Grid, island: Whole) -> Array:
    """Share of each node in the demand of its island, (node,), from loads and profiles; as written where none is."""
    demand = demand_by_bus(view)
    energy = np.zeros((grid.nodes, view.steps))
    for bus, place in demand.place.items():
        energy[grid.node_of_bus[bus]] += demand.mw[place]
    by_node = np.maximum(energy, 0.0).sum(axis=1)
    total = _sums(island, by_node[:, None])[:, 0]
    written = _at_node(view, grid, "bus_loss_share")
    return np.asarray(np.divide(by_node, total[island], out=written, where=total[island] > 0))


def _sums(island: Whole, values: Array) -> Array:
    """Sum over the nodes of each island, (island, column)."""
    total = np.zeros((int(island.max(initial=-1)) + 1, values.shape[1]))
    np.add.at(total, island, values)
    return total
