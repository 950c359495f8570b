"""A year of the synthetic province in windows of a week that look a day ahead."""

from benchmarks.benchmark import Benchmark, Target
from benchmarks.cases.dispatch_cases import province
from benchmarks.peers import cvxpy, pypsa
from benchmarks.peers.dispatch import gridopt

BENCHMARK = Benchmark(
    name="year_rolling_lp",
    title="a year in windows of 168 + 24 h",
    prepare=province,
    points={
        "s": ({"hours": 336, "buses": 10},),
        "m": ({"hours": 2184, "buses": 60},),
        "l": ({"hours": 8760, "buses": 60},),
    },
    contenders=(
        gridopt("rolling windows, live HiGHS, basis kept"),
        pypsa("rolling", "optimize_with_rolling_horizon; HiGHS simplex, direct interface"),
        cvxpy("rolling", "a new problem per window; HiGHS simplex"),
    ),
    tolerance=1e-3,
    tolerance_why="of equal optima in one window each tool takes another, from which the next window starts",
    targets=(Target("PyPSA", wall_times=15),),
)
