"""Assessment results: one observation for each control the council looked at, one finding for each control and leaf.

OSCAL knows two states. Only a certified pass is `satisfied`; what failed is `not-satisfied` for the reason `fail`; all
else (inconclusive, undecided, void, contested, not assessed, not applicable) is `not-satisfied` for the reason `other`,
with the exact word in the property `outcome`, so that no reader takes an open question for a yes.
"""

import hashlib
from datetime import datetime

from shinrai.assess.assessment import Assessment, Leaf, MeasurementRecord, RequirementResult, Result, Vote
from shinrai.language import Language, message
from shinrai.report.oscal.plan import METHODS, reviewed_controls, to_oscal_plan
from shinrai.report.oscal.setting import (
    APPROVER,
    ATTESTOR,
    MEMBER,
    assets,
    evidence_resources,
    evidence_uuid,
    metadata,
    person_uuid,
    platform_actor,
    seat_uuid,
    source_resources,
    subject,
    system_component,
)
from shinrai.report.oscal.words import (
    NAMESPACE,
    Json,
    dumped,
    end_of,
    finished,
    hash_of,
    identifier,
    markup,
    moment,
    prop,
    sentence,
    uuid_of,
)
from shinrai.report.outcome import WORDS, Outcome, leaf_outcome, requirement_outcomes, result_word
from shinrai.report.sentences import conclusion, independence_sentences, titled_sentence
from shinrai.report.standing import attestations_of, measurements_of
from shinrai.report.words import OUTCOME, said

PLAN_FILE = "oscal-assessment-plan.json"
"""The plan's file, beside the results."""


def to_oscal_results(assessment: Assessment, language: Language = Language.EN) -> Json:
    """Return the assessment results. They name the plan by the digest of its file as `dumped` writes it."""
    name = said(assessment.system.name, language)
    plan = _plan_resource(assessment, language)
    leaves = [leaf for requirement in assessment.results for leaf in requirement.leaves]
    return finished(
        "assessment-results",
        {
            "metadata": metadata(assessment, language, message("Assessment results: {system}", system=name)),
            "import-ap": {"href": f"#{plan['uuid']}"},
            "results": [_result(assessment, language)],
            "back-matter": {
                "resources": [
                    plan,
                    *source_resources(assessment, language),
                    *evidence_resources(assessment, leaves, language),
                ]
            },
        },
    )


def _plan_resource(assessment: Assessment, language: Language) -> Json:
    plan = to_oscal_plan(assessment, language)
    sha256 = hashlib.sha256(dumped(plan)).hexdigest()
    return {
        "uuid": uuid_of("plan-file", sha256),
        "title": sentence(message("Assessment plan"), language),
        "rlinks": [{"href": PLAN_FILE, "media-type": "application/json", "hashes": [hash_of(sha256)]}],
    }


def _result(assessment: Assessment, language: Language) -> Json:
    outcomes = requirement_outcomes(assessment)
    remarks = [
        *(sentence(text, language) for text in (conclusion(assessment), *independence_sentences(assessment.council))),
        *(markup(said(limit, language)) for limit in assessment.limits),
    ]
    made: Json = {
        "uuid": uuid_of("result", assessment.bundle.id, moment(assessment.as_of)),
        "title": markup(f"{said(assessment.system.name, language)} {assessment.system.version}"),
        "description": sentence(conclusion(assessment), language),
        "start": moment(_start(assessment)),
        "end": moment(max(assessment.assessed_on, _start(assessment))),
        "props": _summary(assessment, outcomes),
        "local-definitions": {
            "components": [system_component(assessment, language)],
            "assessment-assets": assets(assessment, language),
        },
        "reviewed-controls": reviewed_controls(assessment, language),
        "remarks": "\n\n".join(remarks),
    }
    for key, listed in (
        ("attestations", _attestations(assessment, language)),
        ("observations", observations(assessment, language)),
        ("findings", findings(assessment, outcomes, language)),
    ):
        if listed:
            made[key] = listed
    return made


