"""Make the notebooks from the scripts beside them, so that both say the same.

A notebook has the docstring of its script as a title, the imports as the first cell, and a cell with its heading for
every ``# %%`` in ``main``.

    python examples/studies/make_notebooks.py            # write them, without output
    python examples/studies/make_notebooks.py --run      # and run them: pip install -e ".[notebooks]"
    python examples/studies/make_notebooks.py --run pilots targets   # some of them
    python examples/studies/make_notebooks.py --check    # end with 1 where one differs from its script
"""

import ast
import json
import sys
import textwrap
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SCRIPTS = ("curtailment", "demand_response", "storage", "pilots", "targets")
_CELL = "# %% "
# Every notebook stands alone, where a script would take its arguments.
_KEPT_WORDS = {"targets": 'cases = ("jilin-2025", "jilin-2030")'}
_CASE = 'case = "jilin-2030"'


def cells_of(script: Path) -> list[tuple[str, str]]:
    """Kind (``markdown`` or ``code``) and text of each cell of a script."""
    source = script.read_text(encoding="utf-8")
    tree = ast.parse(source)
    lines = source.splitlines()
    docstring = (ast.get_docstring(tree) or "").split("    python ")[0].strip()
    title, _, rest = docstring.partition("\n")
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    main = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "main")
    needed = lines[imports[0].lineno - 1 : imports[-1].end_lineno]
    needed = [line for line in needed if line != "import sys"]
    first = _KEPT_WORDS.get(script.stem, _CASE)
    out = [("markdown", f"# {title.rstrip('.')}\n\n{rest.strip()}"), ("code", "\n".join([*needed, "", first]).strip())]
    body = textwrap.dedent("\n".join(lines[main.body[1].lineno - 2 : main.end_lineno]))
    for part in f"\n{body}".split(f"\n{_CELL}")[1:]:
        heading, _, code = part.partition("\n")
        kept = [line for line in code.strip("\n").splitlines() if not line.startswith("cases = cases or")]
        out += [("markdown", heading), ("code", "\n".join(kept))]
    return out


def notebook(script: Path) -> dict[str, Any]:
    """A notebook in the format of Jupyter 4.5."""
    cells = []
    for number, (kind, text) in enumerate(cells_of(script)):
        cell: dict[str, Any] = {
            "cell_type": kind,
            "id": f"{script.stem.replace('_', '-')}-{number}",
            "metadata": {},
            "source": text.splitlines(keepends=True),
        }
        cells.append(cell | ({"execution_count": None, "outputs": []} if kind == "code" else {}))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    about = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5}


def same_source(made: dict[str, Any], kept: dict[str, Any]) -> bool:
    """Whether two notebooks have the same cells, whatever their output."""

    def sources(notebook: dict[str, Any]) -> list[tuple[str, str]]:
        return [(cell["cell_type"], "".join(cell["source"])) for cell in notebook["cells"]]

    return sources(made) == sources(kept)


def _run(path: Path) -> None:
    """Run a notebook where it would be opened from, the root of the project, and keep its output."""
    import nbformat
    from nbclient import NotebookClient

    opened = nbformat.read(path, as_version=4)
    NotebookClient(opened, timeout=None, resources={"metadata": {"path": str(HERE.parents[1])}}).execute()
    for cell in opened.cells:
        cell.metadata.pop("execution", None)  # times of day
    opened.metadata["language_info"] = {"name": "python"}
    nbformat.write(opened, path)


def main(*arguments: str) -> int:
    """Write, run or check all notebooks."""
    differ = []
    for name in [each for each in arguments if not each.startswith("--")] or SCRIPTS:
        path, made = HERE / f"{name}.ipynb", notebook(HERE / f"{name}.py")
        if path.exists() and same_source(made, json.loads(path.read_text(encoding="utf-8"))):
            pass
        elif "--check" in arguments:
            differ.append(path.name)
        else:
            path.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        if "--run" in arguments:
            print(f"running {path.name}")
            _run(path)
    if differ:
        print(f"differ from their scripts: {', '.join(differ)}; run python examples/studies/make_notebooks.py")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
