"""Weeks that are solved by themselves begin with the water of their season."""

import time

import numpy as np
import pytest

import gridopt
from gridopt.studies.design import Scenario
from gridopt.studies.scenario import Job, Part
from gridopt.studies.season import in_season
from tests.model.systems import START, case_of, generator, grid, load, profiles
from tests.model.test_hydro import energy, lake, volume

LOW, HIGH = np.linspace(0.2, 0.4, 96), np.linspace(0.6, 1.0, 96)
BAND = {"band_low_profile": "low", "band_high_profile": "high"}


@pytest.fixture(scope="module")
def case():
    net = grid(1)
    load(net, 0, 50.0)
    generator(net, 0, 100.0, 300.0)
    lake(net, 20.0, **energy(1000.0, 900.0, 5.0, **BAND))
    lake(net, 20.0, **volume(0.5, 10.0, 9.0, 5.0, **BAND))
    lake(net, 20.0, **energy(1000.0, 900.0, 5.0, band_low_profile="low"))
    return case_of(net, profiles(96, low=("level", LOW), high=("level", HIGH)))


def later(case):
    return case.override({"start": str(START + np.timedelta64(48, "h")), "hours": 24.0})


def test_a_week_begins_in_the_middle_of_the_bands(case):
    table = in_season(later(case)).net.reservoir
    middle = 0.5 * (LOW[48] + HIGH[48])
    assert table["start_e_mwh"].tolist() == pytest.approx([1000 * middle, np.nan, 900.0], nan_ok=True)
    assert table["start_v_mm3"].tolist() == pytest.approx([np.nan, 10 * middle, np.nan], nan_ok=True)


def test_the_case_itself_and_the_turn_of_the_year_keep_the_level_of_the_net(case):
    in_season(later(case))
    assert case.net.reservoir["start_e_mwh"].tolist() == pytest.approx([900.0, np.nan, 900.0], nan_ok=True)
    first_days = case.override({"hours": 24.0})
    assert in_season(first_days) is first_days


def test_a_sweep_of_weeks_solves_them_so(case, monkeypatch):
    seen = []
    monkeypatch.setattr(Job, "_result", lambda self, given: seen.append(given) or gridopt.solve(given))
    changes = {"start": str(START + np.timedelta64(48, "h")), "hours": 24.0}
    part = Part(changes=changes, weight=1.0)
    began = time.perf_counter()
    solved = Job(case, (part, part))(Scenario(0, {}))
    assert 0 < solved.elapsed_s < time.perf_counter() - began
    assert seen[0].net.reservoir.at[0, "start_e_mwh"] == pytest.approx(500 * (LOW[48] + HIGH[48]))
