"""Dispatched rows, costs and fixed injections: a small optimal power flow of our own must cost what rundcopp costs."""

import copy
import warnings

import cvxpy as cp
import numpy as np
import pandapower as pp
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridopt.network.costs import segments
from gridopt.network.dispatchable import dispatchable
from gridopt.network.matrices import bus_injection_matrix, dc_network
from gridopt.network.supported import unsupported

from .purpose_nets import PURPOSE_NETS, meshed
from .rundcopp_cases import RUNDCOPP_CASES, reference_cost, with_linear_costs


def optimal_power_flow(net):
    """One hour in the angle formulation; cost, power of the rows and of the binding branches."""
    network, rows = dc_network(net, switch_rx_ratio=0.5), dispatchable(net)
    power, angle = cp.Variable(len(rows.bus)), cp.Variable(network.n_node)
    fixed = bus_injection_matrix(network, rows.bus_index) @ rows.fixed_injection_mw - network.shunt_mw
    injection = bus_injection_matrix(network, rows.bus) @ power + fixed
    partner = np.flatnonzero(rows.partner_bus >= 0)
    if len(partner):
        taken = cp.multiply(rows.partner_gain[partner], power[partner]) + rows.partner_offset_mw[partner]
        injection = injection + bus_injection_matrix(network, rows.partner_bus[partner]) @ taken
    flow = network.flow_matrix @ angle + network.shift_mw
    low, high = np.isfinite(rows.min_p_mw), np.isfinite(rows.max_p_mw)
    limited = np.isfinite(network.limit_mw)
    constraints = [
        injection == network.incidence.T @ flow,
        angle[network.reference] == 0,
        power[low] >= rows.min_p_mw[low],
        power[high] <= rows.max_p_mw[high],
        flow[limited] <= network.limit_mw[limited],
        flow[limited] >= -network.limit_mw[limited],
    ]
    cost = rows.cp0.sum() + rows.cp1 @ power + cp.sum(cp.multiply(rows.cp2, cp.square(power)))
    with_pieces, owner = np.unique(rows.segment_row, return_inverse=True)
    if len(with_pieces):
        piecewise = cp.Variable(len(with_pieces))
        value = cp.multiply(rows.segment_slope, power[rows.segment_row]) + rows.segment_intercept
        constraints.append(piecewise[owner] >= value)
        cost = cost + cp.sum(piecewise)
    problem = cp.Problem(cp.Minimize(cost), constraints)
    problem.solve(solver=cp.CLARABEL if rows.cp2.any() else cp.HIGHS)
    binding = np.abs(np.abs(flow.value[limited]) - network.limit_mw[limited]) < 1e-5
    return problem.value, power.value, binding


@pytest.mark.parametrize("name", RUNDCOPP_CASES)
def test_cost_equals_rundcopp(name):
    case = RUNDCOPP_CASES[name]
    net = case.build()
    expected = reference_cost(net)
    if case.cost is not None:
        assert expected == pytest.approx(case.cost, rel=1e-6)
    cost, _, binding = optimal_power_flow(net)
    assert cost == pytest.approx(expected, rel=case.tolerance)
    assert bool(binding.any()) == case.congested
    assert dispatchable(net).cp2.any() == case.quadratic


@given(
    limits=st.lists(st.floats(20.0, 200.0), min_size=5, max_size=5),
    prices=st.lists(st.floats(-20.0, 100.0), min_size=3, max_size=3),
    shift=st.floats(-5.0, 5.0),
)
@settings(max_examples=15, deadline=None)
def test_cost_of_random_dispatch_equals_rundcopp(limits, prices, shift):
    net = with_linear_costs()
    net.line["max_loading_percent"] = 100.0
    net.line["max_i_ka"] = np.array(limits) / 220.0 / np.sqrt(3.0)
    net.poly_cost["cp1_eur_per_mw"] = prices[:2]
    pp.create_sgen(net, 20, p_mw=0.0, controllable=True, min_p_mw=0.0, max_p_mw=400.0)
    pp.create_poly_cost(net, 0, "sgen", cp1_eur_per_mw=prices[2])
    pp.create_transformer_from_parameters(
        *(net, 11, 20, 100.0, 220.0, 220.0, 0.2, 12.0, 0.0, 0.0), shift_degree=shift, max_loading_percent=60.0
    )
    try:
        expected = reference_cost(net)
    except pp.OPFNotConverged:
        return
    assert optimal_power_flow(net)[0] == pytest.approx(expected, rel=1e-6, abs=1e-4)


@pytest.mark.parametrize("name", PURPOSE_NETS)
def test_fixed_injections_equal_pandapower(name):
    net = PURPOSE_NETS[name]()
    rows = dispatchable(net)
    result = copy.deepcopy(net)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pp.rundcpp(result)
    expected = pd.Series(0.0, index=net.bus.index)
    for table, sign in (("load", -1.0), ("sgen", 1.0), ("storage", -1.0), ("motor", -1.0)):
        power = sign * result[f"res_{table}"].p_mw.fillna(0.0)
        expected = expected.add(power.groupby(net[table].bus).sum(), fill_value=0.0)
    for table in ("ward", "xward"):
        power = -net[table].ps_mw * net[table].in_service
        expected = expected.add(power.groupby(net[table].bus).sum(), fill_value=0.0)
    np.testing.assert_allclose(rows.fixed_injection_mw, expected.reindex(net.bus.index), atol=1e-9)


