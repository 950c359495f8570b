"""gridopt, through its public interface, on the problem of a benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.benchmark import Contender, Outcome
from benchmarks.cases.problem import Problem
from benchmarks.cases.synthetic import LOST_LOAD

IMPORTS = ("pandapower", "cvxpy", "gridopt.run", "gridopt.horizon.rolling", "gridopt.results.summary")


def settings_of(problem: Problem) -> dict[str, Any]:
    """Settings under which gridopt solves exactly this problem: no rules of a province, no proof, no AC check."""
    horizon: dict[str, Any] = {
        "window_h": problem.window_h,
        "look_ahead_h": problem.look_ahead_h,
        "end_storage": problem.end,
    }
    if problem.window_h >= problem.hours:
        horizon["mode"] = "monolithic"
    return {
        "plain": False,
        "unit_commitment": problem.commitment,
        "network_level": problem.network,
        "ac_check": "off",
        "horizon": horizon | {"guide": "off", "certificate": False},
        "solver": {"mip_gap": problem.mip_gap},
        "policy": {"dr_share_of_peak": 0.0, "maintenance": "none", "forced_outages": False, "reserves": False},
        "prices": {
            "value_of_lost_load_cny_per_mwh": LOST_LOAD,
            "excess_cny_per_mwh": problem.excess_cny_per_mwh,
            "curtailment_cny_per_mwh": 0.0,
        },
    }


def solve(problem: Problem, changes: Mapping[str, Any] | None = None, gap: float | None = None) -> Outcome:
    """Make the case of net and profiles, and solve it; with a gap asked for, a larger one is void."""
    from gridopt import Case
    from gridopt import solve as dispatched
    from gridopt.settings import deep_merge

    settings = deep_merge(settings_of(problem), changes or {})
    result = dispatched(Case.from_pandapower(problem.net, problem.profiles, **settings))
    numbers = result.summary
    facts = {name: int(result.dataset[f"window_{name}"].sum()) for name in ("rounds", "limit_rows")}
    proven = numbers["gap"]
    void = ""
    if gap is not None and not (isinstance(proven, float) and proven <= gap):
        void = f"the proven gap is {proven}, not {gap:g}"
    kept = ("windows", "gap", "lower_bound_cny", "curtailment_rate", "unserved_mwh")
    return Outcome(number(numbers["objective_cny"]), facts | {key: numbers[key] for key in kept}, void)


def gridopt(
    configuration: str,
    name: str = "gridopt",
    *,
    more: Mapping[str, Any] | None = None,
    gap: float | None = None,
    **how: Any,
) -> Contender:
    """A contender; ``more`` are settings that it changes, ``gap`` is what it has to prove."""
    return Contender(name, configuration, lambda problem, _watch: solve(problem, more, gap), IMPORTS, **how)


def number(value: object) -> float:
    """A value of the summary that has to be a number."""
    if not isinstance(value, int | float):
        raise TypeError(f"the summary has no number here: {value!r}")
    return float(value)
