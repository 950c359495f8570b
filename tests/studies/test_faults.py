"""What a cluster may suffer: a killed worker, a killed client, a sweep that goes on afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import xarray as xr
import yaml

from gridopt.studies.design import Scenario
from gridopt.studies.runner import Limit
from gridopt.studies.scenario import Failed, Solved
from gridopt.studies.store import Store
from tests.studies.acts import solve

ROOT = Path(__file__).parents[2]
SWEEP = {
    "case": "tiny",
    "set": {"hours": 12, "network_level": "copperplate"},
    "audit": False,
    "design": {
        "kind": "grid",
        "levers": {"demand.scale": [0.9, 1.0, 1.1], "policy.dr_share_of_peak": [0, 0.02, 0.04, 0.06]},
    },
    "keep": ["generator_p_mw"],
    "cluster": {"workers": 2},
}
MACHINE = ("wall_s", "peak_rss_mb")
LONG_S = 300


def command(*words):
    return [sys.executable, "-c", "from gridopt.cli import main; main()", *map(str, words)]


def wait_for(what, process):
    """Wait until something holds, while the sweep runs."""
    end = time.monotonic() + LONG_S
    while time.monotonic() < end:
        if what():
            return
        assert process.poll() is None, "the sweep ended too early"
        time.sleep(0.05)
    raise AssertionError("waited too long")


def records(path):
    return {file.name: file.stat().st_mtime_ns for file in (path / "scenarios").glob("*.json")}


def workers(process):
    """Processes of the dask workers: those that have a child for the solving."""

    def solves(child):
        try:
            return any("gridopt.studies.limited" in " ".join(inner.cmdline()) for inner in child.children())
        except psutil.Error:
            return False

    return [child for child in psutil.Process(process.pid).children(recursive=True) if solves(child)]


def test_a_cluster_gives_every_outcome_and_is_left_clean():
    from gridopt.studies.cluster import connected, on_dask

    running = []
    with connected(None, 1, "1GB") as client:
        scenarios = [Scenario(number, {}) for number in range(3)]
        source = on_dask(solve, scenarios, client, Limit(60, 500), "test", running.append)
        found = {scenario.number: outcome for scenario, outcome in source}
        left = client.run(lambda dask_worker: [name for name in dask_worker.plugins if name == "test"])
    assert [type(found[number]) for number in range(3)] == [Solved, Failed, Solved]
    assert "signal 9, 2 times" in found[1].reason
    assert running == [1, 1, 1, 0]
    assert list(left.values()) == [[]]


@pytest.mark.slow
def test_a_killed_worker_and_a_killed_client_change_nothing(tmp_path):
    file, path, calm = tmp_path / "sweep.yaml", tmp_path / "s.zarr", tmp_path / "calm.zarr"
    file.write_text(yaml.safe_dump(SWEEP))
    process = subprocess.Popen(command("sweep", file, "--out", path), cwd=tmp_path)
    try:
        wait_for(lambda: path.exists() and records(path) and workers(process), process)
        worker = workers(process)[0]
        os.kill(worker.pid, signal.SIGKILL)
        after = len(records(path))
        wait_for(lambda: len(records(path)) >= after + 3, process)
        assert len(records(path)) < 12
        others = psutil.Process(process.pid).children(recursive=True)
    finally:
        process.kill()
        process.wait()
    _, alive = psutil.wait_procs(others, timeout=30)
    assert not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]
    before = records(path)
    xr.open_zarr(path).load()

    assert subprocess.run(command("sweep", file, "--out", path), cwd=tmp_path, check=False).returncode == 2
    subprocess.run(command("sweep", file, "--out", path, "--resume"), cwd=tmp_path, check=True)
    assert len(records(path)) == 12
    assert before.items() <= records(path).items()  # not one of them was written again
    subprocess.run(command("sweep", file, "--out", calm, "--shard", "1/1"), cwd=tmp_path, check=True)
    xr.testing.assert_identical(Store(path).dataset().load(), Store(calm).dataset().load())
    for number, record in Store(calm).records().items():
        other = Store(path).records()[number]
        assert (record.sha256, record.reason) == (other.sha256, "")
        kept = [{key: value for key, value in r.summary.items() if key not in MACHINE} for r in (record, other)]
        assert kept[0] == kept[1]


@pytest.mark.slow
def test_limits_and_ctrl_c_from_the_command_line(tmp_path):
    file, path = tmp_path / "sweep.yaml", tmp_path / "s.zarr"
    file.write_text(yaml.safe_dump(SWEEP | {"limits": {"memory_mb": 30}}))
    ended = subprocess.run(
        command("sweep", file, "--out", path, "--shard", "1/6"),
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 4
    assert "memory limit of 30 MB reached" in ended.stdout
    assert "10 to do: --resume continues" in ended.stdout
    shutil.rmtree(path)
    file.write_text(yaml.safe_dump(SWEEP))
    process = subprocess.Popen(command("sweep", file, "--out", path), cwd=tmp_path, start_new_session=True)
    wait_for(lambda: path.exists() and records(path), process)
    os.killpg(process.pid, signal.SIGINT)  # what Ctrl-C does: all processes of the terminal get it
    assert process.wait(timeout=LONG_S) == 130
    assert 0 < len(records(path)) < 12
    assert (path / "summaries.parquet").exists()
