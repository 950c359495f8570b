"""Small tables from the facts and the network: weights, month targets, demand shares, capacity, day shapes."""

import numpy as np
import pandas as pd

# Year whose capacity by county weighs the counties: the year the statistics of the typical year end with.
WEIGHT_YEAR = 2022
# Vehicles: home charging in the evening and the night valley on working days, more by day on days off. Assumed.
EV_WORKING_DAY = [8, 7, 6, 5, 4, 3, 2, 2, 3, 3, 3, 4, 5, 4, 3, 3, 3, 4, 7, 9, 10, 11, 11, 10]
EV_DAY_OFF = [7, 6, 5, 4, 3, 2, 2, 2, 2, 3, 4, 5, 6, 6, 5, 5, 5, 5, 7, 8, 9, 9, 9, 8]
# Electric heating: storage heaters and boilers, mostly 21-07 h (valley price of residential heating). Assumed.
ELECTRIC_HEATING = [8, 8, 8, 8, 8, 7, 6, 4, 3, 2, 2, 2, 3, 3, 2, 2, 2, 2, 2, 3, 3, 5, 7, 8]
# Energy that vehicles use: the way to work and back, on days off later and flatter. Assumed.
USE_EV_WORKING_DAY = [1, 1, 0, 0, 1, 2, 6, 11, 9, 5, 4, 4, 4, 4, 4, 5, 8, 11, 9, 6, 4, 3, 2, 2]
USE_EV_DAY_OFF = [2, 1, 1, 0, 0, 1, 2, 4, 6, 7, 7, 7, 6, 6, 6, 6, 7, 7, 7, 6, 5, 4, 3, 2]
# Share of the vehicles that stand at a charger that is free to shift: at home by night, few by day. Assumed.
PLUGGED_EV_WORKING_DAY = [85] * 6 + [70, 45] + [40] * 9 + [50, 60, 70, 75, 80, 85, 85]
PLUGGED_EV_DAY_OFF = [85] * 8 + [70, 60] + [55] * 8 + [60, 65, 75, 80, 85, 85]
TIES = {
    "tie_heilongjiang": "Heilongjiang to Jilin",
    "tie_liaoning": "Jilin to Liaoning",
    "tie_zhalute": "Zhalute-Qingzhou UHVDC to Shandong",
    # No schedule of the new line is public: it follows Zhalute (assumed).
    "tie_hvdc": "Zhalute-Qingzhou UHVDC to Shandong",
}


def city_key(area):
    """'Siping (Shuangliao)' to 'siping'."""
    return area.split(" ")[0].lower()


def solar_factor(facts, nodes):
    """Modelled full-load hours of solar by city, as the factor between counties."""
    rows = pd.read_csv(facts / "full_load_hours.csv").query("period == 'modelling' and technology == 'solar'")
    hours = {
        city_key(area.split("/")[0]): value for area, value in zip(rows["area"], rows["full_load_hours"], strict=True)
    }
    east = hours["changchun"]
    return nodes["city"].str.lower().map(lambda city: hours.get(city, east)).to_numpy(float)


def county_weights(facts, network, nodes):
    """Capacity shares of wind and solar by county (sum 1) from the network's tables, and the solar site factor."""
    table = pd.DataFrame({"id": nodes["id"]})
    for name in ("wind", "solar"):
        capacity = pd.read_csv(network / f"{name}.csv").query("year == @WEIGHT_YEAR")
        by_county = capacity.groupby(capacity["profile"].str.removeprefix(f"{name}_"))["max_p_mw"].sum()
        values = table["id"].map(by_county).fillna(0.0)
        table[name] = values / values.sum()
    table["solar_factor"] = solar_factor(facts, nodes)
    table["source"] = f"network tables of the end of {WEIGHT_YEAR}; solar factor: modelled full-load hours by city"
    table["confidence"] = "assumed"
    return table


def annual_curtailment(facts):
    """Curtailment of years whose months are not published: (year, technology) -> rate; solar falls back."""
    table = pd.read_csv(facts / "curtailment_annual.csv")
    rates = {(row.year, row.technology): row.curtailment_rate_pct / 100 for row in table.itertuples()}
    rates[(2021, "wind")] = rates[(2021, "solar")] = rates[(2021, "wind_solar")]
    solar = table[(table["technology"] == "solar") & (table["year"] >= 2021)]["curtailment_rate_pct"].mean() / 100
    for year in (2019, 2020):
        rates.setdefault((year, "solar"), solar)
    return rates


