"""Demand response: when it is called, and what each program gives."""

from __future__ import annotations

import numpy as np

from gridopt.report.html.parts import SERIES, Absent, Array, Figure, Section, Table, Text, bars
from gridopt.report.html.view import View
from gridopt.results.summary import CALLED_MW


def section(view: View) -> Section | Absent:
    """Energy of each day by program, calls over the day, and the programs."""
    title = view.say("response_title")
    if "response_down_mw" not in view.data:
        return Absent(title, view.say("no_response"))
    down, up = view.values("response_down_mw"), view.values("response_up_mw")
    names = view.labels("program")
    table = _programs(view, names, down, up)
    if max(down.max(initial=0.0), up.max(initial=0.0)) < CALLED_MW:
        return Section("response", title, [Text(view.say("not_called")), table])
    days = [_days(view, names, down)] if down.max(initial=0.0) > CALLED_MW else []
    return Section("response", title, [*days, _hours(view, names, down, up), table])


def _days(view: View, names: list[str], down: Array) -> Figure:
    energies = [view.daily(power) for power in down]
    scale = view.scale("mwh", *(energy for _, energy in energies))
    traces = []
    for name, (days, energy), colour in zip(names, energies, SERIES * 9, strict=False):
        if energy.max(initial=0.0) > 0:
            traces.append(bars(name, days, energy * scale.factor, colour, scale.unit))
    layout = {"barmode": "stack", "yaxis": {"title": {"text": scale.unit}}, "xaxis": view.day_axis, "showlegend": True}
    return Figure("response_days", view.say("response_days"), traces, layout)


def _hours(view: View, names: list[str], down: Array, up: Array) -> Figure:
    """Energy by hour of the day, reductions above zero, increases below."""
    hour = view.begin.hour.to_numpy()
    traces, sums = [], []
    for values, sign in ((down, 1.0), (up, -1.0)):
        sums.append(
            [np.asarray(sign * np.bincount(hour, weights=row * view.step_h, minlength=24), float) for row in values]
        )
    scale = view.scale("mwh", *sums[0], *sums[1])
    for name, given, taken, colour in zip(names, *sums, SERIES * 9, strict=False):
        more = {"legendgroup": name}
        traces.append(bars(name, list(range(24)), given * scale.factor, colour, scale.unit, **more))
        if taken.min() < 0:
            more |= {"showlegend": False, "opacity": 0.6}
            traces.append(bars(name, list(range(24)), taken * scale.factor, colour, scale.unit, **more))
    layout = {
        "barmode": "relative", "yaxis": {"title": {"text": scale.unit}},
        "xaxis": {"title": {"text": view.say("hour_axis")}, "dtick": 3},
    }  # fmt: skip
    return Figure("response_hours", view.say("response_hours"), traces, layout)


def _programs(view: View, names: list[str], down: Array, up: Array) -> Table:
    able = view.values("response_capability_mw").max(axis=1, initial=0.0)
    rows = []
    for number, name in enumerate(names):
        called = down[number] > CALLED_MW
        starts = int(np.sum(called & ~np.concatenate([[False], called[:-1]])))
        energies = (float(values[number].sum()) * view.step_h for values in (down, up))
        rows.append(
            [
                name, view.shown(float(able[number]), "mw"), view.shown(float(down[number].max()), "mw"),
                view.shown(float(called.sum()) * view.step_h, "h"), f"{starts:,}",
                *(view.shown(energy, "mwh") for energy in energies),
            ]
        )  # fmt: skip
    words = ("program", "capability", "largest", "called_hours", "calls", "reduced", "increased")
    return Table([view.say(word) for word in words], rows)
