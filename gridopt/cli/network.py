"""Commands for the network of a year."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from gridopt.cli.base import DebugOption, Reporting, loaded_case
from gridopt.errors import Fault, InputError

if TYPE_CHECKING:
    from pandapower import pandapowerNet

network_app = typer.Typer(no_args_is_help=True, help="Build, draw and export the network of a year.")

NetworkArgument = Annotated[
    str, typer.Argument(help="Name of a shipped network (with --year), a pandapower JSON file, or a case.")
]
YearOption = Annotated[int | None, typer.Option(help="Target year of a shipped network.")]


def _network(name: str, year: int | None) -> pandapowerNet:
    from gridopt.catalog import network_names
    from gridopt.network.columns import with_defaults

    if name in network_names():
        if year is None:
            raise InputError(f"the network {name!r} needs a target year: --year")
        from gridopt.network.build import build

        return with_defaults(build(name, year))
    if name.endswith(".json"):
        from gridopt.network.io import read_net

        return with_defaults(read_net(Path(name)))
    return loaded_case(name, {} if year is None else {"year": year}).net


@network_app.command()
def build(
    network: NetworkArgument,
    year: YearOption = None,
    out: Annotated[Path | None, typer.Option(help="JSON file to write.")] = None,
    debug: DebugOption = False,
) -> None:
    """Build the pandapower network of a year and count what it holds.

    Example: [bold]gridopt network build jilin --year 2030 --out jilin-2030.json[/bold]
    """
    with Reporting(debug=debug):
        net = _network(network, year)
        table = Table("table", "rows", box=None, pad_edge=False)
        for name in ("bus", "line", "trafo", "load", "gen", "sgen", "storage", "tie", "interface"):
            table.add_row(name, str(len(net[name])))
        Console().print(table)
        if out is not None:
            from gridopt.network.io import write_json

            write_json(net, out)
            print(f"written to {out}")


@network_app.command()
def show(
    network: NetworkArgument,
    year: YearOption = None,
    out: Annotated[Path | None, typer.Option(help="HTML or PNG file; default NETWORK.html.")] = None,
    debug: DebugOption = False,
) -> None:
    """Draw the network on a map that works offline.

    Example: [bold]gridopt network show jilin --year 2030 --out jilin.html[/bold]
    """
    with Reporting(debug=debug):
        from gridopt.report.map import write_map

        path = out or Path(f"{Path(network).stem}.html")
        write_map(_network(network, year), path)
        print(f"written to {path}")


@network_app.command()
def export(
    network: NetworkArgument,
    out: Annotated[Path, typer.Option(help="File to write: .json (pandapower) or .mat (MATPOWER).")],
    year: YearOption = None,
    debug: DebugOption = False,
) -> None:
    """Write the network for another tool; the suffix of the file tells the format.

    Example: [bold]gridopt network export jilin --year 2030 --out jilin.mat[/bold]
    """
    with Reporting(debug=debug):
        from gridopt.network import io

        if out.suffix not in (".json", ".mat"):
            raise InputError(Fault(str(out), message=f"no format for {out.suffix!r}; use .json or .mat"))
        net = _network(network, year)
        if out.suffix == ".json":
            io.write_json(net, out)
        else:
            for remark in io.write_matpower(net, out):
                print(f"not carried: {remark}", file=sys.stderr)
        print(f"written to {out}")
