"""What a bound is added up from: the schedule of any system is a point of the program that is proven."""

import numpy as np
import pytest

from gridopt.horizon.rolling import solve_horizon
from gridopt.model.system import System
from tests.horizon.audited import audited
from tests.horizon.random_cases import whole_system
from tests.model.systems import case_of, generator, grid, load, profiles, storage


def proven(seed, **settings):
    """A random system with every component in windows of twelve hours, with its proof."""
    net, series = whole_system(seed, 48)
    policy = {
        "dr_share_of_peak": 0.05,
        "chp_mode": ["min_output", "heat_zone"][seed % 2],
        "dr_mode": ["economic", "economic", "drill", "peak_shaving"][seed % 4],
    }
    horizon = {
        "certificate": True,
        "window_h": 12,
        "look_ahead_h": [6, 12][seed % 2],
        "end_storage": ["value", "free", "cyclic"][seed % 3],
    }
    return case_of(net, series, horizon=horizon, policy=policy, solver={"mip_gap": 0.02}, **settings)


@pytest.mark.parametrize("unit_commitment", ["relaxed", "integer"])
@pytest.mark.parametrize("seed", range(3))
def test_the_schedule_is_a_point_of_the_program(seed, unit_commitment):
    result = audited(proven(seed, unit_commitment=unit_commitment))
    assert result.proof


@pytest.mark.slow
@pytest.mark.parametrize("unit_commitment", ["relaxed", "integer"])
@pytest.mark.parametrize("seed", range(600, 650))
def test_the_schedules_of_50_systems_are_points_of_their_programs(seed, unit_commitment):
    audited(proven(seed, unit_commitment=unit_commitment))


def mixing():
    """Surplus that costs something to get rid of: a store would charge and discharge at once to waste it."""
    net = grid()
    load(net, 0, 50.0)
    generator(net, 0, 100.0, 300.0, min_mw=60.0)
    storage(net, 0, charge_mw=20.0, energy_mwh=10.0, efficiency=0.8)
    return case_of(net, profiles(8), horizon={"certificate": True, "window_h": 4, "look_ahead_h": 4})


def test_windows_that_were_solved_again_are_told():
    assert solve_horizon(System.read(mixing())).proof.evidence.scheduled == [False, False]
    audited(mixing())


def test_outputs_are_told_over_the_columns_of_the_pieces():
    record = solve_horizon(System.read(proven(0)))
    evidence, start = record.proof.evidence, 0
    for piece, told in zip(evidence.pieces, evidence.told, strict=True):
        values = told.matrix @ piece.values[: told.matrix.shape[1]]
        for number, (component, output) in enumerate(told.names):
            mine = told.output == number
            series = record.outputs[component][output][told.element[mine], start + told.step[mine]]
            np.testing.assert_allclose(values[mine], series, atol=1e-7)
        start += piece.core
    assert {"generator_p_mw", "storage_energy_mwh", "tie_export_mw"} <= {output for _, output in evidence.told[0].names}
