"""Response curves: what each lever does to an outcome, the others held or averaged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gridopt.report.html.parts import (
    SERIES,
    Absent,
    Array,
    Choice,
    Drawn,
    Numbers,
    Section,
    Text,
    Trace,
    Variants,
    axes,
    line,
    lying_bars,
    packed,
)
from gridopt.report.sweep.scenarios import Lever
from gridopt.report.sweep.view import Outcome, SweepView

# Values of the only other lever that have a colour and a name each; combinations of others that are drawn in grey.
_MOST_NAMED, _MOST_LINES = len(SERIES), 200
_GREY = "rgba(128,136,148,0.35)"
_SHADE = "rgba(59,127,196,0.16)"


def section(view: SweepView) -> Section | Absent:
    """A figure for each lever, or bars of named scenarios; a list chooses the outcome."""
    title, sweep = view.say("curves_title"), view.sweep
    if not view.outcomes:
        return Absent(title, view.nothing)
    if sweep.design != "named" and not sweep.varied:
        return Absent(title, view.say("no_lever"))
    names = [outcome.title for outcome in view.outcomes]
    if sweep.design == "named":
        bars = [_bars(view, outcome) for outcome in view.outcomes]
        height = 80 + 24 * sweep.size
        return Section(
            "curves",
            title,
            [Choice(view.say("shown"), names, ["curve_0"]), Variants("curve_0", "", [], {}, height, variants=bars)],
        )
    gridded = sweep.design == "grid"
    draw: Callable[[SweepView, Lever, Outcome], Drawn] = _of_grid if gridded else _of_points
    figures = [
        Variants(
            f"curve_{k}", lever.name, [] if gridded else [_points(view, lever)], {}, 320,
            variants=[draw(view, lever, outcome) for outcome in view.outcomes],
        )
        for k, lever in enumerate(sweep.varied)
    ]  # fmt: skip
    blocks: list[Any] = [Choice(view.say("shown"), names, [figure.key for figure in figures]), *figures]
    if not gridded:
        blocks.insert(0, Text(view.say("curves_note_points"), "note"))
    elif not _two_levers(view):
        blocks.insert(0, Text(view.say("curves_note_mean"), "note"))
    return Section("curves", title, blocks)


def _two_levers(view: SweepView) -> bool:
    """Whether the lines of a grid can have the names of the other lever's values."""
    varied = view.sweep.varied
    return len(varied) < 2 or (len(varied) == 2 and max(len(lever.labels) for lever in varied) <= _MOST_NAMED)


def along(values: Array, shape: tuple[int, ...], dim: int) -> Array:
    """Values of a grid as rows along one of its dimensions, (combination of the others, value of this one).

    Examples
    --------
    >>> along(np.arange(6.0), (3, 2), 0)
    array([[0., 2., 4.],
           [1., 3., 5.]])
    """
    rows: Array = np.moveaxis(values.reshape(shape), dim, -1).reshape(-1, shape[dim])
    return rows


def comparable(rows: Array) -> Array:
    """Rows of which no value is missing, so that their mean compares like with like; all where there is none.

    Examples
    --------
    >>> comparable(np.array([[1.0, 2.0], [3.0, np.nan]]))
    array([[1., 2.]])
    """
    whole: Array = rows[np.isfinite(rows).all(axis=1)]
    return whole if len(whole) else rows


