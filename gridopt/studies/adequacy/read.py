r"""A case as :class:`Supply`: one node, no dispatch.

* **Units.** Every plant of ``gen`` by unit.  Overhauls are laid as the case has them (one plan for all weather years);
  in the heating season the units that give heat have the heat-season maximum.
* **Weather.** Wind, sun and rivers as their profiles say, also behind meters.  Units of run-of-river plants fail too.
* **Load.** All consumers at their usual hours; electrolysers and ammonia loops stop before load is shed.
* **Ties.** A share of the contract import counts as sure, a share of the contract export has to be served.  The rest
  of the export ranks last: it is recalled before load is shed, and before a store waits to be filled.
* **Limited.** Stores with the same hours and efficiencies are one; reservoirs hold the water that they have before the
  first step and catch no more; programs of demand response are called inside their limits of hours, calls and rest.  A
  shiftable program is a store that holds what it may shift in one of its windows.

Reserves are used up before load is shed, and the network does not limit anything.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridopt.errors import Fault, InputError
from gridopt.studies.adequacy.failures import failures_of, units_of
from gridopt.studies.adequacy.supply import Array, Index, Limited, Supply, Units
from gridopt.studies.outages import Failure

if TYPE_CHECKING:
    from gridopt.case import Case
    from gridopt.network.dispatchable import Dispatchable
    from gridopt.network.matrices import DCNetwork

# A source without a limit, as pandapower writes it, is no part of a province [MW].
_ENDLESS_MW = 1e8
HOURS_OF_YEAR = 8760.0


@dataclass(frozen=True)
class Rules:
    """What is assumed beside the case.

    Attributes
    ----------
    firm_export, firm_import : float
        Share of the contract export that is served like load, and of the contract import that is sure [pu].
    failures : dict
        By technology: what takes the place of the assumed failures.
    """

    firm_export: float = 0.0
    firm_import: float = 1.0
    failures: Mapping[str, Failure] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("firm_export", "firm_import"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(Fault(table="adequacy", row=name, message="is a share from 0 to 1"))


def overhauls(case: Case) -> Array:
    """Units of each committed plant that are not in overhaul, (plant, time)."""
    from gridopt.model.claims import thermal_clusters
    from gridopt.model.outages import read_outages

    gen = case.net.gen.loc[thermal_clusters(case)]
    policy = case.settings.policy.model_copy(update={"forced_outages": False})
    planned = replace(case, settings=case.settings.model_copy(update={"policy": policy}))
    return read_outages(planned, gen, gen["n_units"].fillna(1).to_numpy(float)).available_units


def read_supply(case: Case, available_units: Array, rules: Rules) -> Supply:
    """Read a case in its own weather.

    Parameters
    ----------
    case
        The case.
    available_units
        (plant, time) units of the committed plants that are not in overhaul.
    rules
        What is assumed beside it.

    Raises
    ------
    InputError
        Where a source has no limit.
    """
    from gridopt.hours import total_load_mw
    from gridopt.model.response_data import days
    from gridopt.model.weather import offered_mw
    from gridopt.network.matrices import dc_network

    network, rest = dc_network(case.net), _rest(case)
    plants = [_committed(case, available_units, rules), _rivers(case, rules), _others(case, rest, rules)]
    stores = [
        _stores(case, network, rules),
        _reservoirs(case, network, rules),
        _behind_meters(case, rules),
        _programs(case, network),
    ]
    before = np.cumsum([0, *(len(limited.names) for limited, _ in stores[:-1])])
    parts = [replace(units, store=units.store + first) for (_, units), first in zip(stores, before, strict=True)]
    units = Units.joined([*plants, *parts], len(case.time))
    imports, exports = _contracts(case)
    load = np.asarray(total_load_mw(case.net, case.profiles))
    sure = offered_mw(case) + _prosumer_sun_mw(case) + rest.fixed_mw.sum() + rules.firm_import * imports
    return Supply(
        margin_mw=units.capacity_mw.sum(axis=0) + sure - load - rules.firm_export * exports,
        units=units,
        limited=Limited.joined([limited for limited, _ in stores], len(case.time)),
        day=days(case.profiles, case.settings.step_h),
        step_h=case.settings.step_h,
    )


def _units(
    table: pd.DataFrame, element: str, count: Index, unit_mw: Array, rules: Rules, store: Index | None, steps: int
) -> Units:
    """Units of the rows of a table without capacity; those of stores with their part of the power."""
    rate, repair = failures_of(table, unit_mw, rules.failures)
    stream = np.array([zlib.crc32(f"{element} {name}".encode()) for name in table["name"]], dtype=np.int64)
    row = np.repeat(np.arange(len(table)), count)
    return Units(
        stream=stream[row],
        rate=rate[row],
        repair_h=repair[row],
        capacity_mw=np.zeros((row.size, steps)),
        store=np.full(row.size, -1) if store is None else store[row],
        part=(1.0 / count)[row],
    )


def _number(count: Index) -> Index:
    """Number of each unit within its plant, (unit,)."""
    return np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)


def _committed(case: Case, available_units: Array, rules: Rules) -> Units:
    """Units of the committed plants: the last of a plant are overhauled, the first give heat."""
    from gridopt.model.claims import thermal_clusters

    gen = case.net.gen.loc[thermal_clusters(case)]
    count = gen["n_units"].fillna(1).round().clip(lower=1).to_numpy(np.int64)
    size = gen["max_p_mw"].to_numpy(float) / count
    units = _units(gen, "gen", count, size, rules, None, len(case.time))
    row, number = np.repeat(np.arange(len(gen)), count), _number(count)[:, None]
    cut = size * (1 - gen["heat_season_max_pu"].fillna(1.0).clip(0, 1).to_numpy(float))
    there = np.clip(available_units[row] - number, 0.0, 1.0)
    heats = np.clip(_heating_units(case, gen, count)[row] - number, 0.0, 1.0)
    return replace(units, capacity_mw=there * (size[row][:, None] - cut[row][:, None] * heats))


def _heating_units(case: Case, gen: pd.DataFrame, count: Index) -> Array:
    """Units that give heat, (plant, time)."""
    from gridopt.model.thermal_data import heated, must_run_units

    mode = case.settings.policy.chp_mode
    if mode == "heat_zone":
        return heated(case, gen["heat_zone"]) * count[:, None]
    return must_run_units(case, gen, count.astype(float))[1]


def _rivers(case: Case, rules: Rules) -> Units:
    """Units of run-of-river plants; each gives its part of what the river allows."""
    from gridopt.model.claims import hydro_units
    from gridopt.model.component import profile_rows

    gen = case.net.gen.loc[hydro_units(case)]
    gen = gen.loc[~gen["name"].isin(case.net.reservoir["gen"])]
    power = gen["max_p_mw"].to_numpy(float)
    count = units_of(gen, power)
    units = _units(gen, "gen", count, power / count, rules, None, len(case.time))
    offered = np.minimum(power[:, None] * profile_rows(case, gen["profile"].tolist()), power[:, None])
    return replace(units, capacity_mw=np.repeat(offered / count[:, None], count, axis=0))


def _others(case: Case, rest: Dispatchable, rules: Rules) -> Units:
    """Units of what is dispatched but not committed, and of plants behind meters."""
    from gridopt.network.dispatchable import in_service

    supplies = (rest.max_p_mw > 0) & (rest.partner_bus < 0)
    endless = supplies & (rest.max_p_mw >= _ENDLESS_MW)
    if endless.any():
        message = "feeds in without limit, so that nothing can ever be short; give it a max_p_mw"
        raise InputError([Fault(case.name, row, message=message) for row in _labels(rest, endless)])
    gen = case.net.gen.loc[rest.element_index[supplies & (rest.element == "gen")]]
    others = supplies & (rest.element != "gen")
    site = case.net.prosumer.loc[in_service(case.net, "prosumer") & (case.net.prosumer["generation_mw"] > 0)]
    power = [gen["max_p_mw"].to_numpy(float), rest.max_p_mw[others], site["generation_mw"].to_numpy(float)]
    table = pd.DataFrame(
        {
            "name": [*gen["name"], *_labels(rest, others), *(f"prosumer {name}" for name in site["name"])],
            "technology": [*gen["technology"], *[""] * int(others.sum()), *["captive"] * len(site)],
            "n_units": 1.0,
            "committable": False,
        }
    )
    for column in ("n_units", "forced_outage_rate_pu", "repair_h"):
        if column in gen:
            table[column] = pd.Series(gen[column].to_numpy(float)).reindex(table.index)
    size = np.concatenate(power)
    count = units_of(table, size)
    units = _units(table, "gen", count, size / count, rules, None, len(case.time))
    return replace(units, capacity_mw=np.repeat((size / count)[:, None], count, axis=0) * np.ones(len(case.time)))


def _labels(rest: Dispatchable, rows: NDArray[np.bool_]) -> list[str]:
    return [f"{element} {at}" for element, at in zip(rest.element[rows], rest.element_index[rows], strict=True)]


def _rest(case: Case) -> Dispatchable:
    """What no component claims: ordinary generators, and fixed injections."""
    from gridopt.model.claims import claimed
    from gridopt.network.dispatchable import dispatchable

    return dispatchable(case.net, claimed=claimed(case) | {"load": set(case.net.load.index)})


def _prosumer_sun_mw(case: Case) -> Array:
    """Sun behind meters, (time,) [MW]."""
    from gridopt.model.component import profile_rows
    from gridopt.network.dispatchable import in_service

    site = case.net.prosumer.loc[in_service(case.net, "prosumer")]
    return np.asarray(site["pv_mw"].to_numpy(float) @ profile_rows(case, site["pv_profile"].tolist()))


def _contracts(case: Case) -> tuple[Array, Array]:
    """Contract import and export of all ties, each (time,) [MW]."""
    from gridopt.model.component import profile_rows
    from gridopt.network.dispatchable import in_service

    tie = case.net.tie.loc[in_service(case.net, "tie")]
    contract = tie["p_mw"].to_numpy(float)[:, None] * profile_rows(case, tie["profile"].tolist())
    return np.maximum(-contract, 0.0).sum(axis=0), np.maximum(contract, 0.0).sum(axis=0)


def _stores(case: Case, network: DCNetwork, rules: Rules) -> tuple[Limited, Units]:
    """Pumped storage and batteries, one for all of the same hours and efficiencies."""
    from gridopt.model.claims import energy_storage
    from gridopt.model.storage_data import read_storage

    steps = len(case.time)
    data = read_storage(case, network)
    table = case.net.storage.loc[energy_storage(case)]
    there = np.zeros(0, dtype=bool) if data is None else data.discharge_mw > 0
    if data is None or not there.any():
        return Limited.joined([], steps), Units.joined([], steps)
    table = table.loc[there].assign(
        power_mw=data.discharge_mw[there],
        charge_mw=data.charge_mw[there],
        energy_mwh=(data.max_e_mwh - data.min_e_mwh)[there],
        start_mwh=(data.start_e_mwh - data.min_e_mwh)[there],
        eta_in=data.eta_charge[there],
        eta_out=data.eta_discharge[there],
        units=data.n_units[there],
    )
    alike = [(table[name] / table["power_mw"]).round(9) for name in ("energy_mwh", "charge_mw", "start_mwh")]
    group = table.groupby([*alike, table["eta_in"], table["eta_out"]], sort=False).ngroup().to_numpy(np.int64)
    # the shortest are filled first
    order = np.argsort(alike[0].groupby(group).first().to_numpy(), kind="stable")
    group = np.argsort(order)[group]
    sums = table.groupby(group)[["power_mw", "charge_mw", "energy_mwh", "start_mwh"]].sum()
    means = table.groupby(group)[["eta_in", "eta_out"]].first()
    limited = Limited.store(
        tuple(f"stores of {hours:.2g} h" for hours in sums["energy_mwh"] / sums["power_mw"]),
        np.repeat(sums["power_mw"].to_numpy(float)[:, None], steps, axis=1),
        energy_mwh=sums["energy_mwh"].to_numpy(float),
        start_mwh=sums["start_mwh"].to_numpy(float),
        charge_mw=sums["charge_mw"].to_numpy(float),
        eta_in=means["eta_in"].to_numpy(float),
        eta_out=means["eta_out"].to_numpy(float),
    )
    count = table["units"].round().clip(lower=1).to_numpy(np.int64)
    power = table["power_mw"].to_numpy(float)
    units = _units(table, "storage", count, power / count, rules, group, steps)
    whole = sums["power_mw"].to_numpy(float)[group]
    return limited, replace(units, part=np.repeat(power / count / whole, count))


def _reservoirs(case: Case, network: DCNetwork, rules: Rules) -> tuple[Limited, Units]:
    """Reservoirs with the water they hold before the first step."""
    from gridopt.model.claims import hydro_units
    from gridopt.model.hydro_data import read_hydro

    steps = len(case.time)
    data = read_hydro(case, network)
    if data is None:
        return Limited.joined([], steps), Units.joined([], steps)
    table = case.net.gen.loc[hydro_units(case)]
    lakes = table["name"].isin(case.net.reservoir["gen"]).to_numpy(bool)
    table, power = table.loc[lakes], data.max_p_mw[lakes]
    held = np.maximum(data.start_e_mwh - data.min_e_mwh[:, 0], 0.0)[lakes]
    limited = Limited.store(
        tuple(str(name) for name in table["name"]),
        np.repeat(power[:, None], steps, axis=1),
        energy_mwh=held,
        start_mwh=held,
        inflow_mw=np.maximum(data.inflow_mw[lakes], 0.0),
    )
    count = units_of(table, power)
    return limited, _units(table, "gen", count, power / count, rules, np.arange(len(table)), steps)


def _behind_meters(case: Case, rules: Rules) -> tuple[Limited, Units]:
    """Stores of prosumers together, half full at first."""
    from gridopt.network.dispatchable import in_service

    steps = len(case.time)
    site = case.net.prosumer.loc[in_service(case.net, "prosumer")]
    power, energy = (float(site[name].sum()) for name in ("store_mw", "store_mwh"))
    if power <= 0 or energy <= 0:
        return Limited.joined([], steps), Units.joined([], steps)
    eta = np.array([float((site["store_eta"] * site["store_mw"]).sum()) / power])
    limited = Limited.store(
        ("stores behind meters",),
        np.full((1, steps), power),
        energy_mwh=np.array([energy]),
        start_mwh=np.array([energy / 2]),
        charge_mw=np.array([power]),
        eta_in=eta,
        eta_out=eta,
    )
    return limited, Units.joined([], steps)


def _programs(case: Case, network: DCNetwork) -> tuple[Limited, Units]:
    """Programs that lower load; the hours of a year by the share of it that the horizon covers."""
    from gridopt.model.response_data import Limits, programs, reach, sizes_mw

    steps = len(case.time)
    able = programs(case)
    table = able.loc[(able["kind"] != "valley_filling").to_numpy(bool)]
    size = sizes_mw(case, table) if len(table) else np.zeros(0)
    table, size = table.loc[size > 0], size[size > 0]
    if table.empty:
        return Limited.joined([], steps), Units.joined([], steps)
    power = reach(case, network, able, case.profiles).joint_mw[able.index.get_indexer(table.index)]
    limits = Limits.read(table)
    share = min(steps * case.settings.step_h / HOURS_OF_YEAR, 1.0)
    shifts = (table["kind"] == "shiftable").to_numpy(bool)
    payback = table["payback_pu"].fillna(1.0).to_numpy(float)
    window = table["window_h"].fillna(HOURS_OF_YEAR).to_numpy(float)
    # of a window so many hours are saved that the rest of it takes them back
    most = np.where(shifts, size * window / (1 + payback), limits.energy_mwh * share)
    calls = np.where(np.isfinite(limits.calls), np.maximum(np.ceil(limits.calls * share - 1e-9), 0.0), np.inf)
    limited = Limited(
        names=tuple(str(name) for name in table["name"]),
        power_mw=power,
        charge_mw=np.where(shifts, size, 0.0),
        inflow_mw=np.zeros_like(power),
        energy_mwh=most,
        start_mwh=most,
        eta_in=np.where(shifts, 1 / payback, 1.0),
        eta_out=np.ones(len(table)),
        year_h=limits.hours * share,
        calls=calls,
        event_h=limits.event_h,
        day_h=limits.day_h,
        rest_h=limits.rest_h,
    )
    return limited, Units.joined([], steps)
