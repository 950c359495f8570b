"""Runs every command of the tutorial and writes what it prints below it.

``python docs/run_tutorial.py`` rewrites the ``console`` blocks of ``docs/tutorial.md``; ``--check`` writes nothing and
fails where a command fails or prints other words than the page shows (numbers may differ between machines).
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

PAGE = Path(__file__).resolve().parent / "tutorial.md"
FILE = r"<!-- file: (?P<file>\S+) -->\n```yaml\n(?P<content>.*?)```"
BLOCK = re.compile(rf"(?:{FILE})|(?:```console\n(?P<shell>.*?)```)", re.DOTALL)
COLUMNS = "110"


def printed(command: str, folder: Path) -> str:
    """Return what a command prints: standard output, and the error lines of one that is meant to fail."""
    environment = {**os.environ, "COLUMNS": COLUMNS, "NO_COLOR": "1"}
    words = shlex.split(command)
    if words[0] != "gridopt":
        sys.exit(f"only gridopt is run from the tutorial, not {words[0]}")
    words[:1] = [sys.executable, "-c", "from gridopt.cli import main; main()"]
    run = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if run.returncode not in (0, 2):
        sys.exit(f"{command} ended with {run.returncode}:\n{run.stderr}")
    text = run.stdout if run.returncode == 0 else run.stderr
    return "\n".join(line.rstrip() for line in text.replace(f"{folder}/", "").strip().splitlines())


def run_page(page: str) -> str:
    """Return the page with every console block as its commands print it now."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()

        def replaced(match: re.Match[str]) -> str:
            if match["file"]:
                (folder / match["file"]).write_text(match["content"], encoding="utf-8")
                return match[0]
            commands = [line for line in match["shell"].splitlines() if line.startswith("$ ")]
            parts = [f"{command}\n{printed(command[2:], folder)}\n" for command in commands]
            return "```console\n" + "\n".join(parts) + "```"

        return BLOCK.sub(replaced, page)


def words(page: str) -> str:
    """Return a page without numbers, rules and widths of columns."""
    return re.sub(r"\s+", " ", re.sub(r"-?[\d.,]+|–", "#", page))


def main() -> None:
    """Rewrite or check the page."""
    page = PAGE.read_text(encoding="utf-8")
    new = run_page(page)
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(new, encoding="utf-8")
    elif words(new) != words(page):
        sys.exit("docs/tutorial.md shows other words than the commands print: run python docs/run_tutorial.py")


if __name__ == "__main__":
    main()
