"""What is known of some hours, and has to be kept there.

Where the hours behind a window were solved before the window itself, its look-ahead is held to what was found.  All
states meet at the end of the window then, as far back as any equation remembers.  Levels that only add up what flows
are let loose: reservoirs and full stores can't be brought to any level within days.  Where they stand otherwise than
was thought, all hours behind are looked at once more, with what flows held and the levels loose.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

from gridopt.model.component import Array, State
from gridopt.model.dispatch import DispatchModel
from gridopt.solver.session import LiveProblem

# By how much a held value may give way: limits that the solution found keeps only within the solver's tolerance
# would leave no solution otherwise [MW, MWh, units].
_GIVES_WAY = 1e-8
# States that differ by less, relative or absolute, are the same: sums of what gave way.
_SAME = 1e-4
# What is only counted, and limits nothing that comes later: it is counted again when all is joined.
_COUNTED = ("used", "counted_mwh")
# Levels.
LASTING = ("level_mwh", "energy_mwh", "deviation_mwh")


@dataclass(frozen=True)
class Hours:
    """The core of a window that was solved.

    Parameters
    ----------
    values
        (row, step) of each variable that has steps, in the order of their making.
    steps
        Steps that any equation remembers, or all.
    state
        State after these.
    """

    values: tuple[Array, ...]
    steps: int
    state: Mapping[str, State]

    @classmethod
    def of(cls, model: DispatchModel, core: int, steps: int) -> Hours:
        """Read the core of the window that a model was solved for last."""
        values = tuple(np.array(each.value[:, :core], dtype=float) for each in timed(model))
        return cls(values, steps, model.state(steps))

    def fits(self, model: DispatchModel) -> bool:
        """Whether a model has the same variables: not where modes of stores are stated in one of the two."""
        return [each.shape[0] for each in timed(model)] == [each.shape[0] for each in self.values]

    def hold(self, model: DispatchModel, live: LiveProblem, first: int) -> None:
        """Keep the steps of a window from ``first`` on near what was found, all but levels and what is chosen last."""
        loose = {variable.id: rows for part in model.components for variable, rows in part.levels()}
        loose |= {variable.id: np.ones(variable.shape[0], np.bool_) for variable in model.chosen_last}
        columns, values = [], []
        for variable, place, found in self._placed(model, live, first):
            kept = ~loose.get(variable.id, np.zeros(len(found), np.bool_))
            columns.append(place[kept].ravel())
            values.append(found[kept].ravel())
        live.hold(np.concatenate(columns).astype(np.int32), np.concatenate(values), _GIVES_WAY)

    def put(self, model: DispatchModel, live: LiveProblem, first: int, values: Array) -> None:
        """Write what was found into values (column,) of a window, from the step ``first`` on."""
        for _, place, found in self._placed(model, live, first):
            values[place] = found

    def _placed(
        self, model: DispatchModel, live: LiveProblem, first: int
    ) -> Iterator[tuple[cp.Variable, NDArray[np.int64], Array]]:
        """Each variable with its columns from the step ``first`` on and what was found there, (row, step)."""
        for variable, found in zip(timed(model), self.values, strict=True):
            rows, steps = variable.shape[0], min(found.shape[1], model.steps - first)
            place = live.columns(variable).start + np.arange(rows)[:, None] + rows * (first + np.arange(steps))
            yield variable, place, found[:, :steps]


def memory(state: Mapping[str, State]) -> int:
    """Steps that a state looks back."""
    return max(
        (values.shape[1] for part in state.values() for values in part.values() if np.ndim(values) == 2), default=1
    )


def differing(one: Mapping[str, State], other: Mapping[str, State]) -> set[str]:
    """Parts of a state that are not the same in another one."""
    return {key for key, a, b in _side_by_side(one, other) if not np.allclose(a, b, rtol=_SAME, atol=_SAME)}


def _side_by_side(one: Mapping[str, State], other: Mapping[str, State]) -> Iterator[tuple[str, Array, Array]]:
    for name, part in one.items():
        yield from ((key, values, other[name][key]) for key, values in part.items() if key not in _COUNTED)


def timed(model: DispatchModel) -> list[cp.Variable]:
    """Variables (row, step) of a window in the order of their making."""
    variables = sorted(model.problem.variables(), key=lambda each: each.id)
    return [each for each in variables if each.ndim == 2 and each.shape[1] == model.steps]
