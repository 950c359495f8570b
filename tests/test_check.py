"""Every rule of gridopt.check finds what it is for, names the place, and finds nothing in a sound case."""

from __future__ import annotations

import copy
import importlib
import pkgutil
from collections.abc import Callable

import numpy as np
import pandapower as pp
import pandapower.networks
import pandas as pd
import pytest

import gridopt.check
from gridopt.case import Case
from gridopt.check import RULES, check, profile_faults
from gridopt.network.columns import with_defaults

Spoil = Callable[[pp.pandapowerNet], None]


def put(table: str, row: int, column: str, value: object) -> Spoil:
    def spoil(net: pp.pandapowerNet) -> None:
        net[table] = net[table].copy()
        if not isinstance(value, (int, float)):
            net[table][column] = net[table][column].astype(object)
        elif net[table][column].dtype.kind in "iub" and isinstance(value, float):
            net[table][column] = net[table][column].astype(float)
        net[table].loc[row, column] = value

    return spoil


def drop(table: str) -> Spoil:
    def spoil(net: pp.pandapowerNet) -> None:
        net[table] = net[table].iloc[:0]

    return spoil


def add(table: str, **values: object) -> Spoil:
    def spoil(net: pp.pandapowerNet) -> None:
        net[table] = pd.DataFrame([values])

    return spoil


def both_sizes(net: pp.pandapowerNet) -> None:
    put("demand_response", 0, "p_mw", 5.0)(net)
    put("demand_response", 0, "share_of_peak", 0.1)(net)


