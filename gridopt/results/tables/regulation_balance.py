"""调峰平衡: whether what is started follows the load from valley to peak, and what room wind and solar have.

For the day of the largest and the day of the smallest load of each month.  Load is that of power balance, without
electrolysers and ammonia loops: these stand among what can regulate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gridopt.hours import FOLLOWING
from gridopt.results.tables.power_balance import PEAK_H, available_by_kind_mw, store_credit_mw, usable_water_mw
from gridopt.results.tables.table import Table
from gridopt.results.tables.thermal import thermal_state

if TYPE_CHECKING:
    from gridopt.results.tables.solved import Array, Hours, Solved


@dataclass(frozen=True, eq=False)
class _Means:
    """What can regulate, and what must run, (time,) or single values [MW]."""

    contract: Array
    reserve: Array
    started: Array
    minimum: Array
    water: Array
    water_minimum: Array
    captive_minimum: float
    charge: dict[str, float]
    discharge: dict[str, float]
    following: tuple[float, float]
    wind_solar: Array
    curtailed: Array

    def room(self, load: Array) -> Array:
        """Room for wind and solar: what takes power at most, less what must run, (time,) [MW]."""
        takes = load + self.contract + sum(self.charge.values()) + self.following[1]
        return np.asarray(takes - self.minimum - self.water_minimum - self.captive_minimum)


def regulation_balance(solved: Solved) -> pd.DataFrame:
    """One row for the day of the largest and one for that of the smallest load of each month that has whole days."""
    means = _means(solved)
    rows = []
    for month in solved.months:
        days = {day: at for day, at in solved.whole_days.items() if f"{day:%Y-%m}" == month}
        if not days:
            continue
        largest = max(days, key=lambda day: solved.load_mw[days[day]].max())
        smallest = min(days, key=lambda day: solved.load_mw[days[day]].min())
        for kind, day in (("largest_load", largest), ("smallest_load", smallest)):
            rows.append({"month": month, "day_kind": kind, "date": f"{day:%Y-%m-%d}", **_day(solved, means, days[day])})
    return pd.DataFrame(rows)


def _day(solved: Solved, means: _Means, at: Hours) -> dict[str, object]:
    load = solved.load_mw
    peak, valley = int(at[np.argmax(load[at])]), int(at[np.argmin(load[at])])
    difference = float(load[peak] - load[valley])
    need = {
        "difference_mw": difference,
        "difference_pu": difference / float(load[peak]) if load[peak] else np.nan,
        "peak_export_mw": float(means.contract[peak]),
        "valley_export_mw": float(means.contract[valley]),
        "spinning_reserve_mw": float(means.reserve[peak]),
    }
    swing = difference + need["peak_export_mw"] - need["valley_export_mw"] + need["spinning_reserve_mw"]
    able = {
        "thermal_regulation_mw": float(means.started[peak] - means.minimum[valley]),
        "hydro_regulation_mw": float(means.water[peak] - means.water_minimum[valley]),
        **{f"{kind}_regulation_mw": means.charge[kind] + means.discharge[kind] for kind in ("phs", "battery")},
        "following_regulation_mw": means.following[1] - means.following[0],
    }
    room = means.room(load)
    tight = int(at[np.argmin((room - means.wind_solar)[at])])
    return {
        "peak_load_mw": float(load[peak]),
        "valley_load_mw": float(load[valley]),
        **need,
        "need_mw": swing,
        "started_mw": float(means.started[peak]),
        "minimum_mw": float(means.minimum[valley]),
        **able,
        "regulation_mw": sum(able.values()),
        "regulation_surplus_mw": sum(able.values()) - swing,
        "tight_time": f"{solved.time[tight]:%Y-%m-%d %H:%M}",
        "room_mw": float(room[tight]),
        "wind_solar_mw": float(means.wind_solar[tight]),
        "gap_mw": max(0.0, float(means.wind_solar[tight] - room[tight])),
        "curtailed_mw": float(means.curtailed[tight]),
    }


def _means(solved: Solved) -> _Means:
    thermal = thermal_state(solved)
    follows = np.isin(solved.flexible_kinds, FOLLOWING)
    flexible = solved.rows("flexible_load", "flexible_load")[follows]
    captive = solved.rows("prosumer", "prosumer")
    return _Means(
        contract=solved.contract_mw.sum(axis=0),
        reserve=_spinning_up_mw(solved),
        started=np.maximum(thermal.started_mw - thermal.heat_cut_mw, 0.0).sum(axis=0),
        minimum=thermal.minimum_mw.sum(axis=0),
        water=usable_water_mw(solved),
        water_minimum=_least_water_mw(solved),
        captive_minimum=float(captive["generation_min_mw"].fillna(0.0).sum()),
        charge={kind: _charge_mw(solved, kind) for kind in ("phs", "battery")},
        discharge={kind: store_credit_mw(solved, kind) for kind in ("phs", "battery")},
        following=(float(flexible["min_p_mw"].fillna(0.0).sum()), float(flexible["max_p_mw"].fillna(0.0).sum())),
        wind_solar=available_by_kind_mw(solved, "wind") + available_by_kind_mw(solved, "solar"),
        curtailed=solved.total("renewable_curtailment_mw"),
    )


def _charge_mw(solved: Solved, kind: str) -> float:
    """Power that empty stores of a kind can take over a valley, which lasts as long as a peak [MW]."""
    rows = solved.stores[solved.stores["kind"] == kind]
    lasting = rows["usable_mwh"] / PEAK_H / rows["eta_charge"]
    return float(np.minimum(rows["charge_mw"], lasting).sum())


def _spinning_up_mw(solved: Solved) -> Array:
    """Upward spinning reserve that the case asks for within a quarter of an hour, (time,) [MW]."""
    products = solved.rows("reserve_product", "reserve")
    mine = (products["kind"] == "spinning") & (products["direction"] == "up") & (products["response_min"] <= 15)
    return np.asarray(solved.values("reserve_requirement_mw")[mine.to_numpy(bool)].sum(axis=0))


def _least_water_mw(solved: Solved) -> Array:
    """Hydro that runs whatever the load: plants on rivers, least release of reservoirs, (time,) [MW]."""
    hydro = solved.fleet[solved.fleet["variable"] == "hydro_p_mw"]
    if hydro.empty:
        return np.zeros(len(solved.time))
    net = solved.case.net
    lakes = net.reservoir.set_index("name") if len(net.reservoir) else net.reservoir
    least = np.zeros((len(hydro), len(solved.time)))
    inflow = solved.values("hydro_inflow_mw")
    for i, (index, size) in enumerate(zip(hydro["index"].astype(int), hydro["installed_mw"], strict=True)):
        name = str(net.gen.at[index, "reservoir"])
        if name in lakes.index:
            lake = lakes.loc[name]
            power = float(lake["mw_per_m3_per_s"])
            release = lake["min_release_m3_per_s"] * power if np.isfinite(power) else lake["min_release_mw"]
            least[i] = min(float(np.nan_to_num(release)), float(size))
        else:
            least[i] = np.minimum(inflow[i], float(size))
    return np.asarray(least.sum(axis=0))


_NEED = ("difference_mw", "difference_pu", "peak_export_mw", "valley_export_mw", "spinning_reserve_mw")
_ABLE = (
    *("started_mw", "minimum_mw", "thermal_regulation_mw", "hydro_regulation_mw", "phs_regulation_mw"),
    *("battery_regulation_mw", "following_regulation_mw"),
)
_ROOM = ("wind_solar_mw", "tight_time")
TABLE = Table(
    name="regulation_balance",
    columns=(
        *("month", "day_kind", "date", "peak_load_mw", "valley_load_mw", "need_mw", *_NEED),
        *("regulation_mw", *_ABLE, "regulation_surplus_mw", "room_mw", *_ROOM, "gap_mw", "curtailed_mw"),
    ),
    compute=regulation_balance,
    parts=frozenset((*_NEED, *_ABLE, *_ROOM)),
    across=True,
)
