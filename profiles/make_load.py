"""Level, day types, residuals and day shapes of the load from the hourly years 2018 and 2022.

The series of 2022 bears a trace of 2018: its energy dips on 15-20 February (the Spring Festival of 2018) and hardly
at its own festival. So the festival's curve comes from 2018 alone, and those days of 2022 are not used.
The hourly series of 2018 is not shipped: only mean day shapes by week and day type, holiday factors and the seasonal
level go on, and its residual is drawn anew with the measured spread and autocorrelation.
"""

import numpy as np

from gridopt.profiles.calendar import (
    FESTIVAL_FIRST,
    FESTIVAL_LAST,
    HOLIDAYS,
    SLOTS,
    days_of,
    month_of_slots,
)
from gridopt.profiles.demand import day_type_factors
from gridopt.profiles.scaling import smooth_factors

HARMONICS = 6
LEVEL_HALF_WINDOW = 28
# Days that are not ordinary besides holidays: 2022's own festival (31 January - 6 February) and the trace of the
# festival of 2018 in it (10-24 February); the days before its own festival show no decline and are used.
FESTIVAL_2022 = (*range(30, 37), *range(40, 55))
# Weekend days that were worked in exchange for a long holiday (notices of the State Council, as remembered).
WORKED_WEEKENDS = {
    2018: ("02-11", "02-24", "04-08", "04-28", "09-29", "09-30", "12-29"),
    2022: ("01-29", "01-30", "04-02", "04-24", "05-07", "10-08", "10-09"),
}
SHAPE_HALF_WINDOW = 14
STATISTICS_YEARS = range(2018, 2023)


def ordinary_days(year):
    """Days of a load year that are neither holidays nor near the festival, shape (365,)."""
    days = days_of(year)
    worked = np.isin(days.first, np.array([f"{year}-{day}" for day in WORKED_WEEKENDS[year]], dtype="datetime64[D]"))
    near = np.isin(days.slot, FESTIVAL_2022) if year == 2022 else days.in_festival
    return (days.holiday < 0) & ~near & ~worked


def season_terms(slots):
    """Constant and harmonics of the year, shape (days, 1 + 2 * HARMONICS)."""
    angle = 2 * np.pi * np.outer(slots + 0.5, np.arange(1, HARMONICS + 1)) / SLOTS
    return np.hstack([np.ones((slots.size, 1)), np.cos(angle), np.sin(angle)])


