"""Pilot zones against their rules, and all other amounts that the horizon may use or has to reach."""

from __future__ import annotations

from gridopt.report.html.parts import SERIES, Absent, Figure, Section, Table, bars
from gridopt.report.html.view import View

_QUANTITY = {"MWh": "mwh", "h": "h", "t": "t"}
_FLOWS = ("load", "generation", "import", "export")


def section(view: View) -> Section | Absent:
    """Flows of the zones, and each rule with what it came to."""
    title = view.say("rules_title")
    blocks: list[Figure | Table] = [_zone(view, name, number) for number, name in enumerate(view.labels("pilot"))]
    if "budget_limit" in view.data:
        blocks.append(_budgets(view))
    if not blocks:
        return Absent(title, view.say("no_rules"))
    return Section("rules", title, blocks)


def _zone(view: View, name: str, number: int) -> Figure:
    """Energy of a zone by month, or by day for a run within one month."""
    series = {flow: view.by_span(view.values(f"pilot_{flow}_mw")[number]) for flow in _FLOWS}
    scale = view.scale("mwh", *(energy for _, energy in series.values()))
    traces = [
        bars(view.say(f"zone_{flow}"), names, energy * scale.factor, colour, scale.unit)
        for (flow, (names, energy)), colour in zip(series.items(), SERIES, strict=False)
    ]
    layout = {"barmode": "group", "yaxis": {"title": {"text": scale.unit}}, "xaxis": {"type": "category"}}
    return Figure(f"zone_{number}", view.say("zone_figure", zone=name), traces, layout)


def _budgets(view: View) -> Table:
    """Limit, amount and breach of every budget, those of pilot zones first."""
    rows: list[tuple[bool, list[str], str]] = []
    for number, name in enumerate(view.labels("budget")):
        one = view.data.isel(budget=number)
        unit, sense = str(one["budget_unit"].item()), str(one["budget_sense"].item())
        limit, used, breach = (float(one[f"budget_{what}"]) for what in ("limit", "used", "breach"))
        kept = breach <= 1e-6 * max(1.0, abs(limit))
        cells = [
            view.budget(name), view.say(f"sense_{sense}"), view.say("kept" if kept else "broken"),
            *(_amount(view, value, unit) for value in (limit, used, breach)),
        ]  # fmt: skip
        rows.append((str(one["budget_component"].item()) != "pilot", cells, "good" if kept else "bad"))
    rows.sort(key=lambda row: row[0])
    head = [view.say(key) for key in ("rule", "sense", "state", "limit", "used", "breach")]
    marks = {number: mark for number, (_, _, mark) in enumerate(rows)}
    return Table(head, [cells for _, cells, _ in rows], view.say("budgets_table"), words=3, marks=marks)


def _amount(view: View, value: float, unit: str) -> str:
    return view.shown(value, _QUANTITY[unit]) if unit in _QUANTITY else f"{value:,.6g} {unit}"
