r"""Why wind and solar are curtailed: every curtailed MW of every hour has one cause (formulation, section 4).

A site with the price of curtailment :math:`\kappa` and the cost of output :math:`o` gives up output only where a
MWh more is worth no more than :math:`\theta = o - \kappa` to it.  With the price :math:`\lambda_b` of its bus and
the price of energy :math:`\lambda^E` of its island (the load-weighted mean, with the part of losses of the bus):

1. *rule*: :math:`\lambda_b > \theta`.  The grid would take it, the site may not give it: the rules of a pilot
   zone, a connection shared with a battery.
2. *network*: :math:`\lambda_b \le \theta < \lambda^E`.  Others would take it, but the network does not bring it there.
3. Elsewhere the whole island has too much.  What is left, :math:`R`, is shared out in this order, to each cause
   up to its MW, and to the sites by what each of them curtails:

   - *min_output*: output of plants that none of them can lower,
     :math:`\sum_i \min(p_i, \underline p_i)`, with :math:`\underline p_i` the minimum of the running units, the
     heat-season minimum and the back-pressure line of heat plants;
   - *export_limit*: ties on which a MWh earns more than it is worth at their bus: what one more tie of that size
     could take, and the import that the contract asks for;
   - *storage*: what one more store of the same power could take, of all stores that may charge from the grid: in
     such an hour they are full, will be full before it gets better, or charge at full power;
   - *other*: the rest (ramps, reserves, least output of what is no plant).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from gridopt.model.component import Array, ComponentData
from gridopt.model.generator import GeneratorData
from gridopt.model.renewable import RenewableData
from gridopt.model.storage_data import StorageData
from gridopt.model.thermal_data import ThermalData
from gridopt.model.tie_data import TieData
from gridopt.results.summary import CAUSES

if TYPE_CHECKING:
    from gridopt.model.system import System

# Prices that differ by less are the same [CNY/MWh]: far below any real difference, far above the solver's rounding.
_SAME_CNY_PER_MWH = 1e-2
# Tables whose rows are plants; loads and DC lines among the dispatched rows are not.
_PLANTS = ("gen", "sgen", "ext_grid")

Areas = NDArray[np.int64]


def curtailment_causes(system: System, dataset: xr.Dataset) -> xr.Dataset:
    """Causes of the curtailment of a result.

    Parameters
    ----------
    system
        The system that was solved.
    dataset
        Its dispatch and prices.

    Returns
    -------
    xr.Dataset
        ``curtailment_cause_mw`` (cause, renewable, time) [MW]; it adds up to ``renewable_curtailment_mw``.  Empty
        where nothing follows the weather.
    """
    sites = system.part("renewable")
    if not isinstance(sites, RenewableData):
        return xr.Dataset()
    price, energy = (_node_prices(system, dataset, f"bus_price{part}_cny_per_mwh") for part in ("", "_energy"))
    if system.losses is not None:
        energy = energy + _node_prices(system, dataset, "bus_price_losses_cny_per_mwh")
    node = _nodes_of(sites)
    rooms = (_least_output_mw(system, dataset), _export_mw(system, dataset, price), _charging_mw(system))
    values = split_curtailment(
        dataset["renewable_curtailment_mw"].to_numpy(),
        price[node],
        energy[node],
        sites.output_cny_per_mwh - sites.curtailment_cny_per_mwh,
        system.balance_areas().argmax(axis=0)[node],
        np.stack(rooms),
    )
    about = {"units": "MW", "long_name": "curtailment by its cause"}
    return xr.Dataset(
        {"curtailment_cause_mw": (("cause", "renewable", "time"), values, about)},
        coords={"cause": list(CAUSES), "renewable": dataset["renewable"], "time": dataset["time"]},
    )


def split_curtailment(
    curtailed_mw: Array, price: Array, energy_price: Array, threshold: Array, area: Areas, room_mw: Array
) -> Array:
    """Share the curtailment of every site out to its causes.

    Parameters
    ----------
    curtailed_mw
        (site, time) [MW].
    price, energy_price
        (site, time) price at the site's bus, and of energy in its island [CNY/MWh].
    threshold
        (site,) price at or below which a site gives up output [CNY/MWh].
    area
        (site,) number of the site's island.
    room_mw
        (3, area, time) most that minimum output, export limits and storage can explain [MW].

    Returns
    -------
    ndarray
        (cause, site, time) [MW], adding up to ``curtailed_mw``.

    Examples
    --------
    The network holds the first site back.  The other two curtail 30 and 10 MW, as all have too much: 20 MW are
    minimum output, 8 MW the limit of export, there is no storage, and 12 MW remain.

    >>> price, energy = np.array([[-1.0], [-1.0], [-1.0]]), np.array([[300.0], [-1.0], [-1.0]])
    >>> room = np.array([[[0.0], [20.0]], [[0.0], [8.0]], [[0.0], [0.0]]])
    >>> parts = split_curtailment(
    ...     np.array([[50.0], [30.0], [10.0]]), price, energy, np.full(3, -1.0), np.array([0, 1, 1]), room
    ... )
    >>> dict(zip(CAUSES, parts.sum(axis=(1, 2)).round(3).tolist()))
    {'network': 50.0, 'min_output': 20.0, 'export_limit': 8.0, 'storage': 0.0, 'rule': 0.0, 'other': 12.0}
    """
    limit = threshold[:, None] + _SAME_CNY_PER_MWH
    at_price, scarce_elsewhere = price <= limit, energy_price > limit
    parts = dict.fromkeys(CAUSES, np.zeros_like(curtailed_mw))
    parts["network"] = np.where(at_price & scarce_elsewhere, curtailed_mw, 0.0)
    parts["rule"] = np.where(at_price, 0.0, curtailed_mw)
    surplus = np.where(at_price & ~scarce_elsewhere, curtailed_mw, 0.0)
    total = np.zeros(room_mw.shape[1:])
    np.add.at(total, area, surplus)
    explained = np.diff(np.minimum(np.cumsum(room_mw, axis=0), total), axis=0, prepend=0.0)
    share = np.divide(explained, total, out=np.zeros_like(explained), where=total > 0)
    for number, cause in enumerate(("min_output", "export_limit", "storage")):
        parts[cause] = surplus * share[number, area]
    parts["other"] = np.maximum(surplus * (1.0 - share.sum(axis=0)[area]), 0.0)
    return np.stack([parts[cause] for cause in CAUSES])


def _node_prices(system: System, dataset: xr.Dataset, name: str) -> Array:
    """Prices of buses as prices of nodes, (node, time) [CNY/MWh]."""
    bus_node = system.network.bus_node
    prices = np.full((system.network.n_node, len(system.time)), np.nan)
    prices[bus_node[bus_node >= 0]] = dataset[name].to_numpy()
    return prices


def _nodes_of(part: ComponentData) -> Areas:
    """Node of each element, (element,)."""
    return np.asarray(part.nodes.T @ np.arange(part.nodes.shape[0])).astype(np.int64)


def _by_area(system: System, part: ComponentData, values: Array) -> Array:
    """Sum of values (element, time) in each island, (area, time)."""
    return np.asarray(system.balance_areas() @ (abs(part.nodes) @ values))


def _least_output_mw(system: System, dataset: xr.Dataset) -> Array:
    """Output of plants that they can't lower, (area, time) [MW]."""
    total = np.zeros((system.balance_areas().shape[0], len(system.time)))
    if "generator_p_mw" not in dataset:
        return total
    first = 0
    for name, least in (("generator", _plant_minimum_mw), ("thermal", _cluster_minimum_mw)):
        part = system.part(name)
        if part is None:
            continue
        rows = dataset.isel(generator=slice(first, first + part.count))
        first += part.count
        held = np.minimum(rows["generator_p_mw"].to_numpy(), least(part, rows))
        total += _by_area(system, part, np.maximum(held, 0.0))
    return total


