"""Profiles of the demand side that can shift, and the bands of the reservoirs.

Vehicles use energy when they drive and charge when they are plugged in; both are day shapes of
``<name>_use_shapes.csv``. Electric heating uses what the day and the hour ask for, whenever its store was charged.
Reservoirs stay below their flood limit in the flood season: ``<name>_reservoir_bands.csv``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gridopt.profiles.tables import read_table

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from gridopt.profiles.calendar import Days

# Days of a leap year, counted from 0: the pool is drawn down in the second half of May, held at the flood limit
# from 1 June to 15 September and filled again by the end of September.
DRAWDOWN, LIMIT_FROM, LIMIT_TO, REFILLED = 136, 152, 258, 273


def vehicles(folder: Path, name: str, days: Days) -> dict[str, NDArray[np.float64]]:
    """Use (mean 1) and share plugged in of electric vehicles, each (hours,): working days and days off differ."""
    table = read_table(folder / f"{name}_use_shapes.csv").set_index(["shape", "hour"])["value"]
    resting = (days.at_rest | (days.weekday >= 5)).astype(int)

    def repeated(shape: str) -> NDArray[np.float64]:
        pair = np.stack([table[f"{shape}_{kind}"].to_numpy(dtype=np.float64) for kind in ("working_day", "day_off")])
        values: NDArray[np.float64] = pair[resting].ravel()
        return values

    use = repeated("use_ev")
    return {"use_ev": use / use.mean(), "plugged_ev": repeated("plugged_ev")}


def heating_use(heat: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Use of electric heating (mean 1), (hours,): the mean heat demand of the cities."""
    mean = np.mean(heat, axis=0)
    use: NDArray[np.float64] = mean / mean.mean()
    return use


def reservoir_bands(folder: Path, name: str, days: Days) -> dict[str, NDArray[np.float64]]:
    """Highest level of each reservoir with a flood limit [pu of the useful volume], (hours,)."""
    table = read_table(folder / f"{name}_reservoir_bands.csv")
    turns = (0, DRAWDOWN, LIMIT_FROM, LIMIT_TO, REFILLED, 366)
    return {
        f"level_{row.reservoir}": np.repeat(np.interp(days.slot, turns, (1.0, 1.0, limit, limit, 1.0, 1.0)), 24)
        for row, limit in zip(table.itertuples(), table["flood_level_pu"].astype(float), strict=True)
    }
