"""Profiles of a target year from the stored base profiles: calendar, weather year, month statistics, growth.

The base file ``profiles/<name>_base.nc`` and the tables beside it are made by ``profiles/make_profiles.py``;
where everything comes from stands in ``profiles/SOURCES.md``.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gridopt import catalog
from gridopt.errors import Fault, InputError
from gridopt.profiles import demand, flexible, tables, weather
from gridopt.profiles.calendar import FIRST_YEAR, LAST_YEAR, Days, LeapDay, days_of

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

UNITS = {
    "availability": "pu of the capacity installed at the end of the year",
    "demand": "pu of the annual mean",
    "heat": "pu of the peak",
    "inflow": "pu of the annual mean",
    "contract": "pu of the annual mean",
    "level": "pu of the full reservoir",
}

Series = dict[str, tuple["NDArray[np.float64]", dict[str, Any]]]


def build(
    name: str = "jilin",
    *,
    year: int,
    weather_year: str | int = "typical",
    leap_day: LeapDay = "drop",
    load_year: int = 2022,
    folder: Path | str | None = None,
) -> xr.Dataset:
    """Hourly profiles of a target year.

    Parameters
    ----------
    name : str
        Name of the shipped base profiles.
    year : int
        Target year, 2018 ... 2035: calendar, public holidays, month statistics, growth of capacity.
    weather_year : str or int
        'typical', a pseudo-year 2018 ... 2022 (monthly means of that year on the hourly sequence of 2020) or
        'synthetic-1' ... 'synthetic-3' (seeded block resampling).
    leap_day : {'drop', 'keep'}
        Whether a leap year has 8760 or 8784 hours.
    load_year : int
        Year of the day shapes of the load, 2018 or 2022.
    folder : path, optional
        Folder with the base file instead of the shipped one.

    Returns
    -------
    xr.Dataset
        One float64 variable per series along ``time`` (hour-ending, UTC+8 without time zone) with the
        attributes units, kind, source, licence, confidence and long_name. Availability [pu of the capacity at
        the end of the year]; demand, inflow and contract have the annual mean 1; heat [pu of the peak].

    Raises
    ------
    InputError
        If the name, a year or the leap-day rule is not known; all faults at once.

    Examples
    --------
    >>> profiles = build(year=2030)
    >>> profiles.sizes["time"], round(float(profiles["load"].mean()), 6)
    (8760, 1.0)
    """
    import xarray as xr

    where = Path(folder) if folder is not None else catalog.profiles_folder()
    base = load_base(name, where)
    key = str(weather_year)
    _require_known(base, name, year, key, leap_day, load_year)
    days = days_of(year, leap_day)
    chosen = weather.choose(base, key)
    series: Series = {}
    shares = tables.month_shares(where, name, year)
    series |= _demand(base, days, load_year, shares, chosen)
    growth = tables.capacity_growth(where, name, year, ("wind", "solar"))
    growth = {kind: tables.fleet_yield(where, name, year, kind) * factor for kind, factor in growth.items()}
    series |= _wind_and_solar(base, days, growth, chosen)
    series |= _water(base, days, chosen)
    heat = _heat(base, days, chosen)
    series |= heat
    series |= _assumed_shapes(base, days, heat)
    series |= _flexible(base, days, heat, where, name)
    data = {
        variable: ("time", values, {"units": UNITS[attributes["kind"]], **attributes})
        for variable, (values, attributes) in series.items()
    }
    attributes = {
        "title": f"Hourly profiles of {name} for {year}",
        "name": name,
        "year": year,
        "weather_year": key,
        "load_year": load_year,
        "leap_day": leap_day,
        "synthetic": int(chosen.synthetic),
        "time_zone": "UTC+8",
        "time_stamp": "hour-ending",
        "note": "load and weather are not from the same year; county wind series are modelled",
        "licence": base.attrs["licence"],
        "source": base.attrs["source"],
    }
    return xr.Dataset(data, coords={"time": days.time}, attrs=attributes)


def load_base(name: str, folder: Path | str | None = None) -> xr.Dataset:
    """The stored base profiles; kept in memory, do not change the arrays.

    Raises
    ------
    InputError
        If there is no such file.
    """
    where = Path(folder) if folder is not None else catalog.profiles_folder()
    path = where / f"{name}_base.nc"
    if not path.is_file():
        known = sorted(file.name.removesuffix("_base.nc") for file in where.glob("*_base.nc"))
        message = f"no profiles named {name!r}; there are: {', '.join(known) or 'none'}"
        raise InputError(Fault(file=str(path), message=message))
    return _read_base(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _read_base(path: Path, changed_ns: int) -> xr.Dataset:
    """Read the base file once per version of the file (the second argument is part of the key)."""
    import xarray as xr

    return xr.load_dataset(path)


def available_weather_years(name: str = "jilin", folder: Path | str | None = None) -> tuple[str, ...]:
    """Names that ``weather_year`` may have."""
    return weather.names(load_base(name, folder))


def _require_known(base: xr.Dataset, name: str, year: int, weather_year: str, leap_day: str, load_year: int) -> None:
    faults = []
    if not FIRST_YEAR <= year <= LAST_YEAR:
        faults.append(Fault(table=name, column="year", message=f"{year} is not in {FIRST_YEAR} ... {LAST_YEAR}"))
    known = weather.names(base)
    if weather_year not in known:
        message = f"{weather_year!r} is not one of {', '.join(known)}"
        faults.append(Fault(table=name, column="weather_year", message=message))
    if leap_day not in ("drop", "keep"):
        faults.append(Fault(table=name, column="leap_day", message=f"{leap_day!r} is neither 'drop' nor 'keep'"))
    if load_year not in base["load_year"].to_numpy():
        message = f"{load_year} is not one of {', '.join(str(y) for y in base['load_year'].to_numpy())}"
        faults.append(Fault(table=name, column="load_year", message=message))
    if faults:
        raise InputError(faults)


def _attributes(base: xr.Dataset, variable: str, kind: str, long_name: str, **other: Any) -> dict[str, Any]:
    """Attributes of a built series; the provenance is that of the stored variable it comes from."""
    stored = base[variable].attrs
    kept = {key: stored[key] for key in ("source", "licence", "confidence")}
    return {"kind": kind, "long_name": long_name, **kept, **other}


def _demand(
    base: xr.Dataset,
    days: Days,
    load_year: int,
    shares: list[tuple[tuple[int, ...], float]],
    chosen: weather.Chosen,
) -> Series:
    values = demand.demand(base, days, load_year, shares, chosen.source_slot if chosen.synthetic else None)
    known = "months as in the statistics of the year" if shares else "mean month shape of 2018-2022"
    load = _attributes(base, "load_day_shape", "demand", f"gross demand of the province, {known}")
    flat = {
        "kind": "demand",
        "long_name": "constant demand",
        "source": "definition",
        "licence": "none needed",
        "confidence": "assumed",
    }
    return {"load": (values, load), "load_flat": (np.ones(values.size), flat)}


def _wind_and_solar(
    base: xr.Dataset, days: Days, growth: dict[str, NDArray[np.float64]], chosen: weather.Chosen
) -> Series:
    synthetic = {"synthetic": int(chosen.synthetic)}
    series: Series = {}
    for technology, values, stored in (
        ("wind", weather.wind(base, days, chosen), "wind_capacity_factor"),
        ("solar", weather.solar(base, days, chosen), "solar_clear_sky"),
    ):
        factor = np.repeat(growth[technology][days.month - 1], 24)
        for county, values_of_county in zip(base["county"].to_numpy(), values, strict=True):
            text = f"{technology} availability in {county}, weather {chosen.name}"
            attributes = _attributes(base, stored, "availability", text, **synthetic)
            series[f"{technology}_{county}"] = (values_of_county * factor, attributes)
    return series


def _water(base: xr.Dataset, days: Days, chosen: weather.Chosen) -> Series:
    index = float(base["hydro_index"].sel(weather=chosen.water_year))
    river = base["hydro_run_of_river"].sel(weather=chosen.water_year).to_numpy()[days.slot]
    text = f"run-of-river availability, water of {chosen.water_year}"
    attributes = _attributes(base, "hydro_run_of_river", "availability", text)
    series: Series = {"hydro_ror": (np.repeat(river, 24), attributes)}
    for reservoir, daily in zip(
        base["reservoir"].to_numpy(), base["inflow_shape"].to_numpy()[:, days.slot], strict=True
    ):
        attributes = _attributes(base, "inflow_shape", "inflow", f"natural inflow of {reservoir}", annual_index=index)
        series[f"inflow_{reservoir}"] = (np.repeat(daily / daily.mean(), 24), attributes)
    return series


def _heat(base: xr.Dataset, days: Days, chosen: weather.Chosen) -> Series:
    heat = base["heat_demand"].to_numpy()[:, days.slot]
    if chosen.synthetic:
        anomaly = base["heat_anomaly"].to_numpy()
        ratio = anomaly[chosen.source_slot[days.slot]] / anomaly[days.slot]
        heat = heat * ratio[:, None]
        heat = heat / heat.max(axis=(1, 2), keepdims=True)
    return {
        f"heat_{city}": (
            daily.ravel().astype(np.float64),
            _attributes(base, "heat_demand", "heat", f"district heat demand of {city}"),
        )
        for city, daily in zip(base["city"].to_numpy(), heat, strict=True)
    }


def _assumed_shapes(base: xr.Dataset, days: Days, heat: Series) -> Series:
    """Ties, vehicles and electric heating: day shapes repeated over the year."""
    shapes = base["day_shape"]
    resting = days.at_rest | (days.weekday >= 5)

    def repeated(working_day: str, day_off: str) -> NDArray[np.float64]:
        pair = shapes.sel(shape=[working_day, day_off]).to_numpy()
        values = pair[resting.astype(int)].ravel()
        normalised: NDArray[np.float64] = values / values.mean()
        return normalised

    series: Series = {}
    for tie in ("tie_heilongjiang", "tie_liaoning", "tie_zhalute", "tie_hvdc"):
        text = f"contract of {tie.removeprefix('tie_')}: one day shape all year"
        series[tie] = (repeated(tie, tie), _attributes(base, "day_shape", "contract", text))
    vehicles = _attributes(base, "day_shape", "demand", "charging of electric vehicles", confidence="assumed")
    series["load_ev"] = (repeated("ev_working_day", "ev_day_off"), vehicles)
    # Storage heaters and boilers: the day's heat as the mean of the cities, its hours by the tariff.
    daily = np.mean([values for values, _ in heat.values()], axis=0).reshape(-1, 24).mean(axis=1)
    heating = (daily[:, None] * shapes.sel(shape="electric_heating").to_numpy()).ravel()
    text = "electric heating: heat demand of the day, hours mostly in the valley of the tariff"
    attributes = _attributes(base, "day_shape", "demand", text, confidence="assumed")
    series["load_electric_heating"] = (heating / heating.mean(), attributes)
    return series


def _flexible(base: xr.Dataset, days: Days, heat: Series, folder: Path, name: str) -> Series:
    """What vehicles and electric heating use, when vehicles are plugged in, and the bands of the reservoirs."""
    assumed = {"source": "own shape, see SOURCES.md", "licence": "CC0-1.0", "confidence": "assumed"}
    ev = flexible.vehicles(folder, name, days)
    series: Series = {
        "use_ev": (
            ev["use_ev"],
            {"kind": "demand", "long_name": "energy that vehicles use while they drive", **assumed},
        ),
        "plugged_ev": (
            ev["plugged_ev"],
            {"kind": "availability", "long_name": "share of the vehicles that are plugged in", **assumed},
        ),
        "use_electric_heating": (
            flexible.heating_use([values for values, _ in heat.values()]),
            _attributes(base, "heat_demand", "demand", "heat that electric heating gives: mean of the cities"),
        ),
    }
    recorded = {**assumed, "source": "recorded levels and flood limit, see SOURCES.md"}
    for level, values in flexible.reservoir_bands(folder, name, days).items():
        side = "lowest" if level.startswith("level_low_") else "highest"
        series[level] = (values, {"kind": "level", "long_name": f"{side} usual level of the reservoir", **recorded})
    return series
