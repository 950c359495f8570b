"""Hydro plants, the cascade of the Songhua, its recorded levels, and wet and dry years."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from facts import YEARS, between, judgement, write

SECONDS_PER_HOUR = 3600.0
HOURS_PER_YEAR = 8760.0
CASCADE_TWH = 2.04 + 0.44 + 1.709  # Baishan, Hongshi, Fengman in a mean year, see SOURCES.md
RUN_OF_RIVER_MEAN = 0.30  # as in the profiles
# A reservoir is kept between the quartiles of its recorded levels: as it stood in half of the years.
LOW_QUANTILE, HIGH_QUANTILE = 0.25, 0.75
RECORD_YEARS = (2011, 2021)
LEVELS = "github:energyandcleanair/china_co2:inst/csv/Hydropower_Reservoir_Water_Levels.csv"


def hydro(totals: pd.DataFrame) -> pd.DataFrame:
    """Conventional hydro: named plants, and small plants as the rest of the statistics."""
    named = judgement("hydro")
    small = {"huadian": ("jilin", 0.25), "fusong": ("baishan", 0.30), "tonghua_urban": ("tonghua", 0.20)}
    small |= {"antu": ("yanbian", 0.25)}
    rows = []
    for total in totals.itertuples():
        column = str(min(max(total.year, 2018), 2020))
        for plant in named.itertuples():
            size = float(named.loc[plant.Index, column])
            reservoir = plant.reservoir if isinstance(plant.reservoir, str) else ""
            kind = (plant.name, plant.name_zh, plant.bus, plant.city, plant.technology, reservoir)
            rows.append((*kind, total.year, size, "hydro tracker and power plant database", "derived"))
        rest = total.hydro_conventional - named[column].sum()
        for bus, (city, share) in small.items():
            kind = (f"small_hydro_{city}", "小水电", bus, city, "hydro_ror", "")
            rows.append((*kind, total.year, round(rest * share, 3), "statistics minus named plants", "assumed"))
    names = ["name", "name_zh", "bus", "city", "technology", "reservoir", "year", "max_p_mw", "source", "confidence"]
    return pd.DataFrame(rows, columns=names)


def reservoirs(facts: Path, levels: pd.DataFrame) -> pd.DataFrame:
    """The Songhua cascade: in volumes, and beside it in energy (useful storage times TWh per runoff).

    Each plant's power per flow is its mean energy per mean runoff, so that a mean year of natural inflow, all of it
    turbined, gives the mean energies. Inflow is local: what a reservoir receives beyond the one above it.
    """
    water = pd.read_csv(facts / "hydrology.csv").set_index(["object", "parameter"])["value"]

    def number(what: str, parameter: str) -> float:
        return float(water[(what, parameter)])

    runoff_mm3 = {
        "baishan": 1e3 * number("upper Songhua into Baishan", "mean_annual_runoff"),
        "hongshi": 1e3 * number("Second Songhua at Hongshi (below Baishan)", "mean_annual_runoff"),
        "fengman": 1e3 * number("Second Songhua at Jilin station (just below Fengman)", "mean_annual_runoff"),
    }
    twh = {name: number(name.capitalize(), "mean_annual_generation") for name in runoff_mm3}
    volume_mm3 = {name: 1e3 * number(name.capitalize(), "useful_storage") for name in ("baishan", "fengman")}
    volume_mm3["hongshi"] = 200 * 48.0 / (twh["hongshi"] * 1e6 / runoff_mm3["hongshi"])  # two days at full power
    min_release_mw = {"fengman": 74.0}
    start = {"hongshi": 0.50} | start_shares(levels)
    recorded = set(levels["reservoir"])
    rows = []
    for row in judgement("hydro_cascade").itertuples():
        name = str(row.name)
        mwh_per_mm3 = twh[name] * 1e6 / runoff_mm3[name]
        above = runoff_mm3[row.upstream] if isinstance(row.upstream, str) else 0.0
        k = mwh_per_mm3 * SECONDS_PER_HOUR / 1e6  # MW per m3/s
        inflow_mw = round(twh[name] * 1e6 / 8760, 2)
        flood = (row.level_flood_m - row.level_dead_m) / (row.level_normal_m - row.level_dead_m)
        release = min_release_mw.get(name, 0.0)
        rows.append(
            {
                "name": name,
                "gen": f"hydro_{name}",
                "max_e_mwh": round(mwh_per_mm3 * volume_mm3[name]),
                "inflow_mw": inflow_mw,
                "min_release_mw": release,
                "mw_per_m3_per_s": round(k, 5),
                "max_v_mm3": round(volume_mm3[name], 1),
                "inflow_m3_per_s": round((runoff_mm3[name] - above) * 1e6 / (8760 * SECONDS_PER_HOUR), 2),
                "min_release_m3_per_s": round(release / k, 1),
                "profile": f"inflow_{row.local_runoff_of}",
                "flood_level_pu": 1.0 if np.isnan(flood) else round(flood, 3),
                "band_low_profile": f"level_low_{name}" if name in recorded else "",
                "band_high_profile": "" if np.isnan(flood) else f"level_{name}",
                "upstream": row.upstream if isinstance(row.upstream, str) else "",
                "delay_h": float(row.delay_h),
                "start_share": start[name],
                "reason": row.reason,
            }
        )
    source = "hydrology of the facts: runoff cited, generation and useful storage partly remembered"
    return pd.DataFrame(rows).assign(source=source, confidence="derived")


def mean_hydro_twh(totals: pd.DataFrame) -> pd.Series:
    """What the conventional hydro plants of each year give in a mean year: the cascade, the others at 0.30."""
    plants = hydro(totals)
    river = plants[plants["technology"] == "hydro_ror"].groupby("year")["max_p_mw"].sum()
    return CASCADE_TWH + RUN_OF_RIVER_MEAN * HOURS_PER_YEAR * river / 1e6


def hydro_years(facts: Path, totals: pd.DataFrame) -> pd.DataFrame:
    """Wet and dry years: conventional hydro generation over that of a mean year, 1 where unknown."""
    mean_twh = mean_hydro_twh(totals)
    monthly = pd.read_csv(facts / "generation_monthly.csv")
    total = monthly[monthly["technology"] == "hydro_incl_pumped"].groupby("year")["ytd_twh"].max()
    total[2024] = 10.97
    # What pumped storage gives in the backcast. In truth it is more, but then the pumps stand in the consumption of the
    # statistics, and the demand of the model can't take that part of it back.
    pumped_twh = {2018: 0.05, 2020: 0.05, 2021: 0.15, 2022: 0.25, 2024: 0.25}
    rows = []
    for year in YEARS:
        known = year in total.index
        factor = (total[year] - between(pumped_twh, year)) / mean_twh[year] if known else 1.0
        source = "statistics minus the pumped discharge of the backcast" if known else "mean year"
        rows.append((year, round(factor, 3), source))
    frame = pd.DataFrame(rows, columns=["year", "inflow_factor", "source"])
    return frame.assign(confidence=["derived" if y in total.index else "assumed" for y in YEARS])


def recorded_levels(facts: Path) -> pd.DataFrame:
    """Recorded levels as a share of the useful height, (year, month) by reservoir of the cascade that has a record.

    Height stands for volume, as for the flood limit: no curve of the reservoirs is public.
    """
    table = pd.read_csv(facts / "hydro_reservoir_level_monthly.csv")
    table = table[table["year"].between(*RECORD_YEARS)].assign(reservoir=table["reservoir"].str.lower())
    heights = judgement("hydro_cascade").set_index("name")[["level_dead_m", "level_normal_m"]]
    dead, normal = (table["reservoir"].map(heights[column]) for column in heights)
    share = ((table["mean_level_m"] - dead) / (normal - dead)).clip(0.0, 1.0)
    return table.assign(level_pu=share)[["reservoir", "year", "month", "level_pu"]]


def reservoir_levels(facts: Path) -> pd.DataFrame:
    """Quartiles and median of the recorded level of each month [pu of the useful volume]."""
    by_month = recorded_levels(facts).groupby(["reservoir", "month"])["level_pu"]
    table = pd.DataFrame(
        {
            "low_pu": by_month.quantile(LOW_QUANTILE).round(3),
            "median_pu": by_month.median().round(3),
            "high_pu": by_month.quantile(HIGH_QUANTILE).round(3),
            "recorded_years": by_month.count(),
        }
    )
    return table.reset_index().assign(source=LEVELS, confidence="derived")


def start_shares(levels: pd.DataFrame) -> dict[str, float]:
    """Level at the turn of the year: between the medians of December and January."""
    turn = levels[levels["month"].isin((12, 1))].groupby("reservoir")["median_pu"].mean()
    return {str(name): round(float(share), 3) for name, share in turn.items()}


def write_all(facts: Path, totals: pd.DataFrame) -> None:
    """Write the tables of the hydro plants and their water."""
    levels = reservoir_levels(facts)
    write(hydro(totals), "hydro")
    write(levels, "reservoir_levels")
    write(reservoirs(facts, levels), "reservoirs")
    write(hydro_years(facts, totals), "hydro_years")
