"""One cvxpy problem, stated once and solved many times on one live HiGHS model.

cvxpy makes a new solver model in every ``solve`` and never hands over a basis.  Here the problem is compiled
by cvxpy, its data are put into one :class:`highspy.Highs`, and afterwards only what the parameters changed
(bounds, right-hand sides, costs) is written again.  Rows that the problem does not know (network limits that
were found violated) are added behind cvxpy's own.

highspy stays in this room.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import cvxpy as cp
import highspy
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.errors import InfeasibleError, InputError, SolverError
from gridopt.solver.highs import linear_program, most_iterations, new_highs
from gridopt.solver.program import AddedRows, Array, LinearProgram, compile_problem, same_matrix

_STATUS = highspy.HighsModelStatus
# The order of attempts where the first one does not end in an optimum: from the basis, from nothing, then by
# the interior point method with crossover, which shares no pivoting rule with the simplex method.
_ATTEMPTS: tuple[dict[str, str], ...] = (
    {"solver": "choose", "presolve": "choose"},
    {"solver": "simplex", "presolve": "off"},
    {"solver": "ipx", "presolve": "on"},
)
_INTERIOR: tuple[dict[str, str], ...] = ({"solver": "hipo", "presolve": "on", "run_crossover": "off"},)
# Relative gap at which that method stops where its solution only guides: of a year, its last quarter of iterations (to
# HiGHS's usual 1e-8) moved the cost by less than a hundred-thousandth.
_GUIDING_GAP = 1e-5
# How far HiGHS lets a whole number be from one: as it does by default, and as little as it can tell.
_WHOLE, _EXACT_WHOLE = 1e-6, 1e-9


@dataclass(frozen=True)
class SolverOptions:
    """How the live model is solved.

    Parameters
    ----------
    start
        ``basis``: each window starts from the basis of the one before; ``presolve``: from nothing, with
        presolve.
    feasibility_tolerance
        Primal feasibility tolerance [MW].
    mip_gap
        Relative gap at which a problem with whole numbers is solved well enough.
    mip_nodes
        Most nodes of its search; None for no limit.
    interior
        Whether the interior point method without crossover is tried first: for one large problem whose solution
        only guides.
    """

    start: Literal["basis", "presolve"] = "presolve"
    feasibility_tolerance: float = 1e-7
    mip_gap: float = 1e-3
    mip_nodes: int | None = None
    interior: bool = False


class LiveProblem:
    """A cvxpy problem on one live HiGHS model.

    Parameters
    ----------
    problem
        A DPP problem whose parameters stand only in bounds, right-hand sides and costs.
    options
        Solver options.
    """

    def __init__(self, problem: cp.Problem, options: SolverOptions | None = None) -> None:
        self.problem = problem
        self.options = options or SolverOptions()
        self.highs = new_highs(primal_feasibility_tolerance=self.options.feasibility_tolerance)
        if self.options.interior:
            self.highs.setOptionValue("ipm_optimality_tolerance", _GUIDING_GAP)
        self.own_rows = 0
        self.simplex_iterations = 0
        # relative gap between the last whole-number solution and its bound
        self.mip_gap = 0.0
        self._program: LinearProgram | None = None
        # bounds of the columns, narrower where some are held
        self._limits: tuple[Array, Array] = (np.zeros(0), np.zeros(0))
        self._added = AddedRows.none(0)
        # what was read from the last run: HiGHS copies all of it each time it is asked
        self._read: dict[str, Array] = {}
        self._inverse: tuple[Any, Any] = (None, None)
        self._first_column: dict[int, int] = {}

    def refresh(self) -> None:
        """Write the present parameter values into the live model; added rows stay as they are."""
        program, data, self._inverse = compile_problem(self.problem)
        before = self._program
        self._program = program
        self._limits = program.lower, program.upper
        self._first_column = data["param_prob"].var_id_to_col
        if before is None or not same_matrix(before, program):
            if before is not None and self.highs.getNumRow() > self.own_rows:
                raise SolverError("a coefficient changed while lazily added rows were in the model")
            self._pass_model(program)
            return
        columns = np.arange(program.cost.size, dtype=np.int32)
        rows = np.arange(self.own_rows, dtype=np.int32)
        self.highs.changeColsCost(columns.size, columns, program.cost)
        self.highs.changeColsBounds(columns.size, columns, program.lower, program.upper)
        self.highs.changeRowsBounds(rows.size, rows, program.row_lower, program.row_upper)
        if self.options.start == "presolve":
            self.highs.clearSolver()

    def _pass_model(self, program: LinearProgram) -> None:
        model = highspy.HighsModel()
        model.lp_ = linear_program(
            program.cost, program.lower, program.upper, program.matrix, program.row_lower, program.row_upper
        )
        if program.hessian is not None:
            model.hessian_.dim_ = program.cost.size
            model.hessian_.format_ = highspy.HessianFormat.kTriangular
            model.hessian_.start_ = program.hessian.indptr
            model.hessian_.index_ = program.hessian.indices
            model.hessian_.value_ = program.hessian.data
        if self.highs.passModel(model) == highspy.HighsStatus.kError:
            raise SolverError("HiGHS refused the model: a coefficient, bound or cost is not a finite number")
        if self.highs.getOptionValue("simplex_iteration_limit")[1] == highspy.kHighsIInf:
            self.highs.setOptionValue("simplex_iteration_limit", most_iterations(*program.matrix.shape))
        self.own_rows = program.row_lower.size
        self._added = AddedRows.none(program.cost.size)

    def columns(self, variable: cp.Variable) -> slice:
        """Columns of a variable in the live model (column-major order)."""
        first = self._first_column[variable.id]
        return slice(first, first + variable.size)

    @property
    def program(self) -> LinearProgram:
        """The compiled problem with the values it was refreshed with last."""
        if self._program is None:
            raise SolverError("the problem was not compiled before it was read")
        return self._program

    @property
    def added(self) -> AddedRows:
        """Rows behind the problem's own, with their present bounds."""
        return self._added

    @property
    def integers(self) -> NDArray[np.int32]:
        """Columns that the problem itself declares as whole numbers."""
        return np.zeros(0, np.int32) if self._program is None else self._program.integers

    @property
    def first_column(self) -> dict[int, int]:
        """First column of every variable, by its id."""
        return self._first_column

    @property
    def n_columns(self) -> int:
        """Number of columns of the live model."""
        return int(self.highs.getNumCol())

    def add_rows(self, matrix: sp.csr_array, lower: Array, upper: Array) -> NDArray[np.int32]:
        """Add rows behind the present ones and return their numbers."""
        first = int(self.highs.getNumRow())
        self._added = self._added.and_these(matrix, lower, upper)
        self.highs.addRows(
            matrix.shape[0],
            lower,
            upper,
            matrix.nnz,
            matrix.indptr[:-1].astype(np.int32),
            matrix.indices.astype(np.int32),
            matrix.data.astype(float),
        )
        return np.arange(first, first + matrix.shape[0], dtype=np.int32)

    def change_row_bounds(self, rows: NDArray[np.int32], lower: Array, upper: Array) -> None:
        """Give added rows new bounds."""
        self._added.lower[rows - self.own_rows], self._added.upper[rows - self.own_rows] = lower, upper
        self.highs.changeRowsBounds(rows.size, rows, lower, upper)

    def run_integer(
        self, columns: NDArray[np.int32], gap_cny: float = 0.0, *, exact: bool = False
    ) -> tuple[Array, float]:
        """Solve with some columns as whole numbers to an absolute gap; values of all columns, and the lower bound.

        Afterwards the model is continuous again.  ``exact`` asks for whole numbers to rounding, not only to 1e-6.

        Raises
        ------
        InputError
            Where a cost is quadratic: HiGHS has no search for such problems.
        InfeasibleError
            When HiGHS proves that no solution exists.
        SolverError
            When the search ends without a solution.
        """
        if self._program is not None and self._program.hessian is not None:
            raise InputError("a quadratic cost (cp2) and stores that must not run both ways: give it as a pwl_cost")
        highs, kinds = self.highs, highspy.HighsVarType
        self._read = {}
        highs.setOptionValue("solver", "choose")
        highs.setOptionValue("presolve", "choose")
        _, most = highs.getOptionValue("simplex_iteration_limit")
        highs.setOptionValue("simplex_iteration_limit", highspy.kHighsIInf)  # that is for one continuous problem
        highs.setOptionValue("mip_rel_gap", 0.0)
        highs.setOptionValue("mip_abs_gap", max(gap_cny, 1e-6))
        highs.setOptionValue("mip_feasibility_tolerance", _EXACT_WHOLE if exact else _WHOLE)
        if self.options.mip_nodes is not None:
            highs.setOptionValue("mip_max_nodes", self.options.mip_nodes)
        highs.changeColsIntegrality(columns.size, columns, np.full(columns.size, kinds.kInteger))
        try:
            highs.run()
            status, info = highs.getModelStatus(), highs.getInfo()
            self.simplex_iterations += max(int(info.simplex_iteration_count), 0)
            if status in (_STATUS.kInfeasible, _STATUS.kUnboundedOrInfeasible):
                raise InfeasibleError("no schedule of whole units meets all limits of this window")
            if info.primal_solution_status != 2:
                raise SolverError(f"HiGHS stopped without a whole-number solution: {highs.modelStatusToString(status)}")
            return self.values(), float(info.mip_dual_bound)
        finally:
            highs.setOptionValue("simplex_iteration_limit", most)
            highs.changeColsIntegrality(columns.size, columns, np.full(columns.size, kinds.kContinuous))

    def fix(self, columns: NDArray[np.int32], values: Array) -> None:
        """Fix columns at values; :meth:`refresh` frees them again."""
        self.highs.changeColsBounds(columns.size, columns, values, values)

    def free(self, columns: NDArray[np.int32]) -> None:
        """Give columns the bounds again that they had before they were fixed."""
        lower, upper = self._limits
        self.highs.changeColsBounds(columns.size, columns, lower[columns], upper[columns])

    @property
    def limits(self) -> tuple[Array, Array]:
        """Lower and upper bounds of all columns, narrower where some are held."""
        return self._limits

    def hold(self, columns: NDArray[np.int32], values: Array, tolerance: float | Array) -> None:
        """Keep columns near values inside their bounds until the next :meth:`refresh`."""
        lower, upper = (each.copy() for each in self._limits)
        values = np.clip(values, lower[columns], upper[columns])
        lower[columns] = np.maximum(lower[columns], values - tolerance)
        upper[columns] = np.minimum(upper[columns], values + tolerance)
        self._limits = lower, upper
        self.free(columns)

    def hint(self, columns: NDArray[np.int32], values: Array) -> None:
        """Give the search for whole numbers a solution of some columns to begin with."""
        self.highs.setSolution(columns.size, columns, values)

    def run(self) -> None:
        """Solve to optimality, all columns continuous.

        Raises
        ------
        InfeasibleError
            When HiGHS proves that no solution exists.
        SolverError
            When no attempt ends in an optimum, with the last status.
        """
        status = _STATUS.kNotset
        self._read = {}
        for number, attempt in enumerate(_INTERIOR + _ATTEMPTS if self.options.interior else _ATTEMPTS):
            if number:
                self.highs.clearSolver()
            for name, value in attempt.items():
                self.highs.setOptionValue(name, value)
            self.highs.run()
            status = self.highs.getModelStatus()
            info = self.highs.getInfo()
            self.simplex_iterations += max(int(info.simplex_iteration_count), 0)
            # kSolutionStatusFeasible: a status word alone is not trusted
            if status == _STATUS.kOptimal and info.primal_solution_status == 2:
                return
            if status in (_STATUS.kInfeasible, _STATUS.kUnboundedOrInfeasible) and number:
                raise InfeasibleError("no schedule meets all limits of this window")
        raise SolverError(f"HiGHS stopped with status {self.highs.modelStatusToString(status)}")

    def _solution(self, name: str) -> Array:
        """A part of the solution of the last run."""
        if not self._read:
            found = self.highs.getSolution()
            for part in ("col_value", "col_dual", "row_value", "row_dual"):
                self._keep(part, np.asarray(getattr(found, part), dtype=float))
        return self._read[name]

    def _keep(self, name: str, values: Array) -> None:
        values.flags.writeable = False  # all who ask get the same array
        self._read[name] = values

    def complete(self, columns: NDArray[np.int64], values: Array) -> None:
        """Put other values of some columns into the solution of the last run; they hold until the next one."""
        completed = self.values().copy()
        completed[columns] = values
        self._keep("col_value", completed)

    def values(self) -> Array:
        """Primal values of all columns, those chosen afterwards in their place."""
        return self._solution("col_value")

    def row_values(self, rows: NDArray[np.int32]) -> Array:
        """Values of rows."""
        return self._solution("row_value")[rows]

    def row_duals(self, rows: NDArray[np.int32]) -> Array:
        """Duals of rows [objective per unit of the row's bound]."""
        return self._solution("row_dual")[rows]

    def reduced_costs(self, variable: cp.Variable) -> Array:
        """Duals of a variable's bounds in its shape: above zero at the lower, below zero at the upper one."""
        return self._solution("col_dual")[self.columns(variable)].reshape(variable.shape, order="F")

    def duals(self) -> Array:
        """Duals of all rows, the problem's own and then the added ones [objective per unit of the row's bound]."""
        return self._solution("row_dual")

    def objective(self) -> float:
        """Objective value of the last run, without constants."""
        return float(self.highs.getInfo().objective_function_value)

    def unpack(self) -> None:
        """Put values and duals of the last run into cvxpy's variables and constraints."""
        solution = self.highs.getSolution()
        solution.col_value = self.values()
        results = {
            "solution": solution,
            "basis": self.highs.getBasis(),
            "info": self.highs.getInfo(),
            "model_status": self.highs.getModelStatus().name,
            "run_time": self.highs.getRunTime(),
        }
        self.problem.unpack_results(results, *self._inverse)