def _start(assessment: Assessment) -> datetime:
    """Return when the first evidence was collected."""
    measured = [record.measured_on for record in assessment.measurements]
    signed = [record.signed_on for record in assessment.attestations if record.signed_on is not None]
    return min([*measured, *signed, assessment.assessed_on])


def _summary(assessment: Assessment, outcomes: list[Outcome]) -> list[Json]:
    summary, council = assessment.summary, assessment.council
    required = [o for r, o in zip(assessment.results, outcomes, strict=True) if r.required]
    conclusion_word: str = summary.conclusion
    if conclusion_word == "met" and not all(o in {Outcome.PASS, Outcome.NOT_APPLICABLE} for o in required):
        conclusion_word = "undecided"
    return [
        prop("conclusion", conclusion_word),
        prop("as-of", moment(assessment.as_of)),
        prop("coverage", f"{summary.coverage.part} of {summary.coverage.whole}"),
        *(prop(f"evidence-{origin}", n) for origin, n in sorted(summary.origins.items())),
        *(prop(f"requirements-{result}", summary.counts.get(result, 0)) for result in Result),
        prop("council-n", council.n),
        prop("council-f", council.f),
        prop("council-q", council.q),
        prop("round", council.round),
        *(prop("common-cause-over-f", cause) for cause in council.common_causes_over_f),
        *(prop("withheld", name) for name in assessment.bundle.withheld),
    ]


def _attestations(assessment: Assessment, language: Language) -> list[Json]:
    """Return what named persons signed and what still counts: statements, and approvals of what does not apply."""
    found = []
    for record in assessment.attestations:
        if record.current and record.signed:
            part: Json = {
                "name": "statement",
                "ns": NAMESPACE,
                "props": [prop("shows", record.shows), prop("expires", record.expires.isoformat())],
                "prose": markup(said(record.statement, language)),
            }
            found.append(_attestation(ATTESTOR, person_uuid(assessment, record.by), part))
    for approval in assessment.approvals:
        if approval.current:
            covered = message("These requirements do not apply: {names}", names=", ".join(approval.covers))
            part = {
                "name": "scope-approval",
                "ns": NAMESPACE,
                "props": [prop("expires", approval.expires.isoformat())],
                "prose": sentence(covered, language),
            }
            found.append(_attestation(APPROVER, person_uuid(assessment, approval.by), part))
    return found


def _attestation(role: str, party: str, part: Json) -> Json:
    return {"responsible-parties": [{"role-id": role, "party-uuids": [party]}], "parts": [part]}


def observations(assessment: Assessment, language: Language) -> list[Json]:
    """Return an observation for each leaf that has evidence or votes; where nothing was looked at, there is none."""
    return [
        _observation(requirement, leaf, assessment, language)
        for requirement in assessment.results
        for leaf in requirement.leaves
        if is_observed(leaf, assessment)
    ]


def is_observed(leaf: Leaf, assessment: Assessment) -> bool:
    """Whether anything was looked at for a leaf."""
    signed = [record for record in attestations_of(leaf, assessment) if record.signed]
    return bool(leaf.verdict or measurements_of(leaf, assessment) or signed)


def observation_uuid(leaf: Leaf, assessment: Assessment) -> str:
    """Return the UUID of a leaf's observation, the same in every document about a bundle."""
    return uuid_of("observation", assessment.bundle.id, leaf.id)


