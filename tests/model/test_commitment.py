"""Relaxed commitment against all integer schedules of 100 random systems of two units and five hours."""

from dataclasses import replace

import numpy as np
import pytest

from gridopt.errors import InfeasibleError
from gridopt.model.component import Window
from gridopt.model.dispatch import DispatchModel
from gridopt.model.system import System
from gridopt.model.thermal import Thermal
from gridopt.solver.session import LiveProblem
from tests.model.brute_force import Unit, cheapest, dispatch, schedules
from tests.model.systems import case_of, grid, load, profiles, thermal

HOURS, LACK, EXCESS = 5, 2000.0, 500.0
PER_SEED = 20


@pytest.fixture(scope="module")
def template():
    """A system of two units; only its numbers are exchanged."""
    net = grid()
    load(net, 0, 100.0, "load")
    for price in (100.0, 200.0):
        thermal(net, 0, 1, 40.0, 100.0, price)
    series = profiles(HOURS, load=("demand", np.ones(HOURS)))
    prices = {"value_of_lost_load_cny_per_mwh": LACK, "excess_cny_per_mwh": EXCESS}
    return System.read(case_of(net, series, prices=prices))


def random_unit(rng):
    low = float(rng.integers(10, 60))
    high = low + float(rng.integers(0, 80))
    on = int(rng.random() < 0.6)
    start, stop = (float(rng.integers(low, high + 1)) for _ in range(2))
    return Unit(
        low=low,
        high=high,
        ramp_up=float(rng.choice([10, 25, 60, 500])),
        ramp_down=float(rng.choice([10, 25, 60, 500])),
        start_ramp=start,
        stop_ramp=stop,
        min_up=int(rng.integers(1, 5)),
        min_down=int(rng.integers(1, 5)),
        price=float(rng.integers(100, 500)),
        no_load=float(rng.choice([0, 500, 2000])),
        start_cost=float(rng.choice([0, 1000, 8000])),
        on=on,
        hours=int(rng.integers(1, 5)),
        output=float(rng.integers(low, high + 1)) if on else 0.0,
    )


def random_system(rng):
    units = [random_unit(rng) for _ in range(2)]
    units = [replace(unit, output=min(unit.output, unit.start_ramp)) if unit.hours == 1 else unit for unit in units]
    return units, rng.uniform(0.0, 1.1 * sum(unit.high for unit in units), HOURS).round(1)


def column(units, name):
    return np.array([getattr(unit, name) for unit in units], dtype=float)


def live_model(template, units, demand, counts=(1, 1)):
    """The model of the very same units, relaxed; ``counts`` of them in each cluster."""
    old = template.part("thermal")
    low, high = column(units, "low"), column(units, "high")
    data = replace(
        old,
        n_units=np.array(counts, dtype=float),
        min_mw=low,
        max_mw=high,
        ramp_up_mw_per_h=column(units, "ramp_up"),
        ramp_down_mw_per_h=column(units, "ramp_down"),
        startup_ramp_mw=column(units, "start_ramp"),
        shutdown_ramp_mw=column(units, "stop_ramp"),
        min_up_steps=column(units, "min_up").astype(int),
        min_down_steps=column(units, "min_down").astype(int),
        output_cny_per_mwh=column(units, "price"),
        no_load_cny_per_h=column(units, "no_load"),
        start_cost_cny=column(units, "start_cost"),
        initial_on_units=column(units, "on"),
        initial_above_min_mw=column(units, "on") * np.maximum(column(units, "output") - low, 0.0),
        initial_steps_in_state=column(units, "hours").astype(int),
    )
    new = {"thermal": data, "demand": replace(template.part("demand"), demand_mw=demand[None, :])}
    system = replace(template, parts=tuple((kind, new.get(kind.name, part)) for kind, part in template.parts))
    model = DispatchModel(system, HOURS)
    model.bind(Window(0, HOURS, HOURS, last=True, state=system.initial_state()))
    live = LiveProblem(model.problem)
    live.refresh()
    return model, live


