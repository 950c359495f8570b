"""Small pieces that the rows of every component are made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Array = NDArray[np.float64]


def add_up(parts: Iterable[cp.Expression | None]) -> Any:
    """Sum of the expressions that are there (a cvxpy expression); None where there is none."""
    there = [part for part in parts if part is not None]
    return sum(there[1:], start=there[0]) if there else None


def every_step(values: Array, steps: int) -> Array:
    """Values (element,) that hold in every step, (element, step).

    Examples
    --------
    >>> every_step(np.array([1.0, 2.0]), 3).tolist()
    [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]
    """
    return np.repeat(values[:, None], steps, axis=1)


def one_over(size: Array) -> Array:
    """One over a size; 0 where there is none.

    Examples
    --------
    >>> one_over(np.array([4.0, 0.0])).tolist()
    [0.25, 0.0]
    """
    return np.divide(1.0, size, out=np.zeros_like(size), where=size > 0)


def places(rows: NDArray[np.int64], among: int | NDArray[np.int64], weight: Array | None = None) -> sp.csr_array:
    """Matrix that puts values of some elements at their places, (place, row); what has no place falls out.

    Parameters
    ----------
    rows
        Numbers of the elements that have values.
    among
        Numbers of the elements that have a place, or how many elements there are in all.
    weight
        (row,) factor of each value; 1 by default.

    Examples
    --------
    >>> (places(np.array([0, 2]), 3) @ np.array([5.0, 7.0])).tolist()
    [5.0, 0.0, 7.0]
    >>> (places(np.array([0, 2]), np.array([2, 3]), np.array([1.0, 0.5])) @ np.array([5.0, 7.0])).tolist()
    [3.5, 0.0]
    """
    there = np.arange(among) if isinstance(among, int) else among
    place, column = np.nonzero(there[:, None] == rows[None, :])
    entries = np.ones(column.size) if weight is None else weight[column]
    return sp.csr_array((entries, (place, column)), shape=(there.size, rows.size))
