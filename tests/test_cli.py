from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandapower as pp
import pytest
from typer.testing import CliRunner

import gridopt.case
from gridopt import __version__, catalog
from gridopt.check.remarks import remarks
from gridopt.cli import app, parsed_changes
from gridopt.errors import AuditError, GapError, InfeasibleError, SolverError

COMMANDS = (
    ["run"],
    ["report"],
    ["validate"],
    ["cases"],
    ["levers"],
    ["adequacy"],
    ["network", "build"],
    ["network", "show"],
    ["network", "export"],
)


def invoke(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "160"})
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_with_an_example(command: list[str]) -> None:
    help_text = invoke(*command, "--help")
    assert f"Example: gridopt {' '.join(command)}" in " ".join(help_text.split())


def test_the_list_of_commands_is_complete() -> None:
    registered = {command.callback.__name__ for command in app.registered_commands if command.callback}
    looking = {"report", "audit", "validate", "cases", "levers"}
    assert registered == looking | {"run", "sweep", "sweep_status", "study", "adequacy"}


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys, gridopt, gridopt.cli\n"
        "heavy = {'pandapower', 'cvxpy', 'highspy', 'pandas', 'xarray', 'numpy', 'scipy', 'plotly', 'pydantic'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_version() -> None:
    assert invoke("--version").strip() == f"gridopt {__version__}"


def test_set_values_are_read_as_in_yaml() -> None:
    changes = parsed_changes(["a.b=1.5", "c=off", "d=text", "e=2030-01-15", "f={x: 1}"])
    assert changes["a.b"] == 1.5
    assert changes["c"] is False
    assert changes["d"] == "text"
    assert changes["e"].year == 2030
    assert changes["f"] == {"x": 1}
    assert parsed_changes(None) == {}


def test_validate_tells_what_the_case_holds() -> None:
    text = invoke("validate", "tiny", "--set", "hours=24")
    assert "tiny: no faults" in text
    assert "5 bus" in text
    assert "24 steps to 2030-01-16 00:00" in text


def test_cases_lists_every_shipped_case_with_a_description() -> None:
    lines = invoke("cases").splitlines()[1:]
    assert [line.split()[0] for line in lines] == list(catalog.case_files())
    assert all(len(line.split()) > 4 for line in lines)


@pytest.mark.parametrize("name", catalog.case_files())
def test_every_shipped_case_is_sound(name: str) -> None:
    case = gridopt.case.load_case(name)
    assert case.name == name
    assert case.settings.prices.value_of_lost_load_cny_per_mwh is not None
    if name.startswith("jilin"):
        assert len(case.time) == 8760
        assert case.settings.curtailment_price_cny_per_mwh == 25
        # no storage is paid for losing energy
        assert not any("losing energy" in remark for remark in remarks(case))
        assert case.settings.prices.co2_cny_per_t == 0


def test_the_realistic_case_has_less_storage_and_no_new_channel() -> None:
    plan, realistic = (gridopt.case.load_case(name).net for name in ("jilin-2030", "jilin-2030-realistic"))
    for net, phs_mw, hvdc in ((plan, 12_100, 2), (realistic, 4_000, 1)):
        phs = net.storage[net.storage["technology"] == "phs"]
        assert -phs["min_p_mw"].sum() == pytest.approx(phs_mw)
        ties = net["tie"][net["tie"]["in_service"].astype(bool) & (net["tie"]["kind"] == "hvdc")]
        assert len(ties) == hvdc


def test_levers_with_and_without_a_case() -> None:
    assert "interface.NAME.max_mw" in invoke("levers")
    listed = invoke("levers", "tiny", "--set", "wind.p_mw=800")
    assert "interface.west_export.max_mw" in listed
    row = next(line for line in listed.splitlines() if line.startswith("wind.p_mw"))
    assert row.split()[1:3] == ["800", "MW"]


def test_network_build_writes_json(tmp_path: Path) -> None:
    out = tmp_path / "tiny.json"
    assert "trafo" in invoke("network", "build", "tiny", "--out", str(out))
    assert len(pp.from_json(str(out)).line) == 7
    assert "line" in invoke("network", "build", str(out))


def test_network_export_writes_both_formats(tmp_path: Path) -> None:
    for name in ("tiny.json", "tiny.mat"):
        invoke("network", "export", "tiny", "--out", str(tmp_path / name))
        assert (tmp_path / name).stat().st_size > 1000
    result = CliRunner().invoke(app, ["network", "export", "tiny", "--out", "tiny.xyz"])
    assert result.exit_code == 2
    assert "no format for '.xyz'" in result.stderr


def test_a_shipped_network_needs_a_year() -> None:
    result = CliRunner().invoke(app, ["network", "build", "jilin"])
    assert result.exit_code == 2
    assert "--year" in result.stderr


# --- exit codes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (InfeasibleError("balance at bus west, 03:00, by 12 MW"), 3, "infeasible"),
        (SolverError("out of memory"), 4, "solver_failure"),
        (AuditError("balance broken"), 5, "audit_failure"),
        (GapError("gap 1e-3"), 6, "gap_not_reached"),
        (ZeroDivisionError("division by zero"), 4, "solver_failure"),
    ],
)
def test_each_error_has_its_exit_code_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, status: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(gridopt.case, "load_case", fail)
    result = CliRunner().invoke(app, ["run", "tiny", "--json"])
    assert result.exit_code == code
    told = json.loads(result.stdout)
    assert told["status"] == status
    assert str(error) in told["errors"][0]
    assert "Traceback" not in result.stderr
    assert "Traceback" in CliRunner().invoke(app, ["run", "tiny", "--debug"]).stderr


# --- solving -------------------------------------------------------------------------------------------------


def test_run_json_prints_the_summary_it_wrote(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = CliRunner().invoke(app, ["run", "tiny", "--hours", "24", "--out", str(out), "--json"])
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert summary == json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert summary["hours"] == 24
    assert summary["unserved_mwh"] == 0


def test_run_prints_a_table_and_where_it_wrote(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = CliRunner().invoke(app, ["run", "tiny", "--start", "2030-01-16", "--hours", "12", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert str(out) in result.stdout.replace("\n", "")
    assert (out / "results.nc").is_file()
