"""Wind and solar availability by county for a weather year.

The base holds one hourly year (weather of 2020) by county. Every other year is made from it:

- *typical* and the pseudo-years 2018 ... 2022: each month is raised or lowered with
  :func:`gridopt.profiles.scaling.raised` to the mean of that month in the statistics (wind: the capacity factor
  itself; solar: the clearness below the clear sky, so that a sunny month never beats the clear sky);
- *synthetic-k*: blocks of days drawn from +-20 days around the target day, with the month levels of pseudo-years
  drawn by month; wind, solar, heat and load residual of a day stay together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gridopt.profiles.calendar import SLOTS, Days, month_of_slots
from gridopt.profiles.scaling import raised

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

# Clearness above this only occurs in the low sun of single hours; a resampled hour must not inherit it.
_HIGHEST_RESAMPLED_CLEARNESS = 1.0


@dataclass(frozen=True)
class Chosen:
    """What a weather year means for each slot.

    Attributes
    ----------
    name : str
        As asked for.
    water_year : str
        Year that gives the level of hydro power.
    synthetic : bool
        Whether the days are resampled.
    source_slot : NDArray
        Slot whose hours are used, shape (366,).
    level : NDArray
        Index along ``weather`` whose month means are used, shape (366,).
    """

    name: str
    water_year: str
    synthetic: bool
    source_slot: NDArray[np.int64]
    level: NDArray[np.int64]


def names(base: xr.Dataset) -> tuple[str, ...]:
    """Weather years that the base can give."""
    return (*(str(name) for name in base["weather"].to_numpy()), *(str(n) for n in base["synthetic"].to_numpy()))


def choose(base: xr.Dataset, name: str) -> Chosen:
    """Source day and month level of each slot for the weather year ``name``."""
    stored = [str(each) for each in base["weather"].to_numpy()]
    if name in stored:
        level = np.full(SLOTS, stored.index(name))
        return Chosen(name, name, False, np.arange(SLOTS), level)
    drawn = base.sel(synthetic=name)
    return Chosen(
        name,
        str(drawn["synthetic_water"].item()),
        True,
        drawn["synthetic_source"].to_numpy().astype(np.int64),
        drawn["synthetic_level"].to_numpy().astype(np.int64),
    )


def _exponents(base: xr.Dataset, variable: str, chosen: Chosen, days: Days) -> NDArray[np.float64]:
    """Exponent of each day: the level's year, the month of the source day; shape (days, 1)."""
    month = month_of_slots()[chosen.source_slot[days.slot]] - 1
    table: NDArray[np.float64] = base[variable].to_numpy()
    return table[chosen.level[days.slot], month][:, None]


def wind(base: xr.Dataset, days: Days, chosen: Chosen) -> NDArray[np.float64]:
    """Availability by county, shape (counties, hours) [pu]."""
    stored = base["wind_capacity_factor"].to_numpy()
    hours = stored.reshape(stored.shape[0], SLOTS, 24)[:, chosen.source_slot[days.slot], :]
    scaled = raised(hours, _exponents(base, "wind_exponent", chosen, days))
    return scaled.reshape(stored.shape[0], -1)


def solar(base: xr.Dataset, days: Days, chosen: Chosen) -> NDArray[np.float64]:
    """Availability by county, shape (counties, hours) [pu]: clear sky of the day times shared clearness."""
    clear = base["solar_clear_sky"].to_numpy().reshape(base.sizes["county"], SLOTS, 24).astype(np.float64)
    clearness = solar_clearness(base).reshape(SLOTS, 24)
    used = clearness[chosen.source_slot[days.slot]]
    if chosen.synthetic:
        used = np.minimum(used, _HIGHEST_RESAMPLED_CLEARNESS)
    scaled = raised(used, _exponents(base, "solar_exponent", chosen, days))
    availability = np.minimum(clear[:, days.slot, :] * scaled, 1.0)
    result: NDArray[np.float64] = availability.reshape(clear.shape[0], -1)
    return result


def solar_clearness(base: xr.Dataset) -> NDArray[np.float64]:
    """Provincial series over the capacity-weighted clear sky, 0 at night; shape (8784,) [-]."""
    clear = base["solar_clear_sky"].to_numpy().astype(np.float64)
    mean = base["solar_weight"].to_numpy() @ clear
    province = base["solar_province"].to_numpy()
    ratio: NDArray[np.float64] = np.divide(province, mean, out=np.zeros_like(mean), where=mean > 0)
    return ratio
