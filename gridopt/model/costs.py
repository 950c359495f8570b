"""Costs of the rows that a component claims: linear in output, from ``poly_cost``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gridopt.errors import Fault, InputError
from gridopt.model.component import Array

if TYPE_CHECKING:
    import pandas as pd
    from pandapower import pandapowerNet


@dataclass(frozen=True)
class LinearCosts:
    """Costs of the rows of a table (element,): ``cp0`` [CNY/h] while in service, ``cp1`` [CNY/MWh]."""

    cp0: Array
    cp1: Array


def linear_costs(net: pandapowerNet, element: str, rows: pd.Index) -> LinearCosts:
    """Read linear costs; rows without any cost have none.

    Raises
    ------
    InputError
        For every row with a quadratic or piecewise cost.
    """
    poly = net.poly_cost[net.poly_cost["et"] == element].set_index("element").reindex(rows)
    pieces = net.pwl_cost[(net.pwl_cost["et"] == element) & (net.pwl_cost["power_type"] == "p")]
    curved = (poly["cp2_eur_per_mw2"].fillna(0.0) != 0).to_numpy() | rows.isin(pieces["element"])
    if curved.any():
        message = "this kind of element takes a linear cost only (cp2 = 0 and no pwl_cost)"
        raise InputError([Fault("", element, str(row), "cost", message) for row in rows[curved]])
    return LinearCosts(
        cp0=np.asarray(poly["cp0_eur"].fillna(0.0).to_numpy(float)),
        cp1=np.asarray(poly["cp1_eur_per_mw"].fillna(0.0).to_numpy(float)),
    )
