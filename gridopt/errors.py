"""What gridopt says when it can't do what was asked: one exception per exit code of the command line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Fault:
    """One fault of the input, with the place where it is to be mended.

    Every part but the message may be empty; ``str(fault)`` is one readable line.

    Examples
    --------
    >>> str(Fault("net.json", "line", "3", "to_bus", "bus 17 does not exist"))
    'net.json: line 3, column to_bus: bus 17 does not exist'
    >>> str(Fault(message="nothing to solve"))
    'nothing to solve'
    """

    file: str = ""
    table: str = ""
    row: str = ""
    column: str = ""
    message: str = ""

    def __str__(self) -> str:
        element = " ".join(part for part in (self.table, self.row) if part)
        column = f"column {self.column}" if self.column else ""
        place = ", ".join(part for part in (element, column) if part)
        return ": ".join(part for part in (self.file, place, self.message) if part)


class GridoptError(Exception):
    """Base of all errors that are meant for the user; never shown as a traceback.

    Attributes
    ----------
    exit_code : int
        What the command line returns to the shell.
    status : str
        The word for it in ``summary.json``.
    """

    exit_code: ClassVar[int] = 4
    status: ClassVar[str] = "failed"

    @property
    def lines(self) -> list[str]:
        """The error as a list of lines, each of which stands alone."""
        return str(self).splitlines() or [type(self).__name__]


class InputError(GridoptError):
    """Bad usage or bad input; holds every fault that was found.

    Parameters
    ----------
    faults : iterable of Fault, Fault or str
        A plain message becomes a single fault without a place.
    """

    exit_code = 2
    status = "bad_input"

    def __init__(self, faults: Iterable[Fault] | Fault | str) -> None:
        if isinstance(faults, str):
            faults = [Fault(message=faults)]
        elif isinstance(faults, Fault):
            faults = [faults]
        self.faults: list[Fault] = list(faults)
        # The list itself is the argument, so that the error can travel between processes.
        super().__init__(self.faults)

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


class InfeasibleError(GridoptError):
    """No solution exists; the message names what conflicts, when and by how much."""

    exit_code = 3
    status = "infeasible"


class SolverError(GridoptError):
    """The solver or the machine failed; the message says what was kept."""

    exit_code = 4
    status = "solver_failure"


class AuditError(GridoptError):
    """A written result breaks a constraint of its own case."""

    exit_code = 5
    status = "audit_failure"


class GapError(GridoptError):
    """The optimality gap that was asked for was not reached; the result is kept."""

    exit_code = 6
    status = "gap_not_reached"
