"""Pumped storage and batteries: levels, limits, cycles, units, one mode at a time, shared connections."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from gridopt.results.audit.costs import constant, linear
from gridopt.results.audit.finding import FLOW_MW, Array, Check, Finding, Whole, at_most, before, equal, worse
from gridopt.results.audit.reserve import Holding, held, spinning_sum
from gridopt.results.audit.view import View

POWER = Check("storage power", "charge and discharge are neither negative nor above the ratings", "MW")
STATE = Check(
    "storage level equation", "a level is the one before, with losses, plus what goes in less what goes out", "MWh"
)
LEVEL = Check("storage level", "levels stay between their limits", "MWh")
END = Check("storage end", "stores that have to return hold their start level at the end, or all they can", "MWh")
CYCLES = Check("storage cycles", "no more full cycles in a calendar day than allowed", "MWh")
AT_ONCE = Check("storage modes", "no store charges and discharges at once, which would hide curtailment", "MW")
UNITS = Check("storage units", "whole units pump or generate, within the numbers that power needs", "units")
CONNECTION = Check("shared connection", "a park and the stores behind it stay within their connection", "MW")
GRID_CHARGING = Check(
    "charging from own plant", "stores that may not charge from the grid take no more than their park gives", "MW"
)
HEADROOM = Check("storage reserve", "reserve fits into power and energy that is left", "MW")

CHECKS = (POWER, STATE, LEVEL, END, CYCLES, AT_ONCE, UNITS, CONNECTION, GRID_CHARGING, HEADROOM)


def audit(view: View) -> Iterator[Finding]:
    """All checks of storage."""
    rows = view.storage
    if not len(rows):
        return
    names, time, h = rows.names, view.time, view.step_h
    charge, discharge = view.values("storage_charge_mw", rows), view.values("storage_discharge_mw", rows)
    level = view.values("storage_energy_mwh", rows)
    most_in, most_out = rows.column("max_p_mw")[:, None], -rows.column("min_p_mw")[:, None]
    low, high = rows.column("min_e_mwh")[:, None], rows.column("max_e_mwh")[:, None]
    yield worse(
        at_most(POWER, charge, most_in, names, time),
        at_most(POWER, discharge, most_out, names, time),
        at_most(POWER, -charge, 0.0, names, time, size=most_in),
        at_most(POWER, -discharge, 0.0, names, time, size=most_out),
    )
    eta_in, eta_out = rows.column("eta_charge", 1.0)[:, None], rows.column("eta_discharge", 1.0)[:, None]
    kept = 1 - rows.column("self_discharge_per_h", 0.0)[:, None] * h
    start = np.clip(rows.column("soc_percent") / 100 * high[:, 0], low[:, 0], high[:, 0])
    expected = kept * before(start, level) + h * (eta_in * charge - discharge / eta_out)
    yield equal(STATE, level, expected, names, time, size=high)
    yield worse(
        at_most(LEVEL, level, high, names, time, size=high),
        at_most(LEVEL, low, level, names, time, size=high),
    )
    yield _end(view, start, level, kept, eta_in * most_in)
    yield _cycles(view, discharge)
    losing = eta_in * eta_out < 1
    both = np.where(losing, np.minimum(charge, discharge), 0.0)
    yield at_most(AT_ONCE, both, 0.0, names, time, tolerance=FLOW_MW)
    if view.settings.unit_commitment == "integer":
        yield _units(view, charge, discharge)
    yield from _connections(view, charge, discharge)
    yield from _headroom(view, charge, discharge, level)


def _end(view: View, start: Array, level: Array, kept: Array, filling_mw: Array) -> Finding:
    """Start levels at the end of the horizon; what can't be reached any more asks for full charging instead."""
    rows = view.storage
    cyclic = view.settings.horizon.end_storage == "cyclic"
    returns = np.array([cyclic or word in ("cyclic", "fixed") for word in rows.words("end")], dtype=bool)
    first = last_window(view)
    level_before = start if first == 0 else level[:, first - 1]
    reach = level_before
    for _ in range(view.steps - first):
        reach = kept[:, 0] * reach + filling_mw[:, 0] * view.step_h
    target = np.where(returns, np.minimum(start, reach), 0.0)
    if view.settings.unit_commitment == "integer":
        # pumps of fixed speed may miss the top by less than one unit and step
        block = (rows.column("eta_charge", 1.0) * rows.column("max_p_mw") / rows.column("n_units", 1.0)) * view.step_h
        target = target - np.where(rows.flags("fixed_speed"), block, 0.0)
    at_end = view.time[-1:]
    return at_most(END, target[:, None], level[:, -1:], rows.names, at_end, size=rows.column("max_e_mwh")[:, None])


