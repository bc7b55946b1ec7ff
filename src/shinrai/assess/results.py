"""Results, derived from evidence and verdicts alone: the one place where they come from.

`at` computes every state, result, count and conclusion of an assessment for a given moment. Nothing of this is stored
anywhere else, so that everything changes together when a piece of evidence expires.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Literal

from shinrai.assess.assessment import (
    ApprovalRecord,
    Assessment,
    AttestationRecord,
    Leaf,
    MeasurementRecord,
    RequirementResult,
    Result,
    Share,
    Summary,
    Text,
)
from shinrai.assess.goal_scores import scored
from shinrai.language import Bilingual, Message, message

State = Literal["met", "not_met", "not_assessed"]


def at(assessment: Assessment, as_of: datetime) -> Assessment:
    """Return the assessment as it stands at a moment: what has expired or is not yet there does not count."""
    day = as_of.date()
    measurements = [
        m.model_copy(update={"current": m.measured_on <= as_of and day <= m.valid_until})
        for m in assessment.measurements
    ]
    attestations = [a.model_copy(update={"current": _attested(a, as_of)}) for a in assessment.attestations]
    approvals = [
        a.model_copy(update={"current": a.signed_on <= as_of and day <= a.expires}) for a in assessment.approvals
    ]
    evidence = Evidence(
        {m.id: m for m in measurements}, {a.id: a for a in attestations}, as_of, assessment.tier.minimum_n
    )
    results = requirement_results(assessment.results, evidence, approvals)
    return assessment.model_copy(
        update={
            "as_of": as_of,
            "measurements": measurements,
            "attestations": attestations,
            "approvals": approvals,
            "results": results,
            "goals": [scored(tree, measurements, results, as_of) for tree in assessment.goals],
            "summary": summarise(results, measurements, attestations),
        }
    )


def _attested(attestation: AttestationRecord, as_of: datetime) -> bool:
    signed_on = attestation.signed_on
    return attestation.signed and signed_on is not None and signed_on <= as_of and as_of.date() <= attestation.expires


class Evidence:
    """What there is at a moment: measurements and attestations by id. minimum_n: what the risk tier asks for."""

    def __init__(
        self,
        measurements: Mapping[str, MeasurementRecord],
        attestations: Mapping[str, AttestationRecord],
        as_of: datetime,
        minimum_n: int = 1,
    ) -> None:
        self.measurements = measurements
        self.attestations = attestations
        self.as_of = as_of
        self.minimum_n = minimum_n


def leaf_at(leaf: Leaf, evidence: Evidence) -> Leaf:
    """Return the leaf with its state: what current evidence, certified by the council, says."""
    if leaf.code in ("D", "Q"):
        state, cause, origin = _attested_leaf(leaf, evidence)
    elif leaf.code == "A":
        state, cause, origin = _measured_leaf(leaf, evidence)
    elif leaf.code == "L":
        state, cause, origin = "not_assessed", message("Nothing here reads logs or configuration for this yet."), None
    else:
        state, cause, origin = "not_assessed", message("It lies outside one organisation."), None
    return leaf.model_copy(update={"state": state, "cause": text(cause), "origin": origin})


_CONTESTED = message("Certified, but contested: more seats than may be faulty say otherwise.")
_Finding = tuple[State, Message, Literal["measured", "imported", "attested"] | None]


def _measured_leaf(leaf: Leaf, evidence: Evidence) -> _Finding:
    found = [evidence.measurements[name] for name in leaf.measurements]
    if not found:
        if leaf.attestations:
            return (
                "not_assessed",
                message("Attested, but this needs a measurement: a statement alone cannot show it."),
                None,
            )
        return "not_assessed", message("No check measured this."), None
    stale = _stale([(m.measured_on, m.valid_until) for m in found if not m.current], evidence.as_of)
    if stale is not None:
        return "not_assessed", stale, None
    decisive = [m for m in found if m.decisive]
    counts = Counter(m.outcome for m in decisive)
    smallest = min((independent(m) for m in decisive), default=0)
    # The weaker origin is told: one imported number, and the leaf does not stand on measurements alone.
    origin: Literal["measured", "imported"] = (
        "imported" if any(m.origin == "imported" for m in decisive) else "measured"
    )
    if leaf.verdict is None:
        return "not_assessed", message("The council has not judged this."), None
    match leaf.verdict.outcome:
        case "pass" if leaf.verdict.contested:
            return "not_assessed", _CONTESTED, None
        case "pass" if smallest < evidence.minimum_n:
            # Only what would be met is held back: a gap that shows in few samples is a gap all the same.
            reason = message(
                "It would be met, but the risk tier asks for at least {n} independent samples; the smallest "
                "measurement has {m}.",
                n=evidence.minimum_n,
                m=smallest,
            )
            return "not_assessed", reason, None
        case "pass":
            return (
                "met",
                message("All {n} decisive measurements pass, and the council certified it.", n=len(decisive)),
                origin,
            )
        case "fail":
            reason = message(
                "{n} of {m} decisive measurements fail, and the council certified it.",
                n=counts["fail"],
                m=len(decisive),
            )
            return "not_met", reason, origin
        case "inconclusive":
            reason = message(
                "Open: of {m} decisive measurements {n} are inconclusive and {e} ended in an error.",
                m=len(decisive),
                n=counts["inconclusive"],
                e=counts["error"],
            )
            return "not_assessed", reason, None
        case _:
            return "not_assessed", message("The council did not agree, so nothing is certified."), None


def independent(measurement: MeasurementRecord) -> int:
    """Return how many independent samples a measurement rests on: repeats and variations of one scenario are one."""
    return measurement.n if measurement.scenarios is None else min(measurement.n, measurement.scenarios)


def _attested_leaf(leaf: Leaf, evidence: Evidence) -> _Finding:
    found = [evidence.attestations[name] for name in leaf.attestations]
    signed = [a for a in found if a.signed]
    if not signed:
        causes = [a.cause for a in found if a.cause is not None]
        if causes:
            return "not_assessed", Message("{cause}", {"cause": bilingual(causes[0])}), None
        return "not_assessed", message("Nobody has attested this."), None
    if not any(a.current for a in signed):
        spans = [(a.signed_on or evidence.as_of, a.expires) for a in signed]
        return "not_assessed", _stale(spans, evidence.as_of) or message("Nobody has attested this."), None
    if leaf.verdict is None or leaf.verdict.outcome != "pass":
        return "not_assessed", message("Attested, but the council did not certify it."), None
    if leaf.verdict.contested:
        return "not_assessed", _CONTESTED, None
    names = [bilingual(a.by) for a in signed if a.current]
    return "met", message("Attested by {name}, and the council certified it.", name=names[0]), "attested"


def _stale(spans: Sequence[tuple[datetime, date]], as_of: datetime) -> Message | None:
    """Say why evidence does not count at a moment; spans: when each was made, and its last day."""
    expired = [last for _, last in spans if last < as_of.date()]
    if expired:
        return message("The evidence expired on {date}.", date=min(expired).isoformat())
    early = [made for made, _ in spans if made > as_of]
    return message("The evidence did not exist yet on this date.") if early else None


def requirement_results(
    results: Sequence[RequirementResult], evidence: Evidence, approvals: Sequence[ApprovalRecord]
) -> list[RequirementResult]:
    """Derive each requirement's result: from its leaves, or for a heading from the requirements under it."""
    derived = {r.id: _from_leaves(r, evidence, approvals) for r in results}
    for heading in reversed([r for r in results if not r.leaves]):
        below = [derived[r.id] for r in results if r.principle == heading.id]
        if derived[heading.id].exclusion is None and below:
            derived[heading.id] = _from_parts(derived[heading.id], below)
    return [derived[r.id] for r in results]


