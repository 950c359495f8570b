"""What is held at a window's end stays near a plan."""

from dataclasses import replace

import cvxpy as cp
import numpy as np
import pytest

from gridopt.model.component import Window
from gridopt.model.dispatch import DispatchModel
from gridopt.model.near_plan import CAUTION, NearPlan
from gridopt.model.system import System
from tests.model.systems import case_of, generator, grid, load, profiles, storage
from tests.model.test_flexible_load import flexible
from tests.model.valley import part_of

STEPS = 4


@pytest.mark.parametrize(("level", "beyond"), [(7.0, 2.0), (5.0, 0.0), (1.0, -4.0)])
def test_distance_costs_the_caution_on_both_sides(level, beyond):
    near = NearPlan(np.array([[5.0]]), np.array([10.0]), 0.1)
    near.bind(Window(0, 1, 1, last=False, energy_price_cny_per_mwh=300.0))
    at_end = cp.Variable(1)
    cp.Problem(cp.Minimize(near.cost()), [near.row(at_end), at_end == level]).solve("HIGHS")
    np.testing.assert_allclose(near.beyond().value, [beyond], atol=1e-9)
    assert near.cost().value == pytest.approx(30.0 * abs(beyond))


def test_caution_is_a_part_of_the_energy_price_and_none_at_the_end_of_the_horizon():
    near = NearPlan(np.array([[1.0, 2.0, 3.0, 4.0]]), np.array([10.0]), 0.25)
    window = Window(start=1, steps=2, core=2, last=False, energy_price_cny_per_mwh=-200.0)
    near.bind(window)
    np.testing.assert_allclose(near.planned.value, [3.0])
    np.testing.assert_allclose(near.caution.value, [50.0])
    near.bind(replace(window, last=True))
    np.testing.assert_allclose(near.caution.value, [0.0])


def held_at_end(part, cheap, planned, worth=300.0):
    """Level at the end of a window whose energy costs ``cheap``, told a level and a worth; energy is dear else."""
    net = grid()
    load(net, 0, 10.0, "load")
    generator(net, 0, 100.0, cheap)
    if part == "storage":
        storage(net, 0, charge_mw=20.0, energy_mwh=40.0, start_pu=0.25)
    else:
        columns = {"p_mw": 1.0, "profile": "use", "max_e_mwh": 40.0, "start_e_mwh": 10.0}
        flexible(net, 20.0, **columns)
    series = profiles(2 * STEPS, load=("demand", [1.0] * 2 * STEPS), use=("demand", [0.0] * 2 * STEPS))
    system = System.read(case_of(net, series))
    told = {
        "planned_e_mwh": np.full((1, 2 * STEPS), planned),
        "planned_worth_cny_per_mwh": np.full((1, 2 * STEPS), worth),
    }
    parts = tuple((kind, replace(data, **told) if kind.name == part else data) for kind, data in system.parts)
    model = DispatchModel(replace(system, parts=parts), STEPS)
    model.bind(Window(0, STEPS, STEPS, False, system.initial_state(), 300.0))
    model.problem.solve("HIGHS")
    found = part_of(model, part)
    return float((found.energy if part == "storage" else found.level).value[0, -1])


@pytest.mark.parametrize("part", ["storage", "flexible_load"])
def test_a_store_is_filled_to_its_plan_and_beyond_it_only_where_that_pays(part):
    """A MWh is worth 300, with the caution more than that below the plan and less above it."""
    caution = CAUTION * 300.0
    assert held_at_end(part, 300.0 - 0.9 * caution, 25.0) == pytest.approx(25.0)
    assert held_at_end(part, 300.0 + 0.9 * caution, 25.0) == pytest.approx(25.0)
    assert held_at_end(part, 300.0 - 1.1 * caution, 25.0) == pytest.approx(40.0)
    assert held_at_end(part, 300.0 + 1.1 * caution, 25.0) == pytest.approx(10.0 if part == "flexible_load" else 0.0)
