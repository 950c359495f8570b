"""Annual budgets of demand response: energy, hours and calls, paced by the hours of largest net load."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridopt.model.budget import BudgetLimit, by_weight, share_of_year
from gridopt.model.component import Array
from gridopt.model.response_data import Mask
from gridopt.model.response_plan import Programs, Schedule

# Using a budget ahead of its pace is worth it where load would be lost otherwise, and hardly elsewhere.
_PACE_PER_LOST_LOAD = 0.5
_LOST_LOAD_CNY_PER_MWH = 15_000.0
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Quantity:
    """One kind of budget, of all programs.

    Parameters
    ----------
    word, unit
        What is limited.
    amount
        (program,) limit over all hours of the profiles; infinite: none.
    scheduled
        (program, time) what the schedule uses.
    per_mw, per_on, per_start
        (program,) use per MW of response, per step on, per start.
    energy_mwh
        (program,) energy that a unit of it may stand for [MWh].
    """

    word: str
    unit: str
    amount: Array
    scheduled: Array
    per_mw: Array
    per_on: Array
    per_start: Array
    energy_mwh: Array


@dataclass(frozen=True)
class Budgets:
    """Budgets of the horizon, and their use (budget, program) per MW of response, step on and start.

    ``scheduled`` is what the schedule uses in each step, (budget, time).
    """

    limits: tuple[BudgetLimit, ...]
    scheduled: Array
    per_mw: Array
    per_on: Array
    per_start: Array


def quantities(these: Programs, fixed: Schedule) -> list[Quantity]:
    """Energy; hours and calls where programs are on or off, otherwise equivalent full hours."""
    h, limits, rated = these.step_h, these.limits, these.rated_mw
    one, none = np.ones(rated.size), np.zeros(rated.size)
    energy = limits.energy_mwh * these.share
    listed = [Quantity("energy", "MWh", energy, h * fixed.power_mw, h * one, none, none, one)]
    if not these.integer:
        per_mw = h / np.where(rated > 0, rated, 1.0)
        hours = limits.full_hours * these.share
        used: Array = per_mw[:, None] * fixed.power_mw
        return [*listed, Quantity("full hours", "h", hours, used, per_mw, none, none, rated)]
    starts: Array = np.diff(fixed.on.astype(float), axis=1, prepend=0.0).clip(min=0.0)
    first = these.horizon.start  # an event that begins before the horizon counts in it
    starts[:, first] = fixed.on[:, first]
    event_mwh = rated * limits.longest_event_h
    return [
        *listed,
        Quantity("hours", "h", limits.hours * these.share, h * fixed.on.astype(float), none, h * one, none, rated),
        Quantity("calls", "", limits.calls * these.share, starts, none, none, one, event_mwh),
    ]


def budgets(these: Programs, fixed: Schedule, labels: tuple[str, ...], weight: Mask) -> Budgets:
    """Budgets of the horizon: what the schedule needs in it, and a part of the rest, paced by weights.

    Parameters
    ----------
    these
        The programs.
    fixed
        The schedule over all hours.
    labels
        Names of the programs.
    weight
        (program, time) candidate steps of the horizon.
    """
    listed = quantities(these, fixed)
    places = [(quantity, int(k)) for quantity in listed for k in np.flatnonzero(np.isfinite(quantity.amount))]
    value = these.case.settings.prices.value_of_lost_load_cny_per_mwh
    price = _PACE_PER_LOST_LOAD * (_LOST_LOAD_CNY_PER_MWH if value is None else value)
    unit = np.eye(len(labels))
    empty, time = np.zeros((0, len(labels))), these.horizon
    fixed_use = [quantity.scheduled[k, time] for quantity, k in places]
    return Budgets(
        limits=tuple(
            BudgetLimit(
                f"{quantity.word} of {labels[k]}",
                quantity.unit,
                "most",
                _cumulative(these, quantity, k, weight[k]),
                float(price * quantity.energy_mwh[k]),
            )
            for quantity, k in places
        ),
        scheduled=np.array(fixed_use) if places else np.zeros((0, weight.shape[1])),
        per_mw=np.array([quantity.per_mw[k] * unit[k] for quantity, k in places]) if places else empty,
        per_on=np.array([quantity.per_on[k] * unit[k] for quantity, k in places]) if places else empty,
        per_start=np.array([quantity.per_start[k] * unit[k] for quantity, k in places]) if places else empty,
    )


def _cumulative(these: Programs, quantity: Quantity, k: int, weight: Mask) -> Array:
    """Cumulative limit of a program in the horizon, (time,)."""
    inside = quantity.scheduled[k, these.horizon]
    rest = max(float(quantity.amount[k] - quantity.scheduled[k].sum()), 0.0)
    paced = by_weight(rest * share_of_year(these.case) / these.share, weight.astype(float))
    if quantity.word == "calls":  # whole ones, and at least one where the year has one
        in_year = float(these.limits.calls[k] - quantity.scheduled[k].sum())
        paced = np.minimum(np.ceil(paced - _ROUNDING), max(np.floor(in_year), 0.0))
    cumulative: Array = np.cumsum(inside) + paced
    return cumulative
