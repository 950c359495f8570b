"""Adequacy by drawn outages: against convolution, hand computation, and a plain loop written from the text."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import gridopt
from gridopt.cli import app
from gridopt.errors import InputError
from gridopt.studies.adequacy.capacity import Year, missing, standard_error
from gridopt.studies.adequacy.draws import Outages, draw
from gridopt.studies.adequacy.failures import ASSUMPTIONS, failures_of
from gridopt.studies.adequacy.read import Rules, overhauls, read_supply
from gridopt.studies.adequacy.simulate import simulate
from gridopt.studies.adequacy.supply import Limited, Supply, Units
from gridopt.studies.outages import Failure

STEPS = 400
SIZE_MW = np.array([60.0, 40, 100, 80, 30, 50])
RATE = np.array([0.1, 0.2, 0.05, 0.08, 0.02, 0.04])


def system(load_mw: np.ndarray, size_mw: np.ndarray, rate: np.ndarray, limited: Limited | None = None) -> Supply:
    """Units that repair in 5 h, and what else there is."""
    steps, n = load_mw.size, size_mw.size
    units = Units(np.arange(n), rate, np.full(n, 5.0), np.repeat(size_mw[:, None], steps, 1), np.full(n, -1), 0 * rate)
    held = Limited.joined([] if limited is None else [limited], steps)
    return Supply(size_mw.sum() - load_mw, units, held, np.arange(steps) // 24, 1.0)


def margin(values_mw: list[float], limited: Limited | None = None) -> Supply:
    """Nothing fails: the margin [MW] is as given."""
    return replace(system(np.zeros(len(values_mw)), np.zeros(0), np.zeros(0), limited), margin_mw=np.array(values_mw))


def never(draws: int = 1) -> Outages:
    none = np.zeros(0, dtype=np.int64)
    return Outages(np.zeros(draws + 1, dtype=np.int64), none, none, none)


def store(power_mw: float, energy_mwh: float, start_mwh: float, steps: int, **more: np.ndarray) -> Limited:
    values = {"energy_mwh": np.array([energy_mwh]), "start_mwh": np.array([start_mwh])}
    return Limited.store(("store",), np.full((1, steps), power_mw), **values, **more)


@pytest.fixture(scope="module")
def load_mw() -> np.ndarray:
    return np.random.default_rng(0).uniform(150, 340, STEPS).round()


@pytest.fixture(scope="module")
def six(load_mw: np.ndarray) -> tuple[Supply, Outages]:
    supply = system(load_mw, SIZE_MW, RATE)
    return supply, draw(supply.units, 1500, STEPS, 1.0, (7,))


def test_hours_and_energy_are_those_of_the_convolution(six, load_mw):
    found = simulate(*six)
    chance = np.array([1.0])  # of each whole MW that is there
    for size, rate in zip(SIZE_MW.astype(int), RATE, strict=True):
        unit = np.zeros(size + 1)
        unit[0], unit[-1] = rate, 1 - rate
        chance = np.convolve(chance, unit)
    there_mw = np.arange(chance.size)
    lole_h = sum(chance[there_mw < load].sum() for load in load_mw)
    eens_mwh = sum(chance @ np.maximum(load - there_mw, 0) for load in load_mw)
    assert abs(found.hours.mean() - lole_h) < 4 * standard_error(found.hours)
    assert abs(found.energy_mwh.mean() - eens_mwh) < 4 * standard_error(found.energy_mwh)
    assert standard_error(found.energy_mwh) < 0.02 * eens_mwh  # tight enough to tell
    np.testing.assert_allclose(found.often.sum(), found.hours.sum())


def test_two_units_by_hand():
    """Two of 50 MW; the first is out in the hours 2 to 4, the second in hour 4, of load 80 40 60 40 90 100 MW."""
    supply = system(np.array([80.0, 40, 60, 40, 90, 100]), np.array([50.0, 50]), np.array([0.1, 0.1]))
    supply = replace(supply, day=np.array([0, 0, 0, 1, 1, 1]))
    outages = Outages(*(np.array(values) for values in ([0, 2, 2], [0, 1], [1, 3], [4, 4])))
    found = simulate(supply, outages)
    # 50 − 40, 50 − 60, 0 − 40: 10 MW in hour 3 and 40 MW in hour 4; the second draw has no outage
    assert found.hours.tolist() == [2, 0]
    assert found.days.tolist() == [2, 0]
    assert found.energy_mwh.tolist() == [50, 0]
    assert found.largest_mw.tolist() == [40, 0]
    assert found.often.tolist() == [0, 0, 1, 1, 0, 0]


def test_a_store_without_end_is_perfect_capacity(six):
    supply, outages = six
    endless = replace(supply, limited=store(30.0, np.inf, np.inf, STEPS))
    one, other = simulate(endless, outages), simulate(supply, outages, 30.0)
    np.testing.assert_array_equal(one.hours, other.hours)
    np.testing.assert_allclose(one.energy_mwh, other.energy_mwh)


def test_perfect_capacity_is_worth_itself(six):
    supply, outages = six
    more = replace(supply, margin_mw=supply.margin_mw + 37)
    lacks, lacks_less = (missing([Year(each, outages)], 5.0) for each in (supply, more))
    assert lacks.mw - lacks_less.mw == pytest.approx(37, abs=1.0)  # each is found within 0.5 MW
    assert lacks.shortfall.hours.mean() == pytest.approx(5, rel=0.03)


def test_a_limited_store_does_as_a_plain_loop_says(six):
    supply, outages = six
    power, energy, eta_in, eta_out = 40.0, 90.0, 0.8, 0.9
    etas = {"charge_mw": np.array([25.0]), "eta_in": np.array([eta_in]), "eta_out": np.array([eta_out])}
    found = simulate(replace(supply, limited=store(power, energy, 30.0, STEPS, **etas)), outages.begin(1))
    left_mw = supply.margin_mw.tolist()
    for at in range(outages.first[1]):
        for hour in range(outages.start[at], outages.end[at]):
            left_mw[hour] -= SIZE_MW[outages.unit[at]]
    held_mwh, short_mwh = 30.0, []
    for left in left_mw:
        if left >= 0:
            held_mwh += eta_in * min(left, 25.0, (energy - held_mwh) / eta_in)
        else:
            given = min(-left, power, held_mwh * eta_out)
            held_mwh -= given / eta_out
            if -left - given > 1e-6:
                short_mwh.append(-left - given)
    assert 3 < len(short_mwh) < simulate(supply, outages.begin(1)).hours[0]  # it helps, and it runs empty
    assert found.hours[0] == len(short_mwh)
    assert found.energy_mwh[0] == pytest.approx(sum(short_mwh))


@pytest.mark.parametrize(
    ("limit", "served"),
    [
        ({}, "111101111111"),
        ({"event_h": 3}, "111001110111"),
        ({"year_h": 5}, "111101000000"),
        ({"calls": 1}, "111100000000"),
        ({"day_h": 2}, "110000110000"),
        ({"rest_h": 2}, "111100111111"),
    ],
)
def test_limits_of_a_program_are_kept(limit: dict[str, float], served: str):
    """Ten MW are short in all hours but the fifth; the days are of six hours."""
    lacks = [-10.0] * 4 + [5.0] + [-10.0] * 7
    program = store(10.0, np.inf, np.inf, len(lacks))
    program = replace(program, **{name: np.array([float(value)]) for name, value in limit.items()})
    found = simulate(replace(margin(lacks, program), day=np.arange(12) // 6), never())
    expected = [1.0 if lack < 0 and mark == "0" else 0.0 for lack, mark in zip(lacks, served, strict=True)]
    assert found.often.tolist() == expected


def test_what_lasts_longest_is_called_first():
    """Two hours lack 10 and 20 MW: 10 MW for 2 h first, so that 10 MW for 1 h are left for the second hour."""
    lasting, short = store(10.0, 20.0, 20.0, 2), store(10.0, 10.0, 10.0, 2)
    for both in ([lasting, short], [short, lasting]):
        found = simulate(margin([-10.0, -20.0], Limited.joined(both, 2)), never())
        assert found.energy_mwh.tolist() == [0]


def test_more_storage_or_response_never_raises_the_energy_short(tiny):
    rules = Rules(failures={"coal": Failure(0.4, 12.0), "coal_chp": Failure(0.4, 12.0)})
    for lever, values in (("storage.battery.p_mw", (20, 80, 200)), ("policy.dr_share_of_peak", (0.0, 0.05, 0.1))):
        cases = {str(value): tiny.override({lever: value}) for value in values}
        found = gridopt.adequacy(cases, draws=60, rules=rules)
        eens = found["eens_mwh"].to_numpy()
        assert (np.diff(eens) < 0).all(), lever
        assert (np.diff(found["lole_h"]) <= 0).all(), lever
        assert (found["firm_mw"][1:] >= 0).all(), lever


def test_the_same_seed_gives_the_same_and_another_seed_does_not(tiny):
    rules = Rules(failures={"coal": Failure(0.4, 12.0)})
    one, again, other = (gridopt.adequacy(tiny, draws=20, seed=seed, rules=rules) for seed in (3, 3, 4))
    assert one.identical(again)
    np.testing.assert_allclose(one["lole_by_weather_h"].mean("weather_year"), one["lole_h"])
    assert one["eens_mwh"].item() != other["eens_mwh"].item()


def test_firm_export_is_the_contract_of_every_hour(tiny):
    recalled, firm = (read_supply(tiny, overhauls(tiny), Rules(firm_export=share)) for share in (0.0, 1.0))
    tie = tiny.net.tie
    contract = sum(p * tiny.profiles[name] for p, name in zip(tie["p_mw"], tie["profile"], strict=True))
    np.testing.assert_allclose(recalled.margin_mw - firm.margin_mw, contract)
    assert set(recalled.limited.power_mw[:, 0]) >= {200, 80}  # pumped storage and batteries of the case


def test_every_assumption_says_where_it_comes_from():
    assert all(each.source and each.confidence in {"cited", "recalled", "assumed"} for each in ASSUMPTIONS)
    with pytest.raises(InputError, match="firm_export"):
        Rules(firm_export=1.5)


@pytest.fixture
def loaded(tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command finds the case in memory."""
    monkeypatch.setattr("gridopt.cli.adequacy.loaded_case", lambda name, changes: tiny)


