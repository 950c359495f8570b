"""The cube of a study: every number of the summary, and what the study reads beside it, by variant and period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from gridopt.results.summary import KEYS
from gridopt.studies.builtin.study import PERIOD, TOTAL, VARIANT, Variant, parts_of
from gridopt.studies.store import MACHINE_KEYS, WORD_KEYS
from gridopt.studies.weeks import WeekSummary, combined

if TYPE_CHECKING:
    from gridopt.studies.builtin.periods import Period

#: What a rate is a share of, by its key [MWh].
WHOLE = "whole_of_"
_LARGEST = "_max_mw"
_WITHOUT = (*MACHINE_KEYS, *WORD_KEYS, "gap", "gap_cny", "lower_bound_cny")

Summary = Mapping[str, Any]


def cube_of(
    variants: Sequence[Variant],
    periods: Mapping[str, Sequence[Period]],
    summaries: Mapping[tuple[str, str], Summary],
) -> xr.Dataset:
    """All numbers, (variant, period) or (variant, period, element); the last period is the total.

    Parameters
    ----------
    variants
        Each with its case.
    periods
        By name of the case; their names are the same for all.
    summaries
        By the names of variant and period: a summary, and beside it what was read from the result.
    """
    weights = np.array([[period.weight for period in periods[variant.case]] for variant in variants])
    starts = [[*(period.start for period in periods[variant.case]), ""] for variant in variants]
    names = [period.name for period in periods[variants[0].case]]
    rows = []
    for variant, weight in zip(variants, weights, strict=True):
        own = [summaries[variant.name, name] for name in names]
        rows.append([*own, _total(own, weight.tolist())])
    keys = dict.fromkeys(key for row in rows for numbers in row for key in numbers if key not in _WITHOUT)
    values = {key: np.array([[_number(numbers.get(key)) for numbers in row] for row in rows]) for key in keys}
    coordinates: dict[str, Any] = {
        VARIANT: [variant.name for variant in variants],
        PERIOD: [*names, TOTAL],
        "weight": (
            (VARIANT, PERIOD),
            np.pad(weights, ((0, 0), (0, 1)), constant_values=np.nan),
            {"long_name": "runs of hours that it stands for"},
        ),
        "start": ((VARIANT, PERIOD), np.array(starts)),
        **_labels(variants),
    }
    return xr.Dataset(_variables(values), coords=coordinates)


def _labels(variants: Sequence[Variant]) -> dict[str, Any]:
    """Coordinates of the variants; a variant without one has NaN or ''."""
    names = dict.fromkeys(name for variant in variants for name in variant.labels)
    out: dict[str, Any] = {
        f"title_{language}": (VARIANT, np.array([variant.title[at] for variant in variants], dtype=str))
        for at, language in enumerate(("zh", "en"))
    }
    for name in names:
        labels = [variant.labels.get(name) for variant in variants]
        words = any(isinstance(label, str) for label in labels)
        missing: float | str = "" if words else np.nan
        out[name] = (VARIANT, np.array([missing if label is None else label for label in labels]))
    return out


def _total(own: Sequence[Summary], weights: Sequence[float]) -> dict[str, Any]:
    """Numbers of all periods together; none where a period has none."""
    if not all(own):
        return {}
    weeks = [
        WeekSummary(
            {key: numbers[key] for key in KEYS if key in numbers},
            {key.removeprefix(WHOLE): numbers[key] for key in numbers if key.startswith(WHOLE)},
        )
        for numbers in own
    ]
    out: dict[str, Any] = dict(combined(weeks, weights))
    for key in dict.fromkeys(key for numbers in own for key in numbers if key not in KEYS):
        values = np.array([_number(numbers.get(key)) for numbers in own])
        out[key] = float(values.max() if parts_of(key)[0].endswith(_LARGEST) else values @ np.asarray(weights))
    return out


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else np.nan


def _variables(values: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers of one name as one variable; those of elements get the dimension of their elements."""
    names: dict[tuple[str, str], dict[str, Any]] = {}
    for key, array in values.items():
        name, dimension, element = parts_of(key)
        names.setdefault((name, dimension), {})[element] = array
    out: dict[str, Any] = {}
    for (name, dimension), elements in names.items():
        if not dimension:
            out[name] = ((VARIANT, PERIOD), elements[""])
            continue
        stacked = np.stack(list(elements.values()), axis=-1)
        coordinates = {dimension: list(elements)}
        out[name] = xr.DataArray(stacked, coordinates, (VARIANT, PERIOD, dimension))
    return out


def total(cube: xr.Dataset, name: str, variant: str, **element: str) -> float:
    """A number of a variant over all periods."""
    return float(cube[name].sel({VARIANT: variant, PERIOD: TOTAL, **element}))
