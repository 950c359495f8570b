"""Thermal and hydro plants, wind and solar, storage of a shipped network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandapower as pp
import pandas as pd

from gridopt.network.build_grid import bus_index
from gridopt.network.build_tables import Tables, in_force

if TYPE_CHECKING:
    from pandapower import pandapowerNet

VOLTAGE_PU = 1.02
# Reactive capability per MW: synchronous machines, converters of wind and solar (cited grid code of +-0.95).
Q_MACHINE_PU, Q_CONVERTER_PU = 0.48, 0.33
WATER_CNY_PER_MWH = 10.0  # variable cost of hydro (assumed)
BIOMASS_CNY_PER_MWH = 300.0  # fuel net of the feed-in premium (assumed): runs before most coal
OTHER_COAL_TCE_PER_MWH = 0.407  # small units: as the 100 MW class
COAL_PRICE_CNY_PER_TCE, CO2_T_PER_TCE = 900.0, 2.768
BIOMASS_MIN_PU = 0.5
BIOMASS_UNIT_MW = 30.0
# Straw CHP with extraction: back-pressure ratio and loss of power per heat, and heat at the heat-season minimum
# (assumed; a large straw plant of the Danish catalogue makes 0.3 to 0.4 MWh of power per MWh of heat).
BIOMASS_C_M, BIOMASS_C_V = 0.40, 0.15
# Inertia constants [s] and planned outage [d a year] of plants outside the list of units (assumed).
INERTIA_S = {"coal": 3.5, "biomass": 3.0, "hydro_reservoir": 3.5, "hydro_ror": 3.0}
MAINTENANCE_DAYS = {"coal": 30.0, "biomass": 25.0, "hydro_reservoir": 20.0, "hydro_ror": 20.0}
LAST_YEAR_OF_TIERS = 2024  # since July 2025 one cap holds for all deep regulation (cited)
NUMBERS = (
    "min_up_h", "min_down_h", "ramp_up_mw_per_h", "ramp_down_mw_per_h", "startup_ramp_mw", "shutdown_ramp_mw",
    "start_cost_cny", "must_run_units", "initial_on_units", "initial_hours_in_state", "initial_p_mw", "c_m", "c_v",
    "max_heat_mw", "heat_season_min_pu", "heat_season_max_pu", "co2_t_per_mwh", "coal_tce_per_mwh",
    "max_reserve_mw", "maintenance_days", "inertia_s", "commission_year", "retire_year",
)  # fmt: skip
WORDS = ("technology", "profile", "chp_kind", "heat_zone", "city", "name_zh", "reservoir")


def add_generators(net: pandapowerNet, csv: Tables, year: int) -> None:
    """Thermal clusters, small thermal units, biomass and hydro."""
    parts = (
        *(_thermal(csv, year), _other_thermal(csv, year), _biomass(csv, year), _biomass_chp(csv, year)),
        _hydro(csv, year),
    )
    rows = pd.concat(parts, ignore_index=True)
    bus = bus_index(net)
    index = pp.create_gens(
        net,
        bus[rows["bus"]].to_numpy(),
        p_mw=rows["initial_p_mw"].to_numpy(dtype=float),
        vm_pu=VOLTAGE_PU,
        name=rows["name"].to_numpy(),
        min_p_mw=rows["min_p_mw"].to_numpy(dtype=float),
        max_p_mw=rows["max_p_mw"].to_numpy(dtype=float),
        min_q_mvar=(-Q_MACHINE_PU * rows["max_p_mw"] / 2).to_numpy(dtype=float),
        max_q_mvar=(Q_MACHINE_PU * rows["max_p_mw"]).to_numpy(dtype=float),
        controllable=True,
    )
    for column in WORDS:
        net.gen[column] = rows[column].astype(object).where(rows[column].notna(), "").to_numpy()
    for column in NUMBERS:
        net.gen[column] = rows[column].to_numpy(dtype=float)
    net.gen["n_units"] = rows["n_units"].to_numpy(dtype=np.int64)
    for column in ("committable", "retrofitted"):
        net.gen[column] = rows[column].to_numpy(dtype=bool)
    for element, cost in zip(index, rows["cp1"], strict=True):
        pp.create_poly_cost(net, element, "gen", cp1_eur_per_mw=float(cost), cp0_eur=0.0, cp2_eur_per_mw2=0.0)


def _thermal(csv: Tables, year: int) -> pd.DataFrame:
    """Clusters of the year, retrofitted or not."""
    rows = in_force(csv["thermal"], year)
    heating = rows["technology"] == "coal_chp"
    retrofitted = rows["retrofit_year"] <= year
    min_pu = rows["min_pu_retrofitted"].where(retrofitted, rows["min_pu"])
    # The year begins in the heat season: heating units are on, condensing units by half.
    on = rows["n_units"].where(heating, np.ceil(rows["n_units"] / 2))
    load_pu = (rows["heat_season_max_pu"] - 0.10).where(heating, 0.6)
    return rows.assign(
        min_p_mw=min_pu * rows["max_p_mw"],
        heat_season_min_pu=rows["heat_season_min_pu_retrofitted"].where(retrofitted, rows["heat_season_min_pu"]),
        max_reserve_mw=rows["max_reserve_mw_retrofitted"].where(retrofitted, rows["max_reserve_mw"]),
        retrofitted=retrofitted,
        committable=True,
        ramp_up_mw_per_h=rows["ramp_mw_per_h"],
        ramp_down_mw_per_h=rows["ramp_mw_per_h"],
        # A heating unit is taken off within the hour from whatever the heat asked for (at most 0.85, assumed).
        shutdown_ramp_mw=rows["startup_ramp_mw"].where(~heating, rows["max_p_mw"]),
        initial_on_units=on,
        initial_hours_in_state=24.0,
        initial_p_mw=(load_pu * rows["max_p_mw"] * on / rows["n_units"]).round(2),
        chp_kind=heating.map({True: "extraction", False: ""}),
        heat_zone=("heat_" + rows["city"]).where(heating, ""),
        cp1=rows["cp1_cny_per_mwh"],
        profile="",
        reservoir="",
    )


def _plain(rows: pd.DataFrame) -> pd.DataFrame:
    """Plants without commitment: no minimum times, ramps or heat."""
    plain = dict.fromkeys(NUMBERS, np.nan)
    plain |= dict.fromkeys(("min_up_h", "min_down_h", "start_cost_cny", "must_run_units", "co2_t_per_mwh"), 0.0)
    plain |= {"coal_tce_per_mwh": 0.0, "heat_season_min_pu": 0.0, "heat_season_max_pu": 1.0, "min_p_mw": 0.0}
    words = dict.fromkeys(WORDS, "")
    fixed = {"n_units": 1, "committable": False, "retrofitted": False}
    missing = {key: value for key, value in {**plain, **words, **fixed}.items() if key not in rows}
    table = pd.concat([rows, pd.DataFrame(missing, index=rows.index)], axis=1)
    table["inertia_s"] = table["technology"].map(INERTIA_S)
    table["maintenance_days"] = table["technology"].map(MAINTENANCE_DAYS)
    return table


def _other_thermal(csv: Tables, year: int) -> pd.DataFrame:
    rows = csv["thermal_other"].query("year == @year")
    coal = OTHER_COAL_TCE_PER_MWH
    return _plain(
        rows.assign(
            name_zh="其他小火电",
            technology="coal",
            cp1=round(coal * COAL_PRICE_CNY_PER_TCE, 2),
            coal_tce_per_mwh=coal,
            co2_t_per_mwh=round(coal * CO2_T_PER_TCE, 4),
            initial_p_mw=0.5 * rows["max_p_mw"],
        )
    )


def _biomass(csv: Tables, year: int) -> pd.DataFrame:
    rows = csv["biomass"].query("year == @year and not chp")
    least = BIOMASS_MIN_PU * rows["max_p_mw"]
    return _plain(
        rows.assign(
            name_zh="生物质发电",
            technology="biomass",
            min_p_mw=least,
            initial_p_mw=least,
            must_run_units=1.0,
            cp1=BIOMASS_CNY_PER_MWH,
        )
    )


def _biomass_chp(csv: Tables, year: int) -> pd.DataFrame:
    """Biomass plants that give heat to their city: must run in the heat season, free outside of it."""
    rows = csv["biomass"].query("year == @year and chp").reset_index(drop=True)
    size = rows["max_p_mw"]
    units = np.maximum((size / BIOMASS_UNIT_MW).round(), 1.0)
    least = BIOMASS_MIN_PU * size
    return _plain(
        rows.assign(
            name_zh="生物质热电联产",
            technology="biomass",
            n_units=units,
            committable=True,
            min_p_mw=least,
            initial_p_mw=least,
            initial_on_units=units,
            initial_hours_in_state=24.0,
            must_run_units=units,
            min_up_h=8.0,
            min_down_h=8.0,
            ramp_up_mw_per_h=0.6 * size,
            ramp_down_mw_per_h=0.6 * size,
            startup_ramp_mw=0.65 * size,
            shutdown_ramp_mw=size,
            start_cost_cny=1000.0 * BIOMASS_UNIT_MW,
            chp_kind="extraction",
            c_m=BIOMASS_C_M,
            c_v=BIOMASS_C_V,
            max_heat_mw=(least / BIOMASS_C_M).round(2),
            heat_zone="heat_" + rows["city"],
            heat_season_min_pu=BIOMASS_MIN_PU,
            max_reserve_mw=0.30 * size,
            cp1=BIOMASS_CNY_PER_MWH,
        )
    )


def add_unit_tables(net: pandapowerNet, csv: Tables, year: int) -> None:
    """Bands of deep regulation of retrofitted clusters [MW of the cluster], start costs by state [CNY per unit]."""
    row = pd.Series(net.gen.index, index=net.gen["name"])
    retrofitted = net.gen.loc[net.gen["retrofitted"], "name"]
    bands = csv["regulation_bands"]
    bands = bands[bands["name"].isin(retrofitted)]
    price = "price_until_2024" if year <= LAST_YEAR_OF_TIERS else "price_from_2025"
    net["deep_regulation"] = pd.DataFrame(
        {
            "element": "gen",
            "index": row[bands["name"]].to_numpy(dtype=np.int64),
            "width_mw": bands["width_mw"].to_numpy(dtype=float),
            "wear_cny_per_mwh": bands["wear_cny_per_mwh"].to_numpy(dtype=float),
            "price_cny_per_mwh": bands[price].to_numpy(dtype=float),
        }
    )
    tiers = csv["start_costs"]
    tiers = tiers[tiers["name"].isin(net.gen["name"])]
    net["start_cost"] = pd.DataFrame(
        {
            "element": "gen",
            "index": row[tiers["name"]].to_numpy(dtype=np.int64),
            "off_hours_from": tiers["off_hours_from"].to_numpy(dtype=float),
            "cost_cny": tiers["cost_cny"].to_numpy(dtype=float),
        }
    )


def _hydro(csv: Tables, year: int) -> pd.DataFrame:
    rows = csv["hydro"].query("year == @year and max_p_mw > 0")
    river = rows["technology"] == "hydro_ror"
    profile = river.map({True: "hydro_ror", False: ""})
    return _plain(rows.assign(profile=profile, cp1=WATER_CNY_PER_MWH, initial_p_mw=0.15 * rows["max_p_mw"]))


def add_renewables(net: pandapowerNet, csv: Tables, year: int) -> None:
    """Wind and solar, at most one row of either per bus; ``p_mw`` is 0 until a snapshot is set."""
    bus = bus_index(net)
    rows = pd.concat([csv["wind"], csv["solar"]]).query("year == @year and max_p_mw > 0.05").reset_index(drop=True)
    size = rows["max_p_mw"].to_numpy(dtype=float)
    pp.create_sgens(
        net,
        bus[rows["bus"]].to_numpy(),
        p_mw=0.0,
        q_mvar=0.0,
        name=rows["name"].to_numpy(),
        min_p_mw=0.0,
        max_p_mw=size,
        min_q_mvar=-Q_CONVERTER_PU * size,
        max_q_mvar=Q_CONVERTER_PU * size,
        controllable=True,
    )
    for column in ("technology", "profile", "city"):
        net.sgen[column] = rows[column].to_numpy(dtype=object)
    net.sgen["curtailment_cost_cny_per_mwh"] = np.nan


def add_storage(net: pandapowerNet, csv: Tables, year: int) -> None:
    """Pumped storage and batteries; the round trip is split evenly."""
    bus = bus_index(net)
    pumped = csv["pumped_storage"].query("year == @year").assign(technology="phs", throughput_cost=10.0)
    cells = csv["batteries"].query("year == @year").assign(technology="battery", throughput_cost=200.0, n_units=1)
    rows = pd.concat([pumped, cells[cells["bus"].isin(bus.index)]], ignore_index=True)
    battery = (rows["technology"] == "battery").to_numpy()
    size = rows["max_p_mw"].to_numpy(dtype=float)
    energy = size * rows["hours"].to_numpy(dtype=float)
    index = pp.create_storages(
        net,
        bus[rows["bus"]].to_numpy(),
        p_mw=0.0,
        q_mvar=0.0,
        max_e_mwh=energy,
        min_e_mwh=np.where(battery, 0.1 * energy, 0.0),
        soc_percent=50.0,
        name=rows["name"].to_numpy(),
        max_p_mw=size,
        min_p_mw=-size,
        controllable=True,
    )
    one_way = np.sqrt(rows["round_trip"].to_numpy(dtype=float))
    net.storage.loc[index, "eta_charge"] = one_way
    net.storage.loc[index, "eta_discharge"] = one_way
    net.storage["technology"] = rows["technology"].to_numpy(dtype=object)
    net.storage["throughput_cost_cny_per_mwh"] = rows["throughput_cost"].to_numpy(dtype=float)
    net.storage["max_cycles_per_day"] = np.where(battery, 2.0, np.nan)
    net.storage["n_units"] = rows["n_units"].to_numpy(dtype=np.int64)
    net.storage["self_discharge_per_h"] = 0.0
    net.storage["end"] = "cyclic"
    net.storage["city"] = rows["city"].to_numpy(dtype=object)
    net.storage["name_zh"] = rows["name_zh"].fillna("").to_numpy(dtype=object)
    net.storage["commission_year"] = rows["commission_year"].to_numpy(dtype=float)
    for column in ("fixed_speed", "emergency"):
        net.storage[column] = rows[column].eq(True).to_numpy(dtype=bool)
    for column in ("min_discharge_pu", "inertia_s"):
        net.storage[column] = rows[column].fillna(0.0).to_numpy(dtype=float)
    behind = (rows["behind"] == "wind").to_numpy()
    wind = net.sgen[net.sgen["technology"] == "wind"].reset_index().set_index("bus")["index"]
    # Storage of the wind farms stands behind their connection and takes their power alone (assumed).
    shared = net.storage["bus"].map(wind).where(behind)
    net.storage["co_located_sgen"] = shared.astype(float)
    net.storage["grid_charging"] = shared.isna()
