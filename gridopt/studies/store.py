"""The store of a sweep: one zarr (version 3) with labels, a record per scenario, a table of summaries.

Written so that it is valid at every moment:

- The skeleton with all labels is made beside the store and renamed into place.
- No two scenarios share a chunk.  Values, then ``summary``, then ``status`` are written, each chunk as a file that
  is renamed into place; at last the record ``scenarios/NUMBER.json``, which alone says that a scenario is done.  What
  was interrupted before has no record, is solved again, and overwrites its own chunks and nobody else's.
- ``summaries.parquet`` is made from the records at the end of every run, and again when records came meanwhile.

Nothing in a store is unpickled: chunks are numbers and words, records are JSON.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from gridopt.errors import Fault, InputError, SolverError
from gridopt.studies.design import Design, Scenario, position
from gridopt.studies.scenario import Failed, Outcome, Solved, Template

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    import zarr

FORMAT = 1
#: Summary keys that say something about the machine and not about the case.
MACHINE_KEYS = ("wall_s", "peak_rss_mb")
WORD_KEYS = ("status", "input_sha256")
SUMMARY_DIM = "summary_key"
_RECORDS, _TABLE, _MARK = "scenarios", "summaries.parquet", "gridopt_sweep"
_MISSING, _DONE, _FAILED = 0, 1, 2


def sha256_of(value: Any) -> str:
    """Hash of plain values, the same in every process."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def scenario_sha256(identity: Mapping[str, str], scenario: Scenario) -> str:
    """Content hash of a scenario: all inputs of the sweep and its own changes."""
    # The design as a whole is no input of one scenario.
    inputs = {key: value for key, value in identity.items() if key != "design"}
    return sha256_of([inputs, scenario.changes, scenario.outage_seed])


@dataclass(frozen=True)
class Record:
    """What is known of a scenario that was solved or has failed; ``elapsed_s`` of one that was solved."""

    number: int
    sha256: str
    reason: str
    summary: dict[str, Any]
    elapsed_s: float | None = None

    @property
    def done(self) -> bool:
        """Whether it has a result."""
        return not self.reason


