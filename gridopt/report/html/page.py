"""Assembles the page: sections of one result, or the comparison of several, with plotly.js embedded once."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gridopt import __version__
from gridopt.errors import Fault, InputError, SolverError
from gridopt.report.html.folder import Folder
from gridopt.report.html.parts import Absent, Figure, Section, Weeks
from gridopt.report.html.sections import (
    ac,
    certificate,
    compare,
    curtailment,
    curves,
    dispatch,
    grid,
    headline,
    prices,
    provenance,
    response,
    rules,
    scorecard,
    settlement,
    storage,
)
from gridopt.report.html.units import Counting, Units
from gridopt.report.html.view import View
from gridopt.report.html.words import text
from gridopt.results.tables.words import Language

#: Sections of a report in their order.
SECTIONS: tuple[Callable[[View], Section | Absent], ...] = (
    headline.section,
    scorecard.section,
    dispatch.section,
    curves.section,
    curtailment.section,
    storage.section,
    response.section,
    rules.section,
    prices.section,
    grid.section,
    ac.section,
    certificate.section,
    settlement.section,
    provenance.section,
)
_TEMPLATE = "report.html.jinja"


def write_report(
    folders: Sequence[Folder], path: Path, language: Language = "zh", counting: Counting | None = None
) -> Path:
    """Write the report of a result, or the comparison of several, as one HTML page that needs no internet.

    Parameters
    ----------
    folders
        Results; two or more are compared, with the first as the base.
    path
        File to write.
    language
        ``zh`` or ``en``.
    counting
        ``wankw`` (万千瓦, 亿千瓦时) or ``mw`` (MW, GWh); by default what the language is used to.

    Raises
    ------
    InputError
        When a folder holds no result.
    SolverError
        When the disk refuses.
    """
    return written(report_html(folders, language, counting), path)


def written(page: str, path: Path) -> Path:
    """Write a page; a disk that refuses is a :class:`SolverError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise SolverError(f"can't write {path}: {error}; free the disk or give another --out") from error
    return path


def report_html(folders: Sequence[Folder], language: Language, counting: Counting | None = None) -> str:
    """The page as text; parameters as in :func:`write_report`."""
    units = Units.of(language, counting)
    views = [View(folder, units) for folder in folders]
    try:
        _check(folders)
        if len(views) == 1:
            parts = [section(views[0]) for section in SECTIONS]
            title = f"{views[0].data.attrs.get('case', folders[0].path.name)} · {text('report', language)}"
        else:
            names = _names(views)
            parts = list(compare.sections(views, names))
            title = f"{text('comparison', language)} · {' / '.join(names)}"
        return rendered(title, parts, language)
    finally:
        for folder in folders:
            folder.close()


def _check(folders: Sequence[Folder]) -> None:
    """Find the faults of all folders before any is drawn."""
    faults: list[Fault] = []
    for folder in folders:
        for part in ("summary", "dataset"):
            try:
                getattr(folder, part)
            except InputError as error:
                faults += [fault for fault in error.faults if fault not in faults]
    if faults:
        raise InputError(faults)


def _names(views: Sequence[View]) -> list[str]:
    """Short names that tell the results apart: those of their folders, numbered where they are alike."""
    names = [view.folder.path.resolve().name for view in views]
    return [f"{name} ({i})" if names.count(name) > 1 else name for i, name in enumerate(names, 1)]


def rendered(title: str, parts: Sequence[Section | Absent], language: Language) -> str:
    """The page of some sections, with everything that it needs inside."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from plotly.offline import get_plotlyjs

    sections = [part for part in parts if isinstance(part, Section)]
    figures: dict[str, Any] = {
        block.key: block.json for part in sections for block in part.blocks if isinstance(block, Figure | Weeks)
    }
    # "<" would let a name end the script
    content = json.dumps(figures, ensure_ascii=False, allow_nan=False, default=_plain).replace("<", "\\u003c")
    environment = Environment(
        loader=PackageLoader("gridopt.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip

    def say(key: str, **values: object) -> str:
        return text(key, language, **values)

    return environment.get_template(_TEMPLATE).render(
        title=title,
        language="zh-CN" if language == "zh" else "en",
        sections=sections,
        absent=[part for part in parts if isinstance(part, Absent)],
        figures=content,
        plotly=get_plotlyjs(),
        say=say,
        version=__version__,
    )


def _plain(value: Any) -> Any:
    """Numbers of numpy as plain ones."""
    return value.item() if hasattr(value, "item") and getattr(value, "size", 1) == 1 else value.tolist()
