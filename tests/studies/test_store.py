"""The store: valid at every moment, never mixed."""

from __future__ import annotations

import errno
import json
import signal
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from gridopt.errors import InputError, SolverError
from gridopt.studies import store as s
from gridopt.studies.design import grid
from gridopt.studies.scenario import Failed, Solved, Template

DESIGN = grid({"demand.scale": [1.0, 1.1], "weather_year": ["typical", 2020]})
TIME = pd.date_range("2030-01-01 01:00", periods=3, freq="h")
TEMPLATE = Template(
    {
        "bus": (("bus",), np.array(["east", "west"]), {}),
        "bus_city": (("bus",), np.array(["", "长春"]), {"long_name": "city"}),
        "time": (("time",), TIME.to_numpy(), {}),
    },
    {"price": (("bus", "time"), {"units": "CNY/MWh"})},
)
KEYS = ("demand_mwh", "curtailment_rate")
IDENTITY = {"case": "a", "design": "b", "versions": "c"}


def solved(number):
    """A result that tells its number; the elements stand in another order than in the template."""
    values = xr.DataArray(
        number + np.array([[10.0, 11, 12], [0, 1, 2]]), {"bus": ["west", "east"], "time": TIME}, ("bus", "time")
    )
    return Solved({"demand_mwh": 100.0 + number, "curtailment_rate": None, "wall_s": 1.5}, {"price": values})


def made(path):
    """An empty store."""
    return s.Store.create(path, IDENTITY, DESIGN, TEMPLATE, KEYS)


def put(store, *numbers):
    for number in numbers:
        store.put(DESIGN.scenarios[number], solved(number), TEMPLATE)


@pytest.fixture
def store(tmp_path):
    return made(tmp_path / "s.zarr")


def test_it_opens_with_xarray_without_a_warning_and_reads_by_label(store):
    put(store, 0, 3)
    opened = xr.open_zarr(store.path)  # warnings are errors
    assert opened["price"].dims == ("demand.scale", "weather_year", "bus", "time")
    at = opened.sel({"demand.scale": 1.1, "weather_year": "2020"})
    assert at["price"].sel(bus="west").values.tolist() == [13.0, 14.0, 15.0]
    assert at["summary"].sel(summary_key="demand_mwh") == 103.0
    assert np.isnan(at["summary"].sel(summary_key="curtailment_rate"))
    assert opened["status"].values.tolist() == [[1, 0], [0, 1]]
    assert opened["bus_city"].values.tolist() == ["", "长春"]
    assert (opened.indexes["time"] == TIME).all()
    assert opened["price"].attrs["units"] == "CNY/MWh"
    assert np.isnan(opened["price"].values[0, 1]).all()


def test_no_chunk_belongs_to_two_scenarios(store):
    files = []
    for number in range(4):
        before = {file for file in store.path.rglob("*") if file.is_file()}
        put(store, number)
        files.append({file for file in store.path.rglob("*") if file.is_file()} - before)
    # price, summary, status, record
    assert [len(new) for new in files] == [4, 4, 4, 4]


def test_what_was_kept_is_read_again_as_it_was_laid_out(store):
    again = s.Store(store.path).template()
    assert list(again.variables) == ["price"]
    assert again.variables["price"][0] == ("bus", "time")
    assert again.values("price", solved(0).kept["price"]).tolist() == [[0, 1, 2], [10, 11, 12]]


def test_elements_that_the_scenario_lacks_are_nan_and_unknown_ones_a_failure(store):
    less = solved(0).kept["price"].sel(bus=["west"])
    store.put(DESIGN.scenarios[0], Solved({}, {"price": less}), TEMPLATE)
    assert np.isnan(store.dataset()["price"].values[0, 0, 0]).all()
    more = solved(0).kept["price"].assign_coords(bus=["west", "north"])
    written = store.put(DESIGN.scenarios[1], Solved({}, {"price": more}), TEMPLATE)
    assert isinstance(written, Failed)
    assert "'north'" in written.reason or "north is not in the base case" in written.reason
    assert store.dataset()["status"].values.tolist() == [[1, 2], [0, 0]]


def test_the_table_has_labels_results_and_reasons(store):
    put(store, 2)
    store.put(DESIGN.scenarios[1], Failed("no sun"), TEMPLATE)
    store.finish()
    table = pd.read_parquet(store.path / "summaries.parquet").set_index("number")
    assert table.loc[2, ["demand.scale", "weather_year", "demand_mwh", "reason"]].tolist() == [
        1.1,
        "typical",
        102.0,
        "",
    ]
    assert table.loc[1, ["weather_year", "reason", "status"]].tolist() == ["2020", "no sun", "failed"]


