"""Commands that make a result, show it, and check it again."""

from __future__ import annotations

import json
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from gridopt.cli.base import CaseArgument, DebugOption, Reporting, SetOption, loaded_case, parsed_changes
from gridopt.errors import Fault, InputError

if TYPE_CHECKING:
    from gridopt.case import Case
    from gridopt.results.audit import Audit


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
        loaded = loaded_case(case, parsed_changes(changes) | horizon)
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


def report(
    results: Annotated[
        list[Path], typer.Argument(help="Folders of results; two or more are compared. Or the store of a sweep.")
    ],
    lang: Annotated[Language, typer.Option(help="Language of the page.")] = Language.zh,
    units: Annotated[
        Counting | None, typer.Option(help="MW and GWh, or 万千瓦 and 亿千瓦时; default: as the language has it.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="HTML file; default report.html in the folder, comparison.html of several.")
    ] = None,
    debug: DebugOption = False,
) -> None:
    """Make one HTML page of a result, of the comparison of several, or of a sweep; it needs no internet.

    Example: [bold]gridopt report results/jilin-2030 --lang en[/bold]
    """
    with Reporting(debug=debug):
        from gridopt.report.html import Folder, write_report
        from gridopt.report.sweep import is_sweep, write_sweep_report

        path = out or (results[0] / "report.html" if len(results) == 1 else Path("comparison.html"))
        stores = [folder for folder in results if is_sweep(folder)]
        if stores and len(results) > 1:
            raise InputError(Fault(str(stores[0]), message="is the store of a sweep: its report is made by itself"))
        if stores:
            write_sweep_report(stores[0], path, lang.value, units.value if units else None)
        else:
            write_report([Folder(folder) for folder in results], path, lang.value, units.value if units else None)
        print(f"written to {path}")


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
    for note in found.notes:
        print(f"note: {note}")
    verdict = "passed" if found.passed else f"{len(found.violations)} violated"
    print(f"{len(found.findings)} checks of {total:,} values: {verdict}")
