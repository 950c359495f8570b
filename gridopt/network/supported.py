"""What a pandapower net may hold that gridopt does not model: refused by name, never silently dropped.

``unsupported`` applies every rule and reports all faults at once. A rule is a small function of the net that
returns its faults, one per table (or per cost row), with the row labels in question.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridopt.errors import Fault
from gridopt.network.cost_rules import cost_faults
from gridopt.network.dispatchable import DISPATCHED, controllable, in_service
from gridopt.network.ratings import branch_limits_mw

if TYPE_CHECKING:
    from pandapower import pandapowerNet

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
Claimed = Mapping[str, set[int]]

#: Tables that can't be modelled while a row is in service, and why.
UNMODELLED = {
    "asymmetric_load": "pandapower's DC functions leave unbalanced loads out: give it as a load",
    "asymmetric_sgen": "pandapower's DC functions leave unbalanced generators out: give it as an sgen",
    "svc": "reactive compensators are not modelled: give it as a shunt",
    "ssc": "reactive compensators are not modelled: give it as a shunt",
    "tcsc": "controlled series capacitors are not modelled: give it as an impedance",
    "vsc": "converters of DC grids are not modelled: give the link as a dcline",
    "vsc_stacked": "converters of DC grids are not modelled: give the link as a dcline",
    "vsc_bipolar": "converters of DC grids are not modelled: give the link as a dcline",
    "b2b_vsc": "converters of DC grids are not modelled: give the link as a dcline",
    "bi_vsc": "converters of DC grids are not modelled: give the link as a dcline",
    "line_dc": "DC grids are not modelled: give the link as a dcline",
    "load_dc": "DC grids are not modelled: give it as a load of the AC grid",
    "source_dc": "DC grids are not modelled: give it as an sgen of the AC grid",
    "controller": "controllers are not run: apply what it would set and remove it",
}

#: Columns with a bus id, per table.
BUS_COLUMNS = {
    **dict.fromkeys(("load", "sgen", "storage", "motor", "gen", "ext_grid", "shunt", "ward", "xward"), ("bus",)),
    **dict.fromkeys(("line", "impedance", "dcline"), ("from_bus", "to_bus")),
    "trafo": ("hv_bus", "lv_bus"),
    "trafo3w": ("hv_bus", "mv_bus", "lv_bus"),
    "switch": ("bus",),
}

#: What the ``et`` of a switch refers to.
SWITCHED = {"b": "bus", "l": "line", "t": "trafo", "t3": "trafo3w"}

#: Numbers without which a row in service has no meaning.
REQUIRED = {
    "bus": ("vn_kv",),
    "line": ("length_km", "x_ohm_per_km", "parallel", "df"),
    "trafo": ("sn_mva", "vn_hv_kv", "vn_lv_kv", "vk_percent", "vkr_percent", "parallel", "df"),
    "trafo3w": (
        *("sn_hv_mva", "sn_mv_mva", "sn_lv_mva", "vn_hv_kv", "vn_mv_kv", "vn_lv_kv"),
        *(
            "vk_hv_percent",
            "vk_mv_percent",
            "vk_lv_percent",
            "vkr_hv_percent",
            "vkr_mv_percent",
            "vkr_lv_percent",
        ),
    ),
    "impedance": ("xft_pu", "sn_mva"),
    "xward": ("ps_mw", "pz_mw", "x_ohm"),
    "ward": ("ps_mw", "pz_mw"),
    "shunt": ("p_mw", "step"),
    "load": ("p_mw", "scaling"),
    "sgen": ("p_mw", "scaling"),
    "storage": ("p_mw", "scaling"),
    "gen": ("p_mw",),
    "motor": ("pn_mech_mw", "loading_percent", "efficiency_percent", "scaling"),
    "dcline": ("p_mw", "loss_percent", "loss_mw"),
}

#: Columns of which a branch in service needs a value other than zero: its reactance.
REACTANCE = {
    "line": ("x_ohm_per_km", "length_km"),
    "trafo": ("vk_percent",),
    "impedance": ("xft_pu",),
    "xward": ("x_ohm",),
}


def unsupported(net: pandapowerNet, claimed: Claimed | None = None, file: str = "") -> list[Fault]:
    """Everything in a net that gridopt can't dispatch as it stands.

    Parameters
    ----------
    net : pandapowerNet
    claimed : mapping of str to set of int, optional
        Rows per table that a component models itself, as for ``dispatchable``; the rules about limits, energy
        and cost of plain elements leave them aside.
    file : str
        Where the net comes from, for the messages.

    Returns
    -------
    list of Fault
        Empty if the net is fine.
    """
    claimed = claimed or {}
    faults = unmodelled_elements(net) + unknown_buses(net) + unknown_switch_elements(net)
    if not faults:  # the other rules take it for granted that buses exist
        faults = missing_numbers(net) + missing_reactance(net) + impossible_ratings(net)
        faults += crossed_limits(net, claimed) + storage_without_energy(net, claimed)
        faults += reversed_dclines(net, claimed) + cost_faults(net, claimed)
    return [replace(fault, file=file) for fault in faults]


def fault_of(table: str, labels: Iterable[object], message: str, column: str = "") -> Fault:
    """One fault for several rows of a table.

    Examples
    --------
    >>> str(fault_of("line", [3, 5], "is too long", "length_km"))
    'line 3, 5, column length_km: is too long'
    """
    return Fault(table=table, row=", ".join(str(label) for label in labels), column=column, message=message)


def unmodelled_elements(net: pandapowerNet) -> list[Fault]:
    """Tables of elements that have no place in a DC dispatch."""
    faults = []
    for table, reason in UNMODELLED.items():
        rows = net[table] if table in net else pd.DataFrame()
        live = rows[rows["in_service"].astype(bool)] if "in_service" in rows else rows
        if len(live):
            faults.append(fault_of(table, live.index, reason))
    return faults


def unknown_buses(net: pandapowerNet) -> list[Fault]:
    """Elements at buses that don't exist."""
    faults = []
    for table, columns in BUS_COLUMNS.items():
        for column in columns:
            wrong = net[table][~net[table][column].isin(net["bus"].index)]
            if len(wrong):
                buses = ", ".join(str(bus) for bus in wrong[column].unique())
                faults.append(fault_of(table, wrong.index, f"there is no bus {buses}", column))
    return faults


