r"""Heat zones: the heat of a town and everything that serves it, in ``chp_mode: heat_zone`` (formulation, section 2).

.. math::
   \sum_{i \in \text{CHP}} h_{i,t} + \sum_{k \in \text{sources}} q_{k,t} + o_{z,t} - c_{z,t} + s_{z,t} - x_{z,t}
   &= H_{z,t}, \qquad 0 \le s_{z,t} \le H_{z,t},\; x_{z,t} \ge 0 \\
   e_{z,t} &= (1-\sigma\Delta)\,e_{z,t-1} + (c_{z,t} - o_{z,t})\,\Delta, \qquad
   0 \le c, o \le C,\; 0 \le e \le E

with the heat demand :math:`H` (peak times profile), heat into and out of the store :math:`c, o`, its level
:math:`e`, the shortfall :math:`s` at a price and the surplus :math:`x`, which costs nothing but its fuel: a
back-pressure plant may throw heat away.  Electricity may not be thrown away as heat (that would hide
curtailment):

.. math:: \sum_{k \in \text{electric}} q_{k,t} + o_{z,t} - c_{z,t} \le
   \max\big(H_{z,t}, \textstyle\sum_{k \in \text{electric}} Q^{min}_k\big)

**The end** (``horizon.end_storage``).  ``value`` and ``cyclic``: heat left at the end of a window is worth what
the zone's cheapest supplier would take for it, with :math:`\lambda` the energy price after the window: a source
its cost plus :math:`\lambda/\mathrm{COP}`, an extraction plant the power that it loses, :math:`c_v \lambda`, a
back-pressure plant its fuel less what its power earns.  That never pays for heat dearer than what can be had
later.  ``cyclic``: at the end of the horizon the store holds its start level again.  ``free``: nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.check.heat import ELECTRIC, heat_plants, peak_heat_mw
from gridopt.errors import Fault, InputError
from gridopt.model.algebra import add_up, places
from gridopt.model.claims import thermal_clusters
from gridopt.model.component import Array, Component, ComponentData, Output, State, Window, previous, profile_rows
from gridopt.model.heat_source import HeatSource, sources_in_service
from gridopt.model.labels import element_labels, table_rows

if TYPE_CHECKING:
    import pandas as pd

    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork

# Kept off what a store can only just reach, so that rounding at a seam never makes a window infeasible.
_SEAM_TOLERANCE_MWH = 1e-6


@runtime_checkable
class HeatSupplier(Protocol):
    """A component whose elements may serve heat zones, named by ``data.heat_zone`` ('' for none)."""

    data: Any

    def heat_mw(self) -> cp.Expression | None:
        """Heat of each element, (element, step) [MW]; None where none gives any."""


@dataclass(frozen=True)
class WorthOfHeat:
    """What heat costs at each supplier, (supplier,): ``base`` [CNY/MWh] plus ``slope`` times the energy price."""

    zone: np.ndarray[tuple[int], np.dtype[np.int64]]
    base: Array
    slope: Array

    def cheapest(self, zones: int, energy_price_cny_per_mwh: float) -> Array:
        """Price of the cheapest supplier of each zone, (zone,) [CNY/MWh]; 0 where there is none.

        Examples
        --------
        A boiler at 200 and an extraction plant that loses 0.15 MWh of power per MWh of heat:

        >>> worth = WorthOfHeat(np.array([0, 0]), np.array([200.0, 0.0]), np.array([0.0, 0.15]))
        >>> worth.cheapest(2, 400.0)
        array([60.,  0.])
        """
        price = np.full(zones, np.inf)
        np.minimum.at(price, self.zone, self.base + self.slope * energy_price_cny_per_mwh)
        cheapest: Array = np.where(np.isfinite(price), np.maximum(price, 0.0), 0.0)
        return cheapest


@dataclass(frozen=True)
class HeatZoneData(ComponentData):
    """Heat demand (element, time) [MW]; price of shortfall [CNY/MWh], store [MWh], [MW], [1/h], all (element,).

    Zones that may lack heat are those with a price of it (``may_lack``).

    ``least_electric_mw`` is the least heat of the electric sources, NaN in zones without any; ``store_mwh`` is 0
    where a zone has no store.
    """

    demand_mw: Array
    least_electric_mw: Array
    may_lack: NDArray[np.bool_]
    shortfall_cny_per_mwh: Array
    store_mwh: Array
    store_mw: Array
    store_start_mwh: Array
    store_loss_per_h: Array
    worth: WorthOfHeat
    end_storage: str


class HeatZone(Component[HeatZoneData]):
    """Heat balance and heat store of every zone."""

    name = "heat_zone"
    outputs = (
        Output("heat_demand_mw", "heat_zone", "MW", "heat demand"),
        Output("heat_store_in_mw", "heat_zone", "MW", "heat put into the store"),
        Output("heat_store_out_mw", "heat_zone", "MW", "heat taken out of the store"),
        Output("heat_store_mwh", "heat_zone", "MWh", "heat in the store at the end of the step"),
        Output("heat_shortfall_mw", "heat_zone", "MW", "heat demand that is not served"),
        Output("heat_excess_mw", "heat_zone", "MW", "heat beyond what the zone takes"),
    )

    def __init__(self, data: HeatZoneData, steps: int, step_h: float) -> None:
        super().__init__(data, steps, step_h)
        self.demand, self.most_short = self.parameter(nonneg=True), self.parameter(nonneg=True)
        self.shortfall = self.variable(0.0, self.most_short).set_label("heat that is not served")
        self.with_store = at = np.flatnonzero(data.store_mwh > 0)
        if at.size:
            self.fill = self.variable(0.0, data.store_mw[at], rows=at.size).set_label("filling of the heat store [MW]")
            self.draw = self.variable(0.0, data.store_mw[at], rows=at.size).set_label("emptying of the heat store [MW]")
            self.level = self.variable(0.0, data.store_mwh[at], rows=at.size).set_label("level of the heat store [MWh]")
            self.level_before, self.end_floor = cp.Parameter(at.size), cp.Parameter(at.size, nonneg=True)
            self.end_price = cp.Parameter(at.size, nonneg=True)
        self.with_electric = np.flatnonzero(np.isfinite(data.least_electric_mw))
        if self.with_electric.size:
            self.most_electric = self.parameter(self.with_electric.size, nonneg=True)

    @classmethod
    def read(cls, case: Case, network: DCNetwork) -> HeatZoneData | None:
        """Arrays of all heat zones; None unless zones are heated.

        Raises
        ------
        InputError
            For zones whose peak heat is neither given nor can be assumed, and plants that can't give heat.
        """
        settings, table = case.settings, case.net.heat_zone
        if settings.policy.chp_mode != "heat_zone" or table.empty:
            return None
        peak = peak_heat_mw(case.net).to_numpy(float)
        faults = [*_plant_faults(case), *_zone_faults(case, peak)]
        if faults:
            raise InputError(faults)
        size = table["store_mwh"].to_numpy(float)
        usual = settings.prices.heat_shortfall_cny_per_mwh
        price = table["shortfall_cny_per_mwh"].astype(float).fillna(np.nan if usual is None else usual).to_numpy()
        return HeatZoneData(
            labels=element_labels("heat_zone", table),
            rows=table_rows("heat_zone", table),
            nodes=sp.csr_array((network.n_node, len(table))),
            demand_mw=peak[:, None] * profile_rows(case, table["profile"].tolist()),
            least_electric_mw=_least_electric_mw(case, table["name"]),
            may_lack=np.isfinite(price),
            shortfall_cny_per_mwh=np.nan_to_num(price),
            store_mwh=size,
            store_mw=table["store_mw"].to_numpy(float),
            store_start_mwh=table["store_start_pu"].to_numpy(float) * size,
            store_loss_per_h=table["store_loss_per_h"].to_numpy(float),
            worth=_worth_of_heat(case, tuple(table["name"])),
            end_storage=settings.horizon.end_storage,
        )

    def initial_state(self) -> State:
        """Heat in the stores at the start of the horizon [MWh]."""
        return {"level_mwh": self.data.store_start_mwh[self.with_store]}

    def bind(self, window: Window) -> None:
        """Heat demand; level of the stores before, and what they must hold or are worth at the end."""
        d, at = self.data, self.with_store
        self.demand.value = d.demand_mw[:, window.span]
        most_short = self.demand.value.copy()
        if at.size:
            self.level_before.value = before = window.state[self.name]["level_mwh"]
            returns = window.last and d.end_storage == "cyclic"
            self.end_floor.value = self._floor_mwh(before) if returns else np.zeros(at.size)
            priced = not returns and d.end_storage != "free"
            worth = d.worth.cheapest(d.count, max(window.energy_price_cny_per_mwh, 0.0))[at]
            self.end_price.value = worth if priced else np.zeros(at.size)
            if returns:  # heat may also be short of refilling the store: that keeps the window feasible
                most_short[at] += d.store_mw[at][:, None]
        if self.with_electric.size:
            least = d.least_electric_mw[self.with_electric][:, None]
            self.most_electric.value = np.maximum(self.demand.value[self.with_electric], least)
        self.most_short.value = most_short * d.may_lack[:, None]

    def _floor_mwh(self, before_mwh: Array) -> Array:
        """Start level of the horizon, or what is reached by filling at full power throughout [MWh]."""
        d, h, at = self.data, self.step_h, self.with_store
        kept = (1 - d.store_loss_per_h[at] * h)[:, None] ** np.arange(self.steps + 1)
        reached = before_mwh * kept[:, -1] + d.store_mw[at] * h * kept[:, :-1].sum(axis=1) - _SEAM_TOLERANCE_MWH
        floor: Array = np.clip(reached, 0.0, d.store_start_mwh[at])
        return floor

    def constraints(self) -> list[cp.Constraint]:
        """State equation and end of the stores."""
        if not self.with_store.size:
            return []
        kept = (1 - self.data.store_loss_per_h[self.with_store] * self.step_h)[:, None]
        before = cp.multiply(kept, previous(self.level_before, self.level))
        return [
            (self.level == before + self.step_h * (self.fill - self.draw)).set_label("content of the heat store [MWh]"),
            (self.level[:, -1] >= self.end_floor).set_label("end level of the heat store [MWh]"),
        ]

    def join(self, parts: Mapping[str, Component[Any]], nodal_mw: cp.Expression) -> list[cp.Constraint]:
        """Heat balance, and electric heat is used."""
        given = []
        for part in parts.values():
            heat = part.heat_mw() if isinstance(part, HeatSupplier) else None
            if heat is not None:
                given.append(_sum_by_zone(self.data.labels, part.data.heat_zone) @ heat)
        heat = add_up(given)
        self._given = cp.Constant(np.zeros((self.data.count, self.steps))) if heat is None else heat
        from_store = self._from_store()
        rows = [(self._given + from_store + self.shortfall >= self.demand).set_label("heat demand [MW]")]
        source = parts.get("heat_source")
        if isinstance(source, HeatSource) and self.with_electric.size:
            electric = np.flatnonzero(source.data.is_electric)
            zone_of = _sum_by_zone(self.data.labels, [source.data.heat_zone[i] for i in electric])
            use = (zone_of @ source.heat[electric] + from_store)[self.with_electric]
            rows.append((use <= self.most_electric).set_label("electric heat that the zone can use [MW]"))
        return rows

    def _from_store(self) -> cp.Expression:
        """Heat that the stores give less what they take, (element, step) [MW]."""
        if not self.with_store.size:
            return cp.Constant(np.zeros((self.data.count, self.steps)))
        return places(self.with_store, self.data.count) @ (self.draw - self.fill)

    def penalty(self) -> cp.Expression:
        """Price of heat that is not served."""
        return (self.data.shortfall_cny_per_mwh * self.step_h) @ self.shortfall

    def end_value(self) -> cp.Expression | None:
        """Heat left in the stores, worth what the cheapest supplier would take for it."""
        return self.end_price @ self.level[:, -1] if self.with_store.size else None

    def state(self, step: int) -> State:
        """Heat in the stores after a step [MWh], inside their limits."""
        if not self.with_store.size:
            return {"level_mwh": np.zeros(0)}
        return {"level_mwh": np.clip(self.level.value[:, step - 1], 0.0, self.data.store_mwh[self.with_store])}

    def linear_outputs(self) -> dict[str, cp.Expression]:
        """Heat that is lacking."""
        return {"heat_shortfall_mw": self.shortfall}

    def results(self) -> dict[str, Array]:
        """Demand, store, shortfall and surplus of all zones."""
        none = np.zeros((self.data.count, self.steps))
        fill, draw, level = none, none, none
        if self.with_store.size:
            place = places(self.with_store, self.data.count)
            fill, draw, level = (place @ part.value for part in (self.fill, self.draw, self.level))
        short, demand = self.shortfall.value, self.demand.value
        return {
            "heat_demand_mw": demand,
            "heat_store_in_mw": fill,
            "heat_store_out_mw": draw,
            "heat_store_mwh": level,
            "heat_shortfall_mw": short,
            "heat_excess_mw": np.maximum(self._given.value + draw - fill + short - demand, 0.0),
        }


def _sum_by_zone(zones: Sequence[str], zone_of: Sequence[str]) -> sp.csr_array:
    """Matrix that sums elements by zone, (zone, element); elements of no zone fall out."""
    number = {zone: i for i, zone in enumerate(zones)}
    at = [(number[zone], j) for j, zone in enumerate(zone_of) if zone in number]
    row, column = zip(*at, strict=True) if at else ((), ())
    return sp.csr_array((np.ones(len(at)), (row, column)), shape=(len(zones), len(zone_of)))


def _least_electric_mw(case: Case, zones: pd.Series) -> Array:
    """Least heat of each zone's electric sources, (zone,) [MW]; NaN in zones without any."""
    table = sources_in_service(case)
    electric = table[table["kind"].isin(ELECTRIC)]
    least = electric["min_heat_mw"].astype(float).groupby(electric["heat_zone"]).sum()
    return np.asarray(zones.map(least).to_numpy(float))


