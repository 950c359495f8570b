"""Wind and solar: whose output is curtailed, how much of it may be, and what a site costs, by hand."""

import numpy as np
import pandapower as pp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gridopt.model.renewable import shared_output
from tests.model.systems import case_of, generator, grid, load, output, profiles, solve, storage, wind

PRO_RATA = {"curtailment_sharing": "pro_rata", "dr_share_of_peak": 0.0}


def curtailment(record):
    return output(record, "renewable", "renewable_curtailment_mw")


# ---- sharing ------------------------------------------------------------------------------------------------


def test_sites_at_one_node_share_pro_rata():
    # 100 MW offered at one bus (60, 30, 10) for 70 MW of load: 30 % of each.
    net = grid()
    load(net, 0, 70.0)
    for mw in (60.0, 30.0):
        wind(net, 0, mw)
    wind(net, 0, 10.0, technology="solar")
    _, free = solve(case_of(net, 2))
    system, shared = solve(case_of(net, 2, policy=PRO_RATA))
    np.testing.assert_allclose(curtailment(shared), np.outer([18.0, 9.0, 3.0], [1, 1]), atol=1e-6)
    assert shared.objective_cny == pytest.approx(free.objective_cny)
    np.testing.assert_allclose(
        shared.injection_mw,
        system.part("renewable").nodes @ (output(shared, "renewable", "renewable_p_mw")) - 70.0,
        atol=1e-6,
    )


def test_across_nodes_the_network_decides():
    # The line lets 20 MW of the far site through; the near one is not curtailed.
    net = grid(2, [(0, 1, 10.0, 20.0)])
    load(net, 0, 70.0)
    wind(net, 0, 50.0)
    wind(net, 1, 50.0)
    _, record = solve(case_of(net, 1, policy=PRO_RATA))
    np.testing.assert_allclose(curtailment(record), [[0.0], [30.0]], atol=1e-6)


def test_a_dearer_site_is_curtailed_last():
    net = grid()
    load(net, 0, 50.0)
    wind(net, 0, 40.0)
    wind(net, 0, 40.0, curtailment_cost_cny_per_mwh=200.0)
    _, record = solve(case_of(net, 1, policy=PRO_RATA))
    np.testing.assert_allclose(curtailment(record), [[30.0], [0.0]], atol=1e-6)


def test_a_site_with_a_battery_keeps_its_own():
    # The first two share among themselves and leave the third what the solver gave it.
    net = grid()
    load(net, 0, 60.0)
    rows = [wind(net, 0, 40.0) for _ in range(3)]
    storage(net, 0, charge_mw=5.0, energy_mwh=0.0, co_located_sgen=float(rows[2]))
    system, _ = solve(case_of(net, 1, policy=PRO_RATA))
    pool = system.part("renewable").pool
    assert pool[0] == pool[1] != pool[2]


@settings(deadline=None, max_examples=8)
@given(mw=arrays(float, (2, 3), elements=st.floats(1.0, 60.0)), limit_mw=st.floats(5.0, 60.0))
def test_sharing_leaves_cost_injections_and_limits_as_they_are(mw, limit_mw):
    # Wind, solar and wind at each end of a line that lets only so much through, 70 MW of load at the first.
    net = grid(2, [(0, 1, 10.0, limit_mw)])
    load(net, 0, 70.0)
    generator(net, 0, 100.0, 300.0)
    for bus, sizes in enumerate(mw):
        for size, technology in zip(sizes, ("wind", "solar", "wind"), strict=True):
            wind(net, bus, size, technology=technology)
    _, free = solve(case_of(net, 1))
    system, shared = solve(case_of(net, 1, policy=PRO_RATA))
    assert shared.objective_cny == pytest.approx(free.objective_cny)
    np.testing.assert_allclose(shared.injection_mw, free.injection_mw, atol=1e-6)
    sites = system.part("renewable")
    np.testing.assert_allclose(sites.nodes @ curtailment(shared), sites.nodes @ curtailment(free), atol=1e-6)
    used = output(shared, "renewable", "renewable_p_mw")[3:].sum()
    assert used <= limit_mw + 1e-6
    rates = curtailment(shared)[:, 0] / mw.ravel()
    np.testing.assert_allclose(rates, np.repeat(rates[[0, 3]], 3), atol=1e-6)


def test_without_the_policy_nothing_is_shared():
    net = grid()
    wind(net, 0, 40.0)
    system, _ = solve(case_of(net, 1))
    assert system.part("renewable").pool is None


@settings(deadline=None)
@given(
    available=arrays(float, (5, 3), elements=st.floats(0, 1e3)),
    used=arrays(float, (5, 3), elements=st.floats(0, 1)),
    pool=arrays(np.int64, 5, elements=st.integers(0, 4)),
)
def test_sharing_keeps_the_sum_and_the_limits_and_evens_the_rates(available, used, pool):
    available = np.where(available < 1e-3, 0.0, available)
    output_mw = available * used
    shared = shared_output(available, output_mw, pool)
    for number in np.unique(pool):
        mine = pool == number
        np.testing.assert_allclose(shared[mine].sum(axis=0), output_mw[mine].sum(axis=0), atol=1e-9)
        rate = np.divide(
            shared[mine], available[mine], out=np.full(shared[mine].shape, np.nan), where=available[mine] > 0
        )
        lowest, highest = (
            np.nanmin(np.vstack([rate, np.full(3, 2.0)]), axis=0),
            np.nanmax(np.vstack([rate, np.zeros(3)]), axis=0),
        )
        assert (highest - np.minimum(lowest, highest) <= 1e-9).all()
    assert (shared >= 0).all()
    assert (shared <= available * (1 + 1e-12)).all()


