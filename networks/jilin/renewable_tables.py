"""Wind and solar by bus and year, spread from the province's totals by city and county shares."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from demand_side_tables import prosumers
from facts import FIRST_YEAR, PLAN_YEAR, YEARS, between, judgement, write

COUNTY = {
    "Chaganhaote Tourism Economic Development Zone": "baicheng_urban", "Taobei District": "baicheng_urban",
    "Da'an": "daan", "Da'an Muncipality": "daan", "Taonan": "taonan", "Taonan City": "taonan", "Tongyu": "tongyu",
    "Zhenlai": "zhenlai", "Changling": "changling", "Fuyu": "fuyu", "Fuyu City": "fuyu",
    "Ningjiang District": "songyuan_urban", "Qian Gorlos": "qianguo", "Qian Gorlos Mongol Autonomous": "qianguo",
    "Qiangorlos": "qianguo", "Qianguo": "qianguo", "Qian'an": "qianan", "Shuangliao": "shuangliao",
    "Tiedong District": "siping_urban", "Nong'an": "nongan", "Helong": "helong",
}  # fmt: skip
SOLAR_COUNTY = {
    "昌邑区": "jilin_urban", "磐石市": "panshi", "舒兰市": "shulan", "蛟河市": "jiaohe", "伊通满族自治县": "yitong",
    "双辽市": "shuangliao", "和龙市": "helong", "敦化市": "dunhua", "汪清县": "wangqing", "龙井市": "longjing",
    "乾安县": "qianan", "前郭尔罗斯蒙古族自治县": "qianguo", "长岭县": "changling", "大安市": "daan",
    "洮北区": "baicheng_urban", "洮南市": "taonan", "通榆县": "tongyu", "镇赉县": "zhenlai", "临江市": "linjiang",
    "江源区": "baishan_urban", "东丰县": "dongfeng", "龙山区": "liaoyuan_urban", "东昌区": "tonghua_urban",
    "柳河县": "liuhe", "二道区": "changchun_urban", "农安县": "nongan", "南关区": "changchun_urban",
    "双阳区": "shuangyang",
}  # fmt: skip
# Roofs and small ground plants, share of a city's solar (assumed).
DISTRIBUTED_SHARE = {
    "changchun": 0.85, "jilin": 0.60, "siping": 0.40, "liaoyuan": 0.70, "tonghua": 0.80, "baishan": 0.60,
    "songyuan": 0.15, "baicheng": 0.08, "yanbian": 0.30,
}  # fmt: skip
WIND_ANCHORS = (2018, 2021, 2022, 2024)
LAST_COUNTY_YEAR = 2025  # later additions come as bases at 500 kV
MONTH_POINTS = "capacity grows linearly between the cited year ends"
Shares = dict[str, dict[int, float]]


def wind_shares(facts: Path, points: pd.DataFrame) -> Shares:
    """Share of each county in the province's wind, at the anchor years."""
    city = points.set_index("id")["city"]
    units = pd.read_csv(facts / "plants_units_gem.csv")
    units = units[units["technology"] == "wind_onshore"].assign(node=units["county"].map(COUNTY)).dropna(subset="node")
    start = units["start_year"].fillna(FIRST_YEAR)
    operating = units["status"] == "operating"
    weights = {
        2018: units[operating & (start <= 2018)].groupby("node")["capacity_mw"].sum(),
        2021: units[operating & (start <= 2021)].groupby("node")["capacity_mw"].sum(),
        2022: units[operating].groupby("node")["capacity_mw"].sum(),
    }
    listed = pd.read_csv(facts / "wind_by_county_gem2023.csv").assign(node=lambda t: t["county"].map(COUNTY))
    built = listed["operating_mw"] + listed["construction_mw"] + 0.25 * listed["planned_mw"]
    weights[2024] = built.groupby(listed["node"]).sum()
    shares: Shares = {}
    table = judgement("city_shares").query("technology == 'wind'").set_index("city")
    for year in WIND_ANCHORS:
        weight = weights[year]
        group = weight.index.map(city).map(lambda name: name if name in table.index else "others")
        part = weight / weight.groupby(group).transform("sum") * table[str(year)].reindex(group).to_numpy(float)
        for node, value in (part / part.sum()).items():
            shares.setdefault(str(node), dict.fromkeys(WIND_ANCHORS, 0.0))[year] = float(value)
    plan = judgement("wind_2030").set_index("county")["mw"]
    for node, mw in plan.items():
        shares.setdefault(str(node), dict.fromkeys(WIND_ANCHORS, 0.0))
        shares[str(node)][2025] = shares[str(node)][2024]
        shares[str(node)][PLAN_YEAR] = float(mw / plan.sum())
    return shares


