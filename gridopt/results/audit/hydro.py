"""Hydro: water balances of cascades in their own units, release, bands, ramps and reserves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gridopt.results.audit.costs import constant, linear
from gridopt.results.audit.entry import number
from gridopt.results.audit.finding import Array, Check, Finding, Mask, Whole, at_most, before, equal, worse
from gridopt.results.audit.reserve import held, spinning_sum
from gridopt.results.audit.storage import last_window
from gridopt.results.audit.view import View

INFLOW = Check("natural inflow", "inflow is the mean of the reservoir or plant times its profile", "MW")
OUTPUT = Check("hydro output", "output and spill lie between their limits", "MW")
WATER = Check("water balance", "a level is the one before plus all water that comes, less all that goes", "MWh")
VOLUME = Check("reservoir volume", "volumes and flows are the energies and powers of the plant", "1e6 m3 or m3/s")
LEVEL = Check("reservoir level", "levels stay between their limits", "MWh")
RELEASE = Check("least release", "at least the least release passes, but for the breach that is reported", "MW")
RAMP = Check("hydro ramp", "output changes no faster than the ramp, but for the breach that is reported", "MW")
BAND = Check("seasonal band", "levels stay in their band, but for the breach that is reported", "MWh")
END = Check("reservoir end", "a cyclic reservoir holds its start level at the end, or all it can", "MWh")
HEADROOM = Check("hydro reserve", "reserve fits into power and water that is left", "MW")

CHECKS = (INFLOW, OUTPUT, WATER, VOLUME, LEVEL, RELEASE, RAMP, BAND, END, HEADROOM)
# 10⁶ m³ in an hour of one m³/s.
_MM3 = 3.6e-3


@dataclass(frozen=True)
class Lakes:
    """Reservoirs of all plants in energy of their own plant; (element,), (element, time)."""

    power_per_flow: Array
    stores: Mask
    inflow: Array
    release: Array
    low: Array
    high: Array
    start: Array
    band_low: Array
    band_high: Array
    ramp: Array
    least_p: Array
    most_p: Array
    above: tuple[int, ...]
    delay: tuple[int, ...]
    ratio: Array


def read_lakes(view: View) -> Lakes:
    """Read all hydro plants with their reservoirs."""
    rows, net = view.hydro, view.case.net
    table = net["reservoir"]
    by_plant = {row["gen"]: row for row in table.to_dict("records")}
    lakes = [by_plant.get(name, {}) for name in rows.names]

    def numbers(column: str, missing: float) -> Array:
        return np.array([number(lake.get(column), missing) for lake in lakes])

    per_flow = numbers("mw_per_m3_per_s", np.nan)
    wet = ~np.isnan(per_flow)
    mwh = np.where(wet, per_flow, 0.0) / _MM3
    stores = wet | ~np.isnan(numbers("max_e_mwh", np.nan))

    def either(volume: str, energy: str, factor: Array) -> Array:
        return np.where(wet, numbers(volume, 0.0) * factor, numbers(energy, 0.0))

    flow = either("inflow_m3_per_s", "inflow_mw", np.where(wet, per_flow, 0.0))
    names = [
        str(lake.get("profile") or "") if stored else word
        for lake, stored, word in zip(lakes, stores, rows.words("profile"), strict=True)
    ]
    most_p = rows.column("max_p_mw")
    inflow = np.where(stores, flow, most_p)[:, None] * view.series(names)
    full = either("max_v_mm3", "max_e_mwh", mwh)
    high = full * numbers("level_high_pu", 1.0)
    low = np.maximum(either("min_v_mm3", "min_e_mwh", mwh), full * numbers("level_low_pu", 0.0))
    least_p = np.minimum(np.where(stores, rows.column("min_p_mw", 0.0), 0.0), most_p)
    above, delay, ratio, passing = _cascade(view, lakes, per_flow)
    return Lakes(
        power_per_flow=per_flow,
        stores=stores,
        inflow=inflow + passing,
        release=either("min_release_m3_per_s", "min_release_mw", np.where(wet, per_flow, 0.0)) * stores,
        low=low,
        high=high,
        start=np.clip(either("start_v_mm3", "start_e_mwh", mwh), low, high),
        band_low=np.clip(_band(view, lakes, "band_low_profile", full, -np.inf), low[:, None], high[:, None]),
        band_high=np.clip(_band(view, lakes, "band_high_profile", full, np.inf), low[:, None], high[:, None]),
        ramp=numbers("ramp_mw_per_h", np.inf) * view.step_h,
        least_p=least_p,
        most_p=most_p,
        above=above,
        delay=delay,
        ratio=ratio,
    )


def _band(view: View, lakes: list[dict[str, object]], column: str, full: Array, none: float) -> Array:
    rows = np.full((len(lakes), view.steps), none)
    for i, lake in enumerate(lakes):
        name = lake.get(column)
        if isinstance(name, str) and name:
            rows[i] = full[i] * view.series([name])[0]
    return rows


def _cascade(
    view: View, lakes: list[dict[str, object]], per_flow: Array
) -> tuple[tuple[int, ...], tuple[int, ...], Array, Array]:
    """Reservoir above each (−1: none), travel time [steps], power ratio, and water of idle reservoirs above."""
    table = {row["name"]: row for row in view.case.net["reservoir"].to_dict("records")}
    place = {lake["name"]: i for i, lake in enumerate(lakes) if "name" in lake}
    above, delay, ratio = [-1] * len(lakes), [0] * len(lakes), np.zeros(len(lakes))
    passing = np.zeros((len(lakes), view.steps))
    for i, lake in enumerate(lakes):
        upper, hours = str(lake.get("upstream") or ""), float(str(lake.get("delay_h") or 0.0))
        while upper and upper not in place:  # its plant is out of service: its water passes
            idle = table[upper]
            natural = float(idle["inflow_m3_per_s"]) * per_flow[i] * view.series([str(idle["profile"] or "")])[0]
            late = round(hours / view.step_h)
            passing[i] += np.concatenate([np.full(late, natural[0]), natural])[: view.steps]
            upper, hours = str(idle["upstream"] or ""), hours + float(idle["delay_h"])
        if upper:
            above[i], delay[i] = place[upper], round(hours / view.step_h)
            ratio[i] = per_flow[i] / per_flow[place[upper]]
    return tuple(above), tuple(delay), ratio, passing


def _arriving(lakes: Lakes, released: Array) -> Array:
    """Water from above in power of the own plant, (element, time); at the start it is on its way at a steady flow."""
    steady = _steady(lakes)
    arrived = np.zeros_like(released)
    for i, upper in enumerate(lakes.above):
        if upper >= 0:
            sent = np.concatenate([np.full(lakes.delay[i], steady[upper]), released[upper]])
            arrived[i] = lakes.ratio[i] * sent[: released.shape[1]]
    return arrived


def _steady(lakes: Lakes) -> Array:
    """Release before the horizon: all the natural inflow of the first step from here upwards, (element,)."""
    flow = lakes.inflow[:, 0].copy()
    for _ in flow:  # one pass for each level of the cascade
        flow = np.array(
            [lakes.inflow[i, 0] + (lakes.ratio[i] * flow[up] if up >= 0 else 0.0) for i, up in enumerate(lakes.above)]
        )
    return flow


def audit(view: View) -> Iterator[Finding]:
    """All checks of hydro."""
    rows = view.hydro
    if not len(rows):
        return
    lakes, names, time, h = read_lakes(view), rows.names, view.time, view.step_h
    power, spill = view.values("hydro_p_mw", rows), view.values("hydro_spill_mw", rows)
    level = view.values("hydro_energy_mwh", rows)
    lack, leave = view.values("hydro_release_breach_mw", rows), view.values("hydro_band_breach_mwh", rows)
    yield equal(INFLOW, view.values("hydro_inflow_mw", rows), lakes.inflow, names, time)
    size, full = lakes.most_p[:, None], lakes.high[:, None]
    yield worse(
        at_most(OUTPUT, power, size, names, time),
        at_most(OUTPUT, lakes.least_p[:, None] - lack, power, names, time, size=size),
        at_most(OUTPUT, -spill, 0.0, names, time, size=size),
        at_most(OUTPUT, -np.minimum(lack, leave), 0.0, names, time, size=size),
    )
    arriving = _arriving(lakes, power + spill)
    expected = before(lakes.start, level) + h * (lakes.inflow + arriving - power - spill)
    yield equal(WATER, level, expected, names, time, size=np.maximum(full, size))
    yield worse(
        at_most(LEVEL, level, full, names, time), at_most(LEVEL, lakes.low[:, None], level, names, time, size=full)
    )
    least = np.maximum(lakes.least_p, lakes.release)[:, None]
    yield at_most(RELEASE, least - lack, power + spill, names, time, size=size)
    yield _volumes(view, lakes, level, power, spill)
    yield _ramps(view, lakes, power, lack)
    yield _bands(view, lakes, level, leave, arriving, power + spill)
    yield _end(view, lakes, level, arriving)
    yield from _headroom(view, lakes, power, level, lack)


def _volumes(view: View, lakes: Lakes, level: Array, power: Array, spill: Array) -> Finding:
    """Volume and flow where the net gives the power of a flow; missing for all others."""
    rows = view.hydro
    wet = np.flatnonzero(~np.isnan(lakes.power_per_flow))
    if not wet.size:
        return Finding(VOLUME, 0)
    names = [rows.names[i] for i in wet]
    per_flow = lakes.power_per_flow[wet, None]
    found = (
        ("hydro_volume_mm3", level, _MM3),
        ("hydro_turbined_m3_per_s", power, 1.0),
        ("hydro_spill_m3_per_s", spill, 1.0),
    )
    return worse(
        *(
            equal(
                VOLUME, view.values(name, rows, may_lack=True)[wet], values[wet] * factor / per_flow, names, view.time
            )
            for name, values, factor in found
        )
    )


def _ramps(view: View, lakes: Lakes, power: Array, lack: Array) -> Finding:
    """Rises and falls; a fall may be faster where water lacks."""
    first = np.clip(_steady(lakes), lakes.least_p, lakes.most_p)
    change, size = power - before(first, power), lakes.most_p[:, None]
    ramp = lakes.ramp[:, None]
    return worse(
        at_most(RAMP, change, ramp, view.hydro.names, view.time, size=size),
        at_most(RAMP, -change - lack, ramp, view.hydro.names, view.time, size=size),
    )


def window_starts(view: View) -> Whole:
    """First step of the window of each step, (time,)."""
    starts = view.array("window_start", ("window",)).astype(int)
    return np.asarray(starts[np.searchsorted(starts, np.arange(view.steps), side="right") - 1])


def _bands(view: View, lakes: Lakes, level: Array, leave: Array, arriving: Array, released: Array) -> Finding:
    """The band, or as near to it as could be had since the window began whatever was done."""
    rows, h = view.hydro, view.step_h
    begin = window_starts(view)
    held_at = np.column_stack([lakes.start, level])[:, begin]
    least = np.maximum(lakes.least_p, lakes.release)
    # water that comes for sure: natural, under way when the window began, or released above at the very least
    sure = lakes.inflow.copy()
    may_lack = (lakes.inflow.min(axis=1) < least - 1e-9) | np.isfinite(lakes.ramp)
    floor = np.where(may_lack, 0.0, least)
    for i, upper in enumerate(lakes.above):
        if upper >= 0:
            late = np.arange(view.steps) - begin >= lakes.delay[i]
            sure[i] += np.where(late, lakes.ratio[i] * floor[upper], arriving[i])
    fullest, emptiest = held_at.copy(), held_at.copy()
    for t in range(view.steps):
        earlier = t > begin[t]
        for bound, flow in ((fullest, least), (emptiest, lakes.most_p)):
            past = bound[:, t - 1] if earlier else held_at[:, t]
            bound[:, t] = past + h * (sure[:, t] - flow)
    low = np.minimum(lakes.band_low, fullest)
    high = np.maximum(lakes.band_high, emptiest)
    size = lakes.high[:, None]
    return worse(
        at_most(BAND, low - leave, level, rows.names, view.time, size=size),
        at_most(BAND, level - leave, high, rows.names, view.time, size=size),
    )


def _end(view: View, lakes: Lakes, level: Array, arriving: Array) -> Finding:
    """Start level at the end; what can't be had by keeping all water since the last window is not asked for."""
    rows, h, first = view.hydro, view.step_h, last_window(view)
    if view.settings.horizon.end_storage != "cyclic":
        return Finding(END, 0)
    least = np.maximum(lakes.least_p, lakes.release)
    may_lack = (lakes.inflow.min(axis=1) < least - 1e-9) | np.isfinite(lakes.ramp)
    reach = lakes.start if first == 0 else level[:, first - 1]
    for t in range(first, view.steps):
        water = lakes.inflow[:, t].copy()
        for i, upper in enumerate(lakes.above):
            if upper >= 0:
                sure = 0.0 if may_lack[upper] else lakes.ratio[i] * least[upper]
                water[i] += arriving[i, t] if t - first < lakes.delay[i] else sure
        reach = np.minimum(reach + h * (water - least), lakes.high)
    target = np.minimum(lakes.start, reach)
    return at_most(END, target[:, None], level[:, -1:], rows.names, view.time[-1:], size=lakes.high[:, None])


