"""Instances of storage whose linear programs are compared."""

from __future__ import annotations

from collections.abc import Callable

from gridopt.case import Case
from tests.model.systems import add_row, case_of, generator, grid, load, profiles, storage, wind


def storage_units() -> Case:
    """Counted units with fixed and with variable speed, and a battery with modes."""
    net = grid()
    load(net, 0, 50.0)
    generator(net, 0, 200.0, 300.0)
    plant = {"technology": "phs", "n_units": 2, "energy_mwh": 400.0, "efficiency": 0.8}
    storage(net, 0, charge_mw=50.0, discharge_mw=40.0, fixed_speed=True, min_discharge_pu=0.5, **plant)
    storage(net, 0, charge_mw=30.0, **plant)
    storage(net, 0, charge_mw=10.0, energy_mwh=20.0, exclusive=True, throughput_cost_cny_per_mwh=20.0)
    return case_of(net, 2, unit_commitment="integer")


def storage_days() -> Case:
    """Windows of five hours: what a day has used is counted, and midnight sets it free."""
    net = grid()
    load(net, 0, 50.0)
    generator(net, 0, 200.0, 300.0)
    storage(net, 0, charge_mw=10.0, energy_mwh=20.0, max_cycles_per_day=1.5)
    return case_of(net, 3, horizon={"window_h": 5, "look_ahead_h": 2})


def storage_reserve() -> Case:
    """Spinning reserve both ways, the emergency base, inertia of machines and of a battery's converter."""
    net = grid()
    load(net, 0, 50.0)
    generator(net, 0, 200.0, 300.0)
    plant = {"technology": "phs", "emergency": True, "inertia_s": 4.0, "efficiency": 0.8}
    storage(net, 0, charge_mw=50.0, discharge_mw=40.0, energy_mwh=400.0, min_e_mwh=40.0, **plant)
    storage(net, 0, charge_mw=10.0, energy_mwh=20.0, inertia_s=1.0)
    for name, kind, direction, duration_h in (
        ("up", "spinning", "up", 1.0),
        ("down", "spinning", "down", 0.5),
        ("base", "emergency", "up", 4.0),
        ("inertia", "inertia", "up", 0.0),
    ):
        columns = {"kind": kind, "direction": direction, "duration_h": duration_h, "mw": 20.0}
        add_row(net, "reserve_product", {"name": name, **columns, "price_cny_per_mwh": 500.0})
    return case_of(net, 2)


def storage_shared() -> Case:
    """Two batteries behind the connection of one wind park, one of which takes wind only."""
    net = grid()
    load(net, 0, 50.0)
    generator(net, 0, 200.0, 300.0)
    wind(net, 0, 60.0, "wind")
    behind = {"co_located_sgen": 0.0, "throughput_cost_cny_per_mwh": 20.0}
    storage(net, 0, charge_mw=40.0, energy_mwh=80.0, connection_mw=45.0, **behind)
    storage(net, 0, charge_mw=20.0, energy_mwh=40.0, grid_charging=False, **behind)
    return case_of(net, profiles(2, wind=("availability", [0.9, 0.1])))


CASES: dict[str, Callable[[], Case]] = {
    "storage_units": storage_units,
    "storage_days": storage_days,
    "storage_reserve": storage_reserve,
    "storage_shared": storage_shared,
}
