"""Make the base profiles of Jilin from the collected facts.

Usage: ``python profiles/make_profiles.py FACTS_FOLDER [--nodes networks/jilin/nodes.csv] [--out profiles]``

Capacity by county and the water of the years come from the tables beside ``nodes.csv`` (``wind.csv``,
``solar.csv``, ``capacity_by_year.csv``, ``hydro_years.csv``, ``reservoirs.csv``, ``reservoir_levels.csv``,
``statistics.csv``). Writes ``jilin_base.nc`` and the small tables ``jilin_*.csv``. Seeded: the same input gives the
same files. What is cited, derived, assumed or synthetic stands in ``SOURCES.md``.
"""

import argparse
from pathlib import Path

import make_load
import make_tables
import make_water_heat
import make_weather
import numpy as np
import pandas as pd
import xarray as xr

from gridopt.profiles.calendar import HOLIDAYS, SLOTS, month_of_slots
from gridopt.profiles.scaling import exponent_for_mean

SEED = 20221215
WEATHER = ("typical", "2018", "2019", "2020", "2021", "2022")
SYNTHETIC = ("synthetic-1", "synthetic-2", "synthetic-3")
ALTITUDE_M = 150.0

COPERNICUS = "contains modified Copernicus Climate Change Service information 2020"
WEATHER_SOURCE = (
    f"Rick10119/PyPSA-China (ERA5 by atlite; {COPERNICUS}); month levels from statistics by "
    "energyandcleanair/china_co2 (single figures)"
)
LOAD_SOURCE = (
    "day shapes 2022: Lavender105/solar_wind_complementarity (Hu et al., doi 10.5281/zenodo.19079543); holiday "
    "factors and mean shapes 2018: Wu & Kan, doi 10.5281/zenodo.8322210; month shares: energyandcleanair/china_co2"
)


def provenance(source, licence, confidence):
    return {"source": source, "licence": licence, "confidence": confidence}


WEATHER_RIGHTS = provenance(WEATHER_SOURCE, "CC0-1.0 with the Copernicus notice", "derived")
LOAD_RIGHTS = provenance(LOAD_SOURCE, "Apache-2.0 (2022); CC BY 4.0 (2018, derivatives only)", "derived")


def weather_hours(facts):
    """Provincial wind and solar of 2020, 8784 hour-ending values from 01:00 on 1 January.

    The first stamp (2020-01-01 00:00) is the last hour of the year before; it is carried to the end.
    """
    table = pd.read_csv(facts / "profile_wind_solar_cf_2020_jilin.csv", parse_dates=["time_utc8"])
    table = pd.concat([table.iloc[1:], table.iloc[:1]], ignore_index=True)
    return table["wind_cf"].to_numpy(), table["solar_cf"].to_numpy()


def hourly_load(facts):
    """Load of 2018 and 2022, 8760 values each, stamped at the beginning of the hour."""
    files = {2018: "demand_hourly_2018_jilin.csv", 2022: "r2_demand_hourly_2022_jilin.csv"}
    return {year: pd.read_csv(facts / name)["load_mw"].to_numpy() for year, name in files.items()}


def month_groups(technology):
    """Months that share one target: the statistics publish January and February together.

    Wind gets the shared value in each of the two months (the January of 2020 was calm, which is its weather, not
    its season); solar keeps the ratio of the two, which is the sun's.
    """
    return [[m] for m in range(1, 13)] if technology == "wind" else [[1, 2], *([m] for m in range(3, 13))]


def exponents(values, weight, targets, technology):
    """Exponents of :func:`gridopt.profiles.scaling.raised`, shape (weather, 12), and the reached means."""
    months = np.repeat(month_of_slots(), 24)
    in_common_year = np.repeat(np.arange(SLOTS) != 59, 24)
    table = np.empty((len(WEATHER), 12))
    for row, name in enumerate(WEATHER):
        for group in month_groups(technology):
            hours = np.isin(months, group) & in_common_year
            lengths = [np.count_nonzero(in_common_year & (months == month)) for month in group]
            wanted = np.average([targets.loc[(name, technology, month)] for month in group], weights=lengths)
            factor = weight[:, hours] if weight.ndim == 2 else weight[:, None]
            exponent = exponent_for_mean(values[..., hours], wanted * factor_scale(weight), weight=factor)
            table[row, np.array(group) - 1] = exponent
    return table


