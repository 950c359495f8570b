"""The scorecard: every policy target against what the network and the dispatch of a case say about it.

A target is judged only in a case of its own year, and what the dispatch decides only over a whole year.  Everything
else is *not computable from dispatch*, with the reason; the value that can be told stands beside it all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from gridopt.catalog import policy_targets_file
from gridopt.results.scorecard_values import VALUES, Finding
from gridopt.results.tables.solved import Solved
from gridopt.results.tables.words import Pair

if TYPE_CHECKING:
    import xarray as xr

    from gridopt.case import Case
    from gridopt.results.summary import Number

Status = Literal["met", "missed", "not computable from dispatch"]
MET: Status = "met"
MISSED: Status = "missed"
NOT_COMPUTABLE: Status = "not computable from dispatch"
#: Columns of the scorecard.
COLUMNS = (
    *("id", "target", "target_zh", "year", "clause", "value", "sense", "threshold", "unit", "status"),
    *("how", "how_zh", "source", "confidence"),
)
#: Why a scorecard has no rows (Chinese, English).
NO_TARGETS: Pair = ("本算例的网络没有政策目标", "the network of this case has no policy targets")
# A run that covers so much is one of a year [h]: 52 weeks.
_YEAR_H = 8736.0
# What "about" allows below a planned size; more than planned is no miss.
_ABOUT = 0.05
_ROUNDING = 1e-6


def scorecard(case: Case, dataset: xr.Dataset, summary: dict[str, Number]) -> pd.DataFrame:
    """Judge every policy target of the case's network.

    Returns
    -------
    pandas.DataFrame
        One row for each target, columns as in :data:`COLUMNS`; no rows, and the reason in ``attrs["reason"]``, for a
        network without targets.
    """
    file = policy_targets_file(case.settings.network)
    if file is None:
        empty = pd.DataFrame(columns=list(COLUMNS))
        empty.attrs["reason"] = NO_TARGETS[1]
        return empty
    targets = pd.read_csv(file)
    solved = Solved(case, dataset)
    return pd.DataFrame(
        [_row(target, VALUES[str(target["id"])](solved, summary), solved) for target in targets.to_dict("records")],
        columns=list(COLUMNS),
    )


def _row(target: dict[Any, Any], finding: Finding, solved: Solved) -> dict[str, object]:
    status, reason = judge(target, finding, solved.case.settings.year, len(solved.time) * solved.step_h)
    how = tuple("; ".join(part for part in (reason[i], finding.how[i]) if part) for i in (0, 1))
    return {
        "id": target["id"],
        "target": target["quantity"],
        "target_zh": target["quantity_zh"],
        "year": str(target["year"]),
        "clause": target["clause"],
        "value": finding.value,
        "sense": target["sense"],
        "threshold": target["value"],
        "unit": target["unit"],
        "status": status,
        "how": how[1],
        "how_zh": how[0],
        "source": target["source"],
        "confidence": target["confidence"],
    }


def judge(target: dict[Any, Any], finding: Finding, year: int | None, hours: float) -> tuple[Status, Pair]:
    """Status of a target, and the reason where it can't be judged (Chinese, English).

    Parameters
    ----------
    target
        Row of the table of targets.
    finding
        What the case says about it.
    year
        Year of the case.
    hours
        Hours that the run covers.
    """
    if finding.missing is not None:
        return NOT_COMPUTABLE, finding.missing
    other_year = _other_year(str(target["year"]), year)
    if other_year is not None:
        return NOT_COMPUTABLE, other_year
    if finding.of_a_year and hours < _YEAR_H:
        return NOT_COMPUTABLE, (
            f"年度指标，本次仅模拟{hours:,.0f}小时",
            f"a figure of the year: the run covers {hours:,.0f} h",
        )
    threshold = float(str(target["value"]))
    return (MET if _keeps(finding.value, str(target["sense"]), threshold) else MISSED), ("", "")


def _other_year(target: str, year: int | None) -> Pair | None:
    """Why a case of another year says nothing about a target; None where it does."""
    if target == "all" or (target.startswith("from ") and year is not None and year >= int(target[5:])):
        return None
    if target.startswith("from "):
        return f"该要求自{target[5:]}年起，算例为{year}年", f"in force from {target[5:]}, the case is of {year}"
    if year == int(target):
        return None
    return f"目标年为{target}年，算例为{year}年", f"the target is of {target}, the case of {year}"


def _keeps(value: float, sense: str, threshold: float) -> bool:
    """Whether a value keeps a threshold; ``~`` allows 5 % less than the planned size."""
    slack = _ROUNDING * max(1.0, abs(threshold))
    match sense:
        case ">=":
            return value >= threshold - slack
        case "<=":
            return value <= threshold + slack
        case "==":
            return abs(value - threshold) <= slack
        case "~":
            return value >= (1.0 - _ABOUT) * threshold - slack
    raise ValueError(f"the table of policy targets has an unknown sense {sense!r}")


def counts(card: pd.DataFrame) -> dict[str, int]:
    """How many targets are met, missed, not computable.

    Examples
    --------
    >>> counts(pd.DataFrame({"status": ["met", "missed", "met"]}))
    {'met': 2, 'missed': 1, 'not computable from dispatch': 0}
    """
    return {status: int(np.sum(card["status"] == status)) for status in (MET, MISSED, NOT_COMPUTABLE)}
