"""Instances of thermal clusters of three or four hours for the golden linear programs."""

from __future__ import annotations

from collections.abc import Callable

from gridopt.case import Case
from tests.model.systems import add_row, case_of, grid, load, profiles, thermal


def thermal_bands() -> Case:
    """Two units of 40 to 100 MW with two bands, one of them heats at 50 MW; reserve up and down, ramps of 30 MW/h."""
    net = grid()
    load(net, 0, 120.0)
    row = thermal(
        net,
        0,
        2,
        40.0,
        100.0,
        300.0,
        must_run_units=1,
        heat_zone="town",
        heat_season_min_pu=0.5,
        retrofitted=True,
        ramp_up_mw_per_h=60.0,
        ramp_down_mw_per_h=60.0,
        max_reserve_mw=20.0,
        initial_on_units=2,
        initial_p_mw=120.0,
    )
    for width, wear in ((12.0, 40.0), (8.0, 90.0)):
        add_row(net, "deep_regulation", {"element": "gen", "index": row, "width_mw": width, "wear_cny_per_mwh": wear})
    for name, direction in (("rise", "up"), ("fall", "down")):
        values = {"name": name, "direction": direction, "mw": 15.0, "price_cny_per_mwh": 900.0}
        add_row(net, "reserve_product", {**values, "response_min": 15.0})
    add_row(net, "heat_zone", {"name": "town", "profile": "heat"})
    return case_of(net, profiles(3, heat=("heat", [0.9, 0.0, 0.5])))


def _tiers(**settings: object) -> Case:
    net = grid()
    load(net, 0, 120.0)
    row = thermal(net, 0, 2, 40.0, 100.0, 300.0, min_down_h=1.0, initial_on_units=1, initial_hours_in_state=1.0)
    for since, cost in ((0.0, 1000.0), (2.0, 3000.0), (4.0, 7000.0)):
        add_row(net, "start_cost", {"element": "gen", "index": row, "off_hours_from": since, "cost_cny": cost})
    return case_of(net, 4, **settings)


def thermal_tiers() -> Case:
    """Two units, one off for an hour; starts cost 1,000 below two hours off, 3,000 below four, then 7,000: classes."""
    return _tiers()


def thermal_arcs() -> Case:
    """The same with whole units: arcs."""
    return _tiers(unit_commitment="integer")


def thermal_heat_end() -> Case:
    """Three units, two of them heat below 80 MW and one in the last hour; they stop from 70 MW or below."""
    net = grid()
    load(net, 0, 200.0)
    values = {"must_run_units": 2, "heat_zone": "town", "heat_season_max_pu": 0.8, "shutdown_ramp_mw": 210.0}
    row = thermal(net, 0, 3, 40.0, 100.0, 300.0, min_up_h=2.0, initial_on_units=2, initial_p_mw=140.0, **values)
    add_row(net, "heat_zone", {"name": "town", "profile": "heat"})
    add_row(net, "outage", {"element": "gen", "index": row, "start": "2030-01-01 02:00", "hours": 1.0, "units": 2.0})
    return case_of(net, profiles(3, heat=("heat", [1.0, 1.0, 1.0])))


def thermal_outages() -> Case:
    """Three units: one in overhaul in the second hour, one that fails in the third."""
    net = grid()
    load(net, 0, 200.0)
    row = thermal(
        net, 0, 3, 40.0, 100.0, 300.0, min_up_h=3.0, initial_on_units=3, ramp_down_mw_per_h=90.0, initial_p_mw=210.0
    )
    outage = {"element": "gen", "index": row, "hours": 1.0}
    add_row(net, "outage", {**outage, "start": "2030-01-01 01:00"})
    add_row(net, "outage", {**outage, "start": "2030-01-01 02:00", "kind": "forced"})
    return case_of(net, 4)


def thermal_fuel() -> Case:
    """Piecewise fuel of a cluster of two, quadratic fuel of a single unit, a carbon price."""
    import pandapower as pp

    net = grid()
    load(net, 0, 200.0)
    row = thermal(net, 0, 2, 40.0, 100.0, 0.0, co2_t_per_mwh=0.9, initial_p_mw=100.0)
    pp.create_pwl_cost(net, row, "gen", [[80.0, 140.0, 250.0], [140.0, 200.0, 320.0]])
    thermal(net, 0, 1, 50.0, 60.0, 200.0, cp0_eur=3000.0, cp2_eur_per_mw2=0.5, initial_p_mw=55.0)
    return case_of(net, 3, prices={"co2_cny_per_t": 100.0})


def thermal_region() -> Case:
    """An extraction cluster and a back-pressure unit that serve one heat zone."""
    net = grid()
    load(net, 0, 200.0)
    values = {"heat_zone": "town", "initial_on_units": 1}
    extraction = {"chp_kind": "extraction", "c_m": 0.6, "c_v": 0.2, "heat_offset_mw": 8.0, "max_heat_mw": 200.0}
    thermal(net, 0, 2, 40.0, 100.0, 300.0, name="extraction", **values, **extraction)
    thermal(net, 0, 1, 10.0, 50.0, 300.0, name="back", **values, chp_kind="back_pressure", c_m=0.5, eta_heat=0.9)
    add_row(net, "heat_zone", {"name": "town", "profile": "heat", "p_mw": 120.0})
    return case_of(net, profiles(3, heat=("heat", [1.0, 0.5, 0.0])), policy={"chp_mode": "heat_zone"})


CASES: dict[str, Callable[[], Case]] = {
    case.__name__: case
    for case in (
        thermal_bands,
        thermal_tiers,
        thermal_arcs,
        thermal_heat_end,
        thermal_outages,
        thermal_fuel,
        thermal_region,
    )
}
