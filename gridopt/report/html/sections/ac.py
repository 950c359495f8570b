"""AC check: voltages, loading and losses of every hour as an AC power flow."""

from __future__ import annotations

import numpy as np

from gridopt.report.html.parts import SERIES, Absent, Array, Figure, Section, Table, Tile, Tiles, axes, coarse, line
from gridopt.report.html.view import View

_WORST = 10


def section(view: View) -> Section | Absent:
    """Hours that converge and keep their band, ends of voltage and loading over the run, worst elements."""
    title = view.say("ac_title")
    if "ac_converged" not in view.data:
        return Absent(title, view.say("no_ac"))
    converged = view.data["ac_converged"].to_numpy() > 0
    kept = view.data["ac_in_voltage_band"].to_numpy() > 0
    hours = [float(which.sum()) * view.step_h for which in (converged, kept)]
    losses = float(np.nansum(view.data["ac_losses_mw"].to_numpy())) * view.step_h
    tiles = [
        Tile(view.say("ac_hours"), view.shown(hours[0], "h"), view.say("of_hours", hours=f"{view.hours:,.0f}")),
        Tile(view.say("ac_band_hours"), view.shown(hours[1], "h"), view.say("of_hours", hours=f"{view.hours:,.0f}")),
        Tile(view.say("ac_losses"), view.shown(losses, "mwh")),
    ]
    if not converged.any():
        return Section("ac", title, [Tiles(tiles)])
    voltage, loading = view.values("ac_vm_pu")[:, converged], view.values("ac_loading_percent")[:, converged]
    blocks: list[Tiles | Figure | Table] = [Tiles(tiles), _voltages(view)]
    if np.isfinite(loading).any():
        blocks += [_loadings(view), _worst_branches(view, loading)]
    breach = view.values("ac_voltage_breach_pu")[:, converged]
    blocks += [_worst_buses(view, voltage, breach)] if np.nan_to_num(breach).max(initial=0.0) > 0 else []
    return Section("ac", title, blocks)


def _ends(values: Array, low: bool) -> tuple[Array, int]:
    """Smallest or largest of each stretch of the run over all elements, and the stretch's steps."""
    worst = -1.0 if low else 1.0
    of_hour = np.max(np.where(np.isnan(values), -np.inf, worst * values), axis=0)
    of_hour = np.where(np.isfinite(of_hour), of_hour, np.nan)
    _, width = coarse(of_hour)
    starts = np.arange(0, len(of_hour), width)
    return worst * np.fmax.reduceat(of_hour, starts), width


def _voltages(view: View) -> Figure:
    values, unit = view.values("ac_vm_pu"), view.units.scale("vm_pu", 1.0).unit
    traces = []
    for low, colour in ((True, SERIES[0]), (False, SERIES[1])):
        ends, width = _ends(values, low)
        traces.append(line(view.say("lowest" if low else "highest"), view.x(width), ends, colour, unit))
    return Figure("ac_voltage", view.say("ac_voltage"), traces, axes(unit, xaxis={"type": "date"}), 300)


def _loadings(view: View) -> Figure:
    ends, width = _ends(view.values("ac_loading_percent"), low=False)
    traces = [line(view.say("largest_loading"), view.x(width), ends, SERIES[7], "%")]
    layout = axes("%", xaxis={"type": "date"}, showlegend=False)
    layout["shapes"] = [
        {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 100, "y1": 100, "line": {"dash": "dot", "width": 1}}
    ]
    return Figure("ac_loading", view.say("ac_loading"), traces, layout, 300)


def _worst_branches(view: View, loading: Array) -> Table:
    known = np.where(np.isfinite(loading), loading, -np.inf)
    largest, over = known.max(axis=1), (known > 100.0).sum(axis=1) * view.step_h
    order = np.argsort(-largest, kind="stable")[:_WORST]
    names = view.labels("branch")
    rows = [
        [names[row], view.shown(float(largest[row]), "percent"), view.shown(float(over[row]), "h")]
        for row in order
        if np.isfinite(largest[row])
    ]
    head = [view.say(key) for key in ("branch", "largest_loading", "hours_over")]
    return Table(head, rows, view.say("ac_branches"), folded=True)


def _worst_buses(view: View, voltage: Array, breach: Array) -> Table:
    most, hours = np.nan_to_num(breach).max(axis=1), (np.nan_to_num(breach) > 0).sum(axis=1) * view.step_h
    order = [row for row in np.argsort(-most, kind="stable")[:_WORST] if most[row] > 0]
    names = view.labels("bus")
    rows = [
        [
            names[row], *(view.shown(float(end(voltage[row])), "vm_pu") for end in (np.nanmin, np.nanmax)),
            view.shown(float(hours[row]), "h"),
        ]
        for row in order
    ]  # fmt: skip
    head = [view.say(key) for key in ("bus", "lowest", "highest", "hours_outside")]
    return Table(head, rows, view.say("ac_buses"))
