"""PyPSA on the problem of a benchmark: its own rolling horizon, its own one problem, its own security constraints.

Best configuration found: HiGHS through linopy's direct interface without names (no LP file), one thread; simplex for
windows, HiPO without crossover for a year as one problem.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
import pypsa

from benchmarks.benchmark import Outcome
from benchmarks.cases.arrays import Arrays
from benchmarks.cases.problem import Problem
from benchmarks.watch import Watch

SIMPLEX: dict[str, Any] = {"output_flag": False, "log_to_console": False, "threads": 1, "parallel": "off"}
INTERIOR = SIMPLEX | {"solver": "hipo", "run_crossover": "off"}
_ENOUGH_MW = 1e5
_LONG_ON_H = 1000


def network_of(problem: Problem) -> pypsa.Network:
    """The problem as a PyPSA network; every bus has 1 kV, so that reactances are those per unit of 1 MVA."""
    arrays = problem.arrays
    network = pypsa.Network()
    network.set_snapshots(range(arrays.hours))
    bus = np.array(_names("bus", arrays.buses))
    network.add("Bus", bus.tolist(), v_nom=1.0)
    if problem.network == "copperplate":
        bus[:] = bus[0]
    else:
        _add_branches(network, arrays, bus)
    _add_demand(network, arrays, bus)
    _add_plants(network, problem, bus)
    parks = _names("park", len(arrays.park_bus))
    most = np.maximum(arrays.park_mw.max(axis=1), 1.0)  # solar parks in a window of the night
    offered = pd.DataFrame((arrays.park_mw / most[:, None]).T, columns=parks)
    network.add("Generator", parks, bus=bus[arrays.park_bus], p_nom=most, p_max_pu=offered)
    _add_stores(network, problem, bus)
    return network


def rolling(problem: Problem, _watch: Watch) -> Outcome:
    """``optimize_with_rolling_horizon`` over the windows of the problem."""
    network = network_of(problem)
    with quiet():
        if problem.window_h >= problem.hours:
            require(network.optimize(**_solver(problem, SIMPLEX)))
        else:
            network.optimize.optimize_with_rolling_horizon(
                horizon=problem.window_h + problem.look_ahead_h,
                overlap=problem.look_ahead_h,
                **_solver(problem, SIMPLEX),
            )
    return Outcome(cost_cny(network))


def one_problem(problem: Problem, _watch: Watch) -> Outcome:
    """``optimize`` over all hours, by the interior point method without crossover."""
    network = network_of(problem)
    with quiet():
        require(network.optimize(**_solver(problem, INTERIOR)))
    return Outcome(cost_cny(network))


def secure(problem: Problem, _watch: Watch) -> Outcome:
    """``optimize_security_constrained`` for all outages that leave the grid whole."""
    network = network_of(problem)
    outages = network.lines.index[~problem.arrays.bridges()]
    with quiet():
        require(network.optimize.optimize_security_constrained(branch_outages=outages, **_solver(problem, SIMPLEX)))
    return Outcome(cost_cny(network), {"outages": len(outages)})


def cost_cny(network: pypsa.Network) -> float:
    """What the dispatch costs [CNY], read from the dispatch itself: windows overlap, their objectives do not add up."""
    plants, stores = network.generators, network.storage_units
    cost = float((network.generators_t.p * plants["marginal_cost"]).sum().sum())
    if len(stores):
        cost += float((network.storage_units_t.p_dispatch * stores["marginal_cost"]).sum().sum())
    committed = plants.index[plants["committable"].astype(bool)]
    if len(committed):
        on = network.generators_t.status[committed].round()
        starts = (on.diff().clip(lower=0.0)).sum()  # all are on before the first hour
        cost += float((starts * plants.loc[committed, "start_up_cost"]).sum())
    if not np.isfinite(cost):
        raise ValueError("an hour has no dispatch")
    return cost


def require(found: tuple[str, str]) -> None:
    """Fail where linopy didn't find an optimum."""
    if found[0] != "ok":
        raise RuntimeError(f"PyPSA ended with {found}")


