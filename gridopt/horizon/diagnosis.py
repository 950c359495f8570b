"""Says in plain words why a window has no solution."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridopt.model.dispatch import DispatchModel
from gridopt.solver.window import BoundWindow

_MANY = 4
_BALANCE = "the balance of supply and demand"


def conflict_lines(model: DispatchModel, window: BoundWindow, time: pd.DatetimeIndex) -> list[str]:
    """Which groups of constraints and limits can't be kept together, and when.

    Parameters
    ----------
    model, window
        The window that was found infeasible, as it was solved last.
    time
        Ends of its steps.

    Returns
    -------
    list of str
        One line per group: what, which elements, which hours.
    """
    found = window.live.conflict()
    lines = []
    for row, entries in [*found.constraints, *window.rows.places(found.added_rows)]:
        if row is model.balance:
            lines.append(_line(_BALANCE, [], entries // row.shape[0], time))
        else:
            owner = model.owner_of_row.get(row.id, "budget")
            lines.append(_component_line(model, owner, "rules", row.shape, entries, time))
    for variable, entries in found.variables:
        owner = next((part.name for part in model.components if _has(part, variable)), "")
        lines.append(_component_line(model, owner, "limits", variable.shape, entries, time))
    limit, hour = window.limits.places(found.added_rows)
    if limit.size:
        names = model.system.limit_names()
        lines.append(_line("the flow limit", [names[i] for i in np.unique(limit)], hour, time))
    return list(dict.fromkeys(lines))


def _has(part: object, variable: cp.Variable) -> bool:
    return any(value is variable for value in vars(part).values())


def _component_line(
    model: DispatchModel,
    owner: str,
    what: str,
    shape: tuple[int, ...],
    entries: NDArray[np.int64],
    time: pd.DatetimeIndex,
) -> str:
    """One line for a block of a component; names elements where the block has one row for each of them."""
    data = model.system.part(owner)
    words = f"the {what} of {owner or 'the model'}"
    if len(shape) != 2 or shape[1] != len(time):
        return _line(words, [], np.arange(len(time)), time)
    elements = np.unique(entries % shape[0])
    named = data is not None and shape[0] == data.count
    names = [data.labels[i] for i in elements] if data is not None and named else []
    return _line(words, names, entries // shape[0], time)


def _line(what: str, names: list[str], steps: NDArray[np.int64], time: pd.DatetimeIndex) -> str:
    which = ", ".join(names[:_MANY]) + (f" and {len(names) - _MANY} more" if len(names) > _MANY else "")
    first, last = time[int(steps.min())], time[int(steps.max())]
    when = f"at {first:%Y-%m-%d %H:%M}" if first == last else f"from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}"
    return f"{what}{': ' + which if which else ''}, {when}"
