"""What single values of the attribute table may be, and how its rows are written."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

Values = pd.Series
NAN = math.nan
REQUIRED = "(required)"


@dataclass(frozen=True)
class Check:
    """A test of single values: what it demands in words, and where a column fulfils it."""

    text: str
    holds: Callable[[Values], Values]


ANY = None
POSITIVE = Check("> 0", lambda x: x > 0)
NOT_NEGATIVE = Check(">= 0", lambda x: x >= 0)
COUNT = Check("a whole number >= 1", lambda x: (x >= 1) & (x == x.round()))
WHOLE = Check("a whole number >= 0", lambda x: (x >= 0) & (x == x.round()))
SHARE = Check("within [0, 1]", lambda x: (x >= 0) & (x <= 1))
EFFICIENCY = Check("within (0, 1]", lambda x: (x > 0) & (x <= 1))
AT_LEAST_ONE = Check(">= 1", lambda x: x >= 1)
SIGN = Check("+1 or -1", lambda x: x.abs() == 1)


def one_of(*words: str) -> Check:
    """A check for a fixed list of words; the empty word is shown as ''."""
    return Check("one of " + ", ".join(repr(word) for word in words), lambda x: x.isin(words))


# name, type, unit, default, check, meaning
Row = tuple[str, type, str, Any, Check | None, str]
YEARS: list[Row] = [
    ("commission_year", float, "a", NAN, ANY, "first year in service; NaN: always"),
    ("retire_year", float, "a", NAN, ANY, "first year out of service; NaN: never"),
]
POLES: list[Row] = [
    (
        *("poles", int, "", 0, WHOLE),
        "equal poles, of which the loss of one is credible (network_level dc+n-1); 0: its loss is not looked at",
    ),
    (
        *("pole_overload_pu", float, "pu", 1.0, AT_LEAST_ONE),
        "most that the other poles carry after it, of their rating; 1: they take nothing over at full power",
    ),
]
