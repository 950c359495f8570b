"""Costs of rows of the net as functions of their power, read from ``poly_cost`` and ``pwl_cost``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gridopt.results.audit.finding import Array
from gridopt.results.audit.view import Rows, View

if TYPE_CHECKING:
    from pandapower import pandapowerNet

# pandapower counts the cost of these against the injection.
_NEGATED = ("load", "storage", "dcline")


@dataclass(frozen=True)
class Cost:
    """Cost of a row: ``c0 + c1 p + c2 p²`` [CNY/h], or the largest of some lines (slope, intercept) of p."""

    c0: float = 0.0
    c1: float = 0.0
    c2: float = 0.0
    lines: tuple[tuple[float, float], ...] = ()

    def of(self, power: Array) -> Array:
        """Cost per hour at each power [CNY/h]."""
        cost = self.c0 + self.c1 * power + self.c2 * power**2
        if self.lines:
            cost = cost + np.max([slope * power + intercept for slope, intercept in self.lines], axis=0)
        return np.asarray(cost)


def cost_of(net: pandapowerNet, table: str, row: int) -> Cost:
    """Cost of a row of its injection; nothing where the net gives none."""
    sign = -1.0 if table in _NEGATED else 1.0
    poly, pieces = net["poly_cost"], net["pwl_cost"]
    mine = poly[(poly["et"] == table) & (poly["element"] == row)]
    c0, c1, c2 = (
        sign * float(mine[name].fillna(0.0).iloc[-1]) if len(mine) else 0.0
        for name in ("cp0_eur", "cp1_eur_per_mw", "cp2_eur_per_mw2")
    )
    lines: list[tuple[float, float]] = []
    curves = pieces[(pieces["et"] == table) & (pieces["element"] == row) & (pieces["power_type"] == "p")]
    for points in curves["points"]:
        value = None
        for low, high, price in points:
            slope = sign * price
            value = low * slope if value is None else value
            lines.append((slope, value - slope * low))
            value += (high - low) * slope
    return Cost(c0, c1, c2, tuple(lines))


def linear(view: View, rows: Rows) -> Array:
    """Linear cost of rows [CNY/MWh], (element,)."""
    return np.array([cost_of(view.case.net, table, row).c1 for table, row in rows.places])


def constant(view: View, rows: Rows) -> Array:
    """Constant cost of rows while in service [CNY/h], (element,)."""
    return np.array([cost_of(view.case.net, table, row).c0 for table, row in rows.places])
