"""Inequalities that enter the live model only where a solution breaks them.

Rows of a component that seldom bind (minimum up and down times, for instance) are compiled once by cvxpy and
kept outside of the model.  After each solution all of them are evaluated in one product; those that are broken
are added, and the window is solved again.
"""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.solver.columns import BesideLive
from gridopt.solver.session import Array, LiveProblem

# By how much a row may be broken, relative to the largest coefficient 1 (units, MW).
ROW_TOLERANCE = 1e-6
# Steps before and after a broken row whose rows enter with it.
_AROUND = 3


class LazyRows:
    """Adds the broken ones of some inequalities to a live problem.

    Parameters
    ----------
    live
        The live problem.
    constraints
        Inequalities in its variables; parameters stand in right-hand sides only.
    """

    def __init__(self, live: LiveProblem, constraints: list[cp.Constraint]) -> None:
        self.live = live
        self.constraints = constraints
        self._beside = BesideLive(live, constraints)
        self._upper = np.zeros(0)
        self._rows = np.zeros(0, dtype=np.int32)
        self._stated = np.zeros(0, dtype=np.int64)

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
        over = self.matrix @ (self.live.values() if values is None else values) - self._upper
        over[self._stated] = -np.inf
        broken = np.flatnonzero(over > ROW_TOLERANCE)
        if broken.size:
            broken = np.setdiff1d(self._with_neighbours(broken), self._stated)
            upper = self._upper[broken]
            rows = self.live.add_rows(sp.csr_array(self.matrix[broken]), np.full(upper.size, -np.inf), upper)
            self._rows = np.concatenate([self._rows, rows])
            self._stated = np.concatenate([self._stated, broken])
        return int(broken.size)

    def _with_neighbours(self, broken: NDArray[np.int64]) -> NDArray[np.int64]:
        """Broken rows and those of the same element in the steps around: a breach that is mended moves by a step."""
        found = [broken]
        start = 0
        for row in self.constraints:
            mine = broken[(broken >= start) & (broken < start + row.size)]
            if mine.size and len(row.shape) == 2:
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
