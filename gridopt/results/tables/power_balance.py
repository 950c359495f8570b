"""电力平衡: whether the capacity of each month carries its maximum load with reserves.

The balance is a test of the capacity that plans rest on, at the hour of the month's largest load, and not what the
dispatch of that hour happens to do.  Load is that of all consumers at their usual hours; electrolysers and ammonia
loops follow the grid and are no load to build for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gridopt.results.tables.table import Table
from gridopt.results.tables.thermal import ThermalState, thermal_state
from gridopt.results.tables.words import KINDS, STORES

if TYPE_CHECKING:
    from gridopt.results.tables.solved import Array, Hours, Solved

# Planning reserves as shares of the maximum load.  DL/T 5429 gives 2 to 5 % for load, 8 to 10 % for outages (at least
# the largest unit), and a share for maintenance only where no overhauls are laid (recalled).
LOAD_RESERVE, OUTAGE_RESERVE, MAINTENANCE_RESERVE = 0.03, 0.08, 0.08
# A peak lasts so long: stores and reservoirs count with what they can hold over it [h] (assumed).
PEAK_H = 4.0
# Wind and solar count with what they give in 95 of 100 such hours of the month.
GUARANTEED = 0.95
_NEIGHBOURS_H = 1.0


def power_balance(solved: Solved) -> pd.DataFrame:
    """One row for each month, at the hour of its largest load."""
    thermal, water = thermal_state(solved), usable_water_mw(solved)
    return pd.DataFrame([_month(solved, thermal, water, month, at) for month, at in solved.months.items()])


def _month(solved: Solved, thermal: ThermalState, water: Array, month: str, at: Hours) -> dict[str, object]:
    peak = int(at[np.argmax(solved.load_mw[at])])
    load = float(solved.load_mw[peak])
    contract = solved.contract_mw[:, peak]
    row: dict[str, object] = {
        "month": month,
        "time": f"{solved.time[peak]:%Y-%m-%d %H:%M}",
        "max_load_mw": load,
        "following_mw": float(solved.following_mw[peak]),
        "largest_consumption_mw": float(solved.consumption_mw[at].max()),
    }
    need = {
        "losses_mw": float(solved.total("losses_mw")[peak]),
        "load_reserve_mw": LOAD_RESERVE * load,
        "outage_reserve_mw": max(OUTAGE_RESERVE * load, _largest_unit_mw(thermal)),
        "maintenance_reserve_mw": MAINTENANCE_RESERVE * load if _no_overhauls(solved) else 0.0,
        "contract_export_mw": float(np.maximum(contract, 0.0).sum()),
    }
    installed = {f"{kind}_installed_mw": solved.installed_mw(kind) for kind in KINDS}
    stores = {f"{kind}_installed_mw": solved.store_mw(kind) for kind in STORES}
    less = {
        "out_of_service_mw": float(thermal.out_mw[:, peak].sum()),
        "heat_derating_mw": float(_heat_derating_mw(thermal)[:, peak].sum()),
        "water_derating_mw": installed["hydro_installed_mw"] - float(water[peak]),
    }
    more = {
        "wind_credit_mw": guaranteed_mw(solved, "wind", at, peak),
        "solar_credit_mw": guaranteed_mw(solved, "solar", at, peak),
        "phs_credit_mw": store_credit_mw(solved, "phs"),
        "battery_credit_mw": store_credit_mw(solved, "battery"),
        "contract_import_mw": float(np.maximum(-contract, 0.0).sum()),
        "response_mw": float(solved.total("response_capability_mw")[peak]),
    }
    firm = sum(installed.values()) - installed["wind_installed_mw"] - installed["solar_installed_mw"]
    required, available = load + sum(need.values()), firm - sum(less.values()) + sum(more.values())
    row |= need | {"required_mw": required}
    row |= {"installed_mw": sum(installed.values()) + sum(stores.values()), **installed, **stores}
    row |= less | more | {"available_mw": available, "surplus_mw": available - required}
    return row | {"surplus_pu": (available - required) / load if load else np.nan}


def _no_overhauls(solved: Solved) -> bool:
    """Whether the case lays no overhauls: nothing is deducted for them then, and a share of the load is held."""
    return solved.case.settings.policy.maintenance == "none"


def _largest_unit_mw(thermal: ThermalState) -> float:
    """Largest thermal unit [MW]."""
    sizes = thermal.rows["installed_mw"] / thermal.rows["units"]
    return float(sizes.max()) if len(sizes) else 0.0


def _heat_derating_mw(thermal: ThermalState) -> Array:
    """Capacity lost to heat, no more than what is not out of service, (plant, time) [MW]."""
    installed = thermal.rows["installed_mw"].to_numpy(dtype=float)[:, None]
    return np.minimum(thermal.heat_cut_mw, installed - thermal.out_mw)


def usable_water_mw(solved: Solved) -> Array:
    """What hydro can hold over a peak with its inflow and the water above the lowest level, (time,) [MW]."""
    hydro = solved.fleet[solved.fleet["variable"] == "hydro_p_mw"]
    if hydro.empty:
        return np.zeros(len(solved.time))
    size = hydro["installed_mw"].to_numpy(dtype=float)[:, None]
    stored = np.maximum(solved.values("hydro_energy_mwh") - _lowest_mwh(solved, hydro)[:, None], 0.0)
    able = solved.values("hydro_inflow_mw") + stored / PEAK_H
    return np.asarray(np.minimum(size, able).sum(axis=0))


def _lowest_mwh(solved: Solved, hydro: pd.DataFrame) -> Array:
    """Energy below which a reservoir may not fall, (plant,) [MWh]."""
    net = solved.case.net
    lakes = net.reservoir.set_index("name") if len(net.reservoir) else net.reservoir
    lowest = np.zeros(len(hydro))
    for i, index in enumerate(hydro["index"].astype(int)):
        name = str(net.gen.at[index, "reservoir"])
        if name in lakes.index:
            lake = lakes.loc[name]
            # 1 million m3 through the turbines at 1 m3/s lasts 1e6 / 3600 h
            in_volume = float(lake["min_v_mm3"]) * float(lake["mw_per_m3_per_s"]) / 0.0036
            in_energy = float(lake["min_e_mwh"])
            lowest[i] = np.nan_to_num(in_volume if np.isfinite(lake["mw_per_m3_per_s"]) else in_energy)
    return lowest


def available_by_kind_mw(solved: Solved, kind: str) -> Array:
    """What the weather allows wind or solar power to give, behind meters too, (time,) [MW]."""
    fleet = solved.fleet
    mine = fleet[(fleet["dimension"] == "renewable") & (fleet["kind"] == kind)]
    offered = solved.values("renewable_available_mw")[mine["position"].to_numpy(dtype=np.int64)].sum(axis=0)
    return np.asarray(offered + (solved.total("prosumer_pv_available_mw") if kind == "solar" else 0.0))


def guaranteed_mw(solved: Solved, kind: str, at: Hours, peak: int) -> float:
    """What wind or solar gives with 95 % certainty at the clock hour of the peak and the hours beside it [MW]."""
    clock = (solved.begin.hour + solved.begin.minute / 60).to_numpy(dtype=float)
    apart = np.abs(clock[at] - clock[peak])
    near = at[np.minimum(apart, 24.0 - apart) <= _NEIGHBOURS_H + 1e-9]
    return float(np.quantile(available_by_kind_mw(solved, kind)[near], 1.0 - GUARANTEED))


def store_credit_mw(solved: Solved, kind: str) -> float:
    """Power that full stores of a kind can hold over a peak [MW]."""
    rows = solved.stores[solved.stores["kind"] == kind]
    lasting = rows["usable_mwh"] * rows["eta_discharge"] / PEAK_H
    return float(np.minimum(rows["discharge_mw"], lasting).sum())


_NEED = ("losses_mw", "load_reserve_mw", "outage_reserve_mw", "maintenance_reserve_mw", "contract_export_mw")
_INSTALLED = tuple(f"{kind}_installed_mw" for kind in (*KINDS, *STORES))
_MEANS = (
    *("out_of_service_mw", "heat_derating_mw", "water_derating_mw"),
    *("wind_credit_mw", "solar_credit_mw", "phs_credit_mw", "battery_credit_mw", "contract_import_mw", "response_mw"),
)
TABLE = Table(
    name="power_balance",
    columns=(
        *("month", "time", "largest_consumption_mw", "following_mw", "required_mw", "max_load_mw", *_NEED),
        *("installed_mw", *_INSTALLED, "available_mw", *_MEANS, "surplus_mw", "surplus_pu"),
    ),
    compute=power_balance,
    parts=frozenset((*_NEED, "max_load_mw", *_INSTALLED, *_MEANS)),
    across=True,
)
