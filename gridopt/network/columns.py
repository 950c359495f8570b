"""Extension columns at work: defaults, validation and the reference page, all from the attribute table.

``python -m gridopt.network.columns > docs/data-model.md`` writes the reference page.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gridopt.errors import Fault
from gridopt.network.attributes import ATTRIBUTES, EXTENSION_TABLES, NAN, PANDAPOWER_TABLES, Attribute, Values

if TYPE_CHECKING:
    from pandapower import pandapowerNet

__all__ = [
    "ATTRIBUTES",
    "EXTENSION_TABLES",
    "WITHOUT_COMPONENT",
    "Attribute",
    "attributes_of",
    "validate",
    "with_defaults",
]

# Tables of the data model on which no component of this version acts: rows in them are refused, not ignored.
WITHOUT_COMPONENT = ("budget",)


DTYPES: dict[type, type] = {float: np.float64, int: np.int64, bool: np.bool_, str: np.object_}

# Tables whose rows label the results.
LABELLED_TABLES = (*PANDAPOWER_TABLES, "ext_grid")
TABLES: tuple[str, ...] = tuple(dict.fromkeys(attribute.element for attribute in ATTRIBUTES))


def attributes_of(element: str) -> tuple[Attribute, ...]:
    """The extension columns of one table."""
    return tuple(attribute for attribute in ATTRIBUTES if attribute.element == element)


def with_defaults(net: pandapowerNet) -> pandapowerNet:
    """Copy a net and fill missing extension tables, columns and entries with their defaults.

    Values of the wrong type are left as they are: ``validate`` names them.
    """
    net = copy.deepcopy(net)
    for element in TABLES:
        table = net[element] if element in net else pd.DataFrame()
        table = table.copy()
        for attribute in attributes_of(element):
            table[attribute.name] = _filled(table, attribute)
        net[element] = table
    return net


def with_labels(net: pandapowerNet) -> pandapowerNet:
    """A net whose elements all have a name, and no two of a table the same: results are labelled by it.

    Only for nets whose names nothing refers to; missing names become "gen 3", repeated ones get their row.
    """
    net = copy.copy(net)
    for element in LABELLED_TABLES:
        table = net[element]
        given = table["name"] if "name" in table else pd.Series(None, index=table.index, dtype=object)
        names = [str(name) if pd.notna(name) and str(name) else f"{element} {row}" for row, name in given.items()]
        repeated = pd.Series(names, index=table.index, dtype=object).duplicated(keep=False)
        labels = [
            f"{name} ({row})" if twice else name for row, name, twice in zip(table.index, names, repeated, strict=True)
        ]
        net[element] = table.assign(name=pd.Series(labels, index=table.index, dtype=object))
    return net


def _filled(table: pd.DataFrame, attribute: Attribute) -> Values:
    if table.empty:
        return pd.Series(index=table.index, dtype=DTYPES[attribute.kind])
    default = None if attribute.required else attribute.default
    if attribute.name not in table:
        missing = {float: NAN, int: NAN, bool: NAN, str: None}[attribute.kind] if default is None else default
        column = pd.Series([missing] * len(table), index=table.index, dtype=object)
    else:
        column = table[attribute.name].astype(object)
        if default is not None:
            column = column.where(column.notna(), default)
    return _typed(column, attribute)


def _typed(column: Values, attribute: Attribute) -> Values:
    if not _misfits(column, attribute).any() and (attribute.kind in (float, str) or column.notna().all()):
        return column.astype(DTYPES[attribute.kind])
    return column


def _misfits(column: Values, attribute: Attribute) -> Values:
    """Entries that are there but of another type."""
    plain = {float: _is_number, int: _is_whole, bool: _is_bool, str: lambda value: isinstance(value, str)}
    return column.notna() & ~column.map(plain[attribute.kind]).astype(bool)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, (bool, np.bool_))


def _is_whole(value: object) -> bool:
    return _is_number(value) and math.isfinite(float(value)) and float(value) == round(float(value))  # type: ignore[arg-type]


def _is_bool(value: object) -> bool:
    return isinstance(value, (bool, np.bool_)) or (_is_number(value) and value in (0, 1))


def validate(net: pandapowerNet, file: str = "") -> list[Fault]:
    """Check every extension column by itself: type, missing entries, range, allowed words."""
    return [
        fault
        for attribute in ATTRIBUTES
        if attribute.element in net and len(net[attribute.element])
        for fault in _faults(net[attribute.element], attribute, file)
    ]


def _faults(table: pd.DataFrame, attribute: Attribute, file: str) -> Iterable[Fault]:
    def faults(rows: Values, message: Callable[[object], str]) -> list[Fault]:
        return [
            Fault(file, attribute.element, row_label(table, row), attribute.name, message(column[row]))
            for row in table.index[rows.to_numpy(dtype=bool)]
        ]

    if attribute.name not in table:
        return [Fault(file, attribute.element, "", attribute.name, "is missing")] if attribute.required else []
    column = table[attribute.name]
    found: list[Fault] = []
    if attribute.required:
        blank = column.isna() | (column.astype(object) == "")
        found += faults(blank, lambda _: "is missing")
    wrong = _misfits(column, attribute)
    noun = {float: "a number", int: "a whole number", bool: "true or false", str: "text"}[attribute.kind]
    found += faults(wrong, lambda value: f"must be {noun}, got {shown(value)}")
    if attribute.check is not None:
        check, good = attribute.check, column[column.notna() & ~wrong]
        if attribute.kind is not str:
            good = good.astype(float)
        broken = ~check.holds(good).reindex(table.index, fill_value=True).astype(bool)
        found += faults(broken, lambda value: f"must be {check.text}, got {shown(value)}")
    return found


def shown(value: object) -> str:
    """A value as a user would write it, without numpy's type around it."""
    return repr(value.item() if isinstance(value, np.generic) else value)


def row_label(table: pd.DataFrame, row: object) -> str:
    """How a row is called in messages: its name where it has one, else its index."""
    name = table["name"].get(row) if "name" in table else None
    return f"{name!r}" if isinstance(name, str) and name else str(row)


def markdown() -> str:
    """The reference page of all extension columns."""
    lines = [
        "# Data model",
        "",
        "One pandapower net holds the whole physical system. pandapower's own tables and columns come first;",
        "the columns and tables below extend them and are carried by pandapower's JSON. Every quantity is of",
        "the whole element; one unit is that divided by `n_units` (only `start_cost_cny` is per unit start).",
        "A missing column or entry takes its default, so that a plain pandapower net is an ordinary DC optimal",
        "power flow.",
        "",
        "This page is generated: `python -m gridopt.network.columns > docs/data-model.md`.",
    ]
    for element in TABLES:
        kind = "extension columns" if element in PANDAPOWER_TABLES else "extension table"
        lines += ["", f"## `{element}` ({kind})", ""]
        if element in WITHOUT_COMPONENT:
            lines += ["No component of this version acts on this table: rows in it are refused.", ""]
        lines += [
            "| column | type | unit | default | must be | meaning |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        lines += [_markdown_row(attribute) for attribute in attributes_of(element)]
    return "\n".join(lines) + "\n"


def _markdown_row(attribute: Attribute) -> str:
    default = "required" if attribute.required else f"`{attribute.default!r}`"
    check = attribute.check.text if attribute.check else ""
    cells = (
        f"`{attribute.name}`",
        attribute.kind.__name__,
        attribute.unit,
        default,
        check,
        attribute.description,
    )
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    print(markdown(), end="")
