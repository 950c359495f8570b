"""What is known of pumped hydro and batteries, read once for the whole horizon."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from gridopt.check.water import highest_price_cny_per_mwh
from gridopt.model.component import Array, ComponentData
from gridopt.model.costs import linear_costs
from gridopt.model.labels import element_labels, table_rows
from gridopt.model.reserve_product import read_products

if TYPE_CHECKING:
    import pandas as pd

    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork

Mask = NDArray[np.bool_]
_DAY_H = 24.0


@dataclass(frozen=True)
class Connection:
    """A wind or solar park that shares its connection with stores.

    Parameters
    ----------
    site
        Table and row of the park.
    members, own_only
        Positions of the stores behind it, and of those that may not charge from the grid.
    limit_mw
        Most that the connection carries either way.
    """

    site: tuple[str, int]
    members: NDArray[np.int64]
    own_only: NDArray[np.int64]
    limit_mw: float


@dataclass(frozen=True)
class StorageData(ComponentData):
    """Arrays (element,): power limits [MW], energy limits and start level [MWh], efficiencies [pu].

    Parameters
    ----------
    returns
        Stores that return to their start level.
    is_priced
        Whether what a store holds at the end of a window is worth something.
    machines
        Pumped hydro: units are counted where commitment is integer, and its inertia is that of the machines that run;
        all others give theirs at all times.
    exclusive
        Stores that must not charge and discharge at once.
    day_start_h
        Hour of the day at which the horizon begins.
    whole_days
        Whether all windows begin at that hour of the day.
    planned_worth_cny_per_mwh, planned_e_mwh
        (element, time) what a MWh held is worth, and what is held after each step, where a plan of the whole horizon
        tells it; None otherwise.
    """

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
    constant_cny_per_h: float
    max_cycles_per_day: Array
    returns: Mask
    is_priced: bool
    machines: Mask
    n_units: Array
    fixed_speed: Mask
    min_discharge_pu: Array
    exclusive: Mask
    emergency: Mask
    inertia_s: Array
    connections: tuple[Connection, ...]
    day_start_h: float
    whole_days: bool
    planned_worth_cny_per_mwh: Array | None = None
    planned_e_mwh: Array | None = None

    amounts: ClassVar[tuple[str, ...]] = (
        *("discharge_mw", "charge_mw", "min_e_mwh", "max_e_mwh", "start_e_mwh", "planned_e_mwh", "n_units"),
    )
    # read of counted units only, and those stand alone
    not_compared: ClassVar[tuple[str, ...]] = ("n_units", "fixed_speed", "min_discharge_pu")

    def alone(self) -> Mask:
        """Stores that share a connection, and those whose units are counted."""
        found = self.counted.copy()
        for each in self.connections:
            found[each.members] = True
        return found

    def renumbered(self, first: NDArray[np.int64], number: NDArray[np.int64]) -> dict[str, Any]:
        """Stores behind connections."""
        moved = ((each, number[each.members], number[each.own_only]) for each in self.connections)
        return {"connections": tuple(replace(each, members=a, own_only=b) for each, a, b in moved)}

    def kept_apart(self) -> Self:
        """Modes for every store that loses energy."""
        return replace(self, exclusive=self.exclusive | (self.eta_charge * self.eta_discharge < 1.0))

    @property
    def counted(self) -> Mask:
        """Stores whose units are counted."""
        return self.machines & self.integer


def read_storage(case: Case, network: DCNetwork) -> StorageData | None:
    """Arrays of all storage rows that are not left to the plain optimal power flow."""
    from gridopt.model.claims import energy_storage
    from gridopt.network.matrices import bus_injection_matrix

    table = case.net.storage.loc[energy_storage(case)]
    if table.empty:
        return None

    def numbers(column: str) -> Array:
        return np.asarray(table[column].to_numpy(float))

    def marks(column: str) -> Mask:
        return np.asarray(table[column].to_numpy(bool))

    end = case.settings.horizon.end_storage
    low, high = numbers("min_e_mwh"), numbers("max_e_mwh")
    costs = linear_costs(case.net, "storage", table.index)
    return StorageData(
        labels=element_labels("storage", table),
        rows=table_rows("storage", table),
        nodes=bus_injection_matrix(network, table["bus"].to_numpy()),
        products=read_products(case),
        integer=case.settings.unit_commitment == "integer",
        charge_mw=numbers("max_p_mw"),
        discharge_mw=-numbers("min_p_mw"),
        min_e_mwh=low,
        max_e_mwh=high,
        start_e_mwh=np.clip(numbers("soc_percent") / 100 * high, low, high),
        eta_charge=numbers("eta_charge"),
        eta_discharge=numbers("eta_discharge"),
        self_discharge_per_h=numbers("self_discharge_per_h"),
        wear_cny_per_mwh=numbers("throughput_cost_cny_per_mwh"),
        draw_cny_per_mwh=costs.cp1,
        # as in rundcopp, constants are left out of a net with any piecewise linear cost
        constant_cny_per_h=float(costs.cp0.sum()) * (len(case.net.pwl_cost) == 0),
        max_cycles_per_day=numbers("max_cycles_per_day"),
        returns=table["end"].isin(("cyclic", "fixed")).to_numpy(bool) | (end == "cyclic"),
        is_priced=end != "free",
        machines=(table["technology"] == "phs").to_numpy(bool),
        n_units=numbers("n_units"),
        fixed_speed=marks("fixed_speed"),
        min_discharge_pu=numbers("min_discharge_pu"),
        exclusive=marks("exclusive") | losing_pays(case, table),
        emergency=marks("emergency"),
        inertia_s=numbers("inertia_s"),
        connections=_connections(case, table),
        day_start_h=_first_hour(case),
        whole_days=_begin_at_one_hour(case),
    )


def losing_pays(case: Case, table: pd.DataFrame) -> Mask:
    """Stores that would be paid for losing energy at the highest price of curtailment in the case."""
    from gridopt.model.claims import renewables

    prices = [
        case.net[element].loc[renewables(case, element), "curtailment_cost_cny_per_mwh"].to_numpy(float)
        for element in ("sgen", "gen")
    ]
    own = np.concatenate(prices)
    if case.plain or not own.size:
        return np.zeros(len(table), dtype=bool)
    highest = np.where(np.isfinite(own), own, case.settings.curtailment_price_cny_per_mwh).max()
    return np.asarray(highest > highest_price_cny_per_mwh(table).to_numpy(float))


def _connections(case: Case, table: pd.DataFrame) -> tuple[Connection, ...]:
    """Shared connections; of several figures for one connection the smallest holds."""
    place = np.arange(len(table))
    site = table["co_located_sgen"].to_numpy(float)
    own_only = ~table["grid_charging"].to_numpy(bool)
    parks = case.net.sgen
    found = []
    for row in np.unique(site[np.isfinite(site)]).astype(int):
        behind = site == row
        size = float(parks.at[row, "max_p_mw"] * parks.at[row, "scaling"])
        stated = table["connection_mw"].to_numpy(float)[behind]
        limit = float(np.where(np.isfinite(stated), stated, size).min())
        found.append(Connection(("sgen", int(row)), place[behind], place[behind & own_only], limit))
    return tuple(found)


def _first_hour(case: Case) -> float:
    """Hour of the day at which the first step begins."""
    end = case.time[0]
    return float((end.hour + end.minute / 60 + end.second / 3600 - case.settings.step_h) % _DAY_H)


def _begin_at_one_hour(case: Case) -> bool:
    """Whether all windows begin at the same hour of the day."""
    horizon, step_h = case.settings.horizon, case.settings.step_h
    if horizon.mode == "monolithic":
        return True
    core_h = max(round(horizon.window_h / step_h), 1) * step_h
    return bool(np.isclose(core_h / _DAY_H, round(core_h / _DAY_H)))
