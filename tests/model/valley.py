"""A valley of demand before a peak at one bus, for what moves energy from one to the other, and comparisons."""

from __future__ import annotations

import numpy as np

from tests.model.systems import case_of, generator, grid, load, profiles, solve

FREE = {"mode": "monolithic", "end_storage": "free"}
CYCLIC = {"mode": "monolithic", "end_storage": "cyclic"}
# 80 MW at 100 and 100 MW at 400 CNY/MWh against 50, 50, 90, 90 MW: 30 MW are to be had cheaply in the first two hours
VALLEY = ("demand", [5 / 7, 5 / 7, 9 / 7, 9 / 7])


def bench(mw=70.0, cheap=80.0, dear=100.0):
    net = grid()
    load(net, 0, mw, "load")
    generator(net, 0, cheap, 100.0)
    generator(net, 0, dear, 400.0)
    return net


def run(net, hours=4, series=None, **case):
    series = {"load": VALLEY} if series is None else series
    return solve(case_of(net, profiles(hours, **series), **({"horizon": FREE} | case)))


def part_of(model, name):
    """A component of a stated window."""
    return next(part for part in model.components if part.name == name)


def at_most(left, right, tolerance=1e-4):
    assert np.max(np.asarray(left) - np.asarray(right), initial=0.0) <= tolerance


def before(first, series):
    """A series one step earlier, (element, time)."""
    return np.column_stack([first, series[:, :-1]])
