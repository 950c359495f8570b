"""What the loss of a pole takes away, read from the result and the tables: every bus with its loss and its response.

For each element with poles the powers at its buses are taken out by the share that is lost, and what its island then
lacks is given to the machines of that island in proportion to their weight in the response.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gridopt.results.audit.balance import by_node
from gridopt.results.audit.entry import number
from gridopt.results.audit.finding import Array
from gridopt.results.audit.grid import Grid
from gridopt.results.audit.injection import BusSum
from gridopt.results.audit.view import Rows, View

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class PoleLoss:
    """The loss of a pole: its name, the power lost (time,), and what it changes at the nodes (node, time) [MW]."""

    name: str
    lost_mw: Array
    change_mw: Array


def pole_losses(view: View, grid: Grid) -> Iterator[PoleLoss]:
    """The loss of one pole of every element in service that has some."""
    weight, island = _weight_mw(view, grid), grid.islands()
    for table, rows, variable, sign in (
        ("dcline", view.plain, "generator_p_mw", 1.0),
        ("tie", view.tie, "tie_export_mw", -1.0),
    ):
        for place, series in zip(rows.places, _powers(view, rows, variable), strict=True):
            if place[0] != table:
                continue
            row = view.case.net[table].loc[place[1]]
            poles = int(number(row["poles"], 0.0))
            if poles < 1:
                continue
            share = 1.0 - number(row["pole_overload_pu"], 1.0) * (poles - 1) / poles
            lost = share * sign * series
            change = by_node(grid, _taken_out(view, table, row, lost))
            name = row["name"] if isinstance(row["name"], str) and row["name"] else f"{table} {place[1]}"
            yield PoleLoss(f"{name}, one pole of {poles}", lost, change + _response(change, weight, island))


def _powers(view: View, rows: Rows, variable: str) -> Array:
    return view.values(variable, rows) if len(rows) else np.zeros((0, view.steps))


def _taken_out(view: View, table: str, row: pd.Series, lost_mw: Array) -> BusSum:
    """What the buses lose; a DC line also no longer draws what it gave, and its proportional loss, at its other end."""
    total = BusSum(view.live_buses, view.steps)
    total.add([int(row["bus" if table == "tie" else "to_bus"])], lost_mw[None, :], -1.0)
    if table == "dcline":
        total.add([int(row["from_bus"])], (1.0 + float(row["loss_percent"]) / 100.0) * lost_mw[None, :])
    return total


def _response(change_mw: Array, weight_mw: Array, island: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Array:
    """What the machines of each island do about a change at its nodes, (node, time) [MW]."""
    response = np.zeros_like(change_mw)
    for one in range(int(island.max(initial=-1)) + 1):
        mine = island == one
        if weight_mw[mine].any():
            share = weight_mw[mine] / weight_mw[mine].sum()
            response[mine] = -np.outer(share, change_mw[mine].sum(axis=0))
    return response


def _weight_mw(view: View, grid: Grid) -> Array:
    """Weight of every node in the response, (node,) [MW]: what rows state, else the rating of machines that turn."""
    weight = np.zeros(grid.nodes)
    for table in ("gen", "storage", "tie"):
        for _, row in view.table(table).iterrows():
            weight[grid.node_of_bus[int(row["bus"])]] += number(row["response_mw"], _rating_mw(table, row))
    return weight


def _rating_mw(table: str, row: pd.Series) -> float:
    """Rated power of a machine that turns with the grid [MW]; zero of anything else, and where none is given."""
    rated = 0.0
    if table == "gen":
        rated = number(row.get("max_p_mw"), 0.0)
    elif table == "storage" and row["technology"] == "phs":
        rated = -number(row.get("min_p_mw"), 0.0)
    return max(rated, 0.0) if math.isfinite(rated) else 0.0
