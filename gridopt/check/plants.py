"""Rules for plants, storage, sections and ties: columns that must fit together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridopt.check.subject import TOLERANCE_MW, Rule, Subject
from gridopt.errors import Fault


def interfaces_have_branches(case: Subject) -> Iterator[Fault]:
    """A section without branches would limit nothing."""
    used = set(case.words("interface_branch", "interface"))
    for row, name in case.words("interface", "name").items():
        if name not in used:
            yield case.fault("interface", row, "name", "no row of interface_branch belongs to it")


def interface_limits_leave_room(case: Subject) -> Iterator[Fault]:
    """A profile shapes a limit that is given, and in every hour the lower limit is not above the upper one."""
    limits = []
    for side in ("min", "max"):
        given, names = case.numbers("interface", f"{side}_mw"), case.words("interface", f"{side}_profile")
        for row in given.index[given.isna() & (names != "")]:
            yield case.fault("interface", row, f"{side}_profile", f"it shapes {side}_mw, which is missing")
        series = {} if case.profiles is None else case.profiles
        shapes = (series[name].to_numpy() if name in series else 1.0 for name in names)
        limits.append([limit * shape for limit, shape in zip(given, shapes, strict=True)])
    for row, low, high in zip(case.table("interface").index, *limits, strict=True):
        hours = np.count_nonzero(np.asarray(low > high + TOLERANCE_MW))
        if hours and (case.words("interface", "min_profile")[row] or case.words("interface", "max_profile")[row]):
            yield case.fault("interface", row, "min_profile", f"the lower limit is above the upper one in {hours} h")


def storage_is_consistent(case: Subject) -> Iterator[Fault]:
    """Energy limits, start level and direction of power fit together."""
    frame = case.table("storage")
    if frame.empty:
        return
    full, empty = case.numbers("storage", "max_e_mwh"), case.numbers("storage", "min_e_mwh").fillna(0.0)
    soc = case.numbers("storage", "soc_percent")
    for row in full.index[(full < 0) | (empty < 0) | (empty > full + TOLERANCE_MW)]:
        yield case.fault("storage", row, "max_e_mwh", f"needs 0 <= min_e_mwh = {empty[row]:g} <= {full[row]:g}")
    for row in soc.index[(soc < 0) | (soc > 100)]:
        yield case.fault("storage", row, "soc_percent", f"must be within [0, 100], got {soc[row]:g}")
    start = soc / 100 * full
    for row in soc.index[(start < empty - TOLERANCE_MW) & soc.between(0, 100) & (empty <= full)]:
        message = f"{soc[row]:g} % of {full[row]:g} MWh is below min_e_mwh = {empty[row]:g}"
        yield case.fault("storage", row, "soc_percent", message)
    if case.plain:
        return
    for column, wrong in (
        ("max_p_mw", ~(case.numbers("storage", "max_p_mw") >= 0)),
        ("min_p_mw", ~(case.numbers("storage", "min_p_mw") <= 0)),
    ):
        for row in frame.index[wrong]:
            yield case.fault("storage", row, column, "charging is max_p_mw >= 0, discharging is min_p_mw <= 0")


def capacities_are_given(case: Subject) -> Iterator[Fault]:
    """A planner's generator has limits; wind, solar and thermal plants can't consume."""
    if case.plain:
        return
    for table in ("gen", "sgen"):
        low, high = case.numbers(table, "min_p_mw"), case.numbers(table, "max_p_mw")
        for row in high.index[~np.isfinite(high)]:
            yield case.fault(table, row, "max_p_mw", "must be the installed capacity [MW]")
        for row in low.index[~(low >= 0)]:
            yield case.fault(table, row, "min_p_mw", f"must be a number >= 0, got {low[row]:g}")


def clusters_are_consistent(case: Subject) -> Iterator[Fault]:
    """Numbers of units and start ramps fit the size of the cluster."""
    units = case.numbers("gen", "n_units")
    for column in ("must_run_units", "initial_on_units"):
        values = case.numbers("gen", column)
        for row in values.index[values > units]:
            yield case.fault("gen", row, column, f"{values[row]:g} is above n_units = {units[row]:g}")
    committable = case.words("gen", "committable") == "True"
    lowest = case.numbers("gen", "min_p_mw")
    for column in ("startup_ramp_mw", "shutdown_ramp_mw"):
        values = case.numbers("gen", column)
        for row in values.index[committable & (values < lowest - TOLERANCE_MW)]:
            message = f"{values[row]:g} is below min_p_mw = {lowest[row]:g}: no unit could start or stop"
            yield case.fault("gen", row, column, message)


def heat_plants_are_complete(case: Subject) -> Iterator[Fault]:
    """Plants with a heat-season output range have a zone, and the range is one."""
    low, high = case.numbers("gen", "heat_season_min_pu"), case.numbers("gen", "heat_season_max_pu")
    zone = case.words("gen", "heat_zone")
    for row in low.index[low > high]:
        yield case.fault("gen", row, "heat_season_min_pu", f"{low[row]:g} is above heat_season_max_pu = {high[row]:g}")
    for row in low.index[(low > 0) & (zone == "")]:
        yield case.fault("gen", row, "heat_zone", "a heat-season minimum needs a heat zone")


def reservoirs_are_complete(case: Subject) -> Iterator[Fault]:
    """A reservoir plant has its reservoir, and each names the other."""
    gens = case.table("gen")
    technology, reservoir, names = (case.words("gen", column) for column in ("technology", "reservoir", "name"))
    for row in gens.index[(technology == "hydro_reservoir") & (reservoir == "")]:
        yield case.fault("gen", row, "reservoir", "a plant of technology 'hydro_reservoir' needs a reservoir")
    fed_by = dict(zip(names, reservoir, strict=True))
    reservoirs, plants = case.words("reservoir", "name"), case.words("reservoir", "gen")
    for row, name, gen in zip(reservoirs.index, reservoirs, plants, strict=True):
        if gen in fed_by and fed_by[gen] != name:
            message = f"gen {gen!r} names the reservoir {fed_by[gen]!r}"
            yield case.fault("reservoir", row, "gen", message)


def tie_limits_leave_room(case: Subject) -> Iterator[Fault]:
    """In every hour some exchange lies within both the contract's band and the hard limits."""
    columns = ("p_mw", "band_mw", "min_p_mw", "max_p_mw")
    numbers = (case.numbers("tie", column) for column in columns)
    profiles = case.words("tie", "profile")
    for row, profile, mean, band, low, high in zip(profiles.index, profiles, *numbers, strict=True):
        shape = np.ones(1)
        if case.profiles is not None and profile in case.profiles:
            shape = case.profiles[profile].to_numpy()
        contract = mean * shape
        outside = (contract - band > high + TOLERANCE_MW) | (contract + band < low - TOLERANCE_MW)
        if outside.any() and low <= high:
            message = (
                f"contract {contract.min():.6g} to {contract.max():.6g} MW with a band of {band:g} MW"
                f" leaves the limits {low:g} to {high:g} MW in {outside.sum()} h"
            )
            yield case.fault("tie", row, "band_mw", message)


RULES: tuple[Rule, ...] = (
    interfaces_have_branches,
    interface_limits_leave_room,
    storage_is_consistent,
    capacities_are_given,
    clusters_are_consistent,
    heat_plants_are_complete,
    reservoirs_are_complete,
    tie_limits_leave_room,
)
