"""What a table of a planning report is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from gridopt.results.tables.solved import Array, Solved


@dataclass(frozen=True)
class Table:
    """A table of a planning report.

    Parameters
    ----------
    name
        Name of its file and key of its title.
    columns
        Names of its columns; the unit is the end of a name (``_mw``, ``_mwh``, ``_h``, ``_pu`` …).
    compute
        Its rows, in the units of the API.
    parts
        Columns that are parts of the one before: indented in a sheet, and left out there when they are empty.
    across
        Whether a sheet shows the items as rows and the records (months, days) as columns, as planners have it.
    """

    name: str
    columns: tuple[str, ...]
    compute: Callable[[Solved], pd.DataFrame]
    parts: frozenset[str] = frozenset()
    across: bool = False

    def rows(self, solved: Solved) -> pd.DataFrame:
        """The table of a result, columns as stated."""
        frame = self.compute(solved)
        return frame.reindex(columns=list(self.columns)).reset_index(drop=True)


def ratio(part: Array, whole: Array) -> Array:
    """Part over whole row by row, (row,); NaN where there is no whole."""
    found: Array = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return found
