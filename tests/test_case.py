from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandapower as pp
import pandapower.networks
import pandas as pd
import pytest
import xarray as xr
import yaml

import gridopt
from gridopt import catalog
from gridopt.case import Case, load_case
from gridopt.errors import InputError


def content(net: pp.pandapowerNet) -> str:
    return pp.to_json(net)


def faults_of(source: object, changes: dict[str, object] | None = None) -> list[str]:
    with pytest.raises(InputError) as caught:
        load_case(source, changes)  # type: ignore[arg-type]
    return [str(fault) for fault in caught.value.faults]


def small_net() -> pp.pandapowerNet:
    net = pp.create_empty_network(name="two")
    a, b = (pp.create_bus(net, 110.0) for _ in range(2))
    pp.create_line_from_parameters(net, a, b, 10, 0.1, 0.3, 10, 0.5, max_loading_percent=100)
    pp.create_ext_grid(net, a, min_p_mw=0, max_p_mw=100)
    pp.create_poly_cost(net, 0, "ext_grid", cp1_eur_per_mw=10)
    pp.create_load(net, b, 20.0)
    return net


# --- loading -------------------------------------------------------------------------------------------------


def test_a_case_is_found_by_name_by_path_and_by_content(tiny: Case) -> None:
    path = catalog.cases_folder() / "tiny.yaml"
    assert load_case(path).input_sha256 == tiny.input_sha256
    values = yaml.safe_load(path.read_text())
    values |= {key: str(path.parent / values[key]) for key in ("network", "profiles")}
    assert load_case(values).input_sha256 == tiny.input_sha256
    assert tiny.name == "tiny"
    assert tiny.origin == (path.resolve(),)


def test_the_public_names_are_lazy_and_there() -> None:
    assert gridopt.load_case is load_case
    assert gridopt.Case is Case
    assert "solve" in dir(gridopt)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = gridopt.nothing


def test_time_is_hour_ending(tiny: Case) -> None:
    assert tiny.time[0] == pd.Timestamp("2030-01-15 01:00")
    assert tiny.time[-1] == pd.Timestamp("2030-01-17 00:00")
    assert len(tiny.time) == 48


def test_start_and_hours_cut_the_horizon(tiny: Case) -> None:
    cut = tiny.override({"start": "2030-01-15 12:00", "hours": 6})
    assert list(cut.time) == list(pd.date_range("2030-01-15 13:00", periods=6, freq="h"))
    np.testing.assert_array_equal(cut.profiles["load"], tiny.profiles["load"][12:18])
    # The peak that sizes demand response is that of all hours, whatever part of them is solved.
    assert cut.annual_peak_load_mw == tiny.annual_peak_load_mw


@pytest.mark.parametrize(
    ("changes", "path", "part"),
    [
        ({"start": "2031-01-01"}, "start", "run from 2030-01-15 00:00 to 2030-01-17 00:00"),
        ({"start": "2030-01-15 00:30"}, "start", "not the beginning of a step"),
        ({"hours": 49}, "hours", "beyond the end"),
        ({"hours": 1.5}, "hours", "no whole number of steps"),
        ({"step_h": 0.25}, "step_h", "a step of 1 h"),
    ],
)
def test_a_horizon_outside_the_profiles_is_refused(changes: dict[str, object], path: str, part: str) -> None:
    (fault,) = faults_of("tiny", changes)
    assert f"settings {path}: " in fault
    assert part in fault


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ("tinny", "neither a shipped case nor a file; did you mean 'tiny'?"),
        ("no/such/file.yaml", "neither a shipped case nor a file"),
        ({"name": "x"}, "settings network: is missing"),
        ({"network": "jilin"}, "settings year: is missing"),
        ({"network": "jilinn", "year": 2030}, "no shipped network 'jilinn'; did you mean 'jilin'?"),
        ({"network": "/nowhere/net.json", "year": 2030}, "there is no file /nowhere/net.json"),
    ],
)
def test_what_can_not_be_found_is_named(source: object, part: str) -> None:
    assert any(part in fault for fault in faults_of(source))


