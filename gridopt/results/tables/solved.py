"""What all tables look at: a case with its result, by month and day, and its plants by kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridopt.hours import FOLLOWING, total_load_mw
from gridopt.results.summary import capacity_mw, consumption_mw
from gridopt.results.tables.fleet import column, fleet, rows_of
from gridopt.results.tables.words import KINDS, STORES

if TYPE_CHECKING:
    import xarray as xr

    from gridopt.case import Case

Array = NDArray[np.float64]
Hours = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Solved:
    """A case and its result.

    Parameters
    ----------
    case
        The case.
    dataset
        Its ``results.nc``.
    """

    case: Case
    dataset: xr.Dataset

    @cached_property
    def step_h(self) -> float:
        """Length of a step [h]."""
        return self.case.settings.step_h

    @cached_property
    def time(self) -> pd.DatetimeIndex:
        """End of each step, (time,)."""
        return pd.DatetimeIndex(self.dataset.indexes["time"])

    @cached_property
    def begin(self) -> pd.DatetimeIndex:
        """Begin of each step: it decides on month and day, (time,)."""
        return self.time - pd.Timedelta(hours=self.step_h)

    @cached_property
    def months(self) -> dict[str, Hours]:
        """Steps of each month that the run touches, by its name such as ``2030-01``."""
        name = self.begin.strftime("%Y-%m").to_numpy()
        return {str(month): np.flatnonzero(name == month) for month in pd.unique(name)}

    @cached_property
    def whole_days(self) -> dict[pd.Timestamp, Hours]:
        """Steps of each day that the run covers from end to end."""
        number = self.begin.normalize()
        steps = round(24 / self.step_h)
        groups = pd.Series(np.arange(len(number))).groupby(number.to_numpy()).apply(np.asarray)
        return {pd.Timestamp(str(day)): at for day, at in groups.items() if len(at) == steps}

    def spans(self) -> Iterator[tuple[str, Hours]]:
        """Steps of each month, and of all of them together as ``total``."""
        yield from self.months.items()
        yield "total", np.arange(len(self.time))

    def values(self, name: str) -> Array:
        """A variable of the result, (element, time); without rows where there is none of it."""
        if name not in self.dataset:
            return np.zeros((0, len(self.time)))
        return np.asarray(self.dataset[name].transpose(..., "time").to_numpy(), dtype=float)

    def total(self, name: str) -> Array:
        """Sum of a variable over its elements, (time,); zero where there is none."""
        return np.asarray(self.values(name).sum(axis=0))

    def labels(self, dimension: str) -> list[str]:
        """Names of the elements of a dimension; none where the result has none."""
        return [str(name) for name in self.dataset[dimension].to_numpy()] if dimension in self.dataset.coords else []

    def rows(self, table: str, dimension: str) -> pd.DataFrame:
        """Rows of a table of the net in the order of a dimension of the result."""
        return rows_of(self.case.net, table, self.labels(dimension))

    def energy_mwh(self, power_mw: Array, at: Hours) -> float:
        """Energy of some steps of a series (time,) [MWh]."""
        return float(power_mw[at].sum() * self.step_h)

    @cached_property
    def consumption_mw(self) -> Array:
        """Consumption before demand response, (time,) [MW]."""
        return consumption_mw(self.dataset)

    @cached_property
    def following_mw(self) -> Array:
        """What electrolysers and ammonia loops draw, (time,) [MW]."""
        follows = np.isin(self.flexible_kinds, FOLLOWING)
        drawn = self.values("flexible_load_p_mw") - self.values("flexible_load_discharge_mw")
        return np.asarray(drawn[follows].sum(axis=0))

    @cached_property
    def load_mw(self) -> Array:
        """Load that plans rest on: all loads at their usual hours, without those that follow the grid, (time,) [MW]."""
        return total_load_mw(self.case.net, self.case.profiles)

    @cached_property
    def flexible_kinds(self) -> list[str]:
        """Kind of each flexible load."""
        return [str(kind) for kind in self.rows("flexible_load", "flexible_load")["kind"]]

    @cached_property
    def behind_meter_mw(self) -> Array:
        """What stores of prosumers take less what they give, and power that nobody there can take, (time,) [MW]."""
        taken = self.total("prosumer_charge_mw") - self.total("prosumer_discharge_mw")
        return np.asarray(taken + self.total("prosumer_excess_mw"))

    @cached_property
    def contract_mw(self) -> Array:
        """Contracted exchange of each tie, export positive, (tie, time) [MW]."""
        return self.values("tie_contract_mw")

    @cached_property
    def fleet(self) -> pd.DataFrame:
        """All plants, see :func:`gridopt.results.tables.fleet.fleet`."""
        return fleet(self.case, self.dataset)

    @cached_property
    def output_mw(self) -> Array:
        """Output of each row of the fleet, (plant, time) [MW]."""
        rows = [self.values(v)[p] for v, p in zip(self.fleet["variable"], self.fleet["position"], strict=True)]
        return np.array(rows).reshape(len(rows), len(self.time))

    @cached_property
    def output_by_kind_mw(self) -> dict[str, Array]:
        """Output of each kind of plant, (time,) [MW]; what the net injects undispatched is other."""
        kind = self.fleet["kind"].to_numpy(str)
        outputs = {k: np.asarray(self.output_mw[kind == k].sum(axis=0)) for k in KINDS}
        outputs["other"] = outputs["other"] + self.total("fixed_injection_mw")
        return outputs

    def installed_mw(self, kind: str) -> float:
        """Installed capacity of a kind of plant [MW]."""
        return float(self.fleet.loc[self.fleet["kind"] == kind, "installed_mw"].sum())

    def store_mw(self, kind: str) -> float:
        """Discharging power of a kind of stores [MW]."""
        return float(self.stores.loc[self.stores["kind"] == kind, "discharge_mw"].sum())

    @cached_property
    def stores(self) -> pd.DataFrame:
        """Stores in the order of the result: the row of the net, kind, powers [MW], size and usable energy [MWh]."""
        rows = self.rows("storage", "storage").reset_index(drop=True)
        rows["label"] = self.labels("storage")
        rows["kind"] = rows["technology"].where(rows["technology"].isin(list(STORES)), "store")
        rows["discharge_mw"] = capacity_mw(rows, "min_p_mw")
        rows["charge_mw"] = capacity_mw(rows)
        rows["size_mwh"] = column(rows, "max_e_mwh", np.nan)
        rows["usable_mwh"] = rows["size_mwh"] - column(rows, "min_e_mwh", 0.0)
        for name in ("eta_charge", "eta_discharge"):
            rows[name] = column(rows, name, 1.0)
        return rows

    def of_stores(self, name: str, kind: str) -> Array:
        """Sum of a variable over the stores of a kind, (time,)."""
        return np.asarray(self.values(name)[self.stores["kind"].to_numpy(str) == kind].sum(axis=0))

    @cached_property
    def city_of_bus(self) -> dict[str, str]:
        """City of each bus by its name; its own name where it has none."""
        if "bus_city" not in self.dataset.coords:
            return {name: name for name in self.labels("bus")}
        cities = self.dataset["bus_city"].to_numpy().astype(str)
        return {bus: city or bus for bus, city in zip(self.labels("bus"), cities, strict=True)}
