r"""Thermal clusters: units of one kind at one place, committed together (formulation, section 2).

Per cluster of :math:`\bar N` equal units with the unit limits :math:`P^{min}, P^{max}`:

.. math::
   p_t &= P^{min} n_t + y_t, \qquad n_t - n_{t-1} = u_t - d_t, \qquad n^{min}_t \le n_t \le N_t \\
   \textstyle\sum_{\tau=t-UT+1}^{t} u_\tau &\le n_t, \qquad
   \textstyle\sum_{\tau=t-DT+1}^{t} d_\tau \le \bar N - n_t \\
   y_t &\le (P^{max}-P^{min}) n_t - (P^{max}-SU) u_t - (P^{max}-SD) d_{t+1} - k_t
   \qquad (UT \ge 2) \\
   y_t - y_{t-1} &\le RU\Delta (n_t - u_t) + (SU - P^{min}) u_t \\
   y_{t-1} - y_t &\le RD\Delta (n_t - u_t) + (SD - P^{min}) d_t

At the first step the third line, written for the step before it, limits :math:`d_1` by what was running then.
For UT = 1 the third line becomes two rows (a unit may start and stop in neighbouring steps).  Ramp rows that
can't bind are left out.  Clustered unit commitment: Palmintier & Webster 2014, doi:10.1109/TPWRS.2013.2293127;
start and stop ramps: Morales-España, Latorre & Ramos 2013, doi:10.1109/TPWRS.2013.2251373.

**Heat and power, ``chp_mode: min_output``.**  In hours in which the zone of a cluster is heated, its must-run
units run, each at least at its heat-season minimum and at most at its heat-season maximum.  Both stand in
:math:`y_t \ge (P^{min,heat}-P^{min})\, n^{min}_t` and :math:`k_t = (P^{max}-P^{max,heat})\, n^{min}_t`; units
beyond the must-run ones give no heat and keep their own limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.model.component import (
    Array,
    Component,
    ComponentData,
    Output,
    State,
    Window,
    previous,
)

if TYPE_CHECKING:
    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork

_MW = 1e-6
_SEAM_TOLERANCE = 1e-6


@dataclass(frozen=True)
class ThermalData(ComponentData):
    """Arrays (element,) of one unit [MW], [MW/h], [steps], [CNY], and (element, time) of the must-run units."""

    n_units: Array
    min_mw: Array
    max_mw: Array
    ramp_up_mw_per_h: Array
    ramp_down_mw_per_h: Array
    startup_ramp_mw: Array
    shutdown_ramp_mw: Array
    min_up_steps: NDArray[np.int64]
    min_down_steps: NDArray[np.int64]
    output_cny_per_mwh: Array
    no_load_cny_per_h: Array
    start_cost_cny: Array
    must_run_units: Array
    heat_floor_mw: Array
    heat_cut_mw: Array
    initial_on_units: Array
    initial_above_min_mw: Array
    initial_steps_in_state: NDArray[np.int64]


class Thermal(Component[ThermalData]):
    """Units running, starting and stopping, and output above the minimum of every cluster."""

    name = "thermal"
    outputs = (
        Output("generator_p_mw", "generator", "MW", "output of thermal and other generators"),
        Output("generator_on_units", "generator", "1", "units running"),
        Output("generator_start_units", "generator", "1", "units started"),
        Output("generator_stop_units", "generator", "1", "units stopped"),
    )

    def __init__(self, data: ThermalData, steps: int, step_h: float) -> None:
        super().__init__(data, steps, step_h)
        n = data.count
        self.least_on, self.floor = self.parameter(nonneg=True), self.parameter(nonneg=True)
        self.cut = self.parameter(nonneg=True)
        self.on = self.variable(self.least_on, data.n_units)
        self.start = self.variable(0.0, data.n_units)
        self.most_stop = self.parameter(nonneg=True)
        self.stop = self.variable(0.0, self.most_stop)
        self.above = self.variable(self.floor, data.n_units * (data.max_mw - data.min_mw))
        self.on_before, self.above_before = cp.Parameter(n), cp.Parameter(n, nonneg=True)
        # starts and stops before the window that still hold units on or off in it
        self.held_on, self.held_off = self.parameter(nonneg=True), self.parameter(nonneg=True)

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
        longest = int(max(d.min_up_steps.max(), d.min_down_steps.max(), 1))
        starts, stops = np.zeros((d.count, longest)), np.zeros((d.count, longest))
        for i, since in enumerate(d.initial_steps_in_state):
            # all units of a cluster entered their present state `since` steps ago
            if 0 < since <= longest:
                starts[i, longest - since] = d.initial_on_units[i]
                stops[i, longest - since] = d.n_units[i] - d.initial_on_units[i]
        return {
            "on_units": d.initial_on_units,
            "above_min_mw": d.initial_above_min_mw,
            "cut_mw": np.zeros(d.count),
            "starts": starts,
            "stops": stops,
        }

    def bind(self, window: Window) -> None:
        """Must-run units, heat limits, and the commitment handed over."""
        d, span, state = self.data, window.span, window.state[self.name]
        self.least_on.value = d.must_run_units[:, span]
        self.floor.value, self.cut.value = d.heat_floor_mw[:, span], d.heat_cut_mw[:, span]
        self.on_before.value = state["on_units"]
        self.above_before.value = np.maximum(state["above_min_mw"], 0.0)
        self.most_stop.value = np.repeat(d.n_units[:, None], self.steps, axis=1)
        self.most_stop.value[:, 0] = np.minimum(d.n_units, self._first_stops(state))
        self._before = state
        self.held_on.value = _still_held(state["starts"], d.min_up_steps, self.steps)
        self.held_off.value = _still_held(state["stops"], d.min_down_steps, self.steps)

    def _first_stops(self, state: State) -> Array:
        """Units that may stop in the first step, as they must run at their shutdown ramp or below before it."""
        d = self.data
        at_start = np.maximum(d.max_mw - d.startup_ramp_mw, 0.0)
        at_stop = np.maximum(d.max_mw - d.shutdown_ramp_mw, 0.0)
        room = (d.max_mw - d.min_mw) * state["on_units"] - state["above_min_mw"] - state["cut_mw"]
        started = state["starts"][:, -1]
        long = d.min_up_steps >= 2
        first = _most(room - at_start * started, np.where(long, at_stop, np.maximum(at_stop - at_start, 0.0)))
        second = _most(room - np.maximum(at_start - at_stop, 0.0) * started, at_stop)
        return np.where(long, first, np.minimum(first, second))

    def constraints(self) -> list[cp.Constraint]:
        """Commitment, minimum times, capacity and ramp rows."""
        on_before = previous(self.on_before, self.on)
        return [
            self.on - on_before == self.start - self.stop,
            *self._minimum_times(),
            *self._capacity(),
            *self._ramps(),
        ]

    def _minimum_times(self) -> list[cp.Constraint]:
        # also for a single step: without it a unit could stop and start at once to escape its ramps
        d = self.data
        rows = []
        for length in np.unique(d.min_up_steps):
            of = np.flatnonzero(d.min_up_steps == length)
            recent = self.start[of] @ _last_steps(self.steps, int(length))
            rows.append(recent + self.held_on[of] <= self.on[of])
        for length in np.unique(d.min_down_steps):
            of = np.flatnonzero(d.min_down_steps == length)
            recent = self.stop[of] @ _last_steps(self.steps, int(length))
            most = np.repeat(d.n_units[of][:, None], self.steps, axis=1)
            rows.append(recent + self.held_off[of] <= most - self.on[of])
        return rows

    def _capacity(self) -> list[cp.Constraint]:
        d = self.data
        span = (d.max_mw - d.min_mw)[:, None]
        at_start = np.maximum(d.max_mw - d.startup_ramp_mw, 0.0)[:, None]
        at_stop = np.maximum(d.max_mw - d.shutdown_ramp_mw, 0.0)[:, None]
        next_stop = cp.hstack([self.stop[:, 1:], np.zeros((d.count, 1))]) if self.steps > 1 else np.zeros((d.count, 1))
        room = cp.multiply(span, self.on) - self.cut - self.above
        rows = []
        long = np.flatnonzero(d.min_up_steps >= 2)
        if long.size:
            limits = cp.multiply(at_start, self.start) + cp.multiply(at_stop, next_stop)
            rows.append((room - limits)[long] >= 0)
        short = np.flatnonzero(d.min_up_steps < 2)
        if short.size:
            extra_stop = np.maximum(at_stop - at_start, 0.0)
            extra_start = np.maximum(at_start - at_stop, 0.0)
            starting = cp.multiply(at_start, self.start) + cp.multiply(extra_stop, next_stop)
            stopping = cp.multiply(at_stop, next_stop) + cp.multiply(extra_start, self.start)
            rows.append((room - starting)[short] >= 0)
            # the same row again where units may stop from any output
            other = np.intersect1d(short, np.flatnonzero(at_stop > 0))
            if other.size:
                rows.append((room - stopping)[other] >= 0)
        return rows

    def _ramps(self) -> list[cp.Constraint]:
        d, h = self.data, self.step_h
        rows = []
        above_before = previous(self.above_before, self.above)
        span = d.max_mw - d.min_mw
        at_start = np.maximum(d.startup_ramp_mw - d.min_mw, 0.0)[:, None]
        at_stop = np.maximum(d.shutdown_ramp_mw - d.min_mw, 0.0)[:, None]
        up = np.flatnonzero(d.ramp_up_mw_per_h * h < span - _MW)
        if up.size:
            rise = cp.multiply((d.ramp_up_mw_per_h * h)[:, None], self.on - self.start)
            most = rise + cp.multiply(at_start, self.start)
            rows.append((self.above - above_before - most)[up] <= 0)
        down = np.flatnonzero(d.ramp_down_mw_per_h * h < span - _MW)
        if down.size:
            fall = cp.multiply((d.ramp_down_mw_per_h * h)[:, None], self.on - self.start)
            most = fall + cp.multiply(at_stop, self.stop)
            rows.append((above_before - self.above - most)[down] <= 0)
        return rows

    def output(self) -> cp.Expression:
        """Output of the clusters, (element, step) [MW]."""
        return cp.multiply(self.data.min_mw[:, None], self.on) + self.above

    def injection(self) -> cp.Expression:
        """Output at the cluster's bus."""
        return (self.data.nodes @ sp.diags_array(self.data.min_mw)) @ self.on + self.data.nodes @ self.above

    def cost(self) -> cp.Expression:
        """Fuel, no-load and start cost."""
        d, h = self.data, self.step_h
        running = (d.no_load_cny_per_h + d.output_cny_per_mwh * d.min_mw) * h
        return running @ self.on + (d.output_cny_per_mwh * h) @ self.above + d.start_cost_cny @ self.start

    def state(self, step: int) -> State:
        """Units on, output above the minimum, starts and stops of the last hours before a step."""
        earlier, kept = self._before, slice(0, step)
        before = earlier["starts"].shape[1]
        on = np.clip(self.on.value[:, step - 1], 0.0, self.data.n_units)
        return {
            "on_units": on,
            "above_min_mw": np.clip(self.above.value[:, step - 1], 0.0, (self.data.max_mw - self.data.min_mw) * on),
            "cut_mw": self.cut.value[:, step - 1],
            "starts": _last_columns(np.hstack([earlier["starts"], self.start.value[:, kept]]), before),
            "stops": _last_columns(np.hstack([earlier["stops"], self.stop.value[:, kept]]), before),
        }

    def results(self) -> dict[str, Array]:
        """Output, units on, starts, stops."""
        return {
            "generator_p_mw": self.data.min_mw[:, None] * self.on.value + self.above.value,
            "generator_on_units": self.on.value,
            "generator_start_units": self.start.value,
            "generator_stop_units": self.stop.value,
        }