# ---- the cap on curtailment ---------------------------------------------------------------------------------


def subsidised(**policy):
    """100 MW of wind against a plant that is paid 50 CNY/MWh to run, 50 MW; 100 MW of load, 4 h."""
    net = grid()
    load(net, 0, 100.0)
    generator(net, 0, 50.0, -50.0)
    wind(net, 0, 100.0)
    return net, {"dr_share_of_peak": 0.0} | policy


def test_a_cap_on_the_rate_turns_the_dispatch():
    net, policy = subsidised()
    _, free = solve(case_of(net, 4, policy=policy))
    np.testing.assert_allclose(curtailment(free), 50.0, atol=1e-6)
    # A fifth of 400 MWh: 80 MWh curtailed at 1, the plant runs 80 MWh.
    _, capped = solve(case_of(net, 4, policy=policy | {"max_curtailment_rate": 0.2}))
    assert curtailment(capped).sum() == pytest.approx(80.0)
    assert capped.objective_cny == pytest.approx(80 * 1 - 80 * 50)


def test_a_rate_out_of_reach_is_broken_at_its_price():
    # 60 MW of load can't take 100 MW of wind: 40 % curtailed, 30 % too much of 200 MWh.
    net = grid()
    load(net, 0, 60.0)
    wind(net, 0, 100.0)
    case = case_of(net, 2, policy={"max_curtailment_rate": 0.1}, prices={"rule_cny_per_mwh": 700.0})
    _, record = solve(case)
    assert record.penalty_cny["budget"].sum() == pytest.approx(60 * 700)


@pytest.mark.parametrize("look_ahead_h", [0, 1])
def test_windows_keep_the_rate_together(look_ahead_h):
    net, policy = subsidised()
    horizon = {"mode": "rolling", "window_h": 1, "look_ahead_h": look_ahead_h}
    _, record = solve(case_of(net, 4, policy=policy | {"max_curtailment_rate": 0.2}, horizon=horizon))
    np.testing.assert_allclose(curtailment(record), 20.0, atol=1e-5)
    assert record.penalty_cny["budget"].sum() == 0.0


def test_only_wind_and_solar_count():
    # Biomass that follows a profile is shut first (it costs 200) and counts for nothing.
    net = grid()
    load(net, 0, 60.0)
    wind(net, 0, 60.0)
    plant = wind(net, 0, 30.0, "all", technology="biomass")
    pp.create_poly_cost(net, plant, "sgen", cp1_eur_per_mw=200.0)
    series = profiles(2, all=("availability", [1.0, 1.0]))
    system, record = solve(case_of(net, series, policy={"max_curtailment_rate": 0.0}))
    np.testing.assert_allclose(curtailment(record), [[0, 0], [30, 30]], atol=1e-6)
    ((component, limit),) = system.budgets
    assert (component, limit.name) == ("renewable", "curtailed wind and solar")
    np.testing.assert_array_equal(limit.limit, [0.0, 0.0])
    assert record.penalty_cny["budget"].sum() == 0.0


def test_without_wind_and_sun_there_is_no_cap():
    net = grid()
    wind(net, 0, 60.0, "all", technology="biomass")
    series = profiles(2, all=("availability", [1.0, 1.0]))
    system, _ = solve(case_of(net, series, policy={"max_curtailment_rate": 0.0}))
    assert system.budgets == ()


# ---- costs --------------------------------------------------------------------------------------------------


def test_standing_and_running_cost_and_carbon_are_charged():
    # 12 CNY/h while in service, 20 CNY and 0.1 t (at 50 CNY/t) per MWh: 2 h of 30 MW in quarter-hours.
    net = grid()
    load(net, 0, 30.0)
    plant = wind(net, 0, 40.0, technology="biomass", co2_t_per_mwh=0.1, curtailment_cost_cny_per_mwh=0.0, profile="all")
    pp.create_poly_cost(net, plant, "sgen", cp0_eur=12.0, cp1_eur_per_mw=20.0)
    series = profiles(8, 0.25, all=("availability", [1.0] * 8))
    _, record = solve(case_of(net, series, step_h=0.25, prices={"co2_cny_per_t": 50.0}))
    assert record.operating_cny["renewable"].sum() == pytest.approx(2 * 12 + 60 * 25)
    assert output(record, "emission", "emission_co2_t").sum() == pytest.approx(6.0)


def test_constants_are_left_out_where_rundcopp_leaves_them_out():
    net = grid()
    load(net, 0, 30.0)
    site = wind(net, 0, 40.0)
    pp.create_poly_cost(net, site, "sgen", cp0_eur=12.0, cp1_eur_per_mw=0.0)
    other = generator(net, 0, 10.0, 0.0)
    pp.create_pwl_cost(net, other, "gen", [[0, 5, 100.0], [5, 10, 200.0]])
    _, record = solve(case_of(net, 1))
    assert record.operating_cny["renewable"].sum() == 0.0
