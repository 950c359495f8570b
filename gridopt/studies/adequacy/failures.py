"""How often units fail and how long they take to repair, where the net does not say it.

A net that knows better has the columns ``forced_outage_rate_pu`` and ``repair_h`` in ``gen`` or ``storage``; a row
with a value there keeps it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gridopt.errors import Fault, InputError
from gridopt.studies.adequacy.supply import Array, Index
from gridopt.studies.outages import Failure

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Assumption:
    """Failures of the units of some technologies from a size on.

    Attributes
    ----------
    technologies : tuple of str
        Empty: all that no other row names.
    from_mw : float
        Size of one unit from which it holds [MW].
    failure : Failure
    source, confidence : str
        Where it comes from; cited, recalled or assumed.
    """

    technologies: tuple[str, ...]
    from_mw: float
    failure: Failure
    source: str
    confidence: str


_RTS = "steam units of the IEEE Reliability Test System, as in RTS-GMLC gen.csv"
ASSUMPTIONS = (
    Assumption((), 0.0, Failure(0.02, 40.0), f"{_RTS} (76 MW)", "cited"),
    Assumption((), 100.0, Failure(0.04, 40.0), f"{_RTS} (155 MW)", "cited"),
    Assumption((), 250.0, Failure(0.08, 100.0), f"{_RTS} (350 MW)", "cited"),
    Assumption(("gas",), 0.0, Failure(0.033, 33.0), "combined cycle of RTS-GMLC gen.csv", "cited"),
    Assumption(("nuclear",), 0.0, Failure(0.12, 150.0), "IEEE Reliability Test System of 1979, 400 MW", "recalled"),
    Assumption(
        ("hydro_reservoir", "hydro_ror"),
        0.0,
        Failure(0.01, 20.0),
        "IEEE Reliability Test System of 1979, hydro of 50 MW",
        "recalled",
    ),
    Assumption(("phs",), 0.0, Failure(0.03, 50.0), "between hydro and steam: pumps and turbines", "assumed"),
    Assumption(("battery",), 0.0, Failure(0.0, 24.0), "many modules: the loss of all at once is left out", "assumed"),
)
#: Size of a unit of a plant that stands as one unit in the net because it is not committed [MW] (assumed).
UNIT_MW = {"hydro_reservoir": 300.0, "hydro_ror": 50.0}
OTHER_UNIT_MW = 50.0


def units_of(table: pd.DataFrame, power_mw: Array) -> Index:
    """Number of units of each row: its own, or as many as have the usual size where it says one and is not committed.

    Parameters
    ----------
    table
        Rows of ``gen``.
    power_mw
        (row,) installed capacity [MW].
    """
    given = table["n_units"].fillna(1.0).round().clip(lower=1).to_numpy(np.int64)
    size = np.array([UNIT_MW.get(str(name), OTHER_UNIT_MW) for name in table["technology"]])
    split = np.maximum(np.ceil(power_mw / size - 1e-9), 1.0).astype(np.int64)
    one = (given == 1) & ~table["committable"].to_numpy(bool)
    return np.where(one, split, given)


def failures_of(table: pd.DataFrame, unit_mw: Array, own: Mapping[str, Failure]) -> tuple[Array, Array]:
    """Forced-outage rate [pu] and mean time to repair [h] of one unit of each row, both (row,).

    Parameters
    ----------
    table
        Rows of ``gen`` or ``storage``.
    unit_mw
        (row,) size of one unit [MW].
    own
        By technology: what takes the place of the assumptions, and of what the table says of its rows.

    Raises
    ------
    InputError
        For a rate outside 0 … 1 or a time to repair that is not positive.
    """
    named = table["technology"].astype(str).isin(list(own)).to_numpy()
    found = [
        own.get(str(name), assumed(str(name), float(size)))
        for name, size in zip(table["technology"], unit_mw, strict=True)
    ]
    rate, repair = (np.array([each[at] for each in found], dtype=np.float64) for at in (0, 1))
    for column, values in (("forced_outage_rate_pu", rate), ("repair_h", repair)):
        if column in table:
            given = table[column].to_numpy(float)
            taken = np.isfinite(given) & ~named
            values[taken] = given[taken]
    wrong = ~((rate >= 0) & (rate < 1) & (repair > 0))
    if wrong.any():
        message = "an outage rate lies from 0 to below 1, a time to repair above 0"
        names = table["name"].astype(str).to_numpy()[wrong]
        raise InputError([Fault(table="failures", row=str(name), message=message) for name in names])
    return rate, repair


def assumed(technology: str, unit_mw: float) -> Failure:
    """Failures of a unit by technology and size.

    Examples
    --------
    >>> assumed("coal", 350.0), assumed("biomass", 30.0)
    (Failure(rate=0.08, repair_h=100.0), Failure(rate=0.02, repair_h=40.0))
    """
    named = [each for each in ASSUMPTIONS if technology in each.technologies]
    rows = named or [each for each in ASSUMPTIONS if not each.technologies]
    return max((each for each in rows if unit_mw >= each.from_mw), key=lambda each: each.from_mw).failure
