"""What a case says about each policy target: a value from the network or the dispatch, and how it was computed.

Sizes are inputs of a case: that a planned capacity is "met" says that the case assumes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gridopt.results.tables.renewable_use import renewable_use
from gridopt.results.tables.words import Pair

if TYPE_CHECKING:
    import pandas as pd

    from gridopt.results.summary import Number
    from gridopt.results.tables.solved import Solved

# Raw coal of 5,000 kcal/kg, the usual conversion [tce/t].
_TCE_PER_T_COAL = 0.7143
# A share of the year that is kept to this is kept [pu].
_SHARE_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Finding:
    """What a case says about a target.

    Parameters
    ----------
    value
        In the unit of the target; NaN where nothing can be told.
    how
        How it was computed (Chinese, English).
    of_a_year
        Whether only the dispatch of a whole year can tell.
    missing
        Why the target can't be judged at all (Chinese, English); None where it can.
    """

    value: float
    how: Pair
    of_a_year: bool = False
    missing: Pair | None = None


Value = Callable[["Solved", "dict[str, Number]"], Finding]
_SIZE: Pair = ("取自网络数据（为算例输入）", "from the network (an input of the case)")
_ABOUT: Pair = (f"{_SIZE[0]}；按不低于95%判定", f"{_SIZE[1]}; about: at least 95 %")
_PRIMARY_ENERGY: Pair = (
    "一次能源消费为全社会口径，不在电力运行模拟之内",
    "primary energy of the whole economy is not in the dispatch",
)


def _nonfossil_energy(solved: Solved, summary: dict[str, Number]) -> Finding:
    share = _number(summary["nonfossil_share_generation"])
    total = sum(float(power.sum()) for power in solved.output_by_kind_mw.values()) * solved.step_h
    part = (
        f"电力部分：非化石发电{share * total / 1e5:,.1f}亿千瓦时，占发电量{share:.1%}",
        f"the power sector's part: {share * total / 1e6:,.2f} TWh of non-fossil generation, {share:.1%} of generation",
    )
    return Finding(np.nan, part, missing=_PRIMARY_ENERGY)


def _nonfossil_capacity(solved: Solved, summary: dict[str, Number]) -> Finding:
    how = (f"{_SIZE[0]}；不含抽水蓄能和新型储能", f"{_SIZE[1]}; storage, pumped too, is left out")
    return Finding(_number(summary["nonfossil_share_capacity"]), how)


def _wind_and_solar(solved: Solved, summary: dict[str, Number]) -> Finding:
    wind, solar = solved.installed_mw("wind"), solved.installed_mw("solar")
    how = (
        f"{_SIZE[0]}：风电{wind / 10:,.1f}万千瓦，光伏{solar / 10:,.1f}万千瓦（含用户侧）；“左右”按不低于95%判定",
        f"{_SIZE[1]}: wind {wind:,.0f} MW, solar {solar:,.0f} MW with what stands behind meters; about: at least 95 %",
    )
    return Finding(wind + solar, how)


def _biomass(solved: Solved, summary: dict[str, Number]) -> Finding:
    return Finding(solved.installed_mw("biomass"), _ABOUT)


def _new_storage(solved: Solved, summary: dict[str, Number]) -> Finding:
    own = float(solved.case.net.prosumer["store_mw"].sum()) if len(solved.case.net.prosumer) else 0.0
    how = (f"{_SIZE[0]}；用户侧储能{own / 10:,.1f}万千瓦未计入", f"{_SIZE[1]}; {own:,.0f} MW behind meters not counted")
    return Finding(solved.store_mw("battery"), how)


def _pumped_storage(solved: Solved, summary: dict[str, Number]) -> Finding:
    return Finding(solved.store_mw("phs"), _ABOUT)


def _channels(solved: Solved, summary: dict[str, Number]) -> Finding:
    new = np.flatnonzero(solved.rows("tie", "tie")["renewable_share_min"].to_numpy(float) > 0)
    if not new.size:
        none = ("算例年无新建跨省通道", "no new channel is in service in this case")
        return Finding(np.nan, ("", ""), missing=none)
    if not solved.case.settings.policy.channels:
        off = (
            "算例未分配通道新能源电量（policy.channels 关闭）",
            "nothing is attributed to channels: policy.channels is off",
        )
        return Finding(np.nan, ("", ""), missing=off)
    sent = np.maximum(solved.values("tie_export_mw"), 0.0).sum(axis=1) * solved.step_h
    green = solved.values("tie_renewable_mw").sum(axis=1) * solved.step_h
    rows = [(solved.labels("tie")[i], green[i] / sent[i], sent[i]) for i in new if sent[i] > 0]
    each_zh = "，".join(f"{name} {share:.1%}（外送{mwh / 1e5:,.1f}亿千瓦时）" for name, share, mwh in rows)
    each = ", ".join(f"{name} {share:.1%} of {mwh / 1e6:,.2f} TWh" for name, share, mwh in rows)
    how = (
        f"分配给通道的风光电量占外送电量，各通道最低值：{each_zh}",
        f"wind and solar attributed to the channel over its export, the lowest of: {each}",
    )
    return Finding(min((share for _, share, _ in rows), default=np.nan), how, of_a_year=True)


def _coal_consumption(solved: Solved, summary: dict[str, Number]) -> Finding:
    tce = _number(summary["coal_tce"])
    raw_t = tce / _TCE_PER_T_COAL
    how = (
        f"电力（及模型内供热）耗标准煤{tce / 1e4:,.0f}万吨，折原煤约{raw_t / 1e4:,.0f}万吨",
        f"power (and heat in the model) burns {tce / 1e6:,.2f} Mtce, about {raw_t / 1e6:,.2f} Mt of raw coal",
    )
    missing = ("煤炭消费为全社会口径", "coal of the whole economy is not in the dispatch")
    return Finding(np.nan, how, missing=missing)


def _coal_share(solved: Solved, summary: dict[str, Number]) -> Finding:
    return Finding(np.nan, ("", ""), missing=_PRIMARY_ENERGY)


def _response(solved: Solved, summary: dict[str, Number]) -> Finding:
    able, peak = solved.total("response_capability_mw"), int(np.argmax(solved.load_mw))
    largest = solved.case.annual_peak_load_mw
    everything = float(solved.consumption_mw.max())
    with_all = float(able[peak]) / everything if everything else 0.0
    called, called_h = _number(summary["dr_peak_mw"]), _number(summary["dr_hours"])
    how = (
        f"模拟期最大负荷时刻（{solved.time[peak]:%m-%d %H:%M}）可响应{able[peak] / 10:,.1f}万千瓦，"
        f"占年最大负荷（不含制氢制氨）{largest / 10:,.1f}万千瓦；按含制氢制氨的最大用电"
        f"{everything / 10:,.1f}万千瓦计为{with_all:.1%}；实际调用最大{called / 10:,.1f}万千瓦、{called_h:,.0f}小时",
        f"{able[peak]:,.0f} MW can be reduced in the hour of the run's largest load ({solved.time[peak]:%m-%d %H:%M}), "
        f"over the annual peak of {largest:,.0f} MW without hydrogen and ammonia ({with_all:.1%} of the "
        f"{everything:,.0f} MW with them); called at most {called:,.0f} MW, in {called_h:,.0f} h",
    )
    return Finding(float(able[peak]) / largest if largest else np.nan, how, of_a_year=True)


def _regulation_base(solved: Solved, summary: dict[str, Number]) -> Finding:
    fleet, gen = solved.fleet, solved.case.net.gen
    water = fleet[(fleet["variable"] == "hydro_p_mw") & (fleet["table"] == "gen")]
    lakes = gen.loc[water["index"].astype(int), "technology"] == "hydro_reservoir"
    hydro = float(water["installed_mw"][lakes.to_numpy()].sum())
    phs, thermal = solved.store_mw("phs"), _flexible_thermal_mw(gen[gen["in_service"].astype(bool)], solved)
    how = (
        f"{_SIZE[0]}：抽水蓄能{phs / 10:,.1f}、水库水电{hydro / 10:,.1f}、改造火电供暖期可调{thermal / 10:,.1f}万千瓦",
        f"{_SIZE[1]}: pumped storage {phs:,.0f}, reservoir hydro {hydro:,.0f}, range of retrofitted thermal plants in "
        f"the heating season {thermal:,.0f} MW",
    )
    return Finding(phs + hydro + thermal, how)


def _flexible_thermal_mw(gen: pd.DataFrame, solved: Solved) -> float:
    """Range of output of retrofitted plants in the heating season, bands of deep regulation included [MW]."""
    rows = gen[gen["retrofitted"].astype(bool)]
    size, low = rows["max_p_mw"].astype(float), rows["min_p_mw"].astype(float)
    bands = solved.case.net.deep_regulation.groupby("index")["width_mw"].sum().reindex(rows.index).fillna(0.0)
    heated = (rows["heat_zone"].fillna("") != "").to_numpy()
    top = np.where(heated, rows["heat_season_max_pu"].fillna(1.0) * size, size)
    floor = np.where(heated, np.maximum(rows["heat_season_min_pu"].fillna(0.0) * size, low), low - bands)
    return float(np.maximum(top - floor, 0.0).sum())


def _pilots(solved: Solved, summary: dict[str, Number]) -> Finding:
    names = solved.labels("pilot")
    if not names:
        if len(solved.case.net.pilot_zone):
            off = (
                "算例未启用试点规则（policy.pilots 关闭）",
                "the pilots keep no rules in this case: policy.pilots is off",
            )
            return Finding(np.nan, ("", ""), missing=off)
        return Finding(np.nan, ("", ""), missing=("算例年无试点", "no pilot is in service in this case"))
    table = solved.rows("pilot_zone", "pilot")
    rules = {name: table[name].to_numpy(float) for name in ("feed_in_max", "self_use_min", "self_supply_min")}
    energy = {
        what: solved.values(f"pilot_{what}_mw").sum(axis=1) for what in ("export", "generation", "available", "load")
    }
    kept, each_zh, each = True, [], []
    for i, name in enumerate(names):
        export, own = energy["export"][i], energy["generation"][i] - energy["export"][i]
        fed, used, supplied = (
            _share(export, energy["available"][i]),
            _share(own, energy["available"][i]),
            _share(own, energy["load"][i]),
        )
        kept &= fed <= float(rules["feed_in_max"][i]) + _SHARE_TOLERANCE
        kept &= used >= float(rules["self_use_min"][i]) - _SHARE_TOLERANCE
        kept &= supplied >= float(rules["self_supply_min"][i]) - _SHARE_TOLERANCE
        each_zh.append(f"{name}：上网{fed:.1%}，自发自用{used:.1%}，自供{supplied:.1%}")
        each.append(f"{name}: fed in {fed:.1%}, own use {used:.1%}, self-supply {supplied:.1%}")
    how = (
        f"由全年交换电量计算，规则见网络数据（全国性规定，省内细则未公布）：{'；'.join(each_zh)}",
        f"from the exchange of the year, rules as in the network (national ones): {'; '.join(each)}",
    )
    return Finding(float(kept), how, of_a_year=True)


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else 0.0


def _charging_piles(solved: Solved, summary: dict[str, Number]) -> Finding:
    loads = solved.case.net.flexible_load
    cars = float(loads.loc[loads["kind"] == "ev", "max_p_mw"].sum()) if len(loads) else 0.0
    missing = ("充电桩数量不在运行模拟之内", "a number of piles is not in the dispatch")
    how = (f"模型中充电负荷最大{cars / 10:,.1f}万千瓦", f"the vehicles of the model draw at most {cars:,.0f} MW")
    return Finding(np.nan, how, missing=missing)


def _absorption_weight(solved: Solved, summary: dict[str, Number]) -> Finding:
    how = (
        "值为省内非水可再生能源发电占全社会用电量，外送部分按规定计入受端，此处未扣除",
        "the value is non-hydro renewable generation over consumption; what is exported counts for the receiver and is "
        "not taken off here",
    )
    missing = ("国家逐年下达，无固定目标值", "set by the state year by year: there is no threshold")
    return Finding(_number(summary["nonhydro_renewable_share_consumption"]), how, missing=missing)


def _utilisation(solved: Solved, summary: dict[str, Number]) -> Finding:
    total = renewable_use(solved).iloc[-1]
    wind, solar = (float(total[f"{kind}_utilisation_pu"]) for kind in ("wind", "solar"))
    how = (
        f"模拟期实发电量/可发电量；风电{wind:.1%}，光伏{solar:.1%}",
        f"used over available wind and solar of the run; wind {wind:.1%}, solar {solar:.1%}",
    )
    return Finding(float(total["both_utilisation_pu"]), how, of_a_year=True)


def _number(value: Number) -> float:
    return 0.0 if value is None else float(value)


#: What tells about each target, by its id.
VALUES: dict[str, Value] = {
    "nonfossil_energy_share_2025": _nonfossil_energy,
    "nonfossil_energy_share_2030": _nonfossil_energy,
    "nonfossil_capacity_share_2025": _nonfossil_capacity,
    "wind_solar_capacity_2030": _wind_and_solar,
    "biomass_capacity_2030": _biomass,
    "new_channel_renewable_share": _channels,
    "coal_consumption_2025": _coal_consumption,
    "coal_share_2025": _coal_share,
    "new_storage_capacity_2025": _new_storage,
    "pumped_storage_capacity_2030": _pumped_storage,
    "peak_response_share_2030": _response,
    "peak_regulation_base": _regulation_base,
    "integrated_pilots": _pilots,
    "charging_piles_2025": _charging_piles,
    "renewable_absorption_weight": _absorption_weight,
    "renewable_utilisation_floor": _utilisation,
}
