"""Rules for flexible loads and prosumers find what they are for, and nothing in sound rows."""

import pandas as pd
import pytest

from gridopt.check.flexible import RULES
from gridopt.check.subject import Subject
from gridopt.network.columns import with_defaults
from tests.model.golden_flexible import CASES
from tests.model.systems import grid

LOOP = {"kind": "ammonia", "max_p_mw": 2.0, "kg_h2_per_mwh": 200.0}


def faults(table, *rows):
    net = grid()
    net[table] = pd.DataFrame([{"name": f"row {i}", "bus": 0} | row for i, row in enumerate(rows)])
    subject = Subject(with_defaults(net), None, file="net")
    return [str(fault) for rule in RULES for fault in rule(subject)]


def load(**columns):
    return {"kind": "other", "max_p_mw": 20.0} | columns


def site(**columns):
    return {"kind": "park", "p_mw": 10.0} | columns


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (load(min_p_mw=25.0), "column min_p_mw: 25 is above max_p_mw = 20"),
        (load(min_p_mw=5.0, min_part_load_pu=0.2), "column min_part_load_pu: a load that always runs"),
        (load(p_mw=1.0, max_e_mwh=5.0, start_e_mwh=6.0), "column start_e_mwh: 6 is above max_e_mwh = 5"),
        (load(p_mw=19.0, eta=0.9), "column p_mw: 19 MW on average is more than eta * max_p_mw = 18"),
        (load(annual_mwh=200_000.0), "column annual_mwh: 200000 is more than max_p_mw gives in a year, 175200"),
        (load(profile="use"), "column profile: it shapes p_mw, which is 0"),
        (load(max_e_mwh=10.0), "column max_e_mwh: nothing takes energy out of this store"),
        (load(max_discharge_mw=5.0), "column max_discharge_mw: giving back needs a store"),
        (load(kind="electrolyser"), "column kg_h2_per_mwh: electrolysers, and loads that feed on one, need"),
        (load(feeds="row 9", kg_h2_per_mwh=20.0), "column feeds: no flexible_load 'row 9' in service"),
        (load(feeds="row 0", kg_h2_per_mwh=20.0), "column feeds: it feeds on itself"),
    ],
)
def test_a_fault_of_a_flexible_load_is_found_and_named(row, message):
    found = faults("flexible_load", row)
    assert len(found) == 1
    assert "flexible_load 'row 0'" in found[0]
    assert message in found[0]


def test_a_chain_may_not_come_back():
    first, second = LOOP | {"feeds": "row 1"}, LOOP | {"feeds": "row 0"}
    found = faults("flexible_load", first, second)
    assert [text.count("it feeds on itself") for text in found] == [1, 1]


def test_a_chain_into_a_circle_names_the_circle_only():
    rows = [LOOP | {"feeds": "row 1"}, LOOP | {"feeds": "row 2"}, LOOP | {"feeds": "row 1"}]
    found = faults("flexible_load", *rows)
    assert ["row 0" in text.split(",")[0] for text in found] == [False, False]


def test_an_electrolyser_out_of_service_feeds_nobody():
    rows = [load(kind="electrolyser", kg_h2_per_mwh=20.0, in_service=False), LOOP | {"feeds": "row 0"}]
    found = faults("flexible_load", *rows)
    assert len(found) == 1
    assert "no flexible_load 'row 0' in service" in found[0]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (site(generation_mw=5.0, generation_min_mw=6.0), "column generation_min_mw: 6 is above generation_mw = 5"),
        (site(store_mw=5.0), "column store_mwh: a store needs both its power and its energy"),
        (site(store_mwh=5.0), "column store_mw: a store needs both its power and its energy"),
        (site(pv_mw=5.0), "column pv_profile: photovoltaic power needs its profile"),
        (site(p_mw=0.0, shift_share=0.1), "column shift_share: there is no load to move"),
    ],
)
def test_a_fault_of_a_prosumer_is_found_and_named(row, message):
    found = faults("prosumer", row)
    assert len(found) == 1
    assert "prosumer 'row 0'" in found[0]
    assert message in found[0]


@pytest.mark.parametrize("name", CASES)
def test_sound_rows_have_no_faults(name):
    case = CASES[name]()
    subject = Subject(case.net, case.profiles)
    assert [fault for rule in RULES for fault in rule(subject)] == []


def test_text_where_numbers_belong_is_left_to_the_check_of_single_values():
    assert faults("flexible_load", load(min_p_mw="much", annual_mwh="a lot")) == []
