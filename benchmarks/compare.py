"""Compares two result files, or two folders of them."""

from __future__ import annotations

from pathlib import Path

from benchmarks.statistics import Row, rows_of
from benchmarks.store import read_all


def compared(before: Path, after: Path) -> str:
    """Lines with the medians of wall, CPU and memory of every row that both have, and their ratios."""
    old, new = _rows(before), _rows(after)
    lines = [f"{'':72s} {'wall':>22s} {'CPU':>22s} {'memory, MB':>22s}"]
    for key, row in new.items():
        if key not in old:
            lines.append(f"{_name(row)} only in {after}")
        elif not (row.counts and old[key].counts):
            lines.append(f"{_name(row)} {row.void or row.left_out or old[key].void or old[key].left_out}")
        else:
            parts = (_change(old[key], row, measure) for measure in ("wall_s", "cpu_s", "peak_rss_mb"))
            lines.append(" ".join([_name(row), *parts, _moved(old[key], row)]).rstrip())
    lines += [f"{_name(row)} only in {before}" for key, row in old.items() if key not in new]
    return "\n".join(lines)


def _rows(place: Path) -> dict[tuple[str, str, str], Row]:
    rows = [row for result in read_all(place) for row in rows_of(result)]
    return {(row.benchmark, row.where, row.contender): row for row in rows}


def _name(row: Row) -> str:
    return f"{f'{row.benchmark} {row.where} {row.contender}':72s}"


def _change(old: Row, new: Row, measure: str) -> str:
    a, b = old.spread[measure].median, new.spread[measure].median
    return f"{f'{a:.2f} -> {b:.2f} ({b / a:.2f})':>22s}"


def _moved(old: Row, new: Row) -> str:
    """Whether the same contender now finds another objective."""
    if old.objective is None or new.objective is None or old.objective == new.objective:
        return ""
    return f"objective {old.objective:.9g} -> {new.objective:.9g}"
