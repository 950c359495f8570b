r"""The whole horizon at once, coarsely: where water, annual amounts and stores belong.

A window sees some days; a reservoir, a budget of energy or of hours, and a contract live for a year.  So the
horizon is first solved as one linear program with steps of some hours, interfaces as its only network limits,
fractions of units and no reserves, by the interior point method without crossover.  It tells the windows

- the level of every reservoir, and the worth of its water :math:`\pi`;
- the level of every other store, and the worth of energy in it;
- how far the energy of every contract runs ahead, and the worth of that;
- the use of every budget over time, and its multiplier :math:`\mu`.

It decides nothing: the windows keep the full model, and a poor guide costs money, never correctness.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

from gridopt.case import Case
from gridopt.horizon.held import LASTING
from gridopt.model.budget import BudgetLimit, corridor_least, corridor_most
from gridopt.model.component import Array, Component, ComponentData, State, Window
from gridopt.model.dispatch import DispatchModel
from gridopt.model.flexible_load import FlexibleLoad
from gridopt.model.flexible_load_data import FlexibleLoadData
from gridopt.model.hydro import Hydro
from gridopt.model.hydro_data import HydroData
from gridopt.model.storage import Storage
from gridopt.model.storage_data import StorageData
from gridopt.model.system import System
from gridopt.model.tie import Tie
from gridopt.model.tie_data import TieData
from gridopt.solver.session import LiveProblem, SolverOptions

# Of the coarse solution, which nobody dispatches [MW].
_TOLERANCE = 1e-4
# An amount that has to be reached may lag behind the guide's by so much [h].
_LAG_H = 336.0
# A multiplier below this part of the price of a breach is rounding of the interior point method.
_NO_PRICE = 1e-3
# A factor of an interface below this part of a MW is rounding, and would fill its rows with all columns [MW/MW].
_NO_FACTOR = 1e-9
# More than any interface carries [MW].
_ENDLESS_MW = 1e6


def _nothing() -> Array:
    """What a component tells that the case has not."""
    return np.zeros((0, 0))


@dataclass(frozen=True)
class Guide:
    """What the coarse horizon tells the windows.

    Parameters
    ----------
    budgets
        (budget,) component and name of each; whole units may bring others, of which the guide knows nothing.
    budget_use
        (budget, step of the horizon), in the budget's unit per step.
    budget_price_cny
        (budget,) multiplier of each budget, at least 0 [CNY per unit].
    level_mwh, water_value_cny_per_mwh
        (reservoir, step of the horizon).
    store_e_mwh, load_e_mwh
        (store, step of the horizon) energy held, in stores and in those of flexible loads.
    store_worth_cny_per_mwh, load_worth_cny_per_mwh
        (store, step of the horizon) of a MWh held, in stores and in those of flexible loads.
    ahead_mwh, ahead_worth_cny_per_mwh
        (tie, step of the horizon) energy ahead of the contract.
    stored
        What stores hold, and contracts are ahead, before the steps that were asked for: the part of the state of each
        component that lasts.
    """

    budgets: tuple[tuple[str, str], ...]
    budget_use: Array
    budget_price_cny: Array
    level_mwh: Array = field(default_factory=_nothing)
    water_value_cny_per_mwh: Array = field(default_factory=_nothing)
    store_e_mwh: Array = field(default_factory=_nothing)
    load_e_mwh: Array = field(default_factory=_nothing)
    store_worth_cny_per_mwh: Array = field(default_factory=_nothing)
    load_worth_cny_per_mwh: Array = field(default_factory=_nothing)
    ahead_mwh: Array = field(default_factory=_nothing)
    ahead_worth_cny_per_mwh: Array = field(default_factory=_nothing)
    stored: tuple[dict[str, State], ...] = ()

    def applied(self, system: System) -> System:
        """The same system, its reservoirs and budgets told by the guide."""
        return replace(
            system, parts=tuple((kind, self._told(kind.name, data, system.step_h)) for kind, data in system.parts)
        )

    def _told(self, part: str, data: ComponentData, step_h: float) -> ComponentData:
        if data.budgets:
            data = replace(data, budgets=tuple(self._paced(part, limit, step_h) for limit in data.budgets))
        if isinstance(data, HydroData):
            level, value = self.level_mwh, self.water_value_cny_per_mwh
            return replace(data, reference_e_mwh=level, water_value_cny_per_mwh=value)
        if isinstance(data, StorageData) and data.is_priced:
            level, worth = self.store_e_mwh, self.store_worth_cny_per_mwh
            return replace(data, planned_e_mwh=level, planned_worth_cny_per_mwh=worth)
        if isinstance(data, FlexibleLoadData) and data.is_priced:
            level, worth = self.load_e_mwh, self.load_worth_cny_per_mwh
            return replace(data, planned_e_mwh=level, planned_worth_cny_per_mwh=worth)
        if isinstance(data, TieData):
            ahead, worth = self.ahead_mwh, self.ahead_worth_cny_per_mwh
            return replace(data, planned_ahead_mwh=ahead, planned_worth_cny_per_mwh=worth)
        return data

    def _paced(self, part: str, limit: BudgetLimit, step_h: float) -> BudgetLimit:
        """A budget that follows the use of the guide, where it knows of it, instead of its own pace."""
        if (part, limit.name) not in self.budgets:
            return limit
        number = self.budgets.index((part, limit.name))
        total, use = float(limit.limit[-1]), self.budget_use[number]
        if limit.sense == "least":
            corridor = corridor_least(total, use, step_h, _LAG_H, limit.largest)
        else:
            corridor = corridor_most(total, use)
        price = float(self.budget_price_cny[number])
        return replace(limit, limit=corridor, multiplier_cny=price, planned=np.cumsum(use))


def coarse_case(case: Case, steps: int) -> Case:
    """The same case with ``steps`` of its steps in one, without reserves."""
    profiles = case.profiles.coarsen(time=steps, coord_func={"time": "max"}).mean()
    for name in profiles.data_vars:
        profiles[name].attrs = case.profiles[name].attrs
    settings = case.settings
    policy = settings.policy.model_copy(update={"reserves": False, "dr_mode": "economic"})
    level = "copperplate" if settings.network_level == "copperplate" else "dc"
    update: dict[str, Any] = {"network_level": level, "step_h": settings.step_h * steps, "policy": policy}
    if settings.unit_commitment == "integer":
        update["unit_commitment"] = "relaxed"
    return replace(case, profiles=profiles, settings=settings.model_copy(update=update))


def _interface_rows(coarse: System, model: DispatchModel) -> list[cp.Constraint]:
    """Limits of the interfaces."""
    limits = coarse.limits
    kept = limits.sections
    if not limits.interface:
        return []
    factors = np.where(np.abs(limits.matrix[kept]) > _NO_FACTOR, limits.matrix[kept], 0.0)
    flow = sp.csr_array(factors) @ model.injection
    offset = limits.offset_mw[kept, None]
    lower, upper = np.maximum(limits.lower_mw[kept], -_ENDLESS_MW), np.minimum(limits.upper_mw[kept], _ENDLESS_MW)
    return [flow <= upper - offset, flow >= lower - offset]


def guide(system: System, step_h: float, begins: Sequence[int] = ()) -> Guide:
    """Solve the whole horizon coarsely.

    Parameters
    ----------
    system
        The system of a case.
    step_h
        Length of a coarse step; a whole number of steps of the horizon must make one [h].
    begins
        Steps before which it is asked what stores hold.
    """
    group = max(round(step_h / system.step_h), 1)
    total = len(system.time)
    while total % group:
        group -= 1
    coarse = System.read(coarse_case(system.case, group), system.groups)
    if system.losses is not None:
        coarse = replace(coarse, losses=system.losses.coarse(group))
    steps = len(coarse.time)
    model = DispatchModel(coarse, steps)
    window = Window(
        start=0,
        steps=steps,
        core=steps,
        last=True,
        state=coarse.initial_state(),
        energy_price_cny_per_mwh=coarse.typical_price_cny_per_mwh(),
    )
    model.bind(window)
    problem = cp.Problem(model.problem.objective, [*model.problem.constraints, *_interface_rows(coarse, model)])
    live = LiveProblem(problem, SolverOptions(interior=True, feasibility_tolerance=_TOLERANCE))
    live.refresh()
    live.run()
    live.unpack()
    stored = tuple(_stored(model, begin // group) for begin in begins)
    return replace(_told_by(coarse, model, group, total), stored=stored)


def _stored(model: DispatchModel, step: int) -> dict[str, State]:
    """What lasts of the state after some steps: no rates, no histories, whose steps have another length."""
    state = model.state(step) if step else {}
    return {name: {key: part[key] for key in part if key in LASTING} for name, part in state.items()}


def _told_by(coarse: System, model: DispatchModel, group: int, total: int) -> Guide:
    """Read the solution of the coarse horizon in steps of the horizon."""
    budgets = tuple((part, limit.name) for part, limit in coarse.budgets)
    use, price = np.zeros((len(budgets), total)), np.zeros(len(budgets))
    if model.budget is not None:
        use = np.repeat(model.budget.use_by_step() / group, group, axis=1)
        largest = np.array([limit.price_cny for limit in model.budget.limits])
        price = np.maximum(model.budget.multipliers(), 0.0)
        price = np.where(price > _NO_PRICE * largest, price, 0.0)
    series: dict[str, Any] = {}
    for part in model.components:
        series |= _series(part, group)
    return Guide(budgets=budgets, budget_use=use, budget_price_cny=price, **series)


def _series(part: Component[Any], group: int) -> dict[str, Array]:
    """What a component of the coarse horizon tells of levels and worth, by the name in :class:`Guide`."""
    if isinstance(part, Hydro):
        level = _between(part.data.start_e_mwh, np.asarray(part.level.value), group)
        return {"level_mwh": level, "water_value_cny_per_mwh": np.repeat(part.water_value_cny_per_mwh(), group, axis=1)}
    if isinstance(part, Storage):
        low, high = part.data.min_e_mwh[:, None], part.data.max_e_mwh[:, None]
        held = _between(part.data.start_e_mwh, np.clip(part.energy.value, low, high), group)
        worth = np.repeat(part.stored_worth_cny_per_mwh(), group, axis=1)
        return {"store_e_mwh": held, "store_worth_cny_per_mwh": worth}
    if isinstance(part, FlexibleLoad):
        levels = np.clip(part.held_mwh(), 0.0, part.data.max_e_mwh[:, None])
        held = _between(part.initial_state()["energy_mwh"], levels, group)
        return {"load_e_mwh": held, "load_worth_cny_per_mwh": np.repeat(part.stored_worth_cny_per_mwh(), group, axis=1)}
    if isinstance(part, Tie):
        ends, worths = part.plan()
        ahead = _between(np.zeros(part.data.count), ends, group)
        return {"ahead_mwh": ahead, "ahead_worth_cny_per_mwh": np.repeat(worths, group, axis=1)}
    return {}


def _between(start: Array, ends: Array, group: int) -> Array:
    """Values at the ends of coarse steps, (element, coarse step), in a straight line from one to the next."""
    before = np.hstack([start[:, None], ends[:, :-1]])
    share = np.arange(1, group + 1) / group
    inside: Array = before[:, :, None] + (ends - before)[:, :, None] * share
    return inside.reshape(ends.shape[0], -1)
