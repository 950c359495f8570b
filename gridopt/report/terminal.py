"""The summary that ``gridopt run`` prints: what a planner wants to know first, in GW and TWh."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gridopt.check.remarks import remarks
from gridopt.report.ac import ac_lines
from gridopt.report.attention import attention_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr

    from gridopt.results.result import Result
    from gridopt.results.summary import Number

_MISSING = "–"
# Rows of the energy table that are left out where nothing happens.
_ONLY_IF_ANY = (
    *("other_mwh", "excess_mwh", "dr_mwh", "phs_charge_mwh", "battery_charge_mwh"),
    *("other_charge_mwh", "other_discharge_mwh", "losses_mwh"),
)
# Why wind and solar are curtailed, in plain words.
_CAUSES = (
    ("  the network is full", "curtailment_network_mwh"),
    ("  plants at their lowest output", "curtailment_min_output_mwh"),
    ("  export at its limit", "curtailment_export_limit_mwh"),
    ("  storage full or at its limit", "curtailment_storage_mwh"),
    ("  reserves, rules and other causes", "curtailment_other_mwh"),
)
_MONEY = ((1e9, "bn CNY"), (1e6, "mn CNY"))
# What a target asks for stands beside what it comes to.
_VALUES = ("value", "threshold")
_MASS = ((1e6, "Mt"), (1e3, "kt"))
# From this length on a worth is told per year [h]; a few days say nothing of a year.
_NEARLY_A_YEAR_H = 8000.0


def print_summary(result: Result, console: Console) -> None:
    """Print the summary of a result as tables."""
    console.print(f"\n[bold]{escape(result.case.name)}[/bold]  {_scope(result)}")
    console.print(_energy_table(result))
    console.print(_curtailment_table(result))
    console.print(_network_table(result.dataset))
    for line in [*_targets(result), *_remarks(result)]:
        console.print(line)


def _targets(result: Result) -> list[str]:
    """How the policy targets stand; nothing where the network has none."""
    from gridopt.results.scorecard import counts

    card = result.scorecard
    if card.empty:
        return []
    number = ", ".join(f"{count} {status}" for status, count in counts(card).items())
    missed = card[card["status"] == "missed"]
    lines = [f"policy targets: {number}"]
    for row in missed.to_dict("records"):
        share = row["unit"] == "pu"
        value, threshold = (_percent(row[key]) if share else f"{row[key]:,.0f} {row['unit']}" for key in _VALUES)
        lines.append(f"[bold red]missed:[/bold red] {escape(row['target'])}: {value}, asked {row['sense']} {threshold}")
    return lines


def _number(value: object, scale: float = 1.0, digits: int = 2) -> str:
    return _MISSING if value is None else f"{float(str(value)) / scale:,.{digits}f}"


def _percent(value: object) -> str:
    return _MISSING if value is None else f"{100 * float(str(value)):.1f} %"


def _scaled(value: object, *steps: tuple[float, str]) -> str:
    """Number with the largest unit in which it is at least 0.1, so that two days don't read as zero."""
    size = abs(float(str(value or 0.0)))
    scale, unit = next((step for step in steps if size >= 0.1 * step[0]), steps[-1])
    return f"{_number(value, scale, 3 if 'CNY' in unit else 2)} {unit}"


def _scope(result: Result) -> str:
    time, settings = result.case.time, result.case.settings
    # time stamps mark the end of a step
    begin = time[0] - pd.Timedelta(hours=settings.step_h)
    return (
        f"{begin:%Y-%m-%d %H:%M} to {time[-1]:%Y-%m-%d %H:%M}, {float(str(result.summary['hours'])):,g} h, "
        f"network {settings.network_level}, commitment {settings.unit_commitment}"
    )


def _plain_table(*columns: str, title: str = "") -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, title_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right")
    return table


