"""The command line: parses, calls, prints. Everything heavy is imported inside the commands."""

from __future__ import annotations

import json
import os
import sys
import traceback
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from gridopt import __version__
from gridopt.errors import Fault, GridoptError, InputError, SolverError

if TYPE_CHECKING:
    from pandapower import pandapowerNet

    from gridopt.case import Case
    from gridopt.results.audit import Audit
    from gridopt.studies.progress import Count
    from gridopt.studies.store import Store

app = typer.Typer(
    name="gridopt",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Production simulation and flexibility dispatch for provincial power grids.",
)
network_app = typer.Typer(no_args_is_help=True, help="Build, draw and export the network of a year.")
app.add_typer(network_app, name="network")

CaseArgument = Annotated[str, typer.Argument(help="Name of a shipped case, a YAML file, or a folder with a case.yaml.")]
NetworkArgument = Annotated[
    str, typer.Argument(help="Name of a shipped network (with --year), a pandapower JSON file, or a case.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a lever or a path of the case file; repeatable."),
]
YearOption = Annotated[int | None, typer.Option(help="Target year of a shipped network.")]
_FAILED_SHOWN = 20
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


class Reporting:
    """Turns an error into readable lines and the exit code that belongs to it.

    Faults go to standard error, each on its own line; with `as_json` standard output gets one JSON object with
    `status` and `errors`. An error that isn't meant for the user is a defect of gridopt: it is named in one
    line, and `--debug` shows its traceback.
    """

    def __init__(self, *, debug: bool, as_json: bool = False) -> None:
        self.debug = debug
        self.as_json = as_json

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not isinstance(error, Exception | KeyboardInterrupt) or isinstance(error, typer.Exit):
            return
        if self.debug:
            traceback.print_exception(kind, error, trace, file=sys.stderr)
        code, status, lines = _explained(error)
        for line in lines:
            print(f"error: {line}", file=sys.stderr)
        if self.as_json:
            print(json.dumps({"status": status, "errors": lines}, ensure_ascii=False, indent=2))
        raise typer.Exit(code)


def _explained(error: Exception | KeyboardInterrupt) -> tuple[int, str, list[str]]:
    if isinstance(error, KeyboardInterrupt):
        return 130, "interrupted", ["interrupted"]  # 128 + SIGINT, as shells have it
    if isinstance(error, GridoptError):
        return error.exit_code, error.status, error.lines
    if isinstance(error, MemoryError):
        line = "the machine has too little memory; nothing was written: try shorter windows (horizon.window_h)"
        return SolverError.exit_code, SolverError.status, [line]
    message = " ".join(str(error).split())
    line = f"{type(error).__name__}: {message}; --debug shows where"
    return SolverError.exit_code, SolverError.status, [line]


def main() -> None:
    """Entry point of the `gridopt` command."""
    app()


