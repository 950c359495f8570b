r"""Rows of a thermal cluster: minimum times, capacity, ramps (formulation, section 2).

.. math::
   \textstyle\sum_{\tau=t-UT+1}^{t} u_\tau &\le n_t + \sum_{\tau=t-UT+2}^{t} f_\tau, \qquad
   \textstyle\sum_{\tau=t-DT+1}^{t} d_\tau \le \bar N - n_t \\
   p'_t + r^{up}_t &\le (P^{max}-P^{min}) n_t - (P^{max}-SU) u_t - (P^{max}-SD) d_{t+1} - k_t \qquad (UT \ge 2) \\
   y_t + r^{up}_t - y_{t-1} &\le RU\Delta (n_t - u_t) + (SU - P^{min}) u_t + W f_t \\
   y_{t-1} - y_t + r^{dn}_t &\le RD\Delta (n_t - u_t) + (SD - P^{min}) d_t + (P^{max}-P^{min}) f_t

Units that give heat in their last step on lose both :math:`P^{max}-P^{max,heat}`, which stands in :math:`k`, and
:math:`P^{max}-SD`, but only the larger of the two.  With :math:`m`, the smaller, and :math:`h_t` units that give heat
in step t and no more in the next, at most :math:`o_t = \min(h_t, d_{t+1})` units are counted twice and
:math:`k_t - m\,o_t` is the right cut.  As it is the larger of two linear functions, two rows say so: one with
:math:`k_t - m h_t`, and one with :math:`k_t` and :math:`(P^{max}-SD-m)\, d_{t+1}`, which enters where it is broken.

At the first step the second line, written for the step before it, limits :math:`d_1` by what was running then.
For UT = 1 it becomes two rows, as a unit may start and stop in neighbouring steps.  Units that trip,
:math:`f`, are exempt from SD, RD and UT; :math:`W` is the depth of the bands below the minimum.

Ramp rows that can't bind are left out.  Clusters with bands always have them, with a ramp of at most the whole
range: they keep a unit from starting into a band or stopping out of one.  Start and stop ramps: Morales-España,
Latorre & Ramos 2013, doi:10.1109/TPWRS.2013.2251373.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.model.algebra import every_step
from gridopt.model.component import Array, previous
from gridopt.model.worth import ReducedCosts, of_lower, price

if TYPE_CHECKING:
    from gridopt.model.thermal import Thermal

_MW = 1e-6
_SEAM_TOLERANCE = 1e-6


def minimum_times(part: Thermal) -> list[cp.Constraint]:
    """Units stay on, and off, for their minimum times.

    Also for a single step: without it a unit could stop and start at once to escape its ramps.
    """
    d, rows = part.data, []
    for length in np.unique(d.min_up_steps):
        of = np.flatnonzero(d.min_up_steps == length)
        recent = part.start[of] @ last_steps(part.steps, int(length))
        stay = part.on[of]
        if part.trip is not None and length > 1:
            stay = stay + part.trip[of] @ last_steps(part.steps, int(length) - 1)
        rows.append((recent + part.held_on[of] <= stay).set_label("minimum time on"))
    for length in np.unique(d.min_down_steps):
        of = np.flatnonzero(d.min_down_steps == length)
        recent = part.stop[of] @ last_steps(part.steps, int(length))
        most = every_step(d.n_units[of], part.steps)
        rows.append((recent + part.held_off[of] <= most - part.on[of]).set_label("minimum time off"))
    return rows


def capacity(part: Thermal) -> list[cp.Constraint]:
    """Output and upward reserve fit under the units' limits, and under their start and stop ramps."""
    d = part.data
    at_start, at_stop = start_and_stop_cuts(d.max_mw, d.startup_ramp_mw, d.shutdown_ramp_mw)
    return _capacity(part, part.cut, at_start, at_stop, np.arange(d.count))


def heated_capacity(part: Thermal) -> list[cp.Constraint]:
    """The same for units that give heat in their last step on: they stop from what their heat leaves of their range.

    ``capacity`` takes all heating units for stopping ones that may be; this is the row if fewer of them stop.
    """
    d = part.data
    at_start, _ = start_and_stop_cuts(d.max_mw, d.startup_ramp_mw, d.shutdown_ramp_mw)
    of = np.flatnonzero(d.shared_cut_mw > _MW)
    return _capacity(part, part.heat_cut, at_start, d.heated_stop_cut_mw[:, None], of) if of.size else []


def _capacity(
    part: Thermal, cut: cp.Parameter, at_start: Array, at_stop: Array, clusters: NDArray[np.int64]
) -> list[cp.Constraint]:
    d, steps = part.data, part.steps
    span = (d.max_mw - d.min_mw)[:, None]
    next_stop = cp.hstack([part.stop[:, 1:], np.zeros((d.count, 1))]) if steps > 1 else np.zeros((d.count, 1))
    room = cp.multiply(span, part.on) - cut - part.above
    if part.up is not None:
        room = room - part.up.total()
    rows = []
    long = clusters[d.min_up_steps[clusters] >= 2]
    if long.size:
        limits = cp.multiply(at_start, part.start) + cp.multiply(at_stop, next_stop)
        rows.append(((room - limits)[long] >= 0).set_label("largest output of running units [MW]"))
    short = clusters[d.min_up_steps[clusters] < 2]
    if short.size:
        extra_stop = np.maximum(at_stop - at_start, 0.0)
        extra_start = np.maximum(at_start - at_stop, 0.0)
        starting = cp.multiply(at_start, part.start) + cp.multiply(extra_stop, next_stop)
        stopping = cp.multiply(at_stop, next_stop) + cp.multiply(extra_start, part.start)
        rows.append(((room - starting)[short] >= 0).set_label("largest output of running units [MW]"))
        # the same row again where units may stop from any output
        other = np.intersect1d(short, np.flatnonzero(at_stop > 0))
        if other.size:
            rows.append(((room - stopping)[other] >= 0).set_label("largest output of running units [MW]"))
    return rows


