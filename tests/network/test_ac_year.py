"""AC power flow of many hours: equal to pandapower, within the reactive limits, losses off the demand."""

import functools
from dataclasses import replace

import numpy as np
import pandapower as pp
import pytest

from gridopt.errors import InputError
from gridopt.network.ac_grid import ac_grid
from gridopt.network.ac_rule import AcHours, ElementPower, ac_hours, in_steps
from gridopt.network.ac_year import ac_year
from gridopt.network.acflow import ReferenceNet
from gridopt.network.columns import with_defaults
from tests.network.purpose_nets import add_line, add_trafo, add_trafo3w, empty_net, meshed

HOURS = 100


@functools.cache
def everything():
    """Parallel circuits and transformers, a phase shifter, three windings, taps, open and closed switches, a ward."""
    net = empty_net(100.0)
    a, b, c, d, d2, e, f = (
        pp.create_bus(net, kv, name=name, min_vm_pu=0.95, max_vm_pu=1.05, index=index)
        for index, (name, kv) in zip(
            (4, 9, 2, 30, 7, 1, 12),
            [("A", 500.0), ("B", 500.0), ("C", 220.0), ("D", 220.0), ("D2", 220.0), ("E", 35.0), ("F", 220.0)],
            strict=True,
        )
    )
    pp.create_ext_grid(net, a, vm_pu=1.01, min_p_mw=0.0, max_p_mw=0.0)
    add_line(net, a, b, 60.0, parallel=2, x_ohm_per_km=0.28, r_ohm_per_km=0.02, c_nf_per_km=13.0, max_i_ka=2.0)
    tap = {"tap_neutral": 0, "tap_min": -2, "tap_max": 2, "tap_step_percent": 2.5, "tap_side": "hv", "tap_pos": 1}
    add_trafo(net, b, c, parallel=2, tap_changer_type="Ratio", tap_step_degree=0.0, **tap)
    add_trafo(net, c, d, vn_hv_kv=220.0, vn_lv_kv=220.0, sn_mva=400.0, vk_percent=8.0, shift_degree=4.0)
    add_trafo3w(net, a, c, e)
    add_line(net, c, d, 40.0)
    opened = add_line(net, d2, f, 30.0)
    add_line(net, d2, f, 35.0)
    pp.create_switch(net, d, d2, et="b", closed=True)
    pp.create_switch(net, d2, opened, et="l", closed=False)
    pp.create_gen(net, c, p_mw=0.0, vm_pu=1.02, max_p_mw=400.0, min_q_mvar=-80.0, max_q_mvar=150.0, name="plant")
    pp.create_sgen(net, d, p_mw=0.0, max_p_mw=300.0, min_q_mvar=-99.0, max_q_mvar=99.0, name="wind")
    pp.create_storage(net, d2, p_mw=0.0, max_e_mwh=400.0, max_p_mw=60.0, min_p_mw=-60.0, name="battery")
    pp.create_load(net, f, p_mw=150.0, q_mvar=30.0, name="town")
    pp.create_load(net, e, p_mw=20.0, q_mvar=6.0, name="mill")
    pp.create_ward(net, d2, 5.0, 2.0, 3.0, 1.0)
    pp.create_shunt(net, b, q_mvar=40.0, step=1, max_step=1, name="line reactor")
    pp.create_shunt(net, a, q_mvar=-50.0, step=0, max_step=3, name="capacitors")
    pp.create_shunt(net, a, q_mvar=50.0, step=0, max_step=2, name="reactors")
    return with_defaults(net)


