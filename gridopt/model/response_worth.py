r"""What one MW more of a program of demand response saves.

The size :math:`\bar Y` of a program stands in every limit of its power, and so does the load behind it: a program
that is larger by the part :math:`1/\bar Y` has all of these limits larger by that part.  With the worth
:math:`w_i` of each limit :math:`g_i`, as long as energy in MWh and numbers of calls stay as they are, one MW more
saves :math:`\sum_i w_i g_i / \bar Y`.  Hours without an on-state are full hours: a MW more uses less of them for
the same response.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gridopt.model.algebra import one_over
from gridopt.model.worth import Array, ReducedCosts, of_lower, of_upper, price

if TYPE_CHECKING:
    from gridopt.model.response import Response


def program_worth(part: Response, reduced_costs: ReducedCosts, budget_price: Array) -> Array:
    """Saving of one MW more of each program, (program, step) [CNY/MW].

    Parameters
    ----------
    part
        A solved window.
    reduced_costs
        Of its variables.
    budget_price
        (budget, step) cost of one unit more use of each budget.
    """
    d, rows = part.data, part.size_rows
    duals = reduced_costs(part.active)
    saved = part.highest.value * of_upper(duals) - part.lowest.value * of_lower(duals)
    if d.shifting.size:
        duals = reduced_costs(part.open)
        balance = part.open_high.value * of_upper(duals) - part.open_low.value * of_lower(duals)
        back = part.most_raised.value * of_upper(reduced_costs(part.raised))
        saved[d.shifting] += balance + back + d.rated_mw[d.shifting, None] * price(rows["shift"])
    if part.with_states:
        saved[d.counted] += d.rated_mw[d.counted, None] * part.on.value * price(rows["on"])
    if not d.integer:
        saved += _full_hours(part, reduced_costs, budget_price)
    return saved * one_over(d.rated_mw)[:, None]


def _full_hours(part: Response, reduced_costs: ReducedCosts, budget_price: Array) -> Array:
    """Limits of hours where response itself counts: of an event, of a day, and of the year, (program, step) [CNY]."""
    d, rows = part.data, part.size_rows
    saved = np.zeros((d.count, part.steps))
    if part.by_event.size:
        shape = (part.by_event.size, part.steps)
        saved[part.by_event] += (part.event_limit * price(rows["event"])).reshape(shape, order="F")
    if part.by_day.size:
        limit = part.day_limit[:, None] * of_upper(reduced_costs(part.of_day))
        saved[part.by_day] += limit + part.day_reset.value * price(rows["day"])
    in_hours = np.array([limit.unit == "h" for limit in d.budgets], dtype=bool)
    if in_hours.any():
        cost = budget_price[in_hours] + price(rows["left"])[in_hours, None]
        saved += (d.use_per_mw[in_hours].T @ cost) * part.active.value
    return saved
