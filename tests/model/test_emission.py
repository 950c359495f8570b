"""CO2 of a system and its cap, by hand."""

import numpy as np
import pytest

from tests.model.golden_heat import heat_source, heat_zone
from tests.model.systems import case_of, grid, load, output, profiles, solve, thermal, wind


def two_boilers(gas_mw=100.0, **settings):
    """100 MW of heat for 4 h: coal at 100 with 0.4 t/MWh, gas at 300 with 0.2 t/MWh (1,000 CNY per t saved)."""
    net = grid()
    heat_zone(net, 100.0)
    heat_source(net, "boiler", 100.0, 100.0, co2_t_per_mwh=0.4, name="coal")
    heat_source(net, "boiler", gas_mw, 300.0, co2_t_per_mwh=0.2, name="gas")
    policy = {"chp_mode": "heat_zone", "dr_share_of_peak": 0.0} | settings.pop("policy", {})
    return case_of(net, profiles(4, heat=("heat", [1.0] * 4)), policy=policy, **settings)


def annual(tonnes, hours=4):
    """The annual cap that allows so much in so many hours."""
    return tonnes * 8760 / hours


def test_co2_is_added_up():
    _, record = solve(two_boilers())
    np.testing.assert_allclose(output(record, "emission", "emission_co2_t"), [[40.0] * 4])


def test_a_system_without_co2_reports_zero():
    net = grid()
    load(net, 0, 10.0)
    wind(net, 0, 20.0)
    _, record = solve(case_of(net, 3))
    np.testing.assert_array_equal(output(record, "emission", "emission_co2_t"), np.zeros((1, 3)))


def test_the_cap_is_kept_at_least_cost():
    # 160 t without a cap; 120 t need 200 of the 400 MWh from gas: 200 · 100 + 200 · 300.
    _, record = solve(two_boilers(policy={"co2_cap_t": annual(120.0)}))
    assert output(record, "emission", "emission_co2_t").sum() == pytest.approx(120.0)
    assert record.objective_cny == pytest.approx(200 * 100 + 200 * 300)
    assert record.penalty_cny["budget"].sum() == 0.0


def test_a_cap_out_of_reach_is_broken_at_its_price():
    # All gas still emits 80 t, 20 t too many at 2,500.
    case = two_boilers(policy={"co2_cap_t": annual(60.0)}, prices={"co2_breach_cny_per_t": 2500.0})
    _, record = solve(case)
    assert output(record, "emission", "emission_co2_t").sum() == pytest.approx(80.0)
    assert record.penalty_cny["budget"].sum() == pytest.approx(20 * 2500)


def test_a_breach_cheaper_than_saving_is_taken():
    # Saving costs 1,000 CNY/t.
    case = two_boilers(policy={"co2_cap_t": annual(120.0)}, prices={"co2_breach_cny_per_t": 900.0})
    _, record = solve(case)
    assert record.objective_cny == pytest.approx(400 * 100 + 40 * 900)


@pytest.mark.parametrize("window_h", [1, 2])
def test_windows_keep_the_cap_together(window_h):
    case = two_boilers(
        policy={"co2_cap_t": annual(120.0)}, horizon={"mode": "rolling", "window_h": window_h, "look_ahead_h": 1}
    )
    _, record = solve(case)
    # no net load: the cap is allotted evenly, 30 t an hour
    by_window = output(record, "emission", "emission_co2_t").reshape(-1, window_h).sum(axis=1)
    np.testing.assert_allclose(by_window, 30.0 * window_h, atol=1e-5)
    assert record.penalty_cny["budget"].sum() == 0.0


def test_the_cap_is_allotted_in_step_with_net_load():
    # Net load 90, 60, 30 MW of 180: of 36 t, 18 after the first hour, 30 after the second.
    net = grid()
    load(net, 0, 100.0)
    wind(net, 0, 100.0, "wind")
    series = profiles(3, wind=("availability", [0.1, 0.4, 0.7]))
    policy = {"co2_cap_t": annual(36.0, 3), "dr_share_of_peak": 0.0}
    system, _ = solve(case_of(net, series, policy=policy))
    ((component, limit),) = system.budgets
    assert (component, limit.name, limit.unit, limit.sense) == ("emission", "CO2 cap", "t", "most")
    np.testing.assert_allclose(limit.limit, [18.0, 30.0, 36.0])


def test_thermal_clusters_count_by_boiler_load():
    # 80 MW at 0.9 t/MWh for two hours.
    net = grid()
    load(net, 0, 80.0)
    thermal(net, 0, 1, 40.0, 100.0, 300.0, co2_t_per_mwh=0.9)
    _, record = solve(case_of(net, 2))
    np.testing.assert_allclose(output(record, "emission", "emission_co2_t"), [[72.0, 72.0]])


def test_the_cap_moves_dispatch_between_clusters():
    # Coal 300 at 0.9, gas 500 at 0.4 (400 CNY/t); 100 MW: 90 t without, 65 t = half and half.
    net = grid()
    load(net, 0, 100.0)
    thermal(net, 0, 1, 0.0, 100.0, 300.0, co2_t_per_mwh=0.9, initial_on_units=1)
    thermal(net, 0, 1, 0.0, 100.0, 500.0, co2_t_per_mwh=0.4, technology="gas", initial_on_units=1)
    _, record = solve(case_of(net, 1, policy={"co2_cap_t": annual(65.0, 1), "dr_share_of_peak": 0.0}))
    np.testing.assert_allclose(output(record, "thermal", "generator_p_mw"), [[50.0], [50.0]], atol=1e-5)
