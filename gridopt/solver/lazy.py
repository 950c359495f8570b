r"""Network limits that enter the live model only where they bind.

A network of 100 buses has more than a million branch limits in a year, of which about one in a thousand
binds.  So a window is solved without them, all flows are computed in one product, the violated limits are
added as rows, and the window is solved again until none is left (Xavier, Qiu, Wang & Thimmapuram 2019,
doi:10.1109/TPWRS.2019.2892620).  Where few limits are broken they come with the rows of their other hours.

With the nodal net injection :math:`q = J x + q_0` (``J`` compiled by cvxpy from the components' own
expressions), a monitored quantity is :math:`f = M q + f_0`: branch flows with ``M`` = PTDF, interfaces with
sums of its rows.  A violated pair (i, t) becomes the row
:math:`l_{it} - M_i q_{0,t} - f_{0,i} \le M_i J_t x \le u_{it} - M_i q_{0,t} - f_{0,i}`.

Flows after outages are such quantities, too: combinations of branch flows and of powers that may be lost, which stand
behind the nodal injections in :math:`q` (``gridopt.network.contingencies``).  There are branches times outages of such
flows in every hour, so they are looked at branch by branch (``gridopt.solver.worst_limits``), and behind the other
limits they count as ``branch · outages + outage``.
"""

from __future__ import annotations

from dataclasses import dataclass

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.errors import SolverError
from gridopt.network.contingencies import OutageFactors
from gridopt.solver.columns import BesideLive
from gridopt.solver.program import Array
from gridopt.solver.session import LiveProblem
from gridopt.solver.worst_limits import broken_after_outages, with_other_hours, worst_per_hour

_WORST_PER_HOUR = 12
# So many broken limits enter in all their hours; of a large network that would be too many rows.
_FEW_LIMITS = 8


