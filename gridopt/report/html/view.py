"""A result as sections look at it: series of the province, words and units of the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gridopt.report.html.folder import Folder
from gridopt.report.html.parts import Array, Numbers, Words
from gridopt.report.html.units import MISSING, Scale, Units
from gridopt.report.html.words import CITIES, said_budget, text
from gridopt.results.summary import consumption_mw
from gridopt.results.tables.fleet import KIND, OUTPUT
from gridopt.results.tables.words import COLUMNS, KINDS, STORES, Language, said, words

if TYPE_CHECKING:
    import xarray as xr

# Up to here the days of a run are told by name [h].
_FEW_DAYS_H = 31 * 24.0


@dataclass(frozen=True, eq=False)
class View:
    """A result with the language and the units in which it is shown.

    Parameters
    ----------
    folder
        The result.
    units
        Language and units.
    """

    folder: Folder
    units: Units

    # --- words -----------------------------------------------------------------------------------------------

    @property
    def language(self) -> Language:
        """Language of the report."""
        return self.units.language

    def say(self, key: str, **values: object) -> str:
        """Words of the catalogue."""
        return text(key, self.language, **values)

    def word(self, key: str) -> str:
        """Word of a kind, a status, a city; names stay as they are."""
        return words(CITIES[key], self.language) if key in CITIES else str(said(key, self.language))

    def column(self, key: str) -> str:
        """Heading of a column of the tables."""
        return words(COLUMNS[key], self.language)

    def shown(self, value: float | None, quantity: str) -> str:
        """A number with its unit."""
        return self.units.shown(value, quantity)

    def alike(self, values: Sequence[float | None], quantity: str) -> list[str]:
        """Numbers that stand side by side, all with the unit of the largest."""
        scale = self.units.scale(quantity, max((abs(value) for value in values if value is not None), default=0.0))
        return [MISSING if value is None else scale.with_unit(value) for value in values]

    def budget(self, name: str) -> str:
        """Name of a budget."""
        return said_budget(name, self.language)

    def scale(self, quantity: str, *values: Array) -> Scale:
        """Scale that fits all values of a figure."""
        largest = max((float(np.nanmax(np.abs(v))) for v in values if v.size and np.isfinite(v).any()), default=0.0)
        return self.units.scale(quantity, largest)

    # --- series ----------------------------------------------------------------------------------------------

    @property
    def data(self) -> xr.Dataset:
        """``results.nc``."""
        return self.folder.dataset

    @cached_property
    def step_h(self) -> float:
        """Length of a step [h]."""
        return float(self.data.attrs["step_h"])

    @cached_property
    def begin(self) -> pd.DatetimeIndex:
        """Begin of each step, (time,)."""
        return pd.DatetimeIndex(self.data.indexes["time"]) - pd.Timedelta(hours=self.step_h)

    @property
    def hours(self) -> float:
        """Hours of the run."""
        return len(self.begin) * self.step_h

    @cached_property
    def months(self) -> tuple[Numbers, list[str]]:
        """Number of the month of each step, (time,), and the months' names."""
        number, names = pd.factorize(self.begin.strftime("%Y-%m"))
        return np.asarray(number, dtype=np.int64), [str(name) for name in names]

    def charging(self, kind: str) -> str:
        """Word for what a kind of store takes."""
        return self.say("pumping" if kind == "phs" else "charging", kind=self.word(kind))

    @property
    def day_axis(self) -> dict[str, str]:
        """Axis of days: each with its name in a short run."""
        return {"type": "category" if self.hours <= _FEW_DAYS_H else "date"}

    def x(self, width: int = 1) -> dict[str, object]:
        """Time axis of a series of means over so many steps."""
        return {"x0": f"{self.begin[0]:%Y-%m-%d %H:%M}", "dx": width * self.step_h * 3_600_000.0}

    def values(self, name: str) -> Array:
        """A variable, (element, time); no rows where the result has none."""
        if name not in self.data:
            return np.zeros((0, len(self.begin)))
        return np.asarray(self.data[name].transpose(..., "time").to_numpy(), dtype=float)

    def total(self, name: str) -> Array:
        """Sum over the elements, (time,); zero where the result has none."""
        return np.asarray(np.nansum(self.values(name), axis=0))

    def labels(self, dimension: str) -> list[str]:
        """Names of the elements of a dimension."""
        return [str(name) for name in self.data[dimension].to_numpy()] if dimension in self.data.coords else []

    def coordinate(self, name: str, missing: Sequence[str] = ()) -> Words:
        """A coordinate of words, (element,)."""
        return self.data[name].to_numpy().astype(str) if name in self.data.coords else np.array(missing, dtype=str)

    def monthly(self, power: Array) -> Array:
        """Energy of each month [MWh]; power (time,) [MW]."""
        number, names = self.months
        return np.bincount(number, weights=power * self.step_h, minlength=len(names)).astype(float)

    def daily(self, power: Array) -> tuple[list[str], Array]:
        """Days, and the energy of each [MWh]."""
        number, names = pd.factorize(self.begin.strftime("%Y-%m-%d"))
        energy = np.bincount(number, weights=power * self.step_h, minlength=len(names))
        return [str(name) for name in names], energy.astype(float)

    @property
    def within_a_month(self) -> bool:
        """Whether the run lies within one month."""
        return len(self.months[1]) == 1

    def by_span(self, power: Array) -> tuple[list[str], Array]:
        """Months, or days of a run within one month, and the energy of each [MWh]."""
        return self.daily(power) if self.within_a_month else (self.months[1], self.monthly(power))

    def when(self) -> dict[str, Any]:
        """Layout of a figure of days against hours of the day."""
        return {
            "yaxis": {"title": {"text": self.say("hour_axis")}, "dtick": 6, "zeroline": False},
            "xaxis": self.day_axis,
            "hovermode": "closest",
        }

    @cached_property
    def consumption_mw(self) -> Array:
        """Consumption before demand response, (time,) [MW]."""
        return consumption_mw(self.data)

    @cached_property
    def output_mw(self) -> dict[str, Array]:
        """Output by kind of plant, (time,) each [MW]; kinds without output are left out."""
        out = {kind: np.zeros(len(self.begin)) for kind in KINDS}
        for dimension, name in OUTPUT.items():
            power = self.values(name)
            technology = self.coordinate(f"{dimension}_technology", [""] * len(power))
            for row, word in enumerate(technology[: len(power)]):
                out[KIND.get(str(word), "other")] += np.nan_to_num(power[row])
        out["captive"] += self.total("prosumer_generation_mw")
        out["solar"] += self.total("prosumer_pv_mw")
        out["other"] += self.total("fixed_injection_mw")
        return {kind: power for kind, power in out.items() if np.abs(power).max(initial=0.0) > 1e-3}

    @cached_property
    def store_kind(self) -> Words:
        """Kind of each store, (storage,)."""
        words_of = self.coordinate("storage_technology", ["store"] * len(self.labels("storage")))
        return np.array([word if word in STORES else "store" for word in words_of])

    def of_stores(self, name: str, kind: str) -> Array:
        """Sum of a variable over the stores of a kind, (time,)."""
        values = self.values(name)
        return np.asarray(np.nansum(values[self.store_kind == kind], axis=0)) if len(values) else self.total(name)

    @cached_property
    def weather_mw(self) -> Array:
        """Wind and solar that the weather allows, (time,) [MW]."""
        return self.total("renewable_available_mw") + self.total("prosumer_pv_available_mw")

    @cached_property
    def curtailed_mw(self) -> Array:
        """Curtailed wind and solar, (time,) [MW]."""
        return self.total("renewable_curtailment_mw")

    @cached_property
    def price_cny_per_mwh(self) -> Array:
        """Price weighted with demand, (time,); the plain mean where there is none [CNY/MWh]."""
        price, demand = self.values("bus_price_cny_per_mwh"), np.maximum(self.values("demand_mw"), 0.0)
        known = np.isfinite(price)
        weight = np.where(known, demand, 0.0)
        total = weight.sum(axis=0)
        mean = np.nanmean(np.where(known.any(axis=0), price, 0.0), axis=0) if len(price) else np.zeros(len(total))
        weighted = (weight * np.nan_to_num(price)).sum(axis=0)
        return np.asarray(np.divide(weighted, total, out=mean, where=total > 0))

    def place_of(self, dimension: str) -> Words:
        """City of each element, its bus where it has none, (element,)."""
        labels = self.labels(dimension)
        bus = self.coordinate(f"{dimension}_bus", labels)
        city = self.coordinate(f"{dimension}_city", [""] * len(labels))
        return np.where(city != "", city, bus)

    @cached_property
    def chinese_names(self) -> dict[str, str]:
        """Chinese name of plants, stores and interfaces, from the tables."""
        found: dict[str, str] = {}
        for table, column in (("plants", "plant"), ("storage", "store"), ("interfaces", "interface")):
            rows = self.folder.table(table)
            if "name_zh" in rows:
                named = rows.dropna(subset=["name_zh"])
                found |= dict(zip(named[column].astype(str), named["name_zh"].astype(str), strict=True))
        return found

    def name(self, label: str) -> str:
        """Name of an element in the language of the report, as far as the tables know it."""
        return self.chinese_names.get(label, label) if self.language == "zh" else label
