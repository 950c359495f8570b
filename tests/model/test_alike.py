"""Elements that are alike run as one: which they are, what it costs, and that each keeps its own limits."""

import numpy as np
import pandas as pd
import pytest

from gridopt.horizon.rolling import solve_horizon
from gridopt.model.system import System
from tests.horizon.audited import audited
from tests.horizon.random_cases import whole_system
from tests.model.systems import add_row, case_of, generator, grid, load, output, profiles, put, storage, wind
from tests.model.test_flexible_load import flexible

HOURS = 24
CYCLIC = {"end_storage": "cyclic"}
_AMOUNTS = {
    "storage": ("max_p_mw", "min_p_mw", "max_e_mwh", "min_e_mwh", "n_units"),
    "flexible_load": ("p_mw", "max_p_mw", "min_p_mw", "max_discharge_mw", "max_e_mwh", "start_e_mwh", "ramp_mw_per_h"),
}


def twin(net, table, row, bus, size):
    """One element more like one that is there, at a bus, so many times as large."""
    own = net[table].loc[row].to_dict() | {"name": f"{net[table].at[row, 'name']} {len(net[table])}", "bus": bus}
    own |= {column: own[column] * size for column in _AMOUNTS[table] if pd.notna(own.get(column, np.nan))}
    add_row(net, table, own)


def ring(limit_mw=np.nan):
    """Wind at one bus, load and plant at another, and a bus between them and both."""
    net = grid(3, [(0, 1, 10.0, limit_mw), (1, 2, 10.0, limit_mw), (0, 2, 10.0, np.nan)])
    load(net, 0, 100.0)
    generator(net, 0, 200.0, 400.0)
    wind(net, 1, 150.0, "wind")
    return net


def hours():
    hour = np.arange(HOURS)
    return profiles(
        HOURS,
        wind=("availability", 0.5 + 0.5 * np.sin(hour / 4)),
        use=("demand", 1 + 0.5 * np.cos(hour / 5)),
    )


def stores(net, *, buses, **columns):
    for number, bus in enumerate(buses):
        size = 10.0 * (number + 1)
        storage(net, bus, charge_mw=size, energy_mwh=4 * size, efficiency=0.9, **columns)


def loads(net, *, buses):
    for number, bus in enumerate(buses):
        size = 10.0 * (bus + 1)
        flexible(net, size, name=f"load {number}", p_mw=0.3 * size, max_e_mwh=4 * size, profile="use")


def groups(net, part="storage", **settings):
    return System.read(case_of(net, hours(), alike="together", **settings)).groups[part].tolist()


def interface(net, lines):
    add_row(net, "interface", {"name": "section", "max_mw": 500.0, "min_mw": -500.0})
    for index, sign in lines:
        add_row(net, "interface_branch", {"interface": "section", "element": "line", "index": index, "sign": sign})


def test_stores_of_one_kind_are_one_wherever_no_interface_parts_them():
    net = ring()
    stores(net, buses=(0, 1, 2))
    assert groups(net) == [0, 0, 0]
    interface(net, ((0, 1.0), (1, -1.0)))  # bus 1 on one side, the others on the other
    assert groups(net) == [0, 1, 0]
    assert groups(net, network_level="copperplate") == [0, 0, 0]


def test_apart_is_the_default():
    net = ring()
    stores(net, buses=(0, 1))
    system = System.read(case_of(net, hours()))
    assert system.part("storage").share is None
    assert system.groups["storage"].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("eta_charge", 0.89),
        ("throughput_cost_cny_per_mwh", 3.0),
        ("max_e_mwh", 81.0),
        ("soc_percent", 40.0),
        ("end", "cyclic"),
    ],
)
def test_stores_that_differ_are_apart(column, value):
    net = ring()
    stores(net, buses=(0, 0, 0))
    put(net, "storage", 1, {column: value})
    assert groups(net) == [0, 1, 0]


def test_stores_that_something_else_speaks_of_are_apart():
    net = ring()
    stores(net, buses=(1, 1, 1))
    put(net, "storage", 2, {"co_located_sgen": 0.0, "connection_mw": 100.0})
    assert groups(net) == [0, 0, 1]
    stores(net, buses=(1, 1), technology="phs")
    assert groups(net) == [0, 0, 1, 2, 2]
    assert groups(net, unit_commitment="integer") == [0, 0, 1, 2, 3]


def test_stores_at_a_bus_whose_feed_in_is_limited_are_apart():
    net = ring()
    stores(net, buses=(0, 1, 2))
    net.bus["reverse_flow_max_mw"] = [np.nan, 80.0, np.nan]
    assert groups(net) == [0, 1, 0]


