"""Thermal, biomass, storage: the plants of Jilin, from unit lists to clusters of equal units."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
from facts import FIRST_YEAR, PLAN_YEAR, YEARS, between, judgement, write

COAL_PRICE_CNY_PER_TCE = 900.0  # Northeast, middle of 2023-2025 (facts: tech_params, assumed)
CNY_PER_USD = 6.45  # rate of 2021, the year of the unit study
MMBTU_PER_TCE = 27.78
CO2_T_PER_TCE = 0.34 * 8.141  # 0.34 t per MWh of fuel (cited) and 8.141 MWh per tce
# Share of the coal capacity that has been retrofitted for low output; the study of 2021 has none (assumed).
RETROFIT_SHARE = {2021: 0.0, 2022: 0.10, 2025: 0.45, 2030: 0.80}
# Minimum output [pu]: heating units in the heat season, heating units otherwise, condensing units. Below the
# minimum of a retrofitted unit lie the bands of deep regulation (``judgement/regulation_bands.csv``), with wear.
MIN_PU = {False: (0.6425, 0.50, 0.3875), True: (0.45, 0.40, 0.3875)}
# Inertia constant [s] of large and small coal units (textbook range 3 to 5 s), planned outage [d a year] and what a
# unit may hold of all reserves of a direction together [pu], more after the retrofit (all assumed).
INERTIA_S = {"large": 3.5, "small": 4.0}
LARGE_UNIT_MW = 500.0
MAINTENANCE_DAYS = 30.0
RESERVE_PU = {False: 0.30, True: 0.40}
HEAT_SEASON_MAX_PU = {200: 0.775, 220: 0.775, 300: 0.803, 330: 0.845, 350: 0.82, 660: 0.683}
C_M, C_V = 0.92, 0.15  # back-pressure ratio and loss of power per heat (cited catalogue values)
STUDY = "unit-commitment study of 2021 (Power-Lab/JEPO_ResourceAdequacy_2026, MIT)"
OTHER_NODES = {
    "changchun_urban": ("changchun", "siping", "liaoyuan"),
    "jilin_urban": ("jilin",),
    "songyuan_urban": ("songyuan", "baicheng"),
    "tonghua_urban": ("tonghua", "baishan"),
    "yanji": ("yanbian",),
}
BIOMASS_POINTS = {2018: 600.0, 2020: 790.0, 2025: 1600.0, 2030: 1600.0}
# What was added after 2020 (810 MW in the plan, cited) counts as biomass CHP in the four cities that the plan names.
BIOMASS_CHP_NODES = {
    "nongan": 0.15, "yushu": 0.10, "gongzhuling": 0.15, "panshi": 0.10, "shulan": 0.15, "fuyu": 0.20, "zhenlai": 0.15,
}  # fmt: skip
BIOMASS_POWER_YEAR = 2020
BIOMASS_NODES = {
    "nongan": 0.22, "yushu": 0.14, "dehui": 0.10, "gongzhuling": 0.10, "jiaohe": 0.10, "panshi": 0.08,
    "lishu": 0.08, "dongfeng": 0.06, "meihekou": 0.07, "dunhua": 0.05,
}  # fmt: skip


def official(facts: Path) -> pd.DataFrame:
    """Installed capacity by year [MW]: statistics, extrapolation to 2025, plan for 2030."""
    table = pd.read_csv(facts / "capacity_by_year.csv")
    source = {}
    for technology in ("thermal", "hydro_incl_pumped", "wind", "solar"):
        rows = table[(table["technology"] == technology) & (table["year"] >= FIRST_YEAR) & (table["month"] == 12)]
        # The targets of the energy base are levers, not the statistical position of 2025.
        keep = (rows["year"] <= 2024) | (rows["year"] == PLAN_YEAR) | (rows["confidence"] == "assumed")
        source[technology] = dict(zip(rows["year"][keep], rows["capacity_mw"][keep].astype(float), strict=True))
    november = table[(table["year"] == 2024) & (table["month"] == 11)].set_index("technology")["capacity_mw"]
    # Wind of December 2024 is missing: the November value plus a twelfth of the growth assumed for 2025.
    source["wind"][2024] = round(november["wind"] + (18500 - november["wind"]) / 13, 0)
    source["hydro_incl_pumped"][PLAN_YEAR] = 4800.0 + 12100.0
    pumped = {2018: 300.0, 2020: 300.0, 2021: 1000.0, 2022: 1700.0, 2028: 1700.0, 2029: 2900.0, 2030: 12100.0}
    rows = []
    for year in YEARS:
        row = {"year": year} | {
            name: between(points, year) for name, points in source.items() if name != "hydro_incl_pumped"
        }
        row["pumped_storage"] = between(pumped, year)
        hydro = source["hydro_incl_pumped"]
        conventional = {y: v - between(pumped, y) for y, v in hydro.items()}
        row["hydro_conventional"] = between(conventional, year)
        row["biomass"] = between(BIOMASS_POINTS, year)
        cited = year in (2018, 2019, 2020, 2021, 2022, 2023, 2024)
        row["source"] = (
            "statistics (energyandcleanair/china_co2 and others)"
            if cited
            else "linear to the plan of 2030, held afterwards"
        )
        row["confidence"] = "derived" if cited else "assumed"
        rows.append(row)
    return pd.DataFrame(rows).round(1)


def thermal(facts: Path) -> pd.DataFrame:
    """Clusters of equal thermal units with their parameters, per whole cluster."""
    units = pd.read_csv(facts / "r2_coal_units_uced_params.csv")
    rows = []
    for cluster in judgement("thermal_clusters").itertuples():
        chosen = units["unit"].map(lambda unit, pattern=cluster.pattern: re.search(pattern, unit) is not None)
        chosen &= units["capacity_mw"].between(cluster.unit_mw_min, cluster.unit_mw_max)
        found = units[chosen]
        assert len(found) == cluster.n_units, (cluster.cluster, found["unit"].tolist())
        coal = float(np.average(found["coal_gce_per_kwh"], weights=found["capacity_mw"]))
        technology = "coal_chp" if (found["chp"] == "Y").all() else "coal"
        place = (cluster.cluster, cluster.name_zh, cluster.bus, cluster.city, technology)
        years = (cluster.commission_year, cluster.retire_year, cluster.reason, STUDY, "derived")
        rows.append((*place, len(found), float(found["capacity_mw"].sum()), coal, *years))
    for old in judgement("retired_thermal").itertuples():
        place = (old.cluster, old.name_zh, old.bus, old.city, old.technology)
        years = (old.commission_year, old.retire_year, old.reason, "coal plant tracker and news", "derived")
        rows.append((*place, old.n_units, old.unit_mw * old.n_units, old.coal_gce_per_kwh, *years))
    names = ["name", "name_zh", "bus", "city", "technology", "n_units", "max_p_mw", "coal_gce_per_kwh"]
    names += ["commission_year", "retire_year", "reason", "source", "confidence"]
    return _parameters(_retrofit(pd.DataFrame(rows, columns=names)))


def _retrofit(table: pd.DataFrame) -> pd.DataFrame:
    """Year from which a cluster counts as retrofitted: large and young units first, in each technology."""
    table["unit_mw"] = table["max_p_mw"] / table["n_units"]
    order = table.sort_values(["unit_mw", "commission_year", "name"], ascending=[False, False, True])
    lasting = order[order["retire_year"].isna() & (order["commission_year"] < FIRST_YEAR + 1)]
    table["retrofit_year"] = np.nan
    for _, group in lasting.groupby("technology"):
        middle = (group["max_p_mw"].cumsum() - group["max_p_mw"] / 2) / group["max_p_mw"].sum()
        for index, share in middle.items():
            year = next((y for y in range(2022, PLAN_YEAR + 1) if between(RETROFIT_SHARE, y) >= share), np.nan)
            table.loc[index, "retrofit_year"] = year
    new = table["commission_year"] > 2025
    table.loc[new, "retrofit_year"] = table.loc[new, "commission_year"]
    return table


def _parameters(table: pd.DataFrame) -> pd.DataFrame:
    heating = table["technology"] == "coal_chp"
    size = table["unit_mw"].round(0).astype(int)
    table["heat_season_max_pu"] = size.map(HEAT_SEASON_MAX_PU).fillna(0.80).where(heating, 1.0)
    table["cp1_cny_per_mwh"] = (table["coal_gce_per_kwh"] / 1000 * COAL_PRICE_CNY_PER_TCE + 1.78 * CNY_PER_USD).round(2)
    start_per_mw = 117 * CNY_PER_USD + 13.7 * COAL_PRICE_CNY_PER_TCE / MMBTU_PER_TCE
    table["start_cost_cny"] = (start_per_mw * table["unit_mw"]).round(-2)
    table["ramp_mw_per_h"] = (0.6 * table["max_p_mw"]).round(2)
    # A unit enters at its minimum output, which for a heating unit may be above 0.6.
    table["startup_ramp_mw"] = (0.65 * table["max_p_mw"]).round(2)
    table["min_up_h"] = table["min_down_h"] = 8
    table["coal_tce_per_mwh"] = table["coal_gce_per_kwh"] / 1000
    table["co2_t_per_mwh"] = (table["coal_tce_per_mwh"] * CO2_T_PER_TCE).round(4)
    # Heat that belongs to the power of the heat-season minimum at the back-pressure line.
    table["max_heat_mw"] = (table["max_p_mw"] * MIN_PU[False][0] / C_M).round(1).where(heating, 0.0)
    table["c_m"], table["c_v"] = np.where(heating, C_M, np.nan), np.where(heating, C_V, np.nan)
    for retrofitted, suffix in ((False, ""), (True, "_retrofitted")):
        season, heat_unit, condensing = MIN_PU[retrofitted]
        table[f"min_pu{suffix}"] = np.where(heating, heat_unit, condensing)
        table[f"heat_season_min_pu{suffix}"] = np.where(heating, season, 0.0)
    table["must_run_units"] = table["n_units"].where(heating, 0)
    table["inertia_s"] = np.where(table["unit_mw"] >= LARGE_UNIT_MW, INERTIA_S["large"], INERTIA_S["small"])
    table["maintenance_days"] = MAINTENANCE_DAYS
    for retrofitted, suffix in ((False, ""), (True, "_retrofitted")):
        table[f"max_reserve_mw{suffix}"] = (RESERVE_PU[retrofitted] * table["max_p_mw"]).round(2)
    return table


def regulation_bands(units: pd.DataFrame) -> pd.DataFrame:
    """Bands of deep regulation below the minimum of clusters that are or will be retrofitted, per whole cluster."""
    bands = judgement("regulation_bands")
    table = units[units["retrofit_year"].notna()][["name", "technology", "max_p_mw"]].merge(bands, on="technology")
    table["width_mw"] = (table["width_pu"] * table["max_p_mw"]).round(3)
    columns = ["name", "band", "width_mw", "wear_cny_per_mwh", "price_until_2024", "price_from_2025"]
    source = (
        "widths from the aims of the retrofit; caps of the Northeast market: 1000 below 40 %, 373.1 since July 2025"
    )
    return table[columns].sort_values(["name", "band"]).assign(source=source, confidence="assumed")


def start_costs(units: pd.DataFrame) -> pd.DataFrame:
    """Cost of a hot, warm and cold start of one unit."""
    tiers = judgement("start_tiers")
    table = units[["name", "start_cost_cny"]].merge(tiers, how="cross")
    table["cost_cny"] = (table["start_cost_cny"] * table["factor"]).round(-2)
    return table[["name", "tier", "off_hours_from", "cost_cny", "source", "confidence"]]


def other_thermal(units: pd.DataFrame, totals: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    """Small units: what the statistics hold beyond the listed units and biomass, by city load share."""
    share = points.groupby("city")["load_share"].sum()
    captive = judgement("prosumers").query("kind == 'captive'").set_index("bus")["generation_mw"].astype(float)
    # The captive units of the tracker left the list of clusters; others stand among the small units of their node.
    tracked, untracked = captive["jilin_urban"], captive.drop("jilin_urban").to_dict()
    rows = []
    for total in totals.itertuples():
        running = (units["commission_year"] <= total.year) & ~(units["retire_year"] <= total.year)
        rest = total.thermal - units.loc[running, "max_p_mw"].sum() - total.biomass - tracked
        for bus, cities in OTHER_NODES.items():
            size = rest * share[list(cities)].sum() - untracked.get(bus, 0.0)
            rows.append((f"other_thermal_{cities[0]}", bus, cities[0], total.year, size))
    frame = pd.DataFrame(rows, columns=["name", "bus", "city", "year", "max_p_mw"])
    source = "statistics minus listed units minus biomass minus captive plants; spread by load share"
    return frame.round({"max_p_mw": 3}).assign(source=source, confidence="derived")


def biomass(totals: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    """Biomass and waste plants: those of 2020 give power alone, what came later gives heat too (CHP)."""
    city = points.set_index("id")["city"]
    rows = []
    for total in totals.itertuples():
        power = min(total.biomass, BIOMASS_POINTS[BIOMASS_POWER_YEAR])
        for chp, size, nodes in ((False, power, BIOMASS_NODES), (True, total.biomass - power, BIOMASS_CHP_NODES)):
            stem = "biomass_chp" if chp else "biomass"
            rows += [
                (f"{stem}_{node}", node, city[node], chp, total.year, round(size * share, 3))
                for node, share in nodes.items()
                if size > 0
            ]
    frame = pd.DataFrame(rows, columns=["name", "bus", "city", "chp", "year", "max_p_mw"])
    source = "plan value of 2025 and derived value of 2020; places by farm land and known plants; CHP as the plan says"
    return frame.assign(source=source, confidence="assumed")


def pumped_storage(facts: Path) -> pd.DataFrame:
    """Pumped storage by year: the plants of the 12.1 GW set."""
    listed = pd.read_csv(facts / "pumped_storage_pipeline.csv").set_index("name_en")
    rows = []
    for plant in judgement("pumped_storage").itertuples():
        size = float(listed.loc[plant.match, "capacity_mw"])
        assert listed.loc[plant.match, "in_12_1gw_set"] == "Y", plant.match
        city = listed.loc[plant.match, "city"].split(" ")[0].lower()
        for year in (y for y in YEARS if y >= plant.commission_year):
            p_mw = 700.0 if (plant.name, year) == ("phs_dunhua", 2021) else size
            units = round(p_mw / plant.unit_mw)
            name = (plant.name, listed.loc[plant.match, "name_zh"], plant.bus, city, plant.commission_year)
            rows.append((*name, year, p_mw, units, plant.reason, str(listed.loc[plant.match, "confidence"])))
    names = ["name", "name_zh", "bus", "city", "commission_year", "year", "max_p_mw", "n_units", "reason", "confidence"]
    machines = {"fixed_speed": True, "min_discharge_pu": 0.4, "inertia_s": 0.0, "emergency": True}
    source = (
        "pipeline list of the facts; machines: fixed-speed pumps (recalled), least output assumed; their inertia is "
        "left out: in a relaxed run a plant that pumps and generates at once would earn it"
    )
    return pd.DataFrame(rows, columns=names).assign(hours=6.0, round_trip=0.75, **machines, source=source)


def batteries() -> pd.DataFrame:
    """Batteries by year: one plant cited, the plan's floor in 2025, 2.5 GW in 2030."""
    rows = []
    for site in judgement("batteries").itertuples(index=False):
        values = dict(zip(judgement("batteries").columns, site, strict=True))
        points = {2023: 0.0} | {year: float(values[str(year)]) for year in (2024, 2025, 2030)}
        for year in YEARS:
            p_mw = round(between(points, year), 1)
            if p_mw > 0:
                rows.append(
                    (
                        *(values["name"], values["bus"], values["city"], year, p_mw, values["hours"]),
                        *(values["behind"] if isinstance(values["behind"], str) else "", values["reason"]),
                    )
                )
    names = ["name", "bus", "city", "year", "max_p_mw", "hours", "behind", "reason"]
    source = "plan floor 250 MW in 2025; 2500 MW in 2030 as in the 2030 case of the unit-commitment study"
    return pd.DataFrame(rows, columns=names).assign(round_trip=0.86, source=source, confidence="assumed")


def write_all(facts: Path, points: pd.DataFrame) -> pd.DataFrame:
    """Write every table of plants but water, wind and solar; returns the yearly totals."""
    totals = official(facts)
    units = thermal(facts)
    write(totals, "capacity_by_year")
    write(units, "thermal")
    write(regulation_bands(units), "regulation_bands")
    write(start_costs(units), "start_costs")
    write(other_thermal(units, totals, points), "thermal_other")
    write(biomass(totals, points), "biomass")
    write(pumped_storage(facts), "pumped_storage")
    write(batteries(), "batteries")
    return totals
