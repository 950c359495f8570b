"""Limits after the loss of a pole: the lazy optimum against all rows written out, and prices by hand."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pandapower as pp
import pytest

from gridopt.errors import InfeasibleError
from gridopt.network.contingencies import worst_after_outages
from gridopt.network.matrices import dc_network
from gridopt.results.prices import nodal_prices
from gridopt.results.security import outage_results
from gridopt.solver.worst_limits import FLOW_TOLERANCE_MW
from tests.model.systems import add_row, case_of, generator, grid, load, profiles, put, solve, tie

from .test_n_minus_1 import all_limits

HOURS = 6
PLANTS = ((0, 600.0, 120.0), (1, 300.0, 310.0), (2, 400.0, 420.0), (4, 500.0, 340.0))
LOADS = ((1, 130.0), (2, 150.0), (3, 110.0))
SHAPE = np.array([0.7, 0.9, 1.1, 1.25, 1.0, 0.8])
VALUE = 390.0
LOST_LOAD, EXCESS = 3000.0, 1000.0


def meshed_case(seed: int, *, poles: bool = True):
    """Five buses with a DC line inside and an HVDC export; limits are drawn so that poles and circuits both bind."""
    rng = np.random.default_rng(seed)
    corridors = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (0, 2), (1, 3)]
    net = grid(5, [(*ends, rng.uniform(8, 20), rng.uniform(110, 160)) for ends in corridors])
    for row in net.line.index:
        put(net, "line", row, {"emergency_loading_percent": 120.0})
    for bus, most, price in PLANTS:
        generator(net, bus, most, price)
    for bus, mw in LOADS:
        load(net, bus, mw, "load")
    pp.create_dcline(net, 0, 3, p_mw=1.0, loss_percent=4.0, loss_mw=0.0, vm_from_pu=1.0, vm_to_pu=1.0, max_p_mw=250.0)
    columns = {"kind": "hvdc", "band_mw": 80.0, "price_cny_per_mwh": VALUE, "min_p_mw": -400.0, "max_p_mw": 400.0}
    tie(net, 4, 260.0, name="channel", **columns, **({"poles": 2, "pole_overload_pu": 1.1} if poles else {}))
    tie(net, 2, 0.0, name="neighbour", response_mw=350.0)
    if poles:
        put(net, "dcline", 0, {"poles": 1})
    prices = {"value_of_lost_load_cny_per_mwh": LOST_LOAD, "excess_cny_per_mwh": EXCESS}
    series = profiles(HOURS, load=("demand", SHAPE / SHAPE.mean()))
    return case_of(net, series, unit_commitment="off", network_level="dc+n-1", prices=prices)


def written_out(case) -> float:
    """Cost with a row for every branch after every outage: circuits as nets of their own, poles as other injections."""
    network = dc_network(case.net)
    at = np.eye(5)[network.bus_node]  # (bus, node): buses are nodes, in whatever order
    demand = sum(np.outer(at[bus], mw * SHAPE / SHAPE.mean()) for bus, mw in LOADS)
    most = np.array([[mw] * HOURS for _, mw, _ in PLANTS])
    output, link = cp.Variable(most.shape, bounds=[0, most]), cp.Variable((1, HOURS), bounds=[0, 250 / 1.04])
    export = cp.Variable((1, HOURS), bounds=[180, 340])
    unserved, excess = cp.Variable(demand.shape, bounds=[0, demand]), cp.Variable(demand.shape, bounds=[0, 1e4])
    plants = np.stack([at[bus] for bus, _, _ in PLANTS], axis=1)
    of_link = (at[3] - 1.04 * at[0])[:, None]
    injection = plants @ output + of_link @ link - at[4][:, None] @ export + unserved - excess - demand
    weight = sum(mw * at[bus] for bus, mw, _ in PLANTS) + 350.0 * at[2]
    response = (weight / weight.sum())[:, None]
    # the link is gone: what arrived lacks, what was drawn is there; of the channel 1 - 1.1 / 2 is gone
    without_link = injection - of_link @ link + response @ ((1 - 1.04) * link)
    without_channel = injection + at[4][:, None] @ (0.45 * export) - response @ (0.45 * export)
    factors, circulating, limit = all_limits(case)
    assert not circulating.any()
    emergency = 1.2 * network.limit_mw[:, None]
    rows = [cp.sum(injection, axis=0) == 0, cp.abs(factors @ injection) <= limit[:, None]]
    rows += [cp.abs(network.ptdf @ after) <= emergency for after in (without_link, without_channel)]
    price = np.array([price for _, _, price in PLANTS])
    cost = cp.sum(price @ output) - VALUE * cp.sum(export) + LOST_LOAD * cp.sum(unserved) + EXCESS * cp.sum(excess)
    problem = cp.Problem(cp.Minimize(cost), rows)
    problem.solve(solver=cp.HIGHS)
    return float(problem.value)


@pytest.mark.parametrize("seed", range(6))
def test_the_lazy_optimum_is_that_of_all_rows(seed):
    case = meshed_case(seed)
    system, record = solve(case)
    best = written_out(case)
    assert record.objective_cny == pytest.approx(best, rel=1e-7)
    at_stake = system.outages.at_stake_mw(np.concatenate([record.injection_mw, record.power_at_risk_mw]))
    worst, outage = worst_after_outages(system.outages, at_stake)
    excess = np.abs(worst) - np.take_along_axis(system.outages.limit_mw, outage, axis=1)
    assert excess.max() < FLOW_TOLERANCE_MW
    np.testing.assert_allclose(record.power_at_risk_mw[0], record.outputs["generator"]["generator_p_mw"][-1])
    np.testing.assert_allclose(record.power_at_risk_mw[1], -record.outputs["tie"]["tie_export_mw"][0])


def test_poles_bind_where_circuits_do_not():
    binding = []
    for seed in range(6):
        _, usual = solve(meshed_case(seed, poles=False))
        _, record = solve(meshed_case(seed))
        assert usual.power_at_risk_mw.shape == (0, HOURS)
        assert record.objective_cny >= usual.objective_cny * (1 - 1e-9)
        binding.append(record.objective_cny > usual.objective_cny * (1 + 1e-6))
        assert np.abs(record.power_at_risk_price).max() > 0 or not binding[-1]
    assert sum(binding) >= 3


def test_rows_stay_and_follow_the_windows():
    case = meshed_case(1)
    _, whole = solve(case)
    windows = {"horizon.mode": "rolling", "horizon.window_h": 2, "horizon.look_ahead_h": 1}
    _, record = solve(case.override(windows))
    # nothing joins the hours of this case
    assert len(record.windows) == 3
    assert record.objective_cny == pytest.approx(whole.objective_cny, rel=1e-9)


def two_plants(
    export_mw: float = 100.0,
    town_mw: float = 250.0,
    extra: int | None = None,
    section: int | None = None,
    **settings: object,
):
    """A cheap plant and an HVDC export in the west, a dear plant and a town in the east, one line between them."""
    net = grid(2, [(0, 1, 10.0, 100.0)])
    put(net, "line", 0, {"emergency_loading_percent": 110.0})
    generator(net, 0, 400.0, 200.0)
    generator(net, 1, 400.0, 500.0)
    load(net, 1, town_mw)
    tie(net, 0, export_mw, kind="hvdc", poles=2)
    if extra is not None:
        load(net, extra, 0.01)
    if section is not None:
        limit = {"max_mw": 80.0} if section > 0 else {"min_mw": -80.0}
        add_row(net, "interface", {"name": "cut", "pole_limit_percent": 110.0, **limit})
        add_row(net, "interface_branch", {"interface": "cut", "element": "line", "index": 0, "sign": section})
    return case_of(net, 1, unit_commitment="off", network_level="dc+n-1", **settings)


def test_half_of_what_a_pole_leaves_goes_east():
    # By hand: of 100 MW of export 50 stay in the west; each plant takes back 25: the line gets 25 MW more, so that
    # it may carry 110 - 25 = 85 MW before; one MW less export lets 0.25 MW more through, worth 0.25 * 300.
    _, record = solve(two_plants())
    assert record.outputs["generator"]["generator_p_mw"][1:, 0].tolist() == pytest.approx([185.0, 165.0])
    assert record.outage_price[:, 0].tolist() == pytest.approx([300.0])
    assert record.power_at_risk_price[:, 0].tolist() == pytest.approx([-75.0])


@pytest.mark.parametrize("section", [None, 1, -1])
def test_prices_are_what_one_mw_more_costs(section):
    system, record = solve(two_plants(section=section))
    prices = nodal_prices(system, record)
    for bus in (0, 1):
        _, more = solve(two_plants(extra=bus, section=section))
        assert prices.total[bus, 0] == pytest.approx((more.objective_cny - record.objective_cny) / 0.01, rel=1e-6)
    np.testing.assert_allclose(prices.security, prices.congestion, atol=1e-9)
    _, more = solve(two_plants(export_mw=100.01, section=section))
    more_export = (more.objective_cny - record.objective_cny) / 0.01
    saved = outage_results(system, record, record.injection_mw[:1], prices.security)["pole_price_cny_per_mwh"]
    assert saved.values.tolist() == [[pytest.approx(75.0)]]
    assert more_export == pytest.approx(prices.total[0, 0] + saved.values[0, 0], rel=1e-6)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_section_keeps_its_limit_after_the_loss_of_a_pole(sign):
    # By hand: after it the section may carry 110 % of 80 MW, 25 MW of which come with the loss
    system, record = solve(two_plants(section=sign))
    assert record.outputs["generator"]["generator_p_mw"][1:, 0].tolist() == pytest.approx([163.0, 187.0])
    assert system.limit_names()[2] == "cut without tie, one pole of 2"
    found = outage_results(system, record, record.injection_mw[:1], np.zeros((2, 1)))
    np.testing.assert_allclose(found["interface_flow_after_pole_mw"].values, [[[sign * 88.0]]])
    np.testing.assert_allclose(found["interface_pole_price_cny_per_mwh"].values, [[[sign * 300.0]]])
    assert found["pole_lost_mw"].values.tolist() == [[pytest.approx(-50.0)]]


def test_a_section_without_such_a_limit_is_not_looked_at_after_it():
    case = two_plants(section=1)
    case.net["interface"]["pole_limit_percent"] = np.nan
    system, record = solve(case)
    # 80 MW before, 105 after: within 110 of the line
    assert record.outputs["generator"]["generator_p_mw"][1, 0] == pytest.approx(180.0)
    assert system.limits.after_poles.section.size == 0


def test_the_loss_of_a_pole_that_nobody_can_bear_is_named():
    none = {"value_of_lost_load_cny_per_mwh": None, "excess_cny_per_mwh": None}
    for section, name in ((None, "line 0-1 #0"), (1, "cut")):
        case = two_plants(town_mw=500.0 if section is None else 470.0, section=section, prices=none)
        with pytest.raises(InfeasibleError, match=f"{name} without tie, one pole of 2"):
            solve(case)
