"""Drawings of the studies: bars and lines on matplotlib's own canvas, no window and no global state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb")


def canvas(title: str, y_label: str, x_label: str = "") -> tuple[Figure, Axes]:
    """An empty drawing."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.5, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title, fontsize=11)
    axes.set_ylabel(y_label)
    axes.set_xlabel(x_label)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def bars(title: str, y_label: str, labels: Sequence[str], series: Mapping[str, Any]) -> Figure:
    """Groups of bars, one series beside the other.

    Parameters
    ----------
    title, y_label
        Words with the unit.
    labels
        Of the groups.
    series
        By name: (group,) heights.
    """
    figure, axes = canvas(title, y_label)
    at, width = np.arange(len(labels)), 0.8 / max(len(series), 1)
    for number, (name, heights) in enumerate(series.items()):
        shift = (number - (len(series) - 1) / 2) * width
        axes.bar(at + shift, np.asarray(heights, float), width, label=name, color=_COLOURS[number % len(_COLOURS)])
    _finish(axes, at, labels, series)
    return figure


def stacked(title: str, y_label: str, labels: Sequence[str], series: Mapping[str, Any]) -> Figure:
    """Bars, one series on top of the other."""
    figure, axes = canvas(title, y_label)
    at, floor = np.arange(len(labels)), np.zeros(len(labels))
    for number, (name, heights) in enumerate(series.items()):
        values = np.nan_to_num(np.asarray(heights, float))
        axes.bar(at, values, 0.6, floor, label=name, color=_COLOURS[number % len(_COLOURS)])
        floor = floor + values
    _finish(axes, at, labels, series)
    return figure


def lines(title: str, y_label: str, x_label: str, series: Mapping[str, tuple[Any, Any]]) -> Figure:
    """One line per series (x, y)."""
    figure, axes = canvas(title, y_label, x_label)
    for number, (name, (x, y)) in enumerate(series.items()):
        axes.plot(x, y, marker="o", label=name, color=_COLOURS[number % len(_COLOURS)])
    axes.grid(axis="y", linewidth=0.4)
    axes.legend(frameon=False)
    return figure


def _finish(axes: Axes, at: Any, labels: Sequence[str], series: Mapping[str, Any]) -> None:
    axes.axhline(0.0, color="black", linewidth=0.6)
    turned = sum(map(len, labels)) > 80
    axes.set_xticks(at, labels, rotation=30 if turned else 0, ha="right" if turned else "center", fontsize=8)
    if len(series) > 1:
        axes.legend(frameon=False)


def save(figures: Mapping[str, Figure], folder: Path) -> None:
    """Each drawing as PNG and as SVG."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in figures.items():
        for suffix in ("png", "svg"):
            figure.savefig(folder / f"{name}.{suffix}", dpi=150, metadata={"Date": None} if suffix == "svg" else None)
