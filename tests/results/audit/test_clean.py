"""Good results pass: the shipped case, and random systems of every part solved in several windows."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import gridopt
from gridopt.errors import AuditError, InputError
from gridopt.results.audit import audit, require
from tests.horizon.audited import audited
from tests.horizon.random_cases import random_case
from tests.model.systems import case_of, grid, load, profiles, wind
from tests.results import solved


@pytest.fixture(scope="module")
def tiny_result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return solved.tiny().save(tmp_path_factory.mktemp("tiny") / "out")


def test_the_tiny_case_passes(tiny_result: Path) -> None:
    found = audit(tiny_result)
    assert found.passed
    assert sum(finding.values for finding in found.findings) > 5000


def test_an_ordinary_net_passes(tmp_path: Path) -> None:
    assert require(solved.case9().save(tmp_path / "out")).passed


@pytest.mark.parametrize("seed", range(4))
def test_random_systems_pass(seed: int, tmp_path: Path) -> None:
    net, hours = random_case(seed, 40)
    horizon = {"mode": "rolling", "window_h": 10, "look_ahead_h": 5}
    result = gridopt.solve(case_of(net, hours, horizon=horizon, policy={"dr_share_of_peak": 0.0}))
    found = audit(result.save(tmp_path / "out"))
    assert found.passed, [finding.line for finding in found.violations]


def test_files_that_are_none(tmp_path: Path, tiny_result: Path) -> None:
    with pytest.raises(InputError, match=r"results\.nc is missing"):
        audit(tmp_path)
    copy = shutil.copytree(tiny_result, tmp_path / "copy")
    (copy / "results.nc").write_text("not a dataset")
    with pytest.raises(InputError, match="can't be read as a result"):
        audit(copy)


def spoil(folder: Path) -> None:
    """Change one value in the files of a result."""
    with xr.open_dataset(folder / "results.nc") as opened:
        data = opened.load()
    data["renewable_curtailment_mw"][0, 5] += 1.0
    data.to_netcdf(folder / "results.nc", engine="netcdf4")


def test_one_changed_value_in_the_file_is_found(tiny_result: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny_result, tmp_path / "copy")
    spoil(copy)
    found = audit(copy)
    assert [finding.check.name for finding in found.violations] == ["curtailment"]
    with pytest.raises(AuditError, match="curtailment: off by"):
        require(copy)


def test_a_result_that_breaks_its_case_is_kept_as_failed(tmp_path: Path) -> None:
    good = solved.tiny().save(tmp_path / "out")
    before = (good / "results.nc").read_bytes()
    dataset = solved.tiny().dataset.copy(deep=True)
    dataset["renewable_curtailment_mw"][0, 5] += 1.0
    bad = gridopt.results.result.Result(solved.tiny().case, dataset, solved.tiny().summary)
    with pytest.raises(AuditError, match=r"kept as .*out\.failed") as caught:
        bad.save(tmp_path / "out")
    assert caught.value.exit_code == 5
    assert (good / "results.nc").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "out.failed"]
    assert json.loads((tmp_path / "out.failed" / "summary.json").read_text(encoding="utf-8"))["status"] == "optimal"
    with pytest.raises(AuditError):
        bad.save(tmp_path / "out")  # the older failed one is replaced


def test_the_audit_knows_nothing_of_the_model(tiny_result: Path) -> None:
    program = (
        "import sys\n"
        "from gridopt.results.audit import audit\n"
        f"assert audit({str(tiny_result)!r}).passed\n"
        "rooms = ('gridopt.model', 'gridopt.solver', 'gridopt.horizon', 'cvxpy', 'highspy')\n"
        "print([name for name in sys.modules if name.startswith(rooms)])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_a_site_without_wind_says_nothing_of_sharing() -> None:
    net = grid()
    load(net, 0, 30.0)
    wind(net, 0, 60.0, "calm")
    wind(net, 0, 40.0, "windy")
    series = profiles(2, calm=("availability", [0.0, 1.0]), windy=("availability", [1.0, 1.0]))
    policy = {"curtailment_sharing": "pro_rata", "dr_share_of_peak": 0.0}
    shared = audited(case_of(net, series, policy=policy))
    np.testing.assert_allclose(shared.dataset["renewable_p_mw"], [[0.0, 18.0], [30.0, 12.0]], atol=1e-6)
