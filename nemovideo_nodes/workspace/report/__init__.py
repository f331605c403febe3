"""Reports for people, as HTML files that need nothing else: of one run, and of many."""

from nemovideo_nodes.workspace.report.overview import KnownRun, overview_of, overview_page
from nemovideo_nodes.workspace.report.page import Origin, RunPage, run_page
from nemovideo_nodes.workspace.report.writing import (
    REPORT_NAME,
    keep_report,
    known_runs_in,
    report_name,
    report_of,
    write_report,
)

__all__ = [
    "REPORT_NAME",
    "KnownRun",
    "Origin",
    "RunPage",
    "keep_report",
    "known_runs_in",
    "overview_of",
    "overview_page",
    "report_name",
    "report_of",
    "run_page",
    "write_report",
]