@dataclass(frozen=True)
class MonitoredLimits:
    """Limited linear functions of what is injected: branch flows, interfaces, and branch flows after outages.

    Parameters
    ----------
    matrix
        (limit, node + power) of nodal injections and, behind them, powers at risk [MW/MW].
    offset_mw
        (limit,), flow at zero injection (phase shifters) [MW].
    outages
        Flows after outages and their limits; None where outages are not looked at.
    """

    matrix: Array
    offset_mw: Array
    outages: OutageFactors | None = None

    @property
    def count(self) -> int:
        """Number of limits, those after outages included."""
        return len(self.matrix) + (0 if self.outages is None else self.outages.limit_mw.size)

    def flow_mw(self, injected_mw: Array) -> Array:
        """Flows (limit, time) of what is injected (node + power, time) [MW]; not those of branches after outages."""
        flow: Array = self.matrix @ injected_mw + self.offset_mw[:, None]
        return flow

    def rows(self, limit: NDArray[np.int64]) -> tuple[Array, Array]:
        """Factors (row, node + power) and offsets (row,) of some limits, of whatever kind."""
        matrix, offset = np.empty((limit.size, self.matrix.shape[1])), np.empty(limit.size)
        usual = limit < len(self.matrix)
        matrix[usual], offset[usual] = self.matrix[limit[usual]], self.offset_mw[limit[usual]]
        if self.outages is not None and not usual.all():
            combination = self.outages.combination(*self.after_outage(limit[~usual]))
            matrix[~usual], offset[~usual] = self.outages.over_injections(combination)
        return matrix, offset

    def after_outage(self, limit: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Branch and outage of limits after outages."""
        branch, outage = np.divmod(limit - len(self.matrix), 1 if self.outages is None else self.outages.count)
        return branch, outage


@dataclass(frozen=True)
class OutagePrices:
    """What limits after outages do to prices.

    Parameters
    ----------
    nodal
        (node, hours) their part of the price of each node [objective per MWh].
    branch
        (branch, hours) worth of one MW more emergency limit, of all outages together [objective per MWh].
    power
        (power, hours) cost of one MW more of each power at risk, its injection apart [objective per MWh].
    """

    nodal: Array
    branch: Array
    power: Array


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
    at_risk
        cvxpy expression of the powers that outages may take away, (power, hours) [MW]; None where there are none.
    """

    def __init__(
        self,
        live: LiveProblem,
        injection: cp.Expression,
        limits: MonitoredLimits,
        at_risk: cp.Expression | None = None,
    ) -> None:
        self.live = live
        self.limits = limits
        self.nodes, self.hours = injection.shape
        injected = injection if at_risk is None else cp.vstack([injection, at_risk])
        # nodes and powers at risk
        self._width = injected.shape[0]
        self._injected = BesideLive(live, [injected == 0])
        self._constant_mw = np.zeros((self._width, self.hours))
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
        # cvxpy writes J x + q0 == 0 as J x == -q0, column-major: row = node + width·hour
        self._constant_mw = -self._injected.compiled().row_lower.reshape(self.hours, self._width).T
        self._lower_mw, self._upper_mw = lower_mw, upper_mw
        if self.n_rows:
            lower, upper = self._row_bounds(self._limit_of_row, self._hour_of_row)
            self.live.change_row_bounds(self._rows, lower, upper)

    def stated(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Limit, hour and number of each row now in the live model."""
        return self._limit_of_row, self._hour_of_row, self._rows.astype(np.int64)

    def injected_mw(self, values: Array) -> Array:
        """Net injections of nodes, and behind them powers at risk, (node + power, hours) [MW] of a column vector."""
        if not self._injected.matrix.shape[1]:
            raise SolverError("limits were not bound before solving")
        moved = np.asarray(self._injected.matrix @ values).reshape(self.hours, self._width).T
        injected: Array = moved + self._constant_mw
        return injected

    def add_broken(self, values: Array | None = None, more_mw: Array | float = 0.0) -> int:
        """Add the limits that a solution breaks (by default the live model's present one), and return how many.

        ``more_mw`` (node, hours) is injected beside what the columns say [MW].
        """
        injected = self.injected_mw(self.live.values() if values is None else values)
        injected[: self.nodes] += more_mw
        limit, hour = self._violated(self.limits.flow_mw(injected))
        if self.limits.outages is not None:
            after, at = self._violated_after_outages(self.limits.outages, injected)
            limit, hour = np.concatenate([limit, after]), np.concatenate([hour, at])
        if limit.size:
            self._add(limit, hour)
        return int(limit.size)

    def shadow_prices(self) -> Array:
        """Duals of all limits but those of branches after outages, (limit, hours) [objective per MW]; zero: no row."""
        prices = np.zeros((len(self.limits.matrix), self.hours))
        usual = self._limit_of_row < len(self.limits.matrix)
        if usual.any():
            prices[self._limit_of_row[usual], self._hour_of_row[usual]] = self.live.row_duals(self._rows[usual])
        return prices

    def outage_prices(self, step_h: float = 1.0) -> OutagePrices:
        """What the limits after outages cost; no branches where outages are not looked at."""
        outages = self.limits.outages
        prices = OutagePrices(
            np.zeros((self.nodes, self.hours)),
            np.zeros((0 if outages is None else outages.network.n_branch, self.hours)),
            np.zeros((self._width - self.nodes, self.hours)),
        )
        mine = self._limit_of_row >= len(self.limits.matrix)
        if outages is not None and mine.any():
            dual = self.live.row_duals(self._rows[mine]) / step_h
            binding = dual != 0.0
            limit, hour, dual = self._limit_of_row[mine][binding], self._hour_of_row[mine][binding], dual[binding]
            factors = dual[:, None] * self.limits.rows(limit)[0]
            np.add.at(prices.nodal.T, hour, factors[:, : self.nodes])
            np.add.at(prices.power.T, hour, -factors[:, self.nodes :])
            branch, outage = self.limits.after_outage(limit)
            # what is left of parallel circuits has its share of the limit
            share = outages.limit_mw[branch, outage] / outages.emergency_mw[branch]
            np.add.at(prices.branch, (branch, hour), np.abs(dual) * share)
        return prices

    def _violated(self, flow_mw: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        excess = np.maximum(flow_mw - self._upper_mw, self._lower_mw - flow_mw)
        usual = self._limit_of_row < len(self.limits.matrix)
        excess[self._limit_of_row[usual], self._hour_of_row[usual]] = -np.inf
        return with_other_hours(excess, *worst_per_hour(excess, _WORST_PER_HOUR), few=_FEW_LIMITS)

    def _violated_after_outages(
        self, outages: OutageFactors, injected_mw: Array
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        mine = self._limit_of_row >= len(self.limits.matrix)
        known = (*self.limits.after_outage(self._limit_of_row[mine]), self._hour_of_row[mine])
        branch, outage, hour = broken_after_outages(outages, outages.at_stake_mw(injected_mw), known)
        return len(self.limits.matrix) + branch * outages.count + outage, hour

    def _add(self, limit: NDArray[np.int64], hour: NDArray[np.int64]) -> None:
        rows, width = limit.size, self._width
        columns = (hour[:, None] * width + np.arange(width)).ravel()
        pick = sp.csr_array(
            (self.limits.rows(limit)[0].ravel(), columns, np.arange(0, rows * width + 1, width)),
            shape=(rows, width * self.hours),
        )
        matrix = sp.csr_array(pick @ self._injected.matrix)
        matrix.data[np.abs(matrix.data) < 1e-12] = 0.0
        matrix.eliminate_zeros()
        lower, upper = self._row_bounds(limit, hour)
        self._rows = np.concatenate([self._rows, self.live.add_rows(matrix, lower, upper)])
        self._limit_of_row = np.concatenate([self._limit_of_row, limit])
        self._hour_of_row = np.concatenate([self._hour_of_row, hour])

    def _row_bounds(self, limit: NDArray[np.int64], hour: NDArray[np.int64]) -> tuple[Array, Array]:
        matrix, offset = self.limits.rows(limit)
        constant = np.einsum("ij,ij->i", matrix, self._constant_mw[:, hour].T) + offset
        lower, upper = np.empty(limit.size), np.empty(limit.size)
        usual = limit < len(self.limits.matrix)
        lower[usual], upper[usual] = (bound[limit[usual], hour[usual]] for bound in (self._lower_mw, self._upper_mw))
        if self.limits.outages is not None:
            most = self.limits.outages.limit_mw[self.limits.after_outage(limit[~usual])]
            lower[~usual], upper[~usual] = -most, most
        return lower - constant, upper - constant
