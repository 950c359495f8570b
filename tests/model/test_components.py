"""Components in examples small enough to be solved by hand; thermal clusters stand in ``test_thermal.py``."""

import numpy as np
import pandapower as pp
import pytest

from tests.model.systems import (
    MONOLITHIC,
    case_of,
    generator,
    grid,
    hydro,
    load,
    output,
    profiles,
    response,
    solve,
    storage,
    thermal,
    tie,
    wind,
)

FREE_END = MONOLITHIC | {"end_storage": "free"}
CYCLIC_END = MONOLITHIC | {"end_storage": "cyclic"}
# A year's amount that is one of the unit in a horizon of three hours.
YEAR = 8760.0 / 3


def cost_of(record, component):
    return record.operating_cny[component].sum(), record.penalty_cny[component].sum()


# ---- demand -------------------------------------------------------------------------------------------------


def test_demand_lacks_at_the_value_of_lost_load():
    # 120 MW of demand, 100 MW of generation: 20 MW unserved at the bus with the lower value (9,000 for 15 MW of
    # it), the other 5 MW at the general 15,000.
    net = grid(2, [(0, 1, 10.0, 500.0)])
    load(net, 0, 105.0)
    load(net, 1, 15.0, value_of_lost_load_cny_per_mwh=9000.0)
    generator(net, 0, 100.0, 300.0)
    _, record = solve(case_of(net, 2))
    np.testing.assert_allclose(output(record, "demand", "unserved_mw"), [[5.0, 5.0], [15.0, 15.0]], atol=1e-6)
    assert cost_of(record, "demand") == pytest.approx((0.0, 2 * (15 * 9000 + 5 * 15000)))


def test_excess_is_paid_where_must_run_exceeds_demand():
    # Two units of at least 50 MW must run, demand is 60 MW: 40 MW too much in each of three hours.
    net = grid()
    load(net, 0, 60.0)
    thermal(net, 0, 2, 50.0, 100.0, 300.0, must_run_units=2)
    _, record = solve(case_of(net, 3))
    np.testing.assert_allclose(output(record, "demand", "excess_mw"), 40.0, atol=1e-5)
    assert record.objective_cny == pytest.approx(3 * (100 * 300 + 40 * 5000), rel=1e-6)


def test_negative_demand_is_a_source():
    # A load of −30 MW feeds 30 of the 50 MW of the other bus.
    net = grid(2, [(0, 1, 10.0, 500.0)])
    load(net, 0, -30.0)
    load(net, 1, 50.0)
    generator(net, 0, 100.0, 300.0)
    _, record = solve(case_of(net, 1))
    assert record.objective_cny == pytest.approx(20 * 300)


# ---- generators ---------------------------------------------------------------------------------------------


def test_quadratic_cost_is_exact():
    # Marginal costs are equal at 10 + 0.2 p = 20, p = 50: 500 + 250 + 50 · 20.
    net = grid()
    load(net, 0, 100.0)
    generator(net, 0, 100.0, 10.0, cp2_eur_per_mw2=0.1)
    generator(net, 0, 100.0, 20.0)
    _, record = solve(case_of(net, 1, plain=True, unit_commitment="off"))
    # the solver's quadratic method regularises: the cost is exact to its square
    np.testing.assert_allclose(output(record, "generator", "generator_p_mw")[1:, 0], [50.0, 50.0], atol=1e-3)
    assert record.objective_cny == pytest.approx(1750.0, rel=1e-8)


def test_piecewise_cost_takes_the_cheap_piece_first():
    # 20 MW at 100, then the linear generator at 300 for 60 MW; the piece at 400 stays unused.
    net = grid()
    load(net, 0, 80.0)
    generator(net, 0, 60.0, 300.0)
    row = generator(net, 0, 50.0, 0.0)
    pp.create_pwl_cost(net, row, "gen", [[0, 20, 100.0], [20, 50, 400.0]])
    _, record = solve(case_of(net, 1, plain=True, unit_commitment="off"))
    assert record.objective_cny == pytest.approx(20 * 100 + 60 * 300)


def test_cluster_without_commitment_keeps_its_must_run_part_and_its_constant_cost():
    # One of two units must run at 40 MW or more although the other generator is cheaper: 40 · 300 + 60 · 100,
    # and 600 CNY/h no-load of the whole cluster.
    net = grid()
    load(net, 0, 100.0)
    thermal(net, 0, 2, 40.0, 100.0, 300.0, must_run_units=1, cp0_eur=600.0)
    generator(net, 0, 200.0, 100.0)
    _, record = solve(case_of(net, 1, unit_commitment="off"))
    assert record.objective_cny == pytest.approx(40 * 300 + 60 * 100 + 600)


