"""Tables of a planning report: pure functions of a case and its result, in MW, MWh and hours.

>>> import gridopt
>>> result = gridopt.solve(gridopt.load_case("tiny"))
>>> balance = result.tables["energy_balance"]
>>> bool(abs(balance.set_index("month").at["total", "wind_mwh"] - result.summary["wind_mwh"]) < 1e-6)
True
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gridopt.results.tables import (
    energy_balance,
    interfaces,
    plants,
    power_balance,
    regulation_balance,
    renewable_use,
    storage,
    typical_days,
)
from gridopt.results.tables.solved import Solved
from gridopt.results.tables.table import Table

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    import xarray as xr

    from gridopt.case import Case

#: All tables in the order of a report.
TABLES: tuple[Table, ...] = (
    power_balance.TABLE,
    energy_balance.TABLE,
    regulation_balance.TABLE,
    renewable_use.TABLE,
    renewable_use.BY_CITY,
    plants.TABLE,
    interfaces.TABLE,
    storage.TABLE,
    typical_days.TABLE,
)


def build_tables(case: Case, dataset: xr.Dataset) -> dict[str, pd.DataFrame]:
    """All tables of a result by name, in the order of a report; without rows where the case has none of it.

    Parameters
    ----------
    case
        What was solved.
    dataset
        Its ``results.nc``.
    """
    solved = Solved(case, dataset)
    return {table.name: table.rows(solved) for table in TABLES}


def write_csv(tables: dict[str, pd.DataFrame], folder: Path) -> None:
    """Write each table as ``NAME.csv``: English keys, units of the API, UTF-8 with the mark that Excel needs."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        frame.to_csv(
            folder / f"{name}.csv", index=False, encoding="utf-8-sig", lineterminator="\n", float_format="%.10g"
        )
