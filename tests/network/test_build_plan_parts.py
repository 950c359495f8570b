"""docs/plan-parts.md names what is there: every part has its module, its rows, its levers and its test."""

from __future__ import annotations

import ast
import copy
import re
from pathlib import Path

import numpy as np
import pytest

import gridopt
from gridopt.case import Case
from gridopt.levers import levers_of
from gridopt.network.build import build
from gridopt.network.columns import EXTENSION_TABLES
from gridopt.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "plan-parts.md"
COLUMNS = ("part", "component", "data", "lever", "test", "simplified")
DATA = re.compile(r"(?P<table>\w+)(\[(?P<column>\w+)=(?P<value>\w+)\]|: (?P<row>\w+))?$")


def table() -> list[dict[str, str]]:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    return [
        dict(zip(COLUMNS, (cell.strip() for cell in line.strip("|").split("|")), strict=True)) for line in lines[2:]
    ]


def words(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


ROWS = table()
PARTS = [row["part"] for row in ROWS]


@pytest.fixture(scope="module")
def net():
    return build("jilin", 2030)


@pytest.fixture(scope="module")
def levers(net):
    return levers_of(net)


def test_all_parts_of_the_plan_are_there_once():
    assert len(PARTS) == len(set(PARTS)) == 22
    for word in ("captive", "virtual", "pilot", "hydrogen", "nuclear", "biomass", "carbon", "emergency", "EV"):
        assert any(word in part for part in PARTS), word


@pytest.mark.parametrize("row", ROWS, ids=PARTS)
def test_component_and_test_exist(row):
    for module in words(row["component"]):
        assert (ROOT / module).is_file(), module
    found = words(row["test"])
    assert found
    for test in found:
        file, name = test.split("::")
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, test
    assert row["simplified"]


@pytest.mark.parametrize("row", ROWS, ids=PARTS)
def test_rows_of_the_network_exist(net, row):
    found = words(row["data"])
    assert found
    for data in found:
        match = DATA.match(data)
        assert match, data
        rows = net[match["table"]]
        if match["column"]:
            rows = rows[rows[match["column"]] == match["value"]]
        if match["row"]:
            rows = rows[rows["name"] == match["row"]]
        assert len(rows), data


@pytest.mark.parametrize("row", ROWS, ids=PARTS)
def test_levers_act_on_the_network(net, levers, row):
    settings = Settings(network="jilin", year=2030)
    found = words(row["lever"])
    assert found
    for name in found:
        assert name in levers, name
        assert levers[name].present(net, settings) is not None, name


def test_tiny_has_a_row_of_every_table(tiny: Case):
    """Only annual sums of single quantities (`budget`) have no table of their own: they are settings."""
    empty = {name for name in EXTENSION_TABLES if tiny.net[name].empty}
    assert empty == {"budget"}


def test_a_bus_feeds_in_no_more_than_its_reverse_limit(tiny: Case):
    """The west of the tiny case gives more than 250 MW in a windy hour, unless it may not."""
    net = copy.deepcopy(tiny.net)
    most = {}
    for limited, limit in ((False, np.nan), (True, 250.0)):
        net.bus.loc[net.bus["name"] == "west", "reverse_flow_max_mw"] = limit
        case = Case.from_pandapower(net, tiny.source.profiles, plain=False, network_level="dc", hours=12)
        injection = gridopt.solve(case).dataset["bus_injection_mw"].sel(bus="west")
        most[limited] = float(injection.max())
    assert most[False] > 300.0
    assert most[True] == pytest.approx(250.0, abs=1e-2)
