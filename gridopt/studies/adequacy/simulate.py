"""The hours of every draw, one after the other: what is short after all resources were called.

**Shortfall.**  Resources that hold only so much are called in the order of the time for which each could go on, the
longest first, which serves most energy where nothing is known of the future (Evans, Tindemans and Angeli, IEEE
Transactions on Power Systems 34, 2019; NREL's PRAS does the same).  The time of a program of demand response is what is
left of its hours; a call that runs is held.  **Surplus** fills stores.

The loops are compiled (numba): they go over draws, hours and resources.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from gridopt.studies.adequacy.draws import Outages
from gridopt.studies.adequacy.supply import Array, Index, Supply

# Power and energy below which nothing is missing or held [MW, MWh].
_NOTHING = 1e-6
# A call that runs is held before all other resources are asked [h].
_HELD_H = 1e6


def _compiled(function: Any) -> Any:
    """Machine code of a function on arrays and numbers: made at its first call, kept on disk where there is a place."""
    try:
        return numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # neither the package nor the home of the user can be written
        return numba.njit(nogil=True)(function)


@dataclass(frozen=True)
class Shortfall:
    """What is not served in each draw.

    Parameters
    ----------
    hours, days
        (draw,) hours and calendar days with a shortfall.
    energy_mwh
        (draw,) energy not served [MWh].
    largest_mw
        (draw,) largest shortfall [MW].
    often
        (time,) number of draws with a shortfall in the step.
    """

    hours: Array
    days: Array
    energy_mwh: Array
    largest_mw: Array
    often: Array


class _Held(NamedTuple):
    """Arrays of ``Limited`` as the compiled loops want them; hours as numbers of steps."""

    power_mw: Array
    charge_mw: Array
    inflow_mw: Array
    energy_mwh: Array
    start_mwh: Array
    eta_in: Array
    eta_out: Array
    year_steps: Array
    calls: Array
    event_steps: Array
    day_steps: Array
    rest_steps: Array
    counted: NDArray[np.bool_]
    fed: Index
    filled: Index


def simulate(supply: Supply, outages: Outages, extra_mw: float = 0.0) -> Shortfall:
    """Shortfall of every draw.

    Parameters
    ----------
    supply
        The system.
    outages
        Drawn for its units.
    extra_mw
        Perfect capacity that is added in all hours, or load if negative [MW].
    """
    steps, count, units = supply.margin_mw.size, outages.first.size - 1, supply.units
    totals, often = np.zeros((4, count)), np.zeros(steps)
    _all_draws(
        supply.margin_mw + extra_mw,
        (units.capacity_mw, units.store, units.part),
        outages,
        _held(supply),
        supply.day,
        supply.step_h,
        totals,
        often,
    )
    return Shortfall(totals[0], totals[1], totals[2], totals[3], often)


def _held(supply: Supply) -> _Held:
    held, h = supply.limited, supply.step_h
    limits = [held.year_h / h, held.calls, held.event_h / h, held.day_h / h]
    counted = np.isfinite(np.stack(limits)).any(axis=0) | (held.rest_h > 0)
    return _Held(
        power_mw=held.power_mw,
        charge_mw=held.charge_mw,
        inflow_mw=held.inflow_mw,
        energy_mwh=held.energy_mwh,
        start_mwh=held.start_mwh,
        eta_in=held.eta_in,
        eta_out=held.eta_out,
        year_steps=limits[0],
        calls=limits[1],
        event_steps=limits[2],
        day_steps=limits[3],
        rest_steps=np.ceil(held.rest_h / h - 1e-9),
        counted=counted,
        fed=np.flatnonzero((held.inflow_mw > 0).any(axis=1)),
        filled=np.flatnonzero(held.charge_mw > 0),
    )


@_compiled
def _all_draws(margin_mw, units, outages, held, day, step_h, totals, often):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Fill ``totals`` (hours, days, energy, largest by draw) and ``often`` (time)."""
    capacity_mw, store, part = units
    left_mw, out = np.empty_like(margin_mw), np.zeros(held.power_mw.shape)
    for draw in range(outages.first.size - 1):
        left_mw[:] = margin_mw
        out[:] = 0.0
        for k in range(outages.first[draw], outages.first[draw + 1]):
            unit = outages.unit[k]
            if store[unit] >= 0:
                out[store[unit], outages.start[k] : outages.end[k]] += part[unit]
            else:
                for t in range(outages.start[k], outages.end[k]):
                    left_mw[t] -= capacity_mw[unit, t]
        _one_draw(left_mw, out, held, day, step_h, totals[:, draw], often)


