"""Calendar: time stamps, leap years, festivals."""

from datetime import date, timedelta

import numpy as np
import pytest

from gridopt.profiles.calendar import days_of, holidays, is_leap, month_of_slots, qingming, spring_festival


@pytest.mark.parametrize("year", [2018, 2022, 2024, 2030])
def test_stamps_end_the_hours_of_the_year(year):
    time = days_of(year).time
    assert time.size == 8760
    assert time[0] == np.datetime64(f"{year}-01-01T01:00")
    assert time[-1] == np.datetime64(f"{year + 1}-01-01T00:00")


@pytest.mark.parametrize("year", [2024, 2028])
def test_leap_day_is_dropped_or_kept(year):
    dropped, kept = days_of(year, "drop"), days_of(year, "keep")
    assert (dropped.time.size, kept.time.size) == (8760, 8784)
    gone = np.setdiff1d(kept.time, dropped.time)
    assert gone[0] == np.datetime64(f"{year}-02-29T01:00")
    assert gone[-1] == np.datetime64(f"{year}-03-01T00:00")
    # The weekdays stay those of the year.
    first_of_march = kept.first == np.datetime64(f"{year}-03-01")
    assert dropped.weekday[dropped.first == np.datetime64(f"{year}-03-01")] == kept.weekday[first_of_march]
    assert kept.weekday[first_of_march] == date(year, 3, 1).weekday()


@pytest.mark.parametrize("year", range(2018, 2036))
def test_lunar_new_year_is_a_new_moon(year):
    """A new moon falls on the day (UTC+8), from the mean lunation 29.530589 d and a known new moon."""
    known = date(2000, 1, 6).toordinal() + 0.76 + 8 / 24
    age = (spring_festival(year).toordinal() + 0.5 - known) % 29.530589
    assert min(age, 29.530589 - age) < 1.2
    assert date(year, 1, 21) <= spring_festival(year) <= date(year, 2, 21)


def test_known_holidays():
    assert spring_festival(2022) == date(2022, 2, 1)
    assert spring_festival(2030) == date(2030, 2, 3)
    assert {qingming(2022), qingming(2024)} == {date(2022, 4, 5), date(2024, 4, 4)}
    named = holidays(2020)
    assert named[date(2020, 10, 1)] == ("national", 0)  # Mid-Autumn of 2020 is the same day
    assert named[date(2020, 5, 5)] == ("labour", 4)
    assert date(2018, 5, 4) not in holidays(2018)


def test_day_marks():
    days = days_of(2022)
    eve = days.first == np.datetime64("2022-01-31")
    assert days.festival[eve] == -1
    assert days.at_rest[eve]
    assert not days.at_rest[days.first == np.datetime64("2022-03-01")]
    assert days.in_festival.sum() == 23


def test_slots_are_the_days_of_a_leap_year():
    months = month_of_slots()
    expected = [(date(2020, 1, 1) + timedelta(days=k)).month for k in range(366)]
    assert months.tolist() == expected
    assert [is_leap(y) for y in (1900, 2000, 2022, 2024)] == [False, True, False, True]
