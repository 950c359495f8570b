"""Arrays of the ties of a case: contract, limits that can be kept, energy corridor, channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gridopt.errors import Fault, InputError
from gridopt.model.component import Array, ComponentData, profile_rows
from gridopt.model.labels import element_labels, table_rows
from gridopt.model.tie_channel import ChannelBase, channel_bases, share_budgets
from gridopt.model.tie_limits import block_starts, deviation_corridor, kept_limits, largest_change_mw, period_ends

if TYPE_CHECKING:
    import pandas as pd

    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork

# What a contract with an energy may stand ahead or behind, if nothing is said [h of its band].
_DEVIATION_H = 168.0
_MW = 1e-9


@dataclass(frozen=True)
class TieData(ComponentData):
    """Arrays of all ties, (element, time) or (element,).

    Parameters
    ----------
    contract_mw, min_mw, max_mw
        (element, time) contract and limits of the export, narrowed to what ramps and blocks can keep [MW].
    change_mw
        (element, time) most change from the step before [MW].
    ramp_mw_per_h
        (element,) ramp, infinite for none [MW/h].
    value_cny_per_mwh
        (element,) value of a MWh that arrives [CNY/MWh].
    loss_pu
        (element,) loss on the way, of what is sent [pu].
    keeps_energy
        (element,) whether the energy of the contract is exchanged over each period.
    deviation_low_mwh, deviation_high_mwh
        (element, time) corridor of the energy exchanged beyond the contract [MWh]; zero where none is kept.
    settling_cny_per_mwh
        Price of energy that a contract lacks and the band can't bring back [CNY/MWh].
    renewable_share
        (element,) least share of wind and solar in the export; zero for none [pu].
    bases
        Which wind and solar output the channels share.
    planned_ahead_mwh, planned_worth_cny_per_mwh
        (element, time) energy ahead of the contract and what a MWh of it is worth, where a plan of the whole horizon
        tells them; None otherwise.
    """

    contract_mw: Array
    min_mw: Array
    max_mw: Array
    change_mw: Array
    ramp_mw_per_h: Array
    value_cny_per_mwh: Array
    loss_pu: Array
    keeps_energy: NDArray[np.bool_]
    deviation_low_mwh: Array
    deviation_high_mwh: Array
    settling_cny_per_mwh: float
    renewable_share: Array
    bases: tuple[ChannelBase, ...]
    planned_ahead_mwh: Array | None = None
    planned_worth_cny_per_mwh: Array | None = None

    @property
    def is_limited(self) -> NDArray[np.bool_]:
        """Ties whose change from step to step can bind, (element,)."""
        widest = self.max_mw.max(axis=1) - self.min_mw.min(axis=1)
        limited: NDArray[np.bool_] = (self.change_mw < widest[:, None]).any(axis=1)
        return limited

    @property
    def reverses(self) -> NDArray[np.bool_]:
        """Ties that may export and import and whose loss on the way counts, (element,)."""
        both: NDArray[np.bool_] = (self.min_mw.min(axis=1) < 0) & (self.max_mw.max(axis=1) > 0)
        return both & (self.loss_pu * self.value_cny_per_mwh > 0)

    @property
    def export_value_cny_per_mwh(self) -> Array:
        """Value of a MWh sent at the bus, (element,): what arrives of it; ties that only import lose nothing."""
        exports = self.max_mw.max(axis=1) > 0
        value: Array = self.value_cny_per_mwh * (1 - self.loss_pu * exports)
        return value


def read_ties(case: Case, network: DCNetwork) -> TieData | None:
    """Arrays of all ties in service.

    Raises
    ------
    InputError
        Where contract, band, limits and ramps leave no room in some hour.
    """
    from gridopt.network.dispatchable import in_service
    from gridopt.network.matrices import bus_injection_matrix

    table = case.net.tie.loc[in_service(case.net, "tie")]
    if table.empty:
        return None
    step_h = case.settings.step_h
    contract, low, high = _band(case, table)
    ramp = table["ramp_mw_per_h"].fillna(np.inf).to_numpy(float)
    band = table["band_mw"].fillna(0.0).to_numpy(float)
    steps_per_day = np.where(band > 0, table["steps_per_day"].to_numpy(float), np.nan)
    change = largest_change_mw(block_starts(contract, steps_per_day, case.time, step_h), ramp, step_h)
    _refuse(case, table, "min_p_mw", low > high + _MW, "limits leave no room for the contract")
    kept_low, kept_high = kept_limits(low, high, change)
    too_slow = "its ramp can't follow the contract within band and limits"
    _refuse(case, table, "ramp_mw_per_h", kept_low > kept_high + _MW, too_slow)
    low, high = kept_low, np.maximum(kept_low, kept_high)
    keeps = (table["annual_mwh"].notna() & (band > 0)).to_numpy()
    share = table["renewable_share_min"].to_numpy(float) * case.settings.policy.channels
    rows = table_rows("tie", table)
    lower, upper = _corridor(case, table, keeps, high - contract, low - contract)
    names = element_labels("tie", table)
    return TieData(
        labels=names,
        rows=rows,
        nodes=bus_injection_matrix(network, table["bus"].to_numpy()),
        budgets=share_budgets(case, names, share, contract),
        contract_mw=contract,
        min_mw=low,
        max_mw=high,
        change_mw=np.minimum(change, (high.max(axis=1) - low.min(axis=1))[:, None]),
        ramp_mw_per_h=ramp,
        value_cny_per_mwh=table["price_cny_per_mwh"].fillna(0.0).to_numpy(float),
        loss_pu=table["loss_pu"].to_numpy(float),
        keeps_energy=keeps,
        deviation_low_mwh=lower,
        deviation_high_mwh=upper,
        settling_cny_per_mwh=_settling_price(case),
        renewable_share=share,
        bases=channel_bases(case, share, table["base"].to_numpy(str)),
    )


def _refuse(case: Case, table: pd.DataFrame, column: str, wrong: NDArray[np.bool_], message: str) -> None:
    names = table["name"].to_numpy()[wrong.any(axis=1)]
    if names.size:
        raise InputError([Fault(case.name, "tie", str(name), column, message) for name in names])


def _band(case: Case, table: pd.DataFrame) -> tuple[Array, Array, Array]:
    """Contract inside the hard limits, and the limits of its band, each (tie, time) [MW]."""
    contract = table["p_mw"].to_numpy(float)[:, None] * profile_rows(case, table["profile"].tolist())
    hard_low = table["min_p_mw"].fillna(-np.inf).to_numpy(float)[:, None]
    hard_high = table["max_p_mw"].fillna(np.inf).to_numpy(float)[:, None]
    contract = np.clip(contract, hard_low, hard_high)
    band = table["band_mw"].fillna(0.0).to_numpy(float)[:, None]
    return contract, np.maximum(contract - band, hard_low), np.minimum(contract + band, hard_high)


def _corridor(
    case: Case, table: pd.DataFrame, keeps: NDArray[np.bool_], above_mw: Array, below_mw: Array
) -> tuple[Array, Array]:
    band = table["band_mw"].fillna(0.0).to_numpy(float)
    given = table["deviation_mwh"].to_numpy(float)
    most = np.where(np.isnan(given), _DEVIATION_H * band, given)
    ends = period_ends(case.time, case.settings.step_h, (table["energy_period"] == "month").to_numpy())
    lower, upper = deviation_corridor(above_mw, below_mw, most, ends, case.settings.step_h)
    return np.where(keeps[:, None], lower, 0.0), np.where(keeps[:, None], upper, 0.0)


def _settling_price(case: Case) -> float:
    """Price of contract energy that is not exchanged [CNY/MWh]: never a way out of unserved or excess energy."""
    prices = case.settings.prices
    worst = max(prices.value_of_lost_load_cny_per_mwh or 0.0, prices.excess_cny_per_mwh or 0.0)
    return prices.rule_cny_per_mwh + worst
