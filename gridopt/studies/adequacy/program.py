"""``gridopt.adequacy``: EENS, LOLE and firm capacity of cases, side by side with the same draws."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gridopt.errors import Fault, InputError
from gridopt.studies.adequacy.capacity import Missing, Year, missing, shortfall, standard_error
from gridopt.studies.adequacy.draws import draw
from gridopt.studies.adequacy.read import HOURS_OF_YEAR, Rules, overhauls, read_supply

if TYPE_CHECKING:
    import xarray as xr

    from gridopt.case import Case
    from gridopt.studies.adequacy.simulate import Shortfall
    from gridopt.studies.adequacy.supply import Supply
    from gridopt.studies.progress import Silent

    _Found = tuple[Shortfall, Missing]

#: Hours of a year in which load may be short: one day in ten years, as North American planners count it.
CRITERION_H = 2.4
DRAWS = 900

_UNITS: dict[str, tuple[str, str]] = {
    "lole_h": ("h", "hours with a shortfall, mean of the draws"),
    "lole_se_h": ("h", "standard error of the hours"),
    "lold_d": ("d", "days with a shortfall, mean of the draws"),
    "lold_se_d": ("d", "standard error of the days"),
    "eens_mwh": ("MWh", "energy not served, mean of the draws"),
    "eens_se_mwh": ("MWh", "standard error of the energy not served"),
    "largest_mw": ("MW", "largest shortfall of all draws"),
    "missing_mw": ("MW", "perfect capacity missing for the criterion; negative: load that could be added"),
    "missing_se_mw": ("MW", "standard error of the capacity missing"),
    "eens_at_criterion_mwh": ("MWh", "energy not served where the criterion is just met"),
    "firm_mw": ("MW", "perfect capacity that does for the reference what the case has beside it"),
    "firm_se_mw": ("MW", "standard error of the firm capacity"),
}


def adequacy(
    cases: str | Path | Case | Mapping[str, Case],
    *,
    reference: str | None = None,
    draws: int = DRAWS,
    seed: int = 1,
    weather_years: Sequence[int | str] | None = None,
    criterion_h: float = CRITERION_H,
    rules: Rules | None = None,
    show: Silent | None = None,
) -> xr.Dataset:
    """How often and how much load is short in each case, and what its capacity is worth.

    No dispatch is solved: units fail at random, and stores, reservoirs and programs are called hour by hour, see
    ``docs/adequacy.md``.

    Parameters
    ----------
    cases
        A case, or several by name that differ in what they have; the same outages are drawn for all.
    reference
        Name of the case against which firm capacity is counted; default: the first.
    draws
        Least number of years drawn; every weather year has the same number of them.
    seed
        Of the outages.
    weather_years
        Weather years, each as likely as the others; default: all that the shipped profiles have, and the case's own
        weather where it brings its own.
    criterion_h
        Hours of a year in which load may be short; of a shorter horizon its part of them.
    rules
        Ties and failures.
    show
        Told of the progress.

    Returns
    -------
    xr.Dataset
        By ``case``: ``lole_h``, ``lold_d``, ``eens_mwh`` with standard errors (per horizon), ``missing_mw`` (the
        perfect capacity missing for the criterion), ``firm_mw`` (what is less missing than in the reference);
        ``lole_by_weather_h`` by weather year; ``lole_when_h`` by month and hour of the day, with the capacity that
        just meets the criterion.

    Examples
    --------
    >>> import gridopt
    >>> case = gridopt.load_case("tiny")
    >>> without = case.override({"policy.dr_share_of_peak": 0.0})
    >>> found = gridopt.adequacy({"no response": without, "plan": case}, draws=50)
    >>> bool(found["firm_mw"].sel(case="plan") > 0)
    True
    """
    own = _by_name(cases)
    first = next(iter(own)) if reference is None else reference
    if first not in own:
        raise InputError(Fault(table="adequacy", row="reference", message=f"{first!r} is none of {', '.join(own)}"))
    if draws < 1:
        raise InputError(Fault(table="adequacy", row="draws", message=f"at least one, got {draws}"))
    used = rules or Rules()
    weather = _Weather(own[first], weather_years)
    criterion = criterion_h * min(_hours(own[first]) / HOURS_OF_YEAR, 1.0)
    each_year = -(-draws // len(weather.names))
    found = _each(own, weather, used, lambda supplies: _simulated(supplies, each_year, seed, criterion), show)
    about = {
        "criterion_h": criterion,
        "reference": first,
        "draws": each_year * len(weather.names),
        "seed": seed,
        "weather_years": ", ".join(map(str, weather.names)),
        "hours": _hours(own[first]),
        "firm_export": used.firm_export,
        "firm_import": used.firm_import,
    }
    return _dataset(found, first, own[first], weather.names, about)


def _each(
    cases: Mapping[str, Case],
    weather: _Weather,
    rules: Rules,
    simulated: Callable[[list[Supply]], _Found],
    show: Silent | None,
) -> dict[str, _Found]:
    """What is found of each case; those that differ in nothing that counts here are simulated once."""
    from gridopt.studies.progress import Count, Silent

    found: dict[str, _Found] = {}
    known: dict[str, _Found] = {}
    count = Count(len(cases), running=1)
    with show or Silent() as shown:
        for name, case in cases.items():
            shown.show(count)
            available_units = overhauls(case)
            supplies = [read_supply(each, available_units, rules) for each in weather.of(case)]
            key = _hashed(supplies)
            if key not in known:
                known[key] = simulated(supplies)
            found[name] = known[key]
            count.done += 1
        count.running = 0
        shown.show(count)
    return found


def _simulated(supplies: Sequence[Supply], draws: int, seed: int, criterion_h: float) -> _Found:
    """Shortfall as it is, and what is missing for the criterion."""
    years = [
        Year(supply, draw(supply.units, draws, supply.margin_mw.size, supply.step_h, (seed, number)))
        for number, supply in enumerate(supplies)
    ]
    return shortfall(years), missing(years, criterion_h)


def _hashed(supplies: Sequence[Supply]) -> str:
    """Hash of all numbers of a case in all its weathers."""
    digest = hashlib.sha256()
    for supply in supplies:
        for part in (supply, supply.units, supply.limited):
            for value in vars(part).values():
                if isinstance(value, np.ndarray):
                    digest.update(np.ascontiguousarray(value).tobytes())
    return digest.hexdigest()


def _by_name(cases: str | Path | Case | Mapping[str, Case]) -> dict[str, Case]:
    from gridopt.case import Case, load_case

    if isinstance(cases, Mapping):
        if not cases:
            raise InputError(Fault(table="adequacy", row="cases", message="there is none"))
        return dict(cases)
    case = cases if isinstance(cases, Case) else load_case(cases)
    return {case.name: case}


def _hours(case: Case) -> float:
    return len(case.time) * case.settings.step_h


class _Weather:
    """Profiles of the weather years, read once and put under every case.

    Parameters
    ----------
    case
        A case whose profiles are those of all.
    names
        Weather years; None: all there are.
    """

    def __init__(self, case: Case, names: Sequence[int | str] | None) -> None:
        known = _shipped_years(case)
        self.names: tuple[int | str, ...] = tuple(known if names is None else names) or (case.settings.weather_year,)
        self._cases = [
            case if str(name) == str(case.settings.weather_year) else case.override({"weather_year": name})
            for name in self.names
        ]
        self._time = case.time

    def of(self, case: Case) -> list[Case]:
        """A case in each weather year."""
        if not case.time.equals(self._time):
            raise InputError(Fault(case.name, message="has other hours than the reference: they can't be compared"))
        return [
            replace(case, profiles=each.profiles, source=replace(case.source, profiles=each.source.profiles))
            for each in self._cases
        ]


def _shipped_years(case: Case) -> tuple[str, ...]:
    """Weather years of the shipped profiles of a case; none where it brings its own."""
    from gridopt import catalog
    from gridopt.profiles.build import available_weather_years

    name = case.settings.profiles or case.settings.network
    if name not in catalog.network_names():
        return ()
    return available_weather_years(str(name))


def _dataset(
    found: Mapping[str, _Found],
    reference: str,
    case: Case,
    weather: Sequence[int | str],
    about: Mapping[str, Any],
) -> xr.Dataset:
    import xarray as xr

    base = found[reference][1]
    rows = []
    for short, lack in found.values():
        rows.append(
            {
                "lole_h": short.hours.mean(),
                "lole_se_h": standard_error(short.hours),
                "lold_d": short.days.mean(),
                "lold_se_d": standard_error(short.days),
                "eens_mwh": short.energy_mwh.mean(),
                "eens_se_mwh": standard_error(short.energy_mwh),
                "largest_mw": short.largest_mw.max(),
                "missing_mw": lack.mw,
                "missing_se_mw": standard_error(lack.influence_mw),
                "eens_at_criterion_mwh": lack.shortfall.energy_mwh.mean(),
                "firm_mw": base.mw - lack.mw,
                "firm_se_mw": standard_error(base.influence_mw - lack.influence_mw),
            }
        )
    variables: dict[str, Any] = {
        name: ("case", np.array([float(row[name]) for row in rows]), {"units": unit, "long_name": words})
        for name, (unit, words) in _UNITS.items()
    }
    when = np.stack([_by_month_and_hour(lack.shortfall, case) for _, lack in found.values()])
    words = {"units": "h", "long_name": "hours with a shortfall where the criterion is just met, mean of the draws"}
    variables["lole_when_h"] = (("case", "month", "hour"), when, words)
    # draws stand one weather year after the other
    by_weather = [short.hours.reshape(len(weather), -1).mean(axis=1) for short, _ in found.values()]
    words = {"units": "h", "long_name": "hours with a shortfall, mean of the draws of a weather year"}
    variables["lole_by_weather_h"] = (("case", "weather_year"), np.stack(by_weather), words)
    own = {"weather_year": [str(name) for name in weather]}
    coordinates = own | {"case": list(found), "month": np.arange(1, 13), "hour": np.arange(24)}
    return xr.Dataset(variables, coords=coordinates, attrs=dict(about))


def _by_month_and_hour(short: Shortfall, case: Case) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Hours with a shortfall, (12, 24)."""
    begin = case.time - pd.Timedelta(hours=case.settings.step_h)
    out = np.zeros((12, 24))
    np.add.at(out, (begin.month.to_numpy() - 1, begin.hour.to_numpy()), short.often * case.settings.step_h)
    return out / short.hours.size
