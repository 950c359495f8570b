"""A solved case: dataset, summary, and the files they are written to."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import xarray as xr

from gridopt.errors import SolverError
from gridopt.results.summary import Number

if TYPE_CHECKING:
    from gridopt.case import Case


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
    """

    case: Case
    dataset: xr.Dataset
    summary: dict[str, Number]

    def save(self, folder: str | Path) -> Path:
        """Write ``results.nc``, ``summary.json`` and ``case.yaml``.

        Everything is written beside the folder first and takes its name when it is whole; an older result of
        that name is replaced then, and not before.

        Raises
        ------
        SolverError
            When the disk refuses; what was there before is still there.
        """
        folder = Path(folder)
        unfinished = folder.with_name(folder.name + ".tmp")
        replaced = folder.with_name(folder.name + ".old")
        try:
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
            encoding = {name: {"zlib": True, "complevel": 1} for name in self.dataset.data_vars}
            self.dataset.to_netcdf(unfinished / "results.nc", engine="netcdf4", encoding=encoding)
            text = json.dumps(self.summary, ensure_ascii=False, indent=2)
            (unfinished / "summary.json").write_text(text + "\n", encoding="utf-8")
            self.case.save(unfinished)
            shutil.rmtree(replaced, ignore_errors=True)
            if folder.exists():
                folder.rename(replaced)
            unfinished.rename(folder)
            shutil.rmtree(replaced, ignore_errors=True)
        except OSError as error:
            raise SolverError(f"can't write {folder}: {error}; free the disk or give another --out") from error
        return folder
