"""Every hour adds up at every node, and the grid carries it.

Flows come from the audit's own DC power flow, driven by injections that are summed from the plants.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from gridopt.results.audit.finding import (
    BALANCE_MW,
    FLOW_MW,
    Array,
    Check,
    Finding,
    at_most,
    equal,
    worse,
)
from gridopt.results.audit.grid import SIDES, Branch, Grid, grid_of
from gridopt.results.audit.injection import BusSum, bus_injection, demand_by_bus, fixed_by_bus, has_losses
from gridopt.results.audit.losses import CHECKS as LOSS_CHECKS
from gridopt.results.audit.losses import drawn_mw, island_losses, written_losses
from gridopt.results.audit.view import MissingValuesError, View

DEMAND = Check("demand", "demand of every bus is what its loads and their profiles say", "MW")
FIXED = Check("fixed injection", "elements that nobody dispatches inject what the net says", "MW")
UNSERVED = Check("unserved demand", "no more demand is left unserved than there is, and none is negative", "MW")
EXCESS = Check("excess power", "power that nobody takes is not negative", "MW")
VALVES = Check("valves", "nothing is unserved or in excess where the case forbids it", "MW")
BUS = Check("bus injection", "the net injection of every bus is the sum of its plants and loads", "MW")
ISLAND = Check("island balance", "injections of every island add up to its losses, or to nothing", "MW")
NODE = Check("nodal balance", "what is injected at a node leaves over its branches", "MW")
FLOW = Check("branch flow", "branch flows are those of our own DC power flow", "MW")
LIMIT = Check("branch limit", "no branch carries more than its limit, by our own flows", "MW")
INTERFACE = Check("interface flow", "the flow of every interface is the signed sum of its branches", "MW")
INTERFACE_LIMIT = Check("interface limit", "no interface carries more than its limits, by our own flows", "MW")
REVERSE = Check("reverse flow", "no bus feeds more into the grid than it may", "MW")

#: Every check of this file, for the list of what an audit proves.
CHECKS = (
    *(DEMAND, FIXED, UNSERVED, EXCESS, VALVES, BUS, ISLAND, NODE, FLOW, LIMIT),
    *(INTERFACE, INTERFACE_LIMIT, REVERSE, *LOSS_CHECKS),
)


def audit(view: View) -> Iterator[Finding]:
    """All checks of the balance and of the grid."""
    yield from _given(view)
    total = bus_injection(view)
    yield from _bus_injection(view, total)
    grid = _grid(view)
    injection = by_node(grid, total)
    yield from _islands(view, grid, injection)
    if view.settings.network_level == "copperplate":
        return
    injection = injection - drawn_mw(view, grid, injection)
    flows = grid.flows_mw(injection)
    yield from _reverse(view, total)
    yield from _flows(view, grid, injection, flows)
    yield from _interfaces(view, grid, flows)


@lru_cache(maxsize=1)
def _grid(view: View) -> Grid:
    return grid_of(view.case.net, plain=view.case.plain)


def _given(view: View) -> Iterator[Finding]:
    """What is given beforehand: demand, fixed injections, and the valves for what can't be met."""
    rows = view.buses
    names, at = rows.names, [row for _, row in rows.places]
    demand, fixed = demand_by_bus(view), fixed_by_bus(view)
    for check, ours, variable in ((DEMAND, demand, "demand_mw"), (FIXED, fixed, "fixed_injection_mw")):
        everywhere = BusSum(view.live_buses, view.steps)
        everywhere.add(at, view.values(variable, rows))
        buses = [str(view.case.net["bus"].at[bus, "name"] or f"bus {bus}") for bus in everywhere.place]
        yield equal(check, everywhere.mw, ours.mw, buses, view.time)
    unserved, excess = view.values("unserved_mw", rows), view.values("excess_mw", rows)
    most = np.maximum(view.values("demand_mw", rows), 0.0)
    both = at_most(UNSERVED, unserved, most, names, view.time), at_most(UNSERVED, -unserved, 0.0, names, view.time)
    yield worse(*both)
    yield at_most(EXCESS, -excess, 0.0, names, view.time)
    prices = view.settings.prices
    shut = np.zeros_like(unserved)
    if view.case.plain or prices.value_of_lost_load_cny_per_mwh is None:
        shut = shut + np.abs(unserved)
    if view.case.plain or prices.excess_cny_per_mwh is None:
        shut = shut + np.abs(excess)
    yield at_most(VALVES, shut, 0.0, names, view.time)


