"""Load duration curve, and what of the load is left for others once wind and solar are taken off."""

from __future__ import annotations

import numpy as np

from gridopt.report.html.parts import SERIES, Array, Figure, Section, axes, duration, line
from gridopt.report.html.view import View

#: Months of the seasons of a power system of the north.
_SEASONS = {"winter": (11, 12, 1, 2, 3), "summer": (6, 7, 8), "between": (4, 5, 9, 10)}


def section(view: View) -> Section:
    """Duration curves of the run, and the mean day of each season."""
    load = view.consumption_mw
    net_load = load - view.weather_mw
    stored = view.total("storage_charge_mw") - view.total("storage_discharge_mw")
    residual = net_load + view.curtailed_mw + view.total("tie_export_mw") + stored - view.total("response_mw")
    curves = [("consumption", load), ("net_load", net_load), ("residual_load", residual)]
    scale = view.scale("mw", *(values for _, values in curves))
    traces = [
        line(view.say(key), *duration(values * scale.factor, view.step_h), colour, scale.unit)
        for (key, values), colour in zip(curves, SERIES, strict=False)
    ]
    blocks = [Figure("duration", view.say("duration_figure"), traces, axes(scale.unit, view.say("hours_axis")))]
    blocks.append(_mean_day(view, [("consumption", load), ("net_load", net_load)]))
    return Section("curves", view.say("curves_title"), blocks)


def _mean_day(view: View, curves: list[tuple[str, Array]]) -> Figure:
    """Mean of each hour of the day by season; full lines for the load, dashes for the net load."""
    scale = view.scale("mw", *(values for _, values in curves))
    month, hour = view.begin.month.to_numpy(), view.begin.hour.to_numpy()
    traces = []
    for (season, months), colour in zip(_SEASONS.items(), SERIES, strict=False):
        mine = np.isin(month, months)
        if not mine.any():
            continue
        for (key, values), dash in zip(curves, ("solid", "dash"), strict=True):
            number = np.bincount(hour[mine], minlength=24)
            sums = np.bincount(hour[mine], weights=values[mine], minlength=24)
            mean = np.divide(sums, number, out=np.full(24, np.nan), where=number > 0) * scale.factor
            trace = line(f"{view.say(key)}, {view.say(season)}", list(range(24)), mean, colour, scale.unit)
            trace["line"] = {"color": colour, "width": 1.8, "dash": dash}
            traces.append(trace)
    layout = axes(scale.unit, view.say("hour_axis"))
    layout["xaxis"]["dtick"] = 3
    return Figure("mean_day", view.say("mean_day_figure"), traces, layout)
