"""Collects what each window knows of the whole horizon, and proves how much the horizon costs at least."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Self
from weakref import WeakKeyDictionary

import numpy as np
import scipy.sparse as sp

from gridopt.horizon.certificate import Certificate
from gridopt.horizon.evidence import Evidence, Told
from gridopt.horizon.piece import Index, Layout, Piece, Stated, cut, in_order, other_state, reach
from gridopt.horizon.record import Proof
from gridopt.horizon.solvers import WindowSolver
from gridopt.horizon.states import with_planned_worth
from gridopt.model.component import Array, Window
from gridopt.model.system import System
from gridopt.solver.columns import BesideLive
from gridopt.solver.dual_bound import Rows, stacked
from gridopt.solver.program import LinearProgram, compile_problem

# Rounds times windows: each round solves all windows once more.  A long horizon is joined and its elements are
# followed only, unless a gap is asked for.
_WINDOWS_OF_ALL_ROUNDS = 64
# Relative gap at which a proof stops improving where the case asks for none.
_USUAL_GAP = 1e-3
# States that are tried to find what hangs on them.
_STATES = 4


class UnprovenError(Exception):
    """Nothing can be proven of this horizon."""


@dataclass(frozen=True)
class Part:
    """What one window says of the whole horizon.

    Parameters
    ----------
    piece, told
        Its piece, and which outputs its columns are.
    scheduled
        Whether its solution is the schedule.
    layout
        Where the columns of the window lie in time.
    next_core
        Steps of the next piece; None when there is none.
    """

    piece: Piece
    told: Told
    scheduled: bool
    layout: Layout
    next_core: int | None

    def followed_by(self, core: int) -> Part:
        """The same, when the next piece turns out to have so many steps; rows that reach further are left out."""
        if self.next_core is None or core == self.next_core:
            return self
        beyond, whole = self.layout.followed_by(self.piece.beyond, self.piece.core, self.next_core, core)
        seam = self.piece.seam.take(whole)
        return replace(self, piece=replace(self.piece, seam=seam, beyond=sp.csr_array(beyond[whole])), next_core=core)


class _Reader:
    """Reads pieces from one window solver, whose windows have all one core."""

    def __init__(self, solver: WindowSolver, core: int) -> None:
        self.solver = solver
        live, model = solver.live, solver.model
        self.layout = Layout.of(
            model.problem.variables(), live.first_column, model.steps, live.n_columns, model.owner_of_variable
        )
        self._use = BesideLive(live, [] if model.budget is None else [model.budget.use == 0])
        self._own = self._lazy = np.zeros(0, dtype=np.bool_)
        self.told = Told.of(model, live).within(self.layout, core)

    def piece(self, window: Window, next_core: int | None) -> Piece:
        """The piece of the window solved last; its parameters hold for any state afterwards."""
        solver = self.solver
        values, spent = self._tidied(solver.live.values().copy()), solver.spent_cny
        stated = self._stated(window)
        return cut(stated, self.layout, window.core, next_core, spent_cny=spent, values=values)

    def values(self, core: int, *, last: bool) -> Array:
        """What is in the variables of the window, (column,) of its piece."""
        return self._tidied(np.zeros(self.solver.live.n_columns))[in_order(self.layout.places(core, last=last))]

    def _tidied(self, values: Array) -> Array:
        """The solution as the schedule has it, (column,): with what was mended after the solve at no cost."""
        for variable in self.solver.model.problem.variables():
            values[self.solver.live.columns(variable)] = np.ravel(variable.value, order="F")
        return values

    def _stated(self, window: Window) -> Stated:
        solver = self.solver
        live, bound = solver.live, solver.bound
        added = live.added
        first = live.own_rows
        program, added_upper, lazy_upper = live.program, added.upper, solver.rows.upper
        forgotten = np.zeros(first + added_upper.size, dtype=np.bool_)
        numbers, which = solver.rows.in_model
        if window.start > 0:
            program, lazy_upper = self._forgetful(window)
            if not self._own.size or window.start % _steps_of_day(solver.model.system):
                self._find_forgotten(window, program, lazy_upper)
            added_upper = added_upper.copy()
            added_upper[numbers - first] = lazy_upper[which]
            forgotten[:first], forgotten[numbers] = self._own, self._lazy[which]
        dual = np.zeros(forgotten.size)
        dual[: bound.relaxed_duals.size] = bound.relaxed_duals
        rows = Rows(
            sp.csr_array(sp.vstack([program.matrix, added.matrix], format="csr")),
            np.concatenate([program.row_lower, added.lower]),
            np.concatenate([program.row_upper, added_upper]),
            dual,
        )
        planned = [each for part in solver.model.components for each in part.worth_by_plan(window)]
        rows = with_planned_worth(rows, live.first_column, planned)
        over = self._lazy_over_seam(window.core, which, lazy_upper)
        rows = stacked([rows, over])
        forgotten = np.concatenate([forgotten, np.zeros(over.dual.size, dtype=np.bool_)])
        use, constant = self._budget_use(window.core)
        program = self._with_room(self._without_steering(program), window.room)
        return Stated(program, rows, forgotten, use, constant)

    def _with_room(self, program: LinearProgram, room: float) -> LinearProgram:
        """Levels with the room around the plan that the window left them: at the end of the horizon it has a worth."""
        drifts = self.solver.drift_columns()
        lower, upper = program.lower.copy(), program.upper.copy()
        lower[drifts] *= room
        upper[drifts] *= room
        return replace(program, lower=lower, upper=upper)

    def _lazy_over_seam(self, core: int, stated: Index, upper: Array) -> Rows:
        """Lazy rows that reach over the end of the core and were not needed in the window itself."""
        matrix = self.solver.rows.matrix
        if not upper.size:
            return Rows(sp.csr_array((0, self.solver.live.n_columns)), *(np.zeros(0) for _ in range(3)))
        low, high, whole = reach(matrix, self.layout.step)
        over = (low < core) & (high >= core) & whole
        over[stated] = False
        if self._lazy.size:
            over &= ~self._lazy
        number = int(over.sum())
        return Rows(sp.csr_array(matrix[over]), np.full(number, -np.inf), upper[over], np.zeros(number))

    def _forgetful(self, window: Window) -> tuple[LinearProgram, Array]:
        """The window's problem with limits that hold for any state, and the right-hand sides of its lazy rows."""
        model = self.solver.model
        model.bind(window)
        for part in model.components:
            part.forget()
        return compile_problem(model.problem)[0], self.solver.rows.compiled_upper()

    def _find_forgotten(self, window: Window, program: LinearProgram, lazy_upper: Array) -> None:
        """Find the rows whose right-hand side hangs on the state handed over.

        Raises
        ------
        UnprovenError
            Where a limit of a column or a cost does: a component forgets to forget it.
        """
        own, lazy = np.zeros(program.row_lower.size, np.bool_), np.zeros(lazy_upper.size, np.bool_)
        for kind in range(_STATES):
            other, other_upper = self._forgetful(replace(window, state=other_state(window.state, kind)))
            same = (
                np.array_equal(other.lower, program.lower)
                and np.array_equal(other.upper, program.upper)
                and np.array_equal(self._without_steering(other).cost, self._without_steering(program).cost)
                and abs(other.constant - program.constant) <= 1e-9 * max(abs(program.constant), 1.0)
            )
            if not same:
                raise UnprovenError("a limit hangs on the state that one window hands to the next")
            own |= (other.row_lower != program.row_lower) | (other.row_upper != program.row_upper)
            lazy |= other_upper != lazy_upper
        self._forgetful(window)
        self._own, self._lazy = own, lazy

    def _budget_use(self, core: int) -> tuple[sp.csr_array, Array]:
        """Use of each budget in the core, (budget, column) and (budget,)."""
        budget, live = self.solver.model.budget, self.solver.live
        if budget is None:
            return sp.csr_array((0, live.n_columns)), np.zeros(0)
        # cvxpy writes use·x + u0 == 0 as use·x == -u0, column-major: row = budget + budgets·step
        constant, number = -self._use.compiled().row_lower, len(budget.limits)
        entries = np.arange(number * core)
        add = sp.csr_array((np.ones(entries.size), (entries % number, entries)), shape=(number, constant.size))
        return sp.csr_array(add @ self._use.matrix), np.asarray(add @ constant)

    def _without_steering(self, program: LinearProgram) -> LinearProgram:
        """Costs alone: what a use is worth elsewhere in the horizon is none."""
        budget = self.solver.model.budget
        if budget is None or not budget.priced.size:
            return program
        cost = program.cost.copy()
        cost[self.solver.live.columns(budget.used_here)] = 0.0
        return replace(program, cost=cost)


