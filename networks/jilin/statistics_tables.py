"""Published statistics of 2021 and 2022 that a backcast is compared with, and what follows from them.

Two things have to be known of them:

- **Solar.** Its generation counts plants of at least 6 MW alone until 2021 and again from November 2022 on; January to
  October 2022 is all solar. Its full-load hours are those of plants. All solar gives less than hours times capacity:
  the ratio of January to October 2022 is the yield of the fleet.
- **Wind of December** is published as full-load hours alone: hours times the capacity in the middle of the month.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from facts import write

YEARS = (2021, 2022)
PERIODS = ("1-2", *map(str, range(3, 13)))
# Months in which the generation of solar covers all of it.
ALL_SOLAR_YEAR, ALL_SOLAR = 2022, PERIODS[:9]
# No hours of solar are published for a December after 2020: about the mean of 2018 to 2020.
DECEMBER_SOLAR_H = 95.0
# Net export of the year and how it is known; other years are derived.
CITED_EXPORT = {2022: "grid company: 21.652 TWh in 2023, 23.25 % more than in 2022"}
INST = "github:energyandcleanair/china_co2:inst/csv/"
GENERATION, RATES = f"{INST}power_generation_by_province_and_source.csv", f"{INST}curtailment.csv"
HOURS = f"{INST}wind_solar_utilization_capacity_by_province.csv"
NOTES = {"thermal": "with biomass and waste", "hydro": "with the discharge of pumped storage", "wind": ""}
NOTES_OF_YEAR = NOTES | {"wind": "December: full-load hours times capacity"}


@lru_cache(maxsize=4)
def _province(facts: Path, file: str, period: str) -> pd.DataFrame:
    """A table of the province by year, period and technology."""
    table = pd.read_csv(facts / f"{file}.csv", dtype={"year": str, period: str}).rename(columns={period: "period"})
    if "area" in table:
        table = table[table["area"] == "Jilin province"]
    table = table[table["year"].str.fullmatch(r"\d+")].astype({"year": int})
    return table.set_index(["year", "period", "technology"])


def generation_gwh(facts: Path, year: int, period: str, technology: str) -> float:
    """Generation of a period as published, NaN where it is not."""
    values = _province(facts, "generation_monthly", "month_or_range")["generation_gwh"]
    return float(values.get((year, period, technology), np.nan))


def full_load_h(facts: Path, year: int, period: str, technology: str) -> float:
    """Full-load hours of a period; the solar of a December for which there are none: the usual ones."""
    values = _province(facts, "full_load_hours", "period")["full_load_hours"].astype(float)
    missing = DECEMBER_SOLAR_H if (period, technology) == ("12", "solar") else np.nan
    return float(values.get((year, period, technology), missing))


def months_of(period: str) -> tuple[int, int]:
    """First and last month of '1-2' or '7'."""
    first, _, last = period.partition("-")
    return int(first), int(last or first)


def capacity_mw(facts: Path, year: int, period: str, technology: str) -> float:
    """Capacity in the middle of a period, linear between cited points; wind of November 2022: generation over hours."""
    table = pd.read_csv(facts / "capacity_by_year.csv")
    table = table[(table["technology"] == technology) & (table["confidence"] == "cited") & (table["year"] <= 2024)]
    points = dict(zip(table["year"] + table["month"] / 12, table["capacity_mw"].astype(float), strict=True))
    if technology == "wind":
        points[2022 + 11 / 12] = (
            1e3 * generation_gwh(facts, 2022, "11", "wind") / full_load_h(facts, 2022, "11", "wind")
        )
    first, last = months_of(period)
    middle = year + (first - 1 + last) / 24
    return float(np.interp(middle, sorted(points), [points[at] for at in sorted(points)]))


def hours_times_capacity_gwh(facts: Path, year: int, period: str, technology: str) -> float:
    """Full-load hours times the capacity in the middle of a period."""
    return full_load_h(facts, year, period, technology) * capacity_mw(facts, year, period, technology) / 1e3


@lru_cache(maxsize=1)
def solar_yield(facts: Path) -> float:
    """Generation of all solar over full-load hours of plants times capacity, January to October 2022."""
    produced = sum(generation_gwh(facts, ALL_SOLAR_YEAR, period, "solar") for period in ALL_SOLAR)
    of_plants = sum(hours_times_capacity_gwh(facts, ALL_SOLAR_YEAR, period, "solar") for period in ALL_SOLAR)
    return produced / of_plants


def wind_gwh(facts: Path, year: int, period: str) -> float:
    """Generation of wind; where it is not published (December): hours times capacity."""
    published = generation_gwh(facts, year, period, "wind")
    return hours_times_capacity_gwh(facts, year, period, "wind") if np.isnan(published) else published


def consumption_gwh(facts: Path, year: int, period: str) -> float:
    """Consumption of a period, brought to the sum of the year: the months are rounded to 0.1 TWh."""
    months = pd.read_csv(facts / "demand_monthly.csv", dtype={"year": str, "month": str})
    months = (
        months[months["year"] == str(year)].astype({"month": int}).set_index("month")["consumption_twh"].astype(float)
    )
    annual = pd.read_csv(facts / "demand_annual.csv").query("metric == 'annual_consumption' and kind == 'actual'")
    total_twh = float(annual.set_index("year")["value"].astype(float).loc[year])
    first, last = months_of(period)
    return float(months.loc[first:last].sum() / months.sum()) * 1e3 * total_twh


def net_export_gwh(facts: Path, year: int, period: str) -> float:
    """Generation minus consumption of a period, with the wind of December and all solar."""
    produced = (
        generation_gwh(facts, year, period, "thermal")
        + generation_gwh(facts, year, period, "hydro_incl_pumped")
        + wind_gwh(facts, year, period)
        + solar_yield(facts) * hours_times_capacity_gwh(facts, year, period, "solar")
    )
    return produced - consumption_gwh(facts, year, period)


def net_export_twh(facts: Path, year: int) -> float:
    """Net export of a year from the balance of its periods; for 2022 it gives 17.76 TWh where 17.57 TWh are cited."""
    return round(sum(net_export_gwh(facts, year, period) for period in PERIODS) / 1e3, 2)


def row(
    year: int, quantity: str, months: tuple[int, int], value: float, unit: str, **other: object
) -> dict[str, object]:
    """One row; ``comparable`` is false where the figure counts something else than the model."""
    span = {"year": year, "quantity": quantity, "first_month": months[0], "last_month": months[1]}
    return span | {"value": value, "unit": unit, "comparable": True, "note": "", "confidence": "derived"} | other


def energies(facts: Path, year: int) -> list[dict[str, object]]:
    """Generation of thermal, hydro and wind by period and year [GWh], and what is known of solar."""
    rows = []
    for quantity, note in NOTES_OF_YEAR.items():
        technology = "hydro_incl_pumped" if quantity == "hydro" else quantity
        total = 0.0
        for period in PERIODS:
            published = generation_gwh(facts, year, period, technology)
            known = not np.isnan(published)
            value = published if known else hours_times_capacity_gwh(facts, year, period, technology)
            more = {"note": NOTES[quantity] if known else "full-load hours times capacity"}
            more["source"] = GENERATION if known else HOURS
            rows.append(row(year, quantity, months_of(period), value, "GWh", **more))
            total += value
        confidence = "derived" if quantity == "wind" else "cited"
        rows.append(row(year, quantity, (1, 12), total, "GWh", note=note, source=GENERATION, confidence=confidence))
    periods = ALL_SOLAR if year == ALL_SOLAR_YEAR else PERIODS
    total = sum(generation_gwh(facts, year, period, "solar") for period in periods)
    months = (1, months_of(periods[-1])[1])
    note = "all solar" if year == ALL_SOLAR_YEAR else "plants of at least 6 MW alone, about half of all solar"
    more = {"note": note, "source": GENERATION, "confidence": "cited", "comparable": year == ALL_SOLAR_YEAR}
    rows.append(row(year, "solar", months, total, "GWh", **more))
    news = pd.read_csv(facts / "demand_annual.csv").query("metric == 'q1_wind_solar_generation'")
    for figure in news[news["year"] == year].itertuples():
        more = {"source": figure.source, "confidence": figure.confidence}
        rows.append(row(year, "wind_and_solar", (1, 3), 1e3 * float(figure.value), "GWh", **more))
    return rows


def curtailment(facts: Path, year: int) -> list[dict[str, object]]:
    """Rates of wind and of solar by month and their mean, and the rate of both together [%]."""
    table = pd.read_csv(facts / "curtailment_monthly.csv").query("year == @year")
    rows = []
    for technology in ("wind", "solar"):
        rates = table[table["technology"] == technology].set_index("month")["curtailment_rate_pct"].astype(float)
        quantity = f"{technology}_curtailment"
        rows += [
            row(year, quantity, (month, month), rate, "%", source=RATES, confidence="cited")
            for month, rate in rates.items()
        ]
        months, note = (int(rates.index.min()), int(rates.index.max())), "mean of the rates of the months"
        rows.append(row(year, quantity, months, float(rates.mean()), "%", source=RATES, note=note))
    both = pd.read_csv(facts / "curtailment_annual.csv").query("technology == 'wind_solar'")
    for figure in both[both["year"] == year].itertuples():
        more = {"source": figure.source, "confidence": figure.confidence, "note": "rate of the energy"}
        rows.append(row(year, "wind_and_solar_curtailment", (1, 12), figure.curtailment_rate_pct, "%", **more))
    return rows


def statistics(facts: Path, net_export: dict[int, float]) -> pd.DataFrame:
    """All rows; ``net_export`` by year [TWh] as it is given to the contracts."""
    rows = []
    for year in YEARS:
        rows += energies(facts, year) + curtailment(facts, year)
        more = {"source": CITED_EXPORT.get(year, "generation minus consumption of the statistics, all solar")}
        more["note"] = "also given to the contracts: met by construction"
        rows.append(row(year, "net_export", (1, 12), 1e3 * net_export[year], "GWh", **more))
        more = {"source": "balance of the statistics", "note": "generation minus consumption, all solar"}
        rows += [
            row(year, "net_export", months_of(period), net_export_gwh(facts, year, period), "GWh", **more)
            for period in PERIODS
        ]
    note = "all solar over full-load hours of plants times capacity"
    more = {"note": note, "source": f"{GENERATION}; {HOURS}", "comparable": False}
    rows.append(row(ALL_SOLAR_YEAR, "solar_yield", (1, 10), solar_yield(facts), "pu", **more))
    return pd.DataFrame(rows).round({"value": 4})


def write_all(facts: Path, net_export: dict[int, float]) -> None:
    """Write the table of this module."""
    write(statistics(facts, net_export), "statistics")
