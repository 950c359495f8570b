"""Reading only what is safe, and writing so that it can be read again."""

import copy
import json
import pickle

import numpy as np
import pandapower as pp
import pandas as pd
import pytest
import scipy.io

from gridopt.errors import InputError
from gridopt.network.dispatchable import dispatchable
from gridopt.network.io import read_net, write_json, write_matpower
from gridopt.network.matrices import branch_flow_mw, dc_network

from .purpose_nets import meshed, phase_shift, shunts_and_wards, taps, three_windings
from .rundcopp_cases import RUNDCOPP_CASES, reference_cost
from .test_matrices import net_injection, solved


def extended():
    net = three_windings()
    net.bus["name"] = [f"bus {index}" for index in net.bus.index]
    net.gen["technology"] = "coal"
    net.bus.loc[3, "geo"] = '{"type": "Point", "coordinates": [125.3, 43.9]}'
    net["interface"] = pd.DataFrame({"name": ["west", "east"], "max_mw": [900.5, np.nan]}, index=[0, 1])
    pp.create_pwl_cost(net, 0, "gen", [[0, 100, 20.0], [100, 300, 55.0]])
    return net


def test_json_round_trip_keeps_everything(tmp_path):
    net = extended()
    write_json(net, tmp_path / "net.json")
    back = read_net(tmp_path / "net.json")
    for table in ("bus", "line", "trafo", "trafo3w", "gen", "load", "ext_grid", "interface"):
        given, read = (frame.astype(object).where(frame.notna(), None) for frame in (net[table], back[table]))
        pd.testing.assert_frame_equal(read[given.columns], given)
    assert back.pwl_cost.at[0, "points"] == [[0, 100, 20.0], [100, 300, 55.0]]
    assert np.array_equal(dc_network(back).ptdf, dc_network(net).ptdf)


def test_numbers_keep_their_last_digit(tmp_path):
    net = meshed()
    net.load["p_mw"] = np.array([np.sqrt(0.75), 1e5 / 3.0, 1e-7 / 3.0])
    net["tie"] = pd.DataFrame({"name": ["x", "y"], "band_mw": [0.1 + 0.2, np.nan]}, index=[2, 5])
    write_json(net, tmp_path / "net.json")
    back = read_net(tmp_path / "net.json")
    assert back.load.p_mw.tolist() == net.load.p_mw.tolist()
    assert back["tie"].band_mw.tolist()[0] == 0.1 + 0.2
    assert back["tie"].index.tolist() == [2, 5]
    assert np.isnan(back["tie"].band_mw.iloc[1])


def test_solved_nets_are_read(tmp_path):
    write_json(solved(extended()), tmp_path / "net.json")
    assert len(read_net(tmp_path / "net.json").res_line) == 6


def hostile(tmp_path, edit):
    path = tmp_path / "net.json"
    write_json(meshed(), path)
    content = json.loads(path.read_text())
    edit(content["_object"])
    path.write_text(json.dumps(content))
    return path


def in_a_table(column, value):
    def edit(tables):
        inner = json.loads(tables["load"]["_object"])
        inner["data"][0][inner["columns"].index(column)] = value
        tables["load"]["_object"] = json.dumps(inner)

    return edit


def escaped(tables):
    in_a_table("name", {"_module": "subprocess", "_class": "Popen", "_object": "true"})(tables)
    tables["load"]["_object"] = tables["load"]["_object"].replace("_module", "\\u005fmodule")


