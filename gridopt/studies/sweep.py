"""A sweep from end to end: what is to be solved, by whom, and into which store."""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridopt import catalog
from gridopt.case import Case, load_case
from gridopt.errors import Fault, InputError
from gridopt.levers import is_lever, known_names
from gridopt.results.summary import KEYS
from gridopt.settings import nearest, setting_paths
from gridopt.studies.design import Design, Scenario, Value
from gridopt.studies.outages import Failure, clusters_of
from gridopt.studies.progress import Count, Live, Silent, count_of
from gridopt.studies.runner import Finished, Limit, here, in_child, put_all
from gridopt.studies.scenario import Job, Part, Template, template, versions
from gridopt.studies.specification import UNSWEEPABLE, MonteCarlo, Sweep, Weeks, parse_sweep, read_sweep
from gridopt.studies.specification import Part as HorizonPart
from gridopt.studies.store import MACHINE_KEYS, WORD_KEYS, Record, Store, is_store, scenario_sha256, sha256_of

if TYPE_CHECKING:
    import xarray as xr
    from distributed import Client

#: Numbers of the summary that stand in the zarr; what is a word or the machine's stands in the table alone.
SUMMARY_KEYS = tuple(key for key in KEYS if key not in (*MACHINE_KEYS, *WORD_KEYS))
# So many values of a lever are tried on the base case before anything is solved; of more, the ends and all words.
_TRIED = 4


@dataclass(frozen=True)
class How:
    """How a sweep is run; nothing of it changes a result.

    Attributes
    ----------
    scheduler : str, optional
        Address of a dask scheduler.
    client : distributed.Client, optional
        A connection that is there already.
    shard : tuple of int, optional
        (i, n): every n-th scenario from the i-th on, without dask.
    workers : int, optional
        Processes of the local cluster; 0: this process. Default: as the sweep file says.
    resume, retry_failed : bool
        Whether to go on with a store that was begun, and to solve again what has failed.
    """

    scheduler: str | None = None
    client: Client | None = None
    shard: tuple[int, int] | None = None
    workers: int | None = None
    resume: bool = False
    retry_failed: bool = False


