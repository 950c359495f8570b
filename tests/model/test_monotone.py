"""More means never cost more, and fewer rules never cost more: whole systems solved in one piece.

With a free end no horizon-end value steers, so the objective is the optimum itself.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.horizon.random_cases import whole_system
from tests.model.systems import MONOLITHIC, case_of, response, solve, storage

STEPS = 12
FREE = MONOLITHIC | {"end_storage": "free"}
few = settings(max_examples=2, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
seeds = st.integers(0, 10_000)


def cost(seed, change=None, policy=None, prices=None, **options):
    net, series = whole_system(seed, STEPS)
    # a tie's contract energy and mandatory modes don't matter here; every program has its own size
    net["demand_response"] = net["demand_response"][net["demand_response"]["p_mw"].notna()].reset_index(drop=True)
    if change is not None:
        change(net)
    chosen = {"dr_share_of_peak": 0.05} | (policy or {})
    case = case_of(net, series, horizon=FREE, policy=chosen, **options, **({"prices": prices} if prices else {}))
    return solve(case)[1].objective_cny


def at_most(left, right):
    assert left <= right + 1e-6 * abs(right) + 0.1


@few
@given(seeds)
def test_another_store_never_costs_more(seed):
    at_most(cost(seed, lambda net: storage(net, 2, charge_mw=30.0, energy_mwh=90.0, efficiency=0.9)), cost(seed))


@few
@given(seeds)
def test_another_program_never_costs_more(seed):
    at_most(cost(seed, lambda net: response(net, 20.0, 400.0, name="more")), cost(seed))


@few
@given(seeds)
def test_a_higher_rating_never_costs_more(seed):
    def raise_rating(net):
        net.line["max_loading_percent"] = 1.5 * net.line["max_loading_percent"]

    at_most(cost(seed, raise_rating), cost(seed))


def _no_ramps(net):
    for column in ("ramp_up_mw_per_h", "ramp_down_mw_per_h"):
        net.gen[column] = np.nan


def _no_cycles(net):
    net.storage["max_cycles_per_day"] = np.nan


def _no_release(net):
    net["reservoir"]["min_release_m3_per_s"] = 0.0


def _no_table(name):
    def clear(net):
        net[name] = net[name].iloc[:0]

    return clear


@few
@given(seeds, st.sampled_from([_no_ramps, _no_cycles, _no_release, _no_table("reserve_product"), _no_table("outage")]))
def test_a_rule_less_never_costs_more(seed, change):
    at_most(cost(seed, change), cost(seed))


@few
@given(seeds, st.sampled_from(["reserves", "pilots", "channels", "forced_outages"]))
def test_a_policy_switched_off_never_costs_more(seed, rule):
    at_most(cost(seed, policy={rule: False}), cost(seed))


@few
@given(seeds)
def test_relaxed_commitment_never_costs_more_than_whole_units(seed):
    whole = cost(seed, unit_commitment="integer", solver={"mip_gap": 0.05})
    at_most(cost(seed), whole)


@few
@given(seeds)
def test_a_pilot_with_loose_rules_costs_what_no_pilot_costs(seed):
    def loose(net):
        for column, value in {"import_max_mw": np.nan, "export_max_mw": np.nan, "storage_exports": True}.items():
            net["pilot_zone"][column] = value
        for column, value in {"self_use_min": 0.0, "feed_in_max": 1.0, "self_supply_min": 0.0}.items():
            net["pilot_zone"][column] = value

    assert cost(seed, loose) == pytest.approx(cost(seed, policy={"pilots": False}), rel=1e-6, abs=0.1)
