"""Small helpers shared by the scripts that turn the collected facts into the tables of this folder."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
JUDGEMENT = HERE / "judgement"
FIRST_YEAR, LAST_YEAR, PLAN_YEAR = 2018, 2035, 2030
YEARS = range(FIRST_YEAR, LAST_YEAR + 1)
GENERIC_ROUTE_FACTOR = 1.15  # line length over great circle, as in the facts


def judgement(name: str) -> pd.DataFrame:
    """One of the hand-made tables; every row has its reason."""
    return pd.read_csv(JUDGEMENT / f"{name}.csv")


def write(table: pd.DataFrame, name: str) -> None:
    """Write one table; every row must say where it comes from and how sure it is."""
    assert table["source"].notna().all(), name
    assert table["confidence"].isin(["cited", "derived", "recalled", "assumed"]).all(), name
    last = ["source", "confidence"]
    columns = [column for column in table.columns if column not in last] + last
    table[columns].to_csv(HERE / f"{name}.csv", index=False, lineterminator="\n", float_format="%.10g")


def between(points: dict[int, float], year: int) -> float:
    """Value of a year, linear between the points and constant outside."""
    years = sorted(points)
    return float(np.interp(year, years, [points[y] for y in years]))


def distance_km(a: pd.Series, b: pd.Series) -> float:
    """Great-circle distance of two rows with lat and lon [degrees]."""
    lat_a, lat_b = math.radians(a["lat"]), math.radians(b["lat"])
    half = math.sin((lat_b - lat_a) / 2) ** 2
    half += math.cos(lat_a) * math.cos(lat_b) * math.sin(math.radians(b["lon"] - a["lon"]) / 2) ** 2
    return 2 * 6371.0 * math.asin(math.sqrt(half))


def route_km(a: pd.Series, b: pd.Series) -> float:
    """Length of a line between two sites, at least 10 km."""
    return round(max(10.0, distance_km(a, b) * GENERIC_ROUTE_FACTOR), 1)
