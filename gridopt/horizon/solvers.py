"""Windows on live problems: those of one shape share one stated problem and one live solver model."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gridopt.errors import InfeasibleError, SolverError
from gridopt.horizon.diagnosis import reasons, unsolved
from gridopt.horizon.held import Hours
from gridopt.horizon.record import Record, WindowLog
from gridopt.horizon.windows import Span
from gridopt.model.component import Window
from gridopt.model.dispatch import DispatchModel
from gridopt.model.system import System
from gridopt.solver.lazy import LazyLimits, MonitoredLimits
from gridopt.solver.lazy_rows import LazyRows
from gridopt.solver.program import STATING
from gridopt.solver.session import LiveProblem, SolverOptions
from gridopt.solver.window import BoundWindow


class WindowSolver:
    """One length of window: its stated problem, its live model, and what enters it lazily."""

    def __init__(self, system: System, span: Span, options: SolverOptions) -> None:
        steps = span.steps
        with STATING:
            self.model = DispatchModel(system, steps, span.core)
        self.live = LiveProblem(self.model.problem, options)
        limits = MonitoredLimits(system.limits.matrix, system.limits.offset_mw, system.outages)
        powers = () if system.outages is None else system.outages.powers
        at_risk = self.model.power_of([power.row for power in powers]) if powers else None
        self.limits = LazyLimits(self.live, self.model.injection, limits, at_risk)
        self.rows = LazyRows(self.live, self.model.lazy, self.model.chosen_last)
        self.bound = BoundWindow(self.live, self.limits, self.rows, self._cost_cny)

    def solve(self, window: Window, known: Sequence[tuple[int, Hours]] = (), *, aim: bool = False) -> None:
        """Solve a window.

        Parameters
        ----------
        window
            The window.
        known
            Steps of it that are known, with the first of them: they are kept.
        aim
            Whether levels should end as they are after the last that is known.
        """
        self._begin = time.perf_counter()
        self._before = self.bound.rounds, self.live.simplex_iterations
        self.model.bind(window)
        if aim:
            for part in self.model.components:
                part.aim(known[-1][1].state.get(part.name, {}))
        self.live.refresh()
        drifts = self.drift_columns()
        self.live.hold(drifts, np.zeros(drifts.size), window.room * self.live.limits[1][drifts])
        for first, hours in known:
            hours.hold(self.model, self.live, first)
        limits = self.model.system.limits
        self.limits.rebind(limits.lower_mw[:, window.span], limits.upper_mw[:, window.span])
        self.rows.rebind()
        self.bound.solve(self._mixed_columns)
        self.spent_cny = self._spent_cny(window)
        for part in self.model.components:
            part.tidy()

    def drift_columns(self) -> NDArray[np.int32]:
        """Columns by which levels leave the plan's at no price; a window leaves them part of their room."""
        places = [self.live.columns(each) for part in self.model.components for each in part.drifts()]
        return np.concatenate([np.zeros(0, np.int32), *(np.arange(each.start, each.stop) for each in places)]).astype(
            np.int32
        )

    def mixes(self) -> bool:
        """Whether the solution uses two modes at once of an element whose modes are not stated."""
        return any(part.mixes() for part in self.model.components)

    def keep(self, window: Window, record: Record) -> float:
        """Keep the core of the window solved last, and return the median price of energy in it [CNY/MWh]."""
        rounds, iterations = self._before
        step_h = self.model.system.step_h
        injected = self.limits.injected_mw(self.live.values())
        self.rows.unpack()
        limit_price, outage_price = self.limits.shadow_prices() / step_h, self.limits.outage_prices(step_h)
        record.put(window, self.model, limit_price, outage_price, injected, self.live.reduced_costs)
        record.windows.append(
            WindowLog(
                start=window.start,
                core=window.core,
                wall_s=time.perf_counter() - self._begin,
                rounds=self.bound.rounds - rounds,
                limit_rows=self.limits.n_rows,
                lazy_rows=self.rows.n_rows,
                simplex_iterations=self.live.simplex_iterations - iterations,
                mip_gap=self.live.mip_gap,
            )
        )
        return self.median_price_cny_per_mwh()

    def median_price_cny_per_mwh(self) -> float:
        """Median price of energy in the window solved last."""
        return float(np.median(self.model.balance_price_cny_per_mwh()))

    def _spent_cny(self, window: Window) -> float:
        """Cost of the core; where it ends the horizon, with what a breach costs, less the worth of what is left."""
        costs = self.model.costs().values()
        spent = sum(cost[: window.core].sum() + penalty[: window.core].sum() for cost, penalty in costs)
        if window.core < window.steps:
            return float(spent)
        breach = 0.0 if self.model.budget is None else float(np.sum(self.model.budget.breach_cny().value))
        return float(spent) + breach - self.model.worth_at_end_cny()

    def _cost_cny(self) -> float:
        """Cost of the solution that is unpacked, without what only steers [CNY]."""
        return float(sum(abs(cost.sum()) + abs(penalty.sum()) for cost, penalty in self.model.costs().values()))

    def _mixed_columns(self) -> NDArray[np.int32]:
        """Columns that must become 0 or 1, as the solution found mixes two modes of an element."""
        found = [
            self.live.columns(variable).start + np.flatnonzero(mixed.ravel(order="F"))
            for part in self.model.components
            for variable, mixed in part.to_separate()
        ]
        return np.concatenate(found).astype(np.int32) if found else np.zeros(0, np.int32)

    def reasons(self, window: Window) -> str:
        """Say why the window has no solution, in lines that each stand alone."""
        return "\n".join(reasons(self.model, self.bound, self.model.system.time[window.span]))


class WindowSolvers:
    """Solvers of a system's windows: those of one shape share one stated problem.

    Most windows leave out the modes of stores, as no sane price makes a store charge and discharge at once.  Where
    one does (surplus that costs something to get rid of), the window is solved again with the modes stated.
    """

    def __init__(self, system: System, options: SolverOptions) -> None:
        self._systems = {False: system, True: system.kept_apart()}
        self._options = options
        self._solvers: dict[tuple[int, int, bool], WindowSolver] = {}

    def of(self, span: Span, *, kept_apart: bool = False) -> WindowSolver:
        """Solver of a window's shape."""
        shape = (span.steps, span.core, kept_apart)
        if shape not in self._solvers:
            self._solvers[shape] = WindowSolver(self._systems[kept_apart], span, self._options)
        return self._solvers[shape]

    def solved(self, span: Span, window: Window) -> WindowSolver:
        """The solver of a window that has solved it, with the modes of stores stated where they would mix.

        Raises
        ------
        InfeasibleError
            Naming the hours of the window that has no solution, and what would have to give way.
        SolverError
            Naming the hours of the window that HiGHS could not finish, and how to go on.
        """
        solver = self.of(span)
        try:
            solver.solve(window)
            if solver.mixes():
                solver = self.of(span, kept_apart=True)
                solver.solve(window)
        except InfeasibleError as error:
            raise InfeasibleError(solver.reasons(window)) from error
        except SolverError as error:
            raise SolverError(unsolved(error, solver.model.system.time, span)) from error
        return solver


def solver_options(system: System) -> SolverOptions:
    """Solver options of a case; ``auto`` keeps the basis where commitment is off and presolves otherwise."""
    solver = system.case.settings.solver
    start = solver.start
    if start == "auto":
        start = "basis" if system.case.settings.unit_commitment == "off" else "presolve"
    return SolverOptions(
        start=start,
        feasibility_tolerance=solver.feasibility_tolerance,
        mip_gap=solver.mip_gap,
        mip_nodes=solver.mip_nodes,
    )
