"""What all commands share: their options, and errors that say what to do next."""

from __future__ import annotations

import json
import sys
import traceback
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridopt.errors import Fault, GridoptError, InputError, SolverError

if TYPE_CHECKING:
    from gridopt.case import Case

CaseArgument = Annotated[str, typer.Argument(help="Name of a shipped case, a YAML file, or a folder with a case.yaml.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a lever or a path of the case file; repeatable."),
]
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


def loaded_case(name: str, changes: dict[str, Any]) -> Case:
    """Load a case with changes."""
    from gridopt.case import load_case

    return load_case(name, changes)
