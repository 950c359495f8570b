"""Cases without a solution are explained: what would have to give way, which groups conflict, which hours."""

import copy
import dataclasses

import pandapower.networks
import pytest

import gridopt
from gridopt.errors import InfeasibleError


def _why(case):
    with pytest.raises(InfeasibleError) as caught:
        gridopt.solve(case)
    return caught.value.lines


@pytest.mark.parametrize("quadratic", [True, False])
def test_demand_above_all_capacity_names_the_balance_and_the_generators(quadratic):
    net = pandapower.networks.case39()
    net.load["p_mw"] *= 3
    if not quadratic:
        net.poly_cost["cp2_eur_per_mw2"] = 0.0
    lines = _why(gridopt.Case.from_pandapower(net))
    assert "no schedule meets all limits" in lines[0]
    assert lines[1].startswith("balance of supply and demand (bus ")
    assert "power is short by up to 11,396 MW" in lines[1]  # 3 x 6,254 MW less 7,367 MW of plants
    against = lines[lines.index("these can't be kept together:") + 1 :]
    assert [line.split(" (")[0].split(",")[0] for line in against] == ["balance of supply and demand", "output"]


def test_lines_that_are_too_weak_are_named():
    net = pandapower.networks.case9()
    net.line["max_loading_percent"] = 20.0
    lines = _why(gridopt.Case.from_pandapower(net))
    assert any(line.startswith("flow limit (line ") and "exceeded by up to" in line for line in lines)


def test_the_hour_that_is_named_is_one_that_lacks_power(tiny):
    lacking = gridopt.solve(tiny.override({"demand.scale": 1.4})).dataset["unserved_mw"].sum("bus").to_series()
    lines = _why(tiny.override({"prices.value_of_lost_load_cny_per_mwh": None, "demand.scale": 1.4}))
    balance = next(line for line in lines if line.startswith("balance"))
    hours = [f"{hour:%Y-%m-%d %H:%M}" for hour in lacking.index[lacking > 1e-3]]
    assert any(hour in balance for hour in hours)
    assert len(hours) < len(lacking)


def test_an_interface_that_must_carry_more_than_it_can_is_named(tiny):
    net = copy.deepcopy(tiny.net)
    net["interface"] = net.interface.assign(min_mw=5_000.0, max_mw=6_000.0)
    lines = _why(dataclasses.replace(tiny, net=net))
    assert lines[1].startswith(f"flow limit (interface {net.interface['name'].iloc[0]}): exceeded by up to")
