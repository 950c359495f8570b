"""Small nets and cases for the tests of the model: every component can stand alone at one bus.

Nets are planner's nets (``plain=False``): unserved and excess energy are allowed at their price, an ``ext_grid``
is only the reference.  Reactances are such that flows are easy to compute by hand.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import cvxpy as cp
import numpy as np
import pandapower as pp
import pandas as pd
import xarray as xr

from gridopt.case import Case
from gridopt.horizon.record import Record
from gridopt.horizon.rolling import solve_horizon
from gridopt.model.component import Window
from gridopt.model.dispatch import DispatchModel
from gridopt.model.system import System
from gridopt.solver.program import LinearProgram, compile_problem

KV = 220.0
MONOLITHIC = {"mode": "monolithic"}
START = pd.Timestamp("2030-01-01")


def grid(buses: int = 1, lines: Sequence[tuple[int, int, float, float]] = ()) -> pp.pandapowerNet:
    """Buses ``bus 0`` …, the reference at the first one, and lines (from, to, reactance [ohm], limit [MW])."""
    net = copy.deepcopy(_empty())
    for number in range(buses):
        pp.create_bus(net, KV, name=f"bus {number}")
    pp.create_ext_grid(net, 0, name="reference", min_p_mw=0.0, max_p_mw=0.0)
    for start, end, x_ohm, limit_mw in lines:
        line(net, start, end, x_ohm, limit_mw)
    return net


@cache
def _empty() -> pp.pandapowerNet:
    return pp.create_empty_network(name="bench")


def line(net: pp.pandapowerNet, start: int, end: int, x_ohm: float = 10.0, limit_mw: float = np.nan) -> int:
    """A line without resistance; NaN for no limit."""
    limited = np.isfinite(limit_mw)
    return pp.create_line_from_parameters(
        net,
        start,
        end,
        length_km=1.0,
        r_ohm_per_km=0.0,
        x_ohm_per_km=x_ohm,
        c_nf_per_km=0.0,
        max_i_ka=limit_mw / (np.sqrt(3) * KV) if limited else 1.0,
        max_loading_percent=100.0 if limited else np.nan,
        name=f"line {start}-{end} #{len(net.line)}",
    )


def load(net: pp.pandapowerNet, bus: int, mw: float, profile: str = "", **columns: object) -> int:
    return pp.create_load(net, bus, mw, name=columns.pop("name", f"load {len(net.load)}"), profile=profile, **columns)


def generator(
    net: pp.pandapowerNet, bus: int, max_mw: float, price: float, *, min_mw: float = 0.0, **columns: object
) -> int:
    """Generator without commitment at a price per MWh."""
    name = columns.pop("name", f"gen {len(net.gen)}")
    cost = {key: columns.pop(key) for key in ("cp0_eur", "cp2_eur_per_mw2") if key in columns}
    row = pp.create_gen(net, bus, 0.0, name=name, min_p_mw=min_mw, max_p_mw=max_mw, controllable=True)
    put(net, "gen", row, columns)
    if price or cost:
        pp.create_poly_cost(net, row, "gen", cp1_eur_per_mw=price, **cost)
    return row


def thermal(
    net: pp.pandapowerNet, bus: int, units: int, min_mw: float, max_mw: float, price: float, **columns: object
) -> int:
    """Cluster of equal units; limits are those of ONE unit, all other columns as in the data model."""
    columns = {"committable": True, "technology": "coal", "n_units": units} | columns
    return generator(net, bus, units * max_mw, price, min_mw=units * min_mw, **columns)


def hydro(net: pp.pandapowerNet, bus: int, max_mw: float, **lake: object) -> int:
    """Plant below a reservoir (columns of the reservoir in ``lake``), or run-of-river with ``profile`` alone."""
    if "max_e_mwh" not in lake:
        return generator(net, bus, max_mw, 0.0, technology="hydro_ror", **lake)
    min_mw = lake.pop("min_mw", 0.0)
    name, lake_name = f"dam {len(net.gen)}", f"lake {len(net.gen)}"
    row = generator(net, bus, max_mw, 0.0, min_mw=min_mw, technology="hydro_reservoir", reservoir=lake_name, name=name)
    add_row(net, "reservoir", {"name": lake_name, "gen": name, **lake})
    return row


def wind(net: pp.pandapowerNet, bus: int, max_mw: float, profile: str = "", **columns: object) -> int:
    name = columns.pop("name", f"wind {len(net.sgen)}")
    row = pp.create_sgen(net, bus, 0.0, name=name, min_p_mw=0.0, max_p_mw=max_mw, controllable=True)
    put(net, "sgen", row, {"technology": "wind", "profile": profile, **columns})
    return row


def storage(
    net: pp.pandapowerNet,
    bus: int,
    *,
    charge_mw: float,
    energy_mwh: float,
    discharge_mw: float | None = None,
    start_pu: float = 0.5,
    efficiency: float = 1.0,
    **columns: object,
) -> int:
    name = columns.pop("name", f"store {len(net.storage)}")
    row = pp.create_storage(
        net,
        bus,
        0.0,
        max_e_mwh=energy_mwh,
        min_e_mwh=columns.pop("min_e_mwh", 0.0),
        soc_percent=100 * start_pu,
        max_p_mw=charge_mw,
        min_p_mw=-(charge_mw if discharge_mw is None else discharge_mw),
        controllable=True,
        name=name,
    )
    put(
        net,
        "storage",
        row,
        {"technology": "battery", "eta_charge": efficiency, "eta_discharge": efficiency, **columns},
    )
    return row


def tie(net: pp.pandapowerNet, bus: int, mw: float, **columns: object) -> None:
    columns = {"name": "tie", "bus": bus, "p_mw": mw, "min_p_mw": -1000.0, "max_p_mw": 1000.0} | columns
    add_row(net, "tie", columns)


def response(net: pp.pandapowerNet, mw: float, price: float, **columns: object) -> None:
    add_row(net, "demand_response", {"name": "program", "p_mw": mw, "price_cny_per_mwh": price, "target": ""} | columns)


def put(net: pp.pandapowerNet, table: str, row: int, columns: Mapping[str, object]) -> None:
    for column, value in columns.items():
        if column not in net[table]:
            net[table][column] = pd.Series([None] * len(net[table]), index=net[table].index, dtype=object)
        net[table][column] = net[table][column].astype(object)
        net[table].at[row, column] = value


def add_row(net: pp.pandapowerNet, table: str, columns: Mapping[str, object]) -> None:
    old = net[table].to_dict("records") if table in net else []
    net[table] = pd.DataFrame([*old, dict(columns)])


def profiles(steps: int, step_h: float = 1.0, **series: tuple[str, Sequence[float]]) -> xr.Dataset:
    """Profiles of ``steps`` steps; each series is (kind, values)."""
    time = START + pd.to_timedelta(np.arange(1, steps + 1) * step_h, unit="h")
    data = {
        name: ("time", np.asarray(values, dtype=float), {"kind": kind, "units": "pu"})
        for name, (kind, values) in series.items()
    }
    return xr.Dataset(data, coords={"time": time})


def case_of(net: pp.pandapowerNet, hours: xr.Dataset | int, **settings: object) -> Case:
    """A planner's case; one problem over all hours and relaxed commitment unless ``settings`` say otherwise.

    The AC check and the proof of the gap are off unless asked for: they take time and change nothing in a schedule.
    """
    if isinstance(hours, int):
        hours = profiles(hours)
    values = {
        "plain": False,
        "unit_commitment": "relaxed",
        "network_level": "dc",
        "ac_check": "off",
        "policy": {"dr_share_of_peak": 0.05},
    }
    horizon = {"certificate": False} | settings.pop("horizon", MONOLITHIC)
    return Case.from_pandapower(net, hours, **(values | settings), horizon=horizon)


def solve(case: Case) -> tuple[System, Record]:
    system = System.read(case)
    return system, solve_horizon(system)


def output(record: Record, component: str, name: str) -> np.ndarray:
    return record.outputs[component][name]


def bound_model(case: Case, **window: object) -> tuple[System, DispatchModel]:
    """The model of the whole horizon with all parameters bound."""
    system = System.read(case)
    steps = len(system.time)
    model = DispatchModel(system, steps)
    values = {"last": True, "state": system.initial_state(), "energy_price_cny_per_mwh": 0.0} | window
    model.bind(Window(start=0, steps=steps, core=steps, **values))
    return system, model


def canonical(model: DispatchModel) -> str:
    """The compiled linear program, lazy rows too, as readable text that does not depend on the order of rows.

    Columns are called ``component.variable[element,hour]``; hours count from 1.  A variable that is not made by
    a component's attribute is an error: it could not be named.
    """
    whole = cp.Problem(model.problem.objective, [*model.problem.constraints, *model.lazy])
    program, data, _ = compile_problem(whole)
    names = _column_names(model, data["param_prob"].var_id_to_col, program.cost.size)
    return "\n".join(
        [
            "minimize",
            *(f"  {_number(cost)} {names[j]}" for j, cost in enumerate(program.cost) if cost),
            "bounds",
            *(f"  {_bounds(program, j, names[j])}" for j in range(program.cost.size)),
            "rows",
            *sorted(f"  {row}" for row in _rows(program, names)),
            "",
        ]
    )


def _column_names(model: DispatchModel, first_column: Mapping[int, int], n_columns: int) -> list[str]:
    names = [""] * n_columns
    owners = [(part.name, part) for part in model.components]
    if model.budget is not None:
        owners.append(("budget", model.budget))
    for owner, part in owners:
        for attribute, variable in _variables(part):
            first = first_column.get(variable.id)
            if first is None:
                continue
            elements = variable.shape[0]
            for k in range(variable.size):
                place = f"{k % elements},{k // elements + 1}" if variable.ndim == 2 else f"{k}"
                names[first + k] = f"{owner}.{attribute}[{place}]"
    if not all(names):
        raise ValueError("a column of the compiled problem has no name")
    return names


def _variables(part: object) -> Iterator[tuple[str, cp.Variable]]:
    """Variables of a component and of the parts that it keeps, with their names."""
    for attribute, value in vars(part).items():
        if isinstance(value, cp.Variable):
            yield attribute, value
        elif type(value).__module__.startswith("gridopt.model.") and hasattr(value, "__dict__"):
            yield from ((f"{attribute}.{name}", variable) for name, variable in _variables(value))
        elif isinstance(value, list | tuple):
            yield from ((f"{attribute}{k}", item) for k, item in enumerate(value) if isinstance(item, cp.Variable))


def _number(value: float) -> str:
    return f"{value:+.9g}"


def _bounds(program: LinearProgram, j: int, name: str) -> str:
    low, high = program.lower[j], program.upper[j]
    if low == high:
        return f"{name} = {low:.9g}"
    return f"{low:.9g} <= {name} <= {high:.9g}"


def _rows(program: LinearProgram, names: list[str]) -> list[str]:
    matrix = program.matrix.tocsr()
    rows = []
    for i in range(matrix.shape[0]):
        entries = sorted(
            (names[matrix.indices[k]], matrix.data[k])
            for k in range(matrix.indptr[i], matrix.indptr[i + 1])
            if matrix.data[k]
        )
        terms = " ".join(f"{_number(value)} {name}" for name, value in entries) or "0"
        sense = "=" if program.row_lower[i] == program.row_upper[i] else "<="
        rows.append(f"{terms} {sense} {program.row_upper[i] + 0.0:.9g}")
    return rows