def _version(asked: bool) -> None:
    if asked:
        print(f"gridopt {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Production simulation and flexibility dispatch for provincial power grids.

    Start with [bold]gridopt run tiny[/bold]; [bold]gridopt cases[/bold] lists what else is there.
    """


def parsed_changes(assignments: list[str] | None) -> dict[str, Any]:
    """Values of `--set key=value`, read as in a YAML file.

    Examples
    --------
    >>> parsed_changes(["storage.phs.p_mw=4000", "network_level=dc"])
    {'storage.phs.p_mw': 4000, 'network_level': 'dc'}
    """
    import yaml

    changes: dict[str, Any] = {}
    faults = []
    for assignment in assignments or []:
        key, equals, text = assignment.partition("=")
        if not (key and equals):
            faults.append(Fault(message=f"--set {assignment!r} is not of the form KEY=VALUE"))
            continue
        try:
            changes[key.strip()] = yaml.safe_load(text)
        except yaml.YAMLError:
            faults.append(Fault(message=f"--set {assignment!r}: {text!r} can't be read as a value"))
    if faults:
        raise InputError(faults)
    return changes


def _loaded(name: str, changes: dict[str, Any]) -> Case:
    from gridopt.case import load_case

    return load_case(name, changes)


@app.command()
def run(
    case: CaseArgument,
    changes: SetOption = None,
    start: Annotated[str | None, typer.Option(help="Begin of the horizon, such as 2030-01-15.")] = None,
    hours: Annotated[float | None, typer.Option(help="Length of the horizon in hours.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the result; default results/CASE.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Windows looked at at once; default: all cores.")] = None,
    no_report: Annotated[bool, typer.Option("--no-report", help="Write no report.html.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print summary.json and nothing else.")] = False,
    debug: DebugOption = False,
) -> None:
    """Solve a case hour by hour and write its results.

    Example: [bold]gridopt run jilin-2030 --set storage.phs.p_mw=4000 --start 2030-01-01 --hours 336[/bold]
    """
    with Reporting(debug=debug, as_json=as_json):
        horizon = {key: value for key, value in (("start", start), ("hours", hours)) if value is not None}
        loaded = _loaded(case, parsed_changes(changes) | horizon)
        _solve_and_print(loaded, out, threads, as_json=as_json, with_report=not no_report)


def _solve_and_print(case: Case, out: Path | None, threads: int | None, *, as_json: bool, with_report: bool) -> None:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from gridopt.report.terminal import print_summary
    from gridopt.run import run as run_case

    folder = out or Path("results") / case.name
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=as_json) as bar:
        task = bar.add_task(case.name, total=None)

        def progress(done: int, total: int) -> None:
            words = case.name if done < total else f"{case.name}: proof, checks, files"
            bar.update(task, completed=done, total=total, description=words)

        result = run_case(case, out=folder, threads=threads or os.cpu_count(), progress=progress)
    if as_json:
        print(json.dumps(result.summary, ensure_ascii=False, indent=2))
    else:
        print_summary(result, Console())
        print(f"written to {folder}")
    if with_report:  # the last thing, so that the result stands whatever happens
        from gridopt.report.html import Folder, write_report

        write_report([Folder(folder, case)], folder / "report.html")


class Language(StrEnum):
    """Language of a report."""

    zh = "zh"
    en = "en"


class Counting(StrEnum):
    """Units of a report."""

    mw = "mw"
    wankw = "wankw"


@app.command()
def report(
    results: Annotated[list[Path], typer.Argument(help="Folders of results; two or more are compared.")],
    lang: Annotated[Language, typer.Option(help="Language of the page.")] = Language.zh,
    units: Annotated[
        Counting | None, typer.Option(help="MW and GWh, or 万千瓦 and 亿千瓦时; default: as the language has it.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="HTML file; default report.html in the folder, comparison.html of several.")
    ] = None,
    debug: DebugOption = False,
) -> None:
    """Make one HTML page of a result, or of the comparison of several; it needs no internet.

    Example: [bold]gridopt report results/jilin-2030 --lang en[/bold]
    """
    with Reporting(debug=debug):
        from gridopt.report.html import Folder, write_report

        path = out or (results[0] / "report.html" if len(results) == 1 else Path("comparison.html"))
        write_report([Folder(folder) for folder in results], path, lang.value, units.value if units else None)
        print(f"written to {path}")


@app.command()
def audit(
    results: Annotated[Path, typer.Argument(help="Folder of a result, as `gridopt run` writes it.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print all findings as JSON and nothing else.")] = False,
    debug: DebugOption = False,
) -> None:
    """Check a written result against its case, independently of the model; exit code 5 on a violation.

    Example: [bold]gridopt audit results/jilin-2030[/bold]
    """
    from gridopt.errors import AuditError

    with Reporting(debug=debug, as_json=as_json):
        from gridopt.results.audit import audit as audit_folder

        found = audit_folder(results)
    if as_json:
        print(json.dumps(found.as_dict(), ensure_ascii=False, indent=2))
    else:
        _print_findings(found)
    for finding in found.violations:
        print(f"error: {finding.line}", file=sys.stderr)
    if not found.passed:
        raise typer.Exit(AuditError.exit_code)


def _print_findings(found: Audit) -> None:
    table = Table("check", "values", "worst", "allowed", "unit", "element", "hour", box=None, pad_edge=False)
    for column in table.columns[1:4]:
        column.justify = "right"
    for finding in found.findings:
        style = None if finding.passed else "bold red"
        numbers = (f"{finding.values:,}", f"{finding.worst:.3g}", f"{finding.tolerance:.3g}")
        place = (finding.element, finding.hour) if finding.worst else ("", "")
        table.add_row(finding.check.name, *numbers, finding.check.unit, *place, style=style)
    Console().print(table)
    total = sum(finding.values for finding in found.findings)
    verdict = "passed" if found.passed else f"{len(found.violations)} violated"
    print(f"{len(found.findings)} checks of {total:,} values: {verdict}")


@app.command()
def validate(case: CaseArgument, changes: SetOption = None, debug: DebugOption = False) -> None:
    """Check a case, its network and its profiles; every fault is listed at once.

    Example: [bold]gridopt validate my-case.yaml[/bold]
    """
    from gridopt.check.remarks import remarks

    with Reporting(debug=debug):
        loaded = _loaded(case, parsed_changes(changes))
        time = loaded.time
        tables = ("bus", "line", "trafo", "load", "gen", "sgen", "storage", "tie")
        counts = ", ".join(f"{len(loaded.net[name])} {name}" for name in tables)
        print(f"{loaded.name}: no faults")
        for remark in remarks(loaded):
            print(f"note: {remark}")
        print(f"{counts}; {len(time)} steps to {time[-1]:%Y-%m-%d %H:%M}; inputs {loaded.input_sha256[:12]}")


@app.command()
def cases(debug: DebugOption = False) -> None:
    """List the shipped cases.

    Example: [bold]gridopt cases[/bold]
    """
    from gridopt.catalog import case_files
    from gridopt.settings import read_yaml

    with Reporting(debug=debug):
        table = Table("case", "description", box=None, pad_edge=False)
        for name, file in case_files().items():
            table.add_row(name, str(read_yaml(file).get("description", "")))
        Console().print(table)


@app.command()
def levers(
    case: Annotated[str | None, typer.Argument(help="Case whose present values are shown.")] = None,
    changes: SetOption = None,
    debug: DebugOption = False,
) -> None:
    """List the levers with unit and range, and with a case their present values in it.

    Example: [bold]gridopt levers jilin-2030[/bold]
    """
    from gridopt.levers import FAMILIES, LEVERS, table_of_levers

    with Reporting(debug=debug):
        if case is None:
            rows = [(lever, "") for lever in (*LEVERS, *FAMILIES)]
        else:
            loaded = _loaded(case, parsed_changes(changes))
            rows = [(row.lever, _short(row.present)) for row in table_of_levers(loaded.net, loaded.settings)]
        table = Table("lever", "present", "unit", "range", "meaning", box=None, pad_edge=False)
        table.columns[0].no_wrap = True
        table.columns[1].justify = "right"
        for lever, present in rows:
            span = "" if lever.words else f"{lever.low:g} … {lever.high:g}"
            table.add_row(lever.name, present, lever.unit, span, lever.description)
        Console().print(table)


def _short(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"


@app.command()
def sweep(
    file: Annotated[Path, typer.Argument(help="Sweep file (YAML).")],
    out: Annotated[Path, typer.Option(help="Store to write: a zarr folder.")],
    scheduler: Annotated[str | None, typer.Option(help="Address of a dask scheduler, such as tcp://host:8786.")] = None,
    shard: Annotated[str | None, typer.Option(metavar="i/n", help="Solve every n-th scenario here, no dask.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=0, help="Processes here; 0: this one. Default: the file's.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a store that was begun.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Solve again what has failed.")] = False,
    debug: DebugOption = False,
) -> None:
    """Solve many scenarios of a case on dask and put them into one zarr store.

    Example: [bold]gridopt sweep examples/sweeps/tiny.yaml --out results/tiny.zarr[/bold]
    """
    with Reporting(debug=debug):
        from gridopt.studies.sweep import How, parsed_shard, sweep_file

        part = None if shard is None else parsed_shard(shard)
        if part is not None and (scheduler is not None or workers is not None):
            raise InputError("--shard solves in one process of its own: give no --scheduler and no --workers")
        how = How(scheduler, None, part, workers, resume, retry_failed)
        store, count = sweep_file(file, out, how)
        _print_sweep(store, count)
    if count.failed:
        raise typer.Exit(SolverError.exit_code)


@app.command("sweep-status")
def sweep_status(
    store: Annotated[Path, typer.Argument(help="Store of a sweep.")],
    debug: DebugOption = False,
) -> None:
    """Say how far a sweep is and why scenarios have failed; it may be running meanwhile.

    Example: [bold]gridopt sweep-status results/tiny.zarr[/bold]
    """
    with Reporting(debug=debug):
        from gridopt.studies.progress import count_of
        from gridopt.studies.store import Store

        opened = Store(store)
        _print_sweep(opened, count_of(opened))


@app.command()
def study(
    name: Annotated[str, typer.Argument(help="curtailment, demand-response, storage, pilots or targets.")],
    case: Annotated[str | None, typer.Argument(help="Case to study; default: jilin-2030 (targets: and 2025).")] = None,
    full_year: Annotated[
        bool, typer.Option("--full-year", help="Solve the year, not weeks that stand for it.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Folder to write; default results/study-NAME-CASE.")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0: this one.")] = 2,
    debug: DebugOption = False,
) -> None:
    """Run a built-in comparison; the same command again goes on with what is there.

    Example: [bold]gridopt study storage jilin-2030[/bold]
    """
    with Reporting(debug=debug):
        from gridopt.studies.builtin.program import print_study, run_study, study_of
        from gridopt.studies.progress import Live

        chosen = study_of(name)
        cases = chosen.cases if case is None else (case,)
        folder = out or Path("results") / "-".join(["study", name, *(Path(each).stem for each in cases)])
        cube = run_study(name, cases, out=folder, full_year=full_year, workers=workers, show=Live(f"study {name}"))
        print_study(chosen, cube)
        print(f"written to {folder}")
        if cube.attrs["failed"]:
            raise SolverError(f"{cube.attrs['failed']}\nthe same command tries these again")


def _print_sweep(store: Store, count: Count) -> None:
    failed = [record for record in store.records().values() if record.reason]
    for record in failed[:_FAILED_SHOWN]:
        print(f"scenario {record.number} ({store.label(record.number)}): {record.reason}")
    if len(failed) > _FAILED_SHOWN:
        print(f"and {len(failed) - _FAILED_SHOWN} more failed; summaries.parquet has all reasons")
    print(f"{store.path}: {count}" + (f", {count.left} to do: --resume continues" if count.left else ""))


def _network(name: str, year: int | None) -> pandapowerNet:
    from gridopt.catalog import network_names
    from gridopt.network.columns import with_defaults

    if name in network_names():
        if year is None:
            raise InputError(f"the network {name!r} needs a target year: --year")
        from gridopt.network.build import build

        return with_defaults(build(name, year))
    if name.endswith(".json"):
        from gridopt.network.io import read_net

        return with_defaults(read_net(Path(name)))
    return _loaded(name, {} if year is None else {"year": year}).net


@network_app.command()
def build(
    network: NetworkArgument,
    year: YearOption = None,
    out: Annotated[Path | None, typer.Option(help="JSON file to write.")] = None,
    debug: DebugOption = False,
) -> None:
    """Build the pandapower network of a year and count what it holds.

    Example: [bold]gridopt network build jilin --year 2030 --out jilin-2030.json[/bold]
    """
    with Reporting(debug=debug):
        net = _network(network, year)
        table = Table("table", "rows", box=None, pad_edge=False)
        for name in ("bus", "line", "trafo", "load", "gen", "sgen", "storage", "tie", "interface"):
            table.add_row(name, str(len(net[name])))
        Console().print(table)
        if out is not None:
            from gridopt.network.io import write_json

            write_json(net, out)
            print(f"written to {out}")


@network_app.command()
def show(
    network: NetworkArgument,
    year: YearOption = None,
    out: Annotated[Path | None, typer.Option(help="HTML or PNG file; default NETWORK.html.")] = None,
    debug: DebugOption = False,
) -> None:
    """Draw the network on a map that works offline.

    Example: [bold]gridopt network show jilin --year 2030 --out jilin.html[/bold]
    """
    with Reporting(debug=debug):
        from gridopt.report.map import write_map

        path = out or Path(f"{Path(network).stem}.html")
        write_map(_network(network, year), path)
        print(f"written to {path}")


@network_app.command()
def export(
    network: NetworkArgument,
    out: Annotated[Path, typer.Option(help="File to write: .json (pandapower) or .mat (MATPOWER).")],
    year: YearOption = None,
    debug: DebugOption = False,
) -> None:
    """Write the network for another tool; the suffix of the file tells the format.

    Example: [bold]gridopt network export jilin --year 2030 --out jilin.mat[/bold]
    """
    with Reporting(debug=debug):
        from gridopt.network import io

        if out.suffix not in (".json", ".mat"):
            raise InputError(Fault(str(out), message=f"no format for {out.suffix!r}; use .json or .mat"))
        net = _network(network, year)
        if out.suffix == ".json":
            io.write_json(net, out)
        else:
            for remark in io.write_matpower(net, out):
                print(f"not carried: {remark}", file=sys.stderr)
        print(f"written to {out}")
