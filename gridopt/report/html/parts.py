"""What a section is made of: figures as plain plotly JSON, tables, paragraphs, numbers in large type."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]
Words = NDArray[np.str_]
Numbers = NDArray[np.int64]
Trace = dict[str, Any]
#: Traces and layout.
Drawn = tuple[Sequence[Trace], dict[str, Any]]

#: Colours that are read on light and on dark paper, by kind of plant, store or cause.
COLOURS = {
    "coal": "#6b7078", "chp": "#9c6b3f", "gas": "#c98b4b", "captive": "#8d8577", "biomass": "#5aae61",
    "nuclear": "#c51b7d", "hydro": "#3b7fc4", "wind": "#23a6a6", "solar": "#edb81c", "other": "#a0a0a0",
    "phs": "#7a52b3", "battery": "#e0715c", "store": "#b58ad6", "response": "#d65db1", "import": "#8fb8de",
    "export": "#5f86b3", "unserved": "#ff1744", "curtailed": "#f2a0a0",
    "network": "#d1495b", "min_output": "#8d6e63", "export_limit": "#4f83b6", "storage": "#7a52b3",
    "rule": "#e59d2c", "any": "#d1495b",
}  # fmt: skip
#: Colours of series that stand for nothing of these.
SERIES = ("#3b7fc4", "#e07a2f", "#3fa35b", "#b0489c", "#8a8f98", "#c9a227", "#23a6a6", "#d1495b")
#: Most points of a line over the whole run.
MOST_POINTS = 3000


@dataclass(frozen=True)
class Figure:
    """A plotly figure.

    Parameters
    ----------
    key
        Its id in the page.
    title
        Words above it.
    traces, layout
        As plotly.js has them; colours of paper, text and grid are set by the page.
    height
        Height [pixels].
    """

    key: str
    title: str
    traces: Sequence[Trace]
    layout: dict[str, Any]
    height: int = 340
    kind: str = "figure"

    @property
    def json(self) -> dict[str, Any]:
        """Content for the page's script."""
        return {"traces": list(self.traces), "layout": self.layout, "height": self.height}


@dataclass(frozen=True)
class Table:
    """A table of finished texts: the first ``words`` columns are words, the others numbers.

    Parameters
    ----------
    marks
        Class of a row by its number, such as ``bad``.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    words: int = 1
    marks: dict[int, str] = field(default_factory=dict)
    folded: bool = False
    kind: str = "table"


@dataclass(frozen=True)
class Text:
    """A paragraph; ``style`` is ``note``, ``attention``, ``code`` or empty."""

    text: str
    style: str = ""
    title: str = ""
    kind: str = "text"


@dataclass(frozen=True)
class Tile:
    """A number in large type."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Tiles:
    """Numbers in large type, side by side."""

    tiles: Sequence[Tile]
    kind: str = "tiles"


@dataclass(frozen=True)
class Weeks:
    """Hours of the whole run, of which the page shows a week at a time.

    Parameters
    ----------
    series
        Name, colour, whether it is stacked (else a line), values (time,).
    marks
        Words and first step of weeks worth looking at.
    """

    key: str
    title: str
    start: str
    step_h: float
    unit: str
    series: Sequence[tuple[str, str, bool, Array]]
    marks: Sequence[tuple[str, int]]
    kind: str = "weeks"

    @property
    def json(self) -> dict[str, Any]:
        """Content for the page's script."""
        series = [
            {"name": name, "colour": colour, "stacked": stacked, "values": packed(values)["bdata"]}
            for name, colour, stacked, values in self.series
        ]
        steps = len(self.series[0][3])
        return {
            "weeks": True,
            "height": 460,
            "start": self.start,
            "step_h": self.step_h,
            "steps": steps,
            "unit": self.unit,
            "series": series,
        }


@dataclass(frozen=True)
class Choice:
    """A list to choose from: which variant the figures of some keys show."""

    label: str
    names: Sequence[str]
    keys: Sequence[str]
    kind: str = "choice"


@dataclass(frozen=True)
class Variants(Figure):
    """A figure in variants, of which a :class:`Choice` shows one.

    Parameters
    ----------
    variants
        Traces and layout of each.  The figure's own traces hold what its variants have in common: the first one
        belongs to the first trace of each, and so on.
    least_width
        Width below which it is moved sideways [pixels].
    """

    variants: Sequence[Drawn] = ()
    least_width: int = 0

    @property
    def json(self) -> dict[str, Any]:
        """Content for the page's script."""
        variants = [{"traces": list(traces), "layout": layout} for traces, layout in self.variants]
        return {"variants": variants, "common": list(self.traces), "height": self.height}


Block = Figure | Table | Text | Tiles | Weeks | Choice


