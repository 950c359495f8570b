"""Costs of dispatched rows, from ``poly_cost`` and ``pwl_cost``, with pandapower's signs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd
    from pandapower import pandapowerNet

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
StrArray = NDArray[np.str_]

#: Elements whose costs pandapower multiplies by −1.
NEGATED = ("load", "storage", "dcline")

POLYNOMIAL = ("cp0_eur", "cp1_eur_per_mw", "cp2_eur_per_mw2")


@dataclass(frozen=True, eq=False)
class Costs:
    """Costs of the injection of dispatched rows; shapes and units as in ``Dispatchable``."""

    cp0: FloatArray
    cp1: FloatArray
    cp2: FloatArray
    segment_row: IntArray
    segment_lower_mw: FloatArray
    segment_upper_mw: FloatArray
    segment_slope: FloatArray
    segment_intercept: FloatArray
    notes: tuple[str, ...]


def active_power_pwl(net: pandapowerNet) -> pd.DataFrame:
    """The piecewise linear costs of active power; those of reactive power don't exist in DC."""
    table: pd.DataFrame = net["pwl_cost"]
    return table[table["power_type"] == "p"]


def segments(points: object, sign: float) -> FloatArray:
    """Pieces of a piecewise linear cost on the injection axis.

    Parameters
    ----------
    points : sequence of [lower, upper, slope]
        As in ``pwl_cost.points``; the first piece starts on a line through the origin.
    sign : float
        −1 for loads, storages and DC lines, else 1.

    Returns
    -------
    ndarray, shape (piece, 4)
        Lower end [MW], upper end [MW], slope [CNY/MWh], intercept [CNY/h].

    Examples
    --------
    >>> segments([[0.0, 10.0, 2.0], [10.0, 30.0, 5.0]], 1.0).tolist()
    [[0.0, 10.0, 2.0, 0.0], [10.0, 30.0, 5.0, -30.0]]
    """
    table = np.asarray(points, dtype=np.float64).reshape(-1, 3)
    lower, upper, slope = table[:, 0], table[:, 1], sign * table[:, 2]
    value = lower[:1] * slope[:1]  # at the lower end of each piece
    value = np.concatenate([value, value + np.cumsum((upper - lower) * slope)])[:-1]
    return np.column_stack([lower, upper, slope, value - slope * lower])


def dispatch_costs(
    net: pandapowerNet,
    element: StrArray,
    element_index: IntArray,
    partner_gain: FloatArray,
    partner_offset_mw: FloatArray,
    *,
    others_have_costs: bool,
) -> Costs:
    """Costs of the given dispatched rows.

    Parameters
    ----------
    net : pandapowerNet
    element, element_index : ndarray, shape (row,)
        The dispatched rows.
    partner_gain, partner_offset_mw : ndarray, shape (row,)
        Of DC lines, whose cost is one of the injection at the from bus.
    others_have_costs : bool
        Some rows are modelled elsewhere: then a net without any cost table is no pure "minimise the output"
        problem.

    Returns
    -------
    Costs
    """
    rows = {key: row for row, key in enumerate(zip(element.tolist(), element_index.tolist(), strict=True))}
    notes: list[str] = []
    polynomial = _polynomials(net, rows)
    if len(net["pwl_cost"]) and polynomial[:, 0].any():
        polynomial[:, 0] = 0.0
        notes.append("cp0_eur is left out because the net has a pwl_cost, as in rundcopp")
    dcline = element == "dcline"
    polynomial[dcline] = _at_to_bus(polynomial[dcline], partner_gain[dcline], partner_offset_mw[dcline])
    if len(net["poly_cost"]) == 0 and len(net["pwl_cost"]) == 0 and not others_have_costs:
        # pandapower's "no costs are given": each generator costs 1, both ends of a DC line are one.
        polynomial[:, 0] = partner_offset_mw
        polynomial[:, 1] = 1.0 + partner_gain
        notes.append("the net has no costs: the sum of dispatched injections is minimised, as in rundcopp")
    owner, piece = _pieces(net, rows)
    dc_piece = element[owner] == "dcline"
    piece[dc_piece] = _pieces_at_to_bus(
        piece[dc_piece], partner_gain[owner[dc_piece]], partner_offset_mw[owner[dc_piece]]
    )
    order = np.lexsort((piece[:, 0], owner))
    owner, piece = owner[order], piece[order]
    return Costs(
        cp0=polynomial[:, 0],
        cp1=polynomial[:, 1],
        cp2=polynomial[:, 2],
        segment_row=owner,
        segment_lower_mw=piece[:, 0],
        segment_upper_mw=piece[:, 1],
        segment_slope=piece[:, 2],
        segment_intercept=piece[:, 3],
        notes=tuple(notes),
    )


def _polynomials(net: pandapowerNet, rows: Mapping[tuple[str, int], int]) -> FloatArray:
    """Coefficients cp0, cp1, cp2 of all rows from ``poly_cost``, zero where there is none; shape (row, 3)."""
    polynomial = np.zeros((len(rows), 3))
    table = net["poly_cost"]
    coefficients = table[list(POLYNOMIAL)].to_numpy(dtype=np.float64)
    for et, index, given in zip(table["et"], table["element"], coefficients, strict=True):
        row = rows.get((et, index))
        if row is not None:
            polynomial[row] = given * (-1.0 if et in NEGATED else 1.0)
    return polynomial


def _pieces(net: pandapowerNet, rows: Mapping[tuple[str, int], int]) -> tuple[IntArray, FloatArray]:
    """Row of each piece from ``pwl_cost`` and the pieces, as of ``segments``; shapes (piece,), (piece, 4)."""
    owners, pieces = [np.empty(0, dtype=np.int64)], [np.empty((0, 4))]
    for et, index, points in active_power_pwl(net)[["et", "element", "points"]].itertuples(index=False):
        row = rows.get((et, index))
        if row is not None:
            pieces.append(segments(points, -1.0 if et in NEGATED else 1.0))
            owners.append(np.full(len(pieces[-1]), row, dtype=np.int64))
    return np.concatenate(owners), np.concatenate(pieces)


def _at_to_bus(polynomial: FloatArray, gain: FloatArray, offset: FloatArray) -> FloatArray:
    """Polynomial of ``gain · p + offset`` as one of p; shapes (row, 3), (row,), (row,)."""
    c0, c1, c2 = polynomial.T
    return np.column_stack([c0 + c1 * offset + c2 * offset**2, c1 * gain + 2.0 * c2 * gain * offset, c2 * gain**2])


def _pieces_at_to_bus(piece: FloatArray, gain: FloatArray, offset: FloatArray) -> FloatArray:
    """Pieces on the axis of ``gain · p + offset`` (gain < 0) as pieces on the axis of p; shape (piece, 4)."""
    lower, upper, slope, intercept = piece.T
    return np.column_stack([(upper - offset) / gain, (lower - offset) / gain, slope * gain, intercept + slope * offset])
