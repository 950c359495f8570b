"""The command line: parses, calls, prints. Everything heavy is imported inside the commands."""

from __future__ import annotations

from typing import Annotated

import typer

from gridopt import __version__
from gridopt.cli import adequacy, case, many, result
from gridopt.cli.base import parsed_changes
from gridopt.cli.network import network_app

__all__ = ["app", "main", "parsed_changes"]

app = typer.Typer(
    name="gridopt",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Production simulation and flexibility dispatch for provincial power grids.",
)
# the help lists them in this order
for command in (result.run, result.report, result.audit, case.validate, case.cases, case.levers, many.sweep):
    app.command()(command)
app.command("sweep-status")(many.sweep_status)
app.command()(many.study)
app.command()(adequacy.adequacy)
app.add_typer(network_app, name="network")


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


def main() -> None:
    """Entry point of the `gridopt` command."""
    app()
