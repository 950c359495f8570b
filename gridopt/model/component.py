"""What every part of the power system offers to the dispatch: the protocol of a component.

A component is stated once for a window of a given number of steps.  Its data cover the whole horizon; for
each window :meth:`Component.bind` puts that window's values into cvxpy Parameters, which stand in bounds and
right-hand sides only, so that the compiled problem and the live solver are used again.

Components meet in three places: the balance of each node, the reserve requirement, and :meth:`Component.join`.
Amounts of the whole horizon are budgets (``gridopt.model.budget``).

All arrays are (element, step).  Injection is positive into the grid.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridopt.model.algebra import every_step
from gridopt.model.budget import BudgetLimit
from gridopt.model.reserve_product import ReserveProduct
from gridopt.model.worth import ReducedCosts

if TYPE_CHECKING:
    import xarray as xr

    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork

Array = NDArray[np.float64]
# Variables (element, step), and the elements that are meant.
Levels = list[tuple[cp.Variable, NDArray[np.bool_]]]
State = Mapping[str, Array]
DataT = TypeVar("DataT", bound="ComponentData")


@dataclass(frozen=True)
class Output:
    """A variable of the result: its name, dimension, unit and meaning.

    Values are (element, step); with ``by`` = "reserve" they are (product, element, step).  Where elements that are
    alike run as one (``gridopt.model.alike``) each has its share of an amount, and all of what is none (``of_each``).
    """

    name: str
    dimension: str
    units: str
    long_name: str
    by: str = ""
    of_each: bool = False


@dataclass(frozen=True)
class ComponentData:
    """What the data of every component have.

    Parameters
    ----------
    labels, rows
        Names of the elements of the net, and the table and row where each stands.
    share
        (row, element) part of each row in the element that it runs in; None where each is an element of its own
        (``gridopt.model.alike``).
    nodes
        Incidence (node, element): which share of an element's power enters at which electrical node.
    budgets
        Amounts that may be used, or have to be reached, over the whole horizon.
    products
        Reserves that the elements may hold.
    integer
        Whether counts of units are whole numbers.
    """

    labels: tuple[str, ...]
    rows: tuple[tuple[str, int], ...]
    nodes: sp.csr_array
    budgets: tuple[BudgetLimit, ...] = field(default=(), kw_only=True)
    products: tuple[ReserveProduct, ...] = field(default=(), kw_only=True)
    integer: bool = field(default=False, kw_only=True)
    share: sp.csr_array | None = field(default=None, kw_only=True)

    #: Arrays (element, …) that add up where elements run as one, the size of an element first; empty: none ever do.
    amounts: ClassVar[tuple[str, ...]] = ()
    #: Arrays that may differ between elements that run as one.
    not_compared: ClassVar[tuple[str, ...]] = ()
    #: Arrays of numbers of elements.
    numbers: ClassVar[tuple[str, ...]] = ()

    @property
    def count(self) -> int:
        """Number of elements of the model."""
        return len(self.labels) if self.share is None else self.share.shape[1]

    @property
    def element_of_row(self) -> NDArray[np.int64]:
        """Number of the element in which each row of the net runs, (row,)."""
        return np.arange(self.count) if self.share is None else self.share.indices.astype(np.int64)

    def names(self) -> tuple[str, ...]:
        """Names of the elements of the model; of those that run as one the first, and how many they are."""
        if self.share is None:
            return self.labels
        members = [np.flatnonzero(self.element_of_row == element) for element in range(self.count)]
        more = (f" and {own.size - 1} alike" if own.size > 1 else "" for own in members)
        return tuple(f"{self.labels[own[0]]}{words}" for own, words in zip(members, more, strict=True))

    def alone(self) -> NDArray[np.bool_]:
        """Elements of which something else speaks, so that they are not run as one with others, (element,)."""
        return np.zeros(self.count, dtype=np.bool_)

    def renumbered(self, first: NDArray[np.int64], number: NDArray[np.int64]) -> dict[str, Any]:
        """Fields that hold numbers of elements, when ``first`` of each group stays and elements become ``number``."""
        return {}

    def by_row(self, values: Any, *, of_each: bool = False) -> Any:
        """Values (…, element, step) of the rows of the net, (…, row, step): their parts of an amount, or the same.

        Of a cvxpy expression, (element, step), too.
        """
        if self.share is None:
            return values
        if not isinstance(values, np.ndarray):
            return self.share @ values
        of_row = np.take(values, self.element_of_row, axis=-2)
        return of_row if of_each else of_row * self.share.data[:, None]

    def kept_apart(self) -> Self:
        """Data with which modes that should never mix are stated for every element, at the price of more columns."""
        return self


@dataclass(frozen=True)
class Window:
    """A stretch of the horizon that is solved in one piece.

    Parameters
    ----------
    start
        Number of its first step in the horizon.
    steps
        Length with the look-ahead.
    core
        Steps that are kept; the rest only looks ahead.
    last
        Whether it ends the horizon.
    state
        What the window before handed over, by component.
    energy_price_cny_per_mwh
        What a MWh is worth after the window; prices what storage holds at its end.
    room
        Part of the room around the plan of the whole horizon that is left to reservoirs.
    """

    start: int
    steps: int
    core: int
    last: bool
    state: Mapping[str, State] = field(default_factory=dict)
    energy_price_cny_per_mwh: float = 0.0
    room: float = 1.0

    @property
    def span(self) -> slice:
        """All its steps as a slice of the horizon."""
        return slice(self.start, self.start + self.steps)

    def at_end(self, planned: Array | None, usual: Array) -> Array:
        """What a plan (element, time) of the whole horizon says of the window's end; the usual where it ends that."""
        return usual if planned is None or self.last else planned[:, self.span.stop - 1]


