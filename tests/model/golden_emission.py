"""The instance of the CO2 cap whose linear program is compared."""

from __future__ import annotations

from collections.abc import Callable

from gridopt.case import Case
from tests.model.golden_heat import heat_source, heat_zone
from tests.model.systems import case_of, grid, load, profiles, wind


def emission() -> Case:
    """A cap of 30 t over three hours, in step with 90, 60 and 30 MW of net load; two boilers burn fuel."""
    net = grid()
    load(net, 0, 100.0)
    wind(net, 0, 100.0, "wind")
    heat_zone(net, 100.0)
    heat_source(net, "boiler", 80.0, 100.0, co2_t_per_mwh=0.4, name="coal boiler")
    heat_source(net, "boiler", 90.0, 300.0, co2_t_per_mwh=0.2, name="gas boiler")
    series = profiles(3, wind=("availability", [0.1, 0.4, 0.7]), heat=("heat", [1.0, 0.8, 0.6]))
    policy = {"chp_mode": "heat_zone", "dr_share_of_peak": 0.0, "co2_cap_t": 30.0 * 8760 / 3}
    return case_of(net, series, policy=policy)


CASES: dict[str, Callable[[], Case]] = {"emission": emission}
