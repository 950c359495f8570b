"""A year of the synthetic province with a proven gap of 1e-4, against the year as one problem."""

from functools import partial

from benchmarks.benchmark import Benchmark, Target
from benchmarks.cases.dispatch_cases import province
from benchmarks.peers import cvxpy, pypsa
from benchmarks.peers.dispatch import gridopt

GAP = 1e-4

BENCHMARK = Benchmark(
    name="year_certified_lp",
    title="a year with a proven gap of 1e-4",
    prepare=partial(province, look_ahead_h=96, end="cyclic"),
    points={
        "s": ({"hours": 504, "buses": 10},),
        "m": ({"hours": 2184, "buses": 60},),
        "l": ({"hours": 8760, "buses": 60},),
    },
    contenders=(
        gridopt(
            "windows of 168 + 96 h, then the proof from their multipliers",
            more={"horizon": {"certificate": True, "gap": GAP}},
            gap=GAP,
        ),
        pypsa("one_problem", "one problem; HiGHS HiPO without crossover, direct interface"),
        cvxpy("one_problem", "one problem; HiGHS HiPO without crossover"),
    ),
    tolerance=2 * GAP,
    tolerance_why="the proven gap, and as much again for the interior point without crossover",
    targets=(Target("PyPSA", wall_times=20, memory_times=10),),
)
