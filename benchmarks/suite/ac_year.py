"""AC power flow of every hour: gridopt's check against pandapower hour by hour.

The dispatch is given.  What has to be taken off the demand for losses, so that the reference gives nothing, is found
in rounds, by gridopt as by ``runpp``; two more contenders get it from gridopt and solve each hour once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandapower as pp
import pandapower.networks
import pandas as pd
from numpy.typing import NDArray

from benchmarks.benchmark import Benchmark, Contender, Outcome, Target
from benchmarks.cases.synthetic import as_profiles, system_demand_mw
from benchmarks.watch import Watch
from gridopt.network.ac_rule import ElementPower, ac_hours, at_bus
from gridopt.network.ac_year import SLACK_MW, AcYear, ac_year
from gridopt.network.columns import with_defaults

Array = NDArray[np.float64]
_ZONES = 3
MAX_ROUNDS = 10
_RECYCLE = {"bus_pq": True, "gen": True, "trafo": False}


@dataclass(frozen=True)
class Dispatch:
    """A net with the power of its rows in every hour: loads and generators (row, hour) [MW], [Mvar].

    ``served_mw`` is the demand less the losses that are taken off it.
    """

    net: pp.pandapowerNet
    load_mw: Array
    load_mvar: Array
    gen_mw: Array
    served_mw: Array

    @property
    def sha256(self) -> str:
        """Hash of the net and of the demand."""
        from gridopt.fingerprint import fingerprint

        return fingerprint({}, self.net, as_profiles({"load": self.load_mw.sum(axis=0)}))


def prepare(network: str, hours: int, seed: int = 0) -> Dispatch:
    """Demand by zone, generators in proportion to their schedule, and the losses as gridopt finds them."""
    net = getattr(pandapower.networks, network)()
    for column in ("min_q_mvar", "max_q_mvar"):  # machines hold their voltage whatever it takes
        net.gen[column] = np.nan
    pp.runpp(net)  # a first one compiles and fills what the next ones keep
    rng = np.random.default_rng(seed)
    zone = rng.integers(0, _ZONES, len(net.load))
    scale = np.array([system_demand_mw(np.random.default_rng([seed, k]), hours) for k in range(_ZONES)])
    scale = scale[zone] / scale.max()
    load, mvar = (net.load[column].to_numpy(float)[:, None] * scale for column in ("p_mw", "q_mvar"))
    share = net.gen["p_mw"].clip(lower=10.0).to_numpy(float)  # gridopt takes machines without power for switched off
    gen = share[:, None] / share.sum() * load.sum(axis=0)
    dispatch = Dispatch(net, load, mvar, gen, load)
    return replace(dispatch, served_mw=load * (1 - ac_result(dispatch).losses_mw / load.sum(axis=0)))


def ac_result(given: Dispatch) -> AcYear:
    """All hours by gridopt's AC check."""
    net = with_defaults(given.net)
    power = {"gen": ElementPower(net.gen.index.to_numpy(np.int64), given.gen_mw)}
    demand = at_bus(net, net.load["bus"], given.load_mw)
    injection = at_bus(net, net.gen["bus"], given.gen_mw) - demand
    return ac_year(net, ac_hours(net, power, injection, demand))


def gridopt(given: Dispatch, watch: Watch) -> Outcome:
    """Rounds of lightsim2grid over all hours."""
    with watch.solving():
        year = ac_result(given)
    facts = {"hours_converged": int(year.converged.sum()), "by_pandapower": int(year.by_pandapower.sum())}
    return Outcome(float(year.losses_mw.sum()), facts)


def runpp(given: Dispatch, watch: Watch) -> Outcome:
    """The same task with ``runpp``: what the reference gives is taken off the demand until it gives nothing."""
    net, losses, taken, runs = given.net, 0.0, 0.0, 0
    for hour in range(given.load_mw.shape[1]):
        load = given.load_mw[:, hour]
        for _ in range(MAX_ROUNDS):
            _solve(given, hour, load * (1 - taken / load.sum()), watch)
            runs, slack = runs + 1, float(net.res_ext_grid["p_mw"].sum())
            if abs(slack) < SLACK_MW:
                break
            taken += slack  # the next hour begins with the losses of this one
        losses += _losses_mw(net)
    return Outcome(losses, {"power_flows": runs})


def runpp_given(given: Dispatch, watch: Watch) -> Outcome:
    """``runpp`` once for every hour, the losses known."""
    losses = 0.0
    for hour in range(given.load_mw.shape[1]):
        _solve(given, hour, given.served_mw[:, hour], watch)
        losses += _losses_mw(given.net)
    return Outcome(losses)


def _solve(given: Dispatch, hour: int, load_mw: Array, watch: Watch) -> None:
    """``runpp`` from the voltages of the run before, with the admittances kept."""
    net = given.net
    net.load["p_mw"], net.load["q_mvar"] = load_mw, given.load_mvar[:, hour]
    net.gen["p_mw"] = given.gen_mw[:, hour]
    with watch.solving():
        pp.runpp(net, recycle=_RECYCLE, init="results")


def _losses_mw(net: pp.pandapowerNet) -> float:
    return float(net.res_line["pl_mw"].sum() + net.res_trafo["pl_mw"].sum())


def timeseries(given: Dispatch, watch: Watch) -> Outcome:
    """``run_timeseries`` with controllers that only read numbers and voltages as output: nothing else is quicker."""
    from pandapower.control import ConstControl
    from pandapower.timeseries import DFData, OutputWriter, run_timeseries

    net, hours = given.net, range(given.load_mw.shape[1])
    admittance = net["_ppc"]["internal"]["Ybus"]
    series = {("load", "p_mw"): given.served_mw, ("load", "q_mvar"): given.load_mvar, ("gen", "p_mw"): given.gen_mw}
    for (table, column), values in series.items():
        index = net[table].index
        source = DFData(pd.DataFrame(values.T, columns=index))
        ConstControl(net, table, column, element_index=index, profile_name=index, data_source=source)
    writer = OutputWriter(net, hours, output_path=None, log_variables=[("res_bus", "vm_pu")])
    with watch.solving():
        run_timeseries(net, hours, verbose=False)
    size, angle = (np.asarray(writer.output[f"ppc_bus.{name}"]).T for name in ("vm", "va"))
    voltage = size * np.exp(1j * np.deg2rad(angle))
    drawn = voltage.conj() * (admittance @ voltage)
    return Outcome(float(drawn.real.sum()) * net.sn_mva)


BENCHMARK = Benchmark(
    name="ac_year",
    title="AC power flow of all hours",
    prepare=prepare,
    points={
        "s": ({"network": "case118", "hours": 24},),
        "m": ({"network": "case118", "hours": 720},),
        "l": ({"network": "case118", "hours": 8760},),
    },
    contenders=(
        Contender("gridopt", "rounds of lightsim2grid, losses taken off the demand", gridopt, ("pandapower",)),
        Contender("runpp", "the same task: recycled, from the run before, losses taken off", runpp, ("pandapower",)),
        Contender(
            "runpp once", "recycled, once an hour, gridopt's losses given: less work", runpp_given, ("pandapower",)
        ),
        Contender("run_timeseries", "gridopt's losses given, too", timeseries, ("pandapower.timeseries",)),
    ),
    tolerance=1e-3,
    tolerance_why="the reference may give 0.01 MW beyond its schedule",
    targets=(Target("runpp", wall_times=50),),
)
