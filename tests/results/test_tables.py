"""Tables of a planning report: numbers computed by hand, sums equal to the summary, files that open."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from gridopt.results.result import Result
from gridopt.results.tables import TABLES, build_tables, power_balance, write_csv
from gridopt.results.tables.solved import Solved
from gridopt.results.tables.thermal import thermal_state
from gridopt.results.tables.words import COLUMNS, TITLES, VALUES, said, unit_of
from gridopt.results.tables.workbook import write_workbook
from tests.results import planned, solved


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return build_tables(planned.case(), planned.dataset())


def has(row: pd.Series, **expected: object) -> None:
    """A row holds the expected values, each to rounding."""
    for key, value in expected.items():
        found = row[key]
        assert found == (value if isinstance(value, str) else pytest.approx(value)), (key, found)


def test_power_balance_by_hand(tables: dict[str, pd.DataFrame]) -> None:
    january, february = (row for _, row in tables["power_balance"].iterrows())
    # 3 % of 150 for load, the largest unit for outages, 30 of export
    has(january, month="2030-01", time="2030-01-31 18:00", max_load_mw=150, load_reserve_mw=4.5, outage_reserve_mw=100)
    has(january, maintenance_reserve_mw=0, contract_export_mw=30, required_mw=284.5)
    # one heating unit loses 20 MW; wind of hours 17 to 19: 5 % quantile of 40, 8, 40; 80 MWh at 0.8 last 4 h at 16 MW
    has(january, installed_mw=300, chp_installed_mw=200, out_of_service_mw=0, heat_derating_mw=20, wind_credit_mw=11.2)
    has(january, phs_credit_mw=16, response_mw=5, available_mw=212.2, surplus_mw=-72.3, surplus_pu=-72.3 / 150)
    has(february, month="2030-02", max_load_mw=120, required_mw=253.6, out_of_service_mw=100, wind_credit_mw=40)
    has(february, available_mw=141, surplus_mw=-112.6)


def test_without_overhauls_a_reserve_is_held_for_them() -> None:
    case = planned.case().override({"policy.maintenance": "none"})
    row = power_balance.power_balance(Solved(case, planned.dataset())).iloc[0]
    has(row, maintenance_reserve_mw=12, required_mw=296.5)


def test_regulation_balance_by_hand(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["regulation_balance"].set_index(["month", "day_kind"])
    january = table.loc[("2030-01", "largest_load")]
    has(january, date="2030-01-31", peak_load_mw=150, valley_load_mw=50, difference_mw=100, difference_pu=2 / 3)
    # export is the same by day and night; 10 MW of spinning reserve
    has(january, need_mw=110, started_mw=180)
    # two units at 40, one of them 10 higher for its heat, the other 10 lower in its band
    has(january, minimum_mw=80, thermal_regulation_mw=100)
    # 16 MW out and 20 MW in for four hours
    has(january, phs_regulation_mw=36, regulation_mw=136, regulation_surplus_mw=26)
    # in hour 4: 50 of load, 30 of export, 20 of pumping less 80 that must run; 40 of wind
    has(january, tight_time="2030-01-31 04:00", room_mw=20, wind_solar_mw=40, gap_mw=20, curtailed_mw=15)
    has(table.loc[("2030-02", "smallest_load")], started_mw=80, minimum_mw=50, thermal_regulation_mw=30)


def test_energy_balance_by_hand(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["energy_balance"].set_index("month")
    assert list(table.index) == ["2030-01", "2030-02", "total"]
    january = table.loc["2030-01"]
    has(january, demand_mwh=2400, chp_mwh=2160, thermal_mwh=2160, wind_mwh=24 * 40 - 32 - 15, phs_charge_mwh=100)
    has(january, phs_discharge_mwh=64, export_mwh=720, import_mwh=0, chp_utilisation_h=10.8, phs_utilisation_h=3.2)
    numbers = table.drop(columns=[key for key in table if key.endswith("_h")])
    pd.testing.assert_series_equal(numbers.iloc[:2].sum(), numbers.loc["total"], check_names=False)


def test_use_of_wind_by_hand(tables: dict[str, pd.DataFrame]) -> None:
    january = tables["renewable_use"].set_index("month").loc["2030-01"]
    has(january, wind_available_mwh=928, wind_curtailed_mwh=15, wind_curtailment_pu=15 / 928, curtailed_hours_h=1)
    has(january, largest_curtailed_mw=15, penetration_pu=913 / 2400, largest_penetration_pu=0.5)
    by_city = tables["renewable_use_by_city"].set_index(["city", "month"])
    has(by_city.loc[("baicheng", "total")], wind_installed_mw=80, wind_used_mwh=913 + 960, load_mwh=4800)


def test_plants_sections_and_stores_by_hand(tables: dict[str, pd.DataFrame]) -> None:
    plant = tables["plants"].set_index("plant").loc["plant"]
    has(plant, kind="chp", city="baicheng", plant_installed_mw=200, energy_mwh=3840, utilisation_h=19.2, starts=2)
    has(plant, running_h=36, load_factor_pu=3840 / 7200, deep_regulation_h=3, deep_regulation_mwh=15, co2_t=3456)
    # 90 of 200 running MW in January, 70 of 100 in February
    has(plant, below_half_h=24, largest_mw=90)
    farm = tables["plants"].set_index("plant").loc["farm"]
    has(farm, curtailed_mwh=15, curtailment_pu=15 / 1888)
    assert np.isnan(farm["starts"])
    section = tables["interfaces"].iloc[0]
    has(
        section,
        name_zh="断面",
        limit_mw=100,
        reverse_limit_mw=50,
        largest_flow_mw=100,
        largest_reverse_mw=50,
        p95_mw=100,
    )
    has(section, loaded_80_h=21, loaded_95_h=16, loaded_100_h=11, binding_h=4, price_cny_per_mwh=200)
    has(section, worth_cny_per_mw=800, forward_mwh=1000 + 480 + 425, reverse_mwh=50)
    lake = tables["storage"].iloc[0]
    has(lake, charged_mwh=100, discharged_mwh=64, efficiency_pu=0.64, cycles=1, cycles_per_day=0.5, charging_h=5)
    has(lake, discharging_h=4, charge_utilisation_h=5, discharge_utilisation_h=3.2, use_pu=8.2 / 48)


def test_thermal_plants_run_between_what_they_must_and_what_they_can_give() -> None:
    tiny = Solved(solved.tiny().case, solved.tiny().dataset)
    state = thermal_state(tiny)
    output = tiny.values("generator_p_mw")[state.rows["position"].to_numpy(int)]
    most = state.started_mw - state.heat_cut_mw
    assert (output >= state.minimum_mw - 1e-4).all()
    assert (output <= most + 1e-4).all()
    # the heating plant gives all that its heat leaves
    assert (np.isclose(output, most) & (most > 500.0)).any()


def test_typical_days_by_hand(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["typical_days"]
    days = table.groupby("day_kind", sort=False)["date"].first().to_dict()
    # the Spring Festival of 2030 is on 3 February: the run does not reach it
    assert days == {
        "largest_load": "2030-01-31",
        "smallest_load": "2030-01-31",
        "largest_renewable_share": "2030-02-01",
        "steepest_ramp": "2030-01-31",
    }
    assert table.groupby("day_kind")["hour"].apply(list).map(lambda hours: hours == list(range(1, 25))).all()
    peak = table[(table["day_kind"] == "largest_load") & (table["hour"] == 18)].iloc[0]
    has(peak, load_mw=150, chp_mw=90, wind_mw=8, phs_mw=16, export_mw=30, power_price_cny_per_mwh=300)


@pytest.mark.parametrize("name", ["tiny", "mixed", "case9"])
def test_sums_are_those_of_the_summary(name: str) -> None:
    result: Result = getattr(solved, name)()
    tables, summary = result.tables, result.summary
    total = tables["energy_balance"].set_index("month").loc["total"]
    for key in ("demand", "thermal", "biomass", "hydro", "wind", "solar", "phs_charge", "battery_discharge", "import"):
        assert total[f"{key}_mwh"] == pytest.approx(summary[f"{key}_mwh"] or 0.0), key
    assert total["net_export_mwh"] == pytest.approx(summary["net_export_mwh"] or 0.0)
    use = tables["renewable_use"].set_index("month").loc["total"]
    for kind in ("wind", "solar"):
        assert use[f"{kind}_curtailed_mwh"] == pytest.approx(summary[f"curtailment_{kind}_mwh"], abs=1e-6)
    plants = tables["plants"]
    assert plants["energy_mwh"].sum() == pytest.approx(total["generation_mwh"])
    assert plants["co2_t"].sum() == pytest.approx(summary["co2_t"] or 0.0)
    assert tables["storage"]["charged_mwh"].sum() == pytest.approx(summary["storage_charge_mwh"] or 0.0)
    supply = ("generation", "phs_discharge", "battery_discharge", "store_discharge", "import", "response", "unserved")
    use_of_it = ("demand", "phs_charge", "battery_charge", "store_charge", "export", "excess", "behind_meter")
    taken = sum(total[f"{key}_mwh"] for key in use_of_it)
    assert sum(total[f"{key}_mwh"] for key in supply) == pytest.approx(taken, abs=1e-3)


def test_causes_and_cities_add_up_to_the_curtailment() -> None:
    tables = solved.tiny().tables
    total = tables["renewable_use"].set_index("month").loc["total"]
    causes = total[[key for key in total.index if key.startswith("cause_")]]
    assert causes.sum() == pytest.approx(total["both_curtailed_mwh"]) != 0
    cities = tables["renewable_use_by_city"].query("month == 'total'")
    assert cities["both_curtailed_mwh"].sum() == pytest.approx(total["both_curtailed_mwh"])


def test_hours_of_typical_days_balance() -> None:
    table = solved.tiny().tables["typical_days"]
    sources = [
        f"{k}_mw" for k in ("coal", "chp", "gas", "captive", "biomass", "nuclear", "hydro", "wind", "solar", "other")
    ]
    sources += ["phs_mw", "battery_mw", "store_mw", "down_mw", "unserved_mw"]
    taken = table[["load_mw", "hydrogen_mw", "export_mw", "behind_meter_mw"]].sum(axis=1)
    np.testing.assert_allclose(table[sources].sum(axis=1), taken, atol=1e-3)


def test_a_run_of_some_hours_has_no_days_and_still_all_tables(tmp_path: Path) -> None:
    case = planned.case().override({"start": "2030-01-31T00:00", "hours": 6})
    tables = build_tables(case, planned.dataset().isel(time=slice(0, 6)))
    assert tables["regulation_balance"].empty
    assert tables["typical_days"].empty
    assert list(tables["power_balance"]["month"]) == ["2030-01"]
    write_csv(tables, tmp_path)
    assert len(list(tmp_path.glob("*.csv"))) == len(TABLES)


def test_csv_opens_in_excel_and_holds_the_numbers(tmp_path: Path, tables: dict[str, pd.DataFrame]) -> None:
    write_csv(tables, tmp_path)
    for name, frame in tables.items():
        path = tmp_path / f"{name}.csv"
        assert path.read_bytes().startswith(b"\xef\xbb\xbf")
        again = pd.read_csv(path)
        assert list(again) == list(frame) == list(next(t for t in TABLES if t.name == name).columns)
        for key in frame:
            if pd.api.types.is_numeric_dtype(frame[key]):
                np.testing.assert_allclose(again[key], frame[key], rtol=1e-8)
            else:
                assert list(again[key].fillna("")) == list(frame[key]), key


@pytest.mark.parametrize("language", ["zh", "en"])
def test_workbook_holds_the_same_numbers_in_the_units_of_the_language(tmp_path: Path, language: str) -> None:
    result = Result(planned.case(), planned.dataset(), solved.tiny().summary)
    write_workbook(result, tmp_path / "tables.xlsx", language)
    book = openpyxl.load_workbook(tmp_path / "tables.xlsx")
    side = 0 if language == "zh" else 1
    assert book.sheetnames == [TITLES[name][side] for name in ("overview", "scorecard", *(t.name for t in TABLES))]
    for table in TABLES:
        frame, sheet = result.tables[table.name], book[TITLES[table.name][side]]
        cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
        if table.across:
            lead = 3 if language == "zh" else 2
            shown = {row[0]: row[lead:] for row in cells[1:]}
        else:
            head = 2 if language == "zh" else 1
            shown = {cells[0][i]: [row[i] for row in cells[head:]] for i in range(len(cells[0]))}
        checked = 0
        for key in table.columns[1:] if table.across else table.columns:
            unit, factor, _ = unit_of(key).shown(language)
            numeric = pd.api.types.is_numeric_dtype(frame[key])
            heading = COLUMNS[key][side]
            if not table.across and unit and numeric:
                heading += f"（{unit}）" if language == "zh" else f", {unit}"
            if heading not in shown:
                assert key in table.parts
                assert not frame[key].fillna(0.0).any(), key
                continue
            wanted = [v * factor for v in frame[key]] if numeric else [said(v, language) for v in frame[key]]
            for cell, value in zip(shown[heading], wanted, strict=True):
                assert (cell is None and pd.isna(value)) or cell == pytest.approx(value) or (cell, value) == (None, "")
            checked += 1
        assert checked > 5
        assert sheet.freeze_panes


def test_chinese_words_and_units() -> None:
    assert unit_of("wind_mwh").shown("zh")[:2] == ("亿千瓦时", 1e-5)
    assert unit_of("max_load_mw").shown("zh")[:2] == ("万千瓦", 0.1)
    assert unit_of("price_cny_per_mwh").shown("zh")[0] == "元/兆瓦时"
    assert unit_of("coal_tce").shown("zh")[0] == "吨标准煤"
    assert unit_of("size_capacity_mwh").shown("zh")[:2] == ("万千瓦时", 0.1)
    for table in TABLES:
        assert table.parts <= set(table.columns), table.name
        for key in table.columns:
            assert any("\u4e00" <= sign <= "\u9fff" for sign in COLUMNS[key][0]), key
            assert COLUMNS[key][1].isascii() or "−" in COLUMNS[key][1], key
    assert said("baicheng", "zh") == "白城"
    assert set(VALUES) >= {"coal", "phs", "spring_festival"}


def test_a_table_that_fails_does_not_cost_the_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("a defect")

    monkeypatch.setattr("gridopt.results.tables.write_csv", fail)
    with pytest.raises(KeyError, match="a defect"):
        replace(solved.tiny()).save(tmp_path / "out")
    assert (tmp_path / "out.failed" / "results.nc").is_file()
    assert not (tmp_path / "out").exists()
