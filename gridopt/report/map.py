"""Map of a network: branches, plants and loads at their places, without tiles and without the internet.

The same layers are drawn twice: by plotly as one self-contained HTML page with hover texts, and by matplotlib
as a PNG for a report.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gridopt.errors import Fault, InputError

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from pandapower import pandapowerNet

# Technology: colour and legend.
TECHNOLOGIES = {
    "coal": ("#4d4d4d", "coal"),
    "coal_chp": ("#8c510a", "coal, heat and power"),
    "gas": ("#bf812d", "gas"),
    "biomass": ("#5aae61", "biomass"),
    "nuclear": ("#c51b7d", "nuclear"),
    "hydro_reservoir": ("#2166ac", "reservoir hydro"),
    "hydro_ror": ("#67a9cf", "run-of-river hydro"),
    "wind": ("#1b9e9e", "wind"),
    "solar": ("#e6ab02", "solar"),
    "solar_distributed": ("#f2d16b", "distributed solar"),
    "phs": ("#542788", "pumped storage"),
    "battery": ("#d6604d", "battery"),
    "": ("#999999", "other"),
}
REGIONS = {"west": "#dfeeea", "central": "#f0ece4", "east": "#e3e8f3", "external": "#f3f3f3", "": "#f3f3f3"}
# Line width in pixels by voltage: the lowest class whose limit is reached.
WIDTHS = ((750.0, 5.0, "#7f0000"), (450.0, 3.5, "#c0392b"), (300.0, 2.5, "#8e44ad"), (0.0, 1.2, "#34699a"))


@dataclass(frozen=True)
class Layer:
    """Things of one kind: marks or lines, with a hover text each.

    Attributes
    ----------
    x, y : np.ndarray
        Longitude and latitude [degrees], shape (points,); lines are separated by NaN.
    size : np.ndarray
        Diameter of the marks [pixels], shape (points,); empty for lines.
    """

    name: str
    colour: str
    x: np.ndarray
    y: np.ndarray
    text: tuple[str, ...]
    size: np.ndarray
    width: float = 0.0
    in_legend: bool = True

    @property
    def is_line(self) -> bool:
        """Whether the points are joined."""
        return self.width > 0


@dataclass(frozen=True)
class NetworkMap:
    """All layers of a map, from the bottom to the top, and the outlines of the regions beneath."""

    title: str
    regions: dict[str, np.ndarray]
    layers: tuple[Layer, ...]


def positions(net: pandapowerNet) -> pd.DataFrame:
    """Longitude and latitude of every bus that has them, columns ``x`` and ``y``."""
    places = {}
    for bus, text in net.bus["geo"].items() if "geo" in net.bus else ():
        if isinstance(text, str) and text:
            places[bus] = json.loads(text)["coordinates"][:2]
    if not places:
        raise InputError(Fault(table="bus", column="geo", message="no bus has a position, so nothing can be drawn"))
    return pd.DataFrame.from_dict(places, orient="index", columns=["x", "y"]).astype(float)


def network_map(net: pandapowerNet) -> NetworkMap:
    """Layers of a net's map: branches by voltage, loads, plants by technology.

    Parameters
    ----------
    net : pandapowerNet
        With extension columns and positions (``bus.geo``).
    """
    place = positions(net)
    title = " · ".join([str(net["name"] or "network"), *_notes(net)])
    layers = [*_branch_layers(net, place), _load_layer(net, place), *_plant_layers(net, place)]
    layers.append(_bus_layer(net, place))
    return NetworkMap(title, _outlines(net, place), tuple(layer for layer in layers if len(layer.x)))


def _notes(net: pandapowerNet) -> list[str]:
    """What the network says of itself, such as that it is stylised."""
    meta = net["network_meta"] if "network_meta" in net else pd.DataFrame()
    return [str(meta[column].iloc[0]) for column in ("year", "note") if column in meta and len(meta)]


def _branch_layers(net: pandapowerNet, place: pd.DataFrame) -> list[Layer]:
    """Lines by voltage, the highest on top, above the transformers between different places."""
    lines, trafos = _drawn(_branches(net, "line"), place), _drawn(_branches(net, "trafo"), place)
    layers: list[Layer] = []
    upper = np.inf
    for lowest, width, colour in WIDTHS:
        group = lines[(lines["kv"] >= lowest) & (lines["kv"] < upper)]
        upper = lowest
        label = f"{group['kv'].max():g} kV lines"
        layers = [*_lines_of(group, place, label, width, colour), *layers]
    return [*_lines_of(trafos, place, "transformers", 1.5, "#888888"), *layers]


def _drawn(branches: pd.DataFrame, place: pd.DataFrame) -> pd.DataFrame:
    """Branches whose ends are at two known places."""
    known: pd.DataFrame = branches[branches["start"].isin(place.index) & branches["end"].isin(place.index)]
    apart = place.loc[known["start"]].to_numpy() != place.loc[known["end"]].to_numpy()
    return known.loc[np.any(apart, axis=1)]


def _branches(net: pandapowerNet, element: str) -> pd.DataFrame:
    """Ends, voltage [kV] and hover text of the branches in service."""
    start, end, rating, unit = {
        "line": ("from_bus", "to_bus", "max_i_ka", "kA"),
        "trafo": ("hv_bus", "lv_bus", "sn_mva", "MVA"),
    }[element]
    rows = net[element][net[element]["in_service"].astype(bool)]
    kv = net.bus["vn_kv"].reindex(rows[start]).to_numpy()
    texts = [f"{name} ({value:g} {unit})" for name, value in zip(rows["name"], rows[rating], strict=True)]
    return pd.DataFrame({"start": rows[start], "end": rows[end], "kv": kv, "text": texts})


def _lines_of(group: pd.DataFrame, place: pd.DataFrame, label: str, width: float, colour: str) -> list[Layer]:
    """A layer of lines and one of small marks at their middles, which carry the hover texts."""
    if group.empty:
        return []
    # Parallel circuits are one stroke with one text.
    texts = group.groupby(["start", "end"], sort=False)["text"].agg("<br>".join)
    start = place.loc[texts.index.get_level_values("start")].to_numpy()
    end = place.loc[texts.index.get_level_values("end")].to_numpy()
    path = np.stack([start, end, np.full_like(start, np.nan)], axis=1).reshape(-1, 2)
    middle = (start + end) / 2
    return [
        Layer(label, colour, path[:, 0], path[:, 1], (), np.empty(0), width),
        Layer(label, colour, middle[:, 0], middle[:, 1], tuple(texts), np.full(len(middle), 4.0), in_legend=False),
    ]


def _bus_layer(net: pandapowerNet, place: pd.DataFrame) -> Layer:
    texts = tuple(f"{net.bus.loc[bus, 'name']}<br>{net.bus.loc[bus, 'vn_kv']:g} kV" for bus in place.index)
    size = np.full(len(place), 4.0)
    return Layer("bus", "#222222", place["x"].to_numpy(), place["y"].to_numpy(), texts, size)


def _load_layer(net: pandapowerNet, place: pd.DataFrame) -> Layer:
    loads = net.load[net.load["in_service"].astype(bool) & net.load["bus"].isin(place.index)]
    total = loads.groupby("bus")["p_mw"].sum()
    texts = tuple(f"{net.bus.loc[bus, 'name']}<br>load {mw:,.0f} MW on average" for bus, mw in total.items())
    at = place.loc[total.index]
    return Layer("load", "#b0b0b0", at["x"].to_numpy(), at["y"].to_numpy(), texts, _diameter(total.to_numpy()))


def _plant_layers(net: pandapowerNet, place: pd.DataFrame) -> list[Layer]:
    tables = []
    for element, column, sign in (("gen", "max_p_mw", 1.0), ("sgen", "max_p_mw", 1.0), ("storage", "min_p_mw", -1.0)):
        rows = net[element][net[element]["in_service"].astype(bool)]
        if len(rows) and column in rows:
            tables.append(rows[["name", "bus", "technology"]].assign(mw=sign * rows[column].astype(float)))
    if not tables:
        return []
    plants = pd.concat(tables)
    plants = plants[plants["bus"].isin(place.index) & (plants["mw"] > 0)]
    at = _fanned_out(plants, place)
    layers = []
    for technology, (colour, label) in TECHNOLOGIES.items():
        mine = (plants["technology"] == technology).to_numpy()
        texts = tuple(
            f"{name}<br>{label} {mw:,.0f} MW" for name, mw in zip(plants["name"][mine], plants["mw"][mine], strict=True)
        )
        layers.append(Layer(label, colour, at[mine, 0], at[mine, 1], texts, _diameter(plants["mw"].to_numpy()[mine])))
    return layers


def _fanned_out(plants: pd.DataFrame, place: pd.DataFrame) -> np.ndarray:
    """Positions of plants, those of one bus on a small circle around it, shape (plants, 2)."""
    order = plants.groupby("bus").cumcount().to_numpy()
    count = plants.groupby("bus")["mw"].transform("size").to_numpy()
    extent = float((place.max() - place.min()).max()) or 1.0
    radius = np.where(count > 1, 0.014 * extent, 0.0)
    angle = 2 * np.pi * order / count
    centre = place.loc[plants["bus"]].to_numpy()
    offset = np.stack([np.cos(angle) * 1.35, np.sin(angle)], axis=1)
    return np.asarray(centre + radius[:, None] * offset)


def _diameter(mw: np.ndarray) -> np.ndarray:
    """Marks whose area grows with the power; small ones stay visible."""
    return np.asarray(np.clip(0.55 * np.sqrt(np.abs(mw)), 5.0, 34.0))


def _outlines(net: pandapowerNet, place: pd.DataFrame) -> dict[str, np.ndarray]:
    """Convex outline of each region's buses, drawn a little larger, shape (corners + 1, 2)."""
    from scipy.spatial import ConvexHull, QhullError

    outlines = {}
    region = net.bus["region"].reindex(place.index)
    for name in sorted(set(region) - {"", "external"}):
        points = place[region == name].to_numpy()
        if len(points) < 3:
            continue
        try:
            corners = points[ConvexHull(points).vertices]
        except QhullError:  # all on one line
            continue
        centre = corners.mean(axis=0)
        grown = centre + 1.12 * (corners - centre)
        outlines[name] = np.vstack([grown, grown[:1]])
    return outlines


