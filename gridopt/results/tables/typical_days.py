"""典型日: the hours of the days that a planner looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gridopt.results.tables.power_balance import available_by_kind_mw
from gridopt.results.tables.table import Table
from gridopt.results.tables.words import KINDS, STORES

if TYPE_CHECKING:
    from gridopt.results.tables.solved import Array, Hours, Solved


def typical_days(solved: Solved) -> pd.DataFrame:
    """One row for each step of each typical day; none where the run has no whole day."""
    series = _series_mw(solved)
    frames = []
    for kind, day in chosen_days(solved).items():
        at = solved.whole_days[day]
        frame = pd.DataFrame({key: power[at] for key, power in series.items()})
        frame.insert(0, "day_kind", kind)
        frame.insert(1, "date", f"{day:%Y-%m-%d}")
        # 1 is the hour that ends at 01:00, 24 the one that ends at midnight
        frame.insert(2, "hour", np.arange(1, len(at) + 1) * solved.step_h)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def chosen_days(solved: Solved) -> dict[str, pd.Timestamp]:
    """Day of each kind, the first of several; the Spring Festival only where the run covers it."""
    days = solved.whole_days
    if not days:
        return {}
    load = solved.load_mw
    weather = {kind: available_by_kind_mw(solved, kind) for kind in ("wind", "solar")}
    used = solved.output_by_kind_mw["wind"] + solved.output_by_kind_mw["solar"]
    net_load = load - weather["wind"] - weather["solar"]
    # the change into a step; the first step of the run has none
    ramp = np.abs(np.diff(net_load, prepend=net_load[:1]))

    def share(at: Hours) -> float:
        consumed = float(solved.consumption_mw[at].sum())
        return float(used[at].sum()) / consumed if consumed > 0 else 0.0

    chosen = {
        "largest_load": max(days, key=lambda day: load[days[day]].max()),
        "smallest_load": min(days, key=lambda day: load[days[day]].min()),
        "largest_renewable_share": max(days, key=lambda day: share(days[day])),
        "steepest_ramp": max(days, key=lambda day: ramp[days[day]].max()),
    }
    festivals = _spring_festivals(days)
    return chosen | ({"spring_festival": festivals[0]} if festivals else {})


def _spring_festivals(days: dict[pd.Timestamp, Hours]) -> list[pd.Timestamp]:
    from gridopt.profiles.calendar import FIRST_YEAR, LAST_YEAR, spring_festival

    years = {day.year for day in days if FIRST_YEAR <= day.year <= LAST_YEAR}
    return [day for year in sorted(years) if (day := pd.Timestamp(spring_festival(year))) in days]


def _series_mw(solved: Solved) -> dict[str, Array]:
    """Series of the table, (time,) each [MW]; generation, stores and response carry load, losses and export."""
    series = {
        "load_mw": solved.consumption_mw - solved.following_mw,
        "hydrogen_mw": solved.following_mw,
        **{f"{kind}_mw": power for kind, power in solved.output_by_kind_mw.items()},
    }
    for kind in STORES:
        given, taken = (solved.of_stores(f"storage_{way}_mw", kind) for way in ("discharge", "charge"))
        series[f"{kind}_mw"] = given - taken
    demand = solved.values("demand_mw")
    price = solved.values("bus_price_cny_per_mwh")
    total = np.maximum(demand, 0.0).sum(axis=0)
    weighted = (np.maximum(demand, 0.0) * price).sum(axis=0) if len(price) else np.zeros(len(total))
    return series | {
        "export_mw": solved.total("tie_export_mw"),
        "down_mw": solved.total("response_mw"),
        "losses_mw": solved.total("losses_mw"),
        "behind_meter_mw": solved.behind_meter_mw,
        "unserved_mw": solved.total("unserved_mw"),
        "curtailed_mw": solved.total("renewable_curtailment_mw"),
        "power_price_cny_per_mwh": np.divide(weighted, total, out=np.full(len(total), np.nan), where=total > 0),
    }


_SOURCES = tuple(f"{kind}_mw" for kind in (*KINDS, *STORES))
TABLE = Table(
    name="typical_days",
    columns=(
        *("day_kind", "date", "hour", "load_mw", "hydrogen_mw", *(f"{kind}_mw" for kind in KINDS)),
        *(*(f"{kind}_mw" for kind in STORES), "export_mw", "down_mw", "losses_mw", "behind_meter_mw"),
        *("unserved_mw", "curtailed_mw"),
        "power_price_cny_per_mwh",
    ),
    compute=typical_days,
    parts=frozenset(_SOURCES),
)
