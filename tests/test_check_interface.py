"""Limits of interfaces that a profile shapes: what must fit together."""

import pytest

from gridopt.errors import InputError
from gridopt.profiles.check import check as profile_faults
from tests.model.systems import add_row, case_of, generator, grid, load, profiles


def faults(series, **columns):
    """Faults of a case with one interface."""
    net = grid(2, [(0, 1, 10.0, 500.0)])
    generator(net, 0, 300.0, 100.0)
    load(net, 1, 150.0)
    add_row(net, "interface", {"name": "cut", **columns})
    add_row(net, "interface_branch", {"interface": "cut", "element": "line", "index": 0, "sign": 1})
    with pytest.raises(InputError) as error:
        case_of(net, profiles(3, **series))
    return [str(fault) for fault in error.value.faults]


def test_a_profile_shapes_a_limit_that_is_there():
    (fault,) = faults({"winter": ("limit", [1.0, 1.1, 1.2])}, max_mw=100.0, min_profile="winter")
    assert "min_profile" in fault and "it shapes min_mw, which is missing" in fault


def test_the_lower_limit_stays_below_the_upper_one():
    series = {"low": ("limit", [1.0, 0.2, 0.3]), "high": ("limit", [1.0, 1.0, 0.1])}
    (fault,) = faults(series, min_mw=80.0, max_mw=90.0, min_profile="low", max_profile="high")
    assert "the lower limit is above the upper one in 1 h" in fault


def test_the_profile_is_one_of_limits():
    (fault,) = faults({"wind": ("availability", [1.0, 0.5, 0.2])}, max_mw=90.0, max_profile="wind")
    assert "a profile of kind 'limit' is needed" in fault
    assert any("no profile 'wnid'" in fault for fault in faults({}, max_mw=90.0, max_profile="wnid"))


def test_limits_may_rise_but_not_turn_round():
    good = profiles(3, winter=("limit", [0.0, 1.0, 1.3]))
    assert not profile_faults(good)
    (fault,) = profile_faults(profiles(3, winter=("limit", [0.0, 1.0, -0.1])))
    assert "values below 0" in str(fault)
