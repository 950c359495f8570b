"""What a result did not keep: unserved energy, limits broken at their price, each with amount, place and hour."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr

# Power that lacks or is too much, and what it is.
_ENERGY = (
    ("unserved_mw", "unserved energy"),
    ("excess_mw", "power that no one could take"),
    ("heat_shortfall_mw", "heat that was not served"),
    ("flexible_load_shortfall_mw", "use of flexible loads that was not served"),
    ("prosumer_shortfall_mw", "own load of prosumers that was not served"),
    ("prosumer_excess_mw", "power of prosumers that no one could take"),
    ("hydro_release_breach_mw", "water below the least release, or change of output beyond the ramp"),
)
# From here on it is worth a line [MWh], [MW].
_ENOUGH_MWH, _ENOUGH_MW = 0.5, 1.0
_NAMES = 3


def attention_lines(dataset: xr.Dataset) -> list[str]:
    """One line for each kind of limit that was broken: by how much, where, when."""
    step_h = float(dataset.attrs["step_h"])
    lines = [
        f"{energy:,.0f} MWh of {words}: {_where_and_when(dataset[name], step_h)}"
        for name, words in _ENERGY
        if name in dataset and (energy := float(dataset[name].sum()) * step_h) > _ENOUGH_MWH
    ]
    if "hydro_band_breach_mwh" in dataset and float((band := dataset["hydro_band_breach_mwh"]).max()) > _ENOUGH_MWH:
        lines.append(f"reservoirs outside their band: {_where_and_when(band, step_h)}")
    return [*lines, *_reserves(dataset, step_h), *_budgets(dataset)]


def _where_and_when(breach: xr.DataArray, step_h: float) -> str:
    """Places in the order of their amounts, the worst hour, and how many hours; breach (element, time)."""
    by_element = breach.sum("time").to_series().sort_values(ascending=False, kind="stable")
    names = [str(name) for name in by_element.index[by_element > 0]]
    places = ", ".join(names[:_NAMES]) + (f" and {len(names) - _NAMES} more" if len(names) > _NAMES else "")
    return f"{places}, {_worst(breach.sum(str(breach.dims[0])), step_h)}"


def _worst(breach: xr.DataArray, step_h: float) -> str:
    """Largest value with its hour, and how many hours are broken; breach (time,)."""
    values, unit = breach.to_numpy(), "MWh" if str(breach.name).endswith("_mwh") else "MW"
    at = pd.Timestamp(breach["time"].to_numpy()[int(values.argmax())])
    return f"up to {values.max():,.0f} {unit} at {at:%Y-%m-%d %H:%M}, in {np.sum(values > 1e-3) * step_h:,.0f} h"


def _reserves(dataset: xr.Dataset, step_h: float) -> Iterator[str]:
    for name in dataset["reserve"].to_numpy() if "reserve_shortfall_mw" in dataset else ():
        short = dataset["reserve_shortfall_mw"].sel(reserve=name)
        hours = float((short > _ENOUGH_MW).sum()) * step_h
        if hours:
            at = pd.Timestamp(short["time"].to_numpy()[int(short.argmax("time"))])
            share = float(short.max() / dataset["reserve_requirement_mw"].sel(reserve=name, time=at))
            yield f"reserve {name} falls short in {hours:,.0f} h, at most by {100 * share:.0f} % at {at:%Y-%m-%d %H:%M}"


def _budgets(dataset: xr.Dataset) -> Iterator[str]:
    for row in range(dataset.sizes["budget"] if "budget_breach" in dataset else 0):
        one = dataset.isel(budget=row)
        if float(one["budget_breach"]) > 0:
            way = "above" if str(one["budget_sense"].item()) == "most" else "below"
            unit, name = str(one["budget_unit"].item()), str(one["budget"].item())
            yield (
                f"{name}: {float(one['budget_used']):,.0f} {unit}, "
                f"{float(one['budget_breach']):,.0f} {way} the limit of {float(one['budget_limit']):,.0f}"
            )