def last_window(view: View) -> int:
    """Step at which the last window begins: from there on the end of the horizon is in sight."""
    return int(view.array("window_start", ("window",))[-1])


def day_numbers(view: View) -> Whole:
    """Number of the calendar day in which each step begins."""
    days = (view.time - pd.Timedelta(hours=view.step_h)).normalize()
    return np.asarray(np.unique(days, return_inverse=True)[1])


def _cycles(view: View, discharge: Array) -> Finding:
    rows = view.storage
    cycles = rows.column("max_cycles_per_day")
    most = np.where(np.isnan(cycles), np.inf, cycles * rows.column("max_e_mwh"))[:, None]
    day = day_numbers(view)
    energy = np.zeros((len(rows), int(day.max()) + 1))
    np.add.at(energy.T, day, discharge.T * view.step_h)
    begins = [view.time[int(np.argmax(day == number))] for number in range(energy.shape[1])]
    return at_most(CYCLES, energy, most, rows.names, [f"{moment:%Y-%m-%d}" for moment in begins])


def _units(view: View, charge: Array, discharge: Array) -> Finding:
    """Counts are whole, one mode at a time, and power is what the counted units can do."""
    rows = view.storage
    counted = np.array([word == "phs" for word in rows.words("technology")], dtype=bool)
    counted |= rows.flags("fixed_speed") | (rows.column("min_discharge_pu", 0.0) > 0)
    names, n = rows.names, rows.column("n_units", 1.0)[:, None]
    if not counted.any():
        return Finding(UNITS, 0)
    pumps, turbines = (view.values(f"storage_{name}_units", rows, may_lack=True) for name in ("pump", "turbine"))
    pumps, turbines = np.where(counted[:, None], pumps, 0.0), np.where(counted[:, None], turbines, 0.0)
    each_in = rows.column("max_p_mw")[:, None] / n
    each_out = -rows.column("min_p_mw")[:, None] / n
    fixed = rows.flags("fixed_speed")[:, None] & counted[:, None]
    floor = rows.column("min_discharge_pu", 0.0)[:, None]
    both = np.minimum(pumps, turbines)
    needed_in = np.where(counted[:, None], charge / each_in, 0.0)
    needed_out = np.where(counted[:, None], discharge / each_out, 0.0)
    return worse(
        equal(UNITS, pumps, np.round(pumps), names, view.time),
        equal(UNITS, turbines, np.round(turbines), names, view.time),
        at_most(UNITS, both, 0.0, names, view.time),
        at_most(UNITS, np.maximum(pumps, turbines), n, names, view.time),
        at_most(UNITS, needed_in, pumps, names, view.time),
        at_most(UNITS, needed_out, turbines, names, view.time),
        at_most(UNITS, floor * turbines, needed_out, names, view.time),
        equal(UNITS, np.where(fixed, needed_in, pumps), pumps, names, view.time),
    )


def _connections(view: View, charge: Array, discharge: Array) -> Iterator[Finding]:
    rows, parks = view.storage, view.renewable
    site = rows.column("co_located_sgen")
    shared = sorted({int(row) for row in site if not np.isnan(row)})
    if not shared:
        return
    power = view.values("renewable_p_mw", parks) if len(parks) else np.zeros((0, view.steps))
    place = {row: i for i, row in enumerate(parks.places)}
    sgen = view.case.net["sgen"]
    names, exchange, limits, taken, given = [], [], [], [], []
    own_only = ~rows.flags("grid_charging", missing=True)
    for row in shared:
        behind = site == row
        park = power[place["sgen", row]] if ("sgen", row) in place else np.zeros(view.steps)
        stated = rows.column("connection_mw")[behind]
        size = float(sgen.at[row, "max_p_mw"]) * float(sgen.at[row, "scaling"])
        limits.append(float(np.min(np.where(np.isnan(stated), size, stated))))
        exchange.append(np.abs(park + (discharge - charge)[behind].sum(axis=0)))
        taken.append(charge[behind & own_only].sum(axis=0))
        given.append(park)
        names.append(str(sgen.at[row, "name"]))
    yield at_most(CONNECTION, np.array(exchange), np.array(limits)[:, None], names, view.time)
    if own_only.any():
        size_of = np.array(limits)[:, None]
        yield at_most(GRID_CHARGING, np.array(taken), np.array(given), names, view.time, size=size_of)


