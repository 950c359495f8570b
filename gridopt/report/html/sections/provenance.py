"""Where the numbers come from: inputs, model, solver, versions."""

from __future__ import annotations

from gridopt.report.html.parts import Section, Table, Text
from gridopt.report.html.view import View
from gridopt.results.tables.words import PROVENANCE, words

_ATTRIBUTES = ("case", "solver", "versions", "created")


def section(view: View) -> Section:
    """Hash of the inputs, versions, and the case file."""
    s, data, settings = view.folder.summary, view.data.attrs, view.folder.settings
    meant = {
        "description": settings.get("description"),
        "network": settings.get("network"),
        **{key: data.get(key) for key in _ATTRIBUTES},
        "input_sha256": s["input_sha256"],
    }
    rows = [[words(PROVENANCE[key], view.language), str(value)] for key, value in meant.items() if value]
    rows.append([view.say("solving"), _solving(view)])
    blocks: list[Text | Table] = [
        Table([view.say("what"), view.say("value")], rows, words=2),
        Text(view.say("time_note"), "note"),
    ]
    if view.folder.inputs_changed:
        blocks.append(Text(view.say("inputs_changed"), "attention"))
    file = view.folder.path / "case.yaml"
    if file.is_file():
        blocks.append(Text(file.read_text(encoding="utf-8"), "code", view.say("case_file")))
    return Section("provenance", view.say("provenance_title"), blocks)


def _solving(view: View) -> str:
    s = view.folder.summary
    return view.say("solving_words", seconds=f"{s.get('wall_s') or 0:,.0f}", windows=s.get("windows", "–"))
