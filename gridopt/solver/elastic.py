r"""What would have to give way where a live model has no solution, and which of its rows contradict each other.

In the elastic problem soft rows and bounds may be broken at a price :math:`\pi` per unit:

.. math::
   \min \sum_i \pi_i (s^+_i + s^-_i) \quad \text{subject to} \quad
   l - s^- \le A x \le u + s^+, \qquad \underline x - s^- \le x \le \overline x + s^+

and power may come from nowhere, or go nowhere, at each bus and hour.  It asks for the least that has to give way,
whatever that costs in the case's own terms.  A column beyond its bound is the column plus a breach that acts on all of
its rows, so the problem has no more rows than the case.
"""

from __future__ import annotations

from dataclasses import dataclass

import cvxpy as cp
import highspy
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.solver.highs import linear_program, most_iterations, new_highs
from gridopt.solver.lazy import LazyLimits
from gridopt.solver.lazy_rows import LazyRows
from gridopt.solver.program import Array
from gridopt.solver.session import LiveProblem

#: A row or bound of this price can't be broken.
HARD = np.inf
# Broken by less than this is rounding [unit of the row].
_ROUNDING = 1e-4
# A diagnosis need not be the very best one: where units are whole, the search stops at this gap or at so many nodes.
_MIP_GAP, _MIP_NODES = 0.05, 500
# HiGHS's strategy 2: a subsystem from the elastic LP; 4 on top makes it irreducible.
_IIS_FROM_LP = 2 + 4
_IIS_TIME_S = 120.0

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Block:
    """Rows or columns of a live model that belong together.

    Parameters
    ----------
    what
        The constraint they state, the variable whose bounds they are, or None for network limits.
    numbers
        Their numbers in the live model.
    entries
        Their places in ``what`` (column-major); of network limits the place in (limit, hour).
    """

    what: cp.Constraint | cp.Variable | None
    numbers: Numbers
    entries: Numbers


def row_blocks(live: LiveProblem, limits: LazyLimits, rows: LazyRows) -> list[Block]:
    """All rows of a live model.

    cvxpy states equalities in their order, then inequalities; what it adds for a quadratic objective (copies of
    variables) stands before them.  Lazy rows and network limits follow.
    """
    problem = live.problem
    equal = [c for c in problem.constraints if isinstance(c, cp.constraints.Equality | cp.constraints.Zero)]
    ordered = equal + [c for c in problem.constraints if not any(c is e for e in equal)]
    starts = live.own_rows + np.cumsum([0, *(c.size for c in ordered)]) - sum(c.size for c in ordered)
    own = [
        Block(c, start + np.arange(c.size), np.arange(c.size)) for c, start in zip(ordered, starts[:-1], strict=True)
    ]
    lazy = [Block(c, numbers, entries) for c, numbers, entries in rows.stated()]
    limit, hour, numbers = limits.stated()
    return [*own, *lazy, Block(None, numbers, limit + hour * limits.limits.count)]


def column_blocks(live: LiveProblem) -> list[Block]:
    """Columns of all variables of a live model."""
    return [
        Block(v, np.arange(live.columns(v).start, live.columns(v).stop), np.arange(v.size))
        for v in live.problem.variables()
    ]


@dataclass(frozen=True)
class Prices:
    """Price of a unit by which rows (row,) and bounds of columns (column,) are broken, and of a MW at a bus."""

    rows: Array
    columns: Array
    bus: float


@dataclass(frozen=True)
class Breach:
    """What gives way: rows (row,) and bounds of columns (column,), positive above and negative below.

    ``bus_mw`` (node, hour) is power that comes from nowhere, or goes nowhere where it is negative [MW].
    """

    rows: Array
    columns: Array
    bus_mw: Array


