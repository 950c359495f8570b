"""What flexibility is worth: against finite differences of whole runs, one element after the other."""

from __future__ import annotations

import copy
import doctest
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandapower as pp
import pytest
import xarray as xr

import gridopt
from gridopt.case import Case
from gridopt.horizon.rolling import solve_horizon
from gridopt.model.system import System
from gridopt.results.dataset import build_dataset
from tests.model.systems import (
    add_row,
    case_of,
    generator,
    grid,
    line,
    load,
    profiles,
    response,
    storage,
    thermal,
    tie,
    wind,
)
from tests.results import solved

Edit = Callable[[pp.pandapowerNet, float], None]

DAY, SHORT_H, LONG_H = 24, 36, 336
# MW (or MWh) by which an element grows or shrinks.
STEP = 2.0
# Flows may exceed their limits by 1e-3 MW, which a run may use in every hour [CNY].
ROUNDING_CNY = 1.0


def region(hours: int) -> Case:
    """Wind in the west behind a section, heat and coal in the centre, pumped storage in the east; all of it tight."""
    rng = np.random.default_rng(3)
    time = np.arange(hours)
    swing = np.cumsum(rng.normal(0.0, 0.12, hours))
    windy = np.clip(0.55 + 0.35 * np.sin(2 * np.pi * time / 31.0) + swing - np.linspace(0, swing[-1], hours), 0.02, 1.0)
    demand = 0.8 + 0.2 * np.sin(2 * np.pi * (time - 8) / DAY) + rng.uniform(-0.03, 0.03, hours)
    net = grid(3)
    section = line(net, 0, 1, 10.0, 600.0)
    line(net, 1, 2, 10.0, 70.0)
    add_row(net, "interface", {"name": "west", "min_mw": -400.0, "max_mw": 380.0})
    add_row(net, "interface_branch", {"interface": "west", "element": "line", "index": section, "sign": 1.0})
    load(net, 0, 60.0, "load", name="town")
    load(net, 1, 620.0, "load", name="city", kind="industrial")
    wind(net, 0, 900.0, "wind")
    coal = {"start_cost_cny": 40_000.0, "cp0_eur": 3000.0, "min_up_h": 8.0, "min_down_h": 6.0, "initial_on_units": 4}
    thermal(net, 1, 4, 70.0, 150.0, 260.0, name="coal", must_run_units=3, initial_p_mw=400.0, **coal)
    thermal(net, 1, 3, 40.0, 100.0, 390.0, name="old coal", **(coal | {"initial_on_units": 0}))
    generator(net, 1, 200.0, 900.0, name="oil")
    # with wear no store is ever worth losing energy, which would ask for modes and a gap of their search
    cells = {"efficiency": 0.95, "max_cycles_per_day": 1.2, "throughput_cost_cny_per_mwh": 20.0}
    storage(net, 0, charge_mw=40.0, energy_mwh=60.0, name="battery", **cells)
    pumps = {"technology": "phs", "efficiency": 0.87, "emergency": True, "throughput_cost_cny_per_mwh": 5.0}
    storage(net, 2, charge_mw=150.0, energy_mwh=700.0, discharge_mw=140.0, name="pumps", **pumps)
    tie(net, 1, 60.0, name="neighbour", band_mw=500.0, price_cny_per_mwh=310.0, min_p_mw=40.0, max_p_mw=80.0)
    program = {"target": "industrial", "hours_per_day": 2.0, "hours_per_event": 2.0}
    response(net, 30.0, 300.0, name="industry", hours_per_year=8760.0 / 12, **program)
    response(net, 20.0, 40.0, name="shifted", kind="shiftable", window_h=12.0, payback_pu=1.05, target="industrial")
    for name, direction, mw in (("up", "up", 90.0), ("down", "down", 420.0)):
        columns = {"name": name, "direction": direction, "mw": mw, "response_min": 15.0, "duration_h": 1.0}
        add_row(net, "reserve_product", columns | {"kind": "spinning", "price_cny_per_mwh": 2000.0})
    series = {"load": ("demand", demand), "wind": ("availability", windy)}
    return case_of(net, profiles(hours, **series), horizon={"mode": "monolithic", "end_storage": "free"})


def column(table: str, name: str, field: str, factor: float = 1.0) -> Edit:
    """A column of one row grows."""

    def edit(net: pp.pandapowerNet, by: float) -> None:
        net[table].loc[net[table]["name"] == name, field] += factor * by

    return edit


def energy(name: str) -> Edit:
    """Room of a store grows, what it holds at the start stays."""

    def edit(net: pp.pandapowerNet, by: float) -> None:
        row = net.storage.index[net.storage["name"] == name][0]
        start = net.storage.at[row, "soc_percent"] * net.storage.at[row, "max_e_mwh"]
        net.storage.loc[row, "max_e_mwh"] += by
        net.storage.loc[row, "soc_percent"] = start / net.storage.at[row, "max_e_mwh"]

    return edit


def current(row: int) -> Edit:
    """Limit of a line grows."""

    def edit(net: pp.pandapowerNet, by: float) -> None:
        net.line.loc[row, "max_i_ka"] += by / (np.sqrt(3) * 220.0)

    return edit


