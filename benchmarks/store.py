"""Result files: one for each benchmark and size, whole at every moment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.benchmark import NAMES


def file_of(folder: Path, benchmark: str, size: str) -> Path:
    """Where the results of a benchmark stand."""
    return folder / f"{benchmark}-{size}.json"


def write(path: Path, result: dict[str, Any]) -> None:
    """Write a result file; a run that is killed leaves the last whole one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".json.tmp")
    unfinished.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    unfinished.replace(path)


def read_all(place: Path) -> list[dict[str, Any]]:
    """Results of a file, or of all files of a folder in the order of the table and then by size."""
    paths = [place] if place.is_file() else list(place.glob("*.json"))
    results: list[dict[str, Any]] = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    return sorted(results, key=lambda result: (NAMES.index(result["benchmark"]), "sml".index(result["size"])))
