"""Single entries of the net's tables, which may be missing in several ways."""

from __future__ import annotations

from typing import Any

import pandas as pd


def number(value: Any, missing: float) -> float:
    """An entry as a number; ``missing`` for None, NaN and pandas' own missing value.

    Examples
    --------
    >>> number("2.5", 0.0), number(None, 0.0), number(float("nan"), 1.0)
    (2.5, 0.0, 1.0)
    """
    return missing if pd.isna(value) else float(value)


def truth(value: Any) -> bool:
    """Whether an entry is there and true.

    Examples
    --------
    >>> truth(True), truth(None), truth(float("nan")), truth(0)
    (True, False, False, False)
    """
    return not pd.isna(value) and bool(value)