@contextmanager
def quiet() -> Iterator[None]:
    """Without log lines, which cost time and say nothing here."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def _solver(problem: Problem, options: Mapping[str, Any]) -> dict[str, Any]:
    gap = {"mip_rel_gap": problem.mip_gap} if problem.commitment == "integer" else {}
    return {
        "solver_name": "highs",
        "io_api": "direct",
        "set_names": False,
        "solver_options": {**options, **gap},
        "linearized_unit_commitment": problem.commitment == "relaxed",
        "include_objective_constant": False,
    }


def _names(kind: str, count: int) -> list[str]:
    return [f"{kind} {k}" for k in range(count)]


def _add_branches(network: pypsa.Network, arrays: Arrays, bus: np.ndarray[Any, Any]) -> None:
    start, end = arrays.ends.T
    limit = np.where(np.isfinite(arrays.limit_mw), arrays.limit_mw, _ENOUGH_MW)
    lines = _names("line", len(start))
    network.add("Line", lines, bus0=bus[start], bus1=bus[end], x=arrays.x_pu, s_nom=limit)


def _add_demand(network: pypsa.Network, arrays: Arrays, bus: np.ndarray[Any, Any]) -> None:
    """Demand, the part of it that may be unserved, and the power that may be too much."""
    at = arrays.load_bus
    loads, lacks = ([f"{kind} {k}" for k in at] for kind in ("load", "lack"))
    demand = pd.DataFrame(arrays.demand_mw[at].T, columns=loads)
    network.add("Load", loads, bus=bus[at], p_set=demand)
    lack = demand.set_axis(lacks, axis=1)
    network.add("Generator", lacks, bus=bus[at], p_nom=1.0, p_max_pu=lack, marginal_cost=arrays.lost_load)
    sources = arrays.source_bus
    network.add(
        "Generator",
        [f"excess {k}" for k in sources],
        bus=bus[sources],
        p_nom=_ENOUGH_MW,
        p_min_pu=-1.0,
        p_max_pu=0.0,
        marginal_cost=-arrays.excess,
    )


def _add_plants(network: pypsa.Network, problem: Problem, bus: np.ndarray[Any, Any]) -> None:
    plants = problem.arrays.plants
    commitment: dict[str, Any] = {}
    if problem.commitment != "off":
        commitment = {
            "committable": True,
            "min_up_time": plants.min_up_h,
            "min_down_time": plants.min_down_h,
            "start_up_cost": plants.start_cny,
            "up_time_before": _LONG_ON_H,
            "down_time_before": 0,
        }
    network.add(
        "Generator",
        _names("plant", len(plants.bus)),
        bus=bus[plants.bus],
        p_nom=plants.max_mw,
        p_min_pu=plants.min_mw / plants.max_mw,
        marginal_cost=plants.price,
        **commitment,
    )


def _add_stores(network: pypsa.Network, problem: Problem, bus: np.ndarray[Any, Any]) -> None:
    stores = problem.arrays.stores
    names = _names("store", len(stores.bus))
    if not names:
        return
    network.add(
        "StorageUnit",
        names,
        bus=bus[stores.bus],
        p_nom=stores.discharge_mw,
        p_min_pu=-stores.charge_mw / stores.discharge_mw,
        max_hours=stores.energy_mwh / stores.discharge_mw,
        efficiency_store=stores.eta_charge,
        efficiency_dispatch=stores.eta_discharge,
        state_of_charge_initial=stores.start_mwh,
        cyclic_state_of_charge=False,
        marginal_cost=stores.wear,
    )
    if problem.end == "cyclic":
        last = pd.DataFrame(np.nan, index=network.snapshots, columns=names)
        last.iloc[-1] = stores.start_mwh
        network.storage_units_t["state_of_charge_set"] = last