def _energy_table(result: Result) -> Table:
    """Energy of every kind with its share of demand and its utilisation hours."""
    s = result.summary | _other_storage(result)
    capacity = installed_mw(result)
    table = _plain_table("", "GWh", "of demand", "GW installed", "full-load h", title="Energy")
    demand = float(str(s["demand_mwh"]))
    for label, key, sign in (
        ("demand", "demand_mwh", 1),
        ("coal and gas", "thermal_mwh", 1),
        ("biomass", "biomass_mwh", 1),
        ("hydro", "hydro_mwh", 1),
        ("wind", "wind_mwh", 1),
        ("solar", "solar_mwh", 1),
        ("pumped storage, out", "phs_discharge_mwh", 1),
        ("pumped storage, in", "phs_charge_mwh", -1),
        ("battery, out", "battery_discharge_mwh", 1),
        ("battery, in", "battery_charge_mwh", -1),
        ("other storage, out", "other_discharge_mwh", 1),
        ("other storage, in", "other_charge_mwh", -1),
        ("net export", "net_export_mwh", -1),
        ("losses of the grid", "losses_mwh", -1),
        ("demand response", "dr_mwh", 1),
        ("unserved", "unserved_mwh", 1),
        ("excess", "excess_mwh", -1),
        ("other", "other_mwh", 1),
    ):
        value = s[key]
        idle = value is None or abs(float(str(value))) < 0.5
        if idle and key in _ONLY_IF_ANY:
            continue
        energy = None if value is None else sign * float(str(value))
        share = None if energy is None or not demand else energy / demand
        size = capacity.get(key)
        hours = None if not size or energy is None else abs(energy) / size
        table.add_row(
            label,
            _number(energy, 1e3, 1),
            _percent(share),
            _number(size, 1e3),
            _number(hours, digits=0),
        )
    return table


def _other_storage(result: Result) -> dict[str, float]:
    """Energy of stores that are neither pumped storage nor battery [MWh]."""
    s = result.summary
    return {
        f"other_{way}_mwh": float(str(s[f"storage_{way}_mwh"] or 0.0))
        - sum(float(str(s[f"{kind}_{way}_mwh"] or 0.0)) for kind in ("phs", "battery"))
        for way in ("charge", "discharge")
    }


def installed_mw(result: Result) -> dict[str, float]:
    """Installed capacity behind each energy of the summary [MW]."""
    from gridopt.results.summary import BIOMASS, FOSSIL, capacity_mw

    net = result.case.net
    sizes: dict[str, float] = {}

    def add(key: str, table: str, technologies: tuple[str, ...], column: str = "max_p_mw") -> None:
        rows = net[table][net[table]["in_service"].to_numpy(bool)]
        mine = rows["technology"].isin(technologies)
        sizes[key] = sizes.get(key, 0.0) + float(capacity_mw(rows[mine], column).sum())

    for table in ("gen", "sgen"):
        add("thermal_mwh", table, FOSSIL)
        add("biomass_mwh", table, BIOMASS)
        add("wind_mwh", table, ("wind",))
        add("solar_mwh", table, ("solar", "solar_distributed"))
    add("hydro_mwh", "gen", ("hydro_reservoir", "hydro_ror"))
    for key, technology in (("phs", "phs"), ("battery", "battery")):
        add(f"{key}_discharge_mwh", "storage", (technology,), "min_p_mw")
        add(f"{key}_charge_mwh", "storage", (technology,))
    return sizes


def _curtailment_table(result: Result) -> Table:
    s = result.summary
    table = _plain_table("", "used", "curtailed, GWh", title="Wind and solar")
    rows = (
        ("wind", s["utilisation_wind"], s["curtailment_wind_mwh"]),
        ("solar", s["utilisation_solar"], s["curtailment_solar_mwh"]),
        ("together", _used(s["curtailment_rate"]), s["curtailment_mwh"]),
    )
    for label, used, curtailed in rows:
        table.add_row(label, _percent(used), _number(curtailed, 1e3, 1))
    for label, key in _CAUSES:
        if s[key]:
            table.add_row(label, "", _number(s[key], 1e3, 1))
    return table


def _used(rate: object) -> float | None:
    return None if rate is None else 1.0 - float(str(rate))


