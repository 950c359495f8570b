"""Read a case file with all it extends, and change its values; network and profiles are not read here."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridopt import catalog
from gridopt.errors import Fault, InputError
from gridopt.levers import is_lever, known_names
from gridopt.settings import deep_merge, nearest, read_yaml, setting_paths

if TYPE_CHECKING:
    import xarray as xr
    from pandapower import pandapowerNet

_FILE_KEYS = ("network", "profiles")


@dataclass(frozen=True, eq=False)
class Source:
    """What a case was made from, kept so that ``Case.override`` reads only what has changed.

    Attributes
    ----------
    values : dict
        The case file with everything it extends, before levers.
    folder : Path
        Relative paths in the values start here and stay inside.
    files : tuple of Path
        The case files read.
    net_key, net
        Network before levers, and what identifies it (``None``: given in memory).
    profiles_key, profiles
        Profiles of all hours before the horizon is cut, and what identifies them.
    """

    values: dict[str, Any]
    folder: Path
    files: tuple[Path, ...] = ()
    net_key: tuple[object, ...] | None = None
    net: pandapowerNet | None = None
    profiles_key: tuple[object, ...] | None = None
    profiles: xr.Dataset | None = None

    @property
    def label(self) -> str:
        """How the case is called in messages."""
        return str(self.files[0]) if self.files else str(self.values.get("name", "case"))


def read_source(case: str | Path | Mapping[str, Any]) -> Source:
    """Read the case file and those it extends, without network and profiles."""
    if isinstance(case, Mapping):
        values, files = _extended(dict(case), Path.cwd(), "case", ())
        return Source({"name": "case"} | values, Path.cwd(), files)
    path = _find(case)
    values, files = _read(path, ())
    return Source(values, path.resolve().parent, files)


def _find(case: str | Path) -> Path:
    shipped = catalog.case_files()
    if str(case) in shipped:
        return shipped[str(case)]
    path = Path(case)
    if path.is_dir():
        path = catalog.case_file_in(path)
    if not path.is_file():
        hint = nearest(str(case), shipped)
        raise InputError(Fault(str(path), message=f"neither a shipped case nor a file{hint}"))
    return path


def _read(path: Path, readers: tuple[Path, ...]) -> tuple[dict[str, Any], tuple[Path, ...]]:
    """Values of a case file with all it extends, and the files read."""
    path = path.resolve()
    if path in readers:
        chain = " -> ".join(reader.name for reader in (*readers[readers.index(path) :], path))
        raise InputError(Fault(str(path), "settings", "base", "", f"the case extends itself: {chain}"))
    values = read_yaml(path)
    default_name = path.parent.name if path == catalog.case_file_in(path.parent) else path.stem
    merged, files = _extended(values, path.parent, str(path), (*readers, path))
    return merged | {"name": values.get("name", default_name)}, (path, *files)


def _extended(
    values: dict[str, Any], folder: Path, label: str, readers: tuple[Path, ...]
) -> tuple[dict[str, Any], tuple[Path, ...]]:
    """Values with absolute paths on top of those of the case they extend."""
    own = {key: value for key, value in values.items() if key != "base"}
    for key in _FILE_KEYS:
        if is_path(own.get(key)):
            own[key] = str(_inside(folder, own[key], label, key))
    base = values.get("base")
    if base is None:
        return own, ()
    if not isinstance(base, str):
        raise InputError(Fault(label, "settings", "base", "", f"must be the name or file of a case, got {base!r}"))
    shipped = catalog.case_files()
    if base not in shipped and not is_path(base):
        raise InputError(Fault(label, "settings", "base", "", f"no shipped case {base!r}{nearest(base, shipped)}"))
    path = shipped[base] if base in shipped else _inside(folder, base, label, "base")
    inherited, files = _read(path, readers)
    for label_key in ("name", "description"):
        inherited.pop(label_key, None)
    return deep_merge(inherited, own), files


def is_path(value: object) -> bool:
    """Whether a value names a file; anything else is the name of something shipped."""
    return isinstance(value, str) and ("/" in value or "\\" in value or bool(Path(value).suffix))


def _inside(folder: Path, value: str, label: str, key: str) -> Path:
    """A path of a case file, absolute; a relative one must not lead out of the folder."""
    path = Path(value)
    if path.is_absolute():
        return path
    path = (folder / path).resolve()
    if not path.is_relative_to(folder.resolve()):
        message = f"{value!r} leads out of the folder of the case; give an absolute path if that is meant"
        raise InputError(Fault(label, "settings", key, "", message))
    return path


def changed(source: Source, changes: Mapping[str, Any]) -> Source:
    """The source with changed values: a lever first, then a path of the case file."""
    values = copy.deepcopy(source.values)
    faults: list[Fault] = []
    paths = setting_paths()
    for key, value in changes.items():
        if is_lever(key):
            values["levers"] = {**values.get("levers", {}), key: value}
        elif key in paths and key != "base":
            is_file = key in _FILE_KEYS and is_path(value)
            _put(values, key.split("."), str(_inside(source.folder, value, "", key)) if is_file else value)
        elif key == "base":
            faults.append(Fault(message="'base' can't be changed; load the other case instead"))
        else:
            hint = nearest(key, [*known_names(), *paths])
            faults.append(Fault(message=f"{key!r} is neither a lever nor a setting{hint}"))
    if faults:
        raise InputError(faults)
    return replace(source, values=values)


def _put(values: dict[str, Any], keys: list[str], value: object) -> None:
    for key in keys[:-1]:
        inner = values.get(key)
        values[key] = dict(inner) if isinstance(inner, Mapping) else {}
        values = values[key]
    values[keys[-1]] = value
