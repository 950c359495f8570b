"""Flows after outages against pandapower's DC power flow with the branch taken out."""

import copy

import numpy as np
import pandapower as pp
import pandapower.topology
import pytest

from gridopt.errors import InputError
from gridopt.network.columns import with_defaults
from gridopt.network.contingencies import (
    Outage,
    credible_outages,
    emergency_limit_mw,
    outage_factors,
    worst_after_outages,
)
from gridopt.network.matrices import branch_flow_mw, dc_network

from .purpose_nets import (
    PURPOSE_NETS,
    add_line,
    add_trafo,
    meshed,
    open_three_winding_sides,
    three_windings,
    two_levels,
)
from .test_matrices import expected_flow, net_injection, solved

# rundcpp fixes the angles at both slacks of "two_slacks": there an outage changes what the slacks inject
NETS = (
    *("taps", "phase_shift", "cross_regulator", "three_windings_star_tap", "parallel", "open_line_ends"),
    *("open_trafo_ends", "impedance_switch", "impedances", "two_islands", "out_of_service"),
)


def without(net, branches):
    """The net with one circuit less in each of some rows (table, row)."""
    net = copy.deepcopy(net)
    for element, index in branches:
        circuits = int(net[element].at[index, "parallel"]) if "parallel" in net[element] else 1
        if circuits > 1:
            net[element].loc[index, "parallel"] = circuits - 1
        else:
            net[element].loc[index, "in_service"] = False
    return net


def keys(network):
    return list(zip(network.element, network.element_index, network.side, strict=True))


def oracle(net, network):
    """Flows of rundcpp in the order of a network that may know more branches, zero for those that are gone."""
    after = dc_network(net)
    flow = dict(zip(keys(after), expected_flow(solved(net), after), strict=True))
    return np.array([flow.get(key, 0.0) for key in keys(network)])


def compare(net, groups=()):
    """All outages of a net; ``groups`` are the rows of outages of several elements, in the order of the net."""
    net = with_defaults(net)
    network = dc_network(net)
    flow = branch_flow_mw(network, net_injection(solved(net), network))
    outages = credible_outages(net, network)
    factors = outage_factors(net, network, outages)
    lost = {outage.name: outage for outage in outages}
    every = np.arange(network.n_branch)
    for number, name in enumerate(factors.name):
        branch = lost[name].branch
        rows = sorted(set(zip(network.element[branch].tolist(), network.element_index[branch].tolist(), strict=True)))
        after = factors.combination(every, np.full(network.n_branch, number)) @ flow
        np.testing.assert_allclose(after, oracle(without(net, rows), network), rtol=0, atol=1e-6, err_msg=name)
    before = pandapower.topology.unsupplied_buses(net)
    for outage in factors.cut_off:
        branch = lost[outage.name].branch
        rows = sorted(set(zip(network.element[branch].tolist(), network.element_index[branch].tolist(), strict=True)))
        dark = pandapower.topology.unsupplied_buses(without(net, rows)) - before
        assert set(outage.bus.tolist()) <= dark, outage.name
        assert dark, outage.name
    return factors


@pytest.mark.parametrize("name", NETS)
def test_flows_after_every_outage_equal_rundcpp(name):
    factors = compare(PURPOSE_NETS[name]())
    assert factors.count + len(factors.cut_off) >= 3


def test_radial_branches_are_named_with_what_they_cut_off():
    factors = compare(three_windings())
    # the low sides hang on their transformers alone
    assert {tuple(sorted(outage.bus)) for outage in factors.cut_off} == {(40,), (41,)}
    assert [outage.name for outage in factors.cut_off] == ["trafo3w 0", "trafo3w 1"]
    opened = compare(open_three_winding_sides())
    assert {outage.name for outage in opened.cut_off} == {"trafo3w 0"}
    assert "trafo3w 1" in opened.name


def test_a_tower_takes_all_its_circuits():
    net = two_levels()
    add_trafo(net, 31, 7, shift_degree=4.0)
    add_line(net, 3, 11, 40.0, parallel=2)
    net = with_defaults(net)
    net.line.loc[[0, 2], "outage_group"] = "tower"
    net.line.loc[[1, net.line.index[-1]], "outage_group"] = "two of three"
    net.trafo.loc[0, "outage_group"] = "alone"
    factors = compare(net)
    assert factors.name[-2:] == ("tower", "two of three")
    assert np.diff(factors.first)[-2:].tolist() == [2, 2]
    assert "alone" not in factors.name


