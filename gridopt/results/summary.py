"""The numbers of ``summary.json``: flat, with units in their names; null where a part is switched off."""

from __future__ import annotations

import resource
import sys
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from gridopt.results.ac import ac_numbers

if TYPE_CHECKING:
    import pandas as pd

    from gridopt.case import Case

BIOMASS = ("biomass", "waste")
NONFOSSIL = ("biomass", "nuclear", "geothermal", "hydro_reservoir", "hydro_ror")
FOSSIL = ("coal", "coal_chp", "gas", "oil")
#: Keys whose part comes with later versions of the model; they are null until then.
NOT_COMPUTED = ("eens_mwh", "lole_h")
#: Causes of curtailment in the order of the dimension ``cause``.
CAUSES = ("network", "min_output", "export_limit", "storage", "rule", "other")
#: Curtailment by cause, and what each adds up of them.
SUMMARY_CAUSES = {
    "curtailment_network_mwh": ("network",),
    "curtailment_min_output_mwh": ("min_output",),
    "curtailment_export_limit_mwh": ("export_limit",),
    "curtailment_storage_mwh": ("storage",),
    "curtailment_other_mwh": ("rule", "other"),
}
#: A program is called from this power on [MW].
CALLED_MW = 1e-3

Number = float | int | str | None
Array = NDArray[np.float64]


def build_summary(case: Case, dataset: xr.Dataset, wall_s: float) -> dict[str, Number]:
    """Summarise a result.

    Parameters
    ----------
    case
        What was solved.
    dataset
        Its result.
    wall_s
        Time from the loaded case to the result [s].
    """
    numbers: dict[str, Number] = {
        "status": "optimal",
        "hours": float(dataset.sizes["time"] * case.settings.step_h),
        "windows": int(dataset.sizes["window"]),
        "wall_s": round(wall_s, 2),
        "peak_rss_mb": round(peak_rss_mb(), 1),
        "input_sha256": case.input_sha256,
        **_cost(dataset),
        **_demand(case, dataset),
        **_weather(case, dataset),
        **_generation(case, dataset),
        **_storage(case, dataset),
        **_exchange(case, dataset),
        **_response(case, dataset),
        **_reserve(case, dataset),
        **_shares(case, dataset),
        **_emissions(case, dataset),
        **ac_numbers(dataset),
        "losses_mwh": _energy(case, dataset["losses_mw"]) if "losses_mw" in dataset else None,
    }
    numbers |= dict.fromkeys(NOT_COMPUTED)
    return {key: numbers[key] for key in KEYS}


#: All keys in the order in which they are written.
KEYS = (
    *("status", "hours", "windows", "wall_s", "peak_rss_mb", "input_sha256", "objective_cny"),
    *("operating_cost_cny", "penalty_cny", "lower_bound_cny", "gap", "gap_cny"),
    *("demand_mwh", "peak_load_mw", "peak_load_after_dr_mw", "unserved_mwh", "excess_mwh", "eens_mwh", "lole_h"),
    *("losses_mwh", "curtailment_rate", "curtailment_mwh", "curtailment_wind_mwh", "curtailment_solar_mwh"),
    *("utilisation_wind", "utilisation_solar", "curtailment_network_mwh", "curtailment_min_output_mwh"),
    *("curtailment_export_limit_mwh", "curtailment_storage_mwh", "curtailment_other_mwh"),
    *("thermal_mwh", "biomass_mwh", "hydro_mwh", "wind_mwh", "solar_mwh", "other_mwh"),
    *("phs_charge_mwh", "phs_discharge_mwh", "battery_charge_mwh", "battery_discharge_mwh"),
    *("storage_charge_mwh", "storage_discharge_mwh", "spill_mwh", "hydrogen_t"),
    *("export_mwh", "import_mwh", "net_export_mwh", "dr_mwh", "dr_hours", "dr_calls", "dr_peak_mw"),
    *("dr_capability_mw", "reserve_shortfall_mwh", "co2_t", "coal_tce"),
    *("nonfossil_share_generation", "nonfossil_share_capacity", "nonhydro_renewable_share_consumption"),
    *("ac_hours_converged", "ac_hours_in_voltage_band", "ac_voltage_min_pu", "ac_voltage_max_pu"),
    *("ac_loading_max_pct", "ac_losses_mwh"),
)


