"""AC check of a result: every hour of the dispatch as an AC power flow (formulation, section 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from gridopt.network.ac_grid import AcGrid, ac_grid
from gridopt.network.ac_rule import AcHours, ElementPower, ac_hours
from gridopt.network.ac_year import AcYear, ac_year

if TYPE_CHECKING:
    from gridopt.case import Case
    from gridopt.model.component import ComponentData
    from gridopt.model.system import System

Array = NDArray[np.float64]

#: Switched shunts keep their steps for as long [h].
GROUP_H = 6
#: Band of buses that have none in the net: the ten percent that the standard of supply voltage (GB/T 12325) leaves.
VOLTAGE_BAND_PU = {"min_vm_pu": 0.95, "max_vm_pu": 1.05}
# Power of the elements: variables of a dimension, and the sign that makes each the power of its table in pandapower.
_POWER: dict[str, dict[str, dict[str, float]]] = {
    "generator": {"generator_p_mw": {"gen": 1.0, "sgen": 1.0, "load": -1.0, "storage": -1.0, "dcline": 1.0}},
    "renewable": {"renewable_p_mw": {"gen": 1.0, "sgen": 1.0}},
    "hydro": {"hydro_p_mw": {"gen": 1.0}},
    "storage": {"storage_charge_mw": {"storage": 1.0}, "storage_discharge_mw": {"storage": -1.0}},
    "tie": {"tie_export_mw": {"tie": 1.0}},
    "flexible_load": {
        "flexible_load_p_mw": {"flexible_load": 1.0},
        "flexible_load_discharge_mw": {"flexible_load": -1.0},
    },
    "prosumer": {"prosumer_p_mw": {"prosumer": -1.0}},
}


def is_checked(case: Case) -> bool:
    """Whether the hours of a case are checked by an AC power flow."""
    wanted = case.settings.ac_check == "on" or (case.settings.ac_check == "auto" and not case.plain)
    return wanted and case.settings.network_level != "copperplate"


def ac_grid_of(case: Case) -> AcGrid | None:
    """The AC network of a case whose hours are checked or linearised, else None.

    Raises
    ------
    InputError
        If the net has no AC model.
    """
    return ac_grid(case.net) if is_checked(case) or case.settings.has_losses else None


def power_flows(system: System, dataset: xr.Dataset, grid: AcGrid) -> AcYear:
    """AC power flow of every hour of a result.

    Parameters
    ----------
    system
        What was solved.
    dataset
        Its result.
    grid
        AC network of the case.
    """
    begin = system.case.time - pd.Timedelta(hours=system.step_h)  # stamps mark the end of a step
    group = ((begin - begin[0].normalize()) // pd.Timedelta(hours=GROUP_H)).to_numpy(np.int64)
    return ac_year(system.case.net, hours_of(system, dataset), group, grid)


def hours_of(system: System, dataset: xr.Dataset) -> AcHours:
    """What stands at the buses in each hour of a result."""
    net, network = system.case.net, system.network
    position = _bus_positions(system)

    def by_bus(values: Array) -> Array:
        out = np.zeros((len(net.bus), values.shape[1]))
        out[position] = values
        return out

    injection = by_bus(dataset["bus_injection_mw"].to_numpy())
    # shunt conductances are demand of the dispatch, and a part of the admittances here
    live = np.flatnonzero(network.bus_node >= 0)
    nodes, first = np.unique(network.bus_node[live], return_index=True)
    injection[live[first]] += network.shunt_mw[nodes, None]
    demand = by_bus((dataset["demand_mw"] - dataset["unserved_mw"]).to_numpy())
    return ac_hours(net, element_powers(system, dataset), injection, demand)


def _bus_positions(system: System) -> NDArray[np.int64]:
    """Positions in ``net.bus`` of the buses of a result."""
    rows = next(data.rows for kind, data in system.parts if kind.name == "demand")
    return np.asarray(system.case.net.bus.index.get_indexer([row for _, row in rows]), dtype=np.int64)


def element_powers(system: System, dataset: xr.Dataset) -> dict[str, ElementPower]:
    """Power of the elements of a result, by the table that they come from."""
    powers: dict[str, list[ElementPower]] = {}
    for dimension, variables in _POWER.items():
        parts = [data for kind, data in system.parts if kind.outputs[0].dimension == dimension]
        for table in {row[0] for data in parts for row in data.rows} & set().union(*variables.values()):
            mine, index = _rows_of(parts, table)
            p = sum(signs.get(table, 0.0) * dataset[name].to_numpy()[mine] for name, signs in variables.items())
            units = dataset.get("generator_on_units") if dimension == "generator" and table == "gen" else None
            running = None
            if units is not None:
                of_cluster = system.case.net.gen.loc[index, "n_units"].to_numpy(float)
                running = units.to_numpy()[mine] / of_cluster[:, None]
            powers.setdefault(table, []).append(ElementPower(index, np.asarray(p), running))
    return {table: _joined(parts) for table, parts in powers.items()}


def _rows_of(parts: list[ComponentData], table: str) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which elements of a dimension come from a table, and from which of its rows."""
    rows = [row for data in parts for row in data.rows]
    mine = np.array([name == table for name, _ in rows])
    return mine, np.array([row for name, row in rows if name == table], dtype=np.int64)


