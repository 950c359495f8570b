"""A synthetic system of 60 buses as plain arrays, from which both models are built."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandapower as pp
import xarray as xr

from tests.model.systems import generator, grid, line, load, profiles, storage, wind


@dataclass(frozen=True)
class Synthetic:
    """Arrays of a system [MW], [MWh], [ohm], [CNY/MWh]; series are (element, hour)."""

    ends: np.ndarray
    x_ohm: np.ndarray
    limit_mw: np.ndarray
    demand_mw: np.ndarray
    thermal_bus: np.ndarray
    thermal_mw: np.ndarray
    thermal_low_mw: np.ndarray
    thermal_price: np.ndarray
    wind_bus: np.ndarray
    wind_mw: np.ndarray
    wind_pu: np.ndarray
    store_bus: np.ndarray
    store_mw: np.ndarray
    store_mwh: np.ndarray
    efficiency: float

    @property
    def buses(self) -> int:
        return self.demand_mw.shape[0]

    @property
    def hours(self) -> int:
        return self.demand_mw.shape[1]


def synthetic(seed: int, hours: int, buses: int = 60) -> Synthetic:
    """A connected random grid with about twice as much wind as demand can take in some hours."""
    rng = np.random.default_rng(seed)
    tree = [(int(rng.integers(max(0, i - 5), i)), i) for i in range(1, buses)]
    pairs = {tuple(sorted(pair)) for pair in tree}
    while len(pairs) < buses * 3 // 2:
        a, b = sorted(int(bus) for bus in rng.choice(buses, 2, replace=False))
        pairs.add((a, b))
    ends = np.array(sorted(pairs))
    hour = np.arange(1, hours + 1)
    shape = 1 + 0.25 * np.sin(2 * np.pi * (hour - 9) / 24) + rng.normal(0, 0.02, hours)
    thermal, sites, stores = buses // 2, buses // 3, 8
    weather = np.cumsum(rng.normal(0, 0.35, hours)) * 0.5
    own = rng.normal(0, 0.4, (sites, hours))
    thermal_mw = rng.uniform(100, 500, thermal)
    store_mw = rng.uniform(50, 200, stores)
    return Synthetic(
        ends=ends,
        x_ohm=rng.uniform(5, 40, len(ends)),
        limit_mw=rng.uniform(150, 500, len(ends)),
        demand_mw=5000 * rng.dirichlet(np.full(buses, 2.0))[:, None] * shape,
        thermal_bus=rng.integers(0, buses, thermal),
        thermal_mw=thermal_mw,
        thermal_low_mw=np.where(rng.random(thermal) < 0.3, 0.25 * thermal_mw, 0.0),
        thermal_price=rng.uniform(180, 420, thermal),
        wind_bus=rng.choice(buses, sites, replace=False),
        wind_mw=rng.uniform(100, 500, sites),
        wind_pu=1 / (1 + np.exp(-(weather + own - 0.3))),
        store_bus=rng.integers(0, buses, stores),
        store_mw=store_mw,
        store_mwh=store_mw * rng.choice([2, 4, 6], stores),
        efficiency=0.9,
    )


LOST_LOAD, EXCESS, CURTAILMENT, WEAR = 8000.0, 3000.0, 1.0, 5.0


def as_net(system: Synthetic) -> tuple[pp.pandapowerNet, xr.Dataset]:
    """The same for gridopt."""
    net = grid(system.buses)
    for (start, end), x_ohm, limit in zip(system.ends, system.x_ohm, system.limit_mw, strict=True):
        line(net, int(start), int(end), x_ohm, limit)
    series = {}
    for bus in range(system.buses):
        series[f"load_{bus}"] = ("demand", system.demand_mw[bus])
        load(net, bus, 1.0, f"load_{bus}")
    for i, bus in enumerate(system.thermal_bus):
        generator(net, int(bus), system.thermal_mw[i], system.thermal_price[i], min_mw=system.thermal_low_mw[i])
    for i, bus in enumerate(system.wind_bus):
        series[f"wind_{i}"] = ("availability", system.wind_pu[i])
        wind(net, int(bus), system.wind_mw[i], f"wind_{i}")
    for i, bus in enumerate(system.store_bus):
        storage(
            net,
            int(bus),
            charge_mw=system.store_mw[i],
            energy_mwh=system.store_mwh[i],
            efficiency=system.efficiency,
            throughput_cost_cny_per_mwh=WEAR,
        )
    return net, profiles(system.hours, **series)
