"""Read profiles that the user brings: netCDF as :func:`gridopt.profiles.build` returns it, or a CSV table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gridopt.errors import Fault, InputError
from gridopt.profiles.check import require

if TYPE_CHECKING:
    import xarray as xr

# A CSV has no place for attributes: the beginning of the name tells the kind.
KIND_OF_PREFIX = {
    "wind": "availability",
    "solar": "availability",
    "hydro": "availability",
    "plugged": "availability",
    "load": "demand",
    "use": "demand",
    "heat": "heat",
    "inflow": "inflow",
    "tie": "contract",
    "level": "level",
    "limit": "limit",
}


def read(path: Path | str) -> xr.Dataset:
    """Read and check a profile file.

    Parameters
    ----------
    path : path
        ``.nc`` (netCDF with a dimension ``time`` and the attributes ``kind`` and ``units`` on each variable) or
        ``.csv`` (first column ``time``, hour-ending, no time zone; one column per series, whose kind follows
        from the beginning of the name: ``wind_``, ``solar_``, ``hydro_``, ``plugged_``, ``load``, ``use_``, ``heat_``,
        ``inflow_``, ``tie_``, ``level_``, ``limit_``).

    Returns
    -------
    xr.Dataset
        The checked profiles, float64.

    Raises
    ------
    InputError
        With every fault that the file has.
    """
    import xarray as xr

    file = Path(path)
    if not file.is_file():
        raise InputError(Fault(file=str(file), message="no such file"))
    if file.suffix not in (".nc", ".csv"):
        raise InputError(Fault(file=str(file), message="profiles are read from .nc or .csv"))
    dataset = xr.load_dataset(file) if file.suffix == ".nc" else _read_csv(file)
    require(dataset, file=str(file))
    return dataset.astype("float64")


def _read_csv(file: Path) -> xr.Dataset:
    import pandas as pd
    import xarray as xr

    table = pd.read_csv(file)
    if "time" not in table.columns:
        raise InputError(Fault(file=str(file), column="time", message="the first column must be 'time'"))
    try:
        time = pd.to_datetime(table["time"], format="ISO8601")
    except ValueError as error:
        raise InputError(Fault(file=str(file), column="time", message=str(error))) from error
    data = {}
    for name in table.columns.drop("time"):
        kind = KIND_OF_PREFIX.get(str(name).split("_")[0], "")
        units = "pu of the annual mean" if kind in ("demand", "inflow", "contract") else "pu"
        attributes = {"kind": kind, "units": units, "source": file.name, "long_name": str(name)}
        data[str(name)] = ("time", table[name].to_numpy(), attributes)
    # A column with time zones stays as it is: the check says what is wrong with it.
    return xr.Dataset(data, coords={"time": ("time", time.to_numpy())})
