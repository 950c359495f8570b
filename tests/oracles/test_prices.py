"""Nodal prices against the cost of one more MW of demand."""

import numpy as np
import pytest

from gridopt.results.prices import nodal_prices
from tests.model.systems import add_row, case_of, generator, grid, load, profiles, solve, storage, wind

STEP_MW = 0.01


def ring(extra=None):
    """Three buses in a ring; the cheap bus can't send all it has; an interface over two lines binds too."""
    net = grid(3, [(0, 1, 10.0, 60.0), (1, 2, 10.0, 500.0), (0, 2, 10.0, 500.0)])
    generator(net, 0, 300.0, 100.0)
    generator(net, 1, 300.0, 400.0)
    generator(net, 2, 80.0, 250.0)
    for bus, mw in enumerate((20.0, 150.0, 90.0)):
        load(net, bus, mw, "load")
    wind(net, 0, 60.0, "wind")
    storage(net, 2, charge_mw=20.0, energy_mwh=40.0, efficiency=0.9, end="cyclic")
    add_row(net, "interface", {"name": "from 0", "max_mw": 100.0})
    for row in (0, 2):
        add_row(net, "interface_branch", {"interface": "from 0", "element": "line", "index": row, "sign": 1})
    series = {"load": ("demand", [0.7, 1.0, 1.2]), "wind": ("availability", [0.9, 0.4, 0.1])}
    if extra is not None:
        bus, hour = extra
        shape = np.zeros(3)
        shape[hour] = 1.0
        load(net, bus, STEP_MW, "extra")
        series["extra"] = ("demand", shape)
    return case_of(net, profiles(3, **series), unit_commitment="off")


def test_price_is_the_cost_of_one_more_mw():
    system, record = solve(ring())
    prices = nodal_prices(system, record)
    np.testing.assert_allclose(prices.energy + prices.congestion, prices.total, atol=1e-9)
    assert np.ptp(prices.total, axis=0).min() > 10.0, "congested in every hour"
    assert np.abs(record.limit_price[-1]).max() > 1.0, "the interface binds"
    for bus in range(3):
        for hour in range(3):
            _, more = solve(ring((bus, hour)))
            difference = (more.objective_cny - record.objective_cny) / STEP_MW
            assert prices.total[bus, hour] == pytest.approx(difference, rel=1e-4, abs=1e-2), (bus, hour)


def test_uncongested_prices_are_one():
    net = grid(2, [(0, 1, 10.0, 500.0)])
    generator(net, 0, 300.0, 100.0)
    load(net, 1, 50.0)
    system, record = solve(case_of(net, 2))
    prices = nodal_prices(system, record)
    np.testing.assert_allclose(prices.total, 100.0)
    np.testing.assert_allclose(prices.congestion, 0.0)


def test_islands_have_their_own_price():
    # Two islands: 100 and 400 CNY/MWh.
    net = grid(2)
    for bus, price in ((0, 100.0), (1, 400.0)):
        generator(net, bus, 300.0, price)
        load(net, bus, 50.0)
    system, record = solve(case_of(net, 1))
    assert system.balance_areas().shape == (2, 2)
    np.testing.assert_allclose(nodal_prices(system, record).total[:, 0], [100.0, 400.0])
    _, plate = solve(case_of(net, 1, network_level="copperplate"))
    assert plate.objective_cny == pytest.approx(100 * 100.0)
