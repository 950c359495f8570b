"""Golden cases of ties, channels, pilot zones and reserve products: a few hours each, all rows checked by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gridopt.case import Case
from tests.model.systems import add_row, case_of, generator, grid, load, profiles, put, storage, tie, wind


def tie_energy() -> Case:
    """A contract with energy, ramp and loss, and a tie that reverses with a loss."""
    net = grid()
    load(net, 0, 50.0)
    generator(net, 0, 400.0, 250.0)
    columns = {"ramp_mw_per_h": 40.0, "annual_mwh": 876_000.0, "deviation_mwh": 45.0, "loss_pu": 0.05}
    tie(net, 0, 100.0, profile="contract", band_mw=30.0, price_cny_per_mwh=320.0, max_p_mw=120.0, **columns)
    tie(net, 0, 5.0, name="both ways", band_mw=15.0, price_cny_per_mwh=300.0, loss_pu=0.1)
    return case_of(net, profiles(4, contract=("contract", [0.8, 1.0, 1.2, 1.0])))


def tie_staircase() -> Case:
    """Six hours in a day of two blocks, on a tie whose contract is flat and on one whose contract has steps."""
    net = grid()
    load(net, 0, 50.0)
    generator(net, 0, 400.0, 250.0)
    columns = {"kind": "hvdc", "band_mw": 20.0, "steps_per_day": 6.0, "price_cny_per_mwh": 320.0}
    tie(net, 0, 100.0, **columns)
    tie(net, 0, 80.0, name="steps", profile="contract", ramp_mw_per_h=30.0, **columns)
    return case_of(net, profiles(6, contract=("contract", [0.9, 0.9, 1.1, 1.1, 1.1, 0.9])))


def channels() -> Case:
    """One channel that counts on the west, one that counts on the province; the park's wind belongs to neither."""
    net = grid(3, [(0, 1, 10.0, np.nan), (1, 2, 10.0, np.nan)])
    put(net, "bus", 0, {"region": "west"})
    put(net, "bus", 1, {"region": "east"})
    put(net, "bus", 2, {"region": "west"})
    load(net, 1, 200.0)
    generator(net, 1, 600.0, 300.0)
    wind(net, 0, 100.0, "wind")
    wind(net, 1, 60.0, "sun", technology="solar")
    own = wind(net, 2, 30.0, "wind")
    add_row(net, "pilot_zone", {"name": "park", "bus": 2, "storage_exports": True})
    add_row(net, "pilot_member", {"pilot": "park", "element": "sgen", "index": own})
    columns = {"min_p_mw": 0.0, "max_p_mw": 500.0, "price_cny_per_mwh": 400.0, "band_mw": 10.0}
    tie(net, 0, 80.0, name="west channel", renewable_share_min=0.5, base="west", **columns)
    tie(net, 1, 40.0, name="province channel", renewable_share_min=0.3, **columns)
    return case_of(net, profiles(3, wind=("availability", [1.0, 0.5, 0.25]), sun=("availability", [0.0, 0.5, 0.8])))


def pilot_zone() -> Case:
    """A park with wind, a plant, storage and load, all rules and both caps."""
    net = grid(2, [(0, 1, 10.0, np.nan)])
    load(net, 0, 100.0)
    generator(net, 0, 300.0, 300.0)
    members = [
        ("load", load(net, 1, 50.0, "load")),
        ("sgen", wind(net, 1, 80.0, "wind")),
        ("gen", generator(net, 1, 20.0, 350.0)),
        ("storage", storage(net, 1, charge_mw=10.0, energy_mwh=20.0, efficiency=0.9)),
    ]
    shares = {"self_use_min": 0.6, "feed_in_max": 0.2, "self_supply_min": 0.3}
    add_row(net, "pilot_zone", {"name": "park", "bus": 1, "import_max_mw": 40.0, "export_max_mw": 16.0, **shares})
    for element, index in members:
        add_row(net, "pilot_member", {"pilot": "park", "element": element, "index": index})
    return case_of(net, profiles(3, wind=("availability", [1.0, 0.5, 0.0]), load=("demand", [0.8, 1.0, 1.2])))


def reserve_products() -> Case:
    """Two products down that share what wind can be turned down, one up, and inertia that nobody holds here."""
    net = grid()
    load(net, 0, 100.0, "load")
    wind(net, 0, 60.0, "wind")
    generator(net, 0, 200.0, 300.0)
    columns = {"price_cny_per_mwh": 500.0}
    for row in (
        {"name": "up", "share_of_load": 0.05, "share_of_wind": 0.1, "largest_unit": True},
        {"name": "down", "direction": "down", "share_of_load": 0.05},
        {"name": "ramp down", "direction": "down", "share_of_ramp": 1.0},
        {"name": "inertia", "kind": "inertia", "mw": 900.0},
    ):
        add_row(net, "reserve_product", columns | row)
    return case_of(net, profiles(3, wind=("availability", [0.5, 1.0, 0.25]), load=("demand", [1.0, 0.8, 1.2])))


CASES: dict[str, Callable[[], Case]] = {
    case.__name__: case for case in (tie_energy, tie_staircase, channels, pilot_zone, reserve_products)
}
