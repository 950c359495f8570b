"""Packs what a lower bound is added up from into one file, ``proof.npz``, so that the audit can add it up again.

The file is a zip of numpy arrays without pickles, see ``docs/results.md``.  All rows of all pieces are rows of one
sparse matrix in which none stands twice, as the windows of a horizon repeat most of them; and a part of a piece that
equals that of the piece before is left out.  So a year takes tens of MB.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.results.dataset import by_dimension

if TYPE_CHECKING:
    import xarray as xr

    from gridopt.horizon.evidence import Evidence, Told
    from gridopt.horizon.piece import Piece
    from gridopt.model.system import System

#: Layout of the file; another layout gets another number.
FORM = 1
Parts = dict[str, NDArray[Any]]


def pack(evidence: Evidence, system: System, dataset: xr.Dataset) -> bytes:
    """Pack what a bound is added up from.

    Parameters
    ----------
    evidence
        Its pieces are handed over: each is let go when it is packed, so that memory falls as the file grows.
    system, dataset
        What was solved, and its result: they name the elements.

    Returns
    -------
    bytes
        Content of ``proof.npz``.
    """
    buffer, rows = io.BytesIO(), _Rows()
    # windows of one shape share what they tell
    tellings = {id(told): _telling(told, rows) for told in evidence.told}
    with zipfile.ZipFile(buffer, "w") as archive:
        _write(archive, _whole(evidence, system, dataset))
        before: Parts = {}
        for number, (told, scheduled) in enumerate(zip(evidence.told, evidence.scheduled, strict=True)):
            parts = _piece(evidence.pieces.pop(0), rows) | tellings[id(told)] | {"scheduled": np.array(scheduled)}
            new = {name: values for name, values in parts.items() if not _same(values, before.get(name))}
            _write(archive, {f"piece/{number}/{name}": values for name, values in new.items()})
            before = parts
        _write(archive, rows.parts())
    return buffer.getvalue()


def _whole(evidence: Evidence, system: System, dataset: xr.Dataset) -> Parts:
    """What belongs to no piece."""
    # all windows of a system tell the same outputs
    names, labels = evidence.told[0].names, _labels(system, dataset)
    budgets: list[str] = dataset["budget"].to_numpy().tolist() if "budget" in dataset.coords else []
    return {
        "form": np.array(FORM),
        "pieces": np.array(len(evidence.pieces)),
        "worth_at_end_cny": np.array(evidence.worth_at_end_cny),
        "budget/name": np.array(budgets, dtype=str),
        "budget/sign": evidence.sign,
        "budget/price_cny": evidence.price_cny,
        "budget/allowed": evidence.allowed,
        "output": np.array([output for _, output in names], dtype=str),
        **{f"element/{number}": np.array(labels[part], dtype=str) for number, (part, _) in enumerate(names)},
    }


def _labels(system: System, dataset: xr.Dataset) -> dict[str, list[str]]:
    """Names of the elements of each component, as the result has them."""
    labels: dict[str, list[str]] = {}
    for dimension, members in by_dimension(system).items():
        names = dataset[dimension].to_numpy().astype(str).tolist()
        ends = np.cumsum([0, *(len(data.labels) for _, data in members)])
        labels |= {kind.name: names[a:b] for (kind, _), (a, b) in zip(members, pairwise(ends), strict=True)}
    return labels


def _telling(told: Told, rows: _Rows) -> Parts:
    """Which outputs the columns of a piece are."""
    which = {f"told_{name}": getattr(told, name).astype(np.int32) for name in ("output", "element", "step")}
    return {"told": rows.numbers("told", told.matrix), **which}


def _piece(piece: Piece, rows: _Rows) -> Parts:
    """The program of a piece with its multipliers and the schedule; matrices as numbers of rows."""
    parts: Parts = {
        "core": np.array(piece.core),
        "constant": np.array(piece.constant),
        **{name: getattr(piece, name) for name in ("cost", "lower", "upper", "values", "use_constant")},
        **{name: rows.numbers(name, getattr(piece, name)) for name in ("beyond", "use")},
    }
    for name, group in (("inside", piece.inside), ("seam", piece.seam)):
        parts[name] = rows.numbers(name, group.matrix)
        parts |= {f"{name}_{side}": getattr(group, side) for side in ("lower", "upper", "dual")}
    return parts


def _same(values: NDArray[Any], before: NDArray[Any] | None) -> bool:
    return before is not None and np.array_equal(values, before)


class _Rows:
    """Rows of sparse matrices, each kept once."""

    def __init__(self) -> None:
        self._number: dict[bytes, int] = {}
        # the matrix of each name that was numbered last, with its numbers
        self._last: dict[str, tuple[sp.csr_array, NDArray[np.int32]]] = {}
        self._columns: list[NDArray[np.int32]] = []
        self._factors: list[NDArray[np.float64]] = []
        self._lengths: list[NDArray[np.int32]] = []

    def numbers(self, name: str, matrix: sp.csr_array) -> NDArray[np.int32]:
        """Number of each row of a matrix among all rows that are kept, as steps from one to the next, (row,).

        Rows that follow each other mostly have numbers that do: their steps take a small part of the room.  Most
        matrices begin with the rows of the one before of the same name, whose numbers are known.
        """
        known = len(self._number)
        before, numbers = self._last.get(name, (sp.csr_array((0, 0)), np.zeros(0, np.int32)))
        same = _rows_in_common(before, matrix)
        other = [self._number.setdefault(key, len(self._number)) for key in _keys(matrix, same)]
        numbers = np.concatenate([numbers[:same], np.array(other, dtype=np.int32)])
        self._last[name] = matrix, numbers
        new, first = np.unique(numbers[same:], return_index=True)
        fresh = sp.csr_array(matrix[same + first[new >= known]])
        self._columns.append(fresh.indices.astype(np.int32))
        self._factors.append(fresh.data)
        self._lengths.append(np.diff(fresh.indptr).astype(np.int32))
        return np.diff(numbers, prepend=np.int32(0))

    def parts(self) -> Parts:
        """All rows, one behind the other: how many columns each has, which, and their factors."""
        return {
            "rows/length": np.concatenate(self._lengths),
            "rows/column": np.concatenate(self._columns),
            "rows/factor": np.concatenate(self._factors),
        }


def _rows_in_common(a: sp.csr_array, b: sp.csr_array) -> int:
    """How many rows two matrices begin with that are the same.

    Examples
    --------
    >>> one = sp.csr_array([[1.0, 0.0], [0.0, 2.0], [3.0, 3.0]])
    >>> others = [[1.0, 0.0], [0.0, 2.0]], [[1.0, 0.0], [2.0, 0.0]], [[1.0, 0.0], [0.0, 2.0], [3.0, 4.0]], [[1.0, 1.0]]
    >>> [_rows_in_common(one, sp.csr_array(other)) for other in others]
    [2, 1, 2, 0]
    """
    rows = min(a.shape[0], b.shape[0])
    ends = np.flatnonzero(a.indptr[: rows + 1] != b.indptr[: rows + 1])
    rows = int(ends[0]) - 1 if ends.size else rows
    entries = slice(int(b.indptr[rows]))
    differ = (a.indices[entries] != b.indices[entries]) | (a.data[entries] != b.data[entries])
    return int(np.searchsorted(b.indptr, differ.argmax(), side="right")) - 1 if differ.any() else rows


def _keys(matrix: sp.csr_array, start: int = 0) -> Iterator[bytes]:
    """The content of each row from one on."""
    columns, factors = matrix.indices.astype(np.int32).tobytes(), matrix.data.astype(np.float64).tobytes()
    for a, b in pairwise(matrix.indptr[start:].tolist()):
        yield columns[4 * a : 4 * b] + factors[8 * a : 8 * b]


def _write(archive: zipfile.ZipFile, parts: Parts) -> None:
    for name, values in parts.items():
        # an entry made like this has a fixed date: the same proof is the same file
        entry = zipfile.ZipInfo(f"{name}.npy")
        entry.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(entry, "w", force_zip64=True) as file:
            np.lib.format.write_array(file, values, allow_pickle=False)
