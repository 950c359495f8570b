r"""Hydro plants in energy terms: reservoirs and run-of-river (formulation, section 2).

.. math::
   v_t = v_{t-1} + (w_t - p_t - s_t)\,\Delta, \qquad
   V^{min}_t \le v_t \le V^{max}_t,\; P^{min} \le p_t \le P^{max},\; s_t \ge 0,\; p_t + s_t \ge R

with the level :math:`v` [MWh], the natural inflow :math:`w`, the spilled power :math:`s` and the least
release :math:`R` [MW].  A run-of-river plant is a reservoir without volume.

At the end of a window the reservoir is pulled towards a reference level: what it would hold if it released
its mean inflow evenly over the year, squeezed into its volume.  Water above that level is worth less  than
the energy price, water missing below it costs more.  ``horizon.end_storage: free`` leaves this out; ``cyclic``
adds that at the end of the horizon a reservoir holds its start level again, or all that its inflow allows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cvxpy as cp
import numpy as np

from gridopt.model.component import (
    Array,
    Component,
    ComponentData,
    Output,
    State,
    Window,
    previous,
    profile_rows,
)
from gridopt.model.costs import linear_costs
from gridopt.model.labels import element_labels, table_rows

if TYPE_CHECKING:
    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork

# Worth of a MWh of water relative to the energy price after the window, above and below the reference level.
_WORTH_ABOVE, _WORTH_BELOW = 0.7, 1.5
# Kept off what a reservoir can only just reach, so that rounding at a seam never makes a window infeasible.
_SEAM_TOLERANCE_MWH = 1e-6


def reference_level_mwh(inflow_mw: Array, start_mwh: float, min_mwh: float, max_mwh: float, step_h: float) -> Array:
    """Level of a reservoir that evens out its inflow as far as its volume allows.

    Parameters
    ----------
    inflow_mw
        (time,) natural inflow [MW].
    start_mwh, min_mwh, max_mwh
        Level before the first step and the limits of the level [MWh].
    step_h
        Length of a step [h].

    Returns
    -------
    ndarray
        (time,) level at the end of each step [MWh]; begins and ends at ``start_mwh`` up to rounding.

    Examples
    --------
    >>> reference_level_mwh(np.array([2.0, 2.0, 0.0, 0.0]), 5.0, 0.0, 10.0, 1.0)
    array([6., 7., 6., 5.])
    """
    excess = np.cumsum(inflow_mw - inflow_mw.mean()) * step_h
    above, below = max(excess.max(), 0.0), max(-excess.min(), 0.0)
    factor = min(
        1.0,
        (max_mwh - start_mwh) / above if above else 1.0,
        (start_mwh - min_mwh) / below if below else 1.0,
    )
    level: Array = np.clip(start_mwh + max(factor, 0.0) * excess, min_mwh, max_mwh)
    return level


@dataclass(frozen=True)
class HydroData(ComponentData):
    """Limits (element,) [MW], inflow, level limits and reference level (element, time) [MW], [MWh]."""

    min_p_mw: Array
    max_p_mw: Array
    min_release_mw: Array
    inflow_mw: Array
    min_e_mwh: Array
    max_e_mwh: Array
    start_e_mwh: Array
    reference_e_mwh: Array
    output_cny_per_mwh: Array
    water_spill_cny_per_mwh: float
    end_storage: str


class Hydro(Component[HydroData]):
    """Output, spill and level of every hydro plant."""

    name = "hydro"
    outputs = (
        Output("hydro_p_mw", "hydro", "MW", "output of hydro plants"),
        Output("hydro_spill_mw", "hydro", "MW", "power of the water that passes unused"),
        Output("hydro_energy_mwh", "hydro", "MWh", "energy in the reservoir at the end of the step"),
        Output("hydro_inflow_mw", "hydro", "MW", "power of the natural inflow"),
    )

    def __init__(self, data: HydroData, steps: int, step_h: float) -> None:
        super().__init__(data, steps, step_h)
        self.output = self.variable(data.min_p_mw, data.max_p_mw)
        self.spill = self.variable(0.0, np.maximum(data.inflow_mw.max(axis=1), data.max_p_mw) * 10)
        self.lowest, self.highest = self.parameter(nonneg=True), self.parameter(nonneg=True)
        self.level = self.variable(self.lowest, self.highest)
        self.inflow = self.parameter(nonneg=True)
        self.level_before = cp.Parameter(data.count)
        self.reference = cp.Parameter(data.count)
        widest = data.max_e_mwh.max(axis=1)
        self.above = cp.Variable(data.count, bounds=[0.0, widest])
        self.below = cp.Variable(data.count, bounds=[0.0, widest])
        self.price = cp.Parameter(nonneg=True)

    @classmethod
    def read(cls, case: Case, network: DCNetwork) -> HydroData | None:
        """Arrays of all hydro rows of ``gen`` with their reservoirs."""
        from gridopt.model.claims import hydro_units
        from gridopt.network.matrices import bus_injection_matrix

        table = case.net.gen.loc[hydro_units(case)]
        if table.empty:
            return None
        reservoirs = case.net.reservoir.set_index("gen").reindex(table["name"])
        stores = reservoirs["max_e_mwh"].notna().to_numpy()
        profile = np.where(stores, reservoirs["profile"].fillna(""), table["profile"])
        size = np.where(stores, reservoirs["inflow_mw"].fillna(0.0), table["max_p_mw"]).astype(float)
        inflow = size[:, None] * profile_rows(case, profile.tolist())
        steps = inflow.shape[1]

        def column(name: str, default: float) -> Array:
            return np.asarray(reservoirs[name].fillna(default).to_numpy(float))

        volume, bottom = column("max_e_mwh", 0.0), column("min_e_mwh", 0.0)
        top = volume * column("level_high_pu", 1.0)
        floor = np.maximum(bottom, volume * column("level_low_pu", 0.0))
        start = np.clip(column("start_e_mwh", 0.0), floor, top)
        reference = np.stack(
            [
                reference_level_mwh(inflow[i], start[i], floor[i], top[i], case.settings.step_h)
                for i in range(len(table))
            ]
        )
        maximum = table["max_p_mw"].to_numpy(float)
        minimum = np.where(stores, table["min_p_mw"].fillna(0.0), 0.0).astype(float)
        return HydroData(
            labels=element_labels("gen", table),
            rows=table_rows("gen", table),
            nodes=bus_injection_matrix(network, table["bus"].to_numpy()),
            min_p_mw=np.minimum(minimum, maximum),
            max_p_mw=maximum,
            min_release_mw=np.where(stores, column("min_release_mw", 0.0), 0.0),
            inflow_mw=inflow,
            min_e_mwh=np.repeat(floor[:, None], steps, axis=1),
            max_e_mwh=np.repeat(top[:, None], steps, axis=1),
            start_e_mwh=start,
            reference_e_mwh=reference,
            output_cny_per_mwh=linear_costs(case.net, "gen", table.index).cp1,
            end_storage=case.settings.horizon.end_storage,
            water_spill_cny_per_mwh=case.settings.prices.water_spill_cny_per_mwh,
        )

    def initial_state(self) -> State:
        """Level at the start of the horizon [MWh]."""
        return {"level_mwh": self.data.start_e_mwh}

    def bind(self, window: Window) -> None:
        """Inflow, level limits, level before, and what the level is worth at the end."""
        d, span = self.data, window.span
        self.inflow.value = d.inflow_mw[:, span]
        self.lowest.value, self.highest.value = d.min_e_mwh[:, span], d.max_e_mwh[:, span]
        self.level_before.value = window.state[self.name]["level_mwh"]
        self.reference.value = d.reference_e_mwh[:, span.stop - 1]
        self.price.value = 0.0 if d.end_storage == "free" else max(window.energy_price_cny_per_mwh, 1.0)
        if d.end_storage == "cyclic" and window.last:
            lowest = self.lowest.value.copy()
            lowest[:, -1] = np.maximum(self._reachable_mwh(), lowest[:, -1])
            self.lowest.value = lowest

    def _reachable_mwh(self) -> Array:
        """Start level of the horizon, or the level after the window if all water is kept that may be [MWh]."""
        d = self.data
        kept = self.inflow.value - np.maximum(d.min_p_mw, d.min_release_mw)[:, None]
        gain = np.cumsum(kept, axis=1) * self.step_h
        # what the highest level of each step lets through to the end
        passed = (self.highest.value - gain).min(axis=1)
        reached = gain[:, -1] + np.minimum(self.level_before.value, passed) - _SEAM_TOLERANCE_MWH
        return np.asarray(np.minimum(d.start_e_mwh, reached))

    def constraints(self) -> list[cp.Constraint]:
        """State equation; distance from the reference level at the end."""
        change = self.step_h * (self.inflow - self.output - self.spill)
        rows = [
            self.level == previous(self.level_before, self.level) + change,
            self.level[:, -1] == self.reference + self.above - self.below,
        ]
        kept = np.flatnonzero(self.data.min_release_mw > self.data.min_p_mw)
        if kept.size:
            least = np.repeat(self.data.min_release_mw[kept][:, None], self.steps, axis=1)
            rows.append(self.output[kept] + self.spill[kept] >= least)
        return rows

    def injection(self) -> cp.Expression:
        """Output at the plant's bus."""
        return self.data.nodes @ self.output

    def cost(self) -> cp.Expression | None:
        """Cost of output, where the net gives one."""
        if not self.data.output_cny_per_mwh.any():
            return None
        return (self.data.output_cny_per_mwh * self.step_h) @ self.output

    def penalty(self) -> cp.Expression:
        """Price of spilled water."""
        return self.data.water_spill_cny_per_mwh * self.step_h * cp.sum(self.spill, axis=0)

    def end_value(self) -> cp.Expression:
        """Water above the reference level less water missing below it."""
        return self.price * (_WORTH_ABOVE * cp.sum(self.above) - _WORTH_BELOW * cp.sum(self.below))

    def state(self, step: int) -> State:
        """Level after a step [MWh], inside its limits."""
        low, high = self.lowest.value[:, step - 1], self.highest.value[:, step - 1]
        return {"level_mwh": np.clip(self.level.value[:, step - 1], low, high)}

    def results(self) -> dict[str, Array]:
        """Output, spill, level, inflow."""
        return {
            "hydro_p_mw": self.output.value,
            "hydro_spill_mw": self.spill.value,
            "hydro_energy_mwh": self.level.value,
            "hydro_inflow_mw": self.inflow.value,
        }
