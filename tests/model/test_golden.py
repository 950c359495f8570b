"""The linear program of every component, row by row, against a file that was checked by hand."""

import pytest

from tests.model.golden_cases import CASES, FOLDER


@pytest.mark.parametrize("name", CASES)
def test_linear_program_is_the_checked_one(name):
    assert CASES[name]() == (FOLDER / f"{name}.txt").read_text(encoding="utf-8")


def test_every_golden_file_has_a_case():
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(CASES)
