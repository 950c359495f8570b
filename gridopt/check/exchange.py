"""Rules for ties, channels, poles, pilot zones and reserve products: columns that must fit together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridopt.check.subject import TOLERANCE_MW, Rule, Subject
from gridopt.errors import Fault

Array = NDArray[np.float64]

_MEMBER_TABLES = ("gen", "sgen", "storage", "load")


def _contract_mw(case: Subject) -> Array:
    """Contract inside the hard limits in all hours of the profiles, (tie, hour) [MW]; flat ones without a profile."""
    mean, low, high = (case.numbers("tie", column).to_numpy() for column in ("p_mw", "min_p_mw", "max_p_mw"))
    hours = 1 if case.profiles is None else max(case.profiles.sizes.get("time", 1), 1)
    shape = np.ones((len(mean), hours))
    for row, name in enumerate(case.words("tie", "profile")):
        if case.profiles is not None and name in case.profiles:
            shape[row] = case.profiles[name].to_numpy()
    contract: Array = np.clip(mean[:, None] * shape, low[:, None], high[:, None])
    return contract


def _limits_mw(case: Subject) -> tuple[Array, Array, Array]:
    """Contract, lower and upper limit of every tie, (tie, hour) [MW]."""
    contract = _contract_mw(case)
    band, low, high = (
        case.numbers("tie", column).to_numpy()[:, None] for column in ("band_mw", "min_p_mw", "max_p_mw")
    )
    return contract, np.maximum(contract - band, low), np.minimum(contract + band, high)


def staircases_have_their_steps(case: Subject) -> Iterator[Fault]:
    """The contract of a staircase with a band changes no more often than its steps."""
    if case.profiles is None or case.profiles.sizes.get("time", 0) < 2 or case.table("tie").empty:
        return
    time = pd.DatetimeIndex(case.profiles["time"].to_numpy())
    changes = np.abs(np.diff(_contract_mw(case), axis=1)) > TOLERANCE_MW
    day = (time - (time[1:] - time[:-1]).min()).normalize()[1:]  # a stamp is the end of its step
    per_day = pd.DataFrame(changes.T, index=day).groupby(level=0).sum()
    band, steps = case.numbers("tie", "band_mw"), case.numbers("tie", "steps_per_day")
    for row, usual in zip(steps.index, per_day.median(), strict=True):
        if band[row] > 0 and usual > steps[row]:
            message = f"is {steps[row]:g}, but the contract changes {usual:g} times on a usual day"
            yield case.fault("tie", row, "steps_per_day", message)


def channels_export(case: Subject) -> Iterator[Fault]:
    """A share of wind and solar is one of energy exported: a channel that keeps it never imports."""
    if case.table("tie").empty:
        return
    least = _limits_mw(case)[1].min(axis=1)
    for row, share, low in zip(case.table("tie").index, case.numbers("tie", "renewable_share_min"), least, strict=True):
        if share > 0 and low < -TOLERANCE_MW:
            message = f"{share:g} of the export, but the tie may import up to {-low:.6g} MW; set min_p_mw = 0"
            yield case.fault("tie", row, "renewable_share_min", message)


def losses_of_ties_are_possible(case: Subject) -> Iterator[Fault]:
    """Something arrives, and a tie that exports and imports is not paid for losing energy."""
    loss, price = case.numbers("tie", "loss_pu"), case.numbers("tie", "price_cny_per_mwh")
    for row in loss.index[loss >= 1]:
        yield case.fault("tie", row, "loss_pu", "must be below 1: nothing would arrive")
    if loss.empty:
        return
    _, low, high = _limits_mw(case)
    reverses = (low.min(axis=1) < 0) & (high.max(axis=1) > 0)
    for row in loss.index[(loss > 0) & (loss < 1) & (price < 0) & reverses]:
        message = "a tie that exports and imports with a loss needs a value >= 0"
        yield case.fault("tie", row, "price_cny_per_mwh", message)


def poles_are_of_direct_current(case: Subject) -> Iterator[Fault]:
    """Only direct current has poles, and only what alternates responds to the loss of one."""
    kind, poles = case.words("tie", "kind"), case.numbers("tie", "poles")
    for row in kind.index[(poles > 0) & (kind != "hvdc")]:
        yield case.fault("tie", row, "poles", "a tie of kind 'ac' has no poles: its circuits are rows of line")
    for row in kind.index[(case.numbers("tie", "response_mw") > 0) & (kind == "hvdc")]:
        message = "a tie of kind 'hvdc' keeps its power: only what turns with the grid responds"
        yield case.fault("tie", row, "response_mw", message)


def poles_take_something_away(case: Subject) -> Iterator[Fault]:
    """The other poles can't take over all that one carried: then its loss is none."""
    for table in ("dcline", "tie"):
        poles, overload = case.numbers(table, "poles"), case.numbers(table, "pole_overload_pu")
        for row in poles.index[(poles > 1) & (overload * (poles - 1) >= poles)]:
            message = f"is {overload[row]:g}: the other poles take over all that one carries; leave poles 0"
            yield case.fault(table, row, "pole_overload_pu", message)


def pilots_are_closed(case: Subject) -> Iterator[Fault]:
    """The members of a pilot zone, and nothing else that generates, stores or consumes, sit on the zone's bus."""
    zones = case.table("pilot_zone")
    if zones.empty:
        return
    bus_of = dict(zip(case.words("pilot_zone", "name"), zones["bus"], strict=True))
    for row in zones.index[zones["bus"].duplicated()]:
        yield case.fault("pilot_zone", row, "bus", "another zone has the same bus")
    listed: set[tuple[str, int]] = set()
    columns = (case.words("pilot_member", column) for column in ("pilot", "element"))
    members = zip(case.table("pilot_member").index, *columns, case.numbers("pilot_member", "index"), strict=True)
    for row, pilot, table, index in members:
        if table not in _MEMBER_TABLES or not np.isfinite(index):
            continue  # the attribute table complains about it
        listed.add((table, int(index)))
        element = case.table(table)
        if pilot in bus_of and index in element.index and element["bus"][index] != bus_of[pilot]:
            place, home = element["bus"][index], bus_of[pilot]
            message = f"{table} {index:.0f} sits on bus {place}, the zone on bus {home}"
            yield case.fault("pilot_member", row, "index", message)
    for table in _MEMBER_TABLES:
        element = case.table(table)
        if element.empty:
            continue
        inside = element["bus"].isin(list(bus_of.values())) & case.live(table)
        for row in element.index[inside]:
            if (table, int(row)) not in listed:
                yield case.fault(table, row, "bus", "sits on the bus of a pilot zone, but is none of its members")


def reserve_products_are_possible(case: Subject) -> Iterator[Fault]:
    """Kinetic energy and emergency power are held for more generation, and a unit's MW are no MW s."""
    kind, direction = case.words("reserve_product", "kind"), case.words("reserve_product", "direction")
    for row in kind.index[(kind != "spinning") & (direction == "down")]:
        yield case.fault("reserve_product", row, "direction", f"a product of kind {kind[row]!r} is held upwards")
    largest = case.words("reserve_product", "largest_unit") == "True"
    for row in kind.index[(kind == "inertia") & largest]:
        message = "the largest unit is in MW, inertia in MW s: give the floor as mw"
        yield case.fault("reserve_product", row, "largest_unit", message)


RULES: tuple[Rule, ...] = (
    staircases_have_their_steps,
    channels_export,
    losses_of_ties_are_possible,
    poles_are_of_direct_current,
    poles_take_something_away,
    pilots_are_closed,
    reserve_products_are_possible,
)
