r"""Flexible loads: one buffer model for vehicles, heat, hydrogen, industry, data centres (formulation, section 2).

A load draws the power :math:`p`, may give back :math:`d` (vehicle to grid), and fills a store :math:`e` out of
which its use is served.  Of the use :math:`u` and what other loads :math:`k` take out of the same store,
:math:`s` may stay unserved at a price; a load that has to run (:math:`\underline P > 0`, or a ramp) may spill
:math:`w`, at a price too:

.. math::
   e_t = (1-\sigma\Delta)\,e_{t-1} + \Delta\,(\eta p_t - d_t/\eta_d - g_t - w_t), \qquad
   g_t + s_t = u_t + \sum_k a_k\,p_{k,t}, \qquad 0 \le e_t \le E,\; g_t, s_t, w_t \ge 0

.. math::
   \underline P\,\kappa_t \le p_t \le P\,\kappa_t, \qquad d_t \le D\,\kappa_t, \qquad
   p_t/P + d_t/D \le \kappa_t

with the share :math:`\kappa` that is plugged in: a plug charges or discharges.  For a fleet the store equation is
the envelope of its cumulative energy: :math:`\Delta\sum(\eta p - u)` stays within :math:`E` of what was driven.

* A load feeding on another's hydrogen takes :math:`a = \eta\,h_k/h` MWh out of its store for each MWh that it
  draws itself, with the hydrogen :math:`h` [kg/MWh] that the electrolyser makes and the loop, :math:`h_k`, takes.
* A load without use, without discharge and on which no other feeds, has no store: :math:`g = \eta p`.  It runs
  for what a MWh is worth, or for the least energy of the year, which is a budget.
* Part load: :math:`P_{on}\,z_t \le p_t \le P z_t` with the on-state :math:`z`, 0 or 1 where commitment is integer.
  Otherwise :math:`z_t = p_t/P`: the least share is always the best, as a ramp may jump the further the less runs.
* Ramp: :math:`|p_t - p_{t-1}| \le R\Delta`; starting and stopping may jump to :math:`P_{on}`, and what the plugged
  share forces is no ramp: :math:`p_t - p_{t-1} \le R\Delta + J(1-z_{t-1}) + (\underline P_t - \underline P_{t-1})^+`
  and :math:`p_{t-1} - p_t \le R\Delta + J(1-z_t) + (P_{t-1} - P_t)^+` with :math:`J = (P_{on} - R\Delta)^+`.
  Power before the first step: what its use needs, within the limits.

**The end** (``horizon.end_storage``).  ``value``: a MWh held at the end of a window saves drawing :math:`1/\eta`
MWh at the energy price (less what drawing is worth by itself).  ``cyclic``: as ``value``, but at the end of the
horizon the store holds its start level again; what is missing costs as much as use that is not served.
``free``: nothing.  Where the whole horizon was planned, the worth is the plan's, and a store is kept near the plan's
level (``gridopt.model.near_plan``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

from gridopt.model.algebra import add_up, one_over, places
from gridopt.model.component import Array, Component, Levels, Output, PlannedWorth, State, Window, previous
from gridopt.model.flexible_load_data import FlexibleLoadData, read_flexible_loads
from gridopt.model.near_plan import AIM_CNY_PER_MWH, CAUTION, NearPlan
from gridopt.model.worth import price

if TYPE_CHECKING:
    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork

Rows = NDArray[np.int64]
_NAME = "flexible_load"


class FlexibleLoad(Component[FlexibleLoadData]):
    """Power, store, use and on-state of every flexible load."""

    name = _NAME
    outputs = (
        Output("flexible_load_p_mw", _NAME, "MW", "power that flexible loads draw"),
        Output("flexible_load_discharge_mw", _NAME, "MW", "power that they give back"),
        Output("flexible_load_energy_mwh", _NAME, "MWh", "energy in their stores at the end of the step"),
        Output("flexible_load_use_mw", _NAME, "MW", "use that is served, out of the store where there is one"),
        Output("flexible_load_shortfall_mw", _NAME, "MW", "use that is not served"),
        Output("flexible_load_spill_mw", _NAME, "MW", "thrown away by loads that have to run"),
        Output(
            "flexible_load_on", _NAME, "1", "1 while it runs; NaN for loads that may run at any power", of_each=True
        ),
    )

    def __init__(self, data: FlexibleLoadData, steps: int, step_h: float) -> None:
        super().__init__(data, steps, step_h)
        d = data
        self.buffer, self.giving = _where(d.buffered), _where(d.discharge_mw > 0)
        self.spilling, self.switched = _where(d.may_spill), _where(d.least_on_mw > 0)
        self.ramped = _where(d.ramp_mw_per_h * step_h < d.max_mw.max(axis=1) - d.min_mw.min(axis=1))
        self.lowest, self.highest = self.parameter(nonneg=True), self.parameter(nonneg=True)
        self.drawn = self.variable(self.lowest, self.highest).set_label("power drawn [MW]")
        if self.buffer.size:
            self._state_store()
        if self.giving.size:
            self.plugged = self.parameter(self.giving.size, nonneg=True)
            self.given = self.variable(0.0, d.discharge_mw[self.giving], rows=self.giving.size)
        if self.spilling.size:
            most = (d.eta * d.rated_mw)[self.spilling]
            self.spilled = self.variable(0.0, most, rows=self.spilling.size)
        if self.switched.size:
            self.on = self._on()
            self.on_before = cp.Parameter(self.switched.size, nonneg=True)
        if self.ramped.size:
            self.drawn_before = cp.Parameter(d.count, nonneg=True)
            self.rise, self.fall = (self.parameter(self.ramped.size, nonneg=True) for _ in range(2))

    def _on(self) -> cp.Expression:
        """On-state of the loads that have one, (element, step); if it is no whole number, the share of rated power."""
        rows = self.switched
        if self.data.integer:
            return self.variable(0.0, 1.0, rows=rows.size, integer=True)
        return cp.multiply(one_over(self.data.rated_mw[rows])[:, None], self.drawn[rows])

    def _state_store(self) -> None:
        d, rows = self.data, self.buffer
        self.fed_on = _where((d.chain[rows].sum(axis=1) > 0).ravel())
        self.need = self.parameter(rows.size, nonneg=True)
        self.least_served, self.most_served = (self.parameter(rows.size, nonneg=True) for _ in range(2))
        self.served = self.variable(self.least_served, self.most_served, rows=rows.size).set_label(
            "use that is served [MW]"
        )
        self.level = self.variable(0.0, d.max_e_mwh[rows], rows=rows.size).set_label("level of the load's store [MWh]")
        self.level_before = cp.Parameter(rows.size, nonneg=True)
        self.end_price = cp.Parameter(rows.size, nonneg=True)
        self.near = None if d.planned_e_mwh is None else NearPlan(d.planned_e_mwh[rows], d.max_e_mwh[rows], CAUTION)
        if d.returns:
            self.missing = cp.Variable(rows.size, bounds=[0.0, d.start_e_mwh[rows]])
            self.end_floor = cp.Parameter(rows.size, nonneg=True)

    @classmethod
    def read(cls, case: Case, network: DCNetwork) -> FlexibleLoadData | None:
        """Arrays of all flexible loads in service."""
        return read_flexible_loads(case, network)

    def initial_state(self) -> State:
        """Levels at the start [MWh], and power as the use of the first step needs it [MW]."""
        d = self.data
        drawn = np.clip(d.need_mw[:, 0] / d.eta, d.min_mw[:, 0], d.max_mw[:, 0])
        drawn = np.where(drawn < d.least_on_mw, 0.0, drawn)
        return {"energy_mwh": np.where(d.buffered, d.start_e_mwh, 0.0), "p_mw": drawn, "on": (drawn > 0).astype(float)}

    def bind(self, window: Window) -> None:
        """Limits and use of the window, the state before it, and the worth of what is left after it."""
        d, span, state = self.data, window.span, window.state[self.name]
        self.lowest.value, self.highest.value = d.min_mw[:, span], d.max_mw[:, span]
        if self.buffer.size:
            rows = self.buffer
            need = d.need_mw[rows, span]
            chained = (d.chain @ d.rated_mw)[rows][:, None]
            self.need.value = need
            self.most_served.value = need + chained
            self.least_served.value = np.where(d.may_lack[rows][:, None], 0.0, need)
            self.level_before.value = state["energy_mwh"][rows]
            held = window.last and d.returns
            energy_price = window.energy_price_cny_per_mwh if d.is_priced and not held else 0.0
            usual = np.maximum(energy_price - d.value_cny_per_mwh, 0.0) / d.eta
            self.end_price.value = window.at_end(d.planned_worth_cny_per_mwh, usual)[rows]
            if self.near is not None:
                self.near.bind(window)
            if d.returns:
                self.end_floor.value = d.start_e_mwh[rows] * held
        if self.giving.size:
            self.plugged.value = d.plugged[self.giving, span]
        if self.switched.size:
            self.on_before.value = state["on"][self.switched]
        if self.ramped.size:
            self.drawn_before.value = state["p_mw"]
            steady = (d.ramp_mw_per_h * self.step_h + self._jump())[self.ramped][:, None]
            self.rise.value = steady + _growth(d.min_mw[self.ramped])[:, span]
            self.fall.value = steady + _growth(-d.max_mw[self.ramped])[:, span]

    def _jump(self) -> Array:
        """How much further than its ramp a load may step when it starts or stops, (element,) [MW]."""
        jump: Array = np.maximum(self.data.least_on_mw - self.data.ramp_mw_per_h * self.step_h, 0.0)
        return jump

    def constraints(self) -> list[cp.Constraint]:
        """Store, plugs, part load, ramps."""
        d = self.data
        rows = self._store_rows() if self.buffer.size else []
        if self.giving.size:
            charging = cp.multiply(one_over(d.rated_mw[self.giving])[:, None], self.drawn[self.giving])
            rows.append(
                charging + cp.multiply(one_over(d.discharge_mw[self.giving])[:, None], self.given) <= self.plugged
            )
        if self.switched.size and d.integer:
            least, most = d.least_on_mw[self.switched][:, None], d.rated_mw[self.switched][:, None]
            running = self.drawn[self.switched]
            rows += [cp.multiply(least, self.on) <= running, running <= cp.multiply(most, self.on)]
        return rows + (self._ramp_rows() if self.ramped.size else [])

    def _store_rows(self) -> list[cp.Constraint]:
        d, h, at = self.data, self.step_h, self.buffer
        stored = cp.multiply(d.eta[at][:, None], self.drawn[at]) - self.served
        if self.giving.size:
            stored = stored - places(self.giving, at, 1 / d.eta_discharge[self.giving]) @ self.given
        if self.spilling.size:
            stored = stored - places(self.spilling, at) @ self.spilled
        kept = (1 - d.self_discharge_per_h[at] * h)[:, None]
        self.balance = self.level == cp.multiply(kept, previous(self.level_before, self.level)) + h * stored
        rows = [self.balance.set_label("energy of the load's store [MWh]")]
        if self.near is not None:
            rows.append(self.near.row(self.level[:, -1]))
        if self.fed_on.size:
            lacking = d.may_lack[at][self.fed_on]
            for group, may_lack in ((self.fed_on[lacking], True), (self.fed_on[~lacking], False)):
                if group.size:
                    asked = self.need[group] + d.chain[at[group]] @ self.drawn
                    rows.append(self.served[group] <= asked if may_lack else self.served[group] == asked)
        if d.returns:
            rows.append(
                (self.level[:, -1] + self.missing >= self.end_floor).set_label(
                    "level of the load's store at the end [MWh]"
                )
            )
        return rows

    def _ramp_rows(self) -> list[cp.Constraint]:
        drawn, before = self.drawn[self.ramped], previous(self.drawn_before, self.drawn)[self.ramped]
        up, down = drawn - before, before - drawn
        if self._jump().any():
            jumps = places(self.switched, self.ramped, self._jump()[self.switched])
            up, down = up + jumps @ previous(self.on_before, self.on), down + jumps @ self.on
        return [(up <= self.rise).set_label("ramp [MW]"), (down <= self.fall).set_label("ramp [MW]")]

    def power(self) -> cp.Expression:
        """Power given back less power drawn."""
        if not self.giving.size:
            return -self.drawn
        return places(self.giving, self.data.count) @ self.given - self.drawn

    def budget_use(self) -> list[cp.Expression]:
        """Energy drawn by each load that has a least energy of the year [MWh]."""
        return [self.step_h * self.drawn[i] for i in self.data.budgeted]

    def cost(self) -> cp.Expression | None:
        """Wear of discharge less the worth of what is drawn."""
        d, h, parts = self.data, self.step_h, []
        if d.value_cny_per_mwh.any():
            parts.append((-d.value_cny_per_mwh * h) @ self.drawn)
        if self.giving.size and d.wear_cny_per_mwh[self.giving].any():
            parts.append((d.wear_cny_per_mwh[self.giving] * h) @ self.given)
        return add_up(parts)

    def penalty(self) -> cp.Expression | None:
        """Use not served, energy spilled, and what a store lacks at the end of the horizon."""
        if not self.buffer.size:
            return None
        d, h = self.data, self.step_h
        penalty = (d.shortfall_cny_per_mwh * h)[self.buffer] @ self._unserved()
        if self.spilling.size:
            penalty = penalty + d.spill_cny_per_mwh * h * cp.sum(self.spilled, axis=0)
        if d.returns:
            at_end = (np.arange(self.steps) == self.steps - 1).astype(float)
            penalty = penalty + at_end * (d.end_cny_per_mwh[self.buffer] @ self.missing)
        return penalty

    def _unserved(self) -> cp.Expression:
        return self.need + self.data.chain[self.buffer] @ self.drawn - self.served

    def worth_by_plan(self, window: Window) -> list[PlannedWorth]:
        """Stores that a window can't empty, such as those of ammonia."""
        d, rows = self.data, self.buffer
        if d.planned_worth_cny_per_mwh is None or not rows.size:
            return []
        leaving = d.need_mw.max(axis=1) + d.chain @ d.rated_mw + d.discharge_mw
        lasting = d.max_e_mwh > leaving * self.steps * self.step_h
        planned = np.where(lasting[:, None], d.planned_worth_cny_per_mwh[:, window.span], np.nan)
        return [PlannedWorth(self.level, planned[rows])]

    def stored_worth_cny_per_mwh(self) -> Array:
        """What a MWh more in each load's store would save, in each step of the window solved last, (element, step)."""
        worth = np.zeros((self.data.count, self.steps))
        if self.buffer.size:
            worth[self.buffer] = np.maximum(price(self.balance), 0.0)
        return worth

    def held_mwh(self) -> Array:
        """Energy in each load's store after each step of the window solved last, (element, step) [MWh]."""
        if not self.buffer.size:
            return np.zeros((self.data.count, self.steps))
        return np.asarray(places(self.buffer, self.data.count) @ self.level.value)

    def end_value(self) -> cp.Expression | None:
        """Energy held at the end, worth what need not be drawn for it later."""
        if not self.buffer.size:
            return None
        worth = self.end_price @ self.level[:, -1]
        return worth if self.near is None else worth - self.near.cost()

    def state(self, step: int) -> State:
        """Level [MWh], power [MW] and on-state after a step, inside their limits."""
        d, last = self.data, step - 1
        level, on = np.zeros(d.count), np.zeros(d.count)
        drawn = np.clip(self.drawn.value[:, last], self.lowest.value[:, last], self.highest.value[:, last])
        if self.buffer.size:
            level[self.buffer] = np.clip(self.level.value[:, last], 0.0, d.max_e_mwh[self.buffer])
        if self.switched.size:
            on[self.switched] = np.clip(self.on.value[:, last], 0.0, 1.0)
        return {"energy_mwh": level, "p_mw": drawn, "on": on}

    def levels(self) -> Levels:
        """Levels of stores that are kept near a plan."""
        if not self.buffer.size or self.near is None:
            return []
        return [(self.level, np.ones(self.buffer.size, np.bool_))]

    def aim(self, state: State) -> None:
        """End near the levels of a state."""
        if self.buffer.size and self.near is not None:
            self.near.aim(state["energy_mwh"][self.buffer], AIM_CNY_PER_MWH)

    def linear_outputs(self) -> dict[str, cp.Expression]:
        """Power."""
        return {"flexible_load_p_mw": self.drawn}

    def results(self) -> dict[str, Array]:
        """Power, discharge, level, use, shortfall, spill, on-state of all loads."""
        d, count = self.data, self.data.count
        drawn, nothing = self.drawn.value, np.zeros((self.data.count, self.steps))
        given, lacking, spilled = nothing, nothing, nothing
        use, on = d.eta[:, None] * drawn, np.full_like(nothing, np.nan)
        if self.buffer.size:
            lacking = places(self.buffer, count) @ np.maximum(self._unserved().value, 0.0)
            use[self.buffer] = self.served.value
        if self.giving.size:
            given = places(self.giving, count) @ self.given.value
        if self.spilling.size:
            spilled = places(self.spilling, count) @ self.spilled.value
        if self.switched.size:
            on[self.switched] = self.on.value
        return {
            "flexible_load_p_mw": drawn,
            "flexible_load_discharge_mw": given,
            "flexible_load_energy_mwh": self.held_mwh(),
            "flexible_load_use_mw": use,
            "flexible_load_shortfall_mw": lacking,
            "flexible_load_spill_mw": spilled,
            "flexible_load_on": on,
        }


def _where(mask: NDArray[np.bool_]) -> Rows:
    return np.flatnonzero(mask).astype(np.int64)


def _growth(limit_mw: Array) -> Array:
    """By how much a limit rises from the step before, (element, time) [MW]; 0 in the first step."""
    rise: Array = np.maximum(np.diff(limit_mw, axis=1, prepend=limit_mw[:, :1]), 0.0)
    return rise
