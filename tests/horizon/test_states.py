"""State equations take the multipliers that a plan of the whole horizon has for them."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

from gridopt.horizon.rolling import solve_horizon
from gridopt.horizon.states import with_planned_worth
from gridopt.model.component import PlannedWorth
from gridopt.model.system import System
from gridopt.solver.dual_bound import Rows
from tests.horizon.random_cases import whole_system
from tests.model.systems import case_of


def test_worth_becomes_the_multiplier_of_the_later_level():
    # columns: one of something else, then levels of two elements a, b in three steps: a0 b0 a1 b1 a2 b2
    level = cp.Variable((2, 3))
    rows = [
        [9, 0, 0, 0, 0, 0, 0],  # no state
        [0, 1, 0, 0, 0, 0, 0],  # the first step hangs on what was handed over
        [5, -1, 0, 1, 0, 0, 0],  # a1 = a0 + 5 x
        [0, 0, 0, -2, 0, 2, 0],  # the same, scaled
        [0, 0, 1, 0, -1, 0, 0],  # and the other way round, of b
        [0, 0, 0, 0, -1, 0, 1],  # b2 - b1, of which the plan says nothing
        [0, 0, 0, 1, 1, 0, 0],  # two levels of one step
        [0, -1, 0, 1, 0, 0, 0],  # a limit of the change, no equation
    ]
    upper = np.array([1.0, 0, 0, 0, 0, 0, 0, 4])
    lower = np.where(np.arange(8) == 7, -np.inf, upper)
    own = Rows(sp.csr_array(np.array(rows, dtype=float)), lower, upper, np.arange(8.0))
    worth = np.array([[300.0, 310.0, 320.0], [200.0, 210.0, np.nan]])
    found = with_planned_worth(own, {level.id: 1}, [PlannedWorth(level, worth)])
    np.testing.assert_allclose(found.dual, [0, 1, -310, -160, 210, 5, 6, 7])
    np.testing.assert_allclose(own.dual, np.arange(8.0))


def test_the_proof_begins_with_the_worth_of_the_guide(monkeypatch):
    told = []

    def remember(rows, first_column, planned):
        told.append({each.worth.shape for each in planned})
        return with_planned_worth(rows, first_column, planned)

    monkeypatch.setattr("gridopt.horizon.proof.with_planned_worth", remember)
    net, series = whole_system(2, 96)
    horizon = {"window_h": 24, "look_ahead_h": 24, "guide_step_h": 4, "certificate": True}
    for guide in ("on", "off"):
        system = System.read(case_of(net, series, horizon=horizon | {"guide": guide}))
        assert solve_horizon(system).unproven == ""
        reservoirs = len(system.part("hydro").labels)
        if guide == "on":
            assert all((reservoirs, steps) in shapes for shapes, steps in zip(told, (48, 48, 48, 24), strict=True))
        else:
            assert told == [set()] * 4
        told.clear()
