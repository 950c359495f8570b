"""Properties that every solution must have, on small problems solved in one piece."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.horizon.random_cases import random_case
from tests.model.systems import MONOLITHIC, case_of, generator, grid, load, profiles, solve, storage, thermal, wind

HOURS = 6
CYCLIC = MONOLITHIC | {"end_storage": "cyclic"}

few = settings(max_examples=4, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


@dataclass(frozen=True)
class Small:
    """Two buses: wind and a cluster behind a line, a dear generator and most of the demand at the other end."""

    limit_mw: float
    wind_mw: float
    demand_mw: float
    store_mw: float
    store_h: float
    units: int
    low_pu: float
    ramp_pu: float
    minimum_h: int
    shape: tuple[float, ...]
    weather: tuple[float, ...]


smalls = st.builds(
    Small,
    limit_mw=st.floats(20, 150),
    wind_mw=st.floats(0, 200),
    demand_mw=st.floats(20, 150),
    store_mw=st.floats(0, 60),
    store_h=st.floats(0.5, 4),
    units=st.integers(1, 4),
    low_pu=st.floats(0, 0.9),
    ramp_pu=st.floats(0.1, 1.0),
    minimum_h=st.integers(0, 4),
    shape=st.tuples(*[st.floats(0.3, 1.7)] * HOURS),
    weather=st.tuples(*[st.floats(0, 1)] * HOURS),
)


def cost(small, *, scale=1.0, split=False, end=CYCLIC, **options):
    net = grid(2, [(0, 1, 10.0, small.limit_mw)])
    load(net, 0, 0.3 * small.demand_mw, "load", value_of_lost_load_cny_per_mwh=8000.0 * scale)
    load(net, 1, 0.7 * small.demand_mw, "load", value_of_lost_load_cny_per_mwh=9000.0 * scale)
    generator(net, 1, 50.0, 600.0 * scale)
    wind(net, 0, small.wind_mw, "wind", curtailment_cost_cny_per_mwh=2.0 * scale)
    storage(
        net,
        1,
        charge_mw=small.store_mw,
        energy_mwh=small.store_mw * small.store_h,
        efficiency=0.9,
        throughput_cost_cny_per_mwh=7.0 * scale,
    )
    clusters, units = (small.units, 1) if split else (1, small.units)
    size = 100.0 / small.units
    for _ in range(clusters):
        thermal(
            net,
            0,
            units,
            small.low_pu * size,
            size,
            250.0 * scale,
            cp0_eur=20.0 * units * scale,
            start_cost_cny=900.0 * scale,
            min_up_h=float(small.minimum_h),
            min_down_h=float(small.minimum_h),
            ramp_up_mw_per_h=small.ramp_pu * size * units,
            ramp_down_mw_per_h=small.ramp_pu * size * units,
            startup_ramp_mw=max(small.low_pu, small.ramp_pu) * size * units,
            shutdown_ramp_mw=max(small.low_pu, small.ramp_pu) * size * units,
            initial_on_units=float(units),
        )
    series = profiles(HOURS, load=("demand", small.shape), wind=("availability", small.weather))
    prices = {"excess_cny_per_mwh": 3000.0 * scale}
    _, record = solve(case_of(net, series, horizon=end, prices=prices, **options))
    return record.objective_cny


def at_most(left, right):
    assert left <= right + 1e-6 * abs(right) + 1e-2


@few
@given(smalls, st.floats(1.0, 3.0))
def test_more_storage_never_costs_more(small, factor):
    at_most(cost(replace(small, store_mw=factor * small.store_mw)), cost(small))


@few
@given(smalls)
def test_a_copper_plate_never_costs_more_than_a_network(small):
    at_most(cost(small, network_level="copperplate"), cost(small))


@few
@given(smalls, st.floats(1.0, 3.0))
def test_a_higher_rating_never_costs_more(small, factor):
    at_most(cost(replace(small, limit_mw=factor * small.limit_mw)), cost(small))


@few
@given(smalls)
def test_no_commitment_never_costs_more_than_relaxed_without_no_load(small):
    # Without no-load cost everything that a relaxed cluster can do a free one can.
    free = replace(small, low_pu=0.0)
    constant = 20.0 * small.units * HOURS  # cp0 is paid always where nothing is committed
    at_most(cost(free, unit_commitment="off") - constant, cost(free))


@few
@given(smalls, st.floats(0.2, 5.0))
def test_all_prices_times_a_factor_are_the_cost_times_it(small, factor):
    assert cost(small, scale=factor) == pytest.approx(factor * cost(small), rel=1e-6, abs=1e-2)


@few
@given(smalls)
def test_a_cluster_of_n_units_costs_what_n_clusters_of_one_cost(small):
    assert cost(small, split=True) == pytest.approx(cost(small), rel=1e-6, abs=1e-2)


@few
@given(smalls)
def test_looking_at_all_hours_never_costs_more_than_windows(small):
    # Both end at the start level, so that the comparison is fair.
    rolling = {"window_h": 2, "look_ahead_h": 1, "end_storage": "cyclic"}
    at_most(cost(small), cost(small, end=rolling))


@pytest.mark.parametrize("seed", range(2))
def test_monolithic_is_never_dearer_with_every_component(seed):
    net, series = random_case(seed, 24)
    net.storage["end"] = "cyclic"
    runs = {}
    for mode in ("monolithic", "rolling"):
        horizon = {"mode": mode, "window_h": 6, "look_ahead_h": 6, "end_storage": "cyclic"}
        _, record = solve(case_of(net, series, horizon=horizon))
        level = record.outputs["hydro"]["hydro_energy_mwh"][:, -1]
        runs[mode] = record.objective_cny, level
    # the windows may leave more water than the start level: worth at most what it would replace, 900 CNY/MWh
    water = np.maximum(runs["rolling"][1] - runs["monolithic"][1], 0.0).sum()
    at_most(runs["monolithic"][0], runs["rolling"][0] + 900.0 * water)