def unknown_switch_elements(net: pandapowerNet) -> list[Fault]:
    """Switches at lines, transformers or buses that don't exist."""
    faults = []
    for et, rows in net["switch"].groupby("et"):
        target = SWITCHED.get(str(et))
        if target is None:
            faults.append(fault_of("switch", rows.index, f"unknown kind {et!r}", "et"))
            continue
        wrong = rows[~rows["element"].isin(net[target].index)]
        if len(wrong):
            elements = ", ".join(str(element) for element in wrong["element"].unique())
            faults.append(fault_of("switch", wrong.index, f"there is no {target} {elements}", "element"))
    return faults


def _numbers(rows: pd.DataFrame, column: str) -> FloatArray:
    """A column as floats, NaN where a value is missing."""
    return rows[column].to_numpy(dtype=np.float64, na_value=np.nan)


def missing_numbers(net: pandapowerNet) -> list[Fault]:
    """Rows in service that lack a number which the DC model needs."""
    faults = []
    for table, columns in REQUIRED.items():
        rows = net[table][net[table]["in_service"].astype(bool)]
        for column in columns:
            wrong = rows.index[~np.isfinite(_numbers(rows, column))]
            if len(wrong):
                faults.append(fault_of(table, wrong, "is not a finite number", column))
    return faults


