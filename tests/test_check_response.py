"""Every rule for demand response finds what it is for, and nothing in a sound case."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gridopt.check.response import RULES
from gridopt.check.subject import Subject
from gridopt.network.columns import with_defaults
from tests.model.systems import add_row, grid, load


def faults(**program: object) -> list[str]:
    net = grid()
    load(net, 0, 50.0, kind="city")
    add_row(net, "demand_response", {"name": "program", "kind": "interruptible", "target": ""} | program)
    subject = Subject(with_defaults(net), None, file="case")
    return [f"{fault.column}: {fault.message}" for rule in RULES for fault in rule(subject)]


@pytest.mark.parametrize(
    "program",
    [
        {},
        {"p_mw": 10.0},
        {"share_of_peak": 0.1, "target": "city", "kind": "elastic"},
        {"kind": "shiftable", "window_h": 4.0},
        {"kind": "valley_filling", "p_mw": 10.0},
        {"weight": 0.0, "p_mw": 10.0},
    ],
)
def test_sound_programs(program: dict[str, object]) -> None:
    assert faults(**program) == []


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ({"p_mw": 5.0, "share_of_peak": 0.1}, "p_mw: give share_of_peak or p_mw, not both"),
        ({"target": "ev"}, "target: there is no load of kind 'ev'"),
        ({"kind": "valley_filling"}, "p_mw: valley filling takes no part"),
        ({"weight": 0.0}, "weight: all programs without own size have no weight"),
        ({"kind": "shiftable"}, "window_h: a shiftable program needs"),
        ({"kind": "shiftable", "window_h": np.nan, "p_mw": 1.0}, "window_h: a shiftable program needs"),
    ],
)
def test_what_does_not_fit_together(program: dict[str, object], words: str) -> None:
    found = faults(**program)
    assert len(found) == 1
    assert found[0].startswith(words)


def test_every_row_is_named() -> None:
    net = grid()
    load(net, 0, 50.0)
    net["demand_response"] = pd.DataFrame({"name": ["a", "b"], "kind": ["shiftable", "shiftable"], "target": ["", ""]})
    subject = Subject(with_defaults(net), None)
    assert len([fault for rule in RULES for fault in rule(subject)]) == 2
