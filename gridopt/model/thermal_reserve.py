r"""Reserve held by running units of thermal clusters (formulation, section 2).

For every spinning product of the case and each cluster

.. math::
   0 \le r \le \min\!\big(RU\,\tfrac{\text{response}}{60},\; R^{max}\big)\,n, \qquad
   \sum_{\text{products}} r \le R^{max} n \;\text{ in each direction}

Upward reserve stands in the capacity and ramp-up rows, downward reserve in the ramp-down rows and in

.. math:: y - \sum r^{dn} \ge \text{floor} - \sum_b w_b\,(n - n^{heat})

Inertia is no variable: every running unit gives :math:`H S` MW s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

from gridopt.model.component import Array, Component

if TYPE_CHECKING:
    from gridopt.model.reserve_product import ReserveProduct
    from gridopt.model.thermal_data import ThermalData

_MW = 1e-6


def spinning(data: ThermalData, direction: str) -> tuple[ReserveProduct, ...]:
    """Spinning products of one direction."""
    return tuple(p for p in data.products if p.kind == "spinning" and p.direction == direction)


class HeldReserve:
    """Reserve of one direction in a window.

    Parameters
    ----------
    part
        The thermal component.
    products
        Products of this direction.
    room_mw
        (element,) most that one unit can change its output by [MW].
    ramp_mw_per_h
        (element,) of one unit.
    share
        (element,) 0 for clusters that may hold none, else 1.

    Attributes
    ----------
    held : cvxpy.Variable
        (product · element, step) [MW], one block of elements for each product.
    """

    def __init__(
        self,
        part: Component[Any],
        products: tuple[ReserveProduct, ...],
        room_mw: Array,
        ramp_mw_per_h: Array,
        share: Array,
    ) -> None:
        self.products = products
        self.count = part.data.count
        self.most_mw = np.fmin(part.data.max_reserve_mw, room_mw) * share
        response_h = np.array([product.response_min / 60 for product in products])
        self._each = np.minimum(response_h[:, None] * ramp_mw_per_h, self.most_mw).ravel()
        self._room = np.tile(room_mw, len(products))
        self._of_unit = np.tile(np.arange(self.count), len(products))
        self.held = part.variable(0.0, self._each * part.data.n_units[self._of_unit], rows=self._each.size)

    def rows(self, on: cp.Variable) -> list[cp.Constraint]:
        """No more than the running units reach in time, and than they may hold; what can't bind is left out."""
        rows = []
        tight = (len(self.products) > 1) & (self.most_mw < self._room[: self.count] - _MW)
        # a product that may take all that a unit may hold is limited by the sum already
        whole = tight[self._of_unit] & (self._each >= self.most_mw[self._of_unit])
        slow = np.flatnonzero((self._each < self._room - _MW) & (self._each > 0) & ~whole)
        if slow.size:
            rows.append(self.held[slow] <= cp.multiply(self._each[slow][:, None], on[self._of_unit[slow]]))
        if tight.any():
            rows.append(self.total()[tight] <= cp.multiply(self.most_mw[tight][:, None], on[tight]))
        return rows

    def total(self) -> cp.Expression:
        """Sum over the products, (element, step) [MW]."""
        return sp.csr_array(sp.hstack([sp.eye_array(self.count)] * len(self.products))) @ self.held

    def total_mw(self) -> Array:
        """Value of the sum over the products, (element, step) [MW]."""
        return np.asarray(self.held.value).reshape(len(self.products), self.count, -1).sum(axis=0)

    def of(self, product: ReserveProduct) -> slice:
        """Rows of a product."""
        first = [own.name for own in self.products].index(product.name) * self.count
        return slice(first, first + self.count)


def held_values(data: ThermalData, up: HeldReserve | None, down: HeldReserve | None, on: Array) -> Array:
    """What each cluster holds for each product of the case, (product, element, step) [MW], inertia [MW s]."""
    values = np.zeros((len(data.products), *on.shape))
    for k, product in enumerate(data.products):
        side = up if product.direction == "up" else down
        if product.kind == "inertia":
            values[k] = data.inertia_mws[:, None] * on
        elif product.kind == "spinning" and side is not None:
            values[k] = side.held.value[side.of(product)]
    return values
