"""What a built-in study is: variants of a case, what is read from each result, and what is found in the cube."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridopt.studies.design import Value
from gridopt.studies.progress import Silent

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.figure import Figure

    from gridopt.case import Case
    from gridopt.results.result import Result
    from gridopt.studies.builtin.periods import Period

#: A text in Chinese and in English.
Pair = tuple[str, str]
#: Dimensions of a cube; ``total`` is the period that all others add up to.
VARIANT, PERIOD, TOTAL = "variant", "period", "total"
# Parts of the name of a number that stands for one element: name, dimension, element.
_PARTS = "|"
Numbers = dict[str, float]


@dataclass(frozen=True)
class Variant:
    """One way of changing a case.

    Attributes
    ----------
    name : str
        Its label in the cube.
    title : tuple of str
        The same in words.
    changes : dict
        Value by lever or path of the case file.
    edits : tuple of str
        Names in ``edits.EDITS``: what no lever can do.
    labels : dict
        Its coordinates in the cube.
    case : str
        Name of the case that is changed; '': the first of the study.
    """

    name: str
    title: Pair
    changes: Mapping[str, Value] = field(default_factory=dict)
    edits: tuple[str, ...] = ()
    labels: Mapping[str, float | str] = field(default_factory=dict)
    case: str = ""


def nothing_more(result: Result) -> Numbers:
    """Read nothing beside the summary."""
    return {}


def as_it_is(cube: xr.Dataset, answer: Answer) -> xr.Dataset:
    """Leave the cube as it came from the summaries."""
    return cube


@dataclass(frozen=True)
class Answer:
    """Where a study that needs more than numbers finds the results that its cube was made of.

    Attributes
    ----------
    cases : dict
        By name, over all their hours.
    variants : tuple of Variant
        In the order of the cube.
    periods : dict
        By name of the case, in the order of the cube.
    folder : Path
        Holds the result of each variant and period, if the study keeps them.
    show : Silent
        Told of the progress.
    """

    cases: Mapping[str, Case]
    variants: tuple[Variant, ...]
    periods: Mapping[str, tuple[Period, ...]]
    folder: Path
    show: Silent = field(default_factory=Silent)


@dataclass(frozen=True)
class Study:
    """A built-in comparison.

    Attributes
    ----------
    name, title : str, tuple of str
        Its name on the command line, and in words.
    variants : function
        The variants of its cases.
    table : function
        Table of the study from the cube; units stand in the names of its columns.
    columns : dict
        What the columns are called, by their name.
    findings : function
        Sentences from the cube.
    figures : function
        Drawings by name of their file, from the cube.
    read : function
        Numbers from one result beside its summary.  They are added up with the weights of their weeks, but the
        largest is taken where the name ends with ``_max_mw``.
    complete : function
        Adds to the cube what is no number of a week.
    keeps_results : bool
        Whether ``complete`` needs the results themselves.
    cases : tuple of str
        Cases that are compared where none is named.
    not_told : tuple of pairs
        What the study can't tell.
    whole_year : bool
        Whether weeks can't stand for the year.
    """

    name: str
    title: Pair
    variants: Callable[[Mapping[str, Case]], Sequence[Variant]]
    table: Callable[[xr.Dataset], pd.DataFrame]
    columns: Mapping[str, Pair]
    findings: Callable[[xr.Dataset], list[Pair]]
    figures: Callable[[xr.Dataset], dict[str, Figure]]
    read: Callable[[Result], Numbers] = nothing_more
    complete: Callable[[xr.Dataset, Answer], xr.Dataset] = as_it_is
    keeps_results: bool = False
    cases: tuple[str, ...] = ("jilin-2030",)
    not_told: tuple[Pair, ...] = ()
    whole_year: bool = False


def key_of(name: str, dimension: str, element: str) -> str:
    """Name of a number that stands for one element.

    Examples
    --------
    >>> key_of("pilot_export_mwh", "pilot", "west park"), parts_of("pilot_export_mwh|pilot|west park")
    ('pilot_export_mwh|pilot|west park', ('pilot_export_mwh', 'pilot', 'west park'))
    """
    return _PARTS.join((name, dimension, element))


def parts_of(key: str) -> tuple[str, str, str]:
    """Name, dimension and element of a number; the latter two are empty where it stands for all."""
    name, _, rest = key.partition(_PARTS)
    dimension, _, element = rest.partition(_PARTS)
    return name, dimension, element


def only(cases: Mapping[str, Case]) -> Case:
    """The case of a study that changes a single one."""
    (case,) = cases.values()
    return case


def row_of(rows: pd.DataFrame, label: object) -> dict[str, Any]:
    """One row of a table by its label, as plain values by column."""
    position = list(rows.index).index(label)
    return {str(column): rows[column].iloc[position] for column in rows.columns}


def present(case: Case, lever: str) -> float:
    """Present value of a lever; zero where the case has nothing that it acts on."""
    from gridopt.levers import table_of_levers

    rows = {row.lever.name: row.present for row in table_of_levers(case.net, case.settings)}
    return float(rows.get(lever, 0.0))