def slices(x: Array, y: Array, most: int = 8, least: int = 5) -> tuple[Array, Array]:
    """Means of points in slices of alike many along x; none where there are too few for two slices.

    Examples
    --------
    >>> slices(np.array([3.0, 1.0, 2.0, 4.0]), np.array([30.0, 10.0, 20.0, 50.0]), least=2)
    (array([1.5, 3.5]), array([15., 40.]))
    """
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    count = min(most, x.size // least)
    if count < 2:
        return np.zeros(0), np.zeros(0)
    order = np.argsort(x, kind="stable")
    parts = np.array_split(order, count)
    return np.array([x[part].mean() for part in parts]), np.array([y[part].mean() for part in parts])


def _axis(lever: Lever) -> dict[str, Any]:
    """Axis of a lever: numbers in their places, words side by side."""
    kind = "linear" if lever.numbers is not None else "category"
    return {"title": {"text": lever.name}, "type": kind, "exponentformat": "none"}


def _of_grid(view: SweepView, lever: Lever, outcome: Outcome) -> Drawn:
    """Lines over the values of a lever, one for each combination of the others."""
    sweep, unit = view.sweep, outcome.scale.unit
    rows = along(outcome.values, sweep.shape, sweep.levers.index(lever))
    x: list[Any] = list(lever.labels if lever.numbers is None else np.unique(lever.numbers).tolist())
    layout = axes(outcome.short) | {"xaxis": _axis(lever)}
    marked = {"mode": "lines+markers", "marker": {"size": 6}}
    if _two_levers(view):
        others = [other for other in sweep.varied if other is not lever]
        names = [f"{others[0].name} = {label}" for label in others[0].labels] if others else [outcome.label]
        traces = [line(n, x, y, c, unit, **marked) for n, y, c in zip(names, rows, SERIES, strict=False)]
        return traces, layout
    rows = comparable(rows)
    known = np.flatnonzero(np.isfinite(rows).any(axis=0))
    rows, x = rows[:, known], [x[k] for k in known]
    shade = {"line": {"width": 0}, "showlegend": False, "hoverinfo": "skip", "hovertemplate": None}
    traces = [
        line("", x, np.nanmin(rows, axis=0), SERIES[0], unit, **shade),
        line(
            view.say("smallest_largest"), x, np.nanmax(rows, axis=0), SERIES[0], unit,
            **shade | {"fill": "tonexty", "fillcolor": _SHADE, "showlegend": True},
        ),
    ]  # fmt: skip
    if len(rows) <= _MOST_LINES:
        gap = np.hstack([rows, np.full((len(rows), 1), np.nan)]).ravel()
        grey = {"line": {"color": _GREY, "width": 1}, "hoverinfo": "skip", "hovertemplate": None}
        traces.append(line(view.say("one_scenario"), [*x, None] * len(rows), gap, _GREY, unit, **grey))
    thick = {"line": {"color": SERIES[0], "width": 2.6}}
    return [*traces, line(view.say("mean"), x, np.nanmean(rows, axis=0), SERIES[0], unit, **marked, **thick)], layout


def _with(view: SweepView, lever: Lever) -> Numbers:
    """Scenarios that are done and have a value of their own."""
    own = True if lever.numbers is None else np.isfinite(lever.numbers)
    return np.flatnonzero(view.sweep.done & own)


def _points(view: SweepView, lever: Lever) -> Trace:
    """A point for each scenario: what is the same for all outcomes."""
    at = _with(view, lever)
    x: list[Any] = [lever.labels[lever.code[k]] for k in at] if lever.numbers is None else lever.numbers[at].tolist()
    return {
        "type": "scatter", "mode": "markers", "name": view.say("one_scenario"), "x": x,
        "text": [view.sweep.told(int(k)) for k in at], "marker": {"size": 6, "opacity": 0.55, "color": SERIES[0]},
    }  # fmt: skip


def _of_points(view: SweepView, lever: Lever, outcome: Outcome) -> Drawn:
    """Heights of the points, and the means of slices."""
    unit, at = outcome.scale.unit, _with(view, lever)
    points: Trace = {
        "y": packed(outcome.values[at]),
        "hovertemplate": f"%{{text}}<br><b>%{{y:,.4~g}} {unit}</b><extra></extra>",
    }
    traces = [points]
    if lever.numbers is not None:
        middle, mean = slices(lever.numbers[at], outcome.values[at])
        if middle.size:
            thick = {"line": {"color": SERIES[1], "width": 2.6}}
            traces.append(line(view.say("mean"), middle.tolist(), mean, SERIES[1], unit, **thick))
    return traces, axes(outcome.short) | {"xaxis": _axis(lever), "hovermode": "closest"}


def _bars(view: SweepView, outcome: Outcome) -> Drawn:
    """Bars of named scenarios, from the first at the top."""
    trace = lying_bars("", view.sweep.names[::-1], outcome.values[::-1], SERIES[0], outcome.scale.unit)
    layout = {"xaxis": {"title": {"text": outcome.short}}, "yaxis": {"type": "category"}, "showlegend": False}
    return [trace], layout
