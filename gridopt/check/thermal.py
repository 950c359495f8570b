"""Rules for thermal clusters: regulation bands, start tiers, outages, heat and power."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from gridopt.check.subject import TOLERANCE_MW, Rule, Subject
from gridopt.errors import Fault

_OF_CLUSTERS = ("deep_regulation", "start_cost", "outage")


def rows_belong_to_clusters(case: Subject) -> Iterator[Fault]:
    """Bands, start tiers and outages name a committable row of gen."""
    committable = case.words("gen", "committable") == "True"
    for table in _OF_CLUSTERS:
        numbers = case.numbers(table, "index")
        for row in numbers.index:
            index = numbers[row]
            if index not in committable.index:
                yield case.fault(table, row, "index", f"there is no gen {index:g}")
            elif not committable[index]:
                yield case.fault(table, row, "index", f"gen {index:g} is not committable")


def clusters_have_no_profile(case: Subject) -> Iterator[Fault]:
    """Units of a cluster are available or out of service; there is no part of one."""
    committable = case.words("gen", "committable") == "True"
    hydro = case.words("gen", "technology").str.startswith("hydro")
    profile = case.words("gen", "profile")
    for row in profile.index[committable & ~hydro & (profile != "")]:
        yield case.fault("gen", row, "profile", "committable units take no availability profile; use the table outage")


def bands_are_consistent(case: Subject) -> Iterator[Fault]:
    """Bands belong to retrofitted clusters, end above zero, and cost no less the deeper they are."""
    retrofitted = case.words("gen", "retrofitted") == "True"
    low = case.numbers("gen", "min_p_mw")
    width, wear = (case.numbers("deep_regulation", name) for name in ("width_mw", "wear_cny_per_mwh"))
    for index, rows in _by_cluster(case, "deep_regulation"):
        if index not in retrofitted.index:
            continue
        last = rows[-1]
        if not retrofitted[index]:
            message = f"gen {index:g} is not retrofitted: it has no bands below its minimum"
            yield case.fault("deep_regulation", rows[0], "index", message)
        if width.loc[rows].sum() > low[index] + TOLERANCE_MW:
            message = f"bands of {width.loc[rows].sum():g} MW are wider than min_p_mw = {low[index]:g}"
            yield case.fault("deep_regulation", last, "width_mw", message)
        for row, before in zip(rows[1:], rows[:-1], strict=True):
            if wear[row] < wear[before]:
                message = f"{wear[row]:g} is below {wear[before]:g} of the band above it"
                yield case.fault("deep_regulation", row, "wear_cny_per_mwh", message)


def start_tiers_are_consistent(case: Subject) -> Iterator[Fault]:
    """Tiers begin no later than a unit may start again, rise with time, and never get cheaper."""
    since, cost = case.numbers("start_cost", "off_hours_from"), case.numbers("start_cost", "cost_cny")
    rest = case.numbers("gen", "min_down_h").fillna(0.0)
    for index, rows in _by_cluster(case, "start_cost"):
        first = rows[0]
        if index in rest.index and since[first] > rest[index]:
            message = f"the first tier begins after {since[first]:g} h, a unit may start after {rest[index]:g} h"
            yield case.fault("start_cost", first, "off_hours_from", message)
        for row, before in zip(rows[1:], rows[:-1], strict=True):
            if since[row] <= since[before]:
                message = f"{since[row]:g} h is not above {since[before]:g} h of the tier before it"
                yield case.fault("start_cost", row, "off_hours_from", message)
            if cost[row] < cost[before]:
                message = f"{cost[row]:g} is below {cost[before]:g} of the warmer tier before it"
                yield case.fault("start_cost", row, "cost_cny", message)


def outages_are_consistent(case: Subject) -> Iterator[Fault]:
    """An outage begins at a time that can be read, and takes no more units than there are."""
    units, installed = case.numbers("outage", "units"), case.numbers("gen", "n_units")
    index = case.numbers("outage", "index")
    start = case.words("outage", "start")
    for row in start.index:
        text = start[row]
        if text and pd.isna(pd.to_datetime(text, errors="coerce")):
            yield case.fault("outage", row, "start", f"{text!r} is no time such as 2030-06-01 08:00")
        most = installed.get(index[row], np.nan)
        if units[row] > most:
            yield case.fault("outage", row, "units", f"{units[row]:g} is above n_units = {most:g}")


def heat_and_power_is_possible(case: Subject) -> Iterator[Fault]:
    """The back-pressure line begins within the unit's limits, and a unit that gives heat has a zone."""
    kind, zone = case.words("gen", "chp_kind"), case.words("gen", "heat_zone")
    offset, high = case.numbers("gen", "heat_offset_mw"), case.numbers("gen", "max_p_mw")
    for row in offset.index[(kind != "") & (offset > high + TOLERANCE_MW)]:
        yield case.fault("gen", row, "heat_offset_mw", f"{offset[row]:g} is above max_p_mw = {high[row]:g}")
    for row in offset.index[(kind != "") & (zone == "")]:
        yield case.fault("gen", row, "heat_zone", f"chp_kind {kind[row]!r} needs a heat zone")


def _by_cluster(case: Subject, table: str) -> Iterator[tuple[float, list[int]]]:
    """Rows of a table by the gen they belong to, in their order."""
    index = case.numbers(table, "index")
    for value in index.dropna().unique():
        yield float(value), [int(row) for row in index.index[index == value]]


RULES: tuple[Rule, ...] = (
    rows_belong_to_clusters,
    clusters_have_no_profile,
    bands_are_consistent,
    start_tiers_are_consistent,
    outages_are_consistent,
    heat_and_power_is_possible,
)