def start_and_stop_cuts(max_mw: Array, start_mw: Array, stop_mw: Array) -> tuple[Array, Array]:
    """What a unit's limit falls by in its first and last step on, each (element, 1) [MW]."""
    return np.maximum(max_mw - start_mw, 0.0)[:, None], np.maximum(max_mw - stop_mw, 0.0)[:, None]


def ramps(part: Thermal) -> list[cp.Constraint]:
    """Rise and fall of the output above the minimum, with the reserve held on top of it."""
    d, rows = part.data, []
    change = part.regulated - previous(part.above_before, part.regulated)
    span, depth = d.max_mw - d.min_mw, d.depth_mw
    at_start = np.maximum(d.startup_ramp_mw - d.min_mw, 0.0)[:, None]
    at_stop = np.maximum(d.shutdown_ramp_mw - d.min_mw, 0.0)[:, None]
    rise, fall = _most_change_mw(part)
    stay = part.on - part.start
    up, down = _ramped(part)
    if up.size:
        most = cp.multiply(rise[:, None], stay) + cp.multiply(at_start, part.start)
        if part.trip is not None and (depth > 0).any():
            most = most + cp.multiply(depth[:, None], part.trip)
        risen = change if part.up is None else change + part.up.total()
        rows.append(((risen - most)[up] <= 0).set_label("ramp [MW]"))
    if down.size:
        most = cp.multiply(fall[:, None], stay) + cp.multiply(at_stop, part.stop)
        if part.trip is not None:
            most = most + cp.multiply(span[:, None], part.trip)
        fallen = -change if part.down is None else part.down.total() - change
        rows.append(((fallen - most)[down] <= 0).set_label("ramp [MW]"))
    return rows


def _most_change_mw(part: Thermal) -> tuple[Array, Array]:
    """What one unit may rise and fall by in a step, each (element,) [MW]: never more than its whole range."""
    d = part.data
    range_mw = d.max_mw - d.min_mw + d.depth_mw
    rise, fall = (np.minimum(ramp * part.step_h, range_mw) for ramp in (d.ramp_up_mw_per_h, d.ramp_down_mw_per_h))
    return rise, fall


def _ramped(part: Thermal) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Clusters whose rise, and whose fall, has a row."""
    d = part.data
    up, down = (np.flatnonzero((most < d.max_mw - d.min_mw - _MW) | (d.depth_mw > 0)) for most in _most_change_mw(part))
    return up, down


def minimum_worth(part: Thermal, reduced_costs: ReducedCosts) -> Array:
    r"""What a cluster saves if its units share one MW less of minimum output, (element, step) [CNY/MW].

    The load :math:`P^{min} n + y` stays as it is while :math:`P^{min}` falls, so :math:`y` rises: off its lower
    limit, by the units that run; and in the ramps, which count :math:`y`, by the units that stop or start.
    """
    d = part.data
    running = of_lower(reduced_costs(part.above))
    for row in part.lowest_rows:
        running = running + price(row)
    saved = part.on.value * running
    trip = 0.0 if part.trip is None else part.trip.value
    moves = (part.stop.value + trip, part.start.value)
    rows = iter(part.ramp_rows)
    for of, units in zip(_ramped(part), moves, strict=True):
        if of.size:
            saved[of] += units[of] * price(next(rows))
    return saved * ((d.min_mw > 0) / d.n_units)[:, None]


def lowest(part: Thermal) -> list[cp.Constraint]:
    """Reserve for less generation fits above the least output; without such reserve the columns' bounds say it."""
    d = part.data
    if part.down is None:
        return []
    left = part.regulated - part.down.total()
    if not d.depth_mw.any():
        return [left >= part.floor]
    return [left + cp.multiply(d.depth_mw[:, None], part.on) >= part.deep_floor]


def last_steps(steps: int, length: int) -> sp.csr_array:
    """Matrix that sums, for each step, the ``length`` steps up to it, (step, step)."""
    length = min(length, steps)
    bands = np.ones((length, steps))
    return sp.csr_array(sp.diags_array(bands, offsets=range(length), shape=(steps, steps)))


def still_held(events: Array, hold_steps: NDArray[np.int64], steps: int) -> Array:
    """Units that earlier starts (or stops) still hold in each step of a window.

    Parameters
    ----------
    events
        (element, before) events in the steps before the window, the last column just before it.
    hold_steps
        (element,) how many steps an event holds, its own included.
    steps
        Length of the window.

    Returns
    -------
    ndarray
        (element, steps) units held.
    """
    before = events.shape[1]
    age = np.arange(before, 0, -1)[None, :, None] + np.arange(steps)[None, None, :]
    held: Array = (events[:, :, None] * (age < hold_steps[:, None, None])).sum(axis=1)
    return held


def drawn_in(held: Array) -> Array:
    """Units held, drawn in by more than the solver's tolerance: rounding never makes a window infeasible."""
    return np.asarray(np.maximum(held - _SEAM_TOLERANCE, 0.0))


def most_events(room: Array, each: Array) -> Array:
    """How many fit into a room if each takes so much; infinite where they take nothing."""
    most = np.full(room.shape, np.inf)
    np.divide(np.maximum(room, 0.0), each, out=most, where=each > _MW)
    return most + _SEAM_TOLERANCE
