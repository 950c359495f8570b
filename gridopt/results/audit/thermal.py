"""Thermal clusters: commitment, minimum times, capacity, ramps, bands, heat, warm starts, outages, reserves."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridopt.results.audit import starts
from gridopt.results.audit.clusters import Clusters, outage_units, read_clusters
from gridopt.results.audit.costs import cost_of
from gridopt.results.audit.finding import Array, Check, Finding, Mask, at_most, before, equal, worse
from gridopt.results.audit.reserve import held, spinning_sum
from gridopt.results.audit.view import View

UNITS = Check("units balance", "units running change by those that start, stop and trip", "units")
WHOLE = Check("whole units", "with integer commitment units, starts and stops are whole numbers", "units")
RUNNING = Check("units running", "at least the must-run units run, and no more than are available", "units")
AVAILABLE = Check("units available", "units available are those that no outage takes", "units")
TRIPS = Check("forced stops", "units trip only when an outage begins", "units")
UP_TIME = Check("minimum time on", "units stay on for their minimum time, also those that started before", "units")
DOWN_TIME = Check("minimum time off", "units stay off for their minimum time, also those that stopped before", "units")
CAPACITY = Check(
    "cluster capacity", "output with reserve fits under the limits of running, starting and stopping units", "MW"
)
LEAST = Check(
    "cluster minimum", "output is no lower than the minimum, the heat of must-run units and the bands allow", "MW"
)
RAMP = Check("cluster ramp", "output with reserve changes no faster than running units can", "MW")
BANDS = Check("regulation bands", "output below the minimum fits into the bands of units that give no heat", "MW")
BOILER = Check("boiler load", "boiler load is power plus what heat costs", "MW")
HEAT = Check("power and heat", "power and heat of a plant lie in its region", "MW")
RESERVE = Check("cluster reserve", "reserve of a cluster is within its ramp and its own limit", "MW")
UNCOMMITTED = Check("uncommitted clusters", "without commitment a cluster stays within its limits", "MW")

CHECKS = (
    *(UNITS, WHOLE, RUNNING, AVAILABLE, TRIPS, UP_TIME, DOWN_TIME, CAPACITY, LEAST, RAMP, BANDS),
    *(BOILER, HEAT, starts.WARM, RESERVE, UNCOMMITTED),
)
# Apparent power per MW where the net gives none; chords of curved costs overstate a unit's cost by no more than this.
_MVA_PER_MW, CHORD_ERROR = 1 / 0.9, 1e-3


class Run:
    """What the result says of the clusters."""

    def __init__(self, view: View) -> None:
        rows = view.thermal

        def values(name: str) -> Array:
            return view.values(f"generator_{name}", rows)

        self.power, self.heat, self.boiler = values("p_mw"), values("heat_mw"), values("boiler_mw")
        self.on, self.start, self.stop = values("on_units"), values("start_units"), values("stop_units")
        self.trip, self.regulation = values("forced_stop_units"), values("regulation_mw")
        self.discount, self.available = values("start_discount_cny"), values("available_units")


def audit(view: View) -> Iterator[Finding]:
    """All checks of thermal clusters."""
    if not len(view.thermal):
        return
    c = read_clusters(view)
    if not view.committed:
        yield _uncommitted(view, c)
        yield _availability(view, c, view.values("generator_available_units", c.rows))
        return
    run = Run(view)
    names, time = c.rows.names, view.time
    n = c.n[:, None]
    yield equal(UNITS, run.on - before(c.on_before, run.on), run.start - run.stop - run.trip, names, time, size=n)
    if view.settings.unit_commitment == "integer":
        yield worse(*(equal(WHOLE, x, np.round(x), names, time) for x in (run.on, run.start, run.stop)))
    yield worse(
        at_most(RUNNING, run.on, c.available, names, time, size=n),
        at_most(RUNNING, c.must, run.on, names, time, size=n),
        *(at_most(RUNNING, -x, 0.0, names, time, size=n) for x in (run.on, run.start, run.stop, run.trip)),
    )
    yield _availability(view, c, run.available)
    fallen = np.maximum(before(c.n, c.available) - c.available, 0.0)
    yield at_most(TRIPS, run.trip, c.forced + fallen, names, time, size=n)
    yield from _times(view, c, run)
    yield from _power(view, c, run)
    yield from _heat(view, c, run)
    yield starts.warm(view, c, run.start, run.stop + run.trip, run.discount)


def _availability(view: View, c: Clusters, available: Array) -> Finding:
    """Units not out of service; of levelised overhauls their length, as the plan itself is free."""
    names, time = c.rows.names, view.time
    if not c.levelised:
        return equal(AVAILABLE, available, c.available, names, time)
    forced = outage_units(view, "forced", c.rows)[0] if view.settings.policy.forced_outages else 0.0
    left = np.maximum(c.n[:, None] - forced, 0.0)
    out = np.where(available > 0, np.maximum(left - available, 0.0), 0.0)
    full = view.case.source.profiles
    hours = (view.steps if full is None else full.sizes["time"]) * view.step_h
    days = np.rint(c.rows.column("maintenance_days", 0.0) * min(hours / 8760.0, 1.0))
    most = (c.n * days * 24.0)[:, None]
    return worse(
        at_most(AVAILABLE, available, left, names, time),
        at_most(AVAILABLE, out.sum(axis=1)[:, None] * view.step_h, most, names, [""], size=24.0 * c.n[:, None]),
    )


def _events(c: Clusters, series: Array, initial: Array) -> tuple[Array, int]:
    """Events with those before the horizon in front: all units entered their present state at once."""
    longest = int(max(c.min_up.max(), c.min_down.max()))
    past = np.zeros((len(series), longest))
    for i, since in enumerate(c.since):
        if since <= longest:
            past[i, longest - int(since)] = initial[i]
    return np.column_stack([past, series]), longest


def _recent(events: Array, past: int, lengths: Array) -> Array:
    """Sum of the last so many steps at each step of the horizon, (element, time)."""
    total = np.cumsum(np.column_stack([np.zeros(len(events)), events]), axis=1)
    at = np.arange(past + 1, events.shape[1] + 1)
    first = np.maximum(at[None, :] - lengths[:, None].astype(int), 0)
    return np.asarray(total[:, at] - np.take_along_axis(total, first, axis=1))


def _times(view: View, c: Clusters, run: Run) -> Iterator[Finding]:
    names, time, n = c.rows.names, view.time, c.n[:, None]
    starts, past = _events(c, run.start, c.on_before)
    stops, _ = _events(c, run.stop, c.n - c.on_before)
    trips = np.column_stack([np.zeros((len(n), past)), run.trip])
    held_on = _recent(starts, past, c.min_up)
    excused = _recent(trips, past, np.maximum(c.min_up - 1, 0))
    yield at_most(UP_TIME, held_on, run.on + excused, names, time, size=n)
    yield at_most(DOWN_TIME, _recent(stops, past, c.min_down), n - run.on, names, time, size=n)


def _power(view: View, c: Clusters, run: Run) -> Iterator[Finding]:
    """Capacity, least output, ramps, bands and reserve of the power that the boilers carry."""
    names, time = c.rows.names, view.time
    size = (c.n * c.high)[:, None]
    above = run.power + electric_loss(view) * run.heat - c.low[:, None] * run.on
    over = above + run.regulation
    holding = held(view, "generator_reserve_mw", c.rows)
    up = down = np.zeros_like(above)
    if holding is not None:
        up, down = spinning_sum(holding, "up")[0], spinning_sum(holding, "down")[0]
    yield worse(*_capacity(view, c, run, over + up))
    wide = c.depth[:, None] * (run.on - c.heat_units)
    yield worse(
        at_most(LEAST, c.floor, over, names, time, size=size),
        at_most(LEAST, c.floor - wide, above - down, names, time, size=size),
    )
    yield worse(
        at_most(BANDS, run.regulation, np.maximum(wide, 0.0), names, time, size=size),
        at_most(BANDS, -run.regulation, 0.0, names, time, size=size),
    )
    earlier = before(c.above_before, above)
    rise, fall = (np.minimum(r, c.span + c.depth)[:, None] for r in (c.ramp_up, c.ramp_down))
    stay, bottom = run.on - run.start, c.low[:, None]
    most_up = rise * stay + (c.start_ramp[:, None] - bottom) * run.start + c.depth[:, None] * run.trip
    most_down = fall * stay + (c.stop_ramp[:, None] - bottom) * run.stop + c.span[:, None] * run.trip
    yield worse(
        at_most(RAMP, above - earlier + up, most_up, names, time, size=size),
        at_most(RAMP, earlier - above + down, most_down, names, time, size=size),
    )
    if holding is not None:
        yield _reserve(view, c, run)


def _capacity(view: View, c: Clusters, run: Run, loaded: Array) -> Iterator[Finding]:
    names, time, size = c.rows.names, view.time, (c.n * c.high)[:, None]
    next_stop = np.column_stack([run.stop[:, 1:], np.zeros(len(c.n))])
    at_start, at_stop = (c.high - c.start_ramp)[:, None] * run.start, (c.high - c.stop_ramp)[:, None] * next_stop
    gap = (c.stop_ramp - c.start_ramp)[:, None]
    # heat units that leave their season's limit and stop have the smaller of both cuts once, not twice
    leaving = np.maximum(c.heat_units[:, :-1] - c.heat_units[:, 1:], 0.0)
    leaving = np.column_stack([leaving, np.zeros(len(c.n))])
    smaller = np.minimum(c.high - c.season_high, np.maximum(c.high - c.stop_ramp, 0.0))[:, None]
    once = smaller * np.minimum(leaving, next_stop)
    room = c.span[:, None] * run.on - c.cut + once
    long = (c.min_up >= 2)[:, None]
    # a unit that may stop in the step after its start is never both: two rows instead of one
    one = np.where(long, at_start + at_stop, at_start + np.maximum(-gap, 0.0) * next_stop)
    two = np.where(long, at_start + at_stop, at_stop + np.maximum(gap, 0.0) * run.start)
    yield at_most(CAPACITY, loaded, room - one, names, time, size=size)
    yield at_most(CAPACITY, loaded, room - two, names, time, size=size)
    # units that stop in the first step had to be low enough before it
    cut = np.maximum(c.high - c.stop_ramp, 0.0) * run.stop[:, 0]
    begin = c.span * c.on_before - c.above_before
    yield at_most(CAPACITY, cut[:, None], begin[:, None], names, time[:1], size=size)


def _reserve(view: View, c: Clusters, run: Run) -> Finding:
    """Every product within the ramp of its time and the cluster's own limit; inertia is that of running units."""
    holding = held(view, "generator_reserve_mw", c.rows)
    names, time, size = c.rows.names, view.time, (c.n * c.high)[:, None]
    findings = [Finding(RESERVE, 0)]
    own = (c.rows.column("max_reserve_mw", np.inf) / c.n)[:, None]
    rated = c.rows.column("sn_mva")
    rated = np.where(np.isnan(rated), c.rows.column("max_p_mw") * _MVA_PER_MW, rated) / c.n
    inertia = (c.rows.column("inertia_s", 0.0) * rated)[:, None] * run.on
    back = np.array([kind == "back_pressure" for kind in c.rows.words("chp_kind")], dtype=bool) & serving(view)
    assert holding is not None
    for product, values in zip(holding.products, holding.values, strict=True):
        if product["kind"] == "inertia":
            findings.append(at_most(RESERVE, values, inertia, names, time, size=inertia))
            continue
        ramp = c.ramp_up if product["direction"] == "up" else c.ramp_down
        response = ramp[:, None] / view.step_h * float(product["response_min"]) / 60
        # per unit no more than the whole machine, so that no limit is infinite
        each = np.minimum(np.minimum(response, own), (c.high + c.depth)[:, None]) * run.on
        most = 0.0 * run.on if product["kind"] == "emergency" else each
        most = np.where(back[:, None], 0.0, most)
        findings.append(at_most(RESERVE, values, most, names, time, size=size))
        findings.append(at_most(RESERVE, -values, 0.0, names, time, size=size))
    for direction in ("up", "down"):
        total = spinning_sum(holding, direction)[0]
        limit = np.where(np.isinf(own), np.inf, np.where(np.isinf(own), 0.0, own) * run.on)
        findings.append(at_most(RESERVE, total, limit, names, time, size=size))
    return worse(*findings)


