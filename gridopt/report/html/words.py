"""Every word of the report in Chinese and English; columns and headlines have theirs in the tables' catalogue."""

from __future__ import annotations

import re

from gridopt.results.tables.words import Language, Pair, words

#: Names of units (Chinese, English); what stands nowhere here is written alike in both.
UNIT_WORDS: dict[str, Pair] = {
    "wankw": ("万千瓦", "10⁴ kW"),
    "wankwh": ("万千瓦时", "10⁴ kWh"),
    "yikwh": ("亿千瓦时", "10⁸ kWh"),
    "yi_cny": ("亿元", "10⁸ CNY"),
    "wan_cny": ("万元", "10⁴ CNY"),
    "bn_cny": ("十亿元", "bn CNY"),
    "mn_cny": ("百万元", "mn CNY"),
    "cny": ("元", "CNY"),
    "wan_t": ("万吨", "10⁴ t"),
    "Mt": ("百万吨", "Mt"),
    "kt": ("千吨", "kt"),
    "t": ("吨", "t"),
    "h": ("小时", "h"),
    "cny_per_mwh": ("元/兆瓦时", "CNY/MWh"),
    "cny_per_mw": ("元/兆瓦", "CNY/MW"),
    "coal_equivalent": ("标准煤", " of coal equivalent"),
}

#: Cities beyond the province's border.
CITIES: dict[str, Pair] = {
    "harbin": ("哈尔滨", "Harbin"),
    "shenyang": ("沈阳", "Shenyang"),
    "tieling/fushun": ("铁岭/抚顺", "Tieling/Fushun"),
    "tongliao": ("通辽", "Tongliao"),
}

