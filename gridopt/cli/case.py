"""Commands that look at cases and their levers, and solve nothing."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gridopt.cli.base import CaseArgument, DebugOption, Reporting, SetOption, loaded_case, parsed_changes


def validate(case: CaseArgument, changes: SetOption = None, debug: DebugOption = False) -> None:
    """Check a case, its network and its profiles; every fault is listed at once.

    Example: [bold]gridopt validate my-case.yaml[/bold]
    """
    from gridopt.check.remarks import remarks

    with Reporting(debug=debug):
        loaded = loaded_case(case, parsed_changes(changes))
        time = loaded.time
        tables = ("bus", "line", "trafo", "load", "gen", "sgen", "storage", "tie")
        counts = ", ".join(f"{len(loaded.net[name])} {name}" for name in tables)
        print(f"{loaded.name}: no faults")
        for remark in remarks(loaded):
            print(f"note: {remark}")
        print(f"{counts}; {len(time)} steps to {time[-1]:%Y-%m-%d %H:%M}; inputs {loaded.input_sha256[:12]}")


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
            loaded = loaded_case(case, parsed_changes(changes))
            rows = [(row.lever, _short(row.present)) for row in table_of_levers(loaded.net, loaded.settings)]
        table = Table("lever", "present", "unit", "range", box=None, pad_edge=False)
        table.columns[1].justify = "right"
        for column in table.columns[1:]:
            column.no_wrap = True
        for lever, present in rows:
            span = "" if lever.words else f"{lever.low:g} … {lever.high:g}"
            meaning = Padding(Text(lever.description), (0, 0, 0, 2))
            table.add_row(Group(Text(lever.name, style="bold"), meaning), present, lever.unit, span)
        Console().print(table)


def _short(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"
