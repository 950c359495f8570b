"""Ties: loss on the way, staircases, energy of contracts, channels with a renewable share.

Hand-computed cases on one bus: demand of 50 MW, a plant of 400 MW at 250 CNY/MWh, a tie of 100 MW.
"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridopt.errors import InputError
from gridopt.model.tie_limits import block_starts, deviation_corridor, kept_limits
from tests.model.systems import add_row, case_of, generator, grid, load, output, profiles, put, solve, tie, wind

ONLY_EXPORT = {"min_p_mw": 0.0, "max_p_mw": 1000.0}


def exporter(mw=100.0, price=250.0, **columns):
    net = grid()
    load(net, 0, 50.0)
    generator(net, 0, 400.0, price)
    tie(net, 0, mw, **columns)
    return net


# ---- loss on the way ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "export"),
    [
        (270.0, 130.0),  # 0.95 * 270 = 256.5 arrive of what costs 250: worth sending
        (260.0, 70.0),  # 0.95 * 260 = 247 < 250: not worth it
    ],
)
def test_the_value_counts_what_arrives(value, export):
    net = exporter(band_mw=30.0, price_cny_per_mwh=value, loss_pu=0.05, **ONLY_EXPORT)
    _, record = solve(case_of(net, 3))
    np.testing.assert_allclose(output(record, "tie", "tie_export_mw"), [[export] * 3])
    np.testing.assert_allclose(output(record, "tie", "tie_loss_mw"), [[0.05 * export] * 3])
    assert record.operating_cny["tie"].sum() == pytest.approx(-3 * value * 0.95 * export)


def test_an_import_is_paid_for_at_the_bus_and_lost_before_it():
    # 40 MW come at 200 CNY/MWh instead of 250 from the plant; the neighbour sent 40 / 0.8 = 50 MW.
    net = exporter(-40.0, price_cny_per_mwh=200.0, loss_pu=0.2, max_p_mw=0.0)
    _, record = solve(case_of(net, 2))
    np.testing.assert_allclose(output(record, "tie", "tie_loss_mw"), [[10.0, 10.0]])
    assert record.operating_cny["tie"].sum() == pytest.approx(2 * 200.0 * 40.0)


def test_a_tie_that_reverses_gains_nothing_from_its_loss():
    # Band -20 … 20 MW, value 260, loss 10 %: export is worth 234 < 250, so it does not export;
    # import costs 260 > 250 in the first hour.  In the second hour the plant costs 300 (a load beyond
    # the first plant needs a second one): import at 260 pays, all 20 MW.
    net = grid()
    load(net, 0, 100.0, "load")
    generator(net, 0, 100.0, 250.0)
    generator(net, 0, 100.0, 300.0)
    tie(net, 0, 0.0, band_mw=20.0, price_cny_per_mwh=260.0, loss_pu=0.1)
    _, record = solve(case_of(net, profiles(2, load=("demand", [0.5, 1.5]))))
    np.testing.assert_allclose(output(record, "tie", "tie_export_mw"), [[0.0, -20.0]], atol=1e-6)
    np.testing.assert_allclose(record.operating_cny["tie"], [0.0, 260.0 * 20.0], atol=1e-4)


# ---- staircase ----------------------------------------------------------------------------------------------


def test_a_flat_contract_is_cut_into_equal_blocks_of_the_clock():
    # Three blocks of 8 h. Demand of the plants cheap in the first half of the day, dear in the second: each block
    # takes the side of its mean, whatever the windows are.
    net = grid()
    load(net, 0, 100.0, "load")
    generator(net, 0, 140.0, 200.0)
    generator(net, 0, 400.0, 400.0)
    tie(net, 0, 50.0, band_mw=20.0, price_cny_per_mwh=300.0, steps_per_day=3.0)
    busy = [0.5] * 8 + [1.0] * 5 + [0.5] * 3 + [0.5] * 8
    # Second block: five hours in which a MW costs 400 and three in which it costs 200, against a value of 300.
    for horizon in ({"mode": "monolithic"}, {"window_h": 6, "look_ahead_h": 12}):
        _, record = solve(case_of(net, profiles(24, load=("demand", busy)), horizon=horizon))
        export = output(record, "tie", "tie_export_mw")[0]
        np.testing.assert_allclose(export, [70.0] * 8 + [40.0] * 8 + [70.0] * 8, atol=1e-6)


def test_blocks_begin_where_the_contract_changes():
    # Seams at hours 4, 8, 12 … do not match the steps of the contract at 5 and 9.
    shape = [0.8] * 5 + [1.2] * 4 + [1.0] * 15
    net = exporter(band_mw=30.0, price_cny_per_mwh=320.0, steps_per_day=2.0, profile="contract")
    series = profiles(24, contract=("contract", shape))
    _, record = solve(case_of(net, series, horizon={"window_h": 4, "look_ahead_h": 2}))
    export = output(record, "tie", "tie_export_mw")[0]
    np.testing.assert_allclose(export, 100 * np.array(shape) + 30.0, atol=1e-6)
    assert (np.flatnonzero(np.abs(np.diff(export)) > 1e-6) + 1).tolist() == [5, 9]


def test_a_staircase_with_quarter_hours_and_days_without_a_change():
    time = pd.date_range("2030-01-01 00:15", periods=192, freq="15min")
    contract = np.full((1, 192), 5.0)
    contract[0, 30:60] = 8.0
    starts = block_starts(contract, np.array([4.0]), time, 0.25)
    assert np.flatnonzero(starts[0]).tolist() == [0, 30, 60, 96, 120, 144, 168]
    assert block_starts(contract, np.array([np.nan]), time, 0.25).all()


def test_without_a_band_the_contract_holds_whatever_its_steps():
    net = exporter(steps_per_day=1.0, profile="contract")
    series = profiles(3, contract=("contract", [0.9, 1.0, 1.1]))
    _, record = solve(case_of(net, series))
    np.testing.assert_allclose(output(record, "tie", "tie_export_mw"), [[90.0, 100.0, 110.0]])


# ---- ramps --------------------------------------------------------------------------------------------------


def test_no_window_steers_into_a_corner_that_the_ramp_cant_leave():
    # Export pays, so the first window (no look-ahead) would stay at 130 MW; the contract then falls to 60 MW with
    # a band of 30: at most 90 MW in hour 4, 110 MW in hour 3.
    net = exporter(band_mw=30.0, price_cny_per_mwh=320.0, ramp_mw_per_h=20.0, profile="contract")
    series = profiles(6, contract=("contract", [1.0, 1.0, 1.0, 0.6, 0.6, 0.6]))
    _, record = solve(case_of(net, series, horizon={"window_h": 2, "look_ahead_h": 0}))
    export = output(record, "tie", "tie_export_mw")[0]
    np.testing.assert_allclose(export, [120.0, 130.0, 110.0, 90.0, 90.0, 90.0], atol=1e-6)


def test_a_ramp_that_cant_follow_the_contract_is_refused():
    net = exporter(band_mw=5.0, ramp_mw_per_h=10.0, profile="contract")
    with pytest.raises(InputError, match="ramp can't follow"):
        solve(case_of(net, profiles(2, contract=("contract", [1.0, 1.3]))))


# ---- energy of the contract ---------------------------------------------------------------------------------


def dearer_later(**columns):
    """Twelve hours at 200 CNY/MWh, then twelve at 400; the contract must be kept over the day."""
    net = grid()
    load(net, 0, 100.0, "load")
    generator(net, 0, 220.0, 200.0)
    generator(net, 0, 300.0, 400.0)
    tie(net, 0, 100.0, band_mw=10.0, annual_mwh=876_000.0, **columns)
    return net, profiles(24, load=("demand", [0.5] * 12 + [1.5] * 12))


def test_energy_is_sent_while_it_is_cheap_and_balanced_at_the_end():
    # 10 MW more for twelve cheap hours, 10 MW less for twelve dear ones: saves 12 * 10 * 200 CNY.
    net, series = dearer_later()
    _, record = solve(case_of(net, series))
    np.testing.assert_allclose(output(record, "tie", "tie_export_mw")[0], [110.0] * 12 + [90.0] * 12, atol=1e-6)
    ahead = output(record, "tie", "tie_deviation_mwh")[0]
    np.testing.assert_allclose(ahead, np.r_[10.0:121.0:10.0, 110.0:-1.0:-10.0], atol=1e-6)
    assert record.penalty_cny["tie"].sum() == pytest.approx(0.0, abs=1e-6)


def test_the_corridor_limits_how_far_ahead_it_may_be():
    net, series = dearer_later(deviation_mwh=25.0)
    _, record = solve(case_of(net, series))
    ahead = output(record, "tie", "tie_deviation_mwh")[0]
    assert ahead.max() == pytest.approx(25.0)
    assert ahead[-1] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("period", ["month", "year"])
def test_energy_is_balanced_at_the_end_of_its_period(period):
    # The horizon of 48 h crosses a month: 12 h of January are left, then February begins.
    net, _ = dearer_later(energy_period=period)
    series = profiles(48, load=("demand", [0.5] * 12 + [1.5] * 36))
    series = series.assign_coords(time=pd.date_range("2030-01-31 13:00", periods=48, freq="h"))
    horizon = {"window_h": 10, "look_ahead_h": 10}
    _, record = solve(case_of(net, series, horizon=horizon))
    ahead = output(record, "tie", "tie_deviation_mwh")[0]
    assert ahead[-1] == pytest.approx(0.0, abs=1e-6)
    if period == "month":
        assert ahead[11] == pytest.approx(0.0, abs=1e-6)
    else:  # cheap hours are used, as the year goes on
        assert ahead[11] == pytest.approx(120.0)


def test_windows_do_not_play_against_the_end():
    # All windows cost the same: without a worth of being ahead each window would export less (value below cost)
    # or more, and the last one would have to bring it back.
    net = exporter(band_mw=30.0, price_cny_per_mwh=100.0, annual_mwh=876_000.0)
    _, record = solve(case_of(net, 48, horizon={"window_h": 6, "look_ahead_h": 6}))
    export = output(record, "tie", "tie_export_mw")[0]
    assert export.sum() == pytest.approx(4800.0)
    _, whole = solve(case_of(net, 48))
    assert record.objective_cny == pytest.approx(whole.objective_cny)


def test_energy_that_the_band_cant_bring_back_is_settled_and_never_infeasible():
    # Narrow ramp: at the end of the month the tie runs at 130 MW and can only fall by 1 MW/h, but its month has
    # twelve hours left; whatever happens, every window has a solution and the month's deviation is zero.
    columns = {"band_mw": 30.0, "ramp_mw_per_h": 1.0, "annual_mwh": 876_000.0, "energy_period": "month"}
    net = exporter(price_cny_per_mwh=900.0, **columns)
    series = profiles(60).assign_coords(time=pd.date_range("2030-01-30 13:00", periods=60, freq="h"))
    _, record = solve(case_of(net, series, horizon={"window_h": 6, "look_ahead_h": 0}))
    ahead = output(record, "tie", "tie_deviation_mwh")[0]
    np.testing.assert_allclose(ahead[[35, 59]], 0.0, atol=1e-6)
    export, contract = output(record, "tie", "tie_export_mw")[0], output(record, "tie", "tie_contract_mw")[0]
    settled = np.diff(ahead, prepend=0.0) - (export - contract)
    price = 2000.0 + 15_000.0
    assert record.penalty_cny["tie"].sum() == pytest.approx(price * np.abs(settled).sum(), abs=0.1)


def test_a_contract_that_is_kept_needs_no_settlement_even_in_short_windows():
    net, series = dearer_later(deviation_mwh=40.0)
    _, record = solve(case_of(net, series, horizon={"window_h": 2, "look_ahead_h": 0}))
    assert record.penalty_cny["tie"].sum() == pytest.approx(0.0, abs=1e-3)
    assert output(record, "tie", "tie_deviation_mwh")[0, -1] == pytest.approx(0.0, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_the_corridor_can_always_be_kept(seed):
    # From every level in the corridor of an hour some power leads into that of the next one.
    rng = np.random.default_rng(seed)
    steps = 12
    above, below = rng.uniform(0, 30, (1, steps)), -rng.uniform(0, 30, (1, steps))
    ends = rng.random((1, steps)) < 0.2
    ends[:, -1] = True
    lower, upper = deviation_corridor(above, below, rng.uniform(0, 80, 1), ends, 1.0)
    assert (lower <= upper).all()
    np.testing.assert_allclose(lower[ends], 0.0, atol=1e-9)
    for t in range(steps - 1):
        for level in (lower[0, t], upper[0, t]):
            least = max(level + below[0, t + 1], lower[0, t + 1])
            most = min(level + above[0, t + 1], upper[0, t + 1])
            assert least <= most + 1e-9


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_kept_limits_can_always_be_kept(seed):
    rng = np.random.default_rng(seed)
    low = rng.uniform(-50, 0, (1, 10))
    high, change = low + rng.uniform(10, 60, (1, 10)), rng.uniform(20, 60, (1, 10))
    kept_low, kept_high = kept_limits(low, high, change)
    if (kept_low > kept_high).any():
        return
    for start in (kept_low[0, 0], kept_high[0, 0]):
        power = start
        for t in range(1, 10):
            power = min(max(power, kept_low[0, t]), kept_high[0, t])
            assert low[0, t] <= power <= high[0, t]
    steps = np.abs(np.diff(np.clip(kept_high[0], kept_low[0], None)))
    assert steps.size == 9
    for t in range(9):
        for power in (kept_low[0, t], kept_high[0, t]):
            nearest = min(max(power, kept_low[0, t + 1]), kept_high[0, t + 1])
            assert abs(nearest - power) <= change[0, t + 1] + 1e-9


# ---- channels -----------------------------------------------------------------------------------------------


def channel_net(*, west_share=0.0, east_share=0.0, west_base="west", east_base="east", pilot=False):
    """A channel and a wind farm in the west (bus 0) and in the east (bus 1), a plant for the rest."""
    net = grid(2, [(0, 1, 10.0, np.nan)])
    put(net, "bus", 0, {"region": "west"})
    put(net, "bus", 1, {"region": "east"})
    load(net, 1, 200.0)
    generator(net, 1, 600.0, 300.0)
    west, _ = wind(net, 0, 100.0, "wind"), wind(net, 1, 60.0, "wind")
    columns = {"min_p_mw": 0.0, "max_p_mw": 500.0, "price_cny_per_mwh": 400.0}
    tie(net, 0, 80.0, name="west channel", renewable_share_min=west_share, base=west_base, **columns)
    tie(net, 1, 40.0, name="east channel", renewable_share_min=east_share, base=east_base, **columns)
    if pilot:
        add_row(net, "pilot_zone", {"name": "park", "bus": 0, "storage_exports": True})
        add_row(net, "pilot_member", {"pilot": "park", "element": "sgen", "index": west})
    return net


def breach(record, system):
    """Breach of each budget [MWh], recomputed from outputs."""
    tied = record.outputs["tie"]
    share = system.part("tie").renewable_share
    lacking = (share[:, None] * tied["tie_export_mw"] - tied["tie_renewable_mw"]).sum(axis=1)
    return np.maximum(lacking, 0.0)


WINDY = profiles(4, wind=("availability", [1.0, 0.5, 0.25, 0.25]))


def test_a_channel_shows_its_share_over_the_year_not_in_each_hour():
    # West wind 100, 50, 25, 25 = 200 MWh; half of 4 * 80 MWh are 160 MWh.
    system, record = solve(case_of(channel_net(west_share=0.5), WINDY))
    attributed = output(record, "tie", "tie_renewable_mw")
    assert attributed[0].sum() >= 160.0 - 1e-6
    assert (attributed[0] <= [80.0, 50.0, 25.0, 25.0]).all()
    np.testing.assert_allclose(attributed[1], 0.0)
    np.testing.assert_allclose(breach(record, system), 0.0, atol=1e-6)


def test_wind_is_kept_from_curtailment_for_the_share_of_a_channel():
    # Wind of 100 MW costs 500 CNY/MWh and would not run; the channel needs 0.5 * 320 = 160 MWh of it at that
    # price instead of 300 from the plant: 160 * 200 CNY more, and less curtailment.
    import pandapower as pp

    costs = []
    for share in (0.0, 0.5):
        net = channel_net(west_share=share)
        for row in net.sgen.index:
            pp.create_poly_cost(net, row, "sgen", cp1_eur_per_mw=500.0)
        _, record = solve(case_of(net, WINDY, prices={"curtailment_cny_per_mwh": 0.0}))
        costs.append(record.objective_cny)
    assert costs[1] - costs[0] == pytest.approx(160.0 * 200.0)


def test_no_mwh_is_claimed_twice_by_a_region_and_the_province():
    # Both channels sell 4 * 120 MWh; all wind is 1.6 * 200 = 320 MWh. West counts on its 200 MWh with
    # 0.6 * 320 = 192, the province's channel on what is left with 0.9 * 160 = 144: 336 in all, 16 are missing.
    # (hour 1: west 80 MW at most, but 160 MW of wind for both channels with 80 + 40.)
    net = channel_net(west_share=0.6, east_share=0.9, east_base="")
    system, record = solve(case_of(net, WINDY))
    tied, all_wind = record.outputs["tie"], record.outputs["renewable"]["renewable_p_mw"]
    attributed = tied["tie_renewable_mw"]
    assert (attributed[0] <= np.minimum(all_wind[0], 80.0) + 1e-6).all()
    assert (attributed.sum(axis=0) <= all_wind.sum(axis=0) + 1e-6).all()
    # most that can be claimed: hour 1 all 120 MW exported, then 80, 40, 40 MW of wind: 280 of 336 MWh
    assert breach(record, system).sum() == pytest.approx(336.0 - 280.0)


def test_wind_of_a_pilot_zone_is_the_zones_own():
    system, record = solve(case_of(channel_net(west_share=0.5, pilot=True), WINDY))
    np.testing.assert_allclose(output(record, "tie", "tie_renewable_mw"), 0.0, atol=1e-6)
    np.testing.assert_allclose(breach(record, system), [160.0, 0.0], atol=1e-5)
    off = case_of(channel_net(west_share=0.5, pilot=True), WINDY, policy={"pilots": False})
    np.testing.assert_allclose(breach(*reversed(solve(off))), 0.0, atol=1e-6)


def test_channels_can_be_switched_off_and_loose_shares_cost_nothing():
    net = channel_net(west_share=0.9, east_share=0.9)
    off = solve(case_of(net, WINDY, policy={"channels": False}))[1]
    none = solve(case_of(channel_net(), WINDY))[1]
    loose = solve(case_of(channel_net(west_share=0.4, east_share=0.2), WINDY))[1]
    assert off.objective_cny == pytest.approx(none.objective_cny)
    assert loose.objective_cny == pytest.approx(none.objective_cny)


def test_four_windows_keep_the_share_of_the_whole_horizon():
    net = channel_net(west_share=0.5, east_share=0.5, east_base="")
    rng = np.random.default_rng(3)
    series = profiles(24, wind=("availability", rng.uniform(0.2, 1.0, 24)))
    system, record = solve(case_of(net, series, horizon={"window_h": 6, "look_ahead_h": 3}))
    np.testing.assert_allclose(breach(record, system), 0.0, atol=1e-5)
    tied, offered = record.outputs["tie"], record.outputs["renewable"]["renewable_p_mw"]
    assert (tied["tie_renewable_mw"] <= tied["tie_export_mw"] + 1e-6).all()
    assert (tied["tie_renewable_mw"].sum(axis=0) <= offered.sum(axis=0) + 1e-6).all()


def test_a_channel_without_any_wind_lacks_its_whole_share():
    net = exporter(renewable_share_min=0.5, **ONLY_EXPORT)
    system, record = solve(case_of(net, 3))
    np.testing.assert_allclose(breach(record, system), [150.0])


@pytest.mark.parametrize("seed", range(8))
def test_four_windows_keep_every_equation_of_the_ties(seed):
    """Ramps, blocks, corridor and loss of random ties, recomputed in numpy over the seams."""
    rng = np.random.default_rng(seed)
    net = grid()
    load(net, 0, 200.0, "load")
    generator(net, 0, 250.0, 220.0)
    generator(net, 0, 500.0, 400.0)
    stairs = 4.0 if seed % 2 else np.nan
    columns = {"loss_pu": 0.03, "price_cny_per_mwh": 300.0, "annual_mwh": 1.0, "energy_period": "month"}
    tie(net, 0, 60.0, band_mw=float(rng.uniform(5, 40)), ramp_mw_per_h=float(rng.uniform(10, 60)), **columns)
    tie(net, 0, 10.0, name="both", band_mw=30.0, steps_per_day=stairs, **columns)
    series = profiles(36, load=("demand", rng.uniform(0.6, 1.6, 36)))
    series = series.assign_coords(time=pd.date_range("2030-01-31 08:00", periods=36, freq="h"))
    system, record = solve(case_of(net, series, horizon={"window_h": 9, "look_ahead_h": int(rng.integers(0, 9))}))
    d, out = system.part("tie"), record.outputs["tie"]
    export, contract, ahead = (out[f"tie_{name}"] for name in ("export_mw", "contract_mw", "deviation_mwh"))
    band = net.tie["band_mw"].to_numpy()[:, None]
    assert (np.abs(export - contract) <= band + 1e-5).all()
    change = np.abs(np.diff(export, axis=1, prepend=contract[:, :1]))
    assert (change[0] <= d.ramp_mw_per_h[0] + 1e-4).all()
    if seed % 2:
        moved = np.flatnonzero(change[1] > 1e-4)
        hour = (series["time"].to_numpy() - np.timedelta64(1, "h")).astype("datetime64[h]").astype(int) % 24
        assert np.isin(hour[moved[moved > 0]], [0, 6, 12, 18]).all()
    np.testing.assert_allclose(ahead[:, [16, 35]], 0.0, atol=1e-4)  # 17 h of January, then the end
    settled = np.diff(ahead, axis=1, prepend=0.0) - (export - contract)
    loss = np.where(export > 0, 0.03 * export, -0.03 / 0.97 * export)
    np.testing.assert_allclose(out["tie_loss_mw"], loss, atol=1e-9)
    arrives = np.where(export > 0, 0.97 * export, export)
    assert record.operating_cny["tie"].sum() == pytest.approx(-300.0 * arrives.sum(), abs=1e-2)
    assert record.penalty_cny["tie"].sum() == pytest.approx(17_000.0 * np.abs(settled).sum(), abs=30.0)
