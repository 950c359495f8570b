"""Calendar of a target year: hour-ending time stamps, Chinese public holidays, day types.

Rules
-----
- Hours are stamped at their end, without time zone, UTC+8: the day 1 January has the stamps 01:00 ... 24:00
  (00:00 of the next day).
- A day is known by its *slot*, its position in a leap year (0 ... 365; 29 February is slot 59), so that
  all years share one axis.
- Public holidays follow a rule, not the yearly notice of the State Council: days moved between weekends and
  working days (tiaoxiu) are not modelled.

Lunar dates 2018-2035: Hong Kong Observatory, Gregorian-Lunar Calendar Conversion Table; checked against the
public package ``lunardate``. The day of Qingming (solar longitude 15 degrees) is computed by the usual
century formula, which is right for 2000-2099.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LeapDay = Literal["drop", "keep"]

FIRST_YEAR, LAST_YEAR = 2018, 2035
LEAP_SLOT = 59
SLOTS = 366
# Days around the first day of the lunar year in which the load is shaped by the festival.
FESTIVAL_FIRST, FESTIVAL_LAST = -7, 15
# New year's eve to the sixth day: everybody is at home, the weekday has no effect.
_FESTIVAL_CORE = range(-1, 6)

# year: (Spring Festival, Dragon Boat Festival, Mid-Autumn Festival) as month and day.
_LUNAR: dict[int, tuple[tuple[int, int], tuple[int, int], tuple[int, int]]] = {
    2018: ((2, 16), (6, 18), (9, 24)),
    2019: ((2, 5), (6, 7), (9, 13)),
    2020: ((1, 25), (6, 25), (10, 1)),
    2021: ((2, 12), (6, 14), (9, 21)),
    2022: ((2, 1), (6, 3), (9, 10)),
    2023: ((1, 22), (6, 22), (9, 29)),
    2024: ((2, 10), (6, 10), (9, 17)),
    2025: ((1, 29), (5, 31), (10, 6)),
    2026: ((2, 17), (6, 19), (9, 25)),
    2027: ((2, 6), (6, 9), (9, 15)),
    2028: ((1, 26), (5, 28), (10, 3)),
    2029: ((2, 13), (6, 16), (9, 22)),
    2030: ((2, 3), (6, 5), (9, 12)),
    2031: ((1, 23), (6, 24), (10, 1)),
    2032: ((2, 11), (6, 12), (9, 19)),
    2033: ((1, 31), (6, 1), (9, 8)),
    2034: ((2, 19), (6, 20), (9, 27)),
    2035: ((2, 8), (6, 10), (9, 16)),
}

# Names of the holidays whose load factor is estimated; the order is the order of the stored factors.
HOLIDAYS = ("new_year", "qingming", "labour", "dragon_boat", "mid_autumn", "national")


def spring_festival(year: int) -> date:
    """First day of the lunar year that begins in ``year``."""
    return date(year, *_LUNAR[year][0])


def qingming(year: int) -> date:
    """Tomb-sweeping day of a year of the 21st century."""
    in_century = year % 100
    return date(year, 4, int(in_century * 0.2422 + 4.81) - in_century // 4)


def holidays(year: int) -> dict[date, tuple[str, int]]:
    """Public holidays besides the Spring Festival: date -> (name, how many days the holiday has run).

    Labour Day is 1-3 May up to 2019 and 1-5 May since 2020.
    """
    _, dragon_boat, mid_autumn = (date(year, *pair) for pair in _LUNAR[year])
    labour_days = 3 if year < 2020 else 5
    # Later entries win: 1 October is National Day also when it is Mid-Autumn.
    spans = (
        ("new_year", date(year, 1, 1), 1),
        ("qingming", qingming(year), 1),
        ("dragon_boat", dragon_boat, 1),
        ("mid_autumn", mid_autumn, 1),
        ("labour", date(year, 5, 1), labour_days),
        ("national", date(year, 10, 1), 7),
    )
    return {start + timedelta(days=k): (name, k) for name, start, days in spans for k in range(days)}


@dataclass(frozen=True)
class Days:
    """Days of a target year, in order; all arrays have the shape (days,).

    Attributes
    ----------
    first : NDArray
        Midnight at the beginning of each day [datetime64[D]].
    slot : NDArray
        Position in a leap year, 0 ... 365.
    month : NDArray
        1 ... 12.
    weekday : NDArray
        0 Monday ... 6 Sunday, of the real calendar.
    festival : NDArray
        Days since the first day of the lunar year, clipped to a far value outside the festival window.
    holiday : NDArray
        Index into :data:`HOLIDAYS`, -1 on other days.
    holiday_day : NDArray
        How many days the holiday has run, 0 on its first day.
    """

    first: NDArray[np.datetime64]
    slot: NDArray[np.int64]
    month: NDArray[np.int64]
    weekday: NDArray[np.int64]
    festival: NDArray[np.int64]
    holiday: NDArray[np.int64]
    holiday_day: NDArray[np.int64]

    @property
    def in_festival(self) -> NDArray[np.bool_]:
        """Days in the window of the Spring Festival."""
        inside: NDArray[np.bool_] = (self.festival >= FESTIVAL_FIRST) & (self.festival <= FESTIVAL_LAST)
        return inside

    @property
    def at_rest(self) -> NDArray[np.bool_]:
        """Public holidays and the core days of the Spring Festival: the weekday has no effect."""
        resting: NDArray[np.bool_] = (self.holiday >= 0) | np.isin(self.festival, list(_FESTIVAL_CORE))
        return resting

    @property
    def time(self) -> NDArray[np.datetime64]:
        """Hour-ending stamps, shape (24 * days,)."""
        hours = np.arange(1, 25).astype("timedelta64[h]")
        stamps: NDArray[np.datetime64] = (self.first.astype("datetime64[h]")[:, None] + hours).ravel()
        return stamps.astype("datetime64[ns]")


def is_leap(year: int) -> bool:
    """Whether ``year`` has a 29 February."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_of(year: int, leap_day: LeapDay = "drop") -> Days:
    """Calendar of a year; ``leap_day='drop'`` leaves 29 February out, the weekdays stay those of the year."""
    count = 365 + is_leap(year)
    dates = [date(year, 1, 1) + timedelta(days=k) for k in range(count)]
    slots = np.array([slot_of(day) for day in dates])
    keep = slots != LEAP_SLOT if leap_day == "drop" else np.ones(count, dtype=bool)
    dates = [day for day, kept in zip(dates, keep, strict=True) if kept]
    named = holidays(year)
    new_year = spring_festival(year)
    return Days(
        first=np.array(dates, dtype="datetime64[D]"),
        slot=slots[keep].astype(np.int64),
        month=np.array([day.month for day in dates], dtype=np.int64),
        weekday=np.array([day.weekday() for day in dates], dtype=np.int64),
        festival=np.array([(day - new_year).days for day in dates], dtype=np.int64),
        holiday=np.array([HOLIDAYS.index(named[day][0]) if day in named else -1 for day in dates]),
        holiday_day=np.array([named[day][1] if day in named else 0 for day in dates]),
    )


def slot_of(day: date) -> int:
    """Position of a date in a leap year, 0 ... 365."""
    return (date(2020, day.month, day.day) - date(2020, 1, 1)).days


def month_of_slots() -> NDArray[np.int64]:
    """Month 1 ... 12 of each slot, shape (366,)."""
    first = np.datetime64("2020-01-01") + np.arange(SLOTS)
    months: NDArray[np.int64] = first.astype("datetime64[M]").astype(np.int64) % 12 + 1
    return months
