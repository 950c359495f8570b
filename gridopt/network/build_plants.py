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
NUMBERS = (
    "min_up_h", "min_down_h", "ramp_up_mw_per_h", "ramp_down_mw_per_h", "startup_ramp_mw", "shutdown_ramp_mw",
    "start_cost_cny", "must_run_units", "initial_on_units", "initial_hours_in_state", "initial_p_mw", "c_m", "c_v",
    "max_heat_mw", "heat_season_min_pu", "heat_season_max_pu", "co2_t_per_mwh", "coal_tce_per_mwh",
    "commission_year", "retire_year",
)  # fmt: skip
WORDS = ("technology", "profile", "chp_kind", "heat_zone", "city", "name_zh", "reservoir")


def add_generators(net: pandapowerNet, csv: Tables, year: int) -> None:
    """Thermal clusters, small thermal units, biomass and hydro."""
    parts = (_thermal(csv, year), _other_thermal(csv, year), _biomass(csv, year), _hydro(csv, year))
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
        retrofitted=retrofitted,
        committable=True,
        ramp_up_mw_per_h=rows["ramp_mw_per_h"],
        ramp_down_mw_per_h=rows["ramp_mw_per_h"],
        shutdown_ramp_mw=rows["startup_ramp_mw"],
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
    return pd.concat([rows, pd.DataFrame(missing, index=rows.index)], axis=1)


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
    rows = csv["biomass"].query("year == @year")
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
