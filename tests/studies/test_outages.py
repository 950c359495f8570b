"""Drawn outages: shares and durations as asked for, and cases that can be solved with them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gridopt.errors import InputError
from gridopt.studies.outages import Cluster, Failure, draw, with_drawn_outages

BEGIN = pd.Timestamp("2030-01-01")
FAILURE = Failure(0.1, 50.0)


def test_units_are_out_for_their_rate_and_as_long_as_asked():
    years = 300
    table = draw([Cluster(3, 10, FAILURE)], BEGIN, 8760.0 * years / 10, 1.0, (1, 0))
    hours = 8760.0 * years
    # alternating renewal: variance of the time out is about 2 q (1-q)^2 r T
    spread = np.sqrt(2 * 0.1 * 0.9**2 * 50 * hours)
    assert abs(table["hours"].sum() - 0.1 * hours) < 4 * spread
    assert table["hours"].mean() == pytest.approx(50, rel=0.06)
    assert set(table["index"]) == {3}
    assert (table["kind"] == "forced").all()


def test_the_first_hour_finds_units_out_with_the_chance_of_their_rate():
    table = draw([Cluster(0, 4000, FAILURE)], BEGIN, 1.0, 1.0, (5, 0))
    out = (table["start"] == "2030-01-01 00:00").sum()
    assert abs(out - 400) < 5 * np.sqrt(4000 * 0.1 * 0.9)


def test_outages_lie_on_steps_within_the_hours():
    table = draw([Cluster(0, 20, FAILURE)], BEGIN, 500.0, 0.5, (2, 0))
    start = pd.to_datetime(table["start"])
    assert (table["hours"] % 0.5 == 0).all()
    assert (table["hours"] > 0).all()
    assert (start + pd.to_timedelta(table["hours"], "h") <= BEGIN + pd.Timedelta(hours=500)).all()


def test_the_draws_of_a_cluster_do_not_depend_on_the_others():
    alone = draw([Cluster(7, 3, FAILURE)], BEGIN, 2000.0, 1.0, (1, 4))
    both = draw([Cluster(2, 5, FAILURE), Cluster(7, 3, FAILURE)], BEGIN, 2000.0, 1.0, (1, 4))
    pd.testing.assert_frame_equal(alone, both[both["index"] == 7].reset_index(drop=True))


def test_they_replace_the_sudden_outages_of_the_case_and_count_as_another_case(tiny):
    rates = {"coal_chp": Failure(0.3, 12.0)}
    one, again, other = (with_drawn_outages(tiny, rates, (1, k)).override({}) for k in (0, 0, 1))
    assert one.input_sha256 == again.input_sha256
    assert len({tiny.input_sha256, one.input_sha256, other.input_sha256}) == 3
    theirs = tiny.net.gen.index[tiny.net.gen["technology"] == "coal_chp"]
    given = tiny.net.outage[~tiny.net.outage["index"].isin(theirs)]
    pd.testing.assert_frame_equal(one.net.outage.iloc[: len(given)], given)
    assert one.net.outage["index"].iloc[len(given) :].isin(theirs).all()
    assert len(one.net.outage) > len(given)


def test_a_technology_without_clusters_is_refused(tiny):
    with pytest.raises(InputError, match=r"outages\.coals: no committable generator"):
        with_drawn_outages(tiny, {"coals": FAILURE}, (1, 0))


def test_without_commitment_there_is_nothing_to_fail(tiny):
    with pytest.raises(InputError, match="unit_commitment"):
        with_drawn_outages(tiny.override({"unit_commitment": "off"}), {"coal_chp": FAILURE}, (1, 0))