def _from_leaves(
    requirement: RequirementResult, evidence: Evidence, approvals: Sequence[ApprovalRecord]
) -> RequirementResult:
    leaves = [leaf_at(leaf, evidence) for leaf in requirement.leaves]
    update: dict[str, object] = {"leaves": leaves, "approver": None, "coverage": _decided(leaves)}
    if requirement.exclusion is not None:
        approval = next((a for a in approvals if a.current and requirement.id in a.covers), None)
        if approval is None:
            cause = message("It does not seem to apply, but no named person has approved leaving it out.")
            return requirement.model_copy(update=update | {"result": Result.NOT_ASSESSED, "cause": text(cause)})
        update |= {"result": Result.NOT_APPLICABLE, "cause": requirement.exclusion, "approver": approval.by}
        return requirement.model_copy(update=update)
    if requirement.outdated is not None and leaves:
        return requirement.model_copy(update=update | {"result": Result.NOT_ASSESSED, "cause": requirement.outdated})
    result = combine([leaf.state for leaf in leaves])
    return requirement.model_copy(update=update | {"result": result, "cause": text(_cause(result, leaves))})


def combine(states: Sequence[State]) -> Result:
    """Return the result of a requirement with these leaves: nothing is met on part of what it asks."""
    if "not_met" in states:
        return Result.NOT_MET
    if "met" not in states:
        return Result.NOT_ASSESSED
    return Result.MET if all(state == "met" for state in states) else Result.PARTLY


