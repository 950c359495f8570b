"""What the grid would carry after outages, in a compact form: of each branch and hour the outage that loads it most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from gridopt.model.component import Array
from gridopt.network.contingencies import OutageFactors, worst_after_outages
from gridopt.results.variable import variable

if TYPE_CHECKING:
    from gridopt.horizon.record import Record


def outage_results(outages: OutageFactors, record: Record, flow_mw: Array, security_price: Array) -> xr.Dataset:
    """Loadings and prices of a run that looks at outages.

    Parameters
    ----------
    outages
        Flows after outages, and their limits.
    record
        The record of the horizon.
    flow_mw
        (branch, time) flows before any outage [MW].
    security_price
        (bus, time) part of the outages in the price of each bus [CNY/MWh].
    """
    flow, worst = worst_after_outages(outages, np.concatenate([flow_mw, record.power_at_risk_mw]))
    looked_at = worst[:, :1] >= 0
    limit = np.take_along_axis(outages.limit_mw, np.maximum(worst, 0), axis=1) if outages.count else flow
    loading = np.where(looked_at, np.abs(flow) / limit, np.nan)
    out = xr.Dataset(coords={"outage": _told_apart(outages.name)})
    left_out = ", ".join(outage.name for outage in outages.cut_off)
    for name, dims, values, units, meaning in (
        ("branch_emergency_limit_mw", ("branch",), outages.emergency_mw, "MW", "largest flow after an outage"),
        ("branch_outage_loading_pu", ("branch", "time"), loading, "1", "largest loading after any outage"),
        ("branch_outage_price_cny_per_mwh", ("branch", "time"), record.outage_price, "CNY/MWh",
         "worth of one MW more emergency limit, of all outages together"),
        ("bus_price_security_cny_per_mwh", ("bus", "time"), security_price, "CNY/MWh",
         "part of congestion that comes from limits after outages"),
    ):  # fmt: skip
        out[name] = variable(dims, values, units, meaning)
    meaning = "number of the outage that loads the branch most, from 0; -1: none has a limit"
    attributes = {"units": "1", "long_name": meaning, "left_out": left_out}
    out["branch_worst_outage"] = xr.Variable(("branch", "time"), worst.astype(np.int32), attributes)
    return out if not outages.powers else out.merge(_pole_results(outages, record))


def _pole_results(outages: OutageFactors, record: Record) -> xr.Dataset:
    """What the loss of a pole takes, and what it costs to be ready for it."""
    out = xr.Dataset(coords={"pole": _told_apart(tuple(power.name for power in outages.powers))})
    saved = np.sign(record.power_at_risk_mw) * record.power_at_risk_price
    lost = np.array([power.lost_pu for power in outages.powers])[:, None] * record.power_at_risk_mw
    for name, values, units, meaning in (
        ("pole_lost_mw", lost, "MW", "power into the grid that the loss of the pole takes away (negative: out of it)"),
        ("pole_price_cny_per_mwh", saved, "CNY/MWh",
         "saving, in limits after its loss, of one MW less through the element"),
    ):  # fmt: skip
        out[name] = variable(("pole", "time"), values, units, meaning)
    return out


def _told_apart(names: tuple[str, ...]) -> list[str]:
    """Names of outages; those that occur twice get their number."""
    return [f"{name} #{number}" if names.count(name) > 1 else name for number, name in enumerate(names)]
