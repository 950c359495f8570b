"""The report: numbers of the result, words of the language, nothing from the internet; and its comparison."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from typer.testing import CliRunner

from gridopt.cli import app
from gridopt.errors import InputError
from gridopt.report.html import Folder, report_html
from gridopt.report.html.parts import coarse, packed
from gridopt.report.html.units import Units
from gridopt.report.html.view import View
from gridopt.report.html.words import TEXTS, UNIT_WORDS
from gridopt.results.summary import consumption_mw
from gridopt.results.tables.words import Language
from gridopt.settings import Settings
from tests.results import solved

LANGUAGES: tuple[Language, ...] = ("zh", "en")


class Page(HTMLParser):
    """Texts, attributes and figures of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.words: list[str] = []
        self.figures: dict[str, dict] = {}
        self._inside: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attributes if name in ("src", "href", "action", "data")]
        self._inside.append((tag, dict(attributes).get("id") or ""))

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        tag, name = self._inside[-1] if self._inside else ("", "")
        if tag == "script" and name == "figures":
            self.figures = json.loads(data)
        elif tag not in ("script", "style") and data.strip():
            self.words.append(data.strip())

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return solved.tiny().save(tmp_path_factory.mktemp("report") / "tiny")


@pytest.fixture(scope="module")
def pages(folder: Path) -> dict[str, Page]:
    case = solved.tiny().case
    return {language: Page(report_html([Folder(folder, case)], language)) for language in LANGUAGES}


def test_headline_numbers_are_those_of_the_summary(pages: dict[str, Page]) -> None:
    s = solved.tiny().summary
    demand, peak, rate = (float(str(s[key])) for key in ("demand_mwh", "peak_load_mw", "curtailment_rate"))
    for expected in (f"{demand / 1e3:,.1f} GWh", f"{peak:,.0f} MW", f"{100 * rate:.1f} %"):
        assert expected in pages["en"].text
    for expected in (f"{demand / 1e5:,.2f} 亿千瓦时", f"{peak / 10:,.1f} 万千瓦", f"{100 * rate:.1f} %"):
        assert expected in pages["zh"].text


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_loaded_from_elsewhere(pages: dict[str, Page], language: Language) -> None:
    page = pages[language]
    assert page.links
    assert all(link.startswith("#") or link == "data:," for link in page.links)


def test_an_english_page_has_no_chinese_word_and_a_chinese_one_no_english_heading(pages: dict[str, Page]) -> None:
    chinese = re.compile(r"[一-鿿]")
    named_zh = {"西部外送断面"}  # the only Chinese of the network itself
    found = {word for word in pages["en"].words if chinese.search(word)}
    assert found <= named_zh
    headings = {zh for key, (zh, _) in TEXTS.items() if key.endswith("_title")}
    assert len(headings & set(pages["zh"].words)) >= 13
    assert not {en for key, (_, en) in TEXTS.items() if key.endswith("_title")} & set(pages["zh"].words)


def test_every_text_has_both_languages_with_the_same_values() -> None:
    for key, (zh, en) in (TEXTS | UNIT_WORDS).items():
        assert zh, key
        assert en, key
        assert sorted(re.findall(r"{\w+}", zh)) == sorted(re.findall(r"{\w+}", en)), key


def decoded(values: dict[str, str] | str) -> np.ndarray:
    import base64

    text = values if isinstance(values, str) else values["bdata"]
    return np.frombuffer(base64.b64decode(text), "<f4")


def test_the_stack_of_the_week_carries_consumption_and_export(pages: dict[str, Page]) -> None:
    """What is given less what is taken is the consumption, but for curtailment and stores behind meters."""
    weeks, data = pages["en"].figures["weeks"], solved.tiny().dataset
    series = {one["name"]: decoded(one["values"]) for one in weeks["series"]}
    drawn = series.pop("consumption")
    np.testing.assert_allclose(drawn, consumption_mw(data), rtol=1e-5)
    behind = data["prosumer_charge_mw"] - data["prosumer_discharge_mw"] + data["prosumer_excess_mw"]
    given = sum(series.values()) - series["curtailed"] - behind.sum("prosumer").to_numpy()
    # ties lose some of what they carry
    lost = data["tie_loss_mw"].sum("tie").to_numpy()
    assert np.all(np.abs(given - drawn) <= np.abs(lost) + 1e-2)


def test_curtailment_of_the_figures_adds_up(pages: dict[str, Page]) -> None:
    s, figures = solved.tiny().summary, pages["en"].figures
    for key, axis in (("curtailment_months", "y"), ("curtailment_places", "x")):
        total = sum(decoded(trace[axis]).sum() for trace in figures[key]["traces"])
        assert total == pytest.approx(float(str(s["curtailment_mwh"])), rel=1e-5)  # below 1 GWh: shown in MWh


