"""What one unit more of a capacity saves: against the derivative of the Lagrangian, and of the optimal cost.

The worth of a capacity is an identity of the stated problem: for any point and any multipliers it is what the
Lagrangian falls by when the capacity grows.  So every place of a capacity is tested with multipliers that are all
different from zero, by stating the problem once more with one element a little larger.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import cvxpy as cp
import numpy as np
import pytest

from gridopt.case import Case
from gridopt.model.component import Window
from gridopt.model.dispatch import DispatchModel
from gridopt.model.system import System
from gridopt.solver.program import LinearProgram, compile_problem
from gridopt.solver.session import LiveProblem
from tests.model import golden_exchange, golden_response, golden_storage, golden_thermal
from tests.model.systems import case_of, generator, grid, load, storage

STEP = 1e-4
Change = Callable[[Any, int, float], dict[str, Any]]


class Stated:
    """A system as one problem with all rows, in which any point and multipliers can be put."""

    def __init__(self, system: System) -> None:
        self.system = system
        steps = len(system.time)
        self.model = DispatchModel(system, steps)
        state = system.initial_state()
        price = {"energy_price_cny_per_mwh": 100.0}
        self.model.bind(Window(start=0, steps=steps, core=steps, last=True, state=state, **price))
        problem = self.model.problem
        self.live = LiveProblem(cp.Problem(problem.objective, [*problem.constraints, *self.model.lazy]))
        self.live.refresh()
        self.program: LinearProgram = compile_problem(self.live.problem)[0]

    def with_data(self, name: str, data: Any) -> LinearProgram:
        return Stated(with_part(self.system, name, data)).program

    def put_random(self, seed: int, constant: tuple[str, ...]) -> None:
        """Put in a point and multipliers; columns whose limits don't hang on the capacity's element get none."""
        rng, p = np.random.default_rng(seed), self.program
        self.values, self.duals = rng.uniform(0.2, 0.9, p.cost.size), -rng.uniform(0.5, 2.0, p.row_upper.size)
        equal = p.row_lower == p.row_upper
        self.duals[equal] *= rng.choice([-1.0, 1.0], int(equal.sum()))
        self.reduced = rng.uniform(0.5, 2.0, p.cost.size) * rng.choice([-1.0, 1.0], p.cost.size)
        for part in self.model.components:
            for attribute in constant:
                if isinstance(column := getattr(part, attribute, None), cp.Variable):
                    self.reduced[self.live.columns(column)] = 0.0
        if self.model.budget is not None:  # its limit is so large that rounding would cover everything
            self.reduced[self.live.columns(self.model.budget.breach)] = 0.0
        solution = SimpleNamespace(col_value=self.values, row_dual=self.duals, row_value=self.duals)
        info = self.live.highs.getInfo()
        results = {"solution": solution, "basis": None, "info": info, "model_status": "kOptimal", "run_time": 0.0}
        self.live.problem.unpack_results(results, *self.live._inverse)

    def worth(self) -> dict[str, np.ndarray]:
        def reduced_costs(variable: cp.Variable) -> np.ndarray:
            return self.reduced[self.live.columns(variable)].reshape(variable.shape, order="F")

        parts = self.model.worth(reduced_costs).values()
        return {name: saved.sum(axis=1) for part in parts for name, saved in part.items()}

    def saved(self, other: LinearProgram) -> float:
        """Fall of the Lagrangian at this point with the coefficients of another program."""

        def lagrangian(p: LinearProgram) -> float:
            side = np.where(self.duals > 0, p.row_lower, p.row_upper)
            limit = np.where(self.reduced > 0, p.lower, p.upper)
            used = self.reduced != 0
            rows = self.duals @ (np.where(self.duals != 0, side, 0.0) - p.matrix @ self.values)
            return p.constant + p.cost @ self.values + rows + self.reduced[used] @ limit[used]

        return lagrangian(self.program) - lagrangian(other)


def with_part(system: System, name: str, data: Any) -> System:
    """The system with other data of one component."""
    return replace(system, parts=tuple((kind, data if kind.name == name else own) for kind, own in system.parts))


def larger(*fields: str) -> Change:
    """One element more of some fields of the data, in all steps."""

    def change(data: Any, row: int, by: float) -> dict[str, Any]:
        values = {field: getattr(data, field).copy() for field in fields}
        for array in values.values():
            array[row] += by
        return values

    return change


def larger_program(data: Any, row: int, by: float) -> dict[str, Any]:
    """A program with all limits of its power larger by the same part."""
    factor = 1.0 + by / data.rated_mw[row]
    values = {}
    for field in ("rated_mw", "capability_mw", "lowest_mw", "highest_mw"):
        values[field] = getattr(data, field).copy()
        values[field][row] *= factor
    for field in ("raised_mw", "open_low_mwh", "open_high_mwh"):
        values[field] = getattr(data, field).copy()
        values[field][data.shifting == row] *= factor
    hours = np.array([limit.unit == "h" for limit in data.budgets], dtype=bool) & (not data.integer)
    values["use_per_mw"] = data.use_per_mw.copy()
    values["use_per_mw"][hours, row] /= factor
    return values


def cycling() -> Case:
    """A battery with a limit of cycles per calendar day, in windows of whole days."""
    net = grid()
    load(net, 0, 50.0)
    generator(net, 0, 200.0, 300.0)
    storage(net, 0, charge_mw=10.0, energy_mwh=20.0, max_cycles_per_day=1.5)
    return case_of(net, 30)


STORAGE = {
    "storage_charge_worth_cny_per_mw": larger("charge_mw"),
    "storage_discharge_worth_cny_per_mw": larger("discharge_mw"),
    "storage_energy_worth_cny_per_mwh": larger("max_e_mwh"),
}
PROGRAM = {"program_worth_cny_per_mw": larger_program}
# What saves if there is less of it.
LESS = ("reserve_worth_cny_per_mw", "generator_minimum_worth_cny_per_mw")
RESERVE = {"reserve_worth_cny_per_mw": larger("requirement_mw")}


@pytest.mark.parametrize(
    ("case", "name", "changes"),
    [
        (golden_storage.storage_units, "storage", STORAGE),
        (golden_storage.storage_days, "storage", STORAGE),
        (golden_storage.storage_reserve, "storage", STORAGE),
        (cycling, "storage", STORAGE),
        (golden_response.response_budgets, "response", PROGRAM),
        (golden_response.response_calls, "response", PROGRAM),
        (golden_response.response_shift, "response", PROGRAM),
        (golden_exchange.reserve_products, "reserve", RESERVE),
    ],
)
def test_every_place_of_a_capacity_counts(case: Callable[[], Case], name: str, changes: dict[str, Change]) -> None:
    stated = Stated(System.read(case()))
    stated.put_random(7, constant=("open_at_end",))
    worth, data = stated.worth(), stated.system.part(name)
    for key, change in changes.items():
        for row in range(data.count):
            other = stated.with_data(name, replace(data, **change(data, row, STEP)))
            saved = stated.saved(other) / STEP * (-1.0 if key in LESS else 1.0)
            assert worth[key][row] == pytest.approx(saved, rel=1e-3, abs=1e-3), (key, row)


def test_minimum_output_counts_in_bands_ramps_heat_and_reserve() -> None:
    stated = Stated(System.read(golden_thermal.thermal_bands()))
    stated.put_random(5, constant=())
    part, live = next(part for part in stated.model.components if part.name == "thermal"), stated.live
    data, before = part.data, stated.system.initial_state()["thermal"]["on_units"]
    # the load of the units stays while their minimum falls: numbers of units that fit together ...
    rng = np.random.default_rng(8)
    moves = {"start": rng.uniform(0.05, 0.1, (1, 3)), "stop": rng.uniform(0.12, 0.2, (1, 3))}
    moves["on"] = before + np.cumsum(moves["start"] - moves["stop"], axis=1)
    for name, values in moves.items():
        variable = getattr(part, name)
        stated.values[live.columns(variable)] = values.ravel(order="F")
        variable.save_value(values)
    # ... and a load above the minimum at its lower limit, which is dear (the first row is the balance)
    stated.duals[:3] = -2000.0
    columns = live.columns(part.above)
    stated.reduced[columns] = (stated.program.cost - stated.program.matrix.T @ stated.duals)[columns]
    assert (stated.reduced[columns] > 0).all()
    higher = {
        "min_mw": data.min_mw + STEP / data.n_units,
        "initial_above_min_mw": data.initial_above_min_mw - STEP / data.n_units * before,
    }
    saved = -stated.saved(stated.with_data("thermal", replace(data, **higher))) / STEP
    assert stated.worth()["generator_minimum_worth_cny_per_mw"][0] == pytest.approx(saved, rel=1e-6)
