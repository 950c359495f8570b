r"""Demand response: load that may be interrupted at a price (formulation, section 2).

.. math:: 0 \le y_{k,t} \le \bar Y_k, \qquad \sum_{t \in window} y_{k,t}\Delta \le B_k

with the capability :math:`\bar Y` [MW], a share of the annual peak load, and the energy :math:`B` that is left
of the program's yearly budget.  A program is spread over the buses of its loads by their share of demand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

from gridopt.errors import Fault, InputError
from gridopt.model.component import Array, Component, ComponentData, Output, State, Window, profile_rows
from gridopt.model.demand import fixed_loads
from gridopt.model.labels import element_labels, table_rows

if TYPE_CHECKING:
    import pandas as pd

    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork

KINDS = ("interruptible",)


@dataclass(frozen=True)
class ResponseData(ComponentData):
    """Capability (element, time) [MW], price (element,) [CNY/MWh], yearly energy (element,) [MWh]."""

    capability_mw: Array
    price_cny_per_mwh: Array
    energy_mwh: Array


class Response(Component[ResponseData]):
    """Load interrupted by every program."""

    name = "response"
    outputs = (
        Output("response_mw", "program", "MW", "load reduced by demand response"),
        Output("response_capability_mw", "program", "MW", "load that may be reduced"),
    )

    def __init__(self, data: ResponseData, steps: int, step_h: float) -> None:
        super().__init__(data, steps, step_h)
        self.capability = self.parameter(nonneg=True)
        self.reduced = self.variable(0.0, self.capability)
        self.budget = cp.Parameter(data.count, nonneg=True)
        self.budgeted = np.flatnonzero(np.isfinite(data.energy_mwh))

    @classmethod
    def read(cls, case: Case, network: DCNetwork) -> ResponseData | None:
        """Arrays of all programs.

        Raises
        ------
        InputError
            For a kind of program that is not modelled, or one whose load does not exist.
        """
        table = case.net.demand_response
        own_size = (table["p_mw"].notna() | table["share_of_peak"].notna()).to_numpy(bool)
        table = table.loc[own_size | (case.settings.policy.dr_share_of_peak > 0)]
        if table.empty:
            return None
        faults = [
            Fault(
                case.name,
                "demand_response",
                str(row["name"]),
                "kind",
                f"{row['kind']!r} is not available yet",
            )
            for _, row in table.iterrows()
            if row["kind"] not in KINDS
        ]
        load, size = fixed_loads(case)
        nodes, capability = [], []
        for _, program in table.iterrows():
            target = (load["kind"] == program["target"]).to_numpy() | (program["target"] == "")
            if not (size[target] > 0).any():
                faults.append(
                    Fault(case.name, "demand_response", str(program["name"]), "target", "no load of this kind")
                )
                continue
            nodes.append(_spread_over_buses(load, size * target, network))
            eligible = (size * target) @ profile_rows(case, load["profile"].tolist())
            capability.append(np.minimum(_capability_mw(case, program), np.maximum(eligible, 0.0)))
        if faults:
            raise InputError(faults)
        most = np.stack(capability)
        of_calls = table["calls_per_year"].fillna(np.inf) * table["hours_per_event"].fillna(24.0)
        hours = np.minimum(table["hours_per_year"].fillna(np.inf), of_calls)
        return ResponseData(
            labels=element_labels("demand_response", table),
            rows=table_rows("demand_response", table),
            nodes=sp.csr_array(sp.hstack(nodes)),
            capability_mw=most,
            price_cny_per_mwh=table["price_cny_per_mwh"].to_numpy(float),
            energy_mwh=np.minimum(
                table["energy_mwh_per_year"].fillna(np.inf).to_numpy(float),
                most.max(axis=1) * hours.to_numpy(float),
            ),
        )

    def initial_state(self) -> State:
        """Energy left of the year's budget [MWh]."""
        return {"energy_left_mwh": self.data.energy_mwh}

    def bind(self, window: Window) -> None:
        """Capability of the window and energy left."""
        self.capability.value = self.data.capability_mw[:, window.span]
        left = np.maximum(window.state[self.name]["energy_left_mwh"], 0.0)
        self.budget.value = np.where(np.isfinite(left), left, 0.0)
        self._left = left

    def constraints(self) -> list[cp.Constraint]:
        """Energy that is left."""
        if not self.budgeted.size:
            return []
        return [self.step_h * cp.sum(self.reduced[self.budgeted], axis=1) <= self.budget[self.budgeted]]

    def injection(self) -> cp.Expression:
        """Demand that is not drawn, at the buses of the program's loads."""
        return self.data.nodes @ self.reduced

    def cost(self) -> cp.Expression:
        """Compensation."""
        return (self.data.price_cny_per_mwh * self.step_h) @ self.reduced

    def state(self, step: int) -> State:
        """Energy left after a step [MWh]."""
        used = self.step_h * self.reduced.value[:, :step].sum(axis=1)
        return {"energy_left_mwh": np.maximum(self._left - used, 0.0)}

    def results(self) -> dict[str, Array]:
        """Load reduced, and how much might be."""
        return {"response_mw": self.reduced.value, "response_capability_mw": self.capability.value}


def _capability_mw(case: Case, program: pd.Series) -> float:
    """Capability of a program [MW]: its own figure, its own share, or the policy's share of the annual peak."""
    if np.isfinite(program["p_mw"]):
        return float(program["p_mw"])
    own = program["share_of_peak"]
    share = own if np.isfinite(own) else case.settings.policy.dr_share_of_peak
    return float(share * case.annual_peak_load_mw)


def _spread_over_buses(load: pd.DataFrame, size: Array, network: DCNetwork) -> sp.csr_array:
    from gridopt.network.matrices import bus_injection_matrix

    share = bus_injection_matrix(network, load["bus"].to_numpy()) @ (size / size.sum())
    return sp.csr_array(share[:, None])