def _bus_injection(view: View, total: BusSum) -> Iterator[Finding]:
    rows = view.buses
    written = BusSum(view.live_buses, view.steps)
    written.add([row for _, row in rows.places], view.values("bus_injection_mw", rows))
    # buses joined by closed switches are one node, whose injection may stand at any of them
    grid = _grid(view)
    theirs, ours = by_node(grid, written), by_node(grid, total)
    yield equal(BUS, theirs, ours, _node_names(view, grid), view.time, tolerance=BALANCE_MW)


def _reverse(view: View, total: BusSum) -> Iterator[Finding]:
    bus = view.case.net["bus"].loc[view.live_buses]
    if "reverse_flow_max_mw" not in bus:
        return
    limited = bus.loc[bus["reverse_flow_max_mw"].notna()]
    if len(limited):
        mine = total.mw[[total.place[int(row)] for row in limited.index]]
        most = limited["reverse_flow_max_mw"].to_numpy(float)[:, None]
        names = [str(name) for name in limited["name"]]
        yield at_most(REVERSE, mine, most, names, view.time, tolerance=FLOW_MW)


def by_node(grid: Grid, total: BusSum) -> Array:
    """Power of every node, (node, time) [MW]."""
    injection = np.zeros((grid.nodes, total.mw.shape[1]))
    for bus, place in total.place.items():
        injection[grid.node_of_bus[bus]] += total.mw[place]
    return injection


def _node_names(view: View, grid: Grid) -> list[str]:
    names = [f"star point {node}" for node in range(grid.nodes)]
    for bus, node in reversed(list(grid.node_of_bus.items())):
        names[node] = str(view.case.net["bus"].at[bus, "name"] or f"bus {bus}")
    return names


def _islands(view: View, grid: Grid, injection: Array) -> Iterator[Finding]:
    """One balance per island, or one of all nodes on a copper plate."""
    copper = view.settings.network_level == "copperplate"
    island = np.zeros(grid.nodes, dtype=np.int64) if copper else grid.islands()
    total = np.zeros((int(island.max(initial=-1)) + 1, injection.shape[1]))
    np.add.at(total, island, injection)
    names = _node_names(view, grid)
    firsts = [f"island of {names[int(np.argmax(island == number))]}" for number in range(len(total))]
    if has_losses(view):
        total = total - written_losses(view, grid)
    yield equal(ISLAND, total, 0.0, firsts, view.time, tolerance=BALANCE_MW)
    if has_losses(view):
        yield from island_losses(view, grid, firsts, injection)


def branch_places(view: View) -> dict[tuple[str, int, str], int]:
    """Row in the dataset of each branch by its table, row and side."""
    if not {"branch_element", "branch_index"} <= set(view.data.coords):
        raise MissingValuesError("branch_element")
    element = view.data["branch_element"].to_numpy().astype(str)
    index = view.data["branch_index"].to_numpy().astype(int)
    side = view.data["branch_side"].to_numpy().astype(str) if "branch_side" in view.data.coords else None
    place: dict[tuple[str, int, str], int] = {}
    for row, (table, number) in enumerate(zip(element.tolist(), index.tolist(), strict=True)):
        sides = SIDES if table == "trafo3w" else ("",)
        # without a side of its own a three-winding transformer's branches come high, middle, low
        seen = next(word for word in sides if (table, number, word) not in place) if side is None else str(side[row])
        place[table, number, seen] = row
    return place


def written_flows(view: View, grid: Grid) -> Array:
    """Flows of the dataset in the order of our branches, (branch, time)."""
    flow = view.array("branch_flow_mw", ("branch", "time"))
    place = branch_places(view)
    found = []
    for branch in grid.branches:
        key = (branch.element, branch.index, branch.side)
        if key not in place:
            raise MissingValuesError("branch_flow_mw", branch.label)
        found.append(place.pop(key))
    # what we hold for idle carries nothing there either
    for (table, number, word), row in place.items():
        if np.abs(flow[row]).max(initial=0.0) > FLOW_MW or not np.isfinite(flow[row]).all():
            raise MissingValuesError("branch_flow_mw", f"{table} {number} {word}".strip())
    return flow[found]


