"""Where the shipped data lie, in a checkout and in an installed wheel alike.

The wheel carries ``networks``, ``profiles`` and ``examples/cases`` inside the package as ``gridopt/data``;
in a checkout (and in an editable install) they stand at the top of the repository.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CASE_FILE = "case.yaml"


def _folder(packaged: str, checkout: str) -> Path:
    inside = _PACKAGE / "data" / packaged
    return inside if inside.is_dir() else _PACKAGE.parent / checkout


def networks_folder() -> Path:
    """Folder with one sub-folder of CSV tables per shipped network."""
    return _folder("networks", "networks")


def profiles_folder() -> Path:
    """Folder with the shipped hourly profiles (netCDF)."""
    return _folder("profiles", "profiles")


def cases_folder() -> Path:
    """Folder with the shipped case files."""
    return _folder("cases", "examples/cases")


def network_names() -> list[str]:
    """Names of the shipped networks, sorted."""
    return sorted(path.name for path in networks_folder().glob("*") if any(path.glob("*.csv")))


def policy_targets_file(network: str | None) -> Path | None:
    """Table of the policy targets of a shipped network; None for networks that have none."""
    return _table_of(network, "policy_targets.csv")


def statistics_file(network: str | None) -> Path | None:
    """Table of the published statistics of a shipped network; None for networks that have none."""
    return _table_of(network, "statistics.csv")


def _table_of(network: str | None, name: str) -> Path | None:
    file = networks_folder() / network / name if network in network_names() else None
    return file if file is not None and file.is_file() else None


def case_files() -> dict[str, Path]:
    """Shipped cases: name to YAML file, sorted by name."""
    files = {path.stem: path for path in cases_folder().glob("*.yaml")}
    files |= {path.parent.name: path for path in cases_folder().glob(f"*/{_CASE_FILE}")}
    return dict(sorted(files.items()))


def case_file_in(folder: Path) -> Path:
    """The case file of a folder that holds one case (what ``Case.save`` and ``gridopt run`` write)."""
    return folder / _CASE_FILE
