"""Heat: rules for zones, sources and CHP plants, and the figures that are assumed where a net gives none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gridopt.check.subject import TOLERANCE_MW, Rule, Subject
from gridopt.errors import Fault
from gridopt.settings import nearest

if TYPE_CHECKING:
    from pandapower import pandapowerNet

    from gridopt.case import Case

#: Kinds of heat source that draw their heat, divided by ``cop``, from the grid.
ELECTRIC = ("electric_boiler", "heat_pump")
# Peak heat of a zone that a net does not give is assumed from its CHP plants: a share of their largest heat, which
# for an extraction plant without a figure is a share of Pmax / c_m.
_PEAK_OF_ZONE, _HEAT_OF_PLANT = 0.9, 0.6


def largest_heat_mw(gen: pd.DataFrame) -> pd.Series:
    """Heat that each row of ``gen`` can be expected to give at most, of the whole element [MW].

    ``max_heat_mw`` where it is given.  Otherwise 0.6 Pmax / c_m is *assumed* of an extraction plant; a
    back-pressure plant reaches Pmax / c_m by its very equation.  Plants without heat have 0, and without the
    ratio ``c_m`` the answer is NaN.  (It sizes zones; what limits a plant without a figure is its own region of
    power and heat.)

    Examples
    --------
    >>> gen = pd.DataFrame(
    ...     {
    ...         "chp_kind": ["extraction", "extraction", "back_pressure", ""],
    ...         "max_heat_mw": [250.0, np.nan, np.nan, np.nan],
    ...         "max_p_mw": [300.0, 300.0, 30.0, 600.0],
    ...         "c_m": [0.75, 0.75, 0.5, np.nan],
    ...     }
    ... )
    >>> largest_heat_mw(gen).tolist()
    [250.0, 240.0, 60.0, 0.0]
    """
    share = (gen["chp_kind"] == "extraction").map({True: _HEAT_OF_PLANT, False: 1.0}).astype(float)
    # a net that has no generator with limits has no such column
    power = gen.reindex(columns=["max_p_mw"])["max_p_mw"].astype(float)
    assumed = share * power / gen["c_m"].astype(float)
    heat = gen["max_heat_mw"].astype(float).fillna(assumed)
    return heat.where(gen["chp_kind"] != "", 0.0)


def heat_plants(net: pandapowerNet) -> pd.DataFrame:
    """Rows of ``gen`` in service that may heat a zone."""
    gen: pd.DataFrame = net.gen
    return gen[gen["in_service"].astype(bool) & (gen["heat_zone"] != "") & (gen["chp_kind"] != "")]


def peak_heat_mw(net: pandapowerNet) -> pd.Series:
    """Peak heat of each row of ``heat_zone`` [MW].

    ``p_mw`` where it is given.  Otherwise it is *assumed* to be 0.9 of the largest heat of the zone's CHP plants;
    NaN where there is no such plant either.
    """
    plants = heat_plants(net)
    zone: pd.DataFrame = net.heat_zone
    of_plants = largest_heat_mw(plants).groupby(plants["heat_zone"]).sum(min_count=1)
    return zone["p_mw"].astype(float).fillna(zone["name"].map(of_plants).astype(float) * _PEAK_OF_ZONE)


def heat_remarks(case: Case) -> list[str]:
    """What a planner should know of the heat side of a case: assumed figures, and tables that nothing reads."""
    net, mode = case.net, case.settings.policy.chp_mode
    zones, plants = net.heat_zone, heat_plants(net)
    if mode != "heat_zone":
        return _unread(case, mode)
    lines = []
    for zone, peak in zip(zones["name"], peak_heat_mw(net), strict=True):
        if zones.loc[zones["name"] == zone, "p_mw"].isna().all() and np.isfinite(peak):
            lines.append(
                f"heat zone {zone}: peak heat of {peak:.1f} MW assumed, 0.9 of its CHP plants' largest heat "
                "(where that is not given, 0.6 max_p_mw / c_m)"
            )
    served = {*plants["heat_zone"], *net.heat_source.loc[net.heat_source["in_service"].astype(bool), "heat_zone"]}
    for zone in zones["name"]:
        if zone not in served:
            lines.append(f"heat zone {zone}: nothing serves it, all its heat is short")
    return lines


def _unread(case: Case, mode: str) -> list[str]:
    zones = case.net.heat_zone
    lines = []
    if len(case.net.heat_source):
        lines.append(f"heat sources {_first(case.net.heat_source)}: not used with policy.chp_mode = {mode}")
    stores = zones[zones["store_mwh"].astype(float) > 0]
    if len(stores):
        lines.append(f"heat stores of {_first(stores)}: not used with policy.chp_mode = {mode}")
    return lines


def _first(rows: pd.DataFrame) -> str:
    names = rows["name"].astype(str).tolist()
    return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")


def sources_are_complete(case: Subject) -> Iterator[Fault]:
    """A heat source serves a zone that exists, and what runs on electricity stands at a bus."""
    zones, known = case.words("heat_source", "heat_zone"), list(case.words("heat_zone", "name"))
    for row in zones.index[(zones != "") & ~zones.isin(known)]:
        message = f"no heat_zone {zones[row]!r}{nearest(zones[row], known)}"
        yield case.fault("heat_source", row, "heat_zone", message)
    kinds, bus = case.words("heat_source", "kind"), case.numbers("heat_source", "bus")
    buses = set(case.table("bus").index)
    for row in bus.index[bus.notna() & ~bus.isin(buses)]:
        yield case.fault("heat_source", row, "bus", f"bus {bus[row]:g} does not exist")
    for row in bus.index[bus.isna() & kinds.isin(ELECTRIC)]:
        yield case.fault("heat_source", row, "bus", f"a source of kind {kinds[row]!r} needs the bus that it draws from")
    cop = case.numbers("heat_source", "cop")
    for row in cop.index[(kinds == "electric_boiler") & (cop > 1)]:
        yield case.fault("heat_source", row, "cop", f"an electric boiler gives at most 1 MWh per MWh, got {cop[row]:g}")
    low, high = case.numbers("heat_source", "min_heat_mw"), case.numbers("heat_source", "max_heat_mw")
    for row in low.index[low > high + TOLERANCE_MW]:
        yield case.fault("heat_source", row, "min_heat_mw", f"{low[row]:g} is above max_heat_mw = {high[row]:g}")


def heat_stores_are_complete(case: Subject) -> Iterator[Fault]:
    """A heat store has a size and a power."""
    size, power = case.numbers("heat_zone", "store_mwh"), case.numbers("heat_zone", "store_mw")
    for row in size.index[(size > 0) & ~(power > 0)]:
        yield case.fault("heat_zone", row, "store_mw", f"a store of {size[row]:g} MWh needs a power above 0")
    for row in size.index[(power > 0) & ~(size > 0)]:
        yield case.fault("heat_zone", row, "store_mwh", f"a store of {power[row]:g} MW needs a size above 0")


RULES: tuple[Rule, ...] = (sources_are_complete, heat_stores_are_complete)
