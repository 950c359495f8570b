"""Steps of a quarter of an hour: powers in MW, energies four times smaller."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gridopt.results.dataset import build_dataset
from gridopt.results.summary import build_summary
from tests.horizon.audited import audited
from tests.horizon.random_cases import whole_system
from tests.model.systems import MONOLITHIC, START, case_of, grid, load, output, profiles, solve, storage, thermal, wind


def in_quarters(case):
    """The same steps, each a quarter of an hour long."""
    time = START + pd.to_timedelta(np.arange(1, len(case.time) + 1) / 4, unit="h")
    settings = case.settings.model_copy(update={"step_h": 0.25})
    return replace(case, profiles=case.profiles.assign_coords(time=time), settings=settings)


@pytest.mark.parametrize("seed", range(4))
def test_windows_keep_every_equation(seed):
    net, series = whole_system(seed, 48)
    horizon = {"window_h": 3, "look_ahead_h": 3}
    result = audited(in_quarters(case_of(net, series, horizon=horizon)))
    assert list(result.dataset["window_core"]) == [12, 12, 12, 12]


def test_hours_are_as_many_quarters():
    # Constant conditions for an hour cost the same in one step and in four; ramps and minimum times are in hours.
    def bench(steps):
        net = grid()
        load(net, 0, 100.0)
        columns = {"ramp_up_mw_per_h": 40.0, "startup_ramp_mw": 40.0, "min_up_h": 2.0}
        thermal(net, 0, 1, 20.0, 200.0, 300.0, initial_on_units=1, initial_p_mw=100.0, **columns)
        storage(net, 0, charge_mw=10.0, energy_mwh=30.0, start_pu=1.0, efficiency=0.9)
        return case_of(net, steps, horizon=MONOLITHIC | {"end_storage": "free"})

    (_, hours), (system, quarters) = solve(bench(3)), solve(in_quarters(bench(12)))
    assert quarters.objective_cny == pytest.approx(hours.objective_cny, rel=1e-9)
    assert quarters.objective_cny == pytest.approx((300 - 27) * 300)
    assert list(system.part("thermal").min_up_steps) == [8]


def test_ramps_are_per_hour():
    # From 20 MW with 40 MW/h: 30, 40, 50 … MW.
    net = grid()
    load(net, 0, 100.0)
    ramps = {"ramp_up_mw_per_h": 40.0, "startup_ramp_mw": 10.0}
    thermal(net, 0, 1, 0.0, 100.0, 100.0, **ramps, initial_on_units=1, initial_p_mw=20.0)
    _, record = solve(in_quarters(case_of(net, 4)))
    np.testing.assert_allclose(output(record, "thermal", "generator_p_mw"), [[30.0, 40.0, 50.0, 60.0]], atol=1e-6)


def test_prices_and_energies_of_the_result_are_per_mwh():
    net = grid()
    load(net, 0, 100.0)
    wind(net, 0, 30.0)
    thermal(net, 0, 1, 0.0, 200.0, 300.0, initial_on_units=1)
    case = in_quarters(case_of(net, profiles(8)))
    system, record = solve(case)
    dataset = build_dataset(system, record)
    np.testing.assert_allclose(dataset["bus_price_cny_per_mwh"], 300.0)
    summary = build_summary(case, dataset, 0.0)
    assert summary["hours"] == 2.0
    assert summary["demand_mwh"] == pytest.approx(200.0)
    assert summary["wind_mwh"] == pytest.approx(60.0)
    assert summary["objective_cny"] == pytest.approx(140.0 * 300)
