"""Pure functions that give a series a wanted mean without breaking its limits.

Two tools:

- :func:`raised`, ``x -> 1 - (1 - x)^k``: monotone, maps 0..1 onto 0..1, multiplies small values by ``k`` and
  saturates at 1. With ``k`` found by :func:`exponent_for_mean` a month gets exactly the wanted mean and
  nothing has to be cut off.
- :func:`smooth_factors`: day factors that give every period its sum and change from day to day as little as
  possible (proportional first differences; F. T. Denton, "Adjustment of monthly or quarterly series to annual
  totals", J. Am. Stat. Assoc. 66 (1971) 99-102, doi 10.1080/01621459.1971.10482227).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_LOG_EXPONENT_LIMIT = 5.0
_BISECTIONS = 80


def raised(x: ArrayLike, exponent: ArrayLike) -> NDArray[np.float64]:
    """``1 - (1 - x)^exponent`` for x in 0..1; values above 1 (a clearness in low sun) stay as they are."""
    values = np.asarray(x, dtype=np.float64)
    lifted = -np.expm1(np.asarray(exponent) * np.log1p(-np.minimum(values, 1.0 - 1e-15)))
    result: NDArray[np.float64] = np.where(values < 1.0, lifted, values)
    return result


def exponent_for_mean(x: NDArray[np.float64], mean: float, *, weight: NDArray[np.float64] | float = 1.0) -> float:
    """Exponent with which the mean of ``weight * raised(x, exponent)`` is ``mean``.

    Parameters
    ----------
    x : array
        Values 0..1, any shape.
    mean : float
        Wanted mean over all elements of ``weight * raised(x, k)``.
    weight : array or float
        Broadcast against ``x``.

    Raises
    ------
    ValueError
        If no exponent reaches the mean.
    """
    low, high = -_LOG_EXPONENT_LIMIT, _LOG_EXPONENT_LIMIT

    def error(log_exponent: float) -> float:
        return float(np.mean(weight * raised(x, np.exp(log_exponent)))) - mean

    if error(low) > 0 or error(high) < 0:
        raise ValueError(f"mean {mean:.4f} can't be reached by an exponent in e^-5 ... e^5")
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if error(middle) < 0 else (low, middle)
    return float(np.exp(0.5 * (low + high)))


def smooth_factors(
    base: NDArray[np.float64],
    period: NDArray[np.int64],
    sums: NDArray[np.float64],
    *,
    cyclic: bool = False,
) -> NDArray[np.float64]:
    """Factors f, shape (days,), with ``sum(f * base)`` of each period as given and least sum of (f' - f)².

    Parameters
    ----------
    base : array, shape (days,)
        Series before the correction.
    period : array, shape (days,)
        Period number 0 ... n-1 of each day; -1 for days that belong to none.
    sums : array, shape (n,)
        Wanted sum of ``f * base`` in each period.
    cyclic : bool
        Whether the last day is followed by the first.
    """
    days, periods = base.size, sums.size
    difference = np.roll(np.eye(days), 1, axis=1) - np.eye(days)
    if not cyclic:
        difference = difference[:-1]
    membership = np.zeros((periods, days))
    inside = period >= 0
    membership[period[inside], np.flatnonzero(inside)] = base[inside]
    # Stationarity and the sums as one linear system; the tiny ridge towards 1 makes it regular.
    ridge = 1e-9 * np.eye(days)
    system = np.block([[difference.T @ difference + ridge, membership.T], [membership, np.zeros((periods,) * 2)]])
    solution = np.linalg.solve(system, np.concatenate([ridge @ np.ones(days), sums]))
    factors: NDArray[np.float64] = solution[:days]
    return factors
