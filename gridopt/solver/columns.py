"""Constraints beside a live problem, written over its columns."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

from gridopt.solver.program import LinearProgram, compile_problem
from gridopt.solver.session import LiveProblem


class BesideLive:
    """Constraints in the variables of a live problem that it does not state itself.

    Parameters
    ----------
    live
        The live problem.
    constraints
        Parameters stand in their right-hand sides only.

    Attributes
    ----------
    matrix : scipy.sparse.csr_array
        Their coefficients over the live problem's columns; without columns before they were compiled.
    """

    def __init__(self, live: LiveProblem, constraints: list[cp.Constraint]) -> None:
        self.live = live
        self.matrix = sp.csr_array((0, 0))
        self._problem = cp.Problem(cp.Minimize(0), constraints)

    def compiled(self) -> LinearProgram:
        """The constraints with the present parameter values; its columns are those of a problem of their own."""
        program, data, _ = compile_problem(self._problem)
        if not self.matrix.shape[1]:
            self.matrix = self._moved(program.matrix, data["param_prob"].var_id_to_col)
        return program

    def _moved(self, matrix: sp.csc_array, own_first: dict[int, int]) -> sp.csr_array:
        """Write a matrix over the problem's own columns over those of the live one."""
        target = np.empty(matrix.shape[1], dtype=np.int64)
        for variable in self._problem.variables():
            own = own_first[variable.id]
            target[own : own + variable.size] = self.live.first_column[variable.id] + np.arange(variable.size)
        entries = matrix.tocoo()
        shape = (matrix.shape[0], self.live.n_columns)
        return sp.csr_array((entries.data, (entries.row, target[entries.col])), shape=shape)