def test_carbon_price_adds_to_the_cost_of_output():
    # 0.8 t/MWh at 50 CNY/t is 40 CNY/MWh, for clusters and for plain generators.
    for build in (
        lambda net: thermal(net, 0, 1, 0.0, 200.0, 300.0, co2_t_per_mwh=0.8),
        lambda net: generator(net, 0, 200.0, 300.0, co2_t_per_mwh=0.8),
    ):
        net = grid()
        load(net, 0, 100.0)
        build(net)
        _, record = solve(case_of(net, 1, prices={"co2_cny_per_t": 50.0}))
        assert record.objective_cny == pytest.approx(100 * 340.0)


# ---- renewable ----------------------------------------------------------------------------------------------


def test_what_is_not_needed_is_curtailed_where_it_is_cheapest():
    # 50 + 20 MW for a demand of 30: the sun at 25 CNY/MWh stays, 40 MW of wind go at 1 CNY/MWh.
    net = grid()
    load(net, 0, 30.0)
    wind(net, 0, 50.0, "wind")
    wind(net, 0, 40.0, "sun", technology="solar", curtailment_cost_cny_per_mwh=25.0)
    series = profiles(1, wind=("availability", [1.0]), sun=("availability", [0.5]))
    _, record = solve(case_of(net, series))
    np.testing.assert_allclose(output(record, "renewable", "renewable_curtailment_mw")[:, 0], [40.0, 0.0], atol=1e-7)
    assert record.objective_cny == pytest.approx(40.0)


def test_declared_priority_replaces_the_small_price():
    net = grid()
    load(net, 0, 30.0)
    wind(net, 0, 50.0)
    _, record = solve(case_of(net, 1, policy={"renewable_priority_cny_per_mwh": 300.0}))
    assert record.objective_cny == pytest.approx(20 * 300.0)


def test_no_wind_at_all_is_no_problem():
    net = grid()
    load(net, 0, 30.0)
    wind(net, 0, 50.0, "wind")
    generator(net, 0, 40.0, 300.0)
    _, record = solve(case_of(net, profiles(2, wind=("availability", [0.0, 0.0]))))
    assert record.objective_cny == pytest.approx(2 * 30 * 300)


# ---- hydro --------------------------------------------------------------------------------------------------


def dam(**lake):
    """Demand 30, 30, 60 MW; 30 MW at 100, any more at 500; 50 MWh of water and 10 MW of inflow."""
    net = grid()
    load(net, 0, 40.0, "load")
    generator(net, 0, 30.0, 100.0)
    generator(net, 0, 100.0, 500.0)
    hydro(net, 0, 40.0, **({"max_e_mwh": 100.0, "start_e_mwh": 50.0, "inflow_mw": 10.0} | lake))
    return net, profiles(3, load=("demand", [0.75, 0.75, 1.5]))


@pytest.mark.parametrize(
    ("end", "cost", "level"),
    [
        # all 80 MWh are used, 40 of the 120 MWh of demand remain at 100
        ("free", 4000.0, 0.0),
        # 30 MWh may be used: in the last hour instead of 500
        ("cyclic", 9000.0, 50.0),
        # a MWh below the reference of 50 MWh costs 1.5 · 500, one above it is worth 0.7 · 500: as above
        ("value", 9000.0, 50.0),
    ],
)
def test_water_goes_where_it_saves_most(end, cost, level):
    net, series = dam()
    _, record = solve(case_of(net, series, horizon=MONOLITHIC | {"end_storage": end}))
    assert record.objective_cny == pytest.approx(cost)
    assert output(record, "hydro", "hydro_energy_mwh")[0, -1] == pytest.approx(level, abs=1e-5)


def test_a_reservoir_that_cannot_come_back_comes_as_near_as_it_can():
    # 20 MW must be released and 10 MW flow in: 30 MWh are lost whatever is done.
    net, series = dam(min_release_mw=20.0)
    _, record = solve(case_of(net, series, horizon=CYCLIC_END))
    assert output(record, "hydro", "hydro_energy_mwh")[0, -1] == pytest.approx(20.0, abs=1e-4)


