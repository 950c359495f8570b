"""What the audit looks at: the written files as plain arrays, and the rows of the net they must answer for.

Which row of the net is what kind of plant is decided here again, from the words of the data model alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridopt.results.audit.finding import Array, Mask

if TYPE_CHECKING:
    import xarray as xr

    from gridopt.case import Case
    from gridopt.settings import Settings

HYDRO = ("hydro_reservoir", "hydro_ror")
WIND = ("wind",)
SOLAR = ("solar", "solar_distributed")
STORES = ("phs", "battery")


class MissingValuesError(Exception):
    """A variable, or an element of it, that the files should hold."""

    def __init__(self, variable: str, element: str = "") -> None:
        self.variable, self.element = variable, element
        super().__init__(f"{variable} {element}".strip())


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of the net that are one kind of element, possibly of several tables.

    Parameters
    ----------
    dimension
        Dimension of the dataset on which they lie.
    places
        Table and row of each.
    frames
        The rows by table.
    """

    dimension: str
    places: tuple[tuple[str, int], ...]
    frames: dict[str, pd.DataFrame]

    def __len__(self) -> int:
        return len(self.places)

    def column(self, name: str, missing: float = np.nan) -> Array:
        """A column of numbers, (element,); ``missing`` where the net gives none."""
        parts = [
            frame[name].astype(float).to_numpy() if name in frame else np.full(len(frame), np.nan)
            for frame in self.frames.values()
        ]
        values = np.concatenate([np.zeros(0), *parts])
        return np.where(np.isnan(values), missing, values)

    def words(self, name: str) -> list[str]:
        """A column of words, '' where the net gives none."""
        return [
            word if isinstance(word, str) else ""
            for frame in self.frames.values()
            for word in (frame[name] if name in frame else [""] * len(frame))
        ]

    def flags(self, name: str, *, missing: bool = False) -> Mask:
        """A column of truths, (element,)."""
        words = [
            missing if pd.isna(word) else bool(word)
            for frame in self.frames.values()
            for word in (frame[name] if name in frame else [missing] * len(frame))
        ]
        return np.array(words, dtype=bool)

    @property
    def buses(self) -> list[int]:
        """Bus of each row."""
        return [int(bus) for frame in self.frames.values() for bus in frame["bus"]]

    @property
    def names(self) -> list[str]:
        """Name of each row, ``gen 3`` where it has none."""
        return [
            str(self.frames[table].at[row, "name"]) if _named(self.frames[table], row) else f"{table} {row}"
            for table, row in self.places
        ]


def _named(frame: pd.DataFrame, row: int) -> bool:
    return "name" in frame and isinstance(frame.at[row, "name"], str) and str(frame.at[row, "name"]) != ""


