"""Rules for reservoirs and storage: figures that belong together, cascades, shared connections."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from gridopt.check.subject import TOLERANCE_MW, Rule, Subject
from gridopt.errors import Fault

_WEATHER = ("wind", "solar", "solar_distributed")
_IN_VOLUME = ("max_v_mm3", "start_v_mm3", "inflow_m3_per_s")
_IN_ENERGY = ("max_e_mwh", "start_e_mwh", "inflow_mw")


def _in_volume(case: Subject) -> pd.Series:
    return case.numbers("reservoir", "mw_per_m3_per_s").notna()


def reservoirs_have_figures(case: Subject) -> Iterator[Fault]:
    """A reservoir gives its size, start and inflow, either in volume or in energy terms."""
    in_volume = _in_volume(case)
    for columns, rows, terms in (
        (_IN_VOLUME, in_volume, "volume terms (mw_per_m3_per_s is given)"),
        (_IN_ENERGY, ~in_volume, "energy terms (mw_per_m3_per_s is missing)"),
    ):
        for column in columns:
            for row in rows.index[rows & case.numbers("reservoir", column).isna()]:
                yield case.fault("reservoir", row, column, f"is missing: the reservoir counts in {terms}")


def volumes_are_ordered(case: Subject) -> Iterator[Fault]:
    """Volumes and levels lie in their limits."""
    in_volume = _in_volume(case)
    least = case.numbers("reservoir", "min_v_mm3").fillna(0.0)
    start, most = case.numbers("reservoir", "start_v_mm3"), case.numbers("reservoir", "max_v_mm3")
    for row in start.index[in_volume & ((start < least - TOLERANCE_MW) | (start > most + TOLERANCE_MW))]:
        message = f"{start[row]:g} is not within min_v_mm3 = {least[row]:g} and max_v_mm3 = {most[row]:g}"
        yield case.fault("reservoir", row, "start_v_mm3", message)
    low, high = case.numbers("reservoir", "level_low_pu"), case.numbers("reservoir", "level_high_pu")
    for row in low.index[low > high]:
        yield case.fault("reservoir", row, "level_low_pu", f"{low[row]:g} is above level_high_pu = {high[row]:g}")


def bands_leave_room(case: Subject) -> Iterator[Fault]:
    """The seasonal band has its lower side below its upper side."""
    low, high = case.words("reservoir", "band_low_profile"), case.words("reservoir", "band_high_profile")
    for row in low.index:
        profiles = case.profiles
        if profiles is None or low[row] not in profiles or high[row] not in profiles:
            continue
        crossed = profiles[low[row]].to_numpy() > profiles[high[row]].to_numpy()
        if crossed.any():
            message = f"{low[row]!r} is above band_high_profile {high[row]!r} in {int(crossed.sum())} steps"
            yield case.fault("reservoir", row, "band_low_profile", message)


def cascades_flow_down(case: Subject) -> Iterator[Fault]:
    """Water flows from one reservoir into one other, never in a circle, and counts in volume on both sides."""
    names, upstream = case.words("reservoir", "name"), case.words("reservoir", "upstream")
    in_volume = dict(zip(names, _in_volume(case), strict=True))
    above = dict(zip(names, upstream, strict=True))
    below = upstream != ""
    for row in names.index[below]:
        if upstream[row] not in above:
            continue  # said by the rule of references
        for name in (names[row], upstream[row]):
            if not in_volume[name]:
                message = f"the cascade needs mw_per_m3_per_s of {name!r}: its water has no volume without it"
                yield case.fault("reservoir", row, "upstream", message)
        if _leads_back(names[row], above):
            yield case.fault("reservoir", row, "upstream", "the reservoir lies above itself")
    for row in names.index[below & upstream.duplicated()]:
        message = f"the water of {upstream[row]!r} flows into another reservoir already"
        yield case.fault("reservoir", row, "upstream", message)


def _leads_back(name: str, above: dict[str, str]) -> bool:
    passed, now = 0, above[name]
    while now and now != name and passed <= len(above):
        now, passed = above.get(now, ""), passed + 1
    return now == name


def connections_are_shared(case: Subject) -> Iterator[Fault]:
    """A store behind the connection of a wind or solar park stands at its bus."""
    site, parks = case.numbers("storage", "co_located_sgen"), case.table("sgen")
    bus, park_bus = case.numbers("storage", "bus"), case.numbers("sgen", "bus")
    technology, profile = case.words("sgen", "technology"), case.words("sgen", "profile")
    for row in site.index[site.notna()]:
        park = site[row]
        if park not in parks.index:
            yield case.fault("storage", row, "co_located_sgen", f"there is no row {park:g} in sgen")
            continue
        if bus[row] != park_bus[park]:
            message = f"stands at bus {bus[row]:g}, but sgen {park:g} at bus {park_bus[park]:g}"
            yield case.fault("storage", row, "co_located_sgen", message)
        if technology[park] not in _WEATHER and not profile[park]:
            yield case.fault("storage", row, "co_located_sgen", f"sgen {park:g} is neither wind nor solar")
    alone = site.isna()
    for column, filled, words in (
        ("connection_mw", case.numbers("storage", "connection_mw").notna(), "a limit of a shared connection"),
        ("grid_charging", case.words("storage", "grid_charging") == "False", "a store that may not use the grid"),
    ):
        for row in site.index[alone & filled]:
            yield case.fault("storage", row, column, f"{words} needs co_located_sgen")


def pumps_are_pumped_hydro(case: Subject) -> Iterator[Fault]:
    """Rules of machines are for pumped hydro."""
    technology = case.words("storage", "technology")
    least = case.numbers("storage", "min_discharge_pu").fillna(0.0).to_numpy()
    fixed = (case.words("storage", "fixed_speed") == "True").to_numpy()
    for column, filled in (("fixed_speed", fixed), ("min_discharge_pu", least > 0)):
        for row in technology.index[np.asarray(filled & (technology != "phs").to_numpy())]:
            yield case.fault("storage", row, column, "holds for technology 'phs' only")


def highest_price_cny_per_mwh(storage: pd.DataFrame) -> pd.Series:
    r"""Price of a curtailed MWh up to which a store is not paid for losing energy, (row,) [CNY/MWh].

    Of a MWh drawn the round trip :math:`\eta` comes back, so running in circles pays where
    :math:`\kappa (1 - \eta) > wear \cdot \eta`; never without losses.
    """
    round_trip = (storage["eta_charge"] * storage["eta_discharge"]).astype(float)
    wear = storage["throughput_cost_cny_per_mwh"].astype(float) * round_trip
    return (wear / (1.0 - round_trip).where(round_trip < 1.0)).fillna(np.inf)


RULES: tuple[Rule, ...] = (
    reservoirs_have_figures,
    volumes_are_ordered,
    bands_leave_room,
    cascades_flow_down,
    connections_are_shared,
    pumps_are_pumped_hydro,
)
