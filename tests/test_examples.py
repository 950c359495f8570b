"""The scripts and notebooks of ``examples/studies``: they say the same, and they run."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

EXAMPLES = Path(__file__).parents[1] / "examples" / "studies"
STUDIES = ("curtailment", "demand_response", "storage", "pilots", "targets")


def loaded(name):
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_study_has_a_script_and_a_notebook_that_say_the_same(capsys):
    assert loaded("make_notebooks").main("--check") == 0, capsys.readouterr().out
    assert {path.stem for path in EXAMPLES.glob("*.ipynb")} == set(STUDIES)


def test_a_notebook_that_differs_from_its_script_is_found(tmp_path, monkeypatch, capsys):
    made = loaded("make_notebooks")
    for path in EXAMPLES.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(made, "HERE", tmp_path)
    assert made.main("--check") == 0
    script = tmp_path / "storage.py"
    script.write_text(script.read_text("utf-8").replace("mn CNY a year", "mn CNY"), "utf-8")
    assert made.main("--check") == 1
    assert "storage.ipynb" in capsys.readouterr().out
    made.main()
    assert made.main("--check") == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["curtailment", "demand_response", "storage", "pilots"])
def test_an_example_runs_on_the_small_case(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    loaded(name).main("tiny")
    plt.close("all")
    assert list(tmp_path.glob(f"results/study-{name.replace('_', '-')}-tiny/figures/*.png"))
    assert capsys.readouterr().out
