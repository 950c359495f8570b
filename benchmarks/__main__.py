"""``python -m benchmarks``: run, compare, and make the table."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.benchmark import NAMES, SIZES, load
from benchmarks.compare import compared
from benchmarks.runner import How, run
from benchmarks.statistics import rows_of
from benchmarks.store import read_all
from benchmarks.table import write_tables

RESULTS = Path(__file__).parent / "results"
_QUICK_LIMIT_S, _LIMIT_S = 60.0, 3600.0
# What a thread library could take for itself.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["compare"]:
        print(compared(*_places("compare", words[1:], 2)))
        return 0
    if words[:1] == ["table"]:
        write_tables(*_places("table", words[1:], 1))
        return 0
    return _run(_parser().parse_args(words))


def _places(command: str, words: list[str], count: int) -> list[Path]:
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks {command}")
    parser.add_argument("place", nargs=count, type=Path, help="a result file or a folder of them")
    places: list[Path] = parser.parse_args(words).place
    return places


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Run benchmarks. Also: `python -m benchmarks compare A B` and `python -m benchmarks table DIR`.",
    )
    parser.add_argument("--quick", action="store_true", help="all at size s, once, in forked processes: a smoke test")
    parser.add_argument("--only", choices=NAMES, action="append", help="this benchmark alone; may be repeated")
    parser.add_argument("--size", choices=SIZES, default="l", help="size of the problems (default: l)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each contender (default: 3)")
    parser.add_argument("--limit-s", type=float, default=_LIMIT_S, help="time after which a run is stopped [s]")
    parser.add_argument("--out", type=Path, help=f"folder of the result files (default: {RESULTS}; quick: none)")
    return parser


def _run(asked: argparse.Namespace) -> int:
    for variable in _ONE_THREAD:
        os.environ[variable] = "1"
    names = asked.only or NAMES
    with tempfile.TemporaryDirectory() as nowhere:
        if asked.quick:
            how = How("s", 1, asked.out or Path(nowhere), _QUICK_LIMIT_S, fresh=False)
        else:
            how = How(asked.size, asked.repeats, asked.out or RESULTS, asked.limit_s)
        paths = [run(load(name), how, lambda line: print(line, flush=True)) for name in names]
        return _verdict(paths, strict=asked.quick)


def _verdict(paths: list[Path], *, strict: bool) -> int:
    """Say which rows do not count, and why; in a smoke test each of them is an error."""
    bad = [row for path in paths for result in read_all(path) for row in rows_of(result) if not row.counts]
    for row in bad:
        print(
            f"doesn't count: {row.benchmark} {row.where} {row.contender}: {row.void or row.left_out}", file=sys.stderr
        )
    return 1 if bad and strict else 0


if __name__ == "__main__":
    sys.exit(main())
