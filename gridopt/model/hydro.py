r"""Hydro plants: cascades of reservoirs, and plants on a river (formulation, section 2).

With the volume :math:`V` [10⁶ m³], the natural inflow :math:`I`, the turbined flow :math:`q`, the spill :math:`z`
[m³/s], the travel time :math:`D` from the reservoirs above and the power :math:`k` per turbined flow:

.. math::
   V_t = V_{t-1} + 0.0036\,\Delta\,\Big(I_t + \sum_{u\,above} (q_u + z_u)_{t-D} - q_t - z_t\Big), \qquad p_t = k\,q_t

Every reservoir is stated in the energy of its own plant, :math:`v = V k / 0.0036` [MWh], :math:`w = k I`,
:math:`s = k z` [MW], so that reservoirs in energy terms have the same rows and numbers stay near those of power:

.. math::
   v_t = v_{t-1} + \Big(w_t + \sum_{u\,above} \tfrac{k}{k_u} (p_u + s_u)_{t-D} - p_t - s_t\Big)\Delta, \qquad
   V^{min} \le v_t \le V^{max},\; P^{min} \le p_t \le P^{max},\; s_t \ge 0

with the rules (least release :math:`R`, seasonal band :math:`[L, U]`, ramp :math:`\rho`)

.. math::
   p_t + s_t \ge R - a_t, \quad p_t \ge P^{min} - a_t, \quad -\rho\Delta - a_t \le p_t - p_{t-1} \le \rho\Delta, \quad
   L_t - b_t \le v_t \le U_t + b_t

The breaches :math:`a` [MW], :math:`b` [MWh, in every hour anew] are priced.  Columns of :math:`a` exist only where
water may lack: where some natural inflow is below the least release, or where there is a ramp.  A band that can't be
met from the level before the window, whatever is done, waits until it can.  A plant on a river is a reservoir without
volume.

**Reserves** with the duration :math:`\tau`: :math:`p + r^{up} \le P^{max}`, :math:`p - r^{dn} \ge P^{min}` and
:math:`v - \sum \tau r^{up} \ge V^{min}`; a plant on a river holds none upwards, one whose :math:`P^{min}` may lack
water none downwards.  Inertia counts :math:`H p`: the machines that run are at least as large as their output.

**The end of a window**: a reservoir, with the water on its way to it, is pulled towards a reference level: what it
would hold if it released its mean inflow evenly over the year, squeezed into its volume and band.  A MWh of water is
worth what it makes in its own plant and in all plants below.  Water above the reference is worth less than the energy
price, water missing below it costs more.  Where the whole horizon was planned (``gridopt.horizon.guide``), level and
worth are the plan's, and a level near the plan's is worth exactly that.  ``horizon.end_storage: free`` leaves this
out; ``cyclic`` adds that at the end of the horizon a reservoir holds its start level again, or all that its natural
inflow and the least release from above allow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.model.algebra import every_step
from gridopt.model.component import Array, Component, Levels, Output, PlannedWorth, State, Window, previous
from gridopt.model.hydro_data import MM3_PER_M3_PER_S_AND_H, HydroData, Whole, read_hydro
from gridopt.model.reserve_product import ReserveProduct
from gridopt.model.storage_reserve import ReserveSlots
from gridopt.model.worth import price

if TYPE_CHECKING:
    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork

# Worth of a MWh of water relative to the energy price after the window, above and below the reference level.
_WORTH_ABOVE, _WORTH_BELOW = 0.7, 1.5
# Where the whole horizon was planned, a level may leave the plan by this part of the volume at no price.
_DRIFT = 0.05
# Kept off what a reservoir can only just reach, so that rounding at a seam never makes a window infeasible.
_SEAM_TOLERANCE_MWH = 1e-6


class Hydro(Component[HydroData]):
    """Output, spill and level of every hydro plant."""

    name = "hydro"
    outputs = (
        Output("hydro_p_mw", "hydro", "MW", "output of hydro plants"),
        Output("hydro_spill_mw", "hydro", "MW", "power of the water that passes unused"),
        Output("hydro_energy_mwh", "hydro", "MWh", "energy in the reservoir at the end of the step"),
        Output("hydro_inflow_mw", "hydro", "MW", "power of the natural inflow"),
        Output("hydro_volume_mm3", "hydro", "1e6 m3", "volume of the reservoir at the end of the step"),
        Output("hydro_turbined_m3_per_s", "hydro", "m3/s", "flow through the turbines"),
        Output("hydro_spill_m3_per_s", "hydro", "m3/s", "flow that passes unused"),
        Output("hydro_release_breach_mw", "hydro", "MW", "power by which the least release (or the ramp) is missed"),
        Output("hydro_band_breach_mwh", "hydro", "MWh", "energy by which the level leaves its band avoidably"),
        Output("hydro_reserve_mw", "hydro", "MW", "reserve held (inertia: MW s)", by="reserve"),
    )

    def __init__(self, data: HydroData, steps: int, step_h: float) -> None:
        super().__init__(data, steps, step_h)
        d = data
        self.output = self.variable(np.where(d.scarce, 0.0, d.min_p_mw), d.max_p_mw).set_label("output [MW]")
        self.spill = self.variable(0.0, d.max_spill_mw).set_label("spill [MW]")
        self.lowest, self.highest = self.parameter(nonneg=True), self.parameter(nonneg=True)
        self.level = self.variable(self.lowest, self.highest).set_label("reservoir level [MWh]")
        self.inflow = self.parameter(nonneg=True)
        self.level_before = cp.Parameter(d.count)
        self.reference = cp.Parameter(d.count)
        widest = d.max_e_mwh.max(axis=1)
        on_way = step_h * d.cascade.delay * (d.cascade.matrix() @ (d.max_p_mw + d.max_spill_mw))
        self.above = cp.Variable(d.count, bounds=[0.0, widest + on_way])
        self.below = cp.Variable(d.count, bounds=[0.0, widest + on_way])
        # worth of water at the end [CNY/MWh]
        self.worth_at_end = cp.Parameter(d.count, nonneg=True)
        planned = d.water_value_cny_per_mwh is not None
        self.drift = cp.Variable(d.count, bounds=[-_DRIFT * widest, _DRIFT * widest]) if planned else None
        self._state_cascade()
        self._state_rules(widest)
        self._state_reserve()

    def _state_cascade(self) -> None:
        """Water that was released above before the window."""
        cascade = self.data.cascade
        self.flows = sp.csr_array(cascade.matrix())
        self.arriving = self.parameter(nonneg=True)
        # upstream releases of the window itself arrive after the travel time, and never below the least release
        least = self.flows @ np.where(self.data.scarce, 0.0, self.data.least_mw)
        self.sure = least[:, None] * (np.arange(self.steps) >= cascade.delay[:, None])

    def _state_rules(self, widest: Array) -> None:
        """Breaches of the least release, the ramp and the band, where they are possible."""
        d = self.data
        ramped = np.isfinite(d.ramp_mw_per_h)
        self.lacking = np.flatnonzero(d.scarce | ramped)
        most = np.where(ramped, np.maximum(d.least_mw, d.max_p_mw), d.least_mw)
        self.low_band = np.flatnonzero(np.isfinite(d.band_low_mwh).any(axis=1))
        self.high_band = np.flatnonzero(np.isfinite(d.band_high_mwh).any(axis=1))
        if self.lacking.size:
            self.lack = self.variable(0.0, most[self.lacking], rows=self.lacking.size)
        if self.low_band.size:
            self.under = self.variable(0.0, widest[self.low_band], rows=self.low_band.size)
            self.floor = self.parameter(self.low_band.size, nonneg=True)
        if self.high_band.size:
            self.over = self.variable(0.0, widest[self.high_band], rows=self.high_band.size)
            self.ceiling = self.parameter(self.high_band.size, nonneg=True)
        self.output_before = cp.Parameter(d.count, nonneg=True)

    def _state_reserve(self) -> None:
        d = self.data
        stores = d.max_e_mwh.max(axis=1) > 0
        runs = d.max_p_mw > 0
        spinning = {"up": stores & runs, "down": runs & ~(d.scarce & (d.min_p_mw > 0))}
        none = np.zeros(d.count, dtype=bool)
        may_hold = [spinning[each.direction] if each.kind == "spinning" else none for each in d.products]
        self.slots = ReserveSlots.of(d.products, np.array(may_hold, dtype=bool).reshape(len(d.products), d.count))
        if self.slots.count:
            response_h = np.array([each.response_min / 60 for each in d.products])[self.slots.product]
            of = self.slots.element
            most = np.minimum.reduce([d.max_p_mw[of], d.max_reserve_mw[of], d.response_mw_per_h[of] * response_h])
            self.held = self.variable(0.0, most, rows=self.slots.count)

    @classmethod
    def read(cls, case: Case, network: DCNetwork) -> HydroData | None:
        """Arrays of all hydro rows of ``gen`` with their reservoirs."""
        return read_hydro(case, network)

    def initial_state(self) -> State:
        """Level at the start of the horizon [MWh], releases and output before it [MW]."""
        d = self.data
        state = {"level_mwh": d.start_e_mwh}
        if d.cascade.longest:
            state["released_mw"] = every_step(d.start_release_mw, d.cascade.longest)
        if d.ramped.size:
            state["output_mw"] = np.clip(d.start_release_mw, d.min_p_mw, d.max_p_mw)
        return state

    def bind(self, window: Window) -> None:
        """Inflow, level limits, what was before, and what the level is worth at the end."""
        d, span, state = self.data, window.span, window.state[self.name]
        self.inflow.value = d.inflow_mw[:, span]
        self._usual_lowest = d.min_e_mwh[:, span]
        self.lowest.value, self.highest.value = self._usual_lowest, d.max_e_mwh[:, span]
        self.level_before.value = state["level_mwh"]
        self.output_before.value = np.maximum(state.get("output_mw", np.zeros(d.count)), 0.0)
        reference = d.reference_e_mwh[:, span.stop - 1]
        self._before = state.get("released_mw", np.zeros((d.count, 0)))
        self.arriving.value, still_on_way = self._water_on_its_way(self._before)
        self.reference.value = reference - still_on_way
        self.worth_at_end.value = self._worth(window, span.stop - 1)
        self._bind_band(span)
        if d.end_storage == "cyclic" and window.last:
            lowest = self.lowest.value.copy()
            lowest[:, -1] = np.maximum(self._reachable_mwh(), lowest[:, -1])
            self.lowest.value = lowest

    def forget(self) -> None:
        """A reservoir may end the horizon as low as its limits allow: what it can reach hangs on where it starts."""
        self.lowest.value = self._usual_lowest

    def _worth(self, window: Window, step: int) -> Array:
        """Worth of a MWh of water of each plant after a step, in all plants that it passes [CNY/MWh]."""
        d = self.data
        planned = d.water_value_cny_per_mwh is not None and not window.last
        if d.end_storage == "free" and not planned:
            return np.zeros(d.count)
        if d.water_value_cny_per_mwh is not None:
            return np.maximum(d.water_value_cny_per_mwh[:, step], 1.0)
        return max(window.energy_price_cny_per_mwh, 1.0) * d.chain

    def _water_on_its_way(self, released: Array) -> tuple[Array, Array]:
        """Water released above before the window: what arrives in it [MW], and what arrives after it [MWh]."""
        cascade, steps = self.data.cascade, self.steps
        before: Array = np.asarray(self.flows @ released)
        padded = np.hstack([before, np.zeros((self.data.count, steps))])
        first = (before.shape[1] - cascade.delay)[:, None]
        arriving = np.take_along_axis(padded, first + np.arange(steps), axis=1)
        all_of_it = np.arange(before.shape[1]) >= first
        total = (before * all_of_it).sum(axis=1)
        return arriving, self.step_h * (total - arriving.sum(axis=1))

    def _bind_band(self, span: slice) -> None:
        """Seasonal band, as far as it can be met from the level before the window."""
        d = self.data
        water = self.inflow.value + self.arriving.value + self.sure
        if self.low_band.size:
            kept = np.cumsum(water - d.least_mw[:, None], axis=1) * self.step_h
            fullest = np.maximum(self.level_before.value[:, None] + kept - _SEAM_TOLERANCE_MWH, 0.0)
            wanted = np.nan_to_num(d.band_low_mwh[:, span])
            self.floor.value = np.minimum(wanted, fullest)[self.low_band]
        if self.high_band.size:
            drawn = np.cumsum(water - d.max_p_mw[:, None], axis=1) * self.step_h
            emptiest = self.level_before.value[:, None] + drawn + _SEAM_TOLERANCE_MWH
            self.ceiling.value = np.maximum(d.band_high_mwh[:, span], emptiest)[self.high_band]

    def _reachable_mwh(self) -> Array:
        """Start level of the horizon, or the level after the window if all water is kept that may be [MWh]."""
        d = self.data
        kept = self.inflow.value + self.arriving.value + self.sure - d.least_mw[:, None]
        gain = np.cumsum(kept, axis=1) * self.step_h
        # what the highest level of each step lets through to the end
        passed = (self.highest.value - gain).min(axis=1)
        reached = gain[:, -1] + np.minimum(self.level_before.value, passed) - _SEAM_TOLERANCE_MWH
        return np.asarray(np.minimum(d.start_e_mwh, reached))

    def constraints(self) -> list[cp.Constraint]:
        """State equation; distance from the reference level at the end; rules; reserves."""
        change = self.step_h * (self.inflow - self.output - self.spill)
        stock = self.level[:, -1]
        if self.data.cascade.below.size:
            change = change + self.step_h * (self._arrivals() + self.arriving)
            stock = stock + self._on_its_way_mwh()
        water = self.level == previous(self.level_before, self.level) + change
        self.water = water.set_label("water of the reservoir [MWh]")
        return [
            self.water,
            stock == self.reference + self.above - self.below + (0.0 if self.drift is None else self.drift),
            *self._rules(),
        ]

    def lazy_constraints(self) -> list[cp.Constraint]:
        """Power and energy behind the reserve."""
        return self._reserve_rows()

    def chosen_last(self) -> list[cp.Variable]:
        """Reserve held."""
        return [self.held] if self.slots.count else []

    def _arrivals(self) -> cp.Expression:
        """Releases of the window that arrive in it, (element, step) [MW]."""
        release, cascade = self.output + self.spill, self.data.cascade
        arrivals = cp.Constant(np.zeros((self.data.count, self.steps)))
        for delay in np.unique(cascade.delay[cascade.below]):
            if delay < self.steps:
                shift = sp.csr_array(sp.eye_array(self.steps, k=int(delay)))
                arrivals = arrivals + self._flows_after(int(delay)) @ release @ shift
        return arrivals

    def _on_its_way_mwh(self) -> cp.Expression:
        """Releases of the window that arrive after it, (element,) [MWh]."""
        release, cascade = self.output + self.spill, self.data.cascade
        way = cp.Constant(np.zeros(self.data.count))
        for delay in np.unique(cascade.delay[cascade.below]):
            if delay:
                late = np.arange(self.steps) >= self.steps - delay
                way = way + self.step_h * (self._flows_after(int(delay)) @ (release @ late.astype(float)))
        return way

    def _flows_after(self, delay: int) -> sp.csr_array:
        """Power that arrives after exactly this delay per power released above, (element, element)."""
        same = (self.data.cascade.delay == delay).astype(float)
        return sp.csr_array(sp.diags_array(same) @ self.flows)

    def _lack(self, of: Whole) -> cp.Expression:
        """Breach of the rules for some elements, (chosen, step) [MW]."""
        place = (of[:, None] == self.lacking[None, :]).astype(float)
        return sp.csr_array(place) @ self.lack

    def _rules(self) -> list[cp.Constraint]:
        d, rows = self.data, []
        release = self.output + self.spill
        kept = d.min_release_mw > d.min_p_mw
        sure, scarce = np.flatnonzero(kept & ~d.scarce), np.flatnonzero(kept & d.scarce)
        if sure.size:
            rows.append(
                (release[sure] >= every_step(d.min_release_mw[sure], self.steps)).set_label("least release [MW]")
            )
        if scarce.size:
            least = every_step(d.min_release_mw[scarce], self.steps)
            rows.append((release[scarce] + self._lack(scarce) >= least).set_label("least release [MW]"))
        running = np.flatnonzero(d.scarce & (d.min_p_mw > 0))
        if running.size:
            least = every_step(d.min_p_mw[running], self.steps)
            rows.append((self.output[running] + self._lack(running) >= least).set_label("least output [MW]"))
        if d.ramped.size:
            change = (self.output - previous(self.output_before, self.output))[d.ramped]
            most = every_step((d.ramp_mw_per_h * self.step_h)[d.ramped], self.steps)
            rows += [
                (change <= most).set_label("ramp [MW]"),
                (-change <= most + self._lack(d.ramped)).set_label("ramp [MW]"),
            ]
        if self.low_band.size:
            rows.append((self.level[self.low_band] + self.under >= self.floor).set_label("reservoir band [MWh]"))
        if self.high_band.size:
            rows.append((self.level[self.high_band] - self.over <= self.ceiling).set_label("reservoir band [MWh]"))
        return rows

    def _reserve_rows(self) -> list[cp.Constraint]:
        d, rows = self.data, []
        for direction in ("up", "down"):
            of = self.slots.holders("spinning", direction)
            if not of.size:
                continue
            reserve = self.slots.sums("spinning", direction)[of] @ self.held
            limited = np.flatnonzero(np.isfinite(d.max_reserve_mw[of]))
            if limited.size:
                rows.append(reserve[limited] <= every_step(d.max_reserve_mw[of][limited], self.steps))
            if direction == "up":
                energy = self.slots.sums("spinning", "up", by_duration=True)[of] @ self.held
                rows.append(
                    (self.output[of] + reserve <= every_step(d.max_p_mw[of], self.steps)).set_label("reserve [MW]")
                )
                rows.append(
                    (self.level[of] - energy >= every_step(d.min_e_mwh[of, 0], self.steps)).set_label("reserve [MWh]")
                )
            else:
                least = every_step(d.min_p_mw[of], self.steps)
                rows.append((self.output[of] - reserve >= least).set_label("reserve [MW]"))
        return rows

    def reserve(self, product: ReserveProduct) -> cp.Expression | None:
        """Head room with the energy for it; kinetic energy of the output."""
        if product.kind == "inertia":
            return self.data.inertia_s @ self.output if self.data.inertia_s.any() else None
        row = self.slots.of_product(product)
        return row @ self.held if row.any() else None

    def power(self) -> cp.Expression:
        """Output, (element, step) [MW]."""
        return self.output

    def cost(self) -> cp.Expression | None:
        """Cost of output, and the constant cost of plants in service, where the net gives them."""
        d = self.data
        cost = (d.output_cny_per_mwh * self.step_h) @ self.output if d.output_cny_per_mwh.any() else None
        if d.constant_cny_per_h:
            constant = cp.Constant(np.full(self.steps, d.constant_cny_per_h * self.step_h))
            cost = constant if cost is None else cost + constant
        return cost

    def penalty(self) -> cp.Expression:
        """Price of spilled water and of broken rules."""
        penalty = self.data.water_spill_cny_per_mwh * self.step_h * cp.sum(self.spill, axis=0)
        for breach in self._breaches():
            penalty = penalty + self.data.rule_cny_per_mwh * self.step_h * cp.sum(breach, axis=0)
        return penalty

    def _breaches(self) -> list[cp.Variable]:
        chosen = (("lack", self.lacking), ("under", self.low_band), ("over", self.high_band))
        return [getattr(self, name) for name, of in chosen if of.size]

    def end_value(self) -> cp.Expression:
        """Water above the reference level less water missing below it, in all plants that it passes."""
        stock = _WORTH_ABOVE * self.above - _WORTH_BELOW * self.below
        return self.worth_at_end @ (stock if self.drift is None else stock + self.drift)

    def worth_by_plan(self, window: Window) -> list[PlannedWorth]:
        """Water in reservoirs that a window can't empty."""
        d = self.data
        if d.water_value_cny_per_mwh is None:
            return []
        value = d.water_value_cny_per_mwh[:, window.span]
        return [PlannedWorth(self.level, np.where(self._lasting()[:, None], value, np.nan))]

    def water_value_cny_per_mwh(self) -> Array:
        """What a MWh more in each reservoir would save, in each step of the window solved last, (element, step)."""
        return price(self.water)

    def state(self, step: int) -> State:
        """Level after a step [MWh], inside its limits; the last releases and the output [MW]."""
        d = self.data
        low, high = self.lowest.value[:, step - 1], self.highest.value[:, step - 1]
        state = {"level_mwh": np.clip(self.level.value[:, step - 1], low, high)}
        if d.cascade.longest:
            released = np.maximum((self.output + self.spill).value[:, :step], 0.0)
            state["released_mw"] = np.hstack([self._before, released])[:, -d.cascade.longest :]
        if d.ramped.size:
            state["output_mw"] = np.clip(self.output.value[:, step - 1], 0.0, d.max_p_mw)
        return state

    def _lasting(self) -> NDArray[np.bool_]:
        """Reservoirs that the window can't empty."""
        d = self.data
        return np.asarray(d.max_e_mwh.max(axis=1) > np.maximum(d.max_p_mw, 0.0) * self.steps * self.step_h)

    def levels(self) -> Levels:
        """Levels of reservoirs that the window can't empty."""
        return [(self.level, self._lasting())]

    @classmethod
    def expected(cls, data: HydroData, state: State, room: float) -> State:
        """Lower levels by all the room: hours differ more than the plan's steps, so windows find more use for water."""
        level = state["level_mwh"] - room * _DRIFT * data.max_e_mwh.max(axis=1)
        return {**state, "level_mwh": np.maximum(level, np.minimum(state["level_mwh"], data.min_e_mwh.max(axis=1)))}

    def drifts(self) -> list[cp.Variable]:
        """By how much levels leave the plan's at no price."""
        return [] if self.drift is None else [self.drift]

    def linear_outputs(self) -> dict[str, cp.Expression]:
        """Output, spill, level."""
        return {"hydro_p_mw": self.output, "hydro_spill_mw": self.spill, "hydro_energy_mwh": self.level}

    def results(self) -> dict[str, Array]:
        """Output, spill, level and inflow in power and in volume; breaches; reserves."""
        d = self.data
        per_flow = d.mw_per_m3_per_s[:, None]
        output, spill, level = self.output.value, self.spill.value, self.level.value
        lack, band = np.zeros((2, d.count, self.steps))
        if self.lacking.size:
            lack[self.lacking] = self.lack.value
        if self.low_band.size:
            band[self.low_band] += self.under.value
        if self.high_band.size:
            band[self.high_band] += self.over.value
        held = self.held.value if self.slots.count else np.zeros((0, self.steps))
        reserve = self.slots.spread(held)
        reserve[[each.kind == "inertia" for each in d.products]] = d.inertia_s[:, None] * output
        return {
            "hydro_p_mw": output,
            "hydro_spill_mw": spill,
            "hydro_energy_mwh": level,
            "hydro_inflow_mw": self.inflow.value,
            "hydro_volume_mm3": level * MM3_PER_M3_PER_S_AND_H / per_flow,
            "hydro_turbined_m3_per_s": output / per_flow,
            "hydro_spill_m3_per_s": spill / per_flow,
            "hydro_release_breach_mw": lack,
            "hydro_band_breach_mwh": band,
            "hydro_reserve_mw": reserve,
        }
