"""Tables and comparison from planted result files."""

import json

import pytest

from benchmarks.__main__ import RESULTS, _verdict
from benchmarks.benchmark import load
from benchmarks.compare import compared
from benchmarks.store import read_all, write
from benchmarks.table import BEGIN, END, PAGE, README, long_tables, short_table, with_block
from tests.benchmarks.test_statistics import run, without

MACHINE = {"processor": "Planted CPU", "cores": 2, "memory_gb": 16.0, "python": "3.11"}


def year(*measurements, size="l"):
    benchmark = load("year_rolling_lp")
    return {
        "benchmark": benchmark.name,
        "size": size,
        "repeats": 1,
        "tolerance": benchmark.tolerance,
        "created": "2026-11-23T04:00:00+00:00",
        "machine": MACHINE,
        "versions": {"gridopt": "0.1.0", "pypsa": "-"},
        "contenders": {
            c.name: {"configuration": c.configuration, "agrees": True, "cores": 1} for c in benchmark.contenders
        },
        "measurements": list(measurements),
    }


def test_short_table_says_how_many_times_and_what_was_missed():
    text = short_table([year(run("gridopt", wall_s=10.0), run("PyPSA", wall_s=240.0, peak_rss_mb=1200.0))])
    row = text.splitlines()[2]
    assert row.endswith("| 10.0 s, 400 MB | PyPSA 240 s, 1.2 GB | 24 | 15 | 3.0 |")
    assert "Planted CPU, 2 cores, 16 GB, Python 3.11, gridopt 0.1.0." in text
    slow = short_table([year(run("gridopt", wall_s=20.0), run("PyPSA", wall_s=240.0))])
    assert "| 12.0, missed | 15 |" in slow


def test_a_void_row_shows_no_number():
    row = short_table([year(run("gridopt"), run("PyPSA", 101.0, wall_s=240.0))]).splitlines()[2]
    assert "240" not in row
    assert "PyPSA its objective differs by 1.0e-02 | – | 15 | – |" in row


def test_the_largest_size_stands_in_the_short_table():
    small = year(run("gridopt", wall_s=1.0), run("PyPSA", wall_s=2.0), size="s")
    large = year(run("gridopt", wall_s=3.0), run("PyPSA", wall_s=90.0))
    lines = short_table([small, large]).splitlines()
    assert len([line for line in lines if "PyPSA" in line and line.startswith("|")]) == 1
    assert "| 3.0 s, 400 MB |" in lines[2]


def test_long_table_has_every_contender_and_its_configuration():
    text = long_tables([year(run("gridopt"), run("PyPSA"), without("cvxpy", "stopped", "> 3600 s"))])
    assert "| hours 24 | cvxpy | – | – | – | – | – | – | – | > 3600 s |" in text
    assert all(f"- {c.name}: {c.configuration}" in text for c in load("year_rolling_lp").contenders)


def test_a_page_without_markers_is_refused():
    with pytest.raises(ValueError, match="benchmarks:begin"):
        with_block("no markers", "text")


def test_readme_has_its_markers():
    page = README.read_text(encoding="utf-8")
    assert page.count(BEGIN) == page.count(END) == 1


def test_pages_say_what_the_committed_results_say():
    results = read_all(RESULTS)
    for page, text in ((README, short_table(results)), (PAGE, long_tables(results))):
        content = page.read_text(encoding="utf-8")
        assert with_block(content, text) == content, "run: python -m benchmarks table benchmarks/results"


def test_compare_shows_ratios_and_moved_objectives(tmp_path):
    for name, wall_s, objective in (("a", 4.0, 100.0), ("b", 2.0, 100.01)):
        text = json.dumps(year(run("gridopt", objective, wall_s=wall_s)))
        (tmp_path / f"{name}.json").write_text(text, encoding="utf-8")
    line = compared(tmp_path / "a.json", tmp_path / "b.json").splitlines()[1]
    assert "4.00 -> 2.00 (0.50)" in line
    assert line.endswith("objective 100 -> 100.01")


@pytest.mark.parametrize("trouble", [without("PyPSA", "stopped", "> 60 s"), run("PyPSA", 101.0)])
def test_a_smoke_test_fails_where_a_row_does_not_count(tmp_path, capsys, trouble):
    path = tmp_path / "year_rolling_lp-s.json"
    write(path, year(run("gridopt"), trouble, size="s"))
    assert [_verdict([path], strict=strict) for strict in (True, False)] == [1, 0]
    assert "year_rolling_lp hours 24 PyPSA: " in capsys.readouterr().err
    write(path, year(run("gridopt"), run("PyPSA"), size="s"))
    assert _verdict([path], strict=True) == 0
