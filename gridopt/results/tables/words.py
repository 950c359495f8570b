"""Every word of tables, scorecard and workbook in Chinese and English; units follow from the names of the columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["zh", "en"]
Pair = tuple[str, str]


@dataclass(frozen=True)
class Unit:
    """How a quantity is shown: its unit, the factor from the unit of the API, and the number format of a cell."""

    zh: str
    zh_factor: float
    zh_format: str
    en: str
    en_factor: float
    en_format: str

    def shown(self, language: Language) -> tuple[str, float, str]:
        """Unit, factor and number format of a language."""
        if language == "zh":
            return self.zh, self.zh_factor, self.zh_format
        return self.en, self.en_factor, self.en_format


_WHOLE = "#,##0"
#: Unit by the end of a column's name; the first that fits holds.
UNITS: dict[str, Unit] = {
    "_cny_per_mwh": Unit("元/兆瓦时", 1.0, "#,##0.0", "CNY/MWh", 1.0, "#,##0.0"),
    "_cny_per_mw": Unit("元/兆瓦", 1.0, _WHOLE, "CNY/MW", 1.0, _WHOLE),
    "_capacity_mwh": Unit("万千瓦时", 0.1, "#,##0.0", "MWh", 1.0, _WHOLE),
    "_mwh": Unit("亿千瓦时", 1e-5, "#,##0.000", "GWh", 1e-3, "#,##0.0"),
    "_mw": Unit("万千瓦", 0.1, "#,##0.0", "MW", 1.0, _WHOLE),
    "_pu": Unit("%", 1.0, "0.0%", "%", 1.0, "0.0%"),
    "_tce": Unit("吨标准煤", 1.0, _WHOLE, "tce", 1.0, _WHOLE),
    "_t": Unit("吨", 1.0, _WHOLE, "t", 1.0, _WHOLE),
    "_cny": Unit("亿元", 1e-8, "#,##0.000", "mn CNY", 1e-6, "#,##0.0"),
    "_h": Unit("小时", 1.0, _WHOLE, "h", 1.0, _WHOLE),
    # fractions of units start in relaxed runs
    "starts": Unit("", 1.0, "#,##0.0", "", 1.0, "#,##0.0"),
    "cycles": Unit("", 1.0, "#,##0.0", "", 1.0, "#,##0.0"),
    "cycles_per_day": Unit("", 1.0, "0.00", "", 1.0, "0.00"),
}
_PLAIN = Unit("", 1.0, "General", "", 1.0, "General")

#: Kinds of plants in the order of a report; those of ``THERMAL`` are thermal power in the statistics (without biomass).
KINDS: dict[str, Pair] = {
    "coal": ("纯凝煤电", "condensing coal"),
    "chp": ("热电联产", "combined heat and power"),
    "gas": ("燃气（油）", "gas and oil"),
    "captive": ("自备电厂", "captive plants"),
    "biomass": ("生物质", "biomass"),
    "nuclear": ("核电", "nuclear"),
    "hydro": ("常规水电", "hydro"),
    "wind": ("风电", "wind"),
    "solar": ("光伏", "solar"),
    "other": ("其他", "other"),
}
THERMAL = ("coal", "chp", "gas", "captive")
STORES: dict[str, Pair] = {
    "phs": ("抽水蓄能", "pumped storage"),
    "battery": ("新型储能", "battery"),
    "store": ("其他储能", "other storage"),
}
#: Words that stand in cells.
VALUES: dict[str, Pair] = {
    **KINDS,
    **STORES,
    "total": ("合计", "total"),
    "largest_load": ("最大负荷日", "largest load"),
    "smallest_load": ("最小负荷日", "smallest load"),
    "largest_renewable_share": ("新能源占比最大日", "largest renewable share"),
    "steepest_ramp": ("净负荷爬坡最大日", "steepest ramp"),
    "spring_festival": ("春节", "Spring Festival"),
    "met": ("达到", "met"),
    "missed": ("未达到", "missed"),
    "not computable from dispatch": ("不能由运行模拟判定", "not computable from dispatch"),
    "all": ("各年", "all"),
    "from 2024": ("2024年起", "from 2024"),
    "~": ("约", "about"),
    ">=": ("≥", "≥"),
    "<=": ("≤", "≤"),
    "==": ("=", "="),
    "stylised grid, not the data of the grid company": (
        "示意性电网，非电网公司数据",
        "stylised grid, not the data of the grid company",
    ),
    "changchun": ("长春", "Changchun"),
    "jilin": ("吉林", "Jilin city"),
    "siping": ("四平", "Siping"),
    "liaoyuan": ("辽源", "Liaoyuan"),
    "tonghua": ("通化", "Tonghua"),
    "baishan": ("白山", "Baishan"),
    "songyuan": ("松原", "Songyuan"),
    "baicheng": ("白城", "Baicheng"),
    "yanbian": ("延边", "Yanbian"),
}

TITLES: dict[str, Pair] = {
    "overview": ("概况", "Overview"),
    "scorecard": ("目标记分卡", "Scorecard"),
    "power_balance": ("电力平衡", "Power balance"),
    "energy_balance": ("电量平衡", "Energy balance"),
    "regulation_balance": ("调峰平衡", "Peak regulation"),
    "renewable_use": ("新能源消纳", "Use of wind and solar"),
    "renewable_use_by_city": ("分市州消纳", "Use by city"),
    "plants": ("分电厂", "Plants"),
    "interfaces": ("断面", "Interfaces"),
    "storage": ("抽水蓄能与储能", "Storage"),
    "typical_days": ("典型日", "Typical days"),
}

_COLUMNS: dict[str, Pair] = {
    "month": ("月份", "month"),
    "date": ("日期", "date"),
    "hour": ("时刻", "hour"),
    "day_kind": ("典型日", "day"),
    "city": ("市州", "city"),
    "kind": ("类型", "kind"),
    "bus": ("接入点", "bus"),
    "name_zh": ("中文名", "Chinese name"),
    # power balance
    "time": ("最大负荷时刻", "hour of maximum load (end)"),
    "max_load_mw": ("最大负荷（自然曲线，不含制氢制氨）", "maximum load (usual hours, without hydrogen and ammonia)"),
    "following_mw": ("最大负荷时刻制氢制氨用电（模拟）", "hydrogen and ammonia at maximum load (dispatch)"),
    "largest_consumption_mw": (
        "当月最大用电（模拟，含制氢制氨）",
        "largest consumption of the month (dispatch, all loads)",
    ),
    "losses_mw": ("网损", "losses of the grid"),
    "load_reserve_mw": ("负荷备用", "reserve for load"),
    "outage_reserve_mw": ("事故备用", "reserve for outages"),
    "maintenance_reserve_mw": ("检修备用", "reserve for maintenance"),
    "contract_export_mw": ("外送（联络线计划）", "export (contract)"),
    "required_mw": ("一、系统需要容量", "1 capacity required"),
    "installed_mw": ("二、装机容量", "2 installed capacity"),
    "out_of_service_mw": ("减：检修及停运容量", "less overhaul and outages"),
    "heat_derating_mw": ("减：供热受阻", "less derating by heat"),
    "water_derating_mw": ("减：水电受阻", "less derating by water"),
    "wind_credit_mw": ("加：风电参与平衡", "plus wind credited"),
    "solar_credit_mw": ("加：光伏参与平衡", "plus solar credited"),
    "phs_credit_mw": ("加：抽水蓄能参与平衡", "plus pumped storage credited"),
    "battery_credit_mw": ("加：新型储能参与平衡", "plus batteries credited"),
    "contract_import_mw": ("加：受入（联络线计划）", "plus import (contract)"),
    "response_mw": ("加：需求响应能力", "plus demand response"),
    "available_mw": ("三、可用容量（常规装机加减以下各项）", "3 capacity available (plants but wind and solar)"),
    "surplus_mw": ("四、电力盈（+）亏（−）", "4 surplus (+) or deficit (−)"),
    "surplus_pu": ("盈亏占最大负荷", "surplus of maximum load"),
    # energy balance
    "demand_mwh": ("一、全社会用电量", "1 consumption"),
    "following_mwh": ("其中：制氢制氨", "of which hydrogen and ammonia"),
    "generation_mwh": ("二、发电量（不含储能）", "2 generation (without storage)"),
    "thermal_mwh": ("火电（不含生物质）", "thermal (without biomass)"),
    "phs_discharge_mwh": ("抽水蓄能发电", "pumped storage, generating"),
    "phs_charge_mwh": ("抽水蓄能抽水", "pumped storage, pumping"),
    "battery_discharge_mwh": ("新型储能放电", "batteries, discharging"),
    "battery_charge_mwh": ("新型储能充电", "batteries, charging"),
    "store_discharge_mwh": ("其他储能放电", "other storage, discharging"),
    "store_charge_mwh": ("其他储能充电", "other storage, charging"),
    "import_mwh": ("受入电量", "import"),
    "export_mwh": ("外送电量", "export"),
    "net_export_mwh": ("三、净外送电量", "3 net export"),
    "response_mwh": ("需求响应（净减少）", "demand response (net)"),
    "unserved_mwh": ("缺电量", "unserved energy"),
    "excess_mwh": ("无法消纳的多余电量", "excess energy"),
    "losses_mwh": ("网损电量", "losses of the grid"),
    "behind_meter_mwh": ("用户侧储能净充电", "taken by stores behind meters"),
    "thermal_utilisation_h": ("四、利用小时：火电", "4 utilisation hours: thermal"),
    "phs_utilisation_h": ("抽水蓄能（发电）利用小时", "pumped storage (generating), hours"),
    "battery_utilisation_h": ("新型储能（放电）利用小时", "batteries (discharging), hours"),
    # peak regulation
    "peak_load_mw": ("最大负荷", "peak load"),
    "valley_load_mw": ("最小负荷", "valley load"),
    "difference_mw": ("峰谷差", "peak-valley difference"),
    "difference_pu": ("峰谷差率", "difference of peak"),
    "peak_export_mw": ("峰时外送计划（受入为负）", "contracted export at the peak"),
    "valley_export_mw": ("谷时外送计划（受入为负）", "contracted export at the valley"),
    "spinning_reserve_mw": ("峰时旋转备用", "spinning reserve at the peak"),
    "need_mw": ("一、调峰需求", "1 regulation needed"),
    "started_mw": ("火电开机容量（扣供热受阻）", "started thermal capacity (less derating by heat)"),
    "minimum_mw": ("火电最小技术出力", "minimum output of what is started"),
    "thermal_regulation_mw": ("火电调峰能力", "regulation of thermal power"),
    "hydro_regulation_mw": ("水电调峰能力", "regulation of hydro"),
    "phs_regulation_mw": ("抽水蓄能调峰能力", "regulation of pumped storage"),
    "battery_regulation_mw": ("新型储能调峰能力", "regulation of batteries"),
    "following_regulation_mw": ("制氢制氨调峰能力", "regulation of hydrogen and ammonia"),
    "regulation_mw": ("二、调峰能力", "2 regulation available"),
    "regulation_surplus_mw": ("三、调峰盈（+）亏（−）", "3 surplus (+) or deficit (−)"),
    "tight_time": ("新能源消纳最紧时刻", "tightest hour for wind and solar (end)"),
    "room_mw": ("四、消纳空间", "4 room for wind and solar"),
    "wind_solar_mw": ("风光可发电力", "available wind and solar"),
    "gap_mw": ("五、消纳缺口", "5 wind and solar beyond the room"),
    "curtailed_mw": ("同时刻弃电电力（模拟结果）", "curtailed in that hour (dispatch)"),
    # use of wind and solar
    "cause_network_mwh": ("弃电原因：断面及线路受限", "curtailed: network"),
    "cause_min_output_mwh": ("弃电原因：机组最小出力", "curtailed: plants at their minimum"),
    "cause_export_limit_mwh": ("弃电原因：外送受限", "curtailed: export at its limit"),
    "cause_storage_mwh": ("弃电原因：储能已满或达限", "curtailed: storage full or at its limit"),
    "cause_rule_mwh": ("弃电原因：备用及规则", "curtailed: reserves and rules"),
    "cause_other_mwh": ("弃电原因：其他", "curtailed: other"),
    "curtailed_hours_h": ("弃电小时", "hours with curtailment"),
    "largest_curtailed_mw": ("最大弃电电力", "largest curtailment"),
    "own_solar_mwh": ("用户侧光伏自用及上网", "solar behind meters"),
    "penetration_pu": ("电量渗透率", "penetration, energy"),
    "largest_penetration_pu": ("最大小时渗透率", "penetration, largest hour"),
    "load_mwh": ("用电量", "consumption"),
    # plants
    "plant": ("电厂", "plant"),
    "plant_installed_mw": ("装机容量", "installed"),
    "units": ("机组数", "units"),
    "energy_mwh": ("发电量", "generation"),
    "curtailed_mwh": ("弃电量", "curtailed"),
    "curtailment_pu": ("弃电率", "curtailment rate"),
    "utilisation_h": ("利用小时", "utilisation hours"),
    "load_factor_pu": ("负荷率", "load factor while running"),
    "running_h": ("平均运行小时", "hours running, mean of the units"),
    "starts": ("启动次数（台次）", "starts of units"),
    "deep_regulation_h": ("深度调峰小时", "hours of deep regulation"),
    "deep_regulation_mwh": ("深度调峰少发电量", "energy below the minimum"),
    "below_half_h": ("出力低于开机容量50%小时", "hours below half of what runs"),
    "largest_mw": ("最大出力", "largest output"),
    "co2_t": ("二氧化碳", "CO2"),
    "coal_tce": ("标准煤耗", "standard coal"),
    # interfaces
    "interface": ("断面代码", "interface"),
    "limit_mw": ("正向限额", "limit"),
    "reverse_limit_mw": ("反向限额", "limit, reverse"),
    "largest_flow_mw": ("最大正向潮流", "largest flow"),
    "largest_reverse_mw": ("最大反向潮流", "largest flow, reverse"),
    "p95_mw": ("潮流95%分位", "95 % quantile of the flow"),
    "p95_loading_pu": ("负载率95%分位", "95 % quantile of the loading"),
    "loaded_80_h": ("负载率≥80%小时", "hours at 80 % or more"),
    "loaded_95_h": ("负载率≥95%小时", "hours at 95 % or more"),
    "loaded_100_h": ("负载率达100%小时", "hours at the limit"),
    "forward_mwh": ("正向电量", "energy"),
    "reverse_mwh": ("反向电量", "energy, reverse"),
    "binding_h": ("约束起作用小时", "hours binding"),
    "price_cny_per_mwh": ("影子价格（起作用时平均）", "shadow price, mean while binding"),
    "worth_cny_per_mw": ("增容价值（全时段累计）", "worth of one more MW, whole run"),
    # storage
    "store": ("电站", "store"),
    "discharge_mw": ("发电（放电）功率", "power, generating"),
    "charge_mw": ("抽水（充电）功率", "power, pumping"),
    "size_capacity_mwh": ("储能容量", "energy capacity"),
    "charged_mwh": ("抽水（充电）电量", "energy taken"),
    "discharged_mwh": ("发电（放电）电量", "energy given"),
    "efficiency_pu": ("综合效率", "energy given over taken"),
    "cycles": ("循环次数", "full cycles"),
    "cycles_per_day": ("日均循环次数", "cycles a day"),
    "charging_h": ("抽水（充电）小时", "hours pumping"),
    "discharging_h": ("发电（放电）小时", "hours generating"),
    "charge_utilisation_h": ("抽水（充电）利用小时", "full-load hours pumping"),
    "discharge_utilisation_h": ("发电（放电）利用小时", "full-load hours generating"),
    "use_pu": ("利用率", "utilisation"),
    # typical days
    "load_mw": ("用电负荷（模拟，不含制氢制氨）", "load (dispatch, without hydrogen and ammonia)"),
    "hydrogen_mw": ("制氢制氨", "hydrogen and ammonia"),
    "phs_mw": ("抽水蓄能（抽水为负）", "pumped storage (pumping negative)"),
    "battery_mw": ("新型储能（充电为负）", "batteries (charging negative)"),
    "store_mw": ("其他储能（充电为负）", "other storage (charging negative)"),
    "export_mw": ("净外送", "net export"),
    "down_mw": ("需求响应", "demand response"),
    "behind_meter_mw": ("用户侧储能净充电", "taken by stores behind meters"),
    "unserved_mw": ("缺电", "unserved"),
    "power_price_cny_per_mwh": ("负荷加权电价", "price, weighted with demand"),
    # scorecard
    "id": ("代码", "id"),
    "target": ("目标", "target"),
    "year": ("目标年", "year"),
    "clause": ("条款", "clause"),
    "value": ("计算值", "value"),
    "sense": ("要求", "sense"),
    "threshold": ("目标值", "threshold"),
    "unit": ("单位", "unit"),
    "status": ("判定", "status"),
    "how": ("计算方法及说明", "how computed"),
    "source": ("来源", "source"),
}
COLUMNS: dict[str, Pair] = dict(_COLUMNS)
for _kind, (_zh, _en) in KINDS.items():
    COLUMNS |= {
        f"{_kind}_installed_mw": (_zh, _en),
        f"{_kind}_mwh": (_zh, _en),
        f"{_kind}_utilisation_h": (f"{_zh}利用小时", f"{_en}, hours"),
        f"{_kind}_mw": (_zh, _en),
    }
for _kind, (_zh, _en) in STORES.items():
    COLUMNS[f"{_kind}_installed_mw"] = (_zh, _en)
for _kind, (_zh, _en) in {
    "wind": KINDS["wind"],
    "solar": KINDS["solar"],
    "both": ("风光合计", "wind and solar"),
}.items():
    COLUMNS |= {
        f"{_kind}_available_mwh": (f"{_zh}可发电量", f"{_en}, available"),
        f"{_kind}_used_mwh": (f"{_zh}实发电量", f"{_en}, used"),
        f"{_kind}_curtailed_mwh": (f"{_zh}弃电量", f"{_en}, curtailed"),
        f"{_kind}_curtailment_pu": (f"{_zh}弃电率", f"{_en}, curtailment rate"),
        f"{_kind}_utilisation_pu": (f"{_zh}利用率", f"{_en}, utilisation"),
    }

#: Units of policy targets: as the table of targets has them, and how they are shown.
TARGET_UNITS: dict[str, Unit] = {
    "pu": UNITS["_pu"],
    "MW": UNITS["_mw"],
    "Mt": Unit("万吨", 100.0, _WHOLE, "Mt", 1.0, "#,##0.0"),
    "count": Unit("个", 1.0, _WHOLE, "number", 1.0, _WHOLE),
    "bool": Unit("是=1", 1.0, _WHOLE, "yes = 1", 1.0, _WHOLE),
}

#: Numbers of the summary that stand on the first sheet.
HEADLINES: dict[str, Pair] = {
    "demand_mwh": ("全社会用电量", "consumption"),
    "peak_load_mw": ("最大用电负荷（含制氢制氨）", "peak load (with hydrogen and ammonia)"),
    "peak_load_after_dr_mw": ("需求响应后最大负荷", "peak load after demand response"),
    "thermal_mwh": ("火电发电量（不含生物质）", "thermal generation (without biomass)"),
    "biomass_mwh": ("生物质发电量", "biomass generation"),
    "hydro_mwh": ("水电发电量（不含抽蓄）", "hydro generation"),
    "wind_mwh": ("风电发电量", "wind generation"),
    "solar_mwh": ("光伏发电量", "solar generation"),
    "net_export_mwh": ("净外送电量", "net export"),
    "curtailment_mwh": ("弃风弃光电量", "curtailed wind and solar"),
    "curtailment_rate_pu": ("弃电率", "curtailment rate"),
    "utilisation_wind_pu": ("风电利用率", "utilisation of wind"),
    "utilisation_solar_pu": ("光伏利用率", "utilisation of solar"),
    "phs_discharge_mwh": ("抽水蓄能发电量", "pumped storage, generating"),
    "battery_discharge_mwh": ("新型储能放电量", "batteries, discharging"),
    "unserved_mwh": ("缺电量", "unserved energy"),
    "nonfossil_share_generation_pu": ("非化石发电量占比", "non-fossil share of generation"),
    "nonfossil_share_capacity_pu": ("非化石装机占比（不含储能）", "non-fossil share of capacity (without storage)"),
    "co2_t": ("二氧化碳排放", "CO2"),
    "coal_tce": ("标准煤耗", "standard coal"),
    "operating_cost_cny": ("运行成本（已扣外送收入）", "operating cost (value of export taken off)"),
}
#: Lines of the first sheet about where the numbers come from.
PROVENANCE: dict[str, Pair] = {
    "case": ("算例", "case"),
    "description": ("说明", "description"),
    "network": ("网络", "network"),
    "horizon": ("时段", "horizon"),
    "hours": ("小时数", "hours"),
    "model": ("模型", "model"),
    "input_sha256": ("输入数据摘要（SHA-256）", "hash of all inputs (SHA-256)"),
    "solver": ("求解器", "solver"),
    "versions": ("软件版本", "versions"),
    "created": ("计算时间（UTC）", "computed (UTC)"),
}
NOTE: Pair = (
    "时刻为时段末，北京时间；口径说明见 docs/tables.md",
    "time stamps mark the end of the hour, UTC+8; conventions: docs/tables.md",
)


def words(pair: Pair, language: Language) -> str:
    """The word of a language."""
    return pair[0] if language == "zh" else pair[1]


def unit_of(column: str) -> Unit:
    """Unit of a column, from the end of its name.

    Examples
    --------
    >>> unit_of("wind_curtailed_mwh").en, unit_of("surplus_mw").zh, unit_of("units").en
    ('GWh', '万千瓦', '')
    """
    return next((unit for end, unit in UNITS.items() if column.endswith(end)), _PLAIN)


def said(value: object, language: Language) -> object:
    """A cell's word in a language; numbers and names stay as they are."""
    return words(VALUES[value], language) if isinstance(value, str) and value in VALUES else value
