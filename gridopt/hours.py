"""The hours of a case: time axes without profiles, and the cut of the horizon out of all hours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from gridopt.errors import Fault, InputError
from gridopt.settings import Settings

if TYPE_CHECKING:
    from pandapower import pandapowerNet


def _dataset(time: pd.DatetimeIndex) -> xr.Dataset:
    return xr.Dataset(coords={"time": time})


def one_step() -> xr.Dataset:
    """Profiles of a single hour in which the net's own values hold."""
    return _dataset(pd.DatetimeIndex(["2030-01-01 01:00"]))


def step_of(profiles: xr.Dataset) -> float:
    """Step of a time axis of at least two entries [h]; the smallest, as a dropped leap day leaves a gap."""
    steps = np.diff(profiles["time"].to_numpy().astype("datetime64[ns]"))
    return float(steps.min() / np.timedelta64(1, "h"))


def empty_profiles(settings: Settings, file: str) -> xr.Dataset:
    """Time axis of a case that names no profiles: its year, or its hours from the start."""
    step = pd.Timedelta(hours=settings.step_h)
    if settings.year is not None:
        begin = pd.Timestamp(settings.year, 1, 1)
        time = pd.date_range(begin + step, pd.Timestamp(settings.year + 1, 1, 1), freq=step)
        leap_day = ((time - step).month == 2) & ((time - step).day == 29)
        return _dataset(time[~leap_day] if settings.leap_day == "drop" else time)
    if settings.start is None or settings.hours is None:
        message = "is missing: without profiles a case needs a year, or start and hours"
        raise InputError(Fault(file, "settings", "profiles", "", message))
    count = round(settings.hours / settings.step_h)
    return _dataset(pd.date_range(pd.Timestamp(settings.start) + step, periods=count, freq=step))


def cut(profiles: xr.Dataset, settings: Settings, file: str) -> xr.Dataset:
    """The hours of the horizon.

    The horizon begins at ``settings.start``: its first step is stamped one step later, at its end.
    """
    if profiles.sizes.get("time", 0) == 0 or profiles["time"].dtype.kind != "M":
        raise InputError(Fault(file, "settings", "profiles", "", "the profiles have no hours (dim 'time')"))
    time = profiles["time"].to_numpy().astype("datetime64[ns]")
    step = np.timedelta64(round(settings.step_h * 3.6e12), "ns")
    if len(time) > 1 and not np.isclose(step_of(profiles), settings.step_h):
        message = f"is {settings.step_h:g} h, but the profiles have a step of {step_of(profiles):g} h"
        raise InputError(Fault(file, "settings", "step_h", "", message))
    first = 0
    if settings.start is not None:
        begin = np.datetime64(settings.start, "ns")
        found = np.flatnonzero(time == begin + step)
        if not len(found):
            message = f"{settings.start} is not the beginning of a step of the profiles, which run from "
            message += f"{_words(time[0] - step)} to {_words(time[-1])}"
            raise InputError(Fault(file, "settings", "start", "", message))
        first = int(found[0])
    count = len(time) - first
    if settings.hours is not None:
        count = round(settings.hours / settings.step_h)
        if count < 1 or not np.isclose(count * settings.step_h, settings.hours):
            message = f"{settings.hours:g} h is no whole number of steps of {settings.step_h:g} h"
            raise InputError(Fault(file, "settings", "hours", "", message))
        if first + count > len(time):
            message = f"{settings.hours:g} h from {_words(time[first] - step)} on reach beyond the end of the"
            message += f" profiles at {_words(time[-1])}"
            raise InputError(Fault(file, "settings", "hours", "", message))
    return profiles.isel(time=slice(first, first + count))


def _words(moment: np.datetime64) -> str:
    return str(moment.astype("datetime64[m]")).replace("T", " ")


# Flexible loads that are there to follow the grid: they add nothing to the peak that has to be served.
FOLLOWING = ("electrolyser", "ammonia")


def total_load_mw(net: pandapowerNet, profiles: xr.Dataset) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Load of all consumers of the net at their usual hours, without ties [MW], shape (time,).

    Flexible loads count with their use as it falls due, prosumers with their own load; electrolysers and ammonia
    loops, which follow the grid, don't count.
    """
    loads = net.load[net.load["in_service"].astype(bool) & (net.load["kind"] != "tie")]
    usual = [loads.assign(mean_mw=loads["p_mw"].astype(float) * loads["scaling"].astype(float))]
    for table in ("flexible_load", "prosumer"):
        if table in net and len(net[table]):
            rows = net[table][net[table]["in_service"].astype(bool) & ~net[table]["kind"].isin(FOLLOWING)]
            efficiency = rows["eta"].astype(float) if "eta" in rows else 1.0
            usual.append(rows.assign(mean_mw=rows["p_mw"].astype(float) / efficiency))
    total = np.zeros(profiles.sizes["time"])
    for rows in usual:
        for name, mean_mw in rows["mean_mw"].groupby(rows["profile"]).sum().items():
            total += mean_mw * (profiles[name].to_numpy() if name else 1.0)
    return total
