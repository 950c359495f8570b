"""The coarse horizon that tells the windows what they can't see."""

import numpy as np
import pytest

from gridopt.horizon import windows
from gridopt.horizon.guide import coarse_case, guide
from gridopt.horizon.rolling import solve_horizon
from gridopt.model.flexible_load_data import FlexibleLoadData
from gridopt.model.hydro_data import HydroData
from gridopt.model.storage_data import StorageData
from gridopt.model.system import System
from gridopt.model.tie_data import TieData
from tests.horizon.random_cases import whole_system
from tests.model.systems import case_of, generator, grid, hydro, load, profiles, wind
from tests.model.test_flexible_load import flexible
from tests.model.test_hydro import energy, lake

STEPS = 96


@pytest.fixture(scope="module")
def system():
    return System.read(case_of(*whole_system(4, STEPS), horizon={"window_h": 12, "look_ahead_h": 12}))


@pytest.fixture(scope="module")
def told(system):
    return guide(system, 4.0)


def test_coarse_steps_hold_the_mean_of_their_hours(system):
    coarse = coarse_case(system.case, 4)
    assert coarse.settings.step_h == 4.0
    for name in system.case.profiles.data_vars:
        fine = system.case.profiles[name].to_numpy().reshape(-1, 4).mean(axis=1)
        np.testing.assert_allclose(coarse.profiles[name], fine)
    assert (coarse.time == system.time[3::4]).all()


def test_guide_keeps_what_it_was_given(system, told):
    for _, data in System.read(coarse_case(system.case, 4)).parts:
        if isinstance(data, HydroData):
            assert (told.level_mwh[:, 3::4] >= data.min_e_mwh - 1e-2).all()
            assert (told.level_mwh[:, 3::4] <= data.max_e_mwh + 1e-2).all()
        if isinstance(data, StorageData):
            assert (told.store_e_mwh >= data.min_e_mwh.min()).all()
            assert (told.store_e_mwh <= data.max_e_mwh[:, None]).all()
        if isinstance(data, FlexibleLoadData):
            assert (told.load_e_mwh >= 0.0).all()
            assert (told.load_e_mwh <= np.maximum(data.max_e_mwh, data.start_e_mwh)[:, None]).all()
            assert (told.load_e_mwh[~data.buffered] == 0.0).all()
        if isinstance(data, TieData):
            assert (told.ahead_mwh[:, 3::4] <= data.deviation_high_mwh + 1e-2).all()
    assert (told.budget_price_cny >= 0).all()
    assert told.budget_use.shape == (len(system.budgets), STEPS)


def test_stores_hold_in_the_plan_what_was_charged(system, told):
    """Levels of the plan lie between their ends on straight lines, and are what the windows are drawn to."""
    after = told.applied(system)
    for name, level in (("storage", told.store_e_mwh), ("flexible_load", told.load_e_mwh)):
        data = after.part(name)
        assert data.planned_e_mwh is level
        assert level.shape == (data.count, STEPS)
        assert np.ptp(level) > 1.0
        np.testing.assert_allclose(np.diff(level.reshape(data.count, -1, 4), n=2, axis=2), 0.0, atol=1e-9)


def test_told_budgets_keep_their_total_and_never_shrink(system, told):
    before, after = system.budgets, told.applied(system).budgets
    assert [limit.name for _, limit in before] == [limit.name for _, limit in after]
    for (_, old), (_, new) in zip(before, after, strict=True):
        assert new.limit[-1] == pytest.approx(old.limit[-1])
        assert (np.diff(new.limit) >= -1e-9).all()
        assert new.pace[-1] == pytest.approx(new.planned[-1])


def test_budgets_of_whole_units_alone_keep_their_own_pace():
    case = case_of(*whole_system(4, STEPS), unit_commitment="integer", horizon={"window_h": 12, "look_ahead_h": 12})
    whole = System.read(case)
    found = guide(whole, 4.0)
    before, after = (dict(_by_name(each)) for each in (whole, found.applied(whole)))
    alone = set(before) - set(found.budgets)
    assert any("calls" in name for _, name in alone)
    for key in alone:
        assert after[key] is before[key]
    for number, key in enumerate(found.budgets):
        if key in before:
            np.testing.assert_allclose(after[key].planned, np.cumsum(found.budget_use[number]))