def _headroom(view: View, charge: Array, discharge: Array, level: Array) -> Iterator[Finding]:
    """Reserve of each direction beside what is dispatched, in power and in energy, and the emergency base."""
    rows, h = view.storage, view.time
    holding = held(view, "storage_reserve_mw", rows)
    if holding is None:
        return
    names = rows.names
    most_in, most_out = rows.column("max_p_mw")[:, None], -rows.column("min_p_mw")[:, None]
    low, high = rows.column("min_e_mwh")[:, None], rows.column("max_e_mwh")[:, None]
    eta_in, eta_out = rows.column("eta_charge", 1.0)[:, None], rows.column("eta_discharge", 1.0)[:, None]
    up, up_energy = spinning_sum(holding, "up")
    down, down_energy = spinning_sum(holding, "down")
    yield worse(
        at_most(HEADROOM, discharge - charge + up, most_out, names, h),
        at_most(HEADROOM, charge - discharge + down, most_in, names, h),
        at_most(HEADROOM, low + up_energy / eta_out, level, names, h, size=high),
        at_most(HEADROOM, level + eta_in * down_energy, high, names, h, size=high),
        *_emergency(view, holding, level),
        *_inertia(view, holding, charge, discharge),
    )


def _emergency(view: View, holding: Holding, level: Array) -> Iterator[Finding]:
    rows = view.storage
    may = rows.flags("emergency")[:, None]
    eta_out, low = rows.column("eta_discharge", 1.0)[:, None], rows.column("min_e_mwh")[:, None]
    rating = np.where(may, -rows.column("min_p_mw")[:, None], 0.0)
    energy = np.zeros((len(rows), view.steps))
    total = np.zeros((len(rows), view.steps))
    for product, values in zip(holding.products, holding.values, strict=True):
        if product["kind"] == "emergency":
            energy, total = energy + float(product["duration_h"]) * values, total + values
            yield at_most(
                HEADROOM,
                float(product["duration_h"]) * values,
                eta_out * (level - low) * may + 0.0,
                rows.names,
                view.time,
                size=rows.column("max_e_mwh")[:, None],
            )
            yield at_most(HEADROOM, values, rating, rows.names, view.time)


def _inertia(view: View, holding: Holding, charge: Array, discharge: Array) -> Iterator[Finding]:
    """Machines give their inertia while they run, converters always."""
    rows = view.storage
    most_in, most_out = rows.column("max_p_mw")[:, None], -rows.column("min_p_mw")[:, None]
    machine = np.array([word == "phs" for word in rows.words("technology")], dtype=bool)[:, None]
    constant_s = rows.column("inertia_s", 0.0)[:, None]
    share = np.divide(charge, most_in, out=np.zeros_like(charge), where=most_in > 0)
    running = discharge + share * most_out
    if view.settings.unit_commitment == "integer":
        pumps, turbines = (view.values(f"storage_{w}_units", rows, may_lack=True) for w in ("pump", "turbine"))
        units = np.nan_to_num(pumps) + np.nan_to_num(turbines)
        running = np.where(np.isnan(pumps), running, units * most_out / rows.column("n_units", 1.0)[:, None])
    most = constant_s * np.where(machine, np.minimum(running, most_out), most_out)
    for product, values in zip(holding.products, holding.values, strict=True):
        if product["kind"] == "inertia":
            yield at_most(HEADROOM, values, most, rows.names, view.time)


def cost(view: View) -> dict[str, tuple[Array, Array]]:
    """Wear of discharge, and what the net's own cost asks for each MWh drawn, (time,) [CNY]."""
    rows, h = view.storage, view.step_h
    if not len(rows):
        return {}
    charge, discharge = view.values("storage_charge_mw", rows), view.values("storage_discharge_mw", rows)
    # the cost table counts the injection against itself: a MWh drawn costs c1
    draw = -linear(view, rows)
    wear = rows.column("throughput_cost_cny_per_mwh", 0.0)
    standing = np.abs(constant(view, rows)).sum()
    return {"storage": (h * (wear @ discharge + draw @ (charge - discharge) + standing), np.zeros(view.steps))}
