"""Cases that several test modules look at, each solved once in a test run."""

from __future__ import annotations

from functools import cache

import pandapower.networks
import xarray as xr

import gridopt
from gridopt.case import Case
from gridopt.results.result import Result
from tests.model.systems import (
    add_row,
    case_of,
    generator,
    grid,
    line,
    load,
    profiles,
    put,
    response,
    storage,
    thermal,
    tie,
    wind,
)


@cache
def tiny() -> Result:
    """The shipped case of five buses; every component once."""
    return gridopt.solve(gridopt.load_case("tiny"))


@cache
def case9() -> Result:
    """An ordinary net of pandapower: no storage, no tie, no response, no weather."""
    return gridopt.solve(Case.from_pandapower(pandapower.networks.case9(), network_level="dc"))


@cache
def mixed() -> Result:
    """Committed and plain generators in turn, quarter hours, a carbon price, and a load that is not served.

    The demand of hour 1 is met by A to D; in hour 2 it is more than there is.
    """
    net = grid(2, [(0, 1, 10.0, 500.0)])
    thermal(net, 0, 2, 10.0, 40.0, 100.0, name="A", co2_t_per_mwh=1.0, start_cost_cny=500.0, initial_on_units=0)
    generator(net, 0, 30.0, 80.0, name="B", technology="biomass")
    thermal(net, 1, 1, 5.0, 20.0, 120.0, name="C", co2_t_per_mwh=0.5, cp0_eur=60.0, technology="gas")
    generator(net, 1, 25.0, 300.0, name="D", co2_t_per_mwh=0.8, coal_tce_per_mwh=0.3, technology="coal")
    wind(net, 1, 10.0, "wind", name="W")
    wind(net, 0, 4.0, "wind", name="chips", technology="biomass")
    load(net, 1, 100.0, "load", name="town", kind="industrial")
    response(net, 5.0, 2000.0, target="industrial")
    tie(net, 0, 0.0, band_mw=3.0, price_cny_per_mwh=20.0)
    storage(net, 0, charge_mw=4.0, energy_mwh=2.0, start_pu=0.5, efficiency=0.9, throughput_cost_cny_per_mwh=7.0)
    put(net, "bus", 0, {"city": "Baicheng"})
    quarters = profiles(8, 0.25, load=("demand", [1.0] * 4 + [1.9] * 4), wind=("availability", [0.2, 0.9] * 4))
    prices = {"co2_cny_per_t": 50.0, "value_of_lost_load_cny_per_mwh": 9000.0}
    return gridopt.solve(case_of(net, quarters, prices=prices, name="mixed"))


@cache
def congested(
    extra_mw: tuple[int, int, float] | None = None, *, max_mw: float = 50.0, min_mw: float | None = None
) -> Result:
    """Three buses in a ring, two hours; the line 0-1 binds, or a small enough limit of the interface out of bus 0.

    `extra_mw` is (bus, hour, MW) of additional demand.  With `min_mw` the interface counts the other way round.
    """
    net = grid(3)
    for start, end, limit in ((0, 1, 40.0), (1, 2, 500.0), (0, 2, 500.0)):
        line(net, start, end, 10.0, limit)
    for bus, price in ((0, 100.0), (1, 400.0), (2, 250.0)):
        generator(net, bus, 300.0, price)
    load(net, 1, 150.0, "load")
    load(net, 2, 90.0, "load")
    sign = 1 if min_mw is None else -1
    limits = {"max_mw": max_mw} if min_mw is None else {"min_mw": min_mw}
    add_row(net, "interface", {"name": "out", **limits})
    for row in (0, 2):
        add_row(net, "interface_branch", {"interface": "out", "element": "line", "index": row, "sign": sign})
    series = {"load": ("demand", [0.7, 1.2])}
    if extra_mw is not None:
        bus, hour, mw = extra_mw
        series["extra"] = ("demand", [float(hour == 0), float(hour == 1)])
        load(net, bus, mw, "extra")
    return gridopt.solve(case_of(net, profiles(2, **series), unit_commitment="off"))


def without(dataset: xr.Dataset, *attributes: str) -> xr.Dataset:
    """A copy without some attributes."""
    copy = dataset.copy()
    copy.attrs = {key: value for key, value in dataset.attrs.items() if key not in attributes}
    return copy
