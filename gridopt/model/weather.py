"""What wind, sun and other sites that follow a profile offer, as sums over the province."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gridopt.model.claims import renewables
from gridopt.model.component import Array, profile_rows

if TYPE_CHECKING:
    import pandas as pd

    from gridopt.case import Case


def installed_mw(table: pd.DataFrame) -> Array:
    """Installed capacity of rows of ``sgen`` or ``gen``, their present power where there is no limit, (row,) [MW]."""
    return np.asarray((table["max_p_mw"].fillna(table["p_mw"]) * table["scaling"].fillna(1.0)).to_numpy(float))


def offered_mw(case: Case, technologies: tuple[str, ...] | None = None) -> Array:
    """Power that the weather allows all sites, or those of some technologies, to give, (time,) [MW]."""
    total = np.zeros(len(case.time))
    for element in ("sgen", "gen"):
        table = case.net[element].loc[renewables(case, element)]
        if technologies is not None:
            table = table.loc[table["technology"].isin(technologies)]
        if len(table):
            total += installed_mw(table) @ profile_rows(case, table["profile"].tolist())
    return total
