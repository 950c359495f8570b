"""Reads wind and solar sites from a case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridopt.model.budget import BudgetLimit
from gridopt.model.claims import SOLAR, WIND
from gridopt.model.component import Array
from gridopt.model.costs import linear_costs
from gridopt.model.labels import element_labels, table_rows
from gridopt.model.renewable import RenewableData
from gridopt.model.weather import available_mw, site_tables

if TYPE_CHECKING:
    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork


def read_sites(case: Case, network: DCNetwork) -> RenewableData | None:
    """Arrays of all rows of ``sgen`` and ``gen`` that follow the weather; their costs must be linear."""
    from gridopt.network.matrices import bus_injection_matrix

    settings = case.settings
    tables = site_tables(case)
    if not tables:
        return None
    costs = [linear_costs(case.net, element, table.index) for element, table in tables.items()]
    table = pd.concat(tables.values())
    rows = [row for element, part in tables.items() for row in table_rows(element, part)]
    labels = [label for element, part in tables.items() for label in element_labels(element, part)]
    own_price = table["curtailment_cost_cny_per_mwh"].to_numpy(float)
    general = 0.0 if case.plain else settings.curtailment_price_cny_per_mwh
    available = available_mw(case, table)
    co2 = table["co2_t_per_mwh"].fillna(0.0).to_numpy(float)
    price = np.where(np.isfinite(own_price), own_price, general)
    output_price = np.concatenate([cost.cp1 for cost in costs]) + settings.prices.co2_cny_per_t * co2
    # like rundcopp, which leaves constants out wherever the net has a piecewise cost
    constant = np.concatenate([cost.cp0 for cost in costs]) * (len(case.net.pwl_cost) == 0)
    capped = table["technology"].isin(WIND + SOLAR).to_numpy(bool)
    nodes = bus_injection_matrix(network, table["bus"].to_numpy())
    alike = pd.DataFrame(
        {
            "node": nodes.T @ np.arange(network.n_node),
            "region": case.net.bus.loc[table["bus"], "region"].to_numpy(),
            "price": price,
            "output_price": output_price,
            "co2": co2,
            "capped": capped,
        }
    )
    return RenewableData(
        labels=tuple(labels),
        rows=tuple(rows),
        nodes=nodes,
        available_mw=available,
        curtailment_cny_per_mwh=price,
        output_cny_per_mwh=output_price,
        standing_cny_per_h=constant,
        co2_t_per_mwh=co2,
        technology=tuple(table["technology"].astype(str)),
        is_capped=capped,
        pool=_pools(case, rows, alike) if settings.policy.curtailment_sharing == "pro_rata" else None,
        budgets=_cap(case, available[capped]),
    )


def _pools(case: Case, rows: list[tuple[str, int]], alike: pd.DataFrame) -> NDArray[np.int64]:
    """Number of the pool of each site: alike in all columns, of one pilot zone, and without a battery of its own."""
    member = case.net.pilot_member
    pilot = dict(zip(zip(member["element"], member["index"], strict=True), member["pilot"], strict=True))
    store = case.net.storage
    with_battery = set(store.loc[store["in_service"].astype(bool), "co_located_sgen"].dropna().astype(int))
    alike = alike.assign(
        pilot=[str(pilot.get(row, "")) for row in rows],
        alone=[i if element == "sgen" and row in with_battery else -1 for i, (element, row) in enumerate(rows)],
    )
    return np.asarray(alike.groupby(list(alike.columns), sort=False).ngroup().to_numpy(np.int64))


def _cap(case: Case, available_mw: Array) -> tuple[BudgetLimit, ...]:
    """Cap on the curtailed energy of the given sites."""
    rate = case.settings.policy.max_curtailment_rate
    if rate is None or not len(available_mw):
        return ()
    limit = rate * np.cumsum(available_mw.sum(axis=0)) * case.settings.step_h
    return (BudgetLimit("curtailed wind and solar", "MWh", "most", limit, case.settings.prices.rule_cny_per_mwh),)
