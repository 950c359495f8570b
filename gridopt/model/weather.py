"""What wind, sun and other sites that follow a profile offer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gridopt.model.claims import renewables
from gridopt.model.component import Array, profile_rows

if TYPE_CHECKING:
    import pandas as pd

    from gridopt.case import Case


def site_tables(case: Case) -> dict[str, pd.DataFrame]:
    """Rows of ``sgen`` and ``gen`` that follow the weather, by table; tables without any are left out."""
    tables = {element: case.net[element].loc[renewables(case, element)] for element in ("sgen", "gen")}
    return {element: table for element, table in tables.items() if len(table)}


def installed_mw(table: pd.DataFrame) -> Array:
    """Installed capacity of rows of ``sgen`` or ``gen``, their present power where there is no limit, (row,) [MW]."""
    return np.asarray((table["max_p_mw"].fillna(table["p_mw"]) * table["scaling"].fillna(1.0)).to_numpy(float))


def available_mw(case: Case, table: pd.DataFrame) -> Array:
    """Power that the weather allows the rows of a table to give, (row, time) [MW]."""
    available: Array = installed_mw(table)[:, None] * profile_rows(case, table["profile"].tolist())
    return available


def offered_mw(case: Case, technologies: tuple[str, ...] | None = None) -> Array:
    """The same summed over all sites, or those of some technologies, (time,) [MW]."""
    total = np.zeros(len(case.time))
    for table in site_tables(case).values():
        chosen = table if technologies is None else table.loc[table["technology"].isin(technologies)]
        total += available_mw(case, chosen).sum(axis=0)
    return total
