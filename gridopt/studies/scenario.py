"""Solves one scenario: the base case, changed, over its horizon or its weeks; no trace of any other scenario.

Every scenario is stated anew.  Levers change coefficients, rows and elements, which a compiled problem can't take
over, and a problem of its own is what makes the result independent of what its worker solved before.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gridopt.errors import AuditError, Fault, GridoptError, InputError
from gridopt.settings import nearest
from gridopt.studies.design import Scenario
from gridopt.studies.outages import Failure, with_drawn_outages
from gridopt.studies.season import in_season

if TYPE_CHECKING:
    import xarray as xr

    from gridopt.case import Case
    from gridopt.results.result import Result
    from gridopt.results.summary import Number
    from gridopt.studies.weeks import WeekSummary

#: Dimensions that are no elements and no hours: what stands along them is not of one shape in all scenarios.
_UNKEPT_DIMS = ("window", "budget")
_PACKAGES = ("cvxpy", "highspy", "pandapower", "numpy", "scipy")


def versions() -> dict[str, str]:
    """Versions of what a result depends on."""
    from gridopt import __version__

    return {"gridopt": __version__} | {package: version(package) for package in _PACKAGES}


@dataclass(frozen=True)
class Part:
    """A run of hours solved on its own, and how many like it there are."""

    changes: dict[str, Any]
    weight: float


@dataclass(frozen=True)
class Solved:
    """A scenario that has a result: its summary and the variables that are kept, by name.

    ``elapsed_s`` is what the whole scenario took where it was solved: changing the case, solving, audit.
    """

    summary: dict[str, Number]
    kept: dict[str, xr.DataArray] = field(default_factory=dict)
    elapsed_s: float = 0.0


@dataclass(frozen=True)
class Failed:
    """A scenario without a result, and why."""

    reason: str


Outcome = Solved | Failed


@dataclass(frozen=True, eq=False)
class Job:
    """What all scenarios of a sweep have in common; travels to every worker once.

    Attributes
    ----------
    case : Case
        The base case.
    parts : tuple of Part
        Weeks with weights; a single part of weight 1 that changes nothing: the horizon of the case.
    keep : tuple of str
        Variables that are kept beside the summary.
    failures : dict
        Failure rates by technology, where outages are drawn.
    audit : bool
        Whether every result goes through the audit.
    versions : dict
        Versions that the sweep was begun with.
    """

    case: Case
    parts: tuple[Part, ...] = (Part({}, 1.0),)
    keep: tuple[str, ...] = ()
    failures: Mapping[str, Failure] = field(default_factory=dict)
    audit: bool = True
    versions: Mapping[str, str] = field(default_factory=versions)

    @property
    def in_weeks(self) -> bool:
        """Whether the year is put together from weeks."""
        return any(part.changes for part in self.parts)

    def __call__(self, scenario: Scenario) -> Outcome:
        """Solve a scenario; what goes wrong in it becomes a reason."""
        try:
            if dict(self.versions) != versions():
                return Failed(f"this worker has {versions()}, the sweep was begun with {dict(self.versions)}")
            began = time.perf_counter()
            solved = self.solve(scenario)
            return replace(solved, elapsed_s=time.perf_counter() - began)
        except GridoptError as error:
            return Failed(f"{error.status}: " + "\n".join(error.lines))
        except Exception as error:  # noqa: BLE001 - a defect in one scenario must not stop the others
            place = traceback.extract_tb(error.__traceback__)[-1]
            return Failed(f"{type(error).__name__}: {error} ({place.name}, line {place.lineno} of {place.filename})")

    def solve(self, scenario: Scenario) -> Solved:
        """Solve a scenario over all parts of the horizon."""
        from gridopt.studies.weeks import combined, week_summary

        case = self.case_of(scenario)
        summaries: list[WeekSummary] = []
        kept: list[dict[str, xr.DataArray]] = []
        for part in self.parts:
            result = self._result(in_season(case.override(part.changes)) if part.changes else case)
            summaries.append(week_summary(result))
            kept.append({name: result.dataset[name] for name in self.keep if name in result.dataset})
        if not self.in_weeks:
            return Solved(dict(summaries[0].summary), kept[0])
        return Solved(combined(summaries, [part.weight for part in self.parts]), _joined(kept))

    def case_of(self, scenario: Scenario) -> Case:
        """The case of a scenario."""
        case = self.case
        if scenario.outage_seed is not None:
            case = with_drawn_outages(case, self.failures, scenario.outage_seed)
        changed = scenario.outage_seed is not None or scenario.changes
        return case.override(scenario.changes) if changed else case

    def _result(self, case: Case) -> Result:
        from gridopt.results.audit import audit_view
        from gridopt.results.audit.view import View
        from gridopt.run import solve

        result = solve(case)
        if self.audit:
            found = audit_view(View(case, result.dataset, result.summary))
            if not found.passed:
                raise AuditError("\n".join(finding.line for finding in found.violations))
        return result

    @cached_property
    def times(self) -> tuple[pd.DatetimeIndex, ...]:
        """Time stamps of each part."""
        return tuple((self.case.override(part.changes) if part.changes else self.case).time for part in self.parts)


def _joined(parts: list[dict[str, xr.DataArray]]) -> dict[str, xr.DataArray]:
    """Variables of all weeks: hours one after the other, what has no hours along ``week``."""
    import xarray as xr

    return {
        name: xr.concat(
            [part[name] for part in parts],
            dim="time" if "time" in values.dims else "week",
            join="outer",
            coords="minimal",
        )
        for name, values in parts[0].items()
    }


@dataclass(frozen=True)
class Template:
    """Shape of what is kept: labels of all dimensions, and the variables.

    Attributes
    ----------
    coordinates : dict
        By name: (dimensions, values, attributes).
    variables : dict
        By name: (dimensions, attributes).
    """

    coordinates: dict[str, tuple[tuple[str, ...], Any, dict[str, str]]]
    variables: dict[str, tuple[tuple[str, ...], dict[str, str]]]

    def values(self, name: str, kept: xr.DataArray) -> Any:
        """Values of a kept variable in the order of the template; NaN for elements that the scenario hasn't.

        Raises
        ------
        InputError
            Where the scenario has an element that the template lacks.
        """
        dims, _ = self.variables[name]
        for dim in dims:
            if dim in kept.coords:
                unknown = kept.indexes[dim].difference(pd.Index(self.coordinates[dim][1]))
                if len(unknown):
                    message = f"{dim} {unknown[0]!s} is not in the base case; choose one that has every element"
                    raise InputError(Fault(table=name, message=message))
        labels = {dim: self.coordinates[dim][1] for dim in dims if dim in kept.coords}
        return kept.reindex(labels).transpose(*dims).to_numpy()


def template(job: Job, keep: tuple[str, ...] | None) -> Template:
    """Shape of what a job keeps, from the base case solved over its first day.

    Parameters
    ----------
    job
        The job; its own ``keep`` is not looked at.
    keep
        Names of variables; None: all.
    """
    from gridopt.run import solve

    if keep == ():
        return Template({}, {})
    case = job.case.override(job.parts[0].changes) if job.in_weeks else job.case
    first_h = min(24.0, len(case.time) * case.settings.step_h)
    dataset = solve(case.override({"hours": max(first_h, case.settings.step_h)})).dataset
    able = [str(name) for name, values in dataset.data_vars.items() if not set(values.dims) & set(_UNKEPT_DIMS)]
    faults = [
        Fault(table="sweep", row="keep", message=f"no variable {name!r} that can be kept{nearest(name, able)}")
        for name in keep or ()
        if name not in able
    ]
    if faults:
        raise InputError(faults)
    chosen = dataset[list(keep) if keep is not None else able]
    return Template(_coordinates(job, chosen), _variables(job, chosen))


def _variables(job: Job, chosen: xr.Dataset) -> dict[str, tuple[tuple[str, ...], dict[str, str]]]:
    out = {}
    for name, values in chosen.data_vars.items():
        dims = tuple(map(str, values.dims))
        weekly = job.in_weeks and "time" not in dims
        out[str(name)] = (("week", *dims) if weekly else dims, {str(k): str(v) for k, v in values.attrs.items()})
    return out


def _coordinates(job: Job, chosen: xr.Dataset) -> dict[str, tuple[tuple[str, ...], Any, dict[str, str]]]:
    """Labels of the kept variables; the time axis is that of all parts."""
    out = {
        str(name): (tuple(map(str, values.dims)), values.to_numpy(), {str(k): str(v) for k, v in values.attrs.items()})
        for name, values in chosen.coords.items()
        if "time" not in values.dims and set(values.dims) <= set(chosen.sizes)
    }
    time = np.concatenate([part.to_numpy() for part in job.times])
    out["time"] = (("time",), time, {"long_name": "end of the step, local standard time"})
    if job.in_weeks:
        number = np.repeat(np.arange(len(job.parts)), [len(part) for part in job.times])
        weight = np.array([part.weight for part in job.parts])
        out["time_week"] = (("time",), number, {"long_name": "number of the week"})
        out["time_weight"] = (("time",), weight[number], {"long_name": "weeks that the hour's week stands for"})
        out["week"] = (("week",), np.arange(len(job.parts)), {"long_name": "number of the week"})
    return out
