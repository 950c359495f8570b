"""A sweep as sections look at it: outcomes in the units of the report, words of its language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gridopt.report.html.parts import Array, Table
from gridopt.report.html.sections.headline import label, quantity
from gridopt.report.html.units import MISSING, Scale, Units
from gridopt.report.sweep.scenarios import Sweep
from gridopt.report.sweep.words import SWEEP_TEXTS
from gridopt.results.tables.words import Language, words

#: Numbers of the summary that a page looks at, in their order.
OUTCOMES = (
    *("curtailment_rate", "operating_cost_cny", "objective_cny", "co2_t", "coal_tce", "nonfossil_share_generation"),
    *("nonhydro_renewable_share_consumption", "utilisation_wind", "utilisation_solar", "curtailment_mwh"),
    *("thermal_mwh", "hydro_mwh", "wind_mwh", "solar_mwh", "net_export_mwh", "phs_discharge_mwh"),
    *("battery_discharge_mwh", "dr_mwh", "peak_load_mw", "peak_load_after_dr_mw", "hydrogen_t", "spill_mwh"),
    *("unserved_mwh", "excess_mwh", "reserve_shortfall_mwh"),
)
# Differences up to this part of the largest value are those of a solver.
_SAME = 1e-6


@dataclass(frozen=True, eq=False)
class Outcome:
    """A number of the summary over all scenarios.

    Parameters
    ----------
    key, label
        Its key and its name.
    scale
        Unit in which it is shown.
    values
        (scenario,) in that unit; NaN where there is none.
    """

    key: str
    label: str
    scale: Scale
    values: Array

    @property
    def title(self) -> str:
        """Name with its unit."""
        return f"{self.label} [{self.scale.unit}]" if self.scale.unit else self.label

    @property
    def short(self) -> str:
        """The same for an axis, where what stands in brackets behind the name has no room."""
        name = re.sub(r"\s*[(（].*?[)）]", "", self.label)
        return f"{name} [{self.scale.unit}]" if self.scale.unit else name

    @property
    def varies(self) -> bool:
        """Whether scenarios differ in it."""
        known = self.values[np.isfinite(self.values)]
        return bool(known.size) and float(np.ptp(known)) > _SAME * float(np.abs(known).max())


@dataclass(frozen=True, eq=False)
class SweepView:
    """A sweep with the language and the units in which it is shown."""

    sweep: Sweep
    units: Units

    @property
    def language(self) -> Language:
        """Language of the page."""
        return self.units.language

    def say(self, key: str, **values: object) -> str:
        """Words of the catalogue."""
        return words(SWEEP_TEXTS[key], self.language).format(**values)

    def label(self, key: str) -> str:
        """Name of a number of the summary."""
        return label(key, self.language)

    def outcome(self, key: str) -> Outcome:
        """A number of the summary in the unit that fits its largest value."""
        values = self.sweep.values(key)
        largest = float(np.nanmax(np.abs(values))) if np.isfinite(values).any() else 0.0
        scale = self.units.scale(quantity(key), largest)
        return Outcome(key, self.label(key), scale, values * scale.factor)

    @cached_property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Outcomes in which scenarios differ."""
        return tuple(outcome for outcome in map(self.outcome, OUTCOMES) if outcome.varies)

    @property
    def nothing(self) -> str:
        """Why there are no outcomes, where there are none."""
        return self.say("nothing_varies" if self.sweep.done.any() else "nothing_done")

    def column(self, key: str, scenarios: Sequence[int]) -> list[str]:
        """Cells of a number of the summary, all in one unit."""
        values, scale = self.sweep.values(key), self.outcome(key).scale
        return [MISSING if np.isnan(values[k]) else scale.with_unit(float(values[k])) for k in scenarios]

    def table(self, scenarios: Sequence[int], keys: Sequence[str], title: str = "", *, folded: bool = False) -> Table:
        """Scenarios with their levers and numbers of the summary."""
        sweep = self.sweep
        columns = [self.column(key, scenarios) for key in keys]
        head = [self.say("scenario"), *(lever.name for lever in sweep.varied), *map(self.label, keys)]
        rows = [
            [sweep.names[k], *sweep.labels(k), *(column[row] for column in columns)] for row, k in enumerate(scenarios)
        ]
        return Table(head, rows, title, words=1 + len(sweep.varied), folded=folded)

    def span(self, key: str) -> str:
        """From the least to the largest value of all scenarios, with the unit."""
        values, scale = self.sweep.values(key), self.outcome(key).scale
        known = values[np.isfinite(values)]
        if not known.size:
            return MISSING
        low, high = (scale.shown(float(value)) for value in (known.min(), known.max()))
        return f"{low if low == high else f'{low}–{high}'} {scale.unit}".strip()