def peak_rss_mb() -> float:
    """Largest memory of this process so far [MB]."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1024


def _energy(case: Case, values: xr.DataArray) -> float:
    return float(values.sum()) * case.settings.step_h


def _of(dataset: xr.Dataset, name: str, dimension: str, technologies: tuple[str, ...]) -> xr.DataArray:
    """Rows of a variable whose element has one of the technologies."""
    technology = dataset.get(f"{dimension}_technology")
    if name not in dataset or technology is None:
        return xr.DataArray(np.zeros((0, dataset.sizes["time"])), dims=(dimension, "time"))
    return dataset[name].isel({dimension: np.isin(technology.to_numpy(), technologies)})


def _cost(dataset: xr.Dataset) -> dict[str, Number]:
    operating, penalty = float(dataset["operating_cost_cny"].sum()), float(dataset["penalty_cny"].sum())
    objective = operating + penalty
    cost: dict[str, Number] = {"objective_cny": objective, "operating_cost_cny": operating, "penalty_cny": penalty}
    return cost | _gap(dataset, objective)


def _gap(dataset: xr.Dataset, objective_cny: float) -> dict[str, Number]:
    """Proven lower bound and the distance to it; null where nothing is proven, no gap where a budget is broken."""
    if "lower_bound_cny" not in dataset:
        return dict.fromkeys(("lower_bound_cny", "gap", "gap_cny"))
    lower = float(dataset["lower_bound_cny"])
    if "budget_breach" in dataset and bool((dataset["budget_breach"] > 0).any()):
        return {"lower_bound_cny": lower, "gap": None, "gap_cny": None}
    missed = max(objective_cny - lower, 0.0)
    return {"lower_bound_cny": lower, "gap": missed / max(abs(objective_cny), 1.0), "gap_cny": missed}


def consumption_mw(dataset: xr.Dataset) -> Array:
    """Consumption of the province before demand response, (time,) [MW].

    Loads, what flexible loads draw less what they give back, the own load of prosumers, and electric heat.
    """
    return np.asarray(
        _sum(dataset, "demand_mw")
        + _sum(dataset, "flexible_load_p_mw")
        - _sum(dataset, "flexible_load_discharge_mw")
        + _sum(dataset, "prosumer_load_mw")
        + _sum(dataset, "prosumer_shift_mw")
        - _sum(dataset, "prosumer_shortfall_mw")
        + _sum(dataset, "heat_source_electric_mw")
    )


def _sum(dataset: xr.Dataset, name: str) -> Array:
    """Sum of a variable over its elements, (time,); zero where there is none."""
    if name not in dataset:
        return np.zeros(dataset.sizes["time"])
    return np.asarray(dataset[name].sum([dim for dim in dataset[name].dims if dim != "time"]).to_numpy())


def _demand(case: Case, dataset: xr.Dataset) -> dict[str, Number]:
    load = consumption_mw(dataset)
    served = load - _sum(dataset, "response_mw")
    step_h = case.settings.step_h
    lacking = sum(
        _sum(dataset, name) for name in ("unserved_mw", "flexible_load_shortfall_mw", "prosumer_shortfall_mw")
    )
    return {
        "demand_mwh": float(load.sum()) * step_h,
        "peak_load_mw": float(load.max()),
        "peak_load_after_dr_mw": float(served.max()),
        "unserved_mwh": float(np.sum(lacking)) * step_h,
        "excess_mwh": _energy(case, dataset["excess_mw"]),
    }


def _weather(case: Case, dataset: xr.Dataset) -> dict[str, Number]:
    if "renewable_p_mw" not in dataset:
        keys = ("curtailment_rate", "curtailment_mwh", "utilisation_wind", "utilisation_solar", *SUMMARY_CAUSES)
        zero = dict.fromkeys(("curtailment_wind_mwh", "curtailment_solar_mwh", "wind_mwh", "solar_mwh"), 0.0)
        return dict.fromkeys(keys) | zero
    out: dict[str, Number] = {}
    for word, technologies in (("wind", ("wind",)), ("solar", ("solar", "solar_distributed"))):
        used = _energy(case, _of(dataset, "renewable_p_mw", "renewable", technologies))
        offered = _energy(case, _of(dataset, "renewable_available_mw", "renewable", technologies))
        own = float(_sum(dataset, "prosumer_pv_mw").sum()) * case.settings.step_h if word == "solar" else 0.0
        out[f"{word}_mwh"] = used + own
        out[f"curtailment_{word}_mwh"] = offered - used
        out[f"utilisation_{word}"] = used / offered if offered else None
    offered, curtailed = (
        _energy(case, dataset[name]) for name in ("renewable_available_mw", "renewable_curtailment_mw")
    )
    out |= {
        key: _energy(case, dataset["curtailment_cause_mw"].sel(cause=list(causes)))
        for key, causes in SUMMARY_CAUSES.items()
    }
    return out | {"curtailment_mwh": curtailed, "curtailment_rate": curtailed / offered if offered else None}


def _generation(case: Case, dataset: xr.Dataset) -> dict[str, Number]:
    def energy(*technologies: str) -> float:
        return _energy(case, _of(dataset, "generator_p_mw", "generator", technologies))

    def weather(*technologies: str) -> float:
        return _energy(case, _of(dataset, "renewable_p_mw", "renewable", technologies))

    names = ("generator_p_mw", "renewable_p_mw", "fixed_injection_mw")
    total = sum(_energy(case, dataset[name]) for name in names if name in dataset)
    named = weather("wind", "solar", "solar_distributed")
    # captive plants stand behind their owner's meter and count in the statistics of thermal power
    captive = float(_sum(dataset, "prosumer_generation_mw").sum()) * case.settings.step_h
    hydro = _energy(case, dataset["hydro_p_mw"]) if "hydro_p_mw" in dataset else 0.0
    spill = _energy(case, dataset["hydro_spill_mw"]) if "hydro_spill_mw" in dataset else None
    # biomass with a profile of its own is dispatched like wind and solar
    thermal, biomass = energy(*FOSSIL), energy(*BIOMASS) + weather(*BIOMASS)
    return {
        "thermal_mwh": thermal + captive,
        "biomass_mwh": biomass,
        "hydro_mwh": hydro,
        "other_mwh": total - named - thermal - biomass,
        "spill_mwh": spill,
    }


def _storage(case: Case, dataset: xr.Dataset) -> dict[str, Number]:
    out: dict[str, Number] = {}
    for way in ("charge", "discharge"):
        for technology in ("phs", "battery"):
            rows = _of(dataset, f"storage_{way}_mw", "storage", (technology,))
            out[f"{technology}_{way}_mwh"] = _energy(case, rows) if rows.size else None
        name = f"storage_{way}_mw"
        out[f"storage_{way}_mwh"] = _energy(case, dataset[name]) if name in dataset else None
    return out


def _exchange(case: Case, dataset: xr.Dataset) -> dict[str, Number]:
    if "tie_export_mw" not in dataset:
        return dict.fromkeys(("export_mwh", "import_mwh", "net_export_mwh"))
    flow = dataset["tie_export_mw"]
    sent, received = _energy(case, flow.clip(min=0)), -_energy(case, flow.clip(max=0))
    return {"export_mwh": sent, "import_mwh": received, "net_export_mwh": sent - received}


def _response(case: Case, dataset: xr.Dataset) -> dict[str, Number]:
    if "response_mw" not in dataset:
        return dict.fromkeys(("dr_mwh", "dr_hours", "dr_calls", "dr_peak_mw", "dr_capability_mw"))
    power = _sum(dataset, "response_down_mw")
    down, on_state = (dataset[name].to_numpy() for name in ("response_down_mw", "response_called"))
    able = dataset["response_capability_mw"].to_numpy().max(axis=1) > 0  # valley filling has none to reduce
    called = (np.where(np.isnan(on_state), down > CALLED_MW, on_state > 0.5) & able[:, None]).any(axis=0)
    starts = called & ~np.concatenate([[False], called[:-1]])
    return {
        "dr_mwh": float(power.sum()) * case.settings.step_h,
        "dr_hours": float(called.sum()) * case.settings.step_h,
        "dr_calls": int(starts.sum()),
        "dr_peak_mw": float(power.max()),
        "dr_capability_mw": float(_sum(dataset, "response_capability_mw").max()),
    }


def _reserve(case: Case, dataset: xr.Dataset) -> dict[str, Number]:
    """Reserve that was asked for and not held; inertia has another unit and doesn't count."""
    if "reserve_shortfall_mw" not in dataset:
        return {"reserve_shortfall_mwh": None}
    kinds = case.net.reserve_product.set_index("name")["kind"]
    power = [name for name in dataset["reserve"].to_numpy() if kinds.get(name) != "inertia"]
    return {"reserve_shortfall_mwh": _energy(case, dataset["reserve_shortfall_mw"].sel(reserve=power))}


