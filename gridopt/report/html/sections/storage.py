"""Stores: level over the run, the mean day, and what each of them did."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridopt.report.html.parts import COLOURS, Absent, Figure, Section, Table, Trace, axes, bars, coarse, line
from gridopt.report.html.view import View
from gridopt.results.tables.words import STORES

# A run of more steps is shown as means of so many stretches, with their ends.
_STRETCHES = 400
_SHOWN = {
    "discharge_mw": "mw", "size_capacity_mwh": "mwh", "charged_mwh": "mwh", "discharged_mwh": "mwh", "cycles": "count",
    "discharge_utilisation_h": "h",
}  # fmt: skip


def section(view: View) -> Section | Absent:
    """Level and mean day by kind, reservoirs, and the table of stores."""
    title = view.say("storage_title")
    blocks: list[Figure | Table] = []
    kinds = [kind for kind in STORES if "storage_energy_mwh" in view.data and (view.store_kind == kind).any()]
    if kinds:
        blocks += [_level(view, kinds), _mean_day(view, kinds)]
    if "hydro_energy_mwh" in view.data and np.nanmax(view.values("hydro_energy_mwh"), initial=0.0) > 0:
        blocks.append(_reservoirs(view))
    if not blocks:
        return Absent(title, view.say("no_storage"))
    table = view.folder.table("storage")
    if not table.empty:
        blocks.append(_table(view, table))
    return Section("storage", title, blocks)


def _level(view: View, kinds: list[str]) -> Figure:
    """Every step of a short run; of a long one the means of stretches in a band from lowest to highest."""
    series = {kind: view.of_stores("storage_energy_mwh", kind) for kind in kinds}
    scale, title = view.scale("mwh", *series.values()), ""
    traces: list[Trace] = []
    for kind, values in series.items():
        mean, width = coarse(values * scale.factor, _STRETCHES)
        x, colour = view.x(width), COLOURS[kind]
        if width > 1:
            starts = np.arange(0, len(values), width)
            for ends, fill in ((np.maximum, {}), (np.minimum, {"fill": "tonexty", "fillcolor": f"{colour}40"})):
                edge = line("", x, ends.reduceat(values, starts) * scale.factor, colour, scale.unit)
                traces.append(edge | {"line": {"width": 0}, "showlegend": False, "hoverinfo": "skip"} | fill)
                traces[-1].pop("hovertemplate")
        traces.append(line(view.word(kind), x, mean, colour, scale.unit))
        title = view.say("storage_level_band" if width > 1 else "storage_level")
    return Figure("storage_level", title, traces, axes(scale.unit, xaxis={"type": "date"}))


def _mean_day(view: View, kinds: list[str]) -> Figure:
    """Mean power of each hour of the day, charging below zero."""
    hour = view.begin.hour.to_numpy()
    number = np.maximum(np.bincount(hour, minlength=24), 1)
    series = {}
    for kind in kinds:
        for way, sign in (("discharge", 1.0), ("charge", -1.0)):
            power = view.of_stores(f"storage_{way}_mw", kind)
            series[kind, way] = sign * np.bincount(hour, weights=power, minlength=24) / number
    scale = view.scale("mw", *series.values())
    traces = []
    for (kind, way), values in series.items():
        name = view.word(kind) if way == "discharge" else view.charging(kind)
        more = {"opacity": 0.6} if way == "charge" else {}
        traces.append(bars(name, list(range(24)), values * scale.factor, COLOURS[kind], scale.unit, **more))
    layout = axes(scale.unit, view.say("hour_axis"), barmode="relative")
    layout["xaxis"]["dtick"] = 3
    return Figure("storage_day", view.say("storage_day"), traces, layout)


def _reservoirs(view: View) -> Figure:
    values, width = coarse(np.nan_to_num(view.total("hydro_energy_mwh")))
    scale = view.scale("mwh", values)
    trace = line(view.say("reservoirs"), view.x(width), values * scale.factor, COLOURS["hydro"], scale.unit)
    layout = axes(scale.unit, xaxis={"type": "date"}, showlegend=False)
    return Figure("reservoirs", view.say("reservoirs_figure"), [trace], layout, 260)


def _table(view: View, table: pd.DataFrame) -> Table:
    keys = [key for key in _SHOWN if key in table]
    rows = [
        [view.name(str(row["store"])), view.word(str(row["kind"]))]
        + [view.shown(row[key], _SHOWN[key]) for key in keys]
        for row in table.to_dict("records")
    ]
    head = [view.column(key) for key in ("store", "kind", *keys)]
    return Table(head, rows, view.say("storage_table"), words=2, folded=len(rows) > 8)
