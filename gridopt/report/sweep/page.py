"""The page of a sweep's store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gridopt.report.html.page import rendered, written
from gridopt.report.html.parts import Absent, Section
from gridopt.report.html.units import Counting, Units
from gridopt.report.sweep import curves, front, maps, overview, parallel
from gridopt.report.sweep.scenarios import Sweep, read_sweep
from gridopt.report.sweep.view import SweepView
from gridopt.results.tables.words import Language

#: Sections in their order.
SECTIONS: tuple[Callable[[SweepView], Section | Absent], ...] = (
    overview.section,
    parallel.section,
    curves.section,
    maps.section,
    front.section,
    overview.scenarios,
    overview.provenance,
)


def write_sweep_report(store: Path, path: Path, language: Language = "zh", counting: Counting | None = None) -> Path:
    """Write the page of a sweep: parallel coordinates, response curves, heat maps, front of cost and curtailment.

    Parameters
    ----------
    store
        Store of ``gridopt sweep``; it may be unfinished.
    path
        File to write.
    language, counting
        As of a report of a result.

    Raises
    ------
    InputError
        When the folder is no store.
    SolverError
        When the disk refuses.
    """
    return written(sweep_html(read_sweep(store), language, counting), path)


def sweep_html(sweep: Sweep, language: Language, counting: Counting | None = None) -> str:
    """The page as text."""
    view = SweepView(sweep, Units.of(language, counting))
    name = sweep.attributes.get("case") or sweep.path.name
    return rendered(f"{name} · {view.say('title')}", [section(view) for section in SECTIONS], language)
