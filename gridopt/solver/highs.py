"""HiGHS as it is used everywhere here: silent, one thread, one seed; and a linear program in its terms."""

from __future__ import annotations

from typing import Any

import highspy
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Array = NDArray[np.float64]

_ALWAYS: dict[str, Any] = {"output_flag": False, "threads": 1, "parallel": "off", "random_seed": 0}
# The simplex method takes about a fifth of as many iterations as a problem has rows and columns.  Where it takes so
# many times that number it goes around in circles, and would do so for ever.
_MOST_ROUNDS = 5
_FEW_ITERATIONS = 10_000


def most_iterations(rows: int, columns: int) -> int:
    """Iterations of the simplex method after which a problem counts as not solved."""
    return max(_MOST_ROUNDS * (rows + columns), _FEW_ITERATIONS)


def new_highs(**options: Any) -> highspy.Highs:
    """HiGHS without a model, with the usual options and some more."""
    highs = highspy.Highs()
    for name, value in {**_ALWAYS, **options}.items():
        highs.setOptionValue(name, value)
    return highs


def linear_program(
    cost: Array, lower: Array, upper: Array, matrix: sp.csc_array | sp.csr_array, row_lower: Array, row_upper: Array
) -> highspy.HighsLp:
    """Min cost·x over row_lower ≤ matrix·x ≤ row_upper and lower ≤ x ≤ upper."""
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, lower, upper
    lp.row_lower_, lp.row_upper_ = row_lower, row_upper
    by_column = matrix.format == "csc"
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise if by_column else highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32)
    lp.a_matrix_.value_ = matrix.data
    return lp
