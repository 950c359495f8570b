"""Outages of every unit drawn at random: it runs and fails in turn, both times exponential (see ``studies.outages``).

Whole plants are drawn at once, each from a stream of its own, so that cases with other plants share the outages of all
they have in common: what differs between two cases is then the cases and not the chance.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridopt.studies.adequacy.supply import Index, Units


class Outages(NamedTuple):
    """Outages of all draws, sorted by draw.

    Parameters
    ----------
    first
        (draw + 1,) position of the first outage of each draw; the last one is their number.
    unit
        (outage,) the unit.
    start, end
        (outage,) its first step, and the first step after it.
    """

    first: Index
    unit: Index
    start: Index
    end: Index

    def begin(self, count: int) -> Outages:
        """Return the first draws."""
        first = self.first[: count + 1]
        return Outages(first, *(values[: first[-1]] for values in self[1:]))


def draw(units: Units, count: int, steps: int, step_h: float, seed: tuple[int, ...]) -> Outages:
    """Outages of all units.

    Parameters
    ----------
    units
        What fails.
    count
        Number of draws.
    steps, step_h
        Length of the horizon, and of a step [h].
    seed
        Of all streams.

    Returns
    -------
    Outages
        Times are rounded to whole steps: a unit is out in a step if it is out in the middle of it.
    """
    failing = np.flatnonzero(units.rate > 0)
    found = [
        _plant(np.random.default_rng([*seed, int(stream)]), mine, units, count, steps, step_h)
        for stream in np.unique(units.stream[failing])
        for mine in (failing[units.stream[failing] == stream],)
    ]
    none = np.zeros((4, 0), dtype=np.int64)
    draws, unit, start, end = np.concatenate([none, *found], axis=1)
    order = np.argsort(draws, kind="stable")
    return Outages(np.searchsorted(draws[order], np.arange(count + 1)), unit[order], start[order], end[order])


def _plant(
    random: np.random.Generator, mine: Index, units: Units, count: int, steps: int, step_h: float
) -> NDArray[np.int64]:
    """Draw, unit, first step and end of the outages of the units of one plant, (4, outage)."""
    rate, repair = units.rate[mine], units.repair_h[mine]
    up_h = repair * (1 - rate) / rate
    mean_h = np.stack([up_h, repair], axis=-1)[:, None, :]
    pairs = _most_outages(steps * step_h, float((up_h + repair).min()))
    # (draw, unit, outage): a longer list of draws begins with the shorter one
    out_at_first = random.random((count, mine.size)) < rate
    times = random.standard_exponential((count, mine.size, pairs, 2)) * mean_h
    times[:, :, 0, 0] *= ~out_at_first
    clock = np.cumsum(times.reshape(count, mine.size, 2 * pairs), axis=2)
    while clock[:, :, -1].min() < steps * step_h:
        more = random.standard_exponential((count, mine.size, pairs, 2)) * mean_h
        later = np.cumsum(more.reshape(count, mine.size, 2 * pairs), axis=2) + clock[:, :, -1:]
        clock = np.concatenate([clock, later], axis=2)
    rounded = np.minimum(np.rint(clock / step_h), steps).astype(np.int64)
    start, end = rounded[:, :, 0::2], rounded[:, :, 1::2]
    draws, unit, number = np.nonzero(end > start)
    return np.stack([draws, mine[unit], start[draws, unit, number], end[draws, unit, number]])


def _most_outages(hours: float, cycle_h: float) -> int:
    """Outages in some hours that are rarely exceeded: their mean and six of its roots more."""
    mean = hours / cycle_h
    return int(np.ceil(mean + 6 * np.sqrt(mean) + 2))
