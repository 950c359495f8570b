"""Rules for reservoirs and storage find what they are for, and nothing in a sound net."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gridopt.check.subject import Subject
from gridopt.check.water import RULES
from gridopt.network.columns import with_defaults
from tests.model.systems import generator, grid, load, profiles, put, storage, wind


def sound():
    """Three reservoirs below one another, one in energy terms, a battery at a wind park, pumped hydro."""
    net = grid(2, [(0, 1, 10.0, 100.0)])
    load(net, 0, 50.0)
    for name in ("top", "middle", "bottom", "other"):
        generator(net, 0, 20.0, 0.0, technology="hydro_reservoir", name=f"dam {name}", reservoir=name)
    volume = {"mw_per_m3_per_s": 0.5, "max_v_mm3": 2.0, "start_v_mm3": 1.0, "inflow_m3_per_s": 9.0}
    bands = {"band_low_profile": "low", "band_high_profile": "high"}
    net["reservoir"] = pd.DataFrame(
        [
            {"name": "top", "gen": "dam top", **volume, **bands},
            {"name": "middle", "gen": "dam middle", "upstream": "top", "delay_h": 3.0, **volume},
            {"name": "bottom", "gen": "dam bottom", "upstream": "middle", **volume},
            {"name": "other", "gen": "dam other", "max_e_mwh": 50.0, "start_e_mwh": 20.0, "inflow_mw": 3.0},
        ]
    )
    net.reservoir["upstream"] = net.reservoir["upstream"].fillna("")
    for column in ("band_low_profile", "band_high_profile"):
        net.reservoir[column] = net.reservoir[column].fillna("")
    wind(net, 0, 50.0, name="park")
    wind(net, 0, 20.0, name="plant", technology="biomass")
    storage(net, 0, charge_mw=10.0, energy_mwh=20.0, co_located_sgen=0.0, connection_mw=40.0, grid_charging=False)
    plant = {"technology": "phs", "fixed_speed": True, "min_discharge_pu": 0.5}
    storage(net, 0, charge_mw=10.0, energy_mwh=20.0, **plant)
    series = profiles(3, low=("level", [0.1, 0.2, 0.3]), high=("level", [0.5, 0.6, 0.7]))
    return net, series


def faults(net, series):
    subject = Subject(with_defaults(net), series, plain=False, file="net")
    return [str(fault) for rule in RULES for fault in rule(subject)]


def test_nothing_is_wrong_with_a_sound_net():
    assert faults(*sound()) == []


@pytest.mark.parametrize(
    ("table", "row", "column", "value", "message"),
    [
        ("reservoir", 0, "max_v_mm3", np.nan, "column max_v_mm3: is missing: the reservoir counts in volume terms"),
        ("reservoir", 1, "inflow_m3_per_s", np.nan, "column inflow_m3_per_s: is missing"),
        ("reservoir", 3, "start_e_mwh", np.nan, "column start_e_mwh: is missing: the reservoir counts in energy terms"),
        ("reservoir", 0, "start_v_mm3", 2.5, "2.5 is not within min_v_mm3 = 0 and max_v_mm3 = 2"),
        ("reservoir", 0, "min_v_mm3", 1.5, "1 is not within min_v_mm3 = 1.5 and max_v_mm3 = 2"),
        ("reservoir", 0, "level_low_pu", 1.1, "1.1 is above level_high_pu = 1"),
        ("reservoir", 0, "band_high_profile", "low_b", "'low' is above band_high_profile 'low_b' in 1 steps"),
        ("reservoir", 2, "mw_per_m3_per_s", np.nan, "the cascade needs mw_per_m3_per_s of 'bottom'"),
        ("reservoir", 0, "upstream", "bottom", "the reservoir lies above itself"),
        ("reservoir", 0, "upstream", "top", "the reservoir lies above itself"),
        ("reservoir", 2, "upstream", "top", "the water of 'top' flows into another reservoir already"),
        ("storage", 0, "co_located_sgen", 7.0, "there is no row 7 in sgen"),
        ("storage", 0, "co_located_sgen", 1.0, "sgen 1 is neither wind nor solar"),
        ("storage", 0, "bus", 1, "stands at bus 1, but sgen 0 at bus 0"),
        ("storage", 0, "co_located_sgen", np.nan, "a limit of a shared connection needs co_located_sgen"),
        ("storage", 1, "grid_charging", False, "a store that may not use the grid needs co_located_sgen"),
        ("storage", 1, "technology", "battery", "column fixed_speed: holds for technology 'phs' only"),
        ("storage", 0, "min_discharge_pu", 0.3, "column min_discharge_pu: holds for technology 'phs' only"),
    ],
)
def test_each_rule_names_the_place(table, row, column, value, message):
    net, series = sound()
    series["low_b"] = ("time", [0.2, 0.1, 0.4], {"kind": "level", "units": "pu"})
    put(net, table, row, {column: value})
    assert any(message in fault for fault in faults(net, series)), faults(net, series)


def test_a_cascade_without_volume_is_named_on_both_sides():
    net, series = sound()
    put(net, "reservoir", 1, {"mw_per_m3_per_s": np.nan, "max_e_mwh": 5.0, "start_e_mwh": 1.0, "inflow_mw": 1.0})
    found = [fault for fault in faults(net, series) if "cascade" in fault]
    assert len(found) == 2  # it lies below the top and above the bottom
    assert all("'middle'" in fault for fault in found)


def test_profiles_that_cannot_be_read_are_left_aside():
    net, _ = sound()
    assert faults(net, None) == []
