"""Counts, rate and time left."""

from __future__ import annotations

from gridopt.studies.progress import Count


def test_rate_and_time_left_are_those_of_this_run():
    now = [0.0]
    count = Count(100, done=40, failed=10, clock=lambda: now[0])
    assert str(count) == "40 of 100 done, 10 failed"
    now[0], count.done, count.failed, count.running = 1800.0, 64, 11, 2
    assert count.rate_per_h == 50.0  # 25 in half an hour
    assert count.left_s == 1800.0
    assert str(count) == "64 of 100 done, 11 failed, 2 running, 50 per hour, 0:30:00 left"
    count.done, count.running = 89, 0
    assert str(count) == "89 of 100 done, 11 failed"
