"""From single measurements to rows: medians with smallest and largest, and whether a row counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Spread:
    """Median, smallest and largest of some measurements."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Spread of at least one value.

        Examples
        --------
        >>> Spread.of([3.0, 1.0, 2.0])
        Spread(median=2.0, low=1.0, high=3.0)
        """
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True)
class Row:
    """A contender at a point.

    Parameters
    ----------
    benchmark, size, point, contender
        What was run.
    runs
        How many measurements count.
    spread
        Spread of ``wall_s``, ``cpu_s``, ``build_wall_s``, ``solve_wall_s``, ``peak_rss_mb`` …; empty without a run.
    objective
        Median objective; None without a run.
    facts
        Facts of the first run.
    void
        Why the row doesn't count; empty where it does.
    left_out
        Why it was not run, or not to the end; empty where it was.
    """

    benchmark: str
    size: str
    point: Mapping[str, int | float | str]
    contender: str
    runs: int
    spread: Mapping[str, Spread]
    objective: float | None
    facts: Mapping[str, float | int | str | None]
    void: str = ""
    left_out: str = ""

    @property
    def where(self) -> str:
        """The point in words."""
        return ", ".join(f"{key} {value}" for key, value in self.point.items())

    @property
    def counts(self) -> bool:
        """Whether its numbers may be shown."""
        return bool(self.runs) and not self.void


MEASURED = (
    *("wall_s", "cpu_s", "build_wall_s", "build_cpu_s", "solve_wall_s", "solve_cpu_s", "peak_rss_mb"),
    *("process_wall_s", "process_cpu_s"),
)


def rows_of(result: Mapping[str, Any]) -> list[Row]:
    """Rows of a result file: each contender at each point, compared with the first contender there."""
    rows = []
    numbers = sorted({m["number"] for m in result["measurements"]})
    for number in numbers:
        mine = [m for m in result["measurements"] if m["number"] == number]
        first: dict[str, Any] | None = None
        for name, about in result["contenders"].items():
            runs = [m for m in mine if m["contender"] == name]
            if runs:
                row = _row(result, name, runs, first if about["agrees"] else None)
                rows.append(row)
                first = first or {"objective": row.objective, "hash": _hashes(mine)}
    return rows


def _hashes(runs: Sequence[Mapping[str, Any]]) -> set[str]:
    return {run["input_sha256"] for run in runs if "input_sha256" in run}


def _row(
    result: Mapping[str, Any], name: str, runs: Sequence[Mapping[str, Any]], first: Mapping[str, Any] | None
) -> Row:
    done = [run for run in runs if run["status"] in ("done", "void")]
    troubles = [run for run in runs if run["status"] not in ("done", "void")]
    failed = [run["reason"] for run in runs if run["status"] in ("void", "failed")]
    objective = median(run["objective"] for run in done) if done else None
    void = failed[0] if failed else ""
    if not void and objective is not None and first is not None:
        void = disagreement(objective, first["objective"], result["tolerance"])
    if not void and first is not None and len(first["hash"]) > 1:
        void = "the contenders had different inputs"
    return Row(
        benchmark=result["benchmark"],
        size=result["size"],
        point=runs[0]["point"],
        contender=name,
        runs=len(done),
        spread={key: Spread.of([run[key] for run in done]) for key in MEASURED} if done else {},
        objective=objective,
        facts=done[0]["facts"] if done else {},
        void=void,
        left_out=troubles[0]["reason"] if troubles and not failed else "",
    )


def disagreement(objective: float, reference: float | None, tolerance: float) -> str:
    """Why two objectives do not agree; empty where they do.

    Examples
    --------
    >>> disagreement(100.0, 100.01, 1e-3)
    ''
    >>> disagreement(100.0, 101.0, 1e-3)
    'its objective differs by 9.9e-03'
    >>> disagreement(100.0, None, 1e-3)
    'there is nothing to compare its objective with'
    """
    if reference is None:
        return "there is nothing to compare its objective with"
    off = abs(objective - reference) / max(abs(reference), 1.0)
    return f"its objective differs by {off:.1e}" if not off <= tolerance else ""
