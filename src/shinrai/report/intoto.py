"""An assessment as in-toto statements that others' policies read: `test-result/v0.1` and `svr/v0.2`.

A test result has `PASSED`, `WARNED` and `FAILED`, and its `warnedTests` are tests that passed with a warning. A policy
that lets warnings through, or looks at `failedTests` alone, must not take an open question for a pass: so whatever did
not pass stands in `failedTests`, and which of them merely stayed open is in the extension field `shinrai_outcomes`.
A simple verification result lists verified properties only, so it names certified passes and nothing else.
Source: in-toto attestation, predicates `test-result` 0.1.0 and `svr` 0.2.
"""

from collections.abc import Sequence
from typing import Any

from shinrai.assess.assessment import Assessment
from shinrai.evidence.statements import timestamp
from shinrai.report.cases import Case, cases
from shinrai.report.characters import harmless
from shinrai.report.oscal.words import is_digest
from shinrai.report.outcome import Outcome
from shinrai_verify.dsse import Statement

TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
SVR = "https://in-toto.io/attestation/svr/v0.2"
VERIFIER = "https://shinrai.example/shinrai"


def to_test_result(assessment: Assessment) -> Statement:
    """Return the required requirements as a test result; its tests are the leaves, by id."""
    required = [case for case in cases(assessment) if case.requirement.required]
    asked = [case for case in required if case.outcome is not Outcome.NOT_APPLICABLE]
    predicate = {
        "configuration": _configuration(assessment),
        "failedTests": [harmless(case.id) for case in asked if case.outcome is not Outcome.PASS],
        "passedTests": [harmless(case.id) for case in asked if case.outcome is Outcome.PASS],
        "result": "PASSED" if _all_pass(assessment, required) else "FAILED",
        "shinrai_asOf": timestamp(assessment.as_of),
        "shinrai_outcomes": {harmless(case.id): case.outcome.value for case in required},
        "warnedTests": [],
    }
    return _statement(assessment, TEST_RESULT, predicate)


def to_verification_result(assessment: Assessment) -> Statement:
    """Return the simple verification result: what a quorum of the council certified as passed, and nothing else.

    `SHINRAI_PASS:<leaf>` for each such leaf; `SHINRAI_ALL_REQUIRED_PASS` only when every required leaf that applies is
    among them. `shinrai_validUntil` is the last day on which all evidence for them counts.
    """
    listed = list(cases(assessment))
    required = [case for case in listed if case.requirement.required]
    properties = [f"SHINRAI_PASS:{harmless(case.id)}" for case in listed if case.certified]
    certified = all(case.certified for case in required if case.outcome is not Outcome.NOT_APPLICABLE)
    if certified and _all_pass(assessment, required):
        properties.insert(0, "SHINRAI_ALL_REQUIRED_PASS")
    days = [case.expires for case in listed if case.certified and case.expires is not None]
    predicate: dict[str, Any] = {
        "properties": properties,
        "timeCreated": timestamp(assessment.as_of),
        "verifier": {"id": f"{VERIFIER}/{harmless(assessment.shinrai)}", "policies": _configuration(assessment)},
    }
    if days:
        predicate["shinrai_validUntil"] = min(days).isoformat()
    return _statement(assessment, SVR, predicate)


def _all_pass(assessment: Assessment, required: Sequence[Case]) -> bool:
    outcomes = {case.outcome for case in required} - {Outcome.NOT_APPLICABLE}
    return assessment.summary.conclusion == "met" and outcomes == {Outcome.PASS}


def _configuration(assessment: Assessment) -> list[dict[str, Any]]:
    """Return what it was judged by and on: each framework's file, and the bundle's manifest."""
    frameworks = [(f"{harmless(f.id)} {harmless(f.version)}", f.digest) for f in assessment.frameworks]
    named = [*frameworks, ("manifest.json", assessment.bundle.id)]
    return [{"digest": {"sha256": sha256}, "name": name} for name, sha256 in named if is_digest(sha256)]


def _statement(assessment: Assessment, kind: str, predicate: dict[str, Any]) -> Statement:
    return Statement(harmless(assessment.system.id), assessment.system.digest, kind, predicate)
