"""The stylised net of Jilin: counts, totals against the statistics, sections, dates, round trip."""

import copy
import warnings
from pathlib import Path

import numpy as np
import pandapower as pp
import pandapower.topology as top
import pandas as pd
import pytest

from gridopt.catalog import networks_folder
from gridopt.errors import InputError
from gridopt.network.build import build
from gridopt.network.columns import ATTRIBUTES, EXTENSION_TABLES, PANDAPOWER_TABLES, validate
from gridopt.network.matrices import dc_network

YEARS = (2018, 2022, 2025, 2030)
# Statistics (2018, 2022), extrapolation (2025) and plan (2030) [MW]; thermal counts biomass, as the statistics do.
OFFICIAL = {
    2018: {"thermal": 18920, "hydro": 3550, "wind": 5140, "solar": 2650, "phs": 300},
    2022: {"thermal": 18550, "hydro": 4760, "wind": 11430, "solar": 3870, "phs": 1700},
    2025: {"wind": 18500, "solar": 7000, "biomass": 1600, "phs": 1700, "battery": 250},
    2030: {
        "thermal": 19500, "hydro": 4800, "wind": 45000, "solar": 15000, "phs": 12100, "biomass": 1600, "battery": 2500,
    },
}  # fmt: skip
DEMAND_TWH = {2018: 75.1, 2022: 85.2, 2025: 99.0, 2030: 145.0}
NET_EXPORT_TWH = {2022: 17.57, 2025: 22.0, 2030: 22.0 + 48.0}


@pytest.fixture(scope="module")
def nets():
    return {year: build("jilin", year) for year in YEARS}


def capacity(net) -> dict[str, float]:
    tables = [net[e][["technology", "max_p_mw"]] for e in ("gen", "sgen", "storage")]
    mw = pd.concat(tables).groupby("technology")["max_p_mw"].sum()
    return {
        "thermal": mw[["coal", "coal_chp", "biomass"]].sum(),
        "biomass": mw["biomass"],
        "hydro": mw[["hydro_reservoir", "hydro_ror"]].sum(),
        "wind": mw["wind"],
        "solar": mw[["solar", "solar_distributed"]].sum(),
        "phs": mw["phs"],
        "battery": mw.get("battery", 0.0),
    }


@pytest.mark.parametrize("year", YEARS)
def test_capacity_is_that_of_the_statistics_and_the_plan(nets, year):
    found = capacity(nets[year])
    assert {k: found[k] for k in OFFICIAL[year]} == pytest.approx(OFFICIAL[year], rel=1e-4)


def test_heating_units_are_those_of_the_study(nets):
    gen = nets[2022].gen
    heating = gen[gen["technology"] == "coal_chp"]
    assert heating["max_p_mw"].sum() == pytest.approx(11060)
    assert (heating["chp_kind"] == "extraction").all()
    assert (heating["must_run_units"] == heating["n_units"]).all()
    assert set(heating["heat_zone"]) <= set(nets[2022]["heat_zone"]["name"])
    raw = heating[~heating["retrofitted"]]
    assert raw["heat_season_min_pu"].eq(0.6425).all()
    assert (heating["heat_season_max_pu"] > heating["heat_season_min_pu"]).all()


def test_retrofit_spreads_over_the_years(nets):
    share = [
        (net.gen["retrofitted"] * net.gen["max_p_mw"]).sum() / net.gen["max_p_mw"][net.gen["committable"]].sum()
        for net in nets.values()
    ]
    assert share[0] == 0.0
    assert np.all(np.diff(share) > 0)
    assert 0.7 < share[-1] < 0.9


@pytest.mark.parametrize("year", YEARS)
def test_size_names_and_connection(nets, year):
    net = nets[year]
    assert 70 <= len(net.bus) <= 110
    assert 25 <= net.gen["committable"].sum() <= 32
    assert not top.unsupplied_buses(net)
    for element in ("bus", "line", "trafo", "load", "gen", "sgen", "storage"):
        assert net[element]["name"].is_unique, element
    assert all(name.isascii() for name in net.bus["name"])
    assert (net.line["parallel"] == 1).all()
    assert (net.trafo["parallel"] == 1).all()


