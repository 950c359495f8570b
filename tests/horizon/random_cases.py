"""Random small systems with every component, for runs over several windows."""

from __future__ import annotations

import numpy as np
import pandapower as pp
import xarray as xr

from tests.model.systems import (
    add_row,
    generator,
    grid,
    hydro,
    load,
    profiles,
    response,
    storage,
    thermal,
    tie,
    wind,
)


def random_case(seed: int, steps: int, step_h: float = 1.0) -> tuple[pp.pandapowerNet, xr.Dataset]:
    """Three buses in a ring with limits, two clusters, wind, water, storage, a tie, demand response."""
    rng = np.random.default_rng(seed)
    limit = float(rng.integers(80, 200))
    net = grid(3, [(0, 1, 10.0, limit), (1, 2, 20.0, limit), (0, 2, 15.0, np.nan)])
    for bus, mw in enumerate((120.0, 80.0, 60.0)):
        load(net, bus, mw, "load")
    for bus in range(2):
        _cluster(net, bus, rng)
    generator(net, 2, 60.0, 700.0)
    wind(net, 1, 250.0, "wind")
    hydro(
        net,
        2,
        40.0,
        max_e_mwh=300.0,
        min_e_mwh=30.0,
        start_e_mwh=150.0,
        inflow_mw=15.0,
        profile="inflow",
        min_release_mw=2.0,
    )
    hydro(net, 0, 10.0, profile="river")
    storage(
        net,
        1,
        charge_mw=50.0,
        discharge_mw=40.0,
        energy_mwh=160.0,
        efficiency=0.9,
        self_discharge_per_h=0.002,
        throughput_cost_cny_per_mwh=10.0,
        end=str(rng.choice(["cyclic", "free"])),
    )
    tie(
        net,
        0,
        30.0,
        profile="contract",
        band_mw=15.0,
        ramp_mw_per_h=20.0,
        price_cny_per_mwh=280.0,
        **({"annual_mwh": 1.0} if rng.random() < 0.5 else {}),
    )
    response(net, 20.0, 900.0, energy_mwh_per_year=60.0)
    return net, _profiles(rng, steps, step_h)


def _cluster(net: pp.pandapowerNet, bus: int, rng: np.random.Generator) -> None:
    units, low, high = int(rng.integers(1, 4)), float(rng.integers(20, 40)), float(rng.integers(50, 90))
    heat = {}
    if bus == 0 and rng.random() < 0.5:
        heat = {"heat_zone": "town", "must_run_units": 1, "heat_season_min_pu": 0.6, "heat_season_max_pu": 0.9}
        add_row(net, "heat_zone", {"name": "town", "profile": "heat"})
    thermal(
        net,
        bus,
        units,
        low,
        high,
        float(rng.integers(200, 400)),
        cp0_eur=float(rng.choice([0.0, 3000.0])),
        start_cost_cny=float(rng.choice([0.0, 4000.0])),
        min_up_h=float(rng.integers(0, 11)),
        min_down_h=float(rng.integers(0, 11)),
        ramp_up_mw_per_h=units * float(rng.choice([15.0, 30.0, 500.0])),
        ramp_down_mw_per_h=units * float(rng.choice([15.0, 30.0, 500.0])),
        startup_ramp_mw=units * float(rng.uniform(low, high)),
        shutdown_ramp_mw=units * float(rng.uniform(low, high)),
        initial_on_units=float(rng.integers(1, units + 1)),
        initial_hours_in_state=float(rng.integers(1, 6)),
        initial_p_mw=None,
        **heat,
    )


def _profiles(rng: np.random.Generator, steps: int, step_h: float) -> xr.Dataset:
    hour = np.arange(1, steps + 1) * step_h
    day = np.sin(2 * np.pi * (hour - 8) / 24)
    windy = np.clip(0.5 + 0.4 * np.sin(2 * np.pi * hour / 17 + rng.uniform(0, 6)) + rng.normal(0, 0.1, steps), 0, 1)
    return profiles(
        steps,
        step_h,
        load=("demand", 1 + 0.35 * day + rng.normal(0, 0.05, steps)),
        wind=("availability", windy),
        river=("availability", rng.uniform(0.2, 0.8, steps)),
        inflow=("inflow", rng.uniform(0.5, 1.5, steps)),
        contract=("contract", 1 + 0.3 * day),
        heat=("heat", np.where(hour > rng.integers(0, 12), 0.8, 0.0)),
    )
