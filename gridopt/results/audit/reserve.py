"""Reserves: what the hours ask for, what every plant holds, and what is lacking."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gridopt.results.audit.finding import Array, Check, Finding, at_most, equal, worse
from gridopt.results.audit.injection import load_size
from gridopt.results.audit.renewable import available_mw
from gridopt.results.audit.view import SOLAR, WIND, MissingValuesError, Rows, View, rows_of

REQUIREMENT = Check("reserve requirement", "requirements are what the net asks for in every hour", "MW")
SHORTFALL = Check("reserve shortfall", "what is held and what is lacking cover the requirement", "MW")
HELD = Check("reserve held", "no more is counted as held than the plants hold, and than wind and solar give", "MW")

CHECKS = (REQUIREMENT, SHORTFALL, HELD)


@dataclass(frozen=True)
class Holding:
    """What the elements of one kind hold for every product: (element, time) each."""

    products: tuple[dict[str, Any], ...]
    values: tuple[Array, ...]


def products(view: View) -> tuple[dict[str, Any], ...]:
    """Reserve products in service."""
    if not view.settings.policy.reserves:
        return ()
    rows = view.table("reserve_product").to_dict("records")
    return tuple({str(key): value for key, value in row.items()} for row in rows)


def held(view: View, variable: str, rows: Rows) -> Holding | None:
    """Reserve that elements hold, None where the case has no products."""
    asked = products(view)
    if not asked or not len(rows):
        return None
    whole = view.array(variable, ("reserve", rows.dimension, "time"))
    labels = view.data["reserve"].to_numpy().astype(str).tolist()
    at = view.positions(rows)
    values = []
    for product in asked:
        if product["name"] not in labels:
            raise MissingValuesError(variable, str(product["name"]))
        mine = whole[labels.index(product["name"])][at]
        if not np.isfinite(mine).all():
            raise MissingValuesError(variable, rows.names[int(np.argmax(~np.isfinite(mine).all(axis=1)))])
        values.append(mine)
    return Holding(asked, tuple(values))


def spinning_sum(holding: Holding, direction: str) -> tuple[Array, Array]:
    """Spinning reserve of a direction over all products, and the energy that it may ask for [MW, MWh]."""
    power = np.zeros_like(holding.values[0])
    energy = np.zeros_like(power)
    for product, values in zip(holding.products, holding.values, strict=True):
        if product["kind"] == "spinning" and product["direction"] == direction:
            power, energy = power + values, energy + float(product["duration_h"]) * values
    return power, energy


def requirement_mw(view: View) -> Array:
    """Requirement of every product, (product, time) [MW]."""
    load = view.fixed_load
    demand = load_size(view, load) @ view.series(load["profile"])
    weather, offered = view.renewable, available_mw(view)
    wind, solar = (
        offered[[word in words for word in weather.words("technology")]].sum(axis=0) for words in (WIND, SOLAR)
    )
    rise = _rise(demand - wind - solar, view.step_h)
    largest = _largest_unit_mw(view)
    rows = []
    for product in products(view):
        parts = (("mw", 1.0), ("share_of_load", demand), ("share_of_wind", wind), ("share_of_solar", solar))
        asked = sum((float(product[name]) * size for name, size in parts), start=np.zeros(view.steps))
        change = rise if product["direction"] == "up" else -rise
        asked = asked + float(product["share_of_ramp"]) * np.maximum(change, 0.0)
        rows.append(np.maximum(asked, largest if product["largest_unit"] else 0.0))
    return np.array(rows).reshape(len(rows), view.steps)


def _rise(series: Array, h: float) -> Array:
    """Change over the next hour [MW]; beyond the horizon the last value holds."""
    ahead = max(round(1.0 / h), 1)
    at = np.minimum(np.arange(series.size) + ahead, series.size - 1)
    return np.asarray((series[at] - series) / max(h, 1.0))


def _largest_unit_mw(view: View) -> Array:
    """Largest unit that one failure takes away, (time,) [MW]."""
    rows = rows_of("generator", {"gen": view.table("gen")})
    if not len(rows):
        return np.zeros(view.steps)
    unit = rows.column("max_p_mw")
    unit = np.where(np.isnan(unit), rows.column("p_mw"), unit) / rows.column("n_units", 1.0)
    available = unit[:, None] * view.series(rows.words("profile"))
    return np.asarray(np.maximum(available.max(axis=0), 0.0))


def audit(view: View) -> Iterator[Finding]:
    """All checks of reserves; head room is checked with the plants."""
    asked = products(view)
    if not asked:
        return
    names = [str(product["name"]) for product in asked]
    labels = view.data["reserve"].to_numpy().astype(str).tolist() if "reserve" in view.data.coords else []
    if any(name not in labels for name in names):
        raise MissingValuesError("reserve", next(name for name in names if name not in labels))
    at = [labels.index(name) for name in names]
    required, counted, lacking = (
        view.array(f"reserve_{word}_mw", ("reserve", "time"))[at] for word in ("requirement", "held", "shortfall")
    )
    ours = requirement_mw(view)
    yield equal(REQUIREMENT, required, ours, names, view.time)
    yield worse(
        at_most(SHORTFALL, ours, counted + lacking, names, view.time),
        at_most(SHORTFALL, -lacking, 0.0, names, view.time, size=ours),
        at_most(SHORTFALL, lacking, ours, names, view.time),
    )
    yield _held(view, asked, counted, names)


def _held(view: View, asked: tuple[dict[str, Any], ...], counted: Array, names: list[str]) -> Finding:
    """What plants hold, and for less generation also what wind and solar can be turned down by, once in all."""
    total = np.zeros_like(counted)
    sources = [("hydro_reserve_mw", view.hydro), ("storage_reserve_mw", view.storage)]
    if view.committed:
        sources.append(("generator_reserve_mw", view.thermal))
    for variable, rows in sources:
        holding = held(view, variable, rows)
        if holding is not None:
            total = total + np.array([values.sum(axis=0) for values in holding.values])
    spare = np.zeros(view.steps)
    if len(view.renewable):
        spare = view.values("renewable_p_mw", view.renewable).sum(axis=0)
    down = np.array([p["kind"] == "spinning" and p["direction"] == "down" for p in asked], dtype=bool)
    from_weather = counted - total
    return worse(
        at_most(
            HELD,
            from_weather[~down],
            0.0,
            [n for n, d in zip(names, down, strict=True) if not d],
            view.time,
            size=counted[~down],
        ),
        at_most(
            HELD,
            np.maximum(from_weather[down], 0.0).sum(axis=0)[None, :],
            spare[None, :],
            ["wind and solar"],
            view.time,
        ),
    )


def cost(view: View) -> dict[str, tuple[Array, Array]]:
    """Price of shortfall, (time,) [CNY]."""
    asked = products(view)
    if not asked:
        return {}
    labels = view.data["reserve"].to_numpy().astype(str).tolist()
    lacking = view.array("reserve_shortfall_mw", ("reserve", "time"))
    penalty = np.zeros(view.steps)
    for product in asked:
        penalty = penalty + float(product["price_cny_per_mwh"]) * lacking[labels.index(str(product["name"]))]
    return {"reserve": (np.zeros(view.steps), view.step_h * penalty)}