@pytest.mark.parametrize("year", YEARS)
def test_one_row_of_wind_and_of_solar_per_bus(nets, year):
    kind = nets[year].sgen["technology"].str.replace("_distributed", "")
    assert not pd.DataFrame({"bus": nets[year].sgen["bus"], "kind": kind}).duplicated().any()


@pytest.mark.parametrize("year", YEARS)
def test_demand_and_export_of_the_year(nets, year):
    net = nets[year]
    assert net.load["p_mw"].sum() * 8.76e-3 == pytest.approx(DEMAND_TWH[year], rel=1e-6)
    if year in NET_EXPORT_TWH:
        assert net["tie"]["annual_mwh"].sum() / 1e6 == pytest.approx(NET_EXPORT_TWH[year], rel=1e-3)
    tie = net["tie"]
    assert ((tie["min_p_mw"] <= tie["p_mw"]) & (tie["p_mw"] <= tie["max_p_mw"])).all()


def test_hydrogen_of_2030(nets):
    load = nets[2030].load.groupby("kind")["p_mw"].sum() * 8.76e-3
    assert load["electrolyser"] == pytest.approx(25.0)
    assert set(load.index) == {"city", "ev", "electric_heating", "electrolyser", "industrial"}


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("section", ["west_export", "east", "heilongjiang", "liaoning", "zhalute"])
def test_sections_are_cuts(nets, year, section):
    """Without the branches of a section no path leads across it, and each of them leads across."""
    net = nets[year]
    rows = net["interface_branch"].query("interface == @section")
    assert rows["element"].eq("line").all(), "no 500/220 kV transformer crosses a region"
    graph = top.create_nxgraph(net, nogobuses=set(), multi=True)
    inside = {
        "west_export": net.bus["region"] == "west",
        "east": net.bus["region"] == "east",
        "heilongjiang": net.bus["name"].isin(["HANAN", "YONGYUAN"]),
        "liaoning": net.bus["name"].isin(["PUHE", "XUJIA"]),
        "zhalute": net.bus["name"] == "ZHALUTE",
    }[section]
    if section == "west_export":
        inside |= net.bus["name"] == "ZHALUTE"  # hangs on the west alone
    cut = set(rows["index"])
    crossing = {key[1] for a, b, key in graph.edges(keys=True) if key[0] == "line" and inside[a] != inside[b]}
    assert cut == crossing
    line = net.line.loc[rows["index"]]
    leaves = inside.loc[line["from_bus"]].to_numpy()
    outward = leaves if section in ("west_export", "east") else ~leaves
    assert (np.where(outward, 1, -1) == rows["sign"]).all()


def test_limits_of_the_sections(nets):
    limit = nets[2030]["interface"].set_index("name")["max_mw"]
    assert limit["west_export"] == 8000
    assert limit[["heilongjiang", "liaoning", "zhalute"]].tolist() == [3600, 3600, 3000]


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [("LESHENG", 2026, None), ("BUSU", 2024, None), ("DAAN", 2029, None), ("XIANGYANG", 2021, None)],
)
def test_stations_enter_in_their_year(name, first, last):
    assert name not in set(build("jilin", first - 1).bus["name"])
    assert name in set(build("jilin", first).bus["name"])


def test_circuits_leave_in_their_year(nets):
    """The 220 kV ties of Da'an are opened when Lesheng feeds it."""
    assert nets[2025].line["name"].str.startswith("220 kV daan-songyuan_urban").any()
    assert not nets[2030].line["name"].str.startswith("220 kV daan").any()
    in_force = nets[2030].line
    assert (in_force["commission_year"].fillna(0) <= 2030).all()
    assert not (in_force["retire_year"] <= 2030).any()


