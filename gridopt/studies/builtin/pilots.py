"""The pilot zones with and without their rules, rule by rule: what each costs, its limit, and how far it is kept.

Each rule is lifted alone, for one zone; what the system then saves is the price of the rule.  The value of a yearly
rule is computed from the energies of all periods, that of a cap from the largest exchange of any hour.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gridopt.errors import InputError
from gridopt.studies.builtin.cube import total
from gridopt.studies.builtin.figures import bars
from gridopt.studies.builtin.say import energy, joined, money, plain, power, say, share
from gridopt.studies.builtin.study import VARIANT, Answer, Numbers, Pair, Study, Variant, key_of, only, row_of

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from gridopt.case import Case
    from gridopt.results.result import Result

RULED, FREE = "rules", "no rules"
#: Rule, its words, the value that lifts it, and whether it is a least value.
_RULES: tuple[tuple[str, Pair, float, bool], ...] = (
    ("self_use_min", ("自发自用比例下限", "least self-use"), 0.0, True),
    ("feed_in_max", ("上网比例上限", "most fed in"), 1.0, False),
    ("self_supply_min", ("自供比例下限", "least self-supply"), 0.0, True),
    ("import_max_mw", ("下网功率上限", "import cap"), 1e5, False),
    ("export_max_mw", ("上网功率上限", "export cap"), 1e5, False),
)
_ENERGIES = ("export", "import", "generation", "available", "load")
# Below this a rule is kept to the last digit [pu or MW].
_BINDS = 1e-3
# What a cost may differ by between two solves of the same problem, of the cost.
_ROUNDING = 1e-7


def name_of(zone: str, rule: str) -> str:
    """Name of the variant in which a rule of a zone is lifted."""
    return f"{zone} without {rule}"


def variants(cases: Mapping[str, Case]) -> list[Variant]:
    """All rules, none, and each lifted alone where the zone has it."""
    zones = only(cases).net.pilot_zone
    if zones.empty:
        raise InputError("the case has no pilot zones: nothing to compare")
    keep = {"policy.pilots": True}
    out = [
        Variant(RULED, ("全部规则", "all rules"), dict(keep)),
        Variant(FREE, ("无规则", "no rules"), {"policy.pilots": False}),
    ]
    for _, zone in zones.iterrows():
        for rule, title, lifted, _least in _RULES:
            if pd.notna(zone[rule]) and zone[rule] != lifted:
                name = str(zone["name"])
                words = (f"{name}取消{title[0]}", f"{name} without {title[1]}")
                labels = {"zone": name, "rule": rule}
                changes = keep | {f"pilot.{name}.{rule}": lifted}
                out.append(Variant(name_of(name, rule), words, changes, labels=labels))
    return out


def read(result: Result) -> Numbers:
    """Energies of each zone, and its largest exchange both ways; nothing where zones keep no rules."""
    dataset, step_h = result.dataset, result.case.settings.step_h
    if "pilot" not in dataset.dims:
        return {}
    out: Numbers = {}
    for at, zone in enumerate(dataset["pilot"].to_numpy()):
        for what in _ENERGIES:
            values = dataset[f"pilot_{what}_mw"].isel(pilot=at)
            out[key_of(f"pilot_{what}_mwh", "pilot", str(zone))] = float(values.sum()) * step_h
            if what in ("export", "import"):
                out[key_of(f"pilot_{what}_max_mw", "pilot", str(zone))] = float(values.max())
    return out


def complete(cube: xr.Dataset, answer: Answer) -> xr.Dataset:
    """The cube with the limit of each rule of each zone, (pilot, pilot_rule); NaN where there is none."""
    import xarray as xr

    zones = only(answer.cases).net.pilot_zone.set_index("name").reindex(cube["pilot"].to_numpy())
    rules = [rule for rule, *_ in _RULES]
    limits = zones[rules].to_numpy(float)
    coordinates = {"pilot": cube["pilot"].to_numpy(), "pilot_rule": rules}
    return cube.assign(pilot_limit=xr.DataArray(limits, coordinates, ("pilot", "pilot_rule")))


def _value(cube: xr.Dataset, zone: str, rule: str) -> float:
    """What a zone comes to by the measure of a rule."""

    def mwh(what: str) -> float:
        return total(cube, f"pilot_{what}_mwh", RULED, pilot=zone)

    match rule:
        case "self_use_min":
            part, whole = mwh("generation") - mwh("export"), mwh("available")
        case "feed_in_max":
            part, whole = mwh("export"), mwh("available")
        case "self_supply_min":
            part, whole = mwh("generation") - mwh("export"), mwh("load")
        case _:
            return total(cube, f"pilot_{rule.removesuffix('_max_mw')}_max_mw", RULED, pilot=zone)
    return part / whole if whole > 0 else np.nan


def table(cube: xr.Dataset) -> pd.DataFrame:
    """One row per zone and rule: limit, value, slack (positive: kept with room), price of the rule."""
    known = set(cube[VARIANT].to_numpy().tolist())
    cost = total(cube, "objective_cny", RULED)
    rows: list[dict[str, Any]] = []
    for zone in map(str, cube["pilot"].to_numpy()):
        for rule, title, _, least in _RULES:
            limit = float(cube["pilot_limit"].sel(pilot=zone, pilot_rule=rule))
            if np.isnan(limit):
                continue
            value, name = _value(cube, zone, rule), name_of(zone, rule)
            lifted = name in known
            more = total(cube, "curtailment_mwh", RULED) - total(cube, "curtailment_mwh", name) if lifted else 0.0
            rows.append(
                {
                    "zone": zone,
                    "rule": rule,
                    "rule_zh": title[0],
                    "limit": limit,
                    "value": value,
                    "slack": value - limit if least else limit - value,
                    "cost_mn_cny": (cost - total(cube, "objective_cny", name)) / 1e6 if lifted else 0.0,
                    "curtailed_by_it_gwh": more / 1e3,
                }
            )
    return pd.DataFrame(rows)


COLUMNS: dict[str, Pair] = {
    "zone": ("园区", "zone"),
    "rule": ("规则（英文）", "rule"),
    "rule_zh": ("规则", "rule (Chinese)"),
    "limit": ("限值", "limit"),
    "value": ("实际值", "value"),
    "slack": ("裕度", "slack"),
    "cost_mn_cny": ("规则代价（百万元）", "cost of the rule, mn CNY"),
    "curtailed_by_it_gwh": ("因此多弃（百万千瓦时）", "curtailed by it, GWh"),
}


def findings(cube: xr.Dataset) -> list[Pair]:
    """Price of all rules, which of them bind or are broken, and which is dearest."""
    rows = table(cube)
    all_cost = total(cube, "objective_cny", RULED) - total(cube, "objective_cny", FREE)
    out = [
        say(
            "全部规则使系统成本增加{cost}（其中规则违约罚金变化{penalty}），弃电增加{wind}。",
            "All rules together cost the system {cost} ({penalty} of it penalties) and add {wind} of curtailment.",
            cost=money(all_cost),
            penalty=money(total(cube, "penalty_cny", RULED) - total(cube, "penalty_cny", FREE)),
            wind=energy(total(cube, "curtailment_mwh", RULED) - total(cube, "curtailment_mwh", FREE)),
        )
    ]
    for zone, own in rows.groupby("zone", sort=False):
        broken, binding = own[own["slack"] < -_BINDS], own[own["slack"].abs() <= _BINDS]
        out.append(
            say(
                "{zone}：起作用的规则：{binding}；未满足的规则：{broken}。",
                "{zone}: rules that bind: {binding}; rules that are broken: {broken}.",
                zone=plain(zone),
                binding=_named(binding),
                broken=_named(broken),
            )
        )
    dearest = row_of(rows, rows["cost_mn_cny"].idxmax())
    if dearest["cost_mn_cny"] * 1e6 <= _ROUNDING * abs(total(cube, "objective_cny", RULED)):
        return [*out, ("没有任何单项规则单独取消后能节省成本。", "Lifting any single rule alone saves nothing.")]
    out.append(
        say(
            "代价最大的单项规则是{zone}的{rule}：取消它可节省{cost}。",
            "The dearest single rule is {rule} of {zone}: without it {cost} are saved.",
            zone=plain(dearest["zone"]),
            rule=(dearest["rule_zh"], dearest["rule"]),
            cost=money(dearest["cost_mn_cny"] * 1e6),
        )
    )
    return out


def _named(rows: pd.DataFrame) -> Pair:
    if rows.empty:
        return "无", "none"
    words = []
    for _, row in rows.iterrows():
        said = power if row["rule"].endswith("_mw") else share
        (value_zh, value), (limit_zh, limit) = said(row["value"]), said(row["limit"])
        words.append((f"{row['rule_zh']}（{value_zh}，限值{limit_zh}）", f"{row['rule']} ({value}, limit {limit})"))
    return joined(words)


def figures(cube: xr.Dataset) -> dict[str, Figure]:
    """Price of each rule, and the shares of the zones beside their limits."""
    rows = table(cube)
    labels = [f"{zone}\n{rule}" for zone, rule in zip(rows["zone"], rows["rule"], strict=True)]
    shares = rows[~rows["rule"].str.endswith("_mw")]
    names = [f"{zone}\n{rule}" for zone, rule in zip(shares["zone"], shares["rule"], strict=True)]
    beside = {"value, %": 100 * shares["value"], "limit, %": 100 * shares["limit"]}
    return {
        "costs": bars("What each rule costs the system", "mn CNY", labels, {"cost": rows["cost_mn_cny"]}),
        "shares": bars("Shares of the zones and their limits", "%", names, beside),
    }


STUDY = Study(
    "pilots",
    ("源网荷储一体化试点规则", "Rules of the pilot zones"),
    variants,
    table,
    COLUMNS,
    findings,
    figures,
    read,
    complete,
    not_told=(
        (
            "代价是全系统的运行成本；园区与电网之间的结算（输配电费、上网电价）不在其中。",
            "Costs are those of running the whole system; what the zones and the grid pay each other is not in them.",
        ),
        (
            "年度规则在各周按比例执行：周内不能用其他季节的富余抵补，代价因此偏高。",
            "Yearly rules hold in each week for its share: no week can lean on another season, so costs are too high.",
        ),
    ),
)
