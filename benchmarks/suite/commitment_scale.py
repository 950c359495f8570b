"""Clusters of units by number and length of window: fractions from a basis or cold with presolve, and whole units."""

from benchmarks.benchmark import Benchmark, Point
from benchmarks.cases.dispatch_cases import province
from benchmarks.cases.problem import Problem
from benchmarks.peers.dispatch import gridopt


def clusters(clusters: int, window_h: int) -> Problem:
    """Three windows of clusters of four units on a grid of 20 buses."""
    return province(
        3 * window_h, 20, window_h=window_h, look_ahead_h=24, plants=clusters, units=4, commitment="relaxed"
    )


def _points(numbers: tuple[int, ...], windows: tuple[int, ...]) -> tuple[Point, ...]:
    return tuple({"clusters": number, "window_h": hours} for number in numbers for hours in windows)


BENCHMARK = Benchmark(
    name="commitment_scale",
    title="relaxed and whole units by clusters and window",
    prepare=clusters,
    points={
        "s": _points((4,), (24,)),
        "m": _points((5, 20), (48, 168)),
        "l": _points((5, 20, 40, 80), (48, 168, 336)),
    },
    contenders=(
        gridopt("fractions of units, cold with presolve", "relaxed, presolve"),
        gridopt("fractions of units, from the last basis", "relaxed, basis", more={"solver": {"start": "basis"}}),
        gridopt("whole units, gap 1e-3", "integer", more={"unit_commitment": "integer"}, agrees=False),
    ),
    tolerance=1e-3,
    tolerance_why="equal optima of one window lead to different next ones",
)