TEXTS: dict[str, Pair] = {
    # page
    "report": ("运行模拟报告", "Dispatch report"),
    "comparison": ("方案比较", "Comparison"),
    "contents": ("目录", "Contents"),
    "theme": ("明暗切换", "Light or dark"),
    "print": ("打印", "Print"),
    "footer": (
        "由 gridopt {version} 生成；本页不从网络读取任何内容。",
        "Made by gridopt {version}; this page loads nothing from the internet.",
    ),
    "no_script": ("图形需要启用 JavaScript；表格不受影响。", "Figures need JavaScript; the tables don't."),
    "absent_title": ("本结果未包含的内容", "Not in this result"),
    "no_case": (
        "结果目录中的算例无法读取（{reason}），因此缺少地图与结算",
        "the case of the folder can't be read ({reason}), so map and settlement are missing",
    ),
    "inputs_changed": (
        "算例的输入数据在求解之后已改变：地图坐标取自现有数据，结算不再计算",
        "the inputs of the case have changed since it was solved: places on the map are those of today, "
        "and no settlement is computed",
    ),
    # headline
    "headline_title": ("主要指标", "Headline"),
    "scope": (
        "{begin} 至 {end}，共 {hours} 小时；网络：{network}；机组组合：{commitment}",
        "{begin} to {end}, {hours} h; network: {network}; commitment: {commitment}",
    ),
    "network_copperplate": ("单节点（不计网络）", "one node"),
    "network_dc": ("直流潮流", "DC power flow"),
    "network_dc+n-1": ("直流潮流，N-1 校验", "DC power flow with N-1"),
    "commitment_off": ("不计", "off"),
    "commitment_relaxed": ("线性松弛", "relaxed"),
    "commitment_integer": ("整数", "whole units"),
    "unserved_note": ("存在缺电：{energy}。", "Demand is not served: {energy}."),
    "energy_figure": ("电量构成", "Energy"),
    "energy": ("项目", "item"),
    "amount": ("数值", "amount"),
    "of_demand": ("占用电量", "of consumption"),
    "key_import_mwh": ("受入电量", "import"),
    "key_export_mwh": ("外送电量", "export"),
    "key_objective_cny": ("目标函数", "objective"),
    "key_penalty_cny": ("惩罚项", "penalties"),
    "key_dr_mwh": ("需求响应电量", "demand response"),
    "key_spill_mwh": ("弃水电量", "spilled water"),
    "key_hydrogen_t": ("制氢量", "hydrogen"),
    "key_excess_mwh": ("无法消纳的多余电量", "excess energy"),
    "key_phs_charge_mwh": ("抽水蓄能抽水电量", "pumped storage, pumping"),
    "key_battery_charge_mwh": ("新型储能充电量", "batteries, charging"),
    "key_reserve_shortfall_mwh": ("备用缺额", "reserve not held"),
    "key_nonhydro_renewable_share_consumption": (
        "非水可再生能源占用电量比重",
        "non-hydro renewable share of consumption",
    ),
    # scorecard
    "scorecard_title": ("目标记分卡", "Scorecard"),
    "yes": ("是", "yes"),
    "no": ("否", "no"),
    "no_scorecard": ("结果目录中没有 scorecard.csv", "the folder has no scorecard.csv"),
    # dispatch
    "dispatch_title": ("运行方式", "Dispatch"),
    "daily_figure": ("逐日平均出力", "Daily means"),
    "weeks_figure": ("逐时出力（按周查看）", "Every hour, a week at a time"),
    "charging": ("{kind}（充电）", "{kind}, charging"),
    "pumping": ("{kind}（抽水）", "{kind}, pumping"),
    "response": ("需求响应", "demand response"),
    "response_up": ("需求响应（增用）", "demand response, increase"),
    "import": ("受入", "import"),
    "export": ("外送", "export"),
    "unserved": ("缺电", "unserved"),
    "curtailed": ("弃风弃光", "curtailed"),
    "consumption": ("用电负荷", "consumption"),
    "week": ("周", "week"),
    "week_largest_load": ("最大负荷", "largest load"),
    "week_smallest_load": ("最小负荷", "smallest load"),
    "week_largest_net_load": ("最大净负荷", "largest net load"),
    "week_smallest_net_load": ("最小净负荷", "smallest net load"),
    "week_most_curtailed": ("弃电最多", "most curtailment"),
    "week_response": ("需求响应最大", "largest demand response"),
    # curves
    "curves_title": ("负荷曲线", "Load curves"),
    "duration_figure": ("持续曲线", "Duration curves"),
    "mean_day_figure": ("平均日曲线", "Mean day"),
    "net_load": ("净负荷（扣除可发风光）", "net load (less available wind and solar)"),
    "residual_load": (
        "剩余负荷（再计弃电、外送、储能、响应）",
        "residual load (after curtailment, exchange, storage, response)",
    ),
    "hours_axis": ("小时", "hours"),
    "hour_axis": ("时刻", "hour of the day"),
    "winter": ("冬季（11–3月）", "winter (Nov–Mar)"),
    "summer": ("夏季（6–8月）", "summer (Jun–Aug)"),
    "between": ("春秋（4、5、9、10月）", "spring and autumn"),
    # curtailment
    "curtailment_title": ("弃风弃光", "Curtailment"),
    "no_renewable": ("本算例没有风电和光伏", "the case has no wind and solar"),
    "nothing_curtailed": ("没有弃风弃光。", "Nothing is curtailed."),
    "no_causes": (
        "本结果没有弃电原因（由较早版本生成），下图只分时间和地点。",
        "The result tells no causes (it was made by an earlier version): only when and where.",
    ),
    "curtailment_when": ("弃电电力：日期 × 时刻", "Curtailed power, day by hour"),
    "curtailment_months": ("各月弃电量", "Curtailed energy by month"),
    "curtailment_days": ("各日弃电量", "Curtailed energy by day"),
    "curtailment_places": ("各地弃电量", "Curtailed energy by place"),
    "curtailment_rates": ("各地可发、弃电与弃电率", "Available, curtailed and rate by place"),
    "cause_network": ("断面及线路受限", "network"),
    "cause_min_output": ("机组最小出力", "plants at their minimum"),
    "cause_export_limit": ("外送受限", "export at its limit"),
    "cause_storage": ("储能已满或达限", "storage full or at its limit"),
    "cause_rule": ("备用及规则", "reserves and rules"),
    "cause_other": ("其他", "other"),
    "cause_any": ("弃电", "curtailed"),
    "place": ("地点", "place"),
    "offered_of": ("{kind}可发", "{kind}, available"),
    "lost_of": ("{kind}弃电", "{kind}, curtailed"),
    "rate_of": ("{kind}弃电率", "{kind}, rate"),
    # storage
    "storage_title": ("储能与水库", "Storage"),
    "no_storage": ("本算例没有储能", "the case has no storage"),
    "storage_level": ("储能电量", "Energy stored"),
    "storage_level_band": ("储能电量：均值与最低—最高", "Energy stored: mean, and from lowest to highest"),
    "storage_day": ("平均日充放电功率", "Mean day of charging and discharging"),
    "reservoirs": ("水库", "reservoirs"),
    "reservoirs_figure": ("水库蓄能", "Energy in the reservoirs"),
    "storage_table": ("各电站", "Stores"),
    # demand response
    "response_title": ("需求响应", "Demand response"),
    "no_response": ("本算例没有需求响应", "the case has no demand response"),
    "not_called": ("需求响应未被调用。", "Demand response is never called."),
    "response_days": ("各日响应电量（削减）", "Reduction by day"),
    "response_hours": (
        "各时刻响应电量（削减为正，增用为负）",
        "Energy by hour of the day (reductions positive, increases negative)",
    ),
    "program": ("响应项目", "program"),
    "capability": ("响应能力", "capability"),
    "largest": ("最大削减", "largest reduction"),
    "called_hours": ("调用小时", "hours called"),
    "calls": ("调用次数", "calls"),
    "reduced": ("削减电量", "reduced"),
    "increased": ("增用电量", "increased"),
    # rules
    "rules_title": ("试点园区与规则", "Pilot zones and rules"),
    "no_rules": ("本算例没有试点园区和电量约束", "the case has no pilot zones and no energy rules"),
    "zone_figure": ("试点园区 {zone}", "Pilot zone {zone}"),
    "zone_load": ("用电", "load"),
    "zone_generation": ("发电", "generation"),
    "zone_import": ("下网", "import"),
    "zone_export": ("上网", "export"),
    "budgets_table": ("约束执行情况", "Rules and what they came to"),
    "rule": ("约束", "rule"),
    "sense": ("方向", "sense"),
    "state": ("判定", "state"),
    "limit": ("限值", "limit"),
    "used": ("实际", "used"),
    "breach": ("超出", "breach"),
    "sense_most": ("不超过", "at most"),
    "sense_least": ("不低于", "at least"),
    "kept": ("满足", "kept"),
    "broken": ("不满足", "broken"),
    # prices
    "prices_title": ("电价", "Prices"),
    "no_prices": ("本结果没有电价", "the result has no prices"),
    "price": ("电价", "price"),
    "price_when": ("负荷加权电价：日期 × 时刻", "Price weighted with demand, day by hour"),
    "price_duration": ("电价持续曲线", "Price duration curve"),
    "price_places": ("各地平均电价（须线：5%–95%分位）", "Mean price by place (whiskers: 5 to 95 % of the hours)"),
    # grid
    "grid_title": ("电网", "Grid"),
    "no_grid": ("本次计算不计网络", "the run has no network"),
    "no_positions": ("网络没有坐标，不能绘制地图。", "No bus has a position: there is no map."),
    "map_figure": (
        "电网地图：线路颜色为负载率95%分位，圆面积为弃电量",
        "Map: colour is the 95 % quantile of the loading, circles are curtailed energy",
    ),
    "loaded_above": ("负载率 ≥ {percent}%", "loading ≥ {percent} %"),
    "loaded_less": ("负载率 < 50%", "loading < 50 %"),
    "buses": ("母线", "buses"),
    "interface": ("断面", "interface"),
    "interface_figure": ("断面潮流持续曲线", "Flow over the interfaces in order of size"),
    "interface_table": ("断面", "Interfaces"),
    "branch": ("支路", "branch"),
    "branch_table": ("最受限的支路", "Branches that bind most"),
    "no_branch_binds": ("没有支路越限约束起作用。", "No branch limit binds."),
    # AC
    "ac_title": ("交流校核", "AC check"),
    "no_ac": ("本结果没有交流校核", "the result has no AC check"),
    "ac_hours": ("潮流收敛", "converge"),
    "ac_band_hours": ("电压全部合格", "every voltage in its band"),
    "ac_losses": ("网损", "losses"),
    "of_hours": ("共 {hours} 小时", "of {hours} h"),
    "ac_voltage": ("最低与最高电压", "Lowest and highest voltage"),
    "ac_loading": ("最大负载率（电流）", "Largest loading (current)"),
    "lowest": ("最低", "lowest"),
    "highest": ("最高", "highest"),
    "largest_loading": ("最大负载率", "largest loading"),
    "hours_over": ("超过100%小时", "hours above 100 %"),
    "hours_outside": ("越限小时", "hours outside"),
    "ac_branches": ("负载率最高的支路", "Fullest branches"),
    "ac_buses": ("电压越限的母线", "Buses with voltages out of their band"),
    "bus": ("母线", "bus"),
    # certificate
    "certificate_title": ("最优性证明", "Certificate"),
    "no_certificate": ("本结果没有下界证明", "the result has no proven lower bound"),
    "certificate_note": (
        "下界由对偶乘子独立计算：凡满足全部约束、期末储能存量价值相同的方案，成本都不会更低。",
        "The bound comes from dual multipliers alone: no plan that keeps all constraints and leaves as much in the "
        "stores can cost less.",
    ),
    "objective": ("目标函数", "objective"),
    "lower_bound": ("下界", "lower bound"),
    "gap": ("相对间隙", "gap"),
    "gap_cny": ("间隙（费用）", "gap in money"),
    # settlement
    "settlement_title": ("深度调峰结算", "Settlement of deep regulation"),
    "no_settlement": ("本算例没有深度调峰分档报价", "the case has no bands of deep regulation"),
    "no_regulation": ("没有深度调峰。", "There is no deep regulation."),
    "settlement_note": (
        "辅助服务市场补偿合计 {total}，对应 {energy}。这是机组与市场之间的转移支付，不计入运行成本。",
        "The ancillary market pays {total} for {energy} below the minimum. It is a transfer and no part of the cost.",
    ),
    "plant": ("电厂", "plant"),
    "band": ("档位", "band"),
    "hours": ("小时", "hours"),
    "deep_energy": ("深调电量", "energy below the minimum"),
    "compensation": ("补偿", "compensation"),
    # provenance
    "provenance_title": ("数据来源与版本", "Provenance"),
    "what": ("项目", "what"),
    "value": ("内容", "value"),
    "solving": ("求解", "solved"),
    "solving_words": ("{seconds} 秒，{windows} 个时间窗", "{seconds} s, {windows} windows"),
    "case_file": ("算例文件 case.yaml", "Case file case.yaml"),
    "time_note": (
        "图中时间为时段起点，北京时间；各指标口径与结果目录中的表格一致。",
        "Times in figures mark the begin of a step, UTC+8; quantities are defined as in the tables of the folder.",
    ),
    # comparison
    "compare_headline": ("主要指标对比", "Headline, side by side"),
    "compare_note": ("差值均相对于第一个方案（{first}）。", "Differences are against the first result ({first})."),
    "compare_hours": (
        "各结果的时长不同（{hours}），电量和费用不可直接相比。",
        "The results differ in length ({hours}): energies and costs can't be compared as they stand.",
    ),
    "compare_settings": ("算例设置的差异", "Settings that differ"),
    "compare_same": ("算例设置没有差异。", "All settings are the same."),
    "compare_no_settings": (
        "至少一个结果没有 case.yaml，不能比较设置。",
        "At least one result has no case.yaml, so the settings can't be compared.",
    ),
    "setting": ("设置", "setting"),
    "compare_energy": ("电量构成对比", "Energy by kind"),
    "compare_curtailment": ("弃电量对比", "Curtailed energy"),
    "points": ("个百分点", "points"),
    "compare_difference": ("差值", "difference"),
    "compare_provenance": ("数据来源", "Provenance"),
    "result": ("方案", "result"),
    "folder": ("目录", "folder"),
}

