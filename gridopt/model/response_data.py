r"""Demand response as arrays: size, limits, candidate hours and budgets of every program.

**Size.** A program has its own MW, its own share of the annual peak, or its part (by weight) of the policy's
share of the annual peak.  In every hour it is limited by the load that responds: it is spread over the buses of
that load by their annual mean, and at none of them it may exceed what is drawn.

**Candidate hours.** Annual budgets are paced by the hours of largest net load (load and contract export less
available wind, sun and run-of-river), three times as many as the hour budget holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.errors import Fault, InputError
from gridopt.model.component import Array, ComponentData, profile_values
from gridopt.model.demand import fixed_loads

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork

Mask = NDArray[np.bool_]
Steps = NDArray[np.int64]

KINDS = ("interruptible", "shiftable", "elastic", "valley_filling")
# Three candidate hours for every hour of the budget.
_CANDIDATES_PER_HOUR = 3.0
# Longest event of a program that only limits the number of its calls [h].
_DAY_H = 24.0
_ROUNDING = 1e-9


@dataclass(frozen=True)
class ResponseData(ComponentData):
    """All programs.

    Parameters
    ----------
    bus_share
        (bus, program) part of a program at each bus in service.
    capability_mw
        (program, time) load that may be reduced [MW]; zero for valley filling.
    rated_mw
        (program,) its largest value in the year [MW].
    lowest_mw, highest_mw
        (program, time) limits of the response [MW]: a schedule, or zero and the capability.
    price_cny_per_mwh
        (program,) paid per MWh of response; negative: what a MWh more is worth to the consumer.
    fills
        (program,) whether the load is raised (valley filling).
    shifting, payback_pu, raised_mw, open_low_mwh, open_high_mwh
        Numbers of the shiftable programs; energy taken later per energy saved (shiftable,); limits of the load
        raised (shiftable, time) [MW] and of the open balance (shiftable, time) [MWh].
    counted
        Numbers of programs with limits of calls or hours.
    on_lowest, on_highest
        (counted, time) limits of the on-state.
    event_h, day_h, rest_h
        (program,) hours per event and per day, hours between events; infinite, 0: no limit.
    new_day
        (time,) whether a step is the first of its calendar day.
    scheduled_use
        (budget, time) what the schedule uses of each budget.
    use_per_mw, use_per_on, use_per_start
        (budget, program), (budget, counted), (budget, counted): use of a budget per MW of response, per step
        on, per start.
    """

    bus_share: sp.csr_array
    capability_mw: Array
    rated_mw: Array
    lowest_mw: Array
    highest_mw: Array
    price_cny_per_mwh: Array
    fills: Mask
    shifting: Steps
    payback_pu: Array
    raised_mw: Array
    open_low_mwh: Array
    open_high_mwh: Array
    counted: Steps
    on_lowest: Array
    on_highest: Array
    event_h: Array
    day_h: Array
    rest_h: Array
    new_day: Mask
    scheduled_use: Array
    use_per_mw: Array
    use_per_on: Array
    use_per_start: Array


@dataclass(frozen=True)
class Limits:
    """Limits of all programs (program,) [MWh, h, 1] in a year, infinite where there is none; rest is 0 then."""

    energy_mwh: Array
    hours: Array
    calls: Array
    event_h: Array
    day_h: Array
    rest_h: Array

    @classmethod
    def read(cls, table: pd.DataFrame) -> Limits:
        """Columns of ``demand_response``."""

        def most(name: str, otherwise: float = np.inf) -> Array:
            return np.asarray(table[name].astype(float).fillna(otherwise), dtype=np.float64)

        return cls(
            energy_mwh=most("energy_mwh_per_year"),
            hours=most("hours_per_year"),
            calls=most("calls_per_year"),
            event_h=most("hours_per_event"),
            day_h=most("hours_per_day"),
            rest_h=most("rest_h", 0.0),
        )

    @property
    def counted(self) -> Mask:
        """Whether calls or hours are limited, so that a program has an on-state."""
        most = np.stack([self.hours, self.calls, self.event_h, self.day_h])
        counted: Mask = np.isfinite(most).any(axis=0) | (self.rest_h > 0)
        return counted

    @property
    def longest_event_h(self) -> Array:
        """Longest call [h]: its own limit, else the day's, at most a day."""
        return np.minimum(np.minimum(self.event_h, self.day_h), _DAY_H)

    @property
    def full_hours(self) -> Array:
        """Hours in a year that hours and calls allow, calls as long as they may be."""
        return np.minimum(self.hours, self.calls * self.longest_event_h)


@dataclass(frozen=True)
class Reach:
    """What programs can do in every step of some time axis.

    Parameters
    ----------
    bus_share
        (bus, program) part of a program at each bus in service.
    single_mw
        (program, time) load that a program can reduce alone [MW].
    joint_mw
        (program, time) the same where all programs are called at once [MW].
    load_mw
        (time,) load of all consumers [MW].
    """

    bus_share: sp.csr_array
    single_mw: Array
    joint_mw: Array
    load_mw: Array

    def cut(self, span: slice) -> Reach:
        """The steps of a part of the time axis."""
        return Reach(self.bus_share, self.single_mw[:, span], self.joint_mw[:, span], self.load_mw[span])


