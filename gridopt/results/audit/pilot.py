"""Pilot zones: one bus behind one meter, and the rules of the year."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gridopt.results.audit.budget import Budget
from gridopt.results.audit.finding import FLOW_MW, Array, Check, Finding, at_most, equal, worse
from gridopt.results.audit.injection import bus_injection, load_size
from gridopt.results.audit.renewable import available_mw
from gridopt.results.audit.view import Rows, View

METER = Check("pilot meter", "import and export are the net exchange of the zone's bus", "MW")
CAPS = Check("pilot caps", "import and export are neither negative nor above their caps", "MW")
ONE_WAY = Check("pilot one way", "no zone imports and exports at once", "MW")
MEMBERS = Check("pilot members", "generation, available generation and load are those of the members", "MW")
RESALE = Check("pilot resale", "storage of a zone does not resell energy of the grid", "MW")

CHECKS = (METER, CAPS, ONE_WAY, MEMBERS, RESALE)


def zones(view: View) -> Rows:
    """Zones that keep their rules."""
    rows = view.extension("pilot_zone", "pilot")
    return rows if view.settings.policy.pilots else Rows("pilot", (), {})


class Inside:
    """What the members of every zone generate, could have generated, and draw, (element, time) [MW]."""

    def __init__(self, view: View) -> None:
        rows = zones(view)
        place = {name: i for i, name in enumerate(rows.words("name"))}
        self.generation, self.available, self.load = np.zeros((3, len(rows), view.steps))
        members = view.case.net["pilot_member"]
        zone_of = {
            (str(element), int(index)): place[pilot]
            for element, index, pilot in zip(members["element"], members["index"], members["pilot"], strict=True)
            if pilot in place
        }
        self.add(zone_of, view.renewable, _values(view, "renewable_p_mw", view.renewable), _offered(view))
        for group, variable in (
            (view.thermal, "generator_p_mw"),
            (view.plain, "generator_p_mw"),
            (view.hydro, "hydro_p_mw"),
        ):
            power = _values(view, variable, group)
            self.add(zone_of, group, power, power)
        self._fixed(view, zone_of)
        load = view.fixed_load
        drawn = load_size(view, load)[:, None] * view.series(load["profile"])
        for row, series in zip(load.index, drawn, strict=True):
            if ("load", int(row)) in zone_of:
                self.load[zone_of["load", int(row)]] += series

    def add(self, zone_of: dict[tuple[str, int], int], rows: Rows, power: Array, available: Array) -> None:
        """Add generating members; stores and loads are none."""
        for place, series, offered in zip(rows.places, power, available, strict=True):
            if place in zone_of and place[0] in ("gen", "sgen"):
                self.generation[zone_of[place]] += series
                self.available[zone_of[place]] += offered

    def _fixed(self, view: View, zone_of: dict[tuple[str, int], int]) -> None:
        """Static generators that nobody dispatches."""
        dispatched = set(view.renewable.places) | set(view.plain.places)
        sgen = view.table("sgen")
        for row in sgen.index.astype(int):
            data: dict[Any, Any] = dict(sgen.loc[row])
            key = ("sgen", int(row))
            if key in zone_of and key not in dispatched:
                low, high = (data.get(name, np.nan) for name in ("min_p_mw", "max_p_mw"))
                power = np.fmin(np.fmax(float(data["p_mw"]), low), high) * float(data["scaling"])
                self.generation[zone_of[key]] += power
                self.available[zone_of[key]] += power


def _values(view: View, variable: str, rows: Rows) -> Array:
    return view.values(variable, rows) if len(rows) else np.zeros((0, view.steps))


def _offered(view: View) -> Array:
    return available_mw(view) if len(view.renewable) else np.zeros((0, view.steps))


def audit(view: View) -> Iterator[Finding]:
    """All checks of pilot zones."""
    rows = zones(view)
    if not len(rows):
        return
    names, time = rows.names, view.time
    imported, exported, generation, offered, load = (
        view.values(f"pilot_{word}_mw", rows) for word in ("import", "export", "generation", "available", "load")
    )
    total, inside = bus_injection(view), Inside(view)
    net = np.zeros((len(rows), view.steps))
    switch_mates = _mates(view)
    for i, bus in enumerate(rows.buses):
        net[i] = sum(total.mw[total.place[mate]] for mate in switch_mates(bus))
    size = np.maximum(np.abs(net).max(axis=1), 1.0)[:, None]
    yield equal(METER, exported - imported, net, names, time, size=size)
    yield worse(
        at_most(CAPS, imported, rows.column("import_max_mw", np.inf)[:, None], names, time),
        at_most(CAPS, exported, rows.column("export_max_mw", np.inf)[:, None], names, time),
        at_most(CAPS, -imported, 0.0, names, time, size=size),
        at_most(CAPS, -exported, 0.0, names, time, size=size),
    )
    yield at_most(ONE_WAY, np.minimum(imported, exported), 0.0, names, time, tolerance=FLOW_MW)
    yield worse(
        equal(MEMBERS, generation, inside.generation, names, time, size=size),
        equal(MEMBERS, offered, inside.available, names, time, size=size),
        equal(MEMBERS, load, inside.load, names, time, size=size),
    )
    own = np.where(rows.flags("storage_exports")[:, None], np.inf, inside.generation)
    yield at_most(RESALE, exported, own, names, time, size=size)


def _mates(view: View) -> Callable[[int], list[int]]:
    """Buses of the same node as a bus."""
    from gridopt.results.audit.grid import grid_of

    nodes = grid_of(view.case.net, plain=view.case.plain).node_of_bus
    return lambda bus: [other for other, node in nodes.items() if node == nodes[bus]]


def budgets(view: View) -> Iterator[Budget]:
    """Rules of the year, on available generation, from the exchange of the zone's bus."""
    rows = zones(view)
    if not len(rows):
        return
    inside, h, price = Inside(view), view.step_h, view.settings.prices.rule_cny_per_mwh
    exported = view.values("pilot_export_mw", rows).sum(axis=1) * h
    made, could, load = (series.sum(axis=1) * h for series in (inside.generation, inside.available, inside.load))
    dispatched = could - _weather(view, inside) * h
    fed, used, supplied = (rows.column(name) for name in ("feed_in_max", "self_use_min", "self_supply_min"))
    for i, name in enumerate(rows.names):
        # what is dispatched counts as available as far as it generates: it stands on the side of the use
        weather = could[i] - dispatched[i]
        if fed[i] < 1:
            use = exported[i] - fed[i] * dispatched[i]
            yield Budget("pilot", "MWh", "most", fed[i] * weather, use, price, f"{name}: fed into the grid")
        if used[i] > 0:
            use = made[i] - exported[i] - used[i] * dispatched[i]
            yield Budget("pilot", "MWh", "least", used[i] * weather, use, price, f"{name}: own generation used within")
        if supplied[i] > 0:
            yield Budget(
                "pilot",
                "MWh",
                "least",
                supplied[i] * load[i],
                made[i] - exported[i],
                price,
                f"{name}: load served from within",
            )


def _weather(view: View, inside: Inside) -> Array:
    """Available generation that is not dispatched: weather and what is fixed, (element,) [MW summed over steps]."""
    rows = zones(view)
    place = {name: i for i, name in enumerate(rows.words("name"))}
    members = view.case.net["pilot_member"]
    total = inside.available.sum(axis=1)
    dispatched = {
        row: series.sum()
        for group, variable in (
            (view.thermal, "generator_p_mw"),
            (view.plain, "generator_p_mw"),
            (view.hydro, "hydro_p_mw"),
        )
        for row, series in zip(group.places, _values(view, variable, group), strict=True)
    }
    for element, index, pilot in zip(members["element"], members["index"], members["pilot"], strict=True):
        if pilot in place and str(element) in ("gen", "sgen"):
            total[place[pilot]] -= dispatched.get((str(element), int(index)), 0.0)
    return np.asarray(total)
