r"""Network limits that enter the live model only where they bind.

A network of 100 buses has more than a million branch limits in a year, of which about one in a thousand
binds.  So a window is solved without them, all flows are computed in one product, the violated limits are
added as rows, and the window is solved again until none is left (Xavier, Qiu, Wang & Thimmapuram 2019,
doi:10.1109/TPWRS.2019.2892620).

With the nodal net injection :math:`q = J x + q_0` (``J`` compiled by cvxpy from the components' own
expressions), a monitored quantity is :math:`f = M q + f_0`: branch flows with ``M`` = PTDF, interfaces with
sums of its rows.  A violated pair (i, t) becomes the row
:math:`l_{it} - M_i q_{0,t} - f_{0,i} \le M_i J_t x \le u_{it} - M_i q_{0,t} - f_{0,i}`.
"""

from __future__ import annotations

from dataclasses import dataclass

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.errors import SolverError
from gridopt.solver.columns import move_columns
from gridopt.solver.session import Array, LiveProblem, compile_problem

# A flow may exceed its limit by this much [MW]: the accuracy that the results promise.
FLOW_TOLERANCE_MW = 1e-3
_WORST_PER_HOUR = 12


@dataclass(frozen=True)
class MonitoredLimits:
    """Limited linear functions of the nodal injections: branch flows and interfaces.

    Parameters
    ----------
    matrix
        (limit, node) [MW/MW].
    offset_mw
        (limit,), flow at zero injection (phase shifters) [MW].
    """

    matrix: Array
    offset_mw: Array

    def flow_mw(self, injection_mw: Array) -> Array:
        """Flows (limit, time) of nodal net injections (node, time) [MW]."""
        flow: Array = self.matrix @ injection_mw + self.offset_mw[:, None]
        return flow


class LazyLimits:
    """Adds the violated ones of many limits to a live problem and solves until none is left.

    Parameters
    ----------
    live
        The live problem.
    injection
        cvxpy expression of the nodal net injection, (node, hours) [MW].
    limits
        What is limited.
    """

    def __init__(self, live: LiveProblem, injection: cp.Expression, limits: MonitoredLimits) -> None:
        self.live = live
        self.limits = limits
        self.nodes, self.hours = injection.shape
        self._balance = cp.Problem(cp.Minimize(0), [injection == 0])
        self._variables = injection.variables()
        self._jacobian = sp.csr_array((0, 0))  # compiled when the limits are first bound
        self._constant_mw = np.zeros((self.nodes, self.hours))
        self._lower_mw = self._upper_mw = np.zeros((0, 0))
        # the rows now in the model: number, limit and hour of each
        self._rows = np.zeros(0, dtype=np.int32)
        self._limit_of_row = np.zeros(0, dtype=np.int64)
        self._hour_of_row = np.zeros(0, dtype=np.int64)

    @property
    def n_rows(self) -> int:
        """Number of limits now in the model."""
        return int(self._limit_of_row.size)

    def rebind(self, lower_mw: Array, upper_mw: Array) -> None:
        """Take over new constant injections and new limits (limit, hours) [MW]; rows in the model stay."""
        program, data, _ = compile_problem(self._balance)
        own_first = data["param_prob"].var_id_to_col
        # cvxpy writes J x + q0 == 0 as J x == -q0, column-major: row = node + nodes·hour
        self._constant_mw = -program.row_lower.reshape(self.hours, self.nodes).T
        if not self._jacobian.shape[1]:
            self._jacobian = move_columns(
                program.matrix, self._variables, own_first, self.live.first_column, self.live.n_columns
            )
        self._lower_mw, self._upper_mw = lower_mw, upper_mw
        if self.n_rows:
            lower, upper = self._row_bounds(self._limit_of_row, self._hour_of_row)
            self.live.change_row_bounds(self._rows, lower, upper)

    def places(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Limit and hour of those of some rows of the live model that are limits."""
        mine = np.isin(self._rows, rows)
        return self._limit_of_row[mine], self._hour_of_row[mine]

    def injection_mw(self, values: Array) -> Array:
        """Nodal net injections (node, hours) [MW] of a column vector of the live model."""
        if not self._jacobian.shape[1]:
            raise SolverError("limits were not bound before solving")
        moved = np.asarray(self._jacobian @ values).reshape(self.hours, self.nodes).T
        injection: Array = moved + self._constant_mw
        return injection

    def add_broken(self) -> int:
        """Add the limits that the live model's present solution breaks, and return how many."""
        return self._add_violated(self.limits.flow_mw(self.injection_mw(self.live.values())))

    def shadow_prices(self) -> Array:
        """Duals of the limits, (limit, hours) [objective per MW]; zero where no row was needed."""
        prices = np.zeros((self.limits.matrix.shape[0], self.hours))
        if self.n_rows:
            prices[self._limit_of_row, self._hour_of_row] = self.live.row_duals(self._rows)
        return prices

    def _add_violated(self, flow_mw: Array) -> int:
        excess = np.maximum(flow_mw - self._upper_mw, self._lower_mw - flow_mw)
        excess[self._limit_of_row, self._hour_of_row] = -np.inf
        if excess.shape[0] > _WORST_PER_HOUR:
            kth = np.partition(excess, -_WORST_PER_HOUR, axis=0)[-_WORST_PER_HOUR]
            excess[excess < kth] = -np.inf
        limit, hour = np.nonzero(excess > FLOW_TOLERANCE_MW)
        if limit.size:
            self._add(limit, hour)
        return int(limit.size)

    def _add(self, limit: NDArray[np.int64], hour: NDArray[np.int64]) -> None:
        rows, nodes = limit.size, self.nodes
        columns = (hour[:, None] * nodes + np.arange(nodes)).ravel()
        pick = sp.csr_array(
            (self.limits.matrix[limit].ravel(), columns, np.arange(0, rows * nodes + 1, nodes)),
            shape=(rows, nodes * self.hours),
        )
        matrix = sp.csr_array(pick @ self._jacobian)
        matrix.data[np.abs(matrix.data) < 1e-12] = 0.0
        matrix.eliminate_zeros()
        lower, upper = self._row_bounds(limit, hour)
        self._rows = np.concatenate([self._rows, self.live.add_rows(matrix, lower, upper)])
        self._limit_of_row = np.concatenate([self._limit_of_row, limit])
        self._hour_of_row = np.concatenate([self._hour_of_row, hour])

    def _row_bounds(self, limit: NDArray[np.int64], hour: NDArray[np.int64]) -> tuple[Array, Array]:
        constant = (
            np.einsum("ij,ij->i", self.limits.matrix[limit], self._constant_mw[:, hour].T)
            + self.limits.offset_mw[limit]
        )
        return self._lower_mw[limit, hour] - constant, self._upper_mw[limit, hour] - constant
