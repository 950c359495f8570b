"""The command that draws outages and counts hours with too little power."""

from __future__ import annotations

import json
import math
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from gridopt.cli.base import CaseArgument, DebugOption, Reporting, SetOption, loaded_case, parsed_changes
from gridopt.errors import Fault, InputError

if TYPE_CHECKING:
    import pandas as pd

    from gridopt.studies.outages import Failure

# Hours with a shortfall of all draws together, below which single outages decide.
_TELLING_H = 100.0


class Export(StrEnum):
    """What becomes of contract export when power is short."""

    recalled = "recalled"
    firm = "firm"


def adequacy(
    case: CaseArgument,
    changes: SetOption = None,
    draws: Annotated[int, typer.Option(min=2, help="Years drawn, at least; shared by all weather years.")] = 900,
    seed: Annotated[int, typer.Option(min=0, help="Of the outages.")] = 1,
    export: Annotated[
        Export, typer.Option(help="Contract export is recalled before load is shed, or served like load.")
    ] = Export.recalled,
    failures: Annotated[
        list[str] | None,
        typer.Option("--failure", metavar="TECHNOLOGY=RATE/HOURS", help="Share out and hours to repair; repeatable."),
    ] = None,
    all_parts: Annotated[
        bool, typer.Option("--all-parts", help="Also coal, water, wind, sun …: takes longer.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Folder to write; default results/adequacy-CASE.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print adequacy.json and nothing else.")] = False,
    debug: DebugOption = False,
) -> None:
    """Draw outages, count hours with too little power, and what flexibility is worth as firm capacity.

    Example: [bold]gridopt adequacy jilin-2030 --export firm --failure coal=0.02/60[/bold]
    """
    with Reporting(debug=debug, as_json=as_json):
        own = _parsed_failures(failures)
        loaded = loaded_case(case, parsed_changes(changes))

        from gridopt.studies.adequacy.last_in import FLEXIBLE, as_dict, last_in, write
        from gridopt.studies.adequacy.parts import PARTS
        from gridopt.studies.adequacy.read import Rules
        from gridopt.studies.progress import Live, Silent

        rules = Rules(firm_export=float(export is Export.firm), failures=own)
        parts = tuple(part.name for part in PARTS) if all_parts else FLEXIBLE
        show = Silent() if as_json else Live(f"adequacy {loaded.name}")
        table = last_in(loaded, parts=parts, draws=draws, seed=seed, rules=rules, show=show)
        folder = out or Path("results") / f"adequacy-{loaded.name}"
        write(table, folder)
        if as_json:
            print(json.dumps(as_dict(table), ensure_ascii=False, indent=2))
        else:
            _print(table)
            print(f"written to {folder}")


def _parsed_failures(texts: list[str] | None) -> dict[str, Failure]:
    """Failures by technology.

    Examples
    --------
    >>> _parsed_failures(["coal=0.02/60"])
    {'coal': Failure(rate=0.02, repair_h=60.0)}
    """
    from gridopt.studies.outages import Failure

    found = {}
    for text in texts or []:
        technology, _, numbers = text.partition("=")
        rate, _, repair_h = numbers.partition("/")
        try:
            found[technology.strip()] = Failure(float(rate), float(repair_h))
        except ValueError:
            message = f"--failure {text!r} is not of the form TECHNOLOGY=RATE/HOURS, such as coal=0.02/60"
            raise InputError(Fault(message=message)) from None
    return found


def _print(table: pd.DataFrame) -> None:
    """What is short in the case, and what its parts are worth."""
    from gridopt.studies.adequacy.parts import EVERYTHING

    rows, about = table.to_dict("index"), table.attrs
    case = rows.pop(EVERYTHING)
    console = Console()
    short = Table("", "mean", "standard error", "unit", title=about["case"], box=None, pad_edge=False)
    for words, mean, error, unit in (
        ("hours with a shortfall (LOLE)", "lole_h", "lole_se_h", "h"),
        ("days with a shortfall (LOLD)", "lold_d", "lold_se_d", "d"),
        ("energy not served (EENS)", "eens_mwh", "eens_se_mwh", "MWh"),
        (f"missing to {about['criterion_h']:.3g} h", "missing_mw", "missing_se_mw", "MW"),
    ):
        short.add_row(words, _number(case[mean]), _number(case[error]), unit)
    worth = Table("last in", "installed MW", "firm MW", "standard error", "share", box=None, pad_edge=False)
    for name, row in rows.items():
        numbers = [_number(row[key]) for key in ("installed_mw", "firm_mw", "firm_se_mw")]
        worth.add_row(str(name).removeprefix("without "), *numbers, f"{row['firm_share_pu']:.1%}")
    for drawn in (short, worth):
        for column in drawn.columns[1 : len(drawn.columns) - (drawn is short)]:
            column.justify = "right"
        if drawn.row_count:
            console.print(drawn)
    export = "served like load" if about["firm_export"] else "recalled before load is shed"
    weather = ", ".join(f"{name} {_number(hours)}" for name, hours in about["lole_by_weather_h"].items())
    print(
        f"{about['draws']} draws of {about['hours']:,.0f} h, seed {about['seed']}; LOLE by weather year [h]: {weather}"
    )
    short_h = about["draws"] * about["criterion_h"]
    if short_h < _TELLING_H:
        print(f"note: at the criterion all draws together are short for {short_h:.2g} h: more --draws tell more")
    print(f"contract export is {export}; missing MW below zero: so much load could be added")
    print("standard errors are those of the outages drawn; the few weather years are no part of them")


def _number(value: float) -> str:
    """A number as a planner reads it."""
    if not math.isfinite(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
