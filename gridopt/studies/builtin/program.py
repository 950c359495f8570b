"""``gridopt study``: solve, tell, and write a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gridopt.errors import Fault, InputError, SolverError
from gridopt.settings import nearest
from gridopt.studies.builtin import backcast, curtailment, demand_response, pilots, storage, targets
from gridopt.studies.builtin.say import clean
from gridopt.studies.builtin.study import PERIOD, TOTAL, VARIANT, Pair, Study

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from gridopt.case import Case
    from gridopt.studies.builtin.periods import Period
    from gridopt.studies.progress import Silent

#: All studies by name.
STUDIES: dict[str, Study] = {
    each.STUDY.name: each.STUDY for each in (curtailment, demand_response, storage, pilots, targets, backcast)
}
#: Columns of the table of variants that all studies write.
_COMMON = (
    *("objective_cny", "operating_cost_cny", "penalty_cny", "demand_mwh", "curtailment_mwh", "curtailment_rate"),
    *("unserved_mwh", "thermal_mwh", "wind_mwh", "solar_mwh", "net_export_mwh", "phs_discharge_mwh"),
    *("battery_discharge_mwh", "dr_mwh", "dr_hours", "peak_load_mw", "co2_t", "coal_tce"),
)
_LANGUAGES = ("zh", "en")


def study_of(name: str) -> Study:
    """A study by its name.

    Raises
    ------
    InputError
        Where there is none of that name.
    """
    if name not in STUDIES:
        raise InputError(f"no study {name!r}{nearest(name, STUDIES)}; there are {', '.join(STUDIES)}")
    return STUDIES[name]


def run_study(
    name: str,
    cases: Sequence[str | Case] = (),
    *,
    out: str | Path,
    full_year: bool = False,
    workers: int = 2,
    show: Silent | None = None,
) -> xr.Dataset:
    """Run a built-in study and write its folder; what is solved already is not solved again.

    Parameters
    ----------
    name
        Name of the study.
    cases
        What it looks at; default: the cases of the study.
    out
        Folder to write.
    full_year
        Solve all hours instead of chosen weeks; some studies do in any case.
    workers
        Processes; 0: solve in this process.
    show
        Told of the progress.

    Returns
    -------
    xr.Dataset
        The cube of the study, see ``docs/studies.md``.
    """
    from gridopt.case import Case, load_case
    from gridopt.studies.builtin.periods import periods
    from gridopt.studies.builtin.solving import QUICK, solve_study

    study, folder = study_of(name), Path(out)
    full_year = full_year or study.whole_year
    _require_ours(folder)
    loaded = [case if isinstance(case, Case) else load_case(case) for case in cases or study.cases]
    own = {case.name: case for case in loaded}
    hours = {case: periods(each, full_year=full_year) for case, each in own.items()}
    if len({tuple(period.name for period in each) for each in hours.values()}) > 1:
        raise InputError(f"{', '.join(own)} can't be compared: one has a year of hours, another one has not")
    study.variants(own)  # tells what the case lacks before a folder is made
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SolverError(f"can't write {folder}: {error}; give another --out") from error
    settings: Mapping[str, str | bool] = {} if full_year else QUICK
    cube = solve_study(study, own, hours, folder, workers=workers, settings=settings, show=show)
    write(study, cube, own, hours, folder)
    return cube


def _require_ours(folder: Path) -> None:
    """Refuse a folder that holds something else."""
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / "runs.zarr").is_dir())):
        raise InputError(Fault(str(folder), message="stands there already and is no folder of a study"))


def write(
    study: Study,
    cube: xr.Dataset,
    cases: Mapping[str, Case],
    hours: Mapping[str, Sequence[Period]],
    folder: Path,
) -> None:
    """Write tables, cube, drawings and findings."""
    from gridopt.studies.builtin.figures import save

    table = study.table(cube)
    table.to_csv(folder / "table.csv", index=False, encoding="utf-8-sig")
    variants_table(cube).to_csv(folder / "variants.csv", encoding="utf-8-sig")
    about = {"study": study.name, "case": ", ".join(f"{n} {c.input_sha256}" for n, c in cases.items())}
    cube.assign_attrs(about).to_netcdf(folder / "cube.nc", engine="netcdf4")
    save(study.figures(cube), folder / "figures")
    for at, language in enumerate(_LANGUAGES):
        text = markdown(study, cube, table, scope(hours), at)
        (folder / f"findings.{language}.md").write_text(text, encoding="utf-8")


def variants_table(cube: xr.Dataset) -> pd.DataFrame:
    """The usual numbers of every variant over all periods."""
    keys = [key for key in _COMMON if key in cube]
    rows = cube[keys].sel({PERIOD: TOTAL}).to_dataframe()
    return rows[keys].rename_axis(VARIANT)


def scope(hours: Mapping[str, Sequence[Period]]) -> list[Pair]:
    """Which hours stand for what, case by case."""
    out = []
    for case, own in hours.items():
        if own[0].start:
            weeks = ", ".join(f"{period.name} {period.start[:10]} × {period.weight:.2f}" for period in own)
            total = sum(period.weight * period.hours for period in own)
            out.append(
                (f"{case}：代表周 {weeks}，合计{total:,.0f}小时", f"{case}: weeks {weeks}; {total:,.0f} h in all")
            )
        else:
            out.append((f"{case}：全部{own[0].hours:,.0f}小时", f"{case}: all {own[0].hours:,.0f} h"))
    return out


def shown(value: str | float, column: str) -> str:
    """A cell as text: shares in percent, numbers with as many digits as a planner reads.

    Examples
    --------
    >>> shown(0.0512, "share_pu"), shown(1234.5678, "called_gwh"), shown(float("nan"), "x"), shown(0.6, "limit")
    ('5.12%', '1,234.6', '–', '0.6')
    """
    if isinstance(value, str):
        return value
    number = clean(float(value))
    if not np.isfinite(number):
        return "–"
    if column.endswith("_pu"):
        return f"{number:.2%}"
    return f"{number:,.1f}" if abs(number) >= 10 else f"{number:,.3g}"


def columns_of(study: Study, table: pd.DataFrame, language: int) -> list[tuple[str, str]]:
    """Columns shown in a language and their words: those that say the same in the other one are left out."""
    others = [f"{column}_zh" for column in table]
    left_out = (
        {column for column in table if str(column).endswith("_zh")}
        if language
        else {column.removesuffix("_zh") for column in others if column in table}
    )
    wide = ("_how", "_how_zh", "id")
    shown_ones = [str(c) for c in table if c not in left_out and not str(c).endswith(wide)]
    return [(column, study.columns.get(column, (column, column))[language]) for column in shown_ones]


def markdown(study: Study, cube: xr.Dataset, table: pd.DataFrame, hours: Sequence[Pair], language: int) -> str:
    """Title, findings, table, and what is not told, as markdown."""
    columns = columns_of(study, table, language)
    rows = [[shown(row[name], name).replace("|", "\\|") for name, _ in columns] for _, row in table.iterrows()]
    heads = (("结论", "Findings"), ("数据", "Numbers"), ("时段与范围", "Hours and scope"))
    lines = [f"# {study.title[language]}", "", f"## {heads[0][language]}", ""]
    lines += [f"- {sentence[language]}" for sentence in study.findings(cube)]
    lines += ["", f"## {heads[1][language]}", "", "| " + " | ".join(words for _, words in columns) + " |"]
    lines += ["|" + " --- |" * len(columns), *("| " + " | ".join(row) + " |" for row in rows)]
    lines += ["", f"## {heads[2][language]}", ""]
    lines += [f"- {pair[language]}" for pair in (*hours, *study.not_told)]
    return "\n".join(lines) + "\n"


def print_study(study: Study, cube: xr.Dataset) -> None:
    """The table and the findings on the terminal."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table, console = study.table(cube), Console()
    columns = columns_of(study, table, 1)
    drawn = Table(title=study.title[1], box=None, pad_edge=False)
    for name, words in columns:
        drawn.add_column(words, justify="left" if table[name].dtype == object else "right")
    for _, row in table.iterrows():
        drawn.add_row(*(escape(shown(row[name], name)) for name, _ in columns))
    console.print(drawn)
    for sentence in (*study.findings(cube), *study.not_told):
        console.print(f"- {sentence[1]}", markup=False)
