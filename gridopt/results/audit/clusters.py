"""What the net says of thermal clusters: values of one unit, units available, units that must run, what went before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridopt.results.audit.finding import Array
from gridopt.results.audit.view import Rows, View

# Off for so long that it makes no difference [h].
_LONG_AGO_H = 1e4


@dataclass(frozen=True)
class Clusters:
    """Clusters of the case; (element,) of one unit [MW], [MW per step], [steps], (element, time) of the cluster."""

    rows: Rows
    n: Array
    low: Array
    high: Array
    ramp_up: Array
    ramp_down: Array
    start_ramp: Array
    stop_ramp: Array
    min_up: Array
    min_down: Array
    since: Array
    available: Array
    forced: Array
    levelised: bool
    season_high: Array
    heat_units: Array
    must: Array
    floor: Array
    cut: Array
    on_before: Array
    above_before: Array
    band_of: Array
    band_mw: Array
    band_wear: Array

    @property
    def span(self) -> Array:
        """Range of one unit (element,) [MW]."""
        return self.high - self.low

    @property
    def depth(self) -> Array:
        """How far one unit may go below its minimum (element,) [MW]."""
        return np.asarray(np.bincount(self.band_of.astype(int), self.band_mw, minlength=len(self.n)), dtype=np.float64)


def read_clusters(view: View) -> Clusters:
    """Read all clusters."""
    rows, h = view.thermal, view.step_h
    n = rows.column("n_units", 1.0)
    low, high = rows.column("min_p_mw") / n, rows.column("max_p_mw") / n
    start_ramp, stop_ramp = (
        np.clip(rows.column(name, np.inf) / n, low, high) for name in ("startup_ramp_mw", "shutdown_ramp_mw")
    )
    ramp_up, ramp_down = (rows.column(f"ramp_{way}_mw_per_h", np.inf) / n * h for way in ("up", "down"))
    min_up, min_down = steps(rows.column("min_up_h", 1.0), h), steps(rows.column("min_down_h", 1.0), h)
    available, forced = _available(view, rows, n)
    season_low = np.fmax(rows.column("heat_season_min_pu") * high, low)
    season_high = np.fmax(np.fmin(rows.column("heat_season_max_pu") * high, high), season_low)
    if view.settings.policy.maintenance == "levelised":
        available = view.values("generator_available_units", rows)
    to_come_down = _travel(season_low - stop_ramp, ramp_down)
    to_come_back = _travel(season_low - start_ramp, ramp_up) + min_down - 1
    # a unit limited by heat and by its start alike needs a step between
    to_come_back = np.maximum(to_come_back, (season_high < high) & (start_ramp < high))
    can_run = _least_around(available, to_come_down, to_come_back)
    must, heat_units = _must_run(view, rows, n, can_run)
    floor = (season_low - low)[:, None] * heat_units
    on, above = _before(rows, n, low, high, must, floor)
    still = np.minimum(on, available[:, 0] + forced[:, 0])
    band_of, band_mw, band_wear = _bands(view, rows, n)
    return Clusters(
        rows=rows,
        n=n,
        low=low,
        high=high,
        ramp_up=ramp_up,
        ramp_down=ramp_down,
        start_ramp=start_ramp,
        stop_ramp=stop_ramp,
        min_up=min_up,
        min_down=min_down,
        since=steps(rows.column("initial_hours_in_state", _LONG_AGO_H), h),
        available=available,
        forced=forced,
        levelised=view.settings.policy.maintenance == "levelised",
        season_high=season_high,
        heat_units=heat_units,
        must=must,
        floor=floor,
        cut=(high - season_high)[:, None] * heat_units,
        on_before=still,
        above_before=np.minimum(above, (high - low) * still),
        band_of=band_of,
        band_mw=band_mw,
        band_wear=band_wear,
    )


def steps(hours: Array, step_h: float) -> Array:
    """Hours as whole steps, rounded up, at least one."""
    return np.maximum(np.ceil(hours / step_h - 1e-9), 1.0)


def _travel(distance: Array, per_step: Array) -> Array:
    """Steps that a ramp needs."""
    return np.maximum(np.ceil(np.maximum(distance, 0.0) / per_step - 1e-9), 0.0)


def _least_around(available: Array, ahead: Array, behind: Array) -> Array:
    """Least available from some steps ago to some steps ahead, (element, time)."""
    least = available.copy()
    for i, series in enumerate(available):
        if (series < series.max()).any():
            for t in range(series.size):
                least[i, t] = series[max(t - int(behind[i]), 0) : t + int(ahead[i]) + 1].min()
    return least


def outage_units(view: View, kind: str, rows: Rows) -> tuple[Array, Array]:
    """Units out in each step that an outage of the table touches, and units whose outage begins there."""
    out, begun = np.zeros((2, len(rows), view.steps))
    begins = view.time - pd.Timedelta(hours=view.step_h)
    place = {row: i for i, (_, row) in enumerate(rows.places)}
    for _, outage in view.case.net["outage"].iterrows():
        if outage["kind"] != kind or int(outage["index"]) not in place:
            continue
        first = pd.Timestamp(outage["start"])
        last = first + pd.Timedelta(hours=float(outage["hours"]))
        touched = np.asarray((view.time > first) & (begins < last))
        i = place[int(outage["index"])]
        out[i] += float(outage["units"]) * touched
        begun[i] += float(outage["units"]) * (touched & np.asarray(begins <= first))
    return out, begun


def _available(view: View, rows: Rows, n: Array) -> tuple[Array, Array]:
    policy = view.settings.policy
    out, begun = np.zeros((2, len(rows), view.steps))
    if policy.maintenance == "given":
        out = out + outage_units(view, "maintenance", rows)[0]
    if policy.forced_outages:
        sudden, begun = outage_units(view, "forced", rows)
        out = out + sudden
    return np.maximum(n[:, None] - out, 0.0), np.minimum(begun, n[:, None])


def _heated(view: View, zones: list[str]) -> Array:
    """1 where the heat zone of a row is heated, (element, time)."""
    table = view.case.net["heat_zone"].set_index("name")
    rows = np.zeros((len(zones), view.steps))
    for i, zone in enumerate(zones):
        if zone:
            rows[i] = view.series([str(table.at[zone, "profile"])])[0] > 0
    return rows


def _must_run(view: View, rows: Rows, n: Array, can_run: Array) -> tuple[Array, Array]:
    """Units that must run, and among them those that give heat in their season's range."""
    zones = rows.words("heat_zone")
    must = np.minimum(rows.column("must_run_units", 0.0), n)[:, None]
    heating = _heated(view, zones)
    zoned = np.array([zone != "" for zone in zones], dtype=bool)[:, None]
    if view.settings.policy.chp_mode == "min_output":
        units, heat = np.where(zoned, must * heating, must), np.where(zoned, must * heating, 0.0)
    else:
        units, heat = np.where(zoned, 0.0, must) + 0.0 * heating, np.zeros_like(heating)
    return np.minimum(units, can_run), np.minimum(heat, can_run)


