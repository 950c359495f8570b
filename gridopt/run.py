"""Solves a case from end to end."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from gridopt.errors import GapError
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
        Windows that the proof looks at at once; by default those of the case.  The result is the same for any number.
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
    from gridopt.results.ac import ac_grid_of, attach_ac
    from gridopt.results.dataset import build_dataset
    from gridopt.results.proof_file import pack
    from gridopt.results.summary import build_summary

    begin = time.perf_counter()
    system = System.read(case)
    grid = ac_grid_of(case)  # before hours of solving: it may find the net wanting
    record = solve_horizon(system, progress, threads)
    dataset = build_dataset(system, record)
    # before the AC check needs its memory: packed, the pieces of a proof take a small part of theirs
    proof = pack(record.proof.evidence, system, dataset) if record.proof is not None else b""
    dataset = attach_ac(system, dataset, grid)
    return Result(case, dataset, build_summary(case, dataset, time.perf_counter() - begin), proof)


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
        f"{found}, not {asked:.2g} (horizon.gap); the result is kept in {out}: look further ahead "
        "(horizon.look_ahead_h), let the proof go on (horizon.proof_rounds), or ask for less"
    )
