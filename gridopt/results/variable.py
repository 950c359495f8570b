"""A variable of ``results.nc``: clean values with their unit and their meaning."""

from __future__ import annotations

import numpy as np
import xarray as xr

from gridopt.model.component import Array

# Values smaller than this are rounding of the solver [MW, MWh, units, CNY, CNY/MWh].
_NOISE = 1e-9


def variable(dims: tuple[str, ...], values: Array, units: str, long_name: str) -> xr.Variable:
    """Values under their dimensions, rounding of the solver taken off."""
    clean = np.where(np.abs(values) < _NOISE, 0.0, values)
    return xr.Variable(dims, clean, {"units": units, "long_name": long_name})
