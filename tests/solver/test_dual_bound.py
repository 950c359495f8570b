"""Bounds from multipliers."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from gridopt.solver.dual_bound import Rows, best_multipliers, bound


def program(seed):
    """A small feasible program with rows of all kinds."""
    random = np.random.default_rng(seed)
    n, m = random.integers(2, 6), random.integers(1, 5)
    matrix = sp.csr_array(random.integers(-2, 3, (m, n)).astype(float))
    lower, upper = -random.uniform(0, 3, n), random.uniform(0, 3, n)
    inside = matrix @ random.uniform(lower, upper)
    room = random.uniform(0, 1, (2, m)) * (random.random((2, m)) < 0.7)
    endless = random.random((2, m)) < 0.3
    low = np.where(endless[0], -np.inf, inside - room[0])
    high = np.where(endless[1], np.inf, inside + room[1])
    cost = random.normal(0, 1, n)
    return cost, lower, upper, Rows(matrix, low, high, random.normal(0, 2, m))


def optimum(cost, lower, upper, rows):
    matrix = rows.matrix.toarray()
    above, below = np.isfinite(rows.upper), np.isfinite(rows.lower)
    found = linprog(
        cost,
        A_ub=np.vstack([matrix[above], -matrix[below]]),
        b_ub=np.concatenate([rows.upper[above], -rows.lower[below]]),
        bounds=list(zip(lower, upper, strict=True)),
    )
    assert found.success
    return found.fun


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000))
def test_any_multipliers_bound_and_the_best_meet_the_optimum(seed):
    cost, lower, upper, rows = program(seed)
    best = optimum(cost, lower, upper, rows)
    assert bound(cost, lower, upper, rows) <= best + 1e-7
    multipliers, values = best_multipliers(cost, lower, upper, rows)
    tight = Rows(rows.matrix, rows.lower, rows.upper, multipliers)
    assert bound(cost, lower, upper, tight) == pytest.approx(best, abs=1e-6)
    assert cost @ values == pytest.approx(best, abs=1e-6)


def test_rows_of_the_wrong_length_are_refused():
    with pytest.raises(ValueError, match="a limit on each side"):
        Rows(sp.csr_array((2, 3)), np.zeros(2), np.zeros(2), np.zeros(1))
