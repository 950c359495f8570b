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

from gridopt.solver.columns import move_columns
from gridopt.solver.session import LiveProblem, compile_problem

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
        self._problem = cp.Problem(cp.Minimize(0), constraints)
        self._matrix = sp.csr_array((0, 0))  # compiled when the rows are first bound
        self._upper = np.zeros(0)
        self._rows = np.zeros(0, dtype=np.int32)
        self._stated = np.zeros(0, dtype=np.int64)

    @property
    def n_rows(self) -> int:
        """Number of rows now in the model."""
        return int(self._rows.size)

    def rebind(self) -> None:
        """Take over new right-hand sides; rows in the model stay."""
        if not self.constraints:
            return
        program, data, _ = compile_problem(self._problem)
        if not self._matrix.shape[1]:
            own_first = data["param_prob"].var_id_to_col
            self._matrix = move_columns(
                program.matrix, self._problem.variables(), own_first, self.live.first_column, self.live.n_columns
            )
        self._upper = program.row_upper
        if self.n_rows:
            upper = self._upper[self._stated]
            self.live.change_row_bounds(self._rows, np.full(upper.size, -np.inf), upper)

    def add_broken(self) -> int:
        """Add the rows that the live model's present solution breaks, and return how many."""
        if not self.constraints:
            return 0
        over = self._matrix @ self.live.values() - self._upper
        over[self._stated] = -np.inf
        broken = np.flatnonzero(over > ROW_TOLERANCE)
        if broken.size:
            broken = np.setdiff1d(self._with_neighbours(broken), self._stated)
            upper = self._upper[broken]
            rows = self.live.add_rows(sp.csr_array(self._matrix[broken]), np.full(upper.size, -np.inf), upper)
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

    def places(self, rows: NDArray[np.int64]) -> list[tuple[cp.Constraint, NDArray[np.int64]]]:
        """Constraints and their entries (column-major) among some rows of the live model."""
        mine = np.sort(self._stated[np.isin(self._rows, rows)])
        starts = np.cumsum([0, *[row.size for row in self.constraints]])
        blocks = zip(self.constraints, starts[:-1], strict=True)
        parts = ((row, mine[(mine >= start) & (mine < start + row.size)] - start) for row, start in blocks)
        return [(row, entries) for row, entries in parts if entries.size]
