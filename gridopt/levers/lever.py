"""What a lever is, and the helpers that its changes are made of."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from gridopt.errors import Fault, InputError
from gridopt.settings import Settings

if TYPE_CHECKING:
    from pandapower import pandapowerNet

Value = float | str
State = tuple["pandapowerNet", Settings]


# Quantities of the whole element: they grow with its size. Prices, ratios and durations don't.  What has no
# lever of its own size stands with the part that a lever scales.
EXTENSIVE = {
    "load": ("p_mw", "q_mvar"),
    "sgen": ("p_mw", "q_mvar", "sn_mva", "min_p_mw", "max_p_mw", "min_q_mvar", "max_q_mvar"),
    "gen": (
        *("p_mw", "sn_mva", "min_p_mw", "max_p_mw", "min_q_mvar", "max_q_mvar"),
        *("ramp_up_mw_per_h", "ramp_down_mw_per_h", "startup_ramp_mw", "shutdown_ramp_mw"),
        *("initial_p_mw", "max_heat_mw", "heat_offset_mw", "max_reserve_mw", "must_run_units", "initial_on_units"),
    ),
    "storage": (
        *("p_mw", "q_mvar", "sn_mva", "min_p_mw", "max_p_mw", "min_q_mvar", "max_q_mvar"),
        *("max_e_mwh", "min_e_mwh"),
    ),
    "tie": ("p_mw", "band_mw", "min_p_mw", "max_p_mw", "ramp_mw_per_h", "annual_mwh", "deviation_mwh"),
    "flexible_load": (
        *("p_mw", "max_p_mw", "min_p_mw", "max_discharge_mw", "max_e_mwh", "start_e_mwh", "ramp_mw_per_h"),
        "annual_mwh",
    ),
    "prosumer": (
        *("p_mw", "generation_mw", "generation_min_mw", "pv_mw", "store_mw", "store_mwh", "import_max_mw"),
        *("export_max_mw", "ramp_mw_per_h"),
    ),
    "heat_source": ("max_heat_mw", "min_heat_mw"),
    "reservoir": ("inflow_mw", "inflow_m3_per_s"),  # of the water that comes, not of the dam
    "deep_regulation": ("width_mw",),
}


@dataclass(frozen=True)
class Lever:
    """A named change of a case.

    Attributes
    ----------
    name : str
        As used in case files and by ``--set``.
    unit : str
        Unit of the value.
    low, high : float
        Range of the value (inclusive).
    description : str
        What it does.
    present : callable
        Present value in (net, settings), ``None`` where the lever has nothing to act on.
    change : callable
        (net, settings, value) -> (net, settings).
    """

    name: str
    unit: str
    low: float
    high: float
    description: str
    present: Callable[[pandapowerNet, Settings], Value | None]
    change: Callable[[pandapowerNet, Settings, Any], State]
    words: bool = False

    def apply(self, net: pandapowerNet, settings: Settings, value: Value) -> State:
        """Apply the lever; raises ``InputError`` if it matches nothing or the value is out of range."""
        if self.present(net, settings) is None:
            raise self._error("has nothing to act on in this case")
        if self.words:
            return self.change(net, settings, value)
        try:
            number = float(value)
        except ValueError:
            raise self._error(f"needs a number [{self.unit}], got {value!r}") from None
        if not self.low <= number <= self.high:
            raise self._error(f"must be within {self.low:g} … {self.high:g} {self.unit}, got {number:g}")
        return self.change(net, settings, number)

    def _error(self, message: str) -> InputError:
        return InputError(Fault(table="lever", row=self.name, message=message))


def with_tables(net: pandapowerNet, **tables: pd.DataFrame) -> pandapowerNet:
    """A net with some tables replaced; all others are shared with the old net, which stays as it is."""
    changed = copy.copy(net)
    for name, table in tables.items():
        changed[name] = table
    return changed


def scaled(table: pd.DataFrame, element: str, factor: pd.Series) -> pd.DataFrame:
    """A copy of a table whose rows `factor.index` have all extensive quantities multiplied by `factor`."""
    table = table.copy()
    for column in EXTENSIVE[element]:
        if column in table:
            table[column] = table[column].astype(float)
            table.loc[factor.index, column] *= factor
    return table


def active(net: pandapowerNet, element: str, technologies: tuple[str, ...]) -> pd.DataFrame:
    """Rows in service of some technologies; limits that the net doesn't give are NaN columns."""
    table: pd.DataFrame = net[element]
    rows = table[table["in_service"].astype(bool) & table["technology"].isin(technologies)]
    absent = [name for name in ("min_p_mw", "max_p_mw", "max_e_mwh", "min_e_mwh") if name not in rows]
    return rows.assign(**dict.fromkeys(absent, float("nan")))


def total_or_none(values: pd.Series) -> float | None:
    """Sum of the values, ``None`` where there is nothing to scale."""
    total = float(values.sum())
    return total if total > 0 else None


def known(value: float | None) -> float:
    """The present value after `Lever.apply` has made sure that there is one."""
    if value is None:
        raise ValueError("the lever has nothing to act on")
    return value
