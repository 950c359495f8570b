r"""Starts that cost less while a unit is still warm (formulation, section 2).

A unit that stopped in step :math:`\tau` and starts in step :math:`t` was off for :math:`a = t-\tau` steps.  Its
start costs the tier of that time; the coldest tier holds for ever.

**Whole units: arcs.**  An arc :math:`x_{\tau t}` is a stop matched with the start that follows it, for every off-time
that is warmer than cold and no shorter than the minimum time off:

.. math::
   \text{cost} = \sum_t C^{cold} u_t - \sum_{\tau,t} \big(C^{cold} - C(t-\tau)\big) x_{\tau t}, \qquad
   \sum_t x_{\tau t} \le d_\tau, \qquad \sum_\tau x_{\tau t} \le u_t, \qquad x \ge 0

For whole starts and stops the arcs are whole by themselves, because the matching is a bipartite flow; for
fractions they are the tightest description there is (Knueven, Ostrowski & Watson 2020,
doi:10.1287/ijoc.2019.0944).  Stops before the window stand on the right-hand side: those that no start has been
matched with yet are handed over, as far back as a unit stays warm.  Units that tripped are matched like units that
stopped.

**Fractions of units: classes.**  One arc for each pair of hours is too much where commitment is relaxed anyway.  There
:math:`w_{k,t}` is how many units start in step t at the cost of warm tier k, with off-times :math:`A_k`:

.. math::
   \text{cost} = \sum_t C^{cold} u_t - \sum_{k,t} \big(C^{cold} - C_k\big) w_{k,t}, \qquad
   \sum_k w_{k,t} \le u_t, \qquad w_{k,t} \le \sum_{a \in A_k} d_{t-a}, \qquad 0 \le w \le \bar N

The cost never exceeds that of arcs: :math:`w_{k,t} = \sum_{a \in A_k} x_{t-a,t}` makes a solution by classes of any
solution by arcs, with the same saving.  The sums over k are those of the second row of the arcs, and as every arc is
at most the stop it begins at, :math:`\sum_{a \in A_k} x_{t-a,t} \le \sum_{a \in A_k} d_{t-a}`.  Stops before the
window are handed over whole, never less than the unmatched ones.  What classes give away: one stop can warm several
starts of its cluster in different steps, where other units of it are cold.  All rows are stated at once: entering
where it is broken, the last one makes starts move on by an hour from round to round.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.model.component import Array, Component
from gridopt.model.thermal_rows import last_steps, still_held

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

    def classes(self) -> WarmClasses:
        """Neighbouring off-times of a cluster with the same saving, in one class each.

        Examples
        --------
        >>> off = WarmTimes(np.array([0, 0, 0, 1]), np.array([2, 3, 4, 2]), np.array([9.0, 9.0, 5.0, 5.0]))
        >>> classes = off.classes()
        >>> classes.cluster.tolist(), classes.first.tolist(), classes.beyond.tolist(), classes.saving_cny.tolist()
        ([0, 0, 1], [2, 4, 2], [4, 5, 3], [9.0, 5.0, 5.0])
        """
        same = (np.diff(self.cluster) == 0) & (np.diff(self.age) == 1) & (np.diff(self.saving_cny) == 0)
        begin = np.flatnonzero(np.concatenate([[True], ~same]))
        end = np.append(begin[1:], self.age.size) - 1
        return WarmClasses(self.cluster[begin], self.age[begin], self.age[end] + 1, self.saving_cny[begin])


@dataclass(frozen=True)
class WarmClasses:
    """Ranges of off-times after which a start costs the same, warmer than cold.

    Parameters
    ----------
    cluster
        (class,) position of the cluster.
    first, beyond
        (class,) shortest off-time, and the shortest that is too long [steps].
    saving_cny
        (class,) cold cost less the cost of the class [CNY per unit start].
    """

    cluster: Index
    first: Index
    beyond: Index
    saving_cny: Array


def read_starts(case: Case, gen: pd.DataFrame, min_down_steps: Index) -> tuple[Array, WarmTimes]:
    """Cold start cost of one unit (element,) [CNY], and the off-times after which a start costs less.

    Rows of ``start_cost`` replace ``start_cost_cny``.  Starts after less time than the first row says cost as
    that row.
    """
    cold = gen["start_cost_cny"].fillna(0.0).to_numpy(float)
    table, step_h = case.net.start_cost, case.settings.step_h
    cluster, age, saving = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
    for index, rows in table.loc[table["index"].isin(gen.index)].groupby("index"):
        i = int(np.flatnonzero(gen.index == index)[0])
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


class WarmArcs:
    """Warm starts in a window by arcs from stops to starts.

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


class WarmStarts:
    """Warm starts in a window by classes of off-times.

    Attributes
    ----------
    started : cvxpy.Variable
        (class, step) units that are started at the cost of a class.
    """

    def __init__(self, part: Component[Any], times: WarmTimes, n_units: Array) -> None:
        self.steps, self.count, self.memory = part.steps, part.data.count, times.longest
        self.classes = times.classes()
        self._clusters, own = np.unique(self.classes.cluster, return_inverse=True)
        number = own.size
        self.started = part.variable(0.0, n_units[self.classes.cluster], rows=number)
        self._earlier = part.parameter(rows=number, nonneg=True)
        self._of_cluster = sp.csr_array(
            (np.ones(number), (own, np.arange(number))), shape=(self._clusters.size, number)
        )

    def bind(self, cooling: Array) -> None:
        """Stops before the window, (element, memory), the last column just before it."""
        self._cooling = np.maximum(cooling, 0.0)
        stops, classes = self._cooling[self.classes.cluster], self.classes
        younger, older = (still_held(stops, age, self.steps) for age in (classes.beyond, classes.first))
        self._earlier.value = np.maximum(younger - older, 0.0)

    def rows(self, start: cp.Variable) -> list[cp.Constraint]:
        """A start is of one class at most."""
        return [self._of_cluster @ self.started <= start[self._clusters]]

    def cooled_rows(self, stop: cp.Expression) -> list[cp.Constraint]:
        """No more starts are of a class than units stopped so long ago."""
        rows, classes = [], self.classes
        ranges, member = np.unique(np.column_stack([classes.first, classes.beyond]), axis=0, return_inverse=True)
        for k, (first, beyond) in enumerate(ranges):  # one block for all classes of the same off-times
            of = np.flatnonzero(member.ravel() == k)
            ago = sp.csr_array(last_steps(self.steps, int(beyond)) - last_steps(self.steps, int(first)))
            rows.append(self.started[of] - stop[classes.cluster[of]] @ ago <= self._earlier[of])
        return rows

    def saving_cny(self) -> cp.Expression:
        """Saving of all clusters, (step,) [CNY]."""
        return self.classes.saving_cny @ self.started

    def discount_cny(self) -> Array:
        """Saving of each cluster, (element, step) [CNY]."""
        out = np.zeros((self.count, self.steps))
        np.add.at(out, self.classes.cluster, self.classes.saving_cny[:, None] * self.started.value)
        return out

    def cooling(self, stops: Array, step: int) -> Array:
        """Stops (element, step) of the last steps up to a step, (element, memory)."""
        return np.hstack([self._cooling, stops[:, :step]])[:, -self.memory :]


def _entries(series: cp.Expression, places: Index) -> cp.Expression:
    """Entries of an (element, step) expression by their place in its column-major vector."""
    return cp.vec(series, order="F")[places]