CASES: list[tuple[str, Spoil, str]] = [
    ("line without a bus", put("line", 2, "to_bus", 99), "line 'west-south', column to_bus: bus 99 does not exist"),
    ("tie without a bus", put("tie", 0, "bus", 99), "tie 'north tie', column bus: bus 99 does not exist"),
    ("NaN load", put("load", 1, "p_mw", np.nan), "load 'centre city', column p_mw: must be a number, got "),
    ("text load", put("load", 1, "p_mw", "much"), "load 'centre city', column p_mw: must be a number, got 'much'"),
    ("NaN reactance", put("line", 0, "x_ohm_per_km", np.nan), "line 'west-centre 1', column x_ohm_per_km: must be"),
    ("no reactance", put("line", 0, "x_ohm_per_km", 0.0), "line 0, column x_ohm_per_km: must not be zero"),
    ("text rating", put("line", 0, "max_i_ka", "big"), "line 'west-centre 1', column max_i_ka: must be a number"),
    ("NaN cost", put("poly_cost", 0, "cp1_eur_per_mw", np.nan), "poly_cost 0, column cp1_eur_per_mw: must be"),
    ("min above max", put("gen", 0, "min_p_mw", 700.0), "gen 'centre chp', column min_p_mw: 700 is above max_p_mw"),
    ("interface limits", put("interface", 0, "min_mw", 500.0), "column min_mw: 500 is above max_mw = 400"),
    ("tie limits", put("tie", 1, "min_p_mw", 250.0), "tie 'hvdc', column min_p_mw: 250 is above max_p_mw = 200"),
    ("tie band", put("tie", 1, "max_p_mw", 140.0), "leaves the limits 60 to 140 MW in 26 h"),
    ("twice a name", put("gen", 1, "name", "centre chp"), "gen 'centre chp', column name: the name is given twice"),
    ("twice a tie", put("tie", 1, "name", "north tie"), "tie 'north tie', column name: the name is given twice"),
    ("no heat zone", put("gen", 0, "heat_zone", "center"), "no heat_zone 'center'; did you mean 'centre'?"),
    ("minimum without zone", put("gen", 0, "heat_zone", ""), "a heat-season minimum needs a heat zone"),
    ("heat season", put("gen", 0, "heat_season_min_pu", 0.95), "0.95 is above heat_season_max_pu = 0.92"),
    ("no reservoir", put("gen", 4, "reservoir", ""), "needs a reservoir"),
    ("other reservoir", put("gen", 4, "reservoir", "lake"), "gen 'east dam' names the reservoir 'lake'"),
    ("no plant", put("reservoir", 0, "gen", "dam"), "no gen 'dam'"),
    ("reservoir volume", put("reservoir", 0, "start_v_mm3", 3.0), "3 is not within min_v_mm3 = 4.3 and max_v_mm3"),
    ("no section", put("interface_branch", 0, "interface", "west"), "no interface 'west'"),
    ("no branch", put("interface_branch", 0, "index", 40), "there is no row 40 in line"),
    ("empty section", drop("interface_branch"), "no row of interface_branch belongs to it"),
    ("cost of nothing", put("poly_cost", 0, "element", 40), "there is no row 40 in gen"),
    ("energy", put("storage", 0, "min_e_mwh", 2000.0), "needs 0 <= min_e_mwh = 2000 <= 1200"),
    ("state of charge", put("storage", 0, "soc_percent", 101.0), "must be within [0, 100], got 101"),
    ("empty at the start", put("storage", 0, "soc_percent", 2.0), "2 % of 1200 MWh is below min_e_mwh = 60"),
    ("charging", put("storage", 0, "max_p_mw", -1.0), "charging is max_p_mw >= 0"),
    ("discharging", put("storage", 0, "min_p_mw", 5.0), "discharging is min_p_mw <= 0"),
    ("efficiency", put("storage", 1, "eta_charge", 1.1), "column eta_charge: must be within (0, 1], got 1.1"),
    ("capacity", put("sgen", 0, "max_p_mw", np.nan), "sgen 'west wind', column max_p_mw: must be the installed"),
    ("negative wind", put("sgen", 0, "min_p_mw", -5.0), "sgen 'west wind', column min_p_mw: must be a number >= 0"),
    ("technology", put("gen", 1, "technology", "fusion"), "gen 'south coal', column technology: must be one of"),
    ("units", put("gen", 1, "n_units", -2), "column n_units: must be a whole number >= 1, got -2"),
    ("too many on", put("gen", 1, "initial_on_units", 3.0), "column initial_on_units: 3 is above n_units = 2"),
    ("start ramp", put("gen", 1, "startup_ramp_mw", 10.0), "10 is below min_p_mw = 270: no unit could start or stop"),
    ("profile", put("sgen", 0, "profile", "wind_wst"), "no profile 'wind_wst'; did you mean 'wind_west'?"),
    ("kind of profile", put("load", 0, "profile", "wind_west"), "a profile of kind 'demand' is needed"),
    ("both sizes", both_sizes, "give share_of_peak or p_mw, not both"),
    ("target", put("demand_response", 0, "target", "ev"), "there is no load of kind 'ev'"),
    ("kind of response", put("demand_response", 0, "kind", "voluntary"), "column kind: must be one of 'interruptible'"),
    ("no block to shift in", put("demand_response", 0, "kind", "shiftable"), "a shiftable program needs the hours in"),
    ("no component", add("budget", name="CO2", quantity="co2_t", sense="<=", limit=1.0), "budget: no component"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "message"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_fault_is_found_and_named(tiny: Case, spoil: Spoil, message: str) -> None:
    net = copy.deepcopy(tiny.net)
    spoil(net)
    lines = [str(fault) for fault in check(with_defaults(net), tiny.source.profiles, file="net.json")]
    assert any(message in line for line in lines), lines
    assert all(line.startswith("net.json: ") for line in lines)


def test_a_sound_case_has_no_faults(tiny: Case) -> None:
    assert check(tiny.net, tiny.source.profiles) == []


def test_two_faults_are_both_named(tiny: Case) -> None:
    net = copy.deepcopy(tiny.net)
    put("line", 2, "to_bus", 99)(net)
    put("gen", 0, "min_p_mw", 700.0)(net)
    put("storage", 1, "eta_charge", 1.1)(net)
    assert len({(f.table, f.column) for f in check(net, tiny.source.profiles)}) >= 3


def test_no_rule_stumbles_over_a_net_of_text(tiny: Case) -> None:
    net = copy.deepcopy(tiny.net)
    for table in ("line", "gen", "storage", "tie", "reservoir", "interface", "demand_response", "load"):
        for column in net[table]:
            net[table][column] = "x"
    assert len(check(with_defaults(net), tiny.source.profiles)) > 20


def test_without_profiles_the_net_is_still_checked(tiny: Case) -> None:
    assert check(tiny.net, None) == []


@pytest.mark.parametrize("name", ["case9", "case118", "example_multivoltage", "case_ieee30"])
def test_pandapowers_own_nets_pass_as_plain_ones(tiny: Case, name: str) -> None:
    net = with_defaults(getattr(pandapower.networks, name)())
    assert check(net, tiny.source.profiles, plain=True) == []


def test_a_plain_load_profile_may_have_any_mean(tiny: Case) -> None:
    year = pd.date_range("2030-01-01 01:00", periods=8760, freq="h")
    attributes = {"kind": "demand", "units": "pu"}
    profiles = tiny.profiles[["load"]].isel(time=slice(0, 1)).reindex(time=year, fill_value=0.5)
    profiles["load"].attrs = attributes
    assert [f.column for f in profile_faults(profiles, "p.nc")] == ["load"]
    assert profile_faults(profiles, "p.nc", plain=True) == []


def test_each_rule_says_what_it_demands() -> None:
    assert all(rule.__doc__ for rule in RULES)


def test_the_rules_of_every_module_are_kept():
    found = pkgutil.iter_modules(gridopt.check.__path__)
    modules = (importlib.import_module(f"gridopt.check.{module.name}") for module in found)
    written = {rule for module in modules for rule in getattr(module, "RULES", ())}
    assert written == set(RULES)
