"""What the windows leave behind, stitched together over the horizon."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gridopt.horizon.evidence import Evidence
from gridopt.model.component import Array, ComponentData, Output, Window
from gridopt.model.dispatch import DispatchModel
from gridopt.model.system import System
from gridopt.model.worth import ReducedCosts
from gridopt.solver.lazy import OutagePrices


@dataclass(frozen=True)
class WindowLog:
    """How one window was solved."""

    start: int
    core: int
    wall_s: float
    rounds: int
    limit_rows: int
    lazy_rows: int
    simplex_iterations: int
    mip_gap: float


@dataclass(frozen=True)
class Proof:
    """What the horizon costs at least.

    Parameters
    ----------
    lower_bound_cny
        Of the objective, with what is left at the end at its worth.
    by_window_cny
        (window,) part of each window.
    evidence
        What it is added up from.
    """

    lower_bound_cny: float
    by_window_cny: Array
    evidence: Evidence


@dataclass
class Record:
    """Everything the horizon keeps, (…, time) in the order of the system's components.

    Attributes
    ----------
    outputs
        By component and output: (element, time), or (product, element, time).
    operating_cny, penalty_cny
        By component: (time,) resource cost and penalty [CNY].
    area_price
        (balance area, time), price at the reference of each area [CNY/MWh].
    limit_price
        (limit, time), price of each network limit [CNY/MWh]; negative where the upper limit binds.
    outage_price
        (branch, time), worth of one MW more limit after outages, of all of them together; no branches where outages
        are not looked at [CNY/MWh].
    outage_nodal_price
        (node, time), part of the limits after outages in the price of each node [CNY/MWh].
    power_at_risk_price
        (power, time), what one MW more of each power that outages may take away costs by the limits after outages, its
        injection apart [CNY/MWh].
    injection_mw
        (node, time), net injection of each node [MW].
    power_at_risk_mw
        (power, time), powers that outages may take away, positive into the grid [MW].
    budget_use
        (budget, time), use of each budget in its unit.
    worth
        By component and name: (element, time), what one unit more of a capacity saves [CNY per unit].
    windows
        How each window was solved.
    proof
        What the horizon costs at least, where that was asked for.
    unproven
        Why that could not be proven; empty where it was, or was not asked for.
    """

    outputs: dict[str, dict[str, Array]]
    operating_cny: dict[str, Array]
    penalty_cny: dict[str, Array]
    area_price: Array
    limit_price: Array
    outage_price: Array
    outage_nodal_price: Array
    power_at_risk_price: Array
    injection_mw: Array
    power_at_risk_mw: Array
    budget_use: Array
    worth: dict[str, dict[str, Array]]
    windows: list[WindowLog] = field(default_factory=list)
    proof: Proof | None = None
    unproven: str = ""

    @classmethod
    def empty(cls, system: System) -> Record:
        """Room for the whole horizon, filled with NaN so that a gap can't pass for a zero."""
        steps = len(system.time)

        def room(*shape: int) -> Array:
            return np.full((*shape, steps), np.nan)

        def shape(output: Output, data: ComponentData) -> tuple[int, ...]:
            return (len(data.products), len(data.labels)) if output.by else (len(data.labels),)

        powers = 0 if system.outages is None else len(system.outages.powers)
        names = [kind.name for kind, _ in system.parts] + (["budget"] if system.budgets else [])
        return cls(
            outputs={
                kind.name: {output.name: room(*shape(output, data)) for output in kind.outputs}
                for kind, data in system.parts
            },
            operating_cny={name: room() for name in names},
            penalty_cny={name: room() for name in names},
            area_price=room(system.balance_areas().shape[0]),
            limit_price=room(system.limits.matrix.shape[0]),
            outage_price=room(0 if system.outages is None else system.network.n_branch),
            outage_nodal_price=room(system.network.n_node),
            power_at_risk_price=room(powers),
            injection_mw=room(system.network.n_node),
            power_at_risk_mw=room(powers),
            budget_use=room(len(system.budgets)),
            worth={
                kind.name: {each.name: room(len(data.labels)) for each in kind.worths} for kind, data in system.parts
            },
        )

    def put(
        self,
        window: Window,
        model: DispatchModel,
        limit_price: Array,
        outage_price: OutagePrices,
        injected_mw: Array,
        reduced_costs: ReducedCosts,
    ) -> None:
        """Keep the core of a solved window; ``injected_mw`` are injections of nodes, and behind them powers at risk."""
        self.put_schedule(window, model)
        kept, core = slice(window.start, window.start + window.core), slice(0, window.core)
        self.area_price[:, kept] = model.balance_price_cny_per_mwh()[:, core]
        self.limit_price[:, kept] = limit_price[:, core]
        self.outage_price[:, kept] = outage_price.branch[:, core]
        self.outage_nodal_price[:, kept] = outage_price.nodal[:, core]
        self.power_at_risk_price[:, kept] = outage_price.power[:, core]
        nodes = len(self.injection_mw)
        self.injection_mw[:, kept], self.power_at_risk_mw[:, kept] = np.split(injected_mw[:, core], [nodes])
        for name, worths in model.worth(reduced_costs).items():
            for capacity, saved in worths.items():
                self.worth[name][capacity][:, kept] = saved[:, core]
        if model.budget is not None:
            self.budget_use[:, kept] = model.budget.use_by_step()[:, core]

    def put_schedule(self, window: Window, model: DispatchModel) -> None:
        """Keep what the core of a solved window does and costs, no prices."""
        kept, core = slice(window.start, window.start + window.core), slice(0, window.core)
        for name, outputs in model.results().items():
            for output, values in outputs.items():
                self.outputs[name][output][..., kept] = values[..., core]
        for name, (cost, penalty) in model.costs().items():
            self.operating_cny[name][kept] = cost[core]
            self.penalty_cny[name][kept] = penalty[core]

    def close_budgets(self, system: System) -> None:
        """Charge what the whole horizon breaks of each budget, in its last step."""
        if not system.budgets:
            return
        breach = zip(system.budgets, self.budget_use.sum(axis=1), strict=True)
        self.operating_cny["budget"][:] = 0.0
        self.penalty_cny["budget"][:] = 0.0
        self.penalty_cny["budget"][-1] = sum(limit.price_cny * limit.breach(used) for (_, limit), used in breach)

    @property
    def objective_cny(self) -> float:
        """Resource cost and penalties of the whole horizon [CNY]."""
        return float(sum(map(np.sum, self.operating_cny.values())) + sum(map(np.sum, self.penalty_cny.values())))
