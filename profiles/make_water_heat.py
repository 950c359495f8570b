"""Run-of-river hydro, reservoir inflow and district heat from the facts; used by make_profiles.py."""

import numpy as np

from gridopt.profiles.calendar import LEAP_SLOT, SLOTS, month_of_slots
from gridopt.profiles.scaling import exponent_for_mean, raised, smooth_factors

# Share of Fengman's runoff that passes Baishan and Hongshi: 8.12 of 13.3 billion m³ a year (cited).
SHARE_THROUGH_BAISHAN = 8.12 / 13.3
# Baishan's reservoir evens out half of what passes it (assumed).
EVENED_OUT = 0.5
# Annual mean availability of run-of-river hydro in a mean year; the network's table of water years assumes the same.
RUN_OF_RIVER_MEAN = 0.30
# Outside its season the heat series rests at 0.013; days above this are days of heating.
HEATING_THRESHOLD = 0.03
MIDSUMMER = 190


def with_leap_day(by_day):
    """365 days to 366 slots: 29 February repeats 28 February."""
    return np.insert(by_day, LEAP_SLOT, by_day[LEAP_SLOT - 1], axis=0)


def month_shares_to_days(shares):
    """Daily series of mean 1, shape (366,), whose months have the given shares of the year, without steps."""
    month = month_of_slots() - 1
    start = np.ones(SLOTS)
    sums = shares / shares.sum() * SLOTS
    factors = smooth_factors(start, month, sums, cyclic=True)
    # The smoothest curve may undershoot in winter: lift it and give the months their shares back.
    for _ in range(50):
        factors = np.maximum(factors, 0.05 * (sums / np.bincount(month))[month])
        factors = factors * (sums / np.bincount(month, factors))[month]
    return factors


def inflow_shapes(monthly_shares):
    """Names and daily inflow, shape (3, 366), mean 1: Baishan natural, Fengman behind Baishan, other rivers."""
    natural = month_shares_to_days(monthly_shares)
    released = EVENED_OUT + (1 - EVENED_OUT) * natural
    fengman = SHARE_THROUGH_BAISHAN * released + (1 - SHARE_THROUGH_BAISHAN) * natural
    other = natural
    return ["baishan", "fengman", "other"], np.stack([natural, fengman / fengman.mean(), other])


def run_of_river(hourly, monthly_shares, annual_index, shares_of_years):
    """Daily availability by water year, shape (years, 366): half modelled series, half natural inflow.

    The source is a provincial model series with daily operation and much water in the frozen winter. Its daily
    means, raised to a power for the wanted annual mean, give the days; the natural inflow gives the season. Where the
    month shares of a year's hydro generation are known, ``shares_of_years`` (NaN: unknown), each month has its own.
    """
    daily = with_leap_day(hourly.reshape(365, 24).mean(axis=1))
    low, high = 0.2, 8.0
    for _ in range(60):
        power = 0.5 * (low + high)
        low, high = (power, high) if np.mean(daily**power) > RUN_OF_RIVER_MEAN else (low, power)
    natural = RUN_OF_RIVER_MEAN * month_shares_to_days(monthly_shares)
    typical = np.minimum(0.5 * (daily**power + natural), 1.0)
    return np.stack(
        [
            raised(typical, exponent_for_mean(typical, RUN_OF_RIVER_MEAN * index))
            if np.isnan(shares).any()
            else by_months(typical, RUN_OF_RIVER_MEAN * index * shares)
            for index, shares in zip(annual_index, shares_of_years, strict=True)
        ]
    )


def by_months(typical, part_of_mean):
    """Days raised or lowered so that each month gives its part, shape (12,), of the mean of the year."""
    month, result = month_of_slots() - 1, np.empty(SLOTS)
    in_common_year = np.arange(SLOTS) != LEAP_SLOT
    for number, part in enumerate(part_of_mean):
        days = month == number
        wanted = part * (SLOTS - 1) / np.count_nonzero(days & in_common_year)
        result[days] = raised(typical[days], exponent_for_mean(typical[days & in_common_year], wanted))
    return result


def slot_of_month_day(text):
    """'10-20' to the slot of that day."""
    month, day = (int(part) for part in text.split("-"))
    return int((np.datetime64(f"2020-{month:02d}-{day:02d}") - np.datetime64("2020-01-01")).astype(int))


def stretched_heat(by_day, start, end):
    """Heat demand of a city, shape (366, 24): the season of the series stretched to start ... end, 0 outside.

    New Year stays New Year: the autumn and the spring part are stretched each for itself, hour of day by hour.
    """
    result = np.zeros((SLOTS, 24))
    days = np.arange(SLOTS)
    autumn, spring = days >= start, days <= end
    heated = np.flatnonzero(by_day.mean(axis=1) > HEATING_THRESHOLD)
    first_heated, last_heated = heated[heated > MIDSUMMER].min(), heated[heated < MIDSUMMER].max()
    source = np.zeros(SLOTS)
    last = SLOTS - 1
    source[autumn] = last - (last - days[autumn]) * (last - first_heated) / (last - start)
    source[spring] = days[spring] * last_heated / end
    inside = autumn | spring
    for hour in range(24):
        result[inside, hour] = np.interp(source[inside], days, by_day[:, hour])
    return result / result.max()


def heat(hourly, seasons):
    """Heat by city, shape (cities, 366, 24), and the anomaly of the days, shape (366,)."""
    by_day = with_leap_day(hourly.reshape(365, 24))
    starts = [slot_of_month_day(text) for text in seasons["heating_start_mm_dd"]]
    ends = [slot_of_month_day(text) for text in seasons["heating_end_mm_dd"]]
    cities = np.stack([stretched_heat(by_day, s, e) for s, e in zip(starts, ends, strict=True)])
    daily = cities.mean(axis=(0, 2))
    inside = daily > 0
    window = 31
    padded = np.concatenate([daily[-window:], daily, daily[:window]])
    weights = np.concatenate([inside[-window:], inside, inside[:window]]).astype(float)
    kernel = np.ones(2 * (window // 2) + 1)
    smooth = np.convolve(padded * weights, kernel, mode="same") / np.maximum(
        np.convolve(weights, kernel, mode="same"), 1.0
    )
    anomaly = np.where(inside, daily / np.maximum(smooth[window:-window], 1e-9), 1.0)
    return cities, np.clip(anomaly, 0.6, 1.5)
