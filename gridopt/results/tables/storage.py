"""抽水蓄能与储能: cycles, hours pumping and generating, and how well each store is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gridopt.results.tables.table import Table, ratio

if TYPE_CHECKING:
    from gridopt.results.tables.solved import Solved

# A store pumps or generates from this share of its power on; less is rounding of the solver.
_RUNS = 1e-3


def storage(solved: Solved) -> pd.DataFrame:
    """One row for each store: pumped storage, batteries, others."""
    stores, step_h = solved.stores, solved.step_h
    charge, discharge = solved.values("storage_charge_mw"), solved.values("storage_discharge_mw")
    hours = len(solved.time) * step_h
    taken, given = charge.sum(axis=1) * step_h, discharge.sum(axis=1) * step_h
    pump, turbine, usable = (stores[c].to_numpy(dtype=float) for c in ("charge_mw", "discharge_mw", "usable_mwh"))
    eta = stores["eta_discharge"].to_numpy(dtype=float)
    cycles = ratio(given / eta, usable)
    pump_h, turbine_h = ratio(taken, pump), ratio(given, turbine)
    return pd.DataFrame(
        {
            "store": stores["label"],
            "name_zh": stores["name_zh"],
            "kind": stores["kind"],
            "city": stores["city"],
            "discharge_mw": turbine,
            "charge_mw": pump,
            "size_capacity_mwh": stores["size_mwh"],
            "charged_mwh": taken,
            "discharged_mwh": given,
            "efficiency_pu": ratio(given, taken),
            "cycles": cycles,
            "cycles_per_day": cycles / (hours / 24),
            "charging_h": (charge > _RUNS * pump[:, None]).sum(axis=1) * step_h,
            "discharging_h": (discharge > _RUNS * turbine[:, None]).sum(axis=1) * step_h,
            "charge_utilisation_h": pump_h,
            "discharge_utilisation_h": turbine_h,
            "use_pu": (np.nan_to_num(pump_h) + np.nan_to_num(turbine_h)) / hours,
        }
    )


TABLE = Table(
    name="storage",
    columns=(
        *("store", "name_zh", "kind", "city", "discharge_mw", "charge_mw", "size_capacity_mwh", "charged_mwh"),
        *("discharged_mwh", "efficiency_pu", "cycles", "cycles_per_day", "charging_h", "discharging_h"),
        *("charge_utilisation_h", "discharge_utilisation_h", "use_pu"),
    ),
    compute=storage,
)
