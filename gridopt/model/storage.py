r"""Storage: pumped hydro and batteries (formulation, section 2).

.. math::
   e_t = (1-\sigma\Delta)\,e_{t-1} + \eta_c c_t \Delta - d_t \Delta / \eta_d, \qquad
   0 \le c_t \le C,\; 0 \le d_t \le D,\; E_{min} \le e_t \le E_{max}

with wear paid per MWh discharged.  Full cycles per calendar day stand in ``storage_days``, units and modes in
``storage_units``.

**Reserves** with the duration :math:`\tau`, sums over products:

.. math::
   d - c + r^{up} \le D, \quad e - \tau r^{up}/\eta_d \ge E_{min}, \qquad
   c - d + r^{dn} \le C, \quad e + \tau \eta_c r^{dn} \le E_{max}

and the emergency base :math:`r^E \le D`, :math:`\tau_E r^E \le \eta_d (e - E_{min})`, whatever the store does else.
Inertia: of pumped hydro the machines that run, which are at least as large as their power: :math:`H (d + c D/C)` with
:math:`c/C + d/D \le 1` (a machine does one thing); of any other store :math:`H D` at all times (its converter is on).

**Behind the connection of a wind or solar park** with the output :math:`w` and the limit :math:`K`:
:math:`-K \le w + d - c \le K`, and :math:`c \le w` for stores that may not charge from the grid.

**The end** (``horizon.end_storage``).  ``value``: what a store holds at the end of a window is worth the energy
price times its discharge efficiency.  ``cyclic``: as ``value`` in all windows that do not reach the end of the
horizon; there it has to hold its start level again.  ``free``: nothing, a window empties what it can use.  A
store whose own ``end`` is ``cyclic`` or ``fixed`` returns to its start level whatever the setting.  If it can't
any more, even charging at full power, it charges as far as it can; pumps of fixed speed may miss the top by less
than one unit and step.  Where the whole horizon was planned, the worth is the plan's, and a store is kept near the
plan's level (``gridopt.model.near_plan``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.model.algebra import every_step, one_over, places
from gridopt.model.component import Array, Component, Levels, Output, State, Window, previous
from gridopt.model.near_plan import AIM_CNY_PER_MWH, CAUTION, NearPlan
from gridopt.model.reserve_product import ReserveProduct
from gridopt.model.storage_data import StorageData, read_storage
from gridopt.model.storage_days import DayLimits
from gridopt.model.storage_reserve import ReserveSlots
from gridopt.model.storage_units import AT_ONCE_MW, StorageUnits
from gridopt.model.storage_worth import storage_worth
from gridopt.model.worth import ReducedCosts, price

if TYPE_CHECKING:
    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork


# Kept off what a store can only just reach, so that rounding at a seam never makes a window infeasible.
_SEAM_TOLERANCE_MWH = 1e-6


class Storage(Component[StorageData]):
    """Charge, discharge and level of every store."""

    name = "storage"
    outputs = (
        Output("storage_charge_mw", "storage", "MW", "power taken from the grid"),
        Output("storage_discharge_mw", "storage", "MW", "power given to the grid"),
        Output("storage_energy_mwh", "storage", "MWh", "energy held at the end of the step"),
        Output("storage_pump_units", "storage", "1", "units pumping, where they are counted"),
        Output("storage_turbine_units", "storage", "1", "units generating, where they are counted"),
        Output("storage_reserve_mw", "storage", "MW", "reserve held (inertia: MW s)", by="reserve"),
    )

    worths = (
        Output("storage_charge_worth_cny_per_mw", "storage", "CNY/MW", "saving of one MW more charging power"),
        Output("storage_discharge_worth_cny_per_mw", "storage", "CNY/MW", "saving of one MW more discharging power"),
        Output("storage_energy_worth_cny_per_mwh", "storage", "CNY/MWh", "saving of one MWh more room for energy"),
    )

    def __init__(self, data: StorageData, steps: int, step_h: float) -> None:
        super().__init__(data, steps, step_h)
        self.charge = self.variable(0.0, data.charge_mw).set_label("charging [MW]")
        self.discharge = self.variable(0.0, data.discharge_mw).set_label("discharging [MW]")
        self.end_floor = cp.Parameter(data.count, nonneg=True)
        self.energy = self.variable(data.min_e_mwh, data.max_e_mwh).set_label("storage level [MWh]")
        self.energy_before = cp.Parameter(data.count)
        self.end_price = cp.Parameter(data.count, nonneg=True)
        self.near = None if data.planned_e_mwh is None else NearPlan(data.planned_e_mwh, data.max_e_mwh, CAUTION)
        self._state_units()
        self._state_reserve()
        self.limited = np.flatnonzero(np.isfinite(data.max_cycles_per_day))
        most = (data.max_cycles_per_day * data.max_e_mwh)[self.limited]
        self.days = DayLimits(most, steps, step_h, data.day_start_h, whole_days=data.whole_days)
        if self.limited.size and not data.whole_days:
            self.used_today = self.days.used

    def _state_units(self) -> None:
        self.units = StorageUnits(self.data, self.steps)
        if self.units.counted.size:
            self.pumps, self.turbines, self.pumping = self.units.pumps, self.units.turbines, self.units.pumping
        if self.units.moded.size:
            self.mode = self.units.mode

    def _state_reserve(self) -> None:
        d = self.data
        both = d.charge_mw + d.discharge_mw
        most = {"spinning": both, "emergency": np.where(d.emergency, d.discharge_mw, 0.0)}
        limits = np.zeros((len(d.products), d.count))
        for number, product in enumerate(d.products):
            limits[number] = most.get(product.kind, 0.0)
        self.slots = ReserveSlots.of(d.products, limits > 0)
        if self.slots.count:
            self.held = self.variable(0.0, limits[limits > 0], rows=self.slots.count)

    @classmethod
    def read(cls, case: Case, network: DCNetwork) -> StorageData | None:
        """Arrays of all storage rows that are not left to the plain optimal power flow."""
        return read_storage(case, network)

    def initial_state(self) -> State:
        """Level at the start of the horizon [MWh], and what the running day has used: nothing."""
        state = {"energy_mwh": self.data.start_e_mwh}
        return state | {"used_today_mwh": np.zeros(self.limited.size)} if self.limited.size else state

    def bind(self, window: Window) -> None:
        """Start level, and at the end either the level to come back to or the worth of what is held."""
        d, state = self.data, window.state[self.name]
        self.energy_before.value = state["energy_mwh"]
        held_to = d.returns & window.last
        within_reach = np.minimum(d.start_e_mwh, self._reachable_mwh(self.energy_before.value))
        self.end_floor.value = np.where(held_to, np.maximum(within_reach, d.min_e_mwh), d.min_e_mwh)
        usual = max(window.energy_price_cny_per_mwh, 0.0) * d.is_priced * d.eta_discharge
        self.end_price.value = np.where(held_to, 0.0, window.at_end(d.planned_worth_cny_per_mwh, usual))
        if self.near is not None:
            self.near.bind(window)
        if self.limited.size:
            self.days.bind(window.start, state["used_today_mwh"])

    def _reachable_mwh(self, before_mwh: Array) -> Array:
        """Level after the window if a store charges at full power throughout [MWh]."""
        d, h = self.data, self.step_h
        kept = (1 - d.self_discharge_per_h * h)[:, None] ** np.arange(self.steps + 1)
        filled = d.eta_charge * d.charge_mw * h * kept[:, :-1].sum(axis=1)
        reached: Array = before_mwh * kept[:, -1] + filled - _SEAM_TOLERANCE_MWH
        # whole pumps can't hit the top exactly
        lumps = d.counted & d.fixed_speed
        top = d.max_e_mwh - np.where(lumps, d.eta_charge * d.charge_mw * h / d.n_units, 0.0)
        return np.where(lumps, np.minimum(reached, top), reached)

    def constraints(self) -> list[cp.Constraint]:
        """State equation, level at the end, cycles per day, units and modes, reserves."""
        d, h = self.data, self.step_h
        kept = (1 - d.self_discharge_per_h * h)[:, None]
        filled = cp.multiply((d.eta_charge * h)[:, None], self.charge)
        drawn = cp.multiply((h / d.eta_discharge)[:, None], self.discharge)
        self.balance = self.energy == cp.multiply(kept, previous(self.energy_before, self.energy)) + filled - drawn
        rows = [
            self.balance.set_label("energy of the store [MWh]"),
            (self.energy[:, -1] >= self.end_floor).set_label("level of the store at the end [MWh]"),
        ]
        if self.near is not None:
            rows.append(self.near.row(self.energy[:, -1]))
        if self.limited.size:
            rows += self.days.constraints(self.discharge[self.limited])
        return [*rows, *self.units.constraints(self.charge, self.discharge)]

    def lazy_constraints(self) -> list[cp.Constraint]:
        """Power and energy behind the reserve."""
        return self._reserve_rows()

    def chosen_last(self) -> list[cp.Variable]:
        """Reserve held."""
        return [self.held] if self.slots.count else []

    def _reserve_rows(self) -> list[cp.Constraint]:
        d, rows = self.data, []
        # limits that are the power or the energy of some stores
        self.size_rows: list[tuple[str, NDArray[np.int64], cp.Constraint]] = []
        net = self.discharge - self.charge
        for direction, sign, most in (("up", 1.0, d.discharge_mw), ("down", -1.0, d.charge_mw)):
            of = self.slots.holders("spinning", direction)
            if not of.size:
                continue
            power = self.slots.sums("spinning", direction)[of] @ self.held
            lasting = self.slots.sums("spinning", direction, by_duration=True)[of] @ self.held
            rows.append(sign * net[of] + power <= every_step(most[of], self.steps))
            self.size_rows.append(("discharge" if direction == "up" else "charge", of, rows[-1]))
            if direction == "up":
                drawn = cp.multiply((1 / d.eta_discharge)[of][:, None], lasting)
                rows.append(self.energy[of] - drawn >= every_step(d.min_e_mwh[of], self.steps))
            else:
                filled = cp.multiply(d.eta_charge[of][:, None], lasting)
                rows.append(self.energy[of] + filled <= every_step(d.max_e_mwh[of], self.steps))
                self.size_rows.append(("energy", of, rows[-1]))
        of = self.slots.holders("emergency")
        if of.size:
            power = self.slots.sums("emergency")[of] @ self.held
            lasting = self.slots.sums("emergency", by_duration=True)[of] @ self.held
            drawn = cp.multiply((1 / d.eta_discharge)[of][:, None], lasting)
            rows.append(power <= every_step(d.discharge_mw[of], self.steps))
            self.size_rows.append(("discharge", of, rows[-1]))
            rows.append(self.energy[of] - drawn >= every_step(d.min_e_mwh[of], self.steps))
        running = self.running_machines
        if self.asks_inertia and running.size:
            pumping, generating = (one_over(most)[running][:, None] for most in (d.charge_mw, d.discharge_mw))
            both = cp.multiply(pumping, self.charge[running]) + cp.multiply(generating, self.discharge[running])
            self.machine_row = both <= 1.0
            rows.append(self.machine_row)
        return rows

    @property
    def running_machines(self) -> NDArray[np.int64]:
        """Machines with inertia."""
        return np.flatnonzero(self.data.machines & (self.data.inertia_s > 0))

    def join(self, parts: Mapping[str, Component[Any]], nodal_mw: cp.Expression) -> list[cp.Constraint]:
        """Connections shared with wind and solar parks."""
        d = self.data
        self._parts = parts
        if not d.connections:
            return []
        members = np.zeros((len(d.connections), d.count))
        own_only = np.zeros((len(d.connections), d.count))
        for number, connection in enumerate(d.connections):
            members[number, connection.members] = 1.0
            own_only[number, connection.own_only] = 1.0
        limit = every_step(np.array([connection.limit_mw for connection in d.connections]), self.steps)
        park = self._park_output(parts.get("renewable"))
        net = park + members @ (self.discharge - self.charge)
        rows = [(net <= limit).set_label("feed-in over the shared connection [MW]")]
        drawing = np.flatnonzero(members @ d.charge_mw > limit[:, 0])
        if drawing.size:
            rows.append((-net[drawing] <= limit[drawing]).set_label("draw over the shared connection [MW]"))
        bound = np.flatnonzero(own_only.any(axis=1))
        if bound.size:
            rows.append(
                (sp.csr_array(own_only[bound]) @ self.charge <= park[bound]).set_label(
                    "charging from the own park only [MW]"
                )
            )
        return rows

    def _park_output(self, renewable: Component[Any] | None) -> cp.Expression:
        """Output of the park at each shared connection, (connection, step) [MW]; zero where it is out of service."""
        connections = self.data.connections
        if renewable is None:
            return cp.Constant(np.zeros((len(connections), self.steps)))
        sites = {row: number for number, row in enumerate(renewable.data.rows)}
        found = [(number, sites[each.site]) for number, each in enumerate(connections) if each.site in sites]
        at, site = np.array(found, dtype=np.int64).reshape(-1, 2).T
        pick = sp.csr_array((np.ones(at.size), (at, site)), shape=(len(connections), renewable.data.count))
        return pick @ renewable.power()

    def mixes(self) -> bool:
        """Whether a store that loses energy charges and discharges at once, and has no modes."""
        d = self.data
        free = (d.eta_charge * d.eta_discharge < 1.0) & ~d.exclusive & ~d.counted
        both = np.minimum(self.charge.value, self.discharge.value)[free]
        return bool((both > AT_ONCE_MW).any())

    def to_separate(self) -> list[tuple[cp.Variable, NDArray[np.bool_]]]:
        """Modes of the hours in which a store that must not charges and discharges."""
        return self.units.to_separate(self.charge.value, self.discharge.value)

    def reserve(self, product: ReserveProduct) -> cp.Expression | None:
        """Head room with the energy for it; kinetic energy of the machines."""
        if product.kind == "inertia":
            return cp.sum(self._inertia_mws(), axis=0) if self.data.inertia_s.any() else None
        row = self.slots.of_product(product)
        return row @ self.held if row.any() else None

    def _inertia_mws(self) -> cp.Expression:
        """Kinetic energy of each store, (element, step) [MW s]."""
        d = self.data
        full = d.inertia_s * d.discharge_mw
        held = cp.Constant(every_step(np.where(d.machines, 0.0, full), self.steps))
        running = self.running_machines
        if running.size:
            place = places(running, d.count)
            pumping, generating = (full * one_over(most) for most in (d.charge_mw, d.discharge_mw))
            drawn = cp.multiply(pumping[running][:, None], self.charge[running])
            held = held + place @ (drawn + cp.multiply(generating[running][:, None], self.discharge[running]))
        return held

    def power(self) -> cp.Expression:
        """Discharge minus charge, (element, step) [MW]."""
        return self.discharge - self.charge

    def cost(self) -> cp.Expression:
        """Wear, and what pandapower's own cost asks for each MWh drawn from the grid and for being in service."""
        d, h = self.data, self.step_h
        wear = ((d.wear_cny_per_mwh - d.draw_cny_per_mwh) * h) @ self.discharge
        cost = wear + (d.draw_cny_per_mwh * h) @ self.charge
        return cost + d.constant_cny_per_h * h if d.constant_cny_per_h else cost

    def end_value(self) -> cp.Expression:
        """Energy held at the end, worth what it will replace."""
        worth = self.end_price @ self.energy[:, -1]
        return worth if self.near is None else worth - self.near.cost()

    def worth(self, reduced_costs: ReducedCosts, budget_price: Array) -> dict[str, Array]:
        """Power both ways, and room for energy."""
        saved = storage_worth(self, reduced_costs)
        return {each.name: saved[each.name.split("_")[1]] for each in self.worths}

    @property
    def asks_inertia(self) -> bool:
        """Whether a product asks for the kinetic energy of stores."""
        return any(each.kind == "inertia" for each in self.data.products) and bool(self.data.inertia_s.any())

    @property
    def reserve_row(self) -> cp.Constraint:
        """Requirement of all products, (product, step)."""
        reserve: Any = self._parts["reserve"]
        return reserve.covered

    def stored_worth_cny_per_mwh(self) -> Array:
        """What a MWh more in each store would save, in each step of the window solved last, (element, step)."""
        return np.maximum(price(self.balance), 0.0)

    def state(self, step: int) -> State:
        """Level after a step [MWh], inside its limits; what the running day has used [MWh]."""
        level = self.energy.value[:, step - 1]
        state = {"energy_mwh": np.clip(level, self.data.min_e_mwh, self.data.max_e_mwh)}
        if self.limited.size:
            state["used_today_mwh"] = self.days.used_mwh(self.discharge.value[self.limited], step)
        return state

    def levels(self) -> Levels:
        """Energy of stores that are kept near a plan."""
        return [] if self.near is None else [(self.energy, np.ones(self.data.count, np.bool_))]

    def aim(self, state: State) -> None:
        """End near the energy of a state."""
        if self.near is not None:
            self.near.aim(state["energy_mwh"], AIM_CNY_PER_MWH)

    def linear_outputs(self) -> dict[str, cp.Expression]:
        """Charge, discharge, level."""
        return {
            "storage_charge_mw": self.charge,
            "storage_discharge_mw": self.discharge,
            "storage_energy_mwh": self.energy,
        }

    def results(self) -> dict[str, Array]:
        """Charge, discharge, level, units, reserves."""
        held = self.held.value if self.slots.count else np.zeros((0, self.steps))
        reserve = self.slots.spread(held)
        reserve[[each.kind == "inertia" for each in self.data.products]] = self._inertia_mws().value
        return {
            "storage_charge_mw": self.charge.value,
            "storage_discharge_mw": self.discharge.value,
            "storage_energy_mwh": self.energy.value,
            "storage_pump_units": self.units.counts("pumps"),
            "storage_turbine_units": self.units.counts("turbines"),
            "storage_reserve_mw": reserve,
        }