def test_one_of_parallel_circuits_is_one_of_as_many_lines():
    joined, apart = meshed(), meshed()
    row = joined.line.index[1]
    joined.line.loc[row, ["parallel", "max_loading_percent"]] = [3, 80.0]
    apart.line.loc[row, "max_loading_percent"] = 80.0
    start, end, length = (joined.line.at[row, name] for name in ("from_bus", "to_bus", "length_km"))
    copies = [add_line(apart, start, end, length) for _ in range(2)]
    apart.line.loc[copies, "max_loading_percent"] = 80.0
    joined, apart = with_defaults(joined), with_defaults(apart)
    one, other = dc_network(joined), dc_network(apart)
    few = outage_factors(joined, one, credible_outages(joined, one))
    many = outage_factors(apart, other, credible_outages(apart, other))
    assert few.name[1] == "line 1, one of 3"
    mine, theirs = few.first[1], many.first[1]
    # per MW of one circuit: a third of the flow of the row
    shared = np.delete(np.arange(one.n_branch), 1)
    np.testing.assert_allclose(3 * few.factor[shared, mine], many.factor[shared, theirs], atol=1e-9)
    # the rest of the row carries what both remaining lines carry together, up to both their limits
    rest = 3 * (1 + few.factor[1, mine])
    lines = other.n_branch - 2 + np.arange(2)
    np.testing.assert_allclose(rest, (1 + many.factor[lines, theirs]).sum(), atol=1e-9)
    assert few.limit_mw[1, 1] == pytest.approx(many.limit_mw[lines, 1].sum())
    assert few.limit_mw[1, 0] == pytest.approx(1.5 * few.limit_mw[1, 1])
    assert np.isinf(many.limit_mw[1, 1])


def test_emergency_limits_stand_in_for_the_usual_ones():
    net = with_defaults(three_windings())
    net.line["max_loading_percent"] = 80.0
    net.line.loc[0, "emergency_loading_percent"] = 110.0
    net.trafo3w["max_loading_percent"] = 100.0
    net.trafo3w.loc[1, "emergency_loading_percent"] = 130.0
    network = dc_network(net)
    lines = network.element == "line"
    ratio = emergency_limit_mw(net, network)[lines] / network.limit_mw[lines]
    np.testing.assert_allclose(ratio, np.where(network.element_index[lines] == 0, 110 / 80, 1.0))
    sides = network.element == "trafo3w"
    np.testing.assert_allclose(emergency_limit_mw(net, network)[sides], [500, 650, 400, 520, 120, 156])


def test_only_what_is_marked_is_an_outage():
    net = with_defaults(meshed())
    net.line["contingency"] = False
    net.line.loc[2, "contingency"] = True
    assert [outage.name for outage in credible_outages(net, dc_network(net))] == ["line 2"]
    none = outage_factors(net, dc_network(net), [])
    assert (none.count, none.factor.shape[1], none.limit_mw.shape[1]) == (0, 0, 0)
    flow, number = worst_after_outages(none, np.ones((none.network.n_branch, 2)))
    assert np.isnan(flow).all() and (number == -1).all()


def test_the_worst_outage_of_a_branch_is_the_largest_of_all():
    net = with_defaults(two_levels())
    net.line["max_loading_percent"] = 100.0
    net.trafo["max_loading_percent"] = 100.0
    network = dc_network(net)
    factors = outage_factors(net, network, credible_outages(net, network))
    base = branch_flow_mw(network, np.random.default_rng(3).normal(0, 50, (network.n_node, 5)))
    flow, number = worst_after_outages(factors, base)
    loading = np.full((network.n_branch, factors.count, 5), -1.0)
    for outage in range(factors.count):
        after = factors.combination(np.arange(network.n_branch), np.full(network.n_branch, outage)) @ base
        loading[:, outage] = np.abs(after) / factors.limit_mw[:, outage, None]
        assert (np.abs(after) <= factors.largest_mw(base)[:, outage, None] + 1e-9).all()
    assert (loading.max(axis=1) > 0).all()
    np.testing.assert_array_equal(number, loading.argmax(axis=1))
    limit = np.take_along_axis(factors.limit_mw, number, axis=1)
    np.testing.assert_allclose(np.abs(flow) / limit, loading.max(axis=1))


def test_a_grid_without_a_solution_after_an_outage_is_an_error():
    # a bus on two ways whose susceptances cancel out, and on a third one, which is lost
    net = meshed()
    pp.create_bus(net, 220.0, index=90)
    add_line(net, 3, 90, 10.0)
    pp.create_impedance(net, 3, 90, rft_pu=0.0, xft_pu=-0.4 * 10.0 / 220.0**2 * 100.0, sn_mva=100.0)
    third = add_line(net, 90, 20, 10.0)
    net = with_defaults(net)
    network = dc_network(net)
    lost = np.flatnonzero((network.element == "line") & (network.element_index == third))
    with pytest.raises(InputError, match="cancel out"):
        outage_factors(net, network, [Outage("third", lost, np.ones(1))])
