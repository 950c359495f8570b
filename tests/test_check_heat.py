"""Every rule of the heat side finds what it is for, names the place, and finds nothing in a sound net."""

import pandas as pd
import pytest

from gridopt.check.heat import RULES
from gridopt.check.subject import Subject
from gridopt.network.columns import with_defaults
from tests.model.golden_heat import heat_source, heat_zone
from tests.model.systems import add_row, grid

SOUND = {"name": "source", "heat_zone": "town", "kind": "boiler", "max_heat_mw": 10.0}

CASES = [
    ("zone", {"heat_zone": "twon"}, {}, "heat_source 'source', column heat_zone: no heat_zone 'twon'; did you mean"),
    ("bus", {"bus": 7}, {}, "heat_source 'source', column bus: bus 7 does not exist"),
    ("no bus", {"kind": "heat_pump", "cop": 3.0}, {}, "column bus: a source of kind 'heat_pump' needs the bus"),
    ("cop", {"kind": "electric_boiler", "bus": 0, "cop": 1.2}, {}, "column cop: an electric boiler gives at most 1"),
    ("range", {"min_heat_mw": 12.0}, {}, "column min_heat_mw: 12 is above max_heat_mw = 10"),
    ("store power", {}, {"store_mwh": 5.0}, "heat_zone 'town', column store_mw: a store of 5 MWh needs a power"),
    ("store size", {}, {"store_mw": 5.0}, "heat_zone 'town', column store_mwh: a store of 5 MW needs a size"),
]


def faults(source, zone):
    net = grid()
    heat_zone(net, 50.0, **zone)
    add_row(net, "heat_source", SOUND | source)
    subject = Subject(with_defaults(net), None, False, "net.json")
    return [str(fault) for rule in RULES for fault in rule(subject)]


@pytest.mark.parametrize(("source", "zone", "message"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_fault_is_found_and_named(source, zone, message):
    lines = faults(source, zone)
    assert len(lines) == 1
    assert message in lines[0]
    assert lines[0].startswith("net.json: ")


@pytest.mark.parametrize(
    ("source", "zone"),
    [
        ({}, {"store_mwh": 5.0, "store_mw": 2.0}),
        ({"kind": "heat_pump", "bus": 0, "cop": 3.0, "min_heat_mw": 10.0}, {}),
        ({"kind": "electric_boiler", "bus": 0, "cop": 0.98}, {}),
        ({"kind": "nuclear", "bus": 0}, {}),
    ],
)
def test_a_sound_net_has_no_faults(source, zone):
    assert faults(source, zone) == []


def test_no_rule_stumbles_over_text_or_empty_tables():
    net = grid()
    subject = Subject(with_defaults(net), None, False, "")
    assert [fault for rule in RULES for fault in rule(subject)] == []
    heat_zone(net, 50.0)
    heat_source(net, "boiler", 1.0, 1.0)
    net = with_defaults(net)
    net.heat_source["max_heat_mw"] = pd.Series(["much"], dtype=object)
    net.heat_zone["store_mwh"] = pd.Series(["much"], dtype=object)
    subject = Subject(net, None, False, "")
    assert all(str(fault) for rule in RULES for fault in rule(subject))
