"""Arrays of the flexible loads of a case: one buffer model for all kinds (see ``flexible_load``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.errors import Fault, InputError
from gridopt.model.budget import BudgetLimit, corridor_least, share_of_year
from gridopt.model.component import Array, ComponentData, profile_rows
from gridopt.model.labels import element_labels, table_rows

if TYPE_CHECKING:
    import pandas as pd

    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class FlexibleLoadData(ComponentData):
    """Arrays (element,) unless said otherwise; powers [MW], energies [MWh], prices [CNY/MWh].

    Parameters
    ----------
    kind
        What consumes.
    min_mw, max_mw
        (element, time) least and largest power drawn; the latter, and the former with it, follow what is plugged in.
    plugged
        (element, time) share of the power that is connected [pu].
    need_mw
        (element, time) use that is taken out of the store.
    chain
        (element, element) MWh taken out of the row's store for each MWh that the column's load draws.
    rated_mw, discharge_mw
        Largest power drawn, and given back, with all plugged in.
    eta, eta_discharge, self_discharge_per_h
        Stored per MWh drawn, given back per MWh taken out [pu]; share lost per hour.
    max_e_mwh, start_e_mwh
        Size of the store, and its level before the first step.
    least_on_mw
        Least power while it runs; 0: any power.
    ramp_mw_per_h
        Inf: no limit.
    buffered
        Loads with a store equation; all others just draw power.
    may_lack, shortfall_cny_per_mwh
        Whether use may stay unserved, and at which price.
    may_spill, spill_cny_per_mwh
        Whether a load that has to run, or can't stop at once, may throw away what its store can't take; the price.
    end_cny_per_mwh
        Price of a store that doesn't return to its start level.
    wear_cny_per_mwh, value_cny_per_mwh, kg_h2_per_mwh
        Wear per MWh given back, worth of a MWh drawn, hydrogen per MWh drawn (NaN: none).
    budgeted
        Numbers of the loads with a least energy, in the order of ``budgets``.
    is_priced, returns
        What stores hold at the end of a window is worth something; at the end of the horizon they hold their start
        level again.
    planned_worth_cny_per_mwh, planned_e_mwh
        (element, time) what a MWh held is worth, and what is held after each step, where a plan of the whole horizon
        tells it; None otherwise.
    """

    kind: tuple[str, ...]
    min_mw: Array
    max_mw: Array
    plugged: Array
    need_mw: Array
    chain: sp.csr_array
    rated_mw: Array
    discharge_mw: Array
    eta: Array
    eta_discharge: Array
    self_discharge_per_h: Array
    max_e_mwh: Array
    start_e_mwh: Array
    least_on_mw: Array
    ramp_mw_per_h: Array
    buffered: Mask
    may_lack: Mask
    shortfall_cny_per_mwh: Array
    may_spill: Mask
    spill_cny_per_mwh: float
    end_cny_per_mwh: Array
    wear_cny_per_mwh: Array
    value_cny_per_mwh: Array
    kg_h2_per_mwh: Array
    budgeted: NDArray[np.int64]
    is_priced: bool
    returns: bool
    planned_worth_cny_per_mwh: Array | None = None
    planned_e_mwh: Array | None = None

    amounts: ClassVar[tuple[str, ...]] = (
        *("rated_mw", "min_mw", "max_mw", "need_mw", "discharge_mw", "least_on_mw", "ramp_mw_per_h"),
        *("max_e_mwh", "start_e_mwh", "planned_e_mwh"),
    )
    numbers: ClassVar[tuple[str, ...]] = ("budgeted",)

    def alone(self) -> Mask:
        """Loads with a least energy of the year, those that feed on each other, and those that are on or off."""
        chained = self.chain + self.chain.T
        found = np.asarray(chained.sum(axis=1)).ravel() > 0
        found |= self.integer & (self.least_on_mw > 0)
        found[self.budgeted] = True
        return found

    def renumbered(self, first: NDArray[np.int64], number: NDArray[np.int64]) -> dict[str, Any]:
        """Chains, budgeted loads and kinds."""
        kind = tuple(self.kind[i] for i in first)
        return {"chain": self.chain[first][:, first], "budgeted": number[self.budgeted], "kind": kind}


def read_flexible_loads(case: Case, network: DCNetwork) -> FlexibleLoadData | None:
    """Arrays of all rows of ``flexible_load`` in service.

    Raises
    ------
    InputError
        Where a load feeds on one that isn't in service, or whose hydrogen is unknown.
    """
    from gridopt.network.dispatchable import in_service
    from gridopt.network.matrices import bus_injection_matrix

    table = case.net.flexible_load.loc[in_service(case.net, "flexible_load")]
    if table.empty:
        return None
    number = {column: table[column].to_numpy(float) for column in _NUMBERS}
    plugged = profile_rows(case, table["plugged_profile"].tolist())
    rated, prices = number["max_p_mw"], case.settings.prices
    max_mw, min_mw = rated[:, None] * plugged, number["min_p_mw"][:, None] * plugged
    chain = _chain(case, table)
    ramp = table["ramp_mw_per_h"].fillna(np.inf).to_numpy(float)
    # what can't stop at once may have to run although its store is full
    held_up = (number["min_p_mw"] > 0) | (ramp * case.settings.step_h < rated)
    fed_on = np.asarray(chain.sum(axis=1)).ravel() > 0
    buffered = (number["p_mw"] > 0) | fed_on | (number["max_discharge_mw"] > 0)
    own_price, lost_load = number["shortfall_cny_per_mwh"], prices.value_of_lost_load_cny_per_mwh
    shortfall = np.where(np.isfinite(own_price), own_price, lost_load or 0.0)
    # a MWh of a loop carries the electricity of its hydrogen with it
    with_hydrogen = 1 + (1 / number["eta"]) @ chain
    rule = np.where(np.isfinite(own_price), own_price, prices.rule_cny_per_mwh * with_hydrogen)
    half = 0.5 * number["max_e_mwh"]
    start = np.where(np.isfinite(number["start_e_mwh"]), number["start_e_mwh"], half)
    annual, labels = number["annual_mwh"], element_labels("flexible_load", table)
    budgeted = np.flatnonzero(annual > 0)
    due, step_h = annual * share_of_year(case), case.settings.step_h
    need = number["p_mw"][:, None] * profile_rows(case, table["profile"].tolist())
    # a store that is full passes on no more than what is taken out of it
    passing = (need + (chain @ rated)[:, None]) / number["eta"][:, None]
    lasting = step_h * np.where(buffered[:, None], np.minimum(max_mw, passing), max_mw)
    return FlexibleLoadData(
        labels=labels,
        rows=table_rows("flexible_load", table),
        nodes=bus_injection_matrix(network, table["bus"].to_numpy()),
        integer=case.settings.unit_commitment == "integer",
        budgets=tuple(
            BudgetLimit(
                name=f"energy of {labels[i]}",
                unit="MWh",
                sense="least",
                limit=corridor_least(due[i], max_mw[i], step_h, largest=lasting[i]),
                price_cny=float(rule[i]),
                largest=lasting[i],
            )
            for i in budgeted
        ),
        kind=tuple(table["kind"].astype(str)),
        min_mw=min_mw,
        max_mw=max_mw,
        plugged=plugged,
        need_mw=need,
        chain=chain,
        rated_mw=rated,
        discharge_mw=number["max_discharge_mw"],
        eta=number["eta"],
        eta_discharge=number["eta_discharge"],
        self_discharge_per_h=number["self_discharge_per_h"],
        max_e_mwh=number["max_e_mwh"],
        start_e_mwh=np.clip(start, 0.0, number["max_e_mwh"]),
        least_on_mw=number["min_part_load_pu"] * rated,
        ramp_mw_per_h=ramp,
        buffered=buffered,
        may_lack=np.isfinite(own_price) | (lost_load is not None),
        shortfall_cny_per_mwh=shortfall,
        may_spill=buffered & held_up & (prices.excess_cny_per_mwh is not None),
        spill_cny_per_mwh=prices.excess_cny_per_mwh or 0.0,
        end_cny_per_mwh=np.where(shortfall > 0, shortfall, prices.rule_cny_per_mwh),
        wear_cny_per_mwh=number["wear_cny_per_mwh"],
        value_cny_per_mwh=number["value_cny_per_mwh"],
        kg_h2_per_mwh=number["kg_h2_per_mwh"],
        budgeted=budgeted,
        is_priced=case.settings.horizon.end_storage != "free",
        returns=case.settings.horizon.end_storage == "cyclic",
    )


_NUMBERS = (
    *("p_mw", "max_p_mw", "min_p_mw", "max_discharge_mw", "eta", "eta_discharge", "max_e_mwh", "start_e_mwh"),
    *("self_discharge_per_h", "min_part_load_pu", "annual_mwh", "shortfall_cny_per_mwh", "wear_cny_per_mwh"),
    *("value_cny_per_mwh", "kg_h2_per_mwh"),
)


def _chain(case: Case, table: pd.DataFrame) -> sp.csr_array:
    """MWh out of the row's store per MWh drawn by the column's load, from the hydrogen of both."""
    name = table["name"].astype(str).to_numpy()
    feeds = table["feeds"].astype(str).to_numpy()
    kg, eta = table["kg_h2_per_mwh"].to_numpy(float), table["eta"].to_numpy(float)
    taker = np.flatnonzero(feeds != "")
    giver = np.array([next(iter(np.flatnonzero(name == feeds[k])), -1) for k in taker], dtype=np.int64)
    known = (giver >= 0) & np.isfinite(kg[taker]) & np.isfinite(kg[giver])
    if not known.all():
        message = "it and the load it feeds on, {!r}, must both be in service and have kg_h2_per_mwh"
        raise InputError(
            [Fault(case.name, "flexible_load", name[k], "feeds", message.format(feeds[k])) for k in taker[~known]]
        )
    taken = kg[taker] / kg[giver] * eta[giver]
    return sp.csr_array((taken, (giver, taker)), shape=(name.size, name.size))
