"""The CSV tables of a shipped network: which there must be, reading them, picking the rows of a year."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from gridopt.errors import Fault, InputError

Tables = dict[str, pd.DataFrame]

YEARS = range(2018, 2036)
TABLES = (
    "nodes", "substations", "lines_500kv", "lines_220kv", "transformers", "line_types", "transformer_types",
    "shunts", "thermal", "thermal_other", "biomass", "hydro", "reservoirs", "hydro_years", "wind", "solar",
    "pumped_storage", "batteries", "demand", "loads", "ties", "tie_years", "interfaces", "heat_zones",
    "heat_sources", "regulation_bands", "start_costs", "flexible_loads", "prosumers", "reserve_products",
    "demand_response", "pilots",
)  # fmt: skip
# Columns of text: an empty cell is the empty word.
TEXT = [
    *("city", "name_zh", "reservoir", "profile", "target", "reason", "base", "behind", "feeds", "plugged_profile"),
    *("pv_profile", "upstream", "band_low_profile", "band_high_profile"),
]


def in_force(table: pd.DataFrame, year: int) -> pd.DataFrame:
    """Rows of a table that are in service in a year (``commission_year <= year < retire_year``)."""
    running = table["commission_year"].fillna(-1) <= year
    if "retire_year" in table:
        running &= ~(table["retire_year"] <= year)
    return table[running].reset_index(drop=True)


def read_tables(name: str, year: int, folder: Path) -> Tables:
    """Read every table of a network; faults of name, year and folder are reported at once."""
    faults = []
    if year not in YEARS:
        faults.append(Fault(table=name, column="year", message=f"{year} is not within {YEARS[0]} to {YEARS[-1]}"))
    if not folder.is_dir():
        faults.append(Fault(str(folder), message=f"there is no network named {name!r}"))
    else:
        missing = [table for table in TABLES if not (folder / f"{table}.csv").is_file()]
        faults += [Fault(str(folder / f"{table}.csv"), message="table is missing") for table in missing]
    if faults:
        raise InputError(faults)
    frames = {table: pd.read_csv(folder / f"{table}.csv") for table in TABLES}
    for frame in frames.values():
        for column in frame.columns.intersection(TEXT):
            frame[column] = frame[column].astype(object).where(frame[column].notna(), "")
    return frames
