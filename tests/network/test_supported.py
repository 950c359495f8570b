"""Every refusal: what is refused, and that the message names the place."""

import numpy as np
import pandapower as pp
import pandas as pd
import pytest

from gridopt.network.supported import UNMODELLED, unmodelled_elements, unsupported

from .purpose_nets import PURPOSE_NETS, meshed, three_windings
from .rundcopp_cases import RUNDCOPP_CASES, with_linear_costs


def lines(net, **kwargs):
    return [str(fault) for fault in unsupported(net, **kwargs)]


@pytest.mark.parametrize("name", PURPOSE_NETS)
def test_purpose_nets_are_supported(name):
    assert lines(PURPOSE_NETS[name]()) == []


@pytest.mark.parametrize("table", UNMODELLED)
def test_elements_without_a_place_in_the_model(table):
    net = meshed()
    net[table] = pd.DataFrame({"name": ["x", "y", "z"], "in_service": [True, False, True]}, index=[4, 5, 6])
    (fault,) = unmodelled_elements(net)
    assert (fault.table, fault.row) == (table, "4, 6")
    assert fault.message == UNMODELLED[table]
    net[table]["in_service"] = False
    assert unmodelled_elements(net) == []


def test_unbalanced_load_as_pandapower_creates_it():
    net = meshed()
    pp.create_asymmetric_load(net, 11, p_a_mw=1.0)
    assert lines(net) == ["asymmetric_load 0: pandapower's DC functions leave unbalanced loads out: give it as a load"]


def test_the_file_stands_in_front():
    net = meshed()
    net.load.loc[1, "bus"] = 99
    assert lines(net, file="a.json") == ["a.json: load 1, column bus: there is no bus 99"]


def change(table, rows, column, value):
    def edit(net):
        if column not in net[table]:
            net[table][column] = np.nan
        net[table].loc[rows, column] = value

    return edit


