"""The planning rule of the 220 kV level: which circuits and transformers are added, and when.

Usage: ``python networks/jilin/plan_reinforcement.py FACTS_FOLDER``. Starting from the corridors of the judgement
tables, year by year, a circuit or transformer is added to the most loaded corridor until each keeps its rule:

- *collection*: every 220 kV zone gives out 0.95 of its wind, 0.60 of its solar, all its hydro and its heating
  units while it consumes 0.6 of its mean load: loading at most 95 % (wind may be tripped after an outage);
- *supply*: every zone takes 1.4 times its mean load while its wind and solar stand still and the largest third of
  its thermal plants is off: with one circuit of the corridor out, the rest carry at most 120 % (transformers 130 %);
- *system*: in the hours of ``SYSTEM`` (windy night, sunny and windy noon, calm evening, flood, full export)
  every corridor is below 85 %, and below 120 % after the loss of one of its own circuits.

The 500 kV corridors are judged by hand (``judgement/lines_500kv_planned.csv``); their loadings are printed.
The result is ``judgement/reinforcement.csv``, which ``make_tables.py`` reads.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import grid_tables
import numpy as np
import pandas as pd
from facts import FIRST_YEAR, JUDGEMENT, PLAN_YEAR

from gridopt.network.build import build
from gridopt.network.matrices import branch_flow_mw, bus_injection_matrix, dc_network
from gridopt.network.snapshots import BASE, PEAK, VALLEY, Hour, Snapshot, demand_rows, merit_order

COLLECTION_PERCENT, SYSTEM_PERCENT = 95.0, 85.0
OUTAGE_PERCENT = {"line": 120.0, "trafo": 130.0}
MOST_ROUNDS = 60
SYSTEM: dict[str, Hour] = {
    "base": BASE,
    "calm winter evening": replace(PEAK, wind=0.03, discharge=0.9),
    "windy winter night": replace(VALLEY, wind=0.80),
    "windy sunny noon": Hour(load={"": 1.0, "load": 0.95}, wind=0.75, solar=0.75, tie=1.2),
    "flood": Hour(load={"": 1.0, "load": 1.05}, wind=0.20, solar=0.3, run_of_river=1.0, reservoir=1.0),
    "full export": Hour(load={"": 1.0, "load": 1.1}, wind=0.80, solar=0.40, tie=1.45, heating=True),
}
FILE = JUDGEMENT / "reinforcement.csv"


class Loading:
    """Flows of a net for given snapshots, by corridor of equal circuits."""

    def __init__(self, net) -> None:
        self.net, self.dc = net, dc_network(net)
        names = net.bus["name"]
        ends = [
            (net[e].at[i, a], net[e].at[i, b])
            for e, i in zip(self.dc.element, self.dc.element_index, strict=True)
            for a, b in [("from_bus", "to_bus") if e == "line" else ("hv_bus", "lv_bus")]
        ]
        self.table = pd.DataFrame(
            {
                "element": self.dc.element,
                "bus_a": [names[a] for a, _ in ends],
                "bus_b": [names[b] for _, b in ends],
                "a": [a for a, _ in ends],
                "b": [b for _, b in ends],
                "limit": self.dc.limit_mw,
                "kv": [net.bus.at[b, "vn_kv"] for _, b in ends],
            }
        )
        key = ["element", "bus_a", "bus_b"]
        self.table["n"] = self.table.groupby(key)["a"].transform("size")

    def percent(self, injection: pd.Series) -> np.ndarray:
        """Loading of each branch [%] for the net injection by bus [MW]."""
        buses = self.net.bus.index
        matrix = bus_injection_matrix(self.dc, buses)
        flow = branch_flow_mw(self.dc, matrix @ injection.reindex(buses).fillna(0.0).to_numpy())
        return 100.0 * np.abs(flow) / self.table["limit"].to_numpy()


def injection(net, s: Snapshot) -> pd.Series:
    """Net injection by bus [MW]."""
    parts = [
        s.gen_mw.groupby(net.gen["bus"]).sum(),
        s.sgen_mw.groupby(net.sgen["bus"]).sum(),
        -s.load_mw.groupby(demand_rows(net)["bus"]).sum(),
        -s.storage_mw.groupby(net.storage["bus"]).sum(),
        -s.tie_mw.groupby(net["tie"]["bus"]).sum(),
    ]
    return pd.concat(parts).groupby(level=0).sum()


def zones(net) -> pd.Series:
    """Number of the connected 220 kV zone of each 220 kV bus."""
    low = net.bus.index[net.bus["vn_kv"] == 220.0]
    zone = pd.Series(low, index=low)
    for _ in range(len(low)):
        before = zone.copy()
        for a, b in zip(net.line["from_bus"], net.line["to_bus"], strict=True):
            if a in zone.index:
                zone[a] = zone[b] = min(zone[a], zone[b])
        if zone.equals(before):
            break
    return zone


def zone_hours(net) -> list[tuple[str, pd.Series]]:
    """Collection and supply of each zone; the rest of the province stands still, the reference takes the sum."""
    zone, hours = zones(net), []
    zone = zone.reindex(net.bus.index)
    wind = net.sgen["technology"] == "wind"
    heating, hydro = net.gen["heat_zone"] != "", net.gen["technology"].str.startswith("hydro")
    for number in zone.dropna().unique():
        here = zone == number
        load = demand_rows(net).groupby("bus")["p_mw"].sum().reindex(net.bus.index).fillna(0.0)
        out = net.sgen["max_p_mw"] * np.where(wind, 0.95, 0.60)
        out = out.groupby(net.sgen["bus"]).sum().reindex(net.bus.index).fillna(0.0)
        plant = net.gen["max_p_mw"].where(heating | hydro, 0.0) * np.where(heating, 0.7, 1.0)
        out += plant.groupby(net.gen["bus"]).sum().reindex(net.bus.index).fillna(0.0)
        hours.append(("collection", (out - 0.6 * load).where(here, 0.0)))
        plant = net.gen["max_p_mw"].where(~hydro, 0.2 * net.gen["max_p_mw"]) * 0.5
        plant = plant.groupby(net.gen["bus"]).sum().reindex(net.bus.index).fillna(0.0)
        hours.append(("supply", (np.minimum(plant, 1.4 * load) - 1.4 * load).where(here, 0.0)))
    return hours


def worst(net) -> pd.Series | None:
    """The corridor that breaks its rule most, or None."""
    grid = Loading(net)
    table, found = grid.table, []
    system = [("system: " + name, injection(net, merit_order(net, hour))) for name, hour in SYSTEM.items()]
    for case, power in zone_hours(net) + system:
        percent = grid.percent(power)
        emergency = table["element"].map(OUTAGE_PERCENT).to_numpy()
        others = np.maximum(table["n"] - 1, 1)
        # A single circuit that is out takes its whole flow with it: it must not carry anything.
        one_out = np.where(table["n"] > 1, percent * table["n"] / others / emergency, percent / 5.0)
        rule = {"collection": percent / COLLECTION_PERCENT, "supply": one_out}
        score = rule.get(case, np.maximum(percent / SYSTEM_PERCENT, one_out))
        found.append(table.assign(case=case, percent=percent, score=score))
    both = pd.concat(found)
    both = both[(both["element"] == "trafo") | (both["kv"] == 220.0)]
    top = both.sort_values(["score", "bus_a", "bus_b"], ascending=[False, True, True]).iloc[0]
    return top if top["score"] > 1.0 else None


def main(facts: Path) -> None:
    FILE.unlink(missing_ok=True)
    rows: list[dict[str, object]] = []
    for year in range(FIRST_YEAR, PLAN_YEAR + 1):
        for _ in range(MOST_ROUNDS):
            if rows:
                pd.DataFrame(rows).to_csv(FILE, index=False, lineterminator="\n")
            grid_tables.write_all(facts)
            top = worst(build("jilin", year))
            if top is None:
                break
            reason = f"{top['case']}: {top['percent']:.0f} % with {top['n']} in {year}"
            keys = {name: top[name] for name in ("element", "bus_a", "bus_b")}
            rows.append({**keys, "count": 1, "commission_year": year, "reason": reason})
        else:
            raise SystemExit(f"{year}: the rule is not kept after {MOST_ROUNDS} additions: {rows[-1]}")
        print(year, len(rows), "additions")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
