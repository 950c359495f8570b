r"""Demand response: load that is reduced, shifted or raised at a price (formulation, section 2).

A program responds with :math:`y \ge 0` [MW], at the buses of its loads by their share, between a lower limit
(zero, or a schedule) and what the load of the hour allows.  *Interruptible* load and the steps of a
*price-elastic* curve are reduced by :math:`y`; *valley filling* raises load by :math:`y` and earns what a MWh more
is worth to the consumer.  *Shiftable* load takes back :math:`z` what it saved, :math:`\varrho` MWh for each one,
inside blocks of k hours counted from the start of the horizon:

.. math::
   s_t = s_{t-1} + \Delta(\varrho y_t - z_t), \qquad y_t + z_t \le \bar Y, \qquad s_t = 0
   \text{ at the end of a block}

(limits of :math:`s` in between are such that it can always be closed).  At no bus more than its demand is reduced
or unserved: :math:`\sum_k w_{b,k} y_{k,t} + \text{unserved}_{b,t} \le d_{b,t}`.

**Calls.**  In an integer run a program with limits of hours or calls has an on-state :math:`v \in \{0,1\}` in its
candidate hours (0 in all others) and a start :math:`a`:

.. math::
   y_t \le \bar Y v_t, \quad v_t - v_{t-1} \le a_t \le \min(v_t, 1 - v_{t-1}), \quad
   \sum_{\tau=t-H}^{t} v_\tau \le H, \quad \sum_{\text{day}} v\Delta \le D, \quad
   \sum_{\tau=t+1}^{t+R} a_\tau \le 1 - (v_t - v_{t+1})

and annual budgets :math:`\sum v\Delta`, :math:`\sum a`, :math:`\sum y\Delta`.  The sum of the day is a series of
its own, :math:`w_t \ge g_t\Delta` and :math:`w_t \ge w_{t-1} + g_t\Delta - D\,[t \text{ begins a day}]` with
:math:`w \le D`, so that no coefficient depends on where a window begins.

A run without integers has no on-state: hours are *equivalent full hours*, :math:`y` takes the place of
:math:`\bar Y v`, calls count as hours of their longest length, and rest can't be stated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

from gridopt.model.algebra import every_step, places
from gridopt.model.component import Array, Component, Output, State, Window, previous
from gridopt.model.response_data import ResponseData
from gridopt.model.response_read import read_response
from gridopt.model.response_rows import rest_rows, trailing_sums
from gridopt.model.response_schedule import without_idle_ends
from gridopt.model.response_worth import program_worth
from gridopt.model.worth import ReducedCosts

if TYPE_CHECKING:
    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork

# Response below this is none [MW].
_IDLE_MW = 1e-6
_ROUNDING = 1e-9


class Response(Component[ResponseData]):
    """Response of every program."""

    name = "response"
    outputs = (
        Output("response_mw", "program", "MW", "load reduced by demand response (negative: raised)"),
        Output("response_capability_mw", "program", "MW", "load that may be reduced"),
        Output("response_up_mw", "program", "MW", "load raised: taken back, or valleys filled"),
        Output("response_down_mw", "program", "MW", "load reduced"),
        Output("response_called", "program", "1", "whether a program is on (missing: without on-state)"),
    )

    worths = (Output("program_worth_cny_per_mw", "program", "CNY/MW", "saving of one MW more of a program"),)

    def __init__(self, data: ResponseData, steps: int, step_h: float) -> None:
        super().__init__(data, steps, step_h)
        self.lowest, self.highest = self.parameter(nonneg=True), self.parameter(nonneg=True)
        self.active = self.variable(self.lowest, self.highest).set_label("response [MW]")
        self.with_states = data.integer and bool(data.counted.size)
        self._state_shifts()
        self._state_calls()
        self.left = cp.Parameter(max(len(data.budgets), 1))
        # rows in which the size of a program stands
        self.size_rows: dict[str, cp.Constraint] = {}
        self.served, self._at_buses = np.zeros(0, dtype=np.int64), list[cp.Constraint]()

    def _state_shifts(self) -> None:
        """Columns of shiftable programs: load taken back, open balance."""
        d, rows = self.data, self.data.shifting.size
        if not rows:
            return
        self.most_raised = self.parameter(rows, nonneg=True)
        self.open_low, self.open_high = self.parameter(rows), self.parameter(rows)
        self.raised = self.variable(0.0, self.most_raised, rows=rows).set_label("raised load [MW]")
        self.open = self.variable(self.open_low, self.open_high, rows=rows).set_label("shifted load [MWh]")
        self.open_before = cp.Parameter(rows)
        # The balance at the end once more, with constant limits: what has parameters in its limits can't have a price.
        widest = np.maximum(np.abs(d.open_low_mwh).max(axis=1), np.abs(d.open_high_mwh).max(axis=1)) + 1.0
        self.open_at_end = cp.Variable(rows, bounds=[-widest, widest])
        self.end_price = cp.Parameter(nonneg=True)

    def _state_calls(self) -> None:
        """Columns of on-states and of the day's use, and the rows that look back."""
        d, h = self.data, self.step_h
        if self.with_states:
            rows = d.counted.size
            self.on_lowest, self.on_highest = self.parameter(rows, nonneg=True), self.parameter(rows, nonneg=True)
            self.on = self.variable(self.on_lowest, self.on_highest, rows=rows, integer=True)
            self.start = self.variable(0.0, 1.0, rows=rows)
            self.on_before = cp.Parameter(rows)
        # What limits of hours count: on-states, or MW of response where a full hour is that of the rated power.
        self._among = among = d.counted if d.integer else np.arange(d.count)
        self.full = np.ones(among.size) if d.integer else d.rated_mw
        event_h, rest_h = d.event_h[among], d.rest_h[among]
        self.by_event, self.by_day = np.flatnonzero(np.isfinite(event_h)), np.flatnonzero(np.isfinite(d.day_h[among]))
        whole = np.floor(event_h[self.by_event] / h + _ROUNDING)
        most = whole if d.integer else event_h[self.by_event] / h
        self.event_limit = np.tile(most * self.full[self.by_event], self.steps)
        rest = np.ceil(rest_h / h - _ROUNDING).astype(np.int64) if self.with_states else np.zeros(0, dtype=np.int64)
        self.before = max(int(whole.max(initial=0.0)), int(rest.max(initial=0)) + 1, 1)
        self.event_sums = trailing_sums(whole.astype(np.int64) + 1, self.before, self.steps)
        self.event_left = cp.Parameter(max(self.event_limit.size, 1))
        self.rests = rest_rows(rest, self.before, self.steps)
        self.rest_left = cp.Parameter(max(self.rests[0].now.shape[0], 1))
        if self.by_day.size:
            self.day_limit = (d.day_h[among] * self.full)[self.by_day]
            self.of_day = self.variable(0.0, self.day_limit, rows=self.by_day.size)
            self.of_day_before = cp.Parameter(self.by_day.size, nonneg=True)
            self.day_reset = self.parameter(self.by_day.size, nonneg=True)

    @property
    def _counting(self) -> cp.Variable:
        """Series that limits of hours count: on-states [1], or response [MW] where there are none."""
        return self.on if self.with_states else self.active

    @classmethod
    def read(cls, case: Case, network: DCNetwork) -> ResponseData | None:
        """Arrays of all programs.

        Raises
        ------
        InputError
            For a program whose load does not exist.
        """
        return read_response(case, network)

    def initial_state(self) -> State:
        """Nothing called, nothing open, nothing used."""
        d = self.data
        return {
            "counting": np.zeros((self.full.size, self.before)),
            "of_day": np.zeros(self.by_day.size),
            "open_mwh": np.zeros(d.shifting.size),
            "used": np.zeros(len(d.budgets)),
        }

    def bind(self, window: Window) -> None:
        """Limits of the window, and what was called before it."""
        d, span, state = self.data, window.span, window.state[self.name]
        self.lowest.value, self.highest.value = d.lowest_mw[:, span], d.highest_mw[:, span]
        self._capability, self._before = d.capability_mw[:, span], state
        if d.shifting.size:
            self.most_raised.value = d.raised_mw[:, span]
            self.open_low.value, self.open_high.value = d.open_low_mwh[:, span], d.open_high_mwh[:, span]
            self.open_before.value = state["open_mwh"]
            self.end_price.value = max(window.energy_price_cny_per_mwh, 0.0)
        if self.served.size:
            self.bus_demand.value = np.maximum(self._demand_mw[:, span], 0.0)
        self._bind_calls(window)

    def _bind_calls(self, window: Window) -> None:
        """Right-hand sides of the limits; never below what the schedule itself takes."""
        d, span, state = self.data, window.span, self._before
        fixed, history = d.lowest_mw[self._among, span], state["counting"]
        starts = np.zeros((0, self.steps))
        if self.with_states:
            self.on_lowest.value, self.on_highest.value = d.on_lowest[:, span], d.on_highest[:, span]
            self.on_before.value = history[:, -1]
            fixed = d.on_lowest[:, span]
            began = np.diff(history, axis=1, prepend=0.0).clip(min=0.0)
            starts = np.diff(fixed, axis=1, prepend=history[:, -1:]).clip(min=0.0)
            on, start = self.rests
            least = on.value(fixed) + start.value(starts)
            self.rest_left.value = _padded(np.maximum(1.0 - on.known(history) - start.known(began), least))
        sums = self.event_sums
        known = sums.known(history[self.by_event])
        self.event_left.value = _padded(np.maximum(self.event_limit - known, sums.value(fixed[self.by_event])))
        if self.by_day.size:
            self.of_day_before.value = state["of_day"]
            self._new_day = d.new_day[span]
            self.day_reset.value = self._new_day * self.day_limit[:, None]
        later = d.scheduled_use[:, span.stop :].sum(axis=1)
        total = np.array([limit.limit[-1] for limit in d.budgets]) - later
        least = self._use(d.lowest_mw[:, span], d.on_lowest[:, span], starts).sum(axis=1)
        self.left.value = _padded(np.maximum(total - state["used"], least))

    def constraints(self) -> list[cp.Constraint]:
        """Balance of shifted load, on-states, calls, hours; what is left of annual budgets."""
        d = self.data
        rows = [*self._shift_rows(), *self._call_rows()]
        if d.budgets:
            self.size_rows["left"] = cp.sum(self._use(self.active, *self._states), axis=1) <= self.left
            rows.append(self.size_rows["left"])
        return rows

    def _shift_rows(self) -> list[cp.Constraint]:
        d = self.data
        if not d.shifting.size:
            return []
        saved = self.active[d.shifting]
        owed = self.step_h * (cp.multiply(d.payback_pu[:, None], saved) - self.raised)
        self.size_rows["shift"] = saved + self.raised <= every_step(d.rated_mw[d.shifting], self.steps)
        return [
            self.open == previous(self.open_before, self.open) + owed,
            self.size_rows["shift"],
            self.open_at_end == self.open[:, -1],
        ]

    def _call_rows(self) -> list[cp.Constraint]:
        d, h = self.data, self.step_h
        rows = []
        if self.with_states:
            on_before = previous(self.on_before, self.on)
            self.size_rows["on"] = self.active[d.counted] <= cp.multiply(d.rated_mw[d.counted][:, None], self.on)
            rows += [
                self.size_rows["on"],
                self.on - on_before <= self.start,
                self.start <= self.on,
                self.start <= 1 - on_before,
            ]
        on, start = self.rests
        if on.now.shape[0]:
            rests = on.now @ cp.vec(self.on, order="F") + start.now @ cp.vec(self.start, order="F")
            rows.append(rests <= self.rest_left)
        if self.by_event.size:
            counted = cp.vec(self._counting[self.by_event], order="F")
            self.size_rows["event"] = self.event_sums.now @ counted <= self.event_left
            rows.append(self.size_rows["event"])
        if self.by_day.size:
            now = h * self._counting[self.by_day]
            before = previous(self.of_day_before, self.of_day)
            self.size_rows["day"] = before + now - self.of_day <= self.day_reset
            rows += [now <= self.of_day, self.size_rows["day"]]
        return rows

    @property
    def _states(self) -> tuple[Any, Any]:
        return (self.on, self.start) if self.with_states else (None, None)

    def _use(self, active: Any, on: Any, start: Any) -> Any:
        """Use of each budget, (budget, step), of numbers or expressions."""
        d = self.data
        use = d.use_per_mw @ active
        return use + d.use_per_on @ on + d.use_per_start @ start if self.with_states else use

    def join(self, parts: Mapping[str, Component[Any]], nodal_mw: cp.Expression) -> list[cp.Constraint]:
        """At no bus more than its demand is reduced or unserved: rows for ``lazy_constraints``, they seldom bind."""
        demand: Any = parts["demand"]
        share = self.data.bus_share.toarray() * ~self.data.fills
        self.served = np.flatnonzero(share.any(axis=1))
        if not self.served.size:
            return []
        self._demand_mw = demand.data.demand_mw[self.served]
        self.bus_demand = self.parameter(self.served.size, nonneg=True)
        gone = sp.csr_array(share[self.served]) @ self.active
        place = sp.csr_array(demand.data.may_lack[None, :] == self.served[:, None], dtype=float)
        if place.nnz:
            gone = gone + place @ demand.unserved
        self._at_buses = [gone <= self.bus_demand]
        return []

    def lazy_constraints(self) -> list[cp.Constraint]:
        """At no bus more than its demand is reduced or unserved."""
        return self._at_buses

    def power(self) -> cp.Expression:
        """Load reduced less load raised."""
        d = self.data
        power = sp.diags_array(np.where(d.fills, -1.0, 1.0)) @ self.active
        if d.shifting.size:
            place = sp.csr_array(np.arange(d.count)[:, None] == d.shifting[None, :], dtype=float)
            power = power - place @ self.raised
        return power

    def budget_use(self) -> list[cp.Expression]:
        """Energy, hours and calls."""
        if not self.data.budgets:
            return []
        use = self._use(self.active, *self._states)
        return [use[k] for k in range(len(self.data.budgets))]

    def cost(self) -> cp.Expression:
        """Compensation, less what filled valleys are worth to the consumers."""
        return (self.data.price_cny_per_mwh * self.step_h) @ self.active

    def end_value(self) -> cp.Expression | None:
        """Energy that is still to be taken back will have its price."""
        if not self.data.shifting.size:
            return None
        return -self.end_price * cp.sum(self.open_at_end)

    def worth(self, reduced_costs: ReducedCosts, budget_price: Array) -> dict[str, Array]:
        """Size of a program, with all limits that go with it."""
        return {"program_worth_cny_per_mw": program_worth(self, reduced_costs, budget_price)}

    def tidy(self) -> None:
        """Take the on-state off steps at the ends of events in which nothing is called: nothing asks for it there."""
        if not self.with_states:
            return
        on = self.on.value > 0.5
        called = (self.active.value[self.data.counted] > _IDLE_MW) | (self.on_lowest.value > 0.5)
        before = self.on_before.value
        kept = without_idle_ends(on, called, before > 0.5).astype(float)
        self.on.save_value(kept)
        self.start.save_value(np.diff(kept, axis=1, prepend=before[:, None]).clip(min=0.0))

    def state(self, step: int) -> State:
        """What the next window needs: recent calls, use of the running day, open balance, use of the budgets."""
        d = self.data
        now = (self.on.value if self.with_states else self.active.value[self._among])[:, :step]
        history = np.concatenate([self._before["counting"], np.maximum(now, 0.0)], axis=1)
        state = {"counting": history[:, -self.before :], "of_day": self._use_of_day(now[self.by_day])}
        at_end = self.open.value[:, step - 1] if d.shifting.size else np.zeros(0)
        if d.shifting.size:
            at_end = np.clip(at_end, self.open_low.value[:, step - 1], self.open_high.value[:, step - 1])
        on, start = (self.on.value, self.start.value) if self.with_states else (now, now)
        used = self._use(self.active.value, on, start)[:, :step].sum(axis=1)
        return state | {"open_mwh": at_end, "used": self._before["used"] + used}

    def _use_of_day(self, now: Array) -> Array:
        """Use of the calendar day that runs at the end of some steps (program, step), at most its limit."""
        if not self.by_day.size:
            return np.zeros(0)
        begins = np.flatnonzero(self._new_day[: now.shape[1]])
        of_window = self.step_h * now[:, begins[-1] if begins.size else 0 :].sum(axis=1)
        used: Array = of_window + (0.0 if begins.size else self._before["of_day"])
        return np.clip(used, 0.0, self.day_limit)

    def linear_outputs(self) -> dict[str, cp.Expression]:
        """Load reduced less load raised."""
        net = cp.multiply(np.where(self.data.fills, -1.0, 1.0)[:, None], self.active)
        if self.data.shifting.size:
            net = net - places(self.data.shifting, self.data.count) @ self.raised
        return {"response_mw": net}

    def results(self) -> dict[str, Array]:
        """Load reduced and raised, capability, on-states."""
        d = self.data
        down, up = self.active.value * ~d.fills[:, None], self.active.value * d.fills[:, None]
        called = np.full(down.shape, np.nan)
        if d.shifting.size:
            up[d.shifting] += self.raised.value
        if self.with_states:
            called[d.counted] = self.on.value
        return {
            "response_mw": down - up,
            "response_capability_mw": self._capability,
            "response_up_mw": up,
            "response_down_mw": down,
            "response_called": called,
        }


def _padded(values: Array) -> Array:
    """Values of a parameter that has at least one entry."""
    return values if values.size else np.zeros(1)