def programs(case: Case) -> pd.DataFrame:
    """Rows of ``demand_response`` that have a size."""
    table = case.net.demand_response
    own = table["p_mw"].notna() | table["share_of_peak"].notna()
    return table.loc[(own | (case.settings.policy.dr_share_of_peak > 0)).to_numpy(bool)]


def sizes_mw(case: Case, table: pd.DataFrame) -> Array:
    """Size of each program [MW]: its own figure, its own share, or its part of the policy's share of the peak."""
    power = table["p_mw"].to_numpy(float)
    share = table["share_of_peak"].to_numpy(float)
    shared = np.isnan(power) & np.isnan(share) & (table["kind"] != "valley_filling").to_numpy(bool)
    weight = np.where(shared, table["weight"].astype(float).fillna(1.0), 0.0)
    part = weight / weight.sum() if weight.sum() else weight
    share = np.where(np.isnan(share), part * case.settings.policy.dr_share_of_peak, share)
    return np.where(np.isnan(power), share * case.annual_peak_load_mw, power)


def reach(case: Case, network: DCNetwork, table: pd.DataFrame, profiles: xr.Dataset) -> Reach:
    """What the load that responds allows in every step of some profiles.

    Raises
    ------
    InputError
        For a program whose load does not exist.
    """
    from gridopt.hours import total_load_mw

    load, size = fixed_loads(case)
    buses = case.net.bus.index[network.bus_node >= 0]
    position = buses.get_indexer(load["bus"])
    there = np.flatnonzero(position >= 0)
    at_bus = sp.csr_array((np.ones(there.size), (position[there], there)), shape=(len(buses), len(load)))
    drawn = size[:, None] * profile_values(profiles, load["profile"].tolist())
    kinds = load["kind"].to_numpy()
    target = np.array([(kinds == word) | (word == "") for word in table["target"]])
    none = [str(name) for name, mine in zip(table["name"], target, strict=True) if not (size[mine] > 0).any()]
    if none:
        raise InputError([Fault(case.name, "demand_response", name, "target", "no load of this kind") for name in none])
    mean = at_bus @ (size[:, None] * target.T)
    share = np.maximum(mean, 0.0) / np.maximum(mean, 0.0).sum(axis=0)
    single = np.minimum(
        sizes_mw(case, table)[:, None],
        np.stack(
            [_spread_limit(at_bus @ (drawn * mine[:, None]), part) for mine, part in zip(target, share.T, strict=True)]
        ),
    )
    single[(table["kind"] == "valley_filling").to_numpy(bool)] = 0.0
    wanted, demand = share @ single, np.maximum(at_bus @ drawn, 0.0)
    ratio = np.divide(demand, wanted, out=np.ones_like(demand), where=wanted > demand)
    joint = single * np.stack([ratio[part > 0].min(axis=0) for part in share.T])
    return Reach(sp.csr_array(share), single, joint, total_load_mw(case.net, profiles))


def _spread_limit(eligible_mw: Array, share: Array) -> Array:
    """Largest power that, spread by shares (bus,), exceeds the eligible load (bus, time) at no bus, (time,)."""
    mine = share > 0
    limit: Array = np.maximum((eligible_mw[mine] / share[mine, None]).min(axis=0), 0.0)
    return limit


def net_load_mw(case: Case) -> Array:
    """Load and contract export less available wind, sun and run-of-river, (time,) [MW]."""
    from gridopt.hours import total_load_mw
    from gridopt.model.weather import installed_mw, offered_mw
    from gridopt.network.dispatchable import in_service

    gen = case.net.gen
    river = gen.loc[in_service(case.net, "gen") & (gen["technology"] == "hydro_ror").to_numpy(bool)]
    net = total_load_mw(case.net, case.profiles) - offered_mw(case)
    if len(river):
        net = net - installed_mw(river) @ profile_values(case.profiles, river["profile"].tolist())
    ties = case.net.tie.loc[in_service(case.net, "tie")]
    contract = ties["p_mw"].to_numpy(float) @ profile_values(case.profiles, ties["profile"].tolist())
    difference: Array = net + contract
    return difference


def candidates(net_load: Array, hours: Array, step_h: float) -> Mask:
    """Steps of largest net load, three times the hour budget of each program (program, time); all without one.

    Examples
    --------
    >>> candidates(np.array([3.0, 9.0, 7.0, 8.0]), np.array([0.5, np.inf]), 1.0).astype(int)
    array([[0, 1, 0, 1],
           [1, 1, 1, 1]])
    """
    most = np.minimum(np.ceil(_CANDIDATES_PER_HOUR * hours / step_h - _ROUNDING), net_load.size)
    rank = np.empty(net_load.size)
    rank[np.argsort(-net_load, kind="stable")] = np.arange(net_load.size)
    chosen: Mask = rank[None, :] < most[:, None]
    return chosen


def days(profiles: xr.Dataset, step_h: float) -> Steps:
    """Number of the calendar day of every step (time stamps are at the ends of steps), (time,)."""
    end = profiles["time"].to_numpy().astype("datetime64[ns]")
    middle = end - np.timedelta64(round(step_h * 1.8e12), "ns")
    return middle.astype("datetime64[D]").astype(np.int64)
