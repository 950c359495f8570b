from __future__ import annotations

import copy
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gridopt.case import Case
from gridopt.errors import InputError
from gridopt.report.map import figure, network_map, positions, write_map


def test_positions_are_longitude_and_latitude(tiny: Case) -> None:
    place = positions(tiny.net)
    assert place.loc[0].to_list() == [123.0, 45.2]
    assert len(place) == 5


def test_layers_hold_every_plant_line_and_load(tiny: Case) -> None:
    layers = network_map(tiny.net).layers
    marks = {layer.name: layer for layer in layers if not layer.is_line}
    assert marks["wind"].text == ("west wind<br>wind 620 MW", "south wind<br>wind 120 MW")
    assert marks["pumped storage"].text == ("east pumped storage<br>pumped storage 200 MW",)
    assert len(marks["load"].x) == 4
    assert len(marks["bus"].x) == 5
    hover = " ".join(marks["220 kV lines"].text)
    assert all(name in hover for name in tiny.net.line["name"])
    assert "border-centre 1 (400 MVA)" in marks["transformers"].text[0]


def test_higher_voltage_is_drawn_wider_and_above(tiny: Case) -> None:
    net = copy.deepcopy(tiny.net)
    net.bus.loc[[0, 1], "vn_kv"] = 500.0
    lines = [layer for layer in network_map(net).layers if layer.is_line]
    assert [layer.name for layer in lines] == ["transformers", "220 kV lines", "500 kV lines"]
    assert lines[1].width < lines[2].width


def test_plants_of_one_bus_do_not_cover_each_other(tiny: Case) -> None:
    plants = [layer for layer in network_map(tiny.net).layers if layer.name in ("gas", "coal", "distributed solar")]
    places = np.array([[layer.x[0], layer.y[0]] for layer in plants])
    assert len(np.unique(places.round(6), axis=0)) == 3


def test_an_element_out_of_service_is_not_drawn(tiny: Case) -> None:
    net = copy.deepcopy(tiny.net)
    net.sgen.loc[0, "in_service"] = False
    marks = {layer.name: layer for layer in network_map(net).layers}
    assert marks["wind"].text == ("south wind<br>wind 120 MW",)


def test_a_region_of_three_buses_gets_an_outline(tiny: Case) -> None:
    net = copy.deepcopy(tiny.net)
    net.bus["region"] = "central"
    outline = network_map(net).regions["central"]
    assert outline.shape[1] == 2
    np.testing.assert_array_equal(outline[0], outline[-1])
    net.bus["geo"] = net.bus["geo"].iloc[0]  # all at one place: nothing to outline
    assert network_map(net).regions == {}


def test_the_page_works_without_the_internet(tiny: Case, tmp_path: Path) -> None:
    write_map(tiny.net, tmp_path / "map.html")
    page = (tmp_path / "map.html").read_text(encoding="utf-8")
    assert "west-centre 1" in page
    assert "<script src=" not in page
    assert len(page) > 1_000_000  # plotly itself is inside


def test_the_figure_has_one_legend_entry_per_kind(tiny: Case) -> None:
    shown = [trace.name for trace in figure(tiny.net).data if trace.showlegend]
    assert len(shown) == len(set(shown))


def test_png_is_drawn_by_matplotlib(tiny: Case, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    write_map(tiny.net, tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")


def test_what_can_not_be_drawn_is_said(tiny: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"no map in the format '\.svg'"):
        write_map(tiny.net, tmp_path / "map.svg")
    net = copy.deepcopy(tiny.net)
    net.bus["geo"] = pd.Series(None, index=net.bus.index, dtype=object)
    with pytest.raises(InputError, match="no bus has a position"):
        write_map(net, tmp_path / "map.html")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(InputError, match="a PNG needs matplotlib"):
        write_map(tiny.net, tmp_path / "map.png")
