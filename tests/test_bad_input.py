"""Bad input through the command line: exit code 2, every fault named with its place, never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from gridopt.cli import app

Spoil = Callable[[Path], None]


def setting(path: str, value: object) -> Spoil:
    def spoil(case_file: Path) -> None:
        values = yaml.safe_load(case_file.read_text())
        level: dict[str, Any] = values
        *parents, last = path.split("/")
        for key in parents:
            level = level.setdefault(key, {})
        level[last] = value
        case_file.write_text(yaml.safe_dump(values))

    return spoil


def entry(table: str, row: int, column: str, value: object) -> Spoil:
    def spoil(case_file: Path) -> None:
        file = case_file.parent / "tiny" / "network.json"
        net = json.loads(file.read_text())
        content = json.loads(net["_object"][table]["_object"])
        content["data"][row][content["columns"].index(column)] = value
        net["_object"][table]["_object"] = json.dumps(content)
        file.write_text(json.dumps(net))

    return spoil


def hour(column: str, row: int, value: object) -> Spoil:
    def spoil(case_file: Path) -> None:
        file = case_file.parent / "tiny" / "profiles.csv"
        table = pd.read_csv(file)
        table[column] = table[column].astype(object)
        table.loc[row, column] = value
        table.to_csv(file, index=False)

    return spoil


def without_hour(row: int) -> Spoil:
    def spoil(case_file: Path) -> None:
        file = case_file.parent / "tiny" / "profiles.csv"
        pd.read_csv(file).drop(index=row).to_csv(file, index=False)

    return spoil


def replaced(name: str, content: bytes | None) -> Spoil:
    def spoil(case_file: Path) -> None:
        file = case_file.parent / name
        if content is None:
            file.unlink()
        else:
            file.write_bytes(content)

    return spoil


PICKLED = b"\x80\x04\x95\x1e\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94."

SPOILS: list[tuple[str, list[Spoil], list[str]]] = [
    ("unknown key", [setting("horizon/windw_h", 3)], ["settings horizon.windw_h: unknown key", "'horizon.window_h'"]),
    ("wrong type", [setting("hours", "many")], ["tiny.yaml: settings hours: ", "'many'"]),
    ("NaN in a profile", [hour("wind_west", 5, float("nan"))], ["profiles.csv", "wind_west", "2030-01-15T06:00"]),
    ("text in a profile", [hour("load", 5, "much")], ["profiles.csv", "load"]),
    ("missing hour", [without_hour(7)], ["profiles.csv", "hours are missing", "2030-01-15T08:00"]),
    ("above one", [hour("solar_west", 12, 1.5)], ["profiles.csv", "solar_west", "above 1"]),
    ("line without a bus", [entry("line", 2, "to_bus", 99)], ["network.json: line 'west-south', column to_bus", "99"]),
    ("min above max", [entry("gen", 0, "min_p_mw", 700.0)], ["gen 'centre chp', column min_p_mw: 700 is above"]),
    (
        "lever without effect",
        [setting("levers", {"weather_year": 2020})],
        ["lever weather_year: has nothing to act on"],
    ),
    (
        "unknown lever",
        [setting("levers", {"wnd.p_mw": 1})],
        ["lever wnd.p_mw: unknown lever; did you mean 'wind.p_mw'"],
    ),
    ("missing network", [replaced("tiny/network.json", None)], ["settings network: there is no file", "network.json"]),
    (
        "missing profiles",
        [replaced("tiny/profiles.csv", None)],
        ["settings profiles: there is no file", "profiles.csv"],
    ),
    ("path outside", [setting("network", "../net.json")], ["leads out of the folder"]),
    ("contradictory tie", [entry("tie", 1, "max_p_mw", 140.0)], ["tie 'hvdc', column band_mw: contract", "in 26 h"]),
    ("no commitment", [setting("unit_commitment", "whole")], ["settings unit_commitment: ", "'integer', got 'whole'"]),
    ("not YAML", [replaced("tiny.yaml", b"name: [")], ["tiny.yaml", "not valid YAML"]),
    ("pickled network", [replaced("tiny/network.json", PICKLED)], ["network.json"]),
    ("network of another kind", [replaced("tiny/network.json", b'{"a": 1}')], ["network.json", "no pandapower net"]),
    ("empty profiles", [replaced("tiny/profiles.csv", b"")], ["profiles.csv"]),
    ("profiles that are no table", [replaced("tiny/profiles.csv", PICKLED)], ["profiles.csv"]),
    (
        "everything at once",
        [
            setting("nam", "x"),
            setting("levers", {"wnd.p_mw": 1}),
            entry("line", 2, "to_bus", 99),
            entry("storage", 1, "eta_charge", 1.2),
            hour("wind_west", 5, float("nan")),
        ],
        ["settings nam: unknown key", "lever wnd.p_mw", "bus 99", "eta_charge", "wind_west"],
    ),
]


@pytest.mark.parametrize(("spoils", "parts"), [s[1:] for s in SPOILS], ids=[s[0] for s in SPOILS])
def test_validate_names_every_fault(tiny_files: Path, spoils: list[Spoil], parts: list[str]) -> None:
    for spoil in spoils:
        spoil(tiny_files)
    result = CliRunner().invoke(app, ["validate", str(tiny_files)])
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert all(line.startswith("error: ") for line in result.stderr.splitlines())
    for part in parts:
        assert part in result.stderr


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--set", "demand.scle=2"], "'demand.scle' is neither a lever nor a setting; did you mean 'demand.scale'?"),
        (["--set", "demand.scale"], "is not of the form KEY=VALUE"),
        (["--set", "demand.scale=["], "can't be read as a value"),
        (["--set", "demand.scale=lots"], "lever demand.scale: needs a number"),
        (["--set", "demand.scale=99"], "lever demand.scale: must be within 0 … 5"),
        (["--set", "hours=-3"], "settings hours: "),
        (["--set", "interface.none.max_mw=3"], "lever interface.none.max_mw: unknown lever"),
    ],
)
def test_a_wrong_set_option_is_named(arguments: list[str], part: str) -> None:
    result = CliRunner().invoke(app, ["validate", "tiny", *arguments])
    assert result.exit_code == 2, result.output
    assert part in result.stderr


def test_run_with_bad_input_prints_json_and_nothing_else(tiny_files: Path, tmp_path: Path) -> None:
    setting("nam", "x")(tiny_files)
    hour("load", 2, float("nan"))(tiny_files)
    result = CliRunner().invoke(app, ["run", str(tiny_files), "--out", str(tmp_path / "out"), "--json"])
    assert result.exit_code == 2
    told = json.loads(result.stdout)
    assert told["status"] == "bad_input"
    assert len(told["errors"]) == 2
    assert "unknown key" in told["errors"][0]
    assert not (tmp_path / "out").exists()


def program(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    call = "from gridopt.cli import main; main()"
    root = str(Path(__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": root, "PYTHONWARNINGS": "default"}
    return subprocess.run(
        [sys.executable, "-c", call, *arguments], capture_output=True, text=True, cwd=cwd, env=environment, check=False
    )


def test_a_real_process_ends_with_code_two_and_no_traceback(tiny_files: Path) -> None:
    entry("line", 2, "to_bus", 99)(tiny_files)
    hour("wind_west", 5, float("nan"))(tiny_files)
    done = program("run", "tiny.yaml", "--json", cwd=tiny_files.parent)
    assert done.returncode == 2, done.stderr
    assert len(json.loads(done.stdout)["errors"]) == 2
    assert "Traceback" not in done.stderr
    assert "bus 99" in done.stderr


def test_a_real_process_refuses_an_unknown_option(tmp_path: Path) -> None:
    done = program("run", "tiny", "--hour", "3", cwd=tmp_path)
    assert done.returncode == 2
    assert "--hours" in done.stderr
    assert "Traceback" not in done.stderr


def test_debug_shows_the_traceback(tiny_files: Path) -> None:
    setting("nam", "x")(tiny_files)
    result = CliRunner().invoke(app, ["validate", str(tiny_files), "--debug"])
    assert result.exit_code == 2
    assert "Traceback" in result.stderr
    assert "settings nam: unknown key" in result.stderr
