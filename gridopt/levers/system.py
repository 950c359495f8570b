"""Levers of heat, water, reserves, pilot zones, channels and the limits of distributed plants."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from gridopt.levers.lever import Lever, State, known, scaled, total_or_none, with_tables
from gridopt.settings import Settings

if TYPE_CHECKING:
    from pandapower import pandapowerNet

ELECTRIC_HEAT = ("electric_boiler", "heat_pump")
SHARES_OF_LOAD = ("share_of_load", "share_of_wind", "share_of_solar", "share_of_ramp")
# Rule of a pilot zone: unit, largest value, meaning.
PILOT_RULES = {
    "self_use_min": ("", 1.0, "least share of its generation that it uses itself"),
    "feed_in_max": ("", 1.0, "largest share of its generation that it feeds in"),
    "self_supply_min": ("", 1.0, "least share of its load that it supplies itself"),
    "import_max_mw": ("MW", 100_000.0, "most that it takes from the grid"),
    "export_max_mw": ("MW", 100_000.0, "most that it feeds in"),
}


def _electric_heat(net: pandapowerNet) -> pd.DataFrame:
    table: pd.DataFrame = net["heat_source"]
    return table[table["in_service"].astype(bool) & table["kind"].isin(ELECTRIC_HEAT)]


def _electric_share(net: pandapowerNet, settings: Settings) -> float | None:
    peak, electric = total_or_none(net["heat_zone"]["p_mw"]), total_or_none(_electric_heat(net)["max_heat_mw"])
    return None if peak is None or electric is None else electric / peak


def _set_electric_share(net: pandapowerNet, settings: Settings, value: float) -> State:
    factor = pd.Series(value / known(_electric_share(net, settings)), index=_electric_heat(net).index)
    return with_tables(net, heat_source=scaled(net["heat_source"], "heat_source", factor)), settings


def _heat_store_hours(net: pandapowerNet, settings: Settings) -> float | None:
    power = total_or_none(net["heat_zone"]["store_mw"])
    return None if power is None else float(net["heat_zone"]["store_mwh"].sum()) / power


def _set_heat_store_hours(net: pandapowerNet, settings: Settings, value: float) -> State:
    table = net["heat_zone"].copy()
    table["store_mwh"] = value * table["store_mw"].astype(float)
    return with_tables(net, heat_zone=table), settings


def _inflow(net: pandapowerNet, settings: Settings) -> float | None:
    return None if net["reservoir"].empty else 1.0


def _set_inflow(net: pandapowerNet, settings: Settings, value: float) -> State:
    rows = pd.Series(value, index=net["reservoir"].index)
    return with_tables(net, reservoir=scaled(net["reservoir"], "reservoir", rows)), settings


def _reserve(net: pandapowerNet, settings: Settings) -> float | None:
    return 1.0 if net["reserve_product"]["in_service"].astype(bool).any() else None


def _set_reserve(net: pandapowerNet, settings: Settings, value: float) -> State:
    table = net["reserve_product"].copy()
    for column in ("mw", *SHARES_OF_LOAD):
        table[column] = value * table[column].astype(float)
    return with_tables(net, reserve_product=table), settings


def _reverse(net: pandapowerNet, settings: Settings) -> float | None:
    return 1.0 if net.bus["reverse_flow_max_mw"].notna().any() else None


def _set_reverse(net: pandapowerNet, settings: Settings, value: float) -> State:
    return with_tables(net, bus=net.bus.assign(reverse_flow_max_mw=value * net.bus["reverse_flow_max_mw"])), settings


def _entry(table: str, name: str, column: str, lever: Lever) -> Lever:
    """A lever on one entry of an extension table, found by the name of its row."""

    def present(net: pandapowerNet, settings: Settings) -> float | None:
        value = net[table].loc[net[table]["name"] == name, column]
        return None if value.empty or pd.isna(value.iloc[0]) else float(value.iloc[0])

    def change(net: pandapowerNet, settings: Settings, value: float) -> State:
        changed = net[table].copy()
        changed[column] = changed[column].astype(float)
        changed.loc[changed["name"] == name, column] = value
        return with_tables(net, **{table: changed}), settings

    return Lever(lever.name, lever.unit, lever.low, lever.high, lever.description, present, change)


def _nothing(net: pandapowerNet, settings: Settings) -> None:
    return None


def _unchanged(net: pandapowerNet, settings: Settings, value: float) -> State:
    return net, settings


def _shape(name: str, unit: str, high: float, text: str) -> Lever:
    return Lever(name, unit, 0, high, text, _nothing, _unchanged)


def _pilot(name: str, column: str) -> Lever:
    unit, high, text = PILOT_RULES[column]
    return _shape(f"pilot.{name}.{column}", unit, high, f"pilot zone {name}: {text}")


def _channel(name: str) -> Lever:
    text = f"tie {name}: least share of wind and solar in the energy exported"
    return _shape(f"tie.{name}.renewable_share_min", "", 1.0, text)


def _product(name: str, unit: str) -> Lever:
    return _shape(f"reserve.{name}.mw", unit, 1e6, f"reserve {name}: fixed part of the requirement")


def named_levers(net: pandapowerNet) -> Iterator[Lever]:
    """Levers of single pilot zones, channels and reserve products of a net."""
    for name in net["pilot_zone"]["name"].dropna().astype(str):
        for column in PILOT_RULES:
            yield _entry("pilot_zone", name, column, _pilot(name, column))
    for name in net["tie"]["name"].dropna().astype(str):
        yield _entry("tie", name, "renewable_share_min", _channel(name))
    for name, kind in net["reserve_product"][["name", "kind"]].astype(str).itertuples(index=False):
        yield _entry("reserve_product", name, "mw", _product(name, "MW s" if kind == "inertia" else "MW"))


FAMILIES: tuple[Lever, ...] = (
    *(_pilot("NAME", column) for column in PILOT_RULES),
    *(_channel("NAME"), _product("NAME", "MW")),
)

LEVERS: tuple[Lever, ...] = (
    Lever(
        *("heat.electric_share", "", 0, 1),
        "electric boilers and heat pumps over the peak heat of all zones (used with policy.chp_mode heat_zone)",
        _electric_share,
        _set_electric_share,
    ),
    Lever(
        *("heat.store_hours", "h", 0, 200),
        "heat stores as hours of their full power (used with policy.chp_mode heat_zone)",
        _heat_store_hours,
        _set_heat_store_hours,
    ),
    Lever(
        *("hydro.inflow_scale", "", 0, 3, "factor on the natural inflow of every reservoir"),
        _inflow,
        _set_inflow,
    ),
    Lever(
        *("reserve.scale", "", 0, 5, "factor on what every reserve product asks for (its largest unit stays)"),
        _reserve,
        _set_reserve,
    ),
    Lever(
        *("grid.reverse_flow_scale", "", 0, 10, "factor on what buses with distributed plants may feed back"),
        _reverse,
        _set_reverse,
    ),
)
