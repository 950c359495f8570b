"""What pumped storage, batteries and flexible coal each contribute: every combination of the three, on and off.

*Without it* is what is lost when one alone is taken from the case; *alone* is what it brings where none of the three
is; the *mean* over all orders in which they could be added (Shapley) shares out the whole and adds up to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from math import factorial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gridopt.errors import InputError
from gridopt.results.summary import capacity_mw
from gridopt.studies.builtin import firm
from gridopt.studies.builtin.cube import total
from gridopt.studies.builtin.figures import bars
from gridopt.studies.builtin.say import energy, joined, money, power, price, say
from gridopt.studies.builtin.study import VARIANT, Numbers, Pair, Study, Variant, key_of, only, present

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from gridopt.case import Case
    from gridopt.results.result import Result
    from gridopt.studies.design import Value

_PARTS: dict[str, Pair] = {
    "phs": ("抽水蓄能", "pumped storage"),
    "battery": ("新型储能", "batteries"),
    "retrofit": ("煤电灵活性改造", "flexible coal"),
}
_SIZE = {"phs": "storage.phs.p_mw", "battery": "storage.battery.p_mw", "retrofit": "thermal.retrofit_share"}
_EDITS = {"retrofit": ("without_retrofit",)}
_MORE = "all coal retrofitted"
# What is saved is what would be spent; penalties are no money.
_COST = "operating_cost_cny"
#: What is shared out: key of the summary, and its column.
_EFFECTS = {
    _COST: ("saves", "mn_cny", 1e6),
    "curtailment_mwh": ("avoids", "gwh", 1e3),
    "missing_mw": ("firm", "mw", 1.0),
}

# Penalties of less are curtailment and rounding [mn CNY].
_TELLING_MN_CNY = 100.0

Together = frozenset[str]


def name_of(parts: Together) -> str:
    """Name of the variant that has some of the parts.

    Examples
    --------
    >>> name_of(frozenset({"phs", "battery"})), name_of(frozenset())
    ('battery+phs', 'none')
    """
    return "+".join(sorted(parts)) or firm.NONE


def variants(cases: Mapping[str, Case]) -> list[Variant]:
    """Every combination of what the case has of the three; the last one retrofits the rest of the coal plants."""
    case = only(cases)
    there = [part for part, lever in _SIZE.items() if present(case, lever) > 0]
    if not there:
        raise InputError("the case has no pumped storage, no batteries and no retrofitted coal: nothing to compare")
    out = []
    for count in range(len(there), -1, -1):
        for chosen in combinations(there, count):
            off = [part for part in there if part not in chosen]
            changes: dict[str, Value] = {_SIZE[part]: 0.0 for part in off if part not in _EDITS}
            edits = tuple(edit for part in off for edit in _EDITS.get(part, ()))
            words = joined([_PARTS[part] for part in chosen]) if chosen else ("均无", "none of them")
            labels = {part: float(part in chosen) for part in there}
            out.append(Variant(name_of(frozenset(chosen)), words, changes, edits, labels))
    if "retrofit" in there and present(case, _SIZE["retrofit"]) < 1:
        all_on = dict.fromkeys(there, 1.0)
        title = ("煤电全部改造", "all coal retrofitted")
        out.append(Variant(_MORE, title, {_SIZE["retrofit"]: 1.0}, (), all_on))
    return out


def read(result: Result) -> Numbers:
    """Worth of one MW more of each technology, weighted by size [CNY/MW, CNY/MWh], and its size."""
    dataset, net = result.dataset, result.case.net
    out: Numbers = {}
    if "storage_technology" in dataset.coords:
        kinds = dataset["storage_technology"].to_numpy()
        each = {
            "worth_cny_per_mw": ("storage_discharge_worth_cny_per_mw", "storage_charge_worth_cny_per_mw"),
            "energy_worth_cny_per_mwh": ("storage_energy_worth_cny_per_mwh",),
        }
        sizes = capacity_mw(net.storage, "min_p_mw").set_axis(net.storage["name"])
        size = sizes.reindex(dataset["storage"].to_numpy()).fillna(0.0).to_numpy()
        for kind in ("phs", "battery"):
            mine = kinds == kind
            out |= {
                key_of(name, "part", kind): _mean(np.sum([dataset[v].to_numpy() for v in of], axis=0)[mine], size[mine])
                for name, of in each.items()
                if mine.any()
            }
            out[key_of("installed_max_mw", "part", kind)] = float(size[mine].sum())
    if "generator_minimum_worth_cny_per_mw" in dataset:
        names = net.gen.loc[net.gen["technology"].isin(("coal", "coal_chp")), "name"]
        mine = np.isin(dataset["generator"].to_numpy(), names)
        worth = dataset["generator_minimum_worth_cny_per_mw"].to_numpy()[mine]
        low = net.gen.set_index("name")["max_p_mw"].reindex(dataset["generator"].to_numpy()[mine]).to_numpy(float)
        out[key_of("worth_cny_per_mw", "part", "retrofit")] = _mean(worth, low)
        out[key_of("installed_max_mw", "part", "retrofit")] = float(
            net.gen.loc[net.gen["retrofitted"].astype(bool), "max_p_mw"].sum()
        )
    return out


def _mean(values: object, size: object) -> float:
    """Mean weighted by size, of what has a value; NaN of nothing."""
    worth, weight = np.asarray(values, float), np.asarray(size, float)
    known = np.isfinite(worth) & (weight > 0)
    return float(np.average(worth[known], weights=weight[known])) if known.any() else np.nan


def shapley(value: Mapping[Together, float]) -> dict[str, float]:
    """Mean of what each part adds over all orders in which the parts could be added.

    Parameters
    ----------
    value
        Of every combination of the parts.

    Examples
    --------
    >>> two = {frozenset(): 0.0, frozenset("a"): 6.0, frozenset("b"): 4.0, frozenset("ab"): 8.0}
    >>> shapley(two)
    {'a': 5.0, 'b': 3.0}
    """
    parts = sorted({part for chosen in value for part in chosen})
    n = len(parts)
    out = dict.fromkeys(parts, 0.0)
    for part in parts:
        for chosen in (each for each in value if part not in each):
            weight = factorial(len(chosen)) * factorial(n - len(chosen) - 1) / factorial(n)
            out[part] += weight * (value[chosen | {part}] - value[chosen])
    return out


def _combinations(cube: xr.Dataset) -> tuple[list[str], dict[Together, str]]:
    """Parts of the cube, and the variant of each combination of them."""
    parts = [part for part in _PARTS if part in cube.coords]
    sets = [frozenset(chosen) for count in range(len(parts) + 1) for chosen in combinations(parts, count)]
    return parts, {chosen: name_of(chosen) for chosen in sets}


def table(cube: xr.Dataset) -> pd.DataFrame:
    """One row per part and one for all together: what it saves and avoids, and what the next MW is worth."""
    parts, names = _combinations(cube)
    everything = frozenset(parts)
    rows: dict[str, dict[str, object]] = {
        part: {"part": _PARTS[part][1], "part_zh": _PARTS[part][0], **_worth(cube, part, name_of(everything))}
        for part in parts
    }
    rows["together"] = {"part": "together", "part_zh": "合计"}
    for key, (verb, unit, scale) in _EFFECTS.items():
        if key not in cube:  # adequacy, where it could not be told
            continue
        # what is saved against nothing of it
        value = {s: (total(cube, key, firm.NONE) - total(cube, key, name)) / scale for s, name in names.items()}
        fair = shapley(value)
        for part in parts:
            rows[part][f"{verb}_without_it_{unit}"] = value[everything] - value[everything - {part}]
            rows[part][f"{verb}_alone_{unit}"] = value[frozenset({part})]
            rows[part][f"{verb}_mean_{unit}"] = fair[part]
        rows["together"][f"{verb}_mean_{unit}"] = value[everything]
    whole = total(cube, "penalty_cny", name_of(everything))
    for part in (*parts, "together"):
        left = name_of(everything - {part}) if part in parts else firm.NONE
        rows[part]["breaches_without_it_mn_cny"] = (total(cube, "penalty_cny", left) - whole) / 1e6
    return pd.DataFrame(list(rows.values()))


def _worth(cube: xr.Dataset, part: str, variant: str) -> dict[str, float]:
    if "part" not in cube.dims or part not in cube["part"].to_numpy():
        return {}
    columns = {
        "installed_mw": "installed_max_mw",
        "next_mw_cny": "worth_cny_per_mw",
        "next_mwh_cny": "energy_worth_cny_per_mwh",
    }
    return {column: total(cube, key, variant, part=part) for column, key in columns.items() if key in cube}


COLUMNS: dict[str, Pair] = {
    "part": ("项目（英文）", "part"),
    "part_zh": ("项目", "part (Chinese)"),
    "installed_mw": ("规模（兆瓦）", "size, MW"),
    "next_mw_cny": ("再增1兆瓦的价值（元）", "next MW, CNY"),
    "next_mwh_cny": ("再增1兆瓦时的价值（元）", "next MWh, CNY"),
    "saves_without_it_mn_cny": ("缺它多花（百万元）", "lost without it, mn CNY"),
    "saves_alone_mn_cny": ("仅有它节省（百万元）", "saved alone, mn CNY"),
    "saves_mean_mn_cny": ("平均贡献（百万元）", "mean share, mn CNY"),
    "breaches_without_it_mn_cny": ("缺它多罚（百万元）", "penalties without it, mn CNY"),
    "avoids_without_it_gwh": ("缺它多弃（百万千瓦时）", "curtailed without it, GWh"),
    "avoids_alone_gwh": ("仅有它少弃（百万千瓦时）", "avoided alone, GWh"),
    "avoids_mean_gwh": ("平均少弃（百万千瓦时）", "mean share avoided, GWh"),
    "firm_without_it_mw": ("缺它少的可靠容量（兆瓦）", "firm lost without it, MW"),
    "firm_alone_mw": ("仅有它的可靠容量（兆瓦）", "firm alone, MW"),
    "firm_mean_mw": ("平均可靠容量（兆瓦）", "mean share firm, MW"),
}


def findings(cube: xr.Dataset) -> list[Pair]:
    """What all bring together, who brings most, and whether they replace or help one another."""
    rows = table(cube)
    own, everything = rows.iloc[:-1], rows.iloc[-1]
    out = [
        say(
            "{names}合计节省{saved}，少弃{wind}。",
            "{names} together save {saved} and avoid {wind} of curtailment.",
            names=joined(list(zip(own["part_zh"], own["part"], strict=True))),
            saved=money(everything["saves_mean_mn_cny"] * 1e6),
            wind=energy(everything["avoids_mean_gwh"] * 1e3),
        )
    ]
    out += _breaches(cube, own)
    out += [
        say(
            "{zh}（{size}）：缺它多花{lost}、多弃{wind}；仅有它时节省{alone}；平均贡献{mean}。",
            "{zh} ({size}): without it {lost} more are spent and {wind} more curtailed; alone it saves {alone}; its "
            "mean share is {mean}.",
            zh=(row["part_zh"], row["part"]),
            size=power(row.get("installed_mw", np.nan)),
            lost=money(row["saves_without_it_mn_cny"] * 1e6),
            wind=energy(row["avoids_without_it_gwh"] * 1e3),
            alone=money(row["saves_alone_mn_cny"] * 1e6),
            mean=money(row["saves_mean_mn_cny"] * 1e6),
        )
        for _, row in own.iterrows()
    ]
    return [*out, *_overlap(own), *_firm(cube, rows), *_next(own), *_more(cube)]


def _breaches(cube: xr.Dataset, own: pd.DataFrame) -> list[Pair]:
    """What can't be kept without a part, at the declared prices: no money that anybody spends."""
    parts, names = _combinations(cube)
    words = []
    for part, (_, row) in zip(parts, own.iterrows(), strict=True):
        if not row["breaches_without_it_mn_cny"] > _TELLING_MN_CNY:
            continue
        left = names[frozenset(parts) - {part}]
        lacking = [("备用", "of reserve", "reserve_shortfall_mwh"), ("负荷", "of load", "unserved_mwh")]
        short = [(zh, en, energy(total(cube, key, left))) for zh, en, key in lacking if total(cube, key, left) > 1.0]
        zh, en = joined([(f"{zh}缺额{much[0]}", f"{much[1]} {en}") for zh, en, much in short])
        fine = money(row["breaches_without_it_mn_cny"] * 1e6)
        words.append(
            (f"缺{row['part_zh']}时{zh}（罚金{fine[0]}）", f"without {row['part']} {en} ({fine[1]} of penalties)")
        )
    if not words:
        return []
    return [
        say(
            "短缺按声明的罚金计，不含在成本内：{each}。",
            "What falls short has a declared price, which is no part of the cost: {each}.",
            each=joined(words),
        )
    ]