@dataclass(frozen=True, eq=False)
class View:
    """A written result and its case.

    Parameters
    ----------
    case
        The case as resolved, from ``case.yaml``.
    data
        ``results.nc``.
    summary
        ``summary.json``.
    proof
        Arrays of ``proof.npz`` by their names; None where it is not there.
    """

    case: Case
    data: xr.Dataset
    summary: dict[str, Any]
    proof: Mapping[str, NDArray[Any]] | None = None
    _labels: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """Settings of the case."""
        return self.case.settings

    @property
    def step_h(self) -> float:
        """Length of a step [h]."""
        return float(self.settings.step_h)

    @property
    def time(self) -> pd.DatetimeIndex:
        """Ends of the steps."""
        return self.case.time

    @property
    def steps(self) -> int:
        """Number of steps."""
        return len(self.case.time)

    def table(self, name: str) -> pd.DataFrame:
        """Rows of a table in service at buses in service; extension tables without such a column count whole."""
        frame = self.case.net[name]
        mask = np.ones(len(frame), dtype=bool)
        if "in_service" in frame:
            mask &= frame["in_service"].to_numpy(dtype=bool)
        live = set(self.live_buses)
        for column in ("bus", "from_bus", "to_bus"):
            if column in frame:
                mask &= np.array([pd.isna(bus) or int(bus) in live for bus in frame[column]], dtype=bool)
        rows: pd.DataFrame = frame.loc[mask]
        return rows

    @cached_property
    def live_buses(self) -> list[int]:
        """Ids of the buses in service."""
        bus = self.case.net["bus"]
        return [int(row) for row in bus.index[bus["in_service"].to_numpy(dtype=bool)]]

    def series(self, names: Iterable[str]) -> Array:
        """Profiles (element, time) by name; 1 in every step where the name is empty."""
        rows = [
            np.asarray(self.case.profiles[name].to_numpy(), dtype=np.float64) if name else np.ones(self.steps)
            for name in names
        ]
        return np.array(rows).reshape(len(rows), self.steps)

    # --- which rows are what ---------------------------------------------------------------------------------

    def _gen_kinds(self) -> pd.Series:
        gen = self.table("gen")
        kind = pd.Series("plain", index=gen.index, dtype=object)
        kind[gen["profile"] != ""] = "renewable"
        kind[gen["technology"].isin(WIND + SOLAR)] = "renewable"
        kind[gen["committable"].astype(bool)] = "thermal"
        kind[gen["technology"].isin(HYDRO)] = "hydro"
        return kind

    def _of_gen(self, kind: str) -> pd.DataFrame:
        kinds = self._gen_kinds()
        return self.table("gen").loc[kinds.index[kinds == kind]]

    @cached_property
    def thermal(self) -> Rows:
        """Clusters whose units can be switched off."""
        return rows_of("generator", {"gen": self._of_gen("thermal")})

    @cached_property
    def committed(self) -> bool:
        """Whether units of clusters are committed."""
        return self.settings.unit_commitment != "off"

    @cached_property
    def hydro(self) -> Rows:
        """Hydro plants."""
        return rows_of("hydro", {"gen": self._of_gen("hydro")})

    @cached_property
    def renewable(self) -> Rows:
        """All that follows the weather."""
        sgen = self.table("sgen")
        weather = sgen["technology"].isin(WIND + SOLAR) | (sgen["profile"] != "")
        return rows_of("renewable", {"sgen": sgen.loc[weather], "gen": self._of_gen("renewable")})

    @cached_property
    def storage(self) -> Rows:
        """Dispatched stores."""
        table = self.table("storage")
        mask = table["technology"].isin(STORES).to_numpy(dtype=bool) | _true(table, "controllable")
        return rows_of("storage", {"storage": table.loc[mask]})

    @cached_property
    def plain(self) -> Rows:
        """Everything else that is dispatched: as an ordinary optimal power flow does it."""
        sgen, load = self.table("sgen"), self.table("load")
        weather = sgen["technology"].isin(WIND + SOLAR) | (sgen["profile"] != "")
        return rows_of(
            "generator",
            {
                "ext_grid": self.table("ext_grid"),
                "gen": self._of_gen("plain"),
                "sgen": sgen.loc[~weather.to_numpy(dtype=bool) & _true(sgen, "controllable")],
                "load": load.loc[_true(load, "controllable")],
                "dcline": self.table("dcline"),
            },
        )

    @cached_property
    def fixed_load(self) -> pd.DataFrame:
        """Loads that follow their profile."""
        load = self.table("load")
        return load.loc[~_true(load, "controllable")]

    @cached_property
    def programs(self) -> Rows:
        """Programs of demand response with a capability: their own, or a part of the policy's."""
        table = self.table("demand_response")
        own = (table["p_mw"].notna() | table["share_of_peak"].notna()).to_numpy(dtype=bool)
        policy = self.settings.policy.dr_share_of_peak > 0
        return rows_of("program", {"demand_response": table.loc[own | policy]})

    @cached_property
    def tie(self) -> Rows:
        """Ties to the neighbours."""
        return self.extension("tie", "tie")

    @cached_property
    def flexible_load(self) -> Rows:
        """Flexible loads."""
        return self.extension("flexible_load", "flexible_load")

    @cached_property
    def prosumer(self) -> Rows:
        """Consumers with plants of their own."""
        return self.extension("prosumer", "prosumer")

    @cached_property
    def heats(self) -> bool:
        """Whether heat is balanced zone by zone."""
        return self.settings.policy.chp_mode == "heat_zone"

    @cached_property
    def heat_source(self) -> Rows:
        """Sources of heat beside the heating plants."""
        return self.extension("heat_source", "heat_source") if self.heats else rows_of("heat_source", {})

    @cached_property
    def electric_heat(self) -> Rows:
        """Sources of heat that draw electricity."""
        frame = self.table("heat_source") if self.heats else self.case.net["heat_source"].iloc[:0]
        return rows_of("heat_source", {"heat_source": frame.loc[frame["kind"].isin(("electric_boiler", "heat_pump"))]})

    @cached_property
    def heat_zone(self) -> Rows:
        """Zones whose heat is balanced."""
        return self.extension("heat_zone", "heat_zone") if self.heats else rows_of("heat_zone", {})

    def extension(self, table: str, dimension: str) -> Rows:
        """Rows in service of an own table."""
        return rows_of(dimension, {table: self.table(table)})

    # --- values ----------------------------------------------------------------------------------------------

    def positions(self, rows: Rows) -> list[int]:
        """Position of each row on its dimension.

        Raises
        ------
        MissingValuesError
            Where the dimension does not name an element.
        """
        if rows.dimension not in self._labels:
            if rows.dimension not in self.data.coords:
                raise MissingValuesError(rows.dimension, rows.names[0])
            labels = self.data[rows.dimension].to_numpy().astype(str).tolist()
            self._labels[rows.dimension] = {label: i for i, label in enumerate(labels)}
        labels = self._labels[rows.dimension]
        found = []
        for (table, row), name in zip(rows.places, rows.names, strict=True):
            label = next((word for word in _possible_labels(name, table, row) if word in labels), None)
            if label is None:
                raise MissingValuesError(rows.dimension, name)
            found.append(labels[label])
        return found

    def values(self, variable: str, rows: Rows, *, may_lack: bool = False) -> Array:
        """Values of some elements, (element, time).

        Raises
        ------
        MissingValuesError
            Where the variable, an element or, unless ``may_lack``, a value is missing.
        """
        at = self.positions(rows)
        whole = self.array(variable, (rows.dimension, "time"))
        if whole.shape[1] != self.steps:
            raise MissingValuesError(variable, rows.names[0])
        values = whole[at]
        if not may_lack and not np.isfinite(values).all():
            raise MissingValuesError(variable, rows.names[int(np.argmax(~np.isfinite(values).all(axis=1)))])
        return values

    def array(self, variable: str, dims: Sequence[str]) -> Array:
        """A variable as it is, in the given order of dimensions."""
        if variable not in self.data or set(self.data[variable].dims) != set(dims):
            raise MissingValuesError(variable)
        return np.asarray(self.data[variable].transpose(*dims).to_numpy(), dtype=np.float64)

    def by_bus(self, variable: str) -> dict[int, Array]:
        """Values of a variable of the dimension bus, by bus id."""
        rows = self.buses
        return dict(zip((row for _, row in rows.places), self.values(variable, rows), strict=True))

    @cached_property
    def buses(self) -> Rows:
        """Buses that the dataset names; buses out of the grid that hold nothing may be absent."""
        bus = self.case.net["bus"].loc[self.live_buses]
        labels = set(self.data["bus"].to_numpy().astype(str).tolist()) if "bus" in self.data.coords else set()
        whole = rows_of("bus", {"bus": bus})
        known = [
            any(word in labels for word in _possible_labels(name, "bus", row))
            for name, (_, row) in zip(whole.names, whole.places, strict=True)
        ]
        return rows_of("bus", {"bus": bus.loc[known]})


def rows_of(dimension: str, frames: dict[str, pd.DataFrame]) -> Rows:
    """Rows of several tables as one kind of element; empty tables are left out."""
    kept = {table: frame for table, frame in frames.items() if len(frame)}
    places = tuple((table, int(row)) for table, frame in kept.items() for row in frame.index)
    return Rows(dimension, places, kept)


def _true(frame: pd.DataFrame, column: str) -> Mask:
    if column not in frame:
        return np.zeros(len(frame), dtype=bool)
    return np.array([not pd.isna(value) and bool(value) for value in frame[column]], dtype=bool)


def _possible_labels(name: str, table: str, row: int) -> tuple[str, ...]:
    """How the results may call an element: the longer words tell namesakes apart, so they come first."""
    return f"{name} ({table} {row})", f"{name} ({table})", name
