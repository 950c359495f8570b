"""Demand by node and kind, ties, sections, heat zones, demand response, pilot parks."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from facts import PLAN_YEAR, YEARS, between, judgement, write

ELECTROLYSER_TWH = {2024: 0.0, 2025: 0.4, 2030: 25.0}
EV_TWH = {2024: 0.0, 2025: 0.6, 2030: 3.0}
ELECTRIC_HEATING_TWH = {2024: 0.0, 2025: 1.0, 2030: 3.0}
# 2022 and 2023 cited; before: generation minus consumption of the statistics; later: held (assumed).
NET_EXPORT_TWH = {2018: 8.0, 2019: 10.6, 2020: 15.8, 2021: 12.2, 2022: 17.57, 2023: 21.652, 2024: 22.0, 2030: 22.0}
HEAT_CITIES = ("changchun", "jilin", "siping", "liaoyuan", "tonghua", "baishan", "songyuan", "baicheng", "yanbian")


def demand_twh(facts: Path) -> pd.DataFrame:
    """Consumption of the whole society by year and kind [TWh]."""
    table = pd.read_csv(facts / "demand_annual.csv")
    cited = table[(table["metric"] == "annual_consumption") & (table["kind"] == "actual")]
    points = dict(zip(cited["year"].astype(int), cited["value"].astype(float), strict=True))
    points |= {2025: 99.0, PLAN_YEAR: 145.0}
    rows = []
    for year in YEARS:
        total = between(points, year)
        part = {
            "electrolyser": between(ELECTROLYSER_TWH, year),
            "ev": between(EV_TWH, year),
            "electric_heating": between(ELECTRIC_HEATING_TWH, year),
        }
        parks = [p for p in judgement("parks").itertuples() if p.commission_year <= year]
        part["industrial"] = sum(p.base_load_mw for p in parks) * 8.76e-3
        rows.append({"year": year, "total": total, "city": total - sum(part.values()), **part})
        rows[-1]["source"] = (
            "statistics" if year <= 2024 else "linear from 99 TWh in 2025 to 145 TWh in 2030, then held"
        )
        rows[-1]["confidence"] = "cited" if year <= 2024 else "assumed"
    return pd.DataFrame(rows).round(5)


def load_sites(points: pd.DataFrame) -> pd.DataFrame:
    """Where each kind of load stands: share of the kind's energy of the province."""
    frames = []
    for kind, profile in (("city", "load"), ("ev", "load_ev"), ("electric_heating", "load_electric_heating")):
        part = points[["id", "load_share"]].rename(columns={"id": "bus", "load_share": "share"})
        frames.append(part.assign(kind=kind, profile=profile, source="nodes.csv", confidence="assumed"))
    parks, sites = judgement("parks"), judgement("electrolysers")
    hydrogen = pd.DataFrame(
        {
            "bus": [*sites["node"], *parks["bus"]],
            "share": [*sites["mw_2030"].astype(float), *parks["flexible_load_mw"].astype(float)],
        }
    )
    hydrogen["share"] /= hydrogen["share"].sum()
    source = "hydrogen projects of the facts; spread assumed"
    frames.append(hydrogen.assign(kind="electrolyser", profile="load_flat", source=source, confidence="assumed"))
    park = pd.DataFrame({"bus": parks["bus"], "share": parks["base_load_mw"] / parks["base_load_mw"].sum()})
    source = "generic parks of the facts"
    frames.append(park.assign(kind="industrial", profile="load_flat", source=source, confidence="assumed"))
    table = pd.concat(frames, ignore_index=True)
    table.insert(0, "name", "load_" + table["kind"] + "_" + table["bus"].str.lower())
    # Power factor at 220 kV, after the capacitors of the 66 kV level (assumed).
    table["q_per_p"] = table["kind"].map({"electrolyser": 0.10}).fillna(0.20)
    table["value_of_lost_load_cny_per_mwh"] = table["kind"].map({"electrolyser": 2000.0, "ev": 10000.0}).fillna(20000.0)
    return table


def tie_years() -> pd.DataFrame:
    """Annual mean of each contract [MW, + = export]; Liaoning closes the net export of the year."""
    table = judgement("tie_years").set_index("name")
    points = {name: {int(y): float(row[y]) for y in table.columns if y != "reason"} for name, row in table.iterrows()}
    rows = []
    for year in YEARS:
        mean = {name: between(values, year) for name, values in points.items()}
        net = between(NET_EXPORT_TWH, year) * 1e6 / 8760
        mean["liaoning"] = net - mean["heilongjiang"] - mean["zhalute"]
        cited = year <= 2024
        rows += [
            (name, year, round(value, 1), "net export of the year, split assumed", "derived" if cited else "assumed")
            for name, value in mean.items()
        ]
    return pd.DataFrame(rows, columns=["name", "year", "p_mw", "source", "confidence"])


def heat_zones(facts: Path, thermal: pd.DataFrame) -> pd.DataFrame:
    """One zone per city; peak heat from the heating units that stand there, 0.9 of what they can give."""
    heat = thermal[thermal["technology"] == "coal_chp"].groupby("city")["max_heat_mw"].sum()
    season = pd.read_csv(facts / "heating_season.csv")
    season["city"] = season["city"].str.split(" ").str[0].str.lower()
    season = season.set_index("city")
    rows = [
        (f"heat_{city}", city, f"heat_{city}", round(0.9 * float(heat.get(city, 280.0)), 1)) for city in HEAT_CITIES
    ]
    table = pd.DataFrame(rows, columns=["name", "city", "profile", "p_mw"])
    for column in ("heating_start_mm_dd", "heating_end_mm_dd"):
        table[column] = table["city"].map(season[column])
    source = "heating units of the city; Tonghua, whose units count as condensing, assumed"
    return table.assign(source=source, confidence="derived")


def pilots() -> pd.DataFrame:
    """Rules of the pilot parks."""
    parks = judgement("parks")
    peak = parks["base_load_mw"] + parks["flexible_load_mw"]
    parks = parks.assign(
        import_max_mw=peak,
        export_max_mw=0.2 * (parks["wind_mw"] + parks["solar_mw"]),
        self_use_min=0.6,
        feed_in_max=0.2,
        self_supply_min=0.3,
    )
    source = "national notice of 2025 no. 650 (shares); exchange caps assumed: peak load and 20 % of the plants"
    return parks.assign(source=source, confidence="assumed")


def demand_response() -> pd.DataFrame:
    """One interruptible program; its size is a policy setting of the case."""
    row = {
        "name": "interruptible", "kind": "interruptible", "target": "", "share_of_peak": None, "p_mw": None,
        "price_cny_per_mwh": 3000.0, "energy_mwh_per_year": None, "hours_per_year": 100.0, "calls_per_year": 30.0,
        "hours_per_event": 4.0, "hours_per_day": 4.0,
        "source": "no rule of the province is public: price and call limits as usual elsewhere",
        "confidence": "assumed",
    }  # fmt: skip
    return pd.DataFrame([row])


def write_all(facts: Path, points: pd.DataFrame, thermal: pd.DataFrame) -> None:
    """Write the tables of this module."""
    write(demand_twh(facts), "demand")
    write(load_sites(points), "loads")
    ties = judgement("ties").assign(source="unit-commitment study of 2021 and own rules", confidence="assumed")
    write(ties, "ties")
    write(tie_years(), "tie_years")
    write(judgement("interfaces").assign(source="see reason", confidence="assumed"), "interfaces")
    write(heat_zones(facts, thermal), "heat_zones")
    write(demand_response(), "demand_response")
    write(pilots(), "pilots")
