"""Results on disk: whole or not at all, and good for running the case again."""

from __future__ import annotations

import json
import resource
from pathlib import Path

import pytest
import xarray as xr

import gridopt
import gridopt.run
from gridopt.errors import InputError, SolverError
from tests.results import solved

FILES = {"results.nc", "summary.json", "case.yaml", "network.json", "profiles.nc", "proof.npz"}
FILES |= {"scorecard.csv", "tables", "tables.xlsx"}


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_files_are_whole_and_alone(tmp_path: Path) -> None:
    folder = solved.tiny().save(tmp_path / "deep" / "out")
    assert {path.name for path in folder.iterdir()} == FILES
    assert [path.name for path in folder.parent.iterdir()] == ["out"]
    text = (folder / "summary.json").read_text(encoding="utf-8")
    assert json.loads(text) == solved.tiny().summary
    assert list(json.loads(text)) == list(solved.tiny().summary)


def test_saved_case_runs_again_with_the_same_result(tmp_path: Path) -> None:
    folder = solved.tiny().save(tmp_path / "out")
    again = gridopt.load_case(folder)
    assert again.input_sha256 == solved.tiny().case.input_sha256
    assert gridopt.solve(again).summary["objective_cny"] == solved.tiny().summary["objective_cny"]


def test_saved_case_of_an_own_net_is_the_same_case(tmp_path: Path) -> None:
    for result in (solved.case9(), solved.congested()):
        again = gridopt.load_case(result.save(tmp_path / "out"))
        assert again.input_sha256 == result.case.input_sha256


def test_an_older_result_is_replaced(tmp_path: Path) -> None:
    folder = solved.case9().save(tmp_path / "out")
    (folder / "report.html").write_text("of the older result")
    solved.tiny().save(folder)
    assert {path.name for path in folder.iterdir()} == FILES
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_leftovers_of_a_killed_run_do_not_matter(tmp_path: Path) -> None:
    for name in ("out.tmp", "out.old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "results.nc").write_text("half")
    solved.case9().save(tmp_path / "out")
    solved.case9().save(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("NetCDF: HDF error")])
def test_a_write_that_fails_leaves_the_older_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    folder = solved.case9().save(tmp_path / "out")
    before = content(folder)

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(xr.Dataset, "to_netcdf", fail)
    with pytest.raises(SolverError, match="can't write") as caught:
        solved.tiny().save(folder)
    assert caught.value.exit_code == 4
    assert str(error) in str(caught.value)
    assert content(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_disk_that_really_refuses(tmp_path: Path) -> None:
    folder = solved.case9().save(tmp_path / "out")
    before = content(folder)
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, old[1]))
    try:
        with pytest.raises(SolverError, match="can't write"):
            solved.tiny().save(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert content(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_interrupted_write_leaves_no_half_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(xr.Dataset, "to_netcdf", interrupt)
    with pytest.raises(KeyboardInterrupt):
        solved.case9().save(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_result_that_cannot_take_its_name_gives_the_older_one_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = solved.case9().save(tmp_path / "out")
    before = content(folder)
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if self.name == "out.tmp":
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(SolverError):
        solved.tiny().save(folder)
    assert content(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_is_no_result_is_never_replaced(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "thesis"
    if kind == "folder":
        place.mkdir()
        (place / "chapter.txt").write_text("years of work")
    else:
        place.write_text("years of work")

    def solve(*_: object, **__: object) -> None:
        raise AssertionError("nothing may be solved before the folder is checked")

    monkeypatch.setattr(gridopt.run, "solve", solve)
    with pytest.raises(InputError, match="is no result of gridopt"):
        gridopt.run.run(solved.case9().case, out=place)
    with pytest.raises(InputError, match="is no result of gridopt"):
        solved.case9().save(place)
    assert (place / "chapter.txt" if kind == "folder" else place).read_text() == "years of work"
    assert [path.name for path in tmp_path.iterdir()] == ["thesis"]


def test_an_empty_folder_and_a_relative_one_are_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path)
    assert (solved.case9().save("out/") / "results.nc").is_file()
    assert (tmp_path / "out" / "results.nc").is_file()
