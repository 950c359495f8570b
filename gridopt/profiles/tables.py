"""Statistics of single years that stand as CSV beside the base file: month shares of demand, growth of capacity."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray


@lru_cache(maxsize=8)
def read_table(path: Path) -> pd.DataFrame:
    """A table beside the base file, read once; do not change it."""
    import pandas as pd

    return pd.read_csv(path)


def month_shares(folder: Path, name: str, year: int) -> list[tuple[tuple[int, ...], float]]:
    """Shares of the year's demand by month (January and February may be one): [(months, share)], or [].

    Read from ``<name>_demand_shares.csv``. The shares are brought to the sum 1: the published months are
    rounded to 0.1 TWh.
    """
    table = read_table(folder / f"{name}_demand_shares.csv")
    rows = table[table["year"] == year]
    shares = rows["share_of_year"].to_numpy(dtype=np.float64)
    months = [tuple(int(month) for month in str(group).split("+")) for group in rows["months"]]
    return list(zip(months, (shares / shares.sum()).tolist(), strict=True))


def capacity_growth(
    folder: Path, name: str, year: int, technologies: tuple[str, ...]
) -> dict[str, NDArray[np.float64]]:
    """Capacity in the middle of each month over the capacity at the end of the year: name -> shape (12,).

    Read from ``<name>_capacity_by_year.csv`` (points at the end of a month). Linear between the cited points,
    constant before the first and after the last; 1 in years after the last cited point (planning years: the
    whole year runs with the capacity of its end).
    """
    table = read_table(folder / f"{name}_capacity_by_year.csv")
    when = table["year"].to_numpy() + table["month"].to_numpy() / 12.0
    middles = year + (np.arange(12) + 0.5) / 12.0
    growth: dict[str, NDArray[np.float64]] = {}
    for technology in technologies:
        own = (table["technology"] == technology).to_numpy()
        order = np.argsort(when[own])
        times, values = when[own][order], table["capacity_mw"].to_numpy()[own][order]
        capacity = np.interp(np.append(middles, year + 1.0), times, values)
        growth[technology] = capacity[:-1] / capacity[-1] if year < times[-1] else np.ones(12)
    return growth


def fleet_yield(folder: Path, name: str, year: int, technology: str) -> float:
    """What the fleet of a year gives over its full-load hours times capacity [pu]; 1 where nothing else is known.

    Read from ``<name>_fleet_yield.csv`` (years from first to last, both included).
    """
    table = read_table(folder / f"{name}_fleet_yield.csv")
    mine = (table["technology"] == technology) & (table["first_year"] <= year) & (year <= table["last_year"])
    return float(np.prod(table.loc[mine, "yield_pu"].to_numpy(dtype=np.float64)))
