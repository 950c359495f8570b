"""Pilot zones: exchange with the grid, rules over the year on available generation.

Hand-computed cases: a park with 100 MW of wind and 50 MW of load behind one meter; the grid has 200 MW of load and
a plant at 300 CNY/MWh.  The weather offers 100, 100, 20 and 20 MW: 240 MWh against 200 MWh of load.  Without rules
the park feeds in 50 + 50 MWh, takes 30 + 30 MWh and uses 140 MWh of its own.
"""

import numpy as np
import pandapower as pp
import pytest

from tests.model.systems import (
    add_row,
    case_of,
    generator,
    grid,
    load,
    profiles,
    response,
    solve,
    storage,
    tie,
    wind,
)

SERIES = profiles(4, wind=("availability", [1.0, 1.0, 0.2, 0.2]))
LOOSE = {"storage_exports": True}
RULE = 2000.0
FREE_END = {"mode": "monolithic", "end_storage": "free"}


def park(store=None, **zone):
    """The park, with the rules of its zone in ``zone``; None for no zone at all."""
    net = grid(2, [(0, 1, 10.0, np.nan)])
    load(net, 0, 200.0)
    generator(net, 0, 500.0, 300.0)
    members = [("load", load(net, 1, 50.0)), ("sgen", wind(net, 1, 100.0, "wind"))]
    if store:
        members.append(("storage", storage(net, 1, charge_mw=store, energy_mwh=2 * store, start_pu=0.0)))
    if zone.pop("exists", True):
        declare(net, members, **zone)
    return net


def declare(net, members, **zone):
    add_row(net, "pilot_zone", {"name": "park", "bus": 1, **zone})
    for element, index in members:
        add_row(net, "pilot_member", {"pilot": "park", "element": element, "index": index})


def run(net, series=SERIES, **settings):
    settings = {"prices": {"curtailment_cny_per_mwh": 0.0}, "horizon": FREE_END} | settings
    return solve(case_of(net, series, **settings))


def values(record):
    return {name.removeprefix("pilot_").removesuffix("_mw"): rows for name, rows in record.outputs["pilot"].items()}


def kept(out, zone, h=1.0):
    """How far each rule of a zone of the whole horizon is broken [MWh], 0 where it is kept."""
    use = h * (out["generation"] - out["export"]).sum(axis=1)
    offered, demand = (h * out[name].sum(axis=1) for name in ("available", "load"))
    return {
        "feed_in": max((h * out["export"].sum(axis=1) - zone["feed_in_max"] * offered)[0], 0.0),
        "self_use": max((zone["self_use_min"] * offered - use)[0], 0.0),
        "self_supply": max((zone["self_supply_min"] * demand - use)[0], 0.0),
    }


def test_the_exchange_is_what_crosses_the_meter():
    _, record = run(park(**LOOSE))
    out = values(record)
    np.testing.assert_allclose(out["export"], [[50.0, 50.0, 0.0, 0.0]], atol=1e-6)
    np.testing.assert_allclose(out["import"], [[0.0, 0.0, 30.0, 30.0]], atol=1e-6)
    np.testing.assert_allclose(out["generation"], [[100.0, 100.0, 20.0, 20.0]], atol=1e-6)
    np.testing.assert_allclose(out["available"], [[100.0, 100.0, 20.0, 20.0]])
    np.testing.assert_allclose(out["load"], [[50.0] * 4])


def test_the_feed_in_counts_on_what_was_available():
    # At most 0.2 * 240 = 48 MWh of the 100 may be fed in: 52 MWh are curtailed and made by the plant instead.
    free, strict = (run(park(**LOOSE, feed_in_max=share))[1] for share in (1.0, 0.2))
    out = values(strict)
    assert out["export"].sum() == pytest.approx(48.0)
    assert out["generation"].sum() == pytest.approx(240.0 - 52.0)
    assert strict.objective_cny - free.objective_cny == pytest.approx(52.0 * 300.0)


def test_self_use_that_cant_be_reached_is_broken_by_what_is_missing():
    # 0.6 * 240 = 144 MWh, of which the load can take 140.
    _, record = run(park(**LOOSE, self_use_min=0.6))
    broken = kept(values(record), {"feed_in_max": 1.0, "self_use_min": 0.6, "self_supply_min": 0.0})
    assert broken["self_use"] == pytest.approx(4.0)


