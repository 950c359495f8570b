"""Weeks that are solved by themselves begin with the water of their season."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pandas as pd

from gridopt.case import Case


def in_season(case: Case) -> Case:
    """The same case with its reservoirs in the middle of their bands before the first hour.

    The net knows the level at the turn of the year.  A week of July that began with it would only fill its reservoirs.
    Reservoirs without a band on both sides, and a horizon that begins with the year, keep the level of the net.
    """
    lakes = case.net.reservoir
    low, high = (lakes[name].fillna("").astype(str) for name in ("band_low_profile", "band_high_profile"))
    rows = lakes.index[(low != "") & (high != "")]
    begin = case.time[0] - pd.Timedelta(hours=case.settings.step_h)
    if not len(rows) or begin.dayofyear == 1:
        return case
    first = case.profiles.isel(time=0)
    middle = np.array([0.5 * float(first[low[row]] + first[high[row]]) for row in rows])
    net = copy.deepcopy(case.net)
    table = net.reservoir
    in_volume = table.loc[rows, "mw_per_m3_per_s"].notna()
    table.loc[rows, "start_v_mm3"] = (middle * table.loc[rows, "max_v_mm3"]).where(in_volume)
    table.loc[rows, "start_e_mwh"] = (middle * table.loc[rows, "max_e_mwh"]).where(~in_volume)
    return replace(case, net=net)
