r"""Heat sources other than CHP plants: boilers, electric boilers, heat pumps, nuclear and geothermal heat.

.. math:: Q^{min}_k \le q_{k,t} \le Q^{max}_k, \qquad \text{power drawn } q_{k,t} / \mathrm{COP}_k

Only electric boilers and heat pumps draw power, at their own bus; what that power costs is the price of the
grid.  The cost of a source is per MWh of heat and holds everything else (fuel, upkeep); its CO2 is paid at the
carbon price.  Sources run in ``chp_mode: heat_zone`` only, where their zone's heat balance asks for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.check.heat import ELECTRIC
from gridopt.model.component import Array, Component, ComponentData, Output, Window
from gridopt.model.labels import element_labels, table_rows

if TYPE_CHECKING:
    import pandas as pd

    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork


@dataclass(frozen=True)
class HeatSourceData(ComponentData):
    """Zone of each source, heat limits [MW], power drawn per heat [MW/MW], cost [CNY/MWh] and CO2 [t/MWh] of heat.

    All arrays are (element,).
    """

    heat_zone: tuple[str, ...]
    min_heat_mw: Array
    max_heat_mw: Array
    power_per_heat: Array
    heat_cny_per_mwh: Array
    co2_t_per_mwh: Array

    @property
    def is_electric(self) -> NDArray[np.bool_]:
        """Which sources run on electricity, (element,)."""
        return np.asarray(self.power_per_heat > 0)


class HeatSource(Component[HeatSourceData]):
    """Heat of every source, and the power that it draws."""

    name = "heat_source"
    outputs = (
        Output("heat_source_mw", "heat_source", "MW", "heat given"),
        Output("heat_source_electric_mw", "heat_source", "MW", "power drawn from the grid"),
    )

    def __init__(self, data: HeatSourceData, steps: int, step_h: float) -> None:
        super().__init__(data, steps, step_h)
        self.heat = self.variable(data.min_heat_mw, data.max_heat_mw).set_label("heat output [MW]")

    @classmethod
    def read(cls, case: Case, network: DCNetwork) -> HeatSourceData | None:
        """Arrays of all sources in service; None unless zones are heated."""
        if case.settings.policy.chp_mode != "heat_zone":
            return None
        table = sources_in_service(case)
        if table.empty:
            return None
        electric = table["kind"].isin(ELECTRIC).to_numpy()
        co2 = table["co2_t_per_mwh"].to_numpy(float)
        return HeatSourceData(
            labels=element_labels("heat_source", table),
            rows=table_rows("heat_source", table),
            nodes=_nodes(network, table["bus"].to_numpy(float), electric),
            heat_zone=tuple(table["heat_zone"]),
            min_heat_mw=table["min_heat_mw"].to_numpy(float),
            max_heat_mw=table["max_heat_mw"].to_numpy(float),
            power_per_heat=np.where(electric, 1.0 / table["cop"].to_numpy(float), 0.0),
            heat_cny_per_mwh=table["cost_cny_per_mwh"].to_numpy(float) + case.settings.prices.co2_cny_per_t * co2,
            co2_t_per_mwh=co2,
        )

    def bind(self, window: Window) -> None:
        """Nothing: limits and costs are the same in every window."""

    def power(self) -> cp.Expression:
        """Minus the power drawn."""
        return cp.multiply(-self.data.power_per_heat[:, None], self.heat)

    def heat_mw(self) -> cp.Expression:
        """Heat given, (element, step) [MW]."""
        return self.heat

    def cost(self) -> cp.Expression:
        """Fuel and upkeep, and CO2 at the carbon price."""
        return (self.data.heat_cny_per_mwh * self.step_h) @ self.heat

    def co2_t(self) -> cp.Expression | None:
        """CO2 of the fuel burnt for heat."""
        if not self.data.co2_t_per_mwh.any():
            return None
        return (self.data.co2_t_per_mwh * self.step_h) @ self.heat

    def linear_outputs(self) -> dict[str, cp.Expression]:
        """Heat."""
        return {"heat_source_mw": self.heat}

    def results(self) -> dict[str, Array]:
        """Heat, and power drawn."""
        heat = self.heat.value
        return {"heat_source_mw": heat, "heat_source_electric_mw": self.data.power_per_heat[:, None] * heat}


def sources_in_service(case: Case) -> pd.DataFrame:
    """Rows of ``heat_source`` in service; those on electricity also need a bus in service."""
    table, bus = case.net.heat_source, case.net.bus
    at_live_bus = bus["in_service"].astype(bool).reindex(table["bus"], fill_value=False).to_numpy(bool)
    electric = table["kind"].isin(ELECTRIC).to_numpy()
    return table.loc[table["in_service"].to_numpy(bool) & (at_live_bus | ~electric)]


def _nodes(network: DCNetwork, bus: Array, electric: NDArray[np.bool_]) -> sp.csr_array:
    """Incidence (node, element); sources without electricity stand at no node."""
    from gridopt.network.matrices import bus_injection_matrix

    at = np.flatnonzero(electric)
    place = sp.csr_array((np.ones(at.size), (np.arange(at.size), at)), shape=(at.size, bus.size))
    return sp.csr_array(bus_injection_matrix(network, bus[at].astype(np.int64)) @ place)
