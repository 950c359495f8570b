"""How much power a branch may carry, as pure functions and as one table for a whole net.

The thermal limits are those that pandapower hands to its own optimal power flow (column ``RATE_A``), at rated
voltage and unity power factor::

    line          F = √3 · vn_kv · max_i_ka · df · parallel · max_loading_percent / 100
    transformer   F = sn_mva · df · parallel · max_loading_percent / 100
    three-winding F = sn_side_mva · max_loading_percent / 100        for each of its sides
    impedance     F = sn_mva

A branch without ``max_loading_percent`` has no limit. Like pandapower, a limit of exactly zero is read as "no
limit", too (``gridopt.network.supported`` refuses such a row, because few people mean that). After an outage
``emergency_loading_percent`` (extension column) stands in the place of ``max_loading_percent`` where it is given.

Long lines are limited by voltage drop and stability before they are by heat. A line row that states
``surge_impedance_load_mw`` (extension column, MW of one circuit) is held to the loadability curve κ as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    import pandas as pd
    from pandapower import pandapowerNet

FloatArray = NDArray[np.float64]

#: Three-winding transformers become three branches, in this order (all high sides first, as pandapower stacks
#: them).
TRAFO3W_SIDES = ("hv", "mv", "lv")

#: pandapower's optimal power flow takes larger limits as "none" [MW].
NO_LIMIT_MW = 1e10

# Loadability of an uncompensated line in multiples of its surge impedance load: 50, 200 and 300 miles.
_LOADABILITY_KM = np.array([80.47, 321.87, 482.80])
_LOADABILITY_PU = np.array([3.0, 1.3, 1.0])


def line_limit_mw(
    vn_kv: ArrayLike,
    max_i_ka: ArrayLike,
    df: ArrayLike,
    parallel: ArrayLike,
    max_loading_percent: ArrayLike,
) -> FloatArray:
    """Thermal limit of lines [MW], NaN where ``max_loading_percent`` is NaN.

    Parameters
    ----------
    vn_kv : array_like, shape (line,)
        Rated voltage of the bus at the from end [kV].
    max_i_ka : array_like, shape (line,)
        Rated current of one circuit [kA].
    df : array_like, shape (line,)
        Derating factor [pu].
    parallel : array_like, shape (line,)
        Number of circuits.
    max_loading_percent : array_like, shape (line,)
        Loading that is allowed [%].

    Examples
    --------
    >>> float(line_limit_mw(220.0, 1.0, 1.0, 2, 80.0).round(2))
    609.68
    """
    kv, ka, derating = np.asarray(vn_kv, float), np.asarray(max_i_ka, float), np.asarray(df, float)
    share = np.asarray(max_loading_percent, float) / 100.0
    return np.asarray(np.sqrt(3.0) * kv * ka * derating * np.asarray(parallel, float) * share)


def transformer_limit_mw(
    sn_mva: ArrayLike, df: ArrayLike, parallel: ArrayLike, max_loading_percent: ArrayLike
) -> FloatArray:
    """Thermal limit of transformers [MW], NaN where ``max_loading_percent`` is NaN.

    Parameters
    ----------
    sn_mva : array_like, shape (transformer,)
        Rated power of one transformer, or of one side of a three-winding one [MVA].
    df : array_like, shape (transformer,)
        Derating factor [pu].
    parallel : array_like, shape (transformer,)
        Number of transformers.
    max_loading_percent : array_like, shape (transformer,)
        Loading that is allowed [%].
    """
    rated = np.asarray(sn_mva, float) * np.asarray(df, float) * np.asarray(parallel, float)
    return np.asarray(rated * np.asarray(max_loading_percent, float) / 100.0)


def loadability_pu(length_km: ArrayLike) -> FloatArray:
    """Loadability κ of an uncompensated transmission line in multiples of its surge impedance load [pu].

    The curve of St. Clair (1953), for which Dunlop, Gutman and Marchenko give the analytical basis (voltage drop of 5
    %, steady-state stability margin of 30 %): 3.0 at 50 miles, 1.3 at 200 miles, 1.0 at 300 miles; between
    and beyond these points a power law of the length, and never more than 3.0, below which length heat is
    what limits.

    Parameters
    ----------
    length_km : array_like
        Length of the line [km].

    References
    ----------
    R. D. Dunlop, R. Gutman, P. P. Marchenko, "Analytical development of loadability characteristics for EHV
    and UHV transmission lines", IEEE Transactions on Power Apparatus and Systems PAS-98 (2), 1979, 606-617.
    doi:10.1109/TPAS.1979.319410

    Examples
    --------
    >>> loadability_pu([10.0, 80.47, 482.8]).round(3).tolist()
    [3.0, 3.0, 1.0]
    """
    length = np.maximum(np.asarray(length_km, float), _LOADABILITY_KM[0])
    x, y = np.log(_LOADABILITY_KM), np.log(_LOADABILITY_PU)
    beyond = y[-1] + (y[-1] - y[-2]) / (x[-1] - x[-2]) * (np.log(length) - x[-1])
    return np.asarray(np.exp(np.where(length > _LOADABILITY_KM[-1], beyond, np.interp(np.log(length), x, y))))


def loadability_mw(length_km: ArrayLike, surge_impedance_load_mw: ArrayLike, thermal_mw: ArrayLike) -> FloatArray:
    """Limit of long lines: ``min(thermal, κ(length) · SIL)`` [MW].

    Parameters
    ----------
    length_km : array_like, shape (line,)
        Length [km].
    surge_impedance_load_mw : array_like, shape (line,)
        Surge impedance load of all circuits together [MW]; NaN leaves the thermal limit as it is.
    thermal_mw : array_like, shape (line,)
        Thermal limit [MW]; NaN or infinity means none.
    """
    stability = loadability_pu(length_km) * np.asarray(surge_impedance_load_mw, float)
    return np.asarray(np.fmin(np.asarray(thermal_mw, float), stability))


def _column(table: pd.DataFrame, name: str) -> FloatArray:
    """A column as floats; all NaN where the table doesn't have it."""
    if name in table:
        return table[name].to_numpy(dtype=np.float64, na_value=np.nan)
    return np.full(len(table), np.nan)


