"""The page of a sweep: planted stores of which every number is known by hand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from gridopt.cli import app
from gridopt.errors import InputError
from gridopt.report.sweep import is_sweep, read_sweep, sweep_html, write_sweep_report
from gridopt.report.sweep.front import pareto_front
from gridopt.report.sweep.words import SWEEP_TEXTS
from gridopt.results.tables.words import Language
from gridopt.studies.design import Design, grid, latin_hypercube, listed
from gridopt.studies.scenario import Failed, Solved, Template
from gridopt.studies.store import Store
from tests.report.test_html import LANGUAGES, Page, decoded

KEYS = ("demand_mwh", "curtailment_rate", "operating_cost_cny", "objective_cny", "co2_t", "unserved_mwh")
PHS, SHARE, YEAR = "storage.phs.p_mw", "policy.dr_share_of_peak", "weather_year"
GRID = grid({PHS: [0, 3000, 12100], SHARE: [0, 0.05], YEAR: ["typical", "2020"]})
# Scenarios of the grid by number: 4·(place of PHS) + 2·(place of SHARE) + (place of YEAR).
FAILED, MISSING, LOST = 3, 6, 0


def summary(number: int, changes: dict[str, Any]) -> dict[str, float]:
    """Curtailment falls with storage, cost rises with curtailment but for the dearest storage."""
    storage, share = changes.get(PHS) or 0.0, changes.get(SHARE) or 0.0
    rate = 0.10 - storage * 5e-6 - share / 10 + 0.01 * (changes.get(YEAR) == "2020")
    cost = 1e9 * (10 - storage / 3000 + 2 * (storage > 9000) * storage / 3000)
    lost = 50.0 * (number == LOST)
    return dict(zip(KEYS, (1e8, rate, cost, cost + lost * 15000, 5e7 + number, lost), strict=True)) | {"wall_s": 90.0}


def planted(path: Path, design: Design, failed: tuple[int, ...] = (), missing: tuple[int, ...] = ()) -> Path:
    """A store with a result in all scenarios but these."""
    about = {"case": "plan <b>", "sweep": '{"horizon": {"weeks": [1, 2]}, "keep": "summary", "audit": true}'}
    store = Store.create(
        path, {"case": "f" * 64, "versions": '{"gridopt": "1"}'}, design, Template({}, {}), KEYS, about
    )
    for scenario in design.scenarios:
        if scenario.number in missing:
            continue
        solved = Solved(summary(scenario.number, scenario.changes), {})
        outcome = Failed("infeasible: a planted reason") if scenario.number in failed else solved
        store.put(scenario, outcome, Template({}, {}))
    return path


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted(tmp_path_factory.mktemp("sweep") / "grid.zarr", GRID, (FAILED,), (MISSING,))


@pytest.fixture(scope="module")
def pages(store: Path) -> dict[str, Page]:
    return {language: Page(sweep_html(read_sweep(store), language)) for language in LANGUAGES}


def traces(page: Page, key: str, variant: int = 0) -> list[dict[str, Any]]:
    figure = page.figures[key]
    common = [*figure["common"], {}, {}, {}, {}, {}, {}, {}]
    return [shared | own for shared, own in zip(common, figure["variants"][variant]["traces"], strict=False)]


def test_the_lines_are_the_scenarios_that_are_done(pages: dict[str, Page]) -> None:
    (trace,) = traces(pages["en"], "parallel")
    axes = {axis["label"].replace("<br>", ""): axis for axis in trace["dimensions"]}
    done = [k for k in range(12) if k not in (FAILED, MISSING)]
    np.testing.assert_array_equal(decoded(axes[PHS]["values"]), [GRID.scenarios[k].changes[PHS] for k in done])
    assert axes[PHS]["tickvals"] == [0, 3000, 12100]
    assert axes[YEAR]["ticktext"] == ["typical", "2020"]
    np.testing.assert_array_equal(decoded(axes[YEAR]["values"]), [k % 2 for k in done])
    rates = [100 * summary(k, GRID.scenarios[k].changes)["curtailment_rate"] for k in done]
    np.testing.assert_allclose(decoded(trace["line"]["color"]), rates, rtol=1e-6)
    assert not any("demand" in label for label in axes)  # the same in all


def test_a_mean_is_over_combinations_that_have_a_result_everywhere(pages: dict[str, Page]) -> None:
    """Of four combinations of share and year, (0.05, 2020) has failed at 0 MW and (0.05, typical) lacks at 3000."""
    drawn = {trace["name"]: trace for trace in traces(pages["en"], "curve_0")}
    expected = 100 * (0.10 + 0.005 - np.array([0.0, 3000.0, 12100.0]) * 5e-6)
    np.testing.assert_allclose(decoded(drawn["mean"]["y"]), expected, rtol=1e-6)
    assert drawn["mean"]["x"] == [0, 3000, 12100]
    np.testing.assert_allclose(decoded(drawn["smallest to largest"]["y"]), expected + 0.5, rtol=1e-6)


def test_a_map_has_the_first_lever_across_and_the_second_upwards(pages: dict[str, Page]) -> None:
    (trace,) = traces(pages["en"], "map_0")
    assert (trace["x"], trace["y"]) == (["0", "3000", "12100"], ["0", "0.05"])
    assert trace["z"]["shape"] == "2, 3"
    # neither year has a result in every cell: each cell is the mean of what it has
    rate = np.array([[0.105, 0.09, 0.0445], [0.095, 0.09, 0.0395]])
    np.testing.assert_allclose(decoded(trace["z"]).reshape(2, 3), 100 * rate, rtol=1e-6)


def test_the_front_is_told_and_lost_load_is_crossed(pages: dict[str, Page]) -> None:
    """Least curtailment: 12100 MW with response; least cost: 3000 MW, of which the typical year lacks with response."""
    for language, lost in (("en", "demand not served"), ("zh", "有缺电")):
        drawn = {trace["name"]: trace for trace in traces(pages[language], "front") if "name" in trace}
        assert len(drawn[lost]["x"]) == 1
        assert drawn[lost]["x"] == pytest.approx([10.0])
    front = next(trace for trace in traces(pages["en"], "front") if trace["name"] == "Pareto front")
    assert front["x"] == pytest.approx([3.35 + 0.1, 8.5])
    np.testing.assert_allclose(decoded(front["y"]), [10 + 12.1 / 3, 9], rtol=1e-6)
    by_objective = traces(pages["en"], "front", 1)[0]
    assert by_objective["x"] == pytest.approx(front["x"])


def test_failures_stand_with_their_reason_and_numbers_in_the_units_of_the_language(pages: dict[str, Page]) -> None:
    for language in LANGUAGES:
        assert "infeasible: a planted reason" in pages[language].text
        assert "plan <b>" in pages[language].text
    assert "Not solved yet: 1; failed: 1." in pages["en"].text
    assert "–11.0 %" in pages["en"].text
    assert "9.00–14.03 bn CNY" in pages["en"].text
    assert "90.00–140.33 亿元" in pages["zh"].text
    assert "15.0 min" in pages["en"].text  # ten results of 90 s


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_loads_nothing_and_keeps_to_its_language(pages: dict[str, Page], language: Language) -> None:
    page = pages[language]
    assert all(link.startswith("#") or link == "data:," for link in page.links)
    chinese = re.compile(r"[一-鿿]")
    if language == "en":
        assert not [word for word in page.words if chinese.search(word)]
    else:
        assert not {en for key, (_, en) in SWEEP_TEXTS.items() if key.endswith("_title")} & set(page.words)


def test_every_text_has_both_languages_with_the_same_values() -> None:
    for key, (zh, en) in SWEEP_TEXTS.items():
        assert zh, key
        assert en, key
        assert sorted(re.findall(r"{\w+}", zh)) == sorted(re.findall(r"{\w+}", en)), key


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6) | st.none()), max_size=12))
def test_nothing_beats_a_point_of_the_front_and_something_beats_all_others(
    points: list[tuple[int, int | None]],
) -> None:
    first = np.array([a for a, _ in points], dtype=float)
    second = np.array([np.nan if b is None else b for _, b in points], dtype=float)
    front = pareto_front(first, second)
    known = [(a, b) for a, b in zip(first, second, strict=True) if np.isfinite(b)]
    best = {p for p in known if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in known)}
    assert [(first[k], second[k]) for k in front] == sorted(best)


def test_samples_are_points_with_means_of_slices(tmp_path: Path) -> None:
    design = latin_hypercube({PHS: (0, 12000), "demand.scale": (0.9, 1.1)}, 40, 1)
    page = Page(sweep_html(read_sweep(planted(tmp_path / "s.zarr", design)), "en"))
    points, mean = traces(page, "curve_0")
    assert points["x"] == [scenario.changes[PHS] for scenario in design.scenarios]
    assert len(mean["x"]) == 8
    assert np.mean(mean["x"]) == pytest.approx(np.mean(points["x"]))
    assert decoded(traces(page, "map_0")[0]["x"]).size == 40


def test_named_scenarios_are_bars_in_their_order_and_have_no_map(tmp_path: Path) -> None:
    design = listed([{}, {PHS: 6000}, {SHARE: 0.05}], ["today", "storage", "response"])
    page = Page(sweep_html(read_sweep(planted(tmp_path / "n.zarr", design)), "en"))
    (bars,) = traces(page, "curve_0")
    assert bars["y"] == ["response", "storage", "today"]
    np.testing.assert_allclose(decoded(bars["x"]), [9.5, 7.0, 10.0], rtol=1e-6)
    assert "a map needs two levers that vary" in page.text


@pytest.mark.parametrize("missing", [tuple(range(12)), tuple(range(1, 12))])
def test_a_sweep_of_which_none_or_one_is_done_has_a_page(tmp_path: Path, missing: tuple[int, ...]) -> None:
    page = Page(sweep_html(read_sweep(planted(tmp_path / "b.zarr", GRID, missing=missing)), "en"))
    assert f"Not solved yet: {len(missing)}" in page.text
    assert not [key for key in page.figures if key != "front"]


def test_the_command_knows_a_store_from_a_result(store: Path, tmp_path: Path) -> None:
    runner = CliRunner()
    done = runner.invoke(app, ["report", str(store), "--lang", "en", "--out", str(tmp_path / "page.html")])
    assert done.exit_code == 0, done.output
    assert "Parallel coordinates" in (tmp_path / "page.html").read_text("utf-8")
    both = runner.invoke(app, ["report", str(store), str(store)])
    assert both.exit_code == 2
    assert "by itself" in both.output
    assert not is_sweep(tmp_path)
    assert runner.invoke(app, ["report", str(tmp_path)]).exit_code == 2


def test_what_is_no_store_or_broken_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no store of a sweep"):
        read_sweep(tmp_path)
    broken = planted(tmp_path / "b.zarr", GRID)
    (broken / "zarr.json").write_text('{"attributes": {"gridopt_sweep": "{}"}}')
    with pytest.raises(InputError, match="can't be read"):
        read_sweep(broken)


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figure_is_drawn_and_a_choice_draws_another(
    browser: Any, store: Path, tmp_path: Path, language: Language, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme="dark")
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("request", lambda asked: found.append(asked.url) if asked.url.startswith(("http", "ws")) else None)
    page.goto(write_sweep_report(store, tmp_path / "page.html", language).as_uri())
    places = page.locator(".plot")
    for number in range(places.count()):
        places.nth(number).scroll_into_view_if_needed()
        places.nth(number).locator(".main-svg").first.wait_for(timeout=10_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= width  # tables and wide figures scroll in a box
    shown = "JSON.stringify(document.getElementById('plot-map_0').data[0].z)"
    before = page.evaluate(shown)
    page.locator("select[data-for~='map_0']").select_option(index=1)
    assert page.evaluate(shown) != before
    assert not found
    page.close()
