"""The same 60 buses in the same rolling windows with PyPSA and HiGHS: the same cost in every window.

Storage is worth nothing at the end of a window, in both; each window starts from the levels that gridopt left,
so that another choice among equal optima in one window can't make the next one another problem.
"""

import logging
import warnings

import numpy as np
import pandas as pd
import pytest

from gridopt.horizon.rolling import solve_horizon
from gridopt.model.system import System
from tests.model.systems import case_of
from tests.oracles.synthetic import CURTAILMENT, EXCESS, LOST_LOAD, WEAR, as_net, synthetic

pypsa = pytest.importorskip("pypsa")

PRICES = {
    "value_of_lost_load_cny_per_mwh": LOST_LOAD,
    "excess_cny_per_mwh": EXCESS,
    "curtailment_cny_per_mwh": CURTAILMENT,
}


def pypsa_cost(system, hours, start_mwh):
    """Cost of a window of hours, with storage starting at given levels and worth nothing at the end."""
    network = pypsa.Network()
    network.set_snapshots(pd.RangeIndex(hours.stop - hours.start))
    buses = [f"bus {k}" for k in range(system.buses)]
    network.add("Bus", buses, v_nom=220.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network.add(
            "Line",
            [f"line {k}" for k in range(len(system.ends))],
            bus0=[f"bus {k}" for k in system.ends[:, 0]],
            bus1=[f"bus {k}" for k in system.ends[:, 1]],
            x=system.x_ohm,
            s_nom=system.limit_mw,
        )
        demand = pd.DataFrame(system.demand_mw[:, hours].T, columns=[f"load {k}" for k in range(system.buses)])
        network.add("Load", demand.columns, bus=buses, p_set=demand)
        lack = pd.DataFrame(system.demand_mw[:, hours].T, columns=[f"lack {k}" for k in range(system.buses)])
        network.add("Generator", lack.columns, bus=buses, p_nom=1.0, p_max_pu=lack, marginal_cost=LOST_LOAD)
        sources = sorted({int(bus) for bus in (*system.thermal_bus, *system.wind_bus, *system.store_bus)})
        network.add(
            "Generator",
            [f"excess {k}" for k in sources],
            bus=[f"bus {k}" for k in sources],
            p_nom=1e5,
            p_min_pu=-1.0,
            p_max_pu=0.0,
            marginal_cost=-EXCESS,
        )
        network.add(
            "Generator",
            [f"thermal {k}" for k in range(len(system.thermal_mw))],
            bus=[f"bus {k}" for k in system.thermal_bus],
            p_nom=system.thermal_mw,
            p_min_pu=system.thermal_low_mw / system.thermal_mw,
            marginal_cost=system.thermal_price,
        )
        available = pd.DataFrame(system.wind_pu[:, hours].T, columns=[f"wind {k}" for k in range(len(system.wind_mw))])
        network.add(
            "Generator",
            available.columns,
            bus=[f"bus {k}" for k in system.wind_bus],
            p_nom=system.wind_mw,
            p_max_pu=available,
            marginal_cost=-CURTAILMENT,
        )
        network.add(
            "StorageUnit",
            [f"store {k}" for k in range(len(system.store_mw))],
            bus=[f"bus {k}" for k in system.store_bus],
            p_nom=system.store_mw,
            max_hours=system.store_mwh / system.store_mw,
            efficiency_store=system.efficiency,
            efficiency_dispatch=system.efficiency,
            state_of_charge_initial=start_mwh,
            cyclic_state_of_charge=False,
            marginal_cost=WEAR,
        )
        logging.disable(logging.INFO)
        try:
            status, _ = network.optimize(solver_name="highs", log_to_console=False)
        finally:
            logging.disable(logging.NOTSET)
    assert status == "ok"
    offered = (system.wind_mw[:, None] * system.wind_pu[:, hours]).sum()
    return network.objective + CURTAILMENT * offered


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_windows_cost_the_same(seed):
    hours, window = 96, 24
    system = synthetic(seed, hours)
    net, series = as_net(system)
    horizon = {"window_h": window, "look_ahead_h": 0, "end_storage": "free"}
    record = solve_horizon(System.read(case_of(net, series, unit_commitment="off", horizon=horizon, prices=PRICES)))
    level = record.outputs["storage"]["storage_energy_mwh"]
    cost = sum(np.stack(list(part.values())).sum(axis=0) for part in (record.operating_cny, record.penalty_cny))
    assert np.abs(record.limit_price).max() > 1.0, "the grid is congested"
    assert record.outputs["renewable"]["renewable_curtailment_mw"].max() > 1.0
    for first in range(0, hours, window):
        part = slice(first, first + window)
        start = level[:, first - 1] if first else 0.5 * system.store_mwh
        expected = pypsa_cost(system, part, start)
        assert cost[part].sum() == pytest.approx(expected, rel=1e-5), f"hours from {first}"


def test_one_problem_costs_the_same():
    system = synthetic(3, 72)
    net, series = as_net(system)
    horizon = {"mode": "monolithic", "end_storage": "free"}
    record = solve_horizon(System.read(case_of(net, series, unit_commitment="off", horizon=horizon, prices=PRICES)))
    assert record.objective_cny == pytest.approx(pypsa_cost(system, slice(0, 72), 0.5 * system.store_mwh), rel=1e-5)
