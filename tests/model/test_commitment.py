"""Unit commitment against enumeration: single units, clusters, whole numbers and fractions."""

from __future__ import annotations

from dataclasses import replace

import cvxpy as cp
import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from gridopt.model.component import Window
from gridopt.model.reserve_product import ReserveProduct
from gridopt.model.system import System
from gridopt.model.thermal import Thermal
from gridopt.model.thermal_bands import Bands
from gridopt.model.thermal_starts import WarmTimes
from gridopt.solver.program import compile_problem
from tests.model.brute_force import (
    Unit,
    Wanted,
    cheapest,
    cheapest_cluster,
    dispatch,
    schedules,
)
from tests.model.systems import case_of, grid, load, profiles, thermal

LACK, EXCESS, SHORT = 2000.0, 500.0, 900.0
SINGLE_SEEDS, PER_SEED = 10, 20


@pytest.fixture(scope="module")
def template():
    """Data of one plain cluster; only its numbers are exchanged."""
    net = grid()
    load(net, 0, 100.0, "load")
    thermal(net, 0, 1, 40.0, 100.0, 100.0)
    return System.read(case_of(net, profiles(6, load=("demand", np.ones(6))))).part("thermal")


def column(units, name):
    return np.array([getattr(unit, name) for unit in units], dtype=float)


def data_of(template, units, wanted, installed, on, integer):
    """Arrays of the model for some units (clusters of equal ones)."""
    count, low = len(units), column(units, "low")
    on, installed = np.asarray(on, dtype=float), np.asarray(installed, dtype=float)
    each_hour = np.ones((1, wanted.hours))
    zero, idle = np.zeros(count), np.zeros((count, wanted.hours))
    bands = [(i, width, wear) for i, unit in enumerate(units) for width, wear in unit.bands]
    warm = [
        (i, age, unit.tiers[-1][1] - unit.start_after(age))
        for i, unit in enumerate(units)
        for age in range(unit.min_down, unit.tiers[-1][0] if unit.tiers else 0)
        if unit.start_after(age) < unit.tiers[-1][1]
    ]
    # a response time of an hour with the rate as the most that a unit may hold
    products = [
        ReserveProduct(side, "spinning", side, 1e6, 1.0, need, SHORT)
        for side, need in (("up", wanted.up), ("down", wanted.down))
        if need.any()
    ]
    rates = {side: column(units, f"{side}_rate") for side in ("up", "down")}
    return replace(
        template,
        labels=tuple(str(i) for i in range(count)),
        rows=tuple(("gen", i) for i in range(count)),
        n_units=installed,
        min_mw=low,
        max_mw=column(units, "high"),
        ramp_up_mw_per_h=column(units, "ramp_up"),
        ramp_down_mw_per_h=column(units, "ramp_down"),
        startup_ramp_mw=column(units, "start_ramp"),
        shutdown_ramp_mw=column(units, "stop_ramp"),
        min_up_steps=column(units, "min_up").astype(int),
        min_down_steps=column(units, "min_down").astype(int),
        output_cny_per_mwh=column(units, "price"),
        no_load_cny_per_h=column(units, "no_load"),
        start_cost_cny=np.array([unit.tiers[-1][1] if unit.tiers else unit.start_cost for unit in units]),
        must_run_units=(column(units, "must_run") * installed)[:, None] * each_hour,
        heat_floor_mw=idle,
        heat_cut_mw=idle,
        heat_units=idle,
        available_units=installed[:, None] * each_hour,
        forced_units=idle,
        initial_on_units=on,
        initial_above_min_mw=np.maximum(column(units, "output") - low * on, 0.0) * (on > 0),
        initial_steps_in_state=column(units, "hours").astype(int),
        max_reserve_mw=rates["up"],
        inertia_mws=zero,
        co2_t_per_mwh=zero,
        co2_cny_per_mwh=zero,
        bands=Bands(*(np.array([row[k] for row in bands], dtype=t) for k, t in enumerate((int, float, float)))),
        warm=WarmTimes(*(np.array([row[k] for row in warm], dtype=t) for k, t in enumerate((int, int, float)))),
        heat_zone=("",) * count,
        products=tuple(products),
        integer=integer,
    )