def _overlap(own: pd.DataFrame) -> list[Pair]:
    """Whether the parts replace one another: alone they would save more than what is lost without each."""
    alone, lost = own["saves_alone_mn_cny"].sum() * 1e6, own["saves_without_it_mn_cny"].sum() * 1e6
    relation = ("相互替代", "replace one another") if alone > lost else ("相互促进", "help one another")
    return [
        say(
            "各自单独节省之和为{alone}，各自缺失损失之和为{lost}：总体上它们{relation}。",
            "What each saves alone adds up to {alone}, what is lost without each to {lost}: "
            "on the whole they {relation}.",
            alone=money(alone),
            lost=money(lost),
            relation=relation,
        )
    ]


def _firm(cube: xr.Dataset, rows: pd.DataFrame) -> list[Pair]:
    """What each part is worth as perfect capacity when units fail."""
    if "firm_mean_mw" not in rows or not np.isfinite(rows["firm_mean_mw"]).any():
        return firm.not_told(cube)
    words = []
    for _, row in rows.iloc[:-1].iterrows():
        zh, en = power(row["firm_without_it_mw"])
        words.append((f"{row['part_zh']}{zh}", f"{row['part']} {en}"))
    base, none = name_of(frozenset(_combinations(cube)[0])), firm.NONE
    return [
        say(
            "机组故障时，各项合计相当于{all}的可靠容量，年缺电小时从{before}降至{after}；缺任一项少的可靠容量：{each}。",
            "When units fail, they do together as much as {all} of perfect capacity: hours with a shortfall fall from "
            "{before} to {after}; lost without each alone: {each}.",
            all=power(rows["firm_mean_mw"].iloc[-1]),
            before=firm.hours(total(cube, "lole_h", none)),
            after=firm.hours(total(cube, "lole_h", base)),
            each=joined(words),
        )
    ]