def serving(view: View) -> Mask:
    """Clusters that give heat to a zone, (element,)."""
    zoned = np.array([zone != "" for zone in view.thermal.words("heat_zone")], dtype=bool)
    return zoned & view.heats


def electric_loss(view: View) -> Array:
    """Power lost per heat extracted, (element, 1) [MW/MW]."""
    rows = view.thermal
    extraction = np.array([kind == "extraction" for kind in rows.words("chp_kind")], dtype=bool)
    return np.where(serving(view) & extraction, rows.column("c_v", 0.0), 0.0)[:, None]


def _heat(view: View, c: Clusters, run: Run) -> Iterator[Finding]:
    """The region of power and heat, and what the boiler carries."""
    rows, names, time = c.rows, c.rows.names, view.time
    gives = serving(view)
    back = np.array([kind == "back_pressure" for kind in rows.words("chp_kind")], dtype=bool) & gives
    extra = np.where(back, 1 / rows.column("eta_heat", 1.0), electric_loss(view)[:, 0])[:, None]
    size = (c.n * c.high)[:, None]
    yield equal(BOILER, run.boiler, run.power + extra * run.heat, names, time, size=size)
    if not gives.any():
        yield at_most(HEAT, np.abs(run.heat), 0.0, names, time)
        return
    line = np.where(np.isnan(rows.column("c_m")), 0.0, rows.column("c_m"))[:, None] * run.heat
    offset = np.where(back, 0.0, rows.column("heat_offset_mw", 0.0) / c.n)[:, None] * run.on
    holding = held(view, "generator_reserve_mw", rows)
    down = 0.0 if holding is None else spinning_sum(holding, "down")[0]
    most = np.where(gives, rows.column("max_heat_mw", np.inf) / c.n, 0.0)[:, None]
    limit = np.where(np.isinf(most), np.inf, np.where(np.isinf(most), 0.0, most) * run.on)
    free, tied = (gives & ~back)[:, None], back[:, None]
    yield worse(
        at_most(HEAT, run.heat, limit, names, time, size=size),
        at_most(HEAT, -run.heat, 0.0, names, time, size=size),
        at_most(
            HEAT, np.where(free, line + offset, 0.0), np.where(free, run.power - down, 0.0), names, time, size=size
        ),
        equal(HEAT, np.where(tied, run.power, 0.0), np.where(tied, line, 0.0), names, time, size=size),
    )