@pytest.mark.parametrize("year", YEARS)
def test_columns_of_the_data_model(nets, year):
    net = nets[year]
    assert not validate(net)
    for attribute in ATTRIBUTES:
        assert attribute.name in net[attribute.element], (attribute.element, attribute.name)
    assert {"geo", "city", "region", "name_zh", "pilot"} <= set(net.bus.columns)
    assert net.bus["region"].ne("").all()
    cost = net.poly_cost[net.poly_cost["et"] == "gen"]
    assert set(cost["element"]) == set(net.gen.index)
    assert (cost["cp1_eur_per_mw"] > 0).all()


def test_profiles_follow_the_county_names(nets):
    county = set(pd.read_csv(networks_folder() / "jilin" / "nodes.csv")["id"])
    names = nets[2030].sgen["profile"].str.split("_", n=1, expand=True)
    assert set(names[0]) == {"wind", "solar"}
    assert set(names[1]) <= county


def test_reservoirs_belong_to_plants(nets):
    net = nets[2030]
    plants = net.gen[net.gen["technology"] == "hydro_reservoir"]
    assert set(net["reservoir"]["gen"]) == set(plants["name"])
    assert set(net["reservoir"]["name"]) == set(plants["reservoir"])
    assert (net["reservoir"]["start_e_mwh"] <= net["reservoir"]["max_e_mwh"]).all()
    assert net["reservoir"].set_index("name").at["baishan", "max_e_mwh"] == pytest.approx(
        3.54 / 7.542 * 2.04e6, rel=1e-3
    )


def test_pilot_parks_hold_what_stands_on_their_bus(nets):
    net = nets[2030]
    member = net["pilot_member"].merge(net["pilot_zone"], left_on="pilot", right_on="name")
    assert set(member["element"]) == {"sgen", "storage", "load"}
    at = [net[element].at[index, "bus"] for element, index in zip(member["element"], member["index"], strict=True)]
    assert (np.array(at) == member["bus"]).all()
    assert set(net.bus.loc[member["bus"], "pilot"]) == set(net["pilot_zone"]["name"])
    assert nets[2025]["pilot_zone"].empty


def test_round_trip_keeps_the_extension_tables(nets, tmp_path):
    net = nets[2030]
    file = tmp_path / "net.json"
    pp.to_json(net, str(file))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        again = pp.from_json(str(file))
    for table in (*EXTENSION_TABLES, *(t for t in PANDAPOWER_TABLES if len(net[t])), "network_meta"):
        left, right = net[table], again[table]
        assert list(left.columns) == list(right.columns) or set(left.columns) == set(right.columns), table
        pd.testing.assert_frame_equal(left, right[left.columns], check_dtype=False, check_index_type=False)


@pytest.mark.parametrize("year", YEARS)
def test_dc_power_flow_runs(nets, year):
    net = copy.deepcopy(nets[year])
    pp.rundcpp(net)
    assert net.converged
    assert np.isfinite(dc_network(net).ptdf).all()


@pytest.mark.parametrize(("name", "year"), [("jilin", 2017), ("jilin", 2036), ("atlantis", 2030)])
def test_what_is_not_there_is_named(name, year):
    with pytest.raises(InputError) as error:
        build(name, year)
    assert str(year if name == "jilin" else name) in str(error.value)


def test_missing_tables_are_named_at_once(tmp_path):
    with pytest.raises(InputError) as error:
        build("jilin", 2030, tables=tmp_path)
    assert len(error.value.faults) > 20


def test_every_table_says_where_it_comes_from():
    for file in sorted(Path(networks_folder() / "jilin").glob("*.csv")):
        table = pd.read_csv(file)
        assert table["source"].notna().all(), file.name
        assert table["confidence"].isin(["cited", "derived", "recalled", "assumed"]).all(), file.name