class Store:
    """A store on disk; see the module for what is where."""

    def __init__(self, path: Path) -> None:
        self.path = path
        mark = _mark_of(path)
        if mark is None:
            raise InputError(Fault(str(path), message="is no store of a sweep"))
        self.identity: dict[str, str] = mark["identity"]
        self.dims: tuple[str, ...] = tuple(mark["dims"])
        self.shape: tuple[int, ...] = tuple(mark["shape"])
        self.kept: tuple[str, ...] = tuple(mark["kept"])

    @classmethod
    def create(
        cls,
        path: Path,
        identity: Mapping[str, str],
        design: Design,
        template: Template,
        summary_keys: tuple[str, ...],
        about: Mapping[str, str] | None = None,
    ) -> Store:
        """Make an empty store, or open the one that another shard has made meanwhile."""
        unfinished = path.with_name(f"{path.name}.tmp-{os.getpid()}")
        shutil.rmtree(unfinished, ignore_errors=True)
        mark = {
            "format": FORMAT,
            "identity": dict(identity),
            "dims": design.dims,
            "shape": design.shape,
            "kept": list(template.variables),
        }
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_skeleton(unfinished, design, template, summary_keys, {**(about or {}), _MARK: json.dumps(mark)})
            (unfinished / _RECORDS).mkdir()
            with contextlib.suppress(FileExistsError):
                unfinished.rename(path)
        except OSError as error:
            # a folder that is there and not empty: somebody was faster
            if _mark_of(path) is None:
                raise _refused(path, error) from error
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        store = cls(path)
        store.require(identity)
        return store

    def require(self, identity: Mapping[str, str]) -> None:
        """Refuse a store that was begun with other inputs.

        Raises
        ------
        InputError
            Naming what is different.
        """
        differing = [key for key in identity if self.identity.get(key) != identity[key]]
        if differing:
            message = f"holds a sweep with other inputs ({', '.join(differing)}); give another --out"
            raise InputError(Fault(str(self.path), message=message))

    @property
    def size(self) -> int:
        """Number of scenarios of the design."""
        return int(np.prod(self.shape, dtype=int))

    def label(self, number: int) -> str:
        """A scenario in words: its value of each lever."""
        return ", ".join(f"{name}={value}" for name, value in self._labels_of(number).items())

    def _labels_of(self, number: int) -> dict[str, Any]:
        at = position(number, self.shape)
        return {name: values[at[axis]] for name, (values, axis) in self._labels.items()}

    @cached_property
    def _labels(self) -> dict[str, tuple[list[Any], int]]:
        """Labels of the scenarios by name, and which dimension they stand along."""
        group = self._group("r")
        return {
            name: (_words(group[name]), self.dims.index(dims[0]))
            for name, dims in _label_dims(group)
            if len(dims) == 1 and dims[0] in self.dims
        }

    def records(self) -> dict[int, Record]:
        """Records by the number of their scenario."""
        found = {}
        for file in sorted((self.path / _RECORDS).glob("*.json")):
            with contextlib.suppress(json.JSONDecodeError, KeyError, FileNotFoundError):
                values = json.loads(file.read_text(encoding="utf-8"))
                found[int(values["number"])] = Record(
                    int(values["number"]),
                    values["sha256"],
                    values["reason"],
                    values["summary"],
                    values.get("elapsed_s"),
                )
        return found

    def put(self, scenario: Scenario, outcome: Outcome, template: Template) -> Outcome:
        """Write a scenario, and say what was written: a result that does not fit becomes a failure.

        Raises
        ------
        SolverError
            When the disk refuses; the scenario is then not in the store, and all others are.
        """
        values: dict[str, Any] = {}
        if isinstance(outcome, Solved):
            try:
                values = {name: template.values(name, kept) for name, kept in outcome.kept.items()}
            except InputError as error:
                outcome = Failed(f"{error.status}: {error}")
                values = {}
        try:
            self._write(scenario, outcome, values)
        except OSError as error:
            raise _refused(self.path, error) from error
        return outcome

    def _write(self, scenario: Scenario, outcome: Outcome, values: Mapping[str, Any]) -> None:
        group: Any = self._group("r+")
        at = position(scenario.number, self.shape)
        summary: dict[str, Any] = outcome.summary if isinstance(outcome, Solved) else {}
        for name, array in values.items():
            group[name][at] = array
        numbers = [summary.get(key) for key in _words(group[SUMMARY_DIM])]
        group["summary"][at] = np.array([np.nan if value is None else float(value) for value in numbers])
        group["status"][at] = _DONE if isinstance(outcome, Solved) else _FAILED
        record = {
            "number": scenario.number,
            "sha256": scenario_sha256(self.identity, scenario),
            "reason": outcome.reason if isinstance(outcome, Failed) else "",
            "summary": summary,
            "elapsed_s": round(outcome.elapsed_s, 3) if isinstance(outcome, Solved) else None,
        }
        text = json.dumps(record, ensure_ascii=False, indent=1)
        _write_whole(self.path / _RECORDS / f"{scenario.number:06d}.json", text.encode())

    def finish(self) -> None:
        """Write the table of summaries from the records, until it holds all that there are."""
        written: int | None = None
        while written != (count := len(list((self.path / _RECORDS).glob("*.json")))):
            content = self._table().to_parquet(index=False)
            try:
                _write_whole(self.path / _TABLE, content)
            except OSError as error:
                raise _refused(self.path, error) from error
            written = count

    def _table(self) -> pd.DataFrame:
        """One row per scenario that was solved or has failed: labels, what became of it, summary."""
        import pandas as pd

        rows = []
        for record in self.records().values():
            row = {"number": record.number, **self._labels_of(record.number)}
            facts = {"sha256": record.sha256, "reason": record.reason, "elapsed_s": record.elapsed_s}
            rows.append(row | facts | {"status": "failed"} | record.summary)
        return pd.DataFrame(rows, columns=None if rows else ["number", "sha256", "reason", "status"])

    def dataset(self) -> xr.Dataset:
        """The store as a lazy dataset, as ``xarray.open_zarr`` gives it."""
        import xarray as xr

        opened: xr.Dataset = xr.open_zarr(self.path, chunks=None, consolidated=True)
        return opened

    def cube(self) -> xr.Dataset:
        """Everything in memory: a variable per number of the summary, what was kept, status and reason."""
        opened = self.dataset().load()
        out = opened.drop_vars(["summary", SUMMARY_DIM]).merge(opened["summary"].to_dataset(SUMMARY_DIM))
        reasons = np.full(self.size, "", dtype=object)
        for record in self.records().values():
            reasons[record.number] = record.reason
        out["reason"] = (self.dims, reasons.reshape(self.shape).astype(str), {"long_name": "why a scenario failed"})
        return out

    def template(self) -> Template:
        """Shape of what the store keeps."""
        opened = self.dataset()
        dims = {dim for name in self.kept for dim in opened[name].dims}
        return Template(
            {
                str(name): (tuple(map(str, values.dims)), _plain_words(values.to_numpy()), {})
                for name, values in opened.coords.items()
                if set(values.dims) <= dims - set(self.dims)
            },
            {name: (tuple(map(str, opened[name].dims[len(self.dims) :])), {}) for name in self.kept},
        )

    def _group(self, mode: Literal["r", "r+"]) -> zarr.Group:
        import zarr

        with _quiet():
            return zarr.open_group(self.path, mode=mode, zarr_format=3)


