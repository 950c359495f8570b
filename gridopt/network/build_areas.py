"""Contracts with the neighbours, monitored sections, district heat and reservoirs of a shipped network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from gridopt.network.build_demand import HOURS_PER_YEAR
from gridopt.network.build_grid import bus_index
from gridopt.network.build_tables import Tables, in_force

if TYPE_CHECKING:
    from pandapower import pandapowerNet

# Contracts were stiffer before the spot market ran without a break.
LAST_YEAR_BEFORE_SPOT = 2024


def add_contracts(net: pandapowerNet, csv: Tables, year: int) -> None:
    """Ties with the mean export of the year [MW]; the energy of the year is contracted."""
    bus = bus_index(net)
    rows = in_force(csv["ties"], year)
    mean = csv["tie_years"].query("year == @year").set_index("name")["p_mw"]
    table = rows[["name", "kind", "profile", "band_mw", "min_p_mw", "max_p_mw", "ramp_mw_per_h", "steps_per_day"]]
    table = table.astype(dict.fromkeys(table.columns[3:], float))
    band, period = "band_mw", "energy_period"
    if year <= LAST_YEAR_BEFORE_SPOT:
        band, period = "band_until_2024_mw", "energy_period_until_2024"
    table["band_mw"] = rows[band].astype(float)
    table.insert(1, "bus", bus[rows["bus"]].to_numpy())
    table.insert(3, "p_mw", mean.reindex(rows["name"]).to_numpy())
    table["annual_mwh"] = table["p_mw"] * HOURS_PER_YEAR
    numbers = ("price_cny_per_mwh", "renewable_share_min", "loss_pu", "deviation_mwh", "commission_year")
    for column in (*numbers, "pole_overload_pu", "response_mw"):
        table[column] = rows[column].astype(float)
    table["poles"] = rows["poles"].astype(int)
    table["energy_period"], table["base"] = rows[period], rows["base"]
    table["in_service"] = True
    net["tie"] = table


def add_sections(net: pandapowerNet, csv: Tables, year: int) -> None:
    """Monitored sections with the limits in force and every branch that crosses them."""
    rows = csv["interfaces"].query("from_year <= @year").drop_duplicates("name", keep="last").reset_index(drop=True)
    net["interface"] = rows[["name", "name_zh", "min_mw", "max_mw", "direction"]].astype(
        {"min_mw": float, "max_mw": float}
    )
    branches = [
        (section.name, element, int(index), sign)
        for section in rows.itertuples()
        for element in ("line", "trafo")
        for index, sign in _crossing(net, element, _side(net, str(section.side_a)), _side(net, str(section.side_b)))
    ]
    net["interface_branch"] = pd.DataFrame(branches, columns=["interface", "element", "index", "sign"])


def _side(net: pandapowerNet, names: str) -> pd.Series:
    """Whether a bus lies on a side, which is named by regions or by buses."""
    words = names.split(";")
    inside: pd.Series = net.bus["region"].isin(words) | net.bus["name"].isin(words)
    return inside


def _crossing(net: pandapowerNet, element: str, a: pd.Series, b: pd.Series) -> list[tuple[int, int]]:
    """Branches with one end on either side, +1 if they lead from a to b."""
    table, ends = net[element], {"line": ("from_bus", "to_bus"), "trafo": ("hv_bus", "lv_bus")}[element]
    first, second = table[ends[0]], table[ends[1]]
    forth = a.loc[first].to_numpy() & b.loc[second].to_numpy()
    back = b.loc[first].to_numpy() & a.loc[second].to_numpy()
    return [(index, 1) for index in table.index[forth]] + [(index, -1) for index in table.index[back]]


def add_heat(net: pandapowerNet, csv: Tables, year: int) -> None:
    """Heat zones with the store of the year, and what heats them beside the heating units [MW of heat]."""
    zones = csv["heat_zones"]
    built = zones["store_from_year"] <= year
    net["heat_zone"] = zones[["name", "city", "profile", "p_mw"]].assign(
        store_mwh=zones["store_mwh"].where(built, 0.0).astype(float),
        store_mw=zones["store_mw"].where(built, 0.0).astype(float),
        store_loss_per_h=zones["store_loss_per_h"].astype(float),
    )
    bus = bus_index(net)
    rows = in_force(csv["heat_sources"], year)
    numbers = ["max_heat_mw", "min_heat_mw", "cost_cny_per_mwh", "cop", "co2_t_per_mwh", "coal_tce_per_mwh"]
    table = rows[["name", "heat_zone", "kind"]].copy()
    table[numbers] = rows[numbers].astype(float)
    table["bus"] = rows["bus"].map(bus).astype(float)
    net["heat_source"] = table.assign(in_service=True, commission_year=rows["commission_year"].astype(float))


def add_reservoirs(net: pandapowerNet, csv: Tables, year: int) -> None:
    """The cascade in volumes, with the water of the year; the values in energy stand beside for information."""
    rows = csv["reservoirs"]
    wet = float(csv["hydro_years"].query("year == @year")["inflow_factor"].iloc[0])
    net["reservoir"] = pd.DataFrame(
        {
            "name": rows["name"],
            "gen": rows["gen"],
            "max_e_mwh": rows["max_e_mwh"].astype(float),
            "min_e_mwh": 0.0,
            "start_e_mwh": rows["start_share"] * rows["max_e_mwh"],
            "inflow_mw": wet * rows["inflow_mw"],
            "min_release_mw": rows["min_release_mw"].astype(float),
            "mw_per_m3_per_s": rows["mw_per_m3_per_s"].astype(float),
            "max_v_mm3": rows["max_v_mm3"].astype(float),
            "min_v_mm3": 0.0,
            "start_v_mm3": rows["start_share"] * rows["max_v_mm3"],
            "inflow_m3_per_s": wet * rows["inflow_m3_per_s"],
            "min_release_m3_per_s": rows["min_release_m3_per_s"].astype(float),
            "profile": rows["profile"],
            "band_low_profile": rows["band_low_profile"],
            "band_high_profile": rows["band_high_profile"],
            "upstream": rows["upstream"],
            "delay_h": rows["delay_h"].astype(float),
        }
    )
