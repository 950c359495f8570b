r"""Pilot zones: source, grid, load and storage as one customer of the grid (formulation, section 2).

All members of a zone sit on one bus behind its meter.  What crosses the meter is the net injection of that bus:

.. math:: e_t - i_t = q_{bus,t}, \qquad 0 \le e_t \le \overline E, \quad 0 \le i_t \le \overline I

With the generation :math:`g_t` of the members, the available generation :math:`a_t` and the load :math:`l_t`, over
the year

.. math::
   \sum e\Delta \le \alpha \sum a\Delta, \qquad
   \sum (g - e)\Delta \ge \beta \sum a\Delta, \qquad
   \sum (g - e)\Delta \ge \gamma \sum l\Delta

(``feed_in_max``, ``self_use_min``, ``self_supply_min``), each a budget with a priced breach.  Available is what
the weather offers, also where it is curtailed; of a plant that is dispatched it is what it generates, so its
output :math:`p` stands on the left: :math:`\sum (e - \alpha p) \le \alpha \sum a^{weather}`.  Unless
``storage_exports``, the zone feeds in no more than it generates in the same hour, :math:`e_t \le g_t`: its storage
can't resell energy of the grid.

**Never both ways at once.**  More of :math:`e` and :math:`i` together breaks rules and saves nothing.  So no whole
numbers are needed: what a solution holds of both is taken off both, which changes no cost and helps every rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

from gridopt.model.algebra import every_step
from gridopt.model.budget import BudgetLimit, corridor_least
from gridopt.model.component import Array, Component, ComponentData, Output, Window, profile_rows
from gridopt.model.labels import element_labels, table_rows
from gridopt.model.weather import available_mw, site_tables

if TYPE_CHECKING:
    import pandas as pd

    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork

# Where no cap is given; more than any zone, small enough for the solver [MW].
_ANY_MW = 1e5

Members = tuple[frozenset[tuple[str, int]], ...]


@dataclass(frozen=True)
class Rule:
    """A rule of the year: weights of export, generation and dispatched output of a zone in what its budget counts."""

    zone: int
    of_export: float
    of_generation: float
    of_dispatched: float


@dataclass(frozen=True)
class PilotData(ComponentData):
    """Arrays of all zones.

    Parameters
    ----------
    members
        Of each zone, its rows of the net, each (table, row).
    import_max_mw, export_max_mw
        (element,) caps of the exchange [MW].
    available_mw, load_mw, fixed_mw
        (element, time) generation that the weather offers (fixed generation included), load, and the part of
        the generation that is fixed [MW].
    resells
        (element,) whether storage may feed in energy of the grid.
    rules
        What each budget counts, in the order of the budgets.
    """

    members: Members
    import_max_mw: Array
    export_max_mw: Array
    available_mw: Array
    load_mw: Array
    fixed_mw: Array
    resells: NDArray[np.bool_]
    rules: tuple[Rule, ...]


class Pilot(Component[PilotData]):
    """Exchange of every pilot zone with the grid."""

    name = "pilot"
    outputs = (
        Output("pilot_import_mw", "pilot", "MW", "power taken from the grid"),
        Output("pilot_export_mw", "pilot", "MW", "power fed into the grid"),
        Output("pilot_generation_mw", "pilot", "MW", "generation of the members"),
        Output("pilot_available_mw", "pilot", "MW", "generation that the members could have given"),
        Output("pilot_load_mw", "pilot", "MW", "load of the members, before response"),
    )

    def __init__(self, data: PilotData, steps: int, step_h: float) -> None:
        super().__init__(data, steps, step_h)
        self.exported = self.variable(0.0, data.export_max_mw).set_label("feed-in of the zone [MW]")
        self.imported = self.variable(0.0, data.import_max_mw).set_label("draw of the zone [MW]")
        self.fixed = self.parameter()

    @classmethod
    def read(cls, case: Case, network: DCNetwork) -> PilotData | None:
        """Arrays of all zones; None where they keep no rules."""
        from gridopt.network.matrices import bus_injection_matrix

        zones = case.net.pilot_zone
        if not case.settings.policy.pilots or zones.empty:
            return None
        members = _members(case, zones)
        fixed = _fixed_generation_mw(case, members)
        available = fixed + _weather_mw(case, members)
        load = _load_mw(case, members)
        labels = element_labels("pilot_zone", zones)
        rules, budgets = _rules(case, zones, labels, available, load)
        return PilotData(
            labels=labels,
            rows=table_rows("pilot_zone", zones),
            nodes=bus_injection_matrix(network, zones["bus"].to_numpy()),
            budgets=budgets,
            members=members,
            import_max_mw=zones["import_max_mw"].fillna(_ANY_MW).to_numpy(float),
            export_max_mw=zones["export_max_mw"].fillna(_ANY_MW).to_numpy(float),
            available_mw=available,
            load_mw=load,
            fixed_mw=fixed,
            resells=zones["storage_exports"].to_numpy(bool),
            rules=rules,
        )

    def bind(self, window: Window) -> None:
        """Fixed generation of the window."""
        self._span = window.span
        self.fixed.value = self.data.fixed_mw[:, window.span]

    def join(self, parts: Mapping[str, Component[Any]], nodal_mw: cp.Expression) -> list[cp.Constraint]:
        """Exchange is the net injection of the zone's bus; storage sells nothing that the zone did not generate."""
        generation: cp.Expression = self.fixed
        dispatched: cp.Expression | None = None
        for name, part in parts.items():
            inside = _incidence(self.data.members, part.data.rows)
            if not inside.any():
                continue
            power = inside @ part.data.by_row(part.power())
            generation = generation + power
            if name != "renewable":
                dispatched = power if dispatched is None else dispatched + power
        self.generation, self.dispatched = generation, dispatched
        exchange = self.exported - self.imported == self.data.nodes.T @ nodal_mw
        rows: list[cp.Constraint] = [exchange.set_label("exchange of the zone")]
        own = np.flatnonzero(~self.data.resells)
        if own.size:
            rows.append((self.exported[own] <= self.generation[own]).set_label("feed-in from own generation [MW]"))
        return rows

    def budget_use(self) -> list[cp.Expression]:
        """What each rule counts [MWh]."""
        use = []
        for rule in self.data.rules:
            energy = rule.of_export * self.exported[rule.zone]
            if rule.of_generation:
                energy = energy + rule.of_generation * self.generation[rule.zone]
            if rule.of_dispatched and self.dispatched is not None:
                energy = energy + rule.of_dispatched * self.dispatched[rule.zone]
            use.append(self.step_h * energy)
        return use

    def tidy(self) -> None:
        """Take import and export at once off each other."""
        both = np.minimum(self.exported.value, self.imported.value)
        if (both > 0).any():
            self.exported.value, self.imported.value = self.exported.value - both, self.imported.value - both

    def results(self) -> dict[str, Array]:
        """Exchange, generation, available generation, load."""
        d, span = self.data, self._span
        available = d.available_mw[:, span]
        if self.dispatched is not None:
            available = available + np.asarray(self.dispatched.value, dtype=float)
        return {
            "pilot_import_mw": self.imported.value,
            "pilot_export_mw": self.exported.value,
            "pilot_generation_mw": np.asarray(self.generation.value, dtype=float),
            "pilot_available_mw": available,
            "pilot_load_mw": d.load_mw[:, span],
        }


