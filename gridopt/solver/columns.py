"""The columns of one compiled problem in those of another."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import scipy.sparse as sp


def move_columns(
    matrix: sp.csc_array,
    variables: list[cp.Variable],
    own_first: dict[int, int],
    first_column: dict[int, int],
    n_columns: int,
) -> sp.csr_array:
    """Write a matrix over one problem's columns over those of another one."""
    target = np.empty(matrix.shape[1], dtype=np.int64)
    for variable in variables:
        own = own_first[variable.id]
        target[own : own + variable.size] = first_column[variable.id] + np.arange(variable.size)
    entries = matrix.tocoo()
    return sp.csr_array((entries.data, (entries.row, target[entries.col])), shape=(matrix.shape[0], n_columns))
