"""What an export for programs says of a leaf or a requirement: finer than a standing, and no greener.

Programs of others know two or three states and drop what they do not know, so each export turns these outcomes into
the nearest word that its readers will not take for a pass. Only PASS is ever green.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from shinrai.assess.assessment import Assessment, Leaf, RequirementResult, Result
from shinrai.language import Message, message
from shinrai.report.standing import Standing, standing


class Outcome(StrEnum):
    """The outcome of one expected piece of evidence, or of a requirement."""

    PASS = "pass"  # noqa: S105  (no password)
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    UNDECIDED = "undecided"
    VOID = "void"
    CONTESTED = "contested"
    NOT_ASSESSED = "not_assessed"
    NOT_APPLICABLE = "not_applicable"


WORDS: Mapping[Outcome, Message] = {
    Outcome.PASS: message("Met"),
    Outcome.FAIL: message("Not met"),
    Outcome.INCONCLUSIVE: message("Inconclusive"),
    Outcome.UNDECIDED: message("Undecided"),
    Outcome.VOID: message("Void: more members than tolerated voted twice"),
    Outcome.CONTESTED: message("Contested: more members than tolerated voted otherwise"),
    Outcome.NOT_ASSESSED: message("Not assessed"),
    Outcome.NOT_APPLICABLE: message("Not applicable"),
}

_DEEPEST = 32
"""Levels of headings that are followed; frameworks have two or three."""
_OPEN = (Outcome.VOID, Outcome.CONTESTED, Outcome.UNDECIDED, Outcome.INCONCLUSIVE)
_OF_STANDING = {
    Standing.MET: Outcome.PASS,
    Standing.NOT_MET: Outcome.FAIL,
    Standing.INCONCLUSIVE: Outcome.INCONCLUSIVE,
    Standing.UNDECIDED: Outcome.UNDECIDED,
    Standing.NOT_ASSESSED: Outcome.NOT_ASSESSED,
    Standing.NOT_APPLICABLE: Outcome.NOT_APPLICABLE,
}


def leaf_outcome(requirement: RequirementResult, leaf: Leaf, assessment: Assessment) -> Outcome:
    """Return the outcome of a leaf. A failure stays one even where it is contested: doubt never makes it milder."""
    outcome = _OF_STANDING[standing(requirement, leaf, assessment)]
    if outcome not in {Outcome.UNDECIDED, Outcome.INCONCLUSIVE} or leaf.verdict is None:
        return outcome
    if leaf.verdict.outcome == "void":
        return Outcome.VOID
    return Outcome.CONTESTED if leaf.verdict.contested and leaf.verdict.outcome != "undecided" else outcome


def requirement_outcomes(assessment: Assessment) -> list[Outcome]:
    """Return the outcome of each requirement, in the order of the results.

    A requirement rests on its leaves, one without leaves on the requirements under it. What says that it is met while
    something that it rests on is not is undecided.
    """
    under: dict[str, list[RequirementResult]] = {}
    for requirement in assessment.results:
        if requirement.principle is not None and requirement.principle != requirement.id:
            under.setdefault(requirement.principle, []).append(requirement)
    return [_of_requirement(requirement, under, assessment, frozenset()) for requirement in assessment.results]


def _of_requirement(
    requirement: RequirementResult,
    under: Mapping[str, Sequence[RequirementResult]],
    assessment: Assessment,
    above: frozenset[str],
) -> Outcome:
    if requirement.id in above or len(above) > _DEEPEST:
        return Outcome.NOT_ASSESSED  # what stands under itself rests on nothing
    if requirement.leaves:
        parts = [leaf_outcome(requirement, leaf, assessment) for leaf in requirement.leaves]
    else:
        inner = above | {requirement.id}
        parts = [_of_requirement(part, under, assessment, inner) for part in under.get(requirement.id, ())]
    if requirement.result is Result.NOT_APPLICABLE:
        left_out = requirement.approver is not None or (bool(parts) and set(parts) == {Outcome.NOT_APPLICABLE})
        return Outcome.NOT_APPLICABLE if left_out else Outcome.UNDECIDED
    return _combined(requirement.result, [part for part in parts if part is not Outcome.NOT_APPLICABLE])


def _combined(result: Result, parts: Sequence[Outcome]) -> Outcome:
    if result is Result.NOT_MET or Outcome.FAIL in parts:
        return Outcome.FAIL
    if result is Result.MET and parts and set(parts) == {Outcome.PASS}:
        return Outcome.PASS
    return next((outcome for outcome in _OPEN if outcome in parts), Outcome.NOT_ASSESSED)


def result_word(requirement: RequirementResult, outcome: Outcome) -> str:
    """Return the result for programs: as assessed, unless it says more than its outcome does."""
    says_more = requirement.result is Result.MET and outcome is not Outcome.PASS
    hides = requirement.result is Result.NOT_APPLICABLE and outcome is not Outcome.NOT_APPLICABLE
    return outcome.value if says_more or hides else requirement.result.value