HOSTILE = {
    "a function": (
        lambda tables: tables.update(x={"_module": "os", "_class": "function", "_object": "system"}),
        r"net\.json: x: declares the class os\.function",
    ),
    "a controller": (
        lambda tables: tables.update(x={"_module": "pandapower.control", "_class": "ConstControl", "_object": "{}"}),
        r"declares the class pandapower\.control\.ConstControl",
    ),
    "deep in a dictionary": (
        lambda tables: tables["std_types"].update(line=[{"a": {"_module": "builtins", "_class": "exec"}}]),
        r"std_types: declares the class builtins\.exec",
    ),
    "only a class": (lambda tables: tables.update(x={"_class": "Popen"}), r"declares the class None\.Popen"),
    "in a cell": (
        in_a_table("name", {"_module": "subprocess", "_class": "Popen", "_object": "true"}),
        r"load: declares the class subprocess\.Popen",
    ),
    "in an escaped cell": (escaped, r"load: declares the class subprocess\.Popen"),
    "in a text": (in_a_table("name", '{"_module": "os", "_class": "x"}'), "load: holds a text that declares a class"),
    "a graph": (
        lambda tables: tables.update(x={"_module": "networkx", "_class": "MultiGraph", "_object": {}}),
        r"declares the class networkx\.MultiGraph",
    ),
    "a table from another file": (
        lambda tables: tables["load"].update(_object="/etc/other.json"),
        "load: the table's content is not valid JSON",
    ),
    "an option of the reader": (
        lambda tables: tables["load"].update(storage_options={"x": 1}),
        "load: unknown key storage_options",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_json_is_refused(name, tmp_path):
    edit, message = HOSTILE[name]
    with pytest.raises(InputError, match=message):
        read_net(hostile(tmp_path, edit))


def test_all_declarations_are_told_at_once(tmp_path):
    def edit(tables):
        for name in ("a function", "in a cell", "deep in a dictionary"):
            HOSTILE[name][0](tables)

    with pytest.raises(InputError) as caught:
        read_net(hostile(tmp_path, edit))
    assert {fault.table for fault in caught.value.faults} == {"x", "load", "std_types"}


def test_pickle_is_never_read(tmp_path):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("the pickle was read",))

    for suffix in (".p", ".pkl", ".pickle", ".P"):
        path = tmp_path / f"net{suffix}"
        path.write_bytes(pickle.dumps(Trap()))
        with pytest.raises(InputError, match="never read"):
            read_net(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("net.json", "{", "is not valid JSON"),
        ("net.json", "[" * 100_000, "is not valid JSON"),
        ("net.json", "[]", "is no pandapower net"),
        ("net.json", '{"bus": {}}', "is no pandapower net"),
        (
            "net.json",
            '{"_module": "pandapower.auxiliary", "_class": "pandapowerNet", "_object": "{}"}',
            "holds no tables",
        ),
        (
            "net.json",
            '{"_module": "pandapower.auxiliary", "_class": "pandapowerNet", "_object": {"bus": 3}}',
            "bus: is no table",
        ),
        ("case.m", "function mpc = case9", "MATPOWER scripts are not read"),
        ("net.xlsx", "", "not from '.xlsx'"),
        ("case.mat", "no matrix", "pandapower can't read it"),
    ],
)
def test_what_is_no_net_is_bad_input(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        read_net(path)


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match="there is no such file"):
        read_net(tmp_path / "net.json")


def test_mat_file_without_a_case(tmp_path):
    scipy.io.savemat(tmp_path / "x.mat", {"a": np.ones(3)})
    with pytest.raises(InputError, match="must hold one MATPOWER case, but holds none"):
        read_net(tmp_path / "x.mat")
    scipy.io.savemat(tmp_path / "x.mat", {"mpc": {"bus": np.ones((2, 3))}})
    with pytest.raises(InputError, match="pandapower can't read it"):
        read_net(tmp_path / "x.mat")


