r"""Wind and solar: what the weather offers, less what is curtailed (formulation, section 2).

.. math:: 0 \le p_t \le a_t, \qquad \text{curtailment } a_t - p_t \text{ at the price } \kappa
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cvxpy as cp
import numpy as np
import pandas as pd

from gridopt.model.component import Array, Component, ComponentData, Output, Window, profile_rows
from gridopt.model.costs import linear_costs
from gridopt.model.labels import element_labels, table_rows

if TYPE_CHECKING:
    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork


@dataclass(frozen=True)
class RenewableData(ComponentData):
    """Available power (element, time) [MW], price of curtailment and of output (element,) [CNY/MWh]."""

    available_mw: Array
    curtailment_cny_per_mwh: Array
    output_cny_per_mwh: Array
    technology: tuple[str, ...]


class Renewable(Component[RenewableData]):
    """Output of every wind and solar site."""

    name = "renewable"
    outputs = (
        Output("renewable_p_mw", "renewable", "MW", "output of wind and solar"),
        Output("renewable_available_mw", "renewable", "MW", "output that the weather allows"),
        Output("renewable_curtailment_mw", "renewable", "MW", "available output that is not used"),
    )

    def __init__(self, data: RenewableData, steps: int, step_h: float) -> None:
        super().__init__(data, steps, step_h)
        self.available = self.parameter(nonneg=True)
        self.output = self.variable(0.0, self.available)

    @classmethod
    def read(cls, case: Case, network: DCNetwork) -> RenewableData | None:
        """Arrays of all wind and solar rows."""
        from gridopt.model.claims import renewables
        from gridopt.network.matrices import bus_injection_matrix

        tables, output_cost = [], []
        labels: list[str] = []
        rows: list[tuple[str, int]] = []
        for element in ("sgen", "gen"):
            table = case.net[element].loc[renewables(case, element)]
            tables.append(table)
            output_cost.append(linear_costs(case.net, element, table.index).cp1)
            labels += element_labels(element, table)
            rows += table_rows(element, table)
        table = pd.concat([part for part in tables if not part.empty]) if any(map(len, tables)) else tables[0]
        if table.empty:
            return None
        own_price = table["curtailment_cost_cny_per_mwh"].to_numpy(float)
        general = 0.0 if case.plain else case.settings.curtailment_price_cny_per_mwh
        installed = (table["max_p_mw"].fillna(table["p_mw"]) * table["scaling"].fillna(1.0)).to_numpy(float)
        return RenewableData(
            labels=tuple(labels),
            rows=tuple(rows),
            nodes=bus_injection_matrix(network, table["bus"].to_numpy()),
            available_mw=installed[:, None] * profile_rows(case, table["profile"].tolist()),
            curtailment_cny_per_mwh=np.where(np.isfinite(own_price), own_price, general),
            output_cny_per_mwh=np.concatenate(output_cost),
            technology=tuple(table["technology"].astype(str)),
        )

    def bind(self, window: Window) -> None:
        """Available output of the window."""
        self.available.value = self.data.available_mw[:, window.span]

    def injection(self) -> cp.Expression:
        """Output at the site's bus."""
        return self.data.nodes @ self.output

    def cost(self) -> cp.Expression | None:
        """Cost of output, where the net gives one."""
        if not self.data.output_cny_per_mwh.any():
            return None
        return (self.data.output_cny_per_mwh * self.step_h) @ self.output

    def penalty(self) -> cp.Expression:
        """Price of curtailment."""
        return (self.data.curtailment_cny_per_mwh * self.step_h) @ (self.available - self.output)

    def results(self) -> dict[str, Array]:
        """Output, available output, curtailment."""
        available, output = self.available.value, self.output.value
        return {
            "renewable_p_mw": output,
            "renewable_available_mw": available,
            "renewable_curtailment_mw": np.maximum(available - output, 0.0),
        }
