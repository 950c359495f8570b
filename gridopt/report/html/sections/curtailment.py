"""Curtailment: when (day against hour), why, and where."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridopt.report.html.parts import (
    COLOURS,
    Absent,
    Array,
    Figure,
    Section,
    Table,
    Text,
    bars,
    day_by_hour,
    heat_map,
    lying_bars,
)
from gridopt.report.html.view import View

_ENOUGH_MWH = 1e-3
_MOST_PLACES = 15
# Read on light and dark paper; hours without curtailment stay empty.
_SCALE = [[0.0, "rgba(128,128,128,0.10)"], [0.001, "#f3d990"], [0.35, "#f0933f"], [0.7, "#d63b3b"], [1.0, "#97206f"]]


def section(view: View) -> Section | Absent:
    """Heat map, months by cause, places by cause."""
    title = view.say("curtailment_title")
    if "renewable_curtailment_mw" not in view.data:
        return Absent(title, view.say("no_renewable"))
    total = float(view.curtailed_mw.sum()) * view.step_h
    if total < _ENOUGH_MWH:
        return Section("curtailment", title, [Text(view.say("nothing_curtailed"))])
    blocks: list[Figure | Table | Text] = []
    by_cause = _by_cause(view)
    if by_cause is None:
        blocks.append(Text(view.say("no_causes"), "note"))
    parts = by_cause or {"any": view.values("renewable_curtailment_mw")}
    blocks += [_when(view), _months(view, parts), _places(view, parts), _rates(view)]
    return Section("curtailment", title, blocks)


def _by_cause(view: View) -> dict[str, Array] | None:
    """Curtailment (site, time) by cause, those that occur; None where the result tells no causes."""
    if "curtailment_cause_mw" not in view.data:
        return None
    cube = view.data["curtailment_cause_mw"].transpose("cause", "renewable", "time").to_numpy()
    names = view.labels("cause")
    return {name: values for name, values in zip(names, cube, strict=True) if values.sum() * view.step_h > _ENOUGH_MWH}


def _when(view: View) -> Figure:
    scale = view.scale("mw", view.curtailed_mw)
    days, hours, values = day_by_hour(view.begin, view.curtailed_mw * scale.factor)
    trace = heat_map(days, hours, values, scale.unit, _SCALE)
    return Figure("curtailment_when", view.say("curtailment_when"), [trace], view.when())


def _months(view: View, parts: dict[str, Array]) -> Figure:
    """Energy by month, or by day for a run within one month."""
    series = {cause: view.by_span(values.sum(axis=0)) for cause, values in parts.items()}
    scale = view.scale("mwh", sum((energy for _, energy in series.values()), np.zeros(1)))
    traces = [
        bars(view.say(f"cause_{cause}"), names, energy * scale.factor, COLOURS[cause], scale.unit)
        for cause, (names, energy) in series.items()
    ]
    layout: dict[str, Any] = {
        "barmode": "stack",
        "yaxis": {"title": {"text": scale.unit}},
        "xaxis": {"type": "category"},
    }
    layout["showlegend"] = "any" not in parts
    title = view.say("curtailment_days" if view.within_a_month else "curtailment_months")
    return Figure("curtailment_months", title, traces, layout)


def _places(view: View, parts: dict[str, Array]) -> Figure:
    place = view.place_of("renewable")
    names, number = np.unique(place, return_inverse=True)
    energy = {
        cause: np.bincount(number, weights=values.sum(axis=1) * view.step_h, minlength=len(names))
        for cause, values in parts.items()
    }
    total = np.sum(list(energy.values()), axis=0)
    order = np.argsort(total, kind="stable")[-_MOST_PLACES:]
    order = order[total[order] > _ENOUGH_MWH]
    scale = view.scale("mwh", total)
    traces = [
        lying_bars(
            view.say(f"cause_{cause}"), [view.word(str(names[at])) for at in order], values[order] * scale.factor,
            COLOURS[cause], scale.unit,
        )
        for cause, values in energy.items()
    ]  # fmt: skip
    layout: dict[str, Any] = {
        "barmode": "stack",
        "xaxis": {"title": {"text": scale.unit}},
        "yaxis": {"automargin": True},
    }
    layout["showlegend"] = "any" not in parts
    return Figure("curtailment_places", view.say("curtailment_places"), traces, layout, 130 + 24 * len(order))


def _rates(view: View) -> Table:
    """Available, curtailed and rate of each place and technology."""
    place, technology = view.place_of("renewable"), view.coordinate("renewable_technology")
    kind = np.where(np.char.startswith(technology, "solar"), "solar", technology)
    available = view.values("renewable_available_mw").sum(axis=1) * view.step_h
    curtailed = view.values("renewable_curtailment_mw").sum(axis=1) * view.step_h
    rows = []
    for name in np.unique(place):
        row = [view.word(str(name))]
        for which in ("wind", "solar"):
            mine = (place == name) & (kind == which)
            offered, lost = float(available[mine].sum()), float(curtailed[mine].sum())
            row += [view.shown(offered, "mwh"), view.shown(lost, "mwh"), view.shown(_share(lost, offered), "pu")]
        rows.append((float(curtailed[place == name].sum()), row))
    rows.sort(key=lambda row: -row[0])
    head = [view.say("place")] + [
        view.say(f"{what}_of", kind=view.word(kind_))
        for kind_ in ("wind", "solar")
        for what in ("offered", "lost", "rate")
    ]
    return Table(head, [row for _, row in rows], view.say("curtailment_rates"), folded=True)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
