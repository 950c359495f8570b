"""One measurement, in a process of its own."""

from __future__ import annotations

import os
import traceback
import warnings
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.benchmark import Point, load
from benchmarks.watch import Watch, cpu_s


def measure(benchmark: str, contender: str, point: Point, answer: Connection) -> None:
    """Run a contender once at a point and send what was measured, or the error."""
    try:
        answer.send(measured(benchmark, contender, point))
    except BaseException as error:  # whatever a peer throws is a result of its own
        where = traceback.format_exc().strip().splitlines()
        answer.send({"status": "failed", "reason": f"{type(error).__name__}: {error}"[:500], "trace": where[-6:]})
        raise SystemExit(1) from error
    finally:
        answer.close()


def measured(benchmark: str, contender: str, point: Point) -> dict[str, Any]:
    """What one run of a contender took and found."""
    plan = load(benchmark)
    runner = plan.contender(contender)
    _keep_to(runner.cores)
    warnings.simplefilter("ignore")  # peers warn about their own future
    for module in runner.imports:
        import_module(module)
    given = plan.prepare(**point)
    input_sha256 = given.sha256  # now: a contender may change what it was given
    watch = Watch()
    with watch.running() as times:
        outcome = runner.run(given, watch)
    return {
        "status": "void" if outcome.void else "done",
        "reason": outcome.void,
        "objective": float(outcome.objective),
        "input_sha256": input_sha256,
        **times,
        "process_cpu_s": cpu_s(),
        "facts": dict(outcome.facts),
    }


def _keep_to(cores: int) -> None:
    """Allow this process some cores alone, so that a second thread can't help where one thread is stated."""
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, allowed[-cores:])
