"""Profiles of the demand side that can shift, and the bands of the reservoirs.

Vehicles use energy when they drive and charge when they are plugged in; both are day shapes of
``<name>_use_shapes.csv``. Electric heating uses what the day and the hour ask for, whenever its store was charged.
Reservoirs stay where they usually stood in a month (``<name>_reservoir_levels.csv``) and below their flood limit in
the flood season (``<name>_reservoir_bands.csv``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gridopt.profiles.calendar import SLOTS, month_of_slots
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
    """Lowest and highest level of each reservoir with a band [pu of the useful volume], (hours,).

    A recorded level holds in the middle of its month; between two months the level is linear, also over the turn of the
    year.  The flood limit cuts the highest level.
    """
    limits = read_table(folder / f"{name}_reservoir_bands.csv").set_index("reservoir")["flood_level_pu"].astype(float)
    table = read_table(folder / f"{name}_reservoir_levels.csv").sort_values("month")
    turns = (0, DRAWDOWN, LIMIT_FROM, LIMIT_TO, REFILLED, SLOTS)
    middle = [np.flatnonzero(month_of_slots() == month).mean() for month in range(1, 13)]
    bands: dict[str, NDArray[np.float64]] = {}
    for reservoir, flood in limits.items():
        own = table[table["reservoir"] == reservoir]
        low, high = (np.interp(days.slot, middle, own[column], period=SLOTS) for column in ("low_pu", "high_pu"))
        limit = np.interp(days.slot, turns, (1.0, 1.0, flood, flood, 1.0, 1.0))
        bands[f"level_low_{reservoir}"] = np.repeat(np.minimum(low, limit), 24)
        bands[f"level_{reservoir}"] = np.repeat(np.minimum(high, limit), 24)
    return bands
