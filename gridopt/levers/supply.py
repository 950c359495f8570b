"""Levers of demand, wind, solar and storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from gridopt.levers.demand_side import HYDROGEN, prosumers, resized
from gridopt.levers.lever import Lever, State, active, known, scaled, total_or_none, with_tables
from gridopt.settings import Settings

if TYPE_CHECKING:
    from pandapower import pandapowerNet


def _demand(net: pandapowerNet) -> dict[str, pd.DataFrame]:
    """What consumes, by table: hydrogen has a lever of its own."""
    load, flexible = net.load, net["flexible_load"]
    rows = {
        "load": load[load["in_service"].astype(bool) & (load["kind"] != "tie")],
        "flexible_load": flexible[flexible["in_service"].astype(bool) & ~flexible["kind"].isin(HYDROGEN)],
        "prosumer": prosumers(net),
    }
    return {table: part for table, part in rows.items() if len(part)}


def _scale_demand(net: pandapowerNet, settings: Settings, value: float) -> State:
    parts = _demand(net)
    tables = {name: resized(net, name, rows.index, value) for name, rows in parts.items() if name != "load"}
    if "load" in parts:
        tables["load"] = scaled(net.load, "load", pd.Series(value, index=parts["load"].index))
    return with_tables(net, **tables), settings


def _renewable_total(*technologies: str) -> Lever:
    def present(net: pandapowerNet, settings: Settings) -> float | None:
        return total_or_none(active(net, "sgen", technologies)["max_p_mw"])

    def change(net: pandapowerNet, settings: Settings, value: float) -> State:
        rows = active(net, "sgen", technologies).index
        factor = pd.Series(value / known(present(net, settings)), index=rows)
        return with_tables(net, sgen=scaled(net.sgen, "sgen", factor)), settings

    name = technologies[0]
    text = f"installed {name} capacity of the province, spread over the sites pro rata"
    return Lever(f"{name}.p_mw", "MW", 0, 200_000, text, present, change)


def _set_biomass(net: pandapowerNet, settings: Settings, value: float) -> State:
    plants = active(net, "gen", ("biomass",))
    factor = pd.Series(value / known(total_or_none(plants["max_p_mw"])), index=plants.index)
    table = scaled(net.gen, "gen", factor)
    # The number of units stays, and so does the number that must run: the units grow.
    for column in ("must_run_units", "initial_on_units"):
        table[column] = net.gen[column]
    return with_tables(net, gen=table), settings


def _wind_by_side(net: pandapowerNet) -> tuple[pd.Series, pd.Series]:
    """Installed wind [MW] of the sites in the west, and of all others."""
    wind = active(net, "sgen", ("wind",))
    west = net.bus["region"].reindex(wind["bus"]).to_numpy() == "west"
    return wind.loc[west, "max_p_mw"], wind.loc[~west, "max_p_mw"]


def _west_share(net: pandapowerNet, settings: Settings) -> float | None:
    west, rest = (float(side.sum()) for side in _wind_by_side(net))
    return west / (west + rest) if west > 0 and rest > 0 else None


def _move_wind(net: pandapowerNet, settings: Settings, value: float) -> State:
    west, rest = _wind_by_side(net)
    total = west.sum() + rest.sum()
    factor = pd.concat([0 * west + value * total / west.sum(), 0 * rest + (1 - value) * total / rest.sum()])
    return with_tables(net, sgen=scaled(net.sgen, "sgen", factor)), settings


# --- storage -----------------------------------------------------------------------------------------------


def _storage_power(technology: str, noun: str) -> Lever:
    def present(net: pandapowerNet, settings: Settings) -> float | None:
        return total_or_none(-active(net, "storage", (technology,))["min_p_mw"])

    def change(net: pandapowerNet, settings: Settings, value: float) -> State:
        rows = active(net, "storage", (technology,)).index
        factor = pd.Series(value / known(present(net, settings)), index=rows)
        return with_tables(net, storage=scaled(net.storage, "storage", factor)), settings

    text = f"discharging power of all {noun}, pro rata; charging power and energy follow"
    return Lever(f"storage.{technology}.p_mw", "MW", 0, 100_000, text, present, change)


def _storage_hours(technology: str, noun: str) -> Lever:
    def present(net: pandapowerNet, settings: Settings) -> float | None:
        stores = active(net, "storage", (technology,))
        power = total_or_none(-stores["min_p_mw"])
        return None if power is None else float(stores["max_e_mwh"].sum()) / power

    def change(net: pandapowerNet, settings: Settings, value: float) -> State:
        table = net.storage.copy()
        rows = active(net, "storage", (technology,)).index
        energy = value * -table.loc[rows, "min_p_mw"].astype(float)
        old = table.loc[rows, "max_e_mwh"].astype(float)
        table["min_e_mwh"] = table["min_e_mwh"].astype(float)
        table.loc[rows, "min_e_mwh"] *= (energy / old.where(old > 0)).fillna(0.0)
        table["max_e_mwh"] = table["max_e_mwh"].astype(float)
        table.loc[rows, "max_e_mwh"] = energy
        return with_tables(net, storage=table), settings

    text = f"energy of {noun} as hours of full discharge (max_e_mwh per discharging MW), the same everywhere"
    return Lever(f"storage.{technology}.hours", "h", 0.25, 1000, text, present, change)


LEVERS: tuple[Lever, ...] = (
    Lever(
        *("demand.scale", "", 0, 5, "factor on all consumption but hydrogen: loads, flexible loads, prosumers"),
        lambda net, settings: 1.0 if _demand(net) else None,
        _scale_demand,
    ),
    _renewable_total("wind"),
    _renewable_total("solar", "solar_distributed"),
    Lever(
        *("biomass.p_mw", "MW", 0, 20_000, "installed biomass capacity, spread over the plants pro rata"),
        lambda net, settings: total_or_none(active(net, "gen", ("biomass",))["max_p_mw"]),
        _set_biomass,
    ),
    Lever(
        *("wind.west_share", "", 0, 1, "share of the wind capacity that stands in the west; the total stays"),
        _west_share,
        _move_wind,
    ),
    _storage_power("phs", "pumped storage"),
    _storage_hours("phs", "pumped storage"),
    _storage_power("battery", "batteries"),
    _storage_hours("battery", "batteries"),
)
