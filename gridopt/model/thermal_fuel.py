r"""Fuel of clusters whose cost is not linear (formulation, section 2).

The fuel cost of one unit is a convex function :math:`C(b)` of its boiler load :math:`b`, the largest of several
lines :math:`s_k b + a_k`.  Units of a cluster that run share the load equally, so the cluster costs
:math:`n\,C(B/n)`:

.. math:: F_t \ge s_k B_t + a_k n_t \qquad \text{for every line } k

``pwl_cost`` gives the lines.  Of ``poly_cost`` with :math:`c_2 > 0` they are chords between equally spaced points:
exact there, above the parabola between them.  Their number is chosen so that the cost of one unit is never
overstated by more than :data:`CHORD_ERROR` of its cost at full load.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

from gridopt.model.component import Array, Component

if TYPE_CHECKING:
    import pandas as pd

    from gridopt.case import Case

#: Largest error of the chords of a quadratic cost, as a share of the cost of one unit at full load.
CHORD_ERROR = 1e-3


@dataclass(frozen=True)
class FuelLines:
    """Lines under which the fuel cost of one unit never lies.

    Parameters
    ----------
    cluster
        (line,) position of the cluster, ascending.
    slope_cny_per_mwh, intercept_cny_per_h
        (line,) of one unit.
    """

    cluster: NDArray[np.int64]
    slope_cny_per_mwh: Array
    intercept_cny_per_h: Array

    def cost_cny_per_h(self, cluster: int, load_mw: float) -> float:
        """Fuel cost of one unit of a cluster at a boiler load."""
        mine = self.cluster == cluster
        return float(np.max(self.slope_cny_per_mwh[mine] * load_mw + self.intercept_cny_per_h[mine]))


@dataclass(frozen=True)
class Fuel:
    """Fuel costs: a no-load and a linear part (element,) of one unit, and lines of those that have no linear cost."""

    no_load_cny_per_h: Array
    linear_cny_per_mwh: Array
    lines: FuelLines


def read_fuel(case: Case, gen: pd.DataFrame, n_units: Array, least_mw: Array, most_mw: Array) -> Fuel:
    """Fuel of one unit of each cluster, from ``poly_cost`` and ``pwl_cost``.

    Parameters
    ----------
    case, gen, n_units
        The case, its clusters and their number of units.
    least_mw, most_mw
        (element,) range of the boiler load of one unit [MW].

    Returns
    -------
    Fuel
        Where a cluster has lines its linear cost is the mean slope of its range, for the merit order only.
    """
    net = case.net
    poly = net.poly_cost[net.poly_cost["et"] == "gen"].set_index("element").reindex(gen.index)
    c0, c1, c2 = (
        poly[name].fillna(0.0).to_numpy(float).copy() for name in ("cp0_eur", "cp1_eur_per_mw", "cp2_eur_per_mw2")
    )
    no_load, linear = c0 / n_units, c1.copy()
    pieces = net.pwl_cost[(net.pwl_cost["et"] == "gen") & (net.pwl_cost["power_type"] == "p")]
    points = dict(zip(pieces["element"], pieces["points"], strict=True))
    cluster, slope, intercept = [np.zeros(0, np.int64)], [np.zeros(0)], [np.zeros(0)]
    for i, index in enumerate(gen.index):
        if index in points:
            lines = _lines(points[index], n_units[i])
        elif c2[i] > 0:
            lines = chords(no_load[i], c1[i], c2[i] * n_units[i], least_mw[i], most_mw[i])
            no_load[i] = 0.0  # part of the lines
        else:
            continue
        cluster.append(np.full(len(lines), i))
        slope.append(lines[:, 0])
        intercept.append(lines[:, 1])
        linear[i] = lines[:, 0].mean()
    return Fuel(no_load, linear, FuelLines(np.concatenate(cluster), np.concatenate(slope), np.concatenate(intercept)))


def _lines(points: object, n_units: float) -> Array:
    """Slope and intercept (line, 2) of one of ``n_units`` equal units that share a piecewise linear cost."""
    from gridopt.network.costs import segments

    table = segments(points, 1.0)
    return np.column_stack([table[:, 2], table[:, 3] / n_units])


def chords(c0: float, c1: float, c2: float, least_mw: float, most_mw: float) -> Array:
    """Chords of a parabola ``c0 + c1 b + c2 b²`` between two loads.

    Returns
    -------
    ndarray
        Slope [CNY/MWh] and intercept [CNY/h] of each, (chord, 2).

    Examples
    --------
    A chord of width w lies at most c2 w²/4 above the parabola: 100 · 0.4 = 40 for one chord from 0 to 4 MW.

    >>> chords(0.0, 0.0, 10.0, 0.0, 4.0).shape
    (16, 2)
    """
    allowed = CHORD_ERROR * abs(c0 + c1 * most_mw + c2 * most_mw**2)
    span = most_mw - least_mw
    count = max(int(np.ceil(span * np.sqrt(c2 / (4 * allowed)) - 1e-9)), 1) if span > 0 else 1
    ends = np.linspace(least_mw, max(most_mw, least_mw + 1e-3), count + 1)
    low, high = ends[:-1], ends[1:]
    return np.column_stack([c1 + c2 * (low + high), c0 - c2 * low * high])


class CurvedFuel:
    """Fuel of the clusters with lines in a window.

    Attributes
    ----------
    fuel : cvxpy.Variable
        (cluster with lines, step) fuel cost per hour, in units of the cluster's steepest slope [MW].
    """

    def __init__(self, part: Component[Any], lines: FuelLines, n_units: Array, least_mw: Array, most_mw: Array) -> None:
        self.lines = lines
        self.clusters, self._row = np.unique(lines.cluster, return_inverse=True)
        steepest = np.zeros(self.clusters.size)
        np.maximum.at(steepest, self._row, np.abs(lines.slope_cny_per_mwh))
        # costs in MW of the steepest line keep the coefficients of these rows near those of all others
        self.scale = np.maximum(steepest, 1e-3)
        at_ends = np.stack(
            [lines.slope_cny_per_mwh * load[lines.cluster] + lines.intercept_cny_per_h for load in (least_mw, most_mw)]
        )
        low, high = np.zeros(self.clusters.size), np.zeros(self.clusters.size)
        np.minimum.at(low, self._row, at_ends.min(axis=0))
        np.maximum.at(high, self._row, at_ends.max(axis=0))
        units = n_units[self.clusters] / self.scale
        self.fuel = part.variable(low * units, high * units, rows=self.clusters.size)

    def rows(self, boiler: cp.Expression, on: cp.Variable) -> list[cp.Constraint]:
        """The cost lies above each line; ``boiler`` is the boiler load (element, step) [MW]."""
        lines, scale = self.lines, self.scale[self._row]
        load = cp.multiply((lines.slope_cny_per_mwh / scale)[:, None], boiler[lines.cluster])
        fixed = cp.multiply((lines.intercept_cny_per_h / scale)[:, None], on[lines.cluster])
        return [self.fuel[self._row] >= load + fixed]

    def cost_cny(self, step_h: float) -> cp.Expression:
        """Fuel of all clusters with lines, (step,) [CNY]."""
        return (self.scale * step_h) @ self.fuel
