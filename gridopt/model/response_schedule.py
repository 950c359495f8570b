"""On/off schedules of demand response as plain arrays: what limits allow, and the drill.

Everything here is data: series over the time of a year, before any optimisation of the dispatch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Steps = NDArray[np.int64]

#: What a limit may be exceeded by through rounding: of energy relative to it, of steps as it is.
ROUNDING = 1e-9


@dataclass(frozen=True)
class CallLimits:
    """Limits of one program's calls, in steps; infinite where there is none.

    Parameters
    ----------
    energy
        Energy over all steps, in MW times steps.
    steps, calls
        Steps on and events over all steps.
    event_steps, day_steps
        Longest event, most steps of a calendar day.
    rest_steps
        Fewest steps off between two events.
    """

    energy: float = np.inf
    steps: float = np.inf
    calls: float = np.inf
    event_steps: float = np.inf
    day_steps: float = np.inf
    rest_steps: int = 0


def events(on: Mask) -> tuple[Steps, Steps]:
    """First and last step of every event.

    Examples
    --------
    >>> events(np.array([True, False, True, True]))
    (array([0, 2]), array([0, 3]))
    """
    edge = np.diff(np.concatenate([[0], on.astype(np.int8), [0]]))
    return np.flatnonzero(edge == 1), np.flatnonzero(edge == -1) - 1


def keeps_limits(on: Mask, power_mw: Array, day: Steps, limits: CallLimits) -> bool:
    """Whether a schedule (time,) with this power while on [MW] keeps all limits; ``day`` numbers the days."""
    first, last = events(on)
    if not first.size:
        return True
    return bool(
        power_mw[on].sum() <= limits.energy * (1 + ROUNDING)
        and on.sum() <= limits.steps + ROUNDING
        and first.size <= limits.calls
        and (last - first + 1).max() <= limits.event_steps + ROUNDING
        and np.unique(day[on], return_counts=True)[1].max() <= limits.day_steps + ROUNDING
        and (first[1:] - last[:-1] - 1 >= limits.rest_steps).all()
    )


@dataclass(frozen=True)
class Payback:
    """What a shiftable program must take back inside each block of steps.

    Parameters
    ----------
    block
        (time,) number of the block of each step.
    per_mw
        MW to be taken back per MW saved.
    most_mw
        Most power that can be taken on top of the load [MW], in steps without response.
    """

    block: Steps
    per_mw: float
    most_mw: float

    def has_room(self, power_mw: Array, step: int) -> bool:
        """Whether what is saved (time,) [MW] can be taken back in the block of a step."""
        saved = power_mw[self.block == self.block[step]]
        return bool(self.per_mw * saved.sum() <= (self.most_mw - saved).sum() * (1 + ROUNDING))


def drill_hours(
    load_mw: Array,
    power_mw: Array,
    day: Steps,
    limits: CallLimits,
    *,
    steps: int,
    payback: Payback | None = None,
) -> Mask:
    """Steps in which a program is called in a drill, from the highest load downwards.

    A step that would break a limit together with those chosen before is passed over; equal loads are taken in
    the order of time.

    Parameters
    ----------
    load_mw, power_mw
        (time,) load, and what the program saves when called [MW].
    day
        (time,) number of the calendar day.
    limits
        Limits of the program.
    steps
        How many steps are wanted.
    payback
        For shiftable programs.

    Examples
    --------
    Two hours of a load that peaks in the evening, one hour per event and an hour of rest:

    >>> load = np.array([5.0, 7.0, 9.0, 8.0, 6.0])
    >>> drill_hours(load, np.ones(5), np.zeros(5, int), CallLimits(event_steps=1, rest_steps=1), steps=2)
    array([False, False,  True, False,  True])
    """
    on = np.zeros(load_mw.size, dtype=np.bool_)
    left = steps
    for step in np.argsort(-load_mw, kind="stable"):
        if not left:
            break
        if power_mw[step] <= 0:
            continue
        on[step] = True
        kept = keeps_limits(on, power_mw, day, limits)
        if kept and (payback is None or payback.has_room(np.where(on, power_mw, 0.0), int(step))):
            left -= 1
        else:
            on[step] = False
    return on


def around(on: Mask, reach: int, day: Steps | None = None) -> Mask:
    """Steps no further than ``reach`` from one that is on; with ``day`` also all of the same days.

    Examples
    --------
    >>> around(np.array([False, False, False, True, False]), 1).astype(int)
    array([0, 0, 1, 1, 1])
    """
    near = np.zeros(on.size + 2 * reach, dtype=np.int64)
    for shift in range(2 * reach + 1):
        near[shift : shift + on.size] += on
    close: Mask = near[reach : reach + on.size] > 0
    return close if day is None else close | np.isin(day, np.unique(day[on]))


def without_idle_ends(on: Mask, active: Mask, on_before: Mask) -> Mask:
    """On-states (program, step) without the steps at the ends of an event in which nothing is called.

    An event that is on before the first step keeps its beginning: there would be a gap otherwise.

    Examples
    --------
    >>> on = np.array([[True, True, True, True, False, True]])
    >>> active = np.array([[False, True, False, False, False, False]])
    >>> without_idle_ends(on, active, np.array([False])).astype(int)
    array([[0, 1, 0, 0, 0, 0]])
    >>> without_idle_ends(on, active, np.array([True])).astype(int)
    array([[1, 1, 0, 0, 0, 0]])
    """
    tied = np.concatenate([on_before[:, None], on & active], axis=1)
    whole = np.concatenate([on_before[:, None], on], axis=1)
    forward, backward = _reached(tied, whole), _reached(tied[:, ::-1], whole[:, ::-1])[:, ::-1]
    kept: Mask = whole & forward & backward
    return kept[:, 1:]


def _reached(tied: Mask, on: Mask) -> Mask:
    """Whether an active step came before in the same event, (program, step)."""
    step = np.arange(on.shape[1])
    last_off = np.maximum.accumulate(np.where(on, -1, step), axis=1)
    last_active = np.maximum.accumulate(np.where(tied, step, -1), axis=1)
    reached: Mask = last_active > last_off
    return reached
