"""What a check of the audit finds, and how far off a value may be.

The solver keeps its rows to 1e-7 and the seams between windows to 1e-6; every tolerance below lies well above
that and well below what a planner could notice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Whole = NDArray[np.int64]
Columns = Sequence[pd.Timestamp] | Sequence[str] | pd.DatetimeIndex

#: Power that may be missing at a node [MW].
BALANCE_MW = 1e-4
#: By how much a branch flow may differ from ours, or exceed its limit [MW].
FLOW_MW = 1e-3
#: Everything else, relative to the size of what is compared (at least 1 of its unit).
RELATIVE = 1e-5
#: Costs, relative to the component's own total.
OBJECTIVE = 1e-6
#: What a proof adds up, relative to the sum of the sizes of its terms: rounding alone.
PROOF_SUM = 1e-11


@dataclass(frozen=True)
class Check:
    """A check: its name, what it proves in one sentence, and the unit of its violation."""

    name: str
    proves: str
    unit: str


@dataclass(frozen=True)
class Finding:
    """Outcome of a check.

    Parameters
    ----------
    check
        What was checked.
    values
        Number of values that were compared.
    worst
        Largest violation, in the unit of the check; infinite where a value is missing or no number.
    tolerance
        Violation that is allowed at that place.
    element, hour
        Where the largest violation is; empty where there is none or the place has no such part.
    """

    check: Check
    values: int
    worst: float = 0.0
    tolerance: float = 0.0
    element: str = ""
    hour: str = ""

    @property
    def passed(self) -> bool:
        """Whether the check found no violation."""
        return self.worst <= self.tolerance

    @property
    def line(self) -> str:
        """The finding in one line, for messages."""
        size = "a value is missing" if math.isinf(self.worst) else f"off by {self.worst:.6g} {self.check.unit}"
        place = ", ".join(part for part in (self.element, self.hour) if part)
        return f"{self.check.name}: {size}{f' at {place}' if place else ''} ({self.check.proves})"

    def as_dict(self) -> dict[str, str | int | float | bool | None]:
        """The finding as plain values; a violation that is no finite number is null."""
        return {
            "check": self.check.name,
            "proves": self.check.proves,
            "passed": self.passed,
            "values": self.values,
            "worst": self.worst if math.isfinite(self.worst) else None,
            "unit": self.check.unit,
            "tolerance": self.tolerance,
            "element": self.element,
            "hour": self.hour,
        }


def at_most(
    check: Check,
    left: ArrayLike,
    right: ArrayLike,
    elements: Sequence[str],
    time: Columns,
    *,
    tolerance: float | None = None,
    size: ArrayLike = 0.0,
) -> Finding:
    """Check left ≤ right.

    Parameters
    ----------
    check
        What is checked.
    left, right
        Broadcast to (element, time). A left side that is no number, or a right side that is NaN, is a violation;
        an infinite right side is no limit.
    elements, time
        Names of the rows and columns.
    tolerance
        Allowed excess; by default ``RELATIVE`` times the size of the limit.
    size
        Size of what is compared where the limit itself does not tell it (a limit of 0).
    """
    shape = (len(elements), len(time))
    left, right = (np.broadcast_to(np.asarray(side, dtype=np.float64), shape) for side in (left, right))
    finite = np.where(np.isfinite(right), right, 0.0)
    allowed = _allowed(tolerance, np.maximum(np.abs(finite), np.abs(size)), shape)
    with np.errstate(invalid="ignore"):
        excess = np.where(np.isfinite(left) & ~np.isnan(right), left - right, np.inf)
    return _worst(check, np.maximum(excess, 0.0), allowed, elements, time)


def equal(
    check: Check,
    left: ArrayLike,
    right: ArrayLike,
    elements: Sequence[str],
    time: Columns,
    *,
    tolerance: float | None = None,
    size: ArrayLike = 0.0,
) -> Finding:
    """Check left = right; as ``at_most`` otherwise."""
    shape = (len(elements), len(time))
    left, right = (np.broadcast_to(np.asarray(side, dtype=np.float64), shape) for side in (left, right))
    both = np.isfinite(left) & np.isfinite(right)
    allowed = _allowed(tolerance, np.maximum(np.where(both, np.abs(right), 0.0), np.abs(size)), shape)
    with np.errstate(invalid="ignore"):
        distance = np.where(both, np.abs(left - right), np.inf)
    return _worst(check, distance, allowed, elements, time)


def worse(*findings: Finding) -> Finding:
    """Several findings of one check as one: the worst place, all values."""
    worst = max(findings, key=lambda finding: finding.worst / (finding.tolerance or 1.0))
    return Finding(
        worst.check,
        sum(finding.values for finding in findings),
        worst.worst,
        worst.tolerance,
        worst.element,
        worst.hour,
    )


def before(first: ArrayLike, series: Array) -> Array:
    """A series (element, time) one step earlier, beginning with what was before it (element,)."""
    return np.column_stack([np.broadcast_to(np.asarray(first, dtype=np.float64), len(series)), series[:, :-1]])


def _allowed(tolerance: float | None, size: Array, shape: tuple[int, int]) -> Array:
    if tolerance is not None:
        return np.full(shape, tolerance)
    return np.broadcast_to(RELATIVE * np.maximum(size, 1.0), shape)


def _worst(check: Check, violation: Array, allowed: Array, elements: Sequence[str], time: Columns) -> Finding:
    """The place that is furthest beyond its tolerance; the place is told only where something is off."""
    if not violation.size:
        return Finding(check, 0)
    # the most broken place is the one with the largest violation per tolerance
    place = int(np.argmax(violation / allowed))
    row, column = divmod(place, violation.shape[1])
    worst, limit = float(violation.flat[place]), float(allowed.flat[place])
    if not worst:
        return Finding(check, violation.size, 0.0, limit)
    return Finding(check, violation.size, worst, limit, elements[row], hour_name(time[column]))


def hour_name(moment: object) -> str:
    """An hour as people write it; anything else as it is."""
    return f"{moment:%Y-%m-%d %H:%M}" if isinstance(moment, pd.Timestamp) else str(moment)
