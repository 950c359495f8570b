"""Instances of the heat side whose linear programs are compared, and the rows that they are made of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandapower as pp

from gridopt.case import Case
from tests.model.systems import add_row, case_of, generator, grid, load, profiles, thermal

HEATED = {"policy": {"chp_mode": "heat_zone", "dr_share_of_peak": 0.0}}


def heat_zone(net: pp.pandapowerNet, mw: float | None = None, **columns: object) -> None:
    """The zone ``town`` with the heat profile ``heat``; ``mw`` is its peak."""
    add_row(net, "heat_zone", {"name": "town", "profile": "heat", "p_mw": mw} | columns)


def heat_source(net: pp.pandapowerNet, kind: str, mw: float, price: float, **columns: object) -> None:
    """A source of the zone ``town``, named after its kind."""
    row = {"name": kind, "heat_zone": "town", "kind": kind, "max_heat_mw": mw, "cost_cny_per_mwh": price}
    add_row(net, "heat_source", row | columns)


def random_heat(net: pp.pandapowerNet, rng: np.random.Generator, *, buses: int = 1) -> None:
    """CHP plants, sources and a store for the zone ``town``, often too small for its peak."""
    peak = float(rng.integers(40, 120))
    store = {"store_mwh": float(rng.choice([0.0, 30.0, 150.0])), "store_loss_per_h": float(rng.choice([0.0, 0.02]))}
    store |= {"store_mw": store["store_mwh"] / 5, "store_start_pu": float(rng.uniform(0.0, 1.0))}
    heat_zone(net, peak if rng.random() < 0.7 else None, **store)
    plant = {"heat_zone": "town", "start_cost_cny": float(rng.choice([0.0, 4000.0]))}
    extraction = {"chp_kind": "extraction", "c_m": float(rng.uniform(0.6, 0.95)), "c_v": float(rng.uniform(0.0, 0.2))}
    extraction["heat_offset_mw"] = float(rng.choice([0.0, 5.0]))
    thermal(
        net,
        int(rng.integers(buses)),
        int(rng.integers(1, 4)),
        float(rng.integers(15, 25)),
        float(rng.integers(40, 60)),
        float(rng.integers(200, 400)),
        name="town chp",
        min_up_h=float(rng.integers(0, 6)),
        min_down_h=float(rng.integers(0, 6)),
        ramp_up_mw_per_h=float(rng.choice([20.0, 500.0])),
        co2_t_per_mwh=0.9,
        **plant,
        **extraction,
    )
    back_pressure = {"chp_kind": "back_pressure", "c_m": float(rng.uniform(0.3, 0.6)), "eta_heat": 0.85}
    thermal(
        net, int(rng.integers(buses)), 1, 4.0, 15.0, 120.0, name="straw", technology="biomass", **plant, **back_pressure
    )
    share = rng.uniform(0.05, 0.4, 3) * peak
    heat_source(net, "heat_pump", share[0], 5.0, bus=int(rng.integers(buses)), cop=float(rng.uniform(2.0, 4.0)))
    heat_source(net, "electric_boiler", share[1], 2.0, bus=int(rng.integers(buses)), cop=0.97, min_heat_mw=1.0)
    heat_source(net, "boiler", share[2], float(rng.integers(120, 250)), co2_t_per_mwh=0.4)
    heat_source(net, "nuclear", 10.0, 8.0, min_heat_mw=float(rng.choice([0.0, 6.0])))


def heat() -> Case:
    """Two zones, one with a store and electric sources at two buses, and one with a boiler alone."""
    net = grid(2, [(0, 1, 10.0, 50.0)])
    load(net, 1, 80.0)
    generator(net, 0, 150.0, 300.0)
    heat_zone(net, 60.0, store_mwh=40.0, store_mw=15.0, store_loss_per_h=0.02, shortfall_cny_per_mwh=7000.0)
    heat_zone(net, 20.0, name="village")
    heat_source(net, "heat_pump", 12.0, 5.0, bus=1, cop=3.0)
    heat_source(net, "electric_boiler", 10.0, 2.0, bus=0, cop=0.98, min_heat_mw=1.0)
    heat_source(net, "boiler", 30.0, 140.0, co2_t_per_mwh=0.4)
    heat_source(net, "geothermal", 18.0, 20.0, heat_zone="village", name="well")
    series = profiles(3, heat=("heat", [1.0, 0.5, 0.0]))
    return case_of(net, series, **HEATED, prices={"co2_cny_per_t": 50.0})


def heat_and_power() -> Case:
    """An extraction plant with an offset and a biomass plant in back-pressure heat one zone with a store."""
    net = grid()
    load(net, 0, 120.0)
    plant = {"heat_zone": "town", "cp0_eur": 500.0, "initial_on_units": 2, "initial_p_mw": 120.0}
    extraction = {"chp_kind": "extraction", "c_m": 0.75, "c_v": 0.15, "heat_offset_mw": 10.0, "max_heat_mw": 90.0}
    thermal(net, 0, 2, 40.0, 100.0, 300.0, technology="coal_chp", **plant, **extraction)
    back_pressure = {"chp_kind": "back_pressure", "c_m": 0.5, "eta_heat": 0.9}
    thermal(net, 0, 1, 5.0, 30.0, 100.0, technology="biomass", heat_zone="town", **back_pressure)
    heat_zone(net, store_mwh=50.0, store_mw=20.0)
    return case_of(net, profiles(3, heat=("heat", [1.0, 0.5, 0.0])), **HEATED)


CASES: dict[str, Callable[[], Case]] = {"heat": heat, "heat_and_power": heat_and_power}
