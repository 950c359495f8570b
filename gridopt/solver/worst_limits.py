"""Which limits are worth a row: the worst of each hour and their other hours, of each branch the worst outage."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridopt.network.contingencies import OutageFactors
from gridopt.solver.program import Array

# A flow may exceed its limit by this much [MW]: the accuracy that the results promise.
FLOW_TOLERANCE_MW = 1e-3
_WORST_PER_HOUR = 8

Numbers = NDArray[np.int64]


def worst_per_hour(excess_mw: Array, most: int) -> tuple[Numbers, Numbers]:
    """Row and column of what exceeds the tolerance in (row, hour), no more than ``most`` in an hour (ties apart)."""
    excess = excess_mw
    if len(excess) > most:
        excess = np.where(excess < np.partition(excess, -most, axis=0)[-most], -np.inf, excess)
    row, hour = np.nonzero(excess > FLOW_TOLERANCE_MW)
    return row, hour


def with_other_hours(excess_mw: Array, limit: Numbers, hour: Numbers, few: int) -> tuple[Numbers, Numbers]:
    """Broken limits, and the same ones in all other hours if they are no more than ``few``.

    What is full in one hour is tried in the next ones, and each try is a run.  Where many are broken, a run finds many.

    Parameters
    ----------
    excess_mw
        (limit, time) by how much each is broken; minus infinity for what has a row or no limit [MW].
    limit, hour
        The broken ones.
    few
        Limits that come in all hours.

    Examples
    --------
    >>> excess = np.array([[5.0, -2.0, -1.0, -np.inf], [-3.0, -3.0, -3.0, -3.0]])
    >>> with_other_hours(excess, np.array([0]), np.array([0]), few=1)
    (array([0, 0, 0]), array([0, 1, 2]))
    >>> with_other_hours(excess, np.array([0]), np.array([0]), few=0)
    (array([0]), array([0]))
    """
    kinds = np.unique(limit)
    if kinds.size > few:
        return limit, hour
    kind, every = np.nonzero(np.isfinite(excess_mw[kinds]))
    return kinds[kind], every


def broken_after_outages(
    outages: OutageFactors, at_stake_mw: Array, known: tuple[Numbers, Numbers, Numbers]
) -> tuple[Numbers, Numbers, Numbers]:
    """Worst limits that are broken after outages: of each branch and hour one outage, of each hour some branches.

    Never more than the flows of one branch after all outages that could break its limit are held at once.

    Parameters
    ----------
    outages
        Flows after outages, and their limits.
    at_stake_mw
        (branch + power, time) flows before any outage, and powers at risk [MW].
    known
        Branch, outage and hour of the limits that have a row already.

    Returns
    -------
    tuple of ndarray
        Branch, outage and hour of each limit to be added.
    """
    shape = outages.network.n_branch, at_stake_mw.shape[1]
    excess, worst = np.full(shape, -np.inf), np.zeros(shape, dtype=np.int64)
    reachable = outages.largest_mw(at_stake_mw) > outages.limit_mw + FLOW_TOLERANCE_MW
    for row in np.flatnonzero(reachable.any(axis=1)):
        outage = np.flatnonzero(reachable[row])
        after = outages.combination(np.full(outage.size, row), outage) @ at_stake_mw
        over = np.abs(after) - outages.limit_mw[row, outage, None]
        mine = (known[0] == row) & reachable[row, known[1]]
        over[np.searchsorted(outage, known[1][mine]), known[2][mine]] = -np.inf
        first = over.argmax(axis=0)
        excess[row], worst[row] = over[first, np.arange(over.shape[1])], outage[first]
    branch, hour = worst_per_hour(excess, _WORST_PER_HOUR)
    return branch, worst[branch, hour], hour