def cost(model, live):
    live.run()
    live.unpack()
    return sum(operating.sum() + penalty.sum() for operating, penalty in model.costs().values())


def fix(model, live, on):
    """Hold the number of running units of each hour."""
    part = next(part for part in model.components if isinstance(part, Thermal))
    columns = live.columns(part.on)
    numbers = np.arange(columns.start, columns.stop, dtype=np.int32)
    values = on.ravel(order="F").astype(float)
    live.highs.changeColsBounds(numbers.size, numbers, values, values)


def close(a, b):
    # what is still held at the start of a window is drawn in by 1e-6 units
    return a == pytest.approx(b, rel=1e-5, abs=2.0)


@pytest.mark.parametrize("seed", range(5))
def test_relaxed_cost_is_a_bound_and_exact_at_integer_schedules(template, seed):
    rng = np.random.default_rng(1000 + seed)
    compared = 0
    while compared < PER_SEED:
        units, demand = random_system(rng)
        best = cheapest(units, demand, LACK, EXCESS)
        if not np.isfinite(best.cost):
            continue  # what was before the horizon leaves no way out
        compared += 1
        model, live = live_model(template, units, demand)
        assert cost(model, live) <= best.cost * (1 + 1e-6) + 2.0
        fix(model, live, best.on)
        assert close(cost(model, live), best.cost), (units, demand)


@pytest.mark.parametrize("seed", range(4))
def test_every_integer_schedule_is_feasible_at_its_own_cost(template, seed):
    rng = np.random.default_rng(2000 + seed)
    compared = 0
    for _ in range(8):
        units, demand = random_system(rng)
        every = schedules(units, HOURS)
        model, live = live_model(template, units, demand)
        for k in rng.permutation(len(every))[:12]:
            expected = dispatch(units, every[k], demand, LACK, EXCESS)
            fix(model, live, every[k])
            if np.isfinite(expected):
                assert close(cost(model, live), expected), (units, demand, every[k])
                compared += 1
            else:
                with pytest.raises(InfeasibleError):
                    live.run()
    assert compared > 50


def test_schedules_that_break_minimum_times_have_no_solution(template):
    rng = np.random.default_rng(7)
    refused = 0
    for _ in range(8):
        units, demand = random_system(rng)
        allowed = {on.tobytes() for on in schedules(units, HOURS)}
        model, live = live_model(template, units, demand)
        for _ in range(10):
            on = rng.integers(0, 2, (2, HOURS))
            if on.tobytes() not in allowed:
                fix(model, live, on)
                with pytest.raises(InfeasibleError):
                    live.run()
                refused += 1
    assert refused > 30


@pytest.mark.parametrize("seed", range(3))
def test_a_cluster_is_a_bound_on_its_equal_units(template, seed):
    # Fixed at the number of units of the best schedule, a cluster of two can do what the two units do, and more.
    rng = np.random.default_rng(3000 + seed)
    compared = 0
    while compared < 10:
        (unit, _), demand = random_system(rng)
        units, demand = [unit, unit], np.minimum(demand, 2.2 * unit.high)
        best = cheapest(units, demand, LACK, EXCESS)
        if not np.isfinite(best.cost):
            continue
        compared += 1
        pair = replace(unit, on=2 * unit.on)
        idle = replace(unit, low=0.0, high=0.0, start_ramp=0.0, stop_ramp=0.0, on=0, hours=9, no_load=0.0, output=0.0)
        model, live = live_model(template, [pair, idle], demand, counts=(2, 1))
        assert cost(model, live) <= best.cost * (1 + 1e-6) + 2.0
        fix(model, live, np.vstack([best.on.sum(axis=0), np.zeros(HOURS)]))
        assert cost(model, live) <= best.cost * (1 + 1e-6) + 2.0
