"""One summary of a year from the summaries of its weeks.

A week of weight w stands for w weeks like it.  Energies, costs and counts of the year are weighted sums; peaks are
the largest of the weeks; a rate is never averaged as it stands but is the weighted sum of what it counts over the
weighted sum of what it is a share of, which comes from the results of the weeks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gridopt.results.summary import Number

if TYPE_CHECKING:
    import xarray as xr

    from gridopt.results.result import Result

Weighted = Sequence[tuple[float, Number]]


@dataclass(frozen=True)
class WeekSummary:
    """Summary of a week, with what its rates are shares of.

    Attributes
    ----------
    summary : dict
        As in ``summary.json``.
    whole : dict
        By the key of a rate: the energy [MWh] that it is a share of.
    """

    summary: dict[str, Number]
    whole: dict[str, float]


def week_summary(result: Result) -> WeekSummary:
    """Summary of a solved week."""
    dataset, step_h = result.dataset, result.case.settings.step_h

    def energy(*names: str) -> float:
        return sum(float(dataset[name].sum()) for name in names if name in dataset) * step_h

    generated = ("renewable_p_mw", "prosumer_pv_mw", "hydro_p_mw", "generator_p_mw", "prosumer_generation_mw")
    consumed = (result.summary[key] for key in ("demand_mwh", "losses_mwh"))
    whole = {
        "curtailment_rate": energy("renewable_available_mw"),
        "utilisation_wind": _offered(dataset, ("wind",)) * step_h,
        "utilisation_solar": _offered(dataset, ("solar", "solar_distributed")) * step_h,
        "nonfossil_share_generation": energy(*generated),
        "nonhydro_renewable_share_consumption": sum(float(e) for e in consumed if isinstance(e, int | float)),
    }
    return WeekSummary(dict(result.summary), whole)


def _offered(dataset: xr.Dataset, technologies: tuple[str, ...]) -> float:
    if "renewable_available_mw" not in dataset or "renewable_technology" not in dataset.coords:
        return 0.0
    rows = np.isin(dataset["renewable_technology"].to_numpy(), technologies)
    return float(dataset["renewable_available_mw"].isel(renewable=rows).sum())


def combined(weeks: Sequence[WeekSummary], weights: Sequence[float]) -> dict[str, Number]:
    """Summary of the year that the weeks stand for; the keys are those of the weeks.

    Parameters
    ----------
    weeks
        Summaries of the weeks.
    weights
        How many weeks each stands for.
    """
    out: dict[str, Number] = {}
    for key in weeks[0].summary:
        values = [week.summary[key] for week in weeks]
        if key in SHARES:
            out[key] = _share(values, [week.whole[key] for week in weeks], weights)
        elif key != "gap":
            out[key] = RULES[key](list(zip(weights, values, strict=True)))
    if "gap" in weeks[0].summary:
        out["gap"] = _gap(out)
    return {key: out[key] for key in weeks[0].summary}


def _share(values: Sequence[Number], whole: Sequence[float], weights: Sequence[float]) -> Number:
    """Weighted part over weighted whole; a week without a whole has no rate and adds nothing to either."""
    rows = [
        (weight * size * float(value), weight * size)
        for value, size, weight in zip(values, whole, weights, strict=True)
        if isinstance(value, int | float)
    ]
    total = sum(size for _, size in rows)
    return sum(part for part, _ in rows) / total if total else None


def _gap(out: Mapping[str, Number]) -> Number:
    distance, objective = out.get("gap_cny"), out.get("objective_cny")
    if not isinstance(distance, int | float) or not isinstance(objective, int | float) or not objective:
        return None
    return distance / abs(objective)


def _numbers(rows: Weighted) -> list[tuple[float, float]] | None:
    """The rows as numbers; None where a week has none, as the part is then not known for the year."""
    pairs = [(weight, float(value)) for weight, value in rows if isinstance(value, int | float)]
    return pairs if len(pairs) == len(rows) else None


def _total(rows: Weighted) -> Number:
    """Sum over the year."""
    pairs = _numbers(rows)
    return None if pairs is None else sum(weight * value for weight, value in pairs)


def _spent(rows: Weighted) -> Number:
    """Sum of what the weeks themselves took, without weights."""
    pairs = _numbers(rows)
    return None if pairs is None else sum(value for _, value in pairs)


def _largest(rows: Weighted) -> Number:
    pairs = _numbers(rows)
    return None if pairs is None else max(value for _, value in pairs)


def _smallest(rows: Weighted) -> Number:
    pairs = _numbers(rows)
    return None if pairs is None else min(value for _, value in pairs)


def _common(rows: Weighted) -> Number:
    """What does not depend on the hours: the same in all weeks."""
    values = [value for _, value in rows]
    if any(value != values[0] for value in values):
        raise ValueError(f"weeks of one case differ where they can't: {values}")
    return values[0]


def _worst(rows: Weighted) -> Number:
    """The word of the first week that is not solved to the end."""
    return next((value for _, value in rows if value != "optimal"), "optimal")


def _hashed(rows: Weighted) -> Number:
    """One hash of the inputs of all weeks and their weights."""
    return hashlib.sha256(repr([(float(weight), value) for weight, value in rows]).encode()).hexdigest()


def _each(rule: Callable[[Weighted], Number], *keys: str) -> dict[str, Callable[[Weighted], Number]]:
    return dict.fromkeys(keys, rule)


#: Rates, each recomputed from what it is a share of.
SHARES = (
    *("curtailment_rate", "utilisation_wind", "utilisation_solar"),
    *("nonfossil_share_generation", "nonhydro_renewable_share_consumption"),
)
#: How every other key but ``gap`` comes from its weeks.
RULES: dict[str, Callable[[Weighted], Number]] = {
    **_each(_worst, "status"),
    **_each(_hashed, "input_sha256"),
    **_each(_spent, "windows", "wall_s"),
    **_each(_common, "nonfossil_share_capacity"),
    **_each(_largest, "peak_rss_mb", "peak_load_mw", "peak_load_after_dr_mw", "dr_peak_mw", "dr_capability_mw"),
    **_each(_largest, "ac_voltage_max_pu", "ac_loading_max_pct"),
    **_each(_smallest, "ac_voltage_min_pu"),
    **_each(_total, "hours", "objective_cny", "operating_cost_cny", "penalty_cny", "lower_bound_cny", "gap_cny"),
    **_each(_total, "demand_mwh", "unserved_mwh", "excess_mwh", "eens_mwh", "lole_h", "losses_mwh"),
    **_each(_total, "curtailment_mwh", "curtailment_wind_mwh", "curtailment_solar_mwh"),
    **_each(_total, "curtailment_network_mwh", "curtailment_min_output_mwh", "curtailment_export_limit_mwh"),
    **_each(_total, "curtailment_storage_mwh", "curtailment_other_mwh"),
    **_each(_total, "thermal_mwh", "biomass_mwh", "hydro_mwh", "wind_mwh", "solar_mwh", "other_mwh"),
    **_each(_total, "phs_charge_mwh", "phs_discharge_mwh", "battery_charge_mwh", "battery_discharge_mwh"),
    **_each(_total, "storage_charge_mwh", "storage_discharge_mwh", "spill_mwh", "hydrogen_t"),
    **_each(_total, "export_mwh", "import_mwh", "net_export_mwh", "dr_mwh", "dr_hours", "dr_calls"),
    **_each(_total, "reserve_shortfall_mwh", "co2_t", "coal_tce"),
    **_each(_total, "ac_hours_converged", "ac_hours_in_voltage_band", "ac_losses_mwh"),
}
