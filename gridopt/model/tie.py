r"""Ties to the neighbours: exchange around a contract, by AC lines or HVDC (formulation, section 2).

.. math::
   \max(\underline X, k_t - b) \le x_t \le \min(\overline X, k_t + b), \qquad
   |x_t - x_{t-1}| \le R\Delta

with the contract :math:`k` (positive: export), the band :math:`b` and the value :math:`\pi` of a MWh exported.
Where a yearly energy is set, the deviations from the contract balance out by the end of every window,
look-ahead included; what the kept part of a window leaves open is owed by the next one:

.. math:: \sum_t x_t\Delta = \sum_t k_t\Delta + o, \qquad o' = o + \sum_{t \in core} (k_t - x_t)\Delta

so that at the end of the horizon the contract's energy has been exchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

from gridopt.errors import Fault, InputError
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
from gridopt.model.labels import element_labels, table_rows

if TYPE_CHECKING:
    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork


@dataclass(frozen=True)
class TieData(ComponentData):
    """Contract and hourly limits (element, time) [MW], ramp (element,) [MW/h], value [CNY/MWh]."""

    contract_mw: Array
    min_mw: Array
    max_mw: Array
    ramp_mw_per_h: Array
    value_cny_per_mwh: Array
    keeps_energy: Array


class Tie(Component[TieData]):
    """Export (positive) or import of every tie."""

    name = "tie"
    outputs = (
        Output("tie_export_mw", "tie", "MW", "power sent over the border (negative: received)"),
        Output("tie_contract_mw", "tie", "MW", "contracted power (positive: export)"),
    )

    def __init__(self, data: TieData, steps: int, step_h: float) -> None:
        super().__init__(data, steps, step_h)
        self.lowest, self.highest = self.parameter(), self.parameter()
        self.export = self.variable(self.lowest, self.highest)
        self.export_before = cp.Parameter(data.count)
        self.keeping = np.flatnonzero(data.keeps_energy)
        self.due_mwh = cp.Parameter(max(self.keeping.size, 1))

    @classmethod
    def read(cls, case: Case, network: DCNetwork) -> TieData | None:
        """Arrays of all ties in service.

        Raises
        ------
        InputError
            Where contract, band and limits leave no room in some hour.
        """
        from gridopt.network.dispatchable import in_service
        from gridopt.network.matrices import bus_injection_matrix

        table = case.net.tie.loc[in_service(case.net, "tie")]
        if table.empty:
            return None
        contract = table["p_mw"].to_numpy(float)[:, None] * profile_rows(case, table["profile"].tolist())
        hard_low = table["min_p_mw"].fillna(-np.inf).to_numpy(float)[:, None]
        hard_high = table["max_p_mw"].fillna(np.inf).to_numpy(float)[:, None]
        contract = np.clip(contract, hard_low, hard_high)
        band = table["band_mw"].fillna(0.0).to_numpy(float)[:, None]
        low, high = np.maximum(contract - band, hard_low), np.minimum(contract + band, hard_high)
        faults = [
            Fault(
                case.name,
                "tie",
                str(table["name"].iloc[i]),
                "min_p_mw",
                "limits leave no room for the contract",
            )
            for i in np.flatnonzero((low > high + 1e-9).any(axis=1))
        ]
        if faults:
            raise InputError(faults)
        return TieData(
            labels=element_labels("tie", table),
            rows=table_rows("tie", table),
            nodes=bus_injection_matrix(network, table["bus"].to_numpy()),
            contract_mw=contract,
            min_mw=low,
            max_mw=high,
            ramp_mw_per_h=table["ramp_mw_per_h"].fillna(np.inf).to_numpy(float),
            value_cny_per_mwh=table["price_cny_per_mwh"].fillna(0.0).to_numpy(float),
            keeps_energy=(table["annual_mwh"].notna() & (band[:, 0] > 0)).to_numpy(),
        )

    def initial_state(self) -> State:
        """Contracted power of the first step [MW]; nothing is owed [MWh]."""
        return {"export_mw": self.data.contract_mw[:, 0], "owed_mwh": np.zeros(self.data.count)}

    def bind(self, window: Window) -> None:
        """Limits and contract of the window, and what is owed."""
        d, span = self.data, window.span
        self.lowest.value, self.highest.value = d.min_mw[:, span], d.max_mw[:, span]
        self.export_before.value = window.state[self.name]["export_mw"]
        self._owed, self._contract = window.state[self.name]["owed_mwh"], d.contract_mw[:, span]
        due = self.step_h * self._contract.sum(axis=1) + self._owed
        self.due_mwh.value = due[self.keeping] if self.keeping.size else np.zeros(1)

    def constraints(self) -> list[cp.Constraint]:
        """Ramps where they can bind; contract energy."""
        d = self.data
        rows = []
        widest = d.max_mw.max(axis=1) - d.min_mw.min(axis=1)
        ramped = np.flatnonzero(d.ramp_mw_per_h * self.step_h < widest)
        if ramped.size:
            change = (self.export - previous(self.export_before, self.export))[ramped]
            most = np.repeat((d.ramp_mw_per_h * self.step_h)[ramped][:, None], self.steps, axis=1)
            rows += [change <= most, -change <= most]
        if self.keeping.size:
            rows.append(self.step_h * cp.sum(self.export[self.keeping], axis=1) == self.due_mwh)
        return rows

    def injection(self) -> cp.Expression:
        """Export leaves at the tie's bus."""
        return (-sp.csr_array(self.data.nodes)) @ self.export

    def cost(self) -> cp.Expression | None:
        """Value of export, as a negative cost."""
        if not self.data.value_cny_per_mwh.any():
            return None
        return (-self.data.value_cny_per_mwh * self.step_h) @ self.export

    def state(self, step: int) -> State:
        """Export of a step [MW], and what is owed after it [MWh]."""
        deviation = self._contract[:, :step] - self.export.value[:, :step]
        return {
            "export_mw": self.export.value[:, step - 1],
            "owed_mwh": np.where(self.data.keeps_energy, self._owed + self.step_h * deviation.sum(axis=1), 0.0),
        }

    def results(self) -> dict[str, Array]:
        """Export and contract."""
        return {"tie_export_mw": self.export.value, "tie_contract_mw": self._contract}
