"""Cases that can't be solved: exit code, and plain words with place, hour and amount."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import gridopt
from gridopt.cli import app
from gridopt.errors import InfeasibleError, InputError, SolverError
from gridopt.solver.session import LiveProblem
from tests.model import systems
from tests.model.systems import add_row, case_of, generator, grid, hydro, line, load, profiles, thermal, tie

NOTHING_SHORT = {"value_of_lost_load_cny_per_mwh": None, "excess_cny_per_mwh": None}


def run(case, tmp_path, *options):
    """Exit code and what is printed: the errors of ``--json``, else the lines."""
    case.save(tmp_path / "case")
    out = ("--out", str(tmp_path / "out"))
    done = CliRunner().invoke(app, ["run", str(tmp_path / "case"), *out, *options], env={"COLUMNS": "300"})
    if done.exit_code:
        assert not (tmp_path / "out").exists()
        assert "Traceback" not in done.stderr
    return done.exit_code, json.loads(done.stdout) if "--json" in options else done.stdout.splitlines()


def why_infeasible(case):
    with pytest.raises(InfeasibleError) as caught:
        gridopt.solve(case)
    assert caught.value.exit_code == 3
    assert 2 <= len(caught.value.lines) <= 10
    return caught.value.lines


def test_demand_above_all_capacity(tmp_path):
    net = grid()
    load(net, 0, 100.0, "load")
    generator(net, 0, 110.0, 300.0, name="coal")
    case = case_of(net, profiles(3, load=("demand", [1.0, 1.5, 1.2])), prices=NOTHING_SHORT)
    code, told = run(case, tmp_path, "--json")
    assert (code, told["status"]) == (3, "infeasible")
    lines = told["errors"]
    assert lines == why_infeasible(case)
    assert lines[0].startswith("no schedule meets all limits from 2030-01-01 01:00 to 2030-01-01 03:00")
    assert lines[1] == (
        "balance of supply and demand: power is short by up to 40 MW at 2030-01-01 02:00, "
        "50 MWh in 2 h from 2030-01-01 02:00 to 2030-01-01 03:00"
    )
    assert lines[2] == "these can't be kept together:"
    assert lines[3].startswith("balance of supply and demand, at 2030-01-01 0")
    assert any(each.startswith("output (") and "coal" in each for each in lines[4:])


def test_a_line_that_is_too_weak_for_the_demand_behind_it():
    net = grid(2, [(0, 1, 10.0, 50.0)])
    load(net, 1, 80.0)
    generator(net, 0, 200.0, 300.0)
    lines = why_infeasible(case_of(net, 1, prices=NOTHING_SHORT))
    assert lines[1] == "flow limit (line 0-1 #0): exceeded by up to 30 MW at 2030-01-01 01:00"


def test_a_heat_zone_that_cant_be_heated(tmp_path):
    net = grid()
    load(net, 0, 10.0)
    generator(net, 0, 50.0, 300.0)
    add_row(net, "heat_zone", {"name": "old town", "p_mw": 50.0, "profile": "heat"})
    boiler = {"name": "boiler", "heat_zone": "old town", "kind": "boiler", "max_heat_mw": 30.0, "cost_cny_per_mwh": 9.0}
    add_row(net, "heat_source", boiler)
    hours = profiles(3, heat=("heat", [0.5, 1.0, 0.9]))
    policy = {"chp_mode": "heat_zone", "dr_share_of_peak": 0.0}
    lines = why_infeasible(case_of(net, hours, policy=policy, prices={"heat_shortfall_cny_per_mwh": None}))
    assert lines[1] == (
        "heat demand (old town): missed by up to 20 MW at 2030-01-01 02:00, "
        "35 MWh in 2 h from 2030-01-01 02:00 to 2030-01-01 03:00"
    )
    assert any(each.startswith("heat output (boiler)") for each in lines)

    # at a price it is solved, and says so
    code, printed = run(case_of(net, hours, policy=policy), tmp_path)
    assert code == 0
    assert "attention: 35 MWh of heat that was not served: old town, up to 20 MW at 2030-01-01 02:00, in 2 h" in printed


def test_an_export_schedule_above_its_interface():
    net = grid(2)
    row = line(net, 0, 1)
    generator(net, 0, 200.0, 300.0)
    tie(net, 1, 100.0, name="hvdc", profile="contract")
    add_row(net, "interface", {"name": "border", "max_mw": 70.0})
    add_row(net, "interface_branch", {"interface": "border", "element": "line", "index": row, "sign": 1})
    hours = profiles(2, contract=("contract", [0.6, 1.0]))
    lines = why_infeasible(case_of(net, hours, prices=NOTHING_SHORT))
    assert lines[1] == "flow limit (interface border): exceeded by up to 30 MW at 2030-01-01 02:00"
    assert any(each.startswith("export schedule (hvdc), at 2030-01-01 02:00") for each in lines)


def test_demand_on_an_island():
    net = grid(2)
    net.bus["name"] = ["mainland", "far island"]
    generator(net, 0, 200.0, 300.0)
    load(net, 1, 80.0, "load")
    case = case_of(net, profiles(2, load=("demand", [0.5, 1.0])), prices=NOTHING_SHORT)
    with pytest.raises(InputError, match="nothing supplies the island of these buses: 1"):
        gridopt.solve(case)

    generator(net, 1, 50.0, 600.0, name="diesel")
    case = case_of(net, profiles(2, load=("demand", [0.5, 1.0])), prices=NOTHING_SHORT)
    lines = why_infeasible(case)
    island = "balance of supply and demand (island of bus far island)"
    assert lines[1] == f"{island}: power is short by up to 30 MW at 2030-01-01 02:00"
    assert any(each.startswith("output (diesel)") for each in lines)


def test_a_reservoir_band_that_cant_be_met_is_solved_at_its_price_and_named(tmp_path):
    net = grid()
    load(net, 0, 50.0)
    columns = {"max_e_mwh": 1000.0, "start_e_mwh": 500.0, "inflow_mw": 0.0, "band_low_profile": "low"}
    hydro(net, 0, 80.0, **columns)
    hours = profiles(2, low=("level", [0.5, 0.5]))
    code, printed = run(case_of(net, hours, horizon={"mode": "monolithic", "end_storage": "free"}), tmp_path)
    assert code == 0
    band = "attention: reservoirs outside their band: dam 0, up to 100 MWh at 2030-01-01 02:00, in 2 h"
    assert band in printed


def test_parts_of_units_would_do_where_whole_units_do_not():
    net = grid()
    load(net, 0, 30.0)
    thermal(net, 0, 1, 50.0, 100.0, 300.0, name="coal", initial_on_units=1, initial_p_mw=50.0)
    case = case_of(net, 2, unit_commitment="integer", prices=NOTHING_SHORT)
    lines = why_infeasible(case)
    assert lines[0].startswith("no schedule of whole units meets all limits from 2030-01-01 01:00 to 2030-01-01 02:00")
    assert "with parts of units (unit_commitment: relaxed) one does" in lines[0]
    # 20 MW too much is less than 30 MW too little
    assert lines[1].startswith("balance of supply and demand: power that no one can take by up to 20 MW at ")


def test_many_groups_are_told_in_ten_lines_of_plain_words(tiny):
    case = tiny.override({"prices.value_of_lost_load_cny_per_mwh": None, "demand.scale": 1.4, "hours": 48})
    lines = why_infeasible(case)
    assert "power is short by up to" in lines[1]
    assert not any(word in "\n".join(lines) for word in ("rules of", "limits of", "flexible_load", "heat_zone"))


def test_a_quadratic_cost_beside_whole_units_names_its_row(tmp_path):
    net = grid()
    load(net, 0, 30.0)
    thermal(net, 0, 2, 10.0, 50.0, 300.0)
    row = generator(net, 0, 50.0, 200.0, cp2_eur_per_mw2=0.1, name="diesel")
    code, told = run(case_of(net, 2, unit_commitment="integer"), tmp_path, "--json")
    assert (code, told["status"]) == (2, "bad_input")
    cost = net.poly_cost.index[net.poly_cost["element"] == row][0]
    assert f"poly_cost {cost}, column cp2_eur_per_mw2: the cost of gen {row} is quadratic" in told["errors"][0]
    gridopt.solve(case_of(net, 2))


def test_a_solver_that_fails_says_where_and_how_to_go_on(tmp_path, monkeypatch):
    net = grid()
    load(net, 0, 30.0)
    generator(net, 0, 50.0, 200.0)
    solved, solve = [], LiveProblem.run

    def fails_in_the_second_window(self):
        solved.append(1)
        if len(solved) > 1:
            raise SolverError("HiGHS stopped with status Unknown")
        solve(self)

    monkeypatch.setattr(LiveProblem, "run", fails_in_the_second_window)
    windows = {"mode": "rolling", "window_h": 6, "look_ahead_h": 2}
    code, told = run(case_of(net, 12, horizon=windows), tmp_path, "--json")
    assert (code, told["status"]) == (4, "solver_failure")
    where, kept, how = told["errors"]
    failed = "the solver failed in the window from 2030-01-01 07:00 to 2030-01-01 12:00"
    assert where == f"{failed}: HiGHS stopped with status Unknown"
    assert kept.startswith("the windows up to 2030-01-01 06:00 were solved; nothing is written")
    assert "solver.start" in how


def test_too_little_memory_is_told_as_such(tmp_path, monkeypatch):
    net = grid()
    load(net, 0, 30.0)
    generator(net, 0, 50.0, 200.0)

    def full(self):
        raise MemoryError

    monkeypatch.setattr(LiveProblem, "run", full)
    code, told = run(case_of(net, 2), tmp_path, "--json")
    assert (code, told["status"]) == (4, "solver_failure")
    assert "too little memory" in told["errors"][0]


def test_the_heat_that_is_forbidden_to_lack_is_served(tmp_path):
    # a dear boiler is used where lacking heat at its usual price would have been cheaper
    net = grid()
    load(net, 0, 10.0)
    generator(net, 0, 50.0, 300.0)
    add_row(net, "heat_zone", {"name": "town", "p_mw": 50.0, "profile": "flat"})
    boiler = {"heat_zone": "town", "kind": "boiler", "max_heat_mw": 60.0, "cost_cny_per_mwh": 9000.0}
    add_row(net, "heat_source", {"name": "boiler", **boiler})
    policy = {"chp_mode": "heat_zone", "dr_share_of_peak": 0.0}
    for price, heat_mw in ((5_000.0, 0.0), (None, 50.0)):
        prices = {"heat_shortfall_cny_per_mwh": price}
        case = case_of(net, profiles(1, flat=("heat", [1.0])), policy=policy, prices=prices)
        _, record = systems.solve(case)
        np.testing.assert_allclose(record.outputs["heat_source"]["heat_source_mw"], [[heat_mw]], atol=1e-6)
    assert run(case, tmp_path)[0] == 0  # the audit knows the rule too


@pytest.mark.parametrize("price", [5_000.0, None])
def test_heat_prices_of_a_zone_stand_before_those_of_the_case(price):
    net = grid()
    load(net, 0, 10.0)
    generator(net, 0, 50.0, 300.0)
    add_row(net, "heat_zone", {"name": "town", "p_mw": 50.0, "profile": "flat", "shortfall_cny_per_mwh": 700.0})
    policy = {"chp_mode": "heat_zone", "dr_share_of_peak": 0.0}
    case = case_of(net, profiles(1, flat=("heat", [1.0])), policy=policy, prices={"heat_shortfall_cny_per_mwh": price})
    _, record = systems.solve(case)
    assert record.penalty_cny["heat_zone"].sum() == pytest.approx(50.0 * 700.0)
