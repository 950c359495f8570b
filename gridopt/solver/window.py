"""Solves one bound window: what is lazy enters where it is broken, counts become whole, prices come from an LP.

1. The continuous problem, with broken network limits and lazy rows added until none is left.
2. If columns have to be whole numbers: the mixed-integer problem with the rows found so far.  At its usual tolerance
   HiGHS has called problems impossible that have a solution, so that is believed only at the smallest one.
3. The whole numbers fixed, the continuous problem once more with broken rows added: its duals are the prices.  If
   it has no solution, or costs more than the bound of step 2 allows, the search goes on with the rows added.  Where
   no row was added the search would find the same again: a problem without a solution is searched once more with
   whole numbers that are exact to rounding, and a cost above the bound (the search ran out of nodes) is the answer,
   with the gap that it has.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gridopt.errors import InfeasibleError, SolverError
from gridopt.solver.lazy import LazyLimits
from gridopt.solver.lazy_rows import LazyRows
from gridopt.solver.program import Array
from gridopt.solver.session import LiveProblem

_MAX_ROUNDS = 60
# A value so close to a whole number is one.
_WHOLE = 1e-6
# Rounding of two solutions of one problem, relative to the cost.
_ROUNDING = 1e-9

Separate = Callable[[], NDArray[np.int32]]


class BoundWindow:
    """A live problem with what enters it lazily.

    Parameters
    ----------
    live
        The live problem.
    limits, rows
        Network limits and inequalities that enter where they are broken.
    scale_cny
        What the gap of whole numbers is relative to, asked when the continuous solution is unpacked: the cost of
        the window, without what only steers.
    """

    def __init__(
        self, live: LiveProblem, limits: LazyLimits, rows: LazyRows, scale_cny: Callable[[], float] | None = None
    ) -> None:
        self.live = live
        self.scale_cny = scale_cny or (lambda: abs(live.objective()))
        self.limits = limits
        self.rows = rows
        self.rounds = 0
        # of the continuous problem that was solved last: the multipliers of a bound that holds for whole units too
        self.relaxed_duals = np.zeros(0)
        # columns whose whole numbers were searched last; none while the continuous problem has no solution
        self.searched = np.zeros(0, np.int32)

    def solve(self, separate: Separate) -> None:
        """Solve until no row is broken, and put values and duals into cvxpy's variables.

        Parameters
        ----------
        separate
            Called with a continuous solution unpacked; names columns that must become 0 or 1.
        """
        self.live.mip_gap = 0.0
        self.searched = np.zeros(0, np.int32)
        self._settle()
        self.relaxed_duals = self.live.duals()
        self.live.unpack()
        whole = np.union1d(self.live.integers, separate()).astype(np.int32)
        while whole.size:
            self.searched = whole
            self._whole(whole)
            self.live.unpack()
            more = np.union1d(whole, separate()).astype(np.int32)
            if more.size == whole.size:
                return
            self.live.free(whole)
            whole = more

    def _settle(self) -> None:
        """Solve the continuous problem until no row is broken."""
        for _ in range(_MAX_ROUNDS):
            self.live.run()
            self.rounds += 1
            if not self.limits.add_broken() + self.rows.add_broken():
                return
        raise SolverError(f"limits are still broken after {_MAX_ROUNDS} rounds")

    def _whole(self, columns: NDArray[np.int32]) -> None:
        """Whole numbers in some columns, then fixed; what the fixed problem costs lies within the gap."""
        scale = max(self.scale_cny(), 1.0)
        allowed = self.live.options.mip_gap * scale
        values = self.live.values()[columns]
        if np.abs(values - np.round(values)).max() <= _WHOLE and self._settles(columns, values):
            return
        exact = False
        for _ in range(_MAX_ROUNDS):
            # rows that the search did not know can only raise the cost: its bound holds for the fixed problem too
            try:
                found, bound = self.live.run_integer(columns, allowed, exact=exact)
            except InfeasibleError:
                if exact:
                    raise
                exact = True
                continue
            values, known = found[columns], self._n_added
            settled, grown = self._settles(columns, values), self._n_added > known
            missed = self.live.objective() - bound if settled else np.inf
            if settled and (missed <= allowed + _ROUNDING * scale or not grown):
                self.live.mip_gap = max(missed, 0.0) / scale
                return
            if not grown and exact:
                raise SolverError("the whole numbers that were found have no schedule: they only fit within rounding")
            exact = exact or not grown
            if settled:
                self.live.free(columns)
                self.live.hint(columns, np.round(values))
        raise SolverError(f"no whole numbers keep all limits after {_MAX_ROUNDS} searches")

    @property
    def _n_added(self) -> int:
        return self.limits.n_rows + self.rows.n_rows

    def _settles(self, columns: NDArray[np.int32], values: Array) -> bool:
        """Fix columns at whole numbers and solve the rest; they are free again where that has no solution."""
        self.live.fix(columns, np.round(values))
        try:
            self._settle()
        except InfeasibleError:
            self.live.free(columns)
            return False
        return True