def figure(net: pandapowerNet) -> go.Figure:
    """The map as a plotly figure."""
    import plotly.graph_objects as go

    drawing = network_map(net)
    fig = go.Figure()
    for name, outline in drawing.regions.items():
        fig.add_scatter(
            x=outline[:, 0], y=outline[:, 1], mode="lines", fill="toself", fillcolor=REGIONS[name],
            line={"width": 0}, name=name, hoverinfo="skip", showlegend=False,
        )  # fmt: skip
    for layer in drawing.layers:
        if layer.is_line:
            style = {"mode": "lines", "line": {"width": layer.width, "color": layer.colour}, "hoverinfo": "skip"}
        else:
            marker = {"size": layer.size, "color": layer.colour, "line": {"width": 0.5, "color": "white"}}
            style = {"mode": "markers", "marker": marker, "text": layer.text, "hoverinfo": "text"}
        fig.add_scatter(
            x=layer.x, y=layer.y, name=layer.name, legendgroup=layer.name, showlegend=layer.in_legend,
            opacity=0.9, **style,
        )  # fmt: skip
    fig.update_layout(
        title=drawing.title, template="plotly_white", hovermode="closest", height=820,
        legend={"itemsizing": "constant"}, margin={"l": 20, "r": 20, "t": 50, "b": 20},
    )  # fmt: skip
    fig.update_xaxes(visible=False)
    # A degree of longitude is shorter than one of latitude.
    fig.update_yaxes(visible=False, scaleanchor="x", scaleratio=1 / _cosine(drawing))
    return fig


