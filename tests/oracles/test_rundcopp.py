"""A plain net is solved as ``pandapower.rundcopp`` would: same cost, same nodal prices."""

import contextlib
import copy
import warnings

import numpy as np
import pandapower as pp
import pytest

from gridopt.case import Case
from gridopt.errors import InputError
from gridopt.horizon.rolling import solve_horizon
from gridopt.model.system import System
from gridopt.results.prices import nodal_prices
from tests.network.rundcopp_cases import RUNDCOPP_CASES, congested, reference_cost, standard

# Nets with a controllable storage: rundcopp draws energy from it for ever, gridopt holds to its energy.
WITH_STORAGE = {"controllable_elements", "missing_limits"}


def solve(net):
    system = System.read(Case.from_pandapower(net))
    return system, solve_horizon(system)


@pytest.mark.parametrize("name", [name for name in RUNDCOPP_CASES if name not in WITH_STORAGE])
def test_cost_is_that_of_rundcopp(name):
    case = RUNDCOPP_CASES[name]
    net = case.build()
    _, record = solve(net)
    assert record.objective_cny == pytest.approx(reference_cost(net), rel=10 * case.tolerance)
    if case.cost is not None:
        assert record.objective_cny == pytest.approx(case.cost, rel=10 * case.tolerance)


@pytest.mark.parametrize("name", sorted(WITH_STORAGE))
def test_a_storage_gives_no_more_energy_than_it_holds(name):
    net = RUNDCOPP_CASES[name].build()
    net.storage["max_e_mwh"], net.storage["soc_percent"] = 99.0, 50.0
    _, enough = solve(net)  # 15 MW for one hour out of 49.5 MWh: as rundcopp
    assert enough.objective_cny == pytest.approx(reference_cost(net), rel=1e-5)
    net.storage["soc_percent"] = 0.0
    _, empty = solve(net)
    assert empty.objective_cny > enough.objective_cny + 100.0


def lam_p(net):
    """Nodal prices of rundcopp by bus, and the net they belong to."""
    net = copy.deepcopy(net)
    with warnings.catch_warnings(), contextlib.redirect_stdout(None):
        warnings.simplefilter("ignore")
        pp.rundcopp(net)
    return net.res_bus["lam_p"]


def case39_with_limits():
    net = standard("case39")()
    rng = np.random.default_rng(39)
    net.poly_cost["cp1_eur_per_mw"] = rng.uniform(10.0, 60.0, len(net.poly_cost)).round(2)
    net.poly_cost["cp2_eur_per_mw2"] = 0.0
    net.line["max_loading_percent"] = 70.0
    return net


@pytest.mark.parametrize("build", [standard("case5"), congested, case39_with_limits])
def test_nodal_prices_are_those_of_rundcopp(build):
    net = build()
    system, record = solve(net)
    prices = nodal_prices(system, record)
    buses = [row for _, row in system.part("demand").rows]
    expected = lam_p(net).reindex(buses).to_numpy()
    assert np.ptp(expected) > 1.0, "the net is not congested"
    np.testing.assert_allclose(prices.total[:, 0], expected, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(prices.energy + prices.congestion, prices.total)


def test_several_hours_are_several_rundcopp():
    from tests.model.systems import profiles

    net = congested()
    net.load["profile"] = "load"
    factors = [0.5, 0.8, 1.0, 1.05]
    system = System.read(Case.from_pandapower(net, profiles(4, load=("demand", factors))))
    record = solve_horizon(system)
    total = 0.0
    for factor in factors:
        hour = copy.deepcopy(net)
        hour.load["p_mw"] *= factor
        total += reference_cost(hour)
    assert record.objective_cny == pytest.approx(total, rel=1e-6)


def test_copper_plate_is_never_dearer():
    net = congested()
    _, limited = solve(net)
    system = System.read(Case.from_pandapower(net, network_level="copperplate"))
    assert solve_horizon(system).objective_cny < limited.objective_cny - 1.0


def test_what_rundcopp_cannot_do_is_refused_by_name():
    net = congested()
    pp.create_asymmetric_load(net, 7, p_a_mw=1.0)
    with pytest.raises(InputError, match="asymmetric_load"):
        solve(net)
