"""District heat: peak, store and sources of the zones; one zone per city."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from facts import YEARS, judgement, write

HEAT_CITIES = ("changchun", "jilin", "siping", "liaoyuan", "tonghua", "baishan", "songyuan", "baicheng", "yanbian")
PEAK_OF_CAPABILITY = 0.9  # peak heat over what the heating units can give (assumed)
NO_UNITS_MW = 280.0  # Tonghua, whose units count as condensing (assumed)
# Heat stores at the plants: power over the peak heat, hours, loss per hour, first year (assumed, no list is public).
STORE_OF_PEAK, STORE_HOURS, STORE_LOSS_PER_H, STORE_FROM = 0.10, 6.0, 0.002, 2025
# Coal boilers as back-up: the peak is kept with the largest heating unit out, and never less than this share of it.
BOILER_OF_PEAK, BOILER_EFFICIENCY, BOILER_COST = 0.35, 0.85, 140.0
TCE_PER_MWH_FUEL, CO2_PER_MWH_FUEL = 0.1229, 0.34
# Electric boilers at the plants over the peak heat: first year -> added share (assumed, no list is public).
ELECTRIC_BOILERS = {2022: 0.05, 2028: 0.10}
ELECTRIC_EFFICIENCY = 0.98


def zones(facts: Path, thermal: pd.DataFrame) -> pd.DataFrame:
    """Peak heat from the heating units of the city, 0.9 of what they can give, and a heat store."""
    heat = thermal[thermal["technology"] == "coal_chp"].groupby("city")["max_heat_mw"].sum()
    season = pd.read_csv(facts / "heating_season.csv")
    season["city"] = season["city"].str.split(" ").str[0].str.lower()
    season = season.set_index("city")
    rows = [
        (f"heat_{city}", city, f"heat_{city}", round(PEAK_OF_CAPABILITY * float(heat.get(city, NO_UNITS_MW)), 1))
        for city in HEAT_CITIES
    ]
    table = pd.DataFrame(rows, columns=["name", "city", "profile", "p_mw"])
    for column in ("heating_start_mm_dd", "heating_end_mm_dd"):
        table[column] = table["city"].map(season[column])
    table["store_mw"] = (STORE_OF_PEAK * table["p_mw"]).round(1)
    table["store_mwh"] = (STORE_HOURS * table["store_mw"]).round(1)
    table["store_loss_per_h"] = STORE_LOSS_PER_H
    table["store_from_year"] = STORE_FROM
    source = "heating units of the city; Tonghua, whose units count as condensing, assumed; stores assumed"
    return table.assign(source=source, confidence="derived")


def _boiler_mw(zone: str, peak: float, thermal: pd.DataFrame) -> float:
    """Back-up: with the largest heating unit out, the zone has its peak in every year."""
    units = thermal[(thermal["technology"] == "coal_chp") & ("heat_" + thermal["city"] == zone)]
    short = [0.0]
    for year in YEARS:
        here = units[(units["commission_year"] <= year) & ~(units["retire_year"] <= year)]
        largest = (here["max_heat_mw"] / here["n_units"]).max() if len(here) else 0.0
        short.append(peak - (here["max_heat_mw"].sum() - largest))
    return max(BOILER_OF_PEAK * peak, *short)


def sources(table: pd.DataFrame, thermal: pd.DataFrame) -> pd.DataFrame:
    """Back-up boilers and electric boilers of every zone, and what the judgement table adds."""
    bus = judgement("city_nodes").set_index("city")["bus"]
    rows = []
    for zone in table.itertuples():
        size = round(_boiler_mw(zone.name, zone.p_mw, thermal), 1)
        rows.append(
            {
                "name": f"boiler_{zone.city}",
                "heat_zone": zone.name,
                "kind": "boiler",
                "max_heat_mw": size,
                "cost_cny_per_mwh": BOILER_COST,
                "cop": 1.0,
                "commission_year": YEARS[0],
                "co2_t_per_mwh": round(CO2_PER_MWH_FUEL / BOILER_EFFICIENCY, 4),
                "coal_tce_per_mwh": round(TCE_PER_MWH_FUEL / BOILER_EFFICIENCY, 4),
                "reason": "coal boilers: peak heat with the largest heating unit out, at least 35 % of it",
            }
        )
        for year, share in ELECTRIC_BOILERS.items():
            rows.append(
                {
                    "name": f"electric_boiler_{zone.city}_{year}",
                    "heat_zone": zone.name,
                    "kind": "electric_boiler",
                    "max_heat_mw": round(share * zone.p_mw, 1),
                    "bus": bus[zone.city],
                    "cost_cny_per_mwh": 5.0,
                    "cop": ELECTRIC_EFFICIENCY,
                    "commission_year": year,
                    "reason": "electric boilers at heating plants: a part of the retrofit, size assumed",
                }
            )
    more = judgement("heat_sources")
    more["heat_zone"] = "heat_" + more.pop("city")
    frame = pd.concat([pd.DataFrame(rows), more], ignore_index=True)
    frame["bus"] = frame["bus"].fillna("")
    for column in ("min_heat_mw", "co2_t_per_mwh", "coal_tce_per_mwh"):
        frame[column] = frame[column].fillna(0.0)
    return frame.assign(source="own rule, see reason", confidence="assumed")


def write_all(facts: Path, thermal: pd.DataFrame) -> None:
    """Write the tables of this module."""
    table = zones(facts, thermal)
    write(table, "heat_zones")
    write(sources(table, thermal), "heat_sources")
