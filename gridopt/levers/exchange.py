"""Levers of the ties to the neighbours and of the sections inside the grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from gridopt.errors import Fault, InputError
from gridopt.levers.lever import Lever, State, scaled, total_or_none, with_tables
from gridopt.settings import Settings

if TYPE_CHECKING:
    from pandapower import pandapowerNet


HOURS_OF_YEAR = 8760.0


def _hvdc(net: pandapowerNet) -> pd.DataFrame:
    ties: pd.DataFrame = net["tie"]
    return ties[ties["in_service"].astype(bool) & (ties["kind"] == "hvdc")]


def _hvdc_total(net: pandapowerNet, settings: Settings) -> float | None:
    return total_or_none(_hvdc(net)["max_p_mw"])


def _set_hvdc(net: pandapowerNet, settings: Settings, value: float) -> State:
    """Older channels keep what they have as long as the total allows; the newest takes the rest."""
    capacity = _hvdc(net).sort_values("commission_year", na_position="first")["max_p_mw"].astype(float)
    built = capacity.cumsum().clip(upper=value).diff().fillna(min(capacity.iloc[0], value))
    built.iloc[-1] += max(value - capacity.sum(), 0.0)
    table = scaled(net["tie"], "tie", (built / capacity)[built > 0])
    table.loc[built.index[built <= 0], "in_service"] = False
    return with_tables(net, tie=table), settings


def _mean_export(net: pandapowerNet) -> pd.Series:
    """Mean contract of the ties in service [MW], + = export."""
    ties: pd.DataFrame = net["tie"]
    return ties.loc[ties["in_service"].astype(bool), "p_mw"].astype(float)


def _net_export(net: pandapowerNet, settings: Settings) -> float | None:
    mean = _mean_export(net)
    return float(mean.sum()) * HOURS_OF_YEAR / 1e6 if (mean > 0).any() else None


def _set_net_export(net: pandapowerNet, settings: Settings, value: float) -> State:
    mean = _mean_export(net)
    exporting = mean[mean > 0]
    wanted = value * 1e6 / HOURS_OF_YEAR - mean[mean <= 0].sum()
    if wanted < 0:
        message = f"the importing ties alone bring {-mean[mean <= 0].sum() * HOURS_OF_YEAR / 1e6:.3g} TWh"
        raise InputError(Fault(table="lever", row="export.energy_twh", message=message))
    table = net["tie"].copy()
    for column in ("p_mw", "annual_mwh"):
        table[column] = table[column].astype(float)
        table.loc[exporting.index, column] *= wanted / exporting.sum()
    return with_tables(net, tie=table), settings


def interface_limit(name: str) -> Lever:
    """The lever of one section of the net."""

    def rows(net: pandapowerNet) -> pd.Series:
        sections: pd.DataFrame = net["interface"]
        return sections["name"] == name

    def present(net: pandapowerNet, settings: Settings) -> float | None:
        limit = net["interface"].loc[rows(net), "max_mw"]
        return None if limit.empty else float(limit.iloc[0])

    def change(net: pandapowerNet, settings: Settings, value: float) -> State:
        table = net["interface"].copy()
        table["max_mw"] = table["max_mw"].astype(float)
        table.loc[rows(net), "max_mw"] = value
        return with_tables(net, interface=table), settings

    return Lever(f"interface.{name}.max_mw", "MW", 0, 100_000, f"limit of the section {name}", present, change)


LEVERS: tuple[Lever, ...] = (
    Lever(
        *(
            "export.hvdc_mw",
            "MW",
            0,
            50_000,
            "capacity of the HVDC ties: older ones first, the newest takes the rest; contracts follow",
        ),
        _hvdc_total,
        _set_hvdc,
    ),
    Lever(
        *(
            "export.energy_twh",
            "TWh",
            -200,
            200,
            "net export of the year; the exporting contracts are scaled",
        ),
        _net_export,
        _set_net_export,
    ),
)
