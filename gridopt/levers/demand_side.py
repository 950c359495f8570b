"""Levers of the demand side: vehicles, hydrogen, production, data centres, prosumers, response by price."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from gridopt.levers.lever import Lever, State, known, scaled, total_or_none, with_tables
from gridopt.settings import Settings

if TYPE_CHECKING:
    from pandapower import pandapowerNet

HOURS_OF_YEAR = 8760.0
# What an electric vehicle draws from the grid in a year: turns energy into vehicles (assumed, as in the Jilin tables).
EV_MWH_PER_YEAR = 3.5
HYDROGEN = ("electrolyser", "ammonia")


def flexible(net: pandapowerNet, *kinds: str) -> pd.DataFrame:
    """Flexible loads in service of some kinds."""
    table: pd.DataFrame = net["flexible_load"]
    return table[table["in_service"].astype(bool) & table["kind"].isin(kinds)]


def prosumers(net: pandapowerNet, *kinds: str) -> pd.DataFrame:
    """Prosumers in service, of some kinds if any are named."""
    table: pd.DataFrame = net["prosumer"]
    rows = table["in_service"].astype(bool)
    return table[rows & table["kind"].isin(kinds)] if kinds else table[rows]


def _drawn_mw(rows: pd.DataFrame) -> pd.Series:
    """Mean that the own use of flexible loads draws [MW]."""
    mean: pd.Series = rows["p_mw"] / rows["eta"]
    return mean


def resized(net: pandapowerNet, element: str, rows: pd.Index, factor: float) -> pd.DataFrame:
    """A table with some rows grown by a factor; with 0 they go out of service and keep their shape."""
    if factor == 0:
        table: pd.DataFrame = net[element].copy()
        table.loc[rows, "in_service"] = False
        return table
    return scaled(net[element], element, pd.Series(factor, index=rows))


def _fleet(net: pandapowerNet, settings: Settings) -> float | None:
    return total_or_none(_drawn_mw(flexible(net, "ev")) * HOURS_OF_YEAR / EV_MWH_PER_YEAR)


def _set_fleet(net: pandapowerNet, settings: Settings, value: float) -> State:
    factor = value / known(_fleet(net, settings))
    table = resized(net, "flexible_load", flexible(net, "ev").index, factor)
    return with_tables(net, flexible_load=table), settings


def _v2g_share(net: pandapowerNet, settings: Settings) -> float | None:
    fleet = flexible(net, "ev")
    chargers = total_or_none(fleet["max_p_mw"].where(fleet["max_e_mwh"] > 0))
    return None if chargers is None else float(fleet["max_discharge_mw"].sum()) / chargers


def _set_v2g_share(net: pandapowerNet, settings: Settings, value: float) -> State:
    fleet = flexible(net, "ev")
    rows = fleet.index[fleet["max_e_mwh"] > 0]
    table = net["flexible_load"].copy()
    table["max_discharge_mw"] = table["max_discharge_mw"].astype(float)
    table.loc[rows, "max_discharge_mw"] = value * fleet.loc[rows, "max_p_mw"].astype(float)
    return with_tables(net, flexible_load=table), settings


def _electrolysers(net: pandapowerNet, settings: Settings) -> float | None:
    return total_or_none(flexible(net, "electrolyser")["max_p_mw"])


def _set_electrolysers(net: pandapowerNet, settings: Settings, value: float) -> State:
    factor = value / known(_electrolysers(net, settings))
    rows = flexible(net, *HYDROGEN).index
    return with_tables(net, flexible_load=resized(net, "flexible_load", rows, factor)), settings


def _store_hours(kind: str, noun: str) -> Lever:
    def rows(net: pandapowerNet) -> pd.DataFrame:
        table = flexible(net, kind)
        return table[table["max_e_mwh"] > 0]

    def present(net: pandapowerNet, settings: Settings) -> float | None:
        power = total_or_none(rows(net)["max_p_mw"])
        return None if power is None else float(rows(net)["max_e_mwh"].sum()) / power

    def change(net: pandapowerNet, settings: Settings, value: float) -> State:
        here = rows(net)
        factor = value * here["max_p_mw"] / here["max_e_mwh"]
        table = net["flexible_load"].copy()
        for column in ("max_e_mwh", "start_e_mwh"):
            table[column] = table[column].astype(float)
            table.loc[factor.index, column] *= factor
        return with_tables(net, flexible_load=table), settings

    text = f"store of {noun} as hours of full power, the same everywhere"
    return Lever(f"{'hydrogen' if kind == 'electrolyser' else kind}.store_hours", "h", 0.1, 2000, text, present, change)


def _mean_power(kind: str, noun: str) -> Lever:
    def present(net: pandapowerNet, settings: Settings) -> float | None:
        return total_or_none(_drawn_mw(flexible(net, kind)))

    def change(net: pandapowerNet, settings: Settings, value: float) -> State:
        factor = value / known(present(net, settings))
        table = resized(net, "flexible_load", flexible(net, kind).index, factor)
        return with_tables(net, flexible_load=table), settings

    text = f"mean power of {noun}, pro rata; other consumption stays"
    return Lever(f"{kind}.p_mw", "MW", 0, 100_000, text, present, change)


def _prosumer_load(kind: str, noun: str) -> Lever:
    def present(net: pandapowerNet, settings: Settings) -> float | None:
        return total_or_none(prosumers(net, kind)["p_mw"])

    def change(net: pandapowerNet, settings: Settings, value: float) -> State:
        factor = value / known(present(net, settings))
        return with_tables(net, prosumer=resized(net, "prosumer", prosumers(net, kind).index, factor)), settings

    text = f"mean own load of {noun}, pro rata; their plants, roofs and stores follow"
    return Lever(f"prosumer.{kind}.p_mw", "MW", 0, 100_000, text, present, change)


LEVERS: tuple[Lever, ...] = (
    Lever(
        *("ev.fleet", "vehicles", 0, 20_000_000),
        "electric vehicles at 3.5 MWh a year, spread pro rata; chargers and batteries follow",
        _fleet,
        _set_fleet,
    ),
    Lever(
        *("ev.v2g_share", "", 0, 1, "power that vehicles can give back over the power of their chargers"),
        _v2g_share,
        _set_v2g_share,
    ),
    Lever(
        *("hydrogen.p_mw", "MW", 0, 100_000),
        "installed power of the electrolysers, pro rata; use, stores and synthesis loops follow",
        _electrolysers,
        _set_electrolysers,
    ),
    _store_hours("electrolyser", "hydrogen"),
    _mean_power("electric_heating", "electric heating outside district heat"),
    _mean_power("industry", "energy-intensive production"),
    _store_hours("industry", "intermediate products"),
    _mean_power("data_centre", "computing work that can wait"),
    _prosumer_load("captive", "works with a captive plant"),
    _prosumer_load("building", "buildings with photovoltaics and storage"),
    _prosumer_load("data_centre", "data centres with photovoltaics and storage"),
    _prosumer_load("virtual_power_plant", "virtual power plants"),
)
