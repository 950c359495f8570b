"""The plants of a result with their place in the net: kind, city, installed capacity, units."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridopt.results.summary import capacity_mw

if TYPE_CHECKING:
    import xarray as xr
    from pandapower import pandapowerNet

    from gridopt.case import Case

#: Kind of a plant by its technology; everything else is ``other``.
KIND = {
    "coal": "coal",
    "coal_chp": "chp",
    "gas": "gas",
    "oil": "gas",
    "biomass": "biomass",
    "waste": "biomass",
    "nuclear": "nuclear",
    "hydro_reservoir": "hydro",
    "hydro_ror": "hydro",
    "wind": "wind",
    "solar": "solar",
    "solar_distributed": "solar",
}
#: Output by the dimension of the plants.
OUTPUT = {"generator": "generator_p_mw", "renewable": "renewable_p_mw", "hydro": "hydro_p_mw"}
# What prosumers have of their own: output, its size in their table, kind.
_OWN = (("prosumer_generation_mw", "generation_mw", "captive"), ("prosumer_pv_mw", "pv_mw", "solar"))
#: Columns of the fleet.
COLUMNS = (
    *("plant", "name_zh", "kind", "city", "bus", "dimension", "variable", "position"),
    *("table", "index", "installed_mw", "units"),
)


def rows_of(net: pandapowerNet, table: str, labels: list[str]) -> pd.DataFrame:
    """Rows of a table of the net behind the labels of a dimension, in their order.

    A label is the name of a row, ``name (table row)`` where names are not unique, ``table row`` where there is none.
    """
    places: dict[str, int] = {}
    for row, name in net[table]["name"].items():
        places |= {f"{name} ({table} {row})": row, f"{table} {row}": row}
        places.setdefault(str(name), row)
    rows: pd.DataFrame = net[table].loc[[places[label] for label in labels]]
    return rows


def column(rows: pd.DataFrame, name: str, missing: float) -> NDArray[np.float64]:
    """Numbers of a column of the net, (row,); ``missing`` where the net gives none."""
    if name not in rows:
        return np.full(len(rows), missing)
    return np.asarray(rows[name].astype(float).fillna(missing).to_numpy())


def fleet(case: Case, dataset: xr.Dataset) -> pd.DataFrame:
    """All plants of a result, storage left out.

    Returns
    -------
    pandas.DataFrame
        Columns as in :data:`COLUMNS`: ``variable`` and ``position`` lead to the output of a plant, ``table`` and
        ``index`` to its row of the net ('' and −1 where it is no row of ``gen`` or ``sgen``), ``installed_mw`` [MW].
    """
    rows = [*_plants(case, dataset), *_behind_meters(case, dataset)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _plants(case: Case, dataset: xr.Dataset) -> Iterator[dict[str, object]]:
    cities = _city_of_bus(case)
    sizes = {table: capacity_mw(case.net[table]) for table in ("gen", "sgen")}
    for dimension, variable in OUTPUT.items():
        if variable not in dataset:
            continue
        labels = [str(label) for label in dataset[dimension].to_numpy()]
        technology = _words(dataset, f"{dimension}_technology", len(labels))
        city, bus = _words(dataset, f"{dimension}_city", len(labels)), _words(dataset, f"{dimension}_bus", len(labels))
        places = _places(case, dimension, set(labels))
        for position, label in enumerate(labels):
            table, index = places.get(label, ("", -1))
            row = case.net[table].loc[index] if table else pd.Series(dtype=object)
            yield {
                "plant": label,
                "name_zh": str(row.get("name_zh", "") or ""),
                "kind": KIND.get(technology[position], "other"),
                "city": city[position] or cities.get(bus[position], "") or bus[position],
                "bus": bus[position],
                "dimension": dimension,
                "variable": variable,
                "position": position,
                "table": table,
                "index": index,
                "installed_mw": float(sizes[table][index]) if table else 0.0,
                "units": float(row.get("n_units", 1) or 1),
            }


def _behind_meters(case: Case, dataset: xr.Dataset) -> Iterator[dict[str, object]]:
    if "prosumer_p_mw" not in dataset:
        return
    cities = _city_of_bus(case)
    labels = [str(label) for label in dataset["prosumer"].to_numpy()]
    sizes = rows_of(case.net, "prosumer", labels)
    buses = _words(dataset, "prosumer_bus", len(labels))
    for variable, size, kind in _OWN:
        for position, (label, bus, installed) in enumerate(zip(labels, buses, sizes[size].astype(float), strict=True)):
            if installed > 0:
                yield {
                    "plant": label,
                    "name_zh": "",
                    "kind": kind,
                    "city": cities.get(bus, "") or bus,
                    "bus": bus,
                    "dimension": "prosumer",
                    "variable": variable,
                    "position": position,
                    "table": "",
                    "index": -1,
                    "installed_mw": installed,
                    "units": 1.0,
                }


def _words(dataset: xr.Dataset, coordinate: str, size: int) -> list[str]:
    return [str(word) for word in dataset[coordinate].to_numpy()] if coordinate in dataset.coords else [""] * size


def _city_of_bus(case: Case) -> dict[str, str]:
    bus = case.net.bus
    return dict(zip(bus["name"].astype(str), bus["city"].fillna("").astype(str), strict=True))


def _places(case: Case, dimension: str, labels: set[str]) -> dict[str, tuple[str, int]]:
    """Table and row of the net behind each label of a dimension."""
    found: dict[str, tuple[str, int]] = {}
    for table in ("gen", "sgen"):
        frame = case.net[table].loc[_rows_of(case, dimension, table)]
        for index, name in zip(frame.index, frame["name"], strict=True):
            spelled = (f"{name} ({table} {index})", str(name), f"{table} {index}", f"{name} ({table})")
            label = next((word for word in spelled if word in labels and word not in found), None)
            if label is not None:
                found[label] = (table, int(index))
    return found


def _rows_of(case: Case, dimension: str, table: str) -> NDArray[np.bool_]:
    """Rows of ``gen`` or ``sgen`` that lie on a dimension."""
    from gridopt.model.claims import hydro_units, renewables

    weather = renewables(case, table)
    water = hydro_units(case) if table == "gen" else np.zeros(len(weather), dtype=bool)
    return {"hydro": water, "renewable": weather, "generator": ~water & ~weather}[dimension]