def test_a_full_reservoir_spills():
    # 100 of 100 MWh and an inflow of 10 MW; demand takes 4 MW, 12 MWh of two hours are spilled at 1 CNY/MWh.
    net = grid()
    load(net, 0, 4.0)
    hydro(net, 0, 40.0, max_e_mwh=100.0, start_e_mwh=100.0, inflow_mw=10.0)
    _, record = solve(case_of(net, 2))
    assert output(record, "hydro", "hydro_spill_mw").sum() == pytest.approx(12.0)
    assert record.objective_cny == pytest.approx(12.0)


def test_a_plant_on_a_river_uses_what_flows():
    # 4 and 6 MW flow, demand is 5 MW: 1 MW is missing at 300, then 1 MW is spilled.
    net = grid()
    load(net, 0, 5.0)
    hydro(net, 0, 10.0, profile="river")
    generator(net, 0, 10.0, 300.0)
    _, record = solve(case_of(net, profiles(2, river=("availability", [0.4, 0.6]))))
    assert record.objective_cny == pytest.approx(300.0 + 1.0)


# ---- storage ------------------------------------------------------------------------------------------------


def windy_hour(**columns):
    """100 MW of wind in the first of two hours, demand 50 MW, otherwise 400 CNY/MWh."""
    net = grid()
    load(net, 0, 50.0)
    wind(net, 0, 100.0, "wind")
    generator(net, 0, 100.0, 400.0)
    storage(net, 0, **({"charge_mw": 20.0, "energy_mwh": 100.0, "efficiency": 0.9, "start_pu": 0.0} | columns))
    return net, profiles(2, wind=("availability", [1.0, 0.0]))


def test_storage_moves_wind_to_the_next_hour():
    # 20 MW charged are 18 MWh, of which 16.2 MW come out; 30 MW are curtailed at 1; wear of 10 CNY/MWh.
    net, series = windy_hour(throughput_cost_cny_per_mwh=10.0)
    _, record = solve(case_of(net, series, horizon=FREE_END))
    np.testing.assert_allclose(output(record, "storage", "storage_discharge_mw"), [[0.0, 16.2]], atol=1e-7)
    assert record.objective_cny == pytest.approx(33.8 * 400 + 162 + 30)


def test_self_discharge_is_lost():
    # 10 % an hour of the 18 MWh: 16.2 MWh, 14.58 MW.
    net, series = windy_hour(self_discharge_per_h=0.1)
    _, record = solve(case_of(net, series, horizon=FREE_END))
    np.testing.assert_allclose(output(record, "storage", "storage_discharge_mw"), [[0.0, 14.58]], atol=1e-7)


@pytest.mark.parametrize(
    ("horizon_end", "own_end", "level"),
    [
        ("free", "free", 0.0),
        # the price is the middle of the merit order, 400: a MWh held is worth 400 · 0.9, one discharged 400 · 0.9
        # less the wear, so it stays
        ("value", "free", 38.0),
        ("cyclic", "free", 20.0),
        ("free", "cyclic", 20.0),
        ("value", "fixed", 20.0),
    ],
)
def test_level_at_the_end(horizon_end, own_end, level):
    net, series = windy_hour(start_pu=0.2, end=own_end, throughput_cost_cny_per_mwh=1.0, discharge_mw=100.0)
    _, record = solve(case_of(net, series, horizon=MONOLITHIC | {"end_storage": horizon_end}))
    assert output(record, "storage", "storage_energy_mwh")[0, -1] == pytest.approx(level, abs=1e-5)


def test_a_store_that_cannot_come_back_charges_all_it_can():
    # Losing 20 % an hour of 80 MWh, it gains at most 4.5 MWh an hour: (80 · 0.8 + 4.5) · 0.8 + 4.5 = 59.3.
    net, series = windy_hour(charge_mw=5.0, start_pu=0.8, self_discharge_per_h=0.2)
    _, record = solve(case_of(net, series, horizon=CYCLIC_END))
    assert output(record, "storage", "storage_energy_mwh")[0, -1] == pytest.approx(59.3, abs=1e-4)


@pytest.mark.parametrize("size", [{"energy_mwh": 0.0}, {"charge_mw": 0.0}])
def test_storage_of_no_size_changes_nothing(size):
    net, series = windy_hour(**size, efficiency=1.0)
    _, record = solve(case_of(net, series))
    assert record.objective_cny == pytest.approx(50 * 400 + 50)