def _worth_of_heat(case: Case, zones: Sequence[str]) -> WorthOfHeat:
    """What the suppliers of the zones take for a MWh of heat."""
    number = {zone: i for i, zone in enumerate(zones)}
    carbon = case.settings.prices.co2_cny_per_t
    source, plant = sources_in_service(case), heat_plants(case.net)
    electric = source["kind"].isin(ELECTRIC).to_numpy()
    fuel = _lowest_fuel_cny_per_mwh(case, plant.index) + carbon * plant["co2_t_per_mwh"].to_numpy(float)
    c_m, back_pressure = plant["c_m"].to_numpy(float), (plant["chp_kind"] == "back_pressure").to_numpy()
    boiler_load = c_m + 1.0 / plant["eta_heat"].to_numpy(float)
    return WorthOfHeat(
        zone=np.array([number[zone] for zone in [*source["heat_zone"], *plant["heat_zone"]]], dtype=np.int64),
        base=np.concatenate(
            [
                (source["cost_cny_per_mwh"] + carbon * source["co2_t_per_mwh"]).to_numpy(float),
                np.where(back_pressure, fuel * boiler_load, 0.0),
            ]
        ),
        slope=np.concatenate(
            [
                np.where(electric, 1.0 / source["cop"].to_numpy(float), 0.0),
                np.where(back_pressure, -c_m, plant["c_v"].fillna(0.0).to_numpy(float)),
            ]
        ),
    )


