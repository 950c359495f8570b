"""Adequacy of the variants of a study: what is short when units fail, the same outages drawn for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gridopt.errors import InputError
from gridopt.studies.builtin.edits import varied
from gridopt.studies.builtin.say import plain, power, say
from gridopt.studies.builtin.study import PERIOD, TOTAL, VARIANT, Answer, Pair

if TYPE_CHECKING:
    import xarray as xr

#: Years drawn: a third of what ``gridopt adequacy`` draws, as a study has many variants.
DRAWS = 300
#: The variant against which firm capacity is counted, where a study has one of this name.
NONE = "none"
#: Taken into the cube, with its standard errors.
_TAKEN = ("lole_h", "lole_se_h", "eens_mwh", "eens_se_mwh", "missing_mw", "missing_se_mw", "firm_mw", "firm_se_mw")
_WHY_NOT = "adequacy_not_told"

#: Columns of tables.
COLUMNS: dict[str, Pair] = {
    "firm_mw": ("可靠容量（兆瓦）", "firm capacity, MW"),
    "firm_se_mw": ("其标准误差（兆瓦）", "its standard error, MW"),
    "lole_h": ("缺电小时期望（小时）", "LOLE, h"),
    "eens_mwh": ("期望缺电量（兆瓦时）", "EENS, MWh"),
}
#: What the studies say of it.
TOLD: Pair = (
    f"可靠性按案例全部小时、不少于{DRAWS}个停机抽样计算（与 gridopt adequacy --export firm 方法相同，各方案抽样相同），"
    "合同外送视为必须保证的负荷，不计电网约束。",
    f"Adequacy is that of all hours of the case under at least {DRAWS} draws of outages, the same for all variants, as "
    "gridopt adequacy --export firm has it: contract export is served like load, and the network limits nothing.",
)


def with_adequacy(cube: xr.Dataset, answer: Answer) -> xr.Dataset:
    """The cube with LOLE, EENS and firm capacity of every variant, against the variant ``none``; in total alone.

    A case of which adequacy can't be told leaves them empty, and the attribute ``adequacy_not_told`` says why.
    """
    from gridopt.studies.adequacy.program import adequacy
    from gridopt.studies.adequacy.read import Rules

    cases = {variant.name: varied(answer.cases[variant.case], variant) for variant in answer.variants}
    show = answer.show.named("adequacy of the variants")
    try:
        found = adequacy(cases, reference=NONE, draws=DRAWS, rules=Rules(firm_export=1.0), show=show)
    except InputError as error:
        return cube.assign_attrs({_WHY_NOT: str(error)})
    out = {}
    for name in _TAKEN:
        values = np.full((cube.sizes[VARIANT], cube.sizes[PERIOD]), np.nan)
        values[:, list(cube[PERIOD].to_numpy()).index(TOTAL)] = found[name].sel(case=cube[VARIANT].to_numpy())
        out[name] = ((VARIANT, PERIOD), values, found[name].attrs)
    about = {f"adequacy_{name}": found.attrs[name] for name in ("draws", "seed", "weather_years", "criterion_h")}
    return cube.assign(out).assign_attrs(about)


def with_error(mw: float, error_mw: float) -> Pair:
    """Firm capacity with its standard error in words.

    Examples
    --------
    >>> with_error(176.2, 5.1)
    ('17.6±0.5万千瓦', '176 ± 5 MW')
    """
    if not np.isfinite(mw):
        return power(mw)
    return f"{mw / 10:,.1f}±{error_mw / 10:,.1f}万千瓦", f"{mw:,.0f} ± {error_mw:,.0f} MW"


def hours(lole_h: float) -> Pair:
    """Hours with a shortfall in words."""
    return f"{lole_h:,.3g}小时", f"{lole_h:,.3g} h"


def not_told(cube: xr.Dataset) -> list[Pair]:
    """Why adequacy is not told, where it is not."""
    if _WHY_NOT not in cube.attrs:
        return []
    why = plain(str(cube.attrs[_WHY_NOT]))
    return [say("未能计算可靠性：{why}", "Adequacy could not be told: {why}", why=why)]
