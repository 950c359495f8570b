r"""Ties to the neighbours: exchange around a contract, by AC lines or HVDC (formulation, section 2).

.. math::
   \max(\underline X, k_t - b) \le x_t \le \min(\overline X, k_t + b), \qquad
   |x_t - x_{t-1}| \le C_t

with the export :math:`x` at the bus (negative: import), the contract :math:`k` and its band :math:`b`.  The
change :math:`C_t` is the ramp :math:`R\Delta`, and zero inside a block of a staircase (``steps_per_day``).

**Loss on the way.**  :math:`x` is measured at the own bus.  Of an export :math:`(1-\ell)x` arrives; of an import
the bus gets all of :math:`-x`, and the neighbour has sent :math:`-x/(1-\ell)`.  The value :math:`\pi` counts what
arrives; with :math:`m \ge -x,\ m \ge 0` the import it is :math:`\pi\,[(1-\ell)\,x - \ell\, m]`.

**Energy of the contract.**  Where an energy of the year is agreed, the energy exchanged beyond the contract

.. math:: z_t = z_{t-1} + (x_t - k_t)\Delta - s_t, \qquad \underline Z_t \le z_t \le \overline Z_t

is zero at the end of each period (calendar month or year, and the horizon) and otherwise within
``deviation_mwh`` and within what the band can still bring back.  Energy :math:`s` that it can't (a slow ramp, or a
block that reaches beyond the window) is settled at a price above that of unserved energy, so that a window always
has a solution.  At the end of a window, being ahead is worth the energy that need not be sent later, less the
value that is then not earned: :math:`(\lambda - (1-\ell)\pi)\, z_T`, with a price :math:`\lambda` of energy that is
taken a quarter lower where a window ends ahead of the contract and a quarter higher where it ends behind.  Where
the whole horizon was planned (``gridopt.horizon.guide``), it is worth what the plan says, and ahead and behind, with
half of the energy price as caution, are counted from the plan (``gridopt.model.near_plan``).

Channels with a renewable share: :mod:`gridopt.model.tie_channel`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import cvxpy as cp
import numpy as np

from gridopt.model.algebra import add_up
from gridopt.model.component import Array, Component, Levels, Output, PlannedWorth, State, Window, previous
from gridopt.model.near_plan import NearPlan
from gridopt.model.tie_data import TieData, read_ties
from gridopt.model.worth import ReducedCosts, of_lower, of_upper, price

if TYPE_CHECKING:
    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork

# By how much of the energy price a window errs on the side of the contract, or of a plan, when it ends ahead or behind.
_CAUTION, _CAUTION_WITH_PLAN = 0.25, 0.5
# By how much a plan of the interior point method may leave its corridor [MWh].
_ROUNDING_MWH = 1.0
# Attribution costs nothing, but what a window does not attribute is lost to the share of the year.
_ATTRIBUTION_CNY_PER_MWH = 1e-3


class Tie(Component[TieData]):
    """Export (positive) or import of every tie."""

    name = "tie"
    outputs = (
        Output("tie_export_mw", "tie", "MW", "power sent over the border (negative: received)"),
        Output("tie_contract_mw", "tie", "MW", "contracted power (positive: export)"),
        Output("tie_loss_mw", "tie", "MW", "loss on the way"),
        Output("tie_deviation_mwh", "tie", "MWh", "energy exported beyond the contract since the period began"),
        Output("tie_renewable_mw", "tie", "MW", "wind and solar attributed to the export of a channel"),
    )

    worths = (
        Output("tie_export_worth_cny_per_mw", "tie", "CNY/MW", "saving of one MW more export limit"),
        Output("tie_import_worth_cny_per_mw", "tie", "CNY/MW", "saving of one MW more import limit (less export)"),
    )

    def __init__(self, data: TieData, steps: int, step_h: float) -> None:
        super().__init__(data, steps, step_h)
        self.lowest, self.highest = self.parameter(), self.parameter()
        self.export = self.variable(self.lowest, self.highest).set_label("export schedule [MW]")
        self.limited = np.flatnonzero(data.is_limited)
        self.reversing = np.flatnonzero(data.reverses)
        self.keeping = np.flatnonzero(data.keeps_energy)
        self.channels = np.flatnonzero(data.renewable_share > 0)
        self.export_before = cp.Parameter(max(self.limited.size, 1))
        if self.limited.size:
            self.fastest_fall, self.fastest_rise = (self.parameter(self.limited.size) for _ in range(2))
            self.change = self.variable(self.fastest_fall, self.fastest_rise, rows=self.limited.size).set_label(
                "change of the export [MW]"
            )
        if self.reversing.size:
            most = -data.min_mw[self.reversing].min(axis=1)
            self.imported = self.variable(0.0, most, rows=self.reversing.size)
        if self.keeping.size:
            self._state_energy(data)
        if self.channels.size:
            most = np.maximum(data.max_mw[self.channels].max(axis=1), 0.0)
            self.attributed = self.variable(0.0, most, rows=self.channels.size)

    def _state_energy(self, data: TieData) -> None:
        """Variables of the contract energy; settled energy is bounded by all that could ever be out of place."""
        kept = self.keeping
        rows = kept.size
        self.contract = self.parameter(rows)
        self.least_ahead, self.most_ahead = self.parameter(rows), self.parameter(rows)
        self.ahead = self.variable(self.least_ahead, self.most_ahead, rows=rows).set_label(
            "deviation from the contract energy [MWh]"
        )
        self.ahead_before = cp.Parameter(rows)
        corridor = np.maximum(np.abs(data.deviation_low_mwh), np.abs(data.deviation_high_mwh))[kept].max(axis=1)
        swing = np.maximum(np.abs(data.min_mw - data.contract_mw), np.abs(data.max_mw - data.contract_mw))
        most = 2 * corridor + self.step_h * swing[kept].max(axis=1)
        self.settled_ahead = self.variable(0.0, most, rows=rows)
        self.settled_behind = self.variable(0.0, most, rows=rows)
        self.end_price = cp.Parameter(rows)
        planned, caution = np.zeros_like(data.contract_mw), _CAUTION
        if data.planned_ahead_mwh is not None:
            planned, caution = data.planned_ahead_mwh, _CAUTION_WITH_PLAN
        self.near = NearPlan(planned[kept], 2 * corridor + _ROUNDING_MWH, caution)

    @classmethod
    def read(cls, case: Case, network: DCNetwork) -> TieData | None:
        """Arrays of all ties in service."""
        return read_ties(case, network)

    def initial_state(self) -> State:
        """Contracted power of the first step [MW], as far as later limits allow; nothing is ahead [MWh]."""
        d = self.data
        return {
            "export_mw": np.clip(d.contract_mw[:, 0], d.min_mw[:, 0], d.max_mw[:, 0]),
            "deviation_mwh": np.zeros(self.keeping.size),
            "counted_mwh": np.zeros(d.count),
        }

    def bind(self, window: Window) -> None:
        """Limits and contract of the window, what went before, and what being ahead is worth at its end."""
        d, span, state = self.data, window.span, window.state[self.name]
        self.lowest.value, self.highest.value = d.min_mw[:, span], d.max_mw[:, span]
        self._contract, self._counted_before = d.contract_mw[:, span], state["counted_mwh"]
        if self.limited.size:
            self.export_before.value = state["export_mw"][self.limited]
            self.fastest_rise.value = d.change_mw[self.limited, span]
            self.fastest_fall.value = -d.change_mw[self.limited, span]
        if self.keeping.size:
            self.contract.value = self._contract[self.keeping]
            self.ahead_before.value = state["deviation_mwh"]
            self.least_ahead.value = d.deviation_low_mwh[self.keeping, span]
            self.most_ahead.value = d.deviation_high_mwh[self.keeping, span]
            usual = window.energy_price_cny_per_mwh - d.export_value_cny_per_mwh
            self.end_price.value = window.at_end(d.planned_worth_cny_per_mwh, usual)[self.keeping]
            self.near.bind(window)

    def constraints(self) -> list[cp.Constraint]:
        """Changes where they can bind, import of ties that reverse, energy of contracts."""
        rows: list[cp.Constraint] = []
        if self.limited.size:
            limited = self.export[self.limited]
            rows.append(self.change == limited - previous(self.export_before, limited))
        if self.reversing.size:
            rows.append(self.imported + self.export[self.reversing] >= 0)
        if self.keeping.size:
            beyond = self.step_h * (self.export[self.keeping] - self.contract)
            settled = self.settled_ahead - self.settled_behind
            self.account = self.ahead == previous(self.ahead_before, self.ahead) + beyond - settled
            rows += [self.account, self.near.row(self.ahead[:, -1])]
        if self.channels.size:
            rows.append(self.attributed <= self.export[self.channels])
        return rows

    def join(self, parts: Mapping[str, Component[Any]], nodal_mw: cp.Expression) -> list[cp.Constraint]:
        """No wind or solar MWh is attributed to two channels."""
        renewable = parts.get("renewable")
        rows = []
        for base in self.data.bases:
            claimed = np.isin(self.channels, base.ties).astype(float) @ self.attributed
            if renewable is None:
                rows.append(claimed <= 0)
            else:
                rows.append(claimed <= base.holds(renewable.data.rows) @ renewable.power())
        return rows

    def power(self) -> cp.Expression:
        """Export leaves at the tie's bus."""
        return -self.export

    def budget_use(self) -> list[cp.Expression]:
        """Attributed energy of each channel, less its share of the export [MWh]."""
        share = self.data.renewable_share
        return [self.step_h * (self.attributed[row] - share[k] * self.export[k]) for row, k in enumerate(self.channels)]

    def cost(self) -> cp.Expression | None:
        """Value of what arrives, as a negative cost."""
        d, h = self.data, self.step_h
        if not d.value_cny_per_mwh.any():
            return None
        cost = (-d.export_value_cny_per_mwh * h) @ self.export
        if self.reversing.size:
            cost = cost + (d.value_cny_per_mwh * d.loss_pu * h)[self.reversing] @ self.imported
        return cost

    def penalty(self) -> cp.Expression | None:
        """Energy of a contract that is settled, as it can't be brought back."""
        if not self.keeping.size:
            return None
        return self.data.settling_cny_per_mwh * cp.sum(self.settled_ahead + self.settled_behind, axis=0)

    def end_value(self) -> cp.Expression | None:
        """Energy ahead of the contract need not be sent later and earns nothing then; attribution is not put off."""
        worth = []
        if self.keeping.size:
            worth.append(self.end_price @ self.near.beyond() - self.near.cost())
        if self.channels.size:
            worth.append(_ATTRIBUTION_CNY_PER_MWH * self.step_h * cp.sum(self.attributed))
        return add_up(worth)

    def worth(self, reduced_costs: ReducedCosts, budget_price: Array) -> dict[str, Array]:
        """Upper and lower limits of the export, as contract, band and ramps leave them."""
        duals = reduced_costs(self.export)
        return {"tie_export_worth_cny_per_mw": of_upper(duals), "tie_import_worth_cny_per_mw": of_lower(duals)}

    def worth_by_plan(self, window: Window) -> list[PlannedWorth]:
        """Energy ahead of a contract."""
        worth = self.data.planned_worth_cny_per_mwh
        if worth is None or not self.keeping.size:
            return []
        return [PlannedWorth(self.ahead, worth[self.keeping, window.span])]

    def plan(self) -> tuple[Array, Array]:
        """Energy ahead of the contract [MWh] and what a MWh of it is worth [CNY/MWh], each (element, step)."""
        ahead, worth = np.zeros((2, self.data.count, self.steps))
        if self.keeping.size:
            ahead[self.keeping] = self.ahead.value
            worth[self.keeping] = price(self.account)
        return ahead, worth

    def state(self, step: int) -> State:
        """Export of a step inside its limits [MW], and energy ahead of the contract after it [MWh].

        What ties without an account have exported beyond their contract is only counted.
        """
        low, high = self.lowest.value[:, step - 1], self.highest.value[:, step - 1]
        deviation = self._deviation_mwh()[:, step - 1]
        return {
            "export_mw": np.clip(self.export.value[:, step - 1], low, high),
            "deviation_mwh": deviation[self.keeping],
            "counted_mwh": deviation,
        }

    def levels(self) -> Levels:
        """Energy ahead of the contracts."""
        return [(self.ahead, np.ones(self.keeping.size, np.bool_))] if self.keeping.size else []

    def aim(self, state: State) -> None:
        """End near the energy ahead of a state, for less than it costs to settle it."""
        if self.keeping.size:
            self.near.aim(state["deviation_mwh"], self.data.settling_cny_per_mwh / 2)

    def _deviation_mwh(self) -> Array:
        beyond = self.export.value - self._contract
        deviation: Array = self._counted_before[:, None] + self.step_h * np.cumsum(beyond, axis=1)
        if self.keeping.size:
            deviation[self.keeping] = self.ahead.value
        return deviation

    @classmethod
    def count_again(cls, data: TieData, outputs: dict[str, Array], step_h: float) -> None:
        """Energy beyond the contract of ties without an account."""
        loose = np.flatnonzero(~data.keeps_energy)
        beyond = outputs["tie_export_mw"][loose] - outputs["tie_contract_mw"][loose]
        outputs["tie_deviation_mwh"][loose] = step_h * np.cumsum(beyond, axis=1)

    def linear_outputs(self) -> dict[str, cp.Expression]:
        """Export."""
        return {"tie_export_mw": self.export}

    def results(self) -> dict[str, Array]:
        """Export, contract, loss, deviation, attributed energy."""
        export, loss = self.export.value, self.data.loss_pu[:, None]
        renewable = np.zeros_like(export)
        if self.channels.size:
            renewable[self.channels] = self.attributed.value
        return {
            "tie_export_mw": export,
            "tie_contract_mw": self._contract,
            "tie_loss_mw": np.where(export > 0, loss * export, -loss / (1 - loss) * export),
            "tie_deviation_mwh": self._deviation_mwh(),
            "tie_renewable_mw": renewable,
        }