def hours_of(net, count=HOURS, seed=0, load=(0.4, 1.6)):
    """Random hours in balance: wind, storage and demand drawn, the plant gives the rest."""
    rng = np.random.default_rng(seed)
    size = net.load["p_mw"].to_numpy()
    demand = size[:, None] * rng.uniform(*load, (len(size), count))
    wind, charge = rng.uniform(0.0, 200.0, (1, count)), rng.uniform(-50.0, 50.0, (1, count))
    plant = demand.sum(axis=0) + charge - wind
    rows = {"plant": (net.gen["bus"].iloc[0], plant), "wind": (net.sgen["bus"].iloc[0], wind)}
    rows |= {"battery": (net.storage["bus"].iloc[0], -charge)}
    injection, at_bus = np.zeros((len(net.bus), count)), np.zeros((len(net.bus), count))
    for bus, power in rows.values():
        injection[net.bus.index.get_loc(bus)] += power[0]
    for bus, power in zip(net.load["bus"], demand, strict=True):
        at_bus[net.bus.index.get_loc(bus)] += power
    injection -= at_bus
    injection[net.bus.index.get_loc(7)] -= 5.0  # the ward
    injection[net.bus.index.get_loc(2)] += 5.0
    one = np.array([0])
    powers = {"gen": ElementPower(one, plant), "sgen": ElementPower(one, wind), "storage": ElementPower(one, charge)}
    return ac_hours(net, powers, injection, at_bus)


