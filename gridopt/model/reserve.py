r"""Reserves: what all parts of the power system hold together, product by product (formulation, section 2).

.. math:: \sum_k r_{k,j,t} + r^{re}_{j,t} + s_{j,t} \ge R_{j,t}, \qquad 0 \le s_{j,t} \le R_{j,t}

with the requirement :math:`R` (:mod:`gridopt.model.reserve_product`), what each component :math:`k` holds for the
product :math:`j` (its own page says under which limits), and the shortfall :math:`s` at a price.  Wind and solar
can always be turned down: together they hold, for all products of spinning reserve down, at most what they
generate,

.. math:: \sum_j r^{re}_{j,t} \le \sum_i p_{i,t}.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

from gridopt.model.component import Array, Component, ComponentData, Output, Window
from gridopt.model.reserve_product import products_in_service, read_products
from gridopt.model.worth import ReducedCosts, of_upper, price

if TYPE_CHECKING:
    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork


@dataclass(frozen=True)
class ReserveData(ComponentData):
    """Requirement (element, time) [MW; inertia MW s], price of shortfall (element,) [CNY per MW or MW s, and h]."""

    requirement_mw: Array
    shortfall_cny_per_mwh: Array


class Reserve(Component[ReserveData]):
    """Requirement, provision and shortfall of every reserve product."""

    name = "reserve"
    outputs = (
        Output("reserve_requirement_mw", "reserve", "MW", "reserve required (inertia: MW s)"),
        Output("reserve_held_mw", "reserve", "MW", "reserve held (inertia: MW s)"),
        Output("reserve_shortfall_mw", "reserve", "MW", "reserve that is lacking (inertia: MW s)"),
    )

    worths = (
        Output("reserve_worth_cny_per_mw", "reserve", "CNY/MW", "saving of one MW less requirement (inertia: MW s)"),
    )

    def __init__(self, data: ReserveData, steps: int, step_h: float) -> None:
        super().__init__(data, steps, step_h)
        self.required = self.parameter(nonneg=True)
        self.shortfall = self.variable(0.0, self.required)
        self.turned_down: cp.Variable | None = None
        self.downward = np.array(
            [j for j, product in enumerate(data.products) if product.kind == "spinning" and product.direction == "down"]
        )

    @classmethod
    def read(cls, case: Case, network: DCNetwork) -> ReserveData | None:
        """Requirements of all products in service; None where there is none or reserves are switched off."""
        products = read_products(case)
        if not products:
            return None
        return ReserveData(
            labels=tuple(product.name for product in products),
            rows=tuple(("reserve_product", row) for row in products_in_service(case).index.astype(int)),
            nodes=sp.csr_array((network.n_node, len(products))),
            products=products,
            requirement_mw=np.stack([product.requirement_mw for product in products]),
            shortfall_cny_per_mwh=np.array([product.price_cny_per_mwh for product in products]),
        )

    def bind(self, window: Window) -> None:
        """Requirement of the window."""
        self.required.value = self.data.requirement_mw[:, window.span]

    def join(self, parts: Mapping[str, Component[Any]], nodal_mw: cp.Expression) -> list[cp.Constraint]:
        """What all components hold together; wind and solar hold what they generate."""
        rows: list[cp.Constraint] = []
        renewable = parts.get("renewable")
        if self.downward.size and renewable is not None:
            # as wide as the largest requirement: more would cover nothing
            most = self.data.requirement_mw[self.downward].max(axis=1)
            self.turned_down = self.variable(0.0, most, rows=self.downward.size)
            rows.append(cp.sum(self.turned_down, axis=0) <= cp.sum(renewable.power(), axis=0))
        self.held = cp.vstack([cp.reshape(each, (1, self.steps), order="F") for each in self._held(parts)])
        self.covered = self.held + self.shortfall >= self.required
        return rows

    def lazy_constraints(self) -> list[cp.Constraint]:
        """The requirement, which the plants that run mostly keep without being asked."""
        return [self.covered]

    def chosen_last(self) -> list[cp.Variable]:
        """Wind and solar that could be turned down."""
        return [] if self.turned_down is None else [self.turned_down]

    def _held(self, parts: Mapping[str, Component[Any]]) -> list[cp.Expression]:
        held = []
        for j, product in enumerate(self.data.products):
            offers = [part.reserve(product) for name, part in parts.items() if name != self.name]
            total: cp.Expression = cp.Constant(np.zeros(self.steps))
            for offer in offers:
                if offer is not None:
                    total = total + offer
            if self.turned_down is not None and j in self.downward:
                total = total + self.turned_down[int(np.flatnonzero(self.downward == j)[0])]
            held.append(total)
        return held

    def penalty(self) -> cp.Expression:
        """Price of shortfall."""
        return (self.data.shortfall_cny_per_mwh * self.step_h) @ self.shortfall

    def worth(self, reduced_costs: ReducedCosts, budget_price: Array) -> dict[str, Array]:
        """Price of the requirement; with it the most that may fall short, and be held by wind and solar, is less."""
        saved = price(self.covered) - of_upper(reduced_costs(self.shortfall))
        if self.turned_down is not None:
            saved[self.downward] -= of_upper(reduced_costs(self.turned_down))
        return {"reserve_worth_cny_per_mw": saved}

    def linear_outputs(self) -> dict[str, cp.Expression]:
        """Reserve that is lacking."""
        return {"reserve_shortfall_mw": self.shortfall}

    def results(self) -> dict[str, Array]:
        """Requirement, reserve held, shortfall."""
        return {
            "reserve_requirement_mw": self.required.value,
            "reserve_held_mw": np.asarray(self.held.value, dtype=float),
            "reserve_shortfall_mw": self.shortfall.value,
        }
