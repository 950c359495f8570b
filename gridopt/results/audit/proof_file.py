"""What the file of a proof, ``proof.npz``, says: the pieces of the horizon, with the audit's own eyes."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.results.audit.finding import Array, Whole
from gridopt.results.audit.view import MissingValuesError

#: Layout that is understood here.
FORM = 1
NAME = "proof.npz"


@dataclass(frozen=True)
class Rows:
    """Rows lower ≤ matrix·x ≤ upper with a multiplier each, (row,)."""

    matrix: sp.csr_array
    lower: Array
    upper: Array
    dual: Array


@dataclass(frozen=True)
class Piece:
    """A piece of the horizon.

    Parameters
    ----------
    number, start, core
        Which one it is, its first step in the horizon, and how many steps it has.
    cost, lower, upper, values
        (column,) what a unit costs [CNY], limits, and the values of the schedule.
    constant_cny
        Cost that no column has [CNY].
    inside, seam
        Rows within the piece, and the part here of those that reach into the next one.
    beyond
        The part of the latter over the columns of the next piece.
    use, use_constant
        Use of the budgets: use·x + use_constant, (budget, column) and (budget,).
    told, told_output, told_element, told_step
        (value, column) values of outputs, and which they are: (value,) number of the output, of the element, of the
        step within the piece.
    scheduled
        Whether the values are those of the schedule.
    """

    number: int
    start: int
    core: int
    cost: Array
    lower: Array
    upper: Array
    values: Array
    constant_cny: float
    inside: Rows
    seam: Rows
    beyond: sp.csr_array
    use: sp.csr_array
    use_constant: Array
    told: sp.csr_array
    told_output: Whole
    told_element: Whole
    told_step: Whole
    scheduled: bool


class ProofFile:
    """The arrays of a file by their names, read when they are asked for.

    Parameters
    ----------
    arrays
        As :func:`numpy.load` gives them.

    Raises
    ------
    MissingValuesError
        Here and later, where an array is missing or can't be what it should be.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._arrays = arrays
        if int(self._read("form")) != FORM:
            raise MissingValuesError(NAME, f"form {FORM}")
        self.count = int(self._read("pieces"))
        self.worth_at_end_cny = float(self._read("worth_at_end_cny"))
        self.outputs: list[str] = self._read("output").tolist()
        self.budgets: list[str] = self._read("budget/name").tolist()
        self.sign, self.price_cny, self.allowed = (
            self._array(f"budget/{name}", len(self.budgets)) for name in ("sign", "price_cny", "allowed")
        )

    @property
    def scheduled(self) -> list[bool]:
        """Of each piece, whether its values are those of the schedule."""
        told: list[bool] = []
        for number in range(self.count):
            key = f"piece/{number}/scheduled"
            told.append(bool(self._read(key)) if key in self._arrays or not told else told[-1])
        return told

    def elements(self, output: int) -> list[str]:
        """Names of the elements of an output."""
        names: list[str] = self._read(f"element/{output}").tolist()
        return names

    def pieces(self) -> Iterator[Piece]:
        """The pieces in the order of time."""
        parts: dict[str, NDArray[Any]] = {}
        start = 0
        for number in range(self.count):
            for name in _PARTS:
                key = f"piece/{number}/{name}"
                # what is not there is as in the piece before
                if key in self._arrays or name not in parts:
                    parts[name] = self._read(key)
            try:
                piece = self._piece(number, start, parts)
            except (ValueError, IndexError, TypeError) as error:
                raise MissingValuesError(NAME, f"piece {number}: {error}") from error
            yield piece
            start += piece.core

    def _piece(self, number: int, start: int, parts: Mapping[str, NDArray[Any]]) -> Piece:
        columns = parts["cost"].size
        vectors = {name: _sized(parts[name], columns) for name in ("cost", "lower", "upper", "values")}
        told = self._matrix(parts["told"], columns)
        which = {name: _sized(parts[name], told.shape[0]) for name in ("told_output", "told_element", "told_step")}
        return Piece(
            number=number,
            start=start,
            core=int(parts["core"]),
            constant_cny=float(parts["constant"]),
            inside=self._rows("inside", parts, columns),
            seam=self._rows("seam", parts, columns),
            beyond=self._matrix(parts["beyond"]),
            use=self._matrix(_sized(parts["use"], len(self.budgets)), columns),
            use_constant=_sized(parts["use_constant"], len(self.budgets)),
            told=told,
            scheduled=bool(parts["scheduled"]),
            **vectors,
            **which,
        )

    def _rows(self, name: str, parts: Mapping[str, NDArray[Any]], columns: int) -> Rows:
        matrix = self._matrix(parts[name], columns)
        return Rows(matrix, *(_sized(parts[f"{name}_{side}"], matrix.shape[0]) for side in ("lower", "upper", "dual")))

    @cached_property
    def _all_rows(self) -> sp.csr_array:
        length, column, factor = (self._read(f"rows/{name}") for name in ("length", "column", "factor"))
        try:
            first = np.concatenate([[0], np.cumsum(length, dtype=np.int64)])
            shape = (length.size, int(column.max(initial=-1)) + 1)
            return sp.csr_array((factor.astype(np.float64), column, first), shape=shape)
        except (ValueError, TypeError) as error:
            raise MissingValuesError(NAME, "rows") from error

    def _matrix(self, steps: NDArray[Any], columns: int | None = None) -> sp.csr_array:
        """Rows, each so many further on than the one before, over so many columns; by default as many as any has."""
        rows = sp.csr_array(self._all_rows[np.cumsum(steps, dtype=np.int64)])
        return rows if columns is None else over_columns(rows, columns)

    def _array(self, name: str, size: int) -> Array:
        return _sized(self._read(name), size)

    def _read(self, name: str) -> NDArray[Any]:
        try:
            return np.asarray(self._arrays[name])
        except (KeyError, ValueError, OSError, EOFError, BadZipFile, zlib.error) as error:
            raise MissingValuesError(NAME, name) from error


_PARTS = (
    *("core", "cost", "lower", "upper", "values", "constant", "scheduled"),
    *(f"{group}{part}" for group in ("inside", "seam") for part in ("", "_lower", "_upper", "_dual")),
    *("beyond", "use", "use_constant", "told", "told_output", "told_element", "told_step"),
)


def open_proof(folder: Path) -> AbstractContextManager[Mapping[str, NDArray[Any]] | None]:
    """The arrays of the proof in the folder of a result; None where there is none."""
    path = folder / NAME
    if not path.is_file():
        return nullcontext()
    opened: AbstractContextManager[Mapping[str, NDArray[Any]]] = np.load(path, allow_pickle=False)
    if not isinstance(opened, Mapping):
        raise ValueError(f"{NAME} is a single array")
    return opened


def over_columns(rows: sp.csr_array, columns: int) -> sp.csr_array:
    """The same rows over so many columns.

    Raises
    ------
    MissingValuesError
        Where a row has a column that is not there.
    """
    if rows.indices.max(initial=-1) >= columns:
        raise MissingValuesError(NAME, "a column of a row")
    return sp.csr_array((rows.data, rows.indices, rows.indptr), shape=(rows.shape[0], columns))


def _sized(values: NDArray[Any], size: int) -> NDArray[Any]:
    if values.shape != (size,):
        raise ValueError(f"{values.shape} values where {size} are due")
    return values
