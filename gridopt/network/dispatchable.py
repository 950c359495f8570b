"""What a plain pandapower net lets be dispatched, at what cost, and what it holds fixed, as in ``rundcopp``.

Every row becomes one injection ``p`` [MW, positive into the grid] between two limits with a convex cost
[CNY/h]::

    cost(p) = cp0 + cp1 · p + cp2 · p² + max_k (slope_k · p + intercept_k)      k: segments of the row, if any

=========  =============================  =========================================================
element    dispatched when                limits of p
=========  =============================  =========================================================
ext_grid   in service                     min_p_mw … max_p_mw
gen        in service                     min_p_mw … max_p_mw; p_mw where not controllable
sgen       in service and ``controllable``min_p_mw … max_p_mw
load       in service and ``controllable``−max_p_mw … −min_p_mw
storage    in service and ``controllable``−max_p_mw … −min_p_mw
dcline     in service                     at the to bus, see below
=========  =============================  =========================================================

A missing limit is infinite (pandapower writes 1e9 MW). All other loads, static generators, storages, motors
and the constant power of wards are fixed injections. What pandapower does, and is kept here, though it may
surprise:

- ``scaling`` is ignored for whatever is dispatched, also for the fixed ``p_mw`` of a gen that is not
  controllable.
- The output of a static generator that is not controllable is clipped to its own limits.
- Costs of loads, storages and DC lines are multiplied by −1 and then taken of the *injection*: a linear cost
  is thus per MWh consumed (or drawn from the from bus), a constant changes its sign, and the points of a
  ``pwl_cost`` stand on the injection axis.
- In a net with any ``pwl_cost``, all constants ``cp0_eur`` are dropped.
- In a net without any cost, every dispatched MW costs 1.
- A DC line with ``p_mw`` > 0 may carry 0 … ``max_p_mw`` from its from bus to its to bus, any other the
  reverse. With ``p`` at the to bus, ``−(1 + loss_percent/100) · p − loss_mw`` is injected at the from bus.

Costs are in the currency of the net, which gridopt reads as CNY.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gridopt.network.costs import Costs, dispatch_costs

if TYPE_CHECKING:
    import pandas as pd
    from pandapower import pandapowerNet

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
StrArray = NDArray[np.str_]

#: Tables whose rows are dispatched, with the sign of their ``p_mw`` as an injection.
DISPATCHED = {"ext_grid": 1.0, "gen": 1.0, "sgen": 1.0, "load": -1.0, "storage": -1.0}

#: Tables that have to be ``controllable`` to be dispatched, and are fixed injections otherwise.
OPTIONAL = ("sgen", "load", "storage")


@dataclass(frozen=True, eq=False)
class Dispatchable:
    """Everything that is dispatched, and everything that is fixed; arrays in the order of their rows.

    Attributes
    ----------
    element : ndarray of str, shape (row,)
        Table: ext_grid, gen, sgen, load, storage or dcline.
    element_index : ndarray of int, shape (row,)
        Row label in that table.
    bus : ndarray of int, shape (row,)
        Bus id where p is injected (to bus of a DC line).
    min_p_mw, max_p_mw : ndarray of float, shape (row,)
        Limits of the injection p [MW]; infinite where the net gives none.
    partner_bus : ndarray of int, shape (row,)
        From bus of a DC line, −1 for all else.
    partner_gain, partner_offset_mw : ndarray of float, shape (row,)
        Injection at the partner bus is ``partner_gain · p + partner_offset_mw`` [MW]; zero for all else.
    cp0, cp1, cp2 : ndarray of float, shape (row,)
        Cost polynomial of p [CNY/h, CNY/MWh, CNY/MW²h].
    segment_row : ndarray of int, shape (segment,)
        Row of each piece of a piecewise linear cost, pieces of a row in rising order.
    segment_lower_mw, segment_upper_mw : ndarray of float, shape (segment,)
        Where the piece applies [MW]; the outermost pieces hold beyond their ends.
    segment_slope, segment_intercept : ndarray of float, shape (segment,)
        The piece is ``slope · p + intercept`` [CNY/MWh, CNY/h]; for convex costs the largest piece is the
        cost.
    fixed_element : ndarray of str, shape (fixed,)
        Table of each fixed injection: load, sgen, storage, motor, ward or xward.
    fixed_index, fixed_bus : ndarray of int, shape (fixed,)
        Row label and bus id.
    fixed_mw : ndarray of float, shape (fixed,)
        Fixed injection, positive into the grid [MW].
    bus_index : ndarray of int, shape (bus,)
        Bus ids of the net, in the order of ``net.bus``.
    notes : tuple of str
        Where pandapower's reading may surprise in this very net.
    """

    element: StrArray
    element_index: IntArray
    bus: IntArray
    min_p_mw: FloatArray
    max_p_mw: FloatArray
    partner_bus: IntArray
    partner_gain: FloatArray
    partner_offset_mw: FloatArray
    cp0: FloatArray
    cp1: FloatArray
    cp2: FloatArray
    segment_row: IntArray
    segment_lower_mw: FloatArray
    segment_upper_mw: FloatArray
    segment_slope: FloatArray
    segment_intercept: FloatArray
    fixed_element: StrArray
    fixed_index: IntArray
    fixed_bus: IntArray
    fixed_mw: FloatArray
    bus_index: IntArray
    notes: tuple[str, ...]

    @property
    def fixed_injection_mw(self) -> FloatArray:
        """Sum of the fixed injections of each bus, shape (bus,), in the order of ``bus_index`` [MW]."""
        order = np.argsort(self.bus_index)
        position = order[np.searchsorted(self.bus_index, self.fixed_bus, sorter=order)]
        return np.bincount(position, self.fixed_mw, len(self.bus_index)).astype(np.float64)


@dataclass(frozen=True, eq=False)
class _Rows:
    """Part of a ``Dispatchable``: the rows of one table, before costs."""

    element: str
    index: IntArray
    bus: IntArray
    lower: FloatArray
    upper: FloatArray
    partner_bus: IntArray
    partner_gain: FloatArray
    partner_offset: FloatArray


def dispatchable(net: pandapowerNet, claimed: Mapping[str, set[int]] | None = None) -> Dispatchable:
    """Read what can be dispatched from a plain net, exactly as ``pandapower.rundcopp`` would.

    Parameters
    ----------
    net : pandapowerNet
        Free of what ``gridopt.network.supported.unsupported`` reports; it is left untouched.
    claimed : mapping of str to set of int, optional
        Rows per table that some component models itself: neither dispatched nor fixed here, and without cost.

    Returns
    -------
    Dispatchable
    """
    claimed = claimed or {}
    rows = [_element_rows(net, element, claimed) for element in DISPATCHED]
    rows.append(_dcline_rows(net, claimed))
    element = np.concatenate([np.full(len(part.index), part.element, dtype="<U8") for part in rows])
    element_index = np.concatenate([part.index for part in rows])
    gain = np.concatenate([part.partner_gain for part in rows])
    offset = np.concatenate([part.partner_offset for part in rows])
    costs: Costs = dispatch_costs(
        net, element, element_index, gain, offset, others_have_costs=_claims_dispatched(net, claimed)
    )
    fixed = [_fixed_rows(net, table, claimed) for table in ("load", "sgen", "storage", "motor", "ward", "xward")]
    return Dispatchable(
        element=element,
        element_index=element_index,
        bus=np.concatenate([part.bus for part in rows]),
        min_p_mw=np.concatenate([part.lower for part in rows]),
        max_p_mw=np.concatenate([part.upper for part in rows]),
        partner_bus=np.concatenate([part.partner_bus for part in rows]),
        partner_gain=gain,
        partner_offset_mw=offset,
        cp0=costs.cp0,
        cp1=costs.cp1,
        cp2=costs.cp2,
        segment_row=costs.segment_row,
        segment_lower_mw=costs.segment_lower_mw,
        segment_upper_mw=costs.segment_upper_mw,
        segment_slope=costs.segment_slope,
        segment_intercept=costs.segment_intercept,
        fixed_element=np.concatenate([np.full(len(index), table, dtype="<U8") for table, index, _, _ in fixed]),
        fixed_index=np.concatenate([index for _, index, _, _ in fixed]),
        fixed_bus=np.concatenate([bus for _, _, bus, _ in fixed]),
        fixed_mw=np.concatenate([power for _, _, _, power in fixed]),
        bus_index=net["bus"].index.to_numpy(dtype=np.int64),
        notes=costs.notes + _notes(net, rows),
    )


def in_service(net: pandapowerNet, element: str) -> BoolArray:
    """Rows of a table that are in service at a bus (both buses of a DC line) that is in service."""
    table = net[element]
    live_bus = net["bus"]["in_service"].astype(bool)
    columns = [name for name in ("bus", "from_bus", "to_bus") if name in table]
    mask: BoolArray = table["in_service"].to_numpy(dtype=np.bool_)
    for column in columns:
        mask = mask & live_bus.reindex(table[column], fill_value=False).to_numpy(dtype=np.bool_)
    return mask


def controllable(table: pd.DataFrame, element: str) -> BoolArray:
    """Whether pandapower takes the rows as controllable; by default loads, sgens and storages are not."""
    if element == "gen" and "controllable" in table:
        # Not fillna(True): pandapower takes the truth value of whatever stands there, and that of NaN is
        # True.
        return table["controllable"].to_numpy().astype(np.bool_)
    if element in OPTIONAL:
        if "controllable" not in table:
            return np.zeros(len(table), dtype=np.bool_)
        values = table["controllable"].astype("object")
        return values.where(values.notna(), False).to_numpy().astype(np.bool_)
    return np.ones(len(table), dtype=np.bool_)


def _claims_dispatched(net: pandapowerNet, claimed: Mapping[str, set[int]]) -> bool:
    """Whether a claimed row would otherwise be dispatched here (fixed loads, for one, would not)."""
    return any(
        bool(
            (in_service(net, element) & controllable(net[element], element))[
                ~_free(net[element], element, claimed)
            ].any()
        )
        for element in (*DISPATCHED, "dcline")
    )


def _limit(table: pd.DataFrame, column: str, default: float) -> FloatArray:
    """A column of limits with its missing values filled in."""
    if column not in table:
        return np.full(len(table), default)
    values = table[column].to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isnan(values), default, values)


def _free(table: pd.DataFrame, element: str, claimed: Mapping[str, set[int]]) -> BoolArray:
    """Rows that no component has claimed."""
    return ~table.index.isin(sorted(claimed.get(element, ())))


def _element_rows(net: pandapowerNet, element: str, claimed: Mapping[str, set[int]]) -> _Rows:
    """Dispatched rows of a table with one bus."""
    table = net[element]
    free = controllable(table, element)
    rows = in_service(net, element) & _free(table, element, claimed)
    lower, upper = _limit(table, "min_p_mw", -np.inf), _limit(table, "max_p_mw", np.inf)
    if element in OPTIONAL:
        rows &= free
    elif element == "gen":
        fixed_mw = table["p_mw"].to_numpy(dtype=np.float64)
        lower, upper = np.where(free, lower, fixed_mw), np.where(free, upper, fixed_mw)
    if DISPATCHED[element] < 0:
        lower, upper = -upper, -lower
    n = np.count_nonzero(rows)
    return _Rows(
        element=element,
        index=table.index.to_numpy(dtype=np.int64)[rows],
        bus=table["bus"].to_numpy(dtype=np.int64)[rows],
        lower=lower[rows],
        upper=upper[rows],
        partner_bus=np.full(n, -1, dtype=np.int64),
        partner_gain=np.zeros(n),
        partner_offset=np.zeros(n),
    )


def _dcline_rows(net: pandapowerNet, claimed: Mapping[str, set[int]]) -> _Rows:
    """DC lines: one injection at the to bus that fixes the one at the from bus."""
    rows = in_service(net, "dcline") & _free(net["dcline"], "dcline", claimed)
    table = net["dcline"][rows]
    forward = table["p_mw"].to_numpy(dtype=np.float64) > 0
    largest = _limit(table, "max_p_mw", np.inf)
    loss_mw = table["loss_mw"].to_numpy(dtype=np.float64)
    gain = -(1.0 + table["loss_percent"].to_numpy(dtype=np.float64) / 100.0)
    lower, upper = np.where(forward, 0.0, -largest), np.where(forward, largest, 0.0)
    # The same limits hold, mirrored, for what the from bus takes out of the grid: lower ≤ −gain · p + loss ≤
    # upper.
    return _Rows(
        element="dcline",
        index=table.index.to_numpy(dtype=np.int64),
        bus=table["to_bus"].to_numpy(dtype=np.int64),
        lower=np.maximum(lower, (lower - loss_mw) / -gain),
        upper=np.minimum(upper, (upper - loss_mw) / -gain),
        partner_bus=table["from_bus"].to_numpy(dtype=np.int64),
        partner_gain=gain,
        partner_offset=-loss_mw,
    )


def _fixed_rows(
    net: pandapowerNet, element: str, claimed: Mapping[str, set[int]]
) -> tuple[str, IntArray, IntArray, FloatArray]:
    """Fixed injections of one table."""
    table = net[element]
    rows = in_service(net, element) & _free(table, element, claimed)
    if element in OPTIONAL:
        rows &= ~controllable(table, element)
    index, bus = table.index.to_numpy(dtype=np.int64)[rows], table["bus"].to_numpy(dtype=np.int64)[rows]
    return element, index, bus, fixed_power_mw(table, element)[rows]


def fixed_power_mw(table: pd.DataFrame, element: str) -> FloatArray:
    """Constant injection of the rows of a table in pandapower's OPF [MW], shape (row,)."""
    if element in ("ward", "xward"):
        return -table["ps_mw"].to_numpy(dtype=np.float64)
    if element == "motor":
        shaft = table["pn_mech_mw"] * table["loading_percent"] / 100.0 * table["scaling"]
        return -(shaft / table["efficiency_percent"] * 100.0).to_numpy(dtype=np.float64)
    power, scaling = table["p_mw"].to_numpy(dtype=np.float64), table["scaling"].to_numpy(dtype=np.float64)
    if element == "sgen":
        power = np.clip(power, _limit(table, "min_p_mw", -np.inf), _limit(table, "max_p_mw", np.inf))
    return np.asarray((1.0 if element == "sgen" else -1.0) * power * scaling)


def _notes(net: pandapowerNet, rows: list[_Rows]) -> tuple[str, ...]:
    """Rows whose scaling pandapower's OPF leaves aside."""
    notes = []
    for part in rows:
        table = net[part.element].loc[part.index]
        if "scaling" in table and (table["scaling"] != 1.0).any():
            labels = ", ".join(str(index) for index in table.index[table["scaling"] != 1.0])
            notes.append(f"{part.element} {labels}: scaling is ignored in dispatch, as in rundcopp")
    return tuple(notes)
