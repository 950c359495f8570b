"""A week of the synthetic province as one linear problem: what stating and solving it once costs."""

from benchmarks.benchmark import Benchmark
from benchmarks.cases.dispatch_cases import province_at_once
from benchmarks.peers import cvxpy, pypsa
from benchmarks.peers.dispatch import gridopt

BENCHMARK = Benchmark(
    name="week_lp",
    title="a week as one problem",
    prepare=province_at_once,
    points={
        "s": ({"hours": 48, "buses": 20},),
        "m": ({"hours": 168, "buses": 30},),
        "l": ({"hours": 168, "buses": 60},),
    },
    contenders=(
        gridopt("one problem"),
        pypsa("rolling", "optimize; HiGHS simplex, direct interface"),
        cvxpy("rolling", "flows and cycles; HiGHS simplex"),
    ),
)
