"""Problems of the synthetic province and of pandapower's networks, ready for every contender."""

from __future__ import annotations

from typing import Any

from benchmarks.cases.problem import Problem
from benchmarks.cases.standard_nets import standard_net
from benchmarks.cases.synthetic import EXCESS, synthetic


def province(
    hours: int,
    buses: int = 60,
    *,
    window_h: int = 168,
    look_ahead_h: int = 24,
    plants: int | None = None,
    units: int = 0,
    **asked: Any,
) -> Problem:
    """Some hours of the synthetic province, in windows."""
    net, profiles = synthetic(hours, buses, plants=plants, units=units)
    return Problem(net, profiles, EXCESS, min(window_h, hours), look_ahead_h, **asked).with_arrays()


def province_at_once(hours: int, buses: int = 60, **asked: Any) -> Problem:
    """Some hours of the synthetic province as one problem."""
    return province(hours, buses, window_h=hours, look_ahead_h=0, **asked)


def standard(network: str, hours: int, **asked: Any) -> Problem:
    """Some hours of a network of pandapower as one problem."""
    net, profiles = standard_net(network, hours)
    return Problem(net, profiles, EXCESS, hours, **asked).with_arrays()
