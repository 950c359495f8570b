"""The grid bears the loss of every credible circuit, transformer and tower: each is taken out and solved anew.

Which outages are credible is read from the tables again.  For each of them a grid without it is made, and its flows
come from ``Bθ = q`` with the injections of all hours; no distribution factor is formed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gridopt.results.audit.balance import branch_names, branch_places, by_node
from gridopt.results.audit.entry import number, truth
from gridopt.results.audit.finding import FLOW_MW, RELATIVE, Array, Check, Finding, Whole, at_most, equal
from gridopt.results.audit.grid import Branch, Grid, grid_of
from gridopt.results.audit.injection import bus_injection
from gridopt.results.audit.losses import drawn_mw
from gridopt.results.audit.view import MissingValuesError, View

if TYPE_CHECKING:
    from pandapower import pandapowerNet

LIMIT = Check(
    "limit after outage",
    "after each credible outage no branch carries more than its emergency limit, by our own flows",
    "MW",
)
LOADING = Check("loading after outage", "the worst loading after an outage is the one of our own flows", "1")

#: Every check of this file, for the list of what an audit proves.
CHECKS = (LIMIT, LOADING)
_TABLES = ("line", "trafo", "trafo3w")


@dataclass(frozen=True)
class Loss:
    """An outage: its name, the grid that is left, and which branches of the whole grid are in it."""

    name: str
    grid: Grid
    kept: Whole


def audit(view: View) -> Iterator[Finding]:
    """All checks of limits after outages; none where the case does not ask for them."""
    if view.settings.network_level != "dc+n-1":
        return
    grid = grid_of(_with_emergency_limits(view.case.net), plain=view.case.plain)
    injection = by_node(grid, bus_injection(view))
    injection = injection - drawn_mw(view, grid, injection)
    names = branch_names(view, grid.branches)
    excess, loading = (np.full((len(names), view.steps), -np.inf) for _ in range(2))
    worst = np.zeros((len(names), view.steps), dtype=np.int64)
    losses: list[str] = []
    for loss in _losses(view.case.net, grid):
        flows = np.abs(loss.grid.flows_mw(injection))
        limit = np.array([branch.limit_mw for branch in loss.grid.branches])[:, None]
        over, kept = flows - limit, loss.kept
        worst[kept] = np.where(over > excess[kept], len(losses), worst[kept])
        excess[kept] = np.maximum(over, excess[kept])
        loading[kept] = np.maximum(flows / limit, loading[kept])
        losses.append(loss.name)
    rows = np.flatnonzero(np.isfinite(excess).all(axis=1))
    if not rows.size:
        return
    hour = excess[rows].argmax(axis=1)
    which = [f"{names[row]} without {losses[worst[row, at]]}" for row, at in zip(rows, hour, strict=True)]
    yield at_most(LIMIT, excess[rows], 0.0, which, view.time, tolerance=FLOW_MW)
    written = _written(view, grid)[rows]
    yield equal(LOADING, written, loading[rows], [names[row] for row in rows], view.time, size=1.0, tolerance=RELATIVE)


def _with_emergency_limits(net: pandapowerNet) -> pandapowerNet:
    """A view of the net whose limits are those for a short time after an outage."""
    changed = net.__class__(net)
    for table in _TABLES:
        frame = net[table].copy()
        if "max_loading_percent" not in frame:
            frame["max_loading_percent"] = np.nan
        frame["max_loading_percent"] = [
            number(emergency, number(usual, np.nan))
            for emergency, usual in zip(frame["emergency_loading_percent"], frame["max_loading_percent"], strict=True)
        ]
        changed[table] = frame
    return changed


def _losses(net: pandapowerNet, grid: Grid) -> Iterator[Loss]:
    """The grid after each credible outage that leaves all buses connected."""
    groups: dict[str, list[tuple[str, int]]] = {}
    alone: list[tuple[str, list[tuple[str, int]]]] = []
    live = {(branch.element, branch.index) for branch in grid.branches}
    for table in _TABLES:
        for index, row in net[table].iterrows():
            place = (table, int(index))
            if place not in live:
                continue
            if truth(row["contingency"]):
                alone.append((str(row["name"] or f"{table} {index}"), [place]))
            if row["outage_group"]:
                groups.setdefault(str(row["outage_group"]), []).append(place)
    together = [(name, places) for name, places in groups.items() if len(places) > 1]
    whole = _parts(grid)
    for name, places in [*alone, *together]:
        left = [(row, rest) for row, branch in enumerate(grid.branches) if (rest := _rest(net, branch, places))]
        after = replace(grid, branches=tuple(branch for _, branch in left))
        if _parts(after) == whole:
            yield Loss(name, after, np.array([row for row, _ in left], dtype=np.int64))


def _rest(net: pandapowerNet, branch: Branch, lost: list[tuple[str, int]]) -> Branch | None:
    """What is left of a branch when one circuit of each row that is lost is gone."""
    if (branch.element, branch.index) not in lost:
        return branch
    circuits = 1.0 if branch.element == "trafo3w" else float(net[branch.element].at[branch.index, "parallel"])
    rest = 1.0 - 1.0 / circuits
    if rest == 0.0:
        return None
    return replace(branch, susceptance_mw=branch.susceptance_mw * rest, limit_mw=branch.limit_mw * rest)


def _parts(grid: Grid) -> int:
    """Number of islands that hold a bus; star points alone are none."""
    island = grid.islands()
    return len({int(island[node]) for node in grid.node_of_bus.values()})


def _written(view: View, grid: Grid) -> Array:
    """Worst loading of the dataset in the order of our branches, (branch, time)."""
    loading, place = view.array("branch_outage_loading_pu", ("branch", "time")), branch_places(view)
    keys = [(branch.element, branch.index, branch.side) for branch in grid.branches]
    missing = next((branch.label for branch, key in zip(grid.branches, keys, strict=True) if key not in place), None)
    if missing is not None:
        raise MissingValuesError("branch_outage_loading_pu", missing)
    return loading[[place[key] for key in keys]]
