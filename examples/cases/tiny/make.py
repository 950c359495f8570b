"""Make the network and the profiles of the case `tiny`: five buses, 48 winter hours, every component once.

    python examples/cases/tiny/make.py [folder]

Invented numbers of a plausible size. The west is a pilot zone with more wind and sun than its lines can carry and with
hydrogen and ammonia, the centre has heat-led plants and vehicles, the south has industry and roofs, the east has a
cascade and pumped storage, and power leaves over an AC tie and an HVDC line at the border.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandapower as pp
import pandas as pd
from demand_side import add_flexible_loads, add_prosumers, add_responses

SEED = 2030
START = pd.Timestamp("2030-01-15 01:00")
HOURS = 48

# name: (kV, longitude, latitude, region)
BUSES = {
    "west": (220.0, 123.0, 45.2, "west"),
    "centre": (220.0, 125.3, 43.9, "central"),
    "south": (220.0, 125.2, 42.9, "central"),
    "east": (220.0, 127.6, 42.8, "east"),
    "border": (500.0, 126.5, 45.0, "external"),
}
# name: (from, to, km, thermal limit of one circuit in kA)
LINES = {
    "west-centre 1": ("west", "centre", 190.0, 0.50),
    "west-centre 2": ("west", "centre", 190.0, 0.50),
    "west-south": ("west", "south", 230.0, 0.40),
    "centre-south 1": ("centre", "south", 110.0, 0.80),
    "centre-south 2": ("centre", "south", 110.0, 0.80),
    "centre-east": ("centre", "east", 210.0, 0.80),
    "south-east": ("south", "east", 200.0, 0.80),
}
LINE_ELECTRICAL = {"r_ohm_per_km": 0.06, "x_ohm_per_km": 0.30, "c_nf_per_km": 12.0}


def network() -> pp.pandapowerNet:
    """The five buses with everything on them."""
    net = pp.create_empty_network(name="tiny")
    at = {
        name: pp.create_bus(net, kv, name=name, geodata=(longitude, latitude), zone="tiny", region=region)
        for name, (kv, longitude, latitude, region) in BUSES.items()
    }
    add_branches(net, at)
    add_loads(net, at)
    add_thermal(net, at)
    add_water(net, at)
    add_renewables_and_storage(net, at)
    add_sections_and_ties(net, at)
    add_heat(net, at)
    add_reservoirs(net)
    add_unit_tables(net)
    add_flexible_loads(net, at)
    add_prosumers(net, at)
    add_responses(net)
    add_reserves(net)
    add_pilot(net, at)
    pp.create_ext_grid(net, at["centre"], vm_pu=1.02, name="reference", min_p_mw=0.0, max_p_mw=0.0, controllable=True)
    return net


def add_branches(net: pp.pandapowerNet, at: dict[str, int]) -> None:
    """Lines of single circuits, and two transformers to the border."""
    for name, (start, end, length_km, max_i_ka) in LINES.items():
        pp.create_line_from_parameters(
            net, at[start], at[end], length_km, **LINE_ELECTRICAL, max_i_ka=max_i_ka, name=name,
            max_loading_percent=100.0, emergency_loading_percent=120.0, contingency=True,
        )  # fmt: skip
    for number in (1, 2):
        pp.create_transformer_from_parameters(
            net, at["border"], at["centre"], sn_mva=400.0, vn_hv_kv=500.0, vn_lv_kv=220.0, vkr_percent=0.25,
            vk_percent=14.0, pfe_kw=100.0, i0_percent=0.05, name=f"border-centre {number}",
            max_loading_percent=100.0, emergency_loading_percent=130.0, contingency=True,
        )  # fmt: skip


def add_loads(net: pp.pandapowerNet, at: dict[str, int]) -> None:
    """Annual mean MW; the profile gives the hours."""
    for bus, name, mean_mw, kind, profile in (
        ("west", "west city", 90.0, "city", "load"),
        ("centre", "centre city", 440.0, "city", "load"),
        ("centre", "centre industry", 120.0, "industrial", "load_industrial"),
        ("south", "south city", 250.0, "city", "load"),
        ("south", "south industry", 60.0, "industrial", "load_industrial"),
        ("east", "east city", 60.0, "city", "load"),
    ):
        pp.create_load(net, at[bus], mean_mw, q_mvar=0.1 * mean_mw, name=name, kind=kind, profile=profile)


def add_thermal(net: pp.pandapowerNet, at: dict[str, int]) -> None:
    """Clusters of equal units: heat-led, condensing, a gas turbine, biomass."""
    clusters = {
        "centre chp": ("centre", 3, 600.0, 0.40, 245.0, 16_000.0, 350_000.0, 8, "coal_chp"),
        "south coal": ("south", 2, 600.0, 0.45, 270.0, 14_000.0, 450_000.0, 8, "coal"),
        "south gas": ("south", 2, 160.0, 0.30, 640.0, 4_000.0, 20_000.0, 1, "gas"),
        "east biomass": ("east", 1, 30.0, 0.50, 330.0, 0.0, 10_000.0, 4, "biomass"),
    }
    for name, (bus, units, size_mw, lowest, cp1, cp0, start, hours, technology) in clusters.items():
        coal = technology.startswith("coal")
        gen = pp.create_gen(
            net, at[bus], 0.6 * size_mw, vm_pu=1.02, name=name, min_p_mw=lowest * size_mw,
            max_p_mw=size_mw, min_q_mvar=-0.3 * size_mw, max_q_mvar=0.5 * size_mw, controllable=True,
            technology=technology, n_units=units, committable=True, min_up_h=hours, min_down_h=hours,
            ramp_up_mw_per_h=0.5 * size_mw, ramp_down_mw_per_h=0.5 * size_mw,
            startup_ramp_mw=max(lowest, 0.5) * size_mw, shutdown_ramp_mw=max(lowest, 0.5) * size_mw,
            start_cost_cny=start, initial_on_units=units if coal else 0,
            initial_p_mw=0.7 * size_mw if coal else 0.0, initial_hours_in_state=24.0,
            co2_t_per_mwh={"gas": 0.40, "biomass": 0.0}.get(technology, 0.85),
            coal_tce_per_mwh=0.30 if coal else 0.0, inertia_s=4.0, maintenance_days=25.0,
            max_reserve_mw=0.3 * size_mw,
        )  # fmt: skip
        pp.create_poly_cost(net, gen, "gen", cp1_eur_per_mw=cp1, cp0_eur=cp0)
    chp = net.gen["name"] == "centre chp"
    net.gen["heat_zone"] = np.where(chp, "centre", "")
    net.gen["chp_kind"] = np.where(chp, "extraction", "")
    for column, value in (
        *(("must_run_units", 2), ("heat_season_min_pu", 0.62), ("heat_season_max_pu", 0.92)),
        *(("c_m", 0.9), ("c_v", 0.15), ("max_heat_mw", 420.0), ("heat_offset_mw", 10.0)),
    ):
        net.gen.loc[chp, column] = value
    net.gen["retrofitted"] = net.gen["name"] == "south coal"


def add_water(net: pp.pandapowerNet, at: dict[str, int]) -> None:
    """Two plants below reservoirs, the upper one first on the river, and one that runs with the river."""
    lakes = {"east dam": "east lake", "upper dam": "upper lake"}
    for name, size_mw, technology, profile in (
        ("east dam", 150.0, "hydro_reservoir", ""),
        ("east river", 40.0, "hydro_ror", "hydro_ror"),
        ("upper dam", 60.0, "hydro_reservoir", ""),
    ):
        pp.create_gen(
            net, at["east"], 0.3 * size_mw, vm_pu=1.02, name=name, min_p_mw=0.0, max_p_mw=size_mw,
            min_q_mvar=-0.3 * size_mw, max_q_mvar=0.4 * size_mw, controllable=True, technology=technology,
            profile=profile, reservoir=lakes.get(name, ""), inertia_s=3.0,
        )  # fmt: skip


def add_renewables_and_storage(net: pp.pandapowerNet, at: dict[str, int]) -> None:
    """Wind and sun mostly in the west; a battery there, pumped storage in the east."""
    for bus, name, size_mw, technology in (
        ("west", "west wind", 620.0, "wind"),
        ("west", "west solar", 300.0, "solar"),
        ("south", "south wind", 120.0, "wind"),
        ("south", "south roofs", 60.0, "solar_distributed"),
    ):
        pp.create_sgen(
            net, at[bus], 0.0, q_mvar=0.0, name=name, min_p_mw=0.0, max_p_mw=size_mw, controllable=True,
            technology=technology, profile=f"{technology.split('_')[0]}_{bus}",
        )  # fmt: skip
    for bus, name, discharge_mw, charge_mw, hours, technology, efficiency, wear in (
        ("east", "east pumped storage", 200.0, 210.0, 6.0, "phs", 0.87, 1.0),
        ("west", "west battery", 80.0, 80.0, 2.0, "battery", 0.94, 20.0),
    ):
        energy = discharge_mw * hours
        pp.create_storage(
            net, at[bus], 0.0, max_e_mwh=energy, min_e_mwh=0.05 * energy, soc_percent=50.0, name=name,
            max_p_mw=charge_mw, min_p_mw=-discharge_mw, controllable=True, technology=technology,
            eta_charge=efficiency, eta_discharge=efficiency, throughput_cost_cny_per_mwh=wear,
            end="cyclic", n_units=2,
        )  # fmt: skip
    battery = net.storage["technology"] == "battery"
    net.storage["max_cycles_per_day"] = np.where(battery, 2.0, np.nan)
    net.storage["co_located_sgen"] = np.where(
        battery, float(net.sgen.index[net.sgen["name"] == "west wind"][0]), np.nan
    )
    net.storage["grid_charging"] = ~battery
    net.storage["exclusive"] = battery
    for column in ("fixed_speed", "emergency"):
        net.storage[column] = ~battery
    net.storage["min_discharge_pu"] = np.where(battery, 0.0, 0.3)
    net.storage["inertia_s"] = np.where(battery, 0.0, 3.5)
    # Roofs may load what feeds the south back into the grid to 80 % of one circuit.
    net.bus["reverse_flow_max_mw"] = np.where(net.bus["name"] == "south", 240.0, np.nan)


def add_sections_and_ties(net: pp.pandapowerNet, at: dict[str, int]) -> None:
    """Contracts with the neighbours, one with a least share of wind and solar of the south, and a section."""
    net["tie"] = pd.DataFrame(
        {
            "name": ["north tie", "hvdc"],
            "bus": [at["border"], at["border"]],
            "kind": ["ac", "hvdc"],
            "p_mw": [50.0, 120.0],
            "profile": ["tie_north", "tie_hvdc"],
            "band_mw": [60.0, 0.0],
            "min_p_mw": [-150.0, 60.0],
            "max_p_mw": [150.0, 200.0],
            "ramp_mw_per_h": [80.0, 100.0],
            "steps_per_day": [np.nan, 3.0],
            "price_cny_per_mwh": [290.0, 320.0],
            "annual_mwh": [50.0 * 8760.0, np.nan],
            "energy_period": ["month", "year"],
            "deviation_mwh": [800.0, np.nan],
            "renewable_share_min": [0.0, 0.4],
            "base": ["", "central"],
        }
    )
    west = [index for index, name in net.line["name"].items() if name.startswith("west-")]
    net["interface"] = pd.DataFrame(
        {"name": ["west_export"], "name_zh": ["西部外送断面"], "max_mw": [400.0], "direction": ["west to centre"]}
    )
    net["interface_branch"] = pd.DataFrame({"interface": "west_export", "element": "line", "index": west, "sign": 1})


def add_heat(net: pp.pandapowerNet, at: dict[str, int]) -> None:
    """A zone with a store, and everything that can heat it beside the heat-led plants."""
    net["heat_zone"] = pd.DataFrame(
        {
            "name": ["centre"],
            "profile": ["heat_centre"],
            "p_mw": [450.0],
            "store_mwh": [240.0],
            "store_mw": [40.0],
            "store_loss_per_h": [0.002],
        }
    )
    net["heat_source"] = pd.DataFrame(
        {
            "name": ["coal boiler", "electric boiler", "heat pump", "heat reactor", "hot wells"],
            "heat_zone": "centre",
            "kind": ["boiler", "electric_boiler", "heat_pump", "nuclear", "geothermal"],
            "max_heat_mw": [250.0, 50.0, 15.0, 40.0, 10.0],
            "min_heat_mw": [0.0, 0.0, 0.0, 15.0, 0.0],
            "cost_cny_per_mwh": [140.0, 5.0, 10.0, 60.0, 30.0],
            "bus": [np.nan, at["centre"], at["centre"], np.nan, np.nan],
            "cop": [1.0, 0.98, 3.0, 1.0, 1.0],
            "co2_t_per_mwh": [0.40, 0.0, 0.0, 0.0, 0.0],
            "coal_tce_per_mwh": [0.145, 0.0, 0.0, 0.0, 0.0],
        }
    )


def add_reservoirs(net: pp.pandapowerNet) -> None:
    """A cascade in volumes: what leaves the upper lake reaches the east lake three hours later."""
    net["reservoir"] = pd.DataFrame(
        {
            "name": ["east lake", "upper lake"],
            "gen": ["east dam", "upper dam"],
            "mw_per_m3_per_s": [0.50, 0.40],
            "max_v_mm3": [21.6, 8.0],
            "min_v_mm3": [4.3, 1.0],
            "start_v_mm3": [10.8, 5.0],
            "inflow_m3_per_s": [50.0, 60.0],
            "min_release_m3_per_s": [20.0, 0.0],
            "profile": ["inflow_east", "inflow_east"],
            "band_high_profile": ["level_east", ""],
            "ramp_mw_per_h": [80.0, np.nan],
            "upstream": ["upper lake", ""],
            "delay_h": [3.0, 0.0],
        }
    )


def add_unit_tables(net: pp.pandapowerNet) -> None:
    """Bands below the minimum of the retrofitted cluster, start costs by state, a failure of a gas turbine."""
    row = {name: int(index) for index, name in net.gen["name"].items()}
    south, gas = row["south coal"], row["south gas"]
    net["deep_regulation"] = pd.DataFrame(
        {
            "element": "gen",
            "index": [south, south],
            "width_mw": [45.0, 45.0],
            "wear_cny_per_mwh": [50.0, 100.0],
            "price_cny_per_mwh": [373.1, 373.1],
        }
    )
    net["start_cost"] = pd.DataFrame(
        {
            "element": "gen",
            "index": [south] * 3 + [row["centre chp"]] * 3,
            "off_hours_from": [0.0, 12.0, 60.0] * 2,
            "cost_cny": [360_000.0, 450_000.0, 720_000.0, 280_000.0, 350_000.0, 560_000.0],
        }
    )
    net["outage"] = pd.DataFrame(
        {
            "element": ["gen"],
            "index": [gas],
            "kind": ["forced"],
            "start": ["2030-01-16 16:00"],
            "hours": [5.0],
            "units": [1.0],
        }
    )


def add_reserves(net: pp.pandapowerNet) -> None:
    """Up, down and ramp, kinetic energy, and power held for the neighbours in an emergency."""
    net["reserve_product"] = pd.DataFrame(
        {
            "name": ["up", "down", "ramp", "inertia", "emergency"],
            "kind": ["spinning", "spinning", "spinning", "inertia", "emergency"],
            "direction": ["up", "down", "up", "up", "up"],
            "response_min": [10.0, 10.0, 60.0, 10.0, 10.0],
            "duration_h": [1.0, 1.0, 1.0, 0.0, 2.0],
            "mw": [0.0, 0.0, 0.0, 2000.0, 40.0],
            "share_of_load": [0.05, 0.03, 0.0, 0.0, 0.0],
            "share_of_wind": [0.05, 0.05, 0.0, 0.0, 0.0],
            "share_of_solar": [0.05, 0.05, 0.0, 0.0, 0.0],
            "share_of_ramp": [0.0, 0.0, 0.5, 0.0, 0.0],
            "largest_unit": [False, False, False, False, False],
            "price_cny_per_mwh": [3000.0, 1000.0, 1000.0, 10.0, 2000.0],
        }
    )


def add_pilot(net: pp.pandapowerNet, at: dict[str, int]) -> None:
    """The west as one customer of the grid: everything on its bus is a member."""
    net["pilot_zone"] = pd.DataFrame(
        {
            "name": ["west_park"],
            "bus": [at["west"]],
            "import_max_mw": [150.0],
            "export_max_mw": [600.0],
            "self_use_min": [0.10],
            "feed_in_max": [0.90],
            "self_supply_min": [0.30],
        }
    )
    members = [
        ("west_park", table, int(index))
        for table in ("gen", "sgen", "storage", "load")
        for index in net[table].index[net[table]["bus"] == at["west"]]
    ]
    net["pilot_member"] = pd.DataFrame(members, columns=["pilot", "element", "index"])


def profiles() -> pd.DataFrame:
    """Hourly series: a windy, then a calm day; smooth noise from a fixed seed."""
    random = np.random.default_rng(SEED)
    time = pd.date_range(START, periods=HOURS, freq="h", name="time")
    hour = (time - pd.Timedelta(hours=0.5)).hour.to_numpy() + 0.5
    elapsed = np.arange(HOURS) + 0.5

    def noise(size: float) -> np.ndarray:
        rough = random.normal(size=HOURS + 4)
        return size * np.convolve(rough, np.full(5, 0.2), mode="valid")

    def hump(centre_h: float, width_h: float) -> np.ndarray:
        distance = (hour - centre_h + 12) % 24 - 12
        return np.exp(-0.5 * (distance / width_h) ** 2)

    sun = np.clip(np.sin(np.pi * (hour - 7.2) / 9.4), 0, None) * ((hour > 7.2) & (hour < 16.6))

    def wind(delay_h: float) -> np.ndarray:
        return 0.30 + 0.62 / (1 + np.exp((elapsed - 26 - delay_h) / 3)) - 0.22 * hump(15 + delay_h, 3)

    city = 1.00 + 0.16 * hump(9, 2.5) + 0.30 * hump(18, 2.2) - 0.20 * hump(3, 3)
    staircase = np.where((hour > 8) & (hour < 21), 1.25, 0.75)
    table = {
        "load": city + noise(0.02),
        "load_industrial": 1.0 + 0.05 * hump(13, 5) + noise(0.02),
        "wind_west": np.clip(wind(0) + noise(0.08), 0, 1),
        "wind_south": np.clip(0.8 * wind(2) + noise(0.10), 0, 1),
        "solar_west": 0.62 * sun * np.clip(1 + noise(0.15), 0, 1.2),
        "solar_south": 0.50 * sun * np.clip(1 + noise(0.20), 0, 1.2),
        "hydro_ror": np.clip(0.25 + noise(0.03), 0, 1),
        "inflow_east": np.clip(0.60 + noise(0.05), 0, None),
        "heat_centre": np.clip(0.80 + 0.12 * hump(5, 4) - 0.10 * hump(14, 4), 0, 1),
        "use_ev": 0.4 + 1.4 * hump(8, 1.5) + 1.4 * hump(18, 1.5),
        "plugged_ev": np.clip(0.88 - 0.45 * hump(13, 4), 0, 1),
        "use_heating": 1.0 + 0.15 * hump(5, 4) - 0.12 * hump(14, 4),
        "level_east": np.where(elapsed < 24, 1.0, 0.9),
        "tie_north": 1.0 + 0.4 * hump(12, 4),
        "tie_hvdc": staircase,
    }
    return pd.DataFrame(table, index=time).round(4)


def main(folder: Path) -> None:
    """Write `network.json` and `profiles.csv`."""
    pp.to_json(network(), folder / "network.json")
    profiles().to_csv(folder / "profiles.csv", lineterminator="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
