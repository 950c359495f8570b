"""What the process that is forked in quick runs has imported, and the compiled functions that it has loaded."""

import warnings
from importlib import import_module

import pandapower as pp
import pandapower.networks

from benchmarks.benchmark import all_benchmarks

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    for benchmark in all_benchmarks():
        for contender in benchmark.contenders:
            for module in contender.imports:
                import_module(module)
    net = pandapower.networks.case118()
    pp.rundcpp(net)
    pp.runpp(net)
    pp.runpp(net, recycle={"bus_pq": True, "gen": True, "trafo": False}, init="results")
