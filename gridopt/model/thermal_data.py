"""Arrays of thermal clusters, read from a case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gridopt.errors import Fault, InputError
from gridopt.model.claims import thermal_clusters
from gridopt.model.component import Array, ComponentData
from gridopt.model.labels import element_labels, table_rows
from gridopt.model.outages import must_run_limit, read_outages
from gridopt.model.reserve_product import read_products
from gridopt.model.thermal_bands import Bands, read_bands
from gridopt.model.thermal_fuel import FuelLines, read_fuel
from gridopt.model.thermal_heat import HeatPlants, read_heat
from gridopt.model.thermal_starts import WarmTimes, read_starts

if TYPE_CHECKING:
    import pandas as pd

    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork

# Apparent power of a machine whose own figure is missing, per MW of its output.
_MVA_PER_MW = 1 / 0.9


@dataclass(frozen=True)
class ThermalData(ComponentData):
    """Clusters of equal units; values of ONE unit unless named otherwise.

    Parameters
    ----------
    n_units
        (element,) units installed.
    min_mw, max_mw
        (element,) [MW].
    ramp_up_mw_per_h, ramp_down_mw_per_h
        (element,) [MW/h], infinite for no limit.
    startup_ramp_mw, shutdown_ramp_mw
        (element,) largest output in the first and in the last step on [MW].
    min_up_steps, min_down_steps
        (element,) [steps].
    output_cny_per_mwh
        (element,) fuel and CO2 per MWh of boiler load; its mean where the fuel cost has lines.
    no_load_cny_per_h, start_cost_cny
        (element,) while running; of a cold start.
    must_run_units
        (element, time) of the cluster, never more than are available.
    heat_floor_mw, heat_cut_mw
        (element, time) of the cluster: by how much must-run units that give heat raise its least output, and
        lower its largest.
    initial_on_units, initial_above_min_mw
        (element,) of the cluster.
    initial_steps_in_state
        (element,) [steps].
    heat_units
        (element, time) must-run units that give heat.
    available_units, forced_units
        (element, time) units not out of service; units that fail in the step.
    max_reserve_mw
        (element,) [MW], infinite for no limit.
    inertia_mws
        (element,) kinetic energy while running [MW s].
    co2_t_per_mwh, co2_cny_per_mwh
        (element,) per MWh of boiler load.
    fuel, bands, warm, heat
        Fuel cost with lines, bands below the minimum, warm starts, heat and power.
    heat_zone
        Heat zone that each cluster serves, '' for none.
    """

    n_units: Array
    min_mw: Array
    max_mw: Array
    ramp_up_mw_per_h: Array
    ramp_down_mw_per_h: Array
    startup_ramp_mw: Array
    shutdown_ramp_mw: Array
    min_up_steps: NDArray[np.int64]
    min_down_steps: NDArray[np.int64]
    output_cny_per_mwh: Array
    no_load_cny_per_h: Array
    start_cost_cny: Array
    must_run_units: Array
    heat_floor_mw: Array
    heat_cut_mw: Array
    initial_on_units: Array
    initial_above_min_mw: Array
    initial_steps_in_state: NDArray[np.int64]
    heat_units: Array
    available_units: Array
    forced_units: Array
    max_reserve_mw: Array
    inertia_mws: Array
    co2_t_per_mwh: Array
    co2_cny_per_mwh: Array
    fuel: FuelLines
    bands: Bands
    warm: WarmTimes
    heat: HeatPlants
    heat_zone: tuple[str, ...]

    @property
    def depth_mw(self) -> Array:
        """How far one unit may go below its minimum, (element,) [MW]."""
        return self.bands.depth_mw(self.count)

    @property
    def linear_cny_per_mwh(self) -> Array:
        """Cost per MWh of boiler load that no line holds, (element,)."""
        cost = self.output_cny_per_mwh.copy()
        cost[self.fuel.cluster] = self.co2_cny_per_mwh[self.fuel.cluster]
        return cost

    @property
    def heated_stop_cut_mw(self) -> Array:
        """What the shutdown ramp takes of one unit's range beyond what its heat takes already, (element,) [MW]."""
        each = np.zeros_like(self.heat_cut_mw)
        np.divide(self.heat_cut_mw, self.heat_units, out=each, where=self.heat_units > 0)
        at_stop = np.maximum(self.max_mw - self.shutdown_ramp_mw, 0.0)
        return np.maximum(at_stop - each.max(axis=1, initial=0.0), 0.0)

    @property
    def shared_cut_mw(self) -> Array:
        """What heat and shutdown ramp take of one unit's range alike, the smaller of both, (element,) [MW]."""
        return np.maximum(self.max_mw - self.shutdown_ramp_mw, 0.0) - self.heated_stop_cut_mw

    @property
    def cut_twice_mw(self) -> Array:
        """Most that heat and shutdown ramp may take of the same units, (element, time) [MW] of the cluster.

        Only units that give no more heat in the next step can be in their last step on.
        """
        leaving = np.maximum(-np.diff(self.heat_units, axis=1, append=self.heat_units[:, -1:]), 0.0)
        return self.shared_cut_mw[:, None] * leaving

    @property
    def has_outages(self) -> bool:
        """Whether any unit is ever out of service."""
        return bool((self.available_units < self.n_units[:, None]).any())

    @property
    def boiler_range_mw(self) -> tuple[Array, Array]:
        """Least and largest boiler load of one unit, each (element,) [MW]."""
        most = self.max_mw.copy()
        most[self.heat.cluster] += self.heat.boiler_per_heat() * self.heat.max_heat_mw
        return np.maximum(self.min_mw - self.depth_mw, 0.0), most


