r"""Channels with a renewable share: whose wind and solar is in the energy exported (formulation, section 2).

Each channel :math:`k` has its share :math:`\varepsilon_k` in the export :math:`x_k` from wind and solar of its
base, by attributed energy:

.. math::
   0 \le \rho_{k,t} \le x_{k,t}, \qquad \sum_{k \in K(b)} \rho_{k,t} \le \sum_{i \in b} p_{i,t}, \qquad
   \sum_t (\rho_{k,t} - \varepsilon_k x_{k,t})\,\Delta \ge 0

A base :math:`b` is a region or the whole province.  :math:`K` of a region are the channels that count on it;
:math:`K` of the province are *all* channels as soon as one of them counts on the province.  Regions do not
overlap, so these rows are just what an attribution of every MWh to at most one channel needs (Hall's condition
for nested sets).  Wind and solar of pilot zones are in no base: the zone itself claims them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gridopt.model.budget import BudgetLimit, by_weight, corridor_least

if TYPE_CHECKING:
    from gridopt.case import Case

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ChannelBase:
    """Wind and solar that some channels share.

    Parameters
    ----------
    name
        Region; empty for the whole province.
    ties
        Numbers of the ties that claim it.
    members
        Rows of the net whose output it is, each (table, row).
    """

    name: str
    ties: NDArray[np.int64]
    members: frozenset[tuple[str, int]]

    def holds(self, rows: tuple[tuple[str, int], ...]) -> Array:
        """1 for every row that belongs to the base, else 0, (row,)."""
        return np.array([float(row in self.members) for row in rows])


def channel_bases(case: Case, share: Array, base: NDArray[np.str_]) -> tuple[ChannelBase, ...]:
    """Bases that the channels of a case count on.

    Parameters
    ----------
    case
        The case.
    share
        (tie,) least share of wind and solar; zero for a tie that is no channel.
    base
        (tie,) region, empty for the whole province.
    """
    channels = np.flatnonzero(share > 0)
    members = _wind_and_solar(case)
    bases = []
    for name in np.unique(base[channels]):
        claiming = channels if name == "" else channels[base[channels] == name]
        inside = frozenset(row for row, region in members.items() if name in ("", region))
        bases.append(ChannelBase(str(name), claiming.astype(np.int64), inside))
    return tuple(bases)


def _wind_and_solar(case: Case) -> dict[tuple[str, int], str]:
    """Wind and solar rows outside of pilot zones, with the region of their bus."""
    from gridopt.model.claims import SOLAR, WIND, renewables

    net = case.net
    pilots = net.pilot_member if case.settings.policy.pilots else net.pilot_member.iloc[:0]
    own = set(zip(pilots["element"].astype(str), pilots["index"].astype(int), strict=True))
    regions: dict[tuple[str, int], str] = {}
    for element in ("sgen", "gen"):
        table = net[element].loc[renewables(case, element)]
        table = table.loc[table["technology"].isin(WIND + SOLAR)]
        region = net.bus["region"].reindex(table["bus"]).astype(str)
        regions |= {(element, int(row)): name for row, name in zip(table.index, region, strict=True)}
    return {row: region for row, region in regions.items() if row not in own}


def share_budgets(case: Case, names: tuple[str, ...], share: Array, contract_mw: Array) -> tuple[BudgetLimit, ...]:
    """Budget of each channel: attributed energy less its share of the export reaches zero over the horizon.

    Until then it may lag behind the share of the contract's energy by 30 days.
    """
    step_h, price = case.settings.step_h, case.settings.prices.rule_cny_per_mwh
    budgets = []
    for k in np.flatnonzero(share > 0):
        contract = np.maximum(contract_mw[k], 0.0)
        due = float(share[k] * contract.sum() * step_h)
        lag = corridor_least(due, contract, step_h) - by_weight(due, contract)
        lag[-1] = 0.0
        budgets.append(BudgetLimit(f"{names[k]}: wind and solar in the export", "MWh", "least", lag, price))
    return tuple(budgets)