class Bench:
    """The thermal component alone, with demand and reserve to be met at a price."""

    def __init__(self, template, units, wanted, *, installed=None, on=None, integer=False):
        ones = [1] * len(units)
        on = [unit.on for unit in units] if on is None else on
        data = data_of(template, units, wanted, ones if installed is None else installed, on, integer)
        hours = wanted.hours
        self.part = part = Thermal(data, hours, 1.0)
        part.bind(Window(0, hours, hours, last=True, state={"thermal": part.initial_state()}))
        lack, excess = (cp.Variable(hours, nonneg=True) for _ in range(2))
        cost = cp.sum(part.cost()) + wanted.lack * cp.sum(lack) + wanted.excess * cp.sum(excess)
        rows = [cp.sum(part.power(), axis=0) + lack - excess == wanted.demand]
        for product in data.products:
            short = cp.Variable(hours, nonneg=True)
            cost = cost + product.price_cny_per_mwh * cp.sum(short)
            rows.append(part.reserve(product) + short >= product.requirement_mw)
        rows += part.constraints() + part.lazy_constraints()
        problem = cp.Problem(cp.Minimize(cost), rows)
        self.program, compiled, _ = compile_problem(problem)
        first = compiled["param_prob"].var_id_to_col[part.on.id]
        self.running = slice(first, first + part.on.size)

    def cost(self, on=None, *, relaxed=False):
        """Least cost, with the numbers of running units given or not; infinite without a solution."""
        program = self.program
        lower, upper, whole = program.lower.copy(), program.upper.copy(), np.zeros(program.cost.size)
        if on is not None:
            values = np.asarray(on, dtype=float).ravel(order="F")
            if (values < lower[self.running]).any() or (values > upper[self.running]).any():
                return np.inf  # a must-run unit is off
            lower[self.running] = upper[self.running] = values
        if not relaxed:
            whole[program.integers] = 1
        solved = milp(
            program.cost,
            integrality=whole,
            bounds=Bounds(lower, upper),
            constraints=LinearConstraint(program.matrix, program.row_lower, program.row_upper),
            options={"mip_rel_gap": 0.0},
        )
        assert solved.status in (0, 2), solved.message
        return solved.fun if solved.status == 0 else np.inf


