"""Linear programs of demand response over a few hours, merged into ``golden_cases``."""

from __future__ import annotations

from collections.abc import Callable

from gridopt.case import Case
from tests.model.systems import case_of, generator, grid, load, profiles, response

# An annual amount that is one of the unit in a horizon of four hours.
YEAR = 8760.0 / 4


def response_budgets() -> Case:
    """Equivalent full hours: a year's hours, two hours per event and three per day; a program without limits."""
    net = grid(2, [(0, 1, 10.0, 50.0)])
    load(net, 0, 75.0, "load")
    load(net, 1, 25.0, kind="industrial")
    response(net, 30.0, 700.0, hours_per_year=3 * YEAR, hours_per_event=2.0, hours_per_day=2.5)
    response(net, 20.0, 900.0, name="industry", target="industrial", kind="elastic")
    return case_of(net, profiles(4, load=("demand", [0.8, 1.0, 1.2, 1.0])))


def response_calls() -> Case:
    """On-states in the candidate hours: one call and two hours in all, an hour of rest."""
    net = grid()
    load(net, 0, 100.0, "load")
    response(net, 30.0, 700.0, hours_per_year=1 * YEAR, calls_per_year=1 * YEAR, hours_per_event=2.0, rest_h=1.0)
    return case_of(net, profiles(4, load=("demand", [0.8, 1.0, 1.2, 1.0])), unit_commitment="integer")


def response_shift() -> Case:
    """Blocks of two hours, 1.1 MWh taken back for each one; valleys filled where power is cheap."""
    net = grid()
    load(net, 0, 100.0, "load")
    generator(net, 0, 300.0, 250.0)
    response(net, 20.0, 50.0, kind="shiftable", window_h=2.0, payback_pu=1.1)
    response(net, 15.0, 400.0, name="valley", kind="valley_filling", energy_mwh_per_year=30 * YEAR)
    return case_of(net, profiles(4, load=("demand", [0.8, 1.0, 1.2, 1.0])))


CASES: dict[str, Callable[[], Case]] = {
    case.__name__: case for case in (response_budgets, response_calls, response_shift)
}
