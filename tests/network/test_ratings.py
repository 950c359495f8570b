"""Branch limits against the ratings that pandapower hands to its own optimal power flow."""

import copy
import warnings

import numpy as np
import pandapower as pp
import pandapower.networks as pn
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridopt.network.matrices import dc_network
from gridopt.network.ratings import (
    branch_limits_mw,
    line_limit_mw,
    loadability_mw,
    loadability_pu,
    transformer_limit_mw,
)

from .purpose_nets import PURPOSE_NETS, meshed

RATED = ("taps", "parallel", "three_windings", "impedances", "bus_switches", "shunts_and_wards", "out_of_service")


def rated(name):
    """A purpose net with ratings everywhere, some of them missing."""
    net = PURPOSE_NETS[name]()
    for table in ("line", "trafo", "trafo3w"):
        net[table]["max_loading_percent"] = np.linspace(60.0, 110.0, len(net[table]))
    net.line.loc[net.line.index[1], "max_loading_percent"] = np.nan
    net.line["df"] = 0.95
    return net


def pandapower_limits(net):
    """RATE_A of the branches in service, in pandapower's order; infinity where its OPF sets no constraint."""
    net = copy.deepcopy(net)
    net["load"]["controllable"] = False
    pp.create_poly_cost(net, net.ext_grid.index[0], "ext_grid", cp1_eur_per_mw=1.0)
    for column, value in (("min_p_mw", -1e6), ("max_p_mw", 1e6)):
        net.ext_grid[column] = value
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pp.rundcopp(net)
    rate = net["_ppc_opf"]["branch"][:, 5].real
    return np.where((rate != 0) & (rate < 1e10), rate, np.inf)


@pytest.mark.parametrize("name", RATED)
def test_limits_equal_pandapower(name):
    net = rated(name)
    net.gen["min_p_mw"], net.gen["max_p_mw"] = -1e6, 1e6
    limit = dc_network(net).limit_mw
    expected = pandapower_limits(net)
    assert np.isfinite(limit).sum() >= 4
    np.testing.assert_allclose(limit, expected, rtol=1e-12)


@pytest.mark.parametrize("name", ["case9", "case30", "case118"])
def test_limits_of_standard_cases_equal_pandapower(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net = getattr(pn, name)()
    solved = copy.deepcopy(net)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pp.rundcopp(solved)
    rate = solved["_ppc_opf"]["branch"][:, 5].real
    np.testing.assert_allclose(dc_network(net).limit_mw, np.where(rate == 0, np.inf, rate), rtol=1e-12)


def test_no_limit_without_max_loading_percent():
    assert np.isinf(dc_network(meshed()).limit_mw).all()


def test_formulas():
    limit = line_limit_mw([220.0, 220.0], 0.6, [1.0, 0.5], [1, 3], [100.0, np.nan])
    assert limit[0] == pytest.approx(np.sqrt(3) * 220 * 0.6)
    assert np.isnan(limit[1])
    assert transformer_limit_mw(750.0, 0.9, 2, 80.0) == pytest.approx(1080.0)


def test_zero_means_none_as_in_pandapower():
    net = meshed()
    net.line["max_loading_percent"] = [0.0, 50.0, np.nan, 1e12, 100.0]
    assert np.isfinite(branch_limits_mw(net)["line"]).tolist() == [False, True, False, False, True]


def test_long_lines_only_where_a_surge_impedance_load_is_stated():
    net = meshed()
    net.line["max_loading_percent"] = [100.0, 100.0, np.nan, np.nan, 100.0]
    thermal = branch_limits_mw(net)["line"]
    net.line["surge_impedance_load_mw"] = [np.nan, 1000.0, 100.0, np.nan, 130.0]
    net.line["length_km"] = [500.0, 50.0, 482.8, 500.0, 321.87]
    net.line.loc[4, "parallel"] = 2
    limit = branch_limits_mw(net)["line"]
    assert limit[:2].tolist() == thermal[:2].tolist()
    assert limit[2:] == pytest.approx([100.0, np.inf, 1.3 * 260.0])


def test_loadability_curve():
    assert loadability_pu([80.47, 321.87, 482.8]) == pytest.approx([3.0, 1.3, 1.0])
    assert loadability_pu(10.0) == pytest.approx(3.0)
    assert 0.6 < float(loadability_pu(965.6)) < 0.7


@given(st.lists(st.floats(1.0, 2000.0), min_size=2, max_size=9).map(sorted))
def test_longer_lines_never_carry_more(lengths):
    assert (np.diff(loadability_pu(lengths)) <= 1e-12).all()
    limit = loadability_mw(lengths, 1000.0, 1800.0)
    assert (limit <= 1800.0).all()
    assert (limit <= 1000.0 * loadability_pu(lengths) + 1e-9).all()
