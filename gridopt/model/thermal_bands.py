r"""Output below the minimum of retrofitted clusters, in bands (formulation, section 2).

.. math::
   y = p' - \sum_b s_b, \qquad 0 \le s_b \le w_b\,(n - n^{heat})

The widths :math:`w_b` are those of one unit, the first band lies just below the minimum.  A band costs wear and
extra fuel per MWh, the deeper the more; what the market pays for it is a transfer and stands in
``gridopt.results.settlement``.

**Heat.**  Must-run units that give heat (``chp_mode: min_output``), :math:`n^{heat}` of them, keep their heat-season
minimum: only the other units of the cluster go below theirs.

**Start and stop.**  A unit starts into its minimum output or above, and stops from there; the ramp rows of
``thermal_rows`` say so for clusters that have bands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.model.component import Array, Component

if TYPE_CHECKING:
    import pandas as pd

    from gridopt.case import Case


@dataclass(frozen=True)
class Bands:
    """Bands of all clusters, each cluster's from the minimum downwards.

    Parameters
    ----------
    cluster
        (band,) position of the cluster.
    width_mw
        (band,) of one unit [MW].
    wear_cny_per_mwh
        (band,) [CNY/MWh].
    """

    cluster: NDArray[np.int64]
    width_mw: Array
    wear_cny_per_mwh: Array

    def depth_mw(self, count: int) -> Array:
        """Sum of the widths of each of ``count`` clusters, (element,) [MW] of one unit."""
        return np.bincount(self.cluster, self.width_mw, minlength=count).astype(np.float64)


def read_bands(case: Case, gen: pd.DataFrame, n_units: Array) -> Bands:
    """Bands of the clusters ``gen``; rows of clusters that are not retrofitted are faults (``gridopt.check``)."""
    table = case.net.deep_regulation
    table = table.loc[table["index"].isin(gen.index) & (table["width_mw"] > 0)]
    cluster = gen.index.get_indexer(table["index"])
    return Bands(
        cluster=np.asarray(cluster, dtype=np.int64),
        width_mw=table["width_mw"].to_numpy(float) / n_units[cluster],
        wear_cny_per_mwh=table["wear_cny_per_mwh"].to_numpy(float),
    )


class RegulationBands:
    """Use of the bands in a window.

    Attributes
    ----------
    used : cvxpy.Variable
        (band, step) [MW] below the minimum.
    """

    def __init__(self, part: Component[Any], bands: Bands, n_units: Array) -> None:
        self.bands = bands
        count = bands.cluster.size
        most = bands.width_mw * n_units[bands.cluster]
        self.used = part.variable(0.0, most, rows=count).set_label("output below the minimum [MW]")
        self._heating = part.parameter(rows=count, nonneg=True)
        self._of_cluster = sp.csr_array(
            (np.ones(count), (bands.cluster, np.arange(count))), shape=(part.data.count, count)
        )

    def bind(self, heat_units: Array) -> None:
        """Units that give heat and stay above their minimum, (element, step)."""
        self._heating.value = self.bands.width_mw[:, None] * heat_units[self.bands.cluster]

    def rows(self, on: cp.Variable) -> list[cp.Constraint]:
        """A band is as wide as the units that run and give no heat."""
        wide = cp.multiply(self.bands.width_mw[:, None], on[self.bands.cluster])
        return [self.used - wide <= -self._heating]

    def total(self) -> cp.Expression:
        """Sum of the bands of each cluster, (element, step) [MW]."""
        return self._of_cluster @ self.used

    def wear_cny(self, step_h: float) -> cp.Expression:
        """Wear of all clusters, (step,) [CNY]."""
        return (self.bands.wear_cny_per_mwh * step_h) @ self.used

    def total_mw(self) -> Array:
        """Value of the sum of the bands of each cluster, (element, step) [MW]."""
        return np.asarray(self._of_cluster @ self.used.value)
