"""The scorecard: what is met, what is missed, and what a run can't tell."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import gridopt
from gridopt import catalog
from gridopt.results import scorecard as card
from gridopt.results.scorecard import COLUMNS, MET, MISSED, NOT_COMPUTABLE, counts, judge, scorecard
from gridopt.results.scorecard_values import VALUES, Finding
from tests.results import planned, solved

HOW = ("算法", "how")


def status(sense: str, value: float, threshold: float = 0.5, **changes: object) -> str:
    target = {"year": "2030", "sense": sense, "value": threshold}
    known = {"year": 2030, "hours": 8760.0}
    finding = Finding(value, HOW, of_a_year=bool(changes.pop("of_a_year", False)), missing=changes.pop("missing", None))
    return judge(target | {k: v for k, v in changes.items() if k not in known}, finding, **known)[0]


@pytest.mark.parametrize(
    ("sense", "value", "expected"),
    [
        (">=", 0.5 - 1e-12, MET),
        (">=", 0.4999, MISSED),
        ("<=", 0.5001, MISSED),
        ("<=", 0.2, MET),
        ("~", 0.475, MET),
        ("~", 0.47, MISSED),
        ("~", 0.9, MET),
        ("==", 0.4, MISSED),
    ],
)
def test_senses(sense: str, value: float, expected: str) -> None:
    assert status(sense, value) == expected


def test_an_unknown_sense_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown sense"):
        status("<>", 0.5)


@pytest.mark.parametrize(
    ("target_year", "year", "hours", "expected", "reason"),
    [
        ("2030", 2030, 8760.0, MET, ""),
        ("2030", 2025, 8760.0, NOT_COMPUTABLE, "the target is of 2030, the case of 2025"),
        ("2025", 2030, 8760.0, NOT_COMPUTABLE, "the target is of 2025, the case of 2030"),
        ("from 2024", 2022, 8760.0, NOT_COMPUTABLE, "in force from 2024, the case is of 2022"),
        ("from 2024", 2030, 8760.0, MET, ""),
        ("all", 2022, 8760.0, MET, ""),
        ("all", 2022, 168.0, NOT_COMPUTABLE, "a figure of the year: the run covers 168 h"),
    ],
)
def test_a_target_is_judged_in_its_own_year_and_over_a_year(
    target_year: str, year: int, hours: float, expected: str, reason: str
) -> None:
    target = {"year": target_year, "sense": ">=", "value": 0.5}
    assert judge(target, Finding(0.6, HOW, of_a_year=True), year, hours)[0] == expected
    assert judge(target, Finding(0.6, HOW, of_a_year=True), year, hours)[1][1] == reason


def test_a_size_is_judged_in_a_short_run_too() -> None:
    assert judge({"year": "2030", "sense": "~", "value": 0.5}, Finding(0.5, HOW), 2030, 24.0)[0] == MET


def test_every_target_of_the_province_has_a_value_and_a_source() -> None:
    targets = pd.read_csv(catalog.policy_targets_file("jilin"))
    assert set(targets["id"]) == set(VALUES)
    assert targets["source"].notna().all()
    assert set(targets["confidence"]) == {"cited"}
    floor = targets.set_index("id").loc["renewable_utilisation_floor"]
    assert (floor["value"], floor["sense"], floor["year"]) == (0.9, ">=", "from 2024")
    assert targets.set_index("id").at["pumped_storage_capacity_2030", "value"] == 12_100


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The targets of Jilin, held against two made-up days that count as a year."""
    file = catalog.policy_targets_file("jilin")
    monkeypatch.setattr(card, "policy_targets_file", lambda _: file)
    monkeypatch.setattr(card, "_YEAR_H", 48.0)


def judged(data: xr.Dataset) -> pd.DataFrame:
    return scorecard(planned.case(), data, solved.tiny().summary).set_index("id")


@pytest.mark.usefixtures("small")
def test_values_by_hand() -> None:
    table = judged(planned.dataset())
    assert [*table.reset_index()] == list(COLUMNS)
    for target, value, expected in (
        ("wind_solar_capacity_2030", 80.0, MISSED),
        ("biomass_capacity_2030", 0.0, MISSED),
        ("pumped_storage_capacity_2030", 20.0, MISSED),
        # heating unit 2 x 100 MW: 0.8 less 0.5 of it
        ("peak_regulation_base", 20.0 + 60.0, MISSED),
        # 5 MW at the peak of 150 MW
        ("peak_response_share_2030", 5 / 150, MISSED),
        # 15 of 30 MW
        ("new_channel_renewable_share", 0.5, MET),
        # fed in 2 of 20, own use 16 of 20, 16 of 40 of the load
        ("integrated_pilots", 1.0, MET),
        ("renewable_utilisation_floor", 1873 / 1888, MET),
    ):
        assert table.at[target, "value"] == pytest.approx(value), target
        assert table.at[target, "status"] == expected, target
    assert counts(table) == {MET: 3, MISSED: 5, NOT_COMPUTABLE: 8}
    assert "50.0% of 0.00 TWh" in table.at["new_channel_renewable_share", "how"]
    assert (table["how"].str.len() > 10).all()
    assert table["how_zh"].str.contains("[\u4e00-\u9fff]").all()


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("target", "variable", "value"),
    [
        ("new_channel_renewable_share", "tie_renewable_mw", 14.9),
        ("integrated_pilots", "pilot_export_mw", 4.1),
        ("renewable_utilisation_floor", "renewable_p_mw", 35.0),
    ],
)
def test_a_planted_breach_is_missed(target: str, variable: str, value: float) -> None:
    data = planned.dataset()
    data[variable] = data[variable] * 0 + value
    assert judged(data).at[target, "status"] == MISSED


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("change", "target", "reason"),
    [
        ({"policy.channels": False}, "new_channel_renewable_share", "policy.channels is off"),
        ({"policy.pilots": False}, "integrated_pilots", "policy.pilots is off"),
    ],
)
def test_rules_that_are_off_can_not_be_judged(change: dict[str, object], target: str, reason: str) -> None:
    data = planned.dataset().drop_dims("pilot") if "pilots" in reason else planned.dataset()
    table = scorecard(planned.case().override(change), data, solved.tiny().summary).set_index("id")
    assert table.at[target, "status"] == NOT_COMPUTABLE
    assert reason in table.at[target, "how"]
    assert np.isnan(table.at[target, "value"])


def test_a_network_without_targets_says_so() -> None:
    empty = solved.tiny().scorecard
    assert list(empty) == list(COLUMNS)
    assert empty.empty
    assert empty.attrs["reason"] == "the network of this case has no policy targets"


@pytest.mark.slow
def test_a_day_of_jilin() -> None:
    case = gridopt.load_case("jilin-2030", {"start": "2030-01-15T00:00", "hours": 24, "network_level": "copperplate"})
    table = gridopt.solve(case).scorecard.set_index("id")
    for target in ("wind_solar_capacity_2030", "biomass_capacity_2030", "pumped_storage_capacity_2030"):
        assert table.at[target, "status"] == MET
        assert table.at[target, "value"] == pytest.approx(table.at[target, "threshold"])
    assert "the run covers 24 h" in table.at["renewable_utilisation_floor", "how"]
    assert counts(table) == {MET: 4, MISSED: 0, NOT_COMPUTABLE: 12}
