"""Changes of a case that no lever makes: they lift a whole group of limits, or take back a retrofit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gridopt.levers.lever import with_tables

if TYPE_CHECKING:
    from pandapower import pandapowerNet

    from gridopt.case import Case
    from gridopt.studies.builtin.study import Variant
    from gridopt.studies.design import Value

Edit = Callable[["pandapowerNet"], "pandapowerNet"]

# More than any tie [MW].
_ANY_MW = 1e5
# Heating plants before the retrofit, pu of capacity: as the shipped plants that have none.
_HEAT_MIN_PU, _HEAT_SEASON_MIN_PU = 0.50, 0.6425


def free_minimum(net: pandapowerNet) -> pandapowerNet:
    """No generator has a lowest output, in the heating season neither; so there are no bands below it."""
    gen = net.gen.copy()
    low = gen["min_p_mw"].astype(float)
    # What takes power and what has to be given up by hand stays.
    gen["min_p_mw"] = low.where(~(low > 0), 0.0)
    gen["heat_season_min_pu"] = 0.0
    gen["must_run_units"] = 0
    return with_tables(net, gen=gen, deep_regulation=net["deep_regulation"].iloc[:0])


def free_export(net: pandapowerNet) -> pandapowerNet:
    """Ties exchange what pays inside their hard limits: no contract, ramp, staircase, energy or share."""
    tie = net.tie.copy()
    tie["band_mw"] = _ANY_MW
    for column in ("ramp_mw_per_h", "steps_per_day", "annual_mwh"):
        tie[column] = np.nan
    tie["renewable_share_min"] = 0.0
    return with_tables(net, tie=tie)


def without_retrofit(net: pandapowerNet) -> pandapowerNet:
    """Retrofitted plants run as before: higher minimum of heating plants, no bands of deep regulation."""
    gen = net.gen.copy()
    rows = gen["retrofitted"].astype(bool)
    heat = rows & (gen["chp_kind"] != "")
    low, most = gen["min_p_mw"].astype(float), gen["max_p_mw"].astype(float)
    gen["min_p_mw"] = np.where(heat, np.maximum(low, _HEAT_MIN_PU * most), low)
    season = gen["heat_season_min_pu"].astype(float)
    gen["heat_season_min_pu"] = np.where(heat & (season > 0), np.maximum(season, _HEAT_SEASON_MIN_PU), season)
    for column in ("startup_ramp_mw", "shutdown_ramp_mw"):
        # a unit that starts reaches its minimum; NaN: no limit
        ramp = gen[column].astype(float)
        gen[column] = ramp.where(ramp.isna(), np.maximum(ramp, gen["min_p_mw"]))
    gen["retrofitted"] = False
    bands = net["deep_regulation"]
    return with_tables(net, gen=gen, deep_regulation=bands[~bands["index"].isin(gen.index[rows])])


#: By name, so that a variant can be told from another and sent to a worker.
EDITS: dict[str, Edit] = {edit.__name__: edit for edit in (free_minimum, free_export, without_retrofit)}


def edited(case: Case, names: Sequence[str]) -> Case:
    """A case with edits made on its net, after all levers."""
    net = case.net
    for name in names:
        net = EDITS[name](net)
    return replace(case, net=net) if names else case


def varied(case: Case, variant: Variant, more: Mapping[str, Value] | None = None) -> Case:
    """A case with the changes and the edits of a variant; ``more`` is changed as well, where the variant does not."""
    changes = {**(more or {}), **variant.changes}
    return edited(case.override(changes) if changes else case, variant.edits)
