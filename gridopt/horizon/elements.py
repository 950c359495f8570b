r"""Better multipliers along time: each element over the whole horizon, the prices between elements kept.

Most rows of a piece hold columns of one element alone: the energy in a store, minimum times, a cascade.  Windows choose
their multipliers hour by hour and a few days ahead; a reservoir, a store of ammonia or a start reaches further.  Given
the multipliers :math:`y_o` of all other rows (balances, network, reserves, budgets), what remains falls apart into one
linear program for each element :math:`e` over all pieces,

.. math:: \min_{x_e} (c - A_o^T y_o)_e^T x_e \quad\text{subject to}\quad
   \underline b_e \le A_e x_e \le \overline b_e, \quad l_e \le x_e \le u_e ,

whose optimal multipliers are the best that these rows can have: Lagrangian decomposition by units (Muckstadt & Koenig
1977, doi:10.1287/opre.25.3.387).  The bound never falls, and elements share no column, so they are solved at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.horizon.piece import Index, Piece, moved
from gridopt.model.component import Array
from gridopt.solver.dual_bound import Rows, better_multipliers

# Elements that are made ready for each thread, so that none waits for the slowest.
_WAITING = 3

Numbers = NDArray[np.int64] | NDArray[np.int32] | NDArray[np.int16]


@dataclass(frozen=True)
class Element:
    """What the pieces say of one element: its rows over its columns, and where both stand among those of all pieces."""

    rows: Rows
    row: Index
    column: Index


def follow(pieces: Sequence[Piece], reduced: Sequence[Array], threads: int = 1) -> tuple[list[Piece], list[Array]]:
    """Choose the multipliers of the rows of each element anew, over all pieces; the bound never falls.

    Parameters
    ----------
    pieces, reduced
        The pieces in the order of time, and the reduced costs of their columns.
    threads
        Elements that are looked at at once; the result is the same for any number.

    Returns
    -------
    tuple
        The pieces with their new multipliers, and the reduced costs.
    """
    lower, upper = (np.concatenate([getattr(piece, side) for piece in pieces]) for side in ("lower", "upper"))
    dual = np.concatenate([group.dual for piece in pieces for group in (piece.inside, piece.seam)])
    left = np.concatenate(reduced)

    def better(element: Element) -> Array | None:
        at = element.column
        return better_multipliers(left[at], lower[at], upper[at], element.rows)[0]

    def take(element: Element, new: Array | None) -> None:
        if new is not None:
            left[element.column] -= element.rows.matrix.T @ (new - element.rows.dual)
            dual[element.row] = new

    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[tuple[Element, Future[Array | None]]] = deque()
        for element in elements(pieces):
            waiting.append((element, pool.submit(better, element)))
            if len(waiting) > _WAITING * threads:  # a year of plants is large: no more than these are held
                first, found = waiting.popleft()
                take(first, found.result())
        for first, found in waiting:
            take(first, found.result())
    sizes = [group.dual.size for piece in pieces for group in (piece.inside, piece.seam)]
    chosen = iter(np.split(dual, np.cumsum(sizes)[:-1]))
    mended = [
        replace(piece, inside=replace(piece.inside, dual=next(chosen)), seam=replace(piece.seam, dual=next(chosen)))
        for piece in pieces
    ]
    return mended, np.split(left, np.cumsum([piece.cost.size for piece in pieces])[:-1])


def elements(pieces: Sequence[Piece]) -> Iterator[Element]:
    """Elements whose rows reach over a seam: columns of one component that are tied together by rows of their own.

    Parameters
    ----------
    pieces
        In the order of time.
    """
    leads = [_leads(piece, after) for piece, after in zip(pieces, [*pieces[1:], None], strict=True)]
    number, element_of = _tied(pieces, leads)
    # what belongs to none (series -1) has the last number
    element_of = np.append(element_of, number)
    columns = [_Sorted.of(element_of[each.series], number) for each in pieces]
    rows = [_Sorted.of(element_of[each], number) for each in leads]
    over = [each[piece.inside.dual.size :] for each, piece in zip(leads, pieces, strict=True)]
    reaching = np.unique(element_of[np.concatenate([each[each >= 0] for each in over])])
    first_row = np.cumsum([0, *(each.size for each in leads)])
    first_column = np.cumsum([0, *(piece.cost.size for piece in pieces)])
    for element in reaching:
        own = [each.of_number(element) for each in columns]
        mine = [each.of_number(element) for each in rows]
        yield Element(
            _joined(pieces, mine, columns, np.cumsum([0, *(each.size for each in own)])),
            np.concatenate([first + each for first, each in zip(first_row, mine, strict=False)]),
            np.concatenate([first + each for first, each in zip(first_column, own, strict=False)]),
        )


@dataclass(frozen=True)
class _Sorted:
    """Things with a number each, in the order of it: which have a number, and the how-manieth of these each is."""

    order: Index
    first: Index
    rank: Index

    @classmethod
    def of(cls, numbers: Index, count: int) -> _Sorted:
        order = np.argsort(numbers, kind="stable")
        first = np.searchsorted(numbers[order], np.arange(count + 2))
        rank = np.empty(order.size, dtype=np.int64)
        rank[order] = np.arange(order.size)
        return cls(order, first, rank - first[numbers])

    def of_number(self, number: int) -> Index:
        return self.order[self.first[number] : self.first[number + 1]]


def _joined(pieces: Sequence[Piece], mine: Sequence[Index], columns: Sequence[_Sorted], first: Index) -> Rows:
    """Rows of an element, those of one piece behind those of the piece before; ``first`` column of each piece."""
    matrices, limits, width = [], [], int(first[-1])
    for number, (piece, rows) in enumerate(zip(pieces, mine, strict=True)):
        n_inside = piece.inside.dual.size
        inside, seam = rows[rows < n_inside], rows[rows >= n_inside] - n_inside
        matrices.append(moved(piece.inside.matrix[inside], columns[number].rank + first[number], width))
        if seam.size:
            own = moved(piece.seam.matrix[seam], columns[number].rank + first[number], width)
            ahead = moved(piece.beyond[seam], columns[number + 1].rank + first[number + 1], width)
            matrices.append(sp.csr_array(own + ahead))
        for group, which in ((piece.inside, inside), (piece.seam, seam)):
            limits.append(np.stack([group.lower[which], group.upper[which], group.dual[which]]))
    return Rows(sp.csr_array(sp.vstack(matrices, format="csr")), *np.concatenate(limits, axis=1))


def _leads(piece: Piece, after: Piece | None) -> Index:
    """Series of the first column of each row inside and then over the seam; -1 where not all are of one component."""
    inside = _first(piece.inside.matrix, piece.series, *_range(piece.inside.matrix, piece.owner))
    low, high = _range(piece.seam.matrix, piece.owner)
    if after is not None:
        other = _range(piece.beyond, after.owner)
        low, high = np.minimum(low, other[0]), np.maximum(high, other[1])
    return np.concatenate([inside, _first(piece.seam.matrix, piece.series, low, high)])


def _first(matrix: sp.csr_array, series: Numbers, low: Index, high: Index) -> Index:
    lead = np.full(matrix.shape[0], -1, dtype=np.int64)
    filled = (np.diff(matrix.indptr) > 0) & (low == high)
    lead[filled] = series[matrix.indices[matrix.indptr[:-1][filled]]]
    return lead


def _range(matrix: sp.csr_array, owner: Numbers) -> tuple[Index, Index]:
    """Smallest and largest number of a component in each row; nothing lies between them in a row without entries."""
    low, high = np.full(matrix.shape[0], np.iinfo(np.int64).max), np.full(matrix.shape[0], -2)
    filled = np.flatnonzero(np.diff(matrix.indptr))
    if filled.size:
        of_entries, starts = owner[matrix.indices], matrix.indptr[filled]
        low[filled], high[filled] = np.minimum.reduceat(of_entries, starts), np.maximum.reduceat(of_entries, starts)
    return low, high


def _tied(pieces: Sequence[Piece], leads: Sequence[Index]) -> tuple[int, Index]:
    """Number of elements, and the element of each series: series are tied where they stand in one row."""
    count = 1 + max(int(piece.series.max(initial=-1)) for piece in pieces)
    tied = sp.csr_array((count, count))
    for number, (piece, lead) in enumerate(zip(pieces, leads, strict=True)):
        inside, seam = np.split(lead, [piece.inside.dual.size])
        parts = [(piece.inside.matrix, inside, piece.series), (piece.seam.matrix, seam, piece.series)]
        if number + 1 < len(pieces):
            parts.append((piece.beyond, seam, pieces[number + 1].series))
        for matrix, first, series in parts:
            of_entries = np.repeat(first, np.diff(matrix.indptr))
            own = of_entries >= 0
            pairs = of_entries[own], series[matrix.indices[own]].astype(np.int64)
            tied = tied + sp.csr_array((np.ones(pairs[0].size), pairs), shape=tied.shape)
    found, element = sp.csgraph.connected_components(tied, directed=False)
    return int(found), element.astype(np.int64)
