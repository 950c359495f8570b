"""What is known of hydro plants and their reservoirs, read once for the whole horizon.

Reservoirs stand in volume terms (``mw_per_m3_per_s`` is given) or in energy terms.  Both are kept in the MWh and MW
of the reservoir's own plant: with the power :math:`k` of a turbined m³/s, 10⁶ m³ are :math:`k / 0.0036` MWh.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gridopt.model.algebra import every_step
from gridopt.model.component import Array, ComponentData, profile_rows
from gridopt.model.costs import linear_costs
from gridopt.model.labels import element_labels, table_rows
from gridopt.model.reserve_product import read_products

if TYPE_CHECKING:
    import pandas as pd

    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork

Whole = NDArray[np.int64]

#: 10⁶ m³ that one m³/s carries in an hour.
MM3_PER_M3_PER_S_AND_H = 3.6e-3
# A reservoir may spill so many times its largest inflow or output; only there to keep columns finite.
_LARGEST_SPILL = 10.0
_MW = 1e-9


@dataclass(frozen=True)
class Cascade:
    """Which reservoir flows into which, (element,) each.

    Parameters
    ----------
    upstream
        Position of the reservoir above, -1 for none.
    ratio
        MW of the own plant per MW of the plant above, from the same water; 0 for none.
    delay
        Steps that the water travels.
    """

    upstream: Whole
    ratio: Array
    delay: Whole

    @property
    def below(self) -> Whole:
        """Reservoirs that receive the water of another one."""
        return np.flatnonzero(self.upstream >= 0)

    @property
    def longest(self) -> int:
        """Longest travel [steps]."""
        return int(self.delay[self.below].max(initial=0))

    def matrix(self) -> Array:
        """Power that arrives per power released above, (element, element) [MW/MW]."""
        flows = np.zeros((self.upstream.size, self.upstream.size))
        flows[self.below, self.upstream[self.below]] = self.ratio[self.below]
        return flows

    def downwards(self) -> list[int]:
        """Elements, each after the reservoir above it."""
        depth, above = np.zeros(self.upstream.size, dtype=np.int64), self.upstream
        while (above >= 0).any():
            depth += above >= 0
            above = np.where(above >= 0, self.upstream[above], -1)
        return [int(i) for i in np.argsort(depth, kind="stable")]


@dataclass(frozen=True)
class HydroData(ComponentData):
    """Arrays (element,) or (element, time); power [MW], level [MWh], both of the element's own plant.

    Parameters
    ----------
    mw_per_m3_per_s
        Power per turbined flow; NaN for reservoirs in energy terms and plants on a river.
    scarce
        Whether the least release may become impossible: some natural inflow is below it.
    band_low_mwh, band_high_mwh
        Seasonal band of the level; NaN for none.
    reference_e_mwh
        Level, with the water on its way, of reservoirs that release evenly.
    water_value_cny_per_mwh
        Worth of a MWh of water, (element, time), where a plan of the whole horizon tells it; None otherwise.
    start_release_mw
        Release before the first step.
    chain
        Energy of a MWh in this plant and all plants below it [MWh/MWh].
    inertia_s
        Kinetic energy per output [MW s/MW].
    """

    min_p_mw: Array
    max_p_mw: Array
    min_release_mw: Array
    inflow_mw: Array
    min_e_mwh: Array
    max_e_mwh: Array
    start_e_mwh: Array
    reference_e_mwh: Array
    mw_per_m3_per_s: Array
    scarce: NDArray[np.bool_]
    ramp_mw_per_h: Array
    response_mw_per_h: Array
    band_low_mwh: Array
    band_high_mwh: Array
    cascade: Cascade
    start_release_mw: Array
    max_spill_mw: Array
    chain: Array
    inertia_s: Array
    max_reserve_mw: Array
    output_cny_per_mwh: Array
    constant_cny_per_h: float
    rule_cny_per_mwh: float
    water_spill_cny_per_mwh: float
    end_storage: str
    water_value_cny_per_mwh: Array | None = None

    @property
    def least_mw(self) -> Array:
        """Least release, turbined or spilled [MW]."""
        return np.maximum(self.min_p_mw, self.min_release_mw)

    @property
    def ramped(self) -> Whole:
        """Elements whose ramp is shorter than their range."""
        return np.flatnonzero(np.isfinite(self.ramp_mw_per_h))


def reference_level_mwh(inflow_mw: Array, start_mwh: float, min_mwh: float, max_mwh: float, step_h: float) -> Array:
    """Level of a reservoir that evens out its inflow as far as its volume allows.

    Parameters
    ----------
    inflow_mw
        (time,) inflow [MW].
    start_mwh, min_mwh, max_mwh
        Level before the first step and the limits of the level [MWh].
    step_h
        Length of a step [h].

    Returns
    -------
    ndarray
        (time,) level at the end of each step [MWh]; begins and ends at ``start_mwh`` up to rounding.

    Examples
    --------
    >>> reference_level_mwh(np.array([2.0, 2.0, 0.0, 0.0]), 5.0, 0.0, 10.0, 1.0)
    array([6., 7., 6., 5.])
    """
    excess = np.cumsum(inflow_mw - inflow_mw.mean()) * step_h
    above, below = max(excess.max(), 0.0), max(-excess.min(), 0.0)
    factor = min(
        1.0,
        (max_mwh - start_mwh) / above if above else 1.0,
        (start_mwh - min_mwh) / below if below else 1.0,
    )
    level: Array = np.clip(start_mwh + max(factor, 0.0) * excess, min_mwh, max_mwh)
    return level


def read_hydro(case: Case, network: DCNetwork) -> HydroData | None:
    """Arrays of all hydro rows of ``gen`` with their reservoirs."""
    from gridopt.model.claims import hydro_units
    from gridopt.network.matrices import bus_injection_matrix

    table = case.net.gen.loc[hydro_units(case)]
    if table.empty:
        return None
    step_h = case.settings.step_h
    lakes = case.net.reservoir.set_index("gen").reindex(table["name"])
    water = _Water.read(case, table, lakes)
    maximum = table["max_p_mw"].to_numpy(float)
    minimum = np.minimum(np.where(water.stores, table["min_p_mw"].fillna(0.0), 0.0).astype(float), maximum)
    cascade, passing = _cascade(case, lakes, water.mw_per_m3_per_s)
    inflow = water.inflow_mw + passing
    release: Array = np.asarray(np.linalg.solve(np.eye(len(table)) - cascade.matrix(), inflow[:, 0]), dtype=np.float64)
    ramp = np.where(water.ramp_mw_per_h * step_h < maximum - minimum - _MW, water.ramp_mw_per_h, np.inf)
    least = np.maximum(minimum, water.min_release_mw)
    costs = linear_costs(case.net, "gen", table.index)
    steps = inflow.shape[1]
    return HydroData(
        labels=element_labels("gen", table),
        rows=table_rows("gen", table),
        nodes=bus_injection_matrix(network, table["bus"].to_numpy()),
        products=read_products(case),
        min_p_mw=minimum,
        max_p_mw=maximum,
        min_release_mw=water.min_release_mw,
        inflow_mw=inflow,
        min_e_mwh=every_step(water.low_mwh, steps),
        max_e_mwh=every_step(water.high_mwh, steps),
        start_e_mwh=water.start_mwh,
        reference_e_mwh=_reference(water, cascade, inflow, release, step_h),
        mw_per_m3_per_s=water.mw_per_m3_per_s,
        scarce=inflow.min(axis=1) < least - _MW,
        ramp_mw_per_h=ramp,
        # within minutes a ramp may bind that never does from hour to hour
        response_mw_per_h=water.ramp_mw_per_h,
        band_low_mwh=water.band_low_mwh,
        band_high_mwh=water.band_high_mwh,
        cascade=cascade,
        start_release_mw=release,
        max_spill_mw=_largest_spill(cascade, inflow, maximum),
        chain=np.asarray(
            np.linalg.solve(np.eye(len(table)) - cascade.matrix().T, np.ones(len(table))), dtype=np.float64
        ),
        inertia_s=_inertia_s(table),
        max_reserve_mw=table["max_reserve_mw"].fillna(np.inf).to_numpy(float),
        output_cny_per_mwh=costs.cp1,
        # as in rundcopp, constants are left out of a net with any piecewise linear cost
        constant_cny_per_h=float(costs.cp0.sum()) * (len(case.net.pwl_cost) == 0),
        rule_cny_per_mwh=case.settings.prices.rule_cny_per_mwh,
        water_spill_cny_per_mwh=case.settings.prices.water_spill_cny_per_mwh,
        end_storage=case.settings.horizon.end_storage,
    )


@dataclass(frozen=True)
class _Water:
    """The reservoirs in MW and MWh of their own plants, (element,) or (element, time)."""

    stores: NDArray[np.bool_]
    mw_per_m3_per_s: Array
    inflow_mw: Array
    min_release_mw: Array
    ramp_mw_per_h: Array
    low_mwh: Array
    high_mwh: Array
    start_mwh: Array
    band_low_mwh: Array
    band_high_mwh: Array

    @classmethod
    def read(cls, case: Case, table: pd.DataFrame, lakes: pd.DataFrame) -> _Water:
        """Read the reservoirs of the plants in ``table``; a plant without one lives on its profile."""
        power = lakes["mw_per_m3_per_s"].to_numpy(float)
        in_volume = np.isfinite(power)
        mwh_per_mm3 = np.where(in_volume, power / MM3_PER_M3_PER_S_AND_H, 0.0)

        def column(name: str, default: float) -> Array:
            return np.asarray(lakes[name].fillna(default).to_numpy(float))

        def either(volume: str, energy: str, factor: Array) -> Array:
            return np.where(in_volume, column(volume, 0.0) * factor, column(energy, 0.0))

        stores = in_volume | lakes["max_e_mwh"].notna().to_numpy(bool)
        profile = np.where(stores, lakes["profile"].fillna(""), table["profile"])
        flow = either("inflow_m3_per_s", "inflow_mw", np.nan_to_num(power))
        size = np.where(stores, flow, table["max_p_mw"]).astype(float)
        full = either("max_v_mm3", "max_e_mwh", mwh_per_mm3)
        high = full * column("level_high_pu", 1.0)
        low = np.maximum(either("min_v_mm3", "min_e_mwh", mwh_per_mm3), full * column("level_low_pu", 0.0))
        return cls(
            stores=stores,
            mw_per_m3_per_s=power,
            inflow_mw=size[:, None] * profile_rows(case, profile.tolist()),
            min_release_mw=either("min_release_m3_per_s", "min_release_mw", np.nan_to_num(power)) * stores,
            ramp_mw_per_h=column("ramp_mw_per_h", np.inf),
            low_mwh=low,
            high_mwh=high,
            start_mwh=np.clip(either("start_v_mm3", "start_e_mwh", mwh_per_mm3), low, high),
            band_low_mwh=np.clip(_band(case, lakes, "band_low_profile", full), low[:, None], high[:, None]),
            band_high_mwh=np.clip(_band(case, lakes, "band_high_profile", full), low[:, None], high[:, None]),
        )


def _band(case: Case, lakes: pd.DataFrame, column: str, full_mwh: Array) -> Array:
    """One side of the seasonal band (element, time) [MWh], NaN where there is none."""
    names = lakes[column].fillna("").tolist()
    level = full_mwh[:, None] * profile_rows(case, names)
    level[[not name for name in names]] = np.nan
    return level


def _cascade(case: Case, lakes: pd.DataFrame, power: Array) -> tuple[Cascade, Array]:
    """Who flows into whom, and the inflow of reservoirs above whose plants are not in service, (element, time) [MW].

    Such a reservoir keeps nothing back: its natural inflow arrives below, later by its travel time.
    """
    step_h, steps = case.settings.step_h, len(case.time)
    all_lakes: dict[str, Any] = {row["name"]: row for row in case.net.reservoir.to_dict("records")}
    position = {name: i for i, name in enumerate(lakes["name"])}
    n = len(lakes)
    upstream, ratio, delay = np.full(n, -1, dtype=np.int64), np.zeros(n), np.zeros(n, dtype=np.int64)
    passing = np.zeros((n, steps))
    for i, name in enumerate(lakes["name"]):
        if not isinstance(name, str):
            continue
        above, hours = all_lakes[name]["upstream"], float(all_lakes[name]["delay_h"])
        while above and above not in position:
            lake = all_lakes[above]
            flow = lake["inflow_m3_per_s"] * power[i] * profile_rows(case, [lake["profile"]])[0]
            passing[i] += delayed(flow, round(hours / step_h), flow[0])
            above, hours = lake["upstream"], hours + float(lake["delay_h"])
        if above:
            upstream[i], delay[i] = position[above], round(hours / step_h)
            ratio[i] = power[i] / power[position[above]]
    return Cascade(upstream, ratio, delay), passing


def delayed(flow: Array, delay: int, before: float) -> Array:
    """A flow (time,) that arrives ``delay`` steps later; ``before`` is what flowed before its first step.

    Examples
    --------
    >>> delayed(np.array([1.0, 2.0, 3.0]), 2, 0.5)
    array([0.5, 0.5, 1. ])
    """
    arrived: Array = np.concatenate([np.full(delay, before), flow])[: flow.size]
    return arrived


def _reference(water: _Water, cascade: Cascade, inflow: Array, start_release: Array, step_h: float) -> Array:
    """Level of even release with the water on its way, (element, time) [MWh]; from the top of the cascade down."""
    stock, release = np.zeros_like(inflow), np.zeros_like(inflow)
    for i in cascade.downwards():
        above, delay, ratio = cascade.upstream[i], int(cascade.delay[i]), cascade.ratio[i]
        flow, way = inflow[i], np.zeros(inflow.shape[1])
        if above >= 0:
            sent = np.concatenate([np.full(delay, start_release[above]), release[above]])
            flow = flow + ratio * sent[: way.size]
            total = np.concatenate([[0.0], np.cumsum(sent)])
            way = ratio * step_h * (total[1 + delay :] - total[1 : 1 + way.size])
        level = reference_level_mwh(flow, water.start_mwh[i], water.low_mwh[i], water.high_mwh[i], step_h)
        level = np.fmin(np.fmax(level, water.band_low_mwh[i]), water.band_high_mwh[i])
        release[i] = np.maximum(flow - np.diff(level, prepend=water.start_mwh[i]) / step_h, 0.0)
        stock[i] = level + way
    return stock


def _largest_spill(cascade: Cascade, inflow: Array, max_p_mw: Array) -> Array:
    """Finite bound of the spill (element,) [MW], wide enough for all that may come from above."""
    most = np.maximum(inflow.max(axis=1), max_p_mw) * _LARGEST_SPILL
    arriving = cascade.matrix()
    return np.asarray(np.linalg.solve(np.eye(most.size) - arriving, most + arriving @ max_p_mw))


def _inertia_s(table: pd.DataFrame) -> Array:
    """Kinetic energy per MW of output: of machines as large as their output, never more than are running."""
    rating = table["sn_mva"].to_numpy(float) if "sn_mva" in table else np.full(len(table), np.nan)
    size = table["max_p_mw"].to_numpy(float)
    per_mw = np.where(np.isfinite(rating) & (size > 0), rating / np.where(size > 0, size, 1.0), 1.0)
    return np.asarray(table["inertia_s"].fillna(0.0).to_numpy(float) * per_mw)
