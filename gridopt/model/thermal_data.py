"""Reads thermal clusters from a case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gridopt.model.claims import thermal_clusters
from gridopt.model.component import Array
from gridopt.model.costs import linear_costs
from gridopt.model.labels import element_labels, table_rows
from gridopt.model.thermal import ThermalData

if TYPE_CHECKING:
    import pandas as pd

    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork


def heated(case: Case, zones: pd.Series) -> Array:
    """Whether the heat zone of each row is heated, (element, time) of 0 and 1; rows without a zone are not."""
    table = case.net.heat_zone.set_index("name")
    rows = np.zeros((len(zones), len(case.time)))
    for i, zone in enumerate(zones):
        if zone:
            rows[i] = case.profiles[table.at[zone, "profile"]].to_numpy() > 0
    return rows


def must_run_units(case: Case, gen: pd.DataFrame, n_units: Array) -> tuple[Array, Array]:
    """Units that must run, and among them those that give heat, both (element, time)."""
    must = np.minimum(gen["must_run_units"].fillna(0.0).to_numpy(float), n_units)[:, None]
    has_zone = (gen["heat_zone"] != "").to_numpy()[:, None]
    heating = heated(case, gen["heat_zone"])
    if case.settings.policy.chp_mode == "off":
        return np.where(has_zone, 0.0, must) * np.ones_like(heating), np.zeros_like(heating)
    return np.where(has_zone, must * heating, must), np.where(has_zone, must * heating, 0.0)


def read_clusters(case: Case, network: DCNetwork) -> ThermalData | None:
    """Arrays of all committable rows of ``gen`` in service; their costs must be linear."""
    from gridopt.network.matrices import bus_injection_matrix

    gen = case.net.gen.loc[thermal_clusters(case)]
    if gen.empty:
        return None
    costs = linear_costs(case.net, "gen", gen.index)
    n = gen["n_units"].fillna(1).to_numpy(float)
    low, high = gen["min_p_mw"].to_numpy(float) / n, gen["max_p_mw"].to_numpy(float) / n
    must, heat_units = must_run_units(case, gen, n)
    season_low = np.maximum(gen["heat_season_min_pu"].to_numpy(float) * high, low)
    season_high = np.minimum(gen["heat_season_max_pu"].to_numpy(float) * high, high)
    season_low = np.where(np.isfinite(season_low), season_low, low)
    season_high = np.where(np.isfinite(season_high), np.maximum(season_high, season_low), high)
    step_h = case.settings.step_h
    co2 = gen["co2_t_per_mwh"].fillna(0.0).to_numpy(float) * case.settings.prices.co2_cny_per_t
    on, above = _initial(gen, n, low, high, must[:, 0], heat_units[:, 0] * (season_low - low))
    return ThermalData(
        labels=element_labels("gen", gen),
        rows=table_rows("gen", gen),
        nodes=bus_injection_matrix(network, gen["bus"].to_numpy()),
        n_units=n,
        min_mw=low,
        max_mw=high,
        ramp_up_mw_per_h=_per_unit(gen["ramp_up_mw_per_h"], n, np.inf),
        ramp_down_mw_per_h=_per_unit(gen["ramp_down_mw_per_h"], n, np.inf),
        startup_ramp_mw=np.clip(_per_unit(gen["startup_ramp_mw"], n, np.inf), low, high),
        shutdown_ramp_mw=np.clip(_per_unit(gen["shutdown_ramp_mw"], n, np.inf), low, high),
        min_up_steps=_steps(gen["min_up_h"], step_h),
        min_down_steps=_steps(gen["min_down_h"], step_h),
        output_cny_per_mwh=costs.cp1 + co2,
        no_load_cny_per_h=costs.cp0 / n,
        start_cost_cny=gen["start_cost_cny"].fillna(0.0).to_numpy(float),
        must_run_units=must,
        heat_floor_mw=(season_low - low)[:, None] * heat_units,
        heat_cut_mw=(high - season_high)[:, None] * heat_units,
        initial_on_units=on,
        initial_above_min_mw=above,
        initial_steps_in_state=_steps(gen["initial_hours_in_state"].fillna(1e4), step_h),
    )


def _per_unit(column: pd.Series, n: Array, missing: float) -> Array:
    value = column.to_numpy(float) / n
    return np.where(np.isfinite(value), value, missing)


def _steps(hours: pd.Series, step_h: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.maximum(np.ceil(hours.fillna(1.0).to_numpy(float) / step_h - 1e-9), 1).astype(np.int64)


def _initial(gen: pd.DataFrame, n: Array, low: Array, high: Array, must: Array, floor: Array) -> tuple[Array, Array]:
    """Units on before the first step and their output above the minimum.

    Where the net does not say, half the units run (at least the must-run ones), half-way between their limits.
    """
    given = gen["initial_on_units"].to_numpy(float)
    on = np.where(np.isfinite(given), np.clip(given, 0.0, n), np.maximum(must, np.ceil(n / 2)))
    power = gen["initial_p_mw"].to_numpy(float)
    unknown = np.maximum(0.5 * (high - low) * on, np.minimum(floor, (high - low) * on))
    above = np.where(np.isfinite(power), np.clip(power - low * on, 0.0, (high - low) * on), unknown)
    return on, above
