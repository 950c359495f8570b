"""How the horizon is cut into windows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridopt.horizon.rolling import horizon_spans
from gridopt.horizon.solvers import solver_options
from gridopt.horizon.windows import Span, spans
from gridopt.model.system import System
from tests.horizon.audited import audited
from tests.horizon.random_cases import whole_system
from tests.model.systems import case_of, generator, grid, load, profiles, solve, storage


@pytest.mark.parametrize(
    ("total", "core", "look_ahead", "expected"),
    [
        (1, 168, 48, [Span(0, 1, 1)]),
        (168, 168, 48, [Span(0, 168, 168)]),
        (169, 168, 48, [Span(0, 169, 169)]),  # a rest below half a window is taken along
        (5, 1, 0, [Span(t, 1, 1) for t in range(5)]),
        (4, 2, 9, [Span(0, 4, 2), Span(2, 2, 2)]),  # the look-ahead ends with the horizon
        (7, 4, 0, [Span(0, 4, 4), Span(4, 3, 3)]),
        (9, 6, 3, [Span(0, 9, 6), Span(6, 3, 3)]),
    ],
)
def test_edges(total, core, look_ahead, expected):
    assert list(spans(total, core, look_ahead)) == expected


@given(st.integers(1, 400), st.integers(1, 60), st.integers(0, 80))
def test_cores_cover_the_horizon_once(total, core, look_ahead):
    found = list(spans(total, core, look_ahead))
    hours = np.concatenate([np.arange(span.start, span.start + span.core) for span in found])
    np.testing.assert_array_equal(hours, np.arange(total))
    for span in found:
        assert span.core <= span.steps <= max(core + look_ahead, span.core)
        assert span.start + span.steps <= total
        # none is a handful of hours
        assert 2 * span.core >= min(core, total)


def flat_case(steps, **settings):
    net = grid()
    load(net, 0, 50.0)
    generator(net, 0, 100.0, 300.0)
    return case_of(net, steps, **settings)


def test_hours_of_the_settings_become_steps():
    system = System.read(flat_case(24, horizon={"window_h": 10, "look_ahead_h": 4}))
    assert horizon_spans(system) == [Span(0, 14, 10), Span(10, 14, 14)]
    system = System.read(flat_case(24, horizon={"mode": "monolithic", "window_h": 10}))
    assert horizon_spans(system) == [Span(0, 24, 24)]


def test_a_horizon_of_one_hour():
    net, series = whole_system(4, 1)
    result = audited(case_of(net, series, horizon={"window_h": 6, "look_ahead_h": 6}))
    assert list(result.dataset["window_core"]) == [1]


def test_automatic_start_keeps_the_basis_only_without_commitment():
    for commitment, start in (("off", "basis"), ("relaxed", "presolve")):
        assert solver_options(System.read(flat_case(1, unit_commitment=commitment))).start == start
    given_start = System.read(flat_case(1, solver={"start": "basis"}))
    assert solver_options(given_start).start == "basis"


@pytest.mark.parametrize("seed", range(2))
def test_both_starts_agree(seed):
    net, series = whole_system(seed, 24)
    horizon = {"window_h": 6, "look_ahead_h": 6}
    costs = [solve(case_of(net, series, solver={"start": start}))[1].objective_cny for start in ("basis", "presolve")]
    assert costs[0] == pytest.approx(costs[1], rel=1e-8)
    for start in ("basis", "presolve"):
        audited(case_of(net, series, horizon=horizon, solver={"start": start}))


def test_progress_is_told_after_every_window():
    from gridopt.horizon.rolling import solve_horizon

    told = []
    system = System.read(flat_case(24, horizon={"window_h": 6, "look_ahead_h": 2}))
    solve_horizon(system, lambda done, total: told.append((done, total)))
    assert told == [(6, 24), (12, 24), (18, 24), (24, 24)]


@pytest.mark.parametrize("end", ["free", "value", "cyclic"])
def test_what_storage_is_worth_at_the_end_of_windows(end):
    # Demand is served at 100 CNY/MWh for twelve hours, then at 400.  The first window of six hours sees none of the
    # dear hours: only the price of the middle of the merit order (400) makes the store charge in it.
    net = grid()
    load(net, 0, 50.0, "load")
    generator(net, 0, 60.0, 100.0)
    generator(net, 0, 100.0, 400.0)
    storage(net, 0, charge_mw=10.0, energy_mwh=60.0, efficiency=0.9, start_pu=0.5)
    series = profiles(24, load=("demand", np.repeat([0.8, 1.6], 12)))
    horizon = {"window_h": 6, "look_ahead_h": 0, "end_storage": end}
    level = audited(case_of(net, series, horizon=horizon)).dataset["storage_energy_mwh"].to_numpy()[0]
    assert level[5] == pytest.approx(0.0 if end == "free" else 60.0, abs=1e-5)
    if end == "free":
        assert level[-1] == pytest.approx(0.0, abs=1e-5)
    if end == "cyclic":
        assert level[-1] == pytest.approx(30.0, abs=1e-5)