def solar_shares(facts: Path, points: pd.DataFrame) -> tuple[Shares, Shares]:
    """Shares of each county in the province's solar: ground plants, distributed."""
    table = judgement("city_shares").query("technology == 'solar'").set_index("city")
    projects = pd.read_csv(facts / "r2_solar_projects.csv")
    now = projects["capacity_mw"].groupby(projects["county_zh"].map(SOLAR_COUNTY)).sum()
    plan = judgement("wind_2030").set_index("county")["mw"]
    city = points.set_index("id")["city"]
    ground: Shares = {}
    roofs: Shares = {}
    for year in (2018, 2021, 2022, 2024, PLAN_YEAR):
        for name, total in table[str(year)].items():
            here = city.index[city == name]
            known = now.reindex(here).fillna(0.0)
            known /= known.sum()
            # Bases of the west put solar beside wind: half of the plan's ground solar follows the wind.
            if year == PLAN_YEAR and name in ("baicheng", "songyuan"):
                beside = plan.reindex(here).fillna(0.0)
                known = 0.5 * known + 0.5 * beside / beside.sum()
            load = points.set_index("id").loc[here, "load_share"]
            part = DISTRIBUTED_SHARE[name]
            for node in here:
                ground.setdefault(node, {})[year] = total * (1 - part) * float(known[node])
                roofs.setdefault(node, {})[year] = total * part * float(load[node] / load.sum())
    return ground, roofs


def _county_mw(shares: Shares, totals: dict[int, float]) -> pd.DataFrame:
    """MW by county (row) and year (column); each year's sum is the province's total."""
    share = pd.DataFrame({year: {n: between(p, year) for n, p in shares.items()} for year in YEARS})
    return share / share.sum() * pd.Series(totals)


def _by_bus(county: pd.DataFrame) -> pd.DataFrame:
    """Split the MW of each county between its node and its bases at 500 kV.

    Additions after 2025 go to the base that was opened last; a decline is taken from the same place.
    """
    bases = judgement("bases")
    rows = []
    for node, mw in county.iterrows():
        held: dict[str, float] = {str(node): 0.0}
        before = 0.0
        for year in county.columns:
            opened = bases[(bases["county"] == node) & (bases["from_year"] <= year)]
            bus = str(node) if year <= LAST_COUNTY_YEAR or opened.empty else opened["bus"].iloc[-1]
            held[bus] = held.get(bus, 0.0) + mw[year] - before
            before = mw[year]
            rows += [(node, bus, year, value) for bus, value in held.items() if value > 0.01]
    return pd.DataFrame(rows, columns=["county", "bus", "year", "max_p_mw"])


def _parks(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Carve the plants of the pilot parks out of their county, wherever it has most."""
    new = []
    for park in judgement("parks").itertuples():
        for year in (y for y in YEARS if y >= park.commission_year):
            here = table[(table["county"] == park.county) & (table["year"] == year)]
            donor = here["max_p_mw"].idxmax()
            size = min(float(getattr(park, column)), 0.9 * float(here["max_p_mw"].max()))
            table.loc[donor, "max_p_mw"] -= size
            new.append({"county": park.county, "bus": park.bus, "year": year, "max_p_mw": size})
    return pd.concat([table, pd.DataFrame(new)], ignore_index=True)


def _roofs_of_prosumers(table: pd.DataFrame) -> pd.DataFrame:
    """Take the roofs of buildings, data centres and virtual power plants off the solar of their node."""
    for row in prosumers().itertuples():
        here = (table["bus"] == row.bus) & (table["year"] == row.year)
        table.loc[here, "max_p_mw"] -= row.pv_mw
        assert (table.loc[here, "max_p_mw"] >= 0).all(), row
    return table


def _finished(table: pd.DataFrame, kind: str, points: pd.DataFrame) -> pd.DataFrame:
    city = points.set_index("id")["city"]
    table["name"] = kind + "_" + table["county"]
    base = table["bus"] != table["county"]
    table.loc[base, "name"] += "_" + table["bus"].str.lower()
    table["profile"] = kind + "_" + table["county"]
    table["city"] = table["county"].map(city)
    table["max_p_mw"] = table["max_p_mw"].round(3)
    early = table["year"] <= 2024
    table["source"] = early.map({True: "statistics by city and tracker shares", False: "plan rule, see SOURCES.md"})
    table["confidence"] = early.map({True: "derived", False: "assumed"})
    order = ["name", "bus", "county", "city", "profile", "technology", "year", "max_p_mw", "source", "confidence"]
    return table[order].sort_values(["year", "name"])


def write_all(facts: Path, points: pd.DataFrame, totals: pd.DataFrame) -> None:
    """Write wind.csv and solar.csv."""
    yearly = totals.set_index("year")
    wind = _parks(_by_bus(_county_mw(wind_shares(facts, points), yearly["wind"].to_dict())), "wind_mw")
    write(_finished(wind.assign(technology="wind"), "wind", points), "wind")
    ground, roofs = solar_shares(facts, points)
    both = {n: {y: ground[n][y] + roofs[n][y] for y in ground[n]} for n in ground}
    solar = _roofs_of_prosumers(_parks(_by_bus(_county_mw(both, yearly["solar"].to_dict())), "solar_mw"))
    # One row per bus: it counts as distributed where the roofs of the county outweigh its ground plants.
    mostly_roofs = {n for n in ground if roofs[n][2024] > ground[n][2024]}
    at_node = (solar["bus"] == solar["county"]) & solar["county"].isin(mostly_roofs)
    solar["technology"] = at_node.map({True: "solar_distributed", False: "solar"})
    write(_finished(solar, "solar", points), "solar")
