"""A solved case: dataset, summary, and the files they are written to."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import xarray as xr

from gridopt.errors import AuditError, Fault, InputError, SolverError
from gridopt.results.summary import Number

if TYPE_CHECKING:
    from gridopt.case import Case


# Every result has these two; a folder without them is not ours to replace.
_MARKS = ("results.nc", "summary.json")


def check_folder(folder: str | Path) -> Path:
    """Check that a result may be written to a folder, before hours of solving are spent on it.

    Raises
    ------
    InputError
        When something stands there that is no result: it would be lost.
    SolverError
        When the disk refuses.
    """
    folder = Path(folder).absolute()
    try:
        exists = folder.exists()
        if exists and not (folder.is_dir() and (_is_result(folder) or not any(folder.iterdir()))):
            message = "stands there already and is no result of gridopt; give another folder"
            raise InputError(Fault(str(folder), message=message))
        unfinished = _beside(folder, ".tmp")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        unfinished.rmdir()
    except OSError as error:
        raise _refused(folder, error) from error
    return folder


def _is_result(folder: Path) -> bool:
    return all((folder / name).is_file() for name in _MARKS)


def _beside(folder: Path, suffix: str) -> Path:
    return folder.with_name(folder.name + suffix)


def _refused(folder: Path, error: Exception) -> SolverError:
    return SolverError(f"can't write {folder}: {error}; free the disk or give another --out")


@dataclass(frozen=True)
class Result:
    """What a run gives.

    Attributes
    ----------
    case : Case
        What was solved.
    dataset : xr.Dataset
        All series, see ``results.nc``.
    summary : dict
        The numbers of ``summary.json``.
    proof : bytes
        Content of ``proof.npz``, what the lower bound is added up from; nothing where nothing was proven.
    """

    case: Case
    dataset: xr.Dataset
    summary: dict[str, Number]
    proof: bytes = b""

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Tables of a planning report by name, in MW, MWh and hours, see ``docs/tables.md``."""
        from gridopt.results.tables import build_tables

        return build_tables(self.case, self.dataset)

    @cached_property
    def scorecard(self) -> pd.DataFrame:
        """Every policy target, met, missed or not computable from dispatch; no rows where the network has none."""
        from gridopt.results.scorecard import scorecard

        return scorecard(self.case, self.dataset, self.summary)

    def save(self, folder: str | Path) -> Path:
        """Write ``results.nc``, ``summary.json``, ``proof.npz``, ``case.yaml``, ``scorecard.csv`` and the tables.

        Everything is written beside the folder first (``.tmp``), audited there from the files alone, and takes its
        name when it has passed; an older result of that name is replaced then, and not before.

        Raises
        ------
        InputError
            When the folder holds something that is no result.
        AuditError
            When the files break a constraint of their case: they are kept as ``.failed``, and what was there
            before is still there.
        SolverError
            When the disk refuses; what was there before is still there.
        """
        from gridopt.results.audit import require

        folder = check_folder(folder)
        unfinished = _beside(folder, ".tmp")
        try:
            unfinished.mkdir()
            encoding = {name: {"zlib": True, "complevel": 1} for name in self.dataset.data_vars}
            self.dataset.to_netcdf(unfinished / "results.nc", engine="netcdf4", encoding=encoding)
            text = json.dumps(self.summary, ensure_ascii=False, indent=2)
            (unfinished / "summary.json").write_text(text + "\n", encoding="utf-8")
            if self.proof:
                (unfinished / "proof.npz").write_bytes(self.proof)
            self.case.save(unfinished)
            self._write_tables(unfinished)
            require(unfinished)
            _take_name(unfinished, folder)
        except AuditError as error:
            kept = _keep_failed(unfinished, folder)
            raise AuditError(f"the result breaks its own case and is kept as {kept}:\n{error}") from error
        except (OSError, RuntimeError) as error:  # netCDF reports a full disk as a RuntimeError
            raise _refused(folder, error) from error
        except Exception:  # a defect in a table must not cost hours of solving
            _keep_failed(unfinished, folder)
            raise
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        return folder

    def _write_tables(self, folder: Path) -> None:
        """Write ``scorecard.csv``, ``tables/*.csv`` and ``tables.xlsx``."""
        from gridopt.results.tables import write_csv
        from gridopt.results.tables.workbook import write_workbook

        write_csv({"scorecard": self.scorecard}, folder)
        write_csv(self.tables, folder / "tables")
        write_workbook(self, folder / "tables.xlsx")


def _keep_failed(unfinished: Path, folder: Path) -> Path:
    """Keep a result that failed its audit or could not be told whole, under a name that nobody takes for a good one."""
    failed = _beside(folder, ".failed")
    try:
        shutil.rmtree(failed, ignore_errors=True)
        unfinished.rename(failed)
    except OSError as error:
        raise _refused(failed, error) from error
    return failed


def _take_name(unfinished: Path, folder: Path) -> None:
    """Give a whole result its name; the older one of that name goes when the new one stands."""
    replaced = _beside(folder, ".old")
    shutil.rmtree(replaced, ignore_errors=True)
    if folder.exists():
        folder.rename(replaced)
    try:
        unfinished.rename(folder)
    except OSError:
        if replaced.exists():
            replaced.rename(folder)
        raise
    shutil.rmtree(replaced, ignore_errors=True)
