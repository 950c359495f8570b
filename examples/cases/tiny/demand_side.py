"""The demand side of the case `tiny` that answers: flexible loads, prosumers, demand response."""

from __future__ import annotations

import numpy as np
import pandapower as pp
import pandas as pd


def add_flexible_loads(net: pp.pandapowerNet, at: dict[str, int]) -> None:
    """Vehicles, electric heating, an electrolyser with its ammonia loop, production, a data centre."""
    rows = {
        "vehicles": {
            "bus": at["centre"],
            "kind": "ev",
            "profile": "use_ev",
            "plugged_profile": "plugged_ev",
            "p_mw": 18.0,
            "max_p_mw": 120.0,
            "max_discharge_mw": 10.0,
            "eta": 0.9,
            "eta_discharge": 0.9,
            "max_e_mwh": 400.0,
            "wear_cny_per_mwh": 300.0,
        },
        "storage heaters": {
            "bus": at["south"],
            "kind": "electric_heating",
            "profile": "use_heating",
            "p_mw": 20.0,
            "eta": 0.98,
            "max_p_mw": 60.0,
            "max_e_mwh": 160.0,
            "self_discharge_per_h": 0.005,
        },
        "electrolyser": {
            "bus": at["west"],
            "kind": "electrolyser",
            "max_p_mw": 60.0,
            "min_part_load_pu": 0.2,
            "max_e_mwh": 300.0,
            "annual_mwh": 0.95 * 26.0 * 8760.0,
            "kg_h2_per_mwh": 19.23,
            "shortfall_cny_per_mwh": 2000.0,
        },
        "ammonia loop": {
            "bus": at["west"],
            "kind": "ammonia",
            "p_mw": 2.0,
            "max_p_mw": 2.4,
            "min_part_load_pu": 0.25,
            "max_e_mwh": 100.0,
            "kg_h2_per_mwh": 250.0,
            "feeds": "electrolyser",
            "shortfall_cny_per_mwh": 26000.0,
        },
        "furnaces": {
            "bus": at["south"],
            "kind": "industry",
            "profile": "load_industrial",
            "p_mw": 30.0,
            "max_p_mw": 50.0,
            "min_p_mw": 12.0,
            "max_e_mwh": 90.0,
            "ramp_mw_per_h": 20.0,
            "shortfall_cny_per_mwh": 5000.0,
        },
        "data centre work": {
            "bus": at["centre"],
            "kind": "data_centre",
            "p_mw": 10.0,
            "max_p_mw": 11.5,
            "min_p_mw": 8.5,
            "max_e_mwh": 6.0,
        },
    }
    net["flexible_load"] = pd.DataFrame([{"name": name, **row} for name, row in rows.items()])


def add_prosumers(net: pp.pandapowerNet, at: dict[str, int]) -> None:
    """Works with a captive plant, buildings, a data centre, a virtual power plant."""
    net["prosumer"] = pd.DataFrame(
        {
            "name": ["steelworks", "office quarter", "data centre", "virtual plant"],
            "bus": [at["south"], at["centre"], at["centre"], at["south"]],
            "kind": ["captive", "building", "data_centre", "virtual_power_plant"],
            "profile": ["load_industrial", "load", "", "load"],
            "p_mw": [30.0, 15.0, 12.0, 20.0],
            "shift_share": [0.05, 0.20, 0.05, 0.10],
            "generation_mw": [20.0, 0.0, 0.0, 0.0],
            "generation_min_mw": [10.0, 0.0, 0.0, 0.0],
            "generation_cny_per_mwh": [400.0, 0.0, 0.0, 0.0],
            "generation_co2_t_per_mwh": [1.25, 0.0, 0.0, 0.0],
            "pv_mw": [0.0, 12.0, 8.0, 10.0],
            "pv_profile": ["", "solar_south", "solar_south", "solar_south"],
            "store_mw": [0.0, 3.0, 4.0, 5.0],
            "store_mwh": [0.0, 6.0, 8.0, 10.0],
            "store_wear_cny_per_mwh": [0.0, 20.0, 20.0, 20.0],
            "import_max_mw": [60.0, 30.0, 20.0, 40.0],
            "export_max_mw": [5.0, 5.0, 0.0, 10.0],
            "ramp_mw_per_h": [np.nan, np.nan, np.nan, 15.0],
        }
    )


def add_responses(net: pp.pandapowerNet) -> None:
    """A program of each kind; three of them share what the policy asks for."""
    net["demand_response"] = pd.DataFrame(
        {
            "name": ["industrial interruption", "shifted load", "price step", "valley filling"],
            "kind": ["interruptible", "shiftable", "elastic", "valley_filling"],
            "target": ["industrial", "city", "city", "city"],
            "weight": [0.4, 0.3, 0.3, 1.0],
            "p_mw": [np.nan, np.nan, np.nan, 20.0],
            "price_cny_per_mwh": [380.0, 60.0, 900.0, 50.0],
            "hours_per_year": [100.0, np.nan, 200.0, np.nan],
            "calls_per_year": [40.0, np.nan, np.nan, np.nan],
            "hours_per_event": [4.0, np.nan, np.nan, np.nan],
            "hours_per_day": [6.0, np.nan, np.nan, np.nan],
            "rest_h": [4.0, np.nan, np.nan, np.nan],
            "window_h": [np.nan, 12.0, np.nan, np.nan],
            "payback_pu": [1.0, 1.05, 1.0, 1.0],
        }
    )
