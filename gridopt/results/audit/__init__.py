"""The independent audit of a written result.

It reads ``results.nc``, ``summary.json`` and the resolved ``case.yaml`` of a folder and computes every equation,
limit, rule and cost again, with numpy and scipy alone, from the tables of the net and the profiles.  It shares no
code with the model: what both get wrong in the same way must be wrong twice.

>>> import tempfile, gridopt
>>> from gridopt.results.audit import audit
>>> with tempfile.TemporaryDirectory() as folder:
...     written = gridopt.solve(gridopt.load_case("tiny")).save(f"{folder}/out")
...     audit(written).passed
True
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from gridopt.errors import AuditError, Fault, InputError
from gridopt.results.audit import (
    balance,
    bound,
    budget,
    emission,
    flexible,
    generator,
    heat,
    hydro,
    objective,
    pilot,
    renewable,
    reserve,
    response,
    security,
    storage,
    thermal,
    tie,
)
from gridopt.results.audit.finding import Check, Finding
from gridopt.results.audit.proof_file import open_proof
from gridopt.results.audit.view import MissingValuesError, View

if TYPE_CHECKING:
    from gridopt.case import Case

INPUTS = Check("inputs", "the result was computed from this very case", "1")
TIME = Check("time", "the result has every step of the horizon, in order", "1")
COMPLETE = Check("complete", "every value that a check needs is there and is a number", "1")
OWN = (INPUTS, TIME, COMPLETE)

_PARTS: tuple[Any, ...] = (
    *(
        balance,
        security,
        generator,
        thermal,
        renewable,
        hydro,
        storage,
        tie,
        response,
        flexible,
        heat,
        pilot,
        reserve,
        emission,
    ),
)
#: Every check there is.
CHECKS: tuple[Check, ...] = (
    *OWN,
    *(check for part in (*_PARTS, budget, objective, bound) for check in part.CHECKS),
)


@dataclass(frozen=True)
class Audit:
    """Outcome of an audit: one finding for each check that the case gives something to, and what was not checked."""

    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing is violated."""
        return all(finding.passed for finding in self.findings)

    @property
    def violations(self) -> tuple[Finding, ...]:
        """Findings beyond their tolerance."""
        return tuple(finding for finding in self.findings if not finding.passed)

    def as_dict(self) -> dict[str, Any]:
        """Status and findings as plain values."""
        return {
            "status": "passed" if self.passed else AuditError.status,
            "violations": len(self.violations),
            "values": sum(finding.values for finding in self.findings),
            "findings": [finding.as_dict() for finding in self.findings],
            "notes": list(self.notes),
        }


def audit(folder: str | Path) -> Audit:
    """Check a written result against its case.

    Parameters
    ----------
    folder
        Folder with ``results.nc``, ``summary.json`` and ``case.yaml``.

    Returns
    -------
    Audit

    Raises
    ------
    InputError
        Where the folder holds no result, or its case can't be read.
    """
    import xarray as xr

    from gridopt.case import load_case

    folder = Path(folder)
    missing = [name for name in ("results.nc", "summary.json", "case.yaml") if not (folder / name).is_file()]
    if missing:
        raise InputError([Fault(str(folder), message=f"is no result: {name} is missing") for name in missing])
    case = load_case(folder)
    try:
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        with xr.open_dataset(folder / "results.nc", engine="netcdf4") as opened:
            data = opened.load()
        opened_proof = open_proof(folder)
    except (OSError, ValueError, BadZipFile) as error:  # what json, netCDF and numpy raise on files that are no such
        raise InputError(Fault(str(folder), message=f"can't be read as a result: {error}")) from error
    with opened_proof as proof:
        return audit_view(View(case, data, summary, proof))


def audit_view(view: View) -> Audit:
    """Check a result that has been read."""
    findings = list(_inputs(view.case, view))
    if all(finding.passed for finding in findings):
        budgets: list[budget.Budget] = []
        for part in _PARTS:
            findings += _guarded(part.__name__.rpartition(".")[2], partial(part.audit, view))
        findings += _guarded("budget", lambda: _with_budgets(view, budgets))
        findings += _guarded("objective", lambda: objective.audit(view, budgets))
        findings += _guarded("bound", lambda: bound.audit(view))
    return Audit(tuple(findings), bound.notes(view))


def _with_budgets(view: View, budgets: list[budget.Budget]) -> Iterator[Finding]:
    budgets += objective.all_budgets(view)
    yield from budget.audit(view, budgets)


def _inputs(case: Case, view: View) -> Iterator[Finding]:
    """The result belongs to the case, and has its hours."""
    same = view.data.attrs.get("input_sha256") == case.input_sha256
    yield Finding(INPUTS, 1, 0.0 if same else 1.0, element="" if same else "input_sha256")
    time = view.data.indexes["time"] if "time" in view.data.coords else case.time[:0]
    fits = len(time) == len(case.time) and bool((time == case.time).all())
    at = 0 if len(time) != len(case.time) else int(np.argmax(time != case.time))
    yield Finding(TIME, len(case.time), 0.0 if fits else 1.0, hour="" if fits else f"{case.time[at]:%Y-%m-%d %H:%M}")


def _guarded(part: str, run: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """Findings of a part; a value that is missing there is a violation of its own."""
    findings: list[Finding] = []
    try:
        findings.extend(run())
    except MissingValuesError as missing:
        check = Check(f"{COMPLETE.name}: {part}", COMPLETE.proves, COMPLETE.unit)
        findings.append(Finding(check, 1, float("inf"), element=str(missing)))
    return findings


def require(folder: str | Path) -> Audit:
    """Check a written result, and raise where it breaks anything.

    Raises
    ------
    AuditError
        One line for every violated check.
    """
    found = audit(folder)
    if not found.passed:
        raise AuditError("\n".join(finding.line for finding in found.violations))
    return found
