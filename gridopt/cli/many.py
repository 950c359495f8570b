"""Commands that solve many variants of a case."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridopt.cli.base import DebugOption, Reporting
from gridopt.errors import InputError, SolverError

if TYPE_CHECKING:
    from gridopt.studies.progress import Count
    from gridopt.studies.store import Store

# Failed scenarios that are printed.
_FAILED_SHOWN = 20


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


def study(
    name: Annotated[str, typer.Argument(help="curtailment, demand-response, storage, pilots, targets, backcast.")],
    case: Annotated[str | None, typer.Argument(help="Case to study; default: those in docs/studies.md.")] = None,
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
        from gridopt.studies.builtin.program import run_study, study_of
        from gridopt.studies.builtin.tell import print_study
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
