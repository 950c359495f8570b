"""Tables of README and docs from result files; nothing in them is written by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.benchmark import Benchmark, Target, load
from benchmarks.statistics import Row, Spread, rows_of
from benchmarks.store import read_all

ROOT = Path(__file__).resolve().parent.parent
README, PAGE = ROOT / "README.md", ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- benchmarks:begin -->", "<!-- benchmarks:end -->"


def write_tables(folder: Path) -> None:
    """Write the tables between the markers of README and docs, from the result files of a folder."""
    results = read_all(folder)
    for path, text in ((README, short_table(results)), (PAGE, long_tables(results))):
        path.write_text(with_block(path.read_text(encoding="utf-8"), text), encoding="utf-8")


def with_block(page: str, text: str) -> str:
    """The page with a text between its markers.

    Examples
    --------
    >>> with_block(f"a {BEGIN} old {END} z", "new").split()
    ['a', '<!--', 'benchmarks:begin', '-->', 'new', '<!--', 'benchmarks:end', '-->', 'z']
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page has no {BEGIN} … {END}")
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def short_table(results: Sequence[Mapping[str, Any]]) -> str:
    """One row for each target, at the last point of the largest size that was run."""
    lines = ["| | gridopt | peer | time, times | wanted | memory, times |", "| --- | --- | --- | --- | --- | --- |"]
    for result in _largest(results):
        benchmark, rows = load(result["benchmark"]), rows_of(result)
        for target in benchmark.targets:
            pair = _pair(benchmark, target, rows)
            if pair is not None:
                lines.append(_target_line(benchmark, target, *pair))
    if len(lines) == 2:
        return "No benchmark with a target has been run."
    return "\n".join([*lines, "", _provenance(results)])


def _largest(results: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of each benchmark the largest size; files come sorted by size."""
    return list({result["benchmark"]: result for result in results}.values())


def _pair(benchmark: Benchmark, target: Target, rows: Sequence[Row]) -> tuple[Row, Row] | None:
    """The first contender and the peer at the last point."""
    last = [row for row in rows if row.point == rows[-1].point] if rows else []
    own = next((row for row in last if row.contender == benchmark.contenders[0].name), None)
    peer = next((row for row in last if row.contender == target.peer), None)
    return None if own is None or peer is None else (own, peer)


def _target_line(benchmark: Benchmark, target: Target, own: Row, peer: Row) -> str:
    wanted = f"{target.wall_times:g}" + (f"; memory {target.memory_times:g}" if target.memory_times else "")
    cells = (
        f"{benchmark.title} ({own.where})",
        _took(own),
        f"{peer.contender} {_took(peer)}",
        _reached(ratio(own, peer, "wall_s"), target.wall_times),
        wanted,
        _reached(ratio(own, peer, "peak_rss_mb"), target.memory_times),
    )
    return f"| {' | '.join(cells)} |"


def _reached(times: float | None, least: float | None) -> str:
    missed = times is not None and least is not None and times < least
    return f"{_times(times)}, missed" if missed else _times(times)


def ratio(own: Row, peer: Row, key: str) -> float | None:
    """How many times the peer's median is the first contender's; None where one of them doesn't count."""
    if not (own.counts and peer.counts):
        return None
    return peer.spread[key].median / own.spread[key].median


def _times(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}" if value >= 20 else f"{value:.1f}"


def _took(row: Row) -> str:
    """Time and memory in words, or why there are none."""
    if not row.counts:
        return row.void or row.left_out
    return f"{seconds(row.spread['wall_s'])}, {memory(row.spread['peak_rss_mb'])}"


def seconds(spread: Spread) -> str:
    """Median with smallest and largest.

    Examples
    --------
    >>> seconds(Spread(12.345, 12.0, 13.0)), seconds(Spread(0.1234, 0.1234, 0.1234))
    ('12.3 s (12.0–13.0)', '0.12 s')
    """
    if spread.low == spread.high:
        return f"{_short(spread.median)} s"
    return f"{_short(spread.median)} s ({_short(spread.low)}–{_short(spread.high)})"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def memory(spread: Spread) -> str:
    """Peak memory.

    Examples
    --------
    >>> memory(Spread(697.2, 690.0, 700.0)), memory(Spread(13_000.0, 13_000.0, 13_000.0))
    ('697 MB', '13.0 GB')
    """
    return f"{spread.median:.0f} MB" if spread.median < 1000 else f"{spread.median / 1000:.1f} GB"


def long_tables(results: Sequence[Mapping[str, Any]]) -> str:
    """All rows of all result files."""
    parts = []
    for result in results:
        benchmark = load(result["benchmark"])
        runs = f"{result['repeats']} run{'s' if result['repeats'] > 1 else ''} each"
        head = (
            f"### {benchmark.name}, size {result['size']}\n\n{benchmark.title[0].upper()}{benchmark.title[1:]}; {runs}."
        )
        agree = f"Objectives agree within {benchmark.tolerance:g} ({benchmark.tolerance_why})."
        parts.append(f"{head} {agree}\n\n{_full_table(rows_of(result))}\n\n{_configurations(result)}")
    return "\n\n".join([_provenance(results), *parts])


def _full_table(rows: Sequence[Row]) -> str:
    lines = [
        "| | contender | wall | CPU | building | solving | memory | times | objective | |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    first: dict[str, Row] = {}
    for row in rows:
        own = first.setdefault(row.where, row)
        if row.spread:
            spread = row.spread
            parts = (_short(spread[f"{key}_wall_s"].median) + " s" for key in ("build", "solve"))
            cells = [seconds(spread["wall_s"]), _short(spread["cpu_s"].median) + " s", *parts]
            cells += [memory(spread["peak_rss_mb"]), _times(ratio(own, row, "wall_s")), f"{row.objective:.9g}"]
        else:
            cells = ["–"] * 7
        lines.append(f"| {' | '.join([row.where, row.contender, *cells, _remark(row)])} |")
    return "\n".join(lines)


def _remark(row: Row) -> str:
    if row.void:
        return f"void: {row.void}"
    if row.left_out:
        return row.left_out
    return ", ".join(f"{key} {_fact(value)}" for key, value in row.facts.items() if value is not None)


def _fact(value: float | int | str) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _configurations(result: Mapping[str, Any]) -> str:
    return "\n".join(f"- {name}: {about['configuration']}" for name, about in result["contenders"].items())


def _provenance(results: Sequence[Mapping[str, Any]]) -> str:
    """Machines, versions and dates of the results."""
    said = dict.fromkeys(
        f"{one['machine']['processor']}, {one['machine']['cores']} cores, {one['machine']['memory_gb']:.0f} GB, "
        f"Python {one['machine']['python']}, "
        + ", ".join(f"{name} {number}" for name, number in one["versions"].items() if number != "-")
        for one in results
    )
    days = sorted({one["created"][:10] for one in results})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}" if days else "never"
    return f"Measured {when} on {'; and on '.join(said)}."
