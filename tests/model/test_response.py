"""Demand response in examples small enough to be solved by hand; random ones stand in ``test_response_limits.py``."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gridopt.errors import InputError
from gridopt.model.response_rows import rest_rows, trailing_sums
from gridopt.model.response_schedule import CallLimits, Payback, drill_hours, events, keeps_limits
from gridopt.model.response_shaving import Shaver, shave
from tests.model.systems import case_of, generator, grid, load, output, profiles, response, solve, wind


def system(shape, programs, *, cheap_mw=80.0, dear=0.0, **settings_of_case):
    """100 MW of load times a shape, a cheap generator at 100 and a dear one at 500 CNY/MWh."""
    net = grid()
    load(net, 0, 100.0 * np.mean(shape), "load")
    generator(net, 0, cheap_mw, 100.0)
    if dear:
        generator(net, 0, dear, 500.0)
    for row in programs:
        response(net, row.pop("p_mw", np.nan), row.pop("price", 700.0), **row)
    series = profiles(len(shape), load=("demand", np.asarray(shape) / np.mean(shape)))
    return case_of(net, series, **settings_of_case)


def of_year(amount, steps):
    """The annual amount of which a horizon of some hours has ``amount``."""
    return amount * 8760.0 / steps


def responses(record):
    return output(record, "response", "response_mw")


# ---- size ---------------------------------------------------------------------------------------------------


def test_programs_share_the_part_of_the_annual_peak_by_weight():
    # 8 % of 130 MW, the peak of hour 3, though only the first two hours are solved; a quarter and three quarters.
    # Valley filling and a program of its own size take no part.
    rows = [{"name": "a"}, {"name": "b", "weight": 3.0}, {"name": "own", "p_mw": 7.0}]
    rows.append({"name": "valley", "kind": "valley_filling", "p_mw": 50.0})
    case = system([1.0, 0.7, 1.3, 1.0], rows, policy={"dr_share_of_peak": 0.08}, dear=50.0)
    case = case.override({"start": "2030-01-01T00:00", "hours": 2})
    _, record = solve(case)
    capability = output(record, "response", "response_capability_mw")
    np.testing.assert_allclose(capability, np.array([[2.6], [7.8], [7.0], [0.0]]) * np.ones(2))


def test_no_more_responds_than_is_drawn_at_any_bus():
    # The program is spread 3 : 1. With 10 MW drawn at the second bus it reduces 40 MW at most, with 2 MW 8 MW.
    net = grid(2, [(0, 1, 10.0, 500.0)])
    load(net, 0, 75.0)
    load(net, 1, 25.0, "small")
    generator(net, 0, 200.0, 100.0)
    response(net, 60.0, 700.0)
    _, record = solve(case_of(net, profiles(2, small=("demand", [0.4, 0.08])), plain=True))
    np.testing.assert_allclose(output(record, "response", "response_capability_mw"), [[40.0, 8.0]])


def test_response_and_lost_load_never_exceed_the_demand_of_a_bus():
    # 50 MW are missing. A (30 MW, a quarter at bus 1) and B (all 25 MW of bus 1) would cover them, but bus 1 draws
    # 25 MW only: A = 30 leaves 17.5 for B, and 2.5 MW are lost.
    net = grid(2, [(0, 1, 10.0, 500.0)])
    load(net, 0, 75.0)
    load(net, 1, 25.0, kind="industrial")
    generator(net, 0, 50.0, 100.0)
    response(net, 30.0, 700.0)
    response(net, 25.0, 500.0, name="B", target="industrial")
    _, record = solve(case_of(net, 1))
    np.testing.assert_allclose(responses(record)[:, 0], [30.0, 17.5], atol=1e-6)
    assert output(record, "demand", "unserved_mw").sum() == pytest.approx(2.5)
    assert record.objective_cny == pytest.approx(50 * 100 + 30 * 700 + 17.5 * 500 + 2.5 * 15000)


def test_a_schedule_is_what_all_programs_can_do_together():
    # As above in a drill: 30/4 + 25 = 32.5 MW at a bus that draws 25, so both are called with 25/32.5 of their size.
    net = grid(2, [(0, 1, 10.0, 500.0)])
    load(net, 0, 75.0)
    load(net, 1, 25.0, kind="industrial")
    generator(net, 0, 100.0, 100.0)
    response(net, 30.0, 700.0)
    response(net, 25.0, 500.0, name="B", target="industrial")
    _, record = solve(case_of(net, 1, policy={"dr_mode": "drill"}))
    np.testing.assert_allclose(responses(record)[:, 0], np.array([30.0, 25.0]) * 25 / 32.5)


# ---- kinds --------------------------------------------------------------------------------------------------


def test_the_steps_of_an_elastic_curve_respond_at_their_price():
    # The dear generator costs 500: the steps at 200 and 400 are taken, that at 900 is not.
    steps = [{"name": f"{price:g}", "kind": "elastic", "p_mw": 5.0, "price": price} for price in (200.0, 400.0, 900.0)]
    _, record = solve(system([1.0], steps, dear=50.0))
    np.testing.assert_allclose(responses(record)[:, 0], [5.0, 5.0, 0.0], atol=1e-7)
    assert record.objective_cny == pytest.approx(80 * 100 + 10 * 500 + 5 * 200 + 5 * 400)


def test_shifted_load_is_taken_back_in_its_block():
    # Two blocks of two hours. 8 MWh saved where power costs 500 come back as 10 MWh where it costs 100: later in
    # the first block, earlier in the second.
    shift = {"kind": "shiftable", "p_mw": 10.0, "price": 50.0, "window_h": 2.0, "payback_pu": 1.25}
    _, record = solve(system([1.1, 0.7, 0.7, 1.1], [shift], dear=50.0))
    np.testing.assert_allclose(responses(record), [[8.0, -10.0, -10.0, 8.0]], atol=1e-6)
    np.testing.assert_allclose(output(record, "response", "response_up_mw"), [[0.0, 10.0, 10.0, 0.0]], atol=1e-6)
    np.testing.assert_allclose(output(record, "response", "response_down_mw"), [[8.0, 0.0, 0.0, 8.0]], atol=1e-6)


def test_a_shift_with_limits_is_called_before_it_takes_back():
    # What was drawn in advance might be out of the budget later.
    shift = {"kind": "shiftable", "p_mw": 10.0, "price": 50.0, "window_h": 2.0, "hours_per_day": 24.0}
    _, record = solve(system([1.1, 0.7, 0.7, 1.1], [shift], dear=50.0))
    np.testing.assert_allclose(responses(record), [[10.0, -10.0, 0.0, 0.0]], atol=1e-6)


@pytest.mark.parametrize("look_ahead_h", [0, 2])
def test_blocks_stay_where_they_are_when_windows_move(look_ahead_h):
    # Blocks of four hours, windows of three: dear hours 1, 6 and 9, each with a cheap one in its block.
    shape = np.full(12, 0.75)
    shape[[0, 5, 8]] = 1.1
    shift = {"kind": "shiftable", "p_mw": 10.0, "price": 50.0, "window_h": 4.0}
    horizon = {"window_h": 3, "look_ahead_h": look_ahead_h}
    _, record = solve(system(shape, [shift], dear=50.0, horizon=horizon))
    moved = responses(record)[0]
    np.testing.assert_allclose(moved.reshape(3, 4).sum(axis=1), 0.0, atol=1e-6)
    np.testing.assert_allclose(moved[[0, 5, 8]], 10.0, atol=1e-6)


def test_the_last_block_ends_with_the_horizon():
    # Nothing can be taken back after hour 1.
    shift = {"kind": "shiftable", "p_mw": 10.0, "price": 50.0, "window_h": 24.0}
    _, record = solve(system([1.1], [shift], dear=50.0))
    np.testing.assert_allclose(responses(record), 0.0, atol=1e-9)


def test_valleys_are_filled_with_what_is_cheaper_than_its_worth():
    # 20 MW of wind too much in hour 1: 15 MW are worth 50 each. In hour 2 power costs 100.
    net = grid()
    load(net, 0, 30.0)
    wind(net, 0, 50.0, "wind")
    generator(net, 0, 60.0, 100.0)
    response(net, 15.0, 50.0, kind="valley_filling")
    _, record = solve(case_of(net, profiles(2, wind=("availability", [1.0, 0.0])), policy={"dr_mode": "drill"}))
    np.testing.assert_allclose(responses(record), [[-15.0, 0.0]], atol=1e-7)
    np.testing.assert_allclose(output(record, "renewable", "renewable_curtailment_mw"), [[5.0, 0.0]], atol=1e-7)
    assert record.operating_cny["response"].sum() == pytest.approx(-15 * 50)
    np.testing.assert_allclose(output(record, "response", "response_capability_mw"), 0.0)


# ---- budgets and calls --------------------------------------------------------------------------------------

SHORT = [1.0, 0.7, 1.0, 0.7, 1.0, 0.7]  # 20 MW are missing in hours 1, 3 and 5


@pytest.mark.parametrize("commitment", ["relaxed", "integer"])
@pytest.mark.parametrize(
    "limit",
    [
        {"energy_mwh_per_year": of_year(40.0, 6)},
        {"hours_per_year": of_year(2.0, 6)},
        {"calls_per_year": of_year(2.0, 6), "hours_per_event": 1.0},
        {"hours_per_day": 2.0},
    ],
)
def test_two_of_three_hours_are_left_where_a_limit_says_so(limit, commitment):
    for horizon in ({"mode": "monolithic"}, {"window_h": 2, "look_ahead_h": 1}):
        case = system(SHORT, [{"p_mw": 20.0} | limit], unit_commitment=commitment, horizon=horizon)
        _, record = solve(case)
        down = responses(record)[0]
        assert down.sum() == pytest.approx(40.0)
        assert (down[1::2] < 1e-6).all()
        called = output(record, "response", "response_called")[0]
        if commitment == "relaxed" or "energy_mwh_per_year" in limit:
            assert np.isnan(called).all()
        else:
            np.testing.assert_array_equal(called, down > 1.0)


def test_rest_between_two_events():
    # Two hours of rest after each event of one hour: hours 1 and 5. A relaxed run can't say so.
    program = {"p_mw": 20.0, "rest_h": 2.0, "hours_per_event": 1.0}
    case = system(SHORT, [program], unit_commitment="integer")
    _, record = solve(case)
    np.testing.assert_allclose(responses(record), [[20.0, 0.0, 0.0, 0.0, 20.0, 0.0]], atol=1e-6)
    _, record = solve(case.override({"unit_commitment": "relaxed"}))
    np.testing.assert_allclose(responses(record), [[20.0, 0.0, 20.0, 0.0, 20.0, 0.0]], atol=1e-6)


def test_a_call_may_go_on_where_nothing_is_needed():
    # One call, no limit of its length: the program stays on from hour 1 to hour 5, and is off where nothing follows.
    case = system(SHORT, [{"p_mw": 20.0, "calls_per_year": of_year(1.0, 6)}], unit_commitment="integer")
    _, record = solve(case)
    np.testing.assert_allclose(responses(record), [[20.0, 0.0, 20.0, 0.0, 20.0, 0.0]], atol=1e-6)
    np.testing.assert_array_equal(output(record, "response", "response_called"), [[1, 1, 1, 1, 1, 0]])


@pytest.mark.parametrize("commitment", ["relaxed", "integer"])
def test_an_event_goes_on_over_a_seam(commitment):
    # Four hours short, two per event, windows of one hour without look-ahead: hour 3 is between two events.
    case = system(
        [1.0] * 4,
        [{"p_mw": 20.0, "hours_per_event": 2.0}],
        unit_commitment=commitment,
        horizon={"window_h": 1, "look_ahead_h": 0},
    )
    _, record = solve(case)
    np.testing.assert_allclose(responses(record), [[20.0, 20.0, 0.0, 20.0]], atol=1e-6)


@pytest.mark.parametrize("commitment", ["relaxed", "integer"])
def test_a_budget_waits_for_the_hours_of_largest_net_load(commitment):
    # Response at 400 saves 100 in every hour, but has one hour for eight: its three candidates are hours 6 to 8.
    shape = [0.95] * 5 + [1.02, 1.01, 1.03]
    program = {"p_mw": 10.0, "price": 400.0, "hours_per_year": of_year(1.0, 8)}
    case = system(shape, [program], dear=50.0, unit_commitment=commitment, horizon={"window_h": 2, "look_ahead_h": 0})
    _, record = solve(case)
    down = responses(record)[0]
    assert down[:5].sum() == pytest.approx(0.0, abs=1e-6)
    assert down[5:].sum() == pytest.approx(10.0)


def test_on_states_are_tried_in_candidate_hours_only():
    # Lost load in hour 1, but the three hours of largest net load come later: called by the relaxed run alone.
    net = grid()
    load(net, 0, 100.0, "load")
    generator(net, 0, 200.0, 100.0, name="plant")
    response(net, 20.0, 700.0, hours_per_year=of_year(1.0, 6))
    shape = [1.0, 1.1, 1.2, 1.3, 1.0, 1.0]
    case = case_of(net, profiles(6, load=("demand", shape)), plain=True, unit_commitment="integer")
    found, _ = solve(case)
    np.testing.assert_array_equal(found.part("response").on_highest, [[0, 1, 1, 1, 0, 0]])


def test_hours_of_a_day_end_at_midnight_wherever_windows_begin():
    # Short in every hour; three hours a day. From 22:00 on, two hours of the first day, then three of the second.
    net = grid()
    load(net, 0, 100.0)
    generator(net, 0, 80.0, 100.0)
    response(net, 20.0, 700.0, hours_per_day=3.0)
    for commitment in ("relaxed", "integer"):
        case = case_of(net, 30, horizon={"window_h": 3, "look_ahead_h": 0}, unit_commitment=commitment)
        _, record = solve(case.override({"start": "2030-01-01T22:00", "hours": 8}))
        np.testing.assert_allclose(responses(record)[0, :3], 20.0, atol=1e-6)
        assert responses(record).sum() == pytest.approx(2 * 20 + 3 * 20)


def test_a_program_without_load_is_refused():
    net = grid()
    load(net, 0, 100.0)
    load(net, 0, 50.0, in_service=False, kind="industrial")
    response(net, 30.0, 500.0, target="industrial")
    with pytest.raises(InputError, match=r"program.*no load"):
        solve(case_of(net, 1))


# ---- schedules ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("commitment", ["relaxed", "integer"])
def test_a_drill_calls_the_capability_in_the_twenty_highest_hours(commitment):
    shape = 1 + 0.3 * np.sin(np.arange(48) / 24 * 2 * np.pi) + 0.001 * np.arange(48)
    shape /= shape.mean()
    net = grid()
    load(net, 0, 100.0, "load")
    generator(net, 0, 200.0, 100.0)
    response(net, np.nan, 700.0)
    policy = {"dr_share_of_peak": 0.05, "dr_mode": "drill"}
    case = case_of(
        net, profiles(48, load=("demand", shape)), policy=policy, unit_commitment=commitment,
        horizon={"window_h": 13, "look_ahead_h": 5},
    )  # fmt: skip
    _, record = solve(case)
    expected = np.where(np.argsort(np.argsort(-shape)) < 20, 0.05 * 100 * shape.max(), 0.0)
    np.testing.assert_allclose(responses(record)[0], expected, atol=1e-6)
    # the twenty hours are those of the year, not of the part that is solved
    _, record = solve(case.override({"hours": 24}))
    np.testing.assert_allclose(responses(record)[0], expected[:24], atol=1e-6)


def test_peak_shaving_spends_its_hours_on_the_highest_load():
    # 8, 12 and 10 MW above 100: two full hours of 10 MW level them at 103 1/3; with on-states two hours are cut, and
    # the third one, 108 MW, is the peak.
    shape = [1.0, 1.08, 1.12, 1.10]
    program = {"p_mw": 10.0, "hours_per_year": of_year(2.0, 4)}
    case = system(shape, [program], cheap_mw=200.0, policy={"dr_mode": "peak_shaving"})
    _, record = solve(case)
    np.testing.assert_allclose(responses(record)[0], [0.0, 14 / 3, 26 / 3, 20 / 3], atol=3e-3)
    _, record = solve(case.override({"unit_commitment": "integer"}))
    np.testing.assert_allclose(responses(record)[0], [0.0, 0.0, 4.0, 2.0], atol=3e-3)
    np.testing.assert_array_equal(output(record, "response", "response_called")[0], [0, 0, 1, 1])


def test_peak_shaving_by_shifting_fills_the_room_below():
    # 110 MW and 3 hours below: z = 100 leaves room for 10 MWh in the hour of 90 MW, which is what is saved.
    shift = {"kind": "shiftable", "p_mw": 20.0, "window_h": 4.0}
    case = system([1.0, 1.1, 1.0, 0.9], [shift], cheap_mw=200.0, policy={"dr_mode": "peak_shaving"})
    _, record = solve(case)
    np.testing.assert_allclose(responses(record)[0], [0.0, 10.0, 0.0, -10.0], atol=5e-3)


@pytest.mark.parametrize("commitment", ["relaxed", "integer"])
@pytest.mark.parametrize("limit", ["hours_per_day", "hours_per_event", "hours_per_year", "energy_mwh_per_year"])
def test_a_schedule_of_a_province_s_size_keeps_its_limits_to_the_last_digit(limit, commitment):
    # Two hours of 5000 MW for five high ones, used up before a small program without limits: nothing may be left
    # over that the dispatch can't do, however small.
    shape = [1.0, 1.0517, 1.0823, 1.0791, 1.0633, 1.0411, 1.0]
    amount = {"energy_mwh_per_year": of_year(10_000.0, 7), "hours_per_year": of_year(2.0, 7)}.get(limit, 2.0)
    net = grid()
    load(net, 0, 100_000.0 * np.mean(shape), "load")
    generator(net, 0, 200_000.0, 100.0)
    response(net, 5000.0, 700.0, **{limit: amount})
    response(net, 1000.0, 700.0, name="small")
    series = profiles(7, load=("demand", np.asarray(shape) / np.mean(shape)))
    found, record = solve(case_of(net, series, policy={"dr_mode": "peak_shaving"}, unit_commitment=commitment))
    planned = found.part("response").lowest_mw
    most = np.convolve(planned[0], np.ones(3)).max() if limit == "hours_per_event" else planned[0].sum()
    assert 4_000.0 < most <= 10_000.0 * (1 + 1e-14)
    np.testing.assert_allclose(responses(record)[0], planned[0], atol=1e-6)


@pytest.mark.parametrize("commitment", ["relaxed", "integer"])
def test_what_peak_shaving_leaves_is_used_where_it_saves_cost(commitment):
    # Hour 5 sets the peak and takes one of two hours; the other one goes where load is lost, away from it.
    shape = [0.95, 0.7, 0.7, 0.7, 1.0, 0.95]
    program = {"p_mw": 20.0, "hours_per_year": of_year(2.0, 6), "hours_per_event": 1.0}
    case = system(shape, [program], policy={"dr_mode": "peak_shaving"}, unit_commitment=commitment)
    _, record = solve(case)
    down = responses(record)[0]
    load_mw = 100 * np.array(shape)
    assert (load_mw - down).max() <= 95.0 + 2e-3
    assert down[4] >= 5.0 - 2e-3
    assert down[0] > 0.0


def whole(values):
    return np.array(values, dtype=float)


def test_drill_takes_the_highest_hours_that_the_limits_allow():
    high = whole([9, 10, 8, 7, 6, 5])
    day = np.array([0, 0, 0, 1, 1, 1])

    def called(**limits):
        return np.flatnonzero(drill_hours(high, np.ones(6), day, CallLimits(**limits), steps=3)).tolist()

    assert called() == [0, 1, 2]
    assert called(steps=2) == [0, 1]
    assert called(energy=1.5) == [1]
    assert called(event_steps=2) == [0, 1, 3]
    assert called(day_steps=1) == [1, 3]
    assert called(event_steps=1, rest_steps=1) == [1, 3, 5]
    assert called(event_steps=1, rest_steps=2) == [1, 4]
    assert called(event_steps=1, calls=1) == [1]
    assert called(day_steps=2, calls=1) == [0, 1]


def test_drill_leaves_room_for_what_has_to_be_taken_back():
    # Blocks of two hours: of each only one hour can be saved.
    payback = Payback(np.array([0, 0, 1, 1]), 1.0, 5.0)
    on = drill_hours(whole([9, 10, 8, 7]), np.full(4, 5.0), np.zeros(4, int), CallLimits(), steps=4, payback=payback)
    np.testing.assert_array_equal(on, [False, True, True, False])
    dearer = Payback(np.array([0, 0, 1, 1]), 1.1, 5.0)
    assert not drill_hours(
        whole([9, 10, 8, 7]), np.full(4, 5.0), np.zeros(4, int), CallLimits(), steps=4, payback=dearer
    ).any()


limits_of = st.builds(
    CallLimits,
    steps=st.sampled_from([2, 3, 5, np.inf]),
    calls=st.sampled_from([1, 2, np.inf]),
    event_steps=st.sampled_from([1, 2, 3, np.inf]),
    day_steps=st.sampled_from([1, 2, 3, np.inf]),
    rest_steps=st.integers(0, 3),
)
loads_of = st.lists(st.integers(80, 120), min_size=9, max_size=9).map(whole)


@settings(deadline=None, max_examples=25)
@given(loads_of, limits_of)
def test_no_on_off_schedule_leads_to_a_lower_peak(high, limits):
    # All 512 schedules of nine hours against the integer program.
    day = np.repeat([0, 1, 2], 3)
    power = np.full(9, 12.0)
    kept = [on for on in map(np.array, product([False, True], repeat=9)) if keeps_limits(on, power, day, limits)]
    least = min((high - 12.0 * on).max() for on in kept)
    found = shave(high, [Shaver(power, 12.0, limits)], day, integer=True)
    assert found.peak_mw == pytest.approx(least, abs=1.3e-5 * high.max())
    assert (high - found.power_mw[0] <= found.peak_mw + 1e-6).all()
    assert keeps_limits(found.on[0], power, day, limits)
    # what a program does without on-states can only be better
    relaxed = CallLimits(steps=limits.steps, event_steps=limits.event_steps, day_steps=limits.day_steps)
    free = shave(high, [Shaver(power, 12.0, relaxed)], day, integer=False)
    assert free.peak_mw <= found.peak_mw + 1.3e-5 * high.max()


@settings(deadline=None)
@given(loads_of, limits_of)
def test_a_drill_keeps_its_limits_and_leaves_no_hour_out(high, limits):
    day, power = np.repeat([0, 1, 2], 3), np.full(9, 12.0)
    on = drill_hours(high, power, day, limits, steps=4)
    assert on.sum() <= 4
    assert keeps_limits(on, power, day, limits)
    if on.sum() < 4:
        # the last hour tried could not be added
        lowest = np.lexsort((-np.arange(9), high))[0]
        more = on.copy()
        more[lowest] = True
        assert on[lowest] or not keeps_limits(more, power, day, limits)


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=12, max_size=12), st.integers(0, 4), st.integers(1, 4))
def test_rows_that_look_back_say_what_the_words_say(on, rest, longest):
    series = np.array(on)
    before = 6
    start = np.diff(series.astype(float), prepend=0.0).clip(min=0.0)
    states, starts = rest_rows(np.array([rest]), before, 6)
    left = states.known(whole(series[None, :6])) + states.value(whole(series[None, 6:]))
    left += starts.known(start[None, :6]) + starts.value(start[None, 6:])
    first, last = events(series)
    assume(first.size < 2 or all(first[1:] - last[:-1] - 1 >= np.where(first[1:] < before, rest, 0)))
    gaps = [(b - a - 1, b) for a, b in zip(last[:-1], first[1:], strict=True)]
    assert (left <= 1).all() == all(gap >= rest for gap, begin in gaps if begin >= before)
    sums = trailing_sums(np.array([longest + 1]), before, 6)
    total = sums.known(whole(series[None, :6])) + sums.value(whole(series[None, 6:]))
    runs = [b - max(a, 0) + 1 for a, b in zip(first, last, strict=True) if b >= before]
    assert (total <= longest).all() == all(length <= longest for length in runs)
