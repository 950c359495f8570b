"""Demand response stays inside every limit, whatever the windows: random programs, checked with own code.

The system is short of power in its peaks and has cheap and dear hours, so that programs are called as often as
their limits allow.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.model.systems import case_of, generator, grid, load, output, profiles, response, solve, storage

YEAR_STEPS, FIRST, STEPS = 84, 5, 60
HORIZON = {"window_h": 17, "look_ahead_h": 7}
KINDS = ("interruptible", "shiftable", "elastic", "valley_filling")


def random_programs(rng: np.random.Generator, annual_h: float) -> list[dict[str, object]]:
    """Three programs with some of all limits; annual ones are met several times over in the horizon."""
    rows = []
    for number in range(3):
        kind = str(rng.choice(KINDS))
        row: dict[str, object] = {"name": f"program {number}", "kind": kind, "window_h": float(rng.integers(5, 30))}
        row["payback_pu"] = float(rng.choice([0.9, 1.0, 1.2]))
        annual = 8760.0 / annual_h
        for column, value in {
            "energy_mwh_per_year": float(rng.uniform(20, 120)) * annual,
            "hours_per_year": float(rng.integers(3, 15)) * annual,
            "calls_per_year": float(rng.integers(1, 6)) * annual,
            "hours_per_event": float(rng.integers(1, 5)),
            "hours_per_day": float(rng.integers(1, 6)),
            "rest_h": float(rng.integers(1, 9)),
        }.items():
            if rng.random() < 0.6:
                row[column] = value
        if kind == "valley_filling" or rng.random() < 0.3:
            row["p_mw"] = float(rng.uniform(5, 25))
        rows.append(row)
    return rows


def random_case(seed: int, mode: str, commitment: str, step_h: float = 1.0):
    """84 steps of profiles of which 60, from an odd hour on, are solved in four windows."""
    rng = np.random.default_rng(seed)
    hour = np.arange(1, YEAR_STEPS + 1) * step_h
    shape = 1 + 0.3 * np.sin(2 * np.pi * (hour - 9) / 24) + rng.normal(0, 0.06, YEAR_STEPS)
    net = grid(2, [(0, 1, 10.0, 120.0)])
    load(net, 0, 100.0, "load")
    load(net, 1, 60.0, "works", kind="industrial")
    generator(net, 0, 110.0, 200.0)
    generator(net, 0, 40.0, 1500.0)
    storage(net, 1, charge_mw=10.0, energy_mwh=30.0, efficiency=0.9)
    programs = random_programs(rng, STEPS * step_h)
    for row in programs:
        price = float(rng.choice([50.0, 300.0, 3000.0]))
        columns = {"target": str(rng.choice(["", "industrial"]))} | row
        response(net, columns.pop("p_mw", np.nan), price, **columns)
    series = profiles(YEAR_STEPS, step_h, load=("demand", shape), works=("demand", rng.uniform(0.7, 1.3, YEAR_STEPS)))
    for name in ("load", "works"):
        series[name] = series[name] / series[name].mean()
    case = case_of(
        net,
        series,
        horizon={key: value * step_h for key, value in HORIZON.items()},
        unit_commitment=commitment,
        policy={"dr_share_of_peak": 0.15, "dr_mode": mode},
        solver={"mip_gap": 1e-3},
    )
    start = pd.Timestamp("2030-01-01") + pd.Timedelta(hours=FIRST * step_h)
    return case.override({"start": str(start), "hours": STEPS * step_h}), programs


def runs(on: np.ndarray) -> list[tuple[int, int]]:
    edge = np.flatnonzero(np.diff(np.concatenate([[0], on.astype(int), [0]])))
    return list(zip(edge[::2], edge[1::2], strict=True))


def check_limits(case, programs, record, data, annual_share: float) -> None:
    step_h, tolerance = case.settings.step_h, 1e-5
    out = {name: output(record, "response", f"response_{name}_mw") for name in ("up", "down", "capability")}
    called = output(record, "response", "response_called")
    middle = case.time - pd.Timedelta(hours=step_h / 2)
    for k, row in enumerate(programs):
        active = out["up"][k] if row["kind"] == "valley_filling" else out["down"][k]
        rated = data.rated_mw[k]
        assert (active >= -tolerance).all()
        assert (out["down"][k] <= out["capability"][k] + tolerance).all()
        limit = {key: value for key, value in row.items() if key.endswith(("_per_year", "_per_event", "_per_day"))}
        assert active.sum() * step_h <= limit.get("energy_mwh_per_year", np.inf) * annual_share + 1e-4
        counted = limit.keys() - {"energy_mwh_per_year"} or "rest_h" in row
        if case.settings.unit_commitment == "integer" and counted:
            on = called[k] > 0.5
            np.testing.assert_allclose(called[k], on, atol=1e-9)
            assert (active[~on] <= tolerance).all()
            hours, longest = on * step_h, max((stop - start for start, stop in runs(on)), default=0) * step_h
            assert longest <= limit.get("hours_per_event", np.inf) + 1e-9
            calls = limit.get("calls_per_year", np.inf)
            assert len(runs(on)) <= min(np.ceil(calls * annual_share - 1e-9), calls)
            gaps = [b[0] - a[1] for a, b in zip(runs(on)[:-1], runs(on)[1:], strict=True)]
            assert min(gaps, default=np.inf) * step_h >= row.get("rest_h", 0.0) - 1e-9
        else:
            assert np.isnan(called[k]).all()
            hours = active * step_h / rated
            if "hours_per_event" in limit:
                width = int(limit["hours_per_event"] / step_h) + 1
                sums = np.convolve(hours, np.ones(width))
                assert sums.max() <= limit["hours_per_event"] + tolerance
            if "calls_per_year" in limit:
                length = min(limit.get("hours_per_event", 24), limit.get("hours_per_day", 24), 24)
                calls = limit["calls_per_year"] * annual_share
                if case.settings.policy.dr_mode == "drill":  # made of whole calls
                    calls = np.ceil(calls - 1e-9)
                assert hours.sum() <= calls * length + 1e-4
        assert hours.sum() <= limit.get("hours_per_year", np.inf) * annual_share + 1e-4
        of_day = pd.Series(hours).groupby(middle.date).sum()
        assert of_day.max() <= limit.get("hours_per_day", np.inf) + tolerance
        if row["kind"] == "shiftable":
            balance = (row["payback_pu"] * out["down"][k] - out["up"][k]) * step_h
            block = np.arange(active.size) // max(round(row["window_h"] / step_h), 1)
            assert np.abs(np.bincount(block, weights=balance)).max() <= 1e-4
    taken = data.bus_share @ out["down"] + output(record, "demand", "unserved_mw")
    assert (taken <= output(record, "demand", "demand_mw") + 1e-4).all()


def solved_and_checked(seed: int, mode: str, commitment: str, step_h: float = 1.0) -> None:
    case, programs = random_case(seed, mode, commitment, step_h)
    system, record = solve(case)
    assert len(record.windows) == 4
    # a schedule is made for all hours of the profiles; what is economic has the budget of the horizon
    hours = (STEPS if mode == "economic" else YEAR_STEPS) * step_h
    check_limits(case, programs, record, system.part("response"), hours / 8760)


@pytest.mark.parametrize("commitment", ["relaxed", "integer"])
@pytest.mark.parametrize("mode", ["economic", "drill", "peak_shaving"])
@pytest.mark.parametrize("seed", [0, 1, 17])
def test_every_limit_holds_over_four_windows(seed: int, mode: str, commitment: str) -> None:
    solved_and_checked(seed, mode, commitment)


@pytest.mark.parametrize(
    ("mode", "commitment"), [("economic", "integer"), ("drill", "relaxed"), ("peak_shaving", "relaxed")]
)
def test_every_limit_holds_in_quarter_hours(mode: str, commitment: str) -> None:
    solved_and_checked(2, mode, commitment, 0.25)