def _uncommitted(view: View, c: Clusters) -> Finding:
    """Limits of clusters without commitment: their must-run part below, what is available above."""
    power = view.values("generator_p_mw", c.rows)
    least = c.low[:, None] * c.must + c.floor
    most = c.high[:, None] * c.available - c.cut
    size = (c.n * c.high)[:, None]
    return worse(
        at_most(UNCOMMITTED, power, most, c.rows.names, view.time, size=size),
        at_most(UNCOMMITTED, least, power, c.rows.names, view.time, size=size),
    )


def cost(view: View) -> dict[str, tuple[Array, Array]]:
    """Fuel, CO2, no-load, starts and wear of committed clusters, (time,) [CNY]."""
    if not len(view.thermal) or not view.committed:
        return {}
    c, run, h = read_clusters(view), Run(view), view.step_h
    carbon = view.settings.prices.co2_cny_per_t * c.rows.column("co2_t_per_mwh", 0.0)
    total = h * (carbon @ run.boiler) - run.discount.sum(axis=0)
    tiers = starts.start_tiers(view, c)
    cold = c.rows.column("start_cost_cny", 0.0)
    for i, (table, row) in enumerate(c.rows.places):
        fuel = cost_of(view.case.net, table, row)
        units = run.on[i]
        per_unit = np.divide(run.boiler[i], units, out=np.zeros_like(units), where=units > 1e-9)
        hourly = fuel.c0 / c.n[i] * units + fuel.c1 * run.boiler[i] + fuel.c2 * c.n[i] * per_unit * run.boiler[i]
        if fuel.lines:
            hourly = hourly + np.max([s * run.boiler[i] + a * units / c.n[i] for s, a in fuel.lines], axis=0)
        price = tiers[i][-1][1] if i in tiers else cold[i]
        total = total + h * hourly + price * run.start[i]
    return {"thermal": (total + h * _wear(c, run), np.zeros(view.steps))}


