"""Odd nets: elements out of service, names given twice, islands, sections with branches that are not there."""

import copy

import numpy as np
import pandapower as pp
import pytest

from gridopt.errors import InputError
from gridopt.model.system import System
from tests.horizon.audited import audited
from tests.horizon.random_cases import random_case
from tests.model.systems import (
    add_row,
    case_of,
    generator,
    grid,
    hydro,
    load,
    profiles,
    response,
    solve,
    storage,
    thermal,
    tie,
    wind,
)

STEPS = 6


def everything(extra_bus):
    """A served load at bus 0; at bus 1 one of everything, whose absence changes nothing but the cost."""
    net = grid(2, [(0, 1, 10.0, 500.0)] if extra_bus == "connected" else [])
    load(net, 0, 100.0)
    generator(net, 0, 300.0, 300.0)
    load(net, 1, 20.0)
    generator(net, 1, 50.0, 10.0)
    thermal(net, 1, 2, 20.0, 40.0, 20.0, must_run_units=2)
    wind(net, 1, 60.0)
    wind(net, 1, 30.0, technology="", profile="wind")
    hydro(net, 1, 20.0, max_e_mwh=100.0, start_e_mwh=50.0, inflow_mw=10.0)
    storage(net, 1, charge_mw=20.0, energy_mwh=50.0, start_pu=1.0)
    tie(net, 1, 30.0, price_cny_per_mwh=900.0, band_mw=10.0)
    return net, profiles(STEPS, wind=("availability", np.ones(STEPS)))


def nothing_at_bus_1(record, system):
    assert record.objective_cny == pytest.approx(STEPS * 100 * 300.0)
    for name in ("thermal", "renewable", "hydro", "storage", "tie"):
        assert system.part(name) is None, name


def test_elements_out_of_service_are_not_there():
    net, series = everything("connected")
    for table in ("load", "gen", "sgen", "storage"):
        net[table].loc[net[table]["bus"] == 1, "in_service"] = False
    net["tie"]["in_service"] = False
    system, record = solve(case_of(net, series))
    nothing_at_bus_1(record, system)


def test_elements_at_a_bus_out_of_service_are_not_there():
    # Neither do they earn or cost anything.
    net, series = everything("connected")
    net.bus.loc[1, "in_service"] = False
    system, record = solve(case_of(net, series))
    nothing_at_bus_1(record, system)
    assert len(system.part("demand").labels) == 1


def test_response_of_a_load_out_of_service_is_none():
    net = grid()
    load(net, 0, 100.0)
    load(net, 0, 50.0, in_service=False, kind="industrial")
    generator(net, 0, 80.0, 300.0)
    response(net, 30.0, 500.0, target="industrial")
    with pytest.raises(InputError, match=r"program.*no load"):
        solve(case_of(net, 1))


def test_an_island_of_its_own_balances_by_itself():
    net, series = everything("island")
    case = case_of(net, series)
    assert System.read(case).network.n_island == 2
    dispatch = audited(case).dataset["generator_p_mw"].sel(generator="gen 0")
    # bus 0 gets nothing from the cheap plants of bus 1
    assert float(dispatch.sum()) == pytest.approx(STEPS * 100.0)


def test_an_island_with_demand_and_no_source_is_refused():
    net = grid(2)
    load(net, 0, 100.0)
    load(net, 1, 20.0)
    generator(net, 0, 300.0, 300.0)
    with pytest.raises(InputError, match="nothing supplies the island of these buses: 1"):
        solve(case_of(net, 1))
    _, record = solve(case_of(net, 1, network_level="copperplate"))
    assert record.objective_cny == pytest.approx(120 * 300)


def test_names_given_twice_become_labels_that_differ():
    net = grid()
    for price in (100.0, 200.0):
        generator(net, 0, 60.0, price, name="plant")
        storage(net, 0, charge_mw=1.0, energy_mwh=1.0, name="store")
        load(net, 0, 40.0, name="town")
    system, record = solve(case_of(net, 1))
    for name in ("generator", "storage"):
        labels = system.part(name).labels
        assert len(set(labels)) == len(labels)
    assert record.objective_cny == pytest.approx(60 * 100 + 20 * 200, abs=200)


def test_every_component_without_a_bus_of_its_own_meets_at_one_node():
    net = grid(2)
    pp.create_switch(net, 0, 1, et="b", closed=True)
    load(net, 0, 100.0)
    generator(net, 1, 300.0, 300.0)
    system, record = solve(case_of(net, 1))
    assert system.network.n_node == 1
    assert record.objective_cny == pytest.approx(100 * 300)


def section(**columns):
    net = grid(2, [(0, 1, 10.0, np.nan), (0, 1, 10.0, np.nan)])
    generator(net, 0, 300.0, 100.0)
    generator(net, 1, 300.0, 400.0)
    load(net, 1, 100.0)
    add_row(net, "interface", {"name": "cut", **columns})
    for row in (0, 1):
        add_row(net, "interface_branch", {"interface": "cut", "element": "line", "index": row, "sign": 1})
    return net


def test_a_section_limits_the_sum_of_its_branches():
    _, record = solve(case_of(section(max_mw=30.0), 1))
    assert record.objective_cny == pytest.approx(30 * 100 + 70 * 400)
    _, record = solve(case_of(section(), 1))  # no limit given
    assert record.objective_cny == pytest.approx(100 * 100)
    net = section(min_mw=-1000.0, max_mw=-10.0)  # at least 10 MW against the direction
    net.load.loc[0, "bus"] = 0
    _, record = solve(case_of(net, 1))
    assert record.objective_cny == pytest.approx(90 * 100 + 10 * 400)


def test_a_section_counts_only_branches_in_service():
    net = section(max_mw=30.0)
    net.line.loc[1, "in_service"] = False  # its power moves to the lines that are left
    _, record = solve(case_of(net, 1))
    assert record.objective_cny == pytest.approx(30 * 100 + 70 * 400)


def test_a_section_names_branches_that_exist():
    net = section(max_mw=30.0)
    net.interface_branch.loc[0, "index"] = 99
    with pytest.raises(InputError, match="99"):
        System.read(case_of(net, 1))


def test_a_tie_whose_limits_leave_no_room_is_refused():
    net = grid()
    tie(net, 0, 100.0, max_p_mw=-50.0, band_mw=10.0)
    load(net, 0, 10.0)
    with pytest.raises(InputError, match="tie"):
        System.read(case_of(net, 1))


def test_nets_are_left_untouched():
    net, series = random_case(5, STEPS)
    before = copy.deepcopy(net)
    solve(case_of(net, series))
    for table in ("gen", "load", "storage", "tie", "reservoir", "bus", "line"):
        assert net[table].equals(before[table]), table


def test_the_price_of_the_middle_of_the_merit_order():
    net = grid()
    load(net, 0, 10.0)
    for price, size in ((100.0, 10.0), (200.0, 50.0), (900.0, 30.0)):
        generator(net, 0, size, price)
    assert System.read(case_of(net, 1)).typical_price_cny_per_mwh() == 200.0
