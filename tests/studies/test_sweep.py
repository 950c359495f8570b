"""A sweep from end to end, on two buses and three hours."""

from __future__ import annotations

import copy
import json
import shutil

import numpy as np
import pandapower as pp
import pandas as pd
import pytest
import xarray as xr

import gridopt
from gridopt.errors import InputError, SolverError
from gridopt.studies import runner
from gridopt.studies import sweep as sw
from gridopt.studies.design import grid
from gridopt.studies.scenario import Job, Solved
from gridopt.studies.specification import parse_sweep
from gridopt.studies.store import Store

SCALES = [0.5, 1.0, 1.5]
MACHINE = ["wall_s", "peak_rss_mb"]


@pytest.fixture(scope="module")
def case():
    """A cheap generator of 60 MW, a dear one of 40 MW behind a line, 40 MW of load; no load may be dropped."""
    net = pp.create_empty_network()
    buses = pp.create_buses(net, 2, 110.0)
    pp.create_line_from_parameters(net, buses[0], buses[1], 10, 0.1, 0.3, 10, 0.5)
    pp.create_ext_grid(net, buses[0], min_p_mw=0, max_p_mw=40)
    pp.create_poly_cost(net, 0, "ext_grid", cp1_eur_per_mw=50)
    pp.create_gen(net, buses[1], 20, min_p_mw=0, max_p_mw=60)
    pp.create_poly_cost(net, 0, "gen", cp1_eur_per_mw=20)
    pp.create_load(net, buses[1], 40)
    hours = xr.Dataset(coords={"time": pd.date_range("2030-01-01 01:00", periods=6, freq="h")})
    return gridopt.Case.from_pandapower(net, hours, hours=3)


@pytest.fixture
def solved(monkeypatch):
    """Numbers of the scenarios that were solved, really."""
    numbers = []
    real = Job.solve

    def solve(self, scenario):
        numbers.append(scenario.number)
        return real(self, scenario)

    monkeypatch.setattr(Job, "solve", solve)
    # in this process, as a child takes seconds to begin
    monkeypatch.setattr(sw, "in_child", lambda job, todo, limit: runner.here(job, todo))
    return numbers


def quick(self, scenario):
    """In the place of solving, where the store is looked at and not what stands in it."""
    return Solved({"demand_mwh": 120.0 * scenario.changes["demand.scale"], "status": "optimal"})


@pytest.fixture
def counted(solved, monkeypatch):
    """Numbers of the scenarios that would have been solved."""

    def solve(self, scenario):
        solved.append(scenario.number)
        return quick(self, scenario)

    monkeypatch.setattr(Job, "solve", solve)
    return solved


def run(case, path, how=None, **values):
    spec = {"case": "c", "design": {"kind": "grid", "levers": {"demand.scale": SCALES}}, "audit": False} | values
    return sw.run_sweep(parse_sweep(spec), case, path, how or sw.How(workers=0))


def same(one, two):
    """Whether two stores hold the same, bit for bit, but for the time it took."""
    xr.testing.assert_identical(Store(one.path).dataset().load(), Store(two.path).dataset().load())
    records = [
        {
            n: (r.sha256, r.reason, {k: v for k, v in r.summary.items() if k not in MACHINE})
            for n, r in s.records().items()
        }
        for s in (one, two)
    ]
    assert records[0] == records[1]


def test_the_cube_has_a_dimension_per_lever_and_costs_computed_by_hand(case):
    cube = gridopt.sweep(case, {"demand.scale": np.array([0.5, 1.0, 2.0])}, workers=0, keep=["generator_p_mw"])
    # 3 h: 20 and 40 MW at 20 CNY/MWh; 60 MW at 20 and 20 MW at 50
    assert cube["objective_cny"].values == pytest.approx([3 * 400, 3 * 800, 3 * (1200 + 1000)])
    assert cube["objective_cny"].dims == ("demand.scale",)
    assert cube["generator_p_mw"].sum("generator").sel({"demand.scale": 2.0}).values == pytest.approx([80.0] * 3)
    assert cube["status"].values.tolist() == [1, 1, 1]


def test_a_second_run_does_nothing_and_resume_goes_on(case, tmp_path, counted):
    store = run(case, tmp_path / "s.zarr")
    assert counted == [0, 1, 2]
    run(case, tmp_path / "s.zarr")
    assert counted == [0, 1, 2]
    (store.path / "scenarios" / "000001.json").unlink()
    with pytest.raises(InputError, match=r"2 of 3 scenarios; --resume continues"):
        run(case, tmp_path / "s.zarr")
    run(case, tmp_path / "s.zarr", sw.How(workers=0, resume=True))
    assert counted == [0, 1, 2, 1]


