"""How many scenarios of a sweep file an hour holds, by the number of workers.

``python -m benchmarks.scaling examples/sweeps/jilin-2030-flexibility.yaml --workers 1 2 --every 8`` solves every eighth
scenario with one worker and then with two, each time into a new store, and writes a row for each to
``benchmarks/results/scaling.csv``; rows of the same sweep, workers and scenarios are replaced.

*Solving* is the sum of the scenarios' own ``wall_s``; *working* adds what else a scenario does where it is solved:
changing the case, water of the season, audit.  The rest of the workers' time is the *overhead*: start of the cluster,
dask, the way to and from the worker, the store, and what the last scenario leaves a second worker to wait for.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd

from gridopt.case import load_case
from gridopt.studies.progress import Live
from gridopt.studies.specification import Sweep, parse_sweep, read_sweep
from gridopt.studies.sweep import How, run_sweep

RESULT = Path(__file__).resolve().parent / "results" / "scaling.csv"
_KEY = ["sweep", "workers", "scenarios"]


def every_nth(spec: Sweep, every: int) -> Sweep:
    """The same sweep with every n-th of its scenarios."""
    chosen = [
        {"name": str(scenario.number), "set": scenario.changes} for scenario in spec.design.design().scenarios[::every]
    ]
    values = spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return parse_sweep({**values, "design": {"kind": "list", "scenarios": chosen}})


def measured(file: Path, every: int, workers: int) -> dict[str, Any]:
    """Run the sweep once into a store of its own, and say how long it took."""
    spec = every_nth(read_sweep(file), every)
    base = load_case(spec.case, spec.changes)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        store = run_sweep(spec, base, Path(folder) / "sweep.zarr", How(workers=workers), Live(file.stem))
        elapsed = time.perf_counter() - began
        records = store.records().values()
    failed = [record.reason for record in records if not record.done]
    if failed:
        raise RuntimeError(f"{len(failed)} scenarios failed: {failed[0]}")
    solving = sum(float(record.summary["wall_s"]) for record in records)
    working = sum(record.elapsed_s or 0.0 for record in records)
    return {
        "sweep": file.stem,
        "workers": workers,
        "scenarios": len(records),
        "elapsed_s": round(elapsed, 1),
        "solving_s": round(solving, 1),
        "working_s": round(working, 1),
        "scenarios_per_hour": round(3600 * len(records) / elapsed, 1),
        "overhead_share": round((workers * elapsed - working) / solving, 4),
    }


def keep(row: dict[str, Any]) -> None:
    """Write a row in the place of an older one of the same sweep, workers and scenarios."""
    table = pd.DataFrame([row])
    if RESULT.exists():
        table = pd.concat([pd.read_csv(RESULT), table]).drop_duplicates(_KEY, keep="last")
    table.sort_values(_KEY).to_csv(RESULT, index=False, lineterminator="\n")


def main() -> None:
    """Read the arguments, run, write, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="sweep file")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--every", type=int, default=1, help="solve every n-th scenario alone")
    arguments = parser.parse_args()
    for workers in arguments.workers:
        row = measured(arguments.file, arguments.every, workers)
        keep(row)
        print(", ".join(f"{name} {value}" for name, value in row.items()), flush=True)


if __name__ == "__main__":
    main()
