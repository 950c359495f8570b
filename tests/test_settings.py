from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from gridopt.errors import Fault, GridoptError, InputError
from gridopt.settings import (
    Settings,
    deep_merge,
    json_schema,
    nearest,
    parse_settings,
    read_yaml,
    setting_paths,
)

ROOT = Path(__file__).parents[1]


def faults_of(values: dict[str, object]) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_settings(values, "my.yaml")
    return [str(fault) for fault in caught.value.faults]


def test_defaults_are_a_rolling_year_on_the_dc_network() -> None:
    settings = Settings()
    assert (settings.network_level, settings.unit_commitment, settings.losses) == ("dc", "relaxed", "none")
    assert (settings.horizon.mode, settings.horizon.window_h, settings.horizon.look_ahead_h) == ("rolling", 168, 48)
    assert settings.step_h == 1.0
    assert settings.leap_day == "drop"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"horizn": {}}, "my.yaml: settings horizn: unknown key; did you mean 'horizon'?"),
        (
            {"horizon": {"windw_h": 24}},
            "my.yaml: settings horizon.windw_h: unknown key; did you mean 'horizon.window_h'?",
        ),
        # A key on the wrong level is found by its last part.
        ({"window_h": 24}, "my.yaml: settings window_h: unknown key; did you mean 'horizon.window_h'?"),
        ({"policy": {"qqqqqqq": 1}}, "my.yaml: settings policy.qqqqqqq: unknown key"),
    ],
)
def test_an_unknown_key_names_its_path_and_the_nearest_valid_key(values: dict[str, object], message: str) -> None:
    assert faults_of(values) == [message]


@pytest.mark.parametrize(
    ("values", "path", "part"),
    [
        ({"hours": "many"}, "hours", "valid number"),
        ({"hours": -1}, "hours", "greater than 0"),
        ({"year": 2030.5}, "year", "valid integer"),
        ({"network_level": "ac"}, "network_level", "'copperplate', 'dc' or 'dc+n-1'"),
        ({"prices": 3}, "prices", "dictionary"),
        ({"solver": {"threads": 0}}, "solver.threads", "greater than or equal to 1"),
        ({"unit_commitment": "whole"}, "unit_commitment", "'off', 'relaxed' or 'integer', got 'whole'"),
        ({"start": "2030-01-01T00:00:00+08:00"}, "start", "without a time zone"),
        ({"policy": {"dr_share_of_peak": 1.5}}, "policy.dr_share_of_peak", "less than or equal to 1"),
        ({"prices": {"co2_cny_per_t": float("nan")}}, "prices.co2_cny_per_t", "finite"),
        ({"weather_year": 2.5}, "weather_year", "valid integer"),
        ({"levers": {"demand.scale": [1]}}, "levers.demand.scale", "valid number"),
    ],
)
def test_a_wrong_value_names_file_key_and_value(values: dict[str, object], path: str, part: str) -> None:
    (fault,) = faults_of(values)
    assert fault.startswith(f"my.yaml: settings {path}: ")
    assert part in fault


def test_all_faults_are_reported_at_once() -> None:
    assert len(faults_of({"hours": -1, "nam": "x", "horizon": {"mode": "daily", "windw_h": 1}})) == 4


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Settings().year = 2030  # type: ignore[misc]


def test_curtailment_price_is_the_declared_priority_where_there_is_one() -> None:
    assert parse_settings({}).curtailment_price_cny_per_mwh == 1.0
    declared = parse_settings({"policy": {"renewable_priority_cny_per_mwh": 300}})
    assert declared.curtailment_price_cny_per_mwh == 300.0
    assert parse_settings({"policy": {"renewable_priority_cny_per_mwh": 0}}).curtailment_price_cny_per_mwh == 0.0