def _steps_of_day(system: System) -> int:
    return max(round(24.0 / system.step_h), 1)


class Prover:
    """Collects the pieces of the horizon, window after window, and proves what they cost together at least.

    Parameters
    ----------
    system
        The system; its budgets carry their multipliers.
    threads
        Pieces that are looked at at once; with more than one, pieces are joined while windows are solved.
    """

    def __init__(self, system: System, threads: int = 1) -> None:
        self.system, self._threads = system, threads
        #: Relative gap at which the bound is good enough.
        self.gap = system.case.settings.horizon.gap or _USUAL_GAP
        budgets = tuple(limit for _, limit in system.budgets)
        prices = np.array([limit.multiplier_cny for limit in budgets])
        self.certificate = Certificate(budgets, prices, _steps_of_day(system))
        #: Why nothing can be proven; empty where it can.
        self.reason = ""
        # a solver that is gone must not lend its reader to another one
        self._readers: WeakKeyDictionary[WindowSolver, _Reader] = WeakKeyDictionary()
        self._worth_at_end_cny = 0.0
        self._told: list[Told] = []
        self._scheduled: list[bool] = []
        # one worker: pieces are joined in their order, whatever the number of threads
        self._pool = ThreadPoolExecutor(1)
        self._joined: list[Future[None]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def read(self, solver: WindowSolver, window: Window, next_core: int | None) -> Part | None:
        """What the window that the solver solved last says; call it when all else was read from the solver.

        Solvers may be read at once.
        """
        whole = window.start == 0 and next_core is None
        if not whole and solver.live.program.hessian is not None:
            self.reason = "a quadratic cost over several windows"
        if next_core is not None and window.core == window.steps:
            self.reason = "windows that don't look ahead"
        if self.reason:
            return None
        reader = self._reader(solver, window)
        if next_core is None:
            self._worth_at_end_cny = solver.model.worth_at_end_cny()
        # a solution that mixes modes was replaced in the schedule
        scheduled = not solver.mixes()
        try:
            piece = reader.piece(window, next_core)
        except UnprovenError as error:  # the schedule stands without a proof
            self.reason = str(error)
            return None
        return Part(piece, reader.told, scheduled, reader.layout, next_core)

    def moved(self, part: Part | None, solver: WindowSolver, window: Window) -> Part | None:
        """The same, where the schedule is another one that the solver found last."""
        if part is None:
            return None
        last = part.next_core is None
        if last:
            self._worth_at_end_cny = solver.model.worth_at_end_cny()
        values = self._reader(solver, window).values(window.core, last=last)
        return replace(part, piece=replace(part.piece, values=values))

    def _reader(self, solver: WindowSolver, window: Window) -> _Reader:
        if solver not in self._readers:
            self._readers[solver] = _Reader(solver, window.core)
        return self._readers[solver]

    def add(self, part: Part | None) -> None:
        """Add the next window, and join it with the one before."""
        if part is None:
            return
        self._note(part)
        self._joined.append(self._pool.submit(self._join, part.piece))
        if self._threads == 1:
            self._joined[-1].result()

    def add_all(self, parts: Sequence[Part | None]) -> None:
        """Add all windows of the horizon, and join them."""
        if self.reason:
            return
        told = [part for part in parts if part is not None]
        cores = [part.piece.core for part in told[1:]]
        for part, core in zip_longest(told, cores):
            placed = part if core is None else part.followed_by(core)
            self._note(placed)
            self.certificate.add(placed.piece)
        self.certificate.join_all(self.gap, self._threads)

    def _note(self, part: Part) -> None:
        self._told.append(part.told)
        self._scheduled.append(part.scheduled)

    def _join(self, piece: Piece) -> None:
        self.certificate.add(piece)
        if len(self.certificate.pieces) > 1:
            self.certificate.join(len(self.certificate.pieces) - 2, self.gap)

    def prove(self, objective_cny: float) -> Proof | None:
        """Bound the horizon from below; None where that is not possible, see :attr:`reason`.

        Parameters
        ----------
        objective_cny
            What the schedule found costs.
        """
        if self.reason:
            return None
        for joined in self._joined:
            joined.result()
        worth = self._worth_at_end_cny
        enough = objective_cny - worth - self.gap * max(abs(objective_cny), 1.0)
        self.certificate.improve(*self._rounds(), enough, self._threads)
        return Proof(self.certificate.bound_cny + worth, self.certificate.by_piece_cny(), self._evidence())

    def _rounds(self) -> tuple[int, int]:
        """Most rounds, and most prices of budgets to be tried: few of a long horizon; rounds where a gap is asked."""
        horizon, pieces = self.system.case.settings.horizon, len(self.certificate.pieces)
        if pieces == 1:  # a single window states its budgets itself: with a price as well they would count twice
            return 0, 0
        few = min(horizon.proof_rounds, _WINDOWS_OF_ALL_ROUNDS // pieces)
        return few if horizon.gap is None else horizon.proof_rounds, few

    def _evidence(self) -> Evidence:
        budgets = self.certificate.budgets
        return Evidence(
            self.certificate.pieces,
            self._told,
            self._scheduled,
            sign=np.array([limit.sign for limit in budgets]),
            price_cny=self.certificate.price_cny,
            allowed=np.array([limit.limit[-1] for limit in budgets]),
            worth_at_end_cny=self._worth_at_end_cny,
        )
