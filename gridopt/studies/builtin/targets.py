"""The scorecard of policy targets, case beside case.

A figure of the year needs a year: from weeks it is read off a year in which each week stands as often as its weight,
rounded, says (52 weeks).  With ``--full-year`` it is the scorecard of ``gridopt run``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gridopt.errors import InputError
from gridopt.studies.builtin.figures import bars
from gridopt.studies.builtin.say import plain, say
from gridopt.studies.builtin.study import PERIOD, TOTAL, VARIANT, Answer, Pair, Study, Variant

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from gridopt.case import Case
    from gridopt.results.summary import Number
    from gridopt.studies.builtin.periods import Period

_MET, _MISSED = "met", "missed"
_JUDGED = (_MET, _MISSED)
# What stands in the cube of each target and case, and of each target alone.
_OF_BOTH = ("value", "status", "how", "how_zh")
_OF_TARGET = ("target", "target_zh", "year", "sense", "threshold", "unit")


def variants(cases: Mapping[str, Case]) -> list[Variant]:
    """Each case as it is."""
    from gridopt.catalog import policy_targets_file

    without = [name for name, case in cases.items() if policy_targets_file(case.settings.network) is None]
    if without:
        raise InputError(f"the network of {', '.join(without)} has no policy targets: nothing to judge")
    return [Variant(name, (name, name), case=name) for name in cases]


def complete(cube: xr.Dataset, answer: Answer) -> xr.Dataset:
    """The cube with the scorecard of each case, (variant, target)."""
    cards = {v.name: card_of(cube, answer, v) for v in answer.variants}
    return with_cards(cube, cards)


def with_cards(cube: xr.Dataset, cards: Mapping[str, pd.DataFrame]) -> xr.Dataset:
    """The cube with scorecards; a case that has not all targets of the others lacks them."""
    ids = list(dict.fromkeys(target for card in cards.values() for target in card["id"]))
    own = {name: card.set_index("id").reindex(ids) for name, card in cards.items()}
    first = pd.concat(list(cards.values())).drop_duplicates("id").set_index("id").reindex(ids)
    out: dict[str, Any] = {
        f"target_{column}": ((VARIANT, "target_id"), np.array([_plain(card[column]) for card in own.values()]))
        for column in _OF_BOTH
    }
    out |= {f"target_{column}": ("target_id", _plain(first[column])) for column in _OF_TARGET}
    return cube.assign(out).assign_coords(target_id=ids)


def _plain(column: pd.Series) -> Any:
    """Numbers as they are, words as numpy's own."""
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy(float)
    return column.fillna("").astype(str).to_numpy(str)


def card_of(cube: xr.Dataset, answer: Answer, variant: Variant) -> pd.DataFrame:
    """Scorecard of a case on the year that its periods stand for."""
    from gridopt.results.scorecard import scorecard

    case = answer.cases[variant.case]
    dataset = year_of(answer, variant, answer.periods[variant.case])
    summary: dict[str, Number] = {
        str(key): float(values)
        for key, values in cube.sel({VARIANT: variant.name, PERIOD: TOTAL}).items()
        if values.ndim == 0
    }
    own = replace(case, profiles=case.profiles.sel(time=dataset["time"]))
    return scorecard(own, dataset, summary)


def year_of(answer: Answer, variant: Variant, periods: tuple[Period, ...]) -> xr.Dataset:
    """Results of all periods one after the other, each as often as it stands for others, rounded."""
    import xarray as xr

    from gridopt.studies.builtin.solving import result_file

    parts = []
    for period in periods:
        with xr.open_dataset(result_file(answer.folder, variant, period)) as opened:
            loaded = opened.drop_dims(["window", "budget"], errors="ignore").load()
        parts += [loaded] * max(round(period.weight), 1)
    return xr.concat(parts, dim="time", data_vars="minimal", coords="minimal", compat="override", join="override")


