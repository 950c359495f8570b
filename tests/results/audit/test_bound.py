"""Every check of the lower bound finds the violation that was planted for it."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import gridopt
from gridopt.case import load_case
from gridopt.errors import InputError
from gridopt.results.audit import Audit, Finding, View, audit, audit_view, bound
from gridopt.results.audit.proof_file import ProofFile
from gridopt.results.audit.view import MissingValuesError
from tests.results.audit.cases import network_case, view_of

Change = Callable[[View], None]
WINDOWS = 3


@cache
def written(folder: Path) -> View:
    """The result in a folder; never change it in place."""
    return view_of(folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped case of every component, in three windows."""
    horizon = {"window_h": 16, "look_ahead_h": 12, "guide": "on", "guide_step_h": 3}
    case = gridopt.load_case("tiny").override({f"horizon.{key}": value for key, value in horizon.items()})
    return gridopt.solve(case).save(tmp_path_factory.mktemp("bound") / "out")


def copied(folder: Path, change: Change) -> View:
    """A copy of the result in which something was changed."""
    view = written(folder)
    mine = View(view.case, view.data.copy(deep=True), copy.deepcopy(view.summary), copy.deepcopy(view.proof))
    change(mine)
    return mine


def spoiled(folder: Path, change: Change) -> dict[str, Finding]:
    """What the checks of the bound find in a copy in which something was changed."""
    found = bound.audit(copied(folder, change))
    return {finding.check.name: finding for finding in found if not finding.passed}


def own(view: View, piece: int, name: str) -> np.ndarray:
    """A part of a piece, which is its own from now on."""
    key = next(f"piece/{number}/{name}" for number in range(piece, -1, -1) if f"piece/{number}/{name}" in view.proof)
    view.proof[f"piece/{piece + 1}/{name}"] = view.proof.get(f"piece/{piece + 1}/{name}", view.proof[key]).copy()
    view.proof[f"piece/{piece}/{name}"] = view.proof[key].copy()
    return view.proof[f"piece/{piece}/{name}"]


def plus(piece: int, name: str, where: Callable[[View], np.ndarray], by: float) -> Change:
    """Add something to one entry of a part of a piece: the first one that fits."""

    def change(view: View) -> None:
        place = int(np.flatnonzero(where(view))[0])
        own(view, piece, name)[place] += by

    return change


def every(piece: int, name: str, by: float) -> Change:
    """Add something to all entries of a part of a piece."""

    def change(view: View) -> None:
        own(view, piece, name)[:] += by

    return change


def part(piece: int, name: str) -> Callable[[View], np.ndarray]:
    """A part of a piece as it is read."""

    def read(view: View) -> np.ndarray:
        pieces = list(ProofFile(view.proof).pieces())
        found = pieces[piece]
        for attribute in name.split("."):
            found = getattr(found, attribute)
        return found

    return read


def binding(piece: int, group: str) -> Callable[[View], np.ndarray]:
    """Rows at their upper limit, with a multiplier and no lower limit."""

    def where(view: View) -> np.ndarray:
        rows = part(piece, group)(view)
        return (rows.dual < -1e-3) & np.isneginf(rows.lower)

    return where


def of_output(piece: int, output: str) -> Callable[[View], np.ndarray]:
    """Columns that are an output alone and lie between their limits."""

    def where(view: View) -> np.ndarray:
        file = ProofFile(view.proof)
        found = list(file.pieces())[piece]
        rows = np.flatnonzero(found.told_output == file.outputs.index(output))
        columns = np.zeros(found.values.size, dtype=bool)
        columns[found.told[rows].indices] = True
        return columns & (found.values > found.lower + 1.0) & (found.values < found.upper - 1.0)

    return where


def number(key: str, by: float) -> Change:
    def change(view: View) -> None:
        view.proof[key] = view.proof[key] + by

    return change


def data(variable: str, by: float, at: int | None = None) -> Change:
    """Another value in the result, in the summary too where it has one."""

    def change(view: View) -> None:
        view.data[variable][... if at is None else at] += by

    return change


