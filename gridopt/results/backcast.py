"""A solved year beside the published statistics of that year, row by row.

The statistics of a shipped network stand in its ``statistics.csv``: single figures by year, quantity and months.
They count like this, and so does the comparison:

- thermal power includes biomass, waste and captive plants; hydro includes what pumped storage gives;
- a curtailment rate of several months is the mean of the months' rates, as published; that of wind and sun together
  is a rate of the energy;
- solar counts roofs; where a figure leaves them out it is shown and not judged.

Judged are the sums of the year (3 %), the curtailment rates of more than a month (1.5 points), and thermal power in
each published period (10 %, in all but two of them).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gridopt import catalog
from gridopt.errors import InputError
from gridopt.results.tables.solved import Solved
from gridopt.results.tables.words import THERMAL

if TYPE_CHECKING:
    import xarray as xr

    from gridopt.case import Case
    from gridopt.results.tables.solved import Array

#: Tolerances: of energies of the year [pu], of curtailment rates [points], of thermal power in a period [pu].
ENERGY, RATE, PERIOD = 0.03, 1.5, 0.10
#: Periods in which thermal power may be farther off.
PERIODS_FREE = 2
MET, MISSED, SHOWN = "met", "missed", "shown"
COLUMNS = (
    *("quantity", "first_month", "last_month", "unit", "statistic", "model", "deviation", "tolerance", "status"),
    *("note", "source", "confidence"),
)
_RATES = ("wind_curtailment", "solar_curtailment", "wind_and_solar_curtailment")
# What is judged of a quantity when it covers less than a year: solar and both together are known for a part alone.
_PART_OF_YEAR = ("solar", "wind_and_solar")
_YEAR_H = 8736.0


@dataclass(frozen=True)
class Months:
    """Energies of a solved year by month, (12,) [MWh], as the statistics count them.

    Attributes
    ----------
    energy_mwh : dict
        Used energy by quantity.
    offered_mwh : dict
        Available energy of wind and of solar.
    """

    energy_mwh: dict[str, Array]
    offered_mwh: dict[str, Array]

    def value(self, quantity: str, first: int, last: int) -> float:
        """Energy [GWh] or curtailment rate [%] of some months, from the first to the last."""
        months = slice(first - 1, last)
        if quantity in _RATES:
            return 100 * self._rate(quantity.removesuffix("_curtailment"), months)
        return float(self.energy_mwh[quantity][months].sum()) / 1e3

    def _rate(self, quantity: str, months: slice) -> float:
        used, offered = self.energy_mwh[quantity][months], self.offered_mwh[quantity][months]
        if quantity == "wind_and_solar":
            return float(1 - used.sum() / offered.sum())
        return float(np.mean(1 - used / offered))


def statistics_of(network: str | None, year: int | None) -> pd.DataFrame:
    """Published figures of a year that a backcast is compared with; no rows where there are none."""
    file = catalog.statistics_file(network)
    if file is None:
        return pd.DataFrame(columns=["year", "quantity"])
    table = pd.read_csv(file, keep_default_na=False)
    return table[(table["year"] == year) & (table["unit"] != "pu")].reset_index(drop=True)


def months_of(case: Case, dataset: xr.Dataset) -> Months:
    """Energies of a solved year by month.

    Raises
    ------
    InputError
        Where the result is no year.
    """
    solved = Solved(case, dataset)
    if len(solved.time) * solved.step_h < _YEAR_H:
        hours = f"{len(solved.time) * solved.step_h:g} h"
        raise InputError(f"{case.name}: a backcast compares a year, the result has {hours}")
    month = np.asarray(solved.begin.month)

    def by_month(power_mw: Array) -> Array:
        return np.asarray(np.bincount(month, power_mw, minlength=13)[1:] * solved.step_h, float)

    output = {kind: by_month(power) for kind, power in solved.output_by_kind_mw.items()}
    curtailed = {kind: by_month(power) for kind, power in _curtailed_mw(solved).items()}
    energy = {
        "thermal": output["biomass"] + sum(output[kind] for kind in THERMAL),
        "hydro": output["hydro"] + by_month(solved.of_stores("storage_discharge_mw", "phs")),
        "wind": output["wind"],
        "solar": output["solar"],
        "wind_and_solar": output["wind"] + output["solar"],
        "net_export": by_month(solved.total("tie_export_mw")),
    }
    curtailed["wind_and_solar"] = curtailed["wind"] + curtailed["solar"]
    return Months(energy, {kind: energy[kind] + lost for kind, lost in curtailed.items()})


def _curtailed_mw(solved: Solved) -> dict[str, Array]:
    """Curtailed power of wind and of solar, (time,) [MW]."""
    power, sites = solved.values("renewable_curtailment_mw"), solved.fleet.query("dimension == 'renewable'")
    rows = {kind: sites.loc[sites["kind"] == kind, "position"].to_numpy(int) for kind in ("wind", "solar")}
    return {kind: np.asarray(power[positions].sum(axis=0)) for kind, positions in rows.items()}


def compare(statistics: pd.DataFrame, months: Months) -> pd.DataFrame:
    """Model beside statistics.

    Parameters
    ----------
    statistics
        Rows with quantity, first and last month, value [GWh or %], unit, comparable, note, source, confidence.
    months
        The solved year.

    Returns
    -------
    pandas.DataFrame
        A row for each figure, with the deviation (relative, or in points for rates), its tolerance and ``met``,
        ``missed`` or ``shown``; and a row that counts the periods in which thermal power is within its tolerance.
    """
    rows = [_row(figure, months) for figure in statistics.to_dict("records")]
    periods = [row["status"] == MET for row in rows if (row["quantity"], row["tolerance"]) == ("thermal", PERIOD)]
    if periods:
        rows.append(_periods(len(periods), sum(periods)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(figure: Mapping[Any, Any], months: Months) -> dict[str, Any]:
    quantity, first, last = str(figure["quantity"]), int(figure["first_month"]), int(figure["last_month"])
    statistic, model = float(figure["value"]), months.value(quantity, first, last)
    deviation = model - statistic if quantity in _RATES else model / statistic - 1
    tolerance = _tolerance(quantity, first, last) if bool(figure["comparable"]) else np.nan
    status = SHOWN if np.isnan(tolerance) else MET if abs(deviation) <= tolerance else MISSED
    own = {"statistic": statistic, "model": model, "deviation": deviation, "tolerance": tolerance, "status": status}
    return {column: own.get(column, figure.get(column, "")) for column in COLUMNS}


def _tolerance(quantity: str, first: int, last: int) -> float:
    """Tolerance of a figure; NaN where it is shown alone."""
    year = (first, last) == (1, 12)
    if quantity in _RATES:
        return RATE if last > first else np.nan
    if year or quantity in _PART_OF_YEAR:
        return ENERGY
    return PERIOD if quantity == "thermal" else np.nan


def _periods(total: int, within: int) -> dict[str, Any]:
    """How many of the published periods have their thermal power."""
    asked = max(total - PERIODS_FREE, 0)
    own = {"quantity": "thermal_periods", "first_month": 1, "last_month": 12, "unit": "periods", "statistic": total}
    own |= {"model": within, "deviation": within - total, "tolerance": total - asked}
    own |= {"status": MET if within >= asked else MISSED, "note": f"at least {asked} of {total} within {PERIOD:.0%}"}
    return {column: own.get(column, "") for column in COLUMNS}
