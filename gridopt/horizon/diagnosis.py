"""Says in plain words why a window has no solution: what would have to give way, and what contradicts what.

Constraints and variables say themselves what they limit, by their cvxpy label.  A label that ends with a unit, such as
``"heat demand [MW]"``, names a limit that can give way in the elastic problem, unless it is an equality, which defines
something.  A label without a unit serves for words alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cvxpy as cp
import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.errors import SolverError
from gridopt.horizon.windows import Span
from gridopt.model.component import Array
from gridopt.model.dispatch import DispatchModel
from gridopt.solver.elastic import (
    HARD,
    Block,
    Breach,
    Elastic,
    Prices,
    column_blocks,
    conflict,
    matrix,
    row_blocks,
)
from gridopt.solver.window import BoundWindow

Numbers = NDArray[np.int64]

BALANCE, FLOW = "balance of supply and demand [MW]", "flow limit [MW]"
# What a plan has to serve and to carry gives way first; limits of equipment only where that alone does not help, and
# then at a price so much higher.
_FIRST = (BALANCE, FLOW, "heat demand [MW]", "draw of the zone [MW]", "feed-in of the zone [MW]")
_PRICE_OF_EQUIPMENT = 1e3
# A balance that is not met is shared by all load, and only where that helps nothing it is at single buses.
_PRICE_AT_BUS = 1.01
_SHORT, _SURPLUS = "power is short", "power that no one can take"
# Lines of each kind, and elements that a line names.
_LINES, _NAMES = 4, 4
_ROUNDS = 20


def reasons(model: DispatchModel, window: BoundWindow, time: pd.DatetimeIndex) -> list[str]:
    """Why a window has no solution: at most ten lines, each of which stands alone.

    Parameters
    ----------
    model, window
        The window that was found infeasible, as it was solved last.
    time
        Ends of its steps.
    """
    places = Places(model, window)
    broken = _broken(places, window)
    lines = [] if broken is None else _breach_lines(broken, time, model.system.step_h)
    span = _from_to(time[0], time[-1])
    if window.searched.size:  # of whole numbers HiGHS names no contradiction
        head = f"no schedule of whole units meets all limits {span}; with parts of units (unit_commitment: relaxed) one"
        return [f"{head} does" + ("; the least that would have to give way:" if lines else ""), *lines]
    against = _conflict_lines(places, window, time)
    head = f"no schedule meets all limits {span}"
    return [
        head + ("; the least that would have to give way:" if lines else ""),
        *lines,
        *(["these can't be kept together:"] if against else []),
        *against,
    ]


def unsolved(error: SolverError, time: pd.DatetimeIndex, span: Span) -> str:
    """What is left where the solver failed in a window of the horizon, and how to go on: three lines."""
    hours = time[span.start : span.start + span.steps]
    before = f"the windows up to {time[span.start - 1]:%Y-%m-%d %H:%M} were solved" if span.start else "it is the first"
    return "\n".join(
        [
            f"the solver failed in the window {_from_to(hours[0], hours[-1])}: {error}",
            f"{before}; nothing is written of a horizon that is not complete",
            "to go on, try another start (solver.start), shorter windows (horizon.window_h), a wider solver.mip_gap or "
            "no solver.mip_nodes with whole units; --start and --hours solve a part",
        ]
    )


@dataclass(frozen=True)
class Place:
    """What some rows or columns limit: words with the unit, and (entry,) names of elements and steps."""

    words: str
    names: list[str]
    steps: Numbers


class Places:
    """What each row and column of a window's live model limits, and where.

    A row of a component is at the element and the last step whose columns it holds.
    """

    def __init__(self, model: DispatchModel, window: BoundWindow) -> None:
        self.model, self.window = model, window
        self.parts: dict[str, Any] = {part.name: part for part in model.components}
        self.columns = column_blocks(window.live)
        size = window.live.n_columns
        self._part = np.full(size, -1)
        self._element, self._step = np.full(size, -1), np.zeros(size, dtype=np.int64)
        self._owner_of: dict[int, str] = {}
        numbered = {block.what.id: block.numbers for block in self.columns if isinstance(block.what, cp.Variable)}
        for number, part in enumerate(model.components):
            for variable in (v for v in vars(part).values() if isinstance(v, cp.Variable) and v.id in numbered):
                at, shape = numbered[variable.id], variable.shape
                self._owner_of[variable.id], self._part[at] = part.name, number
                flat, per_step = np.arange(at.size), len(shape) == 2 and shape[1] == model.steps
                self._step[at] = flat // shape[0] if per_step else model.steps - 1
                if shape and shape[0] == part.data.count:
                    self._element[at] = flat % shape[0]

    def rows(self) -> list[Block]:
        """Rows that the live model has now."""
        return row_blocks(self.window.live, self.window.limits, self.window.rows)

    def label(self, block: Block) -> str:
        """What a block limits, with its unit; empty where it says nothing of itself."""
        if block.what is None:
            return FLOW
        return BALANCE if block.what is self.model.balance else block.what.label or ""

    def price(self, block: Block) -> float:
        """What a unit costs by which a block is broken in the elastic problem."""
        label = self.label(block)
        if label in _FIRST:
            return 1.0
        defines = isinstance(block.what, cp.constraints.Equality | cp.constraints.Zero)
        return _PRICE_OF_EQUIPMENT if label.endswith("]") and not defines else HARD

    def of(self, block: Block, coefficients: sp.csr_array) -> Place:
        """Words, element and step of each entry of a block."""
        label, system = self.label(block), self.model.system
        if label == FLOW:
            names, first = system.limit_names(), len(system.limits.branch)
            sections = range(first, first + len(system.limits.interface))
            limits = [f"{'interface ' * (i in sections)}{names[i]}" for i in block.entries % len(names)]
            return Place(FLOW, limits, block.entries // len(names))
        if label == BALANCE:
            areas = _area_names(self.model)
            return Place(BALANCE, [areas[i] for i in block.entries % len(areas)], block.entries // len(areas))
        if isinstance(block.what, cp.Variable):
            owner = self._owner_of.get(block.what.id, "")
            elements, steps = self._element[block.numbers], self._step[block.numbers]
        else:
            owner = self.model.owner_of_row.get(block.what.id, "budget") if block.what is not None else ""
            elements, steps = self._touched(owner, coefficients[block.numbers])
        labels = self.parts[owner].data.names() if owner in self.parts else ()
        kind = "limits" if isinstance(block.what, cp.Variable) else "rules"
        words = label or f"{kind} of {owner.replace('_', ' ') or 'the model'}"
        return Place(words, [labels[i] if i >= 0 else "" for i in elements], steps)

    def _touched(self, owner: str, rows: sp.csr_array) -> tuple[Numbers, Numbers]:
        """Element of the owner whose columns a row holds (-1: not just one), and the last step of them."""
        number = next((i for i, part in enumerate(self.model.components) if part.name == owner), -2)
        elements, steps = np.full(rows.shape[0], -1), np.zeros(rows.shape[0], dtype=np.int64)
        for row in range(rows.shape[0]):
            columns = rows.indices[rows.indptr[row] : rows.indptr[row + 1]]
            mine = columns[self._part[columns] == number]
            known = np.unique(self._element[mine][self._element[mine] >= 0])
            elements[row] = known[0] if known.size == 1 else -1
            steps[row] = self._step[mine if mine.size else columns].max(initial=0)
        return elements, steps


def _area_names(model: DispatchModel) -> list[str]:
    """Each balance area by its buses; empty where there is one area only."""
    system = model.system
    areas = system.balance_areas()
    if areas.shape[0] == 1:
        return [""]
    nodes = (np.flatnonzero(areas[[area]].toarray()[0]) for area in range(areas.shape[0]))
    return ["island of bus " + _some(_bus_names(model, its), 2) for its in nodes]


def _bus_names(model: DispatchModel, nodes: Numbers) -> list[str]:
    buses = model.system.case.net.bus["name"].astype(str).to_dict()
    return [buses.get(int(bus)) or str(bus) for bus in model.system.network.node_bus[nodes]]


def _broken(places: Places, window: BoundWindow) -> pd.DataFrame | None:
    """What is broken in the elastic problem, an entry each: words, name, step, side, amount."""
    live, model = window.live, places.model
    balance = next(block for block in places.rows() if block.what is model.balance)
    areas = model.system.balance_weights()
    at = balance.numbers.reshape(model.steps, areas.shape[0]).T
    demand = places.parts["demand"]
    asked_mw = demand.data.nodes @ (np.maximum(demand.demand.value, 0.0) + demand.data.drawn_mw[:, None])
    elastic = Elastic(live, window.limits, window.rows, at, areas, asked_mw, window.searched)
    for price in (HARD, _PRICE_OF_EQUIPMENT):
        columns = _prices(places, places.columns, live.n_columns, price)
        for _ in range(_ROUNDS):
            rows = places.rows()
            of_rows = _prices(places, rows, live.highs.getNumRow(), price)
            found = elastic.solve(Prices(of_rows, columns, _PRICE_AT_BUS))
            if found is None or not elastic.add_broken(found):
                break
        if found is not None:
            return pd.concat(_entries(places, rows, found), ignore_index=True)
    return None


def _prices(places: Places, blocks: list[Block], size: int, of_equipment: float) -> Array:
    """Price of breaking each row, or the bounds of each column, where a limit of equipment costs so much."""
    prices = np.full(size, HARD)
    for block in blocks:
        price = places.price(block)
        prices[block.numbers] = of_equipment if price == _PRICE_OF_EQUIPMENT else price
    return prices


def _entries(places: Places, rows: list[Block], found: Breach) -> Iterator[pd.DataFrame]:
    coefficients = matrix(places.window.live)
    node, hour = np.nonzero(found.bus_mw)
    power = found.bus_mw[node, hour]
    yield pd.DataFrame(
        {
            "words": BALANCE,
            "name": [f"bus {name}" for name in _bus_names(places.model, node)],
            "step": hour,
            "side": [_SHORT if mw > 0 else _SURPLUS for mw in power],
            "amount": np.abs(power),
        }
    )
    for blocks, amounts in ((rows, found.rows), (places.columns, found.columns)):
        for block, entries in _among(blocks, np.flatnonzero(amounts)):
            place, amount = places.of(entries, coefficients), amounts[entries.numbers]
            yield pd.DataFrame(
                {
                    "words": place.words,
                    "name": place.names,
                    "step": place.steps,
                    "side": [_side(block, place.words, above) for above in amount > 0],
                    "amount": np.abs(amount),
                }
            )


def _side(block: Block, words: str, above: bool) -> str:
    if words == BALANCE:
        return _SURPLUS if above else _SHORT
    if isinstance(block.what, cp.Variable):
        return "above its largest value" if above else "below its least value"
    return "exceeded" if words == FLOW else "missed"


def _among(blocks: list[Block], numbers: Numbers) -> Iterator[tuple[Block, Block]]:
    """Blocks with some of their rows (or columns) among the numbers, each with these alone."""
    for block in blocks:
        mine = np.isin(block.numbers, numbers)
        if mine.any():
            yield block, Block(block.what, block.numbers[mine], block.entries[mine])


def _breach_lines(broken: pd.DataFrame, time: pd.DatetimeIndex, step_h: float) -> list[str]:
    """One line for each limit of an element that is broken, the largest first."""
    # power that lacks at one bus could mostly lack at another one too: one line says it for all of them
    where = broken["name"].where(broken["words"] != BALANCE, "")
    groups = broken.groupby(["words", where, "side"], sort=False)
    lines = [
        (-float(group["amount"].sum()), _breach_line(str(words), str(name), str(side), group, time, step_h))
        for (words, name, side), group in groups
    ]
    told = [line for _, line in sorted(lines, key=lambda each: each[0])]
    return told if len(told) <= _LINES else [*told[: _LINES - 1], f"and {len(told) - _LINES + 1} more limits"]


def _breach_line(words: str, name: str, side: str, group: pd.DataFrame, time: pd.DatetimeIndex, step_h: float) -> str:
    what, _, unit = words.rstrip("]").partition(" [")
    if words == BALANCE:  # buses are named where most of it is at buses and can't be elsewhere
        of_name = group.groupby("name", sort=False)["amount"].sum().sort_values(ascending=False, kind="stable")
        at_buses = of_name.drop("", errors="ignore")
        name = _some(at_buses.index.tolist(), _NAMES) if at_buses.sum() > of_name.sum() / 2 else ""
    steps, of_entry = np.unique(group["step"].to_numpy(), return_inverse=True)
    amount = np.bincount(of_entry, group["amount"].to_numpy())
    worst = time[int(steps[amount.argmax()])]
    line = f"{what}{f' ({name})' if name else ''}: {side} by up to {_number(amount.max())} {unit}"
    line += f" at {worst:%Y-%m-%d %H:%M}"
    if steps.size > 1:
        total = f"{_number(amount.sum() * step_h)} MWh " if unit == "MW" else ""
        line += f", {total}in {steps.size * step_h:g} h {_from_to(time[int(steps[0])], time[int(steps[-1])])}"
    return line


def _conflict_lines(places: Places, window: BoundWindow, time: pd.DatetimeIndex) -> list[str]:
    """One line for each group of rows or limits that can't be kept together: what, which elements, which hours."""
    row_numbers, column_numbers = conflict(window.live)
    coefficients = matrix(window.live)
    groups: dict[str, tuple[float, list[str], list[Numbers]]] = {}
    for blocks, numbers in ((places.rows(), row_numbers), (places.columns, column_numbers)):
        for block, entries in _among(blocks, numbers):
            place = places.of(entries, coefficients)
            # what can give way first, as it is worth knowing first
            _, names, steps = groups.setdefault(place.words.partition(" [")[0], (places.price(block), [], []))
            names += place.names
            steps.append(place.steps)
    ordered = sorted(groups, key=lambda what: groups[what][0])
    lines = [_group_line(what, *groups[what][1:], time) for what in ordered]
    if len(lines) <= _LINES:
        return lines
    return [*lines[: _LINES - 1], f"and {_some(ordered[_LINES - 1 :], 2 * _NAMES)}"]


def _group_line(what: str, names: list[str], steps: list[Numbers], time: pd.DatetimeIndex) -> str:
    which = _some([name for name in dict.fromkeys(names) if name], _NAMES)
    at = np.concatenate(steps)
    return f"{what}{f' ({which})' if which else ''}, {_from_to(time[int(at.min())], time[int(at.max())])}"


def _from_to(first: pd.Timestamp, last: pd.Timestamp) -> str:
    return f"at {first:%Y-%m-%d %H:%M}" if first == last else f"from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}"


def _number(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= 100 else f"{amount:.3g}"


def _some(names: list[str], most: int) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
