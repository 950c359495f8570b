"""Sudden outages drawn at random: every unit runs and fails in turn, both times exponential.

A unit that is out for the share q of the time and takes r hours to repair on average runs r (1 - q) / q hours between
failures (Billinton and Allan, Reliability Evaluation of Power Systems, chapter 2).  The first hour finds it out with
chance q.  Times are rounded to whole steps, which keeps their mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from gridopt.errors import Fault, InputError
from gridopt.levers.lever import with_tables

if TYPE_CHECKING:
    from gridopt.case import Case


class Failure(NamedTuple):
    """Share of time out [pu] and mean time to repair [h] of the units of a technology."""

    rate: float
    repair_h: float


@dataclass(frozen=True)
class Cluster:
    """Row of ``gen``, its number of units, and how they fail."""

    index: int
    units: int
    failure: Failure


def draw(
    clusters: list[Cluster], begin: pd.Timestamp, hours: float, step_h: float, seed: tuple[int, int]
) -> pd.DataFrame:
    """Rows of the table ``outage``, kind forced, for some hours from ``begin`` on.

    Every cluster has a stream of its own, so that a change of one leaves the draws of the others.
    """
    rows = []
    for cluster in clusters:
        random = np.random.default_rng([*seed, cluster.index])
        for _ in range(cluster.units):
            for first, last in _unit(random, cluster.failure, hours):
                start, end = round(first / step_h) * step_h, round(last / step_h) * step_h
                if end > start:
                    moment = f"{begin + pd.Timedelta(hours=start):%Y-%m-%d %H:%M}"
                    rows.append(("gen", cluster.index, "forced", moment, end - start, 1.0))
    return pd.DataFrame(rows, columns=["element", "index", "kind", "start", "hours", "units"])


def _unit(random: np.random.Generator, failure: Failure, hours: float) -> list[tuple[float, float]]:
    """Begin and end of the outages of one unit [h from the start]."""
    up_h = failure.repair_h * (1 - failure.rate) / failure.rate
    outages = []
    clock = 0.0 if random.random() < failure.rate else float(random.exponential(up_h))
    while clock < hours:
        end = clock + float(random.exponential(failure.repair_h))
        outages.append((clock, min(end, hours)))
        clock = end + float(random.exponential(up_h))
    return outages


def clusters_of(case: Case, failures: Mapping[str, Failure]) -> list[Cluster]:
    """The committable clusters whose technology has a rate.

    Raises
    ------
    InputError
        Where a technology has no such cluster, or the case does not let units fail.
    """
    settings = case.settings
    if settings.unit_commitment == "off" or not settings.policy.forced_outages:
        message = "need unit_commitment relaxed or integer, and policy.forced_outages: true"
        raise InputError(Fault(table="design", row="outages", message=message))
    gen = case.net.gen
    gen = gen[gen["in_service"].astype(bool) & gen["committable"].astype(bool)]
    known = sorted(set(gen["technology"]))
    faults = [
        Fault(table="design", row=f"outages.{name}", message=f"no committable generator of it; there are {known}")
        for name in failures
        if name not in known
    ]
    if faults:
        raise InputError(faults)
    rows = gen[gen["technology"].isin(list(failures))]
    units = rows["n_units"].fillna(1).round().clip(lower=1).astype(int)
    return [
        Cluster(int(index), int(units[index]), Failure(*failures[technology]))
        for index, technology in rows["technology"].items()
    ]


def with_drawn_outages(case: Case, failures: Mapping[str, Failure], seed: tuple[int, int]) -> Case:
    """The case with the sudden outages of the clusters replaced by drawn ones; all others stay.

    They are drawn for all hours of the profiles, so that a week sees the part of the same year that lies in it.
    """
    clusters = clusters_of(case, failures)
    profiles = case.source.profiles if case.source.profiles is not None else case.profiles
    time, step_h = profiles.indexes["time"], case.settings.step_h
    begin = time[0] - pd.Timedelta(hours=step_h)
    hours = (time[-1] - begin) / pd.Timedelta(hours=1)
    drawn = draw(clusters, begin, hours, step_h, seed)
    net = case.source.net
    if net is None:
        raise ValueError("a case holds the net it was made from")
    table = net["outage"]
    ours = (table["kind"] == "forced") & table["index"].isin([cluster.index for cluster in clusters])
    kept = table[~ours]
    if len(drawn):
        columns = {name: kind for name, kind in kept.dtypes.items() if name in drawn}
        kept = pd.concat([kept, drawn.astype(columns)], ignore_index=True)
    values = dict(case.source.values)
    # A net with rows of its own is no longer the shipped one of that name; the profiles still are.
    values["profiles"] = values.get("profiles") or values.get("network")
    values["network"] = None
    source = replace(case.source, values=values, net=with_tables(net, outage=kept), net_key=None)
    return replace(case, source=source)