def _network_table(dataset: xr.Dataset) -> Table:
    """Interfaces and the branches that bind most; a limit binds where one more MW of it would save money."""
    step_h = float(dataset.attrs["step_h"])
    hours_in_all = dataset.sizes["time"] * step_h
    whole_year = hours_in_all >= _NEARLY_A_YEAR_H
    per_year = 8760.0 / hours_in_all if whole_year else 1.0
    worth_of = "worth, CNY/MW-yr" if whole_year else "worth, CNY/MW"
    table = _plain_table("", "largest flow, MW", "hours binding", worth_of, title="Network")
    for kind in ("interface", "branch"):
        price, flow = (dataset[f"{kind}_{what}"].to_numpy() for what in ("price_cny_per_mwh", "flow_mw"))
        hours = (np.abs(price) > 1e-6).sum(axis=1) * step_h
        worth = np.abs(price).sum(axis=1) * step_h * per_year
        order = np.argsort(-worth, kind="stable")
        chosen = order if kind == "interface" else [row for row in order[:5] if hours[row] > 0]
        for row in chosen:
            largest = np.abs(flow[row]).max() if flow.size else 0.0
            name = str(dataset[kind].to_numpy()[row])
            table.add_row(
                escape(name), _number(largest, digits=0), _number(hours[row], digits=0), _number(worth[row], digits=0)
            )
    return table


def _remarks(result: Result) -> list[str]:
    s = result.summary
    price = result.dataset["bus_price_energy_cny_per_mwh"].to_numpy()
    lines = [
        f"peak load {_number(s['peak_load_mw'], 1e3)} GW"
        + ("" if s["dr_peak_mw"] is None else f", after response {_number(s['peak_load_after_dr_mw'], 1e3)} GW")
        + f"; price of energy {np.mean(price):,.0f} CNY/MWh on average, {np.median(price):,.0f} in the median",
        f"cost {_scaled(s['operating_cost_cny'], *_MONEY)}"
        + ("" if s["net_export_mwh"] is None else " (the value of export is taken off)")
        + f" and {_scaled(s['penalty_cny'], *_MONEY)} of penalties (curtailment and spill at their declared prices, "
        "unserved and excess energy)",
        *_proof_line(s, str(result.dataset.attrs.get("unproven", "")), result.case.settings.horizon.end_storage),
        f"{_scaled(s['co2_t'], *_MASS)} CO2, {_scaled(s['coal_tce'], *_MASS)} coal equivalent; "
        f"non-fossil generation {_percent(s['nonfossil_share_generation'])}",
        f"solved in {_number(s['wall_s'], digits=1)} s, {s['windows']} windows, {_number(s['peak_rss_mb'], 1e3)} GB",
    ]
    both_ways = simultaneous_mwh(result.dataset)
    if both_ways > 1e-3 * float(str(s["storage_charge_mwh"] or 0.0)) + 1.0:
        lines.append(
            f"[bold red]attention:[/bold red] {both_ways:,.0f} MWh were charged and discharged by the same store "
            "in the same hour"
        )
    lines += [f"[bold red]attention:[/bold red] {escape(line)}" for line in attention_lines(result.dataset)]
    lines += ac_lines(result)
    lines += [escape(f"note: {remark}") for remark in remarks(result.case)]
    return lines


def _proof_line(summary: Mapping[str, Number], unproven: str, end_storage: str) -> list[str]:
    """How much better any schedule could be at most, or why that is not known; nothing where it was not asked for."""
    if summary["lower_bound_cny"] is None:
        return [f"nothing is proven of the cost: {unproven}"] if unproven else []
    # where stores are worth something at the end, the bound is one of cost less that worth
    which = "no schedule that leaves as much in the stores" if end_storage == "value" else "no schedule"
    proven = f"proven: {which} costs less than {_scaled(summary['lower_bound_cny'], *_MONEY)}"
    if summary["gap"] is None:
        return [f"{proven}; no gap is stated, as an annual amount is broken"]
    gap = f"{100 * float(str(summary['gap'])):.2g} %"
    return [f"{proven}; this one lies within {_scaled(summary['gap_cny'], *_MONEY)} of it ({gap})"]


def simultaneous_mwh(dataset: xr.Dataset) -> float:
    """Energy that stores charge while they discharge [MWh]; more than rounding is not physical."""
    if "storage_charge_mw" not in dataset:
        return 0.0
    both = np.minimum(dataset["storage_charge_mw"].to_numpy(), dataset["storage_discharge_mw"].to_numpy())
    return float(both.sum()) * float(dataset.attrs["step_h"])
