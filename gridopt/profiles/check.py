"""Rules that a profile data set has to keep: one small function per rule, each returns all its faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from gridopt.errors import Fault, InputError

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

KINDS = ("availability", "demand", "heat", "inflow", "contract", "level", "limit")
LOWEST = {"availability": 0.0, "demand": 0.0, "heat": 0.0, "inflow": 0.0, "level": 0.0, "limit": 0.0}
HIGHEST = {"availability": 1.0, "heat": 1.0, "level": 1.0}
MEAN_ONE = ("demand", "inflow", "contract")
FULL_YEAR_HOURS = 8760
MEAN_TOLERANCE = 1e-3
# Single precision storage may lift a value over its limit by rounding.
RANGE_TOLERANCE = 1e-6
_NAMED_HOURS = 3

Rule = Callable[["xr.Dataset"], Iterator[Fault]]


def check(dataset: xr.Dataset, file: str = "") -> list[Fault]:
    """All faults of a profile data set; an empty list if there are none.

    Parameters
    ----------
    dataset : xr.Dataset
        As :func:`gridopt.profiles.build` returns it: dimension ``time`` (hour-ending, UTC+8, no time zone),
        one variable per series with the attributes ``kind`` and ``units``.
    file : str
        Named in the faults.
    """
    from dataclasses import replace

    faults = list(time_exists(dataset))
    if not faults:
        for rule in RULES:
            faults += rule(dataset)
    return [replace(fault, file=file) for fault in faults]


def require(dataset: xr.Dataset, file: str = "") -> None:
    """Raise :class:`gridopt.errors.InputError` with every fault of the data set, if there is any."""
    faults = check(dataset, file)
    if faults:
        raise InputError(faults)


def time_exists(dataset: xr.Dataset) -> Iterator[Fault]:
    """There is a coordinate ``time`` of time stamps without time zone; nothing else can be checked without."""
    if "time" not in dataset.coords or dataset["time"].dims != ("time",):
        yield Fault(table="profiles", column="time", message="there is no coordinate 'time' along 'time'")
        return
    stamps = dataset["time"].to_numpy()
    if np.issubdtype(stamps.dtype, np.datetime64):
        return
    zoned = stamps.size > 0 and getattr(stamps.flat[0], "tzinfo", None) is not None
    message = "stamps have a time zone; use UTC+8 without one" if zoned else f"no time stamps: {stamps.dtype}"
    yield Fault(table="profiles", column="time", message=message)


def not_empty(dataset: xr.Dataset) -> Iterator[Fault]:
    """There is at least one hour and one series."""
    if dataset.sizes["time"] == 0:
        yield Fault(table="profiles", column="time", message="there are no hours")
    if not dataset.data_vars:
        yield Fault(table="profiles", message="there are no series")


def time_zone(dataset: xr.Dataset) -> Iterator[Fault]:
    """A stated time zone or stamp convention is the one of the project."""
    for key, wanted in (("time_zone", "UTC+8"), ("time_stamp", "hour-ending")):
        stated = dataset.attrs.get(key, wanted)
        if stated != wanted:
            yield Fault(table="profiles", column="time", message=f"{key} is {stated!r}, must be {wanted!r}")


def time_valid(dataset: xr.Dataset) -> Iterator[Fault]:
    """No stamp is missing (not a time) and all stand on a whole number of steps since midnight."""
    stamps = _stamps(dataset)
    missing = np.isnat(stamps)
    if missing.any():
        rows = ", ".join(str(row) for row in np.flatnonzero(missing)[:_NAMED_HOURS])
        yield Fault(table="profiles", column="time", message=f"{missing.sum()} stamps are empty, first in rows {rows}")
    step = np.minimum(_common_step(stamps[~missing]), np.timedelta64(1, "h"))
    since_midnight = stamps[~missing] - stamps[~missing].astype("datetime64[D]")
    off = np.zeros(stamps.size, dtype=bool)
    off[~missing] = since_midnight % step != np.timedelta64(0, "ns")
    yield from _hours_fault(off, stamps, "time", "stamps not on the full hour or step")


def _common_step(stamps: NDArray[np.datetime64]) -> np.timedelta64:
    """Most frequent step; an hour where there is none."""
    steps = np.diff(np.unique(stamps))
    if not steps.size:
        return np.timedelta64(1, "h")
    values, counts = np.unique(steps, return_counts=True)
    return np.timedelta64(values[np.argmax(counts)])


def time_sorted(dataset: xr.Dataset) -> Iterator[Fault]:
    """Stamps ascend."""
    stamps = _stamps(dataset)
    backwards = np.concatenate([[False], np.diff(stamps) < np.timedelta64(0, "ns")])
    yield from _hours_fault(backwards, stamps, "time", "stamps earlier than the one before")


def time_unique(dataset: xr.Dataset) -> Iterator[Fault]:
    """No stamp occurs twice."""
    stamps = _stamps(dataset)
    _, first = np.unique(stamps, return_index=True)
    repeated = np.ones(stamps.size, dtype=bool)
    repeated[first] = False
    yield from _hours_fault(repeated & ~np.isnat(stamps), stamps, "time", "stamps that occur twice")


def time_complete(dataset: xr.Dataset) -> Iterator[Fault]:
    """One step everywhere, no hour missing; 29 February may be left out as a whole."""
    stamps = np.unique(_stamps(dataset)[~np.isnat(_stamps(dataset))])
    if stamps.size < 2:
        return
    steps = np.diff(stamps)
    step = _common_step(stamps)
    if step > np.timedelta64(1, "h"):
        yield Fault(table="profiles", column="time", message=f"the step is {step}, must be one hour or less")
        return
    short = np.concatenate([[False], steps < step])
    yield from _hours_fault(short, stamps, "time", "stamps after an irregular, shorter step")
    gaps = np.flatnonzero((steps > step) & ~_drops_leap_day(stamps, step))
    missing = [np.arange(stamps[gap] + step, stamps[gap + 1], step) for gap in gaps]
    if missing:
        hours = np.concatenate(missing)
        yield from _hours_fault(np.ones(hours.size, dtype=bool), hours, "time", "hours are missing")


def has_kind(dataset: xr.Dataset) -> Iterator[Fault]:
    """Every series says of which kind it is."""
    for name, series in dataset.data_vars.items():
        kind = series.attrs.get("kind", "")
        if kind not in KINDS:
            found = f"kind is {kind!r}" if kind else "kind is missing"
            yield Fault(table="profiles", column=str(name), message=f"{found}, must be one of {', '.join(KINDS)}")


def has_units(dataset: xr.Dataset) -> Iterator[Fault]:
    """Every series has units, and they are per unit."""
    for name, series in dataset.data_vars.items():
        units = str(series.attrs.get("units", ""))
        if not units:
            yield Fault(table="profiles", column=str(name), message="units are missing")
        elif not units.startswith("pu"):
            yield Fault(table="profiles", column=str(name), message=f"units are {units!r}, must be per unit ('pu ...')")


def along_time(dataset: xr.Dataset) -> Iterator[Fault]:
    """Every series is a vector of numbers along ``time``."""
    for name, series in dataset.data_vars.items():
        if series.dims != ("time",):
            message = f"dimensions are {series.dims}, must be ('time',)"
            yield Fault(table="profiles", column=str(name), message=message)
        if not np.issubdtype(series.dtype, np.number):
            yield Fault(table="profiles", column=str(name), message=f"holds {series.dtype}, no numbers")


def finite(dataset: xr.Dataset) -> Iterator[Fault]:
    """No value is missing or infinite."""
    for name, _, values in _numbers(dataset):
        yield from _hours_fault(~np.isfinite(values), _stamps(dataset), name, "values missing or infinite")


def not_too_low(dataset: xr.Dataset) -> Iterator[Fault]:
    """Only a contract may be negative."""
    for name, kind, values in _numbers(dataset):
        if kind in LOWEST:
            low = values < LOWEST[kind] - RANGE_TOLERANCE
            yield from _hours_fault(low, _stamps(dataset), name, f"values below {LOWEST[kind]:g}")


def not_too_high(dataset: xr.Dataset) -> Iterator[Fault]:
    """Availability and heat do not exceed 1."""
    for name, kind, values in _numbers(dataset):
        if kind in HIGHEST:
            high = values > HIGHEST[kind] + RANGE_TOLERANCE
            yield from _hours_fault(high, _stamps(dataset), name, f"values above {HIGHEST[kind]:g}")


def mean_is_one(dataset: xr.Dataset) -> Iterator[Fault]:
    """Over a whole year demand, inflow and contract have the mean 1."""
    if dataset.sizes["time"] < FULL_YEAR_HOURS:
        return
    for name, kind, values in _numbers(dataset):
        mean = float(np.mean(values))
        if kind in MEAN_ONE and np.isfinite(mean) and abs(mean - 1.0) > MEAN_TOLERANCE:
            yield Fault(table="profiles", column=name, message=f"the annual mean is {mean:.4f}, must be 1")


RULES: tuple[Rule, ...] = (
    not_empty,
    time_zone,
    time_valid,
    time_sorted,
    time_unique,
    time_complete,
    has_kind,
    has_units,
    along_time,
    finite,
    not_too_low,
    not_too_high,
    mean_is_one,
)


def _stamps(dataset: xr.Dataset) -> NDArray[np.datetime64]:
    stamps: NDArray[np.datetime64] = dataset["time"].to_numpy()
    return stamps


def _numbers(dataset: xr.Dataset) -> Iterator[tuple[str, str, NDArray[Any]]]:
    """Name, kind and values of the series that are vectors of numbers."""
    for name, series in dataset.data_vars.items():
        if series.dims == ("time",) and np.issubdtype(series.dtype, np.number):
            yield str(name), str(series.attrs.get("kind", "")), series.to_numpy()


def _hours_fault(
    wrong: NDArray[np.bool_], stamps: NDArray[np.datetime64], column: str, message: str
) -> Iterator[Fault]:
    """One fault that counts the wrong hours and names the first of them."""
    if not wrong.any():
        return
    hours = [str(np.datetime_as_string(stamp, unit="m")) for stamp in stamps[wrong][:_NAMED_HOURS]]
    more = ", ..." if wrong.sum() > _NAMED_HOURS else ""
    text = f"{message}: {int(wrong.sum())} hours, {', '.join(hours)}{more}"
    yield Fault(table="profiles", row=hours[0], column=column, message=text)


def _drops_leap_day(stamps: NDArray[np.datetime64], step: np.timedelta64) -> NDArray[np.bool_]:
    """Gaps that are exactly the hours of 29 February, shape (stamps - 1,)."""
    before = stamps[:-1]
    year = before.astype("datetime64[Y]")
    # 29 February begins 59 days after New Year; its hours end at 01:00 ... 24:00.
    midnight = (year.astype("datetime64[D]") + 59).astype(before.dtype)
    leap = (year + 1).astype("datetime64[D]") - year.astype("datetime64[D]") == np.timedelta64(366, "D")
    day = np.timedelta64(24, "h")
    dropped: NDArray[np.bool_] = leap & (before == midnight) & (stamps[1:] == midnight + day + step)
    return dropped