def test_a_store_inside_helps_self_use_and_self_supply():
    # 20 MWh of the windy hours are kept for the calm ones: 160 MWh are used within (0.8 of the load).
    zone = {"feed_in_max": 1.0, "self_use_min": 0.6, "self_supply_min": 0.8}
    _, record = run(park(store=10.0, **LOOSE, **zone))
    out = values(record)
    assert max(kept(out, zone).values()) == pytest.approx(0.0, abs=1e-6)
    assert (out["generation"] - out["export"]).sum() == pytest.approx(160.0)


def test_caps_of_the_exchange_hold_in_every_hour():
    # Export of 30 MW at most: 2 * 20 MWh curtailed. Import of 20 MW at most: 2 * 10 MWh not served at 15000.
    free, capped = (run(park(**LOOSE, **caps))[1] for caps in ({}, {"export_max_mw": 30.0, "import_max_mw": 20.0}))
    out = values(capped)
    np.testing.assert_allclose(out["export"], [[30.0, 30.0, 0.0, 0.0]], atol=1e-6)
    np.testing.assert_allclose(out["import"], [[0.0, 0.0, 20.0, 20.0]], atol=1e-6)
    assert capped.objective_cny - free.objective_cny == pytest.approx(40 * 300.0 + 20 * (15_000.0 - 300.0))


@pytest.mark.parametrize(("resells", "saved"), [(True, 20 * 400.0), (False, 0.0)])
def test_a_store_may_not_resell_energy_of_the_grid(resells, saved):
    # No wind, no load of its own. The plant costs 300 for 200 MW, all else 700: in hour 2 the load is 240 MW. The
    # store could charge 20 MWh in hour 1 and save 20 * 400 CNY in hour 2.
    def net(**zone):
        net = grid(2, [(0, 1, 10.0, np.nan)])
        load(net, 0, 200.0, "load")
        generator(net, 0, 200.0, 300.0)
        generator(net, 0, 500.0, 700.0)
        row = storage(net, 1, charge_mw=20.0, energy_mwh=20.0, start_pu=0.0)
        if zone:
            declare(net, [("storage", row)], **zone)
        return net

    series = profiles(2, load=("demand", [0.8, 1.2]))
    _, record = run(net(storage_exports=resells), series)
    without = 160 * 300 + 200 * 300 + 40 * 700
    assert without - record.objective_cny == pytest.approx(saved)


def test_output_of_a_dispatched_plant_counts_as_it_is_generated():
    # A plant of 80 MW at 100 CNY/MWh instead of wind: it would run at 80 MW and feed in 30. With feed_in_max 0.25
    # Σ e <= 0.25 Σ p: e = p - 50, so p - 50 <= 0.25 p, p <= 66.67 MW.
    net = grid(2, [(0, 1, 10.0, np.nan)])
    load(net, 0, 200.0)
    generator(net, 0, 500.0, 300.0)
    members = [("load", load(net, 1, 50.0)), ("gen", generator(net, 1, 80.0, 100.0))]
    declare(net, members, feed_in_max=0.25)
    _, record = run(net, profiles(3))
    out = values(record)
    np.testing.assert_allclose(out["generation"].sum(), 3 * 50.0 / 0.75, rtol=1e-6)
    np.testing.assert_allclose(out["available"], out["generation"])


def test_fixed_generation_of_a_member_counts():
    net = grid(2, [(0, 1, 10.0, np.nan)])
    load(net, 0, 200.0)
    generator(net, 0, 500.0, 300.0)
    row = pp.create_sgen(net, 1, 40.0, name="kiln", controllable=False, min_p_mw=0.0, max_p_mw=40.0)
    declare(net, [("load", load(net, 1, 50.0)), ("sgen", row)])
    out = values(run(net, profiles(2))[1])
    np.testing.assert_allclose(out["generation"], [[40.0, 40.0]])
    np.testing.assert_allclose(out["import"], [[10.0, 10.0]])
    np.testing.assert_allclose(out["available"], [[40.0, 40.0]])


def test_without_the_policy_a_zone_has_no_rules():
    zone = {"feed_in_max": 0.0, "self_use_min": 1.0, "export_max_mw": 0.0}
    off = run(park(**zone), policy={"pilots": False})[1]
    none = run(park(exists=False))[1]
    assert "pilot" not in off.outputs
    assert off.objective_cny == pytest.approx(none.objective_cny)