def test_cycles_per_day_limit_the_discharge():
    # Half a cycle of 10 MWh a day: 5 MWh.
    net, series = windy_hour(energy_mwh=10.0, max_cycles_per_day=0.5, efficiency=1.0)
    _, record = solve(case_of(net, series, horizon=FREE_END))
    assert output(record, "storage", "storage_discharge_mw").sum() == pytest.approx(5.0)


# ---- ties ---------------------------------------------------------------------------------------------------


def exporter(**columns):
    net = grid()
    load(net, 0, 50.0)
    generator(net, 0, 400.0, 250.0)
    tie(net, 0, 100.0, **columns)
    return net


@pytest.mark.parametrize(
    ("columns", "export"),
    [
        ({"band_mw": 30.0, "price_cny_per_mwh": 320.0}, [130.0] * 3),  # worth more than it costs
        ({"band_mw": 30.0, "price_cny_per_mwh": 240.0}, [70.0] * 3),  # worth less
        ({"price_cny_per_mwh": 320.0}, [100.0] * 3),  # no band: the contract
        ({"band_mw": 300.0, "price_cny_per_mwh": 320.0, "ramp_mw_per_h": 40.0}, [140.0, 180.0, 220.0]),
        ({"band_mw": 300.0, "price_cny_per_mwh": 320.0, "max_p_mw": 150.0}, [150.0] * 3),
    ],
)
def test_export_follows_its_value_inside_the_limits(columns, export):
    _, record = solve(case_of(exporter(**columns), 3))
    np.testing.assert_allclose(output(record, "tie", "tie_export_mw"), [export], atol=1e-6)
    value = columns["price_cny_per_mwh"]
    assert record.objective_cny == pytest.approx(sum(250 * (50 + x) - value * x for x in export))


def test_yearly_energy_is_exchanged_by_the_end_of_a_rolling_horizon():
    # Export is worth more than it costs, so every window would rather export now and make up for it later.
    net = exporter(band_mw=30.0, price_cny_per_mwh=320.0, annual_mwh=876_000.0)
    horizon = {"window_h": 4, "look_ahead_h": 4}
    _, record = solve(case_of(net, 24, horizon=horizon))
    export = output(record, "tie", "tie_export_mw")[0]
    assert export.sum() == pytest.approx(24 * 100.0)


# ---- demand response ----------------------------------------------------------------------------------------


def program(mw=15.0, **columns):
    """100 MW of demand, 80 MW of generation."""
    net = grid()
    load(net, 0, 100.0)
    generator(net, 0, 80.0, 100.0)
    response(net, mw, 700.0, **columns)
    return net


def test_response_comes_before_lost_load():
    _, record = solve(case_of(program(), 3))
    np.testing.assert_allclose(output(record, "response", "response_mw"), 15.0, atol=1e-7)
    assert record.objective_cny == pytest.approx(3 * (80 * 100 + 15 * 700 + 5 * 15000))


@pytest.mark.parametrize(
    "budget",
    [
        {"energy_mwh_per_year": 20.0 * YEAR},
        {"hours_per_year": 20 / 15 * YEAR},
        {"calls_per_year": 1.0 * YEAR, "hours_per_event": 4 / 3},  # full hours, also of an event
    ],
)
def test_the_budget_of_a_year_is_spent_once(budget):
    # 20 MWh in windows of one hour: 15, 5, 0.
    horizon = {"window_h": 1, "look_ahead_h": 0}
    _, record = solve(case_of(program(**budget), 3, horizon=horizon))
    np.testing.assert_allclose(output(record, "response", "response_mw"), [[15.0, 5.0, 0.0]], atol=1e-6)


def test_a_program_is_a_share_of_the_annual_peak():
    _, record = solve(case_of(program(np.nan), 1, policy={"dr_share_of_peak": 0.08}))
    np.testing.assert_allclose(output(record, "response", "response_mw"), 8.0, atol=1e-7)


def test_no_policy_leaves_programs_of_their_own_size():
    _, record = solve(case_of(program(), 1, policy={"dr_share_of_peak": 0.0}))
    np.testing.assert_allclose(output(record, "response", "response_mw"), 15.0, atol=1e-7)
    system, _ = solve(case_of(program(np.nan), 1, policy={"dr_share_of_peak": 0.0}))
    assert system.part("response") is None