def _last_steps(steps: int, length: int) -> sp.csr_array:
    """Matrix that sums, for each step, the ``length`` steps up to it, (step, step)."""
    length = min(length, steps)
    bands = np.ones((length, steps))
    return sp.csr_array(sp.diags_array(bands, offsets=range(length), shape=(steps, steps)))


def _still_held(events: Array, hold_steps: NDArray[np.int64], steps: int) -> Array:
    """Units that earlier starts (or stops) still hold in each step of a window.

    Parameters
    ----------
    events
        (element, before) events in the steps before the window, the last column just before it.
    hold_steps
        (element,) how many steps an event holds, its own included.
    steps
        Length of the window.

    Returns
    -------
    ndarray
        (element, steps) units held.
    """
    before = events.shape[1]
    age = np.arange(before, 0, -1)[None, :, None] + np.arange(steps)[None, None, :]
    held: Array = (events[:, :, None] * (age < hold_steps[:, None, None])).sum(axis=1)
    # drawn in by more than the solver's tolerance, so that rounding at a seam never makes a window infeasible
    return np.asarray(np.maximum(held - _SEAM_TOLERANCE, 0.0))


def _last_columns(values: Array, count: int) -> Array:
    """Last ``count`` columns, freed of rounding below zero."""
    last: Array = np.maximum(values[:, -count:], 0.0)
    return last


def _most(room: Array, each: Array) -> Array:
    """How many fit into a room if each takes so much; infinite where they take nothing."""
    most = np.full(room.shape, np.inf)
    np.divide(np.maximum(room, 0.0), each, out=most, where=each > _MW)
    return most + _SEAM_TOLERANCE
