"""What a sweep holds: how far it is, its levers, what failed, all scenarios, where the numbers come from."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from gridopt.report.html.parts import Section, Table, Text, Tile, Tiles
from gridopt.report.html.units import MISSING
from gridopt.report.sweep.scenarios import Lever, number
from gridopt.report.sweep.view import OUTCOMES, SweepView

_TILES = ("curtailment_rate", "operating_cost_cny", "co2_t", "net_export_mwh", "nonfossil_share_generation")
_COLUMNS = (
    *("curtailment_rate", "operating_cost_cny", "objective_cny", "co2_t", "nonfossil_share_generation"),
    *("net_export_mwh", "dr_mwh", "unserved_mwh"),
)
_MOST_ROWS, _MOST_FAILED, _MOST_VALUES = 500, 50, 12


def section(view: SweepView) -> Section:
    """Counts, ranges of the main numbers, levers, failures."""
    sweep = view.sweep
    done, failed, missing = (int(which.sum()) for which in (sweep.done, sweep.failed, sweep.missing))
    tiles = [Tile(view.say("scenarios"), f"{sweep.size:,}"), Tile(view.say("done"), f"{done:,}")]
    tiles += [Tile(view.say("failed"), f"{failed:,}")] if failed else []
    tiles += [Tile(view.say("missing"), f"{missing:,}")] if missing else []
    if done:
        tiles += [Tile(view.label(key), view.span(key)) for key in _TILES if np.isfinite(sweep.values(key)).any()]
        tiles.append(Tile(view.say("solving"), _solving(view)))
    blocks: list[Any] = [Text(_scope(view)), Tiles(tiles)]
    if failed or missing:
        blocks.append(Text(view.say("unfinished", missing=f"{missing:,}", failed=f"{failed:,}"), "attention"))
    if lost := int(sweep.lost.sum()):
        blocks.append(Text(view.say("not_served", count=f"{lost:,}"), "attention"))
    blocks.append(_levers(view))
    same = [o.label for o in map(view.outcome, OUTCOMES) if np.isfinite(o.values).any() and not o.varies]
    if same and view.outcomes:
        comma = "、" if view.language == "zh" else ", "
        blocks.append(Text(view.say("same", names=comma.join(same)), "note"))
    if any(MISSING in lever.labels for lever in sweep.levers):
        blocks.append(Text(view.say("as_in_case"), "note"))
    if failed:
        blocks.append(_failures(view))
    return Section("overview", view.say("overview_title"), blocks)


def _solving(view: SweepView) -> str:
    """Time of all solves."""
    summaries = [record.get("summary") or {} for record in view.sweep.records.values()]
    minutes = sum(float(summary.get("wall_s") or 0.0) for summary in summaries) / 60.0
    return view.say("minutes", count=f"{minutes:.1f}") if minutes < 120 else view.units.shown(minutes / 60.0, "h")


def _scope(view: SweepView) -> str:
    sweep = view.sweep
    horizon = sweep.sweep_file.get("horizon", "case")
    if isinstance(horizon, dict) and "weeks" in horizon:
        words = view.say("horizon_weeks", count=len(horizon["weeks"]))
    elif isinstance(horizon, dict):
        words = view.say("horizon_span", start=horizon.get("start", MISSING), hours=horizon.get("hours", MISSING))
    else:
        words = view.say(f"horizon_{'year' if horizon == 'year' else 'case'}")
    design = view.say(f"design_{sweep.design}")
    return view.say("scope", case=sweep.attributes.get("case") or MISSING, design=design, horizon=words)


def _levers(view: SweepView) -> Table:
    rows = [[lever.name, _told(view, lever)] for lever in view.sweep.levers]
    return Table([view.say("lever"), view.say("values")], rows, words=2)


def _told(view: SweepView, lever: Lever) -> str:
    if len(lever.labels) <= _MOST_VALUES or lever.numbers is None:
        return ", ".join(lever.labels[:_MOST_VALUES]) + (" …" if len(lever.labels) > _MOST_VALUES else "")
    low, high = (number(find(lever.numbers), digits=5) for find in (np.nanmin, np.nanmax))
    return view.say("range", low=low, high=high, count=len(lever.labels))


def _failures(view: SweepView) -> Table:
    sweep = view.sweep
    at = np.flatnonzero(sweep.failed)[:_MOST_FAILED].tolist()
    rows = [[sweep.names[k], *sweep.labels(k), str(sweep.records.get(k, {}).get("reason") or MISSING)] for k in at]
    head = [view.say("scenario"), *(lever.name for lever in sweep.varied), view.say("reason")]
    return Table(head, rows, title=view.say("failed_table"), words=len(head), folded=len(at) > 10)


def scenarios(view: SweepView) -> Section:
    """All scenarios with their levers and main numbers, folded."""
    sweep = view.sweep
    at = np.flatnonzero(sweep.done).tolist()
    keys = [key for key in _COLUMNS if np.isfinite(sweep.values(key)).any()]
    blocks: list[Any] = [view.table(at[:_MOST_ROWS], keys, folded=len(at) > 12)]
    if len(at) > _MOST_ROWS:
        blocks.insert(0, Text(view.say("table_more", shown=_MOST_ROWS, all=f"{len(at):,}"), "note"))
    return Section("scenarios", view.say("table_title"), blocks)


def provenance(view: SweepView) -> Section:
    """Case, settings that all scenarios share, hash of the inputs, versions."""
    sweep = view.sweep
    file, identity = sweep.sweep_file, sweep.identity
    meant = {
        "store": sweep.path.resolve().name,
        "case": sweep.attributes.get("case"),
        "description": sweep.attributes.get("description") or file.get("description"),
        "common": ", ".join(f"{key} = {value}" for key, value in (file.get("set") or {}).items()),
        "kept": file["keep"] if isinstance(file.get("keep"), str) else ", ".join(file.get("keep") or ()),
        "audit": view.say("yes" if file["audit"] else "no") if "audit" in file else "",
        "case_sha256": identity.get("case"),
        "versions": _versions(identity.get("versions")),
    }
    rows = [[view.say(key), str(value)] for key, value in meant.items() if value]
    return Section(
        "provenance", view.say("provenance_title"), [Table([view.say("what"), view.say("value")], rows, words=2)]
    )


def _versions(text: object) -> str:
    try:
        versions = json.loads(text) if isinstance(text, str) else {}
    except ValueError:
        return str(text)
    return ", ".join(f"{name} {number}" for name, number in versions.items())