def test_what_is_missing_is_said(folder: Path, tmp_path: Path) -> None:
    """Without scorecard, causes, AC check and bound the page says so, and shows the rest."""
    old = tmp_path / "old"
    shutil.copytree(folder, old)
    (old / "scorecard.csv").unlink()
    with xr.open_dataset(old / "results.nc") as data:
        keep = [name for name in data.data_vars if not str(name).startswith(("ac_", "curtailment_cause", "lower_"))]
        data[keep].load().to_netcdf(tmp_path / "results.nc")
    shutil.move(tmp_path / "results.nc", old / "results.nc")
    summary = json.loads((old / "summary.json").read_text()) | {"lower_bound_cny": None, "gap": None}
    (old / "summary.json").write_text(json.dumps(summary))
    page = Page(report_html([Folder(old, solved.tiny().case)], "en"))
    for reason in ("no_scorecard", "no_ac", "no_certificate", "no_causes"):
        assert TEXTS[reason][1] in page.text
    assert "ac_voltage" not in page.figures
    assert "curtailment_months" in page.figures


def test_names_in_a_result_cannot_break_the_page(folder: Path, tmp_path: Path) -> None:
    spoilt = tmp_path / "spoilt"
    shutil.copytree(folder, spoilt)
    name = "</script><img src=http://example.org/x>"
    with xr.open_dataset(folder / "results.nc") as data:
        programs = [name, *map(str, data["program"].to_numpy()[1:])]
        data.load().assign_coords(program=programs).to_netcdf(tmp_path / "results.nc")
    shutil.move(tmp_path / "results.nc", spoilt / "results.nc")
    page = Page(report_html([Folder(spoilt, solved.tiny().case)], "en"))
    assert name in page.text
    assert not [link for link in page.links if "example" in link]
    assert page.figures["response_hours"]["traces"][0]["name"] == name


def test_two_results_are_compared(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "less <wind>"
    shutil.copytree(folder, other)
    summary = json.loads((other / "summary.json").read_text())
    demand = summary["demand_mwh"]
    summary["demand_mwh"] = 1.1 * demand
    summary["curtailment_rate"] += 0.05
    (other / "summary.json").write_text(json.dumps(summary))
    text = (other / "case.yaml").read_text().replace("dr_share_of_peak: 0.05", "dr_share_of_peak: 0.08")
    (other / "case.yaml").write_text(text)
    page = Page(report_html([Folder(folder), Folder(other)], "en"))
    assert f"+{0.1 * demand / 1e3:,.1f} GWh (+10.0 %)" in page.text
    assert "+5.0 points" in page.text
    assert "policy.dr_share_of_peak 0.05 0.08" in page.text
    assert page.text.count("policy.") == 1
    assert set(page.figures) == {"compare_energy", "compare_curtailment"}


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (shutil.rmtree, "summary.json is missing"),
        (lambda folder: (folder / "results.nc").unlink(), "results.nc is missing"),
        (lambda folder: (folder / "results.nc").write_bytes(b"CDF nothing"), "can't be read"),
        (lambda folder: (folder / "summary.json").write_text("{"), "can't be read"),
        (lambda folder: (folder / "summary.json").write_text("{}"), "demand_mwh"),
        (lambda folder: xr.Dataset().to_netcdf(folder / "results.nc"), "no result of gridopt"),
    ],
    ids=["no folder", "no results", "broken results", "broken summary", "empty summary", "another file"],
)
def test_a_folder_without_a_result_is_refused(folder: Path, tmp_path: Path, spoil, words: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    spoil(copy)
    with pytest.raises(InputError, match=re.escape(words)):
        report_html([Folder(folder), Folder(copy)], "en")


@pytest.mark.parametrize(("field", "prefix"), [("network_level", "network"), ("unit_commitment", "commitment")])
def test_every_setting_that_the_headline_tells_has_its_words(field: str, prefix: str) -> None:
    levels = get_args(Settings.model_fields[field].annotation)
    assert levels
    assert {f"{prefix}_{level}" for level in levels} <= set(TEXTS)


def test_the_command_says_what_is_wrong_and_writes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    result = CliRunner().invoke(app, ["report", str(tmp_path / "nothing"), "--out", str(out)])
    assert result.exit_code == 2
    assert "summary.json is missing" in result.output
    assert not out.exists()


def test_the_command_writes_into_the_folder_in_the_units_asked_for(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    result = CliRunner().invoke(app, ["report", str(copy), "--lang", "en", "--units", "wankw"])
    assert result.exit_code == 0, result.output
    page = Page((copy / "report.html").read_text(encoding="utf-8"))
    assert "10⁸ kWh" in page.text
    assert not re.search(r"\d GWh", page.text)
    assert (copy / "report.html").stat().st_size < 15e6
    assert "map" in page.figures  # the case is read from the folder


def test_means_and_their_ends() -> None:
    values = np.arange(8760.0)
    means, width = coarse(values, 365)
    assert width == 24
    np.testing.assert_allclose(means, values.reshape(365, 24).mean(axis=1))
    np.testing.assert_allclose(decoded(packed(values[:5])), values[:5])


def test_months_and_days_of_the_view_keep_the_energy(folder: Path) -> None:
    view = View(Folder(folder), Units("en", "mw"))
    power, total = view.consumption_mw, float(view.consumption_mw.sum())
    days, energy = view.daily(power)
    assert days == ["2030-01-15", "2030-01-16"]  # the stamp of midnight ends the day before
    assert energy.sum() == pytest.approx(total)
    assert view.monthly(power).sum() == pytest.approx(total)
    assert pd.Timestamp(view.begin[0]) == pd.Timestamp("2030-01-15")
    view.folder.close()
