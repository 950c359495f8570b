"""电量平衡: where the energy of each month comes from and where it goes, and utilisation hours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gridopt.results.tables.table import Table
from gridopt.results.tables.words import KINDS, STORES, THERMAL

if TYPE_CHECKING:
    from gridopt.results.tables.solved import Array, Hours, Solved


def energy_balance(solved: Solved) -> pd.DataFrame:
    """One row for each month and one for all of them.

    Generation, what stores and neighbours give, response and unserved energy together are consumption, what stores
    and neighbours take, losses of the grid where the consumption is net of them, and excess: to the rounding of the
    solver.
    """
    series = _series_mw(solved)
    return pd.DataFrame([_span(solved, series, month, at) for month, at in solved.spans()])


def _series_mw(solved: Solved) -> dict[str, Array]:
    """Power behind each energy, (time,) [MW]."""
    export = solved.values("tie_export_mw")
    series = {
        "demand_mwh": solved.consumption_mw,
        "following_mwh": solved.following_mw,
        **{f"{kind}_mwh": power for kind, power in solved.output_by_kind_mw.items()},
        "import_mwh": np.maximum(-export, 0.0).sum(axis=0),
        "export_mwh": np.maximum(export, 0.0).sum(axis=0),
        "response_mwh": solved.total("response_mw"),
        "unserved_mwh": solved.total("unserved_mw"),
        "excess_mwh": solved.total("excess_mw"),
        "losses_mwh": solved.total("losses_mw"),
        "behind_meter_mwh": solved.behind_meter_mw,
    }
    for way in ("discharge", "charge"):
        for kind in STORES:
            series[f"{kind}_{way}_mwh"] = solved.of_stores(f"storage_{way}_mw", kind)
    return series


def _span(solved: Solved, series: dict[str, Array], month: str, at: Hours) -> dict[str, object]:
    energy = {key: solved.energy_mwh(power, at) for key, power in series.items()}
    energy["thermal_mwh"] = sum(energy[f"{kind}_mwh"] for kind in THERMAL)
    energy["generation_mwh"] = sum(energy[f"{kind}_mwh"] for kind in KINDS)
    energy["net_export_mwh"] = energy["export_mwh"] - energy["import_mwh"]
    installed = {kind: solved.installed_mw(kind) for kind in KINDS}
    installed["thermal"] = sum(installed[kind] for kind in THERMAL)
    hours = {f"{kind}_utilisation_h": _ratio(energy[f"{kind}_mwh"], size) for kind, size in installed.items()}
    for kind in ("phs", "battery"):
        hours[f"{kind}_utilisation_h"] = _ratio(energy[f"{kind}_discharge_mwh"], solved.store_mw(kind))
    return {"month": month, **energy, **hours}


def _ratio(energy_mwh: float, size_mw: float) -> float:
    return energy_mwh / size_mw if size_mw else np.nan


_GENERATION = ("thermal_mwh", *(f"{kind}_mwh" for kind in KINDS))
_STORES = tuple(f"{kind}_{way}_mwh" for kind in STORES for way in ("discharge", "charge"))
_REST = ("response_mwh", "unserved_mwh", "excess_mwh", "losses_mwh", "behind_meter_mwh")
_HOURS = (*(f"{kind}_utilisation_h" for kind in KINDS if kind != "other"), "phs_utilisation_h", "battery_utilisation_h")
TABLE = Table(
    name="energy_balance",
    columns=(
        *("month", "demand_mwh", "following_mwh", "generation_mwh", *_GENERATION, *_STORES),
        *("net_export_mwh", "export_mwh", "import_mwh", *_REST, "thermal_utilisation_h", *_HOURS),
    ),
    compute=energy_balance,
    parts=frozenset((*_GENERATION, *_STORES, *_REST, *_HOURS, "following_mwh", "export_mwh", "import_mwh")),
    across=True,
)
