"""Parallel coordinates: every scenario as a line through its levers and what comes of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridopt.report.html.parts import Absent, Choice, Numbers, Section, Text, Trace, Variants, packed
from gridopt.report.sweep.scenarios import Lever, number
from gridopt.report.sweep.view import Outcome, SweepView

# From little to much, read on light and on dark paper.
_COLOURS = [[0.0, "#3b7fc4"], [0.25, "#23a6a6"], [0.5, "#c9c227"], [0.75, "#f0933f"], [1.0, "#c22f4f"]]
# Outcomes with an axis of their own; the first that differ are taken.
_AXES = (
    *("curtailment_rate", "operating_cost_cny", "co2_t", "nonfossil_share_generation", "net_export_mwh", "dr_mwh"),
    "unserved_mwh",
)
_MOST_AXES = 5
_AXIS_WIDTH, _HEIGHT = 118, 460
# Up to here every value of a lever has its tick.
_MOST_TICKS = 12


def colour_scale(title: str) -> dict[str, Any]:
    """Colours from little to much, with a bar of this title beside the figure."""
    bar = {"title": {"text": title, "side": "right"}, "thickness": 12, "outlinewidth": 0, "exponentformat": "none"}
    return {"colorscale": _COLOURS, "showscale": True, "colorbar": bar}


def section(view: SweepView) -> Section | Absent:
    """A line for each scenario that is done; a list chooses what colours it."""
    title, sweep = view.say("parallel_title"), view.sweep
    if not view.outcomes:
        return Absent(title, view.nothing)
    at = np.flatnonzero(sweep.done)
    lines = [outcome for outcome in view.outcomes if np.isfinite(outcome.values[at]).all()]
    drawn = [outcome for outcome in lines if outcome.key in _AXES][:_MOST_AXES] or lines[:_MOST_AXES]
    levers = [lever for lever in sweep.varied if np.ptp(lever.code[at])]
    axes = [_lever_axis(lever, at) for lever in levers] + [_outcome_axis(outcome, at) for outcome in drawn]
    layout = {"margin": {"l": 70, "r": 50, "t": 64, "b": 16}}
    variants = [([_trace(axes, outcome, at)], layout) for outcome in drawn]
    figure = Variants(
        "parallel", "", [], {}, _HEIGHT, variants=variants, least_width=120 + _AXIS_WIDTH * max(len(axes) - 1, 1)
    )
    choice = Choice(view.say("coloured_by"), [outcome.title for outcome in drawn], ["parallel"])
    return Section("parallel", title, [Text(view.say("parallel_note"), "note"), choice, figure])


def _lever_axis(lever: Lever, at: Numbers) -> dict[str, Any]:
    """Axis of a lever: its numbers, or its different values in their order."""
    label = _broken(lever.name)
    if lever.numbers is not None and np.isfinite(lever.numbers).all():
        different = np.unique(lever.numbers[at])
        ticks: dict[str, Any] = {"tickformat": ".5~g"}
        if different.size <= _MOST_TICKS:
            ticks = {"tickvals": different.tolist(), "ticktext": [number(value) for value in different]}
        return {"label": label, "values": packed(lever.numbers[at]), **ticks}
    values, codes = packed(lever.code[at].astype(float)), list(range(len(lever.labels)))
    return {"label": label, "values": values, "tickvals": codes, "ticktext": list(lever.labels)}


def _outcome_axis(outcome: Outcome, at: Numbers) -> dict[str, Any]:
    return {"label": _broken(outcome.short), "values": packed(outcome.values[at]), "tickformat": ".4~g"}


def _broken(name: str) -> str:
    """A name in two lines where it is long, parted behind a dot or at a space.

    Examples
    --------
    >>> _broken("policy.dr_share_of_peak"), _broken("CO2 [Mt]"), _broken("operating cost [bn CNY]")
    ('policy.<br>dr_share_of_peak', 'CO2 [Mt]', 'operating<br>cost [bn CNY]')
    """
    if len(name) <= 16:
        return name
    places = [i + 1 for i, mark in enumerate(name) if mark in ". " and " " not in name[name.find("[") : i]]
    if not places:
        return name
    middle = min(places, key=lambda place: abs(place - len(name) / 2))
    return f"{name[:middle].rstrip()}<br>{name[middle:]}"


def _trace(axes: list[dict[str, Any]], outcome: Outcome, at: Numbers) -> Trace:
    line = {"color": packed(outcome.values[at]), **colour_scale(outcome.scale.unit)}
    # the ends of the axes have no numbers of their own: they would stand in the second line of the names
    return {"type": "parcoords", "dimensions": axes, "line": line, "rangefont": {"color": "rgba(0,0,0,0)"}}
