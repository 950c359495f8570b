r"""Prosumers: load, own plants, photovoltaics and a store behind one meter (formulation, section 2).

What the site gives to the grid, :math:`x`, is what it makes less what it uses:

.. math::
   x_t = g_t + v_t + d_t - c_t - (L_t + m_t - s_t) - y_t, \qquad
   -\overline I \le x_t \le \overline X, \quad |x_t - x_{t-1}| \le R\Delta

with own generation :math:`\min(\underline G, (1-a)L_t + \overline X) \le g_t \le \overline G` (an own plant never
has to run above what the site and its export can take), photovoltaic power :math:`0 \le v_t \le V_t`, the store's
discharge :math:`d` and charge :math:`c`, unserved load :math:`s` and energy thrown away :math:`y \ge 0`, both at a
price.  :math:`s_t \le L_t + m_t`, and up to :math:`\overline X` more where there is a ramp: a delivery that was
promised and fails.

**Moving load.**  Up to the share :math:`a` of the load of a step moves to or away from it, and every block of the
calendar uses what it would have used:

.. math::
   |m_t| \le a L_t, \qquad D_t = D_{t-1} + m_t\Delta, \qquad
   |D_t| \le \sum_{\tau > t}^{\text{end of block}} a L_\tau\,\Delta

The bound of what is outstanding, :math:`D`, is what the rest of the block can make up for: 0 at its end.  No window
thus hands over more than the next one can settle; what is outstanding at its end is worth the energy price.

**Store.**  :math:`e_t = e_{t-1} + \eta c_t \Delta - d_t\Delta/\eta`, :math:`0 \le e_t \le E`,
:math:`c_t + d_t \le P`; worth and return at the end as in ``flexible_load``, a MWh held being worth the energy price
times :math:`\eta`.

Exchange before the first step: least own generation and all photovoltaic power less the load, within the limits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cvxpy as cp
import numpy as np

from gridopt.model.algebra import add_up, every_step, places
from gridopt.model.component import Array, Component, Output, State, Window, previous
from gridopt.model.prosumer_data import ProsumerData, read_prosumers

if TYPE_CHECKING:
    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork

_NAME = "prosumer"


class Prosumer(Component[ProsumerData]):
    """Exchange of every prosumer with the grid, and what happens behind its meter."""

    name = _NAME
    outputs = (
        Output("prosumer_p_mw", _NAME, "MW", "power given to the grid (negative: drawn from it)"),
        Output("prosumer_load_mw", _NAME, "MW", "own load before any of it is moved"),
        Output("prosumer_shift_mw", _NAME, "MW", "load moved to this step (negative: away from it)"),
        Output("prosumer_generation_mw", _NAME, "MW", "own thermal generation"),
        Output("prosumer_pv_mw", _NAME, "MW", "own photovoltaic power used or fed in"),
        Output("prosumer_pv_available_mw", _NAME, "MW", "own photovoltaic power that the weather allows"),
        Output("prosumer_charge_mw", _NAME, "MW", "power into the own store"),
        Output("prosumer_discharge_mw", _NAME, "MW", "power out of the own store"),
        Output("prosumer_energy_mwh", _NAME, "MWh", "energy in the own store at the end of the step"),
        Output("prosumer_shortfall_mw", _NAME, "MW", "own load, or promised delivery, that is not served"),
        Output("prosumer_excess_mw", _NAME, "MW", "power behind the meter that nobody can take"),
    )

    def __init__(self, data: ProsumerData, steps: int, step_h: float) -> None:
        super().__init__(data, steps, step_h)
        d = data
        self.shifting = np.flatnonzero(d.movable_mw.max(axis=1) > 0)
        self.storing = np.flatnonzero((d.store_mw > 0) & (d.store_mwh > 0))
        self.ramped = np.flatnonzero(d.ramp_mw_per_h * step_h < d.import_mw + d.export_mw)
        self.load, self.sunny = self.parameter(nonneg=True), self.parameter(nonneg=True)
        self.least_generation, self.most_unserved = self.parameter(nonneg=True), self.parameter(nonneg=True)
        self.exchange = self.variable(-d.import_mw, d.export_mw).set_label("exchange with the grid [MW]")
        self.generated = self.variable(self.least_generation, every_step(d.generation_max_mw, steps)).set_label(
            "own generation [MW]"
        )
        self.pv = self.variable(0.0, self.sunny)
        self.unserved = self.variable(0.0, self.most_unserved)
        self.excess = self.variable(0.0, d.excess_mw)
        if self.shifting.size:
            self.movable, self.immovable, self.open, self.owed = (self.parameter(self.shifting.size) for _ in range(4))
            self.servable = self.parameter(self.shifting.size)
            self.moved = self.variable(self.immovable, self.movable, rows=self.shifting.size)
            self.outstanding = self.variable(self.owed, self.open, rows=self.shifting.size)
            self.outstanding_before = cp.Parameter(self.shifting.size)
            # a column of its own, as a price may not stand at a column whose bounds are parameters
            most = d.open_mwh[self.shifting].max(axis=1)
            self.carried = cp.Variable(self.shifting.size, bounds=[-most, most])
            self.energy_price = cp.Parameter(nonneg=True)
        if self.storing.size:
            self._state_store()
        if self.ramped.size:
            self.exchange_before = cp.Parameter(d.count)

    def _state_store(self) -> None:
        d, rows = self.data, self.storing
        self.charge = self.variable(0.0, d.store_mw[rows], rows=rows.size)
        self.discharge = self.variable(0.0, d.store_mw[rows], rows=rows.size)
        self.level = self.variable(0.0, d.store_mwh[rows], rows=rows.size).set_label("level of the own store [MWh]")
        self.level_before = cp.Parameter(rows.size, nonneg=True)
        self.end_price = cp.Parameter(rows.size, nonneg=True)
        if d.returns:
            self.missing = cp.Variable(rows.size, bounds=[0.0, d.start_mwh[rows]])
            self.end_floor = cp.Parameter(rows.size, nonneg=True)

    @classmethod
    def read(cls, case: Case, network: DCNetwork) -> ProsumerData | None:
        """Arrays of all prosumers in service."""
        return read_prosumers(case, network)

    def initial_state(self) -> State:
        """Level of the stores [MWh], nothing outstanding [MWh], exchange before the first step [MW]."""
        d = self.data
        return {"energy_mwh": d.start_mwh, "outstanding_mwh": np.zeros(d.count), "p_mw": d.start_p_mw}

    def bind(self, window: Window) -> None:
        """Load, weather and limits of the window, the state before it, and the worth of what is left after it."""
        d, span, state = self.data, window.span, window.state[self.name]
        self.load.value, self.sunny.value = d.load_mw[:, span], d.pv_mw[:, span]
        self.least_generation.value = d.generation_min_mw[:, span]
        servable = d.load_mw[:, span] + np.where(np.isfinite(d.ramp_mw_per_h), d.export_mw, 0.0)[:, None]
        lacking = servable + d.movable_mw[:, span]
        self.most_unserved.value = np.where(d.may_lack[:, None], lacking, 0.0)
        if self.shifting.size:
            at = self.shifting
            self.movable.value, self.immovable.value = d.movable_mw[at, span], -d.movable_mw[at, span]
            self.open.value, self.owed.value = d.open_mwh[at, span], -d.open_mwh[at, span]
            self.servable.value = servable[at]
            self.outstanding_before.value = state["outstanding_mwh"][at]
            self.energy_price.value = max(window.energy_price_cny_per_mwh, 0.0)
        if self.storing.size:
            at, held = self.storing, window.last and d.returns
            self.level_before.value = state["energy_mwh"][at]
            price = max(window.energy_price_cny_per_mwh, 0.0) if d.is_priced and not held else 0.0
            self.end_price.value = price * d.store_eta[at]
            if d.returns:
                self.end_floor.value = d.start_mwh[at] * held
        if self.ramped.size:
            self.exchange_before.value = state["p_mw"]

    def constraints(self) -> list[cp.Constraint]:
        """Balance behind the meter, moved load, store, ramp."""
        d, h = self.data, self.step_h
        inner = self.generated + self.pv + self.unserved - self.excess
        rows: list[cp.Constraint] = []
        if self.shifting.size:
            inner = inner - places(self.shifting, self.data.count) @ self.moved
            before = previous(self.outstanding_before, self.outstanding)
            rows += [self.outstanding == before + h * self.moved, self.carried == self.outstanding[:, -1]]
            rows.append(self.unserved[self.shifting] - self.moved <= self.servable)
        if self.storing.size:
            inner = inner + places(self.storing, self.data.count) @ (self.discharge - self.charge)
            rows += self._store_rows()
        rows.append((self.exchange - inner == -self.load).set_label("balance behind the meter [MW]"))
        if self.ramped.size:
            change = (self.exchange - previous(self.exchange_before, self.exchange))[self.ramped]
            most = every_step((d.ramp_mw_per_h * h)[self.ramped], self.steps)
            rows += [
                (change <= most).set_label("ramp of the exchange [MW]"),
                (-change <= most).set_label("ramp of the exchange [MW]"),
            ]
        return rows

    def _store_rows(self) -> list[cp.Constraint]:
        d, h, at = self.data, self.step_h, self.storing
        eta = d.store_eta[at][:, None]
        filled, drawn = cp.multiply(eta * h, self.charge), cp.multiply(h / eta, self.discharge)
        power = every_step(d.store_mw[at], self.steps)
        rows = [
            self.level == previous(self.level_before, self.level) + filled - drawn,
            self.charge + self.discharge <= power,
        ]
        if d.returns:
            rows.append(self.level[:, -1] + self.missing >= self.end_floor)
        return rows

    def power(self) -> cp.Expression:
        """Exchange with the grid."""
        return self.exchange

    def cost(self) -> cp.Expression | None:
        """Own generation with its CO2, wear of the own store."""
        d, h, parts = self.data, self.step_h, []
        if d.generation_cny_per_mwh.any():
            parts.append((d.generation_cny_per_mwh * h) @ self.generated)
        if self.storing.size and d.wear_cny_per_mwh[self.storing].any():
            parts.append((d.wear_cny_per_mwh[self.storing] * h) @ self.discharge)
        return add_up(parts)

    def penalty(self) -> cp.Expression:
        """Load not served, energy thrown away or curtailed, and what a store lacks at the end of the horizon."""
        d, h = self.data, self.step_h
        price = (d.shortfall_cny_per_mwh * h) @ self.unserved + d.excess_cny_per_mwh * h * cp.sum(self.excess, axis=0)
        price = price + d.curtailment_cny_per_mwh * h * cp.sum(self.sunny - self.pv, axis=0)
        if self.storing.size and d.returns:
            at_end = (np.arange(self.steps) == self.steps - 1).astype(float)
            price = price + at_end * (d.end_cny_per_mwh[self.storing] @ self.missing)
        return price

    def co2_t(self) -> cp.Expression | None:
        """CO2 of own generation."""
        if not self.data.co2_t_per_mwh.any():
            return None
        return (self.data.co2_t_per_mwh * self.step_h) @ self.generated

    def end_value(self) -> cp.Expression | None:
        """Energy held at the end, worth what it will replace; load served early, worth its energy."""
        parts = []
        if self.storing.size:
            parts.append(self.end_price @ self.level[:, -1])
        if self.shifting.size:
            parts.append(self.energy_price * cp.sum(self.carried))
        return add_up(parts)

    def state(self, step: int) -> State:
        """Level [MWh], outstanding moved energy [MWh] and exchange [MW] after a step, inside their limits."""
        d, last = self.data, step - 1
        level, outstanding = np.zeros(d.count), np.zeros(d.count)
        if self.storing.size:
            level[self.storing] = np.clip(self.level.value[:, last], 0.0, d.store_mwh[self.storing])
        if self.shifting.size:
            most = self.open.value[:, last]
            outstanding[self.shifting] = np.clip(self.outstanding.value[:, last], -most, most)
        exchange = np.clip(self.exchange.value[:, last], -d.import_mw, d.export_mw)
        return {"energy_mwh": level, "outstanding_mwh": outstanding, "p_mw": exchange}

    def linear_outputs(self) -> dict[str, cp.Expression]:
        """Exchange, and the plants behind the meter."""
        return {
            "prosumer_p_mw": self.exchange,
            "prosumer_generation_mw": self.generated,
            "prosumer_pv_mw": self.pv,
        }

    def results(self) -> dict[str, Array]:
        """Exchange, and everything behind the meter."""
        nothing = np.zeros((self.data.count, self.steps))
        moved, charge, discharge, level = (nothing for _ in range(4))
        if self.shifting.size:
            moved = places(self.shifting, self.data.count) @ self.moved.value
        if self.storing.size:
            place = places(self.storing, self.data.count)
            charge, discharge = place @ self.charge.value, place @ self.discharge.value
            level = place @ self.level.value
        return {
            "prosumer_p_mw": self.exchange.value,
            "prosumer_load_mw": self.load.value,
            "prosumer_shift_mw": moved,
            "prosumer_generation_mw": self.generated.value,
            "prosumer_pv_mw": self.pv.value,
            "prosumer_pv_available_mw": self.sunny.value,
            "prosumer_charge_mw": charge,
            "prosumer_discharge_mw": discharge,
            "prosumer_energy_mwh": level,
            "prosumer_shortfall_mw": self.unserved.value,
            "prosumer_excess_mw": self.excess.value,
        }
