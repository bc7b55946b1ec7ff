"""What others accept: one `Assessment` as HTML, JSON, JUnit, SARIF, OSCAL, in-toto and a terminal summary.

Everything here is a pure function of the assessment: no number is computed that the assessment does not carry, and no
export may turn something undecided or not assessed into something green (`standing` holds that one rule, `outcome`
says it more finely for programs). Sigstore bundles alone are made from the bundle, whose signatures they carry.
Public names are loaded on first use, because most runs of the command line never write a report.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shinrai.report.html import render_html
    from shinrai.report.intoto import to_test_result, to_verification_result
    from shinrai.report.junit import to_junit
    from shinrai.report.machine import json_schema, to_json
    from shinrai.report.oscal import to_oscal_plan, to_oscal_poam, to_oscal_results
    from shinrai.report.sarif import to_sarif
    from shinrai.report.sigstore import member_bundles
    from shinrai.report.terminal import print_summary

_HOMES = {
    "json_schema": "machine",
    "member_bundles": "sigstore",
    "print_summary": "terminal",
    "render_html": "html",
    "to_json": "machine",
    "to_junit": "junit",
    "to_oscal_plan": "oscal",
    "to_oscal_poam": "oscal",
    "to_oscal_results": "oscal",
    "to_sarif": "sarif",
    "to_test_result": "intoto",
    "to_verification_result": "intoto",
}

__all__ = [
    "json_schema",
    "member_bundles",
    "print_summary",
    "render_html",
    "to_json",
    "to_junit",
    "to_oscal_plan",
    "to_oscal_poam",
    "to_oscal_results",
    "to_sarif",
    "to_test_result",
    "to_verification_result",
]


def __getattr__(name: str) -> Any:
    """Load a public name from the module that has it."""
    if name in _HOMES:
        return getattr(import_module(f"shinrai.report.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
