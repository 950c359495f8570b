"""The scenarios of a sweep as a report reads them: levers, numbers of the summary, what has failed and why.

A store is opened with xarray alone; only scenarios with a result (status 1) have numbers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from gridopt.errors import Fault, InputError
from gridopt.report.html.parts import Array, Numbers
from gridopt.report.html.units import MISSING

# What marks a zarr as a store of a sweep, and the dimension of every design but a grid.
_MARK, _SCENARIO = "gridopt_sweep", "scenario"
_MISSING, _DONE, _FAILED = 0, 1, 2
_LOST_MWH = 1e-3  # less is rounding


def number(value: float, digits: int = 6) -> str:
    """A number with at most so many digits that count, never as a power of ten.

    Examples
    --------
    >>> number(12100.0), number(0.05), number(2.5e6), number(11954.63, digits=5)
    ('12100', '0.05', '2500000', '11955')
    """
    return str(np.format_float_positional(value, precision=digits, fractional=False, trim="-"))


@dataclass(frozen=True, eq=False)
class Lever:
    """What a sweep varies.

    Parameters
    ----------
    name
        As in the sweep file.
    labels
        Its different values as words: numbers in their order, words in the order of the design.
    code
        (scenario,) which of them each scenario has.
    numbers
        (scenario,) its values where they are numbers; NaN: the value of the case.
    """

    name: str
    labels: tuple[str, ...]
    code: Numbers
    numbers: Array | None

    @classmethod
    def of(cls, name: str, values: NDArray[Any]) -> Lever:
        """The lever of some values, (scenario,).

        Examples
        --------
        >>> Lever.of("storage.phs.p_mw", np.array([6000.0, 0.0, 6000.0])).labels
        ('0', '6000')
        >>> Lever.of("weather_year", np.array(["typical", "2020", "typical"])).code.tolist()
        [0, 1, 0]
        """
        if values.dtype.kind == "f":
            different, code = np.unique(values, return_inverse=True)
            return cls(name, tuple(MISSING if np.isnan(x) else number(x) for x in different), code, values)
        words = [str(value) or MISSING for value in values.tolist()]
        labels = tuple(dict.fromkeys(words))
        return cls(name, labels, np.array([labels.index(word) for word in words], dtype=np.int64), None)

    @property
    def varies(self) -> bool:
        """Whether not all scenarios have the same value."""
        return len(self.labels) > 1


@dataclass(frozen=True, eq=False)
class Sweep:
    """All scenarios of a store.

    Parameters
    ----------
    path
        The store.
    attributes
        What it says about its sweep.
    design
        ``grid`` (one dimension per lever), ``named`` or ``samples``.
    shape
        Length of each dimension of the scenarios.
    levers
        What the design sets; of a grid in the order of the dimensions.
    names
        (scenario,) their names where the design has some, else their numbers from 1.
    status
        (scenario,) 0: not solved yet, 1: done, 2: failed.
    summary
        (scenario,) of each number of the summary; NaN where there is none.
    """

    path: Path
    attributes: dict[str, Any]
    design: str
    shape: tuple[int, ...]
    levers: tuple[Lever, ...]
    names: tuple[str, ...]
    status: Numbers
    summary: dict[str, Array]

    @property
    def size(self) -> int:
        """Number of scenarios."""
        return len(self.names)

    @property
    def done(self) -> NDArray[np.bool_]:
        """(scenario,) whether it has a result."""
        return np.asarray(self.status == _DONE)

    @property
    def failed(self) -> NDArray[np.bool_]:
        """(scenario,) whether it has failed."""
        return np.asarray(self.status == _FAILED)

    @property
    def missing(self) -> NDArray[np.bool_]:
        """(scenario,) whether it is still to be solved."""
        return np.asarray(self.status == _MISSING)

    @property
    def lost(self) -> NDArray[np.bool_]:
        """(scenario,) whether demand is not served."""
        return np.asarray(self.values("unserved_mwh") > _LOST_MWH)

    @cached_property
    def varied(self) -> tuple[Lever, ...]:
        """Levers that have more than one value."""
        return tuple(lever for lever in self.levers if lever.varies)

    def values(self, key: str) -> Array:
        """A number of the summary, (scenario,); NaN where there is none."""
        return self.summary.get(key, np.full(self.size, np.nan))

    def labels(self, scenario: int) -> list[str]:
        """What a scenario has of each lever that varies."""
        return [lever.labels[lever.code[scenario]] for lever in self.varied]

    def told(self, scenario: int) -> str:
        """A scenario in words, a line for each lever that varies."""
        own = [self.names[scenario]] if self.design == "named" else []
        levers = zip(self.varied, self.labels(scenario), strict=True)
        return "<br>".join([*own, *(f"{lever.name} = {label}" for lever, label in levers)])

    @cached_property
    def records(self) -> dict[int, dict[str, Any]]:
        """What is written of each scenario: ``reason`` of a failure, ``summary``."""
        found = {}
        for file in sorted((self.path / "scenarios").glob("*.json")):
            try:
                record = json.loads(file.read_text(encoding="utf-8"))
                found[int(record["number"])] = record
            except (OSError, ValueError, KeyError, TypeError):  # written at this moment, or none of the store's
                continue
        return found

    @property
    def sweep_file(self) -> dict[str, Any]:
        """The sweep file as it was read; empty where the store doesn't say."""
        return _plain(self.attributes.get("sweep"))

    @property
    def identity(self) -> dict[str, Any]:
        """Hashes and versions of all inputs."""
        return dict(_plain(self.attributes.get(_MARK)).get("identity", {}))