def missing_reactance(net: pandapowerNet) -> list[Fault]:
    """Branches over which a DC power flow can't share power."""
    message = "must not be zero, a DC power flow divides by it (fuse the buses with a closed switch instead)"
    faults = []
    for table, columns in REACTANCE.items():
        rows = net[table][net[table]["in_service"].astype(bool)]
        for column in columns:
            wrong = rows.index[_numbers(rows, column) == 0.0]
            if len(wrong):
                faults.append(fault_of(table, wrong, message, column))
    return faults


def impossible_ratings(net: pandapowerNet) -> list[Fault]:
    """Loading limits of zero, which pandapower's OPF reads as "no limit", and negative ratings."""
    zero = (
        "must be above zero: pandapower reads 0 as 'no limit'; "
        "leave it empty for that, or take the branch out of service"
    )
    faults = []
    for table, limit in branch_limits_mw(net).items():
        live = net[table]["in_service"].to_numpy(dtype=np.bool_)
        labels = net[table].index
        loading = np.full(len(labels), np.nan)
        if "max_loading_percent" in net[table]:
            loading = _numbers(net[table], "max_loading_percent")
        if (live & (loading <= 0.0)).any():
            faults.append(fault_of(table, labels[live & (loading <= 0.0)], zero, "max_loading_percent"))
        negative = (
            live & ~(loading <= 0.0) & (limit.reshape(len(limit) // max(len(labels), 1), len(labels)) < 0.0).any(axis=0)
        )
        if negative.any():
            faults.append(fault_of(table, labels[negative], "has a negative rating"))
    return faults


def _unclaimed(net: pandapowerNet, table: str, claimed: Claimed) -> BoolArray:
    """Rows in service that no component models itself."""
    return np.asarray(in_service(net, table) & ~net[table].index.isin(sorted(claimed.get(table, ()))))


def crossed_limits(net: pandapowerNet, claimed: Claimed) -> list[Fault]:
    """Dispatched rows whose lower limit is above their upper one."""
    faults = []
    for table in DISPATCHED:
        rows = net[table]
        if "min_p_mw" in rows and "max_p_mw" in rows:
            crossed = (rows["min_p_mw"] > rows["max_p_mw"]).to_numpy(dtype=np.bool_)
            wrong = crossed & _unclaimed(net, table, claimed) & controllable(rows, table)
            if wrong.any():
                faults.append(fault_of(table, rows.index[wrong], "min_p_mw is above max_p_mw", "min_p_mw"))
    return faults


def storage_without_energy(net: pandapowerNet, claimed: Claimed) -> list[Fault]:
    """Controllable storages that no component has taken: ``rundcopp`` would draw energy from them for ever."""
    wrong = _unclaimed(net, "storage", claimed) & controllable(net["storage"], "storage")
    if not wrong.any():
        return []
    message = (
        "is controllable, but nothing says how it stores: give eta_charge and eta_discharge, "
        "or set controllable to False to keep its p_mw"
    )
    return [fault_of("storage", net["storage"].index[wrong], message, "controllable")]


def reversed_dclines(net: pandapowerNet, claimed: Claimed) -> list[Fault]:
    """DC lines that pandapower's OPF would let gain energy."""
    rows = net["dcline"]
    live = _unclaimed(net, "dcline", claimed)
    numbers = {name: _numbers(rows, name) for name in ("p_mw", "loss_percent", "loss_mw", "max_p_mw")}
    lossy = (numbers["loss_percent"] != 0.0) | (numbers["loss_mw"] != 0.0)
    backwards = live & lossy & (numbers["p_mw"] <= 0.0)
    faults = []
    if backwards.any():
        message = (
            "must be positive: with losses pandapower's OPF would let a line from its to bus to its from bus "
            "gain energy; swap from_bus and to_bus"
        )
        faults.append(fault_of("dcline", rows.index[backwards], message, "p_mw"))
    for column in ("loss_percent", "loss_mw", "max_p_mw"):
        negative = live & (numbers[column] < 0.0)
        if negative.any():
            faults.append(fault_of("dcline", rows.index[negative], "must not be negative", column))
    return faults
