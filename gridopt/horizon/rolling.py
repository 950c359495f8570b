"""Solves the horizon window after window on live problems.

Windows of one length share one stated problem and one live solver model.  A window's storage is worth what
energy cost in the window before (the median price), so that it is not emptied at the window's end; the
storage itself is carried from window to window.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gridopt.errors import InfeasibleError
from gridopt.horizon.diagnosis import conflict_lines
from gridopt.horizon.record import Record, WindowLog
from gridopt.horizon.windows import Span, spans
from gridopt.model.component import Window
from gridopt.model.dispatch import DispatchModel
from gridopt.model.system import System
from gridopt.solver.lazy import LazyLimits, MonitoredLimits
from gridopt.solver.lazy_rows import LazyRows
from gridopt.solver.session import LiveProblem, SolverOptions
from gridopt.solver.window import BoundWindow

Progress = Callable[[int, int], None]


class WindowSolver:
    """One length of window: its stated problem, its live model, and what enters it lazily."""

    def __init__(self, system: System, span: Span, options: SolverOptions) -> None:
        steps = span.steps
        self.model = DispatchModel(system, steps, span.core)
        self.live = LiveProblem(self.model.problem, options)
        limits = MonitoredLimits(system.limits.matrix, system.limits.offset_mw)
        self.limits = LazyLimits(self.live, self.model.injection, limits)
        self.rows = LazyRows(self.live, self.model.lazy)
        self.bound = BoundWindow(self.live, self.limits, self.rows, self._cost_cny)
        self._lower = np.repeat(system.limits.lower_mw[:, None], steps, axis=1)
        self._upper = np.repeat(system.limits.upper_mw[:, None], steps, axis=1)

    def solve(self, window: Window) -> None:
        """Solve a window."""
        self._begin = time.perf_counter()
        self._before = self.bound.rounds, self.live.simplex_iterations
        self.model.bind(window)
        self.live.refresh()
        self.limits.rebind(self._lower, self._upper)
        self.rows.rebind()
        self.bound.solve(self._mixed_columns)
        for part in self.model.components:
            part.tidy()

    def mixes(self) -> bool:
        """Whether the solution uses two modes at once of an element whose modes are not stated."""
        return any(part.mixes() for part in self.model.components)

    def keep(self, window: Window, record: Record) -> float:
        """Keep the core of the window solved last, and return the median price of energy in it [CNY/MWh]."""
        rounds, iterations = self._before
        step_h = self.model.system.step_h
        injection = self.limits.injection_mw(self.live.values())
        record.put(window, self.model, self.limits.shadow_prices() / step_h, injection)
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
        return float(np.median(self.model.balance_price_cny_per_mwh()))

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
        """Say why the window has no solution, one line per group of constraints that conflict."""
        hours = self.model.system.time[window.span]
        lines = conflict_lines(self.model, self.bound, hours)
        head = f"no schedule meets all limits between {hours[0]:%Y-%m-%d %H:%M} and {hours[-1]:%Y-%m-%d %H:%M}"
        return "\n".join([head + ("; these can't be kept together:" if lines else ""), *lines])


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


def horizon_spans(system: System) -> list[Span]:
    """Windows of a system's horizon as its settings ask for."""
    settings, total = system.case.settings, len(system.time)
    if settings.horizon.mode == "monolithic":
        return [Span(0, total, total)]
    core = max(round(settings.horizon.window_h / system.step_h), 1)
    return list(spans(total, core, round(settings.horizon.look_ahead_h / system.step_h)))


def solver_options(system: System, threads: int | None = None) -> SolverOptions:
    """Solver options of a case; ``auto`` keeps the basis where commitment is off and presolves otherwise."""
    solver = system.case.settings.solver
    start = solver.start
    if start == "auto":
        start = "basis" if system.case.settings.unit_commitment == "off" else "presolve"
    return SolverOptions(
        threads=solver.threads if threads is None else threads,
        start=start,
        feasibility_tolerance=solver.feasibility_tolerance,
        mip_gap=solver.mip_gap,
        mip_nodes=solver.mip_nodes,
    )


def solve_horizon(system: System, progress: Progress | None = None, threads: int | None = None) -> Record:
    """Solve all windows one after the other.

    Parameters
    ----------
    system
        The system of a case.
    progress
        Called after each window with the number of steps done and of all steps.
    threads
        Solver threads; by default those of the case.

    Raises
    ------
    InfeasibleError
        Naming the hours of the window that has no solution.
    """
    options = solver_options(system, threads)
    solvers = WindowSolvers(system, options)
    record = Record.empty(system)
    state = system.initial_state()
    price = system.typical_price_cny_per_mwh()
    all_spans = horizon_spans(system)
    for span in all_spans:
        solver = solvers.of(span)
        window = Window(
            start=span.start,
            steps=span.steps,
            core=span.core,
            last=span.start + span.steps == len(system.time),
            state=state,
            energy_price_cny_per_mwh=price,
        )
        try:
            solver.solve(window)
            if solver.mixes():
                solver = solvers.of(span, kept_apart=True)
                solver.solve(window)
        except InfeasibleError as error:
            raise InfeasibleError(solver.reasons(window)) from error
        price = solver.keep(window, record)
        state = solver.model.state(span.core)
        if progress is not None:
            progress(span.start + span.core, len(system.time))
    record.close_budgets(system)
    return record
