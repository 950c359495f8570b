"""Which part of a sweep is timed."""

from pathlib import Path

import pytest

from benchmarks.scaling import every_nth
from gridopt.studies.specification import read_sweep

SWEEPS = sorted((Path(__file__).parents[2] / "examples" / "sweeps").glob("*.yaml"))


@pytest.mark.parametrize("file", SWEEPS, ids=lambda file: file.stem)
def test_every_nth_scenario_is_one_of_the_sweep(file):
    whole = read_sweep(file)
    part = every_nth(whole, 3)
    scenarios = whole.design.design().scenarios[::3]
    assert [scenario.changes for scenario in part.design.design().scenarios] == [each.changes for each in scenarios]
    assert (part.case, part.changes, part.horizon) == (whole.case, whole.changes, whole.horizon)
