"""Reads generators without commitment from a case."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from gridopt.errors import Fault, InputError
from gridopt.model.algebra import every_step
from gridopt.model.claims import claimed, thermal_clusters
from gridopt.model.component import Array
from gridopt.model.demand import fixed_loads
from gridopt.model.generator import GeneratorData
from gridopt.model.labels import element_labels

if TYPE_CHECKING:
    from gridopt.case import Case
    from gridopt.network.dispatchable import Dispatchable
    from gridopt.network.matrices import DCNetwork

# A limit that the net does not give; far outside what any grid carries.
_UNLIMITED_MW = 1e6


def read_generators(case: Case, network: DCNetwork) -> GeneratorData | None:
    """Arrays of all dispatched rows that no other component claims, with clusters when commitment is off."""
    from gridopt.network.dispatchable import dispatchable

    taken = claimed(case) | {"load": set(fixed_loads(case)[0].index)}
    clusters = thermal_clusters(case)
    free = case.settings.unit_commitment == "off" and bool(clusters.any())
    if free:
        taken["gen"] -= set(case.net.gen.index[clusters])
    rows = dispatchable(case.net, claimed=taken)
    if not len(rows.element):
        return None
    if faults := list(_quadratic_faults(case, rows)):
        raise InputError(faults)
    steps = len(case.time)
    low = every_step(np.maximum(rows.min_p_mw, -_UNLIMITED_MW), steps)
    high = every_step(np.minimum(rows.max_p_mw, _UNLIMITED_MW), steps)
    labels, available = _labels(case, rows), np.full(low.shape, np.nan)
    if free:
        _uncommitted_limits(case, network, rows, low, high, available)
    co2_t_per_mwh = _co2_t_per_mwh(case, rows)
    return GeneratorData(
        labels=labels,
        rows=tuple(zip(rows.element.tolist(), rows.element_index.tolist(), strict=True)),
        nodes=_node_matrix(network, rows),
        min_mw=low,
        max_mw=high,
        cp0_cny_per_h=rows.cp0,
        cp1_cny_per_mwh=rows.cp1 + co2_t_per_mwh * case.settings.prices.co2_cny_per_t,
        cp2_cny_per_mw2h=rows.cp2,
        piece_of=rows.segment_row,
        piece_slope=rows.segment_slope,
        piece_intercept=rows.segment_intercept,
        co2_t_per_mwh=co2_t_per_mwh,
        available_units=available,
    )


def _quadratic_faults(case: Case, rows: Dispatchable) -> Iterator[Fault]:
    """Quadratic costs beside whole units: HiGHS has no search for such problems."""
    net = case.net
    whole = thermal_clusters(case).any() or any(
        len(net[table]) for table in ("storage", "demand_response", "flexible_load")
    )
    if case.settings.unit_commitment != "integer" or not whole:
        return
    costs = net.poly_cost
    for element, index in zip(rows.element[rows.cp2 != 0], rows.element_index[rows.cp2 != 0], strict=True):
        for row in costs.index[(costs["et"] == element) & (costs["element"] == index)]:
            message = (
                f"the cost of {element} {index} is quadratic, which can't be combined with unit_commitment: integer; "
                "give it as a pwl_cost"
            )
            yield Fault(case.name, "poly_cost", str(row), "cp2_eur_per_mw2", message)


def _node_matrix(network: DCNetwork, rows: Dispatchable) -> sp.csr_array:
    """Incidence (node, element); a DC line takes at its from bus what it gives at its to bus, and its loss."""
    from gridopt.network.matrices import bus_injection_matrix

    nodes = sp.csr_array(bus_injection_matrix(network, rows.bus))
    partner = np.flatnonzero(rows.partner_bus >= 0)
    if partner.size:
        at_partner = sp.csr_array(bus_injection_matrix(network, rows.partner_bus[partner]))
        gain = sp.csr_array(
            (rows.partner_gain[partner], (np.arange(partner.size), partner)),
            shape=(partner.size, len(rows.element)),
        )
        nodes = sp.csr_array(nodes + at_partner @ gain)
    return nodes


def _labels(case: Case, rows: Dispatchable) -> tuple[str, ...]:
    labels: list[str] = []
    for element in dict.fromkeys(rows.element.tolist()):
        table = case.net[element].loc[rows.element_index[rows.element == element]]
        labels += element_labels(element, table)
    elements = rows.element.tolist()
    return tuple(
        f"{label} ({element})" if labels.count(label) > 1 else label
        for label, element in zip(labels, elements, strict=True)
    )


def _uncommitted_limits(
    case: Case, network: DCNetwork, rows: Dispatchable, low: Array, high: Array, available: Array
) -> None:
    """Without commitment a cluster may run anywhere between its must-run part and its limit."""
    from gridopt.model.thermal_data import read_clusters

    clusters = read_clusters(case, network)
    if clusters is None:
        return
    position = {int(index): i for i, index in enumerate(case.net.gen.index[thermal_clusters(case)])}
    for row, (element, index) in enumerate(zip(rows.element, rows.element_index, strict=True)):
        if element == "gen" and int(index) in position:
            i = position[int(index)]
            must = clusters.must_run_units[i]
            available[row] = clusters.available_units[i]
            low[row] = clusters.min_mw[i] * must + clusters.heat_floor_mw[i]
            high[row] = clusters.max_mw[i] * clusters.available_units[i] - clusters.heat_cut_mw[i]


def _co2_t_per_mwh(case: Case, rows: Dispatchable) -> Array:
    rate = np.zeros(len(rows.element))
    for element in ("gen", "sgen"):
        table = case.net[element]
        if "co2_t_per_mwh" not in table:
            continue
        mine = rows.element == element
        rate[mine] = table["co2_t_per_mwh"].reindex(rows.element_index[mine]).fillna(0.0).to_numpy(float)
    return rate
