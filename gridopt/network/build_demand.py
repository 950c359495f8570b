"""Loads that can't shift, and pilot parks, of a shipped network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandapower as pp
import pandas as pd

from gridopt.network.build_grid import bus_index
from gridopt.network.build_tables import Tables, in_force

if TYPE_CHECKING:
    from pandapower import pandapowerNet

MWH_PER_TWH, HOURS_PER_YEAR = 1e6, 8760.0
CARVED = ("industry", "data_centre", "prosumer")  # columns of demand.csv that are a part of the cities


def add_loads(net: pandapowerNet, csv: Tables, year: int) -> None:
    """Loads with their annual mean [MW]; with flexible loads and prosumers they are the year's consumption.

    Production, data centres and prosumers are a part of what the city of their node consumes.
    """
    bus = bus_index(net)
    energy = csv["demand"].query("year == @year").iloc[0].to_dict()
    energy["city"] += sum(energy[kind] for kind in CARVED)
    rows = csv["loads"]
    rows = rows[rows["bus"].isin(bus.index)]
    # Shares count only the sites that are there: parks enter later than the other electrolysers.
    share = rows["share"] / rows["share"].groupby(rows["kind"]).transform("sum")
    p_mw = share * rows["kind"].map(energy).astype(float) * MWH_PER_TWH / HOURS_PER_YEAR
    p_mw = p_mw - rows["bus"].map(_carved_mw(net)).fillna(0.0).where(rows["kind"] == "city", 0.0)
    rows = rows.assign(p_mw=p_mw)[p_mw > 0]
    pp.create_loads(
        net,
        bus[rows["bus"]].to_numpy(),
        p_mw=rows["p_mw"].to_numpy(),
        q_mvar=(rows["p_mw"] * rows["q_per_p"]).to_numpy(),
        name=rows["name"].to_numpy(),
    )
    for column in ("profile", "kind", "value_of_lost_load_cny_per_mwh"):
        net.load[column] = rows[column].to_numpy()


def _carved_mw(net: pandapowerNet) -> pd.Series:
    """Mean consumption by name of the bus [MW] that is modelled apart from the city it belongs to."""
    flexible, own = net["flexible_load"], net["prosumer"]
    part = flexible[flexible["kind"].isin(CARVED)]
    mean = pd.concat([(part["p_mw"] / part["eta"]).groupby(part["bus"]).sum(), own.groupby("bus")["p_mw"].sum()])
    total: pd.Series = mean.groupby(level=0).sum()
    return total.set_axis(net.bus["name"].loc[total.index])


def add_pilots(net: pandapowerNet, csv: Tables, year: int) -> None:
    """Pilot parks with everything that stands on their bus."""
    bus = bus_index(net)
    rows = in_force(csv["pilots"], year)
    zone = rows[
        ["name", "import_max_mw", "export_max_mw", "self_use_min", "feed_in_max", "self_supply_min", "storage_exports"]
    ].copy()
    zone.insert(1, "bus", bus.reindex(rows["bus"]).to_numpy(dtype=np.int64))
    members = [
        (pilot, element, int(index))
        for pilot, at in zip(zone["name"], zone["bus"], strict=True)
        for element in ("gen", "sgen", "storage", "load")
        for index in net[element].index[net[element]["bus"] == at]
    ]
    net["pilot_zone"] = zone
    net["pilot_member"] = pd.DataFrame(members, columns=["pilot", "element", "index"])
