"""The elastic problem: the least that has to give way, computed by hand; hard rows hold; the live model stays."""

import cvxpy as cp
import numpy as np
import pytest
import scipy.sparse as sp

from gridopt.solver.elastic import HARD, Elastic, Prices, column_blocks, conflict, row_blocks
from gridopt.solver.lazy import LazyLimits, MonitoredLimits
from gridopt.solver.lazy_rows import LazyRows
from gridopt.solver.session import LiveProblem


class TwoBuses:
    """60 MW at bus 0 serve 100 MW at bus 1 over a line of 50 MW, in one hour."""

    def __init__(self, quadratic=False, integer=False):
        self.x = cp.Variable((1, 1), bounds=[0.0, 60.0], integer=integer)
        injection = cp.vstack([self.x, np.array([[-100.0]])])
        self.balance = cp.sum(injection, axis=0, keepdims=True) == 0
        self.lower = self.x >= 10.0
        cost = cp.sum_squares(self.x) if quadratic else cp.sum(self.x)
        self.live = LiveProblem(cp.Problem(cp.Minimize(cost), [self.balance, self.lower]))
        self.live.refresh()
        # the line carries what bus 0 injects
        self.limits = LazyLimits(self.live, injection, MonitoredLimits(np.array([[1.0, 0.0]]), np.zeros(1)))
        self.limits.rebind(np.array([[-50.0]]), np.array([[50.0]]))
        self.rows = LazyRows(self.live, [])
        areas = sp.csr_array(np.ones((1, 2)))
        at = next(b for b in row_blocks(self.live, self.limits, self.rows) if b.what is self.balance).numbers
        whole = self.live.columns(self.x).start + np.arange(1, dtype=np.int32)
        self.elastic = Elastic(
            self.live,
            self.limits,
            self.rows,
            at.reshape(1, 1),
            areas,
            np.array([[0.0], [100.0]]),
            whole if integer else whole[:0],
        )

    def solve(self, *, balance, line, bus, column, lower=HARD):
        """Prices of the balance, the line, power at a bus, the plant's bounds, its least output."""
        while True:
            blocks = row_blocks(self.live, self.limits, self.rows)
            of_rows = np.full(self.live.highs.getNumRow(), HARD)
            for block in blocks:
                price = {id(self.balance): balance, id(None): line, id(self.lower): lower}[id(block.what)]
                of_rows[block.numbers] = price
            found = self.elastic.solve(Prices(of_rows, np.full(self.live.n_columns, column), bus))
            if found is None or not self.elastic.add_broken(found):
                return found


@pytest.mark.parametrize("quadratic", [False, True])
def test_the_plant_and_the_line_give_way_where_demand_does_not(quadratic):
    found = TwoBuses(quadratic).solve(balance=HARD, line=1.0, bus=HARD, column=1.0)
    np.testing.assert_allclose(found.columns[found.columns != 0], [40.0])
    np.testing.assert_allclose(found.rows[found.rows != 0], [50.0])
    assert not found.bus_mw.any()


@pytest.mark.parametrize(("bus", "at"), [(1.0, 1), (3.0, None)])
def test_demand_gives_way_at_the_bus_behind_the_line_or_all_over(bus, at):
    # 40 MW lack in all, 50 MW where the line ends; elsewhere the balance lacks 40 MW and the line carries 10 more
    found = TwoBuses().solve(balance=1.5, line=HARD if at else 1.0, bus=bus, column=HARD)
    if at is None:
        assert found.rows[0] == pytest.approx(-40.0)
        assert not found.bus_mw.any()
    else:
        np.testing.assert_allclose(found.bus_mw, [[0.0], [50.0]])


def test_hard_rows_that_contradict_each_other_have_no_answer():
    assert TwoBuses().solve(balance=HARD, line=HARD, bus=HARD, column=1.0) is None


def test_a_whole_number_gives_way_by_whole_numbers_only():
    found = TwoBuses(integer=True).solve(balance=1.0, line=1.0, bus=HARD, column=HARD)
    assert abs(found.rows[0]) == pytest.approx(40.0)


def test_the_live_model_keeps_its_own_columns_and_cost():
    two = TwoBuses(quadratic=True)
    two.solve(balance=1.0, line=1.0, bus=1.0, column=1.0)
    assert two.live.highs.getNumCol() == two.live.program.cost.size
    assert two.live.highs.getModel().hessian_.dim_ == two.live.program.cost.size


def test_conflict_names_rows_and_bounds():
    two = TwoBuses()
    rows, columns = conflict(two.live)
    named = [b.what for b in row_blocks(two.live, two.limits, two.rows) if np.isin(b.numbers, rows).any()]
    assert any(what is two.balance for what in named)
    assert [b.what for b in column_blocks(two.live) if np.isin(b.numbers, columns).any()] == [two.x]
