"""Read a folder of exports with programs of others, and compare what they see with assessment.json.

Run by `conformance_exports.py` in an environment that has these programs and no Shinrai. Each check prints one line.
"""

import base64
import json
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

Check = Callable[[Path, list[dict[str, Any]]], str]


def oscal(folder: Path, results: list[dict[str, Any]]) -> str:
    """Load the three documents into trestle's models and count what is satisfied."""
    models = {
        "oscal-assessment-plan.json": ("assessment_plan", "AssessmentPlan"),
        "oscal-assessment-results.json": ("assessment_results", "AssessmentResults"),
        "oscal-poam.json": ("poam", "PlanOfActionAndMilestones"),
    }
    loaded = {}
    for name, (module, model) in models.items():
        if (folder / name).exists():
            loaded[name] = getattr(import_module(f"trestle.oscal.{module}"), model).oscal_read(folder / name)
    (result,) = loaded["oscal-assessment-results.json"].results
    controls = [f for f in result.findings if _text(f.target.type) == "statement-id"]
    satisfied = {f.target.target_id for f in controls if _text(f.target.status.state) == "satisfied"}
    _same(satisfied, {item["id"] for item in results if item["result"] == "met"})
    return f"{len(loaded)} documents, {len(result.findings)} findings, {len(satisfied)} of {len(controls)} controls met"


def junit(folder: Path, results: list[dict[str, Any]]) -> str:
    """Count test cases; none that is open may count as passed or skipped."""
    read = import_module("junitparser").JUnitXml.fromfile(str(folder / "junit.xml"))
    states = [leaf["state"] for item in results if item["required"] for leaf in item["leaves"]]
    skipped = sum(len(i["leaves"]) for i in results if i["required"] and i["result"] == "not_applicable")
    _same((read.tests, read.failures), (len(states), states.count("not_met")))
    _same((read.errors, read.skipped), (states.count("not_assessed") - skipped, skipped))
    return f"{read.tests} tests, {read.failures} failures, {read.errors} errors, {read.skipped} skipped"


def sarif(folder: Path, results: list[dict[str, Any]]) -> str:
    """Load both SARIF logs and count what a reader of levels sees."""
    load = import_module("sarif.loader").load_sarif_file
    failed = sum(leaf["state"] == "not_met" for item in results for leaf in item["leaves"])
    whole, alerts = (load(str(folder / name)).get_report() for name in ("results.sarif", "results.github.sarif"))
    _same([report.get_issue_count_for_severity("error") for report in (whole, alerts)], [failed, failed])
    states = [(item["required"], item["result"], leaf["state"]) for item in results for leaf in item["leaves"]]
    unsettled = sum(r and s == "not_assessed" and result != "not_applicable" for r, result, s in states)
    _same(alerts.get_issue_count_for_severity("warning"), unsettled)
    return f"{failed} errors in both, {unsettled} warnings in the one for alerts"


def intoto(folder: Path, results: list[dict[str, Any]]) -> str:
    """Parse both statements into the types of in-toto and validate them."""
    parse = import_module("google.protobuf.json_format").Parse
    types = import_module("in_toto_attestation.v1.statement_pb2")
    statement = import_module("in_toto_attestation.v1.statement").Statement
    seen = []
    for name in ("test-result.intoto.jsonl", "svr.intoto.jsonl"):
        payload = base64.b64decode(json.loads((folder / name).read_text("utf-8"))["payload"])
        read = statement.copy_from_pb(parse(payload.decode("utf-8"), types.Statement()))
        read.validate()
        seen.append(json.loads(payload)["predicate"])
    passed = {leaf["id"] for i in results if i["required"] for leaf in i["leaves"] if leaf["state"] == "met"}
    _same(set(seen[0]["passedTests"]), passed)
    return f"result {seen[0]['result']}, {len(seen[0]['passedTests'])} passed, {len(seen[1]['properties'])} properties"


def sigstore(folder: Path, results: list[dict[str, Any]]) -> str:
    """Parse every bundle; sigstore-python's own client takes only bundles with a certificate, and should say so."""
    raw = import_module("sigstore_models.bundle.v1").Bundle
    models = import_module("sigstore.models")
    judged = sum(leaf["verdict"] is not None for item in results for leaf in item["leaves"])
    files = sorted((folder / "sigstore").glob("*.sigstore.jsonl"))
    for file in files:
        lines = file.read_text("utf-8").splitlines()
        _same(len(lines), judged)
        for line in lines:
            raw.from_json(line)
            try:
                models.Bundle.from_json(line)
            except models.InvalidBundle as refused:
                _same("certificate" in str(refused), True)
            else:
                raise AssertionError("the client took a bundle without a certificate: say so in the documents")
    return f"{len(files)} members with {judged} bundles each parse; the client wants a certificate, as documented"


CHECKS: dict[str, Check] = {
    "compliance-trestle": oscal,
    "junitparser": junit,
    "sarif-tools": sarif,
    "in-toto-attestation": intoto,
    "sigstore": sigstore,
}


def _text(value: Any) -> str:
    """Return a value that a library may have wrapped, as it stands in the file."""
    value = getattr(value, "root", getattr(value, "__root__", value))
    return str(getattr(value, "value", value))


def _same(found: object, expected: object) -> None:
    if found != expected:
        raise AssertionError(f"found {found}, expected {expected}")


def main(folder: Path) -> int:
    """Run every check; returns 1 when one fails."""
    results = json.loads((folder / "assessment.json").read_bytes())["results"]
    code = 0
    for name, check in CHECKS.items():
        try:
            print(f"ok    {name} {version(name)}: {check(folder, results)}")
        except Exception as error:  # a reader may fail in any way, and each is told
            print(f"FAIL  {name} {version(name)}: {type(error).__name__}: {str(error)[:400]}")
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
