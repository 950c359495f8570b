"""The Pareto front of cost and curtailment."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridopt.report.html.parts import (
    SERIES,
    Absent,
    Array,
    Choice,
    Drawn,
    Section,
    Text,
    Trace,
    Variants,
    axes,
    line,
    packed,
)
from gridopt.report.sweep.parallel import colour_scale
from gridopt.report.sweep.scenarios import Sweep
from gridopt.report.sweep.view import SweepView

_COSTS = ("operating_cost_cny", "objective_cny")
_RATE = "curtailment_rate"
_SHOWN = ("operating_cost_cny", "objective_cny", "co2_t", "unserved_mwh")
# Differences that a solver's tolerance may make: of the rate, and of cost relative to the largest.
_SAME_RATE, _SAME_COST = 1e-6, 1e-6
_CROSS = {"width": 2, "color": "#d1495b"}
# Up to here the names of scenarios stand beside their points.
_MOST_NAMED = 12


def pareto_front(first: Array, second: Array) -> NDArray[np.int64]:
    """Points than which none is smaller in one value and not larger in the other, in the order of the first.

    Of points alike in both only the first one is taken; points with a NaN are passed over.

    Examples
    --------
    >>> pareto_front(np.array([1.0, 2.0, 2.0, 3.0, 0.5]), np.array([5.0, 4.0, 3.0, 3.0, np.nan])).tolist()
    [0, 2]
    """
    at = np.flatnonzero(np.isfinite(first) & np.isfinite(second))
    order = at[np.lexsort((second[at], first[at]))]
    least = np.minimum.accumulate(np.concatenate([[np.inf], second[order]]))[:-1]
    return order[second[order] < least]


def section(view: SweepView) -> Section | Absent:
    """Scenarios by curtailment and cost, with the front of those that are best; a table of the front."""
    title, sweep = view.say("front_title"), view.sweep
    rate = sweep.values(_RATE)
    costs = [key for key in _COSTS if np.isfinite(rate + sweep.values(key)).any()]
    if not costs:
        return Absent(title, view.say("no_curtailment" if sweep.done.any() else "nothing_done"))
    fronts = {key: pareto_front(_rounded(rate, _SAME_RATE), _rounded_cost(sweep.values(key))) for key in costs}
    best = fronts[costs[0]].tolist()
    listed = [_RATE, *(key for key in _SHOWN if np.isfinite(sweep.values(key)[best]).any())]
    blocks: list[Any] = [
        Text(view.say("front_note"), "note"),
        Choice(view.say("cost"), [view.outcome(key).title for key in costs], ["front"]),
        Variants("front", "", [], {}, 420, variants=[_drawn(view, key, fronts[key]) for key in costs]),
        view.table(best, listed, view.say("front_table")),
    ]
    return Section("front", title, blocks)


def _rounded(values: Array, step: float) -> Array:
    rounded: Array = np.round(values / step) * step
    return rounded


def _rounded_cost(cost: Array) -> Array:
    known = np.abs(cost[np.isfinite(cost)])
    return _rounded(cost, _SAME_COST * max(float(known.max()), 1.0))


def _drawn(view: SweepView, key: str, front: NDArray[np.int64]) -> Drawn:
    rate, cost = view.outcome(_RATE), view.outcome(key)
    x, y = _rounded(rate.values, _SAME_RATE * rate.scale.factor), cost.values
    best = line(view.say("front"), x[front].tolist(), y[front], SERIES[1], cost.scale.unit)
    best |= {"line": {"color": SERIES[1], "width": 2, "shape": "hv"}, "hoverinfo": "skip", "hovertemplate": None}
    ring = {
        "type": "scatter", "mode": "markers", "x": x[front].tolist(), "y": y[front].tolist(), "showlegend": False,
        "marker": {"size": 15, "symbol": "circle-open", "color": SERIES[1], "line": {"width": 2}}, "hoverinfo": "skip",
    }  # fmt: skip
    layout = axes(cost.short) | {"xaxis": {"title": {"text": rate.short}}, "hovermode": "closest"}
    return [best, ring, *_points(view, x, y, f"{rate.label} %{{x:,.4~g}} {rate.scale.unit}<br>{cost.label} "
                                 f"%{{y:,.6~g}} {cost.scale.unit}")], layout  # fmt: skip


def _points(view: SweepView, x: Array, y: Array, words: str) -> list[Trace]:
    """Points of all scenarios, coloured by the first lever that varies; crosses where demand is not served."""
    sweep = view.sweep
    known = np.isfinite(x) & np.isfinite(y)
    named = sweep.design == "named" and sweep.size <= _MOST_NAMED
    inwards = np.where(x > (np.nanmin(x) + np.nanmax(x)) / 2, "top left", "top right")

    def points(which: NDArray[np.bool_], name: str, marker: dict[str, Any]) -> Trace:
        at = np.flatnonzero(which)
        return {
            "type": "scatter", "mode": "markers+text" if named else "markers", "name": name, "x": x[at].tolist(),
            "y": y[at].tolist(), "customdata": [sweep.told(int(k)) for k in at],
            "text": [sweep.names[k] for k in at], "textposition": inwards[at].tolist(), "showlegend": bool(name),
            "hovertemplate": f"%{{customdata}}<br>{words}<extra></extra>", "marker": {"size": 8, **marker},
            "cliponaxis": False,
        }  # fmt: skip

    traces = [points(which, name, marker) for name, which, marker in _groups(sweep, known)]
    if (lost := known & sweep.lost).any():
        crosses = points(lost, view.say("lost"), {"symbol": "x-thin", "size": 9, "line": _CROSS})
        traces.append(crosses | {"mode": "markers", "hoverinfo": "skip", "hovertemplate": None})
    return traces


def _groups(sweep: Sweep, known: NDArray[np.bool_]) -> list[tuple[str, NDArray[np.bool_], dict[str, Any]]]:
    """Name, scenarios and marker of each colour: of few values of the first lever one each, of many a scale."""
    lever = sweep.varied[0] if sweep.varied and sweep.design != "named" else None
    palette = [colour for colour in SERIES if colour != SERIES[1]]  # that of the front
    if lever is None:
        return [("", known, {"color": palette[0]})]
    if len(lever.labels) <= len(palette):
        return [
            (f"{lever.name} = {label}", known & (lever.code == k), {"color": palette[k]})
            for k, label in enumerate(lever.labels)
        ]
    values = lever.code.astype(float) if lever.numbers is None else lever.numbers
    return [("", known, {"color": packed(values[known]), **colour_scale(lever.name)})]
