"""The folder of a result as a report reads it: its files alone, each when it is asked for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from gridopt.errors import Fault, InputError

if TYPE_CHECKING:
    import xarray as xr

    from gridopt.case import Case

# What a report can't do without.
_SUMMARY, _DATASET = "summary.json", "results.nc"
_NEEDED_KEYS = ("hours", "demand_mwh", "input_sha256")


@dataclass(frozen=True, eq=False)
class Folder:
    """A written result.

    Parameters
    ----------
    path
        Its folder.
    solved_case
        The case, where it is at hand; else it is read from the folder's ``case.yaml`` when a section asks.
    """

    path: Path
    solved_case: Case | None = None

    @cached_property
    def summary(self) -> dict[str, Any]:
        """``summary.json``.

        Raises
        ------
        InputError
            When it is missing or no summary.
        """
        file = self._file(_SUMMARY)
        try:
            summary = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(Fault(str(file), message=f"can't be read: {error}")) from error
        lacking = [key for key in _NEEDED_KEYS if not isinstance(summary, dict) or key not in summary]
        if lacking:
            raise InputError(Fault(str(file), message=f"is no summary of a result: {', '.join(lacking)} missing"))
        return dict(summary)

    @cached_property
    def dataset(self) -> xr.Dataset:
        """``results.nc``, opened; values are read where they are used.

        Raises
        ------
        InputError
            When it is missing or no result.
        """
        import xarray as xr

        file = self._file(_DATASET)
        try:
            dataset = xr.open_dataset(file, engine="netcdf4")
        except (OSError, ValueError) as error:
            raise InputError(Fault(str(file), message=f"can't be read: {error}")) from error
        if "step_h" not in dataset.attrs or "demand_mw" not in dataset:
            dataset.close()
            raise InputError(Fault(str(file), message="holds no result of gridopt: step_h or demand_mw missing"))
        return dataset

    def table(self, name: str) -> pd.DataFrame:
        """``tables/NAME.csv``; no rows where there is no such file."""
        return _csv(self.path / "tables" / f"{name}.csv")

    @cached_property
    def scorecard(self) -> pd.DataFrame:
        """``scorecard.csv``; no rows where there is no such file."""
        return _csv(self.path / "scorecard.csv")

    @cached_property
    def settings(self) -> dict[str, Any]:
        """Content of ``case.yaml``; empty where there is none."""
        from gridopt.settings import read_yaml

        file = self.path / "case.yaml"
        return dict(read_yaml(file)) if file.is_file() else {}

    @cached_property
    def case(self) -> Case | None:
        """The case; None where the folder has none that can still be read (``case_fault`` says why)."""
        return self._case_or_fault[0]

    @property
    def case_fault(self) -> str:
        """Why there is no case."""
        return self._case_or_fault[1]

    @cached_property
    def _case_or_fault(self) -> tuple[Case | None, str]:
        if self.solved_case is not None:
            return self.solved_case, ""
        from gridopt.case import load_case

        try:
            return load_case(self.path / "case.yaml"), ""
        except InputError as error:
            return None, error.lines[0]

    @property
    def inputs_changed(self) -> bool:
        """Whether the case reads other inputs today than those it was solved with."""
        return self.case is not None and self.case.input_sha256 != self.summary["input_sha256"]

    def close(self) -> None:
        """Let go of ``results.nc``."""
        if "dataset" in self.__dict__:
            self.dataset.close()

    def _file(self, name: str) -> Path:
        file = self.path / name
        if not file.is_file():
            message = f"is no result of gridopt: {name} is missing; `gridopt run CASE --out FOLDER` writes one"
            raise InputError(Fault(str(self.path), message=message))
        return file


def _csv(file: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(file, encoding="utf-8-sig") if file.is_file() else pd.DataFrame()
    except (ValueError, OSError) as error:
        raise InputError(Fault(str(file), message=f"can't be read: {error}")) from error
