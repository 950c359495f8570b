r"""Thermal clusters: units of one kind at one place, committed together (formulation, section 2).

Per cluster of :math:`\bar N` equal units with the unit limits :math:`P^{min}, P^{max}`:

.. math::
   p_t + c_v h_t &= P^{min} n_t + y_t, \qquad y_t = p'_t - \textstyle\sum_b s_{b,t} \\
   n_t - n_{t-1} &= u_t - d_t - f_t, \qquad n^{min}_t \le n_t \le N_t

with :math:`n` units running, :math:`u` starting, :math:`d` stopping, :math:`f` tripping, :math:`N_t` available,
:math:`p'` the output above the minimum and :math:`s_b` that below it.  Fuel and CO2 count on boiler load, the left
side of the first line (with back-pressure :math:`p + h/\eta_b`).  :math:`n, u, d` are whole with
``unit_commitment: integer``, fractions with ``relaxed``.  Clustered unit commitment: Palmintier & Webster 2014,
doi:10.1109/TPWRS.2013.2293127; what a cluster can and its units can't: Morales-España & Tejada-Arango 2019,
doi:10.1109/TPWRS.2019.2908051.

The rest is told by theme: minimum times, capacity and ramps in ``thermal_rows``, reserves in ``thermal_reserve``,
bands below the minimum in ``thermal_bands``, warm starts in ``thermal_starts``, fuel in ``thermal_fuel``, heat in
``thermal_heat``, outages in ``outages``.  What a case doesn't use has no column and no row.

**Heat and power, ``chp_mode: min_output``.**  In hours in which the zone of a cluster is heated, its must-run
units run, each at least at its heat-season minimum and at most at its heat-season maximum.  Both stand in
:math:`p'_t \ge (P^{min,heat}-P^{min})\, n^{heat}_t` and :math:`k_t = (P^{max}-P^{max,heat})\, n^{heat}_t`, which
lowers the capacity; units beyond the must-run ones give no heat and keep their own limits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

from gridopt.model import thermal_rows
from gridopt.model.algebra import every_step
from gridopt.model.component import Array, Component, Output, State, Window, previous
from gridopt.model.thermal_bands import RegulationBands
from gridopt.model.thermal_data import ThermalData
from gridopt.model.thermal_fuel import CurvedFuel
from gridopt.model.thermal_heat import HeatRegion
from gridopt.model.thermal_reserve import HeldReserve, held_values, spinning
from gridopt.model.thermal_starts import WarmArcs, WarmStarts
from gridopt.model.worth import ReducedCosts

if TYPE_CHECKING:
    from gridopt.case import Case
    from gridopt.model.reserve_product import ReserveProduct
    from gridopt.network.matrices import DCNetwork

__all__ = ["Thermal", "ThermalData"]

_MW = 1e-6


class Thermal(Component[ThermalData]):
    """Units running, starting and stopping, and the load of every cluster.

    Attributes
    ----------
    lazy_rows : bool
        Whether rows that seldom bind enter where they are broken, or are stated at once.
    """

    lazy_rows: ClassVar[bool] = True
    name = "thermal"
    outputs = (
        Output("generator_p_mw", "generator", "MW", "output of thermal and other generators"),
        Output("generator_on_units", "generator", "1", "units running"),
        Output("generator_start_units", "generator", "1", "units started"),
        Output("generator_stop_units", "generator", "1", "units stopped"),
        Output("generator_forced_stop_units", "generator", "1", "units tripped"),
        Output("generator_available_units", "generator", "1", "units not out of service"),
        Output("generator_heat_mw", "generator", "MW", "heat given to the heat zone"),
        Output("generator_boiler_mw", "generator", "MW", "boiler load in electric terms, basis of fuel and CO2"),
        Output("generator_regulation_mw", "generator", "MW", "output below the units' minimum"),
        Output("generator_start_discount_cny", "generator", "CNY", "saving of warm starts against cold ones"),
        Output("generator_reserve_mw", "generator", "MW", "reserve held (inertia: MW s)", by="reserve"),
    )

    worths = (
        Output("generator_minimum_worth_cny_per_mw", "generator", "CNY/MW", "saving of one MW less minimum output"),
    )

    def __init__(self, data: ThermalData, steps: int, step_h: float) -> None:
        super().__init__(data, steps, step_h)
        n, whole = data.count, data.integer
        self.least_on, self.floor = self.parameter(nonneg=True), self.parameter(nonneg=True)
        self.available = self.parameter(nonneg=True)
        # what heat takes of the largest output, as a whole and less what stopping units may count twice
        self.heat_cut, self.cut = self.parameter(nonneg=True), self.parameter(nonneg=True)
        self.on = self.variable(self.least_on, self.available, integer=whole).set_label("units running")
        self.start = self.variable(0.0, data.n_units, integer=whole).set_label("starts")
        self.most_stop = self.parameter(nonneg=True)
        self.stop = self.variable(0.0, self.most_stop, integer=whole).set_label("stops")
        self.above = self.variable(self.floor, data.n_units * (data.max_mw - data.min_mw)).set_label(
            "output above the minimum [MW]"
        )
        self.on_before, self.above_before = cp.Parameter(n), cp.Parameter(n)
        # starts and stops before the window that still hold units on or off in it
        self.held_on, self.held_off = self.parameter(nonneg=True), self.parameter(nonneg=True)
        self.trip: cp.Variable | None = None
        self.bands: RegulationBands | None = None
        self.warm: WarmArcs | WarmStarts | None = None
        self.curved: CurvedFuel | None = None
        self.heating: HeatRegion | None = None
        self.up: HeldReserve | None = None
        self.down: HeldReserve | None = None
        self._add_features()

    def _add_features(self) -> None:
        """State what this case uses; each feature's variable is an attribute of this component too."""
        d = self.data
        span, depth = d.max_mw - d.min_mw, d.depth_mw
        if d.has_outages:
            self.most_trip = self.parameter(nonneg=True)
            self.trip = self.variable(0.0, self.most_trip)
        if d.bands.cluster.size:
            self.bands = RegulationBands(self, d.bands, d.n_units)
            self.regulation = self.bands.used
            self.deep_floor = self.parameter(nonneg=True)
        if d.warm.cluster.size:
            if d.integer:
                self.warm = arcs = WarmArcs(self, d.warm, d.n_units)
                self.warm_arcs = arcs.arcs
            else:
                self.warm = classes = WarmStarts(self, d.warm, d.n_units)
                self.warm_starts = classes.started
        if d.fuel.cluster.size:
            self.curved = CurvedFuel(self, d.fuel, d.n_units, *d.boiler_range_mw)
            self.fuel = self.curved.fuel
        if d.heat.cluster.size:
            self.heating = HeatRegion(self, d.heat, d.n_units)
            self.heat = self.heating.heat
        share = d.heat.reserve_share(d.count)
        if upward := spinning(d, "up"):
            self.up = HeldReserve(self, upward, span, d.ramp_up_mw_per_h, share)
            self.up_reserve = self.up.held
        if downward := spinning(d, "down"):
            self.down = HeldReserve(self, downward, span + depth, d.ramp_down_mw_per_h, share)
            self.down_reserve = self.down.held

    @classmethod
    def read(cls, case: Case, network: DCNetwork) -> ThermalData | None:
        """Arrays of all committable rows of ``gen``; None when commitment is off."""
        if case.settings.unit_commitment == "off":
            return None
        from gridopt.model.thermal_data import read_clusters

        return read_clusters(case, network)

    def initial_state(self) -> State:
        """Units on, output above the minimum, and starts and stops of the hours before the horizon."""
        d = self.data
        off = d.n_units - d.initial_on_units
        longest = int(max(d.min_up_steps.max(), d.min_down_steps.max(), 1))
        state = {
            "on_units": d.initial_on_units,
            "above_min_mw": d.initial_above_min_mw,
            "loaded_mw": d.initial_above_min_mw,
            "cut_twice_mw": np.zeros(d.count),
            "starts": _entered(d.initial_on_units, d.initial_steps_in_state, longest),
            "stops": _entered(off, d.initial_steps_in_state, longest),
        }
        if self.trip is not None:
            state["trips"] = np.zeros((d.count, longest))
        if self.warm is not None:
            state["cooling_units"] = _entered(off, d.initial_steps_in_state, self.warm.memory)
        return state

    def bind(self, window: Window) -> None:
        """Units that must and may run, heat limits, and the commitment handed over."""
        d, span, state = self.data, window.span, window.state[self.name]
        self._before = state
        self.least_on.value, self.available.value = d.must_run_units[:, span], d.available_units[:, span]
        self.floor.value, self.heat_cut.value = d.heat_floor_mw[:, span], d.heat_cut_mw[:, span]
        self._twice = d.cut_twice_mw[:, span]
        self.cut.value = np.maximum(self.heat_cut.value - self._twice, 0.0)
        self.on_before.value, self.above_before.value = state["on_units"], state["above_min_mw"]
        self.most_stop.value = every_step(d.n_units, self.steps)
        first_stops = self._first_stops(state)
        # whole columns with bounds a hair off whole numbers have made HiGHS report a solvable window as infeasible
        self.most_stop.value[:, 0] = np.minimum(d.n_units, np.floor(first_stops) if d.integer else first_stops)
        held_on = thermal_rows.still_held(state["starts"], d.min_up_steps, self.steps)
        if self.trip is not None:
            held_on = held_on - thermal_rows.still_held(state["trips"], d.min_up_steps - 1, self.steps)
            self._forced = d.forced_units[:, span]
            unforeseen = self._unforeseen_stops(state, held_on, np.cumsum(self._forced, axis=1))
            self.most_trip.value = self._forced + unforeseen
        held_off = thermal_rows.still_held(state["stops"], d.min_down_steps, self.steps)
        self.held_on.value, self.held_off.value = (self._held(units) for units in (held_on, held_off))
        if self.bands is not None:
            heating = d.heat_units[:, span]
            self.bands.bind(heating)
            self.deep_floor.value = self.floor.value + d.depth_mw[:, None] * heating
        if self.warm is not None:
            self.warm.bind(state["cooling_units"])

    def forget(self) -> None:
        """Any number of units may stop in the first step and be warm; units trip only where they are forced."""
        self.most_stop.value = every_step(self.data.n_units, self.steps)
        if self.trip is not None:
            self.most_trip.value = self._forced
        if self.warm is not None:
            self.warm.bind(every_step(self.data.n_units, self.warm.memory))

    def _held(self, units: Array) -> Array:
        return np.maximum(np.round(units), 0.0) if self.data.integer else thermal_rows.drawn_in(units)

    def _first_stops(self, state: State) -> Array:
        """Units that may stop in the first step, as they must run at their shutdown ramp or below before it."""
        d = self.data
        at_start, at_stop = (
            cut[:, 0] for cut in thermal_rows.start_and_stop_cuts(d.max_mw, d.startup_ramp_mw, d.shutdown_ramp_mw)
        )
        room = (d.max_mw - d.min_mw) * state["on_units"] - state["loaded_mw"]
        started, long, most = state["starts"][:, -1], d.min_up_steps >= 2, thermal_rows.most_events

        def stops(room: Array, at_stop: Array) -> Array:
            first = most(room - at_start * started, np.where(long, at_stop, np.maximum(at_stop - at_start, 0.0)))
            second = most(room - np.maximum(at_start - at_stop, 0.0) * started, at_stop)
            return np.where(long, first, np.minimum(first, second))

        return np.minimum(stops(room + state["cut_twice_mw"], at_stop), stops(room, d.heated_stop_cut_mw))

    def _unforeseen_stops(self, state: State, held_on: Array, forced: Array) -> Array:
        """Units that can't stop in time for an outage that the window before didn't see, (element, step).

        They are let go like units that trip: a seam shall not make a window infeasible.  ``forced`` is what has
        tripped anyway since the start of the window.
        """
        d, h = self.data, self.step_h
        left = self.available.value + forced
        too_many = np.maximum(state["on_units"][:, None] - left, 0.0)
        excess = np.diff(np.maximum.accumulate(too_many, axis=1), axis=1, prepend=0.0)
        span = (d.max_mw - d.min_mw)[:, None]
        fall = np.minimum(d.ramp_down_mw_per_h * h, span[:, 0])[:, None] * state["on_units"][:, None]
        load = np.maximum(state["loaded_mw"][:, None] - fall * np.arange(self.steps), 0.0)
        room = span * state["on_units"][:, None] - load
        at_stop, twice = np.maximum(d.max_mw - d.shutdown_ramp_mw, 0.0)[:, None], state["cut_twice_mw"][:, None]
        late = (at_stop * excess > room + twice + _MW) | (d.heated_stop_cut_mw[:, None] * excess > room + _MW)
        return np.where(late | (held_on > left + _MW), excess, 0.0)

    def constraints(self) -> list[cp.Constraint]:
        """Commitment, capacity, ramps, and the rows of the features that the case uses."""
        stopped = self._stopped()
        self.lowest_rows = thermal_rows.lowest(self)
        rows = [
            (self.on - previous(self.on_before, self.on) == self.start - stopped).set_label("starts and stops"),
            *([] if self.lazy_rows else self._seldom()),
            *thermal_rows.capacity(self),
            *self.lowest_rows,
        ]
        for feature in (self.bands, self.up, self.down):
            if feature is not None:
                rows += feature.rows(self.on)
        if isinstance(self.warm, WarmArcs):
            rows += self.warm.rows(self.start, stopped)
        if isinstance(self.warm, WarmStarts):
            rows += self.warm.rows(self.start)
        if self.curved is not None:
            rows += self.curved.rows(self.boiler(), self.on)
        if self.heating is not None:
            power = self.power()
            rows += self.heating.rows(power, power if self.down is None else power - self.down.total(), self.on)
        return rows

    def lazy_constraints(self) -> list[cp.Constraint]:
        """Rows that seldom bind, where they are not stated at once."""
        return self._seldom() if self.lazy_rows else []

    def chosen_last(self) -> list[cp.Variable]:
        """Reserve held."""
        return [side.held for side in (self.up, self.down) if side is not None]

    def _seldom(self) -> list[cp.Constraint]:
        """Minimum times, ramps, warm starts and the last step on of units that give heat: seldom met."""
        self.ramp_rows = thermal_rows.ramps(self)
        rows = [*thermal_rows.minimum_times(self), *self.ramp_rows, *thermal_rows.heated_capacity(self)]
        if isinstance(self.warm, WarmStarts):
            rows += self.warm.cooled_rows(self._stopped())
        return rows

    @property
    def regulated(self) -> cp.Expression:
        """Load above the minimum, negative where bands below it are used, (element, step) [MW]."""
        return self.above if self.bands is None else self.above - self.bands.total()

    def _stopped(self) -> cp.Expression:
        return self.stop if self.trip is None else self.stop + self.trip

    def power(self) -> cp.Expression:
        """Output of the clusters, (element, step) [MW]."""
        output = cp.multiply(self.data.min_mw[:, None], self.on) + self.regulated
        return output if self.heating is None else output - self.heating.lost_power()

    def boiler(self) -> cp.Expression:
        """Boiler load of the clusters in electric terms, (element, step) [MW]."""
        load = cp.multiply(self.data.min_mw[:, None], self.on) + self.regulated
        return load if self.heating is None else load + self.heating.extra_boiler()

    def heat_mw(self) -> cp.Expression | None:
        """Heat of the clusters, (element, step) [MW]; None where no heat zone is served."""
        return None if self.heating is None else self.heating.heat_mw()

    def injection(self) -> cp.Expression:
        """Output at the cluster's bus."""
        above = self.regulated if self.heating is None else self.regulated - self.heating.lost_power()
        return (self.data.nodes @ sp.diags_array(self.data.min_mw)) @ self.on + self.data.nodes @ above

    def cost(self) -> cp.Expression:
        """Fuel, no-load and start cost, wear below the minimum."""
        d, h = self.data, self.step_h
        linear = d.linear_cny_per_mwh
        running = (d.no_load_cny_per_h + linear * d.min_mw) * h
        cost = running @ self.on + (linear * h) @ self.regulated + d.start_cost_cny @ self.start
        if self.heating is not None:
            cost = cost + (linear * h) @ self.heating.extra_boiler()
        if self.curved is not None:
            cost = cost + self.curved.cost_cny(h)
        if self.bands is not None:
            cost = cost + self.bands.wear_cny(h)
        return cost if self.warm is None else cost - self.warm.saving_cny()

    def co2_t(self) -> cp.Expression | None:
        """CO2 of the boilers."""
        rate = self.data.co2_t_per_mwh * self.step_h
        return rate @ self.boiler() if rate.any() else None

    def reserve(self, product: ReserveProduct) -> cp.Expression | None:
        """Spinning reserve of the running units, and their kinetic energy."""
        if product.kind == "inertia":
            return self.data.inertia_mws @ self.on if self.data.inertia_mws.any() else None
        side = self.up if product.direction == "up" else self.down
        if product.kind != "spinning" or side is None:
            return None
        return cp.sum(side.held[side.of(product)], axis=0)

    def worth(self, reduced_costs: ReducedCosts, budget_price: Array) -> dict[str, Array]:
        """Minimum output of the cluster, in the heat season too: all its units share one MW less."""
        return {"generator_minimum_worth_cny_per_mw": thermal_rows.minimum_worth(self, reduced_costs)}

    def state(self, step: int) -> State:
        """Units on, output above the minimum, starts and stops of the last hours before a step."""
        d, earlier, last = self.data, self._before, step - 1
        on = self._counts(self.on.value[:, [last]])[:, 0]
        starts, stops = self._counts(self.start.value[:, :step]), self._counts(self.stop.value[:, :step])
        held_up = 0.0 if self.up is None else self.up.total_mw()[:, last]
        loaded = self.above.value[:, last] + held_up + self.heat_cut.value[:, last]
        span = (d.max_mw - d.min_mw) * on
        state = {
            "on_units": np.minimum(on, d.n_units),
            "above_min_mw": np.clip(self.regulated.value[:, last], -d.depth_mw * on, span),
            "loaded_mw": np.clip(loaded, 0.0, span),
            "cut_twice_mw": self._twice[:, last],
            "starts": _last_columns(earlier["starts"], starts),
            "stops": _last_columns(earlier["stops"], stops),
        }
        if self.trip is not None:
            trips = self._counts(self.trip.value[:, :step])
            state["trips"] = _last_columns(earlier["trips"], trips)
            stops = stops + trips
        if self.warm is not None:
            state["cooling_units"] = self.warm.cooling(stops, step)
        return state

    def _counts(self, values: Array) -> Array:
        """Numbers of units, freed of the solver's rounding."""
        return np.maximum(np.round(values) if self.data.integer else values, 0.0)

    def linear_outputs(self) -> dict[str, cp.Expression]:
        """Power and units."""
        return {"generator_p_mw": self.power(), "generator_on_units": self.on, "generator_start_units": self.start}

    def results(self) -> dict[str, Array]:
        """Power, heat and boiler load, units on, started, stopped, tripped, available, and reserve."""
        d, none = self.data, np.zeros_like(self.on.value)
        return {
            "generator_p_mw": np.asarray(self.power().value),
            "generator_on_units": self.on.value,
            "generator_start_units": self.start.value,
            "generator_stop_units": self.stop.value,
            "generator_forced_stop_units": none if self.trip is None else self.trip.value,
            "generator_available_units": self.available.value,
            "generator_heat_mw": none if self.heating is None else self.heating.heat_mw().value,
            "generator_boiler_mw": np.asarray(self.boiler().value),
            "generator_regulation_mw": none if self.bands is None else self.bands.total_mw(),
            "generator_start_discount_cny": none if self.warm is None else self.warm.discount_cny(),
            "generator_reserve_mw": held_values(d, self.up, self.down, self.on.value),
        }


def _entered(units: Array, steps_ago: np.ndarray[tuple[int], np.dtype[np.int64]], memory: int) -> Array:
    """Units that entered their present state so many steps ago, (element, memory), the last column just before."""
    return units[:, None] * (steps_ago[:, None] == np.arange(memory, 0, -1))


def _last_columns(earlier: Array, values: Array) -> Array:
    """The last columns of both, as many as there were earlier."""
    return np.hstack([earlier, values])[:, -earlier.shape[1] :]