@pytest.mark.parametrize("build", [meshed, taps, phase_shift, three_windings, shunts_and_wards])
def test_matpower_keeps_the_flows(tmp_path, build):
    net = build()
    before = copy.deepcopy(net)
    assert write_matpower(net, tmp_path / "case.mat")
    assert all(net[name].equals(table) for name, table in before.items() if isinstance(table, pd.DataFrame))
    mpc = scipy.io.loadmat(tmp_path / "case.mat", simplify_cells=True)["mpc"]
    network = dc_network(net)
    expected = branch_flow_mw(network, net_injection(solved(net), network))
    np.testing.assert_allclose(matpower_dc_flow(mpc), expected, atol=1e-6)
    # pandapower's own reader is a little less exact for transformers, see read_net
    back = read_net(tmp_path / "case.mat")
    network = dc_network(back)
    read = branch_flow_mw(network, net_injection(solved(back), network))
    assert sorted(np.abs(read)) == pytest.approx(sorted(np.abs(expected)), abs=1e-2)


def matpower_dc_flow(mpc):
    """DC power flow of a MATPOWER case by its manual: b = 1/(x·tap), shift in degrees, first reference bus."""
    bus, gen, branch = mpc["bus"], np.atleast_2d(mpc["gen"]), mpc["branch"]
    ends = branch[:, :2].astype(int) - 1
    tap = np.where(branch[:, 8] == 0, 1.0, branch[:, 8])
    susceptance = mpc["baseMVA"] / (branch[:, 3] * tap)
    incidence = np.zeros((len(branch), len(bus)))
    incidence[np.arange(len(branch)), ends[:, 0]] = 1.0
    incidence[np.arange(len(branch)), ends[:, 1]] -= 1.0
    shift = -susceptance * np.deg2rad(branch[:, 9])
    injection = -bus[:, 2] - bus[:, 4] - incidence.T @ shift
    np.add.at(injection, gen[:, 0].astype(int) - 1, gen[:, 1])
    free = bus[:, 1] != 3
    matrix = incidence.T @ (susceptance[:, None] * incidence)
    angle = np.zeros(len(bus))
    angle[free] = np.linalg.solve(matrix[np.ix_(free, free)], injection[free])
    return susceptance * (incidence @ angle) + shift


def test_matpower_file_follows_the_format(tmp_path):
    net = extended()
    net.line["max_loading_percent"] = [80.0, np.nan, 100.0, 100.0, 100.0, 100.0]
    notes = write_matpower(net, tmp_path / "case.mat")
    assert any("interface" in note for note in notes)
    assert any("three-winding" in note for note in notes)
    mpc = scipy.io.loadmat(tmp_path / "case.mat", simplify_cells=True)["mpc"]
    assert mpc["version"] == "2"
    assert [mpc[name].shape[1] for name in ("bus", "gen", "branch")] == [13, 21, 13]
    assert mpc["bus"][:, 0].tolist() == list(range(1, len(mpc["bus"]) + 1))
    names = [str(name) for name in mpc["bus_name"]]
    assert names[:3] == ["bus 3", "bus 11", "bus 7"]
    limit = branch_limit_of(mpc, names, "bus 11", "bus 7")
    assert limit == 0.0  # no limit
    assert branch_limit_of(mpc, names, "bus 3", "bus 11") == pytest.approx(0.8 * np.sqrt(3) * 220)


def branch_limit_of(mpc, names, from_name, to_name):
    ends = [names.index(from_name) + 1, names.index(to_name) + 1]
    (row,) = [row for row in mpc["branch"] if row[:2].tolist() == ends]
    return row[5]


def test_matpower_round_trip_keeps_the_cost(tmp_path):
    net = RUNDCOPP_CASES["congested"].build()
    write_matpower(net, tmp_path / "case.mat")
    back = read_net(tmp_path / "case.mat")
    assert reference_cost(back) == pytest.approx(reference_cost(net), rel=1e-6)
    assert sorted(dispatchable(back).cp1) == sorted(dispatchable(net).cp1)


def test_matpower_cannot_hold_dc_lines(tmp_path):
    with pytest.raises(InputError, match="dcline 0: DC lines can't be written"):
        write_matpower(RUNDCOPP_CASES["dc_line"].build(), tmp_path / "case.mat")
    with pytest.raises(InputError, match=r"written to a \.mat file"):
        write_matpower(meshed(), tmp_path / "case.m")
