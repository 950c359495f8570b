"""The instance of the cap on curtailment whose linear program is compared."""

from __future__ import annotations

from collections.abc import Callable

import pandapower as pp

from gridopt.case import Case
from tests.model.systems import case_of, grid, load, profiles, wind


def renewable_cap() -> Case:
    """Wind and solar count for the cap of a tenth, biomass that follows a profile does not; costs and CO2 of it."""
    net = grid()
    load(net, 0, 60.0)
    wind(net, 0, 50.0, "wind")
    wind(net, 0, 40.0, "sun", technology="solar", curtailment_cost_cny_per_mwh=25.0)
    plant = wind(net, 0, 10.0, "plant", technology="biomass", co2_t_per_mwh=0.1)
    pp.create_poly_cost(net, plant, "sgen", cp0_eur=30.0, cp1_eur_per_mw=200.0)
    availability = {"wind": [0.2, 0.5, 1.0], "sun": [0.0, 0.25, 0.5], "plant": [0.5, 0.5, 0.5]}
    series = profiles(3, **{name: ("availability", values) for name, values in availability.items()})
    policy = {"dr_share_of_peak": 0.0, "max_curtailment_rate": 0.1}
    return case_of(net, series, policy=policy, prices={"co2_cny_per_t": 50.0})


CASES: dict[str, Callable[[], Case]] = {"renewable_cap": renewable_cap}