def _by_name(system):
    return [((part, limit.name), limit) for part, limit in system.budgets]


def test_guide_is_made_again_to_the_last_digit(system, told):
    again = guide(system, 4.0)
    for name in vars(told):
        np.testing.assert_array_equal(getattr(told, name), getattr(again, name))


def dry_end(asked):
    """Water for half the demand; a cheap plant alone carries the first half, a dear one is needed in the second."""
    net = grid()
    load(net, 0, 100.0, "load")
    generator(net, 0, 60.0, 100.0)
    generator(net, 0, 200.0, 900.0)
    lake(net, 100.0, **energy(5000.0, 1500.0, 0.0))
    shape = np.r_[np.full(48, 0.5), np.full(48, 1.5)]
    horizon = {"window_h": 8, "look_ahead_h": 8, "guide": asked, "guide_step_h": 4, "end_storage": "free"}
    case = case_of(net, profiles(STEPS, load=("demand", shape)), horizon=horizon)
    return solve_horizon(System.read(case)).objective_cny


def test_guide_keeps_water_for_what_windows_do_not_see():
    assert dry_end("on") < 0.9 * dry_end("off")


def wind_on_the_third_day(horizon):
    """Coal for 290, then 300 CNY/MWh, then wind for nothing: a store for 40 h of use is to last for one day only."""
    net = grid()
    load(net, 0, 10.0, "load")
    generator(net, 0, 60.0, 290.0, profile="first day")
    generator(net, 0, 60.0, 300.0)
    wind(net, 0, 60.0, "wind")
    flexible(net, 30.0, p_mw=10.0, profile="use", max_e_mwh=400.0, start_e_mwh=0.0)
    day = np.ones(24)
    series = {
        "load": ("demand", np.tile(day, 4)),
        "use": ("demand", np.tile(day, 4)),
        "first day": ("availability", np.r_[day, 0 * day, 0 * day, 0 * day]),
        "wind": ("availability", np.r_[0 * day, 0 * day, day, day]),
    }
    return solve_horizon(System.read(case_of(net, profiles(STEPS, **series), horizon=horizon))).objective_cny


def test_a_store_keeps_room_for_the_wind_that_a_window_does_not_see(monkeypatch):
    """Filled to the top on the first day, 160 MWh of coal would take the place of wind."""
    told = {"window_h": 24, "look_ahead_h": 0, "guide": "on", "guide_step_h": 4, "end_storage": "value"}
    best = wind_on_the_third_day({"mode": "monolithic", "end_storage": "free"})
    assert wind_on_the_third_day(told) == pytest.approx(best, rel=1e-3)
    monkeypatch.setattr("gridopt.model.flexible_load.CAUTION", 0.0)
    assert wind_on_the_third_day(told) > best + 0.9 * 160 * 290


def test_a_horizon_gives_back_its_water(monkeypatch):
    """Reservoirs end where the guide has them; without the closing room they end at its lower edge."""
    net, series = whole_system(1, 12 * 24)
    hydro(net, 2, 20.0, max_e_mwh=4000.0, start_e_mwh=2000.0, inflow_mw=8.0)
    horizon = {"window_h": 24, "look_ahead_h": 24, "mode": "rolling", "guide": "on"}

    def end_mwh():
        record = solve_horizon(System.read(case_of(net, series, horizon=horizon)))
        return record.outputs["hydro"]["hydro_energy_mwh"][:, -1].max()

    monkeypatch.setattr(windows, "_SEASONS_H", 0.0)  # as if twelve days were a year
    planned = guide(System.read(case_of(net, series, horizon=horizon)), 4.0).level_mwh[:, -1].max()
    assert end_mwh() == pytest.approx(planned, abs=20.0)
    monkeypatch.setattr(windows, "_SEASONS_H", np.inf)
    assert abs(end_mwh() - planned) > 100.0