def raised_everywhere(view: View) -> None:
    """A bound that is higher wherever it is written, with its gap."""
    view.data["lower_bound_cny"] += 10.0
    view.data["window_lower_bound_cny"][1] += 10.0
    view.summary["lower_bound_cny"] += 10.0
    view.summary["gap_cny"] -= 10.0
    view.summary["gap"] = view.summary["gap_cny"] / abs(view.summary["objective_cny"])


def above_the_objective(view: View) -> None:
    view.summary["lower_bound_cny"] = view.summary["objective_cny"] + 100.0
    view.data["lower_bound_cny"] = view.data["lower_bound_cny"] * 0.0 + view.summary["lower_bound_cny"]
    view.summary["gap_cny"] = view.summary["gap"] = 0.0


def tight(view: View) -> None:
    """A multiplier so large that even rounding in its row would count: a row that is broken a little."""
    rows = part(1, "inside")(view)
    kept = int(np.flatnonzero(np.isneginf(rows.lower))[0])
    own(view, 1, "inside_upper")[kept] = (rows.matrix @ part(1, "values")(view))[kept] - 1e-6
    own(view, 1, "inside_dual")[kept] = -1e9


PLANTED: list[tuple[str, Change, str]] = [
    # check, what is changed, where
    ("gap", lambda view: view.summary.update(gap_cny=view.summary["gap_cny"] - 1.0), "gap_cny"),
    ("gap", lambda view: view.summary.update(lower_bound_cny=view.summary["lower_bound_cny"] + 1.0), "lower_bound_cny"),
    ("bound and objective", above_the_objective, "lower_bound_cny"),
    ("windows of the proof", lambda view: view.proof.update({"piece/1/core": np.array(5)}), ""),
    ("sound multipliers", plus(1, "inside_dual", binding(1, "inside"), 500000.0), "row"),
    ("sound multipliers", every(1, "upper", np.inf), "column"),
    ("parts of the bound", plus(1, "inside_dual", lambda view: part(1, "inside.dual")(view) > 1.0, 7.0), "window 1"),
    ("parts of the bound", plus(0, "seam_dual", lambda view: part(0, "seam.dual")(view) != 0, 5.0), "window"),
    ("parts of the bound", every(2, "cost", 1.0), "window 2"),
    ("parts of the bound", plus(1, "inside_upper", binding(1, "inside"), 1.0), "window 1"),
    ("parts of the bound", raised_everywhere, "window 1"),
    ("lower bound", raised_everywhere, "lower_bound_cny"),
    ("lower bound", number("worth_at_end_cny", 10.0), "lower_bound_cny"),
    ("lower bound", number("budget/price_cny", -1.0), "lower_bound_cny"),
    ("rows of the proof", plus(1, "inside_upper", binding(1, "inside"), -1.0), "row"),
    ("rows of the proof", plus(0, "seam_upper", lambda view: np.isfinite(part(0, "seam.upper")(view)), -1e4), "row"),
    ("limits of the proof", plus(1, "upper", of_output(1, "hydro_p_mw"), -500.0), "hydro_p_mw of "),
    ("broken rows of the proof", tight, "window 1"),
    ("cost in the proof", plus(1, "cost", of_output(1, "hydro_p_mw"), 10.0), "window 1"),
    ("cost in the proof", number("piece/0/constant", 100.0), "window 0"),
    ("budgets of the proof", number("budget/allowed", 1.0), ""),
    ("budgets of the proof", every(1, "use_constant", 1.0), ""),
    ("budget prices of the proof", number("budget/price_cny", 1e6), ""),
    ("budget prices of the proof", number("budget/price_cny", -1e6), ""),
    ("schedule of the proof", plus(1, "values", of_output(1, "hydro_p_mw"), 0.5), "hydro_p_mw of "),
    ("schedule of the proof", data("tie_export_mw", 0.5, 0), "tie_export_mw of "),
    ("schedule of the proof", data("storage_energy_mwh", 0.5, 0), "storage_energy_mwh of "),
]


