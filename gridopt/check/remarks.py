"""What a planner should know of a case that is no fault: assumptions made, and prices that mislead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gridopt.check.heat import heat_remarks
from gridopt.check.security import security_remarks
from gridopt.check.water import highest_price_cny_per_mwh

if TYPE_CHECKING:
    from gridopt.case import Case


def remarks(case: Case) -> list[str]:
    """Remarks on a case, each one sentence."""
    return [*_commitment(case), *heat_remarks(case), *security_remarks(case), *_response(case), *_circles(case)]


def _commitment(case: Case) -> list[str]:
    """What plants say of ramps and minimum times in a run that commits no units."""
    columns = ["ramp_up_mw_per_h", "ramp_down_mw_per_h", "min_up_h", "min_down_h", "start_cost_cny"]
    gen = case.net.gen[case.net.gen["in_service"].to_numpy(bool)]
    if case.settings.unit_commitment != "off":
        return []
    given = gen[columns].apply(lambda column: column.notna() & (column != 0)).any(axis=1)
    if not given.any():
        return []
    return [
        f"unit_commitment = off: ramps, minimum times and start costs of {int(given.sum())} generator(s) are not used"
    ]


def _response(case: Case) -> list[str]:
    """Programs whose hours and calls a run without whole units can only count as equivalent full hours."""
    columns = ["hours_per_year", "calls_per_year", "hours_per_event", "hours_per_day", "rest_h"]
    rules = case.net.demand_response[columns]
    settings = case.settings
    if settings.unit_commitment == "integer" or settings.policy.dr_mode != "economic" or rules.isna().all(axis=None):
        return []
    return [
        "demand response: without whole units its hours are equivalent full hours, calls count as hours, rest is free"
    ]


def _circles(case: Case) -> list[str]:
    """Storage that would be paid for losing energy: where a curtailed MWh costs more than wear."""
    rows = case.net.storage[case.net.storage["in_service"].to_numpy(bool)]
    if case.plain or rows.empty:
        return []
    price, highest = case.settings.curtailment_price_cny_per_mwh, highest_price_cny_per_mwh(rows)
    paid = price > highest
    if not paid.any():
        return []
    return [
        f"curtailment at {price:g} CNY/MWh would pay {int(paid.sum())} storage(s) for losing energy: their charging "
        f"and discharging are kept apart, which takes longer; up to {highest.min():.0f} CNY/MWh this can't happen"
    ]