ELEMENTS: dict[str, tuple[str, str, Edit]] = {
    "charging of the battery": ("storage_charge_worth_cny_per_mw", "battery", column("storage", "battery", "max_p_mw")),
    "discharging of the battery": (
        "storage_discharge_worth_cny_per_mw", "battery", column("storage", "battery", "min_p_mw", -1.0)
    ),
    "energy of the battery": ("storage_energy_worth_cny_per_mwh", "battery", energy("battery")),
    "discharging of the pumps": (
        "storage_discharge_worth_cny_per_mw", "pumps", column("storage", "pumps", "min_p_mw", -1.0)
    ),
    "energy of the pumps": ("storage_energy_worth_cny_per_mwh", "pumps", energy("pumps")),
    "section": ("interface_worth_cny_per_mw", "west", column("interface", "west", "max_mw")),
    "line to the east": ("branch_worth_cny_per_mw", "line 1-2 #1", current(1)),
    "export": ("tie_export_worth_cny_per_mw", "neighbour", column("tie", "neighbour", "max_p_mw")),
    "industry": ("program_worth_cny_per_mw", "industry", column("demand_response", "industry", "p_mw")),
    "shifted load": ("program_worth_cny_per_mw", "shifted", column("demand_response", "shifted", "p_mw")),
    "minimum of coal": ("generator_minimum_worth_cny_per_mw", "coal", column("gen", "coal", "min_p_mw", -1.0)),
    "reserve up": ("reserve_worth_cny_per_mw", "up", column("reserve_product", "up", "mw", -1.0)),
    "reserve down": ("reserve_worth_cny_per_mw", "down", column("reserve_product", "down", "mw", -1.0)),
}  # fmt: skip


@cache
def case_and_worth(hours: int) -> tuple[Case, xr.Dataset, float]:
    case = region(hours)
    system = System.read(case)
    record = solve_horizon(system)
    return case, build_dataset(system, record), record.objective_cny


def saved(hours: int, edit: Edit, by: float) -> float:
    """What a run saves per unit by which an element grows (negative steps: loses per unit less) [CNY]."""
    case, _, before = case_and_worth(hours)
    net = copy.deepcopy(case.net)
    edit(net, by)
    return (before - solve_horizon(System.read(replace(case, net=net))).objective_cny) / by


def check(hours: int, name: str) -> float:
    variable, label, edit = ELEMENTS[name]
    data = case_and_worth(hours)[1][variable]
    told = float(data.sel({data.dims[0]: label}))
    more, less = saved(hours, edit, STEP), saved(hours, edit, -STEP)
    # a kink lies at most between the two: what one more saves is never above what one less costs
    low, high = sorted((more, less))
    slack = 0.05 * told + ROUNDING_CNY
    assert low - slack <= told <= high + slack, (name, more, told, less)
    return told


@pytest.mark.parametrize("name", ["energy of the pumps", "export", "minimum of coal", "shifted load"])
def test_worth_is_what_one_more_saves(name: str) -> None:
    assert check(SHORT_H, name) > 100.0


@pytest.mark.slow
def test_worth_is_what_one_more_saves_over_two_weeks() -> None:
    told = {name: check(LONG_H, name) for name in ELEMENTS}
    assert sum(value > 10.0 for value in told.values()) >= 10, told


def test_worth_has_its_elements_and_adds_up_over_the_windows() -> None:
    data = solved.tiny().dataset
    price = np.abs(data["interface_price_cny_per_mwh"]).sum("time")
    np.testing.assert_allclose(data["interface_worth_cny_per_mw"], price)
    assert data["storage_energy_worth_cny_per_mwh"].dims == ("storage",)
    assert data["generator_minimum_worth_cny_per_mw"].sizes == {"generator": data.sizes["generator"]}
    assert all(float(data[name].min()) >= 0.0 for name in data.data_vars if "_worth_cny_per_mw" in str(name))


def test_whole_units_have_the_worth_of_the_fixed_problem() -> None:
    # three of four units must run at 70 MW or more against 100 MW of load and 200 MW of wind, for two hours
    net = grid()
    load(net, 0, 300.0)
    wind(net, 0, 200.0, curtailment_cost_cny_per_mwh=50.0)
    thermal(net, 0, 4, 70.0, 150.0, 260.0, must_run_units=3, initial_on_units=3)
    data = gridopt.solve(case_of(net, 2, unit_commitment="integer")).dataset
    # one MW less for all four units together is 3/4 MW for the three that run: fuel and curtailment saved
    assert float(data["generator_minimum_worth_cny_per_mw"].sel(generator="gen 0")) == pytest.approx(2 * 0.75 * 310.0)


def test_a_minimum_of_zero_has_no_worth() -> None:
    net = grid()
    load(net, 0, 100.0)
    wind(net, 0, 200.0)
    generator(net, 0, 50.0, 300.0)
    data = gridopt.solve(case_of(net, 1)).dataset
    assert (data["generator_minimum_worth_cny_per_mw"] == 0.0).all()


def test_the_page_prints_what_it_says() -> None:
    page = Path(__file__).parents[2] / "docs" / "worth.md"
    told = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert told.attempted > 3
    assert told.failed == 0