@_compiled
def _one_draw(margin_mw, out, held, day, step_h, total, often):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Go through the hours of a draw; ``out`` is the part of each resource's units that are out (resource, time)."""
    n = held.power_mw.shape[0]
    energy_mwh = held.start_mwh.copy()
    # calls, steps of the year, of the day, of the call; the day they are of; last step on
    used, of_day, last = np.zeros((n, 4)), np.full(n, -1), np.full(n, -(10**9))
    lasting_h = np.zeros(n)
    full, short_day = False, -1
    for t in range(margin_mw.size):
        for r in held.fed:
            energy_mwh[r] = min(energy_mwh[r] + held.inflow_mw[r, t] * step_h, held.energy_mwh[r])
        if margin_mw[t] < -_NOTHING:
            missing = _called(-margin_mw[t], t, out, held, day, step_h, energy_mwh, used, of_day, last, lasting_h)
            full = False
            if missing > _NOTHING:
                total[0] += step_h
                total[1] += day[t] != short_day
                total[2] += missing * step_h
                total[3] = max(total[3], missing)
                often[t] += 1
                short_day = day[t]
        elif not full:
            full = _filled(margin_mw[t], t, out, held, step_h, energy_mwh)


@_compiled
def _called(missing, t, out, held, day, step_h, energy_mwh, used, of_day, last, lasting_h):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Call resources, the longest lasting first, and return what is still missing [MW]."""
    for r in range(lasting_h.size):
        lasting_h[r] = _lasting_h(r, t, out, held, day, step_h, energy_mwh, used, of_day, last)
    while missing > _NOTHING:
        r, longest_h = -1, 0.0
        for other in range(lasting_h.size):
            if lasting_h[other] > longest_h:
                r, longest_h = other, lasting_h[other]
        if r < 0:
            break
        lasting_h[r] = 0.0
        most = held.power_mw[r, t] * max(1.0 - out[r, t], 0.0)
        power = min(missing, most, energy_mwh[r] * held.eta_out[r] / step_h)
        missing -= power
        energy_mwh[r] -= power * step_h / held.eta_out[r]
        if held.counted[r]:
            if last[r] != t - 1:
                used[r, 0] += 1
                used[r, 3] = 0
            used[r, 1:] += 1
            last[r] = t
    return missing


@_compiled
def _lasting_h(r, t, out, held, day, step_h, energy_mwh, used, of_day, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Time for which a resource can go on at full power [h]; zero where it can't be called."""
    most = held.power_mw[r, t] * max(1.0 - out[r, t], 0.0)
    if most <= _NOTHING or energy_mwh[r] <= _NOTHING:
        return 0.0
    hours = energy_mwh[r] * held.eta_out[r] / most
    if not held.counted[r]:
        return hours
    if of_day[r] != day[t]:
        of_day[r] = day[t]
        used[r, 2] = 0
    runs = last[r] == t - 1
    if not runs and (used[r, 0] + 1 > held.calls[r] or t - last[r] - 1 < held.rest_steps[r]):
        return 0.0
    of_call = used[r, 3] if runs else 0.0
    steps = min(held.year_steps[r] - used[r, 1], held.day_steps[r] - used[r, 2], held.event_steps[r] - of_call)
    if steps < 1 - 1e-9:
        return 0.0
    hours = min(hours, steps * step_h)
    return hours + _HELD_H if runs else hours


@_compiled
def _filled(surplus, t, out, held, step_h, energy_mwh):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Fill stores from the surplus [MW] and return whether all are full."""
    full = True
    for r in held.filled:
        room = (held.energy_mwh[r] - energy_mwh[r]) / (held.eta_in[r] * step_h)
        if room > _NOTHING:
            power = max(min(surplus, held.charge_mw[r] * max(1.0 - out[r, t], 0.0), room), 0.0)
            surplus -= power
            energy_mwh[r] += power * held.eta_in[r] * step_h
            full = full and power >= room
    return full