def is_store(path: Path) -> bool:
    """Whether a folder is a store of a sweep."""
    return _mark_of(path) is not None


def _mark_of(path: Path) -> dict[str, Any] | None:
    try:
        mark = json.loads(json.loads((path / "zarr.json").read_text(encoding="utf-8"))["attributes"][_MARK])
    except (OSError, ValueError, KeyError, TypeError):  # no file, no JSON, or JSON of something else
        return None
    return mark if isinstance(mark, dict) and mark.get("format") == FORMAT else None


def _write_skeleton(
    path: Path, design: Design, template: Template, summary_keys: tuple[str, ...], attributes: Mapping[str, Any]
) -> None:
    """All arrays with their labels and no values."""
    import zarr

    dims, shape = design.dims, design.shape
    labels: dict[str, tuple[tuple[str, ...], Any, dict[str, str]]] = {
        name: ((dim,), values, {}) for name, (dim, values) in design.coordinates.items()
    }
    labels |= template.coordinates
    labels[SUMMARY_DIM] = ((SUMMARY_DIM,), np.array(summary_keys), {"long_name": "key of summary.json"})
    sizes = {dim: values.shape[axis] for own, values, _ in labels.values() for axis, dim in enumerate(own)}
    auxiliary = " ".join(name for name, (own, _, _) in labels.items() if own != (name,))
    with _quiet():
        group = zarr.create_group(path, zarr_format=3, attributes={**attributes, "coordinates": auxiliary})
        for name, (own, values, attrs) in labels.items():
            _add_labels(group, name, own, values, attrs)

        def add(name: str, own: tuple[str, ...], dtype: str, fill: float, attrs: Mapping[str, Any]) -> None:
            inner = tuple(sizes[dim] for dim in own)
            group.create_array(
                name,
                shape=(*shape, *inner),
                chunks=(*(1,) * len(shape), *(max(size, 1) for size in inner)),
                dtype=dtype,
                fill_value=fill,
                dimension_names=[*dims, *own],
                attributes=dict(attrs),
            )

        for name, (own, attrs) in template.variables.items():
            add(name, own, "float64", np.nan, attrs)
        add("summary", (SUMMARY_DIM,), "float64", np.nan, {"long_name": "numbers of the summary, units in the keys"})
        flags = {"flag_values": [_MISSING, _DONE, _FAILED], "flag_meanings": "missing done failed"}
        add("status", (), "int8", _MISSING, {"long_name": "what became of the scenario", **flags})
        zarr.consolidate_metadata(path, zarr_format=3)


def _add_labels(group: zarr.Group, name: str, dims: tuple[str, ...], values: Any, attrs: Mapping[str, str]) -> None:
    attributes: dict[str, Any] = dict(attrs)
    dtype: Any = values.dtype
    if values.dtype.kind == "M":
        start = values.astype("datetime64[m]").min()
        values = (values.astype("datetime64[m]") - start).astype(np.int64)
        attributes |= {"units": f"minutes since {str(start).replace('T', ' ')}", "calendar": "proleptic_gregorian"}
        dtype = values.dtype
    elif values.dtype.kind in "UOT":
        values = np.array(values.tolist(), dtype=str)
        dtype = values.dtype if values.dtype.itemsize else "U1"
    array = group.create_array(
        name,
        shape=values.shape,
        chunks=tuple(max(size, 1) for size in values.shape),
        dtype=dtype,
        dimension_names=list(dims),
        attributes=attributes,
    )
    array[...] = values


def _label_dims(group: zarr.Group) -> Iterator[tuple[str, tuple[str, ...]]]:
    auxiliary = str(group.attrs["coordinates"]).split()
    for name, array in group.arrays():
        dims = tuple(getattr(array.metadata, "dimension_names", None) or ())
        if name in auxiliary or dims == (name,):
            yield name, dims


def _plain_words(values: Any) -> Any:
    """Words as numpy's own, whatever the store gave."""
    return np.array(values.tolist(), dtype=str) if values.dtype.kind in "UOT" else values


def _words(array: Any) -> list[Any]:
    """Labels of an array as plain values."""
    values: list[Any] = np.asarray(array[...]).tolist()
    return values


def _write_whole(file: Path, content: bytes) -> None:
    """Write a file so that it is there as a whole or not at all."""
    unfinished = file.with_name(f"{file.name}.tmp-{os.getpid()}")
    try:
        with unfinished.open("wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        unfinished.replace(file)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def _refused(path: Path, error: OSError) -> SolverError:
    message = f"can't write {path}: {error}; what was written before is kept: free the disk and use --resume"
    return SolverError(message)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hush zarr, which warns that the standard does not yet speak of words and consolidated metadata."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module="zarr")
        warnings.filterwarnings("ignore", category=FutureWarning, module="zarr")
        warnings.filterwarnings("ignore", message=".*Zarr format 3 specification.*")
        yield