def _before(rows: Rows, n: Array, low: Array, high: Array, must: Array, floor: Array) -> tuple[Array, Array]:
    """Units on before the first step, and their output above the minimum: given, or half of everything."""
    given, power = rows.column("initial_on_units"), rows.column("initial_p_mw")
    on = np.where(np.isnan(given), np.maximum(must[:, 0], np.ceil(n / 2)), np.clip(given, 0.0, n))
    room = (high - low) * on
    half = np.maximum(0.5 * room, np.minimum(floor[:, 0], room))
    return on, np.where(np.isnan(power), half, np.clip(power - low * on, 0.0, room))


def _bands(view: View, rows: Rows, n: Array) -> tuple[Array, Array, Array]:
    """Bands below the minimum, from the top: cluster, width of one unit [MW], wear [CNY/MWh]."""
    place = {row: i for i, (_, row) in enumerate(rows.places)}
    found = [
        (place[int(band["index"])], float(band["width_mw"]), float(band["wear_cny_per_mwh"]))
        for _, band in view.case.net["deep_regulation"].iterrows()
        if int(band["index"]) in place and float(band["width_mw"]) > 0
    ]
    of, width, wear = (np.array([band[k] for band in found], dtype=float) for k in range(3))
    return of, width / n[of.astype(int)], wear
