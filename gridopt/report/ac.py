"""What the AC check says, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from rich.markup import escape

if TYPE_CHECKING:
    import xarray as xr

    from gridopt.results.result import Result

_ATTENTION = "[bold red]attention:[/bold red] AC check:"
_NAMED = 3  # so many of the worst hours are named; results.nc has them all


def ac_lines(result: Result) -> list[str]:
    """Hours that converge and keep their voltages, the ends of what was found, then the worst hours."""
    data, s = result.dataset, result.summary
    if "ac_converged" not in data:
        return []
    hours, good, kept = (s[key] for key in ("hours", "ac_hours_converged", "ac_hours_in_voltage_band"))
    words = f"{_of(good, hours)} converge, {_of(kept, hours)} keep every voltage in its band"
    return [f"AC check: {words}{_ends(result)}", *_worst(data)]


def _of(part: object, whole: object) -> str:
    part, whole = float(str(part)), float(str(whole))
    return f"all {whole:,.0f} h" if part == whole else f"{part:,.0f} of {whole:,.0f} h"


def _ends(result: Result) -> str:
    """Lowest and highest voltage, largest loading, losses."""
    data, s = result.dataset, result.summary
    if not s["ac_hours_converged"]:
        return ""
    low, high = (_extreme(data["ac_vm_pu"], sign) for sign in (-1.0, 1.0))
    words = f"; {low[2]:.3f} pu ({low[0]}) to {high[2]:.3f} pu ({high[0]})"
    if bool(np.isfinite(data["ac_loading_percent"]).any()):
        full = _extreme(data["ac_loading_percent"], 1.0)
        words += f", loading up to {full[2]:.0f} % ({full[0]})"
    losses, demand = (float(str(s[key])) for key in ("ac_losses_mwh", "demand_mwh"))
    return escape(words + (f", losses {100 * losses / demand:.1f} % of demand" if demand else ""))


def _extreme(values: xr.DataArray, sign: float) -> tuple[str, str, float]:
    """Element, hour and value where `sign` times the values is largest."""
    row, hour = np.unravel_index(np.nanargmax(sign * values.to_numpy()), values.shape)
    when = pd.Timestamp(values["time"].to_numpy()[hour])
    return str(values[values.dims[0]].to_numpy()[row]), f"{when:%Y-%m-%d %H:%M}", float(values.to_numpy()[row, hour])


def _worst(data: xr.Dataset) -> list[str]:
    """Hours without a solution, with voltages out of their band, with overloads; the worst by name."""
    step_h, times = float(data.attrs["step_h"]), data["time"].to_index()
    lines = []
    failed = np.flatnonzero(data["ac_converged"].to_numpy() == 0)
    if failed.size:
        names = ", ".join(f"{times[hour]:%Y-%m-%d %H:%M}" for hour in failed[:_NAMED])
        lines.append(f"{_ATTENTION} {failed.size * step_h:,.0f} h have no solution within the reactive limits: {names}")
    outside = data["ac_voltage_breach_pu"].max("bus").to_numpy()
    over = np.nan_to_num(data["ac_loading_percent"].to_numpy() - 100.0).max(axis=0, initial=0.0)
    for size, values, words in (
        (outside, data["ac_vm_pu"], "have a voltage out of its band"),
        (over, data["ac_loading_percent"], "have a branch above its rated current"),
    ):
        hours = np.flatnonzero(np.nan_to_num(size) > 0)
        if hours.size:
            order = hours[np.argsort(-size[hours], kind="stable")][:_NAMED]
            names = ", ".join(_named(data, values, hour) for hour in order)
            lines.append(f"{_ATTENTION} {hours.size * step_h:,.0f} h {words}: {escape(names)}")
    return lines


def _named(data: xr.Dataset, values: xr.DataArray, hour: int) -> str:
    """The worst element of an hour."""
    size = data["ac_voltage_breach_pu"] if values.dims[0] == "bus" else values
    row = int(np.nanargmax(size.to_numpy()[:, hour]))
    value, digits, unit = float(values.to_numpy()[row, hour]), *((3, "pu") if values.dims[0] == "bus" else (0, "%"))
    when = pd.Timestamp(values["time"].to_numpy()[hour])
    return f"{values[values.dims[0]].to_numpy()[row]} {value:.{digits}f} {unit} {when:%Y-%m-%d %H:%M}"
