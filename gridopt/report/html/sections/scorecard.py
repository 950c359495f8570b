"""Policy targets: met, missed, or not computable from dispatch."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridopt.report.html.parts import Absent, Section, Table, Text
from gridopt.report.html.units import MISSING
from gridopt.report.html.view import View
from gridopt.results.scorecard import MET, MISSED, NO_TARGETS, NOT_COMPUTABLE, counts
from gridopt.results.tables.words import TARGET_UNITS, words

_MARK = {MET: "good", MISSED: "bad", NOT_COMPUTABLE: "grey"}
# What a target is judged in, and the quantity of a report that it is.
_QUANTITY = {"pu": "pu", "MW": "mw"}


def section(view: View) -> Section | Absent:
    """One row for each target, the missed ones first."""
    title, card = view.say("scorecard_title"), view.folder.scorecard
    if card.empty:
        written = (view.folder.path / "scorecard.csv").is_file()
        return Absent(title, words(NO_TARGETS, view.language) if written else view.say("no_scorecard"))
    order = {MISSED: 0, MET: 1, NOT_COMPUTABLE: 2}
    card = card.sort_values("status", key=lambda status: status.map(order), kind="stable").reset_index(drop=True)
    number = ", ".join(f"{view.word(status)} {count}" for status, count in counts(card).items())
    ending = "_zh" if view.language == "zh" else ""
    rows = [
        [
            str(row[f"target{ending}"]), view.word(str(row["year"])), view.word(str(row["status"])),
            str(row[f"how{ending}"]) if isinstance(row[f"how{ending}"], str) else "",
            _number(view, row["value"], row["unit"]),
            _asked(view, row),
        ]
        for row in card.to_dict("records")
    ]  # fmt: skip
    head = [view.column(key) for key in ("target", "year", "status", "how", "value", "threshold")]
    marks = {number: _MARK[status] for number, status in enumerate(card["status"])}
    return Section("scorecard", title, [Text(number), Table(head, rows, words=4, marks=marks)])


def _asked(view: View, row: dict[Any, Any]) -> str:
    """Sense and threshold; a truth needs no sense, a missing threshold has none."""
    threshold = _number(view, row["threshold"], row["unit"])
    return threshold if row["unit"] == "bool" or threshold == MISSING else f"{view.word(row['sense'])} {threshold}"


def _number(view: View, value: float, unit: str) -> str:
    if np.isnan(value):
        return MISSING
    if unit == "bool":
        return view.say("yes" if value else "no")
    if unit in _QUANTITY:
        return view.shown(float(value), _QUANTITY[unit])
    known = TARGET_UNITS.get(unit)
    if known is None:
        return f"{value:,.6g} {unit}"
    name, factor, _ = known.shown(view.language)
    return f"{value * factor:,.6g} {name}".strip()
