"""Wind and solar: never more than the weather offers, and every curtailed MWh counted."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridopt.results.audit.budget import Budget
from gridopt.results.audit.costs import constant, linear
from gridopt.results.audit.finding import Array, Check, Finding, at_most, equal, worse
from gridopt.results.audit.view import SOLAR, WIND, View

AVAILABLE = Check("available wind and solar", "what the weather offers is the site's size times its profile", "MW")
OUTPUT = Check("wind and solar output", "output is neither negative nor above what the weather offers", "MW")
CURTAILED = Check("curtailment", "curtailment is what is available less what is used", "MW")
SHARED = Check("shared curtailment", "sites that are alike at one bus are curtailed at the same rate", "pu")

CHECKS = (AVAILABLE, OUTPUT, CURTAILED, SHARED)


def available_mw(view: View) -> Array:
    """What the weather offers every site, (element, time) [MW]."""
    rows = view.renewable
    size = rows.column("max_p_mw")
    size = np.where(np.isnan(size), rows.column("p_mw"), size) * rows.column("scaling", 1.0)
    return np.asarray(size[:, None] * view.series(rows.words("profile")))


def audit(view: View) -> Iterator[Finding]:
    """All checks of wind and solar."""
    rows = view.renewable
    if not len(rows):
        return
    names, offered = rows.names, available_mw(view)
    power = view.values("renewable_p_mw", rows)
    yield equal(AVAILABLE, view.values("renewable_available_mw", rows), offered, names, view.time)
    yield worse(at_most(OUTPUT, power, offered, names, view.time), at_most(OUTPUT, -power, 0.0, names, view.time))
    curtailed = view.values("renewable_curtailment_mw", rows)
    yield equal(CURTAILED, curtailed, np.maximum(offered - power, 0.0), names, view.time, size=offered)
    if view.settings.policy.curtailment_sharing == "pro_rata":
        yield _shared(view, offered, power)


def _shared(view: View, offered: Array, power: Array) -> Finding:
    """Rates of sites of the same bus, prices, zone and without a battery of their own are the same."""
    rows = view.renewable
    net = view.case.net
    zone = dict(
        zip(
            zip(net["pilot_member"]["element"], net["pilot_member"]["index"], strict=True),
            net["pilot_member"]["pilot"],
            strict=True,
        )
    )
    own_battery = {int(row) for row in view.table("storage")["co_located_sgen"].dropna()}
    price, output_price, co2 = curtailment_price(view), linear(view, rows), rows.column("co2_t_per_mwh", 0.0)
    weather = [technology in WIND + SOLAR for technology in rows.words("technology")]
    groups: dict[object, list[int]] = {}
    for i, (place, bus) in enumerate(zip(rows.places, rows.buses, strict=True)):
        alone = i if place[0] == "sgen" and place[1] in own_battery else -1
        key = (bus, price[i], output_price[i], co2[i], weather[i], str(zone.get(place, "")), alone)
        groups.setdefault(key, []).append(i)
    rate, reference = _rate(power, offered), np.ones_like(power)
    for sites in groups.values():  # what each offers counts: a site without wind says nothing
        reference[sites] = _rate(power[sites].sum(axis=0), offered[sites].sum(axis=0))
    comparable = np.where(np.abs(rate - reference) * offered > 1e-3, rate, reference)
    return equal(SHARED, comparable, reference, rows.names, view.time)


def _rate(power: Array, offered: Array) -> Array:
    """Share that is used; 1 where nothing is offered."""
    rate: Array = np.divide(power, offered, out=np.ones_like(power), where=offered > 1e-6)
    return rate


def curtailment_price(view: View) -> Array:
    """Price of a curtailed MWh of every site, (element,) [CNY/MWh]."""
    prices = view.settings.prices
    priority = view.settings.policy.renewable_priority_cny_per_mwh
    general = prices.curtailment_cny_per_mwh if priority is None else priority
    return view.renewable.column("curtailment_cost_cny_per_mwh", 0.0 if view.case.plain else general)


def cost(view: View) -> dict[str, tuple[Array, Array]]:
    """Cost of output and standing cost; price of curtailment, (time,) [CNY]."""
    rows, h = view.renewable, view.step_h
    if not len(rows):
        return {}
    power = view.values("renewable_p_mw", rows)
    carbon = view.settings.prices.co2_cny_per_t * rows.column("co2_t_per_mwh", 0.0)
    standing = constant(view, rows).sum() if not len(view.case.net["pwl_cost"]) else 0.0
    operating = h * ((linear(view, rows) + carbon) @ power + standing)
    penalty = h * (curtailment_price(view) @ (available_mw(view) - power))
    return {"renewable": (operating, penalty)}


def co2_t(view: View) -> Array:
    """CO2 of what follows a profile and burns something, (time,) [t]."""
    rows = view.renewable
    if not len(rows):
        return np.zeros(view.steps)
    return np.asarray(view.step_h * (rows.column("co2_t_per_mwh", 0.0) @ view.values("renewable_p_mw", rows)))


def budgets(view: View) -> Iterator[Budget]:
    """The cap on curtailment."""
    rate, rows = view.settings.policy.max_curtailment_rate, view.renewable
    counted = np.array([word in WIND + SOLAR for word in rows.words("technology")], dtype=bool)
    if rate is None or not counted.any():
        return
    offered = available_mw(view)[counted]
    used = (offered - view.values("renewable_p_mw", rows)[counted]).sum() * view.step_h
    price = view.settings.prices.rule_cny_per_mwh
    yield Budget(
        "renewable", "MWh", "most", rate * offered.sum() * view.step_h, used, price, "curtailed wind and solar"
    )
