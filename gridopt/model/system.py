"""The whole power system of a case as arrays: what is read once and then cut into windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from gridopt.errors import Fault, InputError
from gridopt.model.alike import Numbers, alike, place_of, together
from gridopt.model.budget import BudgetLimit
from gridopt.model.claims import claimed
from gridopt.model.component import Array, Component, ComponentData, State, profile_rows
from gridopt.model.demand import Demand, DemandData
from gridopt.model.emission import Emission
from gridopt.model.flexible_load import FlexibleLoad
from gridopt.model.generator import Generator, GeneratorData
from gridopt.model.heat_source import HeatSource
from gridopt.model.heat_zone import HeatZone
from gridopt.model.hydro import Hydro
from gridopt.model.losses import Losses
from gridopt.model.pilot import Pilot
from gridopt.model.pole_limits import SectionsAfterPoles, sections_after_poles
from gridopt.model.prosumer import Prosumer
from gridopt.model.renewable import Renewable
from gridopt.model.reserve import Reserve
from gridopt.model.response import Response
from gridopt.model.storage import Storage
from gridopt.model.thermal import Thermal, ThermalData
from gridopt.model.tie import Tie

if TYPE_CHECKING:
    import pandas as pd

    from gridopt.case import Case
    from gridopt.network.contingencies import OutageFactors
    from gridopt.network.matrices import DCNetwork
    from gridopt.network.poles import PowerAtRisk

#: Every kind of element there is.  A new one is a new file and a line here.
COMPONENTS: tuple[type[Component[Any]], ...] = (
    Demand,
    Generator,
    Thermal,
    Renewable,
    Hydro,
    Storage,
    Tie,
    Response,
    FlexibleLoad,
    Prosumer,
    HeatSource,
    HeatZone,
    Pilot,
    Reserve,
    Emission,
)


@dataclass(frozen=True)
class FlowLimits:
    """What the network limits: branch flows, then interfaces, what buses may feed in, and interfaces after poles.

    Parameters
    ----------
    branch
        (limited branch,) rows of the network's branch table.
    interface
        Names of the interfaces.
    feeding
        (limited node,) nodes whose net injection is limited.
    after_poles
        Interfaces after the loss of a pole.
    matrix
        (limit, node + power) [MW/MW], flow per nodal injection and, behind them, per power at risk.
    offset_mw
        (limit,) flow at zero injection [MW].
    lower_mw, upper_mw
        (limit, time) [MW].
    """

    branch: np.ndarray[tuple[int], np.dtype[np.int64]]
    interface: tuple[str, ...]
    feeding: np.ndarray[tuple[int], np.dtype[np.int64]]
    after_poles: SectionsAfterPoles
    matrix: Array
    offset_mw: Array
    lower_mw: Array
    upper_mw: Array

    @property
    def sections(self) -> slice:
        """Rows of the interfaces before any outage."""
        return slice(self.branch.size, self.branch.size + len(self.interface))

    @property
    def first_after_poles(self) -> int:
        """First row of the interfaces after the loss of a pole."""
        return len(self.matrix) - self.after_poles.section.size


@dataclass(frozen=True)
class System:
    """Data of all components that the case has, and the network that joins them.

    ``outages`` are those after which the limits hold too; None where they are not looked at.  ``losses`` are those of
    the balance; None where demand is gross of them.
    """

    case: Case
    network: DCNetwork
    parts: tuple[tuple[type[Component[Any]], ComponentData], ...]
    limits: FlowLimits
    outages: OutageFactors | None = None
    losses: Losses | None = None

    @classmethod
    def read(cls, case: Case, groups: Mapping[str, Numbers] | None = None) -> System:
        """Read a case.

        Parameters
        ----------
        case
            The case.
        groups
            By component: elements that run as one where ``alike`` is ``together``, as :attr:`groups` tells; found in
            the data by default.

        Raises
        ------
        InputError
            For what the model can't represent, naming every row.
        """
        from gridopt.network.islands import unsupplied_islands
        from gridopt.network.matrices import dc_network
        from gridopt.network.supported import unsupported

        faults = unsupported(case.net, claimed(case), case.name)
        if faults:
            raise InputError(faults)
        # rundcopp and rundcpp take different r/x for bus-bus switches with an impedance; plain cases follow the former
        network = dc_network(case.net, switch_rx_ratio=0.5) if case.plain else dc_network(case.net)
        islands = [] if case.settings.network_level == "copperplate" else unsupplied_islands(case.net, network)
        if islands:
            message = "nothing supplies the island of these buses: {}"
            raise InputError(
                [Fault(case.name, "bus", message=message.format(", ".join(map(str, buses[:10])))) for buses in islands]
            )
        read = ((kind, kind.read(case, network)) for kind in COMPONENTS)
        parts = tuple((kind, data) for kind, data in read if data is not None)
        losses = _assumed_losses(case, network, parts)
        if losses is not None:
            network = replace(network, sink=losses.share)
        outages = _outages(case, network)
        limits = flow_limits(case, network, () if outages is None else outages.powers)
        system = cls(case, network, parts, limits, outages, losses)
        return system._together(groups) if case.settings.alike == "together" else system

    def _together(self, groups: Mapping[str, Numbers] | None) -> System:
        """The same system with the elements that are alike as one."""
        if groups is None:
            zones = self.part("pilot")
            sums = self.balance_areas()
            if zones is not None:
                sums = sp.csr_array(sp.vstack([sums, zones.nodes.T]))
            groups = {kind.name: alike(data, place_of(data, self.limits, sums)) for kind, data in self.parts}
        merged = ((kind, together(data, groups[kind.name])) for kind, data in self.parts)
        return replace(self, parts=tuple(merged))

    @property
    def groups(self) -> dict[str, Numbers]:
        """By component: number of the element in which each row of the net runs."""
        return {kind.name: data.element_of_row for kind, data in self.parts}

    @property
    def time(self) -> pd.DatetimeIndex:
        """Ends of the steps of the horizon."""
        return self.case.time

    @property
    def step_h(self) -> float:
        """Length of a step [h]."""
        return self.case.settings.step_h

    def part(self, name: str) -> ComponentData | None:
        """Data of a component by its name, None where the case has no such element."""
        return next((data for kind, data in self.parts if kind.name == name), None)

    @property
    def budgets(self) -> tuple[tuple[str, BudgetLimit], ...]:
        """Budgets of all components, each with the name of its component."""
        return tuple((kind.name, limit) for kind, data in self.parts for limit in data.budgets)

    def initial_state(self) -> dict[str, State]:
        """State of all components before the first step."""
        before: dict[str, State] = {kind.name: kind(data, 1, self.step_h).initial_state() for kind, data in self.parts}
        return before | {"budget": {"used": np.zeros(len(self.budgets))}}

    def kept_apart(self) -> System:
        """The same system with the modes of all elements stated, for windows in which they would mix."""
        return replace(self, parts=tuple((kind, data.kept_apart()) for kind, data in self.parts))

    def limit_names(self) -> Sequence[str]:
        """What each network limit is the limit of, in words; those after outages behind the others."""
        limits, network = self.limits, self.network
        branches = network.name[limits.branch].astype(str).tolist()
        buses = self.case.net.bus["name"].astype(str).to_dict()
        feeding = [f"what {buses.get(int(network.node_bus[node]), node)} may feed in" for node in limits.feeding]
        usual = [*(name or f"branch {i}" for i, name in enumerate(branches)), *limits.interface, *feeding]
        powers = () if self.outages is None else self.outages.powers
        after = zip(limits.after_poles.section, limits.after_poles.power, strict=True)
        usual += [f"{limits.interface[section]} without {powers[power].name}" for section, power in after]
        return usual if self.outages is None else _NamesAfterOutages(usual, self.outages)

    def balance_areas(self) -> sp.csr_array:
        """Which nodes share one power balance, (area, node): an island each, or all on a copper plate."""
        network = self.network
        joined = self.case.settings.network_level == "copperplate"
        island = np.zeros(network.n_node, int) if joined else network.island
        return sp.csr_array((np.ones(network.n_node), (island, np.arange(network.n_node))))

    def balance_weights(self) -> sp.csr_array:
        """What a MW injected at each node adds to the balance of its area, (area, node): less its loss factor."""
        areas = self.balance_areas()
        return areas if self.losses is None else sp.csr_array(areas @ sp.diags_array(1.0 - self.losses.factor))

    def typical_price_cny_per_mwh(self) -> float:
        """Marginal cost of the plant in the middle of the merit order, weighted with capacity [CNY/MWh]."""
        cost, size = [np.zeros(0)], [np.zeros(0)]
        thermal, plain = self.part("thermal"), self.part("generator")
        if isinstance(thermal, ThermalData):
            cost.append(thermal.output_cny_per_mwh)
            size.append(thermal.max_mw * thermal.n_units)
        if isinstance(plain, GeneratorData):
            cost.append(plain.cp1_cny_per_mwh)
            size.append(np.maximum(plain.max_mw.max(axis=1), 0.0))
        costs, sizes = np.concatenate(cost), np.concatenate(size)
        if not sizes.sum():
            return 0.0
        order = np.argsort(costs)
        middle = np.searchsorted(np.cumsum(sizes[order]), sizes.sum() / 2)
        return float(costs[order][middle])


class _NamesAfterOutages(Sequence[str]):
    """Names of the usual limits, then of every branch after every outage; made when asked for, as they are many."""

    def __init__(self, usual: list[str], outages: OutageFactors) -> None:
        self._usual, self._outages = usual, outages

    def __len__(self) -> int:
        return len(self._usual) + self._outages.limit_mw.size

    def __getitem__(self, number: Any) -> Any:
        if number < len(self._usual):
            return self._usual[number]
        branch, outage = divmod(int(number) - len(self._usual), self._outages.count)
        return f"{self._outages.network.name[branch] or f'branch {branch}'} without {self._outages.name[outage]}"


def _outages(case: Case, network: DCNetwork) -> OutageFactors | None:
    """Credible outages of a case whose limits shall hold after each of them."""
    from gridopt.network.contingencies import credible_factors

    return credible_factors(case.net, network) if case.settings.network_level == "dc+n-1" else None


def _assumed_losses(
    case: Case, network: DCNetwork, parts: Sequence[tuple[type[Component[Any]], ComponentData]]
) -> Losses | None:
    """Losses at the assumed rate, for want of power flows; None where demand is gross of them."""
    if not case.settings.has_losses:
        return None
    demand = next(data for _, data in parts if isinstance(data, DemandData))
    return Losses.assumed(network, demand.nodes @ demand.demand_mw, case.settings.line_loss_rate)


def flow_limits(case: Case, network: DCNetwork, powers: tuple[PowerAtRisk, ...] = ()) -> FlowLimits:
    """Limits of branches and interfaces as linear functions of nodal injections and powers at risk.

    Raises
    ------
    InputError
        Where an interface names a branch that does not exist.
    """
    from gridopt.network.matrices import branch_flow_mw

    branch = np.flatnonzero(np.isfinite(network.limit_mw))
    interfaces = case.net.interface
    if case.settings.network_level == "copperplate":
        branch, interfaces = branch[:0], interfaces.iloc[:0]
    sums, faults = _interface_matrix(case, network, tuple(interfaces["name"]))
    if faults:
        raise InputError(faults)
    circulating = branch_flow_mw(network, np.zeros(network.n_node))
    limit = network.limit_mw[branch]
    feeding, most_mw = _feeding_limits(case, network)
    section_mw = {side: _interface_limit_mw(case, interfaces, side) for side in ("min", "max")}
    after = sections_after_poles(sums @ network.ptdf, interfaces["pole_limit_percent"].to_numpy(float), powers)
    after_mw = {side: after.share[:, None] * limits[after.section] for side, limits in section_mw.items()}
    before = np.vstack([network.ptdf[branch], sums @ network.ptdf, np.eye(network.n_node)[feeding]])
    offset = sums @ circulating

    def every_hour(values: Array) -> Array:
        return np.repeat(values[:, None], len(case.time), axis=1)

    return FlowLimits(
        branch=branch,
        interface=tuple(interfaces["name"].astype(str)),
        feeding=feeding,
        after_poles=after,
        matrix=np.vstack([np.pad(before, ((0, 0), (0, len(powers)))), after.matrix]),
        offset_mw=np.concatenate([circulating[branch], offset, np.zeros(feeding.size), offset[after.section]]),
        lower_mw=np.vstack(
            [every_hour(-limit), section_mw["min"], every_hour(np.full(feeding.size, -np.inf)), after_mw["min"]]
        ),
        upper_mw=np.vstack([every_hour(limit), section_mw["max"], every_hour(most_mw), after_mw["max"]]),
    )


def _feeding_limits(case: Case, network: DCNetwork) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], Array]:
    """Nodes with a limit of what they feed in, and the limit [MW]; of fused buses the tightest."""
    bus = case.net.bus
    most = bus["reverse_flow_max_mw"].to_numpy(float)
    position = network.bus_node
    at = np.flatnonzero(np.isfinite(most) & (position >= 0))
    if case.settings.network_level == "copperplate":
        at = at[:0]
    feeding = np.unique(position[at])
    least = np.full(network.n_node, np.inf)
    np.minimum.at(least, position[at], most[at])
    return feeding.astype(np.int64), least[feeding]


def _interface_limit_mw(case: Case, interfaces: pd.DataFrame, side: str) -> Array:
    """Lower ("min") or upper ("max") limits of interfaces, (interface, time) [MW]; infinite where there is none."""
    none = -np.inf if side == "min" else np.inf
    given = interfaces[f"{side}_mw"].to_numpy(float)[:, None]
    limit: Array = np.where(np.isnan(given), none, given * profile_rows(case, interfaces[f"{side}_profile"]))
    return limit


def _interface_matrix(case: Case, network: DCNetwork, names: tuple[str, ...]) -> tuple[sp.csr_array, list[Fault]]:
    """Signed branches of each interface, (interface, branch)."""
    members = case.net.interface_branch
    members = members[members["interface"].isin(names)]
    rows, columns, signs, faults = [], [], [], []
    columns_of = zip(members["interface"], members["element"], members["index"], members["sign"], strict=True)
    for name, element, index, sign in columns_of:
        at = np.flatnonzero((network.element == element) & (network.element_index == index))
        if not at.size and element in case.net and index in case.net[element].index:
            if element == "dcline" and bool(case.net.dcline.at[index, "in_service"]):
                message = "a DC line has no flow of its own here: limit it by its max_p_mw"
                faults.append(Fault(case.name, "interface_branch", f"{name}: {element} {index}", "index", message))
            continue  # out of service: it carries nothing
        if at.size != 1:
            where = f"{name}: {element} {index}"
            faults.append(Fault(case.name, "interface_branch", where, "index", "names no line or transformer"))
            continue
        rows.append(names.index(name))
        columns.append(int(at[0]))
        signs.append(float(sign))
    return sp.csr_array((signs, (rows, columns)), shape=(len(names), network.n_branch)), faults
