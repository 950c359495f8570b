"""Limits of sections after the loss of a pole: what crosses a section changes with what is lost and who responds.

The loss of a branch leaves what crosses a section much as it was, so that its usual limit stands for that.  The loss of
a pole does not.  As there are few of both, these limits are stated like the usual ones, over injections and powers at
risk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gridopt.model.component import Array

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gridopt.network.poles import PowerAtRisk


@dataclass(frozen=True)
class SectionsAfterPoles:
    """Sections with a limit after the loss of a pole, once for every pole.

    Parameters
    ----------
    section, power
        (limit,) number of the section, and of the power at risk.
    matrix
        (limit, node + power) flow over the section after the loss [MW/MW].
    share
        (limit,) limit after the loss, of the usual one [pu].
    """

    section: NDArray[np.int64]
    power: NDArray[np.int64]
    matrix: Array
    share: Array


def sections_after_poles(matrix: Array, limit_percent: Array, powers: Sequence[PowerAtRisk]) -> SectionsAfterPoles:
    """State the flow over each section after the loss of each pole.

    Parameters
    ----------
    matrix
        (section, node) flow over the section before any outage [MW/MW].
    limit_percent
        (section,) limit after the loss, of the usual one; NaN: none [%].
    powers
        Powers at risk.
    """
    limited = np.flatnonzero(~np.isnan(limit_percent))
    section, power = np.repeat(limited, len(powers)), np.tile(np.arange(len(powers)), limited.size)
    moved = section_changes(matrix, powers)[section, power]
    of_powers = np.zeros((section.size, len(powers)))
    of_powers[np.arange(section.size), power] = moved
    return SectionsAfterPoles(
        section=section,
        power=power,
        matrix=np.hstack([matrix[section], of_powers]),
        share=limit_percent[section] / 100.0,
    )


def section_changes(matrix: Array, powers: Sequence[PowerAtRisk]) -> Array:
    """Change of the flow over each section per MW of each power that is lost, (section, power) [MW/MW]."""
    changes = [matrix @ power.change for power in powers]
    return np.stack(changes, axis=1) if changes else np.zeros((len(matrix), 0))