def _shares(case: Case, dataset: xr.Dataset) -> dict[str, Number]:
    weather = _energy(case, dataset["renewable_p_mw"]) if "renewable_p_mw" in dataset else 0.0
    hydro = _energy(case, dataset["hydro_p_mw"]) if "hydro_p_mw" in dataset else 0.0
    other = _energy(case, dataset["generator_p_mw"]) if "generator_p_mw" in dataset else 0.0
    clean = _energy(case, _of(dataset, "generator_p_mw", "generator", NONFOSSIL))
    biomass = _energy(case, _of(dataset, "generator_p_mw", "generator", BIOMASS))
    step_h = case.settings.step_h
    # the consumption of the whole society includes what the grid loses
    demand = float((consumption_mw(dataset) + _sum(dataset, "losses_mw")).sum()) * step_h
    own = float(_sum(dataset, "prosumer_pv_mw").sum()) * step_h
    captive = float(_sum(dataset, "prosumer_generation_mw").sum()) * step_h
    weather += own
    total = weather + hydro + other + captive
    return {
        "nonfossil_share_generation": (weather + hydro + clean) / total if total else None,
        "nonfossil_share_capacity": _nonfossil_capacity_share(case),
        "nonhydro_renewable_share_consumption": (weather + biomass) / demand if demand else None,
    }


