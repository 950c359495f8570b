"""Targets that the province has set itself, and the floor of the state for wind and solar."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from facts import judgement, write

# Chinese names of the quantities; the plan's own words where it has them.
NAMES_ZH = {
    "nonfossil_energy_share_2025": "非化石能源占能源消费比重（2025年）",
    "nonfossil_energy_share_2030": "非化石能源占能源消费比重（2030年）",
    "nonfossil_capacity_share_2025": "非化石能源装机占比（2025年）",
    "wind_solar_capacity_2030": "风电、光伏装机（2030年）",
    "biomass_capacity_2030": "生物质发电装机（2030年）",
    "new_channel_renewable_share": "新建跨省通道可再生能源电量占比",
    "coal_consumption_2025": "煤炭消费总量（2025年）",
    "coal_share_2025": "煤炭占能源消费比重（2025年）",
    "new_storage_capacity_2025": "新型储能装机（2025年）",
    "pumped_storage_capacity_2030": "抽水蓄能装机（2030年）",
    "peak_response_share_2030": "需求侧响应能力占最大负荷（2030年）",
    "peak_regulation_base": "东北应急调峰调频保障基地（千万千瓦级）",
    "integrated_pilots": "白城、松原源网荷储一体化试点",
    "charging_piles_2025": "充电桩（2025年）",
    "renewable_absorption_weight": "可再生能源电力消纳责任权重",
    "renewable_utilisation_floor": "新能源利用率",
}


def policy_targets(facts: Path) -> pd.DataFrame:
    """Targets of the carbon-peaking plan, and what the state asks for beside it (``judgement/policy_targets.csv``)."""
    table = pd.concat([pd.read_csv(facts / "policy_targets.csv"), judgement("policy_targets")], ignore_index=True)
    assert set(table["id"]) == set(NAMES_ZH), "every target needs its Chinese name"
    table.insert(2, "quantity_zh", table["id"].map(NAMES_ZH))
    return table


def write_all(facts: Path) -> None:
    """Write the table of this module."""
    write(policy_targets(facts), "policy_targets")