def monthly_capacity_factors(facts):
    """Capacity factor before curtailment by weather year, technology and month; 'typical' is the mean of all years."""
    table = pd.read_csv(facts / "r2_monthly_cf_targets.csv")
    rates = annual_curtailment(facts)
    rows = []
    for row in table.itertuples():
        corrected = row.cf_after_curtailment / (1 - rates[(row.year, row.technology)])
        known = not np.isnan(row.cf_available)
        value = row.cf_available if known else corrected
        how = "month's utilisation" if known else "curtailment rate of the year"
        rows.append((str(row.year), row.technology, row.month, value, f"corrected with the {how}", "derived"))
    columns = ["weather", "technology", "month", "capacity_factor", "note", "confidence"]
    years = pd.DataFrame(rows, columns=columns)
    mean = years.groupby(["technology", "month"])["capacity_factor"].mean()
    filled = [
        (str(year), "solar", 12, mean.loc[("solar", 12)], "not published: mean of 2018-2020", "derived")
        for year in (2021, 2022)
    ]
    typical = [("typical", t, m, value, "mean of 2018-2022", "derived") for (t, m), value in mean.items()]
    result = pd.concat([pd.DataFrame(typical, columns=columns), years, pd.DataFrame(filled, columns=columns)])
    result["source"] = "energyandcleanair/china_co2: utilisation hours and curtailment of the months"
    result["capacity_factor"] = result["capacity_factor"].round(6)
    order = ["weather", "technology", "month"]
    return result.sort_values(order, kind="stable").reset_index(drop=True)


def demand_shares(facts):
    """Share of each month in the year's consumption, 2018-2024 (later years publish January and February as one)."""
    table = pd.read_csv(facts / "demand_monthly.csv")
    table = table[table["year"].str.fullmatch(r"\d+")].astype({"year": int}).query("year >= 2018").copy()
    table["first"] = table["month"].astype(str).str.split("+").str[0].astype(int)
    table = table.sort_values(["year", "first"])
    return table.rename(columns={"month": "months"})[["year", "months", "share_of_year", "source", "confidence"]]


def mean_demand_share(facts):
    """Mean month shares 2018-2022, shape (12,), sum 1."""
    table = pd.read_csv(facts / "demand_monthly.csv").query("year == 'mean2018-2022'")
    shares = table["share_of_year"].to_numpy()
    return shares / shares.sum()


def capacity_points(facts, network):
    """Capacity of wind and solar at the end of a month, 2016-2024: cited points, one derived, and the network's ends.

    Targets are cited too, but they are not built; news of the middle of a month stand for its end.
    """
    table = pd.read_csv(facts / "capacity_by_year.csv")
    wanted = table["technology"].isin(["wind", "solar"]) & (table["confidence"] == "cited")
    columns = ["year", "month", "technology", "capacity_mw", "note", "source", "confidence"]
    cited = table[wanted & table["year"].between(2016, 2024)][columns]
    ends = pd.read_csv(network / "capacity_by_year.csv").query("year <= 2024")
    ends = ends.melt("year", ["solar", "wind"], "technology", "capacity_mw").assign(
        month=12,
        note="end of the year in the network tables",
        source="network capacity_by_year.csv",
        confidence="derived",
    )
    points = pd.concat([cited, capacity_before_year_end(facts, 2022, 11)[columns], ends[columns]]).drop_duplicates(
        ["technology", "year", "month"], keep="first"
    )
    return points.sort_values(["technology", "year", "month"])


def capacity_before_year_end(facts, year, month):
    """Wind capacity that ran in a month: generation over full-load hours of the statistics, one row.

    In 2022 most of the year's wind came on line in December: June to November ran with 8.5-9 GW, as generation over
    hours says, while the line from May (8.67 GW) to December (11.43 GW) would give 10.8 GW in November.
    """
    generation = pd.read_csv(facts / "generation_monthly.csv", dtype={"month_or_range": str})
    hours = pd.read_csv(facts / "full_load_hours.csv", dtype=str)
    produced = generation[
        (generation["year"] == year)
        & (generation["month_or_range"] == str(month))
        & (generation["technology"] == "wind")
    ]
    at_full_load = hours[
        (hours["year"] == str(year))
        & (hours["period"] == str(month))
        & (hours["technology"] == "wind")
        & (hours["area"] == "Jilin province")
    ]
    capacity = 1000 * produced["generation_gwh"].item() / float(at_full_load["full_load_hours"].item())
    return pd.DataFrame(
        {
            "year": [year],
            "month": [month],
            "technology": ["wind"],
            "capacity_mw": [round(capacity, 1)],
            "note": ["generation of the month over its full-load hours"],
            "source": ["energyandcleanair/china_co2 (both figures)"],
            "confidence": ["derived"],
        }
    )


