"""分电厂: what each plant gave, how long and how hard it ran, what it emitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gridopt.results.tables.table import Table, ratio

if TYPE_CHECKING:
    from gridopt.results.tables.solved import Array, Solved

# Output below the minimum is meant from here on; less is rounding of the solver [MW].
_USED_MW = 1e-3
_HALF = 0.5


def plants(solved: Solved) -> pd.DataFrame:
    """One row for each plant, in the order of the result; what an ordinary generator has not stays empty."""
    fleet, step_h = solved.fleet, solved.step_h
    energy = solved.output_mw.sum(axis=1) * step_h
    installed = fleet["installed_mw"].to_numpy(dtype=float)
    units = fleet["units"].to_numpy(dtype=float)
    frame = fleet.assign(
        plant_installed_mw=installed,
        energy_mwh=energy,
        utilisation_h=ratio(energy, installed),
        largest_mw=solved.output_mw.max(axis=1),
        curtailed_mwh=_by_plant(solved, "renewable", "renewable_curtailment_mw").sum(axis=1) * step_h,
    )
    frame["curtailment_pu"] = ratio(frame["curtailed_mwh"].to_numpy(), energy + frame["curtailed_mwh"].to_numpy())
    on = _by_plant(solved, "generator", "generator_on_units")
    running = on * (installed / units)[:, None]
    below = _by_plant(solved, "generator", "generator_regulation_mw")
    committed = np.isfinite(on).all(axis=1)
    could_mwh = np.where(committed, running.sum(axis=1), installed * len(solved.time)) * step_h
    frame["load_factor_pu"] = ratio(energy, could_mwh)
    frame["running_h"] = on.sum(axis=1) * step_h / units
    frame["starts"] = _by_plant(solved, "generator", "generator_start_units").sum(axis=1)
    frame["deep_regulation_mwh"] = below.sum(axis=1) * step_h
    frame["deep_regulation_h"] = np.where(committed, (below > _USED_MW).sum(axis=1) * step_h, np.nan)
    half = (running > _USED_MW) & (solved.output_mw < _HALF * running - _USED_MW)
    frame["below_half_h"] = np.where(committed, half.sum(axis=1) * step_h, np.nan)
    return frame.assign(**_emissions(solved, energy))


def _by_plant(solved: Solved, dimension: str, variable: str) -> Array:
    """A variable in the order of the fleet, NaN for plants of other dimensions, (plant, time)."""
    values = np.full((len(solved.fleet), len(solved.time)), np.nan)
    if variable in solved.dataset:
        mine = (solved.fleet["dimension"] == dimension).to_numpy()
        values[mine] = solved.values(variable)[solved.fleet.loc[mine, "position"].to_numpy(dtype=np.int64)]
    return values


def _emissions(solved: Solved, energy: Array) -> dict[str, Array]:
    """CO2 and coal of each plant: by boiler load where it has one, else by output."""
    boiler = _by_plant(solved, "generator", "generator_boiler_mw").sum(axis=1) * solved.step_h
    burnt = np.where(np.isfinite(boiler), boiler, energy)
    return {
        "co2_t": burnt * _rate(solved, "co2_t_per_mwh", "generation_co2_t_per_mwh"),
        "coal_tce": burnt * _rate(solved, "coal_tce_per_mwh", "generation_tce_per_mwh"),
    }


def _rate(solved: Solved, column: str, of_captive: str) -> Array:
    """Rate per MWh of each plant, 0 where the net gives none."""
    net, rates = solved.case.net, np.zeros(len(solved.fleet))
    captive = solved.rows("prosumer", "prosumer")[of_captive].fillna(0.0).to_numpy(dtype=float)
    for i, row in enumerate(solved.fleet.to_dict("records")):
        table = net[row["table"]] if row["table"] else None
        if table is not None and column in table:
            rates[i] = float(np.nan_to_num(table.at[row["index"], column]))
        elif row["kind"] == "captive":
            rates[i] = captive[row["position"]]
    return rates


TABLE = Table(
    name="plants",
    columns=(
        *("plant", "name_zh", "kind", "city", "bus", "plant_installed_mw", "units", "energy_mwh", "utilisation_h"),
        *("load_factor_pu", "largest_mw", "running_h", "starts", "deep_regulation_h", "deep_regulation_mwh"),
        *("below_half_h", "curtailed_mwh", "curtailment_pu", "co2_t", "coal_tce"),
    ),
    compute=plants,
)
