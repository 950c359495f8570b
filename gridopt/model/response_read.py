"""Puts the arrays of demand response together: bounds of every step, open balances, budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from gridopt.model.budget import share_of_year
from gridopt.model.component import Array
from gridopt.model.labels import element_labels, table_rows
from gridopt.model.response_budgets import budgets
from gridopt.model.response_data import Mask, Reach, ResponseData, Steps, candidates, net_load_mw
from gridopt.model.response_plan import Programs, Schedule, schedule

if TYPE_CHECKING:
    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork


def read_response(case: Case, network: DCNetwork) -> ResponseData | None:
    """All programs of a case as arrays of its horizon, None where it has none."""
    these = Programs.read(case, network)
    if these is None:
        return None
    fixed = schedule(these)
    able, lowest, on = these.reach.cut(these.horizon), fixed.power_mw[:, these.horizon], fixed.on[:, these.horizon]
    weight = _candidates(these) & ~fixed.closed[:, these.horizon]
    counted, shifting = np.flatnonzero(these.limits.counted), np.flatnonzero(these.of_kind("shiftable"))
    room = _room(these, fixed, able)
    single = able.single_mw if case.settings.policy.dr_mode == "economic" else able.joint_mw
    highest = _highest(these, fixed, np.where(these.of_kind("valley_filling")[:, None], room, single))
    if these.integer:
        highest[counted] = np.where((weight | on)[counted], highest[counted], 0.0)
    raised = np.minimum(these.rated_mw[:, None] - lowest, room)[shifting]
    low, high = _open_limits(these, shifting, lowest, np.minimum(highest, able.joint_mw), raised)
    labels = element_labels("demand_response", these.table)
    annual = budgets(these, fixed, labels, weight)
    day = these.day[these.horizon]
    limits = these.limits
    return ResponseData(
        labels=labels,
        rows=table_rows("demand_response", these.table),
        nodes=_nodes(case, network, able),
        budgets=annual.limits,
        integer=these.integer,
        bus_share=able.bus_share,
        capability_mw=single,
        rated_mw=these.rated_mw,
        lowest_mw=lowest,
        highest_mw=highest,
        price_cny_per_mwh=_signed_price(these),
        fills=these.of_kind("valley_filling"),
        shifting=shifting,
        payback_pu=these.table["payback_pu"].to_numpy(float)[shifting],
        raised_mw=raised,
        open_low_mwh=low,
        open_high_mwh=high,
        counted=counted,
        on_lowest=on[counted].astype(float),
        on_highest=(weight | on)[counted].astype(float),
        event_h=limits.event_h,
        day_h=limits.day_h,
        rest_h=limits.rest_h,
        new_day=np.concatenate([[True], day[1:] != day[:-1]]),
        scheduled_use=annual.scheduled,
        use_per_mw=annual.per_mw,
        use_per_on=annual.per_on[:, counted],
        use_per_start=annual.per_start[:, counted],
    )


def _nodes(case: Case, network: DCNetwork, able: Reach) -> sp.csr_array:
    from gridopt.network.matrices import bus_injection_matrix

    buses = case.net.bus.index[network.bus_node >= 0]
    return sp.csr_array(bus_injection_matrix(network, buses) @ able.bus_share)


def _signed_price(these: Programs) -> Array:
    price: Array = these.table["price_cny_per_mwh"].to_numpy(float)
    return np.where(these.of_kind("valley_filling"), -price, price)


def _candidates(these: Programs) -> Mask:
    """Candidate steps of the horizon, (program, time)."""
    rated = np.where(these.rated_mw > 0, these.rated_mw, np.inf)
    hours = np.minimum(these.limits.full_hours, these.limits.energy_mwh / rated)
    hours = np.where(these.rated_mw > 0, hours, np.inf)
    return candidates(net_load_mw(these.case), hours * share_of_year(these.case), these.step_h)


def _room(these: Programs, fixed: Schedule, able: Reach) -> Array:
    """How far each program may raise the load of the horizon, (program, time) [MW]: its size, less at the peak."""
    size = np.repeat(these.rated_mw[:, None], able.load_mw.size, axis=1)
    if not np.isfinite(fixed.peak_mw):
        return size
    below = these.room_share()[:, None] * np.maximum(fixed.peak_mw - able.load_mw, 0.0)
    return np.minimum(size, below)


def _highest(these: Programs, fixed: Schedule, able_mw: Array) -> Array:
    """Upper limit of the response: what a program can do, or the schedule where nothing else is allowed."""
    lowest, closed = fixed.power_mw[:, these.horizon], fixed.closed[:, these.horizon]
    return np.where(closed, lowest, np.maximum(able_mw, lowest))


def _open_limits(these: Programs, shifting: Steps, lowest: Array, highest: Array, raised: Array) -> tuple[Array, Array]:
    """Limits of the open balance [MWh]: whatever is open can be settled in the rest of its block.

    A program with limits of any kind is called first and takes back later: what it would have to save later
    might be out of its budgets by then.
    """
    limits, h = these.limits, these.step_h
    again = these.table["payback_pu"].to_numpy(float)[shifting][:, None]
    limited = (limits.counted | np.isfinite(limits.energy_mwh))[shifting]
    surely = np.where(limited[:, None], lowest[shifting], highest[shifting])
    windows = these.table["window_h"].to_numpy(float)[shifting]
    blocks = [these.block(window)[these.horizon] for window in windows]
    block = np.stack(blocks) if blocks else np.zeros((0, lowest.shape[1]), dtype=np.int64)
    later_saved, later_raised = h * again * _rest_of_block(surely, block), h * _rest_of_block(raised, block)
    return -later_saved, later_raised - h * again * _rest_of_block(lowest[shifting], block)


def _rest_of_block(series: Array, block: Steps) -> Array:
    """Sum over the steps after each one in the same block, (element, time).

    Examples
    --------
    >>> _rest_of_block(np.array([[1.0, 2.0, 3.0, 4.0]]), np.array([[0, 0, 0, 1]]))
    array([[5., 3., 0., 0.]])
    """
    total = np.cumsum(series, axis=1)
    step = np.arange(series.shape[1])
    ends = np.concatenate([block[:, 1:] != block[:, :-1], np.ones((len(block), 1), dtype=np.bool_)], axis=1)
    last = np.minimum.accumulate(np.where(ends, step, series.shape[1])[:, ::-1], axis=1)[:, ::-1]
    return np.take_along_axis(total, last, axis=1) - total
