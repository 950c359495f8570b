"""Levers of the thermal plants."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gridopt.errors import Fault, InputError
from gridopt.levers.lever import Lever, State, active, known, scaled, total_or_none, with_tables
from gridopt.settings import Settings

if TYPE_CHECKING:
    from pandapower import pandapowerNet


# What a flexibility retrofit brings, pu of capacity.  Heating plants: the minimum falls to the middle of the aim of
# the national pilots in the heating season (0.40-0.50), to 0.40 outside of it, and a band of 0.05 lies below.
# Condensing plants: a band of deep regulation from their minimum down to the lower end of the aim (0.30-0.35).
RETROFITTED_MIN_PU = 0.30
RETROFITTED_HEAT_MIN_PU, RETROFITTED_HEAT_SEASON_MIN_PU, RETROFITTED_HEAT_BAND_PU = 0.40, 0.45, 0.05
# Wear and extra fuel in the band (the mean of the shipped bands) and the cap of the Northeast market since July 2025.
BAND_WEAR_CNY_PER_MWH, BAND_PRICE_CNY_PER_MWH = 75.0, 373.1


COAL = ("coal", "coal_chp")


def _min_stable(net: pandapowerNet, settings: Settings) -> float | None:
    coal = active(net, "gen", COAL)
    capacity = total_or_none(coal["max_p_mw"])
    return None if capacity is None else float(coal["min_p_mw"].sum()) / capacity


def _set_min_stable(net: pandapowerNet, settings: Settings, value: float) -> State:
    table, rows = net.gen.copy(), active(net, "gen", COAL).index
    lowest = value * table.loc[rows, "max_p_mw"].astype(float)
    table["min_p_mw"] = table["min_p_mw"].astype(float)
    table.loc[rows, "min_p_mw"] = lowest
    return with_tables(net, gen=_ramps_above_minimum(table, rows)), settings


def _ramps_above_minimum(table: pd.DataFrame, rows: pd.Index) -> pd.DataFrame:
    """Start and stop ramps can't lie below the minimum output, or no unit could start."""
    for column in ("startup_ramp_mw", "shutdown_ramp_mw"):
        ramp = table.loc[rows, column].astype(float)
        table.loc[rows, column] = ramp.where(ramp.isna(), np.maximum(ramp, table.loc[rows, "min_p_mw"]))
    return table


def _retrofit_share(net: pandapowerNet, settings: Settings) -> float | None:
    coal = active(net, "gen", COAL)
    capacity = total_or_none(coal["max_p_mw"])
    return None if capacity is None else float(coal.loc[coal["retrofitted"], "max_p_mw"].sum()) / capacity


def _retrofit(net: pandapowerNet, settings: Settings, value: float) -> State:
    present = known(_retrofit_share(net, settings))
    if value < present - 1e-9:
        message = f"{present:.3g} of the coal capacity is retrofitted already; a lower share can't be set"
        raise InputError(Fault(table="lever", row="thermal.retrofit_share", message=message))
    coal = active(net, "gen", COAL)
    rows = coal.index[~coal["retrofitted"].astype(bool)]
    if rows.empty:
        return net, settings
    part = (value - present) / (1 - present)
    if part <= 0:
        return net, settings
    table = net.gen.copy()
    capacity = table.loc[rows, "max_p_mw"].astype(float)
    heat = table.loc[rows, "chp_kind"] != ""
    above = np.maximum(table.loc[rows, "min_p_mw"].astype(float) - RETROFITTED_MIN_PU * capacity, 0.0)
    width = (RETROFITTED_HEAT_BAND_PU * capacity).where(heat, above)
    for column, target in (
        ("min_p_mw", RETROFITTED_HEAT_MIN_PU * capacity),
        ("heat_season_min_pu", pd.Series(RETROFITTED_HEAT_SEASON_MIN_PU, index=rows)),
    ):
        table[column] = table[column].astype(float)
        old = table.loc[rows, column]
        table.loc[rows, column] = old.where(~heat, (1 - part) * old + part * np.minimum(old, target))
    table.loc[rows, "retrofitted"] = True
    return with_tables(net, gen=table, deep_regulation=_with_bands(net, part * width)), settings


