"""Instances of reservoirs whose linear programs are compared."""

from __future__ import annotations

from collections.abc import Callable

from gridopt.case import Case
from tests.model.systems import add_row, case_of, generator, grid, load, profiles


def hydro_cascade() -> Case:
    """Two reservoirs an hour apart: a dry spell, a ramp, a band; 1e6 m3 are 100 MWh above and 200 MWh below."""
    net = grid()
    load(net, 0, 50.0)
    for number, size in enumerate((20.0, 40.0)):
        plant = {"technology": "hydro_reservoir", "name": f"dam {number}", "reservoir": f"lake {number}"}
        generator(net, 0, size, 0.0, min_mw=4.0 * number, **plant)
    upper = {"mw_per_m3_per_s": 0.36, "max_v_mm3": 1.0, "start_v_mm3": 0.5, "inflow_m3_per_s": 10.0}
    lower = {"mw_per_m3_per_s": 0.72, "max_v_mm3": 0.5, "start_v_mm3": 0.2, "inflow_m3_per_s": 5.0}
    rules = {"min_release_m3_per_s": 5.0, "band_low_profile": "low", "band_high_profile": "high"}
    add_row(net, "reservoir", {"name": "lake 0", "gen": "dam 0", "profile": "inflow", **upper, **rules})
    below = {"upstream": "lake 0", "delay_h": 1.0, "ramp_mw_per_h": 10.0}
    add_row(net, "reservoir", {"name": "lake 1", "gen": "dam 1", "profile": "inflow", **lower, **below})
    series = profiles(
        3,
        inflow=("inflow", [2.0, 0.8, 0.2]),
        low=("level", [0.4, 0.6, 0.6]),
        high=("level", [0.8, 0.8, 0.9]),
    )
    return case_of(net, series)


def hydro_reserve() -> Case:
    """Two products upwards, one downwards, inertia: a reservoir with a limit of its reserve, and a plant on a river."""
    net = grid()
    load(net, 0, 50.0)
    rules = {"min_mw": 5.0, "max_reserve_mw": 12.0, "inertia_s": 3.0, "sn_mva": 75.0}
    generator(net, 0, 60.0, 0.0, technology="hydro_reservoir", name="dam", reservoir="lake", **rules)
    lake = {"max_e_mwh": 300.0, "min_e_mwh": 20.0, "start_e_mwh": 100.0, "inflow_mw": 10.0}
    add_row(net, "reservoir", {"name": "lake", "gen": "dam", **lake})
    generator(net, 0, 8.0, 0.0, technology="hydro_ror", name="river")
    for name, direction, duration_h in (("fast", "up", 0.5), ("slow", "up", 2.0), ("less", "down", 1.0)):
        columns = {"kind": "spinning", "direction": direction, "duration_h": duration_h, "mw": 6.0}
        add_row(net, "reserve_product", {"name": name, **columns, "price_cny_per_mwh": 900.0})
    inertia = {"kind": "inertia", "direction": "up", "mw": 150.0, "price_cny_per_mwh": 20.0}
    add_row(net, "reserve_product", {"name": "inertia", **inertia})
    return case_of(net, 2)


CASES: dict[str, Callable[[], Case]] = {"hydro_cascade": hydro_cascade, "hydro_reserve": hydro_reserve}