# Names of budgets as results have them: pattern, and words in which {0} is the name in it.
_BUDGETS: tuple[tuple[str, str], ...] = (
    (r"(.+): fed into the grid", "{0}：上网电量"),
    (r"(.+): own generation used within", "{0}：自发自用电量"),
    (r"(.+): load served from within", "{0}：自供用电量"),
    (r"(.+): wind and solar in the export", "{0}：外送新能源电量"),
    (r"full hours of (.+)", "{0}：等效满负荷小时"),
    (r"energy of (.+)", "{0}：用电量"),
    (r"curtailed wind and solar", "弃风弃光电量"),
    (r"CO2 cap", "二氧化碳总量"),
)


def text(key: str, language: Language, **values: object) -> str:
    """Words of a key; an unknown key or a value that lacks is a defect and raises.

    Examples
    --------
    >>> text("zone_figure", "en", zone="park")
    'Pilot zone park'
    """
    return words(TEXTS[key], language).format(**values)


def said_budget(name: str, language: Language) -> str:
    """Name of a budget in a language; names that no pattern fits stay as they are.

    Examples
    --------
    >>> said_budget("energy of electrolyser", "zh"), said_budget("energy of electrolyser", "en")
    ('electrolyser：用电量', 'energy of electrolyser')
    """
    if language == "zh":
        for pattern, chinese in _BUDGETS:
            if found := re.fullmatch(pattern, name):
                return chinese.format(*found.groups())
    return name
