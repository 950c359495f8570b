"""Demand, and what happens where it can't be met (formulation, section 2).

Demand itself is given; where the balance holds the losses of the grid, the rate that the given demand is assumed to
hold is taken off it.  Two valves keep a planner's case solvable and honest: *unserved* demand at the value
of lost load, and *excess* power that no one can take at its own price.  Both stand in the result with bus and
hour; a price of null closes the valve.  A plain optimal power flow (``Case.from_pandapower``) has neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cvxpy as cp
import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.model.algebra import add_up, every_step, places
from gridopt.model.component import Array, Component, ComponentData, Output, Window, profile_rows
from gridopt.model.labels import element_labels, table_rows

if TYPE_CHECKING:
    from pandapower import pandapowerNet

    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork

_ENOUGH_EXCESS_MW = 1e5


@dataclass(frozen=True)
class DemandData(ComponentData):
    """Of every bus: demand (element, time) and fixed injection (element,) [MW], value of lost load [CNY/MWh].

    ``shunt_mw`` is the demand of shunt conductances of every node (node,) [MW].
    ``drawn_mw`` is what flexible loads and prosumers of a bus may have to draw (element,) [MW].
    ``may_lack`` and ``may_exceed`` number the buses with a valve for unserved demand and excess power.
    """

    demand_mw: Array
    fixed_mw: Array
    shunt_mw: Array
    lost_load_cny_per_mwh: Array
    drawn_mw: Array
    excess_cny_per_mwh: float
    may_lack: NDArray[np.int64]
    may_exceed: NDArray[np.int64]


class Demand(Component[DemandData]):
    """Demand by bus, unserved demand and excess power."""

    name = "demand"
    outputs = (
        Output("demand_mw", "bus", "MW", "demand, before response"),
        Output("unserved_mw", "bus", "MW", "demand that is not served"),
        Output("excess_mw", "bus", "MW", "power that no one can take"),
        Output("fixed_injection_mw", "bus", "MW", "injection of elements that are neither load nor dispatched"),
    )

    def __init__(self, data: DemandData, steps: int, step_h: float) -> None:
        super().__init__(data, steps, step_h)
        self.demand = self.parameter()
        self.most_unserved = self.parameter(max(data.may_lack.size, 1), nonneg=True)
        if data.may_lack.size:
            self.unserved = self.variable(0.0, self.most_unserved, rows=data.may_lack.size).set_label("unserved energy")
        if data.may_exceed.size:
            self.excess = self.variable(0.0, _ENOUGH_EXCESS_MW, rows=data.may_exceed.size).set_label(
                "energy that no one takes"
            )

    @classmethod
    def read(cls, case: Case, network: DCNetwork) -> DemandData:
        """Demand of all load rows that are not dispatched, summed by bus."""
        from gridopt.model.claims import claimed
        from gridopt.network.dispatchable import dispatchable
        from gridopt.network.matrices import bus_injection_matrix

        net, prices = case.net, case.settings.prices
        buses = net.bus.index[network.bus_node >= 0]
        load, size = fixed_loads(case)
        at_bus = _at_bus(buses.get_indexer(load["bus"]), len(buses))
        default_value = prices.value_of_lost_load_cny_per_mwh or 0.0
        value = load["value_of_lost_load_cny_per_mwh"].fillna(default_value).to_numpy(float)
        at_bus_size = at_bus @ size
        weight = np.where(at_bus_size > 0, at_bus_size, 1.0)
        rest = dispatchable(net, claimed=claimed(case) | {"load": set(load.index)})
        fixed = _at_bus(buses.get_indexer(rest.fixed_bus), len(buses)) @ rest.fixed_mw
        partner = rest.partner_bus >= 0  # constant losses of DC lines
        fixed += _at_bus(buses.get_indexer(rest.partner_bus[partner]), len(buses)) @ rest.partner_offset_mw[partner]
        valves = np.full(len(buses), not case.plain)
        sources = {int(bus) for table in ("gen", "sgen", "storage", "tie", "prosumer") for bus in net[table]["bus"]}
        drawn = at_least_drawn_mw(net, buses)
        has_valve = valves & (prices.value_of_lost_load_cny_per_mwh is not None)
        return DemandData(
            labels=element_labels("bus", net.bus.loc[buses]),
            rows=table_rows("bus", net.bus.loc[buses]),
            nodes=bus_injection_matrix(network, buses),
            demand_mw=at_bus @ (size[:, None] * profile_rows(case, load["profile"].tolist())),
            fixed_mw=fixed,
            shunt_mw=network.shunt_mw,
            lost_load_cny_per_mwh=np.where(at_bus_size > 0, (at_bus @ (size * value)) / weight, default_value),
            drawn_mw=drawn,
            excess_cny_per_mwh=prices.excess_cny_per_mwh or 0.0,
            may_lack=_where(((at_bus_size > 0) | (drawn > 0)) & has_valve),
            may_exceed=_where(np.isin(buses, list(sources)) & valves & (prices.excess_cny_per_mwh is not None)),
        )

    def bind(self, window: Window) -> None:
        """Demand of the window."""
        self.demand.value = self.data.demand_mw[:, window.span]
        if self.data.may_lack.size:
            lacking = self.data.may_lack
            self.most_unserved.value = np.maximum(self.demand.value[lacking], 0.0) + self.data.drawn_mw[lacking, None]

    def injection(self) -> cp.Expression:
        """Minus demand plus fixed injections, unserved demand and minus excess."""
        d = self.data
        # shunt conductances are demand at their node, whatever happens
        constant = d.nodes @ d.fixed_mw - d.shunt_mw
        fixed = every_step(constant, self.steps)
        power = fixed - d.nodes @ self.demand
        if d.may_lack.size:
            power = power + d.nodes[:, d.may_lack] @ self.unserved
        if d.may_exceed.size:
            power = power - d.nodes[:, d.may_exceed] @ self.excess
        return power

    def penalty(self) -> cp.Expression | None:
        """Value of lost load, price of excess."""
        d, price = self.data, []
        if d.may_lack.size:
            price.append((d.lost_load_cny_per_mwh[d.may_lack] * self.step_h) @ self.unserved)
        if d.may_exceed.size:
            price.append(d.excess_cny_per_mwh * self.step_h * cp.sum(self.excess, axis=0))
        return add_up(price)

    def linear_outputs(self) -> dict[str, cp.Expression]:
        """Unserved demand and excess power."""
        d, told = self.data, {}
        if d.may_lack.size:
            told["unserved_mw"] = places(d.may_lack, d.count) @ self.unserved
        if d.may_exceed.size:
            told["excess_mw"] = places(d.may_exceed, d.count) @ self.excess
        return told

    def results(self) -> dict[str, Array]:
        """Demand, unserved demand, excess power, fixed injection, of all buses."""
        d = self.data
        unserved, excess = np.zeros((d.count, self.steps)), np.zeros((d.count, self.steps))
        if d.may_lack.size:
            unserved[d.may_lack] = self.unserved.value
        if d.may_exceed.size:
            excess[d.may_exceed] = self.excess.value
        return {
            "demand_mw": self.demand.value,
            "unserved_mw": unserved,
            "excess_mw": excess,
            "fixed_injection_mw": every_step(d.fixed_mw, self.steps),
        }


def fixed_loads(case: Case) -> tuple[pd.DataFrame, Array]:
    """Loads that follow their profile, and their size without losses of the grid that the balance holds [MW].

    Controllable ones are dispatched like generators.
    """
    from gridopt.network.dispatchable import controllable, in_service

    load = case.net.load
    load = load.loc[in_service(case.net, "load") & ~controllable(load, "load")]
    size = (load["p_mw"] * load["scaling"].fillna(1.0)).to_numpy(float)
    return load, size * (1.0 - case.settings.line_loss_rate) if case.settings.has_losses else size


def at_least_drawn_mw(net: pandapowerNet, buses: pd.Index) -> Array:
    """Most that flexible loads and prosumers of each bus may be bound to draw (least power, ramps), (bus,) [MW]."""
    drawn = np.zeros(len(buses))
    loads, prosumers = net.flexible_load, net.prosumer
    own = prosumers["import_max_mw"].fillna(8.0 * prosumers["p_mw"] + prosumers["store_mw"])
    for rows, power in ((loads, loads["max_p_mw"]), (prosumers, own)):
        at = np.where(rows["in_service"].to_numpy(bool), buses.get_indexer(pd.Index(rows["bus"])), -1)
        np.add.at(drawn, at[at >= 0], power.to_numpy(float)[at >= 0])
    return drawn


def _where(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.flatnonzero(mask).astype(np.int64)


def _at_bus(position: NDArray[np.int64], n_bus: int) -> sp.csr_array:
    """Sum over elements at each bus, (bus, element); elements at buses out of service are left out."""
    at = np.flatnonzero(position >= 0)
    return sp.csr_array((np.ones(at.size), (position[at], at)), shape=(n_bus, position.size))
