"""Heat maps: an outcome over two levers at a time."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from gridopt.report.html.parts import Absent, Array, Choice, Drawn, Section, Text, Trace, Variants, packed
from gridopt.report.sweep.curves import comparable
from gridopt.report.sweep.parallel import colour_scale
from gridopt.report.sweep.scenarios import Lever
from gridopt.report.sweep.view import Outcome, SweepView

_MOST_PAIRS = 6
# Up to here the number stands in each cell.
_MOST_LABELLED = 8


def section(view: SweepView) -> Section | Absent:
    """A map for each pair of levers; a list chooses the outcome."""
    title, sweep = view.say("maps_title"), view.sweep
    if not view.outcomes:
        return Absent(title, view.nothing)
    pairs = list(combinations(sweep.varied, 2))
    gridded = sweep.design == "grid"
    if not gridded:
        pairs = [pair for pair in pairs if all(lever.numbers is not None for lever in pair)]
    if not pairs or sweep.design == "named":
        return Absent(title, view.say("no_pair"))
    draw = _of_grid if gridded else _of_points
    figures = [
        Variants(
            f"map_{k}", view.say("pair", first=first.name, second=second.name),
            [] if gridded else [_points(view, first, second)], {}, _height(view, second),
            variants=[draw(view, first, second, outcome) for outcome in view.outcomes],
        )
        for k, (first, second) in enumerate(pairs[:_MOST_PAIRS])
    ]  # fmt: skip
    blocks: list[Any] = [
        Choice(view.say("shown"), [outcome.title for outcome in view.outcomes], [figure.key for figure in figures]),
        *figures,
    ]
    if not gridded:
        blocks.insert(0, Text(view.say("maps_note_points"), "note"))
    elif len(sweep.varied) > 2:
        blocks.insert(0, Text(view.say("maps_note"), "note"))
    if len(pairs) > _MOST_PAIRS:
        blocks.append(Text(view.say("maps_few", shown=_MOST_PAIRS, all=len(pairs)), "note"))
    return Section("maps", title, blocks)


def _height(view: SweepView, second: Lever) -> int:
    return 120 + 34 * min(max(len(second.labels), 4), 12) if view.sweep.design == "grid" else 400


def mean_over(values: Array, shape: tuple[int, ...], first: int, second: int) -> Array:
    """Means of a grid over all but two of its dimensions, (second, first); NaN where there is no number.

    Examples
    --------
    >>> mean_over(np.array([1.0, 2.0, 3.0, 5.0, 5.0, 7.0, 9.0, np.nan]), (2, 2, 2), 0, 1)
    array([[1., 5.],
           [3., 9.]])
    """
    cells = np.moveaxis(values.reshape(shape), (second, first), (0, 1))
    rows = comparable(cells.reshape(cells.shape[0] * cells.shape[1], -1).T)
    known = np.isfinite(rows)
    count = known.sum(axis=0)
    total = np.where(known, rows, 0.0).sum(axis=0)
    mean: Array = np.where(count > 0, total / np.maximum(count, 1), np.nan).reshape(cells.shape[:2])
    return mean


def _of_grid(view: SweepView, first: Lever, second: Lever, outcome: Outcome) -> Drawn:
    dims = view.sweep.levers
    mean = mean_over(outcome.values, view.sweep.shape, dims.index(first), dims.index(second))
    few = max(mean.shape) <= _MOST_LABELLED
    trace = {
        "type": "heatmap", "x": list(first.labels), "y": list(second.labels), "z": packed(mean),
        **colour_scale(outcome.scale.unit), "xgap": 2, "ygap": 2, "hoverongaps": False,
        "hovertemplate": f"{first.name} = %{{x}}<br>{second.name} = %{{y}}<br>"
                         f"<b>%{{z:,.5~g}} {outcome.scale.unit}</b><extra></extra>",
        **({"texttemplate": "%{z:,.4g}"} if few else {}),
    }  # fmt: skip
    return [trace], _layout(first, second, "category")


def _points(view: SweepView, first: Lever, second: Lever) -> Trace:
    """A point for each scenario: what is the same for all outcomes."""
    at = np.flatnonzero(view.sweep.done)
    x, y = (np.zeros(0) if lever.numbers is None else lever.numbers[at] for lever in (first, second))
    words = [view.sweep.told(int(k)) for k in at]
    return {"type": "scatter", "mode": "markers", "x": packed(x), "y": packed(y), "text": words}


def _of_points(view: SweepView, first: Lever, second: Lever, outcome: Outcome) -> Drawn:
    unit, values = outcome.scale.unit, outcome.values[view.sweep.done]
    trace = {
        "marker": {"size": 9, "color": packed(values), **colour_scale(unit)},
        "hovertemplate": f"%{{text}}<br><b>%{{marker.color:,.5~g}} {unit}</b><extra></extra>",
    }
    return [trace], _layout(first, second, "linear")


def _layout(first: Lever, second: Lever, kind: str) -> dict[str, Any]:
    return {
        "xaxis": {"title": {"text": first.name}, "type": kind, "exponentformat": "none"},
        "yaxis": {"title": {"text": second.name, "standoff": 10}, "type": kind, "exponentformat": "none"},
        "hovermode": "closest",
        "showlegend": False,
    }
