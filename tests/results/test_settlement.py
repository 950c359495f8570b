"""Compensation of deep regulation, computed by hand."""

import numpy as np
import pandas as pd
import pytest

import gridopt
from gridopt.results.settlement import COLUMNS, settlement
from tests.model.systems import add_row, case_of, generator, grid, load, profiles, thermal


def system(units=1):
    """A cluster of units of 50 to 100 MW that must run, with bands of 10 and 10 MW for each unit."""
    net = grid()
    load(net, 0, 100.0, "load")
    columns = {"must_run_units": units, "retrofitted": True, "initial_on_units": units, "initial_p_mw": 50.0 * units}
    generator(net, 0, 50.0, 900.0)
    row = thermal(net, 0, units, 50.0, 100.0, 200.0, name="plant", **columns)
    for width, wear, price in ((10.0, 40.0, 400.0), (10.0, 150.0, 600.0)):
        band = {"width_mw": units * width, "wear_cny_per_mwh": wear, "price_cny_per_mwh": price}
        add_row(net, "deep_regulation", {"element": "gen", "index": row, **band})
    return net


def test_each_band_is_paid_at_its_price_and_only_in_the_settlement():
    # 35, 45 and 60 MW: 15, 5 and 0 MW below the minimum.  First band 10 + 5 MWh, second 5 MWh.
    case = case_of(system(), profiles(3, load=("demand", [0.35, 0.45, 0.60])))
    result = gridopt.solve(case)
    table = settlement(case, result.dataset)
    expected = pd.DataFrame(
        {
            "generator": ["plant", "plant"],
            "band": [1, 2],
            "width_mw": [10.0, 10.0],
            "hours": [2.0, 1.0],
            "energy_mwh": [15.0, 5.0],
            "price_cny_per_mwh": [400.0, 600.0],
            "compensation_cny": [6000.0, 3000.0],
        }
    )
    pd.testing.assert_frame_equal(table, expected, atol=1e-4)
    assert list(table.columns) == list(COLUMNS)
    # the objective knows fuel and wear alone
    assert result.summary["objective_cny"] == pytest.approx(140 * 200 + 15 * 40 + 5 * 150)


def test_bands_are_as_wide_as_the_units_that_run():
    # Two units, 70 MW for half an hour: 30 MW below the minimum, 20 in the first band and 10 in the second.
    case = case_of(system(units=2), profiles(2, 0.5, load=("demand", [0.7, 1.0])))
    table = settlement(case, gridopt.solve(case).dataset)
    np.testing.assert_allclose(table["energy_mwh"], [10.0, 5.0], atol=1e-4)
    np.testing.assert_allclose(table["hours"], [0.5, 0.5])


def test_without_commitment_there_is_nothing_to_settle():
    case = case_of(system(), profiles(2, load=("demand", [1.0, 1.0])), unit_commitment="off")
    assert settlement(case, gridopt.solve(case).dataset).empty
