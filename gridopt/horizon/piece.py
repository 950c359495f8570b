r"""The horizon as one linear program, cut into pieces: what a window's problem says about its core.

A window's problem looks ahead, so its rows fall into three groups:

- *inside*: all columns lie in the core;
- *seam*: some columns lie in the core and some in the look-ahead, where they are columns of the next piece;
- *beyond*: all columns lie in the look-ahead; the next piece has the same rows.

Rows whose right-hand side hangs on the state handed over are left out, unless the piece is the first: the seam rows
of the piece before say the same with both sides as columns.  Rows that only steer a window at its end hold columns
that belong to no step; they are left out too, unless the piece is the last.  To leave a row out, or to widen a
limit (:meth:`gridopt.model.component.Component.forget`), is a relaxation: what bounds the pieces together bounds the
horizon.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.model.component import Array, State
from gridopt.solver.dual_bound import Rows
from gridopt.solver.program import LinearProgram

Index = NDArray[np.int64]


@dataclass(frozen=True)
class Layout:
    """Where the columns of a window's problem lie in time.

    Parameters
    ----------
    steps
        Steps of the window.
    step
        (column,) step of the window; -1 for columns that belong to no step (those made for a quadratic cost too).
    before
        (column,) elements of the variables that stand before the column's own.
    elements
        (column,) elements of the column's own variable.
    within
        (column,) number in the column's own variable: step · elements + element.
    owner
        (column,) number of the component whose own rows the column stands in; -1 where none has it.
    """

    steps: int
    step: Index
    before: Index
    elements: Index
    within: Index
    owner: Index

    @classmethod
    def of(
        cls,
        variables: list[cp.Variable],
        first_column: Mapping[int, int],
        steps: int,
        n_columns: int,
        owner_of: Mapping[int, int],
    ) -> Layout:
        """Read the layout of a compiled problem; all variables (element, step) come in the order of their making.

        ``first_column`` and ``owner_of`` (number of a component) go by the variables' ids.
        """
        step, before, elements, within, owner = (np.full(n_columns, -1, dtype=np.int64) for _ in range(5))
        passed = 0
        for variable in sorted(variables, key=lambda each: each.id):
            if len(variable.shape) != 2 or variable.shape[1] != steps:
                continue
            rows = variable.shape[0]
            first = first_column[variable.id]
            at = slice(first, first + variable.size)
            within[at] = np.arange(variable.size)
            step[at], before[at], elements[at] = within[at] // max(rows, 1), passed, rows
            owner[at] = owner_of.get(variable.id, -1)
            passed += rows
        return cls(steps, step, before, elements, within, owner)

    @property
    def rows_of_step(self) -> int:
        """Columns of one step."""
        return int((self.step == 0).sum())

    def series(self) -> Index:
        """Which element of which variable each column is, the same in every step; -1 where no component owns it."""
        return np.where(self.owner < 0, -1, self.before + self.within % np.maximum(self.elements, 1))

    def places(self, core: int, *, last: bool = False) -> Index:
        """Number of each column among those of a piece of ``core`` steps, (column,); -1 where it is none of it.

        What belongs to no step belongs to the end of the horizon, and stands behind all others of the last piece.
        """
        inside = (self.step >= 0) & (self.step < core)
        place = np.where(inside, core * self.before + self.within, -1)
        if last:
            loose = np.flatnonzero(self.step < 0)
            place[loose] = core * self.rows_of_step + np.arange(loose.size)
        return place

    def places_next(self, core: int, next_core: int) -> Index:
        """Number of each look-ahead column among those of the next piece, (column,); -1 where it is none of it."""
        ahead = (self.step >= core) & (self.step < core + next_core)
        return np.where(ahead, next_core * self.before + self.within - core * self.elements, -1)

    def followed_by(
        self, beyond: sp.csr_array, core: int, next_core: int, other: int
    ) -> tuple[sp.csr_array, NDArray[np.bool_]]:
        """Rows over a seam, written for a next piece of another length, and whether all of a row lies in it."""
        old, new = self.places_next(core, next_core), self.places_next(core, other)
        place = np.full(next_core * self.rows_of_step, -1, dtype=np.int64)
        place[old[old >= 0]] = new[old >= 0]
        kept = moved(beyond, place, other * self.rows_of_step)
        return kept, np.diff(kept.indptr) == np.diff(beyond.indptr)


@dataclass(frozen=True)
class Piece:
    """One piece of the horizon.

    Parameters
    ----------
    core
        Steps of the piece.
    cost, lower, upper, values
        (column,) of its columns, variable after variable, step after step, element after element; ``values`` is the
        solution found.
    owner
        (column,) number of the component whose own rows the column stands in; -1 where none has it.
    series
        (column,) which element of which variable it is, the same in every step; -1 where no component owns it.
    constant
        Cost that no column has.
    inside, inside_step
        Rows inside, and the last step in which each has a column.
    seam
        Rows over the seam to the next piece, over this piece's columns.
    beyond
        The same rows over the columns of the next piece.
    use, use_constant
        Use of each budget by the piece: use·x + use_constant, (budget, column) and (budget,).
    """

    core: int
    cost: Array
    lower: Array
    upper: Array
    values: Array
    owner: NDArray[np.int16]
    series: NDArray[np.int32]
    constant: float
    inside: Rows
    inside_step: Index
    seam: Rows
    beyond: sp.csr_array
    use: sp.csr_array
    use_constant: Array


@dataclass(frozen=True)
class Stated:
    """A window's problem as it is known when it was solved.

    Parameters
    ----------
    program
        The compiled problem of the window, limits widened to what holds for any state handed over.
    rows
        All rows with their multipliers: the problem's own, then the added ones.
    forgotten
        (row,) whether its right-hand side hangs on the state handed over.
    use, use_constant
        Use of each budget by the window's core, (budget, column) and (budget,).
    """

    program: LinearProgram
    rows: Rows
    forgotten: NDArray[np.bool_]
    use: sp.csr_array
    use_constant: Array


def cut(stated: Stated, layout: Layout, core: int, next_core: int | None, *, spent_cny: float, values: Array) -> Piece:
    """Cut the piece of a window out of its problem.

    Parameters
    ----------
    stated, layout
        The window's problem.
    core, next_core
        Steps of the piece and of the next; None when there is none.
    spent_cny
        What the core of the solution found costs; with ``values``, the solution itself, it tells the constant.
    values
        (column,) of the window's problem.
    """
    program, step = stated.program, layout.step
    last = next_core is None
    place = layout.places(core, last=last)
    order = in_order(place)
    if last:
        step = np.where(step < 0, core - 1, step)
    cost = _cost(program, values)[order]
    low, high, whole = reach(stated.rows.matrix, step)
    usable = ~stated.forgotten & whole
    inside = np.flatnonzero(usable & (high < core))
    ahead_core = 0 if next_core is None else next_core
    seam = np.flatnonzero(usable & (low < core) & (high >= core) & (high < core + ahead_core))
    own = moved(stated.rows.matrix, place, order.size)
    ahead = layout.places_next(core, ahead_core)
    beyond = moved(sp.csr_array(stated.rows.matrix[seam]), ahead, ahead_core * layout.rows_of_step)
    rows = replace(stated.rows, matrix=own)
    return Piece(
        core=core,
        cost=cost,
        lower=program.lower[order],
        upper=program.upper[order],
        values=values[order],
        owner=layout.owner[order].astype(np.int16),
        series=layout.series()[order].astype(np.int32),
        constant=spent_cny - float(cost @ values[order]),
        inside=rows.take(inside).sound(),
        inside_step=high[inside],
        seam=rows.take(seam).sound(),
        beyond=beyond,
        use=moved(stated.use, place, order.size),
        use_constant=stated.use_constant,
    )


def in_order(place: Index) -> Index:
    """Columns that have a place, in the order of their places."""
    kept = np.flatnonzero(place >= 0)
    return kept[np.argsort(place[kept])]


def _cost(program: LinearProgram, values: Array) -> Array:
    """Linear cost; a convex quadratic one is never below its tangent at the solution found."""
    if program.hessian is None:
        return program.cost
    half = program.hessian
    slope: Array = half @ values + sp.triu(half.T, k=1) @ values
    return program.cost + slope


def reach(matrix: sp.csr_array, step: Index) -> tuple[Index, Index, NDArray[np.bool_]]:
    """First and last step of each row, and whether all its columns belong to a step."""
    entries, n_rows = matrix.tocoo(), matrix.shape[0]
    low, high = np.full(n_rows, np.iinfo(np.int64).max), np.full(n_rows, -1, dtype=np.int64)
    np.minimum.at(low, entries.row, step[entries.col])
    np.maximum.at(high, entries.row, step[entries.col])
    return low, high, low >= 0


def moved(matrix: sp.csr_array, place: Index, n_columns: int) -> sp.csr_array:
    """Write the matrix over other columns; entries of columns without a place there are left out."""
    column = place[matrix.indices]
    there = column >= 0
    ends = np.concatenate([[0], np.cumsum(there)])[matrix.indptr]
    return sp.csr_array((matrix.data[there], column[there], ends), shape=(matrix.shape[0], n_columns))


def other_state(state: Mapping[str, State], kind: int) -> dict[str, State]:
    """Another state of the same shape: what hangs on the state shows where the problem differs."""
    random = np.random.default_rng(kind)

    def changed(values: Array) -> Array:
        values = np.asarray(values, dtype=float)
        if kind % 2:
            return values * random.uniform(0.2, 0.8, values.shape) + random.uniform(0.01, 0.2, values.shape)
        return values + random.uniform(0.5, 1.5, values.shape)

    return {name: {key: changed(values) for key, values in part.items()} for name, part in state.items()}