def test_a_folder_without_a_case_file_is_named(tmp_path: Path) -> None:
    assert "case.yaml" in faults_of(tmp_path)[0]


# --- extending -----------------------------------------------------------------------------------------------


def write(path: Path, **values: object) -> Path:
    path.write_text(yaml.safe_dump(values))
    return path


def test_a_case_extends_a_shipped_one(tmp_path: Path, tiny: Case) -> None:
    case = load_case(write(tmp_path / "mine.yaml", base="tiny", horizon={"window_h": 48}))
    assert (case.name, case.settings.horizon.window_h, case.settings.horizon.look_ahead_h) == ("mine", 48, 24)
    assert case.settings.description == ""
    assert [path.name for path in case.origin] == ["mine.yaml", "tiny.yaml"]
    assert case.profiles.equals(tiny.profiles)


def test_a_chain_of_cases_merges_from_the_bottom(tiny_files: Path) -> None:
    folder = tiny_files.parent
    write(folder / "a.yaml", base="tiny.yaml", prices={"co2_cny_per_t": 10}, levers={"demand.scale": 1.1})
    case = load_case(write(folder / "b.yaml", base="a.yaml", levers={"wind.p_mw": 500}))
    assert case.settings.levers == {"demand.scale": 1.1, "wind.p_mw": 500}
    assert case.settings.prices.co2_cny_per_t == 10


def test_a_cycle_of_cases_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", base="b.yaml")
    write(tmp_path / "b.yaml", base="a.yaml")
    assert "the case extends itself: a.yaml -> b.yaml -> a.yaml" in faults_of(tmp_path / "a.yaml")[0]


@pytest.mark.parametrize("key", ["network", "profiles", "base"])
def test_a_relative_path_stays_inside_the_folder_of_the_case(tmp_path: Path, key: str) -> None:
    folder = tmp_path / "inner"
    folder.mkdir()
    (fault,) = faults_of(write(folder / "case.yaml", **{key: "../tiny.yaml"}))
    assert f"settings {key}: '../tiny.yaml' leads out of the folder" in fault


