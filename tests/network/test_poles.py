"""Flows after the loss of a pole against pandapower's DC power flow with the pole out and the response in."""

from __future__ import annotations

import copy

import numpy as np
import pandapower as pp
import pytest

from gridopt.errors import InputError
from gridopt.network.columns import with_defaults
from gridopt.network.contingencies import credible_factors, outage_factors, worst_after_outages
from gridopt.network.matrices import branch_flow_mw, dc_network
from gridopt.network.poles import lost_share, powers_at_risk, responding_mw, response_shares
from tests.model.systems import add_row, put

from .purpose_nets import meshed, two_islands, two_levels
from .test_matrices import expected_flow, net_injection, solved

TIE_MW = 70.0


def linked(net: pp.pandapowerNet) -> pp.pandapowerNet:
    """The net with two machines more, a pumped storage, a battery, a DC line inside it and an export at bus 11."""
    for bus, mw in ((11, 300.0), (20, 100.0)):
        pp.create_gen(net, bus, p_mw=0.3 * mw, min_p_mw=0.0, max_p_mw=mw, name=f"machine at {bus}")
    for technology, mw in (("phs", 200.0), ("battery", 50.0)):
        row = pp.create_storage(net, 3, -10.0, max_e_mwh=400.0, min_p_mw=-mw, max_p_mw=mw, name=technology)
        put(net, "storage", row, {"technology": technology})
    pp.create_dcline(net, 3, 20, p_mw=40.0, loss_percent=2.0, loss_mw=1.0, vm_from_pu=1.0, vm_to_pu=1.0, name="link")
    put(net, "dcline", 0, {"poles": 2})
    pp.create_load(net, 11, TIE_MW, name="border")
    columns = {"name": "channel", "bus": 11, "kind": "hvdc", "min_p_mw": -100.0, "max_p_mw": 100.0}
    add_row(net, "tie", columns | {"poles": 3, "pole_overload_pu": 1.2})
    add_row(net, "tie", {"name": "neighbour", "bus": 20, "min_p_mw": -10.0, "max_p_mw": 10.0, "response_mw": 150.0})
    return net


def with_pole_lost(net: pp.pandapowerNet, table: str) -> pp.pandapowerNet:
    """The net after the loss of a pole: less on the DC line or over the border, and what the machines do about it."""
    after = copy.deepcopy(net)
    given_mw = -net.res_dcline["p_to_mw"].iloc[0]
    if table == "dcline":
        surplus_mw = 0.5 * (1.02 * given_mw - given_mw)
        after.dcline.loc[0, "p_mw"] = drawn_mw = (0.5 * given_mw + 1.0) / 0.98
        # rundcpp takes the proportional loss of what is drawn, dispatch and rundcopp of what arrives
        pp.create_load(after, 3, net.dcline.at[0, "p_mw"] - 1.02 * 0.5 * given_mw - drawn_mw, name="loss")
    else:
        surplus_mw = (1.0 - 1.2 * 2 / 3) * TIE_MW
        after.load.loc[after.load["name"] == "border", "p_mw"] -= surplus_mw
    weight = {"gen": net.gen["max_p_mw"].where(net.gen["in_service"], 0.0), "phs": 200.0, "neighbour": 150.0}
    whole = sum(np.sum(each) for each in weight.values())
    after.gen["p_mw"] -= weight["gen"] / whole * surplus_mw
    after.storage.loc[after.storage["name"] == "phs", "p_mw"] += 200.0 / whole * surplus_mw
    pp.create_load(after, 20, 150.0 / whole * surplus_mw, name="taken up by the neighbour")
    return after


@pytest.mark.parametrize("build", [meshed, two_levels])
def test_flows_after_the_loss_of_a_pole_equal_rundcpp(build):
    net = solved(with_defaults(linked(build())))
    network = dc_network(net)
    injection = net_injection(net, network)
    powers_mw = [-net.res_dcline["p_to_mw"].iloc[0], -TIE_MW]
    factors = credible_factors(net, network)
    at_stake = factors.at_stake_mw(np.concatenate([injection, powers_mw])[:, None])
    np.testing.assert_allclose(at_stake[:-2, 0], branch_flow_mw(network, injection))
    assert factors.name[-2:] == ("link, one pole of 2", "channel, one pole of 3")
    every = np.arange(network.n_branch)
    for number, table in ((factors.count - 2, "dcline"), (factors.count - 1, "tie")):
        combination = factors.combination(every, np.full(network.n_branch, number))
        after = solved(with_pole_lost(net, table))
        # nothing is left to the slack
        assert after.res_ext_grid["p_mw"].sum() == pytest.approx(net.res_ext_grid["p_mw"].sum(), abs=1e-6)
        expected = expected_flow(after, network)
        np.testing.assert_allclose((combination @ at_stake)[:, 0], expected, rtol=0, atol=1e-6, err_msg=table)
        assert np.abs(expected - at_stake[:-2, 0]).max() > 0.1
        over, offset = factors.over_injections(combination)
        np.testing.assert_allclose(over @ np.concatenate([injection, powers_mw]) + offset, expected, rtol=0, atol=1e-6)