def _cause(result: Result, leaves: Sequence[Leaf]) -> Message:
    decided = sum(leaf.state != "not_assessed" for leaf in leaves)
    if result is Result.NOT_ASSESSED and len(leaves) == 1:
        return Message("{cause}", {"cause": bilingual(leaves[0].cause)})
    if result is Result.NOT_ASSESSED:
        return message("None of the {m} pieces of evidence it asks for has been decided.", m=len(leaves))
    failed = [leaf for leaf in leaves if leaf.state == "not_met"]
    if failed:
        return message("{title}: {cause}", title=bilingual(failed[0].title), cause=bilingual(failed[0].cause))
    return message("Evidence there and certified: {n} of the {m} pieces it asks for.", n=decided, m=len(leaves))


def _decided(leaves: Sequence[Leaf]) -> Share:
    return Share(part=sum(leaf.state != "not_assessed" for leaf in leaves), whole=len(leaves))


def _from_parts(heading: RequirementResult, below: Sequence[RequirementResult]) -> RequirementResult:
    """Derive a heading: not met if any part is not, met if all that apply are, partly if any is at least partly met."""
    applying = [r for r in below if r.result is not Result.NOT_APPLICABLE]
    found = {r.result for r in applying}
    if not applying:
        result, cause = Result.NOT_APPLICABLE, message("Nothing under this heading applies.")
    elif Result.NOT_MET in found:
        result, cause = Result.NOT_MET, message("A requirement under this heading is not met.")
    elif found == {Result.MET}:
        result, cause = Result.MET, message("Every requirement under this heading that applies is met.")
    elif found & {Result.MET, Result.PARTLY}:
        result, cause = Result.PARTLY, message("Some requirements under this heading are met, others are open.")
    else:
        result, cause = Result.NOT_ASSESSED, message("No requirement under this heading has been decided.")
    coverage = Share(part=sum(r.coverage.part for r in applying), whole=sum(r.coverage.whole for r in applying))
    approver = below[0].approver if not applying else None
    update = {"result": result, "cause": text(cause), "coverage": coverage, "approver": approver}
    return heading.model_copy(update=update)


def summarise(
    results: Sequence[RequirementResult],
    measurements: Sequence[MeasurementRecord],
    attestations: Sequence[AttestationRecord],
) -> Summary:
    """Return the first page. A heading is counted only where it is required itself: what it rests on is counted."""
    counted = [r for r in results if r.leaves or r.required]
    required = [r for r in results if r.required]
    leaves = [leaf for r in counted if r.result is not Result.NOT_APPLICABLE for leaf in r.leaves]
    found = {r.result for r in required}
    conclusion: Literal["met", "not_met", "undecided"] = "undecided"
    if Result.NOT_MET in found:
        conclusion = "not_met"
    elif Result.MET in found and found <= {Result.MET, Result.NOT_APPLICABLE}:
        conclusion = "met"
    exit_codes: Mapping[str, Literal[0, 1, 2]] = {"met": 0, "not_met": 1, "undecided": 2}
    return Summary(
        conclusion=conclusion,
        exit_code=exit_codes[conclusion],
        counts=_counts(counted),
        required_counts=_counts(required),
        measurement_counts={
            o: sum(m.outcome == o for m in measurements) for o in ("pass", "fail", "inconclusive", "error")
        },
        coverage=_decided(leaves),
        origins={
            "measured": sum(m.current and m.origin == "measured" for m in measurements),
            "imported": sum(m.current and m.origin == "imported" for m in measurements),
            "attested": sum(a.current for a in attestations),
        },
    )


def _counts(results: Sequence[RequirementResult]) -> dict[Result, int]:
    return {result: sum(r.result is result for r in results) for result in Result}


def text(said: Message) -> Text:
    """Render a message in both languages for the record."""
    both = said.both()
    return Text(ja=both.ja, en=both.en)


def bilingual(record: Text) -> Bilingual:
    """Return a record's text in the form that messages take as a parameter."""
    return Bilingual(ja=record.ja, en=record.en)