@pytest.mark.parametrize(
    ("changes", "values", "word"),
    [
        ({"prices.excess_cny_per_mwh": 1.0}, {}, "case"),
        ({}, {"design": {"kind": "grid", "levers": {"demand.scale": [1.0]}}}, "design"),
        ({}, {"keep": ["generator_p_mw"]}, "keep"),
        ({}, {"horizon": "year"}, "case"),
    ],
)
def test_a_changed_input_is_refused(case, tmp_path, counted, changes, values, word):
    run(case, tmp_path / "s.zarr")
    with pytest.raises(InputError, match=rf"other inputs \(.*{word}"):
        run(case.override(changes), tmp_path / "s.zarr", sw.How(workers=0, resume=True), **values)
    assert len(counted) == 3


def test_a_changed_number_of_the_net_is_refused(case, tmp_path, counted):
    run(case, tmp_path / "s.zarr")
    net = copy.deepcopy(case.net)
    net.gen.loc[0, "max_p_mw"] = 60.001
    other = gridopt.Case.from_pandapower(net, case.source.profiles, hours=3)
    with pytest.raises(InputError, match=r"other inputs \(case\)"):
        run(other, tmp_path / "s.zarr")


def test_a_store_with_a_foreign_record_is_refused(case, tmp_path, counted):
    store = run(case, tmp_path / "s.zarr")
    file = store.path / "scenarios" / "000001.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"sha256": "of another"}))
    with pytest.raises(InputError, match="scenario 1 was solved with other inputs"):
        run(case, tmp_path / "s.zarr")


def test_a_folder_that_is_no_store_is_left_alone(case, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="no store of a sweep"):
        run(case, tmp_path)
    assert (tmp_path / "thesis.txt").exists()


def test_a_failing_scenario_is_recorded_and_can_be_tried_again(case, tmp_path, solved):
    levers = {"demand.scale": [1.0, 4.0, 1.1]}  # 160 MW of load, 100 MW of generators
    values = {"design": {"kind": "grid", "levers": levers}, "keep": ["generator_p_mw"]}
    store = run(case, tmp_path / "s.zarr", **values)
    cube = store.cube()
    assert cube["status"].values.tolist() == [1, 2, 1]
    assert "infeasible: no schedule meets all limits" in str(cube["reason"].values[1])
    assert np.isnan(cube["objective_cny"].values[1])
    assert np.isnan(cube["generator_p_mw"].values[1]).all()
    run(case, tmp_path / "s.zarr", sw.How(workers=0, resume=True), **values)
    assert solved == [0, 1, 2]
    run(case, tmp_path / "s.zarr", sw.How(workers=0, retry_failed=True), **values)
    assert solved == [0, 1, 2, 1]


def test_a_defect_in_one_scenario_does_not_stop_the_others(case, tmp_path, monkeypatch):

    def solve(self, scenario):
        return quick(self, scenario) if scenario.number != 1 else 1 / 0

    monkeypatch.setattr(Job, "solve", solve)
    cube = run(case, tmp_path / "s.zarr").cube()
    assert cube["status"].values.tolist() == [1, 2, 1]
    assert "ZeroDivisionError" in str(cube["reason"].values[1])


def test_two_shards_make_the_whole(case, tmp_path, solved):
    whole = run(case, tmp_path / "whole.zarr", keep="everything")
    solved.clear()
    run(case, tmp_path / "parts.zarr", sw.How(shard=(1, 2)), keep="everything")
    assert solved == [0, 2]
    parts = run(case, tmp_path / "parts.zarr", sw.How(shard=(2, 2)), keep="everything")
    assert solved == [0, 2, 1]
    same(whole, parts)
    tables = [
        pd.read_parquet(store.path / "summaries.parquet").drop(columns=[*MACHINE, "elapsed_s"])
        for store in (whole, parts)
    ]
    pd.testing.assert_frame_equal(*tables)


