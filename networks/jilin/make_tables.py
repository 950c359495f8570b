"""Turn the collected facts into the tables of the stylised grid of Jilin.

Usage: ``python networks/jilin/make_tables.py FACTS_FOLDER``. The result is deterministic; run
``plan_reinforcement.py`` afterwards when plants, loads or corridors have changed, then this script again.
"""

from __future__ import annotations

import sys
from pathlib import Path

import demand_side_tables
import demand_tables
import grid_tables
import heat_tables
import pandas as pd
import plant_tables
import policy_tables
import renewable_tables
import statistics_tables
import water_tables
from facts import HERE


def main(facts: Path) -> None:
    grid_tables.write_all(facts)
    points = pd.read_csv(HERE / "nodes.csv")
    totals = plant_tables.write_all(facts, points)
    water_tables.write_all(facts, totals)
    renewable_tables.write_all(facts, points, totals)
    demand_tables.write_all(facts, points)
    demand_side_tables.write_all(points)
    heat_tables.write_all(facts, pd.read_csv(HERE / "thermal.csv"))
    policy_tables.write_all(facts)
    statistics_tables.write_all(facts, demand_tables.net_export_by_year(facts))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