def _lowest_fuel_cny_per_mwh(case: Case, rows: pd.Index) -> Array:
    """Fuel of the first MWh of boiler load of rows of ``gen``, (row,) [CNY/MWh]; convex costs only rise from there."""
    from gridopt.network.costs import active_power_pwl

    poly, pieces = case.net.poly_cost, active_power_pwl(case.net)
    linear = poly[poly["et"] == "gen"].set_index("element")["cp1_eur_per_mw"].reindex(rows).fillna(0.0)
    points = pieces[pieces["et"] == "gen"].set_index("element")["points"].reindex(rows).dropna()
    slope = points.map(lambda table: np.asarray(table, dtype=float).reshape(-1, 3)[0, 2]).astype(float)
    return np.asarray(slope.reindex(rows).fillna(linear).to_numpy(float))


def _plant_faults(case: Case) -> list[Fault]:
    """CHP plants of a zone that are no committable clusters: only those give heat."""
    gen = case.net.gen
    idle = set(heat_plants(case.net).index) - set(gen.index[thermal_clusters(case)])
    message = "only a committable plant gives heat with policy.chp_mode 'heat_zone'"
    return [Fault(case.name, "gen", repr(str(gen.at[row, "name"])), "committable", message) for row in sorted(idle)]


def _zone_faults(case: Case, peak_mw: Array) -> list[Fault]:
    """Zones whose peak heat is unknown."""
    message = "policy.chp_mode 'heat_zone' needs the peak heat: no CHP plant serves the zone to assume it from"
    unknown = case.net.heat_zone.loc[~np.isfinite(peak_mw), "name"]
    return [Fault(case.name, "heat_zone", repr(str(zone)), "p_mw", message) for zone in unknown]