def _joined(parts: list[ElementPower]) -> ElementPower:
    running = [np.full(part.p_mw.shape, np.nan) if part.running is None else part.running for part in parts]
    return ElementPower(
        np.concatenate([part.index for part in parts]),
        np.concatenate([part.p_mw for part in parts]),
        np.concatenate(running),
    )


def voltage_breach_pu(buses: pd.DataFrame, vm_pu: Array) -> Array:
    """By how much voltages leave the band of their bus, (bus, time) [pu]; NaN without a voltage."""
    low, high = (
        np.nan_to_num(buses[column].to_numpy(float), nan=default) if column in buses else np.full(len(buses), default)
        for column, default in VOLTAGE_BAND_PU.items()
    )
    return np.asarray(np.maximum(np.maximum(low[:, None] - vm_pu, vm_pu - high[:, None]), 0.0))


def with_power_flows(system: System, dataset: xr.Dataset, year: AcYear) -> xr.Dataset:
    """A result with the series of its power flows."""
    position, network, grid = _bus_positions(system), system.network, year.grid
    labels = pd.MultiIndex.from_arrays([grid.element, grid.element_index, grid.side])
    branch = labels.get_indexer(pd.MultiIndex.from_arrays([network.element, network.element_index, network.side]))
    loading = np.where((branch >= 0)[:, None], year.loading_percent[branch], np.nan)
    breach = voltage_breach_pu(system.case.net.bus, year.vm_pu)
    kept = year.converged & (np.nan_to_num(breach).max(axis=0, initial=0.0) == 0.0)
    series = (
        ("converged", ("time",), year.converged, "1", "1 where an AC power flow within the reactive limits exists"),
        ("in_voltage_band", ("time",), kept, "1", "1 where it converges and all voltages lie in their band"),
        ("vm_pu", ("bus", "time"), year.vm_pu[position], "1", "voltage per unit"),
        ("voltage_breach_pu", ("bus", "time"), breach[position], "1", "by how much the voltage leaves its band"),
        ("source_mvar", ("bus", "time"), year.source_mvar[position], "Mvar", "given to hold the voltage"),
        ("at_limit", ("bus", "time"), year.at_limit[position], "1", "1 (−1): the bus gives (takes) all Mvar it can"),
        ("loading_percent", ("branch", "time"), loading, "%", "current over rated current"),
        ("losses_mw", ("time",), year.losses_mw, "MW", "losses of all branches, taken off the demand"),
        ("slack_mw", ("time",), year.slack_mw, "MW", "given by the reference beyond its schedule"),
    )
    found = {}
    for name, dims, values, units, meaning in series:
        # more digits than anyone reads; the file is half as large
        short = np.round(values.astype(np.float64), 6 if units == "1" else 3)
        found[f"ac_{name}"] = (dims, short, {"units": units, "long_name": f"AC check: {meaning}"})
    return dataset.assign(found)


def ac_numbers(dataset: xr.Dataset) -> dict[str, float | None]:
    """The numbers of the AC check in the summary; null without the check, or where no hour converges."""
    keys = ("ac_hours_converged", "ac_hours_in_voltage_band", "ac_voltage_min_pu", "ac_voltage_max_pu")
    numbers: dict[str, float | None] = dict.fromkeys((*keys, "ac_loading_max_pct", "ac_losses_mwh"))
    if "ac_converged" not in dataset:
        return numbers
    step_h = float(dataset.attrs["step_h"])
    numbers["ac_hours_converged"] = float(dataset["ac_converged"].sum()) * step_h
    numbers["ac_hours_in_voltage_band"] = float(dataset["ac_in_voltage_band"].sum()) * step_h
    if numbers["ac_hours_converged"]:
        voltage, loading = dataset["ac_vm_pu"], dataset["ac_loading_percent"]
        numbers["ac_voltage_min_pu"], numbers["ac_voltage_max_pu"] = float(voltage.min()), float(voltage.max())
        numbers["ac_loading_max_pct"] = float(loading.max()) if np.isfinite(loading).any() else None
        numbers["ac_losses_mwh"] = float(dataset["ac_losses_mw"].sum()) * step_h
    return numbers
