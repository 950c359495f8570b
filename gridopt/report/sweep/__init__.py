"""The page of a sweep: what its levers do to cost, curtailment and the other numbers of the summary."""

from __future__ import annotations

from gridopt.report.sweep.page import sweep_html, write_sweep_report
from gridopt.report.sweep.scenarios import is_sweep, read_sweep

__all__ = ["is_sweep", "read_sweep", "sweep_html", "write_sweep_report"]
