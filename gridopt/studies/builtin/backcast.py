"""Past years solved and compared with their published statistics, row by row.

A year is solved as its case says, without the proof of the lower bound and the voltages, of which no statistic tells.
What is compared, and within which tolerance, stands in :mod:`gridopt.results.backcast`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gridopt.errors import InputError
from gridopt.results.backcast import COLUMNS as FIGURE_COLUMNS
from gridopt.results.backcast import MET, MISSED, PERIOD, SHOWN, compare, months_of, statistics_of
from gridopt.studies.builtin.figures import bars
from gridopt.studies.builtin.say import plain, say
from gridopt.studies.builtin.study import VARIANT, Answer, Pair, Study, Variant

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from gridopt.case import Case

_FIGURE = "figure"
_NUMBERS = ("statistic", "model", "deviation", "tolerance", "first_month", "last_month")
_QUANTITIES: dict[str, Pair] = {
    "thermal": ("火电（含生物质）", "thermal with biomass"),
    "hydro": ("水电（含抽蓄发电）", "hydro with pumped storage"),
    "wind": ("风电", "wind"),
    "solar": ("光伏", "solar"),
    "wind_and_solar": ("风电和光伏", "wind and solar"),
    "net_export": ("净外送", "net export"),
    "wind_curtailment": ("弃风率", "wind curtailed"),
    "solar_curtailment": ("弃光率", "solar curtailed"),
    "wind_and_solar_curtailment": ("风光弃电率", "wind and solar curtailed"),
    "thermal_periods": ("火电达标时段数", "periods with their thermal power"),
}
_STATUS_ZH = {MET: "达标", MISSED: "超差", SHOWN: "仅列出"}
#: What is drawn by published period.
MONTHLY = ("thermal", "net_export", "hydro", "wind", "wind_curtailment", "solar_curtailment")


def variants(cases: Mapping[str, Case]) -> list[Variant]:
    """Each case as it is, without proof and voltages."""
    without = [name for name, case in cases.items() if _statistics(case).empty]
    if without:
        raise InputError(f"no statistics of the year of {', '.join(without)}: nothing to compare with")
    changes: dict[str, Any] = {"horizon.certificate": False, "ac_check": "off"}
    return [Variant(name, (name, name), changes, case=name) for name in cases]


def _statistics(case: Case) -> pd.DataFrame:
    return statistics_of(case.settings.network, case.settings.year)


def complete(cube: xr.Dataset, answer: Answer) -> xr.Dataset:
    """The cube with the comparison of each case, (variant, figure)."""
    return with_comparisons(cube, {v.name: _comparison(answer, v) for v in answer.variants})


def _comparison(answer: Answer, variant: Variant) -> pd.DataFrame:
    import xarray as xr

    from gridopt.studies.builtin.solving import result_file

    case = answer.cases[variant.case]
    (period,) = answer.periods[variant.case]
    file = result_file(answer.folder, variant, period)
    if not file.is_file():  # the year has failed, the study says why
        return pd.DataFrame(columns=list(FIGURE_COLUMNS))
    with xr.open_dataset(file) as dataset:
        return compare(_statistics(case), months_of(case, dataset))


def with_comparisons(cube: xr.Dataset, comparisons: Mapping[str, pd.DataFrame]) -> xr.Dataset:
    """The cube with figures that a case has; others are empty there."""
    own = {name: each.set_index(each.apply(_key, axis=1)) for name, each in comparisons.items() if len(each)}
    keys = list(dict.fromkeys(key for each in own.values() for key in each.index))
    rows = [
        own.get(str(name), pd.DataFrame(columns=list(FIGURE_COLUMNS))).reindex(keys) for name in cube[VARIANT].values
    ]
    out: dict[str, Any] = {}
    for column in FIGURE_COLUMNS:
        number = column in _NUMBERS
        values = [row[column].to_numpy(float) if number else row[column].fillna("").to_numpy(str) for row in rows]
        out[f"{_FIGURE}_{column}"] = ((VARIANT, _FIGURE), np.array(values))
    return cube.assign(out).assign_coords({_FIGURE: keys})


def _key(figure: pd.Series) -> str:
    return f"{figure['quantity']} {int(figure['first_month'])}-{int(figure['last_month'])}"


def figures_of(cube: xr.Dataset) -> pd.DataFrame:
    """All comparisons as one table, a row for each case and figure."""
    parts = []
    for name in map(str, cube[VARIANT].to_numpy()):
        own = cube.sel({VARIANT: name})
        part = pd.DataFrame({column: own[f"{_FIGURE}_{column}"].to_numpy() for column in FIGURE_COLUMNS})
        parts.append(part[part["quantity"] != ""].assign(case=name))
    whole = pd.concat(parts, ignore_index=True)
    return whole.astype({"first_month": int, "last_month": int})[["case", *FIGURE_COLUMNS]]


def of_period(figures: pd.DataFrame) -> pd.Series[bool]:
    """Whether a figure is of a published period, which is a month or two."""
    return figures["last_month"] - figures["first_month"] <= 1


def judged(figures: pd.DataFrame) -> pd.DataFrame:
    """Figures with a tolerance, and those of more than a published period that are shown alone."""
    return figures[(figures["status"] != SHOWN) | ~of_period(figures)]


def table(cube: xr.Dataset) -> pd.DataFrame:
    """One row for each judged figure of a case."""
    rows = judged(figures_of(cube))
    names = [words(quantity) for quantity in rows["quantity"]]
    # energies in percent of the statistic, rates in points, periods as they are counted
    scale = np.where(rows["unit"] == "GWh", 100.0, 1.0)
    return pd.DataFrame(
        {
            "case": rows["case"].to_numpy(),
            "quantity": [name[1] for name in names],
            "quantity_zh": [name[0] for name in names],
            "months": [months(row) for row in rows.to_dict("records")],
            "statistic": rows["statistic"].to_numpy(),
            "model": rows["model"].to_numpy(),
            "unit": rows["unit"].to_numpy(),
            "deviation": rows["deviation"].to_numpy() * scale,
            "tolerance": rows["tolerance"].to_numpy() * scale,
            "status": rows["status"].to_numpy(),
            "status_zh": [_STATUS_ZH[status] for status in rows["status"]],
        }
    )


def words(quantity: str) -> Pair:
    """What a quantity is called."""
    return _QUANTITIES[quantity]


def months(figure: Mapping[Any, Any]) -> str:
    """Months of a figure, such as 1–2 or 7."""
    first, last = int(figure["first_month"]), int(figure["last_month"])
    return str(first) if first == last else f"{first}–{last}"


COLUMNS: dict[str, Pair] = {
    "case": ("算例", "case"),
    "quantity": ("指标（英文）", "quantity"),
    "quantity_zh": ("指标", "quantity (Chinese)"),
    "months": ("月份", "months"),
    "statistic": ("统计", "statistic"),
    "model": ("模型", "model"),
    "unit": ("单位", "unit"),
    "deviation": ("偏差（%或百分点）", "deviation, % or points"),
    "tolerance": ("容差（%或百分点）", "tolerance, % or points"),
    "status": ("结果（英文）", "status"),
    "status_zh": ("结果", "status (Chinese)"),
}


def findings(cube: xr.Dataset) -> list[Pair]:
    """How many figures of each year are met, and which are missed."""
    return findings_of(figures_of(cube))


def findings_of(whole: pd.DataFrame) -> list[Pair]:
    """Findings from the comparisons of :func:`figures_of`."""
    out = []
    for name, own in whole.groupby("case", sort=False):
        # the periods of thermal power count together
        counted = own[~((own["quantity"] == "thermal") & own["tolerance"].eq(PERIOD))]
        counts = {status: plain(int((counted["status"] == status).sum())) for status in (MET, MISSED)}
        out.append(
            say(
                "{name}：{met}项达标，{missed}项超差（火电各时段合计一项）。",
                "{name}: {met} figures within their tolerance, {missed} outside (periods of thermal power as one).",
                name=plain(name),
                **counts,
            )
        )
        out += [_missed(row) for row in own[own["status"] == MISSED].to_dict("records")]
    return out


def _missed(figure: Mapping[Any, Any]) -> Pair:
    return say(
        "{name} {months}月{words}：模型{model} {unit}，统计{statistic} {unit}。",
        "{name}, months {months}, {words}: {model} {unit} in the model, {statistic} {unit} in the statistics.",
        name=plain(figure["case"]),
        months=plain(months(figure)),
        words=words(str(figure["quantity"])),
        model=plain(f"{figure['model']:,.4g}"),
        statistic=plain(f"{figure['statistic']:,.4g}"),
        unit=plain(figure["unit"]),
    )


def figures(cube: xr.Dataset) -> dict[str, Figure]:
    """Model beside statistics by published period, and the deviations of the year."""
    return drawings(figures_of(cube))


def drawings(whole: pd.DataFrame) -> dict[str, Figure]:
    """Drawings of the comparisons of :func:`figures_of`."""
    out = {}
    for name, own in whole.groupby("case", sort=False):
        for quantity in MONTHLY:
            rows = own[(own["quantity"] == quantity) & of_period(own)]
            if rows.empty:
                continue
            title = f"{name}: {words(quantity)[1]}"
            series = {"statistics": rows["statistic"].to_numpy(float), "model": rows["model"].to_numpy(float)}
            labels = [months(row) for row in rows.to_dict("records")]
            unit = str(rows["unit"].iloc[0])
            out[f"{name}-{quantity}"] = bars(title, f"{unit} by month", labels, series)
    return out


STUDY = Study(
    "backcast",
    ("历史校核", "Backcast against the statistics"),
    variants,
    table,
    COLUMNS,
    findings,
    figures,
    complete=complete,
    keeps_results=True,
    cases=("jilin-2021", "jilin-2022"),
    not_told=(
        (
            "净外送为输入，一致性由构造决定；负荷曲线、气象与统计年份不完全对应。",
            "Net export is an input: it agrees by construction. Load and weather of an hour are not those of the year.",
        ),
    ),
    whole_year=True,
)