def capacity_mw(rows: pd.DataFrame, column: str = "max_p_mw") -> pd.Series:
    """Installed capacity of rows of a table [MW]; the present power where the net gives no limit."""
    power = rows["p_mw"].astype(float).abs()
    return power if column not in rows else rows[column].astype(float).abs().fillna(power)


def _nonfossil_capacity_share(case: Case) -> float | None:
    """Installed non-fossil capacity over all, storage (pumped storage too) left out."""
    clean = total = 0.0
    for table in ("gen", "sgen"):
        rows = case.net[table][case.net[table]["in_service"].to_numpy(bool)]
        size = capacity_mw(rows)
        known = rows["technology"] != ""
        total += float(size[known].sum())
        clean += float(size[known & ~rows["technology"].isin(FOSSIL)].sum())
    return clean / total if total else None


# What burns coal beside the generators: its output, its table, and the column of its coal per MWh of it.
_BURNERS = (
    ("heat_source_mw", "heat_source", "coal_tce_per_mwh"),
    ("prosumer_generation_mw", "prosumer", "generation_tce_per_mwh"),
)


def _emissions(case: Case, dataset: xr.Dataset) -> dict[str, Number]:
    """CO2 of all components; coal of generators by boiler load, of heat sources and prosumers by their output."""
    if "generator_p_mw" not in dataset:
        return dict.fromkeys(("co2_t", "coal_tce")) | _hydrogen(case, dataset)
    boiler = dataset["generator_p_mw"]
    if "generator_boiler_mw" in dataset:
        boiler = dataset["generator_boiler_mw"].fillna(boiler)
    coal = float((boiler.sum("time") * dataset["generator_coal_tce_per_mwh"]).sum())
    for name, table, column in _BURNERS:
        if name in dataset:
            rates = case.net[table].set_index("name").reindex(dataset[table].to_numpy())[column].fillna(0.0)
            coal += float(dataset[name].sum("time").to_numpy() @ rates.to_numpy(float))
    co2 = float(_sum(dataset, "emission_co2_t").sum())
    return {"co2_t": co2, "coal_tce": coal * case.settings.step_h} | _hydrogen(case, dataset)


def _hydrogen(case: Case, dataset: xr.Dataset) -> dict[str, Number]:
    """Hydrogen made [t]."""
    if "flexible_load_p_mw" not in dataset:
        return {"hydrogen_t": None}
    rows = case.net.flexible_load.set_index("name").reindex(dataset["flexible_load"].to_numpy())
    kg = rows["kg_h2_per_mwh"].where(rows["kind"] == "electrolyser").fillna(0.0).to_numpy(float)
    drawn = dataset["flexible_load_p_mw"].sum("time").to_numpy() * case.settings.step_h
    return {"hydrogen_t": float(drawn @ kg) / 1000.0 if kg.any() else None}
