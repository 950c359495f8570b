"""What a tie may do from hour to hour: blocks of a staircase, limits that ramps can keep, the energy corridor.

Everything here is computed once for the whole horizon, so that no window can steer a tie into a corner from
which ramps, blocks or the energy of its contract can't be kept.  Arrays are (tie, time).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Contract levels that differ by less are the same [MW].
_SAME_MW = 1e-9


def block_starts(contract_mw: Array, steps_per_day: Array, time: pd.DatetimeIndex, step_h: float) -> Mask:
    """Where the power of a staircase may change.

    On a day on which the contract changes, the blocks begin where it does.  Any other day is cut into
    ``steps_per_day`` equal blocks.  Blocks hang on the clock, not on the windows.

    Parameters
    ----------
    contract_mw
        (tie, time) contract [MW].
    steps_per_day
        (tie,) blocks of a day; NaN: the power may change in every step.
    time
        Ends of the steps.
    step_h
        Length of a step [h].

    Returns
    -------
    ndarray of bool
        (tie, time) true where the power may differ from that of the step before.

    Examples
    --------
    >>> time = pd.date_range("2030-01-01 06:00", periods=4, freq="6h")
    >>> block_starts(np.array([[5.0, 5.0, 5.0, 5.0], [5.0, 5.0, 7.0, 7.0]]), np.array([2.0, 2.0]), time, 6.0)
    array([[ True, False,  True, False],
           [ True, False,  True, False]])
    """
    begin = time - pd.Timedelta(hours=step_h)
    day = np.asarray(begin.normalize())
    hour = np.asarray((begin - begin.normalize()) / pd.Timedelta(hours=1))
    new_day = np.concatenate([[True], day[1:] != day[:-1]])
    day_number = np.cumsum(new_day) - 1
    changes = np.abs(np.diff(contract_mw, axis=1, prepend=contract_mw[:, :1])) > _SAME_MW
    per_day = np.zeros((len(contract_mw), day_number[-1] + 1))
    np.add.at(per_day.T, day_number, changes.T)
    block = np.floor(hour[None, :] * np.nan_to_num(steps_per_day)[:, None] / 24 + 1e-9)
    equal = np.diff(block, axis=1, prepend=-1.0) != 0
    equal |= new_day & (np.nan_to_num(steps_per_day) > 0)[:, None]
    starts = np.where(per_day[:, day_number] > 0, changes, equal)
    starts[:, 0] = True
    free: Mask = starts | np.isnan(steps_per_day)[:, None]
    return free


def largest_change_mw(starts: Mask, ramp_mw_per_h: Array, step_h: float) -> Array:
    """Most that the power may change from the step before, (tie, time) [MW]; infinite without a ramp.

    Examples
    --------
    >>> largest_change_mw(np.array([[True, False], [True, True]]), np.array([np.inf, 40.0]), 0.5)
    array([[inf,  0.],
           [20., 20.]])
    """
    most: Array = np.where(starts, np.maximum(ramp_mw_per_h * step_h, 0.0)[:, None], 0.0)
    return most


def kept_limits(low_mw: Array, high_mw: Array, change_mw: Array) -> tuple[Array, Array]:
    """Narrow the limits of every step to the powers from which all later limits can be kept.

    From any power within the narrowed limits some power within those of the next step is in reach; where the
    lower limit comes out above the upper one, no schedule keeps the limits at all.

    Examples
    --------
    >>> low, high = np.zeros((1, 3)), np.array([[90.0, 90.0, 20.0]])
    >>> kept_limits(low, high, np.full((1, 3), 30.0))[1]
    array([[80., 50., 20.]])
    """
    low, high = low_mw.copy(), high_mw.copy()
    for t in range(low.shape[1] - 2, -1, -1):
        low[:, t] = np.maximum(low[:, t], low[:, t + 1] - change_mw[:, t + 1])
        high[:, t] = np.minimum(high[:, t], high[:, t + 1] + change_mw[:, t + 1])
    return low, high


def period_ends(time: pd.DatetimeIndex, step_h: float, monthly: Mask) -> Mask:
    """Last steps of the periods over which energy is balanced: calendar months or years, and the horizon.

    Examples
    --------
    >>> time = pd.date_range("2030-01-31 12:00", periods=4, freq="12h")
    >>> period_ends(time, 12.0, np.array([True, False]))
    array([[False,  True, False,  True],
           [False, False, False,  True]])
    """
    begin = time - pd.Timedelta(hours=step_h)
    year = np.asarray(begin.year)
    number = np.where(monthly[:, None], year * 12 + np.asarray(begin.month), year)
    last: Mask = np.concatenate([number[:, 1:] != number[:, :-1], np.ones((len(monthly), 1), dtype=bool)], axis=1)
    return last


def deviation_corridor(
    above_mw: Array, below_mw: Array, most_mwh: Array, ends: Mask, step_h: float
) -> tuple[Array, Array]:
    """Where the energy exchanged beyond the contract may stand after each step.

    Within the most that is allowed, and never further than the band can bring back by the end of the period.
    Where both can't be had, what the band can bring back comes first.

    Parameters
    ----------
    above_mw, below_mw
        (tie, time) highest and lowest power less the contract [MW].
    most_mwh
        (tie,) largest deviation within a period [MWh].
    ends
        (tie, time) last steps of the periods, at which the deviation returns to zero.
    step_h
        Length of a step [h].

    Returns
    -------
    tuple of ndarray
        Lower and upper limit of the deviation, (tie, time) [MWh].

    Examples
    --------
    >>> band = np.full((1, 5), 10.0)
    >>> ends = np.array([[False, False, False, False, True]])
    >>> deviation_corridor(band, -band, np.array([25.0]), ends, 1.0)[1]
    array([[25., 25., 20., 10.,  0.]])
    """
    lower, upper = np.zeros_like(above_mw), np.zeros_like(above_mw)
    for t in range(above_mw.shape[1] - 2, -1, -1):
        least = lower[:, t + 1] - above_mw[:, t + 1] * step_h
        most = upper[:, t + 1] - below_mw[:, t + 1] * step_h
        allowed = np.where(ends[:, t], 0.0, most_mwh)
        lower[:, t] = np.clip(-allowed, least, most)
        upper[:, t] = np.clip(allowed, least, most)
    return lower, upper
