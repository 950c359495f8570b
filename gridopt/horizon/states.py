r"""Multipliers of states that outlive a window, from a plan of the whole horizon.

Water in a reservoir is worth the same in all hours between two in which the reservoir is full or empty.  Every window
values it by itself, a little differently from its neighbours; where two meet, the proof loses the difference times all
that the reservoir could hold.  The plan has one price for both, so the state equations of the window,

.. math:: E_t - E_{t-1} - \dots = \dots ,

take its worth :math:`\pi_t` of a unit more for their multipliers.  All other multipliers are chosen anew around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from gridopt.model.component import PlannedWorth
from gridopt.solver.dual_bound import Rows


def with_planned_worth(rows: Rows, first_column: Mapping[int, int], planned: Sequence[PlannedWorth]) -> Rows:
    r"""Give state equations the multipliers that a plan has for them.

    Parameters
    ----------
    rows
        Rows of a window's problem.
    first_column
        First column of every variable, by its id.
    planned
        States with what the plan says of their worth.

    Returns
    -------
    Rows
        With multipliers :math:`-\pi_t / a` where :math:`a` is the coefficient of the later level.
    """
    dual = rows.dual.copy()
    equal = rows.lower == rows.upper
    for each in planned:
        count, steps = each.state.shape
        first = first_column[each.state.id]
        own = sp.csr_array(rows.matrix[:, first : first + count * steps])
        own.sort_indices()
        row = np.flatnonzero(equal & (np.diff(own.indptr) == 2))
        earlier, later = own.indices[own.indptr[row]], own.indices[own.indptr[row] + 1]
        linked = later - earlier == count  # the same element, one step later
        row, later = row[linked], later[linked]
        worth = each.worth[later % count, later // count]
        told = np.isfinite(worth)
        dual[row[told]] = -worth[told] / own.data[own.indptr[row[told]] + 1]
    return replace(rows, dual=dual)
