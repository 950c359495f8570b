"""What a benchmark is: contenders that solve the same points, and how the sizes set the points.

A benchmark is one file in ``benchmarks.suite`` with one ``BENCHMARK``; the file is found by its name.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal

from benchmarks.watch import Watch

Size = Literal["s", "m", "l"]
SIZES: tuple[Size, ...] = ("s", "m", "l")
#: What a size sets: hours, buses, names of networks.
Point = Mapping[str, int | float | str]


@dataclass(frozen=True)
class Outcome:
    """What a contender found.

    Parameters
    ----------
    objective
        What has to agree between contenders; in CNY unless the benchmark says otherwise.
    facts
        What else is worth knowing, such as a gap or a number of rounds.
    void
        Why the measurement doesn't count, although it ended; empty where it does.
    """

    objective: float
    facts: Mapping[str, float | int | str | None] = field(default_factory=dict)
    void: str = ""


@dataclass(frozen=True)
class Contender:
    """One way to solve the points of a benchmark.

    Parameters
    ----------
    name
        Its name; in all benchmarks the first contender is what the others are compared with.
    configuration
        How it is run, in words, for the table.
    run
        Solves what ``prepare`` of the benchmark made; its time counts.
    imports
        Modules that are imported before the time counts.
    agrees
        Whether its objective has to agree with that of the first contender.
    cores
        Processor cores that it may use.
    """

    name: str
    configuration: str
    run: Callable[[Any, Watch], Outcome]
    imports: tuple[str, ...] = ()
    agrees: bool = True
    cores: int = 1


@dataclass(frozen=True)
class Target:
    """How many times the wall time and the memory of the first contender a peer should need."""

    peer: str
    wall_times: float
    memory_times: float | None = None


@dataclass(frozen=True)
class Benchmark:
    """Contenders, points by size, and when their objectives agree.

    Parameters
    ----------
    name, title
        Name of the file, and what it shows.
    prepare
        Makes the input of a point, in each process anew, before the time counts; has the keys of a point as arguments.
    points
        Points of each size.
    contenders
        In the order in which they are run.
    tolerance
        Largest relative difference of objectives that agree.
    tolerance_why
        Why it is not smaller.
    targets
        What was hoped for, at the last point of size ``l``.
    """

    name: str
    title: str
    prepare: Callable[..., Any]
    points: Mapping[Size, tuple[Point, ...]]
    contenders: tuple[Contender, ...]
    tolerance: float = 1e-6
    tolerance_why: str = "solver tolerance"
    targets: tuple[Target, ...] = ()

    def contender(self, name: str) -> Contender:
        """The contender of a name."""
        return next(each for each in self.contenders if each.name == name)


#: In the order of the table.
NAMES = (
    "week_lp",
    "year_rolling_lp",
    "year_certified_lp",
    "network_scale",
    "n_minus_1",
    "unit_commitment",
    "single_hour",
    "ac_year",
    "commitment_scale",
    "sweep",
    "horizon_scale",
)


def load(name: str) -> Benchmark:
    """The benchmark of a name."""
    found: Benchmark = import_module(f"benchmarks.suite.{name}").BENCHMARK
    return found


def all_benchmarks() -> list[Benchmark]:
    """All benchmarks in the order of the table."""
    import benchmarks.suite

    there = {module.name for module in pkgutil.iter_modules(benchmarks.suite.__path__)}
    if there != set(NAMES):
        raise ValueError(f"files of benchmarks and their list differ: {sorted(there ^ set(NAMES))}")
    return [load(name) for name in NAMES]
