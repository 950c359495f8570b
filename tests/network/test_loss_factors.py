"""Loss factors against finite differences of pandapower's power flow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandapower as pp
import pandapower.networks
import pytest

from gridopt.case import Case
from gridopt.model.system import System
from gridopt.network.ac_grid import ac_grid
from gridopt.network.ac_year import AcYear, ac_year
from gridopt.network.acflow import ReferenceNet
from gridopt.network.loss_factors import branch_losses_mw, linearised, loss_factors, referred_to
from gridopt.network.matrices import dc_network
from gridopt.results.ac import hours_of
from gridopt.results.dataset import build_dataset
from tests.model.systems import solve
from tests.network import purpose_nets

NETS = (
    pandapower.networks.case9,
    pandapower.networks.case30,
    purpose_nets.three_windings,
    purpose_nets.parallel,
    purpose_nets.bus_switches,
    purpose_nets.impedances,
    purpose_nets.other_injections,
    purpose_nets.two_islands,
    purpose_nets.two_slacks,
)


def dispatched(net: pp.pandapowerNet) -> tuple[Case, AcYear]:
    """Power flow of the cheapest dispatch of a net."""
    case = Case.from_pandapower(net, network_level="dc", horizon={"certificate": False})
    system, record = solve(case)
    assert isinstance(system, System)
    return case, ac_year(case.net, hours_of(system, build_dataset(system, record)))


def lost_mw(net: pp.pandapowerNet, bus: int, more_mw: float) -> float:
    """Losses of a solved net with so much more injected at a bus."""
    row = net.load.index[net.load["bus"] == bus][0]
    net.load.loc[row, "p_mw"] -= more_mw
    options = {"calculate_voltage_angles": True, "tolerance_mva": 1e-9, "max_iteration": 40}
    pp.runpp(net, init="results", lightsim2grid=False, numba=False, **options)
    net.load.loc[row, "p_mw"] += more_mw
    return float(sum(net[f"res_{table}"]["pl_mw"].sum() for table in ("line", "trafo", "trafo3w", "impedance")))


@pytest.mark.parametrize("build", NETS, ids=lambda build: build.__name__)
def test_factors_are_what_one_more_mw_changes(build: Callable[[], pp.pandapowerNet]) -> None:
    case, year = dispatched(build())
    assert linearised(year).all()
    reference = ReferenceNet(case.net, year.grid)
    assert reference.solve(year.hours, 0, year.at_limit[:, 0]).converged
    factors = loss_factors(year)[year.grid.first_bus, 0]
    assert np.ptp(factors) > 1e-4
    for place in range(0, factors.size, max(1, factors.size // 7)):
        bus = int(reference.buses[place])
        change = lost_mw(reference.net, bus, 0.5) - lost_mw(reference.net, bus, -0.5)
        assert factors[place] == pytest.approx(change, abs=2e-5), bus


def test_losses_of_branches_add_up() -> None:
    _, year = dispatched(pandapower.networks.case30())
    np.testing.assert_allclose(branch_losses_mw(year).sum(axis=0), year.losses_mw, atol=1e-9)
    assert (branch_losses_mw(year) > -1e-6).all()


def test_hours_without_a_power_flow_have_no_factors() -> None:
    case, year = dispatched(pandapower.networks.case9())
    hours = year.hours.of(np.array([0, 0, 0]))
    hours.p_mw[:, 1] *= 100.0  # more than the grid could ever carry
    found = ac_year(case.net, hours, None, ac_grid(case.net))
    assert linearised(found).tolist() == [True, False, True]
    assert np.isnan(loss_factors(found)[:, 1]).all()
    np.testing.assert_allclose(loss_factors(found)[:, [0, 2]], loss_factors(year)[:, [0, 0]], atol=1e-9)


@pytest.mark.parametrize("slack", [0, 3])
def test_the_slack_does_not_matter(slack: int) -> None:
    factors = np.array([[0.0], [0.04], [-0.03], [0.01]])
    share, island = np.array([0.0, 0.3, 0.7, 0.0]), np.zeros(4, np.int64)
    scaled = 1.0 - (1.0 - factors) / (1.0 - factors[slack])  # as another slack sees it
    referred = referred_to(scaled, share, island)
    np.testing.assert_allclose(referred, referred_to(factors, share, island), atol=1e-15)
    assert float(share @ referred[:, 0]) == pytest.approx(0.0, abs=1e-15)


def test_a_sink_takes_what_injections_add_up_to() -> None:
    network = dc_network(pandapower.networks.case30())
    share = np.random.default_rng(0).uniform(size=network.n_node)
    share /= share.sum()
    spread = replace(network, sink=share)
    injection = np.random.default_rng(1).normal(0.0, 50.0, network.n_node)
    balanced = injection - share * injection.sum()
    np.testing.assert_allclose(spread.ptdf @ injection, network.ptdf @ balanced, atol=1e-9)
    np.testing.assert_allclose(spread.ptdf @ share, 0.0, atol=1e-12)


def test_every_island_has_its_own_sink() -> None:
    network = dc_network(purpose_nets.two_islands())
    share = np.zeros(network.n_node)
    for island in range(network.n_island):
        share[np.flatnonzero(network.island == island)[-1]] = 1.0
    ptdf = replace(network, sink=share).ptdf
    branches = network.island[network.from_node]
    assert not ptdf[branches[:, None] != network.island].any()
    assert not ptdf[:, share == 1.0].any()
