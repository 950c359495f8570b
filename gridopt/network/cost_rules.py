"""Rules for ``poly_cost`` and ``pwl_cost``: what pandapower would misread or a convex dispatch can't hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gridopt.errors import Fault
from gridopt.network.costs import NEGATED, POLYNOMIAL, active_power_pwl, segments
from gridopt.network.dispatchable import DISPATCHED, controllable, in_service

if TYPE_CHECKING:
    from pandapower import pandapowerNet

Claimed = Mapping[str, set[int]]


def cost_faults(net: pandapowerNet, claimed: Claimed) -> list[Fault]:
    """All faults of the costs of active power; those of reactive power don't matter in DC."""
    faults = unknown_elements(net) + repeated_costs(net)
    if not faults:
        faults = idle_costs(net, claimed) + polynomial_faults(net) + piecewise_faults(net, claimed)
    return faults


def _cost_rows(net: pandapowerNet) -> list[tuple[str, pd.DataFrame]]:
    return [("poly_cost", net["poly_cost"]), ("pwl_cost", active_power_pwl(net))]


def unknown_elements(net: pandapowerNet) -> list[Fault]:
    """Costs of rows that don't exist or of tables that can't have costs."""
    faults = []
    for table, costs in _cost_rows(net):
        for row, et, element in zip(costs.index, costs["et"], costs["element"], strict=True):
            if et not in DISPATCHED and et != "dcline":
                message = f"a {et} can't have a cost"
                faults.append(Fault(table=table, row=str(row), column="et", message=message))
            elif element not in net[et].index:
                message = f"there is no {et} {element}"
                faults.append(Fault(table=table, row=str(row), column="element", message=message))
    return faults


def repeated_costs(net: pandapowerNet) -> list[Fault]:
    """Elements with more than one cost, of which pandapower would take any one."""
    parts = [costs[["et", "element"]].assign(table=table) for table, costs in _cost_rows(net)]
    rows = pd.concat(parts)
    repeated = rows[rows.duplicated(["et", "element"])]
    return [
        Fault(table=table, row=str(row), column="element", message=f"{et} {element} has a cost already")
        for row, et, element, table in repeated.itertuples()
    ]


def idle_costs(net: pandapowerNet, claimed: Claimed) -> list[Fault]:
    """Costs of elements in service that are not dispatched, which would be forgotten."""
    idle = {
        et: set(net[et].index[in_service(net, et) & ~controllable(net[et], et)]) - claimed.get(et, set())
        for et in DISPATCHED
        if et != "gen"
    }
    faults = []
    for table, costs in _cost_rows(net):
        given = costs[list(POLYNOMIAL)].ne(0.0).any(axis=1) if table == "poly_cost" else costs["et"].notna()
        for row, et, element in costs.loc[given, ["et", "element"]].itertuples():
            if element in idle.get(et, ()):
                message = f"{et} {element} is not controllable, so its cost would not count"
                faults.append(Fault(table=table, row=str(row), column="element", message=message))
    return faults


def polynomial_faults(net: pandapowerNet) -> list[Fault]:
    """Coefficients that are no numbers or make the cost concave."""
    faults = []
    costs = net["poly_cost"]
    for column in POLYNOMIAL:
        wrong = costs.index[~np.isfinite(costs[column].to_numpy(dtype=np.float64))]
        faults += [Fault(table="poly_cost", row=str(row), column=column, message="is not a number") for row in wrong]
    for row, et, cp2 in costs[["et", "cp2_eur_per_mw2"]].itertuples():
        message = ""
        if et in NEGATED and cp2 != 0.0:
            message = f"pandapower takes the quadratic cost of a {et} times −1: give a pwl_cost instead"
        elif cp2 < 0.0:
            message = "a quadratic cost must not be negative: the dispatch would not be convex"
        if message:
            faults.append(Fault(table="poly_cost", row=str(row), column="cp2_eur_per_mw2", message=message))
    return faults


def piecewise_faults(net: pandapowerNet, claimed: Claimed) -> list[Fault]:
    """Points that have gaps, fall back, or lie where the element never operates."""
    faults = []
    for row, et, element, points in active_power_pwl(net)[["et", "element", "points"]].itertuples():
        message = _points_fault(points, et)
        if not message and et in ("load", "storage") and element not in claimed.get(et, set()):
            message = _outside_fault(net[et].loc[element], points, et)
        if message:
            faults.append(Fault(table="pwl_cost", row=str(row), column="points", message=message))
    return faults


def _points_fault(points: object, et: str) -> str:
    """Why these points are no convex cost; empty if they are."""
    try:
        table = np.asarray(points, dtype=np.float64)
    except (TypeError, ValueError):
        return "must be a list of [lower MW, upper MW, cost per MWh]"
    if table.ndim != 2 or table.shape[1] != 3 or len(table) == 0 or not np.isfinite(table).all():
        return "must be a list of [lower MW, upper MW, cost per MWh]"
    piece = segments(table, -1.0 if et in NEGATED else 1.0)
    if (piece[:, 1] <= piece[:, 0]).any() or (piece[1:, 0] != piece[:-1, 1]).any():
        return "the pieces must follow each other without a gap, each from a lower to a higher power"
    if (np.diff(piece[:, 2]) < -1e-9 * np.abs(piece[:, 2]).max()).any():
        direction = "falling" if et in NEGATED else "rising"
        return f"the cost per MWh must be {direction} from piece to piece: the dispatch would not be convex"
    return ""


def _outside_fault(element: pd.Series, points: object, et: str) -> str:
    """Points of several pieces that lie outside the injections the row can take."""
    table = np.asarray(points, dtype=np.float64)
    lower, upper = -element.get("max_p_mw", np.nan), -element.get("min_p_mw", np.nan)
    if len(table) > 1 and (table[-2, 1] <= lower or table[0, 1] >= upper):
        return f"the powers of a {et} are injections to pandapower: between −max_p_mw and −min_p_mw"
    return ""
