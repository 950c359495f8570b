"""A seeded synthetic province: 60 buses, 95 branches, 30 thermal plants, 24 wind and solar parks, 8 stores.

Everything scales with the number of buses; demand and capacity per bus stay the same.  Hours are hour-ending from
1 January 2030.  The weather has one common slow part and one of each park, so that a week has calm and windy days.
"""

from __future__ import annotations

import numpy as np
import pandapower as pp
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

Array = NDArray[np.float64]

KV = 220.0
START = pd.Timestamp("2030-01-01")
#: Prices of what is no plant [CNY/MWh]; wind and solar are curtailed for nothing.
LOST_LOAD, EXCESS = 20_000.0, 10.0
#: Paid per MWh that a store gives; with it no store gains by burning surplus, so that no model has to forbid it.
WEAR = 5.0
_THERMAL_MW_PER_BUS = 16_000.0 / 60
_WEATHER_MW_PER_BUS = 30_000.0 / 60
_EFFICIENCY = 0.88
# Such that in every week some lines bind and hardly any demand is unserved.
_LINE_MW = (480.0, 1500.0)


def synthetic(
    hours: int, buses: int = 60, seed: int = 2, *, plants: int | None = None, units: int = 0
) -> tuple[pp.pandapowerNet, xr.Dataset]:
    """Net and profiles of some hours.

    Parameters
    ----------
    hours
        Number of hours.
    buses
        Number of buses, at least 5.
    seed
        Of all random numbers; net and weather of the first hours stay the same when hours are added.
    plants
        Number of thermal plants; by default one for two buses.
    units
        Units of each plant that are switched on and off; 0: plants always run.
    """
    rng = np.random.default_rng(seed)
    net = pp.create_empty_network(name=f"synthetic {buses}")
    at = pp.create_buses(net, buses, KV, name=[f"bus {k}" for k in range(buses)])
    pp.create_ext_grid(net, at[0], name="reference", min_p_mw=0.0, max_p_mw=0.0)
    _lines(net, rng, buses)
    share = rng.dirichlet(np.full(buses, 2.0))
    demand_mw = system_demand_mw(np.random.default_rng(seed + 1), hours, buses)
    mean_mw = demand_mw.mean()
    pp.create_loads(net, at, share * mean_mw, name=[f"load {k}" for k in range(buses)], profile="load")
    _thermal(net, rng, max(2, buses // 2) if plants is None else plants)
    parks = _parks(net, rng, max(2, buses * 2 // 5))
    _stores(net, rng, max(1, buses * 2 // 15))
    if units:
        _commitment(net, np.random.default_rng(seed + 3), units)
    series = {"load": demand_mw / mean_mw}
    series |= dict(zip(net.sgen["profile"], weather_pu(np.random.default_rng(seed + 2), hours, parks), strict=True))
    return net, as_profiles(series)


def as_profiles(series: dict[str, Array]) -> xr.Dataset:
    """Profiles of series per unit by their names: those called ``load…`` are demand, all others availability."""
    hours = len(next(iter(series.values())))
    data = {
        name: ("time", values, {"kind": "demand" if name.startswith("load") else "availability", "units": "pu"})
        for name, values in series.items()
    }
    return xr.Dataset(data, coords={"time": pd.date_range(START + pd.Timedelta(hours=1), periods=hours, freq="h")})


def system_demand_mw(rng: np.random.Generator, hours: int, buses: int = 60) -> Array:
    """Demand with a day, a week and noise, (hour,) [MW]."""
    hour = np.arange(hours)
    system = 11_000 + 2_500 * np.sin(2 * np.pi * (hour - 8) / 24) + 800 * np.sin(2 * np.pi * hour / 168)
    return np.asarray(system + rng.normal(0.0, 150.0, hours)) * buses / 60


def weather_pu(rng: np.random.Generator, hours: int, is_wind: NDArray[np.bool_]) -> Array:
    """Availability of parks, (park, hour) [pu]."""
    from scipy.signal import lfilter

    steps = rng.normal(0.0, 1.0, (hours, len(is_wind) + 1)).T  # hour by hour, so that more hours change none
    common = lfilter([0.24], [1.0, -0.97], steps[0])
    own = lfilter([0.2], [1.0, -0.93], steps[1:], axis=1)
    wind = 1 / (1 + np.exp(-1.3 * (1.2 * common + own - 0.9)))
    height = np.clip(np.sin(np.pi * (np.arange(hours) % 24 - 6) / 12), 0.0, 1.0)
    clear = 0.4 + 0.5 / (1 + np.exp(-own))
    return np.where(is_wind[:, None], wind, height * clear)


def add_parks(net: pp.pandapowerNet, bus: NDArray[np.int64], most_mw: Array) -> NDArray[np.bool_]:
    """Add wind and solar parks that follow profiles of their own; returns which are wind: the first two thirds."""
    count = len(most_mw)
    is_wind = np.arange(count) < count * 2 // 3
    pp.create_sgens(
        net,
        bus,
        np.zeros(count),
        min_p_mw=0.0,
        max_p_mw=most_mw,
        controllable=True,
        name=[f"park {k}" for k in range(count)],
        technology=np.where(is_wind, "wind", "solar"),
        profile=[f"park_{k}" for k in range(count)],
    )
    return is_wind


def add_batteries(
    net: pp.pandapowerNet, bus: NDArray[np.int64], power_mw: Array, energy_mwh: Array, efficiency: float
) -> None:
    """Add half full batteries; the efficiency is that of charging and that of discharging."""
    count = len(power_mw)
    pp.create_storages(
        net,
        bus,
        np.zeros(count),
        max_e_mwh=energy_mwh,
        soc_percent=50.0,
        max_p_mw=power_mw,
        min_p_mw=-power_mw,
        controllable=True,
        name=[f"store {k}" for k in range(count)],
        technology="battery",
        throughput_cost_cny_per_mwh=WEAR,
        eta_charge=efficiency,
        eta_discharge=efficiency,
    )


def _lines(net: pp.pandapowerNet, rng: np.random.Generator, buses: int) -> None:
    """A random tree of near buses and some more lines."""
    ends = [(int(rng.integers(max(0, i - 6), i)), i) for i in range(1, buses)]
    more = buses * 19 // 12
    while len(ends) < more:
        start, end = (int(bus) for bus in rng.integers(0, buses, 2))
        if start != end:
            ends.append((start, end))
    start, end = np.array(ends).T
    limit_mw = rng.uniform(*_LINE_MW, len(ends))
    pp.create_lines_from_parameters(
        net,
        start,
        end,
        length_km=1.0,
        r_ohm_per_km=0.0,
        x_ohm_per_km=KV**2 / 100 * rng.uniform(0.01, 0.05, len(ends)),
        c_nf_per_km=0.0,
        max_i_ka=limit_mw / (np.sqrt(3) * KV),
        max_loading_percent=100.0,
        name=[f"line {k}" for k in range(len(ends))],
    )


def _thermal(net: pp.pandapowerNet, rng: np.random.Generator, count: int) -> None:
    most = rng.uniform(300.0, 1000.0, count)
    most *= _THERMAL_MW_PER_BUS * len(net.bus) / most.sum()
    rows = pp.create_gens(
        net,
        rng.integers(0, len(net.bus), count),
        np.zeros(count),
        min_p_mw=0.35 * most,
        max_p_mw=most,
        controllable=True,
        name=[f"thermal {k}" for k in range(count)],
    )
    pp.create_poly_costs(net, rows, "gen", cp1_eur_per_mw=rng.uniform(220.0, 380.0, count))


def _commitment(net: pp.pandapowerNet, rng: np.random.Generator, units: int) -> None:
    """All plants have run for long when the first hour begins."""
    gen, count = net.gen, len(net.gen)
    gen["committable"] = True
    gen["n_units"] = gen["initial_on_units"] = units
    gen["min_up_h"], gen["min_down_h"] = rng.choice([4, 8, 12], count), rng.choice([4, 8], count)
    gen["start_cost_cny"] = rng.uniform(60.0, 120.0, count) * gen["max_p_mw"] / units


def _parks(net: pp.pandapowerNet, rng: np.random.Generator, count: int) -> NDArray[np.bool_]:
    most = rng.uniform(500.0, 2500.0, count)
    most *= _WEATHER_MW_PER_BUS * len(net.bus) / most.sum()
    return add_parks(net, rng.integers(0, len(net.bus), count), most)


def _stores(net: pp.pandapowerNet, rng: np.random.Generator, count: int) -> None:
    power = rng.uniform(300.0, 1400.0, count)
    energy = power * rng.choice([2.0, 4.0, 6.0, 8.0], count)
    add_batteries(net, rng.integers(0, len(net.bus), count), power, energy, _EFFICIENCY)
