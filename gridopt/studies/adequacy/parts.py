"""A case without one of its parts after the other, so that what each is worth can be told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gridopt.levers.lever import with_tables

if TYPE_CHECKING:
    import pandas as pd
    from pandapower import pandapowerNet

    from gridopt.case import Case

#: The case with all of its parts.
EVERYTHING = "everything"


@dataclass(frozen=True)
class Part:
    """A part of a system.

    Attributes
    ----------
    name : str
    table : str
        Its table.
    technologies : tuple of str
        Its rows; empty: all of the table.
    """

    name: str
    table: str
    technologies: tuple[str, ...] = ()


PARTS = (
    Part("coal", "gen", ("coal", "coal_chp")),
    Part("gas", "gen", ("gas",)),
    Part("nuclear", "gen", ("nuclear",)),
    Part("biomass", "gen", ("biomass",)),
    Part("hydro", "gen", ("hydro_reservoir", "hydro_ror")),
    Part("wind", "sgen", ("wind",)),
    Part("solar", "sgen", ("solar", "solar_distributed")),
    Part("pumped storage", "storage", ("phs",)),
    Part("batteries", "storage", ("battery",)),
    Part("demand response", "demand_response"),
    Part("contract import", "tie"),
)


def without_each(case: Case) -> tuple[dict[str, Case], dict[str, float]]:
    """The case, and the case without each part that it has; and the size of each part [MW]."""
    cases, size = {EVERYTHING: case}, {}
    for part in PARTS:
        rows = _rows(case.net, part)
        if rows.any() and (power := _size_mw(case, part, rows)) > 0:
            cases[f"without {part.name}"] = replace(case, net=_without(case.net, part, rows))
            size[f"without {part.name}"] = power
    return cases, size


def _rows(net: pandapowerNet, part: Part) -> pd.Series[bool]:
    table: pd.DataFrame = net[part.table]
    if part.table == "tie":
        return table["in_service"].astype(bool) & (table["p_mw"] < 0)
    if part.table == "demand_response":
        return table["kind"] != "valley_filling"
    return table["in_service"].astype(bool) & table["technology"].isin(part.technologies)


def _without(net: pandapowerNet, part: Part, rows: pd.Series[bool]) -> pandapowerNet:
    table = net[part.table]
    if part.table == "demand_response":
        return with_tables(net, demand_response=table.loc[~rows])
    return with_tables(net, **{part.table: table.assign(in_service=table["in_service"].astype(bool) & ~rows)})


def _size_mw(case: Case, part: Part, rows: pd.Series[bool]) -> float:
    """Installed capacity, most response, or mean contract of the rows [MW]."""
    from gridopt.model.response_data import programs, sizes_mw

    table = case.net[part.table]
    if part.table == "demand_response":
        able = programs(case)
        mine = rows.loc[able.index].to_numpy(bool)
        return float(sizes_mw(case, able)[mine].sum()) if len(able) else 0.0
    power = {"storage": "min_p_mw", "tie": "p_mw"}.get(part.table, "max_p_mw")
    return float(np.abs(table.loc[rows, power].astype(float)).sum())
