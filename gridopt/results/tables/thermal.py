"""What thermal plants can give and must give in each hour: started capacity, derating by heat, least output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridopt.results.tables.fleet import column

if TYPE_CHECKING:
    from gridopt.results.tables.solved import Array, Solved

Rows = NDArray[np.int64]

# Hydro plants and wind have tables of their own; what has no technology is no thermal plant.
_NOT_THERMAL = ("wind", "solar", "hydro", "other")


@dataclass(frozen=True, eq=False)
class ThermalState:
    """Thermal plants (coal, gas, biomass, nuclear; captive ones stand behind a meter and are left out).

    Parameters
    ----------
    rows
        (plant,) rows of the fleet.
    started_mw
        (plant, time) capacity of the units that run, all units where none are committed [MW].
    out_mw
        (plant, time) capacity in overhaul or failed [MW].
    heat_cut_mw
        (plant, time) capacity that heat takes [MW].
    minimum_mw
        (plant, time) least output of the units that run, bands of deep regulation used [MW].
    """

    rows: pd.DataFrame
    started_mw: Array
    out_mw: Array
    heat_cut_mw: Array
    minimum_mw: Array


def thermal_state(solved: Solved) -> ThermalState:
    """State of all thermal plants of the table ``gen``."""
    from gridopt.model.thermal_data import must_run_units

    fleet = solved.fleet
    mine = (fleet["dimension"] == "generator") & (fleet["table"] == "gen") & ~fleet["kind"].isin(_NOT_THERMAL)
    rows = fleet[mine].reset_index(drop=True)
    position = rows["position"].to_numpy(dtype=np.int64)
    gen = solved.case.net.gen.loc[rows["index"].astype(int)]
    units = rows["units"].to_numpy(dtype=float)
    unit_mw = rows["installed_mw"].to_numpy(dtype=float) / units
    on, available = (_units(solved, name, position) for name in ("generator_on_units", "generator_available_units"))
    committed = np.isfinite(on)
    available = np.where(np.isfinite(available), available, units[:, None])
    running = np.where(committed, on, available)
    must, heating = must_run_units(solved.case, gen, units)
    heating = np.minimum(heating, running)
    low = column(gen, "min_p_mw", 0.0) / units
    season_low = np.maximum(gen["heat_season_min_pu"].fillna(0.0).to_numpy(float) * unit_mw, low)
    season_high = np.minimum(gen["heat_season_max_pu"].fillna(1.0).to_numpy(float) * unit_mw, unit_mw)
    # without commitment a cluster comes down to its must-run units, other plants to their own minimum
    down_to = np.where(gen["committable"].to_numpy(bool)[:, None], np.minimum(must, running), running)
    floor = (season_low - low)[:, None] * heating
    depth = _depth_mw(solved, gen, units)[:, None] * np.maximum(running - heating, 0.0)
    minimum = np.where(committed, low[:, None] * running - depth, low[:, None] * down_to) + floor
    return ThermalState(
        rows=rows,
        started_mw=running * unit_mw[:, None],
        out_mw=(units[:, None] - available) * unit_mw[:, None],
        heat_cut_mw=(unit_mw - season_high)[:, None] * heating + _power_lost_to_heat(solved, position),
        minimum_mw=np.maximum(minimum, _power_with_heat(solved, gen, position, running / units[:, None])),
    )


def _units(solved: Solved, name: str, position: Rows) -> Array:
    values = solved.values(name)
    return values[position] if len(values) else np.full((len(position), len(solved.time)), np.nan)


def _depth_mw(solved: Solved, gen: pd.DataFrame, units: Array) -> Array:
    """How far one unit may go below its minimum, (plant,) [MW]."""
    bands = solved.case.net.deep_regulation
    width = bands[bands["element"] == "gen"].groupby("index")["width_mw"].sum()
    return np.asarray(width.reindex(gen.index).fillna(0.0).to_numpy(dtype=float) / units)


def _power_with_heat(solved: Solved, gen: pd.DataFrame, position: Rows, running: Array) -> Array:
    """Power that comes with the heat of heat zones, ``c_m h + k n``, (plant, time) [MW]; 0 with a heat-season range."""
    heat = np.nan_to_num(_units(solved, "generator_heat_mw", position))
    slope, offset = (column(gen, name, 0.0)[:, None] for name in ("c_m", "heat_offset_mw"))
    return np.asarray(np.where(heat > 0, slope * heat + offset * running, 0.0))


def _power_lost_to_heat(solved: Solved, position: Rows) -> Array:
    """Power that heat zones take of extraction turbines, ``c_v h``, (plant, time) [MW]; 0 with a heat-season range."""
    boiler = _units(solved, "generator_boiler_mw", position)
    lost = boiler - solved.values("generator_p_mw")[position]
    return np.asarray(np.maximum(np.nan_to_num(lost), 0.0))
