"""pandapower's standard networks with seeded profiles, parks, stores, prices and limits.

What is kept is the grid: buses, branches, reactances, places and sizes of loads and generators.  Phase shifters,
shunts and external power are taken out, so that every tool solves the same DC problem.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandapower as pp
import pandapower.networks
import xarray as xr
from numpy.typing import NDArray

from benchmarks.cases.synthetic import add_batteries, add_parks, as_profiles, system_demand_mw, weather_pu

Array = NDArray[np.float64]

#: Shares of the peak load.
_THERMAL, _WEATHER, _STORAGE = 1.3, 0.8, 0.1
_ZONES = 3
#: A branch carries at least this share of what the largest carries.
_LEAST = 0.05


def standard_net(name: str, hours: int, seed: int = 0, margin: float = 1.2) -> tuple[pp.pandapowerNet, xr.Dataset]:
    """A network of ``pandapower.networks`` for a dispatch of some hours.

    Parameters
    ----------
    name
        Such as ``case118``.
    hours
        Number of hours.
    seed
        Of all random numbers.
    margin
        What a branch carries, over its flow in two rough dispatches of the peak hour.
    """
    rng = np.random.default_rng(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandapower's own test cases have older columns
        net = getattr(pandapower.networks, name)()
    _plain_grid(net)
    peak_mw = _demand(net, rng)
    _thermal(net, rng, peak_mw)
    is_wind = _parks(net, rng, peak_mw)
    _stores(net, rng, peak_mw)
    _limits(net, margin)
    series = {}
    for zone in range(_ZONES):
        demand = system_demand_mw(np.random.default_rng([seed, zone]), hours)
        series[f"load_{zone}"] = demand / demand.mean()
    weather = weather_pu(np.random.default_rng(seed + 1), hours, is_wind)
    return net, as_profiles(series | dict(zip(net.sgen["profile"], weather, strict=True)))


def _plain_grid(net: pp.pandapowerNet) -> None:
    """Only buses, branches, loads and generators stay; the external grid is the reference and gives nothing."""
    for table in ("shunt", "sgen", "storage", "poly_cost", "pwl_cost", "controller"):
        if table in net:
            net[table] = net[table].iloc[:0]
    net.trafo["shift_degree"] = 0.0
    net.trafo["tap_step_degree"] = 0.0
    net.line[["r_ohm_per_km", "c_nf_per_km", "g_us_per_km"]] = 0.0
    net.ext_grid = net.ext_grid.iloc[:1]
    net.ext_grid[["min_p_mw", "max_p_mw"]] = 0.0
    net.ext_grid["controllable"] = True


def _demand(net: pp.pandapowerNet, rng: np.random.Generator) -> float:
    """Loads follow the series of their zone; negative ones are infeed of other levels and are left out."""
    net.load = net.load[net.load["p_mw"] > 0].copy()
    zone = rng.integers(0, _ZONES, len(net.bus))
    place = net.bus.index.get_indexer(net.load["bus"])
    net.load["profile"] = [f"load_{k}" for k in zone[place]]
    net.load["controllable"] = False
    return float(net.load["p_mw"].sum()) * 1.3


def _thermal(net: pp.pandapowerNet, rng: np.random.Generator, peak_mw: float) -> None:
    """Generators at their places, with their share of what the demand needs."""
    size = net.gen["max_p_mw"].fillna(0.0).clip(lower=0.0).to_numpy(float) if "max_p_mw" in net.gen else 0.0
    size = np.maximum(size, 0.2 * np.max(size) + 1e-3) * np.ones(len(net.gen))
    net.gen["max_p_mw"] = _THERMAL * peak_mw * size / size.sum()
    net.gen["min_p_mw"] = 0.2 * net.gen["max_p_mw"]
    net.gen["controllable"] = True
    net.gen["name"] = [f"gen {k}" for k in range(len(net.gen))]
    pp.create_poly_costs(net, net.gen.index, "gen", cp1_eur_per_mw=rng.uniform(220.0, 380.0, len(net.gen)))


def _parks(net: pp.pandapowerNet, rng: np.random.Generator, peak_mw: float) -> NDArray[np.bool_]:
    count = max(4, len(net.bus) // 10)
    size = rng.uniform(0.5, 2.0, count)
    most = _WEATHER * peak_mw * size / size.sum()
    return add_parks(net, rng.choice(net.bus.index, count, replace=False), most)


def _stores(net: pp.pandapowerNet, rng: np.random.Generator, peak_mw: float, count: int = 8) -> None:
    power = np.full(count, _STORAGE * peak_mw / count)
    add_batteries(net, rng.choice(net.bus.index, count, replace=False), power, 5 * power, efficiency=0.9)


def _limits(net: pp.pandapowerNet, margin: float) -> None:
    """Limits from the flows of two rough dispatches of the peak: all from generators, and half of it from parks."""
    flows = []
    for share in (0.0, 0.5):
        rough = pp.pandapowerNet(net)
        demand = rough.load["p_mw"].sum()
        rough.gen["p_mw"] = (1 - share) * demand * rough.gen["max_p_mw"] / rough.gen["max_p_mw"].sum()
        rough.sgen["p_mw"] = share * demand * rough.sgen["max_p_mw"] / rough.sgen["max_p_mw"].sum()
        pp.rundcpp(rough)
        flows.append((rough.res_line["p_from_mw"].abs(), rough.res_trafo["p_hv_mw"].abs()))
    largest = max(float(part.max()) for pair in flows for part in pair if len(part))
    line, trafo = (
        np.maximum(margin * np.maximum(flows[0][k], flows[1][k]).to_numpy(float), _LEAST * largest) for k in (0, 1)
    )
    kv = net.bus.loc[net.line["from_bus"], "vn_kv"].to_numpy(float)
    net.line["max_i_ka"] = line / (np.sqrt(3) * kv * net.line["df"] * net.line["parallel"])
    net.line["max_loading_percent"] = 100.0
    rated = net.trafo["sn_mva"] * net.trafo["df"] * net.trafo["parallel"]
    net.trafo["max_loading_percent"] = 100.0 * trafo / rated
