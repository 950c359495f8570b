"""The objective is what the quantities cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from gridopt.results.audit import (
    budget,
    emission,
    flexible,
    generator,
    heat,
    hydro,
    pilot,
    renewable,
    reserve,
    response,
    storage,
    thermal,
    tie,
)
from gridopt.results.audit.budget import Budget
from gridopt.results.audit.finding import OBJECTIVE, RELATIVE, Array, Check, Finding, equal
from gridopt.results.audit.injection import load_size
from gridopt.results.audit.view import MissingValuesError, View

HOURLY = Check("hourly costs", "costs of every component in every hour are quantities times prices of the case", "CNY")
TOTAL = Check(
    "component costs", "costs of every component over the horizon are quantities times prices of the case", "CNY"
)
SUMMARY = Check("objective", "the objective of the summary is the sum of all costs", "CNY")

CHECKS = (HOURLY, TOTAL, SUMMARY)

# What a MWh within the solver's tolerance costs at the value of lost load, rounded up [CNY].
_ROUNDING_CNY = 2e-3

Costs = dict[str, tuple[Array, Array]]
_PARTS: tuple[Callable[[View], Costs], ...] = (
    *(generator.cost, thermal.cost, renewable.cost, hydro.cost, storage.cost, tie.cost, response.cost),
    *(flexible.cost, heat.cost, reserve.cost),
)


def all_budgets(view: View) -> list[Budget]:
    """Budgets of all components."""
    parts = (renewable, tie, response, flexible, pilot, emission)
    return [each for part in parts for each in part.budgets(view)]


def demand_cost(view: View) -> Costs:
    """Value of lost load, price of excess, (time,) [CNY]."""
    rows, prices = view.buses, view.settings.prices
    load = view.fixed_load
    general = prices.value_of_lost_load_cny_per_mwh or 0.0
    size, value = load_size(view, load), load["value_of_lost_load_cny_per_mwh"].fillna(general).to_numpy(float)
    price = np.zeros(len(rows))
    for i, (_, bus) in enumerate(rows.places):
        mine = (load["bus"] == bus).to_numpy(dtype=bool)
        total = size[mine].sum()
        # of several loads at a bus the mean by size is lost
        price[i] = size[mine] @ value[mine] / total if total > 0 else 0.0
    unserved, excess = view.values("unserved_mw", rows), view.values("excess_mw", rows)
    penalty = price @ unserved + (prices.excess_cny_per_mwh or 0.0) * excess.sum(axis=0)
    return {"demand": (np.zeros(view.steps), view.step_h * penalty)}


def costs(view: View, budgets: Iterable[Budget]) -> Costs:
    """Costs of all components, each (operating, penalty), (time,) [CNY]."""
    found = demand_cost(view) | budget.penalty(view, budgets)
    for part in _PARTS:
        found |= part(view)
    return found


def audit(view: View, budgets: list[Budget]) -> Iterator[Finding]:
    """Costs by hour, by component and in all."""
    ours = costs(view, budgets)
    names = view.data["component"].to_numpy().astype(str).tolist() if "component" in view.data.coords else []
    absent = sorted(set(ours) - set(names))
    if absent:
        raise MissingValuesError("operating_cost_cny", absent[0])
    operating, penalty = (view.array(name, ("component", "time")) for name in ("operating_cost_cny", "penalty_cny"))
    nothing = (np.zeros(view.steps), np.zeros(view.steps))
    expected = [np.array([ours.get(name, nothing)[k] for name in names]) for k in (0, 1)]
    expected[0] = _with_chords(view, names, operating, expected[0])
    both = [f"{name}, {word}" for word in ("operating", "penalty") for name in names]
    written, right = np.vstack([operating, penalty]), np.vstack(expected)
    size = np.maximum(np.abs(right).max(axis=1, initial=0.0), _ROUNDING_CNY / RELATIVE)[:, None]
    yield equal(HOURLY, written, right, both, view.time, size=size)
    # a component's total may be a small difference of large sums: the sums tell the size
    totals = np.maximum(np.abs(right).sum(axis=1) * OBJECTIVE, _ROUNDING_CNY)[:, None]
    yield equal(TOTAL, written.sum(axis=1)[:, None], right.sum(axis=1)[:, None], both, [""], size=totals / RELATIVE)
    yield _summary(view, expected)


def _with_chords(view: View, names: list[str], written: Array, ours: Array) -> Array:
    """Ours, where the model counts a curved fuel cost by chords: anything up to their stated error is right."""
    if "thermal" not in names:
        return ours
    row, allowed = names.index("thermal"), thermal.chord_allowance(view)
    mended = ours.copy()
    mended[row] = np.clip(written[row], ours[row], ours[row] + allowed)
    return mended


def _summary(view: View, expected: list[Array]) -> Finding:
    keys = ("operating_cost_cny", "penalty_cny", "objective_cny")
    numbers = [view.summary.get(key) for key in keys]
    if any(number is None for number in numbers):
        raise MissingValuesError("summary.json", keys[numbers.index(None)])
    totals = [float(part.sum()) for part in expected]
    right = np.array([*totals, sum(totals)])[:, None]
    size = np.array([np.abs(part).sum() for part in expected])
    scale = np.array([*size, size.sum()])[:, None] * OBJECTIVE / RELATIVE
    return equal(SUMMARY, np.array(numbers, dtype=float)[:, None], right, keys, [""], size=scale)
