"""Prices: over the run, in order of size, and by place."""

from __future__ import annotations

import numpy as np

from gridopt.report.html.parts import (
    SERIES,
    Absent,
    Array,
    Figure,
    Section,
    axes,
    day_by_hour,
    duration,
    heat_map,
    line,
)
from gridopt.report.html.view import View

_MOST_PLACES = 20
_SCALE = "Viridis"


def section(view: View) -> Section | Absent:
    """Heat map, duration curve, and the mean by place with its ends."""
    title = view.say("prices_title")
    if "bus_price_cny_per_mwh" not in view.data:
        return Absent(title, view.say("no_prices"))
    price = view.price_cny_per_mwh
    unit = view.units.scale("cny_per_mwh", 0.0).unit
    figures = [_when(view, price, unit), _duration(view, price, unit), _places(view, unit)]
    return Section("prices", title, figures)


def _when(view: View, price: Array, unit: str) -> Figure:
    """Colours reach from the 1 % to the 99 % quantile, or a few hours of scarcity would hide the rest."""
    days, hours, values = day_by_hour(view.begin, price)
    low, high = (float(np.quantile(price, q)) for q in (0.01, 0.99))
    trace = heat_map(days, hours, values, unit, _SCALE, zmin=low, zmax=max(high, low + 1.0))
    return Figure("price_when", view.say("price_when"), [trace], view.when())


def _duration(view: View, price: Array, unit: str) -> Figure:
    traces = [line(view.say("price"), *duration(price, view.step_h), SERIES[0], unit)]
    layout = axes(unit, view.say("hours_axis"), showlegend=False)
    layout["yaxis"]["range"] = _range(price)
    return Figure("price_duration", view.say("price_duration"), traces, layout, 300)


def _range(price: Array) -> list[float]:
    """Ends of the axis: what all but 0.2 % of the hours need."""
    low, high = float(np.quantile(price, 0.002)), float(np.quantile(price, 0.998))
    room = 0.06 * max(high - low, 1.0)
    return [low - room, high + room]


def _places(view: View, unit: str) -> Figure:
    """Mean price of each place with its 5 % and 95 % quantiles."""
    price, place = view.values("bus_price_cny_per_mwh"), view.place_of("bus")
    found: list[tuple[float, float, float, str]] = []
    for name in np.unique(place):
        rows = price[place == name]
        known = np.isfinite(rows).any(axis=0)
        if known.any():
            mean = np.nanmean(rows[:, known], axis=0)
            low, high = np.quantile(mean, (0.05, 0.95))
            found.append((float(mean.mean()), float(low), float(high), str(name)))
    found.sort()
    found = found[: _MOST_PLACES // 2] + found[-(_MOST_PLACES // 2) :] if len(found) > _MOST_PLACES else found
    means, lows, highs = (np.array([row[column] for row in found]) for column in range(3))
    trace = {
        "type": "scatter", "mode": "markers", "y": [view.word(row[3]) for row in found], "x": means.round(2).tolist(),
        "marker": {"size": 10, "color": SERIES[0]}, "hovertemplate": f"%{{x:,.4~g}} {unit}<extra></extra>",
        "error_x": {
            "type": "data", "symmetric": False, "array": (highs - means).clip(0).round(2).tolist(),
            "arrayminus": (means - lows).clip(0).round(2).tolist(), "thickness": 1.2, "color": "#8a8f98",
        },
    }  # fmt: skip
    layout = {"xaxis": {"title": {"text": unit}}, "yaxis": {"automargin": True}, "showlegend": False}
    return Figure("price_places", view.say("price_places"), [trace], layout, 110 + 24 * len(found))
