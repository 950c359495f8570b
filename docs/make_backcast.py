"""Tables and pictures of the page on the backcast, from a folder of ``gridopt study backcast``.

``python docs/make_backcast.py results/study-backcast-jilin-2021-jilin-2022`` writes the comparison to
``docs/results/backcast.csv``, and from it the pictures in ``docs/figures/backcast`` and the blocks between markers in
``docs/backcast.md``. Without a folder it does the second half alone; ``--check`` writes nothing and fails where a block
is not what the comparison says.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd
from make_figures import DOCS, EXTRACTS, FIGURES, rewritten

from gridopt.results.backcast import MISSED, PERIOD
from gridopt.studies.builtin.backcast import (
    MONTHLY,
    drawings,
    figures_of,
    findings_of,
    judged,
    months,
    of_period,
    words,
)

COMMON_YEAR = 2022  # any year of 365 days: the lengths of the months
PAGE, COMPARISON = DOCS / "backcast.md", EXTRACTS / "backcast.csv"


def write_comparison(folders: list[Path]) -> None:
    """Write the comparisons of folders of the study; years may be solved apart."""
    import xarray as xr

    parts = []
    for folder in folders:
        with xr.open_dataset(folder / "cube.nc") as cube:
            parts.append(figures_of(cube))
    pd.concat(parts).round(4).to_csv(COMPARISON, index=False, lineterminator="\n")


def comparison() -> pd.DataFrame:
    """The comparison as it stands in the documentation."""
    return pd.read_csv(COMPARISON, keep_default_na=False, na_values={"tolerance": [""]})


def blocks(whole: pd.DataFrame) -> dict[str, str]:
    """Text of every block by its marker."""
    out = {"findings": "\n".join(f"- {sentence}" for _, sentence in findings_of(whole)), "export": _of_export(whole)}
    for case, own in whole.groupby("case"):
        out[f"{case} year"] = _of_year(own)
        out[f"{case} periods"] = _of_periods(own)
    return out


def _of_year(own: pd.DataFrame) -> str:
    lines = ["| quantity | months | statistics | model | off by | allowed | | known |", "| --- " * 8 + "|"]
    rows = judged(own)
    for row in rows[(rows["quantity"] != "thermal") | ~of_period(rows)].to_dict("records"):
        energy = row["unit"] == "GWh"
        off = f"{row['deviation']:+{'.1%' if energy else '.3g'}}"
        allowed = "–" if pd.isna(row["tolerance"]) else f"{row['tolerance']:.0%}" if energy else f"{row['tolerance']:g}"
        numbers = [_number(row[side], row["unit"]) for side in ("statistic", "model")]
        status = f"**{row['status']}**" if row["status"] == MISSED else row["status"]
        cells = [words(row["quantity"])[1], months(row), *numbers, off, allowed, status, row["confidence"]]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _of_export(whole: pd.DataFrame) -> str:
    """Periods that have their thermal power: the model's, with the export of the statistics, and at best."""
    heads = ("", "periods within 10 %", "with the export of the period taken out", "at best, with an even export")
    lines = ["| " + " | ".join(heads) + " |", "| --- " * len(heads) + "|"]
    for case, own in whole.groupby("case"):
        spans = own[of_period(own)].set_index(["quantity", "first_month"])
        thermal, export = spans.loc["thermal"], spans.loc["net_export"]
        rest = thermal["model"] - (export["model"] - export["statistic"])
        best = thermal["statistic"] + even_export(own, export) - export["statistic"]
        counts = [
            ((value / thermal["statistic"] - 1).abs() <= PERIOD).sum() for value in (thermal["model"], rest, best)
        ]
        lines.append("| " + " | ".join([str(case), *(f"{count} of {len(thermal)}" for count in counts)]) + " |")
    return "\n".join(lines)


def even_export(own: pd.DataFrame, periods: pd.DataFrame) -> pd.Series:
    """Net export of each period if the export of the year, as cited, were the same every day [GWh]."""
    of_year = own[(own["quantity"] == "net_export") & ~of_period(own)]["statistic"].item()
    days = [
        sum(pd.Period(year=COMMON_YEAR, month=month, freq="M").days_in_month for month in range(first, last + 1))
        for first, last in zip(periods.index, periods["last_month"], strict=True)
    ]
    return pd.Series(days, periods.index) * of_year / 365


def _number(value: float, unit: str) -> str:
    return {"GWh": f"{value:,.0f} GWh", "%": f"{value:.2f} %"}.get(unit, f"{value:.0f}")


def _of_periods(own: pd.DataFrame) -> str:
    """Statistics and model of each published period side by side."""
    spans = own[of_period(own) & own["quantity"].isin(MONTHLY)]
    head = ["months", *(f"{words(quantity)[1]}, {side}" for quantity in MONTHLY for side in ("statistics", "model"))]
    lines = ["| " + " | ".join(head) + " |", "| --- " * len(head) + "|"]
    for (first, last), rows in spans.groupby(["first_month", "last_month"]):
        by_quantity = {row["quantity"]: row for row in rows.to_dict("records")}
        cells = [months({"first_month": first, "last_month": last})]
        for quantity in MONTHLY:
            row = by_quantity.get(quantity)
            cells += ["", ""] if row is None else [_short(row, "statistic"), _short(row, "model")]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _short(row: dict[str, object], side: str) -> str:
    value = float(str(row[side]))
    text = f"{value:.1f} %" if row["unit"] == "%" else f"{value:,.0f}"
    return f"**{text}**" if side == "model" and row["status"] == MISSED else text


def draw(whole: pd.DataFrame) -> None:
    """Write all pictures."""
    folder = FIGURES / "backcast"
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in drawings(whole).items():
        figure.savefig(folder / f"{name}.png", dpi=110, metadata={"Software": None})


def main() -> None:
    """Read the arguments and do what they say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, help="folders of gridopt study backcast")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a block is out of date")
    arguments = parser.parse_args()
    if arguments.folders and not arguments.check:
        write_comparison(arguments.folders)
    whole, page = comparison(), PAGE.read_text(encoding="utf-8")
    text = page
    for marker, block in blocks(whole).items():
        text = rewritten(text, marker, block)
    if arguments.check:
        if text != page:
            sys.exit("out of date, run python docs/make_backcast.py")
        return
    draw(whole)
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
