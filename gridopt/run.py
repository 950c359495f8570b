"""Solves a case from end to end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gridopt.errors import GapError
from gridopt.results.result import Result, check_folder

if TYPE_CHECKING:
    import xarray as xr

    from gridopt.case import Case
    from gridopt.horizon.record import Record
    from gridopt.model.system import System
    from gridopt.network.ac_grid import AcGrid

Progress = Callable[[int, int], None]


def solve(case: Case, *, threads: int | None = None, progress: Progress | None = None) -> Result:
    """Dispatch a case over its horizon.

    With ``losses: linear`` it is solved several times: the power flows of one dispatch are the base points of the next.

    Parameters
    ----------
    case
        The case.
    threads
        Windows that the proof looks at at once; by default those of the case.  The result is the same for any number.
    progress
        Called after each window with the number of steps done and of all steps, of all times that it is solved.

    Returns
    -------
    Result

    Raises
    ------
    InputError
        For what the model can't represent.
    InfeasibleError
        Where no schedule meets all limits.

    Examples
    --------
    >>> import gridopt
    >>> result = gridopt.solve(gridopt.load_case("tiny"))
    >>> result.summary["unserved_mwh"]
    0.0
    """
    from gridopt.model.system import System
    from gridopt.results.ac import ac_grid_of
    from gridopt.results.summary import build_summary

    begin = time.perf_counter()
    system = System.read(case)
    grid = ac_grid_of(case)  # before hours of solving: it may find the net wanting
    if system.losses is None or grid is None:
        dataset, proof = _dispatched(system, grid, threads, progress)
    else:
        dataset, proof = _dispatched_with_losses(system, grid, threads, progress)
    return Result(case, dataset, build_summary(case, dataset, time.perf_counter() - begin), proof)


def _dispatched(
    system: System, grid: AcGrid | None, threads: int | None, progress: Progress | None
) -> tuple[xr.Dataset, bytes]:
    """Result of a system, with its power flows where there is a grid, and its proof."""
    from gridopt.horizon.rolling import solve_horizon
    from gridopt.results.ac import power_flows, with_power_flows
    from gridopt.results.dataset import build_dataset

    record = solve_horizon(system, progress, threads)
    dataset = build_dataset(system, record)
    # before the AC check needs its memory: packed, the pieces of a proof take a small part of theirs
    proof = _packed(system, record, dataset)
    if grid is not None:
        dataset = with_power_flows(system, dataset, power_flows(system, dataset, grid))
    return dataset, proof


def _dispatched_with_losses(
    system: System, grid: AcGrid, threads: int | None, progress: Progress | None
) -> tuple[xr.Dataset, bytes]:
    """Result of a system whose balance holds losses, solved until they are those of its power flows, and its proof."""
    from gridopt.horizon.rolling import solve_horizon
    from gridopt.results.ac import is_checked, power_flows, with_power_flows
    from gridopt.results.dataset import build_dataset
    from gridopt.results.losses import disagreement, linearised_anew

    passes, tolerance = system.case.settings.loss_passes, system.case.settings.loss_tolerance
    for number in range(passes + 1):
        guessed = number == 0 < passes  # nobody asks how good a schedule is whose losses are a guess
        told = _told(progress, number, passes + 1)
        record = solve_horizon(_without_proof(system) if guessed else system, told, threads)
        dataset = build_dataset(system, record)
        year = power_flows(system, dataset, grid)
        if number == passes or (not guessed and disagreement(system, record, year) <= tolerance):
            break
        system = linearised_anew(system, record, year)
    proof = _packed(system, record, dataset)
    return (with_power_flows(system, dataset, year) if is_checked(system.case) else dataset), proof


def _packed(system: System, record: Record, dataset: xr.Dataset) -> bytes:
    """Content of the file of the proof; nothing where nothing was proven."""
    from gridopt.results.proof_file import pack

    return pack(record.proof.evidence, system, dataset) if record.proof is not None else b""


def _without_proof(system: System) -> System:
    """The same system, of which nothing is to be proven."""
    settings = system.case.settings
    horizon = settings.horizon.model_copy(update={"certificate": False})
    return replace(system, case=replace(system.case, settings=settings.model_copy(update={"horizon": horizon})))


def _told(progress: Progress | None, number: int, times: int) -> Progress | None:
    """Progress of one of several times that the horizon is solved."""
    if progress is None:
        return None
    return lambda done, total: progress(number * total + done, times * total)


def run(case: Case, *, out: str | Path, threads: int | None = None, progress: Progress | None = None) -> Result:
    """Solve a case, write its results, and give them their name when they have passed the audit.

    Raises
    ------
    InputError
        Before anything is solved, when the folder holds something that is no result.
    AuditError
        When what was written breaks a constraint of the case; it is kept beside the folder as ``.failed``.
    GapError
        When the case asks for an optimality gap and it was not proven; the result is kept.
    SolverError
        Before anything is solved, when the folder can't be written.
    """
    check_folder(out)
    result = solve(case, threads=threads, progress=progress)
    result.save(out)
    _require_gap(result, out)
    return result


def _require_gap(result: Result, out: str | Path) -> None:
    """Fail where the case asks for a gap that was not proven."""
    asked, proven = result.case.settings.horizon.gap, result.summary["gap"]
    if asked is None or (isinstance(proven, float) and proven <= asked):
        return
    found = "no gap could be proven" if proven is None else f"the gap proven is {proven:.2g}"
    raise GapError(
        f"{found}, not {asked:.2g} (horizon.gap); the result is kept in {out}: solve longer windows "
        "(horizon.window_h, horizon.look_ahead_h), let the proof go on (horizon.proof_rounds), or ask for less"
    )
