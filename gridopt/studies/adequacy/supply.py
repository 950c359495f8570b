"""What meets the load, as arrays: units that run and fail, and what holds only so much energy or so many hours."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True)
class Units:
    """Units that fail one by one, (unit,) or (unit, time).

    Parameters
    ----------
    stream
        Number of the stream of random numbers of each unit's plant; units of one plant stand together.
    rate
        Share of the time out [pu].
    repair_h
        Mean time to repair [h].
    capacity_mw
        (unit, time) what is lost when it fails [MW]; zero while it is overhauled, and for units of stores.
    store
        Position of the limited resource that it is a part of, -1 for none.
    part
        Part of the power of that resource [pu].
    """

    stream: Index
    rate: Array
    repair_h: Array
    capacity_mw: Array
    store: Index
    part: Array

    @classmethod
    def joined(cls, parts: list[Self], steps: int) -> Self:
        """All units one after the other."""
        none, whole = np.zeros(0), np.zeros(0, dtype=np.int64)
        all_parts = [cls(whole, none, none, np.zeros((0, steps)), whole, none), *parts]
        return cls(*(np.concatenate([getattr(part, each.name) for part in all_parts]) for each in fields(cls)))


@dataclass(frozen=True)
class Limited:
    """Stores, reservoirs and programs of demand response, (resource,) or (resource, time).

    Parameters
    ----------
    names
        Of the resources.
    power_mw
        (resource, time) most power with all units [MW].
    charge_mw
        Most power that it takes from surplus [MW]; zero where it can't.
    inflow_mw
        (resource, time) water that flows in, as power [MW].
    energy_mwh, start_mwh
        Most energy that it holds, and what it holds before the first step [MWh]; infinite where nothing limits it.
    eta_in, eta_out
        Efficiencies of taking and giving [pu].
    year_h, calls, event_h, day_h, rest_h
        Most hours over all steps, calls, hours of a call and of a day; least hours between calls.  Infinite, and
        zero for the rest, where there is no limit.
    """

    names: tuple[str, ...]
    power_mw: Array
    charge_mw: Array
    inflow_mw: Array
    energy_mwh: Array
    start_mwh: Array
    eta_in: Array
    eta_out: Array
    year_h: Array
    calls: Array
    event_h: Array
    day_h: Array
    rest_h: Array

    @classmethod
    def store(
        cls,
        names: tuple[str, ...],
        power_mw: Array,
        *,
        energy_mwh: Array,
        start_mwh: Array,
        charge_mw: Array | None = None,
        inflow_mw: Array | None = None,
        eta_in: Array | None = None,
        eta_out: Array | None = None,
    ) -> Self:
        """Resources that only their energy limits."""
        n = len(names)
        free, one = np.full(n, np.inf), np.ones(n)
        return cls(
            names=names,
            power_mw=power_mw,
            charge_mw=np.zeros(n) if charge_mw is None else charge_mw,
            inflow_mw=np.zeros_like(power_mw) if inflow_mw is None else inflow_mw,
            energy_mwh=energy_mwh,
            start_mwh=start_mwh,
            eta_in=one if eta_in is None else eta_in,
            eta_out=one if eta_out is None else eta_out,
            year_h=free,
            calls=free,
            event_h=free,
            day_h=free,
            rest_h=np.zeros(n),
        )

    @classmethod
    def joined(cls, parts: list[Self], steps: int) -> Self:
        """All resources one after the other."""
        empty = cls.store((), np.zeros((0, steps)), energy_mwh=np.zeros(0), start_mwh=np.zeros(0))
        all_parts = [empty, *parts]
        names = tuple(name for part in all_parts for name in part.names)
        values = {
            each.name: np.concatenate([getattr(part, each.name) for part in all_parts])
            for each in fields(cls)
            if each.name != "names"
        }
        return cls(names=names, **values)


@dataclass(frozen=True)
class Supply:
    """A system in the weather of a year.

    Parameters
    ----------
    margin_mw
        (time,) what all units and the weather can give, less the load [MW]; without limited resources.
    units, limited
        What fails, and what holds only so much.
    day
        (time,) number of the calendar day.
    step_h
        Length of a step [h].
    """

    margin_mw: Array
    units: Units
    limited: Limited
    day: Index
    step_h: float
