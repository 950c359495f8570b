"""Ties: limits, ramps, blocks, the energy of contracts, and the wind and solar that channels claim."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from gridopt.results.audit.budget import Budget
from gridopt.results.audit.finding import RELATIVE, Array, Check, Finding, Mask, at_most, before, equal, worse
from gridopt.results.audit.view import SOLAR, WIND, View

CONTRACT = Check("tie contract", "the contract is its mean times its profile, within the hard limits", "MW")
LIMITS = Check("tie limits", "exchange stays within its band around the contract and the hard limits", "MW")
RAMP = Check("tie ramp", "exchange changes no faster than the ramp, and not at all inside a block of a staircase", "MW")
LOSS = Check("tie loss", "the loss on the way is its share of what is sent", "MW")
ENERGY = Check("tie energy", "exchange beyond the contract adds up to the deviation that is reported", "MWh")
SETTLED = Check("tie deviation", "deviations end at nothing after each period and stay in their corridor", "MWh")
CLAIM = Check("channel attribution", "attributed wind and solar is neither negative nor above the export", "MW")
BASE = Check("channel base", "no MWh of wind and solar is claimed by two channels", "MW")

CHECKS = (CONTRACT, LIMITS, RAMP, LOSS, ENERGY, SETTLED, CLAIM, BASE)
# Deviation that a contract's energy may have where the net says nothing [h of its band].
_DEVIATION_H = 168.0


def contract_mw(view: View) -> Array:
    """Contract of every tie within its hard limits, (element, time) [MW]."""
    rows = view.tie
    contract = rows.column("p_mw", 0.0)[:, None] * view.series(rows.words("profile"))
    low, high = rows.column("min_p_mw", -np.inf)[:, None], rows.column("max_p_mw", np.inf)[:, None]
    return np.clip(contract, low, high)


def audit(view: View) -> Iterator[Finding]:
    """All checks of ties."""
    rows = view.tie
    if not len(rows):
        return
    names, contract = rows.names, contract_mw(view)
    export = view.values("tie_export_mw", rows)
    size = np.maximum(np.abs(export), np.abs(contract)).max(axis=1)[:, None]
    yield equal(CONTRACT, view.values("tie_contract_mw", rows), contract, names, view.time)
    band = rows.column("band_mw", 0.0)[:, None]
    low = np.maximum(contract - band, rows.column("min_p_mw", -np.inf)[:, None])
    high = np.minimum(contract + band, rows.column("max_p_mw", np.inf)[:, None])
    yield worse(
        at_most(LIMITS, export, high, names, view.time, size=size),
        at_most(LIMITS, -export, -low, names, view.time, size=size),
    )
    yield _ramps(view, export, contract, np.clip(contract, low, high), size)
    loss = rows.column("loss_pu", 0.0)[:, None]
    lost = np.where(export > 0, loss * export, -loss / (1 - loss) * export)
    yield equal(LOSS, view.values("tie_loss_mw", rows), lost, names, view.time)
    yield from _energy(view, export, contract, low, high)
    yield from _channels(view, export)


def _ramps(view: View, export: Array, contract: Array, first: Array, size: Array) -> Finding:
    """Changes from step to step, the first one from the contract on."""
    rows, h = view.tie, view.step_h
    most = np.repeat(rows.column("ramp_mw_per_h", np.inf)[:, None] * h, view.steps, axis=1)
    stairs = rows.column("steps_per_day")
    for i, blocks in enumerate(stairs):
        if not np.isnan(blocks) and rows.column("band_mw", 0.0)[i] > 0:
            most[i] = np.where(_may_change(view.time, contract[i], blocks, h), most[i], 0.0)
    # what went before the horizon is not known: any power from which the contract is in reach
    change = np.abs(export - before(first[:, 0], export))
    begin = np.abs(first[:, 0] - contract[:, 0])
    most[:, 0] = most[:, 0] + begin
    change[:, 0] = np.where(_narrowed(view), np.minimum(change[:, 0], most[:, 0]), change[:, 0])
    return at_most(RAMP, change, most, rows.names, view.time, size=size)


def _narrowed(view: View) -> Mask:
    """Ties whose ramp may force them off the contract before the first step."""
    rows = view.tie
    contract = contract_mw(view)
    steepest = np.abs(np.diff(contract, axis=1)).max(axis=1, initial=0.0)
    ramp = rows.column("ramp_mw_per_h", np.inf) * view.step_h
    return np.asarray((steepest > ramp) | ~np.isnan(rows.column("steps_per_day")))


def _may_change(time: pd.DatetimeIndex, contract: Array, blocks: float, h: float) -> Mask:
    """Steps at which a staircase may take another power.

    On a day on which the contract itself changes the blocks are the contract's; any other day has equal ones.
    """
    free = np.zeros(len(time), dtype=bool)
    begins = [moment - pd.Timedelta(hours=h) for moment in time]
    days: dict[object, list[int]] = {}
    for step, moment in enumerate(begins):
        days.setdefault(moment.date(), []).append(step)
    for steps in days.values():
        moved = [step for step in steps if step > 0 and abs(contract[step] - contract[step - 1]) > 1e-9]
        if moved:
            free[moved] = True
            continue
        last = None
        for step in steps:
            clock = (begins[step] - begins[step].normalize()) / pd.Timedelta(hours=1)
            block = int(clock * blocks / 24 + 1e-9)
            free[step] = block != last
            last = block
    free[0] = True
    return free


def keeps_energy(view: View) -> Mask:
    """Ties whose contract has an energy."""
    rows = view.tie
    return np.asarray(~np.isnan(rows.column("annual_mwh")) & (rows.column("band_mw", 0.0) > 0))


def _energy(view: View, export: Array, contract: Array, low: Array, high: Array) -> Iterator[Finding]:
    """The energy of contracts: the deviation is what it is said to be, and ends at nothing."""
    rows, h, keeps = view.tie, view.step_h, keeps_energy(view)
    deviation = view.values("tie_deviation_mwh", rows)
    beyond = (export - contract) * h
    drift = deviation - before(0.0, deviation)
    size = np.abs(np.cumsum(beyond, axis=1)).max(axis=1)[:, None]
    # of a contract without an energy nothing is ever settled
    settled = np.where(keeps[:, None], beyond - drift, 0.0)
    yield equal(ENERGY, drift, beyond - settled, rows.names, view.time, size=size)
    if not keeps.any():
        return
    most, least = _corridor(view, low - contract, high - contract)
    at, names = np.flatnonzero(keeps), [name for name, kept in zip(rows.names, keeps, strict=True) if kept]
    yield worse(
        at_most(SETTLED, deviation[at], most[at], names, view.time, size=size[at]),
        at_most(SETTLED, -deviation[at], -least[at], names, view.time, size=size[at]),
    )


def period_ends(view: View) -> Array:
    """1 in the last step of each period of a contract's energy, (element, time)."""
    begins = view.time - pd.Timedelta(hours=view.step_h)
    ends = np.zeros((len(view.tie), view.steps))
    for i, period in enumerate(view.tie.words("energy_period")):
        number = begins.year * 12 + (begins.month if period == "month" else 0)
        ends[i, :-1] = np.asarray(number[1:] != number[:-1], dtype=float)
        ends[i, -1] = 1.0
    return ends