def busy(seed, steps=24, **zone):
    """A park with store, response and a tie beside it, in random weather; without ``zone`` it has no rules."""
    rng = np.random.default_rng(seed)
    net = grid(3, [(0, 1, 10.0, 150.0), (1, 2, 10.0, np.nan), (0, 2, 15.0, 120.0)])
    load(net, 0, 120.0, "load")
    load(net, 2, 60.0, "load")
    generator(net, 0, 150.0, 250.0)
    generator(net, 2, 200.0, 450.0)
    wind(net, 2, 80.0, "wind")
    members = [
        ("load", load(net, 1, 60.0, "load")),
        ("sgen", wind(net, 1, 140.0, "wind")),
        ("sgen", wind(net, 1, 60.0, "sun", technology="solar")),
        ("storage", storage(net, 1, charge_mw=20.0, energy_mwh=60.0, efficiency=0.9)),
    ]
    tie(net, 0, 20.0, band_mw=20.0, price_cny_per_mwh=280.0)
    response(net, 15.0, 600.0)
    if zone:
        declare(net, members, **zone)
    hour = np.arange(steps)
    series = profiles(
        steps,
        load=("demand", 1 + 0.3 * np.sin(hour / 4) + rng.normal(0, 0.05, steps)),
        wind=("availability", rng.uniform(0, 1, steps)),
        sun=("availability", np.clip(np.sin((hour % 24 - 6) * np.pi / 12), 0, 1)),
    )
    return net, series


@pytest.mark.parametrize("seed", range(4))
def test_loose_rules_cost_exactly_nothing(seed):
    loose = run(*busy(seed, **LOOSE))[1].objective_cny
    none = run(*busy(seed))[1].objective_cny
    assert loose == pytest.approx(none, rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_taking_a_rule_away_never_costs_more(seed):
    rules = {"export_max_mw": 60.0, "import_max_mw": 50.0, "feed_in_max": 0.3}
    all_rules = run(*busy(seed, **rules))[1]
    for name in rules:
        fewer = run(*busy(seed, **{k: v for k, v in rules.items() if k != name}, storage_exports=False))[1]
        assert fewer.objective_cny <= all_rules.objective_cny * (1 + 1e-9) + breach_cost(all_rules, rules)


def breach_cost(record, rules):
    zone = {"feed_in_max": 1.0, "self_use_min": 0.0, "self_supply_min": 0.0} | rules
    return RULE * sum(kept(values(record), zone).values())


@pytest.mark.parametrize("seed", range(6))
def test_four_windows_keep_every_rule(seed):
    rng = np.random.default_rng(seed)
    zone = {
        "export_max_mw": float(rng.uniform(40, 120)),
        "import_max_mw": float(rng.uniform(30, 90)),
        "feed_in_max": float(rng.uniform(0.2, 0.5)),
        "self_use_min": float(rng.uniform(0.1, 0.3)),
        "self_supply_min": float(rng.uniform(0.1, 0.5)),
        "storage_exports": bool(seed % 2),
    }
    net, series = busy(seed, **zone)
    system, record = run(net, series, horizon={"window_h": 6, "look_ahead_h": int(rng.integers(0, 7))})
    assert len(record.windows) == 4
    out = values(record)
    inside = record.outputs["renewable"]["renewable_p_mw"][1:].sum(axis=0)
    offered = record.outputs["renewable"]["renewable_available_mw"][1:].sum(axis=0)
    at_bus = (system.part("pilot").nodes.T @ record.injection_mw)[0]
    np.testing.assert_allclose(out["export"][0] - out["import"][0], at_bus, atol=1e-5)
    np.testing.assert_allclose(out["generation"][0], inside, atol=1e-6)
    np.testing.assert_allclose(out["available"][0], offered, atol=1e-6)
    np.testing.assert_allclose(out["load"], 60.0 * series["load"].to_numpy()[None, :])
    assert np.minimum(out["export"], out["import"]).max() <= 1e-9
    assert (out["export"] >= -1e-9).all()
    assert (out["export"] <= zone["export_max_mw"] + 1e-6).all()
    assert (out["import"] <= zone["import_max_mw"] + 1e-6).all()
    if not zone["storage_exports"]:
        assert (out["export"] <= out["generation"] + 1e-6).all()
    assert max(kept(out, zone).values()) <= 1e-4
