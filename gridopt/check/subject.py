"""What the rules look at: a net with its profiles, and how its columns are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gridopt.errors import Fault
from gridopt.network.columns import attributes_of, row_label

if TYPE_CHECKING:
    import xarray as xr
    from pandapower import pandapowerNet

# Wide enough for the rounding of tables written with a few digits, far below anything physical.
TOLERANCE_MW = 1e-6


@dataclass(frozen=True)
class Subject:
    """What the rules look at.

    Attributes
    ----------
    net : pandapowerNet
        With all extension columns (``with_defaults``).
    profiles : xr.Dataset or None
        Profiles of all hours; ``None`` where they can't be read, the rules then leave them aside.
    plain : bool
        A user's own pandapower net: names are labels only, planner conventions don't hold.
    file : str
        Named in every fault.
    """

    net: pandapowerNet
    profiles: xr.Dataset | None
    plain: bool = False
    file: str = ""

    def table(self, name: str) -> pd.DataFrame:
        """A table of the net, empty if it isn't there."""
        table = self.net.get(name)
        return table if isinstance(table, pd.DataFrame) else pd.DataFrame()

    def numbers(self, table: str, column: str) -> pd.Series:
        """A column as float64; what is no number becomes NaN (the attribute table complains about it)."""
        frame = self.table(table)
        values = frame[column] if column in frame else pd.Series(np.nan, index=frame.index)
        return pd.to_numeric(values, errors="coerce").astype(float)

    def extension_columns(self, table: str) -> list[str]:
        """Columns of the attribute table, which are checked by it."""
        return [attribute.name for attribute in attributes_of(table)]

    def words(self, table: str, column: str) -> pd.Series:
        """A column as text, empty where missing."""
        frame = self.table(table)
        values = frame[column] if column in frame else pd.Series("", index=frame.index)
        return values.astype(object).where(values.notna(), "").astype(str)

    def live(self, table: str) -> pd.Series:
        """Which rows are in service; all of a table that doesn't say."""
        frame = self.table(table)
        if "in_service" not in frame:
            return pd.Series(True, index=frame.index)
        return frame["in_service"].eq(True)

    def fault(self, table: str, row: object, column: str, message: str) -> Fault:
        """A fault at one entry of the net."""
        label = row_label(self.table(table), row) if row is not None else ""
        return Fault(self.file, table, label, column, message)


Rule = Callable[[Subject], Iterator[Fault]]
