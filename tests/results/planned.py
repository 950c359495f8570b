"""A small province with made-up results: every number of its tables can be computed by hand.

Two days on both sides of a month's end: 31 January has its peak of 150 MW in hour 18 and its valley of 50 MW in hour 4,
1 February 120 and 80 MW; all other hours 100 MW.  The dispatch is invented, not solved.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import xarray as xr

from gridopt.case import Case
from tests.model.systems import (
    add_row,
    case_of,
    grid,
    load,
    put,
    response,
    storage,
    thermal,
    tie,
    wind,
)

HOURS = 48
TIME = pd.Timestamp("2030-01-31") + pd.to_timedelta(np.arange(1, HOURS + 1), unit="h")
PEAK, VALLEY = 17, 3  # steps of hours 18 and 4 of the first day
LOAD = np.full(HOURS, 100.0)
LOAD[[PEAK, VALLEY, 24 + PEAK, 24 + VALLEY]] = 150.0, 50.0, 120.0, 80.0
WIND = np.full(HOURS, 40.0)
WIND[PEAK] = 8.0


@cache
def case() -> Case:
    """Two heating units of 100 MW, wind of 80 MW, pumped storage of 20 MW, a channel, a section, a pilot zone."""
    net = grid(3, [(0, 1, 10.0, 500.0), (0, 2, 10.0, 500.0)])
    put(net, "bus", 0, {"city": "baicheng"})
    load(net, 0, 100.0, "load")
    heat = {"heat_zone": "town", "must_run_units": 1, "heat_season_min_pu": 0.5, "heat_season_max_pu": 0.8}
    row = thermal(
        net, 0, 2, 40.0, 100.0, 200.0, name="plant", technology="coal_chp", retrofitted=True, co2_t_per_mwh=0.9, **heat
    )
    add_row(net, "deep_regulation", {"element": "gen", "index": row, "width_mw": 20.0})
    add_row(net, "heat_zone", {"name": "town", "profile": "heat", "p_mw": 50.0})
    wind(net, 0, 80.0, "wind", name="farm", city="baicheng")
    storage(net, 0, charge_mw=20.0, energy_mwh=100.0, min_e_mwh=20.0, efficiency=0.8, technology="phs", name="lake")
    tie(net, 1, 30.0, name="channel", kind="hvdc", renewable_share_min=0.5)
    response(net, 5.0, 2000.0)
    add_row(net, "reserve_product", {"name": "up", "price_cny_per_mwh": 1000.0, "mw": 10.0})
    add_row(net, "interface", {"name": "section", "name_zh": "断面", "min_mw": -50.0, "max_mw": 100.0})
    add_row(net, "interface_branch", {"interface": "section", "element": "line", "index": 0})
    add_row(
        net,
        "pilot_zone",
        {"name": "park", "bus": 2, "self_use_min": 0.6, "feed_in_max": 0.2, "self_supply_min": 0.3},
    )
    member = load(net, 2, 0.0)
    add_row(net, "pilot_member", {"pilot": "park", "element": "load", "index": member})
    series = {
        "load": ("time", LOAD / 100.0, {"kind": "demand", "units": "pu"}),
        "wind": ("time", WIND / 80.0, {"kind": "availability", "units": "pu"}),
        "heat": ("time", np.ones(HOURS), {"kind": "heat", "units": "pu"}),
    }
    return case_of(net, xr.Dataset(series, coords={"time": TIME}), year=2030, name="planned")


def over(dimension: str, values: object) -> tuple[tuple[str, str], np.ndarray]:
    """One row of a dimension, the same in every hour or as given."""
    return (dimension, "time"), np.broadcast_to(np.asarray(values, dtype=float), (1, HOURS)).copy()


def some(value: float, steps: list[int], rest: float = 0.0) -> np.ndarray:
    """A value in some steps, another one in the rest."""
    series = np.full(HOURS, rest)
    series[steps] = value
    return series


def dataset() -> xr.Dataset:
    """An invented dispatch: one unit is out in February."""
    first = np.arange(HOURS) < 24
    flow = np.zeros(HOURS)
    flow[:10], flow[10:15], flow[15:20], flow[20] = 100.0, 96.0, 85.0, -50.0
    curtailed = some(15.0, [VALLEY])
    variables = {
        "demand_mw": (("bus", "time"), np.stack([LOAD, np.zeros(HOURS), np.zeros(HOURS)])),
        "bus_price_cny_per_mwh": (
            ("bus", "time"),
            np.stack([np.full(HOURS, price) for price in (300.0, 999.0, 999.0)]),
        ),
        "unserved_mw": (("bus", "time"), np.zeros((3, HOURS))),
        "excess_mw": (("bus", "time"), np.zeros((3, HOURS))),
        "fixed_injection_mw": (("bus", "time"), np.zeros((3, HOURS))),
        "generator_p_mw": over("generator", np.where(first, 90.0, 70.0)),
        "generator_on_units": over("generator", np.where(first, 2.0, 1.0)),
        "generator_available_units": over("generator", np.where(first, 2.0, 1.0)),
        "generator_start_units": over("generator", some(1.0, [30, 40])),
        "generator_regulation_mw": over("generator", some(5.0, [1, 2, 3])),
        "generator_boiler_mw": over("generator", np.where(first, 90.0, 70.0)),
        "renewable_available_mw": over("renewable", WIND),
        "renewable_p_mw": over("renewable", WIND - curtailed),
        "renewable_curtailment_mw": over("renewable", curtailed),
        "storage_charge_mw": over("storage", some(20.0, [0, 1, 2, 3, 4])),
        "storage_discharge_mw": over("storage", some(16.0, [16, 17, 18, 19])),
        "tie_export_mw": over("tie", 30.0),
        "tie_contract_mw": over("tie", 30.0),
        "tie_renewable_mw": over("tie", 15.0),
        "response_mw": over("program", 0.0),
        "response_capability_mw": over("program", 5.0),
        "reserve_requirement_mw": over("reserve", 10.0),
        "interface_flow_mw": over("interface", flow),
        "interface_price_cny_per_mwh": over("interface", some(200.0, [0, 1, 2, 3])),
        "pilot_export_mw": over("pilot", 2.0),
        "pilot_generation_mw": over("pilot", 18.0),
        "pilot_available_mw": over("pilot", 20.0),
        "pilot_load_mw": over("pilot", 40.0),
    }
    coords = {
        "time": TIME,
        "bus": ["bus 0", "bus 1", "bus 2"],
        "bus_city": ("bus", ["baicheng", "", ""]),
        "generator": ["plant"],
        "generator_technology": ("generator", ["coal_chp"]),
        "generator_bus": ("generator", ["bus 0"]),
        "renewable": ["farm"],
        "renewable_technology": ("renewable", ["wind"]),
        "renewable_city": ("renewable", ["baicheng"]),
        "renewable_bus": ("renewable", ["bus 0"]),
        "storage": ["lake"],
        "tie": ["channel"],
        "program": ["program"],
        "reserve": ["up"],
        "interface": ["section"],
        "pilot": ["park"],
    }
    return xr.Dataset(variables, coords=coords)
