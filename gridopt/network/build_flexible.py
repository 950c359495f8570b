"""The demand side that answers: flexible loads, prosumers, demand response, and what the grid takes back from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gridopt.network.build_grid import HIGH_KV, LOW_KV, bus_index
from gridopt.network.build_tables import Tables, in_force

if TYPE_CHECKING:
    from pandapower import pandapowerNet

PROVENANCE = ["source", "confidence", "reason", "year", "name_zh", "city"]
# Distributed plants may load what feeds them back into the grid to 80 % (reverse-load rule, recalled) ...
REVERSE_LOADING = 0.8
# ... which is checked where no larger plant of another kind stands on the bus: its outlet is planned for itself.
OWN_OUTLET_MW = 100.0


def add_flexible_loads(net: pandapowerNet, csv: Tables, year: int) -> None:
    """Vehicles, electric heating, hydrogen, production, data centres with their size of the year [MW, MWh]."""
    net["flexible_load"] = _at_bus(net, csv["flexible_loads"], year)


def add_prosumers(net: pandapowerNet, csv: Tables, year: int) -> None:
    """Captive plants, buildings, data centres and virtual power plants with their size of the year [MW, MWh]."""
    net["prosumer"] = _at_bus(net, csv["prosumers"], year)


def _at_bus(net: pandapowerNet, table: pd.DataFrame, year: int) -> pd.DataFrame:
    bus = bus_index(net)
    rows = table[(table["year"] == year) & table["bus"].isin(bus.index)].reset_index(drop=True)
    rows = rows.drop(columns=[column for column in PROVENANCE if column in rows])
    rows["bus"] = bus[rows["bus"]].to_numpy(dtype=np.int64)
    return _as_numbers(rows).assign(in_service=True)


def _as_numbers(rows: pd.DataFrame) -> pd.DataFrame:
    """Whole numbers of a CSV as floats, so that tables of different years have the same types."""
    whole = [column for column in rows.select_dtypes("integer") if column not in ("bus", "gen", "index")]
    return rows.astype(dict.fromkeys(whole, float))


def add_responses(net: pandapowerNet, csv: Tables, year: int) -> None:
    """Programs of demand response; their common size is a policy of the case."""
    rows = in_force(csv["demand_response"], year).drop(columns=["source", "confidence", "reason", "commission_year"])
    numbers = [column for column in rows.columns if column not in ("name", "kind", "target")]
    net["demand_response"] = rows.astype(dict.fromkeys(numbers, float))


def add_reserve_products(net: pandapowerNet, csv: Tables, year: int) -> None:
    """Reserves that the system holds; the emergency reserve grows with the pumped storage of the year [MW]."""
    rows = csv["reserve_products"].query("from_year <= @year").drop_duplicates("name", keep="last")
    rows = rows.drop(columns=["from_year", "source", "confidence", "reason"]).reset_index(drop=True)
    rows = _as_numbers(rows)
    emergency = rows["kind"] == "emergency"
    pumped = float(net.storage.loc[net.storage["emergency"].astype(bool), "max_p_mw"].sum())
    rows.loc[emergency, "mw"] = EMERGENCY_OF_PUMPED * pumped
    net["reserve_product"] = rows.assign(in_service=True)


EMERGENCY_OF_PUMPED = 0.25  # held for the Northeast at any time, of the pumped storage (assumed)


def add_reverse_limits(net: pandapowerNet) -> None:
    """Limit what buses with distributed solar feed back: 80 % of their circuits and transformers, one out."""
    rating = pd.concat([_line_mva(net), _trafo_mva(net)])
    by_bus = rating.groupby(level=0).agg(["sum", "max", "size"])
    firm = (by_bus["sum"] - by_bus["max"]).where(by_bus["size"] > 1, by_bus["sum"] / 2)
    roofs = set(net.sgen.loc[net.sgen["technology"] == "solar_distributed", "bus"])
    other = pd.concat([net.gen.set_index("bus")["max_p_mw"], net.storage.set_index("bus")["max_p_mw"]])
    large = other.groupby(level=0).sum()
    held = [b for b in sorted(roofs) if large.get(b, 0.0) < OWN_OUTLET_MW and net.bus.at[b, "vn_kv"] == LOW_KV]
    net.bus["reverse_flow_max_mw"] = np.nan
    net.bus.loc[held, "reverse_flow_max_mw"] = (REVERSE_LOADING * firm.reindex(held)).round(1).to_numpy()


def _line_mva(net: pandapowerNet) -> pd.Series:
    """Rating of each circuit at both of its buses."""
    mva = np.sqrt(3.0) * net.bus["vn_kv"].loc[net.line["from_bus"]].to_numpy() * net.line["max_i_ka"].to_numpy()
    return pd.concat([pd.Series(mva, index=net.line[end].to_numpy()) for end in ("from_bus", "to_bus")])


def _trafo_mva(net: pandapowerNet) -> pd.Series:
    """Rating of each transformer at its low side; buses of the high side are not asked."""
    assert net.bus["vn_kv"].loc[net.trafo["hv_bus"]].eq(HIGH_KV).all()
    return pd.Series(net.trafo["sn_mva"].to_numpy(dtype=float), index=net.trafo["lv_bus"].to_numpy())