def _incidence(members: Members, rows: tuple[tuple[str, int], ...]) -> Array:
    """Which generating rows of a component belong to which zone, (zone, row)."""
    plants = [row if row[0] in ("gen", "sgen") else ("", -1) for row in rows]
    return np.array([[float(row in zone) for row in plants] for zone in members])


def _members(case: Case, zones: pd.DataFrame) -> Members:
    """Rows of each zone that are in service."""
    from gridopt.network.dispatchable import in_service

    net = case.net
    live = {
        (table, int(row))
        for table in ("gen", "sgen", "storage", "load")
        for row in net[table].index[in_service(net, table)]
    }
    table = net.pilot_member
    pairs = list(zip(table["element"].astype(str), table["index"].astype(int), strict=True))
    return tuple(
        frozenset(pair for pair, zone in zip(pairs, table["pilot"], strict=True) if zone == name and pair in live)
        for name in zones["name"]
    )


def _weather_mw(case: Case, members: Members) -> Array:
    """What the weather offers to each zone, (zone, time) [MW]."""
    offered = np.zeros((len(members), len(case.time)))
    for element, table in site_tables(case).items():
        offered += _incidence(members, table_rows(element, table)) @ available_mw(case, table)
    return offered


def _fixed_generation_mw(case: Case, members: Members) -> Array:
    """Generation that nothing dispatches, (zone, time) [MW]."""
    from gridopt.model.claims import claimed
    from gridopt.network.dispatchable import dispatchable

    rest = dispatchable(case.net, claimed=claimed(case))
    rows = tuple(zip(rest.fixed_element.astype(str), rest.fixed_index.astype(int), strict=True))
    fixed = _incidence(members, rows) @ rest.fixed_mw if rows else np.zeros(len(members))
    return every_step(fixed, len(case.time))


def _load_mw(case: Case, members: Members) -> Array:
    """Load of each zone, (zone, time) [MW]."""
    from gridopt.model.demand import fixed_loads

    load, size = fixed_loads(case)
    inside = np.array([[float(("load", int(row)) in zone) for row in load.index] for zone in members])
    mw: Array = inside.reshape(len(members), -1) @ (size[:, None] * profile_rows(case, load["profile"].tolist()))
    return mw


def _rules(
    case: Case, zones: pd.DataFrame, labels: tuple[str, ...], available: Array, load: Array
) -> tuple[tuple[Rule, ...], tuple[BudgetLimit, ...]]:
    """Rules of the year that demand something; those with a share of 0 (or 1 for the feed-in) do not."""
    step_h, price = case.settings.step_h, case.settings.prices.rule_cny_per_mwh
    rules, budgets = [], []
    for z, (label, zone) in enumerate(zip(labels, zones.to_dict("records"), strict=True)):
        fed, used, supplied = (float(zone[c]) for c in ("feed_in_max", "self_use_min", "self_supply_min"))
        if fed < 1:
            limit = fed * step_h * np.cumsum(available[z])
            rules.append(Rule(z, 1.0, 0.0, -fed))
            budgets.append(BudgetLimit(f"{label}: fed into the grid", "MWh", "most", limit, price))
        if used > 0:
            limit = corridor_least(used * step_h * float(available[z].sum()), available[z], step_h)
            rules.append(Rule(z, -1.0, 1.0, -used))
            budgets.append(BudgetLimit(f"{label}: own generation used within", "MWh", "least", limit, price))
        if supplied > 0:
            limit = corridor_least(supplied * step_h * float(load[z].sum()), load[z], step_h)
            rules.append(Rule(z, -1.0, 1.0, 0.0))
            budgets.append(BudgetLimit(f"{label}: load served from within", "MWh", "least", limit, price))
    return tuple(rules), tuple(budgets)
