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

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.horizon.piece import Index, Piece, moved
from gridopt.model.component import Array
from gridopt.solver.dual_bound import Rows, better_multipliers

# Of a row that no component owns.
_NOBODY = -1


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

    owners = [owners_of_rows(piece, after) for piece, after in zip(pieces, [*pieces[1:], None], strict=True)]
    with ThreadPoolExecutor(threads) as pool:
        for part in range(1 + max((int(piece.owner.max(initial=_NOBODY)) for piece in pieces), default=_NOBODY)):
            found = list(elements(pieces, owners, part))
            for element, new in zip(found, pool.map(better, found), strict=True):
                if new is not None:
                    left[element.column] -= element.rows.matrix.T @ (new - element.rows.dual)
                    dual[element.row] = new
    sizes = [group.dual.size for piece in pieces for group in (piece.inside, piece.seam)]
    chosen = iter(np.split(dual, np.cumsum(sizes)[:-1]))
    mended = [
        replace(piece, inside=replace(piece.inside, dual=next(chosen)), seam=replace(piece.seam, dual=next(chosen)))
        for piece in pieces
    ]
    return mended, np.split(left, np.cumsum([piece.cost.size for piece in pieces])[:-1])


def elements(pieces: Sequence[Piece], owners: Sequence[tuple[Index, Index]], part: int) -> Iterator[Element]:
    """Elements of a component that reach over a seam: rows that are tied together by the columns they share.

    Parameters
    ----------
    pieces
        In the order of time.
    owners
        Of each piece, the component of each row inside and over the seam.
    part
        Number of the component.
    """
    own = [piece.owner == part for piece in pieces]
    column = np.flatnonzero(np.concatenate(own))
    if not column.size:
        return
    count = np.cumsum([0, *(each.sum() for each in own)])
    place = [np.where(each, first + np.cumsum(each) - 1, -1) for each, first in zip(own, count[:-1], strict=True)]
    groups, row, over = [], [], []
    first = 0
    for number, (piece, owner) in enumerate(zip(pieces, owners, strict=True)):
        for group, whose, is_seam in ((piece.inside, owner[0], False), (piece.seam, owner[1], True)):
            mine = np.flatnonzero(whose == part)
            rows = group.take(mine)
            matrix = moved(rows.matrix, place[number], column.size)
            if is_seam and mine.size:
                matrix = matrix + moved(sp.csr_array(piece.beyond[mine]), place[number + 1], column.size)
            groups.append(replace(rows, matrix=sp.csr_array(matrix)))
            row.append(first + mine)
            over.append(np.full(mine.size, is_seam))
            first += group.dual.size
    yield from _apart(groups, np.concatenate(row), column, np.concatenate(over))


def _apart(groups: list[Rows], row: Index, column: Index, over: Index) -> Iterator[Element]:
    """Cut rows and columns into those that hang together; only such with a row over a seam."""
    matrix = sp.csr_array(sp.vstack([group.matrix for group in groups], format="csr"))
    lower, upper, dual = (
        np.concatenate([getattr(group, name) for group in groups]) for name in ("lower", "upper", "dual")
    )
    shape = matrix.shape
    tied = sp.coo_array((np.ones(matrix.nnz), _entries(matrix)), shape=(sum(shape), sum(shape)))
    number, found = sp.csgraph.connected_components(tied, directed=False)
    label = found.astype(np.int64)
    reaching = np.zeros(number, dtype=np.bool_)
    reaching[label[: shape[0]][over]] = True
    rows, columns = (_by_label(each, number) for each in (label[: shape[0]], label[shape[0] :]))
    local = np.empty(shape[1], dtype=np.int64)
    for each in np.flatnonzero(reaching):
        mine, own = rows[each], columns[each]
        local[own] = np.arange(own.size)
        of_these = sp.csr_array(matrix[mine])
        inner = sp.csr_array((of_these.data, local[of_these.indices], of_these.indptr), shape=(mine.size, own.size))
        yield Element(Rows(inner, lower[mine], upper[mine], dual[mine]), row[mine], column[own])


def _entries(matrix: sp.csr_array) -> tuple[Index, Index]:
    """Row of each entry, and its column counted behind all rows: two nodes of one graph."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    return rows, matrix.shape[0] + matrix.indices.astype(np.int64)


def _by_label(label: Index, number: int) -> list[Index]:
    """Which have each label, in their order."""
    return np.split(np.argsort(label, kind="stable"), np.cumsum(np.bincount(label, minlength=number))[:-1])


def owners_of_rows(piece: Piece, after: Piece | None) -> tuple[Index, Index]:
    """Component of each row inside and over the seam, -1 where columns of several, or of none, stand in it."""
    inside = _range(piece.inside.matrix, piece.owner)
    seam = _range(piece.seam.matrix, piece.owner)
    if after is not None:
        beyond = _range(piece.beyond, after.owner)
        seam = np.minimum(seam[0], beyond[0]), np.maximum(seam[1], beyond[1])
    return _one(*inside), _one(*seam)


def _one(low: Index, high: Index) -> Index:
    return np.where(low == high, high, _NOBODY)


def _range(matrix: sp.csr_array, owner: NDArray[np.int16]) -> tuple[Index, Index]:
    """Smallest and largest number of a component in each row; nothing lies between them in a row without entries."""
    low, high = np.full(matrix.shape[0], np.iinfo(np.int64).max), np.full(matrix.shape[0], _NOBODY - 1)
    filled = np.flatnonzero(np.diff(matrix.indptr))
    if filled.size:
        of_entries, starts = owner[matrix.indices], matrix.indptr[filled]
        low[filled], high[filled] = np.minimum.reduceat(of_entries, starts), np.maximum.reduceat(of_entries, starts)
    return low, high
