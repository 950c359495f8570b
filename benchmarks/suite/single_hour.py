"""Hours without memory: one run of gridopt against pandapower's ``rundcopp`` hour by hour."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pandapower import pandapowerNet

from benchmarks.benchmark import Benchmark, Contender, Outcome, Target
from benchmarks.cases.standard_nets import standard_net
from benchmarks.peers import dispatch
from benchmarks.watch import Watch

Array = NDArray[np.float64]


# Factors of the demand with which an hour is tried again, with looser tolerances: pandapower's interior point method
# does not converge in about one hour of a hundred, and in some of these only with a demand that differs by a little.
_AGAIN = (1.0, 1.0001, 0.9999, 1.001, 0.999, 1.003, 0.997, 1.01, 0.99)
_LOOSER = {"delta": 1e-6, "PDIPM_GRADTOL": 1e-4, "PDIPM_COMPTOL": 1e-4}


@dataclass(frozen=True)
class Hours:
    """A net and the profiles of hours that have nothing to do with each other."""

    net: pandapowerNet
    profiles: xr.Dataset

    @property
    def sha256(self) -> str:
        """Hash of net and profiles."""
        from gridopt.fingerprint import fingerprint

        return fingerprint({}, self.net, self.profiles)


def prepare(network: str, hours: int) -> Hours:
    """A standard network without stores, with limits that every hour can keep."""
    net, profiles = standard_net(network, hours, margin=2.0)
    net.storage = net.storage.iloc[:0]
    net.gen["min_p_mw"] = 0.0
    net.ext_grid["max_p_mw"] = 1.0  # pandapower's interior point method needs an interior
    return Hours(net, profiles)


def gridopt(given: Hours, _watch: Watch) -> Outcome:
    """All hours as a plain case."""
    from gridopt import Case, solve

    horizon = {"window_h": 168, "look_ahead_h": 0, "guide": "off", "certificate": False}
    case = Case.from_pandapower(given.net, given.profiles, horizon=horizon)
    return Outcome(dispatch.number(solve(case).summary["objective_cny"]))


def rundcopp(given: Hours, watch: Watch) -> Outcome:
    """The net with the loads and limits of an hour, again and again."""
    net, cost, again = given.net, 0.0, 0
    load, offered = net.load["p_mw"].to_numpy(float), net.sgen["max_p_mw"].to_numpy(float)
    demand = np.array([given.profiles[name].to_numpy() for name in net.load["profile"]])
    available = np.array([given.profiles[name].to_numpy() for name in net.sgen["profile"]])
    for hour in range(demand.shape[1]):
        net.sgen["max_p_mw"] = offered * available[:, hour]
        with watch.solving(), contextlib.redirect_stdout(None):
            again += _solve(net, load * demand[:, hour])
        cost += float(net.res_cost)
    return Outcome(cost, {"hours_tried_again": again})


def _solve(net: pandapowerNet, load_mw: Array) -> bool:
    """Solve an hour, and say whether more than one try was needed."""
    import pandapower as pp

    tries: list[tuple[float, dict[str, float]]] = [(1.0, {}), *((factor, _LOOSER) for factor in _AGAIN)]
    for number, (factor, tolerances) in enumerate(tries):
        net.load["p_mw"] = load_mw * factor
        with contextlib.suppress(pp.OPFNotConverged):
            pp.rundcopp(net, check_connectivity=False, suppress_warnings=True, **tolerances)
            return number > 0
    raise RuntimeError("pandapower solves an hour with no demand near its own")


BENCHMARK = Benchmark(
    name="single_hour",
    title="single hours without storage",
    prepare=prepare,
    points={
        "s": ({"network": "case118", "hours": 24},),
        "m": ({"network": "case118", "hours": 720},),
        "l": ({"network": "case118", "hours": 8760},),
    },
    contenders=(
        Contender("gridopt", "windows of 168 h, plain net", gridopt, dispatch.IMPORTS),
        Contender("rundcopp", "pandapower, hour by hour, PIPS, without connectivity check", rundcopp, ("pandapower",)),
    ),
    tolerance=1e-4,
    tolerance_why="the interior point method of pandapower stops at 1e-6 per unit of its own",
    targets=(Target("rundcopp", wall_times=50),),
)
