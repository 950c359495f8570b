"""Which rows of the net belong to which component; every row belongs to exactly one.

Rows that carry a technology belong to the component of that technology.  Everything else that pandapower
would dispatch is an ordinary generator with limits and a cost, and everything else that it would not
dispatch is a fixed injection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

    from gridopt.case import Case

HYDRO = ("hydro_reservoir", "hydro_ror")
WIND = ("wind",)
SOLAR = ("solar", "solar_distributed")
STORAGE = ("phs", "battery")

Mask = NDArray[np.bool_]


def _in_service(table: pd.DataFrame) -> Mask:
    return np.asarray(table["in_service"].to_numpy(bool))


def hydro_units(case: Case) -> Mask:
    """Rows of ``gen`` that are hydro."""
    gen = case.net.gen
    return _in_service(gen) & gen["technology"].isin(HYDRO).to_numpy()


def thermal_clusters(case: Case) -> Mask:
    """Rows of ``gen`` whose units are committed."""
    gen = case.net.gen
    return _in_service(gen) & gen["committable"].to_numpy(bool) & ~hydro_units(case)


def renewables(case: Case, element: str = "sgen") -> Mask:
    """Rows of ``sgen`` or ``gen`` that follow the weather: wind, solar, or anything else with a profile."""
    table = case.net[element]
    weather = table["technology"].isin(WIND + SOLAR).to_numpy() | (table["profile"].to_numpy() != "")
    mine = _in_service(table) & weather
    if element == "gen":
        mine &= ~hydro_units(case) & ~thermal_clusters(case)
    return mine


def energy_storage(case: Case) -> Mask:
    """Rows of ``storage`` that are dispatched: those of a technology, or controllable with an energy limit."""
    table = case.net.storage
    dispatched = table["technology"].isin(STORAGE).to_numpy()
    if "controllable" in table:
        dispatched |= table["controllable"].fillna(False).to_numpy(bool)
    return _in_service(table) & dispatched


def claimed(case: Case) -> dict[str, set[int]]:
    """Rows of pandapower's tables that a component of their own dispatches, by table."""
    net = case.net
    return {
        "gen": set(net.gen.index[hydro_units(case) | thermal_clusters(case) | renewables(case, "gen")]),
        "sgen": set(net.sgen.index[renewables(case, "sgen")]),
        "storage": set(net.storage.index[energy_storage(case)]),
    }
