"""What demand response is worth: shares of the annual peak, and three ways of calling it.

Every variant is compared with the same case without response.  The cost holds what consumers are paid, so a saving is
what is left after paying them.  The peak is that of the usual load (without hydrogen and ammonia, which follow the
grid) and is lowered only where the week of the annual peak is solved, which it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gridopt.errors import InputError
from gridopt.studies.builtin import firm
from gridopt.studies.builtin.cube import total
from gridopt.studies.builtin.figures import bars, lines
from gridopt.studies.builtin.say import energy, money, plain, power, price, say, share
from gridopt.studies.builtin.study import VARIANT, Numbers, Pair, Study, Variant, key_of, only, row_of

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from gridopt.case import Case
    from gridopt.results.result import Result

NONE = firm.NONE
_PLAN = 0.05
_SHARE_AXIS = "share of the annual peak, %"
_SHARES = {"economic": (0.01, 0.03, 0.05, 0.07, 0.10), "peak_shaving": (0.03, 0.05, 0.10), "drill": (0.05,)}
_MODES: dict[str, Pair] = {
    "economic": ("经济调用", "economic"),
    "peak_shaving": ("削峰", "peak shaving"),
    "drill": ("演练", "drill"),
}


def name_of(mode: str, part: float) -> str:
    """Name of a variant.

    Examples
    --------
    >>> name_of("economic", 0.05)
    'economic 5 %'
    """
    return f"{mode} {100 * part:g} %"


def variants(cases: Mapping[str, Case]) -> list[Variant]:
    """No response, and each share in its mode."""
    if only(cases).net.demand_response.empty:
        raise InputError("the case has no programs of demand response: nothing to compare")
    out = [Variant(NONE, ("无需求响应", "no response"), {"policy.dr_share_of_peak": 0.0}, labels={"share": 0.0})]
    for mode, shares in _SHARES.items():
        zh, en = _MODES[mode]
        out += [
            Variant(
                name_of(mode, part),
                (f"{zh} {part:.0%}", f"{en} {part:.0%}"),
                {"policy.dr_share_of_peak": part, "policy.dr_mode": mode},
                labels={"share": part, "mode": mode},
            )
            for part in shares
        ]
    return out


def read(result: Result) -> Numbers:
    """Peak of the usual load after response, of what is left of it for dispatched plants, and worth of programs."""
    from gridopt.hours import total_load_mw
    from gridopt.model.response_data import net_load_mw

    dataset = result.dataset
    response = dataset["response_mw"].sum("program").to_numpy() if "response_mw" in dataset else 0.0
    usual = np.asarray(total_load_mw(result.case.net, result.case.profiles))
    net = net_load_mw(result.case)
    out = {
        "usual_peak_max_mw": float(usual.max()),
        "usual_peak_after_max_mw": float((usual - response).max()),
        "net_peak_after_max_mw": float((net - response).max()),
    }
    if "program_worth_cny_per_mw" in dataset:
        worth = dataset["program_worth_cny_per_mw"]
        out |= {
            key_of("program_worth_cny_per_mw", "program", str(name)): float(value)
            for name, value in zip(worth["program"].to_numpy(), worth.to_numpy(), strict=True)
        }
    return out


def table(cube: xr.Dataset) -> pd.DataFrame:
    """One row per variant, against no response."""
    names = [str(name) for name in cube[VARIANT].to_numpy()]

    def of(key: str, name: str) -> float:
        return total(cube, key, name)

    rows = []
    for name in names:
        able, saved = of("dr_capability_mw", name), of("objective_cny", NONE) - of("objective_cny", name)
        # A case without programs has no number of response; a variant that failed has none at all.
        none = 0.0 if np.isfinite(saved) else np.nan
        rows.append(
            {
                "variant": name,
                "title_zh": str(cube["title_zh"].sel({VARIANT: name}).item()),
                "share_pu": float(cube["share"].sel({VARIANT: name})),
                "mode": str(cube["mode"].sel({VARIANT: name}).item()),
                "capability_mw": none if np.isnan(able) else able,
                "cost_saved_mn_cny": saved / 1e6,
                "penalty_saved_mn_cny": (of("penalty_cny", NONE) - of("penalty_cny", name)) / 1e6,
                "saved_cny_per_mw": saved / able if able > 0 else np.nan,
                "peak_lowered_mw": of("usual_peak_after_max_mw", NONE) - of("usual_peak_after_max_mw", name),
                "net_peak_lowered_mw": of("net_peak_after_max_mw", NONE) - of("net_peak_after_max_mw", name),
                "called_gwh": np.nan_to_num(of("dr_mwh", name), nan=none) / 1e3,
                "called_h": np.nan_to_num(of("dr_hours", name), nan=none),
                "curtailment_saved_gwh": (of("curtailment_mwh", NONE) - of("curtailment_mwh", name)) / 1e3,
                "unserved_saved_mwh": of("unserved_mwh", NONE) - of("unserved_mwh", name),
                "co2_saved_kt": (of("co2_t", NONE) - of("co2_t", name)) / 1e3,
                **{key: of(key, name) for key in firm.COLUMNS if key in cube},
            }
        )
    return pd.DataFrame(rows)


COLUMNS: dict[str, Pair] = {
    "variant": ("方案（英文）", "variant"),
    "title_zh": ("方案", "variant (Chinese)"),
    "share_pu": ("占最大负荷", "share of peak"),
    "mode": ("方式", "mode"),
    "capability_mw": ("响应能力（兆瓦）", "capability, MW"),
    "cost_saved_mn_cny": ("节省成本（百万元）", "cost saved, mn CNY"),
    "penalty_saved_mn_cny": ("其中违约罚金（百万元）", "penalties of it, mn CNY"),
    "saved_cny_per_mw": ("每兆瓦节省（元）", "saved per MW, CNY"),
    "peak_lowered_mw": ("降低最大负荷（兆瓦）", "peak lowered, MW"),
    "net_peak_lowered_mw": ("降低最大净负荷（兆瓦）", "net peak lowered, MW"),
    "called_gwh": ("调用电量（百万千瓦时）", "called, GWh"),
    "called_h": ("调用小时", "called, h"),
    "curtailment_saved_gwh": ("减少弃电（百万千瓦时）", "curtailment avoided, GWh"),
    "unserved_saved_mwh": ("减少缺电（兆瓦时）", "unserved avoided, MWh"),
    "co2_saved_kt": ("减排（千吨）", "CO2 avoided, kt"),
    **firm.COLUMNS,
}


def findings(cube: xr.Dataset) -> list[Pair]:
    """What 5 % is worth, called one way or the other, and how the worth changes with the share."""
    rows = table(cube).set_index("variant")
    return [*_of_the_plan(rows), *_modes(rows), *_by_share(rows), *_firm(rows), *_programs(cube), *firm.not_told(cube)]


def _of_the_plan(rows: pd.DataFrame) -> list[Pair]:
    plan = row_of(rows, name_of("economic", _PLAN))
    return [
        say(
            "占最大负荷5%的需求响应（{able}）按经济调用，扣除付给用户的费用后节省{saved}（每兆瓦{each}），"
            "调用{much}、{hours}小时，弃电减少{wind}，缺电减少{dark}。",
            "A response of 5 % of the peak ({able}), called where it pays, saves {saved} after paying consumers "
            "({each}); it is called for {much} in {hours} h, curtailment falls by {wind}, unserved energy by {dark}.",
            able=power(plan["capability_mw"]),
            saved=money(plan["cost_saved_mn_cny"] * 1e6),
            each=price(plan["saved_cny_per_mw"]),
            much=energy(plan["called_gwh"] * 1e3),
            hours=plain(f"{plan['called_h']:,.0f}"),
            wind=energy(plan["curtailment_saved_gwh"] * 1e3),
            dark=energy(plan["unserved_saved_mwh"]),
        )
    ]


def _modes(rows: pd.DataFrame) -> list[Pair]:
    """The same share, called to lower the peak or for a drill."""
    out = []
    economic = row_of(rows, name_of("economic", _PLAN))
    for mode in ("peak_shaving", "drill"):
        row = row_of(rows, name_of(mode, _PLAN))
        out.append(
            say(
                "同样5%改为{zh}方式：最大负荷降低{peak}（为响应能力的{part}；经济调用时{before}），"
                "与经济调用相比成本增加{cost}。",
                "The same 5 % called as {zh} lowers the peak by {peak} ({part} of the capability; {before} when called "
                "where it pays) and costs {cost} more than that.",
                zh=_MODES[mode],
                peak=power(row["peak_lowered_mw"]),
                part=share(row["peak_lowered_mw"] / row["capability_mw"] if row["capability_mw"] > 0 else np.nan),
                before=power(economic["peak_lowered_mw"]),
                cost=money((economic["cost_saved_mn_cny"] - row["cost_saved_mn_cny"]) * 1e6),
            )
        )
    return out


def _by_share(rows: pd.DataFrame) -> list[Pair]:
    """What the first and the last MW of the shares save."""
    own = rows[(rows["mode"] == "economic") | (rows["share_pu"] == 0)].sort_values("share_pu")
    saved = own["cost_saved_mn_cny"].diff() * 1e6 / own["capability_mw"].diff()
    first, last = saved.iloc[1], saved.iloc[-1]
    return [
        say(
            "经济调用下每兆瓦的节省：从0到{low}为{first}，从{next}到{high}为{last}。",
            "Called where it pays, a MW saves {first} on the way from 0 to {low} and {last} from {next} to {high}.",
            low=share(own["share_pu"].iloc[1]),
            next=share(own["share_pu"].iloc[-2]),
            high=share(own["share_pu"].iloc[-1]),
            first=price(first),
            last=price(last),
        )
    ]


def _firm(rows: pd.DataFrame) -> list[Pair]:
    """What perfect capacity does as much for the load as the response."""
    plan = row_of(rows, name_of("economic", _PLAN))
    if not np.isfinite(plan.get("firm_mw", np.nan)):
        return []
    none = row_of(rows, NONE)
    return [
        say(
            "机组故障时，5%的响应（{able}）相当于{firm}的可靠容量（能力的{part}）；年缺电小时从{before}降至{after}，"
            "期望缺电量从{dark}降至{left}。",
            "When units fail, the response of 5 % ({able}) does as much as {firm} of perfect capacity ({part} of "
            "it): hours with a shortfall fall from {before} to {after}, energy not served from {dark} to {left}.",
            able=power(plan["capability_mw"]),
            firm=firm.with_error(plan["firm_mw"], plan["firm_se_mw"]),
            part=share(plan["firm_mw"] / plan["capability_mw"] if plan["capability_mw"] > 0 else np.nan),
            before=firm.hours(none["lole_h"]),
            after=firm.hours(plan["lole_h"]),
            dark=energy(none["eens_mwh"]),
            left=energy(plan["eens_mwh"]),
        )
    ]


def _programs(cube: xr.Dataset) -> list[Pair]:
    """Which program is worth most by the duals."""
    if "program_worth_cny_per_mw" not in cube:
        return []
    name = name_of("economic", _PLAN)
    worth = {str(p): total(cube, "program_worth_cny_per_mw", name, program=str(p)) for p in cube["program"].to_numpy()}
    worth = {program: value for program, value in worth.items() if np.isfinite(value)}
    if not worth:
        return []
    best = max(worth, key=lambda program: worth[program])
    return [
        say(
            "按影子价格，再增加1兆瓦最值钱的项目是{best}：{value}。",
            "By the duals the program whose next MW is worth most is {best}: {value}.",
            best=plain(best),
            value=price(worth[best]),
        )
    ]


def figures(cube: xr.Dataset) -> dict[str, Figure]:
    """Saving and peak over the share, by mode."""
    rows = table(cube)
    saving, peak = {}, {}
    for mode, title in _MODES.items():
        own = rows[(rows["mode"] == mode) | (rows["share_pu"] == 0)].sort_values("share_pu")
        saving[title[1]] = (100 * own["share_pu"], own["cost_saved_mn_cny"])
        peak[title[1]] = (100 * own["share_pu"], own["peak_lowered_mw"])
    five = rows[rows["share_pu"] == _PLAN]
    effects = {"peak lowered": five["peak_lowered_mw"], "net peak lowered": five["net_peak_lowered_mw"]}
    out = {
        "cost": lines("Cost saved by demand response", "mn CNY", _SHARE_AXIS, saving),
        "peak": lines("Peak of the usual load lowered", "MW", _SHARE_AXIS, peak),
        "modes": bars("5 % called in three ways", "MW", five["mode"].tolist(), effects),
    }
    if "firm_mw" in rows:
        own = rows[(rows["mode"] == "economic") | (rows["share_pu"] == 0)].sort_values("share_pu")
        sizes = {"capability": own["capability_mw"], "firm capacity": own["firm_mw"]}
        over = {name: (100 * own["share_pu"], values) for name, values in sizes.items()}
        out["firm"] = lines("Perfect capacity that does as much when units fail", "MW", _SHARE_AXIS, over)
    return out


STUDY = Study(
    "demand-response",
    ("需求响应的价值", "What demand response is worth"),
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
            "响应方案按全年负荷排定，各周分别求解：年度调用次数与小时按各周占比分摊。",
            "Calls and hours of a year are shared out to the weeks by their length; each week is solved by itself.",
        ),
    ),
)
