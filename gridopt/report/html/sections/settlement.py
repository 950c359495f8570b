"""Settlement: what the ancillary market pays for deep regulation, a transfer beside the cost."""

from __future__ import annotations

from gridopt.report.html.parts import Absent, Section, Table, Text
from gridopt.report.html.view import View
from gridopt.results.settlement import settlement


def section(view: View) -> Section | Absent:
    """Energy and compensation by generator and band, the largest first."""
    title, case = view.say("settlement_title"), view.folder.case
    if case is None:
        return Absent(title, view.say("no_case", reason=view.folder.case_fault))
    if view.folder.inputs_changed:
        return Absent(title, view.say("inputs_changed"))
    table = settlement(case, view.data)
    if table.empty:
        return Absent(title, view.say("no_settlement"))
    used = table[table["energy_mwh"] > 0].sort_values("compensation_cny", ascending=False, kind="stable")
    total = float(used["compensation_cny"].sum())
    if used.empty:
        return Section("settlement", title, [Text(view.say("no_regulation"))])
    words = view.say(
        "settlement_note", total=view.shown(total, "cny"), energy=view.shown(float(used["energy_mwh"].sum()), "mwh")
    )
    rows = [
        [
            view.name(str(row["generator"])), str(row["band"]), view.shown(row["hours"], "h"),
            view.shown(row["energy_mwh"], "mwh"), view.shown(row["price_cny_per_mwh"], "cny_per_mwh"),
            view.shown(row["compensation_cny"], "cny"),
        ]
        for row in used.to_dict("records")
    ]  # fmt: skip
    head = [view.say(key) for key in ("plant", "band", "hours", "deep_energy", "price", "compensation")]
    return Section("settlement", title, [Text(words), Table(head, rows, folded=len(rows) > 12)])