def _or_none(limit_mw: FloatArray) -> FloatArray:
    """Infinity where pandapower's optimal power flow sees no limit: missing, zero or at least 1e10 MW."""
    unlimited = np.isnan(limit_mw) | (limit_mw == 0.0) | (limit_mw >= NO_LIMIT_MW)
    return np.where(unlimited, np.inf, limit_mw)


def _loading_percent(table: pd.DataFrame, *, emergency: bool) -> FloatArray:
    """Loading that is allowed, always or for a short time after an outage [%]."""
    always = _column(table, "max_loading_percent")
    given = _column(table, "emergency_loading_percent")
    return np.where(np.isnan(given), always, given) if emergency else always


def branch_limits_mw(net: pandapowerNet, *, emergency: bool = False) -> dict[str, FloatArray]:
    """Limits of all branch elements of a net [MW], infinity where there is none.

    Parameters
    ----------
    net : pandapowerNet
    emergency : bool
        Whether the limits are those for a short time after an outage; the loadability of long lines stays as it is.

    Returns
    -------
    dict of str to ndarray
        ``line``, ``trafo`` and ``impedance`` in the order of their tables, ``trafo3w`` with shape (3 ·
        trafo3w,): all high, then all middle, then all low sides.
    """
    line, trafo, trafo3w = net["line"], net["trafo"], net["trafo3w"]
    from_kv = net["bus"]["vn_kv"].reindex(line["from_bus"]).to_numpy(dtype=np.float64)
    parallel = _column(line, "parallel")
    thermal = line_limit_mw(
        from_kv,
        _column(line, "max_i_ka"),
        _column(line, "df"),
        parallel,
        _loading_percent(line, emergency=emergency),
    )
    surge_mw = _column(line, "surge_impedance_load_mw") * parallel
    side_mva = np.concatenate([_column(trafo3w, f"sn_{side}_mva") for side in TRAFO3W_SIDES])
    side_loading = np.tile(_loading_percent(trafo3w, emergency=emergency), len(TRAFO3W_SIDES))
    limits = {
        "line": loadability_mw(_column(line, "length_km"), surge_mw, thermal),
        "trafo": transformer_limit_mw(
            _column(trafo, "sn_mva"),
            _column(trafo, "df"),
            _column(trafo, "parallel"),
            _loading_percent(trafo, emergency=emergency),
        ),
        "trafo3w": transformer_limit_mw(side_mva, 1.0, 1.0, side_loading),
        "impedance": _column(net["impedance"], "sn_mva"),
    }
    return {element: _or_none(limit) for element, limit in limits.items()}
