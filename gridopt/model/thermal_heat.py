r"""Heat and power of clusters with ``chp_mode: heat_zone`` (formulation, section 2).

Extraction turbines give heat at the cost of power: with the electric loss :math:`c_v` per heat and the
back-pressure line of ratio :math:`c_m` and offset :math:`k`,

.. math::
   p + c_v h = P^{min} n + y, \qquad p \ge c_m h + k\,n, \qquad 0 \le h \le H^{max} n

so the capacity row of the cluster is :math:`p + c_v h \le P^{max} n`.  In back-pressure turbines power follows
heat, :math:`p = c_m h`, and the boiler burns for both: :math:`p + h/\eta_b`.  Heat goes to the heat zone of the
cluster (component ``heat_zone``).  In this mode the heat-season range of output and must-run units of clusters with
a zone do not apply: the demand for heat takes their place.

Reserves are power that can be given while the heat goes on: down to :math:`p - \sum r^{dn} \ge c_m h + k\,n`; a
back-pressure turbine holds none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.errors import Fault, InputError
from gridopt.model.component import Array, Component

if TYPE_CHECKING:
    import pandas as pd

    from gridopt.case import Case


@dataclass(frozen=True)
class HeatPlants:
    """Clusters that give heat; values of one unit.

    Parameters
    ----------
    cluster
        (plant,) position of the cluster.
    is_back_pressure
        (plant,) whether power follows heat.
    c_m, c_v
        (plant,) electric per heat on the back-pressure line; electric loss per heat.
    offset_mw
        (plant,) k of the back-pressure line [MW].
    max_heat_mw
        (plant,) largest heat [MW], always finite.
    eta_heat
        (plant,) heat per boiler load of a back-pressure turbine.
    """

    cluster: NDArray[np.int64]
    is_back_pressure: NDArray[np.bool_]
    c_m: Array
    c_v: Array
    offset_mw: Array
    max_heat_mw: Array
    eta_heat: Array

    def boiler_per_heat(self) -> Array:
        """Boiler load beyond power and extraction, (plant,) [MW/MW]."""
        return np.where(self.is_back_pressure, 1 / self.eta_heat, 0.0)

    def reserve_share(self, count: int) -> Array:
        """1 for clusters that may hold reserve, 0 for back-pressure turbines, (element,)."""
        share = np.ones(count)
        share[self.cluster[self.is_back_pressure]] = 0.0
        return share


def read_heat(case: Case, gen: pd.DataFrame, n_units: Array, max_mw: Array) -> tuple[HeatPlants, tuple[str, ...]]:
    """Heat plants of the clusters, and the heat zone that each cluster serves ('' for none).

    Raises
    ------
    InputError
        For clusters with a zone whose heat can't be known, and where commitment is off.
    """
    zone = gen["heat_zone"].astype(str).to_numpy()
    serves = (zone != "") & (case.settings.policy.chp_mode == "heat_zone")
    rows = np.flatnonzero(serves)
    _refuse(case, gen.loc[serves])
    table = gen.iloc[rows]
    back = (table["chp_kind"] == "back_pressure").to_numpy(bool)
    c_m, n = table["c_m"].to_numpy(float), n_units[rows]
    c_v = np.where(back, 0.0, table["c_v"].fillna(0.0).to_numpy(float))
    offset = np.where(back, 0.0, table["heat_offset_mw"].to_numpy(float) / n)
    # where both lines of the region meet there is no more heat
    corner = np.maximum(max_mw[rows] - offset, 0.0) / (c_m + c_v)
    given = table["max_heat_mw"].to_numpy(float) / n
    plants = HeatPlants(
        cluster=rows.astype(np.int64),
        is_back_pressure=back,
        c_m=c_m,
        c_v=c_v,
        offset_mw=offset,
        max_heat_mw=np.fmin(given, corner),
        eta_heat=table["eta_heat"].to_numpy(float),
    )
    return plants, tuple(np.where(serves, zone, "").tolist())


def _refuse(case: Case, gen: pd.DataFrame) -> None:
    faults = []
    for _, row in gen.iterrows():
        name = repr(str(row["name"]))
        if case.settings.unit_commitment == "off":
            message = "chp_mode 'heat_zone' needs unit_commitment 'relaxed' or 'integer'"
            faults.append(Fault(case.name, "gen", name, "heat_zone", message))
        if row["chp_kind"] == "":
            message = "a cluster with a heat zone must be 'extraction' or 'back_pressure' with chp_mode 'heat_zone'"
            faults.append(Fault(case.name, "gen", name, "chp_kind", message))
        if not np.isfinite(row["c_m"]):
            message = "is missing: chp_mode 'heat_zone' needs the back-pressure ratio"
            faults.append(Fault(case.name, "gen", name, "c_m", message))
    if faults:
        raise InputError(faults)


class HeatRegion:
    """Heat of the plants in a window.

    Attributes
    ----------
    heat : cvxpy.Variable
        (plant, step) [MW].
    """

    def __init__(self, part: Component[Any], plants: HeatPlants, n_units: Array) -> None:
        self.plants = plants
        count = plants.cluster.size
        most = plants.max_heat_mw * n_units[plants.cluster]
        self.heat = part.variable(0.0, most, rows=count).set_label("heat output [MW]")
        self._shape = (part.data.count, count)

    def _at_clusters(self, factor: Array) -> sp.csr_array:
        places = (self.plants.cluster, np.arange(self.plants.cluster.size))
        return sp.csr_array((factor, places), shape=self._shape)

    def rows(self, power: cp.Expression, power_low: cp.Expression, on: cp.Variable) -> list[cp.Constraint]:
        """The region of power and heat.

        Parameters
        ----------
        power
            Output p, (element, step) [MW].
        power_low
            Output less the reserve held for less generation, (element, step) [MW].
        on
            Units running.
        """
        plants = self.plants
        of = plants.cluster
        rows = [
            (self.heat <= cp.multiply(plants.max_heat_mw[:, None], on[of])).set_label(
                "largest heat of running units [MW]"
            )
        ]
        back, free = np.flatnonzero(plants.is_back_pressure), np.flatnonzero(~plants.is_back_pressure)
        if back.size:
            rows.append(
                (power[of[back]] == cp.multiply(plants.c_m[back][:, None], self.heat[back])).set_label(
                    "power that follows heat [MW]"
                )
            )
        if free.size:
            line = cp.multiply(plants.c_m[free][:, None], self.heat[free])
            line = line + cp.multiply(plants.offset_mw[free][:, None], on[of[free]])
            rows.append((power_low[of[free]] >= line).set_label("least power beside the heat [MW]"))
        return rows

    def heat_mw(self) -> cp.Expression:
        """Heat of all clusters, (element, step) [MW]."""
        return self._at_clusters(np.ones(self.plants.cluster.size)) @ self.heat

    def lost_power(self) -> cp.Expression:
        """Power lost to extraction, (element, step) [MW]."""
        return self._at_clusters(self.plants.c_v) @ self.heat

    def extra_boiler(self) -> cp.Expression:
        """Boiler load for the heat of back-pressure turbines, (element, step) [MW]."""
        return self._at_clusters(self.plants.boiler_per_heat()) @ self.heat