def test_the_bound_is_good_before_anything_is_planted(folder: Path) -> None:
    view = written(folder)
    found = audit_view(view)
    assert found.passed, [finding.line for finding in found.violations]
    assert {check.name for check in bound.CHECKS} <= {finding.check.name for finding in found.findings}
    assert found.notes == ()
    assert view.data.sizes["window"] == WINDOWS
    assert abs(view.proof["budget/price_cny"]).max() > 0  # a budget has its part in the bound


@pytest.mark.parametrize(
    ("check", "change", "place"), PLANTED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_planted(folder: Path, check: str, change: Change, place: str) -> None:
    found = spoiled(folder, change)
    assert check in found, sorted(found)
    assert place in found[check].element + found[check].hour


def test_every_check_is_planted() -> None:
    assert {name for name, _, _ in PLANTED} == {check.name for check in bound.CHECKS}


def test_values_that_are_moved_together_with_the_result_break_rows(folder: Path) -> None:
    """A schedule that says the same wrong thing twice is none of the program."""

    def move(view: View) -> None:
        place = int(np.flatnonzero(of_output(1, "hydro_p_mw")(view))[0])
        own(view, 1, "values")[place] += 5.0
        piece = list(ProofFile(view.proof).pieces())[1]
        value = int(np.flatnonzero(piece.told.indices == place)[0])
        plant, step = int(piece.told_element[value]), piece.start + int(piece.told_step[value])
        view.data["hydro_p_mw"][plant, step] += 5.0

    found = spoiled(folder, move)
    assert "schedule of the proof" not in found
    assert "rows of the proof" in found


@pytest.mark.parametrize("key", ["form", "rows/factor", "piece/0/told", "piece/0/inside_dual", "element/0"])
def test_what_is_missing_in_the_file_is_a_violation(folder: Path, key: str) -> None:
    with pytest.raises(MissingValuesError, match=r"proof\.npz"):
        spoiled(folder, lambda view: view.proof.pop(key))


@pytest.mark.parametrize("key", ["rows/column", "piece/0/cost", "piece/0/told_step", "piece/1/inside_dual"])
def test_arrays_that_do_not_fit_are_a_violation(folder: Path, key: str) -> None:
    def cut(view: View) -> None:
        view.proof[key] = view.proof[key][:-1]

    with pytest.raises(MissingValuesError, match=r"proof\.npz"):
        spoiled(folder, cut)


def test_the_whole_audit_tells_what_is_missing(folder: Path) -> None:
    found = audit_view(copied(folder, lambda view: view.proof.pop("pieces")))
    assert [finding.check.name for finding in found.violations] == ["complete: bound"]


def test_a_result_without_the_file_is_told_and_no_failure(folder: Path, tmp_path: Path) -> None:
    mine = shutil.copytree(folder, tmp_path / "old")
    (mine / "proof.npz").unlink()
    found = audit(mine)
    assert found.passed
    assert found.notes == ("the lower bound was not added up again: proof.npz is not there",)
    assert found.as_dict()["notes"] == list(found.notes)


def test_a_file_that_is_none(folder: Path, tmp_path: Path) -> None:
    mine = shutil.copytree(folder, tmp_path / "bad")
    (mine / "proof.npz").write_text("no arrays")
    with pytest.raises(InputError, match="can't be read as a result"):
        audit(mine)


def test_the_same_proof_is_the_same_file(folder: Path) -> None:
    again = gridopt.solve(load_case(folder))
    assert again.proof == (folder / "proof.npz").read_bytes()


def test_a_run_without_a_proof_has_no_file(tmp_path: Path) -> None:
    found: Audit = audit(gridopt.solve(network_case()).save(tmp_path / "out"))
    assert found.notes == ()
    assert not (tmp_path / "out" / "proof.npz").exists()
