"""Windows whose flows are known, looked at again from other levels.

A level adds up what flows, so with all flows known it follows from the equations of the levels alone.  Whether every
limit is still kept is one product with all rows of the window.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

from gridopt.horizon.held import Hours
from gridopt.horizon.piece import Index, Layout, reach
from gridopt.horizon.solvers import WindowSolver
from gridopt.model.component import Window
from gridopt.solver.program import compile_problem

# What a row may be broken by [MW, MWh, units].
_TOLERANCE = 5e-6


class Carrier:
    """Follows the levels of one shape of window through flows that are known.

    Parameters
    ----------
    solver
        Solver of such windows, bound to any of them.
    """

    def __init__(self, solver: WindowSolver) -> None:
        self.solver = solver
        model, live = solver.model, solver.live
        live.refresh()
        variables = model.problem.variables()
        self._step = Layout.of(variables, live.first_column, model.steps, live.n_columns, model.owner_of_variable).step
        loose = [self._columns_of(variable.id, rows) for part in model.components for variable, rows in part.levels()]
        self._loose = np.concatenate(loose) if loose else np.zeros(0, np.int64)
        program = live.program
        matrix = sp.csr_array(program.matrix)
        # rows that steer the end of a window have columns of no step
        self._whole = reach(matrix, self._step)[2]
        own = np.diff(sp.csr_array(matrix[:, self._loose]).indptr) > 0
        self._equations = np.flatnonzero(own & self._whole & (program.row_lower == program.row_upper))
        self._matrix = matrix
        self._factors = None
        if self._equations.size == self._loose.size > 0:
            self._factors = splu(sp.csc_array(matrix[self._equations][:, self._loose]))

    def _columns_of(self, variable: int, rows: NDArray[np.bool_]) -> Index:
        live, steps = self.solver.live, self.solver.model.steps
        first, count = live.first_column[variable], rows.size
        return np.asarray(first + np.flatnonzero(rows)[:, None] + np.arange(steps) * count).ravel()

    def carry(self, window: Window, known: Sequence[tuple[int, Hours]]) -> bool:
        """Put flows that are known, and the levels that follow from them, into the model's variables.

        Parameters
        ----------
        window
            The window, with the state that it truly begins with.
        known
            All of its steps: the first of each part, and what is known from there on.

        Returns
        -------
        bool
            False where a limit would be broken; the variables keep their values then.
        """
        solver = self.solver
        model = solver.model
        model.bind(window)
        program = compile_problem(model.problem)[0]
        values = np.zeros(program.cost.size)
        for first, hours in known:
            hours.put(model, solver.live, first, values)
        if self._loose.size:
            if self._factors is None:
                return False
            values[self._loose] = 0.0
            rows = self._equations
            values[self._loose] = self._factors.solve(program.row_lower[rows] - self._matrix[rows] @ values)
        lazy = solver.rows.compiled_upper()
        there = self._step >= 0
        activity = (self._matrix @ values)[self._whole]
        over = [
            (program.lower - values)[there],
            (values - program.upper)[there],
            program.row_lower[self._whole] - activity,
            activity - program.row_upper[self._whole],
            solver.rows.matrix @ values - lazy if lazy.size else lazy,
        ]
        if any(each.size and each.max() > _TOLERANCE for each in over):
            return False
        for variable in model.problem.variables():
            variable.save_value(values[solver.live.columns(variable)].reshape(variable.shape, order="F"))
        return True
