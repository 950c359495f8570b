"""Stretches of the horizon solved at once, and joined.

A stretch begins where another ends, in a state that nobody knows yet.  It is guessed: stores and amounts as the guide
has them, and one window of run-up for all that forgets within days.  So all stretches but the first begin with a
window that is thrown away; the first that is kept tells the stretch before what to meet: its last window is solved
with the hours behind it held to what was found there (:mod:`gridopt.horizon.held`).

Then a second pass goes from the first hour to the last.  What begins as the hours before end is taken as it is.  Where
only levels stand otherwise than was guessed, the window is looked at again with its flows held.  Where they can't be
held, or stretches did not meet, windows are solved in turn until what was found behind them can be met.  A wrong guess
costs time and money, never correctness.

Each stretch has its own live problems, so that nothing depends on how many are solved at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil
from threading import Lock

import numpy as np

from gridopt.errors import InfeasibleError, SolverError
from gridopt.horizon.carried import Carrier
from gridopt.horizon.held import LASTING, Hours, differing, memory
from gridopt.horizon.proof import Part, Prover
from gridopt.horizon.record import Record, WindowLog
from gridopt.horizon.solvers import WindowSolver, WindowSolvers, solver_options
from gridopt.horizon.windows import Span, window_of
from gridopt.model.component import ComponentData, State, Window
from gridopt.model.system import System
from gridopt.solver.program import STATING

Progress = Callable[[int, int], None]
Stored = Sequence[Mapping[str, State]]
States = dict[str, State]
# Hours before a seam that are solved as one at least: units and loads need them to come to what was found.
_JOINING_H = 48.0
# Part of the room around the guide's levels: what a stretch begins with is guessed from them.
_ROOM = 0.2
# A stretch of fewer windows is none.
_FEWEST = 4


def stretches(spans: Sequence[Span], number: int) -> list[list[Span]]:
    """Cut the windows of a horizon into so many stretches, or as many as are long enough.

    Examples
    --------
    >>> windows = [Span(start, 6, 4) for start in range(0, 40, 4)]
    >>> [[span.start for span in stretch] for stretch in stretches(windows, 4)]
    [[0, 4, 8, 12, 16], [20, 24, 28, 32, 36]]
    """
    number = max(min(number, len(spans) // _FEWEST), 1)
    first = [round(i * len(spans) / number) for i in range(number + 1)]
    return [list(spans[a:b]) for a, b in pairwise(first)]


def _closed_at(system: System, begins: Sequence[int]) -> System:
    """The same system, each stretch with its own share of the amounts of the horizon."""

    def closed(data: ComponentData) -> ComponentData:
        return replace(data, budgets=tuple(limit.closed_at(begins, system.step_h) for limit in data.budgets))

    return replace(system, parts=tuple((kind, closed(data) if data.budgets else data) for kind, data in system.parts))


def run_up(stretch: Sequence[Span], before: Sequence[Span]) -> Span:
    """The window that is solved before a stretch and thrown away."""
    core = before[-1].core
    return Span(stretch[0].start - core, core + stretch[0].steps - stretch[0].core, core)


@dataclass(frozen=True)
class _Found:
    """A window that was solved."""

    span: Span
    begin: States
    end: States
    #: Median price of energy in it [CNY/MWh].
    price: float
    hours: Hours
    log: WindowLog
    part: Part | None
    #: Whether its modes of stores were stated.
    kept_apart: bool
    #: State after the hours behind it that were held, where it met what was found there.
    behind: States | None = None

    def meets(self, following: _Found) -> set[str]:
        """Parts of the state in which it does not hand over what the next window begins with.

        Where hours behind were held, histories may differ up to them: what counts is the state after them.
        """
        if self.behind is None:
            return differing(self.end, following.begin)
        return differing(self.behind, following.hours.state)


@dataclass(frozen=True)
class _Head:
    """How a stretch begins."""

    solvers: WindowSolvers
    begin: States
    price: float
    found: list[_Found]


class Stretches:
    """Solves a horizon in stretches.

    Parameters
    ----------
    system
        The system, told by a guide or not.
    spans
        Windows of each stretch.
    guessed
        Stores and amounts before the run-up of each stretch but the first; what is not in it is as it is where a
        horizon begins.
    prover
        Proves how good the horizon is; None where that is not asked.
    progress
        Called after each window.
    """

    def __init__(
        self,
        system: System,
        spans: list[list[Span]],
        guessed: Stored,
        prover: Prover | None,
        progress: Progress | None,
    ) -> None:
        self.system = _closed_at(system, [stretch[0].start for stretch in spans[1:]])
        self.spans, self._prover, self._progress = spans, prover, progress
        self._guessed = guessed
        self._all = [span for stretch in spans for span in stretch]
        self.record = Record.empty(system)
        # of the state that is handed over: an equation of the window before looks so far back
        self._hours = memory(system.initial_state())
        self._carriers: dict[WindowSolver, Carrier] = {}
        self._solvers = WindowSolvers(self.system, solver_options(self.system))
        self._joining = max(ceil(_JOINING_H / (self._all[0].core * system.step_h)), 1)
        self._lock, self._done = Lock(), 0

    def solve(self, threads: int) -> Record:
        """Solve all stretches, some at once, and join them."""
        number = len(self.spans)
        with ThreadPoolExecutor(threads) as pool:
            heads: list[Future[_Head | None] | None] = [None, *(pool.submit(self._head, i) for i in range(1, number))]
            bodies = [pool.submit(self._body, i, heads) for i in range(number)]
            chains = [body.result() for body in bodies]
        chain = self._closed([found for each in chains for found in each])
        self.record.windows.extend(found.log for found in chain)
        if self._prover is not None:
            self._prover.add_all([found.part for found in chain])
        for kind, data in self.system.parts:
            kind.count_again(data, self.record.outputs[kind.name], self.system.step_h)
        self.record.close_budgets(self.system)
        return self.record

    def _head(self, number: int) -> _Head | None:
        """Run-up and first window of a stretch; None where the guess leads nowhere."""
        solvers = WindowSolvers(self.system, solver_options(self.system))
        span = run_up(self.spans[number], self.spans[number - 1])
        try:
            begin, price = self._guess(number, span.start), self.system.typical_price_cny_per_mwh()
            solver = solvers.solved(span, self._window(span, begin, price))
            begin = self._counted(solver.model.state(span.core), span.start + span.core)
            price = solver.median_price_cny_per_mwh()
            first = self._solved(solvers, self.spans[number][0], begin, price)
        except (InfeasibleError, SolverError):
            return None
        return _Head(solvers, begin, price, [first])

    def _guess(self, number: int, start: int) -> States:
        """State before the run-up of a stretch."""
        case = self.system.case
        some = slice(start, start + self.spans[number][0].core)
        with STATING:
            begin = self.system.initial_state()
            there = System.read(
                replace(case, profiles=case.profiles.isel(time=some)), self.system.groups
            ).initial_state()
        for known in (there, self._guessed[number - 1]):
            for name in begin.keys() & known.keys():
                own = begin[name]
                # histories of what happens to units are empty where nothing happens in these hours
                begin[name] = {**own, **{key: known[name][key] for key in own.keys() & known[name].keys()}}
        for kind, data in self.system.parts:
            begin[kind.name] = kind.expected(data, begin[kind.name], _ROOM)
        return self._counted(begin, start)

    def _counted(self, state: States, step: int) -> States:
        """A state with what may have been used of each amount, or was due, before a step."""
        budgets = self.system.budgets
        used = np.array([limit.limit[step - 1] for _, limit in budgets])
        own = {name: used[[name == part for part, _ in budgets]] for name in state}
        parts = {name: {**part, "used": own[name]} if "used" in part else part for name, part in state.items()}
        return parts | {"budget": {"used": used}}

    def _body(self, number: int, heads: list[Future[_Head | None] | None]) -> list[_Found]:
        """The rest of a stretch, up to where the next begins."""
        own, following = heads[number], heads[number + 1] if number + 1 < len(heads) else None
        if own is None:
            begin, price = self.system.initial_state(), self.system.typical_price_cny_per_mwh()
            head: _Head | None = _Head(self._solvers, begin, price, [])
        else:
            head = own.result()
        if head is None:
            return []
        chain, state, price = head.found, head.begin, head.price
        if chain:
            state, price = chain[-1].end, chain[-1].price
        spans = self.spans[number] if following is None else self.spans[number][: -self._joining]
        try:
            for span in spans[len(chain) :]:
                chain.append(self._solved(head.solvers, span, state, price))
                state, price = chain[-1].end, chain[-1].price
        except (InfeasibleError, SolverError):
            return chain  # whoever is to blame: the second pass solves it from the true state
        next_head = None if following is None else following.result()
        if next_head is None:
            return chain
        met = self._met(head.solvers, self.spans[number][-self._joining :], state, price, next_head.found[0])
        return chain if met is None else [*chain, met]

    def _closed(self, chain: list[_Found]) -> list[_Found]:
        """All windows of the horizon, each from the state that the one before it hands over."""
        found = {each.span.start: each for each in chain}
        place = {span.start: number for number, span in enumerate(self._all)}
        state, price = self.system.initial_state(), self.system.typical_price_cny_per_mwh()
        closed = [found.get(0) or self._solved(self._solvers, self._all[0], state, price)]
        while (at := closed[-1].span.start + closed[-1].span.core) < len(self.system.time):
            before = closed[-1]
            next_one = self._carried(found, before) or self._rejoined(found, place[at], before)
            closed.append(next_one or self._solved(self._solvers, self._all[place[at]], before.end, before.price))
        return closed

    def _carried(self, found: Mapping[int, _Found], before: _Found) -> _Found | None:
        """The window found behind one, from the state it truly begins with; None where its flows can't be held."""
        at, state = before.span.start + before.span.core, before.end
        own = found.get(at)
        if own is None:
            return None
        others = before.meets(own)
        if not others:
            return own
        behind = found.get(at + own.span.core)
        ends = at + own.span.core == len(self.system.time)
        if not others <= set(LASTING) or (behind is None and not ends):
            return None
        solver = self._solvers.of(own.span, kept_apart=own.kept_apart)
        known = [(0, own.hours), *([] if behind is None else [(own.span.core, behind.hours)])]
        if not all(hours.fits(solver.model) for _, hours in known):
            return None
        window = self._window(own.span, state, own.price)
        follow = self._solved_again if ends else self._followed
        if not follow(solver, window, known):
            return None
        self.record.put_schedule(window, solver.model)
        part = own.part
        if self._prover is not None and not own.kept_apart:
            part = self._prover.moved(part, solver, window)
        behind_it = (
            None if own.behind is None or behind is None else solver.model.state(own.span.core + behind.hours.steps)
        )
        return replace(own, begin=state, end=solver.model.state(own.span.core), part=part, behind=behind_it)

    @staticmethod
    def _solved_again(solver: WindowSolver, window: Window, known: Sequence[tuple[int, Hours]]) -> bool:
        """Whether the end of the horizon, where levels have a price, can be solved with its flows held."""
        try:
            solver.solve(window, known)
        except (InfeasibleError, SolverError):
            return False
        return True

    def _followed(self, solver: WindowSolver, window: Window, known: Sequence[tuple[int, Hours]]) -> bool:
        """Whether the levels that follow from the flows keep every limit."""
        if solver not in self._carriers:
            solver.model.bind(window)
            self._carriers[solver] = Carrier(solver)
        return self._carriers[solver].carry(window, known)

    def _rejoined(self, found: Mapping[int, _Found], number: int, before: _Found) -> _Found | None:
        """The next windows as one that meets what was found behind them; None where it can't."""
        ahead = self._all[number : number + self._joining]
        target = found.get(ahead[-1].start + ahead[-1].core)
        return None if target is None else self._met(self._solvers, ahead, before.end, before.price, target)

    def _solved(self, solvers: WindowSolvers, span: Span, state: States, price: float) -> _Found:
        """Solve a window and keep its core."""
        window = self._window(span, state, price)
        return self._kept(solvers.solved(span, window), solvers.of(span), span, window)

    def _met(
        self, solvers: WindowSolvers, spans: Sequence[Span], state: States, price: float, target: _Found
    ) -> _Found | None:
        """Solve some windows as one that meets a window found behind them; None where it can't."""
        core, behind = sum(span.core for span in spans), target.hours
        span = Span(spans[0].start, core + behind.steps, core)
        solver, window = solvers.of(span), self._window(span, state, price)
        if not behind.fits(solver.model):
            return None
        try:
            solver.solve(window, [(core, behind)], aim=True)
        except (InfeasibleError, SolverError):
            return None
        after = solver.model.state(span.steps)
        if solver.mixes() or not differing(behind.state, after) <= set(LASTING):
            return None
        return replace(self._kept(solver, solver, span, window), behind=after)

    def _window(self, span: Span, state: States, price: float) -> Window:
        return window_of(self.system, span, state, price, _ROOM)

    def _kept(self, solver: WindowSolver, stated: WindowSolver, span: Span, window: Window) -> _Found:
        """Keep the core of the window that a solver solved last; ``stated`` has its problem as the proof takes it."""
        record = replace(self.record, windows=[])  # the same arrays: no two windows write the same hours at once
        price, state = solver.keep(window, record), solver.model.state(span.core)
        hours = Hours.of(solver.model, span.core, min(self._hours, span.core))
        ends = span.start + span.core == len(self.system.time)
        # the next piece may turn out to have another length
        after = None if ends else min(span.steps, len(self.system.time) - span.start - span.core)
        part = None if self._prover is None else self._prover.read(stated, window, after)
        with self._lock:
            self._done = min(self._done + span.core, len(self.system.time))
            if self._progress is not None:
                self._progress(self._done, len(self.system.time))
        return _Found(span, dict(window.state), state, price, hours, record.windows[0], part, solver is not stated)