def _plant_minimum_mw(part: ComponentData, rows: xr.Dataset) -> Array:
    """Least output of plants without commitment, (element, time) [MW]."""
    assert isinstance(part, GeneratorData)
    is_plant = np.array([table in _PLANTS for table, _ in part.rows])
    least: Array = part.min_mw * is_plant[:, None]
    return least


def _cluster_minimum_mw(part: ComponentData, rows: xr.Dataset) -> Array:
    """Least output of the units that run, with the heat that they give, (element, time) [MW]."""
    assert isinstance(part, ThermalData)
    on, heat = rows["generator_on_units"].to_numpy(), rows["generator_heat_mw"].to_numpy()
    without_heat = np.maximum(on - part.heat_units, 0.0)
    least: Array = part.min_mw[:, None] * on + part.heat_floor_mw - part.depth_mw[:, None] * without_heat
    plants = part.heat
    of = plants.cluster
    line = plants.c_m[:, None] * heat[of] + plants.offset_mw[:, None] * on[of]
    least[of] = np.maximum(least[of] - plants.c_v[:, None] * heat[of], line)
    return least


def _export_mw(system: System, dataset: xr.Dataset, node_price: Array) -> Array:
    """What ties could send if they were twice as large, and import that is contracted, (area, time) [MW].

    Only of ties that would send more if they might: a MWh earns more than it is worth at their bus.
    """
    part = system.part("tie")
    if not isinstance(part, TieData):
        return np.zeros((system.balance_areas().shape[0], len(system.time)))
    hard = system.case.net.tie.loc[[row for _, row in part.rows], "max_p_mw"].to_numpy(float)
    size = np.maximum(np.where(np.isfinite(hard), hard, part.max_mw.max(axis=1)), 0.0)
    more = size[:, None] + np.maximum(-dataset["tie_export_mw"].to_numpy(), 0.0)
    pays = node_price[_nodes_of(part)] < part.export_value_cny_per_mwh[:, None] - _SAME_CNY_PER_MWH
    return _by_area(system, part, np.where(pays, more, 0.0))


def _charging_mw(system: System) -> Array:
    """What stores could take if there were one more of each, (area, time) [MW]."""
    part = system.part("storage")
    if not isinstance(part, StorageData):
        return np.zeros((system.balance_areas().shape[0], len(system.time)))
    most = np.repeat(part.charge_mw[:, None], len(system.time), axis=1)
    most[[store for connection in part.connections for store in connection.own_only]] = 0.0
    return _by_area(system, part, most)
