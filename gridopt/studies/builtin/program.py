"""``gridopt study``: solve, tell, and write a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gridopt.errors import Fault, InputError, SolverError
from gridopt.settings import nearest
from gridopt.studies.builtin import backcast, curtailment, demand_response, pilots, storage, targets
from gridopt.studies.builtin.study import PERIOD, TOTAL, VARIANT, Study
from gridopt.studies.builtin.tell import markdown, scope

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