def test_claimed_rows_are_neither_dispatched_nor_fixed():
    net = RUNDCOPP_CASES["controllable_elements"].build()
    rows = dispatchable(net, claimed={"gen": {0}, "load": {0, 3}, "storage": {0}})
    dispatched = list(zip(rows.element.tolist(), rows.element_index.tolist(), strict=True))
    assert dispatched == [("ext_grid", 0), ("sgen", 0)]
    assert rows.cp1.tolist() == [50.0, 5.0]
    assert list(zip(rows.fixed_element.tolist(), rows.fixed_index.tolist(), strict=True)) == [("load", 1), ("load", 2)]


def test_a_net_whose_fixed_loads_are_claimed_still_has_no_costs():
    net = RUNDCOPP_CASES["without_costs"].build()
    assert dispatchable(net, claimed={"load": {0, 1, 2}}).cp1.tolist() == [1.0, 1.0]
    assert dispatchable(net, claimed={"gen": {0}}).cp1.tolist() == [0.0]


def test_out_of_service_is_left_out():
    net = RUNDCOPP_CASES["controllable_elements"].build()
    net.sgen["in_service"] = False
    net.bus.loc[7, "in_service"] = False
    rows = dispatchable(net)
    assert set(rows.element.tolist()) == {"ext_grid", "load"}
    assert 7 not in rows.fixed_bus


def test_signs_and_limits():
    rows = dispatchable(RUNDCOPP_CASES["controllable_elements"].build())
    row = rows.element.tolist().index("load")
    assert (rows.min_p_mw[row], rows.max_p_mw[row]) == (-80.0, -10.0)
    assert (rows.cp0[row], rows.cp1[row]) == (-3.0, 45.0)
    rows = dispatchable(RUNDCOPP_CASES["missing_limits"].build())
    assert rows.min_p_mw[rows.element == "sgen"].tolist() == [-np.inf]
    assert rows.max_p_mw[rows.element == "ext_grid"].tolist() == [np.inf]


def test_notes_tell_where_pandapower_may_surprise():
    assert "minimised" in dispatchable(RUNDCOPP_CASES["without_costs"].build()).notes[0]
    assert "cp0_eur" in dispatchable(RUNDCOPP_CASES["piecewise_with_linear"].build()).notes[0]
    assert "scaling" in dispatchable(RUNDCOPP_CASES["controllable_elements"].build()).notes[0]
    assert dispatchable(with_linear_costs()).notes == ()


def test_cost_of_a_dc_line_is_taken_at_its_from_bus():
    rows = dispatchable(RUNDCOPP_CASES["dc_line"].build())
    row = rows.element.tolist().index("dcline")
    assert rows.partner_gain[row] == pytest.approx(-1.02)
    assert rows.cp1[row] == pytest.approx(1.5 * 1.02)
    assert rows.cp0[row] == pytest.approx(1.5 * 1.0)
    # What leaves the from bus is limited, too: 1.02 p + 1 ≤ 70.
    assert rows.max_p_mw[row] == pytest.approx(69.0 / 1.02)


def test_pieces_of_a_dc_line_move_to_its_to_bus():
    net = RUNDCOPP_CASES["dc_line"].build()
    net.poly_cost = net.poly_cost[net.poly_cost.et != "dcline"]
    pp.create_pwl_cost(net, 0, "dcline", [[-70.0, -35.0, 3.0], [-35.0, 0.0, 1.0]])
    rows = dispatchable(net)
    # Drawing 35 MW costs 1 per MWh, more costs 3; at the to bus that is 34/1.02 MW and 1.02 and 3.06 per MWh.
    assert rows.segment_upper_mw[0] == pytest.approx(34.0 / 1.02)
    np.testing.assert_allclose(rows.segment_slope, [1.02, 3.06])
    # pandapower puts the first (highest) piece through the origin.
    np.testing.assert_allclose(rows.segment_intercept[1], 3.0)


@given(
    ends=st.lists(st.integers(-100, 100), min_size=2, max_size=6, unique=True).map(sorted),
    slopes=st.lists(st.floats(-50, 50), min_size=5, max_size=5).map(sorted),
)
def test_pieces_join_and_the_largest_is_the_cost(ends, slopes):
    points = [[lo, hi, slope] for lo, hi, slope in zip(ends, ends[1:], slopes, strict=False)]
    piece = segments(points, 1.0)
    value = piece[:, 2:3] * np.array(ends) + piece[:, 3:4]
    joined = [value[max(k - 1, 0), k] for k in range(len(ends))]
    np.testing.assert_allclose(value.max(axis=0), joined, atol=1e-9)
    assert value[0, 0] == pytest.approx(ends[0] * slopes[0])


@pytest.mark.parametrize("name", RUNDCOPP_CASES)
def test_the_oracle_cases_are_supported(name):
    faults = unsupported(RUNDCOPP_CASES[name].build(), claimed={"storage": {0}})
    assert [str(fault) for fault in faults] == []


def test_the_net_is_not_touched():
    net = meshed()
    before = copy.deepcopy(net)
    dispatchable(net)
    assert all(net[name].equals(table) for name, table in before.items() if isinstance(table, pd.DataFrame))
