"""CO2 of everything that burns, and its cap."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridopt.results.audit import flexible, generator, heat, renewable, thermal
from gridopt.results.audit.budget import Budget, share_of_year
from gridopt.results.audit.finding import Array, Check, Finding, equal
from gridopt.results.audit.view import MissingValuesError, View

CO2 = Check("CO2", "CO2 of the system is that of all its boilers, sources and plants", "t")

CHECKS = (CO2,)


def co2_t(view: View) -> Array:
    """CO2 of each step, (time,) [t]."""
    parts = (thermal.co2_t, generator.co2_t, renewable.co2_t, heat.co2_t, flexible.co2_t)
    return np.asarray(sum((part(view) for part in parts), start=np.zeros(view.steps)))


def audit(view: View) -> Iterator[Finding]:
    """CO2 of each step."""
    written = view.array("emission_co2_t", ("emission", "time"))
    if written.shape != (1, view.steps):
        raise MissingValuesError("emission_co2_t")
    yield equal(CO2, written, co2_t(view)[None, :], ["province"], view.time, size=np.abs(written).max(initial=0.0))


def budgets(view: View) -> Iterator[Budget]:
    """The cap on CO2."""
    cap = view.settings.policy.co2_cap_t
    if cap is not None:
        limit, price = cap * share_of_year(view), view.settings.prices.co2_breach_cny_per_t
        yield Budget("emission", "t", "most", limit, float(co2_t(view).sum()), price, "CO2 cap")
