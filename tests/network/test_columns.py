from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pandapower as pp
import pandapower.networks
import pandas as pd
import pytest

from gridopt.case import Case
from gridopt.errors import Fault
from gridopt.network.attributes import ATTRIBUTES, EXTENSION_TABLES, PANDAPOWER_TABLES, Attribute
from gridopt.network.columns import attributes_of, markdown, validate, with_defaults, with_labels
from gridopt.network.io import read_net, write_json

# A value of the right type that breaks each check.
BREAKS: dict[str, object] = {
    "> 0": 0.0,
    ">= 0": -1.0,
    ">= 1": 0.9,
    "a whole number >= 0": -1,
    "a whole number >= 1": 0,
    "within [0, 1]": 1.01,
    "within (0, 1]": 0.0,
    "+1 or -1": 2,
}
WRONG_TYPE = {float: "much", int: 1.5, bool: "yes", str: 7}


def label(attribute: Attribute) -> str:
    return f"{attribute.element}.{attribute.name}"


@pytest.fixture(scope="module")
def full(tiny: Case) -> pp.pandapowerNet:
    """The tiny net, with a row in every table that it leaves empty."""
    net = copy.deepcopy(tiny.net)
    for element in EXTENSION_TABLES:
        if net[element].empty:
            row = {a.name: _sample(a) if a.required else a.default for a in attributes_of(element)}
            net[element] = pd.DataFrame([row])
    for element in ("trafo3w", "dcline"):
        net[element] = net[element].reindex([0]).assign(**{a.name: a.default for a in attributes_of(element)})
    return net


def _sample(attribute: Attribute) -> object:
    if attribute.check is not None and attribute.kind is str:
        return attribute.check.text.split("'")[1]
    return {float: 1.0, int: 0, bool: True, str: "x"}[attribute.kind]


def with_value(net: pp.pandapowerNet, attribute: Attribute, value: object) -> pp.pandapowerNet:
    """A net of one table, with a value in its first row."""
    table = net[attribute.element]
    column = table[attribute.name].astype(object)
    column.iloc[0] = value
    return {attribute.element: table.assign(**{attribute.name: column})}


def faults_at(net: pp.pandapowerNet, attribute: Attribute) -> list[Fault]:
    return [f for f in validate(net, "net.json") if (f.table, f.column) == (attribute.element, attribute.name)]


def test_each_attribute_stands_once_in_the_table() -> None:
    keys = [(attribute.element, attribute.name) for attribute in ATTRIBUTES]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("attribute", ATTRIBUTES, ids=label)
def test_an_attribute_is_described_and_its_default_is_valid(attribute: Attribute) -> None:
    assert attribute.description
    if attribute.required:
        return
    assert isinstance(attribute.default, attribute.kind)
    if attribute.check is not None and attribute.default == attribute.default:
        assert attribute.check.holds(pd.Series([attribute.default])).all()


def test_the_samples_have_no_faults(full: pp.pandapowerNet) -> None:
    assert validate(full) == []


@pytest.mark.parametrize("attribute", [a for a in ATTRIBUTES if a.check], ids=label)
def test_a_value_that_breaks_a_check_is_named(full: pp.pandapowerNet, attribute: Attribute) -> None:
    assert attribute.check is not None
    bad = BREAKS.get(attribute.check.text, "no such word")
    (fault,) = faults_at(with_value(full, attribute, bad), attribute)
    assert fault.file == "net.json"
    assert fault.message == f"must be {attribute.check.text}, got {bad!r}"


@pytest.mark.parametrize("attribute", ATTRIBUTES, ids=label)
def test_a_value_of_another_type_is_named_and_survives_the_defaults(
    full: pp.pandapowerNet, attribute: Attribute
) -> None:
    bad = WRONG_TYPE[attribute.kind]
    spoiled = with_defaults(with_value(full, attribute, bad))
    assert any("must be" in f.message and repr(bad) in f.message for f in faults_at(spoiled, attribute))


@pytest.mark.parametrize("attribute", [a for a in ATTRIBUTES if a.required], ids=label)
def test_a_required_value_must_be_there(full: pp.pandapowerNet, attribute: Attribute) -> None:
    (fault,) = faults_at(with_value(full, attribute, None), attribute)
    assert fault.message == "is missing"
    without = {attribute.element: full[attribute.element].drop(columns=attribute.name)}
    found = faults_at(with_defaults(without), attribute)
    assert {fault.message for fault in found} == {"is missing"}
    assert len(found) == len(full[attribute.element])


@pytest.mark.parametrize("attribute", [a for a in ATTRIBUTES if not a.required], ids=label)
def test_a_missing_entry_takes_the_default(full: pp.pandapowerNet, attribute: Attribute) -> None:
    filled = with_defaults(with_value(full, attribute, None))[attribute.element][attribute.name]
    np.testing.assert_equal(filled.iloc[0], attribute.default)
    wanted = {float: "f", int: "i", bool: "b", str: "O"}[attribute.kind]
    assert filled.dtype.kind == wanted


def test_a_plain_net_gets_every_table_and_stays_as_it_was() -> None:
    plain = pandapower.networks.case9()
    before = pp.to_json(plain)
    net = with_defaults(plain)
    assert pp.to_json(plain) == before
    for attribute in ATTRIBUTES:
        assert attribute.name in net[attribute.element]
    assert all(net[element].empty for element in EXTENSION_TABLES)
    assert not net.gen["committable"].any()
    assert validate(net) == []


def test_defaults_twice_are_defaults_once(tiny: Case) -> None:
    again = with_defaults(tiny.net)
    for element in (*PANDAPOWER_TABLES, *EXTENSION_TABLES):
        pd.testing.assert_frame_equal(again[element], tiny.net[element])


def test_every_extension_survives_pandapower_json(full: pp.pandapowerNet, tmp_path: Path) -> None:
    write_json(full, tmp_path / "net.json")
    again = with_defaults(read_net(tmp_path / "net.json"))
    for attribute in ATTRIBUTES:
        pd.testing.assert_series_equal(
            again[attribute.element][attribute.name],
            full[attribute.element][attribute.name],
            check_dtype=attribute.kind is not str,
            check_index_type=False,
        )


def test_labels_are_text_and_unique() -> None:
    net = pp.create_empty_network()
    for name in ("a", None, "a", 7, ""):
        pp.create_bus(net, 110.0, name=name)
    labelled = with_labels(with_defaults(net))
    assert labelled.bus["name"].to_list() == ["a (0)", "bus 1", "a (2)", "7", "bus 4"]
    assert net.bus["name"].to_list()[0] == "a"


def test_the_reference_page_is_complete_and_fresh() -> None:
    page = markdown()
    for attribute in ATTRIBUTES:
        assert f"| `{attribute.name}` |" in page
    published = (Path(__file__).parents[2] / "docs" / "data-model.md").read_text(encoding="utf-8")
    assert published == page, "run: python -m gridopt.network.columns > docs/data-model.md"
