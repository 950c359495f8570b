"""A cvxpy problem as the arrays that a solver takes.

This is the only module that touches cvxpy's problem data.
"""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass
from typing import Any

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from cvxpy.lin_ops import lin_utils
from cvxpy.settings import BOOL_IDX, INT_IDX, OFFSET
from numpy.typing import NDArray

Array = NDArray[np.float64]
# cvxpy looks at whole problems with a switch that all threads share: one problem is stated or compiled at a time.
STATING = threading.RLock()
# It also counts its expressions in two steps, between which another thread may count: two variables of one problem
# could get the same number.  Taking the next of an iterator is one step.
lin_utils.get_id = itertools.count(lin_utils.get_id()).__next__


@dataclass(frozen=True)
class LinearProgram:
    """The compiled problem: min ½xᵀPx + cᵀx + constant, row_lower ≤ Ax ≤ row_upper, lower ≤ x ≤ upper."""

    cost: Array
    matrix: sp.csc_array
    row_lower: Array
    row_upper: Array
    lower: Array
    upper: Array
    hessian: sp.csc_array | None
    integers: NDArray[np.int32]
    constant: float


@dataclass(frozen=True)
class AddedRows:
    """Rows that stand behind the problem's own: lower ≤ matrix·x ≤ upper."""

    matrix: sp.csr_array
    lower: Array
    upper: Array

    @classmethod
    def none(cls, n_columns: int) -> AddedRows:
        """No rows."""
        return cls(sp.csr_array((0, n_columns)), np.zeros(0), np.zeros(0))

    def and_these(self, matrix: sp.csr_array, lower: Array, upper: Array) -> AddedRows:
        """These rows and some more."""
        return AddedRows(
            sp.csr_array(sp.vstack([self.matrix, matrix], format="csr")),
            np.concatenate([self.lower, lower]),
            np.concatenate([self.upper, upper]),
        )


def compile_problem(problem: cp.Problem) -> tuple[LinearProgram, dict[str, Any], tuple[Any, Any]]:
    """Compile a cvxpy problem with its present parameter values.

    Returns
    -------
    tuple
        The linear (or convex quadratic) program, cvxpy's own data, and what ``unpack_results`` needs.
    """
    with STATING:
        data, chain, inverse = problem.get_problem_data(cp.HIGHS, canon_backend="COO", enforce_dpp=True, solver_opts={})
    hessian = None
    if "q" in data:  # the quadratic interface keeps equalities and inequalities apart
        matrix = sp.vstack([data["A"], data["F"]], format="csc")
        equal, upper_side = data["b"], data["G"]
        cost = data["q"]
        hessian = sp.csc_array(sp.tril(data["P"], format="csc"))
        if hessian.count_nonzero() == 0:
            hessian = None
    else:
        matrix = data["A"].tocsc()
        n_equal = data["dims"].zero
        equal, upper_side = data["b"][:n_equal], data["b"][n_equal:]
        cost = data["c"]
    columns = matrix.shape[1]
    lower, upper = data["lower_bounds"], data["upper_bounds"]
    program = LinearProgram(
        cost=np.asarray(cost, dtype=float),
        matrix=sp.csc_array(matrix),
        row_lower=np.concatenate([equal, np.full(upper_side.size, -np.inf)]),
        row_upper=np.concatenate([equal, upper_side]),
        lower=np.full(columns, -np.inf) if lower is None else np.asarray(lower, dtype=float),
        upper=np.full(columns, np.inf) if upper is None else np.asarray(upper, dtype=float),
        hessian=hessian,
        integers=np.unique(np.array([*data[BOOL_IDX], *data[INT_IDX]], dtype=np.int32)),
        constant=float(inverse[-1][OFFSET]),
    )
    # cvxpy drops the duals of problems with whole numbers; ours are fixed in an LP before duals are read
    inverse[-1].inverse_data["is_mip"] = False
    return program, data, (chain, inverse)


def same_matrix(a: LinearProgram, b: LinearProgram) -> bool:
    """Whether two programs differ in bounds, right-hand sides and linear costs alone."""
    same = (
        a.matrix.shape == b.matrix.shape
        and a.matrix.nnz == b.matrix.nnz
        and np.array_equal(a.matrix.indptr, b.matrix.indptr)
        and np.array_equal(a.matrix.indices, b.matrix.indices)
        and np.array_equal(a.matrix.data, b.matrix.data)
        and (a.hessian is None) == (b.hessian is None)
    )
    if same and a.hessian is not None and b.hessian is not None:
        same = np.array_equal(a.hessian.data, b.hessian.data)
    return bool(same)
