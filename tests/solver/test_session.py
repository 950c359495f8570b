"""The live problem: what is refreshed equals what is solved fresh, and nothing but an optimum is accepted."""

from dataclasses import replace

import cvxpy as cp
import highspy
import numpy as np
import pytest
import scipy.sparse as sp

from gridopt.errors import InfeasibleError, SolverError
from gridopt.solver.program import compile_problem, same_matrix
from gridopt.solver.session import LiveProblem, SolverOptions


class RandomProblem:
    """min c·x + ½Σx², A x ≤ b, B x = d, l ≤ x ≤ u with b, d, c, u as parameters; feasible by construction."""

    def __init__(self, seed, quadratic=False, size=12, rows=8):
        self.rng = np.random.default_rng(seed)
        self.matrix = self.rng.normal(size=(rows, size)).round(2)
        self.equal = self.rng.normal(size=(2, size)).round(2)
        self.right, self.target = cp.Parameter(rows), cp.Parameter(2)
        self.price, self.upper = cp.Parameter(size), cp.Parameter(size, nonneg=True)
        self.x = cp.Variable(size, bounds=[np.zeros(size), self.upper])
        # cvxpy allows no price parameter on a variable with a parameter as its bound
        twin = cp.Variable(size, bounds=[np.full(size, -1.0), np.full(size, 10.0)])
        cost = self.price @ twin
        if quadratic:
            cost = cost + 0.5 * cp.sum_squares(self.x[: size // 2])
        self.rows = [self.matrix @ self.x <= self.right, self.equal @ self.x == self.target, twin == self.x]
        self.problem = cp.Problem(cp.Minimize(cost), self.rows)
        self.draw()

    def draw(self):
        inside = self.rng.uniform(0.1, 1.0, self.x.size)
        self.upper.value = inside + self.rng.uniform(0.0, 2.0, self.x.size)
        self.right.value = self.matrix @ inside + self.rng.uniform(0.0, 1.0, self.right.size)
        self.target.value = self.equal @ inside
        self.price.value = self.rng.normal(size=self.x.size)

    def fresh(self):
        self.problem.solve(solver=cp.HIGHS)
        return self.problem.value


def solved(live, problem):
    live.refresh()
    live.run()
    live.unpack()
    return problem.problem.value


@pytest.mark.parametrize("start", ["basis", "presolve"])
@pytest.mark.parametrize("quadratic", [False, True])
def test_refreshed_parameters_solve_as_if_fresh(start, quadratic):
    problem = RandomProblem(1, quadratic)
    live = LiveProblem(problem.problem, SolverOptions(start=start))
    for _ in range(12):
        value = solved(live, problem)
        x, duals = problem.x.value.copy(), [row.dual_value.copy() for row in problem.rows]
        assert value == pytest.approx(problem.fresh(), rel=1e-6, abs=1e-6)
        np.testing.assert_allclose(x, problem.x.value, atol=1e-4)
        if not quadratic:
            for ours, row in zip(duals, problem.rows, strict=True):
                np.testing.assert_allclose(ours, row.dual_value, atol=1e-6)
        problem.draw()


def test_columns_say_where_a_variable_is():
    problem = RandomProblem(2)
    live = LiveProblem(problem.problem)
    solved(live, problem)
    np.testing.assert_allclose(live.values()[live.columns(problem.x)], problem.x.value)
    assert live.n_columns == 2 * problem.x.size
    # the objective of the live model is that of the problem, as it has no constant
    assert live.objective() == pytest.approx(problem.problem.value)


@pytest.mark.parametrize("start", ["basis", "presolve"])
def test_added_rows_survive_a_refresh_and_can_be_opened(start):
    problem = RandomProblem(3)
    live = LiveProblem(problem.problem, SolverOptions(start=start))
    solved(live, problem)
    direction = np.ones(problem.x.size)
    for number in range(6):
        problem.draw()
        free = solved(live, problem)
        most = float(direction @ problem.x.value) - 0.01
        entries = np.zeros((1, live.n_columns))
        entries[0, live.columns(problem.x)] = direction
        row = live.add_rows(sp.csr_array(entries), np.array([-np.inf]), np.array([most]))
        assert list(row) == [live.own_rows + number]
        limited = cp.Problem(problem.problem.objective, [*problem.rows, direction @ problem.x <= most])
        limited.solve(solver=cp.HIGHS)
        if limited.status != "optimal":
            with pytest.raises(InfeasibleError):
                live.run()
            live.change_row_bounds(row, np.array([-np.inf]), np.array([np.inf]))
            continue
        assert solved(live, problem) == pytest.approx(limited.value, abs=1e-6)
        assert direction @ problem.x.value <= most + 1e-6
        assert live.row_duals(row)[0] == pytest.approx(-limited.constraints[-1].dual_value, abs=1e-6)
        live.change_row_bounds(row, np.array([-np.inf]), np.array([np.inf]))
        assert solved(live, problem) == pytest.approx(free, abs=1e-6)


def test_a_changed_coefficient_makes_a_new_model_but_not_behind_added_rows():
    factor, x = cp.Parameter(nonneg=True), cp.Variable(2, bounds=[0.0, 10.0])
    factor.value = 1.0
    problem = cp.Problem(cp.Minimize(-cp.sum(x)), [factor * x[0] + x[1] <= 6.0])
    live = LiveProblem(problem)
    for factor.value, best in ((1.0, -10.0 - 6.0 + 10.0), (0.5, -10.0 - 1.0), (2.0, -6.0)):
        live.refresh()
        live.run()
        live.unpack()
        assert problem.value == pytest.approx(best)
    live.add_rows(sp.csr_array(np.ones((1, 2))), np.array([-np.inf]), np.array([3.0]))
    factor.value = 3.0
    with pytest.raises(SolverError, match="coefficient"):
        live.refresh()


def test_matrices_of_other_shape_in_the_same_numbers_are_told_apart():
    # same entries, same row numbers, only in other columns
    program, _, _ = compile_problem(RandomProblem(4).problem)
    first = replace(program, matrix=sp.csc_array(([1.0, 2.0], [0, 0], [0, 1, 2, 2]), shape=(1, 3)))
    second = replace(program, matrix=sp.csc_array(([1.0, 2.0], [0, 0], [0, 0, 1, 2]), shape=(1, 3)))
    assert same_matrix(first, first)
    assert not same_matrix(first, second)


def test_no_solution_is_infeasible():
    x = cp.Variable(2, bounds=[0.0, 1.0])
    live = LiveProblem(cp.Problem(cp.Minimize(cp.sum(x)), [cp.sum(x) >= 3]))
    live.refresh()
    with pytest.raises(InfeasibleError):
        live.run()


def test_a_problem_that_was_infeasible_can_be_solved_again():
    least, x = cp.Parameter(), cp.Variable(2, bounds=[0.0, 1.0])
    problem = cp.Problem(cp.Minimize(cp.sum(x)), [cp.sum(x) >= least])
    live = LiveProblem(problem, SolverOptions(start="basis"))
    for least.value in (3.0, 1.5, 5.0, 0.5):
        live.refresh()
        if least.value > 2:
            with pytest.raises(InfeasibleError):
                live.run()
            continue
        live.run()
        assert live.objective() == pytest.approx(least.value)


def test_an_unbounded_problem_is_an_error():
    x = cp.Variable(2)
    live = LiveProblem(cp.Problem(cp.Minimize(cp.sum(x)), [x[0] - x[1] == 1]))
    live.refresh()
    with pytest.raises((SolverError, InfeasibleError)):
        live.run()


def test_a_number_that_is_none_is_an_error():
    program, _, _ = compile_problem(RandomProblem(5).problem)
    live = LiveProblem(RandomProblem(5).problem)
    matrix = program.matrix.copy()
    matrix.data[0] = np.inf
    with pytest.raises(SolverError, match="finite"):
        live._pass_model(replace(program, matrix=matrix))


@pytest.mark.parametrize(("option", "value"), [("simplex_iteration_limit", 1), ("time_limit", 0.0)])
def test_a_limit_of_the_solver_is_never_a_result(option, value):
    problem = RandomProblem(6, size=60, rows=60)
    live = LiveProblem(problem.problem)
    live.highs.setOptionValue(option, value)
    live.highs.setOptionValue("ipm_iteration_limit", 1)
    live.highs.setOptionValue("presolve", "off")
    live.refresh()
    with pytest.raises(SolverError, match=r"(?i)limit"):
        live.run()


def test_a_failed_attempt_is_followed_by_another(monkeypatch):
    # The first attempt ends at its iteration limit, the interior point method of the last one does not.
    problem = RandomProblem(7, size=60, rows=60)
    live = LiveProblem(problem.problem)
    live.highs.setOptionValue("simplex_iteration_limit", 3)
    live.refresh()
    with pytest.MonkeyPatch.context() as patch:
        attempts = (
            {"solver": "simplex", "presolve": "off"},
            {"solver": "ipx", "presolve": "off", "run_crossover": "off"},
        )
        patch.setattr("gridopt.solver.session._ATTEMPTS", attempts)
        live.run()
    live.unpack()
    assert problem.problem.value == pytest.approx(problem.fresh(), rel=1e-4)


def test_options_reach_the_solver():
    live = LiveProblem(RandomProblem(8).problem, SolverOptions(feasibility_tolerance=1e-9))
    assert live.highs.getOptionValue("primal_feasibility_tolerance")[1] == 1e-9
    assert live.highs.getOptionValue("threads")[1] == 1
    assert live.highs.getOptionValue("output_flag")[1] is False
    assert isinstance(live.highs, highspy.Highs)


def test_whole_numbers_are_found_and_priced():
    # 7 MW from units of 5 MW at 10 a unit and a dear filler at 4 a MW: one unit and 2 MW of filler cost 18, two
    # units 20; continuous, 1.4 units cost 14.  With one unit fixed the next MW costs 4.
    units, filler = cp.Variable(1, integer=True, bounds=[0.0, 3.0]), cp.Variable(1, bounds=[0.0, 9.0])
    enough = 5 * units + filler >= 7
    problem = cp.Problem(cp.Minimize(10 * cp.sum(units) + 4 * cp.sum(filler)), [enough])
    live = LiveProblem(problem)
    live.refresh()
    live.run()
    assert live.objective() == pytest.approx(14.0)
    values, bound = live.run_integer(live.integers)
    assert bound == pytest.approx(18.0)
    assert values[live.columns(units)] == pytest.approx([1.0])
    live.fix(live.integers, np.round(values[live.integers]))
    live.run()
    live.unpack()
    assert (units.value[0], filler.value[0]) == pytest.approx((1.0, 2.0))
    assert abs(enough.dual_value[0]) == pytest.approx(4.0)
    live.free(live.integers)
    live.run()
    assert live.objective() == pytest.approx(14.0)
