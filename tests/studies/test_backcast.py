"""The study of past years: what is compared is told; a case without statistics is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from gridopt.errors import InputError
from gridopt.results.backcast import Months, compare, statistics_of
from gridopt.studies.builtin import backcast, program
from gridopt.studies.builtin.study import VARIANT


def solved(factor: float, year: int) -> pd.DataFrame:
    """Comparison of a year in which everything is as in the statistics, but thermal power times a factor."""
    table = statistics_of("jilin", year)
    energy = {name: np.zeros(12) for name in ("thermal", "hydro", "wind", "solar", "net_export")}
    for row in table[(table["unit"] == "GWh") & (table["last_month"] - table["first_month"] <= 1)].itertuples():
        count = row.last_month - row.first_month + 1
        energy[row.quantity][row.first_month - 1 : row.last_month] = 1e3 * row.value / count
    energy["solar"][:] = 1e3 * table.loc[table["quantity"] == "solar", "value"].item() / 10  # January to October
    energy["thermal"] *= factor
    energy["wind_and_solar"] = energy["wind"] + energy["solar"]
    offered = {}
    for name in ("wind", "solar"):
        monthly = table[(table["quantity"] == f"{name}_curtailment") & (table["first_month"] == table["last_month"])]
        rates = monthly.set_index("first_month")["value"].reindex(range(1, 13)).to_numpy() / 100
        offered[name] = energy[name] / (1 - rates)
    offered["wind_and_solar"] = offered["wind"] + offered["solar"]
    return compare(table, Months(energy, offered))


@pytest.fixture
def cube():
    """2022 as it was, and a second case of the same year with a tenth and a bit more of thermal power."""
    empty = xr.Dataset(coords={VARIANT: ["true", "dear"]})
    return backcast.with_comparisons(empty, {"true": solved(1.0, 2022), "dear": solved(1.101, 2022)})


def test_what_is_planted_is_told(cube):
    told = [sentence for _, sentence in backcast.findings(cube)]
    assert told[0].startswith("true: 8 figures within their tolerance, 0 outside")
    assert told[1].startswith("dear: 6 figures within their tolerance, 2 outside")
    assert sum("thermal with biomass" in sentence for sentence in told[2:]) == 12  # the year and eleven periods
    assert "months 1–12, periods with their thermal power: 0 periods" in told[-1]


def test_the_table_holds_judged_figures_with_deviations_in_percent(cube):
    table = backcast.table(cube).set_index(["case", "quantity", "months"])
    year = table.loc[("dear", "thermal with biomass", "1–12")]
    assert year["deviation"] == pytest.approx(10.1)
    assert year["tolerance"] == pytest.approx(3)
    assert (year["status"], year["status_zh"]) == ("missed", "超差")
    assert table.loc[("true", "wind curtailed", "1–12"), "deviation"] == pytest.approx(0.0, abs=1e-4)
    assert ("true", "wind curtailed", "3") not in table.index
    assert {"true-wind_curtailment", "dear-thermal"} <= set(backcast.figures(cube))


def test_a_year_that_failed_has_no_figures(cube):
    empty = xr.Dataset(coords={VARIANT: ["true", "failed"]})
    failed = pd.DataFrame(columns=solved(1.0, 2022).columns)
    found = backcast.figures_of(backcast.with_comparisons(empty, {"true": solved(1.0, 2022), "failed": failed}))
    assert set(found["case"]) == {"true"}


def test_a_case_without_statistics_is_refused_before_anything_is_solved(tiny, tmp_path):
    with pytest.raises(InputError, match="no statistics of the year of tiny"):
        program.run_study("backcast", [tiny], out=tmp_path / "study", workers=0)
    assert not (tmp_path / "study").exists()
    assert program.study_of("backcast").whole_year
