"""What a planner should know of a case that is no fault: data that nothing acts on yet, and prices that mislead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from gridopt.case import Case

# Columns that a net may fill and that no component reads, with the value that says nothing.
_UNREAD = (
    ("tie", "renewable_share_min", 0.0, "least share of renewable energy"),
    ("tie", "loss_pu", 0.0, "loss on the way"),
    ("tie", "steps_per_day", None, "limit of steps per day"),
    ("demand_response", "hours_per_event", None, "limit of hours per event"),
    ("demand_response", "hours_per_day", None, "limit of hours per day"),
    ("storage", "co_located_sgen", None, "shared connection with a wind or solar park"),
)


def remarks(case: Case) -> list[str]:
    """Remarks on a case, each one sentence."""
    return [*_unread(case), *_circles(case)]


def _unread(case: Case) -> list[str]:
    lines = []
    for table, column, empty, words in _UNREAD:
        rows = case.net[table]
        if column not in rows or rows.empty:
            continue
        values = pd.to_numeric(rows[column], errors="coerce")
        filled = values.notna() & (values != empty)
        if filled.any():
            names = ", ".join(rows.loc[filled, "name"].astype(str).head(3))
            lines.append(f"{table} {names}: the {words} is not modelled yet")
    if len(case.net.pilot_zone):
        names = ", ".join(case.net.pilot_zone["name"].astype(str))
        lines.append(f"pilot zones {names}: their rules are not modelled yet; their plants are part of the grid")
    return lines


def _circles(case: Case) -> list[str]:
    """Storage that is paid for losing energy: where a curtailed MWh costs more than wear, it runs in circles."""
    rows = case.net.storage[case.net.storage["in_service"].to_numpy(bool)]
    if case.plain or rows.empty:
        return []
    price = case.settings.curtailment_price_cny_per_mwh
    round_trip = (rows["eta_charge"] * rows["eta_discharge"]).astype(float)
    gain, wear = price * (1.0 - round_trip), rows["throughput_cost_cny_per_mwh"].astype(float) * round_trip
    paid = gain > wear
    if not paid.any():
        return []
    highest = float((wear / (1.0 - round_trip).where(round_trip < 1.0)).min())
    return [
        f"curtailment at {price:g} CNY/MWh pays {int(paid.sum())} storage(s) for losing energy: they may charge and "
        f"discharge at once and hide curtailment; up to {highest:.0f} CNY/MWh this can't happen"
    ]
