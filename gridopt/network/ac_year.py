"""AC power flow of many hours with lightsim2grid, within the reactive limits, losses taken off the demand.

Rounds: Newton's method solves each hour.  Sources that leave their reach are held at its end from then on and lose
their voltage; those that are no longer needed there get it back.  What the reference gives beyond its schedule (the
losses, in the first round) is taken off the demand in proportion.  An hour in which nothing changes is done.  Then
the switched shunts are set by whole steps for each group of hours, and all is solved again.  Hours that don't
converge go to pandapower (``gridopt.network.acflow``), the first twenty of them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

from gridopt.network.ac_grid import AcGrid, BoolArray, ComplexArray, FloatArray, IntArray, ac_grid
from gridopt.network.ac_rule import AcHours, in_steps
from gridopt.network.acflow import LIMIT_MVAR, ReferenceNet

if TYPE_CHECKING:
    from pandapower import pandapowerNet

Int8Array = NDArray[np.int8]

MAX_ROUNDS, RELEASING_ROUNDS = 40, 20  # after the latter sources stay at their limits, so that the rounds end
MAX_ITERATIONS = 20
TOLERANCE_PU = 1e-9  # power mismatch of Newton's method
SLACK_MW = 0.01  # what the reference may give beyond its schedule
RELEASE_PU = 1e-5  # a voltage this far on the good side of its set point sets its sources free
PANDAPOWER_HOURS = 20
HOURS_AT_ONCE = 1000  # bounds the memory of large nets


@dataclass(frozen=True, eq=False)
class AcYear:
    """Result of many hours; NaN where an hour doesn't converge or no slack reaches a bus.

    Attributes
    ----------
    grid : AcGrid
        Order of buses and branches.
    hours : AcHours
        What was solved, with the switched shunts that are in.
    converged : ndarray of bool, shape (time,)
        Whether a solution within the reactive limits was found.
    by_pandapower : ndarray of bool, shape (time,)
        Whether pandapower found it.
    vm_pu : ndarray of float, shape (bus, time)
        Voltages [pu].
    loading_percent : ndarray of float, shape (branch, time)
        Largest current of both ends over its rating [%]; NaN without a rating.
    losses_mw : ndarray of float, shape (time,)
        Losses of all branches [MW].
    slack_mw : ndarray of float, shape (time,)
        What the reference gives beyond its schedule [MW].
    source_mvar : ndarray of float, shape (bus, time)
        What the sources that hold the voltage give, at the first of fused buses [Mvar].
    at_limit : ndarray of int, shape (bus, time)
        1 where the sources of a bus give, −1 where they take, all they can; else 0.
    v_pu : ndarray of complex, shape (node, time)
        Voltages of the nodes [pu]; NaN also where pandapower found the solution.
    holds : ndarray of bool, shape (node, time)
        Nodes that hold their voltage.
    """

    grid: AcGrid
    hours: AcHours
    converged: BoolArray
    by_pandapower: BoolArray
    vm_pu: FloatArray
    loading_percent: FloatArray
    losses_mw: FloatArray
    slack_mw: FloatArray
    source_mvar: FloatArray
    at_limit: Int8Array
    v_pu: ComplexArray
    holds: BoolArray


def ac_year(net: pandapowerNet, hours: AcHours, group: IntArray | None = None, grid: AcGrid | None = None) -> AcYear:
    """Solve hours.

    Parameters
    ----------
    net : pandapowerNet
        It is not changed.
    hours : AcHours
        What stands at the buses.
    group : ndarray of int, shape (time,), optional
        Hours of a group share the steps of the switched shunts; without it every hour has its own.
    grid : AcGrid, optional
        That of the net, where it is there already.
    """
    grid = ac_grid(net) if grid is None else grid
    year = _all_hours(grid, hours)
    if hours.switched_mvar.any():
        group = np.arange(hours.count) if group is None else group
        year = _all_hours(grid, in_steps(hours, grid, year.source_mvar, group))
    _ask_pandapower(net, year)
    return year


def _all_hours(grid: AcGrid, hours: AcHours) -> AcYear:
    """Solve hours, some at once."""
    parts = np.array_split(np.arange(hours.count), max(1, -(-hours.count // HOURS_AT_ONCE)))
    years = [_result(grid, hours.of(part), _solve(grid, hours.of(part))) for part in parts]
    kept = ("grid", "hours")
    names = [field.name for field in fields(AcYear) if field.name not in kept]
    return AcYear(grid, hours, **{n: np.concatenate([getattr(year, n) for year in years], axis=-1) for n in names})


@dataclass(eq=False)
class _State:
    """Hours under way, all (node, time): scheduled and reactive power, reach, set points, voltages, what is limited."""

    p_mw: FloatArray
    share: FloatArray
    q_mvar: FloatArray
    low: FloatArray
    high: FloatArray
    level: FloatArray
    v: ComplexArray
    s_mva: ComplexArray
    limit: Int8Array
    converged: BoolArray

    @property
    def source_mvar(self) -> FloatArray:
        """What holds the voltages gives [Mvar]."""
        return np.asarray(self.s_mva.imag - self.q_mvar)

    def holds(self, todo: IntArray) -> BoolArray:
        """Which nodes hold their voltage in some of the hours."""
        reach = self.high[:, todo] - self.low[:, todo]
        return np.asarray((reach > LIMIT_MVAR) & (self.limit[:, todo] == 0))


def _start(grid: AcGrid, merged: sp.csc_matrix, hours: AcHours) -> _State:
    """Hours at their nodes, voltages at their set points, angles from the susceptances."""
    names = ("p_mw", "load_mw", "q_mvar", "min_q_mvar", "max_q_mvar")
    p, load, q, low, high = (grid.at_node(getattr(hours, name)) for name in names)
    low[grid.held_node], high[grid.held_node] = -np.inf, np.inf
    # where nothing holds any voltage, the reference does
    alone = np.ix_(grid.reference, np.flatnonzero((high - low <= LIMIT_MVAR).all(axis=0)))
    low[alone], high[alone] = -np.inf, np.inf

    total = load.sum(axis=0)
    v_reference = grid.merge[grid.reference, 0].toarray().ravel()
    level = np.full(grid.n_node, abs(v_reference[0]))
    own = np.isfinite(hours.vm_pu) & (grid.bus_node >= 0)
    level[grid.bus_node[own][::-1]] = hours.vm_pu[own][::-1]  # backwards, so that the first of fused buses counts
    level[grid.held_node] = grid.held_pu
    angle = np.zeros((merged.shape[0], hours.count))
    ones = abs(grid.merge).sign()
    angle[1:] = splu(sp.csc_matrix(-merged.imag[1:, 1:])).solve((ones.T @ p)[1:] / grid.base_mva)
    v = level[:, None] * np.exp(1j * (ones @ angle))
    v[grid.reference] = v_reference[:, None]
    return _State(
        p_mw=p,
        share=np.divide(load, total, out=np.zeros_like(load), where=total > 0),
        q_mvar=q - grid.steady_mva.imag[:, None],
        low=low,
        high=high,
        level=level,
        v=v,
        s_mva=np.zeros_like(v),
        limit=np.zeros(p.shape, dtype=np.int8),
        converged=np.zeros(hours.count, dtype=np.bool_),
    )


def _solve(grid: AcGrid, hours: AcHours) -> _State:
    """Rounds until no hour changes any more."""
    merged = sp.csc_matrix(grid.merge.conj().T @ grid.ybus @ grid.merge)
    merged.sum_duplicates()
    state, todo = _start(grid, merged, hours), np.arange(hours.count)
    for number in range(MAX_ROUNDS):
        _newton(grid, merged, state, todo)
        todo = todo[state.converged[todo]]
        changed = _hold_limits(state, todo, release=number < RELEASING_ROUNDS)
        slack = state.s_mva[:, todo].real.sum(axis=0) - state.p_mw[:, todo].sum(axis=0)
        lost = (np.abs(slack) > SLACK_MW) & (state.share[:, todo].sum(axis=0) > 0)
        state.p_mw[:, todo] += state.share[:, todo] * np.where(lost, slack, 0.0)
        changed |= lost
        todo = todo[changed]
        if not todo.size:
            break
    state.converged[todo] = False
    return state


def _newton(grid: AcGrid, merged: sp.csc_matrix, state: _State, todo: IntArray) -> None:
    """Voltages and powers of the hours `todo`.

    The loop over hours stands around a solver that takes a tenth of a millisecond: each hour has its own set of nodes
    that hold their voltage, which lightsim2grid's time series can't vary.
    """
    from lightsim2grid import algorithm

    solver_type = getattr(algorithm, "NRSing_KLU", algorithm.NRSing_SparseLU)
    # the solver's nodes: all references as one, then the others in their order
    order = np.concatenate([grid.reference[:1], np.setdiff1d(np.arange(grid.n_node), grid.reference)])
    low, high, limit, v = (values[:, todo] for values in (state.low, state.high, state.limit, state.v))
    holds = state.holds(todo)[order]
    fixed = np.where(limit > 0, high, np.where(limit < 0, low, 0.0))
    given = abs(grid.merge).sign().T @ (state.p_mw[:, todo] + 1j * (state.q_mvar[:, todo] + fixed)) / grid.base_mva
    start = np.where(holds, state.level[order, None] * np.exp(1j * np.angle(v[order])), v[order])
    start[0] /= grid.merge[grid.reference[0], 0]
    room = np.where(
        holds, np.minimum(high - state.source_mvar[:, todo], state.source_mvar[:, todo] - low)[order], -np.inf
    )
    # the reference as long as it holds its voltage, else the source with most room: it gives no power in the end
    slack = np.where(holds[0], 0, room.argmax(axis=0)).astype(np.int32)
    solver, weight, found = solver_type(), np.zeros(len(order)), np.zeros(start.shape, dtype=complex)
    for number, hour in enumerate(todo):
        here, held = slack[number : number + 1], holds[:, number].copy()
        state.converged[hour] = held[here[0]]
        if not held[here[0]]:  # nothing holds any voltage
            continue
        held[here], weight[:] = False, 0.0
        weight[here] = 1.0
        free = ~holds[:, number]
        pv, pq = (np.flatnonzero(mask).astype(np.int32) for mask in (held, free))
        state.converged[hour] = solver.compute_pf(
            merged, start[:, number].copy(), given[:, number].copy(), here, weight, pv, pq, MAX_ITERATIONS, TOLERANCE_PU
        )
        if state.converged[hour]:
            found[:, number] = solver.get_V()
        else:
            solver = solver_type()
    solved = state.converged[todo]
    state.v[:, todo[solved]] = grid.merge @ found[:, solved]
    v = state.v[:, todo]
    state.s_mva[:, todo] = v * np.conj(grid.ybus @ v) * grid.base_mva


def _hold_limits(state: _State, todo: IntArray, *, release: bool) -> BoolArray:
    """Fix sources that leave their reach at its end, free those that are back; which hours changed."""
    source, limit = state.source_mvar[:, todo], state.limit[:, todo]
    low, high = state.low[:, todo], state.high[:, todo]
    holds = state.holds(todo)
    over, under = holds & (source > high + LIMIT_MVAR), holds & (source < low - LIMIT_MVAR)
    new = np.where(over, 1, np.where(under, -1, limit)).astype(np.int8)
    if release:
        above = np.abs(state.v[:, todo]) - state.level[:, None]
        new[limit * above > RELEASE_PU] = 0
    state.limit[:, todo] = new
    return np.asarray((new != limit).any(axis=0))


def _result(grid: AcGrid, hours: AcHours, state: _State) -> AcYear:
    """Voltages by bus, loadings by branch; NaN where an hour didn't converge."""
    v = np.where(state.converged, state.v, np.nan)
    at_from, at_to = grid.yf @ v, grid.yt @ v
    lost = (v[grid.from_node] * at_from.conj() + v[grid.to_node] * at_to.conj()).real.sum(axis=0) * grid.base_mva
    rated = np.stack([grid.rated_from_pu, grid.rated_to_pu])[:, :, None]
    loading = 100.0 * (np.abs(np.stack([at_from, at_to])) / rated).max(axis=0)
    loading[np.isinf(rated).all(axis=0).ravel()] = np.nan
    source = np.where(state.converged, state.source_mvar, np.nan)
    bus, present = grid.bus_node, (grid.bus_node >= 0)[:, None]
    first = np.isin(np.arange(len(bus)), grid.first_bus)[:, None]
    return AcYear(
        grid=grid,
        hours=hours,
        converged=state.converged,
        by_pandapower=np.zeros(hours.count, dtype=np.bool_),
        vm_pu=np.where(present, np.abs(v)[bus], np.nan),
        loading_percent=loading,
        losses_mw=lost,
        slack_mw=np.where(state.converged, (state.s_mva.real - state.p_mw).sum(axis=0), np.nan),
        source_mvar=np.where(first, source[bus], 0.0),
        at_limit=np.where(present & state.converged, state.limit[bus], 0).astype(np.int8),
        v_pu=v,
        holds=state.holds(np.arange(hours.count)),
    )


