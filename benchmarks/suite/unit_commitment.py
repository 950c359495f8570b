"""Whole units of the synthetic province in windows of two days that look a day ahead, with a proof of the horizon."""

from functools import partial

from benchmarks.benchmark import Benchmark
from benchmarks.cases.dispatch_cases import province
from benchmarks.peers import pypsa
from benchmarks.peers.dispatch import gridopt

GAP = 1e-3

BENCHMARK = Benchmark(
    name="unit_commitment",
    title="whole units, windows of 48 + 24 h, gap 1e-3",
    prepare=partial(province, window_h=48, look_ahead_h=24, units=1, commitment="integer", mip_gap=GAP),
    points={
        "s": ({"hours": 24, "buses": 8},),
        "m": ({"hours": 336, "buses": 30},),
        "l": ({"hours": 336, "buses": 60}, {"hours": 8760, "buses": 30}),
    },
    contenders=(
        gridopt(
            "integer windows, minimum times enter where they are broken; proof of the horizon included",
            more={"horizon": {"certificate": True}},
        ),
        pypsa("rolling", "committable plants, optimize_with_rolling_horizon; HiGHS, direct interface; no proof"),
    ),
    tolerance=3 * GAP,
    tolerance_why="each window is solved to a gap of 1e-3, and the next one starts from what it left",
)
