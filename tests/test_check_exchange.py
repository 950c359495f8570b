"""Rules for ties, pilot zones and reserve products find what they are for, and nothing in a sound case."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandapower as pp
import pytest

from gridopt.check.exchange import RULES
from gridopt.check.subject import Subject
from gridopt.network.columns import with_defaults
from tests.model.systems import add_row, generator, grid, load, profiles, storage, tie, wind

Spoil = Callable[[pp.pandapowerNet], object]
SERIES = profiles(
    72,
    stairs=("contract", ([0.8] * 8 + [1.2] * 16) * 3),
    busy=("contract", [0.8, 1.2] * 36),
    wind=("availability", [0.5] * 72),
)


def sound() -> pp.pandapowerNet:
    """A staircase, a channel, a tie that reverses, a park and four products."""
    net = grid(2, [(0, 1, 10.0, np.nan)])
    load(net, 0, 100.0)
    generator(net, 0, 300.0, 300.0)
    tie(net, 0, 50.0, name="stairs", profile="stairs", band_mw=10.0, steps_per_day=2.0, ramp_mw_per_h=30.0)
    tie(net, 0, 30.0, name="channel", renewable_share_min=0.5, min_p_mw=0.0, loss_pu=0.03, price_cny_per_mwh=-10.0)
    tie(net, 0, 0.0, name="both", band_mw=20.0, loss_pu=0.03, price_cny_per_mwh=300.0)
    tie(net, 0, 30.0, name="busy", profile="busy", steps_per_day=2.0)
    add_row(net, "pilot_zone", {"name": "park", "bus": 1})
    for element, index in (
        ("load", load(net, 1, 20.0)),
        ("sgen", wind(net, 1, 50.0, "wind")),
        ("storage", storage(net, 1, charge_mw=5.0, energy_mwh=10.0)),
    ):
        add_row(net, "pilot_member", {"pilot": "park", "element": element, "index": index})
    for name, columns in {
        "up": {"largest_unit": True},
        "down": {"direction": "down"},
        "inertia": {"kind": "inertia"},
        "emergency": {"kind": "emergency"},
    }.items():
        add_row(net, "reserve_product", {"name": name, "price_cny_per_mwh": 1.0, "mw": 5.0, **columns})
    return net


def put(table: str, row: int, column: str, value: object) -> Spoil:
    def spoil(net: pp.pandapowerNet) -> None:
        net[table][column] = net[table][column].astype(object) if column in net[table] else None
        net[table].loc[row, column] = value

    return spoil


def direct_current(name: str, **columns: object) -> Spoil:
    def spoil(net: pp.pandapowerNet) -> None:
        row = net["tie"].index[net["tie"]["name"] == name][0]
        for column, value in {"kind": "hvdc", **columns}.items():
            put("tie", row, column, value)(net)

    return spoil


def dc_line(net: pp.pandapowerNet, **columns: object) -> None:
    pp.create_dcline(net, 0, 1, p_mw=1.0, loss_percent=0.0, loss_mw=0.0, vm_from_pu=1.0, vm_to_pu=1.0)
    for column, value in columns.items():
        put("dcline", 0, column, value)(net)


def faults(net: pp.pandapowerNet, series: object = SERIES) -> list[str]:
    subject = Subject(with_defaults(net), series)
    return [str(fault) for rule in RULES for fault in rule(subject)]


def test_a_sound_net_has_no_faults() -> None:
    assert faults(sound()) == []
    assert faults(sound(), None) == []
    assert faults(grid(2)) == []


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (put("tie", 3, "band_mw", 5.0), "tie 'busy', column steps_per_day: is 2, but the contract changes 24 times"),
        (put("tie", 0, "steps_per_day", 0.0), "tie 'stairs', column steps_per_day: is 0, but the contract changes 2"),
        (put("tie", 1, "min_p_mw", -50.0), None),  # its contract never imports
        (put("tie", 1, "band_mw", 40.0), None),  # min_p_mw keeps it from importing
        (put("tie", 2, "renewable_share_min", 0.2), "tie 'both', column renewable_share_min: 0.2 of the export, but"),
        (put("tie", 1, "loss_pu", 1.0), "tie 'channel', column loss_pu: must be below 1"),
        (put("tie", 2, "price_cny_per_mwh", -5.0), "tie 'both', column price_cny_per_mwh: a tie that exports and"),
        (put("tie", 0, "poles", 2), "tie 'stairs', column poles: a tie of kind 'ac' has no poles"),
        (put("tie", 0, "response_mw", 100.0), None),
        (direct_current("channel", response_mw=50.0), "tie 'channel', column response_mw: a tie of kind 'hvdc' keeps"),
        (direct_current("channel", poles=1, pole_overload_pu=1.5), None),
        (direct_current("channel", poles=2, pole_overload_pu=1.1), None),
        (direct_current("channel", poles=3, pole_overload_pu=1.5), "'channel', column pole_overload_pu: is 1.5: the"),
        (lambda net: dc_line(net, poles=2, pole_overload_pu=2.0), "dcline 0, column pole_overload_pu: is 2: the other"),
        (lambda net: dc_line(net, poles=2), None),
        (put("load", 1, "bus", 0), "pilot_member 0, column index: load 1 sits on bus 0, the zone on bus 1"),
        (lambda net: load(net, 1, 5.0), "load 'load 2', column bus: sits on the bus of a pilot zone, but is none"),
        (lambda net: generator(net, 1, 5.0, 1.0), "gen 'gen 1', column bus: sits on the bus of a pilot zone"),
        (
            lambda net: add_row(net, "pilot_zone", {"name": "other", "bus": 1}),
            "pilot_zone 'other', column bus: another zone has the same bus",
        ),
        (put("reserve_product", 2, "direction", "down"), "'inertia', column direction: a product of kind 'inertia' is"),
        (put("reserve_product", 3, "direction", "down"), "a product of kind 'emergency' is held upwards"),
        (put("reserve_product", 2, "largest_unit", True), "'inertia', column largest_unit: the largest unit is in MW"),
    ],
)
def test_each_rule_names_what_is_wrong_and_where(spoil: Spoil, message: str | None) -> None:
    net = sound()
    spoil(net)
    found = faults(net)
    if message is None:
        assert found == []
    else:
        assert len(found) == 1
        assert message in found[0]


def test_an_element_out_of_service_may_sit_on_the_bus_of_a_zone() -> None:
    net = sound()
    net.load.loc[load(net, 1, 5.0), "in_service"] = False
    assert faults(net) == []


def test_each_rule_says_what_it_demands() -> None:
    assert all(rule.__doc__ for rule in RULES)
