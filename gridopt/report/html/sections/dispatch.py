"""Dispatch: daily means over the run, and every hour of a week at a time."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridopt.report.html.parts import COLOURS, Array, Figure, Section, Trace, Weeks, axes, line, packed
from gridopt.report.html.view import View
from gridopt.results.tables.words import STORES

_STEP = 1e-3  # smaller is rounding [MW]
# Name, colour, and power (time,) [MW].
Named = tuple[str, str, Array]


def section(view: View) -> Section:
    """The stack of a chosen week, and of the whole run where it is longer than one."""
    series, lines = stack(view), _lines(view)
    everything = [values for _, _, values in (*series, *lines)]
    scale = view.scale("mw", *everything)
    hourly = [
        *((name, colour, True, values * scale.factor) for name, colour, values in series),
        *((name, colour, False, values * scale.factor) for name, colour, values in lines),
    ]
    weeks = Weeks(
        "weeks", view.say("weeks_figure"), f"{view.begin[0]:%Y-%m-%d %H:%M}", view.step_h, scale.unit,
        hourly, _notable(view),
    )  # fmt: skip
    blocks: list[Figure | Weeks] = [weeks]
    if view.hours > 8 * 24:
        blocks.insert(0, _daily(view, series, lines))
    return Section("dispatch", view.say("dispatch_title"), blocks)


def stack(view: View) -> list[Named]:
    """Name, colour and power (time,) [MW] of what carries the load (positive) and what is taken from it (negative)."""
    names = view.word
    found: list[Named] = []
    for kind, power in view.output_mw.items():
        found.append((names(kind), COLOURS[kind], power))
    for kind in STORES:
        word = names(kind)
        found.append((word, COLOURS[kind], view.of_stores("storage_discharge_mw", kind)))
        found.append((view.charging(kind), COLOURS[kind], -view.of_stores("storage_charge_mw", kind)))
    flows, response = view.values("tie_export_mw"), view.total("response_mw")
    found += [
        (view.say("response"), COLOURS["response"], np.maximum(response, 0.0)),
        (view.say("import"), COLOURS["import"], -np.minimum(flows, 0.0).sum(axis=0)),
        (view.say("unserved"), COLOURS["unserved"], view.total("unserved_mw")),
        (view.say("curtailed"), COLOURS["curtailed"], view.curtailed_mw),
        (view.say("response_up"), COLOURS["response"], np.minimum(response, 0.0)),
        (view.say("export"), COLOURS["export"], -np.maximum(flows, 0.0).sum(axis=0)),
    ]
    return [item for item in found if np.abs(item[2]).max(initial=0.0) > _STEP]


def _lines(view: View) -> list[Named]:
    return [(view.say("consumption"), "text", view.consumption_mw)]


def _daily(view: View, series: list[Named], lines: list[Named]) -> Figure:
    """Daily means of the whole run."""
    per_day = 24.0
    daily = [(name, colour, view.daily(power)) for name, colour, power in series]
    scale = view.scale("mw", *(energy / per_day for _, _, (_, energy) in daily))
    traces: list[Trace] = [
        area(name, days, energy / per_day * scale.factor, colour, scale.unit) for name, colour, (days, energy) in daily
    ]
    for name, colour, power in lines:
        days, energy = view.daily(power)
        traces.append(line(name, days, energy / per_day * scale.factor, colour, scale.unit))
    return Figure("daily", view.say("daily_figure"), traces, axes(scale.unit, xaxis={"type": "date"}), 460)


def area(name: str, x: object, y: Array, colour: str, unit: str) -> Trace:
    """An area on the stack: positive values above zero, negative ones below."""
    group = "taken" if y.min(initial=0.0) < -_STEP else "given"
    return {
        "type": "scatter", "mode": "lines", "name": name, "x": x, "y": packed(y), "stackgroup": group,
        "line": {"width": 0, "color": colour}, "fillcolor": colour, "hovertemplate": f"%{{y:,.4~g}} {unit}",
    }  # fmt: skip


def _notable(view: View) -> list[tuple[str, int]]:
    """First step of the weeks that a planner looks at; empty for a run of a week."""
    per_day = max(1, round(24.0 / view.step_h))
    steps, week = len(view.begin), 7 * per_day
    if steps <= week:
        return []
    net_load = view.consumption_mw - view.weather_mw
    at = {
        "week_largest_load": int(np.argmax(view.consumption_mw)),
        "week_smallest_load": int(np.argmin(view.consumption_mw)),
        "week_largest_net_load": int(np.argmax(net_load)),
        "week_smallest_net_load": int(np.argmin(net_load)),
    }
    curtailed = pd.Series(view.curtailed_mw).rolling(week).sum().to_numpy()
    if np.nanmax(curtailed) > _STEP:
        at["week_most_curtailed"] = int(np.nanargmax(curtailed)) - week // 2
    response = view.total("response_down_mw")
    if response.max(initial=0.0) > _STEP:
        at["week_response"] = int(np.argmax(response))
    last = (steps - week) // per_day
    return [(view.say(key), min(max(step // per_day - 3, 0), last) * per_day) for key, step in at.items()]