def heated(case: Case, zones: pd.Series) -> Array:
    """Whether the heat zone of each row is heated, (element, time) of 0 and 1; rows without a zone are not."""
    table = case.net.heat_zone.set_index("name")
    rows = np.zeros((len(zones), len(case.time)))
    for i, zone in enumerate(zones):
        if zone:
            rows[i] = case.profiles[table.at[zone, "profile"]].to_numpy() > 0
    return rows


def must_run_units(case: Case, gen: pd.DataFrame, n_units: Array) -> tuple[Array, Array]:
    """Units that must run, and among them those that give heat in their season's range, both (element, time).

    With ``chp_mode: heat_zone`` clusters with a zone follow its demand for heat, and with ``off`` nothing: they have
    neither.
    """
    must = np.minimum(gen["must_run_units"].fillna(0.0).to_numpy(float), n_units)[:, None]
    has_zone = (gen["heat_zone"] != "").to_numpy()[:, None]
    heating = heated(case, gen["heat_zone"])
    if case.settings.policy.chp_mode != "min_output":
        return np.where(has_zone, 0.0, must) * np.ones_like(heating), np.zeros_like(heating)
    return np.where(has_zone, must * heating, must), np.where(has_zone, must * heating, 0.0)


def read_clusters(case: Case, network: DCNetwork) -> ThermalData | None:
    """Arrays of all committable rows of ``gen`` in service."""
    from gridopt.network.matrices import bus_injection_matrix

    gen = case.net.gen.loc[thermal_clusters(case)]
    if gen.empty:
        return None
    n = gen["n_units"].fillna(1).to_numpy(float)
    low, high = gen["min_p_mw"].to_numpy(float) / n, gen["max_p_mw"].to_numpy(float) / n
    step_h = case.settings.step_h
    limits: dict[str, Any] = {
        "n_units": n,
        "min_mw": low,
        "max_mw": high,
        "ramp_up_mw_per_h": _per_unit(gen["ramp_up_mw_per_h"], n, np.inf),
        "ramp_down_mw_per_h": _per_unit(gen["ramp_down_mw_per_h"], n, np.inf),
        "startup_ramp_mw": np.clip(_per_unit(gen["startup_ramp_mw"], n, np.inf), low, high),
        "shutdown_ramp_mw": np.clip(_per_unit(gen["shutdown_ramp_mw"], n, np.inf), low, high),
        "min_up_steps": _steps(gen["min_up_h"], step_h),
        "min_down_steps": _steps(gen["min_down_h"], step_h),
        "initial_steps_in_state": _steps(gen["initial_hours_in_state"].fillna(1e4), step_h),
        "max_reserve_mw": _per_unit(gen["max_reserve_mw"], n, np.inf),
        "inertia_mws": gen["inertia_s"].fillna(0.0).to_numpy(float) * _rated_mva(gen) / n,
    }
    integer = case.settings.unit_commitment == "integer"
    if integer:
        _refuse_parts(case, gen)
    return ThermalData(
        labels=element_labels("gen", gen),
        rows=table_rows("gen", gen),
        nodes=bus_injection_matrix(network, gen["bus"].to_numpy()),
        products=() if case.settings.unit_commitment == "off" else read_products(case),
        integer=integer,
        **limits,
        **_operation(case, gen, limits),
        **_economy(case, gen, limits),
    )


