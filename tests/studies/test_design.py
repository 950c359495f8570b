"""Designs by hand and by property."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridopt.errors import InputError
from gridopt.studies import design as d

RANGES = {"demand.scale": (0.9, 1.1), "storage.phs.p_mw": (100.0, 300.0)}
seeds = st.integers(0, 2**31)


def test_a_grid_by_hand():
    design = d.grid({"a": [1, 2], "b": ["x", "y", "z"]})
    assert design.dims == ("a", "b")
    assert design.shape == (2, 3)
    assert [s.changes for s in design.scenarios[:4]] == [
        {"a": 1, "b": "x"},
        {"a": 1, "b": "y"},
        {"a": 1, "b": "z"},
        {"a": 2, "b": "x"},
    ]
    assert d.position(5, design.shape) == (1, 2)
    assert design.coordinates["b"][1].tolist() == ["x", "y", "z"]


def test_a_zip_by_hand():
    design = d.zipped({"a": [1, 2], "b": [True, False]})
    assert [s.changes for s in design.scenarios] == [{"a": 1, "b": True}, {"a": 2, "b": False}]
    assert design.coordinates["b"][0] == "scenario"
    assert design.coordinates["b"][1].dtype == bool


def test_lists_of_different_lengths_make_no_zip():
    with pytest.raises(InputError, match="a 2, b 1"):
        d.zipped({"a": [1, 2], "b": [1]})


def test_a_grid_refuses_a_value_given_twice():
    with pytest.raises(InputError, match="design a: has a value twice"):
        d.grid({"a": [1, 1.0], "b": [2]})


def test_a_list_may_leave_levers_out():
    design = d.listed([{"a": 1}, {"b": "x"}], ["one", "two"])
    assert np.isnan(design.coordinates["a"][1][1])
    assert design.coordinates["b"][1].tolist() == ["", "x"]
    assert design.coordinates["scenario"][1].tolist() == ["one", "two"]
    assert design.scenarios[1].changes == {"b": "x"}  # not told to the case at all


def test_sobol_points_come_in_powers_of_two():
    with pytest.raises(InputError, match="8 or 16, not 12"):
        d.sobol(RANGES, 12, 0)


@settings(max_examples=25, deadline=None)
@given(lengths=st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_a_grid_has_every_combination_once_at_its_position(lengths):
    design = d.grid({f"lever{k}": list(range(length)) for k, length in enumerate(lengths)})
    assert len(design.scenarios) == np.prod(lengths)
    for scenario in design.scenarios:
        assert tuple(scenario.changes.values()) == d.position(scenario.number, design.shape)


@settings(max_examples=25, deadline=None)
@given(samples=st.integers(1, 60), seed=seeds)
def test_a_latin_hypercube_has_one_sample_in_every_slice(samples, seed):
    design = d.latin_hypercube(RANGES, samples, seed)
    for name, (low, high) in RANGES.items():
        unit = (design.coordinates[name][1] - low) / (high - low)
        assert sorted(np.floor(unit * samples).astype(int)) == list(range(samples))


@settings(max_examples=10, deadline=None)
@given(power=st.integers(0, 6), seed=seeds)
def test_sobol_points_fill_halves_evenly(power, seed):
    design = d.sobol(RANGES, 2**power, seed)
    for name, (low, high) in RANGES.items():
        below = design.coordinates[name][1] < (low + high) / 2
        assert power == 0 or below.sum() == 2**power / 2


def _drawn(samples, seed):
    return d.monte_carlo(RANGES, samples, seed, weather_years=[2018, 2019, 2020], draws_outages=True)


@settings(max_examples=15, deadline=None)
@given(seed=seeds)
def test_the_seed_makes_the_design(seed):
    for made in (d.latin_hypercube, d.sobol):
        one, two, other = (made(RANGES, 4, s) for s in (seed, seed, seed + 1))
        assert one.scenarios == two.scenarios
        assert one.scenarios != other.scenarios
    assert _drawn(4, seed).scenarios == _drawn(4, seed).scenarios
    assert _drawn(4, seed).scenarios != _drawn(4, seed + 1).scenarios


def test_a_larger_monte_carlo_study_begins_with_the_smaller_one():
    assert _drawn(9, 3).scenarios[:5] == _drawn(5, 3).scenarios


def test_monte_carlo_draws_years_with_equal_chance():
    years = [scenario.changes["weather_year"] for scenario in _drawn(3000, 1).scenarios]
    counts = np.array([years.count(year) for year in (2018, 2019, 2020)])
    # 5 standard deviations of a binomial with n = 3000, p = 1/3
    assert np.abs(counts - 1000).max() < 5 * np.sqrt(3000 * 2 / 9)
