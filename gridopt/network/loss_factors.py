r"""What one more MW at a bus does to the losses of an AC power flow.

An hour is solved, the voltages :math:`v` are known.  With the admittances :math:`Y` all nodes together give
:math:`\sum_i \mathrm{Re}\,S_i`, :math:`S_i = v_i \overline{(Y v)_i}`, which is what the grid loses.  With angles and
logarithms of the voltages as states :math:`x` and the Jacobian :math:`J = \partial(P, Q) / \partial x` of Newton's
method,

.. math:: J^\top y = \nabla_x \sum_i \mathrm{Re}\,S_i, \qquad \mathrm{LF}_b = y_{P_b}

is the change of the losses per MW that is injected at b and taken away at the slack.  Nodes that hold their voltage
keep it, all others keep their reactive power.

Which node is the slack does not matter to the balance :math:`\sum_b (1 - \mathrm{LF}_b)\, q_b = c`, the tangent of all
injections that have a power flow: another one scales it.  It is scaled such that a MW taken away at the demand
(by given shares) changes the losses by nothing.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from gridopt.network.ac_grid import AcGrid, BoolArray, ComplexArray, FloatArray, IntArray
from gridopt.network.ac_year import AcYear

_HOURS_AT_ONCE = 500  # bounds the memory of the Jacobians


def linearised(year: AcYear) -> BoolArray:
    """Hours whose voltages are known: those that lightsim2grid has solved, (time,)."""
    return np.asarray(np.isfinite(year.v_pu).all(axis=0), dtype=np.bool_)


def branch_losses_mw(year: AcYear) -> FloatArray:
    """Losses of each branch, (branch, time) [MW]; NaN where the voltages are not known."""
    grid, v = year.grid, year.v_pu
    given = v[grid.from_node] * np.conj(grid.yf @ v) + v[grid.to_node] * np.conj(grid.yt @ v)
    return np.asarray(given.real * grid.base_mva)


def loss_factors(year: AcYear) -> FloatArray:
    """Loss factors of all buses, each hour against the slack of their island, (bus, time) [MW/MW].

    NaN where the voltages are not known, 0 at buses that no slack reaches.
    """
    grid = year.grid
    present = grid.bus_node >= 0
    factors = np.where(linearised(year), 0.0, np.full((len(grid.bus_node), year.v_pu.shape[1]), np.nan))
    known = np.flatnonzero(linearised(year))
    for hours in np.array_split(known, max(1, -(-known.size // _HOURS_AT_ONCE))):
        at_node = _node_factors(grid, year.v_pu[:, hours], year.holds[:, hours])
        factors[np.ix_(present, hours)] = at_node[grid.bus_node[present]]
    return factors


def referred_to(factors: FloatArray, share: FloatArray, island: IntArray) -> FloatArray:
    """The same tangents, scaled such that power taken away by given shares of each island loses nothing.

    Parameters
    ----------
    factors : ndarray of float, shape (node, time)
        Loss factors against any slack.
    share : ndarray of float, shape (node,)
        Adds up to 1 in each island.
    island : ndarray of int, shape (node,)
        Number of the island of each node.

    Examples
    --------
    A line from a plant to a town loses 5 % of what the plant adds.  Seen from the town, the plant is worth 0.95; seen
    from the plant, the town 1 / 0.95.

    >>> against_town = np.array([[0.05], [0.0]])
    >>> against_plant = referred_to(against_town, np.array([1.0, 0.0]), np.array([0, 0]))
    >>> (1.0 - against_plant).ravel().round(4)
    array([1.    , 1.0526])
    """
    kept = 1.0 - factors
    of_island = sp.csr_array((share, (island, np.arange(share.size))))
    return np.asarray(1.0 - kept / np.asarray(of_island @ kept)[island])


def _node_factors(grid: AcGrid, v_pu: ComplexArray, holds: BoolArray) -> FloatArray:
    """Loss factors of the AC nodes in some hours, (node, time)."""
    ones = abs(grid.merge).sign()
    solver_node = np.asarray(ones.argmax(axis=1)).ravel()
    count, first = grid.merge.shape[1], np.asarray(ones.argmax(axis=0)).ravel()
    u = v_pu[first] / np.asarray(grid.merge[first, np.arange(count)]).reshape(-1, 1)
    held = np.asarray(ones.T @ holds, dtype=np.bool_)
    slack = held.argmax(axis=0)
    merged = sp.coo_matrix(grid.merge.conj().T @ grid.ybus @ grid.merge)
    fixed = np.concatenate([np.arange(count)[:, None] == slack, held])
    entries, gradient, (row, start) = _jacobians(merged, u, fixed)
    factors = np.empty((count, u.shape[1]))
    for hour, values in enumerate(np.ascontiguousarray(entries.T)):
        transposed = sp.csc_matrix((values, row, start), shape=(2 * count, 2 * count))
        factors[:, hour] = splu(transposed).solve(gradient[:, hour])[:count]
    return factors[solver_node]


def _jacobians(
    admittance: sp.coo_matrix, u: ComplexArray, fixed: BoolArray
) -> tuple[FloatArray, FloatArray, tuple[IntArray, IntArray]]:
    """Transposed Jacobians of all hours in one pattern, and the gradients of the losses.

    Rows of the Jacobian are P and Q of the nodes, columns angles and logarithms of the voltages; rows and columns of
    ``fixed`` states (state, time) are those of the unit matrix.

    Returns
    -------
    tuple
        Entries (entry, time) of the transposed matrices in CSC order, gradients (state, time), and row numbers and
        column starts of the pattern.
    """
    states, row, column = 2 * len(u), admittance.row, admittance.col
    flow = u[row] * np.conj(admittance.data[:, None] * u[column])
    power = np.zeros_like(u)
    np.add.at(power, row, flow)
    # dS/dθ = j (diag(S) − M) and dS/d ln|u| = diag(S) + M with M = diag(u) conj(Y diag(u))
    entries = np.concatenate(
        [flow.imag, flow.real, -flow.real, flow.imag, -power.imag, power.real, power.real, power.imag]
    )
    blocks = [(row, column), (np.arange(len(u)), np.arange(len(u)))]
    of_power, of_state = (
        np.concatenate([block[k] + len(u) * second[k] for block in blocks for second in np.ndindex(2, 2)])
        for k in (0, 1)
    )
    active = np.flatnonzero(of_power < len(u))
    add = sp.csr_array((np.ones(active.size), (of_state[active], active)), shape=(states, of_power.size))
    gradient = np.where(fixed, 0.0, add @ entries)
    entries = np.where(fixed[of_power] | fixed[of_state], 0.0, entries)
    places, position = np.unique(of_power * states + of_state, return_inverse=True)
    entries = np.asarray(sp.csr_array((np.ones(position.size), (position, np.arange(position.size)))) @ entries)
    of_power, of_state = np.divmod(places, states)
    diagonal = np.flatnonzero(of_power == of_state)
    entries[diagonal] = np.where(fixed[of_power[diagonal]], 1.0, entries[diagonal])
    return entries, np.asarray(gradient), (of_state, np.searchsorted(of_power, np.arange(states + 1)))
