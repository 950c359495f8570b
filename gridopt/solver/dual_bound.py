r"""Lower bounds of linear programs that hold whatever the multipliers are.

For :math:`\min c^T x` over :math:`\underline b \le A x \le \overline b`, :math:`l \le x \le u` and any multipliers
:math:`y`, with the reduced costs :math:`r = c - A^T y`,

.. math:: \min c^T x \;\ge\; \sum_i \min(y_i \underline b_i,\, y_i \overline b_i) + \sum_j \min(r_j l_j,\, r_j u_j)

where a multiplier that would pull at an infinite side is set to zero first.  No tolerance of a solver enters: the
bound is as good as the multipliers and as safe as the sum (Neumaier & Shcherbina 2004,
doi:10.1007/s10107-003-0433-3).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import highspy
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.errors import SolverError
from gridopt.solver.highs import linear_program, most_iterations, new_highs

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """Rows of a linear program with their multipliers: lower ≤ matrix·x ≤ upper, and ``dual`` (row,)."""

    matrix: sp.csr_array
    lower: Array
    upper: Array
    dual: Array

    def __post_init__(self) -> None:
        for each in (self.lower, self.upper, self.dual):
            if each.shape != (self.matrix.shape[0],):
                raise ValueError("rows need a limit on each side and a multiplier each")

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Rows:
        """Some of the rows."""
        return Rows(sp.csr_array(self.matrix[rows]), self.lower[rows], self.upper[rows], self.dual[rows])

    def sound(self) -> Rows:
        """The same rows, multipliers that pull at an infinite side set to zero."""
        endless = ((self.dual > 0) & ~np.isfinite(self.lower)) | ((self.dual < 0) & ~np.isfinite(self.upper))
        return replace(self, dual=np.where(endless, 0.0, self.dual))

    def pull(self) -> Array:
        """What the multipliers take from the cost of each column, (column,)."""
        pull: Array = self.matrix.T @ self.dual
        return pull

    def worth(self) -> float:
        """Part of the rows in the bound; multipliers must be sound."""
        return float(np.sum(_least(self.dual, self.lower, self.upper)))


def stacked(parts: list[Rows]) -> Rows:
    """Rows of the same columns, one below the other."""
    return Rows(
        sp.csr_array(sp.vstack([part.matrix for part in parts], format="csr")),
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("lower", "upper", "dual")),
    )


def columns_worth(reduced: Array, lower: Array, upper: Array) -> float:
    """Part of the columns in the bound: each at the end of its range that is cheapest at its reduced cost."""
    return float(np.sum(_least(reduced, lower, upper)))


def _least(factor: Array, lower: Array, upper: Array) -> Array:
    """The smaller of factor·lower and factor·upper; 0 where the factor is 0, whatever the limits are."""
    side = np.where(factor > 0, lower, upper)
    least: Array = np.where(factor == 0.0, 0.0, factor * np.where(factor == 0.0, 0.0, side))
    return least


def bound(cost: Array, lower: Array, upper: Array, rows: Rows) -> float:
    """Lower bound of a linear program from the multipliers of its rows.

    Examples
    --------
    The cheapest x + 2y with x + y ≥ 1 in the unit square costs 1; any multiplier gives no more.

    >>> one = Rows(sp.csr_array([[1.0, 1.0]]), np.array([1.0]), np.array([np.inf]), np.array([1.0]))
    >>> bound(np.array([1.0, 2.0]), np.zeros(2), np.ones(2), one)
    1.0
    >>> bound(np.array([1.0, 2.0]), np.zeros(2), np.ones(2), replace(one, dual=np.array([1.5])))
    1.0
    >>> bound(np.array([1.0, 2.0]), np.zeros(2), np.ones(2), replace(one, dual=np.array([3.0])))
    0.0
    """
    sound = rows.sound()
    return sound.worth() + columns_worth(cost - sound.pull(), lower, upper)


def best_multipliers(cost: Array, lower: Array, upper: Array, rows: Rows) -> tuple[Array, Array]:
    """Solve a linear program for the multipliers of its rows that give the highest bound.

    Returns
    -------
    tuple
        Multipliers (row,) and the solution that goes with them (column,).

    Raises
    ------
    SolverError
        Where HiGHS finds no optimum.
    ValueError
        Where a coefficient or bound is not a finite number.
    """
    highs = new_highs(simplex_iteration_limit=most_iterations(*rows.matrix.shape))
    if (
        highs.passModel(linear_program(cost, lower, upper, rows.matrix, rows.lower, rows.upper))
        == highspy.HighsStatus.kError
    ):
        raise ValueError("HiGHS refused the problem of a seam: a coefficient or bound is not a finite number")
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        status = highs.modelStatusToString(highs.getModelStatus())
        raise SolverError(f"the multipliers of a seam were not found: {status}")
    solution = highs.getSolution()
    return np.asarray(solution.row_dual, dtype=float), np.asarray(solution.col_value, dtype=float)


def better_multipliers(reduced: Array, lower: Array, upper: Array, rows: Rows) -> tuple[Array | None, Array]:
    """Better multipliers of some rows, None where there are none, and the solution at which they were found.

    Parameters
    ----------
    reduced, lower, upper
        Reduced costs at the present multipliers, and limits, of all columns; those that no row touches stand at the
        end of their range that is cheapest.
    rows
        The rows with their present multipliers.
    """
    touched = np.unique(rows.matrix.indices)
    values = np.where(reduced > 0, lower, upper)
    rows = replace(rows, matrix=sp.csr_array(rows.matrix[:, touched]))
    reduced, lower, upper = reduced[touched], lower[touched], upper[touched]
    cost = reduced + rows.pull()
    try:
        dual, values[touched] = best_multipliers(cost, lower, upper, rows)
    except SolverError:  # the multipliers there are prove as much as before
        return None, values
    found = replace(rows, dual=dual).sound()
    better = bound(cost, lower, upper, found) > bound(cost, lower, upper, rows)
    return (found.dual if better else None), values
