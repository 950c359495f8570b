"""`gridopt run` as a user starts it: what it prints where, how it ends, and that it ends the same every time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import xarray as xr
from typer.testing import CliRunner

import gridopt
from gridopt.cli import app
from gridopt.errors import InputError
from tests.results import solved

ROOT = Path(gridopt.__file__).parents[1]
PROGRAM = "from gridopt.cli import main; main()"


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", PROGRAM, *arguments]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default"}


def started(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), cwd=folder, env=environment(), capture_output=True, text=True, check=False, timeout=120
    )


def same(one: xr.Dataset, other: xr.Dataset) -> None:
    xr.testing.assert_identical(solved.without(one, "created"), solved.without(other, "created"))


# --- determinism ---------------------------------------------------------------------------------------------


def test_two_solves_give_the_same_dataset_also_after_another_case() -> None:
    first = solved.tiny()
    solved.case9()
    solved.mixed()
    second = gridopt.solve(gridopt.load_case("tiny"))
    same(first.dataset, second.dataset)
    measured = {"wall_s", "peak_rss_mb"}
    assert {k: v for k, v in first.summary.items() if k not in measured} == {
        k: v for k, v in second.summary.items() if k not in measured
    }


def test_a_fresh_process_prints_one_json_object_and_gives_the_same_dataset(tmp_path: Path) -> None:
    done = started("run", "tiny", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    written = tmp_path / "results" / "tiny"
    assert json.loads(done.stdout) == json.loads((written / "summary.json").read_text(encoding="utf-8"))
    assert done.stdout.count("\n}") == 1
    assert done.stderr == ""
    ours = solved.tiny().save(tmp_path / "ours")
    with xr.open_dataset(written / "results.nc") as theirs, xr.open_dataset(ours / "results.nc") as mine:
        same(theirs.load(), mine.load())
    assert sorted(path.name for path in written.parent.iterdir()) == ["tiny"]


# --- options -------------------------------------------------------------------------------------------------


def invoke(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "160"})
    assert "Traceback" not in done.stderr + done.stdout
    return done.exit_code, done.stdout, done.stderr


def test_hours_start_and_changes(tmp_path: Path) -> None:
    code, stdout, stderr = invoke(
        *("run", "tiny", "--start", "2030-01-16", "--hours", "6", "--set", "demand.scale=1.01"),
        *("--set", "unit_commitment=off", "--threads", "1", "--out", str(tmp_path / "out")),
    )
    assert code == 0, stderr
    assert "2030-01-16 00:00 to 2030-01-16 06:00, 6 h, network dc, commitment off" in stdout
    assert "6/6" in stderr
    assert "6/6" not in stdout
    with xr.open_dataset(tmp_path / "out" / "results.nc") as data:
        assert str(data["time"].values[0]).startswith("2030-01-16T01:00")
        assert data.sizes["time"] == 6
        demand = solved.tiny().dataset["demand_mw"].sel(time=data["time"])
        xr.testing.assert_allclose(data["demand_mw"], 1.01 * demand)


# --- failures ------------------------------------------------------------------------------------------------


def test_a_key_that_does_not_exist(tmp_path: Path) -> None:
    code, stdout, stderr = invoke("run", "tiny", "--set", "horizon.windows_h=3", "--out", str(tmp_path / "o"), "--json")
    assert code == 2
    told = json.loads(stdout)
    assert told["status"] == InputError.status
    assert "windows_h" in told["errors"][0]
    assert "windows_h" in stderr
    assert not list(tmp_path.iterdir())


def test_infeasible(tmp_path: Path) -> None:
    changes = ["--set", "prices.value_of_lost_load_cny_per_mwh=null", "--set", "demand.scale=2"]
    out = tmp_path / "out"
    changes += ["--set", "unit_commitment=off"]
    code, stdout, stderr = invoke("run", "tiny", *changes, "--out", str(out), "--json")
    assert code == 3
    assert json.loads(stdout)["status"] == "infeasible"
    assert "no schedule meets all limits from 2030-01-15 01:00 to 2030-01-17 00:00" in stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("below", [True, False])
def test_a_folder_that_cannot_be_written(tmp_path: Path, below: bool) -> None:
    (tmp_path / "file").write_text("mine")
    out = tmp_path / "file" / "out" if below else tmp_path / "file"
    code, _, stderr = invoke("run", "tiny", "--hours", "6", "--out", str(out))
    assert code == (4 if below else 2)
    assert str(out) in stderr
    assert "1/6" not in stderr, "known before anything is solved"
    assert (tmp_path / "file").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_interrupt_ends_in_one_line_without_a_result(tmp_path: Path) -> None:
    # the child interrupts itself after its first window, as Ctrl-C would
    program = (
        "import os, signal, gridopt.horizon.solvers as solvers\n"
        # a job in the background inherits that interrupts are ignored; a terminal does not
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "keep = solvers.WindowSolver.keep\n"
        "def interrupted(self, window, record):\n"
        "    price = keep(self, window, record)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    return price\n"
        "solvers.WindowSolver.keep = interrupted\n" + PROGRAM
    )
    arguments = ["run", "tiny", "--set", "unit_commitment=off", "--set", "horizon.look_ahead_h=0", "--out", "out"]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 128 + signal.SIGINT
    assert done.stderr.strip().splitlines()[-1] == "error: interrupted"
    assert "Traceback" not in done.stderr
    assert done.stdout.strip() == ""
    assert not list(tmp_path.iterdir())