FAULTS = {
    "bus of a line": (change("line", [1, 3], "to_bus", 77), "line 1, 3, column to_bus: there is no bus 77"),
    "length": (change("line", 2, "length_km", np.nan), "line 2, column length_km: is not a finite number"),
    "load": (change("load", 0, "p_mw", np.nan), "load 0, column p_mw: is not a finite number"),
    "voltage": (change("bus", 7, "vn_kv", np.inf), "bus 7, column vn_kv: is not a finite number"),
    "reactance": (change("line", 4, "x_ohm_per_km", 0.0), "line 4, column x_ohm_per_km: must not be zero"),
    "zero rating": (
        change("line", 0, "max_loading_percent", 0.0),
        "line 0, column max_loading_percent: must be above zero: pandapower reads 0 as 'no limit'",
    ),
    "negative loading": (
        change("line", 0, "max_loading_percent", -1.0),
        "line 0, column max_loading_percent: must be above zero",
    ),
    "crossed limits": (change("gen", 0, "min_p_mw", 400.0), "gen 0, column min_p_mw: min_p_mw is above max_p_mw"),
    "concave": (
        change("poly_cost", 1, "cp2_eur_per_mw2", -0.1),
        "poly_cost 1, column cp2_eur_per_mw2: a quadratic cost must not be negative",
    ),
    "cost is missing": (
        change("poly_cost", 0, "cp1_eur_per_mw", np.nan),
        "poly_cost 0, column cp1_eur_per_mw: is not a number",
    ),
    "cost of nothing": (change("poly_cost", 1, "element", 8), "poly_cost 1, column element: there is no gen 8"),
    "cost of a line": (change("poly_cost", 1, "et", "line"), "poly_cost 1, column et: a line can't have a cost"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_of_values(name):
    edit, message = FAULTS[name]
    net = with_linear_costs()
    edit(net)
    (line,) = lines(net)
    assert line.startswith(message)


def test_all_faults_at_once():
    net = with_linear_costs()
    for name in ("length", "load", "reactance", "zero rating", "concave", "cost is missing"):
        FAULTS[name][0](net)
    assert len(lines(net)) == 6


def test_out_of_service_rows_may_be_anything():
    net = with_linear_costs()
    net.line.loc[4, ["x_ohm_per_km", "max_loading_percent", "in_service"]] = [0.0, 0.0, False]
    net.line["in_service"] = net.line["in_service"].astype(bool)
    net.load.loc[0, ["p_mw", "in_service"]] = [np.nan, False]
    net.load["in_service"] = net.load["in_service"].astype(bool)
    assert lines(net) == []


def test_negative_rating():
    net = three_windings()
    net.trafo3w["max_loading_percent"] = 100.0
    net.trafo3w.loc[1, "sn_mv_mva"] = -400.0
    assert lines(net) == ["trafo3w 1: has a negative rating"]


def test_switches_of_nothing():
    net = meshed()
    pp.create_switch(net, 3, 0, et="l")
    pp.create_switch(net, 3, 0, et="l")
    pp.create_switch(net, 3, 11, et="b")
    net.switch.loc[0, "element"] = 55
    net.switch.loc[1, "et"] = "x"
    assert sorted(lines(net)) == [
        "switch 0, column element: there is no line 55",
        "switch 1, column et: unknown kind 'x'",
    ]


def test_controllable_storage_needs_a_storage_model():
    net = meshed()
    pp.create_storage(net, 7, p_mw=0.0, max_e_mwh=9.0, controllable=True, min_p_mw=-5.0, max_p_mw=5.0)
    (line,) = lines(net)
    assert line.startswith("storage 0, column controllable: is controllable, but nothing says how it stores")
    assert lines(net, claimed={"storage": {0}}) == []
    net.storage["controllable"] = False
    assert lines(net) == []


def test_crossed_limits_of_claimed_rows_are_their_component_s_matter():
    net = with_linear_costs()
    net.gen["min_p_mw"] = 400.0
    assert lines(net, claimed={"gen": {0}}) == []


def test_dc_lines():
    net = RUNDCOPP_CASES["dc_line"].build()
    net.dcline["p_mw"] = 0.0
    assert lines(net)[0].startswith("dcline 0, column p_mw: must be positive")
    net.dcline["loss_mw"] = -1.0
    assert lines(net)[1] == "dcline 0, column loss_mw: must not be negative"
    net.dcline["in_service"] = False
    assert lines(net) == []


def test_costs_that_would_be_forgotten():
    net = with_linear_costs()
    pp.create_sgen(net, 11, p_mw=3.0, controllable=False)
    pp.create_poly_cost(net, 0, "sgen", cp1_eur_per_mw=0.0)
    assert lines(net) == []
    net.poly_cost.loc[2, "cp1_eur_per_mw"] = 4.0
    (line,) = lines(net)
    assert line == "poly_cost 2, column element: sgen 0 is not controllable, so its cost would not count"
    assert lines(net, claimed={"sgen": {0}}) == []
    net.sgen["in_service"] = False
    assert lines(net) == []


def test_two_costs_of_one_element():
    net = with_linear_costs()
    pp.create_pwl_cost(net, 0, "gen", [[0, 10, 1.0]], check=False)
    assert lines(net) == ["pwl_cost 0, column element: gen 0 has a cost already"]


@pytest.mark.parametrize("et", ["load", "storage", "dcline"])
def test_quadratic_costs_whose_sign_pandapower_turns(et):
    net = RUNDCOPP_CASES["controllable_elements"].build()
    if et == "dcline":
        pp.create_dcline(net, 3, 20, p_mw=1.0, loss_percent=0.0, loss_mw=0.0, vm_from_pu=1.0, vm_to_pu=1.0)
        pp.create_poly_cost(net, 0, "dcline", cp1_eur_per_mw=1.0)
    net.poly_cost.loc[net.poly_cost.et == et, "cp2_eur_per_mw2"] = 0.1
    (line,) = lines(net, claimed={"storage": {0}})
    assert f"pandapower takes the quadratic cost of a {et} times −1" in line


POINTS = {
    "falling": ([[0, 10, 5.0], [10, 20, 3.0]], "the cost per MWh must be rising"),
    "gap": ([[0, 10, 3.0], [11, 20, 5.0]], "without a gap"),
    "empty piece": ([[0, 0, 3.0], [0, 20, 5.0]], "without a gap"),
    "nothing": ([], "must be a list of"),
    "pairs": ([[0, 10], [10, 20]], "must be a list of"),
    "text": ("0 10 3", "must be a list of"),
    "missing": ([[0, np.nan, 3.0]], "must be a list of"),
}


@pytest.mark.parametrize("name", POINTS)
def test_points_that_are_no_convex_cost(name):
    points, message = POINTS[name]
    net = meshed()
    pp.create_pwl_cost(net, 0, "gen", [[0, 1, 1.0]])
    net.pwl_cost.at[0, "points"] = points
    (line,) = lines(net)
    assert line.startswith("pwl_cost 0, column points: ")
    assert message in line


def test_points_of_a_load_are_injections():
    net = RUNDCOPP_CASES["piecewise_load"].build()
    assert lines(net) == []
    net.pwl_cost.at[0, "points"] = [[0, 30, -40.0], [30, 80, -70.0]]
    assert "the powers of a load are injections to pandapower" in lines(net)[0]
    net.pwl_cost.at[0, "points"] = [[-80, -30, -70.0], [-30, 0, -40.0]]
    assert "the cost per MWh must be falling" in lines(net)[0]


def test_costs_of_reactive_power_do_not_matter():
    net = with_linear_costs()
    net.poly_cost["cq2_eur_per_mvar2"] = -3.0
    pp.create_pwl_cost(net, 0, "gen", [[0, 10, 5.0], [10, 20, 3.0]], power_type="q", check=False)
    assert lines(net) == []