def test_the_time_of_a_scenario_is_that_of_its_worker_and_none_where_it_failed(store):
    store.put(DESIGN.scenarios[0], replace(solved(0), elapsed_s=2.5), TEMPLATE)
    store.put(DESIGN.scenarios[1], Failed("no sun"), TEMPLATE)
    assert [record.elapsed_s for record in store.records().values()] == [2.5, None]
    store.finish()
    assert np.isnan(pd.read_parquet(store.path / "summaries.parquet")["elapsed_s"].to_numpy()).tolist() == [False, True]


def test_the_cube_has_a_variable_per_number_and_the_reasons(store):
    put(store, 0)
    store.put(DESIGN.scenarios[1], Failed("no sun"), TEMPLATE)
    cube = store.cube()
    assert cube["demand_mwh"].values[0, 0] == 100.0
    assert cube["reason"].values.tolist() == [["", "no sun"], ["", ""]]


def test_two_shards_that_begin_at_once_share_one_store(tmp_path):
    first, second = made(tmp_path / "s.zarr"), made(tmp_path / "s.zarr")
    put(first, 0)
    put(second, 1)
    assert sorted(first.records()) == [0, 1]
    assert [file.name for file in tmp_path.iterdir()] == ["s.zarr"]


def test_another_input_and_what_is_no_store_are_refused(store, tmp_path):
    with pytest.raises(InputError, match=r"other inputs \(case, versions\)"):
        store.require(IDENTITY | {"case": "x", "versions": "y"})
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "zarr.json").write_text('{"attributes": {"title": "mine"}}')
    with pytest.raises(InputError, match="is no store"):
        s.Store(tmp_path / "other")


def test_the_hash_of_a_scenario_knows_inputs_and_changes_but_not_the_rest_of_the_design():
    one, two = DESIGN.scenarios[:2]
    hashes = {s.scenario_sha256(IDENTITY, one), s.scenario_sha256(IDENTITY, two)}
    hashes.add(s.scenario_sha256(IDENTITY | {"case": "x"}, one))
    assert len(hashes) == 3
    assert s.scenario_sha256(IDENTITY | {"design": "x"}, one) in hashes


def test_a_full_disk_loses_the_scenario_in_flight_only(store, monkeypatch):
    put(store, 0)
    written = []

    def full(file, content):
        written.append(file)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(s, "_write_whole", full)
    with pytest.raises(SolverError, match=r"No space left.*--resume"):
        put(store, 1)
    monkeypatch.undo()
    assert written
    assert list(store.records()) == [0]
    put(store, 1)
    assert store.dataset()["price"].values[0, 1, 0].tolist() == [1.0, 2.0, 3.0]


def test_a_record_that_is_cut_off_counts_as_not_solved(store):
    put(store, 0, 1)
    file = store.path / "scenarios" / "000001.json"
    file.write_text(file.read_text()[:40])
    assert list(store.records()) == [0]


def killed_while_writing(path, at):
    """Run in another process: writes all scenarios and is killed at the n-th file that takes its name."""
    import os

    real, count = Path.replace, 0

    def replace(self, target):
        nonlocal count
        count += 1
        if count == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(self, target)

    store = made(Path(path))
    Path.replace = replace
    put(store, 0, 1, 2, 3)


@pytest.mark.parametrize("at", [5, 8])  # the first chunk and the record of the second scenario
def test_a_process_killed_in_the_middle_of_a_write_leaves_a_valid_store(tmp_path, at):
    path = tmp_path / "s.zarr"
    code = f"from tests.studies.test_store import *; killed_while_writing({str(path)!r}, {at})"
    ended = subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2])
    assert ended.returncode == -signal.SIGKILL
    store = s.Store(path)
    assert list(store.records()) == [0]
    opened = xr.open_zarr(path).load()
    assert opened["price"].values[0, 0, 1].tolist() == [10.0, 11.0, 12.0]
    done = opened["status"].values == 1
    assert np.isfinite(opened["price"].values[done]).all()
    assert np.isfinite(opened["summary"].values[done][:, 0]).all()
    # going on gives the store that nothing has disturbed
    put(store, *[number for number in range(4) if number not in store.records()])
    whole = made(tmp_path / "whole.zarr")
    put(whole, 0, 1, 2, 3)
    xr.testing.assert_identical(s.Store(path).dataset().load(), whole.dataset().load())


def test_nothing_in_a_store_is_a_pickle(store):
    put(store, 0)
    store.finish()
    names = {file.suffix for file in store.path.rglob("*") if file.is_file() and not file.name.isdigit()}
    assert names <= {".json", ".parquet"} | {""}
    codecs = json.dumps([json.loads(f.read_text()).get("codecs") for f in store.path.rglob("zarr.json")])
    assert "pickle" not in codecs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert store.dataset()["bus"].dtype.kind == "U"
