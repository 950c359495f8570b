r"""Storage: pumped hydro and batteries (formulation, section 2).

.. math::
   e_t = (1-\sigma\Delta)\,e_{t-1} + \eta_c c_t \Delta - d_t \Delta / \eta_d, \qquad
   0 \le c_t \le C,\; 0 \le d_t \le D,\; E_{min} \le e_t \le E_{max}

with wear paid per MWh discharged and, where a limit of full cycles per day is given,
:math:`\sum_{t \in day} d_t \Delta \le k\,E_{max}` (days of 24 h, counted from the start of the window).

**The end** (``horizon.end_storage``).  ``value``: what a store holds at the end of a window is worth the energy
price times its discharge efficiency.  ``cyclic``: as ``value`` in all windows that do not reach the end of the
horizon; there it has to hold its start level again.  ``free``: nothing, a window empties what it can use.  A
store whose own ``end`` is ``cyclic`` or ``fixed`` returns to its start level whatever the setting.  If it can't
any more, even charging at full power, it charges as far as it can.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.model.component import Array, Component, ComponentData, Output, State, Window, previous
from gridopt.model.costs import linear_costs
from gridopt.model.labels import element_labels, table_rows

if TYPE_CHECKING:
    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork


# Kept off what a store can only just reach, so that rounding at a seam never makes a window infeasible.
_SEAM_TOLERANCE_MWH = 1e-6


@dataclass(frozen=True)
class StorageData(ComponentData):
    """Arrays (element,): power limits [MW], energy limits and start level [MWh], efficiencies [pu]."""

    charge_mw: Array
    discharge_mw: Array
    min_e_mwh: Array
    max_e_mwh: Array
    start_e_mwh: Array
    eta_charge: Array
    eta_discharge: Array
    self_discharge_per_h: Array
    wear_cny_per_mwh: Array
    draw_cny_per_mwh: Array
    max_cycles_per_day: Array
    returns: NDArray[np.bool_]
    is_priced: bool


class Storage(Component[StorageData]):
    """Charge, discharge and level of every store."""

    name = "storage"
    outputs = (
        Output("storage_charge_mw", "storage", "MW", "power taken from the grid"),
        Output("storage_discharge_mw", "storage", "MW", "power given to the grid"),
        Output("storage_energy_mwh", "storage", "MWh", "energy held at the end of the step"),
    )

    def __init__(self, data: StorageData, steps: int, step_h: float) -> None:
        super().__init__(data, steps, step_h)
        self.charge = self.variable(0.0, data.charge_mw)
        self.discharge = self.variable(0.0, data.discharge_mw)
        self.end_floor = cp.Parameter(data.count, nonneg=True)
        self.energy = self.variable(data.min_e_mwh, data.max_e_mwh)
        self.energy_before = cp.Parameter(data.count)
        self.end_price = cp.Parameter(data.count, nonneg=True)

    @classmethod
    def read(cls, case: Case, network: DCNetwork) -> StorageData | None:
        """Arrays of all storage rows that are not left to the plain optimal power flow."""
        from gridopt.model.claims import energy_storage
        from gridopt.network.matrices import bus_injection_matrix

        table = case.net.storage.loc[energy_storage(case)]
        if table.empty:
            return None
        end = case.settings.horizon.end_storage
        low, high = table["min_e_mwh"].to_numpy(float), table["max_e_mwh"].to_numpy(float)
        return StorageData(
            labels=element_labels("storage", table),
            rows=table_rows("storage", table),
            nodes=bus_injection_matrix(network, table["bus"].to_numpy()),
            charge_mw=table["max_p_mw"].to_numpy(float),
            discharge_mw=-table["min_p_mw"].to_numpy(float),
            min_e_mwh=low,
            max_e_mwh=high,
            start_e_mwh=np.clip(table["soc_percent"].to_numpy(float) / 100 * high, low, high),
            eta_charge=table["eta_charge"].to_numpy(float),
            eta_discharge=table["eta_discharge"].to_numpy(float),
            self_discharge_per_h=table["self_discharge_per_h"].to_numpy(float),
            wear_cny_per_mwh=table["throughput_cost_cny_per_mwh"].to_numpy(float),
            draw_cny_per_mwh=linear_costs(case.net, "storage", table.index).cp1,
            max_cycles_per_day=table["max_cycles_per_day"].to_numpy(float),
            returns=table["end"].isin(("cyclic", "fixed")).to_numpy(bool) | (end == "cyclic"),
            is_priced=end != "free",
        )

    def initial_state(self) -> State:
        """Level at the start of the horizon [MWh]."""
        return {"energy_mwh": self.data.start_e_mwh}

    def bind(self, window: Window) -> None:
        """Start level, and at the end either the level to come back to or the worth of what is held."""
        d = self.data
        self.energy_before.value = window.state[self.name]["energy_mwh"]
        held_to = d.returns & window.last
        within_reach = np.minimum(d.start_e_mwh, self._reachable_mwh(self.energy_before.value))
        self.end_floor.value = np.where(held_to, np.maximum(within_reach, d.min_e_mwh), d.min_e_mwh)
        price = max(window.energy_price_cny_per_mwh, 0.0) if d.is_priced else 0.0
        self.end_price.value = np.where(held_to, 0.0, price * d.eta_discharge)

    def _reachable_mwh(self, before_mwh: Array) -> Array:
        """Level after the window if a store charges at full power throughout [MWh]."""
        d, h = self.data, self.step_h
        kept = (1 - d.self_discharge_per_h * h)[:, None] ** np.arange(self.steps + 1)
        filled = d.eta_charge * d.charge_mw * h * kept[:, :-1].sum(axis=1)
        reached: Array = before_mwh * kept[:, -1] + filled - _SEAM_TOLERANCE_MWH
        return reached

    def constraints(self) -> list[cp.Constraint]:
        """State equation, level at the end, cycles per day."""
        d, h = self.data, self.step_h
        kept = (1 - d.self_discharge_per_h * h)[:, None]
        filled = cp.multiply((d.eta_charge * h)[:, None], self.charge)
        drawn = cp.multiply((h / d.eta_discharge)[:, None], self.discharge)
        rows = [
            self.energy == cp.multiply(kept, previous(self.energy_before, self.energy)) + filled - drawn,
            self.energy[:, -1] >= self.end_floor,
        ]
        limited = np.flatnonzero(np.isfinite(d.max_cycles_per_day))
        if limited.size:
            per_day = round(24 / h)
            days = sp.csr_array((np.full(self.steps, h), (np.arange(self.steps), np.arange(self.steps) // per_day)))
            most = (d.max_cycles_per_day * d.max_e_mwh)[limited]
            rows.append(self.discharge[limited] @ days <= np.repeat(most[:, None], days.shape[1], axis=1))
        return rows

    def injection(self) -> cp.Expression:
        """Discharge minus charge at the storage buses."""
        return self.data.nodes @ (self.discharge - self.charge)

    def cost(self) -> cp.Expression:
        """Wear, and what pandapower's own cost asks for each MWh drawn from the grid."""
        d, h = self.data, self.step_h
        wear = ((d.wear_cny_per_mwh - d.draw_cny_per_mwh) * h) @ self.discharge
        return wear + (d.draw_cny_per_mwh * h) @ self.charge

    def end_value(self) -> cp.Expression:
        """Energy held at the end, worth what it will replace."""
        return self.end_price @ self.energy[:, -1]

    def state(self, step: int) -> State:
        """Level after a step [MWh], inside its limits."""
        level = self.energy.value[:, step - 1]
        return {"energy_mwh": np.clip(level, self.data.min_e_mwh, self.data.max_e_mwh)}

    def results(self) -> dict[str, Array]:
        """Charge, discharge, level."""
        return {
            "storage_charge_mw": self.charge.value,
            "storage_discharge_mw": self.discharge.value,
            "storage_energy_mwh": self.energy.value,
        }
