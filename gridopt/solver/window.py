"""Solves one bound window: what is lazy enters where it is broken, counts become whole, prices come from an LP.

1. The continuous problem, with broken network limits and lazy rows added until none is left.
2. If columns have to be whole numbers: the mixed-integer problem with the rows found so far.
3. The whole numbers fixed, the continuous problem once more with broken rows added: its duals are the prices.  If
   it has no solution, or costs more than the bound of step 2 allows, the search goes on with the rows added.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gridopt.errors import InfeasibleError, SolverError
from gridopt.solver.lazy import LazyLimits
from gridopt.solver.lazy_rows import LazyRows
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

    def solve(self, separate: Separate) -> None:
        """Solve until no row is broken, and put values and duals into cvxpy's variables.

        Parameters
        ----------
        separate
            Called with a continuous solution unpacked; names columns that must become 0 or 1.
        """
        self.live.mip_gap = 0.0
        self._settle()
        self.live.unpack()
        whole = np.union1d(self.live.integers, separate()).astype(np.int32)
        while whole.size:
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
        if np.abs(values - np.round(values)).max() <= _WHOLE:
            self.live.fix(columns, np.round(values))
            self._settle()
            return
        for _ in range(_MAX_ROUNDS):
            # rows that the search did not know can only raise the cost: its bound holds for the fixed problem too
            found, bound = self.live.run_integer(columns, allowed)
            values = np.round(found[columns])
            self.live.fix(columns, values)
            try:
                self._settle()
            except InfeasibleError:
                self.live.free(columns)
                continue
            missed = self.live.objective() - bound
            if missed <= allowed + _ROUNDING * scale:
                self.live.mip_gap = max(missed, 0.0) / scale
                return
            self.live.free(columns)
            self.live.hint(columns, values)
        raise SolverError(f"no whole numbers keep all limits after {_MAX_ROUNDS} searches")
