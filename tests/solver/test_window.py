"""Whole numbers in a window: no search is repeated in vain, and nothing but a schedule is accepted."""

import cvxpy as cp
import numpy as np
import pytest

from gridopt.errors import InfeasibleError, InputError, SolverError
from gridopt.solver.session import LiveProblem, SolverOptions
from gridopt.solver.window import BoundWindow


class Nothing:
    """No limits and no lazy rows."""

    n_rows = 0

    def add_broken(self):
        return 0


def window(target, *, quadratic=False, **options):
    """Whole units n of 3 MW with at least ``target`` MW, or exactly so much."""
    n = cp.Variable(2, bounds=[np.zeros(2), np.full(2, 10.0)], integer=not quadratic)
    p = cp.Variable(2, bounds=[np.zeros(2), np.full(2, 50.0)])
    cost = cp.sum_squares(p) if quadratic else cp.sum(p) + n[0] + 1.5 * n[1]
    live = LiveProblem(cp.Problem(cp.Minimize(cost), [p == 3 * n, cp.sum(p) >= target]), SolverOptions(**options))
    live.refresh()
    return BoundWindow(live, Nothing(), Nothing()), n, p


def separate():
    return np.zeros(0, np.int32)


def searches(monkeypatch, answer=None):
    """Count the searches; ``answer`` changes what they return."""
    asked, search = [], LiveProblem.run_integer

    def counted(self, columns, gap_cny=0.0, *, exact=False):
        asked.append(exact)
        found, bound = search(self, columns, gap_cny, exact=exact)
        return answer(found, bound) if answer else (found, bound)

    monkeypatch.setattr(LiveProblem, "run_integer", counted)
    return asked


def test_whole_units_are_found_and_fixed(monkeypatch):
    asked = searches(monkeypatch)
    bound, n, p = window(4.0)
    bound.solve(separate)
    np.testing.assert_allclose(n.value, [2.0, 0.0])
    np.testing.assert_allclose(p.value, [6.0, 0.0])
    assert asked == [False]
    assert bound.live.mip_gap == pytest.approx(0.0, abs=1e-9)


def test_a_search_that_stops_early_keeps_its_schedule_with_its_gap(monkeypatch):
    # as if it ran out of nodes at a bound of 5 CNY: the schedule of 8 CNY stands, the gap is said
    asked = searches(monkeypatch, lambda found, _: (found, 5.0))
    bound, n, _ = window(4.0)
    bound.solve(separate)
    np.testing.assert_allclose(n.value, [2.0, 0.0])
    assert asked == [False]
    # relative to the cost of the continuous problem, 4 + 4/3
    assert bound.live.mip_gap == pytest.approx(3.0 / (16 / 3))


def test_numbers_that_fit_within_rounding_only_are_searched_once_more_and_then_given_up(monkeypatch):
    # a search that finds n = (1, 0), which is too little for 4 MW once it is fixed
    bound, n, _ = window(4.0)
    asked = searches(
        monkeypatch, lambda found, lower: (1.0 * (np.arange(found.size) == bound.live.columns(n).start), lower)
    )
    with pytest.raises(SolverError, match="within rounding"):
        bound.solve(separate)
    assert asked == [False, True]


def test_that_there_is_no_schedule_is_believed_at_the_smallest_tolerance_only(monkeypatch):
    def mistaken_at_first(found, lower):
        if asked == [False]:
            raise InfeasibleError("no schedule of whole units meets all limits of this window")
        return found, lower

    asked = searches(monkeypatch, mistaken_at_first)
    bound, n, _ = window(4.0)
    bound.solve(separate)
    np.testing.assert_allclose(n.value, [2.0, 0.0])
    assert asked == [False, True]


def test_whole_units_without_a_schedule_are_no_schedule():
    n = cp.Variable(1, bounds=[np.zeros(1), np.ones(1)], integer=True)
    live = LiveProblem(cp.Problem(cp.Minimize(cp.sum(n)), [n >= 0.3, n <= 0.7]))
    live.refresh()
    bound = BoundWindow(live, Nothing(), Nothing())
    with pytest.raises(InfeasibleError):
        bound.solve(separate)
    assert bound.searched.tolist() == [0]


def test_a_quadratic_cost_is_a_fault_of_the_input():
    # found out late where stores turn out to run both ways
    bound, n, _ = window(4.0, quadratic=True)
    with pytest.raises(InputError, match="pwl_cost"):
        bound.solve(lambda: bound.live.columns(n).start + np.arange(2, dtype=np.int32))
