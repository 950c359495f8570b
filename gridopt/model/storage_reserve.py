"""Which element of a component holds which reserve: one row of the reserve variable for every pair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.model.component import Array
from gridopt.model.reserve_product import ReserveProduct


@dataclass(frozen=True)
class ReserveSlots:
    """Pairs of a product and an element that may hold it.

    Parameters
    ----------
    products
        All products of the case.
    product, element
        (slot,) numbers of the pair.
    elements
        Number of elements of the component.

    Examples
    --------
    >>> up = ReserveProduct("up", "spinning", "up", 10.0, 2.0, np.zeros(1), 1000.0)
    >>> slots = ReserveSlots.of((up,), np.array([[True, False, True]]))
    >>> slots.sums("spinning", "up", by_duration=True).toarray()
    array([[2., 0.],
           [0., 0.],
           [0., 2.]])
    >>> slots.spread(np.array([[4.0], [5.0]]))[0, :, 0]
    array([4., 0., 5.])
    """

    products: tuple[ReserveProduct, ...]
    product: NDArray[np.int64]
    element: NDArray[np.int64]
    elements: int

    @classmethod
    def of(cls, products: tuple[ReserveProduct, ...], may_hold: NDArray[np.bool_]) -> ReserveSlots:
        """Slots of all pairs that are true in ``may_hold`` (product, element)."""
        product, element = np.nonzero(may_hold)
        return cls(products, product, element, may_hold.shape[1])

    @property
    def count(self) -> int:
        """Number of slots."""
        return int(self.product.size)

    def holders(self, kind: str, direction: str = "") -> NDArray[np.int64]:
        """Elements that may hold any product of a kind (and direction)."""
        return np.unique(self.element[self._chosen(kind, direction)])

    def sums(self, kind: str, direction: str = "", *, by_duration: bool = False) -> sp.csr_array:
        """Matrix (element, slot) that adds up products of a kind (and direction), or their energy [h]."""
        chosen = np.flatnonzero(self._chosen(kind, direction))
        duration = np.array([product.duration_h for product in self.products])
        weight = duration[self.product[chosen]] if by_duration else np.ones(chosen.size)
        return sp.csr_array((weight, (self.element[chosen], chosen)), shape=(self.elements, self.count))

    def of_product(self, product: ReserveProduct) -> Array:
        """Row (slot,) that adds up what all elements hold of a product."""
        names = np.array([each.name for each in self.products])
        return np.asarray(names[self.product] == product.name, dtype=float)

    def spread(self, values: Array) -> Array:
        """Values of the slots (slot, step) as (product, element, step), zero where there is none."""
        all_pairs = np.zeros((len(self.products), self.elements, values.shape[1]))
        all_pairs[self.product, self.element] = values
        return all_pairs

    def _chosen(self, kind: str, direction: str) -> NDArray[np.bool_]:
        fits = [each.kind == kind and direction in ("", each.direction) for each in self.products]
        return np.asarray(fits, dtype=bool)[self.product]
