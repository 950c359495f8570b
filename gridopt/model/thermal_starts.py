r"""Starts that cost less while a unit is still warm (formulation, section 2).

A unit that stopped in step :math:`\tau` and starts in step :math:`t` was off for :math:`a = t-\tau` steps.  Its
start costs the tier of that time; the coldest tier holds for ever.  An arc :math:`x_{\tau t}` is a stop matched
with the start that follows it, for every off-time that is warmer than cold:

.. math::
   \text{cost} = \sum_t C^{cold} u_t - \sum_{\tau,t} \big(C^{cold} - C(t-\tau)\big) x_{\tau t}, \qquad
   \sum_t x_{\tau t} \le d_\tau, \qquad \sum_\tau x_{\tau t} \le u_t, \qquad x \ge 0

For whole starts and stops the arcs are whole by themselves, because the matching is a bipartite flow; for
fractions they are the tightest description there is (Knueven, Ostrowski & Watson 2020,
doi:10.1287/ijoc.2019.0944).  Stops before the window stand on the right-hand side: those that no start has been
matched with yet are handed over, as far back as a unit stays warm.  Units that tripped are matched like units that
stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.model.component import Array, Component

if TYPE_CHECKING:
    import pandas as pd

    from gridopt.case import Case

Index = NDArray[np.int64]


@dataclass(frozen=True)
class WarmTimes:
    """Off-times after which a start is cheaper than a cold one.

    Parameters
    ----------
    cluster
        (off-time,) position of the cluster.
    age
        (off-time,) [steps] from the stop to the start, no less than the minimum time off.
    saving_cny
        (off-time,) cold cost less the cost after that time [CNY per unit start].
    """

    cluster: Index
    age: Index
    saving_cny: Array

    @property
    def longest(self) -> int:
        """Longest time for which a unit is warm [steps]."""
        return int(self.age.max(initial=0))


def read_starts(case: Case, gen: pd.DataFrame, min_down_steps: Index) -> tuple[Array, WarmTimes]:
    """Cold start cost of one unit (element,) [CNY], and the off-times after which a start costs less.

    Rows of ``start_cost`` replace ``start_cost_cny``.  Starts after less time than the first row says cost as
    that row.
    """
    cold = gen["start_cost_cny"].fillna(0.0).to_numpy(float)
    table, step_h = case.net.start_cost, case.settings.step_h
    cluster, age, saving = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
    for index, rows in table.loc[table["index"].isin(gen.index)].groupby("index"):
        i = int(gen.index.get_indexer([index])[0])
        costs = rows["cost_cny"].to_numpy(float)
        first = np.ceil(rows["off_hours_from"].to_numpy(float) / step_h - 1e-9).astype(np.int64)
        cold[i] = costs[-1]
        ages = np.arange(min_down_steps[i], first[-1])
        tier = np.maximum(np.searchsorted(first, ages, side="right") - 1, 0)
        saves = costs[-1] - costs[tier]
        warm = saves > 0
        cluster.append(np.full(warm.sum(), i))
        age.append(ages[warm])
        saving.append(saves[warm])
    return cold, WarmTimes(np.concatenate(cluster), np.concatenate(age), np.concatenate(saving))


class WarmStarts:
    """Arcs from stops to starts in a window.

    Attributes
    ----------
    arcs : cvxpy.Variable
        (arc,) units that are started warm; arc ``k·steps + t`` is off-time ``k`` of a start in step ``t``.
    """

    def __init__(self, part: Component[Any], times: WarmTimes, n_units: Array) -> None:
        self.times, self.steps, self.count = times, part.steps, part.data.count
        self.memory = times.longest
        self._cluster = np.repeat(times.cluster, self.steps)
        self._start = np.tile(np.arange(self.steps), times.age.size)
        self._stop = self._start - np.repeat(times.age, self.steps)  # negative: before the window
        self._saving = np.repeat(times.saving_cny, self.steps)
        self._most = n_units[self._cluster]
        self._inside = self._stop >= 0
        self._limit = cp.Parameter(self._cluster.size, nonneg=True)
        self.arcs = cp.Variable(self._cluster.size, bounds=[np.zeros(self._cluster.size), self._limit])
        # (stop before the window, arc): rows are element · memory + column of the vector handed over
        before = np.flatnonzero(~self._inside)
        places = self._cluster[before] * self.memory + self.memory + self._stop[before]
        self._earlier, row = np.unique(places, return_inverse=True)
        self._from_earlier = sp.csr_array(
            (np.ones(before.size), (row, before)), shape=(self._earlier.size, self._cluster.size)
        )
        self._left = cp.Parameter(self._earlier.size, nonneg=True)

    def bind(self, cooling: Array) -> None:
        """Stops before the window that no start was matched with, (element, memory), the last column just before."""
        left = np.maximum(cooling, 0.0)
        self._cooling = left
        self._left.value = left.ravel()[self._earlier]
        most = self._most.copy()
        outside = ~self._inside
        most[outside] = left[self._cluster[outside], self.memory + self._stop[outside]]
        self._limit.value = most

    def rows(self, start: cp.Variable, stop: cp.Expression) -> list[cp.Constraint]:
        """No stop and no start is matched more than once."""
        to_start, starts = self._incidence(self._start, np.arange(self._cluster.size))
        rows = [to_start @ self.arcs <= _entries(start, starts)]
        inside = np.flatnonzero(self._inside)
        if inside.size:
            from_stop, stops = self._incidence(self._stop[inside], inside)
            rows.append(from_stop @ self.arcs <= _entries(stop, stops))
        if self._earlier.size:
            rows.append(self._from_earlier @ self.arcs <= self._left)
        return rows

    def _incidence(self, step: Index, arcs: Index) -> tuple[sp.csr_array, Index]:
        """Sum of the arcs at each (element, step) that has any, and its place in the column-major vector."""
        places, row = np.unique(step * self.count + self._cluster[arcs], return_inverse=True)
        shape = (places.size, self._cluster.size)
        return sp.csr_array((np.ones(arcs.size), (row, arcs)), shape=shape), places

    def saving_cny(self) -> cp.Expression:
        """Saving of all clusters, (step,) [CNY]."""
        shape = (self.steps, self._cluster.size)
        by_step = sp.csr_array((self._saving, (self._start, np.arange(self._cluster.size))), shape=shape)
        return by_step @ self.arcs

    def discount_cny(self) -> Array:
        """Saving of each cluster, (element, step) [CNY]."""
        out = np.zeros((self.count, self.steps))
        np.add.at(out, (self._cluster, self._start), self._saving * self.arcs.value)
        return out

    def cooling(self, stops: Array, step: int) -> Array:
        """Stops (element, step) up to a step that are still unmatched then, (element, memory)."""
        vintages = np.hstack([self._cooling, stops[:, :step]])
        used = self._start < step
        np.subtract.at(vintages, (self._cluster[used], self.memory + self._stop[used]), self.arcs.value[used])
        left: Array = np.maximum(vintages[:, step : step + self.memory], 0.0)
        return left


def _entries(series: cp.Expression, places: Index) -> cp.Expression:
    """Entries of an (element, step) expression by their place in its column-major vector."""
    return cp.vec(series, order="F")[places]