def test_what_is_lost_is_made_up_for_in_its_own_island():
    # 10 MW from one island to the other: the one has 10.5 MW too much after the loss, the other lacks 10
    net = two_islands()
    pp.create_gen(net, 11, p_mw=0.0, min_p_mw=0.0, max_p_mw=300.0)
    pp.create_dcline(net, 3, 60, p_mw=10.5, loss_percent=5.0, loss_mw=0.0, vm_from_pu=1.0, vm_to_pu=1.0)
    net = with_defaults(net)
    net.dcline["poles"] = 1
    network = dc_network(net)
    (power,) = powers_at_risk(net, network)
    assert (power.row, power.lost_pu, power.name) == (("dcline", 0), 1.0, "dcline 0, one pole of 1")
    np.testing.assert_allclose(np.bincount(network.island, power.change), 0.0, atol=1e-12)
    node = dict(zip(network.bus_index, network.bus_node, strict=True))
    assert power.change[node[60]] == pytest.approx(-1.0)
    assert power.change[node[62]] == pytest.approx(1.0)
    assert power.change[node[3]] == pytest.approx(1.05, abs=0.5)


def test_machines_respond_with_their_rating_unless_they_say_otherwise():
    net = with_defaults(linked(meshed()))
    network = dc_network(net)
    np.testing.assert_allclose(responding_mw(net, "gen"), net.gen["max_p_mw"])
    assert responding_mw(net, "storage").tolist() == [200.0, 0.0]
    assert responding_mw(net, "tie").tolist() == [0.0, 150.0]
    np.testing.assert_allclose(np.bincount(network.island, response_shares(net, network)), 1.0)
    net.gen["response_mw"], net.storage["response_mw"], net.tie["response_mw"] = 0.0, [0.0, 30.0], [0.0, 10.0]
    shares = response_shares(net, network)
    node = dict(zip(network.bus_index, network.bus_node, strict=True))
    assert (shares[node[3]], shares[node[20]], np.count_nonzero(shares)) == (0.75, 0.25, 2)


def test_an_island_in_which_nothing_responds_is_an_error():
    net = with_defaults(linked(meshed()))
    for table in ("gen", "storage", "tie"):
        net[table]["response_mw"] = 0.0
    network = dc_network(net)
    with pytest.raises(InputError, match="channel, column poles: no machine of its island responds"):
        powers_at_risk(net, network)
    # a DC line without loss takes nothing away from its island
    net.tie["in_service"], net.dcline["loss_percent"] = False, 0.0
    assert len(powers_at_risk(net, network)) == 1


def test_what_is_out_of_service_or_has_no_poles_is_no_outage():
    net = with_defaults(linked(meshed()))
    net.dcline["in_service"], net.tie["poles"] = False, 0
    network = dc_network(net)
    assert powers_at_risk(net, network) == ()
    assert credible_factors(net, network).n_at_stake == network.n_branch


@pytest.mark.parametrize("poles", [1, 2, 3])
@pytest.mark.parametrize("overload", [1.0, 1.1, 1.3])
def test_no_part_load_loses_a_larger_share(poles, overload):
    # the others take over what they can: at every load what is gone is within the share that is held ready
    power = np.linspace(0.0, 1.0, 101)
    gone = power if poles == 1 else np.maximum(power - overload * (poles - 1) / poles, 0.0)
    share = lost_share(poles, overload)
    assert (gone <= share * power + 1e-12).all()
    assert gone[-1] == pytest.approx(share)


def test_the_worst_outage_of_a_branch_may_be_a_pole():
    net = with_defaults(linked(meshed()))
    net.line["max_loading_percent"] = 100.0
    network = dc_network(net)
    factors = outage_factors(net, network, [], powers_at_risk(net, network))
    injected = np.zeros((network.n_node + 2, 2))
    injected[-2:] = [[100.0, 0.0], [0.0, -100.0]]
    flow, outage = worst_after_outages(factors, factors.at_stake_mw(injected))
    assert flow.shape == (network.n_branch, 2)
    lines = network.element == "line"
    assert (outage[lines] == [[0, 1]]).all()
    np.testing.assert_allclose(flow[lines, 0], 100.0 * (network.ptdf @ factors.powers[0].change)[lines])
