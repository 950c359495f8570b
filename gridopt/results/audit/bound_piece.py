"""One piece of a lower bound: what its multipliers add up to, and whether the schedule is a point of its program."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from gridopt.results.audit.finding import (
    OBJECTIVE,
    PROOF_ROW,
    PROOF_SUM,
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
COST = Check("cost in the proof", "the schedule costs in the proof what it costs in the result", "CNY")
SCHEDULE = Check("schedule of the proof", "what the proof takes for the schedule is what the result says", "of the output")

CHECKS = (SOUND, ROWS, LIMITS, COST, SCHEDULE)

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


def rows(piece: Piece, after: Piece | None) -> Finding:
    """The values of the schedule keep the rows of a piece, and those into the next one."""
    found = [_kept(piece.inside, piece.values, 0.0, "row", piece.number)]
    if after is not None and after.scheduled:
        ahead = over_columns(piece.beyond, after.values.size) @ after.values
        found.append(_kept(piece.seam, piece.values, ahead, "row over the seam", piece.number))
    return worse(*found)


def _kept(group: Rows, values: Array, ahead: Array | float, word: str, window: int) -> Finding:
    amount = group.matrix @ values + ahead
    size = abs(group.matrix) @ np.abs(values) + np.abs(ahead)
    return _between(ROWS, amount, (group.lower, group.upper), size, _numbered(word, amount.size), window)


def _between(
    check: Check, values: Array, limits: tuple[Array, Array], size: Array, places: Sequence[str], window: int
) -> Finding:
    """Values between limits, all three in the size of what is compared, at least 1."""
    (lower, upper), size = limits, np.maximum(size, 1.0)
    sides = (values, upper), (-values, -lower)
    found = (
        at_most(check, (left / size)[:, None], (right / size)[:, None], places, [f"window {window}"], tolerance=PROOF_ROW)
        for left, right in sides
    )
    return worse(*found)


def limits(piece: Piece, file: ProofFile) -> Finding:
    """The values of the schedule lie within the limits of their columns."""
    places = _Places(piece.values.size, lambda column: _column_name(piece, file, column))
    return _between(LIMITS, piece.values, (piece.lower, piece.upper), np.abs(piece.values), places, piece.number)


def _column_name(piece: Piece, file: ProofFile, column: int) -> str:
    """The output that a column is, or else its number."""
    alone = np.flatnonzero(np.diff(piece.told.indptr) == 1)
    mine = alone[piece.told.indices[piece.told.indptr[alone]] == column]
    if not mine.size:
        return f"column {column}"
    output, element, step = (int(each[mine[0]]) for each in (piece.told_output, piece.told_element, piece.told_step))
    return f"{file.outputs[output]} of {file.elements(output)[element]} in step {step}"


def cost(piece: Piece, file: ProofFile, spent_cny: Array) -> Finding:
    """A piece costs what its steps cost in the result; where it was solved again with more rules, it costs no more.

    Parameters
    ----------
    piece, file
        The piece, and the file that it is from.
    spent_cny
        (time,) cost and penalty of each step of the horizon.
    """
    terms = piece.cost * piece.values
    left = float(terms.sum()) + piece.constant_cny
    if piece.number == file.count - 1:
        left += file.worth_at_end_cny
    spent = spent_cny[piece.start : piece.start + piece.core]
    allowed = OBJECTIVE * (float(np.abs(terms).sum()) + float(np.abs(spent).sum()))
    compare = equal if piece.scheduled else at_most
    return compare(COST, [[left]], [[float(spent.sum())]], [f"window {piece.number}"], [""], tolerance=allowed)


def schedule(piece: Piece, file: ProofFile, view: View) -> Iterator[Finding]:
    """Columns that are outputs have the values of the outputs."""
    values = piece.told @ piece.values
    time = view.time[piece.start : piece.start + piece.core]
    for output in np.unique(piece.told_output).tolist():
        mine = np.flatnonzero(piece.told_output == output)
        name = file.outputs[output]
        elements = file.elements(output)
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
