"""Wall and CPU time of what a contender does, with the part of the solver, and peak memory of the process."""

from __future__ import annotations

import os
import resource
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MB = 1e6


class Watch:
    """Clock of one measurement: all that runs between start and stop, and of it what the solver takes.

    HiGHS is timed from outside, whoever calls it (:meth:`highs`); other solvers are timed where they are called
    (:meth:`solving`).  What is not solving is building: stating, compiling, handing over, reading back.
    """

    def __init__(self) -> None:
        self.solve_wall_s = self.solve_cpu_s = 0.0
        self.solves = 0
        self._lock = threading.Lock()

    @contextmanager
    def solving(self) -> Iterator[None]:
        """Time a solver, in the thread that calls it."""
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            with self._lock:
                self.solve_wall_s += time.perf_counter() - wall
                self.solve_cpu_s += time.thread_time() - cpu
                self.solves += 1

    @contextmanager
    def highs(self) -> Iterator[None]:
        """Time every run of HiGHS in this process."""
        import highspy

        own = highspy.Highs.run

        def timed(highs: highspy.Highs) -> object:
            with self.solving():
                return own(highs)

        highspy.Highs.run = timed
        try:
            yield
        finally:
            highspy.Highs.run = own

    @contextmanager
    def running(self) -> Iterator[dict[str, float]]:
        """Time a contender; the dictionary is filled at the end."""
        times: dict[str, float] = {}
        before_mb = peak_rss_mb()
        wall, cpu = time.perf_counter(), cpu_s()
        with self.highs():
            yield times
        wall, cpu = time.perf_counter() - wall, cpu_s() - cpu
        times |= {
            "wall_s": wall,
            "cpu_s": cpu,
            "solve_wall_s": self.solve_wall_s,
            "solve_cpu_s": self.solve_cpu_s,
            "build_wall_s": wall - self.solve_wall_s,
            "build_cpu_s": cpu - self.solve_cpu_s,
            "solves": self.solves,
            "peak_rss_mb": peak_rss_mb(),
            "rss_before_mb": before_mb,
        }


def cpu_s() -> float:
    """CPU time of this process and of its children that have ended [s]."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def peak_rss_mb() -> float:
    """Largest resident memory of this process or of one of its children that have ended, so far [MB]."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    unit = 1.0 if sys.platform == "darwin" else 1024.0
    status = Path("/proc/self/status")
    if not status.exists():
        return max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, children) * unit / _MB
    # ru_maxrss of a child process starts at the memory of its parent, the high-water mark of its own map does not
    lines = (line.split() for line in status.read_text(encoding="utf-8").splitlines())
    own_kb = next(float(words[1]) for words in lines if words and words[0] == "VmHWM:")
    return max(own_kb * 1024.0, children * unit) / _MB
