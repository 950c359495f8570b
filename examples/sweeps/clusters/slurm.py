"""Runs a sweep on SLURM with dask-jobqueue: `python slurm.py SWEEP.yaml STORE.zarr` on a login node.

Install with `pip install "gridopt[cluster]"`.  Partition, account and times are those of your site.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

#: One job holds eight workers of one thread and 4 GB each; a scenario uses one thread.
OPTIONS: dict[str, Any] = {
    "queue": "normal",
    "cores": 8,
    "processes": 8,
    "memory": "32GB",
    "walltime": "12:00:00",
    # Workers leave before their job is ended, and their scenarios go to others.
    "worker_extra_args": ["--lifetime", "11h30m", "--lifetime-stagger", "10m"],
    "job_script_prologue": ["export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1"],
}


def main(sweep: str, store: str, jobs: int = 4) -> int:
    """Start the jobs, run the sweep on them, and take them back."""
    from dask_jobqueue import SLURMCluster

    with SLURMCluster(**OPTIONS) as cluster:
        cluster.adapt(minimum_jobs=0, maximum_jobs=jobs)
        words = ["gridopt", "sweep", sweep, "--out", store, "--resume", "--scheduler", cluster.scheduler_address]
        return subprocess.run(words, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
