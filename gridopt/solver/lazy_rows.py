"""Inequalities that enter the live model only where a solution breaks them.

Rows of a component that seldom bind (minimum up and down times, for instance) are compiled once by cvxpy and
kept outside of the model.  After each solution all of them are evaluated in one product; those that are broken
are added, and the window is solved again.  Rows that columns without a cost can keep are no reason for that: these
columns are chosen last (:mod:`gridopt.solver.filling`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.solver.columns import BesideLive
from gridopt.solver.filling import Filling
from gridopt.solver.program import Array
from gridopt.solver.session import LiveProblem

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
            if self._filling is not None:
                self._filling.fill(self._upper)
            values = self.live.values()
        over = self.matrix @ values - self._upper
        over[self._stated] = -np.inf
        broken = np.flatnonzero(over > ROW_TOLERANCE)
        if broken.size:
            broken = self._with_neighbours(broken)
            if self._filling is not None:
                broken = self._filling.with_limits(broken)
            broken = np.setdiff1d(broken, self._stated)
            upper = self._upper[broken]
            rows = self.live.add_rows(sp.csr_array(self.matrix[broken]), np.full(upper.size, -np.inf), upper)
            self._rows = np.concatenate([self._rows, rows])
            self._stated = np.concatenate([self._stated, broken])
        return int(broken.size)

    @cached_property
    def _filling(self) -> Filling | None:
        """Chooses the columns that are chosen last; known once the rows were bound."""
        if not self._chosen_last:
            return None
        places = (self.live.columns(variable) for variable in self._chosen_last)
        columns = np.concatenate([np.arange(place.start, place.stop) for place in places])
        return Filling(self.live, columns, self.matrix)

    def _blocks(self, rows: NDArray[np.int64]) -> Iterator[tuple[cp.Constraint, int, NDArray[np.bool_]]]:
        """Each constraint with the number of its first row, and which of some rows are its own."""
        first = 0
        for constraint in self.constraints:
            yield constraint, first, (rows >= first) & (rows < first + constraint.size)
            first += constraint.size

    def _with_neighbours(self, broken: NDArray[np.int64]) -> NDArray[np.int64]:
        """Broken rows and those of the same element in the steps around, or all rows of what is broken in many runs."""
        found = [broken]
        for number, (row, first, own) in enumerate(self._blocks(broken)):
            if not own.any():
                continue
            self._tries[number] += 1
            if self._tries[number] >= _TRIES:
                found.append(np.arange(first, first + row.size))
            elif len(row.shape) == 2:
                around = broken[own][:, None] + row.shape[0] * np.arange(-_AROUND, _AROUND + 1)
                found.append(around[(around >= first) & (around < first + row.size)])
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
        return [
            (row, self._rows[own].astype(np.int64), self._stated[own] - first)
            for row, first, own in self._blocks(self._stated)
        ]
