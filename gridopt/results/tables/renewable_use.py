"""消纳: what of wind and solar is used, month by month in the province, and by city and month."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gridopt.results.summary import CAUSES
from gridopt.results.tables.table import Table

if TYPE_CHECKING:
    from gridopt.results.tables.solved import Array, Hours, Solved

KINDS = ("wind", "solar")
# Curtailment counts as such from this power on [MW].
_CURTAILED_MW = 1.0


def renewable_use(solved: Solved) -> pd.DataFrame:
    """One row for each month and one for all of them, wind and solar of the whole province."""
    sites = _sites(solved)
    own = solved.total("prosumer_pv_mw")
    series = {kind: _series(solved, sites[sites["kind"] == kind]) for kind in KINDS}
    used = series["wind"][1] + series["solar"][1] + own
    curtailed = series["wind"][0] + series["solar"][0] - used + own
    causes = _causes_mw(solved)
    rows = []
    for month, at in solved.spans():
        row: dict[str, object] = {"month": month, **_use(solved, series, at)}
        row |= {f"cause_{cause}_mwh": solved.energy_mwh(power, at) for cause, power in causes.items()}
        row["own_solar_mwh"] = solved.energy_mwh(own, at)
        row["curtailed_hours_h"] = float((curtailed[at] >= _CURTAILED_MW).sum() * solved.step_h)
        row["largest_curtailed_mw"] = float(max(curtailed[at].max(), 0.0))
        row["penetration_pu"] = _ratio(float(used[at].sum()), float(solved.consumption_mw[at].sum()))
        load = solved.consumption_mw[at]
        share = np.divide(used[at], load, out=np.zeros(len(at)), where=load > 0)
        row["largest_penetration_pu"] = float(share.max())
        rows.append(row)
    return pd.DataFrame(rows)


def renewable_use_by_city(solved: Solved) -> pd.DataFrame:
    """One row for each city and month, and for all months of a city; consumption stands beside."""
    sites, load = _sites(solved), _load_by_city(solved)
    rows: list[dict[str, object]] = []
    for city in sorted(set(sites["city"])):
        here = sites[sites["city"] == city]
        series = {kind: _series(solved, here[here["kind"] == kind]) for kind in KINDS}
        installed = {f"{k}_installed_mw": float(here.loc[here["kind"] == k, "installed_mw"].sum()) for k in KINDS}
        for month, at in solved.spans():
            row: dict[str, object] = {"city": city, "month": month, **installed, **_use(solved, series, at)}
            row["load_mwh"] = solved.energy_mwh(load.get(city, np.zeros(len(solved.time))), at)
            rows.append(row)
    return pd.DataFrame(rows)


def _causes_mw(solved: Solved) -> dict[str, Array]:
    """Curtailment by its cause, (time,) each [MW]; none where the result does not tell."""
    if "curtailment_cause_mw" not in solved.dataset:
        return {}
    by_cause = solved.values("curtailment_cause_mw").sum(axis=1)
    return dict(zip(solved.labels("cause"), by_cause, strict=True))


def _sites(solved: Solved) -> pd.DataFrame:
    """Wind and solar that the grid dispatches; solar behind meters is no part of it."""
    fleet = solved.fleet
    return fleet[(fleet["dimension"] == "renewable") & fleet["kind"].isin(KINDS)]


def _series(solved: Solved, sites: pd.DataFrame) -> tuple[Array, Array]:
    """Available and used power of some sites, (time,) each [MW]."""
    position = sites["position"].to_numpy(dtype=np.int64)
    available, used = (solved.values(f"renewable_{name}")[position] for name in ("available_mw", "p_mw"))
    return np.asarray(available.sum(axis=0)), np.asarray(used.sum(axis=0))


def _use(solved: Solved, series: dict[str, tuple[Array, Array]], at: Hours) -> dict[str, object]:
    """Energy available, used and curtailed with the rates, of each kind and of both."""
    row: dict[str, object] = {}
    whole = np.zeros(2)
    for kind in KINDS:
        energy = np.array([solved.energy_mwh(power, at) for power in series[kind]])
        whole += energy
        row |= _rates(kind, *energy)
    return row | _rates("both", *whole)


def _rates(kind: str, available: float, used: float) -> dict[str, object]:
    curtailed = available - used
    return {
        f"{kind}_available_mwh": available,
        f"{kind}_used_mwh": used,
        f"{kind}_curtailed_mwh": curtailed,
        f"{kind}_curtailment_pu": _ratio(curtailed, available),
        f"{kind}_utilisation_pu": _ratio(used, available),
    }


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else np.nan


def _load_by_city(solved: Solved) -> dict[str, Array]:
    """Consumption of each city before response, without the electric heat of heat zones, (time,) [MW]."""
    parts = (
        ("bus", "demand_mw", 1.0),
        ("flexible_load", "flexible_load_p_mw", 1.0),
        ("flexible_load", "flexible_load_discharge_mw", -1.0),
        ("prosumer", "prosumer_load_mw", 1.0),
        ("prosumer", "prosumer_shift_mw", 1.0),
        ("prosumer", "prosumer_shortfall_mw", -1.0),
    )
    load: dict[str, Array] = {}
    for dimension, variable, sign in parts:
        place = "bus" if dimension == "bus" else f"{dimension}_bus"
        values = solved.values(variable)
        for bus, power in zip(solved.labels(place) if len(values) else (), values, strict=True):
            city = solved.city_of_bus.get(bus, bus)
            load[city] = load.get(city, np.zeros(len(solved.time))) + sign * power
    return load


_USE = tuple(
    f"{kind}_{what}"
    for kind in ("both", *KINDS)
    for what in ("available_mwh", "used_mwh", "curtailed_mwh", "curtailment_pu", "utilisation_pu")
)
_CAUSES = tuple(f"cause_{cause}_mwh" for cause in CAUSES)
TABLE = Table(
    name="renewable_use",
    columns=(
        *("month", *_USE, *_CAUSES, "own_solar_mwh", "curtailed_hours_h", "largest_curtailed_mw"),
        *("penetration_pu", "largest_penetration_pu"),
    ),
    compute=renewable_use,
    parts=frozenset(_CAUSES),
    across=True,
)
BY_CITY = Table(
    name="renewable_use_by_city",
    columns=("city", "month", "wind_installed_mw", "solar_installed_mw", *_USE, "load_mwh"),
    compute=renewable_use_by_city,
)