def fleet_yield(network):
    """What a fleet gives over its full-load hours times capacity, by technology and years.

    The published hours of solar are those of plants; roofs give less. In the years of the statistics all solar gives
    the share that January to October 2022 shows; from 2025 on the hours are kept, as most of what is added are plants.
    """
    table = pd.read_csv(network / "statistics.csv").query("quantity == 'solar_yield'")
    return pd.DataFrame(
        {
            "technology": "solar",
            "first_year": 2018,
            "last_year": 2024,
            "yield_pu": table["value"].to_numpy(),
            "note": table["note"].to_numpy(),
            "source": "network statistics.csv, January to October 2022",
            "confidence": "derived",
        }
    )


def hydro_index(network):
    """Water of the weather years over the mean year: typical 1, then 2018 ... 2022; shape (6,)."""
    table = pd.read_csv(network / "hydro_years.csv").set_index("year")["inflow_factor"]
    return np.concatenate([[1.0], table.loc[2018:2022].to_numpy(float)])


def hydro_month_shares(network):
    """Month shares of the hydro generation of the weather years, (6, 12); NaN for 'typical' and years without."""
    table = pd.read_csv(network / "statistics.csv").query("quantity == 'hydro' and last_month - first_month <= 1")
    shares = np.full((6, 12), np.nan)
    for year, rows in table.groupby("year"):
        for row in rows.itertuples():
            months = slice(row.first_month - 1, row.last_month)
            shares[year - 2017, months] = row.value / rows["value"].sum() / (row.last_month - row.first_month + 1)
    return shares


def inflow_shares(facts):
    """Month shares of the natural inflow, shape (12,)."""
    table = pd.read_csv(facts / "hydrology.csv")
    rows = table[table["parameter"].str.startswith("monthly_share")].sort_values("parameter")
    return rows["value"].astype(float).to_numpy()


def day_shapes(facts):
    """Names and day shapes with the mean 1, shape (shapes, 24): ties, vehicles, electric heating.

    The contracts are stamped at the beginning of the hour: row h is the hour that ends at h + 1.
    """
    table = pd.read_csv(facts / "r2_tie_typical_day.csv")
    shapes = {
        name: table[table["path"] == path].groupby("hour")["mean_contract_mw"].mean().to_numpy()
        for name, path in TIES.items()
    }
    shapes |= {"ev_working_day": EV_WORKING_DAY, "ev_day_off": EV_DAY_OFF, "electric_heating": ELECTRIC_HEATING}
    values = np.array([np.asarray(shape, dtype=float) for shape in shapes.values()])
    return list(shapes), values / values.mean(axis=1, keepdims=True)


def use_shapes():
    """Day shapes of vehicles: relative use, and share plugged in; row h is the hour that ends at h."""
    shapes = {
        "use_ev_working_day": USE_EV_WORKING_DAY,
        "use_ev_day_off": USE_EV_DAY_OFF,
        "plugged_ev_working_day": [value / 100 for value in PLUGGED_EV_WORKING_DAY],
        "plugged_ev_day_off": [value / 100 for value in PLUGGED_EV_DAY_OFF],
    }
    rows = [(name, hour, value) for name, values in shapes.items() for hour, value in enumerate(values, start=1)]
    table = pd.DataFrame(rows, columns=["shape", "hour", "value"])
    return table.assign(source="own shape, see SOURCES.md", confidence="assumed")


def reservoir_bands(network):
    """Flood limit of the reservoirs that have one, from the network's table of the cascade."""
    table = pd.read_csv(network / "reservoirs.csv")
    table = table[table["band_high_profile"].notna()][["name", "flood_level_pu", "reason"]]
    return table.rename(columns={"name": "reservoir"}).assign(source="network reservoirs.csv", confidence="assumed")


def reservoir_levels(network):
    """Quartiles of the recorded levels by month, between which a reservoir is kept, from the network's table."""
    table = pd.read_csv(network / "reservoir_levels.csv")[["reservoir", "month", "low_pu", "high_pu"]]
    return table.assign(source="network reservoir_levels.csv, recorded levels of 2011-2021", confidence="derived")
