"""Flexible loads and prosumers: stores, use, plugs, part load, ramps, moved load, and what is behind a meter."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from gridopt.results.audit.budget import Budget, share_of_year
from gridopt.results.audit.finding import Array, Check, Finding, Mask, at_most, before, equal, worse
from gridopt.results.audit.view import Rows, View

POWER = Check("flexible load power", "power drawn and given back lies within what is plugged in", "MW")
STORE = Check("flexible load store", "the store holds what was in it, plus what goes in less what goes out", "MWh")
USE = Check("flexible load use", "use is served or counted as short, that of loads feeding on it included", "MW")
PART_LOAD = Check(
    "flexible load part load", "a load that runs draws at least its part load, one that does not draws nothing", "MW"
)
RAMP = Check("flexible load ramp", "power changes no faster than the ramp, but for starting and stopping", "MW")
METER = Check("prosumer meter", "exchange is what is made behind the meter less what is used", "MW")
EXCHANGE = Check("prosumer exchange", "exchange keeps its limits and its ramp", "MW")
INSIDE = Check("prosumer plants", "own plants, store and unserved load keep their limits", "MW")
MOVED = Check("prosumer moved load", "moved load is made up for by the end of its window", "MWh")
OWN_STORE = Check("prosumer store", "the own store holds what was in it, plus what goes in less what goes out", "MWh")

CHECKS = (POWER, STORE, USE, PART_LOAD, RAMP, METER, EXCHANGE, INSIDE, MOVED, OWN_STORE)


def audit(view: View) -> Iterator[Finding]:
    """All checks of flexible loads and prosumers."""
    if len(view.flexible_load):
        yield from _flexible(view)
    if len(view.prosumer):
        yield from _prosumers(view)


def chain(view: View) -> Array:
    """MWh out of the row's store for each MWh that the column's load draws, (element, element)."""
    rows = view.flexible_load
    kg, eta = rows.column("kg_h2_per_mwh"), rows.column("eta", 1.0)
    taken = np.zeros((len(rows), len(rows)))
    names = [str(word) for word in rows.words("name")]
    for k, giver in enumerate(rows.words("feeds")):
        if giver:
            i = names.index(giver)
            taken[i, k] = eta[i] * kg[k] / kg[i]
    return taken


def _stored(view: View) -> Mask:
    """Loads with a store: a use, a discharge, or others that feed on them."""
    rows = view.flexible_load
    own = (rows.column("p_mw", 0.0) > 0) | (rows.column("max_discharge_mw", 0.0) > 0)
    return np.asarray(own | (chain(view).sum(axis=1) > 0))


def _need(view: View) -> Array:
    """Use taken out of the stores, (element, time) [MW]."""
    rows = view.flexible_load
    own = rows.column("p_mw", 0.0)[:, None] * view.series(rows.words("profile"))
    return np.asarray(own + chain(view) @ view.values("flexible_load_p_mw", rows))


def _flexible(view: View) -> Iterator[Finding]:
    rows, names, time, h = view.flexible_load, view.flexible_load.names, view.time, view.step_h
    drawn, given, level, use, short, spilled = (
        view.values(f"flexible_load_{word}", rows)
        for word in ("p_mw", "discharge_mw", "energy_mwh", "use_mw", "shortfall_mw", "spill_mw")
    )
    plugged = view.series(rows.words("plugged_profile"))
    rated, back = rows.column("max_p_mw")[:, None], rows.column("max_discharge_mw", 0.0)[:, None]
    share = np.divide(drawn, rated, out=np.zeros_like(drawn), where=rated > 0)
    share = share + np.divide(given, back, out=np.zeros_like(given), where=back > 0)
    yield worse(
        at_most(POWER, drawn, rated * plugged, names, time, size=rated),
        at_most(POWER, rows.column("min_p_mw", 0.0)[:, None] * plugged, drawn, names, time, size=rated),
        at_most(POWER, given, back * plugged, names, time, size=back),
        at_most(POWER, -np.minimum(drawn, given), 0.0, names, time, size=rated),
        at_most(POWER, np.where(back > 0, share, 0.0), plugged, names, time),
    )
    stored = _stored(view)[:, None]
    full = rows.column("max_e_mwh", 0.0)
    begin = np.clip(np.where(np.isnan(rows.column("start_e_mwh")), full / 2, rows.column("start_e_mwh")), 0.0, full)
    eta, eta_out = rows.column("eta", 1.0)[:, None], rows.column("eta_discharge", 1.0)[:, None]
    kept = 1 - rows.column("self_discharge_per_h", 0.0)[:, None] * h
    flow = np.where(stored, eta * drawn - given / eta_out - use - spilled, 0.0)
    expected = np.where(stored, kept * before(begin, level) + h * flow, 0.0)
    size = np.maximum(full[:, None], rated)
    yield worse(
        equal(STORE, level, expected, names, time, size=size),
        at_most(STORE, level, np.where(stored, full[:, None], 0.0), names, time, size=size),
        at_most(STORE, -level, 0.0, names, time, size=size),
    )
    need = _need(view)
    yield worse(
        equal(USE, np.where(stored, use + short, use), np.where(stored, need, eta * drawn), names, time, size=rated),
        *(at_most(USE, -x, 0.0, names, time, size=rated) for x in (use, short, spilled)),
        at_most(USE, short, np.where(_may_lack(view, rows)[:, None], np.inf, 0.0), names, time, size=rated),
    )
    yield from _running(view, drawn, plugged)


def _may_lack(view: View, rows: Rows) -> Mask:
    own = ~np.isnan(rows.column("shortfall_cny_per_mwh"))
    return np.asarray(own | (view.settings.prices.value_of_lost_load_cny_per_mwh is not None))


def _running(view: View, drawn: Array, plugged: Array) -> Iterator[Finding]:
    """Part load with the on-state, and ramps that starting and stopping may exceed."""
    rows, names, time, h = view.flexible_load, view.flexible_load.names, view.time, view.step_h
    rated = rows.column("max_p_mw")[:, None]
    least = rows.column("min_part_load_pu", 0.0)[:, None] * rated
    switched = least[:, 0] > 0
    on = view.values("flexible_load_on", rows, may_lack=True)
    state = np.where(switched[:, None], on, 1.0)
    findings = [
        at_most(PART_LOAD, np.where(switched[:, None], least * state, 0.0), drawn, names, time, size=rated),
        at_most(PART_LOAD, drawn, rated * state, names, time, size=rated),
    ]
    if view.settings.unit_commitment == "integer":
        findings.append(equal(PART_LOAD, state, np.round(state), names, time))
    yield worse(*findings)
    ramp = rows.column("ramp_mw_per_h", np.inf)[:, None] * h
    jump = np.where(np.isinf(ramp), 0.0, np.maximum(least - ramp, 0.0))
    low, high = rows.column("min_p_mw", 0.0)[:, None] * plugged, rated * plugged
    eta = rows.column("eta", 1.0)
    own = rows.column("p_mw", 0.0)[:, None] * view.series(rows.words("profile"))
    first = np.clip(own[:, 0] / eta, low[:, 0], high[:, 0])
    first = np.where(first < least[:, 0], 0.0, first)
    was_on = before(np.where(switched, first > 0, 1.0), state)
    forced_up = np.maximum(low - before(low[:, 0], low), 0.0)
    forced_down = np.maximum(before(high[:, 0], high) - high, 0.0)
    change = drawn - before(first, drawn)
    yield worse(
        at_most(RAMP, change, ramp + jump * (1 - was_on) + forced_up, names, time, size=rated),
        at_most(RAMP, -change, ramp + jump * (1 - state) + forced_down, names, time, size=rated),
    )


def budgets(view: View) -> Iterator[Budget]:
    """Least energy of a year of flexible loads."""
    rows = view.flexible_load
    if not len(rows):
        return
    energy = view.values("flexible_load_p_mw", rows).sum(axis=1) * view.step_h
    due, own = rows.column("annual_mwh", 0.0), rows.column("shortfall_cny_per_mwh")
    # a MWh of a loop carries the electricity of its hydrogen with it
    with_hydrogen = 1 + (1 / rows.column("eta", 1.0)) @ chain(view)
    price = np.where(np.isnan(own), view.settings.prices.rule_cny_per_mwh * with_hydrogen, own)
    for i in np.flatnonzero(due > 0):
        limit = due[i] * share_of_year(view)
        yield Budget("flexible_load", "MWh", "least", limit, energy[i], price[i], f"energy of {rows.names[i]}")


def _prosumers(view: View) -> Iterator[Finding]:
    rows, names, time, h = view.prosumer, view.prosumer.names, view.time, view.step_h
    words = ("p", "load", "shift", "generation", "pv", "charge", "discharge", "shortfall", "excess")
    exchange, load, moved, made, sun, charge, discharge, short, excess = (
        view.values(f"prosumer_{word}_mw", rows) for word in words
    )
    own = rows.column("p_mw", 0.0)[:, None] * view.series(rows.words("profile"))
    weather = rows.column("pv_mw", 0.0)[:, None] * view.series(rows.words("pv_profile"))
    size = np.maximum(own.max(axis=1), rows.column("generation_mw", 0.0))[:, None]
    inside = made + sun + discharge - charge - (load + moved - short) - excess
    yield worse(
        equal(METER, exchange, inside, names, time, size=size),
        equal(METER, load, own, names, time),
        equal(METER, view.values("prosumer_pv_available_mw", rows), weather, names, time),
    )
    out = rows.column("export_max_mw", 0.0)[:, None]
    drawn = -rows.column("import_max_mw", np.inf)[:, None]
    ramp = rows.column("ramp_mw_per_h", np.inf)[:, None] * h
    movable = rows.column("shift_share", 0.0)[:, None] * own
    taken = own - movable + out
    least = np.minimum(rows.column("generation_min_mw", 0.0)[:, None], taken)
    most_drawn = np.minimum(-drawn[:, 0], (own + movable).max(axis=1) + rows.column("store_mw", 0.0))
    start = np.clip(least[:, 0] + weather[:, 0] - own[:, 0], -most_drawn, out[:, 0])
    yield worse(
        at_most(EXCHANGE, exchange, out, names, time, size=size),
        at_most(EXCHANGE, -exchange, -drawn, names, time, size=size),
        at_most(EXCHANGE, np.abs(exchange - before(start, exchange)), ramp, names, time, size=size),
    )
    power = rows.column("store_mw", 0.0)[:, None]
    promised = np.where(np.isinf(ramp), 0.0, out)
    lack = np.where(_may_lack(view, rows)[:, None], np.maximum(own + moved, 0.0) + promised, 0.0)
    dump = np.inf if view.settings.prices.excess_cny_per_mwh is not None else 0.0
    yield worse(
        at_most(INSIDE, made, rows.column("generation_mw", 0.0)[:, None], names, time, size=size),
        at_most(INSIDE, least, made, names, time, size=size),
        at_most(INSIDE, sun, weather, names, time),
        at_most(INSIDE, charge + discharge, power, names, time, size=power),
        at_most(INSIDE, short, lack, names, time, size=size),
        at_most(INSIDE, excess, dump, names, time, size=size),
        *(at_most(INSIDE, -x, 0.0, names, time, size=size) for x in (sun, charge, discharge, short, excess)),
    )
    yield _moved(view, moved, movable)
    yield _own_store(view, charge, discharge)


def _moved(view: View, moved: Array, movable: Array) -> Finding:
    """Load moves by no more than its share, and each block of the calendar uses what it would have used."""
    rows, h = view.prosumer, view.step_h
    begins = view.time - pd.Timedelta(hours=h)
    since = np.asarray((begins - pd.Timestamp(begins[0].year, 1, 1)) / pd.Timedelta(hours=1), dtype=float)
    findings = [at_most(MOVED, np.abs(moved), movable, rows.names, view.time)]
    for i, window in enumerate(rows.column("shift_window_h", 24.0)):
        block = np.floor(since / window + 1e-9).astype(int)
        _, number = np.unique(block, return_inverse=True)
        total = np.bincount(number, moved[i]) * h
        firsts = [view.time[int(np.argmax(number == k))] for k in range(total.size)]
        size = float(movable[i].max()) * h
        findings.append(equal(MOVED, total[None, :], 0.0, [rows.names[i]], firsts, size=size))
    return worse(*findings)


def _own_store(view: View, charge: Array, discharge: Array) -> Finding:
    rows, h = view.prosumer, view.step_h
    level, full = view.values("prosumer_energy_mwh", rows), rows.column("store_mwh", 0.0)
    eta = rows.column("store_eta", 0.95)[:, None]
    there = (rows.column("store_mw", 0.0) > 0) & (full > 0)
    start = np.where(there, full / 2, 0.0)
    expected = before(start, level) + h * (eta * charge - discharge / eta)
    return worse(
        equal(OWN_STORE, level, expected, rows.names, view.time, size=full[:, None]),
        at_most(OWN_STORE, level, np.where(there, full, 0.0)[:, None], rows.names, view.time, size=full[:, None]),
        at_most(OWN_STORE, -level, 0.0, rows.names, view.time, size=full[:, None]),
    )


def _prices(view: View, rows: Rows) -> tuple[Array, Array]:
    """Price of use that is not served, and of a store that does not return to its start level."""
    own, prices = rows.column("shortfall_cny_per_mwh"), view.settings.prices
    short = np.where(np.isnan(own), prices.value_of_lost_load_cny_per_mwh or 0.0, own)
    return short, np.where(short > 0, short, prices.rule_cny_per_mwh)


def _missing(view: View, start: Array, level: Array, price: Array) -> Array:
    """Price of what stores lack at the end of the horizon, (time,) [CNY]."""
    due = np.zeros(view.steps)
    if view.settings.horizon.end_storage == "cyclic":
        due[-1] = price @ np.maximum(start - level[:, -1], 0.0)
    return due


def cost(view: View) -> dict[str, tuple[Array, Array]]:
    """Costs and penalties of flexible loads and of prosumers, (time,) [CNY]."""
    found = {}
    if len(view.flexible_load):
        found["flexible_load"] = _flexible_cost(view)
    if len(view.prosumer):
        found["prosumer"] = _prosumer_cost(view)
    return found


def _flexible_cost(view: View) -> tuple[Array, Array]:
    rows, h = view.flexible_load, view.step_h
    drawn, given, level, short, spilled = (
        view.values(f"flexible_load_{w}", rows)
        for w in ("p_mw", "discharge_mw", "energy_mwh", "shortfall_mw", "spill_mw")
    )
    operating = h * (rows.column("wear_cny_per_mwh", 0.0) @ given - rows.column("value_cny_per_mwh", 0.0) @ drawn)
    price, end = _prices(view, rows)
    full = rows.column("max_e_mwh", 0.0)
    own = rows.column("start_e_mwh")
    start = np.where(_stored(view), np.clip(np.where(np.isnan(own), full / 2, own), 0.0, full), 0.0)
    dump = view.settings.prices.excess_cny_per_mwh or 0.0
    penalty = h * (price @ short + dump * spilled.sum(axis=0)) + _missing(view, start, level, end)
    return operating, penalty


def _prosumer_cost(view: View) -> tuple[Array, Array]:
    rows, h, prices = view.prosumer, view.step_h, view.settings.prices
    made, sun, offered, discharge, short, excess = (
        view.values(f"prosumer_{w}_mw", rows)
        for w in ("generation", "pv", "pv_available", "discharge", "shortfall", "excess")
    )
    co2 = prices.co2_cny_per_t * rows.column("generation_co2_t_per_mwh", 0.0)
    fuel = rows.column("generation_cny_per_mwh", 0.0) + co2
    operating = h * (fuel @ made + rows.column("store_wear_cny_per_mwh", 0.0) @ discharge)
    price, end = _prices(view, rows)
    priority = view.settings.policy.renewable_priority_cny_per_mwh
    curtailed = prices.curtailment_cny_per_mwh if priority is None else priority
    curtailed = 0.0 if view.case.plain else curtailed
    hourly = price @ short + (prices.excess_cny_per_mwh or 0.0) * excess.sum(axis=0)
    hourly = hourly + curtailed * (offered - sun).sum(axis=0)
    full = rows.column("store_mwh", 0.0)
    start = np.where((rows.column("store_mw", 0.0) > 0) & (full > 0), full / 2, 0.0)
    level = view.values("prosumer_energy_mwh", rows)
    return operating, h * hourly + _missing(view, start, level, end)


def co2_t(view: View) -> Array:
    """CO2 of own generation, (time,) [t]."""
    rows = view.prosumer
    if not len(rows):
        return np.zeros(view.steps)
    made = view.values("prosumer_generation_mw", rows)
    return np.asarray(view.step_h * (rows.column("generation_co2_t_per_mwh", 0.0) @ made))
