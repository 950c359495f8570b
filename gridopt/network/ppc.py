"""The one place that opens pandapower's internal network model ("ppc") for DC; for AC it is ``ac_grid``.

Taps, phase shifts, parallel elements, three-winding transformers, fused bus-bus switches, open ends and
shunts are turned into buses and branches by pandapower itself, with the options of ``pandapower.rundcpp``;
gridopt never rewrites that physics. Only pandapower's last step is left out: it drops every bus that is not
connected to a slack, while gridopt decides about such islands itself (see ``gridopt.network.matrices``).

Written for pandapower 3.5; the functions used are private there, so the version is pinned in
``pyproject.toml``.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gridopt.errors import InputError

if TYPE_CHECKING:
    from pandapower import pandapowerNet

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Ratio r/x of the bus-bus switches with ``z_ohm`` > 0 in ``rundcpp`` (``rundcopp`` uses 0.5).
SWITCH_RX_RATIO = 2.0


@dataclass(frozen=True, eq=False)
class PandapowerModel:
    """Buses and branches as pandapower's DC power flow sees them, before it drops what has no slack.

    Attributes
    ----------
    base_mva : float
        Base of the per-unit values [MVA].
    bus_row : ndarray of int, shape (largest bus id + 1,)
        Row of each pandapower bus (fused buses share one), −1 for ids that don't exist.
    bus_live : ndarray of bool, shape (row,)
        Whether the bus of this row is in service.
    shunt_mw : ndarray of float, shape (row,)
        Constant demand of shunt conductances at rated voltage [MW].
    from_row, to_row : ndarray of int, shape (branch,)
        Rows at both ends.
    susceptance_pu : ndarray of float, shape (branch,)
        1 / (x · tap) [pu]; 0 where out of service.
    shift_degree : ndarray of float, shape (branch,)
        Phase shift [degree].
    reactance_pu : ndarray of float, shape (branch,)
        Series reactance [pu].
    branch_live : ndarray of bool, shape (branch,)
        In service with both ends at buses in service.
    blocks : dict of str to (int, int)
        Rows [start, stop) of the branches of each element table: line, trafo, trafo3w, impedance, xward,
        switch.
    in_service : dict of str to ndarray of bool
        Per element table: in service and at a bus in service.
    impedance_switches : ndarray of int
        Indices of the switches that are branches.
    """

    base_mva: float
    bus_row: IntArray
    bus_live: BoolArray
    shunt_mw: FloatArray
    from_row: IntArray
    to_row: IntArray
    susceptance_pu: FloatArray
    shift_degree: FloatArray
    reactance_pu: FloatArray
    branch_live: BoolArray
    blocks: dict[str, tuple[int, int]]
    in_service: dict[str, BoolArray]
    impedance_switches: IntArray


def _working_copy(net: pandapowerNet, switch_rx_ratio: float) -> pandapowerNet:
    """A shallow copy with the options of ``rundcpp``, so that nothing is written into the caller's net."""
    from pandapower.auxiliary import _init_rundcpp_options, pandapowerNet

    work = pandapowerNet({name: table for name, table in net.items() if not name.startswith(("res_", "_"))})
    work["shunt"] = net["shunt"].copy()  # pandapower fills in missing rated voltages
    work["_pd2ppc_lookups"] = {"bus": None, "bus_dc": None, "ext_grid": None, "gen": None, "branch": None}
    work["_ppc"] = None
    _init_rundcpp_options(
        work,
        trafo_model="t",
        trafo_loading="current",
        recycle=None,
        check_connectivity=True,
        switch_rx_ratio=switch_rx_ratio,
        trafo3w_losses="hv",
    )
    # The plain numpy way of fusing buses gives the same nodes without compiling for seconds in every process.
    work["_options"]["numba"] = False
    return work


def _build(work: pandapowerNet) -> tuple[FloatArray, FloatArray]:
    """Bus and branch matrix of pandapower's model; its lookups stay in the working copy."""
    from pandapower.auxiliary import _select_is_elements_numba
    from pandapower.build_branch import _branches_with_oos_buses, _build_branch_ppc, _switch_branches
    from pandapower.build_bus import _build_bus_ppc, _calc_shunts_and_add_on_ppc
    from pandapower.pd2ppc import _init_ppc

    work["_is_elements"] = _select_is_elements_numba(work)
    ppc = _init_ppc(work, mode="dc")
    _build_bus_ppc(work, ppc)
    try:
        with warnings.catch_warnings():
            # Older tap changer columns are read all the same; pandapower's own test cases still have them.
            warnings.filterwarnings("ignore", message="tap", category=DeprecationWarning)
            _build_branch_ppc(work, ppc)
    except (UserWarning, AttributeError, KeyError) as error:  # all that pandapower raises about missing data
        raise InputError(f"pandapower can't build the branches of the net: {error}") from error
    _calc_shunts_and_add_on_ppc(work, ppc)
    _switch_branches(work, ppc)
    _branches_with_oos_buses(work, ppc)
    return ppc["bus"], ppc["branch"]


def pandapower_model(net: pandapowerNet, switch_rx_ratio: float = SWITCH_RX_RATIO) -> PandapowerModel:
    """Let pandapower build its DC network model of a net, which is left untouched.

    Parameters
    ----------
    net : pandapowerNet
    switch_rx_ratio : float
        r/x of bus-bus switches with ``z_ohm`` > 0 [pu].

    Returns
    -------
    PandapowerModel

    Raises
    ------
    InputError
        If pandapower can't use the data of a branch.
    """
    from pandapower.pypower.idx_brch import BR_STATUS, BR_X, F_BUS, SHIFT, T_BUS, TAP
    from pandapower.pypower.idx_bus import BUS_TYPE, GS, NONE

    work = _working_copy(net, switch_rx_ratio)
    bus, branch = _build(work)
    from_row, to_row = branch[:, F_BUS].astype(np.int64), branch[:, T_BUS].astype(np.int64)
    bus_live = bus[:, BUS_TYPE] != NONE
    branch_live = (branch[:, BR_STATUS] > 0) & bus_live[from_row] & bus_live[to_row]
    reactance, tap = branch[:, BR_X], np.where(branch[:, TAP] == 0.0, 1.0, branch[:, TAP])
    susceptance = np.zeros(len(branch))
    # Same operations in the same order as pandapower's makeBdc, so that not a bit differs.
    np.divide(1.0, reactance, out=susceptance, where=branch_live & (reactance != 0.0))
    in_service = {
        name: np.asarray(mask, dtype=np.bool_)
        for name, mask in work["_is_elements"].items()
        if not name.endswith("_idx")
    }
    switches = net["switch"].index.to_numpy(dtype=np.int64)
    return PandapowerModel(
        base_mva=float(work["sn_mva"]),
        bus_row=np.asarray(work["_pd2ppc_lookups"]["bus"], dtype=np.int64),
        bus_live=bus_live,
        shunt_mw=bus[:, GS].astype(np.float64),
        from_row=from_row,
        to_row=to_row,
        susceptance_pu=susceptance / tap,
        shift_degree=branch[:, SHIFT].astype(np.float64),
        reactance_pu=reactance.astype(np.float64),
        branch_live=branch_live,
        blocks=dict(work["_pd2ppc_lookups"]["branch"]),
        in_service=in_service,
        impedance_switches=switches[np.asarray(work["_impedance_bb_switches"], dtype=np.bool_)],
    )
