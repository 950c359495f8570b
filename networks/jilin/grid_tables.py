"""Nodes, 500 kV stations, lines, transformers, reactors: the grid part of the tables of Jilin.

The 220 kV level is a rule, not a map: one node per county, fed by the 500/220 kV transformers of the stations
that stand there; nodes without a station hang on the nearest strong node of their zone
(``judgement/corridors_220kv.csv``). Zones are not meshed with each other at 220 kV: the published plan is to
split that level into zones. When a county gets its own 500 kV station, its former 220 kV tie is opened.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from facts import HERE, judgement, route_km, write

ASSUMED = {"source": "own planning rule, see SOURCES.md", "confidence": "assumed"}
CONFIDENCE = ["cited", "derived", "recalled", "assumed"]
RENAMED = {"SHUANGLIAO_PP": "SHUANGLIAO", "JIAOHE_PSH": "JIAOHE"}
LISTED_YEARS = {("TIANSHUI", "SONGYUAN"): (2010, 2026), ("TIANSHUI", "LESHENG"): (2026, None)}
LISTED_YEARS |= {("LESHENG", "SONGYUAN"): (2026, None), ("SONGYUAN", "WANQUAN"): (2027, None)}
LISTED_YEARS |= {("WANQUAN", "LONGJIA"): (2027, None), ("JILINDONG", "JIAOHE"): (2029, None)}
# Reactors take three quarters of the charging of 500 kV circuits longer than 60 km, half at either end.
REACTOR_SHARE, REACTOR_FROM_KM = 0.75, 60.0


def nodes(facts: Path) -> pd.DataFrame:
    """County-level nodes with their share of the load."""
    table = judgement("nodes")
    shares = pd.read_csv(facts / "cities_load_share.csv").set_index("city_en")["load_share_50pop_50gdp"]
    shares.index = shares.index.str.lower()
    shares /= shares.sum()
    weight = table["population_10k"] * (1 + 0.5 * table["urban"])
    share = weight / weight.groupby(table["city"]).transform("sum") * table["city"].map(shares)
    share = share.round(6)
    share.iloc[0] += 1 - share.sum()
    table["load_share"] = share.round(6)
    table["source"] = (
        "city share: half population, half product of the city (2020 and 2023, as remembered); "
        "inside the city by remembered population, urban districts weighted 1.5"
    )
    table["confidence"] = "assumed"
    return table.drop(columns="population_10k")


def stations(facts: Path) -> pd.DataFrame:
    """500 kV stations, the cited ones and the assumed ones, and the boundary buses."""
    listed = pd.concat(
        [
            pd.read_csv(facts / "grid_substations_500kv.csv"),
            pd.read_csv(facts / "r2_grid_substations_500kv_add.csv"),
        ]
    )
    years = judgement("station_years").rename(columns={"reason": "year_reason"})
    listed = listed.merge(years, on="id", how="inner")
    tianshui = listed["id"] == "TIANSHUI"
    listed.loc[tianshui, ["lat", "lon"]] = (45.60, 123.05)
    listed.loc[tianshui, "latlon_confidence"] = "assumed"
    listed["vn_kv"] = 500
    listed["kind"] = listed["region"].eq("external").map({True: "external", False: "station"})
    listed["city"] = listed["city"].str.split(" ").str[0].str.lower()
    listed["reason"] = listed["note"].fillna("") + "; " + listed["year_reason"]
    new = judgement("new_stations").assign(latlon_confidence="assumed", **ASSUMED)
    both = pd.concat([listed, new], ignore_index=True)
    columns = ["id", "name_zh", "name_en", "city", "region", "lat", "lon", "kind", "vn_kv"]
    columns += ["commission_year", "latlon_confidence", "reason"]
    return both[[*columns, "source", "confidence"]]


def _circuits(frame: pd.DataFrame, kind: str) -> pd.DataFrame:
    """One row per circuit, with a unique name."""
    frame = frame.loc[frame.index.repeat(frame["circuits"])].drop(columns="circuits").reset_index(drop=True)
    number = frame.groupby(["from_bus", "to_bus"]).cumcount() + 1  # over all years: a name is used once
    frame.insert(0, "name", f"{kind} " + frame["from_bus"] + "-" + frame["to_bus"] + " " + number.astype(str))
    return frame


def lines_500kv(facts: Path, sites: pd.DataFrame) -> pd.DataFrame:
    """500 kV circuits: the listed ones, then the planned ones of the judgement table."""
    place = sites.set_index("id")
    listed = pd.concat(
        [pd.read_csv(facts / "grid_lines_500kv.csv"), pd.read_csv(facts / "r2_grid_lines_500kv_add.csv")]
    )
    rows = []
    for row in listed.itertuples():
        a, b = (RENAMED.get(end, end) for end in (row.from_id, row.to_id))
        # The outlet of the Jiaohe plant is the first half of the second eastern corridor.
        if {a, b} == {"JIAOHE", "JILINDONG"}:
            continue
        opened, closed = LISTED_YEARS.get((a, b), (None, None))
        opened = opened or int(max(place.loc[[a, b], "commission_year"]))
        weakest = max(row.confidence, row.circuits_confidence, key=CONFIDENCE.index)
        tag = f"{row.status}; {'' if pd.isna(row.note) else row.note}".strip("; ")
        rows.append((a, b, row.circuits, row.conductor_assumed, opened, closed, tag, row.source, weakest))
    for row in judgement("lines_500kv_planned").itertuples():
        source = tuple(ASSUMED.values())
        rows.append(
            (row.from_id, row.to_id, row.circuits, row.conductor, row.commission_year, None, row.reason, *source)
        )
    # The neighbours' own grids tie their two boundary buses together.
    for a, b in (("HANAN", "YONGYUAN"), ("PUHE", "XUJIA")):
        rows.append((a, b, 2, "4xLGJ-400/35", 2010, None, "equivalent of the neighbour's grid", *ASSUMED.values()))
    columns = ["from_bus", "to_bus", "circuits", "std_type", "commission_year", "retire_year", "reason"]
    frame = pd.DataFrame(rows, columns=[*columns, "source", "confidence"])
    # Many corridors are listed with a cited source whose circuits or conductors are not: the row is no better.
    frame["source"] = frame["source"].fillna("none").replace("none", "listed corridor without a public source")
    length = [route_km(place.loc[a], place.loc[b]) for a, b in zip(frame["from_bus"], frame["to_bus"], strict=True)]
    frame.insert(4, "length_km", length)
    return _circuits(frame, "500 kV")


def lines_220kv(points: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    """220 kV circuits by the zone rule, without the reinforcements."""
    parks = judgement("parks")
    place = pd.concat([points.set_index("id"), sites.set_index("id"), parks.set_index("bus")])
    outlets = parks.rename(columns={"bus": "from_bus", "node": "to_bus"})
    outlets = outlets.assign(circuits=2, std_type="2xLGJ-400/35", reason="outlet of the pilot park")
    frame = judgement("corridors_220kv").rename(
        columns={"from_node": "from_bus", "to_node": "to_bus", "conductor": "std_type"}
    )
    frame = pd.concat([frame, outlets[[c for c in frame.columns if c in outlets]]], ignore_index=True)
    length = [route_km(place.loc[a], place.loc[b]) for a, b in zip(frame["from_bus"], frame["to_bus"], strict=True)]
    frame.insert(3, "length_km", length)
    return _circuits(frame.assign(**ASSUMED), "220 kV")


def transformers() -> pd.DataFrame:
    """500/220 kV transformers, one row each, without the reinforcements."""
    frame = judgement("transformers").rename(columns={"station": "hv_bus", "node": "lv_bus", "type": "std_type"})
    frame = frame.loc[frame.index.repeat(frame["count"])].drop(columns="count").reset_index(drop=True)
    number = frame.groupby("hv_bus").cumcount() + 1
    frame.insert(0, "name", "trafo " + frame["hv_bus"] + " " + number.astype(str))
    frame["retire_year"] = pd.NA
    cited = frame["reason"].str.contains("cited")
    frame["source"] = ASSUMED["source"]
    frame.loc[cited, "source"] = "grid news, see the facts on substations in SOURCES.md"
    frame["confidence"] = cited.map({True: "cited", False: "assumed"})
    return frame


def shunts(lines: pd.DataFrame, types: pd.DataFrame) -> pd.DataFrame:
    """Line reactors of the long 500 kV circuits [Mvar at nominal voltage], half at either end."""
    long = lines[lines["length_km"] > REACTOR_FROM_KM]
    charging = long["std_type"].map(types.set_index("name")["b_us_per_km"]) * 1e-6 * 500.0**2 * long["length_km"]
    rows = [
        long.assign(
            name=f"reactor {end} " + long["name"], bus=long[f"{end}_bus"], q_mvar=(charging * REACTOR_SHARE / 2)
        )
        for end in ("from", "to")
    ]
    frame = pd.concat(rows)[["name", "bus", "q_mvar", "commission_year", "retire_year"]]
    frame["q_mvar"] = frame["q_mvar"].round(1)
    return frame.assign(**ASSUMED)


def write_all(facts: Path) -> None:
    """Write every table of the grid part."""
    points, sites = nodes(facts), stations(facts)
    write(points, "nodes")
    write(sites, "substations")
    types = pd.read_csv(facts / "line_types.csv")
    write(types, "line_types")
    write(
        pd.read_csv(facts / "transformer_types.csv").assign(source="typical data, see SOURCES.md"), "transformer_types"
    )
    high, low, units = lines_500kv(facts, sites), lines_220kv(points, sites), transformers()
    reinforcement = HERE / "judgement" / "reinforcement.csv"
    if reinforcement.exists():
        low, units = with_reinforcement(low, units, pd.read_csv(reinforcement))
    write(high, "lines_500kv")
    write(low, "lines_220kv")
    write(units, "transformers")
    write(shunts(high, types), "shunts")


def with_reinforcement(
    low: pd.DataFrame, units: pd.DataFrame, extra: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Append the circuits and transformers that the planning rule adds (``plan_reinforcement.py``)."""
    for row in extra.itertuples():
        frame = low if row.element == "line" else units
        ends = ["from_bus", "to_bus"] if row.element == "line" else ["hv_bus", "lv_bus"]
        alike = frame[(frame[ends[0]] == row.bus_a) & (frame[ends[1]] == row.bus_b)]
        first = alike.iloc[-1]
        stem = first["name"].rsplit(" ", 1)[0]
        new = pd.DataFrame([first] * int(row.count)).assign(
            name=[f"{stem} {len(alike) + k + 1}" for k in range(int(row.count))],
            commission_year=row.commission_year,
            reason=row.reason,
            **ASSUMED,
        )
        frame = pd.concat([frame, new], ignore_index=True)
        if row.element == "line":
            low = frame
        else:
            units = frame
    return low, units
