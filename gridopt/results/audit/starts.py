"""Start costs: what warm starts may save, by the stops before them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog

from gridopt.results.audit.clusters import Clusters
from gridopt.results.audit.finding import Array, Check, Finding, at_most, worse
from gridopt.results.audit.view import View

WARM = Check("warm starts", "start costs are lowered only for starts that follow a stop soon enough", "CNY")

# Off-time from which a tier holds [steps], and its cost of one unit [CNY]; the last one is the coldest.
Tiers = list[tuple[float, float]]


def start_tiers(view: View, c: Clusters) -> dict[int, Tiers]:
    """Tiers of start costs by cluster: off-time from which they hold [steps], cost of one unit [CNY]."""
    tiers: dict[int, Tiers] = {}
    place = {row: i for i, (_, row) in enumerate(c.rows.places)}
    for _, row in view.case.net["start_cost"].iterrows():
        if int(row["index"]) in place:
            first = np.ceil(float(row["off_hours_from"]) / view.step_h - 1e-9)
            tiers.setdefault(place[int(row["index"])], []).append((first, float(row["cost_cny"])))
    return tiers


def warm(view: View, c: Clusters, start: Array, stop: Array, discount: Array) -> Finding:
    """Savings that the stops before each start can give, cluster by cluster.

    Parameters
    ----------
    start, stop
        (element, time) units that start, and units that stop or trip.
    discount
        (element, time) saving that the result counts [CNY].
    """
    names = c.rows.names
    allowed, of_one = np.zeros(len(names)), np.zeros(len(names))
    whole = view.settings.unit_commitment == "integer"
    for i, tiers in start_tiers(view, c).items():
        stops = _stops_with_past(c, i, int(tiers[-1][0]), stop[i])
        of_one[i] = tiers[-1][1]  # counts of units are kept to a part of one
        if whole:
            allowed[i] = _matched(int(c.min_down[i]), tiers, start[i], stops, discount[i])
        else:
            allowed[i] = _by_class(int(c.min_down[i]), tiers, start[i], stops)
    given = discount.sum(axis=1)
    size = np.maximum.reduce([allowed, given, of_one])[:, None]
    return worse(
        at_most(WARM, given[:, None], allowed[:, None], names, [""], size=size),
        at_most(WARM, -discount, 0.0, names, view.time),
    )


def _stops_with_past(c: Clusters, i: int, longest: int, stop: Array) -> Array:
    """Stops of a cluster, those of the steps before the horizon in front."""
    past = np.zeros(longest)
    if c.since[i] <= longest:
        past[longest - int(c.since[i])] = c.n[i] - c.on_before[i]
    return np.concatenate([past, stop])


def _by_class(min_down: int, tiers: Tiers, start: Array, stops: Array) -> float:
    """Largest saving where a start of a class needs a stop of its age, which may serve several starts (relaxed)."""
    longest = int(tiers[-1][0])
    so_far = np.concatenate([[0.0], np.cumsum(stops)])
    now = longest + np.arange(start.size)
    left, saved = start.copy(), 0.0
    for (first, price), (until, _) in sorted(pairwise(tiers), key=lambda pair: pair[0][1]):
        youngest, oldest = max(int(first), min_down, 1), int(until) - 1
        if youngest > oldest:
            continue
        of_age = so_far[np.maximum(now - youngest + 1, 0)] - so_far[np.maximum(now - oldest, 0)]
        warm = np.minimum(left, np.maximum(of_age, 0.0))
        left -= warm
        saved += float(warm.sum()) * (tiers[-1][1] - price)
    return saved


def _matched(min_down: int, tiers: Tiers, start: Array, stops: Array, discount: Array) -> float:
    """Largest saving of a cluster with no start saving more than the result says."""
    cold = tiers[-1][1]
    longest = int(tiers[-1][0])
    warm = [(t, longest + t - age) for t in np.flatnonzero(start > 1e-9) for age in range(1, longest)]
    arcs = [(t, s) for t, s in warm if s >= 0 and stops[s] > 1e-9 and longest + t - s >= min_down]
    if not arcs:
        return 0.0

    def cost(age: float) -> float:
        return next((price for first, price in reversed(tiers) if age >= first), tiers[0][1])

    saving = np.array([cold - cost(float(longest + t - s)) for t, s in arcs])
    start_of, start_row = np.unique([t for t, _ in arcs], return_inverse=True)
    stop_of, stop_row = np.unique([s for _, s in arcs], return_inverse=True)
    column = np.arange(len(arcs))
    ones = np.ones(len(arcs))
    rows = sp.vstack(
        [
            sp.csr_array((ones, (start_row, column)), shape=(start_of.size, len(arcs))),
            sp.csr_array((ones, (stop_row, column)), shape=(stop_of.size, len(arcs))),
            sp.csr_array((saving, (start_row, column)), shape=(start_of.size, len(arcs))),
        ],
        format="csr",
    )
    most = np.concatenate([start[start_of], stops[stop_of], discount[start_of]])
    solved = linprog(-saving, A_ub=rows, b_ub=np.maximum(most, 0.0), bounds=(0.0, None), method="highs")
    return float(saving @ solved.x)
