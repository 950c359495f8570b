"""断面: how much each section carries, how close to its limit, and what more of it would be worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gridopt.results.tables.table import Table

if TYPE_CHECKING:
    from gridopt.results.tables.solved import Array, Solved

# A limit is reached at this loading: the rest is rounding of the solver.
_REACHED = 1.0 - 1e-6
#: A limit binds where one more MW of it would save money [CNY/MWh].
BINDS_CNY_PER_MWH = 1e-6


def interfaces(solved: Solved) -> pd.DataFrame:
    """One row for each section."""
    flows, prices = solved.values("interface_flow_mw"), solved.values("interface_price_cny_per_mwh")
    sections = solved.rows("interface", "interface").to_dict("records")
    names = solved.labels("interface")
    each = zip(sections, names, flows, prices, strict=True)
    return pd.DataFrame([_row(solved, section, name, flow, price) for section, name, flow, price in each])


def _row(solved: Solved, section: dict[Any, Any], name: str, flow: Array, price: Array) -> dict[str, object]:
    high, low = _limit(solved, section, "max"), _limit(solved, section, "min")
    loading = np.maximum(_loading(flow, high), _loading(-flow, -low))
    limited = bool(np.isfinite(high).any() or np.isfinite(low).any())
    binding = np.abs(price) > BINDS_CNY_PER_MWH
    step_h = solved.step_h
    hours = {
        f"loaded_{percent}_h": float((loading >= share).sum() * step_h) if limited else np.nan
        for percent, share in ((80, 0.80), (95, 0.95), (100, _REACHED))
    }
    return {
        "interface": name,
        "name_zh": str(section.get("name_zh", "") or ""),
        "limit_mw": float(high.max()) if np.isfinite(high).any() else np.nan,
        "reverse_limit_mw": float(-low.min()) if np.isfinite(low).any() else np.nan,
        "largest_flow_mw": float(max(flow.max(), 0.0)),
        "largest_reverse_mw": float(max(-flow.min(), 0.0)),
        "p95_mw": float(np.quantile(np.abs(flow), 0.95)),
        "p95_loading_pu": float(np.quantile(loading, 0.95)) if limited else np.nan,
        **hours,
        "forward_mwh": float(np.maximum(flow, 0.0).sum() * step_h),
        "reverse_mwh": float(np.maximum(-flow, 0.0).sum() * step_h),
        "binding_h": float(binding.sum() * step_h),
        "price_cny_per_mwh": float(np.abs(price[binding]).mean()) if binding.any() else 0.0,
        "worth_cny_per_mw": float(np.abs(price).sum() * step_h),
    }


def _limit(solved: Solved, section: dict[Any, Any], side: str) -> Array:
    """Limit of each hour, NaN where there is none, (time,) [MW]."""
    limit = np.full(len(solved.time), float(section.get(f"{side}_mw", np.nan)))
    profile = section.get(f"{side}_profile", "")
    return limit * solved.case.profiles[profile].to_numpy() if profile else limit


def _loading(flow: Array, limit: Array) -> Array:
    """Flow towards a limit as a share of it; 0 away from it or without one."""
    towards = np.maximum(flow, 0.0)
    return np.divide(towards, limit, out=np.zeros(len(flow)), where=np.isfinite(limit) & (limit > 0))


TABLE = Table(
    name="interfaces",
    columns=(
        *("interface", "name_zh", "limit_mw", "reverse_limit_mw", "largest_flow_mw", "largest_reverse_mw", "p95_mw"),
        *("p95_loading_pu", "loaded_80_h", "loaded_95_h", "loaded_100_h", "forward_mwh", "reverse_mwh", "binding_h"),
        *("price_cny_per_mwh", "worth_cny_per_mw"),
    ),
    compute=interfaces,
)
