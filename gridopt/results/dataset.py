"""The labelled result of a run: one xarray Dataset, written as ``results.nc``."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from gridopt.model.component import Array, Output
from gridopt.network.matrices import branch_flow_mw
from gridopt.results.causes import curtailment_causes
from gridopt.results.losses import loss_results
from gridopt.results.prices import nodal_prices
from gridopt.results.security import outage_results
from gridopt.results.variable import variable
from gridopt.results.worth import worth_of_capacity

if TYPE_CHECKING:
    from gridopt.horizon.record import Record
    from gridopt.model.system import System

_PACKAGES = ("gridopt", "cvxpy", "highspy", "pandapower", "numpy", "scipy", "xarray", "pandas")
# Columns of the net that travel with the elements, where their table has them.
_ELEMENT_COLUMNS = ("technology", "city")
_ELEMENT_RATES = {
    "co2_t_per_mwh": ("t/MWh", "carbon dioxide per MWh of boiler load"),
    "coal_tce_per_mwh": ("t/MWh", "coal equivalent per MWh of boiler load"),
}


def build_dataset(system: System, record: Record) -> xr.Dataset:
    """Put a record of the horizon under labelled dimensions.

    Returns
    -------
    xr.Dataset
        Dims as in the list of output files; every variable has ``units`` and ``long_name``.
    """
    dataset = xr.Dataset(coords={"time": system.time})
    for elements in _elements(system).values():
        dataset = dataset.assign_coords(elements)
    # all at once: each assignment of its own would align the whole dataset anew
    dataset = dataset.assign(
        {
            name: variable(
                (*([output.by] if output.by else []), output.dimension, "time"), values, output.units, output.long_name
            )
            for name, (output, values) in _component_outputs(system, record).items()
        }
    )
    dataset = dataset.merge(_network_results(system, record)).merge(_costs(record)).merge(_windows(record))
    dataset = dataset.merge(_budgets(system, record))
    dataset = dataset.merge(curtailment_causes(system, dataset))
    dataset = dataset.merge(worth_of_capacity(system, record))
    for coordinate in dataset.coords:
        dataset[coordinate].attrs |= _coordinate_attributes(str(coordinate), list(map(str, dataset.sizes)))
    dataset.attrs = _attributes(system)
    if record.unproven:
        dataset.attrs["unproven"] = record.unproven
    return dataset


def _coordinate_attributes(name: str, dimensions: list[str]) -> dict[str, str]:
    """Meaning of a coordinate, with the unit where it has one."""
    if name == "time":
        return {"long_name": "end of the step, local standard time"}
    if name == "window":
        return {"long_name": "number of the window"}
    for rate, (units, meaning) in _ELEMENT_RATES.items():
        if name.endswith(rate):
            return {"long_name": meaning, "units": units}
    dimension = max((known for known in dimensions if f"{name}_".startswith(f"{known}_")), key=len, default=name)
    words, rest = dimension.replace("_", " "), name.removeprefix(dimension).strip("_").replace("_", " ")
    return {"long_name": f"{rest} of the {words}" if rest else f"name of the {words}"}


def by_dimension(system: System) -> dict[str, list[tuple[Any, Any]]]:
    """Components with their data by the dimension that they share, in the order of the system."""
    groups: dict[str, list[tuple[Any, Any]]] = {}
    for kind, data in system.parts:
        groups.setdefault(kind.outputs[0].dimension, []).append((kind, data))
    return groups


def _elements(system: System) -> dict[str, dict[str, Any]]:
    """Coordinates of each component dimension: labels, bus, and what the net says of each element."""
    coordinates: dict[str, dict[str, Any]] = {}
    for dimension, group in by_dimension(system).items():
        rows = [row for _, data in group for row in data.rows]
        if not rows:  # one element that stands for all
            coordinates[dimension] = {dimension: [label for _, data in group for label in data.labels]}
            continue
        labels = _told_apart([label for _, data in group for label in data.labels], rows)
        coords: dict[str, Any] = {dimension: labels}
        net = system.case.net
        if dimension != "bus" and all("bus" in net[table] for table, _ in rows):
            names = net.bus["name"].astype(str).reindex([net[table].at[row, "bus"] for table, row in rows])
            coords[f"{dimension}_bus"] = (dimension, names.fillna("").to_numpy(str))
        for column in _ELEMENT_COLUMNS:
            if any(column in net[table] for table, _ in rows):
                words = [str(net[table].at[row, column]) if column in net[table] else "" for table, row in rows]
                coords[f"{dimension}_{column}"] = (dimension, np.array(words, dtype=str))
        for column in _ELEMENT_RATES if dimension == "generator" else ():
            rates = [net[table].at[row, column] if column in net[table] else 0.0 for table, row in rows]
            coords[f"{dimension}_{column}"] = (dimension, np.nan_to_num(np.array(rates, dtype=float)))
        coordinates[dimension] = coords
    return coordinates


def _component_outputs(system: System, record: Record) -> dict[str, tuple[Output, Array]]:
    """Outputs by name; where two components share a dimension, one below the other, NaN where one has no such."""
    merged: dict[str, tuple[Output, Array]] = {}
    for members in by_dimension(system).values():
        for output in {o.name: o for kind, _ in members for o in kind.outputs}.values():
            blocks = [
                record.outputs[kind.name].get(output.name, np.full(_shape(output, data, system), np.nan))
                for kind, data in members
            ]
            if blocks[0].size or not output.by:  # without products nothing is held
                merged[output.name] = (output, np.concatenate(blocks, axis=-2))
    return merged


def _shape(output: Output, data: Any, system: System) -> tuple[int, ...]:
    products = [max(len(part.products) for _, part in system.parts)] if output.by else []
    return (*products, len(data.labels), len(system.time))


def _network_results(system: System, record: Record) -> xr.Dataset:
    network, limits = system.network, system.limits
    branch = [
        name or f"{element} {index}{' ' + side if side else ''}"
        for name, element, index, side in zip(
            network.name, network.element, network.element_index, network.side, strict=True
        )
    ]
    ends = network.node_bus[np.stack([network.from_node, network.to_node])]
    names = system.case.net.bus["name"].astype(str)
    bus_names = np.vectorize(lambda bus: names.get(bus, ""), otypes=[str])(ends) if branch else ends.astype(str)
    prices = nodal_prices(system, record)
    bus = next(data.labels for kind, data in system.parts if kind.name == "demand")
    out = xr.Dataset(
        coords={
            "time": system.time,
            "bus": list(bus),
            "branch": _unique(branch),
            "branch_element": ("branch", network.element.astype(str)),
            "branch_index": ("branch", network.element_index),
            "branch_from_bus": ("branch", bus_names[0]),
            "branch_to_bus": ("branch", bus_names[1]),
            "interface": list(limits.interface),
        }
    )
    shadow = np.zeros((network.n_branch, len(system.time)))
    shadow[limits.branch] = -record.limit_price[: limits.branch.size]
    flow = branch_flow_mw(network, record.injection_mw)
    sections = limits.sections
    out["branch_limit_mw"] = variable(("branch",), network.limit_mw, "MW", "largest flow in either direction")
    out["branch_flow_mw"] = variable(("branch", "time"), flow, "MW", "flow from the from bus to the to bus")
    out["branch_price_cny_per_mwh"] = variable(
        ("branch", "time"), shadow, "CNY/MWh", "worth of one MW more limit (negative: against the direction)"
    )
    out["interface_flow_mw"] = variable(
        ("interface", "time"),
        limits.matrix[sections, : network.n_node] @ record.injection_mw + limits.offset_mw[sections, None],
        "MW",
        "flow over the interface",
    )
    out["interface_price_cny_per_mwh"] = variable(
        ("interface", "time"), -record.limit_price[sections], "CNY/MWh", "worth of one MW more limit of the interface"
    )
    at_bus = np.zeros((len(bus), len(system.time)))
    in_service = np.flatnonzero(network.bus_node >= 0)
    # fused buses are one node: its injection stands at the first of them
    node, first = np.unique(network.bus_node[in_service], return_index=True)
    at_bus[first] = record.injection_mw[node]
    out["bus_injection_mw"] = variable(
        ("bus", "time"), at_bus, "MW", "net injection of the node, at the first of its fused buses"
    )
    for name, values, meaning in (
        ("bus_price_cny_per_mwh", prices.total, "cost of one more MWh of demand"),
        ("bus_price_energy_cny_per_mwh", prices.energy, "part of energy: the load-weighted mean of the island"),
        ("bus_price_congestion_cny_per_mwh", prices.congestion, "part of congestion"),
        *([] if system.losses is None else [("bus_price_losses_cny_per_mwh", prices.losses, "part of losses")]),
    ):
        out[name] = variable(("bus", "time"), values, "CNY/MWh", meaning)
    if system.losses is not None:
        out = out.merge(loss_results(system, system.losses, record))
    return out.merge(outage_results(system, record, flow, prices.security))


def _told_apart(labels: list[str], rows: list[tuple[str, int]]) -> list[str]:
    """Labels of a dimension; elements of the same name from several tables get their table and row."""
    return [
        f"{label} ({table} {row})" if labels.count(label) > 1 else label
        for label, (table, row) in zip(labels, rows, strict=True)
    ]


def _unique(labels: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    unique = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        unique.append(label if seen[label] == 1 else f"{label} #{seen[label]}")
    return unique


def _costs(record: Record) -> xr.Dataset:
    components = list(record.operating_cny)
    out = xr.Dataset(coords={"component": components})
    for name, values, meaning in (
        ("operating_cost_cny", record.operating_cny, "resource cost"),
        ("penalty_cny", record.penalty_cny, "price of unserved, excess, curtailed, spilled energy and of broken rules"),
    ):
        out[name] = variable(("component", "time"), np.stack([values[c] for c in components]), "CNY", meaning)
    return out


def _windows(record: Record) -> xr.Dataset:
    out = xr.Dataset(coords={"window": np.arange(len(record.windows))})
    for name, units, meaning in (
        ("start", "1", "number of the window's first step"),
        ("core", "1", "steps kept"),
        ("rounds", "1", "times it was solved until no limit or row was broken"),
        ("limit_rows", "1", "network limits in the model at the end"),
        ("lazy_rows", "1", "component rows that entered because they were broken"),
        ("simplex_iterations", "1", "iterations of the solver"),
    ):
        values = np.array([getattr(window, name) for window in record.windows], dtype=np.int64)
        out[f"window_{name}"] = ("window", values, {"units": units, "long_name": meaning})
    if record.proof is not None:
        part = record.proof.by_window_cny
        out["window_lower_bound_cny"] = variable(("window",), part, "CNY", "part of the window in the lower bound")
        least = xr.Variable((), record.proof.lower_bound_cny, {"units": "CNY"})
        least.attrs["long_name"] = "proven lower bound of the objective"
        out["lower_bound_cny"] = least
    gaps = np.array([window.mip_gap for window in record.windows])
    out["window_mip_gap"] = variable(("window",), gaps, "1", "relative gap of the search for whole units")
    return out


def _budgets(system: System, record: Record) -> xr.Dataset:
    """What the horizon may use or has to reach, and what it did."""
    if not system.budgets:
        return xr.Dataset()
    limits = [limit for _, limit in system.budgets]
    used = record.budget_use.sum(axis=1)
    out = xr.Dataset(
        coords={
            "budget": _unique([limit.name for limit in limits]),
            "budget_unit": ("budget", [limit.unit for limit in limits]),
            "budget_sense": ("budget", [limit.sense for limit in limits]),
            "budget_component": ("budget", [component for component, _ in system.budgets]),
        }
    )
    breach = np.array([limit.breach(amount) for limit, amount in zip(limits, used, strict=True)])
    for name, values, units, meaning in (
        ("limit", np.array([limit.limit[-1] for limit in limits]), "1", "limit over the whole horizon, in budget_unit"),
        ("used", used, "1", "amount over the whole horizon, in budget_unit"),
        ("breach", breach, "1", "by how much the budget is broken, in budget_unit"),
        ("price_cny", np.array([limit.price_cny for limit in limits]), "CNY", "price of a unit of breach"),
    ):
        out[f"budget_{name}"] = xr.Variable(("budget",), values, {"units": units, "long_name": meaning})
    return out


def _attributes(system: System) -> dict[str, str | int | float]:
    settings = system.case.settings
    versions = {package: version(package) if package != "gridopt" else _own_version() for package in _PACKAGES}
    return {
        "case": system.case.name,
        "input_sha256": system.case.input_sha256,
        "step_h": system.step_h,
        "network_level": settings.network_level,
        "unit_commitment": settings.unit_commitment,
        "solver": f"HiGHS {versions['highspy']}, start {settings.solver.start}, threads {settings.solver.threads}",
        "random_seed": 0,
        "versions": ", ".join(f"{package} {number}" for package, number in versions.items()),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "Conventions": "CF-1.11",
    }


def _own_version() -> str:
    from gridopt import __version__

    return __version__
