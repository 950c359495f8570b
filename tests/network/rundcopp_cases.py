"""Nets for the oracle ``pandapower.rundcopp``: standard cases, and small ones with one element or cost of interest.

Costs are those of pandapower 3.5.6. All converge; ``case4gs``, ``case89pegase``, ``case145`` and ``case1354pegase`` of
``pandapower.networks`` do not, because no dispatch meets their limits.
"""

import contextlib
import copy
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import pandapower as pp
import pandapower.networks as pn

from .purpose_nets import add_line, meshed, two_levels


@dataclass(frozen=True)
class RundcoppCase:
    """A net and what is in it."""

    build: Callable
    cost: float | None = None  # of the standard cases, as a second check on the oracle itself
    quadratic: bool = False
    congested: bool = False

    @property
    def tolerance(self):
        return 1e-5 if self.quadratic else 1e-6


def standard(name):
    def build():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pandapower's own test cases have older columns
            return getattr(pn, name)()

    return build


def reference_cost(net):
    """Cost of ``rundcopp`` on a copy of the net; raises ``pandapower.OPFNotConverged`` where there is no solution."""
    net = copy.deepcopy(net)
    with warnings.catch_warnings(), contextlib.redirect_stdout(None):
        warnings.simplefilter("ignore")
        pp.rundcopp(net)
    return float(net.res_cost)


def with_linear_costs(sn_mva=100.0):
    net = meshed(sn_mva)
    net.ext_grid["min_p_mw"], net.ext_grid["max_p_mw"] = 0.0, 500.0
    pp.create_poly_cost(net, 0, "ext_grid", cp1_eur_per_mw=50.0, cp0_eur=7.0)
    pp.create_poly_cost(net, 0, "gen", cp1_eur_per_mw=30.0, cp0_eur=11.0)
    return net


def congested():
    net = with_linear_costs()
    net.line["max_loading_percent"] = 100.0
    net.line.loc[1, "max_i_ka"] = 0.1
    return net


def parallel_congested():
    net = with_linear_costs()
    net.line["max_loading_percent"] = [80.0, float("nan"), 100.0, 100.0, 100.0]
    net.line.loc[0, ["max_i_ka", "parallel", "df"]] = [0.04, 2, 0.9]
    return net


def limited_impedance():
    """An impedance carries no more than its ``sn_mva``."""
    net = with_linear_costs()
    pp.create_impedance(net, 7, 20, rft_pu=0.0, xft_pu=0.02, sn_mva=40.0)
    net.load["p_mw"] *= 1.2
    return net


def piecewise():
    net = meshed()
    net.ext_grid["min_p_mw"], net.ext_grid["max_p_mw"] = -50.0, 500.0
    pp.create_pwl_cost(net, 0, "ext_grid", [[-50, 0, 10.0], [0, 60, 35.0], [60, 500, 90.0]])
    pp.create_pwl_cost(net, 0, "gen", [[0, 100, 20.0], [100, 300, 55.0]])
    return net


def piecewise_with_linear():
    """pandapower drops cp0_eur as soon as the net has a pwl_cost."""
    net = meshed()
    net.ext_grid["min_p_mw"], net.ext_grid["max_p_mw"] = 0.0, 500.0
    pp.create_poly_cost(net, 0, "ext_grid", cp1_eur_per_mw=50.0, cp0_eur=7.0)
    pp.create_pwl_cost(net, 0, "gen", [[0, 100, 20.0], [100, 300, 55.0]])
    return net


def without_costs():
    net = meshed()
    net.ext_grid["min_p_mw"], net.ext_grid["max_p_mw"] = 0.0, 500.0
    return net


def quadratic():
    net = with_linear_costs()
    net.poly_cost["cp2_eur_per_mw2"] = [0.05, 0.11]
    return net


def controllable_elements():
    net = with_linear_costs()
    pp.create_sgen(net, 11, p_mw=10.0, controllable=True, min_p_mw=0.0, max_p_mw=40.0, scaling=0.5)
    pp.create_poly_cost(net, 0, "sgen", cp1_eur_per_mw=5.0)
    pp.create_load(net, 20, p_mw=60.0, controllable=True, min_p_mw=10.0, max_p_mw=80.0)
    pp.create_poly_cost(net, 3, "load", cp1_eur_per_mw=-45.0, cp0_eur=3.0)
    pp.create_storage(net, 7, p_mw=0.0, max_e_mwh=99.0, controllable=True, min_p_mw=-15.0, max_p_mw=20.0)
    pp.create_poly_cost(net, 0, "storage", cp1_eur_per_mw=-10.0)
    return net


def missing_limits():
    net = controllable_elements()
    net.sgen.loc[0, "min_p_mw"] = float("nan")
    net.ext_grid.loc[0, "max_p_mw"] = float("nan")
    return net


def fixed_elements():
    """Fixed gen, clipped sgen, storage, motor, wards and shunts."""
    net = with_linear_costs()
    pp.create_gen(net, 20, p_mw=33.0, min_p_mw=0.0, max_p_mw=20.0, controllable=False, scaling=0.5)
    pp.create_poly_cost(net, 1, "gen", cp1_eur_per_mw=12.0)
    pp.create_sgen(net, 11, p_mw=30.0, controllable=False, min_p_mw=0.0, max_p_mw=20.0, scaling=0.9)
    pp.create_storage(net, 20, p_mw=12.0, max_e_mwh=50.0, scaling=0.5)
    pp.create_motor(net, 7, pn_mech_mw=6.0, cos_phi=0.9, efficiency_percent=95.0, loading_percent=80.0)
    pp.create_ward(net, 7, ps_mw=8.0, qs_mvar=1.0, pz_mw=3.0, qz_mvar=0.5)
    pp.create_xward(net, 20, ps_mw=6.0, qs_mvar=0.0, pz_mw=2.0, qz_mvar=0.0, r_ohm=1.0, x_ohm=9.0, vm_pu=1.0)
    pp.create_shunt(net, 11, q_mvar=-20.0, p_mw=1.5, step=2, max_step=3)
    return net