def _cosine(drawing: NetworkMap) -> float:
    latitudes = np.concatenate([layer.y[np.isfinite(layer.y)] for layer in drawing.layers])
    return float(max(np.cos(np.radians(latitudes.mean())), 0.1))


def write_map(net: pandapowerNet, path: Path) -> None:
    """Write the map as ``.html`` (self-contained, hover texts) or ``.png``.

    Raises
    ------
    InputError
        Where the suffix is another one, no bus has a position, or matplotlib is missing for a PNG.
    """
    if path.suffix == ".html":
        figure(net).write_html(path, include_plotlyjs=True, full_html=True)
    elif path.suffix == ".png":
        _write_png(network_map(net), path)
    else:
        raise InputError(Fault(str(path), message=f"no map in the format {path.suffix!r}; use .html or .png"))


def _write_png(drawing: NetworkMap, path: Path) -> None:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.collections import PathCollection
        from matplotlib.figure import Figure
    except ImportError:
        message = "a PNG needs matplotlib: pip install matplotlib, or write an .html map"
        raise InputError(Fault(str(path), message=message)) from None
    fig = Figure(figsize=(11, 8.5), layout="constrained")
    FigureCanvasAgg(fig)
    axes = fig.add_subplot()
    for name, outline in drawing.regions.items():
        axes.fill(outline[:, 0], outline[:, 1], color=REGIONS[name], zorder=0)
    for order, layer in enumerate(drawing.layers, start=1):
        if layer.is_line:
            axes.plot(layer.x, layer.y, color=layer.colour, linewidth=0.7 * layer.width, label=layer.name, zorder=order)
        elif layer.in_legend:  # the others only carry hover texts
            # matplotlib wants the area in square points.
            area = (0.75 * layer.size) ** 2
            axes.scatter(
                layer.x, layer.y, s=area, color=layer.colour, edgecolors="white", linewidths=0.5,
                label=layer.name, zorder=order,
            )  # fmt: skip
    axes.set_aspect(1 / _cosine(drawing))
    axes.set_axis_off()
    axes.set_title(drawing.title)
    legend = axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    for handle in legend.legend_handles:
        if isinstance(handle, PathCollection):
            handle.set_sizes([60.0])
    fig.savefig(path, dpi=150)
