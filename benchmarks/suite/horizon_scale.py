"""How the cost of a rolling run grows with the horizon, from a week to ten years."""

from benchmarks.benchmark import Benchmark
from benchmarks.cases.dispatch_cases import province
from benchmarks.peers.dispatch import gridopt

BENCHMARK = Benchmark(
    name="horizon_scale",
    title="from one week to ten years",
    prepare=province,
    points={
        "s": tuple({"hours": hours, "buses": 10} for hours in (168, 336)),
        "m": tuple({"hours": hours, "buses": 60} for hours in (168, 672, 2184)),
        "l": tuple({"hours": hours, "buses": 60} for hours in (168, 672, 2184, 8760, 26280, 87600)),
    },
    contenders=(gridopt("rolling windows of 168 + 24 h"),),
)