@dataclass(frozen=True)
class PlannedWorth:
    """What a plan of the whole horizon says of a state that outlives a window.

    Parameters
    ----------
    state
        (element, step).
    worth
        (element, step) of a unit more held after a step [CNY per unit]; NaN where the plan says nothing.
    """

    state: cp.Variable
    worth: Array


class Component(ABC, Generic[DataT]):
    """One kind of element of the power system in a window of ``steps`` steps of ``step_h`` hours."""

    name: ClassVar[str]
    outputs: ClassVar[tuple[Output, ...]]
    worths: ClassVar[tuple[Output, ...]] = ()

    def __init__(self, data: DataT, steps: int, step_h: float) -> None:
        self.data = data
        self.steps = steps
        self.step_h = step_h

    @classmethod
    @abstractmethod
    def read(cls, case: Case, network: DCNetwork) -> DataT | None:
        """Arrays of the whole horizon from a case, or None where the case has no such element."""

    def initial_state(self) -> State:
        """State before the first step of the horizon."""
        return {}

    @abstractmethod
    def bind(self, window: Window) -> None:
        """Put a window's values into the parameters."""

    def forget(self) -> None:
        """Widen limits that hang on the state handed over to what holds for any state; called after ``bind``.

        Rows whose right-hand side hangs on the state need not be widened: a proof leaves them out.
        """

    def constraints(self) -> list[cp.Constraint]:
        """Rows of this component alone."""
        return []

    def lazy_constraints(self) -> list[cp.Constraint]:
        """Inequalities of this component that seldom bind: they enter where they are found broken."""
        return []

    def chosen_last(self) -> list[cp.Variable]:
        """Variables that cost nothing and only serve lazy constraints, such as reserve held; asked after ``join``."""
        return []

    def join(self, parts: Mapping[str, Component[Any]], nodal_mw: cp.Expression) -> list[cp.Constraint]:
        """Rows that tie this component to others; called once, when all components are stated.

        Parameters
        ----------
        parts
            All components of the window by name.
        nodal_mw
            Net injection of all components, (node, step) [MW].
        """
        return []

    def power(self) -> Any:
        """Power of each element into the grid, a cvxpy expression (element, step) [MW]; None where there is none."""
        return None

    def injection(self) -> cp.Expression | None:
        """Power into the grid, (node, step) [MW]; None where there is none."""
        power = self.power()
        return None if power is None else self.data.nodes @ power

    def budget_use(self) -> list[cp.Expression]:
        """Use of each of the data's budgets in each step, (step,) in the budget's unit; asked after ``join``."""
        return []

    def reserve(self, product: ReserveProduct) -> cp.Expression | None:
        """What the component holds for a reserve product, (step,) [MW]; None where it can't hold any."""
        return None

    def co2_t(self) -> cp.Expression | None:
        """CO2 of each step, (step,) [t]; None where there is none."""
        return None

    def tidy(self) -> None:
        """Mend, in the values of a solved window, what neither cost nor rule can tell; called before they are read."""

    def mixes(self) -> bool:
        """Whether the solution found uses two modes at once of an element whose modes are not stated."""
        return False

    def to_separate(self) -> list[tuple[cp.Variable, NDArray[np.bool_]]]:
        """Entries of variables in [0, 1] that must become 0 or 1, as the solution found mixes two modes."""
        return []

    def cost(self) -> cp.Expression | None:
        """Resource cost of each step, (step,) [CNY]."""
        return None

    def penalty(self) -> cp.Expression | None:
        """Price of what should not be (unserved, curtailed, spilled energy), (step,) [CNY]."""
        return None

    def end_value(self) -> cp.Expression | None:
        """Worth of what is left at the end of the window [CNY]; steers, and is no cost."""
        return None

    def worth_by_plan(self, window: Window) -> list[PlannedWorth]:
        """What a plan of the whole horizon says of the states in a window; a proof takes it for their multipliers."""
        return []

    def state(self, step: int) -> State:
        """State after step ``step`` of the window (counted from 1), for the next window."""
        return {}

    def levels(self) -> Levels:
        """Variables that only add up what flows, and the elements whose level may be another where all flows are held.

        They are those that :meth:`aim` can bring near a level, or that are far from any limit.
        """
        return []

    def aim(self, state: State) -> None:
        """End the window bound last as near to the levels of a state as can be."""

    def drifts(self) -> list[cp.Variable]:
        """Variables around 0 by which levels leave a plan of the whole horizon at no price."""
        return []

    @classmethod
    def expected(cls, data: DataT, state: State, room: float) -> State:
        """State that windows come to where a plan of the whole horizon has this one and leaves them some room."""
        return state

    @classmethod
    def count_again(cls, data: DataT, outputs: dict[str, Array], step_h: float) -> None:
        """Mend outputs that count from the beginning of the horizon, (element, step), where it was solved in parts."""

    def worth(self, reduced_costs: ReducedCosts, budget_price: Array) -> dict[str, Array]:
        """What one unit more of each capacity named in ``worths`` saves in each step, (element, step) [CNY per unit].

        Asked after a window is solved, see ``gridopt.model.worth``.

        Parameters
        ----------
        reduced_costs
            Of any variable of the window.
        budget_price
            (own budget, step) cost of one unit more use of each of the data's budgets [CNY per unit].
        """
        return {}

    def linear_outputs(self) -> dict[str, cp.Expression]:
        """Outputs that are sums of variables and nothing else, (element, step) each.

        With them a proof tells whose its columns are.  Outputs that are changed after the solve are none of them.
        """
        return {}

    @abstractmethod
    def results(self) -> dict[str, Array]:
        """Values of the outputs in the whole window, each (element, step)."""

    def parameter(self, rows: int | None = None, **attributes: Any) -> cp.Parameter:
        """Make a parameter (element, step)."""
        return cp.Parameter((self.data.count if rows is None else rows, self.steps), **attributes)

    def variable(self, lower: Any, upper: Any, rows: int | None = None, *, integer: bool = False) -> cp.Variable:
        """Make a variable (element, step) whose limits become column bounds; (element,) limits hold in every step."""
        shape = (self.data.count if rows is None else rows, self.steps)
        return cp.Variable(shape, bounds=[_spread(lower, shape), _spread(upper, shape)], integer=integer)


def _spread(limit: Any, shape: tuple[int, int]) -> Any:
    return every_step(limit, shape[1]) if isinstance(limit, np.ndarray) and limit.ndim == 1 else limit


def profile_rows(case: Case, names: Any) -> Array:
    """Profile values (element, time) for a sequence of profile names; an empty name is 1 in every step."""
    return profile_values(case.profiles, names)


def profile_values(profiles: xr.Dataset, names: Any) -> Array:
    """Values (element, time) of some profiles for a sequence of their names; an empty name is 1 in every step."""
    rows = np.ones((len(names), profiles.sizes["time"]))
    for i, name in enumerate(names):
        if isinstance(name, str) and name:
            rows[i] = profiles[name].to_numpy()
    return rows


def previous(initial: cp.Parameter, series: cp.Variable) -> cp.Expression:
    """Return the series one step earlier, (element, step), beginning with the state that was handed over."""
    if series.shape[1] == 1:
        return cp.reshape(initial, (series.shape[0], 1), order="F")
    return cp.hstack([cp.reshape(initial, (series.shape[0], 1), order="F"), series[:, :-1]])