def test_a_plain_net_has_no_planner_prices_unless_they_are_given() -> None:
    plain = parse_settings({"plain": True, "prices": {"co2_cny_per_t": 50}})
    assert plain.unit_commitment == "off"
    assert plain.curtailment_price_cny_per_mwh == 0.0
    assert plain.prices.value_of_lost_load_cny_per_mwh is None
    assert plain.prices.co2_cny_per_t == 50
    assert parse_settings({"plain": True, "unit_commitment": "relaxed"}).unit_commitment == "relaxed"


def test_the_word_off_survives_yaml(tmp_path: Path) -> None:
    file = tmp_path / "case.yaml"
    file.write_text("unit_commitment: off\npolicy: {chp_mode: off}\n")
    settings = parse_settings(read_yaml(file))
    assert (settings.unit_commitment, settings.policy.chp_mode) == ("off", "off")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("year: 2030\nyear: 2031\n", "line 2, column 1: not valid YAML: the key 'year' is given twice"),
        ("prices: {co2_cny_per_t: 1, co2_cny_per_t: 2}\n", "the key 'co2_cny_per_t' is given twice"),
        ("name: [\n", "not valid YAML"),
        ("- a\n- b\n", "mapping of keys"),
        ("1: a\n", "the key 1 is not a word"),
        ("name: !!python/object/apply:os.system ['true']\n", "not valid YAML"),
    ],
)
def test_unreadable_yaml_is_an_input_error(tmp_path: Path, text: str, part: str) -> None:
    file = tmp_path / "case.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=r"case\.yaml") as caught:
        read_yaml(file)
    assert part in str(caught.value)


def test_a_missing_or_binary_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        read_yaml(tmp_path / "none.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00\x9c")
    with pytest.raises(InputError, match="can't be read"):
        read_yaml(tmp_path / "binary.yaml")


def test_deep_merge_replaces_values_and_joins_mappings() -> None:
    base = {"a": 1, "b": {"c": 2, "d": 3}}
    assert deep_merge(base, {"b": {"d": 4}, "e": 5}) == {"a": 1, "b": {"c": 2, "d": 4}, "e": 5}
    assert base == {"a": 1, "b": {"c": 2, "d": 3}}


def test_setting_paths_reach_the_inner_keys() -> None:
    assert {"horizon", "horizon.window_h", "policy.dr_mode", "weather_year"} <= set(setting_paths())


def test_nearest_prefers_neighbours_and_stays_silent_when_nothing_is_close() -> None:
    assert nearest("policy.mode", ["horizon.mode", "policy.dr_mode"]) == "; did you mean 'policy.dr_mode'?"
    assert nearest("prices.co2", ["prices.co2_cny_per_t", "base"]) == "; did you mean 'prices.co2_cny_per_t'?"
    assert nearest("qqq", setting_paths()) == ""


def test_the_published_schema_is_fresh() -> None:
    published = (ROOT / "examples" / "case.schema.json").read_text(encoding="utf-8")
    assert published == json_schema(), "run: python -m gridopt.settings > examples/case.schema.json"
    assert set(Settings.model_fields) == set(json.loads(published)["properties"])


def test_every_setting_is_described() -> None:
    parts = {"horizon", "solver", "policy", "prices"}
    for name, field in Settings.model_fields.items():
        inner = field.annotation
        fields = inner.model_fields if name in parts else {name: field}
        assert all(item.description for item in fields.values()), name


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (Fault("a.json", "line", "3", "to_bus", "bad"), "a.json: line 3, column to_bus: bad"),
        (Fault("a.json", message="bad"), "a.json: bad"),
        (Fault(table="gen", column="p_mw", message="bad"), "gen, column p_mw: bad"),
    ],
)
def test_a_fault_is_one_readable_line(fault: Fault, line: str) -> None:
    assert str(fault) == line


def test_input_error_takes_a_message_a_fault_or_many() -> None:
    assert InputError("bad").faults == [Fault(message="bad")]
    assert InputError(Fault("f", message="bad")).lines == ["f: bad"]
    error = InputError([Fault(message="one"), Fault(message="two")])
    assert error.lines == ["one", "two"]
    assert isinstance(error, GridoptError)
    assert error.exit_code == 2
