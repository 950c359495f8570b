"""Comparison of results: numbers side by side, what differs in their settings, energy and curtailment."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from gridopt.report.html.parts import COLOURS, Figure, Section, Table, Text, bars
from gridopt.report.html.sections.headline import label, quantity
from gridopt.report.html.units import MISSING
from gridopt.report.html.view import View

_ROWS = (
    *("demand_mwh", "peak_load_mw", "peak_load_after_dr_mw", "thermal_mwh", "biomass_mwh", "hydro_mwh", "wind_mwh"),
    *("solar_mwh", "curtailment_rate", "curtailment_mwh", "utilisation_wind", "utilisation_solar", "net_export_mwh"),
    *("phs_charge_mwh", "phs_discharge_mwh", "battery_charge_mwh", "battery_discharge_mwh", "dr_mwh", "hydrogen_t"),
    *("spill_mwh", "unserved_mwh", "excess_mwh", "reserve_shortfall_mwh", "nonfossil_share_generation"),
    *("nonfossil_share_capacity", "nonhydro_renewable_share_consumption", "co2_t", "coal_tce", "operating_cost_cny"),
    *("penalty_cny", "objective_cny"),
)
_ENERGY = (
    *(("thermal_mwh", "coal"), ("biomass_mwh", "biomass"), ("hydro_mwh", "hydro"), ("wind_mwh", "wind")),
    *(("solar_mwh", "solar"), ("import_mwh", "import")),
)
_CAUSES = ("network", "min_output", "export_limit", "storage", "other")
_WIND_SOLAR = ("wind", "solar")


def sections(views: Sequence[View], names: Sequence[str]) -> list[Section]:
    """Sections of a comparison; names tell the results apart."""
    first = views[0]
    return [
        Section("compare", first.say("compare_headline"), _headline(views, names)),
        Section("energy", first.say("compare_energy"), [_energy(views, names)]),
        Section("curtailment", first.say("compare_curtailment"), [_curtailment(views, names)]),
        Section("settings", first.say("compare_settings"), [_settings(views, names)]),
        Section("provenance", first.say("compare_provenance"), [_provenance(views, names)]),
    ]


def _headline(views: Sequence[View], names: Sequence[str]) -> list[Text | Table]:
    """One row for each number, with the difference of each further result to the first."""
    first = views[0]
    summaries = [view.folder.summary for view in views]
    blocks: list[Text | Table] = [Text(first.say("compare_note", first=names[0]))]
    hours = [float(s["hours"]) for s in summaries]
    if len(set(hours)) > 1:
        words = ", ".join(f"{name}: {h:,.0f} h" for name, h in zip(names, hours, strict=True))
        blocks.append(Text(first.say("compare_hours", hours=words), "attention"))
    rows = []
    for key in _ROWS:
        values = [s.get(key) for s in summaries]
        if all(value is None for value in values):
            continue
        kind = quantity(key)
        changes = [None if values[0] is None or v is None else float(v) - float(values[0]) for v in values]
        shown = first.alike([*values, *changes], kind)
        cells = [label(key, first.language), shown[0]]
        for number in range(1, len(values)):
            change = _signed(first, changes[number], shown[len(values) + number], kind, values[0])
            cells += [shown[number], change]
        rows.append(cells)
    difference = first.say("compare_difference")
    head = [first.say("energy"), names[0], *(word for name in names[1:] for word in (name, f"Δ {difference}"))]
    return [*blocks, Table(head, rows)]


def _signed(view: View, change: float | None, shown: str, kind: str, base: float | None) -> str:
    """A difference with its sign: shares in points, the others relative too where that says something."""
    if change is None:
        return MISSING
    sign = "+" if change > 0 and any(digit in shown for digit in "123456789") else ""
    if kind == "pu":
        return f"{sign}{shown.removesuffix(' %')} {view.say('points')}"
    return f"{sign}{shown}" + (f" ({100 * change / abs(base):+.1f} %)" if base and change else "")


def _energy(views: Sequence[View], names: Sequence[str]) -> Figure:
    view = views[0]
    values = {
        key: np.array([float(v.folder.summary.get(key) or 0.0) for v in views])
        for key, _ in _ENERGY
        if any(v.folder.summary.get(key) for v in views)
    }
    return _stack(view, "energy", names, [(label(k, view.language), dict(_ENERGY)[k], v) for k, v in values.items()])


def _curtailment(views: Sequence[View], names: Sequence[str]) -> Figure:
    """By cause where every result tells them, else wind and solar."""
    view, summaries = views[0], [v.folder.summary for v in views]
    if all(s.get("curtailment_network_mwh") is not None for s in summaries):
        parts = [(view.say(f"cause_{c}"), c, f"curtailment_{c}_mwh") for c in _CAUSES]
    else:
        parts = [(view.word(kind), kind, f"curtailment_{kind}_mwh") for kind in _WIND_SOLAR]
    amounts = [(n, c, np.array([float(s.get(key) or 0.0) for s in summaries])) for n, c, key in parts]
    return _stack(view, "curtailment", names, amounts)


def _stack(view: View, key: str, names: Sequence[str], parts: Sequence[tuple[str, str, Any]]) -> Figure:
    scale = view.scale("mwh", sum((values for _, _, values in parts), np.zeros(len(names))))
    traces = [
        bars(name, names, values * scale.factor, COLOURS[colour], scale.unit)
        for name, colour, values in parts
        if values.any()
    ]
    layout = {
        "barmode": "stack",
        "yaxis": {"title": {"text": scale.unit}},
        "xaxis": {"type": "category"},
        "bargap": 0.5,
    }
    return Figure(f"compare_{key}", "", traces, layout, 400)


def _settings(views: Sequence[View], names: Sequence[str]) -> Table | Text:
    view = views[0]
    if not all(v.folder.settings for v in views):
        return Text(view.say("compare_no_settings"), "note")
    flat = [_flat(v.folder.settings) for v in views]
    keys = [key for key in dict.fromkeys(k for one in flat for k in one) if key not in ("name", "description")]
    rows = [
        [key, *(_short(one.get(key)) for one in flat)]
        for key in keys
        if len({_short(one.get(key)) for one in flat}) > 1
    ]
    if not rows:
        return Text(view.say("compare_same"))
    return Table([view.say("setting"), *names], rows, words=1 + len(names))


def _flat(settings: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Settings by their path.

    Examples
    --------
    >>> _flat({"a": {"b": 1}, "c": 2})
    {'a.b': 1, 'c': 2}
    """
    out: dict[str, Any] = {}
    for key, value in settings.items():
        out |= _flat(value, f"{before}{key}.") if isinstance(value, dict) and value else {f"{before}{key}": value}
    return out


def _short(value: object) -> str:
    return MISSING if value in (None, {}) else json.dumps(value, ensure_ascii=False, default=str).strip('"')


def _provenance(views: Sequence[View], names: Sequence[str]) -> Table:
    view = views[0]
    rows = [
        [name, v.folder.path.name, str(v.folder.summary["input_sha256"])[:16], _solved_with(v)]
        for name, v in zip(names, views, strict=True)
    ]
    head = [view.say("result"), view.say("folder"), "SHA-256", view.say("solving")]
    return Table(head, rows, words=4)


def _solved_with(view: View) -> str:
    data = view.data.attrs
    return (
        f"{str(data.get('versions', '')).split(',')[0]}, {data.get('solver', MISSING)}, {data.get('created', MISSING)}"
    )
