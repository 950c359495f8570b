"""What the process that is forked in quick runs has imported, and the compiled functions that it has loaded."""

import warnings

import cvxpy  # noqa: F401
import highspy  # noqa: F401
import linopy  # noqa: F401
import pandapower as pp
import pandapower.networks
import pandapower.timeseries
import pypsa  # noqa: F401

import gridopt.horizon.rolling
import gridopt.network.ac_year
import gridopt.results.dataset
import gridopt.run
import gridopt.studies.sweep  # noqa: F401

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    net = pandapower.networks.case118()
    pp.rundcpp(net)
    pp.runpp(net)
    pp.runpp(net, recycle={"bus_pq": True, "gen": True, "trafo": False}, init="results")
