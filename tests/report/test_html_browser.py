"""The report in a browser: no error, nothing cut, at the width of a phone and of a desk, in both languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gridopt.report.html import Folder, write_report
from gridopt.results.tables.words import Language
from tests.results import solved

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return solved.tiny().save(tmp_path_factory.mktemp("report") / "tiny")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_figure_is_drawn_without_an_error(
    browser: Any, folder: Path, tmp_path: Path, language: Language, width: int, theme: str
) -> None:
    path = write_report([Folder(folder, solved.tiny().case)], tmp_path / "report.html", language)
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("request", lambda asked: found.append(asked.url) if asked.url.startswith(("http", "ws")) else None)
    page.goto(path.as_uri())
    places = page.locator(".plot")
    for number in range(places.count()):
        place = places.nth(number)
        place.scroll_into_view_if_needed()
        place.locator(".main-svg").first.wait_for(timeout=10_000)
        box = place.locator(".main-svg").first.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width + 1
    assert not found
    assert page.evaluate("document.documentElement.scrollWidth") <= width  # only tables may scroll sideways
    page.close()


def test_the_slider_shows_another_week_and_the_button_the_other_colours(
    browser: Any, folder: Path, tmp_path: Path
) -> None:
    """Seven days are drawn out of a run of ten; the theme changes what text is written in."""
    import json
    import re

    html = write_report([Folder(folder, solved.tiny().case)], tmp_path / "report.html", "en").read_text("utf-8")
    found = re.search(r'id="figures">(.*?)</script>', html, re.S)
    assert found
    figures = json.loads(found[1])
    figures["weeks"] |= {"steps": 48, "step_h": 5.0}  # the same 48 numbers as a run of ten days
    longer = tmp_path / "longer.html"
    longer.write_text(html.replace(found[1], json.dumps(figures).replace("<", "\\u003c")), "utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
    page.goto(longer.as_uri())
    week = page.locator(".weeks")
    week.scroll_into_view_if_needed()
    page.locator("#plot-weeks .main-svg").first.wait_for()
    before = week.locator("output").inner_text()
    week.locator("input").press("End")
    assert week.locator("output").inner_text() != before
    shown = page.evaluate("document.getElementById('plot-weeks').data.map((trace) => trace.x0)")
    assert set(shown) == {week.locator("output").inner_text()[:10] + " " + shown[0][11:]}
    ink = "getComputedStyle(document.body).color"
    light = page.evaluate(ink)
    page.locator("#theme").click()
    assert page.evaluate(ink) != light
    page.close()
