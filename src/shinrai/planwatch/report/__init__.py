"""The follow-up report of a plan: one HTML file for each language, and every figure of it as JSON.

`gather` puts everything together that the report shows, for a day; the pages and the JSON are pure functions of that,
so that they cannot disagree. Public names are loaded on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shinrai.planwatch.report.contents import PlanReport, gather, year_before
    from shinrai.planwatch.report.html import render_plan_html
    from shinrai.planwatch.report.machine import report_json

_HOMES = {
    "PlanReport": "contents",
    "gather": "contents",
    "render_plan_html": "html",
    "report_json": "machine",
    "year_before": "contents",
}

__all__ = ["PlanReport", "gather", "render_plan_html", "report_json", "year_before"]


def __getattr__(name: str) -> Any:
    """Load a public name from the module that has it."""
    if name in _HOMES:
        return getattr(import_module(f"shinrai.planwatch.report.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
