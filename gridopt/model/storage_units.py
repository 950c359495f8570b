r"""Units of pumped hydro, and stores that either charge or discharge (formulation, section 2).

With whole units (``unit_commitment: integer``) a plant of :math:`N` units has :math:`k` units pumping, :math:`g`
generating, and is in one mode :math:`z` as a whole:

.. math::
   c = k\,C/N \;(\text{fixed speed}) \quad\text{or}\quad c \le k\,C/N, \qquad
   \mu\,g\,D/N \le d \le g\,D/N, \qquad k \le N z,\; g \le N (1-z)

Other stores that must not do both at once have a mode :math:`m \in [0, 1]` with :math:`c \le C m`,
:math:`d \le D (1-m)`; it becomes 0 or 1 in those hours only in which the solution found does both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

from gridopt.model.algebra import every_step
from gridopt.model.component import Array
from gridopt.model.worth import price

if TYPE_CHECKING:
    from gridopt.model.storage_data import StorageData

# Both directions above this power are a mixture of modes [MW].
AT_ONCE_MW = 1e-3


class StorageUnits:
    """Counts of units, modes, and the rows that tie charge and discharge to them.

    Parameters
    ----------
    data
        All stores.
    steps
        Length of the window.
    """

    def __init__(self, data: StorageData, steps: int) -> None:
        self.data, self.steps = data, steps
        self.counted: NDArray[np.int64] = np.flatnonzero(data.counted)
        self.moded: NDArray[np.int64] = np.flatnonzero(data.exclusive & ~data.counted)
        if self.counted.size:
            shape = (self.counted.size, steps)
            most = every_step(data.n_units[self.counted], steps)
            none = np.zeros(shape)
            self.pumps = cp.Variable(shape, bounds=[none, most], integer=True)
            self.turbines = cp.Variable(shape, bounds=[none, most], integer=True)
            self.pumping = cp.Variable(shape, bounds=[none, np.ones(shape)], integer=True)
        if self.moded.size:
            shape = (self.moded.size, steps)
            self.mode = cp.Variable(shape, bounds=[np.zeros(shape), np.ones(shape)])

    def constraints(self, charge: cp.Variable, discharge: cp.Variable) -> list[cp.Constraint]:
        """Rows of counts and modes."""
        d, rows = self.data, []
        # rows in which the power of a store stands
        self._pumped: list[tuple[NDArray[np.int64], cp.Constraint]] = []
        if self.counted.size:
            of, n = self.counted, d.n_units[self.counted][:, None]
            pumped = cp.multiply((d.charge_mw / d.n_units)[of][:, None], self.pumps)
            given = cp.multiply((d.discharge_mw / d.n_units)[of][:, None], self.turbines)
            fixed, free = np.flatnonzero(d.fixed_speed[of]), np.flatnonzero(~d.fixed_speed[of])
            least = np.flatnonzero(d.min_discharge_pu[of] > 0)
            if fixed.size:
                self._pumped.append((fixed, charge[of[fixed]] == pumped[fixed]))
            if free.size:
                self._pumped.append((free, charge[of[free]] <= pumped[free]))
            rows += [row for _, row in self._pumped]
            self._least, self._given = None, discharge[of] <= given
            if least.size:
                smallest = cp.multiply(d.min_discharge_pu[of[least]][:, None], given[least])
                self._least = discharge[of[least]] >= smallest
                rows.append(self._least)
            rows.append(self._given)
            rows.append(self.pumps <= cp.multiply(n, self.pumping))
            rows.append(self.turbines + cp.multiply(n, self.pumping) <= np.repeat(n, self.steps, axis=1))
        if self.moded.size:
            of = self.moded
            most = every_step(d.discharge_mw[of], self.steps)
            self._charging = charge[of] <= cp.multiply(d.charge_mw[of][:, None], self.mode)
            self._discharging = discharge[of] + cp.multiply(d.discharge_mw[of][:, None], self.mode) <= most
            rows += [self._charging, self._discharging]
        return rows

    def worth(self) -> tuple[Array, Array]:
        """What one MW more of charging and of discharging power saves in these rows, each (element, step) [CNY/MW]."""
        d = self.data
        charging, discharging = np.zeros((2, d.count, self.steps))
        if self.counted.size:
            of, n = self.counted, d.n_units[self.counted][:, None]
            for rows, limit in self._pumped:
                charging[of[rows]] = price(limit) * self.pumps.value[rows] / n[rows]
            discharging[of] = price(self._given) * self.turbines.value / n
            if self._least is not None:
                rows = np.flatnonzero(d.min_discharge_pu[of] > 0)
                held = d.min_discharge_pu[of[rows]][:, None] * self.turbines.value[rows] / n[rows]
                discharging[of[rows]] -= price(self._least) * held
        if self.moded.size:
            charging[self.moded] = price(self._charging) * self.mode.value
            discharging[self.moded] = price(self._discharging) * (1.0 - self.mode.value)
        return charging, discharging

    def to_separate(self, charge_mw: Array, discharge_mw: Array) -> list[tuple[cp.Variable, NDArray[np.bool_]]]:
        """Modes of the hours in which a store both charges and discharges."""
        if not self.moded.size:
            return []
        both = np.minimum(charge_mw, discharge_mw)[self.moded] > AT_ONCE_MW
        return [(self.mode, both)] if both.any() else []

    def counts(self, units: str) -> Array:
        """Pumping or generating units (element, step), NaN where they are not counted."""
        values = np.full((self.data.count, self.steps), np.nan)
        if self.counted.size:
            values[self.counted] = getattr(self, units).value
        return values
