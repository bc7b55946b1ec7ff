"""Where a leaf stands, for every export: the one rule that decides what may be shown as green.

A leaf's state in the assessment is already derived from certified evidence. This reads it once more with suspicion, so
that a record that contradicts itself (a `met` leaf whose verdict is not a pass, or without evidence that is current)
comes out as undecided in every format at once.
"""

from enum import StrEnum

from shinrai.assess.assessment import Assessment, AttestationRecord, Leaf, MeasurementRecord, RequirementResult, Result


class Standing(StrEnum):
    """Where one expected piece of evidence stands. Only MET is ever green."""

    MET = "met"
    NOT_MET = "not_met"
    INCONCLUSIVE = "inconclusive"
    UNDECIDED = "undecided"
    NOT_ASSESSED = "not_assessed"
    NOT_APPLICABLE = "not_applicable"


def standing(requirement: RequirementResult, leaf: Leaf, assessment: Assessment) -> Standing:
    """Return where a leaf of a requirement stands. Without a named approver, NOT_APPLICABLE is undecided."""
    if requirement.result is Result.NOT_APPLICABLE:
        return Standing.NOT_APPLICABLE if requirement.approver else Standing.UNDECIDED
    if leaf.state == "not_met":
        return Standing.NOT_MET
    if requirement.outdated is not None:
        return Standing.NOT_ASSESSED
    verdict = leaf.verdict.outcome if leaf.verdict else None
    contested = leaf.verdict is not None and leaf.verdict.contested
    if leaf.state == "met":
        # More seats than the council tolerates as faulty said otherwise: whatever was certified, it is not green.
        certified = (verdict == "pass" and not contested) or (verdict is None and leaf.origin == "attested")
        return Standing.MET if certified and _has_current_evidence(leaf, assessment) else Standing.UNDECIDED
    if verdict in {"undecided", "void"}:
        return Standing.UNDECIDED
    outcomes = {record.outcome for record in measurements_of(leaf, assessment) if record.current}
    return Standing.INCONCLUSIVE if "inconclusive" in {verdict, *outcomes} else Standing.NOT_ASSESSED


def attestations_of(leaf: Leaf, assessment: Assessment) -> list[AttestationRecord]:
    """Return the attestations a leaf names, in its order. A name the assessment does not carry is left out."""
    known = {record.id: record for record in assessment.attestations}
    return [known[name] for name in leaf.attestations if name in known]


def measurements_of(leaf: Leaf, assessment: Assessment) -> list[MeasurementRecord]:
    """Return the measurements a leaf names, in its order. A name the assessment does not carry is left out."""
    known = {record.id: record for record in assessment.measurements}
    return [known[name] for name in leaf.measurements if name in known]


def _has_current_evidence(leaf: Leaf, assessment: Assessment) -> bool:
    measured = any(record.current for record in measurements_of(leaf, assessment))
    return measured or any(record.current and record.signed for record in attestations_of(leaf, assessment))