def _operation(case: Case, gen: pd.DataFrame, limits: dict[str, Any]) -> dict[str, Any]:
    """Units available and units that must run, the heat-season range, and what runs before the horizon."""
    n, low, high = limits["n_units"], limits["min_mw"], limits["max_mw"]
    season_low = np.maximum(gen["heat_season_min_pu"].to_numpy(float) * high, low)
    season_high = np.minimum(gen["heat_season_max_pu"].to_numpy(float) * high, high)
    season_low = np.where(np.isfinite(season_low), season_low, low)
    season_high = np.where(np.isfinite(season_high), np.maximum(season_high, season_low), high)
    outages = read_outages(case, gen, n)
    step_h = case.settings.step_h
    down = _steps_between(season_low - limits["shutdown_ramp_mw"], limits["ramp_down_mw_per_h"] * step_h)
    up = _steps_between(season_low - limits["startup_ramp_mw"], limits["ramp_up_mw_per_h"] * step_h)
    # a unit can't start in a step in which heat limits its output, if that and the startup ramp both leave less
    limited = (season_high < high) & (limits["startup_ramp_mw"] < high)
    after = np.maximum(up + limits["min_down_steps"] - 1, limited)
    can_run = must_run_limit(outages.available_units, down, after)
    must, heat_units = (np.minimum(units, can_run) for units in must_run_units(case, gen, n))
    floor = (season_low - low)[:, None] * heat_units
    on, above = _initial(gen, n, low, high, must[:, 0], floor[:, 0])
    still = np.minimum(on, outages.available_units[:, 0] + outages.forced_units[:, 0])
    return {
        "must_run_units": must,
        "heat_units": heat_units,
        "heat_floor_mw": floor,
        "heat_cut_mw": (high - season_high)[:, None] * heat_units,
        "initial_on_units": still,
        "initial_above_min_mw": np.minimum(above, (high - low) * still),
        "available_units": outages.available_units,
        "forced_units": outages.forced_units,
    }


def _economy(case: Case, gen: pd.DataFrame, limits: dict[str, Any]) -> dict[str, Any]:
    """Fuel, starts, bands below the minimum, heat."""
    n, low, high = limits["n_units"], limits["min_mw"], limits["max_mw"]
    bands = read_bands(case, gen, n)
    heat, zones = read_heat(case, gen, n, high)
    most = high.copy()
    most[heat.cluster] += heat.boiler_per_heat() * heat.max_heat_mw
    fuel = read_fuel(case, gen, n, np.maximum(low - bands.depth_mw(len(gen)), 0.0), most)
    cold, warm = read_starts(case, gen, limits["min_down_steps"].astype(np.int64))
    co2 = gen["co2_t_per_mwh"].fillna(0.0).to_numpy(float)
    co2_cny = co2 * case.settings.prices.co2_cny_per_t
    return {
        "output_cny_per_mwh": fuel.linear_cny_per_mwh + co2_cny,
        "no_load_cny_per_h": fuel.no_load_cny_per_h,
        "start_cost_cny": cold,
        "co2_t_per_mwh": co2,
        "co2_cny_per_mwh": co2_cny,
        "fuel": fuel.lines,
        "bands": bands,
        "warm": warm,
        "heat": heat,
        "heat_zone": zones,
    }


def _refuse_parts(case: Case, gen: pd.DataFrame) -> None:
    given = gen["initial_on_units"].to_numpy(float)
    message = "must be a whole number with unit_commitment 'integer', got {:g}"
    faults = [
        Fault(case.name, "gen", repr(str(gen["name"].iloc[i])), "initial_on_units", message.format(given[i]))
        for i in np.flatnonzero(np.isfinite(given) & (given != np.round(given)))
    ]
    if faults:
        raise InputError(faults)


def _rated_mva(gen: pd.DataFrame) -> Array:
    own = gen["sn_mva"].to_numpy(float) if "sn_mva" in gen else np.full(len(gen), np.nan)
    return np.where(np.isfinite(own), own, gen["max_p_mw"].to_numpy(float) * _MVA_PER_MW)


def _per_unit(column: pd.Series, n: Array, missing: float) -> Array:
    value = column.to_numpy(float) / n
    return np.where(np.isfinite(value), value, missing)


def _steps(hours: pd.Series, step_h: float) -> NDArray[np.int64]:
    return np.maximum(np.ceil(hours.fillna(1.0).to_numpy(float) / step_h - 1e-9), 1).astype(np.int64)


def _steps_between(distance_mw: Array, per_step_mw: Array) -> NDArray[np.int64]:
    """Steps that a ramp needs over a distance; none for a negative one."""
    return np.ceil(np.maximum(distance_mw, 0.0) / per_step_mw - 1e-9).clip(0).astype(np.int64)


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
