"""Sweep files: what is read and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from gridopt.errors import InputError
from gridopt.studies.specification import json_schema, parse_sweep, read_sweep

GRID = {"kind": "grid", "levers": {"demand.scale": [1, 1.1]}}
SHIPPED = sorted((Path(__file__).parents[2] / "examples" / "sweeps").glob("*.yaml"))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_the_shipped_sweeps_are_valid(file):
    assert read_sweep(file).design.design().scenarios


def test_the_published_schema_is_that_of_the_code():
    """`python -m gridopt.studies.specification > examples/sweeps/sweep.schema.json` writes it anew."""
    assert (SHIPPED[0].parent / "sweep.schema.json").read_text() == json_schema()


def test_a_case_that_is_a_path_starts_at_the_sweep_file(tmp_path):
    (tmp_path / "sweep.yaml").write_text(yaml.safe_dump({"case": "./mine.yaml", "design": GRID}))
    assert read_sweep(tmp_path / "sweep.yaml").case == str(tmp_path / "mine.yaml")


def test_every_fault_is_listed_at_once():
    with pytest.raises(InputError) as caught:
        parse_sweep(
            {"case": "tiny", "design": {"kind": "grid", "levers": {}}, "keep": 3, "limits": {"time": 1}}, "s.yaml"
        )
    lines = caught.value.lines
    assert len(lines) == 3
    assert any("s.yaml: sweep keep" in line for line in lines)
    assert any("limits.time: unknown key" in line for line in lines)
    assert any("design.grid.levers" in line for line in lines)


@pytest.mark.parametrize(
    ("design", "words"),
    [
        ({"kind": "latin_hypercube", "samples": 4, "seed": 1, "levers": {"a": [2, 1]}}, "low must be below high"),
        ({"kind": "sobol", "samples": 4, "levers": {"a": [1, 2]}}, "seed"),
        ({"kind": "monte_carlo", "samples": 4, "seed": 1}, "nothing to draw"),
        ({"kind": "monte_carlo", "samples": 4, "seed": 1, "outages": {"coal": {"rate": 1, "repair_h": 2}}}, "rate"),
    ],
)
def test_designs_that_make_no_sense(design, words):
    with pytest.raises(InputError, match=words):
        parse_sweep({"case": "tiny", "design": design})


def test_weeks_must_not_overlap():
    weeks = [{"start": "2030-01-15", "weight": 1}, {"start": "2030-01-21", "weight": 1}]
    with pytest.raises(InputError, match="begins before that of"):
        parse_sweep({"case": "tiny", "design": GRID, "horizon": {"weeks": weeks}})


def test_two_scenarios_of_one_name():
    spec = parse_sweep({"case": "tiny", "design": {"kind": "list", "scenarios": [{"name": "a"}, {"name": "a"}]}})
    with pytest.raises(InputError, match="two scenarios"):
        spec.design.design()
