"""Rules for thermal clusters: each names the row and the column that is wrong."""

import pytest

from gridopt.check.subject import Subject
from gridopt.check.thermal import RULES
from gridopt.network.columns import with_defaults
from tests.model.systems import add_row, grid, put, thermal


def faults(net):
    subject = Subject(with_defaults(net), None, file="net")
    return [fault for rule in RULES for fault in rule(subject)]


def cluster(**columns):
    net = grid()
    values = {"retrofitted": True, "min_down_h": 4.0}
    thermal(net, 0, 2, 50.0, 100.0, 200.0, name="plant", **(values | columns))
    return net


def band(width=20.0, wear=40.0, index=0):
    return "deep_regulation", {"element": "gen", "index": index, "width_mw": width, "wear_cny_per_mwh": wear}


def tier(since, cost, index=0):
    return "start_cost", {"element": "gen", "index": index, "off_hours_from": since, "cost_cny": cost}


def outage(start="2030-06-01 08:00", units=1.0, index=0):
    return "outage", {"element": "gen", "index": index, "start": start, "hours": 5.0, "units": units}


def test_a_sound_cluster_has_no_faults():
    net = cluster(chp_kind="extraction", heat_zone="town", c_m=0.6, heat_offset_mw=10.0)
    for table, row in (band(), band(wear=90.0), tier(0.0, 1000.0), tier(9.0, 4000.0), outage(), outage(units=2.0)):
        add_row(net, table, row)
    assert faults(net) == []


@pytest.mark.parametrize(
    ("rows", "column", "words"),
    [
        ([band(index=7)], "index", "no gen 7"),
        ([tier(0.0, 1.0, index=7)], "index", "no gen 7"),
        ([outage(index=7)], "index", "no gen 7"),
        ([band(60.0), band(41.0, 50.0)], "width_mw", "wider than min_p_mw"),
        ([band(wear=40.0), band(wear=39.0)], "wear_cny_per_mwh", "below 40"),
        ([tier(5.0, 1000.0)], "off_hours_from", "may start after 4 h"),
        ([tier(0.0, 1000.0), tier(0.0, 2000.0)], "off_hours_from", "not above"),
        ([tier(0.0, 1000.0), tier(9.0, 900.0)], "cost_cny", "warmer tier"),
        ([outage("some day")], "start", "no time"),
        ([outage(units=3.0)], "units", "above n_units"),
    ],
)
def test_a_faulty_row_is_named(rows, column, words):
    net = cluster()
    for table, row in rows:
        add_row(net, table, row)
    (fault,) = faults(net)
    assert (fault.table, fault.column) == (rows[0][0], column)
    assert words in fault.message


@pytest.mark.parametrize(
    ("columns", "column"),
    [
        ({"profile": "sun"}, "profile"),
        ({"chp_kind": "extraction"}, "heat_zone"),
        ({"chp_kind": "extraction", "heat_zone": "town", "heat_offset_mw": 201.0}, "heat_offset_mw"),
    ],
)
def test_a_faulty_column_of_the_cluster_is_named(columns, column):
    (fault,) = faults(cluster(**columns))
    assert (fault.table, fault.row, fault.column) == ("gen", "'plant'", column)


def test_only_retrofitted_committable_units_have_bands():
    net = cluster(retrofitted=False)
    add_row(net, *band())
    assert [fault.message for fault in faults(net)] == ["gen 0 is not retrofitted: it has no bands below its minimum"]
    put(net, "gen", 0, {"committable": False, "retrofitted": True})
    assert [fault.message for fault in faults(net)] == ["gen 0 is not committable"]