def factor_scale(weight):
    """What the mean over sites and hours has to be divided by: 1 / sites for plain weights, 1 for clear sky."""
    return 1.0 / weight.shape[0]


def weather_variables(facts, nodes, weights, targets):
    """Wind and solar: hourly base by county and the exponents of the weather years."""
    province_wind, province_solar = weather_hours(facts)
    lat, lon = nodes["lat"].to_numpy(float), nodes["lon"].to_numpy(float)
    stamps = np.datetime64("2020-01-01T01:00") + np.arange(SLOTS * 24).astype("timedelta64[h]")
    month, hour = np.repeat(month_of_slots(), 24), np.tile(np.arange(24), SLOTS)
    quality = make_weather.site_quality(lat, lon, pd.read_csv(facts / "r2_wind_cf_gridcells.csv"))
    wind_weight, solar_weight = weights["wind"].to_numpy(), weights["solar"].to_numpy()
    wind = make_weather.wind_by_county(province_wind, month, hour, lat, lon, wind_weight, quality, SEED)
    clear = np.stack([make_weather.clear_sky(a, b, ALTITUDE_M, stamps) for a, b in zip(lat, lon, strict=True)])
    envelope = make_weather.solar_envelope(clear, solar_weight, weights["solar_factor"].to_numpy())
    envelope = envelope.astype(np.float32)
    mean_envelope = solar_weight @ envelope.astype(float)
    clearness = np.divide(province_solar, mean_envelope, out=np.zeros_like(mean_envelope), where=mean_envelope > 0)
    return {
        "wind_capacity_factor": (("county", "hour"), wind, WEATHER_RIGHTS),
        "wind_province": (("hour",), province_wind, WEATHER_RIGHTS),
        "wind_weight": (("county",), wind_weight, WEATHER_RIGHTS),
        "wind_exponent": (("weather", "month"), exponents(wind, wind_weight, targets, "wind"), WEATHER_RIGHTS),
        "solar_clear_sky": (("county", "hour"), envelope, WEATHER_RIGHTS),
        "solar_province": (("hour",), province_solar, WEATHER_RIGHTS),
        "solar_weight": (("county",), solar_weight, WEATHER_RIGHTS),
        "solar_exponent": (
            ("weather", "month"),
            exponents(clearness[None, :], mean_envelope[None, :], targets, "solar"),
            WEATHER_RIGHTS,
        ),
        "latitude": (("county",), lat, WEATHER_RIGHTS),
        "longitude": (("county",), lon, WEATHER_RIGHTS),
    }


def synthetic_variables():
    """Source days, month levels and water years of the synthetic years."""
    rng = np.random.default_rng(SEED + 1)
    rights = provenance("seeded block resampling, see SOURCES.md", "CC0-1.0 with the Copernicus notice", "assumed")
    source = np.stack([make_weather.resampled_days(rng, SLOTS) for _ in SYNTHETIC])
    level_of_month = rng.integers(1, len(WEATHER), size=(len(SYNTHETIC), 12))
    water = rng.choice(WEATHER[1:], size=len(SYNTHETIC), replace=False)
    return {
        "synthetic_source": (("synthetic", "slot"), source, rights),
        "synthetic_level": (
            ("synthetic", "slot"),
            level_of_month[:, month_of_slots() - 1].astype(np.int8),
            rights,
        ),
        "synthetic_water": (("synthetic",), water.astype(str), rights),
    }


