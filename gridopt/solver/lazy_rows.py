"""Inequalities that enter the live model only where a solution breaks them.

Rows of a component that seldom bind (minimum up and down times, for instance) are compiled once by cvxpy and
kept outside of the model.  After each solution all of them are evaluated in one product; those that are broken
are added, and the window is solved again.  Rows that columns without a cost can keep are no reason for that: these
columns are chosen last (:mod:`gridopt.solver.filling`).
"""

from __future__ import annotations

from collections.abc import Sequence

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.solver.columns import BesideLive
from gridopt.solver.filling import Filling
from gridopt.solver.session import Array, LiveProblem

# By how much a row may be broken, relative to the largest coefficient 1 (units, MW).
ROW_TOLERANCE = 1e-6
# Steps before and after a broken row whose rows enter with it: most of a window, as what is forbidden in one hour is
# tried in the next ones, and each try is a run.
_AROUND = 120
# Runs of a window in which rows of one constraint may be found broken; then all of them enter, as one element after
# another breaks them.
_TRIES = 3


class LazyRows:
    """Adds the broken ones of some inequalities to a live problem.

    Parameters
    ----------
    live
        The live problem.
    constraints
        Inequalities in its variables; parameters stand in right-hand sides only.
    chosen_last
        Variables that cost nothing and only serve such inequalities.
    """

    def __init__(
        self, live: LiveProblem, constraints: list[cp.Constraint], chosen_last: Sequence[cp.Variable] = ()
    ) -> None:
        self.live = live
        self.constraints = constraints
        self._chosen_last = tuple(chosen_last)
        self._filling: Filling | None = None
        self._beside = BesideLive(live, constraints)
        self._upper = np.zeros(0)
        self._rows = np.zeros(0, dtype=np.int32)
        self._stated = np.zeros(0, dtype=np.int64)
        # of each constraint: runs of the present window in which rows of it were found broken
        self._tries = np.zeros(len(constraints), dtype=np.int64)

    @property
    def n_rows(self) -> int:
        """Number of rows now in the model."""
        return int(self._rows.size)

    def compiled_upper(self) -> Array:
        """Right-hand sides of all rows, stated or not, with the present parameter values."""
        return self._beside.compiled().row_upper if self.constraints else np.zeros(0)

    def rebind(self) -> None:
        """Take over new right-hand sides; rows in the model stay."""
        self._upper = self.compiled_upper()
        self._tries[:] = 0
        if self.n_rows:
            upper = self._upper[self._stated]
            self.live.change_row_bounds(self._rows, np.full(upper.size, -np.inf), upper)

    @property
    def upper(self) -> Array:
        """Right-hand sides of all rows, stated or not, of the window bound last."""
        return self._upper

    @property
    def matrix(self) -> sp.csr_array:
        """All rows, stated or not, over the live model's columns; known once the rows were bound."""
        return self._beside.matrix

    @property
    def in_model(self) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Numbers of the rows in the live model, and which of all rows they are."""
        return self._rows, self._stated

    def add_broken(self, values: Array | None = None) -> int:
        """Add the rows that a solution breaks (by default the live model's present one), and return how many."""
        if not self.constraints:
            return 0
        if values is None:
            self._fill()
            values = self.live.values()
        over = self.matrix @ values - self._upper
        over[self._stated] = -np.inf
        broken = np.flatnonzero(over > ROW_TOLERANCE)
        if broken.size:
            broken = np.setdiff1d(self._with_its_servants(self._with_neighbours(broken)), self._stated)
            upper = self._upper[broken]
            rows = self.live.add_rows(sp.csr_array(self.matrix[broken]), np.full(upper.size, -np.inf), upper)
            self._rows = np.concatenate([self._rows, rows])
            self._stated = np.concatenate([self._stated, broken])
        return int(broken.size)

    def _fill(self) -> None:
        """Choose the columns that are chosen last."""
        if not self._chosen_last:
            return
        if self._filling is None:
            self._filling = Filling(self.live, self._last_columns(), self.matrix)
        self._filling.fill(self._upper)

    def _last_columns(self) -> NDArray[np.int64]:
        places = (self.live.columns(variable) for variable in self._chosen_last)
        return np.concatenate([np.arange(place.start, place.stop) for place in places])

    def _with_its_servants(self, broken: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows and all others that limit the columns chosen last in them: what a breach asks for has its price."""
        if not self._chosen_last:
            return broken
        columns = self._last_columns()
        touched = columns[np.diff(sp.csc_array(self.matrix[broken][:, columns]).indptr) > 0]
        limiting = np.diff(sp.csr_array(self.matrix[:, touched]).indptr) > 0
        return np.union1d(broken, np.flatnonzero(limiting))

    def _with_neighbours(self, broken: NDArray[np.int64]) -> NDArray[np.int64]:
        """Broken rows and those of the same element in the steps around: a breach that is mended moves on, then all."""
        found = [broken]
        start = 0
        for number, row in enumerate(self.constraints):
            mine = broken[(broken >= start) & (broken < start + row.size)]
            self._tries[number] += mine.size > 0
            if mine.size and self._tries[number] >= _TRIES:
                found.append(np.arange(start, start + row.size))
            elif mine.size and len(row.shape) == 2:
                around = mine[:, None] + row.shape[0] * np.arange(-_AROUND, _AROUND + 1)
                found.append(around[(around >= start) & (around < start + row.size)])
            start += row.size
        return np.unique(np.concatenate(found))

    def unpack(self) -> None:
        """Put the duals of the last run into cvxpy's constraints; rows that are not in the model have none."""
        duals = np.zeros(self._upper.size)
        duals[self._stated] = -self.live.row_duals(self._rows)
        start = 0
        for row in self.constraints:
            row.dual_variables[0].save_value(duals[start : start + row.size].reshape(row.shape, order="F"))
            start += row.size

    def stated(self) -> list[tuple[cp.Constraint, NDArray[np.int64], NDArray[np.int64]]]:
        """Of each constraint: numbers of its rows in the live model, and which entries (column-major) they are."""
        starts = np.cumsum([0, *[row.size for row in self.constraints]])
        found = []
        for row, start in zip(self.constraints, starts[:-1], strict=True):
            mine = (self._stated >= start) & (self._stated < start + row.size)
            found.append((row, self._rows[mine].astype(np.int64), self._stated[mine] - start))
        return found
