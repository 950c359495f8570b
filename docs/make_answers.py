"""Put what the built-in studies found into the documentation.

``python docs/make_answers.py results/study-*`` copies the findings of every folder in both languages to
``docs/answers``, with the drawings of the study and what made it.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import xarray as xr
from make_figures import DOCS

ANSWERS = DOCS / "answers"
LANGUAGES = {"en": ("Drawings", "Made by"), "zh": ("图", "由来")}


def answer(folder: Path) -> str:
    """Write the pages of one study and return its name."""
    with xr.open_dataset(folder / "cube.nc") as cube:
        name, case, failed = (str(cube.attrs[key]) for key in ("study", "case", "failed"))
    if failed:
        sys.exit(f"{folder}: a variant failed, so that the study is no answer: {failed}")
    pictures = sorted((folder / "figures").glob("*.png"))
    for picture in pictures:
        shutil.copy(picture, ANSWERS / f"{name}-{picture.name}")
    for language, (drawings, made_by) in LANGUAGES.items():
        text = (folder / f"findings.{language}.md").read_text(encoding="utf-8").rstrip()
        lines = [text, "", f"## {drawings}", ""]
        lines += [f"![{picture.stem}]({name}-{picture.name})" for picture in pictures]
        lines += ["", f"## {made_by}", "", f"`gridopt study {name}`: {case}", ""]
        (ANSWERS / f"{name}.{language}.md").write_text("\n".join(lines), encoding="utf-8")
    return name


def main() -> None:
    """Write the pages of all folders."""
    ANSWERS.mkdir(exist_ok=True)
    for folder in sys.argv[1:]:
        print(f"{answer(Path(folder))}: in {ANSWERS}")


if __name__ == "__main__":
    main()
