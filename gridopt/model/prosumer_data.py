"""Arrays of the prosumers of a case: everything behind one meter (see ``prosumer``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridopt.model.component import Array, ComponentData, profile_rows
from gridopt.model.labels import element_labels, table_rows

if TYPE_CHECKING:
    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork


@dataclass(frozen=True)
class ProsumerData(ComponentData):
    """Arrays (element,) unless said otherwise; powers [MW], energies [MWh], prices [CNY/MWh].

    Parameters
    ----------
    kind
        What it is.
    load_mw
        (element, time) own load before anything is moved.
    movable_mw
        (element, time) how much of the load of a step may be moved away from it or to it.
    open_mwh
        (element, time) moved energy that may be outstanding at the end of a step: what the rest of its block can
        make up for, 0 where the block ends.
    generation_min_mw, generation_max_mw
        (element, time) and (element,) limits of the own thermal generation.
    pv_mw
        (element, time) photovoltaic power that the weather allows.
    store_mw, store_mwh, start_mwh, store_eta, wear_cny_per_mwh
        The own store: power, energy, level before the first step, efficiency each way [pu], wear.
    import_mw, export_mw
        Most that is drawn from and fed into the grid.
    excess_mw
        Most that can be thrown away.
    ramp_mw_per_h
        Of the net exchange; inf: no limit.
    start_p_mw
        Net exchange before the first step.
    generation_cny_per_mwh, co2_t_per_mwh
        Cost of own generation with its CO2, and its CO2 [t/MWh].
    curtailment_cny_per_mwh, excess_cny_per_mwh
        Price of photovoltaic power not used, of energy thrown away.
    may_lack, shortfall_cny_per_mwh
        Whether own load may stay unserved, and at which price.
    end_cny_per_mwh
        Price of a store that doesn't return to its start level.
    is_priced, returns
        What stores hold at the end of a window is worth something; at the end of the horizon they hold their start
        level again.
    """

    kind: tuple[str, ...]
    load_mw: Array
    movable_mw: Array
    open_mwh: Array
    generation_min_mw: Array
    generation_max_mw: Array
    pv_mw: Array
    store_mw: Array
    store_mwh: Array
    start_mwh: Array
    store_eta: Array
    wear_cny_per_mwh: Array
    import_mw: Array
    export_mw: Array
    excess_mw: Array
    ramp_mw_per_h: Array
    start_p_mw: Array
    generation_cny_per_mwh: Array
    co2_t_per_mwh: Array
    curtailment_cny_per_mwh: float
    excess_cny_per_mwh: float
    may_lack: NDArray[np.bool_]
    shortfall_cny_per_mwh: Array
    end_cny_per_mwh: Array
    is_priced: bool
    returns: bool


def read_prosumers(case: Case, network: DCNetwork) -> ProsumerData | None:
    """Arrays of all rows of ``prosumer`` in service."""
    from gridopt.network.dispatchable import in_service
    from gridopt.network.matrices import bus_injection_matrix

    table = case.net.prosumer.loc[in_service(case.net, "prosumer")]
    if table.empty:
        return None
    number = {column: table[column].to_numpy(float) for column in _NUMBERS}
    prices, step_h = case.settings.prices, case.settings.step_h
    load = number["p_mw"][:, None] * profile_rows(case, table["profile"].tolist())
    pv = number["pv_mw"][:, None] * profile_rows(case, table["pv_profile"].tolist())
    movable = number["shift_share"][:, None] * load
    ends = block_ends(case.time, number["shift_window_h"], step_h)
    most_drawn = (load + movable).max(axis=1) + number["store_mw"]
    drawn = np.minimum(np.nan_to_num(number["import_max_mw"], nan=np.inf), most_drawn)
    export, generation = number["export_max_mw"], number["generation_mw"]
    # what the site and its export can take at any time; an own plant never has to run above that
    taken = load - movable + export[:, None]
    generation_min = np.minimum(number["generation_min_mw"][:, None], taken)
    own_price, lost_load = number["shortfall_cny_per_mwh"], prices.value_of_lost_load_cny_per_mwh
    shortfall = np.where(np.isfinite(own_price), own_price, lost_load or 0.0)
    co2 = number["generation_co2_t_per_mwh"]
    sources = generation + number["pv_mw"] + number["store_mw"] + drawn
    return ProsumerData(
        labels=element_labels("prosumer", table),
        rows=table_rows("prosumer", table),
        nodes=bus_injection_matrix(network, table["bus"].to_numpy()),
        kind=tuple(table["kind"].astype(str)),
        load_mw=load,
        movable_mw=movable,
        open_mwh=left_in_block(movable * step_h, ends),
        generation_min_mw=generation_min,
        generation_max_mw=generation,
        pv_mw=pv,
        store_mw=number["store_mw"],
        store_mwh=number["store_mwh"],
        start_mwh=0.5 * number["store_mwh"],
        store_eta=number["store_eta"],
        wear_cny_per_mwh=number["store_wear_cny_per_mwh"],
        import_mw=drawn,
        export_mw=export,
        excess_mw=sources if prices.excess_cny_per_mwh is not None else np.zeros_like(sources),
        ramp_mw_per_h=table["ramp_mw_per_h"].fillna(np.inf).to_numpy(float),
        start_p_mw=np.clip(generation_min[:, 0] + pv[:, 0] - load[:, 0], -drawn, export),
        generation_cny_per_mwh=number["generation_cny_per_mwh"] + co2 * prices.co2_cny_per_t,
        co2_t_per_mwh=co2,
        curtailment_cny_per_mwh=0.0 if case.plain else case.settings.curtailment_price_cny_per_mwh,
        excess_cny_per_mwh=prices.excess_cny_per_mwh or 0.0,
        may_lack=np.isfinite(own_price) | (lost_load is not None),
        shortfall_cny_per_mwh=shortfall,
        end_cny_per_mwh=np.where(shortfall > 0, shortfall, prices.rule_cny_per_mwh),
        is_priced=case.settings.horizon.end_storage != "free",
        returns=case.settings.horizon.end_storage == "cyclic",
    )


_NUMBERS = (
    *("p_mw", "shift_share", "shift_window_h", "generation_mw", "generation_min_mw", "generation_cny_per_mwh"),
    *("generation_co2_t_per_mwh", "pv_mw", "store_mw", "store_mwh", "store_eta", "store_wear_cny_per_mwh"),
    *("import_max_mw", "export_max_mw", "shortfall_cny_per_mwh"),
)


def block_ends(time: pd.DatetimeIndex, window_h: Array, step_h: float) -> NDArray[np.int64]:
    """Number of the last step of the block that each step belongs to.

    Blocks are counted from the first of January; the horizon's end ends the last one.

    Parameters
    ----------
    time
        Ends of the steps.
    window_h
        (element,) length of the blocks [h].
    step_h
        Length of a step [h].

    Returns
    -------
    ndarray
        (element, time).

    Examples
    --------
    >>> hours = pd.date_range("2030-01-01 22:00", periods=5, freq="h")
    >>> block_ends(hours, np.array([24.0, 2.0]), 1.0)
    array([[2, 2, 2, 4, 4],
           [0, 2, 2, 4, 4]])
    """
    begins = time - pd.Timedelta(hours=step_h)
    since = np.asarray((begins - pd.Timestamp(begins[0].year, 1, 1)) / pd.Timedelta(hours=1), dtype=float)
    block = np.floor(since[None, :] / window_h[:, None] + 1e-9)
    is_last = np.ones(block.shape, dtype=bool)
    is_last[:, :-1] = block[:, 1:] != block[:, :-1]
    number = np.where(is_last, np.arange(since.size), since.size)
    ends: NDArray[np.int64] = np.minimum.accumulate(number[:, ::-1], axis=1)[:, ::-1]
    return ends


def left_in_block(amount: Array, ends: NDArray[np.int64]) -> Array:
    """Sum of an amount (element, time) over the steps after each one, up to the end of its block.

    Examples
    --------
    >>> left_in_block(np.array([[1.0, 2.0, 3.0, 4.0]]), np.array([[1, 1, 3, 3]]))
    array([[2., 0., 4., 0.]])
    """
    total = np.cumsum(amount, axis=1)
    left: Array = np.maximum(np.take_along_axis(total, ends, axis=1) - total, 0.0)
    left[np.arange(ends.shape[1]) == ends] = 0.0  # exactly, whatever the rounding of the sums
    return left
