"""Indices of a set of draws, and the perfect capacity that is missing for a wanted number of hours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from gridopt.errors import SolverError
from gridopt.studies.adequacy.draws import Outages
from gridopt.studies.adequacy.simulate import Shortfall, simulate
from gridopt.studies.adequacy.supply import Array, Supply

# Perfect capacity is found within this [MW].
_PRECISION_MW = 0.5
_FIRST_STEP_MW = 125.0
# Hours that are none, as a part of the criterion: their logarithm is finite.
_NONE = 0.01
# Draws of each year that tell where to look.
_FEW = 10
_LARGEST_MW = 1e7


@dataclass(frozen=True)
class Year:
    """A system in the weather of a year, and the outages drawn for it."""

    supply: Supply
    outages: Outages


@dataclass(frozen=True)
class Missing:
    """Perfect capacity that is missing for the criterion.

    Parameters
    ----------
    mw
        Negative: so much load could be added [MW].
    shortfall
        With that capacity.
    influence_mw
        (draw,) by how much each draw moves it; the spread of it (of a difference of two cases with the same draws)
        over the root of the number of draws is the standard error.
    """

    mw: float
    shortfall: Shortfall
    influence_mw: Array


def shortfall(years: Sequence[Year], extra_mw: float = 0.0) -> Shortfall:
    """Shortfall of the draws of all years, one after the other; ``often`` is the sum of all."""
    # compiled loops leave the interpreter to others, and no year depends on another one
    with ThreadPoolExecutor() as threads:
        found = list(threads.map(lambda year: simulate(year.supply, year.outages, extra_mw), years))
    return Shortfall(
        hours=np.concatenate([each.hours for each in found]),
        days=np.concatenate([each.days for each in found]),
        energy_mwh=np.concatenate([each.energy_mwh for each in found]),
        largest_mw=np.concatenate([each.largest_mw for each in found]),
        often=np.sum([each.often for each in found], axis=0),
    )


def standard_error(values: NDArray[np.float64]) -> float:
    """Standard error of the mean of independent draws; not known of a single one.

    Examples
    --------
    >>> round(standard_error(np.array([1.0, 2.0, 3.0])), 4)
    0.5774
    """
    return float(values.std(ddof=1) / np.sqrt(values.size)) if values.size > 1 else np.nan


def missing(years: Sequence[Year], criterion_h: float) -> Missing:
    """Perfect capacity with which load is short for ``criterion_h`` hours of the horizon on average.

    Parameters
    ----------
    years
        The system in each weather.
    criterion_h
        Wanted hours of the horizon.

    Raises
    ------
    SolverError
        Where no capacity brings the hours to the criterion.
    """
    few = [Year(year.supply, year.outages.begin(_FEW)) for year in years]
    near = _crossing(cache(partial(shortfall, few)), criterion_h, 0.0)
    found = cache(partial(shortfall, years))
    mw = _crossing(found, criterion_h, near)
    return Missing(mw, found(mw), _influence(found, mw))


def _crossing(found: Callable[[float], Shortfall], criterion_h: float, guess_mw: float) -> float:
    """Where the hours pass the criterion [MW]; ``found`` is the shortfall with some more capacity.

    With the same draws they only fall with capacity, in small steps; their logarithm is nearly straight.
    """
    from scipy.optimize import brentq

    def excess(extra_mw: float) -> float:
        hours = float(found(extra_mw).hours.mean())
        return float(np.log((hours / criterion_h + _NONE) / (1 + _NONE)))

    return float(brentq(excess, *_bracket(excess, guess_mw), xtol=_PRECISION_MW, rtol=1e-12))


def _bracket(excess: Callable[[float], float], guess_mw: float) -> tuple[float, float]:
    """Capacity that is too little, and one that is enough [MW]."""
    step, at = _FIRST_STEP_MW, guess_mw
    enough = excess(at) <= 0
    while abs(at - guess_mw) < _LARGEST_MW:
        beyond = at - step if enough else at + step
        if (excess(beyond) <= 0) != enough:
            return min(at, beyond), max(at, beyond)
        at, step = beyond, 2 * step
    raise SolverError(f"no capacity from {-_LARGEST_MW:g} to {_LARGEST_MW:g} MW brings the hours to the criterion")


def _influence(found: Callable[[float], Shortfall], mw: float) -> Array:
    """Hours of each draw over what a MW more takes of their mean, (draw,) [MW]."""
    hours = found(mw).hours
    for apart in (_FIRST_STEP_MW, 4 * _FIRST_STEP_MW):
        less, more = (float(found(mw + side * apart).hours.mean()) for side in (-1, 1))
        if less > more:
            return np.asarray((hours - hours.mean()) * 2 * apart / (less - more))
    return np.full(hours.size, np.nan)
