"""What a lower bound is added up from, kept so that others can add it up again.

The pieces of the horizon with their multipliers, the prices of the budgets, and which outputs of the result the columns
of the pieces are: an output that is a sum of variables is a row over them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from gridopt.horizon.piece import Index, Layout, Piece, moved
from gridopt.model.component import Array
from gridopt.model.dispatch import DispatchModel
from gridopt.solver.columns import BesideLive
from gridopt.solver.session import LiveProblem


@dataclass(frozen=True)
class Told:
    """Values of outputs as sums of columns: value = matrix·x.

    Parameters
    ----------
    matrix
        (value, column).
    output
        (value,) number in ``names``.
    element, step
        (value,) element of the component, and step counted from the beginning of the columns.
    names
        Component and output, in the order of their numbers.
    """

    matrix: sp.csr_array
    output: Index
    element: Index
    step: Index
    names: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, model: DispatchModel, live: LiveProblem) -> Told:
        """All outputs of a window that are sums of variables, over the columns of its live problem."""
        told = [
            (part.name, name, part.data.by_row(values))
            for part in model.components
            for name, values in part.linear_outputs().items()
            if values.size
        ]
        beside = BesideLive(live, [values == 0 for _, _, values in told])
        if beside.compiled().row_lower.any():
            raise ValueError("an output that is told has a part that is no variable")
        number = [np.arange(values.size) for _, _, values in told]
        count = [np.full(values.size, values.shape[0]) for _, _, values in told]
        output = np.repeat(np.arange(len(told)), [each.size for each in number])
        # cvxpy writes matrices column-major: the elements of the first step come first
        step, element = np.divmod(np.concatenate(number), np.concatenate(count))
        return cls(beside.matrix, output, element, step, tuple((part, name) for part, name, _ in told))

    def within(self, layout: Layout, core: int) -> Told:
        """The values in the core of a window, over the columns of its piece; those without a column are left out."""
        width = core * layout.rows_of_step
        own = moved(self.matrix, layout.places(core), width)
        kept = np.flatnonzero((self.step < core) & (np.diff(own.indptr) > 0))
        parts = {name: getattr(self, name)[kept] for name in ("output", "element", "step")}
        return replace(self, matrix=sp.csr_array(own[kept]), **parts)


@dataclass(frozen=True)
class Evidence:
    """What a lower bound is added up from.

    Parameters
    ----------
    pieces
        The pieces with their multipliers, in the order of time.
    told
        (piece,) outputs over the columns of each piece.
    scheduled
        (piece,) whether its solution is that of the schedule; not where a window was solved again with more rules.
    sign, price_cny, allowed
        (budget,) +1 where less is better and −1 where more is, multiplier [CNY per unit], limit of the horizon.
    worth_at_end_cny
        Worth of what is left at the end of the horizon [CNY].
    """

    pieces: list[Piece]
    told: list[Told]
    scheduled: list[bool]
    sign: Array
    price_cny: Array
    allowed: Array
    worth_at_end_cny: float
