"""The same problem for gridopt, PyPSA and cvxpy, each in its best configuration.

Contenders are named here by module and function, so that a process imports its own library alone.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from benchmarks.benchmark import Contender, Outcome
from benchmarks.watch import Watch


def _later(module: str, function: str) -> Callable[[Any, Watch], Outcome]:
    """A function of a module that is imported when it is called."""

    def run(given: Any, watch: Watch) -> Outcome:
        outcome: Outcome = getattr(import_module(module), function)(given, watch)
        return outcome

    return run


def _contender(module: str, name: str, function: str, configuration: str, **more: Any) -> Contender:
    return Contender(name, configuration, _later(module, function), ("pandapower", module), **more)


def pypsa(function: str, configuration: str, **more: Any) -> Contender:
    """A contender of ``benchmarks.peers.pypsa_model``."""
    return _contender("benchmarks.peers.pypsa_model", "PyPSA", function, configuration, **more)


def cvxpy(function: str, configuration: str, **more: Any) -> Contender:
    """A contender of ``benchmarks.peers.cvxpy_model``."""
    return _contender("benchmarks.peers.cvxpy_model", "cvxpy", function, configuration, **more)