def local_line(slots, values):
    """Local linear regression on the circle of the year with tricube weights, at every slot, shape (366,)."""
    apart = (slots[None, :] - np.arange(SLOTS)[:, None] + SLOTS // 2) % SLOTS - SLOTS // 2
    weight = np.clip(1 - np.abs(apart / LEVEL_HALF_WINDOW) ** 3, 0, None) ** 3
    s0, s1, s2 = (np.sum(weight * apart**k, axis=1) for k in range(3))
    return (weight @ values * s2 - (weight * apart) @ values * s1) / (s0 * s2 - s1**2)


def fit_year(hourly, year):
    """Seasonal level by slot (366), weekend factors (2), and day energies (365), all over the annual mean.

    Weekend factors by regression with harmonics, then the level as a local line through the days without them: it
    bridges the weeks of the festival without swinging.
    """
    days = days_of(year)
    energy = hourly.reshape(365, 24).mean(axis=1) / hourly.mean()
    ordinary = ordinary_days(year)
    weekend = np.stack([days.weekday == 5, days.weekday == 6], axis=1).astype(float)
    terms = np.hstack([season_terms(days.slot), weekend])
    coefficients, *_ = np.linalg.lstsq(terms[ordinary], np.log(energy[ordinary]), rcond=None)
    working = np.log(energy) - weekend @ coefficients[-2:]
    level = np.exp(local_line(days.slot[ordinary], working[ordinary]))
    return level, np.exp(coefficients[-2:]), energy


def festival_factors(energy, level, weekend, year=2018):
    """Factor of each day around the Spring Festival, shape (23,); from one year."""
    days = days_of(year)
    ratio = energy / level[days.slot]
    off_core = days.in_festival & ~days.at_rest
    for position, weekday in enumerate((5, 6)):
        ratio = np.where(off_core & (days.weekday == weekday), ratio / weekend[position], ratio)
    window = np.arange(FESTIVAL_FIRST, FESTIVAL_LAST + 1)
    factors = ratio[np.searchsorted(days.festival, window)]
    # Outside the core days single days carry weather and shifted working days: mean of three days.
    smooth = np.convolve(np.pad(factors, 1, mode="edge"), np.ones(3) / 3, mode="valid")
    core = (window >= -1) & (window <= 5)
    return np.where(core, factors, np.minimum(smooth, 1.0))


def holiday_factors(years):
    """Factor of each day of each holiday, shape (holidays, 7), mean of the years that show it."""
    sums, counts = np.zeros((len(HOLIDAYS), 7)), np.zeros((len(HOLIDAYS), 7))
    for year, (level, _, energy) in years.items():
        days = days_of(year)
        at = days.holiday >= 0
        place = (days.holiday[at], days.holiday_day[at])
        np.add.at(sums, place, (energy / level[days.slot])[at])
        np.add.at(counts, place, 1.0)
    last = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    for row in last:  # days that neither year shows take the last known day
        known = np.flatnonzero(~np.isnan(row))
        row[:] = np.interp(np.arange(7), known, row[known])
    return last


def level_of_statistics(level, weekend, festival, holiday, mean_share):
    """Seasonal level whose years 2018-2022, with their own calendars, have the mean month shares."""
    month = month_of_slots()
    level = level / level.mean()
    for _ in range(4):
        shares = np.zeros(12)
        for year in STATISTICS_YEARS:
            days = days_of(year)
            means = level[days.slot] * day_type_factors(days, weekend, festival, holiday)
            shares += np.bincount(days.month - 1, means) / means.sum() / len(STATISTICS_YEARS)
        sums = np.bincount(month - 1, level) * mean_share / shares
        level = level * smooth_factors(level, month - 1, sums * SLOTS / sums.sum(), cyclic=True)
    return level


def day_shapes(hourly):
    """Day shapes with the mean 1, shape (365, 24)."""
    shapes = hourly.reshape(365, 24)
    return shapes / shapes.mean(axis=1, keepdims=True)


def mean_shapes(hourly, year):
    """Day shapes replaced by the mean of the same day type within two weeks, shape (365, 24)."""
    days, shapes, ordinary = days_of(year), day_shapes(hourly), ordinary_days(year)
    kind = np.maximum(days.weekday - 4, 0)  # working day, Saturday, Sunday
    position = np.arange(365)
    result = np.empty_like(shapes)
    for day in position:
        apart = np.minimum(np.abs(position - day), 365 - np.abs(position - day))
        near = ordinary & (kind == kind[day]) & (apart <= SHAPE_HALF_WINDOW)
        result[day] = shapes[near].mean(axis=0)
    return result / result.mean(axis=1, keepdims=True)


def residuals(energy, level, weekend, festival, holiday, year):
    """Day energy over level and day type, 1 on days that are not ordinary, shape (365,).

    The series of 2022 hardly shows its own festival, so its expected energy has none.
    """
    days = days_of(year)
    if year == 2022:
        festival = np.ones_like(festival)
    expected = level[days.slot] * day_type_factors(days, weekend, festival, holiday)
    return np.where(ordinary_days(year), energy / expected, 1.0)


def drawn_residuals(measured, ordinary, seed):
    """Residuals of the same spread and day-to-day autocorrelation, from a seeded first-order process."""
    deviation = np.log(measured)
    pairs = ordinary[1:] & ordinary[:-1]
    spread = deviation[ordinary].std()
    phi = np.corrcoef(deviation[1:][pairs], deviation[:-1][pairs])[0, 1]
    rng = np.random.default_rng(seed)
    drawn = np.empty(measured.size)
    drawn[0] = rng.standard_normal()
    for day in range(1, drawn.size):
        drawn[day] = phi * drawn[day - 1] + np.sqrt(1 - phi**2) * rng.standard_normal()
    return np.exp(spread * np.clip(drawn, -2.5, 2.5))


def make_load(hourly, mean_share, seed):
    """All load variables of the base file: name -> (dimensions, values).

    Parameters
    ----------
    hourly : dict
        year -> array (8760,), 2018 and 2022, stamped at the beginning of the hour: row h of a day is the hour
        that ends at h + 1, so the rows of a day need no shift when they are stored by day and hour 1 ... 24.
    mean_share : array, shape (12,)
        Mean month shares of the consumption statistics.
    """
    years = {year: fit_year(values, year) for year, values in hourly.items()}
    weekend = np.mean([fit[1] for fit in years.values()], axis=0)
    level = np.mean([fit[0] for fit in years.values()], axis=0)
    festival = festival_factors(years[2018][2], years[2018][0], years[2018][1])
    holiday = holiday_factors(years)
    measured = {year: residuals(fit[2], fit[0], fit[1], festival, holiday, year) for year, fit in years.items()}
    usable = np.stack([ordinary_days(year) for year in (2018, 2022)])
    residual = [drawn_residuals(measured[2018], usable[0], seed), measured[2022]]
    shapes = [mean_shapes(hourly[2018], 2018), day_shapes(hourly[2022])]
    by_year = ("load_year", "load_day")
    return {
        "load_level": (("slot",), level_of_statistics(level, weekend, festival, holiday, mean_share)),
        "load_weekend_factor": (("weekend",), weekend),
        "load_festival_factor": (("festival_day",), festival),
        "load_holiday_factor": (("holiday", "holiday_day"), holiday),
        "load_usable": (by_year, usable.astype(np.int8)),
        "load_residual": (by_year, np.stack(residual)),
        "load_day_shape": ((*by_year, "hour_of_day"), np.stack(shapes).astype(np.float32)),
    }
