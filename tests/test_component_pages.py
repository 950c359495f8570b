"""Every component has its place in the documentation, and what a worked example prints is what its page says."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from gridopt.model.system import COMPONENTS

FOLDER = Path(__file__).parents[1] / "docs" / "components"
INDEX = FOLDER / "index.md"
PAGES = sorted(set(FOLDER.glob("*.md")) - {INDEX})


def links() -> dict[str, str]:
    """Where the index sends the reader of each component; its table has the columns component, what, page."""
    found: dict[str, str] = {}
    for line in INDEX.read_text(encoding="utf-8").splitlines():
        row = re.match(r"\| ([a-z_, ]+) \| .*? \| \[[^\]]+\]\(([^)]+)\) \|", line)
        if row:
            found |= dict.fromkeys(row[1].split(", "), row[2])
    return found


def headings(page: Path) -> set[str]:
    """Anchors of a page's headings."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize(
    "page", [*PAGES, FOLDER.parent / "security.md", FOLDER.parent / "losses.md"], ids=lambda page: page.stem
)
def test_the_worked_example_prints_what_the_page_says(page: Path) -> None:
    told = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert told.attempted > 3
    assert told.failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_says_what_its_component_leaves_out(page: Path) -> None:
    assert {"data", "what-it-leaves-out"} <= headings(page)


def test_every_component_stands_in_the_index_and_every_page_too() -> None:
    assert set(links()) == {kind.name for kind in COMPONENTS}
    assert {page.name for page in PAGES} <= set(links().values())


@pytest.mark.parametrize("name", [kind.name for kind in COMPONENTS])
def test_the_index_leads_to_the_component(name: str) -> None:
    target, _, anchor = links()[name].partition("#")
    page = FOLDER / target
    assert page.is_file()
    assert not anchor or anchor in headings(page)
