"""The comparison of a solved year with its statistics: planted deviations are seen, sums agree with the summary."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gridopt.errors import InputError
from gridopt.results import backcast
from gridopt.results.backcast import MET, MISSED, SHOWN, Months, compare, months_of, statistics_of
from tests.results.solved import tiny

MONTH = np.ones(12)


@pytest.fixture
def months():
    """A year of hand-made energies: 100 GWh of thermal power a month and 20 of wind, 4 % of it curtailed."""
    wind = np.array([20.0] * 11 + [40.0])
    energy = {"thermal": 100 * MONTH, "hydro": 10 * MONTH, "wind": wind, "solar": 5 * MONTH}
    energy |= {"wind_and_solar": wind + 5, "net_export": 8 * MONTH}
    offered = {"wind": wind / 0.96, "solar": 5 * MONTH, "wind_and_solar": wind / 0.96 + 5}
    return Months({k: 1e3 * v for k, v in energy.items()}, {k: 1e3 * v for k, v in offered.items()})


def figures(*rows):
    columns = ["quantity", "first_month", "last_month", "value", "unit", "comparable"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(note="", source="made up", confidence="assumed")


def status(months, *row):
    return compare(figures(row), months).iloc[0]["status"]


@pytest.mark.parametrize(
    ("row", "inside", "outside"),
    [
        (("thermal", 1, 12), 1200 / 1.0299, 1200 / 1.0301),
        (("hydro", 1, 12), 120 / 0.9701, 120 / 0.9699),
        (("solar", 1, 10), 50 / 1.029, 50 / 1.031),
        (("wind_and_solar", 1, 3), 75 / 1.029, 75 / 1.031),
        (("net_export", 1, 12), 96 / 1.029, 96 / 1.031),
        (("thermal", 1, 2), 200 / 1.09, 200 / 1.11),
        (("thermal", 7, 7), 100 / 0.91, 100 / 0.89),
    ],
)
def test_a_planted_deviation_is_seen(months, row, inside, outside):
    assert status(months, *row, inside, "GWh", True) == MET
    assert status(months, *row, outside, "GWh", True) == MISSED
    assert status(months, *row, outside, "GWh", False) == SHOWN


def test_rates_are_judged_in_points_over_more_than_a_month(months):
    assert status(months, "wind_curtailment", 1, 12, 5.49, "%", True) == MET
    assert status(months, "wind_curtailment", 1, 12, 2.49, "%", True) == MISSED
    assert status(months, "wind_curtailment", 3, 3, 50.0, "%", True) == SHOWN
    assert status(months, "hydro", 3, 3, 99.0, "GWh", True) == SHOWN


def test_rates_of_several_months_are_their_mean_and_both_together_go_by_energy(months):
    months.energy_mwh["wind"][11] = 25e3  # of 41.667 GWh: 40 % are curtailed
    assert months.value("wind_curtailment", 12, 12) == pytest.approx(40.0)
    assert months.value("wind_curtailment", 1, 12) == pytest.approx((11 * 4 + 40) / 12)
    # 25 of 25.833 GWh are used
    assert months.value("wind_and_solar_curtailment", 1, 1) == pytest.approx(3.2258, abs=1e-4)


@pytest.mark.parametrize(("wrong", "word"), [(2, MET), (3, MISSED)])
def test_two_of_eleven_periods_may_be_off(months, wrong, word):
    spans = [(1, 2), *((month, month) for month in range(3, 13))]
    values = [100.0 * (last - first + 1) for first, last in spans]
    values = [value * (1.2 if number < wrong else 1.0) for number, value in enumerate(values)]
    rows = [("thermal", *span, value, "GWh", True) for span, value in zip(spans, values, strict=True)]
    last = compare(figures(*rows), months).iloc[-1]
    assert (last["quantity"], last["statistic"], last["model"], last["status"]) == (
        "thermal_periods",
        11,
        11 - wrong,
        word,
    )


def test_energies_by_month_are_those_of_the_summary(monkeypatch):
    result = tiny()
    with pytest.raises(InputError, match="48 h"):
        months_of(result.case, result.dataset)
    monkeypatch.setattr(backcast, "_YEAR_H", 24.0)
    found, s = months_of(result.case, result.dataset), result.summary
    total = {quantity: energy.sum() for quantity, energy in found.energy_mwh.items()}
    assert total["thermal"] == pytest.approx(s["thermal_mwh"] + s["biomass_mwh"])
    assert total["hydro"] == pytest.approx(s["hydro_mwh"] + s["phs_discharge_mwh"])
    assert total["wind_and_solar"] == pytest.approx(s["wind_mwh"] + s["solar_mwh"])
    assert total["net_export"] == pytest.approx(s["net_export_mwh"])
    lost = {kind: found.offered_mwh[kind].sum() - total[kind] for kind in ("wind", "solar")}
    assert lost["wind"] == pytest.approx(s["curtailment_wind_mwh"], abs=1e-6)
    assert lost["solar"] == pytest.approx(s["curtailment_solar_mwh"], abs=1e-6)
    begun = pd.Timestamp(str(result.case.time[0])) - pd.Timedelta(hours=1)
    assert found.energy_mwh["thermal"][begun.month - 1] == pytest.approx(total["thermal"])


def test_shipped_statistics_hang_together():
    assert statistics_of("jilin", 2023).empty
    assert statistics_of(None, 2022).empty
    for year in (2021, 2022):
        table = statistics_of("jilin", year)
        assert not table.duplicated(["quantity", "first_month", "last_month"]).any()
        spans = table["last_month"] - table["first_month"]
        for quantity in ("thermal", "hydro", "wind"):
            own = table[table["quantity"] == quantity]
            periods, whole = own[spans[own.index] <= 1], own[spans[own.index] == 11]
            assert len(periods) == 11
            assert whole["value"].item() == pytest.approx(periods["value"].sum())
        known = table[(spans == 11) & table["comparable"]].set_index("quantity")["value"]
        # consumption of the year (84.3 and 85.2 TWh) and export are covered; what is left over is solar
        solar = {2021: 84300, 2022: 85200}[year] + known["net_export"] - known[["thermal", "hydro", "wind"]].sum()
        assert 4500 < solar < 6000