def test_loads_with_a_duty_are_apart():
    net = ring()
    loads(net, buses=(0, 1, 1, 2))
    assert groups(net, "flexible_load") == [0, 0, 0, 0]
    net["flexible_load"]["annual_mwh"] = [np.nan, 20_000.0, np.nan, np.nan]
    assert groups(net, "flexible_load") == [0, 1, 0, 0]


def test_stores_in_a_pilot_zone_are_apart():
    net = ring()
    stores(net, buses=(0, 2, 0))
    add_row(net, "pilot_member", {"pilot": "pilot", "element": "storage", "index": 1})
    add_row(net, "pilot_zone", {"name": "pilot", "bus": 2, "import_max_mw": 50.0, "export_max_mw": 50.0})
    assert groups(net) == [0, 1, 0]


def test_each_takes_its_share_and_the_cost_is_that_of_all_apart():
    costs, shares = [], None
    for alike in ("apart", "together"):
        net = ring()
        stores(net, buses=(0, 1, 2))
        loads(net, buses=(0, 2))
        result = audited(case_of(net, hours(), alike=alike, horizon=CYCLIC))
        costs.append(result.summary["objective_cny"])
        shares = result.dataset["storage_energy_mwh"].to_numpy()
    assert costs[0] == pytest.approx(costs[1], rel=1e-7)
    np.testing.assert_allclose(shares / np.array([[1.0], [2.0], [3.0]]), np.tile(shares[0], (3, 1)), atol=1e-6)


def test_where_a_branch_parts_them_running_as_one_costs_more():
    costs = {}
    for alike in ("apart", "together"):
        net = ring(limit_mw=35.0)
        net.sgen["max_p_mw"] = 300.0
        stores(net, buses=(0, 1))
        costs[alike] = audited(case_of(net, hours(), alike=alike, horizon=CYCLIC)).summary["objective_cny"]
    assert costs["together"] > costs["apart"] + 1.0


def test_a_unit_more_saves_as_much_at_each():
    net = ring()
    stores(net, buses=(0, 1, 2))
    system = System.read(case_of(net, hours(), alike="together"))
    saved = solve_horizon(system).worth["storage"]["storage_energy_worth_cny_per_mwh"]
    assert saved.shape == (3, HOURS)
    assert saved.sum() > 0
    np.testing.assert_array_equal(saved, np.tile(saved[0], (3, 1)))


def with_twins(seed, steps):
    """A whole system in which stores and loads have twins of other sizes, some at other buses."""
    net, series = whole_system(seed, steps)
    rng = np.random.default_rng([seed, 9])
    for table, rows in (("storage", (0, 1)), ("flexible_load", (0,))):
        for row in rows:
            for _ in range(int(rng.integers(1, 3))):
                twin(net, table, row, int(rng.integers(0, 3)), float(rng.choice([0.5, 1.5])))
    return net, series


SEEDS = [pytest.param(seed, marks=[pytest.mark.slow] * (seed > 3)) for seed in range(40)]


@pytest.mark.parametrize("seed", SEEDS)
def test_whole_systems_over_windows_pass_the_audit_and_are_proven(seed):
    case = case_of(
        *with_twins(seed, 48),
        alike="together",
        # stores are worth nothing at the end, so that windows and all hours at once have one objective
        horizon={"end_storage": "free"}
        | {"window_h": 12, "look_ahead_h": 12, "guide": "on", "guide_step_h": 4, "certificate": True},
    )
    system = System.read(case)
    assert system.part("storage").count < len(system.part("storage").labels)
    result = audited(case)
    lower = result.summary["lower_bound_cny"]
    whole = audited(case.override({"horizon.mode": "monolithic"})).summary
    assert lower <= whole["objective_cny"] + 1e-6 * abs(whole["objective_cny"])
    assert whole["objective_cny"] <= result.summary["objective_cny"] * (1 + 1e-9) + 1e-3


@pytest.mark.parametrize("seed", SEEDS)
def test_on_a_copper_plate_whole_systems_cost_the_same(seed):
    net, series = with_twins(seed, 24)
    costs = {
        alike: audited(case_of(net, series, alike=alike, network_level="copperplate", horizon=CYCLIC)).summary[
            "objective_cny"
        ]
        for alike in ("apart", "together")
    }
    assert costs["together"] == pytest.approx(costs["apart"], rel=1e-6, abs=1.0)


def test_outputs_have_a_row_for_each():
    net, series = with_twins(1, 12)
    system = System.read(case_of(net, series, alike="together"))
    record = solve_horizon(system)
    for name in ("storage", "flexible_load"):
        assert all(values.shape[-2] == len(net[name]) for values in record.outputs[name].values())
    on = output(record, "flexible_load", "flexible_load_on")
    assert np.nanmax(on) <= 1 + 1e-9