def _observation(requirement: RequirementResult, leaf: Leaf, assessment: Assessment, language: Language) -> Json:
    measured, attested = measurements_of(leaf, assessment), attestations_of(leaf, assessment)
    told = [titled_sentence(record, language).text(language) for record in measured]
    told += [f"{said(a.by, language)}: {said(a.statement, language)}" for a in attested if a.signed]
    outcome = leaf_outcome(requirement, leaf, assessment)
    made: Json = {
        "uuid": observation_uuid(leaf, assessment),
        "title": markup(said(leaf.title, language)),
        "description": "\n\n".join(markup(line) for line in [said(leaf.cause, language), *told]),
        "props": [prop("outcome", outcome), prop("code", leaf.code), *_verdict_props(leaf), *_numbers(measured)],
        "methods": [METHODS[leaf.code]],
        "types": ["control-objective"],
        "origins": [{"actors": _actors(leaf, assessment)}],
        "subjects": [subject(assessment)],
        "collected": moment(_collected(leaf, assessment)),
    }
    evidence = _evidence(leaf, assessment, language)
    if evidence:
        made["relevant-evidence"] = evidence
    days = [record.valid_until for record in measured] + [record.expires for record in attested if record.signed]
    expires = end_of(min(days)) if days else None
    if expires is not None:
        made["expires"] = expires
    against = [_dissent(vote, language) for vote in (leaf.verdict.votes if leaf.verdict else []) if vote.dissents]
    if against:
        made["remarks"] = "\n\n".join(against)
    return made


def _verdict_props(leaf: Leaf) -> list[Json]:
    if leaf.verdict is None:
        return []
    found = [prop("verdict", leaf.verdict.outcome), prop("contested", leaf.verdict.contested)]
    for value in ("pass", "fail", "inconclusive"):
        # Names stand here once, not as a property of each actor: with 33 seats that would double the document.
        seats = [vote.seat for vote in leaf.verdict.votes if vote.value == value]
        found.append(prop(f"votes-{value}", len(seats)))
        if seats:
            found.append(prop(f"voted-{value}", " ".join(seats)))
    return found


def _numbers(records: list[MeasurementRecord]) -> list[Json]:
    """Return each measurement with n, interval and coverage, grouped by measurement."""
    found = []
    for number, record in enumerate(records, start=1):
        group = f"measurement-{number}"
        facts: dict[str, object] = {
            "measurement": record.id,
            "measured-outcome": record.outcome,
            "measured-origin": record.origin,
            "n": record.n,
            "coverage": f"{record.coverage.part} of {record.coverage.whole}",
        }
        if record.scenarios is not None:
            facts["scenarios"] = record.scenarios
        if record.value is not None:
            facts["value"] = record.value
        if record.interval is not None:
            facts |= {"low": record.interval.low, "high": record.interval.high, "level": record.interval.level}
        if record.limit is not None:
            facts |= {"comparison": record.comparison, "limit": record.limit}
        found += [prop(name, value, group=group) for name, value in facts.items()]
    return found


def _actors(leaf: Leaf, assessment: Assessment) -> list[Json]:
    """Return who is behind an observation: the platform, who signed statements, and every seat that voted."""
    actors = [platform_actor(assessment)]
    for record in attestations_of(leaf, assessment):
        if record.signed:
            actors.append({"type": "party", "actor-uuid": person_uuid(assessment, record.by), "role-id": ATTESTOR})
    seats = {seat.id: seat for seat in assessment.council.seats}
    for vote in leaf.verdict.votes if leaf.verdict else []:
        seat = seats.get(vote.seat)
        if seat is None:
            continue
        actor: Json = {"type": "tool", "actor-uuid": seat_uuid(assessment, seat)}
        if seat.kind == "human":
            actor = {"type": "party", "actor-uuid": seat_uuid(assessment, seat), "role-id": MEMBER}
        actors.append(actor)
    return actors


def _collected(leaf: Leaf, assessment: Assessment) -> datetime:
    measured = [record.measured_on for record in measurements_of(leaf, assessment)]
    signed = [a.signed_on for a in attestations_of(leaf, assessment) if a.signed_on is not None]
    return max([*measured, *signed], default=assessment.assessed_on)


def _evidence(leaf: Leaf, assessment: Assessment, language: Language) -> list[Json]:
    named = [
        (m.evidence, message("Measurement: {name}", name=said(m.title, language)))
        for m in measurements_of(leaf, assessment)
    ]
    for record in attestations_of(leaf, assessment):
        if record.evidence:
            named.append((record.evidence, message("Statement of {name}", name=said(record.by, language))))
    if leaf.verdict and leaf.verdict.certificate:
        named.append((leaf.verdict.certificate, message("Certificate of the council on {control}", control=leaf.id)))
    return [
        {"href": f"#{evidence_uuid(sha256)}", "description": sentence(text, language)}
        for sha256, text in dict(named).items()
    ]


