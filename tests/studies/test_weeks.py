"""Summaries of weeks put together must be the summary of their hours put together."""

from __future__ import annotations

import pytest
import xarray as xr

import gridopt
from gridopt.results.summary import KEYS, build_summary
from gridopt.studies import weeks as w

# Words, counts of runs and machine facts: checked by hand below.
OWN = ("status", "input_sha256", "windows", "wall_s", "peak_rss_mb")


def test_every_key_of_the_summary_has_exactly_one_rule():
    known = [*w.RULES, *w.SHARES, "gap"]
    assert sorted(known) == sorted(set(known))
    assert set(known) == set(KEYS)


@pytest.fixture(scope="module")
def days(tiny):
    return [gridopt.solve(tiny.override({"start": start, "hours": 12})) for start in ("2030-01-15", "2030-01-16T12:00")]


def test_combined_is_the_summary_of_the_hours_repeated(days):
    """Oracle: two days of weights 3 and 2 are the summary of five days one after the other."""
    repeated = [days[0].dataset] * 3 + [days[1].dataset] * 2
    together = xr.concat(
        [part.drop_dims(["window", "budget"]) for part in repeated],
        "time",
        data_vars="minimal",
        join="outer",
        compat="override",
        coords="minimal",
    )
    together["window_start"] = ("window", [0])
    bounds = [float(day.dataset["lower_bound_cny"]) for day in days]
    # bounds of days add up; the series of hours don't tell them, nor whether a day breaks a budget
    together["lower_bound_cny"] = 3 * bounds[0] + 2 * bounds[1]
    expected = build_summary(days[0].case, together, 0.0)
    found = w.combined([w.week_summary(day) for day in days], [3, 2])
    assert list(found) == list(KEYS)
    unknown = {"gap", "gap_cny"} if any(day.summary["gap"] is None for day in days) else set()
    assert all(found[key] is None for key in unknown)
    for key in set(KEYS) - set(OWN) - {"dr_calls"} - unknown:
        if expected[key] is None:
            assert found[key] is None, key
        else:
            assert found[key] == pytest.approx(expected[key], rel=1e-9, abs=1e-6), key
    assert 0 < found["curtailment_rate"] < 1
    assert found["dr_calls"] == 3 * days[0].summary["dr_calls"] + 2 * days[1].summary["dr_calls"]


def _week(whole=None, **values):
    filled = dict.fromkeys(KEYS, 0.0) | {"status": "optimal", "input_sha256": "a"} | values
    return w.WeekSummary(filled, dict.fromkeys(w.SHARES, 1.0) | (whole or {}))


def test_by_hand():
    one = _week({"curtailment_rate": 100.0}, curtailment_rate=0.1, peak_load_mw=70.0, co2_t=5.0, windows=1, dr_mwh=None)
    two = _week({"curtailment_rate": 300.0}, curtailment_rate=0.3, peak_load_mw=90.0, co2_t=7.0, windows=2, dr_mwh=None)
    out = w.combined([one, two], [30, 22])
    assert out["curtailment_rate"] == pytest.approx((30 * 10 + 22 * 90) / (30 * 100 + 22 * 300))
    assert out["peak_load_mw"] == 90.0
    assert out["co2_t"] == 30 * 5 + 22 * 7
    assert out["windows"] == 3
    assert out["dr_mwh"] is None


def test_the_voltage_band_is_the_widest_and_the_gap_that_of_the_sum():
    values = {"objective_cny": 1000.0, "gap_cny": 1.0, "gap": 0.001}
    one = _week(ac_voltage_min_pu=0.95, ac_voltage_max_pu=1.05, **values)
    two = _week(ac_voltage_min_pu=0.97, ac_voltage_max_pu=1.08, **values | {"gap_cny": 4.0})
    out = w.combined([one, two], [1, 2])
    assert (out["ac_voltage_min_pu"], out["ac_voltage_max_pu"]) == (0.95, 1.08)
    assert out["gap"] == pytest.approx((1 + 8) / 3000)


def test_a_rate_that_a_week_has_not_is_that_of_the_others():
    dark = _week({"utilisation_solar": 0.0}, utilisation_solar=None)
    bright = _week({"utilisation_solar": 50.0}, utilisation_solar=0.8)
    assert w.combined([dark, bright], [26, 26])["utilisation_solar"] == pytest.approx(0.8)
    assert w.combined([dark, dark], [26, 26])["utilisation_solar"] is None


def test_weeks_that_differ_where_they_cannot():
    with pytest.raises(ValueError, match="differ"):
        w.combined([_week(nonfossil_share_capacity=0.4), _week(nonfossil_share_capacity=0.5)], [1, 1])


def test_a_week_that_is_not_optimal_is_not_hidden():
    assert w.combined([_week(), _week(status="gap_not_reached")], [1, 1])["status"] == "gap_not_reached"


def test_the_hash_knows_weeks_and_weights():
    hashes = {
        w.combined([_week(input_sha256=first), _week(input_sha256="b")], weights)["input_sha256"]
        for first in ("a", "c")
        for weights in ([1, 2], [2, 1])
    }
    assert len(hashes) == 4
