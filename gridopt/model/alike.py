"""Elements that are alike run as one (``alike: together``).

Ten pumped storage plants of one kind behind the same interfaces are one plant to everything but the branches between
them.  As one element they take a tenth of the columns, and a solver no longer looks for the one of many equal ways to
share the work.  Each runs in proportion to its size then, which any schedule of the one allows: it can only cost more
than apart, where a branch inside the area binds or where losses differ between the buses.

Alike are elements of which all that the model reads is the same for each unit of size, that lie at the same place
for every interface and every limited bus, and that nothing else speaks of: no shared connection, no budget, no chain,
no whole unit.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.model.component import Array, ComponentData

if TYPE_CHECKING:
    from gridopt.model.system import FlowLimits

Numbers = NDArray[np.int64]
DataT = TypeVar("DataT", bound=ComponentData)

# Relative and absolute difference of what is the same: tables are rounded.
_SAME = 1e-6
# A factor of a limit below this is rounding [MW/MW].
_NO_FACTOR = 1e-9


def place_of(data: ComponentData, limits: FlowLimits, sums: sp.csr_array) -> Array:
    """What a MW of each element adds to every limit that is no single branch, and to every sum, (element, …).

    Parameters
    ----------
    data
        Data of a component.
    limits
        Limits of the network.
    sums
        (sum, node) nodes whose injection is added up elsewhere: balances, pilot zones.
    """
    first, nodes = limits.branch.size, data.nodes
    factors = np.vstack([limits.matrix[first:, : nodes.shape[0]] @ nodes, (sums @ nodes).toarray()]).T
    return np.where(np.abs(factors) > _NO_FACTOR, factors, 0.0)


def alike(data: ComponentData, place: Array) -> Numbers:
    """Number of the group of each element, (element,); those of one group are alike.

    Parameters
    ----------
    data
        Data of a component, all its elements apart.
    place
        (element, …) where each element is.
    """
    count = data.count
    if not data.amounts or not count:
        return np.arange(count)
    alone = data.alone() | ~(getattr(data, data.amounts[0]) > 0)
    compared = {name: values for name, values in _by_element(data).items() if name not in data.not_compared}
    unit = _size(data)[:, None]
    each = (values.reshape(count, -1) / (unit if name in data.amounts else 1.0) for name, values in compared.items())
    table = np.hstack([place, *each])
    number = np.arange(count)
    found: list[int] = []
    for element in np.flatnonzero(~alone).tolist():
        same = (first for first in found if np.allclose(table[element], table[first], _SAME, _SAME, equal_nan=True))
        number[element] = next(same, element)
        if number[element] == element:
            found.append(element)
    return np.unique(number, return_inverse=True)[1].astype(np.int64)


def together(data: DataT, number: Numbers) -> DataT:
    """The same data with the elements of each group as one.

    Parameters
    ----------
    data
        Data of a component, all its elements apart.
    number
        (element,) group of each element, counted from 0.
    """
    count, total = data.count, int(number.max(initial=-1)) + 1
    if total == count:
        return data
    belongs = sp.csr_array((np.ones(count), (np.arange(count), number)), shape=(count, total))
    size = _size(data)
    of_group = np.bincount(number, size)
    share = sp.csr_array((size / of_group[number], (np.arange(count), number)), shape=belongs.shape)
    first = np.unique(number, return_index=True)[1]
    merged: dict[str, Any] = {
        name: belongs.T @ values if name in data.amounts else values[first]
        for name, values in _by_element(data).items()
    }
    merged |= data.renumbered(first, number)
    return replace(data, share=share, nodes=sp.csr_array(data.nodes @ share), **merged)


def _size(data: ComponentData) -> Array:
    """Size of each element, 1 where it has none, (element,)."""
    size = getattr(data, data.amounts[0])
    return np.where(size > 0, size, 1.0)


def _by_element(data: ComponentData) -> dict[str, Array]:
    """All arrays (element, …) of the data but those of numbers of elements, by name."""
    values = {each.name: getattr(data, each.name) for each in fields(data) if each.name not in data.numbers}
    return {name: own for name, own in values.items() if isinstance(own, np.ndarray) and len(own) == data.count}
