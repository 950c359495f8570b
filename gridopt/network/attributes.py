"""The attribute table: every extension column and table that a net of this project may hold.

pandapower's own tables and columns come first; what it lacks stands here, once, with type, unit, default,
check and meaning. A missing column takes its default, and so does a missing value in a column that is there.
``NaN`` as a default means "none" or "as the case says", as the description tells. Quantities are of the whole
element, whose ``n_units`` units are equal (only ``start_cost_cny`` is per unit start).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gridopt.network.attributes_checks import NAN, REQUIRED, Check, Values
from gridopt.network.attributes_columns import PANDAPOWER_COLUMNS
from gridopt.network.attributes_tables import OWN_TABLES

__all__ = ["ATTRIBUTES", "EXTENSION_TABLES", "NAN", "PANDAPOWER_TABLES", "REQUIRED", "Attribute", "Check", "Values"]

# pandapower's element tables that take extension columns; the other tables of this module are our own.
PANDAPOWER_TABLES = ("bus", "line", "trafo", "trafo3w", "dcline", "load", "gen", "sgen", "storage")


@dataclass(frozen=True)
class Attribute:
    """One extension column.

    Attributes
    ----------
    element : str
        Table of the net.
    name : str
        Column.
    kind : type
        ``float``, ``int``, ``bool`` or ``str``.
    unit : str
        Unit, empty for none.
    default : object
        Value where the column or the entry is missing; ``REQUIRED`` if there is no sensible one.
    description : str
        Meaning, in words.
    check : Check or None
        Demand on every single value.
    """

    element: str
    name: str
    kind: type
    unit: str
    default: Any
    description: str
    check: Check | None = None

    @property
    def required(self) -> bool:
        """Whether the value must be given in each row."""
        return isinstance(self.default, str) and self.default == REQUIRED


_TABLE = PANDAPOWER_COLUMNS | OWN_TABLES
ATTRIBUTES: tuple[Attribute, ...] = tuple(
    Attribute(element, name, kind, unit, default, description, check)
    for element, rows in _TABLE.items()
    for name, kind, unit, default, check, description in rows
)
EXTENSION_TABLES: tuple[str, ...] = tuple(name for name in _TABLE if name not in PANDAPOWER_TABLES)