def water_and_heat_variables(facts, network):
    """Hydro, inflow and heat."""
    table = pd.read_csv(facts / "profile_hydro_heat_8760_jilin.csv")
    rights = provenance(
        "Rick10119/PyPSA-China hydro and heat series; annual level from statistics (single figures)",
        "CC0-1.0",
        "derived",
    )
    index = make_tables.hydro_index(network)
    shares = make_tables.inflow_shares(facts)
    river = make_water_heat.run_of_river(
        table["hydro_p_max_pu"].to_numpy(), shares, index, make_tables.hydro_month_shares(network)
    )
    reservoirs, inflow = make_water_heat.inflow_shapes(shares)
    seasons = pd.read_csv(facts / "heating_season.csv")
    heat, anomaly = make_water_heat.heat(table["heat_demand_pu_of_max"].to_numpy(), seasons)
    inflow_rights = provenance("own month shape inside cited ranges, see SOURCES.md", "CC0-1.0", "assumed")
    return (
        {
            "hydro_run_of_river": (("weather", "slot"), river, rights),
            "hydro_index": (("weather",), index, rights),
            "inflow_shape": (("reservoir", "slot"), inflow, inflow_rights),
            "heat_demand": (("city", "slot", "hour_of_day"), heat.astype(np.float32), rights),
            "heat_anomaly": (("slot",), anomaly, rights),
        },
        reservoirs,
        [name.split(" (")[0].lower() for name in seasons["city"]],
    )


def make(facts, nodes_file):
    """The base data set and the tables: (Dataset, name -> DataFrame)."""
    nodes = pd.read_csv(nodes_file)
    weights = make_tables.county_weights(facts, nodes_file.parent, nodes)
    cf_table = make_tables.monthly_capacity_factors(facts)
    targets = cf_table.set_index(["weather", "technology", "month"])["capacity_factor"]
    shares = make_tables.demand_shares(facts)
    variables = weather_variables(facts, nodes, weights, targets) | synthetic_variables()
    water, reservoirs, cities = water_and_heat_variables(facts, nodes_file.parent)
    load = make_load.make_load(hourly_load(facts), make_tables.mean_demand_share(facts), SEED + 2)
    shape_names, day_shapes = make_tables.day_shapes(facts)
    tie_rights = provenance(
        "ties: Power-Lab/JEPO_ResourceAdequacy_2026 (contracts August-October 2021); the rest assumed",
        "MIT",
        "derived",
    )
    variables |= water | {name: (*value, LOAD_RIGHTS) for name, value in load.items()}
    variables["day_shape"] = (("shape", "hour_of_day"), day_shapes, tie_rights)
    coordinates = {
        "county": nodes["id"].to_list(),
        "month": np.arange(1, 13),
        "weather": list(WEATHER),
        "synthetic": list(SYNTHETIC),
        "load_year": [2018, 2022],
        "holiday": list(HOLIDAYS),
        "hour_of_day": np.arange(1, 25),
        "reservoir": reservoirs,
        "city": cities,
        "shape": shape_names,
    }
    attributes = {
        "title": "Base profiles of Jilin: weather of 2020 by county, load shapes of 2018 and 2022",
        "source": "see profiles/SOURCES.md",
        "licence": f"see profiles/SOURCES.md; {COPERNICUS}",
        "seed": SEED,
        "hours": "8784 hour-ending stamps of a leap year, UTC+8",
    }
    tables = {
        "capacity_by_year": make_tables.capacity_points(facts, nodes_file.parent),
        "fleet_yield": make_tables.fleet_yield(nodes_file.parent),
        "demand_shares": shares,
        "monthly_capacity_factors": cf_table,
        "county_weights": weights,
        "use_shapes": make_tables.use_shapes(),
        "reservoir_bands": make_tables.reservoir_bands(nodes_file.parent),
        "reservoir_levels": make_tables.reservoir_levels(nodes_file.parent),
    }
    return xr.Dataset(variables, coords=coordinates, attrs=attributes), tables


def write(dataset, tables, out):
    encoding = {
        name: {"zlib": True, "complevel": 9, "shuffle": True}
        for name, variable in dataset.variables.items()
        if variable.dtype.kind in "fi"
    }
    dataset.to_netcdf(out / "jilin_base.nc", encoding=encoding)
    for name, table in tables.items():
        table.to_csv(out / f"jilin_{name}.csv", index=False, lineterminator="\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("facts", type=Path, help="folder with the collected facts (CSV)")
    here = Path(__file__).resolve().parent
    parser.add_argument("--nodes", type=Path, default=here.parent / "networks" / "jilin" / "nodes.csv")
    parser.add_argument("--out", type=Path, default=here)
    arguments = parser.parse_args()
    dataset, tables = make(arguments.facts, arguments.nodes)
    write(dataset, tables, arguments.out)
    print(f"wrote {arguments.out / 'jilin_base.nc'}")


if __name__ == "__main__":
    main()
