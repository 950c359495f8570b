"""What is decided about demand response before the dispatch: the schedule of a drill or of the lowest peak.

``policy.dr_mode`` ``drill`` and ``peak_shaving`` fix a schedule on the load of the whole year, also where only a
part of it is solved.  In a drill there is no other response.  Beside a peak-shaving schedule the rest of the
budgets may be used where it saves cost, but not in the steps and days that limits per event, per day or of rest
tie to the schedule; so nothing that is done in one window can make the schedule of a later one impossible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gridopt.model.budget import HOURS_OF_YEAR
from gridopt.model.component import Array
from gridopt.model.response_data import Limits, Mask, Reach, Steps, days, programs, reach, sizes_mw
from gridopt.model.response_schedule import CallLimits, Payback, around, drill_hours
from gridopt.model.response_shaving import Shaver, shave

if TYPE_CHECKING:
    import pandas as pd

    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork

_DRILL_H = 20.0
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Programs:
    """The programs of a case over all hours of its profiles.

    Parameters
    ----------
    case
        The case.
    table
        Their rows.
    reach
        What they can do in every step of the profiles.
    limits
        Their limits in a year.
    day
        (time,) number of the calendar day of every step.
    horizon
        The steps of the horizon.
    rated_mw
        (program,) largest response [MW]; of valley filling the load that may be added.
    """

    case: Case
    table: pd.DataFrame
    reach: Reach
    limits: Limits
    day: Steps
    horizon: slice
    rated_mw: Array

    @classmethod
    def read(cls, case: Case, network: DCNetwork) -> Programs | None:
        """Return the programs of a case, None where it has none."""
        table = programs(case)
        if table.empty:
            return None
        profiles = case.profiles if case.source.profiles is None else case.source.profiles
        first = int(profiles.indexes["time"].searchsorted(case.time[0]))
        able = reach(case, network, table, profiles)
        fills = (table["kind"] == "valley_filling").to_numpy(bool)
        rated = np.where(fills, sizes_mw(case, table), able.single_mw.max(axis=1))
        day = days(profiles, case.settings.step_h)
        return cls(case, table, able, Limits.read(table), day, slice(first, first + len(case.time)), rated)

    @property
    def step_h(self) -> float:
        """Length of a step [h]."""
        return self.case.settings.step_h

    @property
    def integer(self) -> bool:
        """Whether programs are on or off."""
        return self.case.settings.unit_commitment == "integer"

    @property
    def share(self) -> float:
        """Part of a year that all hours of the profiles cover."""
        return min(self.day.size * self.step_h / HOURS_OF_YEAR, 1.0)

    def of_kind(self, kind: str) -> Mask:
        """Whether a program is of a kind, (program,)."""
        return (self.table["kind"] == kind).to_numpy(bool)

    def room_share(self) -> Array:
        """Part of each program in the room below a peak that raised load may fill, (program,)."""
        raising = np.where(self.of_kind("shiftable") | self.of_kind("valley_filling"), self.rated_mw, 0.0)
        part: Array = raising / raising.sum() if raising.sum() else raising
        return part

    def block(self, window_h: float) -> Steps:
        """Blocks of a shiftable program, counted from the start of the horizon; one ends where the horizon ends."""
        step = np.arange(self.day.size) - self.horizon.start
        number = step // max(round(window_h / self.step_h), 1)
        return np.where(step < self.horizon.stop - self.horizon.start, number, number + self.day.size)

    def calls(self, share: float) -> Array:
        """Calls in a part of the year: whole ones, and at least one where the year has one."""
        most = self.limits.calls
        finite = np.where(np.isfinite(most), most, 0.0)
        scaled = np.minimum(np.ceil(finite * share - _ROUNDING), np.floor(finite))
        return np.where(np.isfinite(most), scaled, np.inf)

    def call_limits(self, *, on_states: bool) -> list[CallLimits]:
        """Limits over all hours in steps; without on-states calls count as hours."""
        limits, h = self.limits, self.step_h
        hours = limits.hours if on_states else limits.full_hours
        calls = self.calls(self.share) if on_states else np.full(len(self.table), np.inf)
        rest = whole_steps(limits.rest_h, h)
        return [
            CallLimits(
                energy=limits.energy_mwh[k] * self.share / h,
                steps=hours[k] * self.share / h,
                calls=calls[k],
                event_steps=limits.event_h[k] / h,
                day_steps=limits.day_h[k] / h,
                rest_steps=int(rest[k]),
            )
            for k in range(len(self.table))
        ]

    def paybacks(self) -> list[Payback | None]:
        """What shiftable programs take back, None for all others."""
        columns = (self.table["kind"], self.table["window_h"], self.table["payback_pu"], self.rated_mw)
        return [
            Payback(self.block(float(window)), float(again), float(most)) if kind == "shiftable" else None
            for kind, window, again, most in zip(*columns, strict=True)
        ]


def whole_steps(hours: Array, step_h: float) -> Steps:
    """Steps that cover some hours."""
    return np.ceil(hours / step_h - _ROUNDING).astype(np.int64)


@dataclass(frozen=True)
class Schedule:
    """Response that is fixed before the dispatch, over all hours of the profiles.

    Parameters
    ----------
    power_mw, on
        (program, time) response [MW], on-state.
    closed
        (program, time) steps without any response beyond the schedule.
    peak_mw
        Raised load may not lift the load above this [MW].
    """

    power_mw: Array
    on: Mask
    closed: Mask
    peak_mw: float = np.inf


def schedule(these: Programs) -> Schedule:
    """Return the schedule that the policy asks for; nothing where response is economic."""
    mode, power = these.case.settings.policy.dr_mode, these.reach.joint_mw
    nothing = np.zeros(power.shape)
    if mode == "economic":
        return Schedule(nothing, nothing > 0, nothing > 0)
    called = np.flatnonzero(~these.of_kind("valley_filling") & (power > 0).any(axis=1))
    limits, paybacks, load = these.call_limits(on_states=True), these.paybacks(), these.reach.load_mw
    if mode == "drill":
        on = nothing > 0
        for k in called:
            steps = round(_DRILL_H / these.step_h)
            on[k] = drill_hours(load, power[k], these.day, limits[k], steps=steps, payback=paybacks[k])
        return Schedule(
            np.where(on, power, 0.0), on, np.repeat(~these.of_kind("valley_filling")[:, None], load.size, 1)
        )
    limits, room = these.call_limits(on_states=these.integer), these.room_share()
    shavers = [Shaver(power[k], float(these.rated_mw[k]), limits[k], paybacks[k], float(room[k])) for k in called]
    if not shavers:
        return Schedule(nothing, nothing > 0, nothing > 0)
    found = shave(load, shavers, these.day, integer=these.integer)
    response, on, closed = nothing.copy(), nothing > 0, nothing > 0
    response[called], on[called] = found.power_mw, found.on
    for k in called:
        closed[k] = _tied(these, int(k), on[k])
    return Schedule(response, on, closed, found.peak_mw)


def _tied(these: Programs, k: int, on: Mask) -> Mask:
    """Steps that limits per event, per day or of rest tie to a schedule (time,)."""
    limits, h = these.limits, these.step_h
    tied = np.isfinite(limits.event_h[k]) or limits.rest_h[k] > 0 or (these.integer and limits.counted[k])
    event = whole_steps(np.where(np.isfinite(limits.event_h), limits.event_h, 0.0), h)[k]
    day = these.day if np.isfinite(limits.day_h[k]) else None
    reach_steps = int(max(whole_steps(limits.rest_h, h)[k], event, 1))
    if tied:
        return around(on, reach_steps, day)
    return around(on, 0, day) if day is not None else np.zeros_like(on)
