r"""What is held at the end of a window, kept near a plan of the whole horizon.

The worth of a MWh that a plan tells holds where the plan stands.  Taken for any amount, a window whose energy costs a
little less than that fills a store to its top, and one whose energy costs a little more empties it: then the room, or
the energy, for what the window did not see is missing.  So the worth falls with the distance from the plan,

.. math:: \pi\,e_T - c\,|e_T - \hat e_T|,

with the planned level :math:`\hat e` and a caution :math:`c` [CNY/MWh]: holding more is worth :math:`\pi - c`, holding
less costs :math:`\pi + c`.
"""

from __future__ import annotations

import cvxpy as cp
import numpy as np

from gridopt.model.component import Array, Window

# Caution with what a plan tells, as a part of the energy price.
CAUTION = 0.25
# What a MWh beside the level is worth where one has to be met: more than any use of it but to keep the lights on.
AIM_CNY_PER_MWH = 1000.0


class NearPlan:
    """Distance of levels at a window's end from a plan.

    Parameters
    ----------
    planned
        (element, time) levels of the plan [MWh].
    furthest
        (element,) largest distance from it [MWh].
    caution
        What a MWh of distance costs, as a part of the energy price; nothing where a window ends the horizon.
    """

    def __init__(self, planned: Array, furthest: Array, caution: float) -> None:
        count = len(furthest)
        self._planned, self._caution = planned, caution
        # variables of their own: one whose bounds are parameters must not be multiplied with a price
        self.more, self.less = (cp.Variable(count, bounds=[0.0, furthest]) for _ in range(2))
        self.planned = cp.Parameter(count)
        self.caution = cp.Parameter(count, nonneg=True)

    def bind(self, window: Window) -> None:
        """Put in the plan at the window's end, and the caution with it [CNY/MWh]."""
        price = 0.0 if window.last else self._caution * abs(window.energy_price_cny_per_mwh)
        self.planned.value = self._planned[:, window.span.stop - 1]
        self.caution.value = np.full(len(self._planned), price)

    def aim(self, levels: Array, price: float) -> None:
        """Keep near other levels than the plan's at the end of the window bound last, for a price [CNY/MWh]."""
        self.planned.value, self.caution.value = levels, np.full(len(levels), price)

    def row(self, level: cp.Expression) -> cp.Constraint:
        """Distance of the levels (element,) from the plan."""
        return self.beyond() == level - self.planned

    def beyond(self) -> cp.Expression:
        """What is held beyond the plan, (element,) [MWh]."""
        return self.more - self.less

    def cost(self) -> cp.Expression:
        """What the distance takes from the worth of what is held [CNY]."""
        return self.caution @ (self.more + self.less)
