"""Heat zones: everything that gives heat serves the demand, and stores hold what goes in."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridopt.results.audit.finding import Array, Check, Finding, at_most, before, equal, worse
from gridopt.results.audit.storage import last_window
from gridopt.results.audit.view import View, rows_of

DEMAND = Check("heat demand", "heat demand is the peak of the zone times its profile", "MW")
BALANCE = Check("heat balance", "all heat that is given, less surplus, plus what is short, is the demand", "MW")
SHORT = Check("heat shortfall", "what is short is neither negative nor more than the demand", "MW")
SOURCE = Check("heat source", "sources give heat within their limits and draw the power for it", "MW")
STORE = Check(
    "heat store", "the store holds what was in it, less its loss, plus what goes in less what goes out", "MWh"
)
ELECTRIC = Check("electric heat", "electricity is not thrown away as heat", "MW")
END = Check("heat store end", "a cyclic heat store holds its start level at the end, or all it can", "MWh")

CHECKS = (DEMAND, BALANCE, SHORT, SOURCE, STORE, ELECTRIC, END)
# Where no figure exists: the peak is this share of the plants' largest heat, an extraction plant's this of Pmax / c_m.
_PEAK, _PLANT = 0.9, 0.6


def peak_mw(view: View) -> Array:
    """Peak heat of every zone, given or assumed, (element,) [MW]."""
    rows = view.heat_zone
    peak = rows.column("p_mw")
    gen = view.case.net["gen"]
    gen = gen[gen["in_service"].astype(bool) & (gen["heat_zone"] != "") & (gen["chp_kind"] != "")]
    plants = rows_of("generator", {"gen": gen})
    share = np.where(np.array(plants.words("chp_kind")) == "extraction", _PLANT, 1.0)
    own = plants.column("max_heat_mw")
    heat = np.where(np.isnan(own), share * plants.column("max_p_mw") / plants.column("c_m"), own)
    served = np.array(plants.words("heat_zone"))
    for i, name in enumerate(rows.names):
        if np.isnan(peak[i]):
            peak[i] = _PEAK * heat[served == name].sum()
    return peak


def audit(view: View) -> Iterator[Finding]:
    """All checks of heat zones and heat sources."""
    zones = view.heat_zone
    if not len(zones):
        return
    names, time = zones.names, view.time
    words = ("demand_mw", "store_in_mw", "store_out_mw", "store_mwh", "shortfall_mw", "excess_mw")
    demand, fill, draw, level, short, surplus = (view.values(f"heat_{word}", zones) for word in words)
    ours = peak_mw(view)[:, None] * view.series(zones.words("profile"))
    yield equal(DEMAND, demand, ours, names, time)
    given, electric = _given(view)
    size = np.maximum(ours.max(axis=1), zones.column("store_mw", 0.0))[:, None]
    yield equal(BALANCE, given + draw - fill + short - surplus, ours, names, time, size=size)
    returning = zones.column("store_mw", 0.0)[:, None] * (view.settings.horizon.end_storage == "cyclic")
    yield worse(
        at_most(
            SHORT, short, (ours + returning) * np.isfinite(_price_of_shortfall(view))[:, None], names, time, size=size
        ),
        at_most(SHORT, -short, 0.0, names, time, size=size),
        at_most(SHORT, -surplus, 0.0, names, time, size=size),
    )
    yield from _sources(view)
    yield _store(view, fill, draw, level)
    yield _electric(view, electric + draw - fill, ours)
    yield _end(view, level)


def _given(view: View) -> tuple[Array, Array]:
    """Heat of plants and sources, and of electric sources alone, by zone, (zone, time) [MW]."""
    zones = {name: i for i, name in enumerate(view.heat_zone.names)}
    given, electric = np.zeros((2, len(zones), view.steps))
    if len(view.thermal) and view.committed:
        heat = view.values("generator_heat_mw", view.thermal)
        for zone, series in zip(view.thermal.words("heat_zone"), heat, strict=True):
            if zone in zones:
                given[zones[zone]] += series
    sources = view.heat_source
    if len(sources):
        heat = view.values("heat_source_mw", sources)
        for zone, kind, series in zip(sources.words("heat_zone"), sources.words("kind"), heat, strict=True):
            given[zones[zone]] += series
            if kind in ("electric_boiler", "heat_pump"):
                electric[zones[zone]] += series
    return given, electric


def _sources(view: View) -> Iterator[Finding]:
    rows = view.heat_source
    if not len(rows):
        return
    heat, power = view.values("heat_source_mw", rows), view.values("heat_source_electric_mw", rows)
    electric = np.array([kind in ("electric_boiler", "heat_pump") for kind in rows.words("kind")], dtype=bool)[:, None]
    most = rows.column("max_heat_mw")[:, None]
    drawn = np.where(electric, heat / rows.column("cop", 1.0)[:, None], 0.0)
    yield worse(
        at_most(SOURCE, heat, most, rows.names, view.time),
        at_most(SOURCE, rows.column("min_heat_mw", 0.0)[:, None], heat, rows.names, view.time, size=most),
        equal(SOURCE, power, drawn, rows.names, view.time, size=most),
    )


def _store(view: View, fill: Array, draw: Array, level: Array) -> Finding:
    zones, h = view.heat_zone, view.step_h
    full, power = zones.column("store_mwh", 0.0)[:, None], zones.column("store_mw", 0.0)[:, None]
    there = full > 0
    start = zones.column("store_start_pu", 0.5) * full[:, 0]
    kept = 1 - zones.column("store_loss_per_h", 0.0)[:, None] * h
    most = np.where(there, power, 0.0)
    names, time = zones.names, view.time
    return worse(
        equal(STORE, level, kept * before(start, level) + h * (fill - draw), names, time, size=full),
        at_most(STORE, level, full, names, time),
        *(at_most(STORE, x, most, names, time) for x in (fill, draw)),
        *(at_most(STORE, -x, 0.0, names, time, size=full) for x in (fill, draw, level)),
    )


def _electric(view: View, used: Array, demand: Array) -> Finding:
    """Heat of electric sources with that of the store fits into the demand, or is what they must give."""
    sources, zones = view.heat_source, view.heat_zone
    least, has = np.zeros(len(zones)), np.zeros(len(zones), dtype=bool)
    for zone, kind, low in zip(
        sources.words("heat_zone"), sources.words("kind"), sources.column("min_heat_mw", 0.0), strict=True
    ):
        if kind in ("electric_boiler", "heat_pump"):
            least[zones.names.index(zone)] += low
            has[zones.names.index(zone)] = True
    most = np.where(has[:, None], np.maximum(demand, least[:, None]), np.inf)
    return at_most(ELECTRIC, used, most, zones.names, view.time, size=demand.max(axis=1)[:, None])


def _end(view: View, level: Array) -> Finding:
    zones, first = view.heat_zone, last_window(view)
    if view.settings.horizon.end_storage != "cyclic":
        return Finding(END, 0)
    full = zones.column("store_mwh", 0.0)
    start = zones.column("store_start_pu", 0.5) * full
    kept = 1 - zones.column("store_loss_per_h", 0.0) * view.step_h
    reach = start if first == 0 else level[:, first - 1]
    for _ in range(view.steps - first):
        reach = kept * reach + zones.column("store_mw", 0.0) * view.step_h
    target = np.minimum(start, reach)
    return at_most(END, target[:, None], level[:, -1:], zones.names, view.time[-1:], size=full[:, None])


def cost(view: View) -> dict[str, tuple[Array, Array]]:
    """Cost of sources with their CO2, price of heat that is short, (time,) [CNY]."""
    found, h, prices = {}, view.step_h, view.settings.prices
    if len(view.heat_source):
        rows = view.heat_source
        price = rows.column("cost_cny_per_mwh", 0.0) + prices.co2_cny_per_t * rows.column("co2_t_per_mwh", 0.0)
        found["heat_source"] = (h * (price @ view.values("heat_source_mw", rows)), np.zeros(view.steps))
    if len(view.heat_zone):
        short = view.values("heat_shortfall_mw", view.heat_zone)
        found["heat_zone"] = (np.zeros(view.steps), h * (np.nan_to_num(_price_of_shortfall(view)) @ short))
    return found


def _price_of_shortfall(view: View) -> Array:
    """Price of heat that is short, (zone,) [CNY/MWh]; NaN where none may be."""
    usual = view.settings.prices.heat_shortfall_cny_per_mwh
    return view.heat_zone.column("shortfall_cny_per_mwh", np.nan if usual is None else usual)


def co2_t(view: View) -> Array:
    """CO2 of heat sources, (time,) [t]."""
    rows = view.heat_source
    if not len(rows):
        return np.zeros(view.steps)
    return np.asarray(view.step_h * (rows.column("co2_t_per_mwh", 0.0) @ view.values("heat_source_mw", rows)))