def test_results_do_not_depend_on_what_was_solved_before(tiny):
    """A scenario solved alone, and the same after two others in one process: not a bit is different."""
    case = tiny.override({"hours": 12})
    job = Job(case, keep=("generator_p_mw", "bus_price_cny_per_mwh"), audit=False)
    scenarios = grid({"demand.scale": [0.9, 1.1, 1.0]}).scenarios
    alone = job.solve(scenarios[2])
    for scenario in scenarios[:2]:
        assert isinstance(job(scenario), Solved)
    after = job.solve(scenarios[2])
    for name in job.keep:
        xr.testing.assert_identical(alone.kept[name], after.kept[name])
    assert {k: v for k, v in alone.summary.items() if k not in MACHINE} == {
        k: v for k, v in after.summary.items() if k not in MACHINE
    }


def test_ctrl_c_leaves_a_store_that_goes_on(case, tmp_path, monkeypatch):

    def solve(self, scenario):
        if scenario.number == 1:
            raise KeyboardInterrupt
        return quick(self, scenario)

    with monkeypatch.context() as patch:
        patch.setattr(Job, "solve", solve)
        with pytest.raises(KeyboardInterrupt):
            run(case, tmp_path / "s.zarr")
    monkeypatch.setattr(Job, "solve", quick)
    assert list(Store(tmp_path / "s.zarr").records()) == [0]
    assert len(pd.read_parquet(tmp_path / "s.zarr" / "summaries.parquet")) == 1
    same(run(case, tmp_path / "s.zarr", sw.How(workers=0, resume=True)), run(case, tmp_path / "whole.zarr"))


def test_a_full_disk_stops_the_sweep_and_keeps_what_was_written(case, tmp_path, monkeypatch):
    from gridopt.studies import store as module

    real = module._write_whole

    def full(file, content):
        if file.name == "000001.json":
            raise OSError(28, "No space left on device")
        real(file, content)

    monkeypatch.setattr(Job, "solve", quick)
    monkeypatch.setattr(module, "_write_whole", full)
    with pytest.raises(SolverError, match="No space left"):
        run(case, tmp_path / "s.zarr")
    monkeypatch.setattr(module, "_write_whole", real)
    same(run(case, tmp_path / "s.zarr", sw.How(workers=0, resume=True)), run(case, tmp_path / "whole.zarr"))


@pytest.mark.parametrize(
    ("levers", "words"),
    [
        ({"demand.scal": [1]}, "did you mean 'demand.scale'"),
        ({"hours": [24, 48]}, "other hours or another grid"),
        ({"storage.phs.p_mw": [100]}, "nothing to act on"),
        ({"demand.scale": [-1, 1, 1.1, 1.2, 1.3, 1.4]}, "must be within"),
    ],
)
def test_wrong_levers_are_refused_before_anything_is_solved(case, tmp_path, counted, levers, words):
    with pytest.raises(InputError, match=words):
        run(case, tmp_path / "s.zarr", design={"kind": "grid", "levers": levers})
    assert not counted
    assert not (tmp_path / "s.zarr").exists()


def test_weeks_are_weighted_and_their_hours_stand_one_after_the_other(case, tmp_path):
    weeks = [
        {"start": "2030-01-01 00:00", "hours": 2, "weight": 10},
        {"start": "2030-01-01 04:00", "hours": 2, "weight": 3},
    ]
    cube = run(case, tmp_path / "s.zarr", horizon={"weeks": weeks}, keep=["generator_p_mw"]).cube()
    assert cube["demand_mwh"].values == pytest.approx([20 * 26, 40 * 26, 60 * 26])
    assert cube["time"].dt.hour.values.tolist() == [1, 2, 5, 6]
    assert cube["time_weight"].values.tolist() == [10, 10, 3, 3]
    energy = (cube["generator_p_mw"].sum("generator") * cube["time_weight"]).sum("time")
    assert energy.values == pytest.approx(cube["demand_mwh"].values)


def test_the_audit_stands_between_a_result_and_the_store(case, tmp_path, monkeypatch):
    from gridopt.results import summary

    real = summary._cost
    monkeypatch.setattr(summary, "_cost", lambda dataset: real(dataset) | {"objective_cny": 1.0})
    cube = run(case, tmp_path / "s.zarr", audit=True).cube()
    assert cube["status"].values.tolist() == [2, 2, 2]
    assert "audit_failure" in str(cube["reason"].values[0])


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "-1/2"])
def test_shards_that_are_none(text):
    with pytest.raises(InputError, match="i/n"):
        sw.parsed_shard(text)


def test_a_copied_store_is_the_same_store(case, tmp_path, counted):
    run(case, tmp_path / "s.zarr")
    shutil.move(tmp_path / "s.zarr", tmp_path / "t.zarr")
    run(case, tmp_path / "t.zarr")
    assert len(counted) == 3
