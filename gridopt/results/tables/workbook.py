"""``tables.xlsx``: all tables, the scorecard and where the numbers come from, in the units of the language.

The Chinese workbook counts in 万千瓦, 亿千瓦时, 元/兆瓦时 and 吨标准煤 and has the English heading beside each Chinese
one; the English workbook counts in MW and GWh.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd
from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from gridopt.results.scorecard import NO_TARGETS
from gridopt.results.tables.words import (
    COLUMNS,
    HEADLINES,
    NOTE,
    PROVENANCE,
    TARGET_UNITS,
    TITLES,
    Language,
    said,
    unit_of,
    words,
)

if TYPE_CHECKING:
    from pathlib import Path

    from openpyxl.worksheet.worksheet import Worksheet

    from gridopt.results.result import Result
    from gridopt.results.tables.table import Table

_HEAD = PatternFill("solid", fgColor="DCE6F1")
_BOLD, _GREY = Font(bold=True), Font(color="808080", italic=True)
_LINE = Border(bottom=Side(style="thin", color="A6A6A6"))
_STATUS = {"met": "E2EFDA", "missed": "F8CBAD"}
_WIDEST = 46
# Columns of the scorecard that the workbook shows, by language.
_CARD = {
    "zh": ("target_zh", "year", "clause", "value", "sense", "threshold", "unit", "status", "how_zh", "source"),
    "en": ("target", "year", "clause", "value", "sense", "threshold", "unit", "status", "how", "source"),
}


def write_workbook(result: Result, path: Path, language: Language = "zh") -> None:
    """Write the workbook of a result.

    Parameters
    ----------
    result
        A solved case.
    path
        File to write.
    language
        ``zh`` or ``en``: headings and units.
    """
    from gridopt.results.tables import TABLES

    book = Workbook()
    first = book.active
    assert first is not None
    first.title = words(TITLES["overview"], language)
    _Overview(result, language).write(first)
    _write_card(book.create_sheet(words(TITLES["scorecard"], language)), result.scorecard, language)
    for table in TABLES:
        place = book.create_sheet(words(TITLES[table.name], language))
        _Sheet(table, result.tables[table.name], language).write(place)
    for sheet in book.worksheets:
        _fit(sheet)
    book.save(path)


@dataclass(frozen=True)
class _Sheet:
    """A table as a sheet: items down and months across, or one row for each record."""

    table: Table
    frame: pd.DataFrame
    language: Language

    @cached_property
    def keys(self) -> list[str]:
        """Columns that are shown: parts without any number but zero are left out."""
        return [key for key in self.table.columns if key not in self.table.parts or self._holds(key)]

    def _holds(self, key: str) -> bool:
        numbers = self.frame[key]
        return bool((numbers.fillna(0.0) != 0).any()) if pd.api.types.is_numeric_dtype(numbers) else True

    def write(self, sheet: Worksheet) -> None:
        if self.frame.empty:
            sheet.append([words(("本算例无此项", "the case has none of it"), self.language)])
        elif self.table.across:
            self._write_across(sheet)
        else:
            self._write_down(sheet)

    def _heading(self, key: str) -> str:
        return words(COLUMNS[key], self.language)

    def _with_unit(self, key: str, unit: str) -> str:
        with_unit = f"{self._heading(key)}（{unit}）" if self.language == "zh" else f"{self._heading(key)}, {unit}"
        return with_unit if unit else self._heading(key)

    def _shown(self, key: str) -> tuple[str, list[Any], str]:
        """Unit, values and number format of a column."""
        unit, factor, form = unit_of(key).shown(self.language)
        column = self.frame[key]
        if not pd.api.types.is_numeric_dtype(column):
            return "", [said(value, self.language) for value in column], "@"
        return unit, [None if pd.isna(value) else float(value) * factor for value in column], form

    def _write_across(self, sheet: Worksheet) -> None:
        """First column the item, second its unit, then one column for each record; English items in Chinese sheets."""
        chinese = self.language == "zh"
        label, *items = self.keys
        _, records, _ = self._shown(label)
        lead = 3 if chinese else 2
        sheet.append([words(("项目", "item"), self.language), words(("单位", "unit"), self.language)])
        if chinese:
            sheet.cell(1, 3, "item")
        for number, record in enumerate(records):
            sheet.cell(1, lead + 1 + number, record)
        for row, key in enumerate(items, start=2):
            part = key in self.table.parts
            unit, values, form = self._shown(key)
            name = sheet.cell(row, 1, self._heading(key))
            name.alignment = Alignment(indent=2 if part else 0)
            name.font = Font() if part else _BOLD
            sheet.cell(row, 2, unit)
            if chinese:
                sheet.cell(row, 3, COLUMNS[key][1]).font = _GREY
            for number, value in enumerate(values):
                cell = sheet.cell(row, lead + 1 + number, value)
                cell.number_format, cell.font = form, Font() if part else _BOLD
                cell.alignment = Alignment(horizontal="right")
        _head(sheet, 1)
        sheet.freeze_panes = f"{get_column_letter(lead + 1)}2"

    def _write_down(self, sheet: Worksheet) -> None:
        """One heading (two in Chinese sheets), then one row for each record, to be filtered."""
        columns = [self._shown(key) for key in self.keys]
        sheet.append([self._with_unit(key, unit) for key, (unit, _, _) in zip(self.keys, columns, strict=True)])
        rows = 1
        if self.language == "zh":
            sheet.append([COLUMNS[key][1] for key in self.keys])
            rows = 2
        for record in zip(*(values for _, values, _ in columns), strict=True):
            sheet.append(list(record))
        for number, (_, _, form) in enumerate(columns, start=1):
            for (cell,) in sheet.iter_rows(min_row=rows + 1, min_col=number, max_col=number):
                cell.number_format = form
        for row in range(1, rows + 1):
            _head(sheet, row)
        texts = sum(form == "@" for _, _, form in columns[:3])
        sheet.freeze_panes = f"{get_column_letter(max(texts, 1) + 1)}{rows + 1}"
        sheet.auto_filter.ref = f"A{rows}:{get_column_letter(len(columns))}{sheet.max_row}"


@dataclass(frozen=True)
class _Overview:
    """The first sheet: what was run, where the numbers come from, and the headline numbers."""

    result: Result
    language: Language

    def write(self, sheet: Worksheet) -> None:
        sheet.append([self.result.case.name])
        sheet.cell(1, 1).font = Font(bold=True, size=14)
        for key, value in self._provenance().items():
            sheet.append([words(PROVENANCE[key], self.language), value])
        sheet.append([])
        sheet.append([words(("指标", "quantity"), self.language), words(("数值", "value"), self.language)])
        sheet.cell(sheet.max_row, 3, words(("单位", "unit"), self.language))
        _head(sheet, sheet.max_row)
        for key, pair in HEADLINES.items():
            unit, factor, form = unit_of(key).shown(self.language)
            number = self.result.summary[key.removesuffix("_pu")]
            shown = None if number is None else float(number) * factor
            sheet.append([words(pair, self.language), shown, unit])
            sheet.cell(sheet.max_row, 2).number_format = form
        sheet.append([])
        for note in self._notes():
            sheet.append([note])
            sheet.cell(sheet.max_row, 1).font = _GREY

    def _provenance(self) -> dict[str, str | float]:
        case, attributes = self.result.case, self.result.dataset.attrs
        settings, time = case.settings, case.time
        begin = time[0] - pd.Timedelta(hours=settings.step_h)
        network = " ".join(str(part) for part in (settings.network or "–", settings.year) if part is not None)
        return {
            "case": case.name,
            "description": settings.description,
            "network": network,
            "horizon": f"{begin:%Y-%m-%d %H:%M} – {time[-1]:%Y-%m-%d %H:%M}",
            "hours": len(time) * settings.step_h,
            "model": f"network {settings.network_level}, commitment {settings.unit_commitment}, "
            f"weather {settings.weather_year}",
            "input_sha256": str(attributes.get("input_sha256", "")),
            "solver": str(attributes.get("solver", "")),
            "versions": str(attributes.get("versions", "")),
            "created": str(attributes.get("created", "")),
        }

    def _notes(self) -> list[str]:
        notes = [words(NOTE, self.language)]
        meta = self.result.case.net.get("network_meta")
        return notes + (
            [str(said(note, self.language)) for note in meta["note"]] if meta is not None and len(meta) else []
        )


def _write_card(sheet: Worksheet, card: pd.DataFrame, language: Language) -> None:
    if card.empty:
        sheet.append([words(NO_TARGETS, language)])
        return
    keys = _CARD[language]
    sheet.append([words(COLUMNS[key.removesuffix("_zh")], language) for key in keys])
    _head(sheet, 1)
    for row in card.to_dict("records"):
        unit, factor, form = TARGET_UNITS[row["unit"]].shown(language)
        numbers = {key: None if pd.isna(row[key]) else float(row[key]) * factor for key in ("value", "threshold")}
        cells = row | numbers | {"unit": unit}
        sheet.append([said(cells[key], language) for key in keys])
        for key in numbers:
            sheet.cell(sheet.max_row, keys.index(key) + 1).number_format = form
        status = sheet.cell(sheet.max_row, keys.index("status") + 1)
        if row["status"] in _STATUS:
            status.fill = PatternFill("solid", fgColor=_STATUS[row["status"]])
    for line in sheet.iter_rows(min_row=2):
        for cell in line:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes = "B2"


def _head(sheet: Worksheet, row: int) -> None:
    """A heading: bold on blue, wrapped, centred."""
    for cell in sheet[row]:
        cell.fill, cell.border = _HEAD, _LINE
        cell.font = _BOLD
        cell.alignment = Alignment(wrap_text=True, horizontal="center", vertical="center")


def _fit(sheet: Worksheet) -> None:
    """Columns as wide as their cells; a heading may break into three lines; long texts of one cell may overflow."""
    for column in sheet.iter_cols(max_row=min(sheet.max_row, 60)):
        widths = [
            -(-_width(cell.value, "") // 3) + 2 if cell.fill == _HEAD else _width(cell.value, cell.number_format)
            for cell in column
        ]
        letter = get_column_letter(int(column[0].column or 1))
        sheet.column_dimensions[letter].width = min(max(max(widths, default=0) + 2, 9), _WIDEST)
    sheet.sheet_view.showGridLines = False


def _width(value: object, form: str) -> int:
    if isinstance(value, float):
        decimals = len(form.rpartition(".")[2].strip("%#")) if "." in form else 0
        return len(f"{value:,.0f}") + (decimals + 1 if decimals else 0)
    text = "" if value is None else str(value)
    return sum(2 if ord(sign) > 0x2E80 else 1 for sign in text)