def sweep(
    case: str | Path | Case,
    design: Mapping[str, Any],
    *,
    out: str | Path | None = None,
    client: Client | None = None,
    keep: str | Sequence[str] = "summary",
    horizon: str | Mapping[str, Any] = "case",
    workers: int | None = None,
    audit: bool = True,
    limits: Mapping[str, float] | None = None,
    resume: bool = False,
    retry_failed: bool = False,
) -> xr.Dataset:
    """Solve a case for many combinations of lever values.

    Parameters
    ----------
    case
        A case, or what ``load_case`` takes.
    design : mapping
        Values by lever: every combination is solved. Or a design as in a sweep file, with its ``kind``.
    out : path, optional
        Store to write to and to go on with; default: a temporary one.
    client : distributed.Client, optional
        The dask cluster to use; default: processes on this machine.
    keep : str or sequence of str
        'summary', 'everything', or names of variables.
    horizon : str or mapping
        'case', 'year', ``{"start": …, "hours": …}`` or ``{"weeks": […]}``.
    workers : int, optional
        Processes on this machine; 0: solve in this process.
    audit : bool
        Check every result.
    limits : mapping, optional
        ``time_s`` and ``memory_mb`` of a scenario.
    resume, retry_failed : bool
        Go on with a store that was begun; solve again what has failed.

    Returns
    -------
    xr.Dataset
        One variable per number of the summary, and what was kept; one dimension per lever for a grid, else
        ``scenario``. ``status`` (1 done, 2 failed) and ``reason`` say what became of each scenario.

    Examples
    --------
    >>> import gridopt
    >>> levers = {"policy.dr_share_of_peak": [0, 0.05]}
    >>> cube = gridopt.sweep("tiny", levers, horizon={"start": "2030-01-15", "hours": 6}, workers=0)
    >>> dict(cube["unserved_mwh"].sizes)
    {'policy.dr_share_of_peak': 2}
    """
    base = case if isinstance(case, Case) else load_case(case)
    values: dict[str, Any] = dict(design) if isinstance(design.get("kind"), str) else {"kind": "grid", "levers": design}
    kept = keep if isinstance(keep, str) else list(keep)
    spec = parse_sweep(
        {
            "case": base.name,
            "design": _plain(values),
            "keep": kept,
            "horizon": horizon,
            "audit": audit,
            "limits": limits or {},
        }
    )
    how = How(client=client, workers=workers, resume=resume, retry_failed=retry_failed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sweep.zarr" if out is None else Path(out)
        return run_sweep(spec, base, path, how).cube()


def _plain(value: Any) -> Any:
    """Arrays and ranges as lists, numpy's numbers as Python's."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if hasattr(value, "tolist"):
        return value.tolist()
    return value if isinstance(value, str) or not isinstance(value, Sequence) else [_plain(inner) for inner in value]


def sweep_file(file: Path, out: Path, how: How) -> tuple[Store, Count]:
    """Run a sweep file into a store, with progress on standard error."""
    spec = read_sweep(file)
    base = load_case(spec.case, spec.changes)
    live = Live(out.name)
    store = run_sweep(spec, base, out, how, live)
    return store, count_of(store)


def parsed_shard(text: str) -> tuple[int, int]:
    """Number of a shard and of all shards.

    Examples
    --------
    >>> parsed_shard("2/8")
    (2, 8)
    """
    number, slash, total = text.partition("/")
    if not (slash and number.isdigit() and total.isdigit() and 1 <= int(number) <= int(total)):
        raise InputError(f"--shard {text!r} is not of the form i/n with i from 1 to n")
    return int(number), int(total)


def run_sweep(spec: Sweep, base: Case, path: Path, how: How, show: Silent | None = None) -> Store:
    """Solve what the store does not hold yet.

    Raises
    ------
    InputError
        For wrong levers and values, for a store of another sweep, and for one that was begun, without ``resume``.
    SolverError
        When the disk refuses or the scheduler is lost; what was finished is in the store.
    """
    design = spec.design.design()
    base = _over_horizon(base, spec)
    failures = {}
    if isinstance(spec.design, MonteCarlo):
        failures = {name: Failure(rate.rate, rate.repair_h) for name, rate in spec.design.outages.items()}
    job = Job(base, _parts(spec), failures=failures, audit=spec.audit)
    _require_levers(base, design, failures)
    identity = _identity(spec, job, design)
    store, shape = _opened(spec, job, design, path, identity)
    records = _records(store, design)
    ours = [s for s in design.scenarios if how.shard is None or s.number % how.shard[1] == how.shard[0] - 1]
    final = {number: record for number, record in records.items() if record.done or not how.retry_failed}
    todo = [s for s in ours if s.number not in final]
    if todo and records and not (how.resume or how.retry_failed or how.shard):
        message = (
            f"holds {len(records)} of {store.size} scenarios; --resume continues, --retry-failed repeats failed ones"
        )
        raise InputError(Fault(str(path), message=message))
    mine = [final[s.number] for s in ours if s.number in final]
    count = Count(len(ours), sum(r.done for r in mine), sum(not r.done for r in mine))
    job = replace(job, keep=tuple(shape.variables))
    try:
        with show or Silent() as shown:
            shown.show(count)
            if todo:
                _solve(spec, job, todo, how, store, shape, count, shown)
    finally:
        store.finish()
    return store


def _solve(
    spec: Sweep, job: Job, todo: list[Scenario], how: How, store: Store, shape: Template, count: Count, shown: Silent
) -> None:
    """Solve scenarios and write each when it is there."""

    def running(number: int) -> None:
        count.running = number
        shown.show(count)

    with _finished(spec, job, todo, how, store, running) as finished:
        put_all(finished, store, shape, count, shown)


@contextlib.contextmanager
def _finished(
    spec: Sweep, job: Job, todo: list[Scenario], how: How, store: Store, running: Any
) -> Iterator[Iterator[Finished]]:
    """Outcomes as they come, in the way that was asked for."""
    limit = Limit(spec.limits.time_s, spec.limits.memory_mb)
    workers = spec.cluster.workers if how.workers is None else how.workers
    with contextlib.ExitStack() as stack:
        if how.shard is not None:
            running(1)
            source = in_child(job, todo, limit)
        elif how.client is None and how.scheduler is None and workers == 0:
            if limit != Limit():
                raise InputError("limits need a process of their own: give at least one worker")
            running(1)
            source = here(job, todo)
        else:
            from gridopt.studies.cluster import connected, on_dask

            client = how.client
            if client is None:
                client = stack.enter_context(connected(how.scheduler, workers, spec.cluster.memory_limit))
            source = on_dask(job, todo, client, limit, f"gridopt-{sha256_of(store.identity)[:16]}", running)
        yield stack.enter_context(contextlib.closing(source))


def _over_horizon(base: Case, spec: Sweep) -> Case:
    if spec.horizon == "year" or isinstance(spec.horizon, Weeks):
        return base.override({"start": None, "hours": None})
    if isinstance(spec.horizon, HorizonPart):
        return base.override({"start": spec.horizon.start.isoformat(), "hours": spec.horizon.hours})
    return base


def _parts(spec: Sweep) -> tuple[Part, ...]:
    if not isinstance(spec.horizon, Weeks):
        return (Part({}, 1.0),)
    return tuple(
        Part({"start": week.start.isoformat(), "hours": week.hours}, week.weight) for week in spec.horizon.weeks
    )


def _require_levers(base: Case, design: Design, failures: Mapping[str, Failure]) -> None:
    """Try the values of each lever on the base case, so that a wrong one is told before anything is solved."""
    values: dict[str, dict[Value, None]] = {}
    for scenario in design.scenarios:
        for name, value in scenario.changes.items():
            values.setdefault(name, {})[value] = None
    faults = [_unsweepable(name) for name in values if name in UNSWEEPABLE or not _is_known(name)]
    for name, all_values in values.items():
        for value in _tried(list(all_values)) if not faults else ():
            try:
                base.override({name: value})
            except InputError as error:
                faults += error.faults
    if failures:
        clusters_of(base, failures)
    if faults:
        raise InputError(dict.fromkeys(faults))


def _is_known(name: str) -> bool:
    return is_lever(name) or name in setting_paths()


def _unsweepable(name: str) -> Fault:
    if name in UNSWEEPABLE:
        message = "can't be varied within one store: its scenarios would have other hours or another grid"
    else:
        message = f"neither a lever nor a setting{nearest(name, [*known_names(), *setting_paths()])}"
    return Fault("", "design", name, "", message)


def _tried(values: list[Value]) -> list[Value]:
    if len(values) <= _TRIED:
        return values
    numbers = [value for value in values if isinstance(value, int | float)]
    words = [value for value in values if not isinstance(value, int | float)]
    return [*words, *([min(numbers), max(numbers)] if numbers else [])]


def _identity(spec: Sweep, job: Job, design: Design) -> dict[str, str]:
    """What the results depend on, part by part; two sweeps that are equal in all of it have equal stores."""
    scenarios = [(scenario.changes, scenario.outage_seed) for scenario in design.scenarios]
    labels = {name: (dim, values.tolist()) for name, (dim, values) in design.coordinates.items()}
    return {
        "case": sha256_of([job.case.input_sha256, _unseen(job.case)]),
        "design": sha256_of([design.dims, labels, scenarios]),
        "outages": sha256_of(job.failures),
        "horizon": sha256_of([(part.changes, part.weight) for part in job.parts]),
        "keep": sha256_of([spec.keep, SUMMARY_KEYS]),
        "audit": str(spec.audit),
        "versions": json.dumps(versions()),
        "shipped data": _shipped_data(job.case),
    }


def _unseen(case: Case) -> list[Any]:
    """What levers may bring in that the hash of the base case does not see: all hours, and its weather."""
    profiles = case.source.profiles
    digest = hashlib.sha256()
    if profiles is not None:
        for name in sorted(map(str, profiles.data_vars)):
            digest.update(name.encode() + profiles[name].to_numpy().astype("<f8").tobytes())
    return [digest.hexdigest(), str(case.settings.weather_year), case.settings.levers]


def _shipped_data(case: Case) -> str:
    """Hash of the shipped files that a lever may read; nothing where the case uses its own."""
    digest = hashlib.sha256()
    name = case.settings.profiles or case.settings.network
    if name in catalog.network_names():
        for file in sorted(catalog.profiles_folder().glob(f"{name}_*")):
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


def _opened(spec: Sweep, job: Job, design: Design, path: Path, identity: Mapping[str, str]) -> tuple[Store, Template]:
    """The store and the shape of what it keeps; a store that is there must be of this very sweep."""
    if path.exists() and not is_store(path):
        raise InputError(Fault(str(path), message="stands there already and is no store of a sweep"))
    if path.exists():
        store = Store(path)
        store.require(identity)
        return store, store.template()
    keep = {"summary": (), "everything": None}[spec.keep] if isinstance(spec.keep, str) else tuple(spec.keep)
    shape = template(job, keep)
    about = {"case": job.case.name, "description": spec.description, "sweep": spec.model_dump_json(by_alias=True)}
    return Store.create(path, identity, design, shape, SUMMARY_KEYS, about), shape


def _records(store: Store, design: Design) -> dict[int, Record]:
    """Records of a store, each of which must be of the scenario that has its number.

    Raises
    ------
    InputError
        Where a record was made from other inputs.
    """
    records = store.records()
    for scenario in design.scenarios:
        record = records.get(scenario.number)
        if record is not None and record.sha256 != scenario_sha256(store.identity, scenario):
            message = f"scenario {scenario.number} was solved with other inputs: the store is mixed and is not used"
            raise InputError(Fault(str(store.path), message=message))
    return records
