"""Rules for every net: what refers to what, and numbers where numbers are needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gridopt.check.subject import TOLERANCE_MW, Rule, Subject
from gridopt.errors import Fault
from gridopt.network.columns import EXTENSION_TABLES, WITHOUT_COMPONENT, shown
from gridopt.network.supported import (
    REQUIRED,
    impossible_ratings,
    missing_reactance,
    unknown_switch_elements,
    unmodelled_elements,
)
from gridopt.settings import nearest

_ONE_BUS = (
    *("load", "gen", "sgen", "ext_grid", "storage", "shunt", "ward", "xward"),
    *("tie", "pilot_zone", "flexible_load", "prosumer"),
)
_POWER = ("gen", "sgen", "storage", "load", "ext_grid")
BUS_COLUMNS = {
    "line": ("from_bus", "to_bus"),
    "trafo": ("hv_bus", "lv_bus"),
    "trafo3w": ("hv_bus", "mv_bus", "lv_bus"),
    "impedance": ("from_bus", "to_bus"),
    "dcline": ("from_bus", "to_bus"),
    "switch": ("bus",),
    **dict.fromkeys(_ONE_BUS, ("bus",)),
}
# What supported.REQUIRED doesn't ask for, as only the AC check or a component needs it.
ALSO_REQUIRED = {
    "line": ("r_ohm_per_km", "c_nf_per_km"),
    "load": ("q_mvar",),
    "gen": ("vm_pu",),
    "storage": ("max_e_mwh",),
    "poly_cost": ("cp0_eur", "cp1_eur_per_mw", "cp2_eur_per_mw2"),
}
LIMIT_PAIRS = {
    **dict.fromkeys(_POWER, (("min_p_mw", "max_p_mw"), ("min_q_mvar", "max_q_mvar"))),
    "bus": (("min_vm_pu", "max_vm_pu"),),
    "interface": (("min_mw", "max_mw"),),
    "tie": (("min_p_mw", "max_p_mw"),),
    "reservoir": (("min_e_mwh", "max_e_mwh"), ("min_e_mwh", "start_e_mwh"), ("start_e_mwh", "max_e_mwh")),
}
RATINGS = {
    "line": ("max_i_ka", "max_loading_percent"),
    "trafo": ("max_loading_percent",),
    "trafo3w": ("max_loading_percent",),
}
PROFILE_COLUMNS = {
    ("load", "profile"): "demand",
    ("gen", "profile"): "availability",
    ("sgen", "profile"): "availability",
    ("heat_zone", "profile"): "heat",
    ("reservoir", "profile"): "inflow",
    ("tie", "profile"): "contract",
    ("reservoir", "band_low_profile"): "level",
    ("reservoir", "band_high_profile"): "level",
    ("interface", "min_profile"): "limit",
    ("interface", "max_profile"): "limit",
    ("flexible_load", "profile"): "demand",
    ("flexible_load", "plugged_profile"): "availability",
    ("prosumer", "profile"): "demand",
    ("prosumer", "pv_profile"): "availability",
}


def buses_exist(case: Subject) -> Iterator[Fault]:
    """Every element stands on buses that are there."""
    known = set(case.table("bus").index)
    for table, columns in BUS_COLUMNS.items():
        for column in columns:
            if column not in case.table(table):
                continue
            for row, bus in case.table(table)[column].items():
                if bus not in known:
                    yield case.fault(table, row, column, f"bus {bus} does not exist")


def numbers_are_finite(case: Subject) -> Iterator[Fault]:
    """Columns that every calculation needs hold numbers, in all rows in service."""
    for columns_by_table in (REQUIRED, ALSO_REQUIRED):
        for table, columns in columns_by_table.items():
            frame = case.table(table)
            live = case.live(table)
            for column in columns:
                if column not in frame:
                    continue
                for row in frame.index[~np.isfinite(case.numbers(table, column)) & live]:
                    yield case.fault(table, row, column, f"must be a number, got {shown(frame[column][row])}")


def limits_are_numbers(case: Subject) -> Iterator[Fault]:
    """Limits are numbers or missing."""
    pairs = {table: tuple(name for pair in rows for name in pair) for table, rows in LIMIT_PAIRS.items()}
    for columns_by_table in (pairs, RATINGS):
        for table, columns in columns_by_table.items():
            frame = case.table(table)
            for column in columns:
                if column in frame and column not in case.extension_columns(table):
                    wrong = frame[column].notna() & case.numbers(table, column).isna()
                    for row in frame.index[wrong]:
                        yield case.fault(table, row, column, f"must be a number, got {shown(frame[column][row])}")


def electrical_model_exists(case: Subject) -> Iterator[Fault]:
    """Every element in service has a place in the DC network, and every branch its electrical values."""
    found = unmodelled_elements(case.net) + unknown_switch_elements(case.net)
    sound = (buses_exist, numbers_are_finite, limits_are_numbers)
    if not any(fault for rule in sound for fault in rule(case)):
        found += missing_reactance(case.net) + impossible_ratings(case.net)
    for fault in found:
        yield replace(fault, file=case.file)


def limits_are_ordered(case: Subject) -> Iterator[Fault]:
    """No lower limit above its upper limit."""
    for table, pairs in LIMIT_PAIRS.items():
        for low, high in pairs:
            lower, upper = case.numbers(table, low), case.numbers(table, high)
            for row in lower.index[lower > upper + TOLERANCE_MW]:
                yield case.fault(table, row, low, f"{lower[row]:g} is above {high} = {upper[row]:g}")


def names_are_unique(case: Subject) -> Iterator[Fault]:
    """Names that others refer to, or that label results, are given once per table."""
    tables = [table for table in EXTENSION_TABLES if "name" in case.table(table)]
    if not case.plain:
        tables += ["bus", "line", "trafo", "load", "gen", "sgen", "storage"]
    for table in tables:
        names = case.words(table, "name")
        for row in names.index[(names != "") & names.duplicated()]:
            yield case.fault(table, row, "name", "the name is given twice")


def references_exist(case: Subject) -> Iterator[Fault]:
    """Names of heat zones, reservoirs, sections and plants lead somewhere."""
    for table, column, target in (
        ("gen", "heat_zone", "heat_zone"),
        ("gen", "reservoir", "reservoir"),
        ("reservoir", "gen", "gen"),
        ("reservoir", "upstream", "reservoir"),
        ("interface_branch", "interface", "interface"),
        ("pilot_member", "pilot", "pilot_zone"),
    ):
        known = list(case.words(target, "name"))
        names = case.words(table, column)
        for row in names.index[(names != "") & ~names.isin(known)]:
            yield case.fault(table, row, column, f"no {target} {names[row]!r}{nearest(names[row], known)}")


def rows_exist(case: Subject) -> Iterator[Fault]:
    """Rows that refer to another table by its index lead somewhere."""
    for table, index_column, element_column in (
        ("interface_branch", "index", "element"),
        ("pilot_member", "index", "element"),
        ("poly_cost", "element", "et"),
        ("pwl_cost", "element", "et"),
    ):
        frame = case.table(table)
        if frame.empty:
            continue
        for row, element, index in zip(frame.index, frame[element_column], frame[index_column], strict=True):
            if index not in case.table(str(element)).index:
                yield case.fault(table, row, index_column, f"there is no row {index} in {element}")


def profiles_exist(case: Subject) -> Iterator[Fault]:
    """Profiles that the net names are in the Dataset, and are of the right kind."""
    if case.profiles is None:
        return
    known = [str(name) for name in case.profiles.data_vars]
    for (table, column), kind in PROFILE_COLUMNS.items():
        names = case.words(table, column)
        for row in names.index[names != ""]:
            name = names[row]
            if name not in case.profiles:
                yield case.fault(table, row, column, f"no profile {name!r}{nearest(name, known)}")
                continue
            stated = case.profiles[name].attrs.get("kind", kind)
            if stated != kind:
                message = f"profile {name!r} is of kind {stated!r}, but a profile of kind {kind!r} is needed"
                yield case.fault(table, row, column, message)


def tables_have_components(case: Subject) -> Iterator[Fault]:
    """Tables on which nothing acts yet are refused, so that no part of a net is silently ignored."""
    for table in WITHOUT_COMPONENT:
        if len(case.table(table)):
            yield case.fault(table, None, "", "no component of this version acts on this table; leave it empty")


RULES: tuple[Rule, ...] = (
    buses_exist,
    numbers_are_finite,
    limits_are_numbers,
    electrical_model_exists,
    limits_are_ordered,
    names_are_unique,
    references_exist,
    rows_exist,
    profiles_exist,
    tables_have_components,
)
