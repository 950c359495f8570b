"""The linear program of every component, row by row, against a file that was checked by hand."""

import pytest

from gridopt.model.system import COMPONENTS, System
from tests.model.golden_cases import CASES, FOLDER, linear_program


def written(name: str) -> str:
    return (FOLDER / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CASES)
def test_linear_program_is_the_checked_one(name):
    assert linear_program(name) == written(name)


def test_every_golden_file_has_a_case():
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(CASES)


@pytest.mark.parametrize("component", [kind.name for kind in COMPONENTS if kind.name != "emission"])
def test_every_component_has_a_golden_linear_program(component):
    # rows, not bounds: a component whose columns nothing ties to the rest would not count
    rows = [written(name).partition("\nrows\n")[2] for name in CASES]
    assert any(f" {component}." in text for text in rows)


def test_the_cap_on_co2_has_one_too():
    # what is emitted is a sum of the others' columns, and has none of its own
    data = System.read(CASES["emission"]()).part("emission")
    assert data is not None
    assert [limit.name for limit in data.budgets] == ["CO2 cap"]
    assert "-1 budget.breach[0,1] +0.4 heat_source.heat[0,1]" in written("emission")
