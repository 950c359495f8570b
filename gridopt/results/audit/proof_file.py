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
from numpy.typing import ArrayLike, NDArray

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
        if self._number("form") != FORM:
            raise MissingValuesError(NAME, f"form {FORM}")
        self.count = int(self._number("pieces"))
        self.worth_at_end_cny = self._number("worth_at_end_cny")
        self.outputs: list[str] = self._read("output").tolist()
        #: Names of the elements of each output.
        self.elements: list[list[str]] = [
            self._read(f"element/{number}").tolist() for number in range(len(self.outputs))
        ]
        self.budgets: list[str] = self._read("budget/name").tolist()
        self.sign, self.price_cny, self.allowed = (
            self._of_budgets(f"budget/{name}") for name in ("sign", "price_cny", "allowed")
        )

    def scheduled(self) -> list[bool]:
        """Of each piece, whether its values are those of the schedule."""
        return [bool(each) for each in self._of_all("scheduled")]

    def cores(self) -> list[int]:
        """Steps of each piece."""
        return [int(each) for each in self._of_all("core")]

    def _of_all(self, name: str) -> list[float]:
        """A number of all pieces."""
        found: list[float] = []
        for number in range(self.count):
            key = f"piece/{number}/{name}"
            found.append(self._number(key) if key in self._arrays or not found else found[-1])
        return found

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
        core = int(parts["core"])
        elements = np.array([len(names) for names in self.elements])
        _below(which["told_output"], len(self.outputs))
        _below(which["told_element"], elements[which["told_output"]])
        _below(which["told_step"], core)
        return Piece(
            number=number,
            start=start,
            core=core,
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

    def _of_budgets(self, name: str) -> Array:
        try:
            return _sized(self._read(name), len(self.budgets))
        except ValueError as error:
            raise MissingValuesError(NAME, name) from error

    def _number(self, name: str) -> float:
        try:
            return float(self._read(name))
        except (ValueError, TypeError) as error:
            raise MissingValuesError(NAME, name) from error

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


def _below(numbers: NDArray[Any], count: ArrayLike) -> None:
    if not ((numbers >= 0) & (numbers < count)).all():
        raise ValueError("a number of what is not there")


def _sized(values: NDArray[Any], size: int) -> NDArray[Any]:
    if values.shape != (size,):
        raise ValueError(f"{values.shape} values where {size} are due")
    return values