def is_sweep(path: Path) -> bool:
    """Whether a folder is the store of a sweep."""
    return _MARK in _attributes(path)


def _attributes(path: Path) -> dict[str, Any]:
    """What a zarr says about itself; empty where there is none."""
    try:
        attributes = json.loads((path / "zarr.json").read_text(encoding="utf-8"))["attributes"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return attributes if isinstance(attributes, dict) else {}


def read_sweep(path: Path) -> Sweep:
    """Read a store, also one that is still being written.

    Raises
    ------
    InputError
        When it is none, or can't be read.
    """
    attributes = _attributes(path)
    if _MARK not in attributes:
        raise InputError(Fault(str(path), message="is no store of a sweep; `gridopt sweep FILE --out STORE` makes one"))
    try:
        with xr.open_zarr(path, chunks=None, consolidated=True) as opened:
            return _sweep(path, attributes, opened)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(Fault(str(path), message=f"can't be read: {error}")) from error


def _sweep(path: Path, attributes: dict[str, Any], opened: xr.Dataset) -> Sweep:
    dims = tuple(map(str, opened["status"].dims))
    shape = tuple(opened.sizes[dim] for dim in dims)
    status = opened["status"].to_numpy().ravel().astype(np.int64)
    numbers = opened["summary"].transpose(..., *dims).to_numpy().reshape(-1, status.size)
    names = [str(number + 1) for number in range(status.size)]
    design = "grid"
    if dims == (_SCENARIO,):
        own = opened[_SCENARIO].to_numpy()
        design = "samples" if own.dtype.kind in "iu" else "named"
        names = [str(name) for name in own.tolist()] if design == "named" else names
    at = np.unravel_index(np.arange(status.size), shape)
    levers = [
        Lever.of(str(name), values.to_numpy()[at[dims.index(str(values.dims[0]))]])
        for name, values in opened.coords.items()
        if values.ndim == 1 and values.dims[0] in dims and name != _SCENARIO
    ]
    order = [*dims, *str(attributes.get("coordinates", "")).split()]  # the design's; xarray has another one
    levers.sort(key=lambda lever: order.index(lever.name) if lever.name in order else len(order))
    done = np.where(status == _DONE, numbers, np.nan)
    keys = [str(key) for key in opened["summary_key"].to_numpy().tolist()]
    summary = dict(zip(keys, done, strict=True))
    return Sweep(path, attributes, design, shape, tuple(levers), tuple(names), status, summary)


def _plain(text: object) -> dict[str, Any]:
    try:
        value = json.loads(text) if isinstance(text, str) else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
