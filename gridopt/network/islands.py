"""Which buses hold something, and which islands hold demand that nothing can supply."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pandapower import pandapowerNet

    from gridopt.network.matrices import DCNetwork

IntArray = NDArray[np.int64]

#: Tables that can bring power into an island, and tables that draw it.
SUPPLY = ("ext_grid", "gen", "sgen", "storage", "dcline", "tie", "prosumer")
DEMAND = ("load", "motor", "ward", "xward", "shunt", "flexible_load", "prosumer")

# Tables whose rows stand at a bus without making it part of the grid.
_NOT_CONNECTED = ("switch", "measurement")


def buses_in_service(net: pandapowerNet, table: str) -> IntArray:
    """Bus ids of the rows of a table that are in service, both ends of DC lines; shape (row,) or (2 · row,)."""
    rows = net[table]
    if "in_service" in rows:
        rows = rows[rows["in_service"].astype(bool)]
    columns = [column for column in ("bus", "from_bus", "to_bus") if column in rows]
    buses = [rows[column].dropna().to_numpy(dtype=np.int64) for column in columns]
    return np.concatenate([np.empty(0, dtype=np.int64), *buses])


def occupied_buses(net: pandapowerNet) -> IntArray:
    """Bus ids with any element in service, those of extension tables included; branches don't count."""
    tables = [
        name
        for name, table in net.items()
        if isinstance(table, pd.DataFrame)
        and not name.startswith(("_", "res_"))
        and name not in _NOT_CONNECTED
        and ("bus" in table or name == "dcline")
    ]
    return np.unique(np.concatenate([buses_in_service(net, name) for name in tables]))


def unsupplied_islands(net: pandapowerNet, network: DCNetwork) -> list[IntArray]:
    """Islands that hold demand but nothing that could supply it; pandapower would drop them without a word.

    Parameters
    ----------
    net : pandapowerNet
    network : DCNetwork
        Of the same net.

    Returns
    -------
    list of ndarray of int
        Bus ids of each such island.
    """
    bus_island = np.where(network.bus_node >= 0, network.island[network.bus_node], -1)
    island_of = pd.Series(bus_island, index=network.bus_index)

    def islands_with(tables: tuple[str, ...]) -> set[int]:
        buses = np.concatenate([buses_in_service(net, table) for table in tables if table in net])
        return {int(number) for number in island_of.reindex(buses, fill_value=-1)} - {-1}

    return [network.bus_index[bus_island == number] for number in sorted(islands_with(DEMAND) - islands_with(SUPPLY))]
