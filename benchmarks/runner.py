"""Runs benchmarks: contenders in turn (A B A B …), each run in a fresh process, every result kept as it comes."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.benchmark import Benchmark, Contender, Point, Size
from benchmarks.child import measure
from benchmarks.machine import machine, versions
from benchmarks.store import file_of, write

Say = Callable[[str], None]


@dataclass(frozen=True)
class How:
    """How benchmarks are run.

    Parameters
    ----------
    size
        Size of all benchmarks.
    repeats
        Runs of each contender at each point.
    out
        Folder of the result files.
    limit_s
        Wall time after which a run is stopped [s].
    fresh
        A new interpreter for each run; otherwise a fork of one that has imported the libraries, which is quicker and
        good enough for a smoke test.
    """

    size: Size
    repeats: int
    out: Path
    limit_s: float
    fresh: bool = True


def run(benchmark: Benchmark, how: How, say: Say) -> Path:
    """Run a benchmark and return its result file, which is written anew after every run."""
    path = file_of(how.out, benchmark.name, how.size)
    result: dict[str, Any] = {
        "benchmark": benchmark.name,
        "size": how.size,
        "repeats": how.repeats,
        "limit_s": how.limit_s,
        "fresh_interpreter": how.fresh,
        "tolerance": benchmark.tolerance,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(),
        "contenders": {
            each.name: {"configuration": each.configuration, "agrees": each.agrees, "cores": each.cores}
            for each in benchmark.contenders
        },
        "measurements": [],
    }
    for number, point, contender, repeat in _turns(benchmark, how):
        measurement = {"point": dict(point), "contender": contender.name, "repeat": repeat}
        measurement |= _one(benchmark, contender, point, how, _given_up(result, contender, number))
        result["measurements"].append(measurement | {"number": number})
        write(path, result)
        say(_told(benchmark, measurement))
    return path


def _turns(benchmark: Benchmark, how: How) -> Iterator[tuple[int, Point, Contender, int]]:
    """All runs: at each point the contenders in turn, and again."""
    for number, point in enumerate(benchmark.points[how.size]):
        for repeat in range(how.repeats):
            for contender in benchmark.contenders:
                yield number, point, contender, repeat


def _given_up(result: dict[str, Any], contender: Contender, number: int) -> str:
    """Why a contender isn't run once more at a point: it failed there, or its time was up."""
    mine = [m for m in result["measurements"] if m["contender"] == contender.name and m["number"] == number]
    return next((m["reason"] for m in mine if m["status"] in ("failed", "stopped")), "")


def _one(benchmark: Benchmark, contender: Contender, point: Point, how: How, given_up: str) -> dict[str, Any]:
    """One run in a process of its own."""
    if given_up:
        return {"status": "left out", "reason": given_up}
    context = multiprocessing.get_context("spawn") if how.fresh else multiprocessing.get_context("forkserver")
    if not how.fresh:
        context.set_forkserver_preload(["benchmarks.preload"])
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(target=measure, args=(benchmark.name, contender.name, dict(point), theirs))
    began = time.perf_counter()
    process.start()
    theirs.close()
    try:
        found = mine.recv() if mine.poll(how.limit_s) else {"status": "stopped", "reason": f"> {how.limit_s:g} s"}
    except EOFError:
        process.join()
        found = {"status": "failed", "reason": f"the process died ({process.exitcode}), of want of memory perhaps"}
    if found["status"] == "stopped":
        process.kill()
    process.join()
    return {**found, "process_wall_s": time.perf_counter() - began}


def _told(benchmark: Benchmark, measurement: dict[str, Any]) -> str:
    where = " ".join(f"{key}={value}" for key, value in measurement["point"].items())
    head = f"{benchmark.name:18s} {where:42s} {measurement['contender']:22s}"
    if "wall_s" not in measurement:  # it did not come to an end
        return f"{head} {measurement['status']}: {measurement['reason']}"
    wall, cpu, solver = (measurement[key] for key in ("wall_s", "cpu_s", "solve_wall_s"))
    found = f"{measurement['peak_rss_mb']:7.0f} MB  {measurement['objective']:.9g}"
    return f"{head} {wall:9.2f} s (CPU {cpu:.2f}, solver {solver:.2f}) {found} {measurement['reason']}".rstrip()
