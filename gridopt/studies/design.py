"""Designs: which scenarios a sweep holds, and under which labels they stand. Pure, nothing is solved here.

A grid has one dimension per lever; every other design has the single dimension ``scenario``, with one
coordinate per lever along it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridopt.errors import Fault, InputError

Value = float | int | str | bool | None
Coordinate = NDArray[Any]
SCENARIO = "scenario"


@dataclass(frozen=True)
class Scenario:
    """One point of a design.

    Attributes
    ----------
    number : int
        Position in the order of the design, from 0.
    changes : dict
        Value by lever or path of the case file.
    outage_seed : tuple of int, optional
        Seed of the sudden outages that are drawn for it; None: the outages of the case.
    """

    number: int
    changes: dict[str, Value]
    outage_seed: tuple[int, int] | None = None


@dataclass(frozen=True)
class Design:
    """All scenarios of a sweep with their labels.

    Attributes
    ----------
    dims : tuple of str
        Dimensions of the scenarios; their product in C order is the order of the scenarios.
    coordinates : dict
        Labels by name: (dimension, values).
    scenarios : tuple of Scenario
    """

    dims: tuple[str, ...]
    coordinates: dict[str, tuple[str, Coordinate]]
    scenarios: tuple[Scenario, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of labels of each dimension."""
        return tuple(len(self.coordinates[dim][1]) for dim in self.dims)


def position(number: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Indices of a scenario along the dimensions of a design."""
    return tuple(int(index) for index in np.unravel_index(number, shape))


def grid(levers: Mapping[str, Sequence[Value]]) -> Design:
    """Every combination of the values.

    Examples
    --------
    >>> design = grid({"demand.scale": [1, 1.1], "policy.dr_share_of_peak": [0, 0.05, 0.1]})
    >>> design.shape, design.scenarios[4].changes
    ((2, 3), {'demand.scale': 1.1, 'policy.dr_share_of_peak': 0.05})
    """
    coordinates = {name: (name, labels(values)) for name, values in levers.items()}
    twice = [name for name, (_, values) in coordinates.items() if len(np.unique(values)) < len(values)]
    if twice:
        raise InputError([Fault(table="design", row=name, message="has a value twice") for name in twice])
    changes = [dict(zip(levers, values, strict=True)) for values in product(*levers.values())]
    return Design(tuple(levers), coordinates, _numbered(changes))


def zipped(levers: Mapping[str, Sequence[Value]]) -> Design:
    """The first values of all levers, then the second ones, and so on.

    Examples
    --------
    >>> zipped({"demand.scale": [1, 1.1], "policy.dr_share_of_peak": [0, 0.1]}).scenarios[1].changes
    {'demand.scale': 1.1, 'policy.dr_share_of_peak': 0.1}
    """
    lengths = {name: len(values) for name, values in levers.items()}
    if len(set(lengths.values())) > 1:
        words = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise InputError(Fault(table="design", row="levers", message=f"a zip needs lists of one length, got {words}"))
    return listed([dict(zip(levers, values, strict=True)) for values in zip(*levers.values(), strict=True)])


def listed(scenarios: Sequence[Mapping[str, Value]], names: Sequence[str] | None = None) -> Design:
    """The scenarios one by one; a lever that one of them leaves out keeps its value of the case (label NaN or '')."""
    return _along_scenario([dict(scenario) for scenario in scenarios], names)


def latin_hypercube(ranges: Mapping[str, tuple[float, float]], samples: int, seed: int) -> Design:
    """Samples with one in each of ``samples`` slices of every lever's range (McKay et al. 1979)."""
    from scipy.stats import qmc

    sampler = qmc.LatinHypercube(len(ranges), rng=np.random.default_rng(seed))
    return _within(ranges, sampler.random(samples))


def sobol(ranges: Mapping[str, tuple[float, float]], samples: int, seed: int) -> Design:
    """Scrambled Sobol points; their number is a power of two, as their balance rests on it (Owen 1998)."""
    from scipy.stats import qmc

    power = round(np.log2(samples))
    if 2**power != samples:
        near = f"{2 ** int(np.log2(samples))} or {2 ** (int(np.log2(samples)) + 1)}"
        message = f"Sobol points come in powers of two: {near}, not {samples}"
        raise InputError(Fault(table="design", row="samples", message=message))
    sampler = qmc.Sobol(len(ranges), rng=np.random.default_rng(seed))
    return _within(ranges, sampler.random_base2(power))


def monte_carlo(
    ranges: Mapping[str, tuple[float, float]],
    samples: int,
    seed: int,
    *,
    weather_years: Sequence[int | str] = (),
    draws_outages: bool = False,
) -> Design:
    """Independent draws: weather years with equal chance, levers uniform in their ranges, outages by seed.

    Sample k is the same whatever ``samples`` is, so that a larger study begins with the smaller one.
    """
    changes: list[dict[str, Value]] = []
    for sample in range(samples):
        random = np.random.default_rng([seed, sample])
        drawn: dict[str, Value] = {}
        if weather_years:
            drawn["weather_year"] = weather_years[int(random.integers(len(weather_years)))]
        drawn |= {name: float(random.uniform(low, high)) for name, (low, high) in ranges.items()}
        changes.append(drawn)
    seeds = [(seed, sample) for sample in range(samples)] if draws_outages else None
    return _along_scenario(changes, seeds=seeds)


def _within(ranges: Mapping[str, tuple[float, float]], unit: NDArray[np.float64]) -> Design:
    """Points of the unit cube, (sample, lever), scaled to the ranges."""
    low, high = np.array(list(ranges.values()), dtype=float).T
    points = low + unit * (high - low)
    return _along_scenario([dict(zip(ranges, map(float, point), strict=True)) for point in points])


def _along_scenario(
    changes: list[dict[str, Value]],
    names: Sequence[str] | None = None,
    seeds: Sequence[tuple[int, int]] | None = None,
) -> Design:
    levers = list(dict.fromkeys(name for scenario in changes for name in scenario))
    own = np.arange(len(changes)) if names is None else np.array(list(names), dtype=str)
    coordinates: dict[str, tuple[str, Coordinate]] = {SCENARIO: (SCENARIO, own)}
    for lever in levers:
        coordinates[lever] = (SCENARIO, labels([scenario.get(lever) for scenario in changes]))
    return Design((SCENARIO,), coordinates, _numbered(changes, seeds))


def _numbered(changes: list[dict[str, Value]], seeds: Sequence[tuple[int, int]] | None = None) -> tuple[Scenario, ...]:
    return tuple(
        Scenario(number, values, None if seeds is None else seeds[number]) for number, values in enumerate(changes)
    )


def labels(values: Sequence[Value]) -> Coordinate:
    """Values of a lever as an array of one type: truth values, numbers (nothing is NaN), else words.

    Examples
    --------
    >>> labels([1, None, 2.5]).tolist(), labels(["typical", 2020, None]).tolist()
    ([1.0, nan, 2.5], ['typical', '2020', ''])
    """
    if all(isinstance(value, bool) for value in values):
        return np.array(values, dtype=bool)
    if all(value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in values):
        return np.array([np.nan if value is None else value for value in values], dtype=float)
    return np.array(["" if value is None else str(value) for value in values], dtype=str)