def _headroom(view: View, lakes: Lakes, power: Array, level: Array, lack: Array) -> Iterator[Finding]:
    rows, time = view.hydro, view.time
    holding = held(view, "hydro_reserve_mw", rows)
    if holding is None:
        return
    names, size = rows.names, lakes.most_p[:, None]
    up, energy = spinning_sum(holding, "up")
    down, _ = spinning_sum(holding, "down")
    own = rows.column("max_reserve_mw", np.inf)[:, None]
    rated = rows.column("sn_mva")
    per_mw = np.where(np.isnan(rated) | (lakes.most_p <= 0), 1.0, rated / np.where(lakes.most_p > 0, lakes.most_p, 1.0))
    inertia = (rows.column("inertia_s", 0.0) * per_mw)[:, None] * power
    findings = [
        at_most(HEADROOM, power + up, size, names, time),
        at_most(HEADROOM, lakes.least_p[:, None] - lack, power - down, names, time, size=size),
        at_most(HEADROOM, lakes.low[:, None] + energy, level, names, time, size=lakes.high[:, None]),
        at_most(HEADROOM, up, own, names, time),
        at_most(HEADROOM, down, own, names, time),
    ]
    for product, values in zip(holding.products, holding.values, strict=True):
        if product["kind"] == "inertia":
            findings.append(at_most(HEADROOM, values, inertia, names, time))
            continue
        response = lakes.ramp[:, None] / view.step_h * float(product["response_min"]) / 60
        most = 0.0 if product["kind"] == "emergency" else np.where(np.isnan(response), np.inf, response)
        findings.append(at_most(HEADROOM, values, most, names, time, size=size))
        findings.append(at_most(HEADROOM, -values, 0.0, names, time, size=size))
    yield worse(*findings)


def cost(view: View) -> dict[str, tuple[Array, Array]]:
    """Cost of output and of being in service; price of spill and of broken rules, (time,) [CNY]."""
    rows, h, prices = view.hydro, view.step_h, view.settings.prices
    if not len(rows):
        return {}
    power, spill = view.values("hydro_p_mw", rows), view.values("hydro_spill_mw", rows)
    lack, leave = view.values("hydro_release_breach_mw", rows), view.values("hydro_band_breach_mwh", rows)
    operating = h * (linear(view, rows) @ power + constant(view, rows).sum())
    penalty = prices.water_spill_cny_per_mwh * spill.sum(axis=0)
    penalty = penalty + prices.rule_cny_per_mwh * (lack.sum(axis=0) + leave.sum(axis=0))
    return {"hydro": (operating, h * penalty)}
