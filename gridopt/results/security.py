"""What the grid would carry after outages, in a compact form: of each branch and hour the outage that loads it most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from gridopt.model.component import Array
from gridopt.model.pole_limits import section_changes
from gridopt.network.contingencies import worst_after_outages
from gridopt.network.poles import PowerAtRisk
from gridopt.results.variable import variable

if TYPE_CHECKING:
    from gridopt.horizon.record import Record
    from gridopt.model.system import System


def outage_results(system: System, record: Record, flow_mw: Array, security_price: Array) -> xr.Dataset:
    """Loadings and prices of a run that looks at outages; nothing of one that does not.

    Parameters
    ----------
    system
        The system, with flows after outages and their limits.
    record
        The record of the horizon.
    flow_mw
        (branch, time) flows before any outage [MW].
    security_price
        (bus, time) part of the outages in the price of each bus [CNY/MWh].
    """
    outages = system.outages
    if outages is None:
        return xr.Dataset()
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
    return out.merge(_pole_results(system, outages.powers, record)) if outages.powers else out


def _pole_results(system: System, powers: Sequence[PowerAtRisk], record: Record) -> xr.Dataset:
    """What the loss of a pole takes and moves, and what it costs to be ready for it."""
    limits, nodes, mw = system.limits, system.network.n_node, record.power_at_risk_mw
    price = record.power_at_risk_price - limits.matrix[:, nodes:].T @ record.limit_price
    section = limits.matrix[limits.sections, :nodes]
    before = section @ record.injection_mw + limits.offset_mw[limits.sections, None]
    after = before + np.einsum("sp,pt->pst", section_changes(section, powers), mw)
    section_price = np.zeros(after.shape)
    section_price[limits.after_poles.power, limits.after_poles.section] = -record.limit_price[
        limits.first_after_poles :
    ]
    out = xr.Dataset(coords={"pole": _told_apart(tuple(power.name for power in powers))})
    for name, dims, values, units, meaning in (
        ("pole_lost_mw", ("pole", "time"), np.array([power.lost_pu for power in powers])[:, None] * mw, "MW",
         "power into the grid that the loss of the pole takes away (negative: out of it)"),
        ("pole_price_cny_per_mwh", ("pole", "time"), np.sign(mw) * price, "CNY/MWh",
         "saving, in limits after its loss, of one MW less through the element"),
        ("interface_flow_after_pole_mw", ("pole", "interface", "time"), after, "MW",
         "flow over the interface after the loss of the pole"),
        ("interface_pole_price_cny_per_mwh", ("pole", "interface", "time"), section_price, "CNY/MWh",
         "worth of one MW more limit of the interface after the loss of the pole"),
    ):  # fmt: skip
        out[name] = variable(dims, values, units, meaning)
    return out


def _told_apart(names: tuple[str, ...]) -> list[str]:
    """Names of outages; those that occur twice get their number."""
    return [f"{name} #{number}" if names.count(name) > 1 else name for number, name in enumerate(names)]
