"""Demand by kind and what can't shift of it by node, ties, sections, pilot parks."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from facts import FIRST_YEAR, PLAN_YEAR, YEARS, between, judgement, write
from statistics_tables import net_export_twh

ELECTROLYSER_TWH = {2024: 0.0, 2025: 0.4, 2030: 25.0}
EV_TWH = {2024: 0.0, 2025: 0.6, 2030: 3.0}
ELECTRIC_HEATING_TWH = {2024: 0.0, 2025: 1.0, 2030: 3.0}
# 2022 and 2023 cited; before: generation minus consumption of the statistics; later: held (assumed).
NET_EXPORT_TWH = {2022: 17.57, 2023: 21.652, 2024: 22.0, 2030: 22.0}
# Flexible production, data centres [TWh]: parts of the consumption of the statistics, size assumed.
DATA_CENTRE_TWH = {2018: 0.2, 2022: 0.4, 2025: 0.6, 2030: 1.2}
PROSUMER_KINDS = ("captive", "building", "data_centre", "virtual_power_plant")
# Contracts whose hours are known, and what of them is Jilin's: of the line to Shandong its contract over the whole.
CONTRACT_PATHS = {"heilongjiang": "hl_to_jl_mw", "liaoning": "jl_to_ln_mw", "zhalute": "ime_to_sd_mw"}
CONTRACT_YEAR = 2021


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
        part["industry"] = float(judgement("industry_sites")["twh"].sum())
        part["data_centre"] = between(DATA_CENTRE_TWH, year)
        part["prosumer"] = float(prosumer_twh(year).sum())
        rows.append({"year": year, "total": total, "city": total - sum(part.values()), **part})
        rows[-1]["source"] = (
            "statistics" if year <= 2024 else "linear from 99 TWh in 2025 to 145 TWh in 2030, then held"
        )
        rows[-1]["confidence"] = "cited" if year <= 2024 else "assumed"
    return pd.DataFrame(rows).round(5)


def prosumer_twh(year: int) -> pd.Series:
    """Own load of each prosumer in a year [TWh]; row as in the judgement table."""
    table = judgement("prosumers")
    points = {int(column.removeprefix("twh_")): table[column] for column in table if column.startswith("twh_")}
    return pd.Series([between({y: float(v[row]) for y, v in points.items()}, year) for row in table.index])


def load_sites(points: pd.DataFrame) -> pd.DataFrame:
    """Loads that can't shift: share of the kind's energy of the province.

    ``city`` shares hold for the city load together with what is carved out of it at the same node (production, data
    centres, prosumers): ``gridopt.network.build`` takes that off, so that every node keeps its consumption.
    """
    part = points[["id", "load_share"]].rename(columns={"id": "bus", "load_share": "share"})
    frames = [part.assign(kind="city", profile="load", source="nodes.csv", confidence="assumed")]
    parks = judgement("parks")
    park = pd.DataFrame({"bus": parks["bus"], "share": parks["base_load_mw"] / parks["base_load_mw"].sum()})
    source = "generic parks of the facts"
    frames.append(park.assign(kind="industrial", profile="load_flat", source=source, confidence="assumed"))
    table = pd.concat(frames, ignore_index=True)
    table.insert(0, "name", "load_" + table["kind"] + "_" + table["bus"].str.lower())
    # Power factor at 220 kV, after the capacitors of the 66 kV level (assumed).
    table["q_per_p"] = 0.20
    table["value_of_lost_load_cny_per_mwh"] = 20000.0
    return table


def net_export_by_year(facts: Path) -> dict[int, float]:
    """Net export of all borders [TWh]: cited, before that derived."""
    derived = {year: net_export_twh(facts, year) for year in range(FIRST_YEAR, min(NET_EXPORT_TWH))}
    return derived | NET_EXPORT_TWH


def tie_years(facts: Path) -> pd.DataFrame:
    """Annual mean of each contract [MW, + = export]; Liaoning closes the net export of the year."""
    net_export = net_export_by_year(facts)
    table = judgement("tie_years").set_index("name")
    points = {name: {int(y): float(row[y]) for y in table.columns if y != "reason"} for name, row in table.iterrows()}
    rows = []
    for year in YEARS:
        mean = {name: between(values, year) for name, values in points.items()}
        net = between(net_export, year) * 1e6 / 8760
        mean["liaoning"] = net - mean["heilongjiang"] - mean["zhalute"]
        cited = year <= 2024
        rows += [
            (name, year, round(value, 1), "net export of the year, split assumed", "derived" if cited else "assumed")
            for name, value in mean.items()
        ]
    return pd.DataFrame(rows, columns=["name", "year", "p_mw", "source", "confidence"])


def contract_bands_mw(facts: Path, years: pd.DataFrame) -> pd.Series:
    """How far each contract left the mean day of its month at most, August to October 2021 [MW]; row: tie."""
    hours = pd.read_csv(facts / "r2_tie_contract_hourly_2021_aug_oct.csv", parse_dates=["time_utc8"])
    hours = hours.set_index("time_utc8")[list(CONTRACT_PATHS.values())]
    mean_day = hours.groupby([hours.index.month, hours.index.hour]).transform("mean")
    widest = (hours - mean_day).abs().max().set_axis(list(CONTRACT_PATHS))
    jilin_mw = years[years["year"] == CONTRACT_YEAR].set_index("name").at["zhalute", "p_mw"]
    widest["zhalute"] *= jilin_mw / hours[CONTRACT_PATHS["zhalute"]].mean()
    return widest.round(-1)


def ties(facts: Path, years: pd.DataFrame) -> pd.DataFrame:
    """Ties with the band of their contract before and after the spot market; no known band: none."""
    table = judgement("ties")
    until = table["name"].map(contract_bands_mw(facts, years)).fillna(0.0)
    table.insert(table.columns.get_loc("band_mw") + 1, "band_until_2024_mw", until)
    return table.assign(source="unit-commitment study of 2021 and own rules", confidence="assumed")


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
        storage_exports=False,
    )
    source = "national notice of 2025 no. 650 (shares); exchange caps assumed: peak load and 20 % of the plants"
    return parks.assign(source=source, confidence="assumed")


def write_all(facts: Path, points: pd.DataFrame) -> None:
    """Write the tables of this module."""
    write(demand_twh(facts), "demand")
    write(load_sites(points), "loads")
    years = tie_years(facts)
    write(ties(facts, years), "ties")
    write(years, "tie_years")
    write(judgement("interfaces").assign(source="see reason", confidence="assumed"), "interfaces")
    write(pilots(), "pilots")
