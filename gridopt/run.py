"""Solves a case from end to end."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from gridopt.results.result import Result, check_folder

if TYPE_CHECKING:
    from gridopt.case import Case

Progress = Callable[[int, int], None]


def solve(case: Case, *, threads: int | None = None, progress: Progress | None = None) -> Result:
    """Dispatch a case over its horizon.

    Parameters
    ----------
    case
        The case.
    threads
        Solver threads; by default those of the case.
    progress
        Called after each window with the number of steps done and of all steps.

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
    from gridopt.horizon.rolling import solve_horizon
    from gridopt.model.system import System
    from gridopt.results.dataset import build_dataset
    from gridopt.results.summary import build_summary

    begin = time.perf_counter()
    system = System.read(case)
    record = solve_horizon(system, progress, threads)
    dataset = build_dataset(system, record)
    return Result(case, dataset, build_summary(case, dataset, time.perf_counter() - begin))


def run(case: Case, *, out: str | Path, threads: int | None = None, progress: Progress | None = None) -> Result:
    """Solve a case, write its results, and give them their name when they have passed the audit.

    Raises
    ------
    InputError
        Before anything is solved, when the folder holds something that is no result.
    AuditError
        When what was written breaks a constraint of the case; it is kept beside the folder as ``.failed``.
    SolverError
        Before anything is solved, when the folder can't be written.
    """
    check_folder(out)
    result = solve(case, threads=threads, progress=progress)
    result.save(out)
    return result
