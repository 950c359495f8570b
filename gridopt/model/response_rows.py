r"""Rows that look back over a few steps, also into the window before, as constant matrices.

A series (element, step) with ``before`` steps of the window before is flattened column by column; every row is
then a sparse product with what was before (known) and what is in the window (variable).  The coefficients do
not depend on where the window lies, so one stated problem serves all windows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Array = NDArray[np.float64]
Steps = NDArray[np.int64]


@dataclass(frozen=True)
class LookBack:
    """Rows of a flattened series: (row, element · steps before) and (row, element · steps of the window)."""

    past: sp.csr_array
    now: sp.csr_array

    def known(self, history: Array) -> Array:
        """What the window before puts into every row, (row,), from its last steps (element, before)."""
        value: Array = self.past @ history.ravel(order="F")
        return value

    def value(self, series: Array) -> Array:
        """What a series of the window (element, step) puts into every row, (row,)."""
        value: Array = self.now @ series.ravel(order="F")
        return value


def trailing_sums(length: Steps, before: int, steps: int) -> LookBack:
    r"""Return :math:`\sum_{\tau=t-L_i+1}^{t} x_{i,\tau}` of every element i and step t, step by step.

    Examples
    --------
    >>> rows = trailing_sums(np.array([2]), before=1, steps=3)
    >>> rows.known(np.array([[5.0]])) + rows.value(np.array([[1.0, 2.0, 3.0]]))
    array([6., 3., 5.])
    """
    count = length.size
    element, step, lag = _grid(count, np.arange(steps), int(length.max(initial=0)))
    used = (lag < length[element]) & (step - lag >= -before)
    element, step, lag = element[used], step[used], lag[used]
    return _split(element + count * step, step - lag, element, 1.0, (count * steps, count, before, steps))


def rest_rows(rest: Steps, before: int, steps: int) -> tuple[LookBack, LookBack]:
    r"""Left-hand sides of :math:`v_t - v_{t+1} + \sum_{\tau=t+1}^{t+R} a_\tau \le 1`, for v and for a.

    Rows of elements without rest, and rows that hold nothing of the window, are left out.  The first ones
    belong to events that ended in the window before.
    """
    count, longest = rest.size, int(rest.max(initial=0))
    element, step = (part.ravel() for part in np.meshgrid(np.arange(count), np.arange(-before, steps - 1)))
    stated = (rest[element] > 0) & (step + rest[element] >= 0)
    element, step = element[stated], step[stated]
    row, shape = np.arange(element.size), (element.size, count, before, steps)
    on = _split(
        np.tile(row, 2),
        np.concatenate([step, step + 1]),
        np.tile(element, 2),
        np.repeat([1.0, -1.0], row.size),
        shape,
    )
    ahead = step[:, None] + np.arange(1, longest + 1)[None, :]
    used = (np.arange(1, longest + 1)[None, :] <= rest[element][:, None]) & (ahead < steps)
    rows, columns = np.nonzero(used)
    return on, _split(rows, ahead[rows, columns], element[rows], 1.0, shape)


def _grid(count: int, step: Steps, lags: int) -> tuple[Steps, Steps, Steps]:
    element, steps, lag = np.meshgrid(np.arange(count), step, np.arange(lags), indexing="ij")
    return element.ravel(), steps.ravel(), lag.ravel()


def _split(row: Steps, step: Steps, element: Steps, value: Array | float, shape: tuple[int, int, int, int]) -> LookBack:
    """Entries at steps counted from the start of the window (negative: before it), apart for past and present."""
    rows, count, before, steps = shape
    values = np.broadcast_to(np.asarray(value, dtype=float), row.shape)
    old = step < 0
    past = (values[old], (row[old], element[old] + count * (step[old] + before)))
    now = (values[~old], (row[~old], element[~old] + count * step[~old]))
    return LookBack(sp.csr_array(past, shape=(rows, count * before)), sp.csr_array(now, shape=(rows, count * steps)))
