"""SARIF 2.1.0 for code scanning: one rule and one result for each leaf.

SARIF fixes that a result whose kind is not `fail` has level `none` (§3.27.10), so a viewer that hides such results
hides what is undecided; it never shows it as passed, because its kind is `open` or `review`, not `pass`.
Source: OASIS SARIF 2.1.0, §3.27.9 (kind), §3.27.10 (level), §3.27.17 (partialFingerprints).
"""

import hashlib
from collections.abc import Iterator
from typing import Any

from shinrai.assess.assessment import Assessment, Leaf, RequirementResult
from shinrai.language import Language, message
from shinrai.report.characters import harmless
from shinrai.report.sentences import titled_sentence
from shinrai.report.standing import Standing, measurements_of, standing
from shinrai.report.words import STANDING, said

_KIND = {
    Standing.MET: "pass",
    Standing.NOT_MET: "fail",
    Standing.INCONCLUSIVE: "open",
    Standing.UNDECIDED: "review",
    Standing.NOT_ASSESSED: "review",
    Standing.NOT_APPLICABLE: "notApplicable",
}


def to_sarif(
    assessment: Assessment, language: Language = Language.EN, *, description: str = "shinrai.yaml"
) -> dict[str, Any]:
    """Return the assessment as a SARIF 2.1.0 log.

    language: of the result messages; rules carry both. description: the file results point at, relative to the
    root of the repository.
    """
    pairs = list(_leaves(assessment))
    rules = {leaf.id: _rule(requirement, leaf) for requirement, leaf in pairs}
    indices = {name: index for index, name in enumerate(rules)}
    driver = {
        "name": "Shinrai",
        "version": harmless(assessment.shinrai),
        "rules": list(rules.values()),
    }
    run = {
        "tool": {"driver": driver},
        "language": language.value,
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(requirement, leaf, assessment, language, description) | {"ruleIndex": indices[leaf.id]}
            for requirement, leaf in pairs
        ],
        "properties": {"asOf": assessment.as_of.isoformat(), "bundle": assessment.bundle.id},
    }
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }


def _leaves(assessment: Assessment) -> Iterator[tuple[RequirementResult, Leaf]]:
    for requirement in assessment.results:
        for leaf in requirement.leaves:
            yield requirement, leaf


def _rule(requirement: RequirementResult, leaf: Leaf) -> dict[str, Any]:
    return {
        "id": harmless(leaf.id),
        "shortDescription": {"text": harmless(leaf.title.en)},
        "fullDescription": {"text": f"{harmless(requirement.title.en)}: {harmless(requirement.text.en)}"},
        "help": {"text": f"{harmless(requirement.text.en)}\n\n{harmless(requirement.text.ja)}"},
        "properties": {
            "tags": [harmless(requirement.framework), requirement.force],
            "titleJa": harmless(leaf.title.ja),
            "textJa": harmless(requirement.text.ja),
            "certainty": requirement.certainty,
            "required": requirement.required,
        },
    }


def _result(
    requirement: RequirementResult, leaf: Leaf, assessment: Assessment, language: Language, description: str
) -> dict[str, Any]:
    where = standing(requirement, leaf, assessment)
    cause = requirement.cause if where is Standing.NOT_APPLICABLE else leaf.cause
    sentences = [titled_sentence(record, language).text(language) for record in measurements_of(leaf, assessment)]
    text = " ".join(
        [message("{name}: {text}", name=STANDING[where], text=said(cause, language)).text(language), *sentences]
    )
    # Stable from run to run, so that a code-scanning service recognises the same gap again.
    fingerprint = hashlib.sha256(f"{assessment.system.id}\0{requirement.framework}\0{leaf.id}".encode()).hexdigest()
    return {
        "ruleId": harmless(leaf.id),
        "kind": _KIND[where],
        "level": "error" if where is Standing.NOT_MET else "none",
        "message": {"text": harmless(text)},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": description}}}],
        "partialFingerprints": {"shinraiLeaf/v1": fingerprint},
        "properties": {"requirement": harmless(requirement.id), "required": requirement.required, "standing": where},
    }
