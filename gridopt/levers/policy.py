"""Levers of policy, prices and weather."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gridopt.catalog import network_names
from gridopt.levers.lever import Lever, State, Value, with_tables
from gridopt.settings import Settings

if TYPE_CHECKING:
    import pandas as pd
    from pandapower import pandapowerNet


def _with_setting(settings: Settings, part: str, **values: object) -> Settings:
    return settings.model_copy(update={part: getattr(settings, part).model_copy(update=values)})


def _response_share(net: pandapowerNet, settings: Settings) -> float | None:
    programs = net["demand_response"]
    sized_here = programs["share_of_peak"].isna() & programs["p_mw"].isna() & _reducing(net)
    return settings.policy.dr_share_of_peak if sized_here.any() else None


def _set_response_share(net: pandapowerNet, settings: Settings, value: float) -> State:
    return net, _with_setting(settings, "policy", dr_share_of_peak=value)


def _reducing(net: pandapowerNet) -> pd.Series:
    """Programs that reduce load; the price of valley filling is what a MWh more is worth, not what is paid."""
    reduces: pd.Series = net["demand_response"]["kind"] != "valley_filling"
    return reduces


def _response_price(net: pandapowerNet, settings: Settings) -> float | None:
    prices = net["demand_response"].loc[_reducing(net), "price_cny_per_mwh"]
    return None if prices.empty else float(prices.mean())


def _set_response_price(net: pandapowerNet, settings: Settings, value: float) -> State:
    table = net["demand_response"].copy()
    table.loc[_reducing(net), "price_cny_per_mwh"] = value
    return with_tables(net, demand_response=table), settings


def _carbon_price(net: pandapowerNet, settings: Settings) -> float | None:
    emits = any((net[element]["co2_t_per_mwh"] > 0).any() for element in ("gen", "sgen"))
    return settings.prices.co2_cny_per_t if emits else None


def _set_carbon_price(net: pandapowerNet, settings: Settings, value: float) -> State:
    return net, _with_setting(settings, "prices", co2_cny_per_t=value)


def _weather_year(net: pandapowerNet, settings: Settings) -> Value | None:
    name = settings.profiles or settings.network
    return settings.weather_year if name in network_names() else None


def _set_weather_year(net: pandapowerNet, settings: Settings, value: Value) -> State:
    text = str(value).removesuffix(".0")
    return net, settings.model_copy(update={"weather_year": int(text) if text.isdigit() else text})


LEVERS: tuple[Lever, ...] = (
    Lever(
        *("policy.dr_share_of_peak", "", 0, 0.5, "demand-response capability as a share of the annual peak"),
        _response_share,
        _set_response_share,
    ),
    Lever(
        *("policy.dr_price", "CNY/MWh", 0, 100_000, "price paid to every demand-response program that reduces load"),
        _response_price,
        _set_response_price,
    ),
    Lever(
        *("carbon.price_cny_per_t", "CNY/t", 0, 10_000, "carbon price"),
        _carbon_price,
        _set_carbon_price,
    ),
    Lever(
        *("weather_year", "", 0, 3000, "weather of the shipped profiles: 'typical' or a year"),
        _weather_year,
        _set_weather_year,
        words=True,
    ),
)