def table(cube: xr.Dataset) -> pd.DataFrame:
    """One row per target: threshold, and value and status in each case."""
    out = pd.DataFrame({"id": cube["target_id"].to_numpy()})
    for column in _OF_TARGET:
        out[column] = cube[f"target_{column}"].to_numpy()
    for name in map(str, cube[VARIANT].to_numpy()):
        own = cube.sel({VARIANT: name})
        out[f"{name}_value"] = own["target_value"].to_numpy()
        out[f"{name}_status"] = own["target_status"].to_numpy()
    for name in map(str, cube[VARIANT].to_numpy()):
        own = cube.sel({VARIANT: name})
        out[f"{name}_how"] = own["target_how"].to_numpy()
        out[f"{name}_how_zh"] = own["target_how_zh"].to_numpy()
    return out


COLUMNS: dict[str, Pair] = {
    "id": ("编号", "id"),
    "target": ("目标（英文）", "target"),
    "target_zh": ("目标", "target (Chinese)"),
    "year": ("年份", "year"),
    "sense": ("关系", "sense"),
    "threshold": ("限值", "threshold"),
    "unit": ("单位", "unit"),
}


def findings(cube: xr.Dataset) -> list[Pair]:
    """How many targets each case meets, and which it misses."""
    out = []
    for name in map(str, cube[VARIANT].to_numpy()):
        own = cube.sel({VARIANT: name})
        status = own["target_status"].to_numpy()
        counts = {word: int((status == word).sum()) for word in _JUDGED}
        out.append(
            say(
                "{name}：达标{met}项，未达标{missed}项，运行模拟无法判定{untold}项。",
                "{name}: {met} met, {missed} missed, {untold} not computable from dispatch.",
                name=plain(name),
                met=plain(counts[_MET]),
                missed=plain(counts[_MISSED]),
                untold=plain(len(status) - sum(counts.values())),
            )
        )
        out += [_missed(own, target, name) for target in cube["target_id"].to_numpy()[status == _MISSED]]
    return out


def _missed(own: xr.Dataset, target: str, name: str) -> Pair:
    row = own.sel(target_id=target)
    return say(
        "{name}未达标：{words}为{value}（要求{sense}{threshold} {unit}）。",
        "{name} misses {words}: {value} (asked: {sense} {threshold} {unit}).",
        name=plain(name),
        words=(str(row["target_target_zh"].item()), str(row["target_target"].item())),
        value=plain(f"{float(row['target_value']):,.4g}"),
        sense=plain(row["target_sense"].item()),
        threshold=plain(f"{float(row['target_threshold']):,.4g}"),
        unit=plain(row["target_unit"].item()),
    )


def figures(cube: xr.Dataset) -> dict[str, Figure]:
    """Value over threshold of every target that is judged."""
    judged = np.isin(cube["target_status"].to_numpy(), _JUDGED).any(axis=0)
    own = cube.isel(target_id=np.flatnonzero(judged))
    shares = 100 * own["target_value"] / own["target_threshold"]
    shares = shares.where(own["target_status"].isin(_JUDGED))
    series = {str(name): shares.sel({VARIANT: name}).to_numpy() for name in cube[VARIANT].to_numpy()}
    labels = [str(target) for target in own["target_id"].to_numpy()]
    return {"targets": bars("Targets: value over threshold", "% of the threshold", labels, series)}


STUDY = Study(
    "targets",
    ("政策目标对照", "Scorecard of the policy targets"),
    variants,
    table,
    COLUMNS,
    findings,
    figures,
    complete=complete,
    keeps_results=True,
    cases=("jilin-2025", "jilin-2030"),
    not_told=(
        (
            "规模类目标取自算例输入；年度指标由各周按整数权重拼成52周得出，--full-year给出全年结果。",
            "Sizes are inputs of the case; figures of the year come from 52 weeks put together by rounded weights, "
            "--full-year gives those of the year.",
        ),
        (
            "计划各条由哪个部件代表，见文档“Parts of the plan”。",
            "Which component represents which part of the plan stands in the page Parts of the plan.",
        ),
    ),
)