def _wear(c: Clusters, run: Run) -> Array:
    """Wear per hour: bands fill from the minimum downwards."""
    left, wear = run.regulation.copy(), np.zeros(run.regulation.shape[1])
    for of, width, price in zip(c.band_of.astype(int), c.band_mw, c.band_wear, strict=True):
        used = np.minimum(left[of], np.maximum(width * (run.on[of] - c.heat_units[of]), 0.0))
        left[of] -= used
        wear += price * used
    return wear


def chord_allowance(view: View) -> Array:
    """By how much chords may overstate curved fuel costs, (time,) [CNY]."""
    total = np.zeros(view.steps)
    if not len(view.thermal) or not view.committed:
        return total
    n, most = view.thermal.column("n_units", 1.0), view.thermal.column("max_p_mw")
    on = view.values("generator_on_units", view.thermal)
    for i, (table, row) in enumerate(view.thermal.places):
        fuel = cost_of(view.case.net, table, row)
        if fuel.c2:
            unit = most[i] / n[i] * 2  # with heat the boiler carries more than the output
            full = abs(fuel.c0 / n[i] + fuel.c1 * unit + fuel.c2 * n[i] * unit**2)
            total += CHORD_ERROR * full * on[i] * view.step_h
    return total


def co2_t(view: View) -> Array:
    """CO2 of the boilers, without commitment of the output, (time,) [t]."""
    rows = view.thermal
    if not len(rows):
        return np.zeros(view.steps)
    load = view.values("generator_boiler_mw" if view.committed else "generator_p_mw", rows)
    return np.asarray(view.step_h * (rows.column("co2_t_per_mwh", 0.0) @ load))