def piecewise_load():
    net = with_linear_costs()
    net.poly_cost["cp0_eur"] = 0.0
    pp.create_load(net, 20, p_mw=60.0, controllable=True, min_p_mw=0.0, max_p_mw=80.0)
    pp.create_pwl_cost(net, 3, "load", [[-80, -30, -40.0], [-30, 0, -70.0]])
    return net


def dc_line():
    net = with_linear_costs(sn_mva=1.0)  # with any other base pandapower's OPF multiplies loss_mw by it
    dear = pp.create_bus(net, 220.0, index=80)
    add_line(net, 20, dear, 30.0)
    pp.create_load(net, dear, p_mw=90.0)
    net.line["max_loading_percent"] = 100.0
    net.line.loc[net.line.index[-1], "max_i_ka"] = 0.1
    pp.create_dcline(
        net, 3, dear, p_mw=10.0, loss_percent=2.0, loss_mw=1.0, vm_from_pu=1.0, vm_to_pu=1.0, max_p_mw=70.0
    )
    _give_dcline_reactive_limits(net)
    pp.create_poly_cost(net, 0, "dcline", cp1_eur_per_mw=1.5)
    return net


def dc_line_at_its_limit():
    net = dc_line()
    net.dcline["max_p_mw"] = 65.0
    net.dcline["loss_mw"] = 0.0
    net.line.loc[net.line.index[-1], "max_i_ka"] = 0.12
    return net


def reversed_dc_line():
    """With ``p_mw`` of zero a DC line only carries power from its to bus to its from bus."""
    net = with_linear_costs()
    pp.create_dcline(net, 20, 3, p_mw=0.0, loss_percent=0.0, loss_mw=0.0, vm_from_pu=1.0, vm_to_pu=1.0, max_p_mw=70.0)
    _give_dcline_reactive_limits(net)
    net.line["max_loading_percent"] = 100.0
    net.line.loc[3, "max_i_ka"] = 0.05
    net.line.loc[2, "max_i_ka"] = 0.1
    return net


def _give_dcline_reactive_limits(net):
    for column in ("min_q_from_mvar", "min_q_to_mvar"):
        net.dcline[column] = -50.0
    for column in ("max_q_from_mvar", "max_q_to_mvar"):
        net.dcline[column] = 50.0


def shifted_transformers():
    net = two_levels()
    net.ext_grid["min_p_mw"], net.ext_grid["max_p_mw"] = 0.0, 500.0
    net.trafo["shift_degree"] = [3.0, -2.0]
    net.trafo["max_loading_percent"] = [60.0, 30.0]
    pp.create_poly_cost(net, 0, "ext_grid", cp1_eur_per_mw=20.0)
    pp.create_poly_cost(net, 0, "gen", cp1_eur_per_mw=30.0)
    return net


def two_slacks():
    """All but the first slack of an island are plain generators in an optimal power flow."""
    net = with_linear_costs()
    pp.create_ext_grid(net, 20, min_p_mw=0.0, max_p_mw=90.0)
    pp.create_poly_cost(net, 1, "ext_grid", cp1_eur_per_mw=25.0)
    return net


RUNDCOPP_CASES = {
    "case5": RundcoppCase(standard("case5"), 17479.8969, congested=True),
    "case9": RundcoppCase(standard("case9"), 5216.0266, quadratic=True),
    "case14": RundcoppCase(standard("case14"), 7642.5937, quadratic=True),
    "case30": RundcoppCase(standard("case30"), 565.2060, quadratic=True),
    "case39": RundcoppCase(standard("case39"), 41263.9408, quadratic=True),
    "case57": RundcoppCase(standard("case57"), 41006.7353, quadratic=True),
    "case118": RundcoppCase(standard("case118"), 125947.8727, quadratic=True),
    "case300": RundcoppCase(standard("case300"), 706292.3038, quadratic=True),
    "linear": RundcoppCase(with_linear_costs),
    "congested": RundcoppCase(congested, congested=True),
    "parallel_congested": RundcoppCase(parallel_congested, congested=True),
    "limited_impedance": RundcoppCase(limited_impedance, congested=True),
    "piecewise": RundcoppCase(piecewise),
    "piecewise_with_linear": RundcoppCase(piecewise_with_linear),
    "without_costs": RundcoppCase(without_costs),
    "quadratic": RundcoppCase(quadratic, quadratic=True),
    "controllable_elements": RundcoppCase(controllable_elements),
    "missing_limits": RundcoppCase(missing_limits),
    "fixed_elements": RundcoppCase(fixed_elements),
    "piecewise_load": RundcoppCase(piecewise_load),
    "dc_line": RundcoppCase(dc_line, congested=True),
    "dc_line_at_its_limit": RundcoppCase(dc_line_at_its_limit, congested=True),
    "reversed_dc_line": RundcoppCase(reversed_dc_line, congested=True),
    "shifted_transformers": RundcoppCase(shifted_transformers, congested=True),
    "two_slacks": RundcoppCase(two_slacks),
}
