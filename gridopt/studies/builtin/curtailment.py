"""How much wind and solar is curtailed and why, checked by lifting one cause after the other.

The causes of a result come from its dispatch and prices (``results/causes.py``).  A chain of re-solves asks the same
of the optimum: what is curtailed on a copper plate, then with plants that can go down to zero, then with free export,
then with twice the storage.  Each cause is also lifted alone, which shows how far the answer hangs on the order.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gridopt.studies.builtin.cube import WHOLE, total
from gridopt.studies.builtin.figures import bars, stacked
from gridopt.studies.builtin.say import energy, plain, say, share
from gridopt.studies.builtin.study import PERIOD, TOTAL, VARIANT, Pair, Study, Variant, only, present, row_of

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from gridopt.case import Case

BASE = "case"
_OFFERED = f"{WHOLE}curtailment_rate"
#: Cause, its key in the summary, what is lifted, the step of the chain, and the variant in which it alone is lifted.
_CAUSES: tuple[tuple[str, Pair, str, str], ...] = (
    ("network", ("网架", "network"), "copper plate", "copper plate"),
    ("min_output", ("机组最小出力", "minimum output"), "+ no minimum", "no minimum"),
    ("export_limit", ("外送限制", "export limit"), "+ free export", "free export"),
    ("storage", ("储能不足", "storage"), "+ twice the storage", "twice the storage"),
)
_OTHER: tuple[str, Pair] = ("other", ("其他", "rules and other"))
_BUILD_OUT = (0.7, 1.3)


def variants(cases: Mapping[str, Case]) -> list[Variant]:
    """The case, the chain, each cause alone, and less and more wind and solar."""
    case = only(cases)
    plate: dict[str, Any] = {"network_level": "copperplate"}
    more: dict[str, Any] = {
        name: 2 * size for name in ("storage.phs.p_mw", "storage.battery.p_mw") if (size := present(case, name)) > 0
    }
    both = ("free_minimum", "free_export")
    out = [
        Variant(BASE, ("基准", "the case")),
        Variant("copper plate", ("无网络约束", "copper plate"), plate),
        Variant("+ no minimum", ("再取消最小出力", "+ no minimum output"), plate, both[:1]),
        Variant("+ free export", ("再放开外送", "+ free export"), plate, both),
        Variant("+ twice the storage", ("再将储能加倍", "+ twice the storage"), plate | more, both),
        Variant("no minimum", ("仅取消最小出力", "no minimum output alone"), {}, both[:1]),
        Variant("free export", ("仅放开外送", "free export alone"), {}, both[1:]),
        Variant("twice the storage", ("仅将储能加倍", "twice the storage alone"), more),
    ]
    for factor in _BUILD_OUT:
        sizes = {name: factor * present(case, name) for name in ("wind.p_mw", "solar.p_mw")}
        title = (f"风光装机{factor:.0%}", f"{factor:.0%} of wind and solar")
        out.append(Variant(f"build-out {factor:g}", title, {k: v for k, v in sizes.items() if v > 0}))
    return out


def table(cube: xr.Dataset) -> pd.DataFrame:
    """One row per cause: by the rule, by the chain, lifted alone, and of each season by the rule."""
    base = total(cube, "curtailment_mwh", BASE)
    before, rows = base, []
    for key, title, step, alone in _CAUSES:
        after = total(cube, "curtailment_mwh", step)
        rows.append(
            {
                "cause_zh": title[0],
                "cause": title[1],
                "by_rule_gwh": total(cube, f"curtailment_{key}_mwh", BASE) / 1e3,
                "by_chain_gwh": (before - after) / 1e3,
                "alone_gwh": (base - total(cube, "curtailment_mwh", alone)) / 1e3,
                "rate_after_step_pu": total(cube, "curtailment_rate", step),
            }
        )
        before = after
    rows.append(
        {
            "cause_zh": _OTHER[1][0],
            "cause": _OTHER[1][1],
            "by_rule_gwh": total(cube, f"curtailment_{_OTHER[0]}_mwh", BASE) / 1e3,
            "by_chain_gwh": before / 1e3,
        }
    )
    out = pd.DataFrame(rows)
    for period in cube[PERIOD].to_numpy()[:-1] if cube.sizes[PERIOD] > 2 else ():
        keys = [f"curtailment_{key}_mwh" for key in (*(row[0] for row in _CAUSES), _OTHER[0])]
        weight = float(cube["weight"].sel({VARIANT: BASE, PERIOD: period}))
        own = [float(cube[key].sel({VARIANT: BASE, PERIOD: period})) * weight / 1e3 for key in keys]
        out[f"{str(period).replace(' ', '_')}_by_rule_gwh"] = own
    return out


COLUMNS: dict[str, Pair] = {
    "cause_zh": ("原因", "cause (Chinese)"),
    "cause": ("原因（英文）", "cause"),
    "by_rule_gwh": ("按规则归因（百万千瓦时）", "by the rule, GWh"),
    "by_chain_gwh": ("逐步放开后减少", "by the chain, GWh"),
    "alone_gwh": ("单独放开后减少", "lifted alone, GWh"),
    "rate_after_step_pu": ("放开后弃电率", "rate after the step"),
    "winter_by_rule_gwh": ("冬季", "winter"),
    "spring_by_rule_gwh": ("春季", "spring"),
    "summer_by_rule_gwh": ("夏季", "summer"),
    "autumn_by_rule_gwh": ("秋季", "autumn"),
    "peak_week_by_rule_gwh": ("最大负荷周", "peak week"),
}


def findings(cube: xr.Dataset) -> list[Pair]:
    """How much, why, whether rule and chain agree, and what more wind and solar would bring."""
    rows = table(cube)
    curtailed = total(cube, "curtailment_mwh", BASE)
    out = [
        say(
            "弃电{much}，弃电率{rate}。",
            "{much} of wind and solar are curtailed, {rate} of what is offered.",
            much=energy(curtailed),
            rate=share(total(cube, "curtailment_rate", BASE)),
        )
    ]
    if curtailed > 0:
        out += [*_why(rows, curtailed), *_when(cube, curtailed)]
    return [*out, *_build_out(cube)]


def _why(rows: pd.DataFrame, curtailed: float) -> list[Pair]:
    first = row_of(rows, rows["by_rule_gwh"].idxmax())
    difference = (rows["by_rule_gwh"] - rows["by_chain_gwh"]).abs()
    widest = row_of(rows, difference.idxmax())
    alone = row_of(rows, rows["alone_gwh"].idxmax())
    return [
        say(
            "按规则归因，首要原因是{zh}：{much}，占{part}。",
            "By the rule the first cause is {zh}: {much}, {part} of it.",
            zh=(first["cause_zh"], first["cause"]),
            much=energy(first["by_rule_gwh"] * 1e3),
            part=share(first["by_rule_gwh"] * 1e3 / curtailed),
        ),
        say(
            "与逐步放开相比，差别最大的是{zh}：规则{rule}，逐步放开{chain}（相差为弃电的{part}）；全部放开后仍弃{left}。",
            "Against the chain of re-solves the widest difference is at {zh}: {rule} by the rule, {chain} by the chain "
            "({part} of all curtailment); with everything lifted {left} are still curtailed.",
            zh=(widest["cause_zh"], widest["cause"]),
            rule=energy(widest["by_rule_gwh"] * 1e3),
            chain=energy(widest["by_chain_gwh"] * 1e3),
            part=share(float(difference.max()) * 1e3 / curtailed),
            left=energy(float(rows["by_chain_gwh"].iloc[-1]) * 1e3),
        ),
        say(
            "只放开一项（含网架）时，减少弃电最多的是{zh}：{much}（{part}）。",
            "Of single measures, the network lifted alone included, {zh} takes most away: {much} ({part}).",
            zh=(alone["cause_zh"], alone["cause"]),
            much=energy(alone["alone_gwh"] * 1e3),
            part=share(alone["alone_gwh"] * 1e3 / curtailed),
        ),
    ]


def _when(cube: xr.Dataset, curtailed: float) -> list[Pair]:
    """In which period most is curtailed; nothing where there is only one."""
    weekly = (cube["curtailment_mwh"] * cube["weight"]).sel({VARIANT: BASE}).drop_sel({PERIOD: TOTAL})
    if weekly.sizes[PERIOD] < 2:
        return []
    most = str(weekly[PERIOD].to_numpy()[int(np.argmax(weekly.to_numpy()))])
    zh = COLUMNS.get(f"{most.replace(' ', '_')}_by_rule_gwh", (most, most))[0]
    return [
        say(
            "弃电最多的时段是{when}：占全部的{part}。",
            "Most of it falls into {when}: {part}.",
            when=(zh, most),
            part=share(float(weekly.max()) / curtailed),
        )
    ]


def _build_out(cube: xr.Dataset) -> list[Pair]:
    """How much of what is added is curtailed."""
    names = [BASE, *(f"build-out {factor:g}" for factor in _BUILD_OUT)]
    rows = sorted((total(cube, _OFFERED, n), total(cube, "curtailment_mwh", n), n) for n in names)
    out = []
    for (less, few, low), (more, many, high) in pairwise(rows):
        if more - less > 1.0:
            out.append(
                say(
                    "可发电量从{less}增至{more}（{low}→{high}），新增部分的{part}被弃。",
                    "From {less} to {more} offered ({low} to {high}), {part} of what is added is curtailed.",
                    less=energy(less),
                    more=energy(more),
                    low=plain(low),
                    high=plain(high),
                    part=share((many - few) / (more - less)),
                )
            )
    return out


def figures(cube: xr.Dataset) -> dict[str, Figure]:
    """Causes by rule and by chain; causes by period."""
    rows = table(cube)
    causes = {"by the rule": rows["by_rule_gwh"], "by re-solves": rows["by_chain_gwh"], "alone": rows["alone_gwh"]}
    out = {"causes": bars("Why wind and solar are curtailed", "GWh", rows["cause"].tolist(), causes)}
    seasons = [column for column in map(str, rows.columns) if column.endswith("_by_rule_gwh")]
    if seasons:
        labels = [COLUMNS.get(column, ("", column))[1] for column in seasons]
        parts = dict(zip(rows["cause"], rows[seasons].to_numpy().tolist(), strict=True))
        out["periods"] = stacked("When wind and solar are curtailed, by the rule", "GWh", labels, parts)
    return out


STUDY = Study(
    "curtailment",
    ("弃风弃光成因", "Why wind and solar are curtailed"),
    variants,
    table,
    COLUMNS,
    findings,
    figures,
    not_told=(
        (
            "逐步放开的结果依赖先后次序；“单独放开”一列表明其影响。",
            "The chain depends on its order; the column of causes lifted alone shows how much.",
        ),
    ),
)
