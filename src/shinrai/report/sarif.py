"""SARIF 2.1.0 for code scanning: one rule and one result for each leaf.

SARIF fixes that a result whose kind is not `fail` has level `none` (§3.27.10), so a viewer that hides such results
hides what is undecided; it never shows it as passed, because its kind is `open` or `review`, not `pass`. For a service
that does not read `kind` and shows alerts only (GitHub), `alerts_only` leaves out what is met and makes a warning of
everything required that is open: there, silence would look like a pass.
Source: OASIS SARIF 2.1.0, §3.27.9 (kind), §3.27.10 (level), §3.27.17 (partialFingerprints).
"""

import hashlib
from typing import Any
from urllib.parse import quote

from shinrai.assess.assessment import Assessment
from shinrai.language import Language
from shinrai.report.cases import Case, cases
from shinrai.report.characters import harmless
from shinrai.report.outcome import Outcome, result_word

_KIND = {
    Outcome.PASS: "pass",
    Outcome.FAIL: "fail",
    Outcome.INCONCLUSIVE: "open",
    Outcome.NOT_APPLICABLE: "notApplicable",
}
_CLOSED = {Outcome.PASS, Outcome.NOT_APPLICABLE}


def to_sarif(
    assessment: Assessment,
    language: Language = Language.EN,
    *,
    description: str = "shinrai.yaml",
    alerts_only: bool = False,
) -> dict[str, Any]:
    """Return the assessment as a SARIF 2.1.0 log.

    language: of the result messages; rules carry both. description: the file results point at, relative to the
    root of the repository. alerts_only: for services that show every result as an alert, whatever its kind.
    """
    listed = [case for case in cases(assessment) if not alerts_only or _is_alert(case)]
    rules = {case.id: _rule(case) for case in listed}
    indices = {name: index for index, name in enumerate(rules)}
    run = {
        "tool": {"driver": {"name": "Shinrai", "version": harmless(assessment.shinrai), "rules": list(rules.values())}},
        "language": language.value,
        "columnKind": "unicodeCodePoints",
        "results": [
            {
                **_result(case, assessment, language, description),
                **_severity(case.outcome, alerts_only),
                "ruleIndex": indices[case.id],
            }
            for case in listed
        ],
        "properties": {"asOf": assessment.as_of.isoformat(), "bundle": harmless(assessment.bundle.id)},
    }
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }


def _is_alert(case: Case) -> bool:
    return case.outcome is Outcome.FAIL or (case.requirement.required and case.outcome not in _CLOSED)


def _severity(outcome: Outcome, alerts_only: bool) -> dict[str, str]:
    if alerts_only:
        return {"level": "error" if outcome is Outcome.FAIL else "warning"}
    return {"kind": _KIND.get(outcome, "review"), "level": "error" if outcome is Outcome.FAIL else "none"}


def _rule(case: Case) -> dict[str, Any]:
    requirement = case.requirement
    tags = [harmless(requirement.framework), requirement.force]
    return {
        "id": harmless(case.id),
        "shortDescription": {"text": harmless(case.title.en)},
        "fullDescription": {"text": f"{harmless(requirement.title.en)}: {harmless(requirement.text.en)}"},
        "help": {"text": f"{harmless(requirement.text.en)}\n\n{harmless(requirement.text.ja)}"},
        "properties": {
            "tags": list(dict.fromkeys(tags)),
            "titleJa": harmless(case.title.ja),
            "textJa": harmless(requirement.text.ja),
            "certainty": requirement.certainty,
            "required": requirement.required,
        },
    }


def _result(case: Case, assessment: Assessment, language: Language, description: str) -> dict[str, Any]:
    requirement = case.requirement
    text = " ".join([case.summary(language), *case.details(language)])
    # Stable from run to run, so that a code-scanning service recognises the same gap again.
    named = f"{assessment.system.id}\0{requirement.framework}\0{case.id}"
    fingerprint = hashlib.sha256(named.encode("utf-8", "backslashreplace")).hexdigest()
    # The requirement's own result and outcome may be worse than this leaf's: part of it may be met.
    return {
        "ruleId": harmless(case.id),
        "message": {"text": harmless(text)},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": quote(harmless(description))}}}],
        "partialFingerprints": {"shinraiLeaf/v1": fingerprint},
        "properties": {
            "requirement": harmless(requirement.id),
            "requirementResult": result_word(requirement, case.overall),
            "required": requirement.required,
            "outcome": case.outcome.value,
        },
    }
