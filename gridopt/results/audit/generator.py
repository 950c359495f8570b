"""Generators without commitment: limits, and costs as an ordinary optimal power flow reads them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from gridopt.results.audit.costs import Cost, cost_of
from gridopt.results.audit.entry import number, truth
from gridopt.results.audit.finding import Array, Check, Finding, at_most, worse
from gridopt.results.audit.view import Rows, View, rows_of

OUTPUT = Check("generator limits", "output of every generator without commitment lies between its limits", "MW")

CHECKS = (OUTPUT,)
# What is meant where the net gives no limit [MW].
_UNLIMITED_MW = 1e6


def limits_mw(view: View) -> tuple[Array, Array]:
    """Least and largest injection of every row, (element,) [MW]."""
    low, high = [], []
    for table, row in view.plain.places:
        data = view.case.net[table].loc[row]
        least, most = number(data.get("min_p_mw"), -np.inf), number(data.get("max_p_mw"), np.inf)
        if table == "dcline":
            least, most = _dcline_limits(data)
        elif table in ("load", "storage"):
            least, most = -most, -least
        elif table == "gen" and "controllable" in data and not bool(data["controllable"]):
            least = most = float(data["p_mw"])
        low.append(max(least, -_UNLIMITED_MW))
        high.append(min(most, _UNLIMITED_MW))
    return np.array(low), np.array(high)


def _dcline_limits(row: pd.Series) -> tuple[float, float]:
    """Of the power at the to bus: the limit holds for both ends, the larger one draws the loss too."""
    largest, loss = number(row.get("max_p_mw"), np.inf), float(row["loss_mw"])
    more = 1 + float(row["loss_percent"]) / 100
    if float(row["p_mw"]) > 0:
        return max(0.0, -loss / more), min(largest, (largest - loss) / more)
    return max(-largest, (-largest - loss) / more), min(0.0, -loss / more)


def audit(view: View) -> Iterator[Finding]:
    """All checks of generators without commitment."""
    rows = view.plain
    if not len(rows):
        return
    power = view.values("generator_p_mw", rows)
    low, high = (limit[:, None] for limit in limits_mw(view))
    yield worse(
        at_most(OUTPUT, power, high, rows.names, view.time),
        at_most(OUTPUT, low, power, rows.names, view.time),
    )


def _rows(view: View) -> Rows:
    """Rows whose cost counts as that of generators: without commitment the clusters too."""
    if view.committed or not len(view.thermal):
        return view.plain
    gen = view.case.net["gen"]
    both = [row for table, row in (*view.plain.places, *view.thermal.places) if table == "gen"]
    frames = view.plain.frames | {"gen": gen.loc[[row for row in gen.index if int(row) in set(both)]]}
    return rows_of("generator", frames)


def _cost(view: View, table: str, row: int) -> Cost:
    """Cost of a row, with what pandapower does to it."""
    net = view.case.net
    cost = cost_of(net, table, row)
    if len(net["pwl_cost"]):  # any piecewise cost in the net drops all constants
        cost = Cost(0.0, cost.c1, cost.c2, cost.lines)
    if not len(net["poly_cost"]) and not len(net["pwl_cost"]) and not _others_dispatched(view):
        cost = Cost(0.0, 1.0, 0.0)  # a net without any cost minimises what is injected
    return cost


def _others_dispatched(view: View) -> bool:
    """Whether other parts model rows that pandapower would dispatch too."""
    groups = [view.hydro, view.renewable, view.storage] + ([view.thermal] if view.committed else [])
    for table, row in (place for rows in groups for place in rows.places):
        data = view.case.net[table].loc[row]
        free = data.get("controllable")
        if table == "gen" and (free is None or bool(free)):
            return True
        if table != "gen" and truth(free):
            return True
    return False


def cost(view: View) -> dict[str, tuple[Array, Array]]:
    """Fuel and CO2, (time,) [CNY]."""
    rows, h = _rows(view), view.step_h
    if not len(rows):
        return {}
    power = view.values("generator_p_mw", rows)
    total = np.zeros(view.steps)
    rates = _co2_rates(view, rows) * view.settings.prices.co2_cny_per_t
    dcline = view.case.net["dcline"]
    for (table, row), series, carbon in zip(rows.places, power, rates, strict=True):
        of = _cost(view, table, row)
        if table == "dcline":
            # pandapower prices the injection at the from bus
            gain = -(1 + float(dcline.at[row, "loss_percent"]) / 100)
            sent = gain * series - float(dcline.at[row, "loss_mw"])
            none_given = not len(view.case.net["poly_cost"]) and not len(view.case.net["pwl_cost"])
            total += of.of(sent) + (series if none_given and of.c1 == 1.0 else 0.0)
        else:
            total += of.of(series)
        total += carbon * series
    return {"generator": (h * total, np.zeros(view.steps))}


def _co2_rates(view: View, rows: Rows) -> Array:
    """CO2 per output, (element,) [t/MWh]; grids, loads and lines have none."""
    rates = []
    for table, row in rows.places:
        frame = view.case.net[table]
        rate = frame.at[row, "co2_t_per_mwh"] if table in ("gen", "sgen") and "co2_t_per_mwh" in frame else 0.0
        rates.append(number(rate, 0.0))
    return np.array(rates)


def co2_t(view: View) -> Array:
    """CO2 of generators without commitment, clusters left out, (time,) [t]."""
    rows = view.plain
    if not len(rows):
        return np.zeros(view.steps)
    return np.asarray(view.step_h * (_co2_rates(view, rows) @ view.values("generator_p_mw", rows)))
