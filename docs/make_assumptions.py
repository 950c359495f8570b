"""Which answers hang on which assumption: the tables of ``docs/provenance.md``.

``python docs/make_assumptions.py results/assumptions.zarr`` writes the store of the sweep
``examples/sweeps/jilin-2030-assumptions.yaml`` to ``docs/results/assumptions.csv``, and from it and the tables of
``networks/jilin`` the blocks of the page.  Without a store it does the second half alone; ``--check`` writes nothing
and fails where a block is out of date.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd
from make_figures import DOCS, EXTRACTS, rewritten

PAGE, SWEPT = DOCS / "provenance.md", EXTRACTS / "assumptions.csv"
TABLES = DOCS.parent / "networks" / "jilin"
KEYS = ("objective_cny", "curtailment_mwh", "curtailment_rate", "thermal_mwh", "co2_t", "unserved_mwh", "hydrogen_t")
TOLD = (("curtailment_mwh", 1e6, 2), ("thermal_mwh", 1e6, 1), ("co2_t", 1e6, 1), ("objective_cny", 1e9, 2))
BASE = "as it is"
CONFIDENCE = ("cited", "derived", "recalled", "assumed")


def write_swept(store: Path) -> None:
    """Write the numbers of every scenario."""
    import xarray as xr

    cube = xr.open_zarr(store)
    if int((cube["status"] != 1).sum()):
        sys.exit(f"{store}: a scenario failed or is missing")
    table = cube["summary"].to_dataset("summary_key")[list(KEYS)].to_dataframe()[list(KEYS)]
    table.index = [str(name) for name in cube["scenario"].to_numpy()]
    table.round(4).to_csv(SWEPT, index_label="assumption", lineterminator="\n")


def of_assumptions() -> str:
    """What changes when one assumption does, the largest change of curtailment first."""
    table = pd.read_csv(SWEPT, index_col="assumption")
    base = table.loc[BASE]
    order = (table["curtailment_mwh"] - base["curtailment_mwh"]).abs().drop(BASE).sort_values(ascending=False).index
    head = ("one changed", "curtailed", "curtailed, TWh", "coal, gas, TWh", "CO2, Mt", "cost, bn CNY", "unserved, GWh")
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    lines.append(_line(f"**{BASE}**", base, base, ""))
    lines += [_line(name, table.loc[name], table.loc[name] - base, "+") for name in order]
    return "\n".join(lines)


def _line(name: str, row: pd.Series, told: pd.Series, sign: str) -> str:
    """A scenario: its rate and what is unserved as they are, all else as it is told, with or without a sign."""
    cells = [f"{told[key] / size:{sign}.{digits}f}" for key, size, digits in TOLD]
    return f"| {name} | {row['curtailment_rate']:.1%} | {' | '.join(cells)} | {row['unserved_mwh'] / 1e3:.1f} |"


def of_confidence() -> str:
    """Rows of every table by what is known of them."""
    lines = ["| table | " + " | ".join(CONFIDENCE) + " |", "| --- |" + " ---: |" * len(CONFIDENCE)]
    for path in sorted(TABLES.glob("*.csv")):
        table = pd.read_csv(path)
        if "confidence" in table:
            counts = table["confidence"].value_counts()
            lines.append(f"| `{path.name}` | " + " | ".join(str(counts.get(each, 0)) for each in CONFIDENCE) + " |")
    return "\n".join(lines)


def main() -> None:
    """Write or check the blocks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", nargs="?", type=Path, help="store of the sweep")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a block is out of date")
    arguments = parser.parse_args()
    if arguments.store is not None:
        write_swept(arguments.store)
    old = PAGE.read_text(encoding="utf-8")
    page = rewritten(rewritten(old, "assumptions", of_assumptions()), "confidence", of_confidence())
    if not arguments.check:
        PAGE.write_text(page, encoding="utf-8")
    elif page != old:
        sys.exit("docs/provenance.md is out of date: run python docs/make_assumptions.py")


if __name__ == "__main__":
    main()