@dataclass(frozen=True)
class Section:
    """A section of the page."""

    key: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Absent:
    """A section that the result has nothing for, and why."""

    title: str
    reason: str


def packed(values: Array) -> dict[str, str]:
    """Numbers as plotly.js reads them fastest: 4 bytes each, in base64.

    Examples
    --------
    >>> packed(np.array([1.0, 2.0]))
    {'dtype': 'f4', 'bdata': 'AACAPwAAAEA='}
    """
    flat = np.ascontiguousarray(values, dtype="<f4")
    out = {"dtype": "f4", "bdata": base64.b64encode(flat.tobytes()).decode("ascii")}
    return out | ({"shape": ", ".join(map(str, flat.shape))} if flat.ndim > 1 else {})


def coarse(values: Array, most: int = MOST_POINTS) -> tuple[Array, int]:
    """Means of as many steps as it takes to stay below a number of points, and that number of steps; last axis.

    Examples
    --------
    >>> coarse(np.array([1.0, 3.0, 5.0, 7.0, 9.0]), most=3)
    (array([2., 6., 9.]), 2)
    """
    steps = values.shape[-1]
    width = -(-steps // most)
    if width == 1:
        return values, 1
    starts = np.arange(0, steps, width)
    sums = np.add.reduceat(values, starts, axis=-1)
    return sums / np.diff(np.append(starts, steps)), width


def line(name: str, x: Any, y: Array, colour: str, unit: str, **more: Any) -> Trace:
    """A line; x is an array or ``{"x0": …, "dx": …}``."""
    axis = x if isinstance(x, dict) and "x0" in x else {"x": x}
    return {
        "type": "scatter", "mode": "lines", "name": name, "y": packed(y), "line": {"color": colour, "width": 1.6},
        "hovertemplate": f"%{{y:,.4~g}} {unit}", **axis, **more,
    }  # fmt: skip


def bars(name: str, x: Sequence[Any], y: Array, colour: str, unit: str, **more: Any) -> Trace:
    """Bars over words or dates."""
    return {
        "type": "bar", "name": name, "x": list(x), "y": packed(y), "marker": {"color": colour},
        "hovertemplate": f"%{{y:,.4~g}} {unit}", **more,
    }  # fmt: skip


def lying_bars(name: str, labels: Sequence[str], values: Array, colour: str, unit: str) -> Trace:
    """Horizontal bars, for long words."""
    return {
        "type": "bar", "orientation": "h", "name": name, "y": list(labels), "x": packed(values),
        "marker": {"color": colour}, "hovertemplate": f"%{{x:,.4~g}} {unit}",
    }  # fmt: skip


def duration(values: Array, step_h: float, most: int = 600) -> tuple[list[float], Array]:
    """Hours, and what is reached or exceeded in so many of them, in so many points; values (time,).

    Examples
    --------
    >>> duration(np.array([3.0, 1.0, 2.0]), step_h=0.5)
    ([0.5, 1.0, 1.5], array([3., 2., 1.]))
    """
    falling = np.sort(values)[::-1]
    at = np.unique(np.linspace(0, len(falling) - 1, min(most, len(falling))).round().astype(int))
    return np.round((at + 1) * step_h, 3).tolist(), falling[at]


def day_by_hour(begin: pd.DatetimeIndex, values: Array) -> tuple[list[str], list[int], Array]:
    """Days, hours of the day, and mean values (hour, day); NaN where the run has no such hour.

    Parameters
    ----------
    begin
        Begin of each step.
    values
        (time,)
    """
    frame = pd.DataFrame({"day": begin.strftime("%Y-%m-%d"), "hour": begin.hour, "value": values})
    grid = frame.pivot_table(index="hour", columns="day", values="value", aggfunc="mean").reindex(range(24))
    return [str(day) for day in grid.columns], list(range(24)), grid.to_numpy(float)


def heat_map(days: Sequence[str], hours: Sequence[int], values: Array, unit: str, scale: Any, **more: Any) -> Trace:
    """Days against hours of the day; values (hour, day)."""
    return {
        "type": "heatmap", "x": list(days), "y": list(hours), "z": packed(values), "colorscale": scale,
        "hovertemplate": f"%{{x}} %{{y}}:00<br>%{{z:,.4~g}} {unit}<extra></extra>",
        "colorbar": {"title": {"text": unit, "side": "right"}, "thickness": 12, "outlinewidth": 0}, **more,
    }  # fmt: skip


def axes(y: str, x: str = "", **more: Any) -> dict[str, Any]:
    """Layout with titled axes."""
    return {"yaxis": {"title": {"text": y}}, "xaxis": {"title": {"text": x}}, "hovermode": "x unified", **more}
