"""What one unit more of a capacity saves over the horizon, read from the duals of the solved windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from gridopt.model.component import Array, Output

if TYPE_CHECKING:
    from gridopt.horizon.record import Record
    from gridopt.model.system import System


def worth_of_capacity(system: System, record: Record) -> xr.Dataset:
    """Worth of one unit more of every capacity, element by element.

    Parameters
    ----------
    system
        The system that was solved.
    record
        What its windows left behind.

    Returns
    -------
    xr.Dataset
        One variable (element,) for each kind of capacity [CNY/MW or CNY/MWh, over the horizon]; NaN for elements
        that have no such capacity.
    """
    by_name: dict[str, tuple[Output, list[Array]]] = {}
    for kind, _ in system.parts:
        for each in kind.worths:
            by_name.setdefault(each.name, (each, []))
    for name, (output, blocks) in by_name.items():
        for kind, data in system.parts:
            if kind.outputs[0].dimension == output.dimension:
                missing = np.full((len(data.labels), 1), np.nan)
                blocks.append(record.worth[kind.name].get(name, missing).sum(axis=1))
    out = {
        name: _variable(output.dimension, np.concatenate(blocks), output.units, output.long_name)
        for name, (output, blocks) in by_name.items()
    }
    # limits of the network have their price in every hour, whichever way they bind
    limits = np.abs(record.limit_price).sum(axis=1) * system.step_h
    branches, sections = system.limits.branch, len(system.limits.interface)
    branch = np.zeros(system.network.n_branch)
    branch[branches] = limits[: branches.size]
    interface = limits[branches.size : branches.size + sections]
    out["branch_worth_cny_per_mw"] = _variable("branch", branch, "CNY/MW", "saving of one MW more limit both ways")
    out["interface_worth_cny_per_mw"] = _variable("interface", interface, "CNY/MW", "saving of one MW more limit")
    return xr.Dataset(out)


def _variable(dimension: str, values: Array, units: str, meaning: str) -> xr.Variable:
    return xr.Variable((dimension,), values, {"units": units, "long_name": f"{meaning}, over the horizon"})
