"""What enters the grid at every bus, summed from the quantities of the result and the tables of the net.

Positive into the grid.  Loads, fixed elements and shunts come from the net; everything that is dispatched from
the result.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gridopt.results.audit.finding import Array
from gridopt.results.audit.view import Rows, View

if TYPE_CHECKING:
    from pandapower import pandapowerNet


class BusSum:
    """Power of every bus in service, (bus, time) [MW]; what sits at other buses is left out."""

    def __init__(self, buses: Iterable[int], steps: int) -> None:
        self.place = {bus: i for i, bus in enumerate(buses)}
        self.mw = np.zeros((len(self.place), steps))

    def add(self, buses: Iterable[int], power: Array, sign: float = 1.0) -> None:
        """Add the power (element, time) of elements at their buses."""
        for bus, series in zip(buses, power, strict=True):
            if bus in self.place:
                self.mw[self.place[bus]] += sign * series


def bus_injection(view: View) -> BusSum:
    """Net injection of each bus in service."""
    total = BusSum(view.live_buses, view.steps)
    rows = view.buses
    at = [row for _, row in rows.places]
    if len(rows):
        total.add(at, view.values("demand_mw", rows), -1.0)
        total.add(at, view.values("unserved_mw", rows))
        total.add(at, view.values("excess_mw", rows), -1.0)
        total.add(at, view.values("fixed_injection_mw", rows))
    shunts = shunts_mw(view.case.net)
    total.add(shunts, np.array(list(shunts.values())).reshape(-1, 1), -1.0)
    _dispatched(view, total)
    _programs(view, total)
    return total


def _dispatched(view: View, total: BusSum) -> None:
    """Everything with a variable of its own at a bus of its own."""
    if len(view.thermal):
        total.add(view.thermal.buses, view.values("generator_p_mw", view.thermal))
    _plain(view, total)
    signed: list[tuple[Rows, str, float]] = [
        (view.renewable, "renewable_p_mw", 1.0),
        (view.hydro, "hydro_p_mw", 1.0),
        (view.storage, "storage_discharge_mw", 1.0),
        (view.storage, "storage_charge_mw", -1.0),
        (view.tie, "tie_export_mw", -1.0),
        (view.flexible_load, "flexible_load_p_mw", -1.0),
        (view.flexible_load, "flexible_load_discharge_mw", 1.0),
        (view.prosumer, "prosumer_p_mw", 1.0),
        (view.electric_heat, "heat_source_electric_mw", -1.0),
    ]
    for rows, variable, sign in signed:
        if len(rows):
            total.add(rows.buses, view.values(variable, rows), sign)


def _plain(view: View, total: BusSum) -> None:
    """Ordinary dispatch; a DC line takes at its from bus what it gives at its to bus, and its proportional loss."""
    if not len(view.plain):
        return
    power = view.values("generator_p_mw", view.plain)
    table = view.case.net["dcline"]
    for (element, row), series in zip(view.plain.places, power, strict=True):
        if element == "dcline":
            total.add([int(table.at[row, "to_bus"])], series[None, :])
            loss = 1.0 + float(table.at[row, "loss_percent"]) / 100.0
            total.add([int(table.at[row, "from_bus"])], loss * series[None, :], -1.0)
        else:
            total.add([int(view.case.net[element].at[row, "bus"])], series[None, :])


def _programs(view: View, total: BusSum) -> None:
    """Demand response, spread over the loads of its kind by their size."""
    programs = view.programs
    if not len(programs):
        return
    reduced = view.values("response_mw", programs)
    for target, series in zip(programs.words("target"), reduced, strict=True):
        loads, size = target_loads(view, target)
        total.add([int(bus) for bus in loads["bus"]], np.outer(size / size.sum(), series))


def target_loads(view: View, target: str) -> tuple[pd.DataFrame, Array]:
    """Loads of the kind that a program reaches, and their size [MW]."""
    load = view.fixed_load
    mine = load if target == "" else load.loc[load["kind"] == target]
    return mine, load_size(view, mine)


def load_size(view: View, load: pd.DataFrame) -> Array:
    """Annual mean of loads, without the losses that the balance holds itself [MW]."""
    size = np.asarray(load["p_mw"].to_numpy(float) * load["scaling"].fillna(1.0).to_numpy(float))
    return size * (1.0 - view.settings.line_loss_rate) if has_losses(view) else size


def has_losses(view: View) -> bool:
    """Whether the balance holds losses of the grid: there is none on a copper plate."""
    return view.settings.losses == "linear" and view.settings.network_level != "copperplate"


def demand_by_bus(view: View) -> BusSum:
    """Demand of the loads that follow their profile."""
    load = view.fixed_load
    total = BusSum(view.live_buses, view.steps)
    total.add([int(bus) for bus in load["bus"]], load_size(view, load)[:, None] * view.series(load["profile"]))
    return total


def fixed_by_bus(view: View) -> BusSum:
    """Injection of what is neither a load nor dispatched: static generators, stores, motors, wards, losses."""
    total = BusSum(view.live_buses, view.steps)

    def add(table: str, power: Array, rows: pd.DataFrame) -> None:
        total.add([int(bus) for bus in rows["bus"]], np.repeat(power[:, None], view.steps, axis=1))

    taken = set(view.renewable.places) | set(view.plain.places) | set(view.storage.places)
    for table, sign in (("sgen", 1.0), ("storage", -1.0)):
        rows = view.table(table)
        rows = rows.loc[[(table, int(row)) not in taken for row in rows.index]]
        power = rows["p_mw"].to_numpy(float)
        if table == "sgen":  # pandapower keeps even these inside their limits
            low, high = (_column(rows, name, limit) for name, limit in (("min_p_mw", -np.inf), ("max_p_mw", np.inf)))
            power = np.clip(power, low, high)
        add(table, sign * power * rows["scaling"].to_numpy(float), rows)
    motor = view.table("motor")
    shaft = motor["pn_mech_mw"] * motor["loading_percent"] / 100.0 * motor["scaling"]
    add("motor", -(shaft / motor["efficiency_percent"] * 100.0).to_numpy(float), motor)
    for table in ("ward", "xward"):
        rows = view.table(table)
        add(table, -rows["ps_mw"].to_numpy(float), rows)
    dcline = view.table("dcline")
    loss = np.repeat(dcline["loss_mw"].to_numpy(float)[:, None], view.steps, axis=1)
    total.add([int(bus) for bus in dcline["from_bus"]], loss, -1.0)
    return total


def _column(rows: pd.DataFrame, name: str, missing: float) -> Array:
    if name not in rows:
        return np.full(len(rows), missing)
    return np.asarray(rows[name].astype(float).fillna(missing).to_numpy(float), dtype=np.float64)


def shunts_mw(net: pandapowerNet) -> dict[int, float]:
    """Constant demand of shunt conductances by bus [MW]."""
    total: dict[int, float] = {}
    for _, row in net["shunt"].iterrows():
        if row["in_service"]:
            bus = int(row["bus"])
            kv = float(net["bus"].at[bus, "vn_kv"])
            rated = float(row["vn_kv"]) if row["vn_kv"] == row["vn_kv"] else kv
            total[bus] = total.get(bus, 0.0) + float(row["p_mw"]) * float(row["step"]) * (kv / rated) ** 2
    for table in ("ward", "xward"):
        for _, row in net[table].iterrows():
            if row["in_service"]:
                total[int(row["bus"])] = total.get(int(row["bus"]), 0.0) + float(row["pz_mw"])
    return {bus: mw for bus, mw in total.items() if net["bus"].at[bus, "in_service"]}