def branch_names(view: View, branches: tuple[Branch, ...]) -> list[str]:
    """Names of branches, their table and row where they have none."""
    names = []
    for branch in branches:
        table = view.case.net[branch.element]
        name = table.at[branch.index, "name"] if "name" in table else ""
        own = name if isinstance(name, str) and name else f"{branch.element} {branch.index}"
        names.append(f"{own} {branch.side}".strip())
    return names


def _flows(view: View, grid: Grid, injection: Array, flows: Array) -> Iterator[Finding]:
    names = branch_names(view, grid.branches)
    written = written_flows(view, grid)
    leaving = grid.incidence.T @ written
    yield equal(NODE, leaving, injection, _node_names(view, grid), view.time, tolerance=BALANCE_MW)
    yield equal(FLOW, written, flows, names, view.time, tolerance=FLOW_MW)
    limit = np.array([branch.limit_mw for branch in grid.branches])[:, None]
    yield at_most(LIMIT, np.abs(flows), limit, names, view.time, tolerance=FLOW_MW)


def _interfaces(view: View, grid: Grid, flows: Array) -> Iterator[Finding]:
    names = [str(name) for name in view.case.net["interface"]["name"]]
    if not names:
        return
    ours = section_flows_mw(view, grid, flows)
    written, place = view.array("interface_flow_mw", ("interface", "time")), section_places(view)
    yield equal(INTERFACE, written[place], ours, names, view.time, tolerance=FLOW_MW)
    low, high = section_limits_mw(view)
    yield worse(
        at_most(INTERFACE_LIMIT, ours, high, names, view.time, tolerance=FLOW_MW),
        at_most(INTERFACE_LIMIT, -ours, -low, names, view.time, tolerance=FLOW_MW),
    )


def section_flows_mw(view: View, grid: Grid, flows: Array) -> Array:
    """Flow over each interface, (interface, time) [MW], of the flows of our branches."""
    row_of = {(branch.element, branch.index, branch.side): row for row, branch in enumerate(grid.branches)}
    names = [str(name) for name in view.case.net["interface"]["name"]]
    ours = np.zeros((len(names), view.steps))
    for _, member in view.case.net["interface_branch"].iterrows():
        if member["interface"] not in names:
            continue
        element, index = str(member["element"]), int(member["index"])
        at = names.index(member["interface"])
        if element == "dcline":
            ours[at] += float(member["sign"]) * _dcline_mw(view, index)
            continue
        # of a three-winding transformer the high side counts
        key = (element, index, "hv" if element == "trafo3w" else "")
        if key in row_of:
            ours[at] += float(member["sign"]) * flows[row_of[key]]
    return ours


def section_places(view: View) -> list[int]:
    """Place in the dataset of each interface of the net."""
    labels = view.data["interface"].to_numpy().astype(str).tolist()
    names = [str(name) for name in view.case.net["interface"]["name"]]
    missing = next((name for name in names if name not in labels), None)
    if missing is not None:
        raise MissingValuesError("interface_flow_mw", missing)
    return [labels.index(name) for name in names]


def section_limits_mw(view: View) -> tuple[Array, Array]:
    """Lower and upper limits of the interfaces, (interface, time) [MW]; infinite where there is none."""
    interface = view.case.net["interface"]
    low, high = (interface[f"{side}_mw"].to_numpy(float)[:, None] for side in ("min", "max"))
    return (
        np.where(np.isnan(low), -np.inf, low * view.series(interface["min_profile"])),
        np.where(np.isnan(high), np.inf, high * view.series(interface["max_profile"])),
    )


def _dcline_mw(view: View, index: int) -> Array:
    """What a DC line takes out of the grid at its from bus [MW]; nothing where it is out of service."""
    place = ("dcline", index)
    if place not in view.plain.places:
        return np.zeros(view.steps)
    row = view.case.net["dcline"].loc[index]
    power = view.values("generator_p_mw", view.plain)[view.plain.places.index(place)]
    return np.asarray((1 + float(row["loss_percent"]) / 100) * power + float(row["loss_mw"]))
