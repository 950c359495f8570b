"""Rules that a case must keep before it is solved.

Each rule is a small function that yields all the faults it finds; ``check`` runs every rule, so that a user
sees all faults at once. Single columns (type, range, allowed words) are checked by the attribute table in
``gridopt.network.attributes``; the rules here look at several columns, tables or the profiles together.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gridopt.check import exchange, flexible, heat, plants, response, tables, thermal, water
from gridopt.check.subject import Rule, Subject
from gridopt.check.tables import PROFILE_COLUMNS
from gridopt.errors import Fault
from gridopt.network.columns import validate

if TYPE_CHECKING:
    import xarray as xr
    from pandapower import pandapowerNet

RULES: tuple[Rule, ...] = (
    *tables.RULES,
    *plants.RULES,
    *thermal.RULES,
    *heat.RULES,
    *flexible.RULES,
    *exchange.RULES,
    *response.RULES,
    *water.RULES,
)


def check(net: pandapowerNet, profiles: xr.Dataset | None, *, plain: bool = False, file: str = "") -> list[Fault]:
    """All faults of a net with its profiles.

    Parameters
    ----------
    net : pandapowerNet
        With all extension columns, see ``gridopt.network.columns.with_defaults``.
    profiles : xr.Dataset or None
        Hourly profiles, dim ``time``; ``None`` if there are none to be checked against.
    plain : bool
        Whether it is a user's own pandapower net without planner conventions.
    file : str
        Named in the faults.

    Returns
    -------
    list of Fault
        Empty if nothing is wrong.
    """
    subject = Subject(net, profiles, plain, file)
    return [*validate(net, file), *(fault for rule in RULES for fault in rule(subject))]


def profile_faults(profiles: xr.Dataset, file: str, *, plain: bool = False) -> list[Fault]:
    """All faults of the profiles by themselves.

    A time axis without series is allowed: the net's own values then hold. In a plain net a load's profile is
    any factor of its power, it needn't have the mean 1.
    """
    from gridopt.profiles.check import RULES, mean_is_one, not_empty, time_exists

    left_out = [*([not_empty] if not profiles.data_vars else []), *([mean_is_one] if plain else [])]
    faults = list(time_exists(profiles))
    if not faults:
        faults = [fault for rule in RULES if rule not in left_out for fault in rule(profiles)]
    return [replace(fault, file=file) for fault in faults]


def with_kinds(profiles: xr.Dataset, net: pandapowerNet) -> xr.Dataset:
    """A copy of the profiles in which a series that says nothing of itself is what the net uses it for."""
    profiles = profiles.copy()
    for (table, column), kind in PROFILE_COLUMNS.items():
        for name in set(net[table][column]) & set(profiles.data_vars):
            attributes = {"kind": kind, "units": "pu"} | profiles[name].attrs
            profiles[name] = profiles[name].assign_attrs(attributes)
    return profiles
