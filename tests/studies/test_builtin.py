"""Built-in studies: the weeks, the cube, and what is found in cubes whose answers are known by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import gridopt
from gridopt.errors import InputError, SolverError
from gridopt.levers.lever import with_tables
from gridopt.studies.adequacy.read import Rules
from gridopt.studies.builtin import curtailment, demand_response, firm, pilots, program, storage, targets, tell
from gridopt.studies.builtin.cube import cube_of, total
from gridopt.studies.builtin.edits import edited
from gridopt.studies.builtin.periods import PEAK_WEEK, SEASONS, Period, weeks
from gridopt.studies.builtin.solving import StudyJob, result_file, solve_study
from gridopt.studies.builtin.study import Answer, Variant, key_of
from gridopt.studies.scenario import Solved

ALONE = {"case": (Period("all hours", "", 1.0),)}


def cube(rows, labels=None, extra=None):
    """A cube of a single period from numbers by variant."""
    labels = labels or {}
    names = [Variant(name, (name, name), labels=labels.get(name, {}), case="case") for name in rows]
    summaries = {(name, "all hours"): {**numbers, **(extra or {}).get(name, {})} for name, numbers in rows.items()}
    return cube_of(names, ALONE, summaries)


@pytest.fixture(scope="module")
def tiny():
    return gridopt.load_case("tiny")


# ---- weeks


@pytest.fixture(scope="module")
def year():
    time = pd.date_range("2030-01-01 01:00", periods=8760, freq="h")
    random = np.random.default_rng(3)
    net = 1000 + 300 * np.sin(np.arange(8760) / 24 * 2 * np.pi) + random.normal(0, 200, 365).repeat(24)
    load = net + 500
    load[8300] = 9000.0  # 2030-12-12, a Thursday
    return time, load, net


def test_the_weeks_stand_for_the_year_and_hold_its_peak(year):
    time, load, net = year
    found = {week.name: week for week in weeks(time, 1.0, load, net)}
    assert set(found) == {*SEASONS, PEAK_WEEK}
    assert sum(week.weight * week.hours for week in found.values()) == pytest.approx(8760)
    assert sum(round(week.weight) for week in found.values()) == 52
    assert found[PEAK_WEEK].start == "2030-12-09T00:00:00"
    assert found[PEAK_WEEK].weight == 1
    begins = pd.DatetimeIndex([week.start for week in found.values()]).sort_values()
    assert (begins.dayofweek == 0).all()
    assert (np.diff(begins) >= np.timedelta64(7, "D")).all()


def test_a_season_is_told_by_the_week_whose_duration_curve_is_nearest(year):
    time, load, net = year
    begin = time - pd.Timedelta(hours=1)
    inside = np.isin(begin.month, SEASONS["summer"])
    points = np.linspace(0.005, 0.995, 100)
    season = np.quantile(net[inside], points)
    distance = {}
    for monday in pd.date_range("2030-05-27", "2030-09-02", freq="7D"):
        if (monday + pd.Timedelta(hours=84)).month in SEASONS["summer"]:
            own = net[(begin >= monday) & (begin < monday + pd.Timedelta(days=7))]
            distance[monday.isoformat()] = np.abs(np.quantile(own, points) - season).mean()
    (summer,) = (week for week in weeks(time, 1.0, load, net) if week.name == "summer")
    assert summer.start == min(distance, key=distance.get)


def test_a_peak_in_the_days_after_the_last_whole_week_is_solved_too(year):
    time, load, net = year
    late = np.where(np.arange(8760) == 8759, 2 * load.max(), load)
    peak = next(week for week in weeks(time, 1.0, late, net) if week.name == PEAK_WEEK)
    assert pd.Timestamp(peak.start) + pd.Timedelta(days=7) == time[-1]


# ---- edits


def test_edits_lift_what_they_say_and_leave_the_case_alone(tiny):
    before = tiny.input_sha256
    free = edited(tiny, ("free_minimum", "free_export"))
    assert (free.net.gen["min_p_mw"] <= 0).all()
    assert (free.net.gen["heat_season_min_pu"] == 0).all()
    assert free.net.deep_regulation.empty
    assert free.net.tie["annual_mwh"].isna().all()
    assert (free.net.tie["max_p_mw"] == tiny.net.tie["max_p_mw"]).all()
    assert tiny.input_sha256 == before != free.input_sha256


def test_without_the_retrofit_heating_plants_stand_higher_and_have_no_bands(tiny):
    rows = tiny.net.gen["retrofitted"].astype(bool)
    assert rows.any()
    old = edited(tiny, ("without_retrofit",)).net
    assert (old.gen["min_p_mw"] >= tiny.net.gen["min_p_mw"]).all()
    assert not old.deep_regulation["index"].isin(rows.index[rows]).any()
    heat = rows & (tiny.net.gen["chp_kind"] != "")
    assert (old.gen.loc[heat, "min_p_mw"] >= 0.5 * old.gen.loc[heat, "max_p_mw"] - 1e-9).all()
    assert old.gen.loc[~rows].equals(tiny.net.gen.loc[~rows].assign(retrofitted=False)[old.gen.columns])


# ---- the cube


def test_the_total_adds_up_weeks_and_averages_no_rate():
    periods = {"case": (Period("a", "2030-01-07", 168.0, 10.0), Period("b", "2030-07-01", 168.0, 42.0))}
    keys = {"curtailment_mwh": 10.0, "curtailment_rate": 0.1, "peak_load_mw": 5.0, "whole_of_curtailment_rate": 100.0}
    other = {"curtailment_mwh": 8.0, "curtailment_rate": 0.02, "peak_load_mw": 7.0, "whole_of_curtailment_rate": 400.0}
    more = key_of("pilot_export_mwh", "pilot", "west"), key_of("pilot_export_max_mw", "pilot", "west")
    own = {("v", "a"): {**keys, more[0]: 1.0, more[1]: 9.0}, ("v", "b"): {**other, more[0]: 2.0, more[1]: 4.0}}
    found = cube_of([Variant("v", ("v", "v"), case="case")], periods, own)
    assert total(found, "curtailment_mwh", "v") == pytest.approx(10 * 10 + 42 * 8)
    assert total(found, "curtailment_rate", "v") == pytest.approx((10 * 10 + 42 * 8) / (10 * 100 + 42 * 400))
    assert total(found, "peak_load_mw", "v") == 7
    assert total(found, "pilot_export_mwh", "v", pilot="west") == pytest.approx(94)
    assert total(found, "pilot_export_max_mw", "v", pilot="west") == 9


# ---- findings


def test_curtailment_names_the_cause_and_where_rule_and_chain_part():
    def row(mwh, **causes):
        keys = ("network", "min_output", "export_limit", "storage", "other")
        by_cause = {f"curtailment_{key}_mwh": causes.get(key, 0.0) for key in keys}
        return {"curtailment_mwh": mwh, "curtailment_rate": mwh / 1e6, "whole_of_curtailment_rate": 1e6, **by_cause}

    found = cube(
        {
            "case": row(100e3, network=50e3, min_output=30e3, other=20e3),
            "copper plate": row(55e3),
            "+ no minimum": row(45e3),
            "+ free export": row(15e3),
            "+ twice the storage": row(5e3),
            "no minimum": row(80e3),
            "free export": row(30e3),
            "twice the storage": row(95e3),
            "build-out 0.7": row(40e3) | {"whole_of_curtailment_rate": 0.7e6},
            "build-out 1.3": row(250e3) | {"whole_of_curtailment_rate": 1.3e6},
        }
    )
    rows = curtailment.table(found).set_index("cause")
    assert rows["by_chain_gwh"].tolist() == [45, 10, 30, 10, 5]
    assert rows["by_chain_gwh"].sum() == rows["by_rule_gwh"].sum() == 100
    assert rows["alone_gwh"].tolist()[:4] == [45, 20, 70, 5]
    words = "\n".join(en for _, en in curtailment.findings(found))
    assert "the first cause is network: 50.00 GWh, 50.00%" in words
    assert "widest difference is at export limit: 0.00 MWh by the rule, 30.00 GWh by the chain (30.00%" in words
    assert "export limit takes most away: 70.00 GWh" in words
    assert "50.00% of what is added is curtailed" in words  # 150 of 300 GWh
    assert set(curtailment.figures(found)) == {"causes"}


def test_curtailment_is_told_by_season_with_the_weight_of_its_week(tiny):
    def row(mwh):
        keys = ("network", "min_output", "export_limit", "storage", "other")
        by_cause = {f"curtailment_{key}_mwh": mwh if key == "storage" else 0.0 for key in keys}
        return {"curtailment_mwh": mwh, "curtailment_rate": mwh / 1e6, "whole_of_curtailment_rate": 1e6, **by_cause}

    periods = {"case": (Period("winter", "2030-01-07", 168.0, 1.0), Period("spring", "2030-04-01", 168.0, 9.0))}
    names = [replace(variant, case="case") for variant in curtailment.variants({"tiny": tiny})]
    own = {(v.name, name): row(mwh) for v in names for name, mwh in (("winter", 3e3), ("spring", 3e3))}
    found = cube_of(names, periods, own)
    rows = curtailment.table(found).set_index("cause")
    assert rows.loc["storage", ["winter_by_rule_gwh", "spring_by_rule_gwh", "by_rule_gwh"]].tolist() == [3, 27, 30]
    assert ("弃电最多的时段是春季：占全部的90.00%。", "Most of it falls into spring: 90.00%.") in curtailment.findings(
        found
    )
    assert set(curtailment.figures(found)) == {"causes", "periods"}


def test_without_curtailment_no_cause_is_named(tiny):
    row = {"curtailment_mwh": 0.0, "curtailment_rate": 0.0, "whole_of_curtailment_rate": 1e6}
    row |= {f"curtailment_{key}_mwh": 0.0 for key in ("network", "min_output", "export_limit", "storage", "other")}
    names = [variant.name for variant in curtailment.variants({"tiny": tiny})]
    assert len(curtailment.findings(cube(dict.fromkeys(names, row)))) == 1


def test_demand_response_is_told_after_paying_consumers(tiny):
    def row(cost, able, peak, **more):
        zero = dict.fromkeys(("penalty_cny", "dr_mwh", "dr_hours", "unserved_mwh", "curtailment_mwh", "co2_t"), 0.0)
        peaks = {"usual_peak_after_max_mw": peak, "net_peak_after_max_mw": peak - 100}
        return {**zero, "objective_cny": cost, "dr_capability_mw": able, **peaks, **more}

    rows, labels = {"none": row(500e6, None, 2000.0)}, {"none": {"share": 0.0}}
    for variant in demand_response.variants({"tiny": tiny})[1:]:
        part, mode = variant.labels["share"], variant.labels["mode"]
        saved = 1e6 * (1 - np.exp(-100 * part)) if mode == "economic" else -2e6
        rows[variant.name] = row(500e6 - saved, 2000 * part, 2000 - (60.0 if mode == "peak_shaving" else 0.0))
        labels[variant.name] = dict(variant.labels)
    worth = key_of("program_worth_cny_per_mw", "program", "shift")
    found = cube(rows, labels, {"economic 5 %": {worth: 123.0}})
    words = [en for _, en in demand_response.findings(found)]
    assert "(100 MW)" in words[0]
    assert f"saves {1e3 * (1 - np.exp(-5)):,.2f} thousand CNY after paying consumers" in words[0]
    assert "peak shaving lowers the peak by 60 MW (60.00% of the capability; 0 MW" in words[1]
    assert "costs 2.99 mn CNY more" in words[1]
    assert f"a MW saves {1e6 * (1 - np.exp(-1)) / 20:,.0f} CNY/MW on the way from 0 to 1.00%" in words[3]
    assert words[4].endswith("shift: 123 CNY/MW.")
    assert set(demand_response.figures(found)) == {"cost", "peak", "modes"}


def test_storage_shares_out_what_all_parts_bring():
    saved = {"none": 0, "phs": 60, "battery": 40, "retrofit": 30, "battery+phs": 80, "phs+retrofit": 85}
    saved |= {"battery+retrofit": 65, "battery+phs+retrofit": 100}
    rows = {
        name: {"operating_cost_cny": 1e9 - 1e6 * much, "penalty_cny": 5.0, "curtailment_mwh": 1e3 * (200 - much)}
        for name, much in saved.items()
    }
    labels = {name: {p: float(p in name.split("+")) for p in ("phs", "battery", "retrofit")} for name in rows}
    found = storage.table(cube(rows, labels)).set_index("part")
    assert found["saves_without_it_mn_cny"].tolist()[:3] == [35, 15, 20]
    assert found["saves_alone_mn_cny"].tolist()[:3] == [60, 40, 30]
    assert found["saves_mean_mn_cny"].tolist()[:3] == pytest.approx([47.5, 27.5, 25.0])  # mean over the six orders
    assert found.loc["together", "saves_mean_mn_cny"] == 100
    words = "\n".join(en for _, en in storage.findings(cube(rows, labels)))
    assert "together save 100.00 mn CNY and avoid 100.00 GWh" in words
    assert "130.00 mn CNY, what is lost without each to 70.00 mn CNY: on the whole they replace one another" in words


def test_what_falls_short_without_storage_is_no_saving():
    rows = {"none": {"penalty_cny": 9e9, "reserve_shortfall_mwh": 4e6, "unserved_mwh": 0.0}}
    rows["phs"] = {"penalty_cny": 1e6, "reserve_shortfall_mwh": 0.0, "unserved_mwh": 0.0}
    rows = {
        name: {**row, "operating_cost_cny": 3e8 if name == "none" else 1e8, "curtailment_mwh": 0.0}
        for name, row in rows.items()
    }
    found = cube(rows, {name: {"phs": float(name == "phs")} for name in rows})
    table = storage.table(found).set_index("part")
    assert table.loc["pumped storage", "saves_without_it_mn_cny"] == 200
    assert table.loc["pumped storage", "breaches_without_it_mn_cny"] == 8999
    (said,) = (en for _, en in storage.findings(found) if "falls short" in en)
    assert "without pumped storage 4.00 TWh of reserve (9.00 bn CNY of penalties)" in said


def test_storage_shares_out_firm_capacity():
    # perfect capacity missing: 900 MW without either, the battery alone makes it 700, pumped storage 400, both 300
    missing = {"none": 900.0, "battery": 700.0, "phs": 400.0, "battery+phs": 300.0}
    rows = {name: {"operating_cost_cny": 0.0, "penalty_cny": 0.0, "curtailment_mwh": 0.0} for name in missing}
    labels = {name: {"phs": float("phs" in name), "battery": float("battery" in name)} for name in missing}
    extra = {name: {"missing_mw": mw, "lole_h": mw / 100} for name, mw in missing.items()}
    found = cube(rows, labels, extra)
    table = storage.table(found).set_index("part")
    assert table.loc["pumped storage", "firm_without_it_mw"] == 400
    assert table.loc["batteries", "firm_without_it_mw"] == 100
    assert table.loc["batteries", "firm_alone_mw"] == 200
    assert table.loc["together", "firm_mean_mw"] == 600 == table["firm_mean_mw"].iloc[:-1].sum()
    (said,) = (en for _, en in storage.findings(found) if "units fail" in en)
    assert "600 MW" in said and "from 9 h to 3 h" in said and "batteries 100 MW" in said
    assert "firm" in storage.figures(found)


def test_firm_capacity_in_a_study_is_that_of_adequacy(tiny):
    changes = {"none": {"policy.dr_share_of_peak": 0.0}, "economic 5 %": {}}
    variants = tuple(Variant(name, (name, name), own, case="tiny") for name, own in changes.items())
    empty = cube({name: {"objective_cny": 0.0, "lole_h": None} for name in changes})
    found = firm.with_adequacy(empty, Answer({"tiny": tiny}, variants, ALONE, Path("none")))
    cases = {"none": tiny.override(changes["none"]), "economic 5 %": tiny}
    rules = Rules(firm_export=1.0)
    alone = gridopt.adequacy(cases, draws=firm.DRAWS, rules=rules)
    for name in ("lole_h", "eens_mwh", "firm_mw", "firm_se_mw", "missing_mw"):
        for variant in cases:
            assert total(found, name, variant) == float(alone[name].sel(case=variant))
    assert np.isnan(found["firm_mw"].sel(period="all hours")).all()
    assert total(found, "firm_mw", "economic 5 %") > 0


def test_a_case_without_adequacy_says_so(tiny, monkeypatch):
    def refused(*_, **__):
        raise InputError("a source without a limit")

    monkeypatch.setattr("gridopt.studies.adequacy.program.adequacy", refused)
    variant = Variant("none", ("none", "none"), case="tiny")
    before = cube({"none": {"objective_cny": 0.0}})
    found = firm.with_adequacy(before, Answer({"tiny": tiny}, (variant,), ALONE, Path("none")))
    assert "firm_mw" not in found
    assert "a source without a limit" in firm.not_told(found)[0][1]


def test_pilot_rules_are_told_with_slack_price_and_breach():
    base = {"objective_cny": 1e9, "penalty_cny": 1e6, "curtailment_mwh": 900.0}
    names = [pilots.name_of("west", rule) for rule in ("self_use_min", "feed_in_max", "export_max_mw")]
    rows = {"rules": base, "no rules": base | {"objective_cny": 0.99e9, "penalty_cny": 0.0, "curtailment_mwh": 0.0}}
    rows |= {name: base | {"objective_cny": 1e9 - much} for name, much in zip(names, (0, 4e6, 1e6), strict=True)}
    energies = {"export": 200.0, "import": 50.0, "generation": 900.0, "available": 1000.0, "load": 2000.0}
    extra = {key_of(f"pilot_{what}_mwh", "pilot", "west"): mwh for what, mwh in energies.items()}
    extra |= {key_of(f"pilot_{what}_max_mw", "pilot", "west"): 30.0 for what in ("export", "import")}
    found = cube(rows, extra={"rules": extra})
    limits = np.array([[0.6, 0.2, 0.4, np.nan, 25.0]])
    rules = ["self_use_min", "feed_in_max", "self_supply_min", "import_max_mw", "export_max_mw"]
    found = found.assign(
        pilot_limit=xr.DataArray(limits, {"pilot": ["west"], "pilot_rule": rules}, ("pilot", "pilot_rule"))
    )
    table = pilots.table(found).set_index("rule")
    assert table["value"].to_dict() == pytest.approx(
        {"self_use_min": 0.7, "feed_in_max": 0.2, "self_supply_min": 0.35, "export_max_mw": 30}
    )
    assert table["slack"].tolist() == pytest.approx([0.1, 0.0, -0.05, -5.0])
    words = "\n".join(en for _, en in pilots.findings(found))
    assert "cost the system 10.00 mn CNY (1.00 mn CNY of it penalties) and add 900.00 MWh" in words
    assert "rules that bind: feed_in_max (20.00%, limit 20.00%)" in words
    assert "rules that are broken: self_supply_min (35.00%, limit 40.00%), export_max_mw (30 MW, limit 25 MW)" in words
    assert "The dearest single rule is feed_in_max of west: without it 4.00 mn CNY" in words


def test_targets_stand_case_beside_case():
    def card(value, status):
        row = {"id": "floor", "target": "use", "target_zh": "利用率", "year": "all", "sense": ">=", "threshold": 0.9}
        return pd.DataFrame([row | {"unit": "pu", "value": value, "status": status, "how": "h", "how_zh": "算"}])

    found = targets.with_cards(cube({"y1": {}, "y2": {}}), {"y1": card(0.95, "met"), "y2": card(0.85, "missed")})
    table = targets.table(found)
    assert table[["y1_value", "y2_value"]].to_numpy().tolist() == [[0.95, 0.85]]
    words = [en for _, en in targets.findings(found)]
    assert words == [
        "y1: 1 met, 0 missed, 0 not computable from dispatch.",
        "y2: 0 met, 1 missed, 0 not computable from dispatch.",
        "y2 misses use: 0.85 (asked: >= 0.9 pu).",
    ]


def test_a_year_of_weeks_holds_each_as_often_as_it_stands_for_others(tmp_path):
    variant = Variant("v", ("v", "v"), case="c")
    own = (Period("a", "2030-01-07", 2.0, 2.6), Period("b", "2030-07-01", 2.0, 1.0))
    for period, value in zip(own, (1.0, 10.0), strict=True):
        time = pd.date_range(period.start, periods=2, freq="h")
        data = {"x": ("time", [value, value]), "size": ("bus", [5.0]), "bound": ("window", [1.0])}
        xr.Dataset(data, {"time": time, "bus": ["b"]}).to_netcdf(result_file(tmp_path, variant, period))
    year = targets.year_of(Answer({}, (variant,), {"c": own}, tmp_path), variant, own)
    assert year["x"].to_numpy().tolist() == [1.0] * 6 + [10.0] * 2
    assert year["size"].dims == ("bus",)


def test_a_case_without_targets_or_pilots_is_refused(tiny):
    with pytest.raises(InputError, match="no policy targets"):
        targets.variants({"tiny": tiny})
    bare = replace(tiny, net=with_tables(tiny.net, pilot_zone=tiny.net["pilot_zone"].iloc[:0]))
    with pytest.raises(InputError, match="no pilot zones"):
        pilots.variants({"tiny": bare})


# ---- solving and writing


@pytest.fixture
def stubbed(monkeypatch):
    """Names of what would have been solved; ``fails`` holds those that fail."""
    seen, fails = [], set()

    def solve(self, scenario):
        name = str(scenario.changes["variant"])
        seen.append(name)
        if name in fails:
            raise SolverError("no luck")
        much = float(len(name))
        costs = {"objective_cny": 1e6 * much, "operating_cost_cny": 1e6 * much, "penalty_cny": 0.0}
        numbers = {**costs, "curtailment_mwh": much, "status": "optimal"}
        worth = key_of("worth_cny_per_mw", "part", "phs")
        return Solved(numbers | {worth: 7.0})

    monkeypatch.setattr(StudyJob, "solve", solve)
    return seen, fails


def test_a_study_goes_on_with_what_is_there(tiny, tmp_path, stubbed):
    seen, fails = stubbed
    fails.add("phs")
    own = {"tiny": (Period("all hours", "", 48.0),)}

    def run():
        return solve_study(storage.STUDY, {"tiny": tiny}, own, tmp_path, workers=0, settings={})

    part = run()
    assert "variant=phs: solver_failure: no luck" in part.attrs["failed"]
    assert np.isnan(total(part, "objective_cny", "phs"))
    assert total(part, "objective_cny", "none") == 4e6
    assert len(storage.findings(part)) > 3  # what is not known is a dash
    assert len(seen) == len(set(seen)) == 9
    fails.clear()
    seen.clear()
    first = run()
    assert seen == ["phs"]
    assert not first.attrs["failed"]
    assert run().identical(first)
    assert seen == ["phs"]
    with pytest.raises(InputError, match="other inputs"):
        solve_study(storage.STUDY, {"tiny": tiny}, own, tmp_path, workers=0, settings={"ac_check": "off"})


def test_the_folder_of_a_study(tiny, tmp_path, stubbed, capsys):
    out = tmp_path / "study"
    cube = program.run_study("storage", [tiny], out=out, workers=0)
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if "runs.zarr" not in path.as_posix()}
    assert names == {
        *("table.csv", "variants.csv", "cube.nc", "findings.zh.md", "findings.en.md", "figures"),
        *(f"figures/{name}.{suffix}" for name in ("cost", "curtailment", "firm") for suffix in ("png", "svg")),
    }
    with xr.open_dataset(out / "cube.nc") as again:
        assert float(again["objective_cny"].sel(variant="none", period="total")) == 4e6
    zh, en = ((out / f"findings.{language}.md").read_text(encoding="utf-8") for language in ("zh", "en"))
    assert "合计" in zh and "together" in en
    assert "tiny：全部48小时" in zh and "tiny: all 48 h" in en
    tell.print_study(storage.STUDY, cube)
    assert "pumped storage" in capsys.readouterr().out
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("dear")
    with pytest.raises(InputError, match="is no folder of a study"):
        program.run_study("storage", [tiny], out=tmp_path / "mine", workers=0)


def test_a_wide_table_is_printed_in_blocks_that_fit(tiny, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "64")
    effects = ("operating_cost_cny", "penalty_cny", "curtailment_mwh", "missing_mw", "lole_h")
    effects += ("reserve_shortfall_mwh", "unserved_mwh")
    names = {"none": 3.0, "battery": 2.0, "phs": 1.5, "battery+phs": 1.0}
    rows = {name: dict.fromkeys(effects, 1e9 * size) for name, size in names.items()}
    labels = {name: {"phs": float("phs" in name), "battery": float("battery" in name)} for name in names}
    found = cube(rows, labels)
    tell.print_study(storage.STUDY, found)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 64
    assert sum(line.startswith("pumped storage") for line in lines) > 1  # every block says what its rows are
    numbers = [shown for line in lines if line.startswith("together") for shown in line.split()[1:]]
    table = storage.table(found)
    assert numbers == [
        tell.shown(table[name].iloc[-1], name) for name, _ in tell.columns_of(storage.STUDY, table, 1)[1:]
    ]
    assert not any("…" in line for line in lines)


def test_an_unknown_study_names_the_nearest():
    with pytest.raises(InputError, match="storage"):
        program.study_of("storrage")


@pytest.mark.slow
def test_a_study_from_the_command_line(tmp_path):
    from typer.testing import CliRunner

    from gridopt.cli import app

    arguments = ["study", "pilots", "tiny", "--workers", "0", "--out", str(tmp_path / "pilots")]
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    assert "self_supply_min" in done.stdout
    table = pd.read_csv(tmp_path / "pilots" / "table.csv")
    assert (table["slack"] > -1e-6).all()
    assert (table["cost_mn_cny"] >= -1e-6).all()