def invoke(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["adequacy", *arguments], env={"COLUMNS": "160"})
    assert "Traceback" not in done.stderr + done.stdout
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.usefixtures("loaded")
def test_the_command_writes_what_it_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    options = ("tiny", "--draws", "20", "--failure", "coal=0.4/12", "--out", str(tmp_path / "out"))
    code, stdout, _ = invoke(*options, "--json")
    assert code == 0
    told = json.loads(stdout)
    assert told == json.loads((tmp_path / "out" / "adequacy.json").read_text(encoding="utf-8"))
    assert (told["draws"], told["seed"], told["failures"]) == (20, 1, {"coal": [0.4, 12.0]})
    assert {"gridopt", "numpy", "numba"} <= set(told["versions"])
    rows = {row["case"]: row for row in told["rows"]}
    assert list(rows) == [
        "everything",
        *(f"without {name}" for name in ("pumped storage", "batteries", "demand response")),
    ]
    for name in list(rows)[1:]:
        assert rows[name]["firm_mw"] == pytest.approx(rows[name]["missing_mw"] - rows["everything"]["missing_mw"])
        assert 0 <= rows[name]["firm_mw"] <= rows[name]["installed_mw"] + 1
    csv = (tmp_path / "out" / "adequacy.csv").read_text(encoding="utf-8-sig")
    assert csv.startswith("case,installed_mw,firm_mw")
    monkeypatch.setattr("gridopt.studies.adequacy.last_in.FLEXIBLE", ("batteries",))
    code, stdout, _ = invoke(*options, "--export", "firm")
    assert code == 0
    assert "hours with a shortfall (LOLE)" in stdout
    assert "batteries" in stdout
    assert "served like load" in stdout


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--failure", "coal=often"), "is not of the form TECHNOLOGY=RATE/HOURS"),
        (("--failure", "cole=0.1/9"), "did you mean 'coal'?"),
        (("--failure", "coal=1.1/9"), "an outage rate lies from 0 to below 1"),
    ],
)
def test_the_command_says_what_is_wrong(options: tuple[str, ...], words: str, tmp_path: Path):
    code, _, stderr = invoke("tiny", *options, "--out", str(tmp_path))
    assert code == 2
    assert words in stderr


def test_failures_that_are_asked_for_come_before_those_of_the_net():
    table = pd.DataFrame(
        {
            "name": ["a", "b", "c"],
            "technology": ["coal", "gas", "gas"],
            "forced_outage_rate_pu": [0.1, 0.2, np.nan],
            "repair_h": [10.0, 20.0, np.nan],
        }
    )
    rate, repair = failures_of(table, np.full(3, 300.0), {"coal": Failure(0.4, 12.0)})
    assert rate.tolist() == [0.4, 0.2, 0.033]
    assert repair.tolist() == [12.0, 20.0, 33.0]