def _with_bands(net: pandapowerNet, width_mw: pd.Series) -> pd.DataFrame:
    """The bands of a net and one more for each generator [MW]."""
    width_mw = width_mw[width_mw > 0]
    new = pd.DataFrame(
        {
            "element": "gen",
            "index": width_mw.index,
            "width_mw": width_mw.to_numpy(),
            "wear_cny_per_mwh": BAND_WEAR_CNY_PER_MWH,
            "price_cny_per_mwh": BAND_PRICE_CNY_PER_MWH,
        }
    )
    old: pd.DataFrame = net["deep_regulation"]
    return new if old.empty else pd.concat([old, new], ignore_index=True)


def _retired(net: pandapowerNet, settings: Settings) -> float | None:
    return None if active(net, "gen", COAL).empty else 0.0


def _retire(net: pandapowerNet, settings: Settings, value: float) -> State:
    coal = active(net, "gen", COAL)
    if value > coal["max_p_mw"].sum():
        message = f"only {coal['max_p_mw'].sum():g} MW of coal are in service"
        raise InputError(Fault(table="lever", row="thermal.retire_mw", message=message))
    unit_mw = coal["max_p_mw"] / coal["n_units"]
    order = pd.DataFrame({"mw": unit_mw, "year": coal["commission_year"].fillna(0)}).sort_values(["mw", "year"])
    left, kept = value, {}
    for row in order.index:
        units = int(min(coal.loc[row, "n_units"], math.floor(left / unit_mw[row] + 1e-9)))
        left -= units * unit_mw[row]
        kept[row] = int(coal.loc[row, "n_units"]) - units
    return with_tables(net, **_with_units(net, pd.Series(kept))), settings


def _with_units(net: pandapowerNet, units: pd.Series) -> dict[str, pd.DataFrame]:
    """Tables of a net whose clusters have another number of equal units; none means out of service."""
    old = net.gen.loc[units.index, "n_units"]
    gone = units.index[units == 0]
    factor = (units / old).drop(gone)
    gen = scaled(net.gen, "gen", factor)
    gen.loc[factor.index, "n_units"] = units[factor.index]
    gen.loc[gone, "in_service"] = False
    cost = net.poly_cost.copy()
    of_gen = (cost["et"] == "gen") & cost["element"].isin(factor.index)
    by_row = cost.loc[of_gen, "element"].map(factor).astype(float)
    # No-load cost is of the whole element; the quadratic term of m equal units is 1/m of that of one.
    cost.loc[of_gen, "cp0_eur"] *= by_row
    cost.loc[of_gen, "cp2_eur_per_mw2"] /= by_row
    return {"gen": gen, "poly_cost": cost} | _unit_tables(net, factor, gone)


def _unit_tables(net: pandapowerNet, factor: pd.Series, gone: pd.Index) -> dict[str, pd.DataFrame]:
    """Bands of clusters with another number of units; bands and start costs of clusters that are gone go too."""
    bands, tiers = net["deep_regulation"], net["start_cost"]
    tables = {}
    if bands["index"].isin([*factor.index[factor != 1], *gone]).any():
        kept = bands[~bands["index"].isin(gone)]
        by_row = kept["index"].map(factor).fillna(1.0).astype(float)
        tables["deep_regulation"] = scaled(kept, "deep_regulation", by_row)
    if tiers["index"].isin(gone).any():
        tables["start_cost"] = tiers[~tiers["index"].isin(gone)]
    return tables


LEVERS: tuple[Lever, ...] = (
    Lever(
        *("thermal.retire_mw", "MW", 0, 100_000),
        "coal taken out of service: whole units, smallest and oldest first, at most so many MW",
        _retired,
        _retire,
    ),
    Lever(
        *("thermal.retrofit_share", "", 0, 1),
        "share of the coal capacity retrofitted: lower heat-season minimum, bands of deep regulation with wear",
        _retrofit_share,
        _retrofit,
    ),
    Lever(
        *("thermal.min_stable_pu", "pu", 0, 1, "minimum stable output of coal units (outside heat duty)"),
        _min_stable,
        _set_min_stable,
    ),
)
