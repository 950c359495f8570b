"""Levers: the planner's verbs, named changes of a case with unit and range.

A lever is a pure function (net, settings, value) -> (net, settings); nothing is changed in place. Its present
value is read from the case, and a lever without a present value has nothing to act on: using it is an error.
Levers are applied in the order of ``LEVERS``, whatever the order in the case file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gridopt.errors import Fault, InputError
from gridopt.levers import demand_side, exchange, policy, supply, system, thermal
from gridopt.levers.exchange import interface_limit
from gridopt.levers.lever import Lever, State, Value
from gridopt.settings import Settings, nearest

if TYPE_CHECKING:
    from pandapower import pandapowerNet

__all__ = [
    "FAMILIES",
    "LEVERS",
    "PATTERNS",
    "Lever",
    "LeverRow",
    "State",
    "Value",
    "apply_levers",
    "interface_limit",
    "is_lever",
    "known_names",
    "levers_of",
    "table_of_levers",
]

LEVERS: tuple[Lever, ...] = (
    *(*supply.LEVERS, *thermal.LEVERS, *system.LEVERS),
    *(*demand_side.LEVERS, *exchange.LEVERS, *policy.LEVERS),
)
# One lever per element of the net, with NAME in the place of the element's name.
FAMILIES: tuple[Lever, ...] = (interface_limit("NAME"), *system.FAMILIES)
PATTERNS = tuple(lever.name for lever in FAMILIES)


def levers_of(net: pandapowerNet) -> dict[str, Lever]:
    """All levers by name, in the order of application; a family has one per element of the net."""
    sections = [interface_limit(str(name)) for name in net["interface"]["name"].dropna()]
    return {lever.name: lever for lever in (*LEVERS, *sections, *system.named_levers(net))}


def is_lever(name: str) -> bool:
    """Whether a key is written like a lever (its element may still be missing from the net)."""
    return name in {lever.name for lever in LEVERS} or any(_fits(name, pattern) for pattern in PATTERNS)


def _fits(name: str, pattern: str) -> bool:
    """Whether a name is of a family: its first and last word, and a name between them."""
    first, last = pattern.split("NAME")
    return name.startswith(first) and name.endswith(last) and len(name) > len(first) + len(last)


def known_names() -> list[str]:
    """Names of all levers, families as patterns."""
    return [*(lever.name for lever in LEVERS), *PATTERNS]


@dataclass(frozen=True)
class LeverRow:
    """One line of ``gridopt levers``: a lever and its present value."""

    lever: Lever
    present: Value


def table_of_levers(net: pandapowerNet, settings: Settings) -> Iterator[LeverRow]:
    """The levers that a case has, with their present values; one that was used shows what it was set to."""
    for lever in levers_of(net).values():
        present = lever.present(net, settings)
        if present is not None:
            yield LeverRow(lever, settings.levers.get(lever.name, present))


def apply_levers(net: pandapowerNet, settings: Settings, values: Mapping[str, Value], file: str = "") -> State:
    """Apply several levers; every fault is reported at once.

    Parameters
    ----------
    net : pandapowerNet
        With all extension columns; stays as it is.
    settings : Settings
        Settings before the levers.
    values : mapping of str to float or str
        Value by name of the lever.
    file : str
        Named in the faults.
    """
    known = levers_of(net)
    faults = [
        Fault(file, "lever", name, "", f"unknown lever{nearest(name, known)}") for name in values if name not in known
    ]
    for name, lever in known.items():
        if name in values:
            try:
                net, settings = lever.apply(net, settings, values[name])
            except InputError as error:
                faults += [Fault(file, f.table, f.row, f.column, f.message) for f in error.faults]
    if faults:
        raise InputError(faults)
    return net, settings
