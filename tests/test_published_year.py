"""The year that the README prints: a change of the code must not make it dearer, or its proof weaker."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gridopt.case import load_case
from gridopt.run import run

PUBLISHED = Path(__file__).parents[1] / "docs" / "results" / "jilin-2030-summary.json"
# What equal schedules differ by, of the cost: many cost nearly the same, and the search ends at any of them.
EQUAL = 1.5e-3


@pytest.mark.slow
def test_the_year_is_as_good_as_published(tmp_path):
    """Some minutes.  What changes the year for good is published again: ``docs/make_figures.py``."""
    published = json.loads(PUBLISHED.read_text("utf-8"))
    summary = run(load_case("jilin-2030"), out=tmp_path / "jilin-2030").summary
    assert summary["input_sha256"] == published["input_sha256"], "other inputs: publish the year again"
    assert summary["objective_cny"] <= published["objective_cny"] * (1 + EQUAL)
    assert summary["gap"] <= published["gap"] + EQUAL
    assert summary["curtailment_rate"] == pytest.approx(published["curtailment_rate"], abs=2e-3)
    assert summary["unserved_mwh"] == pytest.approx(0.0, abs=1e-3)
