"""The grid: a map with loading and curtailment, and the interfaces and branches that bind."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridopt.errors import InputError
from gridopt.report.html.parts import (
    SERIES,
    Absent,
    Array,
    Figure,
    Section,
    Table,
    Text,
    Trace,
    axes,
    duration,
    line,
    packed,
)
from gridopt.report.html.view import View
from gridopt.results.tables.interfaces import BINDS_CNY_PER_MWH

# Colour and width of a branch from this loading on (95 % quantile of |flow| over the limit).
_CLASSES = ((0.95, "#d7263d", 4.0), (0.8, "#f28f3b", 3.0), (0.5, "#4f9d69", 2.2), (0.0, "#8a8f98", 1.4))
_MOST_BRANCHES = 12
_POINTS = 400


def section(view: View) -> Section | Absent:
    """Map, duration curves of the interfaces, interfaces and branches that bind."""
    title = view.say("grid_title")
    if view.data.sizes.get("branch", 0) == 0 or view.data.attrs.get("network_level") == "copperplate":
        return Absent(title, view.say("no_grid"))
    blocks: list[Figure | Table | Text] = [_map(view)]
    if view.data.sizes.get("interface", 0):
        blocks += [_interfaces(view), _interface_table(view)]
    blocks.append(_branch_table(view))
    return Section("grid", title, blocks)


def _loading(view: View) -> Array:
    """95 % quantile of the loading of each branch, (branch,) [1]; NaN without a limit."""
    limit = view.data["branch_limit_mw"].to_numpy()
    flow = np.quantile(np.abs(view.values("branch_flow_mw")), 0.95, axis=1)
    known = np.isfinite(limit) & (limit > 0)
    return np.asarray(np.divide(flow, limit, out=np.full(len(limit), np.nan), where=known))


def _positions(view: View) -> pd.DataFrame | str:
    """Longitude and latitude of the buses by name; or why there are none."""
    from gridopt.report.map import positions

    case = view.folder.case
    if case is None:
        return view.say("no_case", reason=view.folder.case_fault)
    try:
        places = positions(case.net)
    except InputError:
        return view.say("no_positions")
    places.index = pd.Index(case.net.bus["name"].astype(str).reindex(places.index))
    return places[~places.index.duplicated()]


def _map(view: View) -> Figure | Text:
    places = _positions(view)
    if isinstance(places, str):
        return Text(places, "note")
    traces = [*_branches(view, places), *_buses(view, places)]
    cosine = float(max(np.cos(np.radians(places["y"].mean())), 0.1))
    hidden = {"visible": False, "showgrid": False, "zeroline": False}
    layout = {
        "xaxis": hidden, "yaxis": hidden | {"scaleanchor": "x", "scaleratio": 1 / cosine}, "hovermode": "closest",
        "legend": {"itemsizing": "constant"},
    }  # fmt: skip
    return Figure("map", view.say("map_figure"), traces, layout, 560)


def _branches(view: View, places: pd.DataFrame) -> list[Trace]:
    """Branches by class of loading, the fullest on top, with texts at their middles; circuits side by side are one."""
    frame = pd.DataFrame(
        {
            "start": view.coordinate("branch_from_bus"), "end": view.coordinate("branch_to_bus"),
            "name": view.labels("branch"), "loading": _loading(view),
            "limit": view.data["branch_limit_mw"].to_numpy(),
            "largest": np.abs(view.values("branch_flow_mw")).max(axis=1, initial=0.0),
        }
    )  # fmt: skip
    frame = frame[frame["start"].isin(places.index) & frame["end"].isin(places.index) & frame["loading"].notna()]
    frame["text"] = [
        f"{row['name']}: {view.shown(row['loading'], 'pu')}, "
        f"{view.shown(row['largest'], 'mw')} / {view.shown(row['limit'], 'mw')}"
        for row in frame.to_dict("records")
    ]
    groups = frame.groupby(["start", "end"], sort=False).agg(loading=("loading", "max"), text=("text", "<br>".join))
    traces: list[Trace] = []
    upper = np.inf
    for lowest, colour, width in _CLASSES:
        mine = groups[(groups["loading"] >= lowest) & (groups["loading"] < upper)]
        name = view.say("loaded_above", percent=f"{100 * lowest:.0f}") if lowest else view.say("loaded_less")
        upper = lowest
        if mine.empty:
            continue
        start, end = (places.loc[mine.index.get_level_values(side)].to_numpy() for side in ("start", "end"))
        path = np.stack([start, end, np.full_like(start, np.nan)], axis=1).reshape(-1, 2)
        middle = (start + end) / 2
        style = {"name": name, "legendgroup": name}
        traces.insert(0, {
            "type": "scatter", "mode": "markers", "x": packed(middle[:, 0]), "y": packed(middle[:, 1]),
            "text": list(mine["text"]), "hovertemplate": "%{text}<extra></extra>", "showlegend": False,
            "marker": {"size": 7, "color": colour, "opacity": 0.55}, **style,
        })  # fmt: skip
        traces.insert(0, {
            "type": "scatter", "mode": "lines", "x": packed(path[:, 0]), "y": packed(path[:, 1]), "hoverinfo": "skip",
            "line": {"color": colour, "width": width}, **style,
        })  # fmt: skip
    return traces


def _buses(view: View, places: pd.DataFrame) -> list[Trace]:
    """Buses as dots, and circles whose area is what is curtailed there."""
    known = [bus for bus in view.labels("bus") if bus in places.index]
    at = places.loc[known]
    dots = {
        "type": "scatter", "mode": "markers", "x": packed(at["x"].to_numpy()), "y": packed(at["y"].to_numpy()),
        "text": known, "hovertemplate": "%{text}<extra></extra>", "name": view.say("buses"),
        "marker": {"size": 5, "color": "#5b6470"},
    }  # fmt: skip
    if "renewable_curtailment_mw" not in view.data:
        return [dots]
    energy = pd.Series(view.values("renewable_curtailment_mw").sum(axis=1) * view.step_h)
    by_bus = energy.groupby(view.coordinate("renewable_bus")).sum()
    by_bus = by_bus[(by_bus > 0) & by_bus.index.isin(places.index)]
    if by_bus.empty:
        return [dots]
    at = places.loc[by_bus.index]
    size = 8 + 38 * np.sqrt(by_bus.to_numpy() / by_bus.max())
    words = [f"{bus}: {view.shown(float(lost), 'mwh')}" for bus, lost in by_bus.items()]
    circles = {
        "type": "scatter", "mode": "markers", "x": packed(at["x"].to_numpy()), "y": packed(at["y"].to_numpy()),
        "text": words, "hovertemplate": "%{text}<extra></extra>", "name": view.say("curtailed"),
        "marker": {"size": size.round(1).tolist(), "color": "rgba(226,80,120,0.35)", "line": {"color": "#e25078"}},
    }  # fmt: skip
    return [circles, dots]


def _interfaces(view: View) -> Figure:
    """Flow of each interface in order of size, against the hours."""
    flows, names = view.values("interface_flow_mw"), view.labels("interface")
    scale = view.scale("mw", flows)
    traces = []
    for name, flow, colour in zip(names, flows, SERIES * 9, strict=False):
        curve = duration(flow * scale.factor, view.step_h, _POINTS)
        traces.append(line(view.name(name), *curve, colour, scale.unit))
    return Figure("interfaces", view.say("interface_figure"), traces, axes(scale.unit, view.say("hours_axis")))


def _interface_table(view: View) -> Table:
    flows, price = view.values("interface_flow_mw"), view.values("interface_price_cny_per_mwh")
    limits = view.folder.table("interfaces")
    limit = dict(zip(limits["interface"], limits["limit_mw"], strict=True)) if "limit_mw" in limits else {}
    rows = []
    largest, reverse = (np.maximum(sign * flows, 0.0).max(axis=1) for sign in (1.0, -1.0))
    for number, name in enumerate(view.labels("interface")):
        binding = np.abs(price[number]) > BINDS_CNY_PER_MWH
        worth = float(np.abs(price[number]).sum()) * view.step_h
        rows.append(
            [
                view.name(name), view.shown(limit.get(name), "mw"), view.shown(float(largest[number]), "mw"),
                view.shown(float(reverse[number]), "mw"), view.shown(float(binding.sum()) * view.step_h, "h"),
                view.shown(worth, "cny_per_mw"),
            ]
        )  # fmt: skip
    keys = ("limit_mw", "largest_flow_mw", "largest_reverse_mw", "binding_h", "worth_cny_per_mw")
    return Table([view.say("interface"), *(view.column(key) for key in keys)], rows, view.say("interface_table"))


def _branch_table(view: View) -> Table | Text:
    """Branches in the order of what one more MW would have saved."""
    price = np.abs(view.values("branch_price_cny_per_mwh"))
    worth, hours = price.sum(axis=1) * view.step_h, (price > BINDS_CNY_PER_MWH).sum(axis=1) * view.step_h
    order = [row for row in np.argsort(-worth, kind="stable")[:_MOST_BRANCHES] if hours[row] > 0]
    if not order:
        return Text(view.say("no_branch_binds"))
    names, limit, loading = view.labels("branch"), view.data["branch_limit_mw"].to_numpy(), _loading(view)
    rows = [
        [
            names[row], view.shown(float(limit[row]), "mw"), view.shown(float(loading[row]), "pu"),
            view.shown(float(hours[row]), "h"), view.shown(float(worth[row]), "cny_per_mw"),
        ]
        for row in order
    ]  # fmt: skip
    keys = ("limit_mw", "p95_loading_pu", "binding_h", "worth_cny_per_mw")
    return Table([view.say("branch"), *(view.column(key) for key in keys)], rows, view.say("branch_table"))