def _ask_pandapower(net: pandapowerNet, year: AcYear) -> None:
    """Let pandapower try the first hours that don't converge; what it finds goes into the arrays."""
    failed = np.flatnonzero(~year.converged)[:PANDAPOWER_HOURS]
    if not failed.size:
        return
    reference = ReferenceNet(net, year.grid)
    for hour in failed:
        flow = reference.solve(year.hours, int(hour))
        if not flow.converged:
            continue
        year.converged[hour] = year.by_pandapower[hour] = True
        year.vm_pu[:, hour] = flow.vm_pu
        year.losses_mw[hour], year.slack_mw[hour] = flow.loss_mw, flow.slack_mw
        for element, loading in (("line", flow.line_loading_percent), ("trafo", flow.trafo_loading_percent)):
            mine = year.grid.element == element
            year.loading_percent[mine, hour] = loading.reindex(year.grid.element_index[mine])
        first = year.grid.first_bus
        low, high = (
            year.grid.at_first_bus(values[:, hour])[first] for values in (year.hours.min_q_mvar, year.hours.max_q_mvar)
        )
        given = flow.source_mvar.to_numpy()
        year.source_mvar[first, hour] = given
        ends = np.where(given >= high - LIMIT_MVAR, 1, np.where(given <= low + LIMIT_MVAR, -1, 0))
        year.at_limit[first, hour] = np.where(high - low > LIMIT_MVAR, ends, 0)
