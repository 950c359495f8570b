r"""CO2 of the whole system, and its cap (formulation, section 2).

.. math:: m_t = \sum_{\text{components}} m^{CO2}_t, \qquad \sum_{t \in \text{year}} m_t \le M

Every component states its own CO2 (``co2_t``) and pays its own carbon price; here it is added up.  The cap
``policy.co2_cap_t`` is one of the year and scales with the horizon's share of it.  Window by window it is
allotted in step with the *net load* (demand less what wind and sun offer), as that is when fuel is burnt; what a
window saves is left to those after it.  A breach costs ``prices.co2_breach_cny_per_t``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

from gridopt.model.algebra import add_up
from gridopt.model.budget import BudgetLimit, by_weight, share_of_year
from gridopt.model.component import Array, Component, ComponentData, Output, Window, profile_rows
from gridopt.model.demand import fixed_loads
from gridopt.model.weather import offered_mw

if TYPE_CHECKING:
    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork


class Emission(Component[ComponentData]):
    """CO2 of all components together: one element."""

    name = "emission"
    outputs = (Output("emission_co2_t", "emission", "t", "CO2 of the step"),)

    @classmethod
    def read(cls, case: Case, network: DCNetwork) -> ComponentData:
        """One element, and the cap where there is one."""
        cap = case.settings.policy.co2_cap_t
        budgets = () if cap is None else (_cap(case, cap),)
        return ComponentData(labels=("province",), rows=(), nodes=sp.csr_array((network.n_node, 1)), budgets=budgets)

    def bind(self, window: Window) -> None:
        """Nothing of its own."""

    def join(self, parts: Mapping[str, Component[Any]], nodal_mw: cp.Expression) -> list[cp.Constraint]:
        """Add up the CO2 of the other components; no rows."""
        co2 = add_up(part.co2_t() for part in parts.values())
        self.co2 = cp.Constant(np.zeros(self.steps)) if co2 is None else co2
        return []

    def budget_use(self) -> list[cp.Expression]:
        """All CO2 counts for the cap."""
        return [self.co2] if self.data.budgets else []

    def results(self) -> dict[str, Array]:
        """CO2 of each step."""
        return {"emission_co2_t": np.asarray(self.co2.value, dtype=float).reshape(1, self.steps)}


def _cap(case: Case, cap_t: float) -> BudgetLimit:
    limit = by_weight(cap_t * share_of_year(case), _net_load_mw(case))
    return BudgetLimit("CO2 cap", "t", "most", limit, case.settings.prices.co2_breach_cny_per_t)


def _net_load_mw(case: Case) -> Array:
    """Demand less what wind and sun offer, not below zero, (time,) [MW]."""
    load, size = fixed_loads(case)
    net_load: Array = np.maximum(size @ profile_rows(case, load["profile"].tolist()) - offered_mw(case), 0.0)
    return net_load