def _next(own: pd.DataFrame) -> list[Pair]:
    if "next_mw_cny" not in own or not own["next_mw_cny"].notna().any():
        return []
    words = [
        (f"{row['part_zh']}{price(row['next_mw_cny'])[0]}", f"{row['part']} {price(row['next_mw_cny'])[1]}")
        for _, row in own.iterrows()
        if np.isfinite(row["next_mw_cny"])
    ]
    return [
        say(
            "按影子价格，再增加1兆瓦（煤电：最小出力再降1兆瓦）的价值：{each}。",
            "By the duals the next MW (of coal: one MW less of minimum output) is worth: {each}.",
            each=joined(words),
        )
    ]


def _more(cube: xr.Dataset) -> list[Pair]:
    """What the retrofit of the rest would bring."""
    if _MORE not in cube[VARIANT].to_numpy():
        return []
    base = name_of(frozenset(_combinations(cube)[0]))
    return [
        say(
            "其余煤电也完成改造，再节省{saved}、少弃{wind}。",
            "The retrofit of the rest of the coal plants would save {saved} more and avoid {wind} of curtailment.",
            saved=money(total(cube, _COST, base) - total(cube, _COST, _MORE)),
            wind=energy(total(cube, "curtailment_mwh", base) - total(cube, "curtailment_mwh", _MORE)),
        )
    ]


