"""The report: one self-contained HTML page about a result, or the comparison of several.

Every figure and number comes from the files of the result's folder; the case beside them gives the places of the map
and the settlement.
"""

from __future__ import annotations

from gridopt.report.html.folder import Folder
from gridopt.report.html.page import report_html, write_report

__all__ = ["Folder", "report_html", "write_report"]
