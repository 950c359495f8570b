"""One piece of a lower bound: what its multipliers add up to, and whether the schedule is a point of its program."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import scipy.sparse as sp

from gridopt.results.audit.finding import (
    OBJECTIVE,
    PROOF_SUM,
    RELATIVE,
    Array,
    Check,
    Finding,
    at_most,
    equal,
    worse,
)
from gridopt.results.audit.proof_file import Piece, ProofFile, Rows, over_columns
from gridopt.results.audit.view import MissingValuesError, View

SOUND = Check("sound multipliers", "no multiplier of the proof pulls at a side without a limit", "CNY per unit")
ROWS = Check("rows of the proof", "the schedule keeps every row of the proof", "of the size of the row")
LIMITS = Check("limits of the proof", "the schedule keeps every limit of the proof", "of the size of the value")
WORTH = Check(
    "broken rows of the proof", "what the schedule breaks of the proof within rounding is worth nothing there", "CNY"
)
COST = Check("cost in the proof", "the schedule costs in the proof what it costs in the result", "CNY")
SCHEDULE = Check(
    "schedule of the proof", "what the proof takes for the schedule is what the result says", "of the output"
)

CHECKS = (SOUND, ROWS, LIMITS, WORTH, COST, SCHEDULE)

# A multiplier without a side to pull at is zero, not small.
_NONE = 1e-12


@dataclass(frozen=True)
class Part:
    """Part of a piece in the bound, the size of what it is added up from [CNY], and its use of the budgets."""

    cny: float
    size_cny: float
    use: Array


class _Places(Sequence[str]):
    """Names of places that are only made when one is asked for."""

    def __init__(self, count: int, name: Callable[[int], str]) -> None:
        self._count, self._name = count, name

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...
    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        if isinstance(place, slice):
            return [self._name(each) for each in range(*place.indices(self._count))]
        return self._name(place)


def reduced_costs(piece: Piece, price_cny: Array, pulled: Array | float) -> Array:
    """Cost of each column less what its rows and the budgets take of it, (column,).

    Parameters
    ----------
    piece
        The piece.
    price_cny
        (budget,) what a unit of use costs.
    pulled
        (column,) what the rows over the seam before take.
    """
    taken = piece.inside.matrix.T @ piece.inside.dual + piece.seam.matrix.T @ piece.seam.dual + pulled
    reduced: Array = piece.cost - taken + piece.use.T @ price_cny
    return reduced


def part(piece: Piece, price_cny: Array, reduced: Array) -> Part:
    """What the multipliers of a piece add up to; sides without a limit count nothing, see :func:`sound`."""
    terms = np.concatenate(
        [
            [piece.constant_cny, float(price_cny @ piece.use_constant)],
            *(_least(rows.dual, rows.lower, rows.upper) for rows in (piece.inside, piece.seam)),
            _least(reduced, piece.lower, piece.upper),
        ]
    )
    use = piece.use @ piece.values + piece.use_constant
    return Part(float(terms.sum()), float(np.abs(terms).sum()), use)


def _side(factor: Array, lower: Array, upper: Array) -> Array:
    """The limit at which factor·value is least."""
    return np.where(factor > 0, lower, upper)


def _least(factor: Array, lower: Array, upper: Array) -> Array:
    """The least of factor·value between the limits; nothing where the limit that decides is infinite."""
    side = _side(factor, lower, upper)
    return np.where(np.isfinite(side), factor, 0.0) * np.where(np.isfinite(side), side, 0.0)


def sound(piece: Piece, reduced: Array) -> Finding:
    """No multiplier, and no reduced cost, pulls at a side that has no limit."""
    window = [f"window {piece.number}"]

    def pulls(factor: Array, lower: Array, upper: Array) -> Array:
        return np.where(np.isfinite(_side(factor, lower, upper)), 0.0, np.abs(factor))[:, None]

    found = []
    for word, rows in (("row", piece.inside), ("row over the seam", piece.seam)):
        endless = pulls(rows.dual, rows.lower, rows.upper)
        found.append(at_most(SOUND, endless, 0.0, _numbered(word, len(endless)), window, tolerance=_NONE))
    # what is left of a cost that its rows take away is rounding
    rounding = PROOF_SUM * max(1.0, float(np.abs(piece.cost).max(initial=0.0)))
    endless = pulls(reduced, piece.lower, piece.upper)
    found.append(at_most(SOUND, endless, 0.0, _numbered("column", len(endless)), window, tolerance=rounding))
    return worse(*found)


def _numbered(word: str, count: int) -> Sequence[str]:
    return _Places(count, lambda place: f"{word} {place}")


def rows(piece: Piece, after: Piece | None) -> tuple[Finding, float]:
    """Whether the schedule keeps the rows of a piece, and those into the next one where its values are the schedule's.

    Returns
    -------
    tuple
        The row that is broken most, and what all broken ones are worth at their multipliers [CNY].
    """
    reach, values = piece.inside, piece.values
    if after is not None and after.scheduled:
        reach, values = _with_seam(piece, after.values.size), np.concatenate([piece.values, after.values])
    amount, factors = reach.matrix @ values, abs(reach.matrix)
    excess = _beyond(amount, reach.lower, reach.upper)
    # a column that is off by so much moves its row by its factor
    size = np.maximum(factors @ np.abs(values), factors.max(axis=1).toarray())
    places = _numbered("row", amount.size)
    return _small(ROWS, excess, size, places, piece.number), float(np.abs(reach.dual) @ excess)


def _with_seam(piece: Piece, columns_after: int) -> Rows:
    """The rows inside a piece, then those over the seam, over the columns of the piece and of the next."""
    ahead = over_columns(piece.beyond, columns_after)
    matrix = sp.block_array([[piece.inside.matrix, None], [piece.seam.matrix, ahead]], format="csr")
    sides = ("lower", "upper", "dual")
    return Rows(matrix, *(np.concatenate([getattr(piece.inside, side), getattr(piece.seam, side)]) for side in sides))


def limits(piece: Piece, file: ProofFile, reduced: Array) -> tuple[Finding, float]:
    """Whether the schedule keeps the limits of the columns of a piece; as :func:`rows`."""
    excess = _beyond(piece.values, piece.lower, piece.upper)
    places = _Places(piece.values.size, lambda column: _column_name(piece, file, column))
    return _small(LIMITS, excess, np.abs(piece.values), places, piece.number), float(np.abs(reduced) @ excess)


def _beyond(values: Array, lower: Array, upper: Array) -> Array:
    """By how much values lie outside of their limits."""
    return np.maximum(np.maximum(values - upper, lower - values), 0.0)


def _small(check: Check, excess: Array, size: Array, places: Sequence[str], window: int) -> Finding:
    """An excess relative to the size of what is compared, at least 1 of its unit."""
    relative = excess / np.maximum(size, 1.0)
    return at_most(check, relative[:, None], 0.0, places, [f"window {window}"], tolerance=RELATIVE)


def _column_name(piece: Piece, file: ProofFile, column: int) -> str:
    """The output that a column is, or else its number."""
    alone = np.flatnonzero(np.diff(piece.told.indptr) == 1)
    mine = alone[piece.told.indices[piece.told.indptr[alone]] == column]
    if not mine.size:
        return f"column {column}"
    output, element, step = (int(each[mine[0]]) for each in (piece.told_output, piece.told_element, piece.told_step))
    return f"{file.outputs[output]} of {file.elements[output][element]} in step {step}"


def cost(piece: Piece, file: ProofFile, spent_cny: Array) -> Finding:
    """A piece costs what its steps cost in the result; where it was solved again with more rules, it costs no more.

    Parameters
    ----------
    piece, file
        The piece, and the file that it is from.
    spent_cny
        (time,) cost and penalty of each step of the horizon.
    """
    left = float(piece.cost @ piece.values) + piece.constant_cny
    if piece.number == file.count - 1:
        left += file.worth_at_end_cny
    right = float(spent_cny[piece.start : piece.start + piece.core].sum())
    compare, allowed = equal if piece.scheduled else at_most, OBJECTIVE * _turnover_cny(piece)
    return compare(COST, [[left]], [[right]], [f"window {piece.number}"], [""], tolerance=allowed)


def worth(piece: Piece, broken_cny: float) -> Finding:
    """What the schedule breaks within tolerance hardly moves the bound against it."""
    allowed = RELATIVE * _turnover_cny(piece)
    return at_most(WORTH, [[broken_cny]], 0.0, [f"window {piece.number}"], [""], tolerance=allowed)


def _turnover_cny(piece: Piece) -> float:
    """All that a piece costs and earns, at least 1 [CNY]."""
    return max(float(np.abs(piece.cost) @ np.abs(piece.values)) + abs(piece.constant_cny), 1.0)


def schedule(piece: Piece, file: ProofFile, view: View) -> Iterator[Finding]:
    """Columns that are outputs have the values of the outputs."""
    values = piece.told @ piece.values
    time = view.time[piece.start : piece.start + piece.core]
    for output in np.unique(piece.told_output).tolist():
        mine = np.flatnonzero(piece.told_output == output)
        name = file.outputs[output]
        elements = file.elements[output]
        written = _written(view, name, elements)[:, piece.start : piece.start + piece.core]
        told = written.copy()
        told[piece.told_element[mine], piece.told_step[mine]] = values[mine]
        labels = [f"{name} of {element}" for element in elements]
        yield equal(SCHEDULE, told, written, labels, time)


def _written(view: View, output: str, elements: Sequence[str]) -> Array:
    """Values of an output by the names of its elements, (element, time)."""
    if output not in view.data:
        raise MissingValuesError(output)
    dimension = next((str(name) for name in view.data[output].dims if name != "time"), "")
    labels = view.data[dimension].to_numpy().astype(str).tolist() if dimension in view.data.coords else []
    place = {label: number for number, label in enumerate(labels)}
    absent = next((element for element in elements if element not in place), None)
    if absent is not None:
        raise MissingValuesError(output, absent)
    return view.array(output, (dimension, "time"))[[place[element] for element in elements]]
