"""Which rows of the net belong to which component; every row belongs to exactly one.

Rows that carry a technology belong to the component of that technology.  Everything else that pandapower
would dispatch is an ordinary generator with limits and a cost, and everything else that it would not
dispatch is a fixed injection.
Rows at a bus out of service belong to none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gridopt.network.dispatchable import in_service

if TYPE_CHECKING:
    from gridopt.case import Case

HYDRO = ("hydro_reservoir", "hydro_ror")
WIND = ("wind",)
SOLAR = ("solar", "solar_distributed")
STORAGE = ("phs", "battery")

Mask = NDArray[np.bool_]


def hydro_units(case: Case) -> Mask:
    """Rows of ``gen`` that are hydro."""
    gen = case.net.gen
    return in_service(case.net, "gen") & gen["technology"].isin(HYDRO).to_numpy()


def thermal_clusters(case: Case) -> Mask:
    """Rows of ``gen`` whose units are committed."""
    gen = case.net.gen
    return in_service(case.net, "gen") & gen["committable"].to_numpy(bool) & ~hydro_units(case)


def renewables(case: Case, element: str = "sgen") -> Mask:
    """Rows of ``sgen`` or ``gen`` that follow the weather: wind, solar, or anything else with a profile."""
    table = case.net[element]
    weather = table["technology"].isin(WIND + SOLAR).to_numpy() | (table["profile"].to_numpy() != "")
    mine: Mask = in_service(case.net, element) & weather
    if element == "gen":
        mine &= ~hydro_units(case) & ~thermal_clusters(case)
    return mine


def energy_storage(case: Case) -> Mask:
    """Rows of ``storage`` that are dispatched: those of a technology, or controllable with an energy limit."""
    table = case.net.storage
    dispatched = table["technology"].isin(STORAGE).to_numpy()
    if "controllable" in table:
        dispatched |= table["controllable"].fillna(False).to_numpy(bool)
    return np.asarray(in_service(case.net, "storage") & dispatched)


def claimed(case: Case) -> dict[str, set[int]]:
    """Rows of pandapower's tables that a component of their own dispatches, by table."""
    net = case.net
    return {
        "gen": set(net.gen.index[hydro_units(case) | thermal_clusters(case) | renewables(case, "gen")]),
        "sgen": set(net.sgen.index[renewables(case, "sgen")]),
        "storage": set(net.storage.index[energy_storage(case)]),
    }