def test_a_link_does_not_lead_out_of_the_folder(tiny_files: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (tiny_files.parent / "link").symlink_to(outside)
    tiny_files.write_text(tiny_files.read_text().replace("tiny/network.json", "link/network.json"))
    assert "leads out of the folder" in faults_of(tiny_files)[0]


def test_base_must_be_a_shipped_name_or_a_file(tmp_path: Path) -> None:
    assert "no shipped case 'tinny'; did you mean 'tiny'?" in faults_of(write(tmp_path / "a.yaml", base="tinny"))[0]
    assert "must be the name or file" in faults_of(write(tmp_path / "b.yaml", base=3))[0]


# --- overriding ----------------------------------------------------------------------------------------------


def test_override_makes_a_new_case_and_leaves_the_old_one(tiny: Case) -> None:
    before, hash_before = content(tiny.net), tiny.input_sha256
    other = tiny.override({"demand.scale": 1.1, "storage.battery.p_mw": 160, "horizon.window_h": 48})
    assert content(tiny.net) == before
    assert tiny.input_sha256 == hash_before
    assert other.input_sha256 != hash_before
    assert other.settings.horizon.window_h == 48
    assert tiny.settings.horizon.window_h == 24
    np.testing.assert_allclose(other.net.load["p_mw"], 1.1 * tiny.net.load["p_mw"])


def test_overriding_twice_starts_from_the_untouched_network(tiny: Case) -> None:
    twice = tiny.override({"demand.scale": 1.1}).override({"demand.scale": 1.2})
    assert twice.input_sha256 == tiny.override({"demand.scale": 1.2}).input_sha256
    assert tiny.override({"demand.scale": 1.1}).override({"demand.scale": 1.0}).input_sha256 == tiny.input_sha256


def test_override_knows_neither_lever_nor_setting(tiny: Case) -> None:
    with pytest.raises(InputError) as caught:
        tiny.override({"wind.pmw": 1, "horizon.windoh": 2, "base": "tiny"})
    assert [str(fault) for fault in caught.value.faults] == [
        "'wind.pmw' is neither a lever nor a setting; did you mean 'wind.p_mw'?",
        "'horizon.windoh' is neither a lever nor a setting; did you mean 'horizon.window_h'?",
        "'base' can't be changed; load the other case instead",
    ]


def test_a_lever_wins_over_the_setting_of_the_same_name(tiny: Case) -> None:
    case = tiny.override({"policy.dr_share_of_peak": 0.02})
    assert case.settings.levers == {"policy.dr_share_of_peak": 0.02}
    assert case.settings.policy.dr_share_of_peak == 0.02


def test_a_setting_can_be_put_back_to_none(tiny: Case) -> None:
    assert len(tiny.override({"hours": 3}).override({"hours": None}).time) == 48


# --- hash and saving -----------------------------------------------------------------------------------------


def test_the_hash_is_the_same_in_another_process(tiny: Case) -> None:
    program = "from gridopt.case import load_case; print(load_case('tiny').input_sha256)"
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == tiny.input_sha256


def test_the_hash_forgets_names_order_and_time_stamps(tiny: Case, tiny_files: Path) -> None:
    values = yaml.safe_load(tiny_files.read_text())
    shuffled = dict(reversed(values.items())) | {"name": "other", "description": "other"}
    renamed = tiny_files.with_name("other.yaml")
    renamed.write_text(yaml.safe_dump(shuffled, sort_keys=False))
    for file in tiny_files.parent.rglob("*.*"):
        os.utime(file, (1e9, 1e9))
    assert load_case(renamed).input_sha256 == tiny.input_sha256


def test_the_hash_forgets_the_order_of_columns(tiny: Case) -> None:
    net = copy.deepcopy(tiny.net)
    net["load"] = net.load[list(reversed(net.load.columns))]
    net["tie"] = net["tie"][sorted(net["tie"].columns)]
    same = Case.from_pandapower(net, tiny.source.profiles)
    assert same.input_sha256 == Case.from_pandapower(tiny.net, tiny.source.profiles).input_sha256


def test_the_hash_sees_every_number(tiny: Case) -> None:
    seen = {tiny.input_sha256}
    for changes in ({"prices.co2_cny_per_t": 1}, {"hours": 47}, {"interface.west_export.max_mw": 449.999}):
        seen.add(tiny.override(changes).input_sha256)
    net = copy.deepcopy(tiny.net)
    net.line.loc[0, "x_ohm_per_km"] *= 1 + 1e-12
    seen.add(Case.from_pandapower(net, tiny.source.profiles).input_sha256)
    seen.add(Case.from_pandapower(tiny.net, tiny.source.profiles).input_sha256)
    profiles = tiny.source.profiles.copy(deep=True)
    profiles["load"][5] += 1e-12
    seen.add(Case.from_pandapower(tiny.net, profiles).input_sha256)
    assert len(seen) == 7


@pytest.mark.parametrize("changes", [{}, {"demand.scale": 1.1, "hours": 24, "thermal.retire_mw": 200}])
def test_a_saved_case_loads_as_the_same_case(tiny: Case, tmp_path: Path, changes: dict[str, object]) -> None:
    case = tiny.override(changes)
    path = case.save(tmp_path / "out")
    assert sorted(file.name for file in path.parent.iterdir()) == ["case.yaml", "network.json", "profiles.nc"]
    again = load_case(path.parent)
    assert again.input_sha256 == case.input_sha256
    assert again.name == "tiny"
    assert load_case(path).settings.levers == case.settings.levers


def test_a_saved_plain_case_stays_plain(tmp_path: Path) -> None:
    case = Case.from_pandapower(pandapower.networks.case9())
    again = load_case(case.save(tmp_path))
    assert again.plain
    assert again.input_sha256 == case.input_sha256


# --- a user's own net ----------------------------------------------------------------------------------------


def test_from_pandapower_needs_nothing_but_a_net() -> None:
    net = small_net()
    before = content(net)
    case = Case.from_pandapower(net)
    assert content(net) == before
    assert case.plain
    assert len(case.time) == 1
    assert case.settings.unit_commitment == "off"
    assert case.settings.curtailment_price_cny_per_mwh == 0.0
    assert case.settings.prices.value_of_lost_load_cny_per_mwh is None
    assert case.annual_peak_load_mw == 20.0


@pytest.mark.parametrize("name", ["case9", "case30", "case118", "case_ieee30", "example_multivoltage"])
def test_from_pandapower_takes_the_nets_of_pandapower(name: str) -> None:
    case = Case.from_pandapower(getattr(pandapower.networks, name)())
    for table in ("bus", "line", "gen", "load", "sgen"):
        names = case.net[table]["name"]
        assert names.map(lambda value: isinstance(value, str) and value != "").all()
        assert names.is_unique


def test_from_pandapower_with_hours_and_no_series() -> None:
    time = pd.date_range("2030-06-01 00:30", periods=96, freq="30min")
    case = Case.from_pandapower(small_net(), xr.Dataset(coords={"time": time[1::2]}), name="mine")
    assert case.name == "mine"
    assert len(case.time) == 48
    assert case.settings.step_h == 1.0


def test_from_pandapower_with_profiles_and_settings() -> None:
    net = small_net()
    net.load["profile"] = "load"
    time = pd.date_range("2030-06-01 01:00", periods=3, freq="h")
    profiles = xr.Dataset({"load": ("time", [0.5, 0.6, 0.7])}, coords={"time": time})
    case = Case.from_pandapower(net, profiles, network_level="copperplate", horizon={"window_h": 2})
    assert case.annual_peak_load_mw == pytest.approx(14.0)
    assert case.profiles["load"].attrs == {"kind": "demand", "units": "pu"}
    assert profiles["load"].attrs == {}
    assert (case.settings.network_level, case.settings.horizon.window_h) == ("copperplate", 2)
    with pytest.raises(InputError, match="network_levl: unknown key; did you mean 'network_level'"):
        Case.from_pandapower(net, profiles, network_levl="dc")


def test_a_plain_net_from_a_file_can_be_a_case(tmp_path: Path) -> None:
    pp.to_json(small_net(), tmp_path / "net.json")
    file = write(tmp_path / "case.yaml", network="net.json", plain=True, start="2030-01-01", hours=2)
    case = load_case(file)
    assert list(case.time.hour) == [1, 2]
    year = load_case(write(tmp_path / "year.yaml", network="net.json", plain=True, year=2028))
    assert len(year.time) == 8760
    assert len(year.override({"leap_day": "keep"}).time) == 8784


def test_faults_of_settings_network_and_profiles_come_together(tiny_files: Path) -> None:
    values = yaml.safe_load(tiny_files.read_text()) | {"wrong_key": 1, "levers": {"no.lever": 2}}
    tiny_files.write_text(yaml.safe_dump(values))
    net = json.loads((tiny_files.parent / "tiny" / "network.json").read_text())
    lines = json.loads(net["_object"]["line"]["_object"])
    lines["data"][0][lines["columns"].index("to_bus")] = 77
    net["_object"]["line"]["_object"] = json.dumps(lines)
    (tiny_files.parent / "tiny" / "network.json").write_text(json.dumps(net))
    profiles = tiny_files.parent / "tiny" / "profiles.csv"
    table = pd.read_csv(profiles)
    table.loc[3, "wind_west"] = np.nan
    table.to_csv(profiles, index=False)
    text = "\n".join(faults_of(tiny_files))
    for part in ("wrong_key", "no.lever", "bus 77 does not exist", "wind_west"):
        assert part in text


# --- the shipped example -------------------------------------------------------------------------------------


def test_the_tiny_case_is_what_its_script_makes(tiny: Case, tmp_path: Path) -> None:
    folder = catalog.cases_folder() / "tiny"
    subprocess.run([sys.executable, str(folder / "make.py"), str(tmp_path)], check=True)
    assert (tmp_path / "profiles.csv").read_text() == (folder / "profiles.csv").read_text()
    changes = {"network": str(tmp_path / "network.json"), "profiles": str(tmp_path / "profiles.csv")}
    assert tiny.override(changes).input_sha256 == tiny.input_sha256