def _dissent(vote: Vote, language: Language) -> str:
    text = message(
        "{seat} voted {value}: {reason}", seat=vote.seat, value=OUTCOME[vote.value], reason=said(vote.reason, language)
    )
    return sentence(text, language)


def findings(assessment: Assessment, outcomes: list[Outcome], language: Language) -> list[Json]:
    """Return a finding for each requirement, followed by one for each of its leaves."""
    found = []
    for requirement, outcome in zip(assessment.results, outcomes, strict=True):
        found.append(requirement_finding(requirement, outcome, assessment, language))
        found += [leaf_finding(requirement, leaf, assessment, language) for leaf in requirement.leaves]
    return found


def requirement_finding(
    requirement: RequirementResult, outcome: Outcome, assessment: Assessment, language: Language
) -> Json:
    """Return the finding on a requirement."""
    observed = [leaf for leaf in requirement.leaves if is_observed(leaf, assessment)]
    made = _finding(
        uuid_of("finding", assessment.bundle.id, "requirement", requirement.id),
        markup(said(requirement.title, language)),
        markup(said(requirement.cause, language)),
        {"type": "statement-id", "target-id": identifier(requirement.id)},
        outcome,
        assessment,
        language,
    )
    made["props"] += [
        prop("result", result_word(requirement, outcome)),
        prop("framework", requirement.framework),
        prop("required", requirement.required),
        prop("certainty", requirement.certainty),
        prop("coverage", f"{requirement.coverage.part} of {requirement.coverage.whole}"),
    ]
    if outcome is Outcome.NOT_APPLICABLE and requirement.approver is not None:
        approved = message("Approved by {name}", name=said(requirement.approver, language))
        made["remarks"] = sentence(approved, language)
    return made | _related(observed, assessment)


def leaf_finding(requirement: RequirementResult, leaf: Leaf, assessment: Assessment, language: Language) -> Json:
    """Return the finding on one expected piece of evidence."""
    outcome = leaf_outcome(requirement, leaf, assessment)
    cause = requirement.cause if outcome is Outcome.NOT_APPLICABLE else leaf.cause
    made = _finding(
        uuid_of("finding", assessment.bundle.id, "leaf", requirement.id, leaf.id),
        markup(said(leaf.title, language)),
        markup(said(cause, language)),
        {"type": "objective-id", "target-id": identifier(leaf.id)},
        outcome,
        assessment,
        language,
    )
    if leaf.origin is not None:
        made["props"].append(prop("origin", leaf.origin))
    return made | _related([leaf] if is_observed(leaf, assessment) else [], assessment)


def _finding(
    uuid: str, title: str, description: str, target: Json, outcome: Outcome, assessment: Assessment, language: Language
) -> Json:
    return {
        "uuid": uuid,
        "title": title,
        "description": description,
        "props": [prop("outcome", outcome)],
        "origins": [{"actors": [platform_actor(assessment)]}],
        "target": {**target, "status": status(outcome, language)},
    }


def status(outcome: Outcome, language: Language) -> Json:
    """Return OSCAL's status for an outcome."""
    if outcome is Outcome.PASS:
        return {"state": "satisfied", "reason": "pass"}
    if outcome is Outcome.FAIL:
        return {"state": "not-satisfied", "reason": "fail"}
    text = message(
        "{outcome}. OSCAL has no word for this state, so it stands as not satisfied, with “other” as the reason.",
        outcome=WORDS[outcome],
    )
    return {"state": "not-satisfied", "reason": "other", "remarks": sentence(text, language)}


def _related(leaves: list[Leaf], assessment: Assessment) -> Json:
    if not leaves:
        return {}
    return {"related-observations": [{"observation-uuid": observation_uuid(leaf, assessment)} for leaf in leaves]}