def random_unit(rng, features):
    low = float(rng.integers(10, 60))
    high = low + float(rng.integers(0, 80))
    on = int(rng.random() < 0.6)
    start, stop = (float(rng.integers(low, high + 1)) for _ in range(2))
    hours = int(rng.integers(1, 5))
    output = float(rng.integers(low, high + 1)) if on else 0.0
    unit = Unit(
        low=low,
        high=high,
        ramp_up=float(rng.choice([10, 25, 60, 500])),
        ramp_down=float(rng.choice([10, 25, 60, 500])),
        start_ramp=start,
        stop_ramp=stop,
        min_up=int(rng.integers(1, 5)),
        min_down=int(rng.integers(1, 4)),
        price=float(rng.integers(100, 500)),
        no_load=float(rng.choice([0, 500, 2000])),
        start_cost=float(rng.choice([0, 1000, 8000])),
        on=on,
        hours=hours,
        output=min(output, start) if hours == 1 else output,
    )
    if "tiers" in features and rng.random() < 0.7:
        first, second = 1 + rng.integers(1, 3), 3 + rng.integers(1, 4)
        hot = float(rng.integers(500, 3000))
        unit = replace(unit, tiers=((0, hot), (int(first), 2 * hot), (int(second), 4 * hot)))
    if "reserve" in features:
        rate = float(rng.choice([5, 20, 1000]))
        unit = replace(unit, up_rate=min(rate, high - low), down_rate=min(rate, high - low))
    if "bands" in features and rng.random() < 0.6:
        widths = rng.integers(2, int(low) // 2 + 1, 2)
        unit = replace(unit, bands=((float(widths[0]), 40.0), (float(widths[1]), 150.0)))
    return replace(unit, must_run=on == 1 and rng.random() < 0.15)


def random_system(rng, number, hours, features=("tiers", "reserve", "bands")):
    units = [random_unit(rng, features) for _ in range(number)]
    size = sum(unit.high for unit in units)
    up, down = (np.zeros(hours), np.zeros(hours))
    if "reserve" in features:
        up, down = (rng.uniform(0.0, share * size, hours).round(1) for share in (0.25, 0.1))
    demand = rng.uniform(0.0, 1.1 * size, hours).round(1)
    return units, Wanted(demand, up, down, LACK, EXCESS, SHORT)


def close(a, b):
    # what is still held at the start of a window is drawn in by 1e-6 units
    return a == pytest.approx(b, rel=1e-5, abs=2.0)


FEATURES = [(), ("tiers",), ("reserve",), ("tiers", "reserve"), ("tiers", "reserve", "bands")]


def compare_single(template, seed, cases, number=3):
    """Integer commitment equals enumeration; neither relaxation lies above it, that by classes below that by arcs."""
    rng = np.random.default_rng(seed)
    compared = 0
    while compared < cases:
        features = FEATURES[compared % len(FEATURES)]
        units, wanted = random_system(rng, number, 6 if rng.random() < 0.2 else 5, features)
        best = cheapest(units, wanted)
        bench = Bench(template, units, wanted, integer=True)
        whole = bench.cost()
        assert close(whole, best.cost), (seed, compared, units, wanted)
        if np.isfinite(best.cost):  # else what was before the horizon leaves no way out, and the model says so too
            compared += 1
            arcs, classes = bench.cost(relaxed=True), Bench(template, units, wanted).cost()
            assert arcs <= whole * (1 + 1e-6) + 2.0
            assert classes <= arcs * (1 + 1e-6) + 2.0


@pytest.mark.parametrize("seed", range(SINGLE_SEEDS))
def test_integer_commitment_of_single_units_equals_enumeration(template, seed):
    compare_single(template, 1000 + seed, PER_SEED)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_integer_commitment_of_many_more_single_units_equals_enumeration(template, seed):
    compare_single(template, 5000 + seed, 50)


@pytest.mark.parametrize("seed", range(4))
def test_every_integer_schedule_is_feasible_at_its_own_cost(template, seed):
    rng = np.random.default_rng(2000 + seed)
    compared = 0
    for _ in range(8):
        units, wanted = random_system(rng, 2, 5)
        every = schedules(units, wanted.hours)
        bench = Bench(template, units, wanted)
        for k in rng.permutation(len(every))[:12]:
            expected = dispatch(units, every[k], wanted)
            assert close(bench.cost(every[k]), expected), (units, wanted, every[k])
            compared += np.isfinite(expected)
    assert compared > 40


def test_schedules_that_break_minimum_times_have_no_solution(template):
    rng = np.random.default_rng(7)
    refused = 0
    for _ in range(8):
        units, wanted = random_system(rng, 2, 5)
        allowed = {on.tobytes() for on in schedules(units, wanted.hours)}
        bench = Bench(template, units, wanted)
        for _ in range(10):
            on = rng.integers(0, 2, (2, wanted.hours))
            if on.tobytes() not in allowed:
                assert bench.cost(on) == np.inf
                refused += 1
    assert refused > 30


@pytest.mark.parametrize("seed", range(3))
def test_clusters_equal_the_enumeration_of_their_counts_and_never_cost_more_than_their_units(template, seed):
    rng = np.random.default_rng(3000 + seed)
    compared, cheaper = 0, 0
    while compared < 10:
        features = FEATURES[compared % len(FEATURES)]
        (unit,), wanted = random_system(rng, 1, 4, features)
        wanted = replace(wanted, demand=2 * wanted.demand, up=2 * wanted.up, down=2 * wanted.down)
        together = replace(unit, output=2 * unit.output)
        best = cheapest_cluster(together, 2, 2 * unit.on, wanted)
        options = {"installed": [2], "on": [2 * unit.on]}
        bench = Bench(template, [together], wanted, integer=True, **options)
        whole = bench.cost()
        assert close(whole, best.cost), (unit, wanted)
        single = cheapest([unit, unit], wanted)
        assert whole <= single.cost * (1 + 1e-5) + 2.0
        if not np.isfinite(best.cost):
            continue
        compared += 1
        cheaper += whole < single.cost - 5.0
        arcs, classes = bench.cost(relaxed=True), Bench(template, [together], wanted, **options).cost()
        assert arcs <= whole * (1 + 1e-6) + 2.0
        assert classes <= arcs * (1 + 1e-6) + 2.0
    assert cheaper < compared  # most clusters cost what their units cost


def test_a_cluster_may_do_what_its_units_cannot(template):
    # Two units of 40 to 100 MW with 20 MW/h, the first full, the second started at its minimum in the second hour.
    # The third hour wants 180 MW: the units give 100 + 60, as the first has no room and the second only its ramp.
    # The cluster adds up both ramps, 2 x 20 MW, and gives 180 MW: what one unit can't use, the other may.
    unit = Unit(40.0, 100.0, 20.0, 20.0, 40.0, 40.0, 2, 2, 300.0, 0.0, 0.0, 1, 9, 100.0)
    idle = replace(unit, on=0, output=0.0)
    wanted = Wanted.of(np.array([100.0, 140.0, 180.0]), LACK, 5000.0)
    apart = cheapest([unit, idle], wanted)
    assert apart.cost == pytest.approx(400 * 300 + 20 * LACK)
    together = cheapest_cluster(unit, 2, 1, wanted)
    assert together.cost == pytest.approx(420 * 300)
    assert Bench(template, [unit], wanted, installed=[2], on=[1], integer=True).cost() == pytest.approx(420 * 300)
    assert Bench(template, [unit, idle], wanted, integer=True).cost() == pytest.approx(apart.cost)