@pytest.fixture(scope="module")
def year():
    net = everything()
    return ac_year(net, hours_of(net), np.arange(HOURS) // 6)


def loadings(net, grid, hour, loading_percent):
    """Largest loading of each element by table, as pandapower reports it."""
    for table in ("line", "trafo", "trafo3w"):
        rows = grid.element == table
        for index in net[table].index:
            yield table, index, loading_percent[rows & (grid.element_index == index), hour].max()


def test_equals_pandapower_in_a_hundred_hours(year):
    """Given which sources are at their limit, pandapower finds the same voltages, and keeps all reaches."""
    net, hours, grid = everything(), year.hours, year.grid
    assert year.converged.all()
    assert not year.by_pandapower.any()
    share = hours.load_mw / hours.load_mw.sum(axis=0)
    # the losses taken off, pandapower needs one run an hour; how they are found is tested below
    settled = replace(hours, p_mw=hours.p_mw + share * taken_off(year), load_mw=np.zeros_like(hours.load_mw))
    reference = ReferenceNet(net, grid)
    limited = 0
    for hour in range(HOURS):
        flow = reference.solve(settled, hour, year.at_limit[:, hour])
        assert flow.slack_mw == pytest.approx(year.slack_mw[hour], abs=1e-4)
        np.testing.assert_allclose(year.vm_pu[:, hour], flow.vm_pu, atol=1e-6, rtol=0)
        assert flow.loss_mw == pytest.approx(year.losses_mw[hour], abs=1e-4)
        for table, index, loading in loadings(net, grid, hour, year.loading_percent):
            assert loading == pytest.approx(reference.net[f"res_{table}"].at[index, "loading_percent"], abs=1e-3)
        low, high = (grid.at_node(v[:, hour])[reference.nodes] for v in (hours.min_q_mvar, hours.max_q_mvar))
        holding = reference.net.gen["in_service"].to_numpy()
        given = flow.source_mvar.to_numpy()
        assert (given[holding] <= high[holding] + 0.01).all()
        assert (given[holding] >= low[holding] - 0.01).all()
        limited += not holding.all()
    assert limited > 10, "some hours have sources at their limit"


def taken_off(year):
    """Losses by which the demand of each hour was lowered: branches and the conductances of the ward [MW]."""
    ward = year.vm_pu[year.grid.bus_index == 7][0] ** 2 * 3.0
    return year.losses_mw + ward - year.slack_mw


def test_sources_at_their_limit_are_needed_there(year):
    """A source at its upper end stands at a voltage below its set point, one at its lower end above."""
    level = np.where(np.isnan(year.hours.vm_pu), 1.01, year.hours.vm_pu)[:, None]
    assert (year.vm_pu[year.at_limit > 0] < np.broadcast_to(level, year.vm_pu.shape)[year.at_limit > 0]).all()
    assert (year.vm_pu[year.at_limit < 0] > np.broadcast_to(level, year.vm_pu.shape)[year.at_limit < 0]).all()
    assert (year.at_limit != 0).any()


def test_the_losses_come_off_the_demand_as_pandapower_finds_them(year):
    net = everything()
    for hour in (3, 71):
        flow = ReferenceNet(net, year.grid).solve(year.hours, hour, year.at_limit[:, hour])
        np.testing.assert_allclose(year.vm_pu[:, hour], flow.vm_pu, atol=1e-6, rtol=0)
        assert abs(year.slack_mw[hour]) < 0.011
        assert 0.5 < year.losses_mw[hour] == pytest.approx(flow.loss_mw, abs=0.01)


def test_an_hour_without_solution_is_reported_and_harms_no_other(year):
    net = everything()
    hours = year.hours
    factor = np.ones(HOURS)
    factor[[10, 40]] = 30.0
    mad = replace(hours, p_mw=hours.p_mw * factor, load_mw=hours.load_mw * factor, q_mvar=hours.q_mvar * factor)
    found = ac_year(net, mad)
    assert np.flatnonzero(~found.converged).tolist() == [10, 40]
    assert np.isnan(found.vm_pu[:, [10, 40]]).all()
    assert np.isnan(found.losses_mw[[10, 40]]).all()
    good = np.flatnonzero(found.converged)
    np.testing.assert_allclose(found.vm_pu[:, good], year.vm_pu[:, good], atol=1e-7)


def test_pandapower_helps_where_lightsim2grid_gives_up(year, monkeypatch):
    """With one iteration no hour is solved; pandapower's own search of the limits ends close by."""
    import gridopt.network.ac_year as module

    net = everything()
    two = hours_of(net, 2, seed=5)
    wanted = ac_year(net, two)
    monkeypatch.setattr(module, "MAX_ITERATIONS", 1)
    found = ac_year(net, wanted.hours)
    assert found.converged.all()
    assert found.by_pandapower.all()
    np.testing.assert_allclose(found.vm_pu, wanted.vm_pu, atol=0.01)
    np.testing.assert_allclose(found.losses_mw, wanted.losses_mw, rtol=0.02)
    line = found.grid.element == "line"
    np.testing.assert_allclose(found.loading_percent[line], wanted.loading_percent[line], atol=5.0)


def two_buses(reach=0.0):
    """A reference and a load at the end of a line of 10 + j40 Ω, no charging; a source of some reach at the end."""
    net = empty_net(100.0)
    a, b = (pp.create_bus(net, 220.0, min_vm_pu=0.93, max_vm_pu=1.07) for _ in range(2))
    pp.create_ext_grid(net, a, vm_pu=1.0, max_p_mw=1e9)
    add_line(net, a, b, 1.0, r_ohm_per_km=10.0, x_ohm_per_km=40.0, c_nf_per_km=0.0)
    if reach:
        pp.create_gen(net, b, p_mw=1.0, vm_pu=1.0, min_q_mvar=-reach, max_q_mvar=reach, max_p_mw=10.0)
    return with_defaults(net)


def drawn(p_mw, q_mvar, reach=0.0, load_mw=0.0):
    """Hours of `two_buses`, losses not taken off unless a load is named."""
    p, q, load, room = (np.array([[0.0, value]]).T for value in (-p_mw, -q_mvar, load_mw, reach))
    return AcHours(p, load, q, -room, room, np.array([np.nan, np.nan]), np.zeros((2, 3)))


def test_two_buses_by_hand():
    """V² is the root of V⁴ + (2(RP + XQ) − 1) V² + (R² + X²)(P² + Q²) = 0, all in pu."""
    r, x = 10.0 / 484.0, 40.0 / 484.0
    p, q = 2.0, 0.5
    b, c = 2 * (r * p + x * q) - 1, (r**2 + x**2) * (p**2 + q**2)
    square = (-b + np.sqrt(b**2 - 4 * c)) / 2
    year = ac_year(two_buses(), drawn(200.0, 50.0))
    assert year.vm_pu[1, 0] == pytest.approx(np.sqrt(square), abs=1e-9)
    current = np.sqrt((p**2 + q**2) / square)
    assert year.losses_mw[0] == pytest.approx(100 * r * current**2, abs=1e-6)
    assert year.slack_mw[0] == pytest.approx(200.0 + year.losses_mw[0], abs=1e-6), "nothing to take the losses off"
    assert year.loading_percent[0, 0] == pytest.approx(100 * current * 100 / (np.sqrt(3) * 220.0), abs=1e-6)


def test_a_source_gives_what_it_takes_and_no_more():
    """Holding 1.0 pu at the end takes Q = 100 Mvar and a bit; a source of 60 Mvar gives these and lets go."""
    free = ac_year(two_buses(500.0), drawn(200.0, 50.0, reach=500.0))
    assert free.vm_pu[1, 0] == pytest.approx(1.0, abs=1e-9)
    assert free.at_limit[1, 0] == 0
    needed = free.source_mvar[1, 0]
    tight = ac_year(two_buses(60.0), drawn(200.0, 50.0, reach=60.0))
    assert needed > 60.0
    assert tight.at_limit[1, 0] == 1
    assert tight.source_mvar[1, 0] == pytest.approx(60.0, abs=1e-6)
    assert tight.vm_pu[1, 0] == pytest.approx(ac_year(two_buses(), drawn(200.0, -10.0)).vm_pu[1, 0], abs=1e-9)


def test_a_reference_without_power_holds_no_voltage_of_its_own():
    """Nothing stands at the angle reference: its voltage is what the network makes of it."""
    net = two_buses(200.0)
    net.ext_grid["max_p_mw"] = 0.0
    hours = drawn(-50.0, 0.0, reach=200.0)
    hours.p_mw[0], hours.q_mvar[0] = -50.0, -60.0
    year = ac_year(net, hours)
    assert year.vm_pu[1, 0] == pytest.approx(1.0, abs=1e-9)
    assert year.vm_pu[0, 0] < 0.96
    np.testing.assert_allclose(
        ReferenceNet(net, year.grid).solve(hours, 0, year.at_limit[:, 0]).vm_pu, year.vm_pu[:, 0]
    )


def test_an_hour_in_which_nothing_holds_a_voltage_is_left_to_pandapower():
    """The only source leaves its reach, and the reference holds no voltage."""
    net = two_buses(5.0)
    net.ext_grid["max_p_mw"] = net.ext_grid["min_p_mw"] = 0.0
    found = ac_year(net, drawn(-50.0, 40.0, reach=5.0))
    assert np.isnan(found.v_pu).all()
    assert found.by_pandapower[0] == found.converged[0]


def test_several_slacks_of_different_voltage():
    """Two infinite buses of different voltage and angle in one island, as in pandapower."""
    net = meshed()
    net.ext_grid["vm_pu"] = 0.98
    pp.create_ext_grid(net, 20, vm_pu=1.03, va_degree=7.0)
    net = with_defaults(net)
    p, q = np.array([[0.0], [-160.0], [-35.5], [0.0]]), np.array([[0.0], [-25.0], [-5.0], [0.0]])
    zero = np.zeros((4, 1))
    hours = AcHours(p, zero, q, zero, zero, np.full(4, np.nan), np.zeros((4, 3)))
    year = ac_year(net, hours)
    flow = ReferenceNet(net, year.grid).solve(hours)
    np.testing.assert_allclose(year.vm_pu[:, 0], flow.vm_pu, atol=1e-8)
    assert year.slack_mw[0] == pytest.approx(flow.slack_mw, abs=1e-4)
    assert year.losses_mw[0] == pytest.approx(flow.loss_mw, abs=1e-4)


def test_the_rule_by_hand():
    """Reach of the sources and reactive demand of an hour, number by number."""
    net = with_defaults(everything())
    pp.create_sgen(net, net.load["bus"].iloc[1], p_mw=2.0, q_mvar=4.0, scaling=0.5, name="given")
    at = {name: net.bus.index[net.bus["name"] == name][0] for name in net.bus["name"]}
    row = {name: net.bus.index.get_loc(index) for name, index in at.items()}
    one = np.array([0])
    powers = {
        "gen": ElementPower(one, np.array([[300.0, 0.0]]), np.array([[0.5, np.nan]])),
        "sgen": ElementPower(one, np.array([[150.0, 0.0]])),
        "storage": ElementPower(one, np.array([[0.0, 0.0]])),
    }
    demand = np.zeros((len(net.bus), 2))
    demand[row["F"]], demand[row["E"]] = (75.0, 300.0), (20.0, 0.0)
    hours = ac_hours(net, powers, np.zeros_like(demand), demand)
    low, high = hours.min_q_mvar, hours.max_q_mvar
    assert (low[row["C"]].tolist(), high[row["C"]].tolist()) == ([-40.0, 0.0], [75.0, 0.0])  # half the units run
    assert high[row["D"]].tolist() == [49.5, 0.0]  # 0.33 of the output
    assert high[row["D2"]] == pytest.approx(0.48 * 60.0)
    assert (low[row["A"], 0], high[row["A"], 0]) == (-100.0, 150.0)
    assert hours.q_mvar[row["F"]].tolist() == [-15.0, -60.0]
    assert hours.q_mvar[row["E"]].tolist() == [-6.0 + 2.0, 2.0]  # the mill, and what is given
    assert hours.vm_pu[row["C"]] == 1.02
    assert np.isnan(hours.vm_pu[row["D"]])


def test_converters_and_neighbours_reach_as_far_as_the_rule_says():
    net = everything()
    net = with_defaults(net)
    net["tie"] = with_defaults(net)["tie"].reindex([0, 1]).assign(bus=[4, 9], kind=["hvdc", "ac"])
    net.bus["region"] = np.where(net.bus.index == 9, "external", "north")
    powers = {"tie": ElementPower(np.array([0, 1]), np.array([[100.0, -800.0], [300.0, 300.0]]))}
    hours = ac_hours(net, powers, np.zeros((7, 2)), np.zeros((7, 2)))
    dc, ac = net.bus.index.get_loc(4), net.bus.index.get_loc(9)
    assert hours.max_q_mvar[dc] - 150.0 == pytest.approx([33.0, 264.0])
    assert hours.min_q_mvar[dc] + 100.0 == pytest.approx([-33.0, -264.0])
    assert hours.max_q_mvar[ac].tolist() == [900.0, 900.0]


def test_shunts_keep_whole_steps_through_their_hours():
    """Three hours want 60, 90 and 130 Mvar of capacitors in steps of 50: the median makes it two steps."""
    net = everything()
    grid = ac_grid(net)
    hours = hours_of(net, 6)
    a = net.bus.index.get_loc(4)
    source = np.zeros_like(hours.p_mw)
    source[a] = [60.0, 90.0, 130.0, -20.0, -30.0, -500.0]
    stepped = in_steps(hours, grid, source, np.array([0, 0, 0, 1, 1, 1]))
    assert (stepped.q_mvar - hours.q_mvar)[a].tolist() == [100.0] * 3 + [-50.0] * 3
    odd = replace(hours, switched_mvar=hours.switched_mvar * [1.0, 0.9, 1.0])
    most = in_steps(odd, grid, np.where(source > 100.0, 1e3, source), np.arange(6)).q_mvar - odd.q_mvar
    assert most[a, 2] == pytest.approx(135.0), "never more than there is"
    assert stepped.max_q_mvar[a].tolist() == [0.0] * 6, "nothing else stands at this bus"
    assert not stepped.switched_mvar.any()


def test_switched_shunts_are_no_part_of_the_admittances():
    """Whatever steps the net has in; a fixed shunt is one."""
    net = with_defaults(everything())
    before = ac_grid(net).ybus
    net.shunt.loc[net.shunt["name"] == "capacitors", "step"] = 2
    assert abs(ac_grid(net).ybus - before).max() == 0.0
    net.shunt.loc[net.shunt["name"] == "line reactor", "q_mvar"] = 90.0
    assert abs(ac_grid(net).ybus - before).max() == pytest.approx(0.5)


def test_a_net_without_resistance_is_named():
    net = everything()
    net = with_defaults(net)
    net.line.loc[1, "r_ohm_per_km"] = np.nan
    with pytest.raises(InputError, match="line 1"):
        ac_grid(net)


def test_the_given_net_is_untouched():
    net = everything()
    before = {table: net[table].copy() for table in ("load", "gen", "sgen", "storage", "shunt", "ext_grid", "bus")}
    ac_year(net, hours_of(net, 2))
    for table, copied in before.items():
        assert net[table].equals(copied)
