"""Buses, circuits, transformers and reactors of a shipped network."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandapower as pp
import pandas as pd

from gridopt.network.build_tables import Tables, in_force

if TYPE_CHECKING:
    from pandapower import pandapowerNet

HIGH_KV, LOW_KV = 500.0, 220.0
LINE_EMERGENCY_PERCENT, TRAFO_EMERGENCY_PERCENT = 120.0, 130.0  # for twenty minutes to an hour (assumed)
REFERENCE_BUS = "HEXIN"  # strong 500 kV bus in the centre
# Switched plant on the tertiary of each 500/220 kV transformer: four steps of 60 Mvar of either kind (assumed).
STATION_STEPS, STATION_STEP_MVAR = 4, 60.0


def empty_net(name: str) -> pandapowerNet:
    """An empty net with a 100 MVA base."""
    return pp.create_empty_network(name=name, sn_mva=100.0, f_hz=50.0)


def add_buses(net: pandapowerNet, csv: Tables, year: int) -> None:
    """500 kV stations and boundary buses of the year, county nodes at 220 kV, pilot parks."""
    high = in_force(csv["substations"], year).assign(bus=lambda t: t["id"], pilot="")
    low = csv["nodes"].assign(vn_kv=LOW_KV, bus=lambda t: t["id"], pilot="")
    parks = in_force(csv["pilots"], year).assign(vn_kv=LOW_KV, name_en=lambda t: t["name"], pilot=lambda t: t["name"])
    rows = pd.concat([high, low, parks], ignore_index=True)
    pp.create_buses(net, len(rows), vn_kv=rows["vn_kv"].to_numpy(), name=rows["bus"].to_numpy())
    net.bus["geo"] = [
        json.dumps({"type": "Point", "coordinates": [float(lon), float(lat)]})
        for lat, lon in zip(rows["lat"], rows["lon"], strict=True)
    ]
    net.bus["zone"] = rows["city"].to_numpy()
    for column in ("city", "region", "pilot", "name_zh"):
        net.bus[column] = rows[column].to_numpy(dtype=object)
    net.bus["min_vm_pu"] = np.where(net.bus["vn_kv"] == HIGH_KV, 0.95, 0.93)
    net.bus["max_vm_pu"] = np.where(net.bus["vn_kv"] == HIGH_KV, 1.05, 1.07)
    bus = bus_index(net)[REFERENCE_BUS]
    pp.create_ext_grid(net, bus, vm_pu=1.02, name="reference", min_p_mw=0.0, max_p_mw=0.0)


def bus_index(net: pandapowerNet) -> pd.Series:
    """Index of each bus by its name."""
    return pd.Series(net.bus.index, index=net.bus["name"])


def add_branches(net: pandapowerNet, csv: Tables, year: int) -> None:
    """One row per circuit and per transformer."""
    bus = bus_index(net)
    lines = in_force(pd.concat([csv["lines_500kv"], csv["lines_220kv"]], ignore_index=True), year)
    kind = csv["line_types"].set_index("name").loc[lines["std_type"]]
    index = pp.create_lines_from_parameters(
        net,
        from_buses=bus[lines["from_bus"]].to_numpy(),
        to_buses=bus[lines["to_bus"]].to_numpy(),
        length_km=lines["length_km"].to_numpy(),
        # Conductors at 60 degrees: losses of loaded lines.
        r_ohm_per_km=kind["r_ohm_per_km_60c"].to_numpy(),
        x_ohm_per_km=kind["x_ohm_per_km"].to_numpy(),
        c_nf_per_km=kind["c_nf_per_km"].to_numpy(),
        max_i_ka=kind["max_i_ka"].to_numpy(),
        name=lines["name"].to_numpy(),
        type="ol",
        max_loading_percent=100.0,
    )
    net.line.loc[index, "std_type"] = lines["std_type"].to_numpy()
    _finish(net, "line", lines, LINE_EMERGENCY_PERCENT)
    # Circuits that stand for a neighbour's grid are no credible outages of this one.
    outside = net.bus["region"].eq("external")
    both = outside.loc[net.line["from_bus"]].to_numpy() & outside.loc[net.line["to_bus"]].to_numpy()
    net.line["contingency"] = ~both
    units = in_force(csv["transformers"], year)
    kind = csv["transformer_types"].set_index("name").loc[units["std_type"]]
    index = pp.create_transformers_from_parameters(
        net,
        hv_buses=bus[units["hv_bus"]].to_numpy(),
        lv_buses=bus[units["lv_bus"]].to_numpy(),
        sn_mva=kind["sn_mva"].to_numpy(),
        vn_hv_kv=kind["vn_hv_kv"].to_numpy(),
        vn_lv_kv=kind["vn_lv_kv"].to_numpy(),
        vk_percent=kind["vk_percent"].to_numpy(),
        vkr_percent=kind["vkr_percent"].to_numpy(),
        pfe_kw=kind["pfe_kw"].to_numpy(),
        i0_percent=kind["i0_percent"].to_numpy(),
        name=units["name"].to_numpy(),
        max_loading_percent=100.0,
        **_taps(len(units)),
    )
    net.trafo.loc[index, "std_type"] = units["std_type"].to_numpy()
    _finish(net, "trafo", units, TRAFO_EMERGENCY_PERCENT)
    net.trafo["contingency"] = True


def _taps(count: int) -> dict[str, object]:
    """Off-load taps of the high side, two steps of 2.5 % either way, in the middle."""
    values = {"tap_neutral": 0, "tap_min": -2, "tap_max": 2, "tap_pos": 0, "tap_step_percent": 2.5}
    taps: dict[str, object] = {key: np.full(count, value) for key, value in values.items()}
    return taps | {"tap_side": "hv", "tap_changer_type": "Ratio", "tap_step_degree": np.zeros(count)}


def _finish(net: pandapowerNet, element: str, rows: pd.DataFrame, emergency: float) -> None:
    table = net[element]
    table["parallel"] = 1
    table["emergency_loading_percent"] = emergency
    for column in ("commission_year", "retire_year"):
        table[column] = rows[column].to_numpy(dtype=float)


def add_shunts(net: pandapowerNet, csv: Tables, year: int) -> None:
    """Fixed line reactors, and switched reactors and capacitors at the stations (all out in the base).

    A shunt with ``q_mvar > 0`` is a reactor; ``step`` of ``max_step`` steps are in.
    """
    bus = bus_index(net)
    rows = in_force(csv["shunts"], year)
    rows = rows[rows["bus"].isin(bus.index)]
    for row in rows.itertuples():
        pp.create_shunt(
            net, int(bus[str(row.bus)]), q_mvar=row.q_mvar, vn_kv=HIGH_KV, name=row.name, step=1, max_step=1
        )
    for hv_bus, units in net.trafo.groupby("hv_bus"):
        station, steps = net.bus.at[hv_bus, "name"], STATION_STEPS * len(units)
        for kind, sign in (("reactor", 1.0), ("capacitor", -1.0)):
            pp.create_shunt(
                net,
                hv_bus,
                q_mvar=sign * STATION_STEP_MVAR,
                vn_kv=HIGH_KV,
                name=f"station {kind} {station}",
                step=0,
                max_step=steps,
            )
