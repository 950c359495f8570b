"""Solves the horizon window after window on live problems.

A window's storage is worth what energy cost in the window before (the median price), so that it is not emptied at
the window's end; the storage itself is carried from window to window.  What lives longer than a window, water and
annual amounts, is told by the guide.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from gridopt.horizon.guide import guide
from gridopt.horizon.proof import Prover
from gridopt.horizon.record import Record
from gridopt.horizon.solvers import WindowSolvers, solver_options
from gridopt.horizon.stretches import Stored, Stretches, run_up, stretches
from gridopt.horizon.windows import Span, spans, window_of
from gridopt.model.system import System

Progress = Callable[[int, int], None]
# A horizon of fewer windows is left without a guide where the case doesn't ask for one.
_FEW_WINDOWS = 8


def horizon_spans(system: System) -> list[Span]:
    """Windows of a system's horizon as its settings ask for."""
    settings, total = system.case.settings, len(system.time)
    if settings.horizon.mode == "monolithic":
        return [Span(0, total, total)]
    core = max(round(settings.horizon.window_h / system.step_h), 1)
    return list(spans(total, core, round(settings.horizon.look_ahead_h / system.step_h)))


def solve_horizon(system: System, progress: Progress | None = None, threads: int | None = None) -> Record:
    """Solve all windows one after the other, told by a guide of the whole horizon, and prove how good they are.

    Parameters
    ----------
    system
        The system of a case.
    progress
        Called after each window with the number of steps done and of all steps.
    threads
        Windows that the proof looks at at once, the first of them while others are solved; the result is the same for
        any number.  By default that of the case.

    Raises
    ------
    InfeasibleError
        Naming the hours of the window that has no solution, and what would have to give way.
    SolverError
        Naming the hours of the window that HiGHS could not finish, and how to go on.
    """
    horizon, all_spans = system.case.settings.horizon, horizon_spans(system)
    few = 2 if horizon.guide == "on" else _FEW_WINDOWS
    parts = stretches(all_spans, horizon.stretches if horizon.mode == "parallel" else 1)
    begins = [run_up(after, before).start for before, after in pairwise(parts)]
    stored: Stored = [{} for _ in begins]
    if horizon.guide != "off" and len(all_spans) >= few:
        told = guide(system, horizon.guide_step_h, begins)
        system, stored = told.applied(system), told.stored
    threads = threads or system.case.settings.solver.threads

    def solved(prover: Prover | None) -> Record:
        if len(parts) == 1:
            return _roll(system, all_spans, prover, progress)
        return Stretches(system, parts, stored, prover, progress).solve(threads)

    if not horizon.certificate:
        return solved(None)
    with Prover(system, threads) as prover:
        record = solved(prover)
        record.proof = prover.prove(record.objective_cny)
        record.unproven = prover.reason
    return record


def _roll(system: System, all_spans: list[Span], prover: Prover | None, progress: Progress | None) -> Record:
    """Solve window after window, each from the state that the one before hands over."""
    solvers = WindowSolvers(system, solver_options(system))
    record = Record.empty(system)
    state, price = system.initial_state(), system.typical_price_cny_per_mwh()
    for span, after in zip(all_spans, [*all_spans[1:], None], strict=True):
        window = window_of(system, span, state, price)
        solver = solvers.solved(span, window)
        price, state = solver.keep(window, record), solver.model.state(span.core)
        if prover is not None:  # it changes parameters of the solver: all else has been read
            prover.add(prover.read(solvers.of(span), window, None if after is None else after.core))
        if progress is not None:
            progress(span.start + span.core, len(system.time))
    record.close_budgets(system)
    return record
