r"""What the loss of a pole takes out of the grid, and who makes up for it: pure functions.

An element of direct current (a DC line, or a tie of kind ``hvdc``) puts the power :math:`x` into the grid at the nodes
:math:`n` (a DC line takes :math:`(1 + \ell)x` at its other end; a tie that exports has :math:`x < 0`).  Of :math:`m`
equal poles one is lost; the others stay where they are, or take over up to :math:`o` times their rating.  So the share

.. math:: s = 1 - o\,\frac{m - 1}{m}

of :math:`x` is gone at full power (:math:`1/m` for :math:`o = 1`), and never more than that of :math:`x` at part load:
what is lost is convex in :math:`x` and zero with it.  What an island then lacks, or has too much of, its machines take
up in proportion to constant factors :math:`\rho` (its sum over each island :math:`A` is one):

.. math:: \Delta q = s\,\Big(\rho\,\sum_{b \in A} n_b - n\Big)\,x

which is balanced in every island.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gridopt.errors import Fault, InputError
from gridopt.network.dispatchable import in_service
from gridopt.network.matrices import bus_injection_matrix

if TYPE_CHECKING:
    import pandas as pd
    from pandapower import pandapowerNet

    from gridopt.network.matrices import DCNetwork

FloatArray = NDArray[np.float64]

#: Tables whose rows may have poles.
POLE_TABLES = ("dcline", "tie")
#: Tables whose rows may respond.
RESPONDING_TABLES = ("gen", "storage", "tie")
# Less missing power per MW than this is rounding.
_NOTHING = 1e-9


@dataclass(frozen=True, eq=False)
class PowerAtRisk:
    """Power of one element of which an outage takes a share.

    Parameters
    ----------
    name
        The outage, in words.
    row
        Table and row of the element.
    lost_pu
        Share of its power that is lost [pu].
    change
        (node,) change of the net injections per MW that the element puts into the grid: what is lost, and the
        response to it [MW/MW].
    """

    name: str
    row: tuple[str, int]
    lost_pu: float
    change: FloatArray


def lost_share(poles: int, overload_pu: float) -> float:
    """Largest share of an element's power that the loss of one pole takes away [pu].

    Parameters
    ----------
    poles
        Number of equal poles.
    overload_pu
        What the others carry after it, of their rating [pu].

    Examples
    --------
    >>> lost_share(2, 1.0), round(lost_share(2, 1.1), 3), lost_share(1, 1.0)
    (0.5, 0.45, 1.0)
    """
    return 1.0 - overload_pu * (poles - 1) / poles


def powers_at_risk(net: pandapowerNet, network: DCNetwork) -> tuple[PowerAtRisk, ...]:
    """Of every element in service with poles the loss of one of them.

    Parameters
    ----------
    net, network
        A net with all extension columns, and its DC network.

    Raises
    ------
    InputError
        Where nothing responds in an island that lacks power after the loss.
    """
    rows = list(_with_poles(net))
    if not rows:
        return ()
    response = response_shares(net, network)
    responds = np.bincount(network.island, response, network.n_island) > 0.0
    found, faults = [], []
    for table, index, row in rows:
        label = str(row["name"] or "") or f"{table} {index}"
        entering = _entering(network, table, row)
        lacking = np.bincount(network.island, entering, network.n_island)
        if (~responds & (np.abs(lacking) > _NOTHING)).any():
            message = "no machine of its island responds to the loss of a pole: state response_mw of a gen or storage"
            faults.append(Fault(table=table, row=label, column="poles", message=message))
        share = lost_share(int(row["poles"]), float(row["pole_overload_pu"]))
        change = share * (response * lacking[network.island] - entering)
        found.append(PowerAtRisk(f"{label}, one pole of {int(row['poles'])}", (table, index), share, change))
    if faults:
        raise InputError(faults)
    return tuple(found)


def _with_poles(net: pandapowerNet) -> Iterator[tuple[str, int, pd.Series]]:
    """Table, index and row of every element in service that has poles."""
    for table in POLE_TABLES:
        for index, row in net[table].loc[in_service(net, table) & (net[table]["poles"] > 0).to_numpy()].iterrows():
            yield table, int(index), row


def _entering(network: DCNetwork, table: str, row: pd.Series) -> FloatArray:
    """What enters each node per MW that the element puts into the grid, (node,) [MW/MW]."""
    if table == "tie":
        return np.asarray(bus_injection_matrix(network, [row["bus"]]).sum(axis=1))
    # as pandapower has it: a DC line draws its proportional loss at the from bus, too
    at_ends = np.array([1.0, -(1.0 + float(row["loss_percent"]) / 100.0)])
    return np.asarray(bus_injection_matrix(network, [row["to_bus"], row["from_bus"]]) @ at_ends)


def response_shares(net: pandapowerNet, network: DCNetwork) -> FloatArray:
    """Share of each node in what its island lacks, (node,) [pu]; zero where nothing in the island responds."""
    weight_mw = np.zeros(network.n_node)
    for table in RESPONDING_TABLES:
        live = in_service(net, table)
        weight_mw += bus_injection_matrix(network, net[table]["bus"][live]) @ responding_mw(net, table)[live]
    whole = np.bincount(network.island, weight_mw, network.n_island)[network.island]
    return np.divide(weight_mw, whole, out=np.zeros_like(weight_mw), where=whole > 0.0)


def responding_mw(net: pandapowerNet, table: str) -> FloatArray:
    """Rated power that counts in the response, (row,) [MW]: as stated, else that of machines that turn with the grid.

    Parameters
    ----------
    net
        With all extension columns.
    table
        One of ``RESPONDING_TABLES``.
    """
    frame = net[table]
    stated = np.asarray(frame["response_mw"].to_numpy(dtype=np.float64))
    if table == "tie":
        return stated
    turns = (frame["technology"] == "phs").to_numpy() if table == "storage" else np.ones(len(frame), dtype=np.bool_)
    column, sign = ("min_p_mw", -1.0) if table == "storage" else ("max_p_mw", 1.0)
    given = frame[column].to_numpy(dtype=np.float64, na_value=np.nan) if column in frame else np.zeros(len(frame))
    rated = np.maximum(np.where(turns & np.isfinite(given), sign * given, 0.0), 0.0)
    return np.where(np.isnan(stated), rated, stated)
