r"""What the power system keeps in reserve: products and how much of each the hours ask for.

.. math:: R_t = m + \alpha L_t + \beta W_t + \gamma S_t + \rho\,|N_{t+1} - N_t|, \qquad R_t \ge P^{largest}

with the load :math:`L`, the available wind :math:`W` and solar power :math:`S` and the load less both, :math:`N`
(formulation, section 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
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


def read_products(case: Case) -> tuple[ReserveProduct, ...]:
    """Reserve products in service, with their requirement in every step; none where reserves are switched off."""
    table = case.net.reserve_product
    if case.plain or not case.settings.policy.reserves or table.empty:
        return ()
    table = table.loc[table["in_service"].to_numpy(bool)]
    load, wind, solar = _series(case)
    net_load = load - wind - solar
    ramp = np.abs(np.diff(net_load, append=net_load[-1:]))
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
                + float(row["share_of_ramp"]) * ramp,
                largest_unit_mw(case) if row["largest_unit"] else 0.0,
            ),
            price_cny_per_mwh=float(row["price_cny_per_mwh"]),
        )
        for _, row in table.iterrows()
    )


def largest_unit_mw(case: Case) -> float:
    """Largest single unit among the generators in service [MW]."""
    gen = case.net.gen.loc[case.net.gen["in_service"].to_numpy(bool)]
    if gen.empty:
        return 0.0
    return float((gen["max_p_mw"].to_numpy(float) / gen["n_units"].fillna(1).to_numpy(float)).max())


def _series(case: Case) -> tuple[Array, Array, Array]:
    """Load, available wind and available solar power of the province, each (time,) [MW]."""
    from gridopt.model.claims import SOLAR, WIND
    from gridopt.model.component import profile_rows
    from gridopt.network.dispatchable import in_service

    load = case.net.load.loc[in_service(case.net, "load")]
    size = (load["p_mw"] * load["scaling"].fillna(1.0)).to_numpy(float)
    out = [size @ profile_rows(case, load["profile"].tolist())]
    sgen = case.net.sgen.loc[in_service(case.net, "sgen")]
    for technologies in (WIND, SOLAR):
        rows = sgen.loc[sgen["technology"].isin(technologies)]
        size = (rows["max_p_mw"] * rows["scaling"].fillna(1.0)).to_numpy(float) if len(rows) else np.zeros(0)
        out.append(size @ profile_rows(case, rows["profile"].tolist()))
    return out[0], out[1], out[2]
