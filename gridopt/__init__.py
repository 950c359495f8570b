"""gridopt: production simulation and flexibility dispatch for provincial power grids.

The public names load what they need when they are first used, so that ``import gridopt`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gridopt.case import Case, load_case
    from gridopt.results.result import Result
    from gridopt.run import solve
    from gridopt.studies.adequacy.program import adequacy
    from gridopt.studies.sweep import sweep

__version__ = "0.1.0"

__all__ = ["Case", "Result", "__version__", "adequacy", "load_case", "solve", "sweep"]

_HOME_OF = {
    "Case": "gridopt.case",
    "Result": "gridopt.results.result",
    "adequacy": "gridopt.studies.adequacy.program",
    "load_case": "gridopt.case",
    "solve": "gridopt.run",
    "sweep": "gridopt.studies.sweep",
}


def __getattr__(name: str) -> object:
    """Import a public name at its first use (PEP 562)."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME_OF])