def _corridor(view: View, below: Array, above: Array) -> tuple[Array, Array]:
    """Most and least that a contract may be ahead: its own limit, or what the band forces on it anyway [MWh]."""
    rows, h, ends = view.tie, view.step_h, period_ends(view)
    own = rows.column("deviation_mwh")
    own = np.where(np.isnan(own), _DEVIATION_H * rows.column("band_mw", 0.0), own)
    # where ramps keep a tie off its contract the band is narrower than here: what is forced then is not counted
    forced_up = np.cumsum(np.maximum(below, 0.0), axis=1) * h
    forced_down = np.cumsum(np.maximum(-above, 0.0), axis=1) * h
    inside = np.where(ends > 0, 0.0, own[:, None])
    return inside + forced_up, -(inside + forced_down)


def _channels(view: View, export: Array) -> Iterator[Finding]:
    rows = view.tie
    share = channel_shares(view)
    if not (share > 0).any():
        return
    claimed = view.values("tie_renewable_mw", rows)
    channel = share > 0
    names = rows.names
    both = (
        at_most(CLAIM, claimed, np.where(channel[:, None], export, 0.0), names, view.time),
        at_most(CLAIM, -claimed, 0.0, names, view.time),
    )
    yield worse(*both)
    bases = rows.words("base")
    for base in sorted({bases[i] for i in np.flatnonzero(channel)}):
        claiming = [i for i in np.flatnonzero(channel) if base in ("", bases[i])]
        offered = _base_output(view, base)
        place = [f"base {base or 'province'}"]
        total = claimed[claiming].sum(axis=0)[None, :]
        yield at_most(BASE, total, offered[None, :], place, view.time)


