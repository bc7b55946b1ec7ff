"""How programs of others read the exports: what each would show as green, as failed, as left out.

They know the formats and nothing of Shinrai, so they read no property of ours.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from defusedxml import ElementTree

from shinrai.assess.assessment import Assessment
from shinrai.report import to_junit, to_sarif
from shinrai.report.intoto import to_test_result, to_verification_result
from shinrai.report.oscal import to_oscal_poam, to_oscal_results


@dataclass(frozen=True)
class Read:
    """What a reader of a format takes from it: ids of leaves."""

    green: frozenset[str]
    failed: frozenset[str]


def oscal(assessment: Assessment) -> Read:
    (result,) = to_oscal_results(assessment)["assessment-results"]["results"]
    targets = [f["target"] for f in result.get("findings", []) if f["target"]["type"] == "objective-id"]
    states = {target["target-id"]: target["status"] for target in targets}
    assert len(states) == len(targets)
    # Whichever of the two a reader goes by, both have to say so.
    assert all((s["state"] == "satisfied") == (s["reason"] == "pass") for s in states.values())
    return Read(
        frozenset(name for name, status in states.items() if status["state"] == "satisfied"),
        frozenset(name for name, status in states.items() if status["reason"] == "fail"),
    )


def oscal_controls(assessment: Assessment) -> Mapping[str, str]:
    """Return the state of each requirement."""
    (result,) = to_oscal_results(assessment)["assessment-results"]["results"]
    targets = [f["target"] for f in result.get("findings", []) if f["target"]["type"] == "statement-id"]
    return {target["target-id"]: target["status"]["state"] for target in targets}


def sarif(assessment: Assessment) -> Read:
    results = json.loads(json.dumps(to_sarif(assessment)))["runs"][0]["results"]
    return Read(
        # §3.27.9: without a kind it is `fail`.
        frozenset(r["ruleId"] for r in results if r.get("kind", "fail") == "pass"),
        frozenset(r["ruleId"] for r in results if r.get("level", "warning") == "error"),
    )


def alerts(assessment: Assessment) -> Read:
    """Read as a service does that knows no kind: what has no alert is fine."""
    results = to_sarif(assessment, alerts_only=True)["runs"][0]["results"]
    asked = {leaf.id for item in assessment.results if item.required for leaf in item.leaves}
    return Read(
        frozenset(asked - {r["ruleId"] for r in results}),
        frozenset(r["ruleId"] for r in results if r["level"] == "error"),
    )


def junit(assessment: Assessment) -> Read:
    cases = {case.get("name"): case for case in ElementTree.fromstring(to_junit(assessment)).iter("testcase")}
    bad = ("failure", "error", "skipped")
    return Read(
        frozenset(name for name, case in cases.items() if all(case.find(tag) is None for tag in bad)),
        frozenset(name for name, case in cases.items() if case.find("failure") is not None),
    )


def tests_passed(assessment: Assessment) -> Read:
    predicate = to_test_result(assessment).predicate
    return Read(frozenset(predicate["passedTests"]), frozenset(predicate["failedTests"]))


def properties(assessment: Assessment) -> Read:
    named = [name.partition(":") for name in to_verification_result(assessment).predicate["properties"]]
    return Read(frozenset(leaf for kind, _, leaf in named if kind == "SHINRAI_PASS"), frozenset())


def actions(assessment: Assessment) -> frozenset[str]:
    """Return the requirements that stand in the plan of action."""
    document = to_oscal_poam(assessment)
    items = document["plan-of-action-and-milestones"]["poam-items"] if document else []
    return frozenset(prop["value"] for item in items for prop in item["props"] if prop["name"] == "requirement")
