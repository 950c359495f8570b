"""Secure dispatch: limits that hold after the loss of any line that leaves the grid whole."""

from functools import partial

from benchmarks.benchmark import Benchmark, Target
from benchmarks.cases.dispatch_cases import province_at_once
from benchmarks.peers import pypsa
from benchmarks.peers.dispatch import gridopt

BENCHMARK = Benchmark(
    name="n_minus_1",
    title="N-1 secure dispatch",
    prepare=partial(province_at_once, network="dc+n-1"),
    points={
        "s": ({"hours": 6, "buses": 20},),
        "m": ({"hours": 24, "buses": 30},),
        "l": ({"hours": 24, "buses": 60}, {"hours": 168, "buses": 60}),
    },
    contenders=(
        gridopt("limits after outages enter where they are broken"),
        pypsa("secure", "optimize_security_constrained, all limits stated; HiGHS simplex, direct interface"),
    ),
    targets=(Target("PyPSA", wall_times=10),),
)
