"""`gridopt audit` as a user starts it, and what `gridopt run` does with a result that breaks its case."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import gridopt.results.dataset
from gridopt.cli import app
from tests.results import solved
from tests.results.audit.test_clean import spoil


def invoke(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})
    assert "Traceback" not in done.stderr + done.stdout
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def result(tmp_path: Path) -> Path:
    return solved.tiny().save(tmp_path / "out")


def test_a_good_result(result: Path) -> None:
    code, stdout, stderr = invoke("audit", str(result))
    assert code == 0
    assert stderr == ""
    assert "nodal balance" in stdout
    assert stdout.strip().endswith("values: passed")


def test_a_spoilt_result(result: Path) -> None:
    spoil(result)
    code, stdout, stderr = invoke("audit", str(result))
    assert code == 5
    assert stdout.strip().endswith("values: 1 violated")
    assert stderr.startswith("error: curtailment: off by 1 MW at ")


def test_json(result: Path) -> None:
    code, stdout, _ = invoke("audit", str(result), "--json")
    told = json.loads(stdout)
    assert (code, told["status"], told["violations"]) == (0, "passed", 0)
    assert {"check", "proves", "passed", "values", "worst", "unit", "element", "hour"} <= set(told["findings"][0])
    spoil(result)
    code, stdout, _ = invoke("audit", str(result), "--json")
    told = json.loads(stdout)
    assert (code, told["status"], told["violations"]) == (5, "audit_failure", 1)


def test_a_folder_that_is_no_result(tmp_path: Path) -> None:
    code, stdout, stderr = invoke("audit", str(tmp_path), "--json")
    assert code == 2
    assert json.loads(stdout)["status"] == "bad_input"
    assert "results.nc is missing" in stderr


def test_a_run_that_breaks_its_case_ends_with_5_and_keeps_the_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = gridopt.results.dataset.build_dataset

    def wrong(*arguments: object) -> object:
        dataset = build(*arguments)
        dataset["renewable_curtailment_mw"][0, 5] += 1.0
        return dataset

    monkeypatch.setattr(gridopt.results.dataset, "build_dataset", wrong)
    code, stdout, stderr = invoke("run", "tiny", "--out", str(tmp_path / "out"), "--json")
    assert code == 5
    assert json.loads(stdout)["status"] == "audit_failure"
    assert "curtailment" in stderr
    assert [path.name for path in tmp_path.iterdir()] == ["out.failed"]
    assert invoke("audit", str(tmp_path / "out.failed"))[0] == 5
