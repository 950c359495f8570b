"""Solves all variants of a study over all its periods, in parallel, into a store that a later run goes on with."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from gridopt.errors import SolverError
from gridopt.studies import design as designs
from gridopt.studies.builtin.cube import WHOLE, cube_of
from gridopt.studies.builtin.edits import varied
from gridopt.studies.builtin.study import PERIOD, VARIANT, Answer, Numbers, Study, Variant, nothing_more
from gridopt.studies.progress import Count, Silent
from gridopt.studies.runner import Finished, Limit, here, put_all
from gridopt.studies.scenario import Job, Solved, Template, versions
from gridopt.studies.season import in_season
from gridopt.studies.store import Store, sha256_of

if TYPE_CHECKING:
    import xarray as xr

    from gridopt.case import Case
    from gridopt.results.result import Result
    from gridopt.results.summary import Number
    from gridopt.studies.builtin.periods import Period
    from gridopt.studies.design import Design, Scenario

#: How weeks are solved: each as one problem, as windows one after the other differ by more than what variants save,
#: and without the proof and the voltages, of which no study tells.
QUICK: Mapping[str, str | bool] = {
    "horizon.mode": "monolithic",
    "horizon.certificate": False,
    "ac_check": "off",
}
_STORE = "runs.zarr"
_RESULTS = "results"
# Steps in which a study answers; another number: stores of before are not gone on with.
_VERSION = 1


@dataclass(frozen=True, eq=False)
class StudyJob(Job):
    """Solves a variant over a period; travels to every worker once.

    Attributes
    ----------
    cases : dict
        By name, over all their hours.
    variants : dict
        By name, each with its case.
    periods : dict
        By the names of case and period.
    settings : dict
        What all variants change.
    read : function
        Numbers beside the summary.
    folder : Path, optional
        Where results are kept.
    """

    cases: Mapping[str, Case] = field(default_factory=dict)
    variants: Mapping[str, Variant] = field(default_factory=dict)
    periods: Mapping[tuple[str, str], Period] = field(default_factory=dict)
    settings: Mapping[str, str | bool] = field(default_factory=dict)
    read: Callable[[Result], Numbers] = nothing_more
    folder: Path | None = None

    def solve(self, scenario: Scenario) -> Solved:
        """Solve a variant over a period."""
        from gridopt.studies.weeks import week_summary

        variant = self.variants[str(scenario.changes[VARIANT])]
        period = self.periods[variant.case, str(scenario.changes[PERIOD])]
        result = self._result(in_season(varied(self.cases[variant.case], variant, {**self.settings, **period.changes})))
        if self.folder is not None:
            result.dataset.to_netcdf(result_file(self.folder, variant, period), engine="netcdf4")
        week = week_summary(result)
        numbers: dict[str, Number] = {**week.summary, **{f"{WHOLE}{key}": mwh for key, mwh in week.whole.items()}}
        return Solved({**numbers, **self.read(result)})


def result_file(folder: Path, variant: Variant, period: Period) -> Path:
    """File of the result of a variant over a period."""
    return folder / f"{variant.name}, {period.name}.nc".replace("/", "-")


def solve_study(
    study: Study,
    cases: Mapping[str, Case],
    periods: Mapping[str, tuple[Period, ...]],
    out: Path,
    *,
    workers: int,
    settings: Mapping[str, str | bool],
    show: Silent | None = None,
) -> xr.Dataset:
    """Solve what the store in ``out`` does not hold yet, and give the cube.

    A variant that fails in a period has no number there and none in total; the attribute ``failed`` says why.

    Raises
    ------
    SolverError
        Where no variant has a result.
    """
    first = next(iter(cases))
    variants = tuple(replace(variant, case=variant.case or first) for variant in study.variants(cases))
    folder = out / _RESULTS
    job = StudyJob(
        cases[first],
        cases=cases,
        variants={variant.name: variant for variant in variants},
        periods={(case, period.name): period for case, own in periods.items() for period in own},
        settings=settings,
        read=study.read,
        folder=folder if study.keeps_results else None,
    )
    design = designs.grid({VARIANT: list(job.variants), PERIOD: [period.name for period in periods[first]]})
    store = Store.create(out / _STORE, _identity(study, job), design, Template({}, {}), ())
    if study.keeps_results:
        folder.mkdir(exist_ok=True)
    show = show or Silent()
    _fill(store, job, design, workers, show)
    records = store.records()
    failed = [f"{store.label(record.number)}: {record.reason}" for record in records.values() if record.reason]
    if len(failed) == store.size:
        raise SolverError("\n".join(failed))
    summaries = {(str(s.changes[VARIANT]), str(s.changes[PERIOD])): records[s.number].summary for s in design.scenarios}
    cube = study.complete(cube_of(variants, periods, summaries), Answer(cases, variants, periods, folder, show))
    return cube.assign_attrs(failed="\n".join(failed))


def _fill(store: Store, job: StudyJob, design: Design, workers: int, show: Silent) -> None:
    """Solve what is missing or has failed."""
    records = store.records()
    todo = [s for s in design.scenarios if s.number not in records or not records[s.number].done]
    count = Count(len(design.scenarios), len(design.scenarios) - len(todo))
    try:
        with show as shown, _finished(job, todo, workers, store.identity) as finished:
            shown.show(count)
            put_all(finished, store, Template({}, {}), count, shown)
    finally:
        store.finish()


@contextlib.contextmanager
def _finished(
    job: StudyJob, todo: list[Scenario], workers: int, identity: Mapping[str, str]
) -> Iterator[Iterator[Finished]]:
    """Outcomes as they come: from processes of this machine, or with no workers from this process."""
    if not todo or workers == 0:
        yield here(job, todo)
        return
    from gridopt.studies.cluster import connected, on_dask

    with connected(None, min(workers, len(todo)), "auto") as client:
        name = f"gridopt-study-{sha256_of(dict(identity))[:16]}"
        with contextlib.closing(on_dask(job, todo, client, Limit(), name, lambda number: None)) as source:
            yield source


def _identity(study: Study, job: StudyJob) -> dict[str, str]:
    """What the numbers depend on; a store of anything else is refused."""
    variants = [(v.name, dict(v.changes), v.edits, v.case, dict(v.labels), v.title) for v in job.variants.values()]
    return {
        "study": f"{study.name} {_VERSION}",
        "case": sha256_of({name: case.input_sha256 for name, case in job.cases.items()}),
        "variants": sha256_of(variants),
        "hours": sha256_of([(name, p.start, p.hours, p.weight) for name, p in job.periods.items()]),
        "settings": sha256_of(dict(job.settings)),
        "versions": json.dumps(versions()),
    }
