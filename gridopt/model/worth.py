r"""What one unit more of a capacity saves, read from the duals of a solved window (formulation, section 4).

With the capacity :math:`K` in right-hand sides, coefficients and limits of columns, the derivative of the optimal
cost :math:`V` is that of the Lagrangian at the optimum,

.. math::
   -\frac{dV}{dK} = \sum_i y_i \Big(\frac{\partial b_i}{\partial K} - \sum_j \frac{\partial a_{ij}}{\partial K} x_j\Big)
   + \sum_j \Big(r^+_j \frac{\partial \overline x_j}{\partial K} - r^-_j \frac{\partial \underline x_j}{\partial K}\Big)

with the price :math:`y_i \ge 0` of the row :math:`\sum_j a_{ij} x_j \le b_i` and the worth :math:`r^+, r^-` of the
upper and lower limits of the columns.  Every component that has a capacity puts its places together in ``worth``.
"""

from __future__ import annotations

from collections.abc import Callable

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Reduced costs of a variable in the solution found, in its shape.
ReducedCosts = Callable[[cp.Variable], Array]


def of_upper(reduced_costs: Array) -> Array:
    """What a column saves per unit by which its upper limit rises.

    Examples
    --------
    >>> of_upper(np.array([-3.0, 0.0, 2.0])).tolist()
    [3.0, 0.0, 0.0]
    """
    return np.maximum(-reduced_costs, 0.0)


def of_lower(reduced_costs: Array) -> Array:
    """What a column saves per unit by which its lower limit falls.

    Examples
    --------
    >>> of_lower(np.array([-3.0, 0.0, 2.0])).tolist()
    [0.0, 0.0, 2.0]
    """
    return np.maximum(reduced_costs, 0.0)


def price(row: cp.Constraint) -> Array:
    """Dual of a row in its shape: what is saved per unit of slack; of an equation with its sign."""
    return np.asarray(row.dual_value, dtype=float)
