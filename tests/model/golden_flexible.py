"""Golden instances of three to six hours of flexible loads and prosumers."""

from __future__ import annotations

from collections.abc import Callable

from gridopt.case import Case
from tests.model.systems import add_row, case_of, generator, grid, load, profiles

HYDROGEN = {"name": "electrolyser", "bus": 0, "kind": "electrolyser", "kg_h2_per_mwh": 20.0}


def flexible_loads() -> Case:
    """A fleet with vehicle to grid, an electrolyser with part load and ramp, an ammonia loop on it, a smelter."""
    net = grid()
    load(net, 0, 50.0)
    generator(net, 0, 200.0, 300.0)
    fleet = {"p_mw": 6.0, "profile": "driving", "max_p_mw": 20.0, "plugged_profile": "plugged", "eta": 0.9}
    back = {"max_discharge_mw": 10.0, "eta_discharge": 0.8, "max_e_mwh": 40.0, "wear_cny_per_mwh": 50.0}
    add_row(net, "flexible_load", {"name": "fleet", "bus": 0, "kind": "ev", **fleet, **back})
    limits = {"max_p_mw": 40.0, "min_part_load_pu": 0.25, "ramp_mw_per_h": 8.0, "self_discharge_per_h": 0.01}
    store = {"max_e_mwh": 100.0, "start_e_mwh": 30.0, "shortfall_cny_per_mwh": 800.0}
    add_row(net, "flexible_load", {**HYDROGEN, **limits, **store})
    loop = {"name": "ammonia", "bus": 0, "kind": "ammonia", "feeds": "electrolyser", "kg_h2_per_mwh": 200.0}
    add_row(
        net, "flexible_load", {**loop, "max_p_mw": 2.0, "min_p_mw": 0.5, "ramp_mw_per_h": 0.5, "annual_mwh": 8760.0}
    )
    smelter = {"name": "smelter", "bus": 0, "kind": "industry", "max_p_mw": 15.0, "value_cny_per_mwh": 350.0}
    add_row(net, "flexible_load", smelter)
    series = profiles(4, driving=("demand", [0.5, 0.5, 1.5, 1.5]), plugged=("availability", [0.9, 0.9, 0.5, 0.5]))
    return case_of(net, series)


def prosumers() -> Case:
    """A captive plant with a ramp, and a building that moves load and has photovoltaic power and a store."""
    net = grid()
    load(net, 0, 50.0)
    generator(net, 0, 200.0, 300.0)
    plant = {"generation_mw": 30.0, "generation_min_mw": 20.0, "generation_cny_per_mwh": 250.0}
    grid_side = {"import_max_mw": 25.0, "export_max_mw": 5.0, "ramp_mw_per_h": 10.0, "generation_co2_t_per_mwh": 0.9}
    add_row(net, "prosumer", {"name": "mill", "bus": 0, "kind": "captive", "p_mw": 18.0, **plant, **grid_side})
    moving = {"p_mw": 10.0, "profile": "busy", "shift_share": 0.2, "shift_window_h": 2.0}
    roof = {"pv_mw": 8.0, "pv_profile": "sun", "store_mw": 2.0, "store_mwh": 6.0, "store_wear_cny_per_mwh": 20.0}
    add_row(net, "prosumer", {"name": "offices", "bus": 0, "kind": "building", **moving, **roof})
    series = profiles(4, busy=("demand", [0.4, 0.8, 1.2, 1.6]), sun=("availability", [0.0, 0.25, 0.5, 1.0]))
    return case_of(net, series, horizon={"mode": "monolithic", "end_storage": "cyclic"})


CASES: dict[str, Callable[[], Case]] = {case.__name__: case for case in (flexible_loads, prosumers)}
