r"""Columns that are chosen last: they cost nothing and only serve inequalities that seldom bind.

Reserve held by a plant is such a column: it has no price, and where the plants together could hold far more than is
asked, who holds it is of no account.  Stated at once, such columns make a window degenerate and slow.  So the rows
that ask for them stay outside of the live model (:mod:`gridopt.solver.lazy_rows`), the columns stay where the solver
left them, and afterwards, all other columns :math:`\hat x` fixed, they are chosen by

.. math:: \min \sum_i v_i \quad \text{subject to} \quad A_f x_f - v \le b - A_o \hat x, \qquad l \le x_f \le u

with :math:`v_i \ge 0` only for rows :math:`i` that the solution breaks.  Where :math:`v = 0` the solution of the
smaller model, completed in this way, keeps all rows at the cost of a relaxation: it is optimal.  Rows that stay
broken enter the live model; so do all of them where this problem does not end (the simplex method can go around in
circles).
"""

from __future__ import annotations

import highspy
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.errors import SolverError
from gridopt.solver.highs import linear_program, most_iterations, new_highs
from gridopt.solver.program import Array
from gridopt.solver.session import LiveProblem

Index = NDArray[np.int64]


class Filling:
    r"""Chooses some columns of a live problem when all others are known.

    Parameters
    ----------
    live
        The live problem, compiled.
    columns
        Columns that are chosen last.
    matrix
        (row, column) the lazy inequalities :math:`A x \le b` over the live problem's columns, in the model or not.
    """

    def __init__(self, live: LiveProblem, columns: Index, matrix: sp.csr_array) -> None:
        program = live.program
        if program.cost[columns].any():
            raise SolverError("a column that is chosen last has a cost: it can't be chosen without the others")
        self.live, self.columns = live, columns
        own = sp.csr_array(program.matrix.tocsr())
        self._serving = sp.csc_array(matrix[:, columns])
        self._own, self._lazy = _touching(own[:, columns]), _touching(self._serving)
        rows = sp.csr_array(sp.vstack([own[self._own], matrix[self._lazy]], format="csr"))
        self._given = sp.csr_array(rows[:, columns])
        others = np.ones(live.n_columns)
        others[columns] = 0.0
        self._others = sp.csr_array(rows @ sp.diags_array(others))
        slack = sp.vstack([sp.csr_array((self._own.size, self._lazy.size)), -sp.eye_array(self._lazy.size)])
        zero = np.zeros(columns.size + self._lazy.size)
        cost = np.repeat([0.0, 1.0], [columns.size, self._lazy.size])
        whole = sp.csr_array(sp.hstack([self._given, slack], format="csr"))
        free = np.full(whole.shape[0], np.inf)
        self._highs = new_highs(simplex_iteration_limit=most_iterations(*whole.shape))
        self._highs.passModel(linear_program(cost, zero, zero, whole, -free, free))

    def with_limits(self, rows: Index) -> Index:
        """Lazy rows, and all others that limit the columns in them: what is asked of a column has its price."""
        touched = _touching(self._serving[rows].T)
        return np.union1d(rows, _touching(self._serving[:, touched]))

    def fill(self, upper: Array) -> None:
        """Choose the columns and put them into the live problem's solution.

        Parameters
        ----------
        upper
            (row,) right-hand sides of the lazy inequalities.
        """
        values, program = self.live.values(), self.live.program
        now = values[self.columns]
        rest, given = self._others @ values, self._given @ now
        low = np.concatenate([program.row_lower[self._own], np.full(self._lazy.size, -np.inf)]) - rest
        high = np.concatenate([program.row_upper[self._own], upper[self._lazy]]) - rest
        breach = np.maximum(given - high, 0.0)[self._own.size :]
        if not breach.any():
            return
        # what the solution found keeps only within the solver's tolerance is no reason to find no filling
        low = np.minimum(low, given)
        high[: self._own.size] = np.maximum(high, given)[: self._own.size]
        lower, upper = self.live.limits
        least = np.concatenate([np.minimum(lower[self.columns], now), np.zeros(breach.size)])
        most = np.concatenate([np.maximum(upper[self.columns], now), breach])
        highs, places = self._highs, np.arange(least.size, dtype=np.int32)
        highs.changeColsBounds(places.size, places, least, most)
        highs.changeRowsBounds(low.size, np.arange(low.size, dtype=np.int32), low, high)
        highs.clearSolver()
        highs.run()
        if highs.getModelStatus() == highspy.HighsModelStatus.kIterationLimit:
            return
        if highs.getInfo().primal_solution_status != 2:
            raise SolverError(f"the filling stopped: {highs.modelStatusToString(highs.getModelStatus())}")
        found = np.asarray(highs.getSolution().col_value, dtype=float)[: now.size]
        self.live.complete(self.columns, found)


def _touching(matrix: sp.csr_array | sp.csc_array) -> Index:
    """Rows that have an entry."""
    return np.flatnonzero(np.diff(sp.csr_array(matrix).indptr)).astype(np.int64)
