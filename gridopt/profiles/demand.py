"""Hourly demand of a target year from day levels, day types and day shapes.

    load(d, h) = level(slot d) * type(d) * residual(s) * shape(s, h)

with the seasonal level of a working day, the factor of the day type (Saturday, Sunday, holiday, days around
the Spring Festival), and the residual and the normalised day shape of a source day ``s`` of the load year:
the day with the same weekday that lies nearest in the season and is neither a holiday nor near the festival.
Public holidays take the shape of a Sunday and no residual. At the end the months get the energy of the statistics
where the year is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gridopt.profiles.calendar import FESTIVAL_FIRST, SLOTS, Days, days_of
from gridopt.profiles.scaling import smooth_factors

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

_SUNDAY = 6


def day_type_factors(
    days: Days,
    weekend: NDArray[np.float64],
    festival: NDArray[np.float64],
    holiday: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Factor of each day against a working day of the same season, shape (days,).

    Parameters
    ----------
    days : Days
        Calendar of the target year.
    weekend : array, shape (2,)
        Saturday and Sunday.
    festival : array, shape (23,)
        Days -7 ... +15 around the first day of the lunar year.
    holiday : array, shape (holidays, 7)
        Factor of each day of each public holiday.
    """
    factors = np.ones(days.slot.size)
    for position, weekday in enumerate((5, 6)):
        factors[days.weekday == weekday] = weekend[position]
    rest = days.at_rest
    factors[rest] = 1.0
    public = days.holiday >= 0
    factors[public] = holiday[days.holiday[public], days.holiday_day[public]]
    near = days.in_festival
    factors[near] *= festival[days.festival[near] - FESTIVAL_FIRST]
    return factors


def source_days(days: Days, load_year: int, usable: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Position in the load year (0 ... 364) of the source day of each target day, shape (days,).

    ``usable`` marks the ordinary days of the load year, shape (365,).
    """
    source = days_of(load_year)
    position_of_slot = np.minimum(np.searchsorted(source.slot, np.arange(SLOTS)), 364)
    wanted = np.where(days.at_rest, _SUNDAY, days.weekday)
    start = position_of_slot[days.slot]
    # Nearest days first: 0, -1, 1, -2, 2 ... up to five weeks away; all target days at once.
    offsets = np.array(sorted(range(-35, 36), key=lambda k: (abs(k), k)))
    candidates = (start[:, None] + offsets) % 365
    good = usable[candidates] & (source.weekday[candidates] == wanted[:, None])
    chosen: NDArray[np.int64] = candidates[np.arange(start.size), np.argmax(good, axis=1)]
    return chosen


def day_means(base: xr.Dataset, days: Days) -> NDArray[np.float64]:
    """Level times day type of each day, shape (days,), not normalised."""
    level: NDArray[np.float64] = base["load_level"].to_numpy()[days.slot]
    return level * day_type_factors(
        days,
        base["load_weekend_factor"].to_numpy(),
        base["load_festival_factor"].to_numpy(),
        base["load_holiday_factor"].to_numpy(),
    )


def demand(
    base: xr.Dataset,
    days: Days,
    load_year: int,
    shares: list[tuple[tuple[int, ...], float]],
    resampled: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """Hourly demand with the mean 1, shape (24 * days,).

    Parameters
    ----------
    base : xr.Dataset
        The stored base profiles.
    days : Days
        Calendar of the target year.
    load_year : int
        2018 or 2022.
    shares : list of (months, share of the year)
        Statistics of the target year; empty where they are not known, then the mean shape stays.
    resampled : array, shape (366,), optional
        Slot from which each slot takes its residual (synthetic years).
    """
    stored = base.sel(load_year=load_year)
    means = day_means(base, days)
    source = source_days(days, load_year, stored["load_usable"].to_numpy().astype(bool))
    residual_source = source
    if resampled is not None:
        position = np.minimum(np.searchsorted(days_of(load_year).slot, resampled[days.slot]), 364)
        residual_source = position
    # A day at rest has its energy from the holiday factor; the residual is that of a working week.
    means = means * np.where(days.at_rest, 1.0, stored["load_residual"].to_numpy()[residual_source])
    if shares:
        period = np.full(days.slot.size, -1)
        for number, (months, _) in enumerate(shares):
            period[np.isin(days.month, months)] = number
        sums = np.array([share for _, share in shares]) * means.sum()
        means = means * smooth_factors(means, period, sums)
    hourly = means[:, None] * stored["load_day_shape"].to_numpy()[source]
    result: NDArray[np.float64] = (hourly / hourly.mean()).ravel()
    return result
