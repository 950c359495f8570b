"""Random small systems with every component, for runs over several windows."""

from __future__ import annotations

import numpy as np
import pandapower as pp
import pandas as pd
import xarray as xr

from tests.model.systems import (
    START,
    add_row,
    generator,
    grid,
    hydro,
    line,
    load,
    profiles,
    put,
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


def whole_system(seed: int, steps: int, step_h: float = 1.0) -> tuple[pp.pandapowerNet, xr.Dataset]:
    """The small system with every other component too: each has tight and loose rules at random."""
    net, series = random_case(seed, steps, step_h)
    rng = np.random.default_rng([seed, 1])
    _clusters_details(net, rng)
    _water(net, rng)
    _stores(net, rng)
    _demand_side(net, rng)
    _heat(net, rng)
    _rules(net, rng)
    return net, series.merge(_more_profiles(rng, steps, step_h))


def _clusters_details(net: pp.pandapowerNet, rng: np.random.Generator) -> None:
    """Start tiers, regulation bands, inertia, an outage."""
    for row in net.gen.index[net.gen["committable"].eq(True)]:
        size = float(net.gen.at[row, "max_p_mw"])
        put(
            net,
            "gen",
            row,
            {"inertia_s": 4.0, "co2_t_per_mwh": 0.8, "max_reserve_mw": float(rng.uniform(0.1, 0.4) * size)},
        )
        if rng.random() < 0.5:
            cold = float(rng.integers(3000, 6000))
            for hours, share in ((0.0, 0.3), (float(rng.integers(2, 6)), 0.6), (float(rng.integers(8, 12)), 1.0)):
                tier = {"element": "gen", "index": row, "off_hours_from": hours, "cost_cny": share * cold}
                add_row(net, "start_cost", tier)
        if rng.random() < 0.5:
            put(net, "gen", row, {"retrofitted": True})
            width = float(rng.uniform(0.1, 0.5)) * float(net.gen.at[row, "min_p_mw"])
            band = {
                "element": "gen",
                "index": row,
                "width_mw": width,
                "wear_cny_per_mwh": 40.0,
                "price_cny_per_mwh": 400.0,
            }
            add_row(net, "deep_regulation", band)
    kind = str(rng.choice(["maintenance", "forced"]))
    begin = (START + pd.Timedelta(hours=int(rng.integers(2, 15)))).isoformat(sep=" ")
    out = {"element": "gen", "index": int(net.gen.index[0]), "kind": kind, "start": begin, "units": 1.0}
    add_row(net, "outage", out | {"hours": float(rng.integers(2, 9))})


def _water(net: pp.pandapowerNet, rng: np.random.Generator) -> None:
    """A second plant two hours below the reservoir, both counted in volume."""
    upper = str(net["reservoir"]["name"].iloc[0])
    volume = {
        "mw_per_m3_per_s": 0.5,
        "max_v_mm3": 2.0,
        "min_v_mm3": 0.2,
        "start_v_mm3": 1.0,
        "inflow_m3_per_s": 40.0,
        "min_release_m3_per_s": float(rng.choice([0.0, 8.0])),
    }
    for column, value in volume.items():
        net["reservoir"][column] = value
    below = volume | {"mw_per_m3_per_s": 0.3, "inflow_m3_per_s": 5.0, "ramp_mw_per_h": float(rng.choice([5.0, 50.0]))}
    below |= {"upstream": upper, "delay_h": float(rng.integers(0, 4)), "profile": "inflow"}
    hydro(net, 1, 25.0, max_e_mwh=1.0, start_e_mwh=1.0, inflow_mw=1.0, **below)


def _stores(net: pp.pandapowerNet, rng: np.random.Generator) -> None:
    """Pumped storage of two units, and a battery behind the wind park."""
    storage(
        net,
        0,
        charge_mw=60.0,
        energy_mwh=240.0,
        efficiency=0.87,
        technology="phs",
        n_units=2,
        fixed_speed=bool(rng.random() < 0.5),
        min_discharge_pu=0.4,
        emergency=True,
        inertia_s=3.0,
        exclusive=True,
    )
    storage(
        net,
        1,
        charge_mw=20.0,
        energy_mwh=40.0,
        efficiency=0.95,
        co_located_sgen=float(net.sgen.index[0]),
        connection_mw=float(rng.choice([200.0, 260.0])),
        grid_charging=bool(rng.random() < 0.5),
        max_cycles_per_day=1.0,
        throughput_cost_cny_per_mwh=30.0,
    )


def _demand_side(net: pp.pandapowerNet, rng: np.random.Generator) -> None:
    """Programs of every kind, flexible loads, a prosumer."""
    rules = {
        "hours_per_year": 2000.0,
        "calls_per_year": 800.0,
        "hours_per_event": 3.0,
        "hours_per_day": 4.0,
        "rest_h": 2.0,
    }
    response(net, 15.0, 500.0, name="industry", **rules)
    response(net, 12.0, 20.0, name="shift", kind="shiftable", window_h=float(rng.choice([6.0, 8.0])), payback_pu=1.05)
    response(net, 8.0, 800.0, name="step", kind="elastic")
    response(net, 10.0, 120.0, name="valley", kind="valley_filling")
    common = {"max_e_mwh": 60.0, "eta": 0.9, "shortfall_cny_per_mwh": 4000.0}
    add_row(
        net,
        "flexible_load",
        {"name": "cars", "bus": 0, "kind": "ev", "p_mw": 6.0, "max_p_mw": 30.0, "max_discharge_mw": 10.0}
        | common
        | {"eta_discharge": 0.9, "plugged_profile": "plugged", "profile": "driving", "wear_cny_per_mwh": 50.0},
    )
    add_row(
        net,
        "flexible_load",
        {"name": "hydrogen", "bus": 1, "kind": "electrolyser", "p_mw": 5.0, "max_p_mw": 25.0, "min_part_load_pu": 0.2}
        | common
        | {"ramp_mw_per_h": 15.0, "annual_mwh": float(rng.choice([40_000.0, 150_000.0])), "kg_h2_per_mwh": 20.0},
    )
    add_row(
        net,
        "prosumer",
        {"name": "works", "bus": 2, "kind": "captive", "p_mw": 30.0, "profile": "driving", "shift_share": 0.2}
        | {"shift_window_h": 6.0, "generation_mw": 25.0, "generation_min_mw": 8.0, "generation_cny_per_mwh": 280.0}
        | {"pv_mw": 15.0, "pv_profile": "plugged", "store_mw": 5.0, "store_mwh": 10.0, "export_max_mw": 6.0}
        | {"import_max_mw": 35.0, "ramp_mw_per_h": float(rng.choice([12.0, 60.0])), "generation_co2_t_per_mwh": 0.9},
    )


def _heat(net: pp.pandapowerNet, rng: np.random.Generator) -> None:
    """A heated town with a store, a boiler, an electric boiler, an extraction and at times a back-pressure plant."""
    if "heat_zone" not in net or net["heat_zone"].empty:
        add_row(net, "heat_zone", {"name": "town", "profile": "heat"})
    else:  # the first cluster heats the town: its units give heat in proportion to power
        put(net, "gen", int(net.gen.index[0]), {"chp_kind": "back_pressure", "c_m": 0.8, "eta_heat": 0.9})
    zones = net["heat_zone"].assign(p_mw=60.0, store_mwh=50.0, store_mw=15.0, store_loss_per_h=0.01)
    net["heat_zone"] = zones
    for kind, most, cost in (("boiler", 60.0, 180.0), ("electric_boiler", 20.0, 0.0)):
        source = {"name": kind, "heat_zone": "town", "kind": kind, "max_heat_mw": most, "cost_cny_per_mwh": cost}
        add_row(net, "heat_source", source | {"bus": 0.0, "cop": 0.98, "co2_t_per_mwh": 0.35 if cost else 0.0})
    row = int(net.gen.index[1])
    size = float(net.gen.at[row, "max_p_mw"])
    heat = {"chp_kind": "extraction", "c_m": 0.75, "c_v": 0.15, "max_heat_mw": 0.5 * size, "heat_zone": "town"}
    put(net, "gen", row, heat | {"heat_season_min_pu": 0.0})


def _rules(net: pp.pandapowerNet, rng: np.random.Generator) -> None:
    """A park with rules, a channel with a renewable share, reserves."""
    bus = pp.create_bus(net, 220.0, name="park")
    line(net, 1, bus, 10.0, 120.0)
    load(net, bus, 25.0, "load")
    park = wind(net, bus, 60.0, "wind")
    add_row(
        net,
        "pilot_zone",
        {"name": "pilot", "bus": bus, "import_max_mw": 40.0, "export_max_mw": 30.0, "self_use_min": 0.5}
        | {"feed_in_max": float(rng.choice([0.2, 0.6])), "self_supply_min": 0.3},
    )
    add_row(net, "pilot_member", {"pilot": "pilot", "element": "sgen", "index": park})
    add_row(net, "pilot_member", {"pilot": "pilot", "element": "load", "index": int(net.load.index[-1])})
    net["tie"]["renewable_share_min"] = float(rng.choice([0.0, 0.5]))
    products: tuple[dict[str, object], ...] = (
        {"name": "up", "share_of_load": 0.05, "largest_unit": bool(rng.random() < 0.3)},
        {"name": "down", "direction": "down", "share_of_wind": 0.1},
        {"name": "inertia", "kind": "inertia", "mw": 300.0},
        {"name": "emergency", "kind": "emergency", "mw": 25.0, "duration_h": 2.0},
    )
    for product in products:
        add_row(net, "reserve_product", product | {"price_cny_per_mwh": 300.0 if product["name"] != "inertia" else 3.0})


def _more_profiles(rng: np.random.Generator, steps: int, step_h: float) -> xr.Dataset:
    hour = np.arange(1, steps + 1) * step_h
    return profiles(
        steps,
        step_h,
        driving=("demand", 1 + 0.5 * np.sin(2 * np.pi * (hour - 3) / 24)),
        plugged=("availability", np.clip(0.6 + 0.4 * np.cos(2 * np.pi * hour / 24), 0, 1)),
    )


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
