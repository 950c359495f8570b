"""The grid bears the loss of every credible circuit, transformer, tower and pole: each is taken out and solved anew.

Which outages are credible is read from the tables again.  For each of them a grid without it is made, and its flows
come from ``Bθ = q`` with the injections of all hours; no distribution factor is formed.  The loss of a pole leaves the
grid as it is and changes the injections (``gridopt.results.audit.poles``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from gridopt.results.audit.balance import (
    branch_names,
    branch_places,
    by_node,
    section_flows_mw,
    section_limits_mw,
    section_places,
)
from gridopt.results.audit.entry import number, truth
from gridopt.results.audit.finding import FLOW_MW, RELATIVE, Array, Check, Finding, Whole, at_most, equal, worse
from gridopt.results.audit.grid import Branch, Grid, grid_of
from gridopt.results.audit.injection import bus_injection
from gridopt.results.audit.losses import drawn_mw
from gridopt.results.audit.poles import PoleLoss, pole_losses
from gridopt.results.audit.view import MissingValuesError, View

if TYPE_CHECKING:
    from pandapower import pandapowerNet

LIMIT = Check(
    "limit after outage",
    "after each credible outage no branch carries more than its emergency limit, by our own flows",
    "MW",
)
LOADING = Check("loading after outage", "the worst loading after an outage is the one of our own flows", "1")
SECTION = Check(
    "section after pole",
    "after the loss of each pole no section carries more than its limit then, by our own flows",
    "MW",
)
CROSSING = Check("flow after pole", "the flow over each section after the loss of a pole is the one of our own", "MW")
LOST = Check("power of a pole", "what is lost with a pole is its share of the element's power", "MW")

#: Every check of this file, for the list of what an audit proves.
CHECKS = (LIMIT, LOADING, SECTION, CROSSING, LOST)
_TABLES = ("line", "trafo", "trafo3w")


@dataclass(frozen=True)
class Loss:
    """An outage: its name, the grid that is left, which branches of the whole grid are in it, injections after it."""

    name: str
    grid: Grid
    kept: Whole
    injection_mw: Array


def audit(view: View) -> Iterator[Finding]:
    """All checks of limits after outages; none where the case does not ask for them."""
    if view.settings.network_level != "dc+n-1":
        return
    grid = grid_of(_with_emergency_limits(view.case.net), plain=view.case.plain)
    injection = by_node(grid, bus_injection(view))
    injection = injection - drawn_mw(view, grid, injection)
    poles = list(pole_losses(view, grid))
    whole = np.arange(len(grid.branches), dtype=np.int64)
    without_power = (Loss(pole.name, grid, whole, injection + pole.change_mw) for pole in poles)
    yield from _limits(view, grid, chain(_losses(view.case.net, grid, injection), without_power))
    if poles:
        yield _lost(view, poles)
        yield from _sections(view, grid, injection, poles)


def _limits(view: View, grid: Grid, losses: Iterable[Loss]) -> Iterator[Finding]:
    """Limits after outages, and the worst loading of each branch and hour."""
    names = branch_names(view, grid.branches)
    excess, loading = (np.full((len(names), view.steps), -np.inf) for _ in range(2))
    worst = np.zeros((len(names), view.steps), dtype=np.int64)
    lost: list[str] = []
    for loss in losses:
        flows = np.abs(loss.grid.flows_mw(loss.injection_mw))
        limit = np.array([branch.limit_mw for branch in loss.grid.branches])[:, None]
        over, kept = flows - limit, loss.kept
        worst[kept] = np.where(over > excess[kept], len(lost), worst[kept])
        excess[kept] = np.maximum(over, excess[kept])
        loading[kept] = np.maximum(flows / limit, loading[kept])
        lost.append(loss.name)
    rows = np.flatnonzero(np.isfinite(excess).all(axis=1))
    if not rows.size:
        return
    hour = excess[rows].argmax(axis=1)
    which = [f"{names[row]} without {lost[worst[row, at]]}" for row, at in zip(rows, hour, strict=True)]
    yield at_most(LIMIT, excess[rows], 0.0, which, view.time, tolerance=FLOW_MW)
    written = _written(view, grid)[rows]
    yield equal(LOADING, written, loading[rows], [names[row] for row in rows], view.time, size=1.0, tolerance=RELATIVE)


def _sections(view: View, grid: Grid, injection_mw: Array, poles: list[PoleLoss]) -> Iterator[Finding]:
    """Limits of sections after the loss of poles, and the flows over them that were written."""
    sections = [str(name) for name in view.case.net["interface"]["name"]]
    if not sections:
        return
    share = view.case.net["interface"]["pole_limit_percent"].to_numpy(float)[:, None] / 100.0
    low, high = section_limits_mw(view)
    low, high = np.where(np.isnan(share), -np.inf, share * low), np.where(np.isnan(share), np.inf, share * high)
    ours = np.concatenate(
        [section_flows_mw(view, grid, grid.flows_mw(injection_mw + pole.change_mw)) for pole in poles]
    )
    low, high = (np.tile(limit, (len(poles), 1)) for limit in (low, high))
    names = [f"{section} without {pole.name}" for pole in poles for section in sections]
    yield worse(
        at_most(SECTION, ours, high, names, view.time, tolerance=FLOW_MW),
        at_most(SECTION, -ours, -low, names, view.time, tolerance=FLOW_MW),
    )
    written = view.array("interface_flow_after_pole_mw", ("pole", "interface", "time"))[:, section_places(view)]
    yield equal(CROSSING, written.reshape(-1, view.steps), ours, names, view.time, tolerance=FLOW_MW)


def _lost(view: View, poles: list[PoleLoss]) -> Finding:
    """The power that was written to be lost with each pole is the one that is."""
    written, names = view.array("pole_lost_mw", ("pole", "time")), [pole.name for pole in poles]
    if len(written) != len(names):
        raise MissingValuesError("pole_lost_mw")
    return equal(LOST, written, np.stack([pole.lost_mw for pole in poles]), names, view.time, tolerance=FLOW_MW)


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


def _losses(net: pandapowerNet, grid: Grid, injection_mw: Array) -> Iterator[Loss]:
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
            yield Loss(name, after, np.array([row for row, _ in left], dtype=np.int64), injection_mw)


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
