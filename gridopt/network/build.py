"""Build a shipped network of a year from its CSV tables.

The tables of a network (``networks/<name>/*.csv``) hold every element with the year it enters and leaves
service, and the plants with their size at the end of each year. ``build`` picks what belongs to one year and
returns a pandapower net with the extension columns and tables of the data model.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from gridopt.catalog import networks_folder
from gridopt.network.build_tables import read_tables

if TYPE_CHECKING:
    from pandapower import pandapowerNet

NOTE = "stylised grid, not the data of the grid company"


def build(name: str = "jilin", year: int = 2030, *, tables: Path | None = None) -> pandapowerNet:
    """Build the net of one year.

    Parameters
    ----------
    name : str
        Name of a shipped network.
    year : int
        Target year, 2018 to 2035: elements with ``commission_year <= year < retire_year`` are in the net, plants
        have their size at the end of the year [MW], loads and contracts their mean of the year [MW].
    tables : pathlib.Path, optional
        Folder with the CSV tables; by default the shipped ones of ``name``.

    Returns
    -------
    pandapowerNet
        Net with extension columns and tables; one row per circuit and per transformer.

    Raises
    ------
    InputError
        If the network or the year is not there, or tables are missing; every fault is named.
    """
    from gridopt.network.build_areas import add_contracts, add_heat, add_reservoirs, add_sections
    from gridopt.network.build_demand import add_loads, add_pilots
    from gridopt.network.build_flexible import (
        add_flexible_loads,
        add_prosumers,
        add_reserve_products,
        add_responses,
        add_reverse_limits,
    )
    from gridopt.network.build_grid import add_branches, add_buses, add_shunts, empty_net
    from gridopt.network.build_plants import add_generators, add_renewables, add_storage, add_unit_tables
    from gridopt.network.columns import with_defaults

    csv = read_tables(name, year, networks_folder() / name if tables is None else tables)
    net = empty_net(name)
    add_buses(net, csv, year)
    add_branches(net, csv, year)
    add_shunts(net, csv, year)
    add_flexible_loads(net, csv, year)
    add_prosumers(net, csv, year)
    add_loads(net, csv, year)
    add_generators(net, csv, year)
    add_unit_tables(net, csv, year)
    add_renewables(net, csv, year)
    add_storage(net, csv, year)
    add_contracts(net, csv, year)
    add_sections(net, csv, year)
    add_heat(net, csv, year)
    add_reservoirs(net, csv, year)
    add_responses(net, csv, year)
    add_reserve_products(net, csv, year)
    add_reverse_limits(net)
    add_pilots(net, csv, year)
    net["network_meta"] = pd.DataFrame(
        [{"name": name, "year": year, "note": NOTE, "source": f"networks/{name}/SOURCES.md"}]
    )
    return with_defaults(net)
