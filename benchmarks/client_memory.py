"""Whether the memory of the process that runs a long sweep stays flat.

``python -m benchmarks.client_memory --scenarios 1000`` solves a week of a small synthetic province so many times on two
workers, writes the resident memory of the client (dask's scheduler lives in it) after every scenario to
``benchmarks/results/client_memory.csv``, and draws ``docs/figures/client-memory.png``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

from benchmarks.cases.dispatch_cases import province
from benchmarks.peers.dispatch import settings_of
from gridopt.case import Case
from gridopt.studies.progress import Count, Silent
from gridopt.studies.specification import parse_sweep
from gridopt.studies.sweep import How, run_sweep

ROOT = Path(__file__).resolve().parent.parent
RESULT, FIGURE = ROOT / "benchmarks" / "results" / "client_memory.csv", ROOT / "docs" / "figures" / "client-memory.png"
_WEEK_H, _BUSES = 168, 10


class Sampled(Silent):
    """Notes the memory of this process whenever a scenario is finished."""

    def __init__(self) -> None:
        self._process, self._began = psutil.Process(), time.perf_counter()
        self.rows: list[tuple[int, float, float]] = []

    def show(self, count: Count) -> None:
        """Note elapsed time and memory."""
        elapsed = time.perf_counter() - self._began
        self.rows.append((count.done, round(elapsed, 2), round(self._process.memory_info().rss / 2**20, 1)))


def sampled(scenarios: int, workers: int) -> pd.DataFrame:
    """Run the sweep and give finished scenarios, elapsed time [s] and memory [MB]."""
    problem = province(_WEEK_H, _BUSES)
    case = Case.from_pandapower(problem.net, problem.profiles, **settings_of(problem))
    scales = [round(float(scale), 5) for scale in np.linspace(0.9, 1.05, scenarios)]
    spec = parse_sweep({"case": case.name, "design": {"kind": "grid", "levers": {"demand.scale": scales}}})
    show = Sampled()
    with tempfile.TemporaryDirectory() as folder:
        store = run_sweep(spec, case, Path(folder) / "sweep.zarr", How(workers=workers), show)
        failed = [record.reason for record in store.records().values() if not record.done]
    if failed:
        raise RuntimeError(f"{len(failed)} scenarios failed: {failed[0]}")
    table = pd.DataFrame(show.rows, columns=["done", "elapsed_s", "client_rss_mb"])
    return table.drop_duplicates("done", keep="last")


def draw(table: pd.DataFrame) -> None:
    """Memory over finished scenarios."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
    axes.plot(table["done"], table["client_rss_mb"])
    top = 1.25 * float(table["client_rss_mb"].max())
    axes.set(xlabel="scenarios finished", ylabel="memory of the client, MB", ylim=(0, top))
    figure.savefig(FIGURE, dpi=120)


def main() -> None:
    """Read the arguments, run, write, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenarios", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    table = sampled(arguments.scenarios, arguments.workers)
    table.to_csv(RESULT, index=False, lineterminator="\n")
    draw(table)
    memory = table.set_index("done")["client_rss_mb"]
    early = memory[memory.index >= arguments.scenarios / 10].iloc[0]
    print(f"{arguments.scenarios} scenarios in {table['elapsed_s'].iloc[-1]:,.0f} s; memory of the client:")
    print(f"{memory.iloc[0]:.0f} MB at first, {early:.0f} MB after a tenth, {memory.iloc[-1]:.0f} MB at the end")


if __name__ == "__main__":
    main()
