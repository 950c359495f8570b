r"""The lowest annual peak that demand response can reach, as a schedule on data.

For a peak :math:`z` the programs have to save :math:`\sum_k y_{k,t} \ge (\ell_t - z)^+` of the load
:math:`\ell` inside their limits.  That is a small linear program over the hours above :math:`z` (with on-states,
an integer one), and the least :math:`z` that is feasible is found by bisection.

What a shiftable program saves it takes back in hours below :math:`z`, inside its block and its share
:math:`w_k` of the room there: :math:`\varrho_k \sum y_k \le \sum \min(\bar Y_k, w_k (z - \ell_t)^+)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.optimize import Bounds, LinearConstraint, milp

from gridopt.model.response_schedule import ROUNDING, Array, CallLimits, Mask, Payback, Steps, around

# How closely the least peak is found, relative to the peak.
_PRECISION = 1e-5
# Branch-and-bound nodes of one trial; a peak that isn't shown to be reachable within them counts as out of reach.
_NODES = 2000
# Gaps up to this many steps are bridged.
_LONGEST_BRIDGE = 24
# What an hour on weighs against an hour of full response: without a reason nothing is called.
_IDLE = 1e-3


@dataclass(frozen=True)
class Shaver:
    """One program: what it can save (time,) [MW], the most of it [MW], its limits, its payback and room share."""

    power_mw: Array
    rated_mw: float
    limits: CallLimits
    payback: Payback | None = None
    room_share: float = 0.0


@dataclass(frozen=True)
class Shaved:
    """Peak [MW], response (program, time) [MW] and on-states (program, time) that lead to it."""

    peak_mw: float
    power_mw: Array
    on: Mask


def shave(load_mw: Array, shavers: list[Shaver], day: Steps, *, integer: bool) -> Shaved:
    """Find the schedule of the least annual peak.

    Parameters
    ----------
    load_mw
        (time,) load [MW].
    shavers
        Programs with their limits.
    day
        (time,) number of the calendar day.
    integer
        Whether programs are on or off; otherwise their limits hold for equivalent full hours.

    Examples
    --------
    10 MW for three hours in all level a peak of 8, 12 and 10 MW above 100 MW at the highest one:

    >>> program = Shaver(np.full(4, 10.0), 10.0, CallLimits(steps=2.0))
    >>> done = shave(np.array([100.0, 108.0, 112.0, 110.0]), [program], np.zeros(4, int), integer=False)
    >>> round(done.peak_mw, 2), done.power_mw.round(2).tolist()
    (103.33, [[0.0, 4.67, 8.67, 6.67]])
    """
    nothing = np.zeros((len(shavers), load_mw.size))
    best = Shaved(float(load_mw.max()), nothing, nothing > 0)
    low = float((load_mw - np.sum([shaver.power_mw for shaver in shavers], axis=0)).max())
    least = _reach(low, load_mw, shavers, day, integer=integer)
    if least is not None:
        return least
    while best.peak_mw - low > _PRECISION * abs(best.peak_mw):
        trial = (low + best.peak_mw) / 2
        found = _reach(trial, load_mw, shavers, day, integer=integer)
        if found is None:
            low = trial
        else:
            best = found
    return best


def _reach(peak_mw: float, load_mw: Array, shavers: list[Shaver], day: Steps, *, integer: bool) -> Shaved | None:
    """Schedule with the least response that keeps the load at or below a peak; None if none is found."""
    above = load_mw > peak_mw
    at = np.flatnonzero(_bridged(above, shavers) if integer else above)
    schedule = np.zeros((len(shavers), load_mw.size))
    if not at.size:
        return Shaved(peak_mw, schedule, schedule > 0)
    parts = [_rows(shaver, at, load_mw, day, peak_mw, integer=integer) for shaver in shavers]
    width, own = at.size, parts[0].upper.size
    # columns of every program: response, then on-states and starts
    save = sp.hstack([sp.eye_array(width, own)] * len(shavers), format="csr")
    solved = milp(
        np.concatenate([part.weight for part in parts]),
        integrality=np.tile(np.arange(own) >= width, len(shavers)),
        bounds=Bounds(0.0, np.concatenate([part.upper for part in parts])),
        constraints=[
            LinearConstraint(save, np.maximum(load_mw[at] - peak_mw, 0.0), np.inf),
            LinearConstraint(
                sp.block_diag([part.matrix for part in parts], format="csr"),
                -np.inf,
                np.concatenate([part.most for part in parts]),
            ),
        ],
        options={"node_limit": _NODES, "mip_rel_gap": 0.01},
    )
    if solved.x is None:
        return None
    on = schedule > 0
    for k, (part, found) in enumerate(zip(parts, solved.x.reshape(len(shavers), own), strict=True)):
        values = _kept(part, found, width)
        schedule[k, at] = values[:width]
        on[k, at] = (values[width : 2 * width] if integer else values) > 0
    return Shaved(peak_mw, schedule, on)


def _kept(part: _Rows, values: Array, width: int) -> Array:
    """Values of a program's columns, without what the solver's tolerance leaves above its limits.

    The schedule is fixed in the dispatch, where the same limits hold: what exceeds them by however little could
    not be done there.  States are whole, there is no response without one, and rows that are exceeded have all of
    their response reduced by the same part.
    """
    states = np.round(values[width:])
    power = np.clip(values[:width], 0.0, part.upper[:width])
    if states.size:
        power = np.where(states[:width] > 0, power, 0.0)
    exact = np.concatenate([power, states])
    use, most = part.matrix @ exact, part.most
    kept = np.divide(most, use, out=np.ones_like(use), where=(use > most) & (most >= 0))
    exact[:width] *= np.where(part.matrix[:, :width].toarray() > 0, kept[:, None], 1.0).min(axis=0, initial=1.0)
    return exact


@dataclass(frozen=True)
class _Rows:
    """One program: weights and upper bounds of its columns, rows and their right-hand sides."""

    weight: Array
    upper: Array
    matrix: sp.csr_array
    most: Array


def _rows(shaver: Shaver, at: Steps, load_mw: Array, day: Steps, peak_mw: float, *, integer: bool) -> _Rows:
    """Limits of a program over the steps ``at``: of its on-states, or of equivalent full hours."""
    limits, width, zero = shaver.limits, at.size, sp.csr_array((at.size, at.size))
    power = np.where(load_mw[at] > peak_mw, shaver.power_mw[at], 0.0)
    ones, same = sp.csr_array(np.ones((1, width))), sp.eye_array(width, format="csr")
    sums, most = _sums(at, day[at], limits)
    room, space = _room(shaver, at, load_mw, peak_mw)
    weight = np.full(width, 1.0 / max(shaver.rated_mw, 1e-9))
    saved, saved_most = sp.vstack([ones, room], format="csr"), np.concatenate([[limits.energy], space])
    if not integer:
        matrix = sp.vstack([saved, sums], format="csr")
        return _Rows(weight, power, *_finite(matrix, np.concatenate([saved_most, most * shaver.rated_mw])))
    back = at[:, None] - at[None, :]
    before, after = sp.csr_array(back == 1, dtype=float), sp.csr_array(back == -1, dtype=float)
    soon = sp.csr_array((back < 0) & (back >= -limits.rest_steps), dtype=float)
    empty = sp.csr_array((1, width))
    blocks: list[list[Any]] = [
        [saved, None, None],
        [None, sums, None],
        [same, -sp.diags_array(power), zero],
        [zero, same - before, -same],
        [empty, empty, ones],
    ]
    right = [saved_most, np.floor(most + ROUNDING), np.zeros(width), np.zeros(width), np.array([limits.calls])]
    if limits.rest_steps:
        blocks.append([zero, same - after, soon])
        right.append(np.ones(width))
    matrix = sp.block_array(blocks, format="csr")
    upper = np.concatenate([power, np.ones(2 * width)])
    weights = np.concatenate([weight, np.full(width, _IDLE), np.zeros(width)])
    return _Rows(weights, upper, *_finite(matrix, np.concatenate(right)))


def _sums(at: Steps, day: Steps, limits: CallLimits) -> tuple[sp.csr_array, Array]:
    """Steps on in all, in each day, and in all runs of steps one longer than an event, with their limits."""
    rows, most = [np.ones((1, at.size))], [np.array([limits.steps])]
    if np.isfinite(limits.day_steps):
        days = np.unique(day)
        rows.append((day[None, :] == days[:, None]).astype(float))
        most.append(np.full(days.size, limits.day_steps))
    if np.isfinite(limits.event_steps):
        back = at[:, None] - at[None, :]
        rows.append(((back >= 0) & (back <= int(limits.event_steps + ROUNDING))).astype(float))
        most.append(np.full(at.size, limits.event_steps))
    return sp.csr_array(np.vstack(rows)), np.concatenate(most)


def _room(shaver: Shaver, at: Steps, load_mw: Array, peak_mw: float) -> tuple[sp.csr_array, Array]:
    """What is saved in each block, and what can be taken back there below the peak."""
    back = shaver.payback
    if back is None:
        return sp.csr_array((0, at.size)), np.zeros(0)
    blocks = np.unique(back.block[at])
    room = np.clip(shaver.room_share * (peak_mw - load_mw), 0.0, back.most_mw)
    space = np.array([room[back.block == block].sum() for block in blocks])
    return sp.csr_array(back.per_mw * (back.block[at][None, :] == blocks[:, None])), space


def _finite(matrix: sp.csr_array, most: Array) -> tuple[sp.csr_array, Array]:
    stated = np.flatnonzero(np.isfinite(most))
    return sp.csr_array(matrix[stated]), most[stated]


def _bridged(above: Mask, shavers: list[Shaver]) -> Mask:
    """Steps above the peak, and short gaps between them: a program may stay on there and save a call."""
    longest = max(shaver.limits.event_steps for shaver in shavers)
    reach = int(min(longest + ROUNDING, _LONGEST_BRIDGE)) // 2 + 1
    return above | (around(above, reach) & ~_outside(above))


def _outside(above: Mask) -> Mask:
    """Steps before the first and after the last one above the peak."""
    if not above.any():
        return ~above
    first, last = np.flatnonzero(above)[[0, -1]]
    step = np.arange(above.size)
    outside: Mask = (step < first) | (step > last)
    return outside
