r"""What the power system keeps in reserve: products and how much of each the hours ask for.

.. math:: R_t = \max\big(m + \alpha L_t + \beta W_t + \gamma S_t + \rho\,[\pm(N_{t+1h} - N_t)]_+,\; P^{largest}_t\big)

with a fixed part :math:`m`, the load :math:`L`, the available wind :math:`W` and solar power :math:`S` (their
shares stand for the errors of forecasts) and the net load :math:`N = L - W - S`, whose rise over the next hour
asks for reserve up and whose fall asks for reserve down.  Where ``largest_unit`` is set, the requirement is at
least the largest unit available, so that its loss is covered.

Three kinds: ``spinning``, power on call within ``response_min``; ``inertia``, kinetic energy of running machines
[MW s], a floor such as :math:`E \ge \Delta P f_0 / (2\,\dot f_{max})` (given as ``mw``); ``emergency``, power of
pumped storage with its energy for ``duration_h``, for neighbours in need.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

    from gridopt.case import Case

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ReserveProduct:
    """One product.

    Parameters
    ----------
    name
        As in the net.
    kind
        ``spinning``: power on call; ``inertia``: kinetic energy [MW s]; ``emergency``: power with its energy held
        in pumped storage.
    direction
        ``up`` or ``down``.
    response_min, duration_h
        Within which it must be there [min], how long it must last [h].
    requirement_mw
        (time,) [MW], inertia [MW s].
    price_cny_per_mwh
        Price of shortfall.
    """

    name: str
    kind: str
    direction: str
    response_min: float
    duration_h: float
    requirement_mw: Array
    price_cny_per_mwh: float


def products_in_service(case: Case) -> pd.DataFrame:
    """Rows of ``reserve_product`` that are held; none where reserves are switched off."""
    table: pd.DataFrame = case.net.reserve_product
    if not case.settings.policy.reserves:
        return table.iloc[:0]
    return table.loc[table["in_service"].to_numpy(bool)]


def read_products(case: Case) -> tuple[ReserveProduct, ...]:
    """Reserve products in service, with their requirement in every step; none where reserves are switched off."""
    from gridopt.model.claims import SOLAR, WIND
    from gridopt.model.weather import offered_mw

    table = products_in_service(case)
    if table.empty:
        return ()
    load, wind, solar = _load_mw(case), offered_mw(case, WIND), offered_mw(case, SOLAR)
    rise = rise_mw_per_h(load - wind - solar, case.settings.step_h)
    largest = largest_unit_mw(case) if table["largest_unit"].any() else np.zeros(len(case.time))
    return tuple(
        ReserveProduct(
            name=str(row["name"]),
            kind=str(row["kind"]),
            direction=str(row["direction"]),
            response_min=float(row["response_min"]),
            duration_h=float(row["duration_h"]),
            requirement_mw=np.maximum(
                float(row["mw"])
                + float(row["share_of_load"]) * load
                + float(row["share_of_wind"]) * wind
                + float(row["share_of_solar"]) * solar
                + float(row["share_of_ramp"]) * np.maximum(rise if row["direction"] == "up" else -rise, 0.0),
                largest if row["largest_unit"] else 0.0,
            ),
            price_cny_per_mwh=float(row["price_cny_per_mwh"]),
        )
        for _, row in table.iterrows()
    )


def rise_mw_per_h(series_mw: Array, step_h: float) -> Array:
    """Change over the next hour (over the next step, per hour, where steps are longer), (time,) [MW].

    What comes after the horizon is unknown: its last value holds.

    Examples
    --------
    >>> rise_mw_per_h(np.array([10.0, 12.0, 9.0]), 1.0)
    array([ 2., -3.,  0.])
    >>> rise_mw_per_h(np.array([10.0, 12.0, 9.0]), 0.5)
    array([-1., -3.,  0.])
    >>> rise_mw_per_h(np.array([10.0, 12.0, 9.0]), 2.0)
    array([ 1. , -1.5,  0. ])
    """
    ahead = max(round(1.0 / step_h), 1)
    later = np.concatenate([series_mw, np.full(ahead, series_mw[-1])])[ahead:]
    rise: Array = (later - series_mw) / max(step_h, 1.0)
    return rise


def largest_unit_mw(case: Case) -> Array:
    """Largest single unit available among the generators in service, (time,) [MW].

    A unit is what one failure takes away: the cluster's power by its number of units, times its availability.
    """
    from gridopt.model.component import profile_rows
    from gridopt.network.dispatchable import in_service

    gen = case.net.gen.loc[in_service(case.net, "gen")]
    if gen.empty:
        return np.zeros(len(case.time))
    unit = (gen["max_p_mw"].fillna(gen["p_mw"]) / gen["n_units"]).to_numpy(float)
    largest: Array = (unit[:, None] * profile_rows(case, gen["profile"].tolist())).max(axis=0)
    return np.maximum(largest, 0.0)


def _load_mw(case: Case) -> Array:
    """Load that is given, (time,) [MW]."""
    from gridopt.model.component import profile_rows
    from gridopt.model.demand import fixed_loads

    load, size = fixed_loads(case)
    total: Array = size @ profile_rows(case, load["profile"].tolist())
    return total
