"""Small solved cases for the audit, written once and read back from their files."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandapower as pp
import xarray as xr

import gridopt
from gridopt.case import Case, load_case
from gridopt.results.audit import Audit, View, audit_view
from gridopt.results.audit.proof_file import open_proof
from tests.model.systems import (
    add_row,
    case_of,
    generator,
    grid,
    hydro,
    load,
    profiles,
    put,
    response,
    storage,
    thermal,
    tie,
    wind,
)
from tests.results.lossy import ring_case

HOURS = 12


def _series(**more: tuple[str, list[float]]) -> xr.Dataset:
    hour = np.arange(HOURS)
    given = {
        "load": ("demand", (1 + 0.3 * np.sin(hour / 2)).tolist()),
        "wind": ("availability", (0.5 + 0.45 * np.cos(hour / 3)).tolist()),
        "contract": ("contract", (1 + 0.2 * np.sin(hour / 4)).tolist()),
        "heat": ("heat", (0.8 + 0.1 * np.cos(hour)).tolist()),
        "inflow": ("inflow", (1 + 0.5 * np.sin(hour)).tolist()),
        "low": ("level", [0.2] * HOURS),
        "high": ("level", [0.9] * HOURS),
    }
    return profiles(HOURS, **(given | more))


def network_case(**settings: object) -> Case:
    """Three buses in a ring with limits, an interface, a feed-in limit, plain generators, wind and a store."""
    net = grid(3, [(0, 1, 10.0, 90.0), (1, 2, 20.0, np.nan), (0, 2, 15.0, np.nan)])
    load(net, 1, 100.0, "load", name="town")
    load(net, 2, 60.0, name="works", kind="industrial")
    generator(net, 0, 200.0, 300.0, name="north", min_mw=10.0)
    generator(net, 2, 80.0, 500.0, name="south")
    wind(net, 0, 120.0, "wind", name="hill", curtailment_cost_cny_per_mwh=5.0)
    wind(net, 0, 60.0, "wind", name="ridge", curtailment_cost_cny_per_mwh=5.0)
    wind(net, 0, 40.0, "wind", name="crest", curtailment_cost_cny_per_mwh=5.0)
    thermal(net, 2, 2, 10.0, 30.0, 450.0, name="block", must_run_units=1.0)
    pp.create_sgen(net, 1, 4.0, name="roof", scaling=0.5, min_p_mw=0.0, max_p_mw=5.0, controllable=False)
    pp.create_shunt(net, 2, q_mvar=0.0, p_mw=0.5, name="reactor")
    storage(
        net,
        1,
        charge_mw=20.0,
        energy_mwh=60.0,
        efficiency=0.9,
        name="battery",
        throughput_cost_cny_per_mwh=8.0,
        exclusive=True,
        max_cycles_per_day=1.0,
        end="cyclic",
    )
    storage(
        net,
        0,
        charge_mw=15.0,
        energy_mwh=30.0,
        efficiency=0.95,
        name="at hill",
        co_located_sgen=0,
        connection_mw=110.0,
        grid_charging=False,
        throughput_cost_cny_per_mwh=5.0,
        exclusive=True,
    )
    put(net, "bus", 0, {"reverse_flow_max_mw": 150.0})
    add_row(net, "interface", {"name": "out of 0", "max_mw": 140.0, "min_mw": -50.0})
    for row in (0, 2):
        add_row(net, "interface_branch", {"interface": "out of 0", "element": "line", "index": row, "sign": 1})
    tie(
        net,
        2,
        20.0,
        name="export",
        profile="contract",
        band_mw=10.0,
        ramp_mw_per_h=8.0,
        price_cny_per_mwh=350.0,
        loss_pu=0.05,
        annual_mwh=1.0,
    )
    tie(
        net,
        1,
        15.0,
        name="channel",
        band_mw=5.0,
        price_cny_per_mwh=320.0,
        renewable_share_min=0.5,
        steps_per_day=2.0,
        kind="hvdc",
        min_p_mw=0.0,
    )
    policy = {"dr_share_of_peak": 0.0, "max_curtailment_rate": 0.3, "curtailment_sharing": "pro_rata", "co2_cap_t": 1e9}
    return case_of(net, _series(), policy=policy, unit_commitment="off", name="network", **settings)


def thermal_case(**settings: object) -> Case:
    """Clusters with bands, warm starts, an outage, minimum times and ramps, and reserves of every kind."""
    net = grid(1)
    load(net, 0, 300.0, "load", name="town")
    wind(net, 0, 150.0, "wind", name="hill")
    thermal(
        net,
        0,
        3,
        40.0,
        100.0,
        250.0,
        name="coal",
        min_up_h=3.0,
        min_down_h=2.0,
        ramp_up_mw_per_h=3 * 30.0,
        ramp_down_mw_per_h=3 * 30.0,
        startup_ramp_mw=3 * 50.0,
        shutdown_ramp_mw=3 * 50.0,
        start_cost_cny=9000.0,
        initial_on_units=2,
        initial_hours_in_state=1.0,
        initial_p_mw=120.0,
        co2_t_per_mwh=0.9,
        cp0_eur=300.0,
        inertia_s=4.0,
        max_reserve_mw=90.0,
        must_run_units=1.0,
        retrofitted=True,
    )
    thermal(
        net,
        0,
        2,
        10.0,
        80.0,
        420.0,
        name="gas",
        start_cost_cny=2000.0,
        initial_on_units=1,
        initial_hours_in_state=4.0,
        initial_p_mw=40.0,
        co2_t_per_mwh=0.4,
    )
    hydro(net, 0, 30.0, max_e_mwh=200.0, start_e_mwh=100.0, inflow_mw=10.0, profile="inflow")
    add_row(net, "deep_regulation", {"element": "gen", "index": 0, "width_mw": 30.0, "wear_cny_per_mwh": 20.0})
    add_row(net, "deep_regulation", {"element": "gen", "index": 0, "width_mw": 15.0, "wear_cny_per_mwh": 60.0})
    for hours, cost in ((0.0, 500.0), (3.0, 1200.0), (6.0, 2000.0)):
        add_row(net, "start_cost", {"element": "gen", "index": 1, "off_hours_from": hours, "cost_cny": cost})
    add_row(
        net,
        "outage",
        {"element": "gen", "index": 0, "kind": "forced", "start": "2030-01-01 05:00", "hours": 3.0, "units": 1.0},
    )
    storage(
        net,
        0,
        charge_mw=30.0,
        energy_mwh=90.0,
        efficiency=0.85,
        name="pumps",
        technology="phs",
        n_units=2,
        fixed_speed=True,
        min_discharge_pu=0.2,
        emergency=True,
        inertia_s=3.0,
    )
    for row in (
        {"name": "up", "share_of_load": 0.05},
        {"name": "down", "direction": "down", "share_of_load": 0.02},
        {"name": "inertia", "kind": "inertia", "mw": 800.0},
        {"name": "emergency", "kind": "emergency", "mw": 10.0, "duration_h": 2.0},
    ):
        add_row(net, "reserve_product", {"price_cny_per_mwh": 800.0} | row)
    response(
        net,
        20.0,
        600.0,
        name="stop",
        target="",
        hours_per_year=8760.0 / 3,
        calls_per_year=2190.0,
        hours_per_event=2.0,
        hours_per_day=3.0,
        rest_h=2.0,
    )
    response(net, 10.0, 50.0, name="shift", kind="shiftable", window_h=6.0, payback_pu=1.1)
    prices = {"co2_cny_per_t": 20.0}
    return case_of(net, _series(), policy={"dr_share_of_peak": 0.0}, prices=prices, **({"name": "thermal"} | settings))


def integer_case() -> Case:
    """The same with whole units."""
    return thermal_case(unit_commitment="integer", solver={"mip_gap": 0.0}, name="integer")


def heat_case() -> Case:
    """An extraction and a back-pressure plant, a heat pump, a boiler and a store heat a town."""
    net = grid(1)
    load(net, 0, 150.0, "load", name="town")
    wind(net, 0, 100.0, "wind", name="hill")
    thermal(
        net,
        0,
        2,
        30.0,
        80.0,
        260.0,
        name="extraction",
        technology="coal_chp",
        heat_zone="centre",
        chp_kind="extraction",
        c_m=0.8,
        c_v=0.15,
        max_heat_mw=120.0,
        initial_on_units=2,
        initial_p_mw=90.0,
    )
    thermal(
        net,
        0,
        1,
        5.0,
        30.0,
        300.0,
        name="back",
        technology="coal_chp",
        heat_zone="centre",
        chp_kind="back_pressure",
        c_m=0.5,
        eta_heat=0.9,
        max_heat_mw=50.0,
        initial_on_units=1,
        initial_p_mw=15.0,
    )
    zone = {
        "name": "centre",
        "profile": "heat",
        "p_mw": 150.0,
        "store_mwh": 100.0,
        "store_mw": 30.0,
        "store_loss_per_h": 0.01,
    }
    add_row(net, "heat_zone", zone)
    pump = {"name": "pump", "heat_zone": "centre", "kind": "heat_pump", "max_heat_mw": 40.0, "bus": 0.0, "cop": 3.0}
    add_row(net, "heat_source", pump)
    policy = {"chp_mode": "heat_zone", "dr_share_of_peak": 0.0}
    return case_of(net, _series(), policy=policy, name="heat")


def consumer_case() -> Case:
    """An electric fleet, an electrolyser with an ammonia loop, a prosumer, a pilot zone, a cascade."""
    net = grid(2, [(0, 1, 10.0, np.nan)])
    load(net, 0, 120.0, "load", name="town")
    generator(net, 0, 250.0, 350.0, name="north")
    wind(net, 0, 120.0, "wind", name="hill")
    add_row(
        net,
        "flexible_load",
        {
            "name": "fleet",
            "bus": 0,
            "kind": "ev",
            "profile": "load",
            "p_mw": 8.0,
            "max_p_mw": 30.0,
            "max_discharge_mw": 10.0,
            "plugged_profile": "wind",
            "eta": 0.9,
            "eta_discharge": 0.9,
            "max_e_mwh": 60.0,
            "wear_cny_per_mwh": 30.0,
        },
    )
    add_row(
        net,
        "flexible_load",
        {
            "name": "electrolyser",
            "bus": 0,
            "kind": "electrolyser",
            "max_p_mw": 20.0,
            "max_e_mwh": 50.0,
            "kg_h2_per_mwh": 19.0,
            "min_part_load_pu": 0.2,
            "eta": 0.7,
            "ramp_mw_per_h": 10.0,
            "annual_mwh": 50_000.0,
        },
    )
    add_row(
        net,
        "flexible_load",
        {
            "name": "loop",
            "bus": 0,
            "kind": "ammonia",
            "max_p_mw": 6.0,
            "min_p_mw": 1.0,
            "kg_h2_per_mwh": 30.0,
            "feeds": "electrolyser",
            "value_cny_per_mwh": 900.0,
        },
    )
    add_row(
        net,
        "prosumer",
        {
            "name": "park",
            "bus": 0,
            "kind": "park",
            "profile": "load",
            "p_mw": 20.0,
            "shift_share": 0.2,
            "shift_window_h": 6.0,
            "generation_mw": 10.0,
            "generation_cny_per_mwh": 330.0,
            "generation_co2_t_per_mwh": 0.5,
            "pv_mw": 15.0,
            "pv_profile": "wind",
            "store_mw": 5.0,
            "store_mwh": 10.0,
            "export_max_mw": 3.0,
            "import_max_mw": 25.0,
            "ramp_mw_per_h": 12.0,
        },
    )
    wind(net, 1, 60.0, "wind", name="pilot wind")
    load(net, 1, 25.0, "load", name="pilot works", kind="industrial")
    storage(net, 1, charge_mw=10.0, energy_mwh=20.0, efficiency=0.9, name="pilot battery")
    add_row(
        net,
        "pilot_zone",
        {
            "name": "zone",
            "bus": 1,
            "import_max_mw": 30.0,
            "export_max_mw": 25.0,
            "self_use_min": 0.3,
            "feed_in_max": 0.6,
            "self_supply_min": 0.2,
        },
    )
    for element, index in (("sgen", 1), ("load", 1), ("storage", 0)):
        add_row(net, "pilot_member", {"pilot": "zone", "element": element, "index": index})
    for name, size, upstream in (("upper", 12.0, ""), ("lower", 20.0, "upper lake")):
        generator(net, 0, size, 0.0, name=name, technology="hydro_reservoir", reservoir=f"{name} lake")
        add_row(
            net,
            "reservoir",
            {
                "name": f"{name} lake",
                "gen": name,
                "mw_per_m3_per_s": 0.5,
                "max_v_mm3": 1.0,
                "min_v_mm3": 0.05,
                "start_v_mm3": 0.5,
                "inflow_m3_per_s": 10.0,
                "profile": "inflow",
                "min_release_m3_per_s": 2.0,
                "upstream": upstream,
                "delay_h": 2.0,
                "band_low_profile": "low",
                "band_high_profile": "high",
                "ramp_mw_per_h": 6.0,
            },
        )
    return case_of(net, _series(), policy={"dr_share_of_peak": 0.0}, unit_commitment="relaxed", name="consumer")


CASES: dict[str, Callable[[], Case]] = {
    "network": network_case,
    "thermal": thermal_case,
    "integer": integer_case,
    "heat": heat_case,
    "consumer": consumer_case,
    "losses": lambda: ring_case(HOURS, name="losses"),
}


@cache
def written(name: str) -> View:
    """A solved case as its files have it; never change it in place."""
    with tempfile.TemporaryDirectory() as folder:
        return view_of(gridopt.solve(CASES[name]()).save(Path(folder) / "out"))


def view_of(folder: Path) -> View:
    """The files of a result, in memory."""
    with xr.open_dataset(folder / "results.nc") as opened:
        data = opened.load()
    with open_proof(folder) as arrays:
        proof = None if arrays is None else dict(arrays)
    return View(load_case(folder), data, json.loads((folder / "summary.json").read_text(encoding="utf-8")), proof)


def spoiled(name: str, change: Callable[[View], None], **settings: dict[str, object]) -> Audit:
    """Audit of a copy in which something was changed; ``settings`` change groups of the settings."""
    view = written(name)
    groups = {group: getattr(view.settings, group).model_copy(update=values) for group, values in settings.items()}
    case = replace(view.case, net=copy.deepcopy(view.case.net), settings=view.settings.model_copy(update=groups))
    mine = View(case, view.data.copy(deep=True), copy.deepcopy(view.summary))
    change(mine)
    # a changed net is a changed case: here it still counts as the one that was solved
    mine.data.attrs["input_sha256"] = case.input_sha256
    return audit_view(mine)
