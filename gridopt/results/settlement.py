r"""What the ancillary market pays for deep regulation: a transfer, computed from a solved case.

Output below the minimum of a cluster fills its bands from the top.  Each MWh of a band is paid at the price of the
band.  Nothing of it is in the objective: the resource cost of deep regulation is the wear of ``deep_regulation``.

.. math::
   E_{i,b} = \sum_t \min\!\big(\max(s_{i,t} - \textstyle\sum_{b'<b} W_{b',t},\, 0),\, W_{b,t}\big)\Delta, \qquad
   W_{b,t} = w_b\,(n_{i,t} - n^{heat}_{i,t})
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr

    from gridopt.case import Case

# Less is rounding of the solver.
_USED_MW = 1e-3

#: Columns of the settlement table with their units.
COLUMNS = {
    "generator": "",
    "band": "1 is the band just below the minimum",
    "width_mw": "MW",
    "hours": "h in which the band is used",
    "energy_mwh": "MWh below the minimum within the band",
    "price_cny_per_mwh": "CNY/MWh",
    "compensation_cny": "CNY",
}


def settlement(case: Case, dataset: xr.Dataset) -> pd.DataFrame:
    """Compensation of deep regulation by generator and band.

    Parameters
    ----------
    case
        The case that was solved.
    dataset
        Its results.

    Returns
    -------
    pandas.DataFrame
        One row per band of a cluster in service, columns as in :data:`COLUMNS`; no rows without commitment.
    """
    rows: list[dict[str, object]] = []
    if case.settings.unit_commitment == "off":
        return pd.DataFrame(rows, columns=list(COLUMNS))
    from gridopt.model.claims import thermal_clusters
    from gridopt.model.thermal_data import must_run_units

    gen = case.net.gen.loc[thermal_clusters(case)]
    n_units = gen["n_units"].fillna(1).to_numpy(float)
    heating = must_run_units(case, gen, n_units)[1]
    table = case.net.deep_regulation
    table = table.loc[table["index"].isin(gen.index) & (table["width_mw"] > 0)]
    step_h = case.settings.step_h
    for index, bands in table.groupby("index", sort=False):
        position = int(gen.index.get_indexer([index])[0])
        results = dataset.sel(generator=_label(dataset, str(gen.at[index, "name"]), int(index)))
        used = results["generator_regulation_mw"].to_numpy()
        units = np.maximum(results["generator_on_units"].to_numpy() - heating[position], 0.0)
        above = np.zeros_like(used)
        for number, (width, price) in enumerate(zip(bands["width_mw"], bands["price_cny_per_mwh"], strict=True), 1):
            room = float(width) / n_units[position] * units
            within = np.clip(used - above, 0.0, room)
            above = above + room
            energy = float(within.sum() * step_h)
            rows.append(
                {
                    "generator": str(results["generator"].item()),
                    "band": number,
                    "width_mw": float(width),
                    "hours": float((within > _USED_MW).sum() * step_h),
                    "energy_mwh": energy,
                    "price_cny_per_mwh": float(price),
                    "compensation_cny": energy * float(price),
                }
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _label(dataset: xr.Dataset, name: str, index: int) -> str:
    """Label of a generator in the results, where equal names are told apart by their row."""
    labels = set(dataset["generator"].to_numpy().astype(str))
    return next(label for label in (name, f"{name} (gen {index})", f"gen {index}") if label in labels)
