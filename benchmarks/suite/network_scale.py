"""A day of pandapower's networks: limits that enter where they are broken against all limits stated at once."""

from benchmarks.benchmark import Benchmark
from benchmarks.cases.dispatch_cases import standard
from benchmarks.peers import cvxpy, pypsa
from benchmarks.peers.dispatch import gridopt

_NETWORKS = ("case118", "case300", "case1354pegase", "case2869pegase")

BENCHMARK = Benchmark(
    name="network_scale",
    title="a day of pandapower's networks; lazy limits against all limits stated",
    prepare=standard,
    points={
        "s": ({"network": "case118", "hours": 12},),
        "m": tuple({"network": name, "hours": 24} for name in _NETWORKS[:3]),
        "l": tuple({"network": name, "hours": 24} for name in _NETWORKS),
    },
    contenders=(
        gridopt("limits enter where they are broken"),
        pypsa("rolling", "optimize, all limits stated; HiGHS simplex, direct interface"),
        cvxpy("rolling", "all limits stated as bounds of flows; HiGHS simplex"),
    ),
)
