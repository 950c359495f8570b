"""A study told: its table and its findings as markdown and on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gridopt.studies.builtin.say import clean
from gridopt.studies.builtin.study import Pair, Study

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from gridopt.studies.builtin.periods import Period

# Space between two columns on the terminal.
_GAP = 2
# Longer words of a cell go on in the next line.
_WIDEST = 40


def scope(hours: Mapping[str, Sequence[Period]]) -> list[Pair]:
    """Which hours stand for what, case by case."""
    out = []
    for case, own in hours.items():
        if own[0].start:
            weeks = ", ".join(f"{period.name} {period.start[:10]} × {period.weight:.2f}" for period in own)
            total = sum(period.weight * period.hours for period in own)
            out.append(
                (f"{case}：代表周 {weeks}，合计{total:,.0f}小时", f"{case}: weeks {weeks}; {total:,.0f} h in all")
            )
        else:
            out.append((f"{case}：全部{own[0].hours:,.0f}小时", f"{case}: all {own[0].hours:,.0f} h"))
    return out


def shown(value: str | float, column: str) -> str:
    """A cell as text: shares in percent, numbers with as many digits as a planner reads.

    Examples
    --------
    >>> shown(0.0512, "share_pu"), shown(1234.5678, "called_gwh"), shown(float("nan"), "x"), shown(0.6, "limit")
    ('5.12%', '1,234.6', '–', '0.6')
    """
    if isinstance(value, str):
        return value
    number = clean(float(value))
    if not np.isfinite(number):
        return "–"
    if column.endswith("_pu"):
        return f"{number:.2%}"
    return f"{number:,.1f}" if abs(number) >= 10 else f"{number:,.3g}"


def columns_of(study: Study, table: pd.DataFrame, language: int) -> list[tuple[str, str]]:
    """Columns shown in a language and their words: those that say the same in the other one are left out."""
    others = [f"{column}_zh" for column in table]
    left_out = (
        {column for column in table if str(column).endswith("_zh")}
        if language
        else {column.removesuffix("_zh") for column in others if column in table}
    )
    wide = ("_how", "_how_zh", "id")
    shown_ones = [str(c) for c in table if c not in left_out and not str(c).endswith(wide)]
    return [(column, study.columns.get(column, (column, column))[language]) for column in shown_ones]


def markdown(study: Study, cube: xr.Dataset, table: pd.DataFrame, hours: Sequence[Pair], language: int) -> str:
    """Title, findings, table, and what is not told, as markdown."""
    columns = columns_of(study, table, language)
    rows = [[shown(row[name], name).replace("|", "\\|") for name, _ in columns] for _, row in table.iterrows()]
    heads = (("结论", "Findings"), ("数据", "Numbers"), ("时段与范围", "Hours and scope"))
    lines = [f"# {study.title[language]}", "", f"## {heads[0][language]}", ""]
    lines += [f"- {sentence[language]}" for sentence in study.findings(cube)]
    lines += ["", f"## {heads[1][language]}", "", "| " + " | ".join(words for _, words in columns) + " |"]
    lines += ["|" + " --- |" * len(columns), *("| " + " | ".join(row) + " |" for row in rows)]
    lines += ["", f"## {heads[2][language]}", ""]
    lines += [f"- {pair[language]}" for pair in (*hours, *study.not_told)]
    return "\n".join(lines) + "\n"


def blocks(widths: Sequence[int], width: int) -> list[list[int]]:
    """Columns that stand side by side in so many characters: the first one in every block, the others in their order.

    Examples
    --------
    >>> blocks([10, 6, 6, 6], 28)
    [[0, 1, 2], [0, 3]]
    """
    out: list[list[int]] = []
    room = 0
    for column in range(1, len(widths)):
        if not out or widths[column] + _GAP > room:
            out.append([0])
            room = width - widths[0]
        out[-1].append(column)
        room -= widths[column] + _GAP
    return out or [[0]]


def print_study(study: Study, cube: xr.Dataset) -> None:
    """The table and the findings on the terminal; a table that is too wide is printed in blocks."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table, console = study.table(cube), Console()
    columns = columns_of(study, table, 1)
    cells = [[shown(value, name) for value in table[name]] for name, _ in columns]
    widths = [
        min(max(map(len, [*words.split(), *own])), _WIDEST) for (_, words), own in zip(columns, cells, strict=True)
    ]
    console.print(study.title[1], style="italic", justify="center")
    for block in blocks(widths, console.width):
        drawn = Table(box=None, pad_edge=False)
        for at in block:
            name, words = columns[at]
            left = table[name].dtype == object
            drawn.add_column(words, justify="left" if left else "right", width=widths[at])
        for row in range(len(table)):
            drawn.add_row(*(escape(cells[at][row]) for at in block))
        console.print(drawn)
        console.print()
    for sentence in (*study.findings(cube), *study.not_told):
        console.print(f"- {sentence[1]}", markup=False)
