"""Rules for flexible loads and prosumers: columns that must fit together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from gridopt.check.subject import TOLERANCE_MW, Rule, Subject
from gridopt.errors import Fault

_LOAD, _PROSUMER = "flexible_load", "prosumer"
_HOURS_OF_YEAR = 8760.0


def loads_have_room(case: Subject) -> Iterator[Fault]:
    """Least power, part load and start level lie within their limits."""
    number = _numbers(case, _LOAD, "min_p_mw", "max_p_mw", "min_part_load_pu", "max_e_mwh", "start_e_mwh")
    least, most = number["min_p_mw"], number["max_p_mw"]
    for row in least.index[least > most + TOLERANCE_MW]:
        yield case.fault(_LOAD, row, "min_p_mw", f"{least[row]:g} is above max_p_mw = {most[row]:g}")
    for row in least.index[(least > 0) & (number["min_part_load_pu"] > 0)]:
        message = "a load that always runs (min_p_mw) has no least power while it runs; give one of the two"
        yield case.fault(_LOAD, row, "min_part_load_pu", message)
    full, start = number["max_e_mwh"], number["start_e_mwh"]
    for row in full.index[start > full + TOLERANCE_MW]:
        yield case.fault(_LOAD, row, "start_e_mwh", f"{start[row]:g} is above max_e_mwh = {full[row]:g}")


def loads_can_serve_their_use(case: Subject) -> Iterator[Fault]:
    """What is used on average, and in a year, can be drawn."""
    number = _numbers(case, _LOAD, "p_mw", "max_p_mw", "eta", "annual_mwh")
    use, most = number["p_mw"], number["max_p_mw"]
    for row in use.index[use > number["eta"] * most + TOLERANCE_MW]:
        message = f"{use[row]:g} MW on average is more than eta * max_p_mw = {number['eta'][row] * most[row]:g}"
        yield case.fault(_LOAD, row, "p_mw", message)
    annual, possible = number["annual_mwh"], most * _HOURS_OF_YEAR
    for row in annual.index[annual > possible * (1 + TOLERANCE_MW)]:
        message = f"{annual[row]:g} is more than max_p_mw gives in a year, {possible[row]:g}"
        yield case.fault(_LOAD, row, "annual_mwh", message)
    shaped = case.words(_LOAD, "profile") != ""
    for row in use.index[shaped & (use == 0)]:
        yield case.fault(_LOAD, row, "profile", "it shapes p_mw, which is 0")


def stores_are_used(case: Subject) -> Iterator[Fault]:
    """A store has something that takes energy out of it, and discharge has a store."""
    number = _numbers(case, _LOAD, "p_mw", "max_discharge_mw", "max_e_mwh")
    fed_on = case.words(_LOAD, "name").isin(set(case.words(_LOAD, "feeds")) - {""})
    size, back = number["max_e_mwh"], number["max_discharge_mw"]
    for row in size.index[(size > 0) & (number["p_mw"] == 0) & (back == 0) & ~fed_on]:
        message = "nothing takes energy out of this store: give p_mw, max_discharge_mw, or a load that feeds on it"
        yield case.fault(_LOAD, row, "max_e_mwh", message)
    for row in back.index[(back > 0) & (size == 0)]:
        yield case.fault(_LOAD, row, "max_discharge_mw", "giving back needs a store: max_e_mwh is 0")


def hydrogen_is_known(case: Subject) -> Iterator[Fault]:
    """Electrolysers, and both ends of a chain, say how much hydrogen goes with a MWh."""
    kilograms = case.numbers(_LOAD, "kg_h2_per_mwh")
    kind, feeds, names = (case.words(_LOAD, column) for column in ("kind", "feeds", "name"))
    fed_on = names.isin(set(feeds) - {""})
    for row in kind.index[kilograms.isna() & ((kind == "electrolyser") | (feeds != "") | fed_on)]:
        message = "electrolysers, and loads that feed on one, need kg of hydrogen per MWh drawn"
        yield case.fault(_LOAD, row, "kg_h2_per_mwh", message)


def chains_end(case: Subject) -> Iterator[Fault]:
    """A load feeds on another one that exists and is in service, and no chain comes back to where it began."""
    names, feeds = case.words(_LOAD, "name"), case.words(_LOAD, "feeds")
    live = case.live(_LOAD)
    next_of = dict(zip(names, feeds, strict=True))
    in_service = set(names[live])
    for row in feeds.index[(feeds != "") & live]:
        if feeds[row] not in in_service:
            yield case.fault(_LOAD, row, "feeds", f"no flexible_load {feeds[row]!r} in service")
            continue
        visited, at = {names[row]}, feeds[row]
        while at and at not in visited:
            visited.add(at)
            at = next_of.get(at, "")
        if at == names[row]:
            yield case.fault(_LOAD, row, "feeds", "it feeds on itself, directly or through others")


def prosumers_are_consistent(case: Subject) -> Iterator[Fault]:
    """Limits are ordered, and parts that need two columns have both."""
    number = _numbers(
        case,
        _PROSUMER,
        *("p_mw", "shift_share", "generation_mw", "generation_min_mw", "pv_mw", "store_mw", "store_mwh"),
    )
    least, most = number["generation_min_mw"], number["generation_mw"]
    for row in least.index[least > most + TOLERANCE_MW]:
        yield case.fault(_PROSUMER, row, "generation_min_mw", f"{least[row]:g} is above generation_mw = {most[row]:g}")
    power, energy = number["store_mw"], number["store_mwh"]
    for row in power.index[(power > 0) != (energy > 0)]:
        column = "store_mwh" if power[row] > 0 else "store_mw"
        yield case.fault(_PROSUMER, row, column, "a store needs both its power and its energy")
    sunny = case.words(_PROSUMER, "pv_profile") != ""
    for row in sunny.index[(number["pv_mw"] > 0) & ~sunny]:
        yield case.fault(_PROSUMER, row, "pv_profile", "photovoltaic power needs its profile")
    for row in power.index[(number["shift_share"] > 0) & (number["p_mw"] == 0)]:
        yield case.fault(_PROSUMER, row, "shift_share", "there is no load to move: p_mw is 0")


def _numbers(case: Subject, table: str, *columns: str) -> dict[str, pd.Series]:
    """Columns as numbers; what is no number is left to the check of single values."""
    return {column: case.numbers(table, column).replace([np.inf, -np.inf], np.nan) for column in columns}


RULES: tuple[Rule, ...] = (
    loads_have_room,
    loads_can_serve_their_use,
    stores_are_used,
    hydrogen_is_known,
    chains_end,
    prosumers_are_consistent,
)
