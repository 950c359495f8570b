"""Fixtures that several rooms share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gridopt import catalog
from gridopt.case import Case, load_case


@pytest.fixture(scope="session")
def tiny() -> Case:
    """The shipped case of five buses and 48 hours; never change it in place."""
    return load_case("tiny")


@pytest.fixture
def tiny_files(tmp_path: Path) -> Path:
    """A copy of the tiny case's files that a test may spoil; returns its case file."""
    cases = catalog.cases_folder()
    shutil.copy(cases / "tiny.yaml", tmp_path)
    shutil.copytree(cases / "tiny", tmp_path / "tiny")
    return tmp_path / "tiny.yaml"
