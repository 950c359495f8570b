"""One hour of a net: what every element gives or takes, and a merit order to fill it.

A snapshot is no optimum. It is the plausible hour that a planner sketches to look at flows and voltages: must-run
plants, then wind, solar and water, then storage and coal by cost; what can't leave a region is curtailed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pandapower import pandapowerNet


@dataclass(frozen=True)
class Hour:
    """Conditions of an hour, the same in the whole province.

    Attributes
    ----------
    load : dict of str to float
        Factor on the annual mean load, by profile; ``""`` is the factor of all others.
    wind, solar, run_of_river : float
        Available power [pu of installed].
    reservoir : float
        Output of reservoir plants [pu of installed].
    heating : bool
        Heating units run at their heat-season limits.
    discharge : float
        Storage that generates before coal is asked [pu of installed].
    tie : float
        Factor on the annual mean of the contracts.
    """

    load: dict[str, float]
    wind: float
    solar: float
    run_of_river: float = 0.25
    reservoir: float = 0.15
    heating: bool = False
    discharge: float = 0.0
    tie: float = 1.0


BASE = Hour(load={"": 1.0}, wind=0.26, solar=0.16)
PEAK = Hour(
    load={"": 1.0, "load": 1.38, "load_ev": 1.5, "load_electric_heating": 2.2},
    wind=0.12,
    solar=0.0,
    run_of_river=0.12,
    reservoir=0.50,
    heating=True,
    discharge=0.50,
)
VALLEY = Hour(
    load={"": 1.0, "load": 0.80, "load_ev": 1.2, "load_electric_heating": 2.0},
    wind=0.50,
    solar=0.0,
    run_of_river=0.10,
    reservoir=0.05,
    heating=True,
)


@dataclass(frozen=True)
class Snapshot:
    """Power of each element in one hour [MW], indexed like the table of the net, with pandapower's signs.

    ``load_mw`` holds loads, flexible loads and prosumers, indexed like ``demand_rows``; ``tie_mw`` is the export of
    each tie.
    """

    load_mw: pd.Series
    gen_mw: pd.Series
    sgen_mw: pd.Series
    storage_mw: pd.Series
    tie_mw: pd.Series

    def balance_mw(self) -> float:
        """Generation minus consumption and export; what the reference bus has to take [MW]."""
        supply = float(self.gen_mw.sum() + self.sgen_mw.sum())
        return supply - float(self.load_mw.sum() + self.storage_mw.sum() + self.tie_mw.sum())


# Shape that a sketched hour knows (``Hour.load``), and reactive power per active power, of what can shift.
_SHAPES = {"ev": "load_ev", "electric_heating": "load_electric_heating", "industry": "load", "data_centre": ""}
Q_PER_P, Q_PER_P_HYDROGEN = 0.20, 0.10


def demand_rows(net: pandapowerNet) -> pd.DataFrame:
    """Everything that consumes: rows of ``load``, then of ``flexible_load``, then of ``prosumer``.

    Returns
    -------
    pandas.DataFrame
        Columns table, row, name, bus, p_mw (annual mean drawn from the grid), profile; index 0, 1, ...
        A flexible load draws what its use needs, a prosumer its load less its least generation.
    """
    load, flexible, own = net.load, net["flexible_load"], net["prosumer"]
    drawn = flexible_mean_mw(flexible)
    net_load = own["p_mw"] - own["generation_min_mw"]
    parts = [
        load[["name", "bus", "p_mw", "profile"]].assign(table="load"),
        pd.DataFrame(
            {
                "name": flexible["name"],
                "bus": flexible["bus"],
                "p_mw": drawn,
                "profile": flexible["kind"].map(_SHAPES).fillna(""),
                "table": "flexible_load",
            }
        ),
        pd.DataFrame(
            {
                "name": own["name"],
                "bus": own["bus"],
                "p_mw": net_load,
                "profile": own["profile"],
                "table": "prosumer",
            }
        ),
    ]
    rows = pd.concat([part.assign(row=part.index) for part in parts if len(part)], ignore_index=True)
    typed: pd.DataFrame = rows.astype({"bus": int, "p_mw": float})
    return typed


def flexible_q_per_p(table: pd.DataFrame) -> NDArray[np.float64]:
    """Reactive power per active power that each row of ``flexible_load`` draws [Mvar/MW]."""
    return np.where(table["kind"].isin(["electrolyser", "ammonia"]), Q_PER_P_HYDROGEN, Q_PER_P)


def flexible_mean_mw(table: pd.DataFrame) -> pd.Series:
    """Annual mean that each row of ``flexible_load`` draws [MW]: its own use, and what others take out of its store."""
    by_name = table.set_index("name")
    taken = table["p_mw"] / table["eta"] * table["kg_h2_per_mwh"]
    fed = taken.where(table["feeds"] != "").groupby(table["feeds"]).sum()
    own_hydrogen = by_name["kg_h2_per_mwh"].reindex(fed.index)
    chained = (fed / own_hydrogen).reindex(table["name"]).fillna(0.0).to_numpy()
    mean: pd.Series = table["p_mw"] / table["eta"] + chained
    return mean


def base_snapshots(net: pandapowerNet) -> dict[str, Snapshot]:
    """Base, peak and valley hour of a net by merit order.

    Parameters
    ----------
    net : pandapowerNet
        A net of ``gridopt.network.build``.

    Returns
    -------
    dict of str to Snapshot
        ``base`` (means of the year), ``peak`` (calm winter evening), ``valley`` (windy winter night).
    """
    return {"base": merit_order(net, BASE), "peak": merit_order(net, PEAK), "valley": merit_order(net, VALLEY)}


def merit_order(net: pandapowerNet, hour: Hour) -> Snapshot:
    """Fill one hour: must-run and renewable power first, then storage, then coal by cost.

    Parameters
    ----------
    net : pandapowerNet
        A net of ``gridopt.network.build``.
    hour : Hour
        Load, weather and season.

    Returns
    -------
    Snapshot
        Balanced as far as the plants reach; sections between regions keep their limits by curtailing wind and
        solar and by easing storage inside the region.
    """
    other = hour.load.get("", 1.0)
    rows = demand_rows(net)
    load = rows["p_mw"] * rows["profile"].map(hour.load).fillna(other)
    ties = _ties(net, hour)
    low, high = _limits(net, hour)
    wind = net.sgen["technology"] == "wind"
    sgen = net.sgen["max_p_mw"] * np.where(wind, hour.wind, hour.solar)
    storage = -net.storage["max_p_mw"] * hour.discharge
    snapshot = Snapshot(load, low, sgen, storage, ties)
    for _ in range(40):  # relief of a section moves power elsewhere, which is balanced again
        snapshot = _balance(net, snapshot, low, high)
        relieved = _relieve(net, snapshot)
        if relieved is None:
            break
        snapshot = relieved
    return snapshot


def _ties(net: pandapowerNet, hour: Hour) -> pd.Series:
    tie = net["tie"]
    export: pd.Series = (tie["p_mw"] * hour.tie).clip(tie["min_p_mw"], tie["max_p_mw"])
    return export.where(tie["in_service"], 0.0)


def _limits(net: pandapowerNet, hour: Hour) -> tuple[pd.Series, pd.Series]:
    """Least and largest output of each generator; water has no slack."""
    gen = net.gen
    low, high = gen["min_p_mw"].where(gen["must_run_units"] > 0, 0.0), gen["max_p_mw"].copy()
    if hour.heating:
        heating = gen["heat_zone"] != ""
        low = low.mask(heating, gen["heat_season_min_pu"] * gen["max_p_mw"])
        high = high.mask(heating, gen["heat_season_max_pu"] * gen["max_p_mw"])
    else:
        low = low.mask(gen["heat_zone"] != "", 0.0)
    for technology, share in (("hydro_ror", hour.run_of_river), ("hydro_reservoir", hour.reservoir)):
        water = gen["technology"] == technology
        low, high = low.mask(water, share * gen["max_p_mw"]), high.mask(water, share * gen["max_p_mw"])
    return low, high


def _balance(net: pandapowerNet, snapshot: Snapshot, low: pd.Series, high: pd.Series) -> Snapshot:
    """Close the balance with coal by cost; a surplus is pumped, then curtailed."""
    snapshot = replace(snapshot, gen_mw=low)
    need = -snapshot.balance_mw()
    if need < 0:
        room = net.storage["max_p_mw"] - snapshot.storage_mw
        room *= _may_pump(net, snapshot)
        pump = room * min(1.0, -need / max(float(room.sum()), 1e-9))
        left = -need - float(pump.sum())
        keep = 1.0 - max(left, 0.0) / max(float(snapshot.sgen_mw.sum()), 1e-9)
        return replace(snapshot, storage_mw=snapshot.storage_mw + pump, sgen_mw=snapshot.sgen_mw * max(keep, 0.0))
    cost = net.poly_cost[net.poly_cost["et"] == "gen"].set_index("element")["cp1_eur_per_mw"]
    order = cost.reindex(net.gen.index).fillna(0.0).sort_values(kind="stable").index
    room = (high - low).loc[order]
    used = (need - (room.cumsum() - room)).clip(0.0, room)
    return replace(snapshot, gen_mw=low + used.reindex(net.gen.index))


def _may_pump(net: pandapowerNet, snapshot: Snapshot) -> pd.Series:
    """Storage of a region at its import limit takes no more (0), elsewhere it may (1)."""
    flow = region_export_mw(net, snapshot)
    full = {name for name, low, _ in _sections(net) if flow.get(name, 0.0) <= low + 1.0}
    blocked: pd.Series = net.storage["bus"].map(net.bus["region"]).isin(full)
    return 1.0 - blocked.astype(float)


def region_export_mw(net: pandapowerNet, snapshot: Snapshot) -> pd.Series:
    """Power that leaves each region over its sections [MW]; boundary buses count where their lines end."""
    region = net.bus["region"].copy()
    for outside in region.index[region == "external"]:
        region[outside] = _neighbour(net, outside)
    parts = (
        (net.gen, snapshot.gen_mw),
        (net.sgen, snapshot.sgen_mw),
        (demand_rows(net), -snapshot.load_mw),
        (net.storage, -snapshot.storage_mw),
        (net["tie"], -snapshot.tie_mw),
    )
    net_mw = pd.concat([power.groupby(table["bus"].map(region)).sum() for table, power in parts])
    export: pd.Series = net_mw.groupby(level=0).sum()
    return export


def _neighbour(net: pandapowerNet, bus: int) -> str:
    ends = net.line.loc[(net.line["from_bus"] == bus) | (net.line["to_bus"] == bus), ["from_bus", "to_bus"]]
    regions = net.bus["region"].loc[ends.to_numpy().ravel()]
    return str(regions[regions != "external"].iloc[0])


def _sections(net: pandapowerNet) -> list[tuple[str, float, float]]:
    """Region and limits of the sections that enclose a whole region."""
    limits = net["interface"].set_index("name")
    names = {"west_export": "west", "east": "east"}
    return [
        (names[n], float(limits.at[n, "min_mw"]), float(limits.at[n, "max_mw"])) for n in names if n in limits.index
    ]


def _relieve(net: pandapowerNet, snapshot: Snapshot) -> Snapshot | None:
    """Curtail wind and solar, then ease storage, of a region beyond its limit; None if all keep theirs."""
    flow = region_export_mw(net, snapshot)
    for name, low, high in _sections(net):
        over, under = flow.get(name, 0.0) - high, low - flow.get(name, 0.0)
        here = net.sgen["bus"].map(net.bus["region"]) == name
        stores = net.storage["bus"].map(net.bus["region"]) == name
        if over > 1.0:
            generating = snapshot.storage_mw.clip(upper=0.0).where(stores, 0.0)
            eased = generating * min(1.0, over / max(-float(generating.sum()), 1e-9))
            rest = over + float(eased.sum())
            part = snapshot.sgen_mw.where(here, 0.0)
            cut = part * min(1.0, rest / max(float(part.sum()), 1e-9))
            return replace(snapshot, storage_mw=snapshot.storage_mw - eased, sgen_mw=snapshot.sgen_mw - cut)
        if under > 1.0:
            pumping = snapshot.storage_mw.clip(lower=0.0).where(stores, 0.0)
            eased = pumping * min(1.0, under / max(float(pumping.sum()), 1e-9))
            if float(eased.sum()) > 1.0:
                return replace(snapshot, storage_mw=snapshot.storage_mw - eased)
    return None