def channel_shares(view: View) -> Array:
    """Least share of wind and solar in the export of every tie, (element,)."""
    share = view.tie.column("renewable_share_min", 0.0)
    return share if view.settings.policy.channels else np.zeros_like(share)


def _base_output(view: View, base: str) -> Array:
    """Output of wind and solar outside of pilot zones in a region, or in all, (time,) [MW]."""
    rows, net = view.renewable, view.case.net
    if not len(rows):
        return np.zeros(view.steps)
    members = net["pilot_member"]
    own = set(zip(members["element"], members["index"], strict=True)) if view.settings.policy.pilots else set()
    counted = [
        technology in WIND + SOLAR and place not in own and base in ("", str(net["bus"].at[bus, "region"]))
        for technology, place, bus in zip(rows.words("technology"), rows.places, rows.buses, strict=True)
    ]
    return np.asarray(view.values("renewable_p_mw", rows)[counted].sum(axis=0))


def budgets(view: View) -> Iterator[Budget]:
    """Every channel reaches its share of wind and solar over the horizon."""
    rows = view.tie
    share = channel_shares(view)
    if not (share > 0).any():
        return
    export, claimed = view.values("tie_export_mw", rows), view.values("tie_renewable_mw", rows)
    for i in np.flatnonzero(share > 0):
        used = float((claimed[i] - share[i] * export[i]).sum()) * view.step_h
        price = view.settings.prices.rule_cny_per_mwh
        yield Budget("tie", "MWh", "least", 0.0, used, price, f"{rows.names[i]}: wind and solar in the export")


def cost(view: View) -> dict[str, tuple[Array, Array]]:
    """Value of what arrives, as a negative cost; price of contract energy that is settled, (time,) [CNY]."""
    rows, h = view.tie, view.step_h
    if not len(rows):
        return {}
    export = view.values("tie_export_mw", rows)
    price, loss = rows.column("price_cny_per_mwh", 0.0), rows.column("loss_pu", 0.0)
    arrives = np.where(export > 0, (1 - loss)[:, None] * export, export)
    keeps = keeps_energy(view)
    deviation = view.values("tie_deviation_mwh", rows)
    settled = deviation - before(0.0, deviation) - (export - contract_mw(view)) * h
    prices = view.settings.prices
    worst = max(prices.value_of_lost_load_cny_per_mwh or 0.0, prices.excess_cny_per_mwh or 0.0)
    broken = np.where(np.abs(settled) > RELATIVE * 0.1, np.abs(settled), 0.0)
    penalty = (prices.rule_cny_per_mwh + worst) * broken[keeps].sum(axis=0)
    return {"tie": (-h * (price @ arrives), penalty)}
