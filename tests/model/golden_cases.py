"""One instance of two to six hours for every component; ``test_golden.py`` compares its linear program.

``python -m tests.model.golden_cases`` writes all golden files anew, from the root of the project.  Do that only
for a change of the mathematics that is meant, and check every changed row against ``docs`` and the equations at
the top of the component before committing it.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from pathlib import Path

from gridopt.case import Case
from tests.model import (
    golden_emission,
    golden_exchange,
    golden_flexible,
    golden_heat,
    golden_hydro,
    golden_renewable,
    golden_response,
    golden_storage,
    golden_thermal,
)
from tests.model.systems import (
    MONOLITHIC,
    add_row,
    bound_model,
    canonical,
    case_of,
    generator,
    grid,
    hydro,
    load,
    profiles,
    storage,
    thermal,
    wind,
)

FOLDER = Path(__file__).parent / "golden"


def demand() -> Case:
    """Two buses: unserved energy at its own and at the general price, excess only where there is a source."""
    net = grid(2, [(0, 1, 10.0, 50.0)])
    load(net, 0, 100.0, "load")
    load(net, 1, 20.0, value_of_lost_load_cny_per_mwh=9000.0)
    generator(net, 0, 90.0, 300.0)
    return case_of(net, profiles(3, load=("demand", [0.5, 1.0, 1.5])))


def generators() -> Case:
    """Linear and piecewise cost; the constant cost stands in no coefficient."""
    import pandapower as pp

    net = grid()
    load(net, 0, 80.0)
    generator(net, 0, 60.0, 300.0, min_mw=10.0, cp0_eur=500.0)
    row = generator(net, 0, 50.0, 0.0)
    pp.create_pwl_cost(net, row, "gen", [[0, 20, 100.0], [20, 50, 400.0]])
    settings = {"plain": True, "unit_commitment": "off"}
    return case_of(net, 3, **settings)


def renewable() -> Case:
    """Own and general price of curtailment."""
    net = grid()
    load(net, 0, 30.0)
    wind(net, 0, 50.0, "wind")
    wind(net, 0, 40.0, "sun", technology="solar", curtailment_cost_cny_per_mwh=25.0)
    series = profiles(3, wind=("availability", [0.2, 0.5, 1.0]), sun=("availability", [0.0, 0.25, 0.5]))
    return case_of(net, series)


def _cluster(**columns: object) -> Case:
    net = grid()
    load(net, 0, 150.0)
    values = {
        "cp0_eur": 600.0,
        "start_cost_cny": 5000.0,
        "ramp_up_mw_per_h": 60.0,
        "ramp_down_mw_per_h": 90.0,
        "startup_ramp_mw": 180.0,
        "shutdown_ramp_mw": 150.0,
        "initial_on_units": 2,
        "initial_p_mw": 110.0,
        "initial_hours_in_state": 1.0,
    }
    thermal(net, 0, 3, 40.0, 100.0, 300.0, **(values | columns))
    return case_of(net, 4)


def thermal_long() -> Case:
    """Three units of 40 … 100 MW that stay on three hours and off two, two of them on since one hour."""
    return _cluster(min_up_h=3.0, min_down_h=2.0)


def thermal_short() -> Case:
    """The same units without minimum times: a unit may start and stop in neighbouring hours."""
    return _cluster(startup_ramp_mw=150.0, shutdown_ramp_mw=180.0)


def thermal_free() -> Case:
    """Ramps that can't bind have no rows."""
    free = dict.fromkeys(("ramp_up_mw_per_h", "ramp_down_mw_per_h", "startup_ramp_mw", "shutdown_ramp_mw"), 999.0)
    return _cluster(**free, must_run_units=1)


def thermal_heat() -> Case:
    """Two of three units heat in the first two hours: each between 60 and 80 MW."""
    net = grid()
    load(net, 0, 150.0)
    thermal(
        net,
        0,
        3,
        40.0,
        100.0,
        300.0,
        must_run_units=2,
        heat_zone="town",
        heat_season_min_pu=0.6,
        heat_season_max_pu=0.8,
        initial_on_units=2,
        initial_p_mw=140.0,
    )
    add_row(net, "heat_zone", {"name": "town", "profile": "heat"})
    return case_of(net, profiles(3, heat=("heat", [0.9, 0.1, 0.0])))


def hydro_reservoir() -> Case:
    """A reservoir between 100 and 900 MWh and a plant on a river."""
    net = grid()
    load(net, 0, 50.0)
    lake = {"max_e_mwh": 1000.0, "min_e_mwh": 100.0, "level_high_pu": 0.9, "start_e_mwh": 500.0}
    hydro(net, 0, 60.0, **lake, inflow_mw=20.0, profile="inflow", min_release_mw=5.0)
    hydro(net, 0, 10.0, profile="river")
    series = profiles(3, inflow=("inflow", [0.5, 1.0, 1.5]), river=("availability", [0.4, 0.5, 0.6]))
    return case_of(net, series)


def store() -> Case:
    """A battery that returns to its start level and one that is worth something; wear, losses, cycles per day."""
    net = grid()
    load(net, 0, 50.0)
    storage(
        net,
        0,
        charge_mw=20.0,
        discharge_mw=25.0,
        energy_mwh=80.0,
        efficiency=0.9,
        min_e_mwh=8.0,
        self_discharge_per_h=0.01,
        throughput_cost_cny_per_mwh=15.0,
        max_cycles_per_day=1.5,
        end="cyclic",
    )
    storage(net, 0, charge_mw=10.0, energy_mwh=40.0, efficiency=0.8)
    return case_of(net, 3, horizon=MONOLITHIC)


#: Instances by name; those of the larger components stand in modules of their own.
CASES: dict[str, Callable[[], Case]] = {
    case.__name__: case
    for case in (
        demand,
        generators,
        renewable,
        thermal_long,
        thermal_short,
        thermal_free,
        thermal_heat,
        hydro_reservoir,
        store,
        *chain.from_iterable(
            module.CASES.values()
            for module in (
                golden_renewable,
                golden_thermal,
                golden_hydro,
                golden_storage,
                golden_exchange,
                golden_response,
                golden_flexible,
                golden_heat,
                golden_emission,
            )
        ),
    )
}

#: What is left at the end is worth this much [CNY/MWh] in these instances, elsewhere nothing.
END_PRICE_CNY_PER_MWH = dict.fromkeys(
    ("hydro_reservoir", "hydro_cascade", "store", "response_shift", "flexible_loads", "prosumers", "heat"), 300.0
)


def linear_program(name: str) -> str:
    """The compiled linear program of an instance, in words."""
    price = END_PRICE_CNY_PER_MWH.get(name, 0.0)
    _, model = bound_model(CASES[name](), energy_price_cny_per_mwh=price)
    return canonical(model)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name in CASES:
        (FOLDER / f"{name}.txt").write_text(linear_program(name), encoding="utf-8")


if __name__ == "__main__":
    main()