class Elastic:
    """The elastic problem of a live model; the live model itself only gains the rows that its solutions break.

    Parameters
    ----------
    live, limits, rows
        A live problem without a solution, with its network limits and lazy rows.
    balance
        Numbers of the rows of the balance, (area, hour).
    areas
        What a MW at each node adds to the balance of its area, (area, node).
    demand_mw
        Most power that may come from nowhere at each node, (node, hour) [MW]: no more can lack than is asked for.
    whole
        Columns that are whole numbers.
    """

    def __init__(
        self,
        live: LiveProblem,
        limits: LazyLimits,
        rows: LazyRows,
        balance: Numbers,
        areas: sp.csr_array,
        demand_mw: Array,
        whole: NDArray[np.int32],
    ) -> None:
        self.live, self.limits, self.rows = live, limits, rows
        self._balance, self._areas, self._whole = balance, areas, whole
        self._demand_mw = demand_mw

    def solve(self, prices: Prices) -> Breach | None:
        """Solve with the rows that the live model has now; None where the hard rows alone have no solution.

        None, too, where HiGHS does not end: the simplex method can go around in circles.
        """
        lp = self.live.highs.getLp()
        stated, own = _coefficients(lp), lp.num_col_
        rows, columns = np.flatnonzero(np.isfinite(prices.rows)), np.flatnonzero(np.isfinite(prices.columns))
        at_rows = sp.csc_array((np.ones(rows.size), (rows, np.arange(rows.size))), shape=(lp.num_row_, rows.size))
        at_buses = self._power_at_buses(lp.num_row_) if np.isfinite(prices.bus) else sp.csc_array((lp.num_row_, 0))
        # what a unit of each breach adds to the rows: a row beyond its upper limit is lowered to it
        added = sp.hstack([-at_rows, sp.csc_array(stated)[:, columns], at_buses])
        cost = np.concatenate([prices.rows[rows], prices.columns[columns], np.full(at_buses.shape[1], prices.bus)])
        most = np.full((2, cost.size), np.inf)
        if at_buses.shape[1]:
            most[0, -at_buses.shape[1] :] = self._demand_mw.T.ravel()
        # a lower bound of zero says what a column means, and nothing that could give way
        most[1, rows.size :][: columns.size][np.asarray(lp.col_lower_)[columns] == 0.0] = 0.0
        highs = self._passed(lp, sp.csc_array(sp.hstack([stated, added, -added])), cost, most.ravel())
        highs.run()
        if highs.getInfo().primal_solution_status != 2:
            return None
        values = np.asarray(highs.getSolution().col_value, dtype=float)
        self._values = values[:own]
        above, below = values[own:].reshape(2, -1)
        given = above - below
        given[np.abs(given) <= _ROUNDING] = 0.0
        of_rows, of_columns, at_bus = np.split(given, [rows.size, rows.size + columns.size])
        found = Breach(np.zeros(lp.num_row_), np.zeros(own), np.zeros((self.limits.nodes, self.limits.hours)))
        found.rows[rows], found.columns[columns] = of_rows, of_columns
        if at_bus.size:
            found.bus_mw[:] = at_bus.reshape(self.limits.hours, -1).T
        self._values[columns] += of_columns
        return found

    def _passed(self, lp: highspy.HighsLp, coefficients: sp.csc_array, cost: Array, most: Array) -> highspy.Highs:
        """A model with the limits of a linear program, and breaches above and below behind its columns."""
        whole = self._whole
        searching = {"mip_rel_gap": _MIP_GAP, "mip_max_nodes": _MIP_NODES, "mip_abs_gap": _ROUNDING}
        ending = {"simplex_iteration_limit": most_iterations(*coefficients.shape)}
        highs = new_highs(**(searching if whole.size else ending))
        highs.passModel(
            linear_program(
                np.concatenate([np.zeros(lp.num_col_), cost, cost]),
                np.concatenate([lp.col_lower_, np.zeros(most.size)]),
                np.concatenate([lp.col_upper_, most]),
                coefficients,
                np.asarray(lp.row_lower_),
                np.asarray(lp.row_upper_),
            )
        )
        if whole.size:
            highs.changeColsIntegrality(whole.size, whole, np.full(whole.size, highspy.HighsVarType.kInteger))
        return highs

    def add_broken(self, found: Breach) -> int:
        """Add the rows to the live model that a solution breaks and the model does not know, and return how many."""
        return self.limits.add_broken(self._values, found.bus_mw) + self.rows.add_broken(self._values)

    def _power_at_buses(self, n_rows: int) -> sp.csc_array:
        """Coefficients of power at each bus and hour, (row, node + nodes · hour), in balances and network limits."""
        hours, nodes = self.limits.hours, self.limits.nodes
        (area, node), given = self._areas.nonzero(), self._areas.tocoo().data
        hour = np.repeat(np.arange(hours), node.size)
        balance = self._balance[np.tile(area, hours), hour], np.tile(node, hours) + nodes * hour
        limit, at, numbers = self.limits.stated()
        limited = np.repeat(numbers, nodes), (at[:, None] * nodes + np.arange(nodes)).ravel()
        row, column = (np.concatenate(pair) for pair in zip(balance, limited, strict=True))
        entries = np.concatenate([np.tile(given, hours), self.limits.limits.rows(limit)[0][:, :nodes].ravel()])
        return sp.csc_array((entries, (row, column)), shape=(n_rows, nodes * hours))


def conflict(live: LiveProblem) -> tuple[Numbers, Numbers]:
    """Rows and columns that no solution can keep together: a subsystem that HiGHS finds (not always the smallest)."""
    live.highs.setOptionValue("iis_strategy", _IIS_FROM_LP)
    live.highs.setOptionValue("iis_time_limit", _IIS_TIME_S)
    _, subsystem = live.highs.getIis()
    return (
        np.sort(np.asarray(subsystem.row_index_, dtype=np.int64)),
        np.sort(np.asarray(subsystem.col_index_, dtype=np.int64)),
    )


def matrix(live: LiveProblem) -> sp.csr_array:
    """Coefficients of all rows of a live model, (row, column)."""
    return sp.csr_array(_coefficients(live.highs.getLp()))


def _coefficients(lp: highspy.HighsLp) -> sp.csr_array | sp.csc_array:
    """The matrix of a linear program, which HiGHS turns into rows where it likes them better."""
    own, shape = lp.a_matrix_, (lp.num_row_, lp.num_col_)
    kind = sp.csc_array if own.format_ == highspy.MatrixFormat.kColwise else sp.csr_array
    return kind((own.value_, own.index_, own.start_), shape=shape)
