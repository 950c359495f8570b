"""Adequacy of a case, and the firm capacity of its parts, each taken out alone (last in): table and files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from gridopt.errors import Fault, InputError, SolverError
from gridopt.settings import nearest
from gridopt.studies.adequacy.parts import EVERYTHING, PARTS, without_each
from gridopt.studies.adequacy.program import DRAWS, adequacy
from gridopt.studies.adequacy.read import Rules

if TYPE_CHECKING:
    from gridopt.case import Case
    from gridopt.studies.progress import Silent

#: Parts that are looked at where none is named.
FLEXIBLE = ("demand response", "pumped storage", "batteries")


def last_in(
    case: Case,
    *,
    parts: Sequence[str] = FLEXIBLE,
    draws: int = DRAWS,
    seed: int = 1,
    rules: Rules | None = None,
    show: Silent | None = None,
) -> pd.DataFrame:
    """Adequacy of a case and of the case without each of its parts.

    Parameters
    ----------
    case
        The case.
    parts
        Names of :data:`~gridopt.studies.adequacy.parts.PARTS`; those that the case has not are left out.
    draws, seed, rules, show
        As :func:`gridopt.adequacy` has them.

    Returns
    -------
    pd.DataFrame
        First the case as it is (``everything``), then a row without each part: ``installed_mw`` of the part, its
        ``firm_mw`` (how much more perfect capacity is missing without it) and standard error, ``firm_share_pu`` of
        its size; and all numbers of :func:`gridopt.adequacy`.  ``attrs`` say what made it.

    Raises
    ------
    InputError
        For a part that is none, or failures of a technology that the case has not.
    """
    used = rules or Rules()
    _require_known(case, parts, used)
    wanted = {f"without {name}" for name in parts} | {EVERYTHING}
    cases, size = without_each(case)
    chosen = {name: each for name, each in cases.items() if name in wanted}
    found = adequacy(chosen, reference=EVERYTHING, draws=draws, seed=seed, rules=used, show=show)
    table = found[[name for name in found if found[name].dims == ("case",)]].to_dataframe()
    # taken against the case as it is, what is lost has the other sign
    table["firm_mw"] = 0.0 - table["firm_mw"]
    table.insert(0, "installed_mw", pd.Series(size).reindex(table.index))
    table.loc[EVERYTHING, ["firm_mw", "firm_se_mw"]] = float("nan")
    table.insert(1, "firm_mw", table.pop("firm_mw"))
    table.insert(2, "firm_se_mw", table.pop("firm_se_mw"))
    table.insert(3, "firm_share_pu", table["firm_mw"] / table["installed_mw"])
    table.attrs = {
        "case": case.name,
        "input_sha256": case.input_sha256,
        **found.attrs,
        "lole_by_weather_h": found["lole_by_weather_h"].sel(case=EVERYTHING).to_series().to_dict(),
        "failures": {name: list(failure) for name, failure in used.failures.items()},
        "versions": _versions(),
    }
    return table


def _require_known(case: Case, parts: Sequence[str], rules: Rules) -> None:
    names = [part.name for part in PARTS]
    technologies = sorted({*case.net.gen["technology"], *case.net.storage["technology"]})
    faults = [
        Fault(table=table, row=name, message=f"is none{nearest(name, known)}; there are {', '.join(known)}")
        for table, known, given in (("part", names, parts), ("failure", technologies, list(rules.failures)))
        for name in given
        if name not in known
    ]
    if faults:
        raise InputError(faults)


def _versions() -> dict[str, str]:
    from gridopt.studies.scenario import versions

    return versions() | {"numba": version("numba")}


def as_dict(table: pd.DataFrame) -> dict[str, Any]:
    """The table and what made it, as JSON has it: what is not known is null."""
    rows = table.reset_index().astype(object)
    about = {str(name): value for name, value in table.attrs.items()}
    return {**about, "rows": rows.where(rows.notna(), None).to_dict("records")}


def write(table: pd.DataFrame, folder: Path) -> None:
    """Write ``adequacy.csv`` and, with what made it, ``adequacy.json``.

    Raises
    ------
    SolverError
        Where the folder can't be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        table.round(6).to_csv(folder / "adequacy.csv", encoding="utf-8-sig")
        text = json.dumps(as_dict(table), ensure_ascii=False, indent=2)
        (folder / "adequacy.json").write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise SolverError(f"can't write {folder}: {error}; give another --out") from error