def figures(cube: xr.Dataset) -> dict[str, Figure]:
    """What each part saves and avoids, in three ways of counting."""
    rows = table(cube).iloc[:-1]
    ways = {"without_it": "lost without it", "alone": "alone", "mean": "mean over all orders"}
    out = {}
    for name, verb, unit, label in (
        ("cost", "saves", "mn_cny", "mn CNY"),
        ("curtailment", "avoids", "gwh", "GWh of curtailment"),
        ("firm", "firm", "mw", "MW of firm capacity"),
    ):
        if f"{verb}_mean_{unit}" not in rows:  # adequacy, where it could not be told
            continue
        series = {words: rows[f"{verb}_{way}_{unit}"] for way, words in ways.items()}
        out[name] = bars("What flexibility contributes", label, rows["part"].tolist(), series)
    return out


STUDY = Study(
    "storage",
    ("抽蓄、新型储能与灵活煤电的贡献", "What storage and flexible coal contribute"),
    variants,
    table,
    COLUMNS,
    findings,
    figures,
    read,
    firm.with_adequacy,
    not_told=(
        firm.TOLD,
        (
            "只计运行成本，不含投资和罚金；各周分别求解，跨周储能的价值不在其中。",
            "Running costs alone, no investment, no penalties; each week is solved by itself, so storing beyond a week "
            "has no worth.",
        ),
        (
            "“无改造”指已改造的供热机组恢复最小出力0.50、供暖期0.6425，且没有深调区间；备用能力不变。",
            "Without the retrofit, retrofitted heating plants go back to a minimum of 0.50, 0.6425 in the heating "
            "season, and have no bands of deep regulation; what they may hold of reserves stays.",
        ),
    ),
)
