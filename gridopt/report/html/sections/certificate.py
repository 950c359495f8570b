"""Certificate: how far the plan can be from the best one."""

from __future__ import annotations

from gridopt.report.html.parts import Absent, Section, Table, Text
from gridopt.report.html.units import MISSING
from gridopt.report.html.view import View


def section(view: View) -> Section | Absent:
    """Objective, proven lower bound, and the gap between them."""
    title, s = view.say("certificate_title"), view.folder.summary
    if s.get("lower_bound_cny") is None:
        return Absent(title, view.say("no_certificate"))
    rows = [
        [view.say("objective"), view.shown(s["objective_cny"], "cny")],
        [view.say("lower_bound"), view.shown(s["lower_bound_cny"], "cny")],
        [view.say("gap"), MISSING if s.get("gap") is None else f"{100 * float(s['gap']):.3f} %"],
        [view.say("gap_cny"), view.shown(s.get("gap_cny"), "cny")],
    ]
    head = [view.say("what"), view.say("amount")]
    return Section("certificate", title, [Text(view.say("certificate_note")), Table(head, rows)])
