"""A sweep of scenarios on dask: scenarios per hour, overhead of a task, and what it costs to resume."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.benchmark import Benchmark, Contender, Outcome
from benchmarks.cases.dispatch_cases import province
from benchmarks.cases.problem import Problem
from benchmarks.peers.dispatch import IMPORTS, settings_of
from benchmarks.watch import Watch


@dataclass(frozen=True)
class Sweep:
    """A problem, and how many scenarios scale its demand."""

    problem: Problem
    scenarios: int

    @property
    def sha256(self) -> str:
        """Hash of the problem."""
        return self.problem.sha256


def prepare(scenarios: int, hours: int, buses: int) -> Sweep:
    """The synthetic province, to be solved again and again."""
    return Sweep(province(hours, buses), scenarios)


def swept(given: Sweep, _watch: Watch, workers: int) -> Outcome:
    """Solve all scenarios into a store, then open it again as a run that goes on."""
    import gridopt

    problem = given.problem
    case = gridopt.Case.from_pandapower(problem.net, problem.profiles, **settings_of(problem))
    scales = [round(float(scale), 4) for scale in np.linspace(0.9, 1.05, given.scenarios)]
    with tempfile.TemporaryDirectory() as folder:
        solve = partial(gridopt.sweep, case, {"demand.scale": scales}, out=Path(folder) / "sweep.zarr", workers=workers)
        began = time.perf_counter()
        cube = solve()
        whole_s = time.perf_counter() - began
        solve(resume=True)
        resume_s = time.perf_counter() - began - whole_s
    if int((cube["status"] != 1).sum()):
        raise RuntimeError("a scenario failed")
    facts = {"scenarios_per_hour": round(3600 * len(scales) / whole_s, 1), "resume_s": round(resume_s, 3)}
    return Outcome(float(cube["objective_cny"].sum()), facts)


def _contender(name: str, configuration: str, workers: int, cores: int) -> Contender:
    imports = (*IMPORTS, "gridopt.studies.sweep")
    return Contender(name, configuration, partial(swept, workers=workers), imports, cores=cores)


BENCHMARK = Benchmark(
    name="sweep",
    title="scenarios on dask workers",
    prepare=prepare,
    points={
        "s": ({"scenarios": 2, "hours": 24, "buses": 10},),
        "m": ({"scenarios": 8, "hours": 336, "buses": 60},),
        "l": ({"scenarios": 32, "hours": 2184, "buses": 60},),
    },
    contenders=(
        _contender("no dask", "one after the other in one process", 0, 1),
        _contender("1 worker", "one dask worker", 1, 2),
        _contender("2 workers", "two dask workers, one core each", 2, 2),
    ),
)
