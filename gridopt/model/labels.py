"""Names of elements in results."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def table_rows(element: str, table: pd.DataFrame) -> tuple[tuple[str, int], ...]:
    """Where the rows of a table come from: table and row label."""
    return tuple((element, int(row)) for row in table.index)


def element_labels(element: str, table: pd.DataFrame) -> tuple[str, ...]:
    """Names of the rows of a table; ``gen 3`` where a row has none, ``name (gen 3)`` where it is not the only one.

    Examples
    --------
    >>> import pandas as pd
    >>> element_labels("gen", pd.DataFrame({"name": ["A", None, "A"]}))
    ('A (gen 0)', 'gen 1', 'A (gen 2)')
    """
    names = [name if isinstance(name, str) and name else "" for name in table["name"]]
    return tuple(
        f"{element} {row}" if not name else f"{name} ({element} {row})" if names.count(name) > 1 else name
        for name, row in zip(names, table.index, strict=True)
    )
